//! Recognises messages by their headers, asked by TOP: in doubtful cases, and on servers without unique-ids.
//! Nothing is believed before a question behind the last header is answered: a server that is one answer behind
//! would have one message taken for another.

use std::collections::{HashMap, VecDeque};

use crate::error::{Kind, Result};
use crate::identity::{Fields, Identifier, Identity};
use crate::protocol::Maildrop;
use crate::session::{Ahead, Next, Questions, Session, Step, Transaction, Wanted, Window};

/// What a header says of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Header {
    /// The server refused to show it, or nothing proves that it is this message's.
    Unknown,
    /// There is a header: its identity, unless it holds no field, and the fields that people know it by.
    Read(Option<Identity>, Fields),
}

impl Header {
    /// The identity, where there is one.
    pub(super) fn identity(self) -> Option<Identity> {
        match self {
            Header::Read(identity, _) => identity,
            Header::Unknown => None,
        }
    }
}

/// The headers of those messages, in their order.
///
/// # Errors
/// What ends the session; a conversation that is out of step among it. A mere `-ERR` is [`Header::Unknown`].
pub(super) fn read(
    session: &mut Session<Transaction>,
    maildrop: &Maildrop,
    numbers: &[u32],
) -> Result<Vec<Header>> {
    let mut window = Window::new(Ahead::Headers);
    let mut questions = Questions::new(maildrop);
    let mut queue: VecDeque<_> =
        numbers.iter().map(|number| Wanted { number: *number, octets: None }).collect();
    let mut headers = HashMap::with_capacity(numbers.len());
    // Read, and not proven yet.
    let mut waiting = Vec::new();
    loop {
        window.fill(session, &mut queue, Some(&questions))?;
        let step = match window.next() {
            Some(Next::Message(Wanted { number, .. })) => {
                let mut identifier = Identifier::keeping_fields();
                match window.receive(session, |chunk| identifier.push(chunk)) {
                    Ok(_) => waiting.push((number, identifier.finish_with_fields())),
                    Err(error) if error.ends_the_session() || error.kind() == Kind::Interrupted => {
                        return Err(error);
                    }
                    Err(_) => {}
                }
                continue;
            }
            Some(Next::Question) => window.receive_step(session, &mut questions)?,
            None => match waiting.last() {
                None if queue.is_empty() => break,
                None => continue,
                Some((number, _)) if queue.is_empty() => {
                    match session.prove_step(&mut questions, *number)? {
                        // No question is left that could be asked.
                        Step::Unanswered => Step::Unprovable,
                        step => step,
                    }
                }
                // In lock-step one question behind the last is enough.
                Some(_) => continue,
            },
        };
        match step {
            Step::Proven => headers.extend(waiting.drain(..)),
            Step::Unanswered => {}
            // Nothing proves them: what is in doubt is fetched again.
            Step::Unprovable => waiting.clear(),
        }
    }
    let mut header = |number: &u32| match headers.remove(number) {
        Some((identity, fields)) => Header::Read(identity, fields),
        None => Header::Unknown,
    };
    Ok(numbers.iter().map(&mut header).collect())
}

/// The identities of messages, in their order; `None` for one that the server would not show, or that has no
/// header.
///
/// # Errors
/// As [`read`].
pub(super) fn identities(
    session: &mut Session<Transaction>,
    maildrop: &Maildrop,
    numbers: &[u32],
) -> Result<Vec<Option<Identity>>> {
    Ok(read(session, maildrop, numbers)?.into_iter().map(Header::identity).collect())
}
