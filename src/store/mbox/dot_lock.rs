//! The dot-lock: a file `MBOX.lock` whose existence says that somebody writes to the mbox. The
//! oldest of the locks, and the only one that reaches across all programs and network mounts.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FlockOperation, Mode, OFlags, flock, linkat, openat};
use rustix::io::Errno;

use super::lock::{Holder, Wait};
use super::owner::Owner;
use crate::advice::Run;
use crate::error::Result;
use crate::sys::durable::{create_failed, sync_folder, sync_if_possible};

/// The held lock; dropping it removes the file.
#[derive(Debug)]
pub(super) struct DotLock {
    path: PathBuf,
    file: File,
}

impl DotLock {
    /// Takes the lock of `mbox`, waiting as long as `wait` allows. It is durable then, together with who holds
    /// it: what a power cut leaves of it can be told from the lock of a living process. `None` where the folder
    /// lets nobody create files (a spool folder like /var/mail): other locks must do there.
    ///
    /// # Errors
    /// The wait has ended; or the file cannot be created or flushed.
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
                Ok(file) => {
                    let lock = DotLock { path, file };
                    sync_folder(folder_of(mbox))?;
                    return Ok(Some(lock));
                }
                Err(source) => match source.kind() {
                    io::ErrorKind::AlreadyExists if remove_stale(&path) => {}
                    io::ErrorKind::AlreadyExists => wait.again(mbox, || Holder {
                        described: read(&path)
                            .map_or("another program".to_owned(), |owner| owner.described()),
                        advice: Run::RemoveDotLock(path.clone()),
                    })?,
                    io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => return Ok(None),
                    _ => return Err(create_failed(&path, source)),
                },
            }
        }
    }
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

/// Creates the lock with its owner already in it: one without, which a kill between the two would
/// leave, nobody could judge, and it would keep everybody waiting until it is old.
fn create_whole(path: &Path) -> io::Result<File> {
    let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::ROTH;
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let file = File::from(openat(CWD, folder_of(path), flags, mode)?);
    write_owner(&file)?;
    let nameless = format!("/proc/self/fd/{}", file.as_raw_fd());
    linkat(CWD, nameless, CWD, path, AtFlags::SYMLINK_FOLLOW)?;
    Ok(file)
}

/// The same in two steps, between which the lock names nobody.
fn create_and_write(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o644).open(path)?;
    write_owner(&file).inspect_err(|_| {
        let _ = fs::remove_file(path);
    })?;
    Ok(file)
}

/// Writes who holds the lock, durably. As long as the file stays open here, the kernel too says that it is held:
/// to ours in another container, for example, where nobody can see this process.
fn write_owner(mut file: &File) -> io::Result<()> {
    // Where the file system has no such locks, what is written must do.
    let _ = flock(file, FlockOperation::NonBlockingLockExclusive);
    file.write_all(Owner::this().text().as_bytes())?;
    sync_if_possible(file)
}

/// Whether a failure speaks of this lock, and not of what the file system cannot do.
fn is_answer(source: &io::Error) -> bool {
    use io::ErrorKind::{AlreadyExists, PermissionDenied, ReadOnlyFilesystem, StorageFull};
    matches!(source.kind(), AlreadyExists | PermissionDenied | ReadOnlyFilesystem | StorageFull)
}

fn lock_path(mbox: &Path) -> PathBuf {
    let mut path = mbox.as_os_str().to_owned();
    path.push(".lock");
    path.into()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// A FIFO in the lock's place must not hold us up.
const NO_WAITING: i32 = OFlags::NONBLOCK.bits().cast_signed();

/// A lock's file, for writing where that is allowed: on NFS only then the kernel tells who locks it.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(NO_WAITING);
    options.clone().write(true).open(path).or_else(|_| options.open(path))
}

/// Who holds that lock, as far as it says.
fn read(path: &Path) -> Option<Owner> {
    read_owner(&open(path).ok()?)
}

/// `None`: it is no regular file.
fn read_owner(file: &File) -> Option<Owner> {
    file.metadata().ok().filter(Metadata::is_file)?;
    let mut text = Vec::new();
    let _ = file.take(1024).read_to_end(&mut text);
    Some(Owner::parse(&text))
}

/// Removes a lock that nobody holds any more. Says whether trying again at once makes sense.
fn remove_stale(path: &Path) -> bool {
    let Ok(file) = open(path) else { return false };
    let Ok(judged) = file.metadata() else { return false };
    if !read_owner(&file).is_some_and(|owner| owner.is_gone(judged.modified().ok())) {
        return false;
    }
    // One of ours lives, whatever its text seems to say. Or two of us judge the same lock: the second must not
    // remove the one that the first has made since.
    if flock(&file, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK) {
        return false;
    }
    match fs::symlink_metadata(path) {
        Ok(there) if is_same(&there, &judged) => fs::remove_file(path).is_ok(),
        _ => true,
    }
}

#[cfg(test)]
mod tests;
