//! Configuration texts and what is made of them.

use super::*;
use crate::account::When;
use crate::advice::{Advice, Settings};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::account::{PasswordSource, TraceTo};
use crate::fetch::policy::{Keep, Order};
use crate::store::Spec;
use crate::transport::{Security, Target, TlsVersion};

/// One who has no home.
const NOWHERE: Paths<'static> = Paths::of_file(None, None);

fn at_home() -> Paths<'static> {
    Paths::of_file(Some(Path::new("/home/me")), None)
}

fn mistakes(text: &str) -> Vec<String> {
    let (_, mistakes) = read(text, at_home());
    mistakes.iter().map(ToString::to_string).collect()
}

/// The mistakes, each with what is advised.
fn advised(text: &str) -> Vec<(String, Option<Advice>)> {
    let (_, mistakes) = read(text, at_home());
    mistakes.into_iter().map(|mistake| (mistake.to_string(), mistake.advice)).collect()
}

/// One mistake with its advice.
fn with(mistake: &str, advice: Settings) -> (String, Option<Advice>) {
    (mistake.to_owned(), Some(advice.into()))
}

fn account(lines: &str) -> Overrides {
    let (document, mistakes) = read(&format!("[account.a]\n{lines}\n"), at_home());
    assert_eq!(mistakes, [], "{lines}");
    document.accounts.into_iter().next().expect("one account").settings
}

#[test]
fn reads_the_example_of_the_manual() {
    let text = r#"default-account = "work"

[defaults]
deliver = "maildir:~/Mail/inbox"

[account.work]
server = "pop3s://pop.example.com"
user = "me@example.com"
password-command = "pass show mail/work"
deliver = "maildir:~/Mail/work"
keep = "14d"

[account."at home"]
server = "pop3://pop.example.net"
"#;
    let (document, mistakes) = read(text, at_home());
    assert_eq!(mistakes, []);
    assert_eq!(document.globals.default_account.as_deref(), Some("work"));
    assert_eq!(document.defaults.deliver, Some(Spec::Maildir("/home/me/Mail/inbox".into())));
    let names: Vec<_> = document.accounts.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["work", "at home"], "in the order of the file");
    let work = &document.accounts[0].settings;
    assert_eq!(work.user.as_deref(), Some("me@example.com"));
    assert!(matches!(&work.password, Some(PasswordSource::Command(text)) if text == "pass show mail/work"));
    assert_eq!(work.keep, "14d".parse().ok());
    assert_eq!(document.password_at, None, "a command is no password");
}

#[test]
fn every_key_sets_its_setting() {
    let pin = "ab".repeat(32);
    let target = Target::Tcp { host: "h".into(), port: 110 };
    assert_eq!(account("server = 'pop3://h'").server.expect("set").target(), &target);
    assert_eq!(account("user = 'me'").user.as_deref(), Some("me"));
    assert_eq!(account("tls = 'none'").tls, Some(Security::None));
    assert_eq!(account("ca-file = '~/a'").ca_files, Some(vec![PathBuf::from("/home/me/a")]));
    assert_eq!(account("ca-file = ['/a', '/b']").ca_files.map(|files| files.len()), Some(2));
    assert_eq!(account(&format!("pin = 'sha256:{pin}'")).pins.map(|pins| pins.len()), Some(1));
    assert_eq!(account("tls-min = '1.3'").tls_min, Some(TlsVersion::V1_3));
    assert_eq!(account("tls-host = 'x'").tls_host.as_deref(), Some("x"));
    assert_eq!(account("auth = 'auto'").auth, Some(None));
    assert!(matches!(account("password = 'p'").password, Some(PasswordSource::Given(_))));
    assert!(matches!(account("password-command = 'p'").password, Some(PasswordSource::Command(_))));
    let file = account("password-file = '~/p'").password;
    assert!(matches!(file, Some(PasswordSource::File(path)) if path == Path::new("/home/me/p")));
    assert!(matches!(account("password-stdin = true").password, Some(PasswordSource::Stdin)));
    assert_eq!(account("timeout = '2m'").timeout, Some(Duration::from_secs(120)));
    assert_eq!(account("trace = true").trace, Some(TraceTo::StandardError));
    assert_eq!(account("deliver = 'mbox:/m'").deliver, Some(Spec::Mbox("/m".into())));
    assert_eq!(account("to = 'mbox:/m'").deliver, Some(Spec::Mbox("/m".into())));
    assert_eq!(account("keep = 500").keep, Some(Keep::Newest(500)));
    assert_eq!(account("max-size = '10M'").max_size, Some(10 << 20));
    assert_eq!(account("limit = 0x10").limit, Some(16));
    assert_eq!(account("order = 'newest'").order, Some(Order::Newest));
    assert_eq!(account("max-delete = 5").max_delete, Some(5));
    assert_eq!(account("dry-run = true").dry_run, Some(true));
}

#[test]
fn the_global_flags_have_their_keys_at_the_top() {
    let text =
        "quiet = true\nverbose = false\njson = true\ncolor = 'never'\nprogress = 'always'\nkeyring = false\n";
    let (document, mistakes) = read(text, NOWHERE);
    assert_eq!(mistakes, []);
    let said = Globals {
        default_account: None,
        include: None,
        quiet: Some(true),
        verbose: Some(false),
        json: Some(true),
        color: Some(When::Never),
        progress: Some(When::Always),
        keyring: Some(false),
    };
    assert_eq!(document.globals, said);
    assert_eq!(
        mistakes_of_globals(),
        [
            "line 1, column 9: quiet: it wants true or false, not a number",
            "line 2, column 9: color: it is one of auto, always, never",
            "line 3, column 12: progress: it wants text in quotes, not true or false"
        ]
    );
}

fn mistakes_of_globals() -> Vec<String> {
    mistakes("quiet = 1\ncolor = 'red'\nprogress = true\n")
}

#[test]
fn a_typo_is_told_with_line_column_and_the_nearest_key() {
    for (text, told, nearest) in [
        ("[account.work]\nsever = 'pop3s://h'\n", "line 2, column 1: unknown key \"sever\"", "server"),
        ("[acount.work]\nserver = 'pop3s://h'\n", "line 1, column 2: unknown key \"acount\"", "account"),
        ("# ü\n[defaults]\n  Keep = 'all'\n", "line 3, column 3: unknown key \"Keep\"", "keep"),
    ] {
        assert_eq!(advised(text), [with(told, Settings::MistypedKey(nearest.to_owned()))]);
    }
}

#[test]
fn nonsense_is_told_with_the_keys_that_are_known_in_its_place() {
    for (text, known, elsewhere) in [
        ("nonsense-of-mine = 1\n", "defaults", "server"),
        ("[defaults]\nnonsense-of-mine = 1\n", "server", "defaults"),
    ] {
        let found = advised(text);
        let [(_, Some(Advice::Settings(Settings::KnownKeys(keys))))] = &found[..] else {
            panic!("{found:?}")
        };
        let has = |name: &str| keys.iter().any(|key| key == name);
        assert!(has(known) && !has(elsewhere), "{keys:?}");
    }
}

#[test]
fn a_key_in_the_wrong_place_is_led_to_the_right_one() {
    assert_eq!(
        advised("server = 'pop3s://h'\nmaildrop = 'x'\n[account.a]\nquiet = true\n"),
        [
            with("line 1, column 1: unknown key \"server\"", Settings::KeyOfAccounts("server".to_owned())),
            with("line 2, column 1: unknown key \"maildrop\"", Settings::KeyOfOneAccount),
            with("line 4, column 1: unknown key \"quiet\"", Settings::KeyOfTop("quiet".to_owned())),
        ]
    );
    assert_eq!(
        advised("defaults = 1\n[account]\nwork = 'x'\n"),
        [
            with("line 1, column 12: defaults is a table", Settings::DefaultsTable),
            with("line 3, column 1: an account is a table with a name", Settings::AccountTable),
        ]
    );
}

#[test]
fn the_advice_on_a_value_is_that_for_the_file() {
    for (line, advice) in [
        ("server = 'pop3s://me:x@h'", Settings::PasswordInUrl { in_file: true }),
        ("server = 'pop3s://@h'", Settings::UserInUrl { in_file: true }),
        ("server = 'pop.example.com'", Settings::SchemeForHost("pop.example.com".to_owned())),
        ("deliver = 'lmtp:h'", Settings::DestinationKinds { in_file: true }),
        ("deliver = 'maildir:m'", Settings::AbsolutePath),
        ("password-command = 'x'\npassword-file = '/x'", Settings::NameOneSource),
    ] {
        let found = advised(&format!("[account.a]\n{line}\n"));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].1, Some(advice.into()), "{line}");
    }
}

#[test]
fn all_mistakes_are_found_in_one_go() {
    let text = "quiet = 'perhaps'\n[account.work]\nserver = 'pop.example.com'\n\
                limit = -1\nkeep = ['a']\ntimeout = 1.5\nuser = ''\nnonsense-of-mine = 1\n";
    let found = mistakes(text);
    let starts: Vec<_> = found.iter().map(|text| &text[..text.find(':').expect("a position")]).collect();
    assert_eq!(
        starts,
        [
            "line 1, column 9",
            "line 3, column 10",
            "line 4, column 9",
            "line 5, column 8",
            "line 6, column 11",
            "line 7, column 8",
            "line 8, column 1"
        ]
    );
    assert!(found[3].contains("not a list") && found[4].contains("not a number with a fraction"));
}

#[test]
fn toml_that_cannot_be_read_has_its_place_too_and_hides_nothing_else() {
    let found =
        mistakes("[account.work]\nserver = pop3s://h\nsever = 1\n[defaults]\nkeep = 'all'\nkeep = 'none'\n");
    assert!(found.iter().any(|text| text.starts_with("line 2, ")), "{found:?}");
    assert!(found.iter().any(|text| text.starts_with("line 6, column 1: duplicate key")), "{found:?}");
    assert!(found.iter().any(|text| text.contains("unknown key \"sever\"")), "{found:?}");
    for text in ["[", "=", "a = ", "[account.a", "a = \"", "\u{feff}\0", "[account.\"\"]", "a.b.c = {"] {
        assert_ne!(mistakes(text), Vec::<String>::new(), "{text:?}");
    }
}

#[test]
fn no_mistake_repeats_a_password() {
    for lines in [
        "password = 'hunter2'\npassword-command = 'x'",
        "password = ['hunter2', 1]",
        "password = 'hunter2",
        "password = hunter2",
        "server = 'pop3s://me:hunter2@h'",
        "pasword = 'hunter2'",
    ] {
        let found = advised(&format!("[account.a]\n{lines}\n"));
        assert!(!found.is_empty(), "{lines}");
        assert!(!format!("{found:?}").contains("hunter2"), "{found:?}");
    }
}

#[test]
fn the_place_of_the_first_password_is_kept() {
    let (document, _) = read("[account.a]\npassword = 'p'\n", NOWHERE);
    assert_eq!(document.password_at, Some((2, 1)));
}

#[test]
fn an_empty_file_is_fine() {
    assert_eq!(mistakes(""), Vec::<String>::new());
    assert_eq!(mistakes("# nothing yet\n"), Vec::<String>::new());
}

#[test]
fn no_slip_of_the_pen_anywhere_makes_a_mistake_quote_a_secret() {
    const SECRET: &str = "tanstaaf-milk";
    let good = format!(
        "quiet = true\n\n[account.work]\nserver = \"pop3s://me@h\"\npassword = \"{SECRET}\" # mine\n\
         oauth-client-secret = '{SECRET}'\nkeep = \"14d\"\n\n[account.home]\nuser = \"me\"\n"
    );
    let told = |text: &str| {
        let (_, mistakes) = read(text, NOWHERE);
        for mistake in mistakes {
            let told = format!("{mistake} {:?}", mistake.advice);
            assert!(!told.contains("tanst"), "{told}\n{text}");
        }
    };
    for at in 0..good.len() {
        told(&[&good[..at], &good[at + 1..]].concat());
        told(&good[..at]);
        for slip in
            ["\"", "'", "\n", "\"\"\"", "'''", "=", ".", "[", "]", "{", ",", "#", "\\", " ", "x", "\0"]
        {
            told(&[&good[..at], slip, &good[at..]].concat());
            told(&[&good[..at], slip, &good[at + 1..]].concat());
        }
    }
}

#[test]
fn a_mistake_in_an_accounts_table_is_that_accounts_own() {
    let text = "quite = true\n[account.work]\ndeliver = 'maildir:Mail'\n[defaults]\nlimit = -1\n\
                [account.home]\nmaildrop = 'a/b'\n";
    let (_, mistakes) = read(text, at_home());
    let owners: Vec<_> = mistakes.iter().map(|mistake| (mistake.line, mistake.account.as_deref())).collect();
    assert_eq!(owners, [(1, None), (3, Some("work")), (5, None), (7, Some("home"))]);
}

#[test]
fn a_maildrop_is_named_for_one_account() {
    assert_eq!(account("maildrop = 'second'").maildrop.as_deref(), Some("second"));
    let told = with("line 2, column 1: maildrop is a setting of one account", Settings::KeyOfOneAccount);
    assert_eq!(advised("[defaults]\nmaildrop = 'all'\n"), [told]);
}

#[test]
fn a_backslash_in_double_quotes_that_became_a_control_character_is_told_with_single_quotes() {
    let user = |written: &str| advised(&format!("[account.a]\nserver = 'pop3s://h'\nuser = {written}\n"));
    let what = "line 3, column 8: user: it contains a control character (\\t)";
    assert_eq!(user("\"CORP\\tim\""), [with(what, Settings::EscapeInQuotes)]);
    for tab in ["'CORP\tim'", "\"CORP\tim\""] {
        assert_eq!(user(tab), [(what.to_owned(), None)], "no backslash made it");
    }
    assert_eq!(account("user = 'CORP\\tim'").user.as_deref(), Some("CORP\\tim"));
}

#[test]
fn toml_that_cannot_be_read_is_told_with_the_known_key_before_it_and_with_no_other_word() {
    for (lines, begin) in [
        ("server = pop3s://h", "line 2, column 10: server: "),
        ("user = 'a\0b'", "line 2, column 10: user: "),
        ("quiet = yes", "line 2, column 9: quiet: "),
        ("hunter2 = yes", "line 2, column 11: "),
    ] {
        let found = mistakes(&format!("[account.a]\n{lines}\n"));
        assert!(found.iter().any(|told| told.starts_with(begin)), "{begin}: {found:?}");
        assert!(!found.iter().any(|told| told.contains("hunter2: ")), "{found:?}");
    }
}

#[test]
fn places_are_the_same_in_any_order() {
    let text = "a\nüb\n\nlast";
    let expected = |at: usize| {
        let before = text.get(..at).unwrap_or(text);
        let line = before.rfind('\n').map_or(before, |newline| &before[newline + 1..]);
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    };
    let all: Vec<usize> = (0..text.len() + 2).collect();
    let there_and_back: Vec<usize> = all.iter().chain(all.iter().rev()).copied().collect();
    for order in [there_and_back, all.iter().map(|at| at * 5 % text.len()).collect()] {
        let places = Places::new(text);
        for at in order {
            assert_eq!(places.place(at), expected(at), "{at}");
        }
    }
}

#[test]
fn a_thousand_mistakes_are_told_and_that_there_are_more() {
    let with = |count: usize| {
        let keys: String = (0..count).map(|number| format!("key{number} = 1\n")).collect();
        read(&format!("[account.a]\n{keys}"), at_home()).1
    };
    let found = with(MOST_MISTAKES + 1);
    assert_eq!(found.len(), MOST_MISTAKES + 1);
    let last = found.last().expect("one at least");
    assert!(last.message.starts_with("there are more mistakes"), "{last:?}");
    assert_eq!(last.account, None, "those that are left out may be of any account");
    let found = with(MOST_MISTAKES);
    assert!(found.len() == MOST_MISTAKES && found.iter().all(|one| one.account.is_some()));
}
