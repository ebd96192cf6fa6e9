//! The trusted authorities: those of a file, and those of the system, where OpenSSL looks for them
//! (`SSL_CERT_FILE`, `SSL_CERT_DIR`, or the distribution's folder).

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use openssl::ssl::SslConnectorBuilder;
use openssl::x509::X509;

use super::distrust::words_of_stack;
use crate::advice::Tls;
use crate::error::{Error, Kind, Result};

/// The certificates of a CA file, at least one.
///
/// # Errors
/// [`Kind::Io`] if it cannot be read, [`Kind::Data`] if it contains none.
pub(crate) fn authorities(path: &Path) -> Result<Vec<X509>> {
    let shown = path.display();
    let pem =
        fs::read(path).map_err(|error| Error::io(format!("could not read the CA file {shown}"), error))?;
    let unusable = || {
        Error::new(Kind::Data, format!("could not use the CA file {shown}")).advise(Tls::UseCertificatesInPem)
    };
    match X509::stack_from_pem(&pem) {
        Ok(certificates) if certificates.is_empty() => {
            Err(unusable().because("there is no certificate in it"))
        }
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(unusable().because(words_of_stack(&error))),
    }
}

/// Where the system's authorities are.
#[derive(Debug, Default)]
struct Places {
    /// A file with all of them.
    file: Option<PathBuf>,
    /// Folders with one certificate per file, named by the hash of the subject.
    folders: Vec<PathBuf>,
}

impl Places {
    /// A variable that is set replaces the default file or folders, even if the path does not exist, as in
    /// every program that uses OpenSSL.
    fn find() -> Places {
        Places {
            file: match env::var_os("SSL_CERT_FILE") {
                Some(file) => Some(file.into()),
                None => openssl_probe::probe().cert_file,
            },
            folders: match env::var_os("SSL_CERT_DIR") {
                Some(folders) => env::split_paths(&folders).collect(),
                None => openssl_probe::candidate_cert_dirs().map(Path::to_path_buf).collect(),
            },
        }
    }

    fn are_empty(&self) -> bool {
        let file = self.file.as_ref().and_then(|file| fs::read(file).ok());
        let certificates = file.and_then(|pem| X509::stack_from_pem(&pem).ok());
        certificates.is_none_or(|all| all.is_empty())
            && !self.folders.iter().any(|folder| has_certificates(folder))
    }
}

/// Trusts the system's authorities. A place that does not exist is ignored: if nothing is trusted, the
/// handshake fails.
pub(super) fn add_system_authorities(builder: &mut SslConnectorBuilder) {
    let places = Places::find();
    // Each separately, so that an unusable one does not affect the others.
    if let Some(file) = &places.file {
        let _ = builder.load_verify_locations(Some(file), None);
    }
    for folder in &places.folders {
        let _ = builder.load_verify_locations(None, Some(folder));
    }
}

/// Whether no trusted authorities are installed on this system.
pub(super) fn system_has_no_authorities() -> bool {
    Places::find().are_empty()
}

/// Whether a folder contains certificates under the names that OpenSSL looks for: eight hexadecimal digits
/// and a number.
fn has_certificates(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        name.to_str().and_then(|name| name.split_once('.')).is_some_and(|(hash, number)| {
            hash.len() == 8
                && hash.bytes().all(|letter| letter.is_ascii_hexdigit())
                && number.parse::<u32>().is_ok()
                && entry.path().exists()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_empty_only_where_neither_file_nor_folder_has_a_certificate() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        let places = |file: &str, folder: &str| Places { file: Some(at(file)), folders: vec![at(folder)] };
        fs::create_dir(at("empty")).unwrap();
        fs::create_dir(at("full")).unwrap();
        fs::write(at("empty/README"), "").unwrap();
        fs::write(at("empty/12345678.pem"), "").unwrap();
        fs::write(at("full/1a2b3c4d.0"), "a certificate").unwrap();
        fs::write(at("none.pem"), "# nothing").unwrap();
        assert!(Places::default().are_empty());
        assert!(places("missing", "missing").are_empty());
        assert!(places("none.pem", "empty").are_empty());
        assert!(!places("missing", "full").are_empty());
        std::os::unix::fs::symlink(at("missing"), at("empty/1a2b3c4d.0")).unwrap();
        assert!(places("none.pem", "empty").are_empty(), "a link that leads nowhere");
    }
}
