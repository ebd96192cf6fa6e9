//! Mail of all hard kinds, the same every time.
//!
//! Each message carries a marker of its own exactly once, so that what arrives can be counted
//! message by message: none lost, none twice.

use base64::Engine as _;
use std::fmt::Write as _;

/// What every marker begins with; six digits follow.
const MARKER: &str = "corpus-marker-";

/// A message as a server stores it: line feeds, unless its kind is about something else.
pub(crate) struct Message {
    pub(crate) kind: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// The first `count` messages of the corpus. Each kind comes round every 30 messages or so.
pub(crate) fn messages(count: usize) -> Vec<Message> {
    (0..count)
        .map(|number| {
            // Lines of 3 MB: a few, since each costs as much as all the rest.
            let kind = match number % 400 {
                399 => ("line of 3 MB", line_of_three_megabytes as Write),
                _ => KINDS[number % KINDS.len()],
            };
            Message { kind: kind.0, bytes: kind.1(&Seed { number }) }
        })
        .collect()
}

/// A small message with that subject, for the tests that need no corpus.
pub(crate) fn simple(subject: &str) -> Vec<u8> {
    format!(
        "From: Ann Example <ann@example.org>\nTo: me@example.net\nSubject: {subject}\n\
         Date: Mon, 1 Jan 2024 00:00:00 +0000\nMessage-ID: <{}@example.org>\n\n\
         the body of {subject}\n.a line with a leading dot\nthe end of {subject}\n",
        subject.replace(' ', ".")
    )
    .into_bytes()
}

/// What must be delivered for a stored message: CRLF has become LF, every other octet stands as it
/// was, and a last line without end has got one (POP3 cannot carry a message without).
pub(crate) fn with_line_feeds(stored: &[u8]) -> Vec<u8> {
    let mut delivered = Vec::with_capacity(stored.len() + 1);
    for (at, &byte) in stored.iter().enumerate() {
        if byte != b'\r' || stored.get(at + 1) != Some(&b'\n') {
            delivered.push(byte);
        }
    }
    if delivered.last().is_some_and(|&last| last != b'\n') {
        delivered.push(b'\n');
    }
    delivered
}

/// As an mbox (mboxrd) holds it: `From `, `>From `, `>>From ` … at the start of a line get one `>` more.
pub(crate) fn quoted(message: &[u8]) -> Vec<u8> {
    let quote = |line: &[u8]| -> Vec<u8> {
        let bare = line.iter().position(|&byte| byte != b'>').unwrap_or(line.len());
        let prefix: &[u8] = if line[bare..].starts_with(b"From ") { b">" } else { b"" };
        [prefix, line].concat()
    };
    message.split_inclusive(|&byte| byte == b'\n').flat_map(quote).collect()
}

/// The reverse of [`quoted`].
pub(crate) fn unquoted(message: &[u8]) -> Vec<u8> {
    let unquote = |line: &[u8]| -> Vec<u8> {
        let bare = line.iter().position(|&byte| byte != b'>').unwrap_or(line.len());
        line[usize::from(bare > 0 && line[bare..].starts_with(b"From "))..].to_vec()
    };
    message.split_inclusive(|&byte| byte == b'\n').flat_map(unquote).collect()
}

/// The number in a message's marker.
pub(crate) fn number(message: &[u8]) -> Option<usize> {
    let at = memchr::memmem::find(message, MARKER.as_bytes())? + MARKER.len();
    std::str::from_utf8(message.get(at..at + 6)?).ok()?.parse().ok()
}

/// From which a message is made.
struct Seed {
    number: usize,
}

impl Seed {
    fn marker(&self) -> String {
        format!("{MARKER}{:06}", self.number)
    }

    /// A header without its closing blank line, followed by `more` header lines.
    fn header(&self, subject: &str, more: &str) -> String {
        let number = self.number;
        format!(
            "Return-Path: <sender{number}@example.org>\n\
             Received: from mail.example.org (mail.example.org [192.0.2.1])\n\
             \tby pop.example.net with ESMTP id {number:08X}; Mon, 01 Jan 2024 00:00:00 +0000\n\
             From: Sender {number} <sender{number}@example.org>\nTo: reader@example.net\n\
             Subject: {subject}\nDate: Mon, 01 Jan 2024 00:{:02}:{:02} +0000\n\
             Message-ID: <{number}.corpus@example.org>\nX-Marker: {}\n{more}",
            number / 60 % 60,
            number % 60,
            self.marker(),
        )
    }

    fn with_body(&self, subject: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
        [self.header(subject, "\n").as_bytes(), body.as_ref()].concat()
    }

    /// Bytes that look random and are not (xorshift).
    fn noise(&self, count: usize) -> Vec<u8> {
        let mut state = (self.number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (0..count)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.to_le_bytes()[3]
            })
            .collect()
    }
}

type Write = fn(&Seed) -> Vec<u8>;

const KINDS: &[(&str, Write)] = &[
    ("plain", |seed| seed.with_body("plain", "Hello,\n\na few lines\nof text.\n")),
    ("eight-bit header and body", |seed| {
        let mut message = seed.header("caf\u{1}", "\n").into_bytes();
        message.iter_mut().filter(|byte| **byte == 1).for_each(|byte| *byte = 0xE9);
        message.extend((0x80..=0xFFu8).chain(*b"\nna\xEFve\n"));
        message
    }),
    ("NUL", |seed| seed.with_body("NUL", b"before\0after\n\0\n\0\0\0 and the end\n")),
    ("bare CR", |seed| seed.with_body("bare CR", b"one\rtwo\r\rthree\n\r.\r\nfour\r\r\n.\rfive\n\rsix\n")),
    ("leading dots", |seed| seed.with_body("dots", ".\n..\n...\n.hidden\n..twice\n. \n.\t.\n.\n")),
    ("only dots", |seed| seed.with_body("only dots", ".\n".repeat(50))),
    ("dots behind empty lines", |seed| seed.with_body("gaps", "\n.\n\n..\n\n.\n\n\n.\n")),
    ("From_ lines", |seed| {
        seed.with_body(
            "From_ lines",
            "From here on\nFrom a@example.org Mon Jan  1 00:00:00 2024\n\nFrom after a blank line\n\n\
             >From quoted\n>>From twice\nFrom:no blank\n From indented\nFrom\n>From\nfrom small\n",
        )
    }),
    ("From_ line before the header", |seed| {
        [b"From x@example.org Mon Jan  1 00:00:00 2024\n".to_vec(), seed.with_body("From_ first", "body\n")]
            .concat()
    }),
    (">From line in the header", |seed| {
        seed.header("quoted header", ">From y@example.org Mon Jan  1 00:00:00 2024\n\nbody\n").into_bytes()
    }),
    ("empty body", |seed| seed.with_body("empty body", "")),
    ("header without its end", |seed| seed.header("no blank line", "").into_bytes()),
    ("header without line end", |seed| seed.header("no line end", "X-Last: cut").into_bytes()),
    ("no final line end", |seed| seed.with_body("no end", "the last line has no end")),
    ("final dot without line end", |seed| seed.with_body("dot at the end", "text\n.")),
    ("final CR", |seed| seed.with_body("CR at the end", "text\r")),
    ("long header line", |seed| {
        let references: String = (0..900).fold(String::new(), |mut all, reference| {
            let _ = write!(all, " <{reference}.{}@example.org>", seed.number);
            all
        });
        seed.header("long header", &format!("References:{references}\n\nbody\n")).into_bytes()
    }),
    ("many header lines", |seed| {
        let lines: String = (0..600).fold(String::new(), |mut all, line| {
            let _ = writeln!(all, "X-Line-{line}: {line}");
            all
        });
        seed.header("many lines", &format!("{lines}\nbody\n")).into_bytes()
    }),
    ("folded and encoded header", |seed| {
        seed.header(
            "=?UTF-8?B?R3LDvMOfZSBhdXM=?=\n =?utf-8?q?_M=C3=BCnchen?=\n\t=?iso-8859-1?Q?_=A1Hola!?=",
            "X-Folded: one\n\ttwo\n      three\n \n four\nX-Empty:\n\nbody\n",
        )
        .into_bytes()
    }),
    ("attachment", |seed| {
        let coded = base64::engine::general_purpose::STANDARD.encode(seed.noise(15_000));
        let lines: Vec<&str> =
            coded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
        seed.header(
            "attachment",
            &format!(
                "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"=_b\"\n\npreamble\n--=_b\n\
                 Content-Type: text/plain\n\nsee attachment\n--=_b\nContent-Type: application/octet-stream\n\
                 Content-Disposition: attachment; filename=\"noise.bin\"\n\
                 Content-Transfer-Encoding: base64\n\n{}\n--=_b--\nepilogue\n",
                lines.join("\n")
            ),
        )
        .into_bytes()
    }),
    ("UTF-8", |seed| {
        seed.with_body("Grüße 日本語 🙂", "Zażółć gęślą jaźń\n日本語\n\u{202E}עברית\n\u{FEFF}bom\n")
    }),
    ("byte-order mark before the header", |seed| {
        ["\u{FEFF}".as_bytes(), &seed.with_body("bom", "body\n")].concat()
    }),
    ("no header", |seed| format!("\nonly a body, {}\n", seed.marker()).into_bytes()),
    ("no header, no blank line", |seed| format!("just text with {} in it\n", seed.marker()).into_bytes()),
    ("70 KB of text", |seed| {
        let line = format!("{} \n", "0123456789abcdef".repeat(4));
        let lines = if seed.number % 4 == 0 { 70_000 / line.len() } else { 20 };
        seed.with_body("long", line.repeat(lines))
    }),
    ("stored with CRLF", |seed| seed.with_body("CRLF", "one\n.two\n\nthree\n").join_lines_with_crlf()),
    ("mixed line ends", |seed| seed.with_body("mixed", b"one\r\ntwo\nthree\r\n\r\n\n.four\r\n.five\n")),
    ("empty lines at the end", |seed| seed.with_body("empty lines", "text \t \n\n\n \n\n\n")),
    ("message in a message", |seed| {
        seed.header(
            "forwarded",
            "MIME-Version: 1.0\nContent-Type: message/rfc822\n\nFrom: a@example.org\nSubject: inner\n\n\
             From inside\n.\n..\n",
        )
        .into_bytes()
    }),
    ("terminal tricks", |seed| {
        seed.with_body("\u{1B}[2J\u{1B}]0;owned\u{7} \u{8}\u{8}\u{202E}gpj.exe", "\u{1B}[31mred\u{C}\u{B}\n")
    }),
    ("broken header", |seed| {
        seed.header(
            "twice",
            "Subject: again\nno colon here\n: no name\nMessage-ID: <>\nDate: never\n\nbody\n",
        )
        .into_bytes()
    }),
    ("dots where buffers end", |seed| {
        // Whatever the size of a buffer that is a power of two, one of these messages has the dot on its border.
        let mut message = seed.header("borders", "\n").into_bytes();
        for border in [1024, 2048, 4096, 8192, 16_384] {
            let fill = (border + seed.number % 7).saturating_sub(message.len() + 4);
            message.extend(std::iter::repeat_n(b'x', fill));
            message.extend(b"\n.\n.\n");
        }
        message
    }),
];

fn line_of_three_megabytes(seed: &Seed) -> Vec<u8> {
    seed.with_body("long line", [b"x".repeat(3 << 20), b"\n.short\n".to_vec()].concat())
}

trait LineEnds {
    fn join_lines_with_crlf(self) -> Vec<u8>;
}

impl LineEnds for Vec<u8> {
    fn join_lines_with_crlf(self) -> Vec<u8> {
        let mut lines = Vec::with_capacity(self.len() + self.len() / 16);
        for byte in self {
            if byte == b'\n' {
                lines.push(b'\r');
            }
            lines.push(byte);
        }
        lines
    }
}

#[test]
fn each_message_of_the_corpus_has_its_own_marker_once() {
    for (number_expected, message) in messages(1000).iter().enumerate() {
        let markers = memchr::memmem::find_iter(&message.bytes, MARKER).count();
        assert_eq!(markers, 1, "{}", message.kind);
        assert_eq!(number(&message.bytes), Some(number_expected));
    }
}

#[test]
fn quoting_for_an_mbox_is_undone_exactly() {
    for message in messages(60) {
        assert_eq!(unquoted(&quoted(&message.bytes)), message.bytes, "{}", message.kind);
    }
}
