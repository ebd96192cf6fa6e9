//! The `AUTH` dialogue (RFC 5034): sends the responses of an [`Exchange`] to the server's challenges in base64,
//! with an initial response or in two steps, as the server needs it, and limits the number of challenges.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

use super::dialogue::Answer;
use super::{Authorization, Session};
use crate::auth::{Exchange, Mechanism, Secret};
use crate::error::{Error, Kind, Result};
use crate::protocol::command::MAX_COMMAND;
use crate::protocol::{Command, Reply};

/// The most challenges that are answered; no mechanism here has more than three.
const MAX_CHALLENGES: usize = 10;

impl Session<Authorization> {
    /// Carries out one SASL mechanism of that `name`; returns whether anything derived from the secret was sent.
    /// A `+OK` that the mechanism does not accept is an error.
    pub(super) fn by_sasl(
        &mut self,
        mechanism: Mechanism,
        name: &str,
        exchange: &mut dyn Exchange,
    ) -> Result<(Reply, bool)> {
        let first = exchange.initial_response();
        if let Some(raw) = &first {
            self.hide_proof(mechanism, exchange, raw);
        }
        let mut first = first.map(encoded);
        let fits = |text: &Text| "AUTH ".len() + name.len() + 1 + text.len() + 2 <= MAX_COMMAND;
        let on_one_line = !self.wants_two_steps(mechanism) && first.as_ref().is_some_and(fits);
        let sent = if on_one_line { first.take() } else { None };
        let mut has_spoken = sent.is_some();
        self.send(&Command::Auth { mechanism: name, initial: text(&sent) })?;
        for _ in 0..MAX_CHALLENGES {
            let has_proven = has_spoken && exchange.has_proven();
            let answer = self.answer()?;
            self.state.has_answered = true;
            let challenge = match answer {
                Answer::Challenge(challenge) => challenge,
                Answer::Done(reply) if reply.is_ok() && !has_proven && takes_ok_for_a_prompt(mechanism) => {
                    prompt_of_o2(&reply)
                }
                Answer::Done(reply)
                    if !reply.is_ok() && !has_spoken && first.is_some() && self.announces(name) =>
                {
                    // Some servers require the initial response on the line of AUTH, however long it is.
                    let sent = first.take();
                    has_spoken = true;
                    self.send(&Command::Auth { mechanism: name, initial: text(&sent) })?;
                    continue;
                }
                Answer::Done(reply) => {
                    if reply.is_ok() {
                        exchange.accept()?;
                    }
                    return Ok((reply, has_proven));
                }
            };
            // A mechanism that begins answers the first, empty challenge if its initial response was not sent
            // with AUTH (RFC 5034 section 4).
            let response = match first.take() {
                Some(text) => Ok(text),
                None => {
                    let raw = decoded(&challenge, name).and_then(|challenge| exchange.respond(&challenge));
                    raw.map(|raw| {
                        self.hide_proof(mechanism, exchange, &raw);
                        encoded(raw)
                    })
                }
            };
            match response {
                Ok(text) => self.send(&Command::Response(&text))?,
                Err(error) => return Err(self.cancel(error)),
            }
            has_spoken = true;
        }
        Err(Error::new(Kind::Protocol, format!("the server's {name} challenges do not end")))
    }

    /// Hides in errors not only the secret but also what is derived from it, since that lets it be guessed.
    fn hide_proof(&mut self, mechanism: Mechanism, exchange: &dyn Exchange, raw: &[u8]) {
        // A name alone may be repeated: people need to see it.
        if mechanism != Mechanism::External && exchange.has_proven() {
            self.connection.hide(Secret::new(raw));
        }
    }

    /// Cancels an exchange because of `error`. If that fails too, the connection cannot be used any more, and its
    /// error replaces one that would let the session go on.
    fn cancel(&mut self, error: Error) -> Error {
        match self.converse(&Command::Cancel) {
            Err(lost) if !error.ends_the_session() => lost,
            _ => error,
        }
    }

    /// XOAUTH2 always: Office 365 closes the connection on an initial response ("Protocol error. Connection is
    /// closed"), and Gmail accepts both. Exchange servers, recognised by their greeting, do the same with the
    /// other mechanisms.
    fn wants_two_steps(&self, mechanism: Mechanism) -> bool {
        let greeting = &self.state.greeting.text;
        mechanism == Mechanism::XOAuth2
            || memchr::memmem::find(greeting, b"Microsoft Exchange POP3 service").is_some()
    }

    /// Cyrus supports only the channel binding `tls-unique` (seen with 3.6), which does not exist in TLS 1.3, and
    /// refuses others only after the proof, like a wrong password. It accepts SCRAM without channel binding.
    pub(super) fn binds_otherwise(&self) -> bool {
        let has = |text: &[u8]| memchr::memmem::find(text, b"Cyrus POP3").is_some();
        let implementation =
            self.capabilities.as_ref().and_then(|capabilities| capabilities.implementation());
        has(&self.state.greeting.text) || implementation.is_some_and(has)
    }

    /// Whether the server lists the SASL mechanism of that name.
    pub(super) fn announces(&self, name: &str) -> bool {
        let sasl = self.capabilities.as_ref().map(|capabilities| capabilities.sasl()).unwrap_or_default();
        sasl.iter().any(|offered| offered == name.as_bytes())
    }
}

/// A response in base64; it may contain the password.
type Text = Zeroizing<String>;

fn encoded(raw: Vec<u8>) -> Text {
    Zeroizing::new(BASE64.encode(Zeroizing::new(raw).as_slice()))
}

fn text(sent: &Option<Text>) -> Option<&str> {
    sent.as_ref().map(|text| text.as_str())
}

fn decoded(challenge: &[u8], name: &str) -> Result<Vec<u8>> {
    BASE64.decode(challenge).map_err(|error| {
        Error::new(Kind::Protocol, format!("could not sign in with {name}"))
            .because(format!("the server's challenge is not base64: {error}"))
    })
}

/// Whether a `+OK` can be a challenge, as o2.pl sends it: if nothing derived from the secret was sent, it cannot
/// mean that the sign-in succeeded. SCRAM checks a `+OK` itself; EXTERNAL has no secret.
fn takes_ok_for_a_prompt(mechanism: Mechanism) -> bool {
    matches!(
        mechanism,
        Mechanism::Plain
            | Mechanism::Login
            | Mechanism::CramMd5
            | Mechanism::XOAuth2
            | Mechanism::OAuthBearer
    )
}

/// o2.pl (and others) send `+OK` instead of the `+` of RFC 5034: what follows is the challenge if it is base64,
/// otherwise text for people.
fn prompt_of_o2(reply: &Reply) -> Vec<u8> {
    if BASE64.decode(&reply.text).is_ok() { reply.text.clone() } else { Vec::new() }
}
