//! What an interrupted run left behind: looks where each recorded intent stands, finishes what is
//! whole, and frees what has to be fetched again. Runs on start, before the server is asked.

use super::event::{Event, Observer};
use super::journal::{Journal, Opened};
use crate::delivery::{self, Settled, Unsettled};
use crate::error::Result;

/// Settles the journal's open intents: the journal that can be written then, and how many of them are
/// delivered.
///
/// # Errors
/// Where a destination cannot be looked at (not mounted, not readable): nothing is guessed then.
pub fn settle(opened: Opened, observer: &mut dyn Observer) -> Result<(Journal, u32)> {
    let open = opened.unsettled();
    if open.is_empty() {
        return Ok((opened.settled(&[], &[])?, 0));
    }
    let items: Vec<Unsettled<'_>> = open
        .iter()
        .map(|(_, place, age, identity)| Unsettled { place, age: *age, identity: *identity })
        .collect();
    let found = delivery::settle(&items)
        .map_err(|error| error.within("could not settle what an interrupted run left"))?;
    let (mut delivered, mut again) = (Vec::new(), Vec::new());
    for ((entry, ..), settled) in open.into_iter().zip(found) {
        match settled {
            Settled::Delivered => delivered.push(entry),
            Settled::Again => again.push(entry),
        }
    }
    let journal = opened.settled(&delivered, &again)?;
    let counts = (delivered.len() as u32, again.len() as u32);
    observer.event(&Event::Settled { delivered: counts.0, again: counts.1 });
    Ok((journal, counts.0))
}
