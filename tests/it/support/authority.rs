//! Certificates of every kind that real servers show, made by the `openssl` program: with any dates,
//! behind intermediates, with weak keys.

use super::tool;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Long ago, and long after these tests.
pub(crate) const USUAL: (&str, &str) = ("20200101000000Z", "20491231235959Z");

/// An authority that signs others: a root, or an intermediate behind one.
pub(crate) struct Authority {
    folder: PathBuf,
    pub(crate) certificate: PathBuf,
    key: PathBuf,
    common_name: String,
}

/// A certificate and its key, in PEM files.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// What a certificate says.
pub(crate) struct Wanted<'a> {
    pub(crate) common_name: &'a str,
    /// As OpenSSL spells them: `DNS:localhost,IP:127.0.0.1`.
    pub(crate) names: &'a str,
    /// First and last moment.
    pub(crate) dates: (&'a str, &'a str),
    /// An RSA key of that length; else an elliptic one, made in a moment.
    pub(crate) rsa: Option<u32>,
}

impl Authority {
    /// A root, its files in a folder of its own below `folder`.
    pub(crate) fn root(folder: &Path, common_name: &str) -> Authority {
        let authority = Authority::furnish(folder, common_name);
        tool(
            request(&authority.key, None, common_name)
                .args(["-x509", "-days", "9000", "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out"])
                .arg(&authority.certificate),
        );
        authority
    }

    /// An intermediate that this one vouches for.
    pub(crate) fn intermediate(&self, folder: &Path, common_name: &str) -> Authority {
        let below = Authority::furnish(folder, common_name);
        self.sign(
            request(&below.key, None, common_name).args(["-addext", "basicConstraints=critical,CA:TRUE"]),
            &below.certificate,
            USUAL,
        );
        below
    }

    fn furnish(folder: &Path, common_name: &str) -> Authority {
        let folder = folder.join(common_name.replace(' ', "-"));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("index"), "").unwrap();
        fs::write(folder.join("ca.conf"), CONFIGURATION).unwrap();
        let (certificate, key) = (folder.join("ca.pem"), folder.join("ca.key"));
        Authority { folder, certificate, key, common_name: common_name.to_owned() }
    }

    /// This authority's name and key, signed by another one: what was trusted before it was.
    pub(crate) fn cross_signed_by(&self, older: &Authority) -> PathBuf {
        let certificate = self.folder.join("cross-signed.pem");
        older.sign(&mut self.asking_for_itself(), &certificate, USUAL);
        certificate
    }

    /// The same root, as one that has expired.
    pub(crate) fn expired(&self) -> PathBuf {
        let certificate = self.folder.join("expired.pem");
        self.sign(&mut self.asking_for_itself(), &certificate, ("20000101000000Z", "20210930140115Z"));
        certificate
    }

    fn asking_for_itself(&self) -> Command {
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-new", "-batch", "-subj", &format!("/CN={}", self.common_name), "-key"]);
        openssl.arg(&self.key).args(["-addext", "basicConstraints=critical,CA:TRUE"]);
        openssl
    }

    /// A certificate signed by this authority, its files named so.
    pub(crate) fn issue(&self, name: &str, wanted: &Wanted<'_>) -> Pair {
        let pair = self.pair(name);
        let names = format!("subjectAltName={}", wanted.names);
        self.sign(
            request(&pair.key, wanted.rsa, wanted.common_name).args(["-addext", &names]),
            &pair.certificate,
            wanted.dates,
        );
        pair
    }

    fn pair(&self, name: &str) -> Pair {
        let file = |end: &str| self.folder.join(format!("{name}.{end}"));
        Pair { certificate: file("pem"), key: file("key") }
    }

    fn sign(&self, request: &mut Command, certificate: &Path, (from, to): (&str, &str)) {
        let asked = self.folder.join("asked.csr");
        tool(request.arg("-out").arg(&asked));
        tool(
            Command::new("openssl")
                .args(["ca", "-batch", "-notext", "-config", "ca.conf", "-startdate", from, "-enddate", to])
                .args(["-cert", "ca.pem", "-keyfile", "ca.key", "-in", "asked.csr", "-out"])
                .arg(certificate)
                .current_dir(&self.folder),
        );
    }
}

impl Pair {
    /// One that vouches for itself.
    pub(crate) fn self_signed(folder: &Path, name: &str, names: &str) -> Pair {
        let file = |end: &str| folder.join(format!("{name}.{end}"));
        let pair = Pair { certificate: file("pem"), key: file("key") };
        tool(
            request(&pair.key, None, "localhost")
                .args(["-x509", "-days", "9000", "-addext"])
                .arg(format!("subjectAltName={names}"))
                .arg("-out")
                .arg(&pair.certificate),
        );
        pair
    }

    /// Puts further certificates behind this one, as a server sends them.
    pub(crate) fn followed_by(self, certificate: &Path) -> Pair {
        bundle(&[&self.certificate, certificate], &self.certificate);
        self
    }
}

/// Writes the files' texts into one, in that order.
pub(crate) fn bundle(files: &[&Path], into: &Path) {
    let texts: String = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    fs::write(into, texts).unwrap();
}

fn request(key: &Path, rsa: Option<u32>, common_name: &str) -> Command {
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-new", "-nodes", "-batch", "-subj", &format!("/CN={common_name}")]);
    match rsa {
        Some(bits) => openssl.args(["-newkey", &format!("rsa:{bits}")]),
        None => openssl.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]),
    };
    openssl.arg("-keyout").arg(key);
    openssl
}

/// What `openssl ca` wants to know: only it takes any dates.
const CONFIGURATION: &str = "[ca]
default_ca = here
[here]
database = index
new_certs_dir = .
rand_serial = yes
unique_subject = no
default_md = sha256
copy_extensions = copy
policy = names
[names]
commonName = supplied
";
