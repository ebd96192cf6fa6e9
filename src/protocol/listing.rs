//! One line of each listing: drop listing (STAT), scan listing (LIST) and unique-id listing (UIDL)
//! (RFC 1939 sections 5 and 7). [`super::maildrop`] puts the lines together.

use super::decimal::decimal;
use super::reply::excerpt;
use crate::error::{Error, Kind, Result};

/// The answer to STAT: what the server counts, a hint only (see [`scan`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DropListing {
    /// How many messages.
    pub messages: u32,
    /// Their octets together; `None` where the server says something that is no size (OpenMail and
    /// Exchange have answered with negative totals).
    pub octets: Option<u64>,
}

/// Reads `nn mm` from the text of a STAT reply. What follows is ignored (RFC 1939 section 5).
///
/// # Errors
/// [`Kind::Protocol`] where the count is none, or beyond what a message-number can be here.
pub fn drop_listing(text: &[u8]) -> Result<DropListing> {
    let mut words = words(text);
    let count = words.next().and_then(decimal);
    let Some(messages) = count.and_then(|count| u32::try_from(count).ok()) else {
        return Err(unreadable("drop listing", text));
    };
    Ok(DropListing { messages, octets: words.next().and_then(decimal) })
}

/// Reads `n octets` from a line of LIST, or the text of a `LIST n` reply. The octets are a hint:
/// servers round them, compress them or count line ends otherwise; what is no size at all (-1,
/// nothing) is `None`.
///
/// # Errors
/// [`Kind::Protocol`] where the line has no message-number.
pub fn scan(line: &[u8]) -> Result<(u32, Option<u64>)> {
    let mut words = words(line);
    let number_of = words.next().and_then(message_number).ok_or_else(|| unreadable("scan listing", line))?;
    Ok((number_of, words.next().and_then(decimal)))
}

/// Reads `n unique-id` from a line of UIDL. Forgives what servers do: several blanks before the
/// unique-id (Comcast's Maillennium and others), one of more than 70 octets, with spaces or 8-bit
/// octets inside (one server each, all met by mpop's users).
///
/// # Errors
/// [`Kind::Protocol`] where the line lacks the number or the unique-id.
pub fn unique_id(line: &[u8]) -> Result<(u32, &[u8])> {
    let line = line.trim_ascii_start();
    let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
    let unique_id = line[end..].trim_ascii();
    match message_number(&line[..end]) {
        Some(number) if !unique_id.is_empty() => Ok((number, unique_id)),
        _ => Err(unreadable("unique-id listing", line)),
    }
}

/// Reads a line of the whole unique-id listing, in which the unique-id of a message may be missing: a server
/// exists that leaves it out where it has lost it (jstedfast/MailKit#560).
///
/// # Errors
/// [`Kind::Protocol`] where the line lacks the number.
pub fn unique_id_line(line: &[u8]) -> Result<(u32, Option<&[u8]>)> {
    match message_number(line.trim_ascii()) {
        Some(number) => Ok((number, None)),
        None => unique_id(line).map(|(number, unique_id)| (number, Some(unique_id))),
    }
}

/// Whether a line that cannot be read as one of a listing counts messages from 0: then every other number
/// means another message than it says.
pub fn counts_from_zero(line: &[u8]) -> bool {
    words(line).next().and_then(decimal) == Some(0)
}

/// Reads the unique-id from the text of a `UIDL n` reply. Twisted's server leaves the number out.
///
/// # Errors
/// [`Kind::Protocol`] where the text holds none.
pub fn unique_id_of(asked: u32, text: &[u8]) -> Result<&[u8]> {
    match unique_id(text) {
        Ok((number, unique_id)) if number == asked => Ok(unique_id),
        _ => {
            let text = text.trim_ascii();
            if text.is_empty() { Err(unreadable("unique-id", text)) } else { Ok(text) }
        }
    }
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

fn message_number(word: &[u8]) -> Option<u32> {
    decimal(word).and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0)
}

fn unreadable(what: &str, line: &[u8]) -> Error {
    Error::new(Kind::Protocol, format!("cannot read \"{}\" as a {what}", excerpt(line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_drop_listings() {
        let table: &[(&[u8], Option<(u32, Option<u64>)>)] = &[
            (b"2 320", Some((2, Some(320)))),
            (b"0 0 messages", Some((0, Some(0)))),
            (b"3 -17", Some((3, None))),
            (b"3", Some((3, None))),
            (b"-3 5", None),
            (b"99999999999999999999 5", None),
            (b"4294967296 5", None),
            (b"two 320", None),
            (b"", None),
        ];
        for (text, wanted) in table {
            let got = drop_listing(text).ok().map(|listing| (listing.messages, listing.octets));
            assert_eq!(got, *wanted, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn reads_scan_listings() {
        let table: &[(&[u8], Option<(u32, Option<u64>)>)] = &[
            (b"1 120", Some((1, Some(120)))),
            (b" 1   120  more", Some((1, Some(120)))),
            (b"1 -1", Some((1, None))),
            (b"1", Some((1, None))),
            (b"1 18446744073709551616", Some((1, None))),
            (b"0 120", None),
            (b"-1 120", None),
            (b"4294967296 120", None),
            (b"x 120", None),
            (b"\xff", None),
            (b"", None),
        ];
        for (line, wanted) in table {
            assert_eq!(scan(line).ok(), *wanted, "{}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn reads_unique_ids_as_servers_send_them() {
        let long = [b"7 ".to_vec(), vec![b'u'; 300]].concat();
        let table: &[(&[u8], Option<(u32, &[u8])>)] = &[
            (b"1 whqtswO00WBw418f9t5JxYwZ", Some((1, b"whqtswO00WBw418f9t5JxYwZ"))),
            (b"2   three-blanks", Some((2, b"three-blanks"))),
            (b"3 with space inside ", Some((3, b"with space inside"))),
            (b"4 \xe9\xff8-bit", Some((4, b"\xe9\xff8-bit"))),
            (b"5 #@/", Some((5, b"#@/"))),
            (b"6\ttab", Some((6, b"tab"))),
            (&long, Some((7, &long[2..]))),
            (b"8", None),
            (b"8 ", None),
            (b"x y", None),
            (b"", None),
        ];
        for (line, wanted) in table {
            assert_eq!(unique_id(line).ok(), *wanted, "{}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn a_line_may_lack_its_unique_id_but_not_its_number() {
        let table: &[(&[u8], Option<(u32, Option<&[u8]>)>)] = &[
            (b"1 a", Some((1, Some(b"a")))),
            (b"2 ", Some((2, None))),
            (b"2", Some((2, None))),
            (b"0", None),
            (b"0 a", None),
            (b"x", None),
            (b"", None),
        ];
        for (line, wanted) in table {
            assert_eq!(unique_id_line(line).ok(), *wanted, "{}", String::from_utf8_lossy(line));
        }
        assert!(counts_from_zero(b"0 120") && counts_from_zero(b" 0"));
        assert!(!counts_from_zero(b"10 120") && !counts_from_zero(b"-1 0") && !counts_from_zero(b""));
    }

    #[test]
    fn a_single_unique_id_may_lack_its_number() {
        assert_eq!(unique_id_of(3, b"3 abc").ok(), Some(&b"abc"[..]));
        assert_eq!(unique_id_of(3, b"abc").ok(), Some(&b"abc"[..]));
        assert_eq!(unique_id_of(3, b"12 abc").ok(), Some(&b"12 abc"[..]));
        assert!(unique_id_of(3, b" ").is_err());
    }
}
