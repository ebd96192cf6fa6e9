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
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use super::commit::{Committed, Committer, Done, Fact, Failed, Round, Sent, causes};
use super::event::Event;
use super::plan::{Action, Listed, Reason, Step};
use super::survey::unique_id_of;
use super::{Job, Progress};
use crate::delivery::{Delivery, Destination};
use crate::error::{Error, Kind, Result};
use crate::identity::Identifier;
use crate::session::{Ahead, Session, Transaction, Window};

/// The most messages of a round. Between two rounds the server waits for us, and with small messages
/// a thousand of them fit into the sockets' buffers: more make it wait less often.
const MOST_MESSAGES: usize = 4000;

/// A round ends after so long, so that a lost line costs little.
const LONGEST: Duration = Duration::from_secs(2);

/// Retrieves `wanted`, and has everything committed that is proven. What ended it early stands in
/// `progress.trouble`.
pub(super) fn all<D: Destination>(
    job: &mut Job<'_, D>,
    session: &mut Session<Transaction>,
    wanted: &[&Step],
    listed: &[Listed<'_>],
    has_unique_ids: bool,
    progress: &mut Progress,
) {
    let Job { journal, destination, observer, stop, .. } = job;
    // One round (and its proof) waits while one is committed and one streams in; more would only cost
    // memory.
    let (sender, rounds) = mpsc::sync_channel(2);
    let (done, results) = mpsc::channel();
    thread::scope(|scope| {
        let (destination, journal) = (*destination, &mut **journal);
        scope.spawn(move || Committer::new(destination, journal).run(&rounds, &done));
        let observer = &mut **observer;
        let mut line =
            Line { session, destination, observer, listed, has_unique_ids, progress, sender, results };
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
    /// Whether the unique-ids are the server's own.
    has_unique_ids: bool,
    progress: &'a mut Progress,
    sender: SyncSender<Sent<'a, D::Delivery>>,
    results: Receiver<Result<Done<'a>>>,
}

/// Whose fault a retrieval's failure is.
enum Failure {
    /// This message's, or the line's.
    Message(Error),
    /// The destination's: the next message would fail too.
    Storage(Error),
}

impl<'a, D: Destination> Line<'a, D> {
    fn rounds(&mut self, wanted: &[&Step], is_stopped: &dyn Fn() -> bool) {
        let mut rest = wanted;
        while !rest.is_empty() && self.progress.trouble.is_none() {
            let now = &rest[..length_of_round::<D>(rest)];
            let begun = Instant::now();
            let may_go_on = || !is_stopped() && begun.elapsed() < LONGEST;
            let (round, answered) = self.round(now, &may_go_on);
            rest = &rest[answered..];
            if let Some(round) = round {
                let is_as_listed =
                    round.facts.iter().all(|fact| fact.octets == Some(fact.bytes) && !fact.then_delete);
                let last = round.facts.last().map(|fact| (fact.number, fact.unique_id));
                self.hand_over(Sent::Round(round));
                let is_proven = is_as_listed && self.progress.trouble.is_none()
                    || last.is_none_or(|(number, unique_id)| self.is_in_step(number, unique_id));
                self.hand_over(Sent::Proof(is_proven));
            }
            if is_stopped() && self.progress.trouble.is_none() && !rest.is_empty() {
                self.progress.trouble = Some(interrupted());
            }
        }
    }

    /// Retrieves one round; says how many of its steps were answered. No round: what came of it is
    /// not proven.
    fn round(
        &mut self,
        steps: &[&Step],
        may_go_on: &dyn Fn() -> bool,
    ) -> (Option<Round<'a, D::Delivery>>, usize) {
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
            match outcome {
                Ok(Some((fact, delivery))) => round.push(fact, delivery),
                Ok(None) => {}
                Err(Failure::Message(error)) if error.ends_the_session() => {
                    self.lose(&mut round, step, unique_id, error);
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

    /// The line is lost in the middle of a round. In lock-step all messages before this one have their
    /// own answers. With commands ahead none is proven, not even where only the last answer is missing:
    /// the server may have lost an earlier command, and each answer since be the one to the next. (Where
    /// what came was no reply, the whole round is in doubt: see [`Line::is_in_step`].)
    fn lose(
        &mut self,
        round: &mut Round<'a, D::Delivery>,
        step: &Step,
        unique_id: Option<&'a [u8]>,
        error: Error,
    ) {
        if error.kind() != Kind::Protocol && self.session.pipelines() {
            (round.facts, round.deliveries) = (Vec::new(), Vec::new());
        }
        self.fail(round, step.number, unique_id, step.octets, &error);
        self.progress.trouble = Some(error);
    }

    /// Reads one answer. `drops` reads and forgets it, since nothing can be stored any more.
    fn retrieve(
        &mut self,
        window: &mut Window,
        step: &Step,
        unique_id: Option<&'a [u8]>,
        drops: bool,
    ) -> Result<Option<(Fact<'a>, D::Delivery)>, Failure> {
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
        let unique_id = unique_id.unwrap_or_default();
        let fact = Fact { number, unique_id, octets, bytes, identity: identifier.finish(), then_delete };
        Ok(Some((fact, delivery)))
    }

    /// Whether the server is where we think it is, asked by the round's last message. A line that is
    /// lost by now says nothing against messages whose ends were seen.
    fn is_in_step(&mut self, number: u32, unique_id: &[u8]) -> bool {
        if let Some(error) = self.progress.trouble.as_ref().filter(|error| error.ends_the_session()) {
            return error.kind() != Kind::Protocol;
        }
        let named = self.has_unique_ids.then_some(unique_id);
        match self.session.prove_step(number, named) {
            Ok(()) => true,
            Err(error) => {
                let in_step = error.kind() != Kind::Protocol;
                self.progress.trouble.get_or_insert(error);
                in_step
            }
        }
    }

    /// Notes that a message could not be brought in; a later run tries again.
    fn fail(
        &mut self,
        round: &mut Round<'a, D::Delivery>,
        number: u32,
        unique_id: Option<&'a [u8]>,
        octets: Option<u64>,
        reason: &Error,
    ) {
        self.progress.summary.failed += 1;
        let unique_id = unique_id.filter(|unique_id| !unique_id.is_empty());
        self.observer.event(&Event::Failed { number, unique_id, reason });
        if let Some(unique_id) = unique_id {
            round.failed.push(Failed { unique_id, octets, reason: causes(reason) });
        }
    }

    /// Gives a round, or its proof, to the committer. Where that has failed and gone, its reason is
    /// among the results.
    fn hand_over(&mut self, sent: Sent<'a, D::Delivery>) {
        if self.sender.send(sent).is_err() {
            self.collect(false);
        }
    }

    /// Takes what the committer has done; `all` waits until it has done everything.
    fn collect(&mut self, all: bool) {
        loop {
            let result = if all { self.results.recv().ok() } else { self.results.try_recv().ok() };
            match result {
                None => return,
                Some(Ok(Done::Committed(committed))) => self.count(committed),
                Some(Ok(Done::Doubted(doubted))) => {
                    doubted.iter().for_each(|(fact, error)| self.tell(fact, error))
                }
                Some(Err(error)) => {
                    self.progress.trouble.get_or_insert(error);
                }
            }
        }
    }

    fn count(&mut self, committed: Vec<Committed<'a>>) {
        let mut messages = 0;
        for Committed { fact, entry, refused, was_known } in committed {
            if let Some(reason) = &refused {
                self.tell(&fact, reason);
                continue;
            }
            if was_known {
                self.progress.summary.known += 1;
            } else {
                messages += 1;
                self.progress.summary.fetched += 1;
                self.progress.summary.bytes += fact.bytes;
            }
            if fact.then_delete {
                self.progress.to_delete.push((fact.number, Some(entry)));
            }
        }
        if messages > 0 {
            self.observer.event(&Event::Committed { messages });
        }
    }

    /// Tells that a message was not delivered after all.
    fn tell(&mut self, fact: &Fact<'_>, reason: &Error) {
        self.progress.summary.failed += 1;
        let unique_id = Some(fact.unique_id).filter(|unique_id| !unique_id.is_empty());
        self.observer.event(&Event::Failed { number: fact.number, unique_id, reason });
    }

    /// Lets the committer finish, and takes the rest of what it has done.
    fn finish(mut self) {
        let (nobody, _) = mpsc::sync_channel(0);
        drop(std::mem::replace(&mut self.sender, nobody));
        self.collect(true);
    }
}

/// How many of the steps make a round: bounded in messages and octets, one at least. A message that
/// failed before is alone, so that it takes no other down with it.
fn length_of_round<D: Destination>(steps: &[&Step]) -> usize {
    let mut octets = 0u64;
    let fits = |step: &&&Step| {
        octets = octets.saturating_add(step.octets.unwrap_or(0));
        octets <= D::ROUND_OCTETS && !matches!(step.reason, Reason::FailedBefore(_))
    };
    steps.iter().take(MOST_MESSAGES).take_while(fits).count().max(1)
}

fn interrupted() -> Error {
    Error::new(Kind::Interrupted, "interrupted")
        .hint("what was fetched is safe; run the same command to go on")
}
