//! The identity of a message: a hash of header fields that servers do not change. It identifies a message if
//! its unique-id does not: RFC 1939 section 7 allows a server to reuse the unique-id of a deleted message,
//! and a migration changes all unique-ids.
//!
//! The fetch feeds every message to an [`Identifier`] while it is received, or the reply to TOP if the plan
//! is in doubt. The journal stores the [`Identity`], and an mbox is searched for it.
//!
//! It has a reader of its own, which shares with [`header`](crate::header) how a line is split: it reads a stream
//! without copying it, as fast as messages come in, and hashes what journals of earlier versions hold.

use std::fmt;
use std::str::FromStr;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use memchr::memchr;
use sha2::{Digest, Sha256};

use crate::error::{Error, Kind};
use crate::header::split_line;

/// The part of a header that is read, in octets without CR; real headers are shorter.
const MAX_HEADER: usize = 256 * 1024;

/// The fields that are hashed (RFC 5322 section 3.6), with Date, From and Subject below: written by the
/// sender and the relays, never by a maildrop.
const CHOSEN: [&[u8]; 3] = [b"received", b"message-id", b"to"];
const DATE: &[u8] = b"date";
const FROM: &[u8] = b"from";
const SUBJECT: &[u8] = b"subject";

/// Fields that mail servers and mail readers change (Dovecot, UW-IMAP, qpopper).
const VOLATILE: [&[u8]; 5] = [b"status", b"x-status", b"x-uidl", b"x-keywords", b"content-length"];

/// The prefix of the fields in which UW-IMAP keeps its state (`X-IMAP:`, `X-IMAPbase:`).
const VOLATILE_PREFIX: &[u8] = b"x-imap";

/// A truncated SHA-256 that identifies a message. Displayed and parsed as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Identity([u8; 16]);

impl Identity {
    /// The identity with these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Identity {
        Identity(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Parses 32 hexadecimal digits of either case.
    pub fn from_hex(text: &[u8]) -> Option<Identity> {
        if text.len() != 32 {
            return None;
        }
        let mut bytes = [0; 16];
        HEXLOWER_PERMISSIVE.decode_mut(text, &mut bytes).ok()?;
        Some(Identity(bytes))
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", HEXLOWER.encode_display(&self.0))
    }
}

impl FromStr for Identity {
    type Err = Error;

    fn from_str(text: &str) -> Result<Identity, Error> {
        Identity::from_hex(text.as_bytes())
            .ok_or_else(|| Error::new(Kind::Usage, "expected an identity of 32 hexadecimal digits"))
    }
}

/// The field of the current header line, to which folded lines belong.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Field {
    #[default]
    Other,
    Chosen(Named),
    Volatile,
}

/// The chosen fields that are displayed, and the others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    Date,
    From,
    Subject,
    Other,
}

/// The maximum length of a displayed field, in octets.
const MAX_FIELD: usize = 500;

/// The bodies of the fields by which people recognise a message, as in the header (not decoded, unfolded) and
/// shortened; `None` for a missing field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields {
    /// The body of the first Date.
    pub date: Option<Vec<u8>>,
    /// The body of the first From.
    pub from: Option<Vec<u8>>,
    /// The body of the first Subject.
    pub subject: Option<Vec<u8>>,
}

/// Reads a message as a stream and computes its [`Identity`].
///
/// The result does not depend on the size of the chunks, nor on whether lines end in CRLF or LF.
#[derive(Default)]
pub struct Identifier {
    /// The beginning of an incomplete line.
    line: Vec<u8>,
    field: Field,
    chosen: Option<Sha256>,
    /// Hash of all lines that mail servers do not change: used unless a chosen field is found.
    all: Option<Sha256>,
    octets: usize,
    is_done: bool,
    /// `Some` if the fields are wanted.
    fields: Option<Fields>,
    /// Whether the current line belongs to the first field with its name.
    is_first: bool,
}

impl Identifier {
    /// Creates one that has read nothing.
    pub fn new() -> Self {
        Identifier::default()
    }

    /// Creates one that also collects the [`Fields`].
    pub fn keeping_fields() -> Self {
        Identifier { fields: Some(Fields::default()), ..Identifier::default() }
    }

    /// Reads the next chunk. Does nothing after the header.
    pub fn push(&mut self, mut chunk: &[u8]) {
        while !self.is_done && !chunk.is_empty() {
            // The limit is at the same octet, whatever the chunks and the line ends are.
            let room = MAX_HEADER - self.octets;
            match memchr(b'\n', chunk) {
                Some(end) if self.line.is_empty() => {
                    self.push_line(&chunk[..end], room);
                    chunk = &chunk[end + 1..];
                }
                Some(end) => {
                    let mut line = std::mem::take(&mut self.line);
                    line.extend_from_slice(&chunk[..end]);
                    self.push_line(&line, room);
                    line.clear();
                    self.line = line;
                    chunk = &chunk[end + 1..];
                }
                None => {
                    // One octet more than fits, because it may be the CR of a line end.
                    let space = (room + 1).saturating_sub(self.line.len());
                    self.line.extend_from_slice(&chunk[..chunk.len().min(space)]);
                    return;
                }
            }
        }
    }

    /// The identity; `None` if there is no header.
    pub fn finish(self) -> Option<Identity> {
        self.finish_with_fields().0
    }

    /// The identity, and the fields if created by [`Identifier::keeping_fields`].
    pub fn finish_with_fields(mut self) -> (Option<Identity>, Fields) {
        if !self.is_done && !self.line.is_empty() {
            let line = std::mem::take(&mut self.line);
            self.push_line(&line, MAX_HEADER - self.octets);
        }
        let identity = self.chosen.or(self.all).map(|hash| {
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&hash.finalize()[..16]);
            Identity(bytes)
        });
        (identity, self.fields.unwrap_or_default())
    }

    /// Handles one line, without its LF, of which at most `room` octets count.
    fn push_line(&mut self, line: &[u8], room: usize) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // Delivery turns CRCRLF into CRLF. For the same result before and after it, a line of CRs alone
        // counts as empty.
        if line.iter().all(|byte| *byte == b'\r') {
            self.is_done = true;
            return;
        }
        let line = &line[..line.len().min(room)];
        self.octets += line.len() + 1;
        self.is_done = self.octets >= MAX_HEADER;
        let text = line.trim_ascii_end();
        let is_folded = matches!(line.first(), Some(b' ' | b'\t'));
        let (name, rest) = if is_folded { (&[][..], text) } else { split_line(text) };
        if !is_folded {
            self.field = classify(name);
        }
        if text.is_empty() {
            return;
        }
        if let Field::Chosen(named @ (Named::Date | Named::From | Named::Subject)) = self.field {
            self.collect(named, is_folded, rest);
        }
        let hash = match (self.field, &mut self.chosen) {
            (Field::Chosen(_), chosen) => chosen.get_or_insert_with(Sha256::new),
            (Field::Other, None) => self.all.get_or_insert_with(Sha256::new),
            (Field::Other, Some(_)) | (Field::Volatile, _) => return,
        };
        // Field names are hashed in lower case, because some servers change their case.
        for part in name.chunks(64) {
            let mut lower = [0; 64];
            let lower = &mut lower[..part.len()];
            lower.copy_from_slice(part);
            lower.make_ascii_lowercase();
            hash.update(lower);
        }
        hash.update(rest);
        hash.update(b"\n");
    }

    /// Collects a line of a field: the part after the colon, or all of a folded line.
    fn collect(&mut self, named: Named, is_folded: bool, line: &[u8]) {
        let Some(fields) = &mut self.fields else { return };
        let slot = match named {
            Named::Date => &mut fields.date,
            Named::From => &mut fields.from,
            Named::Subject => &mut fields.subject,
            Named::Other => return,
        };
        if !is_folded {
            self.is_first = slot.is_none();
        }
        if self.is_first {
            let text = slot.get_or_insert_default();
            let body = if is_folded { line } else { line.get(1..).unwrap_or_default().trim_ascii_start() };
            text.extend_from_slice(&body[..body.len().min(MAX_FIELD.saturating_sub(text.len()))]);
        }
    }
}

fn classify(name: &[u8]) -> Field {
    let is = |known: &&[u8]| name.eq_ignore_ascii_case(known);
    if is(&DATE) {
        Field::Chosen(Named::Date)
    } else if is(&FROM) {
        Field::Chosen(Named::From)
    } else if is(&SUBJECT) {
        Field::Chosen(Named::Subject)
    } else if CHOSEN.iter().any(is) {
        Field::Chosen(Named::Other)
    } else if VOLATILE.iter().any(is)
        || name.get(..VOLATILE_PREFIX.len()).is_some_and(|head| head.eq_ignore_ascii_case(VOLATILE_PREFIX))
    {
        Field::Volatile
    } else {
        Field::Other
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn identity(message: &[u8]) -> Option<Identity> {
        let mut identifier = Identifier::new();
        identifier.push(message);
        identifier.finish()
    }

    const MAIL: &[u8] = b"Received: from a\r\n\tby b; Mon, 1 Jan 2024 00:00:00 +0000\r\n\
        Message-ID: <1@example>\r\nSubject: hello\r\n world\r\nX-Other: 1\r\n\r\nbody\r\n";

    #[test]
    fn parses_its_displayed_form() {
        let one = identity(MAIL).expect("an identity");
        assert_eq!(one.to_string().len(), 32);
        assert_eq!(one.to_string().parse::<Identity>().expect("hex"), one);
        assert_eq!(Identity::from_bytes(*one.as_bytes()), one);
        for bad in ["", "12", &"g".repeat(32), &"0".repeat(33)] {
            assert!(bad.parse::<Identity>().is_err(), "{bad:?}");
        }
    }

    /// What journals hold: computed apart from this program, by the description of [`CHOSEN`] and [`VOLATILE`].
    #[test]
    fn never_changes_from_version_to_version() {
        let odd = b" stray\r\nno colon\r\nX-Odd : y\r\nFrom : \xc3\x9c <a@x>  \r\nSubject\t: =?utf-8?Q?=C3=9C?=\r\n \
            =?utf-8?Q?b?=\r\n \r\nDATE: Tue, 3 Mar 2026 10:33:00 +02:00\r\n\r\nSubject: body";
        for (message, expected) in [
            (MAIL, "0372e5f1c7859dd878f9dfbc0439249e"),
            (b"X-A: 1\nStatus: RO\nX-B : 2\n\n", "09d3a4b89cabf6355a270256b56f8d6c"),
            (&odd[..], "5bebeb3e3060c83d4571a7cb421227db"),
        ] {
            assert_eq!(identity(message).map(|one| one.to_string()).as_deref(), Some(expected));
        }
    }

    #[test]
    fn ignores_changes_made_by_maildrops() {
        let one = identity(MAIL);
        let lf: Vec<u8> = MAIL.iter().copied().filter(|byte| *byte != b'\r').collect();
        let touched: &[u8] = b"X-UIDL: 77\r\nReceived: from a  \r\n\tby b; Mon, 1 Jan 2024 00:00:00 +0000\t\r\n\
            MESSAGE-id : <1@example>\r\nsubject: hello\r\n world\r\nX-Other: 2\r\nStatus: RO\r\n\r\nother body";
        let header_alone = MAIL.strip_suffix(b"\r\nbody\r\n").expect("the body");
        assert_eq!(identity(&lf), one);
        assert_eq!(identity(touched), one);
        assert_eq!(identity(header_alone), one);
    }

    #[test]
    fn collects_the_first_from_and_subject() {
        let mail = b"Received: x\r\nFrom: A\r\n <a@x>\r\nSubject: one\r\n\ttwo\r\nSUBJECT: three\r\n four\r\n\r\nFrom: body\r\n";
        let mut identifier = Identifier::keeping_fields();
        mail.chunks(3).for_each(|chunk| identifier.push(chunk));
        let (identity_of_it, fields) = identifier.finish_with_fields();
        assert_eq!(identity_of_it, identity(mail), "keeping them changes nothing");
        assert_eq!(fields.from.as_deref(), Some(&b"A <a@x>"[..]));
        assert_eq!(fields.subject.as_deref(), Some(&b"one\ttwo"[..]));
        let mut long = Identifier::keeping_fields();
        long.push(&[b"Subject: ".as_slice(), &[b'x'; 5000], b"\r\n\r\n"].concat());
        assert_eq!(long.finish_with_fields().1.subject.map(|text| text.len()), Some(MAX_FIELD));
    }

    #[test]
    fn differs_when_any_chosen_field_does() {
        let one = identity(MAIL);
        for (from, to) in
            [("from a", "from c"), ("by b", "by c"), ("<1@", "<2@"), ("hello", "Hello"), (" world", " w")]
        {
            let other = String::from_utf8_lossy(MAIL).replace(from, to);
            assert_ne!(identity(other.as_bytes()), one, "{from}");
        }
    }

    #[test]
    fn without_chosen_fields_it_hashes_all_unchanged_lines() {
        let one = identity(b"X-A: 1\nX-B: 2\n\n").expect("an identity");
        assert_eq!(
            identity(b"Status: RO\nX-A: 1\nX-B: 2\nX-IMAPbase: 9\n more\nX-Keywords: a\n\n"),
            Some(one)
        );
        assert_ne!(identity(b"X-A: 1\nX-B: 3\n\n"), Some(one));
    }

    #[test]
    fn a_message_without_header_has_none() {
        for message in
            [&b""[..], b"\r\n", b"\nbody", b"\r\r\nSubject: in the body\r\n", b"Status: RO\r\n\r\nx"]
        {
            assert_eq!(identity(message), None, "{message:?}");
        }
    }

    #[test]
    fn an_endless_header_is_cut_at_the_same_octet_with_crlf_and_lf() {
        let mut mail = b"Subject: x\r\n".to_vec();
        for n in 0..20_000 {
            mail.extend_from_slice(format!("To: someone-{n}@example.org\r\n").as_bytes());
        }
        let lf: Vec<u8> = mail.iter().copied().filter(|byte| *byte != b'\r').collect();
        let one = identity(&mail);
        assert_eq!(identity(&lf), one);
        mail.extend_from_slice(b"Date: far behind\r\n");
        assert_eq!(identity(&mail), one);
        let endless = [&b"Subject: "[..], &vec![b'x'; 2 * MAX_HEADER]].concat();
        let mut identifier = Identifier::new();
        endless.chunks(1000).for_each(|chunk| identifier.push(chunk));
        assert!(identifier.line.len() <= MAX_HEADER + 1);
        assert_eq!(identifier.finish(), identity(&endless));
        assert_eq!(identity(&[&endless[..], b"\r\n\r\n"].concat()), identity(&endless));
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_identity(
            message in prop::collection::vec(prop::sample::select(b"Tto:Subject \r\n\tx\xff".to_vec()), 0..200),
            cuts in prop::collection::vec(1usize..9, 1..40),
        ) {
            let mut identifier = Identifier::new();
            let mut rest = &message[..];
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break }
                let (head, tail) = rest.split_at((*cut).min(rest.len()));
                identifier.push(head);
                rest = tail;
            }
            prop_assert_eq!(identifier.finish(), identity(&message));
        }
    }
}
