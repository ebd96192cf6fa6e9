//! The network's part of a run: retrieves messages in rounds and hands them to the committer.
//!
//! Within a round RETRs are sent ahead; at its end every one of them has its answer. Only that
//! proves that the server lost none and that each answer was the one to its command: a server that
//! announces PIPELINING and drops a command would else have one message's text recorded under the
//! next one's unique-id. And a round waits for one reply more, since a server that does not
//! byte-stuff ends a message early, and the rest of it is no reply. What is not proven is dropped,
//! undone, and fetched again.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use super::commit::{self, Committed, Fact, Failed, Fetched, Round, causes};
use super::event::Event;
use super::plan::{Action, Listed, Step};
use super::survey::unique_id_of;
use super::{Job, Progress};
use crate::delivery::{Delivery, Destination};
use crate::error::{Error, Kind, Result};
use crate::identity::Identifier;
use crate::session::{Ahead, Session, Transaction, Window};

/// The most messages of a round.
const MOST_MESSAGES: usize = 1000;

/// A round ends after so long, so that a lost line costs little.
const LONGEST: Duration = Duration::from_secs(2);

/// Retrieves `wanted`, and has everything committed that is proven. What ended it early stands in
/// `progress.trouble`.
pub(super) fn all<D: Destination>(
    job: &mut Job<'_, D>,
    session: &mut Session<Transaction>,
    wanted: &[&Step],
    listed: &[Listed<'_>],
    progress: &mut Progress,
) {
    let Job { journal, destination, observer, stop, .. } = job;
    // One round waits while one is committed and one streams in; more would only cost memory.
    let (sender, rounds) = mpsc::sync_channel(1);
    let (done, results) = mpsc::channel();
    thread::scope(|scope| {
        let (destination, journal) = (*destination, &mut **journal);
        scope.spawn(move || commit::rounds(destination, journal, &rounds, &done));
        let observer = &mut **observer;
        let mut line = Line { session, destination, observer, listed, progress, sender, results };
        line.rounds(wanted, &|| stop.load(Ordering::Relaxed));
        line.finish();
    });
}

/// The thread that talks to the server.
struct Line<'a, D: Destination> {
    session: &'a mut Session<Transaction>,
    destination: &'a D,
    observer: &'a mut dyn super::Observer,
    listed: &'a [Listed<'a>],
    progress: &'a mut Progress,
    sender: SyncSender<Round<D::Delivery>>,
    results: Receiver<Result<Vec<Committed>>>,
}

/// Whose fault a retrieval's failure is.
enum Failure {
    /// This message's, or the line's.
    Message(Error),
    /// The destination's: the next message would fail too.
    Storage(Error),
}

impl<D: Destination> Line<'_, D> {
    fn rounds(&mut self, wanted: &[&Step], is_stopped: &dyn Fn() -> bool) {
        // The round before, whole but for the proof that its last message has ended.
        let mut before: Option<Round<D::Delivery>> = None;
        let mut rest = wanted;
        while !rest.is_empty() && self.progress.trouble.is_none() {
            let now = &rest[..length_of_round::<D>(rest)];
            let begun = Instant::now();
            let may_go_on = || !is_stopped() && begun.elapsed() < LONGEST;
            let (round, answered) = self.round(now, &may_go_on, &mut before);
            rest = &rest[answered..];
            if let Some(before) = before.take() {
                self.hand_over(before);
            }
            before = round;
            if is_stopped() && self.progress.trouble.is_none() && !rest.is_empty() {
                self.progress.trouble = Some(interrupted());
            }
        }
        if let Some(mut before) = before {
            if !self.is_in_step() {
                self.doubt(&mut before);
            }
            self.hand_over(before);
        }
    }

    /// Retrieves one round; says how many of its steps were answered. No round: what came of it is
    /// not proven.
    fn round(
        &mut self,
        steps: &[&Step],
        may_go_on: &dyn Fn() -> bool,
        before: &mut Option<Round<D::Delivery>>,
    ) -> (Option<Round<D::Delivery>>, usize) {
        let mut round = Round::new();
        let mut window = Window::new(Ahead::Retr);
        let mut asked = steps.iter().map(|step| (step.number, step.octets)).peekable();
        let mut storage_failed = false;
        let mut answered = 0;
        for step in steps {
            let goes_on = (may_go_on() || answered == 0) && self.progress.trouble.is_none();
            let sent = if goes_on { window.fill(self.session, &mut asked) } else { Ok(()) };
            if let Err(error) = sent {
                self.progress.trouble = Some(error);
                return (None, answered);
            }
            if window.is_dry() {
                break;
            }
            let unique_id = unique_id_of(self.listed, step.number);
            let outcome = self.retrieve(&mut window, step, unique_id, storage_failed);
            answered += 1;
            let out_of_step =
                matches!(&outcome, Err(Failure::Message(error)) if error.kind() == Kind::Protocol);
            if let Some(mut before) = before.take() {
                if out_of_step {
                    self.doubt(&mut before);
                }
                self.hand_over(before);
            }
            match outcome {
                Ok(Some(fetched)) => {
                    round.bytes += fetched.fact.bytes;
                    round.fetched.push(fetched);
                }
                Ok(None) => {}
                Err(Failure::Message(error)) if error.ends_the_session() => {
                    self.lose(&mut round, step, unique_id, error, !window.is_dry() || out_of_step);
                    return (Some(round), answered);
                }
                Err(Failure::Message(error)) => {
                    self.fail(&mut round, step.number, unique_id, step.octets, &error)
                }
                Err(Failure::Storage(error)) => {
                    storage_failed = true;
                    self.progress.trouble.get_or_insert(error);
                }
            }
            self.collect(false);
        }
        (Some(round), answered)
    }

    /// The line is lost in the middle of a round. In lock-step all messages before this one are
    /// proven; with commands ahead none is.
    fn lose(
        &mut self,
        round: &mut Round<D::Delivery>,
        step: &Step,
        unique_id: Option<&[u8]>,
        error: Error,
        unproven: bool,
    ) {
        if unproven && self.session.pipelines() {
            round.fetched.clear();
        } else if error.kind() == Kind::Protocol {
            self.doubt(round);
        }
        self.fail(round, step.number, unique_id, step.octets, &error);
        self.progress.trouble = Some(error);
    }

    /// Reads one answer. `drops` reads and forgets it, since nothing can be stored any more.
    fn retrieve(
        &mut self,
        window: &mut Window,
        step: &Step,
        unique_id: Option<&[u8]>,
        drops: bool,
    ) -> Result<Option<Fetched<D::Delivery>>, Failure> {
        let Step { number, octets, .. } = *step;
        if drops {
            return window.receive(self.session, |_| ()).map(|_| None).map_err(Failure::Message);
        }
        self.observer.event(&Event::Started { number, octets, unique_id });
        let mut delivery = self.destination.begin();
        let mut identifier = Identifier::new();
        let mut written = Ok(());
        let observer = &mut *self.observer;
        let bytes = window
            .receive(self.session, |chunk| {
                identifier.push(chunk);
                // A full disk must not put the conversation out of step: the rest is read and dropped.
                if let (Ok(delivery), Ok(())) = (&mut delivery, &written) {
                    written = delivery.write(chunk);
                }
                observer.event(&Event::Received { bytes: chunk.len() as u64 });
            })
            .map_err(Failure::Message)?;
        let mut delivery = delivery.map_err(Failure::Storage)?;
        written.and_then(|()| delivery.finish()).map_err(Failure::Storage)?;
        self.observer.event(&Event::Fetched { number, bytes });
        let then_delete = step.action == Action::Fetch { then_delete: true };
        let unique_id = unique_id.unwrap_or_default().to_vec();
        let fact = Fact { number, unique_id, octets, bytes, identity: identifier.finish(), then_delete };
        Ok(Some(Fetched { delivery, fact }))
    }

    /// Whether the server is where we think it is. A line that is lost by now says nothing against
    /// a message whose end was seen.
    fn is_in_step(&mut self) -> bool {
        if self.progress.trouble.as_ref().is_some_and(Error::ends_the_session) {
            return true;
        }
        match self.session.noop() {
            Err(error) if error.ends_the_session() => {
                let in_step = error.kind() != Kind::Protocol;
                self.progress.trouble.get_or_insert(error);
                in_step
            }
            _ => true,
        }
    }

    /// Drops the last message of a round: what followed it was no reply, so its end may have been
    /// none.
    fn doubt(&mut self, round: &mut Round<D::Delivery>) {
        let Some(Fetched { fact, .. }) = round.fetched.pop() else { return };
        let says = format!("message {} may not be whole: what followed it was no reply", fact.number);
        let error = Error::new(Kind::Protocol, says);
        self.fail(round, fact.number, Some(&fact.unique_id), fact.octets, &error);
    }

    /// Notes that a message could not be brought in; a later run tries again.
    fn fail(
        &mut self,
        round: &mut Round<D::Delivery>,
        number: u32,
        unique_id: Option<&[u8]>,
        octets: Option<u64>,
        reason: &Error,
    ) {
        self.progress.summary.failed += 1;
        let unique_id = unique_id.filter(|unique_id| !unique_id.is_empty());
        self.observer.event(&Event::Failed { number, unique_id, reason });
        if let Some(unique_id) = unique_id {
            round.failed.push(Failed { unique_id: unique_id.to_vec(), octets, reason: causes(reason) });
        }
    }

    /// Gives a proven round to the committer. Where that has failed and gone, its reason is among
    /// the results.
    fn hand_over(&mut self, round: Round<D::Delivery>) {
        if self.sender.send(round).is_err() {
            self.collect(false);
        }
    }

    /// Takes what the committer has done; `all` waits until it has done everything.
    fn collect(&mut self, all: bool) {
        loop {
            let result = if all { self.results.recv().ok() } else { self.results.try_recv().ok() };
            match result {
                None => return,
                Some(Ok(committed)) => self.count(committed),
                Some(Err(error)) => {
                    self.progress.trouble.get_or_insert(error);
                }
            }
        }
    }

    fn count(&mut self, committed: Vec<Committed>) {
        let mut messages = 0;
        for Committed { fact, entry, refused } in committed {
            if let Some(reason) = &refused {
                self.progress.summary.failed += 1;
                let unique_id = Some(fact.unique_id.as_slice()).filter(|unique_id| !unique_id.is_empty());
                self.observer.event(&Event::Failed { number: fact.number, unique_id, reason });
                continue;
            }
            messages += 1;
            self.progress.summary.fetched += 1;
            self.progress.summary.bytes += fact.bytes;
            if fact.then_delete {
                self.progress.to_delete.push((fact.number, Some(entry)));
            }
        }
        if messages > 0 {
            self.observer.event(&Event::Committed { messages });
        }
    }

    /// Lets the committer finish, and takes the rest of what it has done.
    fn finish(mut self) {
        let (nobody, _) = mpsc::sync_channel(0);
        drop(std::mem::replace(&mut self.sender, nobody));
        self.collect(true);
    }
}

/// How many of the steps make a round: bounded in messages and octets, one at least.
fn length_of_round<D: Destination>(steps: &[&Step]) -> usize {
    let mut octets = 0u64;
    let fits = |step: &&&Step| {
        octets = octets.saturating_add(step.octets.unwrap_or(0));
        octets <= D::ROUND_OCTETS
    };
    steps.iter().take(MOST_MESSAGES).take_while(fits).count().max(1)
}

fn interrupted() -> Error {
    Error::new(Kind::Interrupted, "interrupted")
        .hint("what was fetched is safe; run the same command to go on")
}
