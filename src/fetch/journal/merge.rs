//! One journal takes over what others know, where they turned out to be the same maildrop's.

use std::collections::HashSet;
use std::path::Path;

use super::record::Record;
use super::view::{Entry, EntryId, State, View};
use super::{CHUNK, Journal, Lock, is_plausible};
use crate::error::Result;

impl Journal {
    /// Takes over, durably, what another journal of the same maildrop knows and this one does not; how many
    /// messages these are. May be done again. Two messages alike are two, in either journal.
    pub(in crate::fetch) fn take_over(&mut self, other: &View) -> Result<u32> {
        let entries: Vec<Entry<'_>> = other.iter().filter(|entry| entry.state != State::Intended).collect();
        let (mut taken, mut matched) = (0, Matched { bound: self.view.bound(), ids: HashSet::new() });
        for chunk in entries.chunks(CHUNK) {
            let mut next = self.next()?;
            for entry in chunk {
                taken += u32::from(self.take_over_entry(other, entry, &mut next, &mut matched)?);
            }
            self.write()?;
        }
        self.sync()?;
        Ok(taken)
    }

    /// Takes over one entry under the number `next`.
    fn take_over_entry(
        &mut self,
        other: &View,
        entry: &Entry<'_>,
        next: &mut u32,
        matched: &mut Matched,
    ) -> Result<bool> {
        let is_mine = |mine: &Entry<'_>| matched.is_free(mine.id) && is_same(mine, entry);
        let mine = self.view.find(entry.unique_id).find(is_mine);
        if let Some(mine) = mine {
            let (id, first_seen) = (mine.id, mine.first_seen);
            matched.ids.insert(id);
            if rank(mine.state) >= rank(entry.state) {
                // The earlier time counts: that is since when the user was promised to keep it for so long.
                if is_plausible(entry.first_seen) && entry.first_seen < first_seen {
                    let first_seen = entry.first_seen;
                    self.note(&Record::Dated { entry: id, first_seen, since: None });
                }
                return Ok(false);
            }
            self.note(&Record::Forgotten { entry: id });
        }
        let store = self.store_like(other, entry.id)?;
        let new = EntryId::new(*next);
        let (mut text, mut count) = (std::mem::take(&mut self.text), 0);
        other.for_each_record(entry, new, |record, kept| {
            let mut record = record.clone();
            if let Record::Known { store: number, .. } = &mut record {
                *number = store;
            }
            record.write(&mut text, kept);
            count += 1;
        });
        (self.text, self.count) = (text, self.count + count);
        *next += 1;
        Ok(true)
    }

    /// The number here of the store that another journal's entry is in.
    fn store_like(&mut self, other: &View, id: EntryId) -> Result<u16> {
        let Some(name) = other.store_of_entry(id) else { return Ok(0) };
        if let Some(number) = self.view.store_number(name) {
            return Ok(number);
        }
        let Some(number) = self.view.next_store() else { return Ok(0) };
        // Behind what was noted so far: it must be known before the entry that names it.
        self.note(&Record::Store { store: number, name: name.into() });
        self.write()?;
        Ok(number)
    }

    /// Gives the journal's file another name in the same folder, durably, and that name's lock.
    ///
    /// # Errors
    /// It could not be done (a mounted file has its name for good): the lock comes back.
    pub(in crate::fetch) fn rename(&mut self, path: &Path, lock: Lock) -> Result<(), Lock> {
        if self.rename_in_place(path).is_err() {
            return Err(lock);
        }
        self.lock = lock;
        Ok(())
    }

    /// The same under the lock that it has.
    pub(in crate::fetch) fn rename_in_place(&mut self, path: &Path) -> Result<()> {
        self.sync()?;
        self.log.rename(path)
    }

    /// Where the file is.
    pub(in crate::fetch) fn path(&self) -> &Path {
        &self.log.path
    }
}

/// Which entries of this journal were compared with one of the other.
struct Matched {
    /// Those from here on were taken over just now.
    bound: usize,
    ids: HashSet<EntryId>,
}

impl Matched {
    fn is_free(&self, id: EntryId) -> bool {
        id.index() < self.bound && !self.ids.contains(&id)
    }
}

/// Whether two entries of one unique-id are one message.
fn is_same(one: &Entry<'_>, other: &Entry<'_>) -> bool {
    match (one.identity, other.identity) {
        (Some(one), Some(other)) => one == other,
        _ => one.octets == other.octets || one.octets.is_none() || other.octets.is_none(),
    }
}

/// How much it says of a message that it stands so: what was delivered must not be fetched again.
fn rank(state: State) -> u8 {
    match state {
        State::Seen | State::Intended => 0,
        State::Gone(_) => 1,
        State::Skipped => 2,
        State::Delivered => 3,
    }
}
