//! The whole command line: its commands and options, but not what they do. Texts here are also
//! the manual pages and the completions (`generate.rs`).

mod auth;
mod complete;
mod fetch;
mod json;
mod list;
mod local;
mod message;
mod problems;
mod server;
mod verbs;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::builder::{PathBufValueParser, PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, Parser, Subcommand, ValueHint};
use pop3::account::{Globals, TraceTo, When, values};

pub(crate) use self::auth::{AuthArgs, AuthCommand, AuthFlow};
pub(crate) use self::complete::{command, parse, variable};
pub(crate) use self::fetch::FetchArgs;
pub(crate) use self::list::{ListArgs, ListOptions, SortBy};
pub(crate) use self::local::{
    CompletionsArgs, ConfigArgs, ConfigCommand, ConfigShowArgs, GenerateArgs, Generated, StateArgs,
    StateCommand,
};
pub(crate) use self::message::{MessageArg, Position};
pub(crate) use self::problems::{Named, ProblemsArgs};
pub(crate) use self::server::{ServerArgs, WhichArgs};
pub(crate) use self::verbs::{
    CapaArgs, CheckArgs, DeleArgs, LastArgs, NoopArgs, RetrArgs, ShellArgs, StatArgs, TopArgs, UidlArgs,
};

/// The examples, which the short help and the long one share.
macro_rules! examples {
    () => {
        "\
Examples:
  pop3 demo                                      see it work, without a server
  pop3 list -s pop3s://me@pop.example.com        what is there?
  pop3 fetch -s pop3s://me@pop.example.com --to ~/Mail/
  pop3 fetch                                     all accounts of the configuration file
  pop3 config check                              is the configuration file correct?"
    };
}

/// Fetches mail from POP3 servers: never loses a message, never delivers one twice
///
/// Fetches mail from POP3 servers into a Maildir, an mbox or a command, and has a command for every verb of
/// the protocol. Even if a run is killed, or the connection or the power fails, no message is lost, and none is
/// delivered twice into a Maildir or an mbox; a delivery command may get one message again after a kill.
#[derive(Debug, Parser)]
#[command(name = "pop3", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = examples!())]
#[command(after_long_help = concat!(examples!(), "

Configuration:
  $XDG_CONFIG_HOME/pop3/config.toml, usually ~/.config/pop3/config.toml:

    default-account = \"work\"

    [defaults]
    deliver = \"maildir:~/Mail/inbox\"

    [account.work]
    server = \"pop3s://pop.example.com\"
    user = \"me@example.com\"
    password-command = \"pass show mail/work\"
    keep = \"14d\"

  Every option has a key of its name there (--to is called deliver), and an environment
  variable: POP3_MAX_SIZE for --max-size. Options take precedence over variables, and variables
  over the file. Paths in the file are absolute or begin with ~/ or $CREDENTIALS_DIRECTORY/.
  pop3-config(5) has every key.

  State is in $XDG_STATE_HOME/pop3, usually ~/.local/state/pop3: a journal for each maildrop,
  USER@HOST.journal. `pop3 auth login` stores a password in the desktop's keyring, unless the file
  has keyring = false or POP3_KEYRING is off."))]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command understands.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Print only errors
    #[arg(short, long, global = true, env = "POP3_QUIET", hide_env_values = true, value_parser = WithoutLineEnd(values::truth))]
    pub(crate) quiet: bool,
    /// Print the steps; -vv also prints a line for each fetched message
    #[arg(short, long, global = true, env = "POP3_VERBOSE", hide_env_values = true)]
    #[arg(action = ArgAction::Count, value_parser = WithoutLineEnd(verbosity))]
    pub(crate) verbose: u8,
    /// Write the dialogue with the server to standard error, or to FILE, secrets hidden
    ///
    /// Prints a line for each command and each line of an answer, with the time. A message is one line that says
    /// how many octets it has. Appends to FILE; if it does not exist, it is created, readable by its owner only. The key trace and
    /// the variable POP3_TRACE take true, false, or a path.
    #[arg(long, value_name = "FILE", global = true, num_args = 0..=1, require_equals = true, overrides_with = "trace")]
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) trace: Option<Option<PathBuf>>,
    /// Print JSON, one object a line
    ///
    /// Results on standard output; errors, warnings and notes on standard error. Each object has a type and a time;
    /// `pop3 generate schema` describes all of them.
    #[arg(long, global = true, env = "POP3_JSON", hide_env_values = true, value_parser = WithoutLineEnd(values::truth))]
    pub(crate) json: bool,
    /// Use colour: auto, always or never
    #[arg(long, value_name = "WHEN", global = true, env = "POP3_COLOR", hide_env_values = true)]
    #[arg(value_parser = WithoutLineEnd(when()), hide_possible_values = true)]
    pub(crate) color: Option<When>,
    /// Show progress bars: auto, always or never
    #[arg(long, value_name = "WHEN", global = true, env = "POP3_PROGRESS", hide_env_values = true)]
    #[arg(value_parser = WithoutLineEnd(when()), hide_possible_values = true)]
    pub(crate) progress: Option<When>,
    /// Read this configuration file instead of the usual one
    #[arg(long, value_name = "FILE", global = true, env = "POP3_CONFIG", hide_env_values = true)]
    #[arg(value_hint = ValueHint::FilePath, value_parser = WithoutLineEnd(PathBufValueParser::new()))]
    pub(crate) config: Option<PathBuf>,
}

/// What the program prints, and how: the global options, completed from the configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DisplayOptions {
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    /// Whether each message that is fetched has a line.
    pub(crate) each_message: bool,
    pub(crate) json: bool,
    pub(crate) color: When,
    pub(crate) progress: When,
}

impl GlobalArgs {
    /// What `--trace` says; `home` is what a `~` at the front of a path stands for.
    pub(crate) fn trace(&self, home: Option<&Path>) -> Option<TraceTo> {
        self.trace.as_ref().map(|file| match file {
            None => TraceTo::StandardError,
            Some(path) => {
                path.to_str().map_or_else(|| TraceTo::File(path.clone()), |text| TraceTo::parse(text, home))
            }
        })
    }

    /// These options, and for those that are not given what the file says. Quiet and verbose together are
    /// verbose.
    pub(crate) fn with_defaults(&self, file: &Globals) -> DisplayOptions {
        let silent = !self.quiet && self.verbose == 0;
        let verbose = self.verbose > 0 || silent && file.verbose.unwrap_or(false);
        DisplayOptions {
            quiet: !verbose && (self.quiet || silent && file.quiet.unwrap_or(false)),
            verbose,
            each_message: self.verbose > 1,
            json: self.json || file.json.unwrap_or(false),
            color: self.color.or(file.color).unwrap_or_default(),
            progress: self.progress.or(file.progress).unwrap_or_default(),
        }
    }
}

/// Parses a value; one from a variable may end in a line end, which is not part of it.
#[derive(Debug, Clone)]
struct WithoutLineEnd<P>(P);

impl<P: TypedValueParser> TypedValueParser for WithoutLineEnd<P> {
    type Value = P::Value;

    fn parse_ref(
        &self,
        command: &clap::Command,
        option: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<P::Value, clap::Error> {
        self.0.parse_ref(command, option, &values::without_line_end(value.to_owned()))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        self.0.possible_values()
    }
}

/// How often `-v` is given, from a variable: a number, or a word for yes or no.
fn verbosity(text: &str) -> Result<u8, String> {
    text.parse().or_else(|_| values::truth(text).map(u8::from))
}

fn when() -> impl TypedValueParser<Value = When> {
    PossibleValuesParser::new(["auto", "always", "never"]).try_map(|text| text.parse::<When>())
}

/// The commands, in the order of the manual.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Fetch(Box<FetchArgs>),
    Problems(Box<ProblemsArgs>),
    List(Box<ListArgs>),
    Stat(Box<StatArgs>),
    Uidl(Box<UidlArgs>),
    Capa(Box<CapaArgs>),
    Top(Box<TopArgs>),
    Retr(Box<RetrArgs>),
    Dele(Box<DeleArgs>),
    Last(Box<LastArgs>),
    Noop(Box<NoopArgs>),
    Shell(Box<ShellArgs>),
    Check(Box<CheckArgs>),
    Auth(AuthArgs),
    State(Box<StateArgs>),
    /// List the accounts that are configured
    Accounts,
    Config(ConfigArgs),
    /// Show how pop3 works, with a built-in server and sample mail
    ///
    /// Starts a POP3 server on the loopback interface with a dozen sample messages, fetches them into the
    /// folder pop3-demo, fetches again to show that nothing is delivered twice, and lists the messages. Nothing leaves this computer, and no configuration is read.
    Demo,
    Completions(CompletionsArgs),
    #[command(hide = true)]
    Generate(GenerateArgs),
}

#[cfg(test)]
#[path = "args/tests.rs"]
mod tests;
