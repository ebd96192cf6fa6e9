//! Questions about the maildrop that are answered oddly.

use super::{Odd, Which, answering, on};
use crate::support::odd::mail::Mail;
use crate::support::odd::oddity::{Oddity, Step};
use crate::support::odd::session::multi_line;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How `UIDL n` is answered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum UidlN {
    /// By the whole listing.
    Listing,
    /// By `+OK`.
    Bare,
    /// By `+OK n`.
    Number,
}

/// `UIDL n` is no question that this server understands (axllent/mailpit#552, jstedfast/MailKit#560).
pub(crate) fn uidl_n(how: UidlN) -> Odd {
    on("UIDL", move |command, session| {
        let number = command.number()?;
        Some(vec![match how {
            UidlN::Listing => {
                let line = |(number, mail): &(usize, &Mail)| format!("{number} {}", mail.unique_id);
                Step::Send(multi_line(session.listed().iter().map(line)))
            }
            UidlN::Bare => Step::say("+OK\r\n"),
            UidlN::Number => Step::say(&format!("+OK {number}\r\n")),
        }])
    })
}

/// The unique-id of these messages is missing in the listing, behind a blank or without one (jstedfast/MailKit#560).
pub(crate) fn uidl_line_lacks(which: Which, has_blank: bool) -> Odd {
    let blank = if has_blank { " " } else { "" };
    on("UIDL", move |command, session| {
        if let Some(number) = command.number() {
            session.target(command).filter(|mail| which.has(mail.number))?;
            return Some(vec![Step::say(&format!("+OK {number}{blank}\r\n"))]);
        }
        let line = |(number, mail): &(usize, &Mail)| match which.has(mail.number) {
            true => format!("{number}{blank}"),
            false => format!("{number} {}", mail.unique_id),
        };
        Some(vec![Step::Send(multi_line(session.listed().iter().map(line)))])
    })
}

/// Unique-ids are message-numbers.
pub(crate) fn numbered() -> Odd {
    on("UIDL", |command, session| {
        let line = |number: usize| format!("{number} {number}");
        Some(vec![match command.number() {
            Some(number) => Step::say(&format!("+OK {}\r\n", line(number))),
            None => Step::Send(multi_line(session.listed().iter().map(|(number, _)| line(*number)))),
        }])
    })
}

/// UIDL lists nothing, whatever STAT says.
pub(crate) fn uidl_empty() -> Odd {
    on("UIDL", |command, _| command.arguments.is_empty().then(|| vec![Step::say("+OK\r\n.\r\n")]))
}

/// The listing of that verb counts messages from 0 (hivesolutions/netius#97).
pub(crate) fn from_zero(verb: &'static str) -> Odd {
    on(verb, move |command, session| {
        let value = |mail: &Mail| match verb {
            "UIDL" => mail.unique_id.clone(),
            _ => mail.bytes.len().to_string(),
        };
        let line = |(number, mail): &(usize, &Mail)| format!("{} {}", number - 1, value(mail));
        let lines = session.listed().iter().map(line).collect::<Vec<_>>();
        command.arguments.is_empty().then(|| vec![Step::Send(multi_line(lines))])
    })
}

/// The verb is neither announced nor known.
pub(crate) fn without(verb: &'static str) -> Odd {
    struct Without(&'static str);
    impl Oddity for Without {
        fn change_capabilities(&self, lines: &mut Vec<String>) {
            lines.retain(|line| line != self.0);
        }
    }
    let refuses = on(verb, |_, _| Some(vec![Step::say("-ERR unknown command\r\n")]));
    Box::new(vec![Box::new(Without(verb)) as Odd, refuses])
}

/// TOP of these messages is refused (zhangyunhao116/zmail#22).
pub(crate) fn top_refused(which: Which) -> Odd {
    on("TOP", move |command, session| {
        session.target(command).filter(|mail| which.has(mail.number))?;
        Some(vec![Step::say("-ERR Can't get the letter, try again later\r\n")])
    })
}

/// Says that the maildrop is empty.
pub(crate) fn maildrop_is_empty() -> Odd {
    struct Empty;
    impl Oddity for Empty {
        fn change_maildrop(&self, _session: usize, mails: &mut Vec<Mail>) {
            mails.clear();
        }
    }
    Box::new(Empty)
}

/// After sign-in CAPA is answered so; before, by the rules.
pub(crate) fn capa_after(steps: Vec<Step>) -> Odd {
    on("CAPA", move |_, session| session.has_signed_in.then(|| steps.clone()))
}

/// These messages are refused until a client asks for UTF8 mode, which CAPA announces (IndySockets/Indy#450).
pub(crate) fn utf8_needed(which: Which) -> Odd {
    struct Announced;
    impl Oddity for Announced {
        fn change_capabilities(&self, lines: &mut Vec<String>) {
            lines.push("UTF8".into());
        }
    }
    let refuses = answering(move |command, session| match command.verb.as_str() {
        "UTF8" if !session.has_signed_in => {
            session.is_utf8 = true;
            Some(vec![Step::say("+OK\r\n")])
        }
        "RETR" if !session.is_utf8 => {
            session.target(command).filter(|mail| which.has(mail.number))?;
            Some(vec![Step::say("-ERR [UTF8] message requires UTF8 mode\r\n")])
        }
        _ => None,
    });
    Box::new(vec![Box::new(Announced) as Odd, refuses])
}

/// UIDL sends a line each so often, and never ends.
pub(crate) fn uidl_drips(every: Duration) -> Odd {
    on("UIDL", move |_, _| {
        let line = |count| format!("{} uid{:04}\r\n", count + 1, count + 1).into_bytes();
        Some(vec![Step::say("+OK\r\n"), Step::Drip(every, line)])
    })
}

/// That verb, without an argument, is answered so as long as the switch is on.
pub(crate) fn switched(verb: &'static str, is_on: Arc<AtomicBool>, steps: Vec<Step>) -> Odd {
    on(verb, move |_, _| is_on.load(Ordering::SeqCst).then(|| steps.clone()))
}
