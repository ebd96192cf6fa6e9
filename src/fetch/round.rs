//! A round: messages that came one after the other and are committed together. Only what is proven to be
//! whole, and the message it was taken for, can be committed: a [`Proven`] round is the only kind that the
//! committer takes, and making one drops the rest.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use super::journal::EntryId;
use crate::identity::Identity;
use crate::store::{Batch, Limits};

/// A round ends after so long, so that a lost connection costs little.
const LONGEST: Duration = Duration::from_secs(2);

/// After so many messages of a round, or so many octets, what has come is flushed.
const PART_MESSAGES: usize = 500;
const PART_OCTETS: u64 = 4 << 20;

/// A handful of files is flushed one by one at the end: a part's flush is the whole file system's, and may
/// wait for what others write there.
const PART_AT_LEAST: usize = 8;

/// What is known of a message that is whole in the temporary place.
#[derive(Debug)]
pub(super) struct Fact<'a> {
    pub(super) number: u32,
    /// Empty where it has none.
    pub(super) unique_id: Cow<'a, [u8]>,
    /// As the server declares it.
    pub(super) octets: Option<u64>,
    /// As counted.
    pub(super) bytes: u64,
    pub(super) identity: Option<Identity>,
    pub(super) then_delete: bool,
    /// Whether something proves that it is the message it was asked for: without that it is never deleted.
    pub(super) is_proven: bool,
    /// The entry of one that was delivered before and is wanted again.
    pub(super) again: Option<EntryId>,
    /// Whether it may be one that was delivered before, which only its text could tell.
    pub(super) may_be_known: bool,
    /// The bodies of its header fields From and Subject, cut short.
    pub(super) from: Option<Vec<u8>>,
    pub(super) subject: Option<Vec<u8>>,
}

impl Fact<'_> {
    /// Whether it has just the octets that were declared; `None` where none were.
    pub(super) fn fits(&self) -> Option<bool> {
        self.octets.map(|octets| octets == self.bytes)
    }

    /// Whether its octets are proof enough where every answer before it fitted. Those of an empty text never are.
    pub(super) fn is_whole_by_itself(&self) -> bool {
        self.bytes > 0 && self.fits() == Some(true)
    }
}

/// Why a message is believed to be whole, and the one it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StepCheck {
    /// A question behind it was answered as only a conversation in step can answer it.
    Question,
    /// It has just the octets that were declared, and every answer before it fitted.
    Octets,
    /// Nothing speaks against it, and the server answers no question: it may be delivered, not deleted.
    NoneToBeHad,
}

struct Arrived<'a> {
    fact: Fact<'a>,
    proof: Option<StepCheck>,
}

/// Messages on their way into the store.
pub(super) struct Round<'a> {
    arrived: Vec<Arrived<'a>>,
    /// How many of them, from the first on, have their proof.
    proven: usize,
    /// From which message on an answer that did not fit stands against what came: a refusal may be a
    /// stray one, and all that follows it another message's.
    doubtful_from: Option<usize>,
    octets: u64,
    began: Instant,
    batch: Box<dyn Batch>,
}

impl<'a> Round<'a> {
    pub(super) fn new(batch: Box<dyn Batch>) -> Self {
        let arrived = Vec::new();
        Round { arrived, proven: 0, doubtful_from: None, octets: 0, began: Instant::now(), batch }
    }

    /// Where the next message is written.
    pub(super) fn batch(&mut self) -> &mut dyn Batch {
        &mut *self.batch
    }

    /// Takes what is known of the message that was finished last.
    pub(super) fn push(&mut self, fact: Fact<'a>) {
        self.octets = self.octets.saturating_add(fact.bytes);
        self.arrived.push(Arrived { fact, proof: None });
    }

    /// Notes that a message was refused: until the next proof nothing behind it is whole by itself.
    pub(super) fn note_refusal(&mut self) {
        self.doubtful_from.get_or_insert(self.arrived.len());
    }

    /// Whether an answer since the last proof did not fit.
    pub(super) fn is_doubtful(&self) -> bool {
        self.doubtful_from.is_some()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.arrived.is_empty()
    }

    /// Whether nothing waits for its proof.
    pub(super) fn is_proven(&self) -> bool {
        self.proven == self.arrived.len()
    }

    /// Whether it holds as much as the store takes at once, or has lasted long enough.
    pub(super) fn is_full(&self, limits: Limits) -> bool {
        let is_large = self.arrived.len() >= limits.messages || self.octets >= limits.octets;
        !self.is_empty() && (is_large || self.began.elapsed() >= LONGEST)
    }

    /// What has no proof yet, in the order in which it came, and how many of these came before an answer
    /// that did not fit.
    pub(super) fn unproven(&self) -> (Vec<&Fact<'a>>, usize) {
        let facts: Vec<_> = self.arrived[self.proven..].iter().map(|arrived| &arrived.fact).collect();
        let sure = self.doubtful_from.map_or(facts.len(), |from| from.saturating_sub(self.proven));
        (facts, sure)
    }

    /// Everything that came so far is proven.
    pub(super) fn prove(&mut self, proof: StepCheck) {
        for arrived in &mut self.arrived[self.proven..] {
            arrived.proof = Some(proof);
        }
        self.proven = self.arrived.len();
        self.doubtful_from = None;
    }

    /// Of the unproven messages those of these positions are whole by themselves.
    pub(super) fn prove_some(&mut self, positions: &[usize]) {
        for position in positions {
            if let Some(arrived) = self.arrived.get_mut(self.proven + position) {
                arrived.proof = Some(StepCheck::Octets);
            }
        }
    }

    /// What can be committed; the rest is dropped, and fetched again. Also says whether anything was.
    pub(super) fn into_proven(mut self) -> (Proven<'a>, bool) {
        let mut facts = Vec::with_capacity(self.arrived.len());
        let mut has_dropped = false;
        for (index, Arrived { mut fact, proof }) in self.arrived.into_iter().enumerate() {
            match proof {
                None => {
                    self.batch.discard(index);
                    has_dropped = true;
                }
                Some(proof) => {
                    fact.is_proven = proof != StepCheck::NoneToBeHad;
                    fact.then_delete &= fact.is_proven;
                    facts.push((index, fact));
                }
            }
        }
        (Proven { facts, batch: self.batch }, has_dropped)
    }
}

/// Messages that may be delivered: each with its index in the batch, which holds no others.
pub(super) struct Proven<'a> {
    pub(super) facts: Vec<(usize, Fact<'a>)>,
    pub(super) batch: Box<dyn Batch>,
}

/// What of a round was not given to the disk yet.
#[derive(Default)]
pub(super) struct Part {
    messages: usize,
    octets: u64,
}

impl Part {
    /// Counts one more message; `true`, and begins anew, where that makes enough.
    pub(super) fn is_full_with(&mut self, octets: u64) -> bool {
        (self.messages, self.octets) = (self.messages + 1, self.octets.saturating_add(octets));
        let is_large = self.octets >= PART_OCTETS && self.messages >= PART_AT_LEAST;
        let is_full = is_large || self.messages >= PART_MESSAGES;
        if is_full {
            *self = Part::default();
        }
        is_full
    }
}
