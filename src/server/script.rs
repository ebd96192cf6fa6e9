//! A scripted peer: says and hears exactly what a test wrote down, and knows nothing of POP3.
//!
//! For what no behaviour can play. Where the client says something else than the script expects, that is
//! noted as a complaint and the line closes.

use std::io;

use super::fault::{self, End};
use super::shared::Shared;
use super::wire::Wire;

/// What happens on one connection, in order; at its end the server closes the line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    turns: Vec<Turn>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Turn {
    Say(Vec<u8>),
    Hear(Vec<u8>),
    End(End),
}

impl Script {
    /// One that closes the line at once.
    pub fn new() -> Script {
        Script::default()
    }

    /// The script of a transcript: `S: ` lines are said, with CRLF, and `C: ` lines are awaited. Blank
    /// lines and indentation do not count; nor does any other line, which may so be a comment.
    pub fn transcript(text: &str) -> Script {
        text.lines().map(str::trim_start).fold(Script::new(), |script, line| {
            match (line.strip_prefix("S:"), line.strip_prefix("C:")) {
                (Some(said), _) => script.say(format!("{}\r\n", said.strip_prefix(' ').unwrap_or(said))),
                (_, Some(heard)) => script.hear(heard.strip_prefix(' ').unwrap_or(heard)),
                _ => script,
            }
        })
    }

    /// Then says these bytes, which bring their own line ends.
    #[must_use]
    pub fn say(mut self, bytes: impl Into<Vec<u8>>) -> Script {
        self.turns.push(Turn::Say(bytes.into()));
        self
    }

    /// Then waits for a line that is this, or begins with it word for word (`""`: any line at all).
    #[must_use]
    pub fn hear(mut self, line: impl Into<Vec<u8>>) -> Script {
        self.turns.push(Turn::Hear(line.into()));
        self
    }

    /// Then falls silent until the client closes the line.
    #[must_use]
    pub fn stall(mut self) -> Script {
        self.turns.push(Turn::End(End::Stall));
        self
    }

    /// Plays it.
    pub(super) fn run(&self, wire: &mut Wire, shared: &Shared) -> io::Result<()> {
        for turn in &self.turns {
            match turn {
                Turn::Say(bytes) => wire.write(bytes)?,
                Turn::End(end) => return Err(wire.end(*end)),
                Turn::Hear(expected) => {
                    let line = wire.line()?.map(|line| line.bytes);
                    if let Some(line) = &line {
                        shared.note(line);
                    }
                    let fits =
                        line.as_ref().is_some_and(|line| expected.is_empty() || fault::says(line, expected));
                    if !fits {
                        let heard = line
                            .map_or("the end".to_owned(), |line| String::from_utf8_lossy(&line).into_owned());
                        let expected = String::from_utf8_lossy(expected);
                        shared.complain(format!("the script expects {expected}, the client said {heard}"));
                        return wire.write(format!("-ERR the script expects {expected}\r\n").as_bytes());
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_becomes_turns() {
        let script = Script::transcript(
            "
            S: +OK hello
            C: QUIT

            the end:
            S:
            ",
        );
        assert_eq!(script, Script::new().say("+OK hello\r\n").hear("QUIT").say("\r\n"));
    }
}
