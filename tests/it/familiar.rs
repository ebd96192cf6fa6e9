//! What people type who come from other programs: it works, or the answer names what does.

use std::fs;

use crate::support::delivered::in_maildir;
use crate::support::pop3::{Home, Pop3};
use crate::support::stage::{Stage, Store, letters};
use pop3::server::{Behaviour, Server};

/// Two accounts, each with a server that has one message.
fn two_accounts() -> (Home, [Server; 2]) {
    let home = Home::new();
    let servers = [(); 2].map(|()| Server::start(letters(1), Behaviour::default()).unwrap());
    let account = |name: &str, server: &Server| {
        format!(
            "[account.{name}]\nserver = \"pop3://demo@{}\"\ntls = \"none\"\n\
             password-command = \"echo tanstaaf\"\ndeliver = \"maildir:~/{name}\"\n",
            server.addr()
        )
    };
    home.configure(&(account("work", &servers[0]) + &account("home", &servers[1])));
    (home, servers)
}

#[test]
fn fetch_with_a_name_takes_that_account_alone() {
    let (home, servers) = two_accounts();
    Pop3::new(&home).args(["fetch", "home"]).run().exits(0);
    assert_eq!(in_maildir(&home.join("home")).len(), 1);
    assert!(!home.join("work").exists() && servers[0].log().is_empty(), "{:?}", servers[0].log());
    Pop3::new(&home).args(["fetch", "home", "-a", "home", "work", "-a", "work"]).run().exits(0);
    assert_eq!(in_maildir(&home.join("work")).len(), 1);
    let shown = Pop3::new(&home).args(["config", "show", "work"]).run().exits(0).text();
    assert!(!shown.is_empty() && shown.lines().all(|line| line.starts_with("work\t")), "{shown}");
}

#[test]
fn accounts_that_are_named_in_two_ways_and_differ_are_wrong_usage_and_nothing_is_fetched() {
    let (home, servers) = two_accounts();
    let told = Pop3::new(&home).args(["fetch", "home", "-a", "work"]).run().exits(64);
    assert_eq!(
        told.stderr,
        "pop3: the command names the account home, and --account work\nhint: name all accounts one way\n"
    );
    let told = Pop3::new(&home).args(["fetch", "pop3s://me:hunter2@host"]).run().exits(64).says("--server");
    assert!(!told.stderr.contains("hunter2"), "{}", told.stderr);
    assert!(servers.iter().all(|server| server.log().is_empty()));
}

#[test]
fn a_mistake_on_the_command_line_is_told_in_the_style_of_every_other_error() {
    let home = Home::new();
    for (words, told) in [
        (
            &["fetch", "--delete"][..],
            "pop3: there is no option --delete\nhint: to delete after fetching use `pop3 fetch --keep none`\n",
        ),
        (&["list", "pop3s://me:hunter2@host"], "pop3: could not use MSG \"pop3s://…\": a message is"),
        (
            &["check", "--insecure"],
            "pop3: there is no option --insecure\nhint: certificates are always checked",
        ),
        (&["get"], "pop3: there is no command \"get\"\nhint: `pop3 fetch` fetches new messages\n"),
        (&["retr"], "pop3: pop3 retr needs MSG\nhint: usage: pop3 retr"),
        (&["stat", "--password-stdin=hunter2"], "pop3: --password-stdin takes no value\n"),
        (
            &["fetch", "--to", "imaps://me:hunter2@h/INBOX"],
            "pop3: --to: could not use the destination `imaps://…`: ",
        ),
        (
            &["--account", "work", "list"],
            "pop3: --account stands before the command: it is an option of list\n",
        ),
        (&["-a", "work", "list"], "pop3: -a stands before the command: it is an option of list\n"),
        (&["stat", "--timeout", "soon"], "pop3: could not use --timeout \"soon\": "),
    ] {
        let outcome = Pop3::new(&home).args(words).run().exits(64);
        assert!(outcome.stderr.starts_with(told), "{words:?}: {}", outcome.stderr);
        let lines: Vec<&str> = outcome.stderr.lines().collect();
        // Where the cause says what to write there is no hint.
        assert!(lines.len() <= 2 && lines[1..].iter().all(|line| line.starts_with("hint: ")), "{lines:?}");
        assert!(outcome.stdout.is_empty() && !outcome.stderr.contains("hunter2"), "{outcome:?}");
    }
}

#[test]
fn keys_of_other_programs_are_answered_with_ours_and_their_place() {
    let home = Home::new();
    home.configure(
        "[account.work]\nserver = \"pop3s://me@example.org\"\nssl = true\nusername = \"me\"\nfolder = \"INBOX\"\n\
         delete = true\ndelete_after = 14\nmda = \"procmail\"\n",
    );
    let told = Pop3::new(&home).args(["config", "check"]).run().exits(78);
    let told = told.text() + &told.stderr;
    for (line, hint) in [
        (3, "the server's URL says it: server = \"pop3s://HOST\""),
        (4, "write user = \"NAME\""),
        (5, "a POP3 server has no folders"),
        (6, "to delete after fetching write keep = \"none\""),
        (7, "to delete after 14 days write keep = \"14d\""),
        (8, "name the destination with deliver = "),
    ] {
        let at = told.find(hint).unwrap_or_else(|| panic!("no {hint:?} in {told}"));
        assert!(told[..at].lines().rev().any(|text| text.contains(&format!(":{line}:"))), "{line}: {told}");
    }
}

#[test]
fn a_bare_number_to_keep_is_said_to_be_one_of_messages_where_somebody_reads_it() {
    let stage = Stage::new(Store::Maildir, letters(2), Behaviour::default());
    let words = "--keep 14 keeps the newest 14 messages; 14 days are 14d";
    stage.fetch(&["--keep", "14", "--dry-run"]).exits(0).says(words);
    stage.fetch(&["--keep", "14d", "--dry-run"]).exits(0).says_not("keeps the newest");
    let silent = stage.fetch(&["--keep", "14"]).exits(0);
    assert_eq!(silent.stderr, "", "without a terminal a run that goes well says nothing");
    let typing = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/typing.py");
    let watched = stage.pop3_under(&["python3", typing], "fetch");
    let watched = watched.args(["--to", "maildir:in", "--keep", "14"]).run().exits(0);
    assert!(watched.text().contains(words), "{}", watched.text());
    stage.holds(1..=2);
}

#[test]
fn completions_prints_the_script_whatever_the_configuration_is() {
    let home = Home::new();
    home.configure("this is no TOML");
    for (shell, file) in [("bash", "pop3.bash"), ("zsh", "_pop3"), ("fish", "pop3.fish")] {
        let printed = Pop3::new(&home).args(["completions", shell]).run().exits(0);
        let committed = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("completions").join(file);
        assert_eq!(printed.text(), fs::read_to_string(committed).unwrap(), "{shell}");
        assert_eq!(printed.stderr, "");
    }
    Pop3::new(&home).args(["completions", "tcsh"]).run().exits(64).says("bash");
}

#[test]
fn help_names_the_variable_of_each_option_and_warns_of_habits_that_mislead() {
    let home = Home::new();
    let help = |words: &[&str]| {
        let text = Pop3::new(&home).args(words).run().exits(0).text();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let fetch = help(&["fetch", "--help"]);
    for words in [
        "[env: POP3_KEEP]",
        "[env: POP3_ACCOUNT]",
        "[env: POP3_QUIET]",
        "[env: POP3_IP_VERSION]",
        "not a limit as in rclone",
        "Replaces the checks of the certificate's chain and name",
        "use all accounts, or only those that this option names",
    ] {
        assert!(fetch.contains(words), "no {words:?} in {fetch}");
    }
    assert!(help(&["stat", "--help"]).contains("The server is asked."));
    assert!(help(&["--help"]).contains("75 try again later"));
}
