//! A real SOCKS5 proxy, microsocks, that may know hosts which this machine does not know.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A name that only the proxy knows; it stands for 127.0.0.1.
pub(crate) const ONLY_THERE: &str = "pop.only-the-proxy-knows.test";

/// Another, for which the certificates of [`super::certificates`] are good.
pub(crate) const PROVIDER_THERE: &str = "provider.only-the-proxy-knows.test";

/// Listens until it is dropped.
pub(crate) struct Socks {
    pub(crate) address: SocketAddr,
    process: Child,
    folder: tempfile::TempDir,
}

/// Gives `$1` out for the table of hosts to the proxy alone.
const WITH_HOSTS: &str = r#"
    mount --bind "$1" /etc/hosts
    shift
    exec microsocks "$@"
"#;

impl Socks {
    /// Lets anybody in.
    pub(crate) fn open() -> Socks {
        Socks::start(&[])
    }

    /// Lets in who knows user and password.
    pub(crate) fn guarded(user: &str, password: &str) -> Socks {
        Socks::start(&["-u", user, "-P", password])
    }

    fn start(options: &[&str]) -> Socks {
        let folder = tempfile::Builder::new().prefix("pop3-socks-").tempdir().unwrap();
        let hosts = folder.path().join("hosts");
        fs::write(&hosts, format!("127.0.0.1 localhost {ONLY_THERE} {PROVIDER_THERE}\n")).unwrap();
        let address = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
        let as_root: &[&str] = if super::is_root() { &[] } else { &["--map-root-user"] };
        let mut process = Command::new("unshare")
            .args(as_root)
            .args(["--mount", "sh", "-ec", WITH_HOSTS, "socks"])
            .arg(&hosts)
            .args(["-i", "127.0.0.1", "-p", &address.port().to_string()])
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let patience = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(address).is_err() {
            assert!(process.try_wait().unwrap().is_none(), "microsocks ended (tests/run installs it)");
            assert!(Instant::now() < patience, "microsocks does not start");
            std::thread::sleep(Duration::from_millis(5));
        }
        Socks { address, process, folder }
    }

    /// Whom it has connected its clients to: a line for each, with the name that was asked for.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Its URL with that scheme and, in front of the host, that user and `@`.
    pub(crate) fn url(&self, scheme: &str, user: &str) -> String {
        format!("{scheme}://{user}{}", self.address)
    }
}

impl Drop for Socks {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
