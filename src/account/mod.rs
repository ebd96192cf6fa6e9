//! What the user configured: the file, the `POP3_…` variables and the flags, each of which takes precedence over
//! the one before, become [`Account`]s.
//!
//! ```text
//! config.toml ─▶ document ─▶ Config ──┐
//! POP3_… ─▶ Environment ─▶ Overrides ─┼─▶ resolve ─▶ Account ─▶ password sources ─▶ Credentials
//! flags (cli/) ───────────▶ Overrides ┘
//! ```
//!
//! Knows nothing of clap, of sockets or of the protocol. Secrets are hidden in every `Debug` form and
//! never part of an error.

mod config;
mod contradiction;
mod document;
mod environment;
mod globals;
mod include;
mod kept;
mod maildrop;
mod netrc;
mod oauth;
mod overrides;
mod password;
mod paths;
mod proxy;
mod refusals;
mod resolve;
mod setting;
mod show;
mod trace;
mod url;
pub mod values;

use std::time::Duration;

pub use self::config::Config;
pub use self::document::Mistake;
pub use self::environment::Environment;
pub use self::globals::Globals;
use self::kept::Owner;
pub use self::maildrop::refuse_shared;
pub use self::oauth::{OAuth, OAuthWords};
pub use self::overrides::Overrides;
pub use self::password::PasswordSource;
use self::password::Wanted;
pub use self::refusals::{Refusals, Wait};
pub use self::resolve::{PATIENCE, Resolved, Scope, resolve};
pub use self::setting::Key;
pub use self::show::{Effective, Origin, show};
pub use self::trace::TraceTo;
pub use self::url::ServerUrl;
pub use self::values::When;
use crate::advice::{Advice, SignIn};
use crate::auth::{Credentials, Mechanism, Proof, Secret};
use crate::error::{Error, Kind, Result};
use crate::fetch::policy::Policy;
use crate::oauth::ProviderProxy;
use crate::safe::{Safe, StoredIn};
use crate::session::Pipelining;
use crate::store::Spec;
use crate::transport::{Security, Target, TlsSettings, Way};

/// All that is needed to sign in to one maildrop, and what to do with its messages.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its name in the configuration file, else `user@host`.
    pub name: String,
    /// Whether it is used when no account is named.
    pub enabled: bool,
    /// The configured account whose user name this is, if this is at another server than that account's own:
    /// nothing else that the account signs in with is sent there.
    pub withheld_from: Option<String>,
    /// The name of its maildrop, if user and server do not identify it.
    pub maildrop: Option<String>,
    /// What to connect to.
    pub server: Target,
    /// Proxy, tunnel or addresses to use.
    pub way: Way,
    /// How the connection is encrypted.
    pub security: Security,
    /// Which server is trusted.
    pub tls: TlsSettings,
    /// The user name.
    pub user: String,
    /// Where the password comes from; an access token if `auth` names a mechanism that takes one.
    pub password: PasswordSource,
    /// How access tokens are obtained: if set, these sign in instead of a password.
    pub oauth: Option<OAuth>,
    /// The proxy through which their provider is reached.
    pub provider_proxy: ProviderProxy,
    /// The one mechanism to sign in by; `None` chooses the strongest.
    pub auth: Option<Mechanism>,
    /// How long a silence, and each phase, may last.
    pub timeout: Duration,
    /// Where the dialogue is written.
    pub trace: TraceTo,
    /// Whether commands are sent ahead of their answers.
    pub pipelining: Pipelining,
    /// Where messages go; only `fetch` needs it.
    pub deliver: Option<Spec>,
    /// What is fetched, and what stays on the server.
    pub policy: Policy,
    /// Whether `fetch` only prints what it would do.
    pub dry_run: bool,
    /// Whether no wait is honoured that an earlier run began ([`Refusals`]): the server was named on the command
    /// line, or `--now` was.
    pub at_once: bool,
}

impl Account {
    /// User name and password, of an account without [`OAuth`]. May run a command, read a file, or ask on
    /// the terminal; a password on standard input can be read once, so call this once. If the mechanism takes
    /// an OAuth token, the source configured for the password gives one. A client certificate is used instead
    /// of a password with EXTERNAL, and if no source of a password is configured: then it comes before a
    /// prompt on the terminal, but after `~/.netrc`.
    ///
    /// # Errors
    /// [`Kind::NoCredentials`] if there is no password or token, or no certificate where one is needed;
    /// [`Kind::Config`] when its file is open to others;
    /// [`Kind::Io`] when a source cannot be read.
    pub fn credentials(&self, environment: &Environment) -> Result<Credentials> {
        let by_certificate = Credentials { user: self.user.as_bytes().to_vec(), proof: Proof::Certificate };
        let failed = |mechanism: Mechanism, why: &'static str, advice: SignIn| {
            let error = Error::new(Kind::NoCredentials, format!("could not sign in with {mechanism}"));
            Err(error.because(why).advise(advice))
        };
        // A stored or typed password is no token: those sources are not used for one.
        let by_token = self.auth.filter(|mechanism| mechanism.takes_tokens());
        if let (Some(mechanism), PasswordSource::Search) = (by_token, &self.password) {
            return failed(mechanism, "it takes an OAuth token, and there is none", SignIn::GiveToken);
        }
        // RFC 4422 appendix A: the credentials are outside of the exchange.
        if self.auth == Some(Mechanism::External) {
            let failed = |why, advice| failed(Mechanism::External, why, advice);
            return match self.tls.identity {
                Some(_) if self.security != Security::None => Ok(by_certificate),
                Some(_) => failed(
                    "a client certificate is shown in TLS alone, and the connection has none",
                    SignIn::CertificateNeedsTls { is_socket: matches!(self.server, Target::Unix(_)) },
                ),
                None => failed("it takes a client certificate, and there is none", SignIn::GiveCertificate),
            };
        }
        if self.certificate_may_speak() {
            let netrc = self.password.obtain(self.wanted(), environment, |_| Ok(None));
            return match netrc {
                Err(error) if error.kind() == Kind::NoCredentials => Ok(by_certificate),
                netrc => netrc.map(|secret| Credentials::with_password(self.user.as_bytes(), secret)),
            };
        }
        let secret = self.password.obtain(self.wanted(), environment, password::prompt);
        let secret = secret.map_err(|error| self.about_withheld(error))?;
        Ok(match by_token {
            Some(_) => Credentials::with_token(self.user.as_bytes(), secret),
            None => Credentials::with_password(self.user.as_bytes(), secret),
        })
    }

    /// The same with a password that is typed on the terminal, or that comes from a configured source, but not
    /// a stored one: to store it again.
    ///
    /// # Errors
    /// As [`Account::credentials`].
    pub fn credentials_to_keep(&self) -> Result<Credentials> {
        // Nothing is found where there is no home.
        self.credentials(&Environment::artificial(None, [])).map_err(|error| match error.advice() {
            Some(Advice::SignIn(SignIn::GivePassword)) => error.advise(SignIn::GivePasswordToStore),
            _ => error,
        })
    }

    /// Stores a password that this account's server has accepted, for this user and this server only.
    ///
    /// # Errors
    /// As [`Safe::put`].
    pub fn keep(&self, safe: &Safe, password: &Secret) -> Result<StoredIn> {
        self.owner().keep(safe, password)
    }

    fn wanted(&self) -> Wanted<'_> {
        let in_the_clear = self.security == Security::None;
        Wanted { owner: self.owner(), in_the_clear, timeout: self.timeout }
    }

    /// Says so where there is no password since the configured account's is for its own server.
    fn about_withheld(&self, error: Error) -> Error {
        match &self.withheld_from {
            Some(account)
                if error.kind() == Kind::NoCredentials && matches!(self.password, PasswordSource::Search) =>
            {
                error.advise(SignIn::PasswordWithheld { account: account.clone() })
            }
            _ => error,
        }
    }

    fn owner(&self) -> Owner<'_> {
        Owner { account: &self.name, user: &self.user, server: &self.server }
    }

    /// Whether the client certificate signs in if no password is found: if neither a source of one nor a
    /// mechanism that needs one is configured.
    fn certificate_may_speak(&self) -> bool {
        self.tls.identity.is_some()
            && self.auth.is_none()
            && self.security != Security::None
            && matches!(self.password, PasswordSource::Search)
    }

    /// The host's name, as a certificate and a netrc would have it; `localhost` for a socket.
    pub fn host(&self) -> &str {
        self.owner().host()
    }
}

#[cfg(test)]
mod tests {
    use super::paths::Paths;
    use super::setting::Value;
    use super::*;

    fn account(said: &[(&str, &str)]) -> Account {
        let (environment, mut flags) = (Environment::artificial(None, []), Overrides::default());
        for (key, text) in said {
            flags.set(key, &Value::Text(text), Paths::of_run(None)).expect(key);
        }
        let config = Config::find(None, &environment).expect("none");
        let found = resolve(&config, &environment, &[], &flags, Scope::One).expect("one");
        found.into_iter().next().expect("one").1.expect("sound")
    }

    fn advice(credentials: Result<Credentials>) -> Option<Advice> {
        credentials.map(drop).expect_err("nothing to sign in with").advice().cloned()
    }

    #[test]
    fn what_lacks_to_store_a_password_is_told_by_what_the_account_signs_in_with() {
        let to_keep = |more: &[(&str, &str)]| {
            let server = ("server", "pop3s://me@h.example");
            advice(account(&[&[server], more].concat()).credentials_to_keep())
        };
        assert_eq!(to_keep(&[]), Some(SignIn::GivePasswordToStore.into()));
        assert_eq!(to_keep(&[("auth", "plain")]), Some(SignIn::GivePasswordToStore.into()));
        // Neither of these is typed on a terminal.
        assert_eq!(to_keep(&[("auth", "xoauth2")]), Some(SignIn::GiveToken.into()));
        assert_eq!(to_keep(&[("auth", "external")]), Some(SignIn::GiveCertificate.into()));
        assert_eq!(to_keep(&[("password-command", "false")]), None, "the source is named");
    }

    #[test]
    fn a_source_that_is_named_and_fails_is_not_told_to_be_named() {
        let server = ("server", "pop3s://me@h.example");
        let withheld = |more: &[(&str, &str)]| {
            let account =
                Account { withheld_from: Some("work".to_owned()), ..account(&[&[server], more].concat()) };
            advice(account.credentials(&Environment::artificial(None, [])))
        };
        let told = SignIn::PasswordWithheld { account: "work".to_owned() };
        assert_eq!(withheld(&[]), Some(told.into()));
        assert_eq!(withheld(&[("password-command", "false")]), None);
    }

    #[test]
    fn a_certificate_needs_tls_which_a_socket_has_only_if_it_is_named() {
        for (server, tls, is_socket) in
            [("pop3s://me@h.example", Some("none"), false), ("pop3+unix://me@/run/pop3", None, true)]
        {
            let mut said = vec![("server", server), ("auth", "external"), ("client-cert", "/me.pem")];
            said.extend(tls.map(|tls| ("tls", tls)));
            let told = advice(account(&said).credentials(&Environment::artificial(None, [])));
            assert_eq!(told, Some(SignIn::CertificateNeedsTls { is_socket }.into()), "{server}");
        }
    }
}
