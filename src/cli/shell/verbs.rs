//! What can be typed into the shell, and what each verb does.

use std::fs::OpenOptions;
use std::io::Write;

use anyhow::Result;
use pop3::error::{Error, Kind};
use pop3::session::{Session, Transaction};

use crate::cli::output::Output;

/// A verb with its arguments.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Capa,
    Stat,
    List(Option<u32>),
    Uidl(Option<u32>),
    Top(u32, u32),
    Retr(u32, Option<String>),
    Dele(u32),
    Rset,
    Noop,
    Last,
    Help,
    Quit,
}

impl Verb {
    /// Name, arguments, what it does.
    pub(super) const TABLE: [(&'static str, &'static str, &'static str); 12] = [
        ("stat", "", "how many messages, and their octets"),
        ("list", "[N]", "number and octets of all messages, or of one"),
        ("uidl", "[N]", "number and unique-id of all messages, or of one"),
        ("top", "N [LINES]", "the header and the first LINES lines of a message"),
        ("retr", "N [FILE]", "a message, shown or written into a new file"),
        ("dele", "N", "mark a message; quit deletes it"),
        ("rset", "", "take all marks back"),
        ("last", "", "the highest message-number accessed"),
        ("noop", "", "nothing, but the line stays alive"),
        ("capa", "", "what the server announces"),
        ("help", "", "this list"),
        ("quit", "", "delete what is marked and end the session"),
    ];

    /// Parses a line; `None` for an empty one or a comment.
    fn parse(line: &str) -> Result<Option<Verb>, Error> {
        let mut words = line.split_whitespace();
        let Some(name) = words.next().filter(|word| !word.starts_with('#')) else { return Ok(None) };
        let name = name.to_ascii_lowercase();
        let arguments: Vec<&str> = words.collect();
        let usage = || usage(&name);
        let number =
            |at: usize| arguments.get(at).and_then(|word| word.parse::<u32>().ok()).ok_or_else(usage);
        let maybe = || if arguments.is_empty() { Ok(None) } else { number(0).map(Some) };
        let at_most = match name.as_str() {
            "top" | "retr" => 2,
            "list" | "uidl" | "dele" => 1,
            _ => 0,
        };
        if arguments.len() > at_most && Verb::TABLE.iter().any(|(known, ..)| *known == name) {
            return Err(usage());
        }
        Ok(Some(match name.as_str() {
            "capa" => Verb::Capa,
            "stat" => Verb::Stat,
            "list" => Verb::List(maybe()?),
            "uidl" => Verb::Uidl(maybe()?),
            "top" => Verb::Top(number(0)?, if arguments.len() > 1 { number(1)? } else { 0 }),
            "retr" => Verb::Retr(number(0)?, arguments.get(1).map(|word| (*word).to_owned())),
            "dele" => Verb::Dele(number(0)?),
            "rset" => Verb::Rset,
            "noop" => Verb::Noop,
            "last" => Verb::Last,
            "help" | "?" => Verb::Help,
            "quit" | "exit" => Verb::Quit,
            _ => {
                let hint = "type help for the verbs";
                return Err(Error::new(Kind::Usage, format!("there is no verb {name}")).hint(hint));
            }
        }))
    }
}

fn usage(name: &str) -> Error {
    let arguments = Verb::TABLE.iter().find(|(known, ..)| *known == name).map_or("", |(_, words, _)| *words);
    Error::new(Kind::Usage, format!("usage: {name} {arguments}").trim_end().to_owned())
}

/// Whether there is more to come.
pub(super) enum After {
    More,
    Done,
}

/// An open session and the deletions marked in it.
pub(super) struct Shell<'a> {
    session: Option<Session<Transaction>>,
    output: &'a Output,
    marked: u32,
}

impl<'a> Shell<'a> {
    pub(super) fn new(session: Session<Transaction>, output: &'a Output) -> Self {
        Shell { session: Some(session), output, marked: 0 }
    }

    /// Executes a line. A refusal is shown, stored in `failed` if it is the first, and the session
    /// goes on; only what ends the session is an error.
    pub(super) fn step(&mut self, line: &str, failed: &mut Option<Error>) -> Result<After> {
        let outcome = Verb::parse(line).map_err(Into::into).and_then(|verb| match verb {
            None => Ok(After::More),
            Some(Verb::Quit) => self.quit().map(|()| After::Done),
            Some(verb) => self.carry_out(verb).map(|()| After::More),
        });
        match outcome {
            Err(error) => match error.downcast::<Error>() {
                Ok(error) if !error.ends_the_session() && self.session.is_some() => {
                    let error = anyhow::Error::from(error);
                    self.output.error(&error);
                    *failed = failed.take().or_else(|| error.downcast().ok());
                    Ok(After::More)
                }
                Ok(error) => Err(error.into()),
                Err(other) => Err(other),
            },
            done => done,
        }
    }

    /// The input ended without `quit`: marked messages are not deleted.
    pub(super) fn end(&mut self) -> Result<()> {
        if let Some(session) = self.session.as_mut().filter(|_| self.marked > 0) {
            session.rset()?;
            self.output.warn(&format!("no quit: the marks of {} messages are taken back", self.marked));
        }
        self.quit()
    }

    fn quit(&mut self) -> Result<()> {
        match self.session.take() {
            Some(session) => Ok(session.quit()?),
            None => Ok(()),
        }
    }

    fn carry_out(&mut self, verb: Verb) -> Result<()> {
        let output = self.output;
        let Some(session) = &mut self.session else { return Ok(()) };
        match verb {
            Verb::Capa => match session.capa()? {
                Some(capabilities) => capabilities.lines().iter().try_for_each(|line| output.line(line))?,
                None => output.note("the server has no CAPA"),
            },
            Verb::Stat => {
                let listing = session.stat()?;
                output.line(format!("{} {}", listing.messages, octets(listing.octets)))?;
            }
            Verb::List(Some(number)) => {
                let size = session.list_one(number)?;
                output.line(format!("{number} {}", octets(size)))?;
            }
            Verb::List(None) => {
                for message in session.maildrop()?.messages() {
                    output.line(format!("{} {}", message.number, octets(message.octets)))?;
                }
            }
            Verb::Uidl(Some(number)) => {
                let unique_id = session.uidl_one(number)?;
                output.line([format!("{number} ").as_bytes(), &unique_id].concat())?;
            }
            Verb::Uidl(None) => {
                for message in session.maildrop()?.messages() {
                    let unique_id = message.unique_id.unwrap_or(b"-");
                    output.line([format!("{} ", message.number).as_bytes(), unique_id].concat())?;
                }
            }
            Verb::Top(number, lines) => show(output, |take| session.top(number, lines, take))?,
            Verb::Retr(number, None) => show(output, |take| session.retrieve(number, take))?,
            Verb::Retr(number, Some(path)) => retrieve_into(session, number, &path)?,
            Verb::Dele(number) => {
                session.dele(number)?;
                self.marked += 1;
                output.note(&format!("message {number} is marked; quit deletes it, rset takes it back"));
            }
            Verb::Rset => {
                session.rset()?;
                self.marked = 0;
            }
            Verb::Noop => session.noop()?,
            Verb::Last => {
                let last = session.last()?;
                output.line(last.to_string())?;
            }
            Verb::Help => {
                for (name, arguments, does) in Verb::TABLE {
                    output.line(format!("{name:<5}{arguments:<11}{does}"))?;
                }
            }
            Verb::Quit => self.quit()?,
        }
        Ok(output.flush()?)
    }
}

/// Shows what `stream` delivers. If stdout fails, the rest still has to be read.
fn show(output: &Output, stream: impl FnOnce(&mut dyn FnMut(&[u8])) -> Result<u64, Error>) -> Result<()> {
    let mut shown = output.message();
    let mut written = Ok(());
    stream(&mut |chunk| {
        if written.is_ok() {
            written = shown.write_all(chunk);
        }
    })?;
    written.and_then(|()| shown.finish())?;
    Ok(())
}

fn retrieve_into(session: &mut Session<Transaction>, number: u32, path: &str) -> Result<()> {
    let create = |error| Error::new(Kind::Create, format!("could not create {path}")).because(error);
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(create)?;
    let mut written = Ok(());
    let retrieved = session.retrieve(number, |chunk| {
        if written.is_ok() {
            written = file.write_all(chunk);
        }
    });
    let outcome = retrieved.and_then(|_| {
        written
            .and_then(|()| file.sync_all())
            .map_err(|error| Error::io(format!("could not write {path}"), error))
    });
    if outcome.is_err() {
        // Half a message must not look complete. A failure to end its line adds nothing to the error above.
        let _ = std::fs::remove_file(path);
    }
    Ok(outcome?)
}

fn octets(octets: Option<u64>) -> String {
    octets.map_or_else(|| "-".to_owned(), |octets| octets.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn understands_every_verb_in_any_letter_case() {
        let table = [
            ("CAPA", Verb::Capa),
            (" list ", Verb::List(None)),
            ("List 3", Verb::List(Some(3))),
            ("uidl 3", Verb::Uidl(Some(3))),
            ("top 3", Verb::Top(3, 0)),
            ("top 3 10", Verb::Top(3, 10)),
            ("retr 3", Verb::Retr(3, None)),
            ("retr 3 a.eml", Verb::Retr(3, Some("a.eml".into()))),
            ("dele 3", Verb::Dele(3)),
            ("exit", Verb::Quit),
        ];
        for (line, verb) in table {
            assert_eq!(Verb::parse(line).expect(line), Some(verb));
        }
        for line in ["", "   ", "# a comment"] {
            assert_eq!(Verb::parse(line).expect(line), None);
        }
        for (name, ..) in Verb::TABLE {
            let with_number = format!("{name} 1");
            assert!(Verb::parse(name).is_ok() || Verb::parse(&with_number).is_ok(), "{name}");
        }
    }

    #[test]
    fn tells_what_is_wrong_with_a_line() {
        for line in [
            "retr",
            "retr x",
            "dele -1",
            "dele 1 2",
            "stat 1",
            "top 1 x",
            "list 1 2",
            "hello",
            "retr 99999999999",
        ] {
            assert_eq!(Verb::parse(line).expect_err(line).kind(), Kind::Usage);
        }
        assert_eq!(Verb::parse("dele").expect_err("no number").to_string(), "usage: dele N");
    }
}
