//! Every way to sign in, and every refusal.

use super::*;

const PLAIN: &str = "AGRlbW8AdGFuc3RhYWY="; // NUL demo NUL tanstaaf

fn greeted(server: &Server) -> Peer {
    let mut peer = Peer::connect(server);
    assert!(peer.hear_line().starts_with("+OK POP3 server ready"));
    peer
}

#[test]
fn takes_plain_in_one_line_or_two() {
    let server = start(Behaviour::default());
    assert!(greeted(&server).ask(&format!("AUTH PLAIN {PLAIN}")).starts_with("+OK demo's"));
    let mut peer = greeted(&server);
    assert_eq!(peer.ask("auth plain"), "+ \r\n");
    assert!(peer.ask(PLAIN).starts_with("+OK demo's"));
    assert_eq!(peer.ask("STAT"), "+OK 2 320\r\n");
}

#[test]
fn asks_for_name_and_password_in_login() {
    let server = start(Behaviour::default());
    greeted(&server).play(
        "C: AUTH LOGIN
        S: + VXNlcm5hbWU6
        C: ZGVtbw==
        S: + UGFzc3dvcmQ6
        C: dGFuc3RhYWY=
        S: +OK demo's maildrop has 2 messages (320 octets)",
    );
}

#[test]
fn takes_the_cram_md5_response_of_rfc_2195() {
    let server = of(|server| {
        server.user = b"tim".to_vec();
        server.password = b"tanstaaftanstaaf".to_vec();
        server.apop = Apop::Stamp("<1896.697170952@postoffice.reston.mci.net>".to_owned());
    });
    greeted(&server).play(
        "C: AUTH CRAM-MD5
        S: + PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+
        C: dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw
        S: +OK tim's maildrop has 2 messages (320 octets)",
    );
}

#[test]
fn refuses_wrong_credentials_with_a_code() {
    let server = start(Behaviour::default());
    let mut peer = greeted(&server);
    let refusal = "-ERR [AUTH] wrong user name or password\r\n";
    peer.ask("USER demo");
    assert_eq!(peer.ask("PASS tanstaaf "), refusal);
    assert_eq!(peer.ask("APOP demo 00000000000000000000000000000000"), refusal);
    assert_eq!(peer.ask("AUTH PLAIN AGRlbW8AbG9zdA=="), refusal);
    assert_eq!(peer.ask("AUTH PLAIN ="), refusal);
    assert!(peer.ask("AUTH PLAIN ?").starts_with("-ERR invalid base64"));
    peer.play("C: AUTH PLAIN\nS: + \nC: *\nS: -ERR authentication cancelled");
    assert!(peer.ask("AUTH GSSAPI").starts_with("-ERR unknown mechanism"));
    assert!(peer.ask(&format!("AUTH PLAIN {PLAIN}")).starts_with("+OK"));
}

#[test]
fn pass_has_to_follow_user() {
    let server = start(Behaviour::default());
    let mut peer = greeted(&server);
    peer.ask("USER demo");
    peer.ask("CAPA");
    while peer.hear_line() != ".\r\n" {}
    assert_eq!(peer.ask("PASS tanstaaf"), "-ERR USER first\r\n");
}

#[test]
fn may_require_or_refuse_the_initial_response() {
    let server = of(|server| server.initial_response = InitialResponse::Refused);
    let mut peer = greeted(&server);
    assert!(peer.ask(&format!("AUTH PLAIN {PLAIN}")).starts_with("-ERR"));
    assert_eq!(peer.ask("AUTH PLAIN"), "+ \r\n");

    let server = of(|server| server.initial_response = InitialResponse::Required);
    assert!(greeted(&server).ask("AUTH PLAIN").starts_with("-ERR"));

    let server = of(|server| server.challenge = b"+OK ".to_vec());
    assert_eq!(greeted(&server).ask("AUTH LOGIN"), "+OK VXNlcm5hbWU6\r\n");
}

#[test]
fn sends_the_configured_verdict_for_any_password() {
    let server = of(|server| {
        server.verdict = Some(b"-ERR [LOGIN-DELAY 60] too soon".to_vec());
        server.hangs_up_when_refused = true;
    });
    let mut peer = greeted(&server);
    peer.ask("USER demo");
    assert_eq!(peer.ask("PASS tanstaaf"), "-ERR [LOGIN-DELAY 60] too soon\r\n");
    assert_eq!(peer.hear_the_rest(), "");
}

#[test]
fn lets_one_session_in_at_a_time() {
    let server = start(Behaviour::default());
    let first = Peer::signed_in(&server);
    let mut second = greeted(&server);
    second.ask("USER demo");
    assert!(second.ask("PASS tanstaaf").starts_with("-ERR [IN-USE]"));
    drop(first);
    second.ask("USER demo");
    assert!(second.ask("PASS tanstaaf").starts_with("+OK"));

    let server = of(|server| server.exclusive = false);
    let _first = Peer::signed_in(&server);
    Peer::signed_in(&server);
}
