//! A desktop session of one's own: a D-Bus and, on it, GNOME's keyring, unlocked. A shell holds both on
//! a leash, as with Dovecot.

use super::tool;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) struct Session {
    pub(crate) address: String,
    folder: tempfile::TempDir,
    /// Its standard input is the leash.
    leash: Child,
}

/// Starts a bus with the configuration `$1` and, if there is a `$2`, a keyring on it.
const LEASH: &str = r#"
    exec 3<&0
    dbus-daemon --nofork --nopidfile --config-file="$1" --print-address=1 </dev/null 3<&- & bus=$!
    if [ -n "$2" ]; then
        while [ ! -S "$3" ]; do sleep 0.05; done
        echo | gnome-keyring-daemon --foreground --unlock --components=secrets 3<&- >/dev/null & keyring=$!
    fi
    read -r _ <&3
    kill $keyring $bus
    wait
"#;

impl Session {
    /// With a keyring that is unlocked.
    pub(crate) fn with_a_keyring() -> Session {
        let session = Session::start("keyring");
        let patience = Instant::now() + Duration::from_secs(30);
        // The collection is there once something can be put into it.
        while !session.secret_tool(&["store", "--label", "probe", "probe", "yes"], "x").0 {
            assert!(Instant::now() < patience, "no keyring starts (tests/run installs it)");
            std::thread::sleep(Duration::from_millis(20));
        }
        session
    }

    /// A bus, and nobody on it.
    pub(crate) fn without_a_keyring() -> Session {
        Session::start("")
    }

    fn start(keyring: &str) -> Session {
        let folder = tempfile::Builder::new().prefix("pop3-session-").tempdir().unwrap();
        let configuration = folder.path().join("bus.conf");
        let socket = folder.path().join("bus");
        // No folder with services: nothing is started because somebody asks for it.
        let text = format!(
            "<busconfig><type>session</type><listen>unix:path={}</listen><policy context=\"default\">\
             <allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/>\
             </policy></busconfig>",
            socket.display()
        );
        fs::write(&configuration, text).unwrap();
        let mut leash = Command::new("/bin/sh")
            .args(["-c", LEASH, "leash"])
            .arg(&configuration)
            .arg(keyring)
            .arg(&socket)
            .process_group(0)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", folder.path())
            .env("XDG_RUNTIME_DIR", folder.path())
            .env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", socket.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(folder.path().join("stderr")).unwrap())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(leash.stdout.take().unwrap()).read_line(&mut address).unwrap();
        let address = address.trim().to_owned();
        assert!(!address.is_empty(), "no bus starts (tests/run installs it)");
        Session { address, folder, leash }
    }

    /// The password that is kept for the account, as another program sees it.
    pub(crate) fn password_of(&self, account: &str) -> Option<String> {
        let (found, said) = self
            .secret_tool(&["lookup", "application", "pop3", "account", account, "secret", "password"], "");
        // Behind it stands where it may go.
        found.then(|| said.rsplit_once('\n').unwrap().0.to_owned())
    }

    /// Keeps a `password` or a `refresh-token` for the account, as `pop3 auth login` would.
    pub(crate) fn keep(&self, account: &str, what: &str, document: &str) {
        let attributes = ["application", "pop3", "account", account, "secret", what];
        assert!(self.secret_tool(&[&["store", "--label", "x"][..], &attributes].concat(), document).0);
    }

    /// From here on nothing can be read in it.
    pub(crate) fn lock(&self) {
        tool(
            Command::new("dbus-send")
                .args([format!("--bus={}", self.address)])
                .args(["--dest=org.freedesktop.secrets", "--print-reply", "/org/freedesktop/secrets"])
                .args(["org.freedesktop.Secret.Service.Lock"])
                .args(["array:objpath:/org/freedesktop/secrets/aliases/default"]),
        );
    }

    fn secret_tool(&self, args: &[&str], secret: &str) -> (bool, String) {
        let input = self.folder.path().join("input");
        fs::write(&input, secret).unwrap();
        let output = Command::new("secret-tool")
            .args(args)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .env("HOME", self.folder.path())
            .stdin(fs::File::open(&input).unwrap())
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.leash.stdin.take());
        let _ = self.leash.wait();
    }
}
