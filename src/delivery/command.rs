//! Delivery through a program (an MDA such as procmail or maildrop): each message, whole, on the
//! standard input of `sh -c CMD`, with LF line ends. Its exit code decides. At least once: a crash
//! while the program runs has the message delivered again.

use super::line_ends::LineEnds;
use super::spool::{IN_MEMORY, Spool};
use super::{Batch, Delivery, Destination, Place, Receipt};
use crate::error::{Error, Kind, Result};
use std::fs::File;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

/// The program to hand messages to.
pub struct Command {
    line: Arc<str>,
}

impl std::fmt::Debug for Command {
    /// Its program alone: arguments may hold a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Command").field(&program(&self.line)).finish()
    }
}

impl Command {
    /// A destination that runs `line` in a shell for each message.
    pub fn new(line: impl Into<String>) -> Command {
        Command { line: line.into().into() }
    }
}

impl Destination for Command {
    type Delivery = CommandDelivery;
    type Batch = CommandBatch;

    /// What waits is in memory, or in a file that stays open.
    const ROUND_OCTETS: u64 = 8 << 20;

    const WRITES_AT_ONCE: bool = false;

    fn begin(&self) -> Result<CommandDelivery> {
        let spool = Spool::new(std::env::temp_dir());
        Ok(CommandDelivery { spool, line_ends: LineEnds::default(), bytes: 0 })
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }

    /// Nothing to do: what the program did not take is fetched again.
    fn make_durable(&self, _: &mut [CommandDelivery]) -> Result<()> {
        Ok(())
    }

    fn prepare(&self, batch: Vec<CommandDelivery>) -> Result<CommandBatch> {
        let places = vec![Place::Handed; batch.len()];
        Ok(CommandBatch { line: Arc::clone(&self.line), places, messages: batch })
    }
}

/// A message that is not whole yet.
#[derive(Debug)]
pub struct CommandDelivery {
    spool: Spool,
    line_ends: LineEnds,
    bytes: u64,
}

impl CommandDelivery {
    fn into_file(mut self) -> Result<File> {
        self.line_ends.finish(self.spool.text());
        self.spool.into_file()
    }
}

impl Delivery for CommandDelivery {
    fn write(&mut self, chunk: &[u8]) -> Result<()> {
        self.bytes += chunk.len() as u64;
        chunk.chunks(IN_MEMORY).try_for_each(|piece| {
            self.line_ends.push(piece, self.spool.text());
            self.spool.spill()
        })
    }

    fn finish(&mut self) -> Result<()> {
        self.line_ends.finish(self.spool.text());
        Ok(())
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// Whole messages that wait for their program.
pub struct CommandBatch {
    line: Arc<str>,
    messages: Vec<CommandDelivery>,
    places: Vec<Place>,
}

impl Batch for CommandBatch {
    fn places(&self) -> &[Place] {
        &self.places
    }

    /// One run a message, one after the other. Never an error: what one run says concerns one message.
    fn publish(self) -> Result<Vec<Receipt>> {
        let one = |message: CommandDelivery| match message.into_file() {
            Ok(file) => hand_over(&self.line, file),
            Err(error) => Receipt::Refused(error),
        };
        Ok(self.messages.into_iter().map(one).collect())
    }
}

fn hand_over(line: &str, message: File) -> Receipt {
    let ended = crate::program::shell(line)
        // A file, not a pipe: a program that reads nothing, or late, blocks nobody.
        .stdin(Stdio::from(message))
        // Standard output is for data; what a program says is talk.
        .stdout(Stdio::from(std::io::stderr()))
        // Ctrl-C at the terminal is ours to answer: what is in flight is finished.
        .process_group(0)
        .status();
    let context = || format!("could not deliver a message through `{}`", program(line));
    match ended {
        Ok(status) if status.success() => Receipt::Delivered,
        Ok(status) => {
            let error = Error::new(Kind::Io, context()).because(outcome(status));
            Receipt::Refused(match status.code() {
                Some(126 | 127) => error.hint("the shell could not run it: is it installed, and in PATH?"),
                _ => error,
            })
        }
        Err(source) => Receipt::Refused(Error::io(context(), source)),
    }
}

/// The first word that is no assignment to a variable, which may hold a secret too.
fn program(line: &str) -> &str {
    line.split_whitespace().find(|word| !word.contains('=')).unwrap_or_default()
}

fn outcome(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(75), _) => "it exited with 75 (try again later)".to_owned(),
        (Some(code), _) => format!("it exited with {code}"),
        (None, Some(signal)) => format!("it was killed by signal {signal}"),
        (None, None) => "it ended in an unknown way".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;
    use std::fs;

    fn run(line: &str, messages: &[&[u8]]) -> Vec<Receipt> {
        let command = Command::new(line);
        let deliveries = messages.iter().map(|message| {
            let mut delivery = command.begin().unwrap();
            message.chunks(1000).for_each(|chunk| delivery.write(chunk).unwrap());
            assert_eq!(delivery.bytes(), message.len() as u64);
            delivery
        });
        let batch = command.prepare(deliveries.collect()).unwrap();
        assert!(batch.places().iter().all(|place| *place == Place::Handed));
        assert_eq!(batch.places().len(), messages.len());
        batch.publish().unwrap()
    }

    fn cause(receipt: &Receipt) -> String {
        let Receipt::Refused(error) = receipt else { panic!("{receipt:?}") };
        assert_eq!(error.kind(), Kind::Io);
        error.source().unwrap().to_string()
    }

    #[test]
    fn the_program_reads_every_byte() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("out");
        let line = format!("cat >> '{}'", file.display());
        let long = vec![b'x'; 3_000_000];
        let receipts = run(&line, &[b"a\r\n\0\xff\rb\nc\r\n", b"", b"no end\r", &long]);
        assert!(receipts.iter().all(|receipt| matches!(receipt, Receipt::Delivered)), "{receipts:?}");
        assert!(fs::read(file).unwrap() == [b"a\n\0\xff\rb\nc\nno end\r", &long[..]].concat());
    }

    #[test]
    fn exit_codes_decide_one_by_one() {
        let receipts = run("read code; exit $code", &[b"0\r\n", b"75\r\n", b"0\r\n", b"1\r\n"]);
        assert!(matches!(receipts[0], Receipt::Delivered) && matches!(receipts[2], Receipt::Delivered));
        assert_eq!(cause(&receipts[1]), "it exited with 75 (try again later)");
        assert_eq!(cause(&receipts[3]), "it exited with 1");
    }

    #[test]
    fn a_killed_or_missing_program_refuses() {
        assert_eq!(cause(&run("kill -9 $$", &[b"x"])[0]), "it was killed by signal 9");
        let missing = run("exec /nowhere/at/all --password hunter2 2>/dev/null", &[b"x"]);
        assert_eq!(cause(&missing[0]), "it exited with 127");
        let Receipt::Refused(error) = &missing[0] else { panic!("refused") };
        assert!(error.own_hint().is_some());
        assert!(!format!("{error:?} {:?}", Command::new("PASS=hunter2 x hunter2")).contains("hunter2"));
    }

    #[test]
    fn a_program_that_reads_nothing_blocks_nobody() {
        let receipts = run("true", &[&vec![b'x'; 1_000_000]]);
        assert!(matches!(receipts.as_slice(), [Receipt::Delivered]));
    }
}
