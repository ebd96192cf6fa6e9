//! The fields of a header as people read them: one lenient reader for whatever looks at a header.
//!
//! What senders send is wider than the grammar of RFC 5322, so nothing here fails: a line that is no field costs
//! that line, an encoded-word that is none stays as it stands, a date that cannot be read is no date. Everything
//! is linear in the size of its input, and pure.
//!
//! [`identity`](crate::identity) reads a message as a stream, and what it hashes may never change, or known mail
//! would come again. So it has its own reader, and shares with this one only how a line is split. The envelope of
//! an mbox is a stream as well.

pub mod address;
mod charset;
pub mod date;
mod shifts;
pub mod words;

use std::borrow::Cow;

use memchr::memchr;

/// One field of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name, without the blanks before the colon that RFC 5322 section 4.5 allows. Of either case.
    pub name: &'a [u8],
    /// What follows the colon, folded as it is in the header, with its line ends.
    pub body: &'a [u8],
}

impl Field<'_> {
    /// Whether it has that name.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// The fields of a header, up to the empty line behind it (RFC 5322 section 2.2). Lines end in CRLF or LF.
///
/// A line that is neither a field nor the continuation of one is left out, with the lines that are folded
/// behind it.
pub fn fields(header: &[u8]) -> Fields<'_> {
    Fields { rest: header }
}

/// The iterator that [`fields`] returns.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        while !self.rest.is_empty() {
            let first = line_length(self.rest);
            // Delivery turns CRCRLF into CRLF: a line of CRs alone is empty, as it is for the identity.
            if self.rest[..first].iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
                self.rest = &[];
                return None;
            }
            let mut end = first;
            while let Some(b' ' | b'\t') = self.rest.get(end) {
                end += line_length(&self.rest[end..]);
            }
            let (field, rest) = self.rest.split_at(end);
            self.rest = rest;
            let (name, from_colon) = split_line(&field[..first]);
            let is_name = name.iter().all(u8::is_ascii_graphic);
            if !name.is_empty() && is_name && !from_colon.is_empty() {
                let colon = first - from_colon.len();
                return Some(Field { name, body: &field[colon + 1..] });
            }
        }
        None
    }
}

/// The octets of the first line, its end included.
fn line_length(text: &[u8]) -> usize {
    memchr(b'\n', text).map_or(text.len(), |at| at + 1)
}

/// The name of the field that a line begins, without the blanks that RFC 5322 section 4.5 allows after it, and
/// the rest from the colon on. A line without a colon has no name.
pub fn split_line(line: &[u8]) -> (&[u8], &[u8]) {
    match memchr(b':', line) {
        Some(colon) => (line[..colon].trim_ascii_end(), &line[colon..]),
        None => (&[], line),
    }
}

/// The body of a field on one line (RFC 5322 section 2.2.3), without blanks at its ends. Where it was folded, and
/// for each tab, there is a blank.
pub fn unfold(body: &[u8]) -> Cow<'_, [u8]> {
    let body = body.trim_ascii();
    if !body.iter().any(|byte| matches!(byte, b'\n' | b'\t')) {
        return Cow::Borrowed(body);
    }
    let mut unfolded = Vec::with_capacity(body.len());
    for line in body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()) {
        if !unfolded.is_empty() {
            unfolded.push(b' ');
        }
        unfolded.extend(line.iter().map(|&byte| if byte == b'\t' { b' ' } else { byte }));
    }
    Cow::Owned(unfolded)
}

/// The body of a field such as Subject as it was meant: unfolded, encoded-words decoded (RFC 2047).
///
/// What it holds is the sender's: whoever prints it on a terminal must make it harmless first.
pub fn text(body: &[u8]) -> String {
    words::decode(&unfold(body))
}

#[cfg(test)]
mod tests;
