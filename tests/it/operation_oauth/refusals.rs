//! Refusals of a provider, each told with what helps.

use super::*;

/// What is said when the refresh is refused like this.
fn refused(error: &str, description: &str) -> Outcome {
    let answer = json!({"error": error, "error_description": description}).to_string();
    let stage = Stage::new(move |tokens, before| match before {
        0 => Reply::json(200, &tokens.to_string()),
        _ => Reply::json(400, &answer),
    });
    stage.run(&["auth", "login", "--device"]).exits(0);
    stage.spend();
    let outcome = stage.run(&["stat"]);
    assert_eq!(stage.kept()["refresh_token"], refresh(1), "the sign-in outlives it");
    outcome
}

#[test]
fn a_client_of_one_tenant_is_told_how_to_name_it() {
    let told = refused(
        "invalid_request",
        "AADSTS50194: Application '0-1'(x) is not configured as a multi-tenant application. Usage of the /common \
         endpoint is not supported for such apps created after '10/15/2018'. Use a tenant-specific endpoint or \
         configure the application to be multi-tenant.",
    );
    let told = told.exits(78).says("https://login.microsoftonline.com/TENANT/v2.0");
    assert!(!told.stderr.contains("--browser") && !told.stderr.contains("the other way"), "{}", told.stderr);
}

#[test]
fn a_sign_in_that_is_over_says_what_to_run_and_what_else_helps() {
    for (error, description, code, words) in [
        ("invalid_grant", "Token has been expired or revoked.", 77, "seven days"),
        (
            "invalid_grant",
            "AADSTS700082: The refresh token has expired due to inactivity.",
            77,
            "AADSTS700082",
        ),
        ("interaction_required", "AADSTS50076: you must use multi-factor authentication", 77, "multi-factor"),
        ("invalid_grant", "AADSTS65001: The user has not consented to use the application", 77, "consent"),
        (
            "invalid_client",
            "AADSTS7000222: The provided client secret keys are expired.",
            78,
            "oauth-client-secret",
        ),
        ("invalid_client", "The provided client secret is invalid.", 78, "oauth-client-secret"),
    ] {
        let told = refused(error, description).exits(code).says(words);
        if code == 77 {
            told.says("hint: run `pop3 auth login -a work`");
        }
    }
}

#[test]
fn a_tenant_that_refuses_the_code_is_offered_the_browser() {
    for (error, description) in [
        ("unauthorized_client", "AADSTS70002: not supported for this feature"),
        ("invalid_request", ""),
        ("invalid_grant", "AADSTS53003: Access has been blocked by Conditional Access policies."),
    ] {
        let body = json!({"error": error, "error_description": description}).to_string();
        let web = Web::start(move |_, _, _| Reply::json(400, &body));
        let home = Home::new();
        home.configure(&format!(
            "[account.work]\nserver = \"pop3s://me@127.0.0.1:9\"\noauth-client-id = \"id\"\n\
             oauth-token-url = \"{}\"\noauth-device-url = \"{}\"\n",
            web.url("/token"),
            web.url("/device"),
        ));
        let outcome = Pop3::new(&home).args(["auth", "login", "--device"]).run();
        outcome.says("--browser");
    }
}
