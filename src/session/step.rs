//! Proves that a conversation is in step: that every answer so far was the one to its command.
//!
//! A server that loses a command, adds an answer, or does not byte-stuff a message is one answer behind or
//! ahead from then on: one message's text would be recorded as another's. What proves the opposite is a
//! question whose answer cannot be mistaken: `UIDL n`, which names the message; else `LIST n` with its
//! octets; else STAT with the figures of this session. `-ERR` and an empty `+OK` prove nothing: a stray one
//! could be the answer to anything. Used by [`super::Window`], which sends questions along with other
//! commands, and by the code that retrieves messages.

use super::{Session, Transaction};
use crate::error::{Error, Kind, Phase, Result};
use crate::protocol::{Command, Maildrop, Reply, listing};

/// A question about one message, in the order in which they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// `UIDL n`.
    UniqueId(u32),
    /// `LIST n`.
    Octets(u32),
    /// STAT.
    Figures,
    /// NOOP: its `+OK` after refusals shows that no answer is missing, and nothing more.
    Nothing,
}

impl Question {
    /// The command that asks it.
    pub(super) fn command(self) -> Command<'static> {
        match self {
            Question::UniqueId(number) => Command::Uidl(Some(number)),
            Question::Octets(number) => Command::List(Some(number)),
            Question::Figures => Command::Stat,
            Question::Nothing => Command::Noop,
        }
    }

    /// How many kinds are given up where this one is of no use.
    fn kinds(self) -> u8 {
        match self {
            Question::UniqueId(_) => 1,
            Question::Octets(_) => 2,
            Question::Figures | Question::Nothing => 3,
        }
    }
}

/// What the answer to a question says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Every answer up to here was the one to its command.
    Proven,
    /// Nothing: the server refused the question, or its answer names nothing.
    Unanswered,
    /// Nothing speaks against it, but the server answers no question that would prove it: what came may
    /// be delivered, and must not be deleted.
    Unprovable,
}

/// Which question is asked next: a kind that the server does not answer is not asked again.
#[derive(Debug, Clone)]
pub struct Questions<'m> {
    maildrop: &'m Maildrop,
    /// How many kinds of question were found not to work.
    given_up: u8,
    /// The question whose answer was waited for last.
    asked: Option<Question>,
    /// The last question, if its answer was an empty `+OK` after which a listing may still follow.
    open: Option<Question>,
}

impl<'m> Questions<'m> {
    /// All questions about the messages of that maildrop.
    pub fn new(maildrop: &'m Maildrop) -> Self {
        Questions { maildrop, given_up: 0, asked: None, open: None }
    }

    /// The same without the first so many kinds: one of them broke an earlier session.
    #[must_use]
    pub fn skipping(self, kinds: u8) -> Self {
        Questions { given_up: kinds, ..self }
    }

    /// How many kinds another session had better skip, where waiting for an answer broke this one.
    pub fn kinds_to_skip(&self) -> u8 {
        self.asked.map_or(self.given_up, |asked| self.given_up.max(asked.kinds()))
    }

    /// A message about which a question was asked that may still be answered by a listing.
    pub fn open(&self) -> Option<u32> {
        match self.open? {
            Question::UniqueId(number) | Question::Octets(number) => Some(number),
            Question::Figures | Question::Nothing => None,
        }
    }

    /// The best question about that message that may still work.
    pub fn about(&self, number: u32) -> Question {
        let message = self.maildrop.message(number);
        let has_unique_id = message.is_some_and(|message| message.unique_id.is_some());
        let has_octets = message.is_some_and(|message| message.octets.is_some());
        match self.given_up {
            0 if has_unique_id => Question::UniqueId(number),
            0 | 1 if has_octets => Question::Octets(number),
            0..=2 if self.maildrop.drop_listing().is_some() => Question::Figures,
            _ => Question::Nothing,
        }
    }

    /// Records that the answer to a question proves nothing.
    pub fn give_up(&mut self, question: Question) {
        self.given_up = self.given_up.max(question.kinds());
    }
}

impl Session<Transaction> {
    /// Asks about that message until a question is answered. No other answer may be outstanding.
    ///
    /// # Errors
    /// [`Kind::Protocol`] where the conversation is out of step; what ends the session.
    pub fn prove_step(&mut self, questions: &mut Questions<'_>, number: u32) -> Result<Step> {
        let mut asked = questions.about(number);
        self.send_all(&[asked.command()])?;
        if let Some(open) = questions.open.take()
            && self.is_listing_next()?
        {
            return self.take_listing(open, asked, questions.maildrop);
        }
        loop {
            questions.asked = Some(asked);
            let reply = self.reply(Phase::Reply)?;
            match self.understand(asked, &reply, questions.maildrop)? {
                Understood::Step(Step::Unanswered) if asked != Question::Nothing => {
                    questions.give_up(asked);
                    asked = questions.about(number);
                    self.send_all(&[asked.command()])?;
                }
                Understood::Step(step) => {
                    // No answer is outstanding.
                    return if self.connection.has_unread() { Err(out_of_step()) } else { Ok(step) };
                }
                // A listing may follow, or nothing: only the next command makes certain that something does.
                Understood::Empty => {
                    questions.give_up(asked);
                    let next = questions.about(number);
                    self.send_all(&[next.command()])?;
                    if self.is_listing_next()? {
                        return self.take_listing(asked, next, questions.maildrop);
                    }
                    asked = next;
                }
            }
        }
    }

    /// Reads the answer to a question that was sent along with other commands. `is_followed` says that
    /// another command was sent behind it.
    ///
    /// # Errors
    /// As [`Session::prove_step`].
    pub(super) fn read_step(
        &mut self,
        question: Question,
        questions: &mut Questions<'_>,
        is_followed: bool,
    ) -> Result<Step> {
        questions.asked = Some(question);
        let reply = self.reply(Phase::Reply)?;
        match self.understand(question, &reply, questions.maildrop)? {
            Understood::Step(step) => Ok(step),
            Understood::Empty if is_followed && self.is_listing_next()? => {
                self.read_listing(question, questions.maildrop)?;
                Ok(Step::Proven)
            }
            Understood::Empty => {
                questions.open = (!is_followed).then_some(question);
                Ok(Step::Unanswered)
            }
        }
    }

    /// Reads a listing that came for a question about one message, and the answer to the question after it.
    /// The listing names every message, which is a proof.
    fn take_listing(&mut self, open: Question, behind: Question, maildrop: &Maildrop) -> Result<Step> {
        self.read_listing(open, maildrop)?;
        let reply = self.reply(Phase::Reply)?;
        // A server that answers one question with a listing may do so with the other, too.
        if let Understood::Empty = self.understand(behind, &reply, maildrop)?
            && self.connection.has_unread()
            && self.is_listing_next()?
        {
            self.read_listing(behind, maildrop)?;
        }
        if self.connection.has_unread() { Err(out_of_step()) } else { Ok(Step::Proven) }
    }

    fn understand(&self, question: Question, reply: &Reply, maildrop: &Maildrop) -> Result<Understood> {
        if !reply.is_ok() {
            return Ok(Understood::Step(Step::Unanswered));
        }
        let text = reply.text.trim_ascii();
        let step = match question {
            Question::Nothing => Step::Unprovable,
            Question::UniqueId(number) => match names_unique_id(text, number, maildrop) {
                Some(true) => Step::Proven,
                Some(false) => return Err(out_of_step()),
                None => return Ok(Understood::Empty),
            },
            Question::Octets(number) => match names_octets(text, number, maildrop) {
                Some(Named::Octets) => Step::Proven,
                Some(Named::OtherOctets) => Step::Unanswered,
                Some(Named::Another) => return Err(out_of_step()),
                None => return Ok(Understood::Empty),
            },
            Question::Figures => {
                let figures = listing::drop_listing(text).ok();
                if figures.is_none() || figures != maildrop.drop_listing() {
                    return Err(out_of_step());
                }
                Step::Proven
            }
        };
        Ok(Understood::Step(step))
    }

    /// Whether the next line is one of a listing: it begins with a number, and no reply does.
    fn is_listing_next(&mut self) -> Result<bool> {
        let line = self.connection.peek(Phase::Reply)?;
        let is_reply = line.starts_with(b"+OK") || line.starts_with(b"-ERR");
        let is_listing = line.trim_ascii_start().first().is_some_and(u8::is_ascii_digit) || line == b".";
        if is_reply || is_listing { Ok(is_listing) } else { Err(out_of_step()) }
    }

    /// Reads a whole listing that came for a question about one message (axllent/mailpit 1.29), which has
    /// to be this maildrop's.
    fn read_listing(&mut self, question: Question, maildrop: &Maildrop) -> Result<()> {
        let mut fits = true;
        let mut count = 0;
        self.connection.listing(|line| {
            count += 1;
            fits &= match question {
                Question::UniqueId(_) => listing::unique_id(line).is_ok_and(|(number, unique_id)| {
                    maildrop.message(number).is_some_and(|message| message.unique_id == Some(unique_id))
                }),
                _ => listing::scan(line).is_ok_and(|(number, octets)| {
                    maildrop.message(number).is_some_and(|message| message.octets == octets)
                }),
            };
            if fits && count <= maildrop.len() { Ok(()) } else { Err(out_of_step()) }
        })?;
        if count > 0 { Ok(()) } else { Err(out_of_step()) }
    }
}

enum Understood {
    Step(Step),
    /// `+OK` with nothing that names a message: a listing may follow.
    Empty,
}

/// Whether the answer to `UIDL n` names the message; `None` if it names none. Some servers leave the number out
/// (Twisted), and others give another unique-id here than in the listing.
fn names_unique_id(text: &[u8], number: u32, maildrop: &Maildrop) -> Option<bool> {
    let listed = maildrop.message(number).and_then(|message| message.unique_id).unwrap_or_default();
    if listed.is_empty() {
        return None;
    }
    match listing::unique_id(text) {
        Ok((named, unique_id)) if named == number => Some(unique_id == listed || is_a_name(unique_id)),
        // Without the number, and with blanks in it.
        Ok(_) => Some(text == listed),
        // The unique-id without the number, unless that would be the number; or words before it.
        Err(_) => {
            let before = text.strip_suffix(listed)?;
            let is_a_word = before.last().is_none_or(u8::is_ascii_whitespace);
            (is_a_word && !listed.iter().all(u8::is_ascii_digit)).then_some(true)
        }
    }
}

/// Whether it can be a unique-id. `120 octets`, or `(120 octets)`, is how a server answers RETR, and a number
/// how it answers LIST.
fn is_a_name(text: &[u8]) -> bool {
    let units = [&b"octets"[..], b"bytes", b"messages", b"message"];
    let is_unit = || units.iter().any(|unit| text.eq_ignore_ascii_case(unit));
    text.iter().all(u8::is_ascii_graphic) && !text.iter().all(u8::is_ascii_digit) && !is_unit()
}

enum Named {
    /// The message, with the octets it was listed with.
    Octets,
    /// The message, with others.
    OtherOctets,
    /// Something else.
    Another,
}

fn names_octets(text: &[u8], number: u32, maildrop: &Maildrop) -> Option<Named> {
    let (named, octets) = listing::scan(text).ok()?;
    let listed = maildrop.message(number).and_then(|message| message.octets);
    Some(match octets {
        Some(_) if named == number && octets == listed => Named::Octets,
        Some(_) if named == number => Named::OtherOctets,
        // The answer to another question, or to another message.
        _ => Named::Another,
    })
}

pub(super) fn out_of_step() -> Error {
    Error::new(Kind::Protocol, "what came was not the answer to what was asked")
        .because("a server that does not byte-stuff its messages, loses commands or adds answers does this")
}
