//! What is known of a server, and how a run begins with it.

use super::*;
use crate::fetch::journal::{Fact, Journal};

const NOW: i64 = 1_700_000_000;

/// What a journal knows where these were learned.
fn view(facts: &[FactKind]) -> View {
    let folder = tempfile::tempdir().expect("a folder");
    let opened = Journal::open(&folder.path().join("a.journal"), NOW).expect("a new journal");
    let mut journal = opened.settled(&[], &[]).expect("settled");
    for kind in facts {
        journal.learn(Fact { kind: *kind, until: NOW + 10, value: 1 }).expect("noted");
    }
    journal.view().clone()
}

#[test]
fn a_run_begins_by_what_was_learned_as_long_as_it_counts() {
    use FactKind::{CapaBreaks, NeedsCaution, Rate, Utf8};
    let new = Manner::new(Pipelining::Auto);
    for (facts, expected) in [
        (&[][..], new),
        (&[NeedsCaution], Manner { cautious: true, ..new }),
        (&[CapaBreaks], Manner { asks_capa: false, ..new }),
        (&[Utf8], Manner { utf8: true, ..new }),
        (&[NeedsCaution, CapaBreaks, Utf8], Manner { cautious: true, asks_capa: false, utf8: true, ..new }),
        (&[Rate], new),
    ] {
        assert_eq!(Manner::learned(Pipelining::Auto, &view(facts), NOW), expected, "{facts:?}");
        assert_eq!(Manner::learned(Pipelining::Auto, &view(facts), NOW + 10), new, "{facts:?}, run out");
    }
}

#[test]
fn what_the_user_says_of_pipelining_counts_more_than_what_was_learned() {
    for ahead in [Pipelining::On, Pipelining::Off] {
        let manner = Manner::learned(ahead, &view(&[FactKind::NeedsCaution]), NOW);
        assert_eq!((manner.ahead, manner.cautious), (ahead, false));
        assert_eq!(manner.of_session().ahead, ahead);
    }
}

#[test]
fn a_cautious_session_sends_nothing_ahead_and_asks_nothing_that_may_be_left_out() {
    for (cautious, asks_capa, expected) in [
        (false, true, (Pipelining::On, true)),
        (false, false, (Pipelining::On, false)),
        (true, true, (Pipelining::Off, false)),
    ] {
        let manner = Manner { cautious, asks_capa, ..Manner::new(Pipelining::On) }.of_session();
        assert_eq!((manner.ahead, manner.asks_capa), expected);
    }
}
