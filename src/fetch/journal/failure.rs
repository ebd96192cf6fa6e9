//! Messages that could not be fetched: why, how often, and when they are retried. The intervals grow,
//! so that a message that always fails costs less and less, and is never given up by itself.

use super::is_plausible;
use super::record::Failed;

/// The longest reason, or header field, that is kept, in octets.
const LONGEST: usize = 500;

const HOUR: i64 = 60 * 60;

/// Why a message could not be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The server refused it: `-ERR` to RETR (RFC 1939 section 5).
    Refused,
    /// The connection was cut, hung or went out of step at it.
    Broke,
    /// The disk had no room for it.
    NoRoom,
    /// The store would not take it.
    Rejected,
}

impl Cause {
    /// How the journal spells it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Cause::Refused => "refused",
            Cause::Broke => "broke",
            Cause::NoRoom => "no-room",
            Cause::Rejected => "rejected",
        }
    }

    /// The cause of that spelling. One of a later version counts as the most careful one, which is tried in
    /// a session of its own.
    pub(super) fn from_word(word: &[u8]) -> Cause {
        match word {
            b"refused" => Cause::Refused,
            b"no-room" => Cause::NoRoom,
            b"rejected" => Cause::Rejected,
            _ => Cause::Broke,
        }
    }

    /// When a message is tried next that failed for the `count`th time at `at`: `at` itself means with the
    /// next run. What the disk or the store refused says nothing against the message, so that it is tried
    /// with every run.
    fn next_try(self, count: u32, at: i64) -> i64 {
        let wait = match (self, count) {
            (Cause::NoRoom, _) | (_, 0 | 1) => 0,
            (Cause::Rejected, 2 | 3) => 0,
            (Cause::Rejected, _) | (_, 2) => HOUR,
            (_, 3) => 6 * HOUR,
            (_, _) => 24 * HOUR,
        };
        at.saturating_add(wait)
    }
}

/// What is known of a message that has just failed.
#[derive(Debug, Clone, Copy)]
pub struct Failing<'a> {
    /// Whose fault it is.
    pub cause: Cause,
    /// The server's text, or the cause in words.
    pub reason: &'a str,
    /// The body of its From field as it stands in the header, where it was seen. 500 octets are kept.
    pub from: Option<&'a [u8]>,
    /// The body of its Subject field, likewise.
    pub subject: Option<&'a [u8]>,
}

impl<'a> Failing<'a> {
    /// What the journal notes of it at `at`, after what it noted `before`. Fields of the header that were
    /// not seen this time are those seen before.
    pub(super) fn record(&self, at: i64, before: Option<&'a Failure>) -> Failed<'a> {
        let count = before.map_or(0, |before| before.count).saturating_add(1);
        let field = |now: Option<&'a [u8]>, before: Option<&'a Vec<u8>>| {
            cut(now.or_else(|| before.map(Vec::as_slice)).unwrap_or_default()).into()
        };
        Failed {
            cause: self.cause,
            count,
            since: before.map_or(at, |before| before.since),
            next_try: self.cause.next_try(count, at),
            reason: cut_text(self.reason).as_bytes().into(),
            from: field(self.from, before.map(|before| &before.from)),
            subject: field(self.subject, before.map(|before| &before.subject)),
        }
    }
}

fn cut(octets: &[u8]) -> &[u8] {
    &octets[..octets.len().min(LONGEST)]
}

fn cut_text(text: &str) -> &str {
    let end = (0..=text.len().min(LONGEST)).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

/// The failures of a message that could not be fetched yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Why it failed the last time.
    pub cause: Cause,
    /// How often it failed.
    pub count: u32,
    /// The first time, in seconds since 1970.
    pub since: i64,
    /// The last time, in seconds since 1970.
    pub at: i64,
    /// From when on it is tried again, in seconds since 1970.
    pub next_try: i64,
    /// The last reason.
    pub reason: String,
    /// The body of its From field as it stands in the header; empty where it was never seen.
    pub from: Vec<u8>,
    /// The body of its Subject field, likewise.
    pub subject: Vec<u8>,
}

impl Failure {
    /// Whether it is to be tried again at `now`. One of a time to come was noted by a clock that was wrong, and
    /// could be put off for years; and a clock that was never set does not say that it is too early.
    pub fn is_due(&self, now: i64) -> bool {
        self.next_try <= now || self.at > now || !is_plausible(now)
    }

    /// The failure that a record tells of.
    pub(super) fn new(at: i64, failed: &Failed<'_>) -> Failure {
        Failure {
            cause: failed.cause,
            count: failed.count,
            since: failed.since,
            at,
            next_try: failed.next_try,
            reason: String::from_utf8_lossy(&failed.reason).into_owned(),
            from: failed.from.to_vec(),
            subject: failed.subject.to_vec(),
        }
    }

    /// What a record has to say to tell of it.
    pub(super) fn as_record(&self) -> Failed<'_> {
        Failed {
            cause: self.cause,
            count: self.count,
            since: self.since,
            next_try: self.next_try,
            reason: self.reason.as_bytes().into(),
            from: self.from.as_slice().into(),
            subject: self.subject.as_slice().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_intervals_grow_as_long_as_the_message_may_be_at_fault() {
        for (cause, waits) in [
            (Cause::Refused, [0, 1, 6, 24, 24]),
            (Cause::Broke, [0, 1, 6, 24, 24]),
            (Cause::NoRoom, [0, 0, 0, 0, 0]),
            (Cause::Rejected, [0, 0, 0, 1, 1]),
        ] {
            for (count, hours) in (1..).zip(waits) {
                assert_eq!(cause.next_try(count, 7), 7 + hours * HOUR, "{cause:?}, {count}");
            }
            assert_eq!(Cause::from_word(cause.word().as_bytes()), cause);
        }
        assert_eq!(Cause::from_word(b"moonlight"), Cause::Broke);
    }

    #[test]
    fn a_later_failure_keeps_the_first_time_and_what_was_seen_of_the_header() {
        let first = Failing { cause: Cause::Broke, reason: "cut", from: Some(b"a@b"), subject: None };
        let before = Failure::new(10, &first.record(10, None));
        assert_eq!((before.count, before.since, before.next_try), (1, 10, 10));
        let again = Failing { cause: Cause::Refused, reason: "no", from: None, subject: Some(b"Hi") };
        let after = Failure::new(20, &again.record(20, Some(&before)));
        assert_eq!((after.count, after.since, after.at, after.next_try), (2, 10, 20, 20 + HOUR));
        assert_eq!((after.from, after.subject, after.reason), (b"a@b".to_vec(), b"Hi".to_vec(), "no".into()));
    }

    #[test]
    fn what_a_wrong_clock_put_off_for_years_is_due_once_the_clock_is_right() {
        let failing = Failing { cause: Cause::Refused, reason: "no", from: None, subject: None };
        let set = 1_700_000_000;
        let first = Failure::new(set, &failing.record(set, None));
        let second = Failure::new(set, &failing.record(set, Some(&first)));
        assert!(!second.is_due(set + 1) && second.is_due(set + HOUR));
        assert!(second.is_due(set - 1_000), "a time to come");
        assert!(second.is_due(5_001), "a clock that was never set");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let text = "é".repeat(LONGEST);
        let octets = vec![0xff; LONGEST + 1];
        let failing = Failing { cause: Cause::Broke, reason: &text, from: Some(&octets), subject: None };
        let failure = Failure::new(1, &failing.record(1, None));
        assert_eq!(failure.reason, "é".repeat(LONGEST / 2));
        assert_eq!(failure.from.len(), LONGEST);
    }
}
