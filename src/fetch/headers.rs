//! Recognises messages by their headers, asked by TOP: in doubtful cases, and on servers without
//! unique-ids.

use crate::error::{Kind, Result};
use crate::identity::{Identifier, Identity};
use crate::protocol::Maildrop;
use crate::session::{Ahead, Session, Transaction, Window};

/// The identities of messages, in their order; `None` for one that the server would not show, or
/// that has no header.
///
/// # Errors
/// What ends the session; a mere `-ERR` is a `None`.
pub(super) fn identities(
    session: &mut Session<Transaction>,
    numbers: &[u32],
) -> Result<Vec<Option<Identity>>> {
    Ok(answers(session, numbers)?.into_iter().map(|answer| answer.unwrap_or(None)).collect())
}

/// Unique-ids for a maildrop that has none: one for each message in order, made from its identity.
/// Two messages with the same headers have the same one, and are still two. `None` where the server
/// has no TOP.
///
/// # Errors
/// What ends the session.
pub(super) fn unique_ids(
    session: &mut Session<Transaction>,
    maildrop: &Maildrop,
) -> Result<Option<Vec<Vec<u8>>>> {
    let numbers: Vec<u32> = maildrop.messages().map(|message| message.number).collect();
    // The first answer tells whether there is a TOP at all.
    if let [first, ..] = numbers[..]
        && answers(session, &[first])?.contains(&None)
    {
        return Ok(None);
    }
    let name = |answer: Option<Option<Identity>>| {
        let name = answer?.map_or_else(|| "none".to_owned(), |identity| identity.to_string());
        Some(format!("header:{name}").into_bytes())
    };
    Ok(answers(session, &numbers)?.into_iter().map(name).collect())
}

/// What TOP says of each message: nothing where it is refused.
fn answers(session: &mut Session<Transaction>, numbers: &[u32]) -> Result<Vec<Option<Option<Identity>>>> {
    let mut window = Window::new(Ahead::Headers);
    let mut wanted = numbers.iter().map(|number| (*number, None)).peekable();
    let mut answers = Vec::with_capacity(numbers.len());
    for _ in numbers {
        window.fill(session, &mut wanted)?;
        let mut identifier = Identifier::new();
        match window.receive(session, |chunk| identifier.push(chunk)) {
            Ok(_) => answers.push(Some(identifier.finish())),
            Err(error) if error.kind() == Kind::Refused => answers.push(None),
            Err(error) => return Err(error),
        }
    }
    Ok(answers)
}
