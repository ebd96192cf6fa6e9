//! One account's run, from top to bottom: open and settle the journal, get the credentials, open the store, then
//! as many sessions as it takes, and what came of it all.
//!
//! ```text
//!  journal ─ settle ─▶ credentials ─▶ store ─▶ session: look ─▶ plan ─▶ retrieve ─▶ delete ─▶ Outcome
//!                                                ▲      this thread: the network │ a second one: commit
//!                                                └──────── next: whose fault? ◀──┘
//! ```
//!
//! To settle is to find out which deliveries an interrupted run completed, and to free the others. Where the
//! maildrop is new under its name, `claim` asks the server first which journal is its. [`plan`] decides what to do
//! with each message, purely; `attempt` is one session; `commit` keeps the order that makes a message neither lost
//! nor doubled; the [`journal`] remembers. `sessions` holds what happens after each kind of failure: whether another
//! session follows depends on whose failure ended the last one, and one function decides that, `next`. Whoever
//! watches gets [`Event`]s.

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
mod preview;
mod recognise;
mod results;
mod retries;
mod retrieve;
mod round;
mod sessions;
mod settle;
mod short;
pub mod survey;
mod verdict;

use std::path::Path;
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

pub use event::{Event, Observer, Silent, Source, Summary};
pub use journal::Journal;
pub use manner::Manner;
pub use plan::Plan;
pub use policy::Policy;
pub use preview::Preview;
pub use survey::Survey;

use self::event::Teller;
use self::journal::{EntryId, View};
use self::retries::Retries;
use self::sessions::Sessions;
use self::verdict::verdict;
use crate::advice::{self, Advice};
use crate::error::{Error, Kind, Result};
use crate::session::{Pipelining, Session, Transaction};
use crate::store::{self, Opening, Spec, Store};
use crate::sys::Stop;

/// How a run gets into the maildrop.
pub trait Access {
    /// Gets the password or token, once for all sessions of a run; may ask the user.
    ///
    /// # Errors
    /// None is configured, or it cannot be got.
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
    /// The failure that ended the run, whoever its owner is; [`Kind::Partial`], or [`Kind::DiskFull`], where
    /// single messages failed and all else went well. The summary says what was done before.
    pub fn carry_out(&self, access: &mut dyn Access, observer: &mut dyn Observer) -> (Summary, Result<()>) {
        self.report(access, observer, None)
    }

    /// Tries messages that failed again now, however long they were to wait.
    ///
    /// # Errors
    /// As [`Run::carry_out`].
    pub fn retry(
        &self,
        retry: &Retry<'_>,
        access: &mut dyn Access,
        observer: &mut dyn Observer,
    ) -> (Summary, Result<()>) {
        self.report(access, observer, Some(retry))
    }

    /// Runs, and tells the observer when it is over.
    fn report(
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
        // "Nothing new" would be untrue where the run failed before it could look.
        if outcome.is_ok() || !summary.is_uneventful() {
            teller.tell(&Event::Finished(&summary));
        }
        (summary, outcome)
    }

    fn all_sessions(
        &self,
        access: &mut dyn Access,
        retry: Option<&Retry<'_>>,
        teller: &mut Teller<'_>,
        summary: &mut Summary,
    ) -> Result<()> {
        // Settled before the store is opened: that makes a folder that is missing, and an empty one would look
        // as if a mail reader had removed what was delivered.
        let mut settle = |opened| {
            let (journal, recovered) = settle::settle(opened, Some(self.deliver), self.stop, teller)?;
            summary.recovered += recovered;
            Ok(journal)
        };
        let claim = maildrop::open(self.state, self.owner, self.now, &mut settle)?;
        // Before any folder is made: a first run without a password leaves nothing behind.
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
        let sessions = Sessions::new(self, &*store, &mut journal, &mut retries, teller, summary);
        let ended = sessions.all(access, session);
        let failures = retries.finish(journal.view(), teller);
        summary.failed = failures.failed;
        ended.and_then(|()| verdict(summary, failures, self.policy))
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

    /// What marks this maildrop's files in a Maildir's `tmp/`: eight hexadecimal digits of its journal's path.
    fn tag(&self) -> String {
        let path = maildrop::path_of(self.state, self.owner);
        let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
        HEXLOWER.encode(&digest[..4])
    }

    /// Opens the store, which takes a settled journal: before it is settled it is no [`Journal`], but a
    /// [`journal::Opened`].
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

/// Opens and settles a journal for a command that changes it. `own` is where its account delivers to.
///
/// # Errors
/// As [`Journal::open`], and where a store cannot be looked at: `own` must be there and readable.
pub fn open_settled(journal: &Path, own: Option<&Spec>, stop: &Stop, now: i64) -> Result<Journal> {
    let source = Source { account: "", store: "" };
    let mut silent = Silent;
    let mut teller = Teller::new(source, &mut silent);
    let settled = settle::settle(Journal::open(journal, now)?, own, stop, &mut teller);
    settled.map(|(journal, ..)| journal).map_err(|error| match error.advice() {
        Some(Advice::Run(advice::Run::MissingStore)) => error.advise(advice::Run::MissingStoreOfAccount),
        _ => error,
    })
}

/// The user asked to stop.
fn interrupted() -> Error {
    Error::new(Kind::Interrupted, "interrupted").advise(advice::Run::GoOn)
}
