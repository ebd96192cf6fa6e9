//! popa3d: a plain RFC 1939 server without CAPA, SASL, TLS or response codes, over an mbox.
//!
//! It is started as inetd would, once a connection, by a listener in the test. It insists on system
//! users, on `/etc/shadow` by PAM and on `/var/mail`, so each process sees an `/etc`, a `/var/lib`
//! and a `/var/mail` of the test's own, laid over the machine's in its own mount namespace: nothing
//! of the machine is touched, and nothing stays mounted. Making one takes root.

use super::{Maildrop, corpus, is_root, open_to_all, tool};
use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

const USER: &str = "reader";
const PASSWORD: &str = "secret of the reader";
/// Numbers that need not exist on the machine.
const USER_ID: u32 = 64_001;
const SERVER_ID: u32 = 64_998;

pub(crate) struct Popa3d {
    root: tempfile::TempDir,
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

impl Popa3d {
    /// A server of this test alone, with one empty maildrop.
    pub(crate) fn start() -> Popa3d {
        assert!(is_root(), "popa3d needs a mount namespace: run as root, or skip the tests named popa3d");
        let binary = binary();
        let root = tempfile::Builder::new().prefix("pop3-popa3d-").tempdir().unwrap();
        furnish(root.path());

        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let stopped = Arc::new(AtomicBool::new(false));
        let thread = {
            let (stopped, root) = (Arc::clone(&stopped), root.path().to_owned());
            std::thread::spawn(move || serve(&listener, &stopped, &root, &binary))
        };
        Popa3d { root, address, stopped, listener: Some(thread) }
    }

    fn mbox(&self) -> PathBuf {
        self.root.path().join("mail").join(USER)
    }
}

impl Drop for Popa3d {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address)); // wakes the listener
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

impl Maildrop for Popa3d {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn user(&self) -> &str {
        USER
    }

    fn password(&self) -> &str {
        PASSWORD
    }

    /// As a delivery agent would: quoted, behind a From_ line, and followed by a blank line.
    fn put(&mut self, message: &[u8]) {
        let mut mbox = OpenOptions::new().append(true).open(self.mbox()).unwrap();
        let from_line = b"From sender@example.org Mon Jan  1 00:00:00 2024\n";
        mbox.write_all(&[from_line, stored(message).as_slice(), b"\n"].concat()).unwrap();
    }

    fn left(&self) -> usize {
        let mbox = fs::read(self.mbox()).unwrap();
        mbox.split(|&byte| byte == b'\n').filter(|line| line.starts_with(b"From ")).count()
    }
}

/// How a message stands in the mbox.
fn stored(message: &[u8]) -> Vec<u8> {
    corpus::quoted(&corpus::with_line_feeds(message))
}

/// What the server makes of a message that was [`put`](Maildrop::put): it sends the quoted form, and
/// ends a header that has no end.
pub(crate) fn served(message: &[u8]) -> Vec<u8> {
    let mut served = stored(message);
    if !served.starts_with(b"\n") && memchr::memmem::find(&served, b"\n\n").is_none() {
        served.push(b'\n');
    }
    served
}

/// Where `tests/run` has unpacked it, else the machine's own.
fn binary() -> PathBuf {
    let unpacked = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../servers/popa3d/usr/sbin/popa3d");
    let installed = PathBuf::from("/usr/sbin/popa3d");
    [unpacked, installed].into_iter().find(|path| path.exists()).expect("tests/run fetches popa3d")
}

/// Makes the server's `/etc`, `/var/lib` and `/var/mail`.
fn furnish(root: &Path) {
    open_to_all(root);
    for folder in ["etc", "etc/pam.d", "lib", "lib/popa3d", "mail"] {
        fs::create_dir(root.join(folder)).unwrap();
    }
    let hash = tool(Command::new("openssl").args(["passwd", "-6", PASSWORD]));
    let hash = String::from_utf8(hash).unwrap();
    let write = |name: &str, text: String| fs::write(root.join("etc").join(name), text).unwrap();
    write(
        "passwd",
        format!(
            "root:x:0:0::/root:/bin/sh\n\
             popa3d:x:{SERVER_ID}:{SERVER_ID}::/var/lib/popa3d:/usr/sbin/nologin\n\
             {USER}:x:{USER_ID}:{USER_ID}::/nonexistent:/bin/sh\n"
        ),
    );
    write("group", format!("root:x:0:\nmail:x:8:\npopa3d:x:{SERVER_ID}:\n{USER}:x:{USER_ID}:\n"));
    write("shadow", format!("{USER}:{}:19000:0:99999:7:::\n", hash.trim()));
    write("nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\n".into());
    // `nodelay`: a refused password is refused at once.
    write("pam.d/popa3d", "auth required pam_unix.so nodelay\naccount required pam_unix.so\n".into());

    let mail = root.join("mail");
    fs::write(mail.join(USER), "").unwrap();
    chown(mail.join(USER), Some(USER_ID), Some(8)).unwrap();
    fs::set_permissions(mail.join(USER), Permissions::from_mode(0o660)).unwrap();
    chown(&mail, Some(0), Some(8)).unwrap();
    fs::set_permissions(&mail, Permissions::from_mode(0o2775)).unwrap();
}

/// Runs the server `$2` with the folders of `$1` laid over the machine's; `/etc` last, since it ends
/// what a shell can look up.
const IN_ITS_OWN_WORLD: &str = r#"
    mount --bind "$1/mail" /var/mail
    mount --bind "$1/lib" /var/lib
    mount --bind "$1/etc" /etc
    exec "$2"
"#;

/// Accepts until told to stop, then waits for the sessions: a `QUIT` rewrites the mbox.
fn serve(listener: &TcpListener, stopped: &AtomicBool, root: &Path, binary: &Path) {
    let mut sessions = Vec::new();
    for stream in listener.incoming() {
        if stopped.load(Ordering::SeqCst) {
            break;
        }
        let stream = stream.unwrap();
        let _ = stream.set_nodelay(true);
        let (input, output) = (stream.try_clone().unwrap(), stream.try_clone().unwrap());
        let session = Command::new("unshare")
            .args(["--mount", "sh", "-ec", IN_ITS_OWN_WORLD, "popa3d"])
            .args([root, binary])
            .stdin(Stdio::from(OwnedFd::from(input)))
            .stdout(Stdio::from(OwnedFd::from(output)))
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        sessions.push((session, stream));
    }
    for (mut session, stream) in sessions {
        let _ = stream.shutdown(Shutdown::Both); // a client that has not left is not waited for
        let _ = session.wait();
    }
}
