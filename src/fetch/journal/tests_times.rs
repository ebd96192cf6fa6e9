//! What belongs to time: wrong clocks, failures' intervals, facts that expire; and files of 0.1.

use super::*;
use crate::fetch::journal::tests::{NOW, failing, intent, open, opened, path};

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

fn only(view: &View) -> Entry<'_> {
    view.iter().next().expect("an entry")
}

#[test]
fn what_was_seen_before_the_clock_was_set_counts_as_seen_at_the_first_run_with_a_clock() {
    let (_folder, path) = path();
    let mut journal = open(&path, 60);
    let ids = journal.intend(&[intent("x", 1), intent("gone", 2)]).expect("noted");
    journal.delivered(&ids).expect("noted");
    journal.gone(&ids[1..]).expect("noted");
    drop(journal);
    assert_eq!(only(open(&path, 120).view()).first_seen, 60, "a clock that is not set mends nothing");
    let first = opened(&path, NOW);
    assert_eq!((only(first.view()).first_seen, first.view().len()), (60, 2), "tombstones have no age yet");
    let journal = first.settled(&[], &[]).expect("settled");
    assert_eq!(only(journal.view()).first_seen, NOW);
    drop(journal);
    let journal = open(&path, NOW + 2 * DAY);
    assert_eq!((only(journal.view()).first_seen, journal.view().len()), (NOW, 2));
    drop(journal);
    assert_eq!(open(&path, NOW + 31 * DAY).view().len(), 1, "the tombstone's month began then");
}

#[test]
fn what_was_seen_in_the_future_counts_as_seen_now_once_the_clock_has_gone_on_for_a_day() {
    let (_folder, path) = path();
    let future = NOW + 900 * DAY;
    let mut journal = open(&path, future);
    let ids = journal.intend(&[intent("x", 1)]).expect("noted");
    journal.delivered(&ids).expect("noted");
    drop(journal);
    for (now, first_seen) in [
        (NOW, future),
        // This clock is wrong again, and tells so: it went back.
        (NOW - 100 * DAY, future),
        (NOW - 100 * DAY + HOUR, future),
        (NOW - 99 * DAY, NOW - 99 * DAY),
    ] {
        assert_eq!(only(open(&path, now).view()).first_seen, first_seen, "at {now}");
    }
    let (_folder, path) = super::tests::path();
    let mut journal = open(&path, NOW);
    let ids = journal.intend(&[intent("x", 1)]).expect("noted");
    journal.delivered(&ids).expect("noted");
    drop(journal);
    for now in [NOW - 3000 * DAY, NOW - 2999 * DAY - HOUR, NOW + DAY] {
        assert_eq!(only(open(&path, now).view()).first_seen, NOW, "one look into the past changes nothing");
    }
}

#[test]
fn a_failure_tells_when_it_is_tried_next_and_a_person_can_have_it_tried_now() {
    let (_folder, path) = path();
    for (count, wait) in (1..).zip([0, HOUR, 6 * HOUR, DAY, DAY]) {
        let now = NOW + i64::from(count) * DAY;
        let mut journal = open(&path, now);
        journal.failed(b"x", Some(1), &failing("cut")).expect("noted");
        drop(journal);
        let view = Journal::peek(&path).expect("readable").expect("there");
        let (_, failure) = view.failures().next().expect("a failure");
        assert_eq!((failure.count, failure.since), (count, NOW + DAY));
        assert!((0..=1).contains(&(failure.next_try - now - wait)), "{failure:?}");
        assert_eq!((failure.from.as_slice(), failure.reason.as_str()), (&b"a\t\xff"[..], "cut"));
    }
    let mut journal = open(&path, NOW + 6 * DAY);
    let id = only(journal.view()).id;
    journal.retry_now(&[id]).expect("noted");
    assert!(journal.view().failure(id).expect("a failure").next_try <= NOW + 6 * DAY + 1);
    drop(journal);
    // A clock that was years ahead put it off for years.
    let mut journal = open(&path, NOW + 3000 * DAY);
    journal.failed(b"x", Some(1), &failing("cut")).expect("noted");
    drop(journal);
    let journal = open(&path, NOW + 7 * DAY);
    assert_eq!(journal.view().failure(id).expect("a failure").next_try, NOW + 7 * DAY);
}

#[test]
fn what_is_given_up_is_neither_waiting_nor_new_until_it_is_forgotten() {
    let (_folder, path) = path();
    let mut journal = open(&path, NOW);
    journal.failed(b"x", Some(1), &failing("no")).expect("noted");
    let delivered = journal.intend(&[intent("y", 2)]).expect("noted");
    journal.delivered(&delivered).expect("noted");
    let id = only(journal.view()).id;
    journal.give_up(&[id, delivered[0]]).expect("noted");
    journal.seen(&[(b"x", Some(1))]).expect("noted");
    journal.compact();
    drop(journal);
    let mut journal = open(&path, NOW);
    let states: Vec<_> = journal.view().iter().map(|entry| entry.state).collect();
    assert_eq!(states, [State::Skipped, State::Delivered]);
    assert!(!journal.view().has_failures());
    journal.gone(&[id]).expect("noted");
    assert_eq!(journal.view().find(b"x").count(), 0, "nothing stands against it should it return");
}

#[test]
fn facts_are_remembered_until_they_expire_or_are_taken_back() {
    let (_folder, path) = path();
    let mut journal = open(&path, NOW);
    let fact = |kind, value| Fact { kind, until: NOW + DAY, value };
    journal.learn(fact(FactKind::Rate, 1)).expect("noted");
    journal.learn(fact(FactKind::Rate, 1000)).expect("noted");
    journal.learn(fact(FactKind::Utf8, 1)).expect("noted");
    journal.unlearn(FactKind::Utf8).expect("noted");
    journal.unlearn(FactKind::CapaBreaks).expect("nothing to note");
    journal.compact();
    drop(journal);
    let journal = open(&path, NOW);
    assert_eq!(journal.view().fact(FactKind::Rate, NOW), Some(&fact(FactKind::Rate, 1000)));
    assert_eq!(journal.view().fact(FactKind::Rate, NOW + DAY), None);
    assert_eq!(journal.view().fact(FactKind::Utf8, NOW), None);
}

#[test]
fn a_store_has_the_name_that_it_is_given() {
    let (_folder, path) = path();
    let mut journal = open(&path, NOW);
    for (unique_id, store) in [("a", "store:gmail"), ("b", "store:gmail"), ("c", "command:x")] {
        journal.deliver_to(store).expect("noted");
        let ids = journal.intend(&[intent(unique_id, 1)]).expect("noted");
        journal.delivered(&ids).expect("noted");
    }
    assert!(journal.deliver_to(&"x".repeat(5000)).is_err());
    journal.compact();
    drop(journal);
    let view = Journal::peek(&path).expect("readable").expect("there");
    let expected = [("store:gmail".to_owned(), 2), ("command:x".to_owned(), 1)];
    assert_eq!((view.stores(), view.delivered_into("store:gmail")), (expected.to_vec(), 2));
}

#[test]
fn only_what_is_unsettled_can_be_settled_and_all_of_it_must_be() {
    let (_folder, path) = path();
    let mut journal = open(&path, NOW);
    let ids = journal.intend(&[intent("a", 1), intent("b", 2)]).expect("noted");
    drop(journal);
    for (delivered, again) in [(&ids[..1], &ids[..0]), (&ids[..], &ids[1..]), (&ids[..0], &ids[..0])] {
        let error = opened(&path, NOW).settled(delivered, again).expect_err("not all of it");
        assert_eq!(error.kind(), Kind::Data);
    }
    let journal = opened(&path, NOW).settled(&ids[1..], &ids[..1]).expect("settled");
    let states: Vec<_> = journal.view().iter().map(|entry| entry.state).collect();
    assert_eq!(states, [State::Seen, State::Delivered]);
}

/// What 0.1 wrote in a life with one of everything.
const OF_0_1: &str = include_str!("tests_0_1.journal");

#[test]
fn a_journal_of_0_1_is_read_and_goes_on_as_version_2() {
    let (_folder, path) = path();
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(&path, OF_0_1).expect("written");
    let opened_once = opened(&path, NOW);
    let states: Vec<_> =
        opened_once.view().iter().map(|entry| (entry.unique_id.to_vec(), entry.state)).collect();
    let expected = [
        (b"new".to_vec(), State::Delivered),
        (b"b\t%\n".to_vec(), State::Gone(NOW)),
        (b"c".to_vec(), State::Seen),
        (b"d".to_vec(), State::Intended),
        (b"compacted".to_vec(), State::Delivered),
    ];
    assert_eq!(states, expected);
    let (_, failure) = opened_once.view().failures().next().expect("a failure");
    assert_eq!((failure.count, failure.reason.as_str(), failure.next_try), (2, "again", NOW));
    assert_eq!(opened_once.view().stores(), [("maildir:/home/\u{e9}/Mail".to_owned(), 1)]);
    assert_eq!(opened_once.unsettled()[0].1, *intent("d", 4).place);
    drop(opened_once);
    let text = std::fs::read_to_string(&path).expect("readable");
    assert!(text.starts_with("pop3-journal 2\nstore\tk=1\tname=maildir:/home/%c3%a9/Mail\n"), "{text}");
    let states_now: Vec<_> = opened(&path, NOW).view().iter().map(|entry| entry.state).collect();
    assert_eq!(states_now, states.iter().map(|(_, state)| *state).collect::<Vec<_>>());
}

#[test]
fn a_journal_of_0_1_that_cannot_be_replaced_goes_on_in_version_2() {
    let (_folder, path) = path();
    std::fs::create_dir_all(path.with_extension("journal.new")).expect("made");
    std::fs::write(&path, OF_0_1).expect("written");
    drop(opened(&path, NOW));
    assert_eq!(std::fs::read_to_string(&path).expect("readable"), OF_0_1, "looking changes nothing");
    let mut journal = open(&path, NOW);
    journal.seen(&[(b"later", None)]).expect("noted");
    let states =
        |view: &View| view.iter().map(|entry| (entry.unique_id.to_vec(), entry.state)).collect::<Vec<_>>();
    let expected = states(journal.view());
    drop(journal);
    let text = std::fs::read_to_string(&path).expect("readable");
    assert!(text.starts_with(OF_0_1) && text.contains("\npop3-journal 2\nrefused\te="), "{text}");
    assert_eq!(states(open(&path, NOW).view()), expected);
}

#[test]
fn a_file_that_cannot_be_replaced_goes_on_as_it_is() {
    let (_folder, path) = path();
    let mut journal = open(&path, NOW);
    let ids = journal.intend(&[intent("x", 1)]).expect("noted");
    journal.delivered(&ids).expect("noted");
    for _ in 0..super::opened::SLACK {
        journal.gone(&ids).expect("noted");
        journal.back(&ids).expect("noted");
    }
    drop(journal);
    let in_the_way = path.with_extension("journal.new");
    std::fs::create_dir(&in_the_way).expect("made");
    let before = std::fs::metadata(&path).expect("there").len();
    let mut journal = open(&path, NOW);
    journal.seen(&[(b"y", None)]).expect("noted");
    drop(journal);
    assert!(std::fs::metadata(&path).expect("there").len() > before);
    std::fs::remove_dir(&in_the_way).expect("removed");
    assert_eq!(open(&path, NOW).view().len(), 2);
    assert!(std::fs::metadata(&path).expect("there").len() < before / 50);
}
