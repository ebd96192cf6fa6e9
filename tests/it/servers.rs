//! The servers themselves, without the program: they start, keep mail as it was put in, and say
//! what the other tests count on. A failure here is the harness's, not the program's.

use crate::support::delivered::assert_whole;
use crate::support::dovecot::{self, Line, OnDovecot};
use crate::support::popa3d::{self, Popa3d};
use crate::support::raw::Raw;
use crate::support::{Maildrop, corpus, on_each_server};
use base64::Engine as _;
use md5::{Digest as _, Md5};

on_each_server! {
    fn every_verb_of_rfc_1939_is_answered(maildrop: &mut dyn Maildrop) {
        maildrop.put(&corpus::simple("one"));
        maildrop.put(&corpus::simple("two"));
        let mut raw = Raw::plain(maildrop.address());
        assert!(raw.ask("STAT").starts_with("-ERR"), "wrong state");
        raw.sign_in(maildrop.user(), maildrop.password());

        assert!(raw.say("STAT").starts_with("+OK 2 "));
        assert_eq!(raw.lines("LIST").len(), 2);
        assert!(raw.say("LIST 2").starts_with("+OK 2 "));
        assert_eq!(raw.lines("UIDL").len(), 2);
        assert!(raw.say("UIDL 1").starts_with("+OK 1 "));
        let message = String::from_utf8(raw.fetch("RETR 1")).unwrap();
        assert!(message.ends_with("the body of one\r\n.a line with a leading dot\r\nthe end of one\r\n"), "{message:?}");
        assert!(raw.lines("TOP 2 1").contains(&"the body of two".to_owned()));
        assert!(raw.say("LAST").starts_with("+OK"));
        raw.say("NOOP");
        for refused in ["RETR 3", "LIST 3", "UIDL 3", "TOP 3 0", "DELE 3", "USER again", "XYZZY"] {
            assert!(raw.ask(refused).starts_with("-ERR"), "{refused}");
        }

        raw.say("DELE 1");
        assert!(raw.ask("RETR 1").starts_with("-ERR"), "marked as deleted");
        raw.say("RSET");
        raw.say("DELE 2");
        raw.say("QUIT");
        assert_eq!(maildrop.left(), 1);
    }

    fn a_wrong_password_is_refused(maildrop: &mut dyn Maildrop) {
        let mut raw = Raw::plain(maildrop.address());
        raw.say(&format!("USER {}", maildrop.user()));
        assert!(raw.ask("PASS wrong").starts_with("-ERR"));
    }
}

#[test]
fn dovecot_serves_every_kind_of_message_octet_for_octet() {
    let mut maildrop = dovecot::maildrop();
    let (served, expected) = serve_corpus(&mut maildrop, 400, corpus::with_line_feeds);
    assert_whole(&served, &expected);
}

#[test]
fn popa3d_serves_every_kind_of_message_as_its_mbox_holds_it() {
    let mut maildrop = Popa3d::start();
    let (served, expected) = serve_corpus(&mut maildrop, 400, popa3d::served);
    assert_whole(&served, &expected);
}

/// Puts a corpus in and takes it out again: what came, with line feeds, and what should have come.
fn serve_corpus(
    maildrop: &mut dyn Maildrop,
    count: usize,
    stored: impl Fn(&[u8]) -> Vec<u8>,
) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let messages = corpus::messages(count);
    messages.iter().for_each(|message| maildrop.put(&message.bytes));
    let mut raw = Raw::plain(maildrop.address());
    raw.sign_in(maildrop.user(), maildrop.password());
    assert_eq!(raw.lines("LIST").len(), count);
    let served = (1..=count).map(|n| corpus::with_line_feeds(&raw.fetch(&format!("RETR {n}")))).collect();
    raw.say("QUIT");
    (served, messages.iter().map(|message| stored(&message.bytes)).collect())
}

fn on_line(maildrop: &OnDovecot, line: Line) -> Raw {
    let authority = &maildrop.server.certificates.authority;
    match line {
        Line::Plain => Raw::plain(maildrop.server.plain),
        Line::Stls => Raw::stls(maildrop.server.plain, authority),
        Line::Tls => Raw::tls(maildrop.server.tls, authority),
    }
}

#[test]
fn dovecot_announces_what_the_tests_need_on_each_line() {
    let mut maildrop = dovecot::maildrop();
    maildrop.put(&corpus::simple("one"));
    for line in [Line::Plain, Line::Stls, Line::Tls] {
        let mut raw = on_line(&maildrop, line);
        let capabilities = raw.lines("CAPA");
        for wanted in [
            "PIPELINING",
            "UIDL",
            "TOP",
            "USER",
            "RESP-CODES",
            "SASL PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256",
        ] {
            assert!(capabilities.contains(&wanted.to_owned()), "{line:?}: {wanted} in {capabilities:?}");
        }
        let offers_stls = capabilities.contains(&"STLS".to_owned());
        assert_eq!(offers_stls, matches!(line, Line::Plain), "{line:?}: {capabilities:?}");
        raw.sign_in(maildrop.user(), maildrop.password());
        assert!(raw.say("STAT").starts_with("+OK 1 "));
    }
}

#[test]
fn dovecot_takes_apop_and_sasl() {
    let maildrop = dovecot::maildrop();
    let (user, password) = (maildrop.user(), maildrop.password());

    let mut raw = Raw::plain(maildrop.address());
    let timestamp = &raw.greeting[raw.greeting.find('<').unwrap()..];
    let digest: String =
        Md5::digest(format!("{timestamp}{password}")).iter().map(|byte| format!("{byte:02x}")).collect();
    raw.say(&format!("APOP {user} {digest}"));

    let plain = base64::engine::general_purpose::STANDARD.encode(format!("\0{user}\0{password}"));
    Raw::plain(maildrop.address()).say(&format!("AUTH PLAIN {plain}"));
    let mut two_steps = Raw::plain(maildrop.address());
    assert_eq!(two_steps.ask("AUTH PLAIN").trim_end(), "+");
    two_steps.say(&plain);
}

#[test]
fn popa3d_knows_no_capabilities() {
    let maildrop = Popa3d::start();
    let mut raw = Raw::plain(maildrop.address());
    assert!(raw.ask("CAPA").starts_with("-ERR"));
    assert!(raw.ask("STLS").starts_with("-ERR"));
    assert!(!raw.greeting.contains('<'), "an APOP timestamp: {}", raw.greeting);
}

#[test]
fn popa3d_gives_messages_with_like_headers_the_same_unique_id() {
    // What makes it a good peer: two messages under one unique-id are still two messages.
    let mut maildrop = Popa3d::start();
    maildrop.put(b"Subject: one\n\nfirst\n");
    maildrop.put(b"Subject: two\n\nsecond\n");
    let mut raw = Raw::plain(maildrop.address());
    raw.sign_in(maildrop.user(), maildrop.password());
    let listing = raw.lines("UIDL");
    assert_eq!(listing[0].strip_prefix('1'), listing[1].strip_prefix('2'));
}
