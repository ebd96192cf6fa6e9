//! Servers that are slow for ever.

use crate::support::odd::catalogue::{Odd, Which, on_verb, poison_silent, retr_drips, uidl_drips};
use crate::support::odd::{Account, Step, at_both, letters};
use crate::support::pop3::{Outcome, Running};
use crate::support::stage::at_once;
use std::time::{Duration, Instant};

/// Between two pieces of an answer.
const DRIP: Duration = Duration::from_millis(800);
/// What a machine that is busy may add to a time.
const SLACK: Duration = Duration::from_secs(1);

/// Waits for its end, at most so long; it is killed otherwise.
fn ended_within(mut running: Running, limit: Duration, name: &str) -> Outcome {
    let began = Instant::now();
    while running.is_alive() {
        assert!(began.elapsed() < limit, "{name}: still running after {limit:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
    running.wait()
}

/// `uidl-drip`.
#[test]
fn a_listing_that_never_ends_is_given_up() {
    at_both(|has_pipelining| {
        let account = Account::new("uidl-drip", letters(3), has_pipelining, uidl_drips(DRIP));
        let outcome = ended_within(account.fetching().start(), Duration::from_secs(20), &account.name);
        assert!([69, 75, 76].contains(&outcome.code), "{outcome:?}\n{}", account.told(&[]));
        account.keeps_the_promise(&outcome.stderr);
        account.ends_well();
    });
}

/// One SIGTERM while the server drips or is silent: an end within ten seconds, and nothing lost by it.
fn ends_on_a_signal(name: &str, waits_for: &str, oddity: impl Fn(bool) -> Odd + Sync) {
    let cases = [true, false].map(|drips| [(drips, true), (drips, false)]);
    at_once(cases.into_iter().flatten(), |(drips, has_pipelining)| {
        let name = format!("{name}, {}", if drips { "drips" } else { "silent" });
        let mut account = Account::new(&name, letters(4), has_pipelining, oddity(drips));
        account.timeout = "60s";
        let mut running = account.fetching().start();
        let patience = Instant::now() + Duration::from_secs(30);
        while account.server.count(waits_for) == 0 {
            assert!(running.is_alive() && Instant::now() < patience, "{}", account.server.told());
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(600)); // it is waiting for the answer by now
        running.signal("TERM");
        let outcome = ended_within(running, Duration::from_secs(10) + SLACK, &name);
        assert_ne!(outcome.code, 0, "{name}: {outcome:?}");
        account.keeps_the_promise(&outcome.stderr);
        account.ends_well();
    });
}

/// `term-listing`.
#[test]
fn sigterm_ends_a_run_whose_listing_does_not_end() {
    ends_on_a_signal("term-listing", "UIDL", |drips| match drips {
        true => uidl_drips(DRIP),
        false => on_verb("UIDL", vec![Step::say("+OK\r\n1 uid0001\r\n"), Step::Silence]),
    });
}

/// `term-message`.
#[test]
fn sigterm_ends_a_run_whose_message_does_not_end() {
    ends_on_a_signal("term-message", "RETR 2", |drips| match drips {
        true => retr_drips(Which::Only(2), DRIP),
        false => poison_silent(Which::Only(2)),
    });
}
