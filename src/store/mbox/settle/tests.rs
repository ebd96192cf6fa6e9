//! Interruptions at every byte, and what other programs may have done before we look again.

use std::path::PathBuf;

use Settled::{Again, Delivered};

use super::*;
use crate::store::Place;
use crate::store::mbox::Mbox;
use crate::store::mbox::owner::Owner;
use crate::store::tests::deliver;

const MESSAGES: [&[u8]; 3] = [
    b"From: a@x\r\nDate: 1 Feb 2025 12:00 GMT\r\n\r\nFrom one\r\n",
    b"From: a@x\r\nDate: 1 Feb 2025 12:00 GMT\r\nSubject: 2\r\n\r\n",
    b"Date: 1 Feb 2025 12:00 GMT\r\nSubject: 3\r\n\r\nthree\r\n\r\n",
];

/// Three messages announced for an mbox that held `old`; `written` is what it holds in the end.
struct Case {
    _home: tempfile::TempDir,
    file: PathBuf,
    old: Vec<u8>,
    places: Vec<Place>,
    written: Vec<u8>,
}

fn mbox(file: &Path) -> Mbox {
    Mbox::open(file, &Stop::new()).unwrap()
}

/// What settling says of an mbox that is there.
fn settled(file: &Path, intents: &[InDoubt<'_>]) -> Vec<Settled> {
    settle(file, intents, &Stop::new()).unwrap().unwrap()
}

impl Case {
    fn new(old: &str, messages: &[&[u8]]) -> Case {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("mbox");
        fs::write(&file, old).unwrap();
        let places = deliver(&mbox(&file), messages);
        let written = fs::read(&file).unwrap();
        Case { _home: home, file, old: old.into(), places, written }
    }

    fn intents(&self) -> Vec<InDoubt<'_>> {
        let intents = self.places.iter().zip(self.ranges()).map(|(place, end)| {
            let Place::Mbox { offset, length, checksum, from_line, .. } = place else { panic!("an mbox") };
            let mut identifier = Identifier::new();
            identifier.push(&self.written[*offset as usize + from_line.len()..end]);
            let identity = identifier.finish();
            InDoubt { offset: *offset, length: *length, checksum, from_line, identity }
        });
        intents.collect()
    }

    /// Where each message ends.
    fn ranges(&self) -> Vec<usize> {
        let end = |place: &Place| match place {
            Place::Mbox { offset, length, .. } => (offset + length) as usize,
            _ => panic!("an mbox"),
        };
        self.places.iter().map(end).collect()
    }

    /// What settling says when the file holds `content`, and what the file holds then.
    fn settle(&self, content: &[u8]) -> (Vec<Settled>, Vec<u8>) {
        fs::write(&self.file, content).unwrap();
        let settled = settled(&self.file, &self.intents());
        (settled, fs::read(&self.file).unwrap())
    }

    /// Settles an untouched interruption; whole messages must stay, all behind them must go.
    #[track_caller]
    fn expect_whole_ones(&self, content: &[u8], whole_up_to: usize) {
        let (settled, left) = self.settle(content);
        let ends = self.ranges();
        let expected: Vec<_> =
            ends.iter().map(|end| if *end <= whole_up_to { Delivered } else { Again }).collect();
        let kept = ends.iter().copied().filter(|end| *end <= whole_up_to).max().unwrap_or(self.old.len());
        assert_eq!(settled, expected, "whole up to {whole_up_to}");
        assert!(left == self.written[..kept], "whole up to {whole_up_to}");
    }
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_off() {
    for old in ["", "From o@x Thu Jan  1 00:00:00 1970\nold\n\n", "From o@x Thu Jan  1 00:00:00 1970\nno end"]
    {
        let case = Case::new(old, &MESSAGES);
        for cut in old.len()..=case.written.len() {
            case.expect_whole_ones(&case.written[..cut], cut);
        }
    }
}

#[test]
fn a_tail_whose_bytes_a_power_cut_swallowed_is_cut_off() {
    let case = Case::new("From o@x Thu Jan  1 00:00:00 1970\nold\n\n", &MESSAGES);
    for cut in case.old.len()..case.written.len() {
        let mut swallowed = case.written.clone();
        swallowed[cut..].fill(0);
        case.expect_whole_ones(&swallowed, cut);
        swallowed.pop();
        case.expect_whole_ones(&swallowed, cut);
    }
}

#[test]
fn after_the_cut_delivery_goes_on_as_if_nothing_had_been() {
    let case = Case::new("From o@x Thu Jan  1 00:00:00 1970\nno end", &MESSAGES);
    let cut = case.ranges()[0] + 10;
    case.settle(&case.written[..cut]);
    deliver(&mbox(&case.file), &MESSAGES[1..]);
    assert!(fs::read(&case.file).unwrap() == case.written);
}

fn rewritten(case: &Case, change: impl Fn(&str) -> String) -> Vec<u8> {
    change(std::str::from_utf8(&case.written).unwrap()).into_bytes()
}

#[test]
fn messages_that_a_reader_marked_or_moved_are_recognised() {
    let case = Case::new("From o@x Thu Jan  1 00:00:00 1970\nA: b\n\nold\n\n", &MESSAGES);
    let marked = rewritten(&case, |text| text.replace("GMT\n", "GMT\nStatus: RO\n"));
    let moved = rewritten(&case, |text| text.replace("\nold\n", "\nold, and longer now\n"));
    let expunged = case.written[case.old.len()..].to_vec();
    let closed_otherwise =
        rewritten(&case, |text| text.replace("three\n\n\n", "three\n\n").replace("A: b", "A: bc"));
    for content in [marked, moved, expunged, closed_otherwise] {
        assert_eq!(case.settle(&content), (vec![Delivered; 3], content));
    }
}

#[test]
fn a_torn_tail_that_a_reader_took_for_a_message_is_cut_off() {
    for old in ["", "From o@x Thu Jan  1 00:00:00 1970\nA: b\n\nno end"] {
        let case = Case::new(old, &MESSAGES);
        let [first, second, _] = case.ranges()[..] else { panic!("three") };
        let begin =
            std::str::from_utf8(&case.written[old.len()..]).unwrap().find("From ").unwrap() + old.len();
        let marked = |bytes: &[u8]| {
            std::str::from_utf8(bytes).unwrap().replace("GMT\n", "GMT\nStatus: RO\n").into_bytes()
        };
        let whole = marked(&case.written[..first]);
        for cut in first + "From a@x Sat Feb  1 12:00:00 2025\n".len()..second - 20 {
            let content = [&whole[..], &marked(&case.written[first..cut])].concat();
            let expected = (vec![Delivered, Again, Again], whole.clone());
            assert_eq!(case.settle(&content), expected, "cut at {cut} of {second}");
        }
        // The others were deleted, and what is left stands elsewhere.
        let text = &case.written[begin..first - 12];
        let before = b"From n@x Thu Jan  1 00:00:00 1970\nA: bcdefghij\n\nanother\n\n".to_vec();
        assert_eq!(case.settle(&[&before[..], text].concat()), (vec![Again; 3], before));
    }
}

#[test]
fn of_two_alike_the_whole_one_is_no_torn_piece_of_the_other() {
    let case = Case::new("", &[MESSAGES[2], MESSAGES[2]]);
    let first = &case.written[..case.ranges()[0]];
    let before = b"From n@x Thu Jan  1 00:00:00 1970\nA: b\n\n".as_slice();
    // Shorter by a line end than it was, but whole.
    let content = [before, first.strip_suffix(b"\n").unwrap()].concat();
    let (settled, left) = case.settle(&content);
    assert_eq!(settled.iter().filter(|answer| **answer == Delivered).count(), 1);
    assert_eq!(left, content);
}

#[test]
fn a_deleted_message_comes_again_and_nothing_is_cut() {
    let case = Case::new("From o@x Thu Jan  1 00:00:00 1970\nold\n\n", &MESSAGES);
    let [first, second, _] = case.ranges()[..] else { panic!("three") };
    let without_second = [&case.written[..first], &case.written[second..]].concat();
    assert_eq!(case.settle(&without_second), (vec![Delivered, Again, Delivered], without_second));
    let other =
        b"From z@x Thu Jan  1 00:00:00 1970\nB: c\n\nnothing of ours, and longer than all of it ".to_vec();
    let other = [&other[..], &[b'x'; 1000], b"\n"].concat();
    assert_eq!(case.settle(&other), (vec![Again; 3], other));
}

#[test]
fn a_body_that_was_changed_does_not_count() {
    let case = Case::new("", &MESSAGES);
    let holed = rewritten(&case, |text| text.replace("From one", "From \0\0\0"));
    assert_eq!(case.settle(&holed), (vec![Again, Delivered, Delivered], holed));
}

#[test]
fn one_copy_speaks_for_one_message() {
    let case = Case::new("From o@x Thu Jan  1 00:00:00 1970\nold\n\n", &[MESSAGES[0], MESSAGES[0]]);
    let one =
        [b"From n@x Thu Jan  1 00:00:00 1970\nA: b\n\n", &case.written[case.old.len()..case.ranges()[0]]]
            .concat();
    let (settled, left) = case.settle(&one);
    assert_eq!(settled.iter().filter(|answer| **answer == Delivered).count(), 1);
    assert_eq!(left, one);
    // The copy that stands where it should is the first's: it is no copy for the second.
    let first =
        [&case.written[..case.ranges()[0]], b"From z@x Thu Jan  1 00:00:00 1970\n".as_slice(), &[b'x'; 500]];
    assert_eq!(case.settle(&first.concat()).0, [Delivered, Again]);
}

#[test]
fn mail_of_others_is_never_cut_off() {
    let case = Case::new("From o@x Thu Jan  1 00:00:00 1970\nold\n\n", &MESSAGES);
    let from = "From a@x Sat Feb  1 12:00:00 2025\n";
    assert!(case.written[case.old.len()..].starts_with(from.as_bytes()));
    let tails = [
        // The same sender in the same second, but another message.
        format!("{from}From: a@x\nX: y\n\nz\n\n"),
        // Appended behind our torn tail, whole or still without the end of its header.
        format!("{from}From: a@x\nFrom z\nX: y\n\n\n"),
        format!("{from}From: a@x\nFrom z\nX: y\n"),
        // Ours, but whole and edited, and the others deleted.
        format!("{from}From: a@x\nDate: 1 Feb 2025 12:00 GMT\n\n>From one, and a remark\n\n"),
        // Longer than all we were writing, and damaged.
        format!("{from}From: a@x\n{}\0", "x".repeat(1000)),
        "From z@x Thu Jan  1 00:00:00 1970\nX: y\n\n".to_owned(),
        "z".to_owned(),
    ];
    for tail in tails {
        let content = [&case.old, tail.as_bytes()].concat();
        assert_eq!(case.settle(&content), (vec![Again; 3], content), "{tail:?}");
    }
}

#[test]
fn a_failed_batch_does_not_endanger_the_one_that_took_its_place() {
    for messages in [&[MESSAGES[0]][..], &[MESSAGES[0], MESSAGES[2]]] {
        let case = Case::new("", messages);
        let mut intents = case.intents();
        intents.insert(0, InDoubt { length: 10_000, checksum: &[0; 16], ..intents[0] });
        let settled = settled(&case.file, &intents);
        assert_eq!(settled[0], Again);
        assert!(settled[1..].iter().all(|answer| *answer == Delivered));
        assert!(fs::read(&case.file).unwrap() == case.written);
    }
}

#[test]
fn an_mbox_that_is_gone_is_told_from_a_folder_that_is_not_there() {
    let case = Case::new("", &MESSAGES);
    fs::remove_file(&case.file).unwrap();
    assert_eq!(settled(&case.file, &case.intents()), [Again; 3]);
    assert!(!case.file.exists(), "looking creates nothing");
    let elsewhere = Path::new("/nowhere/at/all/mbox");
    assert_eq!(settle(elsewhere, &case.intents(), &Stop::new()).unwrap(), None);
}

/// A kill while the mbox was locked leaves the dot-lock behind, and the process's number may be ours by now.
#[test]
fn our_own_forgotten_lock_does_not_hold_up_settling() {
    let case = Case::new("", &MESSAGES);
    let mut lock = case.file.clone().into_os_string();
    lock.push(".lock");
    fs::write(&lock, Owner::this().text()).unwrap();
    assert_eq!(settled(&case.file, &case.intents()), [Delivered; 3]);
    assert!(!Path::new(&lock).exists());
}

/// Some programs append without a look at how the file ends: the torn tail is ours, what stands behind it is not.
#[test]
fn mail_that_another_program_put_into_the_middle_of_a_torn_line_stays() {
    let long =
        [b"From: a@x\r\nDate: 1 Feb 2025 12:00 GMT\r\n\r\n".as_slice(), &[b'x'; 5000], b"\r\n"].concat();
    let old = "From o@x Thu Jan  1 00:00:00 1970\nold\n\n";
    let theirs = b"From b@y Thu Jan  1 00:00:00 1970\nSubject: theirs\n\ntheirs\n\n";
    let case = Case::new(old, &[&long]);
    for cut in [case.old.len() + 100, case.written.len() - 1000] {
        let content = [&case.written[..cut], theirs].concat();
        let (settled, left) = case.settle(&content);
        assert_eq!(settled, [Again]);
        assert!(left.ends_with(theirs), "cut at {cut}");
    }
}
