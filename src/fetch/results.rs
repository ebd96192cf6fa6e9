//! What has come of the rounds: takes what the committer reports, counts it, and tells whoever watches.

use std::sync::mpsc::Receiver;

use super::Progress;
use super::commit::{Committed, Done, Fact, Failed, causes};
use super::event::{Event, Observer};
use crate::error::{Error, Result};

/// The network thread's ear for the committer.
pub(super) struct Results<'a> {
    done: Receiver<Result<Done<'a>>>,
    /// How many parts and rounds were handed over of which nothing was heard yet.
    pending: usize,
    pub(super) observer: &'a mut dyn Observer,
    pub(super) progress: &'a mut Progress,
}

impl<'a> Results<'a> {
    pub(super) fn new(
        done: Receiver<Result<Done<'a>>>,
        observer: &'a mut dyn Observer,
        progress: &'a mut Progress,
    ) -> Self {
        Results { done, pending: 0, observer, progress }
    }

    /// Notes that one more part or round is to be heard of.
    pub(super) fn expect(&mut self) {
        self.pending += 1;
    }

    /// Whether the committer has done all that it was given.
    pub(super) fn is_idle(&self) -> bool {
        self.pending == 0
    }

    /// Takes what the committer has done so far.
    pub(super) fn collect(&mut self) {
        while let Ok(result) = self.done.try_recv() {
            self.take(result);
        }
    }

    /// Takes all that the committer does.
    pub(super) fn collect_all(&mut self) {
        while let Ok(result) = self.done.recv() {
            self.take(result);
        }
    }

    /// Notes that a message could not be brought in; a later run tries again.
    pub(super) fn fail(
        &mut self,
        failed: &mut Vec<Failed<'a>>,
        number: u32,
        unique_id: Option<&'a [u8]>,
        octets: Option<u64>,
        reason: &Error,
    ) {
        self.progress.summary.failed += 1;
        let unique_id = unique_id.filter(|unique_id| !unique_id.is_empty());
        self.observer.event(&Event::Failed { number, unique_id, reason });
        if let Some(unique_id) = unique_id {
            failed.push(Failed { unique_id, octets, reason: causes(reason) });
        }
    }

    fn take(&mut self, result: Result<Done<'a>>) {
        self.pending = self.pending.saturating_sub(1);
        match result {
            Ok(Done::Flushed) => {}
            Ok(Done::Committed(committed)) => self.count(committed),
            Ok(Done::Doubted(doubted)) => {
                self.progress.is_owed = true;
                doubted.iter().for_each(|(fact, error)| self.tell(fact, error));
            }
            Err(error) => {
                self.progress.is_owed = true;
                self.progress.trouble.get_or_insert(error);
            }
        }
    }

    fn count(&mut self, committed: Vec<Committed<'a>>) {
        let mut messages = 0;
        for Committed { fact, entry, refused, was_known } in committed {
            if let Some(reason) = &refused {
                self.progress.is_owed = true;
                self.tell(&fact, reason);
                continue;
            }
            if was_known {
                self.progress.summary.known += 1;
            } else {
                messages += 1;
                self.progress.summary.fetched += 1;
                self.progress.summary.bytes += fact.bytes;
            }
            if fact.then_delete {
                self.progress.to_delete.push((fact.number, Some(entry)));
            }
        }
        if messages > 0 {
            self.observer.event(&Event::Committed { messages });
        }
    }

    /// Tells that a message was not delivered after all.
    fn tell(&mut self, fact: &Fact<'_>, reason: &Error) {
        self.progress.summary.failed += 1;
        let unique_id = Some(fact.unique_id).filter(|unique_id| !unique_id.is_empty());
        self.observer.event(&Event::Failed { number: fact.number, unique_id, reason });
    }
}
