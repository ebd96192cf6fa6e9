//! Where fetched messages go: a Maildir, an mbox, or a program. Bytes as they came from the server (CRLF line
//! ends, dots already unstuffed) go in, files come out. Nothing here knows POP3.
//!
//! A message is streamed into a [`Batch`], where nobody sees it. [`Batch::make_durable`] flushes all of the
//! batch; [`Batch::prepare`] says at which [`Place`]s the messages will stand, so that the caller can write
//! that down; only [`Batch::publish`] makes them visible. Whatever happens in between, [`settle()`] finds out
//! later, by looking, what became of them:
//!
//! ```text
//!              one thread                    │               another thread
//!                                            │
//!  Store::batch ─▶ begin, write …, finish    │ ─▶ make_durable ─▶ prepare ─▶ (places journalled)
//!                    │      ▲                │       discard                        │
//!                    │      └─ next message  │                                      ▼
//!                    └─ abandon              │                  each(position, Receipt) ◀─ publish
//!
//!  dropped before prepare: undone. Dropped or killed after it: settle(places) ─▶ Delivered │ Again
//! ```
//!
//! Settle before opening a store: opening creates what is missing and removes what interrupted runs left in
//! `tmp/`, and a folder made anew cannot tell what was delivered into the old one.

mod command;
#[cfg(test)]
mod conditions;
mod line_ends;
mod maildir;
mod mbox;
mod place;
mod settle;
mod spec;
mod spool;

pub use place::Place;
pub use settle::{Settled, Unsettled, settle};
pub use spec::{Spec, Written};

use std::fmt;
use std::time::Duration;

use crate::error::{Error, Kind, Result};
use crate::sys::Stop;

/// What a store can take at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Octets that may wait to be committed together.
    pub octets: u64,
    /// Messages that may wait to be committed together.
    pub messages: usize,
    /// Whether what was taken in is on its way to the disk already, so that [`Store::flush`] while a batch
    /// streams in has something to do.
    pub early_flush: bool,
}

/// Somewhere that takes messages in, by the batch.
pub trait Store: Send + Sync + fmt::Debug {
    /// What it can take at once.
    fn limits(&self) -> Limits;

    /// An empty batch.
    fn batch(&self) -> Box<dyn Batch>;

    /// Flushes early what [`Batch::make_durable`] would have to wait for.
    ///
    /// # Errors
    /// Something could not be written. Nothing that was taken in before may be committed then: a disk
    /// reports a lost write once, and `make_durable` may not hear of it.
    fn flush(&self) -> Result<()>;

    /// The octets that still fit where messages are written first; `None` where nobody knows.
    fn room(&self) -> Option<u64>;
}

/// Messages on their way in: written one after the other by one thread, then committed by another. Dropping
/// it before [`prepare`](Batch::prepare) undoes everything; after `prepare` it leaves the messages to
/// settling: their places may have been journalled.
pub trait Batch: Send + fmt::Debug {
    /// Begins the next message in the temporary place. One that was begun and not finished is abandoned.
    ///
    /// # Errors
    /// The temporary file cannot be created.
    fn begin(&mut self) -> Result<()>;

    /// Takes the next bytes of the message that was begun (CRLF, dots unstuffed), cut anywhere.
    ///
    /// # Errors
    /// They could not be written ([`Kind::DiskFull`], for example), or no message was begun. The message is
    /// abandoned with that, and what it held of the disk is free again; the others are not concerned.
    fn write(&mut self, chunk: &[u8]) -> Result<()>;

    /// The message that was begun is whole: from now on it has the next index.
    ///
    /// # Errors
    /// As [`write`](Batch::write).
    fn finish(&mut self) -> Result<()>;

    /// Drops the message that was begun and not finished. Nothing where none was.
    fn abandon(&mut self);

    /// Drops the finished message of that index; the indexes of the others stay as they are. Nothing where
    /// there is none, and nothing after [`prepare`](Batch::prepare).
    fn discard(&mut self, index: usize);

    /// How many messages were finished, discarded ones included.
    fn len(&self) -> usize;

    /// Whether no message was finished.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes all messages durable where they are: files and their folder.
    ///
    /// # Errors
    /// Something could not be written or flushed: nothing of this batch can be committed any more.
    fn make_durable(&mut self) -> Result<()>;

    /// Decides where the messages will stand: one place for each that was not discarded, in order. Makes
    /// durable what is not, and is called once.
    ///
    /// # Errors
    /// Something could not be written, or the store is locked by another program
    /// ([`Kind::Timeout`] with [`Phase::Lock`](crate::error::Phase::Lock)): dropping the batch still undoes
    /// everything.
    fn prepare(&mut self) -> Result<Vec<Place>>;

    /// Makes them visible, durably, and tells of each by its position among the places of
    /// [`prepare`](Batch::prepare). What `each` fails with ends it.
    ///
    /// # Errors
    /// An error ends the batch without losing the receipts before it; what has no receipt must be settled.
    fn publish(self: Box<Self>, each: &mut dyn FnMut(usize, Receipt) -> Result<()>) -> Result<()>;
}

/// What became of one message of a batch.
#[derive(Debug)]
pub enum Receipt {
    /// It is visible and durable.
    Delivered,
    /// This one was not taken; the others are not concerned.
    Refused(Refusal),
    /// It is certainly not there, through no fault of its own: publishing ended before its turn came. Its
    /// intent is void.
    NotTried,
}

/// A message that this store would not take.
#[derive(Debug)]
pub struct Refusal {
    /// Why.
    pub error: Error,
    /// Whether it may be taken later as it is: the program asked for that (75, 4xx, over quota), or had no
    /// chance to decide.
    pub is_later: bool,
}

/// What opening a store needs to know besides where it is.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Marks an account's files in a Maildir's `tmp/`: eight hexadecimal digits.
    pub tag: String,
    /// Ends waits for locks, and programs.
    pub stop: Stop,
    /// How long a program may take for one message.
    pub timeout: Duration,
}

/// Opens the store, creating what is missing. In a Maildir's `tmp/`, files that earlier runs for the same
/// `tag` left behind are removed: all their intents must be settled by now.
///
/// # Errors
/// [`Kind::Create`]: it cannot be created or opened, or something else stands there; a leftover could not be
/// removed; an mbox is locked for too long.
pub fn open(spec: &Spec, opening: &Opening) -> Result<Box<dyn Store>> {
    Ok(match spec {
        Spec::Maildir(path) => {
            let maildir = maildir::Maildir::open(path, &opening.tag)?;
            maildir.clean()?;
            Box::new(maildir)
        }
        Spec::Mbox(path) => Box::new(mbox::Mbox::open(path, &opening.stop)?),
        Spec::Command(line) => Box::new(command::Command::new(line, opening.stop.clone(), opening.timeout)),
    })
}

/// What a batch says where no message was begun, or an earlier failure has ended it.
fn nothing_begun() -> Error {
    Error::new(Kind::Io, "could not write a message").because("none was begun, or its beginning was lost")
}

#[cfg(test)]
mod tests;
