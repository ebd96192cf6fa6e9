//! Delivery into a Maildir: each message a file, written in `tmp/`, moved into `new/` when it is
//! whole and durable. No locks: names are unique and moving is atomic.

mod name;
mod settle;

pub use settle::clean;
pub(super) use settle::{Intent, settle};

use super::files::{
    absolute, create_failed, create_folder, flush_file_system, move_between, open_failed, sync_all,
    sync_folder,
};
use super::line_ends::LineEnds;
use super::{Batch, Delivery, Destination, Place, Receipt};
use crate::error::{Error, Kind, Result};
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The three folders that make a Maildir.
const PARTS: [&str; 3] = ["cur", "new", "tmp"];
/// Bytes gathered before a write, and the largest piece filtered at once.
const BUFFER: usize = 16 * 1024;

/// An opened Maildir.
#[derive(Debug)]
pub struct Maildir {
    folders: Arc<Folders>,
    tag: String,
}

/// A Maildir's folders. Two stay open: files are made and moved by name within them.
#[derive(Debug)]
struct Folders {
    directory: Arc<Path>,
    tmp: File,
    tmp_inode: u64,
    new: File,
}

impl Folders {
    fn in_tmp(&self, name: &str) -> PathBuf {
        self.directory.join("tmp").join(name)
    }
}

impl Maildir {
    /// Opens the Maildir at `path`, creating it where nothing or an empty folder is. `tag` (eight
    /// hex digits) goes into every file name, so that [`clean`] knows this account's leftovers.
    ///
    /// # Errors
    /// [`Kind::Create`]: it cannot be created, or something else stands there.
    pub fn open(path: &Path, tag: &str) -> Result<Maildir> {
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
        Ok(Maildir {
            folders: Arc::new(Folders { directory: directory.into(), tmp, tmp_inode, new }),
            tag: tag.to_owned(),
        })
    }
}

fn not_a_maildir(directory: &Path) -> Error {
    Error::new(Kind::Create, format!("could not use {} as a Maildir", directory.display()))
        .because("the folder holds other things, and no cur, new and tmp")
        .hint("name an empty or a new folder, or create the folders cur, new and tmp in this one")
}

impl Destination for Maildir {
    type Delivery = MaildirDelivery;
    type Batch = MaildirBatch;

    /// What waits costs room on the disk only.
    const ROUND_OCTETS: u64 = 64 << 20;

    const WRITES_AT_ONCE: bool = true;

    fn begin(&self) -> Result<MaildirDelivery> {
        loop {
            let name = name::fresh(&self.tag);
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            match rustix::fs::openat(&self.folders.tmp, &name, flags, Mode::RUSR | Mode::WUSR) {
                Ok(file) => return Ok(MaildirDelivery::new(name, Arc::clone(&self.folders), file.into())),
                // Each name holds a new number, so this comes to an end.
                Err(Errno::EXIST) => {}
                Err(errno) => return Err(create_failed(&self.folders.in_tmp(&name), errno.into())),
            }
        }
    }

    fn flush(&self) -> Result<()> {
        flush_file_system(&self.folders.tmp, &self.folders.directory.join("tmp")).map(drop)
    }

    fn make_durable(&self, messages: &mut [MaildirDelivery]) -> Result<()> {
        messages.iter_mut().try_for_each(Delivery::finish)?;
        // The folder too: only then does a file's absence from tmp/ say that it was delivered.
        let paths = messages.iter().map(|delivery| self.folders.in_tmp(&delivery.name));
        sync_all(&self.folders.tmp, &self.folders.directory.join("tmp"), paths)?;
        messages.iter_mut().for_each(|delivery| delivery.is_durable = true);
        Ok(())
    }

    fn prepare(&self, mut batch: Vec<MaildirDelivery>) -> Result<MaildirBatch> {
        if !batch.iter().all(|delivery| delivery.is_durable) {
            self.make_durable(&mut batch)?;
        }
        let places = batch.into_iter().map(|delivery| Place::Maildir {
            directory: Arc::clone(&self.folders.directory),
            name: delivery.keep(),
            tmp_inode: self.folders.tmp_inode,
        });
        Ok(MaildirBatch { places: places.collect(), folders: Arc::clone(&self.folders) })
    }
}

/// A file in `tmp/`, removed again when dropped.
#[derive(Debug)]
pub struct MaildirDelivery {
    name: String,
    folders: Arc<Folders>,
    /// Until the message is whole: many of them may wait for their batch.
    file: Option<File>,
    line_ends: LineEnds,
    text: Vec<u8>,
    bytes: u64,
    is_durable: bool,
    kept: bool,
}

impl MaildirDelivery {
    fn new(name: String, folders: Arc<Folders>, file: File) -> Self {
        let line_ends = LineEnds::default();
        MaildirDelivery {
            name,
            folders,
            file: Some(file),
            line_ends,
            text: Vec::with_capacity(BUFFER),
            bytes: 0,
            is_durable: false,
            kept: false,
        }
    }

    fn flush(&mut self) -> Result<()> {
        let written = self.file.as_mut().map_or(Ok(()), |file| file.write_all(&self.text));
        written.map_err(|source| {
            Error::io(format!("could not write {}", self.folders.in_tmp(&self.name).display()), source)
        })?;
        self.text.clear();
        Ok(())
    }

    fn keep(mut self) -> String {
        self.kept = true;
        std::mem::take(&mut self.name)
    }
}

impl Delivery for MaildirDelivery {
    fn write(&mut self, chunk: &[u8]) -> Result<()> {
        self.bytes += chunk.len() as u64;
        for piece in chunk.chunks(BUFFER) {
            self.line_ends.push(piece, &mut self.text);
            if self.text.len() >= BUFFER {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        if self.file.is_none() {
            return Ok(());
        }
        self.line_ends.finish(&mut self.text);
        self.flush()?;
        (self.text, self.file) = (Vec::new(), None);
        Ok(())
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for MaildirDelivery {
    fn drop(&mut self) {
        if !self.kept {
            // Should it fail, `clean` finds the file on the next run.
            let _ = rustix::fs::unlinkat(&self.folders.tmp, &self.name, AtFlags::empty());
        }
    }
}

/// Whole files in `tmp/`, about to move into `new/`.
#[derive(Debug)]
pub struct MaildirBatch {
    folders: Arc<Folders>,
    places: Vec<Place>,
}

impl Batch for MaildirBatch {
    fn places(&self) -> &[Place] {
        &self.places
    }

    fn publish(self) -> Result<Vec<Receipt>> {
        let Folders { directory, tmp, new, .. } = &*self.folders;
        let mut receipts = Vec::with_capacity(self.places.len());
        for place in &self.places {
            let Place::Maildir { name, .. } = place else { continue };
            let moved = move_between(tmp, name, new, name).map_err(|source| {
                let (from, to) = (directory.join("tmp").join(name), directory.join("new").join(name));
                let context = format!("could not move {} to {}", from.display(), to.display());
                (source.kind(), Error::io(context, source))
            });
            let stands = |folder: &str| directory.join(folder).is_dir();
            receipts.push(match moved {
                Ok(()) => Receipt::Delivered,
                // NFS repeats a request whose answer got lost. Names are unique: it is ours that stands there.
                Err((io::ErrorKind::NotFound, _)) if directory.join("new").join(name).exists() => {
                    Receipt::Delivered
                }
                // Somebody cleared tmp/ under us. Said now, else its silence would later be taken for a delivery.
                Err((io::ErrorKind::NotFound, error)) if stands("tmp") && stands("new") => {
                    Receipt::Refused(error)
                }
                Err((_, error)) => return Err(error),
            });
        }
        sync_folder(&directory.join("new"))?;
        Ok(receipts)
    }
}

#[cfg(test)]
mod tests;
