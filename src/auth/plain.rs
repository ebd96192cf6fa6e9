//! SASL PLAIN (RFC 4616): name and password in one message.

use super::{Credentials, Exchange, Mechanism, unexpected_challenge};
use crate::error::{Error, Kind, Result};

/// One run: one message, with `AUTH` itself or after an empty challenge.
pub(super) struct Plain {
    credentials: Credentials,
    has_responded: bool,
}

impl Plain {
    pub(super) fn new(credentials: Credentials) -> Plain {
        Plain { credentials, has_responded: false }
    }

    /// `NUL user NUL password`, without an identity to act as; `None` when a NUL in one of them
    /// would shift the border between them.
    fn message(&self) -> Option<Vec<u8>> {
        let (user, password) = (&self.credentials.user[..], self.credentials.secret());
        let holds_nul = user.contains(&0) || password.contains(&0);
        (!holds_nul).then(|| [b"\0", user, b"\0", password].concat())
    }
}

impl Exchange for Plain {
    fn initial_response(&mut self) -> Option<Vec<u8>> {
        self.message()
    }

    fn respond(&mut self, _challenge: &[u8]) -> Result<Vec<u8>> {
        // The challenge should be empty; some servers put a prompt into it.
        if std::mem::replace(&mut self.has_responded, true) {
            return Err(unexpected_challenge(Mechanism::Plain));
        }
        self.message().ok_or_else(|| {
            Error::new(Kind::SignIn, "could not sign in with plain")
                .because("the name or the password contains a NUL, which plain cannot carry")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Secret;

    fn run(user: &[u8], password: &[u8]) -> Plain {
        Plain::new(Credentials::with_password(user, Secret::new(password)))
    }

    #[test]
    fn agrees_with_the_example_of_rfc_4616_section_4() {
        let message = b"\0tim\0tanstaaftanstaaf";
        assert_eq!(run(b"tim", b"tanstaaftanstaaf").initial_response().unwrap(), message);
        assert_eq!(run(b"tim", b"tanstaaftanstaaf").respond(b"").unwrap(), message);
    }

    #[test]
    fn a_server_that_ignores_the_initial_response_gets_it_once_more() {
        let mut run = run(b"tim", b"tanstaaftanstaaf");
        let first = run.initial_response().unwrap();
        assert_eq!(run.respond(b"").unwrap(), first);
        assert_eq!(run.respond(b"").unwrap_err().kind(), Kind::Protocol);
    }

    #[test]
    fn carries_eight_bit_names_and_passwords_as_they_are() {
        let message = run("j\u{fc}rgen".as_bytes(), b"p\xe4ss").initial_response().unwrap();
        assert_eq!(message, b"\0j\xc3\xbcrgen\0p\xe4ss");
    }

    #[test]
    fn refuses_a_nul_in_name_or_password() {
        for (user, password) in [(&b"a\0b"[..], &b"c"[..]), (b"a", b"b\0c")] {
            assert_eq!(run(user, password).initial_response(), None);
            assert_eq!(run(user, password).respond(b"").unwrap_err().kind(), Kind::SignIn);
        }
    }
}
