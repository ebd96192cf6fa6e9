//! Rounds of fetched messages become delivered ones, on a thread of their own: the network never
//! waits for the disk.
//!
//! The order of a round may not change: durable in the temporary place, proven by the network's
//! thread, intents recorded, made visible, recorded as delivered. Only what has come back from here
//! may be deleted on the server.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender};

use super::journal::{EntryId, Intent, Journal, State, View};
use crate::error::{Error, Kind, Result};
use crate::identity::Identity;
use crate::store::{Batch, Place, Receipt, Store};

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
/// The fact at an index belongs to the batch's message of that index.
pub(super) struct Round<'a> {
    pub(super) facts: Vec<Fact<'a>>,
    pub(super) batch: Box<dyn Batch>,
    pub(super) failed: Vec<Failed<'a>>,
}

impl<'a> Round<'a> {
    pub(super) fn new(store: &dyn Store) -> Self {
        Round { facts: Vec::new(), batch: store.batch(), failed: Vec::new() }
    }

    /// Drops all messages, which undoes them.
    pub(super) fn clear(&mut self, store: &dyn Store) {
        (self.facts, self.batch) = (Vec::new(), store.batch());
    }
}

/// What the network's thread sends: parts of a round, the round, and then whether the server was in step
/// all through it. The disk works on the one while the other is found out.
pub(super) enum Sent<'a> {
    /// More of a round has come: what is here can be flushed while the rest streams in.
    Part,
    Round(Round<'a>),
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
pub(super) struct Committer<'c> {
    store: &'c dyn Store,
    journal: &'c mut Journal,
    unnamed: Unnamed,
}

impl<'c> Committer<'c> {
    pub(super) fn new(store: &'c dyn Store, journal: &'c mut Journal) -> Self {
        let unnamed = Unnamed::of(journal.view());
        Committer { store, journal, unnamed }
    }

    /// Flushes parts and commits rounds as they come, until there are no more or one fails: a round whose
    /// part failed does not come to be committed.
    pub(super) fn run<'a>(mut self, sent: &Receiver<Sent<'a>>, results: &Sender<Result<Done<'a>>>) {
        while let Ok(what) = sent.recv() {
            let result = match what {
                Sent::Part => Some(self.store.flush().map(|()| Done::Flushed)),
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
    fn receive<'a>(&mut self, mut round: Round<'a>, sent: &Receiver<Sent<'a>>) -> Option<Result<Done<'a>>> {
        let prepared = self.make_ready(&mut round);
        let Ok(Sent::Proof(is_proven)) = sent.recv() else { return None };
        Some(prepared.and_then(|()| if is_proven { self.commit(round) } else { self.doubt(round) }))
    }

    /// What can be done before the proof: the round can still be dropped, which undoes it.
    fn make_ready(&mut self, round: &mut Round<'_>) -> Result<()> {
        for Failed { unique_id, octets, reason } in &round.failed {
            self.journal.failed(unique_id, *octets, reason)?;
        }
        if round.facts.is_empty() { Ok(()) } else { round.batch.make_durable() }
    }

    /// Notes that each message of a round may not be whole, or be another one: each has a round of its
    /// own the next time.
    fn doubt<'a>(&mut self, round: Round<'a>) -> Result<Done<'a>> {
        let mut doubted = Vec::with_capacity(round.facts.len());
        for fact in round.facts {
            let says = format!("message {} may not be whole: what followed it was no reply", fact.number);
            let error = Error::new(Kind::Protocol, says);
            if !fact.unique_id.is_empty() {
                self.journal.failed(fact.unique_id, fact.octets, &causes(&error))?;
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
    fn commit<'a>(&mut self, round: Round<'a>) -> Result<Done<'a>> {
        let mut committed = Vec::with_capacity(round.facts.len());
        let mut facts = Vec::with_capacity(round.facts.len());
        let mut batch = round.batch;
        for (index, fact) in round.facts.into_iter().enumerate() {
            match self.unnamed.take(&fact) {
                Some(entry) => {
                    batch.discard(index);
                    committed.push(Committed { fact, entry, refused: None, was_known: true });
                }
                None => facts.push(fact),
            }
        }
        if facts.is_empty() {
            return Ok(Done::Committed(committed));
        }
        let places = batch.prepare()?;
        let entries = self.journal.intend(&intents(&facts, &places))?;
        let mut facts = facts.into_iter();
        let journal = &mut *self.journal;
        batch.publish(&mut |position, receipt| {
            let (Some(fact), Some(entry)) = (facts.next(), entries.get(position).copied()) else {
                return Ok(());
            };
            let refused = match receipt {
                Receipt::Delivered => None,
                Receipt::Refused(refusal) => Some(refusal.error),
                Receipt::NotTried => Some(Error::new(Kind::Partial, "it was not tried")),
            };
            if refused.is_none() {
                journal.delivered(&[entry])?
            } else {
                journal.refused(&[entry])?
            }
            committed.push(Committed { fact, entry, refused, was_known: false });
            Ok(())
        })?;
        for Committed { fact, refused, .. } in &committed {
            if let Some(error) = refused.as_ref().filter(|_| !fact.unique_id.is_empty()) {
                self.journal.failed(fact.unique_id, fact.octets, &causes(error))?;
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
