//! The TRANSACTION state: STAT, LIST, UIDL, RETR, TOP, DELE, NOOP, RSET (RFC 1939 sections 5 and 7) and LAST
//! (RFC 1460), on a snapshot of the maildrop taken at sign-in.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use super::behaviour::{Sizes, Top};
use super::dialogue::{Dialogue, Flow};
use super::fault;
use super::message::{Extract, Message};
use super::shared::Lease;

/// The maildrop as this session sees it.
pub(super) struct Transaction<'a> {
    messages: Vec<Slot>,
    /// The highest message-number used with RETR, for LAST.
    highest: usize,
    /// Held until QUIT or the end of the connection.
    _lease: Option<Lease<'a>>,
}

struct Slot {
    message: Arc<Message>,
    deleted: bool,
    retrieved: bool,
}

impl<'a> Transaction<'a> {
    pub(super) fn new(messages: Vec<Arc<Message>>, lease: Option<Lease<'a>>) -> Transaction<'a> {
        let mut transaction = Transaction { messages: Vec::new(), highest: 0, _lease: lease };
        messages.into_iter().for_each(|message| transaction.push(message));
        transaction
    }

    /// Appends a message.
    pub(super) fn push(&mut self, message: Arc<Message>) {
        self.messages.push(Slot { message, deleted: false, retrieved: false });
    }

    /// The messages not marked as deleted, by message-number.
    pub(super) fn present(&self) -> impl DoubleEndedIterator<Item = (usize, &Message)> {
        let slots = self.messages.iter().enumerate();
        slots.filter(|(_, slot)| !slot.deleted).map(|(at, slot)| (at + 1, &*slot.message))
    }

    /// The number of messages and their declared size, for STAT.
    pub(super) fn size(&self, sizes: Sizes) -> (usize, i128) {
        self.present().fold((0, 0), |(count, sum), (_, message)| (count + 1, sum + declared(message, sizes)))
    }

    /// The messages that QUIT removes.
    pub(super) fn to_be_removed(&self, pops: bool) -> HashSet<u64> {
        let leaves = |slot: &&Slot| slot.deleted || (pops && slot.retrieved);
        self.messages.iter().filter(leaves).map(|slot| slot.message.serial).collect()
    }

    fn slot(&mut self, number: usize) -> Option<&mut Slot> {
        let slot = self.messages.get_mut(number.checked_sub(1)?)?;
        if slot.deleted { None } else { Some(slot) }
    }

    /// The message, unless it does not exist or is marked as deleted.
    pub(super) fn message(&mut self, number: usize) -> Option<Arc<Message>> {
        self.slot(number).map(|slot| Arc::clone(&slot.message))
    }
}

impl Dialogue<'_> {
    /// Executes a command of this state; `None` for other commands.
    pub(super) fn transaction_command(
        &mut self,
        verb: &[u8],
        argument: Option<&[u8]>,
    ) -> io::Result<Option<Flow>> {
        let Some(transaction) = &mut self.transaction else { return Ok(None) };
        match (verb, argument) {
            (b"STAT", None) => {
                let (count, octets) = transaction.size(self.behaviour.sizes);
                self.ok(format!("{count} {octets}"))?;
            }
            (b"LIST", argument) => self.list(argument)?,
            (b"UIDL", argument) if self.behaviour.uidl => self.uidl(argument)?,
            (b"RETR", Some(argument)) => self.retr(argument)?,
            (b"TOP", Some(argument)) if self.behaviour.top != Top::Absent => self.top(argument)?,
            (b"DELE", Some(argument)) => match number(argument) {
                Some(number) if transaction.slot(number).is_some() => {
                    if let Some(slot) = transaction.slot(number) {
                        slot.deleted = true;
                    }
                    self.ok(format!("message {number} deleted"))?;
                }
                _ => self.no_such_message()?,
            },
            (b"NOOP", None) => self.ok("")?,
            (b"LAST", None) if self.behaviour.last => {
                let highest = transaction.highest;
                self.ok(highest.to_string())?;
            }
            (b"RSET", None) => {
                transaction.messages.iter_mut().for_each(|slot| slot.deleted = false);
                transaction.highest = 0;
                let (count, octets) = transaction.size(self.behaviour.sizes);
                self.ok(format!("maildrop has {count} messages ({octets} octets)"))?;
            }
            _ => return Ok(None),
        }
        Ok(Some(Flow::GoOn))
    }

    /// The reply to a message-number without a message.
    pub(super) fn no_such_message(&mut self) -> io::Result<()> {
        self.err(None, "no such message")
    }

    fn retr(&mut self, argument: &[u8]) -> io::Result<()> {
        let Some(transaction) = &mut self.transaction else { return Ok(()) };
        let Some((number, slot)) =
            number(argument).and_then(|number| Some((number, transaction.slot(number)?)))
        else {
            return self.no_such_message();
        };
        slot.retrieved = true;
        let message = Arc::clone(&slot.message);
        transaction.highest = transaction.highest.max(number);
        self.ok(format!("{} octets", declared(&message, self.behaviour.sizes)))?;
        let limit = fault::in_message(self.faults, number);
        if let Some(limit) = limit {
            self.wire.limit(limit);
        }
        self.send(&message.whole())?;
        if limit.is_some() {
            self.wire.lift_limit();
        }
        Ok(())
    }

    fn top(&mut self, argument: &[u8]) -> io::Result<()> {
        let Some(transaction) = &mut self.transaction else { return Ok(()) };
        let mut words = argument.split(|&byte| byte == b' ');
        let (which, lines, more) = (words.next(), words.next(), words.next());
        let (Some(which), Some(lines), None) = (which.and_then(number), lines.and_then(number), more) else {
            return self.err(None, "TOP takes a message-number and a count of lines");
        };
        let Some(message) = transaction.message(which) else { return self.no_such_message() };
        self.ok("top of message follows")?;
        match self.behaviour.top {
            Top::Whole => return self.send(&message.whole()),
            Top::SaysOkTwice => self.ok("top of message follows")?,
            Top::Absent | Top::Honest => {}
        }
        self.send(&message.top(lines as u64))
    }

    /// Sends a message, or its top, and the terminating line.
    fn send(&mut self, extract: &Extract<'_>) -> io::Result<()> {
        let framing = self.behaviour.framing;
        let wire = &mut *self.wire;
        if framing.glues_the_dot {
            // The last CRLF is held back, because it may have to be omitted.
            let mut held = false;
            extract.write(framing.stuffs, false, &mut |part| {
                if held {
                    wire.write(b"\r\n")?;
                }
                held = part.ends_with(b"\r\n");
                wire.write(part.strip_suffix(b"\r\n").unwrap_or(part))
            })?;
        } else {
            extract.write(framing.stuffs, true, &mut |part| wire.write(part))?;
        }
        self.wire.write(b".\r\n")
    }
}

/// A message-number or a count: digits only.
pub(super) fn number(word: &[u8]) -> Option<usize> {
    if word.is_empty() || !word.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(word).ok()?.parse().ok()
}

/// The size that the server declares.
pub(super) fn declared(message: &Message, sizes: Sizes) -> i128 {
    match sizes {
        Sizes::Honest => message.octets().into(),
        Sizes::Always(octets) => octets.into(),
        Sizes::RoundedUp(step) => message.octets().next_multiple_of(step.max(1)).into(),
        Sizes::LineEndsAsOne => (message.octets() - message.line_ends()).into(),
    }
}
