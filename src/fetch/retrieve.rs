//! The network's part of a run: retrieves messages in rounds and hands them to the committer.
//!
//! Within a round RETRs are sent ahead; at its end every one of them has its answer. Only that
//! proves that the server lost none and that each answer was the one to its command: a server that
//! announces PIPELINING and drops a command would else have one message's text recorded under the
//! next one's unique-id. A server that does not byte-stuff ends a message early, and what follows may
//! look like replies: where every message has just the octets it was listed with, none ended early.
//! Servers often list wrong sizes, though, and where messages are to be deleted nothing is good enough
//! but certainty: then a round ends with the question for its last message's unique-id, an answer that
//! no text can foresee. What is not proven is dropped, undone, and fetched again.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use super::commit::{Committer, Fact, Round, Sent};
use super::event::Event;
use super::plan::{Action, Listed, Reason, Step};
use super::results::Results;
use super::survey::unique_id_of;
use super::{Job, Progress};
use crate::error::{Error, Kind, Result};
use crate::identity::Identifier;
use crate::session::{Ahead, Session, Transaction, Window};
use crate::store::{Batch, Limits, Store};

/// After so many messages of a round, or so many octets, what has come is flushed.
const PART_MESSAGES: usize = 500;
const PART_OCTETS: u64 = 4 << 20;

/// A handful of files is flushed one by one at the end: a part's flush is the whole file system's, and may
/// wait for what others write there.
const PART_AT_LEAST: usize = 8;

/// A round ends after so long, so that a lost line costs little.
const LONGEST: Duration = Duration::from_secs(2);

/// Retrieves `wanted`, and has everything committed that is proven. What ended it early stands in
/// `progress.trouble`.
pub(super) fn all(
    job: &mut Job<'_>,
    session: &mut Session<Transaction>,
    wanted: &[&Step],
    listed: &[Listed<'_>],
    has_unique_ids: bool,
    progress: &mut Progress,
) {
    let Job { journal, store, observer, stop, .. } = job;
    // One round (and its proof) waits while one is committed and one streams in; more would only cost
    // memory.
    let (sender, rounds) = mpsc::sync_channel(2);
    let (done, results) = mpsc::channel();
    thread::scope(|scope| {
        let (store, journal) = (*store, &mut **journal);
        scope.spawn(move || Committer::new(store, journal).run(&rounds, &done));
        let results = Results::new(results, &mut **observer, progress);
        let mut line = Line { session, store, listed, has_unique_ids, sender, results };
        line.rounds(wanted, &|| stop.load(Ordering::Relaxed));
        line.finish();
    });
}

/// The thread that talks to the server.
struct Line<'a> {
    session: &'a mut Session<Transaction>,
    store: &'a dyn Store,
    listed: &'a [Listed<'a>],
    /// Whether the unique-ids are the server's own.
    has_unique_ids: bool,
    sender: SyncSender<Sent<'a>>,
    results: Results<'a>,
}

/// Whose fault a retrieval's failure is.
enum Failure {
    /// This message's, or the line's.
    Message(Error),
    /// The destination's: the next message would fail too.
    Storage(Error),
}

impl<'a> Line<'a> {
    fn rounds(&mut self, wanted: &[&Step], is_stopped: &dyn Fn() -> bool) {
        let mut rest = wanted;
        while !rest.is_empty() && self.results.progress.trouble.is_none() {
            let now = &rest[..length_of_round(rest, self.store.limits())];
            let begun = Instant::now();
            let may_go_on = || !is_stopped() && begun.elapsed() < LONGEST;
            let (round, answered) = self.round(now, &may_go_on);
            rest = &rest[answered..];
            if let Some(round) = round {
                let is_as_listed =
                    round.facts.iter().all(|fact| fact.octets == Some(fact.bytes) && !fact.then_delete);
                let last = round.facts.last().map(|fact| (fact.number, fact.unique_id));
                self.results.expect();
                self.hand_over(Sent::Round(round));
                let is_proven = is_as_listed && self.results.progress.trouble.is_none()
                    || last.is_none_or(|(number, unique_id)| self.is_in_step(number, unique_id));
                self.hand_over(Sent::Proof(is_proven));
            }
            if is_stopped() && self.results.progress.trouble.is_none() && !rest.is_empty() {
                self.results.progress.trouble = Some(interrupted());
            }
        }
    }

    /// Retrieves one round; says how many of its steps were answered. No round: what came of it is
    /// not proven.
    fn round(&mut self, steps: &[&Step], may_go_on: &dyn Fn() -> bool) -> (Option<Round<'a>>, usize) {
        let mut round = Round::new(self.store);
        let mut window = Window::new(Ahead::Retr);
        let mut asked = steps.iter().map(|step| (step.number, step.octets)).peekable();
        let mut storage_failed = false;
        let (mut answered, mut part) = (0, Part::default());
        for step in steps {
            let goes_on = (may_go_on() || answered == 0) && self.results.progress.trouble.is_none();
            let sent = if goes_on { window.fill(self.session, &mut asked) } else { Ok(()) };
            if let Err(error) = sent {
                self.results.progress.trouble = Some(error);
                return (None, answered);
            }
            if window.is_dry() {
                break;
            }
            let unique_id = unique_id_of(self.listed, step.number);
            let outcome = self.retrieve(&mut window, step, unique_id, storage_failed, &mut *round.batch);
            answered += 1;
            match outcome {
                Ok(Some(fact)) => {
                    // Where the disk is still busy the round's own flush comes soon enough.
                    let is_part = self.store.limits().early_flush && part.is_full_with(fact.bytes);
                    if is_part && answered < steps.len() && self.results.is_idle() {
                        self.results.expect();
                        self.hand_over(Sent::Part);
                    }
                    round.facts.push(fact);
                }
                Ok(None) => {}
                Err(Failure::Message(error)) if error.ends_the_session() => {
                    self.lose(&mut round, step, unique_id, error);
                    return (Some(round), answered);
                }
                Err(Failure::Message(error)) => {
                    self.results.fail(&mut round.failed, step.number, unique_id, step.octets, &error)
                }
                Err(Failure::Storage(error)) => {
                    storage_failed = true;
                    self.results.progress.is_owed = true;
                    self.results.progress.trouble.get_or_insert(error);
                }
            }
            self.results.collect();
        }
        (Some(round), answered)
    }

    /// The line is lost in the middle of a round. In lock-step all messages before this one have their
    /// own answers. With commands ahead none is proven, not even where only the last answer is missing:
    /// the server may have lost an earlier command, and each answer since be the one to the next. (Where
    /// what came was no reply, the whole round is in doubt: see [`Line::is_in_step`].)
    fn lose(&mut self, round: &mut Round<'a>, step: &Step, unique_id: Option<&'a [u8]>, error: Error) {
        if error.kind() != Kind::Protocol && self.session.pipelines() {
            round.clear(self.store);
        }
        self.results.fail(&mut round.failed, step.number, unique_id, step.octets, &error);
        self.results.progress.trouble = Some(error);
    }

    /// Reads one answer. `drops` reads and forgets it, since nothing can be stored any more.
    fn retrieve(
        &mut self,
        window: &mut Window,
        step: &Step,
        unique_id: Option<&'a [u8]>,
        drops: bool,
        batch: &mut dyn Batch,
    ) -> Result<Option<Fact<'a>>, Failure> {
        let Step { number, octets, .. } = *step;
        if drops {
            return window.receive(self.session, |_| ()).map(|_| None).map_err(Failure::Message);
        }
        self.results.observer.event(&Event::Started { number, octets, unique_id });
        let mut identifier = Identifier::new();
        let mut written = batch.begin();
        let observer = &mut *self.results.observer;
        let bytes = window
            .receive(self.session, |chunk| {
                identifier.push(chunk);
                // A full disk must not put the conversation out of step: the rest is read and dropped.
                if written.is_ok() {
                    written = batch.write(chunk);
                }
                observer.event(&Event::Received { bytes: chunk.len() as u64 });
            })
            .map_err(|error| {
                batch.abandon();
                Failure::Message(error)
            })?;
        written.and_then(|()| batch.finish()).map_err(Failure::Storage)?;
        self.results.observer.event(&Event::Fetched { number, bytes });
        let then_delete = step.action == Action::Fetch { then_delete: true };
        let unique_id = unique_id.unwrap_or_default();
        let fact = Fact { number, unique_id, octets, bytes, identity: identifier.finish(), then_delete };
        Ok(Some(fact))
    }

    /// Whether the server is where we think it is, asked by the round's last message. A line that is
    /// lost by now says nothing against messages whose ends were seen.
    fn is_in_step(&mut self, number: u32, unique_id: &[u8]) -> bool {
        if let Some(error) = self.results.progress.trouble.as_ref().filter(|error| error.ends_the_session()) {
            return error.kind() != Kind::Protocol;
        }
        let named = self.has_unique_ids.then_some(unique_id);
        match self.session.prove_step(number, named) {
            Ok(()) => true,
            Err(error) => {
                let in_step = error.kind() != Kind::Protocol;
                self.results.progress.trouble.get_or_insert(error);
                in_step
            }
        }
    }

    /// Gives a part, a round, or its proof to the committer. Where that has failed and gone, its reason is
    /// among the results.
    fn hand_over(&mut self, sent: Sent<'a>) {
        if self.sender.send(sent).is_err() {
            self.results.collect();
        }
    }

    /// Lets the committer finish, and takes the rest of what it has done.
    fn finish(self) {
        let Line { sender, mut results, .. } = self;
        drop(sender);
        results.collect_all();
    }
}

/// What of a round was not given to the disk yet.
#[derive(Default)]
struct Part {
    messages: usize,
    octets: u64,
}

impl Part {
    /// Counts one more message; `true`, and begins anew, where that makes enough.
    fn is_full_with(&mut self, octets: u64) -> bool {
        (self.messages, self.octets) = (self.messages + 1, self.octets.saturating_add(octets));
        let is_large = self.octets >= PART_OCTETS && self.messages >= PART_AT_LEAST;
        let is_full = is_large || self.messages >= PART_MESSAGES;
        if is_full {
            *self = Part::default();
        }
        is_full
    }
}

/// How many of the steps make a round: bounded in messages and octets, one at least. A message that
/// failed before is alone, so that it takes no other down with it.
fn length_of_round(steps: &[&Step], limits: Limits) -> usize {
    let mut octets = 0u64;
    let fits = |step: &&&Step| {
        octets = octets.saturating_add(step.octets.unwrap_or(0));
        octets <= limits.octets && !matches!(step.reason, Reason::FailedBefore(_))
    };
    steps.iter().take(limits.messages).take_while(fits).count().max(1)
}

fn interrupted() -> Error {
    Error::new(Kind::Interrupted, "interrupted")
        .hint("what was fetched is safe; run the same command to go on")
}
