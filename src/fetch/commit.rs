//! Proven rounds become delivered messages, on a thread of their own: the network never waits for the disk.
//!
//! The order of a round may not change: durable in the temporary place, intents recorded, made visible,
//! recorded as delivered. Only what has come back from here may be deleted on the server.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::mpsc::{Receiver, Sender};

use super::journal::{EntryId, Intent, Journal, State};
use super::outcome::{Halt, Owner};
use super::recognise::{Recognise, is_made};
use super::round::{Fact, Proven};
use crate::error::{Error, Kind, Result};
use crate::store::{Place, Receipt, Store};

/// So many refusals in a row that mean "later" are the store's, not the messages'.
const REFUSALS_OF_A_STORE: u32 = 3;

/// What the network's thread sends.
pub(super) enum Work<'a> {
    /// More of a round has come: what is here can be flushed while the rest streams in.
    Part,
    Round(Proven<'a>),
}

/// What became of it.
pub(super) enum Done<'a> {
    /// So many messages of the round are delivered, one after the other.
    Delivering(u32),
    /// The part is on the disk.
    Flushed,
    /// Each of these messages has its answer.
    Committed(Vec<Committed<'a>>),
    /// The rest of the round, and all that follows, is not delivered.
    Halted(Halt),
}

/// What became of a message.
pub(super) struct Committed<'a> {
    pub(super) fact: Fact<'a>,
    pub(super) fate: Fate,
}

pub(super) enum Fate {
    Delivered(EntryId),
    /// An earlier run delivered it; this time it was not.
    Known(EntryId),
    /// The store would not take it.
    Refused(Error),
}

/// The thread that talks to the store.
pub(super) struct Committer<'c> {
    store: &'c dyn Store,
    journal: &'c mut Journal,
    recognise: Recognise,
    /// Refusals in a row that mean "later".
    later: u32,
}

impl<'c> Committer<'c> {
    /// `claimed` are the entries that the plan knows other messages as.
    pub(super) fn new(store: &'c dyn Store, journal: &'c mut Journal, claimed: HashSet<EntryId>) -> Self {
        let recognise = Recognise::new(journal.view(), claimed);
        Committer { store, journal, recognise, later: 0 }
    }

    /// Flushes parts and commits rounds as they come, until there are no more or one fails.
    pub(super) fn run<'a>(mut self, work: &Receiver<Work<'a>>, results: &Sender<Done<'a>>) {
        while let Ok(work) = work.recv() {
            let (done, halt) = match work {
                Work::Part => match self.store.flush() {
                    Ok(()) => (Done::Flushed, None),
                    Err(error) => (Done::Halted(Halt::owned_by(Owner::Store, error)), None),
                },
                Work::Round(round) => {
                    // Where nobody takes the results any more, that is noticed below.
                    let mut tell = |messages| drop(results.send(Done::Delivering(messages)));
                    let (committed, halt) = self.commit(round, &mut tell);
                    (Done::Committed(committed), halt)
                }
            };
            let has_halted = halt.is_some() || matches!(done, Done::Halted(_));
            // Where nobody takes the results any more, nobody sends rounds either.
            let is_heard = results.send(done).is_ok();
            if let Some(halt) = halt {
                let _ = results.send(Done::Halted(halt));
            }
            if has_halted || !is_heard {
                return;
            }
        }
    }

    /// Delivers a round: what became of each message, and what ended it early. A message without an answer is
    /// undone, or settled by the next run. A store that takes one message after the other has `tell` called with how
    /// many are delivered so far.
    fn commit<'a>(
        &mut self,
        round: Proven<'a>,
        tell: &mut dyn FnMut(u32),
    ) -> (Vec<Committed<'a>>, Option<Halt>) {
        let Proven { facts, mut batch } = round;
        let mut committed = Vec::with_capacity(facts.len());
        let mut new = Vec::with_capacity(facts.len());
        for (index, mut fact) in facts {
            match self.recognise.take(&mut fact, self.journal.view()) {
                Some(entry) => {
                    batch.discard(index);
                    committed.push(Committed { fact, fate: Fate::Known(entry) });
                }
                None => new.push(fact),
            }
        }
        if let Err(error) = self.note_again(&committed) {
            return (Vec::new(), Some(Halt::owned_by(Owner::Journal, error)));
        }
        if new.is_empty() {
            return (committed, None);
        }
        let places = match batch.make_durable().and_then(|()| batch.prepare()) {
            Ok(places) => places,
            Err(error) => return (committed, Some(Halt::of_store(error))),
        };
        let entries = match self.journal.intend(&intents(&new, &places)) {
            Ok(entries) => entries,
            Err(error) => return (committed, Some(Halt::owned_by(Owner::Journal, error))),
        };
        self.recognise.came(&entries);
        let is_one_by_one = places.first().is_some_and(Place::is_handed);
        let mut receipts = Receipts { entries: &entries, fates: (0..new.len()).map(|_| None).collect() };
        let (journal, later) = (&mut *self.journal, &mut self.later);
        let (mut halt, mut handed) = (None, 0);
        let published = batch.publish(&mut |position, receipt| {
            let is_delivered = matches!(receipt, Receipt::Delivered);
            let too_many = receipts.take(position, receipt, later);
            if is_one_by_one && is_delivered {
                // Nobody can look there afterwards: what a kill may repeat is the next message at most.
                journal.delivered(&entries[position..=position]).inspect_err(|_| {
                    halt = Some(Owner::Journal);
                })?;
                handed += 1;
                tell(handed);
            }
            too_many.map_or(Ok(()), |error| {
                halt = Some(Owner::Store);
                Err(error)
            })
        });
        let halt = published.err().map(|error| match halt {
            Some(owner) => Halt::owned_by(owner, error),
            None => Halt::of_store(error),
        });
        // Where we ended it ourselves, nothing behind it was handed over.
        let was_ended_here = is_one_by_one && halt.as_ref().is_some_and(|halt| halt.owner == Owner::Store);
        let was_there: Vec<bool> = new.iter().map(|fact| fact.again.is_some()).collect();
        match receipts.record(self.journal, is_one_by_one, was_ended_here, &was_there) {
            Err(error) => (committed, Some(Halt::owned_by(Owner::Journal, error))),
            Ok(fates) => {
                let told = new.into_iter().zip(fates);
                committed.extend(told.filter_map(|(fact, fate)| fate.map(|fate| Committed { fact, fate })));
                (committed, halt)
            }
        }
    }

    /// Notes that known messages are on the server, under these unique-ids.
    fn note_again(&mut self, known: &[Committed<'_>]) -> Result<()> {
        let (mut adopted, mut back, mut seen) = (Vec::new(), Vec::new(), Vec::new());
        for Committed { fact, fate } in known {
            let Fate::Known(entry) = fate else { continue };
            let Some(known) = self.journal.view().get(*entry) else { continue };
            // A unique-id of the server's is kept: one made from a header is needed only while there is none.
            if known.unique_id == &*fact.unique_id || !is_made(&fact.unique_id) {
                adopted.push((*entry, &*fact.unique_id, fact.octets));
            }
            let is_in_doubt = known.is_leaving || matches!(known.state, State::Gone(_));
            back.extend(is_in_doubt.then_some(*entry));
            // What was seen under its unique-id, and could not be recognised then, was this one.
            let same = self.journal.view().find(&fact.unique_id).filter(|_| !fact.unique_id.is_empty());
            seen.extend(same.filter(|other| other.state == State::Seen).map(|other| other.id));
        }
        self.journal.adopt(&adopted)?;
        self.journal.back(&back)?;
        self.journal.forget(&seen)
    }
}

impl Halt {
    /// What a store failed with, unless it was the user who ended it.
    fn of_store(error: Error) -> Halt {
        let owner = if error.kind() == Kind::Interrupted { Owner::User } else { Owner::Store };
        Halt::owned_by(owner, error)
    }
}

/// What the store said of each message of a round.
struct Receipts<'e> {
    entries: &'e [EntryId],
    fates: Vec<Option<Told>>,
}

enum Told {
    Fate(Fate),
    NotTried,
}

impl Receipts<'_> {
    /// Takes one; gives an error where the store has refused too many in a row.
    fn take(&mut self, position: usize, receipt: Receipt, later: &mut u32) -> Option<Error> {
        let (entry, slot) = self.entries.get(position).zip(self.fates.get_mut(position))?;
        let (told, too_many) = match receipt {
            Receipt::Delivered => {
                *later = 0;
                (Told::Fate(Fate::Delivered(*entry)), None)
            }
            Receipt::NotTried => (Told::NotTried, None),
            Receipt::Refused(refusal) => {
                *later = if refusal.is_later { *later + 1 } else { 0 };
                let too_many = (*later >= REFUSALS_OF_A_STORE).then(|| {
                    let error = Error::new(Kind::Partial, format!("{later} messages in a row were refused"))
                        .because(super::results::causes(&refusal.error));
                    refusal.error.advice().cloned().into_iter().fold(error, Error::advise)
                });
                (Told::Fate(Fate::Refused(refusal.error)), too_many)
            }
        };
        *slot = Some(told);
        too_many
    }

    /// Writes them into the journal. `is_written` says that deliveries are there already, `is_over` that a
    /// message without a receipt was not handed over, `was_there` which were delivered before, and stay so.
    fn record(
        self,
        journal: &mut Journal,
        is_written: bool,
        is_over: bool,
        was_there: &[bool],
    ) -> Result<Vec<Option<Fate>>> {
        let (mut delivered, mut void) = (Vec::new(), Vec::new());
        for ((entry, told), was_there) in self.entries.iter().zip(&self.fates).zip(was_there) {
            match told {
                Some(Told::NotTried | Told::Fate(Fate::Refused(_))) if *was_there => delivered.push(*entry),
                Some(Told::Fate(Fate::Delivered(_))) if is_written => {}
                Some(Told::Fate(Fate::Delivered(entry))) => delivered.push(*entry),
                Some(Told::NotTried | Told::Fate(_)) => void.push(*entry),
                None if is_over => void.push(*entry),
                // Nobody knows: the next run settles it.
                None => {}
            }
        }
        journal.delivered(&delivered)?;
        journal.refused(&void)?;
        let fate = |told| match told {
            Some(Told::Fate(fate)) => Some(fate),
            Some(Told::NotTried) | None => None,
        };
        Ok(self.fates.into_iter().map(fate).collect())
    }
}

fn intents<'i>(facts: &'i [Fact<'_>], places: &'i [Place]) -> Vec<Intent<'i>> {
    let intend = |(fact, place): (&'i Fact<'_>, &'i Place)| Intent {
        unique_id: Cow::Borrowed(&fact.unique_id),
        octets: fact.octets,
        identity: fact.identity,
        place: Cow::Borrowed(place),
        again: fact.again,
        is_proven: fact.is_proven,
    };
    facts.iter().zip(places).map(intend).collect()
}

#[cfg(test)]
mod tests;
