//! What `--trace` shows of an exchange: method, host and path, status, and the names of the fields, but no
//! values. A name is shown only if it looks like a name and does not contain a value that was sent, since a
//! server may repeat a secret anywhere.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ureq::http::{Request, header};

use crate::auth::Secret;

/// The limits for displayed names: how many, and how long.
const MOST_NAMES: usize = 24;
const LONGEST_NAME: usize = 40;

/// Receives the lines of `--trace`. They contain no secret.
#[derive(Clone)]
pub struct Watch(Arc<dyn Fn(&str) + Send + Sync>);

impl Watch {
    /// `show` is called with each line.
    pub fn new(show: impl Fn(&str) + Send + Sync + 'static) -> Watch {
        Watch(Arc::new(show))
    }

    pub(super) fn tell(&self, line: &str) {
        (self.0)(line);
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

/// The values in a request that may be secret: those of its form, and those in its `Authorization` field.
pub(crate) struct Sent(Vec<Secret>);

impl Sent {
    /// Collects them from the request.
    pub(crate) fn describe(request: &Request<Vec<u8>>) -> Sent {
        let of_form = form(request.body());
        // The grant type (`refresh_token`) is not a secret, nor is the name of a field.
        let mut all: Vec<_> =
            of_form.filter(|(name, _)| name != "grant_type").map(|(_, value)| value).collect();
        if let Some(field) = request.headers().get(header::AUTHORIZATION)
            && let Some(word) = field.as_bytes().strip_prefix(b"Basic ")
            && let Ok(pair) = BASE64.decode(word)
            && let Some(at) = pair.iter().position(|byte| *byte == b':')
        {
            // Percent-encoded (RFC 6749 section 2.3.1).
            all.extend(form(&pair[at + 1..]).map(|(value, _)| value));
        }
        Sent(all.into_iter().map(Secret::new).collect())
    }

    /// Whether a text contains one of them.
    pub(crate) fn is_repeated_in(&self, text: &str) -> bool {
        self.0.iter().any(|secret| secret.is_in(text.as_bytes()))
    }

    /// The names of an answer's fields, for display.
    pub(crate) fn names<'n>(&self, names: impl Iterator<Item = &'n str>) -> String {
        let (mut shown, mut others) = (Vec::new(), 0_usize);
        for name in names {
            match looks_like_a_name(name) && shown.len() < MOST_NAMES && !self.is_repeated_in(name) {
                true => shown.push(name),
                false => others += 1,
            }
        }
        match (shown.is_empty(), others) {
            (true, 0) => "no fields".to_owned(),
            (true, _) => format!("{others} fields"),
            (false, 0) => shown.join(", "),
            (false, _) => format!("{} and {others} more", shown.join(", ")),
        }
    }

    /// A summary of an answer.
    pub(super) fn summary(&self, body: &[u8]) -> String {
        match serde_json::from_slice::<serde_json::Value>(body) {
            Ok(serde_json::Value::Object(fields)) => self.names(fields.keys().map(String::as_str)),
            _ => format!("{} bytes that are no JSON object", body.len()),
        }
    }
}

/// The names in a request's form.
pub(super) fn asked(body: &[u8]) -> String {
    form(body).map(|(name, _)| name).filter(|name| looks_like_a_name(name)).collect::<Vec<_>>().join(", ")
}

fn looks_like_a_name(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

/// The pairs of a form (application/x-www-form-urlencoded).
pub(crate) fn form(body: &[u8]) -> impl Iterator<Item = (String, String)> + '_ {
    oauth2::url::form_urlencoded::parse(body).map(|(name, value)| (name.into_owned(), value.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent() -> Sent {
        let request = Request::post("https://p/token")
            .header(header::AUTHORIZATION, format!("Basic {}", BASE64.encode("id:hunter%2Btwo")))
            .body(b"grant_type=refresh_token&refresh_token=the-old-one&code=a%2Fb%2Fc".to_vec());
        Sent::describe(&request.expect("a request"))
    }

    #[test]
    fn names_are_shown_and_what_was_sent_is_not() {
        let body =
            br#"{"access_token":"x","refresh_token":"y","the-old-one":1,"xthe-old-one":1,"hunter+two":1}"#;
        assert_eq!(sent().summary(body), "access_token, refresh_token and 3 more");
        let encoded = BASE64.encode("hunter+two").replace('=', "");
        assert_eq!(sent().summary(format!("{{\"{encoded}\":1}}").as_bytes()), "1 fields");
        assert_eq!(sent().summary(b"{}"), "no fields");
        assert_eq!(sent().summary(b"<html>the-old-one"), "17 bytes that are no JSON object");
        assert!(sent().is_repeated_in("xxa/b/c") && !sent().is_repeated_in("refresh_token"));
    }

    #[test]
    fn a_request_shows_the_names_of_its_form() {
        assert_eq!(asked(b"grant_type=refresh_token&refresh_token=x&%1b[2J=1"), "grant_type, refresh_token");
    }

    #[test]
    fn a_thousand_names_are_counted_and_not_listed() {
        let names: Vec<_> = (0..1000).map(|n| format!("name{n}")).collect();
        let shown = sent().names(names.iter().map(String::as_str));
        assert!(shown.ends_with("name23 and 976 more"), "{shown}");
    }
}
