//! Text of others in an error: a value that the user wrote, a name, a path. It is cut after a few dozen characters,
//! since a value may have a million, and what could move the cursor of a terminal or change the order of reading is
//! shown escaped, in a pipe too, since an error ends up in a terminal or a log sooner or later.

use std::fmt::Write as _;

/// The most characters of a text that are shown.
const MOST: usize = 120;

/// The text, fit to be a part of an error. The caller puts it between the quotes of its sentence. Quotes and
/// backslashes stay as they are: the result is for reading, not for decoding.
#[must_use]
pub fn short(text: &str) -> String {
    let mut shown = String::with_capacity(text.len().min(MOST) + 24);
    for c in text.chars().take(MOST) {
        match c {
            '\'' | '"' | '\\' => shown.push(c),
            _ => shown.extend(c.escape_debug()),
        }
    }
    let all = text.chars().count();
    if all > MOST {
        // Writing to a String cannot fail.
        let _ = write!(shown, "… ({all} characters)");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_harmless_text_stays_as_it_is() {
        for text in ["", "me@example.org", "CORP\\tim", "it's \"fine\"", "Jürgen 世界", &"ü".repeat(MOST)]
        {
            assert_eq!(short(text), text);
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_its_length_told() {
        let shown = short(&"ü".repeat(1_000_000));
        assert_eq!(shown, format!("{}… (1000000 characters)", "ü".repeat(MOST)));
    }

    #[test]
    fn what_controls_a_terminal_or_reorders_text_is_escaped() {
        assert_eq!(short("a\0\x1b[2J\n\u{9b}\u{202e}b"), "a\\0\\u{1b}[2J\\n\\u{9b}\\u{202e}b");
    }
}
