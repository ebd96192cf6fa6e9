//! The proof that what came is whole, and the message it was asked for; and what is kept where the session breaks
//! before there is one.

use super::{Lost, Retriever};
use crate::error::{Error, Kind, Result};
use crate::fetch::arrival::Arrival;
use crate::fetch::blame::Break;
use crate::fetch::journal::Cause;
use crate::fetch::outcome::{Halt, Owner};
use crate::fetch::results;
use crate::fetch::round::StepCheck;
use crate::session::{Step, Wanted};

/// In lock-step so many messages whose sizes tell nothing share one question.
const ASK_EVERY: usize = 16;

impl Retriever<'_, '_, '_, '_> {
    /// In lock-step a text of just the declared octets is whole by itself, as long as every answer has
    /// fitted. Else a question is asked: at once where the octets should have fitted, else now and then.
    pub(super) fn prove_in_lock_step(&mut self) -> Result<(), Lost> {
        if self.session.pipelines() {
            return Ok(());
        }
        let (unproven, sure) = self.round.unproven();
        let Some(last) = unproven.last() else { return Ok(()) };
        let (number, count) = (last.number, unproven.len());
        if !self.round.is_doubtful() && sure == count && unproven.iter().all(|fact| fact.is_whole_by_itself())
        {
            self.proven(StepCheck::Octets);
            return Ok(());
        }
        let is_wanted = self.manner.cautious || !self.sizes.are_wrong() || count >= ASK_EVERY;
        if is_wanted { self.ask(number) } else { Ok(()) }
    }

    /// Proves what came last, when nothing is on its way.
    pub(super) fn prove_rest(&mut self) -> Result<(), Lost> {
        let last = self.round.unproven().0.last().map(|fact| fact.number);
        let refused = || self.refusals.last().map(|(number, _)| *number);
        let shorter = || self.short.since_proof().last().copied();
        let number = last.or_else(refused).or_else(shorter).or_else(|| self.questions.open());
        number.map_or(Ok(()), |number| self.ask(number))
    }

    pub(super) fn ask(&mut self, number: u32) -> Result<(), Lost> {
        let step = self.session.prove_step(&mut self.questions, number).and_then(|step| match step {
            // Commands sent ahead may be the reason: in lock-step the answer can only be the server's way.
            Step::Unanswered if self.session.pipelines() => Err(Error::new(
                Kind::Protocol,
                "the server answers no question that would prove which message it sent",
            )),
            Step::Unanswered => Ok(Step::Unprovable),
            step => Ok(step),
        });
        self.note_step(step)
    }

    pub(super) fn note_step(&mut self, step: Result<Step>) -> Result<(), Lost> {
        match step {
            Ok(Step::Proven) => self.proven(StepCheck::Question),
            Ok(Step::Unanswered) => {}
            Ok(Step::Unprovable) => self.proven(StepCheck::NoneToBeHad),
            Err(error) => {
                if matches!(error.kind(), Kind::ConnectionLost | Kind::Timeout(_)) {
                    self.skipped = self.questions.kinds_to_skip();
                }
                return Err(self.lose(None, false, error));
            }
        }
        Ok(())
    }

    pub(super) fn proven(&mut self, proof: StepCheck) {
        self.round.unproven().0.iter().for_each(|fact| self.sizes.note(fact.fits()));
        self.round.prove(proof);
        self.short.proven();
        self.unkept.clear();
        for (number, error) in std::mem::take(&mut self.refusals) {
            self.fail(number, Cause::Refused, error, Arrival::nothing());
        }
    }

    /// The session broke: keeps what is whole by itself, and notes which message broke it.
    pub(super) fn lose(&mut self, incoming: Option<Wanted>, has_begun: bool, error: Error) -> Lost {
        let (unproven, sure) = self.round.unproven();
        let broken = Break {
            shorter: self.short.since_proof(),
            refused: self.refusals.last().map(|(number, _)| *number),
            unproven,
            sure,
            incoming: incoming.map(|wanted| (wanted.number, wanted.octets)),
            has_begun,
            was_ahead: self.session.pipelines(),
            kind: error.kind(),
            sizes: self.sizes,
        };
        let is_unkept =
            |octets| self.unkept.iter().any(|unkept| unkept.is_none_or(|unkept| unkept == octets));
        let whole = broken.whole(|octets| self.window.has_one_of(octets) || is_unkept(octets));
        let culprit = broken.culprit();
        self.round.prove_some(&whole);
        if error.kind() == Kind::Interrupted {
            self.results
                .gathered
                .halt(Halt::owned_by(Owner::User, crate::fetch::interrupted().because(error)));
            return Lost;
        }
        if let Some(number) = culprit {
            let refusal = self.refusals.iter().rposition(|(refused, _)| *refused == number);
            let noted = match refusal.map(|at| self.refusals.swap_remove(at)) {
                Some((_, refusal)) => refusal,
                None => Error::new(error.kind(), error.to_string()).because(results::cause(&error)),
            };
            self.fail(number, Cause::Broke, noted, Arrival::nothing());
        }
        self.results.gathered.halt(Halt::owned_by(Owner::Connection, error));
        Lost
    }
}
