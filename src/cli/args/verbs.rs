//! The commands that are one verb of the protocol each, the interactive session that has all of them, and
//! `check`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::message::{self, MessageArg};
use super::server::ServerArgs;

/// Show how many messages there are, and their total octets (STAT)
///
/// The server is asked. `pop3 state show` shows what earlier runs recorded, without asking the server.
#[derive(Debug, Args)]
pub(crate) struct StatArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Show the unique-ids of messages (UIDL)
#[derive(Debug, Args)]
pub(crate) struct UidlArgs {
    /// The messages to show, such as 7, 3-7, 195-, 1,3,5, first, last, last:10, new, uid:UNIQUE-ID [default: all]
    ///
    /// A number, a range (3-7, or 195- up to the last), a list (1,3,5-9), first, last, last:10 (the last ten), all,
    /// new (not fetched yet, according to the journal), or uid:UNIQUE-ID (everything after uid: is the unique-id). Each
    /// message is used once, in the order given. A message that does not exist is an error, but all, new and last:10
    /// may match none.
    #[arg(value_name = "MSG", value_parser = message::parser())]
    pub(crate) messages: Vec<MessageArg>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Show the server's capabilities, before and after sign-in (CAPA)
#[derive(Debug, Args)]
pub(crate) struct CapaArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Show the header and the first lines of a message (TOP)
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pop3 top last             the header of the newest message
  pop3 top 3 10             the header of message 3 and ten lines of its body")]
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
/// The bytes are exactly those that the server sent: line ends stay CR LF, nothing is added or left out.
/// On standard output several messages follow each other without a separator. The journal is not touched.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pop3 retr last | less
  pop3 retr uid:00000a1b -o message.eml
  pop3 retr 3-7 -o mail/    mail/3.eml to mail/7.eml")]
pub(crate) struct RetrArgs {
    /// The messages to write, such as 7, 3-7, 195-, 1,3,5, first, last, last:10, all, new, uid:UNIQUE-ID
    ///
    /// A number, a range (3-7, or 195- up to the last), a list (1,3,5-9), first, last, last:10 (the last ten), all,
    /// new (not fetched yet, according to the journal), or uid:UNIQUE-ID (everything after uid: is the unique-id). Each
    /// message is used once, in the order given. A message that does not exist is an error, but all, new and last:10
    /// may match none.
    #[arg(value_name = "MSG", required = true, value_parser = message::parser())]
    pub(crate) messages: Vec<MessageArg>,
    /// Write to this file or folder instead of standard output
    ///
    /// A file can hold one message, and is created only when that is complete. A folder gets one file for each message,
    /// named by its number: 7.eml. A name that ends in / is a folder, which is created if it does not exist. Existing
    /// files are overwritten only with --force. Pipes and devices can be written to, symbolic links are followed.
    #[arg(short, long, value_name = "FILE|DIR/", value_hint = ValueHint::AnyPath)]
    pub(crate) output: Option<PathBuf>,
    /// Overwrite files that exist already
    ///
    /// In a folder that may destroy another message: a message-number is valid in one session only, so that 7.eml of
    /// an earlier run need not be the message that has number 7 now. Name another folder to keep both.
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Delete messages on the server (DELE)
///
/// Asks for confirmation on a terminal; without one it needs --yes. The server deletes the messages for good when
/// the session ends properly, whether they were fetched or not.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pop3 dele 3-7
  pop3 dele --yes uid:00000a1b")]
pub(crate) struct DeleArgs {
    /// The messages to delete, such as 7, 3-7, 195-, 1,3,5, first, last, last:10, all, new, uid:UNIQUE-ID
    ///
    /// A number, a range (3-7, or 195- up to the last), a list (1,3,5-9), first, last, last:10 (the last ten), all,
    /// new (not fetched yet, according to the journal), or uid:UNIQUE-ID (everything after uid: is the unique-id). Each
    /// message is used once, in the order given. A message that does not exist is an error, but all, new and last:10
    /// may match none.
    #[arg(value_name = "MSG", required = true, value_parser = message::parser())]
    pub(crate) messages: Vec<MessageArg>,
    /// Delete without asking
    #[arg(short, long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Show the highest message-number accessed so far, if the server supports LAST
#[derive(Debug, Args)]
pub(crate) struct LastArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Sign in, send NOOP, and sign out, to test the sign-in
#[derive(Debug, Args)]
pub(crate) struct NoopArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Start an interactive session with every verb of the protocol
///
/// It begins with the number of messages and their size; `help` lists the verbs. `dele` marks messages for deletion
/// and `rset` unmarks them; `quit` deletes the marked ones, on a terminal after asking; `abort`, the end of the input
/// and a lost connection delete nothing. `raw` sends a line unchanged, `trace on` shows the dialogue, `save` writes a
/// message into a new file. From a pipe the same verbs are read line by line, without questions.
///
/// On a terminal it completes verbs and keeps a history, except of lines that may contain a secret.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pop3 shell -a work
  printf 'dele 3-7\\nquit\\n' | pop3 shell -a work")]
pub(crate) struct ShellArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Check the server, the sign-in and the destination, and say what to do
///
/// Checks the server's name and addresses, its certificate (with the days left and the pin to copy), its
/// capabilities, each mechanism that it offers and the account has credentials for, its deviations from the
/// standard, what it announces about login delays and about keeping mail, and whether the destination can be
/// written to. Then it prints an account for the configuration file. A refused password is not tried with another
/// mechanism. Nothing is retrieved, deleted or written. With --json each finding is an object, for monitoring.
/// With several accounts the exit code is that of the worst result.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pop3 check -a work
  pop3 check --all                every account that is enabled
  pop3 check --server pop3s://me@pop.example.com
  pop3 check -a work --json | jq 'select(.verdict != \"ok\")'")]
pub(crate) struct CheckArgs {
    /// Check all accounts of the configuration file that are enabled
    #[arg(long, conflicts_with_all = ["accounts", "server"])]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}
