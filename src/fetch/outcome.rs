//! What came of one session's work, and whose fault it is where it ended early. Every failure has an owner,
//! and the owner decides what may go on ([`super::next`]).

use crate::error::{Error, Kind};

/// Whose failure it is. A single message's failure has no owner here: it is noted, and everything else goes on; if it
/// broke the connection, that is the connection's failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The connection's: it was cut, fell silent or is out of step. Another session may do better.
    Connection,
    /// The server's: it asked to be left alone, or has trouble of its own. The run ends; a later one tries again.
    Server,
    /// The store's: it cannot take mail now. Nothing is retrieved for it and nothing deleted.
    Store,
    /// The journal's: it cannot be written, so nothing can be delivered or deleted.
    Journal,
    /// The user's, who asked to stop.
    User,
    /// The configuration's, or the credentials': somebody has to change something first.
    Configuration,
}

/// What ended a session's work before all was done.
#[derive(Debug)]
pub(super) struct Halt {
    /// Whose failure it is.
    pub(super) owner: Owner,
    /// What happened.
    pub(super) error: Error,
}

impl Halt {
    /// Work that ended by the fault of `owner`.
    pub(super) fn owned_by(owner: Owner, error: Error) -> Halt {
        Halt { owner, error }
    }

    /// Whether nothing that comes in can be kept from now on.
    pub(super) fn takes_nothing(&self) -> bool {
        matches!(self.owner, Owner::Store | Owner::Journal)
    }

    /// What a sign-in, or a connection before it, failed with.
    pub(super) fn at_sign_in(error: Error) -> Halt {
        let owner = match error.kind() {
            Kind::Interrupted => Owner::User,
            Kind::InUse | Kind::LoginDelay | Kind::ServerTemporary | Kind::ServerPermanent => Owner::Server,
            Kind::Timeout(_) | Kind::ConnectionLost | Kind::Protocol | Kind::Connect => Owner::Connection,
            _ => Owner::Configuration,
        };
        Halt { owner, error }
    }

    /// What a command failed with after the sign-in, where it is no single message's failure.
    pub(super) fn in_session(error: Error) -> Halt {
        let owner = match error.kind() {
            Kind::Interrupted => Owner::User,
            _ if error.ends_the_session() => Owner::Connection,
            Kind::Usage | Kind::Config | Kind::Unsupported => Owner::Configuration,
            _ => Owner::Server,
        };
        Halt { owner, error }
    }
}

/// What one session was used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// Bring in what is new, and delete what is due.
    New,
    /// Delete what is due and retrieve nothing: a session in which something was retrieved that could not
    /// be kept must not end by QUIT, since servers exist that take away what was retrieved (Gmail;
    /// `EXPIRE 0`, RFC 2449 section 6.7).
    Deletions,
    /// Try what was refused before.
    Refused,
    /// Try messages that broke a session before, one after the other.
    Broken,
}

/// How far a session got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Connecting and signing in.
    SigningIn,
    /// CAPA after the sign-in, and the listings of the maildrop.
    Looking,
    /// Asking for headers.
    Headers,
    /// Retrieving messages.
    Retrieving,
    /// DELE and QUIT.
    Deleting,
    /// All that was to be done is done.
    Done,
}

/// What came of one session.
#[derive(Debug)]
#[must_use]
pub(super) struct Outcome {
    /// How far it got.
    pub(super) stage: Stage,
    /// Messages that were delivered, or found to be known already, which the next session knows from the journal.
    pub(super) delivered: u32,
    /// Messages whose failure was noted, so that the next session goes on without them.
    pub(super) failed: u32,
    /// Whether something was retrieved that is not kept, so that no QUIT was said.
    pub(super) owed: bool,
    /// Whether deletions are due that were not confirmed.
    pub(super) has_due: bool,
    /// Whether the deletion that broke the session is known, so that it will be left out.
    pub(super) knows_deletion: bool,
    /// Texts of messages that were received to their end.
    pub(super) texts: u32,
    /// Whether commands were sent ahead of the answers to earlier ones.
    pub(super) was_ahead: bool,
    /// What ended it early.
    pub(super) halt: Option<Halt>,
}

impl Outcome {
    /// A session that has done nothing yet, nor signed in.
    pub(super) fn new() -> Outcome {
        Outcome {
            stage: Stage::SigningIn,
            delivered: 0,
            failed: 0,
            texts: 0,
            owed: false,
            has_due: false,
            knows_deletion: false,
            was_ahead: false,
            halt: None,
        }
    }

    /// Whether it may be the commands sent ahead that broke the session: nothing was answered behind them.
    pub(super) fn may_blame_pipelining(&self) -> bool {
        let has_broken = matches!(self.stage, Stage::Looking | Stage::Retrieving) && self.texts == 0;
        self.was_ahead && has_broken && self.halt.as_ref().is_some_and(|halt| halt.owner == Owner::Connection)
    }

    /// Whether the next session will not meet the same failure at the same place.
    pub(super) fn has_progress(&self) -> bool {
        match self.stage {
            Stage::Retrieving => self.delivered + self.failed > 0,
            Stage::Deleting => self.knows_deletion,
            Stage::SigningIn | Stage::Looking | Stage::Headers | Stage::Done => false,
        }
    }
}
