//! Asks the server what a takeover must know.

use std::collections::HashMap;

use super::Takeover;
use crate::error::Result;
use crate::fetch::headers;
use crate::fetch::plan::Listed;
use crate::fetch::survey::Survey;
use crate::identity::Identity;
use crate::session::{Session, Transaction};

impl Takeover {
    /// Asks for the headers that tell whose the journals are: what [`Takeover::decide`] wants to know.
    ///
    /// # Errors
    /// What ends the session, and that the user asked to stop. Nothing is decided by that.
    pub fn ask(
        &self,
        session: &mut Session<Transaction>,
        survey: &Survey,
        listed: &[Listed<'_>],
    ) -> Result<HashMap<u32, Option<Identity>>> {
        let questions = self.questions(listed);
        let told = headers::identities(session, survey.maildrop(), &questions)?;
        Ok(questions.into_iter().zip(told).collect())
    }
}
