//! The OAuth client: its settings, and the exchanges that need no user: refresh (RFC 6749 section 6) and
//! revocation (RFC 7009). The `oauth2` crate forms the requests and parses the answers; it has a copy of a
//! secret only during one exchange.

use std::time::Duration;

use oauth2::basic::{BasicClient, BasicTokenResponse};
use oauth2::url::Url;
use oauth2::{
    AccessToken, AuthType, ClientId, ClientSecret, ErrorResponseType, HttpRequest, HttpResponse,
    RefreshToken, RequestTokenError, RevocationUrl, Scope, StandardErrorResponse, StandardRevocableToken,
    TokenResponse, TokenUrl,
};

use super::http::{Http, Reach, demand_json};
use super::metadata;
use super::provider::{Endpoints, Named, Provider};
use crate::auth::Secret;
use crate::error::{Error, Kind, Result};

/// The most that is shown of a provider's text, in characters.
const SHOWN: usize = 300;

/// The context of a refused refresh token: the one refusal after which a new sign-in helps.
const REFRESHING: &str = "could not refresh the access token";

/// The configured OAuth settings of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The provider of the tokens.
    pub provider: Provider,
    /// The client id, which the provider assigned when the client was registered.
    pub client_id: String,
    /// The scope, words separated by blanks; `None`: that of the known provider.
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
                    .hint("add oauth-token-url = \"https://…\", or name the provider with oauth"));
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
    ///
    /// # Errors
    /// [`Kind::SignIn`] if the provider no longer accepts the refresh token, [`Kind::Config`] if it does not
    /// know the client, otherwise the error of the exchange.
    pub fn refresh(&self, token: &Url, secret_in_body: bool, refresh: &Secret) -> Result<Tokens> {
        let client = self.basic(secret_in_body)?.set_token_uri(TokenUrl::from_url(token.clone()));
        let refresh_token = RefreshToken::new(text(refresh)?);
        let request = client.exchange_refresh_token(&refresh_token);
        let answer = request.request(&|request: HttpRequest| self.json(request));
        let answer = answer.map_err(|error| self.refused(error, REFRESHING, &[refresh]))?;
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
        let doing = "could not have the provider forget the sign-in";
        let client =
            self.basic(secret_in_body)?.set_revocation_url(RevocationUrl::from_url(revocation.clone()));
        let revocable = match is_refresh {
            true => StandardRevocableToken::from(RefreshToken::new(text(token)?)),
            false => StandardRevocableToken::from(AccessToken::new(text(token)?)),
        };
        // The crate requires https even on this machine.
        let request = client.revoke_token(revocable);
        let request =
            request.map_err(|_| Error::new(Kind::Unsupported, doing).because("its endpoint is not https"))?;
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

    /// An exchange whose answer has to be JSON.
    pub(super) fn json(&self, request: HttpRequest) -> Result<HttpResponse> {
        let from = request.uri().clone();
        let response = self.http.exchange(request)?;
        demand_json(response, &from.to_string())
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
        doing: &str,
        secrets: &[&Secret],
    ) -> Error {
        match error {
            RequestTokenError::Request(error) => error.within(doing),
            RequestTokenError::ServerResponse(answer) => {
                let all = || secrets.iter().copied().chain(&self.secret);
                let description = answer.error_description().map(String::as_str);
                refusal(doing, answer.error().as_ref(), description, &|text| {
                    all().any(|secret| secret.is_in(text.as_bytes()))
                })
            }
            // Both may quote the answer, which may contain a token.
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
                Error::new(Kind::Protocol, doing).because("the provider's answer lacks what it must have")
            }
        }
    }
}

/// What an error code means (RFC 6749 sections 4.1.2.1 and 5.2, RFC 8628 section 3.5).
pub(super) fn refusal(
    doing: &str,
    code: &str,
    description: Option<&str>,
    holds_a_secret: &dyn Fn(&str) -> bool,
) -> Error {
    let code = if holds_a_secret(code) { "an error of its own".into() } else { printable(code) };
    let (kind, words, hint) = match code.as_str() {
        "invalid_grant" if doing == REFRESHING => {
            (Kind::SignIn, "the provider no longer accepts the sign-in of this account", None)
        }
        "invalid_grant" => {
            (Kind::SignIn, "the provider does not accept the code", Some("run it again, for a new one"))
        }
        "access_denied" => {
            (Kind::SignIn, "access was denied", Some("run it again, and allow it in the browser"))
        }
        "expired_token" => {
            (Kind::SignIn, "the code expired before anybody entered it", Some("run it again, for a new code"))
        }
        "invalid_client" | "unauthorized_client" => (
            Kind::Config,
            "the provider does not accept this client",
            Some("check oauth-client-id and oauth-client-secret, and what the client is registered for"),
        ),
        "invalid_scope" => (Kind::Config, "the provider does not know the scope", Some("check oauth-scope")),
        "invalid_request"
        | "unsupported_grant_type"
        | "unsupported_response_type"
        | "unsupported_token_type" => (
            Kind::Config,
            "the provider does not support this",
            Some(
                "try the other way to sign in, --browser or --device, or check the oauth- keys of the account",
            ),
        ),
        "temporarily_unavailable" | "server_error" | "slow_down" => {
            (Kind::ServerTemporary, "the provider has trouble of its own", None)
        }
        _ => (Kind::SignIn, "the provider refused", None),
    };
    let said = match description.filter(|text| !holds_a_secret(text)).map(printable) {
        Some(text) if !text.is_empty() => format!("{words} ({code}: {text})"),
        _ => format!("{words} ({code})"),
    };
    let error = Error::new(kind, doing).because(said);
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// A provider's text, in one line of bounded length.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(SHOWN)
        .collect::<String>()
        .trim()
        .to_owned()
}

/// A secret as text, as the crate requires it: tokens and client secrets are ASCII (RFC 6749 appendix A).
fn text(secret: &Secret) -> Result<String> {
    std::str::from_utf8(secret.expose())
        .map(str::to_owned)
        .map_err(|_| Error::new(Kind::Config, "could not use the client secret").because("it is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::super::http::ProviderProxy;
    use super::*;
    use std::error::Error as _;

    fn settings(provider: Provider) -> Settings {
        Settings { provider, client_id: "id".into(), scope: None, named: Named::default(), redirect: None }
    }

    fn reach() -> Reach {
        Reach {
            ca_files: Vec::new(),
            proxy: ProviderProxy::None,
            family: None,
            timeout: Duration::from_secs(1),
        }
    }

    #[test]
    fn what_the_user_named_outweighs_what_is_known() {
        let mut settings = settings(Provider::Microsoft);
        let own = Url::parse("https://login.example.com/token").unwrap();
        settings.named.token = Some(own.clone());
        let endpoints = Client::new(&settings, None, &reach()).unwrap().endpoints().unwrap();
        assert_eq!(endpoints.token, own);
        assert!(endpoints.device.unwrap().as_str().ends_with("/devicecode"));
        let nothing = Settings { provider: Provider::Own, named: Named::default(), ..settings };
        let error = Client::new(&nothing, None, &reach()).unwrap().endpoints().unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
    }

    #[test]
    fn each_refusal_has_its_kind_and_its_words() {
        for (code, kind) in [
            ("invalid_grant", Kind::SignIn),
            ("access_denied", Kind::SignIn),
            ("expired_token", Kind::SignIn),
            ("invalid_client", Kind::Config),
            ("invalid_scope", Kind::Config),
            ("temporarily_unavailable", Kind::ServerTemporary),
            ("interaction_required", Kind::SignIn),
        ] {
            let error = refusal("could not x", code, Some("because\x1b[2J\nof y"), &|_| false);
            assert_eq!(error.kind(), kind, "{code}");
            let cause = error.source().unwrap().to_string();
            assert!(cause.ends_with(&format!("({code}: because [2J of y)")), "{cause}");
        }
        let long = refusal("could not x", &"y".repeat(5000), None, &|_| false).source().unwrap().to_string();
        assert!(long.len() < 400);
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
            let error = client.refused(RequestTokenError::ServerResponse(answer), "could not x", &[&refresh]);
            let shown = format!("{error:?}");
            assert!(!shown.contains("refresh-token") && !shown.contains("hunter2"), "{shown}");
            assert!(shown.contains("invalid_grant"));
        }
    }
}
