//! From AUTHORIZATION to TRANSACTION: carries out the mechanisms that [`crate::auth`] chose
//! (RFC 1939 section 7, RFC 5034), and reads from a refusal what can be done about it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

use super::{Authorization, Pipelining, Session, Transaction};
use crate::auth::{self, Credentials, Exchange, Mechanism, Offer};
use crate::connection::Answer;
use crate::error::{Error, Kind, Result};
use crate::protocol::command::MAX_COMMAND;
use crate::protocol::{Command, Reply};

/// The most challenges that are answered; no mechanism here has more than two.
const MAX_CHALLENGES: usize = 10;

/// A sign-in that did not come about.
#[derive(Debug)]
pub struct Refused {
    /// Why.
    pub error: Error,
    /// The session, still in AUTHORIZATION, where it can be used on: with other credentials, or to
    /// say QUIT.
    pub session: Option<Session<Authorization>>,
}

impl Session<Authorization> {
    /// Signs in: by `wanted`, or by the strongest mechanism the server offers.
    ///
    /// # Errors
    /// A [`Refused`] with the session in it where the line still stands. Its kind says what the
    /// server meant: [`Kind::SignIn`] (wrong credentials), [`Kind::InUse`], [`Kind::LoginDelay`],
    /// [`Kind::ServerTemporary`], [`Kind::ServerPermanent`].
    // The session is what makes the error large, and handing it back is the point.
    #[allow(clippy::result_large_err)]
    pub fn sign_in(
        mut self,
        credentials: &Credentials,
        wanted: Option<Mechanism>,
    ) -> Result<Session<Transaction>, Refused> {
        match self.try_mechanisms(credentials, wanted) {
            Ok(()) => Ok(self.into_transaction()),
            Err(error) => {
                let session = (!error.ends_the_session()).then_some(self);
                Err(Refused { error, session })
            }
        }
    }

    /// What was announced before sign-in counts until the server is asked again.
    fn into_transaction(self) -> Session<Transaction> {
        let before_sign_in = self.capabilities.clone();
        let state = Transaction { before_sign_in, asked: false, pipelining: Pipelining::Auto };
        Session { connection: self.connection, capabilities: self.capabilities, state }
    }

    fn try_mechanisms(&mut self, credentials: &Credentials, wanted: Option<Mechanism>) -> Result<()> {
        if !self.is_encrypted() && !self.state.cleartext_allowed {
            return Err(Error::new(
                Kind::Tls,
                "the connection is not encrypted, so no secret is sent over it",
            ));
        }
        let none = Vec::new();
        let offer = Offer {
            sasl: self.capabilities.as_ref().map_or(&none[..], |capabilities| capabilities.sasl()),
            apop: self.state.greeting.timestamp.is_some(),
            user: self.capabilities.as_ref().is_none_or(|capabilities| capabilities.user()),
        };
        let candidates = auth::candidates(wanted, &offer)?;
        let mut left = candidates.iter().peekable();
        while let Some(mechanism) = left.next() {
            let (reply, secret_used) = self.try_one(*mechanism, credentials)?;
            if reply.is_ok() {
                return Ok(());
            }
            let kind = reply.sign_in_refusal();
            // Servers announce APOP by a stamp they cannot use, and SASL mechanisms that are not
            // set up. A weaker mechanism may follow, but only under TLS.
            let not_there = *mechanism == Mechanism::Apop || !secret_used;
            let plain_refusal = kind == Kind::SignIn && reply.code.is_none();
            if not_there && plain_refusal && self.is_encrypted() && left.peek().is_some() {
                continue;
            }
            let who = String::from_utf8_lossy(&credentials.user);
            return Err(
                Error::new(kind, format!("could not sign in as {who} by {mechanism}")).because(reply.words())
            );
        }
        // `auth::candidates` gives at least one or an error.
        Err(Error::new(Kind::SignIn, "the server offers no way to sign in"))
    }

    /// Carries out one mechanism; says whether anything made from the secret was sent.
    fn try_one(&mut self, mechanism: Mechanism, credentials: &Credentials) -> Result<(Reply, bool)> {
        match auth::exchange(mechanism, credentials) {
            Some(exchange) => self.by_sasl(mechanism, exchange),
            None if mechanism == Mechanism::Apop => self.by_apop(credentials).map(|reply| (reply, true)),
            None => self.by_user_and_pass(credentials).map(|reply| (reply, true)),
        }
    }

    fn by_user_and_pass(&mut self, credentials: &Credentials) -> Result<Reply> {
        let reply = self.converse(&Command::User(&credentials.user))?;
        if !reply.is_ok() {
            return Ok(reply);
        }
        self.converse(&Command::Pass(credentials.secret()))
    }

    fn by_apop(&mut self, credentials: &Credentials) -> Result<Reply> {
        let Some(timestamp) = &self.state.greeting.timestamp else {
            return Err(Error::new(Kind::SignIn, "the greeting has no timestamp for APOP"));
        };
        let digest = auth::apop_digest(timestamp, credentials.secret());
        self.converse(&Command::Apop { user: &credentials.user, digest: &digest })
    }

    fn by_sasl(&mut self, mechanism: Mechanism, mut exchange: Box<dyn Exchange>) -> Result<(Reply, bool)> {
        let name = mechanism.sasl_name().unwrap_or_default();
        let mut initial = exchange.initial_response().map(|raw| Zeroizing::new(BASE64.encode(raw)));
        let fits = |text: &String| "AUTH ".len() + name.len() + 1 + text.len() + 2 <= MAX_COMMAND;
        let on_one_line = initial.as_ref().is_some_and(|text| fits(text));
        let sent = if on_one_line { initial.take() } else { None };
        let mut secret_used = sent.is_some();
        self.connection
            .send(&Command::Auth { mechanism: name, initial: sent.as_ref().map(|text| text.as_str()) })?;
        for _ in 0..MAX_CHALLENGES {
            let challenge = match self.connection.answer()? {
                Answer::Done(reply) => return Ok((reply, secret_used)),
                Answer::Challenge(challenge) => challenge,
            };
            // A mechanism that speaks first has its say on the first, empty challenge where it
            // could not ride on AUTH (RFC 5034 section 4).
            let response = match initial.take() {
                Some(text) => Ok(text),
                None => decode(&challenge)
                    .and_then(|challenge| exchange.respond(&challenge))
                    .map(|raw| Zeroizing::new(BASE64.encode(Zeroizing::new(raw).as_slice()))),
            };
            match response {
                Ok(text) => self.connection.send(&Command::Response(&text))?,
                Err(error) => {
                    self.converse(&Command::Cancel)?;
                    return Err(error);
                }
            }
            secret_used = true;
        }
        Err(Error::new(Kind::Protocol, format!("the server's {name} challenges do not end")))
    }
}

fn decode(challenge: &[u8]) -> Result<Vec<u8>> {
    BASE64
        .decode(challenge)
        .map_err(|error| Error::new(Kind::SignIn, "the server's challenge is not base64").because(error))
}
