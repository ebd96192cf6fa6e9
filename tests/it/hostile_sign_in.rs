//! Servers that make signing in hard: the exit code tells what can be done, and mail is untouched.

use crate::support::stage::{STORES, Stage, Store, letters};
use pop3::server::{Apop, Behaviour, Capa, Fault, InitialResponse, Message, Sasl};
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

#[test]
fn a_greeting_that_is_a_refusal_or_none() {
    for (greeting, code) in [
        ("-ERR [SYS/TEMP] overloaded\r\n", 75),
        ("-ERR [IN-USE] busy\r\n", 75),
        ("-ERR go away\r\n", 69),
        ("220 mail ESMTP\r\n", 76),
        ("\r\n", 76),
        ("", 75),
    ] {
        let stage =
            Stage::new(Store::Maildir, letters(2), Behaviour::default().with(Fault::answer("", greeting)));
        stage.fetch(&["--timeout", "1s"]).exits(code);
        stage.ends_well(&letters(2));
    }
    let endless = "+OK ".to_owned() + &"x".repeat(1 << 20);
    let stage = Stage::new(Store::Maildir, letters(2), Behaviour::default().with(Fault::answer("", endless)));
    stage.fetch(&["--timeout", "2s"]).exits(76);
}

#[test]
fn a_server_that_hangs_up_on_capa_is_asked_again_without() {
    for store in STORES {
        for fault in [Fault::hang_up_at("CAPA"), Fault::stall_at("CAPA")] {
            let stage = Stage::new(store, letters(2), Behaviour::default().with(fault));
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
            let stage = Stage::new(store, letters(2), Behaviour::default().with(fault));
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
        Behaviour::default().with(Fault::delay_at("CAPA", Duration::from_millis(200))),
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
        stage.pop3("stat").args(["--user", "jürgen"]).env("POP3_PASSWORD", "päss \\w%").run();
    }
}

#[test]
fn a_server_that_goes_silent_in_the_sign_in_is_75() {
    for command in ["AUTH", "STAT"] {
        let stage =
            Stage::new(Store::Maildir, letters(2), Behaviour::default().with(Fault::stall_at(command)));
        stage.fetch(&["--timeout", "1s"]).exits(75);
        stage.ends_well(&letters(2));
    }
}
