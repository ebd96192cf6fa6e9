//! What a fetch run reports while it works: [`Event`]s go from the fetcher to an [`Observer`], which
//! may show them as a bar, as lines, as JSON, or not at all. Nothing flows back, and nothing here
//! knows a terminal: texts and unique-ids are as the server sent them, and whoever prints them
//! guards the screen.

use std::time::Duration;

use super::maildrop::Origin;
use crate::error::Error;

/// What a run is about: every event goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source<'a> {
    /// The account's name.
    pub account: &'a str,
    /// Where its messages go, for people: `the Maildir /home/me/Mail`.
    pub store: &'a str,
}

/// One thing that happened in a run over one account, in the order in which the variants stand here
/// (`Connected` to `Deleted` repeat where a run has several sessions, a `Warning` may come at any time).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The account is signed in, over a connection that is as safe as the account asks for.
    Connected {
        /// Where, as a person would write it: `pop.example.com:995`.
        server: &'a str,
    },
    /// The maildrop is open; the figures are its drop listing (RFC 1939 section 5, STAT).
    SignedIn {
        /// Messages in the maildrop.
        messages: u32,
        /// Their size together, as the server declares it.
        octets: u64,
    },
    /// The leftovers of an interrupted run have been settled. Not sent when there were none.
    Settled {
        /// Deliveries found complete, or completed now.
        delivered: u32,
        /// Messages that have to be fetched again.
        again: u32,
    },
    /// What the session is going to do.
    Planned {
        /// Messages to fetch.
        to_fetch: u32,
        /// Their declared size together; servers get it wrong, so it serves a bar and no assertion.
        octets: u64,
        /// Messages to delete on the server, fetched now or earlier.
        to_delete: u32,
        /// Messages that were delivered by an earlier run.
        known: u32,
    },
    /// A message begins to arrive.
    Started {
        /// Its message-number in this session.
        number: u32,
        /// Its declared size, where the server gave one.
        octets: Option<u64>,
        /// Its unique-id, verbatim, where the server has them.
        unique_id: Option<&'a [u8]>,
    },
    /// More of the message that began last has arrived.
    Received {
        /// How many bytes more, counted since the last such event.
        bytes: u64,
    },
    /// A message has arrived whole. It is not delivered before `Committed`.
    Fetched {
        /// Its message-number.
        number: u32,
        /// Its size as counted on the wire, without the stuffing.
        bytes: u64,
    },
    /// A message could not be fetched; it is noted, and the run goes on with the next.
    Failed {
        /// Its message-number.
        number: u32,
        /// Its unique-id, verbatim, where the server has them.
        unique_id: Option<&'a [u8]>,
        /// Why.
        reason: &'a Error,
    },
    /// The store is at work on a batch, and has taken so many messages of it; all of them are counted once more in
    /// `Committed`. Only stores that take one message after the other tell.
    Delivering {
        /// Messages of the batch that are delivered.
        messages: u32,
    },
    /// A message stands in its destination, durably, and is recorded. `Committed` follows the last of a batch.
    Delivered {
        /// Its message-number.
        number: u32,
        /// Its size as counted on the wire.
        bytes: u64,
        /// The body of its header field From, verbatim, cut short; `None` where it has none.
        from: Option<&'a [u8]>,
        /// That of Subject.
        subject: Option<&'a [u8]>,
    },
    /// A batch stands in its destination, durably, and is recorded.
    Committed {
        /// Messages in the batch.
        messages: u32,
    },
    /// The server has confirmed deletions (its `+OK` to QUIT).
    Deleted {
        /// Messages that are gone from the maildrop.
        messages: u32,
    },
    /// The connection was lost, and the run goes on in a new session.
    Reconnecting {
        /// What happened.
        reason: &'a Error,
        /// Whether the new session goes one command at a time.
        cautious: bool,
    },
    /// The journal of this maildrop is new, and there were others that could have been its.
    Adopted {
        /// Where it comes from.
        origin: &'a Origin,
    },
    /// Messages that were fetched before went elsewhere than this run's store.
    Elsewhere {
        /// How many.
        messages: u32,
        /// Where they went, as the journal names it.
        store: &'a str,
    },
    /// Something a person should know that stops nothing.
    Warning {
        /// Lower case, without a full stop.
        text: &'a str,
    },
    /// The run is over, and this is what became of it. Not sent where it failed before anything came
    /// of it.
    Finished(&'a Summary),
}

/// Whoever wants to know what a run does. It is called on the thread that talks to the server, so
/// it should be quick.
pub trait Observer {
    /// Takes note of one event.
    fn event(&mut self, source: Source<'_>, event: &Event);
}

/// Tells an observer what happens in one account's run.
pub(super) struct Teller<'o> {
    source: Source<'o>,
    observer: &'o mut dyn Observer,
}

impl<'o> Teller<'o> {
    pub(super) fn new(source: Source<'o>, observer: &'o mut dyn Observer) -> Self {
        Teller { source, observer }
    }

    pub(super) fn tell(&mut self, event: &Event) {
        self.observer.event(self.source, event);
    }

    pub(super) fn warn(&mut self, text: &str) {
        self.tell(&Event::Warning { text });
    }
}

/// An [`Observer`] that lets everything pass.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn event(&mut self, _: Source<'_>, _: &Event) {}
}

/// What became of a run over one account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Summary {
    /// Messages fetched and delivered.
    pub fetched: u32,
    /// Their size together, in bytes counted on the wire.
    pub bytes: u64,
    /// Messages that are gone from the maildrop.
    pub deleted: u32,
    /// Messages that an earlier run had delivered.
    pub known: u32,
    /// New messages left alone because they are larger than the policy allows.
    pub skipped_too_large: u32,
    /// New messages left for the next run because the policy fetches only so many in one.
    pub over_limit: u32,
    /// Messages that could not be fetched and will be retried.
    pub failed: u32,
    /// Messages that failed before, and were not tried in this run.
    pub put_off: u32,
    /// Deliveries of an interrupted run that were found complete, or completed.
    pub recovered: u32,
    /// Deletions that were due and not done, because there were more than the policy allows.
    pub held_back: u32,
    /// How long the run took.
    pub elapsed: Duration,
}

impl Summary {
    /// The counts by their stable names, in the order in which they are shown; `elapsed` is left
    /// to the caller, who knows in which unit it is wanted.
    pub fn counts(&self) -> [(&'static str, u64); 10] {
        [
            ("fetched", self.fetched.into()),
            ("bytes", self.bytes),
            ("deleted", self.deleted.into()),
            ("known", self.known.into()),
            ("skipped_too_large", self.skipped_too_large.into()),
            ("over_limit", self.over_limit.into()),
            ("failed", self.failed.into()),
            ("put_off", self.put_off.into()),
            ("recovered", self.recovered.into()),
            ("held_back", self.held_back.into()),
        ]
    }

    /// Whether the run changed nothing and met no trouble: what cron need not hear about.
    pub fn is_uneventful(&self) -> bool {
        self.fetched == 0
            && self.deleted == 0
            && self.failed == 0
            && self.recovered == 0
            && self.held_back == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_and_skipped_messages_are_no_news() {
        let summary = Summary { known: 340, skipped_too_large: 2, ..Summary::default() };
        assert!(summary.is_uneventful());
    }

    #[test]
    fn every_change_and_every_trouble_is_news() {
        let base = Summary::default;
        for summary in [
            Summary { fetched: 1, ..base() },
            Summary { deleted: 1, ..base() },
            Summary { failed: 1, ..base() },
            Summary { recovered: 1, ..base() },
            Summary { held_back: 1, ..base() },
        ] {
            assert!(!summary.is_uneventful(), "{summary:?}");
        }
    }

    #[test]
    fn counts_carry_the_values_of_their_fields() {
        let summary = Summary { fetched: 1, bytes: 2, deleted: 3, held_back: 9, ..Summary::default() };
        let counts = summary.counts();
        assert_eq!(counts[0], ("fetched", 1));
        assert_eq!(counts[1], ("bytes", 2));
        assert_eq!(counts[2], ("deleted", 3));
        assert_eq!(counts[9], ("held_back", 9));
    }
}
