//! Resolves which accounts a command is for, and their settings, from all layers. Pure, except that the
//! existence of a destination's folder is checked.

use std::time::Duration;

use super::{Account, Config, Environment, Overrides, PasswordSource, contradiction, maildrop};
use crate::advice::Settings;
use crate::error::{Error, Kind, Result};
use crate::fetch::policy::Policy;
use crate::oauth::ProviderProxy;
use crate::quote;
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
    let all = layers(config, environment, accounts, flags, scope)?;
    let given = environment.password().is_some();
    let mut served = 0;
    let mut resolved = Vec::with_capacity(all.len());
    for layers in all {
        let name = layers.name.clone();
        let mut one = || {
            if let Some(mistake) = name.as_deref().and_then(|name| config.mistake_of(name)) {
                return Err(mistake);
            }
            // Nor what is stored by its name.
            let own_name = name.as_deref().filter(|_| !layers.is_elsewhere);
            let mut account = account(own_name, &layers.file(), layers.effective(), environment)?;
            account.withheld_from = name.clone().filter(|_| layers.is_elsewhere);
            account.at_once = flags.server.is_some();
            served += usize::from(layers.has_given_password && account.oauth.is_none());
            if let Some(own) = &mut account.tls.identity {
                own.password = environment.client_certificate_password()?;
            }
            Ok(account)
        };
        match (one(), name.clone()) {
            (account, Some(name)) => resolved.push((name, account)),
            // A server without an account: there is no other account, and an error needs no name.
            (account, None) => {
                let account = account?;
                resolved.push((account.name.clone(), Ok(account)));
            }
        }
    }
    if given && served > 1 && scope != Scope::Shown {
        return Err(Error::new(Kind::Usage, "could not use several accounts")
            .because("the one password in POP3_PASSWORD cannot serve several accounts")
            .advise(Settings::PasswordOfEachAccount));
    }
    Ok(resolved)
}

/// The settings of one account, each layer by itself.
#[derive(Debug)]
pub(super) struct Layers {
    /// `None`: a server without an account.
    pub(super) name: Option<String>,
    pub(super) defaults: Overrides,
    pub(super) own: Overrides,
    /// The variables of the environment.
    pub(super) variables: Overrides,
    pub(super) flags: Overrides,
    /// Whether a higher layer names another server than the account's own: its secrets do not go there.
    is_elsewhere: bool,
    /// Whether `POP3_PASSWORD` is the account's password.
    has_given_password: bool,
}

impl Layers {
    /// What the file says, as far as it counts.
    fn file(&self) -> Overrides {
        let mut file = self.defaults.clone().overlaid_by(&self.own);
        if self.is_elsewhere {
            file.leave_sign_in();
        }
        file
    }

    /// All of them, one over the other.
    pub(super) fn effective(&self) -> Overrides {
        self.file().overlaid_by(&self.variables.clone().overlaid_by(&self.flags))
    }
}

/// The layers of each selected account, as [`resolve`] puts them together.
pub(super) fn layers(
    config: &Config,
    environment: &Environment,
    accounts: &[String],
    flags: &Overrides,
    scope: Scope,
) -> Result<Vec<Layers>> {
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
    let given = environment.password().filter(|_| upper.password.is_none());
    let mut all = Vec::with_capacity(names.len());
    for name in &names {
        let own = match name {
            Some(name) => config.own(name).ok_or_else(|| unknown(config, name))?.clone(),
            None => Overrides::default(),
        };
        let mut layers = Layers {
            name: name.map(str::to_owned),
            defaults: config.defaults().clone(),
            own,
            variables: surroundings.clone(),
            flags: flags.clone(),
            is_elsewhere: false,
            has_given_password: false,
        };
        layers.is_elsewhere = name.is_some() && upper.names_another_server_than(&layers.file());
        // One password in the environment is not for accounts that have their own source, nor for those that
        // sign in without a password.
        let file = layers.file();
        let is_meant =
            (names.len() == 1 || file.password.is_none()) && !file.overlaid_by(&upper).oauth.is_wanted();
        if let Some(given) = given.clone().filter(|_| is_meant) {
            layers.variables.password = Some(PasswordSource::Given(given));
            layers.has_given_password = true;
        }
        all.push(layers);
    }
    Ok(all)
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
    let is_enabled = |name: &&str| config.own(name).is_none_or(|own| own.enabled != Some(false));
    let names: Vec<&str> = config.names().filter(|name| scope == Scope::Shown || is_enabled(name)).collect();
    match (scope, config.default_account(), names.as_slice()) {
        (_, _, []) if config.names().next().is_some() => {
            Err(Error::new(Kind::Usage, "could not choose an account")
                .because("every account of the configuration has enabled = false")
                .advise(Settings::NameDisabledAccount))
        }
        (_, _, []) => {
            let file = config.path().map_or_else(|| environment.config_path(), |path| Some(path.to_owned()));
            Err(Error::new(Kind::Usage, "could not choose a server")
                .because("none was named, and no account is configured")
                .advise(Settings::NameServer(file)))
        }
        (Scope::All | Scope::Shown, _, _) | (Scope::One, None, [_]) => Ok(names),
        (Scope::One, Some(default), _) => Ok(vec![default]),
        (Scope::One, None, _) => Err(Error::new(Kind::Usage, "could not choose an account")
            .because(format!("there are {}", names.join(", ")))
            .advise(Settings::NameAccountOrDefault)),
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
        .advise(Settings::NameSingleAccount))
}

fn unknown(config: &Config, name: &str) -> Error {
    let known: Vec<_> = config.names().collect();
    let error = Error::new(Kind::Usage, format!("could not find the account {}", quote::short(name)));
    error.advise(match super::values::nearest(name, known.iter().copied()) {
        Some(near) => Settings::MistypedAccount(near.to_owned()),
        None if known.is_empty() => Settings::NoAccounts,
        None => Settings::KnownAccounts(known.into_iter().map(str::to_owned).collect()),
    })
}

/// The account of that name from the merged layers `said`, of which `base` is the file's.
fn account(
    name: Option<&str>,
    base: &Overrides,
    said: Overrides,
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
    if let Some(url) = said.server.clone().map(|url| url.overlaid_by(said.tls))
        && let Some(found) = contradiction::find(&said, Some(url.target()))
    {
        let of_file = contradiction::find(base, Some(url.target())).filter(|own| own.what == found.what);
        let kind = if of_file.is_some() { Kind::Config } else { Kind::Usage };
        let advice = of_file.map_or(found.advice, |own| own.advice_in_file);
        return Err(advice.into_iter().fold(unusable(kind, found.what), Error::advise));
    }
    // Taken apart field by field: a setting that is forgotten here does not compile.
    let Overrides {
        server,
        user,
        maildrop,
        enabled,
        tls,
        ca_files,
        pins,
        tls_min,
        tls_host,
        client_cert,
        client_key,
        auth,
        password,
        proxy: named,
        tunnel,
        source,
        family,
        timeout,
        trace,
        pipelining,
        deliver,
        keep,
        max_size,
        limit,
        order,
        max_delete,
        dry_run,
        refetch,
        oauth,
    } = said;
    let url = server.ok_or_else(|| lacks("it has no server").advise(Settings::AddOrNameServer))?;
    let url = url.overlaid_by(tls);
    let named = named.map(|proxy| proxy.map(|proxy| with_password(proxy, environment)));
    let provider_proxy = match &named {
        None => ProviderProxy::Environment { no_proxy: environment.no_proxy()?.to_owned() },
        Some(None) => ProviderProxy::None,
        Some(Some(proxy)) => ProviderProxy::Proxy(proxy.clone()),
    };
    let proxy = proxy(named, tunnel.is_some(), url.target(), environment)?;
    let way = Way { proxy, tunnel, source, family: family.flatten() };
    let user = user.ok_or_else(|| {
        let advice = if name.is_some() { Settings::AddOrNameUser } else { Settings::NameUser };
        lacks("there is no user name").advise(advice)
    })?;
    let identity =
        client_cert.map(|certificate| ClientCertificate { certificate, key: client_key, password: None });
    Ok(Account {
        name: name.map_or_else(|| maildrop::plain_name(&user, url.target()), str::to_owned),
        enabled: enabled.unwrap_or(true),
        withheld_from: None,
        maildrop,
        server: url.target().clone(),
        way,
        security: url.security(),
        tls: TlsSettings {
            ca_files: ca_files.unwrap_or_default(),
            pins: pins.unwrap_or_default(),
            min: tls_min.unwrap_or(TlsVersion::V1_2),
            host: tls_host,
            identity,
        },
        user,
        password: password.unwrap_or(PasswordSource::Search),
        oauth: oauth.settle()?,
        provider_proxy,
        auth: auth.flatten(),
        timeout: timeout.unwrap_or(PATIENCE),
        trace: trace.unwrap_or_default(),
        pipelining: pipelining.unwrap_or_default(),
        deliver,
        policy: Policy {
            keep: keep.unwrap_or_default(),
            max_size,
            limit,
            order: order.unwrap_or_default(),
            max_delete,
            refetch: refetch.unwrap_or_default(),
        },
        dry_run: dry_run.unwrap_or_default(),
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
