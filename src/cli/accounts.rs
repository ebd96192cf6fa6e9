//! `pop3 accounts`: what is configured.

use anyhow::Result;
use pop3::account::{Account, Overrides};

use super::context::Context;
use super::output::json::Local;
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
        column("account", name),
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
            output.object(&Local::Account {
                account: &account.name,
                default: is_default,
                enabled: account.enabled,
                server,
                tls,
                user: &account.user,
                password: account.oauth.as_ref().map_or(account.password.describe(), |_| "oauth"),
                keep,
                deliver,
            })?;
            continue;
        }
        let deliver = deliver.unwrap_or_else(|| "-".to_owned());
        let name = name(account);
        let texts = [&name, &server, &tls, &account.user, &keep, &deliver];
        output.row(&table, &texts.map(|text| Cell::text(text)))?;
    }
    Ok(ExitCode::merge(mistakes.iter().map(|(name, error)| {
        output.error_of(name, several, error);
        report::exit_code(error)
    })))
}

/// The name, and whether it is fetched only when named.
fn name(account: &Account) -> String {
    if account.enabled { account.name.clone() } else { format!("{} (disabled)", account.name) }
}
