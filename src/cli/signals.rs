//! Ctrl-C and SIGTERM. While a session is at work the first one asks it to finish what is in flight, and the
//! second to drop it; while nothing is in flight a signal ends the program at once. While a sign-in is renewed
//! all of them wait for the provider's answer, for a while.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use pop3::error::{Error, Result};
use pop3::sys::{Stop, program};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator;
use signal_hook::low_level;

use super::report::ExitCode;

/// How long a signal waits for the answer of a provider that may be using up a refresh token.
const LONGEST_HOLD: Duration = Duration::from_secs(20);

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
    /// Whether nothing is said of a stop.
    is_silent: AtomicBool,
    /// Renewals that must not be interrupted.
    held: AtomicUsize,
}

impl Signals {
    /// Takes the signals over, for the whole process. `say` tells a person what is waited for.
    pub(crate) fn take(say: impl Fn(&str) + Send + 'static) -> Result<Signals> {
        let unwilling = |error| Error::io("could not take over the signals", error);
        let signals = Signals::default();
        let mut incoming = iterator::Signals::new([SIGINT, SIGTERM]).map_err(unwilling)?;
        let shared = Arc::clone(&signals.0);
        let listen = move || incoming.forever().for_each(|signal| receive(&shared, signal, &say));
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

    /// The same without a word: a pager has the terminal, and reads Ctrl-C as a command of its own.
    pub(crate) fn leave_to_pager(&self) -> InFlight {
        self.0.is_silent.store(true, Ordering::SeqCst);
        self.finish_first()
    }

    /// Has signals wait until what it gives is dropped.
    pub(crate) fn hold(&self) -> Box<dyn Any> {
        self.0.held.fetch_add(1, Ordering::SeqCst);
        Box::new(Held(Arc::clone(&self.0)))
    }

    /// An exit code, which for an interruption depends on the signal that came.
    pub(crate) fn exit_code(&self, code: ExitCode) -> ExitCode {
        match (code, self.0.last.load(Ordering::SeqCst)) {
            (ExitCode::Interrupted, SIGTERM) => ExitCode::Terminated,
            (code, _) => code,
        }
    }
}

fn receive(shared: &Arc<Shared>, signal: i32, say: &impl Fn(&str)) {
    shared.last.store(signal, Ordering::SeqCst);
    if shared.in_flight.load(Ordering::SeqCst) > 0 {
        if !shared.stop.is_requested() && !shared.is_silent.load(Ordering::SeqCst) {
            say(&waiting_for(shared.stop.under_way()));
        }
        shared.stop.request();
    } else if shared.held.load(Ordering::SeqCst) == 0 {
        leave(signal);
    } else {
        // What was asked of a provider may use up a token: its answer has to be kept, if it comes. Where it is
        // not even connected to, nothing is waited for.
        shared.stop.request();
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            thread::sleep(LONGEST_HOLD);
            if shared.held.load(Ordering::SeqCst) > 0 {
                leave(shared.last.load(Ordering::SeqCst));
            }
        });
    }
}

/// Ends the program, and the commands that it waits for.
fn leave(signal: i32) -> ! {
    program::kill_running();
    low_level::exit(128 + signal)
}

fn waiting_for(messages: u32) -> String {
    match messages {
        0 => "stopping: the session is ended properly; Ctrl-C again drops it".to_owned(),
        1 => "stopping: 1 message is on its way; Ctrl-C again drops it".to_owned(),
        n => format!("stopping: {n} messages are on their way; Ctrl-C again drops them"),
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
        let is_last = self.0.held.fetch_sub(1, Ordering::SeqCst) == 1;
        let signal = self.0.last.load(Ordering::SeqCst);
        // One came meanwhile, and waits: nothing more may be begun.
        if is_last && signal != 0 && self.0.in_flight.load(Ordering::SeqCst) == 0 {
            leave(signal);
        }
    }
}
