//! Decodes multi-line replies (RFC 1939 section 3): removes byte-stuffing and finds the terminating `.`, for
//! input in chunks of any size.
//!
//! Emits borrowed slices of the input, so that nothing is copied. Content is passed through as bytes,
//! including NUL, 8-bit octets, bare CR and lines of any length.

use memchr::memmem;

/// What ends a line on this connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LineEnd {
    /// CRLF, as in RFC 1939. A bare LF is content: a dot after it is neither byte-stuffing nor the end of the
    /// message.
    #[default]
    Crlf,
    /// LF, with or without CR: a server that ends its status lines with LF (seen with Post Office/NT, and
    /// with scripts run by inetd) ends the lines of messages the same way; other servers do so in messages
    /// only.
    Lf,
}

/// The decoder's position between two chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// At the start of a line.
    Start,
    /// Somewhere in a line.
    Line,
    /// After a CR that may belong to a CRLF.
    LineCr,
    /// After a dot at the start of a line; the dot is not content.
    Dot,
    /// After a dot at the start of a line, and a CR.
    DotCr,
    /// After a bare LF, if only CRLF ends a line. What follows may still turn out to be the end.
    LineLf,
    /// After a bare LF and a dot, which is held back.
    LfDot,
    /// After a bare LF, a dot and a CR; dot and CR are held back.
    LfDotCr,
    /// After a bare LF, a dot and CRLF; dot and CRLF are held back: the end, if nothing follows.
    LfEnd,
    /// After the terminating line.
    End,
}

/// Removes the byte-stuffing of one multi-line reply.
#[derive(Debug)]
pub struct Unstuffer {
    state: State,
    ends: LineEnd,
    has_dots_after_lf: bool,
}

impl Unstuffer {
    /// A decoder at the first line of the content.
    pub fn new(ends: LineEnd) -> Self {
        Unstuffer { state: State::Start, ends, has_dots_after_lf: false }
    }

    /// Whether the terminating `.` has been seen.
    pub fn is_done(&self) -> bool {
        self.state == State::End
    }

    /// Whether the input so far ends with a bare LF, a dot and CRLF, which are held back. According to RFC
    /// 1939 they are content in the middle of a line, but they may be the end of a message whose lines end in
    /// LF.
    pub fn may_be_done(&self) -> bool {
        self.state == State::LfEnd
    }

    /// Whether, with only CRLF as a line end, the content has a bare LF followed by a dot. With
    /// [`LineEnd::Lf`] that dot would have been removed.
    pub fn has_dots_after_lf(&self) -> bool {
        self.has_dots_after_lf
    }

    /// Decodes the next chunk: passes the content to `emit` in order, and returns how many bytes belong to
    /// this reply. These are fewer than the chunk only if [`Unstuffer::is_done`]; the rest belongs to the
    /// next reply.
    pub fn push(&mut self, input: &[u8], mut emit: impl FnMut(&[u8])) -> usize {
        let mut at = 0;
        while at < input.len() && self.state != State::End {
            let byte = input[at];
            match self.state {
                State::Start if byte == b'.' => {
                    self.state = State::Dot;
                    at += 1;
                }
                State::Start | State::Line => at += self.push_content(&input[at..], &mut emit),
                State::LineCr => {
                    if byte == b'\n' {
                        emit(b"\n");
                        at += 1;
                        self.state = State::Start;
                    } else {
                        self.state = State::Line;
                    }
                }
                State::Dot => match (byte, self.ends) {
                    (b'\r', _) => {
                        self.state = State::DotCr;
                        at += 1;
                    }
                    (b'\n', LineEnd::Lf) => {
                        self.state = State::End;
                        at += 1;
                    }
                    // A leading dot is removed even if no second dot follows (RFC 1939 section 3: "the first
                    // octet", whatever follows it).
                    _ => self.state = State::Line,
                },
                State::DotCr => {
                    if byte == b'\n' {
                        self.state = State::End;
                        at += 1;
                    } else {
                        emit(b"\r");
                        self.state = State::LineCr;
                    }
                }
                State::LineLf | State::LfDot | State::LfDotCr | State::LfEnd => {
                    at += usize::from(self.push_after_bare_lf(byte, &mut emit));
                }
                State::End => {}
            }
        }
        at
    }

    /// Handles a byte after a bare LF. Returns `false` if the byte has to be handled again in the new state.
    fn push_after_bare_lf(&mut self, byte: u8, emit: &mut impl FnMut(&[u8])) -> bool {
        let (next, held): (State, &[u8]) = match (self.state, byte) {
            (State::LineLf, b'.') => (State::LfDot, b""),
            (State::LfDot, b'\r') => (State::LfDotCr, b""),
            (State::LfDotCr, b'\n') => (State::LfEnd, b""),
            (State::LfDot, _) => (State::Line, b"."),
            (State::LfDotCr, _) => (State::LineCr, b".\r"),
            (State::LfEnd, _) => (State::Start, b".\r\n"),
            _ => (State::Line, b""),
        };
        let is_taken = matches!(next, State::LfDot | State::LfDotCr | State::LfEnd);
        self.state = next;
        if !held.is_empty() {
            self.has_dots_after_lf = true;
            emit(held);
        }
        is_taken
    }

    /// Emits content up to the next line that begins with a dot, or all of `input` except a possible end;
    /// returns how many bytes were used.
    fn push_content(&mut self, input: &[u8], emit: &mut impl FnMut(&[u8])) -> usize {
        let mut from = 0;
        while let Some(found) = memmem::find(&input[from..], b"\n.") {
            let dot = from + found + 1;
            if self.ends == LineEnd::Lf || input[..dot].ends_with(b"\r\n") {
                emit(&input[..dot]);
                self.state = State::Dot;
                return dot + 1;
            }
            self.state = match &input[dot..] {
                b"." => State::LfDot,
                b".\r" => State::LfDotCr,
                b".\r\n" => State::LfEnd,
                _ => {
                    self.has_dots_after_lf = true;
                    from = dot + 1;
                    continue;
                }
            };
            emit(&input[..dot]);
            return input.len();
        }
        emit(input);
        self.state = match (self.ends, input) {
            (LineEnd::Crlf, [.., b'\r', b'\n']) | (LineEnd::Lf, [.., b'\n']) => State::Start,
            (LineEnd::Crlf, [.., b'\r']) => State::LineCr,
            (LineEnd::Crlf, [.., b'\n']) => State::LineLf,
            _ => State::Line,
        };
        input.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Decodes `wire` in chunks of the given sizes (the last size repeats).
    fn unstuff(wire: &[u8], sizes: &[usize], ends: LineEnd) -> (Vec<u8>, usize, bool) {
        let mut frame = Unstuffer::new(ends);
        let (mut out, mut used, mut turn) = (Vec::new(), 0, 0);
        while used < wire.len() && !frame.is_done() {
            let size = sizes[turn.min(sizes.len() - 1)].max(1);
            turn += 1;
            let chunk = &wire[used..wire.len().min(used + size)];
            used += frame.push(chunk, |part| out.extend_from_slice(part));
        }
        (out, used, frame.is_done())
    }

    /// The sender's side (RFC 1939 section 3): doubles a dot at the start of a line.
    fn stuff(message: &[u8]) -> Vec<u8> {
        let mut wire = Vec::new();
        let mut start = true;
        for (at, byte) in message.iter().enumerate() {
            if start && *byte == b'.' {
                wire.push(b'.');
            }
            wire.push(*byte);
            start = *byte == b'\n' && at > 0 && message[at - 1] == b'\r';
        }
        wire.extend_from_slice(b".\r\n");
        wire
    }

    #[test]
    fn reads_messages_at_any_chunk_size() {
        let table: &[(&[u8], &[u8])] = &[
            (b".\r\n", b""),
            (b"a\r\n.\r\n", b"a\r\n"),
            (b"..\r\n.\r\n", b".\r\n"),
            (b"...a\r\n.\r\n", b"..a\r\n"),
            (b".a\r\n.\r\n", b"a\r\n"),
            (b"a\n.\r\nb\r\n.\r\n", b"a\n.\r\nb\r\n"),
            (b"a\r.\r\n.\r\n", b"a\r.\r\n"),
            (b"a\r\r\n.\r\n", b"a\r\r\n"),
            (b".\rb\r\n.\r\n", b"\rb\r\n"),
            (b".\r\rb\r\n.\r\n", b"\r\rb\r\n"),
            (b"\0\xff\r\n\r\n.\r\n", b"\0\xff\r\n\r\n"),
            (b"\n.\n\r\n.\r\n", b"\n.\n\r\n"),
        ];
        for (wire, content) in table {
            for size in 1..=wire.len() {
                assert_eq!(
                    unstuff(wire, &[size], LineEnd::Crlf),
                    (content.to_vec(), wire.len(), true),
                    "{:?} by {size}",
                    String::from_utf8_lossy(wire)
                );
            }
        }
    }

    #[test]
    fn a_server_with_bare_line_feeds_is_read_too() {
        for size in 1..12 {
            let (out, used, done) = unstuff(b"a\n..b\n\n.\n+OK\n", &[size], LineEnd::Lf);
            assert_eq!((out.as_slice(), used, done), (&b"a\n.b\n\n"[..], 9, true));
            let (out, used, done) = unstuff(b"a\n..b\r\n.c\n.\r\n+OK\r\n", &[size], LineEnd::Lf);
            assert_eq!((out.as_slice(), used, done), (&b"a\n.b\r\nc\n"[..], 13, true));
        }
    }

    #[test]
    fn leaves_the_rest_to_the_next_reply() {
        let (out, used, done) = unstuff(b"x\r\n.\r\n+OK next\r\n", &[64], LineEnd::Crlf);
        assert_eq!((out.as_slice(), used, done), (&b"x\r\n"[..], 6, true));
    }

    #[test]
    fn a_possible_end_after_a_bare_lf_is_held_back_until_more_follows() {
        let table: &[(&[u8], &[u8], bool)] = &[
            (b"a\n.\r\n", b"a\n", false),
            (b"\n.\r\n", b"\n", false),
            (b"a\r\nb\n.\r\n", b"a\r\nb\n", false),
            (b"a\n..b\nc\n.\r\n", b"a\n..b\nc\n", true),
            (b"a\n.\r\nb\n.\r\n", b"a\n.\r\nb\n", true),
        ];
        for (wire, content, has_dots) in table {
            for size in 1..=wire.len() {
                let mut frame = Unstuffer::new(LineEnd::Crlf);
                let mut out = Vec::new();
                for chunk in wire.chunks(size) {
                    assert_eq!(frame.push(chunk, |part| out.extend_from_slice(part)), chunk.len());
                }
                assert_eq!(out, *content, "{wire:?} by {size}");
                assert!(frame.may_be_done() && !frame.is_done(), "{wire:?} by {size}");
                assert_eq!(frame.has_dots_after_lf(), *has_dots, "{wire:?} by {size}");
                // Any further byte shows that it was content.
                frame.push(b"x\r\n.\r\n", |part| out.extend_from_slice(part));
                assert_eq!(out, [&wire[..], b"x\r\n"].concat());
                assert!(frame.is_done());
            }
        }
    }

    #[test]
    fn without_the_terminating_dot_it_is_never_done() {
        for wire in [&b"a\r\n"[..], b"a\r\n.", b"a\r\n.\r", b"a.\r\n", b"a\r\n..\r\n", b"a\n.\n"] {
            assert!(!unstuff(wire, &[64], LineEnd::Crlf).2, "{wire:?}");
        }
    }

    proptest! {
        #[test]
        fn unstuffing_undoes_stuffing_in_any_chunks(
            lines in prop::collection::vec("[.\r\n a\u{e9}\0]{0,6}", 0..12),
            sizes in prop::collection::vec(1usize..9, 1..8),
        ) {
            let message: Vec<u8> = lines.iter().flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect();
            let wire = stuff(&message);
            prop_assert_eq!(unstuff(&wire, &sizes, LineEnd::Crlf), (message, wire.len(), true));
        }

        #[test]
        fn any_bytes_in_any_chunks_give_the_same(
            wire in prop::collection::vec(prop::sample::select(b".\r\na\0".to_vec()), 0..64),
            sizes in prop::collection::vec(1usize..9, 1..8),
        ) {
            for ends in [LineEnd::Crlf, LineEnd::Lf] {
                prop_assert_eq!(unstuff(&wire, &sizes, ends), unstuff(&wire, &[usize::MAX / 2], ends));
            }
        }
    }
}
