//! The commands that need no server: the journal, the configuration, the generated files.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

use super::fetch::FetchArgs;
use super::message::{self, MessageArg};
use super::server::{ServerArgs, WhichArgs};

/// Show the journal of fetched messages, or remove entries from it
///
/// The journal records what earlier runs did; `pop3 stat` and `pop3 list` show what is on the server. It belongs
/// to a maildrop (USER@HOST, or the account's key maildrop), not to the name of the account.
#[derive(Debug, Args)]
pub(crate) struct StateArgs {
    #[command(subcommand)]
    pub(crate) command: StateCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StateCommand {
    /// Show what the journal records about each message
    #[command(after_help = "Example:\n  pop3 state show -a work")]
    Show(ShowArgs),
    /// Forget messages, so that they are fetched again if they are still on the server
    #[command(
        after_help = "Examples:\n  pop3 state forget -a work uid:00000a1b\n  pop3 state forget -a work --all"
    )]
    Forget(Box<ForgetArgs>),
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ForgetArgs {
    /// The messages to forget: uid:UNIQUE-ID, or a number, a range 3-7, a list 1,3,5, first, last, last:10 or all (all but uid: need the server)
    #[arg(value_name = "MSG", required_unless_present = "all", conflicts_with = "all")]
    #[arg(value_parser = message::parser())]
    pub(crate) messages: Vec<MessageArg>,
    /// Forget all messages
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Check the configuration file, or show the effective settings
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show every mistake in the configuration file, with its line and what to do
    Check,
    /// Show the effective settings of an account, and where each comes from
    ///
    /// Combines the account's table and [defaults] in the configuration file, the POP3_ variables and the options
    /// given here, as fetch does. Secrets are hidden. Without --account all accounts are shown.
    #[command(after_help = "Examples:\n  pop3 config show -a work\n  pop3 config show -a work --keep 14d")]
    Show(Box<ConfigShowArgs>),
}

#[derive(Debug, Args)]
pub(crate) struct ConfigShowArgs {
    #[command(flatten)]
    pub(crate) fetch: FetchArgs,
}

/// Print the completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pop3 completions bash > ~/.local/share/bash-completion/completions/pop3
  pop3 completions zsh > ~/.zfunc/_pop3
  pop3 completions fish > ~/.config/fish/completions/pop3.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell: bash, zsh, fish, elvish or powershell
    #[arg(value_name = "SHELL", hide_possible_values = true)]
    pub(crate) shell: Shell,
}

/// Write the manual pages or the completions, or print the schema of --json
#[derive(Debug, Args)]
pub(crate) struct GenerateArgs {
    /// What to write
    pub(crate) what: Generated,
    /// The folder to write into, instead of man or completions in the current one
    #[arg(short, long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Generated {
    /// A manual page for each command
    Man,
    /// Completions for bash, zsh, fish, elvish and PowerShell
    Completions,
    /// To standard output: the JSON Schema of every line of --json
    Schema,
}
