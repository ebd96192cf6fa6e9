//! The lock on an mbox: dot-lock and `fcntl`, the two that mail programs agree on, in the order in
//! which Dovecot and others take them; and within this process a list, because neither is sure to
//! keep two threads apart. Held only while appending.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, fcntl_lock, major, minor};
use rustix::io::Errno;

use super::dot_lock::DotLock;
use crate::advice::Run;
use crate::error::{Error, Kind, Phase, Result};
use crate::sys::durable::open_failed;
use crate::sys::process;
use crate::sys::stop::{LOOK_EVERY, Stop};
use crate::sys::{Awaited, Waiting};

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
    /// `Timeout(Lock)`: another program holds it for longer than `wait` lasts; [`Kind::Interrupted`]: a stop was
    /// requested meanwhile; [`Kind::Create`]: it cannot be opened.
    pub(super) fn open(path: &Path, create: bool, mut wait: Wait) -> Result<Locked> {
        let claim = Claim::take(path, &mut wait)?;
        let dot = DotLock::take(path, &mut wait)?;
        loop {
            let opened = OpenOptions::new().read(true).write(true).create(create).mode(0o600).open(path);
            let file = opened.map_err(|source| open_failed(path, source))?;
            while let Err(source) = fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
                match source {
                    Errno::AGAIN | Errno::ACCESS => wait.again(path, || Holder {
                        described: holder(&file).map_or("another program".to_owned(), process::described),
                        advice: Run::CloseProgram,
                    })?,
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

/// The process that holds an `fcntl` lock on the file, where the kernel knows it (proc_locks(5)). Not asked by
/// `F_GETLK`, which answers with a negative number for locks of other machines and of open file descriptions.
fn holder(file: &File) -> Option<i32> {
    let found = file.metadata().ok()?;
    let id = format!("{:02x}:{:02x}:{}", major(found.dev()), minor(found.dev()), found.ino());
    let locks = fs::read_to_string("/proc/locks").ok()?;
    // `1: POSIX  ADVISORY  WRITE 1234 08:01:5678 0 EOF`; with `->` behind the number it only waits.
    let of_line = |line: &str| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let (kind, _, _, process, place) =
            (fields.next()?, fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        (kind == "POSIX" && place == id).then(|| process.parse().ok())?
    };
    locks.lines().find_map(of_line).filter(|process: &i32| *process > 0)
}

/// Who holds a lock that is waited for, and what the user can do about it.
#[derive(Debug)]
pub(super) struct Holder {
    pub(super) described: String,
    pub(super) advice: Run,
}

/// How often it is found out who holds the lock that is waited for.
const LOOK_FOR_HOLDER_EVERY: Duration = Duration::from_secs(1);

/// A wait for a lock: short pauses that grow, until a moment, or until soon after a stop was requested.
#[derive(Debug)]
pub(super) struct Wait {
    begun: Instant,
    until: Instant,
    pause: Duration,
    stop: Stop,
    /// What whoever watches is told, and when the holder was looked for last.
    told: Option<(Waiting, Instant)>,
}

impl Wait {
    /// For so long from now, unless stopped.
    pub(super) fn new(timeout: Duration, stop: &Stop) -> Self {
        let begun = Instant::now();
        let (until, pause) = (begun + timeout, Duration::from_millis(5));
        Wait { begun, until, pause, stop: stop.clone(), told: None }
    }

    /// Pauses.
    ///
    /// # Errors
    /// The moment has come: the lock of `mbox` is held by another.
    pub(super) fn again(&mut self, mbox: &Path, holder: impl FnOnce() -> Holder) -> Result<()> {
        let now = Instant::now();
        let left = self.stop.bound(self.until, self.begun).saturating_duration_since(now);
        if left.is_zero() {
            let Holder { described, advice } = holder();
            let kind = if now < self.until { Kind::Interrupted } else { Kind::Timeout(Phase::Lock) };
            return Err(Error::new(kind, format!("could not lock {}", mbox.display()))
                .because(format!("{described} holds it"))
                .advise(advice));
        }
        self.tell(now, mbox, holder);
        thread::sleep(self.pause.min(left));
        self.pause = (self.pause * 2).min(LOOK_EVERY);
        Ok(())
    }
}

impl Wait {
    /// Tells whoever watches who holds the lock, once the wait is no short one.
    fn tell(&mut self, now: Instant, mbox: &Path, holder: impl FnOnce() -> Holder) {
        let looked = self.told.as_ref().map_or(self.begun, |(_, looked)| *looked);
        if now.duration_since(looked) < LOOK_FOR_HOLDER_EVERY {
            return;
        }
        let awaited = Awaited::Lock { of: mbox.display().to_string(), holder: holder().described };
        match &mut self.told {
            Some((waiting, looked)) => {
                waiting.is_for(awaited);
                *looked = now;
            }
            None => {
                let limit = self.until.saturating_duration_since(self.begun);
                self.told = Some((self.stop.waiting_since(self.begun, awaited, limit), now));
            }
        }
    }
}

/// The mboxes that a thread of this process works on. `fcntl` locks belong to the process: they do
/// not keep threads apart, and end when any thread closes the file.
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
    /// The wait has ended.
    pub(super) fn take(path: &Path, wait: &mut Wait) -> Result<Claim> {
        while !claimed().insert(path.to_owned()) {
            wait.again(path, || Holder {
                described: "another account of this run".to_owned(),
                advice: Run::OneAccountAtATime,
            })?;
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

    fn wait(timeout: Duration) -> Wait {
        Wait::new(timeout, &Stop::new())
    }

    fn kind(result: Result<Locked>) -> Kind {
        result.unwrap_err().kind()
    }

    #[test]
    fn one_at_a_time_within_the_process() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("mbox");
        let held = Locked::open(&path, true, wait(MOMENT)).unwrap();
        let error = Locked::open(&path, true, wait(MOMENT)).unwrap_err();
        let timeout = Kind::Timeout(Phase::Lock);
        assert_eq!((error.kind(), error.advice()), (timeout, Some(&Run::OneAccountAtATime.into())));
        assert!(home.path().join("mbox.lock").exists());
        drop(held);
        assert!(!home.path().join("mbox.lock").exists());
        Locked::open(&path, false, wait(MOMENT)).unwrap();
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
        let error = Locked::open(&path, true, wait(MOMENT)).unwrap_err();
        let timeout = Kind::Timeout(Phase::Lock);
        assert_eq!((error.kind(), error.advice()), (timeout, Some(&Run::CloseProgram.into())));
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(
            cause == format!("process {} (python3) holds it", other.id())
                || cause == "another program holds it",
            "{cause}"
        );
        assert!(!home.path().join("mbox.lock").exists(), "no dot-lock stays behind");
        drop(other.stdin.take());
        let locked = Locked::open(&path, true, wait(Duration::from_secs(20))).unwrap();
        // It is the new file that is locked, not the one we first opened.
        assert_eq!(io::read_to_string(locked.file()).unwrap(), "rewritten");
        other.wait().unwrap();
    }

    #[test]
    fn a_wait_for_the_lock_ends_when_a_stop_is_requested() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("mbox");
        let _held = Locked::open(&path, true, wait(MOMENT)).unwrap();
        let stop = Stop::new();
        let began = Instant::now();
        std::thread::scope(|scope| {
            let waiting =
                scope.spawn(|| Locked::open(&path, true, Wait::new(Duration::from_secs(300), &stop)));
            thread::sleep(MOMENT);
            stop.request();
            stop.request();
            assert_eq!(kind(waiting.join().unwrap()), Kind::Interrupted);
        });
        assert!(began.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn a_missing_mbox_is_told_as_such() {
        let home = tempfile::tempdir().unwrap();
        let error = Locked::open(&home.path().join("mbox"), false, wait(MOMENT)).unwrap_err();
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
