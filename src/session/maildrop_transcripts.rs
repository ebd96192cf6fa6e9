//! How a maildrop is looked at on servers that answer oddly, as transcripts.

use std::time::Duration;

use super::transcripts::{credentials, open, peer};
use super::{Manner, NotCautious, Pipelining, Session, Transaction};
use crate::connection::Connection;
use crate::error::Kind;
use crate::protocol::Maildrop;
use crate::transport::memory;

/// Signs in on a server with these capabilities (`None`: no CAPA), and goes on with `script`.
fn signed_in(
    capabilities: Option<&str>,
    script: &str,
) -> (Session<Transaction>, std::thread::JoinHandle<()>) {
    let announced = match capabilities {
        Some(lines) => format!("S: +OK\n{lines}\nS: USER\nS: ."),
        None => "S: -ERR".to_owned(),
    };
    let (session, peer) = open(&format!(
        "S: +OK\nC: CAPA\n{announced}\nC: USER mrose\nS: +OK\nC: PASS tanstaaf\nS: +OK\n{script}"
    ));
    (session.sign_in(&credentials(), None).expect("signed in"), peer)
}

/// The maildrop on a server that answers STAT, UIDL and LIST so, asked one after the other.
fn looked_at(stat: &str, uidl: &str, list: &str) -> crate::error::Result<Maildrop> {
    let (mut session, peer) = signed_in(None, &format!("C: STAT\n{stat}\nC: UIDL\n{uidl}\nC: LIST\n{list}"));
    let maildrop = session.maildrop();
    drop(session);
    peer.join().expect("to the letter");
    maildrop
}

/// The same in one burst.
fn looked_at_ahead(stat: &str, uidl: &str, list: &str) -> crate::error::Result<Maildrop> {
    let asked = "C: CAPA\nC: STAT\nC: UIDL\nC: LIST\nS: -ERR";
    let (mut session, peer) = signed_in(Some("S: PIPELINING"), &format!("{asked}\n{stat}\n{uidl}\n{list}"));
    let maildrop = session.maildrop();
    drop(session);
    peer.join().expect("to the letter");
    maildrop
}

fn rows(maildrop: &Maildrop) -> Vec<(u32, Option<u64>, Option<&[u8]>)> {
    maildrop.messages().map(|message| (message.number, message.octets, message.unique_id)).collect()
}

const STAT: &str = "S: +OK 2 30";
const UIDL: &str = "S: +OK\nS: 1 a\nS: 2 b\nS: .";
const LIST: &str = "S: +OK\nS: 1 10\nS: 2 20\nS: .";
const LATER: &str = "S: -ERR Server Unavailable. 21";
const REFUSED: &str = "S: -ERR no";

#[test]
fn stat_and_list_are_optional() {
    for look in [looked_at, looked_at_ahead] {
        let whole = [(1, Some(10), Some(&b"a"[..])), (2, Some(20), Some(b"b"))];
        let without_octets = [(1, None, Some(&b"a"[..])), (2, None, Some(b"b"))];
        let without_unique_ids = [(1, Some(10), None), (2, Some(20), None)];
        assert_eq!(rows(&look(REFUSED, UIDL, LIST).expect("without STAT")), whole);
        assert_eq!(rows(&look(STAT, UIDL, REFUSED).expect("without LIST")), without_octets);
        assert_eq!(rows(&look(STAT, UIDL, LATER).expect("without LIST now")), without_octets);
        assert_eq!(rows(&look(REFUSED, UIDL, REFUSED).expect("UIDL alone")), without_octets);
        assert_eq!(rows(&look(REFUSED, REFUSED, LIST).expect("LIST alone")), without_unique_ids);
        assert_eq!(look(STAT, REFUSED, REFUSED).expect_err("neither").kind(), Kind::Refused);
        assert_eq!(look(STAT, REFUSED, LATER).expect_err("neither").kind(), Kind::ServerTemporary);
    }
}

#[test]
fn a_server_that_says_later_is_believed() {
    for (says, kind) in [
        (LATER, Kind::ServerTemporary),
        ("S: -ERR Exceeded the login limit for a 15 minute period.", Kind::LoginDelay),
        ("S: -ERR maildrop lock busy", Kind::InUse),
        ("S: -ERR [SYS/TEMP] x", Kind::ServerTemporary),
    ] {
        assert_eq!(looked_at_ahead(says, UIDL, LIST).expect_err("STAT").kind(), kind, "{says}");
        assert_eq!(looked_at_ahead(STAT, says, LIST).expect_err("UIDL").kind(), kind, "{says}");
        let (mut session, peer) = signed_in(None, &format!("C: STAT\n{STAT}\nC: UIDL\n{says}"));
        assert_eq!(session.maildrop().expect_err("later").kind(), kind, "{says}");
        drop(session);
        peer.join().expect("to the letter");
    }
}

#[test]
fn a_unique_id_that_is_missing_costs_one_message_and_an_empty_listing_all_unique_ids() {
    for look in [looked_at, looked_at_ahead] {
        let lacks = look(STAT, "S: +OK\nS: 1 a\nS: 2 \nS: .", LIST).expect("a maildrop");
        assert_eq!(rows(&lacks), [(1, Some(10), Some(&b"a"[..])), (2, Some(20), None)]);
        let empty = look(STAT, "S: +OK\nS: .", LIST).expect("a maildrop");
        assert_eq!(rows(&empty), [(1, Some(10), None), (2, Some(20), None)]);
        assert!(!empty.has_unique_ids());
    }
    let error = looked_at_ahead(STAT, "S: +OK\nS: 0 a\nS: 1 b\nS: .", LIST).expect_err("numbers from 0");
    assert_eq!(error.kind(), Kind::Protocol);
    assert!(NotCautious::find_in(&error).is_none(), "it would say so again");
}

#[test]
fn capa_after_sign_in_is_optional() {
    let (mut session, peer) = signed_in(
        Some("S: UIDL"),
        &format!("C: CAPA\nS: -ERR unknown\nC: STAT\n{STAT}\nC: UIDL\n{UIDL}\nC: LIST\n{LIST}"),
    );
    assert_eq!(session.maildrop().expect("a maildrop").len(), 2);
    drop(session);
    peer.join().expect("to the letter");
}

#[test]
fn what_broke_the_session_though_it_need_not_have_been_asked_is_in_the_type() {
    let burst = "C: CAPA\nC: STAT\nC: UIDL\nC: LIST\n";
    for (capabilities, script) in [
        ("S: UIDL", "C: CAPA\nX:".to_owned()),
        ("S: PIPELINING", format!("{burst}X:")),
        ("S: PIPELINING", format!("{burst}S: +OK\nS: .\nX:")),
        ("S: PIPELINING", format!("{burst}S: +OK\nS: .\n{STAT}\nX:")),
        ("S: PIPELINING", format!("{burst}S: +OK\nS: .\n{STAT}\nS: +OK\nS: 1 a\nX:")),
        ("S: UIDL", "C: CAPA\nS: +OK\nS: PIPELINING\nS: .\nC: STAT\nC: UIDL\nC: LIST\nX:".to_owned()),
        // STAT was swallowed: the answer to UIDL came in its place.
        ("S: PIPELINING", format!("{burst}S: -ERR\n{UIDL}\nX:")),
    ] {
        let (mut session, peer) = signed_in(Some(capabilities), &script);
        let error = session.maildrop().expect_err("broken");
        assert!(NotCautious::find_in(&error).is_some(), "{script}: {error:?}");
        assert!(error.ends_the_session());
        peer.join().expect("to the letter");
    }
    let (mut session, peer) = signed_in(None, "C: STAT\nX:");
    assert!(NotCautious::find_in(&session.maildrop().expect_err("broken")).is_none());
    peer.join().expect("to the letter");
}

#[test]
fn the_cautious_manner_asks_one_thing_after_the_other_and_no_capa() {
    let (mut session, peer) = signed_in(
        Some("S: PIPELINING\nS: UIDL"),
        &format!("C: STAT\n{STAT}\nC: UIDL\n{UIDL}\nC: LIST\n{LIST}\nC: QUIT\nS: +OK"),
    );
    session.set_manner(Manner::CAUTIOUS);
    assert_eq!(session.maildrop().expect("a maildrop").len(), 2);
    assert!(!session.pipelines());
    session.quit().expect("ended");
    peer.join().expect("to the letter");
    assert_eq!(Manner::default(), Manner { ahead: Pipelining::Auto, asks_capa: true });
}

#[test]
fn a_server_that_swallows_what_is_sent_ahead_is_noticed_by_its_silence() {
    let (near, mut far) = memory::pair();
    let all = b"+OK\r\n+OK\r\nPIPELINING\r\nUSER\r\n.\r\n+OK\r\n+OK\r\n+OK\r\n.\r\n";
    std::io::Write::write_all(&mut far, all).expect("room");
    let connection = Connection::new(near, Duration::from_millis(50), None);
    let mut session = Session::open(connection, true).expect("a greeting");
    session.allow_cleartext();
    let mut session = session.sign_in(&credentials(), None).expect("signed in");
    let error = session.maildrop().expect_err("silence");
    assert!(matches!(error.kind(), Kind::Timeout(_)) && NotCautious::find_in(&error).is_some());
}

#[test]
fn utf_8_mode_is_asked_for_only_where_it_is_announced() {
    let (mut session, peer_of_one) = open("S: +OK\nC: CAPA\nS: +OK\nS: UTF8 USER\nS: .\nC: UTF8\nS: +OK");
    session.utf8().expect("switched");
    drop(session);
    peer_of_one.join().expect("to the letter");
    let (connection, peer) = peer("S: +OK\nC: CAPA\nS: +OK\nS: USER\nS: .");
    let mut session = Session::open(connection, true).expect("a greeting");
    assert_eq!(session.utf8().expect_err("not there").kind(), Kind::Unsupported);
    drop(session);
    peer.join().expect("to the letter");
}
