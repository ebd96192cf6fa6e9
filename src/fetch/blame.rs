//! When a session breaks among messages that have no proof yet: which of them are whole all the same, and
//! which one broke it. Pure: what came and what was asked come in.

use super::round::Fact;
use crate::error::Kind;

/// How well the octets that the server declares agree with those that come.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sizes {
    /// What earlier runs found, if they did.
    pub(super) learned: Option<bool>,
    right: u32,
    wrong: u32,
}

/// After so many messages it is known whether sizes are right.
pub(super) const ENOUGH: u32 = 3;

impl Sizes {
    pub(super) fn learned(learned: Option<bool>) -> Self {
        Sizes { learned, ..Sizes::default() }
    }

    /// Counts a message that is proven to be whole.
    pub(super) fn note(&mut self, fits: Option<bool>) {
        match fits {
            Some(true) => self.right += 1,
            Some(false) => self.wrong += 1,
            None => {}
        }
    }

    /// Whether they have always been right.
    pub(super) fn are_right(&self) -> bool {
        self.wrong == 0 && (self.right > 0 || self.learned == Some(true))
    }

    /// Whether nothing speaks for them or against them yet.
    pub(super) fn are_unknown(&self) -> bool {
        self.right == 0 && self.wrong == 0 && self.learned.is_none()
    }

    /// Whether they are known to be wrong, so that a text of other octets tells nothing.
    pub(super) fn are_wrong(&self) -> bool {
        self.right == 0 && (self.wrong >= ENOUGH || self.wrong == 0 && self.learned == Some(false))
    }

    /// What is worth remembering.
    pub(super) fn verdict(&self) -> Option<bool> {
        match (self.right, self.wrong) {
            (0, 0) => None,
            (_, 0) => Some(true),
            (0, wrong) if wrong < ENOUGH => None,
            _ => Some(false),
        }
    }
}

/// What was going on when the session broke.
pub(super) struct Break<'f, 'a> {
    /// Messages whose text was shorter than declared, where that means something, since the last proof.
    pub(super) shorter: &'f [u32],
    /// The message that was refused last, since the last proof.
    pub(super) refused: Option<u32>,
    /// The messages without a proof, in the order in which they came, and how many of them came before an
    /// answer that did not fit.
    pub(super) unproven: Vec<&'f Fact<'a>>,
    pub(super) sure: usize,
    /// The message that was coming in, with its declared octets, and whether its answer had begun.
    pub(super) incoming: Option<(u32, Option<u64>)>,
    pub(super) has_begun: bool,
    /// Whether commands had been sent ahead.
    pub(super) was_ahead: bool,
    /// How it broke.
    pub(super) kind: Kind,
    pub(super) sizes: Sizes,
}

impl Break<'_, '_> {
    /// The positions of those that are whole by themselves: a text of just the declared octets, as long as
    /// every answer before it fitted. With commands ahead the server may have lost one, and each answer since
    /// be the one to the next: then no message asked for later may have the same octets. `is_asked` says
    /// whether one may have them that is still on its way, or was answered and is not among the unproven.
    pub(super) fn whole(&self, is_asked: impl Fn(u64) -> bool) -> Vec<usize> {
        let mut whole = Vec::new();
        for (position, fact) in self.unproven.iter().enumerate().take(self.sure) {
            let Some(octets) = fact.octets.filter(|_| fact.is_whole_by_itself()) else { break };
            // One whose octets are not known may have any.
            let may_have = |declared: Option<u64>| declared.is_none_or(|declared| declared == octets);
            let is_later = || {
                self.unproven[position + 1..].iter().any(|later| may_have(later.octets))
                    || self.incoming.is_some_and(|(_, incoming)| may_have(incoming))
                    || is_asked(octets)
            };
            if !self.was_ahead || !is_later() {
                whole.push(position);
            }
        }
        whole
    }

    /// The message that broke the session, where that is certain enough. Where it is not, the next session
    /// goes one message at a time and will know.
    pub(super) fn culprit(&self) -> Option<u32> {
        // In lock-step a refusal is followed by a question: the server ended the session with it.
        if let (Some(refused), None, false) = (self.refused, self.incoming, self.was_ahead) {
            return Some(refused);
        }
        let count = |fits| self.unproven.iter().filter(|fact| fact.fits() == Some(fits)).count();
        let (right, wrong) = (count(true), count(false) + self.shorter.len());
        let tell_sizes = self.sizes.are_right() || !self.sizes.are_wrong() && right > wrong;
        if let Some(shorter) = self.shorter.first() {
            // In lock-step each is followed by a question.
            return (tell_sizes || !self.was_ahead).then_some(*shorter);
        }
        let misfit = self.unproven.iter().find(|fact| fact.fits() == Some(false));
        if let Some(misfit) = misfit.filter(|_| tell_sizes) {
            return Some(misfit.number);
        }
        let incoming = self.incoming.map(|(number, _)| number);
        if incoming.is_none() && self.unproven.len() == 1 {
            // Nothing else came. One of just the declared octets is whole, whatever came behind it.
            return self.unproven.first().filter(|fact| fact.fits() != Some(true)).map(|fact| fact.number);
        }
        if self.kind == Kind::Protocol {
            // What came was no reply, or not the one to the question: a text before it ended early.
            return incoming.filter(|_| !self.was_ahead);
        }
        let has_fitted = self.unproven.iter().all(|fact| fact.fits() == Some(true));
        let is_clear = !self.was_ahead || self.has_begun && has_fitted && self.sure == self.unproven.len();
        incoming.filter(|_| is_clear)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    fn fact(number: u32, declared: u64, bytes: u64) -> Fact<'static> {
        Fact {
            number,
            unique_id: Cow::Borrowed(b"u"),
            octets: (declared > 0).then_some(declared),
            bytes,
            identity: None,
            then_delete: true,
            is_proven: true,
            again: None,
            may_be_known: false,
            from: None,
            subject: None,
        }
    }

    fn break_at<'f, 'a>(came: &'f [Fact<'a>], incoming: Option<(u32, u64)>, kind: Kind) -> Break<'f, 'a> {
        Break {
            shorter: &[],
            refused: None,
            unproven: came.iter().collect(),
            sure: came.len(),
            incoming: incoming.map(|(number, octets)| (number, (octets > 0).then_some(octets))),
            has_begun: true,
            was_ahead: true,
            kind,
            sizes: Sizes::default(),
        }
    }

    #[test]
    fn with_commands_ahead_only_a_size_of_its_own_proves_a_message() {
        let came = [fact(1, 10, 10), fact(2, 20, 20), fact(3, 10, 10), fact(4, 40, 40), fact(5, 50, 50)];
        let lost = break_at(&came, Some((6, 40)), Kind::ConnectionLost);
        assert_eq!(lost.whole(|octets| octets == 50), [1, 2], "1 is like 3, 4 like 6, 5 like one asked for");
        let lock_step = Break { was_ahead: false, ..break_at(&came, Some((6, 40)), Kind::ConnectionLost) };
        assert_eq!(lock_step.whole(|_| true), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn nothing_behind_an_answer_that_did_not_fit_is_whole_by_itself() {
        let came = [fact(1, 10, 10), fact(2, 20, 19), fact(3, 30, 30)];
        assert_eq!(break_at(&came, None, Kind::ConnectionLost).whole(|_| false), [0]);
        let came = [fact(1, 10, 10), fact(3, 30, 30)];
        let refused = Break { sure: 1, ..break_at(&came, None, Kind::ConnectionLost) };
        assert_eq!(refused.whole(|_| false), [0], "2 was refused, perhaps by a stray answer");
        let came = [fact(1, 10, 10), fact(2, 0, 30)];
        assert!(
            break_at(&came, None, Kind::ConnectionLost).whole(|_| false).is_empty(),
            "2 may have 10 octets"
        );
        let none = [Fact { octets: Some(0), ..fact(1, 0, 0) }];
        assert!(break_at(&none, None, Kind::ConnectionLost).whole(|_| false).is_empty(), "an empty text");
        assert!(break_at(&[fact(1, 0, 10)], None, Kind::ConnectionLost).whole(|_| false).is_empty());
    }

    #[test]
    fn the_culprit_is_named_where_it_is_certain() {
        let fits = [fact(1, 10, 10), fact(2, 20, 20)];
        let misfit = [fact(1, 10, 10), fact(2, 20, 9), fact(3, 30, 30)];
        let unknown = [fact(1, 0, 10), fact(2, 0, 20)];
        let cut = Kind::ConnectionLost;
        assert_eq!(break_at(&fits, Some((3, 30)), cut).culprit(), Some(3));
        assert_eq!(break_at(&misfit, Some((4, 30)), cut).culprit(), Some(2), "its octets do not fit");
        assert_eq!(break_at(&misfit, Some((4, 30)), Kind::Protocol).culprit(), Some(2));
        assert_eq!(break_at(&unknown, Some((3, 0)), cut).culprit(), None);
        assert_eq!(break_at(&fits, Some((3, 30)), Kind::Protocol).culprit(), None);
        let begun = Break { has_begun: false, ..break_at(&[], Some((1, 30)), cut) };
        assert_eq!(begun.culprit(), None, "perhaps it is the commands ahead");
        let lock_step = Break { was_ahead: false, has_begun: false, ..break_at(&[], Some((1, 30)), cut) };
        assert_eq!(lock_step.culprit(), Some(1));
        assert_eq!(break_at(&misfit[1..2], None, Kind::Protocol).culprit(), Some(2), "nothing else came");
        assert_eq!(break_at(&fits[..1], None, Kind::Protocol).culprit(), None, "it is whole all the same");
        let shorter = Break { shorter: &[7], ..break_at(&fits, Some((3, 30)), cut) };
        assert_eq!(shorter.culprit(), Some(7));
        let unclear = Break { shorter: &[7, 8], ..break_at(&fits, Some((3, 30)), cut) };
        assert_eq!(unclear.culprit(), None, "perhaps the server's sizes are wrong");
        let refused = Break { refused: Some(8), was_ahead: false, ..break_at(&[], None, cut) };
        assert_eq!(refused.culprit(), Some(8), "the server said why, and left");
        assert_eq!(Break { was_ahead: true, ..refused }.culprit(), None, "or the commands behind it");
        assert_eq!(
            break_at(&misfit[1..2], None, cut).culprit(),
            Some(2),
            "no answer to the question behind it"
        );
    }

    #[test]
    fn sizes_are_judged_by_what_came() {
        let mut sizes = Sizes::default();
        assert!(!sizes.are_right() && !sizes.are_wrong() && sizes.verdict().is_none());
        (0..3).for_each(|_| sizes.note(Some(false)));
        assert!(sizes.are_wrong() && sizes.verdict() == Some(false));
        let mut sizes = Sizes::learned(Some(true));
        assert!(sizes.are_right());
        sizes.note(Some(false));
        assert!(!sizes.are_right() && !sizes.are_wrong());
        assert!(Sizes::learned(Some(false)).are_wrong());
    }
}
