//! Listings that lie, never end or are none: refused with a code, and nothing is lost by it.

use crate::support::stage::{STORES, Stage, Store, at_once, letter, letters};
use pop3::server::{Act, Arrival, Behaviour, End, Fault, Listing, ListingEnd, Message};
use std::time::Instant;

/// A run on such a server delivers nothing and ends with that code; after the server is healed everything
/// comes, once.
fn is_refused(behaviour: &Behaviour, code: i32) {
    at_once(STORES, |store| {
        let stage = Stage::new(store, letters(3), behaviour.clone());
        let outcome = stage.fetch(&["--keep", "none", "--timeout", "1s"]).exits(code);
        assert!(outcome.stderr.contains("pop3: "), "{}", outcome.stderr);
        stage.holds([]);
        assert_eq!((stage.server.count("DELE"), stage.server.maildrop().len()), (0, 3));
        stage.ends_well(&letters(3));
    });
}

/// Such a server gives all it has, once; nothing is known twice or forgotten by it.
#[track_caller]
fn is_endured(behaviour: Behaviour) {
    for store in STORES {
        let stage = Stage::new(store, letters(3), behaviour.clone());
        stage.fetch(&[]).exits(0);
        stage.holds(1..=3);
        let retrieved = stage.server.count("RETR");
        stage.fetch(&[]).exits(0);
        assert_eq!(stage.server.count("RETR"), retrieved, "{:?}", stage.said());
        stage.ends_well(&letters(3));
    }
}

fn with(fault: Fault) -> Behaviour {
    Behaviour::default().with_fault(fault)
}

#[test]
fn a_line_of_a_megabyte_in_a_listing_is_76() {
    let end = ListingEnd::LongLine(1 << 20);
    is_refused(&Behaviour { listing: Listing { end, ..Listing::default() }, ..Behaviour::default() }, 76);
    let line = format!("+OK\r\n1 {}\r\n.\r\n", "9".repeat(1 << 20));
    is_refused(&with(Fault::answer("LIST", line.clone())), 76);
    is_refused(&with(Fault::answer("STAT", line)), 76);
}

#[test]
fn a_listing_that_never_ends_is_76_before_long() {
    let listing = Listing { end: ListingEnd::Never, ..Listing::default() };
    let stage = Stage::new(Store::Maildir, letters(3), Behaviour { listing, ..Behaviour::default() });
    let begun = Instant::now();
    stage.fetch(&["--keep", "none"]).exits(76).says("does not end");
    assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
    stage.holds([]);
    stage.ends_well(&letters(3));
}

#[test]
fn a_listing_that_stalls_or_breaks_off_is_75_or_69() {
    let half = b"+OK\r\n1 abc\r\n2 de".to_vec();
    let ends = [(End::HangUp, 69), (End::Stall, 75)];
    at_once(
        ["UIDL", "LIST"].into_iter().flat_map(|command| ends.map(|end| (command, end))),
        |(command, (end, code))| {
            let act = Act::ReplyAndEnd(half.clone(), end);
            is_refused(&with(Fault::OnCommand(command.to_owned(), act)), code);
        },
    );
}

#[test]
fn a_count_that_is_none_is_76() {
    for count in ["-1 500", "99999999999999999999 1", "4294967296 1", "many 1", ""] {
        is_refused(&with(Fault::answer("STAT", format!("+OK {count}\r\n"))), 76);
    }
}

#[test]
fn a_count_that_lies_loses_nothing_and_repeats_nothing() {
    for count in ["3 -17", "3", "4294967295 1", "1 100", "3 99999999999999999999999"] {
        is_endured(with(Fault::answer("STAT", format!("+OK {count}\r\n"))));
    }
}

#[test]
fn a_maildrop_that_claims_to_be_empty_makes_nothing_forgotten() {
    for store in STORES {
        let stage = Stage::new(store, letters(3), Behaviour::default());
        stage.fetch(&["--limit", "2"]).exits(0);
        stage.server.set_behaviour(with(Fault::answer("STAT", "+OK 0 0\r\n")));
        stage.fetch(&[]).exits(0);
        stage.ends_well(&letters(3));
    }
}

#[test]
fn a_message_number_that_is_none_or_stands_twice_is_76() {
    for lines in ["0 abc\r\n", "-1 abc\r\n", "4294967296 abc\r\n", "x\r\n", "1 a\r\n1 b\r\n", "\r\n"] {
        is_refused(&with(Fault::answer("UIDL", format!("+OK\r\n{lines}.\r\n"))), 76);
    }
    for lines in ["0 100\r\n", "1 100\r\n1 200\r\n"] {
        is_refused(&with(Fault::answer("LIST", format!("+OK\r\n{lines}.\r\n"))), 76);
    }
}

#[test]
fn a_line_of_list_that_cannot_be_read_costs_its_octets_alone() {
    for lines in ["-2 100\r\n", "99999999999 1\r\n", "\r\n", "1 190\r\ntwo 190\r\n3 190\r\n"] {
        is_endured(with(Fault::answer("LIST", format!("+OK\r\n{lines}.\r\n"))));
    }
}

#[test]
fn a_server_that_refuses_stat_or_list_gives_all_the_same() {
    for command in ["STAT", "LIST"] {
        is_endured(with(Fault::answer(command, "-ERR unknown command\r\n")));
    }
    is_endured(with(Fault::answer("LIST", "-ERR Server Unavailable. 21\r\n")));
}

#[test]
fn a_server_that_says_later_to_a_question_about_the_maildrop_is_75() {
    for command in ["STAT", "UIDL"] {
        for words in ["Server Unavailable. 21", "maildrop lock busy", "Exceeded the login limit"] {
            is_refused(&with(Fault::answer(command, format!("-ERR {words}\r\n"))), 75);
        }
    }
}

#[test]
fn a_message_that_is_listed_and_not_there_does_not_block_the_others() {
    for store in STORES {
        let lines = "+OK\r\n1 one\r\n2 two\r\n3 three\r\n4000000000 phantom\r\n.\r\n";
        let named = |(number, name): (u32, &str)| letter(number).with_unique_id(name);
        let messages = [(1, "one"), (2, "two"), (3, "three")].map(named);
        let behaviour =
            with(Fault::answer("UIDL 3", "+OK 3 three\r\n")).with_fault(Fault::answer("UIDL", lines));
        let stage = Stage::new(store, messages, behaviour);
        stage.fetch(&["--keep", "none"]).exits(75);
        stage.holds(1..=3);
        stage.ends_well(&letters(3));
    }
}

#[test]
fn a_number_out_of_range_is_66_for_each_command_that_takes_one() {
    let stage = Stage::new(Store::Maildir, letters(2), Behaviour::default());
    for command in [&["retr", "3"][..], &["top", "3"], &["dele", "3", "--yes"], &["uidl", "4294967295"]] {
        stage.pop3(command[0]).args(&command[1..]).run().exits(66);
    }
    for number in ["0", "-1", "4294967296", "x"] {
        stage.pop3("retr").args([number]).run().exits(64);
    }
    assert_eq!(stage.server.maildrop().len(), 2);
}

#[test]
fn capped_listings_prove_nothing_gone() {
    let capped = Listing { limit: Some(2), ..Listing::default() };
    for store in STORES {
        let stage = Stage::new(store, letters(3), Behaviour::default());
        stage.fetch(&[]).exits(0);
        stage.server.set_behaviour(Behaviour { listing: capped.clone(), ..Behaviour::default() });
        stage.fetch(&[]).exits(0);
        stage.ends_well(&letters(3));
    }
}

#[test]
fn a_window_over_the_oldest_gives_all_in_the_end() {
    for store in STORES {
        let stage = Stage::new(store, letters(5), Behaviour { window: Some(2), ..Behaviour::default() });
        for _ in 0..3 {
            stage.fetch(&["--keep", "none"]).exits(0);
        }
        stage.holds(1..=5);
        assert_eq!(stage.server.maildrop().len(), 0);
    }
}

#[test]
fn mail_that_arrives_between_the_listings_comes_once() {
    let moments =
        [&["STAT"][..], &["LIST"], &["UIDL"], &["STAT", "LIST", "UIDL"], &["RETR 1"], &["UIDL 3", "DELE 1"]];
    for (store, moments) in STORES.into_iter().flat_map(|store| moments.map(|moments| (store, moments))) {
        let arrive = |(at, moment): (usize, &&str)| Arrival {
            after: (*moment).to_owned(),
            message: letter(4 + at as u32),
        };
        let arrivals: Vec<Arrival> = moments.iter().enumerate().map(arrive).collect();
        let all: Vec<Message> = letters(3 + arrivals.len() as u32);
        let stage = Stage::new(store, letters(3), Behaviour { arrivals, ..Behaviour::default() });
        stage.fetch(&["--keep", "none"]).exits(0);
        stage.ends_well(&all);
    }
}
