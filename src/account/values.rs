//! Parses the notations that flags, environment and configuration file share (`30s`, `10M`, `auto`, `yes`,
//! `~/x`). Errors are sentences that fit after "invalid value" or a line number.

use std::error::Error as StdError;
use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

pub use super::proxy::parse as proxy;
use crate::auth::Mechanism;
use crate::error::Error;
use crate::transport::Family;
use crate::units;

/// When to use colour, or progress bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum When {
    /// On a terminal only.
    #[default]
    Auto,
    /// Also into files and pipes.
    Always,
    /// Never.
    Never,
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            When::Auto => "auto",
            When::Always => "always",
            When::Never => "never",
        })
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<When, String> {
        match text {
            "auto" => Ok(When::Auto),
            "always" => Ok(When::Always),
            "never" => Ok(When::Never),
            _ => Err(one_of(&["auto", "always", "never"])),
        }
    }
}

/// The longest time limit that is accepted.
const LONGEST_PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// A time limit: a duration with its unit (`30s`, `2m`, `1h30m`); without a unit in seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    match units::duration(text) {
        None => Err("write a duration as 30s, 2m or 1h".to_owned()),
        Some(Duration::ZERO) => Err("nothing can be done in no time: 1s is the least that helps".to_owned()),
        Some(length) if length <= LONGEST_PATIENCE => Ok(length),
        Some(_) => Err("24h is the longest wait".to_owned()),
    }
}

/// A duration in the largest unit that it is a whole number of, as [`duration`] reads it; a minute is `60s`.
pub fn shown_duration(length: Duration) -> String {
    match (length.as_secs(), length.subsec_millis()) {
        (_, 1..) => format!("{}ms", length.as_millis()),
        (seconds @ 3600.., _) if seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        (seconds @ 61.., _) if seconds % 60 == 0 => format!("{}m", seconds / 60),
        (seconds, _) => format!("{seconds}s"),
    }
}

/// A size in the largest unit that it is a whole number of, as [`size`] reads it.
pub fn shown_size(octets: u64) -> String {
    const UNITS: [(u64, &str); 6] = [
        (1 << 30, "G"),
        (1 << 20, "M"),
        (1 << 10, "k"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1_000, "kB"),
    ];
    let unit = UNITS.iter().find(|(unit, _)| octets > 0 && octets.is_multiple_of(*unit));
    unit.map_or_else(|| octets.to_string(), |(unit, name)| format!("{}{name}", octets / unit))
}

/// A size in octets: `k`, `M`, `G` (or `KiB` and so on) are powers of 1024, `kB`, `MB`, `GB` of 1000.
pub fn size(text: &str) -> Result<u64, String> {
    let octets = units::size(text).ok_or("write a size as 500k, 10M or 1G")?;
    octets.ok_or_else(|| "no message is that large".to_owned())
}

/// A sign-in mechanism, or `None` for `auto`.
pub fn mechanism(text: &str) -> Result<Option<Mechanism>, Error> {
    if text == "auto" { Ok(None) } else { text.parse().map(Some) }
}

/// A version of IP, `4` or `6`, or `None` for `any`.
pub fn family(text: &str) -> Result<Option<Family>, Error> {
    if text == "any" { Ok(None) } else { text.parse().map(Some) }
}

/// Yes or no, in the usual words for switches; an empty text is no.
pub fn truth(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "" | "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(one_of(&["true", "false"])),
    }
}

/// A path, with `home` for a `~` in front of it.
pub fn path(text: &str, home: Option<&Path>) -> PathBuf {
    match (text.strip_prefix('~'), home) {
        (Some(""), Some(home)) => home.to_owned(),
        (Some(rest), Some(home)) if rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
        _ => PathBuf::from(text),
    }
}

/// A variable's value without one line end at its end, LF, CR LF or CR: it comes from `echo … | base64` in a
/// Kubernetes secret, or from a file of variables written on Windows.
pub fn without_line_end(value: OsString) -> OsString {
    let mut bytes = value.into_vec();
    for end in [b'\n', b'\r'] {
        bytes.pop_if(|last| *last == end);
    }
    OsString::from_vec(bytes)
}

/// The most octets of a name: a host's has 253 at most (RFC 1035), an authentication identity 255 (RFC 4616).
pub(super) const LONGEST_NAME: usize = 1024;

/// A name that is sent to a server as it stands: a control character in it is never meant, nor are more than 1024
/// octets.
pub fn name(text: &str) -> Result<String, String> {
    if text.len() > LONGEST_NAME {
        return Err(format!("it has {} octets, and a name has {LONGEST_NAME} at most", text.len()));
    }
    match text.chars().find(|c| c.is_control()) {
        None => Ok(text.to_owned()),
        Some(control) => Err(format!("it contains a control character ({})", control.escape_debug())),
    }
}

/// The most characters of a maildrop's name.
const LONGEST_MAILDROP: usize = 100;

/// The name of a maildrop, which becomes part of a file's name: 1 to 100 characters, none of them a `/` or a
/// control character, and no `.` in front.
pub fn maildrop(text: &str) -> Result<String, String> {
    if text.is_empty() || text.chars().count() > LONGEST_MAILDROP {
        return Err("a maildrop's name has 1 to 100 characters".to_owned());
    }
    if text.starts_with('.') || text.contains(|c: char| c == '/' || c.is_control()) {
        return Err("a maildrop's name has no /, no control character and no . in front".to_owned());
    }
    Ok(text.to_owned())
}

/// A failure with all its causes, its advice left out.
pub(super) fn causes(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(cause) = below {
        text = format!("{text}: {cause}");
        below = cause.source();
    }
    text
}

/// The known words, for the end of a sentence.
pub(super) fn one_of(words: &[&str]) -> String {
    format!("it is one of {}", words.join(", "))
}

/// The known word that is most similar to a mistyped one. One of a very different length is not looked at: to compare
/// two long texts takes time and memory by the product of their lengths.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let most = |candidate: &str| 1.max(candidate.len().max(word.len()) / 3);
    known
        .filter(|candidate| word.len().max(candidate.len()) <= LONGEST_NAME)
        .filter(|candidate| word.len().abs_diff(candidate.len()) <= most(candidate))
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= most(candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_and_seconds_without_one() {
        for (text, seconds) in [("30s", 30), ("2m", 120), ("1h", 3600), ("45", 45), ("24h", 86400)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(duration("1500ms"), Ok(Duration::from_millis(1500)));
        for text in
            ["", "s", "0s", "-1s", "1.5m", "25h", "9d", "99999999999999999999s", "18446744073709551615h"]
        {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_count_in_1024_unless_they_say_kb() {
        for (text, octets) in
            [("0", 0), ("123", 123), ("1k", 1024), ("10M", 10 << 20), ("2 GiB", 2 << 30), ("5MB", 5_000_000)]
        {
            assert_eq!(size(text), Ok(octets), "{text}");
        }
        for text in ["", "M", "-1", "1.5M", "1T", "99999999999G"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn words_are_taken_exactly() {
        assert_eq!(mechanism("auto").unwrap(), None);
        assert_eq!(mechanism("cram-md5").unwrap(), Some(Mechanism::CramMd5));
        assert!(mechanism("ntlm").is_err());
        assert_eq!("never".parse(), Ok(When::Never));
        assert_eq!("no".parse::<When>(), Err("it is one of auto, always, never".to_owned()));
        assert_eq!((truth("YES"), truth("0"), truth("")), (Ok(true), Ok(false), Ok(false)));
        assert!(truth("2").is_err());
    }

    #[test]
    fn a_name_has_no_control_character_and_anything_else() {
        for text in ["me", "CORP\\tim", "Jürgen Müller", " me "] {
            assert_eq!(name(text).as_deref(), Ok(text));
        }
        for (text, told) in
            [("CORP\tim", "(\\t)"), ("me\n", "(\\n)"), ("me\0", "(\\0)"), ("\u{85}", "(\\u{85})")]
        {
            assert!(name(text).expect_err(text).ends_with(told), "{text:?}");
        }
    }

    #[test]
    fn a_maildrops_name_is_a_harmless_part_of_a_files_name() {
        let long = "ü".repeat(100);
        for text in ["a", "the second one", "a.b", &long] {
            assert_eq!(maildrop(text).as_deref(), Ok(text));
        }
        for text in ["", ".", ".a", "a/b", "/", "a\nb", "a\0", &"ü".repeat(101)] {
            assert!(maildrop(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_tilde_leads_home_only_at_the_front_and_only_ones_own() {
        let home = Some(Path::new("/home/me"));
        assert_eq!(path("~/Mail", home), Path::new("/home/me/Mail"));
        assert_eq!(path("~", home), Path::new("/home/me"));
        assert_eq!(path("~you/Mail", home), Path::new("~you/Mail"));
        assert_eq!(path("/a/~/b", home), Path::new("/a/~/b"));
        assert_eq!(path("~/Mail", None), Path::new("~/Mail"));
    }

    #[test]
    fn a_typo_finds_its_word_and_nonsense_finds_none() {
        let known = ["server", "user", "password-command", "keep"];
        assert_eq!(nearest("sever", known.into_iter()), Some("server"));
        assert_eq!(nearest("password_command", known.into_iter()), Some("password-command"));
        assert_eq!(nearest("kepe", known.into_iter()), Some("keep"));
        assert_eq!(nearest("xylophone", known.into_iter()), None);
        // To compare these would take terabytes.
        let long = "server".repeat(200_000);
        assert_eq!(nearest(&long, [long.as_str(), "server"].into_iter()), None);
    }
}
