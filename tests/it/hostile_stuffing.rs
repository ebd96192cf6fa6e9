//! Servers that do not byte-stuff: a line of a single dot seems to end the message, and what follows may
//! look like replies. Nothing cut short is ever taken for a message.

use crate::support::delivered::in_maildir;
use crate::support::pop3::{Home, Pop3};
use crate::support::scripted::{Answer, Scripted};
use crate::support::stage::{STORES, Stage, letters};
use pop3::server::{Behaviour, Framing, Message, Sizes};

#[test]
fn a_message_that_is_not_byte_stuffed_is_not_believed() {
    let unstuffed =
        Behaviour { framing: Framing { stuffs: false, ..Framing::default() }, ..Behaviour::default() };
    let head = "Subject: lone dot\nMessage-ID: <dot@x>\n\n";
    let plain = |number: u32| {
        Message::text(format!("Subject: plain {number}\nMessage-ID: <{number}@x>\n\n{number}\n"))
    };
    // What follows the lone dot looks like nothing, like a reply, like replies to all that could be asked,
    // or comes in another packet.
    let tails = [
        "more\n".to_owned(),
        "+OK\nmore\n".to_owned(),
        "-ERR\n".to_owned(),
        ".\n".to_owned(),
        "+OK\n".repeat(20),
        "x".repeat(100_000) + "\n",
    ];
    for tail in tails {
        for before in [0, 65_000, 65_525, 131_072] {
            for store in STORES {
                let filling = format!("{}\n", "f".repeat(before));
                let dotted = Message::text(format!("{head}{filling}.\n{tail}"));
                let all = [plain(1), dotted, plain(3)];
                let stage = Stage::new(store, all.clone(), unstuffed.clone());
                stage.fetch(&["--keep", "none", "--timeout", "1s"]).exits(75).says("byte-stuff");
                let messages = stage.server.maildrop();
                assert!(
                    messages.iter().any(|message| message.bytes() == all[1].bytes()),
                    "{tail:.9} is lost"
                );
                stage.ends_well(&all);
            }
        }
    }
}

/// A message whose text plays the replies, each in a packet of its own.
fn with_replies_in_it(line: &str, announced: &'static str) -> Answer {
    Answer::Say(match line {
        "CAPA" => announced,
        "STAT" => "+OK 3 300\r\n",
        "LIST" => "+OK\r\n1 100\r\n2 100\r\n3 100\r\n.\r\n",
        "UIDL" => "+OK\r\n1 one\r\n2 two\r\n3 three\r\n.\r\n",
        "UIDL 1" => "+OK 1 one\r\n",
        "UIDL 2" => "+OK 2 two\r\n",
        "UIDL 3" => "+OK 3 three\r\n",
        "RETR 1" => "+OK\r\nSubject: one\r\n\r\n1\r\n.\r\n",
        "RETR 2" => {
            let pieces = &["+OK\r\nSubject: two\r\n\r\nhead\r\n.\r\n", "+OK\r\nrest\r\n.\r\n"];
            return Answer::InPieces(pieces);
        }
        "RETR 3" => "+OK\r\nSubject: three\r\n\r\n3\r\n.\r\n",
        _ => "+OK\r\n",
    })
}

#[test]
fn text_that_plays_the_replies_deceives_nobody_and_blocks_no_other_message() {
    let ahead = |line: &str| with_replies_in_it(line, "+OK\r\nUSER\r\nUIDL\r\nPIPELINING\r\n.\r\n");
    let in_turn = |line: &str| with_replies_in_it(line, "+OK\r\nUSER\r\nUIDL\r\n.\r\n");
    for answer in [ahead as fn(&str) -> Answer, in_turn] {
        let server = Scripted::start("+OK ready\r\n", answer);
        let home = Home::new();
        let fetch = || {
            Pop3::new(&home)
                .args(["fetch", "--to", "maildir:in", "--tls", "none", "--timeout", "2s", "--keep", "none"])
                .args(["--server", &format!("pop3://me@{}", server.address)])
                .env("POP3_PASSWORD", "x")
                .run()
        };
        for run in 0..4 {
            let outcome = fetch();
            // Later runs put it off.
            assert!(outcome.code == 75 || run > 0 && outcome.code == 0, "{outcome:?}");
            for message in in_maildir(&home.join("in")) {
                let text = String::from_utf8(message).unwrap();
                assert!(["Subject: one\n\n1\n", "Subject: three\n\n3\n"].contains(&text.as_str()), "{text}");
            }
        }
        assert_eq!(in_maildir(&home.join("in")).len(), 2, "{:?}", server.heard());
        assert!(!server.heard().iter().any(|line| line == "DELE 2"), "{:?}", server.heard());
    }
}

#[test]
fn only_lock_step_with_texts_of_the_listed_sizes_goes_without_a_question() {
    use pop3::server::Pipelining::Unannounced;
    let honest = Behaviour { pipelining: Unannounced, ..Behaviour::default() };
    let lying = Behaviour { sizes: Sizes::RoundedUp(1024), ..honest.clone() };
    let rows = [
        ("all", Behaviour::default(), 1),
        ("none", Behaviour::default(), 1),
        ("all", honest.clone(), 0),
        ("none", honest, 0),
        // Sizes that nothing is known of yet: each text that is shorter is asked for once more, with a question.
        ("all", lying, 2),
    ];
    for (keep, behaviour, questions) in rows {
        for store in STORES {
            let stage = Stage::new(store, letters(3), behaviour.clone());
            stage.fetch(&["--keep", keep]).exits(0);
            assert_eq!(stage.server.count("UIDL 3"), questions, "{keep}: {:?}", stage.said());
            stage.ends_well(&letters(3));
        }
    }
}
