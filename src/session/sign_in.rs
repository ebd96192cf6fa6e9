//! From AUTHORIZATION to TRANSACTION: carries out the mechanisms that [`crate::auth`] chose
//! (RFC 1939 section 7, RFC 5034), and finds the advice for a refusal.

use std::error::Error as StdError;

use super::{Authorization, Manner, Session, Transaction};
use crate::advice::SignIn;
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
    /// Whether the secret, or what was made from it, was refused as such: offered again and again it could
    /// lock the account.
    pub is_judged: bool,
    /// The mechanisms that were to follow when the server closed the connection after a refusal that judged
    /// nothing (solid-pop3d does after APOP): [`Session::sign_in_by`] can try them in a new session.
    pub untried: Vec<Mechanism>,
}

impl Refused {
    /// Before a secret was sent.
    fn before(error: Error, session: Session<Authorization>) -> Refused {
        Refused { error, session: Some(session), is_judged: false, untried: Vec::new() }
    }
}

/// A sign-in by several mechanisms that failed; the fields are those of [`Refused`].
struct Failed {
    error: Error,
    is_judged: bool,
    untried: Vec<Mechanism>,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Failed {
        Failed { error, is_judged: false, untried: Vec::new() }
    }
}

/// How a mechanism ended.
struct Tried {
    reply: Reply,
    /// Whether the server got anything derived from the secret, and knows the mechanism.
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
            Err(error) => Err(Refused::before(error, self)),
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
            Err(Failed { error, is_judged, untried }) => {
                let is_lost = error.ends_the_session() || !untried.is_empty();
                Err(Refused { error, session: (!is_lost).then_some(self), is_judged, untried })
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
            is_encrypted: self.is_encrypted(),
        }
    }

    /// The capabilities from before sign-in are used until they are requested again.
    fn into_transaction(self) -> Session<Transaction> {
        let before_sign_in = self.capabilities.clone();
        let state = Transaction { before_sign_in, asked: false, manner: Manner::default() };
        Session { connection: self.connection, capabilities: self.capabilities, state }
    }

    fn try_mechanisms(&mut self, credentials: &Credentials, candidates: &[Mechanism]) -> Result<(), Failed> {
        if !self.is_encrypted() && !self.state.cleartext_allowed {
            let error =
                Error::new(Kind::Tls, "the connection is not encrypted, so no secret is sent over it");
            return Err(error.into());
        }
        if let Proof::Password(secret) | Proof::Token(secret) = &credentials.proof {
            self.connection.hide(secret.clone());
        }
        let end_point = self.connection.end_point();
        let offer = self.offer(end_point.as_deref());
        let bindings: Vec<_> = candidates.iter().map(|mechanism| offer.binding(*mechanism)).collect();
        let mut left = candidates.iter().copied().zip(bindings).peekable();
        let (mut binds_otherwise, mut has_no_auth, mut is_judged) = (false, false, false);
        // The last refusal after which another mechanism was tried.
        let mut refused: Option<Error> = None;
        while let Some((mechanism, binding)) = left.next() {
            if mechanism.is_bound() && binds_otherwise && left.peek().is_some() {
                continue;
            }
            // A server without AUTH is not asked for each of its mechanisms: some close the connection after a few
            // unknown commands.
            let other_command_follows = || left.clone().any(|(mechanism, _)| mechanism.sasl_name().is_none());
            if has_no_auth && mechanism.sasl_name().is_some() && other_command_follows() {
                continue;
            }
            self.state.has_answered = false;
            let tried = match (self.try_one(mechanism, binding, credentials), refused.take()) {
                // The server tells that it supports only other kinds of channel binding.
                (Err(error), _) if error.kind() == Kind::Unsupported && left.peek().is_some() => {
                    binds_otherwise = true;
                    continue;
                }
                (Err(lost), Some(refused))
                    if lost.kind() == Kind::ConnectionLost && !self.state.has_answered =>
                {
                    let untried = [mechanism].into_iter().chain(left.map(|(mechanism, _)| mechanism));
                    return Err(Failed { error: refused, is_judged, untried: untried.collect() });
                }
                (tried, _) => tried?,
            };
            let Tried { reply, has_proven, cause } = tried;
            if reply.is_ok() {
                return Ok(());
            }
            binds_otherwise |= mechanism.is_bound();
            has_no_auth |= mechanism.sasl_name().is_some() && reply.knows_no_mechanism();
            let is_unknown = reply.is_about_the_command();
            let kind = if is_unknown { Kind::SignIn } else { reply.sign_in_refusal() };
            is_judged |= has_proven && kind == Kind::SignIn;
            // Some servers announce APOP by a timestamp that they cannot use, and SASL mechanisms that they do not
            // know, that are not set up, or not for this user. Another mechanism may follow, but not after the
            // secret was checked: a wrong one, tried six times, locks the account. In the clear only if it is no
            // weaker.
            let not_there = !has_proven || (mechanism == Mechanism::Apop && reply.code.is_none());
            self.state.secret_was_refused = !not_there && kind == Kind::SignIn;
            let context = match String::from_utf8_lossy(&credentials.user) {
                // The certificate tells the user.
                nobody if nobody.is_empty() => format!("could not sign in by {mechanism}"),
                who => format!("could not sign in as {who} by {mechanism}"),
            };
            let mut error = Error::new(kind, context).because(cause);
            let next = left.peek().map(|(mechanism, _)| *mechanism);
            let may_follow = self.is_encrypted() || mechanism.sends_the_password();
            let advice = match credentials.proof {
                Proof::Password(_) if is_unknown && !mechanism.is_bound() => {
                    Some(advice_on_unknown(mechanism, next.filter(|_| !may_follow)))
                }
                _ => self.advice(kind, mechanism, &reply, has_proven, credentials),
            };
            if let Some(advice) = advice {
                error = error.advise(advice);
            }
            if not_there && kind == Kind::SignIn && may_follow && next.is_some() {
                refused = Some(error);
                continue;
            }
            return Err(Failed { error, is_judged, untried: Vec::new() });
        }
        // Never empty: `auth::candidates` returns an error instead.
        Err(Error::new(Kind::SignIn, "the server offers no sign-in mechanism").into())
    }

    /// The advice on a refusal that tells more than that the secret is wrong.
    fn advice(
        &self,
        kind: Kind,
        mechanism: Mechanism,
        reply: &Reply,
        has_proven: bool,
        credentials: &Credentials,
    ) -> Option<SignIn> {
        if kind != Kind::SignIn {
            return None;
        }
        match credentials.proof {
            // Another mechanism is not recommended lightly: an attacker in the middle causes the same error, to
            // get at the password.
            _ if mechanism.is_bound() => Some(SignIn::ChannelBindingMayDiffer),
            Proof::Password(_) => auth::password_advice(&self.state.host, &reply.text)
                .or_else(|| advice_on_hashes(mechanism, self.is_encrypted())),
            Proof::Token(_) if has_proven => Some(SignIn::RenewToken),
            Proof::Token(_) => Some(SignIn::CheckServerAndProvider),
            Proof::Certificate => Some(self.advice_on_certificates(reply)),
        }
    }

    /// The advice on a server that requests no certificate, does not trust it, or reads another name from it.
    fn advice_on_certificates(&self, reply: &Reply) -> SignIn {
        let speaks_of_it = String::from_utf8_lossy(&reply.text).to_ascii_lowercase().contains("certificate");
        match Mechanism::External.sasl_name() {
            Some(name) if !self.announces(name) => SignIn::ServerTakesNoCertificate,
            _ if speaks_of_it => SignIn::UseAcceptedCertificate,
            _ => SignIn::CheckCertificateAndUser,
        }
    }

    /// Carries out one mechanism.
    fn try_one(
        &mut self,
        mechanism: Mechanism,
        binding: Binding,
        credentials: &Credentials,
    ) -> Result<Tried> {
        let by_command = |(reply, has_proven): (Reply, bool)| {
            let has_proven = has_proven && !reply.is_about_the_command();
            Tried { cause: reply.words().into(), reply, has_proven }
        };
        let exchange = auth::exchange(mechanism, credentials, binding)?;
        match (exchange, mechanism.sasl_name()) {
            (Some(mut exchange), Some(name)) => {
                let (reply, has_proven) = self.by_sasl(mechanism, name, exchange.as_mut())?;
                let has_proven = has_proven && !reply.is_about_the_command();
                let is_judged = has_proven && reply.sign_in_refusal() == Kind::SignIn;
                let words = reply.words();
                let cause = if is_judged { exchange.refused(words) } else { words.into() };
                Ok(Tried { reply, has_proven, cause })
            }
            _ if mechanism == Mechanism::Apop => self.by_apop(credentials).map(by_command),
            _ => self.by_user_and_pass(credentials).map(by_command),
        }
    }

    /// The last reply, and whether the password was sent.
    fn by_user_and_pass(&mut self, credentials: &Credentials) -> Result<(Reply, bool)> {
        let reply = self.converse(&Command::User(&credentials.user))?;
        self.state.has_answered = true;
        if !reply.is_ok() {
            return Ok((reply, false));
        }
        Ok((self.converse(&Command::Pass(credentials.secret()))?, true))
    }

    /// The reply, and whether the digest was sent.
    fn by_apop(&mut self, credentials: &Credentials) -> Result<(Reply, bool)> {
        let Some(timestamp) = &self.state.greeting.timestamp else {
            return Err(Error::new(Kind::SignIn, "the greeting has no timestamp for APOP"));
        };
        let digest = auth::apop_digest(timestamp, credentials.secret());
        self.connection.hide(auth::Secret::new(digest.as_str()));
        let reply = self.converse(&Command::Apop { user: &credentials.user, digest: &digest })?;
        Ok((reply, true))
    }
}

/// CRAM-MD5 needs the plain password on the server, and many servers store only a hash.
pub(super) fn advice_on_hashes(mechanism: Mechanism, is_encrypted: bool) -> Option<SignIn> {
    (mechanism == Mechanism::CramMd5 && is_encrypted).then_some(SignIn::ServerMayStoreHash)
}

/// What to do where the server does not know the mechanism; `next`: what would follow, were it not weaker.
fn advice_on_unknown(mechanism: Mechanism, next: Option<Mechanism>) -> SignIn {
    let unknown = mechanism.to_string();
    match next {
        Some(next) => SignIn::NameWeakerMechanism { unknown, next: next.to_string() },
        None => SignIn::NameKnownMechanism { unknown },
    }
}
