//! File names in a Maildir: unique on this machine for ever. They say who wrote the file, so that
//! leftovers of a dead process can be told from the work of a living one.
//!
//! `SECONDS.M<microseconds>P<process>Q<number>_<tag>.<host>`

use std::fmt::Write as _;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::sys::host;

/// A name that was never used before.
pub(super) fn fresh(tag: &str) -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    // Asked once: it is a system call a message.
    static PROCESS: LazyLock<u32> = LazyLock::new(std::process::id);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let (process, host) = (*PROCESS, host::name());
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let mut name = String::with_capacity(64 + tag.len() + host.len());
    // Writing to a string cannot fail.
    let _ = write!(name, "{}.M{:06}P{process}Q{number}_{tag}.{host}", now.as_secs(), now.subsec_micros());
    name
}

/// Who gave a file its name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Origin<'a> {
    /// When, in seconds since 1970.
    pub(super) seconds: u64,
    /// Which process.
    pub(super) process: i32,
    /// For which account.
    pub(super) tag: &'a str,
    /// On which machine.
    pub(super) host: &'a str,
}

impl<'a> Origin<'a> {
    /// Reads a name that [`fresh`] made; `None` for those of other programs.
    pub(super) fn parse(name: &'a str) -> Option<Origin<'a>> {
        let (seconds, rest) = name.split_once(".M")?;
        let (_microseconds, rest) = rest.split_once('P')?;
        let (process, rest) = rest.split_once('Q')?;
        let (_number, rest) = rest.split_once('_')?;
        let (tag, host) = rest.split_once('.')?;
        Some(Origin { seconds: seconds.parse().ok()?, process: process.parse().ok()?, tag, host })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_and_tell_their_origin() {
        let (one, two) = (fresh("0badcafe"), fresh("0badcafe"));
        assert_ne!(one, two);
        let origin = Origin::parse(&one).unwrap();
        assert_eq!(origin.process, std::process::id().cast_signed());
        assert_eq!((origin.tag, origin.host), ("0badcafe", host::name()));
        assert!(origin.seconds > 1_700_000_000);
    }

    #[test]
    fn names_of_other_programs_have_no_origin() {
        for name in
            ["", "x", "1700000000.M1P2.host", "1700000000.1234_5.host", "x.M1P2Q3_tag.host", "1.M1PxQ3_t.h"]
        {
            assert_eq!(Origin::parse(name), None, "{name}");
        }
    }
}
