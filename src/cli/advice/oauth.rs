//! The sentences for advice on the provider of OAuth tokens.

use pop3::advice::OAuth;

use super::sign_in::run_login;

/// What to do, as the command line says it.
pub(super) fn sentence(advice: &OAuth) -> String {
    let text = match advice {
        OAuth::AddClientId => {
            "register this program with the provider, then add the oauth-client-id it gives you"
        }
        OAuth::NameKnownProvider => {
            "the known ones are google, microsoft and yahoo; any other is named by the https URL of its metadata"
        }
        OAuth::WriteHttpsUrl => "write it as https://HOST/PATH",
        OAuth::CheckMetadataUrl => {
            "check the URL of `oauth`, or name the endpoints one by one, beginning with oauth-token-url"
        }
        OAuth::NameIssuer { issuer } => {
            return format!("if that is the provider, name it as oauth = \"{}\"", issuer.escape_debug());
        }
        OAuth::CheckUrls => {
            "check the provider's URLs, and whether a captive portal or a proxy answers instead"
        }
        OAuth::AddTokenUrl => "add oauth-token-url = \"https://…\", or name the provider with oauth",
        OAuth::SignInByDevice => "sign in with --device, or add oauth-authorization-url",
        OAuth::SignInByBrowser => "sign in with --browser",
        OAuth::AddAuthorizationUrl => {
            "add oauth-authorization-url, or oauth-device-url to sign in with --device"
        }
        OAuth::AddDeviceUrl => "add oauth-device-url, or oauth-authorization-url to sign in with --browser",
        OAuth::CheckRedirectUrl => "check oauth-redirect-url",
        OAuth::AddRedirectUrl => {
            "add oauth-redirect-url with the https address that you registered; https://localhost is enough"
        }
        OAuth::BrowserTooLate { has_device: true } => {
            "run it again; --timeout gives more time, --device needs no browser on this machine"
        }
        OAuth::BrowserTooLate { has_device: false } => "run it again; --timeout gives more time",

        OAuth::NameTenant => {
            "name your tenant, by its domain or its id, instead of `common`: \
             oauth = \"https://login.microsoftonline.com/TENANT/v2.0\", then sign in again with \
             `pop3 auth login`"
        }
        OAuth::Consent => {
            "allow the access in the browser; if the tenant does not let users do that, its administrator has \
             to consent to the client first"
        }
        OAuth::AllowAccess => "run it again, and allow it in the browser",
        OAuth::CheckClientSecret => {
            "check oauth-client-secret (its value, not its id): it may be of another client (oauth-client-id), \
             or may have expired, so that the provider must issue a new one"
        }
        OAuth::AddClientSecret => {
            "add oauth-client-secret, or at Microsoft allow public client flows for the client"
        }
        OAuth::CheckClientAndTenant => {
            "check oauth-client-id, and whether oauth names the tenant where the client is registered"
        }
        OAuth::CheckClient => {
            "check oauth-client-id and oauth-client-secret, and what the client is registered for"
        }
        OAuth::CheckScope => "check oauth-scope",
        OAuth::CheckKeys => "check the oauth- keys of the account",
        OAuth::TryBrowser => {
            "the provider may not allow sign-in by a code for this client or this tenant: sign in with \
             --browser, or check oauth-client-id and the other oauth- keys"
        }
        OAuth::TryDevice => "try the other way to sign in, --device, or check the oauth- keys of the account",
        OAuth::RequestNewCode => "run it again, for a new code",
        OAuth::PublishClient => {
            "if that happens every seven days, the Google client is in publishing status \"Testing\": set it \
             to \"In production\" first"
        }
        OAuth::RequestOfflineAccess => "perhaps oauth-scope lacks offline_access",
        OAuth::SignInAgain { account, also } => {
            return format!("{}; {}", run_login(account.as_deref()), sentence(also));
        }
        OAuth::TryAgainLater => "try again later",
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::names_only_real_options;
    use super::*;

    fn samples() -> Vec<OAuth> {
        vec![
            OAuth::AddClientId,
            OAuth::NameKnownProvider,
            OAuth::WriteHttpsUrl,
            OAuth::CheckMetadataUrl,
            OAuth::NameIssuer { issuer: "https://i".to_owned() },
            OAuth::CheckUrls,
            OAuth::AddTokenUrl,
            OAuth::SignInByDevice,
            OAuth::SignInByBrowser,
            OAuth::AddAuthorizationUrl,
            OAuth::AddDeviceUrl,
            OAuth::CheckRedirectUrl,
            OAuth::AddRedirectUrl,
            OAuth::BrowserTooLate { has_device: true },
            OAuth::BrowserTooLate { has_device: false },
            OAuth::NameTenant,
            OAuth::Consent,
            OAuth::AllowAccess,
            OAuth::CheckClientSecret,
            OAuth::AddClientSecret,
            OAuth::CheckClientAndTenant,
            OAuth::CheckClient,
            OAuth::CheckScope,
            OAuth::CheckKeys,
            OAuth::TryBrowser,
            OAuth::TryDevice,
            OAuth::RequestNewCode,
            OAuth::PublishClient,
            OAuth::RequestOfflineAccess,
            OAuth::SignInAgain { account: None, also: Box::new(OAuth::Consent) },
            OAuth::TryAgainLater,
        ]
    }

    #[test]
    fn what_a_sentence_names_exists() {
        samples().iter().for_each(|advice| names_only_real_options(&sentence(advice)));
    }

    #[test]
    fn the_command_comes_before_what_else_to_do() {
        let again =
            |also| sentence(&OAuth::SignInAgain { account: Some("work".to_owned()), also: Box::new(also) });
        assert_eq!(
            again(OAuth::RequestOfflineAccess),
            "run `pop3 auth login -a work`; perhaps oauth-scope lacks offline_access"
        );
        assert!(
            again(OAuth::PublishClient).starts_with("run `pop3 auth login -a work`; if that happens every")
        );
    }

    #[test]
    fn a_way_that_the_provider_lacks_is_not_recommended() {
        for advice in [OAuth::BrowserTooLate { has_device: false }, OAuth::CheckKeys] {
            let told = sentence(&advice);
            assert!(!told.contains("--device") && !told.contains("--browser"), "{told}");
        }
        let neither = sentence(&OAuth::AddAuthorizationUrl);
        assert!(neither.contains("oauth-device-url to sign in with --device"), "{neither}");
    }

    #[test]
    fn an_issuer_is_shown_as_it_is_written() {
        let issuer = "https://i/\"\u{1b}[2J".to_owned();
        let told = sentence(&OAuth::NameIssuer { issuer });
        assert_eq!(told, "if that is the provider, name it as oauth = \"https://i/\\\"\\u{1b}[2J\"");
    }
}
