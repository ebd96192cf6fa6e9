//! A request to stop, as Ctrl-C and SIGTERM make it: once to finish what is in flight, twice to drop it.
//!
//! Whoever waits (for a connection, a line, a lock, a program) asks here how long it may still wait. One
//! [`Stop`] is shared by all that belongs to one process; nothing here knows signals.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// How long a peer may be silent once a stop was requested.
const SILENT: Duration = Duration::from_secs(5);

/// How long everything together may take once a stop was requested.
const IN_ALL: Duration = Duration::from_secs(10);

/// How often a wait looks whether a stop was requested meanwhile.
pub const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A request to stop that many threads can see. Clones share the request.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Request>);

#[derive(Debug, Default)]
struct Request {
    /// How often it was made.
    times: AtomicU8,
    /// When it was made first.
    since: OnceLock<Instant>,
    /// Messages that were asked for and have not come yet.
    under_way: AtomicU32,
}

impl Stop {
    /// One that nobody has requested.
    pub fn new() -> Stop {
        Stop::default()
    }

    /// Requests a stop; for the second time, that what is in flight is dropped.
    pub fn request(&self) {
        self.0.since.get_or_init(Instant::now);
        let _ = self.0.times.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |times| times.checked_add(1));
    }

    /// How many messages were asked for and have not come yet: they are finished first.
    pub fn under_way(&self) -> u32 {
        self.0.under_way.load(Ordering::Relaxed)
    }

    /// Whoever had `before` messages under way has `now` as many.
    pub fn change_under_way(&self, before: u32, now: u32) {
        self.0.under_way.fetch_add(now.wrapping_sub(before), Ordering::Relaxed);
    }

    /// Whether a stop was requested: begin nothing new.
    pub fn is_requested(&self) -> bool {
        self.0.times.load(Ordering::SeqCst) > 0
    }

    /// Whether what is in flight is to be dropped: requested twice, or not over in time.
    pub fn is_urgent(&self) -> bool {
        self.0.times.load(Ordering::SeqCst) > 1
            || self.0.since.get().is_some_and(|since| since.elapsed() >= IN_ALL)
    }

    /// Until when a wait may last that would end at `deadline` and in which something last happened at
    /// `active`. Without a request that is `deadline`.
    pub fn bound(&self, deadline: Instant, active: Instant) -> Instant {
        match self.0.since.get() {
            None => deadline,
            Some(_) if self.0.times.load(Ordering::SeqCst) > 1 => active.min(deadline),
            Some(since) => deadline.min(active.max(*since) + SILENT).min(*since + IN_ALL),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_bounds_the_silence_and_all_of_it_and_a_second_one_ends_the_wait() {
        let (stop, now) = (Stop::new(), Instant::now());
        let far = now + Duration::from_secs(60);
        assert_eq!(stop.bound(far, now), far);
        assert!(!stop.is_requested());
        let shared = stop.clone();
        shared.request();
        assert!(stop.is_requested() && !stop.is_urgent());
        let bound = stop.bound(far, now);
        assert!(bound <= now + SILENT + Duration::from_secs(1) && bound >= now + SILENT, "silence");
        let active = now + Duration::from_secs(8);
        assert!(stop.bound(far, active) <= now + IN_ALL + Duration::from_secs(1), "all of it");
        assert_eq!(stop.bound(now, active), now, "never later than without a request");
        shared.change_under_way(0, 7);
        stop.change_under_way(7, 3);
        assert_eq!(stop.under_way(), 3);
        shared.request();
        assert!(stop.is_urgent());
        assert_eq!(stop.bound(far, now), now);
    }
}
