//! The settings of an account, all of them optional: the common form of the flags, the
//! `POP3_…` variables, an account's table in the configuration file and its `[defaults]`. The higher
//! layer wins key by key.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::paths::Paths;
use super::values;
use super::{OAuthWords, PasswordSource, ServerUrl};
use crate::auth::{Mechanism, Secret};
use crate::error::{Error, Kind, Result};
use crate::fetch::policy::{Keep, Order};
use crate::session::Pipelining;
use crate::store::Spec;
use crate::transport::{Family, Pin, Proxy, Security, TlsVersion};

/// Every key of an account, as the configuration file spells it.
pub const KEYS: [&str; 41] = [
    "server",
    "user",
    "maildrop",
    "tls",
    "ca-file",
    "pin",
    "tls-min",
    "tls-host",
    "client-cert",
    "client-key",
    "auth",
    "password",
    "password-command",
    "password-file",
    "password-stdin",
    "oauth",
    "oauth-client-id",
    "oauth-client-secret",
    "oauth-client-secret-command",
    "oauth-client-secret-file",
    "oauth-scope",
    "oauth-authorization-url",
    "oauth-token-url",
    "oauth-device-url",
    "oauth-revocation-url",
    "oauth-redirect-url",
    "proxy",
    "tunnel",
    "source-ip",
    "ip-version",
    "timeout",
    "trace",
    "pipelining",
    "deliver",
    "to",
    "keep",
    "max-size",
    "limit",
    "order",
    "max-delete",
    "dry-run",
];

/// One layer of settings; `None` leaves the value of the lower layer.
#[derive(Debug, Clone, Default)]
#[allow(
    missing_docs,
    reason = "each field is the key of its name; CLI.md's table in the manual explains them"
)]
pub struct Overrides {
    pub server: Option<ServerUrl>,
    pub user: Option<String>,
    pub maildrop: Option<String>,
    pub tls: Option<Security>,
    pub ca_files: Option<Vec<PathBuf>>,
    pub pins: Option<Vec<Pin>>,
    pub tls_min: Option<TlsVersion>,
    pub tls_host: Option<String>,
    pub client_cert: Option<PathBuf>,
    pub client_key: Option<PathBuf>,
    /// `Some(None)` is an explicit `auto`.
    pub auth: Option<Option<Mechanism>>,
    pub password: Option<PasswordSource>,
    /// The keys that begin with `oauth`.
    pub oauth: OAuthWords,
    /// `Some(None)` is an explicit `none`.
    pub proxy: Option<Option<Proxy>>,
    pub tunnel: Option<String>,
    pub source: Option<IpAddr>,
    /// `Some(None)` is an explicit `any`.
    pub family: Option<Option<Family>>,
    pub timeout: Option<Duration>,
    pub trace: Option<bool>,
    pub pipelining: Option<Pipelining>,
    pub deliver: Option<Spec>,
    pub keep: Option<Keep>,
    pub max_size: Option<u64>,
    pub limit: Option<u32>,
    pub order: Option<Order>,
    pub max_delete: Option<u32>,
    pub dry_run: Option<bool>,
    /// Whether what was fetched before is fetched again. A flag only: it is for one run.
    pub refetch: Option<bool>,
}

/// A value before it is parsed: of its own type from TOML, always text from the environment.
#[derive(Debug)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Whole(i64),
    Truth(bool),
    Several(Vec<&'a str>),
    /// Its type, for the error.
    Other(&'static str),
}

impl Overrides {
    /// This layer, with every setting of the `higher` one over it.
    #[must_use]
    pub fn overlaid_by(mut self, higher: &Overrides) -> Overrides {
        macro_rules! take {
            ($($field:ident),*) => { $( if higher.$field.is_some() { self.$field.clone_from(&higher.$field); } )* };
        }
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
        take!(client_cert, client_key);
        // Another way replaces all of the lower layer's, since their parts may contradict each other.
        if higher.proxy.is_some() {
            self.tunnel = None;
        }
        if higher.tunnel.is_some() {
            (self.proxy, self.source, self.family) = (None, None, None);
        }
        take!(proxy, tunnel, source, family);
        take!(
            server, user, maildrop, tls, ca_files, pins, tls_min, tls_host, auth, password, timeout, trace,
            pipelining
        );
        self.oauth.take(&higher.oauth);
        take!(deliver, keep, max_size, limit, order, max_delete, dry_run, refetch);
        self
    }

    /// Whether this layer names a server of another host or port than the `lower` one does.
    pub(super) fn names_another_server_than(&self, lower: &Overrides) -> bool {
        let at = |layer: &Overrides| Some(layer.server.as_ref()?.clone().with(layer.tls));
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

    /// Parses `value` as that of `key` (one of [`KEYS`]).
    pub(super) fn set(&mut self, key: &str, value: &Value<'_>, paths: Paths<'_>) -> Result<()> {
        match key {
            "server" => self.server = Some(text(value)?.parse()?),
            "user" => self.user = Some(values::name(word(value)?).map_err(wrong)?),
            "maildrop" => self.maildrop = Some(values::maildrop(text(value)?).map_err(wrong)?),
            "tls" => self.tls = Some(text(value)?.parse()?),
            "ca-file" => {
                let files = several(value)?.into_iter().map(|text| paths.read(text));
                self.ca_files = Some(files.collect::<Result<_>>()?);
            }
            "pin" => {
                let pins = several(value)?.into_iter().map(Pin::from_str);
                self.pins = Some(pins.collect::<Result<_>>()?);
            }
            "tls-min" => self.tls_min = Some(text(value)?.parse()?),
            "tls-host" => self.tls_host = Some(values::name(word(value)?).map_err(wrong)?),
            "client-cert" => self.client_cert = Some(paths.read(word(value)?)?),
            "client-key" => self.client_key = Some(paths.read(word(value)?)?),
            "auth" => self.auth = Some(values::mechanism(text(value)?)?),
            "password" => self.set_password(PasswordSource::Given(Secret::new(word(value)?)))?,
            "password-command" => self.set_password(PasswordSource::Command(word(value)?.to_owned()))?,
            "password-file" => self.set_password(PasswordSource::File(paths.read(word(value)?)?))?,
            "password-stdin" => {
                if truth(value)? {
                    self.set_password(PasswordSource::Stdin)?;
                }
            }
            key if key.starts_with("oauth") => self.oauth.set(key, value, paths)?,
            "proxy" => self.proxy = Some(values::proxy(word(value)?)?),
            "tunnel" => self.tunnel = Some(word(value)?.to_owned()),
            "source-ip" => {
                let address = text(value)?.parse();
                self.source = Some(address.map_err(|_| wrong("it is no IP address"))?);
            }
            "ip-version" => self.family = Some(values::family(&text_or_number(value)?)?),
            "timeout" => self.timeout = Some(values::duration(&text_or_number(value)?).map_err(wrong)?),
            "trace" => self.trace = Some(truth(value)?),
            "pipelining" => self.pipelining = Some(text(value)?.parse()?),
            "deliver" | "to" if self.deliver.is_some() => {
                return Err(wrong("deliver and to are two names of one key"));
            }
            "deliver" | "to" => self.deliver = Some(paths.destination(word(value)?)?),
            "keep" => self.keep = Some(text_or_number(value)?.parse()?),
            "max-size" => self.max_size = Some(values::size(&text_or_number(value)?).map_err(wrong)?),
            "limit" => self.limit = Some(count(value)?),
            "order" => self.order = Some(text(value)?.parse()?),
            "max-delete" => self.max_delete = Some(count(value)?),
            "dry-run" => self.dry_run = Some(truth(value)?),
            _ => return Err(wrong(format!("unknown key \"{key}\""))),
        }
        Ok(())
    }

    fn set_password(&mut self, source: PasswordSource) -> Result<()> {
        if self.password.replace(source).is_some() {
            return Err(wrong("the password has two sources").hint("name one of them"));
        }
        Ok(())
    }
}

pub(super) fn wrong(what: impl Into<String>) -> Error {
    Error::new(Kind::Usage, what)
}

fn wanted(what: &str, value: &Value<'_>) -> Error {
    let is = match value {
        Value::Text(_) => "text",
        Value::Whole(_) => "a number",
        Value::Truth(_) => "true or false",
        Value::Several(_) => "a list",
        Value::Other(name) => name,
    };
    wrong(format!("it wants {what}, not {is}"))
}

fn text<'a>(value: &Value<'a>) -> Result<&'a str> {
    if let Value::Text(text) = value { Ok(text) } else { Err(wanted("text in quotes", value)) }
}

/// Text that is not empty.
pub(super) fn word<'a>(value: &Value<'a>) -> Result<&'a str> {
    text(value).and_then(|text| if text.is_empty() { Err(wrong("it is empty")) } else { Ok(text) })
}

fn several<'a>(value: &Value<'a>) -> Result<Vec<&'a str>> {
    match value {
        Value::Text(text) => Ok(vec![text]),
        Value::Several(texts) => Ok(texts.clone()),
        _ => Err(wanted("text in quotes, or a list of such", value)),
    }
}

fn text_or_number(value: &Value<'_>) -> Result<String> {
    match value {
        Value::Text(text) => Ok((*text).to_owned()),
        Value::Whole(number) => Ok(number.to_string()),
        _ => Err(wanted("text in quotes, or a number", value)),
    }
}

fn count(value: &Value<'_>) -> Result<u32> {
    let number = match value {
        Value::Text(text) => text.parse().ok(),
        Value::Whole(number) => u32::try_from(*number).ok(),
        _ => return Err(wanted("a number", value)),
    };
    number.ok_or_else(|| wrong("it wants a whole number from 0 to 4294967295"))
}

fn truth(value: &Value<'_>) -> Result<bool> {
    match value {
        Value::Truth(truth) => Ok(*truth),
        Value::Text(text) => values::truth(text).map_err(wrong),
        _ => Err(wanted("true or false", value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    const NO_HOME: Paths<'static> = Paths::of_run(None);

    fn set(key: &str, value: Value<'_>) -> Result<Overrides> {
        let mut layer = Overrides::default();
        layer.set(key, &value, Paths::of_run(Some(Path::new("/home/me")))).map(|()| layer)
    }

    #[test]
    fn every_key_is_understood_and_refuses_a_table() {
        for key in KEYS {
            let error = set(key, Value::Other("a table")).expect_err(key);
            assert!(error.to_string().ends_with("not a table"), "{key}: {error}");
        }
        assert!(set("sever", Value::Text("x")).is_err());
    }

    #[test]
    fn numbers_stand_for_text_where_they_can() {
        assert_eq!(set("keep", Value::Whole(500)).unwrap().keep, Some(Keep::Newest(500)));
        assert_eq!(set("timeout", Value::Whole(30)).unwrap().timeout, Some(Duration::from_secs(30)));
        assert_eq!(set("max-size", Value::Whole(1000)).unwrap().max_size, Some(1000));
        assert_eq!(set("limit", Value::Whole(7)).unwrap().limit, Some(7));
        for value in [Value::Whole(-1), Value::Whole(1 << 32), Value::Text("many"), Value::Truth(true)] {
            assert!(set("max-delete", value).is_err());
        }
    }

    #[test]
    fn one_or_several_files_and_their_tilde() {
        let one = set("ca-file", Value::Text("~/ca.pem")).unwrap().ca_files;
        assert_eq!(one, Some(vec![PathBuf::from("/home/me/ca.pem")]));
        let two = set("ca-file", Value::Several(vec!["/a", "/b"])).unwrap().ca_files;
        assert_eq!(two.map(|files| files.len()), Some(2));
    }

    #[test]
    fn a_second_source_of_the_password_is_refused_and_false_is_none() {
        let mut layer = Overrides::default();
        layer.set("password-stdin", &Value::Truth(false), NO_HOME).unwrap();
        layer.set("password", &Value::Text("hunter2"), NO_HOME).unwrap();
        let error = layer.set("password-command", &Value::Text("pass"), NO_HOME).unwrap_err();
        assert!(error.to_string().contains("two sources"));
        assert!(!format!("{layer:?}").contains("hunter2"));
    }

    fn layer(pairs: &[(&str, &str)]) -> Overrides {
        let mut layer = Overrides::default();
        pairs.iter().for_each(|(key, text)| layer.set(key, &Value::Text(text), NO_HOME).unwrap());
        layer
    }

    #[test]
    fn what_was_said_of_one_server_does_not_count_for_a_higher_one() {
        let pin = format!("sha256:{}", "ab".repeat(32));
        let said = [("tls", "none"), ("pin", &pin), ("tls-host", "old.example")];
        let server = ("server", "pop3s://old.example");
        let (all, own) = (layer(&said), layer(&[&[server], &said[..]].concat()));
        let new = layer(&[("server", "pop3s://new.example")]);
        let kept = |layer: Overrides| (layer.tls.is_some(), layer.pins.is_some(), layer.tls_host.is_some());
        assert_eq!(kept(own.clone().overlaid_by(&new)), (false, false, false));
        assert_eq!(
            kept(all.overlaid_by(&new)),
            (false, true, true),
            "trust without a server is for every server"
        );
        assert_eq!(kept(own.clone().overlaid_by(&layer(&[("limit", "1")]))), (true, true, true));
        assert_eq!(kept(new.clone().overlaid_by(&own)), (true, true, true));
        let aloud = layer(&[("server", "pop3s://new.example"), ("tls", "stls")]);
        assert_eq!(own.overlaid_by(&aloud).tls, Some(Security::Stls));
    }

    #[test]
    fn the_name_of_a_maildrop_stays_with_its_server() {
        let own = layer(&[("server", "pop3s://old.example"), ("maildrop", "second")]);
        let named = |server| own.clone().overlaid_by(&layer(&[("server", server)])).maildrop;
        assert_eq!(named("pop3s://old.example").as_deref(), Some("second"));
        assert_eq!(named("pop3s://new.example"), None);
    }

    #[test]
    fn of_oauth_and_a_password_the_higher_word_counts() {
        let oauth = layer(&[("oauth", "google"), ("oauth-client-id", "x"), ("auth", "xoauth2")]);
        let password = layer(&[("password-command", "pass"), ("auth", "plain")]);
        let kept = |layer: Overrides| (layer.oauth.is_wanted(), layer.password.is_some());
        assert_eq!(kept(oauth.clone().overlaid_by(&password)), (false, true));
        let both = password.clone().overlaid_by(&oauth);
        assert_eq!((both.auth, kept(both)), (Some(Some(Mechanism::XOAuth2)), (true, false)));
        let both = password.overlaid_by(&layer(&[("oauth-token-url", "https://p/t")]));
        assert_eq!((both.auth, kept(both)), (None, (true, false)));
        for (pair, is_left) in [
            (("oauth", "none"), true),
            (("auth", "plain"), true),
            (("auth", "external"), true),
            (("password-stdin", "true"), true),
            (("auth", "oauthbearer"), false),
            (("auth", "auto"), false),
            (("oauth-scope", "mail"), false),
            (("limit", "1"), false),
        ] {
            assert_eq!(oauth.clone().overlaid_by(&layer(&[pair])).oauth.is_wanted(), !is_left, "{pair:?}");
        }
    }

    #[test]
    fn the_higher_layers_way_replaces_the_other_kinds() {
        let proxied = layer(&[("proxy", "socks5h://h"), ("source-ip", "127.0.0.2"), ("ip-version", "4")]);
        let tunnelled = layer(&[("tunnel", "nc %h %p")]);
        let both = proxied.clone().overlaid_by(&tunnelled);
        assert!(both.tunnel.is_some() && both.proxy.is_none() && both.source.is_none());
        assert_eq!(both.family, None);
        let both = tunnelled.clone().overlaid_by(&proxied);
        assert!(both.tunnel.is_none() && matches!(both.proxy, Some(Some(_))));
        let straight = tunnelled.overlaid_by(&layer(&[("proxy", "none"), ("ip-version", "any")]));
        assert!(straight.tunnel.is_none() && matches!(straight.proxy, Some(None)));
        assert_eq!(straight.family, Some(None));
        assert_eq!(set("ip-version", Value::Whole(6)).unwrap().family, Some(Some(Family::V6)));
        assert!(set("ip-version", Value::Whole(5)).is_err());
        assert!(set("source-ip", Value::Text("here")).is_err());
    }

    #[test]
    fn the_higher_layer_wins_key_by_key() {
        let lower = Overrides { limit: Some(1), user: Some("lower".into()), ..Overrides::default() };
        let higher = Overrides { limit: Some(2), trace: Some(true), ..Overrides::default() };
        let both = lower.clone().overlaid_by(&higher);
        assert_eq!((both.limit, both.user.as_deref(), both.trace), (Some(2), Some("lower"), Some(true)));
        let pair = Overrides { client_key: Some("/key".into()), ..lower.clone() };
        let other = set("client-cert", Value::Text("~/both.pem")).unwrap();
        let other = pair.overlaid_by(&other);
        assert_eq!(other.client_cert, Some(PathBuf::from("/home/me/both.pem")));
        assert_eq!(other.client_key, None, "it is the key of another certificate");
        let url = set("server", Value::Text("pop3s://higher@h")).unwrap();
        assert_eq!(lower.clone().overlaid_by(&url).user.as_deref(), Some("higher"));
        let named = Overrides { user: Some("named".into()), ..url };
        assert_eq!(lower.overlaid_by(&named).user.as_deref(), Some("named"));
    }
}
