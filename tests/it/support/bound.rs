//! A TLS server whose SCRAM is bound to the line by `tls-server-end-point`, the one mark of a TLS line that
//! the program knows: libsasl2 (the SASL library of Cyrus) behind a front of a few verbs, in Python. No POP3
//! server in Debian does it: Cyrus binds by `tls-unique`, Dovecot 2.3 not at all.

use super::certificates::Certificates;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

pub(crate) const USER: &str = "reader";
pub(crate) const PASSWORD: &str = "secret of the bound reader";

pub(crate) struct Bound {
    pub(crate) address: SocketAddr,
    certificates: Certificates,
    server: Child,
    _folder: tempfile::TempDir,
}

impl Bound {
    /// One that speaks that TLS alone (`1.2` or `1.3`) and announces those mechanisms. With `another` line it
    /// is bound to one that is not the client's: as when somebody stands between.
    pub(crate) fn start(tls: &str, mechanisms: &str, another: bool) -> Bound {
        let folder = tempfile::Builder::new().prefix("pop3-bound-").tempdir().unwrap();
        let certificates = Certificates::make(folder.path());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/bound.py");
        let mut server = Command::new("python3")
            .arg(script)
            .args([&certificates.certificate, &certificates.key])
            .arg(folder.path())
            .args([USER, PASSWORD, tls, mechanisms, if another { "other" } else { "own" }])
            .stdin(Stdio::piped()) // its end is the server's, too
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let port: u16 = port.trim().parse().expect("bound.py prints its port; it needs libsasl2-modules");
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        Bound { address, certificates, server, _folder: folder }
    }

    /// The flags with which the binary reaches it.
    pub(crate) fn flags(&self) -> Vec<String> {
        let authority = self.certificates.authority.display().to_string();
        let url = format!("pop3s://{USER}@{}", self.address);
        ["--server", &url, "--ca-file", &authority].map(str::to_owned).to_vec()
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
