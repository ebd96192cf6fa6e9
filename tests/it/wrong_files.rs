//! Configuration files that are none: of 10 MB, with a line of 1 MB, with hundreds of thousands of mistakes. Each ends
//! with 78, soon, in little memory, and with a message that a person can read.

use crate::support::in_parallel;
use crate::support::pop3::{Home, Outcome, Pop3};
use std::path::Path;
use std::time::{Duration, Instant};

/// The most that is said of a file with few mistakes, in bytes.
const MOST_SAID: usize = 4000;

/// Far more than a debug build takes on a busy machine, and far less than what grows with the square of the file.
const SOON: Duration = Duration::from_secs(20);

/// The most memory that the process may take up: most of it is reserved and never used. The TOML parser keeps every
/// error that it finds, some 600 bytes each.
const MEMORY: &str = "--as=800000000";

const ACCOUNT: &str = "[account.work]\nserver = 'pop3s://me@pop.example'\n";

/// Runs the program with little memory; fails if it takes long, or if it says more than `most` bytes.
#[track_caller]
fn run(home: &Home, args: &[&str], most: usize) -> Outcome {
    let begun = Instant::now();
    let outcome = Pop3::under(home, &["prlimit", MEMORY]).args(args).run();
    assert!(begun.elapsed() < SOON, "{args:?}: {:?}", begun.elapsed());
    let said = outcome.stderr.len() + outcome.stdout.len();
    assert!(said < most, "{args:?}: {said} bytes: {:.300}", outcome.stderr);
    outcome
}

/// `text` again and again, to that many bytes at least.
fn filled(text: &str, bytes: usize) -> String {
    text.repeat(bytes.div_ceil(text.len()))
}

#[test]
fn a_configuration_of_10_mb_is_78_with_its_name_and_size_limit() {
    for text in ["# a comment\n", "[account.a]\n", "\n", "x"] {
        let home = Home::new();
        let path = home.configure(&format!("{ACCOUNT}{}", filled(text, 10_000_000)));
        for args in [&["config", "check"][..], &["config", "show"], &["fetch"], &["accounts"]] {
            let outcome = run(&home, args, MOST_SAID).exits(78).says("larger than 1 MiB").says("hint:");
            outcome.says(path.to_str().unwrap());
        }
        let named = home.write("named.toml", ACCOUNT, 0o600);
        run(&home, &["config", "show", "--config", named.to_str().unwrap()], MOST_SAID).exits(0);
        run(&home, &["config", "show", "--config", path.to_str().unwrap()], MOST_SAID).exits(78);
    }
}

#[test]
fn an_included_file_of_10_mb_is_78_with_the_place_of_the_include() {
    let home = Home::new();
    home.configure(&format!("# settings\ninclude = 'more.toml'\n{ACCOUNT}"));
    home.write(".config/pop3/more.toml", &filled("# a comment\n", 10_000_000), 0o600);
    let check = run(&home, &["config", "check"], MOST_SAID).exits(78);
    for wanted in ["config.toml:2:11: ", "more.toml", "larger than 1 MiB"] {
        assert!(check.text().contains(wanted), "no {wanted:?} in {}", check.text());
    }
    run(&home, &["config", "show"], MOST_SAID).exits(78).says("line 2").says("larger than 1 MiB");
}

#[test]
fn a_device_that_never_ends_is_no_configuration() {
    let home = Home::new();
    run(&home, &["config", "check", "--config", "/dev/zero"], MOST_SAID).exits(78).says("larger than 1 MiB");
}

#[test]
fn a_key_or_a_name_of_1_mb_is_78_with_its_line_and_is_not_repeated() {
    let long = "k".repeat(1_000_000);
    for (text, place) in [
        (format!("{ACCOUNT}{long} = 1\n"), 3),
        (format!("\n\n{long} = 1\n{ACCOUNT}"), 3),
        (format!("\n\n[{long}]\n{ACCOUNT}"), 3),
        (format!("\n\n[account.{long}]\nserver = 'pop3s://h'\n{ACCOUNT}"), 3),
        (format!("\n\naccount = {{ {long} = {{}} }}\n"), 3),
        (format!("\n\n{long}\n"), 3),
        (format!("\n\ndefault-account = {long}\n"), 3),
    ] {
        let home = Home::new();
        let path = home.configure(&text);
        let check = run(&home, &["config", "check"], MOST_SAID).exits(78);
        let begin = format!("{}:{place}:", path.display());
        assert!(check.text().starts_with(&begin), "{:.40}: {}", text.trim_start(), check.text());
        run(&home, &["config", "show"], MOST_SAID).exits(78).says(&format!("line {place}"));
    }
}

#[test]
fn a_file_of_mistakes_alone_is_told_soon_and_with_an_end() {
    let size = 300_000;
    let texts = [
        filled("=\n", size),
        filled("=", size),
        filled("[\n", size),
        filled("[", size),
        filled("'", size),
        filled("a\n", size),
        format!("a = {}", filled("[", size)),
        format!("a = {}", filled("{a=", size)),
        format!("a = [{}]", filled("{},", size)),
        filled("a.b.", size),
        filled("\0", size),
        (0..size / 16).map(|n| format!("key{n} = 1\n")).collect(),
        format!("{ACCOUNT}{}", (0..size / 16).map(|n| format!("key{n} = 1\n")).collect::<String>()),
        format!("[defaults]\nx = 1\nserver = {{ {} }}\n", "a = 1, ".repeat(size / 8)),
        format!(
            "defaults = {{ {} a = 1 }}\n",
            (0..size / 16).map(|n| format!("key{n} = 1, ")).collect::<String>()
        ),
        (0..size / 24).map(|n| format!("[account.a{n}]\nx=1\n")).collect(),
    ];
    in_parallel(texts, |text| {
        let home = Home::new();
        home.configure(&text);
        let what = &text[..text.len().min(30)];
        let check = run(&home, &["config", "check"], 1_000_000);
        assert_eq!(check.code, 78, "{what}");
        let places = check.text().lines().filter(|line| line.contains("config.toml:")).count();
        assert!((1..=1001).contains(&places), "{what}: {places} mistakes");
        run(&home, &["config", "show"], 10_000).exits(78).says("line ");
    });
}

#[test]
fn an_account_behind_the_last_mistake_that_is_told_is_not_used_as_if_it_had_none() {
    // The mistakes of one account concern no other; that of the second one is behind the most that are kept.
    let many: String = (0..2000).map(|n| format!("key{n} = 1\n")).collect();
    let text = format!("[account.first]\n{many}{}max-delete = 'five'\n", ACCOUNT.replace("work", "second"));
    let home = Home::new();
    home.configure(&text);
    run(&home, &["config", "show", "-a", "second"], MOST_SAID).exits(78);
    let check = run(&home, &["config", "check"], 2_000_000).exits(78);
    assert!(check.text().contains("there are more mistakes than these"), "{}", check.stderr);
}

#[test]
fn a_path_of_a_configuration_that_cannot_be_is_78_and_short() {
    let home = Home::new();
    let long = format!("/{}", "a".repeat(100_000));
    for path in [long.as_str(), "/nowhere/\x1b]0;title\x07", ""] {
        let outcome = run(&home, &["config", "check", "--config", path], MOST_SAID);
        assert!(!outcome.stderr.contains('\x1b'), "{}", outcome.stderr);
        assert_eq!(outcome.code, if path.is_empty() { 64 } else { 78 }, "{}", outcome.stderr);
    }
    assert!(!Path::new(&long).exists());
}
