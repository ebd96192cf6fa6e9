//! The browser flow: authorization code with PKCE (RFC 7636) and a redirect to this machine (RFC 8252). If the
//! redirect cannot reach us (a server without a screen, a provider that requires https) the user copies the
//! address instead.

use std::thread;
use std::time::{Duration, Instant};

use oauth2::url::{Url, form_urlencoded};
use oauth2::{
    AuthUrl, AuthorizationCode, CsrfToken, HttpRequest, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    TokenUrl,
};

use super::answer::Wanted;
use super::client::{Client, Tokens};
use super::listener::{Listener, Page};
use super::provider::{Endpoints, is_loopback};
use super::refusal::{Doing, refusal};
use crate::advice::OAuth;
use crate::auth::Secret;
use crate::error::{Error, Kind, Phase, Result};

/// How often connections and the terminal are checked.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Returns a line if the user typed one; its failure ends the wait.
pub type Typed<'a> = &'a mut dyn FnMut() -> Result<Option<String>>;

const DOING: &str = "could not sign in with the browser";

/// A sign-in that waits for the user's browser.
pub struct Visit {
    url: Url,
    state: CsrfToken,
    verifier: PkceCodeVerifier,
    redirect: RedirectUrl,
    listener: Option<Listener>,
}

impl Visit {
    /// The address to open.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Whether the browser returns the answer by itself, if it runs on this machine.
    pub fn listens(&self) -> bool {
        self.listener.is_some()
    }

    /// Waits until the browser returns the code, or the user types the address where it ended. Other requests are
    /// refused. `tell` prints a message for the user.
    fn wait(
        &mut self,
        endpoints: &Endpoints,
        deadline: Instant,
        typed: Typed<'_>,
        tell: &mut dyn FnMut(&str),
    ) -> Result<Secret> {
        let state = self.state.secret().as_str();
        while Instant::now() < deadline {
            let mut outcome = None;
            if let Some(listener) = &mut self.listener {
                listener.step(&mut |target| match read(query_of(target), state, endpoints) {
                    _ if outcome.is_some() => Page::Unknown,
                    Some(answer) => {
                        let page = if answer.is_ok() { Page::Welcome } else { Page::Refused };
                        outcome = Some(answer);
                        page
                    }
                    None => Page::Unknown,
                });
            }
            if outcome.is_none()
                && let Some(line) = typed()?
            {
                outcome = read(query_of(line.trim()), state, endpoints);
                if outcome.is_none() && !line.trim().is_empty() {
                    tell("that is not the address at which this sign-in ends: it contains code= and state=");
                }
            }
            if let Some(outcome) = outcome {
                return outcome;
            }
            thread::sleep(POLL_INTERVAL);
        }
        Err(Error::new(Kind::Timeout(Phase::Reply), DOING)
            .because("nobody finished it in the browser in time")
            .advise(OAuth::BrowserTooLate { has_device: endpoints.device.is_some() }))
    }
}

impl Client<'_> {
    /// Prepares the flow: creates the secrets of this sign-in, and listens for the redirect. `user` is suggested
    /// to the provider as the name to sign in with.
    ///
    /// # Errors
    /// [`Kind::Unsupported`] if the provider has no authorization endpoint, [`Kind::Config`] if no
    /// redirect can be chosen, [`Kind::Io`] if it is not possible to listen there.
    pub fn begin_browser(&self, endpoints: &Endpoints, user: &str) -> Result<Visit> {
        let Some(authorization) = &endpoints.authorization else {
            let advice = match &endpoints.device {
                Some(_) => OAuth::SignInByDevice,
                None => OAuth::AddAuthorizationUrl,
            };
            return Err(Error::new(Kind::Unsupported, DOING)
                .because("the provider has no authorization endpoint")
                .advise(advice));
        };
        let (redirect, listener) = self.redirect()?;
        let client = self
            .basic(endpoints.secret_in_body)?
            .set_auth_uri(AuthUrl::from_url(authorization.clone()))
            .set_redirect_uri(redirect.clone());
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = client
            .authorize_url(CsrfToken::new_random)
            .add_scopes(self.scopes())
            .set_pkce_challenge(challenge);
        // OpenID Connect Core section 3.1.2.1; others ignore it (RFC 6749 section 3.1).
        request = request.add_extra_param("login_hint", user.to_owned());
        for (name, value) in self.settings.provider.extra(self.settings.scope()) {
            request = request.add_extra_param(*name, *value);
        }
        let (url, state) = request.url();
        Ok(Visit { url, state, verifier, redirect, listener })
    }

    /// Waits for the browser and exchanges the code for tokens (RFC 6749 section 4.1.3).
    ///
    /// # Errors
    /// [`Kind::Timeout`] if no answer came before `deadline`, [`Kind::SignIn`] if access was denied;
    /// otherwise the error of the exchange.
    pub fn finish_browser(
        &self,
        endpoints: &Endpoints,
        mut visit: Visit,
        deadline: Instant,
        typed: Typed<'_>,
        tell: &mut dyn FnMut(&str),
    ) -> Result<Tokens> {
        let code = visit.wait(endpoints, deadline, typed, tell)?;
        let client = self
            .basic(endpoints.secret_in_body)?
            .set_token_uri(TokenUrl::from_url(endpoints.token.clone()))
            .set_redirect_uri(visit.redirect);
        let text = String::from_utf8_lossy(code.expose()).into_owned();
        let verifier = Secret::new(visit.verifier.secret().as_str());
        let request = client.exchange_code(AuthorizationCode::new(text)).set_pkce_verifier(visit.verifier);
        let answer = request.request(&|request: HttpRequest| self.ask(request, Wanted::Tokens));
        let sent = [&code, &verifier];
        let answer = answer.map_err(|error| self.refused(error, browser(endpoints), &sent))?;
        Ok(self.tokens(&answer, &sent))
    }

    /// The redirect address, and the listener for it.
    fn redirect(&self) -> Result<(RedirectUrl, Option<Listener>)> {
        let wrong = |error| Error::new(Kind::Config, DOING).because(error).advise(OAuth::CheckRedirectUrl);
        let url = |text: String| RedirectUrl::new(text).map_err(wrong);
        let provider = &self.settings.provider;
        match (&self.settings.redirect, provider.loopback()) {
            (Some(named), _) => {
                let redirect = url(named.clone())?;
                let own_port = Some(redirect.url())
                    .filter(|url| url.scheme() == "http" && is_loopback(url))
                    .and_then(Url::port);
                let listener = own_port.map(Listener::bind).transpose()?;
                Ok((redirect, listener))
            }
            (None, Some(host)) => {
                let listener = Listener::bind(0)?;
                // Without a path: some providers compare it with the registered one, which has none.
                Ok((url(format!("http://{host}:{}", listener.port()))?, Some(listener)))
            }
            (None, None) => Err(Error::new(Kind::Config, DOING)
                .because(format!("{provider} redirects only to an address that is registered for the client"))
                .advise(OAuth::AddRedirectUrl)),
        }
    }
}

fn browser(endpoints: &Endpoints) -> Doing {
    Doing::Browser { has_device: endpoints.device.is_some() }
}

/// The query of a request's target, or of an address that was typed.
fn query_of(target: &str) -> &str {
    let query = target.split_once('?').map_or(target, |(_, query)| query);
    query.split_once('#').map_or(query, |(query, _)| query)
}

/// The answer in a redirect (RFC 6749 sections 4.1.2 and 4.1.2.1); `None` if it is not the answer to our
/// request, which its state tells.
fn read(query: &str, state: &str, endpoints: &Endpoints) -> Option<Result<Secret>> {
    let value = |name: &str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    if value("state").as_deref() != Some(state) {
        return None;
    }
    // RFC 9207: another provider's answer is an attack (or a mix-up).
    if let (Some(said), Some(known)) = (value("iss"), &endpoints.issuer)
        && said != *known
    {
        return Some(
            Err(Error::new(Kind::Protocol, DOING).because("the answer comes from another provider")),
        );
    }
    if let Some(code) = value("code").filter(|code| !code.is_empty()) {
        return Some(Ok(Secret::new(code)));
    }
    let code = value("error")?;
    Some(Err(refusal(browser(endpoints), &code, value("error_description").as_deref(), &|text| {
        text.contains(state)
    })))
}

#[cfg(test)]
mod tests {
    use super::super::provider::Provider;
    use super::*;

    fn answer(query: &str) -> Option<Result<Secret>> {
        let issuer = Some("https://i".to_owned());
        let endpoints = Endpoints { issuer, ..Provider::Google.endpoints().expect("known") };
        read(query_of(query), "s t", &endpoints)
    }

    #[test]
    fn only_the_answer_to_our_request_counts() {
        for other in
            ["", "/", "/favicon.ico", "/?code=x", "/?code=x&state=other", "/?state=s+t", "/?code=&state=s+t"]
        {
            assert!(answer(other).is_none(), "{other}");
        }
        for ours in [
            "/?state=s+t&code=a%2Fb",
            "http://127.0.0.1:1/?code=a%2Fb&state=s%20t#x",
            "code=a%2Fb&state=s+t&iss=https://i",
        ] {
            let code = answer(ours).expect("ours").expect("a code");
            assert_eq!(code.expose(), b"a/b", "{ours}");
        }
    }

    #[test]
    fn a_denial_and_another_provider_are_errors() {
        let error = answer("/?error=access_denied&state=s+t").expect("ours").expect_err("denied");
        assert_eq!((error.kind(), error.advice()), (Kind::SignIn, Some(&OAuth::AllowAccess.into())));
        let error = answer("/?code=x&state=s+t&iss=https://evil").expect("ours").expect_err("a mix-up");
        assert_eq!(error.kind(), Kind::Protocol);
    }
}
