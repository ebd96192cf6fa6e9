//! SASL LOGIN (draft-murchison-sasl-login, never a standard): two prompts, name and password.

use super::{Credentials, Exchange, Mechanism, unexpected_challenge};
use crate::error::Result;

/// One exchange: the first challenge is answered with the name, the second with the password, whatever
/// their text, which differs from server to server.
pub(super) struct Login {
    credentials: Credentials,
    answered: u8,
}

impl Login {
    pub(super) fn new(credentials: Credentials) -> Login {
        Login { credentials, answered: 0 }
    }
}

impl Exchange for Login {
    fn initial_response(&mut self) -> Option<Vec<u8>> {
        None
    }

    fn respond(&mut self, _challenge: &[u8]) -> Result<Vec<u8>> {
        let answer = match self.answered {
            0 => self.credentials.user.clone(),
            1 => self.credentials.secret().to_vec(),
            _ => return Err(unexpected_challenge(Mechanism::Login)),
        };
        self.answered += 1;
        Ok(answer)
    }

    /// The name alone is no secret.
    fn has_proven(&self) -> bool {
        self.answered > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Secret;
    use crate::error::Kind;

    #[test]
    fn answers_the_name_then_the_password_whatever_the_prompt() {
        for prompts in [["Username:", "Password:"], ["User Name\0", "Password\0"], ["", ""]] {
            let mut run = Login::new(Credentials::with_password("tim", Secret::new("sesame")));
            assert_eq!(run.respond(prompts[0].as_bytes()).unwrap(), b"tim");
            assert_eq!(run.respond(prompts[1].as_bytes()).unwrap(), b"sesame");
            assert_eq!(run.respond(b"Password:").unwrap_err().kind(), Kind::Protocol);
        }
    }
}
