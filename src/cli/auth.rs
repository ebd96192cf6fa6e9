//! `pop3 auth`: signs in once and for all, shows what is kept of it, forgets it.

pub(crate) mod oauth;

use anyhow::Result;
use pop3::account::Account;
use pop3::error::{Error, Kind};

use super::args::{AuthCommand, AuthFlow};
use super::context::Context;
use super::output::json::Object;
use super::output::table::{Align, Cell, Column, Table, Width, widest};

/// `pop3 auth login`, `status` and `logout`.
pub(crate) fn run(context: &Context, command: &AuthCommand) -> Result<()> {
    let home = context.environment().home();
    match command {
        AuthCommand::Login(args) => {
            let account = context.account(&args.server.which.accounts, &args.server.overrides(home)?)?;
            login(context, &account, args.flow())
        }
        AuthCommand::Status(args) => {
            show(context, &context.accounts(&args.which.accounts, &args.which.overrides()?)?)
        }
        AuthCommand::Logout(args) => {
            let account = context.account(&args.server.which.accounts, &args.server.overrides(home)?)?;
            logout(context, &account)
        }
    }
}

fn login(context: &Context, account: &Account, flow: Option<AuthFlow>) -> Result<()> {
    match &account.oauth {
        Some(oauth) => oauth::login(context, account, oauth, flow),
        None => Err(without_oauth(account, "sign in").into()),
    }
}

fn logout(context: &Context, account: &Account) -> Result<()> {
    match &account.oauth {
        Some(oauth) => oauth::logout(context, account, oauth),
        None => Err(without_oauth(account, "sign out").into()),
    }
}

fn without_oauth(account: &Account, verb: &str) -> Error {
    Error::new(Kind::Config, format!("could not {verb} {}", account.name))
        .because("the account has no sign-in provider")
        .hint("add oauth = \"google\", \"microsoft\", \"yahoo\" or a metadata URL, and oauth-client-id")
}

/// What is kept of one account's sign-in.
pub(crate) struct Kept {
    pub(crate) provider: String,
    /// In a word or two: `signed in`, `not signed in`, …
    pub(crate) state: &'static str,
    /// Where it is kept; nowhere when nobody signed in.
    pub(crate) place: Option<String>,
    pub(crate) until: Option<jiff::Timestamp>,
    /// Whether the access token is renewed without a person.
    pub(crate) renews: bool,
    pub(crate) scope: String,
}

fn show(context: &Context, accounts: &[Account]) -> Result<()> {
    let output = context.output();
    let kept: Vec<(&Account, Kept)> = accounts
        .iter()
        .map(|account| match &account.oauth {
            Some(oauth) => oauth::status(context, account, oauth).map(|kept| (account, kept)),
            None => Ok((account, of_password(account))),
        })
        .collect::<Result<_>>()?;
    let column = |title, of: for<'k> fn(&'k (&Account, Kept)) -> &'k str| {
        let width = widest(kept.iter().map(of).chain([title]));
        Column(title, Width::Exactly(width.min(40)), Align::Left)
    };
    let columns = [
        column("account", |(account, _)| &account.name),
        column("provider", |(_, kept)| &kept.provider),
        column("user", |(account, _)| &account.user),
        column("state", |(_, kept)| kept.state),
        Column("token until", Width::Exactly(16), Align::Left),
        column("scope", |(_, kept)| &kept.scope),
        Column("kept in", Width::Share(1), Align::Left),
    ];
    let table = Table::new(&columns, output.width());
    if !output.is_json() {
        output.heading(&table)?;
    }
    for (account, kept) in &kept {
        if output.is_json() {
            output.object(
                Object::new()
                    .put("account", &account.name)
                    .put("provider", &kept.provider)
                    .put("user", &account.user)
                    .put("state", kept.state)
                    .put("token_until", kept.until.map(|until| until.to_string()))
                    .put("renews", kept.renews)
                    .put("scope", &kept.scope)
                    .put("kept_in", &kept.place),
            )?;
            continue;
        }
        let cells = [
            Cell::text(&account.name),
            Cell::text(&kept.provider),
            Cell::text(&account.user),
            Cell::text(kept.state),
            Cell::time(kept.until),
            Cell::text(&kept.scope),
            Cell::text(kept.place.as_deref().unwrap_or("-")),
        ];
        output.row(&table, &cells)?;
    }
    Ok(())
}

fn of_password(account: &Account) -> Kept {
    Kept {
        provider: format!("password: {}", account.password.describe()),
        state: "-",
        place: None,
        until: None,
        renews: false,
        scope: "-".to_owned(),
    }
}
