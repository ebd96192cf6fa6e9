//! Walks through an mbox of any size, message by message, in constant memory.

use std::io::{self, Read};

use memchr::{memchr, memmem};

const FROM: &[u8] = b"From ";
/// A separator, seen from the line before.
const NEXT: &[u8] = b"\nFrom ";
const BUFFER: usize = 64 * 1024;

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// A `From ` line: a message begins behind it.
    Separator,
    /// More of the message, cut anywhere.
    Text(&'a [u8]),
}

#[derive(Debug)]
enum State {
    LineStart,
    Inside,
    FromLine,
}

/// The walk over a source that begins at the start of a line.
#[derive(Debug)]
pub(super) struct Walk<R> {
    source: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    at_eof: bool,
    /// Bytes taken from the source.
    taken: u64,
    state: State,
}

impl<R: Read> Walk<R> {
    /// At the start of `source`.
    pub(super) fn new(source: R) -> Self {
        let buffer = vec![0; BUFFER];
        Walk { source, buffer, start: 0, end: 0, at_eof: false, taken: 0, state: State::LineStart }
    }

    /// Where in the source the last separator begins, just after it was given; else how far the walk is.
    pub(super) fn position(&self) -> u64 {
        self.taken - (self.end - self.start) as u64
    }

    /// The next piece, `None` at the end.
    ///
    /// # Errors
    /// The source cannot be read.
    pub(super) fn next(&mut self) -> io::Result<Option<Piece<'_>>> {
        loop {
            self.fill()?;
            let rest = &self.buffer[self.start..self.end];
            if rest.is_empty() {
                return Ok(None);
            }
            match self.state {
                State::LineStart if rest.starts_with(FROM) => {
                    self.state = State::FromLine;
                    return Ok(Some(Piece::Separator));
                }
                State::LineStart => self.state = State::Inside,
                State::FromLine => match memchr(b'\n', rest) {
                    Some(at) => {
                        self.start += at + 1;
                        self.state = State::LineStart;
                    }
                    None => self.start = self.end,
                },
                State::Inside => {
                    let count = match memmem::find(rest, NEXT) {
                        Some(at) => {
                            self.state = State::LineStart;
                            at + 1
                        }
                        None if self.at_eof => rest.len(),
                        // The last bytes may be the beginning of a separator.
                        None => rest.len() - FROM.len(),
                    };
                    let text = self.start..self.start + count;
                    self.start = text.end;
                    return Ok(Some(Piece::Text(&self.buffer[text])));
                }
            }
        }
    }

    /// Sees to it that a separator's worth of bytes is there, or all that are left.
    fn fill(&mut self) -> io::Result<()> {
        while !self.at_eof && self.end - self.start < NEXT.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            match self.source.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.at_eof = true,
                Ok(count) => {
                    self.end += count;
                    self.taken += count as u64;
                }
                Err(source) if source.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(source),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives at most so many bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let room = buffer.len().min(self.1);
            self.0.read(&mut buffer[..room])
        }
    }

    fn messages(file: &[u8], step: usize) -> (Vec<u8>, Vec<Vec<u8>>) {
        let mut walk = Walk::new(Slow(file, step));
        let (mut before, mut messages) = (Vec::new(), Vec::new());
        while let Some(piece) = walk.next().unwrap() {
            match piece {
                Piece::Separator => {
                    messages.push(Vec::new());
                    let at = walk.position() as usize;
                    assert!(file[at..].starts_with(FROM), "{at}");
                }
                Piece::Text(text) => messages.last_mut().unwrap_or(&mut before).extend_from_slice(text),
            }
        }
        (before, messages)
    }

    #[test]
    fn finds_every_message_at_any_pace() {
        let long = [b"From a\n", &[b'x'; 200_000][..], b"\n\nFrom b\ny\n"].concat();
        type Case<'a> = (&'a [u8], &'a [u8], &'a [&'a [u8]]);
        let cases: [Case<'_>; 6] = [
            (b"", b"", &[]),
            (b"From a\nx\n\nFrom b\ny\n\n", b"", &[b"x\n\n", b"y\n\n"]),
            (b"From a\nFrom b\nFrom c", b"", &[b"", b"", b""]),
            (b"torn\nFrom a\n>From x\nFro", b"torn\n", &[b">From x\nFro"]),
            (b"\n\nFrom a\nx From y\n", b"\n\n", &[b"x From y\n"]),
            (&long, b"", &[&[&[b'x'; 200_000][..], b"\n\n"].concat(), b"y\n"]),
        ];
        for (file, before, expected) in cases {
            for step in [1, 2, 3, 7, 1_000_000] {
                let found = messages(file, step);
                assert!(found.0 == before && found.1 == expected, "step {step}");
            }
        }
    }
}
