//! A line that an engineer writes by hand, sent as it stands, and its answer: for `pop3 shell`.

use super::step::out_of_step;
use super::{Session, Transaction, dialogue};
use crate::connection::MAX_LINE;
use crate::error::{Error, Kind, Phase, Result};
use crate::protocol::listing::{self, DropListing};
use crate::protocol::{Command, Reply};

/// The most octets of the answer to an unknown verb.
const MOST_OCTETS: usize = 16 << 20;

/// What follows the status line of a `+OK`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    Nothing,
    /// Short lines, up to a dot.
    Lines,
    /// A message, up to a dot.
    Message,
    /// Lines up to a dot, or nothing: the verb is unknown here.
    Perhaps,
}

impl Rest {
    fn of(line: &str) -> Rest {
        let mut words = line.split_ascii_whitespace();
        let verb = words.next().unwrap_or_default().to_ascii_uppercase();
        let has_argument = words.next().is_some();
        match verb.as_str() {
            "CAPA" => Rest::Lines,
            "LIST" | "UIDL" | "LANG" if !has_argument => Rest::Lines,
            "RETR" | "TOP" => Rest::Message,
            "LIST" | "UIDL" | "LANG" | "STAT" | "DELE" | "NOOP" | "RSET" | "LAST" | "UTF8" | "QUIT" => {
                Rest::Nothing
            }
            _ => Rest::Perhaps,
        }
    }
}

impl Session<Transaction> {
    /// Sends `line` as a command and passes the whole answer to `take` as the server sent it, without byte-stuffing.
    /// An `-ERR` is no error here. The caller keeps verbs away that end the session or begin another state.
    ///
    /// Whether the answer to an unknown verb has several lines is not known, and they may come late: STAT is asked
    /// before the line and behind a `+OK` to it, and all that comes before the same figures belongs to the answer.
    ///
    /// # Errors
    /// [`Kind::Usage`] for a line that is too long, or has a line end or a NUL in it; else as [`Session::retrieve`].
    /// Where STAT is refused before an unknown verb, the line is not sent. [`Kind::Protocol`] where the end of its
    /// answer cannot be found: the session must be closed without QUIT.
    pub fn raw(&mut self, line: &str, mut take: impl FnMut(&[u8])) -> Result<Reply> {
        if line.len() + 2 > MAX_LINE {
            return Err(Error::new(Kind::Usage, format!("the line has {} octets: too many", line.len())));
        }
        let rest = Rest::of(line);
        let figures = match rest {
            Rest::Perhaps => {
                // Refused for what is in it, before anything is sent.
                Command::Raw(line).wire()?;
                Some(self.stat().map_err(|error| error.in_context("the line was not sent"))?)
            }
            _ => None,
        };
        self.send(&Command::Raw(line))?;
        let (reply, shown) = {
            let status = self.connection.line(Phase::Reply)?;
            let shown = status.without_secrets().into_owned();
            (Reply::parse(&dialogue::understood(&status))?, shown)
        };
        take(&shown);
        take(b"\r\n");
        if !reply.is_ok() {
            return Ok(reply);
        }
        match (rest, figures) {
            (Rest::Message, _) => {
                self.stream(0, None, &mut take)?;
                take(b".\r\n");
            }
            (Rest::Lines, _) => self.lines(usize::MAX, &mut take)?,
            (_, Some(figures)) => self.lines_before(figures, &mut take).map_err(|error| {
                error.in_context("could not find the end of the answer, so the session ends without QUIT")
            })?,
            (_, None) => {}
        }
        Ok(reply)
    }

    /// Passes on the lines up to a dot, and the dot.
    fn lines(&mut self, most: usize, mut take: impl FnMut(&[u8])) -> Result<()> {
        let mut octets = 0;
        self.connection.listing(|line| {
            octets += line.len() + 2;
            if octets > most {
                return Err(Error::new(Kind::Protocol, format!("it has more than {most} octets")));
            }
            take(line);
            take(b"\r\n");
            Ok(())
        })?;
        take(b".\r\n");
        Ok(())
    }

    /// Asks STAT, and passes on the lines that come before its answer, if any do.
    fn lines_before(&mut self, figures: DropListing, take: impl FnMut(&[u8])) -> Result<()> {
        self.send(&Command::Stat)?;
        match figures_in(self.connection.peek(Phase::Reply)?) {
            Some(found) if found == figures => {}
            // No line of a listing looks like this: the line has changed the maildrop.
            Some(_) => return Err(out_of_step()),
            None => self.lines(MOST_OCTETS, take)?,
        }
        let found = figures_in(self.connection.line(Phase::Reply)?.octets());
        if found != Some(figures) || self.connection.has_unread() {
            return Err(out_of_step());
        }
        Ok(())
    }
}

/// The figures, if the line is an answer to STAT.
fn figures_in(line: &[u8]) -> Option<DropListing> {
    line.strip_prefix(b"+OK ").and_then(|text| listing::drop_listing(text).ok())
}

#[cfg(test)]
mod tests {
    use super::super::transcripts::signed_in;
    use super::*;

    #[test]
    fn which_answers_have_several_lines_depends_on_the_verb_and_its_argument() {
        for (line, rest) in [
            ("CAPA", Rest::Lines),
            ("list", Rest::Lines),
            ("LIST 3", Rest::Nothing),
            ("  uidl  ", Rest::Lines),
            ("retr 1", Rest::Message),
            ("Top 1 0", Rest::Message),
            ("NOOP", Rest::Nothing),
            ("XTND XMIT", Rest::Perhaps),
            ("", Rest::Perhaps),
        ] {
            assert_eq!(Rest::of(line), rest, "{line:?}");
        }
    }

    #[test]
    fn a_raw_line_leaves_as_it_stands_and_its_whole_answer_is_read_also_of_an_unknown_verb() {
        let (mut session, peer) = signed_in(
            "C: STAT\nS: +OK 2 9\nC: XTND  Folders\nS: +OK two\nC: STAT\nS: inbox\nS: ..dot\nS: .\nS: +OK 2 9\n\
             C: list 1\nS: +OK 1 9\nC: STAT\nS: +OK 2 9\nC: xone\nS: +OK\nC: STAT\nS: +OK 2 9\n\
             C: STAT\nS: +OK 2 9\nC: xyzzy\nS: -ERR no\nC: NOOP\nS: +OK",
        );
        let mut raw = |line: &str| {
            let mut answer = Vec::new();
            let reply = session.raw(line, |part| answer.extend_from_slice(part)).expect("in step");
            (reply.is_ok(), String::from_utf8(answer).expect("text"))
        };
        assert_eq!(raw("XTND  Folders"), (true, "+OK two\r\ninbox\r\n.dot\r\n.\r\n".to_owned()));
        assert_eq!(raw("list 1"), (true, "+OK 1 9\r\n".to_owned()));
        assert_eq!(raw("xone"), (true, "+OK\r\n".to_owned()));
        assert_eq!(raw("xyzzy"), (false, "-ERR no\r\n".to_owned()));
        for bad in ["DELE 1\r\nDELE 2".to_owned(), "x".repeat(MAX_LINE)] {
            assert_eq!(session.raw(&bad, |_| ()).expect_err("not sent").kind(), Kind::Usage);
        }
        session.noop().expect("in step");
        drop(session);
        peer.join().expect("as the script says");
    }
}
