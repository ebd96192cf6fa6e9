//! The progress bar of `pop3 retr -o`: that of a fetch, fed with the same events.

use std::collections::HashMap;
use std::io::{self, Write};

use anyhow::Result;
use pop3::account::Account;
use pop3::error::Error;
use pop3::fetch::event::{Event, Observer, Source};
use pop3::session::{Session, Transaction};

use super::super::output::Output;
use super::super::output::bar::Bar;
use super::copy;

/// Messages on their way to files.
pub(super) struct Progress<'a> {
    account: &'a str,
    /// If bars are shown.
    bar: Option<Bar>,
    /// The declared octets of each message, where they are known.
    sizes: HashMap<u32, u64>,
}

impl<'a> Progress<'a> {
    /// Asks for the sizes of the messages if a bar is shown.
    ///
    /// # Errors
    /// What ends the session: the sizes themselves are optional.
    pub(super) fn new(
        output: &Output,
        account: &'a Account,
        session: &mut Session<Transaction>,
        numbers: &[u32],
    ) -> Result<Self> {
        let bar = output.bar(&account.name);
        let sizes = if bar.is_some() { sizes(session, numbers)? } else { HashMap::new() };
        let mut progress = Progress { account: &account.name, bar, sizes };
        let octets = progress.sizes.values().copied().fold(0, u64::saturating_add);
        let to_fetch = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        progress.tell(&Event::Planned { to_fetch, octets, to_delete: 0, known: 0 });
        Ok(progress)
    }

    /// Retrieves a message. The inner error is the writer's.
    pub(super) fn copy(
        &mut self,
        session: &mut Session<Transaction>,
        number: u32,
        to: &mut impl Write,
    ) -> Result<io::Result<()>> {
        self.tell(&Event::Started { number, octets: self.octets(number), unique_id: None });
        let mut arrived = 0;
        let written = copy(session, number, to, |bytes| {
            arrived += bytes;
            self.tell(&Event::Received { bytes });
        })?;
        self.tell(&Event::Fetched { number, bytes: arrived });
        self.tell(&Event::Committed { messages: 1 });
        Ok(written)
    }

    fn octets(&self, number: u32) -> Option<u64> {
        self.sizes.get(&number).copied()
    }

    fn tell(&mut self, event: &Event<'_>) {
        if let Some(bar) = &mut self.bar {
            bar.event(Source { account: self.account, store: "" }, event);
        }
    }
}

/// The declared octets of the messages: one question for one, a listing for more.
fn sizes(session: &mut Session<Transaction>, numbers: &[u32]) -> Result<HashMap<u32, u64>, Error> {
    if let [number] = numbers {
        let octets = optional(session.list_one(*number))?.flatten();
        return Ok(octets.map(|octets| (*number, octets)).into_iter().collect());
    }
    let Some(maildrop) = optional(session.maildrop())? else { return Ok(HashMap::new()) };
    let octets = |number: &u32| Some((*number, maildrop.message(*number)?.octets?));
    Ok(numbers.iter().filter_map(octets).collect())
}

/// What was asked for and may be missing.
fn optional<T>(outcome: Result<T, Error>) -> Result<Option<T>, Error> {
    match outcome {
        Err(error) if error.ends_the_session() => Err(error),
        outcome => Ok(outcome.ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    /// With a search through all of them for each it would take minutes.
    #[test]
    fn the_sizes_of_very_many_messages_are_found_at_once() {
        let sizes = (1..=200_000).map(|number| (number, u64::from(number))).collect();
        let progress = Progress { account: "", bar: None, sizes };
        let begun = Instant::now();
        for number in (1..=200_000).rev() {
            assert_eq!(progress.octets(number), Some(u64::from(number)));
        }
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        assert_eq!(progress.octets(200_001), None);
    }
}
