//! Unique-ids that change, come back, or mean another message than before.

use crate::support::stage::{STORES, Stage, Store, letter, letters, padded};
use pop3::server::{Behaviour, Message, Top};

/// Gives every message of the maildrop another unique-id.
fn renumber(stage: &Stage, name: &str) {
    stage.server.edit(|maildrop| {
        for (at, message) in maildrop.iter_mut().enumerate() {
            *message = Message::new(message.bytes()).with_unique_id(format!("{name}-{at}"));
        }
    });
}

#[test]
fn unique_ids_renumbered_bring_nothing_twice() {
    for store in STORES {
        let stage = Stage::new(store, letters(5), Behaviour::default());
        stage.fetch(&[]).exits(0);
        for name in ["second", "third"] {
            renumber(&stage, name);
            stage.fetch(&[]).exits(0);
            assert_eq!(stage.server.count("RETR"), 5, "{:?}", stage.said());
        }
        stage.ends_well(&letters(5));
    }
}

#[test]
fn unique_ids_renumbered_while_new_mail_came_bring_the_new_alone() {
    for store in STORES {
        let stage = Stage::new(store, letters(5), Behaviour::default());
        stage.fetch(&[]).exits(0);
        renumber(&stage, "other");
        stage.server.edit(|maildrop| maildrop.insert(2, letter(6)));
        stage.fetch(&[]).exits(0);
        stage.holds(1..=6);
        assert_eq!(stage.server.count("RETR"), 6, "{:?}", stage.said());
        stage.ends_well(&letters(6));
    }
}

#[test]
fn unique_ids_that_are_message_numbers_shift_and_bring_nothing_twice() {
    // Some old servers make the unique-id from the message-number: after a deletion each names the next one.
    let number = |messages: &mut Vec<Message>| {
        for (at, message) in messages.iter_mut().enumerate() {
            *message = Message::new(message.bytes()).with_unique_id((at + 1).to_string());
        }
    };
    for store in STORES {
        let mut messages: Vec<Message> = (1..=4).map(|n| padded(n, 100 * n as usize)).collect();
        let all = messages.clone();
        number(&mut messages);
        let stage = Stage::new(store, messages, Behaviour::default());
        stage.fetch(&[]).exits(0);
        stage.server.edit(|maildrop| {
            maildrop.remove(0);
            number(maildrop);
        });
        stage.fetch(&[]).exits(0);
        assert_eq!(stage.server.count("RETR"), 4, "{:?}", stage.said());
        stage.ends_well(&all);
    }
}

#[test]
fn a_unique_id_given_to_another_message_delivers_that_one() {
    for store in STORES {
        let stage = Stage::new(store, [letter(1).with_unique_id("used")], Behaviour::default());
        stage.fetch(&["--keep", "none"]).exits(0);
        // Of the same size, so that nothing but its header tells it apart.
        stage.server.edit(|maildrop| maildrop.push(letter(2).with_unique_id("used")));
        stage.fetch(&[]).exits(0);
        stage.holds([1, 2]);
        stage.ends_well(&letters(2));
    }
}

#[test]
fn a_unique_id_that_names_a_message_of_another_size_delivers_it() {
    for store in STORES {
        let other = padded(2, 700);
        let stage = Stage::new(store, [letter(1).with_unique_id("used")], Behaviour::default());
        stage.fetch(&[]).exits(0);
        stage.server.edit(|maildrop| *maildrop = vec![other.clone().with_unique_id("used")]);
        stage.fetch(&[]).exits(0);
        stage.holds_messages(&[letter(1), other.clone()]);
        stage.ends_well(&[letter(1), other]);
    }
}

#[test]
fn without_top_a_reused_unique_id_is_fetched_rather_than_lost() {
    let behaviour = Behaviour { top: Top::Absent, ..Behaviour::default() };
    for store in STORES {
        let stage = Stage::new(store, [letter(1).with_unique_id("used")], behaviour.clone());
        stage.fetch(&["--keep", "none"]).exits(0);
        stage.server.edit(|maildrop| maildrop.push(letter(2).with_unique_id("used")));
        stage.fetch(&["--keep", "none"]).exits(0);
        stage.holds([1, 2]);
        assert_eq!(stage.server.maildrop().len(), 0);
    }
}

#[test]
fn a_message_whose_size_changed_is_the_same_message() {
    for store in STORES {
        let stage = Stage::new(store, [letter(1).with_unique_id("a"), letter(2)], Behaviour::default());
        stage.fetch(&[]).exits(0);
        // A mail reader on the server has added its status to the header.
        stage.server.edit(|maildrop| {
            let bytes = [b"Status: RO\r\nX-Status: A\r\n".to_vec(), letter(1).bytes()].concat();
            maildrop[0] = Message::new(bytes).with_unique_id("a");
        });
        stage.fetch(&[]).exits(0);
        assert_eq!(stage.server.count("RETR"), 2, "{:?}", stage.said());
        // It has learnt the new size: no more TOP.
        let asked = stage.server.count("TOP");
        stage.fetch(&[]).exits(0);
        assert_eq!(stage.server.count("TOP"), asked);
        stage.ends_well(&letters(2));
    }
}

#[test]
fn messages_in_another_order_are_the_same_messages() {
    for store in STORES {
        let stage = Stage::new(store, letters(5), Behaviour::default());
        stage.fetch(&[]).exits(0);
        stage.server.edit(|maildrop| maildrop.reverse());
        stage.server.edit(|maildrop| maildrop.insert(1, letter(6)));
        stage.fetch(&[]).exits(0);
        assert_eq!(stage.server.count("RETR"), 6, "{:?}", stage.said());
        stage.ends_well(&letters(6));
    }
}

#[test]
fn what_is_recognised_costs_no_top() {
    let stage = Stage::new(Store::Maildir, letters(20), Behaviour::default());
    stage.fetch(&[]).exits(0);
    stage.fetch(&[]).exits(0);
    stage.fetch(&["--keep", "none"]).exits(0);
    assert_eq!(stage.server.count("TOP"), 0, "{:?}", stage.said());
}

/// A server without UIDL names messages by their headers: the second of two alike has the name of the first.
#[test]
fn a_message_alike_that_comes_later_is_another_one() {
    for store in STORES {
        let stage = Stage::new(store, [letter(1)], Behaviour { uidl: false, ..Behaviour::default() });
        stage.fetch(&[]).exits(0);
        stage.server.edit(|maildrop| maildrop.push(letter(1)));
        stage.fetch(&[]).exits(0);
        stage.holds_messages(&[letter(1), letter(1)]);
        stage.fetch(&["--keep", "none"]).exits(0);
        assert_eq!((stage.server.count("RETR"), stage.server.maildrop().len()), (2, 0), "{:?}", stage.said());
        stage.holds_messages(&[letter(1), letter(1)]);
    }
}
