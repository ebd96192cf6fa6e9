//! The commands that change nothing: `stat`, `uidl`, `capa`, `top`, `last`, `noop`. Nothing depends on the
//! answer to their QUIT.

use std::io::Write;

use anyhow::Result;
use pop3::account::Account;
use pop3::error::{Error, Kind};
use pop3::protocol::Capabilities;

use super::args::MessageArg;
use super::context::Context;
use super::messages;
use super::output::Output;
use super::output::json::Object;

/// `pop3 stat`.
pub(crate) fn stat(context: &Context, account: &Account) -> Result<()> {
    let mut session = context.sign_in(account)?;
    let listing = session.stat()?;
    session.leave();
    let output = context.output();
    if output.is_json() {
        let object = Object::new().put("messages", listing.messages).put("octets", listing.octets);
        return Ok(output.object(object)?);
    }
    let octets = listing.octets.map_or_else(|| "-".to_owned(), |octets| octets.to_string());
    Ok(output.line(format!("{} {octets}", listing.messages))?)
}

/// `pop3 uidl`.
pub(crate) fn uidl(context: &Context, account: &Account, named: &[MessageArg]) -> Result<()> {
    let output = context.output();
    let show = |number: u32, unique_id: &[u8]| {
        if output.is_json() {
            return output.object(Object::new().put("number", number).put_unique_id(Some(unique_id)));
        }
        output.line([format!("{number} ").as_bytes(), unique_id].concat())
    };
    // A set takes one listing, and not one command a message.
    if named.is_empty() || !named.iter().all(MessageArg::is_single) {
        let named = if named.is_empty() { &[MessageArg::All] } else { named };
        let (mut session, maildrop) = context.look(account)?;
        if !maildrop.has_unique_ids() {
            return Err(Error::new(Kind::Unsupported, "the server has no unique-ids").into());
        }
        let journal = context.journal_of(account)?;
        let (survey, numbers) = messages::choose(&mut session, maildrop, named, &journal)?;
        for message in numbers.iter().filter_map(|number| survey.maildrop().message(*number)) {
            show(message.number, message.unique_id.unwrap_or_default())?;
        }
        session.leave();
        return Ok(());
    }
    let (mut session, numbers) = messages::open(context, account, named)?;
    for number in numbers {
        show(number, &session.uidl_one(number)?)?;
    }
    session.leave();
    Ok(())
}

/// `pop3 capa`: before and after sign-in, since they differ.
pub(crate) fn capa(context: &Context, account: &Account) -> Result<()> {
    let mut session = context.sign_in(account)?;
    session.capa()?;
    let output = context.output();
    let states = [
        ("before sign-in", session.capabilities_before_sign_in()),
        ("after sign-in", session.capabilities()),
    ];
    if states.iter().all(|(_, capabilities)| capabilities.is_none()) {
        let says = "the server has no CAPA, so what it can do has to be tried";
        session.leave();
        return Err(Error::new(Kind::Unsupported, says).hint("`pop3 shell` lets you try").into());
    }
    for (state, capabilities) in states {
        show_capabilities(output, state, capabilities)?;
    }
    session.leave();
    Ok(())
}

fn show_capabilities(output: &Output, state: &str, capabilities: Option<&Capabilities>) -> Result<()> {
    let lines = capabilities.map(Capabilities::lines).unwrap_or_default();
    if output.is_json() {
        let lines: Vec<_> = lines.iter().map(|line| String::from_utf8_lossy(line)).collect();
        return Ok(output.object(Object::new().put("state", state).put("capabilities", lines))?);
    }
    output.line(format!("{state}:"))?;
    for line in lines {
        output.line([b"  ", line.as_slice()].concat())?;
    }
    Ok(())
}

/// `pop3 top`.
pub(crate) fn top(context: &Context, account: &Account, message: &MessageArg, lines: u32) -> Result<()> {
    let (mut session, numbers) = messages::open(context, account, std::slice::from_ref(message))?;
    for number in numbers {
        let mut shown = context.output().message();
        let mut written = Ok(());
        session.top(number, lines, |chunk| {
            if written.is_ok() {
                written = shown.write_all(chunk);
            }
        })?;
        written.and_then(|()| shown.finish())?;
    }
    session.leave();
    Ok(())
}

/// `pop3 last`.
pub(crate) fn last(context: &Context, account: &Account) -> Result<()> {
    let mut session = context.sign_in(account)?;
    let last = session.last();
    session.leave();
    let (last, output) = (last?, context.output());
    if output.is_json() {
        return Ok(output.object(Object::new().put("last", last))?);
    }
    Ok(output.line(last.to_string())?)
}

/// `pop3 noop`: shows whether signing in works.
pub(crate) fn noop(context: &Context, account: &Account) -> Result<()> {
    let mut session = context.sign_in(account)?;
    session.noop()?;
    let how = if session.is_encrypted() { "encrypted" } else { "not encrypted" };
    session.leave();
    let output = context.output();
    if output.is_json() {
        return Ok(output.object(Object::new().put("signed_in", true).put("encryption", how))?);
    }
    output.note(&format!("it works: signed in to {} as {}, {how}", account.server, account.user));
    Ok(())
}
