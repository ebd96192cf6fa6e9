//! How the OAuth provider is reached, and whom it must be: the proxy of its own host, and its authorities.

use crate::oauth::move_to;
use crate::support::Maildrop;
use crate::support::dovecot::{self, Line};
use crate::support::oidc::shared;
use crate::support::socks::{ONLY_THERE, PROVIDER_THERE, Socks};
use std::fs;

#[test]
fn the_provider_is_reached_by_the_proxy_that_is_meant_for_its_own_host() {
    let account = shared().account("public", "");
    account.login();
    // Behind a name that only the proxy knows: whoever goes past the proxy does not find it.
    let port = shared().issuer().rsplit(':').next().unwrap().to_owned();
    let kept = fs::read_to_string(account.token_file()).unwrap();
    let moved = kept.replace(&format!("localhost:{port}/token"), &format!("{PROVIDER_THERE}:{port}/token"));
    assert_ne!(kept, moved);
    account.home.write(".local/state/pop3/work.token", &moved, 0o600);
    let socks = Socks::open();
    let proxy = socks.url("socks5h", "");
    let tls = account.maildrop.server.tls.port();
    let mail_there = format!("pop3s://{}@{ONLY_THERE}:{tls}", account.maildrop.user());
    let mail_there = ["--server", &mail_there, "--tls-host", "localhost"];
    let (all, https) = (("ALL_PROXY", proxy.as_str()), ("HTTPS_PROXY", proxy.as_str()));
    let spared = ("NO_PROXY", PROVIDER_THERE);
    let table: [(&[(&str, &str)], &[&str], i32); 8] = [
        (&[], &["--proxy", &proxy], 0),
        (&[spared], &["--proxy", &proxy], 0),
        (&[all], &[], 0),
        (&[https], &[], 0),
        (&[all, spared], &[], 68),
        (&[all, spared], &mail_there, 68),
        (&[all], &["--proxy", "none"], 68),
        (&[https], &["--proxy", "none"], 68),
    ];
    for (variables, more, code) in table {
        account.spoil_access_token();
        let before = (more == mail_there).then(|| move_to(&account, mail_there[1]));
        let run = account.pop3(&["stat", "-a", "work"]).args(more);
        let run = variables.iter().fold(run, |run, (name, value)| run.env(name, value)).run();
        let run = run.exits(code);
        before.iter().for_each(|before| {
            account.home.configure(before);
            account.forget_server();
        });
        if code != 0 {
            run.says(&format!("could not talk to https://{PROVIDER_THERE}")).says("could not find the host");
        }
    }
    assert!(socks.log().contains(PROVIDER_THERE), "{}", socks.log());
}

#[test]
fn a_provider_nobody_vouches_for_is_76_and_says_how_to_vouch() {
    let account = shared().account("public", "");
    let text = fs::read_to_string(account.home.join(".config/pop3/config.toml")).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with("ca-file")).collect();
    account.home.configure(&lines.join("\n"));
    account.pop3(&["auth", "login", "--device"]).run().exits(76).says("--ca-file");
}

#[test]
fn a_ca_file_for_the_mail_server_leaves_the_provider_to_the_systems_authorities() {
    // Its access tokens last so shortly that each run asks the provider for another.
    let account = shared().account("brief", "");
    account.login();
    let first = account.kept("access_token");
    let systems = shared().authority().display().to_string();
    // The authority of another Dovecot, which has no OAuth.
    let elsewhere = dovecot::maildrop();
    let run = |more: Vec<String>| {
        account.pop3(&["stat", "-a", "work"]).args(more).env("SSL_CERT_FILE", &systems).run()
    };
    let before = move_to(&account, &elsewhere.tls_url());
    run(elsewhere.flags(Line::Tls)).exits(77).says("hint: the server has not looked");
    account.home.configure(&before);
    account.forget_server();
    assert_ne!(account.kept("access_token"), first, "the provider was believed");
    // For the mail server it counts instead of the system's.
    let authority = elsewhere.server.certificates.authority.display().to_string();
    run(vec!["--ca-file".to_owned(), authority.clone()]).exits(76).says("could not trust 127.0.0.1");
    run(vec!["--ca-file".to_owned(), authority, "--ca-file".to_owned(), systems.clone()]).exits(0);
}
