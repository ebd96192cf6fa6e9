//! Recognises messages by their headers, asked by TOP: in doubtful cases, and on servers without unique-ids.
//! Nothing is believed before a question behind the last header is answered: a server that is one answer behind
//! would have one message taken for another.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::error::{Error, Kind, Phase, Result};
use crate::identity::{Fields, Identifier, Identity};
use crate::protocol::{Capabilities, Maildrop};
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
    let mut headers = HashMap::with_capacity(numbers.len());
    read_into(&mut headers, session, maildrop, numbers, &mut |_, _| Ok(true))?;
    let mut header = |number: &u32| match headers.remove(number) {
        Some((identity, fields)) => Header::Read(identity, fields),
        None => Header::Unknown,
    };
    Ok(numbers.iter().map(&mut header).collect())
}

/// What the headers of those messages say, as far as they can be had within `longest`, and why that is not all:
/// [`Kind::Unsupported`] where the server has no TOP. After any other error answers may still be on their way.
pub(super) fn for_display(
    session: &mut Session<Transaction>,
    maildrop: &Maildrop,
    numbers: &[u32],
    longest: Option<Duration>,
) -> (HashMap<u32, Fields>, Option<Error>) {
    let begun = Instant::now();
    let late = || Error::new(Kind::Timeout(Phase::Reply), "the server is slow to show headers");
    let (mut has_top, mut is_late) = (true, false);
    let mut after_each = |session: &Session<Transaction>, refusal: Option<&Error>| {
        is_late |= longest.is_some_and(|longest| begun.elapsed() > longest);
        // With commands ahead, too much may be on its way to wait for it.
        if is_late && session.pipelines() {
            return Err(late());
        }
        if refusal.is_some() && !session.capabilities().is_some_and(Capabilities::top) {
            has_top = false;
        }
        Ok(has_top && !is_late)
    };
    let mut headers = HashMap::with_capacity(numbers.len());
    let trouble = read_into(&mut headers, session, maildrop, numbers, &mut after_each).err();
    let headers: HashMap<_, _> = headers.into_iter().map(|(number, (_, fields))| (number, fields)).collect();
    let without_top =
        || (!has_top && headers.is_empty()).then(|| Error::new(Kind::Unsupported, "the server has no TOP"));
    let trouble = trouble.or_else(without_top).or_else(|| is_late.then(late));
    (headers, trouble)
}

/// What was read and is proven: by message-number.
type Proven = HashMap<u32, (Option<Identity>, Fields)>;

/// Reads headers into `headers`. `after_each` is told of each answer, and of the refusal where it is one; it says
/// whether more may be asked for.
fn read_into(
    headers: &mut Proven,
    session: &mut Session<Transaction>,
    maildrop: &Maildrop,
    numbers: &[u32],
    after_each: &mut dyn FnMut(&Session<Transaction>, Option<&Error>) -> Result<bool>,
) -> Result<()> {
    let mut window = Window::new(Ahead::Headers);
    let mut questions = Questions::new(maildrop);
    let mut queue: VecDeque<_> =
        numbers.iter().map(|number| Wanted { number: *number, octets: None }).collect();
    // Read, and not proven yet.
    let mut waiting = Vec::new();
    loop {
        window.fill(session, &mut queue, Some(&questions))?;
        let step = match window.next() {
            Some(Next::Message(Wanted { number, .. })) => {
                let mut identifier = Identifier::keeping_fields();
                let refusal = match window.receive(session, |chunk| identifier.push(chunk)) {
                    Ok(_) => {
                        waiting.push((number, identifier.finish_with_fields()));
                        None
                    }
                    Err(error) if error.ends_the_session() || error.kind() == Kind::Interrupted => {
                        return Err(error);
                    }
                    refused => refused.err(),
                };
                if !after_each(session, refusal.as_ref())? {
                    queue.clear();
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
    Ok(())
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
