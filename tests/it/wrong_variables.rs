//! Each variable `POP3_…` and each option with values that it cannot have. The names come from the program's table of
//! settings and from its help. A NUL is not possible there, and Linux gives no program a variable or an argument of
//! more than 128 KiB: the long values here are nearly that long.

use crate::support::in_parallel;
use crate::support::pop3::{Home, Outcome, Pop3};
use pop3::account::{Globals, Overrides};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// The most that a mistake may say in all, in bytes: a long value of clap's stands beside the usage.
const MOST_SAID: usize = 4000;

/// Nearly as long as the system lets a variable be.
const LONG: usize = 120_000;

/// What moves a cursor, changes a title, reverses reading.
const ESCAPES: &str = "a\x1b]0;title\x07\u{9b}2J\u{202e}b";

/// The password is no setting that is parsed: it is whatever it is, and goes to the server or is refused by what sends
/// it.
const PASSWORD: &str = "POP3_PASSWORD";

/// Variables that may have control characters in them: secrets, commands, and paths, which the system lets have any.
const FREE: [&str; 10] = [
    PASSWORD,
    "POP3_OAUTH_CLIENT_SECRET",
    "POP3_PASSWORD_COMMAND",
    "POP3_OAUTH_CLIENT_SECRET_COMMAND",
    "POP3_TUNNEL",
    "POP3_CA_FILE",
    "POP3_CLIENT_CERT",
    "POP3_CLIENT_KEY",
    "POP3_PASSWORD_FILE",
    "POP3_OAUTH_CLIENT_SECRET_FILE",
];

fn home() -> Home {
    let home = Home::new();
    home.configure("[account.work]\nserver = 'pop3s://me@pop.example'\n");
    home
}

/// The variables of the settings of an account.
fn variables() -> Vec<String> {
    let all: Vec<_> = Overrides::keys().map(pop3::account::Key::variable).collect();
    assert!(all.len() > 30, "{all:?}");
    all
}

/// The variables of the options that every command has, as the help lists them.
fn global_variables(home: &Home) -> Vec<String> {
    let help = Pop3::new(home).args(["--help"]).run().exits(0).text();
    // Lines break anywhere.
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let listed: Vec<_> =
        help.split("[env: ").skip(1).map(|rest| rest.split(['=', ']']).next().unwrap().to_owned()).collect();
    for key in Globals::keys().map(pop3::account::Key::variable) {
        let elsewhere = ["POP3_DEFAULT_ACCOUNT", "POP3_INCLUDE", "POP3_KEYRING"].contains(&key.as_str());
        assert!(elsewhere || listed.contains(&key), "{key} is not in the help");
    }
    listed
}

#[track_caller]
fn is_bounded(outcome: &Outcome, what: &str) {
    let start: String = outcome.stderr.chars().take(500).collect();
    assert!(outcome.stderr.len() < MOST_SAID, "{what}: {} bytes: {start}", outcome.stderr.len());
    let control = outcome.stderr.chars().find(|&c| c.is_control() && c != '\n' || c == '\u{202e}');
    assert_eq!(control, None, "{what}: {start:?}");
}

#[test]
fn a_variable_that_is_too_long_or_no_utf_8_is_64_with_its_name() {
    let home = home();
    let show = |variable: &str, value: &OsStr| {
        let outcome = Pop3::new(&home).args(["config", "show"]).env(variable, value).run();
        is_bounded(&outcome, variable);
        outcome
    };
    in_parallel(variables(), |variable| {
        let long = "a".repeat(LONG);
        for value in [long.as_bytes(), b"latin1 \xe9t\xe9"] {
            let outcome = show(&variable, OsStr::from_bytes(value));
            match variable == PASSWORD {
                true => drop(outcome.exits(0)),
                false => drop(outcome.exits(64).says(&format!("could not use {variable}: "))),
            }
        }
    });
    let long = "a".repeat(LONG);
    show("POP3_ACCOUNT", OsStr::new(&long)).exits(64).says("could not find the account aaa");
    show("POP3_ACCOUNT", OsStr::from_bytes(b"\xe9")).exits(64).says("POP3_ACCOUNT");
}

#[test]
fn an_empty_variable_is_as_good_as_none() {
    let home = home();
    let without = Pop3::new(&home).args(["config", "show"]).run().exits(0).text();
    let all = variables().into_iter().chain(global_variables(&home)).chain(["POP3_ACCOUNT".to_owned()]);
    in_parallel(all, |variable| {
        let outcome = Pop3::new(&home).args(["config", "show"]).env(&variable, "").run();
        // Not so those that clap reads as words and paths: said with the option.
        if ["POP3_COLOR", "POP3_PROGRESS", "POP3_CONFIG"].contains(&variable.as_str()) {
            let option = variable.replace("POP3_", "--").to_ascii_lowercase();
            drop(outcome.exits(64).says(&option).says("needs a value"));
            return;
        }
        assert_eq!(outcome.exits(0).text(), without, "{variable}");
    });
}

#[test]
fn a_control_character_in_a_variable_is_refused_or_kept_to_itself() {
    let home = home();
    in_parallel(variables(), |variable| {
        let outcome = Pop3::new(&home).args(["config", "show"]).env(&variable, ESCAPES).run();
        is_bounded(&outcome, &variable);
        let code = if FREE.contains(&variable.as_str()) { 0 } else { 64 };
        assert_eq!(outcome.code, code, "{variable}: {}", outcome.stderr);
        assert!(code == 0 || outcome.stderr.contains(&variable), "{variable}: {}", outcome.stderr);
    });
    Pop3::new(&home).args(["config", "show"]).env("POP3_ACCOUNT", ESCAPES).run().exits(64).says("\\u{1b}");
    Pop3::new(&home)
        .args(["auth", "status"])
        .env("POP3_KEYRING", ESCAPES)
        .run()
        .exits(64)
        .says("POP3_KEYRING");
}

#[test]
fn a_variable_of_a_global_option_that_is_wrong_is_64_and_short() {
    let home = home();
    let all = global_variables(&home);
    assert!(all.len() > 5, "{all:?}");
    for variable in all {
        for value in [&"a".repeat(LONG), ESCAPES] {
            let outcome = Pop3::new(&home).args(["config", "show"]).env(&variable, value).run();
            is_bounded(&outcome, &variable);
            // The name of a file, which may be any.
            outcome.exits(if variable == "POP3_CONFIG" { 78 } else { 64 });
        }
    }
}

#[test]
fn an_option_that_is_wrong_is_64_and_short() {
    let home = home();
    let help = Pop3::new(&home).args(["config", "show", "--help"]).run().exits(0).text();
    let with_value = help.lines().filter_map(|line| {
        let (option, rest) = line.trim_start().split_once(" <")?;
        let option = option.rsplit(' ').next()?;
        (option.starts_with("--") && rest.contains('>')).then(|| option.to_owned())
    });
    let options: Vec<String> = with_value.collect();
    assert!(options.len() > 20, "{options:?} in {help}");
    in_parallel(options, |option| {
        for value in [&"a".repeat(LONG), ESCAPES] {
            let outcome = Pop3::new(&home).args(["config", "show"]).args([format!("{option}={value}")]).run();
            is_bounded(&outcome, &option);
            assert!([0, 64, 78].contains(&outcome.code), "{option}: {}", outcome.code);
            // One of these two names a file, which may be any; the others are free texts.
            assert!(outcome.code != 78 || option == "--config", "{option}: {}", outcome.stderr);
        }
    });
}

#[test]
fn an_argument_that_is_none_is_64_and_short() {
    let home = home();
    // clap compares it with every option, which takes a debug build a second for the longest possible one.
    let long = "a".repeat(LONG / 10);
    in_parallel([format!("--{long}"), format!("--{ESCAPES}"), ESCAPES.to_owned(), long], |wrong| {
        for args in [&["config", "show", &wrong][..], &[&wrong]] {
            let outcome = Pop3::new(&home).args(args).run();
            is_bounded(&outcome, "an argument");
            outcome.exits(64);
        }
    });
}
