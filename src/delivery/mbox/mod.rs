//! Delivery into an mbox (RFC 4155, mboxrd quoting): messages are spooled until they are whole, then
//! appended under the lock, all or none: whatever fails, the file is cut back to what it was.

mod checksum;
mod dot_lock;
mod envelope;
mod lock;
mod quote;
mod settle;
mod walk;

pub(super) use settle::{Intent, settle};

use self::checksum::Checksum;
use self::envelope::Envelope;
use self::lock::{Claim, Locked, Wait};
use self::quote::Quote;
use super::files::{absolute, create_folder, open_failed, sync_folder};
use super::line_ends::LineEnds;
use super::spool::Spool;
use super::{Batch, Delivery, Destination, Place, Receipt};
use crate::error::{Error, Kind, Result};
use jiff::Timestamp;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// So long other programs may hold the lock.
const LOCK_PATIENCE: Duration = Duration::from_secs(30);
/// The largest piece filtered at once.
const PIECE: usize = 8 * 1024;

/// An mbox to append to.
#[derive(Debug)]
pub struct Mbox {
    file: PathBuf,
    folder: PathBuf,
    patience: Duration,
}

impl Mbox {
    /// Opens the mbox at `path`; where nothing is, the first delivery creates it, and this its folder.
    ///
    /// # Errors
    /// [`Kind::Create`]: the folder cannot be created, or something stands there that is no mbox.
    pub fn open(path: &Path) -> Result<Mbox> {
        // Through symbolic links to the file itself: its locks must be where other programs put them.
        let file = match fs::canonicalize(path) {
            Ok(file) => file,
            Err(source) if source.kind() == io::ErrorKind::NotFound => absolute(path)?,
            Err(source) => return Err(open_failed(path, source)),
        };
        let folder = file.parent().unwrap_or(Path::new("/")).to_owned();
        create_folder(&folder)?;
        if file.exists() {
            check_is_mbox(&file)?;
        }
        Ok(Mbox { file, folder, patience: LOCK_PATIENCE })
    }
}

/// Appending mail to a file of another kind would spoil it.
fn check_is_mbox(path: &Path) -> Result<()> {
    let refusal = || Error::new(Kind::Create, format!("could not use {} as an mbox", path.display()));
    let unreadable = |source: io::Error| refusal().because(source);
    let found = fs::metadata(path).map_err(unreadable)?;
    if found.is_dir() {
        return Err(refusal().because("it is a folder").hint("for a Maildir write maildir: before the path"));
    }
    if !found.is_file() {
        return Err(refusal().because("it is not a regular file"));
    }
    // Closing the file would take the lock away from a thread that is appending to it.
    let _claim = Claim::take(path, &mut Wait::new(LOCK_PATIENCE))?;
    let mut start = Vec::new();
    File::open(path).and_then(|file| file.take(64).read_to_end(&mut start)).map_err(unreadable)?;
    let text = start.trim_ascii_start();
    if text.starts_with(b"From ") || b"From ".starts_with(text) {
        return Ok(());
    }
    Err(refusal()
        .because("it does not begin with a `From ` line")
        .hint("name a new file, or one that holds mail"))
}

impl Destination for Mbox {
    type Delivery = MboxDelivery;
    type Batch = MboxBatch;

    /// What waits is in memory, or in a file that stays open.
    const ROUND_OCTETS: u64 = 8 << 20;

    const WRITES_AT_ONCE: bool = false;

    fn begin(&self) -> Result<MboxDelivery> {
        Ok(MboxDelivery {
            line_ends: LineEnds::default(),
            text: Vec::new(),
            envelope: Envelope::default(),
            quote: Quote::new(),
            checksum: Checksum::default(),
            ends_line: true,
            spool: Spool::new(self.folder.clone()),
            bytes: 0,
            is_finished: false,
        })
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }

    /// Nothing to do: the append is all or nothing, and what is cut off is fetched again.
    fn make_durable(&self, messages: &mut [MboxDelivery]) -> Result<()> {
        messages.iter_mut().try_for_each(Delivery::finish)
    }

    /// Takes the lock, which the batch holds until it is published or dropped.
    fn prepare(&self, batch: Vec<MboxDelivery>) -> Result<MboxBatch> {
        let locked = Locked::open(&self.file, true, self.patience)?;
        let unreadable = |source| Error::io(format!("could not read {}", self.file.display()), source);
        let length = locked.file().metadata().map_err(unreadable)?.len();
        let mut prefix = missing_line_ends(locked.file(), length).map_err(unreadable)?;
        let now = Timestamp::now();
        let mut offset = length;
        let (mut places, mut spools) = (Vec::new(), Vec::new());
        for mut delivery in batch {
            delivery.finish()?;
            let (from_line, checksum, spool) = delivery.into_parts(now);
            let from_line = [std::mem::take(&mut prefix), &from_line].concat();
            let length = from_line.len() as u64 + spool.len();
            places.push(Place::Mbox { file: self.file.clone(), offset, length, checksum, from_line });
            spools.push(spool);
            offset += length;
        }
        Ok(MboxBatch { locked, file: self.file.clone(), folder: self.folder.clone(), length, places, spools })
    }
}

/// What another program left out at the file's end: a message begins behind a blank line.
fn missing_line_ends(file: &File, length: u64) -> io::Result<&'static [u8]> {
    let mut end = [b'\n'; 2];
    let count = length.min(2);
    file.read_exact_at(&mut end[..count as usize], length - count)?;
    Ok(match (count, end) {
        (0, _) | (2, [b'\n', b'\n']) => b"",
        (1, [b'\n', _]) | (2, [_, b'\n']) => b"\n",
        _ => b"\n\n",
    })
}

/// Makes what was written to the mbox durable.
fn flush(file: &File, path: &Path) -> Result<()> {
    file.sync_data().map_err(|source| Error::io(format!("could not flush {}", path.display()), source))
}

/// A message that is not whole yet, in its spool.
#[derive(Debug)]
pub struct MboxDelivery {
    line_ends: LineEnds,
    text: Vec<u8>,
    envelope: Envelope,
    quote: Quote,
    checksum: Checksum,
    ends_line: bool,
    spool: Spool,
    bytes: u64,
    is_finished: bool,
}

impl MboxDelivery {
    /// Moves what the first filter gave through all that follow.
    fn pass_on(&mut self, last: bool) {
        let out = self.spool.text();
        let begin = out.len();
        self.envelope.push(&self.text);
        self.quote.push(&self.text, out);
        if last {
            self.quote.finish(out);
            let ends_line = out[begin..].last().map_or(self.ends_line, |byte| *byte == b'\n');
            // The blank line that separates messages; a last line without its end cannot be kept so.
            out.extend_from_slice(if ends_line { b"\n" } else { b"\n\n" });
        }
        let new = &out[begin..];
        self.checksum.push(new);
        self.ends_line = new.last().map_or(self.ends_line, |byte| *byte == b'\n');
        self.text.clear();
    }

    fn into_parts(self, now: Timestamp) -> (Vec<u8>, [u8; 16], Spool) {
        (self.envelope.into_line(now), self.checksum.finish(), self.spool)
    }
}

impl Delivery for MboxDelivery {
    fn write(&mut self, chunk: &[u8]) -> Result<()> {
        self.bytes += chunk.len() as u64;
        chunk.chunks(PIECE).try_for_each(|piece| {
            self.line_ends.push(piece, &mut self.text);
            self.pass_on(false);
            self.spool.spill()
        })
    }

    fn finish(&mut self) -> Result<()> {
        if !self.is_finished {
            self.line_ends.finish(&mut self.text);
            self.pass_on(true);
            (self.is_finished, self.text) = (true, Vec::new());
        }
        Ok(())
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// Whole messages, and the locked mbox that they are about to be appended to.
#[derive(Debug)]
pub struct MboxBatch {
    locked: Locked,
    file: PathBuf,
    folder: PathBuf,
    /// Of the mbox before.
    length: u64,
    places: Vec<Place>,
    spools: Vec<Spool>,
}

impl Batch for MboxBatch {
    fn places(&self) -> &[Place] {
        &self.places
    }

    fn publish(mut self) -> Result<Vec<Receipt>> {
        let spools = std::mem::take(&mut self.spools);
        let published = self.append(spools).and_then(|()| flush(self.locked.file(), &self.file));
        // An empty mbox may be one that was just created, by us or by a run that did not live to flush.
        let published = match self.length {
            0 => published.and_then(|()| sync_folder(&self.folder)),
            _ => published,
        };
        match published {
            Ok(()) => Ok(self.places.iter().map(|_| Receipt::Delivered).collect()),
            Err(error) => Err(self.cut_back(error)),
        }
    }
}

impl MboxBatch {
    fn append(&self, spools: Vec<Spool>) -> Result<()> {
        let failed = |source| Error::io(format!("could not append to {}", self.file.display()), source);
        let mut file = self.locked.file();
        file.seek(SeekFrom::Start(self.length)).map_err(failed)?;
        // Should it fail, the writer's drop tries once more, but before the file is cut back.
        let mut writer = BufWriter::with_capacity(64 * 1024, file);
        for (place, spool) in self.places.iter().zip(spools) {
            let Place::Mbox { from_line, .. } = place else { continue };
            writer.write_all(from_line).map_err(failed)?;
            spool.copy(|piece| writer.write_all(piece).map_err(failed))?;
        }
        writer.flush().map_err(failed)
    }

    /// Undoes a failed append and gives back why it failed.
    fn cut_back(&self, error: Error) -> Error {
        let file = self.locked.file();
        match file.set_len(self.length).and_then(|()| file.sync_data()) {
            Ok(()) => error,
            // The next run finds the torn tail and cuts it off.
            Err(source) => {
                let context =
                    format!("could not cut {} back to its former length ({source})", self.file.display());
                error.within(context)
            }
        }
    }
}

#[cfg(test)]
mod tests;
