//! The device flow (RFC 8628): a person enters a short code in any browser, on any machine, while we
//! ask the token endpoint whether that has happened.

use std::cell::{Cell, RefCell};
use std::thread;
use std::time::{Duration, Instant};

use oauth2::http::Response;
use oauth2::{
    DeviceAuthorizationUrl, HttpRequest, HttpResponse, StandardDeviceAuthorizationResponse, TokenUrl,
};

use super::answer::Wanted;
use super::client::{Client, Tokens};
use super::provider::Endpoints;
use super::refusal::Doing;
use crate::advice::OAuth;
use crate::auth::Secret;
use crate::error::{Error, Kind, Result};

/// The longest wait for a code to be entered, whatever the provider says.
const LONGEST: Duration = Duration::from_secs(60 * 60);
/// The shortest pause between two requests, also if the provider asks for none.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause between two requests.
const LONGEST_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// A code that the user has to enter.
pub struct DeviceCode(StandardDeviceAuthorizationResponse);

impl DeviceCode {
    /// Where the code is to be entered.
    pub fn url(&self) -> &str {
        self.0.verification_uri().as_str()
    }

    /// The same with the code already in it, if the provider supports that.
    pub fn complete_url(&self) -> Option<&str> {
        self.0.verification_uri_complete().map(|url| url.secret().as_str())
    }

    /// The code.
    pub fn code(&self) -> &str {
        self.0.user_code().secret()
    }

    /// How long it is valid.
    pub fn lifetime(&self) -> Duration {
        self.0.expires_in().min(LONGEST)
    }
}

impl Client<'_> {
    /// Asks for a code (RFC 8628 section 3.1).
    ///
    /// # Errors
    /// [`Kind::Unsupported`] if the provider has no device flow; otherwise the error of the exchange.
    pub fn begin_device(&self, endpoints: &Endpoints) -> Result<DeviceCode> {
        let doing = Doing::BeginCode;
        let Some(device) = &endpoints.device else {
            let advice = match &endpoints.authorization {
                Some(_) => OAuth::SignInByBrowser,
                None => OAuth::AddDeviceUrl,
            };
            return Err(Error::new(Kind::Unsupported, doing.failed())
                .because("the provider does not support it for mail")
                .advise(advice));
        };
        let client = self
            .basic(endpoints.secret_in_body)?
            .set_device_authorization_url(DeviceAuthorizationUrl::from_url(device.clone()));
        let request = client.exchange_device_code().add_scopes(self.scopes());
        let answer = request.request(&|request: HttpRequest| self.ask(request, Wanted::Code));
        let answer: StandardDeviceAuthorizationResponse =
            answer.map_err(|error| self.refused(error, doing, &[]))?;
        if answer.interval() > LONGEST_INTERVAL {
            return Err(Error::new(Kind::Protocol, doing.failed())
                .because("the provider demands too long a pause between requests"));
        }
        Ok(DeviceCode(answer))
    }

    /// Waits until the code was entered (RFC 8628 sections 3.4 and 3.5), asking as often as the
    /// provider allows.
    ///
    /// # Errors
    /// [`Kind::SignIn`] if access was denied or the code has expired. Failures of the network or the provider
    /// are tolerated for as long as one exchange may take.
    pub fn finish_device(&self, endpoints: &Endpoints, code: &DeviceCode) -> Result<Tokens> {
        let doing = Doing::FinishCode;
        let client =
            self.basic(endpoints.secret_in_body)?.set_token_uri(TokenUrl::from_url(endpoints.token.clone()));
        let until = Instant::now() + code.lifetime();
        let (given_up, failing_since) = (RefCell::new(None), Cell::new(None));
        // The crate asks again after any failure, until the code expires. Some failures end it at once: then
        // the crate gets an answer that ends its loop, and the failure itself is returned.
        let ask = |request: HttpRequest| -> Result<HttpResponse> {
            let began = Instant::now();
            let error = match self.ask(request, Wanted::Tokens) {
                Ok(response) => {
                    failing_since.set(None);
                    return Ok(response);
                }
                Err(error) => error,
            };
            let since = failing_since.get().unwrap_or(began);
            failing_since.set(Some(since));
            let may_pass =
                error.is_temporary() || matches!(error.kind(), Kind::ConnectionLost | Kind::Connect);
            if may_pass && since.elapsed() < self.timeout {
                return Err(error);
            }
            given_up.replace(Some(error));
            let mut end = Response::new(br#"{"error":"access_denied"}"#.to_vec());
            *end.status_mut() = oauth2::http::StatusCode::BAD_REQUEST;
            Ok(end)
        };
        let pause = |pause: Duration| {
            let left = until.saturating_duration_since(Instant::now());
            thread::sleep(pause.max(SHORTEST_PAUSE).min(left));
        };
        let request = client.exchange_device_access_token(&code.0);
        let answer = request.request(&ask, pause, Some(code.lifetime()));
        if let Some(error) = given_up.take() {
            return Err(error.in_context(doing.failed()));
        }
        // Whoever knows the device code can get the tokens.
        let device_code = Secret::new(code.0.device_code().secret().as_str());
        let sent = [&device_code];
        answer.map(|answer| self.tokens(&answer, &sent)).map_err(|error| self.refused(error, doing, &sent))
    }
}
