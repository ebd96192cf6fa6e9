//! The journal as a whole, on real files: whatever happened to the file, what is replayed is what was noted.

use std::error::Error as _;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;

use super::opened::SLACK;
use super::*;

pub(super) const NOW: i64 = 1_700_000_000;
const DAY: i64 = 24 * 60 * 60;

/// A folder of its own and a path in it.
pub(super) fn path() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pop3/work.journal");
    (folder, path)
}

#[track_caller]
pub(super) fn opened(path: &Path, now: i64) -> Opened {
    Journal::open(path, now).expect("a journal that opens")
}

/// Opens it and has everything fetched again that is unsettled.
#[track_caller]
pub(super) fn open(path: &Path, now: i64) -> Journal {
    let opened = opened(path, now);
    let again: Vec<_> = opened.unsettled().into_iter().map(|(id, ..)| id).collect();
    opened.settled(&[], &again).expect("settled")
}

pub(super) fn failing(reason: &str) -> Failing<'_> {
    Failing { cause: Cause::Broke, reason, from: Some(b"a\t\xff"), subject: None }
}

pub(super) fn intent(unique_id: &str, octets: u64) -> Intent<'static> {
    let identity = Some(Identity::from_bytes([octets as u8 | 1; 16]));
    let place = Place::Maildir {
        directory: Path::new("/home/é/Mail").into(),
        name: format!("{NOW}.{unique_id}_\t%"),
        tmp_inode: 7,
    };
    let unique_id = unique_id.as_bytes().to_vec().into();
    Intent {
        unique_id,
        octets: Some(octets),
        identity,
        place: Cow::Owned(place),
        again: None,
        is_proven: true,
    }
}

type Known =
    (Vec<u8>, Option<u64>, Option<Identity>, i64, i64, (State, bool), Option<Failure>, Option<Vec<u8>>);

/// All that is known, but for the entries' numbers.
fn known(view: &View) -> Vec<Known> {
    let all = |Entry { id, unique_id, octets, identity, first_seen, since, state, is_leaving }: Entry| {
        let (failure, place) = (view.failure(id).cloned(), view.place(id).map(<[u8]>::to_vec));
        (unique_id.to_vec(), octets, identity, first_seen, since, (state, is_leaving), failure, place)
    };
    view.iter().map(all).collect()
}

/// A life with one of everything; the entries are those of a, b, c, d.
fn live(journal: &mut Journal) -> Vec<EntryId> {
    journal.seen(&[(b"a", Some(1)), (b"big", None), (b"a", Some(1))]).expect("noted");
    let mut ids = journal.intend(&[intent("a", 1), intent("b\t%\n", 2), intent("c", 3)]).expect("noted");
    journal.delivered(&ids[..2]).expect("noted");
    journal.refused(&ids[2..]).expect("noted");
    journal.failed(b"c", Some(3), &failing("could not be read: \"no\nsuch\" thing")).expect("noted");
    journal.failed(b"c", Some(3), &failing("again")).expect("noted");
    journal.gone(&ids[..1]).expect("noted");
    journal.back(&ids[..1]).expect("noted");
    journal.gone(&ids[1..2]).expect("noted");
    journal.adopt(&[(ids[0], b"new", Some(9))]).expect("noted");
    journal.forget(&journal.view().find(b"big").map(|entry| entry.id).collect::<Vec<_>>()).expect("noted");
    ids.extend(journal.intend(&[intent("d", 4)]).expect("noted"));
    journal.sync().expect("flushed");
    ids
}

#[test]
fn knows_after_reopening_what_it_knew() {
    let (_folder, path) = path();
    let mut journal = open(&path, NOW);
    let ids = live(&mut journal);
    let states: Vec<_> =
        ids.iter().filter_map(|id| journal.view().get(*id)).map(|entry| entry.state).collect();
    assert!(
        matches!(states[..], [State::Delivered, State::Gone(NOW..), State::Seen, State::Intended]),
        "{states:?}"
    );
    assert_eq!(journal.view().find(b"new").map(|entry| entry.octets).collect::<Vec<_>>(), [Some(9)]);
    assert_eq!(journal.view().failure(ids[2]).map(|failure| failure.count), Some(2));
    assert_eq!(journal.view().find(b"big").count(), 0);
    let before = known(journal.view());
    assert_eq!(
        known(&Journal::peek(&path).expect("readable").expect("there")),
        before,
        "seen without the lock"
    );
    assert_eq!(Journal::open(&path, NOW).expect_err("locked").kind(), Kind::AlreadyRunning);
    drop(journal);
    let journal = opened(&path, NOW + 90);
    assert_eq!(known(journal.view()), before);
    let unsettled = journal.unsettled();
    let [(id, place, age, identity)] = &unsettled[..] else { panic!("one intent: {unsettled:?}") };
    assert_eq!((*id, place, *identity), (ids[3], &*intent("d", 4).place, intent("d", 4).identity));
    assert!((60..=91).contains(&age.as_secs()), "{age:?}");
}

#[test]
fn a_file_cut_at_any_octet_is_what_its_whole_lines_say() {
    let (folder, path) = path();
    live(&mut open(&path, NOW));
    let whole = std::fs::read(&path).expect("readable");
    let cut = folder.path().join("cut.journal");
    let mut checked = 0;
    for length in 0..=whole.len() {
        std::fs::write(&cut, &whole[..length]).expect("written");
        let mut expected = View::default();
        let lines = whole[..length].split_inclusive(|byte| *byte == b'\n').skip(1);
        for line in lines.filter_map(|line| line.strip_suffix(b"\n")) {
            replay(&mut expected, Version::Two, line).expect("a line of the whole file");
        }
        if length > 14 {
            let peeked = Journal::peek(&cut).expect("readable").expect("there");
            assert_eq!(known(&peeked), known(&expected), "peeked at {length}");
        }
        let opened_again = opened(&cut, NOW);
        assert_eq!(known(opened_again.view()), known(&expected), "cut at {length}");
        drop(opened_again);
        // What follows goes on from there.
        let mut journal = open(&cut, NOW);
        journal.intend(&[intent("later", 5)]).expect("noted");
        let expected = known(journal.view());
        drop(journal);
        assert_eq!(known(opened(&cut, NOW).view()), expected, "gone on with at {length}");
        checked += 1;
    }
    assert!(checked > 700, "only {checked} cuts");
}

#[test]
fn zeros_that_a_power_cut_left_at_the_end_are_a_torn_line() {
    let (_folder, path) = path();
    live(&mut open(&path, NOW));
    let expected = known(opened(&path, NOW).view());
    let mut bytes = std::fs::read(&path).expect("readable");
    bytes.extend([0; 5000]);
    std::fs::write(&path, bytes).expect("written");
    assert_eq!(known(opened(&path, NOW).view()), expected);
}

#[test]
fn two_messages_under_one_unique_id_are_two() {
    let (_folder, path) = path();
    let mut journal = open(&path, NOW);
    journal.seen(&[(b"x", Some(1))]).expect("noted");
    let ids = journal.intend(&[intent("x", 1), intent("x", 1)]).expect("noted");
    assert_ne!(ids[0], ids[1]);
    journal.delivered(&ids[..1]).expect("noted");
    drop(journal);
    let journal = opened(&path, NOW);
    let states: Vec<_> = journal.view().find(b"x").map(|entry| (entry.id, entry.state)).collect();
    assert_eq!(states, [(ids[1], State::Intended), (ids[0], State::Delivered)]);
}

#[test]
fn an_intent_takes_up_what_was_seen_of_its_size_first() {
    let (_folder, path) = path();
    let mut journal = open(&path, NOW);
    journal.failed(b"x", Some(1), &failing("no")).expect("noted");
    journal.failed(b"x", Some(1), &failing("no")).expect("noted");
    let ids = journal.intend(&[intent("x", 7)]).expect("noted");
    assert_eq!(journal.view().len(), 1, "other octets, but nothing else is known");
    journal.delivered(&ids).expect("noted");
    journal.failed(b"x", Some(1), &failing("no")).expect("noted");
    assert_eq!(journal.view().len(), 2, "a delivered message is another one");
    assert_eq!(journal.view().failure(ids[0]), None);
}

#[test]
fn a_message_that_vanishes_undelivered_leaves_no_tombstone() {
    let (_folder, path) = path();
    let mut journal = open(&path, NOW);
    journal.seen(&[(b"s", None)]).expect("noted");
    let seen = journal.view().find(b"s").map(|entry| entry.id).next().expect("an entry");
    let ids = journal.intend(&[intent("i", 1)]).expect("noted");
    journal.gone(&[seen, ids[0], seen]).expect("noted");
    assert_eq!(journal.view().find(b"s").count(), 0);
    assert_eq!(journal.view().get(ids[0]).expect("an entry").state, State::Intended, "still to be settled");
}

#[test]
fn that_nothing_proved_a_message_stays_until_it_is_delivered_with_a_proof() {
    let (_folder, path) = path();
    let mut journal = open(&path, NOW);
    let unproven = Intent { is_proven: false, ..intent("a", 1) };
    let ids = journal.intend(&[unproven, intent("b", 2)]).expect("noted");
    journal.delivered(&ids).expect("noted");
    let told = |journal: &Journal| -> Vec<bool> {
        journal.view().iter().map(|entry| journal.view().is_proven(entry.id)).collect()
    };
    assert_eq!(told(&journal), [false, true]);
    for _ in 0..SLACK {
        journal.gone(&ids[1..]).expect("noted");
        journal.back(&ids[1..]).expect("noted");
    }
    drop(journal);
    let mut journal = open(&path, NOW);
    let lines = std::fs::read_to_string(&path).expect("readable").lines().count();
    assert!(lines < 10, "it was written anew");
    assert_eq!(told(&journal), [false, true]);
    let again = journal.view().iter().next().map(|entry| entry.id);
    let ids = journal.intend(&[Intent { again, ..intent("a", 1) }]).expect("noted");
    journal.delivered(&ids).expect("noted");
    drop(journal);
    assert_eq!(told(&open(&path, NOW)), [true, true]);
}

#[test]
fn compaction_keeps_all_but_old_tombstones() {
    let (_folder, path) = path();
    let mut journal = open(&path, NOW);
    let old = journal.intend(&[intent("old", 1)]).expect("noted");
    journal.delivered(&old).expect("noted");
    journal.gone(&old).expect("noted");
    drop(journal);
    let mut journal = open(&path, NOW + 10 * DAY);
    let ids = live(&mut journal);
    for _ in 0..SLACK {
        journal.back(&ids[1..2]).expect("noted");
        journal.gone(&ids[1..2]).expect("noted");
    }
    let expected: Vec<_> = known(journal.view()).into_iter().filter(|known| known.0 != b"old").collect();
    assert_eq!(expected.len(), journal.view().len() - 1);
    drop(journal);
    let long = std::fs::metadata(&path).expect("there").len();
    let later = NOW + 31 * DAY;
    let journal = opened(&path, later);
    assert_eq!(known(journal.view()), expected, "first seen, failures and places included");
    let lines = std::fs::read_to_string(&path).expect("readable").lines().count();
    assert_eq!(
        lines, 8,
        "the version, the store, a line a message, one for the intent and one for the failure"
    );
    assert!(std::fs::metadata(&path).expect("there").len() < long / 40);
    assert_eq!(Journal::open(&path, later).expect_err("still locked").kind(), Kind::AlreadyRunning);
    // The entries were numbered anew, and the file with them.
    let unsettled: Vec<_> = journal.unsettled().into_iter().map(|(id, ..)| id).collect();
    let mut journal = journal.settled(&unsettled, &[]).expect("settled");
    journal.intend(&[intent("next", 5)]).expect("noted");
    let expected = known(journal.view());
    drop(journal);
    assert_eq!(known(opened(&path, later).view()), expected);
}

#[test]
fn tombstones_count_for_thirty_days() {
    let (_folder, path) = path();
    let mut journal = open(&path, NOW);
    let ids = journal.intend(&[intent("x", 1)]).expect("noted");
    journal.delivered(&ids).expect("noted");
    journal.gone(&ids).expect("noted");
    drop(journal);
    assert_eq!(open(&path, NOW + 30 * DAY - 1).view().len(), 1);
    assert_eq!(open(&path, NOW + 30 * DAY + 90).view().len(), 0);
}

#[test]
fn what_would_spoil_the_file_is_refused() {
    let (_folder, path) = path();
    let mut journal = open(&path, NOW);
    let ids = journal.intend(&[intent("x", 1)]).expect("noted");
    journal.forget(&[ids[0], ids[0]]).expect("once");
    for result in [
        journal.delivered(&ids),
        journal.forget(&ids),
        journal.adopt(&[(ids[0], b"y", None)]),
        journal.failed(&vec![b'u'; log::MAX_LINE], None, &failing("long")).map(drop),
    ] {
        assert_eq!(result.expect_err("refused").kind(), Kind::Data);
    }
    journal.failed(b"z", None, &failing(&"é".repeat(500))).expect("cut short");
    drop(journal);
    let journal = open(&path, NOW);
    let entry = journal.view().find(b"z").next().expect("an entry");
    let reason = &journal.view().failure(entry.id).expect("a failure").reason;
    assert_eq!(*reason, "é".repeat(250));
}

#[test]
fn a_bad_line_is_named_and_nothing_is_changed() {
    let (_folder, path) = path();
    live(&mut open(&path, NOW));
    let good = std::fs::read_to_string(&path).expect("readable");
    for (bad, cause) in [
        ("delivered\te=77\tt=1", "it speaks of an entry that does not exist"),
        ("seen\te=0\tt=1\tu=x", "its entry's number was used before"),
        ("nonsense", "it is not a record"),
    ] {
        let text = format!("{good}{bad}\ntorn");
        std::fs::write(&path, &text).expect("written");
        let error = Journal::open(&path, NOW).expect_err(bad);
        let line = good.lines().count() + 1;
        assert_eq!(error.kind(), Kind::Data);
        assert_eq!(error.to_string(), format!("could not read line {line} of {}", path.display()));
        assert_eq!(error.source().expect("a cause").to_string(), cause);
        assert_eq!(std::fs::read_to_string(&path).expect("readable"), text);
    }
    let unknown = good.replace("maildir|", "cloud|");
    std::fs::write(&path, unknown).expect("written");
    assert_eq!(Journal::open(&path, NOW).expect_err("a place of another version").kind(), Kind::Data);
}

#[test]
fn there_is_nothing_to_peek_at_before_the_first_run() {
    let (_folder, path) = path();
    assert!(Journal::peek(&path).expect("no error").is_none());
    assert!(!path.parent().expect("a folder").exists(), "peeking makes nothing");
    drop(open(&path, NOW));
    assert!(Journal::peek(&path).expect("no error").expect("there").is_empty());
}

/// Something the fetcher may do, with which of the entries or unique-ids.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Seen,
    Intend,
    Delivered,
    Refused,
    Failed,
    Gone,
    Back,
    Adopt,
    Forget,
    GiveUp,
    Retry,
    Learn,
    Reopen,
}

fn deed() -> impl Strategy<Value = (Deed, usize)> {
    use Deed::*;
    let deeds = vec![
        Seen, Intend, Intend, Delivered, Delivered, Refused, Failed, Gone, Back, Adopt, Forget, GiveUp,
        Retry, Learn, Reopen,
    ];
    (prop::sample::select(deeds), 0usize..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_view_in_use_is_a_view_replayed_is_a_view_compacted(deeds in prop::collection::vec(deed(), 1..60)) {
        let (_folder, path) = path();
        let mut journal = open(&path, NOW);
        for (deed, which) in deeds {
            let uid = format!("u{which}");
            let ids: Vec<_> = journal.view().iter().map(|entry| entry.id).skip(which).take(2).collect();
            match deed {
                Deed::Seen => journal.seen(&[(uid.as_bytes(), Some(3))])?,
                Deed::Intend => drop(journal.intend(&[intent(&uid, 3), intent("u0", 4)])?),
                Deed::Delivered => journal.delivered(&ids)?,
                Deed::Refused => journal.refused(&ids)?,
                Deed::Failed => journal.failed(uid.as_bytes(), None, &failing("it did")).map(drop)?,
                Deed::Gone => journal.gone(&ids)?,
                Deed::Back => journal.back(&ids)?,
                Deed::Adopt => journal.adopt(&ids.iter().map(|id| (*id, uid.as_bytes(), None)).collect::<Vec<_>>())?,
                Deed::Forget => journal.forget(&ids)?,
                Deed::GiveUp => journal.give_up(&ids)?,
                Deed::Retry => journal.retry_now(&ids)?,
                Deed::Learn => journal.learn(Fact { kind: FactKind::Rate, until: NOW, value: which as u64 })?,
                Deed::Reopen => {
                    drop(journal);
                    journal = open(&path, NOW);
                }
            }
        }
        let expected = known(journal.view());
        prop_assert_eq!(known(&Journal::peek(&path)?.expect("there")), &expected[..]);
        journal.compact();
        prop_assert_eq!(known(journal.view()), &expected[..]);
        drop(journal);
        prop_assert_eq!(known(opened(&path, NOW).view()), &expected[..]);
    }

    #[test]
    fn a_changed_octet_is_an_error_with_its_line_or_does_no_harm(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let (_folder, path) = path();
        live(&mut open(&path, NOW));
        let mut bytes = std::fs::read(&path).expect("readable");
        let at = at.index(bytes.len());
        bytes[at] = to;
        std::fs::write(&path, &bytes).expect("written");
        match Journal::open(&path, NOW) {
            Ok(opened) => {
                let again: Vec<_> = opened.unsettled().into_iter().map(|(id, ..)| id).collect();
                let mut journal = opened.settled(&[], &again).expect("settled");
                journal.intend(&[intent("later", 5)]).expect("noted");
            }
            Err(error) => prop_assert_eq!(error.kind(), Kind::Data),
        }
    }
}
