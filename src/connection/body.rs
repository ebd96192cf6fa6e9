//! Reads a message body and finds its end. Some servers end status lines with CRLF but send messages as they
//! are stored on a Unix disk, with lines that end in LF, followed by a proper `.` CRLF (seen in
//! zetacomponents/Mail#40). According to RFC 1939 this is not the end, but nothing follows it.

use std::io::ErrorKind;
use std::time::Duration;

use memchr::memchr;

use super::Connection;
use super::budget::Budget;
use crate::error::{Error, Kind, Phase, Result};
use crate::protocol::multiline::{LineEnd, Unstuffer};

/// How long a server must be silent after the end of a message whose lines end in LF. The same octets may
/// stand in the middle of a proper message; only the silence shows that it is the end.
const SILENCE_AFTER_BARE_LF: Duration = Duration::from_secs(2);

/// The most octets of a message beyond its declared size; a longer message is treated as endless. Some servers
/// declare far too few octets, or none.
const MOST_BEYOND_DECLARED: u64 = 4 << 30;

/// The most octets of a text that could be done without: a server may send the whole message for its header.
const MOST_HURRIED: u64 = 16 << 20;

/// A message body that was read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Body {
    /// Its size in octets, without byte-stuffing and the terminating line.
    pub octets: u64,
    /// How it ended.
    pub end: End,
}

impl Body {
    /// An empty body.
    pub(crate) const NONE: Body = Body { octets: 0, end: End::Proper };

    /// Whether the message has to be retrieved again, to be read with its actual line ends.
    pub fn wants_another_reading(&self) -> bool {
        self.end == End::BareLf { is_exact: false }
    }
}

/// How a message body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With a `.` on a line of its own.
    Proper,
    /// With LF, `.`, CRLF, and then silence: the lines of this server end in LF. The connection reads the
    /// next body accordingly, so that the message can be retrieved again.
    BareLf {
        /// Whether a second retrieval would give the same octets: no line of the message begins with a dot
        /// that may be byte-stuffing.
        is_exact: bool,
    },
}

/// Which line ends are used to read the next body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum BodyLines {
    /// The same as in status lines.
    #[default]
    AsStatusLines,
    /// The same as in its own first line: some of this server's messages have lines that end in LF.
    AsFirstLine,
    /// LF: this server puts lines that end in CRLF before such messages.
    Lf,
}

impl Connection {
    /// Reads a message to its end, removes byte-stuffing, and passes it to `take` in chunks; returns its size
    /// in octets. `take` cannot stop it, since the rest must be read to keep client and server in step. It
    /// may take as long as a [`Connection::listing`].
    ///
    /// # Errors
    /// [`Kind::ConnectionLost`], [`Kind::Timeout`] and [`Kind::Interrupted`] mean that the message is incomplete;
    /// [`Kind::Protocol`], that its lines end in LF and some of its dots may be byte-stuffing: only
    /// [`Connection::body_of`] can read such messages.
    pub fn body(&mut self, take: impl FnMut(&[u8])) -> Result<u64> {
        let body = self.body_of(None, take)?;
        match body.end {
            End::Proper | End::BareLf { is_exact: true } => Ok(body.octets),
            End::BareLf { is_exact: false } => {
                Err(Error::new(Kind::Protocol, "the lines of the message end in LF and not in CRLF"))
            }
        }
    }

    /// The same for a message whose size the server declared; also returns how it ended.
    ///
    /// # Errors
    /// As [`Connection::line`]: the message is incomplete. [`Kind::Protocol`] if it does not end.
    pub fn body_of(&mut self, declared: Option<u64>, take: impl FnMut(&[u8])) -> Result<Body> {
        let most = match self.is_hurried {
            true => MOST_HURRIED,
            false => declared.unwrap_or(0).saturating_add(MOST_BEYOND_DECLARED),
        };
        self.body_within(declared, most, take)
    }

    pub(super) fn body_within(
        &mut self,
        declared: Option<u64>,
        most: u64,
        mut take: impl FnMut(&[u8]),
    ) -> Result<Body> {
        let mut budget = match self.is_hurried {
            true => Budget::fixed(self.timeout),
            false => Budget::growing(self.timeout),
        };
        let first = self.first_line_end(&mut budget)?;
        let mut frame = Unstuffer::new(match self.body_lines {
            BodyLines::AsStatusLines => self.ends,
            BodyLines::AsFirstLine => first,
            BodyLines::Lf => LineEnd::Lf,
        });
        let mut octets = 0;
        let end = loop {
            self.start += frame.push(&self.buffer[self.start..self.end], |chunk| {
                octets += chunk.len() as u64;
                take(chunk);
            });
            if frame.is_done() {
                break End::Proper;
            }
            if frame.may_be_done() && (declared == Some(octets) || self.is_silent(&mut budget)?) {
                self.body_lines = if first == LineEnd::Lf { BodyLines::AsFirstLine } else { BodyLines::Lf };
                break End::BareLf { is_exact: !frame.has_dots_after_lf() };
            }
            if octets > most {
                let says = format!("a message did not end after {octets} octets");
                return Err(Error::new(Kind::Protocol, says));
            }
            if !self.has_unread() {
                self.fill(Phase::Body, &mut budget)?;
            }
        };
        if let Some(transcript) = &mut self.transcript {
            transcript.body(octets);
        }
        Ok(Body { octets, end })
    }

    /// The line end of the next body's first line; CRLF if that line is longer than the buffer.
    fn first_line_end(&mut self, budget: &mut Budget) -> Result<LineEnd> {
        loop {
            let held = &self.buffer[self.start..self.end];
            match memchr(b'\n', held) {
                Some(feed) if feed == 0 || held[feed - 1] != b'\r' => return Ok(LineEnd::Lf),
                Some(_) => return Ok(LineEnd::Crlf),
                None if held.len() == self.buffer.len() => return Ok(LineEnd::Crlf),
                None => self.fill(Phase::Body, budget)?,
            }
        }
    }

    /// Whether the server is silent for a while.
    fn is_silent(&mut self, budget: &mut Budget) -> Result<bool> {
        let most = SILENCE_AFTER_BARE_LF.min(self.timeout).min(budget.left());
        match self.receive(most, budget) {
            Ok(0) => Err(self.broken(Phase::Body, ErrorKind::UnexpectedEof.into(), most)),
            Ok(_) => Ok(false),
            Err(error) if error.kind() == ErrorKind::TimedOut => Ok(true),
            Err(error) => Err(self.broken(Phase::Body, error, most)),
        }
    }
}
