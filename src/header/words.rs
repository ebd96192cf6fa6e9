//! Encoded-words (RFC 2047 section 2) as senders write them, which is wider than the grammar: beside other text
//! without a blank between, with blanks and 8-bit bytes inside, with characters cut in two, with broken base64.
//!
//! Linear in the size of the text: a place where no encoded-word begins is passed once, and a word that has no end
//! is searched for one once.

use memchr::memmem;

use super::charset;

/// No charset has a longer name, with its language (RFC 2231 section 5).
const LONGEST_NAME: usize = 64;

/// Decodes the encoded-words of a text on one line. What is between two of them counts unless it is blank (RFC 2047
/// section 6.2). Bytes outside of them that are not ASCII are read as UTF-8 where they can be.
pub fn decode(text: &[u8]) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut run = Run::default();
    // All before `done` is in `shown` or in `run`; no word begins between it and `next`.
    let (mut done, mut next) = (0, 0);
    while let Some(found) = memmem::find(&text[next..], b"=?") {
        let start = next + found;
        match Word::read(&text[start..]) {
            Ok((word, length)) => {
                let between = &text[done..start];
                if !run.is_open || !between.iter().all(u8::is_ascii_whitespace) {
                    run.close(&mut shown);
                    shown.push_str(&charset::guess(between));
                }
                run.push(&word, &mut shown);
                done = start + length;
                next = done;
            }
            Err(passed) => next = start + passed,
        }
    }
    run.close(&mut shown);
    shown.push_str(&charset::guess(&text[done..]));
    shown
}

/// Adjacent words of one charset, decoded to bytes: a character may begin in one and end in the next.
#[derive(Default)]
struct Run {
    is_open: bool,
    charset: Vec<u8>,
    bytes: Vec<u8>,
}

impl Run {
    fn push(&mut self, word: &Word<'_>, shown: &mut String) {
        if !self.is_open || !self.charset.eq_ignore_ascii_case(word.charset) {
            self.close(shown);
            self.charset.extend_from_slice(word.charset);
        }
        self.is_open = true;
        match word.is_base64 {
            true => base64(word.text, &mut self.bytes),
            false => quoted(word.text, &mut self.bytes),
        }
    }

    fn close(&mut self, shown: &mut String) {
        if self.is_open {
            shown.push_str(&charset::decode(&self.charset, &self.bytes));
        }
        self.is_open = false;
        self.charset.clear();
        self.bytes.clear();
    }
}

/// One encoded-word.
struct Word<'a> {
    /// Without the language that may follow it.
    charset: &'a [u8],
    is_base64: bool,
    text: &'a [u8],
}

impl<'a> Word<'a> {
    /// Reads the word that `text` begins with, and its length. If there is none: how far there is none.
    fn read(text: &'a [u8]) -> Result<(Word<'a>, usize), usize> {
        let Some((charset, is_base64, opening)) = opening(text) else { return Err(2) };
        let word = |end| Word { charset, is_base64, text: &text[opening..end] };
        let mut at = opening;
        while let Some(found) = memchr::memchr(b'?', &text[at..]) {
            at += found;
            if text.get(at + 1) == Some(&b'=') {
                return Ok((word(at), at + 2));
            }
            // Another word begins before this one has ended: this one is none.
            if at > opening && text[at - 1] == b'=' && self::opening(&text[at - 1..]).is_some() {
                return Err(at - 1);
            }
            at += 1;
        }
        // The text was cut somewhere on its way. A text with blanks only speaks of encoded-words.
        match text[opening..].contains(&b' ') || text.len() == opening {
            true => Err(text.len()),
            false => Ok((word(text.len()), text.len())),
        }
    }
}

/// Reads `=?charset?encoding?`: the charset, whether the encoding is B, and the length.
fn opening(text: &[u8]) -> Option<(&[u8], bool, usize)> {
    let behind = text.strip_prefix(b"=?")?;
    let is_name = |byte: &&u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'=');
    let length = behind.iter().take(LONGEST_NAME).take_while(is_name).count();
    let name = &behind[..length];
    let is_base64 = match behind.get(length..length + 3)? {
        b"?B?" | b"?b?" => true,
        b"?Q?" | b"?q?" => false,
        _ => return None,
    };
    // RFC 2231 section 5: `utf-8*en`.
    let charset = name.split(|byte| *byte == b'*').next().unwrap_or_default();
    Some((charset, is_base64, 2 + length + 3))
}

/// The "Q" encoding (RFC 2047 section 4.2). Bytes that are not encoded are themselves. By hand: it is neither
/// percent-encoding nor quoted-printable, and what is broken stays as it is.
fn quoted(text: &[u8], bytes: &mut Vec<u8>) {
    let digit = |byte: Option<&u8>| byte.and_then(|&byte| char::from(byte).to_digit(16)?.try_into().ok());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let pair: (Option<u8>, Option<u8>) = (digit(text.get(at + 1)), digit(text.get(at + 2)));
        match (byte, pair) {
            (b'=', (Some(high), Some(low))) => {
                bytes.push(high << 4 | low);
                at += 2;
            }
            (b'_', _) => bytes.push(b' '),
            _ => bytes.push(byte),
        }
        at += 1;
    }
}

/// The "B" encoding (RFC 2047 section 4.1). What is not of its alphabet is passed over, padding ends a group
/// wherever it is, and bits that make no byte are dropped. By hand: decoders of crates give up there, or want all of it in
/// one alphabet.
fn base64(text: &[u8], bytes: &mut Vec<u8>) {
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                count = 0;
                continue;
            }
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
}
