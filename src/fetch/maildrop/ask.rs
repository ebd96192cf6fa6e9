//! Asks the server what a takeover must know, and decides.

use std::collections::HashMap;

use super::{Origin, Takeover};
use crate::error::Result;
use crate::fetch::headers;
use crate::fetch::journal::Journal;
use crate::fetch::plan::Listed;
use crate::fetch::survey::Survey;
use crate::session::{Session, Transaction};

impl Takeover {
    /// Asks for the headers that tell whose the journals are, and decides as [`Takeover::decide`]. Where the
    /// session breaks at that, it decides without headers, and the session is not given back.
    ///
    /// # Errors
    /// As [`Takeover::decide`]. Until it is decided, nothing has changed.
    pub fn ask(
        self,
        mut session: Session<Transaction>,
        survey: &Survey,
        listed: &[Listed<'_>],
    ) -> Result<(Journal, Option<Origin>, Option<Session<Transaction>>)> {
        let questions = self.questions(listed);
        let (told, session) = match headers::identities(&mut session, survey.maildrop(), &questions) {
            Ok(told) => (told, Some(session)),
            Err(_) => (Vec::new(), None),
        };
        let answers: HashMap<_, _> = questions.into_iter().zip(told).collect();
        let (journal, origin) = self.decide(listed, &answers)?;
        Ok((journal, origin, session))
    }
}
