//! Values as people read them: sizes, durations, counts of things, dates, certificates. Everything here is
//! for the terminal; a pipe gets plain numbers and RFC 3339.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use pop3::transport::Certificate;

/// A size in powers of 1024: `512 B`, `9.4 KiB`, `128 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    // f64 has 53 bits and one decimal is shown: the loss is invisible.
    #[expect(clippy::cast_precision_loss)]
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    // 1023.95 would round up to "1024.0": take the next unit from there.
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let decimals = usize::from(value < 99.95);
    format!("{value:.decimals$} {}", UNITS[unit])
}

/// A duration: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 0 min`.
pub(crate) fn duration(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", elapsed.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// A number of things: `1 message`, `2 messages`.
pub(crate) fn count(number: impl Into<u64>, thing: &str) -> String {
    match number.into() {
        1 => format!("1 {thing}"),
        n => format!("{n} {thing}s"),
    }
}

/// A time in the reader's time zone: `2024-03-01 10:33`.
pub(crate) fn local(time: Timestamp) -> String {
    in_zone(time, TimeZone::system())
}

/// How many of a certificate's names are shown.
const MOST_NAMES: usize = 8;

/// What a certificate says, as labels and values.
pub(crate) fn certificate(certificate: &Certificate) -> Vec<(&'static str, String)> {
    let utc = |time: Option<Timestamp>| {
        time.map_or_else(|| "?".to_owned(), |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
    };
    let names = certificate.names();
    let mut shown = names.iter().take(MOST_NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > MOST_NAMES {
        shown = format!("{shown} and {} more", names.len() - MOST_NAMES);
    }
    let issuer = match certificate.is_self_signed() {
        true => format!("{} (itself)", certificate.issuer()),
        false => certificate.issuer().to_owned(),
    };
    let mut lines = vec![("names:", shown), ("issuer:", issuer)];
    lines.retain(|(_, value)| !value.is_empty());
    if certificate.not_before().is_some() || certificate.not_after().is_some() {
        lines.push((
            "valid:",
            format!("{} to {}", utc(certificate.not_before()), utc(certificate.not_after())),
        ));
    }
    let pin = certificate.pin().to_string();
    lines.push(("sha256:", pin.strip_prefix("sha256:").unwrap_or(&pin).to_owned()));
    lines
}

fn in_zone(time: Timestamp, zone: TimeZone) -> String {
    time.to_zoned_datetime(zone).strftime("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_change_their_unit_before_they_look_long() {
        let table = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (9_626, "9.4 KiB"),
            (102_350, "100 KiB"),
            (1_048_575, "1.0 MiB"),
            (134_217_728, "128 MiB"),
            (1 << 30, "1.0 GiB"),
            (u64::MAX, "16.0 EiB"),
        ];
        for (bytes, shown) in table {
            assert_eq!(size(bytes), shown, "{bytes}");
        }
    }

    #[test]
    fn durations_lose_precision_as_they_grow() {
        let table = [
            (400, "0.4 s"),
            (9_990, "10.0 s"),
            (12_300, "12 s"),
            (185_000, "3 min 5 s"),
            (7_200_000, "2 h 0 min"),
        ];
        for (millis, shown) in table {
            assert_eq!(duration(Duration::from_millis(millis)), shown, "{millis}");
        }
    }

    #[test]
    fn one_thing_has_no_plural() {
        assert_eq!(count(1u32, "message"), "1 message");
        assert_eq!(count(0u32, "message"), "0 messages");
        assert_eq!(count(2u32, "message"), "2 messages");
    }

    #[test]
    fn dates_are_shown_in_the_zone_of_the_reader() {
        let time: Timestamp = "2024-03-01T23:33:00Z".parse().expect("a valid time");
        assert_eq!(in_zone(time, TimeZone::fixed(jiff::tz::offset(1))), "2024-03-02 00:33");
    }
}
