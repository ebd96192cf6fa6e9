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

use self::finding::{Finding, Telling};
use super::context::Context;
use super::output::human;
use super::report::ExitCode;

/// Checks one account. A failed step skips those that need it, and decides the exit code.
pub(crate) fn run(context: &Context, account: &Account) -> Result<ExitCode> {
    let mut telling = Telling::new(context.output(), &account.name);
    look(context, account, &mut telling)?;
    // Also if the server fails: the user can then correct both at once.
    match destination::of(account) {
        Ok(findings) => telling.tell_all(&findings)?,
        Err(error) => telling.fail("destination", error)?,
    }
    if !telling.has_failed() {
        suggest(account, &mut telling)?;
    }
    let output = context.output();
    if !output.is_json() && !telling.has_failed() {
        match telling.warnings() {
            0 => output.note("everything works"),
            count => output.note(&format!("it works, with {}", human::count(count, "warning"))),
        }
    }
    Ok(telling.exit_code())
}

fn look(context: &Context, account: &Account, telling: &mut Telling<'_>) -> Result<()> {
    match way::of(account) {
        Ok(findings) => telling.tell_all(&findings)?,
        Err(error) => return Ok(telling.fail("dns", error)?),
    }
    let session = match context.dial(account) {
        Ok(session) => session,
        Err(error) => {
            let about = if error.kind() == pop3::error::Kind::Tls { "tls" } else { "connect" };
            return Ok(telling.fail(about, error)?);
        }
    };
    telling.tell_all(&connection::of(account, context.stop(), &session))?;
    let proof = match context.proof(account) {
        Ok(proof) => proof,
        Err(error) => return Ok(telling.fail("sign-in", error)?),
    };
    let Some(findings) = sign_ins::try_all(context, account, &proof, session, telling)? else {
        return Ok(());
    };
    Ok(telling.tell_all(&findings)?)
}

/// Prints the account as lines of a configuration file.
fn suggest(account: &Account, telling: &mut Telling<'_>) -> Result<()> {
    let lines = suggest::config(account);
    if telling.output().is_json() {
        let says = "an account for config.toml";
        return Ok(telling.tell(&Finding::note("config", says).fact("toml", lines.join("\n")))?);
    }
    telling.output().line("")?;
    telling.output().line("# for config.toml")?;
    lines.iter().try_for_each(|line| telling.output().line(line))?;
    Ok(telling.output().flush()?)
}
