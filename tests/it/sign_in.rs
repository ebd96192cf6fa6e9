//! Ways to sign in, and where the password comes from.

use crate::support::Maildrop;
use crate::support::dovecot::{self, Line};
use crate::support::pop3::{Home, Pop3};
use crate::support::popa3d::Popa3d;
use crate::support::scripted::{Answer, Scripted};
use crate::support::search::hides;
use std::time::{Duration, Instant};

#[test]
fn dovecot_takes_each_mechanism_by_name() {
    let maildrop = dovecot::maildrop();
    for mechanism in ["auto", "user", "apop", "plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256"] {
        let outcome = Home::new().at(&maildrop, "stat").args(["--auth", mechanism, "--trace"]).run().exits(0);
        let verb = match mechanism {
            "user" => "PASS",
            "apop" => "APOP",
            "auto" => "",
            sasl => &format!("AUTH {}", sasl.to_uppercase()),
        };
        assert!(outcome.stderr.contains(&format!("C: {verb}")), "{mechanism}: {}", outcome.stderr);
    }
}

#[test]
fn each_mechanism_tells_a_wrong_password() {
    let maildrop = dovecot::maildrop();
    for mechanism in ["auto", "user", "apop", "plain", "login", "cram-md5"] {
        let home = Home::new();
        let run = home.at(&maildrop, "stat").args(["--auth", mechanism]);
        run.env("POP3_PASSWORD", "wrong").run().exits(77);
    }
}

#[test]
fn each_mechanism_works_within_tls() {
    let maildrop = dovecot::maildrop();
    for (mechanism, line) in [("plain", Line::Tls), ("cram-md5", Line::Stls), ("login", Line::Stls)] {
        Pop3::new(&Home::new())
            .args(["stat", "--auth", mechanism])
            .args(maildrop.flags(line))
            .env("POP3_PASSWORD", maildrop.password())
            .run()
            .exits(0)
            .has_line(&["0", "0"]);
    }
}

#[test]
fn a_server_without_capabilities_gets_user_and_pass() {
    let maildrop = Popa3d::start();
    Home::new().at(&maildrop, "stat").args(["--auth", "user"]).run().exits(0);
    let outcome = Home::new().at(&maildrop, "stat").args(["--trace"]).run().exits(0);
    assert!(outcome.stderr.contains("C: USER"), "{}", outcome.stderr);
}

#[test]
fn apop_without_a_timestamp_is_an_error_and_not_another_mechanism() {
    let maildrop = Popa3d::start();
    let outcome = Home::new().at(&maildrop, "stat").args(["--auth", "apop", "--trace"]).run();
    assert_ne!(outcome.code, 0);
    assert!(!outcome.stderr.contains("C: USER"), "{}", outcome.stderr);
}

#[test]
fn the_password_comes_from_any_source() {
    let maildrop = dovecot::maildrop();
    let home = Home::new();
    let file = home.write("password", &format!("{}\n", maildrop.password()), 0o600);
    let stat = || Pop3::new(&home).args(["stat"]).args(maildrop.plain());
    let signs_in = |run: Pop3| run.run().exits(0).has_line(&["0", "0"]);
    signs_in(stat().args(["--password-file"]).args([&file]));
    signs_in(stat().args(["--password-stdin"]).stdin(format!("{}\n", maildrop.password())));
    signs_in(stat().args(["--password-command", &format!("cat '{}'", file.display())]));
    signs_in(stat().env("POP3_PASSWORD", maildrop.password()));

    let host = maildrop.address().ip();
    let netrc = format!("machine {host} login {} password \"{}\"\n", maildrop.user(), maildrop.password());
    home.write(".netrc", &netrc, 0o600);
    signs_in(stat());
}

#[test]
fn a_password_command_that_fails_is_told_with_its_status() {
    let maildrop = dovecot::maildrop();
    let outcome =
        Pop3::new(&Home::new()).args(["stat", "--password-command", "exit 3"]).args(maildrop.plain()).run();
    assert!([77, 78].contains(&outcome.code), "{outcome:?}");
    outcome.says("3");
}

#[test]
fn no_password_and_no_terminal_is_an_error_at_once() {
    let maildrop = dovecot::maildrop();
    let began = Instant::now();
    Pop3::new(&Home::new()).args(["stat"]).args(maildrop.plain()).run().exits(77).says("password");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_password_never_leaves_in_the_clear_unless_told_so() {
    let server = Scripted::start("+OK ready\r\n", |line| {
        Answer::Say(if line == "CAPA" { "+OK\r\nUSER\r\nUIDL\r\n.\r\n" } else { "-ERR not here\r\n" })
    });
    let outcome = Pop3::new(&Home::new())
        .args(["stat", "--server", &format!("pop3://me@{}", server.address)])
        .env("POP3_PASSWORD", "hidden")
        .run()
        .exits(76);
    let heard = server.heard();
    assert!(!heard.iter().any(|line| line.contains("hidden") || line.starts_with("USER")), "{heard:?}");
    assert!(outcome.stderr.contains("STLS") || outcome.stderr.contains("TLS"), "{}", outcome.stderr);
}

#[test]
fn a_server_that_keeps_hashes_takes_the_password_itself_and_the_hint_says_so() {
    let (maildrop, home) = (dovecot::hashed(), Home::new());
    let stat = |mechanism: &str| {
        let run = Pop3::new(&home).args(["stat", "--trace", "--auth", mechanism]);
        run.args(maildrop.flags(Line::Tls)).env("POP3_PASSWORD", maildrop.password()).run()
    };
    for mechanism in ["plain", "login", "user"] {
        stat(mechanism).exits(0);
    }
    stat("scram-sha-256").exits(77);
    // SCRAM is refused before it has shown anything, so the next may follow; CRAM-MD5 after it has.
    let outcome = stat("auto").exits(77).says("--auth plain");
    let sent = outcome.stderr.lines().filter_map(|line| line.split_once(" C: "));
    let tried: Vec<_> = sent.map(|(_, sent)| sent).filter(|sent| sent.starts_with("AUTH")).collect();
    assert_eq!(tried, ["AUTH SCRAM-SHA-256 [hidden]", "AUTH SCRAM-SHA-1 [hidden]", "AUTH CRAM-MD5"]);
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
        hides(&outcome, "the secret of this test");
    }
}

fn answer(line: &str, lie: &'static str) -> Answer {
    let known = offering("+OK\r\nSASL SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 LOGIN\r\n.\r\n")(line);
    Answer::Say(known.unwrap_or(lie))
}
