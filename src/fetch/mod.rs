//! One fetch run, top to bottom: what is there, what is to be done, retrieve, commit, delete, quit.
//!
//! ```text
//!  settle ─▶ maildrop ─▶ doubts (TOP) ─▶ plan ─▶ retrieve n ─▶ batch: prepare, intend, publish, delivered
//!                                                    └──────────────────────▶ DELE … QUIT ─▶ gone
//! ```
//!
//! [`settle`] finishes what an interrupted run left, before anything else is asked of the server.
//! [`plan`] decides, purely; the [`Fetcher`] here carries it out; `batch` keeps the order that
//! makes a message neither lost nor doubled; the [`journal`] remembers. Whoever watches gets
//! [`Event`]s.

mod batch;
mod delete;
pub mod event;
mod headers;
pub mod journal;
pub mod plan;
pub mod policy;
pub mod settle;
pub mod survey;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

pub use event::{Event, Observer, Silent, Summary};
pub use journal::Journal;
pub use plan::Plan;
pub use policy::Policy;
pub use survey::Survey;

use self::batch::{Batch, Committed, Fetched};
use self::journal::EntryId;
use self::plan::{Action, Listed, Reason, Step};
use self::survey::unique_id_of;
use crate::delivery::{Delivery, Destination};
use crate::error::{Error, Kind, Result};
use crate::identity::Identifier;
use crate::session::{Session, Transaction};

/// Carries out one run over one account: the session is signed in, the journal is open and its
/// leftovers are settled ([`settle::settle`]).
pub struct Fetcher<'a, D: Destination> {
    session: Session<Transaction>,
    journal: &'a mut Journal,
    destination: &'a D,
    policy: &'a Policy,
    observer: &'a mut dyn Observer,
    stop: &'a AtomicBool,
    now: i64,
    summary: Summary,
    /// Deletions that are due once everything is delivered: message-number and entry.
    to_delete: Vec<(u32, Option<EntryId>)>,
    /// What ended the fetching early, told when all that could be saved is.
    trouble: Option<Error>,
}

impl<'a, D: Destination> Fetcher<'a, D> {
    /// A run at `now` (seconds of Unix time). It ends early, and properly, once `stop` is set.
    pub fn new(
        session: Session<Transaction>,
        journal: &'a mut Journal,
        destination: &'a D,
        policy: &'a Policy,
        observer: &'a mut dyn Observer,
        stop: &'a AtomicBool,
        now: i64,
    ) -> Self {
        let (summary, to_delete) = (Summary::default(), Vec::new());
        Fetcher {
            session,
            journal,
            destination,
            policy,
            observer,
            stop,
            now,
            summary,
            to_delete,
            trouble: None,
        }
    }

    /// Brings new messages in and deletes what the policy says. `recovered` deliveries of an earlier
    /// run count in the summary.
    ///
    /// # Errors
    /// With whatever had been done before in the summary: what the session failed with; [`Kind::Io`]
    /// and its kin where the destination or the journal could not be written; [`Kind::Interrupted`];
    /// [`Kind::Partial`] where single messages failed and all else went well.
    pub fn run(mut self, recovered: u32) -> (Summary, Result<()>) {
        let begun = Instant::now();
        self.summary.recovered = recovered;
        let worked = self.work();
        let Fetcher { session, journal, observer, mut summary, to_delete, trouble, policy, .. } = self;
        let mut result = worked;
        if result.is_ok() && trouble.as_ref().is_none_or(|error| !error.ends_the_session()) {
            result = delete::carry_out(session, journal, observer, &mut summary, &to_delete);
        }
        let result = match trouble {
            Some(error) => Err(error),
            None => result.and_then(|()| verdict(&summary, policy)),
        };
        summary.elapsed = begun.elapsed();
        observer.event(&Event::Finished(&summary));
        (summary, result)
    }

    fn work(&mut self) -> Result<()> {
        let survey = Survey::of(&mut self.session, self.policy)?;
        let maildrop = survey.maildrop();
        self.observer.event(&Event::SignedIn { messages: maildrop.len() as u32, octets: maildrop.octets() });
        let listed = survey.listed();
        let plan = survey.plan(&mut self.session, &listed, self.journal.view(), self.policy, self.now)?;
        self.announce(&plan);
        self.learn(&plan, &listed)?;
        self.fetch(&plan, &listed)
    }

    fn announce(&mut self, plan: &Plan) {
        let (mut to_fetch, mut octets, mut to_delete) = (0, 0u64, 0);
        for step in &plan.steps {
            match (step.action, step.reason) {
                (Action::Fetch { then_delete }, _) => {
                    to_fetch += 1;
                    octets = octets.saturating_add(step.octets.unwrap_or(0));
                    to_delete += u32::from(then_delete);
                }
                (Action::Delete, _) => to_delete += 1,
                (Action::Skip, Reason::TooLarge) => self.summary.skipped_too_large += 1,
                (Action::Skip, Reason::OverLimit) => self.summary.over_limit += 1,
                (Action::Skip | Action::Keep, _) => {}
            }
            self.summary.known += u32::from(matches!(step.action, Action::Delete | Action::Keep));
        }
        self.summary.held_back = plan.held_back.unwrap_or(0);
        self.observer.event(&Event::Planned { to_fetch, octets, to_delete, known: self.summary.known });
    }

    /// Records what the listing tells of messages that are not fetched now.
    fn learn(&mut self, plan: &Plan, listed: &[Listed<'_>]) -> Result<()> {
        let octets_of = |number: u32| {
            let at = listed.binary_search_by_key(&number, |message| message.number).ok()?;
            listed[at].octets
        };
        let renamed = |(entry, number): &(EntryId, u32)| {
            unique_id_of(listed, *number).map(|unique_id| (*entry, unique_id, octets_of(*number)))
        };
        let adopted: Vec<_> = plan.adopted.iter().filter_map(renamed).collect();
        self.journal.adopt(&adopted)?;
        self.journal.gone(&plan.vanished)?;
        self.journal.back(&plan.back)?;
        let steps = || plan.steps.iter();
        let unseen = |step: &&Step| step.action == Action::Skip && step.entry.is_none();
        let seen: Vec<_> = steps()
            .filter(unseen)
            .filter_map(|step| unique_id_of(listed, step.number).map(|unique_id| (unique_id, step.octets)))
            .collect();
        self.journal.seen(&seen)?;
        let delete = steps().filter(|step| step.action == Action::Delete);
        self.to_delete.extend(delete.map(|step| (step.number, step.entry)));
        Ok(())
    }

    /// Retrieves what the plan says, batch after batch. Trouble that ends the fetching, but leaves
    /// something to save, is kept for later; an error here means that nothing can be saved.
    fn fetch(&mut self, plan: &Plan, listed: &[Listed<'_>]) -> Result<()> {
        let mut batch = Batch::new(self.destination);
        // A message counts only once the server has answered the next command in step: a server that
        // does not byte-stuff ends a message early, and its next line is no reply.
        let mut unconfirmed: Option<Fetched<D::Delivery>> = None;
        for step in &plan.steps {
            let Action::Fetch { then_delete } = step.action else { continue };
            if self.stop.load(Ordering::Relaxed) {
                self.trouble = Some(interrupted());
                break;
            }
            let unique_id = unique_id_of(listed, step.number);
            let outcome = self.retrieve(step, unique_id, then_delete);
            let in_step = !matches!(&outcome, Err(Failure::Message(error)) if error.kind() == Kind::Protocol);
            if let Some(fetched) = unconfirmed.take() {
                if in_step { batch.push(fetched) } else { self.doubt(&fetched)? }
            }
            match outcome {
                Ok(fetched) => unconfirmed = Some(fetched),
                Err(Failure::Message(error)) => {
                    self.note_failure(step.number, unique_id.unwrap_or_default(), step.octets, &error)?;
                    if error.ends_the_session() {
                        self.trouble = Some(error);
                        break;
                    }
                }
                Err(Failure::Storage(error)) => {
                    self.trouble = Some(error);
                    break;
                }
            }
            if batch.is_due() && !self.commit(&mut batch) {
                return Ok(());
            }
        }
        if let Some(fetched) = unconfirmed {
            if self.is_in_step() { batch.push(fetched) } else { self.doubt(&fetched)? }
        }
        self.commit(&mut batch);
        Ok(())
    }

    /// Whether the server is where we think it is. A line that is lost by now says nothing against
    /// a message whose end was seen.
    fn is_in_step(&mut self) -> bool {
        if self.trouble.as_ref().is_some_and(Error::ends_the_session) {
            return true;
        }
        match self.session.noop() {
            Err(error) if error.ends_the_session() => {
                let in_step = error.kind() != Kind::Protocol;
                self.trouble.get_or_insert(error);
                in_step
            }
            _ => true,
        }
    }

    fn retrieve(
        &mut self,
        step: &Step,
        unique_id: Option<&[u8]>,
        then_delete: bool,
    ) -> Result<Fetched<D::Delivery>, Failure> {
        let Step { number, octets, .. } = *step;
        self.observer.event(&Event::Started { number, octets, unique_id });
        let mut delivery = self.destination.begin().map_err(Failure::Storage)?;
        let mut identifier = Identifier::new();
        let mut written = Ok(());
        let observer = &mut *self.observer;
        let bytes = self
            .session
            .retrieve(number, |chunk| {
                identifier.push(chunk);
                // A full disk must not put the conversation out of step: the rest is read and dropped.
                if written.is_ok() {
                    written = delivery.write(chunk);
                }
                observer.event(&Event::Received { bytes: chunk.len() as u64 });
            })
            .map_err(Failure::Message)?;
        written.map_err(Failure::Storage)?;
        self.observer.event(&Event::Fetched { number, bytes });
        Ok(Fetched {
            delivery,
            number,
            unique_id: unique_id.unwrap_or_default().to_vec(),
            octets,
            bytes,
            identity: identifier.finish(),
            then_delete,
        })
    }

    /// Commits the batch; what it delivered may be deleted on the server from here on. `false`: the
    /// destination or the journal failed, and there is no use in fetching more.
    fn commit(&mut self, batch: &mut Batch<'_, D>) -> bool {
        match batch.commit(self.journal).and_then(|committed| self.count(committed)) {
            Ok(()) => true,
            Err(error) => {
                self.trouble.get_or_insert(error);
                false
            }
        }
    }

    fn count(&mut self, committed: Vec<Committed>) -> Result<()> {
        let mut messages = 0;
        for message in committed {
            if let Some(error) = message.refused {
                self.note_failure(message.number, &message.unique_id, message.octets, &error)?;
                continue;
            }
            messages += 1;
            self.summary.fetched += 1;
            self.summary.bytes += message.bytes;
            if message.then_delete {
                self.to_delete.push((message.number, Some(message.entry)));
            }
        }
        if messages > 0 {
            self.observer.event(&Event::Committed { messages });
        }
        Ok(())
    }

    /// Drops a message whose end may have been none.
    fn doubt(&mut self, fetched: &Fetched<D::Delivery>) -> Result<()> {
        let says = format!("message {} may not be whole: what followed it was no reply", fetched.number);
        let error = Error::new(Kind::Protocol, says);
        self.note_failure(fetched.number, &fetched.unique_id, fetched.octets, &error)
    }

    /// Notes that a message could not be brought in; a later run tries again.
    fn note_failure(
        &mut self,
        number: u32,
        unique_id: &[u8],
        octets: Option<u64>,
        reason: &Error,
    ) -> Result<()> {
        self.summary.failed += 1;
        let named = (!unique_id.is_empty()).then_some(unique_id);
        self.observer.event(&Event::Failed { number, unique_id: named, reason });
        match named {
            Some(unique_id) => self.journal.failed(unique_id, octets, &causes(reason)),
            None => Ok(()),
        }
    }
}

/// An error with what lay beneath it, for the journal.
fn causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}

/// Whose fault a retrieval's failure is.
enum Failure {
    /// This message's, or the line's.
    Message(Error),
    /// The destination's: the next message would fail too.
    Storage(Error),
}

fn interrupted() -> Error {
    Error::new(Kind::Interrupted, "interrupted")
        .hint("what was fetched is safe; run the same command to go on")
}

/// What a run that carried everything out has still to say.
fn verdict(summary: &Summary, policy: &Policy) -> Result<()> {
    if summary.held_back > 0 {
        let (due, allowed) = (summary.held_back, policy.max_delete.unwrap_or(0));
        let says = format!("deleted nothing: {due} deletions are due, and only {allowed} allowed");
        return Err(Error::new(Kind::Partial, says).hint("look with --dry-run, then raise --max-delete"));
    }
    match summary.failed {
        0 => Ok(()),
        1 => Err(Error::new(Kind::Partial, "1 message failed and will be tried again")),
        count => Err(Error::new(Kind::Partial, format!("{count} messages failed and will be tried again"))),
    }
}
