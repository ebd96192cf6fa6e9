//! A batch of fetched messages on its way to being delivered, in the order that may not change:
//! durable in the temporary place, intents recorded, made visible, recorded as delivered.

use crate::delivery::{Batch as _, Destination, Receipt};
use crate::error::{Error, Result};
use crate::identity::Identity;

use super::journal::{EntryId, Intent, Journal};

/// A batch is committed at so many messages; each holds an open file until then.
const MAX_MESSAGES: usize = 128;

/// A batch is committed at so many octets, so that a crash costs little.
const MAX_BYTES: u64 = 16 << 20;

/// A message that is whole in the temporary place.
pub(super) struct Fetched<D> {
    pub(super) delivery: D,
    pub(super) number: u32,
    pub(super) unique_id: Vec<u8>,
    /// As the server declares it.
    pub(super) octets: Option<u64>,
    /// As counted.
    pub(super) bytes: u64,
    pub(super) identity: Option<Identity>,
    pub(super) then_delete: bool,
}

/// What became of one message of a batch.
pub(super) struct Committed {
    pub(super) number: u32,
    pub(super) unique_id: Vec<u8>,
    pub(super) octets: Option<u64>,
    pub(super) bytes: u64,
    pub(super) entry: EntryId,
    pub(super) then_delete: bool,
    /// Why the destination would not have it.
    pub(super) refused: Option<Error>,
}

/// Messages that wait to be committed together.
pub(super) struct Batch<'a, D: Destination> {
    destination: &'a D,
    waiting: Vec<Fetched<D::Delivery>>,
    bytes: u64,
}

impl<'a, D: Destination> Batch<'a, D> {
    pub(super) fn new(destination: &'a D) -> Self {
        Batch { destination, waiting: Vec::new(), bytes: 0 }
    }

    pub(super) fn push(&mut self, fetched: Fetched<D::Delivery>) {
        self.bytes += fetched.bytes;
        self.waiting.push(fetched);
    }

    pub(super) fn is_due(&self) -> bool {
        self.waiting.len() >= MAX_MESSAGES || self.bytes >= MAX_BYTES
    }

    /// Delivers what waits. On success each message is delivered and recorded so (durably with the
    /// journal's next sync), or refused and its intent void.
    ///
    /// # Errors
    /// What the destination or the journal failed with. Before the intents are recorded everything
    /// is undone; after that the next run settles it.
    pub(super) fn commit(&mut self, journal: &mut Journal) -> Result<Vec<Committed>> {
        if self.waiting.is_empty() {
            return Ok(Vec::new());
        }
        self.bytes = 0;
        let mut facts = Vec::with_capacity(self.waiting.len());
        let mut deliveries = Vec::with_capacity(self.waiting.len());
        for Fetched { delivery, number, unique_id, octets, bytes, identity, then_delete } in
            self.waiting.drain(..)
        {
            deliveries.push(delivery);
            facts.push((number, unique_id, octets, bytes, identity, then_delete));
        }
        let batch = self.destination.prepare(deliveries)?;
        let intents: Vec<Intent> = facts
            .iter()
            .zip(batch.places())
            .map(|((_, unique_id, octets, _, identity, _), place)| Intent {
                unique_id: unique_id.clone(),
                octets: *octets,
                identity: *identity,
                place: place.clone(),
            })
            .collect();
        let entries = journal.intend(&intents)?;
        let receipts = batch.publish()?;
        let (mut delivered, mut refused) = (Vec::new(), Vec::new());
        let mut committed = Vec::with_capacity(facts.len());
        for ((fact, entry), receipt) in facts.into_iter().zip(entries).zip(receipts) {
            let (number, unique_id, octets, bytes, _, then_delete) = fact;
            let error = match receipt {
                Receipt::Delivered => {
                    delivered.push(entry);
                    None
                }
                Receipt::Refused(error) => {
                    refused.push(entry);
                    Some(error)
                }
            };
            committed.push(Committed {
                number,
                unique_id,
                octets,
                bytes,
                entry,
                then_delete,
                refused: error,
            });
        }
        journal.delivered(&delivered)?;
        journal.refused(&refused)?;
        Ok(committed)
    }
}
