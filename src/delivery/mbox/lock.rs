//! The lock on an mbox: dot-lock and `fcntl`, the two that mail programs agree on, in the order in
//! which Dovecot and others take them; and within this process a list, because neither is sure to
//! keep two threads apart. Held only while appending.

use super::dot_lock::DotLock;
use crate::delivery::files::open_failed;
use crate::error::{Error, Kind, Phase, Result};
use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::io::Errno;
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A locked mbox, open for reading and writing. Dropping it unlocks.
#[derive(Debug)]
pub(super) struct Locked {
    // Dropped in this order: the file's lock goes with its closing, before others may come.
    file: File,
    _dot: Option<DotLock>,
    _claim: Claim,
}

impl Locked {
    /// Opens and locks the mbox, creating it if `create` says so.
    ///
    /// # Errors
    /// `Timeout(Lock)`: another program holds it for longer than `patience`; [`Kind::Create`]: it
    /// cannot be opened.
    pub(super) fn open(path: &Path, create: bool, patience: Duration) -> Result<Locked> {
        let mut wait = Wait::new(patience);
        let claim = Claim::take(path, &mut wait)?;
        let dot = DotLock::take(path, &mut wait)?;
        loop {
            let opened = OpenOptions::new().read(true).write(true).create(create).mode(0o600).open(path);
            let file = opened.map_err(|source| open_failed(path, source))?;
            while let Err(source) = fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
                match source {
                    Errno::AGAIN | Errno::ACCESS => {
                        wait.again(path, || "close the program that uses it".into())?
                    }
                    Errno::INTR => {}
                    other => {
                        return Err(Error::io(format!("could not lock {}", path.display()), other.into()));
                    }
                }
            }
            // While we waited, the holder may have put another file in its place.
            if is_still_there(path, &file) {
                return Ok(Locked { file, _dot: dot, _claim: claim });
            }
        }
    }

    /// The mbox.
    pub(super) fn file(&self) -> &File {
        &self.file
    }
}

fn is_still_there(path: &Path, file: &File) -> bool {
    let same =
        |open: fs::Metadata, there: fs::Metadata| (open.dev(), open.ino()) == (there.dev(), there.ino());
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(there)) => same(open, there),
        (_, Err(source)) => source.kind() != io::ErrorKind::NotFound,
        (Err(_), _) => true,
    }
}

/// Patience: short pauses that grow, until a moment.
#[derive(Debug)]
pub(super) struct Wait {
    until: Instant,
    pause: Duration,
}

impl Wait {
    /// For so long from now.
    pub(super) fn new(patience: Duration) -> Self {
        Wait { until: Instant::now() + patience, pause: Duration::from_millis(5) }
    }

    /// Pauses.
    ///
    /// # Errors
    /// The moment has come: the lock of `mbox` was not to be had; `hint` says what to do.
    pub(super) fn again(&mut self, mbox: &Path, hint: impl FnOnce() -> String) -> Result<()> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Error::new(Kind::Timeout(Phase::Lock), format!("could not lock {}", mbox.display()))
                .because("another program holds it")
                .hint(hint()));
        }
        thread::sleep(self.pause.min(left));
        self.pause = (self.pause * 2).min(Duration::from_millis(200));
        Ok(())
    }
}

/// The mboxes that a thread of this process works on. `fcntl` locks belong to the process: they do
/// not keep threads apart, and are gone when any thread closes the file.
static CLAIMED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn claimed() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    CLAIMED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An entry in that list; whoever opens the mbox for any purpose needs it.
#[derive(Debug)]
pub(super) struct Claim(PathBuf);

impl Claim {
    /// Waits until no other thread works on the mbox.
    ///
    /// # Errors
    /// Out of patience.
    pub(super) fn take(path: &Path, wait: &mut Wait) -> Result<Claim> {
        while !claimed().insert(path.to_owned()) {
            wait.again(path, || "deliver into another file, or fetch the accounts one by one".into())?;
        }
        Ok(Claim(path.to_owned()))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        claimed().remove(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::os::unix::fs::PermissionsExt;
    use std::process::{Command, Stdio};

    const MOMENT: Duration = Duration::from_millis(30);

    /// Locks a file as a mail reader does, until its input ends; then replaces it.
    const HOLD_THEN_REPLACE: &str = "\
import fcntl, os, sys
held = open(sys.argv[1], 'r+')
fcntl.lockf(held, fcntl.LOCK_EX)
print('held', flush=True)
sys.stdin.read()
os.rename(sys.argv[2], sys.argv[1])
";

    fn kind(result: Result<Locked>) -> Kind {
        result.unwrap_err().kind()
    }

    #[test]
    fn one_at_a_time_within_the_process() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("mbox");
        let held = Locked::open(&path, true, MOMENT).unwrap();
        assert_eq!(kind(Locked::open(&path, true, MOMENT)), Kind::Timeout(Phase::Lock));
        assert!(home.path().join("mbox.lock").exists());
        drop(held);
        assert!(!home.path().join("mbox.lock").exists());
        Locked::open(&path, false, MOMENT).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn the_fcntl_lock_of_another_process_is_respected() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("mbox");
        fs::write(&path, "").unwrap();
        let replacement = home.path().join("mbox.new");
        fs::write(&replacement, "rewritten").unwrap();
        let mut other = Command::new("python3")
            .args(["-c", HOLD_THEN_REPLACE])
            .args([&path, &replacement])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(other.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "held\n");
        assert_eq!(kind(Locked::open(&path, true, MOMENT)), Kind::Timeout(Phase::Lock));
        assert!(!home.path().join("mbox.lock").exists(), "no dot-lock stays behind");
        drop(other.stdin.take());
        let locked = Locked::open(&path, true, Duration::from_secs(20)).unwrap();
        // It is the new file that is locked, not the one we first opened.
        assert_eq!(io::read_to_string(locked.file()).unwrap(), "rewritten");
        other.wait().unwrap();
    }

    #[test]
    fn a_missing_mbox_is_told_as_such() {
        let home = tempfile::tempdir().unwrap();
        let error = Locked::open(&home.path().join("mbox"), false, MOMENT).unwrap_err();
        assert_eq!(error.to_string(), format!("could not open {}", home.path().join("mbox").display()));
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_replaced_file_is_noticed() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("mbox");
        fs::write(&path, "old").unwrap();
        let file = File::open(&path).unwrap();
        assert!(is_still_there(&path, &file));
        fs::write(home.path().join("next"), "new").unwrap();
        fs::rename(home.path().join("next"), &path).unwrap();
        assert!(!is_still_there(&path, &file));
        fs::remove_file(&path).unwrap();
        assert!(!is_still_there(&path, &file));
    }
}
