//! `pop3 list`: a table of the messages, with the header fields a person knows them by.

use anyhow::Result;
use jiff::Timestamp;
use mailparse::{MailHeader, MailHeaderMap};
use pop3::account::Account;
use pop3::error::Kind;
use pop3::fetch::Journal;
use pop3::fetch::journal::{State, View};
use pop3::fetch::maildrop;
use pop3::protocol::Message;
use pop3::session::{Ahead, Session, Transaction, Window};

use super::args::MessageArg;
use super::context::Context;
use super::messages;
use super::output::json::Object;
use super::output::table::{Cell, Table};
use super::output::{Output, human};

/// The most of a header that is looked at; real ones stay far below.
const MAX_HEADER: usize = 256 * 1024;

/// What is shown of a header.
#[derive(Debug, Default)]
struct Known {
    date: Option<Timestamp>,
    from: String,
    subject: String,
}

/// Prints a row a message, as they come in.
pub(crate) fn run(context: &Context, account: &Account, named: &[MessageArg]) -> Result<()> {
    let output = context.output();
    let folder = context.environment().state_folder()?;
    let view = Journal::peek(&maildrop::journal_of(&folder, &account.journal_owner()))?;
    let mut session = context.sign_in(account)?;
    let maildrop = session.maildrop()?;
    let numbers = match named {
        [] => maildrop.messages().map(|message| message.number).collect(),
        named => messages::resolve(&mut session, named)?,
    };
    let table = Table::of_messages(numbers.iter().copied().max().unwrap_or(0), output.width());
    if !output.is_json() && !numbers.is_empty() {
        output.heading(&table)?;
    }
    let mut has_top = true;
    let mut window = Window::new(Ahead::Headers);
    let mut wanted = numbers.iter().map(|number| (*number, None)).peekable();
    for number in &numbers {
        if has_top {
            window.fill(&mut session, &mut wanted)?;
        }
        let known =
            if window.is_dry() { Known::default() } else { header(&mut session, &mut window, &mut has_top)? };
        let Some(message) = maildrop.message(*number) else { continue };
        show(output, &table, &message, &known, is_fetched(view.as_ref(), &message))?;
    }
    if !has_top {
        output.note("the server has no TOP, so date, sender and subject stay unknown");
    }
    session.quit()?;
    Ok(())
}

fn show(output: &Output, table: &Table, message: &Message<'_>, known: &Known, fetched: bool) -> Result<()> {
    let state = if fetched { "fetched" } else { "new" };
    if output.is_json() {
        let object = Object::new()
            .put("number", message.number)
            .put("octets", message.octets)
            .put_unique_id(message.unique_id)
            .put("date", known.date.map(|date| date.to_string()))
            .put("state", state)
            .put("from", &known.from)
            .put("subject", &known.subject);
        return Ok(output.object(object)?);
    }
    let cells = [
        Cell::number(message.number),
        Cell::size(message.octets),
        Cell::time(known.date),
        Cell::text(state),
        Cell::text(&known.from),
        Cell::text(&known.subject),
    ];
    Ok(output.row(table, &cells)?)
}

/// Reads the next header; a server that has no TOP is not asked again.
fn header(session: &mut Session<Transaction>, window: &mut Window, has_top: &mut bool) -> Result<Known> {
    let mut bytes = Vec::new();
    let asked = window.receive(session, |chunk| {
        let room = MAX_HEADER.saturating_sub(bytes.len());
        bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
    });
    match asked {
        Ok(_) => Ok(known(&bytes)),
        Err(error) if error.kind() == Kind::Refused => {
            *has_top = session.capabilities().is_some_and(|these| these.top());
            Ok(Known::default())
        }
        Err(error) => Err(error.into()),
    }
}

/// Decodes what is shown. A header that cannot be parsed leaves its fields empty: a table is no place
/// to judge mail.
fn known(bytes: &[u8]) -> Known {
    let Ok((headers, _)) = mailparse::parse_headers(bytes) else { return Known::default() };
    let field = |name: &str| headers.get_first_header(name).map(MailHeader::get_value).unwrap_or_default();
    Known { date: human::date_of(&field("Date")), from: field("From"), subject: field("Subject") }
}

fn is_fetched(view: Option<&View>, message: &Message<'_>) -> bool {
    let (Some(view), Some(unique_id)) = (view, message.unique_id) else { return false };
    view.find(unique_id).any(|entry| entry.state == State::Delivered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_the_fields_of_a_header() {
        let known = known(
            b"Date: Fri, 21 Nov 1997 09:55:06 -0600\r\nFrom: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\r\nSubject: =?iso-8859-1?q?caf=E9?=\r\n folded\r\n\r\n",
        );
        assert_eq!(known.date.map(Timestamp::as_second), Some(880_127_706));
        assert_eq!(known.from, "J\u{fc}rgen <j@example.org>");
        assert_eq!(known.subject, "caf\u{e9} folded");
    }

    #[test]
    fn a_header_that_is_none_leaves_the_fields_empty() {
        for bytes in [&b""[..], b"\xff\xfe\0", b"no colon here\r\n", b"Subject"] {
            let known = known(bytes);
            assert!(known.date.is_none() && known.from.is_empty(), "{bytes:?}");
        }
    }
}
