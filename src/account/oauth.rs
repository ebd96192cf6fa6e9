//! The OAuth settings of an account: the keys that begin with `oauth`, and the sign-in that they make together.
//! The client's secret has the same sources as a password, except a prompt.

use oauth2::url::Url;

use super::PasswordSource;
use super::paths::Paths;
use super::setting::{Key, Said, Value, displayed, name, or, path, put, settings, word, wrong};
use crate::advice;
use crate::auth::Secret;
use crate::error::{Error, Kind, Result};
use crate::oauth::{Named, Provider, Settings, endpoint};

settings! {
    /// One layer of these settings; `None` leaves the value of the lower layer.
    #[derive(Debug, Clone, Default)]
    #[allow(missing_docs, reason = "each field is the key of its name")]
    pub struct OAuthWords {
        /// `Some(None)` is an explicit `none`.
        provider: Option<Option<Provider>>, [Key::new("oauth")],
            |_, at, value, _| put(at, match word(value)? {
                "none" => Ok(None),
                name => name.parse().map(Some),
            }), |key, provider| or(key, provider, "none");
        client_id: Option<String>, [Key::new("oauth-client-id")],
            |_, at, value, _| put(at, name(value)), displayed;
        client_secret: Option<PasswordSource>, [
            Key::new("oauth-client-secret").secret(),
            Key::new("oauth-client-secret-command"),
            Key::new("oauth-client-secret-file"),
        ], set_secret, shown_secret;
        scope: Option<String>, [Key::new("oauth-scope")],
            |_, at, value, _| put(at, name(value)), displayed;
        authorization: Option<Url>, [Key::new("oauth-authorization-url")],
            |_, at, value, _| put(at, endpoint(word(value)?)), displayed;
        token: Option<Url>, [Key::new("oauth-token-url")],
            |_, at, value, _| put(at, endpoint(word(value)?)), displayed;
        device: Option<Url>, [Key::new("oauth-device-url")],
            |_, at, value, _| put(at, endpoint(word(value)?)), displayed;
        revocation: Option<Url>, [Key::new("oauth-revocation-url")],
            |_, at, value, _| put(at, endpoint(word(value)?)), displayed;
        // Not normalised: providers compare it with the registered one.
        redirect: Option<String>, [Key::new("oauth-redirect-url")], |_, at, value, _| {
            let text = word(value)?;
            put(at, endpoint(text).map(|_| text.to_owned()))
        }, displayed;
    }
}

fn set_secret(key: &str, at: &mut Option<PasswordSource>, value: &Value<'_>, paths: Paths<'_>) -> Result<()> {
    let source = match key {
        "oauth-client-secret" => PasswordSource::Given(Secret::new(word(value)?)),
        "oauth-client-secret-command" => PasswordSource::Command(word(value)?.to_owned()),
        _ => PasswordSource::File(path(value, paths)?),
    };
    match at.replace(source) {
        None => Ok(()),
        Some(_) => Err(wrong("the client secret has two sources").advise(advice::Settings::NameOneSource)),
    }
}

fn shown_secret(key: &'static str, source: &Option<PasswordSource>) -> Option<Said> {
    Some(match source.as_ref()? {
        PasswordSource::File(path) => ("oauth-client-secret-file", Some(path.display().to_string())),
        // It may contain a secret.
        PasswordSource::Command(_) => ("oauth-client-secret-command", None),
        PasswordSource::Given(_) | PasswordSource::Stdin | PasswordSource::Search => (key, None),
    })
}

/// An account's sign-in by OAuth.
#[derive(Debug, Clone)]
pub struct OAuth {
    /// Provider, client and scope.
    pub settings: Settings,
    client_secret: Option<PasswordSource>,
}

impl OAuth {
    /// Whether the client has a secret: some are registered without one.
    pub fn has_client_secret(&self) -> bool {
        self.client_secret.is_some()
    }

    /// The client's secret, if it has one. May run a command or read a file.
    ///
    /// # Errors
    /// [`Kind::NoCredentials`] when its source has none; [`Kind::Config`] when its file is open to
    /// others; [`Kind::Io`] when it cannot be read.
    pub fn client_secret(&self) -> Result<Option<Secret>> {
        let secret = self.client_secret.as_ref().map(PasswordSource::secret).transpose();
        secret.map_err(|error| error.in_context("could not get the client secret"))
    }
}

impl OAuthWords {
    /// Whether this layer makes the account sign in by OAuth.
    pub(super) fn is_wanted(&self) -> bool {
        self.names_a_provider() && self.provider != Some(None)
    }

    /// Whether a provider (or `none`) is named, by its name or by its token endpoint.
    fn names_a_provider(&self) -> bool {
        self.provider.is_some() || self.token.is_some()
    }

    /// Whether the `higher` layer names another provider than this one does.
    fn is_left_by(&self, higher: &OAuthWords) -> bool {
        fn differs<T: PartialEq>(lower: &Option<T>, higher: &Option<T>) -> bool {
            higher.is_some() && lower != higher
        }
        self.names_a_provider()
            && (differs(&self.provider, &higher.provider) || differs(&self.token, &higher.token))
    }

    /// Overlays this layer with the `higher` one. Settings for one provider are not used for another: neither the
    /// client, nor its secret, nor an endpoint. And a secret belongs to the client of its layer.
    pub(super) fn take(&mut self, higher: &OAuthWords) {
        if self.is_left_by(higher) {
            *self = OAuthWords::default();
        }
        if higher.client_id.is_some() && higher.client_id != self.client_id {
            self.client_secret = None;
        }
        self.take_each(higher);
    }

    /// The settings of all layers together; `None` without OAuth.
    ///
    /// # Errors
    /// [`Kind::Config`] if there is no client id.
    pub(super) fn settle(self) -> Result<Option<OAuth>> {
        let provider = match (self.provider, &self.token) {
            (Some(Some(provider)), _) => provider,
            (None, Some(_)) => Provider::Own,
            (Some(None), _) | (None, None) => return Ok(None),
        };
        let Some(client_id) = self.client_id else {
            return Err(Error::new(Kind::Config, "it signs in by OAuth, and there is no oauth-client-id")
                .advise(advice::OAuth::AddClientId));
        };
        let named = Named {
            authorization: self.authorization,
            token: self.token,
            device: self.device,
            revocation: self.revocation,
        };
        let settings = Settings { provider, client_id, scope: self.scope, named, redirect: self.redirect };
        Ok(Some(OAuth { settings, client_secret: self.client_secret }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn words(pairs: &[(&str, &str)]) -> OAuthWords {
        let mut words = OAuthWords::default();
        for (key, text) in pairs {
            words.read(key, &Value::Text(text), Paths::of_run(Some(Path::new("/home/me")))).expect(key);
        }
        words
    }

    #[test]
    fn a_provider_or_a_token_endpoint_makes_it_oauth_and_needs_a_client_id() {
        assert!(words(&[]).settle().unwrap().is_none());
        assert!(words(&[("oauth-client-id", "x"), ("oauth-scope", "y")]).settle().unwrap().is_none());
        let google = words(&[("oauth", "google"), ("oauth-client-id", "x")]).settle().unwrap().unwrap();
        assert_eq!(google.settings.scope(), "https://mail.google.com/");
        let own =
            words(&[("oauth-token-url", "https://p/t"), ("oauth-client-id", "x")]).settle().unwrap().unwrap();
        assert_eq!(
            (own.settings.provider, own.settings.named.token.unwrap().as_str()),
            (Provider::Own, "https://p/t")
        );
        let error = words(&[("oauth", "google")]).settle().unwrap_err();
        assert_eq!((error.kind(), error.advice()), (Kind::Config, Some(&advice::OAuth::AddClientId.into())));
    }

    #[test]
    fn the_higher_layer_wins_key_by_key() {
        let mut lower = words(&[("oauth", "google"), ("oauth-client-id", "lower"), ("oauth-scope", "s")]);
        lower.take(&words(&[("oauth-client-id", "higher"), ("oauth-redirect-url", "https://localhost")]));
        let settings = lower.settle().unwrap().unwrap().settings;
        assert_eq!((settings.client_id.as_str(), settings.scope()), ("higher", "s"));
        assert_eq!(settings.redirect.as_deref(), Some("https://localhost"), "to the letter");
    }

    #[test]
    fn what_was_said_for_one_provider_goes_to_no_other() {
        let a = [
            ("oauth", "google"),
            ("oauth-client-id", "a"),
            ("oauth-client-secret", "hunter2"),
            ("oauth-scope", "s"),
            ("oauth-device-url", "https://a/device"),
            ("oauth-redirect-url", "https://a/back"),
        ];
        let over = |lower: &[(&str, &str)], higher: &[(&str, &str)]| {
            let mut lower = words(lower);
            lower.take(&words(higher));
            lower.settle()
        };
        for key in ["oauth", "oauth-token-url"] {
            let b = over(&a, &[(key, "https://b/token"), ("oauth-client-id", "b")]).unwrap().unwrap();
            assert!(b.client_secret().unwrap().is_none(), "{key}");
            let token = (key == "oauth-token-url").then(|| endpoint("https://b/token").unwrap());
            let named = Named { token, ..Named::default() };
            let provider = if key == "oauth" { "https://b/token".parse().unwrap() } else { Provider::Own };
            let client_id = "b".to_owned();
            assert_eq!(b.settings, Settings { provider, client_id, scope: None, named, redirect: None });
            let none = over(&a, &[(key, "https://b/token")]).unwrap_err();
            assert_eq!(none.kind(), Kind::Config, "the other's client is nobody here");
        }
        let own = [("oauth-token-url", "https://a/token"), ("oauth-client-id", "a")];
        let known = over(&own, &[("oauth", "microsoft"), ("oauth-client-id", "b")]).unwrap().unwrap();
        assert_eq!((known.settings.provider, known.settings.named), (Provider::Microsoft, Named::default()));

        let client = over(&a, &[("oauth-client-id", "b")]).unwrap().unwrap();
        assert!(client.client_secret().unwrap().is_none(), "it is the secret of another client");
        // The same said again changes nothing, and what was said for no provider in particular is for any.
        let same = over(&a, &[("oauth", "google"), ("oauth-client-id", "a")]).unwrap().unwrap();
        assert!(same.client_secret().unwrap().is_some() && same.settings.scope() == "s");
        assert!(over(&a, &[("oauth", "none")]).unwrap().is_none());
        let any = over(&a[1..3], &[("oauth", "yahoo")]).unwrap().unwrap();
        assert!(any.client_secret().unwrap().is_some());
    }

    #[test]
    fn the_clients_secret_has_one_source_and_no_printable_form() {
        let mut twice =
            words(&[("oauth-client-secret", "hunter2"), ("oauth", "google"), ("oauth-client-id", "x")]);
        assert!(!format!("{twice:?}").contains("hunter2"));
        let secret = twice.clone().settle().unwrap().unwrap().client_secret().unwrap();
        assert_eq!(secret.unwrap().expose(), b"hunter2");
        let command = Value::Text("pass");
        let error = twice.read("oauth-client-secret-command", &command, Paths::of_run(None)).unwrap_err();
        assert_eq!(error.advice(), Some(&advice::Settings::NameOneSource.into()));
        let command =
            words(&[("oauth-client-secret-command", "echo s"), ("oauth", "yahoo"), ("oauth-client-id", "x")]);
        assert_eq!(command.settle().unwrap().unwrap().client_secret().unwrap().unwrap().expose(), b"s");
    }

    #[test]
    fn an_endpoint_in_the_clear_is_refused() {
        for key in ["oauth-token-url", "oauth-device-url", "oauth-redirect-url", "oauth"] {
            let mut words = OAuthWords::default();
            assert!(
                words.read(key, &Value::Text("http://p.example.com/t"), Paths::of_run(None)).is_err(),
                "{key}"
            );
        }
    }
}
