//! Each command of the protocol, as the program says it to each real server.

use crate::support::dovecot::{self, Line};
use crate::support::pop3::{Home, Pop3};
use crate::support::popa3d::Popa3d;
use crate::support::raw::Raw;
use crate::support::{Maildrop, corpus, on_each_server};
use std::fs;

/// Two messages, and what the server says of them by other means than the program's.
struct Known {
    octets: [String; 2],
    unique_ids: [String; 2],
    total: u64,
    messages: [Vec<u8>; 2],
}

fn two_messages(maildrop: &mut dyn Maildrop) -> Known {
    maildrop.put(&corpus::simple("one"));
    maildrop.put(&corpus::simple("number two"));
    let mut raw = Raw::plain(maildrop.address());
    raw.sign_in(maildrop.user(), maildrop.password());
    let second = |lines: Vec<String>| {
        let mut words = lines.into_iter().map(|line| line.split_whitespace().nth(1).unwrap().to_owned());
        [words.next().unwrap(), words.next().unwrap()]
    };
    let octets = second(raw.lines("LIST"));
    let unique_ids = second(raw.lines("UIDL"));
    let messages = [raw.fetch("RETR 1"), raw.fetch("RETR 2")];
    raw.say("QUIT");
    Known {
        total: octets.iter().map(|octets| octets.parse::<u64>().unwrap()).sum(),
        octets,
        unique_ids,
        messages,
    }
}

on_each_server! {
    fn stat_counts_messages_and_octets(maildrop: &mut dyn Maildrop) {
        let known = two_messages(maildrop);
        Home::new().at(maildrop, "stat").run().exits(0).has_line(&["2", &known.total.to_string()]);
    }

    fn stat_of_an_empty_maildrop_is_no_error(maildrop: &mut dyn Maildrop) {
        Home::new().at(maildrop, "stat").run().exits(0).has_line(&["0", "0"]);
    }

    fn list_shows_each_message(maildrop: &mut dyn Maildrop) {
        two_messages(maildrop);
        let shown = Home::new().at(maildrop, "list").run().exits(0).text();
        let one = shown.lines().position(|line| line.contains("one")).unwrap();
        let two = shown.lines().position(|line| line.contains("number two")).unwrap();
        assert!(one < two && shown.contains("Ann Example"), "{shown}");
    }

    fn list_with_numbers_shows_these_alone(maildrop: &mut dyn Maildrop) {
        two_messages(maildrop);
        let shown = Home::new().at(maildrop, "list").args(["2"]).run().exits(0).text();
        assert!(shown.contains("number two") && !shown.contains("one"), "{shown}");
    }

    fn uidl_prints_the_unique_ids_verbatim(maildrop: &mut dyn Maildrop) {
        let known = two_messages(maildrop);
        let home = Home::new();
        let all = home.at(maildrop, "uidl").run().exits(0);
        all.has_line(&["1", &known.unique_ids[0]]);
        all.has_line(&["2", &known.unique_ids[1]]);
        let second = home.at(maildrop, "uidl").args(["2"]).run().exits(0);
        second.has_line(&["2", &known.unique_ids[1]]);
        assert!(!second.words().iter().any(|line| line.first().is_some_and(|word| word == "1")));
    }

    fn retr_gives_the_message_byte_for_byte(maildrop: &mut dyn Maildrop) {
        let known = two_messages(maildrop);
        let home = Home::new();
        let second = home.at(maildrop, "retr").args(["2"]).run().exits(0).stdout;
        assert_eq!(second.escape_ascii().to_string(), known.messages[1].escape_ascii().to_string());
        home.at(maildrop, "retr").args(["1", "-o", "one.eml"]).run().exits(0);
        assert_eq!(fs::read(home.join("one.eml")).unwrap(), known.messages[0]);
        assert_eq!(maildrop.left(), 2);
    }

    fn retr_takes_ranges_and_words(maildrop: &mut dyn Maildrop) {
        let known = two_messages(maildrop);
        let home = Home::new();
        let both = home.at(maildrop, "retr").args(["1-2"]).run().exits(0).stdout;
        assert_eq!(both.len(), known.messages.concat().len());
        let last = home.at(maildrop, "retr").args(["last"]).run().exits(0).stdout;
        assert_eq!(last, known.messages[1]);
        let first = home.at(maildrop, "retr").args(["first"]).run().exits(0).stdout;
        assert_eq!(first, known.messages[0]);
    }

    fn every_kind_of_message_is_retrieved_byte_for_byte(maildrop: &mut dyn Maildrop) {
        let corpus = corpus::messages(40);
        corpus.iter().for_each(|message| maildrop.put(&message.bytes));
        let retrieved = Home::new().at(maildrop, "retr").args(["1-40"]).run().exits(0).stdout;
        let mut raw = Raw::plain(maildrop.address());
        raw.sign_in(maildrop.user(), maildrop.password());
        let expected: Vec<u8> = (1..=40).flat_map(|number| raw.fetch(&format!("RETR {number}"))).collect();
        assert!(retrieved == expected, "{} octets for {}", retrieved.len(), expected.len());
    }

    fn top_stops_after_the_lines_asked_for(maildrop: &mut dyn Maildrop) {
        two_messages(maildrop);
        let home = Home::new();
        let header = home.at(maildrop, "top").args(["2"]).run().exits(0).text();
        assert!(header.contains("Subject: number two") && !header.contains("the body of"), "{header}");
        let some = home.at(maildrop, "top").args(["2", "2"]).run().exits(0).text();
        assert!(some.contains("\n.a line with a leading dot") && !some.contains("the end of"), "{some}");
    }

    fn dele_deletes_only_when_told_so(maildrop: &mut dyn Maildrop) {
        two_messages(maildrop);
        let home = Home::new();
        home.at(maildrop, "dele").args(["1"]).run().exits(64).says("--yes");
        assert_eq!(maildrop.left(), 2);
        home.at(maildrop, "dele").args(["1", "--yes"]).run().exits(0);
        assert_eq!(maildrop.left(), 1);
        let left = home.at(maildrop, "list").run().exits(0).text();
        assert!(left.contains("number two"), "{left}");
    }

    fn noop_and_last_answer(maildrop: &mut dyn Maildrop) {
        two_messages(maildrop);
        let home = Home::new();
        home.at(maildrop, "noop").run().exits(0);
        let mut raw = Raw::plain(maildrop.address());
        raw.sign_in(maildrop.user(), maildrop.password());
        let last = raw.say("LAST");
        drop(raw);
        let number = last.strip_prefix("+OK ").unwrap().trim();
        home.at(maildrop, "last").run().exits(0).has_line(&[number]);
    }

    fn a_message_that_is_not_there_is_said_so(maildrop: &mut dyn Maildrop) {
        two_messages(maildrop);
        let home = Home::new();
        for arguments in [&["retr", "3"][..], &["top", "3"], &["list", "3"], &["uidl", "3"], &["dele", "3", "--yes"]] {
            let outcome = home.at(maildrop, arguments[0]).args(&arguments[1..]).run().exits(66).says("3");
            assert!(outcome.stdout.is_empty(), "{}", outcome.text());
        }
        home.at(maildrop, "retr").args(["uid:no-such-unique-id"]).run().exits(66);
        assert_eq!(maildrop.left(), 2);
    }

    fn a_wrong_password_is_77(maildrop: &mut dyn Maildrop) {
        let outcome = Home::new().at(maildrop, "stat").env("POP3_PASSWORD", "not the one").run().exits(77);
        assert!(!outcome.stderr.contains("not the one"), "{}", outcome.stderr);
    }

    fn the_trace_shows_the_dialogue_and_no_secret(maildrop: &mut dyn Maildrop) {
        let password = maildrop.password().to_owned();
        let outcome = Home::new().at(maildrop, "stat").args(["--trace", "--auth", "user"]).run().exits(0);
        assert!(outcome.stderr.contains("C: STAT") && outcome.stderr.contains("S: +OK"), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains(&password) && !outcome.text().contains("C:"), "{}", outcome.stderr);
    }
}

#[test]
fn capa_lists_what_dovecot_announces() {
    let maildrop = dovecot::maildrop();
    let shown = Home::new().at(&maildrop, "capa").run().exits(0).text();
    for wanted in ["PIPELINING", "UIDL", "TOP", "CRAM-MD5"] {
        assert!(shown.contains(wanted), "{wanted} in {shown}");
    }
}

#[test]
fn capa_on_a_server_without_says_so() {
    let maildrop = Popa3d::start();
    let outcome = Home::new().at(&maildrop, "capa").run();
    assert!(outcome.stderr.to_lowercase().contains("cap"), "{outcome:?}");
}

#[test]
fn retr_finds_a_message_by_its_unique_id() {
    let mut maildrop = dovecot::maildrop();
    let known = two_messages(&mut maildrop);
    let wanted = format!("uid:{}", known.unique_ids[1]);
    let second = Home::new().at(&maildrop, "retr").args([wanted]).run().exits(0).stdout;
    assert_eq!(second, known.messages[1]);
}

#[test]
fn json_gives_one_object_a_line() {
    let mut maildrop = dovecot::maildrop();
    let known = two_messages(&mut maildrop);
    let shown = Home::new().at(&maildrop, "list").args(["--json"]).run().exits(0).text();
    let objects: Vec<serde_json::Value> =
        shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects.len(), 2, "{shown}");
    for (object, octets) in objects.iter().zip(&known.octets) {
        assert!(object.is_object() && object.to_string().contains(octets.as_str()), "{object}");
    }
}

#[test]
fn commands_work_on_each_kind_of_line() {
    let mut maildrop = dovecot::maildrop();
    let known = two_messages(&mut maildrop);
    for line in [Line::Plain, Line::Stls, Line::Tls] {
        let outcome = Pop3::new(&Home::new())
            .args(["retr", "2"])
            .args(maildrop.flags(line))
            .env("POP3_PASSWORD", maildrop.password())
            .run()
            .exits(0);
        assert!(outcome.stdout == known.messages[1], "{line:?}");
    }
}
