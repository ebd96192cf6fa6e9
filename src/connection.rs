//! One conversation with a server: a buffer over the transport, a deadline for each phase, commands
//! out in one write each, lines and message bodies in, and a transcript of it all.
//!
//! Stands between [`crate::transport`] (bytes and time) and [`crate::session`] (meaning). Frames
//! before anything is parsed, and bounds everything: a line, a listing; a body streams through and
//! is never held.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use memchr::memchr;
use zeroize::Zeroizing;

use crate::auth::Secret;
use crate::error::{Error, Kind, Phase, Result};
use crate::protocol::multiline::{LineEnd, Unstuffer};
use crate::protocol::{Command, Reply};
use crate::transport::{Certificate, TlsFailure, TlsSettings, Transport, deadline_after};

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

/// What a server may say in the middle of a sign-in (RFC 5034 section 4).
#[derive(Debug)]
pub enum Answer {
    /// `+ ` and a challenge in base64, still encoded.
    Challenge(Vec<u8>),
    /// The exchange is over.
    Done(Reply),
}

/// A conversation.
pub struct Connection {
    transport: Transport,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    patience: Duration,
    ends: LineEnd,
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
    /// A conversation over `transport` in which every wait lasts `patience` at most.
    pub fn new(transport: Transport, patience: Duration, transcript: Option<Box<dyn Transcript>>) -> Self {
        let buffer = vec![0; MAX_LINE].into_boxed_slice();
        Connection {
            transport,
            buffer,
            start: 0,
            end: 0,
            patience,
            ends: LineEnd::Crlf,
            transcript,
            secrets: Vec::new(),
        }
    }

    /// Whether what is sent is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.transport.is_encrypted()
    }

    /// The server's certificate; `None` without encryption.
    pub fn certificate(&self) -> Option<Certificate> {
        self.transport.certificate()
    }

    /// What the TLS line can be known by at both ends (RFC 5929 section 4); `None` where nothing can.
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
        String::from_utf8_lossy(&hidden(&self.secrets, words.as_bytes())).into_owned()
    }

    /// Sends one command line in one write.
    ///
    /// # Errors
    /// [`Kind::Usage`] for an argument with a line end in it; [`Kind::LineLost`], [`Kind::Timeout`].
    pub fn send(&mut self, command: &Command<'_>) -> Result<()> {
        self.send_all(std::slice::from_ref(command))
    }

    /// Sends several command lines in one write (RFC 2449 section 6.8). What is on its way without an
    /// answer has to stay below what the sockets' buffers hold, a few kilobytes: then writing never
    /// waits for a server that waits for us to read.
    ///
    /// # Errors
    /// As [`Connection::send`].
    pub fn send_all(&mut self, commands: &[Command<'_>]) -> Result<()> {
        let mut lines = Zeroizing::new(Vec::with_capacity(16 * commands.len()));
        for command in commands {
            lines.extend_from_slice(&Zeroizing::new(command.wire()?));
            if let Some(transcript) = &mut self.transcript {
                transcript.client(&command.shown());
            }
        }
        let deadline = self.deadline();
        self.transport.write_all(&lines, deadline).map_err(|error| self.lost(Phase::Send, error))
    }

    /// Reads a status line.
    ///
    /// # Errors
    /// [`Kind::Protocol`] for anything but `+OK` and `-ERR`; [`Kind::LineLost`], [`Kind::Timeout`].
    /// An `-ERR` is no error here.
    pub fn reply(&mut self, phase: Phase) -> Result<Reply> {
        let (from, to) = self.status_line(phase)?;
        Reply::parse(&self.said(from, to))
    }

    /// Reads a challenge or a status line.
    ///
    /// # Errors
    /// As [`Connection::reply`].
    pub fn answer(&mut self) -> Result<Answer> {
        let (from, to) = self.status_line(Phase::Reply)?;
        match &self.buffer[from..to] {
            b"+" => Ok(Answer::Challenge(Vec::new())),
            [b'+', b' ', challenge @ ..] => Ok(Answer::Challenge(challenge.trim_ascii().to_vec())),
            _ => Reply::parse(&self.said(from, to)).map(Answer::Done),
        }
    }

    /// Reads the lines behind a `+OK` up to the terminating `.`, byte-stuffing taken off, and hands
    /// each to `take`.
    ///
    /// # Errors
    /// What `take` fails with (the rest is not read then), [`Kind::LineLost`], [`Kind::Timeout`],
    /// [`Kind::Protocol`] for a line over [`MAX_LINE`].
    pub fn listing(&mut self, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        loop {
            let (from, to) = self.line(Phase::Reply)?;
            match &self.buffer[from..to] {
                b"." => return Ok(()),
                [b'.', line @ ..] | line => take(line)?,
            }
        }
    }

    /// Streams a message behind a `+OK` up to the terminating `.`, byte-stuffing taken off, in
    /// chunks to `take`; returns how many octets. Always reads to the end: whoever cannot take more
    /// ignores it, so that the conversation stays in step.
    ///
    /// # Errors
    /// [`Kind::LineLost`] and [`Kind::Timeout`] mean that the message is not whole. So does
    /// [`Kind::Protocol`], which says that more came behind its end than nothing.
    pub fn body(&mut self, mut take: impl FnMut(&[u8])) -> Result<u64> {
        let mut frame = Unstuffer::new(self.ends);
        let mut octets = 0;
        loop {
            self.start += frame.push(&self.buffer[self.start..self.end], |chunk| {
                octets += chunk.len() as u64;
                take(chunk);
            });
            if frame.is_done() {
                break;
            }
            self.fill(Phase::Body, self.deadline())?;
        }
        if let Some(transcript) = &mut self.transcript {
            transcript.body(octets);
        }
        Ok(octets)
    }

    /// Begins TLS on this conversation (RFC 2595 section 4). What the server said before counts for
    /// nothing after it.
    ///
    /// # Errors
    /// [`Kind::Tls`]; [`Kind::Protocol`] where octets lie behind the reply to STLS: whoever put them
    /// there wants them read as if they had come encrypted.
    pub fn secure(mut self, tls: &TlsSettings, host: &str) -> Result<Connection> {
        if self.has_unread() {
            return Err(Error::new(Kind::Protocol, "the server sent data behind its reply to STLS")
                .hint("someone may be tampering with the connection; try --tls implicit"));
        }
        self.transport = self.transport.secure(tls, host, self.patience)?;
        if let Some(transcript) = &mut self.transcript {
            transcript.encrypted();
        }
        Ok(self)
    }

    /// When a wait that begins now has lasted long enough.
    pub(crate) fn deadline(&self) -> Instant {
        deadline_after(self.patience)
    }

    /// From now on every wait lasts `most` at most.
    pub(crate) fn limit_patience(&mut self, most: Duration) {
        self.patience = self.patience.min(most);
    }

    /// What the conversation went over, its buffer forgotten.
    pub(crate) fn into_transport(self) -> Transport {
        self.transport
    }

    fn status_line(&mut self, phase: Phase) -> Result<(usize, usize)> {
        let (from, to) = self.line(phase)?;
        self.ends = if self.buffer[to] == b'\r' { LineEnd::Crlf } else { LineEnd::Lf };
        if let Some(transcript) = &mut self.transcript {
            transcript.server(&hidden(&self.secrets, &self.buffer[from..to]));
        }
        Ok((from, to))
    }

    /// A status line as it is understood: what follows a `+OK` may be data, all else is words for people.
    fn said(&self, from: usize, to: usize) -> Cow<'_, [u8]> {
        let line = &self.buffer[from..to];
        let is_data = line == b"+OK" || line.starts_with(b"+OK ");
        if is_data { Cow::Borrowed(line) } else { hidden(&self.secrets, line) }
    }

    /// Reads one line and says where it stands in the buffer, without its line end.
    fn line(&mut self, phase: Phase) -> Result<(usize, usize)> {
        let mut searched = self.start;
        // The clock is asked only if there is something to wait for: most lines of a listing are here.
        let mut deadline = None;
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
            let deadline = *deadline.get_or_insert_with(|| self.deadline());
            self.fill(phase, deadline)?;
            searched = self.start + held;
        }
    }

    /// Reads more behind what is held, moving it to the front where there is no room.
    fn fill(&mut self, phase: Phase, deadline: Instant) -> Result<()> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        match self.transport.read(&mut self.buffer[self.end..], deadline) {
            Ok(0) => Err(self.lost(phase, io::ErrorKind::UnexpectedEof.into())),
            Ok(count) => {
                self.end += count;
                Ok(())
            }
            Err(error) => Err(self.lost(phase, error)),
        }
    }

    /// The error for a conversation that ended or fell silent.
    fn lost(&self, phase: Phase, error: io::Error) -> Error {
        if let Some(failure) = TlsFailure::of_line(&error) {
            return failure.into_error();
        }
        match error.kind() {
            io::ErrorKind::TimedOut => {
                let waited = self.patience.as_secs_f32();
                Error::new(Kind::Timeout(phase), format!("gave up after {waited} s of {phase}"))
            }
            io::ErrorKind::UnexpectedEof => {
                Error::new(Kind::LineLost, format!("the server closed the connection while {phase}"))
            }
            _ => Error::new(Kind::LineLost, format!("the connection broke while {phase}")).because(error),
        }
    }
}

/// The line without any of the secrets.
fn hidden<'l>(secrets: &[Secret], line: &'l [u8]) -> Cow<'l, [u8]> {
    secrets.iter().fold(Cow::Borrowed(line), |line, secret| match secret.hidden_in(&line) {
        Cow::Owned(shown) => Cow::Owned(shown),
        Cow::Borrowed(_) => line,
    })
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;
    use crate::transport::memory;

    /// A conversation in which the server has said `bytes` and then hung up.
    fn after(bytes: &[u8]) -> Connection {
        let (near, mut far) = memory::pair();
        far.write_all(bytes).unwrap();
        drop(far);
        Connection::new(near, Duration::from_secs(5), None)
    }

    #[test]
    fn reads_replies_listings_and_bodies_in_turn() {
        let mut connection = after(b"+OK hi\r\n+OK\r\n1 a\r\n..2\r\n.\r\n+OK\r\n..x\r\n\r\n.\r\n-ERR no\r\n");
        assert_eq!(connection.reply(Phase::Greeting).unwrap().text, b"hi");
        connection.reply(Phase::Reply).unwrap();
        let mut lines = Vec::new();
        connection
            .listing(|line| {
                lines.push(line.to_vec());
                Ok(())
            })
            .unwrap();
        assert_eq!(lines, [b"1 a".to_vec(), b".2".to_vec()]);
        connection.reply(Phase::Reply).unwrap();
        let mut body = Vec::new();
        assert_eq!(connection.body(|chunk| body.extend_from_slice(chunk)).unwrap(), 6);
        assert_eq!(body, b".x\r\n\r\n");
        assert!(connection.has_unread());
        assert!(!connection.reply(Phase::Reply).unwrap().is_ok());
        assert!(!connection.has_unread());
    }

    #[test]
    fn an_end_in_mid_message_is_an_error_and_no_message() {
        for cut in [&b"+OK\r\nhalf"[..], b"+OK\r\nhalf\r\n", b"+OK\r\nhalf\r\n.", b"+OK\r\nhalf\r\n.\r"] {
            let mut connection = after(cut);
            connection.reply(Phase::Reply).unwrap();
            assert_eq!(connection.body(|_| ()).unwrap_err().kind(), Kind::LineLost);
        }
    }

    #[test]
    fn a_line_without_end_is_bounded() {
        let mut connection = after(&vec![b'x'; 1 << 20]);
        assert_eq!(connection.reply(Phase::Reply).unwrap_err().kind(), Kind::Protocol);
    }

    #[test]
    fn lines_that_straddle_the_buffers_end_are_read_whole() {
        let line = [vec![b'y'; 40_000], b"\r\n".to_vec()].concat();
        let mut connection = after(&[&b"+OK\r\n"[..], &line, &line, &line, b".\r\n"].concat());
        connection.reply(Phase::Reply).unwrap();
        let mut count = 0;
        connection
            .listing(|got| {
                assert_eq!(got.len(), 40_000);
                count += 1;
                Ok(())
            })
            .unwrap();
        assert_eq!(count, 3);
    }

    #[test]
    fn silence_is_named_by_its_phase() {
        let (near, far) = memory::pair();
        let mut connection = Connection::new(near, Duration::from_millis(30), None);
        let error = connection.reply(Phase::Greeting).unwrap_err();
        assert_eq!(error.kind(), Kind::Timeout(Phase::Greeting));
        drop(far);
    }

    #[test]
    fn a_command_leaves_as_one_line() {
        let (near, mut far) = memory::pair();
        let mut connection = Connection::new(near, Duration::from_secs(5), None);
        connection.send(&Command::Retr(7)).unwrap();
        drop(connection);
        let mut sent = Vec::new();
        far.read_to_end(&mut sent).unwrap();
        assert_eq!(sent, b"RETR 7\r\n");
    }

    #[test]
    fn challenges_are_told_from_replies() {
        let mut connection = after(b"+ \r\n+\r\n+ YQ==\r\n+OK in\r\n");
        for wanted in [&b""[..], b"", b"YQ=="] {
            assert!(matches!(connection.answer().unwrap(), Answer::Challenge(got) if got == wanted));
        }
        assert!(matches!(connection.answer().unwrap(), Answer::Done(reply) if reply.is_ok()));
    }
}
