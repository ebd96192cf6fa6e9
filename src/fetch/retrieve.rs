//! The network's part of a session: retrieves messages, finds out which of them are proven to be whole, and
//! hands these to the committer round by round.
//!
//! ```text
//!  queue ─▶ window (RETR ahead, a question every few) ─▶ round ─ proven ─▶ committer
//!    ▲                                                     │
//!    └──── once more: shorter than declared, LF lines ─────┘ refused, no room: noted · broken: blame
//! ```
//!
//! A text that came with its terminating dot is not yet a message: the server may have lost a command, added an
//! answer, or ended a text early. It is proven by an answer that cannot be mistaken ([`crate::session::step`]),
//! or, in lock-step, by having just the octets that were declared. What is not proven is dropped, undone, and
//! fetched again.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::mpsc::{self, SyncSender};
use std::thread;
use std::time::Instant;

use super::arrival::{Arrival, Arriving};
use super::blame::{Break, Sizes};
use super::commit::{Committer, Work};
use super::event::{Event, Teller};
use super::journal::{Cause, EntryId, Journal};
use super::manner::Manner;
use super::outcome::{Halt, Owner};
use super::plan::{Listed, Step as Planned};
use super::results::{Failed, Gathered, Results};
use super::round::{Proof, Round};
use super::survey::unique_id_of;
use crate::error::{Error, Kind};
use crate::identity::Identity;
use crate::protocol::{Capabilities, Maildrop};
use crate::session::{Ahead, Next, Questions, Session, Step, Transaction, Wanted, Window};
use crate::store::{Limits, Store};
use crate::sys::Stop;

/// After so many messages of a round, or so many octets, what has come is flushed.
const PART_MESSAGES: usize = 500;
const PART_OCTETS: u64 = 4 << 20;

/// A handful of files is flushed one by one at the end: a part's flush is the whole file system's, and may
/// wait for what others write there.
const PART_AT_LEAST: usize = 8;

/// In lock-step so many messages whose sizes tell nothing share one question.
const ASK_EVERY: usize = 16;

/// So many temporary refusals in a row are the server's trouble, not the messages'.
const REFUSALS_OF_A_SERVER: u32 = 3;

/// So many messages in a row that find no room on the disk are the store's trouble.
const MESSAGES_WITHOUT_ROOM: u32 = 3;

/// How often a message is asked for again because its text was shorter than declared.
const MOST_REPEATS: u32 = 2;

/// What a retrieval works with.
pub(super) struct Retrieval<'s, 'a> {
    pub(super) store: &'s dyn Store,
    pub(super) journal: &'s mut Journal,
    /// The entries that the plan knows messages as.
    pub(super) claimed: HashSet<EntryId>,
    pub(super) maildrop: &'a Maildrop,
    pub(super) listed: &'a [Listed<'a>],
    pub(super) stop: &'s Stop,
    pub(super) manner: Manner,
    pub(super) sizes: Sizes,
    /// Declared octets that may be on their way.
    pub(super) most_octets: u64,
}

/// What a retrieval learned of the server, besides what came of the messages.
pub(super) struct Learned {
    pub(super) sizes: Sizes,
    /// Octets that came, and in how many seconds.
    pub(super) octets: u64,
    pub(super) seconds: f64,
    /// No question about the step of the conversation was answered.
    pub(super) is_unprovable: bool,
}

/// Retrieves `wanted`, and has everything committed that is proven.
pub(super) fn all<'a>(
    retrieval: Retrieval<'_, 'a>,
    session: &mut Session<Transaction>,
    wanted: &[&Planned],
    teller: &mut Teller<'_>,
) -> (Gathered<'a>, Learned) {
    let Retrieval { store, journal, claimed, maildrop, listed, stop, manner, sizes, most_octets } = retrieval;
    // One round waits while one is committed and one streams in; more would only cost memory.
    let (sender, work) = mpsc::sync_channel(2);
    let (done, results) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || Committer::new(store, journal, claimed).run(&work, &done));
        let mut retriever = Retriever {
            steps: wanted.iter().map(|step| (step.number, **step)).collect(),
            queue: wanted.iter().map(|step| Wanted { number: step.number, octets: step.octets }).collect(),
            window: Window::new(Ahead::Retr).with_most_octets(most_octets),
            questions: Questions::new(maildrop),
            round: Round::new(store.batch()),
            results: Results::new(results, &mut *teller),
            limits: store.limits(),
            began: Instant::now(),
            octets: 0,
            part: Part::default(),
            shorter: HashMap::new(),
            in_lf: None,
            shorter_now: Vec::new(),
            refusals: Vec::new(),
            refused_in_a_row: 0,
            without_room: 0,
            is_unprovable: false,
            under_way: 0,
            session,
            store,
            listed,
            stop,
            manner,
            sizes,
            sender,
        };
        retriever.run();
        retriever.finish()
    })
}

/// The thread that talks to the server.
struct Retriever<'r, 't, 'o, 'a> {
    session: &'r mut Session<Transaction>,
    store: &'r dyn Store,
    listed: &'a [Listed<'a>],
    stop: &'r Stop,
    manner: Manner,
    sizes: Sizes,
    limits: Limits,
    /// By message-number, what is planned.
    steps: HashMap<u32, Planned>,
    /// What is still to be asked for.
    queue: VecDeque<Wanted>,
    window: Window,
    questions: Questions<'a>,
    round: Round<'a>,
    sender: SyncSender<Work<'a>>,
    results: Results<'t, 'o, 'a>,
    part: Part,
    began: Instant,
    octets: u64,
    /// Texts that were shorter than declared: how often they came, and what came last.
    shorter: HashMap<u32, (u32, (u64, Option<Identity>))>,
    /// The message that was asked for again because its lines end in LF.
    in_lf: Option<u32>,
    /// Those of them that came since the last proof.
    shorter_now: Vec<u32>,
    /// Refusals since the last proof: a stray `-ERR` would be another message's.
    refusals: Vec<(u32, Error)>,
    refused_in_a_row: u32,
    without_room: u32,
    is_unprovable: bool,
    /// Messages that are on their way, as it was told last.
    under_way: u32,
}

/// The session cannot be used any more; why is among the results.
struct Lost;

impl<'a> Retriever<'_, '_, '_, 'a> {
    fn run(&mut self) {
        // What is lost is noted where it happens.
        let _ = self.go();
        if !self.round.is_empty() {
            self.hand_over();
        }
    }

    fn go(&mut self) -> Result<(), Lost> {
        loop {
            if self.may_ask() {
                let filled = self.window.fill(self.session, &mut self.queue, Some(&self.questions));
                filled.map_err(|error| self.lose(None, false, error))?;
            }
            self.count_under_way();
            match self.window.next() {
                None => {
                    self.prove_rest()?;
                    if !self.may_ask() || self.queue.is_empty() {
                        return Ok(());
                    }
                }
                Some(Next::Message(wanted)) => self.message(wanted)?,
                Some(Next::Question) => {
                    let step = self.window.receive_step(self.session, &mut self.questions);
                    self.note_step(step)?;
                }
            }
            if self.round.is_proven() && self.round.is_full(self.limits) {
                self.hand_over();
            }
            self.results.collect();
            if self.results.gathered.halt.as_ref().is_some_and(|halt| halt.takes_nothing()) {
                // What is on its way cannot be kept.
                self.results.gathered.owed = true;
                return Err(Lost);
            }
        }
    }

    /// Whether more may be asked for.
    fn may_ask(&mut self) -> bool {
        if self.stop.is_requested() && !self.queue.is_empty() {
            self.results.gathered.halt(Halt::by(Owner::User, super::interrupted()));
        }
        self.results.gathered.halt.is_none()
    }

    /// Says how many messages are on their way, for whoever asks the run to stop.
    fn count_under_way(&mut self) {
        let now = self.window.messages();
        self.stop.change_under_way(self.under_way, now);
        self.under_way = now;
    }

    /// Reads one answer to RETR.
    fn message(&mut self, wanted: Wanted) -> Result<(), Lost> {
        let Wanted { number, octets } = wanted;
        let unique_id = unique_id_of(self.listed, number);
        self.results.teller.tell(&Event::Started { number, octets, unique_id });
        let mut arriving = Arriving::new(self.round.batch());
        let teller = &mut *self.results.teller;
        let received = self.window.receive(self.session, |chunk| {
            arriving.take(chunk);
            teller.tell(&Event::Received { bytes: chunk.len() as u64 });
        });
        let has_begun = arriving.has_begun();
        match received {
            Ok(body) => {
                self.octets += body.octets;
                let arrival = arriving.end(body.octets);
                self.arrived(wanted, arrival, body.wants_another_reading())
            }
            Err(error) if !error.ends_the_session() && error.kind() != Kind::Interrupted => {
                arriving.abandon();
                self.refused(wanted, error)
            }
            Err(error) => {
                arriving.abandon();
                Err(self.lose(Some(wanted), has_begun, error))
            }
        }
    }

    /// Judges a text that has come to its end.
    fn arrived(&mut self, wanted: Wanted, arrival: Arrival, is_in_lf: bool) -> Result<(), Lost> {
        self.refused_in_a_row = 0;
        self.results.gathered.texts += 1;
        let Wanted { number, octets } = wanted;
        let declared = octets.unwrap_or(0);
        if is_in_lf && self.in_lf.replace(number) != Some(number) {
            // Its dots were not taken off by the rule that fits: from now on that rule is another.
            self.round.batch().abandon();
            self.queue.push_front(wanted);
            return Ok(());
        }
        if arrival.bytes == 0 && declared > 0 {
            self.results.gathered.owed = true;
            self.round.batch().abandon();
            let says = format!("the server sent an empty text for message {number}");
            let error = Error::new(Kind::Protocol, says).because(format!("it declared {declared} octets"));
            self.fail(number, Cause::Refused, error, arrival);
            return Ok(());
        }
        if arrival.bytes < declared && self.sizes.are_right() && self.wants_it_again(number, &arrival) {
            self.round.batch().abandon();
            self.queue.push_back(wanted);
            self.shorter_now.push(number);
            return if self.session.pipelines() { Ok(()) } else { self.ask(number) };
        }
        let mut arrival = arrival;
        if arrival.stored.is_ok() {
            arrival.stored = self.round.batch().finish();
        }
        match arrival.stored {
            Ok(()) => {}
            Err(ref error) if error.kind() == Kind::DiskFull => return self.no_room(wanted, arrival),
            Err(error) => {
                self.results.gathered.owed = true;
                self.round.batch().abandon();
                self.results.gathered.halt(Halt::by(Owner::Store, error));
                return Err(Lost);
            }
        }
        self.without_room = 0;
        self.results.teller.tell(&Event::Fetched { number, bytes: arrival.bytes });
        let Some(step) = self.steps.get(&number).copied() else { return Ok(()) };
        let bytes = arrival.bytes;
        self.round.push(arrival.into_fact(&step, unique_id_of(self.listed, number)));
        if self.limits.early_flush && self.part.is_full_with(bytes) && self.results.is_idle() {
            // Where the disk is still busy the round's own flush comes soon enough.
            self.results.expect();
            self.send(Work::Part);
        }
        self.prove_in_lock_step()
    }

    /// Whether a text that is shorter than declared is to be asked for once more: it counts when the same
    /// octets come twice.
    fn wants_it_again(&mut self, number: u32, arrival: &Arrival) -> bool {
        let times = match self.shorter.get(&number) {
            Some((_, last)) if *last == arrival.summary() => return false,
            Some((times, _)) => *times,
            None => 0,
        };
        self.shorter.insert(number, (times + 1, arrival.summary()));
        times < MOST_REPEATS
    }

    /// The disk has no room for a message: that is the message's failure, unless it goes on so.
    fn no_room(&mut self, wanted: Wanted, arrival: Arrival) -> Result<(), Lost> {
        self.results.gathered.owed = true;
        self.round.batch().abandon();
        self.without_room += 1;
        let error = match arrival.stored {
            Err(ref error) => {
                Error::new(error.kind(), error.to_string()).because(super::results::cause(error))
            }
            Ok(()) => Error::new(Kind::DiskFull, "could not store a message"),
        };
        self.fail(wanted.number, Cause::NoRoom, error, arrival);
        if self.without_room < MESSAGES_WITHOUT_ROOM {
            return Ok(());
        }
        let says = format!("{} messages in a row found no room", self.without_room);
        self.results.gathered.halt(Halt::by(Owner::Store, Error::new(Kind::DiskFull, says)));
        Err(Lost)
    }

    /// An `-ERR` to RETR.
    fn refused(&mut self, wanted: Wanted, error: Error) -> Result<(), Lost> {
        self.refused_in_a_row = match error.kind() {
            Kind::ServerTemporary => self.refused_in_a_row + 1,
            _ => 0,
        };
        if self.refused_in_a_row >= REFUSALS_OF_A_SERVER {
            let says = format!("the server refused {} messages in a row", self.refused_in_a_row);
            let halt = Error::new(Kind::ServerTemporary, says).because(super::results::cause(&error));
            self.results.gathered.halt(Halt::by(Owner::Server, halt));
        }
        let error = match error.kind() {
            Kind::NeedsUtf8 if !self.session.capabilities().is_some_and(Capabilities::utf8) => Error::new(
                Kind::Refused,
                format!("{error}, which it gives in UTF-8 mode only (RFC 6856) and does not announce"),
            )
            .because(super::results::cause(&error)),
            _ => error,
        };
        // It may be a stray answer, and the next text this message's: that is found out first.
        self.round.note_refusal();
        self.refusals.push((wanted.number, error));
        if self.session.pipelines() { Ok(()) } else { self.ask(wanted.number) }
    }

    fn fail(&mut self, number: u32, cause: Cause, error: Error, arrival: Arrival) {
        let unique_id = unique_id_of(self.listed, number).unwrap_or_default().into();
        let octets = self.steps.get(&number).and_then(|step| step.octets);
        let (from, subject) = arrival.into_fields();
        self.results.fail(Failed { number, unique_id, octets, cause, error, from, subject });
    }

    /// In lock-step a text of just the declared octets is whole by itself, as long as every answer has
    /// fitted. Else a question is asked: at once where the octets should have fitted, else now and then.
    fn prove_in_lock_step(&mut self) -> Result<(), Lost> {
        if self.session.pipelines() {
            return Ok(());
        }
        let (unproven, sure) = self.round.unproven();
        let Some(last) = unproven.last() else { return Ok(()) };
        let (number, count) = (last.number, unproven.len());
        if !self.round.is_doubtful() && sure == count && unproven.iter().all(|fact| fact.fits() == Some(true))
        {
            self.proven(Proof::Octets);
            return Ok(());
        }
        let is_wanted = self.manner.cautious || !self.sizes.are_wrong() || count >= ASK_EVERY;
        if is_wanted { self.ask(number) } else { Ok(()) }
    }

    /// Proves what came last, when nothing is on its way.
    fn prove_rest(&mut self) -> Result<(), Lost> {
        let last = self.round.unproven().0.last().map(|fact| fact.number);
        let refused = || self.refusals.last().map(|(number, _)| *number);
        let shorter = || self.shorter_now.last().copied();
        let number = last.or_else(refused).or_else(shorter).or_else(|| self.questions.open());
        number.map_or(Ok(()), |number| self.ask(number))
    }

    fn ask(&mut self, number: u32) -> Result<(), Lost> {
        let step = self.session.prove_step(&mut self.questions, number).and_then(|step| match step {
            Step::Unanswered => Err(Error::new(
                Kind::Protocol,
                "the server answers no question that would prove which message it sent",
            )),
            step => Ok(step),
        });
        self.note_step(step)
    }

    fn note_step(&mut self, step: crate::error::Result<Step>) -> Result<(), Lost> {
        match step {
            Ok(Step::Proven) => self.proven(Proof::Question),
            Ok(Step::Unanswered) => {}
            Ok(Step::Unprovable) => {
                self.is_unprovable = true;
                self.proven(Proof::NoneToBeHad);
            }
            Err(error) => return Err(self.lose(None, false, error)),
        }
        Ok(())
    }

    fn proven(&mut self, proof: Proof) {
        self.round.unproven().0.iter().for_each(|fact| self.sizes.note(fact.fits()));
        self.round.prove(proof);
        self.shorter_now.clear();
        for (number, error) in std::mem::take(&mut self.refusals) {
            self.fail(number, Cause::Refused, error, Arrival::nothing());
        }
    }

    /// The session broke: keeps what is whole by itself, and notes which message broke it.
    fn lose(&mut self, incoming: Option<Wanted>, has_begun: bool, error: Error) -> Lost {
        let (unproven, sure) = self.round.unproven();
        let broken = Break {
            shorter: &self.shorter_now,
            unproven,
            sure,
            incoming: incoming.map(|wanted| (wanted.number, wanted.octets)),
            has_begun,
            was_ahead: self.session.pipelines(),
            kind: error.kind(),
            sizes: self.sizes,
        };
        let whole = broken.whole(|octets| self.window.has_one_of(octets));
        let culprit = broken.culprit();
        self.round.prove_some(&whole);
        if error.kind() == Kind::Interrupted {
            self.results.gathered.halt(Halt::by(Owner::User, super::interrupted().because(error)));
            return Lost;
        }
        if let Some(number) = culprit {
            let noted = Error::new(error.kind(), error.to_string()).because(super::results::cause(&error));
            self.fail(number, Cause::Broke, noted, Arrival::nothing());
        }
        self.results.gathered.halt(Halt::by(Owner::Connection, error));
        Lost
    }

    /// Gives what is proven of the round to the committer, and begins a new one.
    fn hand_over(&mut self) {
        let round = std::mem::replace(&mut self.round, Round::new(self.store.batch()));
        let (proven, has_dropped) = round.into_proven();
        self.results.gathered.owed |= has_dropped;
        self.part = Part::default();
        if !proven.facts.is_empty() {
            self.results.expect();
            self.send(Work::Round(proven));
        }
    }

    /// Where the committer has failed and gone, its reason is among the results.
    fn send(&mut self, work: Work<'a>) {
        if self.sender.send(work).is_err() {
            self.results.collect();
            self.results.gathered.owed = true;
        }
    }

    /// Lets the committer finish, and takes the rest of what it has done.
    fn finish(self) -> (Gathered<'a>, Learned) {
        self.stop.change_under_way(self.under_way, 0);
        let Retriever { sender, results, sizes, octets, began, is_unprovable, .. } = self;
        drop(sender);
        let seconds = began.elapsed().as_secs_f64();
        (results.collect_all(), Learned { sizes, octets, seconds, is_unprovable })
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
