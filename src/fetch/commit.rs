//! Rounds of fetched messages become delivered ones, on a thread of their own: the network never
//! waits for the disk.
//!
//! The order of a round may not change: durable in the temporary place, proven by the network's
//! thread, intents recorded, made visible, recorded as delivered. Only what has come back from here
//! may be deleted on the server.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender};

use super::journal::{Cause, EntryId, Failing, Intent, Journal, State, View};
use crate::delivery::{Batch as _, Destination, Place, Receipt};
use crate::error::{Error, Kind, Result};
use crate::identity::Identity;

/// What is known of a message that is whole in the temporary place.
pub(super) struct Fact<'a> {
    pub(super) number: u32,
    /// Empty where it has none.
    pub(super) unique_id: &'a [u8],
    /// As the server declares it.
    pub(super) octets: Option<u64>,
    /// As counted.
    pub(super) bytes: u64,
    pub(super) identity: Option<Identity>,
    pub(super) then_delete: bool,
}

/// A message that could not be brought in, for the record.
pub(super) struct Failed<'a> {
    pub(super) unique_id: &'a [u8],
    pub(super) octets: Option<u64>,
    pub(super) reason: String,
}

/// What is committed together: messages, what is known of each, and what is to be recorded of others.
pub(super) struct Round<'a, D> {
    pub(super) facts: Vec<Fact<'a>>,
    pub(super) deliveries: Vec<D>,
    pub(super) failed: Vec<Failed<'a>>,
}

impl<'a, D> Round<'a, D> {
    pub(super) fn new() -> Self {
        Round { facts: Vec::new(), deliveries: Vec::new(), failed: Vec::new() }
    }

    pub(super) fn push(&mut self, fact: Fact<'a>, delivery: D) {
        self.facts.push(fact);
        self.deliveries.push(delivery);
    }
}

/// What the network's thread sends: parts of a round, the round, and then whether the server was in step
/// all through it. The disk works on the one while the other is found out.
pub(super) enum Sent<'a, D> {
    /// More of a round has come: what is here can be flushed while the rest streams in.
    Part,
    Round(Round<'a, D>),
    Proof(bool),
}

/// What became of a part or a round.
pub(super) enum Done<'a> {
    /// The part is on the disk.
    Flushed,
    Committed(Vec<Committed<'a>>),
    /// The round was not proven, and is undone: the messages, and why.
    Doubted(Vec<(Fact<'a>, Error)>),
}

/// What became of a message: its entry in the journal, and why the destination would not have it.
pub(super) struct Committed<'a> {
    pub(super) fact: Fact<'a>,
    pub(super) entry: EntryId,
    pub(super) refused: Option<Error>,
    /// An earlier session delivered it; this time it was not.
    pub(super) was_known: bool,
}

/// Messages without a unique-id that an earlier session delivered and did not see deleted: only their
/// headers, once they are here, tell that they have come again.
struct Unnamed(HashMap<(Identity, Option<u64>), Vec<EntryId>>);

impl Unnamed {
    fn of(view: &View) -> Self {
        let mut unnamed: HashMap<_, Vec<EntryId>> = HashMap::new();
        for entry in view.find(b"").filter(|entry| entry.state == State::Delivered) {
            if let Some(identity) = entry.identity {
                unnamed.entry((identity, entry.octets)).or_default().push(entry.id);
            }
        }
        Unnamed(unnamed)
    }

    /// The entry of a message that has come again; each once, as two messages alike are two.
    fn take(&mut self, fact: &Fact<'_>) -> Option<EntryId> {
        if !fact.unique_id.is_empty() {
            return None;
        }
        self.0.get_mut(&(fact.identity?, fact.octets))?.pop()
    }
}

/// The thread that talks to the disk.
pub(super) struct Committer<'c, D: Destination> {
    destination: &'c D,
    journal: &'c mut Journal,
    unnamed: Unnamed,
}

impl<'c, D: Destination> Committer<'c, D> {
    pub(super) fn new(destination: &'c D, journal: &'c mut Journal) -> Self {
        let unnamed = Unnamed::of(journal.view());
        Committer { destination, journal, unnamed }
    }

    /// Flushes parts and commits rounds as they come, until there are no more or one fails: a round whose
    /// part failed does not come to be committed.
    pub(super) fn run<'a>(
        mut self,
        sent: &Receiver<Sent<'a, D::Delivery>>,
        results: &Sender<Result<Done<'a>>>,
    ) {
        while let Ok(what) = sent.recv() {
            let result = match what {
                Sent::Part => Some(self.destination.flush().map(|()| Done::Flushed)),
                Sent::Round(round) => self.receive(round, sent),
                Sent::Proof(_) => None,
            };
            let Some(result) = result else { return };
            let failed = result.is_err();
            // Where nobody takes the results any more, nobody sends rounds either.
            if results.send(result).is_err() || failed {
                return;
            }
        }
    }

    /// Takes a round and its proof. Without one nobody is there any more to say that it may be delivered.
    fn receive<'a>(
        &mut self,
        mut round: Round<'a, D::Delivery>,
        sent: &Receiver<Sent<'a, D::Delivery>>,
    ) -> Option<Result<Done<'a>>> {
        let prepared = self.make_ready(&mut round);
        let Ok(Sent::Proof(is_proven)) = sent.recv() else { return None };
        Some(prepared.and_then(|()| if is_proven { self.commit(round) } else { self.doubt(round) }))
    }

    /// What can be done before the proof: the round can still be dropped, which undoes it.
    fn make_ready(&mut self, round: &mut Round<'_, D::Delivery>) -> Result<()> {
        for Failed { unique_id, octets, reason } in &round.failed {
            self.journal.failed(unique_id, *octets, &failing(Cause::Broke, reason))?;
        }
        if round.deliveries.is_empty() {
            Ok(())
        } else {
            self.destination.make_durable(&mut round.deliveries)
        }
    }

    /// Notes that each message of a round may not be whole, or be another one: each has a round of its
    /// own the next time.
    fn doubt<'a>(&mut self, round: Round<'a, D::Delivery>) -> Result<Done<'a>> {
        let mut doubted = Vec::with_capacity(round.facts.len());
        for fact in round.facts {
            let says = format!("message {} may not be whole: what followed it was no reply", fact.number);
            let error = Error::new(Kind::Protocol, says);
            if !fact.unique_id.is_empty() {
                let reason = causes(&error);
                self.journal.failed(fact.unique_id, fact.octets, &failing(Cause::Broke, &reason))?;
            }
            doubted.push((fact, error));
        }
        Ok(Done::Doubted(doubted))
    }

    /// Delivers a round. On success each message is delivered and recorded so (durably with the
    /// journal's next sync), or refused and its intent void.
    ///
    /// # Errors
    /// What the destination or the journal failed with. Before the intents are recorded everything is
    /// undone; after that the next run settles it.
    fn commit<'a>(&mut self, round: Round<'a, D::Delivery>) -> Result<Done<'a>> {
        let mut committed = Vec::with_capacity(round.facts.len());
        let (mut facts, mut deliveries) = (Vec::with_capacity(round.facts.len()), Vec::new());
        for (fact, delivery) in round.facts.into_iter().zip(round.deliveries) {
            match self.unnamed.take(&fact) {
                Some(entry) => committed.push(Committed { fact, entry, refused: None, was_known: true }),
                None => {
                    facts.push(fact);
                    deliveries.push(delivery);
                }
            }
        }
        if facts.is_empty() {
            return Ok(Done::Committed(committed));
        }
        let batch = self.destination.prepare(deliveries)?;
        let entries = self.journal.intend(&intents(&facts, batch.places()))?;
        let receipts = batch.publish()?;
        let (mut delivered, mut refused) = (Vec::with_capacity(entries.len()), Vec::new());
        for ((fact, entry), receipt) in facts.into_iter().zip(entries).zip(receipts) {
            let error = match receipt {
                Receipt::Delivered => None,
                Receipt::Refused(error) => Some(error),
            };
            if error.is_none() {
                delivered.push(entry)
            } else {
                refused.push(entry)
            }
            committed.push(Committed { fact, entry, refused: error, was_known: false });
        }
        self.journal.delivered(&delivered)?;
        self.journal.refused(&refused)?;
        for Committed { fact, refused, .. } in &committed {
            if let Some(error) = refused.as_ref().filter(|_| !fact.unique_id.is_empty()) {
                let reason = causes(error);
                self.journal.failed(fact.unique_id, fact.octets, &failing(Cause::Rejected, &reason))?;
            }
        }
        Ok(Done::Committed(committed))
    }
}

fn intents<'i>(facts: &[Fact<'i>], places: &'i [Place]) -> Vec<Intent<'i>> {
    let intend = |(fact, place): (&Fact<'i>, &'i Place)| Intent {
        unique_id: Cow::Borrowed(fact.unique_id),
        octets: fact.octets,
        identity: fact.identity,
        place: Cow::Borrowed(place),
    };
    facts.iter().zip(places).map(intend).collect()
}

fn failing(cause: Cause, reason: &str) -> Failing<'_> {
    Failing { cause, reason, from: None, subject: None }
}

/// An error with what lay beneath it, for the journal.
pub(super) fn causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}

#[cfg(test)]
mod tests;
