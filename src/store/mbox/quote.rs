//! mboxrd quoting: a line `From …`, also one already quoted (`>From …`), gets one more `>`, so that
//! every `From ` at a line start separates messages, and unquoting gives back every byte.

use memchr::memchr;

const FROM: &[u8] = b"From ";

/// The filter. Input may be cut anywhere: it withholds at most the four bytes of a `From` that may
/// still become a `From `.
#[derive(Debug)]
pub(super) struct Quote {
    /// At the start of a line (quotes aside), and how much of `From ` was seen; `None`: further on.
    matched: Option<usize>,
}

impl Quote {
    /// At the start of a message.
    pub(super) fn new() -> Self {
        Quote { matched: Some(0) }
    }

    /// Appends `text` (LF line ends), quoted, to `out`.
    pub(super) fn push(&mut self, text: &[u8], out: &mut Vec<u8>) {
        let mut rest = text;
        while let Some((&byte, behind)) = rest.split_first() {
            match self.matched {
                Some(count) if FROM.get(count) == Some(&byte) => {
                    self.matched = Some(count + 1);
                    rest = behind;
                    if count + 1 == FROM.len() {
                        out.push(b'>');
                        self.finish(out);
                    }
                }
                Some(0) if byte == b'>' => {
                    out.push(byte);
                    rest = behind;
                }
                // Not such a line: what was withheld goes out, and this byte is looked at once more.
                Some(_) => self.finish(out),
                None => {
                    let line_end = memchr(b'\n', rest);
                    self.matched = line_end.map(|_| 0);
                    let (line, behind) = rest.split_at(line_end.map_or(rest.len(), |at| at + 1));
                    out.extend_from_slice(line);
                    rest = behind;
                }
            }
        }
    }

    /// Appends what was withheld.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&FROM[..self.matched.take().unwrap_or(0)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn quoted<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
        let (mut quote, mut out) = (Quote::new(), Vec::new());
        chunks.into_iter().for_each(|chunk| quote.push(chunk, &mut out));
        quote.finish(&mut out);
        out
    }

    /// What an mboxrd reader does.
    fn unquoted(text: &[u8]) -> Vec<u8> {
        let lines = text.split_inclusive(|byte| *byte == b'\n').map(|line| {
            let quotes = line.iter().take_while(|byte| **byte == b'>').count();
            if quotes > 0 && line[quotes..].starts_with(FROM) { &line[1..] } else { line }
        });
        lines.collect::<Vec<_>>().concat()
    }

    #[test]
    fn only_from_lines_change() {
        let cases: [(&[u8], &[u8]); 10] = [
            (b"", b""),
            (b"From me", b">From me"),
            (b">From me\n>>From you\n", b">>From me\n>>>From you\n"),
            (b"a From b\nFrom\nFrom: x\nfrom x\n", b"a From b\nFrom\nFrom: x\nfrom x\n"),
            (b"\n\nFrom \n", b"\n\n>From \n"),
            (b"> From x\n>Fro", b"> From x\n>Fro"),
            (b"FroFrom x", b"FroFrom x"),
            (b"Fro\nFrom x\n", b"Fro\n>From x\n"),
            (b"\rFrom x", b"\rFrom x"),
            (b"From From \n", b">From From \n"),
        ];
        for (text, file) in cases {
            assert_eq!(quoted([text]), file, "{text:?}");
            assert_eq!(quoted(text.chunks(1)), file, "{text:?} byte by byte");
        }
    }

    const PIECES: &[&[u8]] = &[b"From ", b">", b"\n", b"Fro", b"m ", b"\0", b"x"];

    proptest! {
        #[test]
        fn unquoting_gives_back_every_byte(
            pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..40),
            size in 1_usize..9,
        ) {
            let text = pieces.concat();
            let file = quoted(text.chunks(size));
            prop_assert_eq!(&unquoted(&file), &text);
            prop_assert!(!file.split(|byte| *byte == b'\n').any(|line| line.starts_with(FROM)));
        }
    }
}
