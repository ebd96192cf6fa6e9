//! What an OAuth provider gives, and is given: tokens, codes, the secret of the client.

use crate::support::Maildrop;
use crate::support::corpus;
use crate::support::oidc::{CLIENT_SECRET, shared};
use crate::support::pop3::{Home, Pop3};
use crate::support::search::{SEEN_FROM_OUTSIDE, Seen};
use crate::support::stage::at_once;
use crate::support::web::{Reply, Web};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use oauth2::url::{Url, form_urlencoded};
use serde_json::{Value, json};
use std::fs;

#[test]
fn no_token_is_seen_whether_the_provider_and_the_server_take_it_or_not() {
    let more = format!(
        "oauth-client-secret = \"{CLIENT_SECRET}\"\ntunnel = '''{SEEN_FROM_OUTSIDE}exec socat - TCP:%h:%p'''\n\
         tls-host = \"localhost\""
    );
    let mut account = shared().account("confidential", &more);
    account.maildrop.put(&corpus::simple("one"));
    let mut seen = Seen::default();
    let mut login = account.pop3(&["auth", "login", "--browser", "--json", "-v", "--trace"]).start();
    seen.note("its arguments", fs::read(format!("/proc/{}/cmdline", login.id())).unwrap());
    let asked: Value = serde_json::from_str(&login.line_with("open_url")).unwrap();
    let page = shared().browser().allow(asked["url"].as_str().unwrap(), "", account.maildrop.user());
    // It is in the address that the browser is sent to.
    let code = page.url.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    seen.note("the page", page.text);
    seen.outcome("login", &login.wait().exits(0));
    let mut secrets = vec![code, CLIENT_SECRET.to_owned()];
    let deliver = format!("command:{SEEN_FROM_OUTSIDE}cat >/dev/null");
    for (args, code) in [
        (&["fetch", "--trace", "--auth", "xoauth2", "--to", &deliver][..], 0),
        (&["fetch", "--trace", "--auth", "oauthbearer", "--json"], 0),
        (&["stat", "--trace", "--user", "somebody-else"], 77),
        (&["stat", "--json", "--trace"], 0),
        (&["stat", "--trace=dialogue"], 0),
        (&["check", "--trace"], 0),
        (&["check", "--trace", "--json"], 0),
        (&["check", "--trace", "--user", "somebody-else"], 77),
        (&["auth", "status"], 0),
        (&["auth", "status", "--json"], 0),
        (&["accounts", "--json"], 0),
        (&["config", "check"], 0),
        (&["state", "show"], 0),
        // From here on the provider takes nothing any more.
        (&["stat", "--trace"], 77),
        (&["fetch", "--trace", "--json"], 77),
        (&["check", "--trace", "--json"], 77),
        (&["auth", "logout", "--trace"], 0),
        (&["stat", "--trace"], 77),
    ] {
        if account.token_file().exists() {
            secrets.extend([account.kept("access_token"), account.kept("refresh_token")]);
        }
        if code == 0 && args.contains(&"--trace") && ["fetch", "stat"].contains(&args[0]) {
            account.spoil_access_token();
        }
        if args[..] == ["stat", "--trace"] && account.token_file().exists() {
            account.spoil_access_token();
            account.spoil_sign_in();
        }
        let outcome = account.pop3(args).args(["-v"]).run();
        assert_eq!(outcome.code, code, "{args:?}: {outcome:?}");
        seen.outcome(&format!("{args:?}"), &outcome);
        if account.token_file().exists() {
            secrets.extend([account.kept("access_token"), account.kept("refresh_token")]);
        }
    }
    assert!(!account.token_file().exists(), "what holds them rightly is gone");
    seen.folder(account.home.path(), &[&account.home.join(".config/pop3/config.toml")]);
    for word in ["C: AUTH XOAUTH2", "C: AUTH OAUTHBEARER", "TCP:", "pop3-journal 2"] {
        assert!(seen.has(word), "no {word:?}");
    }
    secrets.sort();
    secrets.dedup();
    assert!(secrets.len() > 8, "tokens were renewed: {secrets:?}");
    secrets.iter().for_each(|secret| seen.hides(secret));
}

const REFRESH: &str = "the/refresh+token~0123456789?";
const ACCESS: &str = "the/access+token~0123456789?";
const CLIENT: &str = "the/client+secret~0123456789?";
const DEVICE: &str = "the/device+code~0123456789?";
const CODE: &str = "the/authorization+code~0123456789?";

/// How a provider tells back what it was told, and which part of it: what quotes one secret is dropped
/// whole, and would take the others with it.
const WAYS: [(&str, &str); 19] = [
    ("500", "all"),
    ("html", "all"),
    ("redirection", "all"),
    ("rubbish", "all"),
    ("description", "refresh_token"),
    ("description", "device_code"),
    ("description", "code"),
    ("description", "code_verifier"),
    ("description", "client"),
    ("error", "refresh_token"),
    ("error", "device_code"),
    ("error", "code"),
    ("error", "code_verifier"),
    ("error", "client"),
    ("scope", "refresh_token"),
    ("scope", "device_code"),
    ("scope", "code"),
    ("scope", "client"),
    ("scope", "new"),
];

/// That part of a request, as it is or in base64.
fn told_back(body: &str, part: &str, encode: fn(&str) -> String) -> String {
    let pairs = form_urlencoded::parse(body.as_bytes());
    let of_body: Vec<_> = pairs.filter(|(name, _)| name == part).map(|(_, value)| encode(&value)).collect();
    match part {
        "all" => format!("{body} {CLIENT}"),
        "client" => encode(CLIENT),
        "new" => format!("{ACCESS} {REFRESH}"),
        _ => of_body.join(" "),
    }
}

fn provider((way, part): (&'static str, &'static str)) -> Web {
    Web::start(move |path, body, _| {
        if path == "/device" {
            return Reply::json(
                200,
                &json!({
                    "device_code": DEVICE, "user_code": "ABCD-EFGH", "expires_in": 600, "interval": 1,
                    "verification_uri": "https://example.com/device",
                })
                .to_string(),
            );
        }
        let text = match way {
            "error" => told_back(body, part, |text| STANDARD.encode(format!("x{text}"))),
            "scope" => told_back(body, part, |text| URL_SAFE_NO_PAD.encode(format!("xx{text}"))),
            _ => told_back(body, part, str::to_owned),
        };
        let error = |error: &str, text: &str| {
            Reply::json(
                400,
                &json!({"error": error, "error_description": text, "error_uri": text}).to_string(),
            )
        };
        match way {
            "500" => Reply::Page(500, "text/html", format!("<h1>{text}</h1>")),
            "html" => Reply::Page(200, "text/html", format!("<h1>{text}</h1>")),
            "redirection" => Reply::Raw(
                format!("HTTP/1.1 302 {text}\r\nLocation: /?{text}\r\nContent-Length: 0\r\n\r\n")
                    .into_bytes(),
            ),
            "description" => error("invalid_grant", &text),
            "error" => error(&text, "so it is"),
            "scope" => Reply::json(
                200,
                &json!({
                    "access_token": ACCESS, "refresh_token": REFRESH, "token_type": "bearer",
                    "expires_in": 3600, "scope": format!("mail {text}"),
                })
                .to_string(),
            ),
            _ => Reply::Raw(text.into_bytes()),
        }
    })
}

/// A home whose account `work` has that provider, and was signed in long ago.
fn home(web: &Web) -> Home {
    let home = Home::new();
    let url = |path: &str| web.url(path);
    home.configure(&format!(
        "[account.work]\nserver = \"pop3://me@127.0.0.1:9\"\ntls = \"none\"\ndeliver = \"maildir:~/in\"\n\
         oauth-client-id = \"id\"\noauth-client-secret = \"{CLIENT}\"\noauth-token-url = \"{}\"\n\
         oauth-device-url = \"{}\"\noauth-authorization-url = \"{}\"\noauth-revocation-url = \"{}\"\n",
        url("/token"),
        url("/device"),
        url("/authorize"),
        url("/revoke"),
    ));
    let kept = json!({
        "version": 1, "provider": "own", "client_id": "id", "token_endpoint": url("/token"),
        "secret_in_body": false, "scope": "", "refresh_token": REFRESH, "access_token": ACCESS, "expires_at": 1000,
    });
    home.write(".local/state/pop3/work.token", &kept.to_string(), 0o600);
    home
}

/// The binary, on its way to that provider.
fn pop3(home: &Home, args: &[&str]) -> Pop3 {
    Pop3::new(home).args(args).args(["-v"])
}

#[test]
fn a_provider_that_repeats_a_secret_is_not_quoted() {
    at_once(WAYS, |(way, part)| {
        let web = provider((way, part));
        let mut seen = Seen::default();
        for args in [
            &["stat", "--trace"][..],
            &["fetch", "--json", "--trace"],
            &["check", "--json", "--trace"],
            &["auth", "login", "--device", "--trace"],
            &["auth", "login", "--device", "--json"],
            &["auth", "login", "--browser", "--json", "--trace"],
            &["auth", "logout", "--trace"],
        ] {
            // In a home of its own: where one run has signed in, the next would have no need to.
            let home = home(&web);
            // One that has trouble of its own is borne for so long.
            let patience = if way == "500" { "2s" } else { "60s" };
            let mut running = pop3(&home, args).env("POP3_TIMEOUT", patience).start();
            if args.contains(&"--browser") {
                let asked: Value = serde_json::from_str(&running.line_with("open_url")).unwrap();
                let url = Url::parse(asked["url"].as_str().unwrap()).unwrap();
                let value =
                    |name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
                let query = form_urlencoded::Serializer::new(String::new())
                    .extend_pairs([("code", CODE), ("state", &value("state"))])
                    .finish();
                let mut answer = ureq::get(format!("{}/?{query}", value("redirect_uri"))).call().unwrap();
                seen.note("the page", answer.body_mut().read_to_string().unwrap());
            }
            let outcome = running.wait();
            let works = way == "scope" && args[1] == "login" || args[1] == "logout";
            assert_eq!(outcome.code == 0, works, "{way} {part} {args:?}: {outcome:?}");
            seen.outcome(&format!("{args:?}"), &outcome);
            if way == "scope" {
                for more in [&["auth", "status"][..], &["auth", "status", "--json"]] {
                    seen.outcome(&format!("{more:?}"), &pop3(&home, more).run().exits(0));
                }
            }
            let rightly =
                [".config/pop3/config.toml", ".local/state/pop3/work.token"].map(|name| home.join(name));
            seen.folder(home.path(), &[&rightly[0], &rightly[1]]);
        }
        let heard = web.heard().join("\n");
        let verifier = heard.split("code_verifier=").nth(1).unwrap();
        let verifier = verifier.split(['&', '\n']).next().unwrap().to_owned();
        for secret in [REFRESH, ACCESS, CLIENT, DEVICE, CODE, &verifier] {
            seen.hides(secret);
        }
        // Each was told to it, or it could not have told it back.
        for name in ["grant_type=refresh_token", "device_code=", "code_verifier="] {
            assert!(heard.contains(name), "{name}: {heard}");
        }
    });
}
