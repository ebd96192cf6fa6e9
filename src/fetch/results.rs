//! What has come of the messages of one session: takes what the committer reports, counts it, tells whoever
//! watches, and gathers what the journal and the next session have to know.

use std::borrow::Cow;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use super::commit::{Committed, Done, Fate};
use super::event::{Event, Teller};
use super::journal::{Cause, EntryId};
use super::outcome::Halt;
use super::round::Fact;
use crate::error::{Error, Kind};

/// How long [`Results::collect_soon`] waits.
const SOON: Duration = Duration::from_millis(10);

/// A message that could not be fetched.
#[derive(Debug)]
pub(super) struct Failed<'a> {
    pub(super) number: u32,
    /// Empty where it has none.
    pub(super) unique_id: Cow<'a, [u8]>,
    pub(super) octets: Option<u64>,
    pub(super) cause: Cause,
    pub(super) error: Error,
    /// The bodies of its header fields From and Subject, as far as they are known.
    pub(super) from: Option<Vec<u8>>,
    pub(super) subject: Option<Vec<u8>>,
}

/// What has come of a session's messages.
#[derive(Debug, Default)]
pub(super) struct Gathered<'a> {
    pub(super) fetched: u32,
    /// Octets of those, as counted.
    pub(super) bytes: u64,
    /// Messages that were downloaded and turned out to be known.
    pub(super) known: u32,
    /// Entries of messages that were delivered once more.
    pub(super) again: Vec<EntryId>,
    /// Those of them without a name: the next session retrieves them once more.
    pub(super) known_by_text: u32,
    /// Delivered messages that the policy deletes at once.
    pub(super) to_delete: Vec<(u32, Option<EntryId>)>,
    pub(super) failed: Vec<Failed<'a>>,
    /// Texts that came to their end, whatever became of them.
    pub(super) texts: u32,
    /// Something was retrieved that is not kept.
    pub(super) owed: bool,
    /// The first thing that ended it early.
    pub(super) halt: Option<Halt>,
}

impl Gathered<'_> {
    /// Notes what ends the session's work, unless something has already.
    pub(super) fn halt(&mut self, halt: Halt) {
        self.halt.get_or_insert(halt);
    }
}

/// The network thread's end of the channel from the committer.
pub(super) struct Results<'r, 'o, 'a> {
    done: Receiver<Done<'a>>,
    /// How many parts and rounds were handed over of which nothing was heard yet.
    pending: usize,
    pub(super) teller: &'r mut Teller<'o>,
    pub(super) gathered: Gathered<'a>,
}

impl<'r, 'o, 'a> Results<'r, 'o, 'a> {
    pub(super) fn new(done: Receiver<Done<'a>>, teller: &'r mut Teller<'o>) -> Self {
        Results { done, pending: 0, teller, gathered: Gathered::default() }
    }

    /// Notes that one more part or round is to be heard of.
    pub(super) fn expect(&mut self) {
        self.pending += 1;
    }

    /// Whether the committer has done all that it was given.
    pub(super) fn is_idle(&self) -> bool {
        self.pending == 0
    }

    /// Takes what the committer has done so far.
    pub(super) fn collect(&mut self) {
        while let Ok(done) = self.done.try_recv() {
            self.take(done);
        }
    }

    /// Takes what the committer does next, if that is soon.
    pub(super) fn collect_soon(&mut self) {
        if let Ok(done) = self.done.recv_timeout(SOON) {
            self.take(done);
        }
    }

    /// Takes all that the committer does, until it ends.
    pub(super) fn collect_all(mut self) -> Gathered<'a> {
        while let Ok(done) = self.done.recv() {
            self.take(done);
        }
        self.gathered
    }

    /// Notes that a message could not be fetched.
    pub(super) fn fail(&mut self, failed: Failed<'a>) {
        // One that broke the session may still come in a later one: that is told at the end of the run.
        if failed.cause != Cause::Broke {
            let unique_id = Some(&*failed.unique_id).filter(|unique_id| !unique_id.is_empty());
            self.teller.tell(&Event::Failed { number: failed.number, unique_id, reason: &failed.error });
        }
        self.gathered.failed.push(failed);
    }

    fn take(&mut self, done: Done<'a>) {
        match done {
            Done::Delivering(messages) => self.teller.tell(&Event::Delivering { messages }),
            Done::Flushed => self.pending = self.pending.saturating_sub(1),
            Done::Committed(committed) => {
                self.pending = self.pending.saturating_sub(1);
                self.count(committed);
            }
            Done::Halted(halt) => {
                self.gathered.owed = true;
                self.gathered.halt(halt);
            }
        }
    }

    fn count(&mut self, committed: Vec<Committed<'a>>) {
        let mut messages = 0;
        for Committed { fact, fate } in committed {
            let entry = match fate {
                Fate::Delivered(entry) => {
                    messages += 1;
                    let Fact { number, bytes, .. } = fact;
                    let (from, subject) = (fact.from.as_deref(), fact.subject.as_deref());
                    self.teller.tell(&Event::Delivered { number, bytes, from, subject });
                    self.gathered.again.extend(fact.again);
                    self.gathered.bytes += fact.bytes;
                    entry
                }
                Fate::Known(entry) => {
                    self.gathered.known += 1;
                    self.gathered.known_by_text += u32::from(fact.unique_id.is_empty());
                    entry
                }
                Fate::Refused(error) => {
                    self.gathered.owed = true;
                    let Fact { number, unique_id, octets, from, subject, .. } = fact;
                    // An mbox has no temporary place where it would have been seen before.
                    let cause = match error.kind() {
                        Kind::DiskFull => Cause::NoRoom,
                        _ => Cause::Rejected,
                    };
                    self.fail(Failed { number, unique_id, octets, cause, error, from, subject });
                    continue;
                }
            };
            if fact.then_delete {
                self.gathered.to_delete.push((fact.number, Some(entry)));
            }
        }
        self.gathered.fetched += messages;
        if messages > 0 {
            self.teller.tell(&Event::Committed { messages });
        }
    }
}

/// An error with what lay beneath it, for the journal.
pub(super) fn causes(error: &Error) -> String {
    match cause(error) {
        cause if cause.is_empty() => error.to_string(),
        cause => format!("{error}: {cause}"),
    }
}

/// What lay beneath an error, in one sentence.
pub(super) fn cause(error: &Error) -> String {
    let mut texts = Vec::new();
    let mut next = std::error::Error::source(error);
    while let Some(source) = next {
        texts.push(source.to_string());
        next = source.source();
    }
    texts.join(": ")
}

#[cfg(test)]
mod tests;
