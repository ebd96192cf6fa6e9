//! What can be wrong with the text of a message.

use super::{Odd, Which, answering, on};
use crate::support::odd::mail::{Mail, with_line_feeds};
use crate::support::odd::oddity::Step;
use std::time::Duration;

/// Where a message is cut: within a line of its text.
const CUT_AT: usize = 162;

/// RETR of these messages is answered so.
fn retrieving(which: Which, steps: impl Fn(&Mail) -> Vec<Step> + Send + Sync + 'static) -> Odd {
    on("RETR", move |command, session| {
        session.target(command).filter(|mail| which.has(mail.number)).map(&steps)
    })
}

fn status(mail: &Mail) -> Vec<u8> {
    format!("+OK {} bytes follows\r\n", mail.bytes.len()).into_bytes()
}

/// Part of the text, a proper end, and a while later an error that nobody asked for (inbucket).
pub(crate) fn cut_then_err(which: Which, later: Duration) -> Odd {
    retrieving(which, move |mail| {
        let part = [&status(mail), &mail.stuffed()[..CUT_AT], b"\r\n.\r\n"].concat();
        let error = Step::say("-ERR Failed to RETR that message, internal error\r\n");
        match later.is_zero() {
            true => vec![Step::Send(part), error],
            false => vec![Step::Send(part), Step::Wait(later), error],
        }
    })
}

/// The beginning of a header, and the connection is closed (mysociety/alaveteli#7562).
pub(crate) fn poison_cut(which: Which) -> Odd {
    retrieving(which, |_| vec![Step::say("+OK\r\nFrom: x"), Step::Close])
}

/// The same by a reset, behind more of the text.
pub(crate) fn poison_reset(which: Which) -> Odd {
    retrieving(which, |mail| {
        let part = [&status(mail), &mail.stuffed()[..CUT_AT]].concat();
        vec![Step::Send(part), Step::Wait(Duration::from_millis(5)), Step::Reset]
    })
}

/// The beginning of a header, and nothing more.
pub(crate) fn poison_silent(which: Which) -> Odd {
    retrieving(which, |_| vec![Step::say("+OK\r\nFrom: x"), Step::Silence])
}

/// `+OK`, then an error in place of the text; no end (apache/james-project#868).
pub(crate) fn poison_late_err(which: Which) -> Odd {
    retrieving(which, |_| vec![Step::say("+OK Message follows\r\n-ERR Error while retrieving message.\r\n")])
}

/// No text at all.
pub(crate) fn poison_empty(which: Which) -> Odd {
    retrieving(which, |mail| vec![Step::Send([&status(mail)[..], b".\r\n"].concat())])
}

/// Dots at the beginning of a line are not doubled: a line that is a dot looks like the end.
pub(crate) fn unstuffed(which: Which) -> Odd {
    retrieving(which, |mail| vec![Step::Send([&status(mail), &mail.bytes[..], b".\r\n"].concat())])
}

/// RETR is refused.
pub(crate) fn refused(which: Which, line: &'static str) -> Odd {
    retrieving(which, move |_| vec![Step::say(line)])
}

/// RETR is refused, and the next session does not list the message (mysociety/alaveteli#5697).
pub(crate) fn expunged(number: u32) -> Odd {
    on("RETR", move |command, session| {
        session.target(command).filter(|mail| mail.number == number)?;
        session.expunge(number);
        let refusal = format!("-ERR Message {} expunged.\r\n", command.number()?);
        Some(vec![Step::say(&refusal)])
    })
}

/// Status lines end in CRLF, the lines of a message in LF, and the dot in CRLF (zetacomponents/Mail#40).
pub(crate) fn line_feeds(which: Which) -> Odd {
    answering(move |command, session| {
        let mail = session.target(command).filter(|mail| which.has(mail.number))?;
        let text = match command.verb.as_str() {
            "RETR" => mail.stuffed(),
            "TOP" => mail.top(command.arguments.get(1)?.parse().ok()?),
            _ => return None,
        };
        Some(vec![Step::Send([&status(mail), &with_line_feeds(&text)[..], b".\r\n"].concat())])
    })
}

/// RETR drips, or says nothing, after its status line.
pub(crate) fn retr_drips(which: Which, every: Duration) -> Odd {
    retrieving(which, move |_| {
        let line = |count| format!("X-Line: {count}\r\n").into_bytes();
        vec![Step::say("+OK\r\n"), Step::Drip(every, line)]
    })
}
