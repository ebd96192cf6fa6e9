//! The progress bar of `pop3 retr -o`: that of a fetch, fed with the same events.

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
    /// Declared octets of each message to come.
    sizes: Vec<(u32, Option<u64>)>,
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
        let sizes = if bar.is_some() { sizes(session, numbers)? } else { Vec::new() };
        let mut progress = Progress { account: &account.name, bar, sizes };
        let octets = progress.sizes.iter().filter_map(|(_, octets)| *octets).fold(0, u64::saturating_add);
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
        let octets = self.sizes.iter().find(|(one, _)| *one == number).and_then(|(_, octets)| *octets);
        self.tell(&Event::Started { number, octets, unique_id: None });
        let mut arrived = 0;
        let written = copy(session, number, to, |bytes| {
            arrived += bytes;
            self.tell(&Event::Received { bytes });
        })?;
        self.tell(&Event::Fetched { number, bytes: arrived });
        self.tell(&Event::Committed { messages: 1 });
        Ok(written)
    }

    fn tell(&mut self, event: &Event<'_>) {
        if let Some(bar) = &mut self.bar {
            bar.event(Source { account: self.account, store: "" }, event);
        }
    }
}

/// The declared octets of the messages: one question for one, a listing for more.
fn sizes(session: &mut Session<Transaction>, numbers: &[u32]) -> Result<Vec<(u32, Option<u64>)>, Error> {
    if let [number] = numbers {
        return Ok(vec![(*number, optional(session.list_one(*number))?.flatten())]);
    }
    let Some(maildrop) = optional(session.maildrop())? else { return Ok(Vec::new()) };
    let octets = |number| maildrop.message(number).and_then(|message| message.octets);
    Ok(numbers.iter().map(|number| (*number, octets(*number))).collect())
}

/// What was asked for and may be missing.
fn optional<T>(outcome: Result<T, Error>) -> Result<Option<T>, Error> {
    match outcome {
        Err(error) if error.ends_the_session() => Err(error),
        outcome => Ok(outcome.ok()),
    }
}
