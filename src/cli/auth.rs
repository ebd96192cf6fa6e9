//! `pop3 auth`: stores passwords and OAuth tokens, shows where they are, and removes them. The secrets
//! themselves are never printed. The part for OAuth is in [`oauth`].

pub(crate) mod oauth;
mod status;

use anyhow::Result;
use pop3::account::Account;
use pop3::auth::Proof;
use pop3::error::{Error, Kind};
use pop3::safe::{SecretKind, StoredIn};

pub(crate) use self::status::status;
use super::args::{AuthFlow, ServerArgs};
use super::context::Context;
use super::output::json::{Local, PlaceName};

/// `pop3 auth login`: stores a sign-in with the provider, or a password that the server has accepted.
pub(crate) fn login(context: &Context, account: &Account, flow: Option<AuthFlow>) -> Result<()> {
    match (&account.oauth, flow) {
        (Some(oauth), flow) => oauth::login(context, account, oauth, flow),
        (None, None) => login_with_password(context, account),
        (None, Some(_)) => Err(Error::new(Kind::Config, format!("could not sign in {}", account.name))
            .because("the account has no OAuth provider")
            .hint(
                "add oauth = \"google\" (or \"microsoft\", \"yahoo\", or a metadata URL) and oauth-client-id to the \
                 account",
            )
            .into()),
    }
}

fn login_with_password(context: &Context, account: &Account) -> Result<()> {
    let safe = context.environment().safe()?;
    let credentials = account.credentials_to_keep()?;
    let Proof::Password(password) = &credentials.proof else {
        return Err(Error::new(Kind::Usage, format!("could not store a password of {}", account.name))
            .because("the account signs in without one")
            .into());
    };
    context.try_sign_in(account, &credentials, false)?.leave();
    let what = SecretKind::Password;
    let stored_in = account.keep(&safe, password)?;
    let output = context.output();
    if output.is_json() {
        let (place, path) = PlaceName::with_path(&stored_in);
        output.object(&Local::Login {
            account: &account.name,
            secret: what.into(),
            stored_in: place,
            path,
            tried: true,
            provider: None,
            token_until: None,
            renews: None,
            scope: None,
        })?;
    } else {
        output.note(&format!("signed in: the {what} of {} is stored in {}", account.name, place(&stored_in)));
    }
    let config = context.config();
    let configured = config.own(&account.name).and_then(|own| own.password.clone());
    let configured = configured.or_else(|| config.defaults().password.clone());
    if let Some(source) = configured {
        output.warn(&format!(
            "the configuration has another source of the password of {}, which counts before it: {}",
            account.name,
            source.describe()
        ));
    }
    Ok(())
}

/// `pop3 auth logout`: removes whatever is stored for the account; nothing to remove is no error. Works by the
/// name alone for an account that is no longer configured.
pub(crate) fn logout(context: &Context, server: &ServerArgs) -> Result<()> {
    let flags = server.overrides(context.environment().home())?;
    if let [name] = server.which.accounts.as_slice()
        && !context.config().names().any(|known| known == name)
    {
        let was_kept = oauth::logout_unconfigured(context, name, &flags)? | remove(context, name)?;
        if was_kept {
            return Ok(());
        }
    }
    let account = context.account(&server.which.accounts, &flags)?;
    let was_given_back = match &account.oauth {
        Some(oauth) => oauth::logout(context, &oauth::keeper(context, &account, oauth)?)?,
        None => false,
    };
    if !remove(context, &account.name)? && !was_given_back {
        context.output().note(&format!("nothing was kept for {}", account.name));
    }
    Ok(())
}

/// Removes all that is stored for the account of that name; returns whether there was any.
fn remove(context: &Context, name: &str) -> Result<bool> {
    let (safe, output) = (context.environment().safe()?, context.output());
    let mut was_kept = false;
    for what in SecretKind::ALL {
        for stored_in in safe.remove(name, what)? {
            was_kept = true;
            match output.is_json() {
                true => output.object(&removed(name, what, &stored_in, None))?,
                false => output.note(&format!("removed the {what} of {name} from {stored_in}")),
            }
        }
    }
    Ok(was_kept)
}

/// The object of a secret that was removed.
fn removed<'a>(account: &'a str, what: SecretKind, from: &StoredIn, revoked: Option<bool>) -> Local<'a> {
    let (stored_in, path) = PlaceName::with_path(from);
    Local::Logout { account, secret: what.into(), stored_in, path, revoked }
}

/// The place, with who may read it.
fn place(stored_in: &StoredIn) -> String {
    match stored_in {
        StoredIn::Keyring => stored_in.to_string(),
        StoredIn::File(_) => format!("{stored_in}, which only you may read"),
    }
}

fn kind(what: SecretKind) -> &'static str {
    match what {
        SecretKind::Password => "password",
        SecretKind::RefreshToken => "oauth",
    }
}
