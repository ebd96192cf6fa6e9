//! Which accounts are meant, and what is told where that, a server or a user is not known.

use super::*;

#[test]
fn one_account_is_the_default_or_the_only_one_or_an_error_that_names_them() {
    assert_eq!(one("[account.a]\nserver = 'pop3s://me@h'", &[], &[], &[]).unwrap().name, "a");
    assert_eq!(one(&format!("default-account = 'home'\n{TWO}"), &[], &[], &[]).unwrap().name, "home");
    let error = one(TWO, &[], &[], &[]).unwrap_err();
    assert_eq!(crate::account::values::causes(&error), "could not choose an account: there are work, home");
    assert_eq!(error.advice(), Some(&Settings::NameAccountOrDefault.into()));
    assert_eq!(one(TWO, &[], &["work", "home"], &[]).unwrap_err().kind(), Kind::Usage);
    assert_eq!(one(TWO, &[], &["work", "work"], &[]).unwrap().name, "work");
}

#[test]
fn what_names_no_account_is_told_with_what_to_name() {
    let advice = |text: &str, accounts: &[&str]| {
        let error = one(text, &[], accounts, &[]).unwrap_err();
        assert_eq!(error.kind(), Kind::Usage);
        error.advice().cloned()
    };
    let known = ["work", "home"].map(str::to_owned).to_vec();
    assert_eq!(advice(TWO, &["wrok"]), Some(Settings::MistypedAccount("work".to_owned()).into()));
    assert_eq!(advice(TWO, &["xylophone"]), Some(Settings::KnownAccounts(known).into()));
    assert_eq!(advice("", &["work"]), Some(Settings::NoAccounts.into()));
    assert_eq!(advice(TWO, &["work", "home"]), Some(Settings::NameSingleAccount.into()));
    let disabled = "[account.a]\nserver = 'pop3s://me@h'\nenabled = false\n";
    assert_eq!(advice(disabled, &[]), Some(Settings::NameDisabledAccount.into()));
    let home = Environment::artificial(Some(Path::new("/home/me")), []);
    let of = |environment: &Environment| {
        let flags = Overrides::default();
        resolve(&Config::default(), environment, &[], &flags, Scope::All).unwrap_err().advice().cloned()
    };
    assert_eq!(of(&home), Some(Settings::NameServer(home.config_path()).into()));
    assert_eq!(of(&nothing()), Some(Settings::NameServer(None).into()));
}

#[test]
fn fetch_takes_all_accounts_or_those_named() {
    let all = |accounts: &[&str], said: &[(&str, &str)]| {
        let accounts: Vec<String> = accounts.iter().map(ToString::to_string).collect();
        resolve(&config(TWO), &nothing(), &accounts, &flags(said), Scope::All).map(|accounts| {
            accounts.into_iter().map(|(name, account)| (account.unwrap(), name).1).collect::<Vec<_>>()
        })
    };
    assert_eq!(all(&[], &[]).unwrap(), ["work", "home"]);
    assert_eq!(all(&["home"], &[]).unwrap(), ["home"]);
    assert_eq!(all(&["home", "work"], &[]).unwrap(), ["home", "work"]);
    assert_eq!(all(&["home", "work"], &[("server", "pop3s://x")]).unwrap_err().kind(), Kind::Usage);
    assert_eq!(all(&[], &[("password-stdin", "true")]).unwrap_err().kind(), Kind::Usage);
}

#[test]
fn a_missing_server_or_user_is_told_by_the_account() {
    let error = one("[account.a]\nuser = 'me'", &[], &[], &[]).unwrap_err();
    assert_eq!(
        (error.kind(), crate::account::values::causes(&error).as_str()),
        (Kind::Config, "could not use the account a: it has no server")
    );
    assert_eq!(error.advice(), Some(&Settings::AddOrNameServer.into()));
    let error = one("[account.a]\nserver = 'pop3s://h'", &[], &[], &[]).unwrap_err();
    assert_eq!((error.kind(), error.advice()), (Kind::Config, Some(&Settings::AddOrNameUser.into())));
    let error = one("", &[], &[], &[("server", "pop3s://h")]).unwrap_err();
    assert_eq!((error.kind(), error.advice()), (Kind::Usage, Some(&Settings::NameUser.into())));
}
