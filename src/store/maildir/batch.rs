//! Messages on their way into a Maildir: files in `tmp/`, which move into `new/`.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::{Folders, name};
use crate::error::{Error, Kind, Result};
use crate::store::line_ends::LineEnds;
use crate::store::{Batch, Place, Receipt, Refusal, nothing_begun};
use crate::sys::durable::{create_failed, move_between, sync_files, sync_folder};

/// Bytes gathered before a write, and the largest piece filtered at once.
pub(super) const BUFFER: usize = 16 * 1024;

/// Messages in `tmp/`.
#[derive(Debug)]
pub(super) struct MaildirBatch {
    folders: Arc<Folders>,
    tag: Arc<str>,
    /// The message that was begun.
    current: Option<Writing>,
    /// The buffer of the message before, for the next one.
    spare: Vec<u8>,
    /// Those that are whole; `None` where one was discarded.
    messages: Vec<Option<Temporary>>,
    /// So many of them are durable.
    durable: usize,
    /// How many flushes had failed when it began: after one more nobody knows what the disk holds of it.
    lost: u64,
    /// The names of what is to be published.
    prepared: Vec<String>,
}

/// The message that is being written.
#[derive(Debug)]
struct Writing {
    temporary: Temporary,
    file: File,
    line_ends: LineEnds,
    text: Vec<u8>,
}

impl Writing {
    fn write_out(&mut self) -> Result<()> {
        let written = self.file.write_all(&self.text);
        self.text.clear();
        written.map_err(|source| {
            Error::io(format!("could not write {}", self.temporary.path().display()), source)
        })
    }
}

/// A file in `tmp/`, removed again when dropped.
#[derive(Debug)]
struct Temporary {
    name: String,
    folders: Arc<Folders>,
    is_kept: bool,
}

impl Temporary {
    fn path(&self) -> PathBuf {
        self.folders.tmp_path().join(&self.name)
    }

    /// Leaves the file there, and gives its name.
    fn keep(mut self) -> String {
        self.is_kept = true;
        std::mem::take(&mut self.name)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.is_kept {
            // Should it fail, the next run removes the file.
            let _ = rustix::fs::unlinkat(&self.folders.tmp, &self.name, AtFlags::empty());
        }
    }
}

impl MaildirBatch {
    pub(super) fn new(folders: Arc<Folders>, tag: Arc<str>) -> Self {
        let lost = folders.lost.load(Ordering::SeqCst);
        MaildirBatch {
            folders,
            tag,
            current: None,
            spare: Vec::new(),
            messages: Vec::new(),
            durable: 0,
            lost,
            prepared: Vec::new(),
        }
    }

    /// Creates a file in `tmp/` under a name that was never used before.
    fn create(&self) -> Result<(Temporary, File)> {
        loop {
            let name = name::fresh(&self.tag);
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            match rustix::fs::openat(&self.folders.tmp, &name, flags, Mode::RUSR | Mode::WUSR) {
                Ok(file) => {
                    let folders = Arc::clone(&self.folders);
                    return Ok((Temporary { name, folders, is_kept: false }, file.into()));
                }
                // Each name holds a new number, so this comes to an end.
                Err(Errno::EXIST) => {}
                Err(errno) => return Err(create_failed(&self.folders.tmp_path().join(&name), errno.into())),
            }
        }
    }

    /// Does something with the message that was begun; a failure abandons it.
    fn with_current(&mut self, work: impl FnOnce(&mut Writing) -> Result<()>) -> Result<()> {
        let result = work(self.current.as_mut().ok_or_else(nothing_begun)?);
        if result.is_err() {
            self.abandon();
        }
        result
    }

    /// Moves one file from `tmp/` to `new/`.
    fn move_to_new(&self, name: &str) -> Result<Receipt> {
        let Folders { directory, tmp, new, .. } = &*self.folders;
        let Err(source) = move_between(tmp, name, new, name) else { return Ok(Receipt::Delivered) };
        let (from, to) = (self.folders.tmp_path().join(name), self.folders.new_path().join(name));
        let is_missing = source.kind() == io::ErrorKind::NotFound;
        // NFS repeats a request whose answer got lost. Names are unique: it is ours that stands there.
        if is_missing && to.exists() {
            return Ok(Receipt::Delivered);
        }
        let error = Error::io(format!("could not move {} to {}", from.display(), to.display()), source);
        // Somebody cleared tmp/ under us. Said now, else its absence would later be taken for a delivery.
        if is_missing && ["tmp", "new"].iter().all(|part| directory.join(part).is_dir()) {
            return Ok(Receipt::Refused(Refusal { error, is_later: false }));
        }
        Err(error)
    }
}

impl Batch for MaildirBatch {
    fn begin(&mut self) -> Result<()> {
        self.abandon();
        let (temporary, file) = self.create()?;
        let mut text = std::mem::take(&mut self.spare);
        text.clear();
        self.current = Some(Writing { temporary, file, line_ends: LineEnds::default(), text });
        Ok(())
    }

    fn write(&mut self, chunk: &[u8]) -> Result<()> {
        self.with_current(|writing| {
            for piece in chunk.chunks(BUFFER) {
                writing.line_ends.push(piece, &mut writing.text);
                if writing.text.len() >= BUFFER {
                    writing.write_out()?;
                }
            }
            Ok(())
        })
    }

    /// Closes the file: many of them may wait for their batch.
    fn finish(&mut self) -> Result<()> {
        self.with_current(|writing| {
            writing.line_ends.finish(&mut writing.text);
            writing.write_out()
        })?;
        let finished = self.current.take().ok_or_else(nothing_begun)?;
        self.messages.push(Some(finished.temporary));
        self.spare = finished.text;
        Ok(())
    }

    fn abandon(&mut self) {
        if let Some(writing) = self.current.take() {
            self.spare = writing.text;
        }
    }

    fn discard(&mut self, index: usize) {
        if let Some(message) = self.messages.get_mut(index) {
            *message = None;
        }
    }

    fn len(&self) -> usize {
        self.messages.len()
    }

    fn make_durable(&mut self) -> Result<()> {
        let (folders, tmp) = (&self.folders, self.folders.tmp_path());
        if folders.lost.load(Ordering::SeqCst) != self.lost {
            return Err(Error::new(Kind::Io, format!("could not flush {}", tmp.display()))
                .because("an earlier flush failed, and may have concerned these messages too"));
        }
        let new = self.messages[self.durable..].iter().flatten();
        let names: Vec<&str> = new.map(|message| message.name.as_str()).collect();
        if !names.is_empty() {
            // The folder too: only then does a file's absence from tmp/ say that it was delivered.
            let files = names.iter().map(|name| tmp.join(name));
            folders.note(sync_files(&folders.tmp, &tmp, files))?;
        }
        self.durable = self.messages.len();
        Ok(())
    }

    fn prepare(&mut self) -> Result<Vec<Place>> {
        self.abandon();
        self.make_durable()?;
        let place = |name: &String| Place::Maildir {
            directory: Arc::clone(&self.folders.directory),
            name: name.clone(),
            tmp_inode: self.folders.tmp_inode,
        };
        self.prepared = self.messages.iter_mut().filter_map(Option::take).map(Temporary::keep).collect();
        Ok(self.prepared.iter().map(place).collect())
    }

    fn publish(self: Box<Self>, each: &mut dyn FnMut(usize, Receipt) -> Result<()>) -> Result<()> {
        let mut receipts = Vec::with_capacity(self.prepared.len());
        let mut ended = Ok(());
        for name in &self.prepared {
            match self.move_to_new(name) {
                Ok(receipt) => receipts.push(receipt),
                Err(error) => {
                    ended = Err(error);
                    break;
                }
            }
        }
        if receipts.is_empty() {
            return ended;
        }
        sync_folder(&self.folders.new_path())?;
        receipts.into_iter().enumerate().try_for_each(|(position, receipt)| each(position, receipt))?;
        ended
    }
}
