//! One run at a time renews a sign-in: a provider that rotates refresh tokens accepts each of them once, and of
//! two runs that renew at the same time one would store a token that the other has used up.

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::advice::OAuth;
use crate::error::{Error, Kind, Phase, Result};

/// How often to retry while the lock is held.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Held while a sign-in is stored, renewed or removed. The kernel releases it with the process; the
/// file stays, so that two runs can never hold locks on two files of one name.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    /// Unlocks, also while another thread is starting a program that has inherited the file.
    fn drop(&mut self) {
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

impl Lock {
    /// Takes the lock; waits while another run holds it.
    ///
    /// # Errors
    /// [`Kind::Timeout`] of the phase `Lock` if the other run holds it for longer than `timeout`.
    pub(super) fn take(path: &Path, timeout: Duration) -> Result<Lock> {
        let context = || format!("could not lock {}", path.display());
        folder_of(path)?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(path).map_err(|error| Error::io(context(), error))?;
        let deadline = Instant::now() + timeout;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Lock(file)),
                Err(Errno::WOULDBLOCK) if Instant::now() < deadline => thread::sleep(POLL_INTERVAL),
                Err(Errno::WOULDBLOCK) => {
                    return Err(Error::new(Kind::Timeout(Phase::Lock), context())
                        .because("another run is renewing the sign-in of this account")
                        .advise(OAuth::TryAgainLater));
                }
                Err(Errno::INTR) => {}
                Err(errno) => return Err(Error::io(context(), errno.into())),
            }
        }
    }
}

/// The folder of a file, created for its owner alone if it is missing.
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

    #[test]
    fn waiting_for_the_lock_has_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("work.token.lock");
        let held = Lock::take(&path, Duration::ZERO).unwrap();
        let error = Lock::take(&path, Duration::from_millis(10)).unwrap_err();
        assert_eq!(error.kind(), Kind::Timeout(Phase::Lock));
        assert_eq!(error.advice(), Some(&OAuth::TryAgainLater.into()));
        let waiting = thread::spawn({
            let path = path.clone();
            move || Lock::take(&path, Duration::from_secs(30)).map(drop)
        });
        drop(held);
        waiting.join().unwrap().unwrap();
    }
}
