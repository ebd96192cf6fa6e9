//! `pop3 dele`: deletes all of the messages that are named, or none of them.

use crate::support::stage::{STORES, Stage, letters};
use pop3::server::{Behaviour, Fault};
use serde_json::json;

fn stage(count: u32, faults: &[(&str, &str)]) -> Stage {
    let with = |behaviour: Behaviour, (command, reply): &(&str, &str)| {
        behaviour.with_fault(Fault::answer(command, *reply))
    };
    Stage::new(STORES[0], letters(count), faults.iter().fold(Behaviour::default(), with))
}

/// The last lines that the server was sent.
fn last_said(stage: &Stage, count: usize) -> Vec<String> {
    let said = stage.said();
    said[said.len() - count..].to_vec()
}

#[test]
fn after_a_refusal_the_marks_are_taken_back_and_the_error_says_that_nothing_was_deleted() {
    let stage = stage(3, &[("DELE 2", "-ERR read-only\r\n")]);
    let outcome = stage.pop3("dele").args(["1", "2", "3", "--yes"]).run().exits(69);
    outcome.says("nothing was deleted: could not delete message 2").says("read-only");
    assert_eq!(last_said(&stage, 4), ["DELE 1", "DELE 2", "RSET", "QUIT"]);
    assert_eq!((stage.server.maildrop().len(), stage.server.complaints()), (3, vec![]));
}

/// QUIT would delete the first.
#[test]
fn where_the_marks_cannot_be_taken_back_there_is_no_quit() {
    let stage = stage(2, &[("DELE 2", "-ERR read-only\r\n"), ("RSET", "-ERR no\r\n")]);
    stage.pop3("dele").args(["1", "2", "--yes"]).run().exits(69).says("nothing was deleted: ");
    assert_eq!(last_said(&stage, 3), ["DELE 1", "DELE 2", "RSET"]);
    assert_eq!(stage.server.maildrop().len(), 2);
}

#[test]
fn where_the_connection_is_lost_the_error_says_that_nothing_was_deleted() {
    let behaviour = Behaviour::default().with_fault(Fault::hang_up_at("DELE 2"));
    let stage = Stage::new(STORES[0], letters(2), behaviour);
    stage.pop3("dele").args(["1", "2", "--yes"]).run().exits(69).says("nothing was deleted: ");
    assert_eq!((last_said(&stage, 1), stage.server.maildrop().len()), (vec!["DELE 2".to_owned()], 2));
}

#[test]
fn an_empty_set_is_not_asked_about() {
    let typing = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/typing.py");
    let stage = stage(0, &[]);
    let run = |options: &[&str]| {
        let run = stage.pop3_under(&["python3", typing], "dele").env("TERM", "xterm");
        // Nothing is typed: a question would have no answer.
        run.args(["all"]).args(options).stdin("").run().exits(0).text()
    };
    let objects = run(&["--json"]);
    assert!(!objects.contains("delete 0"), "{objects}");
    let object: serde_json::Value = serde_json::from_str(objects.trim()).unwrap();
    assert_eq!((&object["type"], &object["numbers"]), (&json!("dele"), &json!([])));
    assert!(run(&[]).contains("nothing was deleted"));
}
