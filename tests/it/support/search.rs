//! The search for a secret in all that a run has said, left behind or let be seen: in the clear, in base64
//! of either alphabet at each of its three offsets, percent-encoded.

use super::pop3::Outcome;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// A line for the shell that writes down what anybody may see of the shell, and of who has started it:
/// the variables of the one and the arguments of both, into the home folder.
pub(crate) const SEEN_FROM_OUTSIDE: &str = r#"for it in /proc/$$/environ /proc/$$/cmdline /proc/$PPID/cmdline; do tr '\0' '\n' <"$it"; done >>"$HOME/seen.$$"; "#;

/// All that has come to light, and where.
#[derive(Default)]
pub(crate) struct Seen(Vec<(String, Vec<u8>)>);

impl Seen {
    pub(crate) fn note(&mut self, place: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.0.push((place.into(), bytes.into()));
    }

    /// Both streams of a run.
    pub(crate) fn outcome(&mut self, what: &str, outcome: &Outcome) {
        self.note(format!("stdout of {what}"), outcome.stdout.clone());
        self.note(format!("stderr of {what}"), outcome.stderr.clone());
    }

    /// Every file below, and its name, but for those that rightly hold it.
    pub(crate) fn folder(&mut self, folder: &Path, but_for: &[&Path]) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let place = path.display().to_string();
            self.note("a file's name", place.clone());
            if path.is_dir() {
                self.folder(&path, but_for);
            } else if path.is_file() && !but_for.contains(&path.as_path()) {
                self.note(place, fs::read(&path).unwrap());
            }
        }
    }

    /// Whether this stands anywhere: that what is searched is there at all.
    pub(crate) fn has(&self, text: &str) -> bool {
        self.0.iter().any(|(_, bytes)| holds(bytes, text))
    }

    /// Where the secret stands, and in which form.
    pub(crate) fn places_of(&self, secret: &str) -> Vec<(&str, String)> {
        let forms = forms(secret);
        let found = |bytes: &[u8]| forms.iter().find(|form| holds(bytes, form)).cloned();
        self.0.iter().filter_map(|(place, bytes)| Some((place.as_str(), found(bytes)?))).collect()
    }

    /// Fails where the secret stands anywhere.
    #[track_caller]
    pub(crate) fn hides(&self, secret: &str) {
        let places = self.places_of(secret);
        let Some((first, form)) = places.first() else { return };
        let (_, bytes) = self.0.iter().find(|(place, _)| place == first).unwrap();
        panic!("{form:?} stands in {places:?}; the first:\n{}", String::from_utf8_lossy(bytes));
    }
}

/// Fails where the secret stands in the outcome.
#[track_caller]
pub(crate) fn hides(outcome: &Outcome, secret: &str) {
    let mut seen = Seen::default();
    seen.outcome("the run", outcome);
    seen.hides(secret);
}

fn holds(bytes: &[u8], form: &str) -> bool {
    memchr::memmem::find(bytes, form.as_bytes()).is_some()
}

/// Whatever the secret is to be searched as.
fn forms(secret: &str) -> Vec<String> {
    assert!(secret.len() >= 8, "too short to be searched: {secret}");
    let mut forms = vec![secret.to_owned()];
    for before in 0..3 {
        for alphabet in [STANDARD, URL_SAFE] {
            let text = alphabet.encode([&b"\0\0\0"[..before], secret.as_bytes()].concat());
            // The first and the last letters depend on what stands beside it, too.
            forms.push(text[if before == 0 { 0 } else { 4 }..text.len() - 4].to_owned());
        }
    }
    let percent = |capital: bool, blank: &str| {
        secret.bytes().fold(String::new(), |mut text, byte| {
            let _ = match byte {
                b' ' if !blank.is_empty() => write!(text, "{blank}"),
                byte if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                    write!(text, "{}", char::from(byte))
                }
                byte if capital => write!(text, "%{byte:02X}"),
                byte => write!(text, "%{byte:02x}"),
            };
            text
        })
    };
    forms.extend([percent(true, ""), percent(false, ""), percent(true, "+"), percent(false, "+")]);
    forms
}
