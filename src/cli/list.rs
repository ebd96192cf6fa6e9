//! `pop3 list`: a table of the messages, with date, sender and subject.

mod headers;
mod layout;
mod order;
mod row;

use anyhow::Result;
use pop3::account::Account;
use pop3::error::{Error, Kind};
use pop3::fetch::journal::View;
use pop3::fetch::policy::Keep;
use pop3::fetch::{Journal, Policy, Survey};

use self::headers::Headers;
use self::layout::Layout;
use self::order::Order;
use self::row::{Filter, Row};
use super::args::ListOptions;
use super::context::Context;
use super::decoded::Decoded;
use super::messages;
use super::output::table::Table;
use super::output::{Emphasis, Output, human};

/// The most octets of texts that are held to be sorted.
const MAX_HELD: usize = 256 << 20;

/// Prints a row a message, as they come in, or once they can be sorted.
pub(crate) fn run(context: &Context, account: &Account, options: &ListOptions) -> Result<()> {
    let output = context.output();
    let view = Journal::peek(&context.journal_of(account)?)?.unwrap_or_else(View::default);
    let (mut session, maildrop) = context.look(account)?;
    let mut survey = Survey::new(maildrop, true);
    // Nothing is fetched or deleted here, so a message may stay unidentified.
    survey.name(&mut session, &Policy { keep: Keep::None, ..Policy::default() })?;
    let listed = survey.listed();
    let known = survey.known(&mut session, &listed, &view)?;
    let place = |number: u32| listed.binary_search_by_key(&number, |message| message.number).ok();
    let mut numbers = match options.messages.as_slice() {
        [] => listed.iter().map(|message| message.number).collect(),
        named => {
            let all = listed.iter().zip(&known);
            let new: Vec<u32> =
                all.filter(|(_, known)| !**known).map(|(message, _)| message.number).collect();
            messages::find(named, survey.maildrop(), &new)?
        }
    };
    let filter = Filter::new(options);
    numbers
        .retain(|number| place(*number).is_some_and(|at| filter.fits_listing(listed[at].octets, known[at])));
    let order = Order { sort: options.sort, reverse: options.reverse };
    order.sort_numbers(&mut numbers, |number| place(number).and_then(|at| listed[at].octets));

    let mut screen = Screen::new(output, &account.name, numbers.iter().copied().max().unwrap_or(0));
    // A line for the headings, and one for the end. How many rows pass a filter is seen as they come.
    let is_traced = context.traces().are_on_standard_error(account);
    let pages = || output.page(numbers.len() + 2, !filter.needs_headers());
    let paging = if is_traced { None } else { pages() };
    let _signals = paging.is_some().then(|| context.signals().leave_to_pager());
    let mut headers = Headers::new(numbers.iter().copied().filter(|number| survey.fields(*number).is_none()));
    let (mut held, mut octets_held) = (Vec::new(), 0);
    for number in numbers {
        let decoded = match survey.fields(number) {
            Some(fields) => Decoded::from_fields(fields),
            None => headers.next(&mut session, output)?,
        };
        let Some(at) = place(number).filter(|_| filter.fits_header(&decoded)) else { continue };
        // As the server sent it: a unique-id that was made from the header is not its own.
        let unique_id = survey.maildrop().message(number).and_then(|message| message.unique_id);
        let (octets, unique_id) = (listed[at].octets, unique_id.map(<[u8]>::to_vec));
        let row = Row { number, octets, unique_id, fetched: known[at], decoded };
        if !order.needs_headers() {
            screen.show(&row)?;
            continue;
        }
        octets_held += row.decoded.size();
        if octets_held > MAX_HELD {
            let says = "the headers are too large to be sorted";
            return Err(Error::new(Kind::Data, says)
                .hint("without --sort each is shown as soon as it is known")
                .into());
        }
        held.push(row);
    }
    session.leave();
    order.sort_rows(&mut held);
    held.iter().try_for_each(|row| screen.show(row))?;
    screen.end(survey.maildrop().len())?;
    paging.map_or(Ok(()), |paging| paging.finish())?;
    if !headers.has_top() {
        output.note("the server has no TOP, so date, sender and subject stay unknown");
    }
    Ok(())
}

/// What is shown, and counted for the last line.
struct Screen<'o> {
    output: &'o Output,
    account: &'o str,
    layout: Layout,
    table: Table,
    shown: usize,
    new: usize,
    octets: u64,
}

impl<'o> Screen<'o> {
    fn new(output: &'o Output, account: &'o str, highest: u32) -> Screen<'o> {
        let layout = if output.is_for_people() { Layout::for_width(output.width()) } else { Layout::Full };
        let table = layout.table(highest, output.width());
        Screen { output, account, layout, table, shown: 0, new: 0, octets: 0 }
    }

    fn show(&mut self, row: &Row) -> Result<()> {
        if self.output.is_json() {
            return row.put_object(self.output, self.account);
        }
        if self.shown == 0 {
            self.output.heading(&self.table)?;
        }
        self.shown += 1;
        self.new += usize::from(!row.fetched);
        self.octets = self.octets.saturating_add(row.octets.unwrap_or(0));
        let emphasis = if row.fetched { Emphasis::Dim } else { Emphasis::Bold };
        Ok(self.output.row_in(emphasis, &self.table, &self.layout.cells(row))?)
    }

    /// The last line, on a terminal: how much was shown, of a maildrop of `all`.
    fn end(&self, all: usize) -> Result<()> {
        if self.output.is_json() || !self.output.is_for_people() {
            return Ok(());
        }
        let what = match all == self.shown {
            true => human::count(all as u64, "message"),
            false => format!("{} of {}", self.shown, human::count(all as u64, "message")),
        };
        let end = match self.shown {
            0 => what,
            _ => format!("{what}, {}, {} new", human::size(self.octets), self.new),
        };
        Ok(self.output.closing(&end)?)
    }
}
