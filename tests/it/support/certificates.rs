//! A certificate authority for one test run, and a certificate for `localhost`, `127.0.0.1` and a host that
//! only a proxy knows.

use super::socks::PROVIDER_THERE;
use super::tool;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Paths of PEM files.
pub(crate) struct Certificates {
    pub(crate) authority: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Certificates {
    /// Makes them in the folder.
    pub(crate) fn make(folder: &Path) -> Certificates {
        let file = |name: &str| folder.join(name);
        let made = Certificates {
            authority: file("ca.pem"),
            certificate: file("server.pem"),
            key: file("server.key"),
        };
        tool(
            request(&file("ca.key"), &made.authority, "/CN=Authority of the pop3 tests")
                .args(["-addext", "keyUsage=critical,keyCertSign,cRLSign"]),
        );
        tool(
            request(&made.key, &made.certificate, "/CN=localhost")
                .args(["-addext", &format!("subjectAltName=DNS:localhost,IP:127.0.0.1,DNS:{PROVIDER_THERE}")])
                .args(["-addext", "basicConstraints=critical,CA:FALSE"])
                .arg("-CA")
                .arg(&made.authority)
                .arg("-CAkey")
                .arg(file("ca.key")),
        );
        made
    }

    /// The server's certificate and its key, for the embedded server.
    pub(crate) fn identity(&self) -> native_tls::Identity {
        let read = |path| std::fs::read(path).unwrap();
        native_tls::Identity::from_pkcs8(&read(&self.certificate), &read(&self.key)).unwrap()
    }

    /// The server's certificate as `--pin` wants it: `sha256:` and its digest in hexadecimal.
    pub(crate) fn pin(&self) -> String {
        let said = tool(
            Command::new("openssl")
                .args(["x509", "-noout", "-fingerprint", "-sha256", "-in"])
                .arg(&self.certificate),
        );
        let said = String::from_utf8(said).unwrap();
        let (_, digest) = said.trim().split_once('=').unwrap();
        format!("sha256:{digest}")
    }
}

/// The part of the command line that both certificates share. Elliptic keys: made in a moment.
fn request(key: &Path, certificate: &Path, subject: &str) -> Command {
    let mut openssl = Command::new("openssl");
    openssl
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
        .args(["-days", "3650", "-subj", subject, "-keyout"])
        .arg(key)
        .arg("-out")
        .arg(certificate);
    openssl
}
