//! A private Cyrus 3: its own folder, its own ports on loopback, SCRAM and the rest from the Cyrus SASL
//! library. Only unpacked by `tests/run`, never installed. It insists on being started by root, on behalf
//! of another user.
//!
//! One instance serves the whole test process, with one empty maildrop. It runs in a process namespace of
//! its own, held on a leash like Dovecot: when standard input ends, everything in the namespace does.

use super::certificates::Certificates;
use super::{free_address, is_root, open_to_all, tool};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

pub(crate) const USER: &str = "reader";
pub(crate) const PASSWORD: &str = "secret of the reader at Cyrus";

pub(crate) struct Cyrus {
    pub(crate) certificates: Certificates,
    pub(crate) plain: SocketAddr,
    pub(crate) tls: SocketAddr,
    /// Its standard input is the leash.
    _leash: Child,
}

/// The one of this process.
pub(crate) fn shared() -> &'static Cyrus {
    static SHARED: OnceLock<Cyrus> = OnceLock::new();
    SHARED.get_or_init(Cyrus::start)
}

/// Where `tests/run` has unpacked it.
fn unpacked() -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../servers/cyrus");
    place.canonicalize().expect("tests/run fetches Cyrus")
}

impl Cyrus {
    fn start() -> Cyrus {
        assert!(is_root(), "Cyrus wants to be started by root");
        let folder = tempfile::Builder::new().prefix("pop3-cyrus-").tempdir().unwrap().keep();
        open_to_all(&folder);
        // A copy: nobody, as whom it runs, may not reach a clone in a folder that is closed to others.
        let programs = folder.join("programs");
        tool(Command::new("cp").arg("-R").args([&unpacked(), &programs]));
        let libraries = libraries_of(&programs);
        let certificates = Certificates::make(&folder);
        let (plain, tls) = (free_address(), free_address());
        for name in ["conf", "spool"] {
            fs::create_dir(folder.join(name)).unwrap();
        }
        fs::write(folder.join("imapd.conf"), settings(&folder, &certificates)).unwrap();
        fs::write(folder.join("cyrus.conf"), services(&folder, &programs, plain, tls)).unwrap();
        add_user(&programs, &folder);
        tool(Command::new("chown").args(["-R", "nobody:nogroup"]).arg(&folder));

        let leash = Command::new("unshare")
            .args(["--pid", "--fork", "/bin/sh", "-c", LEASH, "leash"])
            .args([&programs, &folder])
            .env("LD_LIBRARY_PATH", libraries)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.join("stderr")).unwrap())
            .spawn()
            .unwrap();
        let patience = Instant::now() + Duration::from_secs(30);
        while !greets(plain) {
            let said = fs::read_to_string(folder.join("stderr")).unwrap_or_default();
            assert!(Instant::now() < patience, "Cyrus does not start: {said}");
            std::thread::sleep(Duration::from_millis(20));
        }
        move_in(plain);
        Cyrus { certificates, plain, tls, _leash: leash }
    }
}

/// Starts the server of `$1` in the folder `$2` and ends it when standard input ends. The shell is the first
/// process of its namespace: when it goes, the system ends whatever the server has left there.
const LEASH: &str = r#"
    "$1/usr/lib/cyrus/bin/master" -C "$2/imapd.conf" -M "$2/cyrus.conf" -p "$2/pid" </dev/null & server=$!
    read -r _
    kill -KILL "$server"
    rm -rf "$2"
"#;

/// Its own libraries stand in a folder named after the machine.
fn libraries_of(programs: &Path) -> PathBuf {
    let folders = fs::read_dir(programs.join("usr/lib")).unwrap().flatten().map(|entry| entry.path());
    folders.into_iter().find(|path| path.join("libcyrus.so.0").exists()).expect("libcyrus")
}

fn settings(folder: &Path, certificates: &Certificates) -> String {
    format!(
        "configdirectory: {folder}/conf
partition-default: {folder}/spool
defaultpartition: default
cyrus_user: nobody
servername: localhost
allowplaintext: yes
allowapop: yes
# A refused sign-in does not delay the tests.
failedloginpause: 0
autocreate_quota: 0
tls_server_cert: {certificate}
tls_server_key: {key}
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: {folder}/sasldb2
sasl_mech_list: PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256
",
        folder = folder.display(),
        certificate = certificates.certificate.display(),
        key = certificates.key.display(),
    )
}

fn services(folder: &Path, programs: &Path, plain: SocketAddr, tls: SocketAddr) -> String {
    let (folder, programs) = (folder.display(), programs.join("usr/lib/cyrus/bin"));
    let programs = programs.display();
    format!(
        "START {{
  recover cmd=\"{programs}/ctl_cyrusdb -C {folder}/imapd.conf -r\"
}}
SERVICES {{
  pop3 cmd=\"{programs}/pop3d -C {folder}/imapd.conf\" listen=\"{plain}\" prefork=0
  pop3s cmd=\"{programs}/pop3d -s -C {folder}/imapd.conf\" listen=\"{tls}\" prefork=0
}}
EVENTS {{
}}
"
    )
}

fn add_user(programs: &Path, folder: &Path) {
    let mut command = Command::new(programs.join("usr/sbin/saslpasswd2"))
        .args(["-p", "-c", "-u", "localhost", "-f"])
        .arg(folder.join("sasldb2"))
        .arg(USER)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    command.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
    assert!(command.wait().unwrap().success(), "saslpasswd2");
}

/// Signs in once. It makes the maildrop at the first sign-in, and fails when two are the first.
fn move_in(address: SocketAddr) {
    let mut stream = BufReader::new(TcpStream::connect(address).unwrap());
    write!(stream.get_mut(), "USER {USER}\r\nPASS {PASSWORD}\r\nQUIT\r\n").unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    assert_eq!(said.matches("+OK").count(), 4, "{said}");
}

fn greets(address: SocketAddr) -> bool {
    let Ok(stream) = TcpStream::connect(address) else { return false };
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    let mut greeting = String::new();
    BufReader::new(stream).read_line(&mut greeting).is_ok() && greeting.starts_with("+OK")
}
