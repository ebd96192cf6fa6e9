//! Errors in the arguments, printed like every other error: `pop3: …`, then `hint: …`, exit code 64. Converts
//! clap's errors into the library's, and for the options and commands of other programs names those of this one.

use std::error::Error as _;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use pop3::account::values;
use pop3::advice::Elsewhere;
use pop3::error::{Error, Kind};
use pop3::quote;

use super::output::{Output, Settings};
use super::report::{self, ExitCode};
use super::{advice, args};

/// Commands of other programs and of habit, and what to use here.
const COMMANDS: [(&[&str], &str); 16] = [
    (&["get", "download", "pull", "sync", "mirror", "receive", "poll"], "`pop3 fetch` fetches new messages"),
    (&["delete", "rm", "del", "remove"], "`pop3 dele` deletes messages on the server"),
    (&["ls", "dir", "messages", "inbox"], "`pop3 list` lists the messages"),
    (
        &["cat", "show", "view", "read", "open", "save"],
        "`pop3 retr` writes messages to standard output or a file",
    ),
    (&["head", "headers", "header", "peek"], "`pop3 top` shows the header of a message"),
    (&["login", "signin"], "`pop3 auth login` signs in and stores the secret"),
    (&["logout", "signout"], "`pop3 auth logout` removes what is stored"),
    (
        &["status", "info"],
        "`pop3 stat` asks the server; `pop3 state show` and `pop3 problems` show what is recorded of earlier runs",
    ),
    (&["test", "doctor", "verify", "ping", "serverinfo"], "`pop3 check` examines the server and the account"),
    (&["account"], "`pop3 accounts` lists the accounts"),
    (&["failed", "errors", "failures"], "`pop3 problems` lists what could not be fetched"),
    (&["init", "configure", "add", "new"], "accounts are written into config.toml: `pop3 --help` shows one"),
    (&["forget", "reset"], "`pop3 state forget` makes messages count as new"),
    (&["completion", "complete"], "`pop3 completions` prints a completion script"),
    (&["connect", "interactive", "session", "telnet"], "`pop3 shell` is an interactive session"),
    (&["version"], "`pop3 --version` shows it"),
];

/// Prints help and version on standard output and a mistake on standard error; returns the exit code.
pub(crate) fn end(error: &clap::Error) -> ExitCode {
    let json = wants_json();
    let is_help = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand && !json;
    if !error.use_stderr() || is_help {
        // A closed pipe is no error here.
        let _ = error.print();
        return if error.use_stderr() { ExitCode::Usage } else { ExitCode::Done };
    }
    let words: Vec<String> =
        std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    Output::new(Settings { json, ..Settings::default() }).error(&to_error(error, &words).into());
    ExitCode::Usage
}

/// Whether `--json` is among the arguments, or in the environment: of a command line that cannot be used clap tells
/// nothing.
fn wants_json() -> bool {
    let variable = std::env::var("POP3_JSON").unwrap_or_default();
    std::env::args_os().take_while(|word| word != "--").any(|word| word == "--json")
        || values::truth(variable.trim_end()).unwrap_or(false)
}

/// The mistake in these arguments as an error of ours.
fn to_error(error: &clap::Error, words: &[String]) -> Error {
    let found = Found::new(error, words);
    let (sentence, hint) = match error.kind() {
        ErrorKind::UnknownArgument => unknown_argument(&found),
        ErrorKind::InvalidSubcommand => unknown_command(&found),
        ErrorKind::InvalidValue if found.value.is_empty() => {
            (format!("{} needs a value", found.name()), found.see_help())
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => return bad_value(error, &found),
        ErrorKind::ArgumentConflict => {
            let with: Vec<_> = strings(error, ContextKind::PriorArg).iter().map(|arg| bare(arg)).collect();
            match with.iter().all(|other| *other == found.name()) {
                true => (format!("{} may be given only once", found.name()), found.see_help()),
                false => {
                    let with = with.join(", ");
                    (
                        format!("{} and {with} cannot be used together", found.name()),
                        "leave one of them out".to_owned(),
                    )
                }
            }
        }
        ErrorKind::MissingRequiredArgument => {
            let missing: Vec<_> =
                strings(error, ContextKind::InvalidArg).iter().map(|arg| bare(arg)).collect();
            (format!("{} needs {}", found.command, missing.join(" and ")), found.usage.clone())
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            (format!("{} needs a command", found.command), found.see_help())
        }
        // Clap would repeat the value, which may be a password.
        ErrorKind::TooManyValues => (format!("{} takes no value", found.name()), found.see_help()),
        ErrorKind::InvalidUtf8 => ("an argument is not UTF-8".to_owned(), found.see_help()),
        // What clap may add: its own words, without the label and the usage behind them.
        _ => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            (quote::short(first.strip_prefix("error: ").unwrap_or(first)), found.see_help())
        }
    };
    Error::new(Kind::Usage, sentence).hint(hint)
}

/// What clap says about a mistake.
struct Found {
    /// As in `pop3 auth login`.
    command: String,
    /// The usage line of that command.
    usage: String,
    /// The argument that it is about, as clap writes it: `--keep <POLICY>`, or a word that was typed.
    argument: String,
    /// The value that was typed.
    value: String,
    /// The most similar word, if there is one.
    similar: Option<String>,
}

impl Found {
    fn new(error: &clap::Error, words: &[String]) -> Found {
        let first = |kind| strings(error, kind).into_iter().next().unwrap_or_default();
        let usage = match error.get(ContextKind::Usage) {
            Some(ContextValue::StyledStr(text)) => text.to_string(),
            _ => String::new(),
        };
        let similar =
            [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
        Found {
            command: command_in(words),
            usage: format!("usage: {}", usage.trim_start_matches("Usage:").trim()),
            argument: first(ContextKind::InvalidArg),
            value: strings_or(first(ContextKind::InvalidSubcommand), first(ContextKind::InvalidValue)),
            similar: similar.into_iter().map(first).find(|word| !word.is_empty()),
        }
    }

    /// The name of the argument that it is about.
    fn name(&self) -> String {
        bare(&self.argument)
    }

    fn see_help(&self) -> String {
        format!("`{} --help` shows the usage", self.command)
    }
}

/// The command that these arguments name, as in `pop3 auth login`. Clap does not say it with every mistake.
fn command_in(words: &[String]) -> String {
    let (whole, mut path) = (args::command(), String::from("pop3"));
    let mut command = &whole;
    for word in words.iter().filter(|word| !word.starts_with('-')) {
        match command.find_subcommand(word) {
            Some(below) => {
                path.extend([" ", below.get_name()]);
                command = below;
            }
            // Before the command it may be the value of an option.
            None if path == "pop3" => {}
            None => break,
        }
    }
    path
}

/// The texts of that kind.
fn strings(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}

/// An argument without what clap writes around and behind it: `--keep <POLICY>` is --keep, `<MSG>...` is MSG.
fn bare(argument: &str) -> String {
    let name = argument.split([' ', '=']).next().unwrap_or_default();
    quote::short(name.trim_end_matches("...").trim_matches(['<', '>', '[', ']']))
}

/// A word that was typed, between quotes. Of a URL only the scheme: it may contain a password.
fn typed(word: &str) -> String {
    match word.split_once("://") {
        Some((scheme, _)) => format!("\"{}://…\"", quote::short(scheme)),
        None => format!("\"{}\"", quote::short(word)),
    }
}

fn unknown_argument(found: &Found) -> (String, String) {
    let Some(option) = found.argument.strip_prefix('-') else {
        return (format!("{} does not take {}", found.command, typed(&found.argument)), of_word(found));
    };
    let command = &found.command;
    // As typed, without a value: `--password=secret`.
    let shown = quote::short(found.argument.split('=').next().unwrap_or_default());
    let name = option.trim_start_matches('-').split('=').next().unwrap_or_default();
    let whole = args::command();
    let named = found.command.split(' ').skip(1).try_fold(&whole, |above, name| above.find_subcommand(name));
    let is_it = |arg: &clap::Arg| match option.strip_prefix('-') {
        Some(_) => arg.get_long() == Some(name),
        None => arg.get_short() == name.chars().next(),
    };
    if let Some(named) = named.filter(|named| named.get_arguments().any(is_it)) {
        let stands = format!("{shown} stands before the command: it is an option of {}", named.get_name());
        return (stands, format!("write it behind: `{command} {shown} …`"));
    }
    let is_of_another = |below: &&Command| below.get_arguments().any(|arg| arg.get_long() == Some(name));
    if let Some(other) = whole.get_subcommands().filter(|below| !below.is_hide_set()).find(is_of_another) {
        return (format!("{command} has no option {shown}"), format!("`pop3 {}` has it", other.get_name()));
    }
    let hint = match (Elsewhere::of(name), &found.similar) {
        (Some(word), _) if option.starts_with('-') => advice::option_elsewhere(word).to_owned(),
        (_, Some(similar)) => format!("did you mean {}?", bare(similar)),
        _ => found.see_help(),
    };
    (format!("there is no option {shown}"), hint)
}

/// What to do with a word where none is expected, or another kind.
fn of_word(found: &Found) -> String {
    let word = if found.value.is_empty() { &found.argument } else { &found.value };
    let is_name = word.chars().all(|c| c.is_alphanumeric() || "-_.@".contains(c));
    if word.contains("://") {
        format!("name a server with --server: `{} --server URL`", found.command)
    } else if is_name && word.starts_with(char::is_alphabetic) {
        format!("name an account with --account: `{} --account {}`", found.command, quote::short(word))
    } else {
        found.see_help()
    }
}

fn unknown_command(found: &Found) -> (String, String) {
    let typed_word = found.value.as_str();
    let word = typed_word.to_ascii_lowercase();
    let sentence = match found.command.as_str() {
        "pop3" => format!("there is no command {}", typed(typed_word)),
        command => format!("{command} has no command {}", typed(typed_word)),
    };
    let known = COMMANDS.iter().find(|(words, _)| found.command == "pop3" && words.contains(&word.as_str()));
    let hint = match (known, &found.similar) {
        (Some((_, hint)), _) => (*hint).to_owned(),
        _ if word.contains("://") => {
            "name a command and the server: `pop3 list --server URL`, `pop3 fetch --server URL --to DEST`"
                .to_owned()
        }
        (None, Some(similar)) => format!("did you mean `{} {}`?", found.command, bare(similar)),
        (None, None) => format!("`{} --help` lists the commands", found.command),
    };
    (sentence, hint)
}

fn strings_or(first: String, second: String) -> String {
    if first.is_empty() { second } else { first }
}

fn bad_value(error: &clap::Error, found: &Found) -> Error {
    let name = found.name();
    let possible = strings(error, ContextKind::ValidValue);
    let (cause, advised) = match error.source() {
        Some(source) => (report::sentence(source), source.downcast_ref::<Error>().and_then(report::own_hint)),
        None => (format!("expected one of {}", possible.join(", ")), None),
    };
    let quoted = quote::short(&found.value);
    // Many causes quote the value themselves.
    let (sentence, cause) = match found.value.contains("://") {
        _ if cause.starts_with("could not ") => (name.clone(), cause),
        _ if found.value.is_empty() => (format!("could not use {name}"), cause),
        true => (format!("could not use {name} {}", typed(&found.value)), cause.replace(&quoted, "…")),
        false if cause.contains(&quoted) => (format!("could not use {name}"), cause),
        false => (format!("could not use {name} {}", typed(&found.value)), cause),
    };
    let hint = match &found.similar {
        _ if advised.is_some() => advised,
        Some(similar) => Some(format!("did you mean {}?", bare(similar))),
        None if name == "MSG" && !found.value.starts_with(|c: char| c.is_ascii_digit()) => {
            Some(of_word(found))
        }
        None => Some(found.see_help()),
    };
    let error = Error::new(Kind::Usage, sentence).because(cause);
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

#[cfg(test)]
#[path = "usage_tests.rs"]
mod tests;
