//! The commands that look, on servers that break when more is asked of them than they need be: the second
//! session asks one thing after the other.

use crate::support::stage::{STORES, Stage, at_once, letters};
use pop3::server::{Behaviour, Capa, Fault, Pipelining};

fn announced(lines: &[&str]) -> Capa {
    Capa::Lines(lines.iter().map(|line| line.as_bytes().to_vec()).collect())
}

/// Announces PIPELINING and empties its input before each reply.
fn swallows_what_is_sent_ahead() -> Behaviour {
    let capa = announced(&["USER", "UIDL", "TOP", "PIPELINING"]);
    Behaviour { capa, pipelining: Pipelining::Lost, ..Behaviour::default() }
}

/// Closes the connection at a UIDL, in the first session.
fn closes_once_at_uidl() -> Behaviour {
    let capa = announced(&["USER", "UIDL", "TOP", "PIPELINING"]);
    Behaviour { capa, faulty_sessions: Some(1), ..Behaviour::default().with(Fault::hang_up_at("UIDL")) }
}

#[test]
fn looking_works_where_what_is_sent_ahead_breaks_the_session() {
    let commands: &[&[&str]] = &[&["list"], &["list", "uid:nobody"], &["uidl"], &["check"]];
    at_once(0..commands.len() * 2, |turn| {
        let (command, behaviour) = match turn % 2 {
            0 => (commands[turn / 2], swallows_what_is_sent_ahead()),
            _ => (commands[turn / 2], closes_once_at_uidl()),
        };
        let stage = Stage::new(STORES[0], letters(3), behaviour);
        let outcome = stage.pop3(command[0]).args(&command[1..]).args(["--timeout", "1s"]).run();
        match command {
            ["list", _] => outcome.exits(66),
            _ => outcome.exits(0),
        };
        assert_eq!(stage.server.sessions(), 2, "{command:?}");
    });
}
