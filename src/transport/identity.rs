//! The client certificate, for servers that request one (RFC 8446 section 4.4.2): read from PEM or PKCS#12
//! (RFC 7292) at each handshake, so that a renewed one is used, and checked before anything is sent. A private
//! key is handled like a password.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use openssl::error::ErrorStack;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::ssl::SslContextBuilder;
use openssl::x509::X509;
use zeroize::Zeroizing;

use super::distrust::words_of_stack;
use crate::advice::Tls;
use crate::error::{Error, Kind, Result};
use crate::sys::access::refuse_if_others_may_read;

/// The most that is read from a file, in bytes: no key and no chain is longer.
const LIMIT: u64 = 1 << 20;

/// A client certificate and its key, in files.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate and its chain in PEM; or a PKCS#12 file with all of it.
    pub certificate: PathBuf,
    /// The private key in PEM, if it is in a file of its own.
    pub key: Option<PathBuf>,
    /// The password of an encrypted key or PKCS#12 file.
    pub password: Option<Zeroizing<String>>,
}

/// A client certificate that was read, and can be shown.
pub(super) struct Identity {
    certificate: X509,
    key: PKey<Private>,
    /// The other certificates of its chain.
    chain: Vec<X509>,
}

impl Identity {
    /// Has connections show it to servers that ask for one.
    pub(super) fn add_to(self, context: &mut SslContextBuilder) -> Result<(), ErrorStack> {
        context.set_certificate(&self.certificate)?;
        context.set_private_key(&self.key)?;
        self.chain.into_iter().try_for_each(|one| context.add_extra_chain_cert(one))
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let password = self.password.as_ref().map(|_| "[hidden]");
        f.debug_struct("ClientCertificate")
            .field("certificate", &self.certificate)
            .field("key", &self.key)
            .field("password", &password)
            .finish()
    }
}

impl ClientCertificate {
    /// Reads and checks it.
    ///
    /// # Errors
    /// [`Kind::Io`] for a file that cannot be read; [`Kind::Config`] for a key that others may read;
    /// [`Kind::NoCredentials`] if a password is missing or wrong; [`Kind::Data`] if it is no certificate or no
    /// key, or not the key of that certificate.
    pub(super) fn load(&self) -> Result<Identity> {
        let (text, file) = read(&self.certificate, "certificate")?;
        if !is_pem(&text) {
            refuse_if_others_may_read(&file, &self.certificate, "private key")?;
            if let Some(key) = &self.key {
                return Err(unusable(&self.certificate)
                    .because(format!(
                        "it is not in PEM form, so the key in {} cannot be used with it",
                        key.display()
                    ))
                    .advise(Tls::LeaveOutKey));
            }
            return container(&self.certificate, &text, self.password());
        }
        let Some(path) = &self.key else {
            if !holds_a_key(&text) {
                return Err(unusable(&self.certificate)
                    .because("there is no private key in it")
                    .advise(Tls::NameKeyFile));
            }
            refuse_if_others_may_read(&file, &self.certificate, "private key")?;
            return self.pair(&text, &text, &self.certificate);
        };
        let (key, file) = read(path, "key")?;
        refuse_if_others_may_read(&file, path, "private key")?;
        if !holds_a_key(&key) {
            return Err(unusable(path)
                .because("there is no private key in PEM form in it")
                .advise(Tls::UseKeyInPem));
        }
        self.pair(&text, &key, path)
    }

    fn password(&self) -> Option<&str> {
        self.password.as_ref().map(|password| password.as_str())
    }

    /// A pair in PEM; the key comes from the file `from`.
    fn pair(&self, chain: &[u8], key: &[u8], from: &Path) -> Result<Identity> {
        let key = open_key(key, self.password(), from)?;
        let broken = |error| unusable(&self.certificate).because(words_of_stack(&error));
        let mut chain: Vec<X509> = X509::stack_from_pem(chain).map_err(broken)?;
        if chain.is_empty() {
            return Err(unusable(&self.certificate)
                .because("there is no certificate in it")
                .advise(Tls::UseCertificatesInPem));
        }
        let is_its_own = |one: &X509| one.public_key().is_ok_and(|public| public.public_eq(&key));
        // The certificates may be in any order; the client's is the one that the key belongs to.
        let Some(own) = chain.iter().position(is_its_own) else {
            return Err(unusable(&self.certificate)
                .because(format!("the key in {} belongs to another certificate", from.display()))
                .advise(Tls::NameKeyOfThisCertificate));
        };
        let certificate = chain.remove(own);
        Ok(Identity { certificate, key, chain })
    }
}

/// A private key of any kind that OpenSSL reads: PKCS#8, PKCS#1 (RSA), SEC1 (elliptic curves).
fn open_key(pem: &[u8], password: Option<&str>, from: &Path) -> Result<PKey<Private>> {
    let mut is_encrypted = false;
    // Without a callback OpenSSL would ask on the terminal.
    let outcome = PKey::private_key_from_pem_callback(pem, |room| {
        is_encrypted = true;
        let password = password.unwrap_or_default().as_bytes();
        let fits = password.len().min(room.len());
        room[..fits].copy_from_slice(&password[..fits]);
        Ok(fits)
    });
    outcome.map_err(|error| match (is_encrypted, password) {
        (true, None) => locked(from, "it is encrypted, and there is no password for it"),
        (true, Some(_)) => locked(from, "the password for it is wrong"),
        (false, _) => unusable(from).because(words_of_stack(&error)),
    })
}

/// A PKCS#12 file.
fn container(path: &Path, der: &[u8], password: Option<&str>) -> Result<Identity> {
    let Ok(container) = Pkcs12::from_der(der) else {
        return Err(unusable(path).because("it is neither PEM nor PKCS#12").advise(Tls::ConvertFromDer));
    };
    let mut failure = None;
    // Many are made without a password.
    for password in [Some(""), password].into_iter().flatten().filter(|password| !password.contains('\0')) {
        match container.parse2(password) {
            Ok(parts) => {
                let (Some(key), Some(certificate)) = (parts.pkey, parts.cert) else {
                    return Err(unusable(path).because("it contains no certificate with its key"));
                };
                // OpenSSL gives the last one first.
                let chain = parts.ca.into_iter().flatten().rev().collect();
                return Ok(Identity { certificate, key, chain });
            }
            Err(error) => failure = Some(error.to_string()),
        }
    }
    let failure = failure.unwrap_or_default();
    Err(if failure.contains("unsupported") {
        unusable(path)
            .because("it is encrypted with an outdated algorithm")
            .advise(Tls::ConvertPkcs12 { path: path.to_owned() })
    } else if password.is_none() {
        locked(path, "it is encrypted, and there is no password for it")
    } else {
        locked(path, "the password for it is wrong")
    })
}

fn locked(path: &Path, why: &'static str) -> Error {
    Error::new(Kind::NoCredentials, format!("could not open the private key in {}", path.display()))
        .because(why)
        .advise(Tls::GiveKeyPassword)
}

fn unusable(path: &Path) -> Error {
    Error::new(Kind::Data, format!("could not use the client certificate {}", path.display()))
}

fn is_pem(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"-----BEGIN ").is_some()
}

fn holds_a_key(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"PRIVATE KEY-----").is_some()
}

fn read(path: &Path, what: &str) -> Result<(Zeroizing<Vec<u8>>, File)> {
    let unreadable = |error| Error::io(format!("could not read the client {what} {}", path.display()), error);
    let file = File::open(path).map_err(unreadable)?;
    // Allocated at once, so that growing leaves no copies of a key behind.
    let size = file.metadata().map_err(unreadable)?.len().min(LIMIT);
    let mut text = Zeroizing::new(Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1));
    (&file).take(LIMIT + 1).read_to_end(&mut text).map_err(unreadable)?;
    if text.len() as u64 > LIMIT {
        return Err(unusable(path).because("it is larger than 1 MiB"));
    }
    Ok((text, file))
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
