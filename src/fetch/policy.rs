//! What the user wants of a maildrop: what to fetch of it and what to leave on it. Values only; the plan
//! applies them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::advice::Settings;
use crate::error::{Error, Kind};
use crate::{quote, units};

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;

/// What stays on the server (`--keep`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// Everything: nothing is ever deleted.
    #[default]
    All,
    /// Nothing: each message is deleted once it is delivered.
    None,
    /// What was first seen less than this long ago.
    Age(Duration),
    /// That many of the newest messages, by message-number.
    Newest(u32),
    /// The newest messages that together have at most so many octets.
    Total(u64),
}

impl FromStr for Keep {
    type Err = Error;

    /// Reads `all`, `none`, an age in hours, days or weeks (`12h`, `14d`, `2w`, `1w3d`), a count (`500`), or a total
    /// with a B (`800MB`, `2GiB`). `15m` and `15M` are refused: one of them would delete what the other keeps.
    fn from_str(text: &str) -> Result<Keep, Error> {
        let wrong = || {
            let forms =
                "`all`, `none`, an age such as `14d`, a count such as `500`, or a total such as `800MB`";
            Error::new(Kind::Usage, format!("\"{}\" is not a policy: use {forms}", quote::short(text)))
        };
        match text {
            "all" => return Ok(Keep::All),
            "none" => return Ok(Keep::None),
            _ => {}
        }
        let units = text.trim_start_matches(|c: char| c.is_ascii_digit());
        match units {
            _ if units.len() == text.len() => Err(wrong()),
            "" => text.parse().map(Keep::Newest).map_err(|_| wrong()),
            "m" | "M" => {
                let number = quote::short(&text[..text.len() - 1]);
                let says = format!("\"{}\" may be minutes or megabytes", quote::short(text));
                Err(Error::new(Kind::Usage, says).advise(Settings::UnitToKeep(number)))
            }
            _ if text.ends_with(['b', 'B']) => units::size(text).flatten().map(Keep::Total).ok_or_else(wrong),
            _ if units.chars().all(|c| c.is_ascii_digit() || "hdw".contains(c)) => {
                units::duration(text).map(Keep::Age).ok_or_else(wrong)
            }
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Keep {
    /// As [`Keep::from_str`] reads it; an age in days, or in hours where it is no whole number of days.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Keep::All => f.write_str("all"),
            Keep::None => f.write_str("none"),
            Keep::Age(age) if age.as_secs() % DAY == 0 => write!(f, "{}d", age.as_secs() / DAY),
            Keep::Age(age) => write!(f, "{}h", age.as_secs().div_ceil(HOUR)),
            Keep::Newest(count) => write!(f, "{count}"),
            Keep::Total(octets) => {
                let units =
                    [(1_000_000_000, "GB"), (1 << 30, "GiB"), (1_000_000, "MB"), (1 << 20, "MiB"), (1, "B")];
                let unit = units.into_iter().find(|(unit, _)| *octets > 0 && octets % unit == 0);
                let (unit, name) = unit.unwrap_or((1, "B"));
                write!(f, "{}{name}", octets / unit)
            }
        }
    }
}

/// Which messages come first (`--order`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The lowest message-number first.
    #[default]
    Oldest,
    /// The highest message-number first.
    Newest,
}

impl FromStr for Order {
    type Err = Error;

    /// Reads `oldest` or `newest`.
    fn from_str(text: &str) -> Result<Order, Error> {
        match text {
            "oldest" => Ok(Order::Oldest),
            "newest" => Ok(Order::Newest),
            _ => Err(Error::new(Kind::Usage, "expected `oldest` or `newest`")),
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Order::Oldest => "oldest",
            Order::Newest => "newest",
        })
    }
}

/// What the user wants of one account's maildrop. The default fetches everything and deletes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// What stays on the server.
    pub keep: Keep,
    /// Messages of more octets than this are not fetched.
    pub max_size: Option<u64>,
    /// At most so many messages are fetched in one run.
    pub limit: Option<u32>,
    /// Which of them come first.
    pub order: Order,
    /// A run that would delete more messages than this deletes none.
    pub max_delete: Option<u32>,
    /// Whether messages that were fetched before are fetched again, those that are on the server.
    pub refetch: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_spelling_of_what_to_keep_and_shows_it_again() {
        let age = |secs| Keep::Age(Duration::from_secs(secs));
        for (text, keep, shown) in [
            ("all", Keep::All, "all"),
            ("none", Keep::None, "none"),
            ("14d", age(14 * DAY), "14d"),
            ("12h", age(12 * HOUR), "12h"),
            ("48h", age(2 * DAY), "2d"),
            ("2w", age(14 * DAY), "14d"),
            ("1w3d", age(10 * DAY), "10d"),
            ("800MB", Keep::Total(800_000_000), "800MB"),
            ("2GiB", Keep::Total(2 << 30), "2GiB"),
            ("1500B", Keep::Total(1500), "1500B"),
            ("0B", Keep::Total(0), "0B"),
            ("0d", age(0), "0d"),
            ("500", Keep::Newest(500), "500"),
            ("0", Keep::Newest(0), "0"),
        ] {
            assert_eq!(text.parse::<Keep>().expect(text), keep);
            assert_eq!(keep.to_string(), shown);
            assert_eq!(keep.to_string().parse::<Keep>().expect("its own spelling"), keep);
        }
    }

    #[test]
    fn refuses_what_is_no_policy_and_says_what_would_be() {
        for text in [
            "",
            "ALL",
            "14 d",
            "-1",
            "d",
            "1k",
            "1h1m",
            "1.5d",
            "1PB",
            "14dd",
            "4294967296",
            "99999999999999999999d",
            "٣d",
        ] {
            let error = text.parse::<Keep>().expect_err(text);
            assert_eq!(error.kind(), Kind::Usage);
            assert!(error.to_string().contains("14d"), "{error}");
        }
        assert!(u64::MAX.to_string().parse::<Keep>().is_err());
        assert!(format!("{}w", u64::MAX).parse::<Keep>().is_err());
    }

    #[test]
    fn minutes_and_megabytes_are_not_guessed() {
        for text in ["15m", "15M"] {
            let error = text.parse::<Keep>().expect_err(text);
            assert_eq!(error.advice(), Some(&Settings::UnitToKeep("15".to_owned()).into()));
        }
    }

    #[test]
    fn orders_have_two_names() {
        for order in [Order::Oldest, Order::Newest] {
            assert_eq!(order.to_string().parse::<Order>().expect("its own spelling"), order);
        }
        assert!("older".parse::<Order>().is_err());
    }
}
