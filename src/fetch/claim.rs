//! How a run comes to its maildrop's journal. Nearly always it has it; where the journal's key is new and others may
//! be its, the server tells.

use std::collections::HashMap;

use super::attempt::DAY;
use super::event::{Event, Teller};
use super::journal::{Fact, FactKind, Journal};
use super::maildrop::Claim;
use super::{Access, Manner, Run, Survey, interrupted};
use crate::error::Result;
use crate::session::{Session, Transaction};

impl Run<'_> {
    /// The maildrop's journal, and the session in which the server was asked about it, which serves the run as
    /// well. One that breaks is followed by a cautious one; where headers break that one too, it is decided without
    /// them. What the user interrupts decides nothing.
    pub(super) fn claim(
        &self,
        claim: Claim,
        access: &mut dyn Access,
        teller: &mut Teller<'_>,
    ) -> Result<(Journal, Option<Session<Transaction>>)> {
        let mut takeover = match claim {
            Claim::Known(journal) => return Ok((journal, None)),
            Claim::Open(takeover) => takeover,
        };
        let new = Manner::new(self.pipelining);
        let mut manner = takeover.view().map_or(new, |view| Manner::learned(self.pipelining, view, self.now));
        loop {
            let mut session = access.sign_in(manner)?;
            let asked = Survey::look(&mut session, true).map(|survey| {
                let answers = takeover.ask(&mut session, &survey, &survey.listed());
                (survey, answers)
            });
            let (survey, answers, session) = match asked {
                Ok((survey, Ok(answers))) => (survey, answers, Some(session)),
                Ok((_, Err(_))) | Err(_) if self.stop.is_requested() => return Err(interrupted()),
                Ok((survey, Err(error))) if error.ends_the_session() && manner.cautious => {
                    (survey, HashMap::new(), None)
                }
                Ok((_, Err(error))) | Err(error) if error.ends_the_session() && !manner.cautious => {
                    let until = self.now.saturating_add(DAY);
                    takeover.learn(&Fact { kind: FactKind::NeedsCaution, until, value: 1 })?;
                    manner.cautious = true;
                    teller.tell(&Event::Reconnecting { reason: &error, cautious: true });
                    continue;
                }
                Ok((_, Err(error))) | Err(error) => return Err(error),
            };
            let (journal, origin) = takeover.decide(&survey.listed(), &answers)?;
            if let Some(origin) = &origin {
                teller.tell(&Event::Adopted { origin });
            }
            return Ok((journal, session));
        }
    }
}
