//! A sign-in as it is stored: JSON with a version. It contains the access token and when it expires, so that a
//! run every few minutes does not request a new one each time.

use std::time::Duration;

use oauth2::url::Url;
use serde::{Deserialize, Serialize};

use super::client::{Settings, Tokens};
use super::provider::{Endpoints, Named, Provider, endpoint};
use crate::auth::Secret;
use crate::error::{Error, Kind, Result};

/// The version that is written.
const VERSION: u32 = 1;

/// An access token with less than this left is renewed before it is used, in seconds: clocks differ,
/// and a sign-in takes its time.
const MARGIN: i64 = 60;

/// A sign-in that was stored.
#[derive(Debug, Clone)]
pub struct Document {
    /// The provider's name, as in the configuration.
    pub provider: String,
    /// The client's id at the provider.
    pub client_id: String,
    /// Where tokens are renewed.
    pub token_endpoint: Url,
    /// Where they are revoked.
    pub revocation_endpoint: Option<Url>,
    /// As in [`Endpoints`].
    pub secret_in_body: bool,
    /// The scope of the tokens.
    pub scope: String,
    /// The refresh token.
    pub refresh: Option<Secret>,
    /// The access token.
    pub access: Secret,
    /// When it expires, in seconds of Unix time, if the provider said so.
    pub expires_at: Option<i64>,
    /// The mail server that its access tokens are for, `host:port` or a socket's path; 0.1 did not store it.
    pub server: Option<String>,
}

/// Its JSON. It borrows for writing; after reading it owns its strings, which are moved out.
#[derive(Serialize, Deserialize)]
struct Form<S> {
    version: u32,
    provider: S,
    client_id: S,
    token_endpoint: S,
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation_endpoint: Option<S>,
    secret_in_body: bool,
    scope: S,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<S>,
    access_token: S,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<S>,
}

impl Document {
    /// A new sign-in.
    pub(super) fn new(
        settings: &Settings,
        server: &str,
        endpoints: &Endpoints,
        tokens: Tokens,
        now: i64,
    ) -> Document {
        Document {
            provider: settings.provider.to_string(),
            client_id: settings.client_id.clone(),
            token_endpoint: endpoints.token.clone(),
            revocation_endpoint: endpoints.revocation.clone(),
            secret_in_body: endpoints.secret_in_body,
            scope: tokens.scope.unwrap_or_else(|| settings.scope().to_owned()),
            refresh: tokens.refresh,
            access: tokens.access,
            expires_at: tokens.lifetime.map(|lifetime| end(now, lifetime)),
            server: Some(server.to_owned()),
        }
    }

    /// The same after a refresh: without a new refresh token the old one is kept (RFC 6749 section 6).
    pub(super) fn renewed(self, tokens: Tokens, now: i64) -> Document {
        Document {
            scope: tokens.scope.unwrap_or(self.scope),
            refresh: tokens.refresh.or(self.refresh),
            access: tokens.access,
            expires_at: tokens.lifetime.map(|lifetime| end(now, lifetime)),
            ..self
        }
    }

    /// Whether the access token is valid long enough for a sign-in that begins now.
    pub fn is_fresh(&self, now: i64) -> bool {
        self.expires_at.is_none_or(|end| now < end.saturating_sub(MARGIN))
    }

    /// Whether it came from the provider and the client that are configured now: another one's
    /// refresh token is not sent anywhere.
    pub fn belongs_to(&self, settings: &Settings) -> bool {
        let same_endpoint = settings.named.token.as_ref().is_none_or(|named| *named == self.token_endpoint);
        self.provider == settings.provider.to_string()
            && self.client_id == settings.client_id
            && same_endpoint
    }

    /// Whether its access tokens are for that mail server, as [`Document::server`] writes it: to another one they are
    /// not sent.
    pub fn is_for(&self, server: &str) -> bool {
        self.server.as_deref().is_none_or(|own| own == server)
    }

    /// The settings of this sign-in, as far as they are stored: to revoke it when they are no longer configured.
    /// A client's secret is not among them.
    pub fn settings(&self) -> Settings {
        Settings {
            provider: self.provider.parse().unwrap_or(Provider::Own),
            client_id: self.client_id.clone(),
            scope: Some(self.scope.clone()),
            named: Named { token: Some(self.token_endpoint.clone()), ..Named::default() },
            redirect: None,
        }
    }

    /// The form that is stored.
    pub(super) fn write(&self) -> Result<Secret> {
        let text = |secret: &Secret| std::str::from_utf8(secret.expose()).unwrap_or_default().to_owned();
        let (refresh, access) = (self.refresh.as_ref().map(text), text(&self.access));
        let (refresh, access) = (refresh.map(zeroize::Zeroizing::new), zeroize::Zeroizing::new(access));
        let form = Form {
            version: VERSION,
            provider: self.provider.as_str(),
            client_id: &self.client_id,
            token_endpoint: self.token_endpoint.as_str(),
            revocation_endpoint: self.revocation_endpoint.as_ref().map(Url::as_str),
            secret_in_body: self.secret_in_body,
            scope: &self.scope,
            refresh_token: refresh.as_ref().map(|text| text.as_str()),
            access_token: &access,
            expires_at: self.expires_at,
            server: self.server.as_deref(),
        };
        let json = serde_json::to_vec(&form);
        json.map(Secret::new)
            .map_err(|error| Error::new(Kind::Data, "could not encode the sign-in").because(error))
    }

    /// Parses the stored form.
    ///
    /// # Errors
    /// [`Kind::Data`] for what [`Document::write`] did not write.
    pub(super) fn read(stored: &Secret) -> Result<Document> {
        let wrong = |why: &'static str| {
            Error::new(Kind::Data, "could not understand the stored sign-in").because(why)
        };
        // The parser's error may quote a secret.
        let form: Form<String> =
            serde_json::from_slice(stored.expose()).map_err(|_| wrong("it is damaged"))?;
        if form.version != VERSION {
            return Err(wrong("a newer version of pop3 wrote it"));
        }
        let url = |text: String| endpoint(&text).map_err(|_| wrong("an endpoint in it is not safe"));
        Ok(Document {
            provider: form.provider,
            client_id: form.client_id,
            token_endpoint: url(form.token_endpoint)?,
            revocation_endpoint: form.revocation_endpoint.map(url).transpose()?,
            secret_in_body: form.secret_in_body,
            scope: form.scope,
            refresh: form.refresh_token.map(Secret::new),
            access: Secret::new(form.access_token),
            expires_at: form.expires_at,
            server: form.server,
        })
    }
}

fn end(now: i64, lifetime: Duration) -> i64 {
    now.saturating_add(i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::oauth) fn settings() -> Settings {
        let named = Named { token: endpoint("https://p/token").ok(), ..Named::default() };
        Settings {
            provider: Provider::Own,
            client_id: "id".into(),
            scope: Some("mail".into()),
            named,
            redirect: None,
        }
    }

    pub(in crate::oauth) fn tokens(access: &str, refresh: Option<&str>, lifetime: u64) -> Tokens {
        Tokens {
            access: Secret::new(access),
            lifetime: Some(Duration::from_secs(lifetime)),
            refresh: refresh.map(Secret::new),
            scope: None,
        }
    }

    pub(in crate::oauth) fn document(
        access: &str,
        refresh: Option<&str>,
        lifetime: u64,
        now: i64,
    ) -> Document {
        let settings = settings();
        let token = settings.named.token.clone().expect("named");
        let endpoints = Endpoints {
            authorization: None,
            token,
            device: None,
            revocation: None,
            secret_in_body: false,
            issuer: None,
        };
        Document::new(&settings, "pop.example.org:995", &endpoints, tokens(access, refresh, lifetime), now)
    }

    #[test]
    fn what_is_written_reads_back() {
        let written = document("a", Some("r"), 3600, 1000);
        let read = Document::read(&written.write().unwrap()).unwrap();
        assert_eq!((read.access.expose(), read.expires_at), (&b"a"[..], Some(4600)));
        assert_eq!(read.refresh.as_ref().map(Secret::expose), Some(&b"r"[..]));
        assert_eq!((read.scope.as_str(), read.token_endpoint.as_str()), ("mail", "https://p/token"));
        assert!(!format!("{read:?}").contains("\"r\""));
    }

    #[test]
    fn a_refresh_keeps_missing_values() {
        let renewed = document("a", Some("r"), 10, 0).renewed(tokens("b", None, 20), 100);
        assert_eq!((renewed.access.expose(), renewed.refresh.unwrap().expose()), (&b"b"[..], &b"r"[..]));
        assert_eq!(renewed.expires_at, Some(120));
        let rotated = document("a", Some("r"), 10, 0).renewed(tokens("b", Some("s"), u64::MAX), 100);
        assert_eq!((rotated.refresh.unwrap().expose(), rotated.expires_at), (&b"s"[..], Some(i64::MAX)));
    }

    #[test]
    fn a_token_is_renewed_a_minute_before_its_end() {
        let document = document("a", None, 3600, 0);
        assert!(document.is_fresh(3539) && !document.is_fresh(3540) && !document.is_fresh(i64::MAX));
        assert!(Document { expires_at: None, ..document }.is_fresh(i64::MAX));
    }

    #[test]
    fn it_belongs_to_the_configured_provider_and_client_only() {
        let document = document("a", None, 1, 0);
        assert!(document.belongs_to(&settings()));
        for provider in ["own", "google", "https://login.example.com/"] {
            let document = Document { provider: provider.into(), ..document.clone() };
            assert!(document.belongs_to(&document.settings()), "{provider}");
        }
        assert!(!document.belongs_to(&Settings { client_id: "other".into(), ..settings() }));
        assert!(!document.belongs_to(&Settings { provider: Provider::Google, ..settings() }));
        let mut moved = settings();
        moved.named.token = endpoint("https://other/token").ok();
        assert!(!document.belongs_to(&moved));
    }

    #[test]
    fn it_is_for_the_mail_server_that_it_was_made_for() {
        let document = document("a", None, 1, 0);
        assert!(document.is_for("pop.example.org:995"));
        for other in ["pop.example.org:110", "pop.example.com:995", ""] {
            assert!(!document.is_for(other), "{other}");
        }
        let of_0_1 = Document { server: None, ..document };
        assert!(of_0_1.is_for("pop.example.com:995"));
        let read = Document::read(&of_0_1.write().unwrap()).unwrap();
        assert_eq!(read.server, None);
    }

    #[test]
    fn a_damaged_document_is_reported_but_not_quoted() {
        for text in ["", "hunter2", "{\"version\":1,\"refresh_token\":\"hunter2\"}", "[\"hunter2\"]"] {
            let error = Document::read(&Secret::new(text)).unwrap_err();
            assert_eq!(error.kind(), Kind::Data);
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
        let json = String::from_utf8(document("a", None, 1, 0).write().unwrap().expose().to_vec()).unwrap();
        for (from, to) in [("\"version\":1", "\"version\":2"), ("https://p/", "http://p/")] {
            assert!(Document::read(&Secret::new(json.replace(from, to))).is_err(), "{to}");
        }
    }
}
