//! A message of the embedded server: stored bytes, or content that is generated when it is sent.
//!
//! Generated content makes a message of 1 GB, or a maildrop of 100,000 messages, possible without using
//! memory for it. The transaction sends the whole message (RETR) or its top (TOP), byte-stuffed (RFC 1939
//! section 3).

use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use memchr::memmem;

/// Repeated lines are sent in blocks of about this size.
const BLOCK: usize = 64 * 1024;

/// The content of a message. Lines end in CRLF, as on the wire, unless a test needs something else.
#[derive(Clone, Debug)]
pub enum Content {
    /// Exactly these bytes.
    Bytes(Arc<[u8]>),
    /// `head`, then `line` repeated: a message of any size, of which only two lines are in memory.
    Repeat {
        /// The header, its blank line and anything before the repeated lines.
        head: Arc<[u8]>,
        /// The line, with its CRLF.
        line: Arc<[u8]>,
        /// The number of repetitions.
        times: u64,
    },
    /// Generated from its number: one of many small messages, each with its own Message-ID, Date and Subject.
    Series {
        /// Its number in the series, from which its header fields are generated.
        number: u32,
        /// The number of lines in its body.
        lines: u32,
    },
}

/// A message of the maildrop, with its unique-id.
#[derive(Clone, Debug)]
pub struct Message {
    content: Content,
    unique_id: Option<Vec<u8>>,
    /// The server's internal id, which identifies deleted messages; zero outside a server.
    pub(super) serial: u64,
}

impl Message {
    /// A message with exactly these bytes. A missing CRLF at its end is added when it is sent.
    pub fn new(bytes: impl AsRef<[u8]>) -> Message {
        Message::from(Content::Bytes(bytes.as_ref().into()))
    }

    /// A message from text with LF line ends, which become CRLF.
    pub fn text(text: impl AsRef<[u8]>) -> Message {
        let text = text.as_ref();
        let mut bytes = Vec::with_capacity(text.len() + text.len() / 32);
        for line in text.split_inclusive(|&byte| byte == b'\n') {
            match line.strip_suffix(b"\n") {
                Some(line) => {
                    bytes.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
                    bytes.extend_from_slice(b"\r\n");
                }
                None => bytes.extend_from_slice(line),
            }
        }
        Message::new(bytes)
    }

    /// A message of a head (with CRLF line ends) and a repeated line. A missing CRLF at the end of either is
    /// added.
    pub fn repeated(head: impl AsRef<[u8]>, line: impl AsRef<[u8]>, times: u64) -> Message {
        let ended = |bytes: &[u8]| -> Arc<[u8]> {
            let mut bytes = bytes.to_vec();
            if !bytes.is_empty() && !bytes.ends_with(b"\r\n") {
                bytes.extend_from_slice(b"\r\n");
            }
            bytes.into()
        };
        Message::from(Content::Repeat { head: ended(head.as_ref()), line: ended(line.as_ref()), times })
    }

    /// `count` different small messages, with `lines` body lines each; none of them is held in memory.
    pub fn series(count: u32, lines: u32) -> impl Iterator<Item = Message> {
        (1..=count).map(move |number| Message::from(Content::Series { number, lines }))
    }

    /// Sets the unique-id, however odd. Without it, the server assigns one.
    #[must_use]
    pub fn with_unique_id(mut self, unique_id: impl Into<Vec<u8>>) -> Message {
        self.unique_id = Some(unique_id.into());
        self
    }

    /// Assigns the server's internal id, and a unique-id made from it if there is none.
    pub(super) fn assign_serial(&mut self, serial: u64) {
        self.serial = serial;
        self.unique_id.get_or_insert_with(|| format!("{serial:016x}").into_bytes());
    }

    /// The unique-id; `None` for a message that has not been in a server and was given none.
    pub fn unique_id(&self) -> Option<&[u8]> {
        self.unique_id.as_deref()
    }

    /// Its size on the wire, without byte-stuffing and terminator (RFC 1939 section 11).
    pub fn octets(&self) -> u64 {
        let whole = self.whole();
        whole.head.len() as u64 + u64::from(!whole.is_ended()) * 2 + whole.line.len() as u64 * whole.times
    }

    /// The number of CRLFs that it has on the wire.
    pub(super) fn line_ends(&self) -> u64 {
        let whole = self.whole();
        memmem::find_iter(&whole.head, b"\r\n").count() as u64 + u64::from(!whole.is_ended()) + whole.times
    }

    /// The whole message as a client has to receive it, without byte-stuffing. For messages that fit in
    /// memory.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // Writing to a Vec cannot fail.
        let _ = self.whole().write(false, true, &mut |part| {
            bytes.extend_from_slice(part);
            Ok(())
        });
        bytes
    }

    /// The whole message, for RETR.
    pub(super) fn whole(&self) -> Extract<'_> {
        match &self.content {
            Content::Bytes(bytes) => {
                Extract { head: Cow::Borrowed(bytes), line: Cow::Borrowed(b""), times: 0 }
            }
            Content::Repeat { head, line, times } => {
                Extract { head: Cow::Borrowed(head), line: Cow::Borrowed(line), times: *times }
            }
            Content::Series { number, lines } => Extract {
                head: Cow::Owned(series_head(*number).into_bytes()),
                line: Cow::Borrowed(b"One line of a message that was made when it was asked for.\r\n"),
                times: u64::from(*lines),
            },
        }
    }

    /// The header, the blank line and the first `lines` lines of the body, for TOP (RFC 1939 section 7).
    pub(super) fn top(&self, lines: u64) -> Extract<'_> {
        let mut extract = self.whole();
        let header = if extract.head.starts_with(b"\r\n") {
            Some(2)
        } else {
            memmem::find(&extract.head, b"\r\n\r\n").map(|at| at + 4)
        };
        let Some(header) = header else {
            extract.times = extract.times.min(lines);
            return extract;
        };
        let in_head = memmem::find_iter(&extract.head[header..], b"\r\n").count() as u64;
        extract.times = extract.times.min(lines.saturating_sub(in_head));
        let end = match lines {
            0 => Some(header),
            _ => memmem::find_iter(&extract.head[header..], b"\r\n")
                .nth(usize::try_from(lines - 1).unwrap_or(usize::MAX))
                .map(|at| header + at + 2),
        };
        if let Some(end) = end {
            extract.head = match extract.head {
                Cow::Borrowed(head) => Cow::Borrowed(&head[..end]),
                Cow::Owned(mut head) => {
                    head.truncate(end);
                    Cow::Owned(head)
                }
            };
        }
        extract
    }
}

impl From<Content> for Message {
    /// A message with that content, without a unique-id.
    fn from(content: Content) -> Message {
        Message { content, unique_id: None, serial: 0 }
    }
}

/// The part of a message that a reply contains.
pub(super) struct Extract<'a> {
    head: Cow<'a, [u8]>,
    line: Cow<'a, [u8]>,
    times: u64,
}

impl Extract<'_> {
    /// Whether its last line ends with CRLF (or it is empty).
    fn is_ended(&self) -> bool {
        self.times > 0 || self.head.is_empty() || self.head.ends_with(b"\r\n")
    }

    /// Passes it on in pieces: byte-stuffed if `stuffs`, with a CRLF added if `ends` and it is missing.
    pub(super) fn write(
        &self,
        stuffs: bool,
        ends: bool,
        sink: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        stuff(&self.head, stuffs, sink)?;
        if self.times > 0 && !self.line.is_empty() {
            // The block begins and ends at line boundaries, so it is byte-stuffed once and sent many times.
            let a_block = (BLOCK / self.line.len()).max(1) as u64;
            let mut block = Vec::new();
            for _ in 0..a_block.min(self.times) {
                stuff(&self.line, stuffs, &mut |part| {
                    block.extend_from_slice(part);
                    Ok(())
                })?;
            }
            for _ in 0..self.times / a_block {
                sink(&block)?;
            }
            for _ in 0..self.times % a_block {
                stuff(&self.line, stuffs, sink)?;
            }
        }
        if ends && !self.is_ended() { sink(b"\r\n") } else { Ok(()) }
    }
}

/// Doubles the dot of each line that begins with one (RFC 1939 section 3); only CRLF ends a line.
fn stuff(bytes: &[u8], stuffs: bool, sink: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut from = 0;
    if stuffs {
        if bytes.starts_with(b".") {
            sink(b".")?;
        }
        for at in memmem::find_iter(bytes, b"\r\n.") {
            sink(&bytes[from..at + 2])?;
            sink(b".")?;
            from = at + 2;
        }
    }
    if from < bytes.len() { sink(&bytes[from..]) } else { Ok(()) }
}

/// The header of a generated message, and its blank line. Dates increase with the number.
fn series_head(number: u32) -> String {
    let (day, hour, minute) = (1 + number / 1440 % 28, number / 60 % 24, number % 60);
    format!(
        "From: Series <series@example.org>\r\nTo: you@example.org\r\nSubject: Number {number}\r\n\
         Date: {day:02} Feb 2024 {hour:02}:{minute:02}:00 +0000\r\nMessage-ID: <{number}.series@example.org>\r\n\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(extract: &Extract<'_>) -> String {
        let mut out = Vec::new();
        extract
            .write(true, true, &mut |part| {
                out.extend_from_slice(part);
                Ok(())
            })
            .unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn stuffs_the_dot_of_each_line_and_no_other() {
        let message = Message::text("A: b\n\n.\n..x\na.b\n.");
        assert_eq!(sent(&message.whole()), "A: b\r\n\r\n..\r\n...x\r\na.b\r\n..\r\n");
        assert_eq!(message.bytes(), b"A: b\r\n\r\n.\r\n..x\r\na.b\r\n.\r\n");
        assert_eq!(message.octets(), message.bytes().len() as u64);
        assert_eq!(message.line_ends(), 6);
    }

    #[test]
    fn bare_line_ends_stay_as_they_are() {
        let message = Message::new(b"A: b\r\n\r\nx\n.y\rz");
        assert_eq!(sent(&message.whole()), "A: b\r\n\r\nx\n.y\rz\r\n");
    }

    #[test]
    fn the_top_ends_after_the_lines_asked_for() {
        let message = Message::text("A: b\n\none\ntwo\nthree");
        assert_eq!(sent(&message.top(0)), "A: b\r\n\r\n");
        assert_eq!(sent(&message.top(2)), "A: b\r\n\r\none\r\ntwo\r\n");
        assert_eq!(sent(&message.top(3)), sent(&message.whole()));
        assert_eq!(sent(&message.top(u64::MAX)), sent(&message.whole()));
        assert_eq!(sent(&Message::text("\nbody\n").top(0)), "\r\n");
        assert_eq!(sent(&Message::text("A: b").top(0)), "A: b\r\n");
        assert_eq!(sent(&Message::new("").whole()), "");
    }

    #[test]
    fn repeated_lines_are_counted_and_sent_without_being_held() {
        let message = Message::repeated("A: b\r\n\r\nfirst\r\n", ".line", 20_000);
        assert_eq!(message.octets(), 15 + 7 * 20_000);
        assert_eq!(sent(&message.top(3)), "A: b\r\n\r\nfirst\r\n..line\r\n..line\r\n");
        assert_eq!(message.bytes().len() as u64, message.octets());
        assert_eq!(sent(&message.whole()).len() as u64, message.octets() + 20_000);
        assert_eq!(Message::repeated("A: b\r\n\r\n", "x".repeat(98), 10_000_000).octets(), 1_000_000_008);
    }

    #[test]
    fn the_messages_of_a_series_all_differ() {
        let series: Vec<_> = Message::series(3, 2).collect();
        assert_eq!(series.len(), 3);
        assert_ne!(series[0].bytes(), series[1].bytes());
        assert_eq!(series[2].octets(), series[2].bytes().len() as u64);
        assert!(sent(&series[2].top(0)).ends_with("<3.series@example.org>\r\n\r\n"));
    }
}
