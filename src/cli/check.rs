//! `pop3 check`: everything between here and the mail, step by step, as a report that a person can act on or a
//! monitor can read. Nothing is retrieved, nothing deleted, nothing written.
//!
//! ```text
//! way (dns, connect) ─▶ line (TLS, greeting, capabilities) ─▶ sign-ins, each mechanism in a session of its own
//!                                                                └─▶ quirks, promises
//! destination ─▶ suggested config
//! ```

mod destination;
mod finding;
mod line;
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

/// Checks one account. What fails ends the steps that need it, and decides the exit code.
pub(crate) fn run(context: &Context, account: &Account) -> Result<ExitCode> {
    let mut telling = Telling::new(context.output(), &account.name);
    look(context, account, &mut telling)?;
    // Whatever is wrong with the server: both can be mended in one go.
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
    telling.tell_all(&line::of(account, context.stop(), &session))?;
    let proof = match context.proof(account) {
        Ok(proof) => proof,
        Err(error) => return Ok(telling.fail("sign-in", error)?),
    };
    let Some(findings) = sign_ins::try_all(context, account, &proof, session, telling)? else {
        return Ok(());
    };
    Ok(telling.tell_all(&findings)?)
}

/// Shows the account as the configuration file would have it.
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
