//! `pop3 list`: which messages, in which order, on which screen, and when a row appears.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::pop3::{Home, Outcome, Pop3};
use crate::support::stage::{STORES, Stage, at_once, letters};
use pop3::server::{Behaviour, Fault, Message};
use unicode_width::UnicodeWidthStr;

const SCREEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/screen.py");

fn message(from: &str, date: &str, subject: &str, octets: usize) -> Message {
    let text = "x".repeat(octets);
    Message::text(format!("From: {from}\nDate: {date}\nSubject: {subject}\n\n{text}\n"))
}

/// Five messages, of which the journal has two as fetched.
fn stage() -> Stage {
    let messages = [
        message("\"Zoe\" <zoe@example.org>", "Tue, 03 Mar 2026 10:00:00 +0000", "beta", 10),
        message("=?utf-8?q?=C3=84nne?= <a@example.net>", "Mon, 02 Mar 2026 10:00:00 +0000", "Alpha", 9000),
        message("bob@example.org", "no date", "=?utf-8?q?Gr=C3=BC=C3=9Fe?= aus Wien", 20_000),
        message("Carol <carol@example.net>", "Tue, 03 Mar 2026 12:00:00 +0100", "alpha", 30),
        message("Bob <bob@example.org>", "Sun, 01 Mar 2026 10:00:00 +0000", "", 3000),
    ];
    let stage = Stage::new(STORES[0], messages, Behaviour::default());
    stage.fetch(&["--limit", "2"]).exits(0);
    stage
}

fn listed(stage: &Stage, options: &[&str]) -> Vec<u32> {
    let text = stage.pop3("list").args(options).run().exits(0).text();
    text.lines().map(|line| line.split('\t').next().unwrap().parse().unwrap()).collect()
}

#[test]
fn filters_look_at_decoded_text_in_either_case_and_all_must_fit() {
    let stage = stage();
    let table: [(&[&str], &[u32]); 12] = [
        (&["--new"], &[3, 4, 5]),
        (&["--from", "EXAMPLE.ORG"], &[1, 3, 5]),
        (&["--from", "änne"], &[2]),
        (&["--from", "ÄNNE"], &[2]),
        (&["--from", "=c3"], &[]),
        (&["--subject", "ALPHA"], &[2, 4]),
        (&["--subject", "grÜße AUS"], &[3]),
        (&["--larger", "5k"], &[2, 3]),
        (&["--larger", "15k", "--from", "bob"], &[3]),
        (&["--new", "--subject", "alpha"], &[4]),
        (&["1-3", "--from", "bob"], &[3]),
        (&["new,1", "--larger", "1k"], &[3, 5]),
    ];
    at_once(table, |(options, numbers)| assert_eq!(listed(&stage, options), numbers, "{options:?}"));
    let refused = stage.pop3("list").args(["--larger", "much"]).run().exits(64);
    refused.says("write a size");
}

#[test]
fn a_filter_by_the_listing_asks_for_no_header_that_is_not_shown() {
    let stage = stage();
    let before = stage.server.count("TOP");
    listed(&stage, &["--larger", "15k"]);
    assert_eq!(stage.server.count("TOP") - before, 1);
}

#[test]
fn sorting_is_stable_and_what_has_no_date_comes_last() {
    let stage = stage();
    let table: [(&[&str], &[u32]); 12] = [
        (&["--sort", "number"], &[1, 2, 3, 4, 5]),
        (&["--reverse"], &[5, 4, 3, 2, 1]),
        (&["4,2,3"], &[4, 2, 3]),
        (&["4,2,3", "--reverse"], &[3, 2, 4]),
        (&["4,2,3", "--sort", "number"], &[2, 3, 4]),
        (&["--sort", "date"], &[5, 2, 1, 4, 3]),
        (&["--sort", "date", "--reverse"], &[4, 1, 2, 5, 3]),
        (&["--sort", "size"], &[1, 4, 5, 2, 3]),
        (&["--sort", "size", "--reverse"], &[3, 2, 5, 4, 1]),
        (&["--sort", "subject"], &[5, 2, 4, 1, 3]),
        (&["--sort", "subject", "--reverse"], &[3, 1, 2, 4, 5]),
        (&["--sort", "from"], &[5, 3, 4, 1, 2]),
    ];
    at_once(table, |(options, numbers)| assert_eq!(listed(&stage, options), numbers, "{options:?}"));
    stage.pop3("list").args(["--sort", "colour"]).run().exits(64);
}

#[test]
fn a_pipe_gets_everything_in_full_between_tabs() {
    let long = "word ".repeat(60);
    let messages = [message("\"Zoe Z\" <zoe@example.org>", "Tue, 03 Mar 2026 12:00:00 +0200", &long, 10)];
    let stage = Stage::new(STORES[0], messages, Behaviour::default());
    let octets = stage.server.maildrop()[0].bytes().len();
    let text = stage.pop3("list").run().exits(0).text();
    let subject = long.trim_end();
    assert_eq!(
        text,
        format!("1\t{octets}\t2026-03-03T10:00:00Z\tnew\t\"Zoe Z\" <zoe@example.org>\t{subject}\n")
    );
}

/// `pop3 list` on a terminal of that size.
fn on_screen(stage: &Stage, columns: usize, rows: usize, more: &[(&str, &str)]) -> Outcome {
    let (columns, rows) = (columns.to_string(), rows.to_string());
    let run = stage.pop3_under(&["python3", SCREEN, &columns, &rows], "list").env("TZ", "UTC");
    more.iter().fold(run, |run, (name, value)| run.env(name, value)).run()
}

fn lines(outcome: &Outcome) -> Vec<String> {
    outcome.text().lines().map(|line| line.trim_end_matches('\r').to_owned()).collect()
}

#[test]
fn every_screen_shows_what_it_has_room_for_and_no_line_is_longer_than_it() {
    let stage = stage();
    let shown = |columns| {
        let outcome = on_screen(&stage, columns, 0, &[]).exits(0);
        let lines = lines(&outcome);
        let longest = lines.iter().map(|line| line.width()).max().unwrap();
        assert!(longest <= columns, "{columns}: {lines:#?}");
        lines
    };
    let ends = "5 messages, 31.7 KiB, 3 new";
    assert_eq!(
        shown(40),
        [
            "#  new  from          subject",
            "1       Zoe           beta",
            "2       Änne          Alpha",
            "3  new  bob@example…  Grüße aus Wien",
            "4  new  Carol         alpha",
            "5  new  Bob           (no subject)",
            ends,
        ]
    );
    assert_eq!(
        shown(60),
        [
            "#      size  date        new  from         subject",
            "1      99 B  2026-03-03       Zoe          beta",
            "2   8.9 KiB  2026-03-02       Änne         Alpha",
            "3  19.6 KiB              new  bob@exampl…  Grüße aus Wien",
            "4     122 B  2026-03-03  new  Carol        alpha",
            "5   3.0 KiB  2026-03-01  new  Bob          (no subject)",
            ends,
        ]
    );
    assert_eq!(
        shown(100),
        [
            "#      size  date              state    from                     subject",
            "1      99 B  2026-03-03 10:00  fetched  Zoe                      beta",
            "2   8.9 KiB  2026-03-02 10:00  fetched  Änne                     Alpha",
            "3  19.6 KiB                    new      bob@example.org          Grüße aus Wien",
            "4     122 B  2026-03-03 11:00  new      Carol                    alpha",
            "5   3.0 KiB  2026-03-01 10:00  new      Bob                      (no subject)",
            ends,
        ]
    );
    let wide = shown(160);
    assert!(wide[3].ends_with("new      bob@example.org                                  Grüße aus Wien"));
    assert_eq!(wide.len(), 7, "{wide:#?}");
}

#[test]
fn the_last_line_counts_what_is_shown_of_all() {
    let stage = stage();
    let last = |options: &[&str]| {
        let run = stage.pop3_under(&["python3", SCREEN, "80", "0"], "list").args(options);
        lines(&run.run().exits(0)).pop().unwrap()
    };
    assert!(last(&["--new"]).starts_with("3 of 5 messages, "), "{}", last(&["--new"]));
    assert!(last(&["--new"]).ends_with(", 3 new"));
    assert_eq!(last(&["--from", "nobody"]), "0 of 5 messages");
    assert!(last(&["--quiet"]).starts_with("5 "), "the last message");
    let empty = Stage::new(STORES[0], [], Behaviour::default());
    assert_eq!(lines(&on_screen(&empty, 80, 24, &[]).exits(0)), ["0 messages"]);
}

#[test]
fn new_messages_are_bold_and_fetched_ones_dim_where_there_are_colours() {
    let stage = stage();
    let lines = lines(&on_screen(&stage, 80, 0, &[("TERM", "xterm")]).exits(0));
    for (line, style) in lines[1..6].iter().zip(["\x1b[2m", "\x1b[2m", "\x1b[1m", "\x1b[1m", "\x1b[1m"]) {
        assert!(line.starts_with(style) && line.ends_with("\x1b[0m"), "{line:?}");
    }
    assert!(lines[0].starts_with("\x1b[1m"), "{lines:?}");
    let plain = on_screen(&stage, 80, 0, &[("TERM", "xterm"), ("NO_COLOR", "1")]).exits(0).text();
    assert!(!plain.contains('\x1b'), "{plain:?}");
}

#[test]
fn a_list_longer_than_the_screen_goes_through_the_pager() {
    let stage = Stage::new(STORES[0], letters(30), Behaviour::default());
    let paged = on_screen(&stage, 80, 20, &[("PAGER", "sed s/^/paged:/")]).exits(0);
    let lines = lines(&paged);
    assert_eq!(lines.len(), 32, "{lines:#?}");
    assert!(lines.iter().all(|line| line.starts_with("paged:")), "{lines:#?}");
    // By the shell, if there is something for it in the variable.
    let paged = on_screen(&stage, 80, 20, &[("PAGER", "sed 's/^/a; b:/' | tail -n 1")]).exits(0);
    assert!(paged.text().starts_with("a; b:30 messages"), "{}", paged.text());
    // Where nothing is paged: it fits, there is to be no pager, or there is none of that name.
    for (rows, pager) in [(32 + 1, "sed s/^/paged:/"), (20, ""), (20, "cat"), (20, "no-such-pager -x")] {
        let plain = on_screen(&stage, 80, rows, &[("PAGER", pager)]).exits(0);
        let text = plain.text();
        assert!(!text.contains("paged:") && text.lines().count() == 32, "{rows} {pager:?}: {text}");
        assert!(plain.stderr.is_empty(), "{}", plain.stderr);
    }
    let json = stage.pop3_under(&["python3", SCREEN, "80", "20"], "list");
    let json = json.args(["--json"]).env("PAGER", "sed s/^/paged:/").run().exits(0);
    assert!(json.text().starts_with('{'), "{}", json.text());
    let piped = stage.pop3("list").env("PAGER", "sed s/^/paged:/").run().exits(0);
    assert!(piped.text().starts_with("1\t"), "{}", piped.text());
}

#[test]
fn a_filtered_list_is_paged_only_if_what_is_left_is_longer_than_the_screen() {
    let stage = Stage::new(STORES[0], letters(30), Behaviour::default());
    let shown = |subject: &str| {
        let run = stage.pop3_under(&["python3", SCREEN, "80", "20"], "list").args(["--subject", subject]);
        run.env("PAGER", "sed s/^/paged:/").run().exits(0).text()
    };
    let all = shown("letter");
    assert!(all.lines().count() == 32 && all.lines().all(|line| line.starts_with("paged:")), "{all}");
    let few = shown("letter 2");
    assert!(few.lines().count() == 13 && !few.contains("paged:"), "{few}");
}

#[test]
fn a_pager_that_is_quit_early_is_no_error() {
    let stage = Stage::new(STORES[0], letters(2000), Behaviour::default());
    let seen = on_screen(&stage, 80, 20, &[("PAGER", "head -n 3")]).exits(0);
    assert_eq!(seen.text().lines().count(), 3, "{}", seen.text());
    assert!(seen.stderr.is_empty(), "{}", seen.stderr);
}

#[test]
fn without_a_pager_named_it_is_less_that_ends_on_a_short_list_and_shows_colours() {
    let stage = Stage::new(STORES[0], letters(30), Behaviour::default());
    let folder = stage.home.join("bin");
    stage.home.write("bin/less", "#!/bin/sh\necho \"LESS=$LESS\"\ncat\n", 0o755);
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let text = on_screen(&stage, 80, 20, &[("PATH", &path)]).exits(0).text();
    assert!(text.starts_with("LESS=FRX"), "{text}");
    let text = on_screen(&stage, 80, 20, &[("PATH", &path), ("LESS", "S")]).exits(0).text();
    assert!(text.starts_with("LESS=S"), "{text}");
}

#[test]
fn a_pipe_gets_a_row_as_soon_as_its_header_is_here() {
    let slow = Behaviour::default().with_fault(Fault::delay_at("TOP 8 0", Duration::from_secs(1)));
    let stage = Stage::new(STORES[0], letters(8), slow);
    let mut run = stage.pop3("list").start();
    run.line_with("letter 7");
    let first = Instant::now();
    run.line_with("letter 8");
    assert!(first.elapsed() > Duration::from_millis(700), "{:?} behind the row before", first.elapsed());
}

/// What is sent ahead must not fill the buffers of both sides: each would wait for the other to read.
#[test]
fn a_server_with_small_buffers_that_reads_nothing_while_it_writes_causes_no_standstill() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/small_buffers.py");
    let mut server = Command::new("python3")
        .args([script, "6000"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut port = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let url = format!("pop3://demo@127.0.0.1:{}", port.trim());
    let home = Home::new();
    let run = Pop3::new(&home).args(["list", "--tls", "none", "--timeout", "20s", "-s", &url]);
    let text = run.env("POP3_PASSWORD", "x").run().exits(0).text();
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(text.lines().count(), 6000);
    assert!(text.ends_with("number 6000\n"));
}

#[test]
fn a_header_that_the_server_refuses_costs_its_row_the_words_and_the_others_nothing() {
    for refusal in ["-ERR [UTF8] not in this mode\r\n", "-ERR [SYS/TEMP] not now\r\n", "-ERR damaged\r\n"] {
        let fault = Fault::answer("TOP 2", refusal);
        let stage = Stage::new(STORES[0], letters(3), Behaviour::default().with_fault(fault));
        for options in [&[][..], &["--sort", "date"]] {
            let text = stage.pop3("list").args(options).run().exits(0).text();
            assert_eq!(text.lines().count(), 3, "{refusal} {options:?}: {text}");
            let shown = [1, 2, 3].map(|number| text.contains(&format!("letter {number}")));
            assert_eq!(shown, [true, false, true], "{refusal} {options:?}: {text}");
        }
    }
}

#[test]
fn a_huge_subject_costs_no_time() {
    for piece in ["x", "=?utf-8?q?=C3=A4?= ", "e\u{301}", "=?"] {
        let subject = piece.repeat(200_000 / piece.len());
        let stage = Stage::new(STORES[0], [message("a@b", "no", &subject, 1)], Behaviour::default());
        let begun = Instant::now();
        on_screen(&stage, 80, 24, &[]).exits(0);
        assert!(begun.elapsed() < Duration::from_secs(5), "{piece:?}: {:?}", begun.elapsed());
        assert!(stage.pop3("list").run().exits(0).text().len() > 20_000, "{piece:?}");
    }
}
