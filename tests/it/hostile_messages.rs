//! Messages of odd content, messages that break off, messages that are refused: what stands in the
//! destination is whole or is not there, and comes later, once.

use crate::support::stage::{STORES, Stage, at_once, delivered, letter, letters, padded};
use pop3::server::{Behaviour, End, Fault, Framing, Message, Pipelining};

fn with(fault: Fault) -> Behaviour {
    Behaviour::default().with_fault(fault)
}

/// Content that other programs spoil.
fn odd() -> Vec<Message> {
    let head =
        |number: u32| format!("Subject: odd {number}\r\nMessage-ID: <odd-{number}@x>\r\n\r\n").into_bytes();
    let body = |number, body: &[u8]| Message::new([&head(number), body].concat());
    vec![
        body(1, b"a NUL \0 in it\r\n\0\r\n"),
        body(2, b"bare\nLF\n.\n\n.\n..dot\r\n"),
        body(3, b"bare\rCR\r.\r\r\n\r.\r\r\n"),
        body(4, &[vec![b'3'; 3 << 20], b"\r\n".to_vec()].concat()),
        body(5, b"no last line end"),
        body(6, b""),
        body(7, b".\r\n..\r\n...\r\n.\r\n"),
        body(8, b"From me\r\n>From you\r\n\r\nFrom \r\n\r\n\r\n"),
        body(9, b"8-bit \x80\xff\xfe \xe2\x80\xae\r\n"),
        body(10, b"ends in CR\r"),
        body(11, b"\r\n\r\n\r\n"),
        Message::new(b"Subject: a header and nothing else\r\nMessage-ID: <12@x>\r\n"),
        Message::new(b"\r\nno header at all\r\n"),
        Message::new(b"neither header nor body"),
        Message::new(b""),
        Message::new(b"\r\n"),
        Message::new([&b"Subject: "[..], &vec![b'h'; 3 << 20], b"\r\n\r\nlong header\r\n"].concat()),
    ]
}

#[test]
fn odd_content_arrives_octet_for_octet() {
    for store in STORES {
        let stage = Stage::new(store, odd(), Behaviour::default());
        stage.fetch(&[]).exits(0);
        stage.holds_messages(&odd());
        stage.ends_well(&odd());
        assert_eq!(stage.server.count("RETR"), odd().len());
    }
}

#[test]
fn odd_content_comes_out_of_retr_octet_for_octet() {
    let stage = Stage::new(STORES[0], odd(), Behaviour::default());
    for (at, message) in odd().iter().enumerate() {
        let got = stage.pop3("retr").args([(at + 1).to_string()]).run().exits(0).stdout;
        assert!(got == message.bytes() || got == delivered(message), "message {}", at + 1);
    }
}

#[test]
fn a_server_that_ends_its_lines_in_lf_alone() {
    let framing = Framing { bare_lf: true, ..Framing::default() };
    for store in STORES {
        let stage = Stage::new(store, letters(3), Behaviour { framing, ..Behaviour::default() });
        stage.fetch(&[]).exits(0);
        stage.holds(1..=3);
        stage.ends_well(&letters(3));
    }
}

#[test]
fn a_dot_glued_to_the_last_line_ends_no_message() {
    let framing = Framing { glues_the_dot: true, ..Framing::default() };
    for store in STORES {
        let stage = Stage::new(store, letters(2), Behaviour { framing, ..Behaviour::default() });
        stage.fetch(&["--keep", "none", "--timeout", "1s"]).exits(75);
        stage.holds([]);
        assert_eq!(stage.server.count("DELE"), 0);
        stage.ends_well(&letters(2));
    }
}

#[test]
fn a_message_that_breaks_off_is_none_and_comes_later() {
    // One octet more on the wire than in the message: the doubled dot. Then the terminator.
    let end = letter(2).octets() + 1;
    let moments = [1, 40, end - 10, end - 1, end, end + 1, end + 2];
    let ends = [End::HangUp, End::Stall];
    at_once(moments.into_iter().flat_map(|octets| ends.map(|end| (octets, end))), |(octets, end)| {
        // On a server that takes commands ahead, and on another.
        for (store, pipelining) in STORES.into_iter().zip([Pipelining::Unannounced, Pipelining::Announced]) {
            let fault = Fault::InMessage { number: 2, octets, end };
            let stage = Stage::new(store, letters(3), Behaviour { pipelining, ..with(fault) });
            // The others come and go in a second session; in one of its own, under another number, it comes too.
            stage.fetch(&["--keep", "none", "--timeout", "1s"]).exits(0);
            stage.holds([1, 2, 3]);
            assert_eq!(stage.server.maildrop().len(), 0);
            stage.ends_well(&letters(3));
        }
    });
}

#[test]
fn a_line_cut_after_any_number_of_octets_loses_nothing() {
    for store in STORES {
        for octets in (1..2100).step_by(150) {
            let stage = Stage::new(store, letters(3), with(Fault::cut_after(octets)));
            stage.fetch(&["--keep", "none", "--timeout", "5s"]);
            stage.ends_well(&letters(3));
        }
    }
}

#[test]
fn a_reply_that_is_neither_ok_nor_err_is_no_success() {
    for reply in ["+ERR no\r\n", "+\r\n", "+OKAY\r\n", "OK\r\n", "\r\n", "* OK\r\n", "\0\r\n"] {
        for store in STORES {
            let fault = Fault::answer("RETR 2", [reply.as_bytes(), &letter(9).bytes(), b".\r\n"].concat());
            let stage = Stage::new(store, letters(3), with(fault));
            let outcome = stage.fetch(&["--keep", "none"]).says("expected +OK or -ERR");
            assert!([0, 75, 76].contains(&outcome.code), "{reply:?}: {outcome:?}");
            let [kept, read] = [stage.server.maildrop().len(), stage.read().len()];
            assert!(kept + read >= 3, "{reply:?}: {kept} on the server, {read} here");
            stage.ends_well(&letters(3));
        }
    }
}

#[test]
fn one_refused_message_does_not_block_the_others() {
    let replies = ["-ERR corrupt\r\n", "-ERR\r\n", "-ERR [SYS/PERM] gone\r\n", "-ERR [SYS/TEMP] later\r\n"];
    for (keep, left) in [("all", 3), ("none", 1)] {
        for (store, reply) in STORES.into_iter().flat_map(|store| replies.map(|reply| (store, reply))) {
            let stage = Stage::new(store, letters(3), with(Fault::answer("RETR 2", reply)));
            stage.fetch(&["--keep", keep]).exits(75);
            stage.holds([1, 3]);
            assert_eq!(stage.server.maildrop().len(), left);
            // Refused again, under the number it has by now.
            stage.server.set_behaviour(with(Fault::answer("RETR", reply)));
            stage.fetch(&["--keep", keep]).exits(75);
            stage.holds([1, 3]);
            stage.ends_well(&letters(3));
            assert_eq!(stage.server.count("RETR"), 5, "{:?}", stage.said());
        }
    }
}

#[test]
fn a_message_growing_past_every_buffer_arrives_whole() {
    let sizes = [4095, 8191, 16_383, 65_535, 65_536, 131_071, 1 << 20];
    let all: Vec<Message> = sizes.iter().enumerate().map(|(at, size)| padded(at as u32 + 1, *size)).collect();
    for store in STORES {
        let stage = Stage::new(store, all.clone(), Behaviour::default());
        stage.fetch(&[]).exits(0);
        stage.ends_well(&all);
    }
}
