//! An OAuth provider whose answer drips, leads in a circle, or has no end: the run ends by `--timeout`, in little
//! memory, with its exit code, without a secret on the screen, and with the sign-in still there.

use crate::support::pop3::{Home, Outcome, Pop3};
use crate::support::search::hides;
use crate::support::web::{Flow, Reply, Web};
use std::fs;
use std::time::{Duration, Instant};

const REFRESH: &str = "the-refresh-token-0123456789";
const ACCESS: &str = "the-access-token-0123456789";

/// What `--timeout` says in these tests.
const TIMEOUT: Duration = Duration::from_secs(2);

/// How long a run with that may take on a busy machine.
const SOON: Duration = Duration::from_secs(30);

const GIGABYTE: u64 = 1 << 30;

/// The most memory of a debug build, most of which is the code itself, in KiB; and in any case less than a part of such
/// an answer.
const MEMORY: u64 = 48 * 1024;

/// A home whose account `work` has a sign-in whose access token is due, and these other keys.
fn home(web: &Web, keys: &str) -> Home {
    let home = Home::new();
    home.configure(&format!(
        "[account.work]\nserver = \"pop3://me@127.0.0.1:9\"\ntls = \"none\"\noauth-client-id = \"id\"\n\
         deliver = \"maildir:~/mail\"\noauth-token-url = \"{}\"\n{keys}\n",
        web.url("/token")
    ));
    let kept = format!(
        r#"{{"version":1,"provider":"own","client_id":"id","token_endpoint":"{}","secret_in_body":false,"scope":"","refresh_token":"{REFRESH}","access_token":"{ACCESS}","expires_at":1000}}"#,
        web.url("/token")
    );
    home.write(".local/state/pop3/work.token", &kept, 0o600);
    home
}

/// Runs it with the short timeout. Fails if it takes long or much memory, shows a secret, says much, or loses the
/// sign-in.
#[track_caller]
fn run(home: &Home, args: &[&str]) -> Outcome {
    let begun = Instant::now();
    let seconds = format!("{}s", TIMEOUT.as_secs());
    let mut running = Pop3::new(home).args(args).args(["--trace", "--timeout", &seconds]).start();
    let peak = running.peak();
    let outcome = running.wait();
    let took = begun.elapsed();
    assert!(took < SOON, "{took:?}: {}", outcome.stderr);
    assert!(peak > 1000 && peak < MEMORY, "peak {peak} KiB: {}", outcome.stderr);
    for secret in [REFRESH, ACCESS] {
        hides(&outcome, secret);
    }
    assert!(outcome.stderr.len() < 4000, "{} bytes: {:.300}", outcome.stderr.len(), outcome.stderr);
    let kept = fs::read_to_string(home.join(".local/state/pop3/work.token")).unwrap();
    assert!(kept.contains(REFRESH) && kept.contains(ACCESS), "the sign-in outlives it");
    assert!(!home.join("mail").exists(), "nothing was begun");
    outcome.says("hint:")
}

/// How a fetch ends whose access token is due, at a token endpoint that answers like this; and how much was sent.
#[track_caller]
fn refreshed(reply: Reply) -> (Outcome, u64) {
    let web = Web::start(move |_, _, _| reply.clone());
    let outcome = run(&home(&web, ""), &["fetch"]);
    let heard = web.heard();
    assert!(heard[0].contains("grant_type=refresh_token") && heard[0].contains(REFRESH), "{heard:?}");
    assert_eq!(heard.len(), 1, "the old token was sent once, and nowhere else: {heard:?}");
    (outcome, web.sent())
}

fn head(fields: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{fields}\r\n")
}

/// An octet every now and then, for longer than any test.
fn drip(head: String, body: &str) -> Reply {
    let pause = Duration::from_millis(100);
    Reply::Flow(Flow { head, body: body.to_owned(), piece: 1, pause, octets: 1 << 20 })
}

#[test]
fn an_answer_that_drips_ends_by_the_timeout_wherever_it_drips() {
    std::thread::scope(|scope| {
        for (head, body) in [
            // Each octet comes well before the timeout, and the whole never.
            (String::new(), "HTTP/1.1 200 OK\r\nX-Padding: "),
            ("HTTP/1.1 200 OK\r\n".to_owned(), "X: y\r\n"),
            ("HTTP/1.1 200 OK\r\nX: ".to_owned(), "x"),
            (head("Content-Length: 100000\r\n"), "{\"access_token\": \"x\", "),
            (head(""), " "),
            (head("Transfer-Encoding: chunked\r\n"), "1\r\nx\r\n"),
            (String::new(), "HTTP/1.1 100 Continue\r\n\r\n"),
        ] {
            scope.spawn(move || {
                let begun = Instant::now();
                let (outcome, _) = refreshed(drip(head, body));
                outcome.exits(75).says("in time");
                assert!(begun.elapsed() >= TIMEOUT, "{:?} is too early", begun.elapsed());
            });
        }
    });
}

#[test]
fn metadata_and_codes_that_drip_end_by_the_timeout() {
    let web = Web::start(|_, _, _| drip(head("Content-Length: 100000\r\n"), " "));
    let device = home(&web, &format!("oauth-device-url = \"{}\"", web.url("/device")));
    run(&device, &["auth", "login", "--device"]).exits(75).says("in time");
    let metadata = home(&web, "");
    let config = fs::read_to_string(metadata.join(".config/pop3/config.toml")).unwrap();
    let named: Vec<&str> = config.lines().filter(|line| !line.starts_with("oauth-token-url")).collect();
    metadata.configure(&format!("{}\noauth = \"{}\"\n", named.join("\n"), web.url("/")));
    run(&metadata, &["auth", "login"]).exits(75).says("in time");
}

#[test]
fn a_redirection_to_itself_is_not_followed() {
    for status in [300, 301, 302, 303, 307, 308] {
        let answer = format!("HTTP/1.1 {status} x\r\nLocation: /token\r\nContent-Length: 0\r\n\r\n");
        let (outcome, _) = refreshed(Reply::Raw(answer.into_bytes()));
        outcome.exits(76).says("a redirection, which is not followed").says(&status.to_string());
    }
    // Nor where nothing secret is sent: the answer says where secrets go.
    let web = Web::start(|path, _, _| {
        let answer = format!("HTTP/1.1 302 x\r\nLocation: {path}\r\nContent-Length: 0\r\n\r\n");
        Reply::Raw(answer.into_bytes())
    });
    let home = home(&web, "");
    let config = fs::read_to_string(home.join(".config/pop3/config.toml")).unwrap();
    home.configure(&config.replace("oauth-token-url", "oauth").replace("/token", ""));
    run(&home, &["auth", "login"]).exits(76).says("not followed");
    let heard = web.heard();
    let mut distinct = heard.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(heard.len(), distinct.len(), "no address is asked twice: {heard:?}");
    assert!(heard.len() <= 3, "{heard:?}");
}

#[test]
fn an_answer_of_1_gb_is_left_after_its_first_megabyte() {
    let length = format!("Content-Length: {GIGABYTE}\r\n");
    // A chunk of 0x10000 octets with its size in front.
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let blanks = " ".repeat(1 << 16);
    std::thread::scope(|scope| {
        for (head, body) in [
            (head(&length), "x".repeat(1 << 16)),
            (head(""), "{\"access_token\": \"".to_owned() + &"x".repeat(1 << 16)),
            (head(""), blanks.clone()),
            (head("Transfer-Encoding: chunked\r\n"), chunk),
            ("HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\n\r\n".to_owned(), blanks),
            ("HTTP/1.1 200 OK\r\nX: ".to_owned(), "x".repeat(1 << 16)),
            ("HTTP/1.1 200 OK\r\n".to_owned(), "X: y\r\n".repeat(1 << 13)),
            ("HTTP/1.1 ".to_owned(), "2".repeat(1 << 16)),
        ] {
            scope.spawn(move || {
                let what = format!("{head:?} {:.20}", body);
                let pause = Duration::from_millis(2);
                let flow = Flow { head, body, piece: 1 << 16, pause, octets: GIGABYTE };
                let (outcome, sent) = refreshed(Reply::Flow(flow));
                assert_eq!(outcome.code, 76, "{what}: {}", outcome.stderr);
                // The rest of what was sent is on its way between the two.
                assert!(sent < 32 << 20, "{what}: {sent} octets were taken");
            });
        }
    });
}

#[test]
fn a_gigabyte_of_heads_before_an_answer_ends_in_time_and_is_not_kept() {
    // RFC 9110 section 15.2: any number of these may come first, and a client reads past them.
    let head = "HTTP/1.1 100 Continue\r\n\r\n";
    let (pause, body) = (Duration::from_millis(2), head.repeat(1 << 11));
    let flow = Flow { head: String::new(), body, piece: 1 << 16, pause, octets: GIGABYTE };
    let (outcome, _) = refreshed(Reply::Flow(flow));
    assert!([75, 76].contains(&outcome.code), "{}", outcome.stderr);
}

#[test]
fn an_error_of_1_gb_has_the_code_of_its_status_and_is_not_read() {
    for (status, code) in [(302, 76), (429, 75), (500, 75), (503, 75)] {
        let head = format!("HTTP/1.1 {status} x\r\nContent-Length: {GIGABYTE}\r\nLocation: /token\r\n\r\n");
        let pause = Duration::from_millis(2);
        let flow = Flow { head, body: "x".repeat(1 << 16), piece: 1 << 16, pause, octets: GIGABYTE };
        let (outcome, sent) = refreshed(Reply::Flow(flow));
        outcome.exits(code).says(&status.to_string());
        assert!(sent < 32 << 20, "{status}: {sent} octets were taken");
    }
}

#[test]
fn what_a_provider_says_at_length_is_cut() {
    let long = "long words ".repeat(80_000);
    for body in [
        format!("{{\"error\":\"invalid_grant\",\"error_description\":\"{long}\"}}"),
        format!("{{\"error\":\"{long}\"}}"),
        format!("{{\"error\":{{\"message\":\"{long}\"}}}}"),
        format!("{{\"{long}\":1}}"),
    ] {
        let (outcome, _) = refreshed(Reply::json(400, &body));
        assert!([76, 77].contains(&outcome.code), "{:.40}: {}", body, outcome.stderr);
    }
}
