//! The journal: what is known of every message of one maildrop, on disk, so that whatever happens at whatever
//! moment no message is lost or delivered twice.
//!
//! Place in the flow: opened (and locked) before connecting, and settled, since only a settled journal can be
//! written ([`Opened::settled`]); its [`View`] goes into the plan; each batch writes [`Journal::intend`] before
//! anything becomes visible and [`Journal::delivered`] before DELE; [`Journal::leaving`] before QUIT, whose
//! `+OK` lets [`Journal::gone`] set up tombstones. Unique-ids are those of RFC 1939 section 7.
//!
//! The file is text: `pop3-journal 2`, then a record a line (`record`), appended at a cost that does not
//! depend on how much is known (`log`), replayed on opening (`view`, `apply`, `table`), and compacted when a
//! third of it says nothing any more (`replace`). Files of version 1 are read (`v1`). A line that a crash tore
//! is dropped; any other bad line is an error. What a later version wrote is kept.

mod apply;
mod escape;
mod fact;
mod failure;
mod field;
mod lock;
mod log;
mod merge;
mod opened;
mod record;
mod replace;
mod table;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_times;
mod v1;
mod view;

use std::borrow::Cow;
use std::collections::HashSet;
use std::time::Instant;

use memchr::memchr_iter;

pub use self::fact::{Fact, FactKind};
pub use self::failure::{Cause, Failing, Failure};
pub(in crate::fetch) use self::lock::Lock;
use self::log::{Log, Version};
pub use self::opened::Opened;
pub(in crate::fetch) use self::opened::lock;
use self::record::{NO_PROOF, PROOF, Read, Record, Standing};
pub use self::view::{Entry, EntryId, State, View};
use crate::error::{Error, Kind, Result};
use crate::identity::Identity;
use crate::store::Place;

/// How many records are encoded before they are written, where there may be very many.
const CHUNK: usize = 1024;

/// The longest name of a store that is kept, in octets.
const LONGEST_STORE: usize = 4096;

/// The first second of 2001: a clock that says less was never set.
const CLOCK_IS_SET: i64 = 978_307_200;

/// Whether a time, in seconds since 1970, can be one at which a journal was written: a machine whose clock was
/// never set starts at 1970, or when its firmware was made.
pub fn is_plausible(time: i64) -> bool {
    time >= CLOCK_IS_SET
}

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
    /// The entry of a message that was delivered before and is delivered again.
    pub again: Option<EntryId>,
    /// Whether something proves that its text is that of the message it was asked for.
    pub is_proven: bool,
}

/// A maildrop's journal, locked for this process, in which every earlier delivery is settled.
#[derive(Debug)]
pub struct Journal {
    log: Log,
    view: View,
    /// Lines not written yet, and how many.
    text: Vec<u8>,
    count: u64,
    /// Whether one of them is longer than can be read back.
    is_too_long: bool,
    /// The number of the store that messages go into from now on; zero where their place tells it.
    store: u16,
    opened_at: i64,
    opened: Instant,
    /// Held as long as the journal is open.
    lock: Lock,
}

impl Journal {
    /// What is known.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Says by what name the journal knows the store that messages are intended for from now on. Without it
    /// that is what their place says: `maildir:PATH`, `mbox:PATH`, and nothing for a command.
    pub fn deliver_to(&mut self, store: &str) -> Result<()> {
        if store.len() > LONGEST_STORE {
            return Err(not_noted("the name of its store is too long"));
        }
        if let Some(number) = self.view.store_number(store.as_bytes()) {
            self.store = number;
            return Ok(());
        }
        let number = self.view.next_store().ok_or_else(|| not_noted("there are too many stores"))?;
        self.note(&Record::Store { store: number, name: store.as_bytes().into() });
        self.write()?;
        self.store = number;
        Ok(())
    }

    /// Notes deliveries that are about to happen: durably, in one write and one flush. A message that was
    /// seen or failed before keeps its entry, and so the time it was first seen.
    pub fn intend(&mut self, intents: &[Intent<'_>]) -> Result<Vec<EntryId>> {
        let at = self.now();
        let mut ids = Vec::with_capacity(intents.len());
        let (mut taken, mut line) = (HashSet::new(), Vec::new());
        let mut next = self.next()?;
        for Intent { unique_id, octets, identity, place, again, is_proven } in intents {
            let known = again.filter(|entry| self.view.get(*entry).is_some());
            let known = known.or_else(|| self.undelivered(unique_id, *octets, |id| !taken.contains(&id)));
            let entry = match known {
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
            let (octets, identity, store) = (*octets, *identity, self.store);
            let (unique_id, place) = (Cow::Borrowed(&**unique_id), Cow::Borrowed(&line[..]));
            let record = Record::Intent { entry, at, octets, identity, unique_id, place, store };
            match (*is_proven, self.view.is_proven(entry)) {
                (true, true) => self.note(&record),
                (true, false) => self.note_with(&record, PROOF, b""),
                (false, _) => self.note_with(&record, PROOF, NO_PROOF),
            }
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

    /// Notes that a message could not be fetched. Its count grows by one, and when it is tried next follows
    /// from that. Of a message delivered before it says nothing. Gives the message's entry.
    pub fn failed(
        &mut self,
        unique_id: &[u8],
        octets: Option<u64>,
        failing: &Failing<'_>,
    ) -> Result<EntryId> {
        let at = self.now();
        let entry = match self.seen_entry(unique_id, octets, |_| true) {
            Some(entry) => entry,
            None => {
                let entry = EntryId::new(self.next()?);
                self.note(&Record::Seen { entry, at, octets, unique_id: unique_id.into() });
                entry
            }
        };
        let failed = failing.record(at, self.view.failure(entry));
        let mut text = std::mem::take(&mut self.text);
        self.is_too_long |=
            write_record(&Record::Failed { entry, at, failed: Box::new(failed) }, &[], &mut text);
        (self.text, self.count) = (text, self.count + 1);
        self.write()?;
        Ok(entry)
    }

    /// Notes that these failed messages are to be tried with the next run, however often they failed.
    pub fn retry_now(&mut self, ids: &[EntryId]) -> Result<()> {
        let at = self.now();
        let failed: Vec<_> = ids.iter().copied().filter(|id| self.view.failure(*id).is_some()).collect();
        self.note_each(&failed, |entry| Record::Retry { entry, at })
    }

    /// Notes that these messages, which were never delivered, are neither fetched nor deleted from now on.
    pub fn give_up(&mut self, ids: &[EntryId]) -> Result<()> {
        let at = self.now();
        let is_undelivered = |id: &EntryId| self.view.get(*id).is_some_and(|e| e.state == State::Seen);
        let undelivered: Vec<_> = ids.iter().copied().filter(is_undelivered).collect();
        self.note_each(&undelivered, |entry| Record::Judged { entry, at, standing: Standing::Skipped })
    }

    /// Notes what was learned of the server.
    pub fn learn(&mut self, fact: Fact) -> Result<()> {
        let Fact { kind, until, value } = fact;
        self.note(&Record::Learned { kind, until, value });
        self.write()
    }

    /// Notes that what was learned does not hold any more. Free where nothing was.
    pub fn unlearn(&mut self, kind: FactKind) -> Result<()> {
        if self.view.facts.iter().any(|fact| fact.kind == kind) {
            self.note(&Record::Unlearned { kind });
        }
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
                if self.undelivered(unique_id, octets, |_| true).is_none() && noted.insert(unique_id) {
                    let unique_id = unique_id.into();
                    self.note(&Record::Seen { entry: EntryId::new(next), at, octets, unique_id });
                    next += 1;
                }
            }
            self.write()?;
        }
        Ok(())
    }

    /// Notes that delivered messages are marked as deleted, and QUIT is about to be sent. Until it is known what came
    /// of that, they count as delivered, and what is listed under their unique-ids may be another message. Of
    /// others it says nothing.
    pub fn leaving(&mut self, ids: &[EntryId]) -> Result<()> {
        let at = self.now();
        let is_delivered = |id: &EntryId| self.view.get(*id).is_some_and(|e| e.state == State::Delivered);
        let delivered: Vec<_> = ids.iter().copied().filter(is_delivered).collect();
        self.note_each(&delivered, |entry| Record::Leaving { entry, at })
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
                    Some(State::Seen | State::Skipped) => self.note(&Record::Forgotten { entry }),
                    Some(State::Intended | State::Gone(_)) | None => {}
                }
            }
            self.write()?;
        }
        Ok(())
    }

    /// Notes that they are on the server after all: it brought them back, or did not delete them.
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
                self.note(&Record::Adopted { entry, octets, unique_id: unique_id.into() });
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

    /// The entry of a message with that unique-id that is to be fetched, one of the same octets first.
    fn seen_entry(
        &self,
        unique_id: &[u8],
        octets: Option<u64>,
        is_free: impl Fn(EntryId) -> bool,
    ) -> Option<EntryId> {
        self.entry_in(State::Seen, unique_id, octets, is_free)
    }

    /// The same, or else one that was skipped.
    fn undelivered(
        &self,
        unique_id: &[u8],
        octets: Option<u64>,
        is_free: impl Fn(EntryId) -> bool,
    ) -> Option<EntryId> {
        self.entry_in(State::Seen, unique_id, octets, &is_free)
            .or_else(|| self.entry_in(State::Skipped, unique_id, octets, &is_free))
    }

    fn entry_in(
        &self,
        state: State,
        unique_id: &[u8],
        octets: Option<u64>,
        is_free: impl Fn(EntryId) -> bool,
    ) -> Option<EntryId> {
        let mut found = None;
        for entry in self.view.find(unique_id).filter(|entry| entry.state == state && is_free(entry.id)) {
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
        self.is_too_long |= write_record(record, &[], &mut self.text);
        self.count += 1;
    }

    /// The same, with one more field that stays with the entry; an empty value removes it.
    fn note_with(&mut self, record: &Record, name: &[u8], value: &[u8]) {
        let field = [name, b"=", value].concat();
        self.is_too_long |= write_record(record, &field, &mut self.text);
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
        let mut start = 0;
        for end in memchr_iter(b'\n', text) {
            replay(&mut self.view, Version::Two, &text[start..end]).map_err(not_noted)?;
            start = end + 1;
        }
        Ok(())
    }

    /// Seconds since 1970, by the caller's clock at the start and a steady one since: the time that its records
    /// have, and by which they must be judged.
    pub(in crate::fetch) fn now(&self) -> i64 {
        self.opened_at.saturating_add_unsigned(self.opened.elapsed().as_secs())
    }
}

/// Appends a record as a line; `true` where it is longer than can be read back.
fn write_record(record: &Record, kept: &[u8], text: &mut Vec<u8>) -> bool {
    let start = text.len();
    record.write(text, kept);
    text.len() - start > log::MAX_LINE
}

fn not_noted(cause: &'static str) -> Error {
    Error::new(Kind::Data, "could not note a message").because(cause)
}

fn replay(view: &mut View, version: Version, line: &[u8]) -> Result<(), &'static str> {
    let read = match version {
        Version::One => v1::read(line).map(|record| Read { record, kept: Vec::new() }),
        Version::Two => Record::read(line),
    };
    view.apply(&read.ok_or("it is not a record")?, line)
}
