//! What comes after a session, decided by whose fault its end was. Pure: one function, one table.

use std::fmt;

use super::outcome::{Owner, Stage, Task};

/// After so many sessions of a run no other follows one that was lost.
pub(super) const MOST_SESSIONS: u32 = 6;

/// What a run knows when a session has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Situation {
    /// What the session was for.
    pub(super) task: Task,
    /// How far it got.
    pub(super) stage: Stage,
    /// Who ended it early.
    pub(super) halt: Option<Owner>,
    /// Whether it delivered something, or found out which message stands in the way.
    pub(super) has_progress: bool,
    /// Whether it was cautious ([`Manner::cautious`](super::Manner::cautious)).
    pub(super) was_cautious: bool,
    /// Whether something was retrieved that is not kept.
    pub(super) owed: bool,
    /// Whether deletions are due.
    pub(super) has_due: bool,
    /// Whether messages that the server or the store refused in an earlier run are to be tried now.
    pub(super) has_refused: bool,
    /// Whether messages that broke a session before are to be tried now.
    pub(super) has_broken: bool,
    /// How many sessions this run has had.
    pub(super) sessions: u32,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The run is over.
    End,
    /// The same work in a new session, cautious or not.
    Again { cautious: bool },
    /// The same work in a new session, in which no header is asked for.
    AgainWithoutHeaders,
    /// A session that only deletes.
    Deletions,
    /// A session for what was refused before.
    Refused,
    /// A session for messages that broke one before.
    Broken,
}

impl fmt::Display for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Next::End => "end",
            Next::Again { cautious: false } => "again",
            Next::Again { cautious: true } => "again, cautiously",
            Next::AgainWithoutHeaders => "again, without headers",
            Next::Deletions => "deletions in a new session",
            Next::Refused => "what was refused, in a session of its own",
            Next::Broken => "what broke a session, in one of its own",
        })
    }
}

/// Decides what comes after a session.
pub(super) fn next(now: Situation) -> Next {
    let has_sessions_left = now.sessions < MOST_SESSIONS;
    match now.halt {
        // Another session cannot help: somebody has to act first, or asked to be left alone.
        Some(Owner::User | Owner::Journal | Owner::Store | Owner::Server | Owner::Configuration) => Next::End,
        Some(Owner::Connection) if !has_sessions_left || now.stage == Stage::SigningIn => Next::End,
        // The message at fault was noted, and all new mail is in. What was not tried waits for a later run.
        Some(Owner::Connection) if matches!(now.task, Task::Refused | Task::Broken) => match now.has_broken {
            true => Next::Broken,
            false => Next::End,
        },
        Some(Owner::Connection) if now.stage == Stage::Headers => Next::AgainWithoutHeaders,
        Some(Owner::Connection) if now.has_progress => Next::Again { cautious: now.was_cautious },
        Some(Owner::Connection) if !now.was_cautious => Next::Again { cautious: true },
        Some(Owner::Connection) => Next::End,
        // Each of these has less to do than the one before it, so that the run ends.
        None if now.owed && now.has_due => Next::Deletions,
        None if now.has_refused => Next::Refused,
        None if now.has_broken => Next::Broken,
        None => Next::End,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row: what is different from a session that did all it was for, and what comes next.
    #[test]
    #[allow(clippy::print_stdout, reason = "the table is meant to be read")]
    fn each_row_of_the_table() {
        let done = Situation {
            task: Task::New,
            stage: Stage::Done,
            halt: None,
            has_progress: false,
            was_cautious: false,
            owed: false,
            has_due: false,
            has_refused: false,
            has_broken: false,
            sessions: 1,
        };
        let lost = |stage| Situation { stage, halt: Some(Owner::Connection), ..done };
        let by = |owner| Situation {
            stage: Stage::Retrieving,
            halt: Some(owner),
            has_progress: true,
            has_due: true,
            has_broken: true,
            ..done
        };
        let rows: &[(&str, Situation, &str)] = &[
            ("all done", done, "end"),
            ("deletions are due, nothing is owed", Situation { has_due: true, ..done }, "end"),
            ("owed, no deletion is due", Situation { owed: true, ..done }, "end"),
            (
                "owed, and deletions are due",
                Situation { owed: true, has_due: true, has_refused: true, has_broken: true, ..done },
                "deletions in a new session",
            ),
            (
                "some were refused before, one broke a session",
                Situation { has_refused: true, has_broken: true, ..done },
                "what was refused, in a session of its own",
            ),
            (
                "one broke a session before",
                Situation { has_broken: true, ..done },
                "what broke a session, in one of its own",
            ),
            (
                "deletions done, one broke a session",
                Situation { task: Task::Deletions, has_broken: true, ..done },
                "what broke a session, in one of its own",
            ),
            (
                "the refused were tried, one broke a session",
                Situation { task: Task::Refused, has_broken: true, ..done },
                "what broke a session, in one of its own",
            ),
            ("cannot connect, or cut during the sign-in", lost(Stage::SigningIn), "end"),
            ("lost while listing", lost(Stage::Looking), "again, cautiously"),
            (
                "lost while listing, cautiously",
                Situation { was_cautious: true, ..lost(Stage::Looking) },
                "end",
            ),
            ("lost while asking for headers", lost(Stage::Headers), "again, without headers"),
            (
                "lost in mid-message, others delivered or the culprit known",
                Situation { has_progress: true, ..lost(Stage::Retrieving) },
                "again",
            ),
            (
                "the same, cautiously",
                Situation { has_progress: true, was_cautious: true, ..lost(Stage::Retrieving) },
                "again, cautiously",
            ),
            ("lost in mid-message, nothing learned", lost(Stage::Retrieving), "again, cautiously"),
            ("the same, cautiously", Situation { was_cautious: true, ..lost(Stage::Retrieving) }, "end"),
            ("lost at DELE or QUIT", lost(Stage::Deleting), "again, cautiously"),
            (
                "lost at DELE or QUIT once more",
                Situation { was_cautious: true, ..lost(Stage::Deleting) },
                "end",
            ),
            (
                "lost once too often",
                Situation { has_progress: true, sessions: MOST_SESSIONS, ..lost(Stage::Retrieving) },
                "end",
            ),
            (
                "lost while trying what was refused",
                Situation { task: Task::Refused, has_progress: true, ..lost(Stage::Retrieving) },
                "end",
            ),
            (
                "lost at the message that broke a session before",
                Situation { task: Task::Broken, has_progress: true, ..lost(Stage::Retrieving) },
                "end",
            ),
            (
                "the same, and more of them are to be tried",
                Situation { task: Task::Broken, has_broken: true, ..lost(Stage::Retrieving) },
                "what broke a session, in one of its own",
            ),
            ("the server asks to wait", by(Owner::Server), "end"),
            ("the store takes nothing", by(Owner::Store), "end"),
            ("the journal cannot be written", by(Owner::Journal), "end"),
            ("the user asked to stop", by(Owner::User), "end"),
            ("the credentials are refused", by(Owner::Configuration), "end"),
        ];
        for (what, situation, expected) in rows {
            let next = next(*situation);
            println!("{what:<60} -> {next}");
            assert_eq!(next.to_string(), *expected, "{what}");
        }
    }
}
