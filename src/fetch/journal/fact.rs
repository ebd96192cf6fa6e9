//! What was learned of a server, so that the next run need not learn it again. Each fact expires: servers
//! are mended and moved.

/// How long a fact counts at most, in seconds: 30 days. What claims to count longer was written by a wrong
/// clock.
const LONGEST: i64 = 30 * 24 * 60 * 60;

/// One thing that was learned of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is about.
    pub kind: FactKind,
    /// Until when it counts, in seconds since 1970; 30 days from now at most.
    pub until: i64,
    /// Its value, in the unit of its kind; 1 where there is nothing to measure.
    pub value: u64,
}

impl Fact {
    /// Whether it counts at `now`, in seconds since 1970.
    pub(super) fn counts_at(&self, now: i64) -> bool {
        self.until > now && self.until.saturating_sub(now) <= LONGEST
    }
}

/// What can be learned of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FactKind {
    /// Sessions are cautious: commands sent ahead (RFC 2449 section 6.8) broke one, which counts for a week, or one
    /// was lost for an unknown reason, which counts for a day.
    NeedsCaution,
    /// CAPA after sign-in broke the session.
    CapaBreaks,
    /// A second sign-in was refused (LOGIN-DELAY, IN-USE; RFC 2449 section 8.1). Value: the seconds of the
    /// server's delay where they are known, else 0.
    OneSession,
    /// Value: the octets per second that were seen last.
    Rate,
    /// Whether the octets of LIST are exact: value 1, or 0 where they are not.
    ExactOctets,
    /// A message is given in UTF-8 mode only (RFC 6856). Value: 1.
    Utf8,
}

impl FactKind {
    const ALL: [FactKind; 6] = [
        FactKind::NeedsCaution,
        FactKind::CapaBreaks,
        FactKind::OneSession,
        FactKind::Rate,
        FactKind::ExactOctets,
        FactKind::Utf8,
    ];

    /// How the journal spells it.
    pub(super) fn word(self) -> &'static str {
        match self {
            FactKind::NeedsCaution => "needs-caution",
            FactKind::CapaBreaks => "capa-breaks",
            FactKind::OneSession => "one-session",
            FactKind::Rate => "rate",
            FactKind::ExactOctets => "exact-octets",
            FactKind::Utf8 => "utf8",
        }
    }

    /// The kind of that spelling, if this version knows it.
    pub(super) fn from_word(word: &[u8]) -> Option<FactKind> {
        FactKind::ALL.into_iter().find(|kind| kind.word().as_bytes() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_spelling_of_its_own() {
        for kind in FactKind::ALL {
            assert_eq!(FactKind::from_word(kind.word().as_bytes()), Some(kind));
        }
        assert_eq!(FactKind::from_word(b"colour"), None);
    }

    #[test]
    fn a_fact_expires_and_one_of_a_wrong_clock_does_not_count() {
        let fact = |until| Fact { kind: FactKind::Rate, until, value: 1 };
        assert!(fact(101).counts_at(100));
        assert!(!fact(100).counts_at(100));
        assert!(!fact(LONGEST + 101).counts_at(100));
        assert!(!fact(i64::MAX).counts_at(i64::MIN));
    }
}
