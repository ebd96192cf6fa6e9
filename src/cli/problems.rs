//! `pop3 problems`: lists the messages that could not be fetched, retries them, or gives them up.

use std::path::Path;

use anyhow::Result;
use jiff::Timestamp;
use pop3::account::Account;
use pop3::error::{Error, Kind};
use pop3::fetch::journal::{Cause, EntryId, Failure, View};
use pop3::fetch::{Journal, Retry};
use pop3::header;

use super::args::{Named, ProblemsArgs};
use super::context::Context;
use super::fetch::{self, MaildropAccess};
use super::output::human;
use super::output::json::{Local, Time, UniqueId};
use super::output::table::{Align, Cell, Column, Table, Width};
use super::report::{self, ExitCode};

/// Lists them, or retries or gives up those that the flags name.
pub(crate) fn run(context: &Context, args: &ProblemsArgs) -> Result<ExitCode> {
    let overrides = args.overrides(context.environment().home())?;
    let accounts = context.accounts(&args.server.which.accounts, &overrides)?;
    let named = if args.retry.is_empty() { &args.skip } else { &args.retry };
    let mut codes = Vec::new();
    let mut rows = Vec::new();
    let mut found = vec![false; named.len()];
    for (name, account) in accounts {
        let outcome = account.map_err(anyhow::Error::from).and_then(|account| {
            let journal = context.journal_of(&account)?;
            let Some(view) = Journal::peek(&journal)? else { return Ok(()) };
            if named.is_empty() {
                rows.extend(view.failures().map(|(id, failure)| Row::new(&account.name, &view, id, failure)));
                return Ok(());
            }
            let meant = meant(&view, named, &mut found);
            match args.retry.is_empty() {
                _ if meant.is_empty() => Ok(()),
                true => give_up(context, &account, &journal, &meant),
                false => retry(context, &account, &meant),
            }
        });
        codes.push(match outcome {
            Ok(()) => ExitCode::Done,
            Err(error) => {
                let code = report::exit_code(&error);
                context.output().error_of(&name, true, &error);
                code
            }
        });
        if context.stop().is_requested() {
            codes.push(ExitCode::Interrupted);
            return Ok(ExitCode::merge(codes));
        }
    }
    if let Some(missing) = named.iter().zip(&found).find(|(_, found)| !**found).map(|(named, _)| named) {
        return Err(match missing {
            Named::All => Error::new(Kind::NoSuchMessage, "no failed message is waiting for a retry"),
            Named::UniqueId(unique_id) => {
                let shown = String::from_utf8_lossy(unique_id).into_owned();
                Error::new(Kind::NoSuchMessage, format!("no message with the unique-id {shown} failed"))
                    .hint("`pop3 problems` lists those that did")
            }
        }
        .into());
    }
    if named.is_empty() {
        show(context, &rows)?;
    }
    Ok(ExitCode::merge(codes))
}

/// The unique-ids of the named messages.
fn meant(view: &View, named: &[Named], found: &mut [bool]) -> Vec<Vec<u8>> {
    let mut meant = Vec::new();
    for (id, _) in view.failures() {
        let Some(entry) = view.get(id) else { continue };
        for (named, found) in named.iter().zip(&mut *found) {
            if *named == Named::All || matches!(named, Named::UniqueId(wanted) if wanted == entry.unique_id) {
                *found = true;
                meant.push(entry.unique_id.to_vec());
            }
        }
    }
    meant
}

fn give_up(context: &Context, account: &Account, journal: &Path, meant: &[Vec<u8>]) -> Result<()> {
    let now = Timestamp::now().as_second();
    let mut journal = pop3::fetch::open_settled(journal, account.deliver.as_ref(), context.stop(), now)?;
    let entries: Vec<EntryId> = {
        let view = journal.view();
        let of_one = |unique_id: &Vec<u8>| {
            let failed = view.find(unique_id).filter(|entry| view.failure(entry.id).is_some());
            failed.map(|entry| entry.id).collect::<Vec<_>>()
        };
        meant.iter().flat_map(of_one).collect()
    };
    journal.give_up(&entries)?;
    journal.sync()?;
    let (output, messages) = (context.output(), entries.len());
    if output.is_json() {
        return Ok(output.object(&Local::Skip { account: &account.name, messages })?);
    }
    let what = human::count(messages as u64, "message");
    output.note(&format!("gave up {what}: neither fetched nor deleted from now on"));
    Ok(())
}

fn retry(context: &Context, account: &Account, meant: &[Vec<u8>]) -> Result<()> {
    let mut told = context.output().report(&account.name).watching(context.stop().waits());
    let mut access = MaildropAccess::new(context, account);
    let outcome = fetch::with_run(context, account, |run| {
        access.prepare_unlocked()?;
        let (_, outcome) = run.retry(&Retry { unique_ids: meant }, &mut access, &mut told);
        Ok(outcome?)
    });
    told.finish()?;
    outcome
}

/// A row of the table.
struct Row {
    account: String,
    unique_id: Vec<u8>,
    octets: Option<u64>,
    from: String,
    subject: String,
    cause: &'static str,
    count: u32,
    since: Option<Timestamp>,
    next_try: Option<Timestamp>,
    reason: String,
}

impl Row {
    fn new(account: &str, view: &View, id: EntryId, failure: &Failure) -> Row {
        let entry = view.get(id);
        let time = |seconds| Timestamp::from_second(seconds).ok();
        Row {
            account: account.to_owned(),
            unique_id: entry.map(|entry| entry.unique_id.to_vec()).unwrap_or_default(),
            octets: entry.and_then(|entry| entry.octets),
            from: header::text(&failure.from),
            subject: header::text(&failure.subject),
            cause: words(failure.cause),
            count: failure.count,
            since: time(failure.since),
            next_try: time(failure.next_try),
            reason: failure.reason.clone(),
        }
    }
}

fn words(cause: Cause) -> &'static str {
    match cause {
        Cause::Refused => "refused by the server",
        Cause::Broke => "broke the session",
        Cause::NoRoom => "no room on the disk",
        Cause::Rejected => "refused by the destination",
    }
}

fn show(context: &Context, rows: &[Row]) -> Result<()> {
    let output = context.output();
    if rows.is_empty() {
        output.note("no problems: no message has failed");
        return Ok(());
    }
    if output.is_json() {
        for row in rows {
            let object = Local::Problem {
                account: &row.account,
                unique_id: UniqueId::new(&row.unique_id),
                from: &row.from,
                subject: &row.subject,
                octets: row.octets,
                cause: row.cause,
                failures: row.count,
                since: row.since.map(Time),
                next_try: row.next_try.map(Time),
                reason: &row.reason,
            };
            output.object(&object)?;
        }
        return Ok(());
    }
    let table = Table::new(
        &[
            Column("account", Width::Share(1), Align::Left),
            Column("unique-id", Width::Share(1), Align::Left),
            Column("from", Width::Share(1), Align::Left),
            Column("subject", Width::Share(1), Align::Left),
            Column("size", Width::Exactly(9), Align::Right),
            Column("since", Width::Exactly(16), Align::Left),
            Column("next try", Width::Exactly(16), Align::Left),
            Column("why", Width::Share(2), Align::Left),
        ],
        output.width(),
    );
    output.heading(&table)?;
    for row in rows {
        let cells = [
            Cell::text(&row.account),
            Cell::bytes(&row.unique_id),
            Cell::text(&row.from),
            Cell::text(&row.subject),
            Cell::size(row.octets),
            Cell::time(row.since),
            Cell::time(row.next_try),
            Cell::text(&row.reason),
        ];
        output.row(&table, &cells)?;
    }
    Ok(())
}
