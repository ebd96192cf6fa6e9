//! Sanitises server bytes for a terminal: whatever could move the cursor, change colours, reverse the
//! direction of reading or be invisible is shown escaped, so that a message cannot forge what is on the
//! screen. Only for terminals; in a pipe the same bytes are verbatim.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

/// One line for a terminal: control, bidirectional and zero-width characters, line ends and invalid
/// UTF-8 are shown as `\x1b`, `\u{202e}`, `\n`. A backslash is left alone: the result is for
/// reading, not for decoding. The two joiners between letters or emoji are spelling and stay.
pub(crate) fn line(bytes: &[u8]) -> Cow<'_, str> {
    clean(bytes, false, None)
}

/// Several lines for a terminal: like [`line`], but line ends (CRLF too) and tabs stay what they are.
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    clean(bytes, true, None)
}

/// `before` is the character before those bytes.
fn clean(bytes: &[u8], keep_layout: bool, mut before: Option<char>) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes)
        && text.chars().all(|c| is_harmless(c, keep_layout))
    {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        let mut characters = chunk.valid().chars().peekable();
        while let Some(c) = characters.next() {
            if keep_layout && c == '\r' && characters.peek() == Some(&'\n') {
                continue;
            }
            match JOINERS.contains(&c) && is_spelling(before, characters.peek().copied()) {
                true => shown.push(c),
                false => push(&mut shown, c, keep_layout),
            }
            before = Some(c);
        }
        for byte in chunk.invalid() {
            before = None;
            // Writing to a String cannot fail.
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    Cow::Owned(shown)
}

fn push(shown: &mut String, c: char, keep_layout: bool) {
    if is_harmless(c, keep_layout) {
        return shown.push(c);
    }
    let _ = match c {
        '\n' => write!(shown, "\\n"),
        '\r' => write!(shown, "\\r"),
        '\t' => write!(shown, "\\t"),
        '\0'..='\x7f' => write!(shown, "\\x{:02x}", u32::from(c)),
        _ => write!(shown, "\\u{{{:x}}}", u32::from(c)),
    };
}

pub(super) fn is_harmless(c: char, keep_layout: bool) -> bool {
    match c {
        '\n' | '\t' => keep_layout,
        ' '..='~' => true,
        _ => !c.is_control() && !is_invisible(c),
    }
}

/// Zero width non-joiner and joiner: they tell how the characters beside them are shaped (Unicode section 23.2).
const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];

/// Whether a joiner between these two is part of a word or of an emoji. Behind a letter that is not ASCII it is also
/// at the end of a word (Arabic abbreviations, Malayalam). Nothing is spelt with two of them, so that nothing of
/// any length is hidden.
fn is_spelling(before: Option<char>, behind: Option<char>) -> bool {
    let is_spelt =
        |c: &char| is_harmless(*c, false) && !c.is_whitespace() && (c.is_alphabetic() || !c.is_ascii());
    let before = before.filter(is_spelt);
    before.is_some_and(|c| !c.is_ascii() || behind.filter(is_spelt).is_some())
}

/// Characters that have no width or change the order of reading (Unicode UAX #9, and the default
/// ignorable code points for which there is no legitimate use in a header field).
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' // soft hyphen
        | '\u{34f}' // combining grapheme joiner
        | '\u{61c}' // Arabic letter mark
        | '\u{115f}'..='\u{1160}' // Hangul fillers
        | '\u{17b4}'..='\u{17b5}' // Khmer inherent vowels
        | '\u{180b}'..='\u{180f}' // Mongolian selectors
        | '\u{200b}'..='\u{200f}' // zero-width, direction marks
        | '\u{2028}'..='\u{202e}' // line and paragraph separators, embeddings, overrides
        | '\u{2060}'..='\u{206f}' // word joiner, invisible operators, isolates
        | '\u{3164}' // Hangul filler
        | '\u{feff}' // byte order mark
        | '\u{ffa0}' // half-width Hangul filler
        | '\u{fff0}'..='\u{fffb}' // interlinear annotation
        | '\u{1d173}'..='\u{1d17a}' // musical formatting
        | '\u{e0000}'..='\u{e0fff}' // tags
    )
}

/// A writer that shows what passes through it as [`text`] does, in chunks of any size.
#[derive(Debug)]
pub(crate) struct Guard<W: Write> {
    inner: W,
    /// The beginning of something that the next chunk decides: at most three bytes of a character,
    /// or a CR that may belong to a CRLF, behind a joiner or not.
    pending: Vec<u8>,
    /// The last character that was written.
    before: Option<char>,
}

impl<W: Write> Guard<W> {
    /// Writes to `inner`.
    pub(crate) fn new(inner: W) -> Self {
        Guard { inner, pending: Vec::new(), before: None }
    }

    /// Writes what was held back at the end of the last chunk. Fails when `inner` does.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.show(self.pending.len())?;
        self.inner.flush()
    }

    /// Writes so many of the bytes that are pending.
    fn show(&mut self, length: usize) -> io::Result<()> {
        let ready = &self.pending[..length];
        self.inner.write_all(clean(ready, true, self.before).as_bytes())?;
        if let Some(last) = ready[length.saturating_sub(4)..].utf8_chunks().last() {
            self.before = last.valid().chars().next_back().filter(|_| last.invalid().is_empty());
        }
        self.pending.drain(..length);
        Ok(())
    }
}

impl<W: Write> Write for Guard<W> {
    fn write(&mut self, chunk: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(chunk);
        self.show(self.pending.len() - undecided(&self.pending))?;
        Ok(chunk.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// How many bytes at the end cannot be shown before more have arrived: what is behind a joiner decides of it.
fn undecided(bytes: &[u8]) -> usize {
    let cut = incomplete(bytes);
    let whole = &bytes[..bytes.len() - cut];
    let is_joiner = |joiner: &char| whole.ends_with(joiner.encode_utf8(&mut [0; 4]).as_bytes());
    cut + if JOINERS.iter().any(is_joiner) { 3 } else { 0 }
}

/// How many bytes at the end cannot be decoded before more have arrived.
fn incomplete(bytes: &[u8]) -> usize {
    if bytes.ends_with(b"\r") {
        return 1;
    }
    let tail = &bytes[bytes.len().saturating_sub(3)..];
    for (place, &byte) in tail.iter().enumerate().rev() {
        let needed = match byte {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            0x80..=0xbf => continue,
            _ => return 0,
        };
        let had = tail.len() - place;
        return if had < needed { had } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_could_harm_a_terminal_escaped() {
        let table: &[(&[u8], &str)] = &[
            (b"plain text", "plain text"),
            ("Grüße, 世界 🎉".as_bytes(), "Grüße, 世界 🎉"),
            (b"\x1b[31mred\x07", "\\x1b[31mred\\x07"),
            (b"nul\0del\x7f", "nul\\x00del\\x7f"),
            ("c1 \u{9b}31m".as_bytes(), "c1 \\u{9b}31m"),
            ("evil\u{202e}gpj.exe".as_bytes(), "evil\\u{202e}gpj.exe"),
            ("iso\u{2066}late\u{2069}".as_bytes(), "iso\\u{2066}late\\u{2069}"),
            ("pay\u{200b}pal\u{feff}".as_bytes(), "pay\\u{200b}pal\\u{feff}"),
            ("line\u{2028}sep".as_bytes(), "line\\u{2028}sep"),
            (b"latin1 \xe9t\xe9", "latin1 \\xe9t\\xe9"),
            (b"cut \xe4\xb8", "cut \\xe4\\xb8"),
            (b"two\r\nlines\ttab", "two\\r\\nlines\\ttab"),
        ];
        for (bytes, shown) in table {
            assert_eq!(line(bytes), *shown, "{bytes:?}");
        }
    }

    /// Cases 2.1 and 2.2 of what is shown.
    #[test]
    fn joiners_that_spell_something_stay() {
        for spelt in [
            "می\u{200c}روم خانه\u{200c}ها",
            "👨\u{200d}👩\u{200d}👧",
            "🙋\u{200d}♀️ Welcome",
            "👩🏽\u{200d}💻",
            "ශ්\u{200d}රී",
            "ന്\u{200d}",
            "Auf\u{200c}lage",
        ] {
            assert_eq!(line(spelt.as_bytes()), spelt);
        }
        for (hidden, shown) in [
            ("می\u{200c}\u{200c}روم", "می\u{200c}\\u{200c}روم"),
            ("\u{200d}a", "\\u{200d}a"),
            ("1\u{200d}2", "1\\u{200d}2"),
            ("a\u{200d} b", "a\\u{200d} b"),
            ("a\u{200d}\u{202e}b", "a\\u{200d}\\u{202e}b"),
            ("می\u{202e}\u{200c}روم", "می\\u{202e}\\u{200c}روم"),
        ] {
            assert_eq!(line(hidden.as_bytes()), shown);
        }
    }

    #[test]
    fn harmless_text_is_not_copied() {
        assert!(matches!(line(b"+OK ready"), Cow::Borrowed(_)));
    }

    #[test]
    fn text_keeps_lines_and_tabs_and_shows_a_bare_cr() {
        assert_eq!(text(b"a\r\nb\tc\rd\n\x1b"), "a\nb\tc\\rd\n\\x1b");
    }

    #[test]
    fn any_chunking_shows_the_same() {
        let bytes =
            "a\r\nb\r\r\n世界 🎉\u{202e}می\u{200c}روم a\u{200d}b c\u{200d}\r\n\u{200c}d 👨\u{200d}\u{200d}👩\u{200d}"
                .bytes()
                .chain(*b"\xf0\x9f\r\xe4\xb8X\xc3")
                .collect::<Vec<_>>();
        let whole = text(&bytes).into_owned();
        for size in 1..bytes.len() {
            let mut guard = Guard::new(Vec::new());
            for chunk in bytes.chunks(size) {
                guard.write_all(chunk).expect("a Vec takes everything");
            }
            guard.finish().expect("a Vec takes everything");
            assert_eq!(String::from_utf8_lossy(&guard.inner), whole, "chunks of {size}");
        }
    }

    #[test]
    fn a_message_to_be_shown_needs_no_memory_of_its_own() {
        let mut guard = Guard::new(io::sink());
        for _ in 0..1000 {
            guard.write_all(b"\xe4\xb8\x96 and \xe4").expect("a sink takes everything");
            assert!(guard.pending.len() <= 3, "{:?}", guard.pending);
        }
    }
}
