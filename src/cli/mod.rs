//! The command line: turns arguments into calls of the library, and results into text and an exit code.
//!
//! A command is a clap struct in [`args`] and a `run` in a file of its name (or of its family:
//! [`read`] has those that change nothing). Only [`output`] prints; only [`report`] knows exit codes.

mod accounts;
mod advice;
mod args;
mod auth;
mod check;
mod config;
mod context;
mod decoded;
mod dele;
mod demo;
mod destination;
mod fetch;
mod generate;
mod list;
mod messages;
mod output;
mod problems;
mod proof;
mod read;
mod report;
mod retr;
mod shell;
mod signals;
mod state;
mod steps;
mod trace;
mod usage;

use std::sync::Arc;

use anyhow::Result;
use pop3::account::{Account, Config, Environment, Globals};

use self::args::{AuthCommand, Cli, Command, ConfigCommand, ServerArgs, StateCommand};
use self::context::Context;
use self::output::{Output, Settings};
use self::report::ExitCode;
use self::signals::Signals;
use self::trace::Traces;

/// Runs the command.
pub(crate) fn main() -> ExitCode {
    // Before anything else uses OpenSSL: begun so, it does not clean up at the end of the program, when a thread of the
    // keyring's client may still be at work with it (seen once: "double free or corruption").
    openssl::init();
    let cli = match args::parse() {
        Ok(cli) => cli,
        Err(error) => return usage::end(&error),
    };
    let mut environment = Environment::current();
    // `demo` must not depend on the user's configuration, and `config check`, `completions` and `generate` must work
    // when it has mistakes.
    let is_check =
        matches!(&cli.command, Command::Config(args) if matches!(args.command, ConfigCommand::Check));
    let is_without = matches!(cli.command, Command::Demo | Command::Completions(_) | Command::Generate(_));
    let needs_config = !is_check && !is_without;
    let config = match needs_config {
        true => Config::find(cli.global.config.as_deref(), &environment),
        false => Ok(Config::default()),
    };
    let globals = config.as_ref().map(|config| config.globals().clone()).unwrap_or_default();
    if let Some(is_used) = globals.keyring {
        environment.set_keyring(is_used);
    }
    let output = Arc::new(output(&cli, &globals));
    let outcome = config.map_err(Into::into).and_then(|config| {
        let talk = Arc::clone(&output);
        let signals = Signals::take(move |text| talk.urge(text))?;
        output.set_signals(&signals);
        let traces = Traces::new(Arc::clone(&output), cli.global.trace(environment.home()))?;
        let context = Context::new(Arc::clone(&output), environment, config, signals, traces);
        run(&context, cli)
    });
    let flushed = output.flush().map_err(anyhow::Error::from);
    match outcome.and_then(|code| flushed.map(|()| code)) {
        Ok(code) => output.exit_code(code),
        Err(error) => {
            output.error(&error);
            output.exit_code(report::exit_code(&error))
        }
    }
}

fn output(cli: &Cli, file: &Globals) -> Output {
    let display = cli.global.with_defaults(file);
    Output::new(Settings {
        quiet: display.quiet,
        verbose: display.verbose,
        each_message: display.each_message,
        json: cli.global.json || display.json && cli.command.has_objects(),
        color: display.color,
        progress: display.progress,
    })
}

fn run(context: &Context, cli: Cli) -> Result<ExitCode> {
    cli.check_json()?;
    let account = |server: &ServerArgs| -> Result<Account> {
        context.account(&server.which.accounts, &server.overrides(context.environment().home())?)
    };
    match cli.command {
        Command::Fetch(args) => return fetch::run(context, &args),
        Command::Problems(args) => return problems::run(context, &args),
        Command::Demo => return demo::run(context),
        Command::Config(args) => match args.command {
            ConfigCommand::Check => return config::check(context, cli.global.config.as_deref()),
            ConfigCommand::Show(args) => config::show(context, &args)?,
        },
        Command::List(args) => list::run(context, &account(&args.server)?, &args.options)?,
        Command::Stat(args) => read::stat(context, &account(&args.server)?)?,
        Command::Uidl(args) => read::uidl(context, &account(&args.server)?, &args.messages)?,
        Command::Capa(args) => read::capa(context, &account(&args.server)?)?,
        Command::Top(args) => read::top(context, &account(&args.server)?, &args.message, args.lines)?,
        Command::Retr(args) => {
            retr::run(context, &account(&args.server)?, &args)?;
        }
        Command::Dele(args) => dele::run(context, &account(&args.server)?, &args.messages, args.yes)?,
        Command::Last(args) => read::last(context, &account(&args.server)?)?,
        Command::Noop(args) => read::noop(context, &account(&args.server)?)?,
        Command::Shell(args) => shell::run(context, &account(&args.server)?)?,
        Command::Auth(args) => match args.command {
            AuthCommand::Login(args) => auth::login(context, &account(&args.server)?, args.flow())?,
            AuthCommand::Status(args) => return auth::status(context, &args.which),
            AuthCommand::Logout(args) => auth::logout(context, &args.server)?,
        },
        Command::State(args) => match args.command {
            StateCommand::Show(args) => {
                state::show(context, &context.account(&args.which.accounts, &args.which.overrides()?)?)?
            }
            StateCommand::Forget(args) => {
                state::forget(context, &account(&args.server)?, &args.messages, args.all)?;
            }
        },
        Command::Check(args) => return check::run(context, &args),
        Command::Accounts => return accounts::show(context),
        Command::Completions(args) => generate::completion(context.output(), args.shell)?,
        Command::Generate(args) => generate::run(context.output(), &args)?,
    }
    Ok(ExitCode::Done)
}
