//! Connections that end, sign-ins that must wait, and answers that travel oddly.

use super::{Odd, answering, milliseconds, on};
use crate::support::odd::oddity::{Delivery, Oddity, Step};
use std::time::Duration;

/// The RETR of that count in a session closes the connection.
pub(crate) fn session_cut(count: usize) -> Odd {
    on("RETR", move |_, session| (session.retrieves >= count).then(|| vec![Step::Close]))
}

/// A PASS that comes too soon after the last sign-in is refused (zone-eu/wildduck#709).
pub(crate) fn login_delay(delay: Duration) -> Odd {
    on("PASS", move |_, session| {
        session.since_sign_in().filter(|time| *time < delay)?;
        Some(vec![Step::say("-ERR [LOGIN-DELAY] minimum time between sign-ins not yet over\r\n")])
    })
}

/// For so long after a lost connection the maildrop is in use.
pub(crate) fn in_use(time: Duration) -> Odd {
    on("PASS", move |_, session| {
        session.since_loss().filter(|past| *past < time)?;
        Some(vec![Step::say("-ERR [IN-USE] another session has this maildrop\r\n")])
    })
}

/// A RETR with another command behind it closes the connection (jstedfast/MailKit#174).
pub(crate) fn pipelining_cut() -> Odd {
    on("RETR", |_, session| session.has_more_behind().then(|| vec![Step::Close]))
}

/// After sign-in whatever is sent ahead of an answer closes the connection, or is swallowed.
pub(crate) fn ahead(becomes: Step) -> Odd {
    answering(move |_, session| {
        (session.has_signed_in && session.has_more_behind()).then(|| match becomes {
            Step::Swallow => vec![Step::Swallow, Step::Answer],
            _ => vec![becomes.clone()],
        })
    })
}

/// QUIT is answered so (PHPMailer/PHPMailer#2488, jens-maus/yam#210).
pub(crate) fn on_quit(steps: Vec<Step>) -> Odd {
    on_verb("QUIT", steps)
}

/// A client that is silent for so long is told, and left (node-pop3/node-pop3#18).
pub(crate) fn idle_err(time: Duration) -> Odd {
    struct Idle(Duration);
    impl Oddity for Idle {
        fn when_idle(&self) -> Option<(Duration, Vec<Step>)> {
            let told = Step::say("-ERR Disconnected for inactivity.\r\n");
            Some((self.0, vec![told, Step::Close]))
        }
    }
    Box::new(Idle(time))
}

struct Delivered(Delivery);

impl Oddity for Delivered {
    fn delivery(&self) -> Delivery {
        self.0
    }
}

/// Each octet is a packet (kazu-yamamoto/Mew#188).
pub(crate) fn bytewise() -> Odd {
    Box::new(Delivered(Delivery { is_bytewise: true, ..Delivery::default() }))
}

/// A server so many milliseconds away, there and back.
pub(crate) fn round_trip(time: u64) -> Odd {
    Box::new(Delivered(Delivery { round_trip: milliseconds(time), ..Delivery::default() }))
}

/// That verb is answered so.
pub(crate) fn on_verb(verb: &'static str, steps: Vec<Step>) -> Odd {
    on(verb, move |_, _| Some(steps.clone()))
}
