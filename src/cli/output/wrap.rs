//! Wraps lines for a terminal, so that it does not break them in the middle of a word or of a figure.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

/// In front of every line but the first.
const INDENT: &str = "  ";

/// The text with line ends where it would not fit into `width` columns. A figure stays with its unit. What is longer
/// than a line is left to the terminal.
pub(super) fn wrap(text: &str, width: usize) -> Cow<'_, str> {
    if width <= INDENT.len() || text.lines().all(|line| line.width() <= width) {
        return Cow::Borrowed(text);
    }
    let lines: Vec<String> = text.lines().map(|line| wrap_line(line, width)).collect();
    Cow::Owned(lines.join("\n"))
}

fn wrap_line(line: &str, width: usize) -> String {
    let (mut wrapped, mut column) = (String::with_capacity(line.len() + 16), 0);
    for piece in pieces(line) {
        let needs = piece.trim_end().width();
        if column > 0 && column + needs > width {
            wrapped.truncate(wrapped.trim_end().len());
            wrapped.extend(["\n", INDENT]);
            column = INDENT.len();
        }
        wrapped.push_str(piece);
        column += piece.width();
    }
    wrapped
}

/// The parts of a line that stay together, each with the blank behind it.
fn pieces(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let breaks = |(at, _): &(usize, &str)| {
            !rest.as_bytes()[..*at].last().is_some_and(u8::is_ascii_digit) && !rest[..*at].trim().is_empty()
        };
        let end = rest.match_indices(' ').find(breaks).map_or(rest.len(), |(at, _)| at + 1);
        let (piece, left) = rest.split_at(end);
        rest = left;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_between_words_and_figures_keep_their_unit() {
        let text = "work: 12 messages fetched into the Maildir /home/me/Mail (3.2 MiB in 1.4 s), 5 deleted";
        assert_eq!(wrap(text, 100), text);
        assert_eq!(
            wrap(text, 62),
            "work: 12 messages fetched into the Maildir /home/me/Mail\n  (3.2 MiB in 1.4 s), 5 deleted"
        );
        assert_eq!(
            wrap(text, 40),
            "work: 12 messages fetched into the\n  Maildir /home/me/Mail (3.2 MiB in\n  1.4 s), 5 deleted"
        );
        for width in 20..100 {
            let wrapped = wrap(text, width);
            assert!(wrapped.lines().all(|line| line.width() <= width), "{width}: {wrapped}");
            assert_eq!(wrapped.replace("\n  ", " "), text);
        }
    }

    #[test]
    fn what_has_no_blank_is_left_alone() {
        let path = "x".repeat(90);
        assert_eq!(wrap(&path, 40), path);
        assert_eq!(wrap(&format!("a {path} b"), 40), format!("a\n  {path}\n  b"));
        assert_eq!(wrap("", 40), "");
        assert_eq!(wrap("a b", 0), "a b");
    }
}
