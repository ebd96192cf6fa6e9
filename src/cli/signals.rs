//! Ctrl-C and SIGTERM. While a session is at work the first one asks it to finish what is in flight, and the
//! second to drop it; while nothing is in flight a signal ends the program at once. While a sign-in is renewed
//! all of them wait for the provider's answer, for a while.

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

/// How often a signal that waits looks whether it still has to.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What signals do, and what they are told. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signals(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    stop: Stop,
    /// The last one that came; 0 before the first.
    last: AtomicI32,
    /// Sessions that are at work.
    in_flight: AtomicUsize,
    /// Renewals that must not be interrupted.
    held: AtomicUsize,
}

impl Signals {
    /// Takes the signals over, for the whole process.
    pub(crate) fn take() -> Result<Signals> {
        let unwilling = |error| Error::io("could not take over the signals", error);
        let signals = Signals::default();
        let mut incoming = iterator::Signals::new([SIGINT, SIGTERM]).map_err(unwilling)?;
        let shared = Arc::clone(&signals.0);
        let listen = move || incoming.forever().for_each(|signal| shared.receive(signal));
        thread::Builder::new().name("signals".to_owned()).spawn(listen).map_err(unwilling)?;
        Ok(signals)
    }

    /// The request to stop that they make.
    pub(crate) fn stop(&self) -> &Stop {
        &self.0.stop
    }

    /// As long as what it gives lives, a signal does not end the program, but asks it to stop.
    pub(crate) fn finish_first(&self) -> InFlight {
        self.0.in_flight.fetch_add(1, Ordering::SeqCst);
        InFlight(Arc::clone(&self.0))
    }

    /// Has signals wait until what it gives is dropped.
    pub(crate) fn hold(&self) -> Box<dyn Any> {
        self.0.held.fetch_add(1, Ordering::SeqCst);
        Box::new(Held(Arc::clone(&self.0)))
    }

    /// Whether one came, and which: its number.
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
        // What was asked of a provider may use up a token: its answer has to be kept.
        let patience = Instant::now() + LONGEST_HOLD;
        while self.held.load(Ordering::SeqCst) > 0 && Instant::now() < patience {
            thread::sleep(LOOK_EVERY);
        }
        // Meanwhile the sign-in may have become a session.
        if self.in_flight.load(Ordering::SeqCst) > 0 {
            self.stop.request();
            return;
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
