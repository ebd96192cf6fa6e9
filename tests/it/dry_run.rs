//! `pop3 fetch --dry-run`: what a person and a program see of it, and that odd answers to TOP neither hold it up nor
//! end it.

use crate::support::pop3::Pop3;
use crate::support::stage::{STORES, Stage, letter, letters, padded};
use pop3::server::{Behaviour, Fault, Message, Pipelining, Top};
use std::time::{Duration, Instant};

const TERMINAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/screen.py");

fn on_terminal(stage: &Stage, columns: usize, args: &[&str]) -> Pop3 {
    let run = stage.pop3_under(&["python3", TERMINAL, &columns.to_string(), "40"], "fetch");
    run.args(["--to", "maildir:in", "--dry-run"]).args(args).env("NO_COLOR", "1").env("TERM", "xterm")
}

/// Messages 1 to 3 are delivered, 4 is new, 5 is too large.
fn mixed() -> Stage {
    let stage = Stage::new(STORES[0], letters(3), Behaviour::default());
    stage.fetch(&[]).exits(0);
    stage.server.edit(|maildrop| {
        let name = "From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>";
        let date = "Date: Mon, 05 Feb 2024 10:00:00 +0000";
        maildrop
            .push(Message::text(format!("{name}\n{date}\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n\nbody\n")));
        maildrop.push(padded(5, 100_000));
    });
    stage
}

#[test]
fn a_person_sees_groups_with_counts_and_reasons() {
    let stage = mixed();
    let args = ["--max-size", "50k", "--keep", "none"];
    for width in [40, 60, 100] {
        let shown = on_terminal(&stage, width, &args).run().exits(0).text().replace('\r', "");
        let lines: Vec<&str> = shown.lines().collect();
        for line in &lines {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
        let at = |words: &str| {
            let found = lines.iter().position(|line| line.contains(words));
            found.unwrap_or_else(|| panic!("{width}: no {words:?} in\n{shown}"))
        };
        let (fetch, delete) = (at("To fetch, then delete: 1 message"), at("To delete: 3 messages, 570 B"));
        assert!(fetch < at("Jürgen") && at("Jürgen") < delete && delete < at("letter 3"), "{shown}");
        assert!(lines[fetch..fetch + 2].concat().contains("(new)"), "{shown}");
        let (heading, row) = (lines[at("Jürgen") - 1], lines[at("Jürgen")]);
        assert!(row.contains("Grüße"), "{shown}");
        assert_eq!(heading.contains("date"), width >= 100, "{shown}");
        assert_eq!(heading.contains("size"), width >= 60, "{shown}");
        assert!(at("Skipped: 1 message") < at("  too large (5)"), "{shown}");
        at("would fetch 1,");
    }
    assert_eq!(stage.server.count("DELE"), 0);
}

#[test]
fn what_is_kept_is_counted_by_reason_and_not_asked_for() {
    let stage = mixed();
    let shown = on_terminal(&stage, 100, &[]).run().exits(0).text();
    assert!(shown.contains("To fetch: 2 messages, "), "{shown}");
    assert!(shown.contains("Kept on the server: 3 messages, "), "{shown}");
    assert!(shown.contains("  fetched before (1-3)"), "{shown}");
    assert!(shown.contains("would fetch 2, delete 0, keep 3, skip 0; nothing was done"), "{shown}");
    assert_eq!(stage.server.count("TOP"), 2, "only for messages that would be fetched");
    let shown = on_terminal(&stage, 100, &["-v"]).run().exits(0).text();
    assert!(
        shown.contains("Kept on the server: 3 messages, 570 B (fetched before)")
            && shown.contains("\n3     190 B"),
        "{shown}"
    );
}

#[test]
fn a_pipe_gets_every_field_of_every_message() {
    let stage = mixed();
    let rows = stage.fetch(&["--dry-run", "--max-size", "50k"]).exits(0).text();
    let rows: Vec<Vec<&str>> = rows.lines().map(|row| row.split('\t').collect()).collect();
    assert!(rows.len() == 5 && rows.iter().all(|row| row.len() == 8), "{rows:?}");
    assert_eq!(
        rows[3][..7],
        ["4", "132", "2024-02-05T10:00:00Z", "Jürgen <j@example.org>", "Grüße", "fetch", "new"]
    );
    assert_eq!((rows[0][2], rows[0][5], rows[0][6]), ("", "keep", "fetched before"));
    assert_eq!((rows[4][5], rows[4][6]), ("skip", "too large"));
    let ids: std::collections::BTreeSet<&str> = rows.iter().map(|row| row[7]).collect();
    assert!(ids.len() == 5 && !ids.contains(""), "{rows:?}");
}

#[test]
fn an_object_has_date_sender_and_subject() {
    let stage = mixed();
    let objects = stage.fetch(&["--dry-run", "--json"]).exits(0).text();
    let objects: Vec<serde_json::Value> =
        objects.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let text = |at: usize, name: &str| objects[at][name].as_str().map(str::to_owned);
    assert_eq!(text(3, "date").as_deref(), Some("2024-02-05T10:00:00Z"));
    assert_eq!(text(3, "from").as_deref(), Some("Jürgen <j@example.org>"));
    assert_eq!(text(3, "subject").as_deref(), Some("Grüße"));
    assert!(objects[0]["from"].is_null() && objects[0]["date"].is_null(), "{}", objects[0]);
}

#[test]
fn at_most_200_headers_are_asked_for_unless_all_are_wanted() {
    let stage = Stage::new(STORES[0], letters(230), Behaviour::default());
    let outcome = stage.fetch(&["--dry-run"]).exits(0).says("of 30 messages were not asked for");
    assert_eq!(stage.server.count("TOP"), 200);
    let with_subject = outcome.text().lines().filter(|row| row.contains("\tletter ")).count();
    assert_eq!(with_subject, 200);
    let outcome = stage.fetch(&["--dry-run", "-v"]).exits(0).says_not("not asked for");
    assert_eq!(stage.server.count("TOP"), 430);
    assert_eq!(outcome.text().lines().filter(|row| row.contains("\tletter ")).count(), 230);
}

/// The plan is shown whatever the server makes of TOP, soon, and a sentence says what is missing.
#[test]
fn odd_answers_to_top_neither_hold_a_dry_run_up_nor_end_it() {
    let plain = Behaviour::default;
    let lock_step = || Behaviour { pipelining: Pipelining::Unannounced, ..plain() };
    let no_top = |base: Behaviour| Behaviour { top: Top::Absent, ..base };
    let cases = [
        ("no TOP", no_top(plain()), "the server has no TOP", 0),
        ("no TOP, one by one", no_top(lock_step()), "the server has no TOP", 0),
        ("silent", plain().with_fault(Fault::stall_at("TOP")), "stay empty", 0),
        ("silent at the third", lock_step().with_fault(Fault::stall_at("TOP 3 0")), "stay empty", 0),
        ("hangs up", plain().with_fault(Fault::hang_up_at("TOP")), "stay empty", 0),
        ("whole messages", Behaviour { top: Top::Whole, ..plain() }, "nothing was done", 4),
        ("two answers", Behaviour { top: Top::SaysOkTwice, ..plain() }, "nothing was done", 0),
        ("refuses one", plain().with_fault(Fault::answer("TOP 2 0", "-ERR gone\r\n")), "nothing was done", 3),
    ];
    std::thread::scope(|scope| {
        for (name, behaviour, says, known) in cases {
            scope.spawn(move || {
                let stage = Stage::new(STORES[0], letters(4), behaviour);
                let begun = Instant::now();
                let outcome = stage.fetch(&["--dry-run", "--timeout", "3s"]).exits(0).says(says);
                assert!(begun.elapsed() < Duration::from_secs(30), "{name}: {:?}", begun.elapsed());
                let rows = outcome.text();
                assert_eq!(rows.matches("\tfetch\tnew\t").count(), 4, "{name}: {rows}");
                let subjects =
                    (1..=4).filter(|number| rows.contains(&format!("\tletter {number}\t"))).count();
                assert!(
                    if name == "two answers" { subjects <= 4 } else { subjects == known },
                    "{name}: {rows}"
                );
                // One note, and the line that counts.
                assert!(outcome.stderr.lines().count() <= 2, "{name}: {}", outcome.stderr);
                assert!(!stage.home.join(".local").exists() && !stage.home.join("in").exists(), "{name}");
                assert_eq!(stage.server.maildrop().len(), 4);
            });
        }
    });
}

/// Each subject stands beside its own number, also where a server without pipelining answers late.
#[test]
fn the_headers_belong_to_their_messages() {
    let stage = Stage::new(STORES[0], (1..=40).map(letter), Behaviour::default());
    for row in stage.fetch(&["--dry-run"]).exits(0).text().lines() {
        let cells: Vec<&str> = row.split('\t').collect();
        assert_eq!(cells[4], format!("letter {}", cells[0]));
    }
}
