//! What real servers do with unique-ids, or do without: each message comes once all the same.

use crate::support::stage::{STORES, Stage, Store, letter, letters, padded};
use pop3::server::{Behaviour, Fault, Listing, Message, Sizes, Top};

/// Everything comes once, a second run brings nothing, and a third deletes without a download.
#[track_caller]
fn comes_once(messages: &[Message], behaviour: &Behaviour) {
    comes_once_after(messages.len(), messages, behaviour);
}

/// The same, after so many downloads.
#[track_caller]
fn comes_once_after(downloads: usize, messages: &[Message], behaviour: &Behaviour) {
    for store in STORES {
        let stage = Stage::new(store, messages.to_vec(), behaviour.clone());
        for _ in 0..2 {
            stage.fetch(&[]).exits(0);
            stage.holds_messages(messages);
            assert_eq!(stage.server.count("RETR"), downloads, "{:?}", stage.said());
        }
        stage.fetch(&["--keep", "none"]).exits(0);
        stage.holds_messages(messages);
        assert_eq!(stage.server.count("RETR"), downloads, "{:?}", stage.said());
        assert_eq!(stage.server.maildrop().len(), 0);
    }
}

fn named(names: &[&[u8]]) -> Vec<Message> {
    let named = |(at, name): (usize, &&[u8])| letter(at as u32 + 1).with_unique_id(*name);
    names.iter().enumerate().map(named).collect()
}

#[test]
fn unique_ids_of_any_shape() {
    let long = "L".repeat(208);
    let longer = format!("{}2", "M".repeat(5000));
    let names: [&[u8]; 12] = [
        b"with two spaces",
        b"with two  spaces",
        b"\xe4\xf6\xfc\xff",
        b"#hash",
        b"@at",
        b"a/b/../c",
        b"..",
        b".",
        b"100%\x01\x7f\x09tab",
        b"-",
        long.as_bytes(),
        longer.as_bytes(),
    ];
    comes_once(&named(&names), &Behaviour::default());
}

#[test]
fn three_blanks_and_the_last_message_first() {
    let listing = Listing { blanks: 3, reversed: true, ..Listing::default() };
    comes_once(&letters(4), &Behaviour { listing, ..Behaviour::default() });
}

#[test]
fn a_reply_to_uidl_n_without_the_number() {
    let listing = Listing { numberless: true, ..Listing::default() };
    let behaviour = Behaviour { listing, ..Behaviour::default() };
    let stage = Stage::new(Store::Maildir, named(&[b"abc", b"17 x"]), behaviour);
    let shown = stage.pop3("uidl").args(["1", "2"]).run().exits(0).text();
    assert!(shown.contains("abc") && shown.contains("17 x"), "{shown}");
}

#[test]
fn two_messages_under_one_unique_id_are_two() {
    let same = |number| letter(number).with_unique_id("same");
    // Of different sizes, of one size, and the very same message twice.
    comes_once(
        &[padded(1, 0).with_unique_id("same"), padded(2, 500).with_unique_id("same"), letter(3)],
        &Behaviour::default(),
    );
    comes_once(&[same(1), same(2), letter(3)], &Behaviour::default());
    comes_once(&[same(1), same(1), same(2)], &Behaviour::default());
}

#[test]
fn one_of_two_under_one_unique_id_that_fails_comes_later() {
    for store in STORES {
        let messages = [1, 2].map(|number| letter(number).with_unique_id("same"));
        let stage =
            Stage::new(store, messages, Behaviour::default().with_fault(Fault::answer("RETR 1", "-ERR\r\n")));
        stage.fetch(&["--keep", "none"]).exits(75);
        stage.holds([2]);
        stage.ends_well(&letters(2));
    }
}

#[test]
fn sizes_that_are_wrong_and_later_right() {
    let sizes = [
        Sizes::Always(-1),
        Sizes::Always(0),
        Sizes::Always(i64::MAX),
        Sizes::RoundedUp(1024),
        Sizes::LineEndsAsOne,
    ];
    for sizes in sizes {
        let behaviour = Behaviour { sizes, ..Behaviour::default() };
        // The first texts of a server that are shorter than declared are asked for once more.
        let first = if matches!(sizes, Sizes::Always(i64::MAX) | Sizes::RoundedUp(_)) { 6 } else { 3 };
        comes_once_after(first, &letters(3), &behaviour);
        for store in STORES {
            let stage = Stage::new(store, letters(3), behaviour.clone());
            stage.fetch(&[]).exits(0);
            assert_eq!(stage.server.count("RETR"), first, "{sizes:?}: {:?}", stage.said());
            stage.heal();
            stage.fetch(&[]).exits(0);
            assert_eq!(stage.server.count("RETR"), first, "{sizes:?}: {:?}", stage.said());
            stage.server.set_behaviour(behaviour.clone());
            stage.fetch(&[]).exits(0);
            assert_eq!(stage.server.count("RETR"), first, "{sizes:?}: {:?}", stage.said());
            stage.ends_well(&letters(3));
        }
    }
}

fn without_uidl() -> Behaviour {
    Behaviour { uidl: false, ..Behaviour::default() }
}

#[test]
fn without_uidl_headers_tell_the_messages_apart() {
    comes_once(&letters(3), &without_uidl());
    // The very same message twice is two messages there, too.
    comes_once(&[letter(1), letter(1), letter(2)], &without_uidl());
    for store in STORES {
        let stage = Stage::new(store, letters(2), without_uidl());
        stage.fetch(&[]).exits(0);
        stage.server.edit(|maildrop| maildrop.insert(0, letter(3)));
        stage.fetch(&[]).exits(0);
        stage.holds(1..=3);
        assert_eq!(stage.server.count("RETR"), 3);
    }
}

#[test]
fn without_uidl_and_top_only_keep_none_works() {
    for store in STORES {
        for behaviour in [Behaviour::ancient(), Behaviour { top: Top::Absent, ..without_uidl() }] {
            let stage = Stage::new(store, letters(3), behaviour);
            for keep in ["all", "14d", "500"] {
                stage.fetch(&["--keep", keep]).exits(69).says("UIDL").says("--keep none");
            }
            stage.holds([]);
            stage.fetch(&["--keep", "none"]).exits(0);
            stage.holds(1..=3);
            assert_eq!(stage.server.maildrop().len(), 0);
            stage.fetch(&["--keep", "none"]).exits(0);
            stage.holds(1..=3);
        }
    }
}

#[test]
fn uidl_that_is_announced_and_refused_is_75() {
    for store in STORES {
        let stage = Stage::new(store, letters(3), Behaviour::default());
        stage.fetch(&["--limit", "1"]).exits(0);
        stage
            .server
            .set_behaviour(Behaviour::default().with_fault(Fault::answer("UIDL", "-ERR not now\r\n")));
        stage.fetch(&["--keep", "none"]).exits(75);
        stage.holds([1]);
        assert_eq!(stage.server.maildrop().len(), 3);
        stage.ends_well(&letters(3));
    }
}

#[test]
fn uidl_that_comes_and_goes_brings_nothing_twice() {
    for store in STORES {
        let stage = Stage::new(store, letters(3), without_uidl());
        stage.fetch(&[]).exits(0);
        stage.heal();
        stage.fetch(&[]).exits(0);
        stage.holds(1..=3);
        stage.server.set_behaviour(without_uidl());
        stage.fetch(&[]).exits(0);
        assert_eq!(stage.server.count("RETR"), 3, "{:?}", stage.said());
        stage.ends_well(&letters(3));
    }
}

#[test]
fn top_that_sends_too_much_or_says_ok_twice() {
    for top in [Top::Whole, Top::SaysOkTwice] {
        comes_once(&letters(3), &Behaviour { top, ..without_uidl() });
        for store in STORES {
            let stage = Stage::new(store, letters(3), Behaviour { top, ..Behaviour::default() });
            stage.fetch(&[]).exits(0);
            renumber(&stage);
            stage.fetch(&[]).exits(0);
            assert_eq!(stage.server.count("RETR"), 3, "{top:?}: {:?}", stage.said());
            stage.ends_well(&letters(3));
        }
    }
}

fn renumber(stage: &Stage) {
    stage.server.edit(|maildrop| {
        for (at, message) in maildrop.iter_mut().enumerate() {
            *message = letter(at as u32 + 1).with_unique_id(format!("new-{at}"));
        }
    });
}

#[test]
fn pipelining_announced_after_sign_in_or_lost_changes_nothing() {
    use pop3::server::Pipelining;
    for pipelining in [Pipelining::AfterSignIn, Pipelining::Unannounced, Pipelining::Lost] {
        comes_once(&letters(3), &Behaviour { pipelining, ..Behaviour::default() });
    }
    comes_once(&letters(3), &Behaviour { loses_input_at_sign_in: true, ..Behaviour::default() });
}
