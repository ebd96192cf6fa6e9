//! Texts that are shorter than declared, with a proper end: the server may have cut them. Each is asked for
//! again, and counts when the same octets come twice; one that comes otherwise each time never does.

use std::collections::HashMap;

use super::arrival::Arrival;
use super::blame::{ENOUGH, Sizes};
use crate::identity::Identity;

/// How often a message is asked for again because its text was shorter than declared.
const MOST_REPEATS: u32 = 2;

/// What is to be done with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It is taken for what it is.
    Take,
    /// The message is to be asked for once more.
    AskAgain,
    /// It came otherwise each time.
    Refuse,
}

/// The texts of a session that were shorter than declared.
#[derive(Debug, Default)]
pub(super) struct ShortTexts {
    /// How often each came, and what came last: its octets, and its identity.
    came: HashMap<u32, (u32, (u64, Option<Identity>))>,
    /// Those that came since the last proof.
    since_proof: Vec<u32>,
}

impl ShortTexts {
    /// Judges a text. Where nothing is known of the server's sizes yet, the first few that do not fit are doubted.
    pub(super) fn judge(&mut self, number: u32, declared: u64, arrival: &Arrival, sizes: Sizes) -> Judgement {
        let is_known = self.came.contains_key(&number);
        let is_doubtful = sizes.are_right() || sizes.are_unknown() && self.came.len() < ENOUGH as usize;
        if arrival.bytes >= declared || !is_known && !is_doubtful {
            return Judgement::Take;
        }
        let now = (arrival.bytes, arrival.identity);
        let times = match self.came.get(&number) {
            Some((_, last)) if *last == now => return Judgement::Take,
            Some((times, _)) if *times >= MOST_REPEATS => return Judgement::Refuse,
            Some((times, _)) => *times,
            None => 0,
        };
        self.came.insert(number, (times + 1, now));
        self.since_proof.push(number);
        Judgement::AskAgain
    }

    /// Those that came since the last proof, in their order.
    pub(super) fn since_proof(&self) -> &[u32] {
        &self.since_proof
    }

    /// Everything that came so far was the answer to what was asked.
    pub(super) fn proven(&mut self) {
        self.since_proof.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: u64) -> Arrival {
        let mut text = Arrival::nothing();
        text.bytes = bytes;
        text
    }

    #[test]
    fn a_text_counts_when_it_comes_twice_and_never_when_it_comes_otherwise_each_time() {
        let right = Sizes::learned(Some(true));
        let mut short = ShortTexts::default();
        assert_eq!(short.judge(1, 100, &text(100), right), Judgement::Take);
        assert_eq!(short.judge(2, 100, &text(90), right), Judgement::AskAgain);
        assert_eq!(short.judge(2, 100, &text(90), right), Judgement::Take);
        assert_eq!(short.judge(3, 100, &text(90), right), Judgement::AskAgain);
        assert_eq!(short.judge(3, 100, &text(80), right), Judgement::AskAgain);
        assert_eq!(short.judge(3, 100, &text(70), right), Judgement::Refuse);
        assert_eq!(short.judge(4, 100, &text(90), right), Judgement::AskAgain);
        assert_eq!(short.judge(4, 100, &text(100), right), Judgement::Take, "now it is whole");
        assert_eq!(short.since_proof(), [2, 3, 3, 4]);
    }

    #[test]
    fn where_sizes_are_known_to_be_wrong_a_short_text_is_no_sign_of_anything() {
        let mut short = ShortTexts::default();
        assert_eq!(short.judge(1, 100, &text(90), Sizes::learned(Some(false))), Judgement::Take);
        for number in 1..=3 {
            assert_eq!(short.judge(number, 100, &text(90), Sizes::default()), Judgement::AskAgain);
        }
        assert_eq!(short.judge(4, 100, &text(90), Sizes::default()), Judgement::Take, "they all are");
        assert_eq!(short.judge(1, 100, &text(90), Sizes::default()), Judgement::Take, "it came twice");
    }
}
