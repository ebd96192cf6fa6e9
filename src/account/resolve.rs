//! Resolves which accounts a command is for, and their settings, from all layers. Pure, except that the
//! existence of a destination's folder is checked.

use std::time::Duration;

use super::{Account, Config, Environment, Overrides, PasswordSource, contradiction, maildrop};
use crate::error::{Error, Kind, Result};
use crate::fetch::policy::{Keep, Order, Policy};
use crate::oauth::ProviderProxy;
use crate::transport::{ClientCertificate, Proxy, Target, TlsSettings, TlsVersion, Way};

/// The default of `--timeout`.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How many accounts a command works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All that are named, or all that are configured if none is named (`fetch`).
    All,
    /// The same, to show them and not to sign in.
    Shown,
    /// One: the named one, otherwise `default-account`, otherwise the only one.
    One,
}

/// An account with its name, or the error that concerns this account alone.
pub type Resolved = (String, Result<Account>);

/// The selected accounts, each with the error that concerns it alone. A server named by the flags (or by
/// `POP3_SERVER`) is an account of its own, based on `[defaults]`, unless an account is named as well, whose server
/// it replaces: if that is another host or port than the account's own, nothing that the account signs in with is
/// sent there except its user name. An account named by a flag takes precedence over `POP3_SERVER` and the variables
/// that belong to it.
/// `POP3_PASSWORD` is for one account: of several, for the only one that has no OAuth and no source of a password
/// configured.
///
/// # Errors
/// [`Kind::Usage`] if it is ambiguous which server or account is selected, or a variable is invalid. For one
/// account: [`Kind::Usage`] if its settings contradict each other, or a named server has no user;
/// [`Kind::Config`] if settings of the file contradict each other, that account's table has a mistake, or the
/// account lacks its server or user.
pub fn resolve(
    config: &Config,
    environment: &Environment,
    accounts: &[String],
    flags: &Overrides,
    scope: Scope,
) -> Result<Vec<Resolved>> {
    let mut surroundings = environment.overrides()?;
    if !accounts.is_empty() && surroundings.server.is_some() {
        surroundings.leave_server();
        surroundings.user = None;
    }
    let named = match environment.account()? {
        _ if !accounts.is_empty() => distinct(accounts),
        Some(account) if flags.server.is_none() => vec![account],
        _ => Vec::new(),
    };
    let upper = surroundings.clone().overlaid_by(flags);
    let names = if !named.is_empty() {
        named.into_iter().map(Some).collect()
    } else if upper.server.is_some() {
        vec![None]
    } else {
        configured(config, environment, scope)?.into_iter().map(Some).collect()
    };
    if names.len() > 1 {
        refuse_for_several(&upper, scope)?;
    }
    let given = environment.password();
    let mut served = 0;
    let mut resolved = Vec::with_capacity(names.len());
    for name in &names {
        let mut base = config.settings(*name).ok_or_else(|| unknown(config, name.unwrap_or_default()))?;
        // The flags may name another server than the account's own: its secrets do not go there.
        let withheld_from = name.filter(|_| upper.names_another_server_than(&base)).map(str::to_owned);
        if withheld_from.is_some() {
            base.leave_sign_in();
        }
        let mut one = || {
            if let Some(mistake) = name.and_then(|name| config.mistake_of(name)) {
                return Err(mistake);
            }
            // One password in the environment is not for accounts that have their own source, nor for those
            // that sign in without a password.
            let is_meant = (names.len() == 1 || base.password.is_none())
                && !base.clone().overlaid_by(&upper).oauth.is_wanted();
            let mut surroundings = surroundings.clone();
            if surroundings.password.is_none() && is_meant {
                surroundings.password = given.clone().map(PasswordSource::Given);
            }
            let said = base.clone().overlaid_by(&surroundings.overlaid_by(flags));
            // Nor what is stored by its name.
            let own_name = name.filter(|_| withheld_from.is_none());
            let mut account = account(own_name, &base, said, environment)?;
            account.withheld_from.clone_from(&withheld_from);
            account.at_once = flags.server.is_some();
            served += usize::from(upper.password.is_none() && is_meant && account.oauth.is_none());
            if let Some(own) = &mut account.tls.identity {
                own.password = environment.client_certificate_password()?;
            }
            Ok(account)
        };
        match (one(), name) {
            (account, Some(name)) => resolved.push(((*name).to_owned(), account)),
            // A server without an account: there is no other account, and an error needs no name.
            (account, None) => {
                let account = account?;
                resolved.push((account.name.clone(), Ok(account)));
            }
        }
    }
    if given.is_some() && served > 1 && scope != Scope::Shown {
        return Err(Error::new(Kind::Usage, "could not use several accounts")
            .because("the one password in POP3_PASSWORD cannot serve several accounts")
            .hint("name a single one with --account, or keep the password of each with `pop3 auth login`"));
    }
    Ok(resolved)
}

fn distinct(names: &[String]) -> Vec<&str> {
    let mut distinct: Vec<&str> = Vec::with_capacity(names.len());
    for name in names {
        if !distinct.contains(&name.as_str()) {
            distinct.push(name);
        }
    }
    distinct
}

/// The accounts that are selected if none is named.
fn configured<'a>(config: &'a Config, environment: &Environment, scope: Scope) -> Result<Vec<&'a str>> {
    let names: Vec<&str> = config.names().collect();
    match (scope, config.default_account(), names.as_slice()) {
        (_, _, []) => {
            let path = config.path().map_or_else(|| environment.config_path(), |path| Some(path.to_owned()));
            let file = path.map_or("a config.toml".to_owned(), |path| path.display().to_string());
            Err(Error::new(Kind::Usage, "could not choose a server")
                .because("none was named, and no account is configured")
                .hint(format!("give --server pop3s://USER@HOST, or write an [account.NAME] into {file}")))
        }
        (Scope::All | Scope::Shown, _, _) | (Scope::One, None, [_]) => Ok(names),
        (Scope::One, Some(default), _) => Ok(vec![default]),
        (Scope::One, None, _) => Err(Error::new(Kind::Usage, "could not choose an account")
            .because(format!("there are {}", names.join(", ")))
            .hint("name one with --account, or set default-account in the configuration")),
    }
}

fn refuse_for_several(upper: &Overrides, scope: Scope) -> Result<()> {
    let why = match upper {
        _ if scope == Scope::One => "this command works on one account at a time",
        Overrides { server: Some(_), .. } => "one server cannot stand in for several accounts",
        Overrides { password: Some(PasswordSource::Stdin), .. } => {
            "one password on standard input cannot serve several accounts"
        }
        _ => return Ok(()),
    };
    Err(Error::new(Kind::Usage, "could not use several accounts")
        .because(why)
        .hint("name a single one with --account"))
}

fn unknown(config: &Config, name: &str) -> Error {
    let known: Vec<_> = config.names().collect();
    let error = Error::new(Kind::Usage, format!("could not find the account {}", name.escape_debug()));
    match super::values::nearest(name, known.iter().copied()) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None if known.is_empty() => error.hint("no account is configured; give --server pop3s://USER@HOST"),
        None => error.hint(format!("configured are {}", known.join(", "))),
    }
}

/// The account of that name from the merged layers `said`, of which `base` is the file's.
fn account(
    name: Option<&str>,
    base: &Overrides,
    mut said: Overrides,
    environment: &Environment,
) -> Result<Account> {
    let unusable = |kind: Kind, what: String| {
        let name = name.map_or_else(|| "the server".to_owned(), |name| format!("the account {name}"));
        Error::new(kind, format!("could not use {name}")).because(what)
    };
    let lacks = |what: &str| {
        let kind = if name.is_some() { Kind::Config } else { Kind::Usage };
        unusable(kind, what.to_owned())
    };
    let url = said.server.take().ok_or_else(|| {
        lacks("it has no server").hint("add server = \"pop3s://HOST\" to it, or give --server")
    })?;
    let url = url.with(said.tls);
    if let Some(found) = contradiction::find(&said, Some(url.target())) {
        let is_the_files = contradiction::find(base, Some(url.target())).as_ref() == Some(&found);
        let kind = if is_the_files { Kind::Config } else { Kind::Usage };
        return Err(unusable(kind, found.what).hint(found.hint));
    }
    let named = said.proxy.take().map(|proxy| proxy.map(|proxy| with_password(proxy, environment)));
    let provider_proxy = match &named {
        None => ProviderProxy::Environment { no_proxy: environment.no_proxy()?.to_owned() },
        Some(None) => ProviderProxy::None,
        Some(Some(proxy)) => ProviderProxy::Proxy(proxy.clone()),
    };
    let way = Way {
        proxy: proxy(named, said.tunnel.is_some(), url.target(), environment)?,
        tunnel: said.tunnel.take(),
        source: said.source,
        family: said.family.flatten(),
    };
    let user = said.user.ok_or_else(|| {
        lacks("there is no user name").hint("give --user, or write it into the URL before an @")
    })?;
    let key = said.client_key;
    let identity = said.client_cert.map(|certificate| ClientCertificate { certificate, key, password: None });
    Ok(Account {
        name: name.map_or_else(|| maildrop::plain_name(&user, url.target()), str::to_owned),
        withheld_from: None,
        maildrop: said.maildrop,
        server: url.target().clone(),
        way,
        security: url.security(),
        tls: TlsSettings {
            ca_files: said.ca_files.unwrap_or_default(),
            pins: said.pins.unwrap_or_default(),
            min: said.tls_min.unwrap_or(TlsVersion::V1_2),
            host: said.tls_host,
            identity,
        },
        user,
        password: said.password.unwrap_or(PasswordSource::Search),
        oauth: said.oauth.settle()?,
        provider_proxy,
        auth: said.auth.flatten(),
        timeout: said.timeout.unwrap_or(PATIENCE),
        trace: said.trace.unwrap_or(false),
        pipelining: said.pipelining.unwrap_or_default(),
        deliver: said.deliver,
        policy: Policy {
            keep: said.keep.unwrap_or(Keep::All),
            max_size: said.max_size,
            limit: said.limit,
            order: said.order.unwrap_or(Order::Oldest),
            max_delete: said.max_delete,
            refetch: said.refetch.unwrap_or(false),
        },
        dry_run: said.dry_run.unwrap_or(false),
        at_once: false,
    })
}

/// The configured proxy, otherwise the system's.
fn proxy(
    named: Option<Option<Proxy>>,
    has_tunnel: bool,
    target: &Target,
    environment: &Environment,
) -> Result<Option<Proxy>> {
    match (named, target) {
        (Some(proxy), _) => Ok(proxy),
        (None, Target::Tcp { host, port }) if !has_tunnel => environment.system_proxy(host, *port),
        (None, _) => Ok(None),
    }
}

fn with_password(proxy: Proxy, environment: &Environment) -> Proxy {
    let password = proxy.user.as_ref().and_then(|_| environment.proxy_password());
    Proxy { password, ..proxy }
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
