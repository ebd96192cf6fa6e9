//! A clock that is wrong: no message is deleted for an age that it cannot have.

use crate::support::stage::{STORES, Stage, letters};
use pop3::server::Behaviour;

/// Runs the program with its clock set so: faketime's own notation.
fn fetch_at(stage: &Stage, clock: &str) {
    let wrapper = ["faketime", "--exclude-monotonic", "-f", clock];
    let run = stage.pop3_under(&wrapper, "fetch").args(["--to", "maildir:in", "--keep", "14d"]);
    run.env("TZ", "UTC").env("NO_FAKE_STAT", "1").run().exits(0);
}

/// Case 6.1: a machine without a battery for its clock, before it has asked for the time.
#[test]
fn what_was_first_seen_in_1970_is_not_two_weeks_old_today() {
    let stage = Stage::new(STORES[0], letters(2), Behaviour::default());
    for clock in ["@1970-01-01 00:01:00", "+0d", "+2d"] {
        fetch_at(&stage, clock);
        let left = stage.server.maildrop().len();
        assert_eq!((stage.server.count("DELE"), left), (0, 2), "{clock}: {:?}", stage.said());
    }
    stage.holds(1..=2);
}

/// The clock being right, the age counts: else the test above could not fail.
#[test]
fn what_was_first_seen_two_weeks_ago_goes() {
    let stage = Stage::new(STORES[0], letters(2), Behaviour::default());
    for (clock, left) in [("+0d", 2), ("+13d", 2), ("+15d", 0)] {
        fetch_at(&stage, clock);
        assert_eq!(stage.server.maildrop().len(), left, "{clock}: {:?}", stage.said());
    }
    stage.holds(1..=2);
}
