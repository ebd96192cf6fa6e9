//! `pop3 auth` for accounts that sign in by OAuth: guides the user through the provider's pages, and
//! reports the result.

use std::io::{self, BufRead};
use std::process::Stdio;
use std::sync::mpsc::{self, TryRecvError};
use std::time::Instant;

use anyhow::Result;
use jiff::Timestamp;
use pop3::account::{Account, OAuth, Overrides};
use pop3::auth::{Credentials, Secret, TokenRefused};
use pop3::error::{Error, Kind};
use pop3::http::Reach;
use pop3::oauth::{Client, Endpoints, Keeper, Tokens, Visit, stored};
use pop3::safe::SecretKind;
use pop3::sys::process;

use super::{place, removed};
use crate::cli::advice::login_command;
use crate::cli::args::AuthFlow;
use crate::cli::context::Context;
use crate::cli::output::human;
use crate::cli::output::json::{Local, PlaceName, Time};
use crate::cli::report;

/// A person gets this many times the timeout that a machine gets.
const PERSON: u32 = 10;

/// Access to the stored OAuth sign-in of an account.
pub(crate) fn keeper<'a>(
    context: &'a Context,
    account: &'a Account,
    oauth: &'a OAuth,
) -> Result<Keeper<'a>, Error> {
    let journal = context.environment().state_path(&account.name)?;
    Ok(Keeper {
        safe: context.environment().safe()?,
        account: &account.name,
        lock: journal.with_extension("token.lock"),
        settings: &oauth.settings,
        server: account.server.to_string().to_ascii_lowercase(),
        reach: reach(context, account)?,
        client_secret: Box::new(|| context.output().aside(|| oauth.client_secret())),
        is_configured: context.config().names().any(|known| known == account.name),
        hold: Box::new(|| context.signals().hold()),
    })
}

/// How the provider is reached: with the authorities, the version of IP and the timeout of the mail server.
fn reach(context: &Context, account: &Account) -> Result<Reach, Error> {
    Ok(Reach {
        ca_files: account.tls.ca_files.clone(),
        proxy: account.provider_proxy.clone(),
        family: account.way.family,
        timeout: account.timeout,
        stop: context.stop().clone(),
        watch: context.watch(account)?,
    })
}

/// Signs in with the provider, verifies the token at the mail server, and stores it.
pub(super) fn login(
    context: &Context,
    account: &Account,
    oauth: &OAuth,
    flow: Option<AuthFlow>,
) -> Result<()> {
    let about = |error: Error| error.in_context(format!("could not sign in {}", account.name));
    let keeper = keeper(context, account, oauth)?;
    let client = oauth.client_secret().and_then(|secret| Client::new(&oauth.settings, secret, &keeper.reach));
    let client = client.map_err(about)?;
    let endpoints = client.endpoints().map_err(about)?;
    let flow = flow.unwrap_or_else(|| {
        let has_browser = context.output().can_ask() && context.environment().has_screen();
        match (&endpoints.device, &endpoints.authorization) {
            (Some(_), Some(_)) if has_browser => AuthFlow::Browser,
            (Some(_), _) => AuthFlow::Device,
            (None, _) => AuthFlow::Browser,
        }
    });
    let tokens = match flow {
        AuthFlow::Device => by_device(context, account, &client, &endpoints),
        AuthFlow::Browser => by_browser(context, account, &client, &endpoints),
    };
    let (tokens, now) = (tokens.map_err(about)?, Timestamp::now());
    let command = login_command(keeper.configured());
    let untried = try_out(context, account, &tokens.access, &command).map_err(about)?;
    let (document, stored_in) = keeper.keep(&endpoints, tokens, now.as_second()).map_err(about)?;
    let output = context.output();
    if let Some(error) = &untried {
        output.warn(&format!("not tried at the server: {}", report::sentence(error)));
    }
    let until = document.expires_at.and_then(|end| Timestamp::from_second(end).ok());
    if output.is_json() {
        let (place, path) = PlaceName::with_path(&stored_in);
        return Ok(output.object(&Local::Login {
            account: &account.name,
            secret: SecretKind::RefreshToken.into(),
            stored_in: place,
            path,
            tried: untried.is_none(),
            provider: Some(&document.provider),
            token_until: until.map(Time),
            renews: Some(document.refresh.is_some()),
            scope: Some(&document.scope),
        })?);
    }
    let whom = match untried {
        None => format!("signed in: {} as {}", account.name, account.user),
        Some(_) => format!("signed in with the provider: {}", account.name),
    };
    output.note(&format!("{whom}; the refresh token is stored in {}", place(&stored_in)));
    if document.refresh.is_none() {
        let end = until.map_or_else(|| "its end".to_owned(), human::local);
        output.warn(&format!(
            "the provider gave no refresh token, so this sign-in lasts until {end} only; does oauth-scope lack offline_access?"
        ));
    }
    Ok(())
}

/// Verifies a new access token at the mail server: the user may have picked another account in the browser,
/// and would otherwise notice it only when a fetch fails. Returns the error that kept it from being verified,
/// which says nothing against the token.
///
/// # Errors
/// The server refuses the sign-in.
fn try_out(
    context: &Context,
    account: &Account,
    access: &Secret,
    login: &str,
) -> Result<Option<Error>, Error> {
    let credentials = Credentials::with_token(account.user.as_bytes(), access.clone());
    match context.try_sign_in(account, &credentials, false) {
        Ok(session) => {
            session.leave();
            Ok(None)
        }
        Err(error) if TokenRefused::find_in(&error).is_some() => Err(error.hint(format!(
            "nothing new was kept: was {} picked in the browser, and not another account? if so, check \
             oauth-scope, and whether POP3 is switched on there; then run `{login}` again",
            account.user
        ))),
        Err(error) if matches!(error.kind(), Kind::SignIn | Kind::NoCredentials) => Err(error),
        Err(error) => Ok(Some(error)),
    }
}

fn by_device(
    context: &Context,
    account: &Account,
    client: &Client<'_>,
    endpoints: &Endpoints,
) -> Result<Tokens, Error> {
    let code = client.begin_device(endpoints)?;
    let output = context.output();
    if output.is_json() {
        show(
            context,
            &Local::EnterCode {
                account: &account.name,
                url: code.url(),
                complete_url: code.complete_url(),
                code: code.code(),
                expires_in: code.lifetime().as_secs(),
            },
        )?;
    } else {
        output.urge(&format!(
            "open {} in any browser, on any machine, and enter {}",
            code.url(),
            code.code()
        ));
        output.note(&format!("waiting, for at most {}", human::duration(code.lifetime())));
    }
    client.finish_device(endpoints, &code)
}

fn by_browser(
    context: &Context,
    account: &Account,
    client: &Client<'_>,
    endpoints: &Endpoints,
) -> Result<Tokens, Error> {
    let visit = client.begin_browser(endpoints, &account.user)?;
    let (output, url, listens) = (context.output(), visit.url().as_str(), visit.listens());
    if output.is_json() {
        show(context, &Local::OpenUrl { account: &account.name, url, listens })?;
    } else {
        output.urge(&format!("open this address in a browser:\n\n  {url}\n"));
        output.note(if listens {
            "where the browser runs on another machine, it ends at a page that cannot be reached: copy the \
             address of that page from its address bar, and paste it here"
        } else {
            "it ends at a page that may not be reached: copy the address of that page from the browser's \
             address bar, and paste it here"
        });
        open(context, &visit);
    }
    let timeout = account.timeout.saturating_mul(PERSON);
    let mut typed = typed_lines(listens);
    client
        .finish_browser(endpoints, visit, Instant::now() + timeout, &mut typed, &mut |text| output.warn(text))
}

/// An object that a program has to get before we wait.
fn show(context: &Context, object: &Local<'_>) -> Result<(), Error> {
    let output = context.output();
    output
        .object(object)
        .and_then(|()| output.flush())
        .map_err(|error| Error::io("could not write to stdout", error))
}

/// Opens a browser if there is a screen. Nothing depends on it.
fn open(context: &Context, visit: &Visit) {
    if context.output().can_ask() && context.environment().has_screen() {
        let mut opener = process::program("xdg-open");
        opener.arg(visit.url().as_str()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if opener.spawn().is_err() {
            context.output().detail("no browser could be opened from here");
        }
    }
}

/// The lines of standard input as they come. Its end matters only where nothing else can come.
fn typed_lines(listens: bool) -> impl FnMut() -> Result<Option<String>, Error> {
    let (send, lines) = mpsc::channel();
    // If the browser is faster this thread stays in its read; it ends with the process.
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    move || match lines.try_recv() {
        Ok(line) => Ok(Some(line)),
        Err(TryRecvError::Disconnected) if !listens => {
            Err(Error::new(Kind::NoCredentials, "could not sign in with the browser")
                .because("the address at which the browser ended was not entered")
                .hint("run it on a terminal, or write the address to its standard input"))
        }
        Err(_) => Ok(None),
    }
}

/// What is known about an account's sign-in without asking the provider.
pub(super) struct Known {
    pub(super) provider: String,
    /// In a word or two: `signed in`, `not signed in`, …
    pub(super) state: &'static str,
    /// When the access token expires.
    pub(super) until: Option<Timestamp>,
    /// Whether it is renewed without the user, if that is known.
    pub(super) renews: Option<bool>,
    pub(super) scope: String,
}

/// What is known about an account's sign-in, and why no more is known.
pub(super) fn known(context: &Context, account: &Account, oauth: &OAuth) -> Result<(Known, Option<Error>)> {
    let mut keeper = keeper(context, account, oauth)?;
    // The user is not asked to unlock the keyring only to show its state.
    keeper.safe = keeper.safe.asking(false);
    let (stored, trouble) = match keeper.stored() {
        Ok(stored) => (stored, None),
        Err(error) => (None, Some(error)),
    };
    let now = Timestamp::now().as_second();
    let state = match &stored {
        None => match trouble.as_ref().map(Error::kind) {
            None => "not signed in",
            Some(Kind::NoCredentials) => "locked",
            Some(Kind::Data) => "damaged",
            Some(Kind::Config) => "open to others",
            Some(_) => "unreadable",
        },
        Some(document) if !document.belongs_to(&oauth.settings) => "of another client",
        Some(document) if !document.is_for(&keeper.server) => "of another server",
        Some(document) if document.refresh.is_none() && !document.is_fresh(now) => "expired",
        Some(_) => "signed in",
    };
    let known = Known {
        provider: oauth.settings.provider.to_string(),
        state,
        until: stored.as_ref().and_then(|document| Timestamp::from_second(document.expires_at?).ok()),
        renews: trouble.is_none().then(|| stored.as_ref().is_some_and(|document| document.refresh.is_some())),
        scope: stored.map_or_else(|| oauth.settings.scope().to_owned(), |document| document.scope),
    };
    Ok((known, trouble))
}

/// Removes and revokes the sign-in of an account that is not configured, by what is stored of it. One that
/// cannot be read is only removed, by the caller. Returns whether there was one.
pub(super) fn logout_unconfigured(context: &Context, name: &str, flags: &Overrides) -> Result<bool> {
    let safe = context.environment().safe()?;
    let Ok(Some((document, _))) = stored(&safe, name) else { return Ok(false) };
    let settings = document.settings();
    // Of the account only the way to the provider is needed, so that any server will do.
    let server = Some("pop3s://nobody@localhost".parse()?);
    let account = context.account(&[], &Overrides { server, ..flags.clone() })?;
    context.output().set_account(name);
    let keeper = Keeper {
        safe,
        account: name,
        lock: context.environment().state_path(name)?.with_extension("token.lock"),
        settings: &settings,
        server: String::new(),
        reach: reach(context, &account)?,
        client_secret: Box::new(|| Ok(None)),
        is_configured: false,
        hold: Box::new(|| context.signals().hold()),
    };
    logout(context, &keeper)
}

/// Removes a sign-in here and revokes it at the provider; returns whether there was one.
pub(super) fn logout(context: &Context, keeper: &Keeper<'_>) -> Result<bool> {
    let forgotten = keeper.forget()?;
    let (output, name, what) = (context.output(), keeper.account, SecretKind::RefreshToken);
    for stored_in in &forgotten.removed {
        if output.is_json() {
            let is_revoked = forgotten.revoked.as_ref().is_some_and(Result::is_ok);
            output.object(&removed(name, what, stored_in, Some(is_revoked)))?;
        } else {
            output.note(&format!("removed the {what} of {name} from {stored_in}"));
        }
    }
    if forgotten.removed.is_empty() {
        return Ok(false);
    }
    match &forgotten.revoked {
        Some(Ok(())) => output.note("the provider has revoked the token, too"),
        Some(Err(error)) => output.warn(&format!(
            "the provider may not have revoked the token: {}; remove the program on its page of connected apps",
            report::sentence(error)
        )),
        None => output.note(
            "the provider cannot revoke the token here: remove the program on its page of connected apps",
        ),
    }
    Ok(true)
}
