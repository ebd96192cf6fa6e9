//! The end of a session: DELE for what is delivered, durably, then QUIT. Until QUIT is about to be sent the next run
//! finds the messages listed and deletes them without another download. Before it is sent they are recorded as
//! leaving, durably: what is listed under their unique-ids after that may be new messages (RFC 1939 section 7 lets a
//! server use a unique-id again), and is compared by its header, or where the server shows none by its text, before
//! it is deleted. `+OK`, or a complete listing without them, makes them gone.

use std::collections::VecDeque;

use super::event::{Event, Teller};
use super::journal::{EntryId, Journal};
use super::outcome::{Halt, Owner};
use crate::error::{Error, Kind, Result};
use crate::session::{Ahead, Next, Session, Transaction, Wanted, Window};

/// What came of the deletions.
#[derive(Debug, Default)]
pub(super) struct Deleted {
    /// Messages that are gone: QUIT was answered with `+OK`.
    pub(super) gone: u32,
    /// Messages whose deletion was refused.
    pub(super) refused: u32,
    /// The message at whose deletion the session broke.
    pub(super) broke_at: Option<(u32, Option<EntryId>)>,
    /// What ended it early.
    pub(super) halt: Option<Halt>,
}

/// Deletes what is `due` (message-number, and entry where the journal knows the message) and ends the session.
pub(super) fn carry_out(
    mut session: Session<Transaction>,
    due: &[(u32, Option<EntryId>)],
    journal: &mut Journal,
    teller: &mut Teller<'_>,
) -> Deleted {
    let mut deleted = Deleted::default();
    // Nothing may be deleted that the journal might forget.
    if let Err(error) = journal.sync() {
        deleted.halt = Some(Halt::owned_by(Owner::Journal, error));
        return deleted;
    }
    if due.is_empty() {
        session.leave();
        return deleted;
    }
    let marked = match mark(&mut session, due, &mut deleted, teller) {
        Ok(marked) => marked,
        Err(error) => {
            deleted.halt = Some(Halt::in_session(error));
            return deleted;
        }
    };
    let entries: Vec<EntryId> = marked.iter().copied().flatten().collect();
    // What has no unique-id is known by its text alone, as long as it counts as being there.
    let has_name =
        |entry: &EntryId| journal.view().get(*entry).is_some_and(|entry| !entry.unique_id.is_empty());
    let named: Vec<EntryId> = entries.iter().copied().filter(has_name).collect();
    if let Err(error) = journal.leaving(&named).and_then(|()| journal.sync()) {
        deleted.halt = Some(Halt::owned_by(Owner::Journal, error));
        return deleted;
    }
    deleted.halt = match session.quit() {
        Err(error) => Some(Halt::in_session(in_doubt(error))),
        Ok(()) => {
            deleted.gone = marked.len() as u32;
            if deleted.gone > 0 {
                teller.tell(&Event::Deleted { messages: deleted.gone });
            }
            // Where this is lost, the next complete listing says it again of those with a unique-id.
            let noted = journal.gone(&entries);
            let noted = if named.len() < entries.len() { noted.and_then(|()| journal.sync()) } else { noted };
            noted.err().map(|error| Halt::owned_by(Owner::Journal, error))
        }
    };
    deleted
}

/// Marks the messages as deleted; gives the entries of those for which the server accepted it.
fn mark(
    session: &mut Session<Transaction>,
    due: &[(u32, Option<EntryId>)],
    deleted: &mut Deleted,
    teller: &mut Teller<'_>,
) -> Result<Vec<Option<EntryId>>> {
    let mut marked = Vec::with_capacity(due.len());
    let mut window = Window::new(Ahead::Dele);
    let mut queue: VecDeque<_> =
        due.iter().map(|(number, _)| Wanted { number: *number, octets: None }).collect();
    let mut entries = due.iter().map(|(_, entry)| *entry);
    loop {
        window.fill(session, &mut queue, None)?;
        let Some(Next::Message(Wanted { number, .. })) = window.next() else { break };
        let entry = entries.next().flatten();
        match window.receive(session, |_| ()) {
            Ok(_) => marked.push(entry),
            Err(error) if error.kind() == Kind::Interrupted => return Err(error),
            Err(error) if error.ends_the_session() => {
                deleted.broke_at = Some((number, entry));
                return Err(error);
            }
            Err(error) => {
                deleted.refused += 1;
                teller.tell(&Event::Failed { number, unique_id: None, reason: &error });
            }
        }
    }
    Ok(marked)
}

/// An answer to QUIT that did not come, or was no `+OK`.
fn in_doubt(error: Error) -> Error {
    error.in_context("could not end the session (QUIT), so it is not certain that messages were deleted")
}
