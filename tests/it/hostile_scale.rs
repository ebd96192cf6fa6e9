//! A message of 1 GB, and 100,000 known messages: in little memory.

#![allow(clippy::print_stderr, reason = "the figures are for people")]

use crate::support::pop3::Pop3;
use crate::support::stage::{Stage, Store};
use pop3::server::{Behaviour, Fault, Message};
use std::fmt::Write;
use std::fs;
use std::time::{Duration, Instant};

/// How long QUIT takes, so that the peak is read before the process is gone.
const LAST_LOOK: Duration = Duration::from_millis(300);

fn peak_of(run: Pop3) -> u64 {
    let mut running = run.start();
    let peak = running.peak();
    running.wait().exits(0);
    peak
}

#[test]
fn a_huge_message_is_fetched_in_little_memory() {
    // POP3_TEST_HUGE=1000 for 1 GB; by default an amount that a debug build moves in a few seconds.
    let megabytes: u64 = std::env::var("POP3_TEST_HUGE").map_or(128, |text| text.parse().unwrap());
    let head = "From: a@example.org\r\nSubject: huge\r\nMessage-ID: <huge@x>\r\n\r\n";
    let line = format!(".{}\r\n", "x".repeat(97));
    let huge = Message::repeated(head, line, megabytes * 10_000);
    let slow = Fault::delay_at("QUIT", LAST_LOOK);
    for store in [Store::Maildir, Store::Mbox] {
        let stage = Stage::new(store, [huge.clone()], Behaviour::default().with_fault(slow.clone()));
        // The code and its libraries, without a message: a debug build is ten times as large as a release.
        let bare = peak_of(stage.pop3("noop"));
        let begun = Instant::now();
        let peak = peak_of(stage.fetching(&["--keep", "none"]));
        eprintln!(
            "{store:?}: {megabytes} MB in {:?}, peak {peak} KiB, {bare} KiB without it",
            begun.elapsed()
        );
        assert!(bare > 1000 && peak < bare + 6 * 1024, "peak {peak} KiB, {bare} KiB without a message");
        let place = stage.home.join("in");
        let file = match store {
            Store::Maildir => fs::read_dir(place.join("new")).unwrap().next().unwrap().unwrap().path(),
            Store::Mbox => place,
        };
        // Each line has lost its CR; the mbox has the From_ line and a blank line more.
        let wanted = huge.octets() - megabytes * 10_000 - 4;
        let found = file.metadata().unwrap().len();
        assert!(found >= wanted && found <= wanted + 200, "{found} octets for {wanted}");
        assert_eq!(stage.server.maildrop().len(), 0);
    }
}

#[test]
fn a_hundred_thousand_known_messages_are_recognised_in_little_memory() {
    const COUNT: u32 = 100_000;
    let slow = Fault::delay_at("QUIT", LAST_LOOK);
    let stage = Stage::new(Store::Maildir, Message::series(COUNT, 1), Behaviour::default().with_fault(slow));
    let mut journal = "pop3-journal 1\n".to_owned();
    for (entry, message) in stage.server.maildrop().iter().enumerate() {
        let unique_id = String::from_utf8_lossy(message.unique_id().unwrap()).into_owned();
        let octets = message.octets();
        writeln!(
            journal,
            "known\t{entry}\t1700000000\tdelivered\t1700000000\t{octets}\t{entry:032x}\t{unique_id}"
        )
        .unwrap();
    }
    fs::create_dir_all(stage.journal().parent().unwrap()).unwrap();
    fs::write(stage.journal(), journal).unwrap();
    let begun = Instant::now();
    let mut running = stage.fetching(&[]).start();
    let peak = running.peak();
    running.wait().exits(0);
    eprintln!("{COUNT} known unique-ids in {:?}, peak {peak} KiB", begun.elapsed());
    assert!(peak > 1000 && peak < 64 * 1024, "peak {peak} KiB");
    assert_eq!((stage.server.count("RETR"), stage.server.count("TOP")), (0, 0));
}
