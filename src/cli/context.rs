//! What every command needs: the output, what surrounds the program, the configuration, and the way
//! from an account to a signed-in session.

use std::sync::Arc;

use anyhow::Result;
use pop3::account::{self, Account, Config, Environment, Overrides, Resolved, Scope};
use pop3::auth::Credentials;
use pop3::connection::Transcript;
use pop3::error::{Error, Kind};
use pop3::session::{Authorization, Dial, Session, Transaction};

use super::output::Output;
use super::report;
use super::trace::Trace;

/// The program's surroundings, read once.
pub(crate) struct Context {
    output: Arc<Output>,
    environment: Environment,
    config: Config,
}

impl Context {
    pub(crate) fn new(output: Arc<Output>, environment: Environment, config: Config) -> Self {
        Context { output, environment, config }
    }

    /// The same output in other surroundings, without a configuration.
    pub(crate) fn within(&self, environment: Environment) -> Self {
        Context { output: Arc::clone(&self.output), environment, config: Config::default() }
    }

    pub(crate) fn output(&self) -> &Output {
        &self.output
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// The one account that `names` (one at most) and `flags` mean.
    pub(crate) fn account(&self, names: &[String], flags: &Overrides) -> Result<Account> {
        let accounts = account::resolve(&self.config, &self.environment, names, flags, Scope::One)?;
        let (_, one) = accounts
            .into_iter()
            .next()
            .ok_or_else(|| Error::new(Kind::Config, "no account is configured"))?;
        Ok(one?)
    }

    /// The accounts of those names; without any, all that are configured. What is wrong with one of them is
    /// told of that one alone.
    pub(crate) fn accounts(&self, names: &[String], flags: &Overrides) -> Result<Vec<Resolved>> {
        Ok(account::resolve(&self.config, &self.environment, names, flags, Scope::All)?)
    }

    /// The same, to show them.
    pub(crate) fn accounts_to_show(&self, names: &[String], flags: &Overrides) -> Result<Vec<Resolved>> {
        Ok(account::resolve(&self.config, &self.environment, names, flags, Scope::Shown)?)
    }

    /// A session before sign-in.
    pub(crate) fn dial(&self, account: &Account) -> Result<Session<Authorization>, Error> {
        let is_shown = account.trace || self.output.wants_trace();
        let transcript = || {
            let trace = Trace::new(Arc::clone(&self.output));
            is_shown.then(|| Box::new(trace) as Box<dyn Transcript>)
        };
        dialling(account).dial(&transcript)
    }

    /// A session that is signed in.
    pub(crate) fn sign_in(&self, account: &Account) -> Result<Session<Transaction>, Error> {
        self.sign_in_with(account, &self.proof(account)?)
    }

    /// One attempt with these credentials.
    pub(super) fn try_sign_in(
        &self,
        account: &Account,
        credentials: &Credentials,
    ) -> Result<Session<Transaction>, Error> {
        let session = self.dial(account)?;
        let server = &account.server;
        match session.sign_in(credentials, account.auth) {
            Ok(mut session) => {
                session.set_pipelining(account.pipelining);
                Ok(session)
            }
            // The line is dropped without a QUIT: nothing is open that it could end, and servers exist
            // (popa3d) that never answer one after a wrong password.
            Err(refused) => {
                Err(about_certificates(refused.error, account)
                    .within(format!("could not sign in to {server}")))
            }
        }
    }
}

/// How an account's server is reached.
pub(crate) fn dialling(account: &Account) -> Dial<'_> {
    Dial {
        target: &account.server,
        way: &account.way,
        security: account.security,
        tls: &account.tls,
        patience: account.timeout,
    }
}

/// Some servers (Dovecot) let the handshake pass without a client certificate, or with one they do not
/// know, and refuse the sign-in for want of it: then checking the password would not help.
fn about_certificates(error: Error, account: &Account) -> Error {
    let speaks_of_one = || report::sentence(&error).to_ascii_lowercase().contains("certificate");
    if error.kind() != Kind::SignIn || error.own_hint().is_some() || !speaks_of_one() {
        return error;
    }
    error.hint(match &account.tls.identity {
        Some(_) => "the server does not take this client certificate: ask its owner for one that it knows",
        None => "show the server a client certificate with --client-cert FILE",
    })
}
