//! The journal: what is known of every message of one account, on disk, so that whatever happens at whatever
//! moment no message is lost or delivered twice.
//!
//! Place in the flow: opened (and locked) before connecting; its [`View`] goes into the plan; each batch
//! writes [`Journal::intend`] before anything becomes visible and [`Journal::delivered`] before DELE; QUIT's
//! `+OK` lets [`Journal::gone`] set up tombstones. Unique-ids are those of RFC 1939 section 7.
//!
//! The file is text: `pop3-journal 1`, then a record a line (`record`), appended at a cost that does not
//! depend on how much is known (`log`), replayed on opening (`view`, `table`), and compacted when a
//! third of it says nothing any more. A line that a crash tore is dropped; any other bad line is an error.

mod lock;
mod log;
mod record;
mod table;
#[cfg(test)]
mod tests;
mod view;

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use memchr::memchr_iter;

use self::lock::Lock;
use self::log::Log;
use self::record::Record;
pub use self::view::{Entry, EntryId, Failure, State, View};
use crate::error::{Error, Kind, Result};
use crate::identity::Identity;
use crate::store::Place;

/// How long a gone message is remembered, because servers bring mail back: 30 days, in seconds.
const TOMBSTONE_LIFE: i64 = 30 * 24 * 60 * 60;

/// Lines that may say nothing any more, besides half as many as there are messages, before the file is
/// rewritten: what was delivered has two lines then, and one is replayed twice as fast.
const SLACK: u64 = 1000;

/// The longest reason of a failure that is kept, in octets: it is the server's text, or a cause.
const MAX_REASON: usize = 500;

/// How many records are encoded before they are written, where there may be very many.
const CHUNK: usize = 1024;

/// A delivery that is about to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent<'a> {
    /// The message's unique-id; empty where the server has none.
    pub unique_id: Cow<'a, [u8]>,
    /// The octets the listing declared, if it did: a later listing is compared with them.
    pub octets: Option<u64>,
    /// What the message is recognised by.
    pub identity: Option<Identity>,
    /// Where it will stand.
    pub place: Cow<'a, Place>,
}

/// An account's journal, locked for this process.
#[derive(Debug)]
pub struct Journal {
    log: Log,
    view: View,
    /// Lines not written yet, and how many.
    text: Vec<u8>,
    count: u64,
    /// Whether one of them is longer than can be read back.
    is_too_long: bool,
    opened_at: i64,
    opened: Instant,
    _lock: Lock,
}

impl Journal {
    /// Opens the journal of that path at `now` (seconds since 1970), making it and its folders where there
    /// are none, and locks it.
    ///
    /// # Errors
    ///
    /// [`Kind::AlreadyRunning`] when another run holds it; [`Kind::Data`] when a line cannot be understood;
    /// [`Kind::Io`] or [`Kind::DiskFull`].
    pub fn open(path: &Path, now: i64) -> Result<Journal> {
        log::make_folder(path)?;
        // Locked before it is read: what another run still writes must not be missed.
        let lock = Lock::take(path)?;
        let mut view = View::default();
        let mut scratch = Vec::new();
        let log = Log::open(path, |line| replay(&mut view, line, &mut scratch))?;
        view.index();
        view.expire(now.saturating_sub(TOMBSTONE_LIFE));
        let (text, opened) = (Vec::new(), Instant::now());
        let mut journal =
            Journal { log, view, text, count: 0, is_too_long: false, opened_at: now, opened, _lock: lock };
        if let Some((id, _)) = journal.intended().find(|(id, _)| journal.place(*id).is_none()) {
            return Err(Error::new(Kind::Data, format!("could not read {}", path.display())).because(format!(
                "nobody knows the place where message {id} was to be delivered: another version of pop3 wrote it"
            )));
        }
        let live = journal.view.len() as u64;
        if journal.log.lines() > live + live / 2 + SLACK {
            journal.compact()?;
        }
        Ok(journal)
    }

    /// Reads a journal without locking or changing it; `None` when there is none. While another run writes
    /// it, its last lines may be missing. Tombstones are shown whatever their age.
    pub fn peek(path: &Path) -> Result<Option<View>> {
        let mut view = View::default();
        let mut scratch = Vec::new();
        let is_there = Log::peek(path, |line| replay(&mut view, line, &mut scratch))?;
        view.index();
        Ok(is_there.then_some(view))
    }

    /// What is known.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Notes deliveries that are about to happen: durably, in one write and one flush. A message that was
    /// seen or failed before keeps its entry, and so the time it was first seen.
    pub fn intend(&mut self, intents: &[Intent<'_>]) -> Result<Vec<EntryId>> {
        let at = self.now();
        let mut ids = Vec::with_capacity(intents.len());
        let (mut taken, mut line) = (HashSet::new(), Vec::new());
        let mut next = self.next()?;
        for Intent { unique_id, octets, identity, place } in intents {
            let entry = match self.seen_entry(unique_id, *octets, |id| !taken.contains(&id)) {
                Some(entry) => {
                    taken.insert(entry);
                    entry
                }
                None => {
                    next += 1;
                    EntryId::new(next - 1)
                }
            };
            ids.push(entry);
            record::join(place, &mut line);
            let (octets, identity, place) = (*octets, *identity, &line);
            self.note(&Record::Intent { entry, at, octets, identity, unique_id, place });
        }
        self.write()?;
        self.sync()?;
        Ok(ids)
    }

    /// Notes that they stand where they were intended; durable with the next [`Journal::sync`].
    pub fn delivered(&mut self, ids: &[EntryId]) -> Result<()> {
        let at = self.now();
        self.note_each(ids, |entry| Record::Delivered { entry, at })
    }

    /// Notes that they do not: the destination refused them, or settling said so. They are fetched again.
    pub fn refused(&mut self, ids: &[EntryId]) -> Result<()> {
        let at = self.now();
        self.note_each(ids, |entry| Record::Refused { entry, at })
    }

    /// Notes that fetching a message failed, and why. Of a message delivered before it says nothing.
    pub fn failed(&mut self, unique_id: &[u8], octets: Option<u64>, reason: &str) -> Result<()> {
        let at = self.now();
        let entry = match self.seen_entry(unique_id, octets, |_| true) {
            Some(entry) => entry,
            None => {
                let entry = EntryId::new(self.next()?);
                self.note(&Record::Seen { entry, at, octets, unique_id });
                entry
            }
        };
        let count = self.view.failure(entry).map_or(0, |failure| failure.count).saturating_add(1);
        let end = (0..=reason.len().min(MAX_REASON)).rev().find(|end| reason.is_char_boundary(*end));
        let reason = &reason.as_bytes()[..end.unwrap_or(0)];
        self.note(&Record::Failed { entry, at, count, reason });
        self.write()
    }

    /// Notes messages, by unique-id and declared octets, that were listed and not fetched, so that their age
    /// counts from now. Costs nothing for those noted before.
    pub fn seen(&mut self, messages: &[(&[u8], Option<u64>)]) -> Result<()> {
        let at = self.now();
        for chunk in messages.chunks(CHUNK) {
            let mut next = self.next()?;
            let mut noted = HashSet::new();
            for &(unique_id, octets) in chunk {
                if self.seen_entry(unique_id, octets, |_| true).is_none() && noted.insert(unique_id) {
                    self.note(&Record::Seen { entry: EntryId::new(next), at, octets, unique_id });
                    next += 1;
                }
            }
            self.write()?;
        }
        Ok(())
    }

    /// Notes that they are not on the server any more: QUIT confirmed it, or a complete listing lacks them.
    /// Delivered ones become tombstones; one that never was delivered is forgotten, so that nothing stands
    /// against fetching it should it return; one still to be settled stays as it is.
    pub fn gone(&mut self, ids: &[EntryId]) -> Result<()> {
        let at = self.now();
        for chunk in self.known(ids.iter().copied())?.chunks(CHUNK) {
            for &entry in chunk {
                match self.view.get(entry).map(|entry| entry.state) {
                    Some(State::Delivered) => self.note(&Record::Gone { entry, at }),
                    Some(State::Seen) => self.note(&Record::Forgotten { entry }),
                    Some(State::Intended | State::Gone(_)) | None => {}
                }
            }
            self.write()?;
        }
        Ok(())
    }

    /// Notes that the server brought them back.
    pub fn back(&mut self, ids: &[EntryId]) -> Result<()> {
        let at = self.now();
        self.note_each(ids, |entry| Record::Back { entry, at })
    }

    /// Notes that they have another unique-id, or other octets, now: the server renumbered its messages, or
    /// measures them otherwise.
    pub fn adopt(&mut self, adopted: &[(EntryId, &[u8], Option<u64>)]) -> Result<()> {
        self.known(adopted.iter().map(|(entry, ..)| *entry))?;
        for chunk in adopted.chunks(CHUNK) {
            for &(entry, unique_id, octets) in chunk {
                self.note(&Record::Adopted { entry, octets, unique_id });
            }
            self.write()?;
        }
        Ok(())
    }

    /// Forgets them: what is still on the server is fetched again.
    pub fn forget(&mut self, ids: &[EntryId]) -> Result<()> {
        self.note_each(ids, |entry| Record::Forgotten { entry })
    }

    /// Makes durable all that was noted, by this run or an earlier one. Free when it is already.
    pub fn sync(&mut self) -> Result<()> {
        self.log.sync()
    }

    /// The intents nobody knows the outcome of, in the order they were noted: where each message was to
    /// stand, how long ago, and what it is recognised by.
    pub fn unsettled(&self) -> Vec<(EntryId, Place, Duration, Option<Identity>)> {
        let now = self.now();
        let settle = |(id, entry): (EntryId, Entry)| {
            let age = u64::try_from(now.saturating_sub(entry.since)).unwrap_or(0);
            Some((id, self.place(id)?, Duration::from_secs(age), entry.identity))
        };
        self.intended().filter_map(settle).collect()
    }

    fn intended(&self) -> impl Iterator<Item = (EntryId, Entry<'_>)> {
        let entries = self.view.has_intents().then(|| self.view.iter());
        let is_intended = |entry: &Entry| entry.state == State::Intended;
        entries.into_iter().flatten().filter(is_intended).map(|entry| (entry.id, entry))
    }

    fn place(&self, id: EntryId) -> Option<Place> {
        Place::from_fields(&record::split(self.view.place(id)?)?)
    }

    /// The entry of a message with that unique-id that was never delivered, one of the same octets first.
    fn seen_entry(
        &self,
        uid: &[u8],
        octets: Option<u64>,
        is_free: impl Fn(EntryId) -> bool,
    ) -> Option<EntryId> {
        let mut found = None;
        for entry in self.view.find(uid).filter(|entry| entry.state == State::Seen && is_free(entry.id)) {
            if entry.octets == octets {
                return Some(entry.id);
            }
            found = Some(entry.id);
        }
        found
    }

    /// The number of the next new entry.
    fn next(&self) -> Result<u32> {
        u32::try_from(self.view.bound())
            .map_err(|_| Error::new(Kind::Data, "could not note a message").because("the journal is full"))
    }

    /// Those entries, each once. One that does not exist is an error: noting it would spoil the file.
    fn known(&self, ids: impl Iterator<Item = EntryId>) -> Result<Vec<EntryId>> {
        let mut ids: Vec<EntryId> = ids.collect();
        ids.sort_unstable();
        ids.dedup();
        match ids.iter().find(|id| self.view.get(**id).is_none()) {
            None => Ok(ids),
            Some(id) => Err(Error::new(Kind::Data, format!("could not note what became of entry {id}"))
                .because("the journal does not have it")),
        }
    }

    fn note_each(&mut self, ids: &[EntryId], record: impl Fn(EntryId) -> Record<'static>) -> Result<()> {
        for chunk in self.known(ids.iter().copied())?.chunks(CHUNK) {
            chunk.iter().for_each(|id| self.note(&record(*id)));
            self.write()?;
        }
        Ok(())
    }

    fn note(&mut self, record: &Record) {
        let start = self.text.len();
        record.write(&mut self.text);
        self.is_too_long |= self.text.len() - start > log::MAX_LINE;
        self.count += 1;
    }

    /// Writes what was noted, in one go, and takes it into the view by reading it back: what a later run
    /// will replay is what this one goes on with.
    fn write(&mut self) -> Result<()> {
        let (mut text, count) = (std::mem::take(&mut self.text), std::mem::take(&mut self.count));
        let is_too_long = std::mem::take(&mut self.is_too_long);
        let result = if is_too_long {
            Err(not_noted("its unique-id is too long"))
        } else {
            self.write_lines(&text, count)
        };
        text.clear();
        self.text = text;
        result
    }

    fn write_lines(&mut self, text: &[u8], count: u64) -> Result<()> {
        if count == 0 {
            return Ok(());
        }
        self.log.append(text, count)?;
        let (mut start, mut scratch) = (0, Vec::new());
        for end in memchr_iter(b'\n', text) {
            replay(&mut self.view, &text[start..end], &mut scratch).map_err(not_noted)?;
            start = end + 1;
        }
        Ok(())
    }

    /// Rewrites the file with one line a message. A disk too full for it is no reason not to go on.
    fn compact(&mut self) -> Result<()> {
        let mut text = Vec::new();
        let view = &self.view;
        let result = self.log.replace(|write| {
            view.for_each_record(|record| {
                text.clear();
                record.write(&mut text);
                write(&text);
            });
        });
        match result {
            Ok(()) => {
                self.view.close_ranks();
                Ok(())
            }
            Err(error) if error.kind() == Kind::DiskFull => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Seconds since 1970, by the caller's clock at the start and a steady one since.
    fn now(&self) -> i64 {
        self.opened_at.saturating_add_unsigned(self.opened.elapsed().as_secs())
    }
}

fn not_noted(cause: &'static str) -> Error {
    Error::new(Kind::Data, "could not note a message").because(cause)
}

fn replay(view: &mut View, line: &[u8], scratch: &mut Vec<u8>) -> Result<(), &'static str> {
    let record = Record::read(line, scratch).ok_or("it is not a record")?;
    view.apply(&record)
}
