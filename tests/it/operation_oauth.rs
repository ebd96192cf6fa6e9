//! Providers of OAuth tokens as they are met in operation: answers with parts in another form than the standard
//! wants, refusals that need advice of their own, a network where IPv6 packets vanish. The provider gives a new
//! refresh token with every answer and takes each once; the mail server takes the newest access token only.

mod refusals;
mod servers;

use crate::support::pop3::{Home, Outcome, Pop3};
use crate::support::search::hides;
use crate::support::web::{Reply, Web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What the provider has given out last: the number of the answer.
type Newest = Arc<Mutex<usize>>;

fn access(number: usize) -> String {
    format!("access-token-number-{number}-of-all")
}

/// A token of a provider that signs all it knows of a user into it.
fn long(token: &str) -> String {
    format!("{token}{}", "x".repeat(20_000))
}

fn refresh(number: usize) -> String {
    format!("refresh-token-number-{number}-of-all")
}

/// A mail server that takes the newest access token only.
fn mail_server(newest: Newest) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let newest = Arc::clone(&newest);
            std::thread::spawn(move || converse(stream, &newest));
        }
    });
    address
}

fn converse(mut stream: TcpStream, newest: &Mutex<usize>) {
    let lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let _ = stream.write_all(b"+OK ready\r\n");
    for line in lines.map_while(Result::ok) {
        let answer = match line.split(' ').collect::<Vec<_>>()[..] {
            ["CAPA"] => "+OK\r\nSASL XOAUTH2\r\nUIDL\r\n.\r\n".to_owned(),
            // Too long for one line (RFC 5034 section 4): the answer to a challenge.
            ["AUTH", "XOAUTH2"] => "+ \r\n".to_owned(),
            ["AUTH", "XOAUTH2", word] | [word] if word.len() > 20 => {
                let said = String::from_utf8(BASE64.decode(word).unwrap()).unwrap();
                let newest = access(*newest.lock().unwrap());
                let is_newest = |token: &String| said.contains(&format!("auth=Bearer {token}\u{1}"));
                match [long(&newest), newest].iter().any(is_newest) {
                    true => "+OK\r\n".to_owned(),
                    false => "-ERR [AUTH] another token\r\n".to_owned(),
                }
            }
            ["STAT"] => "+OK 1 5\r\n".to_owned(),
            ["LIST"] => "+OK\r\n1 5\r\n.\r\n".to_owned(),
            ["UIDL"] => "+OK\r\n1 a\r\n.\r\n".to_owned(),
            ["QUIT"] => "+OK\r\n".to_owned(),
            _ => "-ERR\r\n".to_owned(),
        };
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// A provider, its mail server, and a home with an account of both.
struct Stage {
    web: Web,
    home: Home,
}

impl Stage {
    /// `form` turns the standard answer with tokens into this provider's; it gets how many came before.
    fn new(form: impl Fn(Value, usize) -> Reply + Send + Sync + 'static) -> Stage {
        let newest: Newest = Arc::default();
        let server = mail_server(Arc::clone(&newest));
        let web = Web::start(move |path, body, _| {
            if path == "/device" {
                let code = json!({
                    "device_code": "the-device-code", "user_code": "ABCD-EFGH", "interval": "1",
                    "verification_uri": "https://example.com/device", "expires_in": "600",
                });
                return Reply::json(200, &code.to_string());
            }
            let mut newest = newest.lock().unwrap();
            let is_fitting = match *newest {
                0 => body.contains("the-device-code"),
                number => body.contains(&refresh(number)),
            };
            if !is_fitting {
                return Reply::error("invalid_grant");
            }
            *newest += 1;
            let tokens = json!({
                "access_token": access(*newest), "token_type": "Bearer", "expires_in": 3600,
                "refresh_token": refresh(*newest), "scope": "mail",
            });
            form(tokens, *newest - 1)
        });
        let home = Home::new();
        home.configure(&format!(
            "[account.work]\nserver = \"pop3://me@{server}\"\ntls = \"none\"\nauth = \"xoauth2\"\n\
             oauth-client-id = \"id\"\noauth-token-url = \"{}\"\noauth-device-url = \"{}\"\n",
            web.url("/token"),
            web.url("/device"),
        ));
        Stage { web, home }
    }

    fn run(&self, args: &[&str]) -> Outcome {
        let outcome = Pop3::new(&self.home).args(args).args(["--trace"]).run();
        for number in 1..6 {
            hides(&outcome, &access(number));
            hides(&outcome, &refresh(number));
        }
        hides(&outcome, "the-device-code");
        outcome
    }

    fn kept(&self) -> Value {
        let text = fs::read_to_string(self.home.join(".local/state/pop3/work.token")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// From now on the provider's token endpoint is there, and the access token that is kept has run out.
    fn move_to(&self, url: &str) {
        let path = self.home.join(".config/pop3/config.toml");
        let text = fs::read_to_string(path).unwrap();
        let old = text.split("oauth-token-url = ").nth(1).unwrap().lines().next().unwrap();
        self.home.configure(&text.replace(old, &format!("\"{url}\"")));
        let mut kept = self.kept();
        kept["token_endpoint"] = url.into();
        self.home.write(".local/state/pop3/work.token", &kept.to_string(), 0o600);
        self.spend();
    }

    /// The access token that is kept has run out.
    fn spend(&self) {
        let mut kept = self.kept();
        kept["expires_at"] = 1000.into();
        self.home.write(".local/state/pop3/work.token", &kept.to_string(), 0o600);
    }

    /// The access token that is kept is none that the mail server takes, whatever is kept of its lifetime.
    fn wear_out(&self) {
        let mut kept = self.kept();
        kept["access_token"] = "access-token-that-has-run-out".into();
        self.home.write(".local/state/pop3/work.token", &kept.to_string(), 0o600);
    }

    /// How often the provider was asked for tokens.
    fn asked(&self) -> usize {
        self.web.heard().iter().filter(|heard| heard.starts_with("/token ")).count()
    }

    /// Signs in, and gets two more access tokens, each by the refresh token that came last.
    fn works(&self) {
        self.run(&["auth", "login", "--device"]).exits(0);
        for _ in 0..2 {
            self.spend();
            self.run(&["stat"]).exits(0);
        }
        assert_eq!(self.kept()["refresh_token"], refresh(3), "{:?}", self.web.heard());
    }
}

/// A change of one field of every answer with tokens, `None` takes it out.
fn with(name: &'static str, value: Option<Value>) -> Stage {
    Stage::new(move |mut tokens, _| {
        match &value {
            Some(value) => tokens[name] = value.clone(),
            None => drop(tokens.as_object_mut().unwrap().remove(name)),
        }
        Reply::json(200, &tokens.to_string())
    })
}

#[test]
fn a_plain_provider_signs_in_and_renews() {
    with("scope", Some("mail".into())).works();
}

#[test]
fn a_lifetime_as_text_costs_no_token() {
    let stage = with("expires_in", Some("3600".into()));
    stage.works();
    assert!(stage.kept()["expires_at"].as_i64().unwrap() > 1_000_000_000, "and it is read");
}

#[test]
fn a_lifetime_that_says_nothing_costs_no_token() {
    for value in [Some((-1).into()), Some(Value::Null), Some("soon".into()), Some(3599.5.into()), None] {
        with("expires_in", value).works();
    }
}

#[test]
fn an_answer_without_a_token_type_is_used() {
    for value in [None, Some(Value::Null), Some(7.into()), Some("".into())] {
        with("token_type", value).works();
    }
}

#[test]
fn a_scope_as_a_list_is_read() {
    let stage = with("scope", Some(json!(["mail", "more"])));
    stage.works();
    assert_eq!(stage.kept()["scope"], "mail more");
}

#[test]
fn any_content_type_does() {
    for kind in ["text/html", "text/plain; charset=latin1", "application/octet-stream"] {
        Stage::new(move |tokens, _| Reply::Page(200, kind, format!("\u{feff}\r\n{tokens}\r\n"))).works();
    }
}

#[test]
fn a_provider_whose_clock_is_a_day_off_is_no_trouble() {
    for date in ["Sat, 01 Jan 2000 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"] {
        Stage::new(move |mut tokens, _| {
            tokens["expires_at"] = 1000.into();
            tokens["expires_on"] = "1000".into();
            let body = tokens.to_string();
            let length = body.len();
            let head = format!(
                "HTTP/1.1 200 x\r\nDate: {date}\r\nExpires: {date}\r\nContent-Length: {length}\r\n\r\n"
            );
            Reply::Raw([head.as_bytes(), body.as_bytes()].concat())
        })
        .works();
    }
}

// Of the two clocks this machine's counts, since a lifetime is told as a number of seconds from now. It only decides
// whether a token is renewed before it is used: in the end the mail server knows whether the token is good.

#[test]
fn a_lifetime_that_is_a_day_too_long_costs_one_more_request_to_the_provider() {
    for lifetime in [json!(3600 + 86_400), json!(u64::MAX), json!(1e300)] {
        let stage = with("expires_in", Some(lifetime));
        stage.run(&["auth", "login", "--device"]).exits(0);
        stage.run(&["stat"]).exits(0);
        assert_eq!(stage.asked(), 1, "a good token is not renewed");
        stage.wear_out();
        stage.run(&["stat"]).exits(0);
        assert_eq!((stage.asked(), &stage.kept()["refresh_token"]), (2, &json!(refresh(2))));
    }
}

#[test]
fn a_lifetime_that_is_a_day_too_short_costs_a_request_a_run_and_no_token() {
    for (lifetime, asked) in [(json!(0), 3), (json!(1), 3), (json!(3600 - 86_400), 1)] {
        let stage = with("expires_in", Some(lifetime.clone()));
        stage.run(&["auth", "login", "--device"]).exits(0);
        for _ in 0..2 {
            stage.run(&["stat"]).exits(0);
        }
        assert_eq!(
            (stage.asked(), &stage.kept()["refresh_token"]),
            (asked, &json!(refresh(asked))),
            "{lifetime}"
        );
    }
}

#[test]
fn a_sign_in_made_while_this_machines_clock_was_a_day_off_is_renewed_when_it_is_right_again() {
    for clock in ["-1d", "+1d"] {
        let stage = with("scope", None);
        let wrapper = ["faketime", "--exclude-monotonic", "-f", clock];
        let login = Pop3::under(&stage.home, &wrapper).args(["auth", "login", "--device"]);
        login.env("TZ", "UTC").env("NO_FAKE_STAT", "1").run().exits(0);
        stage.wear_out();
        stage.run(&["stat"]).exits(0);
        assert_eq!((stage.asked(), &stage.kept()["refresh_token"]), (2, &json!(refresh(2))), "{clock}");
        stage.run(&["stat"]).exits(0);
        assert_eq!(stage.asked(), 2, "{clock}: the clock is right, and the token good");
    }
}

#[test]
fn a_long_token_is_used_and_kept() {
    let stage = Stage::new(|mut tokens, _| {
        tokens["access_token"] = long(tokens["access_token"].as_str().unwrap()).into();
        Reply::json(200, &tokens.to_string())
    });
    stage.works();
    assert_eq!(stage.kept()["access_token"], long(&access(3)), "no shorter one was used");
}

#[test]
fn a_rotated_refresh_token_is_kept_although_the_answer_is_of_no_other_use() {
    let stage = Stage::new(|mut tokens, before| {
        if before == 1 {
            tokens.as_object_mut().unwrap().remove("access_token");
        }
        Reply::json(200, &tokens.to_string())
    });
    stage.run(&["auth", "login", "--device"]).exits(0);
    stage.spend();
    let outcome = stage.run(&["stat"]).exits(76).says("no access_token in it, but expires_in, refresh_token");
    outcome.says("token_type");
    assert_eq!(stage.kept()["refresh_token"], refresh(2));
    stage.run(&["stat"]).exits(0);
}

#[test]
fn the_trace_shows_the_exchange_with_the_provider_and_no_secret() {
    let stage = with("scope", None);
    let url = stage.web.url("/token");
    stage.run(&["auth", "login", "--device"]).exits(0);
    stage.spend();
    let outcome = stage.run(&["stat"]).exits(0);
    outcome
        .says(&format!("C: POST {url} (grant_type, refresh_token"))
        .says("S: 200 (access_token, expires_in, refresh_token, token_type)");
    // A run with bars, which are hidden while credentials are obtained.
    stage.spend();
    stage.run(&["fetch", "--to", "maildir:~/mail", "--dry-run"]).exits(0).says("C: POST");
    stage.spend();
    let quiet = Pop3::new(&stage.home).args(["stat"]).run().exits(0);
    assert!(!quiet.stderr.contains("POST"), "{}", quiet.stderr);
}

#[test]
fn answers_that_are_not_the_providers_leave_the_sign_in_alone() {
    let stage = Stage::new(|tokens, _| Reply::json(200, &tokens.to_string()));
    stage.run(&["auth", "login", "--device"]).exits(0);
    let wrong = Web::start(|_, _, before| match before {
        0 => Reply::Page(200, "text/html", "<html>Welcome to our Wi-Fi".to_owned()),
        _ => Reply::json(503, "{}"),
    });
    stage.move_to(&wrong.url("/token"));
    for code in [76, 75] {
        stage.run(&["stat", "--timeout", "2s"]).exits(code);
        assert_eq!(stage.kept()["refresh_token"], refresh(1));
    }
}

#[test]
fn a_provider_whose_ipv6_packets_vanish_costs_a_fraction_of_a_second() {
    let stage = Stage::new(|tokens, _| Reply::json(200, &tokens.to_string()));
    stage.run(&["auth", "login", "--device"]).exits(0);
    // Nobody takes connections out of the queue of this one: once it is full, the system drops what asks for more.
    let deaf = socket2::Socket::new(socket2::Domain::IPV6, socket2::Type::STREAM, None).unwrap();
    let there: SocketAddr = format!("[::1]:{}", stage.web.address.port()).parse().unwrap();
    deaf.set_only_v6(true).unwrap();
    deaf.bind(&there.into()).unwrap();
    deaf.listen(0).unwrap();
    let wait = Duration::from_millis(300);
    let queued: Vec<_> = (0..64).map_while(|_| TcpStream::connect_timeout(&there, wait).ok()).collect();
    assert!(queued.len() < 64, "it still takes connections");

    let hosts = stage.home.write("hosts", "::1 localhost\n127.0.0.1 localhost\n", 0o644);
    let url = format!("http://localhost:{}/token", stage.web.address.port());
    stage.move_to(&url);
    let knowing = "mount --bind \"$1\" /etc/hosts; shift; exec \"$@\"";
    let as_root: &[&str] = if crate::support::is_root() { &[] } else { &["--map-root-user"] };
    let wrapper = [&["unshare"], as_root, &["--mount", "sh", "-ec", knowing, "sh", hosts.to_str().unwrap()]];
    let begun = Instant::now();
    let run = Pop3::under(&stage.home, &wrapper.concat()).args(["stat"]);
    run.run().exits(0);
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
    assert_eq!(stage.kept()["refresh_token"], refresh(2));
    // Only IPv6 asked for: nothing else is used.
    stage.spend();
    let run =
        Pop3::under(&stage.home, &wrapper.concat()).args(["stat", "-a", "work", "-6", "--timeout", "2s"]);
    run.run().exits(75);
}
