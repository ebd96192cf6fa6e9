//! Servers that are odd in one way in one run and in another way in the next, while mail arrives all the time.

use crate::support::odd::catalogue::{
    Odd, UidlN, Which, capa_after, cut_then_err, in_use, maildrop_is_empty, on_quit, pipelining_cut,
    poison_cut, poison_empty, poison_late_err, poison_reset, refused, round_trip, session_cut, uidl_empty,
    uidl_n, unstuffed,
};
use crate::support::odd::{Account, Mail, Step, at_both};
use std::time::{Duration, Instant};

/// How many runs there are.
const RUNS: u32 = 30;
/// What has been there for so many runs has come by then, where nothing is wrong with it.
const SOON: u32 = 10;
/// The first maildrop.
const FIRST: u32 = 6;

/// From one run to the next, where the maildrop is in use for a while after a lost connection.
const BUSY: Duration = Duration::from_millis(150);

const SOME: Which = Which::OneInFour;

fn letter(number: u32) -> Mail {
    match SOME.has(number) {
        true => Mail::dotted(number),
        false => Mail::new(number, &"y\n".repeat(number as usize)),
    }
}

/// In odd runs the one, in even runs the other, a new message before each.
fn in_turn(name: &str, one: impl Fn() -> Odd + Sync, other: impl Fn() -> Odd + Sync) {
    in_turn_apart(name, Duration::ZERO, one, other);
}

fn in_turn_apart(name: &str, apart: Duration, one: impl Fn() -> Odd + Sync, other: impl Fn() -> Odd + Sync) {
    at_both(|has_pipelining| {
        let mut account =
            Account::new(&format!("in turn: {name}"), (1..=FIRST).map(letter), has_pipelining, one());
        account.timeout = "1s";
        let mut runs = Vec::new();
        for run in 1..=RUNS {
            let began = Instant::now();
            account.server.become_odd(if run % 2 == 1 { one() } else { other() });
            account.server.add(letter(FIRST + run));
            runs.push(account.fetch());
            std::thread::sleep(apart.saturating_sub(began.elapsed()));
        }
        let soon: Vec<u32> = (1..=FIRST + RUNS - SOON).filter(|number| !SOME.has(*number)).collect();
        assert!(account.has_all(&soon), "something good does not come: {}", account.told(&runs));
        let left: Vec<&u32> = soon.iter().filter(|number| account.server.has(**number)).collect();
        assert!(left.is_empty(), "{left:?} is not deleted: {}", account.told(&runs));
        account.server.mend();
        let more = account.comes_to_its_end();
        account.keeps_the_promise("");
        account.tell(RUNS as usize + more);
    });
}

#[test]
fn a_bad_message_and_sessions_that_are_cut_in_turn() {
    in_turn("poison-cut, session-cut", || poison_cut(SOME), || session_cut(3));
}

#[test]
fn a_cut_text_with_a_proper_end_and_a_lost_end_of_session_in_turn() {
    let cut = || {
        let parts = vec![cut_then_err(SOME, Duration::from_millis(5)), round_trip(15)];
        Box::new(parts) as Odd
    };
    in_turn("cut-then-err, quit-closes", cut, || on_quit(vec![Step::Close]));
}

#[test]
fn broken_pipelining_and_errors_in_place_of_a_text_in_turn() {
    in_turn("pipelining-cut, poison-late-err", pipelining_cut, || poison_late_err(SOME));
}

#[test]
fn a_question_misunderstood_and_dots_not_doubled_in_turn() {
    in_turn("uidl-n-listing, poison-unstuffed", || uidl_n(UidlN::Listing), || unstuffed(SOME));
}

#[test]
fn resets_in_a_message_and_an_empty_listing_in_turn() {
    in_turn("poison-reset, uidl-empty", || poison_reset(SOME), uidl_empty);
}

#[test]
fn an_empty_maildrop_and_empty_messages_in_turn() {
    in_turn("maildrop-empty, poison-empty", maildrop_is_empty, || poison_empty(SOME));
}

#[test]
fn capabilities_that_end_the_session_and_refused_messages_in_turn() {
    let refuses = || refused(SOME, "-ERR [SYS/TEMP] try later\r\n");
    in_turn("capa-after, refused", || capa_after(vec![Step::Close]), refuses);
}

#[test]
fn a_maildrop_in_use_after_a_lost_connection_and_a_question_misunderstood_in_turn() {
    let busy = || Box::new(vec![session_cut(4), in_use(BUSY)]) as Odd;
    in_turn_apart("session-cut with IN-USE, uidl-n-bare", BUSY * 2, busy, || uidl_n(UidlN::Bare));
}
