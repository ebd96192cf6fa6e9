//! One line of the journal as a value: a verb, then `name=value` fields with tabs between them.
//!
//! A name means the same in every record:
//!
//! | name | value |
//! |---|---|
//! | `e` | the entry's number |
//! | `t` | when it happened, in seconds since 1970; in `known` since when the message stands as it does |
//! | `f` | when the message was first seen |
//! | `o` | the octets that the server declared |
//! | `u` | the unique-id (RFC 1939 section 7) |
//! | `i` | the message's identity, as 32 hexadecimal digits |
//! | `p` | the place where it will stand; `|` stands between its parts |
//! | `k` | the number of its store, which a `store` record names |
//! | `s` | how it stands: `delivered`, `leaving` (delivered, and QUIT, which deletes it, was about to be sent), `gone`, `skipped` (neither fetched nor deleted), `delete` (not fetched, and not kept) |
//! | `count` `cause` `begun` `next` `why` `from` `subject` | a failure: how many there were, whose fault it is, the first one's time, when to try next, the reason, fields of the header |
//! | `proof` | `none` where nothing proved that the delivered text is that of the message it was asked for: it is not deleted; kept like an unknown field |
//! | `name` `value` `until` | what was learned of the server, and how long that counts; a store's name |
//!
//! Set aside for what later versions store, and kept like everything that is unknown: `w`, the identity of
//! what is written, where it is not the message as it came; `d`, the message's Date; `p2`, `p3` …, its places in
//! further stores, and `k2`, `k3` …, which stores these are; `r`, `r2` …, the receipt of each store, with `|` between
//! recipients; `by`, what judged it (`user`, `rule`, `filter`).
//!
//! An unknown field of a known verb stays with its entry: a later one of that name takes its place, an empty
//! one removes it. A record of an unknown verb stays as it is, as long as the entry that it names.

use std::borrow::Cow;

use super::escape::{SEPARATOR, are_printable, escape_part, unescape};
use super::fact::FactKind;
use super::failure::Cause;
use super::field::{LineWriter, Ordered, Values, time};
use super::view::EntryId;
use crate::identity::Identity;
use crate::protocol::decimal;
use crate::store::Place;

/// The field that says whether anything proved which message a text was.
pub(super) const PROOF: &[u8] = b"proof";
/// Its value where nothing did.
pub(super) const NO_PROOF: &[u8] = b"none";

/// How a message of a `known` or `judged` record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Delivered,
    Leaving,
    Gone,
    /// Neither fetched nor deleted.
    Skipped,
    /// Not fetched, and deleted as soon as not everything is kept: a later version judged so, this one only
    /// does not fetch it.
    Delete,
}

/// What one line says. Times are seconds since 1970, octets are those the server declared. Places stand as
/// they do in the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Record<'a> {
    /// A message was seen for the first time, and not fetched.
    Seen { entry: EntryId, at: i64, octets: Option<u64>, unique_id: Cow<'a, [u8]> },
    /// A message is about to be delivered.
    Intent {
        entry: EntryId,
        at: i64,
        octets: Option<u64>,
        identity: Option<Identity>,
        unique_id: Cow<'a, [u8]>,
        place: Cow<'a, [u8]>,
        store: u16,
    },
    /// It stands there.
    Delivered { entry: EntryId, at: i64 },
    /// It does not: the intent is void.
    Refused { entry: EntryId, at: i64 },
    /// It could not be fetched.
    Failed { entry: EntryId, at: i64, failed: Box<Failed<'a>> },
    /// It is tried again from then on, whatever was said before.
    Retry { entry: EntryId, at: i64 },
    /// It is delivered and marked as deleted on the server, and QUIT is about to be sent.
    Leaving { entry: EntryId, at: i64 },
    /// It is delivered, and not on the server any more.
    Gone { entry: EntryId, at: i64 },
    /// It is on the server after all.
    Back { entry: EntryId, at: i64 },
    /// It has another unique-id, or other octets, now.
    Adopted { entry: EntryId, octets: Option<u64>, unique_id: Cow<'a, [u8]> },
    /// Nothing is known of it any more.
    Forgotten { entry: EntryId },
    /// It counts as first seen then, and, where that is told, as standing as it does since then: its times
    /// were those of a wrong clock, or another journal knows better.
    Dated { entry: EntryId, first_seen: i64, since: Option<i64> },
    /// It was decided that it is not fetched.
    Judged { entry: EntryId, at: i64, standing: Standing },
    /// A message in one line, as compaction writes it.
    Known {
        entry: EntryId,
        first_seen: i64,
        standing: Standing,
        since: i64,
        octets: Option<u64>,
        identity: Option<Identity>,
        unique_id: Cow<'a, [u8]>,
        store: u16,
    },
    /// The name of the store of that number.
    Store { store: u16, name: Cow<'a, [u8]> },
    /// What was learned of the server.
    Learned { kind: FactKind, until: i64, value: u64 },
    /// It does not count any more.
    Unlearned { kind: FactKind },
    /// Since when the clock says less than times in this journal; without one it does not.
    Clock { at: Option<i64> },
    /// A later version wrote it: kept as it stands.
    Unknown { entry: Option<EntryId> },
}

/// The rest of a failure's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failed<'a> {
    pub(super) cause: Cause,
    pub(super) count: u32,
    pub(super) since: i64,
    pub(super) next_try: i64,
    pub(super) reason: Cow<'a, [u8]>,
    pub(super) from: Cow<'a, [u8]>,
    pub(super) subject: Cow<'a, [u8]>,
}

/// A line that was read: what it says, and its fields that this version does not know.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Read<'a> {
    pub(super) record: Record<'a>,
    pub(super) kept: Vec<u8>,
}

impl<'a> Record<'a> {
    /// Appends the record as a line, with its end, and fields behind its own that stay with its entry.
    pub(super) fn write(&self, line: &mut Vec<u8>, kept: &[u8]) {
        self.fields(LineWriter(&mut *line));
        if !kept.is_empty() {
            line.push(b'\t');
            line.extend_from_slice(kept);
        }
        line.push(b'\n');
    }

    fn fields<'l>(&self, line: LineWriter<'l>) -> LineWriter<'l> {
        match self {
            Record::Seen { entry, at, octets, unique_id } => line
                .verb("seen")
                .entry(*entry)
                .time("t", *at)
                .optional_number("o", *octets)
                .text("u", unique_id),
            Record::Intent { entry, at, octets, identity, unique_id, place, store } => line
                .verb("intent")
                .entry(*entry)
                .time("t", *at)
                .optional_number("o", *octets)
                .identity(*identity)
                .text("u", unique_id)
                .raw("p", place)
                .optional_number("k", numbered(*store)),
            Record::Delivered { entry, at } => line.verb("delivered").entry(*entry).time("t", *at),
            Record::Refused { entry, at } => line.verb("refused").entry(*entry).time("t", *at),
            Record::Failed { entry, at, failed } => line
                .verb("failed")
                .entry(*entry)
                .time("t", *at)
                .number("count", failed.count)
                .raw("cause", failed.cause.word().as_bytes())
                .time("begun", failed.since)
                .time("next", failed.next_try)
                .text("why", &failed.reason)
                .text("from", &failed.from)
                .text("subject", &failed.subject),
            Record::Retry { entry, at } => line.verb("retry").entry(*entry).time("t", *at),
            Record::Leaving { entry, at } => line.verb("leaving").entry(*entry).time("t", *at),
            Record::Gone { entry, at } => line.verb("gone").entry(*entry).time("t", *at),
            Record::Back { entry, at } => line.verb("back").entry(*entry).time("t", *at),
            Record::Adopted { entry, octets, unique_id } => {
                line.verb("adopted").entry(*entry).optional_number("o", *octets).text("u", unique_id)
            }
            Record::Forgotten { entry } => line.verb("forgotten").entry(*entry),
            Record::Dated { entry, first_seen, since } => {
                let line = line.verb("dated").entry(*entry).time("f", *first_seen);
                since.map(|since| ("t", since)).into_iter().fold(line, |line, (name, at)| line.time(name, at))
            }
            Record::Judged { entry, at, standing } => {
                line.verb("judged").entry(*entry).time("t", *at).raw("s", standing.word())
            }
            Record::Known { entry, first_seen, standing, since, octets, identity, unique_id, store } => line
                .verb("known")
                .entry(*entry)
                .time("f", *first_seen)
                .raw("s", standing.word())
                .time("t", *since)
                .optional_number("o", *octets)
                .identity(*identity)
                .text("u", unique_id)
                .optional_number("k", numbered(*store)),
            Record::Store { store, name } => line.verb("store").number("k", *store).text("name", name),
            Record::Learned { kind, until, value } => line
                .verb("learned")
                .raw("name", kind.word().as_bytes())
                .number("value", *value)
                .time("until", *until),
            Record::Unlearned { kind } => line.verb("unlearned").raw("name", kind.word().as_bytes()),
            Record::Clock { at: Some(at) } => line.verb("clock").time("t", *at),
            Record::Clock { at: None } => line.verb("clock").raw("s", b"right"),
            Record::Unknown { .. } => line,
        }
    }

    /// Reads a line without its end; `None` when it is no record.
    pub(super) fn read(line: &'a [u8]) -> Option<Read<'a>> {
        let end = line.iter().position(|byte| *byte == b'\t')?;
        let (verb, fields) = (&line[..end], &line[end + 1..]);
        if let Some(record) = read_ordered(verb, fields) {
            return Some(Read { record, kept: Vec::new() });
        }
        let mut fields = Values::read(fields)?;
        let record = read_verb(verb, &mut fields)?;
        Some(Read { record, kept: fields.into_kept() })
    }
}

/// Reads what nearly all lines are, as they are written here; `None` says nothing against a line.
fn read_ordered<'a>(verb: &[u8], fields: &'a [u8]) -> Option<Record<'a>> {
    let mut fields = Ordered::new(fields);
    match verb {
        b"delivered" => {
            let (entry, at) = (fields.entry()?, fields.time(b't')?);
            fields.is_at_the_end().then_some(Record::Delivered { entry, at })
        }
        b"intent" => {
            let (entry, at) = (fields.entry()?, fields.time(b't')?);
            let (octets, identity) = (Some(fields.number(b'o')?), Some(fields.identity()?));
            let (unique_id, place) = (fields.plain(b'u')?.into(), fields.take(b'p')?.into());
            let store = fields.store_at_the_end()?;
            Some(Record::Intent { entry, at, octets, identity, unique_id, place, store })
        }
        b"known" => {
            let (entry, first_seen) = (fields.entry()?, fields.time(b'f')?);
            let (standing, since) = (Standing::from_word(fields.take(b's')?)?, fields.time(b't')?);
            let (octets, identity) = (Some(fields.number(b'o')?), Some(fields.identity()?));
            let (unique_id, store) = (fields.plain(b'u')?.into(), fields.store_at_the_end()?);
            Some(Record::Known { entry, first_seen, standing, since, octets, identity, unique_id, store })
        }
        _ => None,
    }
}

fn read_verb<'a>(verb: &[u8], fields: &mut Values<'a>) -> Option<Record<'a>> {
    let unique_id = |fields: &Values<'a>| unescape(fields.common(b'u')?);
    let octets = fields.optional_number(b'o')?;
    let entry = || fields.entry();
    let at = || fields.time(b't');
    Some(match verb {
        b"delivered" => Record::Delivered { entry: entry()?, at: at()? },
        b"intent" => Record::Intent {
            entry: entry()?,
            at: at()?,
            octets,
            identity: fields.identity()?,
            unique_id: unique_id(fields)?,
            place: Cow::Borrowed(fields.common(b'p')?),
            store: store(fields)?,
        },
        b"known" => Record::Known {
            entry: entry()?,
            first_seen: fields.time(b'f')?,
            standing: Standing::from_word(fields.common(b's')?)?,
            since: at()?,
            octets,
            identity: fields.identity()?,
            unique_id: unique_id(fields)?,
            store: store(fields)?,
        },
        b"seen" => Record::Seen { entry: entry()?, at: at()?, octets, unique_id: unique_id(fields)? },
        b"refused" => Record::Refused { entry: entry()?, at: at()? },
        b"failed" => {
            let (entry, at) = (entry()?, at()?);
            Record::Failed { entry, at, failed: Box::new(failed(at, fields)?) }
        }
        b"retry" => Record::Retry { entry: entry()?, at: at()? },
        b"leaving" => Record::Leaving { entry: entry()?, at: at()? },
        b"gone" => Record::Gone { entry: entry()?, at: at()? },
        b"back" => Record::Back { entry: entry()?, at: at()? },
        b"adopted" => Record::Adopted { entry: entry()?, octets, unique_id: unique_id(fields)? },
        b"forgotten" => Record::Forgotten { entry: entry()? },
        b"dated" => {
            let since = fields.common(b't').map_or(Some(None), |at| time(at).map(Some))?;
            Record::Dated { entry: entry()?, first_seen: fields.time(b'f')?, since }
        }
        b"judged" => Record::Judged {
            entry: entry()?,
            at: at()?,
            standing: Standing::from_word(fields.common(b's')?)?,
        },
        b"store" => {
            let store = Some(store(fields)?).filter(|store| *store > 0)?;
            Record::Store { store, name: unescape(fields.take_other(b"name")?)? }
        }
        b"learned" | b"unlearned" => {
            // A later version may learn what this one knows nothing of.
            let Some(kind) = fields.take_other(b"name").map(FactKind::from_word)? else {
                return Some(Record::Unknown { entry: None });
            };
            if verb == b"unlearned" {
                return Some(Record::Unlearned { kind });
            }
            let value = decimal(fields.take_other(b"value")?)?;
            Record::Learned { kind, until: time(fields.take_other(b"until")?)?, value }
        }
        b"clock" => Record::Clock { at: fields.common(b't').map_or(Some(None), |at| time(at).map(Some))? },
        verb if is_verb(verb) => {
            Record::Unknown { entry: fields.common(b'e').map_or(Some(None), |_| fields.entry().map(Some))? }
        }
        _ => return None,
    })
}

fn failed<'a>(at: i64, fields: &mut Values<'a>) -> Option<Failed<'a>> {
    let count = u32::try_from(decimal(fields.take_other(b"count")?)?).ok()?;
    let cause = Cause::from_word(fields.take_other(b"cause")?);
    let mut times = |name: &[u8]| fields.take_other(name).map_or(Some(at), time);
    let (since, next_try) = (times(b"begun")?, times(b"next")?);
    let mut text = |name: &[u8]| fields.take_other(name).map_or(Some(Cow::default()), unescape);
    let (reason, from, subject) = (text(b"why")?, text(b"from")?, text(b"subject")?);
    Some(Failed { cause, count, since, next_try, reason, from, subject })
}

/// The number of a store, zero where none is named.
fn store(fields: &Values<'_>) -> Option<u16> {
    fields.optional_number(b'k')?.map_or(Some(0), |number| u16::try_from(number).ok())
}

fn numbered(store: u16) -> Option<u64> {
    (store > 0).then_some(store.into())
}

fn is_verb(verb: &[u8]) -> bool {
    !verb.is_empty() && verb.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'-')
}

impl Standing {
    fn word(self) -> &'static [u8] {
        match self {
            Standing::Delivered => b"delivered",
            Standing::Leaving => b"leaving",
            Standing::Gone => b"gone",
            Standing::Skipped => b"skipped",
            Standing::Delete => b"delete",
        }
    }

    fn from_word(word: &[u8]) -> Option<Standing> {
        Some(match word {
            b"delivered" => Standing::Delivered,
            b"leaving" => Standing::Leaving,
            b"gone" => Standing::Gone,
            b"skipped" => Standing::Skipped,
            b"delete" => Standing::Delete,
            _ => return None,
        })
    }
}

/// Replaces `line` by a place's parts as they stand in one: escaped, [`SEPARATOR`] between them.
pub(super) fn join(place: &Place, line: &mut Vec<u8>) {
    line.clear();
    place.fields(|part| {
        line.push(SEPARATOR);
        escape_part(line, part);
    });
    line.drain(..line.len().min(1));
}

/// The parts of a place; `None` when an escape is broken.
pub(super) fn split(place: &[u8]) -> Option<Vec<Vec<u8>>> {
    if !are_printable(place) {
        return None;
    }
    place.split(|byte| *byte == SEPARATOR).map(|part| unescape(part).map(Cow::into_owned)).collect()
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
