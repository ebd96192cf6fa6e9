//! The commands that are one verb of the protocol each, and the session that has them all.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::message::{self, MessageArg};
use super::server::ServerArgs;

/// List the messages: number, octets, date, from, subject, new or fetched
///
/// Dates, senders and subjects come from the headers of each message (TOP). Whether a message is new
/// or was fetched is looked up in the journal.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pop3 list                 the default account
  pop3 list -a work 3-7 last
  pop3 list --json | jq .")]
pub(crate) struct ListArgs {
    /// The messages to list: a number, a range 3-7, first, last, or uid:UNIQUE-ID; all without any
    #[arg(value_name = "MSG", value_parser = message::parser())]
    pub(crate) messages: Vec<MessageArg>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Show the drop listing: how many messages there are, and their octets (STAT)
#[derive(Debug, Args)]
pub(crate) struct StatArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Show the unique-ids of messages (UIDL)
#[derive(Debug, Args)]
pub(crate) struct UidlArgs {
    /// The messages to show: a number, a range 3-7, first, last, or uid:UNIQUE-ID; all without any
    #[arg(value_name = "MSG", value_parser = message::parser())]
    pub(crate) messages: Vec<MessageArg>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Show what the server can do, before and after sign-in (CAPA)
#[derive(Debug, Args)]
pub(crate) struct CapaArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Show the headers and the first lines of a message (TOP)
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pop3 top last             the headers of the newest message
  pop3 top 3 10             and ten lines of the third one's body")]
pub(crate) struct TopArgs {
    /// The message: a number, first, last, or uid:UNIQUE-ID
    #[arg(value_name = "MSG", value_parser = message::single())]
    pub(crate) message: MessageArg,
    /// How many lines of the body to show
    #[arg(value_name = "LINES", default_value_t = 0)]
    pub(crate) lines: u32,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Write messages to standard output or a file, byte for byte (RETR)
///
/// The bytes are those of the server: line ends stay CR LF, nothing is added and nothing is left out.
/// Several messages follow each other without a separator. The journal is not touched.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pop3 retr last | less
  pop3 retr uid:00000a1b -o message.eml")]
pub(crate) struct RetrArgs {
    /// The messages to write: a number, a range 3-7, first, last, or uid:UNIQUE-ID
    #[arg(value_name = "MSG", required = true, value_parser = message::parser())]
    pub(crate) messages: Vec<MessageArg>,
    /// Write into this file instead of standard output
    ///
    /// A pipe or a device is written into; a symbolic link is followed, and stays.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Delete messages on the server (DELE)
///
/// Asks on a terminal; needs --yes without one. The messages are gone for good once the session has
/// ended properly, whether they were fetched or not.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pop3 dele 3-7
  pop3 dele --yes uid:00000a1b")]
pub(crate) struct DeleArgs {
    /// The messages to delete: a number, a range 3-7, first, last, or uid:UNIQUE-ID
    #[arg(value_name = "MSG", required = true, value_parser = message::parser())]
    pub(crate) messages: Vec<MessageArg>,
    /// Delete without asking
    #[arg(short, long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Show the highest message-number accessed so far, where the server knows (LAST)
#[derive(Debug, Args)]
pub(crate) struct LastArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Sign in, do nothing and leave: does it work? (NOOP)
#[derive(Debug, Args)]
pub(crate) struct NoopArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Hold an interactive session with every verb of the protocol
///
/// Has completion, a history and a help of its own. RSET takes back what was deleted in the session.
#[derive(Debug, Args)]
pub(crate) struct ShellArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Check everything between here and the mail, and say what to do
///
/// Looks at the name and the addresses of the server, its certificate (with the days it has left and the
/// pin to copy), what it announces, each way of signing in that it offers and the account can do, what is
/// odd about it, what it promises about sign-ins and about keeping mail, and suggests a configuration.
/// Nothing is retrieved, deleted or written. With --json each finding is an object, for monitoring.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pop3 check -a work
  pop3 check --server pop3s://me@pop.example.com
  pop3 check -a work --json | jq 'select(.verdict != \"ok\")'")]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}
