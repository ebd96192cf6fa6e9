//! The binary against such a server, run after run; after each, what may never happen is looked for.

use super::mail::Mail;
use super::{OddServer, Oddity, PASSWORD, USER, destination};
use crate::support::pop3::{Home, Outcome, Pop3};
use crate::support::stage::at_once;
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Plays a test with PIPELINING announced and without, side by side.
pub(crate) fn at_both(play: impl Fn(bool) + Sync) {
    at_once([true, false], play);
}

/// A user's home, a server, and how `fetch` is called.
pub(crate) struct Account {
    pub(crate) home: Home,
    pub(crate) server: OddServer,
    /// DEST for `--to`.
    pub(crate) to: String,
    pub(crate) keep: &'static str,
    pub(crate) timeout: &'static str,
    /// From the start of a run to the start of the next one, at least.
    pub(crate) apart: Duration,
    /// For failures, and for the line that says how many runs it took.
    pub(crate) name: String,
    /// What was done to it so far, for failures.
    pub(crate) history: String,
}

/// How a run ended, and which message-numbers the messages had before it, by their own numbers.
pub(crate) struct Run {
    pub(crate) outcome: Outcome,
    numbers: BTreeMap<u32, usize>,
}

impl Run {
    /// Whether it speaks of that message, by unique-id or message-number.
    pub(crate) fn names(&self, mail: u32) -> bool {
        let number = self.numbers.get(&mail).map(|number| format!("message {number}"));
        let has_number = |words: String| {
            let mut after = self.outcome.stderr.match_indices(&words).map(|(at, found)| at + found.len());
            after.any(|end| !self.outcome.stderr[end..].starts_with(|next: char| next.is_ascii_digit()))
        };
        self.outcome.stderr.contains(&format!("uid{mail:04}")) || number.is_some_and(has_number)
    }
}

impl Account {
    /// An account that delivers into a Maildir and keeps nothing on the server.
    pub(crate) fn new(
        name: &str,
        mails: impl IntoIterator<Item = Mail>,
        has_pipelining: bool,
        oddity: impl Oddity + 'static,
    ) -> Account {
        let ahead = if has_pipelining { "PIPELINING" } else { "lock-step" };
        Account {
            home: Home::new(),
            server: OddServer::start(mails, has_pipelining, oddity),
            to: "maildir:in".into(),
            keep: "none",
            timeout: "2s",
            apart: Duration::ZERO,
            name: format!("{name}, {ahead}"),
            history: String::new(),
        }
    }

    pub(crate) fn keeping(self, keep: &'static str) -> Account {
        Account { keep, ..self }
    }

    pub(crate) fn into(self, to: &str) -> Account {
        Account { to: to.to_owned(), ..self }
    }

    pub(crate) fn apart(self, milliseconds: u64) -> Account {
        Account { apart: Duration::from_millis(milliseconds), ..self }
    }

    /// The binary at this server.
    pub(crate) fn pop3(&self, command: &str) -> Pop3 {
        let url = format!("pop3://{USER}@{}", self.server.address());
        Pop3::new(&self.home)
            .args([command, "--server", &url, "--tls", "none"])
            .env("POP3_PASSWORD", PASSWORD)
            .env("POP3_TIMEOUT", self.timeout)
    }

    /// `fetch`, ready to run.
    pub(crate) fn fetching(&self) -> Pop3 {
        self.pop3("fetch").args(["--to", &self.to, "--keep", self.keep])
    }

    /// One run of `fetch`; nothing may be lost, repeated or torn after it.
    #[track_caller]
    pub(crate) fn fetch(&self) -> Run {
        let mails = self.server.mails();
        let numbers = mails.iter().enumerate().map(|(at, mail)| (mail.number, at + 1)).collect();
        let outcome = self.fetching().run();
        self.keeps_the_promise(&outcome.stderr);
        Run { outcome, numbers }
    }

    /// Tries again, now, what failed before. What it says is not looked at: the next `fetch` tells.
    pub(crate) fn retry(&self) {
        self.pop3("problems").args(["--retry", "all", "--to", &self.to]).run();
    }

    /// Runs it until the goal is reached, at most so often; fails otherwise.
    #[track_caller]
    pub(crate) fn within(&self, runs: usize, goal: impl Fn(&[Run]) -> bool) -> Vec<Run> {
        let mut done = Vec::new();
        while done.len() < runs {
            let began = Instant::now();
            done.push(self.fetch());
            if goal(&done) {
                self.tell(done.len());
                return done;
            }
            if done.len() < runs {
                std::thread::sleep(self.apart.saturating_sub(began.elapsed()));
            }
        }
        panic!("not within {runs} runs: {}", self.told(&done));
    }

    /// Says how many runs it took.
    #[allow(clippy::print_stdout, reason = "shown with --nocapture: the figures for a table")]
    pub(crate) fn tell(&self, runs: usize) {
        println!("runs: {}: {runs}", self.name);
    }

    /// Runs it until these are delivered, and gone from the server.
    #[track_caller]
    pub(crate) fn brings(&self, runs: usize, numbers: impl IntoIterator<Item = u32>) -> Vec<Run> {
        let numbers: Vec<u32> = numbers.into_iter().collect();
        self.within(runs, |_| self.has_all(&numbers) && numbers.iter().all(|one| !self.server.has(*one)))
    }

    /// Runs it so often, whatever happens.
    #[track_caller]
    pub(crate) fn runs(&self, count: usize) -> Vec<Run> {
        (0..count).map(|_| self.fetch()).collect()
    }

    /// Whether these are all delivered.
    pub(crate) fn has_all(&self, numbers: &[u32]) -> bool {
        let counts = self.counts();
        numbers.iter().all(|number| counts.contains_key(number))
    }

    /// How often each message is delivered; fails where one stands there that is none of the server's.
    #[track_caller]
    pub(crate) fn counts(&self) -> BTreeMap<u32, usize> {
        let (counts, torn) = self.sorted();
        let torn: Vec<String> = torn
            .iter()
            .map(|found| format!("{:?}", found[..found.len().min(600)].escape_ascii().to_string()))
            .collect();
        assert!(torn.is_empty(), "torn or strange: {}\n{}", torn.join("\n"), self.told(&[]));
        counts
    }

    /// How often each message is delivered, and what else stands there.
    fn sorted(&self) -> (BTreeMap<u32, usize>, Vec<Vec<u8>>) {
        let known: BTreeMap<Vec<u8>, u32> =
            self.server.known().iter().map(|mail| (mail.delivered(), mail.number)).collect();
        let (mut counts, mut torn) = (BTreeMap::new(), Vec::new());
        for found in destination::read(&self.to, &self.home.join("in")) {
            match known.get(&found) {
                Some(number) => *counts.entry(*number).or_default() += 1,
                None => torn.push(found),
            }
        }
        (counts, torn)
    }

    /// Nothing torn or repeated is delivered, and nothing is deleted that was not delivered.
    #[track_caller]
    pub(crate) fn keeps_the_promise(&self, stderr: &str) {
        self.counts();
        self.loses_nothing(0, stderr);
    }

    /// Nothing is deleted that was not delivered, and at most so many messages came once too often.
    #[track_caller]
    pub(crate) fn loses_nothing(&self, repeated: usize, stderr: &str) {
        // The maildrop first: what is deleted meanwhile was delivered before.
        let on_server: Vec<u32> = self.server.mails().iter().map(|mail| mail.number).collect();
        let (counts, _) = self.sorted();
        let too_often: usize = counts.values().map(|count| count - 1).sum();
        assert!(too_often <= repeated, "repeated: {counts:?}\n{stderr}\n{}", self.told(&[]));
        for mail in self.server.known() {
            let is_somewhere = counts.contains_key(&mail.number) || on_server.contains(&mail.number);
            assert!(is_somewhere, "{} is lost\n{stderr}\n{}", mail.unique_id, self.told(&[]));
        }
    }

    /// That message is neither delivered nor deleted.
    #[track_caller]
    pub(crate) fn still_waits(&self, number: u32) {
        let counts = self.counts();
        let waits = !counts.contains_key(&number) && self.server.has(number);
        assert!(waits, "{number} does not wait: {}", self.told(&[]));
    }

    /// Some run failed and named that message.
    #[track_caller]
    pub(crate) fn is_named(&self, number: u32, runs: &[Run]) {
        let is_told = runs.iter().any(|run| run.outcome.code != 0 && run.names(number));
        assert!(is_told, "{number} is passed over in silence: {}", self.told(runs));
    }

    /// The server is mended: a few runs, and tries of what failed before, bring everything, once.
    #[track_caller]
    pub(crate) fn ends_well(&self) {
        self.server.mend();
        self.comes_to_its_end();
        self.keeps_the_promise("");
    }

    /// A few runs, and tries of what failed before, bring everything and empty the maildrop; how many it took.
    #[track_caller]
    pub(crate) fn comes_to_its_end(&self) -> usize {
        let all: Vec<u32> = self.server.known().iter().map(|mail| mail.number).collect();
        let is_done = || self.has_all(&all) && (self.keep != "none" || self.server.mails().is_empty());
        let mut runs = Vec::new();
        for count in 1..=6 {
            // A pause that the server asked for before is not honoured: it is mended.
            let at_once = has_now(&self.home).then_some("--now");
            let outcome = self.fetching().args(at_once).run();
            runs.push(Run { outcome, numbers: BTreeMap::new() });
            if is_done() && runs.last().is_some_and(|run| run.outcome.code == 0) {
                return count;
            }
            self.retry();
            std::thread::sleep(Duration::from_millis(300));
        }
        panic!("it does not come to its end: {}", self.told(&runs));
    }

    /// All that helps to understand a failure.
    pub(crate) fn told(&self, runs: &[Run]) -> String {
        let ended: Vec<String> = runs
            .iter()
            .enumerate()
            .map(|(at, run)| format!("run {}: exit {}\n{}", at + 1, run.outcome.code, run.outcome.stderr))
            .collect();
        let left: Vec<String> = self.server.mails().into_iter().map(|mail| mail.unique_id).collect();
        let (counts, _) = self.sorted();
        format!(
            "{}\ndelivered: {counts:?}, left: {left:?}\n{}\n{}\n{}",
            self.name,
            self.history,
            ended.join("\n"),
            self.server.told()
        )
    }
}

/// Whether `fetch` knows `--now`.
fn has_now(home: &Home) -> bool {
    static HAS_NOW: OnceLock<bool> = OnceLock::new();
    *HAS_NOW.get_or_init(|| Pop3::new(home).args(["fetch", "--help"]).run().text().contains("--now"))
}
