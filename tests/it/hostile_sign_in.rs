//! Servers that make signing in hard: the exit code tells what can be done, and mail is untouched.

use crate::support::certificates::Certificates;
use crate::support::pop3::{Home, Pop3};
use crate::support::scripted::{Answer, Scripted};
use crate::support::stage::{STORES, Stage, Store, letters};
use pop3::server::{Apop, Behaviour, Capa, Fault, InitialResponse, Message, Sasl, Server, Tls};
use std::time::Duration;

/// A server whose first session gets `verdict` at the end of its sign-in.
#[track_caller]
fn is_turned_away(verdict: &str, hangs_up: bool, code: i32) {
    let behaviour = Behaviour {
        verdict: Some(verdict.as_bytes().to_vec()),
        hangs_up_when_refused: hangs_up,
        ..Behaviour::default()
    };
    let stage = Stage::new(Store::Maildir, letters(2), behaviour);
    stage.fetch(&["--keep", "none"]).exits(code);
    assert_eq!(stage.server.sessions(), 1, "{verdict}: turned away once is enough");
    stage.holds([]);
    stage.ends_well(&letters(2));
}

#[test]
fn the_servers_reason_decides_the_exit_code() {
    for hangs_up in [false, true] {
        is_turned_away("-ERR [IN-USE] locked", hangs_up, 75);
        is_turned_away("-ERR [LOGIN-DELAY 60] too soon", hangs_up, 75);
        is_turned_away("-ERR [SYS/TEMP] come back", hangs_up, 75);
        is_turned_away("-ERR [SYS/PERM] never", hangs_up, 69);
        is_turned_away("-ERR [AUTH] no", hangs_up, 77);
        is_turned_away("-ERR no", hangs_up, 77);
        is_turned_away("-ERR maildrop lock busy, try later", hangs_up, 75);
        is_turned_away("-ERR Exceeded the login limit for a 15 minute period", hangs_up, 75);
        is_turned_away("+ERR no", hangs_up, 76);
    }
}

/// `pass-closes`: nothing says that the password is wrong.
#[test]
fn a_server_that_closes_the_connection_at_the_password_is_not_said_to_refuse_it() {
    let behaviour = Behaviour::ancient().with_fault(Fault::hang_up_at("PASS"));
    let stage = Stage::new(Store::Maildir, letters(2), behaviour);
    let outcome = stage.fetch(&["--keep", "none"]).exits(69);
    outcome.says_not("password");
    assert_eq!(stage.server.count("PASS"), 1, "{:?}", stage.said());
    stage.ends_well(&letters(2));
}

#[test]
fn a_greeting_that_is_a_refusal_or_none() {
    for (greeting, code) in [
        ("-ERR [SYS/TEMP] overloaded\r\n", 75),
        ("-ERR [IN-USE] busy\r\n", 75),
        ("-ERR go away\r\n", 69),
        ("220 mail ESMTP\r\n", 76),
        ("\r\n", 76),
    ] {
        let stage = Stage::new(
            Store::Maildir,
            letters(2),
            Behaviour::default().with_fault(Fault::answer("", greeting)),
        );
        stage.fetch(&["--timeout", "1s"]).exits(code);
        stage.ends_well(&letters(2));
    }
    // It may wait for our handshake, and is asked; this one does not.
    let silent = Fault::answer("", "");
    let stage = Stage::new(Store::Maildir, letters(2), Behaviour::default().with_fault(silent));
    stage.fetch(&["--timeout", "1s"]).exits(75).says("waiting for the greeting");
    stage.heal();
    stage.fetch(&[]).exits(0);
    stage.holds([1, 2]);
    let endless = "+OK ".to_owned() + &"x".repeat(1 << 20);
    let stage =
        Stage::new(Store::Maildir, letters(2), Behaviour::default().with_fault(Fault::answer("", endless)));
    stage.fetch(&["--timeout", "2s"]).exits(76);
}

#[test]
fn a_server_that_hangs_up_on_capa_is_asked_again_without() {
    for store in STORES {
        for fault in [Fault::hang_up_at("CAPA"), Fault::stall_at("CAPA")] {
            let stage = Stage::new(store, letters(2), Behaviour::default().with_fault(fault));
            stage.fetch(&["--timeout", "1s"]).exits(0);
            assert_eq!((stage.server.sessions(), stage.server.count("CAPA")), (2, 1), "{:?}", stage.said());
            stage.holds([1, 2]);
        }
    }
}

#[test]
fn a_server_without_capa_is_served_as_well() {
    for store in STORES {
        let faults = [Fault::answer("CAPA", "-ERR unknown command\r\n"), Fault::answer("CAPA", "-ERR\r\n")];
        for fault in faults {
            let stage = Stage::new(store, letters(2), Behaviour::default().with_fault(fault));
            stage.fetch(&[]).exits(0);
            stage.fetch(&[]).exits(0);
            assert_eq!(stage.server.count("RETR"), 2);
            stage.ends_well(&letters(2));
        }
    }
}

#[test]
fn capabilities_that_never_end_are_76() {
    let lines = vec![b"X-MORE".to_vec(); 100_000];
    let stage = Stage::new(
        Store::Maildir,
        letters(2),
        Behaviour { capa: Capa::Lines(lines), ..Behaviour::default() },
    );
    stage.fetch(&[]).exits(76);
    stage.ends_well(&letters(2));
}

#[test]
fn capabilities_that_drip_are_given_up_after_one_timeout() {
    const DRIP: [&str; 80] = {
        let mut pieces = ["X-MORE\r\n"; 80];
        (pieces[0], pieces[79]) = ("+OK\r\nSASL PLAIN\r\n", ".\r\n");
        pieces
    };
    let server = Scripted::start("+OK ready\r\n", |line| match line {
        "CAPA" => Answer::InPieces(&DRIP),
        "STAT" => Answer::Say("+OK 0 0\r\n"),
        _ => Answer::Say("+OK\r\n"),
    });
    let home = Home::new();
    let stat = Pop3::new(&home).args(["stat", "--tls", "none", "--timeout", "1s", "--server"]);
    stat.args([format!("pop3://me@{}", server.address)]).env("POP3_PASSWORD", "tanstaaf").run().exits(0);
    let heard = server.heard();
    assert_eq!(&heard[..2], ["CAPA", "USER me"], "served like one that has no CAPA");
}

#[test]
fn odd_sign_ins_succeed() {
    let odd = [
        Behaviour {
            initial_response: InitialResponse::Required,
            mechanisms: vec![Sasl::Plain, Sasl::Login],
            ..Behaviour::default()
        },
        Behaviour { apop: Apop::Absent, mechanisms: Vec::new(), ..Behaviour::default() },
        Behaviour { greeting: b"<not@all <x> > hello".to_vec(), ..Behaviour::default() },
        Behaviour { greeting: b"\xff\xfe\x00 8-bit".to_vec(), ..Behaviour::default() },
        Behaviour::default().with_fault(Fault::delay_at("CAPA", Duration::from_millis(200))),
    ];
    for behaviour in odd {
        let stage = Stage::new(Store::Maildir, letters(2), behaviour.clone());
        stage.fetch(&[]).exits(0);
        stage.holds([1, 2]);
        let user = Behaviour {
            user: b"j\xc3\xbcrgen".to_vec(),
            password: b"p\xc3\xa4ss \\w%".to_vec(),
            ..behaviour
        };
        stage.server.set_behaviour(user);
        stage.server.edit(|maildrop| *maildrop = Vec::<Message>::new());
        stage.pop3("stat").args(["--user", "jürgen"]).env("POP3_PASSWORD", "päss \\w%").run().exits(0);
    }
}

#[test]
fn a_server_that_goes_silent_in_the_sign_in_is_75() {
    for command in ["AUTH", "STAT"] {
        let stage =
            Stage::new(Store::Maildir, letters(2), Behaviour::default().with_fault(Fault::stall_at(command)));
        stage.fetch(&["--timeout", "1s"]).exits(75);
        stage.ends_well(&letters(2));
    }
}

/// What a client with that password says of AUTH, APOP, USER and PASS, and its exit code, at a server that
/// announces these mechanisms and has set up PLAIN and CRAM-MD5.
fn attempts(sasl: &str, tls: bool, mechanism: &str, password: &str) -> (Vec<String>, i32) {
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates::make(folder.path());
    let lines = ["UIDL".to_owned(), format!("SASL {sasl}")].map(String::into_bytes).to_vec();
    let behaviour = Behaviour {
        capa: Capa::Lines(lines),
        apop: Apop::Absent,
        mechanisms: vec![Sasl::Plain, Sasl::CramMd5],
        tls: if tls { Tls::Implicit(certificates.identity()) } else { Tls::None },
        ..Behaviour::default()
    };
    let server = Server::start([], behaviour).unwrap();
    let (scheme, how, trust) = match tls {
        true => ("pop3s", "--ca-file", certificates.authority.display().to_string()),
        false => ("pop3", "--tls", "none".to_owned()),
    };
    let outcome = Pop3::new(&Home::new())
        .args(["stat", "--auth", mechanism, how, &trust, "--server"])
        .args([format!("{scheme}://demo@{}", server.addr())])
        .env("POP3_PASSWORD", password)
        .run();
    let said = server.log().into_iter().filter_map(|line| {
        let mut words = line.split(' ').map(str::to_owned);
        let verb = words.next()?;
        ["AUTH", "APOP", "USER", "PASS"].contains(&verb.as_str()).then(|| words.next()).flatten()
    });
    (said.collect(), outcome.code)
}

#[test]
fn a_mechanism_that_is_announced_and_not_set_up_is_followed_by_the_next_under_tls_alone() {
    let sasl = "SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 PLAIN";
    // One refused PLUS is enough to know that the server means another kind.
    let all = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN"].map(str::to_owned).to_vec();
    assert_eq!(attempts(sasl, true, "auto", "tanstaaf"), (all.clone(), 0));
    assert_eq!(attempts(sasl, true, "auto", "wrong"), (all, 77));
    assert_eq!(attempts(sasl, false, "auto", "tanstaaf"), (vec!["SCRAM-SHA-256".to_owned()], 77));
    let named = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"].map(str::to_owned).to_vec();
    assert_eq!(attempts(sasl, true, "scram-sha-256", "tanstaaf"), (named, 77));
    assert_eq!(
        attempts(sasl, true, "scram-sha-1-plus", "tanstaaf"),
        (vec!["SCRAM-SHA-1-PLUS".to_owned()], 77)
    );
}

#[test]
fn a_password_that_was_judged_is_not_tried_in_another_way() {
    let expected = (vec!["CRAM-MD5".to_owned()], 77);
    assert_eq!(attempts("CRAM-MD5 PLAIN LOGIN", true, "auto", "wrong"), expected);
    assert_eq!(attempts("CRAM-MD5 PLAIN LOGIN", false, "auto", "wrong"), expected);
}
