//! Signing in by OAuth, end to end: a real provider, a person at a browser, a Dovecot that asks the
//! provider about every token.

use crate::support::Maildrop;
use crate::support::corpus;
use crate::support::dovecot::{self, Line};
use crate::support::keyring::Session;
use crate::support::oidc::{Account, CLIENT_SECRET, shared};
use crate::support::pop3::{Home, Pop3};
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

/// What the objects of a run say.
fn object(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

#[test]
fn login_then_fetch_by_both_mechanisms_with_tokens_that_run_out_in_between() {
    // Its access tokens last three seconds, so each run, and each session of a run, needs a new one.
    let mut account = shared().account("brief", "");
    account.login_with_a_code();
    let mut refresh = vec![account.kept("refresh_token")];
    for (count, mechanism) in ["xoauth2", "oauthbearer", "auto"].into_iter().enumerate() {
        account.maildrop.put(&corpus::simple(mechanism));
        std::thread::sleep(Duration::from_secs(4));
        assert!(!shared().knows(&account.kept("access_token")), "it has run out");
        account.pop3(&["fetch", "-a", "work", "--auth", mechanism]).run().exits(0);
        assert_eq!(fs::read_dir(account.home.join("mail/new")).unwrap().count(), count + 1, "{mechanism}");
        refresh.push(account.kept("refresh_token"));
    }
    refresh.dedup();
    assert_eq!(refresh.len(), 4, "each renewal brought another refresh token");
    let mode = fs::metadata(account.token_file()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
}

#[test]
fn an_access_token_is_used_as_long_as_it_lasts_and_renewed_once_when_refused() {
    let account = shared().account("public", "");
    account.login();
    let first = account.kept("access_token");
    account.pop3(&["stat"]).run().exits(0).has_line(&["0", "0"]);
    account.pop3(&["noop"]).run().exits(0);
    assert_eq!(account.kept("access_token"), first, "nobody asked for another");

    account.spoil_access_token();
    account.pop3(&["stat", "-v"]).run().exits(0).says("refused the access token");
    assert_ne!(account.kept("access_token"), first);
    account.spoil_access_token();
    account.pop3(&["check"]).run().exits(0).says("everything works");
    // With a password's worth of trouble: the server refuses whatever comes.
    let wrong = account.pop3(&["stat", "--user", "somebody-else", "-v"]).run().exits(77);
    assert_eq!(wrong.stderr.matches("refused the access token").count(), 1, "{}", wrong.stderr);
    wrong.says("pop3 auth login -a work");
}

#[test]
fn a_refused_token_that_nothing_renews_is_told_in_the_servers_words() {
    let account = shared().account("public", "");
    account.login();
    let stuck = account.stuck_with("of no use");
    for mechanism in ["xoauth2", "oauthbearer"] {
        let refused = stuck.pop3(&["stat", "--auth", mechanism]).run().exits(77);
        let told = refused.says("the server refused the OAuth token: status").says("the server says: [AUTH]");
        told.says("hint: run `pop3 auth login -a work`");
    }
}

#[test]
fn a_server_that_never_looks_at_the_token_gets_no_second_one() {
    let account = shared().account("public", "");
    account.login();
    let token = account.kept("access_token");
    // This one has no OAuth.
    let elsewhere = dovecot::maildrop();
    move_to(&account, &elsewhere.tls_url());
    let refused =
        account.pop3(&["stat", "-v", "-a", "work"]).args(elsewhere.flags(Line::Tls)).run().exits(77);
    let refused = refused.says("the server says: [AUTH] Unsupported").says("hint: the server has not looked");
    assert!(!refused.stderr.contains("trying with a new one"), "{}", refused.stderr);
    assert_eq!(account.kept("access_token"), token);
}

#[test]
fn a_command_that_prints_a_token_signs_in_without_a_provider() {
    let account = shared().account("public", "");
    account.login();
    let (token, home) = (account.kept("access_token"), Home::new());
    let file = home.write("token", &token, 0o600);
    let command = format!("cat '{}'", file.display());
    let stat = |mechanism: &str, more: &[&str]| {
        let run = Pop3::new(&home).args(["stat", "--trace", "--auth", mechanism]).args(more);
        run.args(account.maildrop.flags(Line::Tls))
    };
    home.configure(&format!(
        "[account.work]\nserver = \"{}\"\nca-file = \"{}\"\nauth = \"xoauth2\"\npassword-command = \"{command}\"\n",
        account.maildrop.tls_url(),
        shared().authority().display(),
    ));
    Pop3::new(&home).args(["config", "check"]).run().exits(0);
    for mechanism in ["xoauth2", "oauthbearer"] {
        let sent = format!("C: AUTH {}", mechanism.to_uppercase());
        for run in [
            stat(mechanism, &["--password-command", &command]),
            stat(mechanism, &["--password-file", file.to_str().unwrap()]),
            stat(mechanism, &["--password-stdin"]).stdin(token.clone()),
            stat(mechanism, &[]).env("POP3_PASSWORD", &token),
            Pop3::new(&home).args(["stat", "-a", "work", "--trace", "--auth", mechanism]),
        ] {
            let outcome = run.run().exits(0).says(&sent);
            assert!(!outcome.stderr.contains(&token), "{}", outcome.stderr);
        }
        // Nobody is asked for a password where a token is wanted.
        stat(mechanism, &[]).run().exits(77).says("hint: add oauth").says("--password-command CMD");
    }
    account.spoil_access_token();
    for mechanism in ["xoauth2", "oauthbearer"] {
        let refused = stat(mechanism, &["--password-command", &command]).run().exits(77);
        let refused = refused.says("the server refused the OAuth token");
        refused.says("hint: the server refused the token that the source of the password gave (command)");
    }
    let check = Pop3::new(&home).args(["check", "--json", "-a", "work"]).run().exits(77).text();
    assert!(check.contains("have it give a fresh one"), "{check}");
}

#[test]
fn a_password_named_in_a_heavier_layer_signs_in_instead_of_oauth() {
    // Nobody has signed in with the provider.
    let account = shared().account("public", "");
    account.pop3(&["stat"]).run().exits(77).says("pop3 auth login");
    let password = account.maildrop.password();
    let command = format!("echo '{password}'");
    account.pop3(&["stat", "--password-command", &command]).run().exits(0);
    account.pop3(&["stat", "--auth", "plain", "--password-command", &command]).run().exits(0);
    account.pop3(&["stat", "--password-stdin"]).stdin(password).run().exits(0);
    // The variable may be there for another account.
    account.pop3(&["stat"]).env("POP3_PASSWORD", password).run().exits(77).says("pop3 auth login");
    account.pop3(&["stat", "--auth", "plain"]).env("POP3_PASSWORD", password).run().exits(0);
    account.pop3(&["stat"]).env("POP3_OAUTH", "none").run().exits(77).says("the password of");
    let contradicting = shared().account("public", "password-command = \"pass\"");
    let check = contradicting.pop3(&["config", "check"]).run().exits(78);
    assert!(check.text().contains("a password, and OAuth"), "{}", check.text());
    contradicting.pop3(&["stat"]).run().exits(78).says("oauth = \"none\"");
}

#[test]
fn a_sign_in_that_the_provider_has_ended_says_what_to_run() {
    let account = shared().account("public", "");
    let before = account.pop3(&["fetch"]).run().exits(77);
    before.says("run `pop3 auth login -a work`");
    assert!(!account.home.join("mail").exists(), "nothing was begun");
    account.login();
    account.spoil_sign_in();
    let after = account.pop3(&["fetch"]).run().exits(77);
    assert!(
        after.stderr.contains("the provider no longer accepts the sign-in of this account"),
        "{}",
        after.stderr
    );
    after.says("hint: run `pop3 auth login -a work`");
    account.login();
    account.pop3(&["fetch"]).run().exits(0);
}

#[test]
fn runs_at_the_same_time_renew_once_and_lose_no_token() {
    let account = shared().account("public", "");
    account.login();
    for _ in 0..3 {
        account.spoil_access_token();
        let runs: Vec<_> = (0..6).map(|_| account.pop3(&["noop"]).start()).collect();
        for run in runs {
            run.wait().exits(0);
        }
    }
    assert!(shared().knows(&account.kept("refresh_token")));
}

/// Configures the account with another server, and gives the configuration that it had.
pub(crate) fn move_to(account: &Account, server: &str) -> String {
    let before = fs::read_to_string(account.home.join(".config/pop3/config.toml")).unwrap();
    let line = |line: &str| match line.starts_with("server = ") {
        true => format!("server = '{server}'\n"),
        false => format!("{line}\n"),
    };
    let after: String = before.lines().map(line).collect();
    assert_ne!(before, after);
    account.home.configure(&after);
    account.forget_server();
    before
}

/// Begins the browser flow and gives the address to open.
fn begin(account: &Account, more: &[&str]) -> (crate::support::pop3::Running, String) {
    let mut login =
        account.pop3(&["auth", "login", "--browser", "--json"]).args(more).keeping_stdin().start();
    let url = object(&login.line_with("open_url"))["url"].as_str().unwrap().to_owned();
    (login, url)
}

#[test]
fn the_browser_comes_back_by_itself_for_every_kind_of_client() {
    for (client, more) in [
        ("public", String::new()),
        ("confidential", format!("oauth-client-secret = \"{CLIENT_SECRET}\"")),
        ("confidential", format!("oauth-client-secret-command = \"echo '{CLIENT_SECRET}'\"")),
    ] {
        let account = shared().account(client, &more);
        let (login, url) = begin(&account, &[]);
        assert!(url.contains("code_challenge_method=S256") && !url.contains("secret"), "{url}");
        let shown = shared().browser().allow(&url, "", account.maildrop.user());
        assert!(shown.text.contains("has done its part"), "{}", shown.text);
        let outcome = login.wait().exits(0);
        let signed_in = object(outcome.text().lines().last().unwrap());
        assert_eq!((&signed_in["type"], &signed_in["renews"]), (&"login".into(), &true.into()));
        assert_eq!(signed_in["tried"], true);
        account.pop3(&["stat"]).run().exits(0);
        account.spoil_access_token();
        account.pop3(&["stat"]).run().exits(0);
    }
}

#[test]
fn a_client_that_the_provider_does_not_take_is_78_and_names_the_keys() {
    let wrong_secret = shared().account("confidential", "oauth-client-secret = \"wrong\"");
    let unknown = shared().account("nobody", "");
    for account in [wrong_secret, unknown] {
        account.pop3(&["auth", "login", "--device"]).run().exits(78).says("oauth-client-id");
    }
}

#[test]
fn a_person_may_carry_the_address_over() {
    let account = shared().account("public", "oauth-redirect-url = \"https://redirect.example.com/done\"");
    let (mut login, url) = begin(&account, &[]);
    let end = shared().browser().allow(&url, "", account.maildrop.user()).url;
    login.type_in("https://redirect.example.com/done?code=x&state=y");
    login.type_in(&format!("  {end}  "));
    login.wait().exits(0).says("not the address");
    account.pop3(&["noop"]).run().exits(0);
    // Nobody there to carry it: an error at once.
    account.pop3(&["auth", "login", "--browser"]).run().exits(77).says("standard input");
}

#[test]
fn a_denial_is_told_and_what_was_kept_stays() {
    let account = shared().account("public", "");
    account.login();
    let kept = account.kept("refresh_token");
    let (login, url) = begin(&account, &[]);
    let shown = shared().browser().deny(&url, account.maildrop.user());
    assert!(shown.text.contains("Not signed in."), "{}", shown.text);
    login.wait().exits(77).says("access was denied");
    assert_eq!(account.kept("refresh_token"), kept);
}

#[test]
fn a_sign_in_that_the_mail_server_refuses_is_77_and_what_was_kept_stays() {
    let account = shared().account("public", "");
    account.login();
    let kept = account.kept("refresh_token");
    // Another account is picked in the browser.
    let other = shared().account("public", "");
    let (login, url) = begin(&account, &[]);
    let shown = shared().browser().allow(&url, "", other.maildrop.user());
    assert!(!shown.text.contains("igned in"), "nobody knows that yet: {}", shown.text);
    let refused = login.wait().exits(77).says("could not sign in work").says("refused the OAuth token");
    let hint =
        format!("\"hint\":\"nothing new was kept: was {} picked in the browser", account.maildrop.user());
    assert!(!refused.says(&hint).text().contains("\"login\""));
    // A server that takes no tokens.
    let elsewhere = dovecot::maildrop();
    let flags = elsewhere.flags(Line::Tls);
    let flags: Vec<_> = flags.iter().map(String::as_str).chain(["-a", "work", "--ca-file"]).collect();
    let both = [flags, vec![shared().authority().to_str().unwrap()]].concat();
    let before = move_to(&account, &elsewhere.tls_url());
    let (login, url) = begin(&account, &both);
    shared().browser().allow(&url, "", account.maildrop.user());
    login.wait().exits(77).says("\"hint\":\"the server has not looked at the token");
    account.home.configure(&before);
    assert_eq!(account.kept("refresh_token"), kept);
    account.pop3(&["stat"]).run().exits(0);
}

#[test]
fn a_sign_in_is_kept_where_the_mail_server_cannot_be_asked() {
    let account = shared().account("public", "");
    let before = move_to(&account, "pop3s://me@127.0.0.1:9");
    let (login, url) = begin(&account, &[]);
    shared().browser().allow(&url, "", account.maildrop.user());
    let outcome = login.wait().exits(0).says("not tried at the server: could not").says("connection refused");
    let signed_in = object(outcome.text().lines().last().unwrap());
    assert_eq!((&signed_in["type"], &signed_in["tried"]), (&"login".into(), &false.into()));
    account.home.configure(&before);
    account.forget_server();
    account.pop3(&["stat"]).run().exits(0);
}

#[test]
fn rubbish_and_other_peoples_answers_do_not_disturb_the_browsers_way_back() {
    let account = shared().account("public", "");
    let (login, url) = begin(&account, &[]);
    let asked = oauth2::url::Url::parse(&url).unwrap();
    let value = |name: &str| asked.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    let back = oauth2::url::Url::parse(&value("redirect_uri")).unwrap();
    let address = format!("127.0.0.1:{}", back.port().unwrap());
    let mut idle = Vec::new();
    for said in [
        "GET /?code=x&state=wrong HTTP/1.1\r\n\r\n".to_owned(),
        "GET /?error=access_denied&state=wrong HTTP/1.1\r\n\r\n".to_owned(),
        format!("POST /?code=x&state={} HTTP/1.1\r\n\r\n", value("state")),
        "GET /favicon.ico HTTP/1.1\r\n\r\n".to_owned(),
        "\u{16}\u{3}\u{1}\u{2}\0".to_owned(),
        "x".repeat(1 << 20),
        String::new(),
    ] {
        let mut stream = TcpStream::connect(&address).unwrap();
        let _ = stream.write_all(said.as_bytes());
        idle.push(stream);
    }
    let mut shown = String::new();
    idle[0].read_to_string(&mut shown).unwrap();
    assert!(shown.starts_with("HTTP/1.1 404 "), "{shown}");
    shared().browser().allow(&url, "", account.maildrop.user());
    login.wait().exits(0);
}

#[test]
fn nobody_at_the_browser_is_75_after_a_while() {
    let account = shared().account("public", "");
    let (login, _) = begin(&account, &["--timeout", "2s"]);
    login.wait().exits(75).says("nobody finished it");
}

#[test]
fn status_and_logout_tell_what_is_kept_and_what_is_gone() {
    let account = shared().account("public", "oauth-revocation-url = \"https://localhost:1/revoke\"");
    let status =
        |account: &Account| object(&account.pop3(&["auth", "status", "--json"]).run().exits(0).text());
    assert_eq!(status(&account)["state"], "not signed in");
    account.login();
    let kept = status(&account);
    assert_eq!((&kept["state"], &kept["renews"]), (&"signed in".into(), &true.into()));
    assert_eq!(kept["user"], account.maildrop.user());
    assert_eq!(kept["path"], account.token_file().display().to_string());
    assert!(kept["token_until"].as_str().unwrap().starts_with("20"));
    assert!(kept["scope"].as_str().unwrap().contains("mail"));
    let table = account.pop3(&["auth", "status"]).run().exits(0).text();
    let (access, refresh) = (account.kept("access_token"), account.kept("refresh_token"));
    assert!(table.contains("signed in") && !table.contains(&access) && !table.contains(&refresh), "{table}");

    // A provider that cannot be told does not keep the sign-in here alive.
    account.pop3(&["auth", "logout"]).run().exits(0).says("may not have revoked");
    assert!(!account.token_file().exists());
    account.pop3(&["auth", "logout"]).run().exits(0).says("nothing was kept");

    let account = shared().account("public", "");
    account.login();
    let refresh = account.kept("refresh_token");
    assert!(shared().knows(&refresh));
    account.pop3(&["auth", "logout"]).run().exits(0).says("the provider has revoked");
    assert!(!shared().knows(&refresh) && !account.token_file().exists());
    account.pop3(&["stat"]).run().exits(77);
}

#[test]
fn a_sign_in_that_is_configured_no_more_is_given_back_to_its_provider_all_the_same() {
    let account = shared().account("public", "");
    account.login();
    let refresh = account.kept("refresh_token");
    account.home.configure("");
    let authority = shared().authority().to_str().unwrap();
    let logout = account.pop3(&["auth", "logout", "-a", "work", "--ca-file", authority]);
    logout.run().exits(0).says("the provider has revoked");
    assert!(!shared().knows(&refresh) && !account.token_file().exists());
}

#[test]
fn a_sign_in_rests_in_the_keyring_where_there_is_one() {
    let session = Session::with_a_keyring();
    let account = shared().account("brief", "").within(&session.address);
    account.login();
    let status = || object(&account.pop3(&["auth", "status", "--json"]).run().exits(0).text());
    assert_eq!((&status()["stored_in"], &status()["state"]), (&"keyring".into(), &"signed in".into()));
    for _ in 0..2 {
        // Each run renews it, and puts it back.
        account.pop3(&["stat"]).run().exits(0);
    }
    assert!(!account.token_file().exists());
    account.pop3(&["auth", "logout"]).run().exits(0).says("keyring").says("the provider has revoked");
    assert_eq!(status()["state"], "not signed in");
}

#[test]
fn what_others_may_read_is_not_used() {
    let account = shared().account("public", "");
    account.login();
    fs::set_permissions(account.token_file(), fs::Permissions::from_mode(0o644)).unwrap();
    account.pop3(&["stat"]).run().exits(78).says("chmod 600");
    let account = shared().account("confidential", &format!("oauth-client-secret = \"{CLIENT_SECRET}\""));
    let config = account.home.join(".config/pop3/config.toml");
    fs::set_permissions(&config, fs::Permissions::from_mode(0o644)).unwrap();
    let outcome = account.pop3(&["stat"]).run().exits(78).says("chmod 600");
    assert!(!outcome.stderr.contains(CLIENT_SECRET));
}
