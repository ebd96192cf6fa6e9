//! One fetch run, top to bottom: what is there, what is to be done, retrieve, commit, delete, quit.
//!
//! ```text
//!  settle ─▶ survey (maildrop, doubts) ─▶ plan ─▶ retrieve: rounds of RETR ─┐   this thread: the network
//!                                                                          ▼
//!               delete: DELE … QUIT ─▶ gone ◀─── commit: prepare, intend, publish, delivered   its own thread: the disk
//! ```
//!
//! [`settle`] finishes what an interrupted run left, before anything else is asked of the server.
//! [`plan`] decides, purely; [`run`] carries it out; `commit` keeps the order that makes a message
//! neither lost nor doubled; the [`journal`] remembers. Whoever watches gets [`Event`]s.

mod commit;
mod delete;
pub mod event;
mod headers;
pub mod journal;
pub mod maildrop;
pub mod plan;
pub mod policy;
mod results;
mod retrieve;
pub mod settle;
pub mod survey;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

pub use event::{Event, Observer, Silent, Summary};
pub use journal::Journal;
pub use plan::Plan;
pub use policy::Policy;
pub use survey::Survey;

use self::journal::EntryId;
use self::plan::{Action, Listed, Reason, Step};
use self::survey::unique_id_of;
use crate::delivery::Destination;
use crate::error::{Error, Kind, Result};
use crate::session::{Pipelining, Session, Transaction};

/// What a run works with: the journal is open and its leftovers are settled ([`settle::settle`]).
pub struct Job<'a, D: Destination> {
    /// The account's journal.
    pub journal: &'a mut Journal,
    /// Where messages go.
    pub destination: &'a D,
    /// Which messages, and what stays on the server.
    pub policy: &'a Policy,
    /// Who is told.
    pub observer: &'a mut dyn Observer,
    /// Once set, the run ends early, and properly.
    pub stop: &'a AtomicBool,
    /// What to call the server.
    pub server: &'a str,
    /// Seconds of Unix time.
    pub now: i64,
}

/// What has come of a run so far.
#[derive(Default)]
struct Progress {
    summary: Summary,
    /// Deletions that are due once everything is delivered: message-number, and entry where the
    /// journal knows the message.
    to_delete: Vec<(u32, Option<EntryId>)>,
    /// What ended the fetching early, told when all that could be saved is.
    trouble: Option<Error>,
    /// Something was retrieved that is not kept. A server may take away by itself what a session retrieved
    /// that ends by QUIT (Gmail; `EXPIRE 0`, RFC 2449 section 6.7), so that this one has to end otherwise.
    is_owed: bool,
}

/// Brings new messages in and deletes what the policy says. `sign_in` makes the session, and is
/// asked for a second one where the server announces PIPELINING and stumbles over it, when the run goes on
/// one command at a time, and where something was retrieved that could not be kept: then the first session
/// ends without QUIT, and the second deletes what is delivered. `recovered` deliveries of an earlier run
/// count in the summary.
///
/// # Errors
/// With whatever had been done before in the summary: what the session failed with; [`Kind::Io`]
/// and its kin where the destination or the journal could not be written; [`Kind::Interrupted`];
/// [`Kind::Partial`] where single messages failed and all else went well.
pub fn run<D: Destination>(
    mut job: Job<'_, D>,
    recovered: u32,
    sign_in: &mut dyn FnMut() -> Result<Session<Transaction>>,
) -> (Summary, Result<()>) {
    let begun = Instant::now();
    let mut progress =
        Progress { summary: Summary { recovered, ..Summary::default() }, ..Progress::default() };
    let mut pipelined = false;
    let mut outcome = sign_in().and_then(|session| job.attempt(session, &mut progress, &mut pipelined));
    let stumbled = |error: &Error| error.ends_the_session() && !job.stop.load(Ordering::Relaxed);
    if pipelined && outcome.as_ref().is_err_and(stumbled) {
        let text = "the line was lost while commands were sent ahead: going on one at a time";
        job.observer.event(&Event::Warning { text });
        outcome = sign_in().and_then(|mut session| {
            session.set_pipelining(Pipelining::Off);
            job.attempt(session, &mut progress, &mut pipelined)
        });
    }
    let may_go_on =
        !outcome.as_ref().is_err_and(Error::ends_the_session) && !job.stop.load(Ordering::Relaxed);
    if progress.is_owed && !progress.to_delete.is_empty() && may_go_on {
        let deleted = sign_in().and_then(|session| job.delete_delivered(session, &mut progress));
        outcome = outcome.and(deleted);
    }
    let mut summary = progress.summary;
    summary.elapsed = begun.elapsed();
    let outcome = outcome.and_then(|()| verdict(&summary, job.policy));
    // "Nothing new" would be a lie where nobody could look.
    if outcome.is_ok() || !summary.is_uneventful() {
        job.observer.event(&Event::Finished(&summary));
    }
    (summary, outcome)
}

impl<D: Destination> Job<'_, D> {
    /// One session's worth of a run.
    fn attempt(
        &mut self,
        mut session: Session<Transaction>,
        progress: &mut Progress,
        pipelined: &mut bool,
    ) -> Result<()> {
        (progress.to_delete, progress.trouble, progress.is_owed) = (Vec::new(), None, false);
        progress.summary.failed = 0;
        self.observer.event(&Event::Connected { server: self.server });
        *pipelined = session.pipelines();
        let survey = Survey::of(&mut session, self.policy)?;
        *pipelined = session.pipelines();
        let maildrop = survey.maildrop();
        self.observer.event(&Event::SignedIn { messages: maildrop.len() as u32, octets: maildrop.octets() });
        let listed = survey.listed();
        let plan = survey.plan(&mut session, &listed, self.journal.view(), self.policy, self.now)?;
        self.announce(&plan, &mut progress.summary);
        self.learn(&plan, &listed, progress)?;
        let wanted: Vec<&Step> =
            plan.steps.iter().filter(|step| matches!(step.action, Action::Fetch { .. })).collect();
        if !wanted.is_empty() {
            retrieve::all(self, &mut session, &wanted, &listed, maildrop.has_unique_ids(), progress);
        }
        match progress.trouble.take() {
            Some(error) if error.ends_the_session() => Err(error),
            trouble => {
                let ended = if progress.is_owed {
                    drop(session);
                    self.journal.sync()
                } else {
                    delete::carry_out(session, self.journal, self.observer, progress)
                };
                trouble.map_or(ended, Err)
            }
        }
    }

    /// Deletes what is delivered in a session that retrieves nothing.
    fn delete_delivered(&mut self, mut session: Session<Transaction>, progress: &mut Progress) -> Result<()> {
        progress.to_delete.clear();
        let survey = Survey::of(&mut session, self.policy)?;
        let listed = survey.listed();
        let plan = survey.plan(&mut session, &listed, self.journal.view(), self.policy, self.now)?;
        self.learn(&plan, &listed, progress)?;
        delete::carry_out(session, self.journal, self.observer, progress)
    }

    /// Tells what the plan is.
    fn announce(&mut self, plan: &Plan, summary: &mut Summary) {
        let (mut to_fetch, mut octets, mut to_delete, mut known) = (0, 0u64, 0, 0u32);
        (summary.skipped_too_large, summary.over_limit) = (0, 0);
        for step in &plan.steps {
            match (step.action, step.reason) {
                (Action::Fetch { then_delete }, _) => {
                    to_fetch += 1;
                    octets = octets.saturating_add(step.octets.unwrap_or(0));
                    to_delete += u32::from(then_delete);
                }
                (Action::Delete, _) => (to_delete, known) = (to_delete + 1, known + 1),
                (Action::Keep, _) => known += 1,
                (Action::Skip, Reason::TooLarge) => summary.skipped_too_large += 1,
                (Action::Skip, Reason::OverLimit) => summary.over_limit += 1,
                (Action::Skip, _) => {}
            }
        }
        // What an earlier session of this very run has fetched is no old acquaintance.
        summary.known = known.saturating_sub(summary.fetched);
        summary.held_back = plan.held_back.unwrap_or(0);
        self.observer.event(&Event::Planned { to_fetch, octets, to_delete, known });
    }

    /// Records what the listing tells of messages that are not fetched now.
    fn learn(&mut self, plan: &Plan, listed: &[Listed<'_>], progress: &mut Progress) -> Result<()> {
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
        self.journal.seen(&seen)?;
        let delete = plan.steps.iter().filter(|step| step.action == Action::Delete);
        progress.to_delete.extend(delete.map(|step| (step.number, step.entry)));
        Ok(())
    }
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
