//! One run at a time renews a sign-in: a provider that rotates refresh tokens accepts each of them once, and of
//! two runs that renew at the same time one would store a token that the other has used up.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::advice::OAuth;
use crate::error::{Error, Kind, Phase, Result};
use crate::sys::lock_file::{Attempt, LockFile};
use crate::sys::{Awaited, Stop};

/// How often to retry while the lock is held.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Held while a sign-in is stored, renewed or removed.
#[derive(Debug)]
pub(super) struct Lock {
    _file: LockFile,
}

impl Lock {
    /// Takes the lock; waits while another run holds it. Whoever watches `stop` is told so.
    ///
    /// # Errors
    /// [`Kind::Timeout`] of the phase `Lock` if the other run holds it for longer than `timeout`.
    pub(super) fn take(path: &Path, timeout: Duration, stop: &Stop) -> Result<Lock> {
        let context = || format!("could not lock {}", path.display());
        folder_of(path)?;
        let deadline = Instant::now() + timeout;
        let mut waiting = None;
        loop {
            let attempt = LockFile::try_take(path).map_err(|error| Error::io(context(), error))?;
            let holder = match attempt {
                Attempt::Taken(file) => return Ok(Lock { _file: file }),
                Attempt::Held(holder) => holder.unwrap_or_else(|| "another run".to_owned()),
            };
            if Instant::now() >= deadline {
                return Err(Error::new(Kind::Timeout(Phase::Lock), context())
                    .because(format!("{holder} is renewing the sign-in of this account"))
                    .advise(OAuth::TryAgainLater));
            }
            waiting.get_or_insert_with(|| {
                let of = path.display().to_string();
                stop.waiting(Awaited::Lock { of, holder }, timeout)
            });
            thread::sleep(POLL_INTERVAL);
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
        let held = Lock::take(&path, Duration::ZERO, &Stop::new()).unwrap();
        let error = Lock::take(&path, Duration::from_millis(10), &Stop::new()).unwrap_err();
        assert_eq!(error.kind(), Kind::Timeout(Phase::Lock));
        assert_eq!(error.advice(), Some(&OAuth::TryAgainLater.into()));
        let stop = Stop::new();
        let waiting = thread::spawn({
            let (path, stop) = (path.clone(), stop.clone());
            move || Lock::take(&path, Duration::from_secs(30), &stop).map(drop)
        });
        // Whoever watches is told who holds it.
        let told = loop {
            match stop.waits().longest(Duration::ZERO) {
                Some(wait) => break wait.awaited.to_string(),
                None => thread::sleep(Duration::from_millis(1)),
            }
        };
        let this = crate::sys::process::described(std::process::id().cast_signed());
        assert_eq!(told, format!("waiting for {this}, which holds the lock of {}", path.display()));
        drop(held);
        waiting.join().unwrap().unwrap();
    }
}
