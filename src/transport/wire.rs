//! A raw line with a deadline: however its bytes trickle, and however many reads TLS makes of one,
//! nothing waits past it. Sits between the socket and either the caller or the TLS library.

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use super::{Ending, Raw};

/// Below this a socket's patience is set to exactly what is left.
const FINE: Duration = Duration::from_secs(1);
/// No socket accepts a patience of zero, and less than this is only spinning.
const LEAST: Duration = Duration::from_millis(1);
/// Stands for `--timeout` values that reach past what a clock can hold.
const FOR_EVER: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// The moment at which `patience` that starts now is used up; safe for any duration.
pub(crate) fn deadline_after(patience: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(patience).unwrap_or_else(|| now + FOR_EVER)
}

/// A raw line whose reads and writes fail with [`ErrorKind::WouldBlock`] once the deadline has
/// passed, and never with `Interrupted` or `TimedOut`: TLS libraries can be resumed only after
/// `WouldBlock`.
#[derive(Debug)]
pub(super) struct Wire {
    raw: Box<dyn Raw>,
    deadline: Instant,
    /// What the socket was told last; zero before the first time.
    patience: Duration,
    ended: bool,
}

impl Wire {
    /// Starts with a deadline that has passed: each use sets its own first.
    pub(super) fn new(raw: Box<dyn Raw>) -> Wire {
        Wire { raw, deadline: Instant::now(), patience: Duration::ZERO, ended: false }
    }

    /// The raw line, of which nothing was read ahead.
    pub(super) fn into_raw(self) -> Box<dyn Raw> {
        self.raw
    }

    pub(super) fn ending(&self) -> Ending {
        self.raw.ending()
    }

    pub(super) fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    /// Whether the peer has closed its side.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    pub(super) fn hang_up(&self) {
        self.raw.hang_up();
    }

    /// Makes the socket block no longer than the deadline allows. It is told something shorter than
    /// what is left, so that the next deadline (mostly a like span from a little later) needs no
    /// new system call; waking early only means looking at the clock and waiting on.
    fn be_patient(&mut self) -> io::Result<()> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::WouldBlock.into());
        }
        if !(left / 2..=left).contains(&self.patience) {
            let patience = if left > FINE { left / 4 * 3 } else { left.max(LEAST) };
            self.raw.set_patience(patience)?;
            self.patience = patience;
        }
        Ok(())
    }

    fn patiently<T>(&mut self, mut attempt: impl FnMut(&mut dyn Raw) -> io::Result<T>) -> io::Result<T> {
        loop {
            self.be_patient()?;
            match attempt(&mut *self.raw) {
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut
                    ) => {}
                outcome => return outcome,
            }
        }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.patiently(|raw| raw.read(buffer))?;
        self.ended |= count == 0 && !buffer.is_empty();
        Ok(count)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.patiently(|raw| raw.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.patiently(|raw| raw.flush())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    /// Answers each read with the next of its outcomes and notes what patience it was told.
    #[derive(Debug)]
    struct Scripted {
        outcomes: Vec<io::Result<usize>>,
        told: Arc<Mutex<Vec<Duration>>>,
    }

    impl Read for Scripted {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            self.outcomes.pop().unwrap_or(Ok(0))
        }
    }

    impl Write for Scripted {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.outcomes.pop().unwrap_or(Ok(bytes.len()))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Raw for Scripted {
        fn set_patience(&self, patience: Duration) -> io::Result<()> {
            self.told.lock().unwrap().push(patience);
            Ok(())
        }

        fn hang_up(&self) {}
    }

    fn scripted(outcomes: Vec<io::Result<usize>>) -> (Wire, Arc<Mutex<Vec<Duration>>>) {
        let told = Arc::new(Mutex::new(Vec::new()));
        (Wire::new(Box::new(Scripted { outcomes, told: told.clone() })), told)
    }

    fn minute() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[test]
    fn interruptions_and_early_wakes_are_waited_out() {
        let (mut wire, _) = scripted(vec![
            Ok(3),
            Err(ErrorKind::Interrupted.into()),
            Err(ErrorKind::TimedOut.into()),
            Err(ErrorKind::WouldBlock.into()),
        ]);
        wire.set_deadline(minute());
        assert_eq!(wire.read(&mut [0; 8]).unwrap(), 3);
        assert!(!wire.has_ended());
        assert_eq!(wire.read(&mut [0; 8]).unwrap(), 0);
        assert!(wire.has_ended());
    }

    #[test]
    fn a_passed_deadline_does_not_touch_the_socket() {
        let (mut wire, told) = scripted(vec![Ok(3)]);
        assert_eq!(wire.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(told.lock().unwrap().is_empty());
    }

    #[test]
    fn like_deadlines_share_one_system_call() {
        let (mut wire, told) = scripted((0..101).map(|_| Ok(1)).collect());
        for _ in 0..100 {
            wire.set_deadline(minute());
            assert_eq!(wire.read(&mut [0; 8]).unwrap(), 1);
        }
        assert_eq!(told.lock().unwrap().len(), 1);
        wire.set_deadline(Instant::now() + Duration::from_secs(5));
        wire.write_all(b"x").unwrap();
        assert!(told.lock().unwrap()[1] <= Duration::from_secs(5), "never longer than what is left");
    }

    #[test]
    fn a_failure_of_the_socket_comes_through() {
        let (mut wire, _) = scripted(vec![Err(ErrorKind::ConnectionReset.into())]);
        wire.set_deadline(minute());
        assert_eq!(wire.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    }

    #[test]
    fn an_endless_patience_is_no_overflow() {
        assert!(deadline_after(Duration::MAX) > minute());
    }
}
