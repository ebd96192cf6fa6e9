//! What the header of a message says, decoded for people: for `pop3 list` and `pop3 fetch --dry-run`.

use jiff::Timestamp;
use pop3::header;
use pop3::identity::Fields;

use super::output::table::Cell;

/// What a header says, as far as it is known.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    pub(crate) date: Option<Timestamp>,
    pub(crate) from: Option<String>,
    /// The name in it, or the address.
    pub(crate) sender: String,
    /// `None` if the header is not known.
    pub(crate) subject: Option<String>,
}

impl Decoded {
    /// Decodes the fields that are shown, the first of each name. What is no field leaves them empty, which is no
    /// error.
    pub(crate) fn from_header(bytes: &[u8]) -> Decoded {
        let first = |name| header::fields(bytes).find(|field| field.is(name)).map(|field| field.body);
        Decoded::from_bodies(first("Date"), first("From"), first("Subject"))
    }

    /// The same of fields that were read before.
    pub(crate) fn from_fields(fields: &Fields) -> Decoded {
        Decoded::from_bodies(fields.date.as_deref(), fields.from.as_deref(), fields.subject.as_deref())
    }

    fn from_bodies(date: Option<&[u8]>, from: Option<&[u8]>, subject: Option<&[u8]>) -> Decoded {
        Decoded {
            date: date.and_then(header::date::parse),
            from: from.map(header::text),
            sender: from.map(header::address::name).unwrap_or_default(),
            subject: Some(subject.map(header::text).unwrap_or_default()),
        }
    }

    /// The octets of its texts.
    pub(crate) fn size(&self) -> usize {
        let octets = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        octets(&self.from) + self.sender.len() + octets(&self.subject)
    }

    /// Sender and subject for a table. An empty subject is one that a person would look for in vain.
    pub(crate) fn cells(&self) -> [Cell; 2] {
        let subject = self.subject.as_deref().unwrap_or_default();
        let subject = match (&self.subject, subject.trim()) {
            (Some(_), "") => Cell::short("(no subject)", subject),
            _ => Cell::text(subject),
        };
        [Cell::short(&self.sender, self.from.as_deref().unwrap_or_default()), subject]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_the_fields_of_a_header() {
        let known = Decoded::from_header(
            b"Date: Fri, 21 Nov 1997 09:55:06 -0600\r\nFrom: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\r\nSubject: =?iso-8859-1?q?caf=E9?=\r\n folded\r\n\r\n",
        );
        assert_eq!(known.date.map(Timestamp::as_second), Some(880_127_706));
        assert_eq!(known.from.as_deref(), Some("J\u{fc}rgen <j@example.org>"));
        assert_eq!(known.sender, "J\u{fc}rgen");
        assert_eq!(known.subject.as_deref(), Some("caf\u{e9} folded"));
    }

    #[test]
    fn a_header_that_is_none_leaves_the_fields_empty() {
        for bytes in [&b""[..], b"\xff\xfe\0", b"no colon here\r\n", b"Subject"] {
            let known = Decoded::from_header(bytes);
            assert!(known.date.is_none() && known.from.is_none(), "{bytes:?}");
        }
    }
}
