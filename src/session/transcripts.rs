//! Sessions as transcripts: `C:` and `S:` lines, played by a peer that compares every command to
//! the letter. `X:` is where it hangs up; else it waits for the client to do so.

use std::io::{BufRead, BufReader, Write};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use std::collections::VecDeque;

use super::{Ahead, Authorization, Next, Questions, Refused, Session, Step, Transaction, Wanted, Window};
use crate::auth::{Credentials, Secret};
use crate::connection::Connection;
use crate::error::{Kind, Phase};
use crate::protocol::Capabilities;
use crate::transport::memory;

/// Plays the server's side of `script`; the handle panics where the client said something else.
pub(super) fn peer(script: &str) -> (Connection, JoinHandle<()>) {
    let (near, far) = memory::pair();
    let lines: Vec<String> =
        script.lines().map(str::trim).filter(|line| !line.is_empty()).map(Into::into).collect();
    let handle = thread::spawn(move || {
        let mut far = BufReader::new(far);
        // Lines that follow one another leave in one write, so that they arrive together.
        let mut said = Vec::new();
        for line in lines {
            match line.split_at(2) {
                ("S:", line) => {
                    said.extend_from_slice(line.strip_prefix(' ').unwrap_or(line).as_bytes());
                    said.extend_from_slice(b"\r\n");
                }
                ("C:", wanted) => {
                    far.get_mut().write_all(&std::mem::take(&mut said)).expect("the client hung up");
                    let mut got = String::new();
                    far.read_line(&mut got).expect("readable");
                    assert_eq!(got, format!("{}\r\n", wanted.trim_start()));
                }
                ("X:", _) => return,
                _ => panic!("neither C:, S: nor X: in {line}"),
            }
        }
        far.get_mut().write_all(&said).expect("the client hung up");
        let mut rest = String::new();
        far.read_line(&mut rest).expect("readable");
        assert_eq!(rest, "", "the client said more than the transcript");
    });
    (Connection::new(near, Duration::from_secs(10), None), handle)
}

pub(super) fn open(script: &str) -> (Session<Authorization>, JoinHandle<()>) {
    let (connection, handle) = peer(script);
    let mut session = Session::open(connection, true).expect("a greeting");
    session.allow_cleartext();
    (session, handle)
}

pub(super) fn credentials() -> Credentials {
    Credentials::with_password("mrose", Secret::new("tanstaaf"))
}

/// A session in TRANSACTION on a server without CAPA, whose transcript goes on with `script`.
pub(super) fn signed_in(script: &str) -> (Session<Transaction>, JoinHandle<()>) {
    let before = "S: +OK\nC: CAPA\nS: -ERR\nC: USER mrose\nS: +OK\nC: PASS tanstaaf\nS: +OK\n";
    let (session, handle) = open(&format!("{before}{script}"));
    (session.sign_in(&credentials(), None).expect("signed in"), handle)
}

#[test]
fn the_example_of_rfc_1939_section_10() {
    let (session, peer) = open(
        "S: +OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>
         C: CAPA
         S: -ERR unknown command
         C: APOP mrose c4c9334bac560ecc979e58001b3e22fb
         S: +OK mrose's maildrop has 2 messages (320 octets)
         C: STAT
         S: +OK 2 320
         C: UIDL
         S: +OK
         S: 1 whqtswO00WBw418f9t5JxYwZ
         S: 2 QhdPYR:00WBw1Ph7x7
         S: .
         C: LIST
         S: +OK 2 messages (320 octets)
         S: 1 120
         S: 2 200
         S: .
         C: RETR 1
         S: +OK 120 octets
         S: From: x
         S:
         S: ..dot
         S: .
         C: DELE 1
         S: +OK message 1 deleted
         C: QUIT
         S: +OK dewey POP3 server signing off (maildrop empty)",
    );
    let mut session = session.sign_in(&credentials(), None).expect("signed in");
    let maildrop = session.maildrop().expect("a maildrop");
    assert_eq!((maildrop.len(), maildrop.octets(), maildrop.is_complete()), (2, 320, true));
    let mut message = Vec::new();
    assert_eq!(session.retrieve(1, |chunk| message.extend_from_slice(chunk)).expect("whole"), 17);
    assert_eq!(message, b"From: x\r\n\r\n.dot\r\n");
    session.dele(1).expect("deleted");
    session.quit().expect("gone");
    peer.join().expect("to the letter");
}

#[test]
fn capabilities_are_asked_again_after_sign_in() {
    let (session, peer) = open(
        "S: +OK ready
         C: CAPA
         S: +OK
         S: SASL PLAIN
         S: .
         C: AUTH PLAIN AG1yb3NlAHRhbnN0YWFm
         S: +OK
         C: CAPA
         S: +OK
         S: PIPELINING
         S: .
         C: STAT
         C: UIDL
         C: LIST
         S: +OK 1 9
         S: +OK
         S: 1 a
         S: .
         S: +OK
         S: 1 9
         S: .",
    );
    assert!(!session.capabilities().is_some_and(Capabilities::pipelining));
    let mut session = session.sign_in(&credentials(), None).expect("signed in");
    assert!(!session.pipelines());
    assert_eq!(session.maildrop().expect("a maildrop").len(), 1);
    assert!(session.pipelines());
    assert!(session.capabilities_before_sign_in().is_some_and(|these| !these.pipelining()));
    drop(session);
    peer.join().expect("to the letter");
}

/// A session on a server that announced PIPELINING before sign-in and again in the burst behind it.
fn pipelined(maildrop: &str, script: &str) -> (Session<Transaction>, JoinHandle<()>) {
    let (session, peer) = open(&format!(
        "S: +OK\nC: CAPA\nS: +OK\nS: PIPELINING\nS: USER\nS: .\nC: USER mrose\nS: +OK\nC: PASS tanstaaf\nS: +OK
         C: CAPA\nC: STAT\nC: UIDL\nC: LIST\nS: +OK\nS: PIPELINING\nS: .\n{maildrop}\n{script}"
    ));
    (session.sign_in(&credentials(), None).expect("signed in"), peer)
}

#[test]
fn everything_that_may_be_asked_together_leaves_in_one_burst() {
    let (mut session, peer) =
        pipelined("S: +OK 1 9\nS: +OK\nS: 1 a\nS: .\nS: +OK\nS: 1 9\nS: .", "C: QUIT\nS: +OK");
    assert_eq!(session.maildrop().expect("a maildrop").octets(), 9);
    session.quit().expect("ended");
    peer.join().expect("to the letter");
}

#[test]
fn an_empty_maildrop_in_a_burst_may_refuse_its_listings() {
    let (mut session, peer) = pipelined("S: +OK 0 0\nS: -ERR nothing\nS: -ERR nothing", "C: NOOP\nS: +OK");
    assert!(session.maildrop().expect("a maildrop").is_complete());
    session.noop().expect("in step");
    drop(session);
    peer.join().expect("to the letter");
}

/// Questions stand between them, and take no message's place: a thousand messages cost one round trip.
#[test]
fn a_thousand_messages_are_asked_for_in_one_burst() {
    let every = |line: &dyn Fn(u32) -> String| (1..=1100).map(line).collect::<String>();
    let listings = every(&|number| format!("S: {number} u{number}\n"));
    let octets = every(&|number| format!("S: {number} 3\n"));
    let asked = (1..=1000).map(|number| match number % 16 {
        0 => format!("C: RETR {number}\nC: UIDL {number}\n"),
        _ => format!("C: RETR {number}\n"),
    });
    // A later message would be one line too many.
    let script = asked.collect::<String>();
    let (mut session, peer) =
        pipelined(&format!("S: +OK 1100 3300\nS: +OK\n{listings}S: .\nS: +OK\n{octets}S: ."), &script);
    let maildrop = session.maildrop().expect("a maildrop");
    let mut queue = wanted(1..=1100);
    let mut window = Window::new(Ahead::Retr);
    window.fill(&mut session, &mut queue, Some(&Questions::new(&maildrop))).expect("sent");
    assert_eq!((window.messages(), queue.len()), (1000, 100));
    drop(session);
    peer.join().expect("to the letter");
}

#[test]
fn headers_are_asked_for_long_before_half_of_those_on_their_way_are_here() {
    let tops = |numbers: std::ops::RangeInclusive<u32>| {
        numbers.map(|number| format!("C: TOP {number} 0\n")).collect::<String>()
    };
    let script = tops(1..=2500) + &"S: +OK\nS: a: b\nS: .\n".repeat(312) + &tops(2501..=2600);
    let (mut session, peer) = pipelined("S: +OK 0 0\nS: +OK\nS: .\nS: +OK\nS: .", &script);
    session.maildrop().expect("a maildrop");
    let (mut queue, mut window) = (wanted(1..=2600), Window::new(Ahead::Headers));
    window.fill(&mut session, &mut queue, None).expect("sent");
    for (answers, on_their_way) in [(0, 2500), (311, 2189), (1, 2288)] {
        for _ in 0..answers {
            window.receive(&mut session, |_| {}).expect("a header");
        }
        window.fill(&mut session, &mut queue, None).expect("sent");
        assert_eq!(window.messages(), on_their_way);
    }
    drop(session);
    peer.join().expect("to the letter");
}

fn wanted(numbers: impl IntoIterator<Item = u32>) -> VecDeque<Wanted> {
    numbers.into_iter().map(|number| Wanted { number, octets: Some(3) }).collect()
}

#[test]
fn a_window_asks_ahead_with_a_question_behind_and_a_refusal_costs_only_itself() {
    let (mut session, peer) = pipelined(
        "S: +OK 3 9\nS: +OK\nS: 1 a\nS: 2 b\nS: 3 c\nS: .\nS: +OK\nS: 1 3\nS: 2 3\nS: 3 3\nS: .",
        "C: RETR 1
         C: RETR 2
         C: RETR 3
         C: UIDL 3
         S: +OK
         S: a
         S: .
         S: -ERR corrupt
         S: +OK
         S: c
         S: .
         S: +OK 3 c",
    );
    let maildrop = session.maildrop().expect("a maildrop");
    let mut questions = Questions::new(&maildrop);
    let mut window = Window::new(Ahead::Retr);
    let mut queue = wanted(1..=3);
    window.fill(&mut session, &mut queue, Some(&questions)).expect("sent");
    let mut got = Vec::new();
    for number in 1..=3 {
        assert_eq!(window.next(), Some(Next::Message(Wanted { number, octets: Some(3) })));
        let mut text = Vec::new();
        let answer = window.receive(&mut session, |chunk| text.extend_from_slice(chunk));
        got.push(answer.map(|_| text).map_err(|error| error.kind()));
    }
    assert_eq!(got, [Ok(b"a\r\n".to_vec()), Err(Kind::Refused), Ok(b"c\r\n".to_vec())]);
    assert_eq!(window.next(), Some(Next::Question));
    assert_eq!(window.receive_step(&mut session, &mut questions).expect("in step"), Step::Proven);
    assert!(window.is_empty());
    drop(session);
    peer.join().expect("to the letter");
}

/// What a question about message 2 of a maildrop (unique-ids a and b, 3 octets each) proves, asked alone.
fn proven(script: &str) -> Result<Step, Kind> {
    let listings =
        "C: STAT\nS: +OK 2 6\nC: UIDL\nS: +OK\nS: 1 a\nS: 2 b\nS: .\nC: LIST\nS: +OK\nS: 1 3\nS: 2 3\nS: .";
    let (mut session, peer) = signed_in(&format!("{listings}\n{script}"));
    let maildrop = session.maildrop().expect("a maildrop");
    let step = session.prove_step(&mut Questions::new(&maildrop), 2);
    drop(session);
    peer.join().expect("to the letter");
    step.map_err(|error| error.kind())
}

#[test]
fn what_proves_that_a_conversation_is_in_step() {
    let table = [
        ("C: UIDL 2\nS: +OK 2 b", Ok(Step::Proven)),
        ("C: UIDL 2\nS: +OK b", Ok(Step::Proven)),
        ("C: UIDL 2\nS: +OK 2 otherwise-named", Ok(Step::Proven)),
        ("C: UIDL 2\nS: +OK 1 a", Err(Kind::Protocol)),
        ("C: UIDL 2\nS: +OK 2 octets", Err(Kind::Protocol)),
        // What RETR or LIST is answered with is no unique-id; nor is the other message's, whatever it ends in.
        ("C: UIDL 2\nS: +OK 2 (3 octets)", Err(Kind::Protocol)),
        ("C: UIDL 2\nS: +OK 2 3", Err(Kind::Protocol)),
        ("C: UIDL 2\nS: +OK 1 b", Err(Kind::Protocol)),
        ("C: UIDL 2\nS: +OK climb\nC: LIST 2\nS: +OK 2 3", Ok(Step::Proven)),
        ("C: UIDL 2\nS: +OK it is b", Ok(Step::Proven)),
        // The whole listing, the number alone, nothing.
        ("C: UIDL 2\nS: +OK\nS: 1 a\nS: 2 b\nS: .\nC: LIST 2\nS: +OK 2 3", Ok(Step::Proven)),
        ("C: UIDL 2\nS: +OK 2\nC: LIST 2\nS: +OK 2 3", Ok(Step::Proven)),
        ("C: UIDL 2\nS: +OK\nC: LIST 2\nS: +OK 2 3", Ok(Step::Proven)),
        // A listing of another maildrop, or text.
        ("C: UIDL 2\nS: +OK\nC: LIST 2\nS: 1 a\nS: 2 c\nS: .", Err(Kind::Protocol)),
        ("C: UIDL 2\nS: +OK\nC: LIST 2\nS: text", Err(Kind::Protocol)),
        // A stray -ERR stands for anything: the answer behind it is the one to the question before.
        ("C: UIDL 2\nS: -ERR stray\nC: LIST 2\nS: +OK 2 b", Err(Kind::Protocol)),
        ("C: UIDL 2\nS: -ERR\nC: LIST 2\nS: +OK 2 3", Ok(Step::Proven)),
        ("C: UIDL 2\nS: -ERR\nC: LIST 2\nS: +OK 1 3", Err(Kind::Protocol)),
        ("C: UIDL 2\nS: -ERR\nC: LIST 2\nS: -ERR\nC: STAT\nS: +OK 2 6", Ok(Step::Proven)),
        ("C: UIDL 2\nS: -ERR\nC: LIST 2\nS: -ERR\nC: STAT\nS: +OK 2 3", Err(Kind::Protocol)),
        ("C: UIDL 2\nS: -ERR\nC: LIST 2\nS: -ERR\nC: STAT\nS: -ERR\nC: NOOP\nS: +OK", Ok(Step::Unprovable)),
        ("C: UIDL 2\nS: -ERR\nC: LIST 2\nS: -ERR\nC: STAT\nS: -ERR\nC: NOOP\nS: -ERR", Ok(Step::Unanswered)),
        ("C: UIDL 2\nS: +OK 2 b\nS: -ERR stray", Err(Kind::Protocol)),
    ];
    for (script, expected) in table {
        assert_eq!(proven(script), expected, "{script}");
    }
}

#[test]
fn a_refused_sign_in_gives_the_session_back() {
    let (session, peer) = open(
        "S: +OK
         C: CAPA
         S: -ERR
         C: USER mrose
         S: +OK
         C: PASS tanstaaf
         S: -ERR [AUTH] no
         C: USER mrose
         S: +OK
         C: PASS other
         S: +OK
         C: QUIT
         S: +OK",
    );
    let Refused { error, session, .. } = session.sign_in(&credentials(), None).expect_err("refused");
    assert_eq!(error.kind(), Kind::SignIn);
    let again = Credentials::with_password("mrose", Secret::new("other"));
    let session = session.expect("given back").sign_in(&again, None).expect("signed in");
    session.quit().expect("ended");
    peer.join().expect("to the letter");
}

#[test]
fn no_secret_travels_unencrypted_unasked() {
    let (connection, peer) = peer("S: +OK\nC: CAPA\nS: -ERR");
    let session = Session::open(connection, true).expect("a greeting");
    let refused = session.sign_in(&credentials(), None).expect_err("not encrypted");
    assert_eq!(refused.error.kind(), Kind::Tls);
    drop(refused);
    peer.join().expect("to the letter");
}

#[test]
fn a_busy_maildrop_is_not_a_wrong_password() {
    for (said, kind) in [
        ("-ERR [IN-USE] held", Kind::InUse),
        ("-ERR [LOGIN-DELAY] wait", Kind::LoginDelay),
        ("-ERR [SYS/TEMP] later", Kind::ServerTemporary),
        ("-ERR [SYS/PERM] never", Kind::ServerPermanent),
        ("-ERR mailbox locked by another session", Kind::InUse),
        ("-ERR invalid password", Kind::SignIn),
    ] {
        let script = format!("S: +OK\nC: CAPA\nS: -ERR\nC: USER mrose\nS: +OK\nC: PASS tanstaaf\nS: {said}");
        let (session, peer) = open(&script);
        assert_eq!(session.sign_in(&credentials(), None).expect_err("refused").error.kind(), kind, "{said}");
        peer.join().expect("to the letter");
    }
}

#[test]
fn stls_is_refused_when_octets_follow_its_reply() {
    let (session, peer) =
        open("S: +OK\nC: CAPA\nS: +OK\nS: STLS\nS: .\nC: STLS\nS: +OK begin\nS: +OK injected");
    assert_eq!(session.stls(&Default::default(), "h").expect_err("an attack").kind(), Kind::Protocol);
    peer.join().expect("to the letter");
}

#[test]
fn stls_that_is_not_offered_is_not_tried() {
    let (session, peer) = open("S: +OK\nC: CAPA\nS: +OK\nS: USER\nS: .");
    assert_eq!(session.stls(&Default::default(), "h").expect_err("not offered").kind(), Kind::Tls);
    peer.join().expect("to the letter");
}

#[test]
fn a_server_that_announces_uidl_and_refuses_it_is_not_one_without() {
    let script =
        "S: +OK\nC: CAPA\nS: +OK\nS: UIDL\nS: USER\nS: .\nC: USER mrose\nS: +OK\nC: PASS tanstaaf\nS: +OK
        C: CAPA\nS: +OK\nS: UIDL\nS: .\nC: STAT\nS: +OK 1 9\nC: UIDL\nS: -ERR not now";
    let (session, peer) = open(script);
    let mut session = session.sign_in(&credentials(), None).expect("signed in");
    assert_eq!(session.maildrop().expect_err("passing trouble").kind(), Kind::ServerTemporary);
    drop(session);
    peer.join().expect("to the letter");
}

#[test]
fn a_server_without_uidl_gives_a_maildrop_without() {
    let (mut session, peer) =
        signed_in("C: STAT\nS: +OK 1 9\nC: UIDL\nS: -ERR\nC: LIST\nS: +OK\nS: 1 9\nS: .");
    let maildrop = session.maildrop().expect("a maildrop");
    assert!(!maildrop.has_unique_ids() && maildrop.len() == 1);
    drop(session);
    peer.join().expect("to the letter");
}

#[test]
fn a_message_that_was_not_byte_stuffed_is_noticed() {
    let (mut session, peer) = signed_in("C: RETR 1\nS: +OK\nS: one\nS: .\nS: two\nS: .");
    assert_eq!(session.retrieve(1, |_| ()).expect_err("no telling").kind(), Kind::Protocol);
    drop(session);
    peer.join().expect("to the letter");
}

#[test]
fn each_refusal_says_what_could_not_be_done() {
    let (mut session, peer) = signed_in(
        "C: RETR 9\nS: -ERR no such message
         C: DELE 9\nS: -ERR no such message
         C: TOP 9 0\nS: -ERR no such message
         C: LIST 9\nS: -ERR no such message
         C: UIDL 9\nS: -ERR no such message
         C: LAST\nS: -ERR unknown
         C: RSET\nS: +OK
         C: NOOP\nS: +OK
         C: QUIT\nS: -ERR some deleted messages not removed",
    );
    let refusals = [
        session.retrieve(9, |_| ()).expect_err("none").to_string(),
        session.dele(9).expect_err("none").to_string(),
        session.top(9, 0, |_| ()).expect_err("none").to_string(),
        session.list_one(9).expect_err("none").to_string(),
        session.uidl_one(9).expect_err("none").to_string(),
    ];
    for refusal in &refusals {
        assert!(refusal.starts_with("could not ") && refusal.contains('9'), "{refusal}");
    }
    assert_eq!(session.last().expect_err("none").kind(), Kind::Unsupported);
    session.rset().expect("taken back");
    session.noop().expect("alive");
    assert_eq!(session.quit().expect_err("not removed").kind(), Kind::Refused);
    peer.join().expect("to the letter");
}

#[test]
fn a_lost_line_is_no_refusal_and_the_session_is_not_given_back() {
    let (session, peer) = open("S: +OK\nC: CAPA\nS: -ERR\nC: USER mrose\nX: hangs up");
    let Refused { error, session, .. } = session.sign_in(&credentials(), None).expect_err("lost");
    assert_eq!((error.kind(), session.is_none()), (Kind::ConnectionLost, true));
    peer.join().expect("to the letter");
}

#[test]
fn a_greeting_may_be_a_refusal_or_never_come() {
    let (connection, peer) = peer("S: -ERR [SYS/TEMP] overloaded");
    assert_eq!(Session::open(connection, true).expect_err("no session").kind(), Kind::ServerTemporary);
    peer.join().expect("to the letter");
    let (near, far) = memory::pair();
    let silent = Connection::new(near, Duration::from_millis(30), None);
    assert_eq!(Session::open(silent, true).expect_err("silence").kind(), Kind::Timeout(Phase::Greeting));
    drop(far);
}
