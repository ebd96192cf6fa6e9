//! The digest of APOP (RFC 1939 section 7). Whether a greeting bears a timestamp, and one that may
//! be believed, is decided by `protocol`.

use data_encoding::HEXLOWER;
use md5::{Digest, Md5};

/// The MD5 of the greeting's `timestamp` (with its `<` and `>`) and the password: 32 lower-case
/// hexadecimal digits.
pub fn apop_digest(timestamp: &[u8], password: &[u8]) -> String {
    HEXLOWER.encode(&Md5::new().chain_update(timestamp).chain_update(password).finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_example_of_rfc_1939_section_7() {
        let digest = apop_digest(b"<1896.697170952@dbc.mtview.ca.us>", b"tanstaaf");
        assert_eq!(digest, "c4c9334bac560ecc979e58001b3e22fb");
    }
}
