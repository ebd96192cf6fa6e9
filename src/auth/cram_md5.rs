//! SASL CRAM-MD5 (RFC 2195): the server's challenge, keyed with the password.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;

use super::{Credentials, Exchange, Mechanism, unexpected_challenge};
use crate::error::{Error, Kind, Result};

/// One run: a challenge, the answer, no more.
pub(super) struct CramMd5 {
    credentials: Option<Credentials>,
}

impl CramMd5 {
    pub(super) fn new(credentials: Credentials) -> CramMd5 {
        CramMd5 { credentials: Some(credentials) }
    }
}

impl Exchange for CramMd5 {
    fn initial_response(&mut self) -> Option<Vec<u8>> {
        None
    }

    /// `user SP digest`. An empty challenge is refused: its answer could be replayed for ever.
    fn respond(&mut self, challenge: &[u8]) -> Result<Vec<u8>> {
        let failed = || Error::new(Kind::Protocol, "could not sign in with cram-md5");
        let credentials = self.credentials.take().ok_or_else(|| unexpected_challenge(Mechanism::CramMd5))?;
        if challenge.is_empty() {
            return Err(failed().because("the server's challenge is empty"));
        }
        // HMAC takes keys of any length; its interface is that of MACs that do not.
        let mut mac = Hmac::<Md5>::new_from_slice(credentials.secret())
            .map_err(|error| failed().because(error.to_string()))?;
        mac.update(challenge);
        let digest = HEXLOWER.encode(&mac.finalize().into_bytes());
        Ok([&credentials.user[..], b" ", digest.as_bytes()].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Secret;

    fn run(secret: &str) -> CramMd5 {
        CramMd5::new(Credentials::with_password("tim", Secret::new(secret)))
    }

    #[test]
    fn agrees_with_the_example_of_rfc_2195_section_2() {
        let response = run("tanstaaftanstaaf").respond(b"<1896.697170952@postoffice.reston.mci.net>");
        assert_eq!(response.unwrap(), b"tim b913a602c7eda7a495b4e6e7334d3890");
    }

    #[test]
    fn takes_keys_longer_than_a_block_and_empty_ones() {
        // RFC 2202 section 2, test case 6.
        let mut long = CramMd5::new(Credentials::with_password("u", Secret::new(vec![0xaa; 80])));
        let response = long.respond(b"Test Using Larger Than Block-Size Key - Hash Key First").unwrap();
        assert_eq!(response, b"u 6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd");
        assert!(run("").respond(b"<1@pop>").is_ok());
    }

    #[test]
    fn refuses_an_empty_challenge() {
        assert_eq!(run("x").respond(b"").unwrap_err().kind(), Kind::Protocol);
    }
}
