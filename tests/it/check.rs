//! `pop3 check`: a report that can be acted on, and that changes nothing.

use crate::support::certificates::Certificates;
use crate::support::corpus;
use crate::support::dovecot::{self, Line};
use crate::support::pop3::{Home, Outcome, Pop3};
use crate::support::popa3d::Popa3d;
use crate::support::stage::letters;
use crate::support::{Maildrop, tool};
use pop3::server::{Behaviour, Capa, Fault, Message, Server, Top};
use serde_json::Value;
use std::process::Command;

const HIDING: [&str; 4] = ["scram-sha-256", "scram-sha-1", "cram-md5", "apop"];
const SENDING: [&str; 3] = ["plain", "login", "user"];

fn findings(outcome: &Outcome) -> Vec<Value> {
    outcome.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The findings about one thing.
fn about<'a>(findings: &'a [Value], about: &str) -> Vec<&'a Value> {
    findings.iter().filter(|finding| finding["check"] == about).collect()
}

fn quirks(findings: &[Value]) -> String {
    about(findings, "quirk")
        .iter()
        .map(|finding| finding["message"].as_str().unwrap())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_server_in_order_is_described_and_the_suggested_account_works() {
    let mut maildrop = dovecot::maildrop();
    for message in letters(3) {
        maildrop.put(&message.bytes());
    }
    for line in [Line::Plain, Line::Stls, Line::Tls] {
        let home = Home::new();
        let check = |json: bool| {
            Pop3::new(&home)
                .args(["check"])
                .args(maildrop.flags(line))
                .args(json.then_some("--json"))
                .env("POP3_PASSWORD", maildrop.password())
                .run()
                .exits(0)
        };
        let report = check(false);
        let text = report.text();
        let in_the_clear = matches!(line, Line::Plain);
        for mechanism in HIDING.into_iter().chain(SENDING) {
            let says = format!("signed in as {} by {mechanism}\n", maildrop.user());
            let is_wanted = !in_the_clear || HIDING.contains(&mechanism);
            assert_eq!(text.contains(&says), is_wanted, "{line:?}: {says} in\n{text}");
        }
        assert!(text.contains("3 messages"), "{text}");
        assert!(!text.contains(maildrop.password()), "{text}");
        assert!(!home.join(".local").exists(), "a check writes nothing");

        let all = findings(&check(true));
        let sign_ins = if in_the_clear { HIDING.len() + 1 } else { HIDING.len() + SENDING.len() };
        assert_eq!(about(&all, "sign-in").len(), sign_ins);
        assert_eq!(about(&all, "capabilities").len(), 2);
        let (tls, pin) = (about(&all, "tls"), about(&all, "pin"));
        match line {
            Line::Plain => {
                assert_eq!((tls[0]["verdict"].as_str(), pin.len()), (Some("warning"), 0));
                assert!(tls[0]["hint"].as_str().unwrap().contains("STLS"), "{tls:?}");
            }
            Line::Stls | Line::Tls => {
                assert_eq!(pin[0]["pin"], fingerprint(&maildrop.server.certificates));
                assert!(tls[0]["days_left"].is_i64(), "{tls:?}");
                assert_eq!(tls[0]["tls"], "1.3", "{tls:?}");
            }
        }

        let toml = about(&all, "config")[0]["toml"].as_str().unwrap();
        home.configure(toml);
        Pop3::new(&home).args(["noop"]).env("POP3_PASSWORD", maildrop.password()).run().exits(0);
    }
}

/// A certificate's SHA-256, as openssl says it.
fn fingerprint(certificates: &Certificates) -> String {
    let file = &certificates.certificate;
    let told =
        tool(Command::new("openssl").args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(file));
    let told = String::from_utf8(told).unwrap();
    let hex = told.trim().split_once('=').unwrap().1.replace(':', "").to_ascii_lowercase();
    format!("sha256:{hex}")
}

#[test]
fn a_certificate_that_is_not_trusted_is_explained_and_its_pin_leads_on() {
    let maildrop = dovecot::maildrop();
    let home = Home::new();
    let check = |more: &[&str]| {
        let server = maildrop.tls_url();
        let args = [&["check", "--json", "--server", &server], more].concat();
        Pop3::new(&home).args(args).env("POP3_PASSWORD", maildrop.password()).run()
    };
    let all = findings(&check(&[]).exits(76));
    let failed = about(&all, "tls")[0];
    assert_eq!(failed["verdict"], "failed");
    let hint = failed["hint"].as_str().unwrap();
    let pin = fingerprint(&maildrop.server.certificates);
    assert!(hint.contains(&pin), "{hint}");
    assert_eq!(failed["pin"], pin);
    assert!(failed["days_left"].is_i64() && failed["names"].is_array(), "{failed}");
    assert!(about(&all, "sign-in").is_empty(), "nothing is sent to a server that is not trusted");
    let all = findings(&check(&["--pin", &pin]).exits(0));
    let toml = about(&all, "config")[0]["toml"].as_str().unwrap();
    assert!(toml.contains(&format!("pin = \"{pin}\"")), "{toml}");
}

#[test]
fn a_server_that_waits_in_silence_for_tls_is_found_out() {
    let maildrop = dovecot::maildrop();
    let home = Home::new();
    let url = maildrop.tls_url().replace("pop3s://", "pop3://");
    for security in ["stls", "none"] {
        for command in ["stat", "check"] {
            let run =
                Pop3::new(&home).args([command, "--timeout", "1s", "--tls", security, "--server", &url]);
            let outcome = run.env("POP3_PASSWORD", maildrop.password()).run().exits(76);
            let said = outcome.text() + &outcome.stderr;
            assert!(said.contains("the server expects TLS from the start"), "{said}");
            assert!(said.contains("--tls implicit"), "{said}");
        }
    }
}

#[test]
fn a_wrong_password_is_not_tried_in_every_way() {
    let server = Server::start(letters(1), Behaviour::default()).unwrap();
    let outcome = at(&server, &[], "wrong").exits(77);
    assert!(outcome.text().contains("failed"), "{}", outcome.text());
    let tries = ["AUTH", "APOP", "PASS"].map(|verb| server.count(verb)).iter().sum::<usize>();
    assert_eq!(tries, 1, "a refused password is not offered again: {:?}", server.log());
}

fn at(server: &Server, more: &[&str], password: &str) -> Outcome {
    let address = format!("pop3://demo@{}", server.addr());
    Pop3::new(&Home::new())
        .args(["check", "--tls", "none", "--timeout", "3s", "--server", &address])
        .args(more)
        .env("POP3_PASSWORD", password)
        .run()
}

#[test]
fn popa3d_without_capa_is_described_too() {
    let mut maildrop = Popa3d::start();
    maildrop.put(&corpus::simple("one"));
    let home = Home::new();
    let all = findings(
        &Pop3::new(&home)
            .args(["check", "--json"])
            .args(maildrop.plain())
            .env("POP3_PASSWORD", maildrop.password())
            .run()
            .exits(0),
    );
    assert!(quirks(&all).contains("no CAPA"), "{all:#?}");
    assert_eq!(about(&all, "maildrop")[0]["messages"], 1);
}

#[test]
fn what_is_odd_is_named_and_nothing_is_touched() {
    let capa = |lines: &str| Capa::Lines(lines.lines().map(|line| line.as_bytes().to_vec()).collect());
    let twins = vec![Message::text("Subject: one\n\none\n").with_unique_id("same"); 2];
    let odd = Message::text("Subject: odd\n\nodd\n").with_unique_id("with a blank");
    let cases: Vec<(&str, Vec<Message>, Behaviour)> = vec![
        ("the server has no UIDL", letters(2), Behaviour { uidl: false, ..Behaviour::default() }),
        ("the server has no TOP", letters(2), Behaviour { top: Top::Absent, ..Behaviour::default() }),
        ("1 message with a unique-id of another", twins, Behaviour::default()),
        ("1 message with a unique-id that RFC 1939 does not allow", vec![odd], Behaviour::default()),
        ("no PIPELINING", letters(2), Behaviour { capa: capa("USER\nUIDL\nTOP"), ..Behaviour::default() }),
    ];
    for (quirk, messages, behaviour) in cases {
        let count = messages.len();
        let server = Server::start(messages, behaviour).unwrap();
        let outcome = at(&server, &["--json"], "tanstaaf").exits(0);
        assert!(quirks(&findings(&outcome)).contains(quirk), "{quirk}: {}", outcome.text());
        assert_eq!((server.count("RETR"), server.count("DELE")), (0, 0), "{:?}", server.log());
        assert_eq!(server.maildrop().len(), count);
    }
}

#[test]
fn promises_are_held_against_the_policy() {
    let lines = ["USER", "UIDL", "TOP", "LOGIN-DELAY 600", "EXPIRE 7"].map(|line| line.as_bytes().to_vec());
    let behaviour = Behaviour { capa: Capa::Lines(lines.to_vec()), ..Behaviour::default() };
    let server = Server::start(letters(1), behaviour).unwrap();
    let all = findings(&at(&server, &["--json"], "tanstaaf").exits(0));
    assert_eq!(about(&all, "login-delay")[0]["seconds"], 600);
    assert_eq!(
        (&about(&all, "expire")[0]["days"], &about(&all, "expire")[0]["verdict"]),
        (&7.into(), &"warning".into())
    );
}

#[test]
fn each_step_that_fails_has_its_exit_code() {
    let home = Home::new();
    let check = |server: &str| {
        let args = ["check", "--tls", "none", "--timeout", "1s", "--server", server];
        Pop3::new(&home).args(args).env("POP3_PASSWORD", "x").run()
    };
    check("pop3://me@host.invalid").exits(68);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    check(&format!("pop3://me@{closed}")).exits(69);
    let silent = Server::start(letters(1), Behaviour::default().with_fault(Fault::stall_at("STAT"))).unwrap();
    let outcome = check(&format!("pop3://demo@{}", silent.addr()));
    assert_eq!(outcome.code, 77, "the password of this case is wrong: {}", outcome.text());
    at(&silent, &[], "tanstaaf").exits(75);
}

/// A check of an account that delivers there.
fn delivering_to(home: &Home, server: &Server, destination: &str) -> Outcome {
    let text = format!(
        "[account.work]\nserver = \"pop3://demo@{}\"\ntls = \"none\"\npassword-command = \"echo tanstaaf\"\n\
         deliver = \"{destination}\"\n",
        server.addr()
    );
    home.configure(&text);
    Pop3::new(home).args(["check", "--json"]).run()
}

#[test]
fn the_destination_is_looked_at_and_not_touched() {
    let server = Server::start(letters(1), Behaviour::default()).unwrap();
    let home = Home::new();
    std::fs::write(home.join("file"), "").unwrap();
    std::fs::create_dir_all(home.join("things/of/others")).unwrap();
    for (destination, code, verdict) in [
        ("maildir:~/new", 0, "ok"),
        ("mbox:~/new", 0, "ok"),
        ("mbox:~/file", 0, "ok"),
        ("command:cat >> all", 0, "ok"),
        ("maildir:~/file", 73, "failed"),
        ("maildir:~/things", 73, "failed"),
        ("mbox:~/things", 73, "failed"),
        ("command:no-such-program-at-all -x", 73, "failed"),
    ] {
        let all = findings(&delivering_to(&home, &server, destination).exits(code));
        assert_eq!(about(&all, "destination")[0]["verdict"], verdict, "{destination}: {all:#?}");
        assert_eq!(about(&all, "config").len(), usize::from(code == 0), "only what works is suggested");
    }
    assert!(!home.join("new").exists() && !home.join(".local").exists(), "a check writes nothing");
}

#[test]
fn an_mbox_that_is_locked_just_now_is_a_warning() {
    let server = Server::start(letters(1), Behaviour::default()).unwrap();
    let home = Home::new();
    std::fs::write(home.join("mb"), "").unwrap();
    let is_warned = || {
        let all = findings(&delivering_to(&home, &server, "mbox:~/mb").exits(0));
        about(&all, "destination").iter().any(|finding| finding["verdict"] == "warning")
    };
    assert!(!is_warned());
    let dot_lock = home.write("mb.lock", "1:elsewhere.example\n", 0o644);
    assert!(is_warned());
    std::fs::remove_file(dot_lock).unwrap();
    let mbox = std::fs::OpenOptions::new().write(true).open(home.join("mb")).unwrap();
    rustix::fs::fcntl_lock(&mbox, rustix::fs::FlockOperation::LockExclusive).unwrap();
    assert!(is_warned());
    drop(mbox);
    assert!(!is_warned());
}

/// What a terminal of that width shows, with its colours.
fn on_a_terminal(home: &Home, columns: &str, args: &[&str], password: &str) -> String {
    let terminal = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/screen.py");
    let run = Pop3::under(home, &["python3", terminal, columns, "40"]).args(["check"]).args(args);
    run.env("TERM", "xterm-256color").env("POP3_PASSWORD", password).run().text().replace("\r\n", "\n")
}

/// The text without the escape sequences of colours.
fn uncolored(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap().to_owned();
    first + &parts.map(|part| part.split_once('m').unwrap().1).collect::<String>()
}

#[test]
fn on_a_terminal_verdicts_have_their_colours_and_words_are_wrapped_under_their_column() {
    let (maildrop, home) = (dovecot::maildrop(), Home::new());
    let pin = fingerprint(&maildrop.server.certificates);
    let good = ["--server", &maildrop.tls_url(), "--pin", &pin];
    let bad = ["--server", &maildrop.tls_url()];
    let plain = maildrop.flags(Line::Plain);
    let plain: Vec<&str> = plain.iter().map(|arg| arg.as_str()).collect();
    for (columns, width) in [("60", 60), ("100", 100)] {
        let shown =
            [&good[..], &bad, &plain].map(|args| on_a_terminal(&home, columns, args, maildrop.password()));
        for (shown, verdict) in [
            (&shown[0], "\x1b[32mok\x1b[0m       "),
            (&shown[1], "\x1b[1m\x1b[31mfailed\x1b[0m   "),
            (&shown[2], "\x1b[1m\x1b[33mwarning\x1b[0m  "),
            (&shown[2], "\x1b[36mnote\x1b[0m     "),
        ] {
            assert!(shown.contains(verdict), "{verdict:?}: {}", shown.escape_debug());
        }
        for shown in &shown {
            let report = uncolored(shown);
            let report = report.split("\n\n# for config.toml").next().unwrap();
            let column = " ".repeat(23);
            for line in report.lines() {
                // A digest is wider than 60 columns: it is not broken.
                let is_one_word = !line.trim().contains(' ');
                assert!(line.chars().count() <= width || is_one_word, "{width}: {line:?}\n{report}");
            }
            assert!(report.contains(&format!("\n{column}")), "something is wrapped: {report}");
            // No word is broken: the capabilities come from the server as they stand here.
            for word in ["AUTH-RESP-CODE,", "sign-in:", "RESP-CODES,"] {
                let lines = report.lines().any(|line| line.split_whitespace().any(|one| one == word));
                assert!(lines || shown.contains("failed"), "{width}: no {word} in\n{report}");
            }
        }
        assert!(uncolored(&shown[0]).contains(&pin), "the pin can be copied: {}", shown[0]);
    }
}

#[test]
fn in_a_pipe_the_columns_are_tabs_and_nothing_is_coloured_or_wrapped() {
    let server = Server::start(letters(1), Behaviour::default()).unwrap();
    let text = at(&server, &[], "tanstaaf").exits(0).text();
    assert!(!text.contains('\x1b'), "{}", text.escape_debug());
    assert!(text.contains("\nwarning\ttls\tthe connection is not encrypted\n\t\thint: "), "{text}");
    assert!(!text.contains("the line"), "{text}");
}

/// An account of that name with this password.
fn account(name: &str, server: &Server, more: &str) -> String {
    format!(
        "[account.{name}]\nserver = \"pop3://demo@{}\"\ntls = \"none\"\nmaildrop = \"{name}\"\n{more}\n",
        server.addr()
    )
}

#[test]
fn several_accounts_have_a_heading_each_and_the_exit_status_of_the_worst() {
    let server = Server::start(letters(1), Behaviour::default()).unwrap();
    let home = Home::new();
    let right = "password-command = \"echo tanstaaf\"";
    let all = [
        account("one", &server, right),
        account("two", &server, "password-command = \"echo wrong\""),
        "[account.three]\nuser = \"me\"\n".to_owned(),
        account("off", &server, &format!("{right}\nenabled = false")),
    ];
    home.configure(&format!("default-account = \"one\"\n{}", all.concat()));
    let check = |args: &[&str]| Pop3::new(&home).args(["check"]).args(args).run();
    let outcome = check(&["--all"]).exits(77).says("one: it works, with");
    let text = outcome.text();
    let at = |heading: &str| text.find(heading).unwrap_or_else(|| panic!("no {heading:?} in {text}"));
    let headings = [at("account one\n"), at("\n\naccount two\n"), at("\n\naccount three\n")];
    assert!(headings[0] == 0 && headings.is_sorted(), "{text}");
    assert!(text[headings[2]..].contains("failed\tconfig\t"), "{text}");
    assert!(!text.contains("account off\n"), "{text}");

    check(&["-a", "one", "-a", "off"]).exits(0).says("off: it works");
    check(&["-a", "one", "-a", "three"]).exits(78);
    assert!(!check(&[]).exits(0).text().contains("account one\n"), "one needs no heading");
    let findings = findings(&check(&["--all", "--json"]).exits(77));
    for name in ["one", "two", "three"] {
        assert!(findings.iter().any(|finding| finding["account"] == name), "{name}: {findings:#?}");
    }
    assert!(findings.iter().all(|finding| finding["account"].is_string()), "{findings:#?}");
    check(&["--all", "-a", "one"]).exits(64);
}

#[test]
fn the_suggested_account_keeps_the_source_of_the_password_and_shows_no_password() {
    let server = Server::start(letters(1), Behaviour::default()).unwrap();
    let home = Home::new();
    home.write("holds it", "tanstaaf\n", 0o600);
    let file = home.join("holds it").display().to_string();
    for (source, suggested) in [
        ("password-command = \"cat ~/'holds it'\"", "\npassword-command = \"cat ~/'holds it'\"\n".to_owned()),
        ("password-file = \"~/holds it\"", format!("\npassword-file = \"{file}\"\n")),
        ("password-command = \"echo tanstaaf\"", "\n# and its password: ".to_owned()),
        ("password = \"tanstaaf\"", "\n# and its password: ".to_owned()),
    ] {
        home.configure(&account(
            "work",
            &server,
            &format!("{source}\nmax-size = \"50M\"\ntimeout = \"120s\"\n"),
        ));
        let report = Pop3::new(&home).args(["check"]).run().exits(0).text();
        assert!(report.contains(&suggested), "{source}: {report}");
        assert!(!report.contains("tanstaaf"), "{source}: {report}");
        assert!(report.contains("max-size = \"50M\"\n") && report.contains("timeout = \"2m\"\n"), "{report}");
    }
}
