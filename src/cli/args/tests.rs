//! The command line as a whole.

use std::path::Path;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Command as Clap, CommandFactory, Parser};
use pop3::account::{Overrides, PasswordSource};
use pop3::error::Kind;
use pop3::fetch::policy::Order;
use pop3::session::Pipelining;
use pop3::store::Spec;
use pop3::transport::{Family, Security, TlsVersion};

use super::*;

fn parse(words: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(words.split_whitespace())
}

fn fetch(words: &str) -> Overrides {
    let Command::Fetch(args) = parse(&format!("pop3 fetch {words}")).expect(words).command else {
        panic!("{words} is no fetch");
    };
    args.overrides(Some(Path::new("/home/me")), |text, _| Err(Spec::ambiguous(text))).expect(words)
}

/// The command and all below it.
fn all(command: Clap) -> Vec<Clap> {
    let below: Vec<_> = command.get_subcommands().cloned().collect();
    std::iter::once(command).chain(below.into_iter().flat_map(all)).collect()
}

#[test]
fn the_definitions_hold_together() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_and_option_explains_itself_in_one_style() {
    for command in all(Cli::command()) {
        let name = command.get_name().to_owned();
        let about = command.get_about().unwrap_or_else(|| panic!("{name} says nothing")).to_string();
        assert!(about.starts_with(char::is_uppercase) && !about.ends_with('.'), "{name}: {about}");
        if let Some(long) = command.get_long_about().map(ToString::to_string).filter(|long| *long != about) {
            assert!(long.ends_with('.'), "{name}: {long}");
        }
        for arg in command.get_arguments() {
            let help =
                arg.get_help().unwrap_or_else(|| panic!("{name}: {} says nothing", arg.get_id())).to_string();
            assert!(help.starts_with(char::is_uppercase) && !help.ends_with('.'), "{name}: {help}");
            if let Some(long) = arg.get_long_help() {
                assert!(long.to_string().ends_with('.'), "{name}: {long}");
            }
        }
    }
}

#[test]
fn every_option_of_fetch_has_a_key_of_its_name_and_the_other_way_round() {
    let global = ["config", "quiet", "verbose", "json", "color", "progress", "trace"];
    // What is said of one run only.
    let of_one_run = ["account", "refetch", "now"];
    let root = Cli::command();
    let command = root.find_subcommand("fetch").expect("there");
    let options: Vec<_> = command.get_arguments().filter_map(|arg| arg.get_long()).collect();
    let keys = || Overrides::keys().map(|key| key.name);
    for option in options.iter().filter(|option| !global.contains(option) && !of_one_run.contains(option)) {
        assert!(keys().any(|key| key == *option), "--{option} has no key");
    }
    // A password is never an argument; enabled is what stays so; deliver is the key's better name for --to; neither what a maildrop is
    // called nor the program's registration with a provider changes from run to run; -4 and -6 are ip-version in
    // short; --trace is an option of every command.
    let keys_alone = ["password", "deliver", "maildrop", "enabled", "ip-version", "trace"];
    for key in keys().filter(|key| !keys_alone.contains(key) && !key.starts_with("oauth")) {
        assert!(options.contains(&key), "the key {key} has no option");
    }
}

#[test]
fn each_option_says_its_part() {
    assert_eq!(fetch("-s pop3s://h -u me@x").server.expect("set").security(), Security::Implicit);
    assert_eq!(fetch("--user me@x").user.as_deref(), Some("me@x"));
    assert_eq!(fetch("--tls none").tls, Some(Security::None));
    assert_eq!(fetch("--ca-file ~/a --ca-file /b").ca_files.expect("set")[0], Path::new("/home/me/a"));
    let pin = "ab".repeat(32);
    assert_eq!(fetch(&format!("--pin sha256:{pin} --pin sha256:{pin}")).pins.expect("set").len(), 2);
    assert_eq!(fetch("--tls-min 1.3").tls_min, Some(TlsVersion::V1_3));
    assert_eq!(fetch("--tls-host x").tls_host.as_deref(), Some("x"));
    assert_eq!(fetch("--auth auto").auth, Some(None));
    assert!(matches!(fetch("--auth cram-md5").auth, Some(Some(_))));
    assert!(matches!(fetch("--proxy socks5h://h:1080").proxy, Some(Some(_))));
    assert!(matches!(fetch("--proxy none").proxy, Some(None)));
    assert_eq!(fetch("--tunnel x").tunnel.as_deref(), Some("x"));
    assert_eq!(fetch("--source-ip ::1").source, "::1".parse().ok());
    assert_eq!((fetch("-4").family, fetch("-6").family), (Some(Some(Family::V4)), Some(Some(Family::V6))));
    assert_eq!(fetch("--timeout 2m").timeout, Some(Duration::from_secs(120)));
    assert_eq!(fetch("--pipelining off").pipelining, Some(Pipelining::Off));
    assert_eq!(fetch("--to maildir:~/Mail").deliver, Some(Spec::Maildir("/home/me/Mail".into())));
    assert_eq!(fetch("--keep 14d").keep, "14d".parse().ok());
    assert_eq!(fetch("--max-size 10M").max_size, Some(10 << 20));
    assert_eq!(fetch("--limit 5 --max-delete 6").limit, Some(5));
    assert_eq!(fetch("--max-delete 6").max_delete, Some(6));
    assert_eq!(fetch("--order newest").order, Some(Order::Newest));
    assert_eq!(fetch("--dry-run").dry_run, Some(true));
    assert!(matches!(fetch("--password-command x").password, Some(PasswordSource::Command(_))));
    assert!(matches!(fetch("--password-file x").password, Some(PasswordSource::File(_))));
    assert!(matches!(fetch("--password-stdin").password, Some(PasswordSource::Stdin)));
}

#[test]
fn silence_says_nothing() {
    assert_eq!(format!("{:?}", fetch("")), format!("{:?}", Overrides::default()));
}

#[test]
fn each_command_is_understood() {
    for words in [
        "fetch -a a -a b",
        "fetch a b",
        "config show a",
        "completions bash",
        "list",
        "list 1 3-7 last uid:x",
        "stat",
        "uidl first",
        "capa",
        "top 1",
        "top last 10",
        "retr 1 2 -o f",
        "dele 1 --yes",
        "last",
        "noop",
        "shell -a work",
        "auth login -a work --password-stdin",
        "auth login -a work --device",
        "auth login --browser",
        "auth status",
        "auth logout -a work",
        "state show -a work",
        "state forget -a work uid:x 3-4",
        "state forget --all",
        "accounts",
        "config check",
        "demo",
        "generate man",
        "generate completions --output d",
        "-q fetch",
        "fetch --json -v --color never --config c",
    ] {
        let result = parse(&format!("pop3 {words}"));
        assert!(result.is_ok(), "{words}: {}", result.expect_err("a mistake"));
    }
}

#[test]
fn what_is_wrong_is_refused() {
    for words in [
        "",
        "frobnicate",
        "check x",
        "auth",
        "completions tcsh",
        "fetch --keep some",
        "fetch --limit -1",
        "fetch --tls maybe",
        "fetch --timeout 0s",
        "fetch --pin abc",
        "fetch --password hunter2",
        "fetch --order random",
        "fetch --source-ip here",
        "fetch -4 -6",
        "fetch --tunnel x --proxy socks5h://h",
        "fetch --tunnel x --source-ip ::1",
        "fetch --tunnel x -4",
        "fetch --password-command x --password-stdin",
        "fetch --password-file x --password-stdin",
        "fetch --password-file x --password-command y",
        "retr",
        "retr 0",
        "retr -o f",
        "dele",
        "top",
        "top 1-3",
        "top 1 x",
        "list 7-3",
        "auth",
        "auth login --password hunter2",
        "auth login --device --browser",
        "state",
        "state forget",
        "state forget uid:x --all",
        "config",
        "generate",
    ] {
        assert!(parse(&format!("pop3 {words}")).is_err(), "{words}");
    }
    assert_eq!(parse("pop3 --help").expect_err("help").kind(), ErrorKind::DisplayHelp);
    assert_eq!(parse("pop3 --version").expect_err("version").kind(), ErrorKind::DisplayVersion);
}

#[test]
fn a_password_in_the_server_is_refused_and_not_repeated() {
    let cli = parse("pop3 stat -s pop3s://me:hunter2@h").expect("clap does not look into it");
    let Command::Stat(args) = cli.command else { panic!("no stat") };
    let error = args.server.overrides(None).expect_err("a password");
    assert_eq!((error.kind(), error.to_string().as_str()), (Kind::Usage, "could not use --server"));
    assert!(!format!("{error:?}").contains("hunter2"));
    let cli = parse("pop3 stat --proxy socks5h://me:hunter2@h").expect("clap does not look into it");
    let Command::Stat(args) = cli.command else { panic!("no stat") };
    let error = args.server.overrides(None).expect_err("a password");
    assert_eq!((error.kind(), error.to_string().as_str()), (Kind::Usage, "could not use --proxy"));
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[test]
fn accounts_of_fetch_are_named_with_or_without_the_option_and_not_differently() {
    let accounts = |words: &str| {
        let Command::Fetch(args) = parse(&format!("pop3 fetch {words}")).expect(words).command else {
            panic!("{words} is no fetch");
        };
        args.accounts().map_err(|error| error.to_string())
    };
    let names = |list: &[&str]| Ok(list.iter().map(|name| (*name).to_owned()).collect());
    assert_eq!(accounts(""), names(&[]));
    assert_eq!(accounts("home"), names(&["home"]));
    assert_eq!(accounts("-a home"), names(&["home"]));
    assert_eq!(accounts("home work -a work -a home"), names(&["home", "work"]));
    let differs = "the command names the account home, and --account work";
    assert_eq!(accounts("home -a work"), Err(differs.to_owned()));
    assert!(accounts("home -a home -a work").is_err());
    let url = accounts("pop3s://me:hunter2@host").expect_err("a server");
    assert!(!url.contains("hunter2"), "{url}");
}

#[test]
fn the_face_is_the_options_on_top_of_the_file() {
    let face = |words: &str, file: &Globals| {
        parse(&format!("pop3 demo {words}")).expect(words).global.with_defaults(file)
    };
    let quiet = Globals { quiet: Some(true), color: Some(When::Never), ..Globals::default() };
    assert!(face("", &quiet).quiet);
    assert!(!face("-v", &quiet).quiet && face("-v", &quiet).verbose);
    let loud = Globals { verbose: Some(true), json: Some(true), ..Globals::default() };
    assert!(face("-q", &loud).quiet && !face("-q", &loud).verbose && face("-q", &loud).json);
    let each_message = |words, file| face(words, file).each_message;
    assert!(
        !each_message("-v", &loud) && each_message("-vv", &quiet) && each_message("-v --verbose", &quiet)
    );
    assert_eq!(face("", &quiet).color, When::Never);
    assert_eq!(face("--color always", &quiet).color, When::Always);
    assert_eq!(face("", &Globals::default()).progress, When::Auto);
}

#[test]
fn the_trace_stands_before_or_behind_the_command_and_has_a_file_behind_a_sign_of_equality_only() {
    let trace = |words: &str| parse(words).expect(words).global.trace(Some(Path::new("/home/me")));
    let file = |path: &str| Some(TraceTo::File(path.into()));
    assert_eq!(trace("pop3 stat -v"), None);
    for words in ["pop3 --trace stat", "pop3 stat --trace", "pop3 --trace retr 7", "pop3 retr --trace 7 8"] {
        assert_eq!(trace(words), Some(TraceTo::StandardError), "{words}");
    }
    assert_eq!(trace("pop3 --trace=f stat"), file("f"));
    assert_eq!(trace("pop3 stat --trace=~/f"), file("/home/me/f"));
    assert_eq!(trace("pop3 stat --trace=off"), Some(TraceTo::Nowhere));
    assert!(parse("pop3 stat --trace= ").is_err(), "an empty name");
    assert!(parse("pop3 stat -vv").expect("verbose").global.trace(None).is_none());
}
