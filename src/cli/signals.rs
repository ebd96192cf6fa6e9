//! Ctrl-C and SIGTERM: at once while nothing is in flight; during a fetch the first one finishes
//! what is in flight and quits properly, the second drops the line. While a sign-in is renewed all of
//! them wait, whatever the command. Until something takes them over they do what they do everywhere.

use std::any::Any;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pop3::error::{Error, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{SigId, flag, low_level};

// Signals are the whole process's, and so is what they set.
static STOP: AtomicBool = AtomicBool::new(false);
static AT_ONCE: AtomicBool = AtomicBool::new(true);
/// The last one that came.
static LAST: AtomicUsize = AtomicUsize::new(0);
/// What lets the second one end the program; empty before they are taken over.
static SECOND: Mutex<Vec<SigId>> = Mutex::new(Vec::new());

/// The flags that the signals set and heed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signals(());

impl Signals {
    /// Takes the signals over. Until [`Signals::finish_first`] they end the program at once.
    pub(crate) fn take() -> Result<Self> {
        let mut second = SECOND.lock().unwrap_or_else(PoisonError::into_inner);
        if second.is_empty() {
            for signal in [SIGINT, SIGTERM] {
                // The order matters: the first signal finds `AT_ONCE` unset and sets it for the second.
                flag::register_conditional_shutdown(signal, 128 + signal, &AT_ONCE)
                    .and_then(|_| flag::register_usize(signal, &LAST, signal.unsigned_abs() as usize))
                    .and_then(|_| flag::register(signal, &STOP))
                    .map_err(unwilling)?;
            }
            *second = arm().map_err(unwilling)?;
        }
        Ok(Signals(()))
    }

    /// The flag that says that the user asked to stop.
    pub(crate) fn stop(self) -> &'static AtomicBool {
        &STOP
    }

    /// From here on the first signal only sets that flag.
    pub(crate) fn finish_first(self) {
        if !self.has_stopped() {
            AT_ONCE.store(false, Ordering::SeqCst);
        }
    }

    /// Nothing is in flight any more: a signal ends the program at once again.
    pub(crate) fn at_once(self) {
        AT_ONCE.store(true, Ordering::SeqCst);
    }

    /// Whether the user asked to stop.
    pub(crate) fn has_stopped(self) -> bool {
        STOP.load(Ordering::SeqCst)
    }
}

/// Has the signals wait until what it gives is dropped: then the last one that came has the effect that it
/// would have had at the beginning.
pub(crate) fn hold() -> Result<Box<dyn Any>> {
    Signals::take()?;
    let mut second = SECOND.lock().unwrap_or_else(PoisonError::into_inner);
    // In this order, so that at no moment a signal is lost.
    LAST.store(0, Ordering::SeqCst);
    for id in second.drain(..) {
        low_level::unregister(id);
    }
    let is_deadly = AT_ONCE.swap(false, Ordering::SeqCst);
    Ok(Box::new(Held { second, is_deadly }))
}

struct Held {
    second: MutexGuard<'static, Vec<SigId>>,
    /// Whether a signal would have ended the program at once.
    is_deadly: bool,
}

impl Drop for Held {
    fn drop(&mut self) {
        // It has worked before, and with nothing else of the process's.
        *self.second = arm().unwrap_or_default();
        if self.is_deadly || LAST.load(Ordering::SeqCst) != 0 {
            AT_ONCE.store(true, Ordering::SeqCst);
        }
        match i32::try_from(LAST.load(Ordering::SeqCst)) {
            Ok(signal @ 1..) if self.is_deadly => low_level::exit(128 + signal),
            _ => {}
        }
    }
}

/// From here on a signal lets the next one end the program.
fn arm() -> std::io::Result<Vec<SigId>> {
    [SIGINT, SIGTERM].into_iter().map(|signal| flag::register(signal, &AT_ONCE)).collect()
}

fn unwilling(error: std::io::Error) -> Error {
    Error::io("could not take over the signals", error)
}
