//! `pop3 auth`: what is needed to sign in is kept, shown and removed. The secrets themselves are never
//! printed. Accounts that sign in by OAuth have their part in [`oauth`].

pub(crate) mod oauth;
mod status;

use anyhow::Result;
use pop3::account::Account;
use pop3::auth::Proof;
use pop3::error::{Error, Kind};
use pop3::safe::{Rests, What};

pub(crate) use self::status::status;
use super::args::AuthFlow;
use super::context::Context;
use super::output::json::Object;

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
