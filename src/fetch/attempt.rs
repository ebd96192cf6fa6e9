//! One session's work, from the listings to QUIT: look, name, plan, retrieve, delete. What came of it, and whose
//! fault its end was, is an [`Outcome`]; what comes next is decided elsewhere ([`super::next`]).

use std::collections::HashSet;

use super::blame::Sizes;
use super::delete;
use super::event::{Event, Summary, Teller};
use super::journal::{EntryId, Fact, FactKind, Failing, Journal};
use super::manner::Manner;
use super::outcome::{Halt, Outcome, Owner, Stage, Task};
use super::plan::{Action, Listed, Plan, Reason, Step};
use super::policy::Policy;
use super::results::{Failed, Gathered, causes};
use super::retries::Retries;
use super::retrieve::{self, Learned, Retrieval};
use super::survey::{Survey, unique_id_of};
use crate::error::{Kind, Result};
use crate::session::{Session, Transaction};
use crate::store::Store;
use crate::sys::Stop;

/// How long what was learned of a server is believed, in seconds.
pub(super) const DAY: i64 = 24 * 60 * 60;
const MONTH: i64 = 30 * DAY;

/// So many seconds of mail may be on their way: that is how long a stop takes.
const SECONDS_AHEAD: u64 = 2;

/// The least that is on its way at a slow server, in octets.
const LEAST_AHEAD: u64 = 64 << 10;

/// What all sessions of a run work with.
pub(super) struct Attempt<'r, 't> {
    pub(super) store: &'r dyn Store,
    pub(super) journal: &'r mut Journal,
    pub(super) policy: &'r Policy,
    pub(super) stop: &'r Stop,
    pub(super) teller: &'r mut Teller<'t>,
    pub(super) retries: &'r mut Retries,
    /// What this run has delivered once more.
    pub(super) again: &'r mut HashSet<EntryId>,
    pub(super) summary: &'r mut Summary,
    /// Seconds of Unix time.
    pub(super) now: i64,
}

impl Attempt<'_, '_> {
    /// Does what a session is for.
    pub(super) fn carry_out(&mut self, session: Session<Transaction>, manner: Manner, task: Task) -> Outcome {
        let mut outcome = Outcome::new();
        outcome.was_ahead = session.pipelines();
        if let Err(halt) = self.work(session, manner, task, &mut outcome) {
            outcome.halt = Some(halt);
        }
        outcome
    }

    fn work(
        &mut self,
        mut session: Session<Transaction>,
        manner: Manner,
        mut task: Task,
        outcome: &mut Outcome,
    ) -> Result<(), Halt> {
        outcome.stage = Stage::Looking;
        let mut survey = Survey::look(&mut session, manner.asks_headers).map_err(Halt::in_session)?;
        outcome.was_ahead = session.pipelines();
        let maildrop = survey.maildrop();
        let (messages, octets) = (maildrop.len() as u32, maildrop.octets());
        self.teller.tell(&Event::SignedIn { messages, octets });
        self.warn_of_missing(messages, maildrop.counted(), task);
        outcome.stage = Stage::Headers;
        survey.name(&mut session, self.policy).map_err(Halt::in_session)?;
        let listed = survey.listed();
        let plan = survey.plan(&mut session, &listed, self.journal.view(), self.policy, self.now);
        let plan = plan.map_err(Halt::in_session)?;

        outcome.stage = Stage::Retrieving;
        let in_journal = |error| Halt::owned_by(Owner::Journal, error);
        self.learn(&plan, &listed).map_err(in_journal)?;
        if task == Task::New {
            self.retries.plan(&plan, self.journal.view(), self.store.room(), self.now);
            task = self.retries.task(&plan, self.journal.view(), self.now);
        }
        let mut due = match task {
            Task::New | Task::Deletions => self.deletions(&plan),
            Task::Refused | Task::Broken => Vec::new(),
        };
        let mut retried = HashSet::new();
        let wanted: Vec<&Step> = match task {
            Task::New => {
                let is_open = |step: &&Step| step.reason != Reason::Again || !self.came_again(step);
                let is_new = |step: &&Step| !is_retry(step) && !self.retries.has_broken_nameless(step);
                fetches(&plan).filter(is_new).filter(is_open).collect()
            }
            Task::Deletions => Vec::new(),
            Task::Refused | Task::Broken => {
                retried = self.retries.begin(task);
                let is_one =
                    |step: &&Step| is_retry(step) && step.entry.is_some_and(|entry| retried.contains(&entry));
                fetches(&plan).filter(is_one).collect()
            }
        };
        self.announce(&plan, &wanted, due.len() as u32, task);
        if !wanted.is_empty() {
            if task == Task::Broken {
                session.set_manner(Manner { cautious: true, ..manner }.of_session());
            }
            let gathered = self.retrieve(&mut session, &survey, &listed, &plan, &wanted, manner, task)?;
            outcome.delivered = gathered.fetched + gathered.known - gathered.known_by_text;
            outcome.failed = gathered.failed.len() as u32;
            outcome.texts = gathered.texts;
            outcome.owed = gathered.owed;
            self.again.extend(&gathered.again);
            due.extend_from_slice(&gathered.to_delete);
            self.note_failures(gathered.failed).map_err(in_journal)?;
            self.retries.continue_with(&retried, self.journal.view());
            match gathered.halt {
                // It lets the session end properly.
                Some(halt) if !outcome.owed && matches!(halt.owner, Owner::User | Owner::Server) => {
                    outcome.halt = Some(halt);
                }
                Some(halt) => {
                    outcome.has_due = !due.is_empty();
                    self.journal.sync().map_err(in_journal)?;
                    return Err(halt);
                }
                None => {}
            }
        }
        if outcome.owed {
            // No QUIT: the server may take away by it what was retrieved and is not kept.
            drop(session);
            outcome.has_due = !due.is_empty();
            return self.journal.sync().map_err(in_journal);
        }

        outcome.stage = Stage::Deleting;
        let left_out = self.retries.leave_out(&mut due, self.teller);
        outcome.has_due = !due.is_empty();
        let deleted = delete::carry_out(session, &due, self.journal, self.teller);
        self.summary.deleted += deleted.gone;
        let refused = deleted.refused + left_out;
        match task {
            Task::New | Task::Deletions => self.retries.refused_deletions = refused,
            // The session before this one deleted what was due.
            Task::Refused | Task::Broken => self.retries.refused_deletions += refused,
        }
        if let Some((number, entry)) = deleted.broke_at {
            outcome.knows_deletion = self.retries.note_breaking_deletion(number, entry) || manner.cautious;
        }
        if let Some(halt) = deleted.halt {
            return Err(outcome.halt.take().unwrap_or(halt));
        }
        outcome.has_due = false;
        outcome.stage = Stage::Done;
        Ok(())
    }

    #[allow(clippy::too_many_arguments, reason = "what was asked, planned and decided meets here, once")]
    fn retrieve<'a>(
        &mut self,
        session: &mut Session<Transaction>,
        survey: &'a Survey,
        listed: &'a [Listed<'a>],
        plan: &Plan,
        wanted: &[&Step],
        manner: Manner,
        task: Task,
    ) -> Result<Gathered<'a>, Halt> {
        // Needed only where a message may turn out to be a known one: there may be very many.
        let claimed = match wanted.iter().any(|step| step.may_be_known()) {
            true => plan.steps.iter().filter_map(|step| step.entry).collect(),
            false => HashSet::new(),
        };
        let view = self.journal.view();
        let fact = |kind| view.fact(kind, self.now).map(|fact| fact.value);
        let sizes = Sizes::learned(fact(FactKind::ExactOctets).map(|value| value == 1));
        let ahead = fact(FactKind::Rate).map(|rate| rate.saturating_mul(SECONDS_AHEAD).max(LEAST_AHEAD));
        let retrieval = Retrieval {
            store: self.store,
            journal: self.journal,
            claimed,
            maildrop: survey.maildrop(),
            listed,
            stop: self.stop,
            manner: Manner { cautious: manner.cautious || task == Task::Broken, ..manner },
            sizes,
            skipped: self.retries.skipped_questions,
            most_octets: ahead.unwrap_or(u64::MAX),
        };
        let (gathered, learned) = retrieve::all(retrieval, session, wanted, self.teller);
        self.retries.skipped_questions = learned.skipped;
        self.summary.fetched += gathered.fetched;
        self.summary.bytes += gathered.bytes;
        self.summary.known += gathered.known;
        self.remember(&learned, &gathered).map_err(|error| Halt::owned_by(Owner::Journal, error))?;
        Ok(gathered)
    }

    /// Remembers what a retrieval told of the server.
    fn remember(&mut self, learned: &Learned, gathered: &Gathered<'_>) -> Result<()> {
        // An unknown record costs a line each time: only what changed, or is about to run out, is written.
        let until = self.now + MONTH;
        let mut learn = |kind, value| {
            let is_news =
                self.journal.view().fact(kind, self.now + DAY).is_none_or(|fact| fact.value != value);
            if is_news { self.journal.learn(Fact { kind, until, value }) } else { Ok(()) }
        };
        if let Some(are_right) = learned.sizes.verdict() {
            learn(FactKind::ExactOctets, u64::from(are_right))?;
        }
        // A rate is told by what takes a while, and remembered roughly.
        if learned.seconds >= 1.0 && learned.octets > LEAST_AHEAD {
            let rate = (learned.octets as f64 / learned.seconds) as u64;
            learn(FactKind::Rate, rate.next_power_of_two())?;
        }
        let needs_utf8 = |failed: &Failed<'_>| failed.error.kind() == Kind::NeedsUtf8;
        if gathered.failed.iter().any(needs_utf8) {
            learn(FactKind::Utf8, 1)?;
        }
        Ok(())
    }

    /// Writes down which messages could not be fetched, and keeps them for the end of the run.
    fn note_failures(&mut self, failed: Vec<Failed<'_>>) -> Result<()> {
        for failed in failed {
            let entry = match failed.unique_id.is_empty() {
                true => None,
                false => {
                    let failing = Failing {
                        cause: failed.cause,
                        reason: &causes(&failed.error),
                        from: failed.from.as_deref(),
                        subject: failed.subject.as_deref(),
                    };
                    // However often it fails in one run, that is one try.
                    if self.retries.has_failed(&failed.unique_id) {
                        self.journal.view().find(&failed.unique_id).map(|entry| entry.id).next()
                    } else {
                        Some(self.journal.failed(&failed.unique_id, failed.octets, &failing)?)
                    }
                }
            };
            self.retries.note(failed, entry);
        }
        Ok(())
    }

    /// What is deleted without a download: message-number and entry.
    fn deletions(&mut self, plan: &Plan) -> Vec<(u32, Option<EntryId>)> {
        let unproven = plan.steps.iter().filter(|step| step.reason == Reason::Unproven).count();
        if unproven > 0 {
            let messages = if unproven == 1 { "message is" } else { "messages are" };
            let why = "the server answered nothing that proves which message it sent";
            self.teller.warn(&format!("{unproven} fetched {messages} not deleted: {why}"));
        }
        let delete = plan.steps.iter().filter(|step| step.action == Action::Delete);
        delete.map(|step| (step.number, step.entry)).collect()
    }

    /// Whether an earlier session of this run delivered it once more.
    fn came_again(&self, step: &Step) -> bool {
        step.entry.is_some_and(|entry| self.again.contains(&entry))
    }

    fn warn_of_missing(&mut self, listed: u32, counted: u32, task: Task) {
        if listed < counted && task == Task::New {
            let text = format!(
                "the server counts {counted} messages and lists {listed}: the others are left to a later run"
            );
            self.teller.warn(&text);
        }
    }

    /// Tells what the session is going to do.
    fn announce(&mut self, plan: &Plan, wanted: &[&Step], to_delete: u32, task: Task) {
        let octets = wanted.iter().filter_map(|step| step.octets).fold(0, u64::saturating_add);
        let then_deleted =
            wanted.iter().filter(|step| step.action == Action::Fetch { then_delete: true }).count();
        let (mut known, mut too_large, mut over_limit, mut put_off) = (0, 0, 0, 0);
        for step in &plan.steps {
            match (step.action, step.reason) {
                (Action::Delete | Action::Keep, _) => known += 1,
                (Action::Skip, Reason::TooLarge) => too_large += 1,
                (Action::Skip, Reason::OverLimit) => over_limit += 1,
                (Action::Skip, Reason::PutOff(_)) => put_off += 1,
                (Action::Skip | Action::Fetch { .. }, _) => {}
            }
        }
        if task == Task::New {
            (self.summary.skipped_too_large, self.summary.over_limit) = (too_large, over_limit);
            self.summary.put_off = put_off;
            // What an earlier session of this run has fetched was not known before it.
            self.summary.known = u32::saturating_sub(known, self.summary.fetched);
            self.summary.held_back = plan.held_back.unwrap_or(0);
        }
        let to_fetch = wanted.len() as u32;
        let to_delete = to_delete + then_deleted as u32;
        self.teller.tell(&Event::Planned { to_fetch, octets, to_delete, known });
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
        self.journal.back(&plan.back)?;
        self.journal.gone(&plan.vanished)?;
        let unseen = |step: &&Step| step.action == Action::Skip && step.entry.is_none();
        let seen: Vec<_> = plan
            .steps
            .iter()
            .filter(unseen)
            .filter_map(|step| unique_id_of(listed, step.number).map(|unique_id| (unique_id, step.octets)))
            .collect();
        self.journal.seen(&seen)
    }
}

fn fetches(plan: &Plan) -> impl Iterator<Item = &Step> {
    plan.steps.iter().filter(|step| matches!(step.action, Action::Fetch { .. }))
}

/// Whether the message failed before: it shares no session with new mail.
pub(super) fn is_retry(step: &Step) -> bool {
    matches!(step.reason, Reason::FailedBefore(_) | Reason::UnrecognisedFailedBefore(_))
}
