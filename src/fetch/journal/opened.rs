//! Opening a journal, and settling it: what an interrupted run left must be decided before anything else is
//! noted. Opening also compacts the file where that is due, and settling mends times that a wrong clock wrote.

use std::path::Path;
use std::time::{Duration, Instant};

use super::lock::Lock;
use super::log::{self, Log, Version};
use super::record::{self, Record};
use super::view::{Entry, EntryId, State, View};
use super::{Journal, is_plausible, replay};
use crate::error::{Error, Kind, Result};
use crate::identity::Identity;
use crate::store::Place;

const DAY: i64 = 24 * 60 * 60;

/// How long a gone message is remembered, because servers bring mail back, in seconds.
const TOMBSTONE_LIFE: i64 = 30 * DAY;

/// Lines that may say nothing any more, besides half as many as there are messages, before the file is
/// rewritten: what was delivered has two lines then, and one is replayed twice as fast.
pub(super) const SLACK: u64 = 1000;

/// Takes the lock of the journal of that path, making its folder where there is none. The journal itself need
/// not be there.
///
/// # Errors
/// As [`Journal::open`].
pub(in crate::fetch) fn lock(path: &Path) -> Result<Lock> {
    log::make_folder(path)?;
    Lock::take(path)
}

/// A journal that is open and locked, and in which deliveries may be left that nobody knows the outcome of.
#[derive(Debug)]
#[must_use]
pub struct Opened(Journal);

impl Journal {
    /// Opens the journal of that path at `now` (seconds since 1970), making it and its folders where there
    /// are none, and locks it.
    ///
    /// # Errors
    ///
    /// [`Kind::AlreadyRunning`] when another run holds it; [`Kind::Data`] when a line cannot be understood;
    /// [`Kind::Io`] or [`Kind::DiskFull`].
    pub fn open(path: &Path, now: i64) -> Result<Opened> {
        // Locked before it is read: what another run still writes must not be missed.
        let lock = lock(path)?;
        Journal::open_locked(path, lock, now)
    }

    /// The same under a lock that was taken before.
    pub(in crate::fetch) fn open_locked(path: &Path, lock: Lock, now: i64) -> Result<Opened> {
        let mut view = View::default();
        let log = Log::open(path, |version, line| replay(&mut view, version, line))?;
        view.index();
        // A clock that was never set says nothing of a tombstone's age, and neither does a tombstone that was
        // set up by one.
        if is_plausible(now) {
            view.expire(now.saturating_sub(TOMBSTONE_LIFE));
        }
        let mut journal = Journal {
            log,
            view,
            text: Vec::new(),
            count: 0,
            is_too_long: false,
            store: 0,
            opened_at: now,
            opened: Instant::now(),
            lock,
        };
        if let Some((id, _)) = journal.intended().find(|(id, _)| journal.place(*id).is_none()) {
            return Err(Error::new(Kind::Data, format!("could not read {}", path.display())).because(format!(
                "nobody knows the place where message {id} was to be delivered: another version of pop3 wrote it"
            )));
        }
        let live = journal.view.len() as u64;
        if journal.log.version == Version::One || journal.log.lines() > live + live / 2 + SLACK {
            journal.compact();
        }
        Ok(Opened(journal))
    }

    /// Reads a journal without locking or changing it; `None` when there is none. While another run writes
    /// it, its last lines may be missing. Tombstones are shown whatever their age.
    pub fn peek(path: &Path) -> Result<Option<View>> {
        let mut view = View::default();
        let is_there = Log::peek(path, |version, line| replay(&mut view, version, line))?;
        view.index();
        Ok(is_there.then_some(view))
    }

    /// Rewrites the file with one line a message. Where that fails, the old file goes on as it is.
    pub(super) fn compact(&mut self) {
        let view = &self.view;
        if self.log.replace(|write| view.for_each_line(write)).is_ok() {
            self.view.renumber();
        }
    }

    fn intended(&self) -> impl Iterator<Item = (EntryId, Entry<'_>)> {
        let entries = self.view.has_intents().then(|| self.view.iter());
        let is_intended = |entry: &Entry| entry.state == State::Intended;
        entries.into_iter().flatten().filter(is_intended).map(|entry| (entry.id, entry))
    }

    fn place(&self, id: EntryId) -> Option<Place> {
        Place::from_fields(&record::split(self.view.place(id)?)?)
    }

    /// Mends what a wrong clock wrote. What was first seen before clocks are set counts as seen now. What was
    /// first seen in the future counts so only once this clock, too, has gone on for a day: it may be the one
    /// that is wrong, and a time that is too early lets messages be deleted too early.
    fn mend_times(&mut self) -> Result<()> {
        let now = self.now();
        if !is_plausible(now) {
            return Ok(());
        }
        let is_ahead = |time: i64| time > now.saturating_add(DAY);
        let (mut early, mut late) = (Vec::new(), Vec::new());
        for entry in self.view.iter().filter(|entry| entry.state != State::Intended) {
            if !is_plausible(entry.first_seen) || !is_plausible(entry.since) {
                early.push(entry.id);
            } else if is_ahead(entry.first_seen) || is_ahead(entry.since) {
                late.push(entry.id);
            }
        }
        let since = self.view.clock.filter(|since| *since <= now);
        match since {
            None if late.is_empty() && self.view.clock.is_some() => self.note(&Record::Clock { at: None }),
            None if !late.is_empty() => self.note(&Record::Clock { at: Some(now) }),
            Some(since) if late.is_empty() || now.saturating_sub(since) >= DAY => {
                self.note(&Record::Clock { at: None });
                early.append(&mut late);
            }
            None | Some(_) => {}
        }
        self.write()?;
        self.note_each(&early, |entry| Record::Dated { entry, first_seen: now, since: Some(now) })?;
        // A next try that a wrong clock put off for years.
        let is_late = |(_, failure): &(EntryId, &super::Failure)| is_ahead(failure.next_try);
        let stuck: Vec<EntryId> = self.view.failures().filter(is_late).map(|(id, _)| id).collect();
        self.retry_now(&stuck)
    }
}

impl Opened {
    /// What is known.
    pub fn view(&self) -> &View {
        self.0.view()
    }

    /// The deliveries nobody knows the outcome of, in the order they were noted: where each message was to
    /// stand, how long ago, and what it is recognised by.
    pub fn unsettled(&self) -> Vec<(EntryId, Place, Duration, Option<Identity>)> {
        let now = self.0.now();
        let settle = |(id, entry): (EntryId, Entry)| {
            let age = u64::try_from(now.saturating_sub(entry.since)).unwrap_or(0);
            Some((id, self.0.place(id)?, Duration::from_secs(age), entry.identity))
        };
        self.0.intended().filter_map(settle).collect()
    }

    /// Notes, durably, which of them are delivered and which have to be fetched again. Together these must be
    /// all that is unsettled.
    ///
    /// # Errors
    ///
    /// [`Kind::Data`] where they are not, [`Kind::Io`] or [`Kind::DiskFull`].
    pub fn settled(self, delivered: &[EntryId], again: &[EntryId]) -> Result<Journal> {
        let Opened(mut journal) = self;
        let mut answered = [delivered, again].concat();
        answered.sort_unstable();
        let unsettled: Vec<EntryId> = journal.intended().map(|(id, _)| id).collect();
        if answered != unsettled {
            return Err(Error::new(Kind::Data, "could not settle what an interrupted run left")
                .because("not every delivery that was left was decided once"));
        }
        if !unsettled.is_empty() {
            journal.delivered(delivered)?;
            journal.refused(again)?;
            journal.sync()?;
        }
        // The plan takes care of wrong times as they stand, so that a full disk is no reason to end here.
        let _ = journal.mend_times();
        Ok(journal)
    }
}
