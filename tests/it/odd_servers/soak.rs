//! A server that picks its oddity at random for each run, while mail arrives and some runs are killed.
//!
//! Afterwards the server follows the rules, and a few runs bring everything. Which oddities there were is
//! decided by a seed, which a failure names with the run's history. `POP3_TEST_EXHAUSTIVE=1` takes more seeds.

#![allow(clippy::print_stdout, reason = "tells how many runs it took")]

use super::sessions::collecting;
use crate::kill::is_exhaustive;
use crate::support::odd::catalogue::{self, Which};
use crate::support::odd::{Account, Mail};
use crate::support::stage::at_once;
use std::time::Duration;

/// How many runs there are with a server that is odd.
const RUNS: usize = 30;
/// One run of so many is killed.
const KILLED: u64 = 8;

/// Numbers that look random (xorshift).
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Random {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        (0..8).for_each(|_| _ = random.below(2));
        random
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}

fn letter(number: u32) -> Mail {
    match number % 8 {
        0 => Mail::utf8(number),
        _ if Which::OneInFour.has(number) => Mail::dotted(number),
        // Some have the same size, some have one of their own.
        1 | 3 => Mail::new(number, ""),
        _ => Mail::new(number, &"z\n".repeat(number as usize)),
    }
}

/// What is delivered into, and how many repetitions a kill may cost there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Into {
    Maildir,
    Mbox,
    Command,
}

impl Into {
    fn flag(self) -> String {
        match self {
            Into::Maildir => "maildir:in".into(),
            Into::Mbox => "mbox:in".into(),
            // A program whose input ends too soon, since its caller was killed, does not take it for a message.
            Into::Command => collecting("tail -n 2 part.$$ | grep -q '^end of'"),
        }
    }

    fn repeated(self, kills: usize) -> usize {
        if self == Into::Command { kills } else { 0 }
    }
}

/// Oddities at random for one seed; the seed also says what is kept, and whether PIPELINING is announced.
fn soak(into: Into, seed: u64) {
    let mut random = Random::new(seed);
    let (keep, has_pipelining) = (["none", "all"][(seed % 2) as usize], (seed / 2).is_multiple_of(2));
    let name = format!("soak {into:?}, keep {keep}, seed {seed}");
    let mut account = Account::new(&name, (1..=4).map(letter), has_pipelining, catalogue::healthy())
        .keeping(keep)
        .into(&into.flag());
    account.timeout = "1s";
    let mut kills = 0;
    for run in 1..=RUNS {
        for _ in 0..random.below(3) {
            account.server.add(letter(account.server.known().len() as u32 + 1));
        }
        let mut all = catalogue::all();
        let (oddity, behaves) = all.swap_remove(random.below(all.len() as u64) as usize);
        account.server.become_odd(behaves);
        let kill_after = (random.below(KILLED) == 0).then(|| Duration::from_millis(random.below(300)));
        let running = account.fetching().start();
        if let Some(time) = kill_after {
            std::thread::sleep(time);
            drop(running);
            kills += 1;
            account.history += &format!("run {run}: {oddity}, killed after {time:?}\n");
            continue;
        }
        let outcome = running.wait();
        account.history += &format!("run {run}: {oddity}, exit {}\n", outcome.code);
        // A killed run may leave part of a message in an mbox until a run settles it.
        if into != Into::Mbox || kills == 0 {
            account.counts();
        }
        account.loses_nothing(into.repeated(kills), &outcome.stderr);
    }
    let before = account.server.known().len() - account.server.mails().len();
    account.server.mend();
    let more = account.comes_to_its_end();
    account.counts();
    account.loses_nothing(into.repeated(kills), "");
    let unfinished = std::fs::read_dir(account.home.join("in/tmp")).map_or(0, Iterator::count);
    assert_eq!(unfinished, 0, "files are left in tmp/: {}", account.told(&[]));
    let all = account.server.known().len();
    println!(
        "runs: {}: {RUNS} odd ones with {kills} kills ({before} of {all} gone), {more} good ones",
        account.name
    );
}

fn soaks(into: Into) {
    let seeds: Vec<u64> = (1..=if is_exhaustive() { 32 } else { 4 }).collect();
    for some in seeds.chunks(4) {
        at_once(some.iter().copied(), |seed| soak(into, seed + 100 * into as u64));
    }
}

#[test]
fn nothing_is_lost_or_repeated_in_a_maildir_whatever_the_server_does() {
    soaks(Into::Maildir);
}

#[test]
fn nothing_is_lost_or_repeated_in_an_mbox_whatever_the_server_does() {
    soaks(Into::Mbox);
}

#[test]
fn nothing_is_lost_by_a_command_and_repeated_at_most_once_a_kill_whatever_the_server_does() {
    soaks(Into::Command);
}
