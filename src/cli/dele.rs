//! `pop3 dele`: deletes messages on the server, after asking.

use anyhow::Result;
use pop3::account::Account;
use pop3::error::{Error, Kind};

use super::args::MessageArg;
use super::context::Context;
use super::messages;
use super::output::human;
use super::output::json::Mail;

/// Deletes the named messages. Asks on a terminal; elsewhere it needs `--yes`.
pub(crate) fn run(context: &Context, account: &Account, named: &[MessageArg], yes: bool) -> Result<()> {
    let output = context.output();
    if !yes && !output.can_ask() {
        return Err(Error::new(Kind::Usage, "could not ask whether to delete: there is no terminal")
            .hint("--yes deletes without asking")
            .into());
    }
    let (mut session, mut numbers) = messages::open(context, account, named)?;
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.is_empty() {
        session.leave();
        if output.is_json() {
            return Ok(output.object(&Mail::Dele { account: &account.name, numbers: &[] })?);
        }
        output.note("there is no such message: nothing was deleted");
        return Ok(());
    }
    let what = human::count(numbers.len() as u64, "message");
    if !yes && !output.ask(&format!("delete {what} from {} for good?", account.server))? {
        session.leave();
        output.note("nothing was deleted");
        return Ok(());
    }
    if let Err(error) = numbers.iter().try_for_each(|number| session.dele(*number)) {
        // QUIT would delete what is marked already. Where the marks stay, the connection is closed without it.
        if !error.ends_the_session() && session.rset().is_ok() {
            session.leave();
        }
        return Err(error.in_context("nothing was deleted").into());
    }
    session.quit().map_err(|error| error.in_context("could not be sure that the messages are deleted"))?;
    if output.is_json() {
        return Ok(output.object(&Mail::Dele { account: &account.name, numbers: &numbers })?);
    }
    output.note(&format!("deleted {what}"));
    Ok(())
}
