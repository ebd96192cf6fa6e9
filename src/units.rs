//! Durations and sizes as people write them: one grammar for options, variables, the configuration file and policies.

use std::time::Duration;

use jiff::{Span, SpanRelativeTo};

/// Reads a duration: a number with its unit, or several (`30s`, `2m`, `1h30m`, `14d`, `500ms`); a day has 24 hours.
/// A number alone is in seconds. `None` where it is none, is negative, or has months or years.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(Duration::from_secs);
    }
    // The friendly format of jiff also takes words, signs and blanks; ISO 8601 is none that people write here.
    let is_short = text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
    let begins_with_a_number = text.starts_with(|first: char| first.is_ascii_digit());
    let span: Span = text.parse().ok().filter(|_| is_short && begins_with_a_number)?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    Duration::try_from(length).ok()
}

/// Reads a size in octets: `k`, `M`, `G` (or `KiB` and so on) are powers of 1024, `kB`, `MB`, `GB` of 1000. The outer
/// `None` where it is none, the inner one where no message is that large.
pub(crate) fn size(text: &str) -> Option<Option<u64>> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..end].parse().ok()?;
    let factor: u64 = match text[end..].trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return None,
    };
    Some(number.checked_mul(factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_and_seconds_need_none() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        for (text, length) in [
            ("30", seconds(30)),
            ("0", seconds(0)),
            ("30s", seconds(30)),
            ("2m", seconds(120)),
            ("1h30m", seconds(5400)),
            ("14d", seconds(14 * 86_400)),
            ("1w2d", seconds(9 * 86_400)),
            ("500ms", Some(Duration::from_millis(500))),
        ] {
            assert_eq!(duration(text), length, "{text}");
        }
        for text in
            ["", "s", "-3s", "3S", "3M", "1mo", "1y", "1.5h", "PT3S", "3 s", "3s ago", "99999999999999999999"]
        {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_are_powers_of_1024_or_with_a_b_of_1000() {
        for (text, octets) in [
            ("15", 15),
            ("15b", 15),
            ("15k", 15_360),
            ("2M", 2 << 20),
            ("1GiB", 1 << 30),
            ("800MB", 800_000_000),
        ] {
            assert_eq!(size(text), Some(Some(octets)), "{text}");
        }
        assert_eq!(size("99999999999G"), Some(None));
        for text in ["", "k", "1x", "-1", "1.5M"] {
            assert_eq!(size(text), None, "{text}");
        }
    }
}
