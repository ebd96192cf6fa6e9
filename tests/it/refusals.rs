//! What goes wrong before a message moves: each with its exit code, and a sentence.

use crate::support::dovecot::{self, Line};
use crate::support::pop3::{Home, Pop3};
use crate::support::scripted::{Answer, Scripted};
use crate::support::{Maildrop, corpus};
use std::net::TcpListener;

fn stat(home: &Home, server: &str) -> Pop3 {
    Pop3::new(home).args(["stat", "--server", server]).env("POP3_PASSWORD", "x")
}

#[test]
fn a_mistyped_command_or_flag_is_64() {
    let home = Home::new();
    Pop3::new(&home).args(["ftech"]).run().exits(64).says("fetch");
    Pop3::new(&home).args(["fetch", "--kepe", "none"]).run().exits(64).says("keep");
    Pop3::new(&home).args(["fetch", "--keep", "sometimes"]).run().exits(64).says("keep");
    stat(&home, "http://example.org").run().exits(64);
}

#[test]
fn a_password_in_the_url_is_refused_and_not_repeated() {
    let outcome = stat(&Home::new(), "pop3s://me:hunter2@127.0.0.1").run().exits(64);
    assert!(!outcome.stderr.contains("hunter2"), "{}", outcome.stderr);
}

#[test]
fn help_and_version_are_data() {
    let home = Home::new();
    let help = Pop3::new(&home).args(["--help"]).run().exits(0).text();
    assert!(help.contains("fetch") && help.contains("retr"), "{help}");
    assert!(Pop3::new(&home).args(["--version"]).run().exits(0).text().contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_host_without_an_address_is_68() {
    stat(&Home::new(), "pop3s://me@no-such-host.invalid").run().exits(68).says("no-such-host.invalid");
}

#[test]
fn a_refused_connection_is_69() {
    let closed = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    stat(&Home::new(), &format!("pop3s://me@{closed}")).run().exits(69).says("127.0.0.1");
}

#[test]
fn a_server_that_never_greets_is_75() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let server = format!("pop3://me@{}", silent.local_addr().unwrap());
    stat(&Home::new(), &server).args(["--timeout", "1s"]).run().exits(75);
}

#[test]
fn a_server_that_hangs_up_is_69() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let hangs_up = std::thread::spawn(move || drop(listener.accept()));
    stat(&Home::new(), &format!("pop3://me@{address}")).args(["--tls", "none"]).run().exits(69);
    hangs_up.join().unwrap();
}

#[test]
fn something_that_is_no_pop3_server_is_76() {
    let server = Scripted::start("220 mail.example.org ESMTP\r\n", |_| Answer::Silence);
    let url = format!("pop3://me@{}", server.address);
    stat(&Home::new(), &url).args(["--tls", "none", "--timeout", "5s"]).run().exits(76);
}

#[test]
fn an_untrusted_certificate_is_76_on_either_kind_of_tls() {
    let maildrop = dovecot::maildrop();
    let home = Home::new();
    for url in [maildrop.tls_url(), maildrop.url("pop3")] {
        let outcome = stat(&home, &url).env("POP3_PASSWORD", maildrop.password()).run().exits(76);
        assert!(outcome.stderr.contains("hint:"), "{}", outcome.stderr);
    }
}

#[test]
fn a_certificate_for_another_name_is_76_unless_that_name_is_expected() {
    let maildrop = dovecot::maildrop();
    let trusted = |name: &str| {
        Pop3::new(&Home::new())
            .args(["stat", "--tls-host", name])
            .args(maildrop.flags(Line::Tls))
            .env("POP3_PASSWORD", maildrop.password())
            .run()
    };
    trusted("pop.example.org").exits(76);
    trusted("localhost").exits(0);
}

#[test]
fn a_pin_trusts_exactly_that_certificate() {
    let maildrop = dovecot::maildrop();
    let pinned = |pin: &str| {
        stat(&Home::new(), &maildrop.tls_url())
            .args(["--pin", pin])
            .env("POP3_PASSWORD", maildrop.password())
            .run()
    };
    pinned(&maildrop.server.certificates.pin()).exits(0);
    pinned(&format!("sha256:{}", "00".repeat(32))).exits(76);
}

#[test]
fn octets_behind_the_answer_to_stls_end_the_session() {
    let server = Scripted::start("+OK ready\r\n", |line| {
        Answer::Say(match line {
            "CAPA" => "+OK\r\nSTLS\r\nUSER\r\n.\r\n",
            "STLS" => "+OK begin\r\n+OK injected\r\n",
            _ => "+OK\r\n",
        })
    });
    stat(&Home::new(), &format!("pop3://me@{}", server.address)).args(["--timeout", "5s"]).run().exits(76);
    assert!(!server.heard().iter().any(|line| line.starts_with("USER") || line.starts_with("PASS")));
}

/// The exit code of a run whose sign-in gets that answer.
fn code_when_refused(answer: fn(&str) -> Answer) -> i32 {
    let server = Scripted::start("+OK ready\r\n", answer);
    stat(&Home::new(), &format!("pop3://me@{}", server.address)).args(["--tls", "none"]).run().code
}

fn refuse_sign_in(line: &str, refusal: &'static str) -> Answer {
    Answer::Say(match line.split(' ').next() {
        Some("CAPA") => "+OK\r\nUSER\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\n.\r\n",
        Some("PASS") => refusal,
        _ => "+OK\r\n",
    })
}

#[test]
fn response_codes_decide_the_exit_code() {
    assert_eq!(code_when_refused(|line| refuse_sign_in(line, "-ERR [IN-USE] locked\r\n")), 75);
    assert_eq!(code_when_refused(|line| refuse_sign_in(line, "-ERR [LOGIN-DELAY] too soon\r\n")), 75);
    assert_eq!(code_when_refused(|line| refuse_sign_in(line, "-ERR [SYS/TEMP] come back\r\n")), 75);
    assert_eq!(code_when_refused(|line| refuse_sign_in(line, "-ERR [AUTH] no\r\n")), 77);
    assert_eq!(code_when_refused(|line| refuse_sign_in(line, "-ERR no\r\n")), 77);
}

#[test]
fn a_destination_that_cannot_be_made_is_73_and_nothing_is_deleted() {
    let mut maildrop = dovecot::maildrop();
    maildrop.put(&corpus::simple("one"));
    let home = Home::new();
    home.write("file", "no folder", 0o600);
    for destination in ["maildir:file/mail/", "mbox:file/mbox"] {
        let run = home.at(&maildrop, "fetch").args(["--keep", "none", "--to", destination]);
        run.run().exits(73).says("could not");
        assert_eq!(maildrop.left(), 1, "{destination}");
    }
    // The failure left no trace: the message comes once the destination can be made.
    home.at(&maildrop, "fetch").args(["--to", "maildir:mail"]).run().exits(0);
    assert_eq!(std::fs::read_dir(home.join("mail/new")).unwrap().count(), 1);
}

#[test]
fn a_folder_that_is_no_maildir_is_left_alone() {
    let mut maildrop = dovecot::maildrop();
    maildrop.put(&corpus::simple("one"));
    let home = Home::new();
    home.write("photos/cat.jpg", "meow", 0o600);
    home.at(&maildrop, "fetch").args(["--to", "maildir:photos"]).run().exits(73);
    assert_eq!(std::fs::read_dir(home.join("photos")).unwrap().count(), 1);
}

#[test]
fn a_pipe_that_closes_is_no_error() {
    let mut maildrop = dovecot::maildrop();
    maildrop.put(&[corpus::simple("long"), b"x\n".repeat(1 << 20)].concat());
    let home = Home::new();
    let outcome = home.at(&maildrop, "retr").args(["1"]).reading_only(10).run().exits(0);
    assert!(outcome.stderr.is_empty() && outcome.stdout.len() == 10, "{outcome:?}");
}

#[test]
fn a_run_that_could_not_look_does_not_say_that_nothing_is_new() {
    let home = Home::new();
    let run = |more: &[&str]| {
        Pop3::new(&home)
            .args(["fetch", "--server", "pop3://me@127.0.0.1:9", "--tls", "none", "--to", "maildir:in"])
            .args(more)
            .env("POP3_PASSWORD", "x")
            .run()
            .exits(69)
    };
    let said = run(&["--verbose"]).stderr;
    assert!(!said.contains("nothing new") && said.contains("connection refused"), "{said}");
    let outcome = run(&["--json"]);
    assert_eq!(outcome.objects(), Vec::<serde_json::Value>::new());
    assert_eq!(outcome.talk()[0]["type"], "error");
}
