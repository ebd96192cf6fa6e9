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
use super::output::json::{Mail, UniqueId, When};

/// `pop3 stat`.
pub(crate) fn stat(context: &Context, account: &Account) -> Result<()> {
    let mut session = context.sign_in(account)?;
    let listing = session.stat()?;
    session.leave();
    let output = context.output();
    if output.is_json() {
        let (account, messages, octets) = (account.name.as_str(), listing.messages, listing.octets);
        return Ok(output.object(&Mail::Stat { account, messages, octets })?);
    }
    let octets = listing.octets.map_or_else(|| "-".to_owned(), |octets| octets.to_string());
    Ok(output.fields(&[listing.messages.to_string().as_bytes(), octets.as_bytes()])?)
}

/// `pop3 uidl`.
pub(crate) fn uidl(context: &Context, account: &Account, named: &[MessageArg]) -> Result<()> {
    let output = context.output();
    let show = |number: u32, unique_id: &[u8]| {
        if output.is_json() {
            let unique_id = UniqueId::new(unique_id);
            return output.object(&Mail::Uidl { account: &account.name, number, unique_id });
        }
        output.fields(&[number.to_string().as_bytes(), unique_id])
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
        (When::BeforeSignIn, session.capabilities_before_sign_in()),
        (When::AfterSignIn, session.capabilities()),
    ];
    if states.iter().all(|(_, capabilities)| capabilities.is_none()) {
        let says = "the server has no CAPA: what it supports is known only by trying";
        session.leave();
        return Err(Error::new(Kind::Unsupported, says).hint("`pop3 shell` lets you try").into());
    }
    for (when, capabilities) in states {
        show_capabilities(output, &account.name, when, capabilities)?;
    }
    session.leave();
    Ok(())
}

fn show_capabilities(
    output: &Output,
    account: &str,
    when: When,
    capabilities: Option<&Capabilities>,
) -> Result<()> {
    let lines = capabilities.map(Capabilities::lines).unwrap_or_default();
    if output.is_json() {
        let capabilities = lines.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect();
        return Ok(output.object(&Mail::Capa { account, when, capabilities })?);
    }
    output.line(match when {
        When::BeforeSignIn => "before sign-in:",
        When::AfterSignIn => "after sign-in:",
    })?;
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
        return Ok(output.object(&Mail::Last { account: &account.name, last })?);
    }
    Ok(output.line(last.to_string())?)
}

/// `pop3 noop`: shows whether signing in works.
pub(crate) fn noop(context: &Context, account: &Account) -> Result<()> {
    let mut session = context.sign_in(account)?;
    session.noop()?;
    let encrypted = session.is_encrypted();
    session.leave();
    let output = context.output();
    if output.is_json() {
        let (server, user) = (account.server.to_string(), account.user.as_str());
        return Ok(output.object(&Mail::Noop { account: &account.name, server, user, encrypted })?);
    }
    let how = if encrypted { "encrypted" } else { "not encrypted" };
    output.note(&format!("it works: signed in to {} as {}, {how}", account.server, account.user));
    Ok(())
}
