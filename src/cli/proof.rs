//! The credentials of a command, for as many sessions as it needs: a password is obtained once; an
//! access token is renewed when it expires, or when the server refuses it, and a password that was refused again
//! and again is not offered by every run that nobody watches.

use std::cell::Cell;
use std::io::{self, IsTerminal};

use jiff::Timestamp;
use pop3::account::{Account, Refusals, Wait};
use pop3::auth::{self, Credentials, Secret, TokenRefused};
use pop3::error::{Error, Kind};
use pop3::oauth::Keeper;
use pop3::session::{Session, Transaction};

use super::advice::login_command;
use super::auth::oauth;
use super::context::Context;
use super::output::human;
use super::report::{self, Reported};

/// See the module.
pub(crate) enum Proof<'a> {
    /// Fixed: a password on standard input, for example, can be read only once.
    Known(Credentials),
    /// From an OAuth provider.
    Token {
        keeper: Box<Keeper<'a>>,
        /// A token obtained before the first session, so that a failure shows early.
        first: Cell<Option<Secret>>,
    },
}

impl Context {
    /// Obtains the credentials of an account. May run a command, ask on the terminal, or talk to a
    /// provider.
    pub(crate) fn proof<'a>(&'a self, account: &'a Account) -> Result<Proof<'a>, Error> {
        let Some(oauth) = &account.oauth else {
            // Only here the terminal may be used: a wait for an OAuth provider is shown like any other.
            let asked = self.output().aside(|| account.credentials(self.environment()));
            return asked.map(Proof::Known);
        };
        let keeper = Box::new(oauth::keeper(self, account, oauth)?);
        let first = keeper.token(None, now()).map_err(|error| about(error, account))?;
        Ok(Proof::Token { keeper, first: Cell::new(Some(first)) })
    }

    /// A session that is signed in with it. A token that the server refuses is renewed, once.
    pub(crate) fn sign_in_with(
        &self,
        account: &Account,
        proof: &Proof<'_>,
        utf8: bool,
    ) -> Result<Session<Transaction>, Error> {
        let credentials = proof.credentials(account)?;
        self.refuse_to_repeat(account, &credentials)?;
        let refused = match self.try_sign_in(account, &credentials, utf8) {
            // The server refused something else than the token: a new token would not help.
            Err(error) if TokenRefused::find_in(&error).is_some() => error,
            outcome => return outcome,
        };
        let renewed = proof.after(refused, &credentials, self, account)?;
        self.try_sign_in(account, &renewed, utf8).map_err(|error| proof.advise(error))
    }

    /// Fails if the server has refused this password so often that it is not to be offered now. Once a day with
    /// an error that is printed ([`Reported`] is in all others).
    fn refuse_to_repeat(&self, account: &Account, credentials: &Credentials) -> Result<(), Error> {
        let Some((refusals, wait)) = self.wait_of(account, credentials) else { return Ok(()) };
        let error = refused_often(account, wait);
        if wait.is_reported {
            let why = report::sentence(&error);
            self.output().detail(&why);
            return Err(error.because(Reported(why)));
        }
        refusals.note_report(now());
        Err(error)
    }

    /// The error with which this password is not offered now, if it is not.
    pub(super) fn repeated_refusal(&self, account: &Account, credentials: &Credentials) -> Option<Error> {
        self.wait_of(account, credentials).map(|(_, wait)| refused_often(account, wait))
    }

    /// The wait that a password is in. On a terminal there is none: somebody is there to correct it.
    fn wait_of(&self, account: &Account, credentials: &Credentials) -> Option<(Refusals, Wait)> {
        let auth::Proof::Password(password) = &credentials.proof else { return None };
        if account.at_once || io::stdin().is_terminal() || io::stderr().is_terminal() {
            return None;
        }
        let refusals = self.refusals_of(account)?;
        let wait = refusals.wait(password, now())?;
        Some((refusals, wait))
    }

    /// Notes that the server has refused this password.
    pub(super) fn note_refused(&self, account: &Account, credentials: &Credentials) {
        if let (auth::Proof::Password(password), Some(refusals)) =
            (&credentials.proof, self.refusals_of(account))
        {
            refusals.note_refusal(password, now());
        }
    }

    /// Notes that the server has let the user in.
    pub(super) fn note_accepted(&self, account: &Account) {
        if let Some(refusals) = self.refusals_of(account) {
            refusals.forget();
        }
    }

    /// What is known of refused passwords. Nothing where there is no folder for it.
    fn refusals_of(&self, account: &Account) -> Option<Refusals> {
        Some(Refusals::for_account(account, &self.environment().state_folder().ok()?))
    }
}

impl Proof<'_> {
    /// The password, or the access token that its source gave, if that is what signs in.
    pub(crate) fn password(&self) -> Option<&Secret> {
        match self {
            Proof::Known(Credentials {
                proof: auth::Proof::Password(secret) | auth::Proof::Token(secret),
                ..
            }) => Some(secret),
            _ => None,
        }
    }

    /// The credentials that are valid at this moment.
    pub(crate) fn credentials(&self, account: &Account) -> Result<Credentials, Error> {
        match self {
            Proof::Known(credentials) => Ok(credentials.clone()),
            Proof::Token { keeper, first } => {
                let token = first.take().map_or_else(|| keeper.token(None, now()), Ok);
                let token = token.map_err(|error| about(error, account))?;
                Ok(Credentials::with_token(account.user.as_bytes(), token))
            }
        }
    }

    /// What to try after the server has `refused` the token in these credentials.
    ///
    /// # Errors
    /// What the server said, if there is nothing else to try; or why a new token could not be obtained.
    pub(crate) fn after(
        &self,
        refused: Error,
        credentials: &Credentials,
        context: &Context,
        account: &Account,
    ) -> Result<Credentials, Error> {
        let (Proof::Token { keeper, .. }, auth::Proof::Token(used)) = (self, &credentials.proof) else {
            return Err(refused.hint(format!(
                "the server refused the token that the source of the password gave ({}): have it give a fresh \
                 one, made for this user and for reading mail by POP3",
                account.password.describe()
            )));
        };
        context.output().detail("the server refused the access token: trying with a new one");
        match keeper.token(Some(used), now()) {
            Ok(token) => Ok(Credentials::with_token(account.user.as_bytes(), token)),
            Err(error) if error.kind() == Kind::NoCredentials => Err(match error.advice().cloned() {
                Some(advice) => refused.advise(advice),
                None => refused,
            }),
            Err(error) => Err(about(error, account)),
        }
    }

    /// The hint for a server that refuses even a new token.
    pub(crate) fn advise(&self, error: Error) -> Error {
        match self {
            Proof::Token { keeper, .. } if error.kind() == Kind::SignIn => error.hint(format!(
                "check that user, oauth and oauth-scope fit the server; `{}` signs in anew",
                login_command(keeper.configured())
            )),
            _ => error,
        }
    }
}

fn refused_often(account: &Account, wait: Wait) -> Error {
    let until = Timestamp::from_second(wait.until).map(human::local).unwrap_or_default();
    Error::new(Kind::SignIn, format!("could not sign in to {}", account.server))
        .because(format!(
            "the server has refused this password {} times in a row, so it is not offered again before {until}",
            wait.refusals
        ))
        .hint(
            "correct the password: a changed one is tried at once; `pop3 fetch --now`, or any command on a \
             terminal, tries this one",
        )
}

fn about(error: Error, account: &Account) -> Error {
    error.in_context(format!("could not get an access token for {}", account.name))
}

fn now() -> i64 {
    Timestamp::now().as_second()
}
