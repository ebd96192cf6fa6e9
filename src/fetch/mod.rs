//! One account's run, from top to bottom: lock and settle the journal, get the credentials, open the store, then
//! as many sessions as it takes, and what came of it all.
//!
//! ```text
//!  journal ─ settle ─▶ credentials ─▶ store ─▶ session: look ─▶ plan ─▶ retrieve ─▶ delete ─▶ Outcome
//!                                                ▲      this thread: the network │ its own: commit
//!                                                └──────── next: whose fault? ◀──┘
//! ```
//!
//! [`plan`] decides what to do with each message, purely; `attempt` is one session; `commit` keeps the order
//! that makes a message neither lost nor doubled; the [`journal`] remembers. What follows a failure depends on
//! whose it is, and one function decides that: `next`. Whoever watches gets [`Event`]s.

mod arrival;
mod attempt;
mod blame;
mod claim;
mod commit;
mod delete;
pub mod event;
mod headers;
pub mod journal;
pub mod maildrop;
pub mod manner;
mod next;
mod outcome;
pub mod plan;
pub mod policy;
mod recognise;
mod results;
mod retries;
mod retrieve;
mod round;
mod settle;
mod short;
pub mod survey;
mod verdict;

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

pub use event::{Event, Observer, Silent, Source, Summary};
pub use journal::Journal;
pub use manner::Manner;
pub use plan::Plan;
pub use policy::Policy;
pub use survey::Survey;

use self::attempt::{Attempt, DAY};
use self::event::Teller;
use self::journal::{EntryId, Fact, FactKind, View};
use self::next::{Next, Situation};
use self::outcome::{Halt, Outcome, Owner, Stage, Task};
use self::retries::Retries;
use self::verdict::verdict;
use crate::error::{Error, Kind, Result};
use crate::session::{Pipelining, Session, Transaction};
use crate::store::{self, Opening, Spec, Store};
use crate::sys::Stop;

/// How a run gets into the maildrop.
pub trait Access {
    /// Gets what proves who signs in: a password or a token, once for all sessions of a run. May ask.
    ///
    /// # Errors
    /// There is none, or it cannot be had.
    fn prepare(&mut self) -> Result<()>;

    /// A session that is signed in.
    ///
    /// # Errors
    /// What the connection or the sign-in failed with.
    fn sign_in(&mut self, manner: Manner) -> Result<Session<Transaction>>;
}

/// One account's run.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// The account's name.
    pub account: &'a str,
    /// What to call the server.
    pub server: &'a str,
    /// The folder that the journals are in.
    pub state: &'a Path,
    /// Whose journal is wanted.
    pub owner: &'a maildrop::Owner,
    /// Where messages go.
    pub deliver: &'a Spec,
    /// Which messages, and what stays on the server.
    pub policy: &'a Policy,
    /// Whether commands are sent ahead.
    pub pipelining: Pipelining,
    /// How long a program that takes a message may run.
    pub timeout: Duration,
    /// The user's request to stop.
    pub stop: &'a Stop,
    /// Seconds of Unix time.
    pub now: i64,
}

/// Messages that are tried again, and nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Retry<'a> {
    /// Their unique-ids.
    pub unique_ids: &'a [Vec<u8>],
}

impl Run<'_> {
    /// Brings new messages in and deletes what the policy says.
    ///
    /// # Errors
    /// With whatever had been done before in the summary: the failure that ended the run, of whatever owner;
    /// [`Kind::Partial`], or [`Kind::DiskFull`], where single messages failed and all else went well.
    pub fn carry_out(&self, access: &mut dyn Access, observer: &mut dyn Observer) -> (Summary, Result<()>) {
        self.tell(access, observer, None)
    }

    /// Tries messages that failed once more, each at once.
    ///
    /// # Errors
    /// As [`Run::carry_out`].
    pub fn retry(
        &self,
        retry: &Retry<'_>,
        access: &mut dyn Access,
        observer: &mut dyn Observer,
    ) -> (Summary, Result<()>) {
        self.tell(access, observer, Some(retry))
    }

    fn tell(
        &self,
        access: &mut dyn Access,
        observer: &mut dyn Observer,
        retry: Option<&Retry<'_>>,
    ) -> (Summary, Result<()>) {
        let begun = Instant::now();
        let described = self.deliver.described();
        let source = Source { account: self.account, store: &described };
        let mut teller = Teller::new(source, observer);
        let mut summary = Summary::default();
        let outcome = self.all_sessions(access, retry, &mut teller, &mut summary);
        summary.elapsed = begun.elapsed();
        // "Nothing new" would be untrue where nobody could look.
        if outcome.is_ok() || !summary.is_uneventful() {
            teller.tell(&Event::Finished(&summary));
        }
        (summary, outcome)
    }

    /// What a run would do, and nothing is done: the listed messages and the plan.
    ///
    /// # Errors
    /// As [`Run::carry_out`].
    pub fn preview<T>(
        &self,
        access: &mut dyn Access,
        show: impl FnOnce(&[plan::Listed<'_>], &Plan) -> T,
    ) -> Result<T> {
        let journal = maildrop::journal_of(self.state, self.owner);
        let view = Journal::peek(&journal)?.unwrap_or_else(View::default);
        access.prepare()?;
        let mut manner = Manner::learned(self.pipelining, &view, self.now);
        loop {
            let mut session = access.sign_in(manner)?;
            match self.look(&mut session, manner, &view) {
                Ok((survey, plan)) => {
                    session.leave();
                    return Ok(show(&survey.listed(), &plan));
                }
                Err(error) if error.ends_the_session() && !manner.cautious => manner.cautious = true,
                Err(error) if error.ends_the_session() && manner.asks_headers => manner.asks_headers = false,
                Err(error) => return Err(error),
            }
        }
    }

    fn look(
        &self,
        session: &mut Session<Transaction>,
        manner: Manner,
        view: &View,
    ) -> Result<(Survey, Plan)> {
        let mut survey = Survey::look(session, manner.asks_headers)?;
        survey.name(session, self.policy)?;
        let plan = survey.plan(session, &survey.listed(), view, self.policy, self.now)?;
        Ok((survey, plan))
    }

    fn all_sessions(
        &self,
        access: &mut dyn Access,
        retry: Option<&Retry<'_>>,
        teller: &mut Teller<'_>,
        summary: &mut Summary,
    ) -> Result<()> {
        // Before anything is opened: opening makes what is missing, and a folder made anew would look like
        // one that a mail reader has emptied.
        let mut settle = |opened| {
            let (journal, recovered) = settle::settle(opened, Some(self.deliver), self.stop, teller)?;
            summary.recovered += recovered;
            Ok(journal)
        };
        let claim = maildrop::open(self.state, self.owner, self.now, &mut settle)?;
        // Before the first run of a new account makes any folder.
        access.prepare()?;
        let (mut journal, session) = self.claim(claim, access, teller)?;
        journal.deliver_to(&self.deliver.canonical())?;
        self.tell_elsewhere(&journal, teller);
        let store = self.open_store(&journal)?;
        let mut retries = match retry {
            None => Retries::default(),
            Some(retry) => {
                let failed = failed_entries(journal.view(), retry.unique_ids);
                journal.retry_now(&failed)?;
                Retries::only(failed)
            }
        };
        let trouble = self.sessions(session, access, &*store, &mut journal, &mut retries, teller, summary);
        let failures = retries.finish(journal.view(), teller);
        summary.failed = failures.failed;
        match trouble {
            Some(error) => Err(error),
            None => verdict(summary, failures, self.policy),
        }
    }

    /// Says so where what was fetched before went to other stores only.
    fn tell_elsewhere(&self, journal: &Journal, teller: &mut Teller<'_>) {
        let view = journal.view();
        if self.policy.refetch || view.delivered_into(&self.deliver.canonical()) > 0 {
            return;
        }
        if let Some((store, messages)) = view.stores().into_iter().max_by_key(|(_, messages)| *messages)
            && messages > 0
        {
            teller.tell(&Event::Elsewhere { messages, store: &store });
        }
    }

    /// The sessions of a run, one after the other. What ended it early, where that is more than single
    /// messages' failures.
    #[allow(clippy::too_many_arguments, reason = "all of a run comes together here, once")]
    fn sessions(
        &self,
        mut begun: Option<Session<Transaction>>,
        access: &mut dyn Access,
        store: &dyn Store,
        journal: &mut Journal,
        retries: &mut Retries,
        teller: &mut Teller<'_>,
        summary: &mut Summary,
    ) -> Option<Error> {
        let mut manner = Manner::learned(self.pipelining, journal.view(), self.now);
        let (mut task, mut sessions) = (Task::New, 0);
        // Whether the run became cautious since nothing was answered behind commands sent ahead.
        let mut blames_pipelining = false;
        let mut again = HashSet::new();
        loop {
            sessions += 1;
            let session = match begun.take() {
                Some(session) => Ok(session),
                None => access.sign_in(manner),
            };
            let outcome = match session {
                Ok(session) => {
                    teller.tell(&Event::Connected { server: self.server });
                    // Not the time at which the run began: what it notes itself would be in the future.
                    let (policy, stop, now) = (self.policy, self.stop, journal.now());
                    let mut attempt = Attempt {
                        store,
                        journal: &mut *journal,
                        policy,
                        stop,
                        teller: &mut *teller,
                        retries: &mut *retries,
                        again: &mut again,
                        summary: &mut *summary,
                        now,
                    };
                    attempt.carry_out(session, manner, task)
                }
                Err(error) => Outcome { halt: Some(Halt::at_sign_in(error)), ..Outcome::new() },
            };
            if self.stop.is_requested() {
                retries.put_off();
            }
            let next = next::next(Situation {
                task,
                stage: outcome.stage,
                halt: outcome.halt.as_ref().map(|halt| halt.owner),
                has_progress: outcome.has_progress(),
                was_cautious: manner.cautious,
                owed: outcome.owed,
                has_due: outcome.has_due,
                has_refused: retries.has_refused(),
                has_broken: retries.has_broken(),
                sessions,
            });
            blames_pipelining |= !manner.cautious && outcome.may_blame_pipelining();
            let remembered = self.remember(journal, &outcome, manner, sessions, blames_pipelining);
            if let Err(error) = remembered {
                return Some(error);
            }
            if let (Some(halt), Next::Again { .. } | Next::AgainWithoutHeaders) = (&outcome.halt, next) {
                let cautious = next == Next::Again { cautious: true } && !manner.cautious;
                teller.tell(&Event::Reconnecting { reason: &halt.error, cautious });
            }
            manner.utf8 |= journal.view().fact(FactKind::Utf8, self.now).is_some();
            task = match next {
                Next::End => return self.trouble(outcome, task, sessions),
                Next::Again { cautious } => {
                    manner.cautious = cautious;
                    task
                }
                Next::AgainWithoutHeaders => {
                    manner.asks_headers = false;
                    task
                }
                Next::Deletions => Task::Deletions,
                Next::Refused => Task::Refused,
                Next::Broken => Task::Broken,
            };
        }
    }

    /// What the last session's end means for the run. That a message which failed before failed again, or
    /// could not be tried, is no trouble of the run's.
    fn trouble(&self, outcome: Outcome, task: Task, sessions: u32) -> Option<Error> {
        let halt = outcome.halt?;
        let is_retry = matches!(task, Task::Refused | Task::Broken) && sessions > 1;
        let is_its_own = matches!(halt.owner, Owner::Connection | Owner::Server);
        (!is_retry || !is_its_own).then_some(halt.error)
    }

    /// Remembers how the server took what the session did, so that the next run begins where this one ends.
    fn remember(
        &self,
        journal: &mut Journal,
        outcome: &Outcome,
        manner: Manner,
        sessions: u32,
        blames_pipelining: bool,
    ) -> Result<()> {
        let halt = outcome.halt.as_ref().map(|halt| halt.owner);
        let fact = |kind, days: i64| Fact { kind, until: self.now.saturating_add(days * DAY), value: 1 };
        let is_lost = halt == Some(Owner::Connection);
        if is_lost && !outcome.has_progress() && !manner.cautious {
            // The next session is cautious, be it in this run or in the next one.
            match outcome.stage {
                Stage::Looking if !outcome.was_ahead => journal.learn(fact(FactKind::CapaBreaks, 7))?,
                Stage::Looking | Stage::Retrieving => journal.learn(fact(FactKind::PipeliningBroken, 1))?,
                Stage::SigningIn | Stage::Headers | Stage::Deleting | Stage::Done => {}
            }
        }
        // In lock-step all went well: that proves it where nothing else could have been the reason.
        if halt.is_none() && manner.cautious && sessions > 1 {
            match blames_pipelining {
                true => journal.learn(fact(FactKind::PipeliningBroken, 7))?,
                false => journal.unlearn(FactKind::PipeliningBroken)?,
            }
        }
        if sessions > 1 && outcome.stage == Stage::SigningIn && halt == Some(Owner::Server) {
            journal.learn(fact(FactKind::OneSession, 7))?;
        }
        Ok(())
    }

    /// What marks this maildrop's files in a Maildir's `tmp/`: eight hexadecimal digits of its journal's path.
    fn tag(&self) -> String {
        let path = maildrop::path_of(self.state, self.owner);
        let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
        digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Opens the store. Only a settled journal lets it.
    fn open_store(&self, _settled: &Journal) -> Result<Box<dyn Store>> {
        let opening = Opening { tag: self.tag(), stop: self.stop.clone(), timeout: self.timeout };
        store::open(self.deliver, &opening)
    }
}

/// The entries of messages that failed, by their unique-ids.
fn failed_entries(view: &View, unique_ids: &[Vec<u8>]) -> Vec<EntryId> {
    let mut entries = Vec::new();
    for unique_id in unique_ids {
        let failed = view.find(unique_id).filter(|entry| view.failure(entry.id).is_some());
        entries.extend(failed.map(|entry| entry.id));
    }
    entries
}

/// Opens and settles a journal, to mend it. `own` is where its account delivers to.
///
/// # Errors
/// As [`Journal::open`], and where a store cannot be looked at: the own one must be there.
pub fn open_settled(journal: &Path, own: Option<&Spec>, stop: &Stop, now: i64) -> Result<Journal> {
    let source = Source { account: "", store: "" };
    let mut silent = Silent;
    let mut teller = Teller::new(source, &mut silent);
    Ok(settle::settle(Journal::open(journal, now)?, own, stop, &mut teller)?.0)
}

/// The user asked to stop.
fn interrupted() -> Error {
    Error::new(Kind::Interrupted, "interrupted")
        .hint("what was fetched is safe; run the same command to go on")
}
