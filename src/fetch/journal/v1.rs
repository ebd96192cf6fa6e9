//! The lines of version 1, as 0.1 wrote them: a verb, the entry's number, and what the verb needs, by position
//! and separated by tabs; what is not known is a `-`. They are read, and never written again.

use std::borrow::Cow;

use super::escape::{SEPARATOR, are_printable, unescape};
use super::failure::Cause;
use super::field::time;
use super::record::{Failed, Record, Standing};
use super::view::EntryId;
use crate::identity::Identity;
use crate::protocol::decimal;

/// Reads a line without its end; `None` when it is no record.
pub(super) fn read(line: &[u8]) -> Option<Record<'_>> {
    let mut fields = Fields { rest: Some(line) };
    let verb = fields.next()?;
    let entry = EntryId::new(u32::try_from(fields.count()??).ok()?);
    let record = match verb {
        b"seen" => {
            let (at, octets) = (fields.time()?, fields.count()?);
            Record::Seen { entry, at, octets, unique_id: fields.text()? }
        }
        b"intent" => {
            let (at, octets, identity) = (fields.time()?, fields.count()?, fields.identity()?);
            let unique_id = fields.text()?;
            let place = place(fields.rest.take()?);
            Record::Intent { entry, at, octets, identity, unique_id, place, store: 0 }
        }
        b"delivered" => Record::Delivered { entry, at: fields.time()? },
        b"refused" => Record::Refused { entry, at: fields.time()? },
        b"failed" => {
            let (at, count) = (fields.time()?, u32::try_from(fields.count()??).ok()?);
            let (reason, none) = (fields.text()?, Cow::Borrowed(&[][..]));
            // It tells neither cause nor first time, and knew no intervals.
            let (from, subject, cause) = (none.clone(), none, Cause::Broke);
            let failed = Failed { cause, count, since: at, next_try: at, reason, from, subject };
            Record::Failed { entry, at, failed: Box::new(failed) }
        }
        b"gone" => Record::Gone { entry, at: fields.time()? },
        b"back" => Record::Back { entry, at: fields.time()? },
        b"adopted" => {
            let octets = fields.count()?;
            Record::Adopted { entry, octets, unique_id: fields.text()? }
        }
        b"forgotten" => Record::Forgotten { entry },
        b"known" => {
            let first_seen = fields.time()?;
            let standing = match fields.next()? {
                b"gone" => Standing::Gone,
                b"delivered" => Standing::Delivered,
                _ => return None,
            };
            let (since, octets, identity) = (fields.time()?, fields.count()?, fields.identity()?);
            let unique_id = fields.text()?;
            Record::Known { entry, first_seen, standing, since, octets, identity, unique_id, store: 0 }
        }
        _ => return None,
    };
    fields.rest.is_none().then_some(record)
}

/// A place as version 2 spells it: its parts stood between tabs, and `|` needed no escape.
fn place(fields: &[u8]) -> Cow<'_, [u8]> {
    let mut place = Vec::with_capacity(fields.len());
    for byte in fields {
        match *byte {
            b'\t' => place.push(SEPARATOR),
            SEPARATOR => place.extend_from_slice(b"%7c"),
            byte => place.push(byte),
        }
    }
    Cow::Owned(place)
}

/// What is left of a line; `rest` is `None` once its last field was taken.
struct Fields<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
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
        time(self.next()?)
    }

    fn identity(&mut self) -> Option<Option<Identity>> {
        match self.next()? {
            b"-" => Some(None),
            field => Identity::from_hex(field).map(Some),
        }
    }

    fn text(&mut self) -> Option<Cow<'a, [u8]>> {
        let field = self.next()?;
        if !are_printable(field) {
            return None;
        }
        unescape(field)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
            "seen\t1\t2\t3\tu\0",
            "seen\t1\t2\t3\té",
            "seen\t1\t--2\t3\tu",
            "seen\t1\t9223372036854775808\t3\tu",
            "seen\t1\t2\t18446744073709551616\tu",
            "delivered\t1",
            "delivered\t1\t2\t",
            "Delivered\t1\t2",
            "known\t1\t2\tlost\t3\t4\t-\tu",
            "intent\t1\t2\t3\t-\tu",
            "intent\t1\t2\t3\tff\tu\thanded",
            "failed\t1\t2\t-\tr",
            "forgotten\t1\t",
            "delivered\te=1\tt=2",
        ] {
            assert_eq!(read(line.as_bytes()), None, "{line:?}");
        }
    }

    #[test]
    fn a_place_keeps_its_parts_and_its_octets() {
        let Some(Record::Intent { place, unique_id, .. }) =
            read(b"intent\t7\t1\t-\t-\ta%09b\tmaildir\t/home/a|b%25\t1.M2\t7")
        else {
            panic!("an intent")
        };
        assert_eq!((&*place, &*unique_id), (&b"maildir|/home/a%7cb%25|1.M2|7"[..], &b"a\tb"[..]));
    }

    proptest! {
        #[test]
        fn no_line_makes_it_panic(line in any::<Vec<u8>>()) {
            let _ = read(&line);
        }
    }
}
