//! What the journal knows of each message: the records replayed, one after the other. The journal itself
//! applies what it has just written in the same way, so that a view in use and a view replayed cannot differ.

use std::collections::HashMap;
use std::fmt;

use super::record::Record;
use super::table::{Mark, Slot, Table};
use crate::identity::Identity;

/// How many entry numbers a hand-mended journal may leave out in one place: memory is set aside for each.
const MAX_GAP: usize = 65_536;

/// The number of an entry, valid until its journal is opened again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(u32);

impl EntryId {
    pub(super) const fn new(number: u32) -> EntryId {
        EntryId(number)
    }

    pub(super) const fn number(self) -> u32 {
        self.0
    }

    /// Its place in a row of [`View::bound`] elements.
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How a message stands with us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It was listed, and never delivered.
    Seen,
    /// Its delivery was about to happen: whether it did is to be settled.
    Intended,
    /// It is delivered, and on the server as far as we know.
    Delivered,
    /// It is delivered, and was missed on the server since that second of 1970: a tombstone.
    Gone(i64),
}

/// What is known of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its number in this journal.
    pub id: EntryId,
    /// Its unique-id (RFC 1939 section 7), which other entries may share.
    pub unique_id: &'a [u8],
    /// The octets the server declared, if it did.
    pub octets: Option<u64>,
    /// What it is recognised by, once it was fetched.
    pub identity: Option<Identity>,
    /// When it was first listed, in seconds since 1970.
    pub first_seen: i64,
    /// Since when it stands as it does, in seconds since 1970.
    pub since: i64,
    /// How it stands.
    pub state: State,
}

/// The failures of a message that could not be fetched yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// How often it failed.
    pub count: u32,
    /// The last time, in seconds since 1970.
    pub at: i64,
    /// The last reason.
    pub reason: String,
}

/// Everything a journal knows, by number and by unique-id.
#[derive(Debug, Clone, Default)]
pub struct View {
    table: Table,
    failures: HashMap<u32, Failure>,
    /// The places of intended entries, as they stand in their lines; buffers are used again.
    places: Vec<Vec<u8>>,
    spare: Vec<u32>,
}

impl View {
    /// How many messages are known, those that are gone included.
    pub fn len(&self) -> usize {
        self.table.occupied()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entry of that number.
    pub fn get(&self, id: EntryId) -> Option<Entry<'_>> {
        self.table.slot(id.0).map(|slot| self.entry(id, slot))
    }

    /// The entries under that unique-id, the latest first.
    pub fn find<'a>(&'a self, unique_id: &'a [u8]) -> impl Iterator<Item = Entry<'a>> {
        self.table.find(unique_id).filter_map(|number| self.get(EntryId(number)))
    }

    /// Every entry, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = Entry<'_>> {
        (0..self.table.bound() as u32).filter_map(|number| self.get(EntryId(number)))
    }

    /// Whether any message failed and was never delivered since.
    pub fn has_failures(&self) -> bool {
        !self.failures.is_empty()
    }

    /// The failures of a message that was never delivered since.
    pub fn failure(&self, id: EntryId) -> Option<&Failure> {
        self.table.slot(id.0).filter(|slot| slot.has_failed).and_then(|_| self.failures.get(&id.0))
    }

    /// One past the highest [`EntryId::index`].
    pub(crate) fn bound(&self) -> usize {
        self.table.bound()
    }

    /// Whether any entry is intended.
    pub(super) fn has_intents(&self) -> bool {
        self.places.len() > self.spare.len()
    }

    /// Where an intended entry is to stand, as written in its line.
    pub(super) fn place(&self, id: EntryId) -> Option<&[u8]> {
        let slot = self.table.slot(id.0).filter(|slot| slot.mark == Mark::Intended)?;
        self.places.get(slot.place as usize).map(Vec::as_slice)
    }

    fn entry<'a>(&'a self, id: EntryId, slot: &Slot) -> Entry<'a> {
        Entry {
            id,
            unique_id: self.table.unique_id(slot),
            octets: (slot.octets != u64::MAX).then_some(slot.octets),
            identity: (slot.identity != [0; 16]).then(|| Identity::from_bytes(slot.identity)),
            first_seen: slot.first_seen,
            since: slot.since,
            state: match slot.mark {
                Mark::Intended => State::Intended,
                Mark::Delivered => State::Delivered,
                Mark::Gone => State::Gone(slot.since),
                Mark::Seen | Mark::Vacant => State::Seen,
            },
        }
    }

    /// Ends the replay of a file: only now entries are found by unique-id.
    pub(super) fn index(&mut self) {
        self.table.index();
    }

    /// Takes one record in; what is wrong with it when it does not fit what came before.
    pub(super) fn apply(&mut self, record: &Record) -> Result<(), &'static str> {
        match *record {
            Record::Seen { entry, at, octets, unique_id } => {
                let mut slot = Slot::new(Mark::Seen, at);
                slot.octets = octets.unwrap_or(u64::MAX);
                self.push(entry, unique_id, slot)
            }
            Record::Known { entry, first_seen, is_gone, since, octets, identity, unique_id } => {
                let mut slot = Slot::new(if is_gone { Mark::Gone } else { Mark::Delivered }, first_seen);
                slot.since = since;
                slot.octets = octets.unwrap_or(u64::MAX);
                slot.identity = identity.map_or([0; 16], |identity| *identity.as_bytes());
                self.push(entry, unique_id, slot)
            }
            Record::Intent { entry, at, octets, identity, unique_id, place } => {
                if entry.index() < self.table.bound() {
                    self.known(entry)?;
                    if !self.table.rename(entry.0, unique_id) {
                        return Err("it holds more unique-ids than a journal can");
                    }
                } else {
                    self.push(entry, unique_id, Slot::new(Mark::Seen, at))?;
                }
                self.mark(entry, Mark::Intended, at)?;
                let index = self.keep_place(place);
                let slot = self.known(entry)?;
                slot.place = index;
                slot.octets = octets.unwrap_or(u64::MAX);
                slot.identity = identity.map_or([0; 16], |identity| *identity.as_bytes());
                Ok(())
            }
            Record::Delivered { entry, at } => {
                self.mark(entry, Mark::Delivered, at)?;
                self.forget_failure(entry);
                Ok(())
            }
            Record::Refused { entry, at } => {
                self.mark(entry, Mark::Seen, at)?;
                // What was not delivered has no identity that anything may be recognised by.
                self.known(entry)?.identity = [0; 16];
                Ok(())
            }
            Record::Failed { entry, at, count, reason } => {
                self.known(entry)?.has_failed = true;
                let failure = self.failures.entry(entry.0).or_insert_with(|| Failure {
                    count,
                    at,
                    reason: String::new(),
                });
                (failure.count, failure.at) = (count, at);
                failure.reason.clear();
                failure.reason.push_str(&String::from_utf8_lossy(reason));
                Ok(())
            }
            Record::Gone { entry, at } => self.mark(entry, Mark::Gone, at),
            Record::Back { entry, at } => self.mark(entry, Mark::Delivered, at),
            Record::Adopted { entry, octets, unique_id } => {
                self.known(entry)?.octets = octets.unwrap_or(u64::MAX);
                match self.table.rename(entry.0, unique_id) {
                    true => Ok(()),
                    false => Err("it holds more unique-ids than a journal can"),
                }
            }
            Record::Forgotten { entry } => {
                self.known(entry)?;
                self.remove(entry);
                Ok(())
            }
        }
    }

    /// The fewest records that make this view again, with its ranks closed.
    pub(super) fn for_each_record(&self, mut write: impl FnMut(&Record)) {
        for (number, known) in (0..).zip(self.iter()) {
            let Entry { id, unique_id, octets, identity, first_seen, since, state } = known;
            let entry = EntryId(number);
            match state {
                State::Seen => write(&Record::Seen { entry, at: first_seen, octets, unique_id }),
                State::Intended => {
                    let place = self.place(id).unwrap_or_default();
                    write(&Record::Seen { entry, at: first_seen, octets, unique_id });
                    write(&Record::Intent { entry, at: since, octets, identity, unique_id, place });
                }
                State::Delivered | State::Gone(_) => {
                    let is_gone = state != State::Delivered;
                    write(&Record::Known { entry, first_seen, is_gone, since, octets, identity, unique_id });
                }
            }
            if let Some(Failure { count, at, reason }) = self.failure(id) {
                write(&Record::Failed { entry, at: *at, count: *count, reason: reason.as_bytes() });
            }
        }
    }

    /// Forgets the tombstones set up before that second of 1970.
    pub(super) fn expire(&mut self, before: i64) {
        for number in 0..self.table.bound() as u32 {
            if self.table.slot(number).is_some_and(|slot| slot.mark == Mark::Gone && slot.since < before) {
                self.remove(EntryId(number));
            }
        }
    }

    /// Numbers the entries anew without gaps, and gives back the memory of those removed.
    pub(super) fn close_ranks(&mut self) {
        let renumbered = (0..).zip(self.table.numbers());
        self.failures =
            renumbered.filter_map(|(new, old)| Some((new, self.failures.remove(&old)?))).collect();
        self.table.close_ranks();
    }

    fn push(&mut self, entry: EntryId, unique_id: &[u8], slot: Slot) -> Result<(), &'static str> {
        let bound = self.table.bound();
        if entry.index() < bound {
            return Err("its entry's number was used before");
        }
        if entry.index() - bound > MAX_GAP {
            return Err("its entry's number is too high");
        }
        self.table.leave_vacant_up_to(entry.0);
        self.table.push(unique_id, slot).map(drop).ok_or("it holds more unique-ids than a journal can")
    }

    fn known(&mut self, entry: EntryId) -> Result<&mut Slot, &'static str> {
        self.table.slot_mut(entry.0).ok_or("it speaks of an entry that does not exist")
    }

    /// Changes how an entry stands; a place it had is given up.
    fn mark(&mut self, entry: EntryId, mark: Mark, since: i64) -> Result<(), &'static str> {
        let slot = self.known(entry)?;
        let (before, place) = (slot.mark, slot.place);
        (slot.mark, slot.since) = (mark, since);
        if before == Mark::Intended {
            self.spare.push(place);
        }
        Ok(())
    }

    fn keep_place(&mut self, place: &[u8]) -> u32 {
        let index = self.spare.pop().unwrap_or_else(|| {
            self.places.push(Vec::new());
            self.places.len() as u32 - 1
        });
        if let Some(buffer) = self.places.get_mut(index as usize) {
            buffer.clear();
            buffer.extend_from_slice(place);
        }
        index
    }

    fn forget_failure(&mut self, entry: EntryId) {
        if let Some(slot) = self.table.slot_mut(entry.0).filter(|slot| slot.has_failed) {
            slot.has_failed = false;
            self.failures.remove(&entry.0);
        }
    }

    fn remove(&mut self, entry: EntryId) {
        self.forget_failure(entry);
        if let Some(slot) = self.table.slot(entry.0)
            && slot.mark == Mark::Intended
        {
            self.spare.push(slot.place);
        }
        self.table.vacate(entry.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: EntryId = EntryId::new(0);

    fn intent(entry: EntryId, at: i64) -> Record<'static> {
        let identity = Some(Identity::from_bytes([1; 16]));
        Record::Intent { entry, at, octets: Some(9), identity, unique_id: b"u", place: b"handed" }
    }

    fn view(records: &[Record]) -> View {
        let mut view = View::default();
        records.iter().for_each(|record| view.apply(record).expect("a record that fits"));
        view
    }

    #[test]
    fn an_intent_keeps_when_its_message_was_first_seen() {
        let seen = Record::Seen { entry: ONE, at: 10, octets: Some(8), unique_id: b"u" };
        let view = view(&[seen, intent(ONE, 50), Record::Delivered { entry: ONE, at: 60 }]);
        let entry = view.get(ONE).expect("an entry");
        assert_eq!((entry.first_seen, entry.since, entry.octets), (10, 60, Some(9)));
        assert_eq!((entry.state, view.place(ONE)), (State::Delivered, None));
    }

    #[test]
    fn a_refused_intent_leaves_a_message_that_was_only_seen() {
        let failed = Record::Failed { entry: ONE, at: 3, count: 2, reason: b"no" };
        let view = view(&[intent(ONE, 1), Record::Refused { entry: ONE, at: 2 }, failed]);
        let entry = view.get(ONE).expect("an entry");
        assert_eq!((entry.state, entry.identity, entry.first_seen), (State::Seen, None, 1));
        let failure = Failure { count: 2, at: 3, reason: "no".to_owned() };
        assert_eq!(view.failure(ONE), Some(&failure));
    }

    #[test]
    fn a_delivery_ends_what_failed_before() {
        let failed = Record::Failed { entry: ONE, at: 3, count: 1, reason: b"no" };
        let view = view(&[intent(ONE, 1), failed, Record::Delivered { entry: ONE, at: 4 }]);
        assert_eq!(view.failure(ONE), None);
    }

    #[test]
    fn places_are_kept_as_long_as_their_intents() {
        let two = EntryId::new(1);
        let mut view = view(&[intent(ONE, 1), intent(two, 1), intent(ONE, 2)]);
        assert_eq!(view.places.len(), 2, "a repeated intent takes no second place");
        view.apply(&Record::Forgotten { entry: ONE }).expect("an entry");
        assert_eq!((view.place(ONE), view.place(two)), (None, Some(&b"handed"[..])));
        view.apply(&intent(EntryId::new(2), 3)).expect("a new entry");
        assert_eq!(view.places.len(), 2);
    }

    #[test]
    fn records_that_do_not_fit_are_told() {
        let mut view = view(&[intent(ONE, 1), Record::Forgotten { entry: ONE }]);
        let far = EntryId::new(MAX_GAP as u32 + 2);
        let seen = |entry| Record::Seen { entry, at: 1, octets: None, unique_id: b"u" };
        for record in [
            seen(ONE),
            intent(ONE, 1),
            Record::Gone { entry: ONE, at: 1 },
            Record::Back { entry: EntryId::new(1), at: 1 },
            Record::Adopted { entry: ONE, octets: None, unique_id: b"v" },
            Record::Forgotten { entry: ONE },
            seen(far),
        ] {
            assert!(view.apply(&record).is_err(), "{record:?}");
        }
        assert!(view.is_empty());
        view.apply(&seen(EntryId::new(9))).expect("a gap a person left");
        assert_eq!(view.iter().map(|entry| entry.id.number()).collect::<Vec<_>>(), [9]);
    }
}
