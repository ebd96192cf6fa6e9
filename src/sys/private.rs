//! The file names for an account.

use sha2::{Digest, Sha256};

/// The longest file name for an account, in bytes; file systems allow 255.
const LONGEST_NAME: usize = 180;

/// An account's name as a file name: readable, unable to leave the folder, and unique for each account.
pub(crate) fn file_name(account: &str) -> String {
    let mut name = String::with_capacity(account.len());
    for (at, byte) in account.bytes().enumerate() {
        match byte {
            b'.' if at == 0 => name.push_str("%2E"),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b'@' | b'+' => {
                name.push(byte as char);
            }
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    if name.len() > LONGEST_NAME {
        name.truncate(LONGEST_NAME);
        let digest = Sha256::digest(account.as_bytes());
        name.extend(digest.iter().take(16).map(|byte| format!("{byte:02x}")));
    }
    name
}

/// The account's name of a file name. A name that [`file_name`] did not make, or has shortened, is returned
/// unchanged.
pub(crate) fn account_of(name: &str) -> String {
    decoded(name).filter(|account| file_name(account) == name).unwrap_or_else(|| name.to_owned())
}

fn decoded(name: &str) -> Option<String> {
    let mut parts = name.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).ok()
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
