//! `pop3 auth`: what is needed to sign in is kept, shown and removed. The secrets themselves are never
//! printed. Accounts that sign in by OAuth have their part in [`oauth`].

pub(crate) mod oauth;

use anyhow::Result;
use jiff::Timestamp;
use pop3::account::{Account, PasswordSource};
use pop3::auth::Proof;
use pop3::error::{Error, Kind};
use pop3::safe::{Rests, Safe, What};

use super::args::AuthFlow;
use super::context::Context;
use super::output::Output;
use super::output::json::Object;
use super::output::table::{Align, Cell, Column, Table, Width, widest};

/// `pop3 auth login`: a sign-in with the provider, or a password once the server has taken it.
pub(crate) fn login(context: &Context, account: &Account, flow: Option<AuthFlow>) -> Result<()> {
    match (&account.oauth, flow) {
        (Some(oauth), flow) => oauth::login(context, account, oauth, flow),
        (None, None) => login_with_password(context, account),
        (None, Some(_)) => Err(Error::new(Kind::Config, format!("could not sign in {}", account.name))
            .because("the account has no OAuth provider")
            .hint("add oauth = \"google\", \"microsoft\", \"yahoo\" or a metadata URL, and oauth-client-id")
            .into()),
    }
}

fn login_with_password(context: &Context, account: &Account) -> Result<()> {
    let safe = context.environment().safe()?;
    let credentials = account.credentials_to_keep()?;
    let Proof::Password(password) = &credentials.proof else {
        return Err(Error::new(Kind::Usage, format!("could not keep a password of {}", account.name))
            .because("the account signs in without one")
            .into());
    };
    context.try_sign_in(account, &credentials)?.quit()?;
    let what = What::Password;
    let rests = account.keep(&safe, password)?;
    let output = context.output();
    if output.is_json() {
        output.object(object(Object::new(), &account.name, what, Some(&rests)))?;
    } else {
        output.note(&format!("signed in: the {what} of {} is kept in {}", account.name, place(&rests)));
    }
    let configured = context.config().settings(Some(&account.name)).and_then(|settings| settings.password);
    if let Some(source) = configured {
        output.warn(&format!(
            "the configuration has another source of the password of {}, which counts before it: {}",
            account.name,
            source.describe()
        ));
    }
    Ok(())
}

/// One line of `pop3 auth status`.
struct Line<'a> {
    account: &'a Account,
    what: What,
    rests: Option<Rests>,
    /// The source of a password that counts before the one that is kept.
    source: Option<&'static str>,
    sign_in: Option<oauth::Known>,
}

/// `pop3 auth status`: a line for each secret that is kept, and for each account that has none.
pub(crate) fn status(context: &Context, accounts: &[Account]) -> Result<()> {
    let safe = context.environment().safe()?;
    let output = context.output();
    let mut lines = Vec::with_capacity(accounts.len());
    for account in accounts {
        lines.extend(lines_of(context, &safe, account)?);
    }
    let width = |texts: Vec<&str>, title| Width::Exactly(widest(texts.into_iter().chain([title])).min(40));
    let of = |text: fn(&oauth::Known) -> &str| -> Vec<&str> {
        lines.iter().filter_map(|line| line.sign_in.as_ref()).map(text).collect()
    };
    let names = lines.iter().map(|line| line.account.name.as_str()).collect();
    let users = lines.iter().map(|line| line.account.user.as_str()).collect();
    let table = Table::new(
        &[
            Column("account", width(names, "account"), Align::Left),
            Column("kind", Width::Exactly(8), Align::Left),
            Column("user", width(users, "user"), Align::Left),
            Column("provider", width(of(|known| &known.provider), "provider"), Align::Left),
            Column("state", width(of(|known| known.state), "state"), Align::Left),
            Column("token until", Width::Exactly(16), Align::Left),
            Column("scope", width(of(|known| &known.scope), "scope"), Align::Left),
            Column("rests in", Width::Share(1), Align::Left),
        ],
        output.width(),
    );
    if !output.is_json() {
        output.heading(&table)?;
    }
    lines.iter().try_for_each(|line| show(output, &table, line))
}

fn lines_of<'a>(context: &Context, safe: &Safe, account: &'a Account) -> Result<Vec<Line<'a>>> {
    // Another source that was named counts before a password that is kept.
    let named = Some(account.password.describe())
        .filter(|_| !matches!(account.password, PasswordSource::Search) && account.oauth.is_none());
    let mut lines = Vec::new();
    for what in What::ALL {
        let rests = safe.find(&account.name, what)?;
        let sign_in = match &account.oauth {
            Some(oauth) if what == What::RefreshToken => Some(oauth::known(context, account, oauth)?),
            _ => None,
        };
        if rests.is_some() || sign_in.is_some() {
            lines.push(Line {
                account,
                what,
                rests,
                source: named.filter(|_| what == What::Password),
                sign_in,
            });
        }
    }
    if lines.is_empty() {
        lines.push(Line { account, what: What::Password, rests: None, source: named, sign_in: None });
    }
    Ok(lines)
}

fn show(output: &Output, table: &Table, line: &Line<'_>) -> Result<()> {
    let Line { account, what, rests, source, sign_in } = line;
    let until = sign_in.as_ref().and_then(|known| known.until);
    if output.is_json() {
        let object = object(Object::new(), &account.name, *what, rests.as_ref()).put("outweighed_by", source);
        return Ok(output.object(match sign_in {
            None => object.put("user", &account.user),
            Some(known) => object
                .put("user", &account.user)
                .put("provider", &known.provider)
                .put("state", known.state)
                .put("token_until", known.until.map(|until: Timestamp| until.to_string()))
                .put("renews", known.renews)
                .put("scope", &known.scope),
        })?);
    }
    let place = match (rests, source) {
        (Some(rests), None) => rests.to_string(),
        (Some(rests), Some(source)) => format!("{rests}, but the one that counts is: {source}"),
        (None, Some(source)) => format!("nowhere; it comes from: {source}"),
        (None, None) => "nowhere".to_owned(),
    };
    let known = |text: fn(&oauth::Known) -> &str| Cell::text(sign_in.as_ref().map_or("-", text));
    let cells = [
        Cell::text(&account.name),
        Cell::text(kind(*what)),
        Cell::text(&account.user),
        known(|known| &known.provider),
        known(|known| known.state),
        Cell::time(until),
        known(|known| &known.scope),
        Cell::text(&place),
    ];
    Ok(output.row(table, &cells)?)
}

/// `pop3 auth logout`: whatever is kept for the account is removed; nothing to remove is fine, too.
pub(crate) fn logout(context: &Context, account: &Account) -> Result<()> {
    let safe = context.environment().safe()?;
    let output = context.output();
    let mut is_kept = false;
    if let Some(oauth) = &account.oauth {
        is_kept |= oauth::logout(context, account, oauth)?;
    }
    for what in What::ALL {
        for rests in safe.remove(&account.name, what)? {
            is_kept = true;
            match output.is_json() {
                true => output.object(object(Object::new(), &account.name, what, Some(&rests)))?,
                false => output.note(&format!("removed the {what} of {} from {rests}", account.name)),
            }
        }
    }
    if !is_kept {
        output.note(&format!("nothing was kept for {}", account.name));
    }
    Ok(())
}

/// An object that says what rests where.
fn object(object: Object, account: &str, what: What, rests: Option<&Rests>) -> Object {
    let (place, path) = match rests {
        Some(Rests::Keyring) => (Some("keyring"), None),
        Some(Rests::File(path)) => (Some("file"), Some(path.display().to_string())),
        None => (None, None),
    };
    object.put("account", account).put("kind", kind(what)).put("rests", place).put("path", path)
}

/// A place, for those who wonder who else may look there.
fn place(rests: &Rests) -> String {
    match rests {
        Rests::Keyring => rests.to_string(),
        Rests::File(_) => format!("{rests}, which only you may read"),
    }
}

fn kind(what: What) -> &'static str {
    match what {
        What::Password => "password",
        What::RefreshToken => "oauth",
    }
}
