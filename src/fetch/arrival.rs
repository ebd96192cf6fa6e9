//! One message while it comes in: written to the store, recognised by its header, and what is known of it when
//! it has ended. A store that cannot take it does not put the conversation out of step: the rest is read and
//! dropped.

use super::plan::{Action, Reason, Step};
use super::round::Fact;
use crate::error::Result;
use crate::identity::{Identifier, Identity};
use crate::store::Batch;

/// So many octets tell whether a text begins with a status line.
const BEGINNING: usize = 5;

/// A message that is coming in.
pub(super) struct Arriving<'b> {
    batch: &'b mut dyn Batch,
    identifier: Identifier,
    stored: Result<()>,
    beginning: Beginning,
}

/// The first octets of a text.
#[derive(Debug, Default)]
struct Beginning {
    octets: [u8; BEGINNING],
    length: usize,
}

impl Beginning {
    fn take(&mut self, chunk: &[u8]) {
        let room = &mut self.octets[self.length..];
        let fits = chunk.len().min(room.len());
        room[..fits].copy_from_slice(&chunk[..fits]);
        self.length += fits;
    }

    fn as_bytes(&self) -> &[u8] {
        &self.octets[..self.length]
    }
}

impl<'b> Arriving<'b> {
    /// Begins a message in the store.
    pub(super) fn new(batch: &'b mut dyn Batch) -> Self {
        let stored = batch.begin();
        Arriving { batch, identifier: Identifier::keeping_fields(), stored, beginning: Beginning::default() }
    }

    /// Takes the next octets.
    pub(super) fn take(&mut self, chunk: &[u8]) {
        self.beginning.take(chunk);
        self.identifier.push(chunk);
        if self.stored.is_ok() {
            self.stored = self.batch.write(chunk);
        }
    }

    /// Whether anything of it has come.
    pub(super) fn has_begun(&self) -> bool {
        self.beginning.length > 0
    }

    /// It has come to its end, after so many octets; it is still to be finished in the store.
    pub(super) fn end(self, bytes: u64) -> Arrival {
        let (identity, fields) = self.identifier.finish_with_fields();
        let Arriving { stored, beginning, .. } = self;
        Arrival { bytes, identity, from: fields.from, subject: fields.subject, stored, beginning }
    }

    /// It will not come to its end: what is known of it.
    pub(super) fn abandon(self) -> Arrival {
        self.batch.abandon();
        Arrival { stored: Ok(()), ..self.end(0) }
    }
}

/// What came.
#[derive(Debug)]
pub(super) struct Arrival {
    /// Octets, as counted on the wire.
    pub(super) bytes: u64,
    pub(super) identity: Option<Identity>,
    from: Option<Vec<u8>>,
    subject: Option<Vec<u8>>,
    /// What the store made of it.
    pub(super) stored: Result<()>,
    beginning: Beginning,
}

impl Arrival {
    /// Nothing of a message came.
    pub(super) fn nothing() -> Arrival {
        let (from, subject, beginning) = (None, None, Beginning::default());
        Arrival { bytes: 0, identity: None, from, subject, stored: Ok(()), beginning }
    }

    /// Whether it begins as a status line does, and no header: an answer too many came before the real one.
    pub(super) fn begins_with_a_reply(&self) -> bool {
        let is_reply = |word: &[u8]| {
            let rest = self.beginning.as_bytes().strip_prefix(word);
            rest.is_some_and(|rest| rest.first().is_none_or(u8::is_ascii_whitespace))
        };
        is_reply(b"+OK") || is_reply(b"-ERR")
    }

    /// The bodies of the fields From and Subject.
    pub(super) fn into_fields(self) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
        (self.from, self.subject)
    }

    /// What is known of the message that was planned so.
    pub(super) fn into_fact<'a>(self, step: &Step, unique_id: Option<&'a [u8]>) -> Fact<'a> {
        Fact {
            number: step.number,
            unique_id: unique_id.unwrap_or_default().into(),
            octets: step.octets,
            bytes: self.bytes,
            identity: self.identity,
            is_proven: false,
            then_delete: step.action == Action::Fetch { then_delete: true },
            again: step.entry.filter(|_| step.reason == Reason::Again),
            may_be_known: step.may_be_known(),
            from: self.from,
            subject: self.subject,
        }
    }
}
