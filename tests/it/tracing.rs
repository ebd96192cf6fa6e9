//! `--trace`: the dialogue line by line with the time, on stderr or in a file.

use crate::support::pop3::{Home, Outcome, Pop3};
use crate::support::scripted::{Answer, Scripted};
use crate::support::stage::{Stage, Store, letters};
use pop3::server::{Behaviour, Server};
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn stage() -> Stage {
    Stage::new(Store::Maildir, letters(3), Behaviour::default())
}

/// The lines of a trace without their times, which are checked.
#[track_caller]
fn untimed(trace: &str) -> Vec<String> {
    let without_time = |line: &str| {
        let (time, rest) = line.split_once(' ').unwrap();
        let form: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(form, "00:00:00.000", "{line}");
        rest.to_owned()
    };
    trace.lines().filter(|line| !line.starts_with("-- ")).map(without_time).collect()
}

#[track_caller]
fn has(lines: &[String], wanted: &[&str]) {
    for line in wanted {
        assert!(lines.iter().any(|one| one == line), "no {line:?} in {lines:#?}");
    }
}

#[test]
fn every_line_of_capa_list_and_uidl_is_shown_and_a_message_is_one_line() {
    let stage = stage();
    let outcome = stage.pop3("list").args(["--trace"]).run().exits(0);
    let lines = untimed(&outcome.stderr);
    has(&lines, &["C: CAPA", "S: UIDL", "S: TOP", "S: .", "C: UIDL", "C: LIST", "C: TOP 1 0"]);
    for message in 1..=3 {
        let of_message = |line: &&String| line.starts_with(&format!("S: {message} "));
        assert_eq!(lines.iter().filter(of_message).count(), 2, "a unique-id and a size: {lines:#?}");
    }
    let summaries = lines.iter().filter(|line| line.ends_with(" octets of message)")).count();
    assert_eq!(summaries, 3, "{lines:#?}");
    assert!(!outcome.stderr.contains("Subject"), "{}", outcome.stderr);
    assert!(!lines.iter().any(|line| line.contains("tanstaaf")), "{lines:#?}");
}

#[test]
fn the_option_works_before_and_behind_every_command_that_talks_to_a_server() {
    let stage = stage();
    let server = format!("pop3://demo@{}", stage.server.addr());
    for command in [
        &["fetch", "--to", "maildir:in"][..],
        &["list"],
        &["stat"],
        &["uidl"],
        &["capa"],
        &["top", "1"],
        &["retr", "1"],
        &["dele", "3", "--yes"],
        &["last"],
        &["noop"],
        &["shell"],
        &["check"],
        &["auth", "login"],
    ] {
        for (before, behind) in [(Some("--trace"), None), (None, Some("--trace"))] {
            let run = Pop3::new(&stage.home).args(before).args(command).args(behind);
            let run = run.args(["--tls", "none", "--server", &server]).env("POP3_PASSWORD", "tanstaaf");
            let outcome = run.stdin("quit\n").run();
            assert!(outcome.stderr.contains(" C: CAPA\n"), "{before:?} {command:?} {behind:?}: {outcome:?}");
        }
    }
}

#[test]
fn verbose_twice_is_no_trace() {
    let outcome = stage().pop3("stat").args(["-vv"]).run().exits(0);
    assert!(!outcome.stderr.contains("C: "), "{}", outcome.stderr);
}

#[test]
fn a_file_gets_the_trace_for_its_owner_alone_behind_what_is_there() {
    let stage = stage();
    let run = || stage.pop3("stat").args(["--trace=dialogue"]).run().exits(0);
    assert_eq!(run().stderr, "");
    let file = stage.home.join("dialogue");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let first = fs::read_to_string(&file).unwrap();
    let process = format!("pop3 {}, process ", env!("CARGO_PKG_VERSION"));
    assert!(first.starts_with("-- 20") && first.lines().next().unwrap().contains(&process), "{first}");
    has(&untimed(&first), &["C: STAT", "C: QUIT"]);
    // In colour where it is wanted by force, but not in a file.
    stage.pop3("stat").args(["--color", "always", "--trace=dialogue"]).run().exits(0);
    let both = fs::read_to_string(&file).unwrap();
    assert!(both.starts_with(&first) && !both.contains('\x1b'), "{both}");
    assert_eq!(both.matches(" C: STAT\n").count(), 2, "{both}");
}

#[test]
fn what_a_server_says_is_verbatim_in_a_file_and_in_a_pipe() {
    let answer = |line: &str| match line {
        "CAPA" => Answer::Say("+OK\r\nUSER\r\nX-\u{1b}[31mred\r\n.\r\n"),
        "STAT" => Answer::Say("+OK 0 0\r\n"),
        _ => Answer::Say("+OK\r\n"),
    };
    let server = Scripted::start("+OK \u{1b}]0;title\u{7} ready\r\n", answer);
    let home = Home::new();
    let url = format!("pop3://me@{}", server.address);
    let run = |trace: &str| {
        let run = Pop3::new(&home).args(["stat", trace, "--tls", "none", "-s", &url]);
        run.env("POP3_PASSWORD", "x").run().exits(0).stderr
    };
    let piped = run("--trace");
    assert_eq!(run("--trace=dialogue"), "");
    for trace in [piped, fs::read_to_string(home.join("dialogue")).unwrap()] {
        has(&untimed(&trace), &["S: +OK \u{1b}]0;title\u{7} ready", "S: X-\u{1b}[31mred"]);
    }
}

#[test]
fn a_file_that_cannot_be_made_is_an_error_before_anything_is_sent() {
    let stage = stage();
    fs::create_dir(stage.home.join("folder")).unwrap();
    for (file, why) in [("none/dialogue", "no such file"), ("folder", "directory")] {
        let outcome = stage.pop3("stat").args([format!("--trace={file}")]).run().exits(73);
        outcome.says(&format!("could not open {file} for the trace")).says(why).says("hint:");
    }
    stage.pop3("stat").env("POP3_TRACE", "./none/dialogue").run().exits(73).says("for the trace");
    assert!(stage.server.log().is_empty(), "{:?}", stage.server.log());
}

#[test]
fn a_fifo_that_nobody_reads_is_an_error_and_no_endless_wait() {
    let stage = stage();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        stage.home.join("fifo"),
        rustix::fs::FileType::Fifo,
        0o600.into(),
        0,
    )
    .unwrap();
    stage.pop3("stat").args(["--trace=fifo"]).run().exits(73).says("could not open");
}

#[test]
fn a_trace_into_a_file_that_is_a_terminal_is_made_harmless() {
    let greeting = b"ready \x1b[31mred\x1b]0;title\x07".to_vec();
    let stage = Stage::new(Store::Maildir, letters(1), Behaviour { greeting, ..Behaviour::default() });
    let terminal = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/screen.py");
    let shown = stage
        .pop3_under(&["python3", terminal, "100", "40"], "stat")
        .args(["--trace=/dev/tty"])
        .run()
        .exits(0)
        .text();
    assert!(shown.contains(" S: +OK ready ") && !shown.contains("\u{1b}]0;"), "{}", shown.escape_debug());
}

#[test]
fn a_disk_that_is_full_costs_the_trace_and_not_the_command() {
    let stage = stage();
    let outcome = stage.pop3("stat").args(["--trace=/dev/full"]).run().exits(0);
    assert!(outcome.text().starts_with("3\t"), "{}", outcome.text());
    assert_eq!(outcome.stderr.matches("the trace in /dev/full is incomplete").count(), 1, "{outcome:?}");
}

/// Two accounts, the first with this line.
fn two(home: &Home, server: &Server, line: &str) {
    let account = |name: &str, more: &str| {
        format!(
            "[account.{name}]\nserver = \"pop3://demo@{}\"\ntls = \"none\"\nmaildrop = \"{name}\"\n\
             password-command = \"echo tanstaaf\"\ndeliver = \"maildir:~/{name}\"\n{more}\n",
            server.addr()
        )
    };
    home.configure(&(account("one", line) + &account("two", "")));
}

#[test]
fn the_key_and_the_variable_take_a_word_or_a_path_and_the_option_precedes_them() {
    let (home, server) = (Home::new(), Server::start(letters(1), Behaviour::default()).unwrap());
    let stat = |args: &[&str], variable: &str| -> Outcome {
        let _ = fs::remove_file(home.join("dialogue"));
        Pop3::new(&home).args(["stat", "-a", "one"]).args(args).env("POP3_TRACE", variable).run()
    };
    let is_shown = |outcome: &Outcome| outcome.stderr.contains(" C: STAT");
    let is_in_file = || fs::read_to_string(home.join("dialogue")).is_ok_and(|text| text.contains(" C: STAT"));
    for (line, args, variable, shown, in_file) in [
        ("", &[][..], "", false, false),
        ("trace = true", &[], "", true, false),
        ("trace = \"~/dialogue\"", &[], "", false, true),
        ("trace = true", &[], "no", false, false),
        ("", &[], "yes", true, false),
        ("trace = true", &[], "./dialogue", false, true),
        ("trace = \"~/dialogue\"", &["--trace"], "no", true, false),
        ("trace = true", &["--trace=off"], "yes", false, false),
        ("trace = true", &["--trace=dialogue"], "yes", false, true),
    ] {
        two(&home, &server, line);
        let outcome = stat(args, variable).exits(0);
        let found = (is_shown(&outcome), is_in_file());
        assert_eq!(found, (shown, in_file), "{line:?} {args:?} {variable:?}: {outcome:?}");
    }
    two(&home, &server, "");
    stat(&[], "ture").exits(64).says("POP3_TRACE").says("the path of a file");
    two(&home, &server, "trace = \"dialogue\"");
    stat(&[], "").exits(78).says("trace");
    two(&home, &server, "trace = \"~/dialogue\"");
    let effective = |args: &[&str]| Pop3::new(&home).args(["config", "show"]).args(args).run().exits(0);
    effective(&[]).has_line(&["trace", &home.join("dialogue").display().to_string(), "[account.one]"]);
    effective(&["--trace"]).has_line(&["trace", "true", "--trace"]);
}

#[test]
fn each_line_names_its_account_where_there_are_several() {
    let (home, server) = (Home::new(), Server::start(letters(1), Behaviour::default()).unwrap());
    two(&home, &server, "");
    let outcome = Pop3::new(&home).args(["fetch", "--trace=dialogue"]).run().exits(0);
    assert_eq!(outcome.stderr, "");
    let lines = untimed(&fs::read_to_string(home.join("dialogue")).unwrap());
    has(&lines, &["one C: RETR 1", "two C: RETR 1"]);
    assert!(lines.iter().all(|line| line.starts_with("one ") || line.starts_with("two ")), "{lines:#?}");
    let alone = Pop3::new(&home).args(["fetch", "-a", "one", "--refetch", "--trace"]).run();
    has(&untimed(&alone.exits(0).stderr), &["C: RETR 1"]);
}
