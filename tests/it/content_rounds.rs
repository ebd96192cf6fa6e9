//! Deliveries that each have an effect of their own: what one message's turn has done is not done again, and a
//! signal or a lock does not have to wait for a whole round.

use crate::support::delivered::times;
use crate::support::stage::{STORES, Stage, Store, letters};
use pop3::server::Behaviour;
use std::fs;
use std::time::{Duration, Instant};

/// How often each of the letters 1 to `count` stands in what the command wrote.
fn counts(stage: &Stage, count: u32) -> Vec<usize> {
    let out = fs::read(stage.home.join("out")).unwrap_or_default();
    (1..=count).map(|number| times(&out, number)).collect()
}

/// Waits until the command has written that many messages.
fn wait_for(stage: &Stage, count: u32, wanted: usize) {
    let until = Instant::now() + Duration::from_secs(60);
    while counts(stage, count).iter().sum::<usize>() < wanted {
        assert!(Instant::now() < until, "{:?}, {:?}", counts(stage, count), stage.said());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Fails unless every message was delivered, and one of them at most twice.
#[track_caller]
fn all_came_and_one_at_most_twice(stage: &Stage, count: u32) {
    let counts = counts(stage, count);
    let (missing, sum) = (counts.contains(&0), counts.iter().sum::<usize>());
    assert!(!missing && sum <= count as usize + 1, "{counts:?}: {:?}", stage.said());
}

/// Case 5.1.
#[test]
fn a_kill_repeats_one_message_of_a_command_at_most() {
    let stage = Stage::new(STORES[0], letters(20), Behaviour::default());
    let fetch = || {
        let command = "command:grep ^Message-ID >> out; sleep 0.15";
        stage.pop3("fetch").args(["--keep", "none", "--to", command])
    };
    let running = fetch().start();
    wait_for(&stage, 20, 12);
    drop(running); // kill -9
    fetch().run().exits(0);
    all_came_and_one_at_most_twice(&stage, 20);
    assert_eq!(stage.server.maildrop().len(), 0);
}

/// Case 5.2.
#[test]
fn a_signal_waits_for_the_message_in_hand_and_not_for_the_round() {
    let stage = Stage::new(STORES[0], letters(16), Behaviour::default());
    let fetch = || stage.pop3("fetch").args(["--to", "command:grep ^Message-ID >> out; sleep $(cat pause)"]);
    fs::write(stage.home.join("pause"), "1").unwrap();
    let running = fetch().start();
    wait_for(&stage, 16, 1);
    let asked = Instant::now();
    running.signal("TERM");
    let outcome = running.wait();
    assert!(asked.elapsed() < Duration::from_secs(7), "it took {:?}: {outcome:?}", asked.elapsed());
    assert_ne!(outcome.code, 0, "{outcome:?}");
    assert!(counts(&stage, 16).iter().sum::<usize>() < 16);
    fs::write(stage.home.join("pause"), "0").unwrap();
    fetch().run().exits(0);
    all_came_and_one_at_most_twice(&stage, 16);
}

/// Case 5.3. The lock is one of another host: nobody here can say whether its owner lives.
#[test]
fn a_locked_mbox_costs_one_wait_and_one_session_and_nothing_is_retrieved_twice() {
    /// What `pop3` waits for a lock.
    const ONE_WAIT: Duration = Duration::from_secs(30);
    let stage = Stage::new(Store::Mbox, letters(5), Behaviour::default());
    let mbox = stage.home.join("in");
    fs::write(&mbox, "").unwrap();
    let lock = stage.home.write("in.lock", "4242:another.example\n", 0o644);
    let begun = Instant::now();
    stage.fetch(&["--keep", "none"]).exits(75).says("lock");
    assert!(begun.elapsed() < ONE_WAIT + ONE_WAIT / 2, "it waited more than once: {:?}", begun.elapsed());
    assert!(stage.server.sessions() <= 1, "{} sessions: {:?}", stage.server.sessions(), stage.said());
    for number in 1..=5 {
        assert!(stage.server.count(&format!("RETR {number}")) <= 1, "{:?}", stage.said());
    }
    assert_eq!((fs::read(&mbox).unwrap().len(), stage.server.maildrop().len()), (0, 5));
    fs::remove_file(lock).unwrap();
    stage.fetch(&["--keep", "none"]).exits(0);
    stage.holds(1..=5);
    assert_eq!(stage.server.maildrop().len(), 0);
}
