//! What every command needs: the output, the environment, the configuration, and how to get from an account
//! to a signed-in session.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use jiff::Timestamp;
use pop3::account::{self, Account, Config, Environment, Overrides, Resolved, Scope};
use pop3::advice::{SignIn, Tls};
use pop3::auth::Credentials;
use pop3::connection::Transcript;
use pop3::error::{Error, Kind};
use pop3::fetch::{self, Journal, maildrop};
use pop3::http::Watch;
use pop3::protocol::{Capabilities, Maildrop};
use pop3::session::{Authorization, Dial, Manner, NotCautious, Refused, Session, Transaction};
use pop3::sys::Stop;

use super::output::Output;
use super::report;
use super::signals::Signals;
use super::trace::{Trace, Traces};

/// Output, environment, configuration and signals.
pub(crate) struct Context {
    output: Arc<Output>,
    environment: Environment,
    config: Config,
    signals: Signals,
    traces: Arc<Traces>,
}

impl Context {
    pub(crate) fn new(
        output: Arc<Output>,
        environment: Environment,
        config: Config,
        signals: Signals,
        traces: Traces,
    ) -> Self {
        Context { output, environment, config, signals, traces: Arc::new(traces) }
    }

    /// The same output with another environment, without a configuration.
    pub(crate) fn with_environment(&self, environment: Environment) -> Self {
        let (output, traces) = (Arc::clone(&self.output), Arc::clone(&self.traces));
        Context { output, environment, config: Config::default(), signals: self.signals.clone(), traces }
    }

    /// The handler of Ctrl-C and SIGTERM.
    pub(crate) fn signals(&self) -> &Signals {
        &self.signals
    }

    /// The request to stop, which ends the waits of every session.
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

    /// The one account that `names` (one at most) and `flags` select.
    pub(crate) fn account(&self, names: &[String], flags: &Overrides) -> Result<Account> {
        let accounts = account::resolve(&self.config, &self.environment, names, flags, Scope::One)?;
        let (_, one) = accounts
            .into_iter()
            .next()
            .ok_or_else(|| Error::new(Kind::Config, "no account is configured"))?;
        let one = one?;
        self.output.set_account(&one.name);
        Ok(one)
    }

    /// The accounts of those names; without any, all that are configured. A mistake in one of them is the result
    /// of that one alone.
    pub(crate) fn accounts(&self, names: &[String], flags: &Overrides) -> Result<Vec<Resolved>> {
        Ok(account::resolve(&self.config, &self.environment, names, flags, Scope::All)?)
    }

    /// The same, to show them.
    pub(crate) fn accounts_to_show(&self, names: &[String], flags: &Overrides) -> Result<Vec<Resolved>> {
        Ok(account::resolve(&self.config, &self.environment, names, flags, Scope::Shown)?)
    }

    /// The traces of this run.
    pub(super) fn traces(&self) -> &Traces {
        &self.traces
    }

    /// Shows the account's exchanges with an OAuth provider in its trace, if that is on.
    pub(super) fn watch(&self, account: &Account) -> Result<Option<Watch>, Error> {
        let trace = self.traces.of_account(account)?;
        Ok(trace.map(|trace| Watch::new(move |line| trace.line(line.as_bytes()))))
    }

    /// A session before sign-in.
    pub(crate) fn dial(&self, account: &Account) -> Result<Session<Authorization>, Error> {
        let trace: Option<Trace> = self.traces.of_account(account)?;
        let transcript = || trace.clone().map(|trace| Box::new(trace) as Box<dyn Transcript>);
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

    /// A session that is signed in, and what `look` finds in it. If the session breaks after something optional
    /// (commands ahead of answers, CAPA after sign-in), `look` is called once more in a new session, without that.
    pub(crate) fn look_with<T>(
        &self,
        account: &Account,
        look: impl Fn(&mut Session<Transaction>) -> Result<T, Error>,
    ) -> Result<(Session<Transaction>, T), Error> {
        let proof = self.proof(account)?;
        let mut session = self.sign_in_with(account, &proof, false)?;
        // What earlier runs learned about the server applies to every command.
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
        let Some(why) = NotCautious::find_in(&broken) else { return Err(broken) };
        self.output.detail(&format!("{why}: trying again without"));
        // If the server refuses the second sign-in, the error of the first session tells more.
        let Ok(mut session) = self.sign_in_with(account, &proof, false) else { return Err(broken) };
        session.set_manner(Manner::CAUTIOUS);
        let found = look(&mut session)?;
        Ok((session, found))
    }

    /// One attempt with these credentials; `utf8`: in UTF-8 mode (RFC 6856), if the server supports it.
    pub(super) fn try_sign_in(
        &self,
        account: &Account,
        credentials: &Credentials,
        utf8: bool,
    ) -> Result<Session<Transaction>, Error> {
        let session = self.dial_for(account, utf8)?;
        let signed_in = match session.sign_in(credentials, account.auth) {
            Err(refused) => self.try_the_rest(account, credentials, utf8, refused),
            signed_in => signed_in,
        };
        match signed_in {
            Ok(mut session) => {
                self.note_accepted(account);
                session.set_pipelining(account.pipelining);
                Ok(session)
            }
            // The connection is closed without QUIT: no maildrop is open, and some servers (popa3d) never answer
            // QUIT after a wrong password.
            Err(refused) => {
                if refused.is_judged {
                    self.note_refused(account, credentials);
                }
                let server = &account.server;
                Err(about_certificates(refused.error, account)
                    .in_context(format!("could not sign in to {server}")))
            }
        }
    }

    /// A session before sign-in; `utf8`: in UTF-8 mode, if the server supports it.
    fn dial_for(&self, account: &Account, utf8: bool) -> Result<Session<Authorization>, Error> {
        let mut session = self.dial(account)?;
        if utf8 && session.capabilities().is_some_and(Capabilities::utf8) {
            session.utf8()?;
        }
        Ok(session)
    }

    /// Some servers close the connection when they refuse a mechanism: those that were to follow are tried in a new
    /// one. If that is not possible, the refusal stays the error.
    #[allow(clippy::result_large_err, reason = "as large as what Session::sign_in returns")]
    fn try_the_rest(
        &self,
        account: &Account,
        credentials: &Credentials,
        utf8: bool,
        mut refused: Refused,
    ) -> Result<Session<Transaction>, Refused> {
        // Each session refuses one mechanism at least, so they become fewer.
        while !refused.untried.is_empty() {
            self.output.detail("the server closed the connection: trying another mechanism");
            let Ok(session) = self.dial_for(account, utf8) else { break };
            refused = match session.sign_in_by(credentials, &refused.untried) {
                Err(again) if again.error.ends_the_session() => break,
                Err(again) => again,
                signed_in => return signed_in,
            };
        }
        Err(refused)
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

/// Some servers (Dovecot) complete the handshake without a client certificate, or with one that they do not
/// trust, and refuse the sign-in for that reason: then it would not help to check the password.
fn about_certificates(error: Error, account: &Account) -> Error {
    let speaks_of_one = || report::sentence(&error).to_ascii_lowercase().contains("certificate");
    if error.kind() != Kind::SignIn || error.advice().is_some() || !speaks_of_one() {
        return error;
    }
    match &account.tls.identity {
        Some(_) => error.advise(SignIn::UseAcceptedCertificate),
        None => error.advise(Tls::ShowClientCertificate),
    }
}
