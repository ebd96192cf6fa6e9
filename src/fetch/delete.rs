//! The end of a run: DELE for what is delivered, durably, then QUIT. Only QUIT's `+OK` is recorded
//! as gone; whatever happens before it, the next run finds the messages listed and deletes them
//! without another download.

use super::event::{Event, Observer, Summary};
use super::journal::{EntryId, Journal};
use crate::error::Result;
use crate::session::{Session, Transaction};

/// Deletes the messages (number, and entry where the journal knows it) and ends the session.
///
/// # Errors
/// Where the journal cannot be made durable, nothing is deleted. What ends the session, or an
/// `-ERR` to QUIT.
pub(super) fn carry_out(
    mut session: Session<Transaction>,
    journal: &mut Journal,
    observer: &mut dyn Observer,
    summary: &mut Summary,
    due: &[(u32, Option<EntryId>)],
) -> Result<()> {
    journal.sync()?;
    let mut marked = Vec::with_capacity(due.len());
    for (number, entry) in due {
        match session.dele(*number) {
            Ok(()) => marked.push(*entry),
            Err(error) if error.ends_the_session() => return Err(error),
            Err(error) => {
                summary.failed += 1;
                observer.event(&Event::Failed { number: *number, unique_id: None, reason: &error });
            }
        }
    }
    session.quit()?;
    if marked.is_empty() {
        return Ok(());
    }
    let entries: Vec<EntryId> = marked.iter().copied().flatten().collect();
    journal.gone(&entries)?;
    journal.sync()?;
    summary.deleted = marked.len() as u32;
    observer.event(&Event::Deleted { messages: summary.deleted });
    Ok(())
}
