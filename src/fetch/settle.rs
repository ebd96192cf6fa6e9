//! What an interrupted run left behind: looks where each recorded intent stands, finishes what is whole, and
//! frees what has to be fetched again. Runs before the server is asked for anything: a journal can be used only
//! once it is settled.

use super::event::{Event, Teller};
use super::journal::{Journal, Opened};
use crate::error::Result;
use crate::store::{self, Settled, Spec, Unsettled};
use crate::sys::Stop;

/// Settles the journal's open intents, each in the store that it names; `own` is where this run delivers to.
/// Also says how many of them are delivered.
///
/// # Errors
/// Where a store cannot be looked at (not mounted, not readable): nothing is guessed then.
pub(super) fn settle(
    opened: Opened,
    own: Option<&Spec>,
    stop: &Stop,
    teller: &mut Teller<'_>,
) -> Result<(Journal, u32)> {
    let open = opened.unsettled();
    let items: Vec<Unsettled<'_>> = open
        .iter()
        .map(|(_, place, age, identity)| Unsettled { place, age: *age, identity: *identity })
        .collect();
    let found = store::settle(&items, own, stop)
        .map_err(|error| error.in_context("could not settle what an interrupted run left"))?;
    let (mut delivered, mut again) = (Vec::new(), Vec::new());
    for ((entry, ..), settled) in open.iter().zip(found) {
        match settled {
            Settled::Delivered => delivered.push(*entry),
            Settled::Again => again.push(*entry),
        }
    }
    let journal = opened.settled(&delivered, &again)?;
    let counts = (delivered.len() as u32, again.len() as u32);
    if !open.is_empty() {
        teller.tell(&Event::Settled { delivered: counts.0, again: counts.1 });
    }
    Ok((journal, counts.0))
}
