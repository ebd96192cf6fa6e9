//! Resolves what a person types (`3`, `3-7`, `first`, `last`, `uid:…`) to message-numbers of an open
//! maildrop.

use pop3::account::Account;
use pop3::error::{Error, Kind, Result};
use pop3::protocol::{Maildrop, Message};
use pop3::session::{Session, Transaction};

use super::args::MessageArg;
use super::context::Context;

/// A session that is signed in, and the numbers of the named messages, in the order they were named.
///
/// # Errors
/// [`Kind::NoSuchMessage`] for a message that is not there; what signing in and the session fail with.
pub(crate) fn open(
    context: &Context,
    account: &Account,
    named: &[MessageArg],
) -> Result<(Session<Transaction>, Vec<u32>)> {
    if named.iter().any(MessageArg::needs_listing) {
        let (session, maildrop) = context.look(account)?;
        let numbers = find(named, &maildrop)?;
        return Ok((session, numbers));
    }
    let mut session = context.sign_in(account)?;
    let numbers = resolve(&mut session, named)?;
    Ok((session, numbers))
}

/// The numbers of the named messages, in the order they were named.
///
/// # Errors
/// [`Kind::NoSuchMessage`] for a message that is not there; what the session fails with.
pub(crate) fn resolve(session: &mut Session<Transaction>, named: &[MessageArg]) -> Result<Vec<u32>> {
    if named.iter().any(MessageArg::needs_listing) {
        return find(named, &session.maildrop()?);
    }
    let count = session.stat()?.messages;
    numbers(named, count, |_| Vec::new())
}

/// The same in a maildrop that was listed already.
///
/// # Errors
/// [`Kind::NoSuchMessage`] for a message that is not there.
pub(crate) fn find(named: &[MessageArg], maildrop: &Maildrop) -> Result<Vec<u32>> {
    numbers(named, maildrop.counted(), |wanted| {
        let has_it = |message: &Message<'_>| message.unique_id == Some(wanted);
        maildrop.messages().filter(has_it).map(|message| message.number).collect()
    })
}

fn numbers(named: &[MessageArg], count: u32, by_unique_id: impl Fn(&[u8]) -> Vec<u32>) -> Result<Vec<u32>> {
    let mut numbers = Vec::new();
    for name in named {
        match name {
            MessageArg::Number(number) => numbers.push(within(*number, count)?),
            MessageArg::Range(from, to) => numbers.extend(within(*from, count)?..=within(*to, count)?),
            MessageArg::First => numbers.push(within(1, count)?),
            MessageArg::Last => numbers.push(within(count, count)?),
            MessageArg::UniqueId(wanted) => {
                let found = by_unique_id(wanted);
                if found.is_empty() {
                    let shown = String::from_utf8_lossy(wanted);
                    let says = format!("no message has the unique-id {shown}");
                    return Err(Error::new(Kind::NoSuchMessage, says));
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
