//! Commands of one kind, sent ahead of their answers (RFC 2449 section 6.8): the line is never idle
//! for a round trip. Where the server does not pipeline the window is one command wide, and
//! everything is in lock-step.
//!
//! ```text
//!  fill ─▶ RETR 4 5 6 … (one write) ─▶ │ 1 2 3 │ ─▶ receive 1, receive 2, …
//! ```

use std::collections::VecDeque;

use super::{Session, Transaction};
use crate::error::{Error, Kind, Phase, Result};
use crate::protocol::Command;

/// The most commands on their way: 1,000 lines of RETR are some 12 kilobytes, less than the sockets
/// between us hold, so that writing them never waits for a server that waits for us to read. Fewer
/// would leave the line idle where a round trip takes long.
const MOST_COMMANDS: usize = 1000;

/// The most declared octets on their way: what has to be read and thrown away when the user, or a
/// full disk, ends a run.
const MOST_OCTETS: u64 = 8 << 20;

/// What is counted for a message whose size is not known.
const USUAL_OCTETS: u64 = 16 << 10;

/// What a window asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ahead {
    /// Whole messages.
    Retr,
    /// Headers, without a line of the body.
    Headers,
    /// Deletions.
    Dele,
}

impl Ahead {
    fn command(self, number: u32) -> Command<'static> {
        match self {
            Ahead::Retr => Command::Retr(number),
            Ahead::Headers => Command::Top { number, lines: 0 },
            Ahead::Dele => Command::Dele(number),
        }
    }

    fn doing(self, number: u32) -> String {
        match self {
            Ahead::Retr => format!("retrieve message {number}"),
            Ahead::Headers => format!("see the header of message {number}"),
            Ahead::Dele => format!("delete message {number}"),
        }
    }
}

/// Commands on their way, answered in the order in which they were sent.
#[derive(Debug)]
pub struct Window {
    what: Ahead,
    /// Message-number, and the octets its answer is expected to have.
    sent: VecDeque<(u32, u64)>,
    octets: u64,
}

impl Window {
    /// An empty window for that kind of command.
    pub fn new(what: Ahead) -> Self {
        Window { what, sent: VecDeque::new(), octets: 0 }
    }

    /// Whether every command has its answer. Only then is it certain that the server lost none of
    /// them, and that each answer was the one to its command.
    pub fn is_dry(&self) -> bool {
        self.sent.is_empty()
    }

    /// The message-number whose answer comes next.
    pub fn next(&self) -> Option<u32> {
        self.sent.front().map(|(number, _)| *number)
    }

    /// Sends as many more of `wanted` (numbers with their declared octets) as have room, in one
    /// write; waits with that until half of the window is answered.
    ///
    /// # Errors
    /// [`Kind::LineLost`], [`Kind::Timeout`].
    pub fn fill(
        &mut self,
        session: &mut Session<Transaction>,
        wanted: &mut std::iter::Peekable<impl Iterator<Item = (u32, Option<u64>)>>,
    ) -> Result<()> {
        let most = if session.pipelines() { MOST_COMMANDS } else { 1 };
        let is_half_empty = self.sent.len() <= most / 2 && self.octets <= MOST_OCTETS / 2;
        if !self.is_dry() && !is_half_empty {
            return Ok(());
        }
        let mut commands = Vec::with_capacity(most - self.sent.len());
        while self.sent.len() < most {
            let room = |(_, octets): &(u32, Option<u64>)| {
                self.sent.is_empty() || self.octets + self.expected(*octets) <= MOST_OCTETS
            };
            let Some((number, octets)) = wanted.next_if(room) else { break };
            let expected = self.expected(octets);
            self.sent.push_back((number, expected));
            self.octets += expected;
            commands.push(self.what.command(number));
        }
        if commands.is_empty() { Ok(()) } else { session.send_all(&commands) }
    }

    /// Reads the next answer, streaming the message or header in it to `take`; returns its octets.
    ///
    /// # Errors
    /// As [`Session::retrieve`]. An `-ERR` is this message's alone. [`Kind::Usage`] where the window is dry.
    pub fn receive(&mut self, session: &mut Session<Transaction>, take: impl FnMut(&[u8])) -> Result<u64> {
        let Some((number, expected)) = self.sent.pop_front() else {
            return Err(Error::new(Kind::Usage, "asked for an answer to no command"));
        };
        self.octets -= expected;
        let reply = session.reply(Phase::Reply)?;
        if !reply.is_ok() {
            let says = format!("could not {}", self.what.doing(number));
            return Err(Error::new(reply.refusal(), says).because(reply.words()));
        }
        match self.what {
            Ahead::Dele => Ok(0),
            Ahead::Retr | Ahead::Headers if self.is_dry() => session.stream(number, take),
            Ahead::Retr | Ahead::Headers => session.connection.body(take),
        }
    }

    fn expected(&self, octets: Option<u64>) -> u64 {
        match self.what {
            Ahead::Retr => octets.unwrap_or(USUAL_OCTETS),
            Ahead::Headers => USUAL_OCTETS,
            Ahead::Dele => 0,
        }
    }
}
