//! How a run deals with a server: what it sends ahead, what it asks, how closely it looks. Begun by what the user
//! wants and what earlier runs learned, and made more careful when a session breaks.

use super::journal::{FactKind, View};
use crate::session::{self, Pipelining};

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// Whether commands are sent ahead of the answers to earlier ones.
    pub ahead: Pipelining,
    /// In lock-step, without CAPA after the sign-in, and each message whose size tells nothing is proven by
    /// itself.
    pub cautious: bool,
    /// Whether CAPA is asked after the sign-in.
    pub asks_capa: bool,
    /// Whether headers are asked for (TOP) where the listing does not tell which message is meant.
    pub asks_headers: bool,
    /// Whether the session speaks UTF-8 (RFC 6856).
    pub utf8: bool,
}

impl Manner {
    /// Sends ahead where the server announces it, and asks everything.
    pub fn new(ahead: Pipelining) -> Manner {
        Manner { ahead, cautious: false, asks_capa: true, asks_headers: true, utf8: false }
    }

    /// What the user wants, corrected by what is known of the server at `now` (seconds since 1970).
    pub fn learned(ahead: Pipelining, view: &View, now: i64) -> Manner {
        let is_known = |kind| view.fact(kind, now).is_some();
        let mut manner = Manner::new(ahead);
        if ahead == Pipelining::Auto && is_known(FactKind::NeedsCaution) {
            manner.cautious = true;
        }
        manner.asks_capa = !is_known(FactKind::CapaBreaks);
        manner.utf8 = is_known(FactKind::Utf8);
        manner
    }

    /// What the session is told.
    pub fn of_session(self) -> session::Manner {
        session::Manner {
            ahead: if self.cautious { Pipelining::Off } else { self.ahead },
            asks_capa: self.asks_capa && !self.cautious,
        }
    }
}

#[cfg(test)]
mod tests;
