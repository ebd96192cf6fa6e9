//! The sessions of a run, one after the other, and what happens between them: whether another one follows is decided
//! by [`next`](super::next), from whose failure ended the last one; what that failure says of the server is
//! remembered for the next run; and what it means for the run is decided when no session follows.

use std::collections::HashSet;

use super::attempt::{Attempt, DAY};
use super::event::{Event, Summary, Teller};
use super::journal::{EntryId, Fact, FactKind, Journal};
use super::next::{Next, Situation, next};
use super::outcome::{Halt, Outcome, Owner, Stage, Task};
use super::retries::Retries;
use super::{Access, Manner, Run};
use crate::error::{Error, Result};
use crate::session::{Session, Transaction};
use crate::store::Store;

/// All sessions of a run.
pub(super) struct Sessions<'r, 't> {
    run: &'r Run<'r>,
    store: &'r dyn Store,
    journal: &'r mut Journal,
    retries: &'r mut Retries,
    teller: &'r mut Teller<'t>,
    summary: &'r mut Summary,
    /// What the session at hand is for.
    task: Task,
    manner: Manner,
    /// How many there were.
    count: u32,
    /// Whether a session of this run, not an earlier one, gave the reason to be cautious.
    became_cautious: bool,
    /// Whether one was lost with commands sent ahead, and no message's text had come whole.
    may_blame_pipelining: bool,
    /// Entries that `--refetch` delivered once more in an earlier session of this run.
    again: HashSet<EntryId>,
}

impl<'r, 't> Sessions<'r, 't> {
    pub(super) fn new(
        run: &'r Run<'r>,
        store: &'r dyn Store,
        journal: &'r mut Journal,
        retries: &'r mut Retries,
        teller: &'r mut Teller<'t>,
        summary: &'r mut Summary,
    ) -> Self {
        let manner = Manner::learned(run.pipelining, journal.view(), run.now);
        Sessions {
            run,
            store,
            journal,
            retries,
            teller,
            summary,
            task: Task::New,
            manner,
            count: 0,
            became_cautious: false,
            may_blame_pipelining: false,
            again: HashSet::new(),
        }
    }

    /// Carries them out; `begun` is one that is signed in already.
    ///
    /// # Errors
    /// The failure that ended the run, where it is more than the failures of single messages.
    pub(super) fn all(
        mut self,
        access: &mut dyn Access,
        mut begun: Option<Session<Transaction>>,
    ) -> Result<()> {
        loop {
            self.count += 1;
            let session = match begun.take() {
                Some(session) => Ok(session),
                None => access.sign_in(self.manner),
            };
            let outcome = match session {
                Ok(session) => self.one(session),
                Err(error) => Outcome { halt: Some(Halt::at_sign_in(error)), ..Outcome::new() },
            };
            if self.run.stop.is_requested() {
                self.retries.put_off();
            }
            let next = next(self.situation(&outcome));
            self.remember(&outcome)?;
            if let (Some(halt), Next::Again { .. } | Next::AgainWithoutHeaders) = (&outcome.halt, next) {
                let cautious = next == Next::Again { cautious: true } && !self.manner.cautious;
                self.teller.tell(&Event::Reconnecting { reason: &halt.error, cautious });
            }
            // A session may have found messages that the server gives in UTF-8 mode only.
            self.manner.utf8 |= self.journal.view().fact(FactKind::Utf8, self.run.now).is_some();
            match next {
                Next::End => return self.failure(outcome).map_or(Ok(()), Err),
                Next::Again { cautious } => {
                    self.became_cautious |= cautious && !self.manner.cautious;
                    self.manner.cautious = cautious;
                }
                Next::AgainWithoutHeaders => self.manner.asks_headers = false,
                Next::Deletions => self.task = Task::Deletions,
                Next::Refused => self.task = Task::Refused,
                Next::Broken => self.task = Task::Broken,
            }
        }
    }

    fn one(&mut self, session: Session<Transaction>) -> Outcome {
        self.teller.tell(&Event::Connected { server: self.run.server });
        let mut attempt = Attempt {
            store: self.store,
            policy: self.run.policy,
            stop: self.run.stop,
            // Later than the run began: what earlier sessions of the run noted would be in the future.
            now: self.journal.now(),
            journal: &mut *self.journal,
            teller: &mut *self.teller,
            retries: &mut *self.retries,
            again: &mut self.again,
            summary: &mut *self.summary,
        };
        attempt.carry_out(session, self.manner, self.task)
    }

    fn situation(&self, outcome: &Outcome) -> Situation {
        Situation {
            task: self.task,
            stage: outcome.stage,
            halt: outcome.halt.as_ref().map(|halt| halt.owner),
            has_progress: outcome.has_progress(),
            was_cautious: self.manner.cautious,
            owed: outcome.owed,
            has_due: outcome.has_due,
            has_refused: self.retries.has_refused(),
            has_broken: self.retries.has_broken(),
            sessions: self.count,
        }
    }

    /// Remembers what a session's end says of the server, so that the next run begins where this one ends.
    fn remember(&mut self, outcome: &Outcome) -> Result<()> {
        let owner = outcome.halt.as_ref().map(|halt| halt.owner);
        let now = self.run.now;
        let fact = |kind, days: i64| Fact { kind, until: now.saturating_add(days * DAY), value: 1 };
        self.may_blame_pipelining |= !self.manner.cautious && outcome.may_blame_pipelining();
        if owner == Some(Owner::Connection) && !outcome.has_progress() && !self.manner.cautious {
            // The next session is cautious, in this run or, where no session may follow, in the next one.
            match outcome.stage {
                // In lock-step the first thing that is asked is CAPA.
                Stage::Looking if !outcome.was_ahead => {
                    self.journal.learn(fact(FactKind::CapaBreaks, 7))?;
                }
                Stage::Looking | Stage::Retrieving => {
                    self.journal.learn(fact(FactKind::NeedsCaution, 1))?;
                }
                Stage::SigningIn | Stage::Headers | Stage::Deleting | Stage::Done => {}
            }
        }
        // The cautious session worked where the one before it was lost. If commands sent ahead may be the reason,
        // that is remembered for a week; else caution was not what helped.
        if owner.is_none() && self.became_cautious {
            match self.may_blame_pipelining {
                true => self.journal.learn(fact(FactKind::NeedsCaution, 7))?,
                false => self.journal.unlearn(FactKind::NeedsCaution)?,
            }
        }
        if self.count > 1 && outcome.stage == Stage::SigningIn && owner == Some(Owner::Server) {
            self.journal.learn(fact(FactKind::OneSession, 7))?;
        }
        Ok(())
    }

    /// The failure of the run, where the last session's end is one. That a message which failed before failed
    /// again, or could not be tried, is none: it is told among the failures of messages.
    fn failure(&self, outcome: Outcome) -> Option<Error> {
        let halt = outcome.halt?;
        let is_retry = matches!(self.task, Task::Refused | Task::Broken);
        let may_be_the_messages = matches!(halt.owner, Owner::Connection | Owner::Server);
        (!is_retry || !may_be_the_messages).then_some(halt.error)
    }
}
