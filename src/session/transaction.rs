//! The verbs of the TRANSACTION state (RFC 1939 sections 5 to 7; LAST from RFC 1460), and the
//! QUIT that carries deletions out (section 6).

use std::time::Duration;

use super::{Session, Transaction};
use crate::connection::Body;
use crate::error::{Error, Kind, Result};
use crate::protocol::listing::{self, DropListing};
use crate::protocol::{Capabilities, Command};

/// How long to wait for the answer to a QUIT that nothing depends on.
const FAREWELL: Duration = Duration::from_secs(2);

impl Session<Transaction> {
    /// What the server announced before sign-in.
    pub fn capabilities_before_sign_in(&self) -> Option<&Capabilities> {
        self.state.before_sign_in.as_ref()
    }

    /// STAT: how many messages, and their octets.
    ///
    /// # Errors
    /// As every verb here: what an `-ERR` means by its response code, [`Kind::Refused`] if it has none;
    /// [`Kind::Protocol`] for an answer that cannot be parsed; [`Kind::ConnectionLost`] and [`Kind::Timeout`], after
    /// which the session cannot be used any more.
    pub fn stat(&mut self) -> Result<DropListing> {
        let reply = self.ask(&Command::Stat, "ask for the size of the maildrop")?;
        self.read(listing::drop_listing(&reply.text))
    }

    /// LIST n: the declared octets of one message.
    ///
    /// # Errors
    /// As [`Session::stat`].
    pub fn list_one(&mut self, number: u32) -> Result<Option<u64>> {
        let reply = self.ask(&Command::List(Some(number)), &format!("list message {number}"))?;
        self.read(listing::scan(&reply.text).map(|(_, octets)| octets))
    }

    /// UIDL n: the unique-id of one message.
    ///
    /// # Errors
    /// As [`Session::stat`].
    pub fn uidl_one(&mut self, number: u32) -> Result<Vec<u8>> {
        let doing = format!("ask for the unique-id of message {number}");
        let reply = self.ask(&Command::Uidl(Some(number)), &doing)?;
        self.read(listing::unique_id_of(number, &reply.text).map(<[u8]>::to_vec))
    }

    /// RETR: streams a message, octet for octet with CRLF line ends, to `take`; returns its octets.
    /// The message is complete only if this is `Ok`.
    ///
    /// # Errors
    /// As [`Session::stat`]. [`Kind::Protocol`] also if octets follow the end of the message: then the server did
    /// not byte-stuff it, and this may not be its end.
    pub fn retrieve(&mut self, number: u32, take: impl FnMut(&[u8])) -> Result<u64> {
        self.ask(&Command::Retr(number), &format!("retrieve message {number}"))?;
        Ok(self.stream(number, None, take)?.octets)
    }

    /// TOP: streams the header and the first `lines` lines of the body (RFC 1939 section 7).
    ///
    /// # Errors
    /// As [`Session::retrieve`].
    pub fn top(&mut self, number: u32, lines: u32, take: impl FnMut(&[u8])) -> Result<u64> {
        self.ask(&Command::Top { number, lines }, &format!("see the top of message {number}"))?;
        Ok(self.stream(number, None, take)?.octets)
    }

    /// Whether something that the server sent is here already, so that reading need not wait.
    pub fn has_unread(&self) -> bool {
        self.connection.has_unread()
    }

    /// Streams a text after which no command was sent: nothing may follow it.
    pub(super) fn stream(
        &mut self,
        number: u32,
        declared: Option<u64>,
        take: impl FnMut(&[u8]),
    ) -> Result<Body> {
        let body = self.connection.body_of(declared, take)?;
        if self.connection.has_unread() {
            let says =
                format!("more follows behind the end of message {number}: the server does not byte-stuff");
            return Err(Error::new(Kind::Protocol, says));
        }
        Ok(body)
    }

    /// DELE: marks a message; QUIT deletes it.
    ///
    /// # Errors
    /// As [`Session::stat`].
    pub fn dele(&mut self, number: u32) -> Result<()> {
        self.ask(&Command::Dele(number), &format!("delete message {number}")).map(|_| ())
    }

    /// NOOP.
    ///
    /// # Errors
    /// As [`Session::stat`].
    pub fn noop(&mut self) -> Result<()> {
        self.ask(&Command::Noop, "get an answer to NOOP").map(|_| ())
    }

    /// RSET: undoes all DELEs of this session.
    ///
    /// # Errors
    /// As [`Session::stat`].
    pub fn rset(&mut self) -> Result<()> {
        self.ask(&Command::Rset, "take the deletions back").map(|_| ())
    }

    /// LAST: the highest message-number accessed, 0 for none (RFC 1460; few servers still have it).
    ///
    /// # Errors
    /// [`Kind::Unsupported`] for an `-ERR` without a code; else as [`Session::stat`].
    pub fn last(&mut self) -> Result<u32> {
        let reply = self.converse(&Command::Last)?;
        if !reply.is_ok() {
            let kind = if reply.refusal() == Kind::Refused { Kind::Unsupported } else { reply.refusal() };
            return Err(
                Error::new(kind, "could not ask for the last message accessed").because(reply.words())
            );
        }
        let word = reply.text.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        std::str::from_utf8(word).ok().and_then(|word| word.parse().ok()).ok_or_else(|| {
            let words = self.connection.redacted(&reply.words());
            Error::new(Kind::Protocol, "the answer to LAST is not a message-number").because(words)
        })
    }

    /// CAPA: what the server announces after sign-in, which may be more than before.
    ///
    /// # Errors
    /// As [`Session::stat`].
    pub fn capa(&mut self) -> Result<Option<&Capabilities>> {
        self.ask_capabilities()?;
        self.state.asked = true;
        Ok(self.capabilities())
    }

    /// QUIT: carries the deletions out and ends the session. Only its `+OK` says that they are gone.
    ///
    /// # Errors
    /// As [`Session::stat`]. An `-ERR` says that some messages were not deleted (RFC 1939 section 6).
    pub fn quit(mut self) -> Result<()> {
        self.ask(&Command::Quit, "end the session").map(|_| ())
    }

    /// From now on no answer may take longer than `most`, however much of it comes: for what can be done without.
    pub fn hurry(&mut self, most: Duration) {
        self.connection.hurry(most);
    }

    /// QUIT if nothing is to be deleted, so that nothing depends on its answer. It is waited for, since the server
    /// may keep the maildrop locked until it has answered, and the next session would find it in use; but not for
    /// long, and it is no failure if the answer never comes.
    pub fn leave(mut self) {
        self.connection.limit_timeout(FAREWELL);
        let _ = self.converse(&Command::Quit);
    }
}
