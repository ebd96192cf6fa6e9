//! A message body off the wire, and what ends one: servers exist whose status lines end in CRLF and whose
//! messages, taken as they lie on a Unix disk, have lines that end in LF, before a proper `.` CRLF
//! (zetacomponents/Mail#40 met one). By RFC 1939 that is no end, and nothing ever follows it.

use std::io::ErrorKind;
use std::time::Duration;

use memchr::memchr;

use super::Connection;
use super::budget::Budget;
use crate::error::{Error, Kind, Phase, Result};
use crate::protocol::multiline::{LineEnd, Unstuffer};

/// How long a server may be silent behind what ends a message whose lines end in LF, and may stand in the
/// middle of a proper one, until it is taken for the end.
const SILENCE_BEHIND_BARE_LF: Duration = Duration::from_secs(2);

/// So many octets more than declared are no message: the server sends without end. Servers exist that declare far
/// too few, or nothing.
const MOST_BEYOND_DECLARED: u64 = 4 << 30;

/// A message body that has come to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Body {
    /// How many octets it has, byte-stuffing taken off, without the line that ends it.
    pub octets: u64,
    /// What ended it.
    pub end: End,
}

impl Body {
    /// No octets.
    pub(crate) const NONE: Body = Body { octets: 0, end: End::Proper };

    /// Whether the message has to be asked for again, to be read by the line ends that it really has.
    pub fn wants_another_reading(&self) -> bool {
        self.end == End::BareLf { is_exact: false }
    }
}

/// What ended a message body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// A `.` on a line of its own.
    Proper,
    /// LF, `.`, CRLF, and then nothing: the server's lines end in LF. The connection reads the next body
    /// accordingly, so that the message can be asked for again.
    BareLf {
        /// Whether the octets that were handed on are those that a second reading would give: no line of the
        /// message begins with a dot that may have been stuffed.
        is_exact: bool,
    },
}

/// By which line ends the next body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum BodyLines {
    /// Those of the status lines.
    #[default]
    AsStatusLines,
    /// Those of its own first line: some messages of this server have lines that end in LF.
    AsFirstLine,
    /// LF: a server that puts lines of its own before them.
    Lf,
}

impl Connection {
    /// Streams a message up to its end, byte-stuffing taken off, in chunks to `take`; returns how many octets.
    /// Always reads to the end: whoever cannot take more ignores it, so that the conversation stays in step.
    /// It may take the time that a [`Connection::listing`] may take.
    ///
    /// # Errors
    /// [`Kind::LineLost`], [`Kind::Timeout`] and [`Kind::Interrupted`] mean that the message is not whole;
    /// [`Kind::Protocol`], that its lines end in LF and that some of its dots may be too many: nothing but
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

    /// The same for a message that is `declared` to have so many octets, and says what ended it.
    ///
    /// # Errors
    /// As [`Connection::line`]: the message is not whole. [`Kind::Protocol`] where it does not end.
    pub fn body_of(&mut self, declared: Option<u64>, take: impl FnMut(&[u8])) -> Result<Body> {
        self.body_within(declared, declared.unwrap_or(0).saturating_add(MOST_BEYOND_DECLARED), take)
    }

    pub(super) fn body_within(
        &mut self,
        declared: Option<u64>,
        most: u64,
        mut take: impl FnMut(&[u8]),
    ) -> Result<Body> {
        let mut budget = Budget::that_grows(self.timeout);
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
                break End::BareLf { is_exact: !frame.has_dots_behind_lf() };
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

    /// What ends the first line of the body that comes next; CRLF where that line is longer than the buffer.
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

    /// Whether nothing comes for a while.
    fn is_silent(&mut self, budget: &mut Budget) -> Result<bool> {
        let most = SILENCE_BEHIND_BARE_LF.min(self.timeout).min(budget.left());
        match self.receive(most, budget) {
            Ok(0) => Err(self.broken(Phase::Body, ErrorKind::UnexpectedEof.into(), most)),
            Ok(_) => Ok(false),
            Err(error) if error.kind() == ErrorKind::TimedOut => Ok(true),
            Err(error) => Err(self.broken(Phase::Body, error, most)),
        }
    }
}
