//! Records that follow each other, and what a view makes of them.

use super::*;
use crate::fetch::journal::State;
use crate::fetch::journal::failure::Cause;
use crate::fetch::journal::record::Failed;

const ONE: EntryId = EntryId::new(0);

fn intent(entry: EntryId, at: i64) -> Record<'static> {
    let (identity, place) = (Some(Identity::from_bytes([1; 16])), Cow::Borrowed(&b"handed"[..]));
    Record::Intent { entry, at, octets: Some(9), identity, unique_id: b"u"[..].into(), place, store: 0 }
}

fn failed(at: i64) -> Record<'static> {
    let (cause, text) = (Cause::Broke, Cow::Borrowed(&b"no"[..]));
    let (from, subject) = (text.clone(), text.clone());
    let failed = Failed { cause, count: 2, since: 1, next_try: 9, reason: text, from, subject };
    Record::Failed { entry: ONE, at, failed: Box::new(failed) }
}

fn apply(view: &mut View, record: Record<'_>) -> Result<(), Misfit> {
    let mut line = Vec::new();
    record.write(&mut line, &[]);
    view.apply(&Read { record, kept: Vec::new() }, &line)
}

fn view(records: impl IntoIterator<Item = Record<'static>>) -> View {
    let mut view = View::default();
    records.into_iter().for_each(|record| apply(&mut view, record).expect("a record that fits"));
    view
}

#[test]
fn an_intent_keeps_when_its_message_was_first_seen() {
    let seen = Record::Seen { entry: ONE, at: 10, octets: Some(8), unique_id: b"u"[..].into() };
    let view = view([seen, intent(ONE, 50), Record::Delivered { entry: ONE, at: 60 }]);
    let entry = view.get(ONE).expect("an entry");
    assert_eq!((entry.first_seen, entry.since, entry.octets), (10, 60, Some(9)));
    assert_eq!((entry.state, view.place(ONE)), (State::Delivered, None));
}

#[test]
fn a_refused_intent_leaves_a_message_that_was_only_seen() {
    let view = view([intent(ONE, 1), Record::Refused { entry: ONE, at: 2 }, failed(3)]);
    let entry = view.get(ONE).expect("an entry");
    assert_eq!((entry.state, entry.identity, entry.first_seen), (State::Seen, None, 1));
    let failure = view.failure(ONE).expect("a failure");
    assert_eq!((failure.count, failure.since, failure.at, failure.next_try), (2, 1, 3, 9));
}

#[test]
fn a_delivery_ends_what_failed_before_and_so_does_a_judgement() {
    let skipped = Record::Judged { entry: ONE, at: 4, standing: Standing::Skipped };
    for end in [Record::Delivered { entry: ONE, at: 4 }, skipped] {
        let view = view([intent(ONE, 1), failed(3), end]);
        assert_eq!((view.failure(ONE), view.has_failures()), (None, false));
    }
}

#[test]
fn a_retry_counts_from_then_on() {
    let view = view([intent(ONE, 1), failed(3), Record::Retry { entry: ONE, at: 4 }]);
    assert_eq!(view.failures().map(|(id, failure)| (id, failure.next_try)).collect::<Vec<_>>(), [(ONE, 4)]);
}

#[test]
fn places_are_kept_as_long_as_their_intents() {
    let two = EntryId::new(1);
    let mut view = view([intent(ONE, 1), intent(two, 1), intent(ONE, 2)]);
    assert_eq!(view.places.len(), 2, "a repeated intent takes no second place");
    apply(&mut view, Record::Forgotten { entry: ONE }).expect("an entry");
    assert_eq!((view.place(ONE), view.place(two)), (None, Some(&b"handed"[..])));
    apply(&mut view, intent(EntryId::new(2), 3)).expect("a new entry");
    assert_eq!(view.places.len(), 2);
}

#[test]
fn the_store_is_what_the_place_or_the_record_says() {
    let mut view = View::default();
    let mut number = 0;
    let mut deliver = |view: &mut View, place: &str, store: u16| {
        let entry = EntryId::new(number);
        number += 1;
        let (unique_id, place) = (b"u"[..].into(), place.as_bytes().into());
        let intent = Record::Intent { entry, at: 1, octets: None, identity: None, unique_id, place, store };
        apply(view, intent).expect("an intent");
        apply(view, Record::Delivered { entry, at: 2 }).expect("delivered");
    };
    deliver(&mut view, "maildir|/a%7cb|x|7", 0);
    deliver(&mut view, "maildir|/a%7cb|y|7", 0);
    deliver(&mut view, "mbox|/m|0|1|2|x", 0);
    deliver(&mut view, "handed", 0);
    apply(&mut view, Record::Store { store: 3, name: b"command:x"[..].into() }).expect("the next number");
    deliver(&mut view, "handed", 3);
    let stores = view.stores();
    let expected = [("maildir:/a|b", 2), ("mbox:/m", 1), ("command:x", 1)];
    assert_eq!(stores, expected.map(|(name, count)| (name.to_owned(), count)));
    assert_eq!((view.delivered_into("maildir:/a|b"), view.delivered_into("maildir:/a")), (2, 0));
    assert_eq!(view.delivered(), 5);
    apply(&mut view, Record::Gone { entry: ONE, at: 3 }).expect("an entry");
    assert_eq!(
        view.delivered_into("maildir:/a|b"),
        1,
        "what is gone from the server cannot be brought again"
    );
}

#[test]
fn records_that_do_not_fit_are_told() {
    let mut view = view([intent(ONE, 1), Record::Forgotten { entry: ONE }]);
    let far = EntryId::new(MAX_GAP as u32 + 2);
    let seen = |entry| Record::Seen { entry, at: 1, octets: None, unique_id: b"u"[..].into() };
    for record in [
        seen(ONE),
        intent(ONE, 1),
        failed(1),
        Record::Gone { entry: ONE, at: 1 },
        Record::Back { entry: EntryId::new(1), at: 1 },
        Record::Retry { entry: ONE, at: 1 },
        Record::Judged { entry: ONE, at: 1, standing: Standing::Skipped },
        Record::Dated { entry: ONE, first_seen: 1, since: None },
        Record::Adopted { entry: ONE, octets: None, unique_id: b"v"[..].into() },
        Record::Forgotten { entry: ONE },
        Record::Store { store: 2, name: b"x"[..].into() },
        Record::Unknown { entry: Some(ONE) },
        seen(far),
    ] {
        assert!(apply(&mut view, record.clone()).is_err(), "{record:?}");
    }
    assert!(view.is_empty());
    apply(&mut view, seen(EntryId::new(9))).expect("a gap a person left");
    assert_eq!(view.iter().map(|entry| entry.id.number()).collect::<Vec<_>>(), [9]);
}

#[test]
fn what_a_later_version_wrote_stays_with_its_entry_when_entries_are_renumbered() {
    let text = "seen\te=3\tt=1\tu=a\tlater=x\n\
                seen\te=5\tt=1\tu=b\n\
                receipt\te=5\tr=250\n\
                receipt\te=3\tr=550\n\
                seen\te=6\tt=1\tu=c\tlater=y\n\
                forgotten\te=3\n\
                gone-elsewhere\tname=z\n";
    let mut view = View::default();
    for line in text.lines() {
        view.apply(&Record::read(line.as_bytes()).expect("a record"), line.as_bytes()).expect("it fits");
    }
    let lines = |view: &View| {
        let mut text = Vec::new();
        view.for_each_line(|line| text.extend_from_slice(line));
        String::from_utf8(text).expect("ASCII")
    };
    let expected =
        "seen\te=0\tt=1\tu=b\nseen\te=1\tt=1\tu=c\tlater=y\nreceipt\te=0\tr=250\ngone-elsewhere\tname=z\n";
    assert_eq!(lines(&view), expected);
    view.renumber();
    assert_eq!(lines(&view), expected, "in memory as in the file");
}
