//! `pop3 accounts` and `pop3 config check`: what is configured, and what is wrong with it.

use std::path::Path;

use anyhow::Result;
use pop3::account::{Account, Config, Overrides};
use pop3::error::{Error, Kind};

use super::context::Context;
use super::output::human;
use super::output::json::Object;
use super::output::table::{Align, Cell, Column, Table, Width, widest};
use super::report::{self, ExitCode};

/// `pop3 accounts`: lists them; what is wrong with one of them is reported after the list.
pub(crate) fn show(context: &Context) -> Result<ExitCode> {
    let output = context.output();
    if context.config().names().next().is_none() {
        let place = context.environment().config_path();
        let place = place.map_or_else(|| "config.toml".to_owned(), |path| path.display().to_string());
        output.note(&format!("no account is configured: {place} has none"));
        return Ok(ExitCode::Done);
    }
    let resolved = context.accounts_to_show(&[], &Overrides::default())?;
    let several = resolved.len() > 1;
    let (mut accounts, mut mistakes) = (Vec::new(), Vec::new());
    for (name, account) in resolved {
        match account {
            Ok(account) => accounts.push(account),
            Err(error) => mistakes.push((name, anyhow::Error::from(error))),
        }
    }
    let column = |title, of: fn(&Account) -> String| {
        let texts: Vec<String> = accounts.iter().map(of).collect();
        let width = widest(texts.iter().map(String::as_str).chain([title]));
        Column(title, Width::Exactly(width.min(40)), Align::Left)
    };
    let columns = [
        column("account", |account| account.name.clone()),
        column("server", |account| account.server.to_string()),
        column("tls", |account| account.security.to_string()),
        column("user", |account| account.user.clone()),
        column("keep", |account| account.policy.keep.to_string()),
        Column("delivers to", Width::Share(1), Align::Left),
    ];
    let table = Table::new(&columns, output.width());
    if !output.is_json() {
        output.heading(&table)?;
    }
    for account in &accounts {
        let (server, tls, keep) =
            (account.server.to_string(), account.security.to_string(), account.policy.keep.to_string());
        let deliver = account.deliver.as_ref().map(ToString::to_string);
        let is_default = context.config().default_account() == Some(account.name.as_str());
        if output.is_json() {
            output.object(
                Object::new()
                    .put("account", &account.name)
                    .put("default", is_default)
                    .put("server", server)
                    .put("tls", tls)
                    .put("user", &account.user)
                    .put("password", account.oauth.as_ref().map_or(account.password.describe(), |_| "oauth"))
                    .put("keep", keep)
                    .put("deliver", deliver),
            )?;
            continue;
        }
        let deliver = deliver.unwrap_or_else(|| "-".to_owned());
        let texts = [&account.name, &server, &tls, &account.user, &keep, &deliver];
        output.row(&table, &texts.map(|text| Cell::text(text)))?;
    }
    Ok(ExitCode::merge(mistakes.iter().map(|(name, error)| {
        output.error_of(several.then_some(name.as_str()), error);
        report::exit_code(error)
    })))
}

/// `pop3 config check`: every mistake, with its line and what to do.
pub(crate) fn check(context: &Context, named: Option<&Path>) -> Result<ExitCode> {
    let output = context.output();
    let Some((path, mistakes)) = Config::check(named, context.environment())? else {
        let place = context.environment().config_path().unwrap_or_default();
        output.note(&format!("there is nothing to check: no {}", place.display()));
        return Ok(ExitCode::Done);
    };
    for mistake in &mistakes {
        if output.is_json() {
            output.object(
                Object::new()
                    .put("file", path.display().to_string())
                    .put("line", mistake.line)
                    .put("column", mistake.column)
                    .put("message", &mistake.message)
                    .put("hint", &mistake.hint),
            )?;
            continue;
        }
        let (file, line, column) = (path.display(), mistake.line, mistake.column);
        output.line(format!("{file}:{line}:{column}: {}", mistake.message))?;
        if let Some(hint) = &mistake.hint {
            output.line(format!("  hint: {hint}"))?;
        }
    }
    if mistakes.is_empty() {
        output.note(&format!("{} is fine", path.display()));
        return Ok(ExitCode::Done);
    }
    let count = human::count(mistakes.len() as u64, "mistake");
    let error = Error::new(Kind::Config, format!("{} has {count}", path.display()));
    output.error(&error.hint("the lines above say what to do").into());
    Ok(ExitCode::Config)
}
