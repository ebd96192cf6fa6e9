//! What QUIT would delete: what is known to be marked, and whether there may be more.

use std::collections::BTreeSet;

use crate::cli::output::human;

/// The deletions that the server may have marked in this session.
#[derive(Debug, Default)]
pub(super) struct Marks {
    numbers: BTreeSet<u32>,
    /// Whether a `raw DELE` named something else than one number: which messages it marked is not known.
    has_unnumbered: bool,
    /// Whether a DELE, or a line that could mark, was sent since the last RSET.
    may_exist: bool,
}

impl Marks {
    /// A command that may mark is about to be sent; even one that is refused may.
    pub(super) fn may_come(&mut self) {
        self.may_exist = true;
    }

    pub(super) fn add(&mut self, number: u32) {
        self.may_exist = true;
        self.numbers.insert(number);
    }

    /// The server took a line that was typed as it stands.
    pub(super) fn took(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some((verb, arguments)) = words.split_first() else { return };
        if verb.eq_ignore_ascii_case("DELE") {
            match arguments {
                [number] if number.parse::<u32>().is_ok() => self.numbers.extend(number.parse::<u32>()),
                _ => self.has_unnumbered = true,
            }
        } else if verb.eq_ignore_ascii_case("RSET") {
            // What a server makes of an argument is not known.
            *self = Marks { may_exist: !arguments.is_empty(), ..Marks::default() };
        }
    }

    /// RSET was answered with `+OK`.
    pub(super) fn clear(&mut self) {
        *self = Marks::default();
    }

    /// Whether QUIT without RSET before it could delete something.
    pub(super) fn may_exist(&self) -> bool {
        self.may_exist
    }

    /// Whether something is known to be marked.
    pub(super) fn are_known(&self) -> bool {
        self.has_unnumbered || !self.numbers.is_empty()
    }

    /// What is known to be marked: `2 messages`.
    pub(super) fn named(&self) -> String {
        let messages = human::count(self.numbers.len() as u64, "message");
        match (self.numbers.is_empty(), self.has_unnumbered) {
            (true, true) => "what raw DELE marked".to_owned(),
            (false, true) => format!("{messages} and what raw DELE marked"),
            (_, false) => messages,
        }
    }

    /// That it stays: `the 2 messages that were marked stay`.
    pub(super) fn stay(&self) -> String {
        match self.numbers.len() {
            _ if self.has_unnumbered => "what was marked stays".to_owned(),
            1 => "the message that was marked stays".to_owned(),
            several => format!("the {several} messages that were marked stay"),
        }
    }

    /// That RSET has taken it back.
    pub(super) fn taken_back(&self) -> String {
        match self.numbers.len() {
            _ if self.has_unnumbered => "all marks are taken back".to_owned(),
            0 => "nothing was marked".to_owned(),
            1 => "the mark is taken back".to_owned(),
            several => format!("{several} marks are taken back"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_rset_as_it_should_be_shows_that_nothing_can_be_marked() {
        for (line, named, may_exist) in [
            ("DELE 3", "2 messages", true),
            ("dele  1", "1 message", true),
            ("Dele 3 x", "1 message and what raw DELE marked", true),
            ("DELE", "1 message and what raw DELE marked", true),
            ("NOOP", "1 message", true),
            ("rset", "0 messages", false),
            ("RSET x", "0 messages", true),
        ] {
            let mut marks = Marks::default();
            marks.add(1);
            marks.took(line);
            assert_eq!((marks.named().as_str(), marks.may_exist()), (named, may_exist), "{line}");
        }
    }
}
