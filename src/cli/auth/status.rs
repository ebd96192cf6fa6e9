//! `pop3 auth status`: what is stored for which account, where, and whether it is used. Unlocks nothing.

use anyhow::Result;
use pop3::account::{Account, PasswordSource};
use pop3::error::Error;
use pop3::safe::{Safe, SecretKind, StoredIn};

use super::{kind, oauth};
use crate::cli::args::WhichArgs;
use crate::cli::context::Context;
use crate::cli::output::Output;
use crate::cli::output::json::{Local, PlaceName, Time};
use crate::cli::output::table::{Align, Cell, Column, Table, Width, widest};
use crate::cli::report::{self, ExitCode};

/// One line of `pop3 auth status`.
struct Line<'a> {
    account: &'a str,
    /// The user name of a configured account.
    user: Option<&'a str>,
    what: SecretKind,
    stored_in: Option<StoredIn>,
    /// A source of the password that takes precedence over the stored one.
    source: Option<&'static str>,
    sign_in: Option<oauth::Known>,
    /// What is wrong with it, if anything is.
    state: Option<&'static str>,
    trouble: Option<Error>,
}

impl<'a> Line<'a> {
    fn new(account: &'a str, user: Option<&'a str>, what: SecretKind) -> Line<'a> {
        Line { account, user, what, stored_in: None, source: None, sign_in: None, state: None, trouble: None }
    }

    fn for_account(account: &'a Account, what: SecretKind) -> Line<'a> {
        Line::new(&account.name, Some(&account.user), what)
    }
}

/// `pop3 auth status`: a line for each stored secret, and for each account that has none; if no account is
/// named, also for secrets of accounts that are not configured. What is wrong with one is in its line, and
/// is reported after all of them.
pub(crate) fn status(context: &Context, which: &WhichArgs) -> Result<ExitCode> {
    let safe = context.environment().safe()?;
    let is_for_all = which.accounts.is_empty() && which.server.is_none();
    let kept = if is_for_all { safe.all() } else { Ok(Vec::new()) };
    let (kept, mut trouble) = match kept {
        Ok(kept) => (kept, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let resolved = match context.accounts_to_show(&which.accounts, &which.overrides()?) {
        Ok(resolved) => resolved,
        // Without a configuration there may still be secrets of servers that were named on the command line.
        Err(_) if context.config().names().next().is_none() && !kept.is_empty() => Vec::new(),
        Err(error) => return Err(error),
    };
    let output = context.output();
    let several = resolved.len() > 1;
    let (mut accounts, mut mistakes) = (Vec::with_capacity(resolved.len()), Vec::new());
    for (name, account) in resolved {
        match account {
            Ok(account) => accounts.push(account),
            Err(error) => mistakes.push((Some(name), several, anyhow::Error::from(error))),
        }
    }
    let mut lines = Vec::with_capacity(accounts.len());
    for account in &accounts {
        lines.extend(lines_of(context, &safe, account)?);
    }
    for (name, what, stored_in) in &kept {
        let is_theirs = accounts.iter().any(|account| account.name == *name);
        if !is_theirs && !context.config().names().any(|known| known == name) {
            let (stored_in, state) = (Some(stored_in.clone()), Some("not configured"));
            lines.push(Line { stored_in, state, ..Line::new(name, None, *what) });
        }
    }
    // A keyring that does not answer is reported once.
    if lines.iter().any(|line| line.trouble.is_some()) {
        trouble = None;
    }
    let width = |texts: Vec<&str>, title| Width::Exactly(widest(texts.into_iter().chain([title])).min(40));
    let of = |text: fn(&oauth::Known) -> &str| -> Vec<&str> {
        lines.iter().filter_map(|line| line.sign_in.as_ref()).map(text).collect()
    };
    let names = lines.iter().map(|line| line.account).collect();
    let users = lines.iter().filter_map(|line| line.user).collect();
    let table = Table::new(
        &[
            Column("account", width(names, "account"), Align::Left),
            Column("kind", Width::Exactly(8), Align::Left),
            Column("user", width(users, "user"), Align::Left),
            Column("provider", width(of(|known| &known.provider), "provider"), Align::Left),
            Column(
                "state",
                width(lines.iter().filter_map(|line| line.state).collect(), "state"),
                Align::Left,
            ),
            Column("token until", Width::Exactly(16), Align::Left),
            Column("scope", width(of(|known| &known.scope), "scope"), Align::Left),
            Column("stored in", Width::Share(1), Align::Left),
        ],
        output.width(),
    );
    if !output.is_json() {
        output.heading(&table)?;
    }
    lines.iter().try_for_each(|line| show(output, &table, line))?;
    let told = |line: Line<'_>| Some((Some(line.account.to_owned()), false, line.trouble?.into()));
    let troubles = lines.into_iter().filter_map(told).chain(trouble.map(|error| (None, false, error.into())));
    Ok(ExitCode::merge(troubles.chain(mistakes).map(|(account, several, error)| {
        match &account {
            Some(account) => output.error_of(account, several, &error),
            None => output.error(&error),
        }
        report::exit_code(&error)
    })))
}

fn lines_of<'a>(context: &Context, safe: &Safe, account: &'a Account) -> Result<Vec<Line<'a>>> {
    // A configured source takes precedence over a stored password.
    let named = Some(account.password.describe())
        .filter(|_| !matches!(account.password, PasswordSource::Search) && account.oauth.is_none());
    let mut wanted = SecretKind::ALL;
    // First the secret that is used: the other one may be left over.
    wanted.sort_by_key(|what| (*what == SecretKind::RefreshToken) != account.oauth.is_some());
    let mut lines = Vec::new();
    for what in wanted {
        let mut line = Line {
            source: named.filter(|_| what == SecretKind::Password),
            ..Line::for_account(account, what)
        };
        match safe.find(&account.name, what) {
            Ok(stored_in) => line.stored_in = stored_in,
            // The keyring is waited for only once, and the secret that is used is known.
            Err(_) if !lines.is_empty() => break,
            Err(error) => {
                (line.state, line.trouble) = (Some("out of reach"), Some(error));
                lines.push(line);
                break;
            }
        }
        if let (Some(oauth), SecretKind::RefreshToken) = (&account.oauth, what) {
            let (known, trouble) = oauth::known(context, account, oauth)?;
            (line.state, line.trouble) = (Some(known.state), trouble);
            line.sign_in = Some(known);
        }
        if line.stored_in.is_some() || line.sign_in.is_some() {
            lines.push(line);
        }
    }
    if lines.is_empty() {
        lines.push(Line { source: named, ..Line::for_account(account, SecretKind::Password) });
    }
    Ok(lines)
}

fn show(output: &Output, table: &Table, line: &Line<'_>) -> Result<()> {
    let Line { account, user, what, stored_in, source, sign_in, state, trouble } = line;
    let until = sign_in.as_ref().and_then(|known| known.until);
    if output.is_json() {
        let (place, path) = stored_in.as_ref().map(PlaceName::with_path).unzip();
        let known = sign_in.as_ref();
        return Ok(output.object(&Local::Secret {
            account,
            secret: (*what).into(),
            stored_in: place,
            path: path.flatten(),
            outweighed_by: *source,
            user: *user,
            provider: known.map(|known| known.provider.as_str()),
            state: *state,
            token_until: until.map(Time),
            renews: known.and_then(|known| known.renews),
            scope: known.map(|known| known.scope.as_str()),
        })?);
    }
    let place = match (stored_in, source) {
        (Some(stored_in), None) => stored_in.to_string(),
        (Some(stored_in), Some(source)) => format!("{stored_in}, but the one that counts is: {source}"),
        (None, Some(source)) => format!("nowhere; it comes from: {source}"),
        (None, None) if trouble.is_some() => "-".to_owned(),
        (None, None) => "nowhere".to_owned(),
    };
    let known = |text: fn(&oauth::Known) -> &str| Cell::text(sign_in.as_ref().map_or("-", text));
    let cells = [
        Cell::text(account),
        Cell::text(kind(*what)),
        Cell::text(user.unwrap_or("-")),
        known(|known| &known.provider),
        Cell::text(state.unwrap_or("-")),
        Cell::time(until),
        known(|known| &known.scope),
        Cell::text(&place),
    ];
    Ok(output.row(table, &cells)?)
}
