//! The server's end of a connection: lines with the time they came, and bytes out as the oddity wants them.

use super::Shared;
use super::oddity::Delivery;
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longer than any test is silent.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// A line without its end.
pub(super) struct Line {
    pub(super) text: String,
    /// When it came.
    pub(super) at: Instant,
}

/// What a wait for a line brought.
pub(super) enum Input {
    Line(Line),
    /// Nothing came for so long.
    Idle,
    /// The client, or the server itself, has ended the connection.
    End,
}

#[derive(Default)]
struct Inbox {
    lines: VecDeque<Line>,
    has_ended: bool,
}

type SharedInbox = Arc<(Mutex<Inbox>, Condvar)>;

/// The connection is over: there is nobody to speak to.
#[derive(Debug)]
pub(super) struct Gone;

pub(super) struct Connection {
    /// Never duplicated: only the close of a socket's last descriptor can reset it.
    stream: Arc<TcpStream>,
    reader: Option<JoinHandle<()>>,
    inbox: SharedInbox,
    shared: Arc<Shared>,
    is_bytewise: bool,
}

impl Connection {
    pub(super) fn new(stream: Arc<TcpStream>, shared: Arc<Shared>, delivery: Delivery) -> Option<Connection> {
        stream.set_nodelay(true).ok()?;
        stream.set_read_timeout(Some(LONGEST_WAIT)).ok()?;
        stream.set_write_timeout(Some(LONGEST_WAIT)).ok()?;
        let inbox = SharedInbox::default();
        let (reads, into) = (Arc::clone(&stream), Arc::clone(&inbox));
        let reader = Some(std::thread::spawn(move || receive(&reads, &into)));
        Some(Connection { stream, reader, inbox, shared, is_bytewise: delivery.is_bytewise })
    }

    /// The next line, waited for so long.
    pub(super) fn next(&mut self, wait: Option<Duration>) -> Input {
        let (inbox, more) = &*self.inbox;
        let inbox = inbox.lock().unwrap();
        let wait = wait.unwrap_or(LONGEST_WAIT);
        let is_empty = |inbox: &mut Inbox| inbox.lines.is_empty() && !inbox.has_ended;
        let (mut inbox, waited) = more.wait_timeout_while(inbox, wait, is_empty).unwrap();
        match inbox.lines.pop_front() {
            Some(line) => Input::Line(line),
            None if waited.timed_out() => Input::Idle,
            None => Input::End,
        }
    }

    /// Whether more has come, or comes within `grace`.
    pub(super) fn has_more(&self, grace: Duration) -> bool {
        let (inbox, more) = &*self.inbox;
        let is_empty = |inbox: &mut Inbox| inbox.lines.is_empty() && !inbox.has_ended;
        let (inbox, _) = more.wait_timeout_while(inbox.lock().unwrap(), grace, is_empty).unwrap();
        !inbox.lines.is_empty()
    }

    /// Loses what has come; gives it back for the log.
    pub(super) fn swallow(&self) -> Vec<String> {
        self.inbox.0.lock().unwrap().lines.drain(..).map(|line| line.text).collect()
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        let pieces = bytes.chunks(if self.is_bytewise { 1 } else { bytes.len().max(1) });
        for piece in pieces {
            (&*self.stream).write_all(piece).map_err(|_| Gone)?;
        }
        Ok(())
    }

    /// Waits, for as long as the server lives.
    pub(super) fn pause(&self, time: Duration) -> Result<(), Gone> {
        if self.shared.pause(time) { Ok(()) } else { Err(Gone) }
    }

    /// Waits until the client ends the connection.
    pub(super) fn wait_for_end(&self) {
        let (inbox, more) = &*self.inbox;
        let waits = |inbox: &mut Inbox| !inbox.has_ended;
        drop(more.wait_timeout_while(inbox.lock().unwrap(), LONGEST_WAIT, waits));
    }

    /// Ends it by a reset (RST) instead of an orderly end.
    pub(super) fn reset(mut self) {
        let _ = socket2::SockRef::from(&*self.stream).set_linger(Some(Duration::ZERO));
        let _ = self.stream.shutdown(Shutdown::Read); // wakes the reader, and sends nothing
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(reader) = self.reader.take() {
            let _ = self.stream.shutdown(Shutdown::Both);
            let _ = reader.join();
        }
    }
}

/// Puts the lines into the inbox, all of a packet at once.
fn receive(mut stream: &TcpStream, inbox_of: &SharedInbox) {
    let (inbox, more) = &**inbox_of;
    let mut rest = Vec::new();
    let mut chunk = vec![0; 1 << 14];
    while let Ok(count @ 1..) = stream.read(&mut chunk) {
        let at = Instant::now();
        rest.extend_from_slice(&chunk[..count]);
        let mut inbox = inbox.lock().unwrap();
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            let text = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
            inbox.lines.push_back(Line { text, at });
        }
        drop(inbox);
        more.notify_all();
    }
    inbox.lock().unwrap().has_ended = true;
    more.notify_all();
}
