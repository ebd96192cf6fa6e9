//! Which listed message is which entry of the journal: by unique-id and octets where they tell, else by the
//! message's identity, and where that cannot be had, not at all: in doubt a message is fetched again.

use std::collections::{HashMap, HashSet};

use super::Listed;
use crate::fetch::journal::{Entry, EntryId, State, View};
use crate::fetch::recognise::is_made;
use crate::identity::Identity;

/// How a listed message differs from its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    Same,
    /// The unique-id is the same, the octets are not.
    Resized,
    /// The unique-id is another.
    Renumbered,
}

/// What a listed message turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Unnamed,
    New,
    /// New, though its unique-id is known: the identity says so.
    Reused,
    /// Perhaps known, but there is no identity to tell.
    Unrecognised,
    Entry(EntryId, Link),
    /// One that was never delivered, or another of its unique-id, which only its text could tell.
    SeenOrKnown(EntryId, Link),
}

impl Found {
    pub(super) fn entry(self) -> Option<EntryId> {
        match self {
            Found::Entry(id, _) | Found::SeenOrKnown(id, _) => Some(id),
            Found::Unnamed | Found::New | Found::Reused | Found::Unrecognised => None,
        }
    }
}

/// A listed message whose unique-id is known: the latest entry under it, the message's place in the
/// listing, and whether that entry is the only one.
type Member = (EntryId, usize, bool);

/// The listed messages beside the entries.
pub(super) struct Matching<'a> {
    listed: &'a [Listed<'a>],
    view: &'a View,
    identities: &'a HashMap<u32, Option<Identity>>,
    is_complete: bool,
    /// What each listed message is, in the listing's order.
    pub(super) found: Vec<Found>,
    /// The message-numbers whose identity would tell, and was not asked.
    pub(super) doubts: Vec<u32>,
    /// By entry, whether a listed message is it.
    claimed: Vec<bool>,
}

impl<'a> Matching<'a> {
    pub(super) fn new(
        listed: &'a [Listed<'a>],
        is_complete: bool,
        view: &'a View,
        identities: &'a HashMap<u32, Option<Identity>>,
    ) -> Self {
        let (found, claimed) = (vec![Found::Unnamed; listed.len()], vec![false; view.bound()]);
        let mut matching =
            Matching { listed, view, identities, is_complete, found, doubts: Vec::new(), claimed };
        let (groups, strangers) = matching.group();
        // Messages whose identity is known, but of no entry under their own unique-id.
        let mut open = Vec::new();
        for group in groups.chunk_by(|one, other| one.0 == other.0) {
            matching.match_group(group, &mut open);
        }
        matching.match_strangers(strangers, &groups, &mut open);
        matching.recognise(open);
        matching
    }

    /// The live entries that no listed message is, where the listing has every message.
    pub(super) fn vanished(&self) -> Vec<EntryId> {
        if !self.is_complete {
            return Vec::new();
        }
        let is_vanished = |entry: &Entry| match entry.state {
            State::Seen | State::Delivered | State::Skipped => !self.is_claimed(entry),
            // An intent is settled first; a tombstone stays one.
            State::Intended | State::Gone(_) => false,
        };
        self.view.iter().filter(is_vanished).map(|entry| entry.id).collect()
    }

    /// The messages whose unique-id is known, with the latest entry under it, those of one side by side; and
    /// the others.
    fn group(&mut self) -> (Vec<Member>, Vec<usize>) {
        let (mut groups, mut strangers) = (Vec::with_capacity(self.listed.len()), Vec::new());
        for (index, message) in self.listed.iter().enumerate() {
            let Some(unique_id) = message.unique_id.filter(|unique_id| !unique_id.is_empty()) else {
                continue;
            };
            self.found[index] = Found::New;
            let mut entries = self.view.find(unique_id);
            match entries.next() {
                Some(entry) => groups.push((entry.id, index, entries.next().is_none())),
                None => strangers.push(index),
            }
        }
        groups.sort_unstable();
        (groups, strangers)
    }

    /// Matches the messages listed under one known unique-id with the entries under it.
    fn match_group(&mut self, group: &[Member], open: &mut Vec<usize>) {
        let view = self.view;
        // The usual case, 100,000 times in a row: one message, one entry, the same octets.
        if let [(id, index, true)] = *group
            && let Some(entry) = view.get(id)
            && (entry.state == State::Seen || is_told_by_name(&entry) && self.fits(index, &entry))
        {
            return self.claim(index, &entry);
        }
        let Some(unique_id) = group.first().map(|(_, index, _)| self.unique_id(*index)) else { return };
        let entries: Vec<Entry> = view.find(unique_id).collect();
        let mut unknown = Vec::new();
        for &(_, index, _) in group {
            match self.identity(index) {
                Some(Some(identity)) if self.claim_by_identity(index, identity, &entries) => {}
                Some(Some(_)) => open.push(index),
                Some(None) | None => unknown.push(index),
            }
        }
        let is_told = |&index: &usize| self.is_told_by_octets(index, &unknown, &entries);
        let (told, mut unsure): (Vec<usize>, Vec<usize>) = unknown.iter().copied().partition(is_told);
        for index in told {
            let fitting = |entry: &Entry| is_told_by_name(entry) && self.fits(index, entry);
            let entry = self.unclaimed(&entries).find(fitting);
            match entry {
                Some(entry) => self.claim(index, &entry),
                None => unsure.push(index),
            }
        }
        // What nothing is left for that was ever delivered is new; of the rest only the identity could tell.
        let is_clear = !self.unclaimed(&entries).any(|entry| entry.state != State::Seen);
        for index in unsure {
            self.claim_seen(index, if is_clear { Found::New } else { Found::Unrecognised });
            if !is_clear {
                if let Found::Entry(seen, link) = self.found[index] {
                    self.found[index] = Found::SeenOrKnown(seen, link);
                }
                self.doubt(index);
            }
        }
    }

    /// Whether octets tell which message this is: there are as many delivered entries of its octets as
    /// messages, and none that is still to be delivered.
    fn is_told_by_octets(&self, index: usize, messages: &[usize], entries: &[Entry]) -> bool {
        let fitting = |entry: &Entry| self.fits(index, entry);
        let known = self.unclaimed(entries).filter(|entry| is_told_by_name(entry) && fitting(entry)).count();
        let undelivered = self.unclaimed(entries).any(|entry| entry.state == State::Seen && fitting(&entry));
        let octets = self.listed[index].octets;
        let rivals = messages.iter().filter(|other| may_equal(self.listed[**other].octets, octets)).count();
        !undelivered && rivals <= known
    }

    /// Claims the delivered entry, or else the tombstone, of that identity; one of the same octets first.
    fn claim_by_identity(&mut self, index: usize, identity: Identity, entries: &[Entry]) -> bool {
        let same = self.unclaimed(entries).filter(|entry| entry.identity == Some(identity));
        let Some(entry) = same.max_by_key(|entry| (is_delivered(entry), self.fits(index, entry))) else {
            return false;
        };
        self.claim(index, &entry);
        true
    }

    /// Doubts the messages of unknown unique-ids that may be known ones renumbered: of a complete listing
    /// known ones are missing, and either they had the same octets or most are missing.
    fn match_strangers(&mut self, strangers: Vec<usize>, groups: &[Member], open: &mut Vec<usize>) {
        let (asked, others): (Vec<usize>, Vec<usize>) =
            strangers.into_iter().partition(|&index| self.identity(index).is_some());
        for index in asked {
            match self.identity(index) {
                Some(Some(_)) => open.push(index),
                Some(None) | None => self.found[index] = Found::Unrecognised,
            }
        }
        if others.is_empty() {
            return;
        }
        // A group is known by the latest entry under its unique-id.
        let is_listed = |entry: &Entry| {
            let latest = self.view.find(entry.unique_id).next().map(|latest| latest.id);
            latest.is_some_and(|latest| groups.binary_search_by_key(&latest, |group| group.0).is_ok())
        };
        let is_missing = |entry: &Entry| {
            let is_candidate = match entry.state {
                // A message that had no unique-id may have one now, even if it went and came back.
                State::Delivered | State::Gone(_) if is_made(entry.unique_id) => true,
                State::Delivered => self.is_complete,
                _ => false,
            };
            is_candidate && entry.identity.is_some() && !self.is_claimed(entry) && !is_listed(entry)
        };
        let (mut octets, mut missing) = (HashSet::new(), 0);
        for entry in self.view.iter().filter(is_missing) {
            octets.insert(entry.octets);
            missing += usize::from(entry.state == State::Delivered);
        }
        let are_most_missing = missing > groups.len();
        for index in others {
            let own = self.listed[index].octets;
            let may_be_known =
                octets.contains(&own) || octets.contains(&None) || own.is_none() && missing > 0;
            if are_most_missing || may_be_known {
                self.found[index] = Found::Unrecognised;
                self.doubt(index);
            }
        }
    }

    /// Looks for messages of known identity among all entries nobody claimed: the server renumbered its
    /// messages, or gives these no unique-id, or gave them none. Otherwise only a complete listing shows that
    /// the own message of an entry, under its unique-id, is not there as well.
    fn recognise(&mut self, open: Vec<usize>) {
        let mut known = Vec::new();
        if !open.is_empty() {
            let left = self.view.iter().filter(|entry| entry.state != State::Seen && !self.is_claimed(entry));
            let key = |entry: Entry| Some((entry.identity?, !is_delivered(&entry), entry.id));
            known.extend(left.filter_map(key));
            known.sort_unstable();
        }
        for index in open {
            let Some(identity) = self.identity(index).flatten() else { continue };
            let is_comparable = self.is_complete || is_made(self.unique_id(index));
            let start = known.partition_point(|(other, ..)| *other < identity);
            let same = known[start..].iter().take_while(|(other, ..)| *other == identity);
            let mut free =
                same.filter_map(|(_, _, id)| self.view.get(*id)).filter(|entry| !self.is_claimed(entry));
            match free.find(|entry| is_comparable || is_made(entry.unique_id)) {
                Some(entry) => self.claim(index, &entry),
                None if self.view.find(self.unique_id(index)).next().is_some() => {
                    self.claim_seen(index, Found::Reused);
                }
                None => {}
            }
        }
    }

    fn claim(&mut self, index: usize, entry: &Entry) {
        let link = if entry.unique_id != self.unique_id(index) {
            Link::Renumbered
        } else if self.fits(index, entry) {
            Link::Same
        } else {
            Link::Resized
        };
        self.claimed[entry.id.index()] = true;
        self.found[index] = Found::Entry(entry.id, link);
    }

    /// Claims an entry that was never delivered, one of the same octets first; without one it is `otherwise`.
    fn claim_seen(&mut self, index: usize, otherwise: Found) {
        let seen = self.view.find(self.unique_id(index)).filter(|entry| entry.state == State::Seen);
        let free = seen.filter(|entry| !self.is_claimed(entry)).max_by_key(|entry| self.fits(index, entry));
        match free {
            Some(entry) => self.claim(index, &entry),
            None => self.found[index] = otherwise,
        }
    }

    fn doubt(&mut self, index: usize) {
        let number = self.listed[index].number;
        if !self.identities.contains_key(&number) {
            self.doubts.push(number);
        }
    }

    /// The identity of a listed message, as far as its header was asked for: `Some(None)` where it was in vain.
    fn identity(&self, index: usize) -> Option<Option<Identity>> {
        let Listed { identity, number, .. } = self.listed[index];
        identity.map(Some).or_else(|| self.identities.get(&number).copied())
    }

    fn unique_id(&self, index: usize) -> &'a [u8] {
        self.listed[index].unique_id.unwrap_or_default()
    }

    fn is_claimed(&self, entry: &Entry) -> bool {
        self.claimed[entry.id.index()]
    }

    fn unclaimed<'e>(&'e self, entries: &'e [Entry<'a>]) -> impl Iterator<Item = Entry<'a>> + 'e {
        entries.iter().filter(|entry| !self.is_claimed(entry)).copied()
    }

    fn fits(&self, index: usize, entry: &Entry) -> bool {
        may_equal(self.listed[index].octets, entry.octets)
    }
}

/// Whether a live message is not to be fetched: it was delivered, or may have been, or is skipped.
fn is_delivered(entry: &Entry) -> bool {
    matches!(entry.state, State::Delivered | State::Intended | State::Skipped)
}

/// The same, where unique-id and octets are enough to tell: not where the message may have been deleted since.
fn is_told_by_name(entry: &Entry) -> bool {
    is_delivered(entry) && !entry.is_leaving
}

/// Whether two numbers of octets may be the same: one that was not declared may be any.
fn may_equal(one: Option<u64>, other: Option<u64>) -> bool {
    one.is_none() || other.is_none() || one == other
}
