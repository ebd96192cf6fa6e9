//! Delivery into a Maildir: each message a file, written in `tmp/`, moved into `new/` when it is
//! whole and durable. No locks: names are unique and moving is atomic.

mod name;
mod settle;

pub use settle::clean;
pub(super) use settle::{Intent, settle};

use super::files::{
    absolute, create_failed, create_folder, move_to_free_name, open_failed, sync_all, sync_folder,
};
use super::line_ends::LineEnds;
use super::{Batch, Delivery, Destination, Place, Receipt};
use crate::error::{Error, Kind, Result};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The three folders that make a Maildir.
const PARTS: [&str; 3] = ["cur", "new", "tmp"];
/// Bytes gathered before a write, and the largest piece filtered at once.
const BUFFER: usize = 16 * 1024;

/// An opened Maildir.
#[derive(Debug)]
pub struct Maildir {
    directory: PathBuf,
    tag: String,
    tmp_inode: u64,
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
        let tmp_inode = fs::metadata(directory.join("tmp")).map_err(unusable)?.ino();
        Ok(Maildir { directory, tag: tag.to_owned(), tmp_inode })
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

    fn begin(&self) -> Result<MaildirDelivery> {
        loop {
            let name = name::fresh(&self.tag);
            let path = self.directory.join("tmp").join(&name);
            match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
                Ok(file) => return Ok(MaildirDelivery::new(name, path, file)),
                // Each name holds a new number, so this comes to an end.
                Err(source) if source.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(create_failed(&path, source)),
            }
        }
    }

    fn prepare(&self, mut batch: Vec<MaildirDelivery>) -> Result<MaildirBatch> {
        batch.iter_mut().try_for_each(Delivery::finish)?;
        // The folder too: only then does a file's absence from tmp/ say that it was delivered.
        sync_all(&self.directory.join("tmp"), batch.iter().map(|delivery| delivery.path.as_path()))?;
        let places = batch.into_iter().map(|delivery| Place::Maildir {
            directory: self.directory.clone(),
            name: delivery.keep(),
            tmp_inode: self.tmp_inode,
        });
        Ok(MaildirBatch { directory: self.directory.clone(), places: places.collect() })
    }
}

/// A file in `tmp/`, removed again when dropped.
#[derive(Debug)]
pub struct MaildirDelivery {
    name: String,
    path: PathBuf,
    /// Until the message is whole: many of them may wait for their batch.
    file: Option<File>,
    line_ends: LineEnds,
    text: Vec<u8>,
    bytes: u64,
    kept: bool,
}

impl MaildirDelivery {
    fn new(name: String, path: PathBuf, file: File) -> Self {
        let line_ends = LineEnds::default();
        MaildirDelivery { name, path, file: Some(file), line_ends, text: Vec::new(), bytes: 0, kept: false }
    }

    fn flush(&mut self) -> Result<()> {
        let written = self.file.as_mut().map_or(Ok(()), |file| file.write_all(&self.text));
        written.map_err(|source| Error::io(format!("could not write {}", self.path.display()), source))?;
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
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whole files in `tmp/`, about to move into `new/`.
#[derive(Debug)]
pub struct MaildirBatch {
    directory: PathBuf,
    places: Vec<Place>,
}

impl Batch for MaildirBatch {
    fn places(&self) -> &[Place] {
        &self.places
    }

    fn publish(self) -> Result<Vec<Receipt>> {
        let (tmp, new) = (self.directory.join("tmp"), self.directory.join("new"));
        let mut receipts = Vec::with_capacity(self.places.len());
        for place in &self.places {
            let Place::Maildir { name, .. } = place else { continue };
            let (from, to) = (tmp.join(name), new.join(name));
            let moved = move_to_free_name(&from, &to).map_err(|source| {
                (
                    source.kind(),
                    Error::io(format!("could not move {} to {}", from.display(), to.display()), source),
                )
            });
            receipts.push(match moved {
                Ok(()) => Receipt::Delivered,
                // NFS repeats a request whose answer got lost. Names are unique: it is ours that stands there.
                Err((io::ErrorKind::NotFound, _)) if to.exists() => Receipt::Delivered,
                // Somebody cleared tmp/ under us. Said now, else its silence would later be taken for a delivery.
                Err((io::ErrorKind::NotFound, error)) if tmp.is_dir() && new.is_dir() => {
                    Receipt::Refused(error)
                }
                Err((_, error)) => return Err(error),
            });
        }
        sync_folder(&new)?;
        Ok(receipts)
    }
}

#[cfg(test)]
mod tests;
