//! Messages that failed: which of them are retried in this run, and which failed in it.
//!
//! A message that failed before shares no session with new mail or with deletions, so that it cannot stand in
//! their way. What was only refused is tried together, in one session. Those that broke a session follow one
//! another in one of their own, until one breaks it again: that ends them for this run.

use std::collections::{HashMap, HashSet};

use super::attempt::{DAY, is_retry};
use super::event::{Event, Teller};
use super::journal::{Cause, EntryId, FactKind, State, View};
use super::outcome::Task;
use super::plan::{Action, Plan, Step};
use super::results::Failed;
use crate::error::{Error, Kind};

/// Room that a disk must have besides the message's own octets.
const ROOM_BESIDES: u64 = 64 << 10;

/// A connection may break by itself: a deletion at which it broke so often is left out.
const MOST_BREAKS: u32 = 2;

fn deletion(number: u32, entry: Option<EntryId>) -> (Option<EntryId>, u32) {
    (entry, if entry.is_none() { number } else { 0 })
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Retries {
    /// Due to be tried, together.
    refused: Vec<EntryId>,
    /// Due to be tried until one breaks the session; since when.
    broken: Vec<(i64, EntryId)>,
    /// Tried again in this run.
    tried: HashSet<EntryId>,
    /// What failed in this run.
    failed: Vec<Noted>,
    /// Messages that are not tried, since the disk has no room for them.
    without_room: HashSet<EntryId>,
    /// How many kinds of question the next session skips.
    pub(super) skipped_questions: u8,
    /// Deletions that broke a session of this run, and how often: by entry, or message-number where there is none.
    breaking_deletions: HashMap<(Option<EntryId>, u32), u32>,
    /// Deletions that the server refused.
    pub(super) refused_deletions: u32,
    /// The only messages that this run tries, however many sessions it takes; `None`: new mail as well.
    only: Option<HashSet<EntryId>>,
}

#[derive(Debug)]
struct Noted {
    number: u32,
    octets: Option<u64>,
    unique_id: Vec<u8>,
    entry: Option<EntryId>,
    cause: Cause,
    error: Error,
}

/// What failed in a run, all in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failures {
    /// Messages that were tried and did not come, and deletions that were refused.
    pub(super) failed: u32,
    /// Whether all of these wait for room on the disk.
    pub(super) all_want_room: bool,
    /// Messages that were not tried for want of room.
    pub(super) without_room: u32,
}

impl Retries {
    /// Those of a run that tries these messages again, and nothing else.
    pub(super) fn only(entries: impl IntoIterator<Item = EntryId>) -> Retries {
        Retries { only: Some(entries.into_iter().collect()), ..Retries::default() }
    }

    /// Notes which of the planned messages are due to be tried again. `room` is what the store's disk has
    /// left, in octets, where that is known.
    pub(super) fn plan(&mut self, plan: &Plan, view: &View, room: Option<u64>, now: i64) {
        self.refused.clear();
        self.broken.clear();
        self.without_room.clear();
        for step in plan.steps.iter().filter(|step| is_retry(step)) {
            let is_meant = |entry: &EntryId| self.only.as_ref().is_none_or(|only| only.contains(entry));
            let is_open = |entry: &EntryId| !self.tried.contains(entry) && is_meant(entry);
            let Some(entry) = step.entry.filter(is_open) else { continue };
            let Some(failure) = view.failure(entry).filter(|failure| failure.is_due(now)) else {
                continue;
            };
            let is_of_this_run = self.failed.iter().any(|noted| noted.entry == Some(entry));
            let has_room =
                || room.is_none_or(|room| step.octets.unwrap_or(0).saturating_add(ROOM_BESIDES) <= room);
            // Somebody asked for it; or the server may declare more octets than the message has.
            let is_tried_anyway = self.only.is_some() || failure.at.saturating_add(DAY) <= now;
            match failure.cause {
                Cause::Broke => self.broken.push((failure.at, entry)),
                _ if is_of_this_run => {}
                Cause::NoRoom if !has_room() && !is_tried_anyway => {
                    self.without_room.insert(entry);
                }
                Cause::NoRoom | Cause::Refused | Cause::Rejected => self.refused.push(entry),
            }
        }
    }

    /// What a session is for that was begun for new mail: where there is none, and nothing to delete, it
    /// serves what failed before. Where the server lets nobody sign in twice, what is a day overdue comes first.
    pub(super) fn task(&self, plan: &Plan, view: &View, now: i64) -> Task {
        let retry = match (self.has_refused(), self.has_broken()) {
            (true, _) => Task::Refused,
            (false, true) => Task::Broken,
            (false, false) if self.only.is_some() => Task::Refused,
            (false, false) => Task::New,
        };
        if retry == Task::New || self.only.is_some() {
            return retry;
        }
        let is_new = |action| matches!(action, Action::Fetch { .. } | Action::Delete);
        let has_new = plan.steps.iter().any(|step| is_new(step.action) && !is_retry(step));
        if !has_new {
            return retry;
        }
        let is_overdue = |entry: &EntryId| {
            view.failure(*entry).is_some_and(|failure| failure.next_try.saturating_add(DAY) <= now)
        };
        match view.fact(FactKind::OneSession, now) {
            Some(_) if self.refused.iter().any(is_overdue) => Task::Refused,
            Some(_) if self.broken.iter().any(|(_, entry)| is_overdue(entry)) => Task::Broken,
            _ => Task::New,
        }
    }

    /// The messages that are tried now: those that were refused, or those that broke a session.
    pub(super) fn begin(&mut self, task: Task) -> HashSet<EntryId> {
        let entries: HashSet<EntryId> = match task {
            Task::Refused => self.refused.drain(..).collect(),
            Task::Broken => self.broken.drain(..).map(|(_, entry)| entry).collect(),
            Task::New | Task::Deletions => HashSet::new(),
        };
        self.tried.extend(&entries);
        entries
    }

    /// Has those of `entries` tried in another session that were not reached in this one, where nothing else
    /// is tried in this run.
    pub(super) fn continue_with(&mut self, entries: &HashSet<EntryId>, view: &View) {
        if self.only.is_none() {
            return;
        }
        let is_open = |entry: &EntryId| {
            let is_undelivered = view.get(*entry).is_some_and(|entry| entry.state == State::Seen);
            is_undelivered && !self.failed.iter().any(|noted| noted.entry == Some(*entry))
        };
        let open: Vec<_> = entries.iter().copied().filter(is_open).map(|entry| (i64::MAX, entry)).collect();
        self.broken.extend(open);
    }

    pub(super) fn has_refused(&self) -> bool {
        !self.refused.is_empty()
    }

    pub(super) fn has_broken(&self) -> bool {
        !self.broken.is_empty()
    }

    /// Whether it is a message without a name that broke a session of this run, of which the journal knows
    /// nothing. Until a session ends properly its message-number stays.
    pub(super) fn has_broken_nameless(&self, step: &Step) -> bool {
        let is_it = |noted: &Noted| {
            let (number, octets) = (noted.number, noted.octets);
            noted.entry.is_none()
                && noted.cause == Cause::Broke
                && (number, octets) == (step.number, step.octets)
        };
        step.entry.is_none() && self.failed.iter().any(is_it)
    }

    /// Notes that a session broke at a deletion; whether that leaves it out of the next one.
    pub(super) fn note_breaking_deletion(&mut self, number: u32, entry: Option<EntryId>) -> bool {
        let times = self.breaking_deletions.entry(deletion(number, entry)).or_default();
        *times += 1;
        *times >= MOST_BREAKS
    }

    /// Leaves out the deletions that broke a session twice: all others would wait for ever. They count as
    /// refused.
    pub(super) fn leave_out(&self, due: &mut Vec<(u32, Option<EntryId>)>, teller: &mut Teller<'_>) -> u32 {
        let count = due.len();
        due.retain(|(number, entry)| {
            let times = self.breaking_deletions.get(&deletion(*number, *entry)).copied().unwrap_or(0);
            if times >= MOST_BREAKS {
                let says = format!("could not delete message {number}: the connection breaks at that");
                teller.tell(&Event::Failed {
                    number: *number,
                    unique_id: None,
                    reason: &Error::new(Kind::ConnectionLost, says),
                });
            }
            times < MOST_BREAKS
        });
        (count - due.len()) as u32
    }

    /// Nothing more is tried in this run.
    pub(super) fn put_off(&mut self) {
        self.refused.clear();
        self.broken.clear();
    }

    /// Whether a message of that unique-id failed in this run.
    pub(super) fn has_failed(&self, unique_id: &[u8]) -> bool {
        self.failed.iter().any(|noted| noted.unique_id == unique_id)
    }

    /// Notes a failure of this run.
    pub(super) fn note(&mut self, failed: Failed<'_>, entry: Option<EntryId>) {
        let Failed { number, unique_id, octets, cause, error, .. } = failed;
        // A connection may break by itself: what broke one for the first time is tried once more in this run.
        if let (Cause::Broke, Some(entry), None) = (cause, entry, &self.only)
            && !self.tried.contains(&entry)
        {
            self.broken.push((i64::MAX, entry));
        }
        // In UTF-8 mode it comes: that is tried at once.
        if let (Kind::NeedsUtf8, Some(entry)) = (error.kind(), entry)
            && !self.tried.contains(&entry)
        {
            self.refused.push(entry);
        }
        self.failed.push(Noted { number, octets, unique_id: unique_id.into_owned(), entry, cause, error });
    }

    /// What failed, when the run is over: tells of the messages that broke a session and did not come in a
    /// later one.
    pub(super) fn finish(&self, view: &View, teller: &mut Teller<'_>) -> Failures {
        let mut counted = HashSet::new();
        let mut all_want_room = self.refused_deletions == 0;
        // The last failure of each message is the one that counts.
        for noted in self.failed.iter().rev() {
            let came = |entry: EntryId| {
                view.get(entry).is_some_and(|entry| matches!(entry.state, State::Delivered | State::Gone(_)))
            };
            let key = (noted.entry, if noted.entry.is_none() { noted.number } else { 0 });
            if noted.entry.is_some_and(came) || !counted.insert(key) {
                continue;
            }
            all_want_room &= noted.cause == Cause::NoRoom;
            if noted.cause == Cause::Broke {
                let unique_id = Some(&*noted.unique_id).filter(|unique_id| !unique_id.is_empty());
                teller.tell(&Event::Failed { number: noted.number, unique_id, reason: &noted.error });
            }
        }
        Failures {
            failed: counted.len() as u32 + self.refused_deletions,
            all_want_room,
            without_room: self.without_room.len() as u32,
        }
    }
}

#[cfg(test)]
mod tests;
