//! Pins: digests by which a server is trusted, whatever the issuer and the names of its certificate. A pin is
//! either of one certificate, as shown by `openssl x509 -fingerprint -sha256` and most mail programs, or of
//! its public key (RFC 7469 section 2.4), which also matches renewed certificates with that key.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use sha2::{Digest, Sha256};

use crate::advice::Tls;
use crate::error::{Error, Kind};
use crate::quote;

/// The prefix for the digest of a certificate.
const CERTIFICATE: &str = "sha256:";
/// The prefix for the digest of a public key.
const KEY: &str = "spki-sha256:";
/// The prefix for the digest of a public key in base64, as in curl.
const CURLS_KEY: &str = "sha256//";

/// The SHA-256 of a certificate, or of a public key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pin {
    /// Of the DER form of exactly one certificate.
    Certificate([u8; 32]),
    /// Of the DER form of a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
    Key([u8; 32]),
}

impl Pin {
    /// The pin of a certificate in DER form.
    pub fn of_certificate(certificate: &[u8]) -> Pin {
        Pin::Certificate(Sha256::digest(certificate).into())
    }

    /// The pin of a SubjectPublicKeyInfo in DER form.
    pub fn of_key(key: &[u8]) -> Pin {
        Pin::Key(Sha256::digest(key).into())
    }

    /// Whether it is the pin of a public key, which also matches renewed certificates.
    pub fn is_of_a_key(&self) -> bool {
        matches!(self, Pin::Key(_))
    }
}

impl fmt::Display for Pin {
    /// `sha256:` or `spki-sha256:`, and 64 lower-case hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, digest) = match self {
            Pin::Certificate(digest) => (CERTIFICATE, digest),
            Pin::Key(digest) => (KEY, digest),
        };
        f.write_str(scheme)?;
        write!(f, "{}", HEXLOWER.encode_display(digest))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({self})")
    }
}

impl FromStr for Pin {
    type Err = Error;

    /// Reads `sha256:HEX` and `spki-sha256:HEX`, 64 digits of either case, colons between them allowed; also
    /// curl's `sha256//BASE64`, which is a pin of the public key. Anything else is [`Kind::Usage`].
    fn from_str(text: &str) -> Result<Self, Error> {
        read(text).ok_or_else(|| {
            Error::new(Kind::Usage, format!("could not understand the pin `{}`", quote::short(text)))
                .advise(Tls::WritePin)
        })
    }
}

fn read(text: &str) -> Option<Pin> {
    if let Some(base64) = after_scheme(CURLS_KEY, text) {
        let digest = STANDARD.decode(base64).ok()?;
        return Some(Pin::Key(digest.try_into().ok()?));
    }
    match after_scheme(KEY, text) {
        Some(hex) => digits(hex).map(Pin::Key),
        None => after_scheme(CERTIFICATE, text).and_then(digits).map(Pin::Certificate),
    }
}

fn after_scheme<'a>(scheme: &str, text: &'a str) -> Option<&'a str> {
    let found = text.get(..scheme.len()).filter(|found| found.eq_ignore_ascii_case(scheme))?;
    Some(&text[found.len()..])
}

fn digits(hex: &str) -> Option<[u8; 32]> {
    HEXLOWER_PERMISSIVE.decode(hex.replace(':', "").as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    // SHA-256 of "abc", FIPS 180-2 appendix B.1.
    const ABC: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn is_the_sha_256_of_the_certificate() {
        assert_eq!(Pin::of_certificate(b"abc").to_string(), ABC);
        assert_eq!(ABC.parse::<Pin>().unwrap(), Pin::of_certificate(b"abc"));
    }

    #[test]
    fn reads_colons_and_capitals_as_openssl_prints_them() {
        let hex = ABC.trim_start_matches(CERTIFICATE).to_uppercase();
        let pairs: Vec<&str> = (0..32).map(|i| &hex[2 * i..2 * i + 2]).collect();
        let text = format!("SHA256:{}", pairs.join(":"));
        assert_eq!(text.parse::<Pin>().unwrap(), Pin::of_certificate(b"abc"));
        assert_eq!(format!("SPKI-{text}").parse::<Pin>().unwrap(), Pin::of_key(b"abc"));
    }

    #[test]
    fn a_pin_of_a_key_is_another_than_that_of_a_certificate_and_reads_back_as_it_is_shown() {
        let pin = Pin::of_key(b"abc");
        assert_eq!(pin.to_string(), format!("spki-{ABC}"));
        assert_eq!(pin.to_string().parse::<Pin>().unwrap(), pin);
        assert!(
            pin != Pin::of_certificate(b"abc")
                && pin.is_of_a_key()
                && !Pin::of_certificate(b"abc").is_of_a_key()
        );
    }

    #[test]
    fn curls_form_is_a_pin_of_the_key() {
        let curls = "sha256//ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
        assert_eq!(curls.parse::<Pin>().unwrap(), Pin::of_key(b"abc"));
    }

    #[test]
    fn refuses_what_is_no_pin() {
        let long = format!("{ABC}0");
        let foreign = ABC.replace("ba", "bä");
        let spki = format!("spki:{}", &ABC[7..]);
        for text in [
            "",
            "sha256:",
            "sha256",
            "sha1:00",
            &ABC[7..],
            &ABC[..70],
            &long,
            &foreign,
            "šha256:",
            "spki-sha256:",
            &spki,
            "sha256//",
            "sha256//ungWv48=",
            "sha256//ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0",
        ] {
            assert_eq!(text.parse::<Pin>().unwrap_err().kind(), Kind::Usage, "{text}");
        }
    }
}
