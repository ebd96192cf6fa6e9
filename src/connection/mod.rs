//! One conversation with a server of whatever protocol: a buffer over the transport, lines out, lines,
//! listings and message bodies in, a limit on the time that each of them takes, and a transcript of it all.
//!
//! Stands between [`crate::transport`] (bytes and time) and [`crate::session`] (meaning): it frames, and
//! knows no command. Everything is bounded: a line, a listing in time; a body streams through and is never
//! held.

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

use crate::auth::Secret;
use crate::error::{Error, Kind, Phase, Result};
use crate::protocol::multiline::LineEnd;
use crate::sys::Stop;
use crate::transport::{self, Certificate, STOPPED, TlsFailure, TlsSettings, Transport, deadline_after};
use body::BodyLines;
use budget::Budget;

/// The longest line outside a message. RFC 2449 section 4 says 512; servers' CAPA and UIDL lines
/// and SASL challenges (12,288 in RFC 5034 section 4) are longer.
pub const MAX_LINE: usize = 64 * 1024;

/// Watches the conversation, for `--trace`. What it is given holds no secret and no mail.
pub trait Transcript: Send {
    /// A command as it may be shown.
    fn client(&mut self, shown: &str);
    /// A line of the server's, without its line end.
    fn server(&mut self, line: &[u8]);
    /// A message body that went by, its size in octets without byte-stuffing.
    fn body(&mut self, octets: u64);
    /// TLS begins here.
    fn encrypted(&mut self);
}

/// One line that the server has said, without its line end.
#[derive(Debug)]
pub struct Line<'c> {
    octets: &'c [u8],
    secrets: &'c [Secret],
}

impl<'c> Line<'c> {
    /// What it said, octet for octet.
    pub fn octets(&self) -> &'c [u8] {
        self.octets
    }

    /// The same without the secrets that it may not tell us back, for what people are shown.
    pub fn without_secrets(&self) -> Cow<'c, [u8]> {
        without_secrets(self.secrets, self.octets)
    }
}

/// A conversation.
pub struct Connection {
    transport: Transport,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    timeout: Duration,
    /// What is left of the time for a phase of several lines, while there is one.
    phase: Option<Budget>,
    /// How the last line outside a message ended.
    ends: LineEnd,
    body_lines: BodyLines,
    transcript: Option<Box<dyn Transcript>>,
    /// What the server may not tell us back.
    secrets: Vec<Secret>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("transport", &self.transport).finish_non_exhaustive()
    }
}

impl Connection {
    /// A conversation over `transport` in which the server may be silent for `timeout` at most, and a line or
    /// a phase take as long. What has many lines may take longer where it comes fast enough
    /// ([`Connection::listing`]). It heeds the stop that the transport heeds.
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
            transcript,
            secrets: Vec::new(),
        }
    }

    /// The same conversation, whose waits end soon after `stop` is requested.
    #[must_use]
    pub fn with_stop(mut self, stop: Stop) -> Self {
        self.transport.set_stop(stop);
        self
    }

    /// Whether what is sent is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.transport.is_encrypted()
    }

    /// The server's certificate; `None` without encryption.
    pub fn certificate(&self) -> Option<Certificate> {
        self.transport.certificate()
    }

    /// What the TLS connection can be known by at both ends (RFC 5929 section 4); `None` where nothing can.
    pub fn end_point(&self) -> Option<Vec<u8>> {
        self.transport.end_point()
    }

    /// Whether octets have come in that no answer has claimed: behind STLS an attack, behind a
    /// message a server that did not byte-stuff it.
    pub fn has_unread(&self) -> bool {
        self.start < self.end
    }

    /// From now on nothing the server says is shown with this in it: some repeat a line that they do not
    /// understand, or a password that they do not like. What it says as data stays as it is.
    pub fn hide(&mut self, secret: Secret) {
        self.secrets.push(secret);
    }

    /// What quotes the server, without the secrets that it may not tell us back.
    pub(crate) fn unquoted(&self, words: &str) -> String {
        String::from_utf8_lossy(&without_secrets(&self.secrets, words.as_bytes())).into_owned()
    }

    /// Begins a phase: until [`Connection::end_phase`] all lines that are waited for share the time of one.
    pub(crate) fn begin_phase(&mut self) {
        self.phase = Some(Budget::of_a_phase(self.timeout));
    }

    /// Ends a phase.
    pub(crate) fn end_phase(&mut self) {
        self.phase = None;
    }

    /// Sends whole lines, line ends included, in one write; `shown` is what the transcript is told of each.
    /// What is on its way without an answer has to stay below what the sockets' buffers hold, a few
    /// kilobytes: then writing never waits for a server that waits for us to read.
    ///
    /// # Errors
    /// [`Kind::LineLost`], [`Kind::Timeout`], [`Kind::Interrupted`].
    pub fn send_lines(&mut self, lines: &[u8], shown: impl IntoIterator<Item = String>) -> Result<()> {
        if let Some(transcript) = &mut self.transcript {
            shown.into_iter().for_each(|line| transcript.client(&line));
        }
        let deadline = deadline_after(self.timeout);
        let sent = self.transport.write_all(lines, deadline);
        sent.map_err(|error| self.broken(Phase::Send, error, self.timeout))
    }

    /// Reads a line: a reply, or what stands in its place.
    ///
    /// # Errors
    /// [`Kind::LineLost`], [`Kind::Timeout`], [`Kind::Interrupted`]; [`Kind::Protocol`] for a line over
    /// [`MAX_LINE`].
    pub fn line(&mut self, phase: Phase) -> Result<Line<'_>> {
        let mut budget = self.phase.unwrap_or_else(|| Budget::of_a_phase(self.timeout));
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

    /// Reads a line as [`Connection::line`] does, and leaves it to be read again.
    ///
    /// # Errors
    /// As [`Connection::line`].
    pub fn peek(&mut self, phase: Phase) -> Result<&[u8]> {
        let mut budget = Budget::of_a_phase(self.timeout);
        let (from, to) = self.next_line(phase, &mut budget)?;
        self.start = from;
        Ok(&self.buffer[from..to])
    }

    /// Reads the lines of an answer up to the terminating `.`, byte-stuffing taken off, and hands each to
    /// `take`. They may take the time of a phase, and a second more for each 1,024 octets that have come; in a
    /// phase of several lines, no more than is left of it.
    ///
    /// # Errors
    /// What `take` fails with (the rest is not read then); else as [`Connection::line`].
    pub fn listing(&mut self, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let mut budget = self.phase.unwrap_or_else(|| Budget::that_grows(self.timeout));
        let outcome = loop {
            match self.next_line(Phase::Reply, &mut budget).map(|(from, to)| &self.buffer[from..to]) {
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

    /// Begins TLS on this conversation (RFC 2595 section 4). What the server said before counts for
    /// nothing after it.
    ///
    /// # Errors
    /// [`Kind::Tls`]; [`Kind::Protocol`] where octets lie behind the server's consent: whoever put them
    /// there wants them read as if they had come encrypted.
    pub fn secure(mut self, tls: &TlsSettings, host: &str) -> Result<Connection> {
        if self.has_unread() {
            return Err(Error::new(Kind::Protocol, "the server sent data behind its consent to TLS")
                .hint("someone may be tampering with the connection; try --tls implicit"));
        }
        self.transport = self.transport.secure(tls, host, self.timeout)?;
        if let Some(transcript) = &mut self.transcript {
            transcript.encrypted();
        }
        Ok(self)
    }

    /// From now on every wait lasts `most` at most.
    pub(crate) fn limit_patience(&mut self, most: Duration) {
        self.timeout = self.timeout.min(most);
    }

    /// What the conversation went over, its buffer forgotten.
    pub(crate) fn into_transport(self) -> Transport {
        self.transport
    }

    /// Reads one line and says where it stands in the buffer, without its line end.
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

    /// Reads more behind what is held.
    fn fill(&mut self, phase: Phase, budget: &mut Budget) -> Result<()> {
        let most = budget.left().min(self.timeout);
        match self.receive(most, budget) {
            Ok(0) => Err(self.broken(phase, io::ErrorKind::UnexpectedEof.into(), most)),
            Ok(_) => Ok(()),
            Err(error) => Err(self.broken(phase, error, most)),
        }
    }

    /// Reads more behind what is held, moving that to the front where there is no room, and waits for it as
    /// long as `most`; what the wait took goes off the budget. The clock is asked only here: most lines of a
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

    /// The error for a conversation that ended, fell silent for `waited`, or was stopped.
    fn broken(&self, phase: Phase, error: io::Error, waited: Duration) -> Error {
        if let Some(failure) = TlsFailure::of_line(&error) {
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
                Error::new(Kind::LineLost, format!("the server closed the connection while {phase}"))
            }
            _ => Error::new(Kind::LineLost, format!("the connection broke while {phase}")).because(error),
        }
    }
}

/// The text without any of the secrets.
fn without_secrets<'l>(secrets: &[Secret], text: &'l [u8]) -> Cow<'l, [u8]> {
    secrets.iter().fold(Cow::Borrowed(text), |text, secret| match secret.hidden_in(&text) {
        Cow::Owned(shown) => Cow::Owned(shown),
        Cow::Borrowed(_) => text,
    })
}
