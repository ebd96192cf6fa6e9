//! Headers as people see them: `pop3 list` on odd ones, in a pipe, as JSON and on a terminal, and what the `email`
//! package of Python makes of many subjects.

use crate::support::stage::{STORES, Stage};
use pop3::header;
use pop3::server::{Behaviour, Message};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A header as it is written here: `␤` is CRLF, `\xNN` is one byte.
fn wire(written: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = written;
    while let Some(c) = rest.chars().next() {
        let byte = rest.strip_prefix("\\x").and_then(|hex| u8::from_str_radix(hex.get(..2)?, 16).ok());
        let length = byte.map_or(c.len_utf8(), |_| 4);
        match (byte, c) {
            (Some(byte), _) => bytes.push(byte),
            (None, '␤') => bytes.extend_from_slice(b"\r\n"),
            (None, c) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        rest = &rest[length..];
    }
    bytes
}

fn message(header: impl AsRef<[u8]>) -> Message {
    Message::text([header.as_ref(), b"\n\nbody\n"].concat())
}

/// A server with these messages, with unique-ids, and one without, of which the headers are read twice.
fn stages(messages: &[Message]) -> [Stage; 2] {
    let without = Behaviour { uidl: false, ..Behaviour::default() };
    [Behaviour::default(), without].map(|behaviour| Stage::new(STORES[0], messages.to_vec(), behaviour))
}

/// Date, sender and subject of each message, as a pipe gets them.
fn listed(stage: &Stage) -> Vec<[String; 3]> {
    let rows = stage.pop3("list").run().exits(0).text();
    let row = |row: &str| {
        let cells: Vec<String> = row.split('\t').map(str::to_owned).collect();
        [cells[2].clone(), cells[4].clone(), cells[5].clone()]
    };
    rows.lines().map(row).collect()
}

/// Cases 1.1 to 1.9.
const SUBJECTS: [(&str, &str); 19] = [
    ("=?UTF-8?Q?=C5?=␤ =?UTF-8?Q?=BD=C4=85s=C5=B3?=", "Žąsų"),
    ("=?utf-8?B?8J8=?=␤ =?utf-8?B?mIA=?=", "😀"),
    ("=?gb2312?B?u+HS?=␤ =?gb2312?B?6Q==?=", "会议"),
    ("=?utf-8?Q?gr=C3=BCne?==?utf-8?Q?_=C3=84pfel?=", "grüne Äpfel"),
    ("=?utf-8?Q?one_?==?utf-8?Q?two?=", "one two"),
    ("=?iso-8859-1?Q?Fr\\xf6sche?=", "Frösche"),
    ("=?utf-8?Q?f=C3=B6=C3=B6 b\\xc3\\xa4r?=", "föö bär"),
    ("=?cp932?B?ie+LYw==?=", "会議"),
    ("=?cp949?B?yLjAxw==?=", "회의"),
    ("=?cp936?B?u+HS6Q==?=", "会议"),
    ("=?cp850?Q?=9Abung?=", "Übung"),
    ("=?IBM437?Q?=9Abung?=", "Übung"),
    ("=?iso-2022-kr?B?GyQpQw5IOEBHDw==?=", "회의"),
    ("=?hz-gb-2312?B?fns7YVJpfn0=?=", "会议"),
    ("=?unknown-8bit?B?w5xidW5n?=", "Übung"),
    ("=?x-unknown?Q?=C3=9Cbung?=", "Übung"),
    ("=?UTF-8?B?0JfQsNC/0LjRgtCy=?=", "Запитв"),
    ("=?UTF-8?B?w5xidW5nIQ?=", "Übung!"),
    ("=?UTF-8?B?w5xi␤ dW5n?=", "Übung"),
];

#[test]
fn list_shows_subjects_as_they_were_meant() {
    let messages = SUBJECTS.map(|(written, _)| message(wire(&format!("From: a@x␤Subject: {written}"))));
    for stage in stages(&messages) {
        let shown = listed(&stage).into_iter().map(|[_, _, subject]| subject);
        let expected = SUBJECTS.map(|(_, shown)| shown);
        assert_eq!(shown.collect::<Vec<_>>(), expected);
        let json = stage.pop3("list").args(["--json"]).run().exits(0).text();
        for (line, shown) in json.lines().zip(expected) {
            assert!(line.contains(&format!("\"subject\":\"{shown}\"")), "{line}: {shown}");
        }
    }
}

/// Cases 1.10 to 1.12.
#[test]
fn an_odd_line_costs_that_line() {
    let rest = "From: a@x␤Date: Tue, 3 Mar 2026 10:33:00 +0200␤Subject: plain";
    let headers = [
        format!(" stray folded line␤{rest}"),
        format!("\tstray folded line␤{rest}"),
        format!("no colon␤{rest}"),
        rest.replace(':', " :").replace("10 :33 :00", "10:33:00"),
        rest.replace("Date:", "Date\t:"),
        format!("X-Odd : y␤{rest}"),
        rest.replace("+0200", "+02:00"),
        rest.replace("10:33:00 +0200", "03:03:00 -05:30"),
        rest.replace("10:33:00 +0200", "14:18:00 +05:45"),
    ];
    let messages: Vec<Message> = headers.iter().map(|header| message(wire(header))).collect();
    for stage in stages(&messages) {
        let expected = ["2026-03-03T08:33:00Z", "a@x", "plain"].map(str::to_owned);
        assert_eq!(listed(&stage), vec![expected; headers.len()]);
    }
}

#[test]
fn a_date_that_says_too_little_is_not_shown() {
    let dates =
        ["", "now", "Tue, 3 Mar 2026", "Tue, 3 Mar 2026 10:33:00 +2:0:0", "31 Feb 2026 10:33:00 +0000"];
    let messages = dates.map(|date| message(format!("Subject: x\nDate: {date}")));
    for stage in stages(&messages) {
        assert!(listed(&stage).iter().all(|[date, _, subject]| date.is_empty() && subject == "x"));
    }
}

/// Case 1.13: the build of the tests is slow, and yet it took minutes.
#[test]
fn a_subject_of_beginnings_takes_no_time() {
    let stage = Stage::new(
        STORES[0],
        [message(format!("From: a@x\nSubject: {}", "x =?".repeat(50_000)))],
        Behaviour::default(),
    );
    let start = Instant::now();
    let rows = listed(&stage);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(rows[0][1], "a@x");
    assert!(rows[0][2].len() > 199_000);
}

/// Cases 2.1 and 2.2, and what may not reach a terminal.
#[test]
fn a_terminal_gets_joiners_and_nothing_that_forges() {
    let spelt =
        ["می\u{200c}روم خانه\u{200c}ها", "👨\u{200d}👩\u{200d}👧", "🙋\u{200d}♀️ Welcome", "ශ්\u{200d}රී"];
    let forging = ["\u{1b}[31mred", "gpj.\u{202e}exe", "=?utf-8?Q?=1B[2J=E2=80=AE?=", "a\u{200b}b"];
    let subjects = spelt.iter().chain(&forging);
    let messages: Vec<Message> =
        subjects.map(|subject| message(format!("From: a@x\nSubject: {subject}"))).collect();
    let typist = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/typist.py");
    for stage in stages(&messages) {
        let run = stage.pop3_under(&["python3", typist], "list").env("NO_COLOR", "1").stdin("none\n").run();
        let shown = run.exits(0).text();
        for subject in spelt {
            assert!(shown.contains(subject), "{subject}: {shown}");
        }
        for forged in ["\u{1b}[31m", "\u{1b}[2J", "\u{202e}", "\u{200b}"] {
            assert!(!shown.contains(forged), "{forged:?}: {shown}");
        }
    }
}

#[test]
fn a_terminal_gets_the_name_of_the_sender_and_a_pipe_the_whole_field() {
    let froms = ["\"Doe, \\x\" <a@x>", "=?utf-8?Q?J=C3=BCrgen?= <a@x>", "<b@y>", "c@z", "No <one"];
    let messages = froms.map(|from| Message::text(format!("From: {from}\nX: y\n\nbody\n")));
    let typist = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/typist.py");
    for stage in stages(&messages) {
        let run = stage.pop3_under(&["python3", typist], "list").stdin("none\n").run().exits(0);
        let shown = run.text();
        let rows: Vec<&str> = shown.lines().filter(|line| line.contains("  new ")).collect();
        let names = ["Doe, x ", "Jürgen ", "b@y ", "c@z ", "No "];
        assert_eq!(rows.len(), names.len(), "{shown}");
        for (row, name) in rows.iter().zip(names) {
            assert!(row.contains(&format!("  {name}")) && row.contains("(no subject)"), "{name}: {shown}");
        }
        let plain = ["\"Doe, \\x\" <a@x>", "Jürgen <a@x>", "<b@y>", "c@z", "No <one"];
        let expected = plain.map(|from| [String::new(), from.to_owned(), String::new()]);
        assert_eq!(listed(&stage), expected);
    }
}

/// The subjects that the `email` package of Python 3.11 shows in another way, what is shown here, and why that is
/// right.
const DISAGREEMENTS: [(&str, &str, &str); 13] = [
    ("=?utf-8?Q?abc", "abc", "a word that was cut still says what it says"),
    (
        "=?utf-8*en?Q?caf=C3=A9?=",
        "café",
        "RFC 2231 section 5; Python takes the language for a part of the name",
    ),
    ("=?utf-8?B?w5xi␤ dW5n?=", "Übung", "case 1.9; Python reads it with a blank instead of the fold"),
    ("=?iso-8859-1?Q?Fr\\xf6sche?=", "Frösche", "case 1.4; Python decodes no 8-bit bytes"),
    ("=?utf-8?Q?f=C3=B6=C3=B6 b\\xc3\\xa4r?=", "föö bär", "case 1.4"),
    ("\\xc3\\x9cbung roh", "Übung roh", "RFC 6532"),
    ("\\xdcbung roh", "Übung roh", "no UTF-8, so most likely windows-1252"),
    ("=?unknown-8bit?B?w5xidW5n?=", "Übung", "case 1.8; Python takes an unknown charset for ASCII"),
    ("=?x-unknown?Q?=C3=9Cbung?=", "Übung", "case 1.8"),
    ("=?us-ascii?Q?=C3=9Cbung?=", "Übung", "as an unknown charset: ASCII has no such bytes"),
    (
        "=?iso-8859-1?Q?=80_5?=",
        "€ 5",
        "windows-1252, as everywhere on the web: a control character is never meant",
    ),
    ("=?utf-8?Q?a =?utf-8?Q?b?=", "=?utf-8?Q?a b", "the first word has no end; it does not hold the second"),
    ("=?windows-31j?B?ie+LYw==?=", "会議", "a registered name that Python does not know"),
];

/// What the package makes of these bodies.
fn opinions(bodies: &[Vec<u8>]) -> Vec<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/content_headers/decode.py");
    let mut python =
        Command::new("python3").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let hex = |body: &Vec<u8>| body.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + "\n";
    python.stdin.take().unwrap().write_all(bodies.iter().map(hex).collect::<String>().as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn python_reads_the_same_or_is_wrong() {
    let written: Vec<&str> = include_str!("content_headers/subjects.txt").lines().collect();
    assert!(written.len() > 150);
    let bodies: Vec<Vec<u8>> = written.iter().map(|written| wire(written)).collect();
    // Where lines were folded, and how many blanks there are, is nobody's fault.
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut trouble = Vec::new();
    for ((written, body), theirs) in written.iter().zip(&bodies).zip(opinions(&bodies)) {
        let (ours, theirs) = (words(&header::text(body)), words(&theirs));
        let judged = DISAGREEMENTS.iter().find(|(subject, ..)| subject == written);
        let is_fine = match judged {
            Some((_, shown, _)) => ours == *shown,
            None => ours == theirs,
        };
        if !is_fine {
            trouble.push(format!("{written}\n  ours:   {ours}\n  theirs: {theirs}"));
        }
    }
    assert!(trouble.is_empty(), "{} disagreements\n{}", trouble.len(), trouble.join("\n"));
}
