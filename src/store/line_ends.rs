//! Line ends on their way from the wire to a file: CR LF becomes LF, and a bare CR or a bare LF
//! stays what it is, wherever the input happens to be cut.

use memchr::memchr;

/// The filter; its only memory is whether the last byte was a CR whose successor is still to come.
#[derive(Debug, Default)]
pub(super) struct LineEnds {
    carriage_return: bool,
}

impl LineEnds {
    /// Appends the text of `chunk` to `out`.
    pub(super) fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        let Some(&first) = chunk.first() else { return };
        out.reserve(chunk.len() + 1);
        if std::mem::take(&mut self.carriage_return) && first != b'\n' {
            out.push(b'\r');
        }
        let mut rest = chunk;
        while let Some(at) = memchr(b'\r', rest) {
            out.extend_from_slice(&rest[..at]);
            rest = &rest[at + 1..];
            match rest.first() {
                None => self.carriage_return = true,
                Some(b'\n') => {}
                Some(_) => out.push(b'\r'),
            }
        }
        out.extend_from_slice(rest);
    }

    /// The message has ended: a CR that was waiting for its LF was a bare one.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.carriage_return) {
            out.push(b'\r');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filtered<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
        let (mut filter, mut out) = (LineEnds::default(), Vec::new());
        chunks.into_iter().for_each(|chunk| filter.push(chunk, &mut out));
        filter.finish(&mut out);
        out
    }

    #[test]
    fn only_pairs_change() {
        let cases: [(&[u8], &[u8]); 9] = [
            (b"", b""),
            (b"a\r\nb\r\n", b"a\nb\n"),
            (b"bare\rcr", b"bare\rcr"),
            (b"bare\nlf", b"bare\nlf"),
            (b"\r\r\n", b"\r\n"),
            (b"\r\n\r", b"\n\r"),
            (b"\n\r\n", b"\n\n"),
            (b"nul\0 \xff\r\n", b"nul\0 \xff\n"),
            (b"no end", b"no end"),
        ];
        for (wire, text) in cases {
            assert_eq!(filtered([wire]), text, "{wire:?}");
            assert_eq!(filtered(wire.chunks(1)), text, "{wire:?} byte by byte");
        }
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_bytes(
            wire in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'a'), any::<u8>()], 0..200),
            size in 1_usize..20,
        ) {
            let mut model = Vec::new();
            for (at, &byte) in wire.iter().enumerate() {
                if byte != b'\r' || wire.get(at + 1) != Some(&b'\n') {
                    model.push(byte);
                }
            }
            prop_assert_eq!(filtered(wire.chunks(size)), model);
        }
    }
}
