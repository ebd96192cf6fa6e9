//! The records applied to the view, one after the other, and the view as records again. The journal applies
//! what it has just written in the same way as what it replays, so that a view in use and a view replayed
//! cannot differ.

use std::borrow::Cow;

use super::escape::SEPARATOR;
use super::fact::Fact;
use super::failure::Failure;
use super::field::merge_kept;
use super::is_plausible;
use super::record::{self, Read, Record, Standing};
use super::table::{Mark, Slot};
use super::view::{Entry, EntryId, View};
use crate::identity::Identity;

/// How many entry numbers a hand-mended journal may leave out in one place: memory is set aside for each.
const MAX_GAP: usize = 65_536;

/// The most records of a later version that are kept.
const MAX_UNKNOWN: usize = 65_536;

/// What is wrong with a record that does not fit what came before.
type Misfit = &'static str;

const FULL: Misfit = "it holds more unique-ids than a journal can";

impl View {
    /// Ends the replay of a file: only now entries are found by unique-id.
    pub(super) fn index(&mut self) {
        self.table.index();
    }

    /// Takes one line in, and what was read of it; what is wrong with it when it does not fit what came
    /// before.
    pub(super) fn apply(&mut self, Read { record, kept }: &Read<'_>, line: &[u8]) -> Result<(), Misfit> {
        let entry = match record {
            Record::Unknown { entry } => return self.keep_record(*entry, line),
            Record::Store { store, name } => return self.name_store(*store, name),
            Record::Learned { kind, until, value } => {
                self.facts.retain(|fact| fact.kind != *kind);
                self.facts.push(Fact { kind: *kind, until: *until, value: *value });
                return Ok(());
            }
            Record::Unlearned { kind } => {
                self.facts.retain(|fact| fact.kind != *kind);
                return Ok(());
            }
            Record::Clock { at } => {
                self.clock = *at;
                return Ok(());
            }
            Record::Forgotten { entry } => {
                self.known(*entry)?;
                self.remove(*entry);
                return Ok(());
            }
            record => self.apply_to_entry(record)?,
        };
        if !kept.is_empty() {
            self.known(entry)?.has_more = true;
            let before = self.kept.entry(entry.number()).or_default();
            *before = merge_kept(before, kept);
        }
        Ok(())
    }

    /// Takes in what is said of one entry.
    fn apply_to_entry(&mut self, record: &Record<'_>) -> Result<EntryId, Misfit> {
        Ok(match record {
            Record::Seen { entry, at, octets, unique_id } => {
                let mut slot = Slot::new(Mark::Seen, *at);
                slot.octets = octets.unwrap_or(u64::MAX);
                self.push(*entry, unique_id, slot)?;
                *entry
            }
            Record::Known { entry, first_seen, standing, since, octets, identity, unique_id, store } => {
                let mut slot = Slot::new(mark_of(*standing), *first_seen);
                (slot.since, slot.store) = (*since, *store);
                slot.octets = octets.unwrap_or(u64::MAX);
                slot.identity = octets_of(*identity);
                self.push(*entry, unique_id, slot)?;
                *entry
            }
            Record::Intent { entry, at, octets, identity, unique_id, place, store } => {
                if entry.index() < self.table.bound() {
                    self.known(*entry)?;
                    if !self.table.rename(entry.number(), unique_id) {
                        return Err(FULL);
                    }
                } else {
                    self.push(*entry, unique_id, Slot::new(Mark::Seen, *at))?;
                }
                self.mark(*entry, Mark::Intended, *at)?;
                let index = self.keep_place(place);
                let store = if *store > 0 { *store } else { self.store_of(place) };
                let slot = self.known(*entry)?;
                (slot.place, slot.store) = (index, store);
                slot.octets = octets.unwrap_or(u64::MAX);
                slot.identity = octets_of(*identity);
                *entry
            }
            Record::Delivered { entry, at } => {
                self.mark(*entry, Mark::Delivered, *at)?;
                self.forget_failure(*entry);
                *entry
            }
            Record::Judged { entry, at, standing } => {
                self.mark(*entry, mark_of(*standing), *at)?;
                self.forget_failure(*entry);
                *entry
            }
            Record::Refused { entry, at } => {
                self.mark(*entry, Mark::Seen, *at)?;
                // What was not delivered has no identity that anything may be recognised by.
                let slot = self.known(*entry)?;
                (slot.identity, slot.store) = ([0; 16], 0);
                *entry
            }
            Record::Failed { entry, at, failed } => {
                self.known(*entry)?.has_more = true;
                self.failures.insert(entry.number(), Failure::new(*at, failed));
                *entry
            }
            Record::Retry { entry, at } => {
                self.known(*entry)?;
                if let Some(failure) = self.failures.get_mut(&entry.number()) {
                    failure.next_try = *at;
                }
                *entry
            }
            Record::Leaving { entry, at } => self.mark(*entry, Mark::Leaving, *at).map(|()| *entry)?,
            Record::Gone { entry, at } => self.mark(*entry, Mark::Gone, *at).map(|()| *entry)?,
            Record::Back { entry, at } => self.mark(*entry, Mark::Delivered, *at).map(|()| *entry)?,
            Record::Adopted { entry, octets, unique_id } => {
                self.known(*entry)?.octets = octets.unwrap_or(u64::MAX);
                if !self.table.rename(entry.number(), unique_id) {
                    return Err(FULL);
                }
                *entry
            }
            Record::Dated { entry, first_seen, since } => {
                let slot = self.known(*entry)?;
                slot.first_seen = *first_seen;
                slot.since = since.unwrap_or(slot.since);
                *entry
            }
            Record::Forgotten { .. }
            | Record::Store { .. }
            | Record::Learned { .. }
            | Record::Unlearned { .. }
            | Record::Clock { .. }
            | Record::Unknown { .. } => return Err("it speaks of no entry"),
        })
    }

    /// The fewest lines that make this view again, renumbered; `write` gets a record and what is kept with it.
    pub(super) fn for_each_line(&self, mut write: impl FnMut(&[u8])) {
        let mut line = Vec::new();
        let mut put = |record: &Record<'_>, kept: &[u8]| {
            line.clear();
            record.write(&mut line, kept);
            write(&line);
        };
        for (store, name) in (1..).zip(&self.stores) {
            put(&Record::Store { store, name: name.into() }, &[]);
        }
        for Fact { kind, until, value } in &self.facts {
            put(&Record::Learned { kind: *kind, until: *until, value: *value }, &[]);
        }
        if self.clock.is_some() {
            put(&Record::Clock { at: self.clock }, &[]);
        }
        for (number, entry) in (0..).zip(self.iter()) {
            self.for_each_record(&entry, EntryId::new(number), |record, kept| put(record, kept));
        }
        if !self.unknown.is_empty() {
            let numbers: Vec<u32> = self.table.numbers().collect();
            self.unknown.iter().for_each(|(entry, line)| write_unknown(*entry, line, &numbers, &mut write));
        }
    }

    /// The records that make an entry again, under the number `new`.
    pub(super) fn for_each_record(
        &self,
        known: &Entry<'_>,
        new: EntryId,
        mut put: impl FnMut(&Record<'_>, &[u8]),
    ) {
        let Entry { id, unique_id, octets, identity, first_seen, since, .. } = *known;
        let (entry, unique_id) = (new, Cow::Borrowed(unique_id));
        let slot = self.table.slot(id.number());
        let (mark, store) = slot.map_or((Mark::Seen, 0), |slot| (slot.mark, slot.store));
        let kept = self.kept(id);
        let standing = match mark {
            Mark::Delivered => Some(Standing::Delivered),
            Mark::Leaving => Some(Standing::Leaving),
            Mark::Gone => Some(Standing::Gone),
            Mark::Skipped => Some(Standing::Skipped),
            Mark::Delete => Some(Standing::Delete),
            Mark::Seen | Mark::Vacant | Mark::Intended => None,
        };
        if let Some(standing) = standing {
            put(
                &Record::Known { entry, first_seen, standing, since, octets, identity, unique_id, store },
                kept,
            );
        } else {
            put(&Record::Seen { entry, at: first_seen, octets, unique_id: unique_id.clone() }, kept);
            if let Some(place) = self.place(id) {
                let place = Cow::Borrowed(place);
                put(&Record::Intent { entry, at: since, octets, identity, unique_id, place, store }, &[]);
            }
        }
        if let Some(failure) = self.failure(id) {
            let failed = Box::new(failure.as_record());
            put(&Record::Failed { entry, at: failure.at, failed }, &[]);
        }
    }

    /// Forgets the tombstones set up before that second of 1970, by a clock that was set.
    pub(super) fn expire(&mut self, before: i64) {
        let is_old = |slot: &Slot| slot.mark == Mark::Gone && slot.since < before && is_plausible(slot.since);
        for number in 0..self.table.bound() as u32 {
            if self.table.slot(number).is_some_and(is_old) {
                self.remove(EntryId::new(number));
            }
        }
    }

    /// Numbers the entries anew without gaps, and gives back the memory of those removed.
    pub(super) fn renumber(&mut self) {
        if !(self.failures.is_empty() && self.kept.is_empty() && self.unknown.is_empty()) {
            let numbers: Vec<u32> = self.table.numbers().collect();
            let new = |old: &u32| numbers.binary_search(old).ok().map(|new| new as u32);
            let failures = self.failures.drain();
            self.failures = failures.filter_map(|(old, failure)| Some((new(&old)?, failure))).collect();
            self.kept = self.kept.drain().filter_map(|(old, kept)| Some((new(&old)?, kept))).collect();
            self.unknown = std::mem::take(&mut self.unknown)
                .into_iter()
                .filter_map(|(entry, line)| match entry {
                    None => Some((None, line)),
                    Some(old) => Some((Some(new(&old)?), line)),
                })
                .collect();
        }
        self.table.renumber();
    }

    fn push(&mut self, entry: EntryId, unique_id: &[u8], slot: Slot) -> Result<(), Misfit> {
        let bound = self.table.bound();
        if entry.index() < bound {
            return Err("its entry's number was used before");
        }
        if entry.index() - bound > MAX_GAP {
            return Err("its entry's number is too high");
        }
        self.table.leave_vacant_up_to(entry.number());
        self.table.push(unique_id, slot).map(drop).ok_or(FULL)
    }

    fn known(&mut self, entry: EntryId) -> Result<&mut Slot, Misfit> {
        self.table.slot_mut(entry.number()).ok_or("it speaks of an entry that does not exist")
    }

    /// Changes how an entry stands; a place it had is given up.
    fn mark(&mut self, entry: EntryId, mark: Mark, since: i64) -> Result<(), Misfit> {
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

    /// The store that a place says by itself, `maildir:PATH` or `mbox:PATH`; zero where it says none.
    fn store_of(&mut self, place: &[u8]) -> u16 {
        let (start, store) = &self.last_store;
        if let Some([SEPARATOR, ..]) = place.strip_prefix(&start[..])
            && !start.is_empty()
        {
            return *store;
        }
        let mut separators = place.iter().enumerate().filter(|(_, byte)| **byte == SEPARATOR);
        let Some((end, _)) = separators.nth(1) else { return 0 };
        let start = &place[..end];
        let Some([kind, path]) = record::split(start).and_then(|parts| <[Vec<u8>; 2]>::try_from(parts).ok())
        else {
            return 0;
        };
        let store = self.store_named(&[&kind[..], b":", &path].concat());
        self.last_store = (start.to_vec(), store);
        store
    }

    /// The number of the store of that name; zero where there are too many.
    fn store_named(&mut self, name: &[u8]) -> u16 {
        let (known, next) = (self.store_number(name), self.next_store());
        match (known, next) {
            (Some(number), _) => number,
            (None, Some(number)) => {
                self.stores.push(name.to_vec());
                number
            }
            (None, None) => 0,
        }
    }

    fn name_store(&mut self, store: u16, name: &[u8]) -> Result<(), Misfit> {
        let at = usize::from(store) - 1;
        match self.stores.get(at) {
            Some(known) if known == name => Ok(()),
            None if at == self.stores.len() => {
                self.stores.push(name.to_vec());
                Ok(())
            }
            _ => Err("its store's number is another's"),
        }
    }

    fn keep_record(&mut self, entry: Option<EntryId>, line: &[u8]) -> Result<(), Misfit> {
        if let Some(entry) = entry {
            self.known(entry)?;
        }
        // Beyond the bound they cannot be kept, and are no reason not to go on.
        if self.unknown.len() < MAX_UNKNOWN {
            self.unknown.push((entry.map(EntryId::number), line.to_vec()));
        }
        Ok(())
    }

    fn forget_failure(&mut self, entry: EntryId) {
        if self.table.slot(entry.number()).is_some_and(|slot| slot.has_more) {
            self.failures.remove(&entry.number());
        }
    }

    fn remove(&mut self, entry: EntryId) {
        self.forget_failure(entry);
        self.kept.remove(&entry.number());
        if let Some(slot) = self.table.slot(entry.number())
            && slot.mark == Mark::Intended
        {
            self.spare.push(slot.place);
        }
        self.table.vacate(entry.number());
    }
}

/// A line of a later version as it stands, but for the number of its entry, which is one of `numbers`.
fn write_unknown(entry: Option<u32>, line: &[u8], numbers: &[u32], write: &mut impl FnMut(&[u8])) {
    let new = match entry.map(|entry| numbers.binary_search(&entry)) {
        None => None,
        Some(Ok(new)) => Some(new),
        Some(Err(_)) => return,
    };
    let mut text = Vec::with_capacity(line.len() + 1);
    for (at, field) in line.split(|byte| *byte == b'\t').enumerate() {
        if at > 0 {
            text.push(b'\t');
        }
        match new.filter(|_| field.starts_with(b"e=")) {
            Some(new) => text.extend_from_slice(format!("e={new}").as_bytes()),
            None => text.extend_from_slice(field),
        }
    }
    text.push(b'\n');
    write(&text);
}

fn mark_of(standing: Standing) -> Mark {
    match standing {
        Standing::Delivered => Mark::Delivered,
        Standing::Leaving => Mark::Leaving,
        Standing::Gone => Mark::Gone,
        Standing::Skipped => Mark::Skipped,
        Standing::Delete => Mark::Delete,
    }
}

fn octets_of(identity: Option<Identity>) -> [u8; 16] {
    identity.map_or([0; 16], |identity| *identity.as_bytes())
}

#[cfg(test)]
#[path = "apply_tests.rs"]
mod tests;
