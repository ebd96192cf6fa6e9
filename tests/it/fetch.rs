//! `pop3 fetch` from real servers: every message once, octet for octet, whatever its kind.

use crate::support::delivered::{assert_whole, in_maildir, in_mbox};
use crate::support::dovecot::{self, Line};
use crate::support::pop3::{Home, Outcome, Pop3};
use crate::support::popa3d::{self, Popa3d};
use crate::support::scripted::{Answer, Scripted};
use crate::support::{Maildrop, corpus};
use std::fs;

/// Where a run delivers to, and how it is read back.
#[derive(Clone, Copy)]
enum Store {
    Maildir,
    Mbox,
}

impl Store {
    fn flag(self) -> &'static str {
        match self {
            Store::Maildir => "maildir:mail/inbox",
            Store::Mbox => "mbox:inbox",
        }
    }

    fn read(self, home: &Home) -> Vec<Vec<u8>> {
        match self {
            Store::Maildir => in_maildir(&home.join("mail/inbox")),
            Store::Mbox => in_mbox(&home.join("inbox")),
        }
    }
}

/// A thousand messages: brought in whole, not twice by a second run, and gone with `--keep none`.
fn a_thousand_messages(line: Line, store: Store) {
    let mut maildrop = dovecot::maildrop();
    let messages = corpus::messages(1000);
    messages.iter().for_each(|message| maildrop.put(&message.bytes));
    let expected: Vec<_> = messages.iter().map(|message| corpus::with_line_feeds(&message.bytes)).collect();

    let home = Home::new();
    fs::create_dir(home.join("mail")).unwrap();
    let fetch = |keep: &str| -> Outcome {
        Pop3::new(&home)
            .args(["fetch", "--to", store.flag(), "--keep", keep])
            .args(maildrop.flags(line))
            .env("POP3_PASSWORD", maildrop.password())
            .run()
            .exits(0)
    };
    fetch("all");
    assert_whole(&store.read(&home), &expected);
    assert_eq!(maildrop.left(), 1000);

    fetch("all");
    assert_eq!(store.read(&home).len(), 1000, "nothing comes twice");

    fetch("none");
    assert_eq!(maildrop.left(), 0);
    assert_whole(&store.read(&home), &expected);
}

#[test]
fn a_thousand_messages_in_the_clear_into_a_maildir() {
    a_thousand_messages(Line::Plain, Store::Maildir);
}

#[test]
fn a_thousand_messages_in_the_clear_into_an_mbox() {
    a_thousand_messages(Line::Plain, Store::Mbox);
}

#[test]
fn a_thousand_messages_by_stls_into_a_maildir() {
    a_thousand_messages(Line::Stls, Store::Maildir);
}

#[test]
fn a_thousand_messages_by_stls_into_an_mbox() {
    a_thousand_messages(Line::Stls, Store::Mbox);
}

#[test]
fn a_thousand_messages_by_tls_into_a_maildir() {
    a_thousand_messages(Line::Tls, Store::Maildir);
}

#[test]
fn a_thousand_messages_by_tls_into_an_mbox() {
    a_thousand_messages(Line::Tls, Store::Mbox);
}

/// The same on a server that announces nothing, with two messages under one unique-id.
fn from_popa3d(store: Store) {
    let mut maildrop = Popa3d::start();
    let messages = corpus::messages(200);
    messages.iter().for_each(|message| maildrop.put(&message.bytes));
    let expected: Vec<_> = messages.iter().map(|message| popa3d::served(&message.bytes)).collect();

    let home = Home::new();
    fs::create_dir(home.join("mail")).unwrap();
    let fetch =
        |keep: &str| home.at(&maildrop, "fetch").args(["--to", store.flag(), "--keep", keep]).run().exits(0);
    fetch("all");
    fetch("all");
    assert_whole(&store.read(&home), &expected);
    fetch("none");
    assert_eq!(maildrop.left(), 0);
    assert_eq!(store.read(&home).len(), 200);
}

#[test]
fn everything_comes_once_from_popa3d_into_a_maildir() {
    from_popa3d(Store::Maildir);
}

#[test]
fn everything_comes_once_from_popa3d_into_an_mbox() {
    from_popa3d(Store::Mbox);
}

#[test]
fn two_messages_under_one_unique_id_both_come_and_come_once() {
    let mut maildrop = Popa3d::start();
    maildrop.put(b"Subject: one\n\nfirst\n");
    maildrop.put(b"Subject: two\n\nsecond, and longer\n");
    maildrop.put(b"Subject: one\n\nfirst\n");
    let home = Home::new();
    let fetch = || home.at(&maildrop, "fetch").args(["--to", "maildir:in"]).run().exits(0);
    fetch();
    assert_eq!(in_maildir(&home.join("in")).len(), 3);
    fetch();
    assert_eq!(in_maildir(&home.join("in")).len(), 3);
}

#[test]
fn only_what_is_new_comes_in_a_later_run() {
    let mut maildrop = dovecot::maildrop();
    let home = Home::new();
    for round in 1..=3 {
        maildrop.put(&corpus::simple(&format!("round {round}")));
        home.at(&maildrop, "fetch").args(["--to", "mbox:inbox"]).run().exits(0);
        assert_eq!(in_mbox(&home.join("inbox")).len(), round);
    }
}

#[test]
fn without_anything_to_say_a_run_from_cron_says_nothing() {
    let mut maildrop = dovecot::maildrop();
    maildrop.put(&corpus::simple("one"));
    let home = Home::new();
    let fetch = || home.at(&maildrop, "fetch").args(["--to", "maildir:in"]).run().exits(0);
    assert!(fetch().stderr.lines().count() <= 1);
    assert_eq!(in_maildir(&home.join("in")).len(), 1);
    let quiet = fetch();
    assert!(quiet.stdout.is_empty() && quiet.stderr.is_empty(), "{quiet:?}");
}

#[test]
fn a_dry_run_changes_nothing() {
    let mut maildrop = dovecot::maildrop();
    maildrop.put(&corpus::simple("one"));
    let home = Home::new();
    let fetch = |more: &[&str]| {
        home.at(&maildrop, "fetch").args(["--to", "maildir:in", "--keep", "none"]).args(more).run().exits(0)
    };
    let plan = fetch(&["--dry-run"]);
    assert!(!plan.text().is_empty() || !plan.stderr.is_empty());
    assert!(!home.join("in").exists() && maildrop.left() == 1);
    fetch(&[]);
    assert_eq!((in_maildir(&home.join("in")).len(), maildrop.left()), (1, 0));
}

#[test]
fn limits_and_order_choose_what_comes() {
    let mut maildrop = dovecot::maildrop();
    for number in 1..=5 {
        maildrop.put(&corpus::simple(&format!("number {number}")));
    }
    maildrop.put(&[corpus::simple("large"), b"x\n".repeat(50_000)].concat());
    let home = Home::new();
    let fetch = |more: &[&str]| {
        home.at(&maildrop, "fetch")
            .args(["--to", "mbox:inbox", "--max-size", "50K"])
            .args(more)
            .run()
            .exits(0);
        String::from_utf8(in_mbox(&home.join("inbox")).concat()).unwrap()
    };
    let newest = fetch(&["--limit", "2", "--order", "newest"]);
    assert!(newest.contains("Subject: number 5") && newest.contains("Subject: number 4"), "{newest}");
    assert!(!newest.contains("Subject: number 1"), "{newest}");
    let all = fetch(&[]);
    assert!(all.contains("Subject: number 1") && !all.contains("Subject: large"));
}

#[test]
fn keeping_a_number_deletes_the_oldest_that_are_delivered() {
    let mut maildrop = dovecot::maildrop();
    for number in 1..=5 {
        maildrop.put(&corpus::simple(&format!("number {number}")));
    }
    let home = Home::new();
    let fetch = |more: &[&str]| {
        home.at(&maildrop, "fetch").args(["--to", "mbox:inbox", "--keep", "2"]).args(more).run()
    };
    fetch(&["--max-delete", "2"]);
    assert_eq!(maildrop.left(), 5, "more than --max-delete allows: none is deleted");
    fetch(&[]).exits(0);
    assert_eq!(maildrop.left(), 2);
    let left = home.at(&maildrop, "list").run().exits(0).text();
    assert!(left.contains("number 4") && left.contains("number 5"), "{left}");
    assert_eq!(in_mbox(&home.join("inbox")).len(), 5);
}

#[test]
fn a_command_gets_each_message_and_a_refused_one_comes_again() {
    let mut maildrop = dovecot::maildrop();
    maildrop.put(&corpus::simple("one"));
    maildrop.put(&corpus::simple("bad"));
    maildrop.put(&corpus::simple("three"));
    let home = Home::new();
    let fetch = |command: &str| {
        home.at(&maildrop, "fetch").args(["--keep", "none", "--to", &format!("command:{command}")]).run()
    };
    // 75: some messages failed and will be retried.
    fetch("cat > part && ! grep -q 'Subject: bad' part && cat part >> all").exits(75);
    assert_eq!(maildrop.left(), 1, "the refused message stays on the server");
    fetch("cat >> all").exits(0);
    let all = fs::read_to_string(home.join("all")).unwrap();
    for subject in ["one", "bad", "three"] {
        assert_eq!(all.matches(&format!("Subject: {subject}\n")).count(), 1, "{all}");
    }
    assert_eq!(maildrop.left(), 0);
}

#[test]
fn a_second_run_at_the_same_time_is_75() {
    let server = Scripted::start("+OK ready\r\n", |_| Answer::Silence);
    let home = Home::new();
    let fetch = || {
        Pop3::new(&home)
            .args(["fetch", "--to", "maildir:in", "--tls", "none"])
            .args(["--server", &format!("pop3://me@{}", server.address)])
            .env("POP3_PASSWORD", "x")
    };
    let first = fetch().start();
    server.wait_for_a_line();
    fetch().run().exits(75).says(&format!("already running, as process {} (pop3)", first.id()));
    drop(first);
    // A killed run leaves no lock behind: the next one gets as far as the first.
    fetch().args(["--timeout", "1s"]).run().exits(75);
    assert_eq!(server.heard()[..2], ["CAPA", "CAPA"], "{:?}", server.heard());
}

#[test]
fn a_killed_run_loses_nothing_and_repeats_nothing() {
    let mut maildrop = dovecot::maildrop();
    let messages = corpus::messages(300);
    messages.iter().for_each(|message| maildrop.put(&message.bytes));
    let expected: Vec<_> = messages.iter().map(|message| corpus::with_line_feeds(&message.bytes)).collect();
    for store in [Store::Maildir, Store::Mbox] {
        let home = Home::new();
        fs::create_dir(home.join("mail")).unwrap();
        let fetch = || home.at(&maildrop, "fetch").args(["--to", store.flag()]);
        for moment in (0..12).map(|step| step * 23) {
            let run = fetch().start();
            std::thread::sleep(std::time::Duration::from_millis(moment));
            drop(run); // kill -9
        }
        fetch().run().exits(0);
        assert_whole(&store.read(&home), &expected);
    }
}

#[test]
fn a_line_that_ends_in_mid_message_delivers_no_part_of_it() {
    let server = Scripted::start("+OK ready\r\n", |line| {
        Answer::Say(match line.split(' ').next() {
            Some("CAPA") => "+OK\r\nUSER\r\nUIDL\r\nTOP\r\n.\r\n",
            Some("STAT") => "+OK 1 100\r\n",
            Some("LIST") => "+OK\r\n1 100\r\n.\r\n",
            Some("UIDL") => "+OK\r\n1 abc\r\n.\r\n",
            Some("RETR") => "+OK 100 octets\r\nSubject: half\r\n\r\nhalf of a mess",
            _ => "+OK\r\n",
        })
    });
    let home = Home::new();
    let outcome = Pop3::new(&home)
        .args(["fetch", "--to", "maildir:in", "--tls", "none", "--timeout", "1s", "--keep", "none"])
        .args(["--server", &format!("pop3://me@{}", server.address)])
        .env("POP3_PASSWORD", "x")
        .run();
    assert_eq!(outcome.code, 75, "a time-out in a message: {outcome:?}");
    assert!(in_maildir(&home.join("in")).is_empty());
    assert!(!server.heard().iter().any(|line| line.starts_with("DELE")), "{:?}", server.heard());
}
