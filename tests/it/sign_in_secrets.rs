//! No secret is seen anywhere, and no server that lies in the middle of a sign-in is believed: by the binary,
//! from outside.

use crate::support::Maildrop;
use crate::support::dovecot::{self, Line};
use crate::support::pop3::{Home, Pop3};
use crate::support::scripted::{Answer, Scripted};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// Fails where the secret stands in the text, in the clear or in base64 at any of the three offsets that
/// it can have in there.
#[track_caller]
fn assert_hidden(secret: &str, text: &str) {
    assert!(!text.contains(secret), "in the clear: {text}");
    for before in 0..3 {
        let encoded = BASE64.encode(["x".repeat(before).as_bytes(), secret.as_bytes()].concat());
        // Its first and last letters depend on what stands beside it.
        let core = &encoded[4..encoded.len() - 4];
        assert!(core.len() > 8 && !text.contains(core), "in base64: {text}");
    }
}

#[test]
fn neither_the_trace_nor_any_error_shows_a_password() {
    let maildrop = dovecot::maildrop();
    for mechanism in ["scram-sha-256", "scram-sha-1", "cram-md5", "apop", "plain", "login", "user", "xoauth2"]
    {
        for password in [maildrop.password(), "a password that is not the right one"] {
            for line in [Line::Plain, Line::Tls] {
                let outcome = Pop3::new(&Home::new())
                    .args(["stat", "--trace", "-vv", "--auth", mechanism])
                    .args(maildrop.flags(line))
                    .env("POP3_PASSWORD", password)
                    .run();
                assert_hidden(password, &outcome.stderr);
                assert_hidden(password, &outcome.text());
                // What is made from it, and tells a password that is easily guessed, stays hidden as well.
                let said: Vec<_> =
                    outcome.stderr.lines().filter_map(|line| line.strip_prefix("C: ")).collect();
                let is_known = |line: &&str| {
                    ["CAPA", "STAT", "QUIT", "USER ", "[hidden]", "*"]
                        .iter()
                        .any(|verb| line.starts_with(verb))
                        || line.ends_with(" [hidden]")
                        || matches!(*line, "AUTH LOGIN" | "AUTH CRAM-MD5")
                };
                assert!(said.iter().all(is_known), "{mechanism}: {said:?}");
            }
        }
    }
}

fn offering(sasl: &'static str) -> impl Fn(&str) -> Option<&'static str> {
    move |line| match line {
        "CAPA" => Some(sasl),
        "QUIT" => Some("+OK\r\n"),
        "*" => Some("-ERR cancelled\r\n"),
        _ => None,
    }
}

#[test]
fn a_server_that_lies_in_the_middle_of_a_sign_in_is_a_broken_protocol() {
    /// `r=foreign,s=QSXCR+Q6sek8bf92,i=4096`
    const FOREIGN: &str = "+ cj1mb3JlaWduLHM9UVNYQ1IrUTZzZWs4YmY5MixpPTQwOTY=\r\n";
    let table: [(&str, fn(&str) -> Answer, &str); 4] = [
        ("scram-sha-256", |line| answer(line, "+OK welcome\r\n"), "without its signature"),
        ("scram-sha-1", |line| answer(line, FOREIGN), "does not continue ours"),
        ("cram-md5", |line| answer(line, "+ \u{1b}[31m%%%\r\n"), "not base64"),
        ("login", |line| answer(line, "+ VXNlcm5hbWU6\r\n"), "more than this mechanism"),
    ];
    for (mechanism, lie, cause) in table {
        let server = Scripted::start("+OK ready\r\n", lie);
        let outcome = Pop3::new(&Home::new())
            .args(["stat", "--trace", "--tls", "none", "--auth", mechanism, "--server"])
            .args([format!("pop3://me@{}", server.address)])
            .env("POP3_PASSWORD", "the secret of this test")
            .run()
            .exits(76)
            .says(cause);
        assert_hidden("the secret of this test", &outcome.stderr);
    }
}

fn answer(line: &str, lie: &'static str) -> Answer {
    let known = offering("+OK\r\nSASL SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 LOGIN\r\n.\r\n")(line);
    Answer::Say(known.unwrap_or(lie))
}
