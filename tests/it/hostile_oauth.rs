//! Providers that do not answer as they should: each with its exit code, no secret shown, nothing of
//! what is kept lost, and no wait beyond `--timeout`.

use crate::support::pop3::{Home, Outcome, Pop3};
use crate::support::search::hides;
use crate::support::web::{Reply, Web};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const REFRESH: &str = "the-refresh-token-0123456789";
const ACCESS: &str = "the-access-token-0123456789";
const CLIENT: &str = "the-client-secret-0123456789";

const TOKENS: &str = r#"{"access_token":"the-next-access-token","token_type":"bearer","expires_in":3600,"refresh_token":"the-next-refresh-token"}"#;

/// A home whose account `work` has the keys of a provider, and a POP3 server where nobody listens.
fn home(keys: &str) -> Home {
    let home = Home::new();
    home.configure(&format!(
        "[account.work]\nserver = \"pop3://me@127.0.0.1:9\"\ntls = \"none\"\noauth-client-id = \"id\"\n\
         oauth-client-secret = \"{CLIENT}\"\ndeliver = \"maildir:~/mail\"\n{keys}\n"
    ));
    home
}

fn run(home: &Home, arguments: &[&str]) -> Outcome {
    let outcome = Pop3::new(home).args(arguments).args(["-v", "--trace", "--timeout", "2s"]).run();
    for secret in [REFRESH, ACCESS, CLIENT, "the-next-access-token", "the-next-refresh-token"] {
        hides(&outcome, secret);
    }
    outcome
}

/// A sign-in whose access token is due.
fn keep_what_is_due(home: &Home, web: &Web) {
    let kept = format!(
        r#"{{"version":1,"provider":"own","client_id":"id","token_endpoint":"{}","secret_in_body":false,"scope":"","refresh_token":"{REFRESH}","access_token":"{ACCESS}","expires_at":1000}}"#,
        web.url("/token")
    );
    home.write(".local/state/pop3/work.token", &kept, 0o600);
}

/// How a run ends whose access token is due, at a token endpoint that answers like this.
#[track_caller]
fn refreshed(reply: Reply) -> (Home, Outcome) {
    let web = Web::start(move |_, _, _| reply.clone());
    let home = home(&format!("oauth-token-url = \"{}\"", web.url("/token")));
    keep_what_is_due(&home, &web);
    let outcome = run(&home, &["fetch"]);
    let sent = web.heard();
    assert!(sent[0].contains("grant_type=refresh_token") && sent[0].contains(REFRESH), "{sent:?}");
    assert_eq!(sent.len(), 1, "asked once: {sent:?}");
    (home, outcome)
}

#[test]
fn a_token_endpoint_that_fails_has_its_exit_code_and_costs_nothing_that_is_kept() {
    let page = |status, kind, body: &str| Reply::Page(status, kind, body.to_owned());
    let raw = |text: &str| Reply::Raw(text.as_bytes().to_vec());
    let echo = format!(r#"{{"error":"invalid_grant","error_description":"no {REFRESH}, no {CLIENT}"}}"#);
    let table = [
        (page(500, "text/html", "<h1>Internal Server Error</h1>"), 75, "500"),
        (page(503, "application/json", "{}"), 75, "503"),
        (page(429, "text/plain", "slow"), 75, "429"),
        (page(200, "text/html", "<html>Welcome to our Wi-Fi"), 76, "no json"),
        (page(200, "application/json", "<html>"), 76, "no json"),
        (page(200, "application/json", "{}"), 76, "lacks"),
        (Reply::json(200, r#"{"token_type":"bearer","expires_in":3600}"#), 76, "no access_token"),
        (Reply::json(200, r#"{"access_token":17,"token_type":"bearer"}"#), 76, "lacks"),
        (page(404, "text/html", "not here"), 69, "404"),
        (page(302, "text/html", "elsewhere"), 76, "redirection"),
        (Reply::json(200, &format!("{{\"x\":\"{}\"}}", "y".repeat(10 << 20))), 76, "larger"),
        (raw(&format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "y".repeat(1 << 20))), 76, ""),
        (raw("220 mail ESMTP\r\n"), 76, "not http"),
        (raw(""), 69, "hung up"),
        (Reply::Silence, 75, "in time"),
        (Reply::json(400, &echo), 77, "no longer accepts the sign-in of this account"),
        (Reply::error("invalid_client"), 78, "oauth-client-id"),
        (Reply::error("invalid_scope"), 78, "oauth-scope"),
        (Reply::error("temporarily_unavailable"), 75, "temporary problem"),
        (Reply::error("\\u001b[2Jmade up"), 77, "made up"),
    ];
    for (reply, code, words) in table {
        let began = Instant::now();
        let (home, outcome) = refreshed(reply);
        let outcome = outcome.exits(code).says(words);
        assert!(!outcome.stderr.contains('\x1b'), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("hint:"), "{}", outcome.stderr);
        assert!(began.elapsed() < Duration::from_secs(60), "it did not wait for ever");
        let kept = fs::read_to_string(home.join(".local/state/pop3/work.token")).unwrap();
        assert!(kept.contains(REFRESH) && kept.contains(ACCESS), "{words}");
        assert!(!home.join("mail").exists(), "nothing was begun");
    }
}

#[test]
fn a_renewed_sign_in_is_kept_even_if_nothing_can_be_done_with_it() {
    let (home, outcome) = refreshed(Reply::json(200, TOKENS));
    outcome.exits(69); // the POP3 server does not listen
    let kept = fs::read_to_string(home.join(".local/state/pop3/work.token")).unwrap();
    assert!(kept.contains("the-next-refresh-token") && kept.contains("the-next-access-token"));
    assert!(!kept.contains(REFRESH));
}

#[test]
fn an_endpoint_on_this_very_machine_is_not_sought_through_a_proxy() {
    // Nobody is there: whoever asks it gets nowhere, as the mail server's line shows.
    const PROXY: &str = "socks5h://127.0.0.1:9";
    for named in [true, false] {
        let web = Web::start(|_, _, _| Reply::json(200, TOKENS));
        let home = home(&format!("oauth-token-url = \"{}\"", web.url("/token")));
        keep_what_is_due(&home, &web);
        let config = fs::read_to_string(home.join(".config/pop3/config.toml")).unwrap();
        home.configure(&config.replace("127.0.0.1:9\"", "pop.example.test\""));
        let run = Pop3::new(&home).args(["stat", "-a", "work"]);
        let run = if named { run.args(["--proxy", PROXY]) } else { run.env("ALL_PROXY", PROXY) };
        run.run().exits(69).says("through the proxy 127.0.0.1:9");
        assert_eq!(web.heard().len(), 1, "{:?}", web.heard());
    }
}

/// How a run ends that gets signals while the provider is asked, which answers after them; and what is kept
/// then.
fn signalled(args: &[&str], signals: &[&str], reply: Reply) -> (i32, String) {
    let are_sent = Arc::new(AtomicBool::new(false));
    let may_answer = Arc::clone(&are_sent);
    let web = Web::start(move |_, _, _| {
        while !may_answer.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        reply.clone()
    });
    let home = home(&format!("oauth-token-url = \"{}\"", web.url("/token")));
    keep_what_is_due(&home, &web);
    let running = Pop3::new(&home).args(args).start();
    let patience = Instant::now() + Duration::from_secs(60);
    while web.heard().is_empty() {
        assert!(Instant::now() < patience, "nobody asks");
        std::thread::sleep(Duration::from_millis(2));
    }
    for signal in signals {
        running.signal(signal);
        std::thread::sleep(Duration::from_millis(50));
    }
    are_sent.store(true, Ordering::SeqCst);
    let code = running.wait().code;
    (code, fs::read_to_string(home.join(".local/state/pop3/work.token")).unwrap())
}

#[test]
fn a_signal_while_a_token_is_renewed_waits_until_the_new_one_is_stored() {
    std::thread::scope(|threads| {
        for args in [&["stat"][..], &["fetch"], &["fetch", "--dry-run"], &["list"]] {
            for (signals, code) in [(&["TERM"][..], 143), (&["INT"], 130), (&["INT", "INT", "TERM"], 143)] {
                threads.spawn(move || {
                    let (ended, kept) = signalled(args, signals, Reply::json(200, TOKENS));
                    assert_eq!(ended, code, "{args:?} {signals:?}");
                    let is_rotated = kept.contains("the-next-refresh-token") && !kept.contains(REFRESH);
                    assert!(is_rotated, "{args:?} {signals:?}: {kept}");
                });
            }
        }
    });
}

#[test]
fn a_provider_that_hangs_holds_a_signal_no_longer_than_the_timeout() {
    let began = Instant::now();
    let (code, kept) = signalled(&["stat", "--timeout", "5s"], &["TERM"], Reply::Silence);
    assert_eq!(code, 143);
    assert!(kept.contains(REFRESH), "{kept}");
    assert!(began.elapsed() < Duration::from_secs(60), "it ended by the timeout");
}

/// A provider with a device flow whose token endpoint gives these answers, the last one for ever.
fn device(interval: u32, answers: Vec<Reply>) -> (Web, Home) {
    let web = Web::start(move |path, body, before| match path {
        "/device" => Reply::json(
            200,
            &format!(
                r#"{{"device_code":"{REFRESH}","user_code":"ABCD-EFGH","verification_uri":"https://example.com/device","expires_in":600,"interval":{interval}}}"#
            ),
        ),
        _ => {
            assert!(body.contains("device_code="), "{body}");
            answers.get(before - 1).or(answers.last()).unwrap().clone()
        }
    });
    let keys =
        format!("oauth-token-url = \"{}\"\noauth-device-url = \"{}\"", web.url("/token"), web.url("/device"));
    (web, home(&keys))
}

#[test]
fn a_device_flow_ends_as_the_provider_says() {
    let pending = || Reply::error("authorization_pending");
    let table = [
        (vec![pending(), Reply::json(200, TOKENS)], 0, "not tried at the server: could not"),
        (
            vec![Reply::error("slow_down"), pending(), Reply::json(200, TOKENS)],
            0,
            "not tried at the server: could not",
        ),
        (vec![Reply::json(500, "{}"), Reply::json(200, TOKENS)], 0, "not tried at the server: could not"),
        (vec![pending(), Reply::error("access_denied")], 77, "denied"),
        (vec![Reply::error("expired_token")], 77, "expired"),
        (vec![Reply::Page(200, "text/html", "<html>".into())], 76, "no json"),
        (vec![Reply::json(500, "{}")], 75, "500"),
        (vec![Reply::Silence], 75, "in time"),
    ];
    std::thread::scope(|threads| {
        for (answers, code, words) in table {
            threads.spawn(move || {
                let (web, home) = device(1, answers);
                let outcome = run(&home, &["auth", "login", "--device"]).exits(code).says(words);
                outcome.says("enter ABCD-EFGH");
                let kept = home.join(".local/state/pop3/work.token").exists();
                assert_eq!(kept, code == 0, "{words}: {:?}", web.heard());
            });
        }
    });
}

#[test]
fn a_slower_pace_is_kept() {
    let began = Instant::now();
    let (web, home) = device(0, vec![Reply::error("slow_down"), Reply::json(200, TOKENS)]);
    run(&home, &["auth", "login", "--device"]).exits(0);
    assert!(began.elapsed() >= Duration::from_secs(5), "RFC 8628 section 3.5: five seconds more");
    assert_eq!(web.heard().len(), 3);
}

#[test]
fn a_device_endpoint_that_fails_is_told() {
    let good = r#""device_code":"x","user_code":"y","verification_uri":"https://v","#;
    for (reply, code) in [
        (Reply::json(500, "{}"), 75),
        (Reply::Silence, 75),
        (Reply::Page(200, "text/html", "<html>".into()), 76),
        (Reply::json(200, "{}"), 76),
        (Reply::json(200, &format!("{{{good}\"expires_in\":600,\"interval\":18446744073709551615}}")), 76),
        (Reply::error("unauthorized_client"), 78),
        (Reply::error("invalid_request"), 78),
    ] {
        let web = Web::start(move |_, _, _| reply.clone());
        let keys =
            format!("oauth-token-url = \"{}\"\noauth-device-url = \"{}\"", web.url("/t"), web.url("/d"));
        run(&home(&keys), &["auth", "login", "--device"]).exits(code).says("hint:");
    }
    let without = home("oauth-token-url = \"https://127.0.0.1:9/token\"");
    run(&without, &["auth", "login", "--device"]).exits(69).says("--browser");
    run(&without, &["auth", "login", "--browser"]).exits(69).says("--device");
    let google = home("oauth = \"google\"");
    run(&google, &["auth", "login", "--device"]).exits(69).says("--browser");
    let yahoo = home("oauth = \"yahoo\"");
    run(&yahoo, &["auth", "login"]).exits(78).says("oauth-redirect-url");
}

#[test]
fn metadata_is_believed_only_where_it_speaks_of_itself_and_of_safe_endpoints() {
    for (body, code, words) in [
        (
            Some(r#"{"issuer":"https://evil.example.com","token_endpoint":"https://evil.example.com/t"}"#),
            76,
            "another issuer",
        ),
        (Some(r#"{"issuer":"ISSUER","token_endpoint":"http://evil.example.com/t"}"#), 76, "not safe"),
        (Some(r#"{"issuer":"ISSUER"}"#), 76, "no token endpoint"),
        (Some("<html>"), 76, "no json"),
        (None, 69, "404"),
    ] {
        let web = Web::start(move |_, _, _| match body {
            None => Reply::json(404, "{}"),
            Some(body) => Reply::json(200, body),
        });
        let keys = format!("oauth = \"{}\"", web.url(""));
        let outcome = run(&home(&keys), &["auth", "login"]);
        outcome.exits(code).says(words).says("hint:");
    }
    let silent = Web::start(|_, _, _| Reply::Silence);
    run(&home(&format!("oauth = \"{}\"", silent.url("/"))), &["auth", "login"]).exits(75);
    run(&home("oauth = \"http://login.example.com\""), &["auth", "login"]).exits(78).says("https");
}

#[test]
fn a_stored_sign_in_that_is_damaged_or_anothers_is_not_used() {
    let home = home("oauth-token-url = \"https://127.0.0.1:9/token\"");
    home.write(".local/state/pop3/work.token", REFRESH, 0o600);
    run(&home, &["stat"]).exits(65).says("pop3 auth login -a work");
    run(&home, &["auth", "logout"]).exits(0);
    assert!(!home.join(".local/state/pop3/work.token").exists());
    let other = format!(
        r#"{{"version":1,"provider":"google","client_id":"id","token_endpoint":"https://127.0.0.1:9/token","secret_in_body":false,"scope":"","refresh_token":"{REFRESH}","access_token":"{ACCESS}"}}"#
    );
    home.write(".local/state/pop3/work.token", &other, 0o600);
    run(&home, &["stat"]).exits(77).says("pop3 auth login -a work");
}

#[test]
fn what_is_missing_in_the_configuration_is_told_with_its_key() {
    let home = Home::new();
    home.configure("[account.work]\nserver = \"pop3s://me@127.0.0.1\"\noauth = \"google\"\n");
    Pop3::new(&home).args(["auth", "login"]).run().exits(78).says("oauth-client-id");
    let check = Pop3::new(&home).args(["config", "check"]).run().exits(78);
    assert!(check.text().contains("oauth-client-id"), "{}", check.text());
    home.configure("[account.work]\nserver = \"pop3s://me@127.0.0.1\"\n");
    Pop3::new(&home).args(["auth", "login", "--device"]).run().exits(78).says("oauth = \"google\"");
}
