//! How a message in an mbox is recognised: eight bytes of SHA-256 over its header, eight over
//! its body, both as they stand in the file. Mail readers add `Status` and the like to headers; the
//! body's half survives that. Line ends that close the body do not count: programs differ there.

use memchr::memmem;
use sha2::{Digest, Sha256};

/// Bytes of each half.
const HALF: usize = 8;
const NEW_LINES: [u8; 64] = [b'\n'; 64];

/// The checksum of one message (without its `From ` line) as it streams by.
#[derive(Debug, Default)]
pub(super) struct Checksum {
    header: Sha256,
    body: Sha256,
    /// Line ends that belong to the body only if more follows.
    line_ends: u64,
    /// The header's last byte was a line end, or nothing came yet: one more line end closes it.
    in_line: bool,
    in_body: bool,
}

impl Checksum {
    /// Takes the next bytes of the message, cut anywhere.
    pub(super) fn push(&mut self, text: &[u8]) {
        let rest = if self.in_body { text } else { self.push_header(text) };
        let kept = rest.trim_end_matches_line_ends();
        if !kept.is_empty() {
            while self.line_ends > 0 {
                let count = self.line_ends.min(NEW_LINES.len() as u64);
                self.body.update(&NEW_LINES[..count as usize]);
                self.line_ends -= count;
            }
            self.body.update(kept);
        }
        self.line_ends += (rest.len() - kept.len()) as u64;
    }

    /// Takes the header, the blank line included, and gives back what follows it.
    fn push_header<'a>(&mut self, text: &'a [u8]) -> &'a [u8] {
        let end = match text {
            [] => return text,
            [b'\n', ..] if !self.in_line => Some(1),
            _ => memmem::find(text, b"\n\n").map(|at| at + 2),
        };
        self.in_line = !text.ends_with(b"\n");
        self.in_body = end.is_some();
        let (header, rest) = text.split_at(end.unwrap_or(text.len()));
        self.header.update(header);
        rest
    }

    /// Whether the whole header was seen.
    pub(super) fn has_header(&self) -> bool {
        self.in_body
    }

    /// Header half, body half.
    pub(super) fn finish(self) -> [u8; 2 * HALF] {
        let (header, body) = (self.header.finalize(), self.body.finalize());
        std::array::from_fn(|at| if at < HALF { header[at] } else { body[at - HALF] })
    }
}

/// The half that mail readers leave alone.
pub(super) fn body(checksum: &[u8; 2 * HALF]) -> [u8; HALF] {
    std::array::from_fn(|at| checksum[HALF + at])
}

trait LineEndsAside {
    fn trim_end_matches_line_ends(&self) -> &[u8];
}

impl LineEndsAside for [u8] {
    fn trim_end_matches_line_ends(&self) -> &[u8] {
        let kept = self.iter().rposition(|byte| *byte != b'\n').map_or(0, |at| at + 1);
        &self[..kept]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sum(text: &[u8], chunk: usize) -> [u8; 16] {
        let mut checksum = Checksum::default();
        text.chunks(chunk).for_each(|chunk| checksum.push(chunk));
        checksum.finish()
    }

    #[test]
    fn each_half_sees_its_part() {
        let plain = sum(b"a: b\n\nbody\n", 100);
        let read = sum(b"a: b\nStatus: RO\n\nbody\n\n\n", 100);
        let edited = sum(b"a: b\n\nBody\n", 100);
        assert_ne!(plain[..8], read[..8]);
        assert_eq!(body(&plain), body(&read));
        assert_eq!(plain[..8], edited[..8]);
        assert_ne!(body(&plain), body(&edited));
        assert_ne!(body(&sum(b"a: b\n\n\nbody", 100)), body(&plain), "leading blank lines count");
    }

    #[test]
    fn a_torn_end_is_seen() {
        let whole = b"a: b\n\nbody\nmore\n\n";
        for cut in 0..whole.len() - 2 {
            let mut torn = whole.to_vec();
            torn[cut..].fill(0);
            assert_ne!(sum(&torn, 100), sum(whole, 100), "{cut}");
        }
    }

    #[test]
    fn messages_without_header_or_body_have_one_too() {
        assert_ne!(sum(b"\nx", 9), sum(b"x\n\n", 9));
        assert_eq!(body(&sum(b"a: b\n\n", 9)), body(&sum(b"c: d\n\n\n", 9)));
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_sum(
            text in proptest::collection::vec(prop_oneof![3 => Just(b'\n'), 2 => Just(b'a'), 1 => any::<u8>()], 0..300),
            size in 1_usize..40,
        ) {
            prop_assert_eq!(sum(&text, size), sum(&text, 1000));
        }
    }
}
