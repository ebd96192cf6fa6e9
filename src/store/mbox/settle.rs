//! What became of messages in an mbox, after an interruption. Under the lock: a range that bears
//! its checksum is delivered, a torn tail of ours is cut off, and where another program rewrote
//! the file the message is looked for by what it holds.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use memchr::memmem;

use super::checksum::{self, Checksum};
use super::lock::{Locked, Wait};
use super::walk::{Piece, Walk};
use super::{LOCK_TIMEOUT, flush};
use crate::error::{Error, Result};
use crate::identity::{Identifier, Identity};
use crate::store::Settled;
use crate::store::settle::is_gone;
use crate::sys::Stop;
use crate::sys::durable::sync_folder;

/// A message that was about to be delivered here.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct InDoubt<'a> {
    pub(in crate::store) offset: u64,
    pub(in crate::store) length: u64,
    pub(in crate::store) checksum: &'a [u8; 16],
    pub(in crate::store) from_line: &'a [u8],
    pub(in crate::store) identity: Option<Identity>,
}

impl InDoubt<'_> {
    fn end(&self) -> u64 {
        self.offset.saturating_add(self.length)
    }

    /// The same message where another program may have put it, without the line ends before its From_ line.
    fn moved_to(&self, offset: u64) -> Option<InDoubt<'_>> {
        let begin = memmem::find(self.from_line, b"From ")?;
        let length = self.length.checked_sub(begin as u64)?;
        Some(InDoubt { offset, length, from_line: &self.from_line[begin..], ..*self })
    }

    /// What the message is known by once its header may have been added to.
    fn mark(&self) -> Option<Mark> {
        self.identity.map(|identity| (identity, checksum::body(self.checksum)))
    }
}

type Mark = (Identity, [u8; 8]);

/// Settles all of one mbox. `None`: its folder is not there.
///
/// # Errors
/// The mbox cannot be locked in time, read, cut or flushed.
pub(in crate::store) fn settle(
    path: &Path,
    intents: &[InDoubt<'_>],
    stop: &Stop,
) -> Result<Option<Vec<Settled>>> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    match fs::metadata(path) {
        Ok(_) => {}
        // A reader may have emptied and removed it, or nothing was ever appended.
        Err(source) if is_gone(&source) && folder.is_dir() => {
            return Ok(Some(vec![Settled::Again; intents.len()]));
        }
        Err(source) if is_gone(&source) => return Ok(None),
        Err(source) => {
            let context = format!("could not look for unfinished deliveries in {}", path.display());
            return Err(Error::io(context, source));
        }
    }
    let locked = Locked::open(path, false, Wait::new(LOCK_TIMEOUT, stop))?;
    let settled = look(locked.file(), intents)
        .map_err(|source| Error::io(format!("could not settle deliveries in {}", path.display()), source))?;
    // What an earlier run wrote, it may not have lived to flush.
    flush(locked.file(), path)?;
    sync_folder(folder)?;
    Ok(Some(settled))
}

fn look(file: &File, intents: &[InDoubt<'_>]) -> io::Result<Vec<Settled>> {
    let length = file.metadata()?.len();
    let mut settled = vec![Settled::Again; intents.len()];
    let mut open = Vec::new();
    for (at, intent) in intents.iter().enumerate() {
        if intent.end() <= length && is_whole(file, intent)? {
            settled[at] = Settled::Delivered;
        } else {
            open.push(at);
        }
    }
    // Never cut off what is known to be whole.
    let delivered = |at: &usize| settled[*at] == Settled::Delivered;
    let whole_up_to = (0..intents.len()).filter(delivered).map(|at| intents[at].end()).max().unwrap_or(0);
    let planned_end = intents.iter().map(InDoubt::end).max().unwrap_or(0);
    open.sort_by_key(|at| intents[*at].offset);
    let mut cut = None;
    for &at in &open {
        let intent = &intents[at];
        if intent.offset >= whole_up_to && is_torn(file, length, intent, planned_end)? {
            file.set_len(intent.offset)?;
            cut = Some(intent.offset);
            break;
        }
    }
    // Behind the cut nothing stands.
    open.retain(|at| cut.is_none_or(|cut| intents[*at].offset < cut));
    let Found { mut found, last } = find(file, intents, &open)?;
    // A mark found once speaks for one message, first of all for those known to stand there.
    for at in (0..intents.len()).filter(|at| settled[*at] == Settled::Delivered).collect::<Vec<_>>() {
        take(&mut found, &intents[at]);
    }
    for at in open {
        if take(&mut found, &intents[at]) {
            settled[at] = Settled::Delivered;
        } else if let Some(last) = last.filter(|last| cut.is_none() && *last >= whole_up_to)
            && let Some(moved) = intents[at].moved_to(last)
            && is_torn(file, length, &moved, moved.end())?
        {
            // A reader that rewrote the file took our torn tail along as if it were a message.
            file.set_len(last)?;
            cut = Some(last);
        }
    }
    Ok(settled)
}

fn take(found: &mut HashMap<Mark, usize>, intent: &InDoubt<'_>) -> bool {
    let count = intent.mark().and_then(|mark| found.get_mut(&mark)).filter(|count| **count > 0);
    count.map(|count| *count -= 1).is_some()
}

fn range(mut file: &File, from: u64, length: u64) -> io::Result<impl Read> {
    file.seek(SeekFrom::Start(from))?;
    Ok(file.take(length))
}

/// Whether the range holds exactly what was to be written.
fn is_whole(file: &File, intent: &InDoubt<'_>) -> io::Result<bool> {
    let mut source = range(file, intent.offset, intent.length)?;
    let mut from_line = vec![0; intent.from_line.len()];
    match source.read_exact(&mut from_line) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
        other => other?,
    }
    if from_line != intent.from_line {
        return Ok(false);
    }
    let mut sum = Checksum::default();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return Ok(sum.finish() == *intent.checksum),
            Ok(count) => sum.push(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Whether the file, from this message's offset to its end, is the torn beginning of what we were
/// writing, and nothing that another program may have put there.
fn is_torn(file: &File, length: u64, intent: &InDoubt<'_>, planned_end: u64) -> io::Result<bool> {
    if length <= intent.offset || length > planned_end || intent.from_line.is_empty() {
        return Ok(false);
    }
    let tail = length - intent.offset;
    let mut start = Vec::new();
    range(file, intent.offset, tail.min(intent.from_line.len() as u64))?.read_to_end(&mut start)?;
    // After a power cut a file may have got its length and not its bytes. No mail program ends one with NUL.
    if ends_in_nul(file, length)? {
        let written = start.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
        return Ok(intent.from_line.starts_with(&start[..written]));
    }
    if start.len() < intent.from_line.len() {
        return Ok(intent.from_line.starts_with(&start));
    }
    if start != intent.from_line || length >= intent.end() {
        return Ok(false);
    }
    let behind = intent.from_line.len() as u64;
    let mut walk = Walk::new(range(file, intent.offset + behind, tail - behind)?);
    let (mut sum, mut identifier) = (Checksum::default(), Identifier::new());
    while let Some(piece) = walk.next()? {
        match piece {
            Piece::Separator => return Ok(false),
            Piece::Text(text) => {
                sum.push(text);
                identifier.push(text);
            }
        }
    }
    // With its header whole, it must be the very message.
    let is_ours = !sum.has_header() || identifier.finish() == intent.identity;
    Ok(is_ours && !has_separator_in_line(range(file, intent.offset + behind, tail - behind)?)?)
}

/// The longest piece of a line that is looked at, in octets.
const LINE: u64 = 1 << 20;

/// Whether a `From ` line stands behind other text of its line: a program that does not look at how the file ends
/// has appended to a torn one.
fn has_separator_in_line(text: impl Read) -> io::Result<bool> {
    let (mut text, mut line) = (BufReader::new(text), Vec::new());
    loop {
        line.clear();
        if (&mut text).take(LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(false);
        }
        let mut separators = memmem::find_iter(&line, b"From ");
        if separators.any(|at| at > 0 && names_a_date(&line[at..])) {
            return Ok(true);
        }
    }
}

/// Whether a line has a time of the day and a year, as every `From ` line does.
fn names_a_date(line: &[u8]) -> bool {
    let is_time = |word: &[u8]| matches!(word, [a, b, b':', c, d, ..] if [a, b, c, d].iter().all(|digit| digit.is_ascii_digit()));
    let is_year = |word: &[u8]| word.len() == 4 && word.iter().all(u8::is_ascii_digit);
    let words = || line.split(u8::is_ascii_whitespace);
    words().any(is_time) && words().any(is_year)
}

fn ends_in_nul(file: &File, length: u64) -> io::Result<bool> {
    let mut last = Vec::new();
    range(file, length.saturating_sub(1), 1)?.read_to_end(&mut last)?;
    Ok(last == [0])
}

/// What stands in an mbox.
struct Found {
    /// How often each open message's mark was found.
    found: HashMap<Mark, usize>,
    /// Where the last message begins, if it is none of them.
    last: Option<u64>,
}

/// Looks through the whole mbox for the open messages.
fn find(mut file: &File, intents: &[InDoubt<'_>], open: &[usize]) -> io::Result<Found> {
    let marks = open.iter().filter_map(|at| intents[*at].mark());
    let mut found: HashMap<Mark, usize> = marks.map(|mark| (mark, 0)).collect();
    let mut last = None;
    if found.is_empty() {
        return Ok(Found { found, last });
    }
    file.seek(SeekFrom::Start(0))?;
    let mut walk = Walk::new(file);
    let mut message: Option<(Checksum, Identifier)> = None;
    loop {
        match walk.next()? {
            Some(Piece::Text(text)) => {
                if let Some((sum, identifier)) = &mut message {
                    sum.push(text);
                    identifier.push(text);
                }
            }
            other => {
                let is_end = other.is_none();
                let ended =
                    if other.is_some() { message.replace(Default::default()) } else { message.take() };
                if let Some((sum, identifier)) = ended {
                    let mark = identifier.finish().map(|identity| (identity, checksum::body(&sum.finish())));
                    if let Some(count) = mark.and_then(|mark| found.get_mut(&mark)) {
                        *count += 1;
                        last = None;
                    }
                }
                if is_end {
                    return Ok(Found { found, last });
                }
                last = Some(walk.position());
            }
        }
    }
}

#[cfg(test)]
mod tests;
