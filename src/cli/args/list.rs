//! The options of `list`: which messages, and in which order.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use pop3::account::values;

use super::message::{self, MessageArg};
use super::server::ServerArgs;

/// List the messages: number, octets, date, from, subject, new or fetched
///
/// Dates, senders and subjects come from the header of each message (TOP). Whether a message is new or was
/// fetched comes from the journal.
///
/// On a terminal a list that is longer than the screen is shown with $PAGER (`less` if it is not set; no pager if it
/// is empty or `cat`), new messages are bold, and a narrow screen has fewer columns. In a pipe each message is a
/// line, printed as soon as it is known, with tabs between number, octets, date (RFC 3339), state, sender and
/// subject, and nothing is shortened.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pop3 list                             the default account
  pop3 list -a work last:20             the last twenty messages
  pop3 list new --from example.com      what is new from there
  pop3 list --larger 10M --sort size    the large ones, the largest last
  pop3 list --json | jq .")]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) options: ListOptions,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Which messages `list` shows, and in which order. The default is all of them, by number.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Which messages, and in which order")]
pub(crate) struct ListOptions {
    /// The messages to list, such as 7, 3-7, 195-, 1,3,5, first, last, last:10, new, uid:UNIQUE-ID [default: all]
    ///
    /// A number, a range (3-7, or 195- up to the last), a list (1,3,5-9), first, last, last:10 (the last ten), all,
    /// new (not fetched yet, according to the journal), or uid:UNIQUE-ID (everything after uid: is the unique-id). Each
    /// message is used once, in the order given. A message that does not exist is an error, but all, new and last:10
    /// may match none.
    #[arg(value_name = "MSG", value_parser = message::parser(), help_heading = None::<&str>)]
    pub(crate) messages: Vec<MessageArg>,
    /// List only messages that were not fetched yet, according to the journal
    #[arg(long)]
    pub(crate) new: bool,
    /// List only messages with TEXT in the From field (name or address), ignoring case
    #[arg(long, value_name = "TEXT")]
    pub(crate) from: Option<String>,
    /// List only messages with TEXT in the subject, ignoring case
    #[arg(long, value_name = "TEXT")]
    pub(crate) subject: Option<String>,
    /// List only messages larger than SIZE: 500k, 10M
    #[arg(long, value_name = "SIZE", value_parser = values::size)]
    pub(crate) larger: Option<u64>,
    /// Sort by number, date, size, from or subject, in ascending order [default: as named]
    ///
    /// Equal messages stay in the order of their numbers; those without a date come last. A list sorted by date,
    /// from or subject is shown only when it is complete.
    #[arg(long, value_name = "BY", value_parser = sort(), hide_possible_values = true)]
    pub(crate) sort: Option<SortBy>,
    /// Reverse the order
    #[arg(long)]
    pub(crate) reverse: bool,
}

/// What `--sort` compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SortBy {
    /// Message-numbers.
    Number,
    /// The time in the Date field.
    Date,
    /// The declared octets.
    Size,
    /// The sender as shown, without regard to case.
    From,
    /// The subject, without regard to case.
    Subject,
}

fn sort() -> impl TypedValueParser<Value = SortBy> {
    PossibleValuesParser::new(["number", "date", "size", "from", "subject"]).map(|word| match word.as_str() {
        "date" => SortBy::Date,
        "size" => SortBy::Size,
        "from" => SortBy::From,
        "subject" => SortBy::Subject,
        _ => SortBy::Number,
    })
}
