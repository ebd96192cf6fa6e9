//! From what a person types (`3`, `3-7`, `first`, `last`, `uid:…`) to message-numbers of an open
//! maildrop.

use pop3::error::{Error, Kind, Result};
use pop3::session::{Session, Transaction};

use super::args::MessageArg;

/// The message-numbers that are meant, in the order they were named.
///
/// # Errors
/// [`Kind::NoSuchMessage`] for what is not there; what the session fails with.
pub(crate) fn resolve(session: &mut Session<Transaction>, named: &[MessageArg]) -> Result<Vec<u32>> {
    let count = session.stat()?.messages;
    let maildrop = match named.iter().any(|name| matches!(name, MessageArg::UniqueId(_))) {
        true => Some(session.maildrop()?),
        false => None,
    };
    let mut numbers = Vec::new();
    for name in named {
        match name {
            MessageArg::Number(number) => numbers.push(within(*number, count)?),
            MessageArg::Range(from, to) => numbers.extend(within(*from, count)?..=within(*to, count)?),
            MessageArg::First => numbers.push(within(1, count)?),
            MessageArg::Last => numbers.push(within(count, count)?),
            MessageArg::UniqueId(wanted) => {
                let mut found = maildrop
                    .iter()
                    .flat_map(|maildrop| maildrop.messages())
                    .filter(|message| message.unique_id == Some(wanted))
                    .map(|message| message.number)
                    .peekable();
                if found.peek().is_none() {
                    let shown = String::from_utf8_lossy(wanted);
                    return Err(Error::new(
                        Kind::NoSuchMessage,
                        format!("no message has the unique-id {shown}"),
                    ));
                }
                numbers.extend(found);
            }
        }
    }
    Ok(numbers)
}

fn within(number: u32, count: u32) -> Result<u32> {
    if (1..=count).contains(&number) {
        return Ok(number);
    }
    let says = match count {
        0 => "there is no message: the maildrop is empty".to_owned(),
        1 => format!("there is no message {number}: the maildrop has 1"),
        _ => format!("there is no message {number}: the maildrop has {count}"),
    };
    Err(Error::new(Kind::NoSuchMessage, says))
}
