//! What is said about a command line that cannot be used.

use clap::FromArgMatches;

use super::*;
use crate::cli::advice::names_only_real_options;

/// The sentence and the hint for these arguments.
fn answer_to(words: &[&str]) -> (String, String) {
    let mut command = args::command();
    let matches = command.try_get_matches_from_mut(["pop3"].iter().chain(words));
    let parsed = matches.and_then(|mut matches| args::Cli::from_arg_matches_mut(&mut matches));
    let error = to_error(
        &parsed.map(|_| ()).expect_err("a mistake"),
        &words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>(),
    );
    (report::sentence(&error), report::own_hint(&error).expect("each has a hint"))
}

#[track_caller]
fn says(words: &[&str], sentence: &str, hint: &str) {
    let told = answer_to(words);
    assert_eq!((told.0.as_str(), told.1.as_str()), (sentence, hint), "{words:?}");
    names_only_real_options(&told.1);
}

#[test]
fn an_option_of_another_program_is_answered_with_ours() {
    let delete = "to delete after fetching use `pop3 fetch --keep none`";
    says(&["fetch", "--delete"], "there is no option --delete", delete);
    says(&["fetch", "--nokeep"], "there is no option --nokeep", delete);
    let encrypt = "the URL of --server says it: pop3s://HOST is TLS from the start, pop3://HOST is STLS";
    says(&["list", "--ssl"], "there is no option --ssl", encrypt);
    says(&["fetch", "--username", "me"], "there is no option --username", "use --user NAME");
    assert!(answer_to(&["fetch", "--folder", "x"]).1.contains("has no folders"));
    assert!(answer_to(&["fetch", "--days=14"]).1.contains("--keep 14d"));
}

#[test]
fn an_option_of_another_command_and_a_typo_are_told_from_each_other() {
    says(&["stat", "--keep", "none"], "pop3 stat has no option --keep", "`pop3 fetch` has it");
    says(&["fetch", "--max-sise", "1"], "there is no option --max-sise", "did you mean --max-size?");
    says(
        &["fetch", "--frobnicate"],
        "there is no option --frobnicate",
        "`pop3 fetch --help` shows the usage",
    );
    says(&["stat", "-Z"], "there is no option -Z", "`pop3 stat --help` shows the usage");
}

#[test]
fn a_command_of_another_program_is_answered_with_ours() {
    says(&["get"], "there is no command \"get\"", "`pop3 fetch` fetches new messages");
    says(&["Delete"], "there is no command \"Delete\"", "`pop3 dele` deletes messages on the server");
    says(&["fech"], "there is no command \"fech\"", "did you mean `pop3 fetch`?");
    says(&["xyzzy"], "there is no command \"xyzzy\"", "`pop3 --help` lists the commands");
    says(&["auth", "xyzzy"], "pop3 auth has no command \"xyzzy\"", "`pop3 auth --help` lists the commands");
    let whole = args::command();
    for (words, hint) in COMMANDS {
        names_only_real_options(hint);
        for word in words {
            assert!(whole.find_subcommand(word).is_none(), "{word} is a command");
        }
    }
}

#[test]
fn a_server_or_an_account_where_a_message_is_wanted_leads_to_its_option() {
    let server = "name a server with --server: `pop3 list --server URL`";
    let told = answer_to(&["list", "pop3s://me@pop.example.com"]);
    assert_eq!(told.1, server);
    let told = answer_to(&["list", "work"]);
    assert_eq!(told.1, "name an account with --account: `pop3 list --account work`");
    says(
        &["check", "work"],
        "pop3 check does not take \"work\"",
        "name an account with --account: `pop3 check --account work`",
    );
    assert!(answer_to(&["pop3s://pop.example.com"]).1.contains("`pop3 list --server URL`"));
}

#[test]
fn a_password_in_a_misplaced_url_is_not_repeated() {
    for words in [
        &["list", "pop3s://me:hunter2@host"][..],
        &["stat", "pop3s://me:hunter2@host"],
        &["pop3s://me:hunter2@host"],
        &["fetch", "--keep", "pop3s://me:hunter2@host"],
        &["fetch", "--password=hunter2"],
        &["fetch", "--tls", "pop3s://me:hunter2@host"],
    ] {
        let told = answer_to(words);
        assert!(!format!("{told:?}").contains("hunter2"), "{told:?}");
    }
}

#[test]
fn a_value_that_cannot_be_used_is_told_with_its_option_its_cause_and_what_helps() {
    says(
        &["fetch", "--keep", "15m"],
        "could not use --keep: \"15m\" may be minutes or megabytes",
        "write 15MB for the newest mail of that size; an age is in h, d or w: 15d",
    );
    says(
        &["fetch", "--tls", "maybe"],
        "could not use --tls \"maybe\": expected one of implicit, stls, none",
        "`pop3 fetch --help` shows the usage",
    );
    says(&["fetch", "--keep"], "--keep needs a value", "`pop3 fetch --help` shows the usage");
    let long = "x".repeat(5000);
    assert!(answer_to(&["fetch", "--keep", &long]).0.len() < 500);
    assert!(!answer_to(&["fetch", "--tls", "\u{1b}[31m"]).0.contains('\u{1b}'));
}

#[test]
fn what_is_missing_and_what_excludes_each_other_is_told() {
    says(&["retr"], "pop3 retr needs MSG", "usage: pop3 retr <MSG>...");
    says(
        &["problems", "--to", "x"],
        "pop3 problems needs --retry",
        "usage: pop3 problems --retry <MSG> --to <DEST>",
    );
    says(&["fetch", "-4", "-6"], "-4 and -6 cannot be used together", "leave one of them out");
    says(
        &["fetch", "--keep", "1", "--keep", "2"],
        "--keep may be given only once",
        "`pop3 fetch --help` shows the usage",
    );
}
