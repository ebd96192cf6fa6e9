//! Hides secrets in what a server or a provider sends back (an error that quotes a command, for example): as
//! they are, within base64 of either alphabet, percent-encoded. All such text passes through here before it
//! is printed or logged.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use memchr::memmem;
use zeroize::Zeroizing;

use super::Secret;

/// A shorter secret occurs in any text by chance, and hiding it there would reveal it.
const SHORTEST: usize = 4;

/// Shown in place of the secret.
const HIDDEN: &[u8] = b"[hidden]";

impl Secret {
    /// Whether `text` contains it, in the clear or in a form that anybody can decode.
    pub fn is_in(&self, text: &[u8]) -> bool {
        matches!(self.hidden_in(text), Cow::Owned(_))
    }

    /// The text with `[hidden]` in place of the secret, in whatever form; of base64 the whole word is
    /// replaced.
    pub fn hidden_in<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        let secret = self.expose();
        if secret.len() < SHORTEST {
            return Cow::Borrowed(text);
        }
        let mut shown = without(Cow::Borrowed(text), secret, |_, at| at);
        for plus_is_a_blank in [false, true] {
            shown = without_percent(shown, secret, plus_is_a_blank);
        }
        for offset in 0..3 {
            let core = core(secret, offset);
            shown = without(shown, &core, word);
            let url: Zeroizing<Vec<u8>> = Zeroizing::new(core.iter().map(in_a_url).collect());
            shown = without(shown, &url, word);
        }
        shown
    }
}

/// The characters of base64 that depend on the secret alone if it begins at that offset within three octets.
fn core(secret: &[u8], offset: usize) -> Zeroizing<Vec<u8>> {
    let before = Zeroizing::new([&[0; 2][..offset], secret].concat());
    let text = Zeroizing::new(BASE64.encode(&before[..]));
    let (from, to) = ((offset * 8).div_ceil(6), before.len() * 8 / 6);
    Zeroizing::new(text.as_bytes()[from..to].to_vec())
}

/// RFC 4648 section 5.
fn in_a_url(letter: &u8) -> u8 {
    match letter {
        b'+' => b'-',
        b'/' => b'_',
        letter => *letter,
    }
}

/// The word of base64 around what was found.
fn word(text: &[u8], found: (usize, usize)) -> (usize, usize) {
    let is_other = |byte: &u8| !byte.is_ascii_alphanumeric() && !b"+/-_=".contains(byte);
    let from = text[..found.0].iter().rposition(is_other).map_or(0, |at| at + 1);
    let to = text[found.1..].iter().position(is_other).map_or(text.len(), |at| found.1 + at);
    (from, to)
}

/// Hides each `form`, and as much around it as `widen` says.
fn without<'t>(
    text: Cow<'t, [u8]>,
    form: &[u8],
    widen: fn(&[u8], (usize, usize)) -> (usize, usize),
) -> Cow<'t, [u8]> {
    let (mut shown, mut rest) = (Vec::new(), &text[..]);
    while let Some(at) = memmem::find(rest, form) {
        let (from, to) = widen(rest, (at, at + form.len()));
        shown.extend_from_slice(&rest[..from]);
        shown.extend_from_slice(HIDDEN);
        rest = &rest[to..];
    }
    if shown.is_empty() {
        return text;
    }
    shown.extend_from_slice(rest);
    Cow::Owned(shown)
}

/// Hides what is the secret once percent-encoding is undone (RFC 3986 section 2.1), and, in a form, a blank
/// is a plus: which letters somebody encodes is up to them. By hand: what is hidden is the encoded text, so the place of
/// each letter in it has to be known.
fn without_percent<'t>(text: Cow<'t, [u8]>, secret: &[u8], plus_is_a_blank: bool) -> Cow<'t, [u8]> {
    if !text.contains(&if plus_is_a_blank { b'+' } else { b'%' }) {
        return text;
    }
    let mut decoded = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut places = Vec::with_capacity(text.len() + 1);
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let digit = |at: usize| text.get(at).and_then(|&c| char::from(c).to_digit(16));
        places.push(at);
        at += 1;
        decoded.push(match (byte, digit(at), digit(at + 1)) {
            (b'%', Some(high), Some(low)) => {
                at += 2;
                u8::try_from(high * 16 + low).unwrap_or_default()
            }
            (b'+', ..) if plus_is_a_blank => b' ',
            _ => byte,
        });
    }
    places.push(at);
    let (mut shown, mut end) = (Vec::new(), 0);
    for found in memmem::find_iter(&decoded, secret) {
        shown.extend_from_slice(&text[end..places[found]]);
        shown.extend_from_slice(HIDDEN);
        end = places[found + secret.len()];
    }
    if end == 0 {
        return text;
    }
    shown.extend_from_slice(&text[end..]);
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &str = "tan?staaf>~ mi/lk";

    fn shown(text: &str) -> String {
        String::from_utf8(Secret::new(SECRET).hidden_in(text.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn every_form_is_found_and_what_stands_around_it_stays() {
        let url = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let message = format!("\0tim\0{SECRET}");
        for form in [
            SECRET.to_owned(),
            BASE64.encode(SECRET),
            BASE64.encode(&message),
            url.encode(&message),
            url.encode(format!("x{SECRET}y")),
            "tan%3Fstaaf%3E%7E%20mi%2Flk".to_owned(),
            "tan%3fstaaf%3e~+mi%2flk".to_owned(),
            "%74an?staaf>~%20mi/lk".to_owned(),
        ] {
            let text = format!("[AUTH] I do not know \"{form}\", 100%");
            assert_eq!(shown(&text), "[AUTH] I do not know \"[hidden]\", 100%", "{form}");
            assert!(Secret::new(SECRET).is_in(text.as_bytes()));
        }
        assert_eq!(shown(&format!("{SECRET}, {SECRET}")), "[hidden], [hidden]");
    }

    #[test]
    fn a_text_without_it_is_not_touched_nor_one_that_holds_it_by_chance() {
        for text in ["", "[AUTH] no", "100% of tanstaaf+milk, %zz%", "tan?staaf>~ mi/l"] {
            assert!(matches!(Secret::new(SECRET).hidden_in(text.as_bytes()), Cow::Borrowed(_)), "{text}");
        }
        assert!(!Secret::new("a").is_in(b"a"));
        assert!(!Secret::new("").is_in(b"a"));
    }

    proptest! {
        #[test]
        fn wherever_it_stands_in_base64_it_is_found(
            before in prop::collection::vec(any::<u8>(), 0..9),
            secret in prop::collection::vec(any::<u8>(), 4..40),
            behind in prop::collection::vec(any::<u8>(), 0..9),
            text in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let whole = BASE64.encode([&before[..], &secret, &behind].concat());
            prop_assert!(Secret::new(secret.clone()).is_in(whole.as_bytes()));
            // Any text is borne.
            Secret::new(secret).hidden_in(&text);
        }
    }
}
