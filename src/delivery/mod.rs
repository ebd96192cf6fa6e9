//! Where fetched messages go. The last room of the house: bytes as they came over the wire (CR LF
//! line ends, dots already unstuffed) go in, files come out. It knows nothing of POP3.
//!
//! A message is streamed into a [`Delivery`], which nobody sees; [`Destination::make_durable`] flushes
//! a batch of them, [`Destination::prepare`] says at which [`Place`]s they will stand, so that the
//! caller can write that down; only [`Batch::publish`] makes them visible. Whatever happens in between, [`settle`]
//! finds out later, by looking, what became of them:
//!
//! ```text
//! begin ─▶ write … ─▶ make_durable ─▶ prepare ─▶ (places journalled) ─▶ publish ─▶ receipts
//!    └───── dropped: undone ─────┘               └─ crash: settle(places) ─▶ Delivered │ Again
//! ```
//!
//! Settle before opening a destination: opening creates what is missing, and a folder made anew
//! has forgotten what was delivered into the old one.

pub mod command;
#[cfg(test)]
mod conditions;
mod files;
mod line_ends;
pub mod maildir;
pub mod mbox;
mod place;
mod spec;
mod spool;

pub use command::Command;
pub use maildir::Maildir;
pub use mbox::Mbox;
pub use place::Place;
pub use spec::{Spec, Written};

use crate::error::{Error, Result};
use crate::identity::Identity;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// Something that takes messages in, by the batch.
pub trait Destination: Send + Sync {
    /// A message on its way in.
    type Delivery: Delivery;
    /// Messages that are whole and about to become visible.
    type Batch: Batch;

    /// How many octets may wait to be committed together, given what each costs meanwhile: memory
    /// and open files, or only room on the disk.
    const ROUND_OCTETS: u64;

    /// Whether what was taken in is on its way to the disk already, so that [`Destination::flush`] has
    /// something to do.
    const WRITES_AT_ONCE: bool;

    /// Opens a message in the temporary place.
    ///
    /// # Errors
    /// The temporary file cannot be created.
    fn begin(&self) -> Result<Self::Delivery>;

    /// Flushes early what [`Destination::make_durable`] would have to wait for.
    ///
    /// # Errors
    /// Something could not be written. Nothing that was taken in before may be committed then: a disk
    /// says once what it lost, and `make_durable` may not hear of it.
    fn flush(&self) -> Result<()>;

    /// Makes whole messages durable where they are: the files, and their folder. They can still be
    /// dropped, which undoes them.
    ///
    /// # Errors
    /// Something could not be written or flushed.
    fn make_durable(&self, messages: &mut [Self::Delivery]) -> Result<()>;

    /// Decides where messages that were made durable will stand.
    ///
    /// # Errors
    /// Something could not be written or locked: then everything has been undone.
    fn prepare(&self, batch: Vec<Self::Delivery>) -> Result<Self::Batch>;
}

/// One message being written where nobody sees it. Dropping it undoes it.
pub trait Delivery: Send {
    /// Takes the next bytes of the message, cut anywhere.
    ///
    /// # Errors
    /// They could not be written: the message cannot be completed any more, drop it.
    fn write(&mut self, chunk: &[u8]) -> Result<()>;

    /// Nothing more will come: hands on what was gathered, and gives free what is not needed while
    /// the message waits for its batch.
    ///
    /// # Errors
    /// As [`Delivery::write`].
    fn finish(&mut self) -> Result<()>;

    /// Bytes taken in so far, as they came (line ends counted as on the wire).
    fn bytes(&self) -> u64;
}

/// Durable messages that are not visible yet. Dropping it leaves them to [`settle`]: their places
/// may have been journalled, so the temporary files must stay to speak for themselves.
pub trait Batch: Sized {
    /// Where the messages will stand, in the order they were prepared in.
    fn places(&self) -> &[Place];

    /// Makes the messages visible, durably. One receipt a message, in order.
    ///
    /// # Errors
    /// It could not be done for all: how far it came must be settled (see [`settle`]).
    fn publish(self) -> Result<Vec<Receipt>>;
}

/// What became of one message of a batch.
#[derive(Debug)]
pub enum Receipt {
    /// It is visible and durable.
    Delivered,
    /// This one was not taken, the others are not concerned.
    Refused(Error),
}

/// A message whose delivery was announced and never confirmed.
#[derive(Debug, Clone, Copy)]
pub struct Unsettled<'a> {
    /// Where it was going to stand.
    pub place: &'a Place,
    /// How long ago that was written down.
    pub age: Duration,
    /// The message's identity, where it has one.
    pub identity: Option<Identity>,
}

/// What looking at the destination said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// The message was delivered, or has been now, durably.
    Delivered,
    /// It must be fetched again.
    Again,
}

/// Finds out what became of messages after an interruption, finishes what can be finished and
/// removes what is torn; one answer an item, in order. In doubt the answer is [`Settled::Again`].
///
/// # Errors
/// A destination is not there (not mounted, perhaps), cannot be read, or is locked by another
/// program for too long: nobody can say then, and nothing may be fetched or deleted.
pub fn settle(items: &[Unsettled<'_>]) -> Result<Vec<Settled>> {
    let mut settled = vec![Settled::Again; items.len()];
    let mut maildirs: BTreeMap<&Path, (Vec<usize>, Vec<maildir::Intent<'_>>)> = BTreeMap::new();
    let mut mboxes: BTreeMap<&Path, (Vec<usize>, Vec<mbox::Intent<'_>>)> = BTreeMap::new();
    for (at, item) in items.iter().enumerate() {
        match item.place {
            Place::Maildir { directory, name, tmp_inode } => {
                let (positions, intents) = maildirs.entry(directory).or_default();
                positions.push(at);
                intents.push(maildir::Intent { name, tmp_inode: *tmp_inode, age: item.age });
            }
            Place::Mbox { file, offset, length, checksum, from_line } => {
                let (positions, intents) = mboxes.entry(file).or_default();
                positions.push(at);
                let (offset, length, identity) = (*offset, *length, item.identity);
                intents.push(mbox::Intent { offset, length, checksum, from_line, identity });
            }
            // A program took it or did not: it is at-least-once, and the manual says so.
            Place::Handed => {}
        }
    }
    for (directory, (positions, intents)) in maildirs {
        let answers = maildir::settle(directory, &intents)?;
        positions.into_iter().zip(answers).for_each(|(at, answer)| settled[at] = answer);
    }
    for (file, (positions, intents)) in mboxes {
        let answers = mbox::settle(file, &intents)?;
        positions.into_iter().zip(answers).for_each(|(at, answer)| settled[at] = answer);
    }
    Ok(settled)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Delivers messages to their places and stops there, as a crash before `publish` would.
    fn prepared<D: Destination>(destination: &D, messages: &[&[u8]]) -> D::Batch {
        let deliveries = messages.iter().map(|message| {
            let mut delivery = destination.begin().unwrap();
            delivery.write(message).unwrap();
            delivery
        });
        destination.prepare(deliveries.collect()).unwrap()
    }

    #[test]
    fn answers_come_in_the_order_of_the_questions() {
        let home = tempfile::tempdir().unwrap();
        let maildir = Maildir::open(&home.path().join("maildir"), "0badcafe").unwrap();
        let mbox = Mbox::open(&home.path().join("mbox")).unwrap();
        let finished = prepared(&mbox, &[b"Subject: 1\r\n\r\nbody\r\n"]);
        let in_mbox = finished.places().to_vec();
        finished.publish().unwrap();
        let begun = prepared(&maildir, &[b"Subject: 2\r\n\r\n", b"Subject: 3\r\n\r\n"]);
        let in_maildir = begun.places().to_vec();
        drop(begun);
        let absent = prepared(&mbox, &[b"Subject: 4\r\n\r\n"]).places().to_vec();

        let places = [&Place::Handed, &in_maildir[1], &in_mbox[0], &absent[0], &in_maildir[0]];
        let items: Vec<Unsettled<'_>> = places
            .iter()
            .map(|place| Unsettled { place, age: Duration::from_secs(60), identity: None })
            .collect();
        use Settled::{Again, Delivered};
        assert_eq!(settle(&items).unwrap(), [Again, Delivered, Delivered, Again, Delivered]);
        assert_eq!(std::fs::read_dir(home.path().join("maildir/new")).unwrap().count(), 2);
    }

    #[test]
    fn nothing_unsettled_is_nothing_to_do() {
        assert_eq!(settle(&[]).unwrap(), []);
    }
}
