//! Ctrl-C and SIGTERM: at once while nothing is in flight; during a fetch the first one finishes
//! what is in flight and quits properly, the second drops the line.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// The two flags that the signals set and heed.
pub(crate) struct Signals {
    stop: Arc<AtomicBool>,
    at_once: Arc<AtomicBool>,
}

impl Signals {
    /// Takes the signals over. Until [`Signals::finish_first`] they end the program at once.
    pub(crate) fn take() -> Result<Self> {
        let signals = Signals { stop: Arc::default(), at_once: Arc::new(AtomicBool::new(true)) };
        for signal in [SIGINT, SIGTERM] {
            // The order matters: the first signal finds `at_once` unset and sets it for the second.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&signals.at_once))
                .and_then(|_| flag::register(signal, Arc::clone(&signals.at_once)))
                .and_then(|_| flag::register(signal, Arc::clone(&signals.stop)))
                .context("could not take over the signals")?;
        }
        Ok(signals)
    }

    /// The flag that says that the user asked to stop.
    pub(crate) fn stop(&self) -> &AtomicBool {
        &self.stop
    }

    /// From here on the first signal only sets that flag.
    pub(crate) fn finish_first(&self) {
        if !self.stop.load(Ordering::SeqCst) {
            self.at_once.store(false, Ordering::SeqCst);
        }
    }

    /// Nothing is in flight any more: a signal ends the program at once again.
    pub(crate) fn at_once(&self) {
        self.at_once.store(true, Ordering::SeqCst);
    }

    /// Whether the user asked to stop.
    pub(crate) fn has_stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}
