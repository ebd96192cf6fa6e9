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

mod prove;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::thread;
use std::time::Instant;

use super::arrival::{Arrival, Arriving};
use super::blame::Sizes;
use super::commit::{Committer, Work};
use super::event::{Event, Teller};
use super::journal::{Cause, EntryId, Journal};
use super::manner::Manner;
use super::outcome::{Halt, Owner};
use super::plan::{Listed, Step as Planned};
use super::results::{Failed, Gathered, Results};
use super::round::{Part, Round};
use super::short::{Judgement, ShortTexts};
use super::survey::unique_id_of;
use crate::error::{Error, Kind};
use crate::protocol::{Capabilities, Maildrop};
use crate::session::{Ahead, Next, Questions, Session, Transaction, Wanted, Window};
use crate::store::{Limits, Store};
use crate::sys::Stop;

/// So many temporary refusals in a row are the server's trouble, not the messages'.
const REFUSALS_OF_A_SERVER: u32 = 3;

/// So many messages in a row that find no room on the disk are the store's trouble.
const MESSAGES_WITHOUT_ROOM: u32 = 3;

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
    /// How many kinds of question are not asked.
    pub(super) skipped: u8,
    /// Declared octets that may be on their way.
    pub(super) most_octets: u64,
}

/// What a retrieval learned of the server, besides what came of the messages.
pub(super) struct Learned {
    pub(super) sizes: Sizes,
    /// Octets that came, and in how many seconds.
    pub(super) octets: u64,
    pub(super) seconds: f64,
    /// How many kinds of question another session had better skip: waiting for an answer broke this one.
    pub(super) skipped: u8,
}

/// Retrieves `wanted`, and has everything committed that is proven.
pub(super) fn all<'a>(
    retrieval: Retrieval<'_, 'a>,
    session: &mut Session<Transaction>,
    wanted: &[&Planned],
    teller: &mut Teller<'_>,
) -> (Gathered<'a>, Learned) {
    let Retrieval { store, journal, claimed, maildrop, listed, stop, manner, sizes, skipped, most_octets } =
        retrieval;
    // One round waits while one is committed and one streams in; more would only cost memory.
    let (sender, work) = mpsc::sync_channel(2);
    let (done, results) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || Committer::new(store, journal, claimed).run(&work, &done));
        let mut retriever = Retriever {
            steps: wanted.iter().map(|step| (step.number, **step)).collect(),
            queue: wanted.iter().map(|step| Wanted { number: step.number, octets: step.octets }).collect(),
            window: Window::new(Ahead::Retr).with_most_octets(most_octets),
            questions: Questions::new(maildrop).skipping(skipped),
            skipped,
            round: Round::new(store.batch()),
            results: Results::new(results, &mut *teller),
            limits: store.limits(),
            began: Instant::now(),
            octets: 0,
            part: Part::default(),
            short: ShortTexts::default(),
            in_lf: None,
            repeated: HashSet::new(),
            unkept: Vec::new(),
            refusals: Vec::new(),
            refused_in_a_row: 0,
            without_room: 0,
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
    /// How many kinds of question are of no use in another session.
    skipped: u8,
    round: Round<'a>,
    sender: SyncSender<Work<'a>>,
    results: Results<'t, 'o, 'a>,
    part: Part,
    began: Instant,
    octets: u64,
    short: ShortTexts,
    /// The message that was asked for again because its lines end in LF.
    in_lf: Option<u32>,
    /// Messages that came, are not kept, and are to come once more.
    repeated: HashSet<u32>,
    /// The declared octets of messages that were answered since the last proof, and are not in the round.
    unkept: Vec<Option<u64>>,
    /// Refusals since the last proof: a stray `-ERR` would be another message's.
    refusals: Vec<(u32, Error)>,
    refused_in_a_row: u32,
    without_room: u32,
    /// Messages that are on their way, as it was told last.
    under_way: u32,
}

/// The session cannot be used any more; why is among the results.
struct Lost;

impl<'a> Retriever<'_, '_, '_, 'a> {
    fn run(&mut self) {
        // What is lost is noted where it happens.
        let _ = self.go();
        // A server may take away by QUIT what was retrieved.
        self.results.gathered.owed |= !self.repeated.is_empty();
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
            self.results.gathered.halt(Halt::owned_by(Owner::User, super::interrupted()));
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
        self.repeated.remove(&number);
        if arrival.begins_with_a_reply() && octets != Some(arrival.bytes) {
            self.round.batch().abandon();
            let says = format!("the text of message {number} begins with a reply");
            let error = Error::new(Kind::Protocol, says).because("the server sent an answer too many");
            return Err(self.lose(Some(wanted), true, error));
        }
        if is_in_lf && self.in_lf.replace(number) != Some(number) {
            // Its dots were not taken off by the rule that fits: from now on that rule is another.
            self.queue.push_front(wanted);
            self.drop_text(wanted, true);
            return Ok(());
        }
        // A maildrop may hold a file without an octet; else something went wrong.
        if arrival.bytes == 0 && (octets != Some(0) || self.sizes.are_wrong()) {
            self.drop_text(wanted, false);
            let says = format!("the server sent an empty text for message {number}");
            let declared = octets.map_or("no".to_owned(), |octets| octets.to_string());
            let error = Error::new(Kind::Protocol, says).because(format!("it declared {declared} octets"));
            self.fail(number, Cause::Refused, error, arrival);
            return Ok(());
        }
        match self.short.judge(number, octets.unwrap_or(0), &arrival, self.sizes) {
            Judgement::Take => {}
            Judgement::AskAgain => {
                self.queue.push_back(wanted);
                self.drop_text(wanted, true);
                return if self.session.pipelines() { Ok(()) } else { self.ask(number) };
            }
            Judgement::Refuse => {
                self.drop_text(wanted, false);
                let says = format!("the text of message {number} was shorter than declared");
                let error = Error::new(Kind::Protocol, says).because("it came otherwise each time");
                self.refusals.push((number, error));
                return if self.session.pipelines() { Ok(()) } else { self.ask(number) };
            }
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
                self.results.gathered.halt(Halt::owned_by(Owner::Store, error));
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

    /// Drops the text of a message that has come to its end; it may be asked for once more.
    fn drop_text(&mut self, wanted: Wanted, is_to_come_again: bool) {
        self.round.batch().abandon();
        self.unkept.push(wanted.octets);
        match is_to_come_again {
            true => drop(self.repeated.insert(wanted.number)),
            false => self.results.gathered.owed = true,
        }
    }

    /// The disk has no room for a message: that is the message's failure, unless it goes on so.
    fn no_room(&mut self, wanted: Wanted, arrival: Arrival) -> Result<(), Lost> {
        self.drop_text(wanted, false);
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
        self.results.gathered.halt(Halt::owned_by(Owner::Store, Error::new(Kind::DiskFull, says)));
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
            self.results.gathered.halt(Halt::owned_by(Owner::Server, halt));
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
        self.unkept.push(wanted.octets);
        self.refusals.push((wanted.number, error));
        if self.session.pipelines() { Ok(()) } else { self.ask(wanted.number) }
    }

    fn fail(&mut self, number: u32, cause: Cause, error: Error, arrival: Arrival) {
        let unique_id = unique_id_of(self.listed, number).unwrap_or_default().into();
        let octets = self.steps.get(&number).and_then(|step| step.octets);
        let (from, subject) = arrival.into_fields();
        self.results.fail(Failed { number, unique_id, octets, cause, error, from, subject });
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
        let mut unsent = Some(work);
        while let Some(work) = unsent.take() {
            match self.sender.try_send(work) {
                Ok(()) => {}
                // Meanwhile whoever watches hears what is delivered.
                Err(TrySendError::Full(work)) => {
                    self.results.collect_soon();
                    unsent = Some(work);
                }
                Err(TrySendError::Disconnected(_)) => {
                    self.results.collect();
                    self.results.gathered.owed = true;
                }
            }
        }
    }

    /// Lets the committer finish, and takes the rest of what it has done.
    fn finish(self) -> (Gathered<'a>, Learned) {
        self.stop.change_under_way(self.under_way, 0);
        let Retriever { sender, results, sizes, octets, began, skipped, .. } = self;
        drop(sender);
        let seconds = began.elapsed().as_secs_f64();
        (results.collect_all(), Learned { sizes, octets, seconds, skipped })
    }
}
