//! `pop3 state`: shows the journal, and removes messages from it.

use anyhow::Result;
use jiff::Timestamp;
use pop3::account::Account;
use pop3::error::{Error, Kind};
use pop3::fetch::Journal;
use pop3::fetch::journal::{Entry, EntryId, State};

use super::args::MessageArg;
use super::context::Context;
use super::messages;
use super::output::human;
use super::output::json::{Local, Time, UniqueId};
use super::output::table::{Align, Cell, Column, Table, Width};

/// `pop3 state show`: what is recorded of each message.
pub(crate) fn show(context: &Context, account: &Account) -> Result<()> {
    let output = context.output();
    let path = context.journal_of(account)?;
    let Some(view) = Journal::peek(&path)? else {
        output.note(&format!(
            "nothing was fetched from {} yet: there is no {}",
            account.name,
            path.display()
        ));
        return Ok(());
    };
    let table = Table::new(
        &[
            Column("state", Width::Exactly(9), Align::Left),
            Column("since", Width::Exactly(16), Align::Left),
            Column("first seen", Width::Exactly(16), Align::Left),
            Column("size", Width::Exactly(9), Align::Right),
            Column("unique-id", Width::Share(1), Align::Left),
            Column("last failure", Width::Share(1), Align::Left),
        ],
        output.width(),
    );
    if !output.is_json() && !view.is_empty() {
        output.heading(&table)?;
    }
    for entry in view.iter() {
        let failure = view.failure(entry.id);
        if output.is_json() {
            output.object(&Local::State {
                account: &account.name,
                unique_id: UniqueId::new(entry.unique_id),
                state: words(entry.state),
                since: Time::from_seconds(entry.since),
                first_seen: Time::from_seconds(entry.first_seen),
                octets: entry.octets,
                identity: entry.identity.map(|identity| identity.to_string()),
                failures: failure.map_or(0, |failure| failure.count),
                last_failure: failure.map(|failure| failure.reason.as_str()),
            })?;
            continue;
        }
        let cells = [
            Cell::text(words(entry.state)),
            Cell::time(time(entry.since)),
            Cell::time(time(entry.first_seen)),
            Cell::size(entry.octets),
            Cell::bytes(entry.unique_id),
            Cell::text(failure.map_or("", |failure| &failure.reason)),
        ];
        output.row(&table, &cells)?;
    }
    Ok(())
}

/// `pop3 state forget`: removes messages from the journal, so that they are fetched again.
pub(crate) fn forget(context: &Context, account: &Account, named: &[MessageArg], all: bool) -> Result<()> {
    let unique_ids = if all { Vec::new() } else { unique_ids(context, account, named)? };
    let now = Timestamp::now().as_second();
    let path = context.journal_of(account)?;
    let mut journal = pop3::fetch::open_settled(&path, account.deliver.as_ref(), context.stop(), now)?;
    let wanted = |entry: &Entry<'_>| all || unique_ids.iter().any(|unique_id| unique_id == entry.unique_id);
    for unique_id in &unique_ids {
        if journal.view().find(unique_id).next().is_none() {
            let shown = String::from_utf8_lossy(unique_id);
            let says = format!("nothing is known of a message with the unique-id {shown}");
            return Err(Error::new(Kind::NoSuchMessage, says)
                .hint("`pop3 state show` lists the recorded messages")
                .into());
        }
    }
    let entries: Vec<EntryId> = journal.view().iter().filter(wanted).map(|entry| entry.id).collect();
    journal.forget(&entries)?;
    journal.sync()?;
    let (output, messages) = (context.output(), entries.len());
    if output.is_json() {
        return Ok(output.object(&Local::Forget { account: &account.name, messages })?);
    }
    let what = human::count(messages as u64, "message");
    output.note(&format!("forgot {what}: what is still on the server will be fetched again"));
    Ok(())
}

/// The unique-ids of the named messages. A message-number is valid in one session only, so the server is
/// asked for its unique-id.
fn unique_ids(context: &Context, account: &Account, named: &[MessageArg]) -> Result<Vec<Vec<u8>>> {
    let (mut unique_ids, mut numbered) = (Vec::new(), Vec::new());
    for name in named {
        match name {
            MessageArg::UniqueId(unique_id) => unique_ids.push(unique_id.clone()),
            other => numbered.push(other.clone()),
        }
    }
    if !numbered.is_empty() {
        let (mut session, maildrop) = context.look(account)?;
        let journal = context.journal_of(account)?;
        let (mut survey, numbers) = messages::choose(&mut session, maildrop, &numbered, &journal)?;
        // A message without a unique-id is known by the name that its header gives it.
        survey.name(&mut session, &account.policy)?;
        for message in survey.listed().iter().filter(|message| numbers.contains(&message.number)) {
            unique_ids.extend(message.unique_id.map(<[u8]>::to_vec));
        }
        session.leave();
    }
    Ok(unique_ids)
}

fn time(seconds: i64) -> Option<Timestamp> {
    Timestamp::from_second(seconds).ok()
}

fn words(state: State) -> &'static str {
    match state {
        State::Seen => "seen",
        State::Intended => "intended",
        State::Delivered => "delivered",
        State::Gone(_) => "gone",
        State::Skipped => "skipped",
    }
}
