//! POP3's commands and replies on a connection, which knows neither: turns a command into a line and its
//! redacted form for the transcript, and a line into a [`Reply`].

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::Session;
use crate::connection::{Connection, Line};
use crate::error::{Error, Phase, Result};
use crate::protocol::{Command, Reply};

/// What a server may say in the middle of a sign-in (RFC 5034 section 4).
#[derive(Debug)]
pub(super) enum Answer {
    /// `+ ` and a challenge in base64, still encoded.
    Challenge(Vec<u8>),
    /// The exchange is over.
    Done(Reply),
}

/// Sends command lines in one write.
pub(super) fn send_all(connection: &mut Connection, commands: &[Command<'_>]) -> Result<()> {
    let mut lines = Zeroizing::new(Vec::with_capacity(16 * commands.len()));
    for command in commands {
        lines.extend_from_slice(&Zeroizing::new(command.wire()?));
    }
    connection.awaits(match commands {
        [command] => Some((command.verb(), command.number())),
        _ => None,
    });
    connection.send_lines(&lines, commands.iter().map(Command::shown))
}

/// Reads a status line.
pub(super) fn reply(connection: &mut Connection, phase: Phase) -> Result<Reply> {
    Reply::parse(&understood(&connection.line(phase)?))
}

/// Parses a status line: what follows a `+OK` may be data; other text is for people.
pub(super) fn understood<'l>(line: &Line<'l>) -> Cow<'l, [u8]> {
    let octets = line.octets();
    let is_data = octets == b"+OK" || octets.starts_with(b"+OK ");
    if is_data { Cow::Borrowed(octets) } else { line.without_secrets() }
}

impl<State> Session<State> {
    /// Sends one command line in one write.
    ///
    /// # Errors
    /// [`Kind::Usage`](crate::error::Kind::Usage) for an argument with a line end in it;
    /// [`Kind::ConnectionLost`](crate::error::Kind::ConnectionLost), [`Kind::Timeout`](crate::error::Kind::Timeout),
    /// [`Kind::Interrupted`](crate::error::Kind::Interrupted).
    pub(super) fn send(&mut self, command: &Command<'_>) -> Result<()> {
        self.send_all(std::slice::from_ref(command))
    }

    /// Sends several command lines in one write (RFC 2449 section 6.8). Commands without an answer must stay
    /// below a few kilobytes together ([`Connection::send_lines`]).
    ///
    /// # Errors
    /// As [`Session::send`].
    pub(super) fn send_all(&mut self, commands: &[Command<'_>]) -> Result<()> {
        send_all(&mut self.connection, commands)
    }

    /// Reads a status line.
    ///
    /// # Errors
    /// [`Kind::Protocol`](crate::error::Kind::Protocol) for anything but `+OK` and `-ERR`; else as
    /// [`Connection::line`]. An `-ERR` is no error here.
    pub(super) fn reply(&mut self, phase: Phase) -> Result<Reply> {
        reply(&mut self.connection, phase)
    }

    /// Reads a challenge or a status line.
    ///
    /// # Errors
    /// As [`Session::reply`].
    pub(super) fn answer(&mut self) -> Result<Answer> {
        let line = self.connection.line(Phase::Reply)?;
        match line.octets() {
            b"+" => Ok(Answer::Challenge(Vec::new())),
            [b'+', b' ', challenge @ ..] => Ok(Answer::Challenge(challenge.trim_ascii().to_vec())),
            _ => Reply::parse(&understood(&line)).map(Answer::Done),
        }
    }

    /// Sends a command and reads its status line.
    pub(super) fn converse(&mut self, command: &Command<'_>) -> Result<Reply> {
        self.send(command)?;
        self.reply(Phase::Reply)
    }

    /// Sends a command and reads its status line; an `-ERR` becomes an error that says
    /// `could not <verb> <thing>`.
    pub(super) fn ask(&mut self, command: &Command<'_>, doing: &str) -> Result<Reply> {
        let reply = self.converse(command)?;
        if reply.is_ok() {
            return Ok(reply);
        }
        Err(Error::new(reply.refusal(), format!("could not {doing}")).because(reply.words()))
    }

    /// Parsed data, or an error that quotes the text that could not be parsed, without the secrets in it.
    pub(super) fn read<T>(&self, data: Result<T>) -> Result<T> {
        data.map_err(|error| error.map_context(|words| self.connection.redacted(words)))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::time::Duration;

    use super::*;
    use crate::error::Kind;
    use crate::transport::memory;

    /// A session in which the server has said `bytes` and then closed the connection.
    fn after(bytes: &[u8]) -> (Session<()>, memory::Far) {
        let (near, mut far) = memory::pair();
        far.write_all(bytes).unwrap();
        let connection = Connection::new(near, Duration::from_millis(50), None);
        (Session { connection, capabilities: None, state: () }, far)
    }

    #[test]
    fn a_command_leaves_as_one_line() {
        let (mut session, mut far) = after(b"");
        session.send(&Command::Retr(7)).unwrap();
        drop(session);
        let mut sent = Vec::new();
        far.read_to_end(&mut sent).unwrap();
        assert_eq!(sent, b"RETR 7\r\n");
    }

    #[test]
    fn challenges_are_told_from_replies() {
        let (mut session, _far) = after(b"+ \r\n+\r\n+ YQ==\r\n+OK in\r\n");
        for wanted in [&b""[..], b"", b"YQ=="] {
            assert!(matches!(session.answer().unwrap(), Answer::Challenge(got) if got == wanted));
        }
        assert!(matches!(session.answer().unwrap(), Answer::Done(reply) if reply.is_ok()));
    }

    #[test]
    fn a_line_that_is_no_status_line_is_out_of_step() {
        let (mut session, _far) = after(b"+OK hi\r\n-ERR no\r\nFrom: me\r\n");
        assert_eq!(session.reply(Phase::Greeting).unwrap().text, b"hi");
        assert!(!session.reply(Phase::Reply).unwrap().is_ok());
        assert_eq!(session.reply(Phase::Reply).unwrap_err().kind(), Kind::Protocol);
    }
}
