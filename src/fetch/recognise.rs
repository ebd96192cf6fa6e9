//! Recognises a message by its own text, once it is here: where the listing could not tell whether it is known,
//! and its header could not be asked, or the server has no unique-ids. What was delivered before is not
//! delivered again.

use std::collections::{HashMap, HashSet};

use super::journal::{Entry, EntryId, State, View};
use super::round::Fact;
use crate::identity::Identity;

/// How each unique-id begins that is made from a header.
const MADE: &[u8] = b"header:";

/// Delivered messages that came back, or that have no unique-id, by what they are recognised by.
#[derive(Debug, Default)]
pub(super) struct Recognise {
    /// Those delivered, and behind them those gone. Made when it is first needed.
    by_identity: Option<HashMap<Identity, Vec<EntryId>>>,
    unnamed: HashMap<(Identity, Option<u64>), Vec<EntryId>>,
    /// Entries that a message is known as: by the plan, or recognised as since.
    taken: HashSet<EntryId>,
}

impl Recognise {
    /// `claimed` are the entries that the plan knows other messages as.
    pub(super) fn new(view: &View, claimed: HashSet<EntryId>) -> Self {
        let mut unnamed: HashMap<_, Vec<EntryId>> = HashMap::new();
        for entry in view.find(b"").filter(|entry| entry.state == State::Delivered) {
            if let Some(identity) = entry.identity {
                unnamed.entry((identity, entry.octets)).or_default().push(entry.id);
            }
        }
        Recognise { unnamed, taken: claimed, ..Recognise::default() }
    }

    /// The entry of a message that came again; each once, as two messages alike are two. A message that
    /// could not be named by its header before is named by it now.
    pub(super) fn take(&mut self, fact: &mut Fact<'_>, view: &View) -> Option<EntryId> {
        let identity = fact.identity.filter(|_| fact.again.is_none())?;
        if !fact.may_be_known {
            return match fact.unique_id.is_empty() {
                true => self.unnamed.get_mut(&(identity, fact.octets))?.pop(),
                false => None,
            };
        }
        let has_no_name = fact.unique_id.is_empty();
        if has_no_name {
            fact.unique_id = name(Some(identity)).into();
        }
        let is_free = |entry: &EntryId| !self.taken.contains(entry);
        let same = view.find(&fact.unique_id).filter(|entry| {
            let is_delivered = matches!(entry.state, State::Delivered | State::Gone(_));
            entry.identity == Some(identity) && is_delivered && is_free(&entry.id)
        });
        // One on the server before a tombstone.
        let own = same.max_by_key(|entry| entry.state == State::Delivered).map(|entry| entry.id);
        let known = self.by_identity.get_or_insert_with(|| by_identity(view));
        // One that is on the server has its own unique-id there, unless the server gave one of them none.
        let may_be = |entry: &Entry<'_>| {
            is_free(&entry.id)
                && (has_no_name
                    || is_made(entry.unique_id)
                    || entry.state != State::Delivered
                    || entry.is_leaving)
        };
        let other = || known.get(&identity)?.iter().filter_map(|id| view.get(*id)).find(may_be);
        let entry = own.or_else(|| Some(other()?.id))?;
        self.taken.insert(entry);
        Some(entry)
    }

    /// Entries of messages that came just now: another one, however alike, is another message.
    pub(super) fn came(&mut self, entries: &[EntryId]) {
        self.taken.extend(entries);
    }
}

/// The delivered entries, and behind them those gone.
fn by_identity(view: &View) -> HashMap<Identity, Vec<EntryId>> {
    let mut known: HashMap<_, Vec<_>> = HashMap::new();
    let delivered = |entry: &Entry<'_>| entry.state == State::Delivered;
    let gone = |entry: &Entry<'_>| matches!(entry.state, State::Gone(_));
    for entry in view.iter().filter(delivered).chain(view.iter().filter(gone)) {
        if let Some(identity) = entry.identity {
            known.entry(identity).or_default().push(entry.id);
        }
    }
    known
}

/// The unique-id of a message on a server that gives it none: two messages with the same header have the
/// same one, and are still two.
pub(super) fn name(identity: Option<Identity>) -> Vec<u8> {
    let header = identity.map_or_else(|| "none".to_owned(), |identity| identity.to_string());
    [MADE, header.as_bytes()].concat()
}

/// Whether that unique-id was made from a header.
pub(super) fn is_made(unique_id: &[u8]) -> bool {
    unique_id.starts_with(MADE)
}

#[cfg(test)]
mod tests;
