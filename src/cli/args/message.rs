//! `MSG`: names messages by number, by range, by a word such as `last` or `new`, or by unique-id. The shell reads
//! its arguments with the same parser.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use clap::builder::{OsStringValueParser, TypedValueParser};

/// One `MSG` as it was typed; what it means depends on the maildrop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MessageArg {
    /// That message.
    One(Position),
    /// From the first to the second, both included, in that order.
    Range(Position, Position),
    /// So many with the highest message-numbers.
    Newest(u32),
    /// Every message.
    All,
    /// Every message that was not fetched yet.
    New,
    /// The message that has this unique-id; bytes, because servers send any.
    UniqueId(Vec<u8>),
    /// Several of the above; no unique-id and no list among them.
    List(Vec<MessageArg>),
}

/// A message-number, or a word for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    /// That message-number, from 1.
    Number(u32),
    /// The lowest message-number.
    First,
    /// The highest message-number.
    Last,
}

impl MessageArg {
    /// Whether it needs a listing of the maildrop; for plain numbers the number of messages is enough. It does not tell
    /// the last number: servers may leave gaps.
    pub(crate) fn needs_listing(&self) -> bool {
        match self {
            MessageArg::One(Position::Number(_))
            | MessageArg::Range(Position::Number(_), Position::Number(_)) => false,
            MessageArg::List(parts) => parts.iter().any(MessageArg::needs_listing),
            _ => true,
        }
    }

    /// Whether it depends on what was fetched.
    pub(crate) fn needs_journal(&self) -> bool {
        match self {
            MessageArg::New => true,
            MessageArg::List(parts) => parts.iter().any(MessageArg::needs_journal),
            _ => false,
        }
    }

    /// Whether it names one message, and not a set.
    pub(crate) fn is_single(&self) -> bool {
        matches!(self, MessageArg::One(_) | MessageArg::UniqueId(_))
    }

    /// Reads one word, from the command line or the shell.
    pub(crate) fn parse(word: &[u8]) -> Result<MessageArg, String> {
        if let Some(unique_id) = word.strip_prefix(b"uid:") {
            return match unique_id {
                b"" => Err("the unique-id is empty".to_owned()),
                unique_id => Ok(MessageArg::UniqueId(unique_id.to_vec())),
            };
        }
        let text = std::str::from_utf8(word).unwrap_or_default();
        if !text.contains(',') {
            return part(text);
        }
        text.split(',').map(part).collect::<Result<_, _>>().map(MessageArg::List)
    }
}

/// Reads what may stand between the commas of a list.
fn part(text: &str) -> Result<MessageArg, String> {
    match text {
        "all" => return Ok(MessageArg::All),
        "new" => return Ok(MessageArg::New),
        _ => {}
    }
    if text.starts_with("uid:") {
        return Err("uid:UNIQUE-ID is an argument of its own, and no part of a list".to_owned());
    }
    if let Some(count) = text.strip_prefix("last:") {
        return match number(count) {
            Some(Ok(count @ 1..)) => Ok(MessageArg::Newest(count)),
            Some(Err(too_large)) => Err(too_large),
            _ => Err("write how many: last:10 names the last ten".to_owned()),
        };
    }
    let Some((from, to)) = text.split_once('-') else { return position(text).map(MessageArg::One) };
    let (from, to) = (position(from)?, if to.is_empty() { Position::Last } else { position(to)? });
    let runs_backwards = match (from, to) {
        (Position::Number(from), Position::Number(to)) => {
            if from > to {
                return Err(format!("the range runs backwards: write {to}-{from}"));
            }
            false
        }
        (Position::Last, to) => to != Position::Last,
        (from, Position::First) => from != Position::First,
        _ => false,
    };
    match runs_backwards {
        true => Err("the range runs backwards: the lower number comes first".to_owned()),
        false => Ok(MessageArg::Range(from, to)),
    }
}

fn position(text: &str) -> Result<Position, String> {
    match text {
        "first" => return Ok(Position::First),
        "last" => return Ok(Position::Last),
        _ => {}
    }
    match number(text) {
        Some(Ok(0)) => Err("messages are numbered from 1".to_owned()),
        Some(number) => number.map(Position::Number),
        None => {
            Err("a message is a number, a range 3-7 or 195-, a list 1,3,5, first, last, last:10, all, new, \
                     or uid:UNIQUE-ID"
                .to_owned())
        }
    }
}

/// Reads digits; `None` where something else stands.
fn number(text: &str) -> Option<Result<u32, String>> {
    // A sign is no digit: `parse` alone would take +3.
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().map_err(|_| "no maildrop has that many messages".to_owned()))
}

/// What clap reads a `MSG` with.
pub(crate) fn parser() -> impl TypedValueParser<Value = MessageArg> {
    OsStringValueParser::new().try_map(|word: OsString| MessageArg::parse(&word.into_vec()))
}

/// The same where a set makes no sense.
pub(crate) fn single() -> impl TypedValueParser<Value = MessageArg> {
    parser().try_map(|message| match message.is_single() {
        true => Ok(message),
        false => Err("only one message can be shown at a time"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(number: u32) -> MessageArg {
        MessageArg::One(Position::Number(number))
    }

    fn range(from: u32, to: u32) -> MessageArg {
        MessageArg::Range(Position::Number(from), Position::Number(to))
    }

    #[test]
    fn reads_every_form() {
        for (text, message) in [
            ("1", one(1)),
            ("4294967295", one(u32::MAX)),
            ("3-7", range(3, 7)),
            ("5-5", range(5, 5)),
            ("195-", MessageArg::Range(Position::Number(195), Position::Last)),
            ("195-last", MessageArg::Range(Position::Number(195), Position::Last)),
            ("first-3", MessageArg::Range(Position::First, Position::Number(3))),
            ("first-last", MessageArg::Range(Position::First, Position::Last)),
            ("last-", MessageArg::Range(Position::Last, Position::Last)),
            ("first", MessageArg::One(Position::First)),
            ("last", MessageArg::One(Position::Last)),
            ("last:10", MessageArg::Newest(10)),
            ("all", MessageArg::All),
            ("new", MessageArg::New),
            ("1,3,5", MessageArg::List(vec![one(1), one(3), one(5)])),
            ("5,3-4,new", MessageArg::List(vec![one(5), range(3, 4), MessageArg::New])),
            ("uid:a b-7", MessageArg::UniqueId(b"a b-7".to_vec())),
            ("uid:uid:x", MessageArg::UniqueId(b"uid:x".to_vec())),
            ("uid:1,3,new", MessageArg::UniqueId(b"1,3,new".to_vec())),
        ] {
            assert_eq!(MessageArg::parse(text.as_bytes()), Ok(message), "{text}");
        }
    }

    #[test]
    fn a_unique_id_may_hold_any_byte() {
        let message = MessageArg::parse(b"uid:\xfcber\x01").expect("bytes");
        assert_eq!(message, MessageArg::UniqueId(b"\xfcber\x01".to_vec()));
    }

    #[test]
    fn all_but_plain_numbers_need_a_listing() {
        for (text, listing, journal, single) in [
            ("3", false, false, true),
            ("3-7", false, false, false),
            ("1,3-7", false, false, false),
            ("first", true, false, true),
            ("last", true, false, true),
            ("3-", true, false, false),
            ("first-3", true, false, false),
            ("last:3", true, false, false),
            ("all", true, false, false),
            ("1,last", true, false, false),
            ("uid:x", true, false, true),
            ("new", true, true, false),
            ("1,new", true, true, false),
        ] {
            let message = MessageArg::parse(text.as_bytes()).expect(text);
            let said = (message.needs_listing(), message.needs_journal(), message.is_single());
            assert_eq!(said, (listing, journal, single), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_message_and_says_why() {
        for (text, why) in [
            ("0", "numbered from 1"),
            ("0-3", "numbered from 1"),
            ("7-3", "write 3-7"),
            ("last-3", "backwards"),
            ("3-first", "backwards"),
            ("last-first", "backwards"),
            ("4294967296", "that many"),
            ("last:4294967296", "that many"),
            ("last:", "how many"),
            ("last:0", "how many"),
            ("last:x", "how many"),
            ("uid:", "empty"),
            ("1,uid:x", "of its own"),
            ("", "a message is"),
            (",", "a message is"),
            ("1,", "a message is"),
            ("1,,2", "a message is"),
            ("1, 2", "a message is"),
            ("-1", "a message is"),
            ("+1", "a message is"),
            ("-", "a message is"),
            ("1-2-3", "a message is"),
            ("all-3", "a message is"),
            ("First", "a message is"),
            ("one", "a message is"),
            (" 1", "a message is"),
        ] {
            let error = MessageArg::parse(text.as_bytes()).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
        assert!(MessageArg::parse(b"\xff").is_err());
    }
}
