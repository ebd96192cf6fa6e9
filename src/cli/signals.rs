//! Ctrl-C and SIGTERM. During a session the first one asks it to finish what is in flight, and the second to
//! drop it; while no session is open a signal ends the program at once. While an OAuth token is renewed all of
//! them wait for the provider's answer, for 20 seconds at most.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pop3::error::{Error, Result};
use pop3::sys::Stop;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator;
use signal_hook::low_level;

/// How long a signal waits for the answer of a provider that may be using up a refresh token.
const LONGEST_HOLD: Duration = Duration::from_secs(20);

/// How often a waiting signal checks whether it still has to wait.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The state that signals change. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signals(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    stop: Stop,
    /// The last signal; 0 before the first.
    last: AtomicI32,
    /// Open sessions.
    in_flight: AtomicUsize,
    /// Renewals that must not be interrupted.
    held: AtomicUsize,
}

impl Signals {
    /// Handles the signals from now on, for the whole process.
    pub(crate) fn take() -> Result<Signals> {
        let unwilling = |error| Error::io("could not take over the signals", error);
        let signals = Signals::default();
        let mut incoming = iterator::Signals::new([SIGINT, SIGTERM]).map_err(unwilling)?;
        let shared = Arc::clone(&signals.0);
        let listen = move || incoming.forever().for_each(|signal| shared.receive(signal));
        thread::Builder::new().name("signals".to_owned()).spawn(listen).map_err(unwilling)?;
        Ok(signals)
    }

    /// The request to stop that signals set.
    pub(crate) fn stop(&self) -> &Stop {
        &self.0.stop
    }

    /// Until the returned guard is dropped, a signal does not end the program, but requests a stop.
    pub(crate) fn finish_first(&self) -> InFlight {
        self.0.in_flight.fetch_add(1, Ordering::SeqCst);
        InFlight(Arc::clone(&self.0))
    }

    /// Makes signals wait until the returned guard is dropped.
    pub(crate) fn hold(&self) -> Box<dyn Any> {
        self.0.held.fetch_add(1, Ordering::SeqCst);
        Box::new(Held(Arc::clone(&self.0)))
    }

    /// The number of the last signal, if there was one.
    pub(crate) fn last(&self) -> Option<i32> {
        Some(self.0.last.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
    }
}

impl Shared {
    fn receive(&self, signal: i32) {
        self.last.store(signal, Ordering::SeqCst);
        if self.in_flight.load(Ordering::SeqCst) > 0 {
            self.stop.request();
            return;
        }
        // The request may use up the refresh token: the provider's answer has to be stored.
        let patience = Instant::now() + LONGEST_HOLD;
        while self.held.load(Ordering::SeqCst) > 0 && Instant::now() < patience {
            thread::sleep(LOOK_EVERY);
        }
        low_level::exit(128 + signal);
    }
}

/// See [`Signals::finish_first`].
#[derive(Debug)]
pub(crate) struct InFlight(Arc<Shared>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Held(Arc<Shared>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.held.fetch_sub(1, Ordering::SeqCst);
    }
}
