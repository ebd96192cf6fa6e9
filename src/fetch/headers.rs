//! Recognises a message by its headers, asked by TOP: in doubtful cases, and on servers without
//! unique-ids.

use crate::error::{Kind, Result};
use crate::identity::{Identifier, Identity};
use crate::protocol::Maildrop;
use crate::session::{Session, Transaction};

/// The identity of one message; `None` where the server has no TOP, or the message no header.
///
/// # Errors
/// What ends the session; a mere `-ERR` is a `None`.
pub(super) fn identity(session: &mut Session<Transaction>, number: u32) -> Result<Option<Identity>> {
    let mut identifier = Identifier::new();
    match session.top(number, 0, |chunk| identifier.push(chunk)) {
        Ok(_) => Ok(identifier.finish()),
        Err(error) if error.kind() == Kind::Refused => Ok(None),
        Err(error) => Err(error),
    }
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
    let mut ids = Vec::with_capacity(maildrop.len());
    for message in maildrop.messages() {
        let mut identifier = Identifier::new();
        match session.top(message.number, 0, |chunk| identifier.push(chunk)) {
            Ok(_) => {}
            Err(error) if error.kind() == Kind::Refused => return Ok(None),
            Err(error) => return Err(error),
        }
        let name = identifier.finish().map_or_else(|| "none".to_owned(), |identity| identity.to_string());
        ids.push(format!("header:{name}").into_bytes());
    }
    Ok(Some(ids))
}
