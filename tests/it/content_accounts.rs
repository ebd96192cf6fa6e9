//! Several accounts: each is fetched as it is configured, whatever is wrong with another.

use crate::support::delivered::{all_of_maildir, times};
use crate::support::pop3::{Home, Outcome, Pop3};
use crate::support::stage::{letter, letters};
use pop3::server::{Behaviour, Fault, Server};

fn server() -> Server {
    Server::start(letters(2), Behaviour::default()).unwrap()
}

/// An account of the configuration file that delivers into the Maildir of its name.
fn account(name: &str, server: &Server, more: &str) -> String {
    format!(
        "[account.{name}]\nserver = \"pop3://{}\"\nuser = \"demo\"\ntls = \"none\"\n\
         password-command = \"echo tanstaaf\"\ndeliver = \"maildir:~/{name}\"\n{more}\n",
        server.addr()
    )
}

fn fetch(home: &Home) -> Outcome {
    Pop3::new(home).args(["fetch"]).run()
}

/// How often each of the letters 1 to `count` stands in a Maildir.
fn counts(home: &Home, maildir: &str, count: u32) -> Vec<usize> {
    let all = all_of_maildir(&home.join(maildir));
    (1..=count).map(|number| times(&all, number)).collect()
}

/// Case 7.1.
#[test]
fn a_dry_run_of_one_account_is_its_own() {
    let (dry, wet) = (server(), server());
    let home = Home::new();
    let dry_first =
        account("a-dry", &dry, "keep = \"none\"\ndry-run = true") + &account("wet", &wet, "keep = \"none\"");
    home.configure(&dry_first);
    fetch(&home).exits(0);
    assert_eq!((dry.count("RETR"), dry.count("DELE"), dry.maildrop().len()), (0, 0, 2), "{:?}", dry.log());
    assert_eq!((counts(&home, "wet", 2), wet.maildrop().len()), (vec![1, 1], 0));
    assert!(!home.join("a-dry").exists());
}

/// Case 7.2.
#[test]
fn what_was_fetched_without_a_configuration_file_does_not_come_again_with_one() {
    let server = server();
    let home = Home::new();
    let url = format!("pop3://{}", server.addr());
    let by_flags = ["fetch", "-s", &url, "-u", "demo", "--tls", "none", "--to", "work/"];
    Pop3::new(&home).args(by_flags).env("POP3_PASSWORD", "tanstaaf").run().exits(0);
    assert_eq!(counts(&home, "work", 3), [1, 1, 0]);
    home.configure(&account("work", &server, ""));
    server.edit(|mail| mail.push(letter(3)));
    let outcome = fetch(&home);
    if outcome.code == 0 {
        assert_eq!(counts(&home, "work", 3), [1, 1, 1], "{:?}", server.log());
        fetch(&home).exits(0);
        assert_eq!(counts(&home, "work", 3), [1, 1, 1]);
    } else {
        assert!(outcome.stderr.contains("work"), "it says why: {outcome:?}");
        assert_eq!(counts(&home, "work", 3)[..2], [1, 1]);
    }
}

/// Case 7.3, and `one-without-user`.
#[test]
fn an_account_without_server_or_user_holds_up_no_other() {
    for (lacks, said) in [("user = \"x\"", "server"), ("server = \"pop3s://pop.example\"", "user")] {
        let (one, three) = (server(), server());
        let home = Home::new();
        let middle = format!("[account.two]\n{lacks}\ndeliver = \"maildir:~/two\"\n");
        home.configure(&(account("one", &one, "") + &middle + &account("three", &three, "")));
        let outcome = fetch(&home).exits(78).says(said);
        assert!(outcome.stderr.contains("pop3: two: could not "), "{}", outcome.stderr);
        for maildir in ["one", "three"] {
            assert_eq!(counts(&home, maildir, 2), [1, 1], "{lacks}: {}", outcome.stderr);
        }
        let alone = Pop3::new(&home).args(["fetch", "-a", "two"]).run().exits(78);
        assert!(alone.stderr.starts_with("pop3: could not "), "{}", alone.stderr);
    }
}

/// `one-named`, and `one-missing-file`.
#[test]
fn an_error_about_one_of_several_accounts_begins_with_its_name() {
    let (one, two, three) = (server(), server(), server());
    let home = Home::new();
    let two = account("two", &two, "")
        .replace("password-command = \"echo tanstaaf\"", "password-file = \"~/gone\"");
    home.configure(&(account("one", &one, "") + &two + &account("three", &three, "")));
    let outcome = fetch(&home);
    assert_ne!(outcome.code, 0);
    assert!(outcome.stderr.contains("pop3: two: could not "), "{}", outcome.stderr);
    assert!(
        !outcome.stderr.contains("pop3: one") && !outcome.stderr.contains("pop3: three"),
        "{}",
        outcome.stderr
    );
    for maildir in ["one", "three"] {
        assert_eq!(counts(&home, maildir, 2), [1, 1]);
    }
}

/// A mistake in the table of one account: it is found with its line, and is that account's own.
#[test]
fn a_mistake_in_the_table_of_one_account_holds_up_no_other() {
    let (one, three) = (server(), server());
    let home = Home::new();
    let two = "[account.two]\nserver = \"pop3s://me@pop.example\"\ndeliver = \"maildir:Mail\"\nkep = 1\n";
    home.configure(&(account("one", &one, "") + two + &account("three", &three, "")));
    let place = "line 10, column 11";
    let outcome = fetch(&home).exits(78).says("pop3: two: could not use ").says(place).says("(1 more)");
    let outcome = outcome.says("`pop3 config check` shows every mistake");
    for maildir in ["one", "three"] {
        assert_eq!(counts(&home, maildir, 2), [1, 1], "{}", outcome.stderr);
    }
    for command in [&["stat"][..], &["fetch"], &["list"]] {
        let run = |name| Pop3::new(&home).args(command).args(["-a", name]).run();
        run("three").exits(0);
        run("two").exits(78).says(place);
    }
    let shown = Pop3::new(&home).args(["accounts"]).run().exits(78).says("two: could not use");
    shown.has_line(&["one"]);
    shown.has_line(&["three"]);
    Pop3::new(&home).args(["auth", "status"]).run().exits(78).says("two: could not use");
    let checked = Pop3::new(&home).args(["config", "check"]).run().exits(78).text();
    assert!(checked.contains(":10:11: ") && checked.contains(":11:1: "), "{checked}");
}

/// A dry run never becomes a real one because of an account that cannot be used.
#[test]
fn a_dry_run_stays_one_beside_an_account_that_is_wrong() {
    let server = server();
    let home = Home::new();
    home.configure(&(account("one", &server, "keep = \"none\"") + "[account.two]\nuser = \"x\"\n"));
    Pop3::new(&home).args(["fetch", "--dry-run"]).run().exits(78);
    assert_eq!((server.count("RETR"), server.count("DELE")), (0, 0));
    assert!(!home.join("one").exists());
}

#[test]
fn two_accounts_of_one_maildrop_hold_up_no_other() {
    let (shared, own) = (server(), server());
    let home = Home::new();
    let all = [account("one", &shared, ""), account("two", &shared, ""), account("own", &own, "")];
    home.configure(&all.concat());
    fetch(&home).exits(78).says("could not use the accounts one and two");
    assert_eq!((counts(&home, "own", 2), shared.count("RETR")), (vec![1, 1], 0));
}

/// The password is asked of a program that takes longer than a second: by then the retry must be due.
#[test]
fn a_retry_that_was_asked_for_is_made_however_long_the_sign_in_takes() {
    let home = Home::new();
    let refusing = Behaviour::default().with_fault(Fault::answer("RETR 2", "-ERR no\r\n"));
    let server = Server::start(letters(2), refusing).unwrap();
    home.configure(&account("work", &server, ""));
    fetch(&home).exits(75);
    server.set_behaviour(Behaviour::default());
    home.configure(&account("work", &server, "").replace("\"echo ", "\"sleep 2; echo "));
    Pop3::new(&home).args(["problems", "--retry", "all"]).run().exits(0);
    assert_eq!(counts(&home, "work", 2), [1, 1], "{:?}", server.log());
}

/// Nothing is guessed of a store that is not mounted.
#[test]
fn giving_a_message_up_does_not_decide_what_became_of_another_one() {
    let home = Home::new();
    let server = server();
    home.configure(&account("work", &server, ""));
    fetch(&home).exits(0);
    let state = home.join(".local/state/pop3");
    let journal = state.join(format!("demo@127.0.0.1%3A{}.journal", server.addr().port()));
    let mut text = std::fs::read_to_string(&journal).unwrap();
    let confirmed = text.rfind("delivered\te=").unwrap();
    text.truncate(confirmed);
    std::fs::write(&journal, &text).unwrap();
    std::fs::rename(home.join("work"), home.join("elsewhere")).unwrap();
    let forget = || Pop3::new(&home).args(["state", "forget", "uid:nothing"]).run();
    forget().exits(74).says("its folder is not there");
    std::fs::rename(home.join("elsewhere"), home.join("work")).unwrap();
    forget().exits(66);
    fetch(&home).exits(0);
    assert_eq!((counts(&home, "work", 2), server.count("RETR")), (vec![1, 1], 2));
}
