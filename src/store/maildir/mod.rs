//! Delivery into a Maildir: each message a file, written in `tmp/`, moved into `new/` when it is
//! whole and durable. No locks: names are unique and moving is atomic.

mod batch;
mod clean;
mod name;
mod settle;

pub(super) use settle::{InDoubt, settle};

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use self::batch::MaildirBatch;
use super::{Batch, Limits, Store};
use crate::advice::Run;
use crate::error::{Error, Kind, Result};
use crate::sys::durable::{
    self, absolute, can_flush_file_system, create_folder, flush_file_system, open_failed,
};

/// The three folders that make a Maildir.
const PARTS: [&str; 3] = ["cur", "new", "tmp"];

/// An opened Maildir.
#[derive(Debug)]
pub(super) struct Maildir {
    folders: Arc<Folders>,
    tag: Arc<str>,
}

/// A Maildir's folders. Two stay open: files are made and moved by name within them.
#[derive(Debug)]
struct Folders {
    directory: Arc<Path>,
    tmp: File,
    tmp_inode: u64,
    new: File,
    /// How many flushes have failed. Each concerns all that was written before it, whichever batch it was for:
    /// the kernel reports a lost write once.
    lost: AtomicU64,
}

impl Folders {
    fn tmp_path(&self) -> PathBuf {
        self.directory.join("tmp")
    }

    fn new_path(&self) -> PathBuf {
        self.directory.join("new")
    }

    /// Remembers a flush of `tmp/` that failed.
    fn note<T>(&self, flushed: Result<T>) -> Result<T> {
        flushed.inspect_err(|_| {
            self.lost.fetch_add(1, Ordering::SeqCst);
        })
    }
}

impl Maildir {
    /// Opens the Maildir at `path`, creating it where nothing or an empty folder is. `tag` (eight
    /// hex digits) goes into every file name, so that [`Maildir::clean`] knows this account's leftovers.
    ///
    /// # Errors
    /// [`Kind::Create`]: it cannot be created, or something else stands there.
    pub(super) fn open(path: &Path, tag: &str) -> Result<Maildir> {
        let directory = absolute(path)?;
        create_folder(&directory)?;
        let unusable = |source| open_failed(&directory, source);
        if !PARTS.iter().all(|part| directory.join(part).is_dir()) {
            for entry in fs::read_dir(&directory).map_err(unusable)? {
                let found = entry.map_err(unusable)?.file_name();
                // Some of the three alone: its creation was interrupted.
                if !PARTS.iter().any(|part| found == *part) {
                    return Err(not_a_maildir(&directory));
                }
            }
            for part in PARTS {
                create_folder(&directory.join(part))?;
            }
        }
        let tmp = File::open(directory.join("tmp")).map_err(unusable)?;
        let tmp_inode = tmp.metadata().map_err(unusable)?.ino();
        let new = File::open(directory.join("new")).map_err(unusable)?;
        let folders =
            Arc::new(Folders { directory: directory.into(), tmp, tmp_inode, new, lost: AtomicU64::new(0) });
        Ok(Maildir { folders, tag: tag.into() })
    }

    /// Removes from `tmp/` what earlier runs for the same tag left behind; says how many files.
    ///
    /// # Errors
    /// `tmp/` cannot be read, or a file in it not removed.
    pub(super) fn clean(&self) -> Result<usize> {
        clean::clean(&self.folders.tmp_path(), &self.tag)
    }
}

fn not_a_maildir(directory: &Path) -> Error {
    Error::new(Kind::Create, format!("could not use {} as a Maildir", directory.display()))
        .because("the folder contains other files, and no cur, new and tmp")
        .advise(Run::NotAMaildir)
}

impl Store for Maildir {
    /// What waits takes room on the disk only.
    fn limits(&self) -> Limits {
        let early_flush = can_flush_file_system(&self.folders.tmp);
        Limits { octets: 64 << 20, messages: 4000, early_flush }
    }

    fn batch(&self) -> Box<dyn Batch> {
        Box::new(MaildirBatch::new(Arc::clone(&self.folders), Arc::clone(&self.tag)))
    }

    fn flush(&self) -> Result<()> {
        let folders = &self.folders;
        folders.note(flush_file_system(&folders.tmp, &folders.tmp_path())).map(drop)
    }

    fn room(&self) -> Option<u64> {
        durable::room(&self.folders.directory)
    }
}

#[cfg(test)]
mod tests;
