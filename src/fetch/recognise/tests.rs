//! Texts that came, what the journal knows, and what they are recognised as.

use std::borrow::Cow;

use super::*;
use crate::fetch::journal::{Intent, Journal};
use crate::store::Place;

/// What a journal knows: unique-id, octets, identity, and how it stands: `s`een, `d`elivered, `g`one.
fn view(known: &[(&str, u64, u8, char)]) -> View {
    let folder = tempfile::tempdir().expect("a folder");
    let opened = Journal::open(&folder.path().join("a.journal"), 1_700_000_000).expect("a new journal");
    let mut journal = opened.settled(&[], &[]).expect("settled");
    for &(unique_id, octets, of, state) in known {
        let unique_id = unique_id.as_bytes();
        if state == 's' {
            journal.seen(&[(unique_id, Some(octets))]).expect("noted");
            continue;
        }
        let place = Cow::Owned(Place::Handed);
        let intent = Intent {
            unique_id: unique_id.into(),
            octets: Some(octets),
            identity: identity(of),
            place,
            again: None,
            is_proven: true,
        };
        let ids = journal.intend(&[intent]).expect("noted");
        journal.delivered(&ids).expect("noted");
        if state == 'g' {
            journal.gone(&ids).expect("noted");
        }
    }
    journal.view().clone()
}

/// The unique-id that is made from the header of identity 1.
const MADE_1: &str = "header:01010101010101010101010101010101";

fn identity(of: u8) -> Option<Identity> {
    (of > 0).then(|| Identity::from_bytes([of; 16]))
}

fn fact(unique_id: &'static str, octets: u64, of: u8, may_be_known: bool) -> Fact<'static> {
    Fact {
        number: 1,
        unique_id: unique_id.as_bytes().into(),
        octets: Some(octets),
        bytes: octets,
        identity: identity(of),
        then_delete: true,
        is_proven: true,
        again: None,
        may_be_known,
        from: None,
        subject: None,
    }
}

/// Which of the known (by their place in the list) each text is recognised as, one after the other.
fn recognised(
    known: &[(&str, u64, u8, char)],
    claimed: &[usize],
    texts: &[(&'static str, u64, u8, bool)],
) -> Vec<Option<usize>> {
    let view = view(known);
    let claimed = view.iter().map(|entry| entry.id).filter(|id| claimed.contains(&id.index())).collect();
    let mut recognise = Recognise::new(&view, claimed);
    let take = |&(unique_id, octets, of, may_be_known): &(&'static str, u64, u8, bool)| {
        recognise.take(&mut fact(unique_id, octets, of, may_be_known), &view).map(EntryId::index)
    };
    texts.iter().map(take).collect()
}

#[test]
fn each_row_is_recognised_as_what_it_is() {
    type Known<'a> = &'a [(&'a str, u64, u8, char)];
    type Text = (&'static str, u64, u8, bool);
    let rows: &[(&str, Known<'_>, Text, Option<usize>)] = &[
        ("its own entry", &[("u", 9, 1, 'd')], ("u", 9, 1, true), Some(0)),
        ("whatever the octets", &[("u", 9, 1, 'd')], ("u", 8, 1, true), Some(0)),
        ("another text under its unique-id", &[("u", 9, 1, 'd')], ("u", 9, 2, true), None),
        ("nobody doubts that it is new", &[("u", 9, 1, 'd')], ("u", 9, 1, false), None),
        ("a text without a header", &[("u", 9, 0, 'd')], ("u", 9, 0, true), None),
        ("one never delivered", &[("u", 9, 0, 's')], ("u", 9, 1, true), None),
        ("gone under another unique-id", &[("v", 9, 1, 'g')], ("u", 9, 1, true), Some(0)),
        ("there under another unique-id", &[("v", 9, 1, 'd')], ("u", 9, 1, true), None),
        ("there before gone", &[("u", 9, 1, 'g'), ("u", 9, 1, 'd')], ("u", 9, 1, true), Some(1)),
        ("delivered when it had no unique-id", &[(MADE_1, 9, 1, 'd')], ("u", 9, 1, true), Some(0)),
        ("the same, of another text", &[(MADE_1, 9, 1, 'd')], ("u", 9, 2, true), None),
        ("none this time", &[("v", 9, 1, 'd')], ("", 9, 1, true), Some(0)),
        (
            "none this time, there before gone",
            &[("v", 9, 1, 'g'), ("w", 9, 1, 'd')],
            ("", 9, 1, true),
            Some(1),
        ),
        ("without unique-ids", &[("", 9, 1, 'd')], ("", 9, 1, false), Some(0)),
        ("without unique-ids, other octets", &[("", 9, 1, 'd')], ("", 8, 1, false), None),
        ("without unique-ids, another text", &[("", 9, 1, 'd')], ("", 9, 2, false), None),
        ("without unique-ids, gone", &[("", 9, 1, 'g')], ("", 9, 1, false), None),
    ];
    for (what, known, text, expected) in rows {
        assert_eq!(recognised(known, &[], &[*text]), [*expected], "{what}");
    }
}

#[test]
fn two_messages_alike_are_two() {
    let twice = |unique_id: &'static str, may_be_known| [(unique_id, 9, 1, may_be_known); 2];
    assert_eq!(recognised(&[("u", 9, 1, 'd')], &[], &twice("u", true)), [Some(0), None]);
    assert_eq!(recognised(&[("v", 9, 1, 'g')], &[], &twice("u", true)), [Some(0), None]);
    assert_eq!(recognised(&[("", 9, 1, 'd')], &[], &twice("", false)), [Some(0), None]);
}

/// The first came a moment ago, and its entry is delivered by now; the other one is none of earlier runs.
#[test]
fn a_message_like_one_that_came_just_now_is_another_one() {
    let view = view(&[("u", 9, 1, 'd')]);
    let mut recognise = Recognise::new(&view, HashSet::new());
    recognise.came(&view.iter().map(|entry| entry.id).collect::<Vec<_>>());
    for unique_id in ["u", ""] {
        assert_eq!(recognise.take(&mut fact(unique_id, 9, 1, true), &view), None);
    }
}

/// The plan knows one message as the entry, by its header; the other one, which is alike, has come since.
#[test]
fn an_entry_that_the_plan_knows_a_message_as_is_no_other_messages() {
    assert_eq!(recognised(&[("u", 9, 1, 'd')], &[0], &[("u", 9, 1, true)]), [None]);
}

#[test]
fn a_text_without_a_unique_id_is_named_by_its_header() {
    let view = view(&[]);
    let mut named = fact("", 9, 1, true);
    assert_eq!(Recognise::new(&view, HashSet::new()).take(&mut named, &view), None);
    assert_eq!(*named.unique_id, *name(identity(1)));
    assert_eq!(name(None), b"header:none");
}
