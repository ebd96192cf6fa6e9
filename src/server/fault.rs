//! What goes wrong at one moment of a dialogue: at a command, after so many octets, or in the middle of a message.
//!
//! The dialogue asks here before it carries a command out; the wire is told here how far it may write.

use std::time::Duration;

/// Something that goes wrong. A fault strikes each time its moment comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// When the client says this: a whole command, or its first words, in any case (`RETR 1` is not
    /// `RETR 10`). The empty command is the greeting. The command is not carried out.
    OnCommand(String, Act),
    /// When the server has sent so many octets in this session, TLS not counted.
    AfterOctets(u64, End),
    /// When so many octets of a message were sent by RETR, its status line not counted.
    InMessage {
        /// The message-number.
        number: usize,
        /// How many octets of it still arrive.
        octets: u64,
        /// What then.
        end: End,
    },
}

/// What the server does instead of carrying a command out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Sends exactly these bytes.
    Reply(Vec<u8>),
    /// Sends these bytes, then ends so.
    ReplyAndEnd(Vec<u8>, End),
    /// Waits, then carries it out after all.
    Delay(Duration),
}

/// How a conversation ends before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The line closes: the client reads an end of file (no close_notify under TLS).
    HangUp,
    /// Nothing more is ever said; the line stays open until the client closes it.
    Stall,
}

impl Fault {
    /// Answers the command with these bytes, which bring their own CRLF, and does not carry it out.
    pub fn answer(command: &str, reply: impl Into<Vec<u8>>) -> Fault {
        Fault::OnCommand(command.to_owned(), Act::Reply(reply.into()))
    }

    /// Never answers the command.
    pub fn stall_at(command: &str) -> Fault {
        Fault::OnCommand(command.to_owned(), Act::ReplyAndEnd(Vec::new(), End::Stall))
    }

    /// Closes the line instead of answering the command.
    pub fn hang_up_at(command: &str) -> Fault {
        Fault::OnCommand(command.to_owned(), Act::ReplyAndEnd(Vec::new(), End::HangUp))
    }

    /// Carries the command out late.
    pub fn delay_at(command: &str, delay: Duration) -> Fault {
        Fault::OnCommand(command.to_owned(), Act::Delay(delay))
    }

    /// Closes the line when so many octets were sent.
    pub fn cut_after(octets: u64) -> Fault {
        Fault::AfterOctets(octets, End::HangUp)
    }

    /// Closes the line in the middle of a message.
    pub fn cut_in(number: usize, octets: u64) -> Fault {
        Fault::InMessage { number, octets, end: End::HangUp }
    }

    /// Falls silent in the middle of a message.
    pub fn stall_in(number: usize, octets: u64) -> Fault {
        Fault::InMessage { number, octets, end: End::Stall }
    }
}

/// What strikes at this command.
pub(super) fn at_command<'a>(faults: &'a [Fault], line: &[u8]) -> Option<&'a Act> {
    faults.iter().find_map(|fault| match fault {
        Fault::OnCommand(command, act) if says(line, command.as_bytes()) => Some(act),
        _ => None,
    })
}

/// How much the session may send, and what happens then.
pub(super) fn in_session(faults: &[Fault]) -> Option<(u64, End)> {
    faults.iter().find_map(|fault| match fault {
        Fault::AfterOctets(octets, end) => Some((*octets, *end)),
        _ => None,
    })
}

/// How much of this message may be sent, and what happens then.
pub(super) fn in_message(faults: &[Fault], message: usize) -> Option<(u64, End)> {
    faults.iter().find_map(|fault| match fault {
        Fault::InMessage { number, octets, end } if *number == message => Some((*octets, *end)),
        _ => None,
    })
}

/// Whether the line is this command, or begins with it word for word.
pub(super) fn says(line: &[u8], command: &[u8]) -> bool {
    let Some(start) = line.get(..command.len()) else { return false };
    start.eq_ignore_ascii_case(command)
        && match line.get(command.len()) {
            Some(next) => *next == b' ' && !command.is_empty(),
            None => true,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_matched_word_by_word() {
        assert!(says(b"retr 1", b"RETR 1"));
        assert!(says(b"RETR 1", b"RETR"));
        assert!(!says(b"RETR 10", b"RETR 1"));
        assert!(!says(b"RETR", b"RETR 1"));
        assert!(says(b"", b""));
        assert!(!says(b"QUIT", b""));
        assert!(!says(b" x", b""));
    }

    #[test]
    fn the_first_fault_that_fits_strikes() {
        let faults = [Fault::answer("RETR 2", "-ERR two\r\n"), Fault::stall_at("RETR"), Fault::cut_in(2, 7)];
        assert_eq!(at_command(&faults, b"RETR 2"), Some(&Act::Reply(b"-ERR two\r\n".to_vec())));
        assert_eq!(at_command(&faults, b"RETR 3"), Some(&Act::ReplyAndEnd(Vec::new(), End::Stall)));
        assert_eq!(at_command(&faults, b"STAT"), None);
        assert_eq!(in_message(&faults, 2), Some((7, End::HangUp)));
        assert_eq!(in_message(&faults, 1), None);
        assert_eq!(in_session(&faults), None);
    }
}
