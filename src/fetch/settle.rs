//! What an interrupted run left behind: looks where each recorded intent stands, finishes what is
//! whole, and frees what has to be fetched again. Runs on start, before the server is asked.

use super::event::{Event, Observer};
use super::journal::Journal;
use crate::error::Result;
use crate::store::{self, Settled, Spec, Unsettled};
use crate::sys::Stop;

/// Settles the journal's open intents; returns how many of them are delivered. `own` is where this run delivers to.
///
/// # Errors
/// Where a store cannot be looked at (not mounted, not readable): nothing is guessed then.
pub fn settle(
    journal: &mut Journal,
    own: Option<&Spec>,
    stop: &Stop,
    observer: &mut dyn Observer,
) -> Result<u32> {
    let open = journal.unsettled();
    if open.is_empty() {
        return Ok(0);
    }
    let items: Vec<Unsettled<'_>> = open
        .iter()
        .map(|(_, place, age, identity)| Unsettled { place, age: *age, identity: *identity })
        .collect();
    let found = store::settle(&items, own, stop)
        .map_err(|error| error.within("could not settle what an interrupted run left"))?;
    let (mut delivered, mut again) = (Vec::new(), Vec::new());
    for ((entry, ..), settled) in open.into_iter().zip(found) {
        match settled {
            Settled::Delivered => delivered.push(entry),
            Settled::Again => again.push(entry),
        }
    }
    journal.delivered(&delivered)?;
    journal.refused(&again)?;
    journal.sync()?;
    let counts = (delivered.len() as u32, again.len() as u32);
    observer.event(&Event::Settled { delivered: counts.0, again: counts.1 });
    Ok(counts.0)
}
