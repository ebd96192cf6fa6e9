//! The end of a run: DELE for what is delivered, durably, then QUIT. Only QUIT's `+OK` is recorded
//! as gone; whatever happens before it, the next run finds the messages listed and deletes them
//! without another download.

use super::Progress;
use super::event::{Event, Observer};
use super::journal::{EntryId, Journal};
use crate::error::Result;
use crate::session::{Ahead, Session, Transaction, Window};

/// Deletes what is due and ends the session.
///
/// # Errors
/// Where the journal cannot be made durable, nothing is deleted. What ends the session, or an
/// `-ERR` to QUIT.
pub(super) fn carry_out(
    mut session: Session<Transaction>,
    journal: &mut Journal,
    observer: &mut dyn Observer,
    progress: &mut Progress,
) -> Result<()> {
    journal.sync()?;
    if progress.to_delete.is_empty() {
        session.leave();
        return Ok(());
    }
    let mut marked = Vec::with_capacity(progress.to_delete.len());
    let mut window = Window::new(Ahead::Dele);
    let mut numbers = progress.to_delete.iter().map(|(number, _)| (*number, None)).peekable();
    for (number, entry) in &progress.to_delete {
        window.fill(&mut session, &mut numbers)?;
        match window.receive(&mut session, |_| ()) {
            Ok(_) => marked.push(*entry),
            Err(error) if error.ends_the_session() => return Err(error),
            Err(error) => {
                progress.summary.failed += 1;
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
    progress.summary.deleted += marked.len() as u32;
    observer.event(&Event::Deleted { messages: marked.len() as u32 });
    Ok(())
}
