//! What is on the server and what is to be done about it: the maildrop, the identities of doubtful
//! messages, and the plan made from both. Asks; changes nothing.

use std::collections::HashMap;

use super::headers;
use super::journal::View;
use super::plan::{Draft, Listed, Plan};
use super::policy::{Keep, Policy};
use crate::error::{Error, Kind, Result};
use crate::identity::Identity;
use crate::protocol::Maildrop;
use crate::session::{Session, Transaction};

/// A maildrop whose messages all have something to be known by, where that is possible.
#[derive(Debug)]
pub struct Survey {
    maildrop: Maildrop,
    /// Unique-ids made from headers, for a server that has none: one a message, in order.
    made: Option<Vec<Vec<u8>>>,
}

impl Survey {
    /// Asks for the maildrop, and for the headers of all messages where the server has no UIDL.
    ///
    /// # Errors
    /// [`Kind::Unsupported`] where the server has neither UIDL nor TOP and the policy keeps messages:
    /// new ones could not be told from old ones. Else what the session fails with.
    pub fn of(session: &mut Session<Transaction>, policy: &Policy) -> Result<Survey> {
        let maildrop = session.maildrop()?;
        if maildrop.has_unique_ids() || maildrop.is_empty() {
            return Ok(Survey { maildrop, made: None });
        }
        let made = headers::unique_ids(session, &maildrop)?;
        if made.is_none() && policy.keep != Keep::None {
            let says = "the server has neither UIDL nor TOP, so new mail cannot be told from old";
            return Err(Error::new(Kind::Unsupported, says)
                .hint("only --keep none, which fetches and deletes, works with this server"));
        }
        Ok(Survey { maildrop, made })
    }

    /// The maildrop.
    pub fn maildrop(&self) -> &Maildrop {
        &self.maildrop
    }

    /// Its messages by number, as the planner wants them.
    pub fn listed(&self) -> Vec<Listed<'_>> {
        let made = |index: usize| self.made.as_ref().and_then(|made| made.get(index)).map(Vec::as_slice);
        let listed = self.maildrop.messages().enumerate().map(|(index, message)| Listed {
            number: message.number,
            octets: message.octets,
            unique_id: message.unique_id.or_else(|| made(index)),
        });
        listed.collect()
    }

    /// Decides, at `now` (seconds of Unix time), after asking for the headers of the messages that
    /// unique-id and octets do not tell apart.
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
        let told = headers::identities(session, draft.doubts())?;
        let identities: HashMap<u32, Option<Identity>> = draft.doubts().iter().copied().zip(told).collect();
        Ok(draft.plan(&identities, policy, now))
    }

    /// Made unique-ids cover the maildrop as completely as the server's own.
    fn is_complete(&self) -> bool {
        self.maildrop.is_complete() || self.made.is_some()
    }
}

/// The unique-id of the message of that number.
pub(super) fn unique_id_of<'m>(listed: &[Listed<'m>], number: u32) -> Option<&'m [u8]> {
    let at = listed.binary_search_by_key(&number, |message| message.number).ok()?;
    listed[at].unique_id
}
