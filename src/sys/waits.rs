//! What is waited for at the moment, to tell the person who watches: for what, since when, for how long at most.
//!
//! Whoever waits says so by [`Stop::waiting`](super::Stop::waiting), also for the shortest wait: it costs far less
//! than a system call. Whoever shows it asks for the wait that has lasted long enough ([`Waits::longest`]).

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What is waited for. Displayed as `waiting for the answer to RETR 7`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Awaited {
    /// Something that has a name of its own: `connecting`.
    Doing(&'static str),
    /// The answer to a command, about that message.
    Answer {
        /// The command's verb.
        verb: &'static str,
        /// The message-number in it.
        number: Option<u32>,
    },
    /// The rest of that message.
    Message(u32),
    /// A lock.
    Lock {
        /// What it is the lock of.
        of: String,
        /// Who holds it: `process 7 (mutt)`.
        holder: String,
    },
}

impl fmt::Display for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Awaited::Doing(what) => f.write_str(what),
            Awaited::Answer { verb, number: None } => write!(f, "waiting for the answer to {verb}"),
            Awaited::Answer { verb, number: Some(number) } => {
                write!(f, "waiting for the answer to {verb} {number}")
            }
            Awaited::Message(number) => write!(f, "waiting for more of message {number}"),
            Awaited::Lock { of, holder } => write!(f, "waiting for {holder}, which holds the lock of {of}"),
        }
    }
}

/// A wait.
#[derive(Debug, Clone)]
pub struct Wait {
    /// For what.
    pub awaited: Awaited,
    /// Since when.
    pub since: Instant,
    /// How long it may last.
    pub limit: Duration,
}

/// The waits of one process, or one run. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Waits(Arc<Mutex<Entries>>);

#[derive(Debug, Default)]
struct Entries {
    next: u64,
    waits: Vec<(u64, Wait)>,
}

impl Waits {
    /// Begins a wait, which lasts until the guard is dropped.
    pub fn begin(&self, awaited: Awaited, limit: Duration) -> Waiting {
        self.begin_at(Instant::now(), awaited, limit)
    }

    /// The same for a wait that began `since` then.
    pub fn begin_at(&self, since: Instant, awaited: Awaited, limit: Duration) -> Waiting {
        let mut entries = lock(&self.0);
        let id = entries.next;
        entries.next += 1;
        entries.waits.push((id, Wait { awaited, since, limit }));
        Waiting { entries: Arc::clone(&self.0), id }
    }

    /// The wait that has lasted longest, if that is `least` at least.
    pub fn longest(&self, least: Duration) -> Option<Wait> {
        let entries = lock(&self.0);
        let longest = entries.waits.iter().map(|(_, wait)| wait).min_by_key(|wait| wait.since);
        longest.filter(|wait| wait.since.elapsed() >= least).cloned()
    }

    /// Whether anything is waited for.
    pub fn is_empty(&self) -> bool {
        lock(&self.0).waits.is_empty()
    }
}

/// A wait that lasts.
#[derive(Debug)]
pub struct Waiting {
    entries: Arc<Mutex<Entries>>,
    id: u64,
}

impl Waiting {
    /// From now on this is waited for, in the same wait.
    pub fn is_for(&self, awaited: Awaited) {
        let mut entries = lock(&self.entries);
        if let Some((_, wait)) = entries.waits.iter_mut().find(|(id, _)| *id == self.id) {
            wait.awaited = awaited;
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        lock(&self.entries).waits.retain(|(id, _)| *id != self.id);
    }
}

fn lock(entries: &Mutex<Entries>) -> MutexGuard<'_, Entries> {
    entries.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn the_wait_that_began_first_is_shown_until_it_ends() {
        let waits = Waits::default();
        assert!(waits.is_empty() && waits.longest(Duration::ZERO).is_none());
        let first = waits.begin(Awaited::Doing("connecting"), MINUTE);
        std::thread::sleep(Duration::from_millis(2));
        let second = waits.clone().begin(Awaited::Answer { verb: "RETR", number: Some(7) }, MINUTE);
        assert!(waits.longest(MINUTE).is_none(), "it has not lasted so long");
        let shown = || waits.longest(Duration::ZERO).expect("there is one").awaited.to_string();
        assert_eq!(shown(), "connecting");
        drop(first);
        assert_eq!(shown(), "waiting for the answer to RETR 7");
        second.is_for(Awaited::Lock { of: "/m".to_owned(), holder: "process 7 (mutt)".to_owned() });
        assert_eq!(shown(), "waiting for process 7 (mutt), which holds the lock of /m");
        drop(second);
        assert!(waits.is_empty());
    }
}
