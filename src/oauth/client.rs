//! The OAuth client: its settings, and the exchanges that need no user: refresh (RFC 6749 section 6) and
//! revocation (RFC 7009). The `oauth2` crate forms the requests and parses the answers; it has a copy of a
//! secret only during one exchange.

use std::cell::Cell;
use std::time::Duration;

use oauth2::basic::{BasicClient, BasicTokenResponse};
use oauth2::url::Url;
use oauth2::{
    AccessToken, AuthType, ClientId, ClientSecret, ErrorResponseType, HttpRequest, HttpResponse,
    RefreshToken, RequestTokenError, RevocationUrl, Scope, StandardErrorResponse, StandardRevocableToken,
    TokenResponse, TokenUrl,
};

use super::answer::{Answer, Wanted};
use super::metadata;
use super::provider::{Endpoints, Named, Provider};
use super::refusal::{Doing, refusal};
use crate::advice::OAuth;
use crate::auth::Secret;
use crate::error::{Error, Kind, Result};
use crate::http::{Http, Reach, Sent};

/// The configured OAuth settings of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The provider of the tokens.
    pub provider: Provider,
    /// The client id, which the provider assigned when the client was registered.
    pub client_id: String,
    /// The scope, separated by spaces; `None`: that of the known provider.
    pub scope: Option<String>,
    /// Endpoints that take precedence over those of the provider.
    pub named: Named,
    /// The redirect address, if it is not any port of the loopback interface. Exactly as it was
    /// registered.
    pub redirect: Option<String>,
}

impl Settings {
    /// The scope to request.
    pub fn scope(&self) -> &str {
        self.scope.as_deref().or(self.provider.scope()).unwrap_or_default()
    }
}

/// The tokens that a provider issued.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The access token, for the mail server.
    pub access: Secret,
    /// How long it is valid, if the provider says so.
    pub lifetime: Option<Duration>,
    /// The refresh token; `None`: the old one stays valid.
    pub refresh: Option<Secret>,
    /// The granted scope, if the provider says so.
    pub scope: Option<String>,
}

/// The result of a refresh.
#[derive(Debug)]
pub struct Refreshed {
    /// The refresh token that replaces the one that was sent; to be stored even if the rest of the answer is
    /// unusable.
    pub rotated: Option<Secret>,
    /// The tokens. The error is [`Kind::SignIn`] if the provider no longer accepts the refresh token,
    /// [`Kind::Config`] if it does not know the client, otherwise the error of the exchange.
    pub tokens: Result<Tokens>,
}

/// A client of one provider.
pub struct Client<'a> {
    pub(super) settings: &'a Settings,
    secret: Option<Secret>,
    pub(super) http: Http,
    pub(super) timeout: Duration,
}

impl<'a> Client<'a> {
    /// Gets ready; nothing is sent yet.
    ///
    /// # Errors
    /// [`Kind::Io`] or [`Kind::Data`] for a CA file that cannot be used, [`Kind::Usage`] for a proxy
    /// that cannot be parsed.
    pub fn new(settings: &'a Settings, secret: Option<Secret>, reach: &Reach) -> Result<Client<'a>> {
        Ok(Client { settings, secret, http: Http::new(reach)?, timeout: reach.timeout })
    }

    /// The provider's endpoints; those of the configuration take precedence. Fetches the metadata if the
    /// provider is named by it.
    ///
    /// # Errors
    /// [`Kind::Config`] if there is no token endpoint; otherwise the error of fetching the metadata.
    pub fn endpoints(&self) -> Result<Endpoints> {
        let Settings { provider, named, .. } = self.settings;
        let known = match provider {
            Provider::Metadata(url) => Some(metadata::fetch(&self.http, url)?),
            other => other.endpoints(),
        };
        let over = |named: &Option<Url>, known: Option<Url>| named.clone().or(known);
        let (token, known) = match (&named.token, known) {
            (Some(token), known) => (token.clone(), known),
            (None, Some(known)) => (known.token.clone(), Some(known)),
            (None, None) => {
                return Err(Error::new(Kind::Config, "could not find the provider's token endpoint")
                    .advise(OAuth::AddTokenUrl));
            }
        };
        let (secret_in_body, issuer) =
            known.as_ref().map_or((false, None), |known| (known.secret_in_body, known.issuer.clone()));
        let of = |field: fn(Endpoints) -> Option<Url>| known.clone().and_then(field);
        Ok(Endpoints {
            authorization: over(&named.authorization, of(|known| known.authorization)),
            token,
            device: over(&named.device, of(|known| known.device)),
            revocation: over(&named.revocation, of(|known| known.revocation)),
            secret_in_body,
            issuer,
        })
    }

    /// Gets a new access token; if the provider issues a new refresh token with it, the old one is used
    /// up.
    pub fn refresh(&self, token: &Url, secret_in_body: bool, refresh: &Secret) -> Refreshed {
        let rotated = Cell::new(None);
        let tokens = self.refreshed(token, secret_in_body, refresh, &rotated);
        Refreshed { rotated: rotated.take(), tokens }
    }

    fn refreshed(
        &self,
        token: &Url,
        secret_in_body: bool,
        refresh: &Secret,
        rotated: &Cell<Option<Secret>>,
    ) -> Result<Tokens> {
        let client = self.basic(secret_in_body)?.set_token_uri(TokenUrl::from_url(token.clone()));
        let refresh_token = RefreshToken::new(text(refresh)?);
        let request = client.exchange_refresh_token(&refresh_token);
        let answer =
            request.request(&|request: HttpRequest| self.ask_noting(request, Wanted::Tokens, rotated));
        let answer = answer.map_err(|error| self.refused(error, Doing::Refresh, &[refresh]))?;
        Ok(self.tokens(&answer, &[refresh]))
    }

    /// Revokes a token, and with a refresh token all tokens derived from it.
    ///
    /// # Errors
    /// The error of the exchange.
    pub fn revoke(
        &self,
        revocation: &Url,
        secret_in_body: bool,
        token: &Secret,
        is_refresh: bool,
    ) -> Result<()> {
        let doing = Doing::Revoke;
        let client =
            self.basic(secret_in_body)?.set_revocation_url(RevocationUrl::from_url(revocation.clone()));
        let revocable = match is_refresh {
            true => StandardRevocableToken::from(RefreshToken::new(text(token)?)),
            false => StandardRevocableToken::from(AccessToken::new(text(token)?)),
        };
        // The crate requires https even on this machine.
        let request = client.revoke_token(revocable);
        let request = request.map_err(|_| {
            Error::new(Kind::Unsupported, doing.failed()).because("its endpoint is not https")
        })?;
        request
            .request(&|request: HttpRequest| self.http.exchange(request))
            .map_err(|error| self.refused(error, doing, &[token]))
    }

    /// The crate's client with our id and secret.
    pub(super) fn basic(&self, secret_in_body: bool) -> Result<BasicClient> {
        let mut client = BasicClient::new(ClientId::new(self.settings.client_id.clone()));
        if let Some(secret) = &self.secret {
            client = client.set_client_secret(ClientSecret::new(text(secret)?));
        }
        Ok(client.set_auth_type(if secret_in_body { AuthType::RequestBody } else { AuthType::BasicAuth }))
    }

    /// The words of the scope.
    pub(super) fn scopes(&self) -> impl Iterator<Item = Scope> {
        self.settings.scope().split_ascii_whitespace().map(|word| Scope::new(word.to_owned()))
    }

    /// An exchange whose answer is `wanted`, in the standard form, or a refusal.
    pub(super) fn ask(&self, request: HttpRequest, wanted: Wanted) -> Result<HttpResponse> {
        self.ask_noting(request, wanted, &Cell::new(None))
    }

    /// The same; `rotated` gets the refresh token of the answer, even if the rest is unusable.
    fn ask_noting(
        &self,
        request: HttpRequest,
        wanted: Wanted,
        rotated: &Cell<Option<Secret>>,
    ) -> Result<HttpResponse> {
        let (sent, from) = (Sent::describe(&request), request.uri().to_string());
        let response = self.http.exchange(request)?;
        let answer = Answer::read(&response, &from, &sent)?;
        rotated.set(answer.refresh_token());
        answer.into_standard(wanted)
    }

    /// The tokens of an answer. A scope is shown to users: one that contains a secret, sent or received, is
    /// dropped.
    pub(super) fn tokens(&self, answer: &BasicTokenResponse, sent: &[&Secret]) -> Tokens {
        let scopes =
            answer.scopes().map(|scopes| scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>());
        let access = Secret::new(answer.access_token().secret().as_str());
        let refresh = answer.refresh_token().map(|token| Secret::new(token.secret().as_str()));
        let is_fit = |scope: &String| {
            let mut all = sent.iter().copied().chain(&self.secret).chain(&refresh).chain([&access]);
            !all.any(|one| one.is_in(scope.as_bytes()))
        };
        let scope = scopes.map(|words| words.join(" ")).filter(is_fit);
        Tokens { access, lifetime: answer.expires_in(), refresh, scope }
    }

    /// The error for a refusal. `secrets` were sent along; they are hidden if the provider repeats them.
    pub(super) fn refused<T: ErrorResponseType + AsRef<str> + std::fmt::Display + 'static>(
        &self,
        error: RequestTokenError<Error, StandardErrorResponse<T>>,
        doing: Doing,
        secrets: &[&Secret],
    ) -> Error {
        match error {
            RequestTokenError::Request(error) => error.in_context(doing.failed()),
            RequestTokenError::ServerResponse(answer) => {
                let all = || secrets.iter().copied().chain(&self.secret);
                let description = answer.error_description().map(String::as_str);
                refusal(doing, answer.error().as_ref(), description, &|text| {
                    all().any(|secret| secret.is_in(text.as_bytes()))
                })
            }
            // Both may quote the answer, which may contain a token.
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
                Error::new(Kind::Protocol, doing.failed())
                    .because("the provider's answer lacks a required field")
            }
        }
    }
}

/// A secret as text, as the crate requires it: tokens and client secrets are ASCII (RFC 6749 appendix A).
fn text(secret: &Secret) -> Result<String> {
    std::str::from_utf8(secret.expose())
        .map(str::to_owned)
        .map_err(|_| Error::new(Kind::Config, "could not use the client secret").because("it is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::http::WebProxy;
    use crate::sys::Stop;

    fn settings(provider: Provider) -> Settings {
        Settings { provider, client_id: "id".into(), scope: None, named: Named::default(), redirect: None }
    }

    fn reach() -> Reach {
        Reach {
            ca_files: Vec::new(),
            proxy: WebProxy::None,
            family: None,
            timeout: Duration::from_secs(1),
            stop: Stop::new(),
            watch: None,
        }
    }

    #[test]
    fn configured_endpoints_take_precedence() {
        let mut settings = settings(Provider::Microsoft);
        let own = Url::parse("https://login.example.com/token").unwrap();
        settings.named.token = Some(own.clone());
        let endpoints = Client::new(&settings, None, &reach()).unwrap().endpoints().unwrap();
        assert_eq!(endpoints.token, own);
        assert!(endpoints.device.unwrap().as_str().ends_with("/devicecode"));
        let nothing = Settings { provider: Provider::Own, named: Named::default(), ..settings };
        let error = Client::new(&nothing, None, &reach()).unwrap().endpoints().unwrap_err();
        assert_eq!((error.kind(), error.advice()), (Kind::Config, Some(&OAuth::AddTokenUrl.into())));
    }

    #[test]
    fn the_other_way_to_sign_in_is_recommended_where_the_provider_has_it() {
        let advice = |settings: &Settings, by_browser: bool, keep: fn(&mut Endpoints)| {
            let client = Client::new(settings, None, &reach()).unwrap();
            let mut endpoints = Provider::Microsoft.endpoints().unwrap();
            keep(&mut endpoints);
            let error = match by_browser {
                true => client.begin_browser(&endpoints, "me").and_then(|visit| {
                    let (now, typed) = (Instant::now(), &mut || Ok(None));
                    client.finish_browser(&endpoints, visit, now, typed, &mut |_| ()).map(drop)
                }),
                false => client.begin_device(&endpoints).map(drop),
            };
            error.unwrap_err().advice().cloned()
        };
        let microsoft = settings(Provider::Microsoft);
        let (browser, device) =
            (|keep| advice(&microsoft, true, keep), |keep| advice(&microsoft, false, keep));
        assert_eq!(browser(|_| ()), Some(OAuth::BrowserTooLate { has_device: true }.into()));
        assert_eq!(
            browser(|known| known.device = None),
            Some(OAuth::BrowserTooLate { has_device: false }.into())
        );
        assert_eq!(browser(|known| known.authorization = None), Some(OAuth::SignInByDevice.into()));
        assert_eq!(device(|known| known.device = None), Some(OAuth::SignInByBrowser.into()));
        let neither = |known: &mut Endpoints| (known.authorization, known.device) = (None, None);
        assert_eq!(browser(neither), Some(OAuth::AddAuthorizationUrl.into()));
        assert_eq!(device(neither), Some(OAuth::AddDeviceUrl.into()));

        let yahoo = settings(Provider::Yahoo);
        assert_eq!(advice(&yahoo, true, |_| ()), Some(OAuth::AddRedirectUrl.into()));
        let odd = Settings { redirect: Some("no URL".into()), ..microsoft.clone() };
        assert_eq!(advice(&odd, true, |_| ()), Some(OAuth::CheckRedirectUrl.into()));
    }

    #[test]
    fn a_secret_that_the_provider_repeats_is_not_shown() {
        let settings = settings(Provider::Own);
        let client = Client::new(&settings, Some(Secret::new("hunter2")), &reach()).unwrap();
        let refresh = Secret::new("refresh-token");
        for said in ["bad token refresh-token", "bad secret hunter2"] {
            let answer = StandardErrorResponse::new(
                oauth2::basic::BasicErrorResponseType::InvalidGrant,
                Some(said.to_owned()),
                None,
            );
            let error =
                client.refused(RequestTokenError::ServerResponse(answer), Doing::Refresh, &[&refresh]);
            let shown = format!("{error:?}");
            assert!(!shown.contains("refresh-token") && !shown.contains("hunter2"), "{shown}");
            assert!(shown.contains("invalid_grant"));
        }
    }
}
