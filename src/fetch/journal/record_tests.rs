//! Records as lines, and lines as records.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::fetch::journal::escape::escape_part;

fn written(record: &Record) -> String {
    let mut line = Vec::new();
    record.write(&mut line, &[]);
    String::from_utf8(line).expect("printable ASCII")
}

fn joined(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut line = Vec::new();
    for part in parts {
        line.push(SEPARATOR);
        escape_part(&mut line, part);
    }
    line.split_off(1)
}

#[test]
fn a_place_is_read_as_it_was_written() {
    let (name, directory) = ("1.M2\t%".to_owned(), Path::new("/home/é|x/Mail").into());
    let mbox = Place::Mbox {
        file: "/home/é/%mbox".into(),
        offset: 0,
        length: u64::MAX,
        checksum: [0xe9; 16],
        from_line: b"\n\nFrom \xff\t%|\0\n".to_vec(),
    };
    for place in [Place::Maildir { directory, name, tmp_inode: 7 }, mbox, Place::Handed] {
        let mut line = b"what stood there before".to_vec();
        join(&place, &mut line);
        assert_eq!(Place::from_fields(&split(&line).expect("parts")), Some(place));
    }
}

#[test]
fn a_line_is_what_a_person_can_read() {
    let entry = EntryId::new(7);
    let seen = Record::Seen { entry, at: 1_700_000_000, octets: None, unique_id: b"a b%\t\xe9"[..].into() };
    assert_eq!(written(&seen), "seen\te=7\tt=1700000000\tu=a b%25%09%e9\n");
    let place = joined(&[b"maildir".to_vec(), b"/home/\xc3\xa9|x".to_vec(), Vec::new()]);
    let intent = Record::Intent {
        entry,
        at: -1,
        octets: Some(0),
        identity: Some(Identity::from_bytes([0x1f; 16])),
        unique_id: b"u"[..].into(),
        place: place.into(),
        store: 2,
    };
    let expected =
        format!("intent\te=7\tt=-1\to=0\ti={}\tu=u\tp=maildir|/home/%c3%a9%7cx|\tk=2\n", "1f".repeat(16));
    assert_eq!(written(&intent), expected);
    let learned = Record::Learned { kind: FactKind::Rate, until: 9, value: 1000 };
    assert_eq!(written(&learned), "learned\tname=rate\tvalue=1000\tuntil=9\n");
}

#[test]
fn fields_of_a_later_version_are_kept_and_written_again() {
    let line = b"intent\tw=00ff\te=7\tt=1\tu=u\tp=handed\tp2=imap|x\td=123";
    let read = Record::read(line).expect("an intent");
    assert_eq!(read.kept, b"w=00ff\tp2=imap|x\td=123");
    let mut again = Vec::new();
    read.record.write(&mut again, &read.kept);
    assert_eq!(again, b"intent\te=7\tt=1\tu=u\tp=handed\tw=00ff\tp2=imap|x\td=123\n");
    for (line, entry) in [
        (&b"receipt\te=7\tr=250 ok"[..], Some(EntryId::new(7))),
        (b"moved\tname=x", None),
        (b"learned\tname=colour", None),
    ] {
        assert_eq!(Record::read(line).map(|read| read.record), Some(Record::Unknown { entry }), "{line:?}");
    }
}

#[test]
fn what_is_no_record_is_told() {
    for line in [
        "",
        "\t",
        "seen",
        "nonsense",
        "seen\te=1",
        "seen\te=1\tt=2",
        "seen\tt=2\tu=u",
        "seen\te=1\tt=2\tu=u\textra",
        "seen\te=1\tt=2\tu=u\t",
        "seen\te=\tt=2\tu=u",
        "seen\te=4294967296\tt=2\tu=u",
        "seen\te=1\tt=2x\tu=u",
        "seen\te=1\tt=2\to=-\tu=u",
        "seen\te=1\tt=2\tu=u%",
        "seen\te=1\tt=2\tu=u%+1",
        "seen\te=1\tt=2\tu=u\0",
        "seen\te=1\tt=2\tu=é",
        "seen\te=1\te=1\tt=2\tu=u",
        "seen\te=1\tt=--2\tu=u",
        "seen\te=1\tt=9223372036854775808\tu=u",
        "seen\te=1\tt=2\to=18446744073709551616\tu=u",
        "seen\t1\t2\t3\tu",
        "delivered\te=1",
        "Delivered\te=1\tt=2",
        "known\te=1\tf=2\ts=lost\tt=3\tu=u",
        "known\te=1\tf=2\ts=gone\tt=3\ti=ff\tu=u",
        "known\te=1\tf=2\ts=gone\tt=3\tu=u\tk=65536",
        "judged\te=1\tt=2",
        "intent\te=1\tt=2\tu=u",
        "failed\te=1\tt=2\tcause=broke",
        "store\tk=0\tname=x",
        "store\tk=1",
        "later\te=x",
        "forgotten",
        "pop3-journal 2",
    ] {
        assert_eq!(Record::read(line.as_bytes()), None, "{line:?}");
    }
}

fn any_octets() -> impl Strategy<Value = Option<u64>> {
    prop_oneof![Just(None), any::<u64>().prop_map(Some)]
}

proptest! {
    #[test]
    fn every_record_is_read_as_it_was_written(
        number in any::<u32>(), at in any::<i64>(), since in any::<i64>(), octets in any_octets(),
        hash in prop::option::of(any::<[u8; 16]>()), count in any::<u32>(), store in 1u16..,
        unique_id in any::<Vec<u8>>(), place in prop::collection::vec(any::<Vec<u8>>(), 1..5),
        standing in prop::sample::select(vec![
            Standing::Delivered, Standing::Gone, Standing::Skipped, Standing::Delete,
        ]),
        cause in prop::sample::select(vec![Cause::Refused, Cause::Broke, Cause::NoRoom, Cause::Rejected]),
    ) {
        let (entry, identity) = (EntryId::new(number), hash.map(Identity::from_bytes));
        let joined = joined(&place);
        prop_assert_eq!(split(&joined), Some(place));
        let text = || Cow::Borrowed(&unique_id[..]);
        let failed = Failed {
            cause, count, since, next_try: at, reason: text(), from: text(), subject: text(),
        };
        for record in [
            Record::Seen { entry, at, octets, unique_id: text() },
            Record::Intent { entry, at, octets, identity, unique_id: text(), place: joined[..].into(), store },
            Record::Delivered { entry, at },
            Record::Refused { entry, at },
            Record::Failed { entry, at, failed: Box::new(failed) },
            Record::Retry { entry, at },
            Record::Gone { entry, at },
            Record::Back { entry, at },
            Record::Adopted { entry, octets, unique_id: text() },
            Record::Forgotten { entry },
            Record::Dated { entry, first_seen: at, since: None },
            Record::Dated { entry, first_seen: at, since: Some(since) },
            Record::Judged { entry, at, standing },
            Record::Known { entry, first_seen: at, standing, since, octets, identity, unique_id: text(), store: 0 },
            Record::Store { store, name: text() },
            Record::Learned { kind: FactKind::OneSession, until: at, value: count.into() },
            Record::Unlearned { kind: FactKind::Utf8 },
            Record::Clock { at: Some(at) },
            Record::Clock { at: None },
        ] {
            let line = written(&record);
            let line = line.strip_suffix('\n').expect("a line end");
            prop_assert!(!line.contains(['\n', '\r', '\0']));
            let kept = format!("{line}\tlater=1");
            prop_assert_eq!(Record::read(line.as_bytes()), Some(Read { record: record.clone(), kept: vec![] }));
            prop_assert_eq!(Record::read(kept.as_bytes()), Some(Read { record, kept: b"later=1".to_vec() }));
        }
    }

    #[test]
    fn no_line_makes_it_panic(line in any::<Vec<u8>>(), text in "[a-z]{1,9}(\t[a-z]{1,5}=[ -~]{0,8}){0,6}") {
        let _ = Record::read(&line);
        let _ = Record::read(text.as_bytes());
        let _ = split(&line);
    }
}
