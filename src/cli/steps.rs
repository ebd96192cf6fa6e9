//! `pop3 fetch --dry-run`: what a run would do with each message, and why. On a terminal in groups, what would be
//! fetched or deleted message by message, the rest counted by reason (`--verbose`: message by message, too). In a
//! pipe and as JSON a row a message, by number.

use std::collections::HashMap;

use anyhow::Result;
use jiff::Timestamp;
use pop3::account::Account;
use pop3::fetch::Preview;
use pop3::fetch::plan::{Action, Reason, Step};

use super::decoded::Decoded;
use super::output::json::{Run, Time, UniqueId};
use super::output::table::{Align, Cell, Column, Table, Width, widest};
use super::output::{Output, human};
use super::report;

/// What can become of a message: the title of its group, and whether each message is shown without `--verbose`.
const GROUPS: [(&str, Action, bool); 5] = [
    ("To fetch", Action::Fetch { then_delete: false }, true),
    ("To fetch, then delete", Action::Fetch { then_delete: true }, true),
    ("To delete", Action::Delete, true),
    ("Kept on the server", Action::Keep, false),
    ("Skipped", Action::Skip, false),
];

/// Narrower terminals show no date.
const DATE_FROM: usize = 76;
/// Narrower terminals show no size.
const SIZE_FROM: usize = 48;

/// Prints what would be fetched, deleted, kept and skipped, and why.
pub(crate) fn show(
    output: &Output,
    account: &Account,
    is_one_of_several: bool,
    preview: &Preview<'_>,
) -> Result<()> {
    let mut steps: Vec<&Step> = preview.plan.steps.iter().collect();
    steps.sort_by_key(|step| step.number);
    let shown: HashMap<u32, Decoded> =
        preview.headers.iter().map(|(number, fields)| (*number, Decoded::from_fields(fields))).collect();
    let none = Decoded::default();
    let header = |step: &Step| shown.get(&step.number).unwrap_or(&none);
    if output.is_json() {
        for step in &steps {
            output.object(&object(account, preview, step, header(step)))?;
        }
    } else if output.is_for_people() {
        if is_one_of_several {
            output.title(&account.name)?;
        }
        for (title, action, is_listed) in GROUPS {
            let group: Vec<&Step> = steps.iter().filter(|step| step.action == action).copied().collect();
            if !group.is_empty() {
                let is_listed = is_listed || output.is_verbose();
                // Not said once more in each row.
                let shared = shared_reason(&group).filter(|_| is_listed);
                let why = shared.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
                let count = human::count(group.len() as u64, "message");
                output.title(&format!("{title}: {count}{}{why}", octets(&group)))?;
                match is_listed {
                    true => rows(output, &group, shared.is_none(), header)?,
                    false => by_reason(output, &group)?,
                }
            }
        }
    } else {
        let table = Table::new(&[], output.width());
        for step in &steps {
            output.row(&table, &plain(preview, step, header(step)))?;
        }
    }
    notes(output, preview);
    output.note(&format!("{}: {}; nothing was done", account.name, counted(&steps)));
    Ok(())
}

fn object<'a>(account: &'a Account, preview: &'a Preview<'_>, step: &Step, header: &'a Decoded) -> Run<'a> {
    Run::Step {
        account: &account.name,
        number: step.number,
        octets: step.octets,
        unique_id: UniqueId::from_option(unique_id(preview, step)),
        date: header.date.map(Time),
        from: header.from.as_deref(),
        subject: header.subject.as_deref(),
        action: step.action.to_string(),
        reason: step.reason.to_string(),
    }
}

/// All fields of a message, for a pipe: number, octets, date, from, subject, action, reason, unique-id.
fn plain(preview: &Preview<'_>, step: &Step, header: &Decoded) -> Vec<Cell> {
    let [from, subject] = header.cells();
    vec![
        Cell::number(step.number),
        Cell::size(step.octets),
        Cell::time(header.date),
        from,
        subject,
        Cell::text(&step.action.to_string()),
        Cell::text(&step.reason.to_string()),
        Cell::bytes(unique_id(preview, step).unwrap_or_default()),
    ]
}

fn unique_id<'a>(preview: &Preview<'a>, step: &Step) -> Option<&'a [u8]> {
    let at = preview.listed.binary_search_by_key(&step.number, |message| message.number).ok()?;
    preview.listed[at].unique_id
}

/// A row a message, with as many columns as the terminal has room for.
fn rows<'a>(
    output: &Output,
    group: &[&Step],
    shows_why: bool,
    header: impl Fn(&Step) -> &'a Decoded,
) -> Result<()> {
    let width = output.width();
    let digits = group.iter().map(|step| step.number).max().unwrap_or(0).to_string().len();
    let reasons: Vec<String> = group.iter().map(|step| reason(step.reason)).collect();
    let why = match width < SIZE_FROM {
        true => Width::Share(2),
        false => Width::Exactly(widest(reasons.iter().map(String::as_str)).min(width / 3)),
    };
    let columns = [
        (Column("#", Width::Exactly(digits), Align::Right), 0),
        (Column("size", Width::Exactly("1023 KiB".len()), Align::Right), SIZE_FROM),
        (Column("date", Width::Exactly("2024-03-01 10:33".len()), Align::Left), DATE_FROM),
        (Column("from", Width::Share(2), Align::Left), 0),
        (Column("subject", Width::Share(3), Align::Left), 0),
        (Column("why", why, Align::Left), if shows_why { 0 } else { usize::MAX }),
    ];
    let has_room = |least: usize| width >= least;
    let fitting: Vec<Column> =
        columns.iter().filter(|(_, least)| has_room(*least)).map(|(column, _)| *column).collect();
    let table = Table::new(&fitting, width);
    output.heading(&table)?;
    for (step, reason) in group.iter().zip(&reasons) {
        let header = header(step);
        let [from, subject] = header.cells();
        let cells = [
            Cell::number(step.number),
            Cell::size(step.octets),
            Cell::time(header.date),
            from,
            subject,
            Cell::text(reason),
        ];
        let cells: Vec<Cell> = cells
            .into_iter()
            .zip(&columns)
            .filter(|(_, (_, least))| has_room(*least))
            .map(|(cell, _)| cell)
            .collect();
        output.row(&table, &cells)?;
    }
    Ok(())
}

/// The reason of a group, where all its messages have the same.
fn shared_reason(group: &[&Step]) -> Option<String> {
    let first = reason(group.first()?.reason);
    group.iter().all(|step| reason(step.reason) == first).then_some(first)
}

/// A line a reason, with the messages that it holds for, in the order of the first of them.
fn by_reason(output: &Output, group: &[&Step]) -> Result<()> {
    let mut reasons: Vec<(String, Vec<u32>)> = Vec::new();
    for step in group {
        let reason = reason(step.reason);
        match reasons.iter_mut().find(|(other, _)| *other == reason) {
            Some((_, numbers)) => numbers.push(step.number),
            None => reasons.push((reason, vec![step.number])),
        }
    }
    for (reason, numbers) in reasons {
        let table = Table::new(&[Column("", Width::Share(1), Align::Left)], output.width());
        let text = format!("  {} ({})", reason, message_set(&numbers));
        output.row(&table, &[Cell::text(&text)])?;
    }
    Ok(())
}

/// The reason, with the time of the next try where there is one.
fn reason(reason: Reason) -> String {
    match reason {
        Reason::PutOff(next_try) => match Timestamp::from_second(next_try) {
            Ok(time) => format!("failed before, to be retried at {}", human::local(time)),
            Err(_) => reason.to_string(),
        },
        other => other.to_string(),
    }
}

/// The octets of a group, where all are known.
fn octets(group: &[&Step]) -> String {
    let all: Option<u64> =
        group.iter().map(|step| step.octets).try_fold(0u64, |sum, octets| Some(sum.saturating_add(octets?)));
    all.map(|octets| format!(", {}", human::size(octets))).unwrap_or_default()
}

/// Ascending numbers as commands take them: `1-17,19,25-340`.
fn message_set(numbers: &[u32]) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for &number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let text = |(first, last): &(u32, u32)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    ranges.iter().map(text).collect::<Vec<_>>().join(",")
}

/// What is to be known besides the steps.
fn notes(output: &Output, preview: &Preview<'_>) {
    if let Some(error) = &preview.trouble {
        let why = report::sentence(error);
        output.note(&format!("{why}: date, from and subject stay empty where they are not known"));
    }
    if preview.not_asked > 0 {
        let rest = human::count(preview.not_asked as u64, "message");
        output.note(&format!("date, from and subject of {rest} were not asked for: -v asks for all"));
    }
    if let Some(due) = preview.plan.held_back {
        output.warn(&format!("{due} deletions are due, more than --max-delete allows: none would be done"));
    }
}

/// How many messages are in each group, in words.
fn counted(steps: &[&Step]) -> String {
    let count = |wanted: fn(Action) -> bool| steps.iter().filter(|step| wanted(step.action)).count();
    let fetch = count(|action| matches!(action, Action::Fetch { .. }));
    let delete = count(|action| matches!(action, Action::Delete | Action::Fetch { then_delete: true }));
    let (keep, skip) = (count(|action| action == Action::Keep), count(|action| action == Action::Skip));
    format!("would fetch {fetch}, delete {delete}, keep {keep}, skip {skip}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_numbers_are_written_as_commands_take_them() {
        for (numbers, written) in [
            (&[][..], ""),
            (&[7], "7"),
            (&[1, 2, 3], "1-3"),
            (&[1, 2, 4, 6, 7], "1-2,4,6-7"),
            (&[u32::MAX - 1, u32::MAX], "4294967294-4294967295"),
        ] {
            assert_eq!(message_set(numbers), written);
        }
    }
}
