//! The memory under the journal's view: entries of one size in a row, their unique-ids in one arena, and a
//! hash index whose chains lie in a row of their own, so that walking one touches no entry but those meant.
//! 64 octets an entry and its unique-id's own length is all a message costs, and no message costs an
//! allocation: 100,000 known ones stay near 10 MiB.
//!
//! It knows neither records nor states' meaning: the view above does.

use std::hash::BuildHasher;

use foldhash::quality::RandomState;

/// No entry, at the end of a chain.
const END: u32 = u32::MAX;

/// The most entries a table takes, and one past the highest number of one.
const MAX_ENTRIES: usize = END as usize;

/// How an entry stands, in one octet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Not an entry any more, or never one.
    Vacant,
    Seen,
    Intended,
    Delivered,
    /// Delivered, and to be deleted by a QUIT of which nobody knows what came.
    Leaving,
    Gone,
    /// Neither fetched nor deleted.
    Skipped,
    /// Not fetched, and to be deleted by a version that knows how.
    Delete,
}

/// One entry, without its unique-id.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    /// Declared octets; `u64::MAX` where the server named none.
    pub octets: u64,
    pub first_seen: i64,
    /// Since when it stands as it does.
    pub since: i64,
    /// All zero where there is none, which no SHA-256 of a header will be.
    pub identity: [u8; 16],
    /// Which of the view's places is this one's, while intended.
    pub place: u32,
    /// Which of the view's stores it is delivered into, or will be; zero where nobody knows.
    pub store: u16,
    pub mark: Mark,
    /// Whether the view may keep more of it beside the table: a failure, fields of a later version.
    pub has_more: bool,
    uid_at: u32,
    uid_length: u32,
}

/// An entry in the index.
#[derive(Debug, Clone, Copy)]
struct IndexEntry {
    hash: u32,
    /// The entry after it in its chain.
    next: u32,
}

impl Slot {
    /// An entry that stands like this since it was first seen.
    pub(super) fn new(mark: Mark, first_seen: i64) -> Slot {
        Slot {
            octets: u64::MAX,
            first_seen,
            since: first_seen,
            identity: [0; 16],
            place: 0,
            store: 0,
            mark,
            has_more: false,
            uid_at: 0,
            uid_length: 0,
        }
    }
}

/// Entries by number and by unique-id; several may share one unique-id.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    slots: Vec<Slot>,
    /// One for each slot.
    links: Vec<IndexEntry>,
    /// The head of each chain; its length is a power of two, or nothing before [`Table::index`].
    buckets: Vec<u32>,
    arena: Vec<u8>,
    occupied: usize,
    /// Keyed at random: the server chooses the unique-ids, and could choose ones that collide.
    hasher: RandomState,
}

impl Table {
    /// One past the highest number of an entry.
    pub(super) fn bound(&self) -> usize {
        self.slots.len()
    }

    /// How many entries there are.
    pub(super) fn occupied(&self) -> usize {
        self.occupied
    }

    /// The numbers of all entries, in order.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> {
        let is_entry = |(number, slot): (u32, &Slot)| (slot.mark != Mark::Vacant).then_some(number);
        (0..).zip(&self.slots).filter_map(is_entry)
    }

    /// The entry of that number.
    pub(super) fn slot(&self, number: u32) -> Option<&Slot> {
        self.slots.get(number as usize).filter(|slot| slot.mark != Mark::Vacant)
    }

    /// The entry of that number, to change.
    pub(super) fn slot_mut(&mut self, number: u32) -> Option<&mut Slot> {
        self.slots.get_mut(number as usize).filter(|slot| slot.mark != Mark::Vacant)
    }

    /// An entry's unique-id.
    pub(super) fn unique_id(&self, slot: &Slot) -> &[u8] {
        // `store` wrote the range and nothing shrinks the arena, so it is always there.
        self.arena
            .get(slot.uid_at as usize..)
            .and_then(|rest| rest.get(..slot.uid_length as usize))
            .unwrap_or(&[])
    }

    /// Adds an entry under the next number; `None` when the table is full.
    pub(super) fn push(&mut self, unique_id: &[u8], mut slot: Slot) -> Option<u32> {
        if self.slots.len() >= MAX_ENTRIES {
            return None;
        }
        let hash = self.store(unique_id, &mut slot)?;
        let number = self.slots.len() as u32;
        self.slots.push(slot);
        self.links.push(IndexEntry { hash, next: END });
        self.link(number);
        self.occupied += 1;
        if self.is_indexed() && self.occupied > self.buckets.len() {
            self.index();
        }
        Some(number)
    }

    /// Makes [`Table::find`] find. Done once a file is read, and not on the way: each entry's place in the
    /// index is far from the last one's, and only in a loop that does nothing else do those waits overlap.
    pub(super) fn index(&mut self) {
        let length = (self.occupied + 1).next_power_of_two().max(64);
        self.buckets.clear();
        self.buckets.resize(length, END);
        for (number, (slot, link)) in self.slots.iter().zip(&mut self.links).enumerate() {
            if slot.mark != Mark::Vacant {
                let bucket = link.hash as usize & (length - 1);
                link.next = std::mem::replace(&mut self.buckets[bucket], number as u32);
            }
        }
    }

    /// Leaves numbers unused, so that the next entry gets that one.
    pub(super) fn leave_vacant_up_to(&mut self, number: u32) {
        while self.slots.len() < number as usize {
            self.slots.push(Slot::new(Mark::Vacant, 0));
            self.links.push(IndexEntry { hash: 0, next: END });
        }
    }

    /// Gives an entry another unique-id; `false` when the table is full.
    pub(super) fn rename(&mut self, number: u32, unique_id: &[u8]) -> bool {
        let Some(slot) = self.slot(number) else { return false };
        if self.unique_id(slot) == unique_id {
            return true;
        }
        let mut slot = slot.clone();
        let Some(hash) = self.store(unique_id, &mut slot) else { return false };
        self.unlink(number);
        self.slots[number as usize] = slot;
        self.links[number as usize].hash = hash;
        self.link(number);
        true
    }

    /// Removes an entry. Its number stays unused until [`Table::renumber`].
    pub(super) fn vacate(&mut self, number: u32) {
        if self.slot(number).is_some() {
            self.unlink(number);
            self.slots[number as usize].mark = Mark::Vacant;
            self.occupied -= 1;
        }
    }

    /// Numbers the entries anew, in their order, without gaps; the memory of what was removed is given back.
    pub(super) fn renumber(&mut self) {
        let mut arena = Vec::new();
        let mut marks = self.slots.iter().map(|slot| slot.mark);
        self.links.retain(|_| marks.next() != Some(Mark::Vacant));
        self.slots.retain(|slot| slot.mark != Mark::Vacant);
        for slot in &mut self.slots {
            let start = slot.uid_at as usize;
            slot.uid_at = arena.len() as u32;
            arena.extend_from_slice(&self.arena[start..start + slot.uid_length as usize]);
        }
        self.arena = arena;
        self.index();
    }

    /// The numbers of the entries under that unique-id, the latest first; none before [`Table::index`].
    pub(super) fn find<'a>(&'a self, unique_id: &'a [u8]) -> Find<'a> {
        let hash = self.hash(unique_id);
        let next = match self.buckets.len() {
            0 => END,
            length => self.buckets[hash as usize & (length - 1)],
        };
        Find { table: self, unique_id, hash, next }
    }

    fn hash(&self, unique_id: &[u8]) -> u32 {
        self.hasher.hash_one(unique_id) as u32
    }

    /// Keeps the unique-id for that slot, and returns its hash; `None` when the arena is full.
    fn store(&mut self, unique_id: &[u8], slot: &mut Slot) -> Option<u32> {
        let uid_at = u32::try_from(self.arena.len()).ok()?;
        let uid_length = u32::try_from(unique_id.len()).ok()?;
        uid_at.checked_add(uid_length)?;
        self.arena.extend_from_slice(unique_id);
        (slot.uid_at, slot.uid_length) = (uid_at, uid_length);
        Some(self.hash(unique_id))
    }

    fn is_indexed(&self) -> bool {
        !self.buckets.is_empty()
    }

    /// Puts an entry at the head of its chain.
    fn link(&mut self, number: u32) {
        if self.is_indexed() {
            let link = &mut self.links[number as usize];
            let bucket = link.hash as usize & (self.buckets.len() - 1);
            link.next = std::mem::replace(&mut self.buckets[bucket], number);
        }
    }

    /// Takes an entry out of its chain.
    fn unlink(&mut self, number: u32) {
        let Some(link) = self.links.get(number as usize).filter(|_| self.is_indexed()) else { return };
        let (bucket, after) = (link.hash as usize & (self.buckets.len() - 1), link.next);
        let mut here = self.buckets[bucket];
        if here == number {
            self.buckets[bucket] = after;
            return;
        }
        while here != END {
            let link = &mut self.links[here as usize];
            if link.next == number {
                link.next = after;
                return;
            }
            here = link.next;
        }
    }
}

/// Walks the entries of one unique-id.
pub(super) struct Find<'a> {
    table: &'a Table,
    unique_id: &'a [u8],
    hash: u32,
    next: u32,
}

impl Iterator for Find<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        while self.next != END {
            let number = self.next;
            let link = self.table.links[number as usize];
            self.next = link.next;
            let slot = &self.table.slots[number as usize];
            if link.hash == self.hash && self.table.unique_id(slot) == self.unique_id {
                return Some(number);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen() -> Slot {
        Slot::new(Mark::Seen, 7)
    }

    #[test]
    fn an_entry_takes_64_octets_besides_its_unique_id() {
        assert_eq!(size_of::<Slot>() + size_of::<IndexEntry>(), 64);
    }

    #[test]
    fn finds_every_entry_of_a_unique_id_and_no_other() {
        let mut table = Table::default();
        for n in 0..1000u32 {
            if n == 500 {
                table.index();
            }
            assert_eq!(table.push(format!("u{}", n % 300).as_bytes(), seen()), Some(n));
        }
        assert_eq!(table.find(b"u5").collect::<Vec<_>>(), [905, 605, 305, 5]);
        assert_eq!(table.find(b"u299").collect::<Vec<_>>(), [899, 599, 299]);
        assert_eq!(table.find(b"u300").count(), 0);
        assert_eq!(Table::default().find(b"u1").count(), 0);
    }

    #[test]
    fn renames_and_removes_without_losing_the_others() {
        let mut table = Table::default();
        for n in 0..200 {
            table.push(format!("u{}", n % 100).as_bytes(), seen());
        }
        table.rename(9, b"early");
        table.vacate(109);
        table.index();
        assert_eq!((table.find(b"early").count(), table.find(b"u9").count()), (1, 0));
        table.rename(9, b"u9");
        assert!(table.rename(5, b"new"));
        assert!(table.rename(6, b"u6"), "its own unique-id changes nothing");
        table.vacate(107);
        table.vacate(107);
        assert!(table.slot(107).is_none() && !table.rename(107, b"x"));
        assert_eq!(table.occupied(), 198);
        assert_eq!(table.find(b"new").collect::<Vec<_>>(), [5]);
        assert_eq!(table.find(b"u5").collect::<Vec<_>>(), [105]);
        assert_eq!(table.find(b"u7").collect::<Vec<_>>(), [7]);
        table.renumber();
        assert_eq!((table.bound(), table.occupied()), (198, 198));
        assert_eq!(table.find(b"new").collect::<Vec<_>>(), [5]);
        assert_eq!(table.find(b"u8").collect::<Vec<_>>(), [107, 8]);
        assert_eq!(table.push(b"u8", seen()), Some(198));
    }

    #[test]
    fn renumbering_nothing_is_nothing() {
        let mut table = Table::default();
        table.renumber();
        assert_eq!(table.find(b"").count(), 0);
        table.leave_vacant_up_to(3);
        assert_eq!(table.push(b"", seen()), Some(3));
        assert_eq!(table.find(b"").collect::<Vec<_>>(), [3]);
        table.vacate(3);
        table.renumber();
        assert_eq!((table.bound(), table.occupied(), table.find(b"").count()), (0, 0, 0));
    }
}
