//! `MSG`: names a message by its number, a range, `first`, `last`, or its unique-id.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStringExt;

use clap::builder::{OsStringValueParser, TypedValueParser};

/// One `MSG` as it was typed; what it means depends on the maildrop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MessageArg {
    /// That message-number, from 1.
    Number(u32),
    /// From the first to the second message-number, both included, in that order.
    Range(u32, u32),
    /// The lowest message-number.
    First,
    /// The highest message-number.
    Last,
    /// The message that has this unique-id; bytes, because servers send any.
    UniqueId(Vec<u8>),
}

impl MessageArg {
    /// Whether only the unique-id listing says which message it is.
    pub(crate) fn needs_listing(&self) -> bool {
        matches!(self, MessageArg::UniqueId(_))
    }

    /// Reads one word, from the command line or the shell.
    pub(crate) fn parse(word: &[u8]) -> Result<MessageArg, String> {
        if let Some(unique_id) = word.strip_prefix(b"uid:") {
            return if unique_id.is_empty() {
                Err("the unique-id is empty".to_owned())
            } else {
                Ok(MessageArg::UniqueId(unique_id.to_vec()))
            };
        }
        match word {
            b"first" => return Ok(MessageArg::First),
            b"last" => return Ok(MessageArg::Last),
            _ => {}
        }
        let text = std::str::from_utf8(word).unwrap_or_default();
        match text.split_once('-') {
            None => number(text).map(MessageArg::Number),
            Some((from, to)) => match (number(from)?, number(to)?) {
                (from, to) if from <= to => Ok(MessageArg::Range(from, to)),
                (from, to) => Err(format!("the range runs backwards: write {to}-{from}")),
            },
        }
    }
}

fn number(text: &str) -> Result<u32, String> {
    // A sign is no digit: `parse` alone would take +3.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(0) => Err("messages are numbered from 1".to_owned()),
        Ok(number) if digits => Ok(number),
        Err(_) if digits && !text.is_empty() => Err("no maildrop has that many messages".to_owned()),
        _ => Err("a message is a number, a range 3-7, first, last, or uid:UNIQUE-ID".to_owned()),
    }
}

impl fmt::Display for MessageArg {
    /// As it was typed; bytes of a unique-id that are not printable are escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MessageArg::Number(number) => write!(f, "{number}"),
            MessageArg::Range(from, to) => write!(f, "{from}-{to}"),
            MessageArg::First => f.write_str("first"),
            MessageArg::Last => f.write_str("last"),
            MessageArg::UniqueId(unique_id) => write!(f, "uid:{}", unique_id.escape_ascii()),
        }
    }
}

/// What clap reads a `MSG` with.
pub(crate) fn parser() -> impl TypedValueParser<Value = MessageArg> {
    OsStringValueParser::new().try_map(|word: OsString| MessageArg::parse(&word.into_vec()))
}

/// The same where a range makes no sense.
pub(crate) fn single() -> impl TypedValueParser<Value = MessageArg> {
    parser().try_map(|message| match message {
        MessageArg::Range(..) => Err("only one message can be shown at a time"),
        message => Ok(message),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form_and_shows_it_as_it_was_typed() {
        for (text, message) in [
            ("1", MessageArg::Number(1)),
            ("4294967295", MessageArg::Number(u32::MAX)),
            ("3-7", MessageArg::Range(3, 7)),
            ("5-5", MessageArg::Range(5, 5)),
            ("first", MessageArg::First),
            ("last", MessageArg::Last),
            ("uid:a b-7", MessageArg::UniqueId(b"a b-7".to_vec())),
            ("uid:uid:x", MessageArg::UniqueId(b"uid:x".to_vec())),
        ] {
            assert_eq!(MessageArg::parse(text.as_bytes()), Ok(message.clone()), "{text}");
            assert_eq!(message.to_string(), text);
        }
    }

    #[test]
    fn a_unique_id_may_hold_any_byte() {
        let message = MessageArg::parse(b"uid:\xfcber\x01").expect("bytes");
        assert_eq!(message, MessageArg::UniqueId(b"\xfcber\x01".to_vec()));
        assert_eq!(message.to_string(), "uid:\\xfcber\\x01");
    }

    #[test]
    fn refuses_what_is_no_message_and_says_why() {
        for (text, why) in [
            ("0", "numbered from 1"),
            ("0-3", "numbered from 1"),
            ("7-3", "write 3-7"),
            ("4294967296", "that many"),
            ("uid:", "empty"),
            ("", "a message is"),
            ("-1", "a message is"),
            ("+1", "a message is"),
            ("3-", "a message is"),
            ("-", "a message is"),
            ("1-2-3", "a message is"),
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
