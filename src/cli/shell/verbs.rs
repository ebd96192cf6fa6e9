//! What each verb of the shell does in the open session. Every verb answers.

use std::io::{self, Write};

use anyhow::Result;
use pop3::account::{Account, values};
use pop3::connection::Transcript;
use pop3::error::{Error, Kind};
use pop3::protocol::Message;
use pop3::session::{Session, Transaction};

use super::line::{MESSAGES, TABLE, Verb};
use super::marks::Marks;
use crate::cli::args::{MessageArg, Position};
use crate::cli::context::Context;
use crate::cli::output::{Output, human};
use crate::cli::report::Reported;
use crate::cli::{messages, retr};

/// Whether there is more to come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum After {
    More,
    Done,
}

/// Asks a question that is answered with yes or no.
pub(super) type Ask<'a> = dyn FnMut(&str) -> Result<bool> + 'a;

/// An open session and the deletions marked in it.
pub(super) struct Shell<'a> {
    context: &'a Context,
    account: &'a Account,
    /// `None` once it has ended.
    session: Option<Session<Transaction>>,
    /// What QUIT would delete.
    marks: Marks,
}

impl<'a> Shell<'a> {
    pub(super) fn new(context: &'a Context, account: &'a Account, session: Session<Transaction>) -> Self {
        Shell { context, account, session: Some(session), marks: Marks::default() }
    }

    /// Tells a person what is there.
    pub(super) fn greet(&mut self) -> Result<()> {
        let Some(session) = &mut self.session else { return Ok(()) };
        let figures = match session.stat() {
            Ok(drop) => {
                let octets = drop.octets.map(|octets| format!(", {}", human::size(octets)));
                format!("{}{}; ", human::count(drop.messages, "message"), octets.unwrap_or_default())
            }
            Err(error) if ends(&error) => return Err(error.into()),
            Err(_) => String::new(),
        };
        self.output().note(&format!("{figures}type help for the verbs, quit or abort to end the session"));
        Ok(())
    }

    /// Executes a line. A refusal is shown, stored in `failed` if it is the first, and the session goes on; only what
    /// ends the session is an error. `ask` is asked before anything is deleted.
    pub(super) fn step(
        &mut self,
        line: &str,
        failed: &mut Option<Error>,
        ask: &mut Ask<'_>,
    ) -> Result<After> {
        let outcome = Verb::parse(line).map_err(Into::into).and_then(|verb| match verb {
            None => Ok(After::More),
            Some(Verb::Quit) => self.quit(ask),
            Some(Verb::Abort) => {
                self.abort("aborted");
                Ok(After::Done)
            }
            Some(verb) => self.carry_out(verb).map(|()| After::More),
        });
        let error = match outcome {
            Ok(after) => {
                self.output().flush()?;
                return Ok(after);
            }
            Err(error) => error.downcast::<Error>()?,
        };
        if ends(&error) || self.session.is_none() {
            return Err(error.into());
        }
        let error = anyhow::Error::from(error);
        self.output().error(&error);
        *failed = failed.take().or_else(|| error.downcast().ok());
        Ok(After::More)
    }

    /// The input has ended without `quit`.
    pub(super) fn end(&mut self) {
        if self.session.is_some() {
            self.abort("the input ended without quit");
        }
    }

    /// The session has broken.
    pub(super) fn broke(&self) {
        if self.session.is_some() && self.marks.may_exist() {
            self.output().warn("the session ended without quit: nothing was deleted");
        }
    }

    fn quit(&mut self, ask: &mut Ask<'_>) -> Result<After> {
        if !self.marks.are_known() {
            match self.leave() {
                Ok(()) => self.output().note("signed out; nothing was deleted"),
                Err(error) => self.output().warn(&format!(
                    "{error}: the connection was closed without QUIT, and nothing was deleted"
                )),
            }
            return Ok(After::Done);
        }
        let marked = self.marks.named();
        if !ask(&format!("delete {marked} from {} for good?", self.account.server))? {
            self.output().note("the session goes on: rset unmarks them, abort ends it and deletes nothing");
            return Ok(After::More);
        }
        let Some(session) = self.session.take() else { return Ok(After::Done) };
        session
            .quit()
            .map_err(|error| error.in_context("could not be sure that the messages are deleted"))?;
        self.output().note(&format!("signed out; deleted {marked}"));
        Ok(After::Done)
    }

    /// Ends the session without deleting anything, and says so, and why.
    fn abort(&mut self, why: &str) {
        // Where RSET is refused the connection is closed, which deletes nothing either.
        let _ = self.leave();
        if self.marks.are_known() {
            let stay = self.marks.stay();
            self.output().warn(&format!("{why}: nothing was deleted, {stay} on the server"));
        } else {
            self.output().detail(&format!("{why}; nothing was deleted"));
        }
    }

    /// Ends the session so that nothing is deleted: with QUIT only if nothing can be marked, or RSET was answered
    /// with `+OK`. After an error the connection is closed without it.
    fn leave(&mut self) -> Result<(), Error> {
        let Some(mut session) = self.session.take() else { return Ok(()) };
        if self.marks.may_exist() {
            session.rset()?;
        }
        session.leave();
        Ok(())
    }

    fn output(&self) -> &'a Output {
        self.context.output()
    }

    fn carry_out(&mut self, verb: Verb) -> Result<()> {
        let output = self.output();
        let Some(session) = &mut self.session else { return Ok(()) };
        match verb {
            Verb::Stat => {
                let listing = session.stat()?;
                output.line(format!("{} {}", listing.messages, octets(listing.octets)))?;
            }
            Verb::List(named) => self.list(
                &named,
                |session, number| Ok(octets(session.list_one(number)?).into_bytes()),
                |message| octets(message.octets).into_bytes(),
            )?,
            Verb::Uidl(named) => {
                self.list(&named, Session::uidl_one, |message| message.unique_id.unwrap_or(b"-").to_vec())?
            }
            Verb::Headers(named) => {
                self.show(&named, |session, number, take| session.top(number, 0, take))?
            }
            Verb::Top(named, lines) => {
                self.show(&[named], |session, number, take| session.top(number, lines, take))?;
            }
            Verb::Retr(named) => self.show(&named, |session, number, take| session.retrieve(number, take))?,
            Verb::Save(named, file) => self.save(named, &file)?,
            Verb::Dele(named) => self.dele(&named)?,
            Verb::Rset => {
                session.rset()?;
                output.note(&self.marks.taken_back());
                self.marks.clear();
            }
            Verb::Last => output.line(session.last()?.to_string())?,
            Verb::Noop => {
                session.noop()?;
                output.note("the server answers");
            }
            Verb::Capa => match session.capa()? {
                Some(capabilities) => capabilities.lines().iter().try_for_each(|line| output.line(line))?,
                None => output.note("the server has no CAPA"),
            },
            Verb::Raw(line) => self.raw(&line)?,
            Verb::Trace(is_on) => {
                let trace = is_on.then(|| self.context.traces().on_demand(self.account)).transpose()?;
                session.set_transcript(trace.map(|trace| Box::new(trace) as Box<dyn Transcript>));
                output.note(if is_on {
                    "the dialogue is shown from now on"
                } else {
                    "the dialogue is no longer shown"
                });
            }
            Verb::Help => {
                for (name, arguments, does) in TABLE {
                    output.line(format!("{name:<8}{arguments:<12}{does}"))?;
                }
                output.line(MESSAGES)?;
            }
            // Not reached: `step` has carried them out.
            Verb::Quit | Verb::Abort => {}
        }
        Ok(())
    }

    /// The numbers of the named messages. A single number is sent as it stands, so that it is the server that says
    /// whether there is such a message.
    fn numbers(&mut self, named: &[MessageArg]) -> Result<Vec<u32>> {
        if let [MessageArg::One(Position::Number(number))] = named {
            return Ok(vec![*number]);
        }
        let Some(session) = &mut self.session else { return Ok(Vec::new()) };
        let journal = self.context.journal_of(self.account)?;
        let maildrop = session.maildrop()?;
        let (_, numbers) = messages::choose(session, maildrop, named, &journal)?;
        if numbers.is_empty() {
            self.output().note("there is no such message");
        }
        Ok(numbers)
    }

    /// A line for each named message, or for all: its number, and what `one` asks the server about a single one or
    /// `of` takes from the listings.
    fn list(
        &mut self,
        named: &[MessageArg],
        one: impl Fn(&mut Session<Transaction>, u32) -> Result<Vec<u8>, Error>,
        of: impl Fn(&Message<'_>) -> Vec<u8>,
    ) -> Result<()> {
        let (output, Some(session)) = (self.context.output(), &mut self.session) else { return Ok(()) };
        let line = |number: u32, value: &[u8]| output.line([format!("{number} ").as_bytes(), value].concat());
        if let [MessageArg::One(Position::Number(number))] = named {
            return Ok(line(*number, &one(session, *number)?)?);
        }
        let journal = self.context.journal_of(self.account)?;
        let maildrop = session.maildrop()?;
        let named = if named.is_empty() { &[MessageArg::All] } else { named };
        let (survey, numbers) = messages::choose(session, maildrop, named, &journal)?;
        for message in numbers.iter().filter_map(|number| survey.maildrop().message(*number)) {
            line(message.number, &of(&message))?;
        }
        if numbers.is_empty() {
            output.note("there is no such message");
        }
        Ok(())
    }

    /// Shows what `stream` delivers of each message.
    fn show(
        &mut self,
        named: &[MessageArg],
        stream: impl Fn(&mut Session<Transaction>, u32, &mut dyn FnMut(&[u8])) -> Result<u64, Error>,
    ) -> Result<()> {
        let numbers = self.numbers(named)?;
        let (output, Some(session)) = (self.output(), &mut self.session) else { return Ok(()) };
        for number in numbers {
            written(output, |take| stream(session, number, take))?;
        }
        Ok(())
    }

    fn save(&mut self, named: MessageArg, file: &str) -> Result<()> {
        let numbers = self.numbers(&[named])?;
        let path = values::path(file, self.context.environment().home());
        let (output, Some(session)) = (self.output(), &mut self.session) else { return Ok(()) };
        if numbers.is_empty() {
            return Ok(());
        }
        let messages = human::count(numbers.len() as u64, "message");
        retr::save_to(self.context, self.account, session, &numbers, &path)?;
        output.note(&format!("{messages} saved to {}", path.display()));
        Ok(())
    }

    fn dele(&mut self, named: &[MessageArg]) -> Result<()> {
        let numbers = self.numbers(named)?;
        let (output, Some(session)) = (self.output(), &mut self.session) else { return Ok(()) };
        for number in &numbers {
            self.marks.may_come();
            session.dele(*number)?;
            self.marks.add(*number);
        }
        match numbers.as_slice() {
            [] => {}
            [number] => {
                output.note(&format!("message {number} is marked: quit deletes it, rset unmarks it"));
            }
            several => {
                let count = several.len();
                output.note(&format!(
                    "{count} messages are marked: quit deletes them, rset takes the marks back"
                ));
            }
        }
        Ok(())
    }

    fn raw(&mut self, line: &str) -> Result<()> {
        let (output, Some(session)) = (self.output(), &mut self.session) else { return Ok(()) };
        // An unknown verb may mark as well as DELE.
        self.marks.may_come();
        let reply = written(output, |take| session.raw(line, take))?;
        if !reply.is_ok() {
            // The answer was shown; this is for the exit code.
            let error = Error::new(reply.refusal(), "the server refused a line");
            return Err(error.because(Reported("it was shown".to_owned())).into());
        }
        self.marks.took(line);
        Ok(())
    }
}

/// Whether nothing can be done in the session any more.
fn ends(error: &Error) -> bool {
    error.ends_the_session() || error.kind() == Kind::Interrupted
}

/// Writes what `stream` delivers to stdout. If stdout fails, the rest still has to be read.
fn written<T>(output: &Output, stream: impl FnOnce(&mut dyn FnMut(&[u8])) -> Result<T, Error>) -> Result<T> {
    let mut shown = output.message();
    let mut written: io::Result<()> = Ok(());
    let outcome = stream(&mut |chunk| {
        if written.is_ok() {
            written = shown.write_all(chunk);
        }
    })?;
    written.and_then(|()| shown.finish())?;
    Ok(outcome)
}

fn octets(octets: Option<u64>) -> String {
    octets.map_or_else(|| "-".to_owned(), |octets| octets.to_string())
}
