//! The dot-lock: a file `MBOX.lock` whose existence says that somebody writes to the mbox. The
//! oldest of the locks, and the only one that reaches across all programs and network mounts.

use super::lock::Wait;
use crate::delivery::files::{create_failed, host, is_alive};
use crate::error::Result;
use rustix::fs::{AtFlags, CWD, FlockOperation, Mode, OFlags, flock, linkat, openat};
use rustix::io::Errno;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A lock of this age, whose owner is not known to live, was forgotten.
const FORGOTTEN: Duration = Duration::from_secs(300);

/// The held lock; dropping it removes the file.
#[derive(Debug)]
pub(super) struct DotLock {
    path: PathBuf,
    file: File,
}

impl DotLock {
    /// Takes the lock of `mbox`, waiting as long as `wait` allows. `None` where the folder lets
    /// nobody create files (a spool folder like /var/mail): other locks must do there.
    ///
    /// # Errors
    /// Out of patience; or the file cannot be created.
    pub(super) fn take(mbox: &Path, wait: &mut Wait) -> Result<Option<DotLock>> {
        let path = lock_path(mbox);
        loop {
            let created = match create_whole(&path) {
                Err(source) if is_answer(&source) => Err(source),
                // Some network and FUSE file systems can neither hide a file nor name it later.
                Err(_) => create_and_write(&path),
                whole => whole,
            };
            match created {
                Ok(file) => return Ok(Some(DotLock { path, file })),
                Err(source) => match source.kind() {
                    io::ErrorKind::AlreadyExists if remove_stale(&path) => {}
                    io::ErrorKind::AlreadyExists => wait.again(mbox, || {
                        format!("remove {} if no other program uses the mbox", path.display())
                    })?,
                    io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => return Ok(None),
                    _ => return Err(create_failed(&path, source)),
                },
            }
        }
    }
}

/// Who holds it, in the form that Dovecot writes and others read up to the colon.
fn owner() -> String {
    format!("{}:{}\n", std::process::id(), host())
}

/// Creates the lock with its owner already in it: one without, which a kill between the two would
/// leave, nobody could judge, and it would keep everybody waiting until it is old.
fn create_whole(path: &Path) -> io::Result<File> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::ROTH;
    let file = File::from(openat(CWD, folder, OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC, mode)?);
    (&file).write_all(owner().as_bytes())?;
    let nameless = format!("/proc/self/fd/{}", file.as_raw_fd());
    linkat(CWD, nameless, CWD, path, AtFlags::SYMLINK_FOLLOW)?;
    Ok(file)
}

/// The same in two steps, between which the lock names nobody.
fn create_and_write(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)?;
    (&file).write_all(owner().as_bytes()).inspect_err(|_| {
        let _ = fs::remove_file(path);
    })?;
    Ok(file)
}

/// Whether a failure speaks of this lock, and not of what the file system cannot do.
fn is_answer(source: &io::Error) -> bool {
    use io::ErrorKind::{AlreadyExists, PermissionDenied, ReadOnlyFilesystem, StorageFull};
    matches!(source.kind(), AlreadyExists | PermissionDenied | ReadOnlyFilesystem | StorageFull)
}

impl Drop for DotLock {
    fn drop(&mut self) {
        // Somebody may have taken ours for forgotten and have made another: that one is not ours.
        if let (Ok(ours), Ok(there)) = (self.file.metadata(), fs::symlink_metadata(&self.path))
            && is_same(&ours, &there)
        {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn lock_path(mbox: &Path) -> PathBuf {
    let mut path = mbox.as_os_str().to_owned();
    path.push(".lock");
    path.into()
}

fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Removes a lock that nobody holds any more. Says whether trying again at once makes sense.
fn remove_stale(path: &Path) -> bool {
    let Ok(mut file) = OpenOptions::new().read(true).custom_flags(NO_WAITING).open(path) else {
        return false;
    };
    let Ok(judged) = file.metadata() else { return false };
    if !judged.is_file() || !is_stale(&mut file, &judged) {
        return false;
    }
    // Two of us may judge the same lock: the second must not remove the one that the first has made since.
    if flock(&file, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK) {
        return false;
    }
    match fs::symlink_metadata(path) {
        Ok(there) if is_same(&there, &judged) => fs::remove_file(path).is_ok(),
        _ => true,
    }
}

/// A FIFO in the lock's place must not hold us up.
const NO_WAITING: i32 = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();

fn is_stale(file: &mut File, judged: &Metadata) -> bool {
    let mut text = Vec::new();
    let _ = file.take(300).read_to_end(&mut text);
    let text = String::from_utf8_lossy(&text);
    let (process, machine) = match text.trim().split_once(':') {
        Some((process, machine)) => (process, Some(machine)),
        None => (text.trim(), None),
    };
    let here = machine.is_none_or(|machine| machine == host());
    let lives = process.parse().ok().filter(|_| here).map(is_alive);
    let old = judged.modified().is_ok_and(|time| time.elapsed().is_ok_and(|age| age > FORGOTTEN));
    match lives {
        Some(true) => false,
        // It says that it is from this machine, and its process is gone: no need to wait.
        Some(false) if machine.is_some() => true,
        _ => old,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Kind, Phase};
    use std::time::SystemTime;

    const MOMENT: Duration = Duration::from_millis(30);

    fn mbox() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let home = tempfile::tempdir().unwrap();
        let mbox = home.path().join("mbox");
        let lock = home.path().join("mbox.lock");
        (home, mbox, lock)
    }

    fn dead_process() -> u32 {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        child.id()
    }

    /// Puts a lock there and says whether we get past it.
    fn passes(owner: &str, age: Duration) -> bool {
        let (home, mbox, lock) = mbox();
        fs::write(&lock, owner).unwrap();
        let file = File::options().write(true).open(&lock).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
        let taken = DotLock::take(&mbox, &mut Wait::new(MOMENT));
        let passed = taken.is_ok();
        drop(taken);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), usize::from(!passed));
        passed
    }

    #[test]
    fn is_held_until_dropped() {
        let (_home, mbox, lock) = mbox();
        let held = DotLock::take(&mbox, &mut Wait::new(MOMENT)).unwrap().unwrap();
        assert_eq!(fs::read_to_string(&lock).unwrap(), format!("{}:{}\n", std::process::id(), host()));
        let error = DotLock::take(&mbox, &mut Wait::new(MOMENT)).unwrap_err();
        assert_eq!(error.kind(), Kind::Timeout(Phase::Lock));
        assert!(error.own_hint().unwrap().contains("mbox.lock"));
        drop(held);
        assert!(!lock.exists());
        DotLock::take(&mbox, &mut Wait::new(MOMENT)).unwrap().unwrap();
    }

    #[test]
    fn whoever_sees_the_lock_sees_its_owner_too() {
        let (_home, mbox, lock) = mbox();
        std::thread::scope(|scope| {
            let holder = scope.spawn(|| {
                for _ in 0..300 {
                    drop(DotLock::take(&mbox, &mut Wait::new(MOMENT)).unwrap());
                }
            });
            while !holder.is_finished() {
                if let Ok(text) = fs::read_to_string(&lock) {
                    assert_eq!(text, owner());
                }
            }
        });
    }

    #[test]
    fn a_file_system_that_cannot_name_a_file_later_has_a_lock_all_the_same() {
        let (_home, _, lock) = mbox();
        drop(create_and_write(&lock).unwrap());
        assert_eq!(fs::read_to_string(&lock).unwrap(), owner());
        assert_eq!(create_and_write(&lock).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn waits_for_its_release() {
        let (_home, mbox, _) = mbox();
        let held = DotLock::take(&mbox, &mut Wait::new(MOMENT)).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| DotLock::take(&mbox, &mut Wait::new(Duration::from_secs(20))));
            std::thread::sleep(MOMENT);
            drop(held);
            assert!(waiting.join().unwrap().unwrap().is_some());
        });
    }

    #[test]
    fn only_forgotten_locks_are_passed() {
        let (young, old) = (Duration::from_secs(10), Duration::from_secs(400));
        let (me, dead, host) = (std::process::id(), dead_process(), host());
        for (owner, age, expected) in [
            (format!("{me}\n"), old, false),
            (format!("{me}:{host}\n"), old, false),
            (format!("{dead}\n"), young, false),
            (format!("{dead}\n"), old, true),
            (format!("{dead}:{host}\n"), young, true),
            (format!("{dead}:not-{host}\n"), young, false),
            (format!("{me}:not-{host}\n"), old, true),
            (String::new(), young, false),
            (String::new(), old, true),
            ("0".to_owned(), old, true),
            ("nonsense".to_owned(), old, true),
        ] {
            assert_eq!(passes(&owner, age), expected, "{owner:?} {age:?}");
        }
    }

    #[test]
    fn a_forgotten_lock_goes_once_however_many_find_it() {
        let (home, mbox, lock) = mbox();
        for _ in 0..50 {
            fs::write(&lock, format!("{}:{}\n", i32::MAX, host())).unwrap();
            let held = std::sync::atomic::AtomicU32::new(0);
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        let taken = DotLock::take(&mbox, &mut Wait::new(Duration::from_secs(20))).unwrap();
                        assert_eq!(held.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                        held.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                        drop(taken);
                    });
                }
            });
        }
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_lock_that_became_anothers_is_left() {
        let (_home, mbox, lock) = mbox();
        let held = DotLock::take(&mbox, &mut Wait::new(MOMENT)).unwrap();
        fs::rename(&lock, lock.with_extension("away")).unwrap();
        fs::write(&lock, "another").unwrap();
        drop(held);
        assert_eq!(fs::read(&lock).unwrap(), b"another");
    }

    #[test]
    fn a_folder_that_is_missing_is_named() {
        let error = DotLock::take(Path::new("/nowhere/mbox"), &mut Wait::new(MOMENT)).unwrap_err();
        assert_eq!(error.to_string(), "could not create /nowhere/mbox.lock");
    }
}
