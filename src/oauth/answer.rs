//! Reads a provider's answers leniently: an answer with tokens must contain an access token, but all other
//! fields may be missing, or deviate from RFC 6749 section 5. A provider that rotates refresh tokens accepts
//! the old one only once, so an answer must not be discarded because of a minor error. The strict `oauth2`
//! crate gets the answer in standard form.

use oauth2::HttpResponse;
use oauth2::http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value};

use crate::advice::OAuth;
use crate::auth::Secret;
use crate::error::{Error, Kind, Result};
use crate::http::{Sent, form, talking_to};

/// The lifetime of a code if the provider does not state it, in seconds (RFC 8628 section 3.2 requires it).
const CODE_LIFETIME: u64 = 15 * 60;

/// An answer of a provider's endpoint.
pub(super) struct Answer<'a> {
    status: StatusCode,
    fields: Map<String, Value>,
    from: &'a str,
    sent: &'a Sent,
}

/// The expected kind of answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Tokens (RFC 6749 section 5.1).
    Tokens,
    /// A code for a person to enter (RFC 8628 section 3.2).
    Code,
}

impl Wanted {
    /// The fields without which an answer is useless.
    fn required(self) -> &'static [&'static str] {
        match self {
            Wanted::Tokens => &["access_token"],
            Wanted::Code => &["device_code", "user_code", "verification_uri"],
        }
    }
}

impl<'a> Answer<'a> {
    /// Parses the answer of the endpoint `from` to a request with the secrets `sent`.
    ///
    /// # Errors
    /// [`Kind::Protocol`] or [`Kind::Refused`] if it does not come from an OAuth endpoint, but for example
    /// from a captive portal.
    pub(super) fn read(response: &HttpResponse, from: &'a str, sent: &'a Sent) -> Result<Answer<'a>> {
        Ok(Answer { status: response.status(), fields: object(response, from)?, from, sent })
    }

    /// The refresh token in the answer, even if the rest is unusable.
    pub(super) fn refresh_token(&self) -> Option<Secret> {
        text(self.fields.get("refresh_token")).filter(|_| self.status.is_success()).map(Secret::new)
    }

    /// The answer in standard form: the wanted fields, or an error.
    ///
    /// # Errors
    /// [`Kind::Protocol`] if it is neither.
    pub(super) fn into_standard(mut self, wanted: Wanted) -> Result<HttpResponse> {
        if wanted == Wanted::Code && !self.fields.contains_key("verification_uri") {
            // The name before RFC 8628.
            if let Some(url) = self.fields.remove("verification_url") {
                self.fields.insert("verification_uri".to_owned(), url);
            }
        }
        let missing = wanted.required().iter().find(|name| text(self.fields.get(**name)).is_none()).copied();
        let (status, fields) = match (missing, self.error()) {
            (None, _) if self.status.is_success() => (StatusCode::OK, self.standard_fields(wanted)),
            (_, Some(error)) if self.status.is_success() => (StatusCode::BAD_REQUEST, error),
            (_, Some(error)) => (self.status, error),
            (missing, None) => return Err(self.without(missing.unwrap_or("error"))),
        };
        let body = serde_json::to_vec(&fields).map_err(|_| {
            Error::new(Kind::Protocol, talking_to(self.from)).because("its answer cannot be converted")
        })?;
        let mut response = HttpResponse::new(body);
        *response.status_mut() = status;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        Ok(response)
    }

    /// The wanted fields in standard form; fields that cannot be converted are omitted.
    fn standard_fields(&self, wanted: Wanted) -> Map<String, Value> {
        let field = |name: &str| self.fields.get(name);
        let word = |name: &str| text(field(name)).map(Value::from);
        let count = |name: &str| number(field(name)).map(Value::from);
        let mut fields = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                fields.insert(name.to_owned(), value);
            }
        };
        match wanted {
            Wanted::Tokens => {
                put("access_token", word("access_token"));
                put("refresh_token", word("refresh_token"));
                // Mail servers accept bearer tokens only, whatever token type the answer states.
                put("token_type", Some("bearer".into()));
                put("expires_in", count("expires_in"));
                put("scope", scope(field("scope")).map(Value::from));
            }
            Wanted::Code => {
                for name in ["device_code", "user_code", "verification_uri", "verification_uri_complete"] {
                    put(name, word(name));
                }
                put("expires_in", count("expires_in").or_else(|| Some(CODE_LIFETIME.into())));
                put("interval", count("interval"));
            }
        }
        fields
    }

    /// The error in the answer: `error`, or an object that contains the text, as in some Google APIs.
    fn error(&self) -> Option<Map<String, Value>> {
        let (code, description) = match self.fields.get("error")? {
            Value::Object(inner) => {
                let code = ["status", "code", "type"].iter().find_map(|name| text(inner.get(*name)));
                (code.unwrap_or_else(|| "error".to_owned()), text(inner.get("message")))
            }
            code => (text(Some(code))?, None),
        };
        let description = description.or_else(|| text(self.fields.get("error_description")));
        let mut error = Map::new();
        error.insert("error".to_owned(), code.into());
        if let Some(description) = description {
            error.insert("error_description".to_owned(), description.into());
        }
        Some(error)
    }

    fn without(&self, name: &str) -> Error {
        Error::new(Kind::Protocol, talking_to(self.from)).because(format!(
            "its answer ({}) lacks a required field: there is no {name} in it, but {}",
            self.status.as_u16(),
            self.sent.names(self.fields.keys().map(String::as_str))
        ))
    }
}

/// Parses an answer as a JSON object, whatever its Content-Type says, or as a form, which some providers
/// send.
///
/// # Errors
/// [`Kind::Protocol`] for anything else, or [`Kind::Refused`] if the status does not mean success.
pub(super) fn object(response: &HttpResponse, from: &str) -> Result<Map<String, Value>> {
    // Some providers use another charset in descriptions; the other fields are still usable.
    let text = String::from_utf8_lossy(response.body());
    let text = text.trim_start_matches('\u{feff}').trim();
    if let Ok(Value::Object(fields)) = serde_json::from_str(text) {
        return Ok(fields);
    }
    if text.starts_with("access_token=") || text.starts_with("error=") {
        return Ok(form(text.as_bytes()).map(|(name, value)| (name, value.into())).collect());
    }
    let status = response.status();
    // A wrong path or host sends a page with status 404; a captive portal sends a page with status 200.
    let kind = if status.is_success() { Kind::Protocol } else { Kind::Refused };
    Err(Error::new(kind, talking_to(from))
        .because(format!("it answered {} with something other than JSON", status.as_u16()))
        .advise(OAuth::CheckUrls))
}

/// A non-empty string.
fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}

/// A non-negative number, also as a string or with a fraction. A negative lifetime is ignored.
fn number(value: Option<&Value>) -> Option<u64> {
    match value? {
        Value::Number(number) => number.as_u64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => {
            let text = text.trim();
            text.parse().ok().or_else(|| whole(text.parse().ok()?))
        }
        _ => None,
    }
}

/// The integer part of a number.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked, and `as` saturates")]
fn whole(number: f64) -> Option<u64> {
    (number.is_finite() && number >= 0.0).then_some(number as u64)
}

/// A scope as text, separated by spaces; some providers send a list.
fn scope(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Array(words) => {
            let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
            Some(words.join(" ")).filter(|scope| !scope.is_empty())
        }
        other => text(Some(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oauth2::http::{Request, Response};
    use std::error::Error as _;

    fn response(status: u16, kind: &str, body: &str) -> HttpResponse {
        let response = Response::builder().status(status).header(header::CONTENT_TYPE, kind);
        response.body(body.as_bytes().to_vec()).expect("an answer")
    }

    fn standard(response: &HttpResponse, wanted: Wanted) -> Result<(u16, Value)> {
        let request = Request::post("https://p/token").body(b"refresh_token=the-old-one".to_vec());
        let sent = Sent::describe(&request.expect("a request"));
        let response = Answer::read(response, "https://p/token", &sent)?.into_standard(wanted)?;
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
        Ok((response.status().as_u16(), serde_json::from_slice(response.body()).expect("JSON")))
    }

    #[test]
    fn only_the_access_token_is_required_and_other_forms_are_read() {
        for (kind, body, expected) in [
            ("application/json", r#"{"access_token":"a"}"#, r#"{"access_token":"a","token_type":"bearer"}"#),
            (
                "text/html",
                "\u{feff} {\"access_token\":\"a\",\"expires_in\":\" 3600 \",\"token_type\":7}\n",
                r#"{"access_token":"a","token_type":"bearer","expires_in":3600}"#,
            ),
            (
                "text/plain",
                r#"{"access_token":"a","expires_in":3599.5,"scope":["x","y",1],"refresh_token":"r"}"#,
                r#"{"access_token":"a","token_type":"bearer","expires_in":3599,"scope":"x y","refresh_token":"r"}"#,
            ),
            (
                "application/x-www-form-urlencoded",
                "access_token=a%2Bb&expires_in=60&scope=x+y",
                r#"{"access_token":"a+b","token_type":"bearer","expires_in":60,"scope":"x y"}"#,
            ),
            (
                "",
                r#"{"access_token":"a","expires_in":-1,"refresh_token":null,"scope":{},"error":""}"#,
                r#"{"access_token":"a","token_type":"bearer"}"#,
            ),
            (
                "",
                r#"{"access_token":"a","expires_in":"soon","refresh_token":"","scope":[]}"#,
                r#"{"access_token":"a","token_type":"bearer"}"#,
            ),
        ] {
            let expected: Value = serde_json::from_str(expected).expect("JSON");
            for status in [200, 201] {
                let read = standard(&response(status, kind, body), Wanted::Tokens).expect(body);
                assert_eq!(read, (200, expected.clone()), "{body}");
            }
        }
        let latin = [&b"{\"access_token\":\"a\",\"x\":\"\xe4\"}"[..]].concat();
        assert!(standard(&HttpResponse::new(latin), Wanted::Tokens).is_ok());
    }

    #[test]
    fn a_code_needs_only_its_required_fields() {
        let body = r#"{"device_code":"d","user_code":"u","verification_url":"https://v","interval":"7"}"#;
        let (_, read) = standard(&response(200, "text/html", body), Wanted::Code).expect(body);
        assert_eq!((&read["interval"], &read["expires_in"]), (&7.into(), &CODE_LIFETIME.into()));
        assert_eq!(read["verification_uri"], "https://v");
        let error =
            standard(&response(200, "", r#"{"device_code":"d"}"#), Wanted::Code).expect_err("no code");
        assert!(error.source().expect("a cause").to_string().contains("no user_code in it, but device_code"));
    }

    #[test]
    fn a_refusal_is_read_in_each_form_and_with_any_status() {
        for (status, body, expected) in [
            (400, r#"{"error":"x","error_description":"y","error_uri":7}"#, ("x", Some("y"))),
            (200, r#"{"error":"x"}"#, ("x", None)),
            (401, r#"{"error":{"code":401,"status":"DENIED","message":"y"}}"#, ("DENIED", Some("y"))),
            (403, "error=x&error_description=y+z", ("x", Some("y z"))),
        ] {
            let (read, error) = standard(&response(status, "text/plain", body), Wanted::Tokens).expect(body);
            assert_eq!(read, if status == 200 { 400 } else { status }, "{body}");
            let description = error.get("error_description").and_then(Value::as_str);
            assert_eq!((error["error"].as_str(), description), (Some(expected.0), expected.1), "{body}");
        }
    }

    #[test]
    fn an_unusable_answer_names_missing_fields_and_no_secret() {
        let body = r#"{"refresh_token":"r","accessToken":"a","the-old-one":1}"#;
        let error = standard(&response(200, "", body), Wanted::Tokens).expect_err(body);
        let why = error.source().expect("a cause").to_string();
        assert_eq!(error.kind(), Kind::Protocol);
        assert!(why.ends_with("no access_token in it, but accessToken, refresh_token and 1 more"), "{why}");
        for (status, body, kind) in [
            (200, "<html>secret", Kind::Protocol),
            (200, "", Kind::Protocol),
            (200, "[]", Kind::Protocol),
            (404, "secret", Kind::Refused),
        ] {
            let error = standard(&response(status, "text/html", body), Wanted::Tokens).expect_err(body);
            assert_eq!(error.kind(), kind, "{status} {body}");
            assert_eq!(error.advice(), Some(&OAuth::CheckUrls.into()), "{status} {body}");
            assert!(!format!("{error:?}").contains("secret"));
        }
    }

    #[test]
    fn a_refresh_token_is_found_in_an_unusable_answer() {
        let request = Request::post("https://p/token").body(Vec::new()).expect("a request");
        let sent = Sent::describe(&request);
        for (status, body, found) in [
            (200, r#"{"refresh_token":"new"}"#, true),
            (200, r#"{"refresh_token":"new","access_token":17}"#, true),
            (200, r#"{"access_token":"a"}"#, false),
            (400, r#"{"error":"x","refresh_token":"new"}"#, false),
        ] {
            let response = response(status, "", body);
            let answer = Answer::read(&response, "p", &sent).expect("an object");
            assert_eq!(answer.refresh_token().is_some(), found, "{body}");
        }
    }
}
