//! The headers of the listed messages, requested with pipelining.

use std::collections::VecDeque;

use anyhow::Result;
use pop3::error::Kind;
use pop3::session::{Ahead, Session, Transaction, Wanted, Window};

use crate::cli::decoded::Decoded;
use crate::cli::output::Output;

/// The most octets of a header that are parsed; real headers are far smaller.
const MAX_HEADER: usize = 256 * 1024;

/// Asks for headers (TOP) in a fixed order.
#[derive(Debug)]
pub(super) struct Headers {
    window: Window,
    queue: VecDeque<Wanted>,
    has_top: bool,
}

impl Headers {
    /// Will ask for the headers of those messages.
    pub(super) fn new(numbers: impl Iterator<Item = u32>) -> Headers {
        let queue = numbers.map(|number| Wanted { number, octets: None }).collect();
        Headers { window: Window::new(Ahead::Headers), queue, has_top: true }
    }

    /// Whether the server has TOP, as far as it is known.
    pub(super) fn has_top(&self) -> bool {
        self.has_top
    }

    /// Reads the next header; if the server has no TOP it is not asked again. What was printed leaves before the
    /// server is waited for.
    pub(super) fn next(&mut self, session: &mut Session<Transaction>, output: &Output) -> Result<Decoded> {
        if self.has_top {
            self.window.fill(session, &mut self.queue, None)?;
        }
        if self.window.is_empty() {
            return Ok(Decoded::default());
        }
        if !session.has_unread() {
            output.flush()?;
        }
        let mut bytes = Vec::new();
        let asked = self.window.receive(session, |chunk| {
            let room = MAX_HEADER.saturating_sub(bytes.len());
            bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
        });
        match asked {
            Ok(_) => Ok(Decoded::from_header(&bytes)),
            Err(error) if error.kind() == Kind::Refused => {
                self.has_top = session.capabilities().is_some_and(|these| these.top());
                Ok(Decoded::default())
            }
            Err(error) if error.ends_the_session() || error.kind() == Kind::Interrupted => Err(error.into()),
            // It is this message's: the others have their rows.
            Err(_) => Ok(Decoded::default()),
        }
    }
}
