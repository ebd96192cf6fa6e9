//! `pop3 auth`: passwords kept in a real keyring, or in a file where there is none.

use crate::support::dovecot::{self, OnDovecot};
use crate::support::keyring::Session;
use crate::support::pop3::{Home, Pop3};
use crate::support::web::{Reply, Web};
use crate::support::{Maildrop, corpus};
use pop3::server::{Behaviour, Server, samples};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A home with the account `work` at that maildrop, that says nothing of a password.
fn home(maildrop: &OnDovecot) -> Home {
    let home = Home::new();
    let (url, deliver) = (maildrop.url("pop3"), "deliver = \"maildir:~/in\"");
    home.configure(&format!("[account.work]\nserver = \"{url}\"\ntls = \"none\"\n{deliver}\n"));
    home
}

fn pop3(home: &Home, session: Option<&Session>, args: &[&str]) -> Pop3 {
    let run = Pop3::new(home).args(args);
    match session {
        None => run,
        Some(session) => run.env("POP3_KEYRING", "on").env("DBUS_SESSION_BUS_ADDRESS", &session.address),
    }
}

fn log_in(home: &Home, session: Option<&Session>, password: &str) -> Pop3 {
    pop3(home, session, &["auth", "login", "--password-stdin"]).stdin(format!("{password}\n"))
}

fn file(home: &Home) -> PathBuf {
    home.join(".local/state/pop3/work.secret")
}

#[test]
fn a_password_rests_in_the_keyring_and_fetch_finds_it_there() {
    let mut maildrop = dovecot::maildrop();
    maildrop.put(&corpus::simple("one"));
    let (home, session) = (home(&maildrop), Session::with_a_keyring());
    let run = |args: &[&str]| pop3(&home, Some(&session), args).run();

    run(&["auth", "status"]).exits(0).has_line(&["work", "password", "nowhere"]);
    run(&["fetch"]).exits(77).says("pop3 auth login");
    log_in(&home, Some(&session), "wrong").run().exits(77);
    assert_eq!(session.password_of("work"), None, "kept although the server refused it");

    log_in(&home, Some(&session), maildrop.password()).run().exits(0).says("keyring");
    assert_eq!(session.password_of("work").as_deref(), Some(maildrop.password()));
    assert!(!file(&home).exists(), "kept twice");
    run(&["auth", "status"]).exits(0).has_line(&["work", "password", "keyring"]);
    let told = run(&["auth", "status", "--json"]).exits(0).text();
    let status: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&status["account"], &status["stored_in"]), (&"work".into(), &"keyring".into()));
    run(&["fetch"]).exits(0);
    assert_eq!(fs::read_dir(home.join("in/new")).unwrap().count(), 1);

    // A second time takes the place of the first.
    log_in(&home, Some(&session), maildrop.password()).run().exits(0);
    run(&["auth", "logout"]).exits(0).says("removed");
    assert_eq!(session.password_of("work"), None);
    run(&["auth", "logout"]).exits(0).says("nothing");
    run(&["stat"]).exits(77);
}

#[test]
fn a_locked_keyring_is_told_and_a_new_password_goes_into_a_file() {
    let maildrop = dovecot::maildrop();
    let (home, session) = (home(&maildrop), Session::with_a_keyring());
    log_in(&home, Some(&session), maildrop.password()).run().exits(0).says("keyring");
    session.lock();
    let run = |args: &[&str]| pop3(&home, Some(&session), args).run();
    run(&["stat"]).exits(77).says("keyring: it is locked");
    run(&["auth", "status"]).exits(0).has_line(&["work", "keyring"]);
    run(&["auth", "logout"]).exits(77).says("locked").says("unlock it").says_not("auth login");
    // Other sources are asked all the same.
    let host = maildrop.address().ip();
    let netrc = format!("machine {host} login {} password \"{}\"\n", maildrop.user(), maildrop.password());
    home.write(".netrc", &netrc, 0o600);
    run(&["stat"]).exits(0);
    fs::remove_file(home.join(".netrc")).unwrap();

    log_in(&home, Some(&session), maildrop.password()).run().exits(0).says("work.secret");
    run(&["stat"]).exits(0);
}

#[test]
fn where_there_is_no_keyring_a_file_that_only_its_owner_may_read_serves_cron() {
    let mut maildrop = dovecot::maildrop();
    maildrop.put(&corpus::simple("one"));
    let empty = Session::without_a_keyring();
    for session in [None, Some(&empty)] {
        let home = home(&maildrop);
        log_in(&home, session, maildrop.password()).run().exits(0).says("only you may read");
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(file(&home)), mode(home.join(".local/state/pop3"))), (0o600, 0o700));
        pop3(&home, session, &["auth", "status"]).run().exits(0).has_line(&["work", "password"]);
        pop3(&home, session, &["fetch"]).run().exits(0);
        assert_eq!(fs::read_dir(home.join("in/new")).unwrap().count(), 1);

        fs::set_permissions(file(&home), fs::Permissions::from_mode(0o644)).unwrap();
        pop3(&home, session, &["fetch"]).run().exits(78).says("chmod 600");
        pop3(&home, session, &["auth", "logout"]).run().exits(0);
        assert!(!file(&home).exists());
    }
}

#[test]
fn a_keyring_that_can_be_reached_takes_over_from_the_file() {
    let maildrop = dovecot::maildrop();
    let (home, session) = (home(&maildrop), Session::with_a_keyring());
    log_in(&home, None, maildrop.password()).run().exits(0);
    assert!(file(&home).exists());
    log_in(&home, Some(&session), maildrop.password()).run().exits(0).says("keyring");
    assert!(!file(&home).exists(), "the old one would count");
    // Switched off by the configuration, and on again by the environment.
    let path = home.join(".config/pop3/config.toml");
    let text = fs::read_to_string(&path).unwrap();
    home.configure(&format!("keyring = false\n{text}"));
    let stat = Pop3::new(&home).args(["stat"]).env("DBUS_SESSION_BUS_ADDRESS", &session.address);
    stat.env("POP3_KEYRING", "").run().exits(77);
    pop3(&home, Some(&session), &["stat"]).run().exits(0);
}

#[test]
fn a_bus_that_never_answers_is_not_waited_for_for_ever() {
    let maildrop = dovecot::maildrop();
    let home = home(&maildrop);
    let socket = home.join("bus");
    let _silent = UnixListener::bind(&socket).unwrap();
    let address = format!("unix:path={}", socket.display());
    let run = |run: Pop3| run.env("POP3_KEYRING", "on").env("DBUS_SESSION_BUS_ADDRESS", &address).run();
    let began = Instant::now();
    run(pop3(&home, None, &["stat"])).exits(77).says("does not answer");
    let status = run(pop3(&home, None, &["auth", "status", "--json"])).exits(77).says("does not answer");
    assert!(status.text().contains("\"state\":\"out of reach\""), "{}", status.text());
    run(log_in(&home, None, maildrop.password())).exits(0).says("work.secret");
    assert!(began.elapsed() < Duration::from_secs(60));
    run(pop3(&home, None, &["stat"])).exits(0);
}

#[test]
fn a_source_that_the_configuration_names_is_told_to_count_before() {
    let maildrop = dovecot::maildrop();
    let home = home(&maildrop);
    let path = home.join(".config/pop3/config.toml");
    let text = fs::read_to_string(&path).unwrap();
    home.configure(&format!("{text}password-command = \"echo wrong\"\n"));
    log_in(&home, None, maildrop.password()).run().exits(0).says("counts before");
    pop3(&home, None, &["auth", "status"]).run().exits(0).has_line(&["work", "command"]);
    pop3(&home, None, &["stat"]).run().exits(77);
}

#[test]
fn a_refresh_leaves_the_sign_in_where_it_was_found_and_cron_goes_on_finding_it() {
    let web = Web::start(|_, _, before| {
        let tokens = r#"{"access_token":"a-N","token_type":"bearer","expires_in":1,"refresh_token":"r-N"}"#;
        Reply::json(200, &tokens.replace('N', &before.to_string()))
    });
    let (home, session) = (Home::new(), Session::with_a_keyring());
    let token = web.url("/token");
    home.configure(&format!(
        "[account.work]\nserver = \"pop3://me@127.0.0.1:9\"\ntls = \"none\"\noauth-client-id = \"id\"\n\
         oauth-token-url = \"{token}\"\n"
    ));
    let kept = format!(
        r#"{{"version":1,"provider":"own","client_id":"id","token_endpoint":"{token}","secret_in_body":false,"scope":"","refresh_token":"r","access_token":"a","expires_at":1000}}"#
    );
    let file = home.write(".local/state/pop3/work.token", &kept, 0o600);
    // On the desktop, in cron, and on the desktop again; nobody listens at the mail server.
    for (session, rotated) in [(Some(&session), "r-0"), (None, "r-1"), (Some(&session), "r-2")] {
        pop3(&home, session, &["stat"]).run().exits(69);
        assert!(fs::read_to_string(&file).unwrap().contains(&format!("\"{rotated}\"")), "{rotated}");
    }
    fs::remove_file(&file).unwrap();
    pop3(&home, Some(&session), &["stat"]).run().exits(77).says("nobody has signed in");
}

#[test]
fn a_kept_password_is_not_sent_to_another_server_nor_for_another_user() {
    let maildrop = dovecot::maildrop();
    let session = Session::with_a_keyring();
    for session in [None, Some(&session)] {
        let home = home(&maildrop);
        log_in(&home, session, maildrop.password()).run().exits(0);
        pop3(&home, session, &["stat"]).run().exits(0);
        let elsewhere = Server::start(samples(), Behaviour::default()).unwrap();
        let there = format!("pop3://{}@localhost:{}", maildrop.user(), elsewhere.addr().port());
        let stat = || pop3(&home, session, &["stat", "-a", "work", "--tls", "none", "--trace"]);
        stat().args(["--server", &there]).run().exits(77).says("only to its own server");
        let told = stat().args(["--user", "somebody"]).run().exits(77).says("run `pop3 auth login -a work`");
        told.says(&format!("kept is for {}@127.0.0.1", maildrop.user()));
        assert_eq!(elsewhere.count("USER") + elsewhere.count("AUTH") + elsewhere.count("PASS"), 0);
    }
}

#[test]
fn a_login_that_can_ask_nobody_names_only_what_it_looks_at() {
    let maildrop = dovecot::maildrop();
    let home = home(&maildrop);
    let told = pop3(&home, None, &["auth", "login"]).run().exits(77).says("--password-stdin");
    for elsewhere in ["netrc", "pop3 auth login"] {
        assert!(!told.stderr.contains(elsewhere), "{}", told.stderr);
    }
    pop3(&home, None, &["auth", "login", "--auth", "external"]).run().exits(77).says("--client-cert");
}

#[test]
fn one_sign_in_that_cannot_be_read_stands_in_its_line_and_hides_no_other() {
    let (home, session) = (Home::new(), Session::with_a_keyring());
    let account = |name: &str| {
        format!(
            "[account.{name}]\nserver = \"pop3://me@127.0.0.1:9\"\noauth-client-id = \"id\"\n\
             oauth-token-url = \"https://127.0.0.1:9/token\"\n"
        )
    };
    home.configure(&["damaged", "locked", "fine", "open"].map(account).concat());
    let kept = r#"{"version":1,"provider":"own","client_id":"id","token_endpoint":"https://127.0.0.1:9/token","secret_in_body":false,"scope":"","refresh_token":"r","access_token":"a"}"#;
    home.write(".local/state/pop3/damaged.token", "rubbish", 0o600);
    home.write(".local/state/pop3/fine.token", kept, 0o600);
    home.write(".local/state/pop3/open.token", kept, 0o644);
    session.keep("locked", "refresh-token", kept);
    session.lock();
    let status = |args: &[&str]| pop3(&home, Some(&session), &["auth", "status"]).args(args).run();
    let told = status(&[]).exits(65).says("damaged.token: could not").says("it is locked").says("chmod 600");
    for (name, state) in [("damaged", "damaged"), ("locked", "locked"), ("fine", "signed"), ("open", "open")]
    {
        told.has_line(&[name, state]);
    }
    let told = status(&["--json"]).exits(65).text();
    let objects: Vec<serde_json::Value> = told.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let states: Vec<_> = objects.iter().map(|object| object["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["damaged", "locked", "signed in", "open to others"]);
    assert_eq!((&objects[1]["renews"], &objects[2]["renews"]), (&serde_json::Value::Null, &true.into()));
    status(&["-a", "fine"]).exits(0);
    status(&["-a", "locked"]).exits(77);
}

#[test]
fn what_is_kept_for_an_account_that_is_configured_no_more_is_shown_and_can_be_removed() {
    let maildrop = dovecot::maildrop();
    let (home, session) = (home(&maildrop), Session::with_a_keyring());
    log_in(&home, None, maildrop.password()).run().exits(0);
    let revoked = Web::start(|_, _, _| Reply::json(200, "{}"));
    let token = format!(
        r#"{{"version":1,"provider":"own","client_id":"id","token_endpoint":"{0}/token","revocation_endpoint":"{0}/revoke","secret_in_body":false,"scope":"","refresh_token":"r","access_token":"a"}}"#,
        revoked.url("")
    );
    let file = home.write(".local/state/pop3/old%2Fone.token", &token, 0o600);
    session.keep("older", "password", "x");
    home.write(".local/state/pop3/damaged.token", "rubbish", 0o600);
    let auth = |args: &[&str]| pop3(&home, Some(&session), &["auth"]).args(args).run();
    let all = auth(&["status"]).exits(0);
    for (name, kind) in [("old/one", "oauth"), ("older", "password"), ("damaged", "oauth")] {
        all.has_line(&[name, kind, "not", "configured"]);
    }
    all.has_line(&["work", "password"]);
    assert_eq!(all.words().iter().filter(|line| line.contains(&"configured".to_owned())).count(), 3);
    let one = auth(&["status", "-a", "work"]).exits(0).text();
    assert!(!one.contains("configured"), "{one}");

    let removed = auth(&["logout", "-a", "old/one", "--json"]).exits(0).text();
    let removed: serde_json::Value = serde_json::from_str(&removed).unwrap();
    assert_eq!((&removed["account"], &removed["secret"]), (&"old/one".into(), &"oauth".into()));
    assert!(!file.exists());
    auth(&["logout", "-a", "older"]).exits(0).says("removed the password of older from the keyring");
    auth(&["logout", "-a", "damaged"]).exits(0).says("removed the refresh token of damaged");
    // Where nothing is kept, it is a slip of the pen.
    auth(&["logout", "-a", "wrok"]).exits(64).says("did you mean work?");

    home.configure("");
    auth(&["status"]).exits(0).has_line(&["work", "not", "configured"]);
    auth(&["logout", "-a", "work"]).exits(0);
    auth(&["status"]).exits(64);
}
