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

/// Closes the connection at a UIDL, in so many sessions.
fn closes_at_uidl(sessions: u64) -> Behaviour {
    let capa = announced(&["USER", "UIDL", "TOP", "PIPELINING"]);
    let faulty_sessions = Some(sessions.try_into().expect("few"));
    Behaviour { capa, faulty_sessions, ..Behaviour::default().with_fault(Fault::hang_up_at("UIDL")) }
}

#[test]
fn looking_works_where_what_is_sent_ahead_breaks_the_session() {
    // With the code that it ends with, and how many connections it makes before the first session.
    let commands: [(&[&str], i32, u64); 4] =
        [(&["list"], 0, 0), (&["list", "uid:nobody"], 66, 0), (&["uidl"], 0, 0), (&["check"], 0, 1)];
    at_once(commands, |(command, code, before)| {
        for behaviour in [swallows_what_is_sent_ahead(), closes_at_uidl(before + 1)] {
            let stage = Stage::new(STORES[0], letters(3), behaviour);
            stage.pop3(command[0]).args(&command[1..]).args(["--timeout", "1s"]).run().exits(code);
            assert_eq!(stage.server.sessions() as u64, before + 2, "{command:?}");
        }
    });
}
