//! The meaning of a provider's refusal and the advice on it: by its error code (RFC 6749 sections 4.1.2.1 and
//! 5.2, RFC 8628 section 3.5), and if that is too general, by the descriptions of the most common providers.
//! Microsoft's begin with a number (`AADSTS50194`), and Google's have not changed for years.

use crate::advice::OAuth;
use crate::error::{Error, Kind};

/// The maximum length of a quoted text of a provider, in characters.
const MAX_QUOTED: usize = 300;

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    /// Requesting a new access token with the refresh token. Only here does a new sign-in help after a
    /// refusal.
    Refresh,
    /// Requesting a code.
    BeginCode,
    /// Waiting until the user has entered the code.
    FinishCode,
    /// Signing in with a browser.
    Browser {
        /// Whether the provider also supports sign-in by a code.
        has_device: bool,
    },
    /// Revoking a sign-in.
    Revoke,
}

impl Doing {
    /// For errors: `could not …`.
    pub(super) fn failed(self) -> &'static str {
        match self {
            Doing::Refresh => "could not refresh the access token",
            Doing::BeginCode => "could not begin the sign-in with a code",
            Doing::FinishCode => "could not finish the sign-in with a code",
            Doing::Browser { .. } => "could not sign in with the browser",
            Doing::Revoke => "could not revoke the sign-in",
        }
    }

    fn is_by_code(self) -> bool {
        matches!(self, Doing::BeginCode | Doing::FinishCode)
    }

    /// Whether the user is signing in, and can do so once more.
    fn is_sign_in(self) -> bool {
        self.is_by_code() || matches!(self, Doing::Browser { .. })
    }
}

/// The error for a refusal. Texts of the provider for which `holds_a_secret` returns true are not quoted.
pub(super) fn refusal(
    doing: Doing,
    code: &str,
    description: Option<&str>,
    holds_a_secret: &dyn Fn(&str) -> bool,
) -> Error {
    let code = if holds_a_secret(code) { "an error of its own".into() } else { printable(code) };
    let description = description.filter(|text| !holds_a_secret(text)).map(printable).unwrap_or_default();
    let (kind, words, advice) = by_description(doing, &description).unwrap_or_else(|| by_code(doing, &code));
    let said = match description.as_str() {
        "" => format!("{words} ({code})"),
        text => format!("{words} ({code}: {text})"),
    };
    let error = Error::new(kind, doing.failed()).because(said);
    match advice {
        Some(advice) => error.advise(advice),
        None => error,
    }
}

type Meaning = (Kind, &'static str, Option<OAuth>);

/// The meaning of a known description.
fn by_description(doing: Doing, description: &str) -> Option<Meaning> {
    if let Some(number) = microsofts_number(description) {
        return by_number(doing, number);
    }
    let text = description.to_ascii_lowercase();
    if doing == Doing::Refresh && text.starts_with("token has been expired or revoked") {
        return Some((Kind::SignIn, NO_LONGER, Some(OAuth::PublishClient)));
    }
    if text.contains("client secret") || text.contains("client_secret") {
        let is_missing = ["missing", "required", "must contain"].iter().any(|word| text.contains(word));
        return Some(match is_missing {
            true => (Kind::Config, NEEDS_SECRET, Some(OAuth::AddClientSecret)),
            false => (Kind::Config, WRONG_SECRET, Some(OAuth::CheckClientSecret)),
        });
    }
    None
}

/// The number at the beginning of Microsoft's descriptions.
fn microsofts_number(description: &str) -> Option<u32> {
    let digits = description.split_once("AADSTS")?.1;
    let end = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

/// The meaning of Microsoft's numbers for errors that the user can fix.
fn by_number(doing: Doing, number: u32) -> Option<Meaning> {
    Some(match number {
        50194 | 50059 | 9001023 => (
            Kind::Config,
            "the client is registered for one tenant, but the URL names none",
            Some(OAuth::NameTenant),
        ),
        90002 => (Kind::Config, "the provider does not know the tenant", Some(OAuth::NameTenant)),
        700016 => (
            Kind::Config,
            "the provider does not know this client in that tenant",
            Some(OAuth::CheckClientAndTenant),
        ),
        7000215 | 7000222 => (Kind::Config, WRONG_SECRET, Some(OAuth::CheckClientSecret)),
        7000218 => (Kind::Config, NEEDS_SECRET, Some(OAuth::AddClientSecret)),
        65001 | 65004 | 90094 | 90095 => (Kind::SignIn, NO_CONSENT, Some(OAuth::Consent)),
        // Conditional access and security defaults; these usually forbid the device flow, but not the
        // browser.
        53000..=53011 | 530_000..=530_099 if doing.is_by_code() => {
            (Kind::SignIn, "the tenant's policy does not allow this sign-in", Some(OAuth::TryBrowser))
        }
        _ => return None,
    })
}

const NO_LONGER: &str = "the provider no longer accepts the sign-in of this account";
const NO_CONSENT: &str = "nobody has consented to what this client asks for";
const NEEDS_SECRET: &str = "the provider requires the client's secret";
const WRONG_SECRET: &str = "the provider does not accept the client's secret";

fn by_code(doing: Doing, code: &str) -> Meaning {
    match code {
        "invalid_grant" if doing.is_sign_in() => {
            (Kind::SignIn, "the provider does not accept the code", Some(OAuth::RequestNewCode))
        }
        "invalid_grant" => (Kind::SignIn, NO_LONGER, None),
        "access_denied" => {
            (Kind::SignIn, "access was denied", doing.is_sign_in().then_some(OAuth::AllowAccess))
        }
        "consent_required" => (Kind::SignIn, NO_CONSENT, Some(OAuth::Consent)),
        "expired_token" if doing.is_by_code() => {
            (Kind::SignIn, "the code expired before it was entered", Some(OAuth::RequestNewCode))
        }
        "unauthorized_client" if doing.is_by_code() => {
            (Kind::Config, "the provider does not allow this to the client", Some(OAuth::TryBrowser))
        }
        "invalid_client" | "unauthorized_client" => {
            (Kind::Config, "the provider does not accept this client", Some(OAuth::CheckClient))
        }
        "invalid_scope" => (Kind::Config, "the provider does not know the scope", Some(OAuth::CheckScope)),
        "invalid_request"
        | "unsupported_grant_type"
        | "unsupported_response_type"
        | "unsupported_token_type" => (
            Kind::Config,
            "the provider does not support this",
            Some(match doing {
                Doing::BeginCode | Doing::FinishCode => OAuth::TryBrowser,
                Doing::Browser { has_device: true } => OAuth::TryDevice,
                Doing::Browser { has_device: false } | Doing::Refresh | Doing::Revoke => OAuth::CheckKeys,
            }),
        ),
        "temporarily_unavailable" | "server_error" | "slow_down" => {
            (Kind::ServerTemporary, "the provider has a temporary problem", None)
        }
        // A refused refresh is advised upon by the keeper.
        _ => (Kind::SignIn, "the provider refused", doing.is_sign_in().then_some(OAuth::CheckKeys)),
    }
}

/// A provider's text in one line of bounded length.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_QUOTED)
        .collect::<String>()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::Advice;
    use std::error::Error as _;

    fn refused(doing: Doing, code: &str, description: &str) -> (Kind, String, Option<Advice>) {
        let error = refusal(doing, code, Some(description), &|_| false);
        let cause = error.source().expect("a cause").to_string();
        (error.kind(), cause, error.advice().cloned())
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
            let (told, cause, _) = refused(Doing::Refresh, code, "because\x1b[2J\nof y");
            assert_eq!(told, kind, "{code}");
            assert!(cause.ends_with(&format!("({code}: because [2J of y)")), "{cause}");
        }
        let (_, long, _) = refused(Doing::Refresh, &"y".repeat(5000), "");
        assert!(long.len() < 400);
    }

    #[test]
    fn each_advice_fits_its_case_and_no_other() {
        use Doing::{BeginCode, FinishCode, Refresh, Revoke};
        use OAuth::*;
        let (browser, browser_only) =
            (Doing::Browser { has_device: true }, Doing::Browser { has_device: false });
        for (doing, code, description, kind, advice) in [
            (
                Refresh,
                "invalid_request",
                "AADSTS50194: Application 'x'(y) is not configured as a multi-tenant application. Usage of the /common endpoint is not supported",
                Kind::Config,
                NameTenant,
            ),
            (
                BeginCode,
                "invalid_request",
                "AADSTS9001023: not supported over /common",
                Kind::Config,
                NameTenant,
            ),
            (FinishCode, "invalid_request", "AADSTS90002: Tenant 'x' not found.", Kind::Config, NameTenant),
            (Refresh, "invalid_grant", "Token has been expired or revoked.", Kind::SignIn, PublishClient),
            (
                Refresh,
                "invalid_grant",
                "AADSTS65001: The user or administrator has not consented",
                Kind::SignIn,
                Consent,
            ),
            (browser, "consent_required", "", Kind::SignIn, Consent),
            (
                Refresh,
                "invalid_client",
                "AADSTS7000215: Invalid client secret provided.",
                Kind::Config,
                CheckClientSecret,
            ),
            (
                Refresh,
                "invalid_client",
                "AADSTS7000222: The provided client secret keys are expired.",
                Kind::Config,
                CheckClientSecret,
            ),
            (
                Refresh,
                "invalid_client",
                "The provided client secret is invalid.",
                Kind::Config,
                CheckClientSecret,
            ),
            (FinishCode, "invalid_request", "client_secret is missing.", Kind::Config, AddClientSecret),
            (
                FinishCode,
                "invalid_client",
                "AADSTS7000218: The request body must contain client_secret",
                Kind::Config,
                AddClientSecret,
            ),
            (
                FinishCode,
                "invalid_grant",
                "AADSTS53003: Access has been blocked by Conditional Access",
                Kind::SignIn,
                TryBrowser,
            ),
            (BeginCode, "unauthorized_client", "", Kind::Config, TryBrowser),
            (BeginCode, "invalid_request", "", Kind::Config, TryBrowser),
            (
                Refresh,
                "unauthorized_client",
                "AADSTS700016: Application with identifier 'x' was not found",
                Kind::Config,
                CheckClientAndTenant,
            ),
            (Refresh, "invalid_client", "", Kind::Config, CheckClient),
            (browser, "unauthorized_client", "", Kind::Config, CheckClient),
            (browser, "invalid_scope", "", Kind::Config, CheckScope),
            (browser, "invalid_grant", "", Kind::SignIn, RequestNewCode),
            (FinishCode, "expired_token", "", Kind::SignIn, RequestNewCode),
            (FinishCode, "access_denied", "", Kind::SignIn, AllowAccess),
            (browser, "invalid_request", "", Kind::Config, TryDevice),
            (browser_only, "invalid_request", "", Kind::Config, CheckKeys),
            (Refresh, "invalid_request", "", Kind::Config, CheckKeys),
            (Revoke, "unsupported_token_type", "", Kind::Config, CheckKeys),
        ] {
            let (told, cause, given) = refused(doing, code, description);
            assert_eq!((told, given), (kind, Some(advice.into())), "{code} {description}: {cause}");
        }
        // Second factor, changed password, blocked sign-in: the provider's text, and a new sign-in.
        for text in
            ["AADSTS50076: multi-factor authentication", "AADSTS50173: expired", "AADSTS53003: blocked"]
        {
            assert_eq!(refused(Refresh, "invalid_grant", text).2, None, "{text}");
        }
        // Nobody is signing in, so there is nothing to enter or to allow.
        for code in ["invalid_grant", "access_denied", "expired_token"] {
            for doing in [Refresh, Revoke] {
                let (kind, cause, advice) = refused(doing, code, "");
                assert_eq!((kind, advice), (Kind::SignIn, None), "{code}");
                assert!(!cause.contains("the code"), "{cause}");
            }
        }
    }

    #[test]
    fn texts_with_a_secret_are_neither_shown_nor_interpreted() {
        let error = refusal(Doing::Refresh, "x-hunter2", Some("hunter2: AADSTS50194"), &|text| {
            text.contains("hunter2")
        });
        let shown = format!("{error:?}");
        assert!(!shown.contains("hunter2") && shown.contains("an error of its own"), "{shown}");
    }
}
