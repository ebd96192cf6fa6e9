//! What a person sees of `pop3 fetch` while it runs: bars that fit the terminal, waits, who holds a lock, lines now and
//! then where there is no terminal that could show a bar, and a line a message with `-vv`.

use crate::support::pop3::{Outcome, Pop3};
use crate::support::stage::{STORES, Stage, letters, padded};
use pop3::server::{Behaviour, Fault, Message, Pipelining};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

const TERMINAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/screen.py");

/// A server with these messages, and the account `work` for it.
fn work(messages: Vec<Message>, behaviour: Behaviour, deliver: &str) -> Stage {
    let stage = Stage::new(STORES[0], messages, behaviour);
    stage.home.configure(&format!(
        "[account.work]\nserver = \"pop3://demo@{}\"\ntls = \"none\"\ndeliver = \"{deliver}\"\n",
        stage.server.addr()
    ));
    stage
}

/// `fetch` on a terminal of so many columns.
fn on_terminal(stage: &Stage, columns: usize, args: &[&str]) -> Pop3 {
    let run = Pop3::under(&stage.home, &["python3", TERMINAL, &columns.to_string(), "40"]);
    run.args(["fetch", "-a", "work"])
        .args(args)
        .env("POP3_PASSWORD", "tanstaaf")
        .env("TERM", "xterm")
        .env("NO_COLOR", "1")
}

/// `fetch` without a terminal.
fn in_pipe(stage: &Stage, args: &[&str]) -> Outcome {
    let run = Pop3::new(&stage.home).args(["fetch", "-a", "work"]).args(args);
    run.env("POP3_PASSWORD", "tanstaaf").run()
}

/// All lines that the terminal has shown, each as often as it was drawn.
fn frames(shown: &Outcome) -> Vec<String> {
    let text = shown.text();
    let mut plain = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("\u{1b}[") {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 2..];
        let end = rest.find(|c: char| c.is_ascii_alphabetic()).map_or(rest.len(), |end| end + 1);
        plain.push('\n');
        rest = &rest[end..];
    }
    plain.push_str(rest);
    plain.split(['\r', '\n']).map(str::trim_end).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn columns(line: &str) -> usize {
    line.chars().count() // no test here shows wide characters
}

fn slow(pauses: &[(&str, u64)]) -> Behaviour {
    pauses.iter().fold(
        Behaviour { pipelining: Pipelining::Unannounced, ..Behaviour::default() },
        |behaviour, (command, millis)| {
            behaviour.with_fault(Fault::delay_at(command, Duration::from_millis(*millis)))
        },
    )
}

#[test]
fn a_bar_fits_terminals_of_40_60_and_100_columns() {
    let pauses = [("RETR 4", 600), ("RETR 8", 600), ("RETR 12", 600), ("RETR 16", 600), ("RETR 20", 600)];
    std::thread::scope(|scope| {
        for width in [40, 60, 100] {
            scope.spawn(move || {
                let messages = (1..=24).map(|number| padded(number, 20_000)).collect();
                let stage = work(messages, slow(&pauses), "maildir:~/in");
                let shown = on_terminal(&stage, width, &[]).run().exits(0);
                let frames = frames(&shown);
                let bars: Vec<&String> = frames.iter().filter(|line| line.contains('━')).collect();
                assert!(bars.len() > 5, "{width}: {frames:#?}");
                assert!(frames.iter().all(|line| columns(line) <= width), "{width}: {frames:#?}");
                assert!(bars.iter().all(|line| columns(line) < width), "{width}: {bars:#?}");
                assert!(bars.iter().all(|line| line.starts_with("work: ") && line.contains(" of 24 ")));
                let has = |what: &str| bars.iter().any(|line| line.contains(what));
                assert!(has(" left"), "{width}: {bars:#?}");
                assert_eq!(
                    (has(" KiB of 4"), has(" KiB/s")),
                    (width >= 60, width >= 100),
                    "{width}: {bars:#?}"
                );
                let last = frames.iter().rposition(|line| line.contains("24 messages fetched")).unwrap();
                let summary = frames[last..].join(" ");
                assert!(summary.contains("KiB in ") && frames.len() - last <= 3, "{width}: {summary}");
            });
        }
    });
}

/// What has come is not yet delivered: with a slow command that is what takes its time.
#[test]
fn a_slow_store_is_shown_as_delivering() {
    let stage = work(letters(6), Behaviour::default(), "command:sleep 0.4; cat > /dev/null");
    let frames = frames(&on_terminal(&stage, 80, &[]).run().exits(0));
    for delivered in [1, 3, 5] {
        let line = format!("work: delivering {delivered} of 6 ");
        assert!(frames.iter().any(|frame| frame.starts_with(&line)), "no {line:?}: {frames:#?}");
    }
}

#[test]
fn a_wait_on_a_terminal_says_for_what_and_how_long() {
    std::thread::scope(|scope| {
        for (width, command, words) in [
            (100, "RETR 2", "work: waiting for the answer to RETR 2, 4 s of 6 s"),
            (100, "PASS", "work: waiting for the answer to PASS, 4 s of 6 s"),
            (100, "", "work: waiting for the greeting, 4 s of 6 s"),
            (40, "RETR 2", "work: waiting for RETR 2, 4 s of 6 s"),
        ] {
            scope.spawn(move || {
                let faults = vec![Fault::delay_at(command, Duration::from_millis(5200))];
                let behaviour = Behaviour {
                    faults,
                    apop: pop3::server::Apop::Absent,
                    mechanisms: vec![],
                    ..Behaviour::default()
                };
                let stage = work(letters(3), behaviour, "maildir:~/in");
                let shown = on_terminal(&stage, width, &["--timeout", "6s"]).run().exits(0);
                let frames = frames(&shown);
                assert!(frames.iter().any(|line| line.contains(words)), "no {words:?}: {frames:#?}");
                assert!(!frames.iter().any(|line| line.contains(", 2 s of 6 s")), "too early: {frames:#?}");
            });
        }
    });
}

/// Locks a file as a mail reader does, for six seconds.
const HOLD: &str = "\
import fcntl, sys, time
held = open(sys.argv[1], 'r+')
fcntl.lockf(held, fcntl.LOCK_EX)
print('held', flush=True)
time.sleep(6)
";

#[test]
fn a_wait_for_the_lock_of_an_mbox_says_who_holds_it() {
    let stage = work(letters(2), Behaviour::default(), "mbox:~/in");
    let mbox = stage.home.write("in", "", 0o600);
    let mut holder =
        Command::new("python3").args(["-c", HOLD]).arg(&mbox).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(holder.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, "held\n");
    let frames = frames(&on_terminal(&stage, 100, &[]).run().exits(0));
    holder.wait().unwrap();
    // A narrow terminal loses the end of the path, not the holder nor the time.
    let words = format!("waiting for process {} (python3), which holds the lock of /", holder.id());
    let is_shown = |frame: &String| frame.contains(&words) && frame.ends_with(", 4 s of 30 s");
    assert!(frames.iter().any(is_shown), "no {words:?}: {frames:#?}");
}

#[test]
fn where_no_bar_can_be_shown_a_long_run_says_a_line_now_and_then() {
    let line = "work: 0 of 3 messages, waiting for the answer to RETR 2, ";
    let stage = || work(letters(3), slow(&[("RETR 2", 7000)]), "maildir:~/in");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let shown = on_terminal(&stage(), 80, &[]).env("TERM", "dumb").run().exits(0).text();
            assert!(shown.contains(line), "{shown}");
            assert!(!shown.contains('\u{1b}') && !shown.contains('━'), "{shown}");
            assert_eq!(shown.matches(" of 3 messages").count(), 1, "{shown}");
        });
        scope.spawn(|| {
            let outcome = in_pipe(&stage(), &["-v"]).exits(0).says(line);
            assert!(!outcome.stderr.contains('\u{1b}'), "{}", outcome.stderr);
        });
        scope.spawn(|| {
            let outcome = in_pipe(&stage(), &[]).exits(0);
            assert_eq!((outcome.text(), outcome.stderr), (String::new(), String::new()));
        });
    });
    let stage = work(letters(3), Behaviour::default(), "maildir:~/in");
    in_pipe(&stage, &["-v"]).exits(0).says_not(" of 3 messages,").says("3 messages fetched");
}

/// `-vv` is a line a message, from what comes anyway; the dialogue is `--trace` alone.
#[test]
fn very_verbose_is_a_line_a_message_and_no_dialogue() {
    let header = "From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\nSubject: two\n\u{1b}[31m words\n";
    let messages = vec![Message::text(format!("{header}\nbody\n")), padded(2, 3000)];
    let stage = work(messages, Behaviour::default(), "maildir:~/in");
    let outcome = in_pipe(&stage, &["-vv"]).exits(0);
    let place = stage.home.join("in");
    for words in [
        format!("work: message 1 from Jürgen, \"two\", 82 B, into the Maildir {}\n", place.display()),
        format!(
            "work: message 2 from a@example.org, \"letter 2\", 3.1 KiB, into the Maildir {}\n",
            place.display()
        ),
    ] {
        assert!(outcome.stderr.contains(&words), "no {words:?}: {}", outcome.stderr);
    }
    assert!(!outcome.stderr.contains("RETR") && !outcome.stderr.contains('\u{1b}'), "{}", outcome.stderr);
    assert_eq!(stage.server.count("TOP"), 0);
    let stage = work(letters(1), Behaviour::default(), "maildir:~/in");
    in_pipe(&stage, &["-v"]).exits(0).says_not("letter 1");
}
