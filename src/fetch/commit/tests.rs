//! What the committer tells of parts and rounds, with a disk whose flushes fail when they are told to.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc;

use super::*;
use crate::delivery::maildir::{MaildirBatch, MaildirDelivery};
use crate::delivery::{Delivery as _, Maildir};

/// A Maildir on a disk that answers each early flush as it is told here.
struct Disk {
    maildir: Maildir,
    flushes: Mutex<VecDeque<Result<()>>>,
}

impl Destination for Disk {
    type Delivery = MaildirDelivery;
    type Batch = MaildirBatch;

    const ROUND_OCTETS: u64 = Maildir::ROUND_OCTETS;
    const WRITES_AT_ONCE: bool = Maildir::WRITES_AT_ONCE;

    fn begin(&self) -> Result<MaildirDelivery> {
        self.maildir.begin()
    }

    fn flush(&self) -> Result<()> {
        self.flushes.lock().unwrap().pop_front().unwrap_or(Ok(()))
    }

    fn make_durable(&self, messages: &mut [MaildirDelivery]) -> Result<()> {
        self.maildir.make_durable(messages)
    }

    fn prepare(&self, batch: Vec<MaildirDelivery>) -> Result<MaildirBatch> {
        self.maildir.prepare(batch)
    }
}

/// What the committer says of one message that comes behind two parts, and how many files then stand in
/// `tmp/`, how many in `new/`, and how many messages in the journal.
fn told(home: &Path, flushes: [Result<()>; 2]) -> (Vec<String>, [usize; 3]) {
    let maildir = Maildir::open(&home.join("inbox"), "0badcafe").unwrap();
    let disk = Disk { maildir, flushes: Mutex::new(flushes.into()) };
    let mut journal =
        Journal::open(&home.join("a.journal"), 1_700_000_000).unwrap().settled(&[], &[]).unwrap();
    let mut round = Round::new();
    let mut delivery = disk.begin().unwrap();
    delivery.write(b"Subject: one\r\n\r\n").unwrap();
    let fact =
        Fact { number: 1, unique_id: b"u", octets: Some(16), bytes: 16, identity: None, then_delete: false };
    round.push(fact, delivery);
    let (sender, sent) = mpsc::channel();
    let (results, done) = mpsc::channel();
    for what in [Sent::Part, Sent::Part, Sent::Round(round), Sent::Proof(true)] {
        sender.send(what).unwrap();
    }
    drop(sender);
    Committer::new(&disk, &mut journal).run(&sent, &results);
    drop((sent, results));
    let says = |result: Result<Done<'_>>| match result {
        Ok(Done::Flushed) => "flushed".to_owned(),
        Ok(Done::Committed(committed)) => format!("{} committed", committed.len()),
        Ok(Done::Doubted(doubted)) => format!("{} doubted", doubted.len()),
        Err(error) => error.to_string(),
    };
    let told = done.iter().map(says).collect();
    let files = |part: &str| std::fs::read_dir(home.join("inbox").join(part)).unwrap().count();
    (told, [files("tmp"), files("new"), journal.view().len()])
}

#[test]
fn parts_are_flushed_before_their_round_is_committed() {
    let home = tempfile::tempdir().unwrap();
    let (told, left) = told(home.path(), [Ok(()), Ok(())]);
    assert_eq!(told, ["flushed", "flushed", "1 committed"]);
    assert_eq!(left, [0, 1, 1]);
}

/// The kernel tells of a failed write once: a later flush that goes well does not make it good.
#[test]
fn a_part_that_the_disk_lost_takes_its_round_with_it() {
    let home = tempfile::tempdir().unwrap();
    let lost = Error::new(Kind::Io, "could not flush the disk");
    let (told, left) = told(home.path(), [Err(lost), Ok(())]);
    assert_eq!(told, ["could not flush the disk"]);
    assert_eq!(left, [0, 0, 0]);
}
