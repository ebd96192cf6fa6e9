//! Asks the server what a takeover must know, and decides.

use std::collections::HashMap;

use super::{Origin, Takeover};
use crate::error::{Kind, Result};
use crate::fetch::headers;
use crate::fetch::journal::Journal;
use crate::fetch::survey::Survey;
use crate::session::{Session, Transaction};

impl Takeover {
    /// Asks for the headers that tell whose the journals are, and decides as [`Takeover::decide`]. A session that
    /// breaks at that is followed by a cautious one: what `sign_in` is told. Where that breaks among the headers,
    /// too, it is decided without them, and no session is given back.
    ///
    /// # Errors
    /// As [`Takeover::decide`], and what a session failed with. Until it is decided, nothing has changed: in a
    /// hurry all mail could come once more.
    pub fn ask(
        self,
        mut sign_in: impl FnMut(bool) -> Result<Session<Transaction>>,
    ) -> Result<(Journal, Option<Origin>, Option<Session<Transaction>>)> {
        let mut is_cautious = false;
        loop {
            let mut session = sign_in(is_cautious)?;
            let survey = match Survey::look(&mut session, true) {
                Ok(survey) => survey,
                Err(error) if error.ends_the_session() && !is_cautious => {
                    is_cautious = true;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let listed = survey.listed();
            let questions = self.questions(&listed);
            let (told, session) = match headers::identities(&mut session, survey.maildrop(), &questions) {
                Ok(told) => (told, Some(session)),
                Err(error) if error.kind() == Kind::Interrupted => return Err(error),
                Err(_) if !is_cautious => {
                    is_cautious = true;
                    continue;
                }
                Err(_) => (Vec::new(), None),
            };
            let answers: HashMap<_, _> = questions.into_iter().zip(told).collect();
            let (journal, origin) = self.decide(&listed, &answers)?;
            return Ok((journal, origin, session));
        }
    }
}
