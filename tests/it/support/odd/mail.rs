//! The messages of such a maildrop: each like no other, and easily told apart.

/// A message with its unique-id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mail {
    /// Its own number, which it keeps when those before it are deleted.
    pub(crate) number: u32,
    pub(crate) unique_id: String,
    /// Its lines end in CRLF.
    pub(crate) bytes: Vec<u8>,
}

impl Mail {
    /// A message whose text ends with these lines (LF).
    pub(crate) fn new(number: u32, more: &str) -> Mail {
        let text = format!(
            "From: a@example.org\nTo: b@example.org\nSubject: letter {number:04}\n\
             Date: Mon, 05 Feb 2024 10:00:00 +0000\nMessage-ID: <{number:04}@odd.example.org>\n\n\
             This is letter {number:04} of a maildrop like no other.\n.a line that begins with a dot\nFrom here it is a normal line\n\
             {more}end of {number:04}\n"
        );
        let bytes = text.replace('\n', "\r\n").into_bytes();
        Mail { number, unique_id: format!("uid{number:04}"), bytes }
    }

    /// With a line that is nothing but a dot.
    pub(crate) fn dotted(number: u32) -> Mail {
        Mail::new(number, ".\nmore of it\n")
    }

    /// With a header that is UTF-8.
    pub(crate) fn utf8(number: u32) -> Mail {
        let mut mail = Mail::new(number, "grüße\n");
        let header = format!("X-Name: Jörg {number}\r\n").into_bytes();
        mail.bytes.splice(0..0, header);
        mail
    }

    /// How it has to stand in a destination: LF for CRLF.
    pub(crate) fn delivered(&self) -> Vec<u8> {
        with_line_feeds(&self.bytes)
    }

    /// As the text of a multi-line reply, without the `.` that ends it.
    pub(crate) fn stuffed(&self) -> Vec<u8> {
        stuffed(&self.bytes)
    }

    /// Its header and so many lines of its body, stuffed.
    pub(crate) fn top(&self, lines: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let mut body_lines = None;
        for line in self.bytes.split_inclusive(|byte| *byte == b'\n') {
            match body_lines {
                Some(count) if count == lines => break,
                Some(count) => body_lines = Some(count + 1),
                None if line == b"\r\n" => body_lines = Some(0),
                None => {}
            }
            out.extend_from_slice(line);
        }
        stuffed(&out)
    }
}

/// Messages 1 to `count`, no two of the same size.
pub(crate) fn letters(count: u32) -> Vec<Mail> {
    (1..=count).map(sized).collect()
}

/// A message that has a size of its own among the first 200.
pub(crate) fn sized(number: u32) -> Mail {
    Mail::new(number, &format!("{}\n", "x".repeat(number as usize % 200)))
}

/// Messages 1 to `count`, all of the same size.
pub(crate) fn equal(count: u32) -> Vec<Mail> {
    (1..=count).map(|number| Mail::new(number, "")).collect()
}

/// LF for each CRLF.
pub(crate) fn with_line_feeds(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for (at, byte) in bytes.iter().enumerate() {
        if *byte != b'\r' || bytes.get(at + 1) != Some(&b'\n') {
            out.push(*byte);
        }
    }
    out
}

fn stuffed(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 8);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    out
}
