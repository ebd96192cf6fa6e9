//! Text of others in an error: a value that the user wrote, a name, a path. It is cut after a few dozen characters,
//! since a value may have a million, and what could move the cursor of a terminal or change the order of reading is
//! shown escaped, in a pipe too, since an error ends up in a terminal or a log sooner or later.

use std::fmt::Write as _;

/// The most characters of a text that are shown.
const MOST: usize = 120;

/// No path is longer (PATH_MAX).
const LONGEST_PATH: usize = 4095;

/// The text, fit to be a part of an error. The caller puts it between the quotes of its sentence. Quotes and
/// backslashes stay as they are: the result is for reading, not for decoding.
#[must_use]
pub fn short(text: &str) -> String {
    cut(text, MOST)
}

/// The same for a path, which is of no use without its end: only what no system takes for one is cut.
#[must_use]
pub fn path(path: &str) -> String {
    cut(path, if path.len() <= LONGEST_PATH { LONGEST_PATH } else { MOST })
}

fn cut(text: &str, most: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(most) + 24);
    let mut one = String::new();
    for c in text.chars().take(most) {
        match c {
            ' '..='~' => shown.push(c),
            // At the beginning of a text accents would be escaped as well, which belong to the letter before.
            _ => {
                one.clear();
                one.extend(['a', c]);
                shown.extend(one.escape_debug().skip(1));
            }
        }
    }
    let all = text.chars().count();
    if all > most {
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
        for text in [
            "",
            "हिन्दी",
            "Mu\u{308}ller",
            "me@example.org",
            "CORP\\tim",
            "it's \"fine\"",
            "Jürgen 世界",
            &"ü".repeat(MOST),
        ] {
            assert_eq!(short(text), text);
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_its_length_told() {
        let shown = short(&"ü".repeat(1_000_000));
        assert_eq!(shown, format!("{}… (1000000 characters)", "ü".repeat(MOST)));
    }

    #[test]
    fn a_path_is_shown_to_its_end() {
        let long = format!("/{}/end.toml", "x".repeat(1000));
        assert_eq!(path(&long), long);
        assert!(path(&"x".repeat(5000)).chars().count() < 2 * MOST);
    }

    #[test]
    fn what_controls_a_terminal_or_reorders_text_is_escaped() {
        assert_eq!(short("a\0\x1b[2J\n\u{9b}\u{202e}b"), "a\\0\\u{1b}[2J\\n\\u{9b}\\u{202e}b");
    }
}
