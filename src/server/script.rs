//! A scripted peer: sends and expects exactly what a test specifies, and knows nothing about POP3.
//!
//! For what no [`Behaviour`](super::Behaviour) can do. If the client sends something unexpected, this is
//! recorded as a complaint and the connection is closed.

use std::io;

use super::fault::{self, End};
use super::shared::Shared;
use super::wire::Wire;

/// What happens on one connection, in order; at the end the server closes the connection.
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
    /// A script that closes the connection at once.
    pub fn new() -> Script {
        Script::default()
    }

    /// Parses a transcript: lines with `S: ` are sent, with CRLF, and lines with `C: ` are expected. Blank
    /// lines and indentation are ignored, and so are all other lines, which can serve as comments.
    pub fn transcript(text: &str) -> Script {
        text.lines().map(str::trim_start).fold(Script::new(), |script, line| {
            match (line.strip_prefix("S:"), line.strip_prefix("C:")) {
                (Some(said), _) => script.say(format!("{}\r\n", said.strip_prefix(' ').unwrap_or(said))),
                (_, Some(heard)) => script.hear(heard.strip_prefix(' ').unwrap_or(heard)),
                _ => script,
            }
        })
    }

    /// Then sends these bytes, including their line ends.
    #[must_use]
    pub fn say(mut self, bytes: impl Into<Vec<u8>>) -> Script {
        self.turns.push(Turn::Say(bytes.into()));
        self
    }

    /// Then waits for this line, or for one that begins with its words (`""`: any line).
    #[must_use]
    pub fn hear(mut self, line: impl Into<Vec<u8>>) -> Script {
        self.turns.push(Turn::Hear(line.into()));
        self
    }

    /// Then stays silent until the client closes the connection.
    #[must_use]
    pub fn stall(mut self) -> Script {
        self.turns.push(Turn::End(End::Stall));
        self
    }

    /// Runs it.
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
                    let fits = line
                        .as_ref()
                        .is_some_and(|line| expected.is_empty() || fault::matches_command(line, expected));
                    if !fits {
                        let heard = line
                            .map_or("the end".to_owned(), |line| String::from_utf8_lossy(&line).into_owned());
                        let expected = String::from_utf8_lossy(expected);
                        shared.complain(format!("the script expects {expected}, the client sent {heard}"));
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
