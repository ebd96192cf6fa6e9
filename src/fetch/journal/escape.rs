//! Escaping of the octets that a line of the journal cannot hold as they are: everything outside printable
//! ASCII, and `%`, is written `%XX`; within a place `|` too, since it stands between the place's parts.

use std::borrow::Cow;

use data_encoding::HEXLOWER;
use memchr::memchr_iter;
use percent_encoding::percent_decode;

/// What stands between the parts of a place.
pub(super) const SEPARATOR: u8 = b'|';

/// Appends those octets, escaped.
pub(super) fn escape(line: &mut Vec<u8>, bytes: &[u8]) {
    escape_but(line, bytes, |byte| byte != b'%');
}

/// The same for one part of a place.
pub(super) fn escape_part(line: &mut Vec<u8>, bytes: &[u8]) {
    escape_but(line, bytes, |byte| byte != b'%' && byte != SEPARATOR);
}

// By hand: journals have small digits, and percent-encoding writes capitals.
fn escape_but(line: &mut Vec<u8>, mut bytes: &[u8], is_plain: impl Fn(u8) -> bool) {
    let is_plain = |byte: u8| is_printable(byte) && is_plain(byte);
    while let Some(at) = bytes.iter().position(|byte| !is_plain(*byte)) {
        line.extend_from_slice(&bytes[..at]);
        let mut digits = [b'%'; 3];
        HEXLOWER.encode_mut(&bytes[at..=at], &mut digits[1..]);
        line.extend_from_slice(&digits);
        bytes = &bytes[at + 1..];
    }
    line.extend_from_slice(bytes);
}

/// The octets that were escaped; `None` where an escape is broken. Costs nothing where nothing is escaped.
pub(super) fn unescape(field: &[u8]) -> Option<Cow<'_, [u8]>> {
    let is_escape = |at: usize| {
        let digits = field.get(at + 1..at + 3);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    // The crate leaves a broken escape as it is.
    memchr_iter(b'%', field).all(is_escape).then(|| percent_decode(field).into())
}

/// Whether an octet may stand in a line: printable ASCII.
pub(super) fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

/// Whether all of these may. Looks at every octet, which is faster than to stop at one.
pub(super) fn are_printable(octets: &[u8]) -> bool {
    octets.iter().fold(true, |are, byte| are & is_printable(*byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_escape_that_is_cut_or_wrong_is_none() {
        for field in [&b"u%"[..], b"u%4", b"u%+1", b"%zz", b"%%41"] {
            assert_eq!(unescape(field), None, "{field:?}");
        }
        assert!(matches!(unescape(b"plain = 100"), Some(Cow::Borrowed(b"plain = 100"))));
    }

    proptest! {
        #[test]
        fn all_octets_come_back(bytes in any::<Vec<u8>>()) {
            for (write, separates) in [(escape as fn(&mut Vec<u8>, &[u8]), false), (escape_part, true)] {
                let mut line = Vec::new();
                write(&mut line, &bytes);
                prop_assert!(line.iter().all(|byte| is_printable(*byte)));
                prop_assert!(!separates || !line.contains(&SEPARATOR));
                prop_assert_eq!(unescape(&line).map(Cow::into_owned), Some(bytes.clone()));
            }
        }
    }
}
