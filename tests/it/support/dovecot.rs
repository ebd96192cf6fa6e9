//! A private Dovecot 2.3: its own folder, its own ports on loopback, every mechanism we know.
//!
//! One instance serves the whole test process, since starting is cheap and stopping is not (a
//! second); each test has a maildrop of its own in it. A shell holds the server on a leash: when
//! this process ends, in whatever way, the shell's standard input ends, and it stops the server by
//! its process id and removes the folder.

use super::certificates::Certificates;
use super::{Maildrop, free_address, is_root, open_to_all};
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Maildrops prepared for one test process; a maildrop that nobody asks for costs a line in a file.
const USERS: usize = 500;

/// The user the mail belongs to when the tests run as root (Dovecot serves no mail as root): nobody.
pub(crate) const MAIL_USER: u32 = 65534;

/// How a client gets in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Line {
    /// In the clear.
    Plain,
    /// In the clear until `STLS`.
    Stls,
    /// TLS from the start.
    Tls,
}

pub(crate) struct Dovecot {
    folder: PathBuf,
    pub(crate) certificates: Certificates,
    pub(crate) plain: SocketAddr,
    pub(crate) tls: SocketAddr,
    /// Its standard input is the leash.
    _leash: Child,
}

/// A fresh, empty maildrop.
pub(crate) fn maildrop() -> OnDovecot {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    on(shared(), number)
}

/// A fresh, empty maildrop on a Dovecot of one's own.
pub(crate) fn maildrop_on(server: &'static Dovecot) -> OnDovecot {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    on(server, NEXT.fetch_add(1, Ordering::Relaxed))
}

fn on(server: &'static Dovecot, number: usize) -> OnDovecot {
    assert!(number < USERS, "raise dovecot::USERS");
    let user = format!("user{number}");
    of(server, format!("secret of {user}"), user)
}

/// A maildrop whose password the server knows by its hash alone, as most do: of use to the mechanisms that
/// send the password itself. There is one, for one test.
pub(crate) fn hashed() -> OnDovecot {
    of(shared(), "secret of hashed".to_owned(), "hashed".to_owned())
}

fn of(server: &'static Dovecot, password: String, user: String) -> OnDovecot {
    let maildir = server.folder.join("mail").join(&user);
    for folder in [maildir.clone(), maildir.join("new"), maildir.join("cur"), maildir.join("tmp")] {
        fs::create_dir(&folder).unwrap();
        if is_root() {
            chown(&folder, Some(MAIL_USER), Some(MAIL_USER)).unwrap();
        }
    }
    OnDovecot { server, password, user, maildir, messages: 0 }
}

fn shared() -> &'static Dovecot {
    static SHARED: OnceLock<Dovecot> = OnceLock::new();
    SHARED.get_or_init(|| Dovecot::start(|_, _| String::new()))
}

impl Dovecot {
    /// Starts one; `more` gives what its configuration ends with, from its folder and certificates.
    pub(crate) fn start(more: impl FnOnce(&Path, &Certificates) -> String) -> Dovecot {
        let folder = tempfile::Builder::new().prefix("pop3-dovecot-").tempdir().unwrap().keep();
        open_to_all(&folder);
        let certificates = Certificates::make(&folder);
        fs::create_dir(folder.join("mail")).unwrap();
        open_to_all(&folder.join("mail"));
        let users = (0..USERS).fold(String::new(), |mut users, number| {
            let _ = writeln!(users, "user{number}:{{PLAIN}}secret of user{number}::::::");
            users
        });
        let hash = super::tool(Command::new("openssl").args(["passwd", "-6", "secret of hashed"]));
        let hashed = format!("hashed:{{SHA512-CRYPT}}{}::::::\n", String::from_utf8(hash).unwrap().trim());
        fs::write(folder.join("users"), users + &hashed).unwrap();

        let (plain, tls) = (free_address(), free_address());
        let text = configure(&folder, &certificates, plain, tls) + &more(&folder, &certificates);
        let leash = launch(&folder, &text, plain);
        Dovecot { folder, certificates, plain, tls, _leash: leash }
    }

    /// What it noted so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap()
    }
}

/// Starts a Dovecot of that configuration and waits for its greeting. What is returned is its leash.
pub(crate) fn launch(folder: &Path, configuration: &str, plain: SocketAddr) -> Child {
    let file = folder.join("dovecot.conf");
    fs::write(&file, configuration).unwrap();
    let leash = leashed(folder, &["dovecot".as_ref(), "-F".as_ref(), "-c".as_ref(), file.as_os_str()]);
    wait_for_a_greeting(folder, plain);
    leash
}

/// Starts a server that lives in that folder: when this process ends, the server is stopped and the
/// folder removed. What is returned has the leash for its standard input.
pub(crate) fn leashed(folder: &Path, command: &[&OsStr]) -> Child {
    Command::new("/bin/sh")
        .args(["-c", LEASH, "leash"])
        .arg(folder)
        .args(command)
        .process_group(0) // Ctrl-C reaches the tests alone; their end is what stops the server
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(fs::File::create(folder.join("stderr")).unwrap())
        .spawn()
        .unwrap()
}

/// Waits until a POP3 server greets at that address; its folder has what it says when it does not.
pub(crate) fn wait_for_a_greeting(folder: &Path, address: SocketAddr) {
    let patience = Instant::now() + Duration::from_secs(20);
    while !greets(address) {
        assert!(
            Instant::now() < patience,
            "a server does not start (tests/run installs it): {}{}",
            fs::read_to_string(folder.join("stderr")).unwrap_or_default(),
            fs::read_to_string(folder.join("log")).unwrap_or_default()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Starts the server of the command behind `$1` and stops it when standard input ends; `$1` is its folder.
const LEASH: &str = r#"
    PATH=$PATH:/usr/sbin
    folder=$1
    shift
    "$@" & server=$!
    read -r _
    kill "$server"; wait "$server"
    rm -rf "$folder"
"#;

fn greets(address: SocketAddr) -> bool {
    let Ok(stream) = TcpStream::connect(address) else { return false };
    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
    let mut greeting = String::new();
    BufReader::new(stream).read_line(&mut greeting).is_ok() && greeting.starts_with("+OK Dovecot")
}

fn configure(folder: &Path, certificates: &Certificates, plain: SocketAddr, tls: SocketAddr) -> String {
    let common = common(folder);
    let folder = folder.display();
    format!(
        "{common}
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 apop scram-sha-1 scram-sha-256
pop3_enable_last = yes
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
userdb {{
  driver = static
  args = home={folder}/mail/%u
}}
service pop3-login {{
  inet_listener pop3 {{
    address = 127.0.0.1
    port = {plain}
  }}
  inet_listener pop3s {{
    address = 127.0.0.1
    port = {tls}
    ssl = yes
  }}
}}
",
        certificate = certificates.certificate.display(),
        key = certificates.key.display(),
        plain = plain.port(),
        tls = tls.port(),
    )
}

/// What every Dovecot of ours is told: where it lives and whose the mail is.
pub(crate) fn common(folder: &Path) -> String {
    let owner = fs::metadata(folder).unwrap();
    let (uid, gid) = if is_root() { (MAIL_USER, MAIL_USER) } else { (owner.uid(), owner.gid()) };
    let folder = folder.display();
    // Without root, all of Dovecot's processes run as the user of the tests, and none in a chroot.
    let unprivileged = if is_root() {
        String::new()
    } else {
        format!(
            "default_internal_user = {uid}\ndefault_login_user = {uid}\ndefault_internal_group = {gid}\n\
             service anvil {{\n  chroot =\n}}\nservice pop3-login {{\n  chroot =\n}}\nservice stats {{\n  chroot =\n}}\n",
            uid = name("-un"),
            gid = name("-gn"),
        )
    };
    format!(
        "base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = pop3
ssl = yes
mail_location = maildir:{folder}/mail/%u
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 1
first_valid_gid = 0
# Tests sign one user in many times at once.
mail_max_userip_connections = 0
# A refused sign-in delays neither its own answer nor the tests beside it.
auth_failure_delay = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
{unprivileged}"
    )
}

/// What `id` says of the user of the tests.
fn name(what: &str) -> String {
    String::from_utf8(super::tool(Command::new("id").arg(what))).unwrap().trim().to_owned()
}

/// A maildrop of the shared Dovecot, stored as a Maildir.
pub(crate) struct OnDovecot {
    pub(crate) server: &'static Dovecot,
    user: String,
    password: String,
    maildir: PathBuf,
    messages: usize,
}

impl OnDovecot {
    /// The flags with which the binary reaches this maildrop on that line.
    pub(crate) fn flags(&self, line: Line) -> Vec<String> {
        let trust = ["--ca-file".to_owned(), self.server.certificates.authority.display().to_string()];
        match line {
            Line::Plain => self.plain(),
            Line::Stls => [vec!["--server".to_owned(), self.url("pop3")], trust.to_vec()].concat(),
            Line::Tls => [vec!["--server".to_owned(), self.tls_url()], trust.to_vec()].concat(),
        }
    }

    pub(crate) fn tls_url(&self) -> String {
        format!("pop3s://{}@{}", self.user, self.server.tls)
    }
}

impl Maildrop for OnDovecot {
    fn address(&self) -> SocketAddr {
        self.server.plain
    }

    fn user(&self) -> &str {
        &self.user
    }

    fn password(&self) -> &str {
        &self.password
    }

    fn put(&mut self, message: &[u8]) {
        self.messages += 1;
        let name = format!("1700000000.M{:06}P1.test", self.messages);
        fs::write(self.maildir.join("tmp").join(&name), message).unwrap();
        fs::rename(self.maildir.join("tmp").join(&name), self.maildir.join("new").join(&name)).unwrap();
    }

    fn left(&self) -> usize {
        ["new", "cur"].iter().map(|folder| fs::read_dir(self.maildir.join(folder)).unwrap().count()).sum()
    }
}
