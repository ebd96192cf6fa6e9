//! What every command needs: the output, what surrounds the program, the configuration, and the way
//! from an account to a signed-in session.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use jiff::Timestamp;
use pop3::account::{self, Account, Config, Environment, Overrides, Resolved, Scope};
use pop3::auth::Credentials;
use pop3::connection::Transcript;
use pop3::error::{Error, Kind};
use pop3::fetch::{self, Journal, maildrop};
use pop3::protocol::{Capabilities, Maildrop};
use pop3::session::{Authorization, Dial, Manner, NotCautious, Session, Transaction};
use pop3::sys::Stop;

use super::output::Output;
use super::report;
use super::signals::Signals;
use super::trace::Trace;

/// The program's surroundings, read once.
pub(crate) struct Context {
    output: Arc<Output>,
    environment: Environment,
    config: Config,
    signals: Signals,
}

impl Context {
    pub(crate) fn new(
        output: Arc<Output>,
        environment: Environment,
        config: Config,
        signals: Signals,
    ) -> Self {
        Context { output, environment, config, signals }
    }

    /// The same output in other surroundings, without a configuration.
    pub(crate) fn within(&self, environment: Environment) -> Self {
        let (output, config) = (Arc::clone(&self.output), Config::default());
        Context { output, environment, config, signals: self.signals.clone() }
    }

    /// What Ctrl-C and SIGTERM do.
    pub(crate) fn signals(&self) -> &Signals {
        &self.signals
    }

    /// What ends the waits of every session soon after it is requested.
    pub(crate) fn stop(&self) -> &Stop {
        self.signals.stop()
    }

    /// The journal of the account's maildrop.
    pub(crate) fn journal_of(&self, account: &Account) -> Result<PathBuf, Error> {
        Ok(maildrop::journal_of(&self.environment.state_folder()?, &account.journal_owner()))
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
        dialling(account, self.stop()).dial(&transcript)
    }

    /// A session that is signed in.
    pub(crate) fn sign_in(&self, account: &Account) -> Result<Session<Transaction>, Error> {
        self.sign_in_with(account, &self.proof(account)?, false)
    }

    /// A session that is signed in, and its maildrop.
    pub(crate) fn look(&self, account: &Account) -> Result<(Session<Transaction>, Maildrop), Error> {
        self.look_with(account, Session::maildrop)
    }

    /// A session that is signed in, and what `look` finds in it. Where the session breaks after something that
    /// need not have been asked (commands ahead of answers, CAPA after sign-in), it is looked at once more in
    /// a new one, without that.
    pub(crate) fn look_with<T>(
        &self,
        account: &Account,
        look: impl Fn(&mut Session<Transaction>) -> Result<T, Error>,
    ) -> Result<(Session<Transaction>, T), Error> {
        let proof = self.proof(account)?;
        let mut session = self.sign_in_with(account, &proof, false)?;
        // What earlier runs learned of the server holds for everybody.
        let view = Journal::peek(&self.journal_of(account)?).ok().flatten();
        if let Some(view) = view {
            let now = Timestamp::now().as_second();
            session.set_manner(fetch::Manner::learned(account.pipelining, &view, now).of_session());
        }
        let broken = match look(&mut session) {
            Ok(found) => return Ok((session, found)),
            Err(error) => error,
        };
        drop(session);
        let Some(why) = NotCautious::of(&broken) else { return Err(broken) };
        self.output.detail(&format!("{why}: trying again without"));
        // A server that takes no second sign-in now says less about the trouble than the first session did.
        let Ok(mut session) = self.sign_in_with(account, &proof, false) else { return Err(broken) };
        session.set_manner(Manner::CAUTIOUS);
        let found = look(&mut session)?;
        Ok((session, found))
    }

    /// One attempt with these credentials; `utf8`: in a session that speaks UTF-8 (RFC 6856), where the server
    /// can.
    pub(super) fn try_sign_in(
        &self,
        account: &Account,
        credentials: &Credentials,
        utf8: bool,
    ) -> Result<Session<Transaction>, Error> {
        let mut session = self.dial(account)?;
        if utf8 && session.capabilities().is_some_and(Capabilities::utf8) {
            session.utf8()?;
        }
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
pub(crate) fn dialling<'a>(account: &'a Account, stop: &'a Stop) -> Dial<'a> {
    Dial {
        target: &account.server,
        way: &account.way,
        security: account.security,
        tls: &account.tls,
        timeout: account.timeout,
        stop,
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
