//! The plan of one run: for each message of the maildrop what to do with it, and why.
//!
//! Place in the flow: between the listings and the first RETR. Pure: the maildrop, the journal's view, the
//! policy and the time come in, steps come out. In two rounds, because where listings alone do not tell
//! which message is meant, the server must be asked for its header (TOP): [`Draft::doubts`] names those,
//! [`Draft::plan`] takes the answers. Unique-ids: RFC 1939 section 7.

mod matching;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use self::matching::{Found, Link, Matching};
use super::journal::{EntryId, State, View, is_plausible};
use super::policy::{Keep, Order, Policy};
use super::recognise::is_made;
use crate::identity::Identity;

/// A message as the server listed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed<'a> {
    /// Its message-number.
    pub number: u32,
    /// The octets declared for it, if they were.
    pub octets: Option<u64>,
    /// Its unique-id, if it has one: the server's, or one made from its header.
    pub unique_id: Option<&'a [u8]>,
    /// Its identity, where the header was read to make the unique-id.
    pub identity: Option<Identity>,
    /// Whether, without one, it can be named once its text is here.
    pub named_by_text: bool,
}

/// What to do with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Fetch it, and then delete it, or leave it.
    Fetch {
        /// Whether it is deleted in the same session, once it is delivered.
        then_delete: bool,
    },
    /// Delete it without a download: it is recorded as delivered.
    Delete,
    /// Leave it on the server: it is recorded as delivered.
    Keep,
    /// Leave it on the server, undelivered: a later run may fetch it.
    Skip,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Action::Fetch { then_delete: false } => "fetch",
            Action::Fetch { then_delete: true } => "fetch, then delete",
            Action::Delete => "delete",
            Action::Keep => "keep",
            Action::Skip => "skip",
        })
    }
}

/// Why a step is as it is. Displayed as a person reads it behind the action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// To fetch: never delivered.
    New,
    /// To fetch: never delivered, and so many tries failed.
    FailedBefore(u32),
    /// To fetch: the unique-id is known, but of another message.
    Reused,
    /// To fetch: delivered before, and wanted again.
    Again,
    /// To fetch: it may be known, but its header, which would tell, could not be had.
    Unrecognised,
    /// The same, and so many tries failed.
    UnrecognisedFailedBefore(u32),
    /// To fetch, or to skip where the policy needs to know messages again: there is no unique-id.
    NoUniqueId,
    /// To skip: more octets than the policy fetches.
    TooLarge,
    /// To skip: enough for one run.
    OverLimit,
    /// To skip: an interrupted delivery is to be settled first.
    Unsettled,
    /// To skip: it failed before, and its next try is due at that second since 1970.
    PutOff(i64),
    /// To skip: somebody decided that it is neither fetched nor deleted.
    GivenUp,
    /// To keep: delivered before, and everything is kept.
    Known,
    /// To keep: delivered before, and not old enough to delete.
    Recent,
    /// To keep: delivered before, and among the newest.
    AmongNewest,
    /// To keep: delivered before under another unique-id.
    Renumbered,
    /// To keep or to delete: delivered before, then gone from the server, which brought it back.
    BackAgain,
    /// To keep, though the policy would delete it: nothing proved that what was delivered is this message.
    Unproven,
    /// To keep, though the policy would delete it: more would be deleted than one run may.
    HeldBack,
    /// To delete: delivered before, and nothing is kept.
    Delivered,
    /// To delete: delivered before, and first seen longer ago than is kept.
    Expired,
    /// To delete: delivered before, and not among the newest.
    BeyondNewest,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::New => "new",
            Reason::FailedBefore(1) | Reason::UnrecognisedFailedBefore(1) => "failed before",
            Reason::FailedBefore(count) | Reason::UnrecognisedFailedBefore(count) => {
                return write!(f, "failed {count} times before");
            }
            Reason::Reused => "new, with the unique-id of another message",
            Reason::Again => "fetched before, to be fetched again",
            Reason::Unrecognised => "perhaps fetched before, but cannot be recognised",
            Reason::NoUniqueId => "has no unique-id",
            Reason::TooLarge => "too large",
            Reason::OverLimit => "over the limit of one run",
            Reason::Unsettled => "an interrupted delivery must be settled first",
            Reason::PutOff(_) => "failed before, to be retried later",
            Reason::GivenUp => "skipped for good",
            Reason::Known => "fetched before",
            Reason::Recent => "fetched before, not old enough to delete",
            Reason::AmongNewest => "fetched before, among the newest",
            Reason::Renumbered => "fetched before, under another unique-id",
            Reason::BackAgain => "fetched before, brought back by the server",
            Reason::Unproven => "fetched before, but the server did not prove which message it sent",
            Reason::HeldBack => "to be deleted, but too many at once",
            Reason::Delivered => "fetched before, nothing is kept",
            Reason::Expired => "fetched before, old enough to delete",
            Reason::BeyondNewest => "fetched before, not among the newest",
        })
    }
}

/// What to do with one message, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Its message-number.
    pub number: u32,
    /// The octets declared for it, if they were.
    pub octets: Option<u64>,
    /// What the journal knows it as.
    pub entry: Option<EntryId>,
    /// What to do.
    pub action: Action,
    /// Why.
    pub reason: Reason,
}

impl Step {
    /// Whether it may be one that was delivered before, which only its text could tell.
    pub(super) fn may_be_known(&self) -> bool {
        matches!(self.reason, Reason::Unrecognised | Reason::UnrecognisedFailedBefore(_) | Reason::Reused)
    }
}

/// What one run does, and what it learns for the journal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// A step for each message, in the policy's order.
    pub steps: Vec<Step>,
    /// Entries that the server, which listed everything, does not have any more.
    pub vanished: Vec<EntryId>,
    /// Entries that are listed with another unique-id, or other octets, and the message-number they have.
    /// The journal must learn it before anything else happens.
    pub adopted: Vec<(EntryId, u32)>,
    /// Tombstones whose messages are listed again.
    pub back: Vec<EntryId>,
    /// How many messages would have been deleted, had the policy's `max_delete` not forbidden it: none is.
    pub held_back: Option<u32>,
}

/// What the listings alone tell, before the plan.
pub struct Draft<'a> {
    listed: &'a [Listed<'a>],
    is_complete: bool,
    view: &'a View,
    matching: Matching<'a>,
}

impl<'a> Draft<'a> {
    /// Compares the listed messages with what is known. `is_complete` says that the listing has every
    /// message of the maildrop.
    pub fn new(listed: &'a [Listed<'a>], is_complete: bool, view: &'a View) -> Self {
        Draft { listed, is_complete, view, matching: Matching::new(listed, is_complete, view, &UNASKED) }
    }

    /// The message-numbers of which the identity must be asked, because the listings do not tell whether
    /// they are known: the unique-id is that of a message once gone, or declares other octets than before,
    /// or stands for several messages; or the server seems to have renumbered its messages.
    pub fn doubts(&self) -> &[u32] {
        &self.matching.doubts
    }

    /// What to do with each listed message at `now` (seconds since 1970).
    ///
    /// `identities` has the answers to [`Draft::doubts`]: `None` where a header could not be had. In doubt
    /// a message is fetched again.
    pub fn plan(self, identities: &HashMap<u32, Option<Identity>>, policy: &Policy, now: i64) -> Plan {
        let Draft { listed, is_complete, view, matching } = self;
        match identities.is_empty() {
            // The usual case: nothing was in doubt, and nothing has to be compared again.
            true => decide(listed, &matching, view, policy, now),
            false => decide(listed, &Matching::new(listed, is_complete, view, identities), view, policy, now),
        }
    }
}

impl Draft<'_> {
    /// For each listed message whether it was delivered before. `identities` as in [`Draft::plan`].
    pub fn known(self, identities: &HashMap<u32, Option<Identity>>) -> Vec<bool> {
        let Draft { listed, is_complete, view, matching } = self;
        let again;
        let matching = match identities.is_empty() {
            true => &matching,
            false => {
                again = Matching::new(listed, is_complete, view, identities);
                &again
            }
        };
        let is_known = |found: &Found| {
            let entry = found.entry().and_then(|id| view.get(id));
            entry.is_some_and(|entry| matches!(entry.state, State::Delivered | State::Gone(_)))
        };
        matching.found.iter().map(is_known).collect()
    }
}

/// No identity was asked yet.
static UNASKED: LazyLock<HashMap<u32, Option<Identity>>> = LazyLock::new(HashMap::new);

fn decide(listed: &[Listed], matching: &Matching, view: &View, policy: &Policy, now: i64) -> Plan {
    let mut plan = Plan { vanished: matching.vanished(), ..Plan::default() };
    let rule = Rule { keep: policy.keep, newest: newest(listed, policy.keep), refetch: policy.refetch, now };
    let mut order: Vec<usize> = (0..listed.len()).collect();
    match policy.order {
        Order::Oldest => order.sort_by_key(|&index| listed[index].number),
        Order::Newest => order.sort_by_key(|&index| std::cmp::Reverse(listed[index].number)),
    }
    // What failed before waits for the rest, and counts last against the limit: it may fail again, and
    // a message that breaks the connection must not stand before the others for ever.
    if view.has_failures() {
        let failures = |index: usize| matching.found[index].entry().and_then(|id| view.failure(id));
        order.sort_by_cached_key(|&index| failures(index).map_or(0, |failure| failure.count));
    }
    let mut left = policy.limit.unwrap_or(u32::MAX);
    plan.steps.reserve_exact(listed.len());
    for index in order {
        let (message, found) = (&listed[index], matching.found[index]);
        let (mut action, mut reason) = plan.judge(message, found, view, &rule);
        if let Action::Fetch { .. } = action {
            let is_too_large =
                policy.max_size.zip(message.octets).is_some_and(|(most, octets)| octets > most);
            if is_too_large {
                (action, reason) = (Action::Skip, Reason::TooLarge);
            } else if left == 0 {
                (action, reason) = (Action::Skip, Reason::OverLimit);
            } else {
                left -= 1;
            }
        }
        let Listed { number, octets, .. } = *message;
        plan.steps.push(Step { number, octets, entry: found.entry(), action, reason });
    }
    plan.hold_back(policy.max_delete);
    plan
}

impl Plan {
    /// How many messages are to be fetched.
    pub fn fetches(&self) -> usize {
        self.steps.iter().filter(|step| matches!(step.action, Action::Fetch { .. })).count()
    }

    /// How many messages are to be deleted, all having gone well.
    pub fn deletions(&self) -> usize {
        self.steps.iter().filter(|step| step.action.deletes()).count()
    }

    /// What to do with a message, size and number left aside.
    fn judge(&mut self, message: &Listed, found: Found, view: &View, rule: &Rule) -> (Action, Reason) {
        let fetch = Action::Fetch { then_delete: rule.deletes_at_once(message.number) };
        let (id, link, may_be_known) = match found {
            Found::Unnamed if message.named_by_text => return (fetch, Reason::Unrecognised),
            // Without a unique-id nothing is known again: only what is deleted at once comes once.
            Found::Unnamed if rule.keep == Keep::None => return (fetch, Reason::NoUniqueId),
            Found::Unnamed => return (Action::Skip, Reason::NoUniqueId),
            Found::New => return (fetch, Reason::New),
            Found::Reused => return (fetch, Reason::Reused),
            Found::Unrecognised => return (fetch, Reason::Unrecognised),
            Found::Entry(id, link) => (id, link, false),
            Found::SeenOrKnown(id, link) => (id, link, true),
        };
        let Some(entry) = view.get(id) else { return (fetch, Reason::New) };
        // A unique-id of the server's is kept: one made from a header is needed only while the server gives none.
        if link != Link::Same && !(link == Link::Renumbered && message.unique_id.is_some_and(is_made)) {
            self.adopted.push((id, message.number));
        }
        let was_gone = match entry.state {
            State::Seen => {
                return match view.failure(id) {
                    None if may_be_known => (fetch, Reason::Unrecognised),
                    None => (fetch, Reason::New),
                    Some(failure) if !failure.is_due(rule.now) => {
                        (Action::Skip, Reason::PutOff(failure.next_try))
                    }
                    Some(failure) if may_be_known => (fetch, Reason::UnrecognisedFailedBefore(failure.count)),
                    Some(failure) => (fetch, Reason::FailedBefore(failure.count)),
                };
            }
            State::Skipped => return (Action::Skip, Reason::GivenUp),
            State::Intended => return (Action::Skip, Reason::Unsettled),
            State::Delivered => entry.is_leaving,
            State::Gone(_) => true,
        };
        let (mut action, mut reason) = rule.apply(message.number, entry.first_seen);
        if action == Action::Delete && !view.is_proven(id) {
            (action, reason) = (Action::Keep, Reason::Unproven);
        }
        if was_gone {
            self.back.push(id);
        }
        if rule.refetch {
            (Action::Fetch { then_delete: action == Action::Delete }, Reason::Again)
        } else if was_gone {
            (action, Reason::BackAgain)
        } else if action == Action::Keep && link == Link::Renumbered {
            (action, Reason::Renumbered)
        } else {
            (action, reason)
        }
    }

    /// Deletes nothing where more than `most` would be.
    fn hold_back(&mut self, most: Option<u32>) {
        let count = u32::try_from(self.deletions()).unwrap_or(u32::MAX);
        if most.is_none_or(|most| count <= most) {
            return;
        }
        self.held_back = Some(count);
        for step in &mut self.steps {
            match &mut step.action {
                Action::Fetch { then_delete } => *then_delete = false,
                Action::Delete => (step.action, step.reason) = (Action::Keep, Reason::HeldBack),
                Action::Keep | Action::Skip => {}
            }
        }
    }
}

impl Action {
    fn deletes(self) -> bool {
        matches!(self, Action::Delete | Action::Fetch { then_delete: true })
    }
}

/// What stays on the server, worked out for one maildrop.
struct Rule {
    keep: Keep,
    /// The lowest message-number among the newest that stay.
    newest: u32,
    /// Whether what was delivered before is fetched again.
    refetch: bool,
    now: i64,
}

impl Rule {
    /// Whether a message is deleted in the session that fetches it. Age alone never does that: a message
    /// that waited long to be fetched stays until the next run.
    fn deletes_at_once(&self, number: u32) -> bool {
        match self.keep {
            Keep::All | Keep::Age(_) => false,
            Keep::None => true,
            Keep::Newest(_) | Keep::Total(_) => number < self.newest,
        }
    }

    /// What becomes of a message that is delivered.
    fn apply(&self, number: u32, first_seen: i64) -> (Action, Reason) {
        match self.keep {
            Keep::All => (Action::Keep, Reason::Known),
            Keep::None => (Action::Delete, Reason::Delivered),
            Keep::Age(age) => {
                let limit = i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
                // Neither a clock that was never set nor a time that it wrote says how old a message is.
                let is_told = is_plausible(first_seen) && is_plausible(self.now) && first_seen <= self.now;
                match is_told && self.now.saturating_sub(first_seen) >= limit {
                    true => (Action::Delete, Reason::Expired),
                    false => (Action::Keep, Reason::Recent),
                }
            }
            Keep::Newest(_) | Keep::Total(_) => match number < self.newest {
                true => (Action::Delete, Reason::BeyondNewest),
                false => (Action::Keep, Reason::AmongNewest),
            },
        }
    }
}

/// The lowest message-number that the policy keeps for being among the newest: numbers follow age. Of messages whose
/// octets were not declared nobody knows that they are too many.
fn newest(listed: &[Listed], keep: Keep) -> u32 {
    let (most_messages, most_octets) = match keep {
        Keep::All | Keep::None | Keep::Age(_) => return 0,
        Keep::Newest(count) => (count as usize, u64::MAX),
        Keep::Total(octets) => (usize::MAX, octets),
    };
    let mut newest_first: Vec<&Listed> = listed.iter().collect();
    newest_first.sort_unstable_by_key(|message| std::cmp::Reverse(message.number));
    let mut octets = 0u64;
    let mut lowest = u32::MAX;
    for (at, message) in newest_first.into_iter().enumerate() {
        octets = octets.saturating_add(message.octets.unwrap_or(0));
        if at >= most_messages || octets > most_octets {
            return lowest;
        }
        lowest = message.number;
    }
    0
}
