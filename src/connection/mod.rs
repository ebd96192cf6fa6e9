//! A connection to a server, for any line-based protocol: a buffer over the transport that sends lines and
//! receives lines, listings and message bodies, with a time limit for each, and a transcript.
//!
//! Sits between [`crate::transport`] (bytes and deadlines) and [`crate::session`] (commands): it does the
//! framing and knows no command. Everything is bounded: a line in length, a listing in time. A body is
//! streamed and never held in memory.

mod body;
mod budget;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use memchr::memchr;

pub use body::{Body, End};

use crate::advice;
use crate::auth::Secret;
use crate::error::{Error, Kind, Phase, Result};
use crate::protocol::multiline::LineEnd;
use crate::sys::{Awaited, Stop};
use crate::transport::{self, Certificate, STOPPED, TlsFailure, TlsSettings, Transport, deadline_after};
use body::BodyLines;
use budget::Budget;

/// The longest line outside a message. RFC 2449 section 4 says 512 octets, but the lines of CAPA and UIDL and
/// SASL challenges (12,288 in RFC 5034 section 4) can be longer.
pub const MAX_LINE: usize = 64 * 1024;

/// Observes the dialogue, for `--trace`. It is given neither secrets nor mail.
pub trait Transcript: Send {
    /// The client sent a command, here in its redacted form.
    fn client(&mut self, shown: &str);
    /// The server sent a line, here without its line end.
    fn server(&mut self, line: &[u8]);
    /// A message body was received; its size in octets without byte-stuffing.
    fn body(&mut self, octets: u64);
    /// TLS starts here.
    fn encrypted(&mut self);
}

/// A line that the server sent, without its line end.
#[derive(Debug)]
pub struct Line<'c> {
    octets: &'c [u8],
    secrets: &'c [Secret],
}

impl<'c> Line<'c> {
    /// The line as the server sent it.
    pub fn octets(&self) -> &'c [u8] {
        self.octets
    }

    /// The line without the secrets given to [`Connection::hide`], for display.
    pub fn without_secrets(&self) -> Cow<'c, [u8]> {
        without_secrets(self.secrets, self.octets)
    }
}

/// A connection.
pub struct Connection {
    transport: Transport,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    timeout: Duration,
    /// The remaining time of a phase of several lines, during one.
    phase: Option<Budget>,
    /// How the last line outside a message ended.
    ends: LineEnd,
    body_lines: BodyLines,
    /// The command whose answer comes next, if it is known: its verb and message-number.
    awaited: Option<(&'static str, Option<u32>)>,
    /// Whether a message may not take longer than a reply.
    is_hurried: bool,
    transcript: Option<Box<dyn Transcript>>,
    /// Secrets that are removed from what the server sends before it is shown.
    secrets: Vec<Secret>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("transport", &self.transport).finish_non_exhaustive()
    }
}

impl Connection {
    /// A connection over `transport`. The server may be silent for at most `timeout`, and a line or a phase
    /// may take that long. A listing or a message may take longer if it arrives fast enough
    /// ([`Connection::listing`]). Waits end soon after the transport's stop is requested.
    pub fn new(transport: Transport, timeout: Duration, transcript: Option<Box<dyn Transcript>>) -> Self {
        let buffer = vec![0; MAX_LINE].into_boxed_slice();
        Connection {
            transport,
            buffer,
            start: 0,
            end: 0,
            timeout,
            phase: None,
            ends: LineEnd::Crlf,
            body_lines: BodyLines::default(),
            awaited: None,
            is_hurried: false,
            transcript,
            secrets: Vec::new(),
        }
    }

    /// Makes waits end soon after `stop` is requested.
    #[must_use]
    pub fn with_stop(mut self, stop: Stop) -> Self {
        self.transport.set_stop(stop);
        self
    }

    /// Replaces the observer of the dialogue.
    pub(crate) fn set_transcript(&mut self, transcript: Option<Box<dyn Transcript>>) {
        self.transcript = transcript;
    }

    /// Whether the connection is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.transport.is_encrypted()
    }

    /// The server's certificate; `None` without TLS.
    pub fn certificate(&self) -> Option<Certificate> {
        self.transport.certificate()
    }

    /// The channel binding of the TLS connection (RFC 5929 section 4), if there is one.
    pub fn end_point(&self) -> Option<Vec<u8>> {
        self.transport.end_point()
    }

    /// Whether the buffer holds octets that belong to no reply. After STLS that is an attack; after a
    /// message, the server did not byte-stuff it.
    pub fn has_unread(&self) -> bool {
        self.start < self.end
    }

    /// From now on, this secret is removed from what the server sends before it is shown: some servers repeat
    /// a command that they do not understand, or a password that they refuse. The data itself is not changed.
    pub fn hide(&mut self, secret: Secret) {
        self.secrets.push(secret);
    }

    /// A text that quotes the server, without the secrets given to [`Connection::hide`].
    pub(crate) fn redacted(&self, words: &str) -> String {
        String::from_utf8_lossy(&without_secrets(&self.secrets, words.as_bytes())).into_owned()
    }

    /// Starts a phase: until [`Connection::end_phase`], all lines together may take the time of one.
    pub(crate) fn begin_phase(&mut self) {
        self.phase = Some(Budget::fixed(self.timeout));
    }

    /// Ends a phase.
    pub(crate) fn end_phase(&mut self) {
        self.phase = None;
    }

    /// Sends whole lines, including their line ends, in one write; `shown` is their redacted form for the
    /// transcript. Commands without a reply yet must fit into the sockets' buffers (a few kilobytes):
    /// otherwise both sides could wait for each other to read.
    ///
    /// # Errors
    /// [`Kind::ConnectionLost`], [`Kind::Timeout`], [`Kind::Interrupted`].
    pub fn send_lines(&mut self, lines: &[u8], shown: impl IntoIterator<Item = String>) -> Result<()> {
        if let Some(transcript) = &mut self.transcript {
            shown.into_iter().for_each(|line| transcript.client(&line));
        }
        let deadline = deadline_after(self.timeout);
        let _waiting = self.transport.stop().waiting(Awaited::Doing(Phase::Send.doing()), self.timeout);
        let sent = self.transport.write_all(lines, deadline);
        sent.map_err(|error| self.broken(Phase::Send, error, self.timeout))
    }

    /// Reads one line, usually a reply.
    ///
    /// # Errors
    /// [`Kind::ConnectionLost`], [`Kind::Timeout`], [`Kind::Interrupted`]; [`Kind::Protocol`] for a line over
    /// [`MAX_LINE`].
    pub fn line(&mut self, phase: Phase) -> Result<Line<'_>> {
        let mut budget = self.phase.unwrap_or_else(|| Budget::fixed(self.timeout));
        let found = self.next_line(phase, &mut budget);
        self.phase = self.phase.map(|_| budget);
        let (from, to) = found?;
        self.ends = if self.buffer[to] == b'\r' { LineEnd::Crlf } else { LineEnd::Lf };
        let line = Line { octets: &self.buffer[from..to], secrets: &self.secrets };
        if let Some(transcript) = &mut self.transcript {
            transcript.server(&line.without_secrets());
        }
        Ok(line)
    }

    /// Reads a line like [`Connection::line`], but leaves it in the buffer.
    ///
    /// # Errors
    /// As [`Connection::line`].
    pub fn peek(&mut self, phase: Phase) -> Result<&[u8]> {
        let mut budget = Budget::fixed(self.timeout);
        let (from, to) = self.next_line(phase, &mut budget)?;
        self.start = from;
        Ok(&self.buffer[from..to])
    }

    /// Reads the lines of a multi-line reply up to the terminating `.`, removes byte-stuffing, and passes
    /// each line to `take`. The listing may take the time of a phase, plus one second for each 1,024 octets
    /// received; within a phase of several lines, only the remaining time.
    ///
    /// # Errors
    /// The error of `take` (then the rest is not read); otherwise as [`Connection::line`].
    pub fn listing(&mut self, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let mut budget = self.phase.unwrap_or_else(|| Budget::growing(self.timeout));
        let outcome = loop {
            let found = self.next_line(Phase::Reply, &mut budget).map(|(from, to)| &self.buffer[from..to]);
            if let (Some(transcript), Ok(line)) = (&mut self.transcript, &found) {
                transcript.server(&without_secrets(&self.secrets, line));
            }
            match found {
                Ok(b".") => break Ok(()),
                Ok([b'.', line @ ..] | line) => {
                    if let Err(error) = take(line) {
                        break Err(error);
                    }
                }
                Err(error) => break Err(error),
            }
        };
        self.phase = self.phase.map(|_| budget);
        outcome
    }

    /// Starts TLS on this connection (RFC 2595 section 4). What the server sent before must not be used
    /// afterwards.
    ///
    /// # Errors
    /// [`Kind::Tls`]; [`Kind::Protocol`] if octets follow the server's reply to STLS: an attacker may have
    /// injected them in order to have them read as if they were encrypted.
    pub fn secure(mut self, tls: &TlsSettings, host: &str) -> Result<Connection> {
        if self.has_unread() {
            return Err(Error::new(Kind::Protocol, "the server sent data after its reply to STLS")
                .advise(advice::Tls::SuspectTampering));
        }
        self.transport = self.transport.secure(tls, host, self.timeout)?;
        if let Some(transcript) = &mut self.transcript {
            transcript.encrypted();
        }
        Ok(self)
    }

    /// From now on no wait takes longer than `most`.
    pub(crate) fn limit_timeout(&mut self, most: Duration) {
        self.timeout = self.timeout.min(most);
    }

    /// The answer that comes next is that to this command: what a wait for it is called.
    pub(crate) fn awaits(&mut self, command: Option<(&'static str, Option<u32>)>) {
        self.awaited = command;
    }

    /// What a wait in this phase is for.
    fn awaited_in(&self, phase: Phase) -> Awaited {
        match (phase, self.awaited) {
            (Phase::Reply, Some((verb, number))) => Awaited::Answer { verb, number },
            (Phase::Body, Some((_, Some(number)))) => Awaited::Message(number),
            _ => Awaited::Doing(phase.doing()),
        }
    }

    /// From now on no wait takes longer than `most`, nor does a whole message.
    pub(crate) fn hurry(&mut self, most: Duration) {
        self.limit_timeout(most);
        self.is_hurried = true;
    }

    /// The transport; what is left in the buffer is dropped.
    pub(crate) fn into_transport(self) -> Transport {
        self.transport
    }

    /// Reads one line and returns its position in the buffer, without its line end.
    fn next_line(&mut self, phase: Phase, budget: &mut Budget) -> Result<(usize, usize)> {
        let mut searched = self.start;
        loop {
            if let Some(found) = memchr(b'\n', &self.buffer[searched..self.end]) {
                let (from, feed) = (self.start, searched + found);
                self.start = feed + 1;
                let to = if feed > from && self.buffer[feed - 1] == b'\r' { feed - 1 } else { feed };
                return Ok((from, to));
            }
            let held = self.end - self.start;
            if held == self.buffer.len() {
                return Err(Error::new(Kind::Protocol, format!("a line is longer than {MAX_LINE} octets")));
            }
            self.fill(phase, budget)?;
            searched = self.start + held;
        }
    }

    /// Reads more data into the buffer.
    fn fill(&mut self, phase: Phase, budget: &mut Budget) -> Result<()> {
        let most = budget.left().min(self.timeout);
        let _waiting = self.transport.stop().waiting(self.awaited_in(phase), most);
        match self.receive(most, budget) {
            Ok(0) => Err(self.broken(phase, io::ErrorKind::UnexpectedEof.into(), most)),
            Ok(_) => Ok(()),
            Err(error) => Err(self.broken(phase, error, most)),
        }
    }

    /// Reads more data into the buffer, moving the unread part to its front if there is no room, and waits
    /// for at most `most`. The time is taken off the budget. Only here is the clock read: most lines of a
    /// listing are in the buffer already.
    fn receive(&mut self, most: Duration, budget: &mut Budget) -> io::Result<usize> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let begun = Instant::now();
        let outcome = self.transport.read(&mut self.buffer[self.end..], deadline_after(most));
        let count = *outcome.as_ref().unwrap_or(&0);
        self.end += count;
        budget.spend(begun.elapsed(), count);
        outcome
    }

    /// The error for a connection that was closed, was silent for `waited`, or was stopped.
    fn broken(&self, phase: Phase, error: io::Error, waited: Duration) -> Error {
        if let Some(failure) = TlsFailure::of_io_error(&error) {
            return failure.into_error();
        }
        match error.kind() {
            STOPPED => transport::stopped(phase),
            io::ErrorKind::TimedOut if waited < self.timeout => {
                Error::new(Kind::Timeout(phase), format!("gave up {phase}: the server is too slow"))
            }
            io::ErrorKind::TimedOut => {
                let waited = waited.as_secs_f32();
                Error::new(Kind::Timeout(phase), format!("gave up after {waited} s of {phase}"))
            }
            io::ErrorKind::UnexpectedEof => {
                let says = format!("the server closed the connection while pop3 was {phase}");
                Error::new(Kind::ConnectionLost, says)
            }
            _ => {
                Error::new(Kind::ConnectionLost, format!("the connection broke while {phase}")).because(error)
            }
        }
    }
}

/// The text without the secrets.
fn without_secrets<'l>(secrets: &[Secret], text: &'l [u8]) -> Cow<'l, [u8]> {
    secrets.iter().fold(Cow::Borrowed(text), |text, secret| match secret.hidden_in(&text) {
        Cow::Owned(shown) => Cow::Owned(shown),
        Cow::Borrowed(_) => text,
    })
}
