//! What opens the key of a client certificate, and what a proxy asks for.

use crate::support::Maildrop;
use crate::support::dovecot;
use crate::support::pop3::{Home, Pop3};
use crate::support::search::{SEEN_FROM_OUTSIDE, Seen};
use crate::support::socks::{ONLY_THERE, Socks};
use crate::support::stage::at_once;
use crate::support::tool;
use crate::support::trust::{self, PASSWORD};
use std::path::Path;
use std::process::Command;

const OPENS: &str = "what/opens~the+key? this";
const WRONG: &str = "what/opens~nothing+at? all";

/// The same key in that container, locked.
fn locked(home: &Home, form: &str) -> std::path::PathBuf {
    let good = &trust::shared().clients[0];
    let out = home.write(&format!("locked.{form}"), "", 0o600);
    let mut openssl = Command::new("openssl");
    match form {
        "p12" => openssl.args(["pkcs12", "-export", "-in"]).arg(&good.certificate).arg("-inkey"),
        _ => openssl.args(["pkcs8", "-topk8", "-in"]),
    };
    openssl.arg(&good.key).args(["-passout", &format!("pass:{OPENS}"), "-out"]).arg(&out);
    tool(&mut openssl);
    out
}

#[test]
fn what_opens_the_key_of_a_certificate_is_not_seen() {
    let trust = trust::shared();
    let (good, server) = (&trust.clients[0], format!("pop3s://me@{}", trust.dovecot[1]));
    for form in ["p12", "pem"] {
        let home = Home::new();
        let key = locked(&home, form);
        let pair: Vec<&Path> = match form {
            "p12" => vec!["--client-cert".as_ref(), &key],
            _ => vec!["--client-cert".as_ref(), &good.certificate, "--client-key".as_ref(), &key],
        };
        let command = format!("{SEEN_FROM_OUTSIDE}echo {PASSWORD}");
        let tunnel = format!("{SEEN_FROM_OUTSIDE}exec socat - TCP:%h:%p");
        let deliver = format!("command:{SEEN_FROM_OUTSIDE}cat >/dev/null");
        let mut seen = Seen::default();
        for (password, code) in [(OPENS, 0), (WRONG, 77), ("", 77)] {
            for args in [
                &["stat", "--trace"][..],
                &["stat", "--json", "--trace"],
                &["fetch", "--json", "--trace", "--to", &deliver],
                &["check", "--trace"],
                &["check", "--json", "--trace"],
                &["auth", "login", "--trace"],
                &["auth", "logout", "--trace"],
            ] {
                let outcome = Pop3::new(&home)
                    .args(args)
                    .args([
                        "-v",
                        "--trace",
                        "--server",
                        &server,
                        "--password-command",
                        &command,
                        "--tunnel",
                        &tunnel,
                    ])
                    .args(["--ca-file".as_ref(), trust.authority.as_path()])
                    .args(&pair)
                    .env("POP3_CLIENT_CERT_PASSWORD", password)
                    .run();
                let code = if args[1] == "logout" { 0 } else { code };
                assert_eq!(outcome.code, code, "{form} {args:?}: {outcome:?}");
                seen.outcome(&format!("{args:?}"), &outcome);
            }
        }
        seen.folder(home.path(), &[]);
        assert!(seen.has("S: +OK") && seen.has("TCP:"), "it was searched");
        [OPENS, WRONG].iter().for_each(|secret| seen.hides(secret));
    }
}

#[test]
fn what_a_proxy_asks_for_is_not_seen() {
    const RIGHT: &str = "open/sesame~now+please?";
    const WRONG: &str = "open/barley~now+please?";
    let maildrop = dovecot::maildrop();
    let socks = Socks::guarded("me", RIGHT);
    let named = format!("pop3://{}@{ONLY_THERE}:{}", maildrop.user(), maildrop.address().port());
    at_once([(RIGHT, true), (WRONG, false)], |(password, works)| {
        let escaped = password.replace('/', "%2F").replace('?', "%3F").replace('+', "%2B");
        let with_password = socks.url("socks5h", &format!("me:{escaped}@"));
        let without = socks.url("socks5h", "me@");
        let command = format!("{SEEN_FROM_OUTSIDE}echo '{}'", maildrop.password());
        let deliver = format!("command:{SEEN_FROM_OUTSIDE}cat >/dev/null");
        for (name, url) in
            [("POP3_PROXY", &without), ("ALL_PROXY", &with_password), ("--proxy", &with_password)]
        {
            let (home, mut seen) = (Home::new(), Seen::default());
            for args in [
                &["stat", "--trace"][..],
                &["stat", "--json", "--trace"],
                &["fetch", "--json", "--trace", "--to", &deliver],
                &["check", "--trace"],
                &["check", "--json", "--trace"],
                &["auth", "login", "--trace"],
            ] {
                let run = Pop3::new(&home).args(args).args([
                    "-v",
                    "--trace",
                    "--server",
                    &named,
                    "--tls",
                    "none",
                    "--password-command",
                    &command,
                ]);
                let run = match name {
                    "--proxy" => run.args(["--proxy", url]),
                    "POP3_PROXY" => run.env(name, url).env("POP3_PROXY_PASSWORD", password),
                    name => run.env(name, url),
                };
                // On the command line every process may read it: that is refused, and not repeated.
                let code = if name == "--proxy" {
                    64
                } else if works {
                    0
                } else {
                    69
                };
                let outcome = run.run();
                assert_eq!(outcome.code, code, "{name} {args:?}: {outcome:?}");
                seen.outcome(&format!("{name} {args:?}"), &outcome);
            }
            assert!(!works || name == "--proxy" || seen.has("S: +OK"), "there was a dialogue");
            // ALL_PROXY is for every program of the user, also for those that we start.
            if name == "POP3_PROXY" {
                seen.folder(home.path(), &[]);
                assert!(seen.has("POP3_PROXY=") && seen.has("--trace"), "it was searched");
            }
            seen.hides(password);
        }
    });
}
