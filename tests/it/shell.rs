//! `pop3 shell`: every verb in one session, its lines piped in or typed on a terminal.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::pop3::{Home, Outcome, Pop3};
use crate::support::scripted::{Answer, Scripted};
use crate::support::stage::{Stage, Store, letter, letters};
use crate::support::{corpus, on_each_server};
use pop3::server::{Behaviour, Fault};

on_each_server! {
    fn every_verb_answers_in_one_session(maildrop: &mut dyn Maildrop) {
        maildrop.put(&corpus::simple("one"));
        maildrop.put(&corpus::simple("number two"));
        let verbs = "stat\nlist\nlist 1\nuidl\nuidl 2\nnoop\nretr 1\ntop 2 0\nlast\nquit\n";
        let said = Home::new().at(maildrop, "shell").stdin(verbs).run().exits(0);
        let text = said.text();
        assert!(text.contains("the body of one"), "retr: {text}");
        assert!(text.contains("number two") && !text.contains("the body of number two"), "top: {text}");
        assert_eq!(maildrop.left(), 2);
    }

    fn reset_takes_back_what_was_marked(maildrop: &mut dyn Maildrop) {
        maildrop.put(&corpus::simple("one"));
        maildrop.put(&corpus::simple("two"));
        let home = Home::new();
        home.at(maildrop, "shell").stdin("dele 1\nrset\nquit\n").run().exits(0);
        assert_eq!(maildrop.left(), 2);
        home.at(maildrop, "shell").stdin("dele 1\nrset\ndele 2\nquit\n").run().exits(0);
        assert_eq!(maildrop.left(), 1);
        let left = home.at(maildrop, "retr").args(["1"]).run().exits(0).text();
        assert!(left.contains("the body of one"), "{left}");
    }

    fn a_refused_verb_does_not_end_the_session(maildrop: &mut dyn Maildrop) {
        maildrop.put(&corpus::simple("one"));
        let said = Home::new().at(maildrop, "shell").stdin("retr 9\nxyzzy\nretr 1\nquit\n").run();
        assert!(said.text().contains("the body of one"), "{said:?}");
    }

    fn sets_name_messages_after_some_were_marked_and_abort_keeps_all(maildrop: &mut dyn Maildrop) {
        for subject in ["one", "two", "three"] {
            maildrop.put(&corpus::simple(subject));
        }
        let lines = "dele 1\nretr last\nheaders 2-\nraw NOOP\nraw CAPA\nabort\n";
        let text = Home::new().at(maildrop, "shell").stdin(lines).run().text();
        assert!(text.contains("the body of three") && text.contains("Subject: two"), "{text}");
        assert!(!text.contains("the body of two") && text.contains("+OK"), "{text}");
        assert_eq!(maildrop.left(), 3);
    }
}

fn stage(count: u32) -> Stage {
    Stage::new(Store::Maildir, letters(count), Behaviour::default())
}

/// The shell with these lines in a pipe.
fn script(stage: &Stage, lines: &str) -> Outcome {
    stage.pop3("shell").stdin(lines).run()
}

/// The shell on a terminal: what it shows, and what is typed then. A step is `TEXT<tab>KEYS`.
fn typed(stage: &Stage, steps: &[(&str, &str)]) -> Outcome {
    keys(stage.pop3_under(&["python3", TYPING], "shell"), steps)
}

const TYPING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/typing.py");

fn keys(run: Pop3, steps: &[(&str, &str)]) -> Outcome {
    let steps: String = steps.iter().map(|(text, keys)| format!("{text}\t{keys}\n")).collect();
    run.env("TERM", "xterm").stdin(steps).run()
}

fn left(stage: &Stage) -> usize {
    stage.server.maildrop().len()
}

#[test]
fn no_verb_is_silent() {
    let stage = stage(2);
    for verb in [
        "stat",
        "list",
        "list 1",
        "list new",
        "uidl",
        "uidl 2",
        "headers all",
        "top 1 2",
        "retr 1",
        "save 1 one.eml",
        "dele 1",
        "rset",
        "noop",
        "capa",
        "raw NOOP",
        "trace on",
        "help",
        "quit",
    ] {
        let said = script(&stage, &format!("{verb}\n")).exits(0);
        assert!(!said.stdout.is_empty() || !said.stderr.is_empty(), "{verb}");
    }
    let empty = Stage::new(Store::Maildir, [], Behaviour::default());
    for verb in ["list", "uidl", "retr new", "dele all"] {
        script(&empty, &format!("{verb}\n")).exits(0).says("there is no such message");
    }
}

#[test]
fn in_a_script_quit_deletes_and_abort_and_the_end_of_input_do_not() {
    let stage = stage(5);
    script(&stage, "dele 1\n").exits(0).says("the input ended without quit: nothing was deleted");
    assert_eq!(left(&stage), 5);
    script(&stage, "dele 1-3\nabort\n")
        .exits(0)
        .says("nothing was deleted, the 3 messages that were marked stay");
    assert_eq!(left(&stage), 5);
    let silent = script(&stage, "stat\n").exits(0);
    assert_eq!(silent.stderr, "", "nothing was marked");
    script(&stage, "dele 1,3 last\nquit\n").exits(0).says("deleted 3 messages").says_not("[y/N]");
    assert_eq!(left(&stage), 2);
    assert_eq!(stage.server.complaints(), Vec::<String>::new());
}

#[test]
fn messages_are_named_by_sets_in_every_verb() {
    let stage = stage(4);
    let numbers = |line: &str| -> Vec<String> {
        let words = script(&stage, &format!("{line}\n")).exits(0).words();
        words.into_iter().map(|words| words[0].clone()).collect()
    };
    assert_eq!(numbers("list 2-3"), ["2", "3"]);
    assert_eq!(numbers("list 4,1 last:2"), ["4", "1", "3"]);
    assert_eq!(numbers("uidl last new"), ["4", "1", "2", "3"]);
    let unique_id = script(&stage, "uidl 3\n").exits(0).words()[0][1].clone();
    let text = script(&stage, &format!("retr uid:{unique_id}\nheaders 1-2\n")).exits(0).text();
    assert!(text.contains("This is letter 3.") && text.contains("Subject: letter 2"), "{text}");
    assert!(!text.contains("This is letter 2."), "{text}");
    script(&stage, "retr 2-9\n").exits(66).says("there is no message 9: the maildrop has 4");
}

#[test]
fn save_writes_a_message_byte_for_byte_and_overwrites_nothing() {
    let stage = stage(3);
    stage.home.write("there.eml", "mine", 0o600);
    let said =
        script(&stage, "save 2 a letter.eml\nsave 1 there.eml\nsave 1-2 both\nsave all letters/\nstat\n");
    let said =
        said.exits(73).says("1 message saved to a letter.eml").says("there.eml").says("3 messages saved");
    said.has_line(&["3"]);
    assert_eq!(fs::read(stage.home.join("a letter.eml")).unwrap(), letter(2).bytes());
    assert_eq!(fs::read_to_string(stage.home.join("there.eml")).unwrap(), "mine");
    assert!(!stage.home.join("both").exists());
    assert_eq!(fs::read(stage.home.join("letters/3.eml")).unwrap(), letter(3).bytes());
}

#[test]
fn raw_sends_a_line_as_it_stands_and_shows_the_whole_answer() {
    let stage = stage(2);
    let said = script(&stage, "raw  List \nraw LIST 2\nraw TOP 1 0\nraw NOOP\n").exits(0).text();
    let lines: Vec<&str> = said.lines().collect();
    let sizes: Vec<String> =
        [1, 2].map(|number| format!("{number} {}", letter(number).bytes().len())).to_vec();
    assert!(lines[0].starts_with("+OK") && lines[1..3] == sizes && lines[3] == ".", "{said}");
    assert!(lines[4].starts_with("+OK 2 "), "{said}");
    assert!(said.contains("Subject: letter 1\r\n") && !said.contains("This is letter"), "{said}");
    assert!(stage.server.log().contains(&"List".to_owned()), "{:?}", stage.said());

    let said = script(&stage, "raw XYZZY now\nraw RETR 9\nstat\n").exits(69);
    assert_eq!(said.text().matches("-ERR").count(), 2, "{said:?}");
    assert_eq!(said.stderr, "", "the answer is shown once");
    said.has_line(&["2"]);
}

#[test]
fn what_raw_marks_is_deleted_by_quit_and_counted() {
    let stage = stage(3);
    script(&stage, "raw DELE 1\nraw RSET\nraw dele 2\nquit\n").exits(0).says("deleted 1 message");
    assert_eq!(left(&stage), 2);
    script(&stage, "raw DELE 1\n").exits(0).says("nothing was deleted");
    assert_eq!(left(&stage), 2);
}

#[test]
fn raw_sends_no_secret_and_nothing_that_ends_the_session_behind_our_back() {
    let stage = stage(1);
    let lines = "raw PASS hunter2\nraw auth PLAIN hunter2\nraw APOP me hunter2\nraw user hunter2\npass hunter2\n\
                 raw QUIT\nraw STLS\nstat\n";
    let said = script(&stage, lines).exits(64).says("raw does not send PASS").says("signed in already");
    said.has_line(&["1"]);
    assert!(!format!("{said:?}").contains("hunter2"), "{said:?}");
    let sent = stage.server.log();
    assert!(!sent.iter().any(|line| line.contains("hunter2") || line.contains("STLS")), "{sent:?}");
}

#[test]
fn the_dialogue_is_shown_from_trace_on_to_trace_off() {
    let stage = stage(1);
    let said = script(&stage, "stat\ntrace on\nlist 1\nraw XYZZY\ntrace off\nnoop\n");
    let lines: Vec<&str> = said.stderr.lines().collect();
    let of_client: Vec<&str> =
        lines.iter().filter_map(|line| line.split_once("C: ")).map(|(_, sent)| sent).collect();
    // STAT: with its figures the end of an unknown answer is found.
    assert_eq!(of_client, ["LIST 1", "STAT", "XYZZY"], "{lines:?}");
    assert_eq!(lines.iter().filter(|line| line.contains("S: ")).count(), 3, "{lines:?}");
}

#[test]
fn wrong_usage_is_told_with_the_right_one_and_the_session_goes_on() {
    let stage = stage(1);
    let said = script(&stage, "top\ndele x\ntrace maybe\ndelete 1\nstat\n").exits(64);
    assert!(
        said.stderr.starts_with(
            "pop3: top needs a message\nhint: usage: top MSG [LINES]\npop3: could not use \"x\""
        ),
        "{}",
        said.stderr
    );
    assert!(said.stderr.contains("hint: usage: trace on|off\n"), "{}", said.stderr);
    assert!(said.stderr.ends_with("hint: dele marks messages, which quit deletes\n"), "{}", said.stderr);
    said.has_line(&["1"]);
}

#[test]
fn a_connection_that_breaks_ends_the_shell_and_says_that_nothing_was_deleted() {
    let cuts = Behaviour::default().with_fault(Fault::hang_up_at("NOOP"));
    let stage = Stage::new(Store::Maildir, letters(2), cuts);
    script(&stage, "dele 1\nnoop\nquit\n").exits(69).says("ended without quit: nothing was deleted");
    assert_eq!(left(&stage), 2);
}

#[test]
fn on_a_terminal_it_greets_with_the_figures_and_asks_before_it_deletes() {
    let stage = stage(3);
    let said = typed(
        &stage,
        &[
            ("3 messages, ", "dele 1-2"),
            ("2 messages are marked", "quit"),
            ("delete 2 messages from 127.0.0.1", "n"),
            ("the session goes on", "stat"),
            ("1 ", "quit"),
            ("for good? [y/N]", "y"),
            ("deleted 2 messages", ""),
        ],
    );
    let said = said.exits(0).text();
    assert!(said.contains("B; type help for the verbs, quit or abort to end the session"), "{said}");
    assert_eq!(left(&stage), 1);
    // Nothing is marked: nothing is asked.
    let said = typed(&stage, &[("1 message, ", "quit"), ("signed out; nothing was deleted", "")]).exits(0);
    assert!(!said.text().contains("[y/N]"), "{}", said.text());
}

#[test]
fn on_a_terminal_the_end_of_input_and_abort_delete_nothing() {
    let stage = stage(2);
    let ended =
        [("type help", "dele 1"), ("is marked", "^D"), ("ended without quit: nothing was deleted", "")];
    typed(&stage, &ended).exits(0);
    typed(&stage, &[("type help", "dele all"), ("are marked", "abort"), ("aborted: nothing", "")]).exits(0);
    let asked = [
        ("type help", "dele 1"),
        ("is marked", "quit"),
        ("[y/N]", "^D"),
        ("goes on", "abort"),
        ("aborted", ""),
    ];
    typed(&stage, &asked).exits(0);
    assert_eq!(left(&stage), 2);
}

#[test]
fn lines_are_kept_for_the_next_session_without_secrets() {
    let stage = stage(2);
    let up = "\u{1b}[A";
    let first = [
        ("type help", "list 2"),
        ("2 ", "raw PASS hunter2"),
        ("does not send PASS", "hunter2"),
        ("there is no verb", "quit"),
        ("signed out", ""),
    ];
    typed(&stage, &first).exits(0);
    let path = stage.home.join(".local/state/pop3/shell-history");
    assert_eq!(fs::read_to_string(&path).unwrap(), "list 2\nquit\n");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let listed = stage.server.count("LIST 2");
    let two_up = format!("{up}{up}");
    typed(&stage, &[("type help", &two_up), ("2 ", "abort")]).exits(0);
    assert_eq!(stage.server.count("LIST 2"), listed + 1, "{:?}", stage.said());
    // A script leaves no trace in it.
    script(&stage, "stat\n").exits(0);
    assert!(!fs::read_to_string(&path).unwrap().contains("stat"));
}

/// A server that takes more than the protocol knows.
fn lenient(line: &str) -> Answer {
    Answer::Say(match line {
        "CAPA" => "+OK\r\nUSER\r\n.\r\n",
        "STAT" => "+OK 3 300\r\n",
        "DELE 9" => "-ERR no such message\r\n",
        "XSLOW" => return Answer::InPieces(&["+OK lines follow\r\n", "-ERR a line\r\n.\r\n"]),
        "XODD" => "+OK\r\n+OK 2 200\r\n",
        "XMORE" => "+OK\r\nline\r\n.\r\nanother\r\n",
        _ => "+OK\r\n",
    })
}

fn refusing_rset(line: &str) -> Answer {
    if line == "RSET" { Answer::Say("-ERR no\r\n") } else { lenient(line) }
}

fn refusing_stat(line: &str) -> Answer {
    if line == "STAT" { Answer::Say("-ERR no\r\n") } else { lenient(line) }
}

fn at(server: &Scripted, run: Pop3) -> Pop3 {
    run.args(["shell", "--tls", "none", "--server", &format!("pop3://me@{}", server.address)])
        .env("POP3_PASSWORD", "x")
}

/// What the shell sends behind the sign-in.
fn sent(server: &Scripted) -> Vec<String> {
    let mut lines = server.heard();
    lines.retain(|line| !["CAPA", "USER", "PASS", "AUTH"].iter().any(|verb| line.starts_with(verb)));
    lines
}

/// The shell with these lines in a pipe, and what it sends.
fn script_at(answer: fn(&str) -> Answer, lines: &str) -> (Outcome, Vec<String>) {
    let server = Scripted::start("+OK ready\r\n", answer);
    let said = at(&server, Pop3::new(&Home::new())).stdin(lines).run();
    (said, sent(&server))
}

#[test]
fn what_a_raw_line_may_have_marked_is_taken_back_before_a_quit_that_deletes_nothing() {
    for (lines, wanted) in [
        ("raw DELE 1 x\nabort\n", &["DELE 1 x", "RSET", "QUIT"][..]),
        ("raw DELE 1 x\n", &["DELE 1 x", "RSET", "QUIT"]),
        ("raw NOOP x\nquit\n", &["NOOP x", "RSET", "QUIT"]),
        ("dele 9\nquit\n", &["DELE 9", "RSET", "QUIT"]),
        ("raw RSET x\nquit\n", &["RSET x", "RSET", "QUIT"]),
        ("raw DELE 1 x\nraw rset\nquit\n", &["DELE 1 x", "rset", "QUIT"]),
        ("dele 1\nrset\nabort\n", &["DELE 1", "RSET", "QUIT"]),
        ("noop\nquit\n", &["NOOP", "QUIT"]),
    ] {
        let (said, sent) = script_at(lenient, lines);
        assert_eq!(sent, wanted, "{lines:?}: {said:?}");
        assert!(!said.stderr.contains("; deleted"), "{said:?}");
    }
}

#[test]
fn where_rset_is_refused_the_connection_is_closed_without_quit() {
    let (said, sent) = script_at(refusing_rset, "raw NOOP\nquit\n");
    said.exits(0).says("the connection was closed without QUIT, and nothing was deleted");
    assert_eq!(sent, ["NOOP", "RSET"]);
    for lines in ["raw dele 1 x\nabort\n", "raw dele 1 x\n"] {
        let (said, sent) = script_at(refusing_rset, lines);
        said.exits(0).says("nothing was deleted, what was marked stays on the server");
        assert_eq!(sent, ["dele 1 x", "RSET"]);
    }
}

#[test]
fn quit_asks_also_for_what_a_raw_dele_of_any_form_has_marked() {
    let server = Scripted::start("+OK ready\r\n", lenient);
    let steps = [
        ("type help", "raw Dele 3 x"),
        ("+OK", "quit"),
        ("delete what raw DELE marked from 127.0.0.1", "n"),
        ("the session goes on", "abort"),
        ("aborted: nothing was deleted", ""),
    ];
    keys(at(&server, Pop3::under(&Home::new(), &["python3", TYPING])), &steps).exits(0);
    assert_eq!(sent(&server), ["STAT", "Dele 3 x", "RSET", "QUIT"]);
    let (said, sent) = script_at(lenient, "raw DELE 3 x\nquit\n");
    said.exits(0).says("signed out; deleted what raw DELE marked");
    assert_eq!(sent, ["DELE 3 x", "QUIT"]);
}

#[test]
fn late_lines_of_an_unknown_answer_are_not_taken_for_the_answer_to_the_next_command() {
    let (said, sent) = script_at(lenient, "raw XSLOW\ndele 1\nquit\n");
    let said = said.exits(0).says("deleted 1 message").says_not("could not delete");
    assert_eq!(said.text(), "+OK lines follow\r\n-ERR a line\r\n.\r\n");
    assert_eq!(sent, ["STAT", "XSLOW", "STAT", "DELE 1", "QUIT"]);
}

#[test]
fn a_session_in_which_the_end_of_an_answer_cannot_be_found_ends_without_quit() {
    for verb in ["XODD", "XMORE"] {
        let (said, sent) = script_at(lenient, &format!("dele 1\nraw {verb}\nquit\n"));
        let said = said.says("so the session ends without QUIT").says("nothing was deleted");
        assert_ne!(said.code, 0, "{said:?}");
        assert_eq!(sent, ["DELE 1", "STAT", verb, "STAT"]);
    }
    let (said, sent) = script_at(refusing_stat, "raw XSLOW\nnoop\nquit\n");
    said.says("the line was not sent");
    assert_eq!(sent, ["STAT", "NOOP", "RSET", "QUIT"]);
}
