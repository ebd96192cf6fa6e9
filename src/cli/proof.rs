//! The credentials of a command, for as many sessions as it needs: a password is obtained once; an
//! access token is renewed when it expires, or when the server refuses it.

use std::cell::Cell;

use jiff::Timestamp;
use pop3::account::Account;
use pop3::auth::{self, Credentials, Secret, TokenRefused};
use pop3::error::{Error, Kind};
use pop3::oauth::Keeper;
use pop3::session::{Session, Transaction};

use super::auth::oauth;
use super::context::Context;

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
            return account.credentials(self.environment()).map(Proof::Known);
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
        let refused = match self.try_sign_in(account, &credentials, utf8) {
            // The server refused something else than the token: a new token would not help.
            Err(error) if TokenRefused::of(&error).is_some() => error,
            outcome => return outcome,
        };
        let renewed = proof.after(refused, &credentials, self, account)?;
        self.try_sign_in(account, &renewed, utf8).map_err(|error| proof.advise(error))
    }
}

impl Proof<'_> {
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
            Err(error) if error.kind() == Kind::NoCredentials => Err(match error.own_hint() {
                Some(hint) => refused.hint(hint),
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
                keeper.login
            )),
            _ => error,
        }
    }
}

fn about(error: Error, account: &Account) -> Error {
    error.within(format!("could not get an access token for {}", account.name))
}

fn now() -> i64 {
    Timestamp::now().as_second()
}
