//! The error of a run that was carried out, but in which messages failed or deletions were held back.

use super::event::Summary;
use super::policy::Policy;
use super::retries::Failures;
use crate::advice::Run;
use crate::error::{Error, Kind, Result};

/// The failures of single messages as one.
pub(super) fn verdict(summary: &Summary, failures: Failures, policy: &Policy) -> Result<()> {
    if summary.held_back > 0 {
        let (due, allowed) = (summary.held_back, policy.max_delete.unwrap_or(0));
        let says = format!("deleted nothing: {due} deletions are due, and only {allowed} allowed");
        return Err(Error::new(Kind::Partial, says).advise(Run::MoreDeletions));
    }
    let Failures { failed, all_want_room, without_room } = failures;
    let messages = |count: u32| if count == 1 { "1 message".to_owned() } else { format!("{count} messages") };
    match (failed, without_room) {
        (0, 0) => Ok(()),
        (0, count) => {
            Err(Error::new(Kind::DiskFull, format!("the disk has no room for {}", messages(count))))
        }
        (count, _) if all_want_room => {
            Err(Error::new(Kind::DiskFull, format!("the disk had no room for {}", messages(count))))
        }
        (count, _) => {
            let says = format!("{} failed and will be retried", messages(count));
            Err(Error::new(Kind::Partial, says).advise(Run::ShowProblems))
        }
    }
}

#[cfg(test)]
mod tests;
