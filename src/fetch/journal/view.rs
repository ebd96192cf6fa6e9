//! What the journal knows of each message, as the rest of the crate asks for it. [`apply`](super::apply)
//! fills it, record by record.

use std::collections::HashMap;
use std::fmt;

use super::fact::{Fact, FactKind};
use super::failure::Failure;
use super::field::kept_value;
use super::record::{NO_PROOF, PROOF};
use super::table::{Mark, Slot, Table};
use crate::identity::Identity;

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
    /// It was never delivered, and somebody decided that it will not be: it is neither fetched nor deleted.
    Skipped,
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
    /// Whether it was marked as deleted, and nobody knows whether QUIT carried that out: what is listed under its
    /// unique-id may be another message. Only of [`State::Delivered`].
    pub is_leaving: bool,
}

/// Everything a journal knows, by number and by unique-id.
#[derive(Debug, Clone, Default)]
pub struct View {
    pub(super) table: Table,
    pub(super) failures: HashMap<u32, Failure>,
    /// Fields that this version does not know, by entry, as they stand in their lines.
    pub(super) kept: HashMap<u32, Vec<u8>>,
    /// Records that this version does not know, with the entry they name.
    pub(super) unknown: Vec<(Option<u32>, Vec<u8>)>,
    /// The places of intended entries, as they stand in their lines; buffers are used again.
    pub(super) places: Vec<Vec<u8>>,
    pub(super) spare: Vec<u32>,
    /// Where messages were delivered; an entry's `store` is one more than the index.
    pub(super) stores: Vec<Vec<u8>>,
    /// The beginning of the last intent's place, and its store: most of the time the next one's, too.
    pub(super) last_store: (Vec<u8>, u16),
    pub(super) facts: Vec<Fact>,
    /// Since when the clock says less than times in this journal.
    pub(super) clock: Option<i64>,
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
        self.table.slot(id.0).filter(|slot| slot.has_more).and_then(|_| self.failures.get(&id.0))
    }

    /// Every message that failed and was never delivered since, in the order of their numbers.
    pub fn failures(&self) -> impl Iterator<Item = (EntryId, &Failure)> {
        let mut failures: Vec<_> =
            self.failures.iter().map(|(number, failure)| (EntryId(*number), failure)).collect();
        failures.sort_unstable_by_key(|(id, _)| *id);
        failures.into_iter()
    }

    /// What was learned of the server under that kind, if it still counts at `now` (seconds since 1970).
    pub fn fact(&self, kind: FactKind, now: i64) -> Option<&Fact> {
        self.facts.iter().find(|fact| fact.kind == kind && fact.counts_at(now))
    }

    /// Into which stores the messages were delivered that are on the server as far as we know, and how many
    /// into each; those of which nobody noted it (0.1 did not) are left out.
    pub fn stores(&self) -> Vec<(String, u32)> {
        let mut counts = vec![0u32; self.stores.len()];
        for slot in self.slots().filter(is_there) {
            if let Some(count) = usize::from(slot.store).checked_sub(1).and_then(|at| counts.get_mut(at)) {
                *count += 1;
            }
        }
        let named = self.stores.iter().map(|name| String::from_utf8_lossy(name).into_owned());
        named.zip(counts).filter(|(_, count)| *count > 0).collect()
    }

    /// How many of the messages that are on the server, as far as we know, were delivered into that store:
    /// `maildir:PATH`, `mbox:PATH`, or the name that [`Journal::deliver_to`](super::Journal::deliver_to) was
    /// given.
    pub fn delivered_into(&self, store: &str) -> u32 {
        let Some(at) = self.stores.iter().position(|name| name == store.as_bytes()) else { return 0 };
        self.slots().filter(|slot| is_there(slot) && usize::from(slot.store) == at + 1).count() as u32
    }

    /// How many messages were delivered and are on the server as far as we know.
    pub fn delivered(&self) -> u32 {
        self.slots().filter(is_there).count() as u32
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

    /// The fields of an entry that this version does not know.
    pub(super) fn kept(&self, id: EntryId) -> &[u8] {
        let slot = self.table.slot(id.0).filter(|slot| slot.has_more);
        slot.and_then(|_| self.kept.get(&id.0)).map_or(&[], Vec::as_slice)
    }

    /// Whether something proved that the delivered text is that of the message it was asked for.
    pub fn is_proven(&self, id: EntryId) -> bool {
        kept_value(self.kept(id), PROOF) != Some(NO_PROOF)
    }

    /// The number of the store of that name.
    pub(super) fn store_number(&self, name: &[u8]) -> Option<u16> {
        let at = self.stores.iter().position(|other| other == name)?;
        u16::try_from(at + 1).ok()
    }

    /// The number of the next store that gets one.
    pub(super) fn next_store(&self) -> Option<u16> {
        u16::try_from(self.stores.len() + 1).ok()
    }

    /// The name of the store that an entry is in.
    pub(super) fn store_of_entry(&self, id: EntryId) -> Option<&[u8]> {
        let slot = self.table.slot(id.0)?;
        self.stores.get(usize::from(slot.store).checked_sub(1)?).map(Vec::as_slice)
    }

    fn slots(&self) -> impl Iterator<Item = &Slot> {
        (0..self.table.bound() as u32).filter_map(|number| self.table.slot(number))
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
                Mark::Delivered | Mark::Leaving => State::Delivered,
                Mark::Gone => State::Gone(slot.since),
                Mark::Skipped | Mark::Delete => State::Skipped,
                Mark::Seen | Mark::Vacant => State::Seen,
            },
            is_leaving: slot.mark == Mark::Leaving,
        }
    }
}

/// Whether the message of a slot is delivered, and on the server as far as we know.
fn is_there(slot: &&Slot) -> bool {
    matches!(slot.mark, Mark::Delivered | Mark::Leaving)
}
