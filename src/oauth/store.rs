//! Where a sign-in is kept between runs, and the lock that lets one run at a time renew it: a
//! provider that rotates refresh tokens takes each of them once, and two runs that renew at once
//! would leave the loser's token in the store.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use crate::auth::Secret;
use crate::error::{Error, Kind, Phase, Result};

/// The largest document that is read, in bytes.
const LARGEST: u64 = 1 << 20;
/// How often a lock that is held is tried again.
const BLINK: Duration = Duration::from_millis(50);

/// A place for one account's sign-in. What is kept is opaque here.
pub trait Store {
    /// What is kept; `None` where nothing is.
    ///
    /// # Errors
    /// What the place failed with, and [`Kind::Config`] when others may read it.
    fn load(&self) -> Result<Option<Secret>>;

    /// Keeps it, instead of what was kept. When this returns it outlives a power cut; when it fails,
    /// what was kept before still is.
    ///
    /// # Errors
    /// What the place failed with.
    fn save(&self, document: &Secret) -> Result<()>;

    /// Forgets it; says whether there was anything.
    ///
    /// # Errors
    /// What the place failed with.
    fn erase(&self) -> Result<bool>;

    /// What to call the place in front of a person.
    fn place(&self) -> String;
}

/// A file that only its owner may read.
#[derive(Debug, Clone)]
pub struct FileStore {
    path: PathBuf,
}

impl FileStore {
    /// The file of that path; its folder is made when something is kept in it.
    pub fn new(path: impl Into<PathBuf>) -> FileStore {
        FileStore { path: path.into() }
    }

    fn io(&self, verb: &str, error: io::Error) -> Error {
        Error::io(format!("could not {verb} {}", self.path.display()), error)
    }
}

impl Store for FileStore {
    fn load(&self) -> Result<Option<Secret>> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.io("read", error)),
        };
        let metadata = file.metadata().map_err(|error| self.io("read", error))?;
        if metadata.mode() & 0o077 != 0 {
            let name = self.path.display();
            let what = format!(
                "{name} holds a sign-in and others may read it (mode {:04o})",
                metadata.mode() & 0o7777
            );
            return Err(Error::new(Kind::Config, what).hint(format!("chmod 600 {name}")));
        }
        let mut bytes =
            Zeroizing::new(Vec::with_capacity(usize::try_from(metadata.len().min(LARGEST)).unwrap_or(0) + 1));
        file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| self.io("read", error))?;
        if bytes.len() as u64 > LARGEST {
            return Err(Error::new(Kind::Data, format!("could not use {}", self.path.display()))
                .because("it is larger than any sign-in"));
        }
        Ok(Some(Secret::new(std::mem::take(&mut *bytes))))
    }

    fn save(&self, document: &Secret) -> Result<()> {
        let folder = folder_of(&self.path)?;
        let failed = |error| self.io("write", error);
        // Made for its owner alone, and never half there.
        let mut file = NamedTempFile::new_in(folder).map_err(failed)?;
        file.write_all(document.expose()).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
        file.persist(&self.path).map_err(|error| failed(error.error))?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }

    fn erase(&self) -> Result<bool> {
        match fs::remove_file(&self.path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.io("remove", error)),
        }
    }

    fn place(&self) -> String {
        self.path.display().to_string()
    }
}

/// Held while a sign-in is made, renewed or forgotten. The kernel lets go of it with the process; the
/// file stays, so that two runs can never hold locks on two files of one name.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    /// Lets go even where another thread is just starting a program that holds the file as well.
    fn drop(&mut self) {
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

impl Lock {
    /// Takes it; waits for another run that has it.
    ///
    /// # Errors
    /// [`Kind::Timeout`] of the phase `Lock` when the other run outlasts `patience`.
    pub(super) fn take(path: &Path, patience: Duration) -> Result<Lock> {
        let context = || format!("could not lock {}", path.display());
        folder_of(path)?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(path).map_err(|error| Error::io(context(), error))?;
        let deadline = Instant::now() + patience;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Lock(file)),
                Err(Errno::WOULDBLOCK) if Instant::now() < deadline => thread::sleep(BLINK),
                Err(Errno::WOULDBLOCK) => {
                    return Err(Error::new(Kind::Timeout(Phase::Lock), context())
                        .because("another run is renewing the sign-in of this account")
                        .hint("try again later"));
                }
                Err(Errno::INTR) => {}
                Err(errno) => return Err(Error::io(context(), errno.into())),
            }
        }
    }
}

/// The folder of a file, made for its owner alone where it is missing.
fn folder_of(path: &Path) -> Result<&Path> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| Error::io(format!("could not create {}", folder.display()), error))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn store() -> (tempfile::TempDir, FileStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::new(folder.path().join("deep/work.token"));
        (folder, store)
    }

    #[test]
    fn keeps_for_its_owner_alone_and_forgets() {
        let (folder, store) = store();
        assert!(store.load().unwrap().is_none());
        assert!(!store.erase().unwrap());
        for text in ["first", "the second, which is longer"] {
            store.save(&Secret::new(text)).unwrap();
            assert_eq!(store.load().unwrap().unwrap().expose(), text.as_bytes());
        }
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&store.path), 0o600);
        assert_eq!(mode(&folder.path().join("deep")), 0o700);
        assert_eq!(fs::read_dir(folder.path().join("deep")).unwrap().count(), 1, "nothing is left beside it");
        assert!(store.erase().unwrap());
        assert!(store.load().unwrap().is_none());
    }

    #[test]
    fn refuses_what_others_may_read() {
        let (_folder, store) = store();
        store.save(&Secret::new("hunter2")).unwrap();
        fs::set_permissions(&store.path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = store.load().unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        assert!(error.own_hint().unwrap().starts_with("chmod 600 "));
    }

    #[test]
    fn a_save_that_fails_leaves_what_was_there() {
        let (folder, store) = store();
        store.save(&Secret::new("old")).unwrap();
        let other = FileStore::new(folder.path().join("deep/work.token/below"));
        assert!(other.save(&Secret::new("new")).is_err());
        assert_eq!(store.load().unwrap().unwrap().expose(), b"old");
    }

    #[test]
    fn the_lock_is_waited_for_and_not_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("work.token.lock");
        let held = Lock::take(&path, Duration::ZERO).unwrap();
        let error = Lock::take(&path, Duration::from_millis(10)).unwrap_err();
        assert_eq!(error.kind(), Kind::Timeout(Phase::Lock));
        let waiting = thread::spawn({
            let path = path.clone();
            move || Lock::take(&path, Duration::from_secs(30)).map(drop)
        });
        drop(held);
        waiting.join().unwrap().unwrap();
    }
}
