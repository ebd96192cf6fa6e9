//! Stores secrets between two runs: in the desktop's keyring, or, if there is none (a server, cron), in a file
//! that only its owner may read. Does not interpret the secrets.
//!
//! ```text
//! put ─▶ keyring ─ or, if it is not available ─▶ <account>.secret
//! get ◀─ <account>.secret ◀─ otherwise ─ keyring
//! ```
//!
//! The file is read first: it exists only if the keyring was not available when the secret was stored, so it is
//! the newer of the two, and reading it costs next to nothing.

mod file;
mod keyring;

use std::fmt;
use std::path::{Path, PathBuf};

use self::keyring::{Keyring, Trouble};
use crate::advice::Run;
use crate::auth::Secret;
use crate::error::{Error, Kind, Result};
use crate::sys::private::file_name;

/// What a secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SecretKind {
    /// The password of a maildrop.
    Password,
    /// An OAuth refresh token with its document, which is opaque here.
    RefreshToken,
}

impl SecretKind {
    /// All kinds.
    pub const ALL: [SecretKind; 2] = [SecretKind::Password, SecretKind::RefreshToken];

    /// Its value in the attributes of a keyring.
    fn attribute(self) -> &'static str {
        match self {
            SecretKind::Password => "password",
            SecretKind::RefreshToken => "refresh-token",
        }
    }

    /// The end of the file's name.
    fn suffix(self) -> &'static str {
        match self {
            SecretKind::Password => "secret",
            SecretKind::RefreshToken => "token",
        }
    }
}

impl fmt::Display for SecretKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SecretKind::Password => "password",
            SecretKind::RefreshToken => "refresh token",
        })
    }
}

/// Where a secret is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredIn {
    /// In the desktop's keyring.
    Keyring,
    /// In this file.
    File(PathBuf),
}

impl fmt::Display for StoredIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoredIn::Keyring => f.write_str("the keyring"),
            StoredIn::File(path) => path.display().fmt(f),
        }
    }
}

/// The store of secrets. Nothing is opened before it is needed, and every wait for a keyring is limited: five
/// seconds, or a minute if the user is asked to unlock it.
#[derive(Debug, Clone)]
pub struct Safe {
    folder: PathBuf,
    keyring: Option<Keyring>,
}

impl Safe {
    /// Has its files in `folder`, and uses the keyring on the D-Bus at the address `bus`; without one only
    /// files. A locked keyring stays locked: see [`Safe::asking`].
    pub fn new(folder: impl Into<PathBuf>, bus: Option<String>) -> Safe {
        Safe { folder: folder.into(), keyring: bus.map(Keyring::new) }
    }

    /// The same with a user who may be asked to unlock the keyring.
    #[must_use]
    pub fn asking(mut self, is_somebody_there: bool) -> Safe {
        if let Some(keyring) = &mut self.keyring {
            keyring.may_ask = is_somebody_there;
        }
        self
    }

    /// The secret, and where it is stored; `None` if there is none.
    ///
    /// # Errors
    /// [`Kind::Config`] for a file that others may read, [`Kind::Io`] and [`Kind::Data`] for one that
    /// cannot be read, [`Kind::NoCredentials`] for a keyring that is locked with the secret in it, or
    /// does not answer.
    pub fn get(&self, account: &str, what: SecretKind) -> Result<Option<(Secret, StoredIn)>> {
        let path = self.path(account, what);
        if let Some(secret) = file::read(&path, what)? {
            return Ok(Some((secret, StoredIn::File(path))));
        }
        let Some(keyring) = &self.keyring else { return Ok(None) };
        match keyring.get(account, what) {
            Ok(secret) => Ok(secret.map(|secret| (secret, StoredIn::Keyring))),
            Err(Trouble::Absent) => Ok(None),
            Err(trouble) => {
                Err(trouble.told(format!("could not read the {what} of {account} from the keyring")))
            }
        }
    }

    /// Where the secret is stored, without reading it: a locked keyring stays locked.
    ///
    /// # Errors
    /// [`Kind::Io`] for a folder that cannot be read, [`Kind::NoCredentials`] for a keyring that does
    /// not answer.
    pub fn find(&self, account: &str, what: SecretKind) -> Result<Option<StoredIn>> {
        let path = self.path(account, what);
        if file::is_there(&path)? {
            return Ok(Some(StoredIn::File(path)));
        }
        let Some(keyring) = &self.keyring else { return Ok(None) };
        match keyring.has(account, what) {
            Ok(has) => Ok(has.then_some(StoredIn::Keyring)),
            Err(Trouble::Absent) => Ok(None),
            Err(trouble) => Err(trouble.told(format!("could not look for the {what} of {account}"))),
        }
    }

    /// Stores the secret in place of an older one: in the keyring, or, if that is not available, in a file;
    /// returns which.
    ///
    /// # Errors
    /// [`Kind::Io`], [`Kind::DiskFull`]: then the older one may still be there.
    pub fn put(&self, account: &str, what: SecretKind, secret: &Secret) -> Result<StoredIn> {
        let path = self.path(account, what);
        match self.keyring.as_ref().map(|keyring| keyring.put(account, what, secret)) {
            Some(Ok(())) => {
                // A file that is left would take precedence over the keyring.
                file::remove(&path)?;
                Ok(StoredIn::Keyring)
            }
            _ => {
                file::write(&path, secret)?;
                Ok(StoredIn::File(path))
            }
        }
    }

    /// Stores a changed secret where it was found: one in a file stays in its file, also if a keyring is
    /// available, because the user who chose the file (for cron, for example) still needs it there.
    ///
    /// # Errors
    /// As [`Safe::put`].
    pub fn put_back(&self, account: &str, what: SecretKind, secret: &Secret, found: &StoredIn) -> Result<()> {
        match found {
            StoredIn::File(path) => file::write(path, secret),
            // If it was locked meanwhile, a file is better than a loss.
            StoredIn::Keyring => self.put(account, what, secret).map(drop),
        }
    }

    /// Removes the secret, and returns from where: nowhere if there was none.
    ///
    /// # Errors
    /// [`Kind::Io`], and [`Kind::NoCredentials`] for a keyring that is locked with the secret in it, or
    /// does not answer: a file is gone then all the same.
    pub fn remove(&self, account: &str, what: SecretKind) -> Result<Vec<StoredIn>> {
        let path = self.path(account, what);
        let mut removed = Vec::new();
        if file::remove(&path)? {
            removed.push(StoredIn::File(path));
        }
        match self.keyring.as_ref().map(|keyring| keyring.remove(account, what)) {
            Some(Ok(true)) => removed.push(StoredIn::Keyring),
            None | Some(Ok(false) | Err(Trouble::Absent)) => {}
            Some(Err(trouble)) => {
                let context = format!("could not remove the {what} of {account} from the keyring");
                return Err(match trouble {
                    Trouble::Locked => trouble.told(context).advise(Run::UnlockKeyringToRemove),
                    other => other.told(context),
                });
            }
        }
        Ok(removed)
    }

    /// All stored secrets, in files and in the keyring: account, kind and place. For a file whose name was too
    /// long for the whole name of the account, only the beginning of that name is known.
    ///
    /// # Errors
    /// [`Kind::Io`] for a folder that cannot be read, [`Kind::NoCredentials`] for a keyring that does not
    /// answer.
    pub fn all(&self) -> Result<Vec<(String, SecretKind, StoredIn)>> {
        let mut all = file::all(&self.folder)?;
        if let Some(keyring) = &self.keyring {
            match keyring.all() {
                Ok(found) => {
                    all.extend(found.into_iter().map(|(name, what)| (name, what, StoredIn::Keyring)))
                }
                Err(Trouble::Absent) => {}
                Err(trouble) => return Err(trouble.told("could not look through the keyring".to_owned())),
            }
        }
        Ok(all)
    }

    fn path(&self, account: &str, what: SecretKind) -> PathBuf {
        self.folder.join(format!("{}.{}", file_name(account), what.suffix()))
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Trouble {
    fn told(self, context: String) -> Error {
        let error = Error::new(Kind::NoCredentials, context);
        match self {
            Trouble::Absent => error.because("there is none"),
            Trouble::Silent => error.because("it does not answer").advise(Run::RestartKeyring),
            Trouble::Locked => error.because("it is locked").advise(Run::UnlockKeyring),
            Trouble::Failed(words) => error.because(words).advise(Run::WithoutKeyring),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::time::{Duration, Instant};

    const ACCOUNT: &str = "me@example.org/x";

    fn exposed(safe: &Safe, what: SecretKind) -> Option<Vec<u8>> {
        safe.get(ACCOUNT, what).expect("readable").map(|(secret, _)| secret.expose().to_vec())
    }

    #[test]
    fn without_a_keyring_secrets_rest_in_files_that_only_their_owner_reads() {
        let folder = tempfile::tempdir().unwrap();
        let safe = Safe::new(folder.path().join("a/pop3"), None);
        assert_eq!(exposed(&safe, SecretKind::Password), None);
        assert_eq!(safe.all().unwrap(), [], "no folder, no secrets");
        let stored_in = safe.put(ACCOUNT, SecretKind::Password, &Secret::new("first")).unwrap();
        safe.put(ACCOUNT, SecretKind::RefreshToken, &Secret::new(b"{\"a\":\0\xff\n}".to_vec())).unwrap();
        safe.put(ACCOUNT, SecretKind::Password, &Secret::new("second\n")).unwrap();
        let path = safe.folder().join("me@example.org%2Fx.secret");
        assert_eq!(stored_in, StoredIn::File(path.clone()));
        assert_eq!(safe.find(ACCOUNT, SecretKind::Password).unwrap(), Some(stored_in.clone()));
        assert_eq!(exposed(&safe, SecretKind::Password).as_deref(), Some(&b"second\n"[..]));
        assert_eq!(exposed(&safe, SecretKind::RefreshToken).as_deref(), Some(&b"{\"a\":\0\xff\n}"[..]));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(safe.folder())), (0o600, 0o700));
        assert_eq!(fs::read_dir(safe.folder()).unwrap().count(), 2, "nothing is left behind");
        fs::write(safe.folder().join("work.journal"), "").unwrap();
        let mut all = safe.all().unwrap();
        all.sort_by_key(|(_, what, _)| *what == SecretKind::Password);
        let token = StoredIn::File(safe.folder().join("me@example.org%2Fx.token"));
        let (first, second) = ((ACCOUNT.to_owned(), SecretKind::RefreshToken, token), SecretKind::Password);
        assert_eq!(all, [first, (ACCOUNT.to_owned(), second, stored_in.clone())]);
        assert_eq!(safe.remove(ACCOUNT, SecretKind::Password).unwrap(), [stored_in]);
        assert_eq!(safe.remove(ACCOUNT, SecretKind::Password).unwrap(), []);
        assert_eq!(exposed(&safe, SecretKind::Password), None);
        assert!(exposed(&safe, SecretKind::RefreshToken).is_some());
    }

    #[test]
    fn a_folder_that_others_may_look_into_is_closed_to_them() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Safe::new(folder.path(), None).put("a", SecretKind::Password, &Secret::new("x")).unwrap();
        assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_file_that_others_may_read_is_refused_with_the_cure() {
        let folder = tempfile::tempdir().unwrap();
        let safe = Safe::new(folder.path(), None);
        let StoredIn::File(path) = safe.put("a", SecretKind::Password, &Secret::new("hunter2")).unwrap()
        else {
            panic!("no file")
        };
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = safe.get("a", SecretKind::Password).unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        assert_eq!(error.advice(), Some(&Run::CloseFile(path).into()));
        assert!(!format!("{error:?}").contains("hunter2"));
    }

    #[test]
    fn a_huge_file_is_no_secret_and_a_folder_in_the_way_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let safe = Safe::new(folder.path(), None);
        fs::write(folder.path().join("a.secret"), vec![b'x'; 1 << 20]).unwrap();
        fs::set_permissions(folder.path().join("a.secret"), fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(safe.get("a", SecretKind::Password).unwrap_err().kind(), Kind::Data);
        fs::create_dir(folder.path().join("b.secret")).unwrap();
        assert_eq!(safe.get("b", SecretKind::Password).unwrap_err().kind(), Kind::Io);
        assert_eq!(safe.put("b", SecretKind::Password, &Secret::new("x")).unwrap_err().kind(), Kind::Io);
    }

    #[test]
    fn where_there_is_no_bus_there_is_no_keyring() {
        let folder = tempfile::tempdir().unwrap();
        for address in ["unix:path=/nonexistent/bus", "disabled:", "nonsense", "tcp:host=127.0.0.1,port=1"] {
            let safe = Safe::new(folder.path(), Some(address.to_owned()));
            assert_eq!(exposed(&safe, SecretKind::Password), None, "{address}");
            let stored_in = safe.put(ACCOUNT, SecretKind::Password, &Secret::new("x")).unwrap();
            assert!(matches!(stored_in, StoredIn::File(_)));
            assert_eq!(safe.remove(ACCOUNT, SecretKind::Password).unwrap().len(), 1);
        }
    }

    #[test]
    fn each_trouble_with_the_keyring_has_its_own_advice() {
        let advice = |trouble: Trouble| trouble.told("x".to_owned()).advice().cloned();
        assert_eq!(advice(Trouble::Silent), Some(Run::RestartKeyring.into()));
        assert_eq!(advice(Trouble::Locked), Some(Run::UnlockKeyring.into()));
        assert_eq!(advice(Trouble::Failed("x".to_owned())), Some(Run::WithoutKeyring.into()));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_told_with_what_helps() {
        let error = Safe::new("/dev/null/pop3", None).put("a", SecretKind::Password, &Secret::new("x"));
        let error = error.unwrap_err();
        assert_eq!((error.kind(), error.advice()), (Kind::Io, Some(&Run::StateFolder.into())));
    }

    #[test]
    fn a_bus_that_never_answers_costs_a_moment_and_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("bus");
        let _silent = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let mut safe = Safe::new(folder.path(), Some(format!("unix:path={}", socket.display())));
        safe.keyring.as_mut().unwrap().timeout = Duration::from_millis(100);
        let began = Instant::now();
        let error = safe.get("a", SecretKind::Password).unwrap_err();
        assert_eq!(error.kind(), Kind::NoCredentials);
        assert_eq!(error.advice(), Some(&Run::RestartKeyring.into()));
        assert!(began.elapsed() < Duration::from_secs(30), "no wait without an end");
        let stored_in = safe.put("a", SecretKind::Password, &Secret::new("x")).unwrap();
        assert!(matches!(stored_in, StoredIn::File(_)), "{stored_in}");
        assert!(safe.get("a", SecretKind::Password).unwrap().is_some(), "the file counts first");
    }
}
