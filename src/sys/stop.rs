//! A request to stop, as made by Ctrl-C and SIGTERM: the first finishes the transfers in progress, the second
//! aborts them.
//!
//! All code that waits (for a connection, a reply, a lock, a program) asks here how long it may still wait.
//! One [`Stop`] is shared by the whole process; this module does not know about signals.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::waits::{Awaited, Waiting, Waits};

/// How long a peer may be silent after a stop was requested.
const MAX_SILENCE: Duration = Duration::from_secs(5);

/// How long everything together may take after a stop was requested.
const MAX_TOTAL: Duration = Duration::from_secs(10);

/// How often a wait checks whether a stop was requested.
pub const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A request to stop, visible to all threads. Clones share the request.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Request>);

#[derive(Debug, Default)]
struct Request {
    /// How often it was requested.
    times: AtomicU8,
    /// When it was first requested.
    since: OnceLock<Instant>,
    /// Messages that were requested from a server but not yet received.
    under_way: AtomicU32,
    /// What is waited for.
    waits: Waits,
}

impl Stop {
    /// Nothing is requested yet.
    pub fn new() -> Stop {
        Stop::default()
    }

    /// Requests a stop; the second request aborts transfers in progress.
    pub fn request(&self) {
        self.0.since.get_or_init(Instant::now);
        let _ = self.0.times.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |times| times.checked_add(1));
    }

    /// The number of messages that were requested from a server but not yet received. They are finished
    /// first.
    pub fn under_way(&self) -> u32 {
        self.0.under_way.load(Ordering::Relaxed)
    }

    /// Changes the number of messages of one caller from `before` to `now`.
    pub fn change_under_way(&self, before: u32, now: u32) {
        self.0.under_way.fetch_add(now.wrapping_sub(before), Ordering::Relaxed);
    }

    /// Tells whoever watches what is waited for, and for how long at most, until the guard is dropped.
    pub fn waiting(&self, awaited: Awaited, limit: Duration) -> Waiting {
        self.0.waits.begin(awaited, limit)
    }

    /// The same for a wait that began `since` then.
    pub fn waiting_since(&self, since: Instant, awaited: Awaited, limit: Duration) -> Waiting {
        self.0.waits.begin_at(since, awaited, limit)
    }

    /// What is waited for, of all that is asked to stop by this.
    pub fn waits(&self) -> &Waits {
        &self.0.waits
    }

    /// Whether a stop was requested, so that nothing new may be started.
    pub fn is_requested(&self) -> bool {
        self.0.times.load(Ordering::SeqCst) > 0
    }

    /// Whether transfers in progress must be aborted: the stop was requested twice, or the time is over.
    pub fn is_urgent(&self) -> bool {
        self.0.times.load(Ordering::SeqCst) > 1
            || self.0.since.get().is_some_and(|since| since.elapsed() >= MAX_TOTAL)
    }

    /// The deadline of a wait, given its own `deadline` and the time of its last activity. Without a request
    /// it is `deadline`.
    pub fn bound(&self, deadline: Instant, active: Instant) -> Instant {
        match self.0.since.get() {
            None => deadline,
            Some(_) if self.0.times.load(Ordering::SeqCst) > 1 => active.min(deadline),
            Some(since) => deadline.min(active.max(*since) + MAX_SILENCE).min(*since + MAX_TOTAL),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_bounds_silence_and_total_time_and_a_second_one_ends_the_wait() {
        let (stop, now) = (Stop::new(), Instant::now());
        let far = now + Duration::from_secs(60);
        assert_eq!(stop.bound(far, now), far);
        assert!(!stop.is_requested());
        let shared = stop.clone();
        shared.request();
        assert!(stop.is_requested() && !stop.is_urgent());
        let bound = stop.bound(far, now);
        assert!(bound <= now + MAX_SILENCE + Duration::from_secs(1) && bound >= now + MAX_SILENCE, "silence");
        let active = now + Duration::from_secs(8);
        assert!(stop.bound(far, active) <= now + MAX_TOTAL + Duration::from_secs(1), "all of it");
        assert_eq!(stop.bound(now, active), now, "never later than without a request");
        shared.change_under_way(0, 7);
        stop.change_under_way(7, 3);
        assert_eq!(stop.under_way(), 3);
        shared.request();
        assert!(stop.is_urgent());
        assert_eq!(stop.bound(far, now), now);
    }
}
