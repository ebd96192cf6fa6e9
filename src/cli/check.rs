//! `pop3 check`: checks server, sign-in and destination step by step, as a report for people or for monitoring.
//! Nothing is retrieved, deleted or written.
//!
//! ```text
//! way (dns, connect) ─▶ connection (TLS, greeting, capabilities) ─▶ sign-ins, each mechanism in its own session
//!                                                                └─▶ quirks, promises
//! destination ─▶ suggested config
//! ```

mod connection;
mod destination;
mod finding;
mod promises;
mod quirks;
mod sign_ins;
mod suggest;
mod way;

use anyhow::Result;
use pop3::account::Account;
use pop3::auth::Secret;
use pop3::error::Error;

use self::finding::{Finding, Telling};
use super::args::CheckArgs;
use super::context::Context;
use super::output::human;
use super::report::ExitCode;

/// Checks the accounts that are named, or all, one after another. The exit code covers all of them.
pub(crate) fn run(context: &Context, args: &CheckArgs) -> Result<ExitCode> {
    let flags = args.server.overrides(context.environment().home())?;
    let names = &args.server.which.accounts;
    if !args.all && names.len() < 2 {
        return one(context, &context.account(names, &flags)?, false);
    }
    let accounts = context.accounts(names, &flags)?;
    let several = accounts.len() > 1;
    if several {
        context.traces().name_accounts();
    }
    let mut codes = Vec::with_capacity(accounts.len());
    for (at, (name, account)) in accounts.into_iter().enumerate() {
        let output = context.output();
        if several && !output.is_json() {
            if at > 0 {
                output.line("")?;
            }
            output.headline(&format!("account {name}"))?;
        }
        codes.push(match account {
            Ok(account) => one(context, &account, several)?,
            Err(error) => misconfigured(context, &name, error)?,
        });
        if context.stop().is_requested() {
            codes.push(ExitCode::Interrupted);
            break;
        }
    }
    Ok(ExitCode::merge(codes))
}

fn misconfigured(context: &Context, name: &str, error: Error) -> Result<ExitCode> {
    let mut telling = Telling::new(context.output(), name);
    telling.fail("config", error)?;
    Ok(telling.exit_code())
}

/// Checks one account, which may be one of `several`. A failed step skips those that need it, and decides the exit
/// code.
fn one(context: &Context, account: &Account, several: bool) -> Result<ExitCode> {
    let mut telling = Telling::new(context.output(), &account.name);
    let password = look(context, account, &mut telling)?;
    // Also if the server fails: the user can then correct both at once.
    match destination::examine(account) {
        Ok(findings) => telling.tell_all(&findings)?,
        Err(error) => telling.fail("destination", error)?,
    }
    if !telling.has_failed() {
        suggest(account, password.as_ref(), &mut telling)?;
    }
    let output = context.output();
    if !output.is_json() && !telling.has_failed() {
        let name = if several { format!("{}: ", account.name) } else { String::new() };
        match telling.warnings() {
            0 => output.note(&format!("{name}everything works")),
            count => output.note(&format!("{name}it works, with {}", human::count(count, "warning"))),
        }
    }
    Ok(telling.exit_code())
}

/// Checks the server. Returns the password, if there is one.
fn look(context: &Context, account: &Account, telling: &mut Telling<'_>) -> Result<Option<Secret>> {
    let failed = |telling: &mut Telling<'_>, about, error| telling.fail(about, error).map(|()| None);
    match way::examine(account) {
        Ok(findings) => telling.tell_all(&findings)?,
        Err(error) => return Ok(failed(telling, "dns", error)?),
    }
    let session = match context.dial(account) {
        Ok(session) => session,
        Err(error) => {
            let about = if error.kind() == pop3::error::Kind::Tls { "tls" } else { "connect" };
            return Ok(failed(telling, about, error)?);
        }
    };
    telling.tell_all(&connection::examine(account, context.stop(), &session))?;
    let proof = match context.proof(account) {
        Ok(proof) => proof,
        Err(error) => return Ok(failed(telling, "sign-in", error)?),
    };
    if let Some(findings) = sign_ins::try_all(context, account, &proof, session, telling)? {
        telling.tell_all(&findings)?;
    }
    Ok(proof.password().cloned())
}

/// Prints the account as lines of a configuration file.
fn suggest(account: &Account, password: Option<&Secret>, telling: &mut Telling<'_>) -> Result<()> {
    let lines =
        suggest::config(account, |text| password.is_some_and(|password| password.is_in(text.as_bytes())));
    if telling.output().is_json() {
        let says = "an account for config.toml";
        return Ok(telling.tell(&Finding::note("config", says).fact("toml", lines.join("\n")))?);
    }
    telling.output().line("")?;
    telling.output().line("# for config.toml")?;
    lines.iter().try_for_each(|line| telling.output().line(line))?;
    Ok(telling.output().flush()?)
}
