//! A POP3 server that speaks in the odd ways of real servers; for tests alone.
//!
//! It keeps a maildrop, answers by the rules (`session`), and lets an [`Oddity`] answer in its place:
//! with other bytes, late, in pieces, not at all, or by ending the connection. `catalogue` holds the oddities
//! that are known, by name, so that a test can name one and a soak can pick one at random. `account` runs the
//! binary against such a server, and checks after each run that nothing was lost, repeated or torn.

use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

mod account;
pub(crate) mod catalogue;
mod connection;
mod destination;
mod mail;
mod oddity;
mod session;
mod tests;

pub(crate) use account::{Account, Run, at_both};
pub(crate) use mail::{Mail, equal, letters};
pub(crate) use oddity::{Command, Healthy, Oddity, Step};
pub(crate) use session::Session;

/// The one user's name.
pub(crate) const USER: &str = "me";
/// The one user's password.
pub(crate) const PASSWORD: &str = "secret";

/// A line that a client sent.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    /// Since the server was started.
    pub(crate) at: Duration,
    /// Connections are counted from 1.
    pub(crate) session: usize,
    pub(crate) line: String,
}

/// What outlives a session.
struct State {
    mails: Vec<Mail>,
    /// Every message that was ever there, without those that the server itself took away.
    known: Vec<Mail>,
    oddity: Arc<dyn Oddity>,
    has_pipelining: bool,
    log: Vec<Heard>,
    sessions: usize,
    sign_ins: Vec<Instant>,
    /// When a session that had signed in ended without QUIT.
    lost_at: Option<Instant>,
    is_stopped: bool,
    sockets: Vec<Weak<TcpStream>>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    began: Instant,
    state: Mutex<State>,
    stopped: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn hear(&self, session: usize, line: &str) {
        let at = self.began.elapsed();
        self.lock().log.push(Heard { at, session, line: line.to_owned() });
    }

    /// Waits so long, or until the server is dropped; false in that case.
    fn pause(&self, time: Duration) -> bool {
        let state = self.lock();
        let waited = self.stopped.wait_timeout_while(state, time, |state| !state.is_stopped).unwrap();
        waited.1.timed_out()
    }
}

/// The server: listens on a free port of loopback until it is dropped.
pub(crate) struct OddServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

impl OddServer {
    pub(crate) fn start(
        mails: impl IntoIterator<Item = Mail>,
        has_pipelining: bool,
        oddity: impl Oddity + 'static,
    ) -> OddServer {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let mails: Vec<Mail> = mails.into_iter().collect();
        let state = State {
            known: mails.clone(),
            mails,
            oddity: Arc::new(oddity),
            has_pipelining,
            log: Vec::new(),
            sessions: 0,
            sign_ins: Vec::new(),
            lost_at: None,
            is_stopped: false,
            sockets: Vec::new(),
            threads: Vec::new(),
        };
        let shared =
            Arc::new(Shared { began: Instant::now(), state: Mutex::new(state), stopped: Condvar::new() });
        let for_sessions = Arc::clone(&shared);
        let listening = std::thread::spawn(move || listen(&listener, &for_sessions));
        OddServer { address, shared, listening: Some(listening) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From the next session on the server behaves so.
    pub(crate) fn become_odd(&self, oddity: impl Oddity + 'static) {
        self.shared.lock().oddity = Arc::new(oddity);
    }

    /// From the next session on it follows the rules.
    pub(crate) fn mend(&self) {
        self.become_odd(oddity::Healthy);
    }

    /// Lays a message behind those that are there.
    pub(crate) fn add(&self, mail: Mail) {
        let mut state = self.shared.lock();
        state.known.push(mail.clone());
        state.mails.push(mail);
    }

    /// The messages that are there now.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.shared.lock().mails.clone()
    }

    /// Every message that was ever there, without those that the server itself took away.
    pub(crate) fn known(&self) -> Vec<Mail> {
        self.shared.lock().known.clone()
    }

    /// Whether the message of that number (its own, not that of a session) is still there.
    pub(crate) fn has(&self, number: u32) -> bool {
        self.shared.lock().mails.iter().any(|mail| mail.number == number)
    }

    /// All that clients sent, in order.
    pub(crate) fn log(&self) -> Vec<Heard> {
        self.shared.lock().log.clone()
    }

    /// How often a line that begins so was heard.
    pub(crate) fn count(&self, command: &str) -> usize {
        self.shared.lock().log.iter().filter(|heard| heard.line.starts_with(command)).count()
    }

    /// How many connections there were.
    pub(crate) fn sessions(&self) -> usize {
        self.shared.lock().sessions
    }

    /// How many of them signed in.
    pub(crate) fn sign_ins(&self) -> usize {
        self.shared.lock().sign_ins.len()
    }

    /// The end of the log as text, for a failure.
    pub(crate) fn told(&self) -> String {
        let log = self.log();
        let last = &log[log.len().saturating_sub(150)..];
        let line = |heard: &Heard| {
            format!("{:>6} ms, session {}: {}", heard.at.as_millis(), heard.session, heard.line)
        };
        last.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

impl Drop for OddServer {
    fn drop(&mut self) {
        let (sockets, threads) = {
            let mut state = self.shared.lock();
            state.is_stopped = true;
            (std::mem::take(&mut state.sockets), std::mem::take(&mut state.threads))
        };
        self.shared.stopped.notify_all();
        for socket in sockets.iter().filter_map(Weak::upgrade) {
            let _ = socket.shutdown(Shutdown::Both);
        }
        let _ = TcpStream::connect(self.address); // wakes the listener, which sees that it is over
        for thread in threads.into_iter().chain(self.listening.take()) {
            let _ = thread.join();
        }
    }
}

fn listen(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming().flatten() {
        let mut state = shared.lock();
        if state.is_stopped {
            return;
        }
        state.sessions += 1;
        let (number, oddity) = (state.sessions, Arc::clone(&state.oddity));
        let stream = Arc::new(stream);
        state.sockets.push(Arc::downgrade(&stream));
        let for_session = Arc::clone(shared);
        state
            .threads
            .push(std::thread::spawn(move || session::converse(stream, number, oddity, for_session)));
    }
}
