//! A provider's own description: authorization server metadata (RFC 8414), which OpenID Connect
//! Discovery introduced. Fetched at sign-in, and accepted only if it names itself as the issuer.

use oauth2::url::Url;
use serde::Deserialize;

use super::answer;
use super::provider::{Endpoints, endpoint};
use crate::advice::OAuth;
use crate::error::{Error, Kind, Result};
use crate::http::Http;

/// Its path in OpenID Connect: after the issuer.
const OPENID: &str = "/.well-known/openid-configuration";
/// Its path in RFC 8414 section 3: between the issuer's host and its path.
const OAUTH: &str = "/.well-known/oauth-authorization-server";

/// The members that matter (RFC 8414 section 2, RFC 8628 section 4).
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// Fetches the endpoints of the provider whose metadata, or whose issuer, is `url`.
///
/// # Errors
/// The error of the exchange; [`Kind::Protocol`] for a document that cannot be parsed, names another issuer,
/// or endpoints that are not https.
pub(super) fn fetch(http: &Http, url: &Url) -> Result<Endpoints> {
    let context = || format!("could not use the metadata at {url}");
    let places = if url.path().contains("/.well-known/") {
        vec![url.clone()]
    } else {
        let with = |path: String| {
            let mut place = url.clone();
            place.set_path(&path);
            place
        };
        let path = url.path().trim_end_matches('/');
        vec![with(format!("{path}{OPENID}")), with(format!("{OAUTH}{path}"))]
    };
    let mut response = http.get(places[0].as_str())?;
    if response.status() == 404
        && let Some(other) = places.get(1)
    {
        response = http.get(other.as_str())?;
    }
    if !response.status().is_success() {
        return Err(Error::new(Kind::Refused, context())
            .because(format!("it answered {}", response.status().as_u16()))
            .advise(OAuth::CheckMetadataUrl));
    }
    let document = answer::object(&response, url.as_str())?;
    read(document.into(), url).map_err(|error| error.in_context(context()))
}

fn read(document: serde_json::Value, url: &Url) -> Result<Endpoints> {
    let wrong = |what: &str| Error::new(Kind::Protocol, what);
    let metadata: Metadata = serde_json::from_value(document)
        .map_err(|error| wrong("it lacks a required field").because(error))?;
    let issuer = Url::parse(&metadata.issuer).map_err(|_| wrong("its issuer is no URL"))?;
    if !may_describe(url, &issuer) {
        let advice = OAuth::NameIssuer { issuer: metadata.issuer };
        return Err(wrong("it describes another issuer").advise(advice));
    }
    let read = |text: Option<String>| text.map(|text| endpoint(&text)).transpose();
    let unsafe_endpoint = |error: Error| wrong("an endpoint in it is not safe").because(error);
    let methods = metadata.token_endpoint_auth_methods_supported.unwrap_or_default();
    let has = |name: &str| methods.iter().any(|method| method == name);
    Ok(Endpoints {
        authorization: read(metadata.authorization_endpoint).map_err(unsafe_endpoint)?,
        token: read(metadata.token_endpoint)
            .map_err(unsafe_endpoint)?
            .ok_or_else(|| wrong("it names no token endpoint"))?,
        device: read(metadata.device_authorization_endpoint).map_err(unsafe_endpoint)?,
        revocation: read(metadata.revocation_endpoint).map_err(unsafe_endpoint)?,
        // The default is the header (RFC 8414 section 2).
        secret_in_body: has("client_secret_post") && !has("client_secret_basic"),
        issuer: Some(metadata.issuer),
    })
}

/// Whether a document at that address may describe that issuer (RFC 8414 section 3.3): the address without
/// `.well-known` must be the issuer.
fn may_describe(url: &Url, issuer: &Url) -> bool {
    if url.origin() != issuer.origin() {
        return false;
    }
    let path = url.path();
    let named = match (path.strip_suffix(OPENID), path.strip_prefix(OAUTH)) {
        (Some(before), _) => before,
        (None, Some(behind)) => behind,
        (None, None) => path,
    };
    let (named, own) = (named.trim_end_matches('/'), issuer.path().trim_end_matches('/'));
    named == own || is_microsofts_tenant(issuer, named, own)
}

/// Microsoft's metadata of `common`, or of a tenant named by its domain, names the tenant by its
/// number (or `{tenantid}`): the first part of the path may differ.
fn is_microsofts_tenant(issuer: &Url, named: &str, own: &str) -> bool {
    let behind_the_first =
        |path: &str| path.trim_start_matches('/').split_once('/').map(|(_, rest)| rest.to_owned());
    issuer.host_str() == Some("login.microsoftonline.com") && behind_the_first(named) == behind_the_first(own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;

    fn url(text: &str) -> Url {
        Url::parse(text).expect(text)
    }

    #[test]
    fn the_endpoints_are_read_and_the_rest_is_ignored() {
        let text = br#"{"issuer":"https://i/t","token_endpoint":"https://i/token","jwks_uri":1,
            "authorization_endpoint":"https://i/auth","device_authorization_endpoint":"https://i/device",
            "token_endpoint_auth_methods_supported":["client_secret_post"]}"#;
        let endpoints = read(
            serde_json::from_slice(text).expect("JSON"),
            &url("https://i/t/.well-known/openid-configuration"),
        )
        .expect("sound");
        assert_eq!(endpoints.token, url("https://i/token"));
        assert_eq!(endpoints.device, Some(url("https://i/device")));
        assert_eq!((endpoints.revocation, endpoints.secret_in_body), (None, true));
        assert_eq!(endpoints.issuer.as_deref(), Some("https://i/t"));
    }

    #[test]
    fn a_document_may_describe_its_own_issuer_only() {
        for (place, issuer, expected) in [
            ("https://i/.well-known/openid-configuration", "https://i", true),
            ("https://i/.well-known/openid-configuration", "https://i/", true),
            ("https://i/t/.well-known/openid-configuration", "https://i/t", true),
            ("https://i/.well-known/oauth-authorization-server/t", "https://i/t", true),
            ("https://i/t", "https://i/t", true),
            ("https://i/t/.well-known/openid-configuration", "https://i/u", false),
            ("https://i/.well-known/openid-configuration", "https://evil", false),
            ("https://i/.well-known/openid-configuration", "http://i", false),
            ("https://i:8443/.well-known/openid-configuration", "https://i", false),
            (
                "https://login.microsoftonline.com/x.org/v2.0/.well-known/openid-configuration",
                "https://login.microsoftonline.com/0000-1/v2.0",
                true,
            ),
            (
                "https://login.microsoftonline.com/x.org/v2.0/.well-known/openid-configuration",
                "https://login.microsoftonline.com/0000-1/v1.0",
                false,
            ),
        ] {
            assert_eq!(may_describe(&url(place), &url(issuer)), expected, "{place} for {issuer}");
        }
    }

    #[test]
    fn invalid_metadata_is_reported() {
        let place = url("https://i/.well-known/openid-configuration");
        for (text, why) in [
            ("{}", "lacks"),
            ("[]", "lacks"),
            (r#"{"issuer":"i","token_endpoint":"https://i/t"}"#, "no URL"),
            (r#"{"issuer":"https://i"}"#, "no token endpoint"),
            (r#"{"issuer":"https://i","token_endpoint":"http://i/t"}"#, "not safe"),
            (
                r#"{"issuer":"https://i","token_endpoint":"https://i/t","revocation_endpoint":"x"}"#,
                "not safe",
            ),
            (r#"{"issuer":"https://other","token_endpoint":"https://i/t"}"#, "another issuer"),
        ] {
            let error = read(serde_json::from_str(text).expect(text), &place).expect_err(text);
            assert_eq!(error.kind(), Kind::Protocol);
            let sentence = format!("{error}: {:?}", error.source());
            assert!(sentence.contains(why), "{text}: {sentence}");
            let other = OAuth::NameIssuer { issuer: "https://other".into() };
            let advice = (why == "another issuer").then(|| other.into());
            assert_eq!(error.advice(), advice.as_ref(), "{text}");
        }
    }
}
