//! The host name, and the ID of the current boot.

use std::fs;
use std::sync::LazyLock;

/// The host name, usable in a file name: `/` and `:` are replaced by their octal form, as Maildir requires.
pub fn name() -> &'static str {
    static NAME: LazyLock<String> =
        LazyLock::new(|| file_name(&rustix::system::uname().nodename().to_string_lossy()));
    &NAME
}

fn file_name(name: &str) -> String {
    let safe: String = name
        .chars()
        .map(|character| match character {
            '/' => "\\057".to_owned(),
            ':' => "\\072".to_owned(),
            other if other.is_ascii_graphic() => other.to_string(),
            _ => "_".to_owned(),
        })
        .collect();
    if safe.is_empty() { "localhost".to_owned() } else { safe }
}

/// Identifies the current boot of this machine; `None` if the kernel does not provide it. Containers share
/// the ID of their host's kernel.
pub fn boot_id() -> Option<&'static str> {
    static BOOT_ID: LazyLock<Option<String>> = LazyLock::new(|| {
        let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let id = text.trim();
        let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        is_id.then(|| id.to_owned())
    });
    BOOT_ID.as_deref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_fits_into_a_file_name() {
        assert!(!name().is_empty() && !name().contains(['/', ':', '\n', ' ']));
        let cases = [("mail", "mail"), ("a/b:c", "a\\057b\\072c"), ("ü x", "__x"), ("", "localhost")];
        for (name, expected) in cases {
            assert_eq!(file_name(name), expected, "{name:?}");
        }
    }

    #[test]
    fn the_boot_has_an_id_that_stays() {
        let id = boot_id().expect("Linux tells it");
        assert!(id.len() >= 32, "{id}");
        assert_eq!(boot_id(), Some(id));
    }
}
