//! `config.toml`: mistakes are found with their place, secrets are guarded.

use crate::support::dovecot::{self, OnDovecot};
use crate::support::pop3::{Home, Pop3};
use crate::support::{Maildrop, corpus};

fn account(name: &str, maildrop: &OnDovecot, more: &str) -> String {
    format!(
        "[account.{name}]\nserver = \"{}\"\ntls = \"none\"\npassword-command = \"echo '{}'\"\n{more}\n",
        maildrop.url("pop3"),
        maildrop.password()
    )
}

#[test]
fn fetch_brings_in_every_account_to_where_it_is_delivered() {
    let (mut home_mail, mut work) = (dovecot::maildrop(), dovecot::maildrop());
    home_mail.put(&corpus::simple("one"));
    work.put(&corpus::simple("two"));
    work.put(&corpus::simple("three"));
    let home = Home::new();
    home.configure(&format!(
        "default-account = \"home\"\n[defaults]\ndeliver = \"maildir:~/mail/home\"\n{}{}",
        account("home", &home_mail, ""),
        account("work", &work, "deliver = \"maildir:~/mail/work\"\nkeep = \"none\"")
    ));
    Pop3::new(&home).args(["config", "check"]).run().exits(0);
    let accounts = Pop3::new(&home).args(["accounts"]).run().exits(0).text();
    assert!(accounts.contains("home") && accounts.contains("work"), "{accounts}");
    assert!(!accounts.contains(work.password()), "{accounts}");

    Pop3::new(&home).args(["fetch"]).run().exits(0);
    let count = |path: &str| std::fs::read_dir(home.join(path)).unwrap().count();
    assert_eq!((count("mail/home/new"), count("mail/work/new")), (1, 2));
    assert_eq!((home_mail.left(), work.left()), (1, 0));
    let names = std::fs::read_to_string(home.join(".local/state/pop3/names")).unwrap();
    assert_eq!(names.lines().count(), 2, "a journal for each maildrop: {names}");
    Pop3::new(&home).args(["stat", "-a", "work"]).run().exits(0).has_line(&["0", "0"]);
    Pop3::new(&home).args(["stat"]).run().exits(0).has_line(&["1"]);
}

#[test]
fn flags_outweigh_the_file_and_unknown_accounts_are_named() {
    let mut maildrop = dovecot::maildrop();
    maildrop.put(&corpus::simple("one"));
    let home = Home::new();
    home.configure(&account("home", &maildrop, "deliver = \"maildir:~/wrong\"\nkeep = \"none\""));
    Pop3::new(&home).args(["fetch", "--to", "maildir:right", "--keep", "all"]).run().exits(0);
    assert!(home.join("right/new").exists() && !home.join("wrong").exists());
    assert_eq!(maildrop.left(), 1);
    let outcome = Pop3::new(&home).args(["stat", "-a", "hoem"]).run();
    assert!([64, 78].contains(&outcome.code), "{outcome:?}");
    outcome.says("home");
}

#[test]
fn a_url_with_tls_is_not_opened_by_what_the_file_says_of_others() {
    let maildrop = dovecot::maildrop();
    let home = Home::new();
    home.configure("[defaults]\ntls = \"none\"\n");
    // This one has no TLS on that port: an attempt in the clear would work.
    let url = maildrop.url("pop3s");
    let stat = |more: &[&str]| {
        let run = Pop3::new(&home).args(["stat", "--trace", "--server", &url]).args(more);
        run.env("POP3_PASSWORD", maildrop.password()).run()
    };
    let refused = stat(&[]).exits(76);
    assert!(!refused.stderr.contains("C: "), "{}", refused.stderr);
    stat(&["--tls", "none"]).exits(0);
}

#[test]
fn a_typo_is_78_with_its_place_and_the_nearest_key() {
    let home = Home::new();
    home.configure("[account.work]\nserver = \"pop3s://me@example.org\"\npasswort-command = \"pass\"\n");
    for arguments in [&["config", "check"][..], &["stat"]] {
        let outcome = Pop3::new(&home).args(arguments).run().exits(78);
        let everything = outcome.stderr + &String::from_utf8_lossy(&outcome.stdout);
        for wanted in ["password-command", "3", "config.toml"] {
            assert!(everything.contains(wanted), "{wanted} in {everything}");
        }
    }
}

#[test]
fn a_check_names_every_mistake() {
    let home = Home::new();
    home.configure(
        "default-acount = \"work\"\n[account.work]\nserver = \"http://x\"\nkeep = \"sometimes\"\n",
    );
    let outcome = Pop3::new(&home).args(["config", "check"]).run().exits(78);
    let everything = outcome.stderr.clone() + &outcome.text();
    for wanted in ["default-account", "http", "sometimes"] {
        assert!(everything.contains(wanted), "{wanted} in {everything}");
    }
}

#[test]
fn what_does_not_go_together_is_the_files_mistake_in_the_check_and_in_each_command() {
    let home = Home::new();
    for (lines, wanted, hint) in [
        ("client-key = \"~/me.key\"", "client certificate", "client-cert = \"FILE\""),
        (
            "tunnel = \"nc %h %p\"\nproxy = \"socks5h://proxy.example\"",
            "two different ways",
            "leave out one of tunnel and proxy",
        ),
    ] {
        home.configure(&format!("[account.work]\nserver = \"pop3s://me@example.org\"\n{lines}\n"));
        let check = Pop3::new(&home).args(["config", "check"]).run().exits(78);
        assert!(check.text().contains(wanted) && check.text().contains(hint), "{}", check.text());
        Pop3::new(&home).args(["stat"]).run().exits(78).says(wanted).says(hint);
    }
    // What the options have is told with options.
    home.configure("[account.work]\nserver = \"pop3s://me@example.org\"\n");
    Pop3::new(&home).args(["stat", "--client-key", "/k"]).run().exits(64).says("--client-cert FILE");
}

#[test]
fn a_file_that_is_no_toml_is_78() {
    let home = Home::new();
    home.configure("[account.work\nserver = ");
    Pop3::new(&home).args(["stat"]).run().exits(78).says("config.toml");
}

#[test]
fn a_password_that_others_may_read_is_refused() {
    let maildrop = dovecot::maildrop();
    let home = Home::new();
    let text = format!(
        "[account.home]\nserver = \"{}\"\ntls = \"none\"\npassword = \"{}\"\n",
        maildrop.url("pop3"),
        maildrop.password()
    );
    home.write(".config/pop3/config.toml", &text, 0o644);
    let outcome = Pop3::new(&home).args(["stat"]).run().exits(78).says("chmod 600");
    assert!(!outcome.stderr.contains(maildrop.password()), "{}", outcome.stderr);
    home.configure(&text);
    Pop3::new(&home).args(["stat"]).run().exits(0);
}

#[test]
fn a_password_file_that_others_may_read_is_refused() {
    let maildrop = dovecot::maildrop();
    let home = Home::new();
    let file = home.write("password", maildrop.password(), 0o644);
    let run = Pop3::new(&home).args(["stat"]).args(maildrop.plain()).args(["--password-file"]).args([&file]);
    let outcome = run.run();
    assert!([77, 78].contains(&outcome.code), "{outcome:?}");
    outcome.says("chmod 600");
}

#[test]
fn without_configuration_and_server_it_says_what_to_do() {
    let outcome = Pop3::new(&Home::new()).args(["stat"]).run();
    assert!([64, 78].contains(&outcome.code), "{outcome:?}");
    outcome.says("--server");
}

#[test]
fn one_password_in_the_environment_is_not_sent_to_several_servers() {
    let (one, two) = (dovecot::maildrop(), dovecot::maildrop());
    let home = Home::new();
    home.configure(&format!(
        "[account.one]\nserver = \"{}\"\ntls = \"none\"\n[account.two]\nserver = \"{}\"\ntls = \"none\"\n\
         [defaults]\ndeliver = \"maildir:~/in\"\n",
        one.url("pop3"),
        two.url("pop3")
    ));
    let run = |args: &[&str]| Pop3::new(&home).args(args).env("POP3_PASSWORD", one.password()).run();
    let refused = run(&["fetch", "--trace"]).exits(64).says("POP3_PASSWORD cannot serve several accounts");
    assert!(!refused.stderr.contains("S: +OK"), "{}", refused.stderr);
    run(&["fetch", "-a", "one"]).exits(0);
    for args in [&["accounts"][..], &["auth", "status"]] {
        run(args).exits(0).has_line(&["two"]);
    }
}

#[test]
fn the_settings_that_count_are_shown_with_where_each_comes_from_and_without_a_secret() {
    let home = Home::new();
    home.configure(
        "[defaults]\nkeep = \"14d\"\nlimit = 9\n[account.work]\nserver = \"pop3s://me@pop.example\"\n\
         password-command = \"echo hunter2\"\ntimeout = 90\n",
    );
    let shown = Pop3::new(&home)
        .args(["config", "show", "-a", "work", "--timeout", "2m"])
        .env("POP3_LIMIT", "5")
        .env("POP3_MAX_DELETE", "7")
        .run()
        .exits(0);
    for line in [
        ["keep", "14d", "[defaults]"],
        ["user", "me", "[account.work]"],
        ["password-command", "(hidden)", "[account.work]"],
        ["limit", "5", "POP3_LIMIT"],
        ["max-delete", "7", "POP3_MAX_DELETE"],
        ["timeout", "2m", "--timeout"],
        ["order", "oldest", "built in"],
    ] {
        let line = [&["work"], &line[..]].concat().join("\t");
        assert!(shown.text().lines().any(|shown| shown == line), "{line} is not in\n{}", shown.text());
    }
    let json = Pop3::new(&home).args(["config", "show", "--json"]).run().exits(0);
    for outcome in [&shown, &json] {
        assert!(!format!("{outcome:?}").contains("hunter2"), "{outcome:?}");
    }
}

#[test]
fn an_account_that_is_not_enabled_is_listed_and_fetched_only_when_named() {
    let (mut used, mut unused) = (dovecot::maildrop(), dovecot::maildrop());
    used.put(&corpus::simple("one"));
    unused.put(&corpus::simple("two"));
    let home = Home::new();
    home.configure(&format!(
        "{}{}",
        account("used", &used, "deliver = \"maildir:~/used\""),
        account("unused", &unused, "deliver = \"maildir:~/unused\"\nenabled = false")
    ));
    let accounts = Pop3::new(&home).args(["accounts"]).run().exits(0).text();
    assert!(accounts.contains("unused (disabled)"), "{accounts}");
    Pop3::new(&home).args(["fetch"]).run().exits(0);
    assert!(home.join("used/new").exists() && !home.join("unused").exists());
    Pop3::new(&home).args(["stat"]).run().exits(0).has_line(&["1"]);
    Pop3::new(&home).args(["fetch", "-a", "unused"]).run().exits(0);
    assert!(home.join("unused/new").exists());
    Pop3::new(&home).args(["config", "check"]).run().exits(0);
    home.configure(&account("unused", &unused, "enabled = false"));
    Pop3::new(&home).args(["fetch"]).run().exits(64).says("enabled = false");
}

#[test]
fn accounts_come_from_included_files_and_a_mistake_there_costs_that_account_alone() {
    let mut maildrop = dovecot::maildrop();
    maildrop.put(&corpus::simple("one"));
    let home = Home::new();
    home.configure(&format!(
        "include = [\"accounts.d/*.toml\"]\n{}",
        account("own", &maildrop, "deliver = \"maildir:~/own\"\nenabled = false")
    ));
    let folder = home.join(".config/pop3/accounts.d");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("a.toml"), account("good", &maildrop, "deliver = \"maildir:~/good\""))
        .unwrap();
    std::fs::write(folder.join("b.toml"), "[account.bad]\nsever = \"pop3s://h\"\n").unwrap();
    let outcome = Pop3::new(&home).args(["fetch"]).run().exits(78);
    assert!(home.join("good/new").exists(), "{outcome:?}");
    outcome.says("b.toml").says("did you mean \"server\"?");
    let outcome = Pop3::new(&home).args(["config", "check"]).run().exits(78);
    assert!(outcome.text().contains("accounts.d/b.toml:2:1: unknown key \"sever\""), "{outcome:?}");
}
