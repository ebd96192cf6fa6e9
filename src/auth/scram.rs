//! SASL SCRAM (RFC 5802, RFC 7677), client side: client and server prove to each other that they know the
//! password, and neither sends it. The work that the server may demand is limited, and its proof is
//! checked: without its signature a `+OK` is not accepted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Credentials, Exchange, Mechanism, unexpected_challenge};
use crate::advice::SignIn;
use crate::error::{Error, Kind, Result};

/// The most rounds that a server may ask for: some seconds of work. RFC 7677 wants 4096 at least, and
/// nobody uses a thousand times as many.
const MOST_ROUNDS: u32 = 10_000_000;
/// The longest salt and the longest nonce, in octets; real ones have a few dozen.
const MOST_SALT: usize = 1024;
const MOST_NONCE: usize = 1024;

/// The channel binding of an exchange (RFC 5802 section 6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Binding {
    /// `n`: the client does not support channel binding.
    None,
    /// `y`: the client supports it, but the server did not announce it.
    Unoffered,
    /// `p=tls-server-end-point`: bound to this digest of the server's certificate (RFC 5929 section 4).
    EndPoint(Vec<u8>),
}

impl Binding {
    /// The header that begins the exchange (RFC 5801 section 4), without an identity to act as.
    fn header(&self) -> &'static str {
        match self {
            Binding::None => "n,,",
            Binding::Unoffered => "y,,",
            Binding::EndPoint(_) => "p=tls-server-end-point,,",
        }
    }
}

/// The hash that a mechanism is named after.
#[derive(Debug, Clone, Copy)]
enum Hash {
    Sha1,
    Sha256,
}

impl Hash {
    fn digest(self, bytes: &[u8]) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            Hash::Sha1 => Sha1::digest(bytes).to_vec(),
            Hash::Sha256 => Sha256::digest(bytes).to_vec(),
        })
    }

    fn hmac(self, key: &[u8], text: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        Ok(Zeroizing::new(match self {
            Hash::Sha1 => keyed::<Hmac<Sha1>>(key, text)?.finalize().into_bytes().to_vec(),
            Hash::Sha256 => keyed::<Hmac<Sha256>>(key, text)?.finalize().into_bytes().to_vec(),
        }))
    }

    /// Whether `claimed` is that HMAC, compared in constant time.
    fn verifies(self, key: &[u8], text: &[u8], claimed: &[u8]) -> Result<bool> {
        Ok(match self {
            Hash::Sha1 => keyed::<Hmac<Sha1>>(key, text)?.verify_slice(claimed).is_ok(),
            Hash::Sha256 => keyed::<Hmac<Sha256>>(key, text)?.verify_slice(claimed).is_ok(),
        })
    }

    fn salted(self, password: &[u8], salt: &[u8], rounds: u32) -> Zeroizing<Vec<u8>> {
        match self {
            Hash::Sha1 => {
                Zeroizing::new(pbkdf2::pbkdf2_hmac_array::<Sha1, 20>(password, salt, rounds).to_vec())
            }
            Hash::Sha256 => {
                Zeroizing::new(pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(password, salt, rounds).to_vec())
            }
        }
    }
}

/// HMAC takes keys of any length; its interface is that of MACs that do not.
fn keyed<M: Mac + KeyInit>(key: &[u8], text: &[u8]) -> Result<M> {
    let mac = <M as KeyInit>::new_from_slice(key).map_err(|error| {
        Error::new(Kind::SignIn, "could not compute a SCRAM signature").because(error.to_string())
    })?;
    Ok(mac.chain_update(text))
}

/// Whether name and password can be prepared as RFC 5802 section 5.1 wants it: text that SASLprep takes.
pub(super) fn can_carry(credentials: &Credentials) -> bool {
    prepared(&credentials.user).is_some() && prepared(credentials.secret()).is_some()
}

fn prepared(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let text = stringprep::saslprep(std::str::from_utf8(bytes).ok()?).ok()?;
    (!text.is_empty()).then(|| Zeroizing::new(text.into_owned()))
}

/// The state of an exchange.
enum Step {
    /// The client's first message is to be sent, or was, with `AUTH` itself.
    First,
    /// It was sent twice; only the server's first may come.
    Awaiting,
    /// The proof was sent; with this key and over this text the server has to sign.
    Proven { server_key: Zeroizing<Vec<u8>>, text: Vec<u8> },
    /// The server's signature was right.
    Trusted,
    /// Nothing more is to come.
    Over,
}

/// One exchange.
pub(super) struct Scram {
    mechanism: Mechanism,
    hash: Hash,
    binding: Binding,
    credentials: Credentials,
    nonce: String,
    step: Step,
    proven: bool,
}

impl Scram {
    /// # Errors
    /// [`Kind::Io`] when the system has no random numbers.
    pub(super) fn new(mechanism: Mechanism, credentials: Credentials, binding: Binding) -> Result<Scram> {
        let mut random = [0; 24];
        getrandom::fill(&mut random)
            .map_err(|error| Error::new(Kind::Io, "could not make a random number").because(error))?;
        Ok(Scram::with_nonce(mechanism, credentials, binding, BASE64.encode(random)))
    }

    fn with_nonce(mechanism: Mechanism, credentials: Credentials, binding: Binding, nonce: String) -> Scram {
        let hash = match mechanism {
            Mechanism::ScramSha1 | Mechanism::ScramSha1Plus => Hash::Sha1,
            _ => Hash::Sha256,
        };
        Scram { mechanism, hash, binding, credentials, nonce, step: Step::First, proven: false }
    }

    fn failed(&self, kind: Kind, why: impl Into<String>) -> Error {
        Error::new(kind, format!("could not sign in with {}", self.mechanism)).because(why.into())
    }

    /// The client's first message without its header.
    fn first_bare(&self) -> Result<String> {
        let name = prepared(&self.credentials.user);
        let name = name.ok_or_else(|| self.unfit("name", &self.credentials.user))?;
        // In this order: `=` introduces the escapes, so it has to be escaped first.
        let name = name.replace('=', "=3D").replace(',', "=2C");
        Ok(format!("n={name},r={}", self.nonce))
    }

    fn unfit(&self, what: &str, value: &[u8]) -> Error {
        if value.is_empty() {
            return self.failed(Kind::SignIn, format!("the {what} is empty"));
        }
        self.failed(Kind::SignIn, format!("the {what} is no text that SCRAM can carry (RFC 4013)"))
            .advise(SignIn::TryPlain)
    }

    fn first(&self) -> Result<Vec<u8>> {
        Ok([self.binding.header(), &self.first_bare()?].concat().into_bytes())
    }

    /// The client's final message, in answer to the server's first.
    fn prove(&mut self, challenge: &[u8]) -> Result<Vec<u8>> {
        let challenge = self.text(challenge)?;
        let (nonce, salt, rounds) = self.demands(challenge)?;
        let password = prepared(self.credentials.secret());
        let password = password.ok_or_else(|| self.unfit("password", self.credentials.secret()))?;
        let salted = self.hash.salted(password.as_bytes(), &salt, rounds);

        let header = self.binding.header().as_bytes();
        let bound = match &self.binding {
            Binding::EndPoint(digest) => [header, digest].concat(),
            Binding::None | Binding::Unoffered => header.to_vec(),
        };
        let without_proof = format!("c={},r={nonce}", BASE64.encode(bound));
        let text = [&self.first_bare()?, challenge, &without_proof].join(",").into_bytes();

        let client_key = self.hash.hmac(&salted, b"Client Key")?;
        let signature = self.hash.hmac(&self.hash.digest(&client_key), &text)?;
        let proof: Vec<u8> = client_key.iter().zip(signature.iter()).map(|(key, sign)| key ^ sign).collect();
        let server_key = self.hash.hmac(&salted, b"Server Key")?;
        self.step = Step::Proven { server_key, text };
        self.proven = true;
        Ok(format!("{without_proof},p={}", BASE64.encode(proof)).into_bytes())
    }

    /// Nonce, salt and rounds of the server's first message, if they are acceptable.
    fn demands<'a>(&self, message: &'a str) -> Result<(&'a str, Vec<u8>, u32)> {
        let wrong = |why: String| self.failed(Kind::Protocol, why);
        let mut parts = message.split(',');
        let mut next = |name: &str| parts.next().and_then(|part| part.strip_prefix(name));
        if message.starts_with("m=") {
            return Err(wrong("the server wants an extension of SCRAM that nobody has defined".into()));
        }
        if let Some(words) = message.strip_prefix("e=") {
            return Err(self.refused(words));
        }
        let nonce = next("r=").ok_or_else(|| wrong("the server's first message has no nonce".into()))?;
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            // A replayed message, or one of another exchange.
            return Err(wrong("the server's nonce does not continue ours".into()));
        }
        if nonce.len() > MOST_NONCE || !nonce.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong("the server's nonce is too long, or not printable".into()));
        }
        let salt = next("s=").and_then(|salt| BASE64.decode(salt).ok());
        let salt = salt.filter(|salt| (1..=MOST_SALT).contains(&salt.len()));
        let salt = salt.ok_or_else(|| wrong("the server's first message has no usable salt".into()))?;
        let rounds = next("i=").filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let rounds = rounds.filter(|digits| !digits.is_empty());
        let rounds =
            rounds.ok_or_else(|| wrong("the server's first message has no iteration count".into()))?;
        match rounds.parse() {
            Ok(0) => Err(wrong("the server asks for no rounds of its hash at all".into())),
            Ok(count) if count <= MOST_ROUNDS => Ok((nonce, salt, count)),
            _ => Err(wrong(format!("the server asks for more than {MOST_ROUNDS} rounds of its hash"))),
        }
    }

    /// The server's final message: its signature, or why not.
    fn verify(&mut self, message: &[u8]) -> Result<Vec<u8>> {
        let Step::Proven { server_key, text } = std::mem::replace(&mut self.step, Step::Over) else {
            return Err(unexpected_challenge(self.mechanism));
        };
        let message = self.text(message)?;
        // Extensions may follow behind a comma; none is defined.
        let first = message.split(',').next().unwrap_or_default();
        if let Some(words) = first.strip_prefix("e=") {
            return Err(self.refused(words));
        }
        let claimed = first.strip_prefix("v=").and_then(|signature| BASE64.decode(signature).ok());
        let Some(claimed) = claimed else {
            return Err(self.failed(Kind::Protocol, "the server's last message contains no signature"));
        };
        if !self.hash.verifies(&server_key, &text, &claimed)? {
            return Err(self.untrusted("its signature is wrong"));
        }
        self.step = Step::Trusted;
        Ok(Vec::new())
    }

    /// The server's error value (RFC 5802 section 7).
    fn refused(&self, words: &str) -> Error {
        if words.starts_with("channel-bindings-dont-match") {
            return self
                .failed(
                    Kind::Tls,
                    "the server sees another TLS connection than ours: channel-bindings-dont-match",
                )
                .advise(SignIn::TlsEndsElsewhere);
        }
        if words.starts_with("unsupported-channel-binding-type")
            || words.starts_with("channel-binding-not-supported")
        {
            return self
                .failed(Kind::Unsupported, "the server uses another type of channel binding than ours");
        }
        let words = self.credentials.hidden_in(words);
        let words: String = words.chars().filter(|letter| letter.is_ascii_graphic()).take(100).collect();
        self.failed(Kind::SignIn, format!("the server says: {words}"))
    }

    fn untrusted(&self, why: &str) -> Error {
        let why = format!("the server did not prove that it knows the password: {why}");
        self.failed(Kind::Protocol, why).advise(SignIn::ServerUnproven)
    }

    fn text<'a>(&self, message: &'a [u8]) -> Result<&'a str> {
        std::str::from_utf8(message)
            .map_err(|_| self.failed(Kind::Protocol, "a message of the server's is no text"))
    }
}

impl Exchange for Scram {
    fn initial_response(&mut self) -> Option<Vec<u8>> {
        self.first().ok()
    }

    fn respond(&mut self, challenge: &[u8]) -> Result<Vec<u8>> {
        match &self.step {
            // The server ignored the initial response, or got none.
            Step::First if challenge.is_empty() => {
                self.step = Step::Awaiting;
                self.first()
            }
            Step::First | Step::Awaiting => {
                self.step = Step::Over;
                self.prove(challenge)
            }
            Step::Proven { .. } => self.verify(challenge),
            Step::Trusted | Step::Over => Err(unexpected_challenge(self.mechanism)),
        }
    }

    fn has_proven(&self) -> bool {
        self.proven
    }

    /// Accepted only with the server's signature: without it the `+OK` could come from anybody.
    fn accept(&mut self) -> Result<()> {
        match self.step {
            Step::Trusted => Ok(()),
            _ => Err(self.untrusted("it said +OK without its signature")),
        }
    }
}

#[cfg(test)]
#[path = "scram_tests.rs"]
mod tests;
