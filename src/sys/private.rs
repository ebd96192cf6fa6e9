//! The file names for an account.

use std::borrow::Cow;

use data_encoding::HEXLOWER;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

/// What is escaped in a file name, besides a dot at its front.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'_').remove(b'-').remove(b'@').remove(b'+');

/// The longest file name for an account, in bytes; file systems allow 255.
const LONGEST_NAME: usize = 180;

/// An account's name as a file name: readable, unable to leave the folder, and unique for each account.
pub(crate) fn file_name(account: &str) -> String {
    let (dot, rest) = account.strip_prefix('.').map_or(("", account), |rest| ("%2E", rest));
    let mut name = format!("{dot}{}", utf8_percent_encode(rest, ESCAPED));
    if name.len() > LONGEST_NAME {
        name.truncate(LONGEST_NAME);
        let digest = Sha256::digest(account.as_bytes());
        HEXLOWER.encode_append(&digest[..16], &mut name);
    }
    name
}

/// The account's name of a file name. A name that [`file_name`] did not make, or has shortened, is returned
/// unchanged.
pub(crate) fn account_of(name: &str) -> String {
    let decoded = percent_decode_str(name).decode_utf8().ok();
    decoded.filter(|account| file_name(account) == name).map_or_else(|| name.to_owned(), Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_names_stay_in_the_folder_and_are_unique() {
        assert_eq!(file_name("../../etc/passwd"), "%2E.%2F..%2Fetc%2Fpasswd");
        assert_eq!(file_name("me@h/run\0ü"), "me@h%2Frun%00%C3%BC");
        assert_ne!(file_name("a/b"), file_name("a%2Fb"));
        let long = |last: &str| file_name(&format!("{}{last}", "ü".repeat(300)));
        assert!(long("a").len() < 240);
        assert_ne!(long("a"), long("b"));
        for name in ["work", "../../etc/passwd", "me@h/run\0ü", "a%2Fb", ".x", "100%"] {
            assert_eq!(account_of(&file_name(name)), name);
        }
        for name in ["a%", "a%2", "a%zz", "a%2fb", "%FF", "ü%2", &long("a")] {
            assert_eq!(account_of(name), name, "not of our making");
        }
    }
}
