//! Rounds of fetched messages become delivered ones, on a thread of their own: the network never
//! waits for the disk.
//!
//! The order of a round may not change: durable in the temporary place, intents recorded, made
//! visible, recorded as delivered. Only what has come back from here may be deleted on the server.

use std::sync::mpsc::{Receiver, Sender};

use super::journal::{EntryId, Intent, Journal};
use crate::delivery::{Batch as _, Destination, Receipt};
use crate::error::{Error, Result};
use crate::identity::Identity;

/// A message that is whole in the temporary place.
pub(super) struct Fetched<D> {
    pub(super) delivery: D,
    pub(super) fact: Fact,
}

/// What is known of it.
pub(super) struct Fact {
    pub(super) number: u32,
    pub(super) unique_id: Vec<u8>,
    /// As the server declares it.
    pub(super) octets: Option<u64>,
    /// As counted.
    pub(super) bytes: u64,
    pub(super) identity: Option<Identity>,
    pub(super) then_delete: bool,
}

/// A message that could not be brought in, for the record.
pub(super) struct Failed {
    pub(super) unique_id: Vec<u8>,
    pub(super) octets: Option<u64>,
    pub(super) reason: String,
}

/// What is committed together.
pub(super) struct Round<D> {
    pub(super) fetched: Vec<Fetched<D>>,
    pub(super) failed: Vec<Failed>,
    pub(super) bytes: u64,
}

impl<D> Round<D> {
    pub(super) fn new() -> Self {
        Round { fetched: Vec::new(), failed: Vec::new(), bytes: 0 }
    }
}

/// What became of a message: its entry in the journal, and why the destination would not have it.
pub(super) struct Committed {
    pub(super) fact: Fact,
    pub(super) entry: EntryId,
    pub(super) refused: Option<Error>,
}

/// Commits rounds as they come, until there are no more or one fails.
pub(super) fn rounds<D: Destination>(
    destination: &D,
    journal: &mut Journal,
    rounds: &Receiver<Round<D::Delivery>>,
    results: &Sender<Result<Vec<Committed>>>,
) {
    for round in rounds {
        let result = round_of(destination, journal, round);
        let failed = result.is_err();
        // Where nobody takes the results any more, nobody sends rounds either.
        if results.send(result).is_err() || failed {
            return;
        }
    }
}

/// Delivers a round. On success each message is delivered and recorded so (durably with the
/// journal's next sync), or refused and its intent void.
///
/// # Errors
/// What the destination or the journal failed with. Before the intents are recorded everything is
/// undone; after that the next run settles it.
fn round_of<D: Destination>(
    destination: &D,
    journal: &mut Journal,
    round: Round<D::Delivery>,
) -> Result<Vec<Committed>> {
    for Failed { unique_id, octets, reason } in &round.failed {
        journal.failed(unique_id, *octets, reason)?;
    }
    if round.fetched.is_empty() {
        return Ok(Vec::new());
    }
    let (facts, deliveries): (Vec<Fact>, Vec<D::Delivery>) =
        round.fetched.into_iter().map(|fetched| (fetched.fact, fetched.delivery)).unzip();
    let batch = destination.prepare(deliveries)?;
    let intend = |(fact, place): (&Fact, &crate::delivery::Place)| Intent {
        unique_id: fact.unique_id.clone(),
        octets: fact.octets,
        identity: fact.identity,
        place: place.clone(),
    };
    let intents: Vec<Intent> = facts.iter().zip(batch.places()).map(intend).collect();
    let entries = journal.intend(&intents)?;
    drop(intents);
    let receipts = batch.publish()?;
    let (mut delivered, mut refused) = (Vec::with_capacity(entries.len()), Vec::new());
    let mut committed = Vec::with_capacity(entries.len());
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
        committed.push(Committed { fact, entry, refused: error });
    }
    journal.delivered(&delivered)?;
    journal.refused(&refused)?;
    for Committed { fact, refused, .. } in &committed {
        if let Some(error) = refused.as_ref().filter(|_| !fact.unique_id.is_empty()) {
            journal.failed(&fact.unique_id, fact.octets, &causes(error))?;
        }
    }
    Ok(committed)
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
