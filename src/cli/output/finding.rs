//! A finding of `pop3 check` as it is printed: a verdict in its colour, what it is about, and sentences in a column of
//! their own, wrapped between words on a terminal. In a pipe the columns are tabs, and nothing is wrapped.

use std::borrow::Cow;
use std::io;

use clap::builder::styling::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use super::{BAD, GOOD, Output, STRONG, paint, sanitize};

/// The first column and the second.
const VERDICT: usize = "warning".len() + 2;
const ABOUT: usize = "capabilities".len() + 2;

/// On a narrower terminal the sentences begin below the verdict.
const NARROW: usize = VERDICT + ABOUT + 25;
const NARROW_COLUMN: usize = 2;

/// How good a verdict is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Note,
    Warning,
    Bad,
}

impl Tone {
    const fn style(self) -> Style {
        match self {
            Tone::Good => AnsiColor::Green.on_default(),
            Tone::Note => GOOD,
            Tone::Warning => AnsiColor::Yellow.on_default().bold(),
            Tone::Bad => BAD,
        }
    }
}

impl Output {
    /// A heading over what follows. Fails when stdout does.
    pub(crate) fn headline(&self, text: &str) -> io::Result<()> {
        if !self.ends.out_is_terminal {
            return self.put(&[text.as_bytes(), b"\n"]);
        }
        let title = paint(STRONG, &sanitize::line(text.as_bytes()), self.ends.out_has_color);
        self.put(&[title.as_bytes(), b"\n"])
    }

    /// A verdict with its sentences, each of which begins on a line of its own. Fails when stdout does.
    pub(crate) fn finding(
        &self,
        tone: Tone,
        verdict: &str,
        about: &str,
        sentences: &[String],
    ) -> io::Result<()> {
        let colored = paint(tone.style(), verdict, self.ends.out_has_color);
        if !self.ends.out_is_terminal {
            let mut head = format!("{colored}\t{about}");
            for sentence in sentences {
                self.put(&[head.as_bytes(), b"\t", sentence.as_bytes(), b"\n"])?;
                head = "\t".to_owned();
            }
            return Ok(());
        }
        let blanks = " ".repeat(VERDICT.saturating_sub(verdict.len()));
        let head = format!("{colored}{blanks}{about:ABOUT$}");
        let column = if self.width() < NARROW { NARROW_COLUMN } else { VERDICT + ABOUT };
        let sentences: Vec<_> = sentences.iter().map(|text| sanitize::line(text.as_bytes())).collect();
        for line in laid_out(&head, &sentences, column, self.width()) {
            self.put(&[line.as_bytes(), b"\n"])?;
        }
        Ok(())
    }
}

/// The lines of a finding: the sentences in their column, the first of them beside the head if that is not wider than
/// the column.
fn laid_out(head: &str, sentences: &[Cow<'_, str>], column: usize, width: usize) -> Vec<String> {
    let room = width.saturating_sub(column).max(1);
    let mut lines = Vec::new();
    let mut head = Some(head);
    for text in sentences.iter().flat_map(|text| wrapped(text, room)) {
        // What is wider than the column stands further to the left, whole, so that it can be copied.
        let indent = column.min(width.saturating_sub(text.width()));
        match head.take() {
            Some(head) if indent == VERDICT + ABOUT => lines.push(format!("{head}{text}")),
            other => {
                lines.extend(other.map(|head| head.trim_end().to_owned()));
                lines.push(format!("{:indent$}{text}", ""));
            }
        }
    }
    lines
}

/// Splits a text between its words into lines that are no wider than `room`, if no word is.
fn wrapped(text: &str, room: usize) -> Vec<&str> {
    let mut lines = Vec::new();
    let (mut start, mut end, mut at) = (0, 0, 0);
    for word in text.split(' ') {
        let behind = at + word.len();
        if !word.is_empty() {
            if end > start && text[start..behind].width() > room {
                lines.push(&text[start..end]);
                start = at;
            }
            end = behind;
        }
        at = behind + 1;
    }
    lines.push(&text[start..end]);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, width: usize) -> Vec<String> {
        let column = if width < NARROW { NARROW_COLUMN } else { VERDICT + ABOUT };
        laid_out(&format!("{:VERDICT$}{:ABOUT$}", "ok", "pin"), &[text.into()], column, width)
    }

    #[test]
    fn words_are_wrapped_under_their_column_and_never_within_a_word() {
        let blanks = " ".repeat(VERDICT + ABOUT);
        assert_eq!(lines("one", 60), ["ok       pin           one"]);
        let told = lines("a certificate that is valid until the end of the year", 60);
        assert_eq!(told[1], format!("{blanks}end of the year"));
        assert!(told.iter().all(|line| line.width() <= 60), "{told:?}");
        // Wide characters take two columns.
        assert_eq!(lines(&"漢字 ".repeat(10), 60).len(), 2);
        assert_eq!(wrapped("names:  a b", 9), ["names:  a", "b"], "blanks between words stay");
        assert_eq!(wrapped("", 9), [""]);
    }

    #[test]
    fn what_is_wider_than_the_column_stands_whole_and_further_to_the_left() {
        let pin = format!("sha256:{}", "0".repeat(64));
        assert_eq!(lines(&format!("--pin {pin}"), 100), [format!("ok       pin           --pin {pin}")]);
        let told = lines(&format!("--pin {pin} copies"), 80);
        let blanks = " ".repeat(VERDICT + ABOUT);
        assert_eq!(
            told,
            ["ok       pin           --pin", &format!("{:9}{pin}", ""), &format!("{blanks}copies")]
        );
        // Wider than the terminal: that wraps it.
        assert_eq!(lines(&pin, 60), ["ok       pin".to_owned(), pin]);
    }

    #[test]
    fn a_narrow_terminal_has_the_sentences_below() {
        assert_eq!(lines("one two", 40), ["ok       pin", "  one two"]);
    }
}
