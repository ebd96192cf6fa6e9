//! From AUTHORIZATION to TRANSACTION: carries out the mechanisms that [`crate::auth`] chose
//! (RFC 1939 section 7, RFC 5034), and finds the hint for a refusal.

use std::error::Error as StdError;

use super::{Authorization, Manner, Session, Transaction};
use crate::auth::{self, Binding, Credentials, Mechanism, Offer, Proof};
use crate::error::{Error, Kind, Result};
use crate::protocol::{Command, Reply};

/// A sign-in that failed.
#[derive(Debug)]
pub struct Refused {
    /// Why.
    pub error: Error,
    /// The session, still in AUTHORIZATION, if it can still be used: with other credentials, or for
    /// QUIT.
    pub session: Option<Session<Authorization>>,
}

/// How a mechanism ended.
struct Tried {
    reply: Reply,
    /// Whether the server got anything derived from the secret.
    has_proven: bool,
    /// Why, if the reply is a refusal.
    cause: Box<dyn StdError + Send + Sync>,
}

impl Session<Authorization> {
    /// Signs in: by `wanted`, or by the strongest mechanism that the server offers and the credentials allow.
    ///
    /// # Errors
    /// A [`Refused`], with the session in it if the connection is still open. Its kind says what the
    /// server meant: [`Kind::SignIn`] (wrong credentials; with [`auth::TokenRefused`] beneath where a token
    /// was refused), [`Kind::InUse`], [`Kind::LoginDelay`],
    /// [`Kind::ServerTemporary`], [`Kind::ServerPermanent`].
    // The error is large because it returns the session, on purpose.
    #[allow(clippy::result_large_err)]
    pub fn sign_in(
        self,
        credentials: &Credentials,
        wanted: Option<Mechanism>,
    ) -> Result<Session<Transaction>, Refused> {
        match self.mechanisms(credentials, wanted) {
            Ok(candidates) => self.sign_in_by(credentials, &candidates),
            Err(error) => Err(Refused { error, session: Some(self) }),
        }
    }

    /// Signs in by the first of these that the server accepts: with one of [`Session::mechanisms`], to see
    /// whether that one works.
    ///
    /// # Errors
    /// As [`Session::sign_in`].
    #[allow(clippy::result_large_err)]
    pub fn sign_in_by(
        mut self,
        credentials: &Credentials,
        candidates: &[Mechanism],
    ) -> Result<Session<Transaction>, Refused> {
        self.connection.begin_phase();
        let outcome = self.try_mechanisms(credentials, candidates);
        self.connection.end_phase();
        match outcome {
            Ok(()) => Ok(self.into_transaction()),
            Err(error) => {
                let session = (!error.ends_the_session()).then_some(self);
                Err(Refused { error, session })
            }
        }
    }

    /// The mechanisms that [`Session::sign_in`] would try, in this order.
    ///
    /// # Errors
    /// As [`auth::candidates`].
    pub fn mechanisms(&self, credentials: &Credentials, wanted: Option<Mechanism>) -> Result<Vec<Mechanism>> {
        let end_point = self.connection.end_point();
        auth::candidates(wanted, credentials, &self.offer(end_point.as_deref()))
    }

    fn offer<'a>(&'a self, end_point: Option<&'a [u8]>) -> Offer<'a> {
        Offer {
            sasl: self.capabilities.as_ref().map(|capabilities| capabilities.sasl()),
            apop: self.state.greeting.timestamp.is_some(),
            user: self.capabilities.as_ref().is_none_or(|capabilities| capabilities.user()),
            end_point,
            binds_otherwise: self.binds_otherwise(),
        }
    }

    /// The capabilities from before sign-in are used until they are requested again.
    fn into_transaction(self) -> Session<Transaction> {
        let before_sign_in = self.capabilities.clone();
        let state = Transaction { before_sign_in, asked: false, manner: Manner::default() };
        Session { connection: self.connection, capabilities: self.capabilities, state }
    }

    fn try_mechanisms(&mut self, credentials: &Credentials, candidates: &[Mechanism]) -> Result<()> {
        if !self.is_encrypted() && !self.state.cleartext_allowed {
            return Err(Error::new(
                Kind::Tls,
                "the connection is not encrypted, so no secret is sent over it",
            ));
        }
        if let Proof::Password(secret) | Proof::Token(secret) = &credentials.proof {
            self.connection.hide(secret.clone());
        }
        let end_point = self.connection.end_point();
        let offer = self.offer(end_point.as_deref());
        let bindings: Vec<_> = candidates.iter().map(|mechanism| offer.binding(*mechanism)).collect();
        let mut left = candidates.iter().zip(bindings).peekable();
        let mut binds_otherwise = false;
        while let Some((mechanism, binding)) = left.next() {
            if mechanism.is_bound() && binds_otherwise && left.peek().is_some() {
                continue;
            }
            let tried = match self.try_one(*mechanism, binding, credentials) {
                // The server tells that it supports only other kinds of channel binding.
                Err(error) if error.kind() == Kind::Unsupported && left.peek().is_some() => {
                    binds_otherwise = true;
                    continue;
                }
                tried => tried?,
            };
            let Tried { reply, has_proven, cause } = tried;
            if reply.is_ok() {
                return Ok(());
            }
            binds_otherwise |= mechanism.is_bound();
            let kind = reply.sign_in_refusal();
            // Some servers announce APOP by a timestamp that they cannot use, and SASL mechanisms that are not
            // set up, or not for this user. A weaker mechanism may follow, but only under TLS, and not after the
            // secret was checked: a wrong one, tried six times, locks the account.
            let not_there = !has_proven || (*mechanism == Mechanism::Apop && reply.code.is_none());
            self.state.secret_was_refused = !not_there && kind == Kind::SignIn;
            if not_there && kind == Kind::SignIn && self.is_encrypted() && left.peek().is_some() {
                continue;
            }
            let context = match String::from_utf8_lossy(&credentials.user) {
                // The certificate tells the user.
                nobody if nobody.is_empty() => format!("could not sign in by {mechanism}"),
                who => format!("could not sign in as {who} by {mechanism}"),
            };
            let error = Error::new(kind, context).because(cause);
            return Err(match self.advice(kind, *mechanism, &reply, has_proven, credentials) {
                Some(advice) => error.hint(advice),
                None => error,
            });
        }
        // Never empty: `auth::candidates` returns an error instead.
        Err(Error::new(Kind::SignIn, "the server offers no way to sign in"))
    }

    /// The hint for a refusal that tells more than that the secret is wrong.
    fn advice(
        &self,
        kind: Kind,
        mechanism: Mechanism,
        reply: &Reply,
        has_proven: bool,
        credentials: &Credentials,
    ) -> Option<&'static str> {
        if kind != Kind::SignIn {
            return None;
        }
        match credentials.proof {
            // Another mechanism is not recommended lightly: an attacker in the middle causes the same error, to
            // get at the password.
            _ if mechanism.is_bound() => Some(
                "check user and password; if both are right, the server knows the TLS line by another mark \
                 than tls-server-end-point, or TLS ends elsewhere: ask its administrator before you try \
                 --auth plain",
            ),
            Proof::Password(_) => auth::password_hint(&self.state.host, &reply.text).or_else(|| {
                // It needs the plain password on the server, and many servers store only a hash.
                (mechanism == Mechanism::CramMd5 && self.is_encrypted()).then_some(
                    "check user and password; if both are right, the server may keep the password in a form \
                     that cram-md5 has no use for: try --auth plain",
                )
            }),
            Proof::Token(_) if has_proven => {
                Some("the token has expired or was revoked: run `pop3 auth login`")
            }
            Proof::Token(_) => Some(
                "the server has not looked at the token, and may not take any: check that server and oauth \
                 belong together",
            ),
            Proof::Certificate => Some(self.advice_on_certificates(reply)),
        }
    }

    /// The hint for a server that requests no certificate, does not trust it, or reads another name from it.
    fn advice_on_certificates(&self, reply: &Reply) -> &'static str {
        let speaks_of_it = String::from_utf8_lossy(&reply.text).to_ascii_lowercase().contains("certificate");
        match Mechanism::External.sasl_name() {
            Some(name) if !self.announces(name) => {
                "the server does not offer to sign in by a client certificate: leave --auth out to sign in \
                 with a password"
            }
            _ if speaks_of_it => {
                "the server does not take this client certificate: ask its owner for one that it knows"
            }
            _ => {
                "check that the server knows the client certificate (--client-cert), and by this name (--user; \
                 an empty one leaves it to the certificate)"
            }
        }
    }

    /// Carries out one mechanism.
    fn try_one(
        &mut self,
        mechanism: Mechanism,
        binding: Binding,
        credentials: &Credentials,
    ) -> Result<Tried> {
        let by_command = |reply: Reply| Tried { cause: reply.words().into(), reply, has_proven: true };
        let exchange = auth::exchange(mechanism, credentials, binding)?;
        match (exchange, mechanism.sasl_name()) {
            (Some(mut exchange), Some(name)) => {
                let (reply, has_proven) = self.by_sasl(mechanism, name, exchange.as_mut())?;
                let is_judged = has_proven && reply.sign_in_refusal() == Kind::SignIn;
                let words = reply.words();
                let cause = if is_judged { exchange.refused(words) } else { words.into() };
                Ok(Tried { reply, has_proven, cause })
            }
            _ if mechanism == Mechanism::Apop => self.by_apop(credentials).map(by_command),
            _ => self.by_user_and_pass(credentials).map(by_command),
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
        self.connection.hide(auth::Secret::new(digest.as_str()));
        self.converse(&Command::Apop { user: &credentials.user, digest: &digest })
    }
}
