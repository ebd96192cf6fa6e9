//! Each verdict as a row.

use super::*;
use crate::error::Kind::{DiskFull, Partial};

#[test]
fn single_failures_are_one_verdict() {
    let none = Failures { failed: 0, all_want_room: true, without_room: 0 };
    for (held_back, failures, expected) in [
        (0, none, None),
        (0, Failures { failed: 1, all_want_room: false, ..none }, Some((Partial, "1 message failed"))),
        (0, Failures { failed: 2, all_want_room: false, ..none }, Some((Partial, "2 messages failed"))),
        (0, Failures { failed: 2, ..none }, Some((DiskFull, "had no room for 2 messages"))),
        (0, Failures { without_room: 1, ..none }, Some((DiskFull, "has no room for 1 message"))),
        // What may come with the next run counts more than what waits for room.
        (
            0,
            Failures { failed: 1, all_want_room: false, without_room: 1 },
            Some((Partial, "1 message failed")),
        ),
        (9, none, Some((Partial, "9 deletions are due, and only 5 allowed"))),
        (9, Failures { failed: 1, ..none }, Some((Partial, "deleted nothing"))),
    ] {
        let summary = Summary { held_back, ..Summary::default() };
        let policy = Policy { max_delete: Some(5), ..Policy::default() };
        let told = verdict(&summary, failures, &policy).err();
        assert_eq!(told.as_ref().map(Error::kind), expected.map(|(kind, _)| kind), "{failures:?}");
        let advice = match (held_back, expected) {
            (0, Some((Partial, _))) => Some(Run::ShowProblems.into()),
            (0, _) => None,
            _ => Some(Run::MoreDeletions.into()),
        };
        assert_eq!(told.as_ref().and_then(Error::advice), advice.as_ref(), "{failures:?}");
        let says = told.map(|error| error.to_string()).unwrap_or_default();
        assert!(says.contains(expected.map_or("", |(_, says)| says)), "{failures:?}: {says}");
    }
}
