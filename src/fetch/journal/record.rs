//! One line of the journal as a value: a verb, the entry's number, and what the verb needs, separated by
//! tabs; octets outside printable ASCII, and `%`, are written `%XX`; what is not known is a `-`.
//!
//! Reading borrows from the line (or from a scratch buffer where something was escaped), so that replaying
//! costs no allocation a record.

use memchr::memchr;

use super::view::EntryId;
use crate::identity::Identity;
use crate::protocol::decimal;
use crate::store::Place;

/// What one line says. Times are seconds since 1970, octets are those the server declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Record<'a> {
    /// A message was seen for the first time, and not fetched.
    Seen { entry: EntryId, at: i64, octets: Option<u64>, unique_id: &'a [u8] },
    /// A message is about to be delivered. `place` is the place's fields as they stand in the line.
    Intent {
        entry: EntryId,
        at: i64,
        octets: Option<u64>,
        identity: Option<Identity>,
        unique_id: &'a [u8],
        place: &'a [u8],
    },
    /// It stands there.
    Delivered { entry: EntryId, at: i64 },
    /// It does not: the intent is void.
    Refused { entry: EntryId, at: i64 },
    /// Fetching it failed, for the `count`th time.
    Failed { entry: EntryId, at: i64, count: u32, reason: &'a [u8] },
    /// It is delivered, and not on the server any more.
    Gone { entry: EntryId, at: i64 },
    /// The server brought it back.
    Back { entry: EntryId, at: i64 },
    /// It has another unique-id, or other octets, now.
    Adopted { entry: EntryId, octets: Option<u64>, unique_id: &'a [u8] },
    /// Nothing is known of it any more.
    Forgotten { entry: EntryId },
    /// A delivered message in one line, as compaction writes it: `gone` if it is not on the server any more.
    Known {
        entry: EntryId,
        first_seen: i64,
        is_gone: bool,
        since: i64,
        octets: Option<u64>,
        identity: Option<Identity>,
        unique_id: &'a [u8],
    },
}

impl<'a> Record<'a> {
    /// Appends the record as a line, with its end.
    pub(super) fn write(&self, line: &mut Vec<u8>) {
        match *self {
            Record::Seen { entry, at, octets, unique_id } => {
                verb(line, "seen", entry);
                time(line, at);
                count(line, octets);
                text(line, unique_id);
            }
            Record::Intent { entry, at, octets, identity, unique_id, place } => {
                verb(line, "intent", entry);
                time(line, at);
                count(line, octets);
                hex(line, identity);
                text(line, unique_id);
                line.push(b'\t');
                line.extend_from_slice(place);
            }
            Record::Delivered { entry, at } => {
                verb(line, "delivered", entry);
                time(line, at);
            }
            Record::Refused { entry, at } => {
                verb(line, "refused", entry);
                time(line, at);
            }
            Record::Failed { entry, at, count: times, reason } => {
                verb(line, "failed", entry);
                time(line, at);
                count(line, Some(times.into()));
                text(line, reason);
            }
            Record::Gone { entry, at } => {
                verb(line, "gone", entry);
                time(line, at);
            }
            Record::Back { entry, at } => {
                verb(line, "back", entry);
                time(line, at);
            }
            Record::Adopted { entry, octets, unique_id } => {
                verb(line, "adopted", entry);
                count(line, octets);
                text(line, unique_id);
            }
            Record::Forgotten { entry } => verb(line, "forgotten", entry),
            Record::Known { entry, first_seen, is_gone, since, octets, identity, unique_id } => {
                verb(line, "known", entry);
                time(line, first_seen);
                line.extend_from_slice(if is_gone { b"\tgone" } else { b"\tdelivered" });
                time(line, since);
                count(line, octets);
                hex(line, identity);
                text(line, unique_id);
            }
        }
        line.push(b'\n');
    }

    /// Reads a line without its end; `None` when it is no record.
    pub(super) fn read(line: &'a [u8], scratch: &'a mut Vec<u8>) -> Option<Record<'a>> {
        let mut fields = Fields { rest: Some(line) };
        let verb = fields.next()?;
        let entry = EntryId::new(u32::try_from(fields.count()??).ok()?);
        let record = match verb {
            b"seen" => {
                let (at, octets) = (fields.time()?, fields.count()?);
                Record::Seen { entry, at, octets, unique_id: unescape(fields.next()?, scratch)? }
            }
            b"intent" => {
                let (at, octets, identity) = (fields.time()?, fields.count()?, fields.identity()?);
                let unique_id = unescape(fields.next()?, scratch)?;
                Record::Intent { entry, at, octets, identity, unique_id, place: fields.rest.take()? }
            }
            b"delivered" => Record::Delivered { entry, at: fields.time()? },
            b"refused" => Record::Refused { entry, at: fields.time()? },
            b"failed" => {
                let (at, count) = (fields.time()?, u32::try_from(fields.count()??).ok()?);
                Record::Failed { entry, at, count, reason: unescape(fields.next()?, scratch)? }
            }
            b"gone" => Record::Gone { entry, at: fields.time()? },
            b"back" => Record::Back { entry, at: fields.time()? },
            b"adopted" => {
                let octets = fields.count()?;
                Record::Adopted { entry, octets, unique_id: unescape(fields.next()?, scratch)? }
            }
            b"forgotten" => Record::Forgotten { entry },
            b"known" => {
                let first_seen = fields.time()?;
                let is_gone = match fields.next()? {
                    b"gone" => true,
                    b"delivered" => false,
                    _ => return None,
                };
                let (since, octets, identity) = (fields.time()?, fields.count()?, fields.identity()?);
                let unique_id = unescape(fields.next()?, scratch)?;
                Record::Known { entry, first_seen, is_gone, since, octets, identity, unique_id }
            }
            _ => return None,
        };
        fields.rest.is_none().then_some(record)
    }
}

/// Replaces `line` by a place's fields as they stand in one: escaped, tabs between them.
pub(super) fn join(place: &Place, line: &mut Vec<u8>) {
    line.clear();
    place.fields(|field| text(line, field));
    // A tab stands before each.
    line.drain(..line.len().min(1));
}

/// The fields that stand in a line with tabs between them; `None` when an escape is broken.
pub(super) fn split(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut scratch = Vec::new();
    line.split(|byte| *byte == b'\t').map(|field| unescape(field, &mut scratch).map(<[u8]>::to_vec)).collect()
}

fn verb(line: &mut Vec<u8>, verb: &str, entry: EntryId) {
    line.extend_from_slice(verb.as_bytes());
    count(line, Some(entry.number().into()));
}

fn time(line: &mut Vec<u8>, at: i64) {
    line.push(b'\t');
    if at < 0 {
        line.push(b'-');
    }
    digits(line, at.unsigned_abs());
}

fn count(line: &mut Vec<u8>, number: Option<u64>) {
    line.push(b'\t');
    match number {
        Some(number) => digits(line, number),
        None => line.push(b'-'),
    }
}

fn hex(line: &mut Vec<u8>, identity: Option<Identity>) {
    line.push(b'\t');
    match identity {
        Some(identity) => identity.as_bytes().iter().for_each(|byte| line.extend(hex_digits(*byte))),
        None => line.push(b'-'),
    }
}

fn text(line: &mut Vec<u8>, bytes: &[u8]) {
    line.push(b'\t');
    escape(line, bytes);
}

fn digits(line: &mut Vec<u8>, mut number: u64) {
    let mut buffer = [0; 20]; // u64::MAX has 20 digits
    let mut start = buffer.len();
    loop {
        start -= 1;
        buffer[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    line.extend_from_slice(&buffer[start..]);
}

fn hex_digits(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'%'
}

fn escape(line: &mut Vec<u8>, mut bytes: &[u8]) {
    while let Some(at) = bytes.iter().position(|byte| !is_plain(*byte)) {
        line.extend_from_slice(&bytes[..at]);
        line.push(b'%');
        line.extend(hex_digits(bytes[at]));
        bytes = &bytes[at + 1..];
    }
    line.extend_from_slice(bytes);
}

fn unescape<'a>(field: &'a [u8], scratch: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    if !field.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        return None;
    }
    let Some(first) = memchr(b'%', field) else { return Some(field) };
    scratch.clear();
    scratch.extend_from_slice(&field[..first]);
    let mut rest = &field[first..];
    while let Some((&byte, after)) = rest.split_first() {
        if byte == b'%' {
            let pair = std::str::from_utf8(after.get(..2)?).ok()?;
            if !pair.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return None;
            }
            scratch.push(u8::from_str_radix(pair, 16).ok()?);
            rest = &after[2..];
        } else {
            scratch.push(byte);
            rest = after;
        }
    }
    Some(scratch)
}

/// What is left of a line; `rest` is `None` once its last field was taken.
struct Fields<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        // Fields are short: a plain loop finds the tab before memchr has started.
        match rest.iter().position(|byte| *byte == b'\t') {
            Some(tab) => {
                self.rest = Some(&rest[tab + 1..]);
                Some(&rest[..tab])
            }
            None => self.rest.take(),
        }
    }

    /// A number, or nothing known of it.
    fn count(&mut self) -> Option<Option<u64>> {
        match self.next()? {
            b"-" => Some(None),
            field => decimal(field).map(Some),
        }
    }

    fn time(&mut self) -> Option<i64> {
        let field = self.next()?;
        match field.strip_prefix(b"-") {
            Some(past) => 0i64.checked_sub_unsigned(decimal(past)?),
            None => i64::try_from(decimal(field)?).ok(),
        }
    }

    fn identity(&mut self) -> Option<Option<Identity>> {
        match self.next()? {
            b"-" => Some(None),
            field => Identity::from_hex(field).map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    fn written(record: &Record) -> String {
        let mut line = Vec::new();
        record.write(&mut line);
        String::from_utf8(line).expect("printable ASCII")
    }

    fn joined(fields: &[Vec<u8>]) -> Vec<u8> {
        let mut line = Vec::new();
        fields.iter().for_each(|field| text(&mut line, field));
        line.split_off(1)
    }

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let (name, directory) = ("1.M2\t%".to_owned(), Path::new("/home/é/Mail").into());
        let mbox = Place::Mbox {
            file: "/home/é/%mbox".into(),
            offset: 0,
            length: u64::MAX,
            checksum: [0xe9; 16],
            from_line: b"\n\nFrom \xff\t%\0\n".to_vec(),
        };
        for place in [Place::Maildir { directory, name, tmp_inode: 7 }, mbox, Place::Handed] {
            let mut line = b"what stood there before".to_vec();
            join(&place, &mut line);
            assert_eq!(Place::from_fields(&split(&line).expect("fields")), Some(place));
        }
    }

    #[test]
    fn a_line_is_what_a_person_can_read() {
        let entry = EntryId::new(7);
        let seen = Record::Seen { entry, at: 1_700_000_000, octets: None, unique_id: b"a b%\t\xe9" };
        assert_eq!(written(&seen), "seen\t7\t1700000000\t-\ta b%25%09%e9\n");
        let place = joined(&[b"maildir".to_vec(), b"/home/\xc3\xa9".to_vec(), Vec::new()]);
        let identity = Some(Identity::from_bytes([0x1f; 16]));
        let intent =
            Record::Intent { entry, at: -1, octets: Some(0), identity, unique_id: b"u", place: &place };
        let expected = format!("intent\t7\t-1\t0\t{}\tu\tmaildir\t/home/%c3%a9\t\n", "1f".repeat(16));
        assert_eq!(written(&intent), expected);
    }

    #[test]
    fn what_is_no_record_is_told() {
        for line in [
            "",
            "\t",
            "seen",
            "seen\t1",
            "seen\t1\t2\t3",
            "seen\t1\t2\t3\tu\textra",
            "seen\t-\t2\t3\tu",
            "seen\t4294967296\t2\t3\tu",
            "seen\t1\t\t3\tu",
            "seen\t1\t2x\t3\tu",
            "seen\t1\t2\t3\tu%",
            "seen\t1\t2\t3\tu%4",
            "seen\t1\t2\t3\tu%+1",
            "seen\t1\t2\t3\tu\0",
            "seen\t1\t2\t3\té",
            "seen\t1\t--2\t3\tu",
            "seen\t1\t9223372036854775808\t3\tu",
            "seen\t1\t2\t18446744073709551616\tu",
            "delivered\t1",
            "delivered\t1\t",
            "delivered\t1\t2\t",
            "Delivered\t1\t2",
            "known\t1\t2\tlost\t3\t4\t-\tu",
            "intent\t1\t2\t3\t-\tu",
            "intent\t1\t2\t3\tff\tu\thanded",
            "failed\t1\t2\t-\tr",
            "forgotten\t1\t",
            "forgotten",
            "pop3-journal 1",
        ] {
            assert_eq!(Record::read(line.as_bytes(), &mut Vec::new()), None, "{line:?}");
        }
    }

    fn any_octets() -> impl Strategy<Value = Option<u64>> {
        prop_oneof![Just(None), any::<u64>().prop_map(Some)]
    }

    proptest! {
        #[test]
        fn every_record_is_read_as_it_was_written(
            number in any::<u32>(), at in any::<i64>(), since in any::<i64>(), octets in any_octets(),
            hash in prop::option::of(any::<[u8; 16]>()), times in any::<u32>(), is_gone in any::<bool>(),
            unique_id in any::<Vec<u8>>(), place in prop::collection::vec(any::<Vec<u8>>(), 1..5),
        ) {
            let (entry, identity) = (EntryId::new(number), hash.map(Identity::from_bytes));
            let joined = joined(&place);
            prop_assert_eq!(split(&joined), Some(place));
            let (unique_id, reason, place) = (&unique_id[..], &unique_id[..], &joined[..]);
            for record in [
                Record::Seen { entry, at, octets, unique_id },
                Record::Intent { entry, at, octets, identity, unique_id, place },
                Record::Delivered { entry, at },
                Record::Refused { entry, at },
                Record::Failed { entry, at, count: times, reason },
                Record::Gone { entry, at },
                Record::Back { entry, at },
                Record::Adopted { entry, octets, unique_id },
                Record::Forgotten { entry },
                Record::Known { entry, first_seen: at, is_gone, since, octets, identity, unique_id },
            ] {
                let line = written(&record);
                let line = line.strip_suffix('\n').expect("a line end");
                prop_assert!(!line.contains(['\n', '\r', '\0']));
                let mut scratch = Vec::new();
                prop_assert_eq!(Record::read(line.as_bytes(), &mut scratch), Some(record));
            }
        }

        #[test]
        fn no_line_makes_it_panic(line in any::<Vec<u8>>()) {
            let _ = Record::read(&line, &mut Vec::new());
            let _ = split(&line);
        }
    }
}
