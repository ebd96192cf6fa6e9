//! A line that an engineer writes by hand, sent as it stands, and its answer: for `pop3 shell`.

use super::{Session, Transaction, dialogue};
use crate::connection::MAX_LINE;
use crate::error::{Error, Kind, Phase, Result};
use crate::protocol::{Command, Reply};

/// What follows the status line of a `+OK`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    Nothing,
    /// Short lines, up to a dot.
    Lines,
    /// A message, up to a dot.
    Message,
    /// Lines up to a dot if anything has arrived behind the status line: the verb is unknown here.
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
    /// # Errors
    /// [`Kind::Usage`] for a line that is too long, or has a line end or a NUL in it; else as [`Session::retrieve`].
    pub fn raw(&mut self, line: &str, mut take: impl FnMut(&[u8])) -> Result<Reply> {
        if line.len() + 2 > MAX_LINE {
            return Err(Error::new(Kind::Usage, format!("the line has {} octets: too many", line.len())));
        }
        self.send(&Command::Raw(line))?;
        let (reply, shown) = {
            let status = self.connection.line(Phase::Reply)?;
            let shown = status.without_secrets().into_owned();
            (Reply::parse(&dialogue::understood(&status))?, shown)
        };
        take(&shown);
        take(b"\r\n");
        let rest = match Rest::of(line) {
            _ if !reply.is_ok() => Rest::Nothing,
            Rest::Perhaps if self.connection.has_unread() => Rest::Lines,
            rest => rest,
        };
        match rest {
            Rest::Nothing | Rest::Perhaps => return Ok(reply),
            Rest::Lines => self.connection.listing(|line| {
                take(line);
                take(b"\r\n");
                Ok(())
            })?,
            Rest::Message => {
                self.stream(0, None, &mut take)?;
            }
        }
        take(b".\r\n");
        Ok(reply)
    }
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
            "C: XTND  Folders\nS: +OK two\nS: inbox\nS: ..dot\nS: .\nC: list 1\nS: +OK 1 9\nC: xyzzy\nS: -ERR no\n\
             C: NOOP\nS: +OK",
        );
        let mut raw = |line: &str| {
            let mut answer = Vec::new();
            let reply = session.raw(line, |part| answer.extend_from_slice(part)).expect("in step");
            (reply.is_ok(), String::from_utf8(answer).expect("text"))
        };
        assert_eq!(raw("XTND  Folders"), (true, "+OK two\r\ninbox\r\n.dot\r\n.\r\n".to_owned()));
        assert_eq!(raw("list 1"), (true, "+OK 1 9\r\n".to_owned()));
        assert_eq!(raw("xyzzy"), (false, "-ERR no\r\n".to_owned()));
        for bad in ["DELE 1\r\nDELE 2".to_owned(), "x".repeat(MAX_LINE)] {
            assert_eq!(session.raw(&bad, |_| ()).expect_err("not sent").kind(), Kind::Usage);
        }
        session.noop().expect("in step");
        drop(session);
        peer.join().expect("as the script says");
    }
}
