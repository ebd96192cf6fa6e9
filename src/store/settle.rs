//! What became of messages whose delivery was announced and never confirmed: each store looks for its own.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::{Place, Spec, maildir, mbox};
use crate::advice::Run;
use crate::error::{Error, Kind, Result};
use crate::identity::Identity;
use crate::sys::Stop;
use crate::sys::durable::{absolute, resolved};

/// A message whose delivery was announced and never confirmed.
#[derive(Debug, Clone, Copy)]
pub struct Unsettled<'a> {
    /// Where it was going to stand.
    pub place: &'a Place,
    /// How long ago that was written down.
    pub age: Duration,
    /// The message's identity, where it has one.
    pub identity: Option<Identity>,
}

/// What looking at the store said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// The message was delivered, or has been now, durably.
    Delivered,
    /// It must be fetched again.
    Again,
}

/// Settles places of whatever stores, each group by its own: finds out what became of the messages, finishes
/// what can be finished, and removes what is torn; one answer an item, in order. In doubt the answer is
/// [`Settled::Again`]. `own` is where this run delivers to: what was going to stand in another store that is
/// not there any more is fetched again, while a missing own store is an error.
///
/// # Errors
/// The own store is not there (not mounted, perhaps); a store cannot be read, or is locked by another program
/// for too long: nobody can say then, and nothing may be fetched or deleted.
pub fn settle(items: &[Unsettled<'_>], own: Option<&Spec>, stop: &Stop) -> Result<Vec<Settled>> {
    settle_each(items, &|place| own.is_some_and(|own| own.holds(place)), stop)
}

impl Spec {
    /// Settles places that belong to this store: as [`settle()`] does for those of the run's own.
    ///
    /// # Errors
    /// As [`settle()`].
    pub fn settle(&self, items: &[Unsettled<'_>], stop: &Stop) -> Result<Vec<Settled>> {
        settle_each(items, &|_| true, stop)
    }

    /// Whether the place belongs to this store.
    fn holds(&self, place: &Place) -> bool {
        match (self, place) {
            (Spec::Maildir(path), Place::Maildir { directory, .. }) => {
                absolute(path).is_ok_and(|path| path == **directory)
            }
            (Spec::Mbox(path), Place::Mbox { file, .. }) => {
                let is_it = |path: Result<_>| path.is_ok_and(|path| path == *file);
                is_it(resolved(path)) || is_it(absolute(path))
            }
            (Spec::Command(_), Place::Handed) => true,
            _ => false,
        }
    }
}

/// The items of one store: their positions among all, and what the store needs to know of each.
type Group<I> = (Vec<usize>, Vec<I>);

fn settle_each(
    items: &[Unsettled<'_>],
    is_own: &dyn Fn(&Place) -> bool,
    stop: &Stop,
) -> Result<Vec<Settled>> {
    let mut settled = vec![Settled::Again; items.len()];
    let mut maildirs: BTreeMap<&Path, Group<maildir::InDoubt<'_>>> = BTreeMap::new();
    let mut mboxes: BTreeMap<&Path, Group<mbox::InDoubt<'_>>> = BTreeMap::new();
    for (at, item) in items.iter().enumerate() {
        match item.place {
            Place::Maildir { directory, name, tmp_inode } => {
                let (positions, intents) = maildirs.entry(directory).or_default();
                positions.push(at);
                intents.push(maildir::InDoubt { name, tmp_inode: *tmp_inode, age: item.age });
            }
            Place::Mbox { file, offset, length, checksum, from_line } => {
                let (positions, intents) = mboxes.entry(file).or_default();
                positions.push(at);
                let (offset, length, identity) = (*offset, *length, item.identity);
                intents.push(mbox::InDoubt { offset, length, checksum, from_line, identity });
            }
            // A program took it or did not: nobody can look, and it is handed over at least once.
            Place::Handed => {}
        }
    }
    let mut note = |positions: Vec<usize>, answers: Option<Vec<Settled>>, described: String| {
        let Some(answers) = answers else {
            let is_needed = positions.first().is_some_and(|at| is_own(items[*at].place));
            return if is_needed { Err(not_there(&described)) } else { Ok(()) };
        };
        positions.into_iter().zip(answers).for_each(|(at, answer)| settled[at] = answer);
        Ok(())
    };
    for (directory, (positions, intents)) in maildirs {
        let answers = maildir::settle(directory, &intents)?;
        note(positions, answers, format!("the Maildir {}", directory.display()))?;
    }
    for (file, (positions, intents)) in mboxes {
        let answers = mbox::settle(file, &intents, stop)?;
        note(positions, answers, format!("the mbox {}", file.display()))?;
    }
    Ok(settled)
}

fn not_there(described: &str) -> Error {
    Error::new(Kind::Io, format!("could not look for unfinished deliveries in {described}"))
        .because("its folder is not there, and nobody can say what was delivered into it")
        .advise(Run::MissingStore)
}

/// Whether a failure says that a file or folder is not there, or one above it.
pub(super) fn is_gone(source: &io::Error) -> bool {
    matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
