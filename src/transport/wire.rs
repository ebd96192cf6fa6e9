//! A socket with a deadline: however slowly its bytes arrive, and however many reads TLS needs for one, no wait
//! lasts longer than the deadline or a requested stop allows. Used between the socket and either the caller or
//! the TLS library.

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use super::{Ending, Raw};
use crate::sys::Stop;
use crate::sys::stop::LOOK_EVERY;

/// No socket accepts a time-out of zero, and a shorter one than this would be a busy loop.
const MIN_TIMEOUT: Duration = Duration::from_millis(1);
/// Used for values of `--timeout` that are too large for the clock.
const FAR_FUTURE: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// When a wait of `most` that starts now ends; safe for any duration.
pub(crate) fn deadline_after(most: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(most).unwrap_or_else(|| now + FAR_FUTURE)
}

/// A socket whose reads and writes fail with [`ErrorKind::WouldBlock`] once the deadline has passed or a
/// requested stop allows no more waiting ([`Wire::was_stopped`] tells which), and never with `Interrupted`
/// or `TimedOut`: TLS libraries can be resumed only after `WouldBlock`.
#[derive(Debug)]
pub(super) struct Wire {
    raw: Box<dyn Raw>,
    deadline: Instant,
    stop: Stop,
    /// When something was last read or written, as exactly as [`LOOK_EVERY`].
    active: Instant,
    /// The time-out that the socket was given last; zero before the first time.
    socket_timeout: Duration,
    was_stopped: bool,
    ended: bool,
}

impl Wire {
    /// Starts with a deadline that has passed: each use sets its own first.
    pub(super) fn new(raw: Box<dyn Raw>, stop: Stop) -> Wire {
        let now = Instant::now();
        Wire {
            raw,
            deadline: now,
            stop,
            active: now,
            socket_timeout: Duration::ZERO,
            was_stopped: false,
            ended: false,
        }
    }

    /// The socket, of which nothing was read ahead.
    pub(super) fn into_raw(self) -> Box<dyn Raw> {
        self.raw
    }

    pub(super) fn ending(&self) -> Ending {
        self.raw.ending()
    }

    pub(super) fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    pub(super) fn stop(&self) -> &Stop {
        &self.stop
    }

    pub(super) fn set_stop(&mut self, stop: Stop) {
        self.stop = stop;
    }

    /// Whether the last wait ended because of a requested stop, and not at its deadline.
    pub(super) fn was_stopped(&self) -> bool {
        self.was_stopped
    }

    /// Whether the peer has closed its side.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    pub(super) fn hang_up(&self) {
        self.raw.hang_up();
    }

    /// Makes the socket block no longer than the deadline allows, and no longer than [`LOOK_EVERY`], after which
    /// it is checked whether a stop was requested. Almost every wait has more time left than that, so the
    /// time-out of the socket usually stays the same and needs one system call.
    fn limit_wait(&mut self) -> io::Result<Instant> {
        let now = Instant::now();
        let until = self.stop.bound(self.deadline, self.active);
        let left = until.saturating_duration_since(now);
        if left.is_zero() {
            self.was_stopped = now < self.deadline;
            return Err(ErrorKind::WouldBlock.into());
        }
        let timeout = left.clamp(MIN_TIMEOUT, LOOK_EVERY);
        // A shorter time-out than needed only means one more check of the clock.
        if !(timeout / 2..=timeout).contains(&self.socket_timeout) {
            self.raw.set_timeout(timeout)?;
            self.socket_timeout = timeout;
        }
        Ok(now)
    }

    fn attempt<T>(&mut self, mut once: impl FnMut(&mut dyn Raw) -> io::Result<T>) -> io::Result<T> {
        loop {
            let begun = self.limit_wait()?;
            match once(&mut *self.raw) {
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut
                    ) => {}
                outcome => {
                    self.active = begun;
                    return outcome;
                }
            }
        }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.attempt(|raw| raw.read(buffer))?;
        self.ended |= count == 0 && !buffer.is_empty();
        Ok(count)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.attempt(|raw| raw.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt(|raw| raw.flush())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    /// Answers each read with the next of its outcomes and notes what time-outs it was given.
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
        fn set_timeout(&self, timeout: Duration) -> io::Result<()> {
            self.told.lock().unwrap().push(timeout);
            Ok(())
        }

        fn hang_up(&self) {}
    }

    fn scripted(outcomes: Vec<io::Result<usize>>) -> (Wire, Arc<Mutex<Vec<Duration>>>) {
        let told = Arc::new(Mutex::new(Vec::new()));
        let raw = Box::new(Scripted { outcomes, told: told.clone() });
        (Wire::new(raw, Stop::new()), told)
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
    fn deadlines_that_are_not_near_share_one_system_call() {
        let (mut wire, told) = scripted((0..102).map(|_| Ok(1)).collect());
        for seconds in 1..101 {
            wire.set_deadline(Instant::now() + Duration::from_secs(seconds));
            assert_eq!(wire.read(&mut [0; 8]).unwrap(), 1);
        }
        assert_eq!(*told.lock().unwrap(), [LOOK_EVERY]);
        wire.set_deadline(Instant::now() + Duration::from_millis(50));
        wire.write_all(b"x").unwrap();
        assert!(told.lock().unwrap()[1] <= Duration::from_millis(50), "never longer than what is left");
    }

    #[test]
    fn an_urgent_stop_ends_the_wait_and_is_told_from_a_deadline() {
        let (mut wire, _) = scripted(vec![Ok(3)]);
        let stop = Stop::new();
        wire.set_stop(stop.clone());
        wire.set_deadline(minute());
        stop.request();
        assert_eq!(wire.read(&mut [0; 8]).unwrap(), 3, "what comes in time is read");
        stop.request();
        assert_eq!(wire.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(wire.was_stopped());
        let (mut late, _) = scripted(vec![]);
        assert_eq!(late.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(!late.was_stopped());
    }

    #[test]
    fn a_failure_of_the_socket_comes_through() {
        let (mut wire, _) = scripted(vec![Err(ErrorKind::ConnectionReset.into())]);
        wire.set_deadline(minute());
        assert_eq!(wire.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    }

    #[test]
    fn an_endless_wait_is_no_overflow() {
        assert!(deadline_after(Duration::MAX) > minute());
    }
}
