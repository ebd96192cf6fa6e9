//! `pop3 list`: a table of the messages, with date, sender and subject.

use std::collections::VecDeque;

use anyhow::Result;
use jiff::Timestamp;
use pop3::account::Account;
use pop3::error::Kind;
use pop3::fetch::journal::View;
use pop3::fetch::policy::Keep;
use pop3::fetch::{Journal, Policy, Survey};
use pop3::header;
use pop3::identity::Fields;
use pop3::protocol::Maildrop;
use pop3::session::{Ahead, Session, Transaction, Wanted, Window};

use super::args::MessageArg;
use super::context::Context;
use super::messages;
use super::output::Output;
use super::output::json::{Mail, Time, UniqueId};
use super::output::table::{Cell, Table};

/// The most octets of a header that are parsed; real headers are far smaller.
const MAX_HEADER: usize = 256 * 1024;

/// What is shown of a header.
#[derive(Debug, Default)]
struct Shown {
    date: Option<Timestamp>,
    from: String,
    /// The name in it, or the address.
    sender: String,
    /// `None` if the header is not known.
    subject: Option<String>,
}

/// Prints a row a message, as they come in.
pub(crate) fn run(context: &Context, account: &Account, named: &[MessageArg]) -> Result<()> {
    let output = context.output();
    let view = Journal::peek(&context.journal_of(account)?)?.unwrap_or_else(View::default);
    let (mut session, maildrop) = context.look(account)?;
    let mut survey = Survey::new(maildrop, true);
    // Nothing is fetched or deleted here, so a message may stay unidentified.
    survey.name(&mut session, &Policy { keep: Keep::None, ..Policy::default() })?;
    let listed = survey.listed();
    let known = survey.known(&mut session, &listed, &view)?;
    let numbers = match named {
        [] => listed.iter().map(|message| message.number).collect(),
        named => {
            let all = listed.iter().zip(&known);
            let new: Vec<u32> =
                all.filter(|(_, known)| !**known).map(|(message, _)| message.number).collect();
            messages::find(named, survey.maildrop(), &new)?
        }
    };
    let table = Table::of_messages(numbers.iter().copied().max().unwrap_or(0), output.width());
    if !output.is_json() && !numbers.is_empty() {
        output.heading(&table)?;
    }
    let mut has_top = true;
    let mut window = Window::new(Ahead::Headers);
    let asked = numbers.iter().filter(|number| survey.fields(**number).is_none());
    let mut queue: VecDeque<_> = asked.map(|number| Wanted { number: *number, octets: None }).collect();
    for number in &numbers {
        let shown = match survey.fields(*number) {
            Some(fields) => of_fields(fields),
            None => {
                if has_top {
                    window.fill(&mut session, &mut queue, None)?;
                }
                match window.is_empty() {
                    true => Shown::default(),
                    false => header(&mut session, &mut window, &mut has_top)?,
                }
            }
        };
        let Ok(at) = listed.binary_search_by_key(number, |message| message.number) else { continue };
        show(output, &account.name, &table, survey.maildrop(), *number, &shown, known[at])?;
    }
    if !has_top {
        output.note("the server has no TOP, so date, sender and subject stay unknown");
    }
    session.leave();
    Ok(())
}

fn show(
    output: &Output,
    account: &str,
    table: &Table,
    maildrop: &Maildrop,
    number: u32,
    shown: &Shown,
    fetched: bool,
) -> Result<()> {
    let Some(message) = maildrop.message(number) else { return Ok(()) };
    let state = if fetched { "fetched" } else { "new" };
    let subject = shown.subject.as_deref().unwrap_or_default();
    if output.is_json() {
        return Ok(output.object(&Mail::List {
            account,
            number: message.number,
            octets: message.octets,
            unique_id: UniqueId::from_option(message.unique_id),
            date: shown.date.map(Time),
            state,
            from: &shown.from,
            subject,
        })?);
    }
    let cells = [
        Cell::number(message.number),
        Cell::size(message.octets),
        Cell::time(shown.date),
        Cell::text(state),
        Cell::short(&shown.sender, &shown.from),
        match shown.subject.as_deref().map(str::trim) {
            Some("") => Cell::short("(no subject)", subject),
            _ => Cell::text(subject),
        },
    ];
    Ok(output.row(table, &cells)?)
}

/// Reads the next header; if the server has no TOP it is not asked again.
fn header(session: &mut Session<Transaction>, window: &mut Window, has_top: &mut bool) -> Result<Shown> {
    let mut bytes = Vec::new();
    let asked = window.receive(session, |chunk| {
        let room = MAX_HEADER.saturating_sub(bytes.len());
        bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
    });
    match asked {
        Ok(_) => Ok(of_header(&bytes)),
        Err(error) if error.kind() == Kind::Refused => {
            *has_top = session.capabilities().is_some_and(|these| these.top());
            Ok(Shown::default())
        }
        Err(error) => Err(error.into()),
    }
}

/// Decodes the fields that are shown, the first of each name. What is no field leaves them empty, which is no error.
fn of_header(bytes: &[u8]) -> Shown {
    let first = |name| header::fields(bytes).find(|field| field.is(name)).map(|field| field.body);
    of_bodies(first("Date"), first("From"), first("Subject"))
}

fn of_fields(fields: &Fields) -> Shown {
    of_bodies(fields.date.as_deref(), fields.from.as_deref(), fields.subject.as_deref())
}

fn of_bodies(date: Option<&[u8]>, from: Option<&[u8]>, subject: Option<&[u8]>) -> Shown {
    Shown {
        date: date.and_then(header::date::parse),
        from: from.map(header::text).unwrap_or_default(),
        sender: from.map(header::address::name).unwrap_or_default(),
        subject: Some(subject.map(header::text).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_the_fields_of_a_header() {
        let known = of_header(
            b"Date: Fri, 21 Nov 1997 09:55:06 -0600\r\nFrom: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\r\nSubject: =?iso-8859-1?q?caf=E9?=\r\n folded\r\n\r\n",
        );
        assert_eq!(known.date.map(Timestamp::as_second), Some(880_127_706));
        assert_eq!(known.from, "J\u{fc}rgen <j@example.org>");
        assert_eq!(known.sender, "J\u{fc}rgen");
        assert_eq!(known.subject.as_deref(), Some("caf\u{e9} folded"));
    }

    #[test]
    fn a_header_that_is_none_leaves_the_fields_empty() {
        for bytes in [&b""[..], b"\xff\xfe\0", b"no colon here\r\n", b"Subject"] {
            let known = of_header(bytes);
            assert!(known.date.is_none() && known.from.is_empty(), "{bytes:?}");
        }
    }
}
