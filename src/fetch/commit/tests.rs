//! What the committer tells of parts and rounds, with a disk whose flushes fail when they are told to.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc;

use super::*;
use crate::advice::Run;
use crate::fetch::round::{Round, StepCheck};
use crate::store::{self, Batch, Limits, Opening, Spec};
use crate::sys::Stop;

/// A Maildir on a disk that answers each early flush as it is told here.
#[derive(Debug)]
struct Disk {
    maildir: Box<dyn Store>,
    flushes: Mutex<VecDeque<Result<()>>>,
}

impl Store for Disk {
    fn limits(&self) -> Limits {
        self.maildir.limits()
    }

    fn batch(&self) -> Box<dyn Batch> {
        self.maildir.batch()
    }

    fn flush(&self) -> Result<()> {
        self.flushes.lock().unwrap().pop_front().unwrap_or(Ok(()))
    }

    fn room(&self) -> Option<u64> {
        self.maildir.room()
    }
}

/// What the committer says of one message that comes behind two parts, and how many files then stand in
/// `tmp/`, how many in `new/`, and how many messages in the journal.
fn told(home: &Path, flushes: [Result<()>; 2]) -> (Vec<String>, [usize; 3]) {
    let opening = Opening {
        tag: "0badcafe".to_owned(),
        stop: Stop::new(),
        timeout: std::time::Duration::from_secs(60),
    };
    let maildir = store::open(&Spec::Maildir(home.join("inbox")), &opening).unwrap();
    let disk = Disk { maildir, flushes: Mutex::new(flushes.into()) };
    let opened = Journal::open(&home.join("a.journal"), 1_700_000_000).unwrap();
    let mut journal = opened.settled(&[], &[]).unwrap();
    let mut round = Round::new(disk.batch());
    round.batch().begin().unwrap();
    round.batch().write(b"Subject: one\r\n\r\n").unwrap();
    round.batch().finish().unwrap();
    round.push(Fact {
        number: 1,
        unique_id: b"u".into(),
        octets: Some(16),
        bytes: 16,
        identity: None,
        then_delete: false,
        is_proven: true,
        again: None,
        may_be_known: false,
        from: None,
        subject: None,
    });
    round.prove(StepCheck::Octets);
    let (sender, work) = mpsc::channel();
    let (results, done) = mpsc::channel();
    for what in [Work::Part, Work::Part, Work::Round(round.into_proven().0)] {
        sender.send(what).unwrap();
    }
    drop(sender);
    Committer::new(&disk, &mut journal, HashSet::new()).run(&work, &results);
    drop((work, results));
    let says = |done: Done<'_>| match done {
        Done::Delivering(messages) => format!("{messages} delivered so far"),
        Done::Flushed => "flushed".to_owned(),
        Done::Committed(committed) => format!("{} committed", committed.len()),
        Done::Halted(halt) => halt.error.to_string(),
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

/// What the journal says of messages, by their subjects, that were handed to a program in this order, and what
/// ended that early.
fn handed(subjects: &[&'static str], line: &str) -> (Vec<(String, State)>, Option<Error>) {
    let home = tempfile::tempdir().unwrap();
    let opening = Opening {
        tag: "0badcafe".to_owned(),
        stop: Stop::new(),
        timeout: std::time::Duration::from_secs(60),
    };
    let store = store::open(&Spec::Command(line.to_owned()), &opening).unwrap();
    let opened = Journal::open(&home.path().join("a.journal"), 1_700_000_000).unwrap();
    let mut journal = opened.settled(&[], &[]).unwrap();
    let mut round = Round::new(store.batch());
    for (number, subject) in (1..).zip(subjects) {
        round.batch().begin().unwrap();
        round.batch().write(format!("Subject: {subject}\r\n\r\n").as_bytes()).unwrap();
        round.batch().finish().unwrap();
        round.push(Fact {
            number,
            unique_id: subject.as_bytes().into(),
            octets: Some(9),
            bytes: 9,
            identity: None,
            then_delete: false,
            is_proven: true,
            again: None,
            may_be_known: false,
            from: None,
            subject: None,
        });
    }
    round.prove(StepCheck::Octets);
    let (sender, work) = mpsc::channel();
    let (results, done) = mpsc::channel();
    sender.send(Work::Round(round.into_proven().0)).unwrap();
    drop(sender);
    Committer::new(&*store, &mut journal, HashSet::new()).run(&work, &results);
    drop((work, results));
    let done: Vec<_> = done.iter().collect();
    assert!(!done.is_empty());
    let halted = done.into_iter().find_map(|done| match done {
        Done::Halted(halt) => Some(halt.error),
        _ => None,
    });
    let known = journal
        .view()
        .iter()
        .map(|entry| (String::from_utf8_lossy(entry.unique_id).into_owned(), entry.state));
    (known.collect(), halted)
}

#[test]
fn refusals_in_a_row_end_the_run_with_the_advice_on_the_last_one() {
    let (known, halted) = handed(&["1", "2", "3", "4"], "exit 75");
    assert!(known.iter().all(|(_, state)| *state == State::Seen), "{known:?}");
    let error = halted.expect("refused too often");
    assert_eq!((error.kind(), error.advice()), (Kind::Partial, Some(&Run::DeliveryDeferred.into())));
    assert!(handed(&["1", "2", "3", "4"], "exit 1").1.is_none(), "each on its own account");
}

/// The third refusal in a row is told late, behind the next message's acceptance, since it was a program that
/// could not be started: that acceptance must not be lost with it.
#[test]
fn a_message_that_the_program_took_is_delivered_whatever_is_told_of_the_one_before() {
    let line = "read subject; case \"$subject\" in *later*) exit 75;; *missing*) exit 127;; esac";
    let (known, _) = handed(&["later 1", "later 2", "missing", "good", "behind"], line);
    assert!(known.contains(&("good".to_owned(), State::Delivered)), "{known:?}");
    let undelivered = known.iter().filter(|(_, state)| *state == State::Seen).count();
    assert_eq!(
        known.len() - undelivered,
        1 + usize::from(known.contains(&("behind".to_owned(), State::Delivered)))
    );
}
