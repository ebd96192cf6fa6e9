//! A session in its states (RFC 1939 section 3), as types:
//!
//! ```text
//!  dial ─▶ Session<Authorization> ─ sign_in ─▶ Session<Transaction> ─ quit ─▶ (UPDATE)
//!                 │      ▲                              │
//!               stls     └── a refused sign-in          └── dropped: connection closed, nothing deleted
//! ```
//!
//! A call in the wrong state does not compile. One method a verb; what a reply means is decided
//! here, how its bytes are framed in [`crate::connection`], which knows no command. [`Window`] sends commands ahead.

mod dial;
mod dialogue;
mod maildrop;
#[cfg(test)]
mod maildrop_transcripts;
mod raw;
mod sasl;
mod sign_in;
#[cfg(test)]
mod sign_in_transcripts;
mod step;
mod transaction;
#[cfg(test)]
mod transcripts;
mod window;

pub use dial::Dial;
pub use maildrop::{Manner, NotCautious};
pub use sign_in::Refused;
pub use step::{Questions, Step};
pub use window::{Ahead, MOST_OCTETS, Next, Wanted, Window};

use std::fmt;
use std::str::FromStr;

use crate::advice::Tls;
use crate::connection::{Connection, MAX_LINE, Transcript};
use crate::error::{Error, Kind, Phase, Result};
use crate::protocol::{Capabilities, Command, Greeting};
use crate::quote;
use crate::transport::{Certificate, TlsSettings};

/// The most lines of an answer to CAPA.
const MOST_CAPABILITIES: usize = 1000;

/// The state before sign-in.
#[derive(Debug)]
pub struct Authorization {
    greeting: Greeting,
    /// Whether the user said that secrets may travel unencrypted.
    cleartext_allowed: bool,
    /// The host's name, if it is known: it tells some providers.
    host: String,
    /// Whether a sign-in was refused after the server had checked the secret.
    secret_was_refused: bool,
    /// Whether the server has answered the mechanism that is tried.
    has_answered: bool,
}

/// The state after sign-in: the maildrop is open.
#[derive(Debug)]
pub struct Transaction {
    before_sign_in: Option<Capabilities>,
    /// Whether the capabilities of this state were requested: that costs a round trip, so it is done only if
    /// they are needed.
    asked: bool,
    manner: Manner,
}

/// Whether commands are sent ahead of the answers to earlier ones (RFC 2449 section 6.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pipelining {
    /// Where the server announces it.
    #[default]
    Auto,
    /// Whatever it announces.
    On,
    /// Never.
    Off,
}

impl FromStr for Pipelining {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "auto" => Ok(Pipelining::Auto),
            "on" => Ok(Pipelining::On),
            "off" => Ok(Pipelining::Off),
            _ => Err(Error::new(Kind::Usage, format!("\"{}\" is not auto, on or off", quote::short(text)))),
        }
    }
}

impl fmt::Display for Pipelining {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Pipelining::Auto => "auto",
            Pipelining::On => "on",
            Pipelining::Off => "off",
        })
    }
}

/// A session in one of its states.
#[derive(Debug)]
pub struct Session<State> {
    connection: Connection,
    /// `None`: the server has no CAPA.
    capabilities: Option<Capabilities>,
    state: State,
}

impl<State> Session<State> {
    /// What the server announces, as far as it was asked; `None` where it has no CAPA.
    pub fn capabilities(&self) -> Option<&Capabilities> {
        self.capabilities.as_ref()
    }

    /// From now on `transcript` observes the dialogue, in place of the one before; nobody with `None`.
    pub fn set_transcript(&mut self, transcript: Option<Box<dyn Transcript>>) {
        self.connection.set_transcript(transcript);
    }

    /// Whether what is sent is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.connection.is_encrypted()
    }

    /// The server's certificate; `None` without encryption.
    pub fn certificate(&self) -> Option<Certificate> {
        self.connection.certificate()
    }

    /// Asks for the capabilities of this state. An `-ERR` means that there is no CAPA.
    fn ask_capabilities(&mut self) -> Result<()> {
        self.send(&Command::Capa)?;
        self.read_capabilities()
    }

    /// Reads the answer to CAPA, all of it within the time for one phase: the server has not proven its identity
    /// yet, and real servers announce a dozen lines or two (RFC 2449 names eleven).
    fn read_capabilities(&mut self) -> Result<()> {
        self.connection.begin_phase();
        let announced = self.announced_lines();
        self.connection.end_phase();
        self.capabilities = announced?.map(Capabilities::parse);
        Ok(())
    }

    fn announced_lines(&mut self) -> Result<Option<Vec<Vec<u8>>>> {
        if !self.reply(Phase::Reply)?.is_ok() {
            return Ok(None);
        }
        let (mut lines, mut octets) = (Vec::new(), 0);
        self.connection.listing(|line| {
            octets += line.len() + 2;
            if lines.len() >= MOST_CAPABILITIES || octets > MAX_LINE {
                return Err(Error::new(Kind::Protocol, "the list of capabilities does not end"));
            }
            lines.push(line.to_vec());
            Ok(())
        })?;
        Ok(Some(lines))
    }
}

impl Session<Authorization> {
    /// Reads the greeting on a new connection, and requests the capabilities if `ask_capabilities` says so (a few
    /// old servers close the connection on CAPA).
    ///
    /// # Errors
    /// An `-ERR` as a greeting is a failure of the server, of the kind that its response code tells.
    pub fn open(mut connection: Connection, ask_capabilities: bool) -> Result<Self> {
        let reply = dialogue::reply(&mut connection, Phase::Greeting)?;
        if !reply.is_ok() {
            let error = Error::new(reply.refusal_of_service(), "the server accepts no sessions now");
            return Err(error.because(reply.words()));
        }
        let state = Authorization {
            greeting: Greeting::from_reply(&reply),
            cleartext_allowed: false,
            host: String::new(),
            secret_was_refused: false,
            has_answered: false,
        };
        let mut session = Session { connection, capabilities: None, state };
        if ask_capabilities {
            session.ask_capabilities()?;
        }
        Ok(session)
    }

    /// The server's first line.
    pub fn greeting(&self) -> &Greeting {
        &self.state.greeting
    }

    /// Sets the host's name, so that a refusal can be explained by what is known of the provider.
    pub fn set_host(&mut self, host: impl Into<String>) {
        self.state.host = host.into();
    }

    /// Whether the server has checked the secret of a sign-in and refused it: offered again, by whatever
    /// mechanism, it could lock the account. A mechanism that is not set up is refused before that.
    pub fn secret_was_refused(&self) -> bool {
        self.state.secret_was_refused
    }

    /// Allows that secrets travel unencrypted, because the user said so (`--tls none`).
    pub fn allow_cleartext(&mut self) {
        self.state.cleartext_allowed = true;
    }

    /// Begins TLS (RFC 2595 section 4). The capabilities are forgotten and requested again; the session
    /// never goes on without encryption after this.
    ///
    /// # Errors
    /// [`Kind::Tls`] where the server refuses, or cannot be trusted; [`Kind::Protocol`] where it
    /// sends octets behind its reply.
    pub fn stls(mut self, tls: &TlsSettings, host: &str) -> Result<Self> {
        let missing = self.capabilities.as_ref().is_some_and(|capabilities| !capabilities.stls());
        if missing {
            return Err(
                Error::new(Kind::Tls, "the server does not offer STLS").advise(Tls::TryTlsFromStartOrClear)
            );
        }
        let reply = self.converse(&Command::Stls)?;
        if !reply.is_ok() {
            let error = Error::new(Kind::Tls, "the server refused STLS").because(reply.words());
            return Err(error.advise(Tls::TryTlsFromStartOrClear));
        }
        let asked_before = self.capabilities.is_some();
        let connection = self.connection.secure(tls, host)?;
        let mut session = Session { connection, capabilities: None, state: self.state };
        if asked_before {
            session.ask_capabilities()?;
        }
        Ok(session)
    }

    /// Switches to UTF-8 mode, in which the server sends the messages that it otherwise refuses with `[UTF8]`
    /// (RFC 6856 section 2).
    ///
    /// # Errors
    /// [`Kind::Unsupported`] where the server does not announce it: nothing is sent then. Else what an `-ERR`
    /// means, and what the connection fails with.
    pub fn utf8(&mut self) -> Result<()> {
        if !self.capabilities().is_some_and(Capabilities::utf8) {
            return Err(Error::new(Kind::Unsupported, "the server has no UTF-8 mode"));
        }
        self.ask(&Command::Utf8, "switch to UTF-8 mode").map(|_| ())
    }

    /// Ends the session before sign-in.
    ///
    /// # Errors
    /// [`Kind::ConnectionLost`], [`Kind::Timeout`]; nothing depends on them.
    pub fn quit(mut self) -> Result<()> {
        self.converse(&Command::Quit).map(|_| ())
    }
}
