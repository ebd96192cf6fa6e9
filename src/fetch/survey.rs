//! What is on the server, and what is to be done about it: the maildrop, the names of messages that the server
//! gives none, the identities of doubtful ones, and the plan made from all of them. Asks; changes nothing.

use std::collections::HashMap;

use super::headers::{self, Header};
use super::journal::View;
use super::plan::{Draft, Listed, Plan};
use super::policy::{Keep, Policy};
use super::recognise;
use crate::advice::Run;
use crate::error::{Error, Kind, Result};
use crate::identity::{Fields, Identity};
use crate::protocol::Maildrop;
use crate::session::{Session, Transaction};

/// A maildrop whose messages all have something to be known by, where that is possible.
#[derive(Debug)]
pub struct Survey {
    maildrop: Maildrop,
    /// Unique-ids made from headers, and the identities they are made from, by the place in the maildrop: for
    /// messages that the server gives none.
    made: HashMap<usize, (Vec<u8>, Option<Identity>)>,
    /// What these headers say, by message-number.
    fields: HashMap<u32, Fields>,
    /// Whether a message without a unique-id can be named once its text is here: others have names.
    names_by_text: bool,
    /// Whether headers may be asked for.
    asks_headers: bool,
}

impl Survey {
    /// Asks for the maildrop.
    ///
    /// # Errors
    /// What the session fails with.
    pub fn look(session: &mut Session<Transaction>, asks_headers: bool) -> Result<Survey> {
        Ok(Survey::new(session.maildrop()?, asks_headers))
    }

    /// The survey of a maildrop that was asked for.
    pub fn new(maildrop: Maildrop, asks_headers: bool) -> Survey {
        let (made, fields) = (HashMap::new(), HashMap::new());
        Survey { maildrop, made, fields, names_by_text: false, asks_headers }
    }

    /// Names the messages that have no unique-id by their headers.
    ///
    /// # Errors
    /// [`Kind::Unsupported`] where no message has a name and the policy keeps messages: new ones could not be
    /// told from old ones. Else what the session fails with.
    pub fn name(&mut self, session: &mut Session<Transaction>, policy: &Policy) -> Result<()> {
        let nameless: Vec<(usize, u32)> = (0..)
            .zip(self.maildrop.messages())
            .filter(|(_, message)| message.unique_id.is_none())
            .map(|(index, message)| (index, message.number))
            .collect();
        if nameless.is_empty() {
            return Ok(());
        }
        if self.asks_headers {
            let numbers: Vec<u32> = nameless.iter().map(|(_, number)| *number).collect();
            let read = headers::read(session, &self.maildrop, &numbers)?;
            for ((index, number), header) in nameless.iter().zip(read) {
                if let Header::Read(identity, fields) = header {
                    self.made.insert(*index, (recognise::name(identity), identity));
                    self.fields.insert(*number, fields);
                }
            }
        }
        self.names_by_text = !self.made.is_empty() || nameless.len() < self.maildrop.len();
        if self.names_by_text || policy.keep == Keep::None {
            return Ok(());
        }
        Err(match self.asks_headers {
            true => Error::new(
                Kind::Unsupported,
                "the server has neither UIDL nor TOP, so new mail cannot be told from old",
            )
            .advise(Run::KeepNone),
            false => {
                Error::new(Kind::Protocol, "the server has no UIDL, and its answers to TOP are out of step")
            }
        })
    }

    /// What the header of that message says, where it was asked for already.
    pub fn fields(&self, number: u32) -> Option<&Fields> {
        self.fields.get(&number)
    }

    /// The maildrop.
    pub fn maildrop(&self) -> &Maildrop {
        &self.maildrop
    }

    /// Its messages by number, as the planner wants them.
    pub fn listed(&self) -> Vec<Listed<'_>> {
        let listed = (0..).zip(self.maildrop.messages()).map(|(index, message)| {
            let made = self.made.get(&index).filter(|_| message.unique_id.is_none());
            Listed {
                number: message.number,
                octets: message.octets,
                unique_id: message.unique_id.or_else(|| made.map(|(name, _)| name.as_slice())),
                identity: made.and_then(|(_, identity)| *identity),
                named_by_text: self.names_by_text,
            }
        });
        listed.collect()
    }

    /// Decides, at `now` (seconds of Unix time), after asking for the headers of the messages that unique-id
    /// and octets do not tell apart.
    ///
    /// # Errors
    /// What ends the session.
    pub fn plan(
        &self,
        session: &mut Session<Transaction>,
        listed: &[Listed<'_>],
        view: &View,
        policy: &Policy,
        now: i64,
    ) -> Result<Plan> {
        let draft = Draft::new(listed, self.is_complete(), view);
        let identities = self.identities(session, draft.doubts())?;
        Ok(draft.plan(&identities, policy, now))
    }

    /// For each message whether it was delivered before: the same answer that the plan of a run gives.
    ///
    /// # Errors
    /// What ends the session.
    pub fn known(
        &self,
        session: &mut Session<Transaction>,
        listed: &[Listed<'_>],
        view: &View,
    ) -> Result<Vec<bool>> {
        let draft = Draft::new(listed, self.is_complete(), view);
        let identities = self.identities(session, draft.doubts())?;
        Ok(draft.known(&identities))
    }

    /// What the headers of those messages say; nothing of any where they cannot be trusted.
    fn identities(
        &self,
        session: &mut Session<Transaction>,
        numbers: &[u32],
    ) -> Result<HashMap<u32, Option<Identity>>> {
        let told = match self.asks_headers && !numbers.is_empty() {
            true => headers::identities(session, &self.maildrop, numbers)?,
            false => vec![None; numbers.len()],
        };
        Ok(numbers.iter().copied().zip(told).collect())
    }

    /// Whether every message is there under a name.
    fn is_complete(&self) -> bool {
        let named = self.maildrop.messages().filter(|message| message.unique_id.is_some()).count();
        self.maildrop.is_complete() && named == self.maildrop.len()
            || named + self.made.len() == self.maildrop.len()
                && self.maildrop.len() >= self.maildrop.counted() as usize
    }
}

/// The unique-id of the message of that number.
pub(super) fn unique_id_of<'m>(listed: &[Listed<'m>], number: u32) -> Option<&'m [u8]> {
    let at = listed.binary_search_by_key(&number, |message| message.number).ok()?;
    listed[at].unique_id
}
