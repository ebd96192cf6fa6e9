//! The oddities that are known, by name.
//!
//! `messages`: what is wrong with a message; `listings`: questions answered oddly; `sessions`: connections
//! that end and sign-ins that must wait. Each is a function, for a test that wants it with figures of its own;
//! [`all`] gives each with usual figures, for a run that picks one at random.

use super::oddity::{Answering, Command, Oddity, Step};
use super::session::Session;
use std::time::Duration;

mod listings;
mod messages;
mod sessions;

pub(crate) use listings::*;
pub(crate) use messages::*;
pub(crate) use sessions::*;

/// An oddity, ready for use.
pub(crate) type Odd = Box<dyn Oddity>;

/// The messages that it strikes, by their own number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Which {
    Only(u32),
    /// Those of that number and below.
    UpTo(u32),
    /// The second of every four.
    OneInFour,
    All,
}

impl Which {
    pub(crate) fn has(self, number: u32) -> bool {
        match self {
            Which::Only(one) => one == number,
            Which::UpTo(last) => number <= last,
            Which::OneInFour => number % 4 == 2,
            Which::All => true,
        }
    }
}

/// An oddity that answers as this function says.
pub(crate) fn answering(
    function: impl Fn(&Command, &mut Session) -> Option<Vec<Step>> + Send + Sync + 'static,
) -> Odd {
    Box::new(Answering(function))
}

/// Answers one verb so, wherever the function has an answer.
pub(crate) fn on(
    verb: &'static str,
    steps: impl Fn(&Command, &mut Session) -> Option<Vec<Step>> + Send + Sync + 'static,
) -> Odd {
    answering(move |command, session| if command.is(verb) { steps(command, session) } else { None })
}

fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// No oddity at all.
pub(crate) fn healthy() -> Odd {
    Box::new(Vec::<Odd>::new())
}

/// Every oddity with its name. Each lets good messages through within a few runs.
pub(crate) fn all() -> Vec<(&'static str, Odd)> {
    let some = Which::OneInFour;
    let second = Duration::from_secs(1);
    let joined = |parts: Vec<Odd>| Box::new(parts) as Odd;
    vec![
        ("healthy", healthy()),
        ("cut-then-err", joined(vec![cut_then_err(some, milliseconds(5)), round_trip(30)])),
        ("cut-then-err-race", joined(vec![cut_then_err(some, milliseconds(0)), round_trip(20)])),
        ("poison-cut", poison_cut(some)),
        ("poison-silent", poison_silent(some)),
        ("poison-late-err", poison_late_err(some)),
        ("poison-unstuffed", unstuffed(some)),
        ("poison-empty", poison_empty(some)),
        ("poison-refused", refused(some, "-ERR [SYS/TEMP] try later\r\n")),
        ("poison-reset", poison_reset(some)),
        ("lf-bodies-one", line_feeds(some)),
        ("lf-bodies", line_feeds(Which::All)),
        ("uidl-n-listing", uidl_n(UidlN::Listing)),
        ("uidl-n-bare", uidl_n(UidlN::Bare)),
        ("uidl-n-number", uidl_n(UidlN::Number)),
        ("uidl-line-lacks", uidl_line_lacks(some, false)),
        ("uidl-empty", uidl_empty()),
        ("uidl-from-0", from_zero("UIDL")),
        ("list-from-0", from_zero("LIST")),
        ("maildrop-empty", maildrop_is_empty()),
        ("stat-later", on_verb("STAT", vec![Step::say("-ERR Server Unavailable. 21\r\n")])),
        ("uidl-later", on_verb("UIDL", vec![Step::say("-ERR maildrop lock busy\r\n")])),
        ("list-later", on_verb("LIST", vec![Step::say("-ERR Exceeded the login limit\r\n")])),
        ("utf8-needed", utf8_needed(some)),
        ("capa-after-err", capa_after(vec![Step::say("-ERR not now\r\n")])),
        ("capa-after-closes", capa_after(vec![Step::Close])),
        ("session-cut", session_cut(6)),
        ("session-cut-delay", joined(vec![session_cut(6), login_delay(second)])),
        ("pipelining-cut", pipelining_cut()),
        ("pipelining-cut-in-use", joined(vec![pipelining_cut(), in_use(second)])),
        ("pipelining-cut-delay", joined(vec![pipelining_cut(), login_delay(second)])),
        ("ahead-closes", ahead(Step::Close)),
        ("ahead-swallowed", ahead(Step::Swallow)),
        ("quit-closes-done", on_quit(vec![Step::Act, Step::Close])),
        ("quit-closes-undone", on_quit(vec![Step::Close])),
        ("quit-resets-done", on_quit(vec![Step::Act, Step::Reset])),
        ("quit-resets-undone", on_quit(vec![Step::Reset])),
        ("quit-late", on_quit(vec![Step::Act, Step::Wait(second * 4), Step::say("+OK\r\n")])),
        ("bytewise", bytewise()),
        (
            "greets-and-signs-in-only",
            answering(|_, session| session.has_signed_in.then(|| vec![Step::Close])),
        ),
    ]
}
