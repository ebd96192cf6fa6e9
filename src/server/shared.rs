//! What the sessions of a server share: the maildrop and its lock, the log, and the sockets that are closed
//! when the server stops.

use std::collections::{HashMap, HashSet};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::behaviour::{Arrival, Behaviour};
use super::fault;
use super::message::Message;

/// How long a session waits for an earlier one to release the maildrop, which happens shortly after its
/// client has closed the connection.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// The shared state, behind one lock.
#[derive(Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Notified when the maildrop is released and when the server stops.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    behaviour: Arc<Behaviour>,
    held: Vec<Arc<Message>>,
    removed: Vec<Arc<Message>>,
    next_serial: u64,
    arrivals: Vec<Arrival>,
    leased: bool,
    log: Vec<String>,
    complaints: Vec<String>,
    sessions: usize,
    lines: HashMap<usize, TcpStream>,
    stopped: bool,
}

impl Shared {
    pub(super) fn new(messages: impl IntoIterator<Item = Message>, behaviour: Behaviour) -> Shared {
        let shared = Shared::default();
        shared.edit(|held| held.extend(messages));
        shared.set_behaviour(behaviour);
        shared
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock can panic in the middle of a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn behaviour(&self) -> Arc<Behaviour> {
        Arc::clone(&self.state().behaviour)
    }

    pub(super) fn set_behaviour(&self, behaviour: Behaviour) {
        let mut state = self.state();
        state.arrivals = behaviour.arrivals.clone();
        state.behaviour = Arc::new(behaviour);
    }

    /// The current messages.
    pub(super) fn messages(&self) -> Vec<Message> {
        self.state().held.iter().map(|message| Message::clone(message)).collect()
    }

    /// Changes the maildrop. Running sessions keep their snapshot.
    pub(super) fn edit(&self, change: impl FnOnce(&mut Vec<Message>)) {
        // The messages are taken out first, because the caller's code must not run while the lock is held.
        let mut messages = self.messages();
        change(&mut messages);
        let mut state = self.state();
        let mut seen = HashSet::new();
        for message in &mut messages {
            if message.serial == 0 || !seen.insert(message.serial) {
                state.next_serial += 1;
                message.assign_serial(state.next_serial);
                seen.insert(message.serial);
            }
        }
        state.held = messages.into_iter().map(Arc::new).collect();
    }

    /// Restores the removed messages to their old places.
    pub(super) fn bring_back(&self) {
        let mut state = self.state();
        let removed = std::mem::take(&mut state.removed);
        state.held.extend(removed);
        state.held.sort_by_key(|message| message.serial);
    }

    /// The snapshot for a session.
    pub(super) fn snapshot(&self, window: Option<usize>) -> Vec<Arc<Message>> {
        let state = self.state();
        state.held.iter().take(window.unwrap_or(usize::MAX)).cloned().collect()
    }

    /// Removes the messages with these serials: the UPDATE state.
    pub(super) fn remove(&self, serials: &HashSet<u64>) {
        let mut state = self.state();
        let (removed, held) = std::mem::take(&mut state.held)
            .into_iter()
            .partition(|message| serials.contains(&message.serial));
        state.held = held;
        state.removed.extend::<Vec<_>>(removed);
    }

    /// The messages that arrive after this command; each arrives once.
    pub(super) fn arrivals(&self, line: &[u8]) -> Vec<Arc<Message>> {
        let mut state = self.state();
        let mut arrived = Vec::new();
        let mut at = 0;
        while at < state.arrivals.len() {
            if fault::matches_command(line, state.arrivals[at].after.as_bytes()) {
                let mut message = state.arrivals.remove(at).message;
                state.next_serial += 1;
                message.assign_serial(state.next_serial);
                let message = Arc::new(message);
                state.held.push(Arc::clone(&message));
                arrived.push(message);
            } else {
                at += 1;
            }
        }
        arrived
    }

    /// Takes the maildrop's lock; `None` if another session holds it.
    pub(super) fn lease(&self) -> Option<Lease<'_>> {
        let busy = |state: &mut State| state.leased && !state.stopped;
        let (mut state, _) = self
            .changed
            .wait_timeout_while(self.state(), LOCK_PATIENCE, busy)
            .unwrap_or_else(PoisonError::into_inner);
        if state.leased || state.stopped {
            return None;
        }
        state.leased = true;
        Some(Lease { shared: self })
    }

    /// Waits, but not after the server was stopped.
    pub(super) fn pause(&self, time: Duration) {
        drop(self.changed.wait_timeout_while(self.state(), time, |state| !state.stopped));
    }

    pub(super) fn note(&self, line: &[u8]) {
        self.state().log.push(String::from_utf8_lossy(line).into_owned());
    }

    pub(super) fn complain(&self, complaint: String) {
        self.state().complaints.push(complaint);
    }

    pub(super) fn log(&self) -> Vec<String> {
        self.state().log.clone()
    }

    pub(super) fn complaints(&self) -> Vec<String> {
        self.state().complaints.clone()
    }

    pub(super) fn sessions(&self) -> usize {
        self.state().sessions
    }

    /// Registers a connection and returns its number, from zero. `None` after the server was stopped.
    pub(super) fn register(&self, line: TcpStream) -> Option<usize> {
        let mut state = self.state();
        if state.stopped {
            return None;
        }
        let session = state.sessions;
        state.sessions += 1;
        state.lines.insert(session, line);
        Some(session)
    }

    pub(super) fn unregister(&self, session: usize) {
        self.state().lines.remove(&session);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.state().stopped
    }

    /// Closes all connections, which wakes all threads that wait on one.
    pub(super) fn stop(&self) {
        let mut state = self.state();
        state.stopped = true;
        for line in state.lines.values() {
            // The connection may be closed already.
            let _ = line.shutdown(Shutdown::Both);
        }
        self.changed.notify_all();
    }
}

/// The maildrop's lock (RFC 1939 section 4); released when dropped.
pub(super) struct Lease<'a> {
    shared: &'a Shared,
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.shared.state().leased = false;
        self.shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_message_comes_back_to_its_old_place() {
        let shared = Shared::new(["1", "2", "3"].map(Message::new), Behaviour::default());
        let second = shared.snapshot(None)[1].serial;
        shared.remove(&HashSet::from([second]));
        assert_eq!(shared.messages().len(), 2);
        shared.edit(|messages| messages.push(Message::new("4")));
        shared.bring_back();
        let bodies: Vec<_> = shared.messages().iter().map(|message| message.bytes()[0]).collect();
        assert_eq!(bodies, b"1234");
    }

    #[test]
    fn every_message_gets_its_own_mark_and_unique_id() {
        let shared = Shared::new([Message::new("1")], Behaviour::default());
        shared.edit(|messages| {
            let copy = messages[0].clone();
            messages.extend([copy, Message::new("2").with_unique_id("a b")]);
        });
        let messages = shared.messages();
        assert_eq!(messages[0].unique_id(), messages[1].unique_id());
        assert_eq!(messages[2].unique_id(), Some(&b"a b"[..]));
        assert_eq!(messages.iter().map(|message| message.serial).collect::<HashSet<_>>().len(), 3);
    }

    #[test]
    fn the_lock_is_free_again_when_its_lease_is_dropped() {
        let shared = Shared::default();
        let lease = shared.lease();
        assert!(lease.is_some());
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| shared.lease().is_some());
            drop(lease);
            assert!(waiting.join().unwrap());
        });
        shared.stop();
        assert!(shared.lease().is_none());
    }
}
