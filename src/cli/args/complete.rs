//! The clap definitions with what is known elsewhere: the variable of each option, from the table of settings, and
//! the exit codes. Whoever shows help or writes pages takes them from here.

use clap::{Arg, ArgMatches, Command, CommandFactory, FromArgMatches};
use pop3::account::Overrides;

use super::Cli;
use crate::cli::report::ExitCode;

/// The whole command line, ready to be shown.
pub(crate) fn command() -> Command {
    let command = Cli::command();
    let text = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    with_variables(command).after_long_help(format!("{text}\n\nExit status:\n{}", exit_codes()))
}

/// Parses the arguments of this process.
///
/// # Errors
/// A mistake; and help or the version where they are asked for.
pub(crate) fn parse() -> Result<Cli, clap::Error> {
    let mut command = command();
    let mut matches: ArgMatches = command.try_get_matches_from_mut(std::env::args_os())?;
    Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

/// The environment variable that an option can be given by, if it has one.
pub(crate) fn variable(option: &Arg) -> Option<String> {
    if let Some(name) = option.get_env() {
        return name.to_str().map(str::to_owned);
    }
    let key = match (option.get_long(), option.get_short()) {
        (Some("account"), _) => return Some("POP3_ACCOUNT".to_owned()),
        (None, Some('4' | '6')) => "ip-version",
        (long, _) => long?,
    };
    Overrides::keys().find(|known| known.name == key).map(|known| known.variable())
}

/// Adds `[env: POP3_…]` to the help of each option that has a variable. Most of them clap does not know: the library
/// reads them, since they count below the options and above the file.
fn with_variables(command: Command) -> Command {
    command.mut_args(with_variable).mut_subcommands(with_variables)
}

fn with_variable(option: Arg) -> Arg {
    let Some(name) = variable(&option) else { return option };
    let help = option.get_help().cloned().unwrap_or_default();
    let long = option.get_long_help().map(|long| format!("{long}\n\n[env: {name}]"));
    let option = option.help(format!("{help} [env: {name}]")).hide_env(true);
    match long {
        Some(long) => option.long_help(long),
        None => option,
    }
}

/// The table of exit codes, as the help shows it.
fn exit_codes() -> String {
    let lines = ExitCode::TABLE.iter().map(|(code, meaning)| format!("  {:<4} {meaning}", *code as u8));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(command: &str, long: &str) -> Arg {
        let command = super::command().find_subcommand(command).expect(command).clone();
        command.get_arguments().find(|arg| arg.get_long() == Some(long)).expect(long).clone()
    }

    #[test]
    fn each_option_with_a_variable_names_it_in_both_kinds_of_help() {
        let help = |arg: &Arg| arg.get_help().map(ToString::to_string).unwrap_or_default();
        let long = |arg: &Arg| arg.get_long_help().map(ToString::to_string).unwrap_or_default();
        let keep = option("fetch", "keep");
        assert!(help(&keep).ends_with("[default: all] [env: POP3_KEEP]"), "{}", help(&keep));
        assert!(long(&keep).ends_with("\n\n[env: POP3_KEEP]"), "{}", long(&keep));
        let user = option("list", "user");
        assert!(help(&user).ends_with("[env: POP3_USER]") && user.get_long_help().is_none());
        for of_one_run in ["refetch", "now"] {
            assert!(!help(&option("fetch", of_one_run)).contains("[env"), "{of_one_run}");
        }
        assert!(!help(&option("dele", "yes")).contains("[env"));
    }

    #[test]
    fn the_exit_codes_are_in_the_help() {
        let text = command().get_after_long_help().map(ToString::to_string).unwrap_or_default();
        for (code, meaning) in ExitCode::TABLE {
            assert!(text.contains(&format!("  {:<4} {meaning}", code as u8)), "{meaning}");
        }
    }
}
