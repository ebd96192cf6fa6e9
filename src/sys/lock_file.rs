//! A lock between processes: an exclusive `flock` on a file that is never renamed and never removed, so that two
//! processes can never hold locks on two files of one name. The kernel lets go of it when the process ends, however
//! it ends: there is no stale lock. The file says who holds it, for people only.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::process;

/// Held as long as it lives.
#[derive(Debug)]
pub(crate) struct LockFile(File);

/// What came of an attempt.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// It is ours.
    Taken(LockFile),
    /// Another process holds it; who, where that is known: `process 7 (pop3)`.
    Held(Option<String>),
}

impl LockFile {
    /// Tries to take the lock; the file is created if it is missing.
    ///
    /// # Errors
    /// The file cannot be opened, or its file system has no such locks.
    pub(crate) fn try_take(path: &Path) -> io::Result<Attempt> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(path)?;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                Err(Errno::WOULDBLOCK) => return Ok(Attempt::Held(holder(&file))),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        // Who holds it is for people only: a failure to say so is none.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Attempt::Taken(LockFile(file)))
    }
}

impl Drop for LockFile {
    /// Lets go even where another thread is just starting a program: until that has closed what it does not
    /// inherit, it holds this file as well, and closing our end alone would not unlock it.
    fn drop(&mut self) {
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

fn holder(file: &File) -> Option<String> {
    let mut holder = String::new();
    let _ = file.take(20).read_to_string(&mut holder);
    holder.trim().parse().ok().filter(|process: &i32| *process > 0).map(process::described)
}
