//! One run at a time: an exclusive `flock` on a file beside the journal that is never renamed and never
//! removed, so that two runs can never hold locks on two files of one name. The kernel lets go of it when the
//! process ends, however it ends: there is no stale lock.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::advice::Run;
use crate::error::{Error, Kind, Result};

/// Held as long as it lives.
#[derive(Debug)]
pub(in crate::fetch) struct Lock {
    file: File,
}

impl Drop for Lock {
    /// Lets go even where another thread is just starting a program: until that has closed what it does not
    /// inherit, it holds this file as well, and closing our end alone would not unlock it.
    fn drop(&mut self) {
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}

impl Lock {
    /// Takes the lock of that journal; [`Kind::AlreadyRunning`] at once when another run has it.
    pub(in crate::fetch) fn take(journal: &Path) -> Result<Lock> {
        let path = path_of(journal);
        let io = |source| Error::io(format!("could not lock {}", path.display()), source);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(&path).map_err(io)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(already_running(&path, &mut file)),
            Err(errno) => return Err(io(errno.into())),
        }
        // Who holds it is for people only: a failure to say so is none.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Lock { file })
    }
}

fn path_of(journal: &Path) -> PathBuf {
    let mut path = journal.as_os_str().to_owned();
    path.push(".lock");
    path.into()
}

fn already_running(path: &Path, file: &mut File) -> Error {
    let mut holder = String::new();
    let _ = file.take(20).read_to_string(&mut holder);
    let cause = match holder.trim().parse::<u32>() {
        Ok(pid) => format!("already running, as process {pid}"),
        Err(_) => "already running".to_owned(),
    };
    Error::new(Kind::AlreadyRunning, format!("could not lock {}", path.display()))
        .because(cause)
        .advise(Run::AwaitOtherRun)
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::process::Command;

    use super::*;

    /// Where the process below finds the journal to lock.
    const VARIABLE: &str = "POP3_TEST_LOCK";

    #[test]
    fn is_exclusive_between_two_descriptions_of_one_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = folder.path().join("a.journal");
        let held = Lock::take(&journal).expect("free");
        let error = Lock::take(&journal).expect_err("held");
        assert_eq!((error.kind(), error.advice()), (Kind::AlreadyRunning, Some(&Run::AwaitOtherRun.into())));
        let cause = error.source().expect("a cause").to_string();
        assert_eq!(cause, format!("already running, as process {}", std::process::id()));
        drop(held);
        Lock::take(&journal).expect("free again");
        assert!(path_of(&journal).exists(), "the file stays");
    }

    #[test]
    fn is_exclusive_between_two_processes() {
        if let Some(journal) = std::env::var_os(VARIABLE) {
            let error = Lock::take(Path::new(&journal)).expect_err("held by the other process");
            assert_eq!(error.kind(), Kind::AlreadyRunning);
            return;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let journal = folder.path().join("a.journal");
        let name = std::thread::current().name().expect("a test's thread has its name").to_owned();
        let mut other = Command::new(std::env::current_exe().expect("this program"));
        other.args(["--exact", &name]).env(VARIABLE, &journal);
        let held = Lock::take(&journal).expect("free");
        let refused = other.output().expect("it runs");
        assert!(refused.status.success(), "{refused:?}");
        assert!(String::from_utf8_lossy(&refused.stdout).contains("1 passed"), "{refused:?}");
        drop(held);
        let taken = other.output().expect("it runs");
        assert!(!taken.status.success(), "a free lock is taken by the other process");
    }
}
