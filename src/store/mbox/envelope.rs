//! The `From ` line before each message of an mbox: the sender (Return-Path, else From) and the
//! date in UTC as `asctime` writes it (RFC 4155), taken from the header as it streams by.

use jiff::Timestamp;
use memchr::memchr;

use crate::header;

/// What is kept of one header field; more never matters here.
const FIELD: usize = 2048;
/// A longer sender is none.
const ADDRESS: usize = 256;
/// The sender of messages that name none.
const NOBODY: &[u8] = b"MAILER-DAEMON";

/// Collects sender and date from a header.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    /// The field being read, folded lines included, cut at [`FIELD`].
    field: Vec<u8>,
    /// The last byte was a line end: the next tells whether the field goes on.
    at_line_start: bool,
    ended: bool,
    return_path: Option<Vec<u8>>,
    from: Option<Vec<u8>>,
    date: Option<Timestamp>,
}

impl Envelope {
    /// Takes the next bytes of the message (LF line ends), cut anywhere.
    pub(super) fn push(&mut self, text: &[u8]) {
        let mut rest = text;
        while let (false, Some(&first)) = (self.ended, rest.first()) {
            if self.at_line_start && !matches!(first, b' ' | b'\t') {
                self.conclude();
            }
            self.at_line_start = false;
            let line_end = memchr(b'\n', rest);
            let (line, behind) = rest.split_at(line_end.map_or(rest.len(), |at| at + 1));
            let room = FIELD.saturating_sub(self.field.len());
            self.field.extend_from_slice(&line[..line.len().min(room)]);
            if line_end.is_some() {
                self.at_line_start = true;
                self.ended = self.field == b"\n";
            }
            rest = behind;
        }
    }

    fn conclude(&mut self) {
        let field = std::mem::take(&mut self.field);
        let (name, from_colon) = header::split_line(&field);
        let Some((_, value)) = from_colon.split_first() else { return };
        if name.eq_ignore_ascii_case(b"Return-Path") {
            self.return_path = self.return_path.take().or_else(|| address(value));
        } else if name.eq_ignore_ascii_case(b"From") {
            self.from = self.from.take().or_else(|| address(value));
        } else if name.eq_ignore_ascii_case(b"Date") {
            self.date = self.date.or_else(|| header::date::parse(value));
        }
    }

    /// The line, its end included. A message without a usable date bears that of its delivery, `now`.
    pub(super) fn into_line(mut self, now: Timestamp) -> Vec<u8> {
        self.conclude();
        let sender = self.return_path.or(self.from).unwrap_or_else(|| NOBODY.to_vec());
        let date = self.date.unwrap_or(now).strftime("%a %b %e %H:%M:%S %Y").to_string();
        [b"From ", &sender[..], b" ", date.as_bytes(), b"\n"].concat()
    }
}

/// The first address of a field: what stands in angle brackets, else the first word with an `@`,
/// quoted strings and comments aside. Nothing that would break the line: printable ASCII without blanks.
fn address(value: &[u8]) -> Option<Vec<u8>> {
    let (mut comments, mut quoted) = (0_u32, false);
    let mut words = vec![Vec::new()];
    let mut bytes = value.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if quoted || comments > 0 => drop(bytes.next()),
            b'"' if comments == 0 => quoted = !quoted,
            b'(' if !quoted => comments += 1,
            b')' if !quoted => comments = comments.saturating_sub(1),
            _ if quoted || comments > 0 => {}
            b'<' => {
                let inside: Vec<u8> = bytes.take_while(|byte| *byte != b'>').collect();
                return usable(inside.trim_ascii());
            }
            b',' | b';' | b' ' | b'\t' | b'\n' | b'\r' => words.push(Vec::new()),
            other => words.last_mut()?.push(other),
        }
    }
    words.iter().find(|word| word.contains(&b'@')).and_then(|word| usable(word))
}

fn usable(address: &[u8]) -> Option<Vec<u8>> {
    let fits = (1..=ADDRESS).contains(&address.len()) && address.iter().all(u8::is_ascii_graphic);
    fits.then(|| address.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(header: &[u8], chunk: usize) -> String {
        let mut envelope = Envelope::default();
        header.chunks(chunk).for_each(|chunk| envelope.push(chunk));
        String::from_utf8(envelope.into_line(Timestamp::UNIX_EPOCH)).unwrap()
    }

    #[track_caller]
    fn check(header: impl AsRef<[u8]>, expected: &str) {
        let header = header.as_ref();
        for chunk in [header.len().max(1), 1, 7] {
            assert_eq!(line(header, chunk), format!("From {expected}\n"));
        }
    }

    const NOW: &str = "Thu Jan  1 00:00:00 1970";

    #[test]
    fn the_return_path_comes_first() {
        check(
            "From: a@x\nreturn-path: <b@y>\nDate: Fri, 21 Nov 1997 09:55:06 -0600\n\n",
            "b@y Fri Nov 21 15:55:06 1997",
        );
    }

    #[test]
    fn senders_are_found_in_every_spelling() {
        let cases = [
            ("Name <a@x>", "a@x"),
            ("a@x (Name <b@y>)", "a@x"),
            ("\"Last, <First>\" <a@x>", "a@x"),
            ("\"q\\\"<b@y>\" <a@x>", "a@x"),
            ("Name\n <a@x>", "a@x"),
            ("a@x, b@y", "a@x"),
            ("Friends: a@x, b@y;", "a@x"),
            ("<>", "MAILER-DAEMON"),
            ("nobody", "MAILER-DAEMON"),
            ("<a b@x>", "MAILER-DAEMON"),
            ("<\u{e4}@x>", "MAILER-DAEMON"),
            ("", "MAILER-DAEMON"),
        ];
        for (value, sender) in cases {
            check(format!("Subject: x\nFrom: {value}\n\nbody"), &format!("{sender} {NOW}"));
        }
        check(format!("From: <{}@x>\n", "a".repeat(300)), &format!("MAILER-DAEMON {NOW}"));
    }

    #[test]
    fn an_empty_return_path_leaves_it_to_from() {
        check("Return-Path: <>\nFrom: <a@x>\n\n", &format!("a@x {NOW}"));
    }

    #[test]
    fn bodies_and_nonsense_say_nothing() {
        check("", &format!("MAILER-DAEMON {NOW}"));
        check("\nFrom: a@x\n", &format!("MAILER-DAEMON {NOW}"));
        check("Subject: x\n\nFrom: a@x\n", &format!("MAILER-DAEMON {NOW}"));
        check("From a@x\nno colon\n\n", &format!("MAILER-DAEMON {NOW}"));
        check([b"From: a@x\nX: ", &[b'x'; 10_000][..], b"\n\n"].concat(), &format!("a@x {NOW}"));
        check(b"From:\0\xff a@x\n".as_slice(), &format!("a@x {NOW}"));
    }

    #[test]
    fn dates_become_utc_or_now() {
        for (date, shown) in [
            ("Sat, 1 Feb 2025 23:30:00 -0100", "Sun Feb  2 00:30:00 2025"),
            ("Mon, 01 Feb 2025 12:00:00 GMT", "Sat Feb  1 12:00:00 2025"),
            ("1 Feb 2025 12:00 +0000 (UTC)", "Sat Feb  1 12:00:00 2025"),
            ("99 Foo 2025 12:00 +0000", NOW),
            ("", NOW),
        ] {
            check(format!("Date: {date}\nFrom: a@x\n\n"), &format!("a@x {shown}"));
        }
    }

    #[test]
    fn the_field_that_the_message_ends_with_counts() {
        check("From: a@x", &format!("a@x {NOW}"));
    }
}
