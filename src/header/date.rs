//! The time that a Date field names (RFC 5322 section 3.3, with the liberties that senders take). It is the right
//! time or none: a date that is incomplete, or whose zone is not known, names none.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::unfold;

/// No date is longer, comments aside.
const LONGEST: usize = 128;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Names of zones, in hours: those of RFC 5322 section 4.3, and those that mean the same wherever they are
/// written. The single letters of that section but Z are not among them, because senders counted them in both
/// directions; nor are names that several countries use (IST, BST).
const ZONES: [(&str, i32); 25] = [
    ("ut", 0),
    ("gmt", 0),
    ("utc", 0),
    ("z", 0),
    ("est", -5),
    ("edt", -4),
    ("cst", -6),
    ("cdt", -5),
    ("mst", -7),
    ("mdt", -6),
    ("pst", -8),
    ("pdt", -7),
    ("wet", 0),
    ("west", 1),
    ("cet", 1),
    ("cest", 2),
    ("met", 1),
    ("mest", 2),
    ("eet", 2),
    ("eest", 3),
    ("msk", 3),
    ("jst", 9),
    ("kst", 9),
    ("nzst", 12),
    ("nzdt", 13),
];

/// The time that the body of a Date field names; `None` if it names none.
pub fn parse(body: &[u8]) -> Option<Timestamp> {
    let text = without_comments(&unfold(body))?;
    let mut parts = Parts::default();
    // The day of the week may be wrong, or of any language.
    let behind_day = text.split_once(',').filter(|(day, _)| !day.contains(|c: char| c.is_ascii_digit()));
    let text = behind_day.map_or(&*text, |(_, behind)| behind);
    for word in text.split([' ', ',']).filter(|word| !word.is_empty()) {
        parts.take(word)?;
    }
    parts.time()
}

/// The text in lower case without what is in parentheses (RFC 5322 section 3.2.2).
fn without_comments(text: &[u8]) -> Option<String> {
    let (mut depth, mut is_escaped) = (0_usize, false);
    let mut kept = String::new();
    for &byte in text {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if depth > 0 => is_escaped = true,
            b'(' => depth += 1,
            b')' if depth > 0 => {
                depth -= 1;
                kept.push(' ');
            }
            _ if depth > 0 => {}
            // Of the bytes of a day's name it does not matter which they are.
            _ => kept.push(char::from(byte.to_ascii_lowercase())),
        }
        if kept.len() > LONGEST {
            return None;
        }
    }
    Some(kept)
}

/// What the words of a date have said so far.
#[derive(Debug, Default)]
struct Parts {
    /// Day and year, in the order in which they stand.
    numbers: Vec<(i16, usize)>,
    month: Option<i8>,
    clock: Option<(i8, i8, i8)>,
    /// Seconds east of UTC, by name and by number.
    named: Option<i32>,
    numeric: Option<i32>,
    is_afternoon: Option<bool>,
}

impl Parts {
    /// Takes the next word; `None` if it can be no part of a date, or that part is there already.
    fn take(&mut self, word: &str) -> Option<()> {
        let first = word.bytes().next()?;
        match first {
            b'+' | b'-' => set(&mut self.numeric, offset(word)?),
            b'0'..=b'9' => self.take_number(word),
            _ => self.take_name(word),
        }
    }

    fn take_number(&mut self, word: &str) -> Option<()> {
        // ISO 8601: `2026-03-03T10:33:00Z`.
        let (word, clock) = match word.split_once('t') {
            Some((date, clock)) if date.contains('-') => (date, Some(clock)),
            _ => (word, None),
        };
        if word.contains(':') {
            return self.take_clock(word);
        }
        let fields: Vec<&str> = word.split('-').collect();
        match fields[..] {
            [number] => self.take_digits(number)?,
            [year, month, day] if year.len() == 4 && month.bytes().all(|byte| byte.is_ascii_digit()) => {
                set(&mut self.month, digits(month, 2)?.try_into().ok()?)?;
                self.take_digits(day)?;
                self.take_digits(year)?;
            }
            // RFC 850: `03-Mar-26`.
            [day, month, year] => {
                self.take_digits(day)?;
                self.take_name(month)?;
                self.take_digits(year)?;
            }
            _ => return None,
        }
        clock.map_or(Some(()), |clock| self.take_clock(clock))
    }

    fn take_digits(&mut self, word: &str) -> Option<()> {
        self.numbers.push((digits(word, 4)?, word.len()));
        Some(())
    }

    fn take_clock(&mut self, word: &str) -> Option<()> {
        let end = word.find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.')).unwrap_or(word.len());
        let (clock, zone) = word.split_at(end);
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
        let fields: Vec<&str> = clock.split(':').collect();
        let (hour, minute, second) = match fields[..] {
            [hour, minute] => (hour, minute, "0"),
            [hour, minute, second] => (hour, minute, second),
            _ => return None,
        };
        let small = |field: &str| digits(field, 2).and_then(|number| i8::try_from(number).ok());
        if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        // A leap second is shown as the one before it.
        let second = Some(small(second)?).filter(|&second| second <= 60)?.min(59);
        set(&mut self.clock, (small(hour)?, small(minute)?, second))?;
        if zone.is_empty() { Some(()) } else { self.take(zone) }
    }

    fn take_name(&mut self, word: &str) -> Option<()> {
        let word = word.trim_end_matches('.');
        let is_short_for = |name: &&str| word.len() >= 3 && name.starts_with(word);
        if let Some(month) = MONTHS.iter().position(is_short_for) {
            return set(&mut self.month, i8::try_from(month + 1).ok()?);
        }
        if DAYS.iter().any(is_short_for) {
            return Some(());
        }
        if word == "am" || word == "pm" {
            return set(&mut self.is_afternoon, word == "pm");
        }
        // `GMT+0200` is the offset that it names.
        if let Some((name, number)) = word.find(['+', '-']).map(|at| word.split_at(at)) {
            return if matches!(name, "gmt" | "utc") {
                set(&mut self.numeric, offset(number)?)
            } else {
                None
            };
        }
        let zone = ZONES.iter().find(|(name, _)| *name == word);
        match (zone, self.numeric) {
            (Some((_, hours)), _) => set(&mut self.named, hours * 3600),
            // A name behind a number is a comment without its parentheses: `+0100 XYZ`.
            (None, Some(_)) if word.len() <= 5 && word.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
                Some(())
            }
            (None, _) => None,
        }
    }

    /// The time, if nothing is missing.
    fn time(self) -> Option<Timestamp> {
        let [first, second] = self.numbers[..] else { return None };
        let (day, year) = if first.1 > 2 { (second, first) } else { (first, second) };
        // RFC 5322 section 4.3.
        let year = match year {
            (year @ 0..=49, 1..=2) => 2000 + year,
            (year, 1..=3) => 1900 + year,
            (year, _) => year,
        };
        let (hour, minute, second) = self.clock?;
        let hour = match (self.is_afternoon, hour) {
            (None, hour) => hour,
            (Some(is_afternoon), 1..=12) => hour % 12 + if is_afternoon { 12 } else { 0 },
            (Some(_), _) => return None,
        };
        let day = Some(day).filter(|day| day.1 <= 2)?.0.try_into().ok()?;
        let local = DateTime::new(year, self.month?, day, hour, minute, second, 0).ok()?;
        let seconds = self.numeric.or(self.named)?;
        Offset::from_seconds(seconds).ok()?.to_timestamp(local).ok()
    }
}

fn set<T>(part: &mut Option<T>, value: T) -> Option<()> {
    part.is_none().then(|| *part = Some(value))
}

/// At most so many digits, and nothing else.
fn digits(word: &str, most: usize) -> Option<i16> {
    let is_number = (1..=most).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { word.parse().ok() } else { None }
}

/// The seconds of `+0200`, `+02:00` or `+02`.
fn offset(word: &str) -> Option<i32> {
    let (sign, number) = word.split_at_checked(1)?;
    let (hours, minutes) = match number.split_once(':') {
        Some(pair) => pair,
        None if number.len() == 4 => number.split_at_checked(2)?,
        None if number.len() <= 2 => (number, "0"),
        None => return None,
    };
    let (hours, minutes) = (i32::from(digits(hours, 2)?), i32::from(digits(minutes, 2)?));
    let seconds = hours * 3600 + minutes * 60;
    (hours < 24 && minutes < 60).then_some(if sign == "-" { -seconds } else { seconds })
}
