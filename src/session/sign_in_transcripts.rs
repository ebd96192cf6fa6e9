//! Sign-ins as transcripts, and peers that lie in the middle of one.

use std::error::Error as _;
use std::io::{BufRead, BufReader, Write};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::sign_in::advice_on_hashes;
use super::transcripts::{credentials, open, peer};
use super::{Authorization, Session};
use crate::advice::SignIn;
use crate::auth::{Credentials, Mechanism, Proof, Secret, TokenRefused};
use crate::connection::Connection;
use crate::error::{Error, Kind};
use crate::transport::memory;

/// A session that has seen this greeting and these mechanisms.
fn offering(sasl: &str, script: &str) -> (Session<Authorization>, JoinHandle<()>) {
    open(&format!("S: +OK\nC: CAPA\nS: +OK\nS: SASL {sasl}\nS: .\n{script}"))
}

fn token() -> Credentials {
    Credentials { user: b"me@x".to_vec(), proof: Proof::Token(Secret::new("ya29")) }
}

const XOAUTH2: &str = "dXNlcj1tZUB4AWF1dGg9QmVhcmVyIHlhMjkBAQ==";
const BEARER: &str = "bixhPW1lQHgsAWF1dGg9QmVhcmVyIHlhMjkBAQ==";

/// Signs in at a peer that answers every line by `answer`, which gets the line and what it decodes to.
fn lied_to(mechanism: Mechanism, answer: fn(&str, &str) -> String) -> Error {
    let sign_in = |session: Session<Authorization>| {
        session.sign_in(&credentials(), Some(mechanism)).expect_err("a lie").error
    };
    lied(mechanism, answer, sign_in)
}

/// The same by a mechanism that needs not fit the connection.
fn lied_to_by(mechanism: Mechanism, answer: fn(&str, &str) -> String) -> Error {
    lied(mechanism, answer, |session| {
        session.sign_in_by(&credentials(), &[mechanism]).expect_err("a lie").error
    })
}

fn lied(
    mechanism: Mechanism,
    answer: fn(&str, &str) -> String,
    sign_in: impl FnOnce(Session<Authorization>) -> Error,
) -> Error {
    let (near, far) = memory::pair();
    let server = thread::spawn(move || {
        let mut far = BufReader::new(far);
        let mut line = String::from("greeting");
        while !line.is_empty() {
            let word = line.trim_end().rsplit(' ').next().unwrap_or_default();
            let decoded = BASE64.decode(word).unwrap_or_default();
            let reply = match line.trim_end() {
                "greeting" => "+OK".to_owned(),
                "CAPA" => format!("+OK\r\nSASL {}\r\n.", mechanism.sasl_name().unwrap_or_default()),
                "*" => "-ERR cancelled".to_owned(),
                said => answer(said, &String::from_utf8_lossy(&decoded)),
            };
            line.clear();
            // Where the client has hung up there is nobody to lie to.
            if far.get_mut().write_all(format!("{reply}\r\n").as_bytes()).is_err()
                || far.read_line(&mut line).is_err()
            {
                return;
            }
        }
    });
    let mut session =
        Session::open(Connection::new(near, Duration::from_secs(20), None), true).expect("open");
    session.allow_cleartext();
    let error = sign_in(session);
    server.join().expect("the peer");
    error
}

/// The server's first message of SCRAM, in answer to the client's.
fn server_first(client_first: &str, rounds: u64) -> String {
    let nonce = client_first.rsplit_once("r=").map(|(_, nonce)| nonce).unwrap_or_default();
    format!("+ {}", BASE64.encode(format!("r={nonce}more,s=QSXCR+Q6sek8bf92,i={rounds}")))
}

#[test]
fn a_scram_server_that_does_not_prove_itself_is_never_believed() {
    let table: [(fn(&str, &str) -> String, Kind, &str); 8] = [
        (|_, _| "+OK welcome".into(), Kind::Protocol, "without its signature"),
        (
            |line, first| if line.starts_with("AUTH") { server_first(first, 4096) } else { "+OK in".into() },
            Kind::Protocol,
            "without its signature",
        ),
        (
            |line, first| match line.starts_with("AUTH") {
                true => server_first(first, 4096),
                false => format!("+ {}", BASE64.encode(format!("v={}", BASE64.encode([7; 32])))),
            },
            Kind::Protocol,
            "its signature is wrong",
        ),
        (
            |line, first| match line.starts_with("AUTH") {
                true => server_first(first, 4096),
                false => format!("+ {}", BASE64.encode("e=invalid-proof")),
            },
            Kind::SignIn,
            "invalid-proof",
        ),
        (
            |_, _| format!("+ {}", BASE64.encode("r=foreign,s=QSXCR+Q6sek8bf92,i=4096")),
            Kind::Protocol,
            "does not continue ours",
        ),
        (|_, first| server_first(first, 1 << 31), Kind::Protocol, "more than 10000000 rounds"),
        (|_, _| "+ ".into(), Kind::Protocol, "no nonce"),
        (|_, _| "+ !!".into(), Kind::Protocol, "not base64"),
    ];
    for mechanism in [Mechanism::ScramSha256, Mechanism::ScramSha1] {
        for (answer, kind, cause) in table {
            let error = lied_to(mechanism, answer);
            assert_eq!(error.kind(), kind, "{error:?}");
            let source = error.source().map(ToString::to_string).unwrap_or_default();
            assert!(source.contains(cause), "{cause}: {error:?}");
            assert!(!format!("{error:?}").contains("tanstaaf"));
        }
    }
}

#[test]
fn challenges_without_end_or_measure_are_cut_off() {
    let endless = lied_to(Mechanism::Login, |_, _| "+ VXNlcm5hbWU6".into());
    assert_eq!(endless.kind(), Kind::Protocol);
    let huge = lied_to(Mechanism::CramMd5, |_, _| format!("+ {}", "A".repeat(1 << 20)));
    assert_eq!(huge.kind(), Kind::Protocol);
    assert!(huge.to_string().contains("longer than"), "{huge}");
}

#[test]
fn xoauth2_takes_two_steps_always_and_oauthbearer_one_where_it_fits() {
    let (session, peer) = offering("PLAIN XOAUTH2", &format!("C: AUTH XOAUTH2\nS: +\nC: {XOAUTH2}\nS: +OK"));
    drop(session.sign_in(&token(), None).expect("signed in"));
    peer.join().expect("to the letter");
    let (session, peer) = offering("XOAUTH2 OAUTHBEARER", &format!("C: AUTH OAUTHBEARER {BEARER}\nS: +OK"));
    drop(session.sign_in(&token(), None).expect("signed in"));
    peer.join().expect("to the letter");
}

#[test]
fn an_exchange_server_gets_every_mechanism_in_two_steps() {
    let (session, peer) = open(
        "S: +OK The Microsoft Exchange POP3 service is ready.
         C: CAPA\nS: +OK\nS: SASL PLAIN\nS: .
         C: AUTH PLAIN\nS: +\nC: AG1yb3NlAHRhbnN0YWFm\nS: +OK",
    );
    drop(session.sign_in(&credentials(), None).expect("signed in"));
    peer.join().expect("to the letter");
}

#[test]
fn a_server_that_wants_the_response_on_the_line_of_auth_gets_it_there() {
    let script = format!("C: AUTH XOAUTH2\nS: -ERR where is it\nC: AUTH XOAUTH2 {XOAUTH2}\nS: +OK");
    let (session, peer) = offering("XOAUTH2", &script);
    drop(session.sign_in(&token(), None).expect("signed in"));
    peer.join().expect("to the letter");
    // One that does not even know the mechanism gets no token.
    let (session, peer) = offering("PLAIN", "C: AUTH XOAUTH2\nS: -ERR unknown");
    let refused = session.sign_in(&token(), None).expect_err("unknown");
    assert!(TokenRefused::find_in(&refused.error).is_none(), "nobody has judged the token");
    assert_eq!(refused.error.advice(), Some(&SignIn::CheckServerAndProvider.into()));
    drop(refused);
    peer.join().expect("to the letter");
}

#[test]
fn a_token_of_several_kilobytes_goes_whole() {
    let long = "x".repeat(8000);
    let response = BASE64.encode(format!("n,a=me@x,\x01auth=Bearer {long}\x01\x01"));
    let (session, peer) =
        offering("OAUTHBEARER", &format!("C: AUTH OAUTHBEARER\nS: +\nC: {response}\nS: +OK"));
    let credentials = Credentials { user: b"me@x".to_vec(), proof: Proof::Token(Secret::new(long)) };
    drop(session.sign_in(&credentials, None).expect("signed in"));
    peer.join().expect("to the letter");
}

#[test]
fn a_refused_token_is_told_with_the_servers_reason_and_gives_the_session_back() {
    let json = BASE64.encode(r#"{"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}"#);
    let by_xoauth2 = format!("C: AUTH XOAUTH2\nS: +\nC: {XOAUTH2}\nS: + {json}\nC:\nS: -ERR [AUTH] no");
    let by_bearer = format!("C: AUTH OAUTHBEARER {BEARER}\nS: + {json}\nC: AQ==\nS: -ERR [AUTH] no");
    for (name, script) in [("XOAUTH2", by_xoauth2), ("OAUTHBEARER", by_bearer)] {
        let (session, peer) = offering(name, &format!("{script}\nC: QUIT\nS: +OK"));
        let refused = session.sign_in(&token(), None).expect_err("refused");
        assert_eq!(refused.error.kind(), Kind::SignIn);
        assert_eq!(refused.error.advice(), Some(&SignIn::RenewToken.into()));
        let cause = TokenRefused::find_in(&refused.error).expect("the cause is typed").to_string();
        assert_eq!(
            cause,
            "the server refused the OAuth token: status 401, scope https://mail.google.com/; the server says: [AUTH] no"
        );
        refused.session.expect("in step").quit().expect("ended");
        peer.join().expect("to the letter");
    }
}

#[test]
fn trouble_that_is_not_the_tokens_is_not_laid_to_it() {
    for (said, kind) in
        [("-ERR [IN-USE] held", Kind::InUse), ("-ERR [SYS/TEMP] later", Kind::ServerTemporary)]
    {
        let (session, peer) = offering("XOAUTH2", &format!("C: AUTH XOAUTH2\nS: +\nC: {XOAUTH2}\nS: {said}"));
        let refused = session.sign_in(&token(), None).expect_err("refused");
        assert_eq!(refused.error.kind(), kind);
        assert!(TokenRefused::find_in(&refused.error).is_none());
        drop(refused);
        peer.join().expect("to the letter");
    }
}

#[test]
fn external_sends_the_name_or_leaves_it_to_the_certificate() {
    for (user, sent) in [("mrose", "bXJvc2U="), ("", "=")] {
        let (session, peer) = offering("EXTERNAL", &format!("C: AUTH EXTERNAL {sent}\nS: +OK"));
        let credentials = Credentials { user: user.into(), proof: Proof::Certificate };
        drop(session.sign_in(&credentials, None).expect("signed in"));
        peer.join().expect("to the letter");
    }
}

#[test]
fn an_ok_for_a_challenge_is_no_sign_in_as_long_as_no_secret_has_left() {
    // o2.pl; the second with talk behind it, the third with the challenge.
    let digest = "bXJvc2UgYjkxM2E2MDJjN2VkYTdhNDk1YjRlNmU3MzM0ZDM4OTA=";
    let table = [
        (
            "LOGIN",
            "C: AUTH LOGIN\nS: +OK\nC: bXJvc2U=\nS: +OK password now\nC: dGFuc3RhYWY=\nS: +OK in",
            "tanstaaf",
        ),
        (
            "CRAM-MD5",
            &format!(
                "C: AUTH CRAM-MD5\nS: +OK PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\nC: {digest}\nS: +OK in"
            ),
            "tanstaaftanstaaf",
        ),
    ];
    for (name, script, password) in table {
        let (session, peer) = offering(name, script);
        let credentials = Credentials::with_password("mrose", Secret::new(password));
        drop(session.sign_in(&credentials, None).expect("signed in"));
        peer.join().expect("to the letter");
    }
    let (session, peer) = open(&format!(
        "S: +OK\nC: CAPA\nS: +OK\nS: SASL XOAUTH2\nS: .\nC: AUTH XOAUTH2\nS: +OK go on\nC: {XOAUTH2}\nS: +OK"
    ));
    drop(session.sign_in(&token(), None).expect("signed in"));
    peer.join().expect("to the letter");
}

#[test]
fn a_proof_of_the_wrong_kind_is_told_before_anything_is_sent() {
    let (session, peer) = offering("PLAIN XOAUTH2", "C: QUIT\nS: +OK");
    let refused = session.sign_in(&credentials(), Some(Mechanism::XOAuth2)).expect_err("no token");
    assert_eq!(refused.error.kind(), Kind::NoCredentials);
    refused.session.expect("unused").quit().expect("ended");
    peer.join().expect("to the letter");
}

#[test]
fn a_refused_certificate_is_told_with_what_may_be_wrong_with_it() {
    let refuse = |offered: &str, words: &str| {
        let (session, peer) =
            offering(offered, &format!("C: AUTH EXTERNAL bXJvc2U=\nS: -ERR [AUTH] {words}"));
        let credentials = Credentials { user: "mrose".into(), proof: Proof::Certificate };
        let error = session.sign_in(&credentials, Some(Mechanism::External)).expect_err("refused").error;
        peer.join().expect("to the letter");
        error.advice().cloned()
    };
    assert_eq!(refuse("PLAIN", "no"), Some(SignIn::ServerTakesNoCertificate.into()));
    assert_eq!(refuse("EXTERNAL", "no valid certificate"), Some(SignIn::UseAcceptedCertificate.into()));
    assert_eq!(refuse("EXTERNAL", "no"), Some(SignIn::CheckCertificateAndUser.into()));
}

#[test]
fn a_refused_password_is_told_with_what_the_mechanism_needs() {
    let error = lied_to_by(Mechanism::ScramSha1Plus, |_, _| "-ERR [AUTH] no".to_owned());
    assert_eq!(error.advice(), Some(&SignIn::ChannelBindingMayDiffer.into()));
    let error = lied_to(Mechanism::Login, |_, _| "-ERR unknown mechanism".to_owned());
    let unknown = SignIn::NameKnownMechanism { unknown: "login".into() };
    assert_eq!(error.advice(), Some(&unknown.into()));
    let advice = advice_on_hashes(Mechanism::CramMd5, true);
    assert_eq!(advice, Some(SignIn::ServerMayStoreHash));
    assert_eq!(advice_on_hashes(Mechanism::CramMd5, false), None, "plain would show the password");
    assert_eq!(advice_on_hashes(Mechanism::Plain, true), None);
}

#[test]
fn a_provider_that_takes_no_passwords_is_known_by_the_advice() {
    let (connection, peer) = peer(
        "S: +OK Gpop ready\nC: CAPA\nS: +OK\nS: USER\nS: .\nC: USER mrose\nS: +OK\nC: PASS tanstaaf\nS: -ERR [AUTH] Username and password not accepted.",
    );
    let mut session = Session::open(connection, true).expect("a greeting");
    session.allow_cleartext();
    session.set_host("pop.gmail.com");
    let refused = session.sign_in(&credentials(), None).expect_err("refused");
    assert_eq!(refused.error.advice(), Some(&SignIn::UseAppPassword.into()));
    drop(refused);
    peer.join().expect("to the letter");
}

#[test]
fn a_weaker_mechanism_never_follows_in_the_clear() {
    let digest = crate::auth::apop_digest(b"<1@h>", b"tanstaaf");
    let script = format!(
        "S: +OK <1@h>\nC: CAPA\nS: +OK\nS: SASL PLAIN\nS: USER\nS: .\nC: APOP mrose {digest}\nS: -ERR"
    );
    let (session, peer) = open(&script);
    assert_eq!(session.sign_in(&credentials(), None).expect_err("refused").error.kind(), Kind::SignIn);
    peer.join().expect("to the letter");
}

#[test]
fn an_unknown_command_or_mechanism_has_judged_nothing_and_no_stronger_way_gives_way_in_the_clear() {
    let begin = "S: +OK\nC: CAPA\nS: +OK\nS: USER\n";
    let plain = "C: AUTH PLAIN AG1yb3NlAHRhbnN0YWFm";
    let by_user = "C: USER mrose\nS: +OK\nC: PASS tanstaaf\nS: +OK";
    let all = format!("{begin}S: SASL PLAIN LOGIN\nS: .\n{plain}\nS: -ERR Unknown command\n{by_user}");
    let one = format!(
        "{begin}S: SASL PLAIN LOGIN\nS: .\n{plain}\nS: -ERR mechanism not supported\nC: AUTH LOGIN\n\
         S: -ERR mechanism not supported\n{by_user}"
    );
    for script in [all, one] {
        let (session, peer) = open(&script);
        drop(session.sign_in(&credentials(), None).expect("signed in"));
        peer.join().expect("to the letter");
    }
    let (session, peer) =
        open(&format!("{begin}S: SASL CRAM-MD5 PLAIN\nS: .\nC: AUTH CRAM-MD5\nS: -ERR unimplemented"));
    let refused = session.sign_in(&credentials(), None).expect_err("in the clear");
    assert!(!refused.is_judged && refused.untried.is_empty());
    let advice = SignIn::NameWeakerMechanism { unknown: "cram-md5".into(), next: "plain".into() };
    assert_eq!(refused.error.advice(), Some(&advice.into()));
    drop(refused);
    peer.join().expect("to the letter");
    let (session, peer) =
        offering("OAUTHBEARER", &format!("C: AUTH OAUTHBEARER {BEARER}\nS: -ERR unknown command"));
    let refused = session.sign_in(&token(), None).expect_err("unknown");
    assert!(!refused.is_judged && TokenRefused::find_in(&refused.error).is_none());
    drop(refused);
    peer.join().expect("to the letter");
}

#[test]
fn a_connection_that_is_closed_after_a_refusal_leaves_the_other_mechanisms_to_a_new_one() {
    let table = [
        ("C: AUTH LOGIN\nS: -ERR mechanism not supported\nC: USER mrose\nX: closes", true),
        // The password was sent: it was not the refusal before that closed the connection.
        (
            "C: AUTH LOGIN\nS: -ERR mechanism not supported\nC: USER mrose\nS: +OK\nC: PASS tanstaaf\nX: closes",
            false,
        ),
    ];
    for (script, is_told) in table {
        let (session, peer) =
            open(&format!("S: +OK\nC: CAPA\nS: +OK\nS: USER\nS: SASL LOGIN\nS: .\n{script}"));
        let refused = session.sign_in(&credentials(), None).expect_err("closed");
        let expected =
            if is_told { (Kind::SignIn, vec![Mechanism::User]) } else { (Kind::ConnectionLost, vec![]) };
        // A weaker mechanism was tried by itself, so that it is not recommended.
        let advice = is_told.then(|| SignIn::NameKnownMechanism { unknown: "login".into() }.into());
        assert_eq!(refused.error.advice(), advice.as_ref());
        assert_eq!((refused.error.kind(), refused.untried), expected);
        assert!(refused.session.is_none() && !refused.is_judged);
        peer.join().expect("to the letter");
    }
}

#[test]
fn a_refused_password_is_judged() {
    let (session, peer) = open(
        "S: +OK\nC: CAPA\nS: -ERR\nC: USER mrose\nS: +OK\nC: PASS tanstaaf\nS: -ERR no\nC: USER mrose\nS: -ERR no",
    );
    let refused = session.sign_in(&credentials(), None).expect_err("refused");
    assert!(refused.is_judged);
    let again = refused.session.expect("given back").sign_in(&credentials(), None).expect_err("refused");
    assert!(!again.is_judged, "the password was not sent");
    drop(again);
    peer.join().expect("to the letter");
}

#[test]
fn an_initial_response_that_does_not_fit_one_line_waits_for_the_challenge() {
    let long = "p".repeat(300);
    let response = BASE64.encode([b"\0mrose\0", long.as_bytes()].concat());
    let (session, peer) = open(&format!(
        "S: +OK\nC: CAPA\nS: +OK\nS: SASL PLAIN\nS: .\nC: AUTH PLAIN\nS: +\nC: {response}\nS: +OK"
    ));
    let credentials = Credentials::with_password("mrose", Secret::new(long));
    drop(session.sign_in(&credentials, Some(Mechanism::Plain)).expect("signed in"));
    peer.join().expect("to the letter");
}

#[test]
fn a_challenge_that_is_no_base64_ends_the_exchange_properly() {
    let (session, peer) = open(
        "S: +OK
         C: CAPA
         S: +OK
         S: SASL CRAM-MD5
         S: .
         C: AUTH CRAM-MD5
         S: + %%%
         C: *
         S: -ERR cancelled",
    );
    let refused = session.sign_in(&credentials(), Some(Mechanism::CramMd5)).expect_err("refused");
    assert_eq!(refused.error.kind(), Kind::Protocol);
    drop(refused);
    peer.join().expect("to the letter");
}
