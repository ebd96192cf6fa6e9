//! Faults at one moment of a session: at a command, after a number of octets, or in the middle of a message.
//!
//! The dialogue checks for faults before it executes a command, and tells the wire how much it may send.

use std::time::Duration;

/// A fault. It occurs each time its moment comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// At this command: a whole command line, or its first words, in any case (`RETR 1` does not match `RETR
    /// 10`). The empty command is the greeting. The command is not executed.
    OnCommand(String, Act),
    /// After the server has sent this many octets in the session, without counting TLS.
    AfterOctets(u64, End),
    /// After RETR has sent this many octets of a message, without counting the status line.
    InMessage {
        /// The message-number.
        number: usize,
        /// How many octets of it are sent.
        octets: u64,
        /// How it ends.
        end: End,
    },
}

/// What the server does instead of executing a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Sends exactly these bytes.
    Reply(Vec<u8>),
    /// Sends these bytes, then ends the session this way.
    ReplyAndEnd(Vec<u8>, End),
    /// Waits, then executes the command.
    Delay(Duration),
}

/// How a session ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The connection is closed: the client reads an end of file (no close_notify with TLS).
    HangUp,
    /// Nothing more is sent; the connection stays open until the client closes it.
    Stall,
}

impl Fault {
    /// Replies to the command with these bytes, including their line ends, and does not execute it.
    pub fn answer(command: &str, reply: impl Into<Vec<u8>>) -> Fault {
        Fault::OnCommand(command.to_owned(), Act::Reply(reply.into()))
    }

    /// Never replies to the command.
    pub fn stall_at(command: &str) -> Fault {
        Fault::OnCommand(command.to_owned(), Act::ReplyAndEnd(Vec::new(), End::Stall))
    }

    /// Closes the connection instead of replying to the command.
    pub fn hang_up_at(command: &str) -> Fault {
        Fault::OnCommand(command.to_owned(), Act::ReplyAndEnd(Vec::new(), End::HangUp))
    }

    /// Delays the command.
    pub fn delay_at(command: &str, delay: Duration) -> Fault {
        Fault::OnCommand(command.to_owned(), Act::Delay(delay))
    }

    /// Closes the connection after this many octets.
    pub fn cut_after(octets: u64) -> Fault {
        Fault::AfterOctets(octets, End::HangUp)
    }

    /// Closes the connection in the middle of a message.
    pub fn cut_in(number: usize, octets: u64) -> Fault {
        Fault::InMessage { number, octets, end: End::HangUp }
    }

    /// Stops sending in the middle of a message.
    pub fn stall_in(number: usize, octets: u64) -> Fault {
        Fault::InMessage { number, octets, end: End::Stall }
    }
}

/// The fault at this command, if any.
pub(super) fn at_command<'a>(faults: &'a [Fault], line: &[u8]) -> Option<&'a Act> {
    faults.iter().find_map(|fault| match fault {
        Fault::OnCommand(command, act) if matches_command(line, command.as_bytes()) => Some(act),
        _ => None,
    })
}

/// How much the session may send, and how it ends after that.
pub(super) fn in_session(faults: &[Fault]) -> Option<(u64, End)> {
    faults.iter().find_map(|fault| match fault {
        Fault::AfterOctets(octets, end) => Some((*octets, *end)),
        _ => None,
    })
}

/// How much of this message may be sent, and how the session ends after that.
pub(super) fn in_message(faults: &[Fault], message: usize) -> Option<(u64, End)> {
    faults.iter().find_map(|fault| match fault {
        Fault::InMessage { number, octets, end } if *number == message => Some((*octets, *end)),
        _ => None,
    })
}

/// Whether the line is this command, or begins with its words.
pub(super) fn matches_command(line: &[u8], command: &[u8]) -> bool {
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
        assert!(matches_command(b"retr 1", b"RETR 1"));
        assert!(matches_command(b"RETR 1", b"RETR"));
        assert!(!matches_command(b"RETR 10", b"RETR 1"));
        assert!(!matches_command(b"RETR", b"RETR 1"));
        assert!(matches_command(b"", b""));
        assert!(!matches_command(b"QUIT", b""));
        assert!(!matches_command(b" x", b""));
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
