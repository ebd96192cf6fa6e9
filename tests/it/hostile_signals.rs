//! Ctrl-C, SIGTERM, and a reader that goes away.

use crate::support::pop3::Running;
use crate::support::stage::{STORES, Stage, Store, at_once, letters, padded};
use pop3::server::{Behaviour, Fault, Pipelining};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A run that has asked for the second of three messages, which takes a while.
fn in_flight(store: Store, keep: &str) -> (Stage, Running) {
    let slow = Fault::delay_at("RETR 2", Duration::from_millis(600));
    let pipelining = Pipelining::Unannounced;
    let stage =
        Stage::new(store, letters(3), Behaviour { pipelining, ..Behaviour::default() }.with_fault(slow));
    let running = stage.fetching(&["--keep", keep]).start();
    wait_for(&stage, "RETR 2");
    (stage, running)
}

fn wait_for(stage: &Stage, command: &str) {
    let patience = Instant::now() + Duration::from_secs(20);
    while stage.server.count(command) == 0 {
        assert!(Instant::now() < patience, "no {command}: {:?}", stage.said());
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn the_first_signal_finishes_what_is_in_flight_and_quits_properly() {
    for store in STORES {
        for signal in ["INT", "TERM"] {
            let (stage, running) = in_flight(store, "none");
            running.signal(signal);
            let stopped = running.wait().exits(if signal == "INT" { 130 } else { 143 }).says("interrupted");
            stopped.says("run the same command to go on");
            stage.holds([1, 2]);
            assert_eq!(stage.server.count("RETR"), 2, "{:?}", stage.said());
            assert_eq!(stage.said().last().map(String::as_str), Some("QUIT"));
            assert_eq!(stage.server.maildrop().len(), 1, "what is delivered is deleted as ever");
            stage.ends_well(&letters(3));
            assert_eq!(stage.server.count("RETR"), 3);
        }
    }
}

#[test]
fn as_the_first_process_of_a_container_it_finishes_what_is_in_flight() {
    let slow = Fault::delay_at("RETR 2", Duration::from_millis(600));
    let pipelining = Pipelining::Unannounced;
    let stage = Stage::new(
        Store::Maildir,
        letters(3),
        Behaviour { pipelining, ..Behaviour::default() }.with_fault(slow),
    );
    let wrapper = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
    let running = stage.pop3_under(&wrapper, "fetch").args(["--to", "maildir:in", "--keep", "none"]).start();
    wait_for(&stage, "RETR 2");
    let id = running.id();
    let first = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    crate::support::tool(std::process::Command::new("kill").args(["-s", "TERM", first.trim()]));
    running.wait().exits(143);
    stage.holds([1, 2]);
    assert_eq!(stage.server.maildrop().len(), 1, "what is deleted is what was delivered");
    stage.ends_well(&letters(3));
}

#[test]
fn what_was_asked_ahead_is_in_flight_too() {
    for store in STORES {
        let slow = Fault::delay_at("RETR 2", Duration::from_millis(300));
        let stage = Stage::new(store, letters(1200), Behaviour::default().with_fault(slow));
        let running = stage.fetching(&["--keep", "none"]).start();
        wait_for(&stage, "RETR 2");
        running.signal("INT");
        running.wait().exits(130).says("interrupted");
        let there = stage.read().len();
        assert!(
            there < 1200 && there == stage.server.count("RETR"),
            "{there} of {}",
            stage.server.count("RETR")
        );
        assert_eq!(stage.server.maildrop().len(), 1200 - there);
        stage.ends_well(&letters(1200));
    }
}

#[test]
fn the_second_signal_ends_it_at_once() {
    for store in STORES {
        for (signal, code) in [("INT", 130), ("TERM", 143)] {
            let stalled = Behaviour::default().with_fault(Fault::stall_in(2, 100));
            let stage = Stage::new(store, letters(3), stalled);
            let mut running = stage.fetching(&["--keep", "none"]).start();
            wait_for(&stage, "RETR 2");
            running.signal(signal);
            std::thread::sleep(Duration::from_millis(150));
            assert!(running.is_alive(), "the message in flight is waited for");
            let begun = Instant::now();
            running.signal(signal);
            running.wait().exits(code);
            assert!(begun.elapsed() < Duration::from_secs(2));
            assert_eq!((stage.server.count("DELE"), stage.server.maildrop().len()), (0, 3));
            stage.ends_well(&letters(3));
        }
    }
}

/// A text of just the declared octets is whole by itself; the one that is coming in is dropped.
#[test]
fn the_second_signal_keeps_what_is_proven_and_says_what_was_done() {
    at_once([Pipelining::Announced, Pipelining::Unannounced], |pipelining| {
        for store in STORES {
            let all = [padded(1, 100), padded(2, 300), padded(3, 500), padded(4, 700)];
            let stalled =
                Behaviour { pipelining, ..Behaviour::default() }.with_fault(Fault::stall_in(3, 100));
            let stage = Stage::new(store, all.clone(), stalled);
            let running = stage.fetching(&["--keep", "none", "-v"]).start();
            wait_for(&stage, "RETR 3");
            std::thread::sleep(Duration::from_millis(300));
            running.signal("TERM");
            std::thread::sleep(Duration::from_millis(300));
            let begun = Instant::now();
            running.signal("TERM");
            let outcome = running.wait().exits(143).says("stopping: ").says("2 messages fetched into the m");
            assert!(begun.elapsed() < Duration::from_secs(2), "{outcome:?}");
            stage.holds_messages(&all[..2]);
            let left = std::fs::read_dir(stage.home.join("in/tmp")).map_or(0, |entries| entries.count());
            assert_eq!((left, stage.server.count("DELE")), (0, 0), "{outcome:?}");
            stage.ends_well(&all);
        }
    });
}

/// Five seconds of a silent server are waited for; then the run ends as if by a second signal.
#[test]
fn a_silent_server_holds_up_the_first_signal_for_some_seconds_only() {
    at_once([Pipelining::Announced, Pipelining::Unannounced], |pipelining| {
        let stalled = Behaviour { pipelining, ..Behaviour::default() }.with_fault(Fault::stall_in(2, 100));
        let stage = Stage::new(Store::Maildir, letters(3), stalled);
        let running = stage.fetching(&["--keep", "none"]).start();
        wait_for(&stage, "RETR 2");
        let begun = Instant::now();
        running.signal("INT");
        running.wait().exits(130).says("stopping: ");
        let took = begun.elapsed();
        assert!(took > Duration::from_secs(3) && took < Duration::from_secs(9), "{took:?}");
        stage.ends_well(&letters(3));
    });
}

#[test]
fn a_signal_before_anything_is_in_flight_ends_it_at_once() {
    let stage =
        Stage::new(Store::Maildir, letters(3), Behaviour::default().with_fault(Fault::stall_at("CAPA")));
    let running = stage.fetching(&[]).start();
    wait_for(&stage, "CAPA");
    let begun = Instant::now();
    running.signal("INT");
    running.wait().exits(130);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    stage.ends_well(&letters(3));
}

#[test]
fn a_signal_during_the_deletions_loses_none_of_them() {
    for store in STORES {
        let slow = Fault::delay_at("DELE 2", Duration::from_millis(300));
        let stage = Stage::new(store, letters(3), Behaviour::default().with_fault(slow));
        let running = stage.fetching(&["--keep", "none"]).start();
        wait_for(&stage, "DELE 2");
        running.signal("INT");
        let code = running.wait().code;
        assert!(code == 0 || code == 130, "{code}");
        assert_eq!(stage.said().last().map(String::as_str), Some("QUIT"));
        stage.holds(1..=3);
        stage.ends_well(&letters(3));
        assert_eq!(stage.server.count("RETR"), 3);
    }
}

#[test]
fn a_kill_at_any_moment_loses_nothing_and_repeats_nothing() {
    for store in STORES {
        let moments = ["RETR 1", "RETR 3", "UIDL 3", "DELE 1", "DELE 3", "QUIT"];
        for moment in moments {
            let slow = Fault::delay_at(moment, Duration::from_millis(60));
            let stage = Stage::new(store, letters(3), Behaviour::default().with_fault(slow));
            let running = stage.fetching(&["--keep", "none"]).start();
            wait_for(&stage, moment);
            drop(running); // kill -9
            stage.ends_well(&letters(3));
        }
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_trouble() {
    let stage = Stage::new(Store::Maildir, letters(400), Behaviour::default());
    for command in [&["list"][..], &["uidl"], &["retr", "1-400"], &["list", "--json"]] {
        let outcome = stage.pop3(command[0]);
        let outcome = outcome.args(&command[1..]).reading_only(100).run().exits(0);
        assert!(outcome.stderr.is_empty() && outcome.stdout.len() == 100, "{command:?}: {outcome:?}");
    }
}

#[test]
fn no_further_message_is_written_to_a_folder_after_the_first_signal() {
    at_once([("INT", 130), ("TERM", 143)], |(signal, code)| {
        for options in [&[][..], &["--json"]] {
            let slow = Fault::delay_at("RETR 2", Duration::from_millis(600));
            let stage = Stage::new(Store::Maildir, letters(5), Behaviour::default().with_fault(slow));
            let running = stage.pop3("retr").args(["all", "-o", "out/"]).args(options).start();
            wait_for(&stage, "RETR 2");
            running.signal(signal);
            let outcome = running.wait().exits(code).says("interrupted: 2 of 5 messages written");
            if let [_, ..] = options {
                let talk = outcome.talk();
                let error = talk.last().unwrap();
                assert_eq!((&error["kind"], &error["exit"]), (&"interrupted".into(), &code.into()));
            }
            for (number, is_there) in [(1, true), (2, true), (3, false)] {
                assert_eq!(stage.home.join(&format!("out/{number}.eml")).exists(), is_there, "{number}");
            }
            assert_eq!(stage.server.count("RETR"), 2, "{:?}", stage.said());
            assert_eq!(stage.said().last().map(String::as_str), Some("QUIT"));
        }
    });
}

/// A device, a pipe and standard output have what was written already: there is nothing to put in order.
#[test]
fn messages_on_their_way_into_a_stream_end_at_the_first_signal() {
    at_once([("INT", 130), ("TERM", 143)], |(signal, code)| {
        for output in [&[][..], &["-o", "fifo"]] {
            let stalled = Behaviour::default().with_fault(Fault::stall_in(2, 100));
            let stage = Stage::new(Store::Maildir, letters(3), stalled);
            let fifo = stage.home.join("fifo");
            crate::support::tool(Command::new("mkfifo").arg(&fifo));
            // Without our outputs: if it stays, nobody waits for them.
            let mut reader = Command::new("cat");
            let reader = reader.arg(&fifo).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
            let running = stage.pop3("retr").args(["all"]).args(output).start();
            wait_for(&stage, "RETR 2");
            let begun = Instant::now();
            running.signal(signal);
            running.wait().exits(code);
            assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
            let mut reader = reader.unwrap();
            reader.kill().and_then(|()| reader.wait()).unwrap();
        }
    });
}

/// It is an error of the session then, and no outcome of the command.
#[test]
fn sigterm_while_a_silent_server_is_waited_for_is_143_too_and_so_is_the_exit_of_the_object() {
    at_once([("INT", 130), ("TERM", 143)], |(signal, code)| {
        let stalled = Behaviour::default().with_fault(Fault::stall_in(2, 100));
        let stage = Stage::new(Store::Maildir, letters(3), stalled);
        let running = stage.pop3("retr").args(["all", "-o", "out/", "--json"]).start();
        wait_for(&stage, "RETR 2");
        std::thread::sleep(Duration::from_millis(100));
        running.signal(signal);
        let outcome = running.wait().exits(code).says("interrupted: 1 of 3 messages written");
        assert_eq!(outcome.talk().last().unwrap()["exit"], code, "{outcome:?}");
    });
}

#[test]
fn a_message_that_is_being_written_to_a_file_leaves_nothing_of_it() {
    let stage =
        Stage::new(Store::Maildir, letters(1), Behaviour::default().with_fault(Fault::stall_in(1, 100)));
    std::fs::create_dir(stage.home.join("out")).unwrap();
    let running = stage.pop3("retr").args(["1", "-o", "out/one"]).start();
    wait_for(&stage, "RETR 1");
    std::thread::sleep(Duration::from_millis(100));
    running.signal("INT");
    running.signal("INT");
    running.wait().exits(130);
    assert_eq!(std::fs::read_dir(stage.home.join("out")).unwrap().count(), 0);
}
