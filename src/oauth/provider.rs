//! The providers of tokens: three by name, any by its metadata, any by its endpoints.
//! Facts only; nothing is fetched here (`metadata.rs` does).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use oauth2::url::{Host, Url};

use crate::advice::OAuth;
use crate::error::{Error, Kind, Result};
use crate::quote;

/// A provider of tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provider {
    /// Google: Gmail and Workspace.
    Google,
    /// Microsoft: outlook.com and Microsoft 365, whatever the tenant.
    Microsoft,
    /// Yahoo, AOL.
    Yahoo,
    /// The one whose metadata is at that address (RFC 8414, or OpenID Connect Discovery), or whose issuer
    /// it is.
    Metadata(Url),
    /// One of which only the endpoints are known.
    Own,
}

impl fmt::Display for Provider {
    /// Its name in the configuration, by which a stored sign-in is matched to its provider.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Provider::Google => f.write_str("google"),
            Provider::Microsoft => f.write_str("microsoft"),
            Provider::Yahoo => f.write_str("yahoo"),
            Provider::Metadata(url) => f.write_str(url.as_str()),
            Provider::Own => f.write_str("own"),
        }
    }
}

impl FromStr for Provider {
    type Err = Error;

    /// Reads `google`, `microsoft`, `yahoo` or an https URL; anything else is [`Kind::Usage`].
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "google" => Ok(Provider::Google),
            "microsoft" => Ok(Provider::Microsoft),
            "yahoo" => Ok(Provider::Yahoo),
            url if url.contains("://") => endpoint(url).map(Provider::Metadata),
            _ => {
                let what = format!("could not find a provider named `{}`", quote::short(text));
                Err(Error::new(Kind::Usage, what).advise(OAuth::NameKnownProvider))
            }
        }
    }
}

/// The provider's addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Where a browser is sent (RFC 6749 section 3.1).
    pub authorization: Option<Url>,
    /// Where tokens are issued (RFC 6749 section 3.2).
    pub token: Url,
    /// Where a device asks for a code (RFC 8628 section 3.1).
    pub device: Option<Url>,
    /// Where tokens are revoked (RFC 7009).
    pub revocation: Option<Url>,
    /// Whether the client's secret goes into the body, and not into the `Authorization` field
    /// (RFC 6749 section 2.3.1).
    pub secret_in_body: bool,
    /// The issuer, if it is known: the `iss` of an answer is compared with it (RFC 9207).
    pub issuer: Option<String>,
}

/// The endpoints that the user named, over those that are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is that of `Endpoints`")]
pub struct Named {
    pub authorization: Option<Url>,
    pub token: Option<Url>,
    pub device: Option<Url>,
    pub revocation: Option<Url>,
}

impl Provider {
    /// The endpoints of a provider that is known by name.
    pub(super) fn endpoints(&self) -> Option<Endpoints> {
        let url = |text: &str| Url::parse(text).ok();
        match self {
            Provider::Google => Some(Endpoints {
                authorization: url("https://accounts.google.com/o/oauth2/v2/auth"),
                token: url("https://oauth2.googleapis.com/token")?,
                // Google has one, but not for mail: its scope is refused there.
                device: None,
                revocation: url("https://oauth2.googleapis.com/revoke"),
                secret_in_body: true,
                issuer: None,
            }),
            Provider::Microsoft => Some(Endpoints {
                authorization: url("https://login.microsoftonline.com/common/oauth2/v2.0/authorize"),
                token: url("https://login.microsoftonline.com/common/oauth2/v2.0/token")?,
                device: url("https://login.microsoftonline.com/common/oauth2/v2.0/devicecode"),
                revocation: None,
                secret_in_body: true,
                issuer: None,
            }),
            Provider::Yahoo => Some(Endpoints {
                authorization: url("https://api.login.yahoo.com/oauth2/request_auth"),
                token: url("https://api.login.yahoo.com/oauth2/get_token")?,
                device: None,
                revocation: url("https://api.login.yahoo.com/oauth2/revoke"),
                secret_in_body: false,
                issuer: None,
            }),
            Provider::Metadata(_) | Provider::Own => None,
        }
    }

    /// The provider that is known by name, if this is one: also by the host of its metadata, as
    /// Microsoft's is with one tenant.
    fn known(&self) -> &Provider {
        match self {
            Provider::Metadata(url) => match url.host_str() {
                Some("accounts.google.com") => &Provider::Google,
                Some("login.microsoftonline.com") => &Provider::Microsoft,
                Some("api.login.yahoo.com" | "api.login.aol.com") => &Provider::Yahoo,
                _ => self,
            },
            other => other,
        }
    }

    /// The default scope: reading mail by POP3, with a refresh token.
    pub(super) fn scope(&self) -> Option<&'static str> {
        match self.known() {
            Provider::Google => Some("https://mail.google.com/"),
            Provider::Microsoft => Some("https://outlook.office.com/POP.AccessAsUser.All offline_access"),
            Provider::Yahoo => Some("mail-r"),
            Provider::Metadata(_) | Provider::Own => None,
        }
    }

    /// Further parameters for the authorization endpoint, so that it issues a refresh token.
    pub(super) fn extra(&self, scope: &str) -> &'static [(&'static str, &'static str)] {
        match self.known() {
            Provider::Google => &[("access_type", "offline"), ("prompt", "consent")],
            // Microsoft asks for consent by itself; with a prompt it would also ask users who may not consent.
            Provider::Microsoft | Provider::Yahoo => &[],
            // OpenID Connect Core section 11: without the prompt, offline_access is ignored.
            _ if scope.split(' ').any(|word| word == "offline_access") => &[("prompt", "consent")],
            _ => &[],
        }
    }

    /// The name of the loopback interface in the redirect (RFC 8252 section 7.3), where the provider
    /// takes one with any port.
    pub(super) fn loopback(&self) -> Option<&'static str> {
        match self.known() {
            // Its portal allows only this one to be registered.
            Provider::Microsoft => Some("localhost"),
            // Yahoo accepts https redirects only, so the user has to copy the address.
            Provider::Yahoo => None,
            _ => Some("127.0.0.1"),
        }
    }
}

/// The most octets of an endpoint's address. Real ones have less than 200.
const LONGEST_URL: usize = 2048;

/// An endpoint's address: https, or anything on this very machine.
///
/// # Errors
/// [`Kind::Usage`] when it is no such address.
pub fn endpoint(text: &str) -> Result<Url> {
    let wrong = |why: &'static str| {
        Error::new(Kind::Usage, "could not use the provider's URL").because(why).advise(OAuth::WriteHttpsUrl)
    };
    if text.len() > LONGEST_URL {
        return Err(wrong("it is too long: the most are 2048 octets"));
    }
    let url = Url::parse(text).map_err(|_| wrong("it is no URL"))?;
    let is_safe = url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url);
    if !is_safe {
        return Err(wrong("it is not https, but secrets would be sent there"));
    }
    if url.host().is_none() || !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it has no host, or a user name in it"));
    }
    Ok(url)
}

/// Whether an address is one of this machine (RFC 8252 section 8.3).
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_provider_has_its_endpoints_and_a_scope_for_mail() {
        for (name, provider) in
            [("google", Provider::Google), ("microsoft", Provider::Microsoft), ("yahoo", Provider::Yahoo)]
        {
            assert_eq!(name.parse::<Provider>().unwrap(), provider);
            assert_eq!(provider.to_string(), name);
            let endpoints = provider.endpoints().expect(name);
            let all =
                [endpoints.authorization, Some(endpoints.token), endpoints.device, endpoints.revocation];
            assert!(all.iter().flatten().all(|url| url.scheme() == "https"), "{name}");
            assert!(all[0].is_some() && provider.scope().is_some(), "{name}");
        }
    }

    #[test]
    fn others_are_named_by_an_https_url() {
        let url = "https://login.example.com/.well-known/openid-configuration";
        assert_eq!(url.parse::<Provider>().unwrap().to_string(), url);
        for text in ["gogle", "", "http://login.example.com", "ftp://x", "https://u:p@x/", "https://"] {
            let error = text.parse::<Provider>().expect_err(text);
            assert_eq!(error.kind(), Kind::Usage, "{text}");
            let advice = if text.contains("://") { OAuth::WriteHttpsUrl } else { OAuth::NameKnownProvider };
            assert_eq!(error.advice(), Some(&advice.into()), "{text}");
        }
        for text in ["http://127.0.0.1:8080/x", "http://[::1]/", "http://localhost/", "https://x"] {
            assert!(endpoint(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_known_provider_is_known_by_the_host_of_its_metadata_too() {
        let tenant = "https://login.microsoftonline.com/my-tenant.example/v2.0";
        for (url, name) in [
            (tenant, Provider::Microsoft),
            ("https://accounts.google.com", Provider::Google),
            ("https://api.login.yahoo.com/.well-known/openid-configuration", Provider::Yahoo),
            ("https://api.login.aol.com", Provider::Yahoo),
        ] {
            let provider: Provider = url.parse().unwrap();
            assert!(name.scope().is_some() && provider.scope() == name.scope(), "{url}");
            assert_eq!(provider.loopback(), name.loopback(), "{url}");
            assert_eq!(provider.extra("offline_access"), name.extra("offline_access"), "{url}");
            assert!(matches!(provider, Provider::Metadata(_)) && provider.endpoints().is_none(), "{url}");
        }
        for stranger in ["https://login.example.com", "https://login.microsoftonline.com.example/v2.0"] {
            assert_eq!(stranger.parse::<Provider>().unwrap().scope(), None, "{stranger}");
        }
    }

    #[test]
    fn a_refresh_token_is_requested_as_each_provider_requires() {
        assert!(Provider::Google.extra("x").contains(&("access_type", "offline")));
        assert_eq!(Provider::Microsoft.extra("a offline_access"), []);
        assert_eq!(Provider::Own.extra("openid offline_access"), [("prompt", "consent")]);
        assert_eq!(Provider::Own.extra("mail"), []);
    }
}
