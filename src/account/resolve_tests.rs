//! Which word counts: configuration < environment < flags.

use std::error::Error as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;
use crate::account::TraceTo;
use crate::advice::{Settings, SignIn};
use crate::auth::Proof;
use crate::fetch::policy::{Keep, Order};
use crate::transport::Security;

#[path = "resolve_naming_tests.rs"]
mod naming;

const TWO: &str = "[defaults]\nlimit = 1\n\
    [account.work]\nserver = 'pop3s://w.example'\nuser = 'worker'\npassword = 'configured'\nkeep = '14d'\n\
    [account.home]\nserver = 'pop3://me@h.example'\n";

fn config(text: &str) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    Config::find(Some(&path), &nothing()).unwrap()
}

fn nothing() -> Environment {
    Environment::artificial(None, [])
}

fn flags(pairs: &[(&str, &str)]) -> Overrides {
    let mut flags = Overrides::default();
    for (key, text) in pairs {
        flags
            .set(key, &super::super::setting::Value::Text(text), super::super::paths::Paths::of_run(None))
            .unwrap();
    }
    flags
}

fn one(text: &str, environment: &[(&str, &str)], account: &[&str], said: &[(&str, &str)]) -> Result<Account> {
    let accounts: Vec<String> = account.iter().map(ToString::to_string).collect();
    let environment = Environment::artificial(Some(Path::new("/home/me")), environment.iter().copied());
    resolve(&config(text), &environment, &accounts, &flags(said), Scope::One)?.remove(0).1
}

/// Accounts with none of which anything is wrong.
#[track_caller]
fn each(resolved: Result<Vec<Resolved>>) -> Vec<Account> {
    resolved.unwrap().into_iter().map(|(_, account)| account.unwrap()).collect()
}

fn given(account: &Account) -> Option<&[u8]> {
    if let PasswordSource::Given(secret) = &account.password { Some(secret.expose()) } else { None }
}

#[test]
fn the_higher_layer_wins_configuration_environment_flags() {
    let limit = |environment: &[(&str, &str)], said: &[(&str, &str)]| {
        one(TWO, environment, &["work"], said).unwrap().policy.limit
    };
    assert_eq!(limit(&[], &[]), Some(1));
    assert_eq!(limit(&[("POP3_LIMIT", "2")], &[]), Some(2));
    assert_eq!(limit(&[("POP3_LIMIT", "2")], &[("limit", "3")]), Some(3));
    assert_eq!(limit(&[], &[("limit", "3")]), Some(3));
}

#[test]
fn a_client_certificate_stands_in_for_a_password_that_nobody_named() {
    let server = ("server", "pop3s://me@h.example");
    let pair = [server, ("client-cert", "/me.pem"), ("client-key", "/me.key")];
    let may_speak = |said: &[(&str, &str)], environment: &[(&str, &str)]| {
        one("", environment, &[], said).unwrap().certificate_may_speak()
    };
    assert!(may_speak(&pair, &[]));
    assert!(!may_speak(&[server], &[]));
    assert!(!may_speak(&pair, &[("POP3_PASSWORD", "x")]));
    assert!(!may_speak(&[&pair[..], &[("auth", "plain")]].concat(), &[]), "that needs a password");
    assert!(!may_speak(&[&pair[..], &[("tls", "none")]].concat(), &[]), "nothing shows it without TLS");

    let folder = tempfile::tempdir().unwrap();
    let netrc = folder.path().join("netrc");
    fs::write(&netrc, "machine h.example login me password x\n").unwrap();
    fs::set_permissions(&netrc, fs::Permissions::from_mode(0o600)).unwrap();
    let account = one("", &[], &[], &pair).unwrap();
    let proof =
        |netrc: &str| account.credentials(&Environment::artificial(None, [("NETRC", netrc)])).unwrap().proof;
    assert!(matches!(proof("/nonexistent"), Proof::Certificate));
    assert!(matches!(proof(netrc.to_str().unwrap()), Proof::Password(_)), "a password that is found counts");

    let needs_tls = SignIn::CertificateNeedsTls { is_socket: false };
    for (more, why, advice) in
        [(&[][..], "there is none", SignIn::GiveCertificate), (&pair[1..], "in TLS alone", needs_tls)]
    {
        let said = [&[server, ("auth", "external"), ("tls", "none")], more].concat();
        let account = one("", &[], &[], &said).unwrap();
        let error = account.credentials(&Environment::artificial(None, [])).unwrap_err();
        assert_eq!(error.kind(), Kind::NoCredentials);
        assert!(error.source().unwrap().to_string().contains(why), "{error:?}");
        assert_eq!(error.advice(), Some(&advice.into()));
    }

    let account = one("", &[("POP3_CLIENT_CERT_PASSWORD", "tanstaaf")], &[], &pair).unwrap();
    let own = account.tls.identity.unwrap();
    assert_eq!(own.certificate, Path::new("/me.pem"));
    assert_eq!(own.key.as_deref(), Some(Path::new("/me.key")));
    assert_eq!(own.password.unwrap().as_str(), "tanstaaf");
    let error = one("", &[], &[], &[server, pair[2]]).unwrap_err();
    let advice = Settings::ClientCertificate { in_file: false };
    assert_eq!((error.kind(), error.advice()), (Kind::Usage, Some(&advice.into())));
}

#[test]
fn what_nobody_said_has_its_default() {
    let account = one("", &[], &[], &[("server", "pop3s://me@h.example")]).unwrap();
    assert_eq!(account.name, "me@h.example");
    assert_eq!(account.server, Target::Tcp { host: "h.example".into(), port: 995 });
    assert_eq!((account.security, account.timeout), (Security::Implicit, Duration::from_secs(60)));
    assert_eq!(
        (account.auth, account.trace, account.dry_run, account.deliver),
        (None, TraceTo::Nowhere, false, None)
    );
    assert_eq!((account.tls.min, account.tls.host), (TlsVersion::V1_2, None));
    assert_eq!((account.policy.keep, account.policy.order), (Keep::All, Order::Oldest));
    assert!(matches!(account.password, PasswordSource::Search));
}

#[test]
fn tls_overrides_the_scheme_and_with_it_the_port() {
    let account = one(TWO, &[], &["home"], &[("tls", "implicit")]).unwrap();
    assert_eq!(account.server, Target::Tcp { host: "h.example".into(), port: 995 });
    assert_eq!(account.security, Security::Implicit);
}

#[test]
fn no_lower_word_opens_the_line_that_a_higher_url_encrypts() {
    let new = ("server", "pop3s://me@new.example");
    let old = "[account.old]\nserver = 'pop3://me@old.example'\ntls = 'none'\n";
    let security = |text: &str, environment: &[(&str, &str)], account: &[&str], said: &[(&str, &str)]| {
        one(text, environment, account, said).unwrap().security
    };
    let open = "[defaults]\ntls = 'none'\n";
    assert_eq!(security(open, &[], &[], &[new]), Security::Implicit);
    let account = format!("{open}[account.a]\nserver = 'pop3://me@a.example'\n");
    assert_eq!(security(&account, &[], &["a"], &[]), Security::Stls);
    assert_eq!(security("", &[("POP3_TLS", "none")], &[], &[new]), Security::Implicit);
    assert_eq!(security(old, &[], &["old"], &[new]), Security::Implicit);
    let lab = [("POP3_SERVER", "pop3://lab.example"), ("POP3_USER", "me"), ("POP3_TLS", "none")];
    assert_eq!(security(TWO, &lab, &["work"], &[]), Security::Implicit, "it was said of the lab");
    // Said of this very server, or in a higher layer.
    assert_eq!(security(old, &[], &["old"], &[]), Security::None);
    assert_eq!(security(TWO, &lab, &[], &[]), Security::None);
    assert_eq!(security(TWO, &[("POP3_TLS", "none")], &["work"], &[]), Security::None);
    assert_eq!(security(open, &[], &[], &[new, ("tls", "none")]), Security::None);
}

#[test]
fn the_way_is_that_of_the_heaviest_word_and_the_systems_proxy_the_lightest() {
    let server = ("server", "pop3s://me@h.example");
    let all = ("ALL_PROXY", "socks5h://system:9050");
    let proxy = |environment: &[(&str, &str)], said: &[(&str, &str)]| {
        let proxy = one("", environment, &[], said).unwrap().way.proxy;
        proxy.map(|proxy| (proxy.host, proxy.password.map(|password| password.expose().to_vec())))
    };
    let password = ("POP3_PROXY_PASSWORD", "hunter2");
    let given = ("proxy", "socks5://me@given");
    assert_eq!(proxy(&[], &[server]), None);
    assert_eq!(proxy(&[all, password], &[server]), Some(("system".into(), None)));
    assert_eq!(proxy(&[all, ("NO_PROXY", "example")], &[server]), None);
    assert_eq!(proxy(&[all], &[server, ("proxy", "none")]), None);
    assert_eq!(proxy(&[all], &[server, ("tunnel", "nc h 1")]), None);
    assert_eq!(proxy(&[all], &[("server", "pop3+unix://me@/run/pop")]), None);
    assert_eq!(proxy(&[all], &[server, given]), Some(("given".into(), None)));
    assert_eq!(
        proxy(&[("POP3_PROXY", "socks5h://me@env"), password], &[server]),
        Some(("env".into(), Some(b"hunter2".to_vec())))
    );
    let error = one("", &[("ALL_PROXY", "socks5h://h:x")], &[], &[server]).unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (Kind::Usage, "could not use ALL_PROXY"));
    let error = one("", &[], &[], &[server, given, ("tunnel", "nc h 1")]).unwrap_err();
    assert_eq!(error.kind(), Kind::Usage);
}

#[test]
fn two_tunnels_on_one_machine_have_two_journals_and_the_usual_ports_one() {
    let name = |server: &str| one(TWO, &[], &[], &[("server", server)]).unwrap().name;
    assert_ne!(name("pop3://me@localhost:2110"), name("pop3://me@localhost:3110"));
    assert_eq!(name("pop3://me@h.example"), name("pop3s://me@h.example"));
}

#[test]
fn a_server_by_flag_is_an_account_of_its_own_on_the_defaults() {
    let account = one(TWO, &[], &[], &[("server", "pop3s://x.example"), ("user", "a@b")]).unwrap();
    assert_eq!((account.name.as_str(), account.policy.limit), ("a@b@x.example", Some(1)));
    assert!(matches!(account.password, PasswordSource::Search), "no account's password goes there");
    let replaced = one(TWO, &[], &["work"], &[("server", "pop3s://x.example")]).unwrap();
    assert_eq!(
        (replaced.name.as_str(), replaced.host(), replaced.user.as_str()),
        ("worker@x.example", "x.example", "worker")
    );
    let socket = one("", &[], &[], &[("server", "pop3+unix://me@/run/pop")]).unwrap();
    assert_eq!((socket.name.as_str(), socket.host()), ("me@/run/pop", "localhost"));
}

#[test]
fn the_environment_alone_can_name_a_server_but_a_named_account_outweighs_it() {
    let environment = [("POP3_SERVER", "pop3s://env.example"), ("POP3_USER", "envy")];
    assert_eq!(one(TWO, &environment, &[], &[]).unwrap().name, "envy@env.example");
    let work = one(TWO, &environment, &["work"], &[]).unwrap();
    assert_eq!((work.host(), work.user.as_str()), ("w.example", "worker"));
    let user = one(TWO, &[("POP3_USER", "envy")], &["work"], &[]).unwrap();
    assert_eq!((user.host(), user.user.as_str()), ("w.example", "envy"));
    assert_eq!(one(TWO, &[("POP3_ACCOUNT", "home")], &[], &[]).unwrap().name, "home");
    assert_eq!(one(TWO, &[("POP3_ACCOUNT", "home")], &["work"], &[]).unwrap().name, "work");
}

#[test]
fn what_is_wrong_with_one_account_keeps_no_other_from_being_used() {
    let text = format!(
        "{TWO}[account.a]\nuser = 'me'\n[account.b]\nserver = 'pop3s://h'\n\
         [account.c]\nserver = 'pop3s://me@h'\nlimit = -1\n[account.d]\nserver = 'pop3s://me@h'\nclient-key = '/k'\n"
    );
    let all = |said: &[(&str, &str)]| {
        let all = resolve(&config(&text), &nothing(), &[], &flags(said), Scope::All).unwrap();
        let kind =
            |(name, account): (String, Result<Account>)| (name, account.err().map(|error| error.kind()));
        all.into_iter().map(kind).collect::<Vec<_>>()
    };
    let named = |kinds: [Option<Kind>; 6]| {
        let names = ["work", "home", "a", "b", "c", "d"].map(str::to_owned);
        names.into_iter().zip(kinds).collect::<Vec<_>>()
    };
    let wrong = Some(Kind::Config);
    assert_eq!(all(&[]), named([None, None, wrong, wrong, wrong, wrong]));
    assert_eq!(all(&[("user", "x"), ("client-cert", "/c")]), named([None, None, wrong, None, wrong, None]));
}

#[test]
fn an_account_knows_the_name_of_its_maildrop() {
    let text = "[account.a]\nserver = 'pop3s://me@h'\nmaildrop = 'second'\n";
    assert_eq!(one(text, &[], &[], &[]).unwrap().maildrop.as_deref(), Some("second"));
    assert_eq!(one(text, &[], &["a"], &[("server", "pop3s://me@other")]).unwrap().maildrop, None);
}

#[test]
fn a_contradiction_is_the_files_fault_where_the_file_alone_has_it() {
    let table = |lines: &str| format!("[account.a]\nserver = 'pop3s://me@h'\n{lines}\n");
    let kind = |lines: &str, environment: &[(&str, &str)], said: &[(&str, &str)]| {
        let account = one(&table(lines), environment, &["a"], said);
        account.err().map(|error| (error.kind(), error.advice().is_some()))
    };
    let (file, caller) = (Some((Kind::Config, true)), Some((Kind::Usage, true)));
    let error = one(&table("client-key = '/k'"), &[], &["a"], &[]).unwrap_err();
    assert_eq!(error.advice(), Some(&Settings::ClientCertificate { in_file: true }.into()));
    let tunnel = "tunnel = 'nc %h %p'";
    assert_eq!(kind("client-key = '/k'", &[], &[]), file);
    assert_eq!(kind(&format!("{tunnel}\nproxy = 'socks5h://p'"), &[], &[]), file);
    assert_eq!(kind("oauth = 'google'", &[], &[]), file);
    assert_eq!(kind("", &[], &[("client-key", "/k")]), caller);
    assert_eq!(kind(tunnel, &[], &[("tunnel", "nc h 1"), ("proxy", "socks5h://p")]), caller);
    assert_eq!(kind("", &[("POP3_OAUTH", "google")], &[]), caller);
    // What a higher layer mends is none.
    assert_eq!(kind("client-key = '/k'", &[], &[("client-cert", "/c")]), None);
    assert_eq!(kind(&format!("{tunnel}\nproxy = 'socks5h://p'"), &[], &[("proxy", "none")]), None);
}

#[test]
fn the_sources_of_a_password_outweigh_each_other_in_their_order() {
    assert_eq!(given(&one(TWO, &[], &["work"], &[]).unwrap()), Some(&b"configured"[..]));
    let environment = [("POP3_PASSWORD", "from the environment")];
    let account = one(TWO, &environment, &["work"], &[]).unwrap();
    assert_eq!(given(&account), Some(&b"from the environment"[..]));
    let account = one(TWO, &environment, &["work"], &[("password-command", "pass")]).unwrap();
    assert!(matches!(account.password, PasswordSource::Command(_)));
    let named = [("POP3_PASSWORD", "x"), ("POP3_PASSWORD_FILE", "~/secret")];
    let account = one(TWO, &named, &["work"], &[]).unwrap();
    assert!(matches!(&account.password, PasswordSource::File(path) if path == Path::new("/home/me/secret")));
    assert!(matches!(one(TWO, &[], &["home"], &[]).unwrap().password, PasswordSource::Search));
}

#[test]
fn a_password_that_is_named_in_a_higher_layer_outweighs_oauth() {
    let file = "[defaults]\noauth = 'google'\noauth-client-id = 'x'\n[account.a]\nserver = 'pop3s://me@h'\n";
    let by_oauth = |more: &str, environment: &[(&str, &str)], said: &[(&str, &str)]| {
        one(&format!("{file}{more}"), environment, &["a"], said).map(|account| account.oauth.is_some())
    };
    assert!(by_oauth("", &[], &[]).unwrap());
    assert!(by_oauth("auth = 'xoauth2'", &[], &[("auth", "oauthbearer")]).unwrap());
    for more in ["oauth = 'none'", "password-command = 'pass'", "auth = 'plain'"] {
        assert!(!by_oauth(more, &[], &[]).unwrap(), "{more}");
    }
    for variable in ["POP3_PASSWORD_COMMAND", "POP3_PASSWORD_FILE"] {
        assert!(!by_oauth("", &[(variable, "x")], &[]).unwrap(), "{variable}");
    }
    // It may have been exported for another account: it needs a word that a password is wanted.
    let exported = [("POP3_PASSWORD", "x")];
    assert!(by_oauth("", &exported, &[]).unwrap());
    assert!(!by_oauth("", &exported, &[("auth", "plain")]).unwrap());
    assert!(!by_oauth("auth = 'plain'", &exported, &[]).unwrap());
    assert!(!by_oauth("", &[("POP3_OAUTH", "none")], &[]).unwrap());
    assert!(!by_oauth("", &[], &[("password-stdin", "true")]).unwrap());
    assert!(!by_oauth("", &[("POP3_OAUTH", "yahoo")], &[("auth", "plain")]).unwrap());
    let yahoo = [("POP3_OAUTH", "yahoo"), ("POP3_OAUTH_CLIENT_ID", "y")];
    assert!(by_oauth("password-command = 'pass'", &yahoo, &[]).unwrap());
    // Of one weight there is no telling.
    let own = "oauth = 'yahoo'\noauth-client-id = 'y'\npassword-command = 'pass'";
    assert_eq!(by_oauth(own, &[], &[]).unwrap_err().kind(), Kind::Config);
    let both = [&yahoo[..], &[("POP3_PASSWORD_COMMAND", "x")]].concat();
    assert_eq!(by_oauth("", &both, &[]).unwrap_err().kind(), Kind::Usage);

    let two = format!("{file}[account.b]\nserver = 'pop3s://me@h'\noauth = 'none'\n");
    let environment = Environment::artificial(None, [("POP3_PASSWORD", "shared")]);
    let all = each(resolve(&config(&two), &environment, &[], &Overrides::default(), Scope::All));
    assert!(all[0].oauth.is_some(), "the password is for those without a proof of their own");
    assert!(all[1].oauth.is_none() && given(&all[1]) == Some(b"shared"));
}

#[test]
fn a_named_source_gives_the_token_that_a_mechanism_takes_and_no_other_is_asked() {
    let server = ("server", "pop3s://me@h.example");
    for mechanism in ["xoauth2", "oauthbearer"] {
        let credentials = |environment: &[(&str, &str)], said: &[(&str, &str)]| {
            let said = [&[server, ("auth", mechanism)], said].concat();
            one("", environment, &[], &said).unwrap().credentials(&nothing())
        };
        let is_token = |credentials: Result<crate::auth::Credentials>| {
            let credentials = credentials.unwrap();
            matches!(credentials.proof, Proof::Token(_)) && credentials.secret() == b"ya29"
        };
        assert!(is_token(credentials(&[], &[("password-command", "echo ya29")])));
        assert!(is_token(credentials(&[("POP3_PASSWORD", "ya29")], &[])));
        let error = credentials(&[], &[]).unwrap_err();
        assert_eq!(error.kind(), Kind::NoCredentials);
        assert_eq!(error.advice(), Some(&SignIn::GiveToken.into()));
    }
}

#[test]
fn one_password_in_the_environment_does_not_reach_several_accounts_that_have_their_own() {
    let environment = Environment::artificial(None, [("POP3_PASSWORD", "shared")]);
    let all = each(resolve(&config(TWO), &environment, &[], &Overrides::default(), Scope::All));
    assert_eq!(given(&all[0]), Some(&b"configured"[..]));
    assert_eq!(given(&all[1]), Some(&b"shared"[..]));
}

#[test]
fn one_password_in_the_environment_is_sent_to_no_more_than_one_of_several_accounts() {
    let environment = Environment::artificial(None, [("POP3_PASSWORD", "shared")]);
    let third = format!("{TWO}[account.third]\nserver = 'pop3://me@t.example'\n");
    let all = |text: &str, scope| resolve(&config(text), &environment, &[], &Overrides::default(), scope);
    let error = all(&third, Scope::All).unwrap_err();
    assert_eq!((error.kind(), error.advice()), (Kind::Usage, Some(&Settings::PasswordOfEachAccount.into())));
    assert!(error.source().unwrap().to_string().contains("POP3_PASSWORD"), "{error:?}");
    assert_eq!(all(&third, Scope::Shown).unwrap().len(), 3, "nothing is sent to be shown");
    // What signs in otherwise has no use for it.
    let oauth = format!("{third}oauth = 'google'\noauth-client-id = 'x'\n");
    assert_eq!(given(&each(all(&oauth, Scope::All))[1]), Some(&b"shared"[..]));
    let command = [("password-command", "pass")];
    assert!(resolve(&config(&third), &environment, &[], &flags(&command), Scope::All).is_ok());
}

#[test]
fn no_debug_form_shows_a_password() {
    let account = one(TWO, &[("POP3_PASSWORD", "hunter2")], &["work"], &[]).unwrap();
    assert!(!format!("{account:?} {:?}", config(TWO)).contains("hunter2"));
    assert!(!format!("{:?}", config(TWO)).contains("configured\""));
}

#[test]
fn nothing_but_the_user_name_goes_to_another_server_than_the_accounts_own() {
    let pin = format!("sha256:{}", "ab".repeat(32));
    let text = format!(
        "[defaults]\nclient-cert = '/c'\n\
         [account.work]\nserver = 'pop3s://w.example'\nuser = 'worker'\npassword = 'configured'\n\
         pin = '{pin}'\ntls-host = 'w'\nauth = 'plain'\nlimit = 3\n\
         [account.token]\nserver = 'pop3s://t.example'\nuser = 'worker'\noauth = 'google'\noauth-client-id = 'x'\n"
    );
    let goes_along = |account: &Account| {
        let tls = &account.tls;
        let trust = !tls.pins.is_empty() || tls.host.is_some() || tls.identity.is_some();
        let sign_in = given(account).is_some() || account.oauth.is_some() || account.auth.is_some();
        (trust, sign_in)
    };
    for server in
        ["pop3://w.example", "pop3s://w.example:9950", "pop3s://x.example", "pop3+unix:///w.example"]
    {
        for (name, flags, variables) in [
            ("work", &[("server", server)][..], &[][..]),
            ("token", &[("server", server)], &[]),
            ("work", &[], &[("POP3_ACCOUNT", "work"), ("POP3_SERVER", server)]),
        ] {
            let named: &[&str] = if flags.is_empty() { &[] } else { &[name] };
            let account = one(&text, variables, named, flags).unwrap();
            assert_eq!(goes_along(&account), (false, false), "{server} {name}");
            assert_eq!(account.user, "worker");
            assert_ne!(account.name, name, "nor what is stored by the account's name");
            assert!(matches!(account.password, PasswordSource::Search));
            let error = account.credentials(&nothing()).unwrap_err();
            let advice = SignIn::PasswordWithheld { account: name.to_owned() };
            assert_eq!(error.advice(), Some(&advice.into()), "{error:?}");
        }
    }
    // Its own, however it is written, and what is said for this run.
    for server in ["pop3s://W.example", "pop3://w.example:995"] {
        let account = one(&text, &[], &["work"], &[("server", server)]).unwrap();
        assert_eq!((goes_along(&account), account.name.as_str()), ((true, true), "work"), "{server}");
    }
    let said = [("server", "pop3s://x.example"), ("password-command", "echo x")];
    let account = one(&text, &[], &["work"], &said).unwrap();
    assert!(matches!(account.password, PasswordSource::Command(_)));
    assert_eq!(account.policy.limit, Some(3), "what is fetched is no secret");
    let account = one(&text, &[("POP3_PASSWORD", "x")], &["work"], &said[..1]).unwrap();
    assert_eq!(given(&account), Some(&b"x"[..]));
}
