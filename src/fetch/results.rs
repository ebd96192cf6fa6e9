//! What has come of the rounds: takes what the committer reports, counts it, and tells whoever watches.

use std::sync::mpsc::{Receiver, TryRecvError};

use super::Progress;
use super::commit::{Committed, Done, Fact, Failed, causes};
use super::event::{Event, Observer};
use crate::error::{Error, Result};

/// The network thread's ear for the committer.
pub(super) struct Results<'a> {
    done: Receiver<Result<Done<'a>>>,
    /// How many parts and rounds were handed over, and how many of them are on the disk.
    handed: usize,
    on_disk: usize,
    pub(super) observer: &'a mut dyn Observer,
    pub(super) progress: &'a mut Progress,
}

impl<'a> Results<'a> {
    pub(super) fn new(
        done: Receiver<Result<Done<'a>>>,
        observer: &'a mut dyn Observer,
        progress: &'a mut Progress,
    ) -> Self {
        Results { done, handed: 0, on_disk: 0, observer, progress }
    }

    /// Notes that one more part or round is to be heard of.
    pub(super) fn expect(&mut self) {
        self.handed += 1;
    }

    /// Whether all that was handed over is on the disk.
    pub(super) fn is_on_disk(&self) -> bool {
        self.on_disk == self.handed
    }

    /// Takes what the committer has done so far.
    pub(super) fn collect(&mut self) {
        loop {
            match self.done.try_recv() {
                Ok(result) => self.take(result),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return,
            }
        }
    }

    /// Takes all that the committer does.
    pub(super) fn collect_all(&mut self) {
        while let Ok(result) = self.done.recv() {
            self.take(result);
        }
    }

    /// Waits until it is; `false` where that will not come, or something else is amiss.
    pub(super) fn will_be_on_disk(&mut self) -> bool {
        while !self.is_on_disk() {
            match self.done.recv() {
                Ok(result) => self.take(result),
                Err(_) => break,
            }
        }
        self.is_on_disk() && self.progress.trouble.is_none()
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
        match result {
            Ok(Done::OnDisk) => self.on_disk += 1,
            Ok(Done::Committed(committed)) => self.count(committed),
            Ok(Done::Doubted(doubted)) => doubted.iter().for_each(|(fact, error)| self.tell(fact, error)),
            Err(error) => {
                self.progress.trouble.get_or_insert(error);
            }
        }
    }

    fn count(&mut self, committed: Vec<Committed<'a>>) {
        let mut messages = 0;
        for Committed { fact, entry, refused, was_known } in committed {
            if let Some(reason) = &refused {
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
