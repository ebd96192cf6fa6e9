//! SASL EXTERNAL (RFC 4422 appendix A): the client certificate of the TLS connection identifies the user; only
//! the name is sent.

use super::{Credentials, Exchange, Mechanism, unexpected_challenge};
use crate::error::Result;

/// One run: one message, with `AUTH` itself or after an empty challenge.
pub(super) struct External {
    credentials: Credentials,
    has_responded: bool,
}

impl External {
    pub(super) fn new(credentials: Credentials) -> External {
        External { credentials, has_responded: false }
    }
}

impl Exchange for External {
    /// The name to act as; an empty one leaves it to the server to read it from the certificate.
    fn initial_response(&mut self) -> Option<Vec<u8>> {
        Some(self.credentials.user.clone())
    }

    fn respond(&mut self, _challenge: &[u8]) -> Result<Vec<u8>> {
        if std::mem::replace(&mut self.has_responded, true) {
            return Err(unexpected_challenge(Mechanism::External));
        }
        Ok(self.credentials.user.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Proof;
    use crate::error::Kind;

    #[test]
    fn sends_the_name_alone_once_and_once_more_when_ignored() {
        for user in ["tim@example.org", ""] {
            let mut run = External::new(Credentials { user: user.into(), proof: Proof::Certificate });
            assert_eq!(run.initial_response().unwrap(), user.as_bytes());
            assert_eq!(run.respond(b"").unwrap(), user.as_bytes());
            assert_eq!(run.respond(b"").unwrap_err().kind(), Kind::Protocol);
        }
    }
}
