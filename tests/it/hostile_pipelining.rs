//! Servers that announce PIPELINING and break on it: the fetch goes on one command at a time, in a new
//! session, and nothing is lost or doubled.

use super::support::stage::{STORES, Stage, at_once, letters};
use pop3::server::{Behaviour, Capa, Fault, Pipelining};

/// Announces it, and empties its input before each reply, so that only the first of a burst is heard.
fn deaf_to_bursts() -> Behaviour {
    let lines = ["USER", "UIDL", "TOP", "PIPELINING"].map(|line| line.as_bytes().to_vec());
    Behaviour { capa: Capa::Lines(lines.into()), pipelining: Pipelining::Lost, ..Behaviour::default() }
}

#[test]
fn a_server_that_hears_only_the_first_of_a_burst_is_asked_one_at_a_time() {
    at_once(STORES, |store| {
        let stage = Stage::new(store, letters(12), deaf_to_bursts());
        let outcome = stage.fetching(&["--keep", "none", "--timeout", "1s"]).run().exits(0);
        outcome.says("one command at a time");
        assert_eq!(stage.server.sessions(), 2);
        assert_eq!(stage.server.maildrop().len(), 0);
        stage.holds(1..=12);
    });
}

#[test]
fn a_server_that_hangs_up_on_a_burst_of_retrieves_is_asked_again_in_lock_step() {
    at_once(STORES, |store| {
        let hangs_up = Behaviour {
            faulty_sessions: Some(1),
            ..Behaviour::default().with_fault(Fault::hang_up_at("RETR 7"))
        };
        let stage = Stage::new(store, letters(12), hangs_up);
        stage.fetching(&["--keep", "none"]).run().exits(0).says("one command at a time");
        assert_eq!((stage.server.sessions(), stage.server.maildrop().len()), (2, 0));
        stage.holds(1..=12);
        assert!(stage.server.complaints().is_empty(), "{:?}", stage.server.complaints());
    });
}

/// The answers behind the one that never comes belong to other commands than it seems.
#[test]
fn a_retrieve_that_is_lost_in_mid_burst_gives_no_message_another_ones_text() {
    for lost in ["RETR 1", "RETR 3", "RETR 6"] {
        at_once(STORES, |store| {
            let deaf_once = Behaviour {
                faulty_sessions: Some(1),
                ..Behaviour::default().with_fault(Fault::answer(lost, ""))
            };
            let stage = Stage::new(store, letters(6), deaf_once);
            stage
                .fetching(&["--keep", "none", "--timeout", "1s"])
                .run()
                .exits(0)
                .says("one command at a time");
            assert_eq!((stage.server.sessions(), stage.server.maildrop().len()), (2, 0), "{lost}");
            stage.holds(1..=6);
        });
    }
}

#[test]
fn pipelining_that_is_switched_off_sends_nothing_ahead() {
    let stage = Stage::new(STORES[0], letters(5), deaf_to_bursts());
    stage.fetching(&["--timeout", "2s"]).env("POP3_PIPELINING", "off").run().exits(0);
    assert_eq!(stage.server.sessions(), 1);
    stage.holds(1..=5);
}
