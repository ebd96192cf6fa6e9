//! Deletions and QUIT that go wrong: nothing is downloaded again, and what is delivered gets deleted.

use crate::support::stage::{STORES, Stage, at_once, letter, letters};
use pop3::server::{Behaviour, Farewell, FarewellReply, Fault};

fn farewell(removes: bool, reply: FarewellReply) -> Behaviour {
    Behaviour { farewell: Farewell { removes, reply }, ..Behaviour::default() }
}

/// After a `--keep none` that ended so, the next one deletes what is still there without a download.
fn is_deleted_by_the_next_run(behaviour: &Behaviour, code: i32) {
    at_once(STORES, |store| {
        let stage = Stage::new(store, letters(3), behaviour.clone());
        stage.fetch(&["--keep", "none", "--timeout", "1s"]).exits(code);
        stage.holds(1..=3);
        stage.heal();
        let left = stage.server.maildrop().len();
        let (retrieved, deleted) = (stage.server.count("RETR"), stage.server.count("DELE"));
        stage.fetch(&["--keep", "none"]).exits(0);
        assert_eq!(stage.server.count("RETR"), retrieved, "{:?}", stage.said());
        assert_eq!(stage.server.count("DELE") - deleted, left, "{:?}", stage.said());
        assert_eq!(stage.server.maildrop().len(), 0);
        stage.holds(1..=3);
    });
}

#[test]
fn quit_answered_with_err() {
    is_deleted_by_the_next_run(&farewell(false, FarewellReply::Err), 69);
    is_deleted_by_the_next_run(&farewell(true, FarewellReply::Err), 69);
}

#[test]
fn quit_never_answered() {
    // Where it removes them all the same, the second session of the run sees that they are gone.
    at_once([(false, 75), (true, 0)], |(removes, code)| {
        is_deleted_by_the_next_run(&farewell(removes, FarewellReply::Stall), code)
    });
}

#[test]
fn quit_answered_by_hanging_up() {
    is_deleted_by_the_next_run(&farewell(false, FarewellReply::HangUp), 69);
    is_deleted_by_the_next_run(&farewell(true, FarewellReply::HangUp), 0);
}

#[test]
fn quit_answered_with_what_is_no_reply() {
    is_deleted_by_the_next_run(&Behaviour::default().with_fault(Fault::answer("QUIT", "+ERR\r\n")), 76);
}

#[test]
fn the_line_lost_between_two_deletions() {
    at_once(["DELE 1", "DELE 2", "DELE 3", "QUIT"], |command| {
        // The one deletion that breaks each session is left out; QUIT cannot be.
        let code = if command == "QUIT" { 69 } else { 75 };
        is_deleted_by_the_next_run(&Behaviour::default().with_fault(Fault::hang_up_at(command)), code);
        is_deleted_by_the_next_run(&Behaviour::default().with_fault(Fault::stall_at(command)), 75);
    });
}

#[test]
fn one_deletion_refused_stops_no_other() {
    let behaviour = Behaviour::default().with_fault(Fault::answer("DELE 2", "-ERR not that one\r\n"));
    for store in STORES {
        let stage = Stage::new(store, letters(3), behaviour.clone());
        stage.fetch(&["--keep", "none"]).exits(75);
        assert_eq!(stage.server.maildrop().len(), 1);
        stage.holds(1..=3);
        stage.fetch(&["--keep", "none"]).exits(0);
        assert_eq!((stage.server.count("RETR"), stage.server.maildrop().len()), (3, 0), "{:?}", stage.said());
    }
    is_deleted_by_the_next_run(&behaviour, 75);
}

#[test]
fn a_server_that_says_ok_and_removes_nothing() {
    is_deleted_by_the_next_run(&farewell(false, FarewellReply::Ok), 0);
}

#[test]
fn deleted_mail_that_comes_back_is_not_fetched_again() {
    for store in STORES {
        let stage = Stage::new(store, letters(3), Behaviour::default());
        stage.fetch(&["--keep", "none"]).exits(0);
        assert_eq!(stage.server.maildrop().len(), 0);
        for _ in 0..2 {
            stage.server.bring_back();
            assert_eq!(stage.server.maildrop().len(), 3);
            stage.fetch(&[]).exits(0);
            assert_eq!(stage.server.maildrop().len(), 3, "--keep all deletes nothing");
            stage.fetch(&["--keep", "none"]).exits(0);
            assert_eq!(stage.server.maildrop().len(), 0, "deleted again");
            // An empty maildrop between: its complete listing lacks them all.
            stage.fetch(&[]).exits(0);
            assert_eq!(stage.server.count("RETR"), 3, "{:?}", stage.said());
            stage.holds(1..=3);
        }
    }
}

#[test]
fn a_server_that_deletes_what_was_retrieved_is_no_surprise() {
    for store in STORES {
        let stage = Stage::new(store, letters(3), Behaviour { pops: true, ..Behaviour::default() });
        for _ in 0..2 {
            stage.fetch(&[]).exits(0);
            stage.holds(1..=3);
        }
        assert_eq!((stage.server.maildrop().len(), stage.server.count("DELE")), (0, 0));
    }
}

#[test]
fn without_unique_ids_a_lost_quit_brings_nothing_twice() {
    let behaviour = Behaviour { uidl: false, ..farewell(false, FarewellReply::HangUp) };
    for store in STORES {
        let stage = Stage::new(store, letters(3), behaviour.clone());
        stage.fetch(&["--keep", "none", "--timeout", "1s"]).exits(69);
        stage.server.set_behaviour(Behaviour { uidl: false, ..Behaviour::default() });
        stage.fetch(&["--keep", "none"]).exits(0);
        assert_eq!((stage.server.count("RETR"), stage.server.maildrop().len()), (3, 0), "{:?}", stage.said());
        stage.holds(1..=3);
    }
}

#[test]
fn without_unique_ids_and_top_a_lost_quit_brings_nothing_twice() {
    // Two of them are the very same message: two they stay.
    let all = [letter(1), letter(1), letter(2)];
    for reply in [FarewellReply::HangUp, FarewellReply::Err, FarewellReply::Stall] {
        let behaviour = Behaviour { farewell: Farewell { removes: false, reply }, ..Behaviour::ancient() };
        for store in STORES {
            let stage = Stage::new(store, all.clone(), behaviour.clone());
            stage.fetch(&["--keep", "none", "--timeout", "1s"]);
            stage.server.set_behaviour(Behaviour::ancient());
            stage.fetch(&["--keep", "none"]).exits(0);
            assert_eq!(stage.server.maildrop().len(), 0);
            stage.holds_messages(&all);
        }
    }
}
