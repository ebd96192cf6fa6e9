//! Each setting of the configuration file with values that it cannot have: of another type, empty, of 1 MB, with a NUL
//! or another control character. The keys come from the program's own table of settings, so that one that is added
//! later is tested as well: it has to refuse all of these, or to stand among the exceptions here with the reason.

use crate::support::in_parallel;
use crate::support::pop3::{Home, Outcome, Pop3};
use pop3::account::{Config, Environment, Globals, Mistake, Overrides};
use std::sync::Mutex;

/// The most that a mistake may say in all, on stdout and stderr, in bytes.
const MOST_SAID: usize = 4000;

/// The line of the setting in the files of these tests.
const LINE: usize = 3;

/// Values that are right although they look wrong: key, value, reason.
const LEGAL: [(&str, &str, &str); 3] = [
    ("ca-file", "[]", "takes back the list of [defaults]"),
    ("pin", "[]", "takes back the list of [defaults]"),
    ("include", "[]", "no other files, as without the key"),
];

/// Where a key is written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Table {
    Top,
    Account,
}

/// Every key of the configuration file.
fn keys() -> Vec<(Table, &'static str)> {
    let top = Globals::keys().map(|key| (Table::Top, key.name));
    let all: Vec<_> = top.chain(Overrides::keys().map(|key| (Table::Account, key.name))).collect();
    // So that a table that becomes empty by mistake does not let these tests succeed.
    assert!(all.len() > 40, "{all:?}");
    all
}

/// A configuration of one account with this setting in line 3, and no other mistake.
fn file(table: Table, key: &str, value: &str) -> String {
    let rest = if key == "server" { "user = 'me'" } else { "server = 'pop3s://me@pop.example'" };
    match table {
        Table::Top => format!("# settings\n\n{key} = {value}\n[account.work]\n{rest}\n"),
        Table::Account => format!("[account.work]\n{rest}\n{key} = {value}\n"),
    }
}

/// Fails if a run has said too much, or has said what controls a terminal.
#[track_caller]
fn is_bounded(outcome: &Outcome, what: &str) {
    for (stream, text) in [("stdout", outcome.text()), ("stderr", outcome.stderr.clone())] {
        let start: String = text.chars().take(500).collect();
        assert!(text.len() < MOST_SAID, "{what}: {} bytes on {stream}: {start}", text.len());
        let control = text.chars().find(|&c| c.is_control() && c != '\n' || c == '\u{202e}');
        assert_eq!(control, None, "{what}: raw on {stream}: {start:?}");
    }
}

/// `config check` and `config show` refuse the setting with 78, its key, and its place.
#[track_caller]
fn is_refused(table: Table, key: &str, value: &str) {
    let what = format!("{key} = {}", value.chars().take(40).collect::<String>());
    let home = Home::new();
    let path = home.configure(&file(table, key, value));
    let check = Pop3::new(&home).args(["config", "check"]).run();
    is_bounded(&check, &what);
    assert_eq!(check.code, 78, "{what}: {check:?}");
    let begin = format!("{}:{LINE}:", path.display());
    let told = check.text();
    let named = told.lines().any(|line| line.starts_with(&begin) && line.contains(&format!(": {key}: ")));
    assert!(named, "{what}: {told}");
    let show = Pop3::new(&home).args(["config", "show"]).run();
    is_bounded(&show, &what);
    assert_eq!(show.code, 78, "{what}: {show:?}");
    for wanted in ["config.toml", "line 3", &format!(": {key}: ")] {
        assert!(show.stderr.contains(wanted), "{what}: no {wanted:?} in {}", show.stderr);
    }
}

/// Without starting the program: `config check` would say of each key with this value what is wrong, in its line. Many
/// keys share a file, each in an account of its own.
#[track_caller]
fn all_refuse(value: &str) {
    let what: String = value.chars().take(40).collect();
    for keys in keys_for(value).chunks(FILE.div_ceil(value.len()).min(60)) {
        let (text, lines) = together(keys, value);
        let mistakes = checked(&text);
        let said: usize = mistakes.iter().map(|mistake| mistake.message.len()).sum();
        assert!(said < MOST_SAID * keys.len(), "{what}: {said} bytes");
        for ((_, key), line) in keys.iter().zip(lines) {
            let begin = format!("{key}: ");
            let named = mistakes.iter().any(|told| told.line == line && told.message.starts_with(&begin));
            assert!(named, "{key} = {what}: not in line {line} of {mistakes:?}");
        }
        let is_raw = |mistake: &Mistake| mistake.message.contains(|c: char| c.is_control());
        assert!(!mistakes.iter().any(is_raw), "{what}: {mistakes:?}");
    }
}

/// How large such a file may become.
const FILE: usize = 900_000;

/// A configuration with all these keys, and the lines where they are.
fn together(keys: &[(Table, &str)], value: &str) -> (String, Vec<usize>) {
    let (mut text, mut lines) = (String::new(), Vec::new());
    for (number, (table, key)) in keys.iter().enumerate() {
        if *table == Table::Account {
            text.push_str(&format!("[account.number-{number}]\n"));
        }
        lines.push(text.matches('\n').count() + 1);
        text.push_str(&format!("{key} = {value}\n"));
    }
    (text, lines)
}

/// What `config check` would say of this text.
fn checked(text: &str) -> Vec<Mistake> {
    let home = Home::new();
    let path = home.configure(text);
    Config::check(Some(&path), &Environment::artificial(Some(home.path()), [])).unwrap().unwrap().1
}

/// All keys but those for which this value is right, which is tried.
fn keys_for(value: &str) -> Vec<(Table, &'static str)> {
    let mut keys = keys();
    for (key, legal, reason) in LEGAL.iter().filter(|(_, legal, _)| *legal == value) {
        let (table, _) = keys.remove(keys.iter().position(|(_, name)| name == key).unwrap());
        let mistakes = checked(&file(table, key, legal));
        assert!(mistakes.is_empty(), "{key} = {legal} ({reason}): {mistakes:?}");
    }
    keys
}

#[test]
fn a_value_of_another_type_is_refused_by_every_setting_with_its_place() {
    // What no setting is: whole numbers, words and lists of words are some.
    let values = ["1.5", "1979-05-27", "{ a = 1 }", "[1]", "[[]]"];
    values.into_iter().for_each(all_refuse);
    in_parallel(keys(), |(table, key)| is_refused(table, key, values[0]));
}

#[test]
fn an_empty_value_is_refused_by_every_setting_with_its_place() {
    ["''", "[]", "['']"].into_iter().for_each(all_refuse);
    in_parallel(keys(), |(table, key)| is_refused(table, key, "''"));
}

#[test]
fn a_nul_is_refused_by_every_setting_in_whatever_stands_around_it() {
    for text in [
        "NUL",
        "aNULb",
        "trueNUL",
        "1NUL",
        "/aNULb",
        "maildir:/aNULb",
        "command:aNULb",
        "https://h.example/aNUL",
        "pop3s://meNUL@h.example",
        "pop3s://h.example/NUL",
        "socks5h://meNUL@h.example",
    ] {
        let text = text.replace("NUL", "\\u0000");
        all_refuse(&format!("\"{text}\""));
        all_refuse(&format!("[\"{text}\"]"));
    }
    // As an octet of the file, which is no TOML.
    all_refuse("'/a\0b'");
    all_refuse("\"/a\0b\"");
    in_parallel(keys(), |(table, key)| is_refused(table, key, "\"/a\\u0000b\""));
}

#[test]
fn a_value_of_1_mb_is_refused_by_every_setting_and_not_repeated() {
    let megabyte = format!("'{}'", "a".repeat(1_000_000));
    in_parallel(keys(), |(table, key)| is_refused(table, key, &megabyte));
}

#[test]
fn a_value_of_100_kb_is_refused_by_every_setting_in_whatever_form() {
    const LONG: usize = 100_000;
    let mut values = vec!["1".repeat(LONG), format!("[{}]", "'/a', ".repeat(LONG / 6))];
    for begin in ["", "/", "maildir:/", "command:", "https://h.example/", "pop3s://me@", "sha256:"] {
        values.push(format!("'{begin}{}'", "a".repeat(LONG)));
    }
    values.push(format!("['/{}']", "a".repeat(LONG)));
    in_parallel(&values, |value| all_refuse(value));
}

#[test]
fn what_is_repeated_of_a_wrong_value_is_short_and_harmless_to_a_terminal() {
    // As long as a value may be: some settings take it, the others say what is wrong with it.
    let long = "a".repeat(60_000);
    let escapes = "a\\u001b]0;title\\u0007\\u009b2J\\u202eb\\u007f";
    let mut values = Vec::new();
    for text in [&long, escapes] {
        for begin in ["", "/", "~", "$", "mbox:", "unknown:", "sha256:", "https://", "pop3s://me@"] {
            values.push(format!("\"{begin}{text}\""));
        }
        values.push(format!("\"{}m\"", text.replace('a', "1")));
    }
    let told = Mutex::new(0);
    in_parallel(&values, |value| {
        for keys in keys().chunks(FILE.div_ceil(value.len()).min(60)) {
            for mistake in checked(&together(keys, value).0) {
                *told.lock().unwrap() += 1;
                let what: String = value.chars().take(40).collect();
                let told = format!("{} {:?}", mistake.message, mistake.advice);
                assert!(told.len() < MOST_SAID, "{what}: {} bytes: {told:.300}", told.len());
                let is_raw = |c: char| c.is_control() || c == '\u{202e}';
                assert!(!told.contains(is_raw), "{what}: {told:?}");
            }
        }
    });
    assert!(*told.lock().unwrap() > 500, "hardly any value was wrong");
}
