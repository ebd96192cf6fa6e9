//! Commands that only look: once all is printed, nothing depends on how the server answers QUIT.

use crate::support::stage::{STORES, Stage, letter, letters};
use pop3::server::{Behaviour, Farewell, FarewellReply};

fn ending_in(reply: FarewellReply) -> Behaviour {
    Behaviour { last: true, farewell: Farewell { removes: true, reply }, ..Behaviour::default() }
}

/// Case `quit-looking`.
#[test]
fn a_quit_that_fails_is_no_failure_of_a_command_that_only_looks() {
    for reply in [FarewellReply::HangUp, FarewellReply::Err] {
        let stage = Stage::new(STORES[0], letters(2), Behaviour::default());
        stage.fetch(&[]).exits(0);
        stage.server.set_behaviour(ending_in(reply.clone()));
        for (words, printed) in [
            (&["stat"][..], "2\t"),
            (&["list"], "letter 2"),
            (&["uidl"], "2\t"),
            (&["uidl", "1"], "1\t"),
            (&["capa"], "PIPELINING"),
            (&["retr", "1"], "end of 1"),
            (&["top", "1"], "Subject: letter 1"),
            (&["last"], "0"),
            (&["noop"], ""),
            (&["fetch", "--dry-run", "--to", "maildir:in"], "keep"),
            (&["state", "forget", "1"], ""),
        ] {
            let outcome = stage.asks(words).run().exits(0);
            assert!(outcome.text().contains(printed), "{words:?}, {reply:?}: {outcome:?}");
            assert!(!outcome.stderr.contains("QUIT") && !outcome.stderr.contains("end the session"));
        }
        stage.pop3("retr").args(["1", "-o", "file"]).run().exits(0);
        assert_eq!(std::fs::read(stage.home.join("file")).unwrap(), letter(1).bytes());
    }
}

/// What deletes does depend on it.
#[test]
fn a_quit_that_fails_is_a_failure_where_something_was_deleted() {
    let stage = Stage::new(STORES[0], letters(2), ending_in(FarewellReply::Err));
    let outcome = stage.pop3("dele").args(["1", "--yes"]).run();
    assert_ne!(outcome.code, 0, "{outcome:?}");
}
