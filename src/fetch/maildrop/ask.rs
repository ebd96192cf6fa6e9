//! Asks the server what a takeover must know, and decides.

use std::collections::HashMap;

use super::{Origin, Takeover};
use crate::error::Result;
use crate::fetch::headers;
use crate::fetch::journal::Journal;
use crate::fetch::plan::Listed;
use crate::session::{Session, Transaction};

impl Takeover {
    /// Asks for the headers that tell whose the journals are, and decides as [`Takeover::decide`].
    ///
    /// # Errors
    /// What ends the session, and as [`Takeover::decide`]. Until it is decided, nothing has changed.
    pub fn ask(
        self,
        session: &mut Session<Transaction>,
        listed: &[Listed<'_>],
    ) -> Result<(Journal, Option<Origin>)> {
        let questions = self.questions(listed);
        let told = headers::identities(session, &questions)?;
        let answers: HashMap<_, _> = questions.into_iter().zip(told).collect();
        self.decide(listed, &answers)
    }
}
