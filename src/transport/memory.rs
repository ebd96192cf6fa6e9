//! An in-memory socket: a [`Transport`] and its other end, a [`Far`], for tests, benchmarks and fuzzers. It
//! buffers any amount, so that one thread can use both ends.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Raw, Transport};

/// A plain [`Transport`] and its other end.
pub fn pair() -> (Transport, Far) {
    let (outward, inward) = (Arc::new(Pipe::default()), Arc::new(Pipe::default()));
    let near =
        Near { ends: Ends { read: inward.clone(), write: outward.clone() }, timeout: Mutex::default() };
    (Transport::from_raw(Box::new(near)), Far { ends: Ends { read: outward, write: inward } })
}

/// The server's end. Reads wait without limit, and return the end of file when the transport is dropped or
/// closed. Dropping it closes the connection.
pub struct Far {
    ends: Ends,
}

impl Far {
    /// Takes what has arrived so far, without waiting.
    pub fn received(&mut self) -> Vec<u8> {
        self.ends.read.lock().bytes.drain(..).collect()
    }
}

/// One direction.
#[derive(Default)]
struct Pipe {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    bytes: VecDeque<u8>,
    closed: bool,
}

impl Pipe {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is consistent between any two statements, so a panic of another thread does no harm.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Returns what has arrived, after waiting at most `timeout` (`None`: without limit); 0 once closed and
    /// empty.
    fn read(&self, buffer: &mut [u8], timeout: Option<Duration>) -> io::Result<usize> {
        let waiting = |state: &mut State| state.bytes.is_empty() && !state.closed;
        let mut state = match timeout {
            None => self.changed.wait_while(self.lock(), waiting).unwrap_or_else(PoisonError::into_inner),
            Some(timeout) => {
                self.changed
                    .wait_timeout_while(self.lock(), timeout, waiting)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
        };
        if waiting(&mut state) { Err(ErrorKind::WouldBlock.into()) } else { state.bytes.read(buffer) }
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.lock();
        if state.closed {
            return Err(ErrorKind::BrokenPipe.into());
        }
        state.bytes.extend(bytes);
        self.changed.notify_all();
        Ok(bytes.len())
    }
}

/// Both directions, seen from one side; dropping it closes both.
struct Ends {
    read: Arc<Pipe>,
    write: Arc<Pipe>,
}

impl Ends {
    fn close(&self) {
        self.read.close();
        self.write.close();
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.close();
    }
}

/// The transport's end.
struct Near {
    ends: Ends,
    timeout: Mutex<Duration>,
}

impl fmt::Debug for Near {
    // The buffers may contain a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Near")
    }
}

impl fmt::Debug for Far {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Far")
    }
}

impl Read for Near {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let timeout = *self.timeout.lock().unwrap_or_else(PoisonError::into_inner);
        self.ends.read.read(buffer, Some(timeout))
    }
}

impl Write for Near {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.ends.write.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Raw for Near {
    fn set_timeout(&self, timeout: Duration) -> io::Result<()> {
        *self.timeout.lock().unwrap_or_else(PoisonError::into_inner) = timeout;
        Ok(())
    }

    fn hang_up(&self) {
        self.ends.close();
    }
}

impl Read for Far {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.ends.read.read(buffer, None)
    }
}

impl Write for Far {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.ends.write.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use std::time::Instant;

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(30)
    }

    #[test]
    fn one_thread_may_play_both_sides() {
        let (mut transport, mut far) = pair();
        far.write_all(b"+OK ready\r\n").unwrap();
        let mut buffer = [0; 4];
        assert_eq!(transport.read(&mut buffer, soon()).unwrap(), 4);
        assert_eq!(&buffer, b"+OK ");
        transport.write_all(b"CAPA\r\n", soon()).unwrap();
        assert_eq!(far.received(), b"CAPA\r\n");
        assert_eq!(far.received(), b"");
    }

    #[test]
    fn a_dropped_far_end_is_an_end_of_file_after_what_it_wrote() {
        let (mut transport, mut far) = pair();
        far.write_all(b"half a li").unwrap();
        drop(far);
        let mut buffer = [0; 64];
        assert_eq!(transport.read(&mut buffer, soon()).unwrap(), 9);
        assert_eq!(transport.read(&mut buffer, soon()).unwrap(), 0);
        assert_eq!(transport.write_all(b"NOOP\r\n", soon()).unwrap_err().kind(), ErrorKind::BrokenPipe);
    }

    #[test]
    fn silence_ends_at_the_deadline() {
        let (mut transport, _far) = pair();
        let start = Instant::now();
        assert_eq!(transport.read(&mut [0; 4], soon()).unwrap_err().kind(), ErrorKind::TimedOut);
        assert!(start.elapsed() >= Duration::from_millis(29));
    }

    #[test]
    fn the_far_end_waits_for_bytes_and_sees_the_hang_up() {
        let (mut transport, mut far) = pair();
        let server = thread::spawn(move || {
            let mut all = Vec::new();
            far.read_to_end(&mut all).map(|_| all)
        });
        transport.write_all(b"QUIT\r\n", soon()).unwrap();
        transport.hang_up();
        assert_eq!(server.join().unwrap().unwrap(), b"QUIT\r\n");
    }

    #[test]
    fn says_nothing_of_what_it_holds() {
        let (mut transport, far) = pair();
        transport.write_all(b"PASS hunter2\r\n", soon()).unwrap();
        assert!(!format!("{transport:?} {far:?}").contains("hunter2"));
    }
}
