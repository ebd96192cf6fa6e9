//! Sign-in: chooses the mechanism and computes its responses. Bytes in, bytes out: `session` asks
//! [`candidates`] what to try and transports challenges and responses (base64 and the `AUTH` dialogue of
//! RFC 5034); this module knows no socket. Stronger mechanisms come first, so that the password itself is
//! sent only to a server that supports nothing better.

mod apop;
mod choice;
mod cram_md5;
mod disguise;
mod external;
mod login;
mod mechanism;
mod oauth;
mod plain;
mod provider;
mod scram;
mod secret;

use std::error::Error as StdError;
use std::fmt;

pub use apop::apop_digest;
pub use choice::{Offer, candidates};
pub use mechanism::Mechanism;
pub use oauth::TokenRefused;
pub use provider::password_advice;
pub use scram::Binding;
pub use secret::Secret;

use crate::error::{Error, Kind, Result};

/// Who signs in. Names and passwords are bytes: servers differ about their encoding.
#[derive(Clone)]
pub struct Credentials {
    /// The user's name, as the server knows it.
    pub user: Vec<u8>,
    /// The password, token or certificate.
    pub proof: Proof,
}

/// The kinds of credentials. Each mechanism takes one of them.
#[derive(Debug, Clone)]
pub enum Proof {
    /// A password.
    Password(Secret),
    /// An OAuth access token (RFC 6750).
    Token(Secret),
    /// The client certificate of the TLS connection (RFC 4422 appendix A).
    Certificate,
}

impl Credentials {
    /// A name and its password.
    pub fn with_password(user: impl Into<Vec<u8>>, password: Secret) -> Credentials {
        Credentials { user: user.into(), proof: Proof::Password(password) }
    }

    /// A name and an access token for it.
    pub fn with_token(user: impl Into<Vec<u8>>, token: Secret) -> Credentials {
        Credentials { user: user.into(), proof: Proof::Token(token) }
    }

    /// The password or the token; empty for a certificate.
    pub fn secret(&self) -> &[u8] {
        match &self.proof {
            Proof::Password(secret) | Proof::Token(secret) => secret.expose(),
            Proof::Certificate => &[],
        }
    }

    /// A server's text, with `[hidden]` where it repeats the secret.
    fn hidden_in(&self, text: &str) -> String {
        let shown = match &self.proof {
            Proof::Password(secret) | Proof::Token(secret) => secret.hidden_in(text.as_bytes()),
            Proof::Certificate => text.as_bytes().into(),
        };
        String::from_utf8_lossy(&shown).into_owned()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &String::from_utf8_lossy(&self.user))
            .field("proof", &self.proof)
            .finish()
    }
}

/// One exchange of a SASL mechanism (RFC 4422), client side. What it returns may contain the password: it
/// may be sent to the server, and must not be logged.
pub trait Exchange: Send {
    /// The initial response to send with `AUTH` (RFC 5034 section 4), raw; `None` if the server begins. May be
    /// called again: if the server ignores it and sends an empty challenge, [`Exchange::respond`] returns the same.
    fn initial_response(&mut self) -> Option<Vec<u8>>;

    /// The raw response to the server's raw challenge.
    ///
    /// # Errors
    /// [`Kind::Protocol`] for a challenge that the mechanism does not expect, [`Kind::SignIn`] for
    /// credentials that it cannot represent, or a refusal within the exchange. The caller then has to cancel the
    /// dialogue with `*`.
    fn respond(&mut self, challenge: &[u8]) -> Result<Vec<u8>>;

    /// Whether the responses so far contain the secret or anything derived from it: a refusal before that says
    /// nothing about the secret.
    fn has_proven(&self) -> bool {
        true
    }

    /// Decides whether the server's `+OK` is acceptable.
    ///
    /// # Errors
    /// [`Kind::Protocol`] if the mechanism requires a proof from the server that has not come.
    fn accept(&mut self) -> Result<()> {
        Ok(())
    }

    /// The cause of a refusal, from the server's final reply and what it sent before.
    fn refused(&self, words: String) -> Box<dyn StdError + Send + Sync> {
        words.into()
    }
}

/// Begins an exchange of `mechanism`, with that channel `binding` if it supports one; `None` for APOP and
/// USER/PASS, which are no SASL mechanisms.
///
/// # Errors
/// [`Kind::Io`] when the system has no random numbers for one that needs them.
pub fn exchange(
    mechanism: Mechanism,
    credentials: &Credentials,
    binding: Binding,
) -> Result<Option<Box<dyn Exchange>>> {
    let credentials = credentials.clone();
    Ok(match mechanism {
        Mechanism::OAuthBearer | Mechanism::XOAuth2 => {
            Some(Box::new(oauth::OAuth::new(mechanism, credentials)))
        }
        Mechanism::External => Some(Box::new(external::External::new(credentials))),
        Mechanism::ScramSha256Plus
        | Mechanism::ScramSha1Plus
        | Mechanism::ScramSha256
        | Mechanism::ScramSha1 => Some(Box::new(scram::Scram::new(mechanism, credentials, binding)?)),
        Mechanism::CramMd5 => Some(Box::new(cram_md5::CramMd5::new(credentials))),
        Mechanism::Plain => Some(Box::new(plain::Plain::new(credentials))),
        Mechanism::Login => Some(Box::new(login::Login::new(credentials))),
        Mechanism::Apop | Mechanism::User => None,
    })
}

/// The error for one challenge too many.
fn unexpected_challenge(mechanism: Mechanism) -> Error {
    Error::new(Kind::Protocol, format!("could not sign in with {mechanism}"))
        .because("the server asks for more than this mechanism holds")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials() -> Credentials {
        Credentials::with_password("tim", Secret::new("tanstaaftanstaaf"))
    }

    fn begin(mechanism: Mechanism) -> Option<Box<dyn Exchange>> {
        exchange(mechanism, &credentials(), Binding::None).unwrap()
    }

    #[test]
    fn only_sasl_mechanisms_have_an_exchange() {
        for mechanism in Mechanism::ALL {
            assert_eq!(begin(mechanism).is_some(), mechanism.sasl_name().is_some(), "{mechanism}");
        }
    }

    #[test]
    fn only_login_and_cram_md5_let_the_server_speak_first() {
        for mechanism in Mechanism::ALL {
            let Some(mut run) = begin(mechanism) else { continue };
            let waits = matches!(mechanism, Mechanism::Login | Mechanism::CramMd5);
            assert_eq!(run.initial_response().is_none(), waits, "{mechanism}");
            assert_eq!(run.initial_response(), run.initial_response(), "asking uses nothing up");
        }
    }

    #[test]
    fn no_run_of_any_mechanism_answers_for_ever() {
        for mechanism in Mechanism::ALL {
            for challenge in [&b"<1@pop>"[..], b"", b"{}"] {
                let Some(mut run) = begin(mechanism) else { continue };
                run.initial_response();
                let answers = (0..10).filter(|_| run.respond(challenge).is_ok()).count();
                assert!(answers <= 2, "{mechanism} answered {answers} times");
                assert_eq!(run.respond(b"").unwrap_err().kind(), Kind::Protocol);
            }
        }
    }

    #[test]
    fn only_a_server_that_has_proven_itself_is_believed_where_it_can() {
        for mechanism in Mechanism::ALL {
            let Some(mut run) = begin(mechanism) else { continue };
            run.initial_response();
            let is_mutual = mechanism.name().starts_with("scram");
            assert_eq!(run.accept().is_ok(), !is_mutual, "{mechanism}");
            let shows_only_the_name = is_mutual || mechanism == Mechanism::Login;
            assert_eq!(run.has_proven(), !shows_only_the_name, "{mechanism}");
        }
    }

    #[test]
    fn credentials_show_the_name_but_not_the_password() {
        let shown = format!("{:?}", credentials());
        assert_eq!(shown, r#"Credentials { user: "tim", proof: Password([hidden]) }"#);
    }
}
