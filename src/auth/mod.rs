//! Sign-in: which mechanism, and what it answers. Bytes in, bytes out: `session` asks
//! [`candidates`] what to try, carries challenges and responses (base64 and the `AUTH` dialogue of
//! RFC 5034 are its business), and this room knows no socket. Stronger mechanisms come first, so
//! that a password itself is sent only to a server that can do nothing better.

mod apop;
mod cram_md5;
mod login;
mod mechanism;
mod plain;
mod secret;

use std::fmt;

pub use apop::apop_digest;
pub use mechanism::{Mechanism, Offer, candidates};
pub use secret::Secret;

use crate::error::{Error, Kind, Result};

/// Who signs in. Names and passwords are bytes: servers differ about their encoding.
#[derive(Clone)]
pub struct Credentials {
    /// The user's name, as the server knows it.
    pub user: Vec<u8>,
    /// What proves it.
    pub proof: Proof,
}

/// What proves who somebody is. Each mechanism takes one kind of proof.
#[derive(Debug, Clone)]
pub enum Proof {
    /// A password.
    Password(Secret),
    /// An OAuth access token (RFC 6750).
    Token(Secret),
    /// The client certificate of the TLS line (RFC 4422 appendix A).
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

    /// The password or the token; empty where a certificate speaks.
    pub fn secret(&self) -> &[u8] {
        match &self.proof {
            Proof::Password(secret) | Proof::Token(secret) => secret.expose(),
            Proof::Certificate => &[],
        }
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

/// One run of a SASL mechanism (RFC 4422), client side. What it returns may hold the password: it
/// goes to the server and into no log.
pub trait Exchange: Send {
    /// What may be sent along with `AUTH` itself (RFC 5034 section 4), raw; `None` when the server
    /// speaks first. Asking for it uses nothing up: a server that ignores it and sends an empty
    /// challenge gets the same from [`Exchange::respond`].
    fn initial_response(&mut self) -> Option<Vec<u8>>;

    /// The raw response to the server's raw challenge.
    ///
    /// # Errors
    /// [`Kind::Protocol`] for a challenge that the mechanism has no place for, [`Kind::SignIn`] for
    /// credentials that it cannot carry. The dialogue is then to be cancelled with `*`.
    fn respond(&mut self, challenge: &[u8]) -> Result<Vec<u8>>;
}

/// Begins a run of `mechanism`; `None` for APOP and USER/PASS, which are no SASL mechanisms.
pub fn exchange(mechanism: Mechanism, credentials: &Credentials) -> Option<Box<dyn Exchange>> {
    let credentials = credentials.clone();
    match mechanism {
        Mechanism::CramMd5 => Some(Box::new(cram_md5::CramMd5::new(credentials))),
        Mechanism::Plain => Some(Box::new(plain::Plain::new(credentials))),
        Mechanism::Login => Some(Box::new(login::Login::new(credentials))),
        Mechanism::Apop | Mechanism::User => None,
    }
}

/// A challenge more than the mechanism has.
fn unexpected_challenge(mechanism: Mechanism) -> Error {
    Error::new(Kind::Protocol, format!("could not sign in with {mechanism}"))
        .because("the server asks for more than this mechanism holds")
}

/// `bytes` as lower-case hexadecimal digits, the form both digest mechanisms send.
fn hex(bytes: &[u8]) -> String {
    use fmt::Write;

    let mut digits = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials() -> Credentials {
        Credentials::with_password("tim", Secret::new("tanstaaftanstaaf"))
    }

    #[test]
    fn only_sasl_mechanisms_have_an_exchange() {
        for mechanism in Mechanism::ALL {
            let is_sasl = mechanism.sasl_name().is_some();
            assert_eq!(exchange(mechanism, &credentials()).is_some(), is_sasl, "{mechanism}");
        }
    }

    #[test]
    fn only_plain_speaks_first() {
        let first =
            |mechanism| exchange(mechanism, &credentials()).and_then(|mut run| run.initial_response());
        assert_eq!(first(Mechanism::Plain).as_deref(), Some(&b"\0tim\0tanstaaftanstaaf"[..]));
        assert_eq!(first(Mechanism::Login), None);
        assert_eq!(first(Mechanism::CramMd5), None);
    }

    #[test]
    fn no_run_of_any_mechanism_answers_for_ever() {
        for mechanism in Mechanism::ALL {
            let Some(mut run) = exchange(mechanism, &credentials()) else { continue };
            let answers = (0..10).filter(|_| run.respond(b"<1@pop>").is_ok()).count();
            assert!(answers <= 2, "{mechanism} answered {answers} times");
            assert_eq!(run.respond(b"").unwrap_err().kind(), Kind::Protocol);
        }
    }

    #[test]
    fn credentials_show_the_name_but_not_the_password() {
        let shown = format!("{:?}", credentials());
        assert_eq!(shown, r#"Credentials { user: "tim", proof: Password([hidden]) }"#);
    }
}
