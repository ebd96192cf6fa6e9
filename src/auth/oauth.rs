//! SASL OAUTHBEARER (RFC 7628) and XOAUTH2 (Google's and Microsoft's): sends an access token in one message,
//! and reads the server's reason for a refusal.

use std::error::Error as StdError;
use std::fmt;

use super::{Credentials, Exchange, Mechanism, unexpected_challenge};
use crate::error::{Error, Kind, Result};

/// Separates the parts of the message, so it must not occur in any of them.
const SEPARATOR: u8 = 1;

/// The cause of a sign-in refused for its token, which has expired, for example, or does not cover POP3. With
/// a refresh token the caller can get a new one and try again, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRefused {
    said: String,
}

impl TokenRefused {
    /// The one among the causes of an error, if any.
    pub fn find_in(error: &Error) -> Option<&TokenRefused> {
        error.find_cause()
    }
}

impl fmt::Display for TokenRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server refused the OAuth token: {}", self.said)
    }
}

impl StdError for TokenRefused {}

/// One run of either.
pub(super) struct OAuth {
    mechanism: Mechanism,
    credentials: Credentials,
    has_responded: bool,
    /// What the server's JSON says about the failure.
    reason: Option<String>,
}

impl OAuth {
    pub(super) fn new(mechanism: Mechanism, credentials: Credentials) -> OAuth {
        OAuth { mechanism, credentials, has_responded: false, reason: None }
    }

    /// `None` if a part contains the separator.
    fn message(&self) -> Option<Vec<u8>> {
        let (user, token) = (&self.credentials.user, self.credentials.secret());
        let is_sound = |part: &[u8]| !part.iter().any(|byte| matches!(byte, 0 | 1 | b'\r' | b'\n'));
        if !is_sound(user) || !is_sound(token) {
            return None;
        }
        let end = [SEPARATOR; 2];
        Some(match self.mechanism {
            Mechanism::XOAuth2 => [b"user=", &user[..], b"\x01auth=Bearer ", token, &end].concat(),
            // Host and port (RFC 7628 section 3.1) are for tokens that are bound to them; a bearer's is not.
            _ => [b"n,a=", &quoted(user)[..], b",\x01auth=Bearer ", token, &end].concat(),
        })
    }
}

/// A name within a GS2 header (RFC 5801 section 4).
fn quoted(name: &[u8]) -> Vec<u8> {
    let mut quoted = Vec::with_capacity(name.len());
    for byte in name {
        match byte {
            b'=' => quoted.extend_from_slice(b"=3D"),
            b',' => quoted.extend_from_slice(b"=2C"),
            byte => quoted.push(*byte),
        }
    }
    quoted
}

/// Status and scope of the server's JSON (RFC 7628 section 3.2.2), as printable ASCII, since the server may
/// send anything.
fn reason(json: &[u8]) -> String {
    const MOST: usize = 200;
    let fields: serde_json::Value = serde_json::from_slice(json).unwrap_or_default();
    let shown = ["status", "scope"].into_iter().filter_map(|name| {
        let text = match fields.get(name)? {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let text: String = text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(MOST).collect();
        (!text.is_empty()).then(|| format!("{name} {text}"))
    });
    let shown: Vec<String> = shown.collect();
    if shown.is_empty() { "without a reason".to_owned() } else { shown.join(", ") }
}

impl Exchange for OAuth {
    fn initial_response(&mut self) -> Option<Vec<u8>> {
        self.message()
    }

    fn respond(&mut self, challenge: &[u8]) -> Result<Vec<u8>> {
        if self.reason.is_some() {
            return Err(unexpected_challenge(self.mechanism));
        }
        if challenge.is_empty() {
            if std::mem::replace(&mut self.has_responded, true) {
                return Err(unexpected_challenge(self.mechanism));
            }
            return self.message().ok_or_else(|| {
                Error::new(Kind::SignIn, format!("could not sign in with {}", self.mechanism))
                    .because("the name or the token contains a control character")
            });
        }
        // The token was refused, and the server says why. It expects a response before its -ERR: for XOAUTH2
        // any, and both providers document an empty one; for OAUTHBEARER that of RFC 7628 section 3.2.3.
        self.reason = Some(self.credentials.hidden_in(&reason(challenge)));
        Ok(if self.mechanism == Mechanism::XOAuth2 { Vec::new() } else { vec![SEPARATOR] })
    }

    fn refused(&self, words: String) -> Box<dyn StdError + Send + Sync> {
        let said = match &self.reason {
            Some(reason) => format!("{reason}; {words}"),
            None => words,
        };
        Box::new(TokenRefused { said })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Proof, Secret};

    fn run(mechanism: Mechanism, user: &str, token: &str) -> OAuth {
        let proof = Proof::Token(Secret::new(token));
        OAuth::new(mechanism, Credentials { user: user.into(), proof })
    }

    #[test]
    fn agrees_with_the_example_of_rfc_7628_section_4_without_host_and_port() {
        let token = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";
        let message = run(Mechanism::OAuthBearer, "user@example.com", token).initial_response().unwrap();
        assert_eq!(message, format!("n,a=user@example.com,\x01auth=Bearer {token}\x01\x01").as_bytes());
    }

    #[test]
    fn agrees_with_the_example_that_google_gives() {
        use base64::Engine as _;
        let token = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg";
        let message = run(Mechanism::XOAuth2, "someuser@example.com", token).initial_response().unwrap();
        let encoded = base64::engine::general_purpose::STANDARD.encode(message);
        assert_eq!(
            encoded,
            "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ=="
        );
    }

    #[test]
    fn a_name_with_commas_is_quoted_where_it_must_be() {
        let message = run(Mechanism::OAuthBearer, "a=b,c", "t").initial_response().unwrap();
        assert!(message.starts_with(b"n,a=a=3Db=2Cc,\x01"));
    }

    #[test]
    fn a_server_that_ignores_the_message_gets_it_once_more() {
        for mechanism in [Mechanism::XOAuth2, Mechanism::OAuthBearer] {
            let mut run = run(mechanism, "u", "t");
            let first = run.initial_response().unwrap();
            assert_eq!(run.respond(b"").unwrap(), first);
            assert_eq!(run.respond(b"").unwrap_err().kind(), Kind::Protocol);
        }
    }

    #[test]
    fn a_json_error_is_answered_as_each_wants_it_and_read() {
        let json = br#"{"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}"#;
        for (mechanism, answer) in [(Mechanism::XOAuth2, &b""[..]), (Mechanism::OAuthBearer, b"\x01")] {
            let mut run = run(mechanism, "u", "t");
            assert_eq!(run.respond(json).unwrap(), answer);
            let cause = run.refused("the server says: bye".into()).to_string();
            assert_eq!(
                cause,
                "the server refused the OAuth token: status 401, scope https://mail.google.com/; the server says: bye"
            );
            assert_eq!(run.respond(json).unwrap_err().kind(), Kind::Protocol, "one is enough");
        }
    }

    #[test]
    fn any_json_gives_a_short_and_printable_reason() {
        let table: [(&[u8], &str); 6] = [
            (br#"{"status":"invalid_token"}"#, "status invalid_token"),
            (br#"{"status":400}"#, "status 400"),
            (br#"{"status":"\u001b[2J\u202e4"}"#, "status [2J4"),
            (br#"{"status":{"a":1}}"#, "without a reason"),
            (br#"[1"#, "without a reason"),
            (b"\xff\xfe", "without a reason"),
        ];
        for (json, expected) in table {
            assert_eq!(reason(json), expected);
        }
        let long = format!(r#"{{"scope":"{}"}}"#, "x".repeat(10_000));
        assert!(reason(long.as_bytes()).len() < 300);
    }

    #[test]
    fn a_name_or_token_with_a_separator_is_refused_and_not_shown() {
        for (user, token) in [("u\x01auth=x", "t"), ("u", "s3cret\x01"), ("u", "s3cret\n")] {
            let mut run = run(Mechanism::XOAuth2, user, token);
            assert_eq!(run.initial_response(), None);
            let error = run.respond(b"").unwrap_err();
            assert_eq!(error.kind(), Kind::SignIn);
            assert!(!format!("{error:?}").contains("s3cret"));
        }
    }

    #[test]
    fn the_cause_is_found_beneath_any_context() {
        let cause = run(Mechanism::XOAuth2, "u", "t").refused("x".into());
        let error =
            Error::new(Kind::SignIn, "could not sign in").because(cause).in_context("could not fetch");
        assert!(TokenRefused::find_in(&error).is_some());
        assert!(TokenRefused::find_in(&Error::new(Kind::SignIn, "x").because("y")).is_none());
    }
}
