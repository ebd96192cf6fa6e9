//! `pop3 auth`: what is needed to sign in is kept, shown and removed. The secrets themselves are never
//! printed.

use anyhow::Result;
use pop3::account::{Account, PasswordSource};
use pop3::auth::Proof;
use pop3::error::{Error, Kind};
use pop3::safe::{Rests, What};

use super::context::Context;
use super::output::json::Object;
use super::output::table::{Align, Cell, Column, Table, Width, widest};

/// `pop3 auth login`: the password is kept once the server has taken it.
pub(crate) fn login(context: &Context, account: &Account) -> Result<()> {
    let safe = context.environment().safe()?;
    let credentials = account.credentials_to_keep()?;
    let Proof::Password(password) = &credentials.proof else {
        return Err(Error::new(Kind::Usage, format!("could not keep a password of {}", account.name))
            .because("the account signs in without one")
            .into());
    };
    context.sign_in_with(account, &credentials)?.quit()?;
    let what = What::Password;
    let rests = safe.put(&account.name, what, password)?;
    let output = context.output();
    if output.is_json() {
        output.object(object(&account.name, what, Some(&rests)))?;
    } else {
        let whose = match &rests {
            Rests::Keyring => "",
            Rests::File(_) => ", which only you may read",
        };
        output.note(&format!("signed in: the {what} of {} is kept in {rests}{whose}", account.name));
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

/// `pop3 auth status`: a line for each secret that is kept, and for each account that has none.
pub(crate) fn status(context: &Context, accounts: &[Account]) -> Result<()> {
    let safe = context.environment().safe()?;
    let output = context.output();
    let names = accounts.iter().map(|account| account.name.as_str()).chain(["account"]);
    let table = Table::new(
        &[
            Column("account", Width::Exactly(widest(names).min(40)), Align::Left),
            Column("kind", Width::Exactly(8), Align::Left),
            Column("rests in", Width::Share(1), Align::Left),
        ],
        output.width(),
    );
    if !output.is_json() {
        output.heading(&table)?;
    }
    let show = |account: &Account, what: What, rests: Option<&Rests>| -> Result<()> {
        // Another source that was named counts before a password that is kept.
        let is_searched = matches!(account.password, PasswordSource::Search);
        let source = (what == What::Password && !is_searched).then(|| account.password.describe());
        if output.is_json() {
            output.object(object(&account.name, what, rests).put("outweighed_by", source))?;
            return Ok(());
        }
        let place = match (rests, source) {
            (Some(rests), None) => rests.to_string(),
            (Some(rests), Some(source)) => format!("{rests}, but the one that counts is: {source}"),
            (None, Some(source)) => format!("nowhere; it comes from: {source}"),
            (None, None) => "nowhere".to_owned(),
        };
        let cells = [&account.name, kind(what), &place];
        Ok(output.row(&table, &cells.map(Cell::text))?)
    };
    for account in accounts {
        let mut is_kept = false;
        for what in What::ALL {
            if let Some(rests) = safe.find(&account.name, what)? {
                is_kept = true;
                show(account, what, Some(&rests))?;
            }
        }
        if !is_kept {
            show(account, What::Password, None)?;
        }
    }
    Ok(())
}

/// `pop3 auth logout`: whatever is kept for the account is removed; nothing to remove is fine, too.
pub(crate) fn logout(context: &Context, account: &Account) -> Result<()> {
    let safe = context.environment().safe()?;
    let output = context.output();
    let mut is_kept = false;
    for what in What::ALL {
        for rests in safe.remove(&account.name, what)? {
            is_kept = true;
            match output.is_json() {
                true => output.object(object(&account.name, what, Some(&rests)))?,
                false => output.note(&format!("removed the {what} of {} from {rests}", account.name)),
            }
        }
    }
    if !is_kept {
        output.note(&format!("nothing was kept for {}", account.name));
    }
    Ok(())
}

fn object(account: &str, what: What, rests: Option<&Rests>) -> Object {
    let (place, path) = match rests {
        Some(Rests::Keyring) => (Some("keyring"), None),
        Some(Rests::File(path)) => (Some("file"), Some(path.display().to_string())),
        None => (None, None),
    };
    Object::new().put("account", account).put("kind", kind(what)).put("rests", place).put("path", path)
}

fn kind(what: What) -> &'static str {
    match what {
        What::Password => "password",
        What::RefreshToken => "oauth",
    }
}
