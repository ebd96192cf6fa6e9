//! A pinned certificate: the SHA-256 of its DER form, as `openssl x509 -fingerprint -sha256` and
//! most mail programs show it.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::error::{Error, Kind};

/// The scheme before the digits, so that other digests may come later.
const SCHEME: &str = "sha256:";

/// The fingerprint of exactly one certificate.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pin([u8; 32]);

impl Pin {
    /// The pin of a certificate in DER form.
    pub fn of(certificate: &[u8]) -> Pin {
        Pin(Sha256::digest(certificate).into())
    }
}

impl fmt::Display for Pin {
    /// `sha256:` and 64 lower-case hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SCHEME)?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({self})")
    }
}

impl FromStr for Pin {
    type Err = Error;

    /// Reads `sha256:HEX`: 64 digits of either case, colons between them allowed; anything else is
    /// [`Kind::Usage`].
    fn from_str(text: &str) -> Result<Self, Error> {
        digits(text).map(Pin).ok_or_else(|| {
            Error::new(Kind::Usage, format!("could not understand the pin `{text}`"))
                .hint("a pin is sha256: and the 64 hexadecimal digits of the certificate's SHA-256")
        })
    }
}

fn digits(text: &str) -> Option<[u8; 32]> {
    let scheme = text.get(..SCHEME.len()).filter(|scheme| scheme.eq_ignore_ascii_case(SCHEME))?;
    let mut values = text[scheme.len()..].chars().filter(|&c| c != ':').map(|c| c.to_digit(16));
    let mut bytes = [0; 32];
    for byte in &mut bytes {
        let (high, low) = (values.next()??, values.next()??);
        *byte = u8::try_from(high << 4 | low).ok()?;
    }
    values.next().is_none().then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    // SHA-256 of "abc", FIPS 180-2 appendix B.1.
    const ABC: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn is_the_sha_256_of_the_certificate() {
        assert_eq!(Pin::of(b"abc").to_string(), ABC);
        assert_eq!(ABC.parse::<Pin>().unwrap(), Pin::of(b"abc"));
    }

    #[test]
    fn reads_colons_and_capitals_as_openssl_prints_them() {
        let hex = ABC.trim_start_matches(SCHEME).to_uppercase();
        let pairs: Vec<&str> = (0..32).map(|i| &hex[2 * i..2 * i + 2]).collect();
        let text = format!("SHA256:{}", pairs.join(":"));
        assert_eq!(text.parse::<Pin>().unwrap(), Pin::of(b"abc"));
    }

    #[test]
    fn refuses_what_is_no_pin() {
        let long = format!("{ABC}0");
        let foreign = ABC.replace("ba", "bä");
        for text in ["", "sha256:", "sha256", "sha1:00", &ABC[7..], &ABC[..70], &long, &foreign, "šha256:"] {
            assert_eq!(text.parse::<Pin>().unwrap_err().kind(), Kind::Usage, "{text}");
        }
    }
}
