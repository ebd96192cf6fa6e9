//! The settings of an account, all of them optional: the common form of the flags, the
//! `POP3_…` variables, an account's table in the configuration file and its `[defaults]`. The higher
//! layer wins key by key. Each setting is a row of the table here, and nothing else is needed for it but its use
//! in [`resolve`](super::resolve) and, where it has one, its option.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::paths::Paths;
use super::resolve::PATIENCE;
use super::setting::{
    Key, Said, Value, count, displayed, name, or, path, put, settings, several, text, text_or_number, truth,
    word, wrong,
};
use super::{OAuthWords, PasswordSource, ServerUrl, TraceTo, values};
use crate::advice::Settings;
use crate::auth::{Mechanism, Secret};
use crate::error::Result;
use crate::fetch::policy::{Keep, Order};
use crate::session::Pipelining;
use crate::store::Spec;
use crate::transport::{Family, Names, Pin, Proxy, Security, TlsVersion};

settings! {
    /// One layer of settings; `None` leaves the value of the lower layer.
    #[derive(Debug, Clone, Default)]
    #[allow(missing_docs, reason = "each field is the key of its name; CLI.md's table in the manual explains them")]
    pub struct Overrides {
        server: Option<ServerUrl>, [Key::new("server")],
            |_, at, value, _| put(at, text(value)?.parse()), displayed;
        user: Option<String>, [Key::new("user")],
            |_, at, value, _| put(at, name(value)), displayed;
        maildrop: Option<String>, [Key::new("maildrop").of_one_account()],
            |_, at, value, _| put(at, values::maildrop(text(value)?).map_err(wrong)), displayed;
        enabled: Option<bool>, [Key::new("enabled").of_one_account()],
            |_, at, value, _| put(at, truth(value)), displayed;
        tls: Option<Security>, [Key::new("tls")],
            |_, at, value, _| put(at, text(value)?.parse()), displayed;
        ca_files: Option<Vec<PathBuf>>, [Key::new("ca-file").several(&[':'])],
            |_, at, value, paths| put(at, several(value)?.into_iter().map(|text| paths.read(text)).collect()),
            |key, files| Some((key, Some(joined(files.as_ref()?.iter().map(|file| file.display())))));
        // A pin contains a colon.
        pins: Option<Vec<Pin>>, [Key::new("pin").several(&[',', ' '])],
            |_, at, value, _| put(at, several(value)?.into_iter().map(Pin::from_str).collect()),
            |key, pins| Some((key, Some(joined(pins.as_ref()?))));
        tls_min: Option<TlsVersion>, [Key::new("tls-min")],
            |_, at, value, _| put(at, text(value)?.parse()), displayed;
        tls_host: Option<String>, [Key::new("tls-host")],
            |_, at, value, _| put(at, name(value)), displayed;
        client_cert: Option<PathBuf>, [Key::new("client-cert")],
            |_, at, value, paths| put(at, path(value, paths)), file;
        client_key: Option<PathBuf>, [Key::new("client-key")],
            |_, at, value, paths| put(at, path(value, paths)), file;
        /// `Some(None)` is an explicit `auto`.
        auth: Option<Option<Mechanism>>, [Key::new("auth")],
            |_, at, value, _| put(at, values::mechanism(text(value)?)), |key, auth| or(key, auth, "auto");
        password: Option<PasswordSource>, [
            Key::new("password").secret(),
            Key::new("password-command"),
            Key::new("password-file"),
            Key::new("password-stdin"),
        ], set_password, shown_password;
        /// `Some(None)` is an explicit `none`.
        proxy: Option<Option<Proxy>>, [Key::new("proxy")],
            |_, at, value, _| put(at, values::proxy(word(value)?)), |key, proxy| {
                // Without the user name, as everywhere.
                let shown = |proxy: &Proxy| match proxy.names {
                    Names::AtProxy => format!("socks5h://{proxy}"),
                    Names::Here => format!("socks5://{proxy}"),
                };
                or(key, &proxy.as_ref().map(|proxy| proxy.as_ref().map(shown)), "none")
            };
        tunnel: Option<String>, [Key::new("tunnel")],
            |_, at, value, _| put(at, word(value).map(str::to_owned)), displayed;
        source: Option<IpAddr>, [Key::new("source-ip")],
            |_, at, value, _| put(at, text(value)?.parse().map_err(|_| wrong("it is no IP address"))), displayed;
        /// `Some(None)` is an explicit `any`.
        family: Option<Option<Family>>, [Key::new("ip-version")],
            |_, at, value, _| put(at, values::family(&text_or_number(value)?)), |key, family| or(key, family, "any");
        timeout: Option<Duration>, [Key::new("timeout")],
            |_, at, value, _| put(at, values::duration(&text_or_number(value)?).map_err(wrong)),
            |key, timeout| Some((key, Some(values::shown_duration((*timeout)?))));
        trace: Option<TraceTo>, [Key::new("trace")],
            |_, at, value, paths| put(at, TraceTo::read(value, paths)), displayed;
        pipelining: Option<Pipelining>, [Key::new("pipelining")],
            |_, at, value, _| put(at, text(value)?.parse()), displayed;
        deliver: Option<Spec>, [Key::new("deliver"), Key::new("to")], |_, at, value, paths| match at {
            Some(_) => Err(wrong("deliver and to are two names of one key")),
            None => put(at, paths.destination(word(value)?)),
        }, displayed;
        keep: Option<Keep>, [Key::new("keep")],
            |_, at, value, _| put(at, text_or_number(value)?.parse()), displayed;
        max_size: Option<u64>, [Key::new("max-size")],
            |_, at, value, _| put(at, values::size(&text_or_number(value)?).map_err(wrong)),
            |key, size| Some((key, Some(values::shown_size((*size)?))));
        limit: Option<u32>, [Key::new("limit")],
            |_, at, value, _| put(at, count(value)), displayed;
        order: Option<Order>, [Key::new("order")],
            |_, at, value, _| put(at, text(value)?.parse()), displayed;
        max_delete: Option<u32>, [Key::new("max-delete")],
            |_, at, value, _| put(at, count(value)), displayed;
        dry_run: Option<bool>, [Key::new("dry-run")],
            |_, at, value, _| put(at, truth(value)), displayed;
        /// Whether what was fetched before is fetched again: an option without a key, since it is for one run.
        refetch: Option<bool>, [], |_, _, _, _| Ok(()), displayed;
        ..
        /// The keys that begin with `oauth`.
        oauth: OAuthWords;
    }
}

fn set_password(
    key: &str,
    at: &mut Option<PasswordSource>,
    value: &Value<'_>,
    paths: Paths<'_>,
) -> Result<()> {
    let source = match key {
        "password" => PasswordSource::Given(Secret::new(word(value)?)),
        "password-command" => PasswordSource::Command(word(value)?.to_owned()),
        "password-file" => PasswordSource::File(path(value, paths)?),
        _ if truth(value)? => PasswordSource::Stdin,
        _ => return Ok(()),
    };
    match at.replace(source) {
        None => Ok(()),
        Some(_) => Err(wrong("the password has two sources").advise(Settings::NameOneSource)),
    }
}

fn shown_password(_: &'static str, source: &Option<PasswordSource>) -> Option<Said> {
    Some(match source.as_ref()? {
        PasswordSource::Given(_) => ("password", None),
        // It may contain a secret.
        PasswordSource::Command(_) => ("password-command", None),
        PasswordSource::File(path) => ("password-file", Some(path.display().to_string())),
        PasswordSource::Stdin => ("password-stdin", Some(true.to_string())),
        PasswordSource::Search => return None,
    })
}

fn file(key: &'static str, path: &Option<PathBuf>) -> Option<Said> {
    path.as_ref().map(|path| (key, Some(path.display().to_string())))
}

fn joined<T: ToString>(values: impl IntoIterator<Item = T>) -> String {
    values.into_iter().map(|value| value.to_string()).collect::<Vec<_>>().join(", ")
}

impl Overrides {
    /// What holds where no layer says anything else, as far as that is a value.
    pub(super) fn built_in() -> Overrides {
        Overrides {
            enabled: Some(true),
            tls_min: Some(TlsVersion::V1_2),
            auth: Some(None),
            timeout: Some(PATIENCE),
            pipelining: Some(Pipelining::default()),
            keep: Some(Keep::default()),
            order: Some(Order::default()),
            ..Overrides::default()
        }
    }

    /// What holds for that key where nobody says anything, as it would be written; `None` if that is no value.
    pub fn default_of(key: &str) -> Option<String> {
        Overrides::built_in().said().into_iter().find(|(name, _)| *name == key).and_then(|(_, value)| value)
    }

    /// The key of that name.
    pub(super) fn key(name: &str) -> Option<&'static Key> {
        Overrides::keys().find(|key| key.name == name)
    }

    /// This layer, with every setting of the `higher` one over it.
    #[must_use]
    pub fn overlaid_by(mut self, higher: &Overrides) -> Overrides {
        if higher.names_another_server_than(&self) {
            self.leave_server();
        } else if higher.server.is_some() {
            // The same server keeps its certificate and its maildrop; each URL says itself how its connection is
            // encrypted.
            self.tls = None;
        }
        // A user name in a URL has the precedence of its URL.
        if let Some(user) = higher.server.as_ref().and_then(ServerUrl::user) {
            self.user = Some(user.to_owned());
        }
        // OAuth and a password exclude each other: the higher layer's setting is used.
        let by_oauth = |auth: &Option<Mechanism>| auth.is_none_or(Mechanism::takes_tokens);
        if higher.oauth.is_wanted() {
            self.password = None;
            self.auth = self.auth.filter(by_oauth);
        } else if higher.password.is_some() || !higher.auth.as_ref().is_none_or(by_oauth) {
            self.oauth = OAuthWords::default();
        }
        // A key belongs to the certificate of its layer.
        if higher.client_cert.is_some() {
            self.client_key = None;
        }
        // Another way replaces all of the lower layer's, since their parts may contradict each other.
        if higher.proxy.is_some() {
            self.tunnel = None;
        }
        if higher.tunnel.is_some() {
            (self.proxy, self.source, self.family) = (None, None, None);
        }
        self.take_each(higher);
        self
    }

    /// Whether this layer names a server of another host or port than the `lower` one does.
    pub(super) fn names_another_server_than(&self, lower: &Overrides) -> bool {
        let at = |layer: &Overrides| Some(layer.server.as_ref()?.clone().overlaid_by(layer.tls));
        at(self).is_some_and(|server| at(lower).is_none_or(|own| !own.is_same_server(&server)))
    }

    /// Removes the server, and the settings that are for it alone. Each URL says itself how its connection is
    /// encrypted, so that a setting for another server cannot switch that off; certificate, name and maildrop are
    /// for the server of their layer, and for every server if their layer has none.
    pub(super) fn leave_server(&mut self) {
        self.tls = None;
        if self.server.take().is_some() {
            (self.pins, self.tls_host, self.maildrop) = (None, None, None);
        }
    }

    /// Removes the server, and all that is for signing in there except the user name.
    pub(super) fn leave_sign_in(&mut self) {
        self.leave_server();
        (self.pins, self.tls_host, self.maildrop) = (None, None, None);
        (self.client_cert, self.client_key, self.auth, self.password) = (None, None, None, None);
        self.oauth = OAuthWords::default();
    }

    /// Parses `value` as that of `key`, one of [`Overrides::keys`].
    pub(super) fn set(&mut self, key: &str, value: &Value<'_>, paths: Paths<'_>) -> Result<()> {
        match self.read(key, value, paths)? {
            true => Ok(()),
            false => Err(wrong(format!("unknown key \"{key}\""))),
        }
    }

    /// What this layer says, key by key. A user name in the server's URL is the user's.
    pub(super) fn told(&self) -> Vec<Said> {
        let mut said = self.said();
        if self.user.is_none()
            && let Some(user) = self.server.as_ref().and_then(ServerUrl::user)
        {
            said.push(("user", Some(user.to_owned())));
        }
        said
    }
}

#[cfg(test)]
#[path = "overrides_tests.rs"]
mod tests;
