//! Parses a line of the drop listing (STAT), the scan listing (LIST) and the unique-id listing (UIDL) (RFC
//! 1939 sections 5 and 7). [`super::maildrop`] combines the lines.

use super::decimal::decimal;
use super::reply::excerpt;
use crate::error::{Error, Kind, Result};

/// The reply to STAT. The octets are only a hint (see [`scan`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DropListing {
    /// The number of messages.
    pub messages: u32,
    /// Their total size; `None` if the server sends something else than a size (OpenMail and Exchange have
    /// sent negative totals).
    pub octets: Option<u64>,
}

/// Parses `nn mm` from the text of a reply to STAT. The rest is ignored (RFC 1939 section 5).
///
/// # Errors
/// [`Kind::Protocol`] if the count is missing, or larger than any message-number can be here.
pub fn drop_listing(text: &[u8]) -> Result<DropListing> {
    let mut words = words(text);
    let count = words.next().and_then(decimal);
    let Some(messages) = count.and_then(|count| u32::try_from(count).ok()) else {
        return Err(unreadable("drop listing", text));
    };
    Ok(DropListing { messages, octets: words.next().and_then(decimal) })
}

/// Parses `n octets` from a line of LIST, or from the text of a reply to `LIST n`. The octets are only a
/// hint: servers round them, give the compressed size, or count line ends differently. `None` if they are
/// missing or not a size (-1).
///
/// # Errors
/// [`Kind::Protocol`] if the line has no message-number.
pub fn scan(line: &[u8]) -> Result<(u32, Option<u64>)> {
    let mut words = words(line);
    let number_of = words.next().and_then(message_number).ok_or_else(|| unreadable("scan listing", line))?;
    Ok((number_of, words.next().and_then(decimal)))
}

/// Parses `n unique-id` from a line of UIDL. Accepts several spaces before the unique-id (Comcast's
/// Maillennium and others), and unique-ids of more than 70 octets, with spaces or with 8-bit octets (one
/// server each, all reported by users of mpop).
///
/// # Errors
/// [`Kind::Protocol`] if the line lacks the number or the unique-id.
pub fn unique_id(line: &[u8]) -> Result<(u32, &[u8])> {
    let line = line.trim_ascii_start();
    let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
    let unique_id = line[end..].trim_ascii();
    match message_number(&line[..end]) {
        Some(number) if !unique_id.is_empty() => Ok((number, unique_id)),
        _ => Err(unreadable("unique-id listing", line)),
    }
}

/// Parses a line of the whole unique-id listing. The unique-id may be missing: one server omits it for
/// messages whose unique-id it has lost (jstedfast/MailKit#560).
///
/// # Errors
/// [`Kind::Protocol`] if the line lacks the number.
pub fn unique_id_line(line: &[u8]) -> Result<(u32, Option<&[u8]>)> {
    match message_number(line.trim_ascii()) {
        Some(number) => Ok((number, None)),
        None => unique_id(line).map(|(number, unique_id)| (number, Some(unique_id))),
    }
}

/// Whether a line that could not be parsed shows that the server counts messages from 0. Then every
/// message-number in the listing is wrong by one.
pub fn counts_from_zero(line: &[u8]) -> bool {
    words(line).next().and_then(decimal) == Some(0)
}

/// Parses the unique-id from the text of a reply to `UIDL n`. Twisted's server omits the number.
///
/// # Errors
/// [`Kind::Protocol`] if the text has no unique-id.
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
