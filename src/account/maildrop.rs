//! Which maildrop an account has: the key of its journal, whatever the account is called.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::Account;
use crate::error::Result;
use crate::fetch::maildrop::{self, Key, Owner};
use crate::transport::Target;

/// The largest file of a certificate that is read, in bytes.
const LARGEST: u64 = 1 << 20;

impl Account {
    /// The owner of the journal: the maildrop of this account.
    pub fn journal_owner(&self) -> Owner {
        let key = match &self.maildrop {
            Some(name) => Key::Named(name.clone()),
            None => self.address_key(),
        };
        Owner { name: self.name.clone(), key, formerly: plain_name(&self.user, &self.server) }
    }

    fn address_key(&self) -> Key {
        // Without a user name the certificate identifies the user.
        let user = match &self.tls.identity {
            Some(identity) if self.user.is_empty() => fingerprint(&identity.certificate),
            _ => self.user.clone(),
        };
        let (place, port) = match &self.server {
            Target::Tcp { host, port } => (host.clone(), Some(*port)),
            Target::Unix(path) => (path.display().to_string(), None),
        };
        let host = self.tls.host.as_ref().unwrap_or(&place);
        Key::address(&user, host, port, self.way.tunnel.as_deref())
    }
}

/// Refuses two accounts of one maildrop.
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind), with both names.
pub fn refuse_shared<'a>(accounts: impl IntoIterator<Item = &'a Account>) -> Result<()> {
    let owners: Vec<Owner> = accounts.into_iter().map(Account::journal_owner).collect();
    maildrop::refuse_shared(&owners)
}

/// The name of an account that is not in the configuration. The usual two ports are of one maildrop; any other
/// may be a tunnel, and two tunnels on one machine may lead to two maildrops.
pub(super) fn plain_name(user: &str, server: &Target) -> String {
    match server {
        Target::Tcp { host, port: 110 | 995 } => format!("{user}@{host}"),
        other => format!("{user}@{other}"),
    }
}

/// The SHA-256 fingerprint of the first certificate of a PEM file, of the whole file if it has none. If it
/// cannot be read, its path is used instead; the sign-in will report the error.
fn fingerprint(path: &Path) -> String {
    let mut bytes = Vec::new();
    if File::open(path).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes)).is_err() {
        return format!("certificate:{}", path.display());
    }
    let der = first_certificate(&bytes).unwrap_or(bytes);
    format!("sha256:{}", HEXLOWER.encode(&Sha256::digest(der)))
}

fn first_certificate(pem: &[u8]) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(pem);
    let (_, rest) = text.split_once("-----BEGIN CERTIFICATE-----")?;
    let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
    let digits: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(digits).ok()
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Environment, Overrides, Scope, resolve};
    use super::*;
    use crate::error::Kind;
    use crate::transport::ClientCertificate;

    fn account(server: &str) -> Account {
        let flags = Overrides {
            server: Some(server.parse().expect("a URL")),
            user: Some("me".to_owned()),
            ..Overrides::default()
        };
        let accounts =
            resolve(&Config::default(), &Environment::artificial(None, []), &[], &flags, Scope::One)
                .expect("an account");
        accounts.into_iter().next().expect("one").1.expect("a whole account")
    }

    #[test]
    fn the_key_is_what_leads_to_the_maildrop_and_not_the_name() {
        let key = |account: &Account| account.journal_owner().key.to_string();
        let plain = account("pop3s://Pop.Example.COM.");
        assert_eq!(key(&plain), "me@pop.example.com");
        assert_eq!(key(&account("pop3://pop.example.com")), "me@pop.example.com");
        assert_eq!(key(&account("pop3s://pop.example.com:9995")), "me@pop.example.com:9995");
        assert_eq!(key(&account("pop3+unix:///run/pop.sock")), "me@/run/pop.sock");
        assert_eq!(key(&Account { name: "work".to_owned(), ..plain.clone() }), key(&plain));
        let mut tunnelled = account("pop3s://127.0.0.1");
        tunnelled.tls.host = Some("pop.example.com".to_owned());
        assert_eq!(key(&tunnelled), key(&plain));
        tunnelled.way.tunnel = Some("ssh h nc %h %p".to_owned());
        assert_eq!(key(&tunnelled), "me@pop.example.com through ssh h nc %h %p");
        let owner = tunnelled.journal_owner();
        assert_eq!((owner.name.as_str(), owner.formerly.as_str()), ("me@127.0.0.1", "me@127.0.0.1"));
        let named = Account { maildrop: Some("office".to_owned()), ..plain.clone() };
        assert_eq!(named.journal_owner().key, Key::Named("office".to_owned()));
        let error = refuse_shared([&plain, &account("pop3://pop.example.com")]).expect_err("one maildrop");
        assert_eq!(error.kind(), Kind::Config);
    }

    #[test]
    fn without_a_user_the_certificate_tells_whose_maildrop_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("c.pem");
        let pem = "text\n-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n";
        std::fs::write(&path, pem).expect("written");
        let mut account = account("pop3s://h");
        account.user.clear();
        account.tls.identity =
            Some(ClientCertificate { certificate: path.clone(), key: None, password: None });
        let of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(account.journal_owner().key.to_string(), format!("sha256:{of_abc}@h"));
        std::fs::write(&path, "abc").expect("written");
        assert_eq!(account.journal_owner().key.to_string(), format!("sha256:{of_abc}@h"), "not PEM");
        std::fs::remove_file(&path).expect("removed");
        assert_eq!(account.journal_owner().key.to_string(), format!("certificate:{}@h", path.display()));
    }
}
