//! Commands of one kind, sent ahead of their answers (RFC 2449 section 6.8), so that the connection is never
//! idle for a round trip. Where the server does not pipeline, the window is one command wide and everything is
//! in lock-step.
//!
//! ```text
//!  fill ─▶ RETR 4 5 … UIDL 16 RETR 17 … (one write) ─▶ │ 1 2 3 │ ─▶ receive 1, receive 2, …
//! ```
//!
//! With commands ahead a question that proves that the conversation is in step ([`super::step`]) goes along
//! every few messages, and behind the last.

use std::collections::VecDeque;

use super::step::{Question, Questions, Step};
use super::{Session, Transaction};
use crate::connection::Body;
use crate::error::{Error, Kind, Phase, Result};
use crate::protocol::Command;

/// The most messages on their way: 1,000 lines of RETR, and the questions between them, are some 13 kilobytes,
/// less than the buffers of the sockets, so that writing them never blocks while the server waits for us to
/// read. Fewer would leave the connection idle if a round trip takes long.
const MOST_MESSAGES: u32 = 1000;

/// The most headers on their way: a server gives out some 30,000 a second, so that a thousand are fewer than come
/// in a round trip. So many lines of TOP, and the questions between them, are some 37 kilobytes, which the send
/// buffer of a connection (46 on Linux from the beginning) or the pipe to a tunnel (64) takes by itself: writing
/// them never blocks, even if the server reads nothing while it waits for us to read.
const MOST_HEADERS: u32 = 2500;

/// The most declared octets on their way, where nothing is known of the server's rate: they have to be read
/// and thrown away when the user, or a full disk, ends a run.
pub const MOST_OCTETS: u64 = 8 << 20;

/// What is counted for a message whose size is not known.
const USUAL_OCTETS: u64 = 16 << 10;

/// What is counted for a header: few are longer, so that the number of commands is the limit.
const HEADER_OCTETS: u64 = 2 << 10;

/// So many messages, or octets, share one question.
const ASK_EVERY: usize = 16;
const ASK_EVERY_OCTETS: u64 = 4 << 20;

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

/// A message to ask for: its number, and the octets declared for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The message-number.
    pub number: u32,
    /// The declared octets, where they are known.
    pub octets: Option<u64>,
}

/// What is answered next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// That message's text, header or deletion: [`Window::receive`].
    Message(Wanted),
    /// A question: [`Window::receive_step`].
    Question,
}

#[derive(Debug, Clone, Copy)]
enum Sent {
    Message(Wanted),
    Question(Question),
}

/// Commands on their way, answered in the order in which they were sent.
#[derive(Debug)]
pub struct Window {
    what: Ahead,
    most_octets: u64,
    sent: VecDeque<Sent>,
    /// How many of them are messages.
    messages: u32,
    octets: u64,
    /// Messages and octets since the last question, and the last message.
    since: (usize, u64, Option<u32>),
}

impl Window {
    /// An empty window for that kind of command.
    pub fn new(what: Ahead) -> Self {
        Window {
            what,
            most_octets: MOST_OCTETS,
            sent: VecDeque::new(),
            messages: 0,
            octets: 0,
            since: (0, 0, None),
        }
    }

    /// Limits the declared octets on their way (one message at least).
    #[must_use]
    pub fn with_most_octets(mut self, octets: u64) -> Self {
        self.most_octets = octets.min(MOST_OCTETS);
        self
    }

    /// Whether every command has its answer.
    pub fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }

    /// What is answered next.
    pub fn next(&self) -> Option<Next> {
        self.sent.front().map(|sent| match sent {
            Sent::Message(wanted) => Next::Message(*wanted),
            Sent::Question(_) => Next::Question,
        })
    }

    /// How many messages are on their way.
    pub fn messages(&self) -> u32 {
        self.messages
    }

    /// Whether a message on its way may have exactly these octets.
    pub fn has_one_of(&self, octets: u64) -> bool {
        let is_one = |sent: &Sent| match sent {
            Sent::Message(wanted) => wanted.octets.is_none_or(|declared| declared == octets),
            Sent::Question(_) => false,
        };
        self.sent.iter().any(is_one)
    }

    /// Sends as many more of `wanted` as fit into the window, in one write, once a part of the window is answered:
    /// half of it, or an eighth where answers are small.
    /// With `questions`, and commands ahead, questions are sent along.
    ///
    /// # Errors
    /// What ends the session.
    pub fn fill(
        &mut self,
        session: &mut Session<Transaction>,
        wanted: &mut VecDeque<Wanted>,
        questions: Option<&Questions<'_>>,
    ) -> Result<()> {
        let is_ahead = session.pipelines();
        let (most, part) = match self.what {
            _ if !is_ahead => (1, 2),
            // Headers come in fast: with half of them answered the server would have nothing to do before the next
            // commands reach it.
            Ahead::Headers => (MOST_HEADERS, 8),
            Ahead::Retr | Ahead::Dele => (MOST_MESSAGES, 2),
        };
        let has_room = self.messages <= most - most / part
            && self.octets <= self.most_octets - self.most_octets / u64::from(part);
        if !self.is_empty() && !has_room || wanted.is_empty() {
            return Ok(());
        }
        let questions = questions.filter(|_| is_ahead);
        let messages = wanted.len().min(most as usize);
        let mut commands = Vec::with_capacity(messages + messages / ASK_EVERY + 1);
        while self.messages < most {
            let Some(next) = wanted.front().copied() else { break };
            let expected = self.expected(next.octets);
            if !self.sent.is_empty() && self.octets + expected > self.most_octets {
                break;
            }
            wanted.pop_front();
            self.sent.push_back(Sent::Message(next));
            self.messages += 1;
            self.octets += expected;
            commands.push(self.what.command(next.number));
            let (messages, octets, _) = self.since;
            self.since = (messages + 1, octets.saturating_add(expected), Some(next.number));
            let is_due = self.since.0 >= ASK_EVERY || self.since.1 >= ASK_EVERY_OCTETS || wanted.is_empty();
            if let (true, Some(questions)) = (is_due, questions) {
                self.since = (0, 0, None);
                let question = questions.about(next.number);
                self.sent.push_back(Sent::Question(question));
                commands.push(question.command());
            }
        }
        if commands.is_empty() { Ok(()) } else { session.send_all(&commands) }
    }

    /// Reads the next answer, streaming the message or header in it to `take`.
    ///
    /// # Errors
    /// As [`Session::retrieve`]. An `-ERR` is this message's alone. [`Kind::Usage`] where no message is next.
    pub fn receive(&mut self, session: &mut Session<Transaction>, take: impl FnMut(&[u8])) -> Result<Body> {
        let Some(Sent::Message(wanted)) = self.sent.front().copied() else {
            return Err(Error::new(Kind::Usage, "asked for an answer to no command"));
        };
        self.sent.pop_front();
        self.messages -= 1;
        self.octets -= self.expected(wanted.octets);
        session.connection.awaits(Some((self.what.command(wanted.number).verb(), Some(wanted.number))));
        let reply = session.reply(Phase::Reply)?;
        if !reply.is_ok() {
            let says = format!("could not {}", self.what.doing(wanted.number));
            return Err(Error::new(reply.refusal(), says).because(reply.words()));
        }
        match self.what {
            Ahead::Dele => Ok(Body::NONE),
            _ if self.is_empty() => session.stream(wanted.number, self.declared(wanted), take),
            _ => session.connection.body_of(self.declared(wanted), take),
        }
    }

    /// Reads the answer to the question that is next.
    ///
    /// # Errors
    /// As [`Session::prove_step`]. [`Kind::Usage`] where no question is next.
    pub fn receive_step(
        &mut self,
        session: &mut Session<Transaction>,
        questions: &mut Questions<'_>,
    ) -> Result<Step> {
        let Some(Sent::Question(question)) = self.sent.front().copied() else {
            return Err(Error::new(Kind::Usage, "asked for an answer to no question"));
        };
        self.sent.pop_front();
        let command = question.command();
        session.connection.awaits(Some((command.verb(), command.number())));
        let step = session.read_step(question, questions, !self.is_empty())?;
        if step == Step::Unanswered {
            questions.give_up(question);
        }
        Ok(step)
    }

    /// The octets that a text is expected to have, for one whose end cannot be seen otherwise.
    fn declared(&self, wanted: Wanted) -> Option<u64> {
        wanted.octets.filter(|_| self.what == Ahead::Retr)
    }

    fn expected(&self, octets: Option<u64>) -> u64 {
        match self.what {
            // More than that fills the window, however much more it is.
            Ahead::Retr => octets.unwrap_or(USUAL_OCTETS).min(MOST_OCTETS),
            Ahead::Headers => HEADER_OCTETS,
            Ahead::Dele => 0,
        }
    }
}
