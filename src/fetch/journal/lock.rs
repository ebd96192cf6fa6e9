//! One run at a time: a [`LockFile`] beside the journal.

use std::path::{Path, PathBuf};

use crate::advice::Run;
use crate::error::{Error, Kind, Result};
use crate::sys::lock_file::{Attempt, LockFile};

/// Held as long as it lives.
#[derive(Debug)]
pub(in crate::fetch) struct Lock {
    _file: LockFile,
}

impl Lock {
    /// Takes the lock of that journal; [`Kind::AlreadyRunning`] at once when another run has it.
    pub(in crate::fetch) fn take(journal: &Path) -> Result<Lock> {
        let path = path_of(journal);
        let context = || format!("could not lock {}", path.display());
        match LockFile::try_take(&path).map_err(|source| Error::io(context(), source))? {
            Attempt::Taken(file) => Ok(Lock { _file: file }),
            Attempt::Held(holder) => Err(Error::new(Kind::AlreadyRunning, context())
                .because(match holder {
                    Some(holder) => format!("already running, as {holder}"),
                    None => "already running".to_owned(),
                })
                .advise(Run::AwaitOtherRun)),
        }
    }
}

fn path_of(journal: &Path) -> PathBuf {
    let mut path = journal.as_os_str().to_owned();
    path.push(".lock");
    path.into()
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
        let this = crate::sys::process::described(std::process::id().cast_signed());
        assert!(this.ends_with(')'), "{this}");
        assert_eq!(cause, format!("already running, as {this}"));
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
