//! What a run would do, for `--dry-run`: the same listings and the same plan, then the headers of the messages that
//! would be fetched or deleted. Writes nothing and deletes nothing.
//!
//! The headers are for people only: whatever the server makes of TOP, the plan is shown. So they get little time,
//! and a session that they break is not replaced.

use std::collections::HashMap;
use std::time::Duration;

use super::journal::{Journal, View};
use super::manner::Manner;
use super::plan::{Action, Listed, Plan};
use super::survey::Survey;
use super::{Access, Run, headers, maildrop};
use crate::error::{Error, Kind, Result};
use crate::identity::Fields;
use crate::session::{Session, Transaction};

/// How long one header may take.
const LONGEST_HEADER: Duration = Duration::from_secs(10);

/// How long all of them may take, unless all are wanted.
const LONGEST_HEADERS: Duration = Duration::from_secs(60);

/// What a run would do.
#[derive(Debug)]
pub struct Preview<'a> {
    /// The messages on the server, by number.
    pub listed: &'a [Listed<'a>],
    /// A step for each of them.
    pub plan: &'a Plan,
    /// What the headers say, by message-number, as far as they were asked for and could be had.
    pub headers: HashMap<u32, Fields>,
    /// How many messages would be fetched or deleted whose headers were not asked for: there are too many.
    pub not_asked: usize,
    /// Why not all headers that were asked for could be had.
    pub trouble: Option<Error>,
}

impl Run<'_> {
    /// What a run would do; nothing is done. Of the messages that would be fetched or deleted, the headers of the
    /// first `most` (`None`: of all) are asked for.
    ///
    /// # Errors
    /// As [`Run::carry_out`]. That the headers cannot be had is none.
    pub fn preview<T>(
        &self,
        access: &mut dyn Access,
        most: Option<usize>,
        show: impl FnOnce(&Preview<'_>) -> T,
    ) -> Result<T> {
        let journal = maildrop::journal_of(self.state, self.owner);
        let view = Journal::peek(&journal)?.unwrap_or_else(View::default);
        access.prepare()?;
        let mut manner = Manner::learned(self.pipelining, &view, self.now);
        loop {
            let mut session = access.sign_in(manner)?;
            match self.look(&mut session, manner, &view) {
                Ok((survey, plan)) => {
                    let listed = survey.listed();
                    let mut preview = Preview {
                        listed: &listed,
                        plan: &plan,
                        headers: HashMap::new(),
                        not_asked: 0,
                        trouble: None,
                    };
                    preview.ask_headers(session, &survey, manner, most);
                    return Ok(show(&preview));
                }
                Err(error) if error.ends_the_session() && !manner.cautious => manner.cautious = true,
                Err(error) if error.ends_the_session() && manner.asks_headers => manner.asks_headers = false,
                Err(error) => return Err(error),
            }
        }
    }

    fn look(
        &self,
        session: &mut Session<Transaction>,
        manner: Manner,
        view: &View,
    ) -> Result<(Survey, Plan)> {
        let mut survey = Survey::look(session, manner.asks_headers)?;
        survey.name(session, self.policy)?;
        let plan = survey.plan(session, &survey.listed(), view, self.policy, self.now)?;
        Ok((survey, plan))
    }
}

impl Preview<'_> {
    /// Asks for the headers that are shown, and ends the session.
    fn ask_headers(
        &mut self,
        mut session: Session<Transaction>,
        survey: &Survey,
        manner: Manner,
        most: Option<usize>,
    ) {
        let mut numbers: Vec<u32> = self
            .plan
            .steps
            .iter()
            .filter(|step| matches!(step.action, Action::Fetch { .. } | Action::Delete))
            .map(|step| step.number)
            .collect();
        numbers.sort_unstable();
        // Those of messages without unique-ids were read already.
        self.headers = numbers.iter().filter_map(|n| Some((*n, survey.fields(*n)?.clone()))).collect();
        numbers.retain(|number| !self.headers.contains_key(number));
        if !manner.asks_headers || numbers.is_empty() {
            return session.leave();
        }
        self.not_asked = most.map_or(0, |most| numbers.len().saturating_sub(most));
        numbers.truncate(most.unwrap_or(usize::MAX));
        session.hurry(LONGEST_HEADER);
        let longest = most.map(|_| LONGEST_HEADERS);
        let (headers, trouble) = headers::for_display(&mut session, survey.maildrop(), &numbers, longest);
        self.headers.extend(headers);
        // Where more is on its way, it is not waited for.
        if trouble.as_ref().is_none_or(|error| error.kind() == Kind::Unsupported) {
            session.leave();
        }
        self.trouble = trouble;
    }
}
