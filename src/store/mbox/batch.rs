//! Messages on their way into an mbox: spooled, then appended under the lock.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;

use jiff::Timestamp;

use super::lock::Locked;
use super::message::{Spooled, Writing};
use super::{Mbox, flush};
use crate::error::{Error, Kind, Result};
use crate::store::spool::Spool;
use crate::store::{Batch, Place, Receipt, Refusal, nothing_begun};
use crate::sys::durable::sync_folder;

/// Messages in their spools.
#[derive(Debug)]
pub(super) struct MboxBatch {
    mbox: Mbox,
    /// The message that was begun.
    current: Option<Writing>,
    /// Those that are whole; `None` where one was discarded.
    messages: Vec<Option<Spooled>>,
    prepared: Option<Append>,
}

impl MboxBatch {
    pub(super) fn new(mbox: Mbox) -> Self {
        MboxBatch { mbox, current: None, messages: Vec::new(), prepared: None }
    }
}

impl Batch for MboxBatch {
    fn begin(&mut self) -> Result<()> {
        self.current = Some(Writing::new(Spool::new(self.mbox.folder.to_path_buf())));
        Ok(())
    }

    fn write(&mut self, chunk: &[u8]) -> Result<()> {
        let written = self.current.as_mut().ok_or_else(nothing_begun)?.write(chunk);
        written.inspect_err(|_| self.abandon())
    }

    fn finish(&mut self) -> Result<()> {
        let finished = self.current.take().ok_or_else(nothing_begun)?.finish();
        self.messages.push(Some(finished));
        Ok(())
    }

    /// The spool's file has no name: what it holds of the disk is free with it.
    fn abandon(&mut self) {
        self.current = None;
    }

    fn discard(&mut self, index: usize) {
        if let Some(message) = self.messages.get_mut(index) {
            *message = None;
        }
    }

    fn len(&self) -> usize {
        self.messages.len()
    }

    /// Nothing to do: what was not appended is fetched again.
    fn make_durable(&mut self) -> Result<()> {
        Ok(())
    }

    /// Takes the lock, which the batch holds until it is published or dropped.
    fn prepare(&mut self) -> Result<Vec<Place>> {
        self.abandon();
        if self.messages.iter().all(Option::is_none) {
            return Ok(Vec::new());
        }
        let Mbox { file: path, .. } = &self.mbox;
        let locked = Locked::open(path, true, self.mbox.wait())?;
        let unreadable = |source| Error::io(format!("could not read {}", path.display()), source);
        let length = locked.file().metadata().map_err(unreadable)?.len();
        let mut prefix = missing_line_ends(locked.file(), length).map_err(unreadable)?;
        let now = Timestamp::now();
        let mut append = Append { mbox: self.mbox.clone(), locked, length, messages: Vec::new() };
        let (mut places, mut offset) = (Vec::new(), length);
        for message in self.messages.iter_mut().filter_map(Option::take) {
            let (from_line, checksum, spool) = message.into_parts(now);
            let from_line = [std::mem::take(&mut prefix), &from_line].concat();
            let length = from_line.len() as u64 + spool.len();
            append.messages.push(Message { from_line: from_line.clone(), spool, end: offset + length });
            places.push(Place::Mbox { file: path.to_path_buf(), offset, length, checksum, from_line });
            offset += length;
        }
        self.prepared = Some(append);
        Ok(places)
    }

    fn publish(self: Box<Self>, each: &mut dyn FnMut(usize, Receipt) -> Result<()>) -> Result<()> {
        self.prepared.map_or(Ok(()), |append| append.publish(each))
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

/// The locked mbox, and the messages that are about to be appended to it.
#[derive(Debug)]
struct Append {
    mbox: Mbox,
    locked: Locked,
    /// Of the mbox before.
    length: u64,
    messages: Vec<Message>,
}

/// A message to append.
#[derive(Debug)]
struct Message {
    from_line: Vec<u8>,
    spool: Spool,
    /// Where it will end in the mbox.
    end: u64,
}

impl Append {
    /// Appends, flushes, and then gives the receipts. A message that finds no room is refused; what was to
    /// stand behind it is not tried, since its place has been announced.
    fn publish(mut self, each: &mut dyn FnMut(usize, Receipt) -> Result<()>) -> Result<()> {
        let messages = std::mem::take(&mut self.messages);
        let count = messages.len();
        let ends: Vec<u64> = messages.iter().map(|message| message.end).collect();
        let (whole, failure) = self.append(messages);
        let kept = whole.checked_sub(1).and_then(|last| ends.get(last)).copied().unwrap_or(self.length);
        let settled = match &failure {
            Some(_) => self.cut_back(kept).and_then(|()| self.flush()),
            None => self.flush(),
        };
        if let Err(error) = settled {
            // Nobody knows what the disk holds of it. Where this fails too, the next run finds the torn end.
            let undone = self.cut_back(self.length).and_then(|()| flush(self.locked.file(), &self.mbox.file));
            let error = failure.unwrap_or(error);
            if let Err(reason) = undone {
                let context =
                    format!("could not undo a failed delivery to {} ({reason})", self.mbox.file.display());
                return Err(error.in_context(context));
            }
            not_tried(0..count, each)?;
            return Err(error);
        }
        // Other programs may have the mbox while the receipts are written down.
        drop(self.locked);
        (0..whole).try_for_each(|at| each(at, Receipt::Delivered))?;
        match failure {
            None => Ok(()),
            Some(error) if error.kind() == Kind::DiskFull => {
                each(whole, Receipt::Refused(Refusal { error, is_later: false }))?;
                not_tried(whole + 1..count, each)
            }
            Some(error) => {
                not_tried(whole..count, each)?;
                Err(error)
            }
        }
    }

    /// Appends all that it can: how many messages are in the file now, and what ended it early.
    fn append(&self, messages: Vec<Message>) -> (usize, Option<Error>) {
        let failed = |source| Error::io(format!("could not append to {}", self.mbox.file.display()), source);
        let mut file = self.locked.file();
        if let Err(source) = file.seek(SeekFrom::Start(self.length)) {
            return (0, Some(failed(source)));
        }
        let count = messages.len();
        // Should it fail, the writer's drop tries once more, but before the file is cut back.
        let mut writer = BufWriter::with_capacity(64 * 1024, file);
        for (at, Message { from_line, spool, .. }) in messages.into_iter().enumerate() {
            let written = writer.write_all(&from_line).map_err(failed);
            let written = written.and_then(|()| spool.copy(|piece| writer.write_all(piece).map_err(failed)));
            // One by one, to know which one there was no room for.
            if let Err(error) = written.and_then(|()| writer.flush().map_err(failed)) {
                return (at, Some(error));
            }
        }
        (count, None)
    }

    fn flush(&self) -> Result<()> {
        flush(self.locked.file(), &self.mbox.file)?;
        // An empty mbox may be one that was just created, by us or by a run that did not live to flush.
        if self.length == 0 { sync_folder(&self.mbox.folder) } else { Ok(()) }
    }

    /// Takes away what stands behind that length.
    fn cut_back(&self, length: u64) -> Result<()> {
        self.locked.file().set_len(length).map_err(|source| {
            Error::io(format!("could not cut {} back to {length} bytes", self.mbox.file.display()), source)
        })
    }
}

/// Tells that none of these is in the mbox.
fn not_tried(mut positions: Range<usize>, each: &mut dyn FnMut(usize, Receipt) -> Result<()>) -> Result<()> {
    positions.try_for_each(|at| each(at, Receipt::NotTried))
}
