//! The meaning of a provider's refusal and a hint for it: by its error code (RFC 6749 sections 4.1.2.1 and
//! 5.2, RFC 8628 section 3.5), and if that is too general, by the descriptions of the most common providers.
//! Microsoft's begin with a number (`AADSTS50194`), and Google's have not changed for years.

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
    Browser,
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
            Doing::Browser => "could not sign in with the browser",
            Doing::Revoke => "could not revoke the sign-in",
        }
    }

    fn is_by_code(self) -> bool {
        matches!(self, Doing::BeginCode | Doing::FinishCode)
    }
}

const TENANT: &str = "name your tenant, by its domain or its id, instead of `common`: \
                      oauth = \"https://login.microsoftonline.com/TENANT/v2.0\", then sign in again with \
                      `pop3 auth login`";
const CONSENT: &str = "allow the access in the browser; if the tenant does not let users do that, its \
                       administrator has to consent to the client first";
const WRONG_SECRET: &str = "check oauth-client-secret (its value, not its id): it may be of another client \
                            (oauth-client-id), or may have expired, so that the provider must issue a new one";
const NO_SECRET: &str = "add oauth-client-secret, or at Microsoft allow public client flows for the client";
const BY_BROWSER: &str = "the provider may not allow sign-in by a code for this client or this tenant: sign in \
                          with --browser, or check oauth-client-id and the other oauth- keys";
const TESTING: &str = "if that happens every seven days, the Google client is in publishing status \"Testing\": \
                       set it to \"In production\" first";

/// The error for a refusal. Texts of the provider for which `holds_a_secret` returns true are not quoted.
pub(super) fn refusal(
    doing: Doing,
    code: &str,
    description: Option<&str>,
    holds_a_secret: &dyn Fn(&str) -> bool,
) -> Error {
    let code = if holds_a_secret(code) { "an error of its own".into() } else { printable(code) };
    let description = description.filter(|text| !holds_a_secret(text)).map(printable).unwrap_or_default();
    let (kind, words, hint) = by_description(doing, &description).unwrap_or_else(|| by_code(doing, &code));
    let said = match description.as_str() {
        "" => format!("{words} ({code})"),
        text => format!("{words} ({code}: {text})"),
    };
    let error = Error::new(kind, doing.failed()).because(said);
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

type Meaning = (Kind, &'static str, Option<&'static str>);

/// The meaning of a known description.
fn by_description(doing: Doing, description: &str) -> Option<Meaning> {
    if let Some(number) = microsofts_number(description) {
        return by_number(doing, number);
    }
    let text = description.to_ascii_lowercase();
    if doing == Doing::Refresh && text.starts_with("token has been expired or revoked") {
        return Some((Kind::SignIn, NO_LONGER, Some(TESTING)));
    }
    if text.contains("client secret") || text.contains("client_secret") {
        let is_missing = ["missing", "required", "must contain"].iter().any(|word| text.contains(word));
        return Some(match is_missing {
            true => (Kind::Config, "the provider requires the client's secret", Some(NO_SECRET)),
            false => (Kind::Config, "the provider does not accept the client's secret", Some(WRONG_SECRET)),
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
        50194 | 50059 | 9001023 => {
            (Kind::Config, "the client is registered for one tenant, but the URL names none", Some(TENANT))
        }
        90002 => (Kind::Config, "the provider does not know the tenant", Some(TENANT)),
        700016 => (
            Kind::Config,
            "the provider does not know this client in that tenant",
            Some("check oauth-client-id, and whether oauth names the tenant where the client is registered"),
        ),
        7000215 | 7000222 => {
            (Kind::Config, "the provider does not accept the client's secret", Some(WRONG_SECRET))
        }
        7000218 => (Kind::Config, "the provider requires the client's secret", Some(NO_SECRET)),
        65001 | 65004 | 90094 | 90095 => {
            (Kind::SignIn, "nobody has consented to what this client asks for", Some(CONSENT))
        }
        // Conditional access and security defaults; these usually forbid the device flow, but not the
        // browser.
        53000..=53011 | 530_000..=530_099 if doing.is_by_code() => {
            (Kind::SignIn, "the tenant's policy does not allow this sign-in", Some(BY_BROWSER))
        }
        _ => return None,
    })
}

const NO_LONGER: &str = "the provider no longer accepts the sign-in of this account";

fn by_code(doing: Doing, code: &str) -> Meaning {
    match code {
        "invalid_grant" if doing == Doing::Refresh => (Kind::SignIn, NO_LONGER, None),
        "invalid_grant" => {
            (Kind::SignIn, "the provider does not accept the code", Some("run it again, for a new one"))
        }
        "access_denied" => {
            (Kind::SignIn, "access was denied", Some("run it again, and allow it in the browser"))
        }
        "consent_required" => {
            (Kind::SignIn, "nobody has consented to what this client asks for", Some(CONSENT))
        }
        "expired_token" => {
            (Kind::SignIn, "the code expired before it was entered", Some("run it again, for a new code"))
        }
        "unauthorized_client" if doing.is_by_code() => {
            (Kind::Config, "the provider does not allow this to the client", Some(BY_BROWSER))
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
            Some(match doing {
                Doing::BeginCode | Doing::FinishCode => BY_BROWSER,
                Doing::Browser => {
                    "try the other way to sign in, --device, or check the oauth- keys of the account"
                }
                Doing::Refresh | Doing::Revoke => "check the oauth- keys of the account",
            }),
        ),
        "temporarily_unavailable" | "server_error" | "slow_down" => {
            (Kind::ServerTemporary, "the provider has a temporary problem", None)
        }
        _ => (Kind::SignIn, "the provider refused", None),
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
    use std::error::Error as _;

    fn refused(doing: Doing, code: &str, description: &str) -> (Kind, String, String) {
        let error = refusal(doing, code, Some(description), &|_| false);
        let cause = error.source().expect("a cause").to_string();
        (error.kind(), cause, error.own_hint().unwrap_or_default().to_owned())
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
    fn each_hint_fits_its_case_and_no_other() {
        use Doing::{BeginCode, Browser, FinishCode, Refresh};
        for (doing, code, description, kind, hint) in [
            (
                Refresh,
                "invalid_request",
                "AADSTS50194: Application 'x'(y) is not configured as a multi-tenant application. Usage of the /common endpoint is not supported",
                Kind::Config,
                TENANT,
            ),
            (BeginCode, "invalid_request", "AADSTS9001023: not supported over /common", Kind::Config, TENANT),
            (FinishCode, "invalid_request", "AADSTS90002: Tenant 'x' not found.", Kind::Config, TENANT),
            (Refresh, "invalid_grant", "Token has been expired or revoked.", Kind::SignIn, TESTING),
            (
                Refresh,
                "invalid_grant",
                "AADSTS65001: The user or administrator has not consented",
                Kind::SignIn,
                CONSENT,
            ),
            (Browser, "consent_required", "", Kind::SignIn, CONSENT),
            (
                Refresh,
                "invalid_client",
                "AADSTS7000215: Invalid client secret provided.",
                Kind::Config,
                WRONG_SECRET,
            ),
            (
                Refresh,
                "invalid_client",
                "AADSTS7000222: The provided client secret keys are expired.",
                Kind::Config,
                WRONG_SECRET,
            ),
            (Refresh, "invalid_client", "The provided client secret is invalid.", Kind::Config, WRONG_SECRET),
            (FinishCode, "invalid_request", "client_secret is missing.", Kind::Config, NO_SECRET),
            (
                FinishCode,
                "invalid_client",
                "AADSTS7000218: The request body must contain client_secret",
                Kind::Config,
                NO_SECRET,
            ),
            (
                FinishCode,
                "invalid_grant",
                "AADSTS53003: Access has been blocked by Conditional Access",
                Kind::SignIn,
                BY_BROWSER,
            ),
            (BeginCode, "unauthorized_client", "", Kind::Config, BY_BROWSER),
            (BeginCode, "invalid_request", "", Kind::Config, BY_BROWSER),
        ] {
            let (told, cause, advice) = refused(doing, code, description);
            assert_eq!((told, advice.as_str()), (kind, hint), "{code} {description}: {cause}");
        }
        // Second factor, changed password, blocked sign-in: the provider's text, and a new sign-in.
        for text in
            ["AADSTS50076: multi-factor authentication", "AADSTS50173: expired", "AADSTS53003: blocked"]
        {
            assert_eq!(refused(Refresh, "invalid_grant", text).2, "", "{text}");
        }
        for doing in [Refresh, Doing::Revoke] {
            let (_, _, hint) = refused(doing, "invalid_request", "");
            assert!(
                !hint.contains("--browser") && !hint.contains("--device"),
                "no sign-in is going on: {hint}"
            );
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
