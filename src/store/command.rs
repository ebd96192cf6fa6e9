//! Delivery through a program (an MDA such as procmail or maildrop): each message, whole, on the
//! standard input of `sh -c CMD`, with LF line ends. Its exit code decides. At least once: a crash
//! while the program runs has the message delivered again, but only that one, because each receipt is given
//! before the next message is handed over.

use std::fmt;
use std::fs::File;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use super::line_ends::LineEnds;
use super::spec::program;
use super::spool::{IN_MEMORY, Spool};
use super::{Batch, Limits, Place, Receipt, Refusal, Store, nothing_begun};
use crate::advice::Run;
use crate::error::{Error, Kind, Result};
use crate::sys::Stop;
use crate::sys::durable;
use crate::sys::process::{self, Ended};

/// `EX_TEMPFAIL` of sysexits(3): the program asks to try again later.
const TRY_LATER: i32 = 75;

/// The program to hand messages to. Clones share the line.
#[derive(Clone)]
pub(super) struct Command {
    line: Arc<str>,
    stop: Stop,
    limit: Duration,
}

impl fmt::Debug for Command {
    /// Its program alone: arguments may hold a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Command").field(&program(&self.line)).finish()
    }
}

impl Command {
    /// A store that runs `line` in a shell for each message, which may take `limit`.
    pub(super) fn new(line: &str, stop: Stop, limit: Duration) -> Command {
        Command { line: line.into(), stop, limit }
    }

    /// Runs the program for one message.
    ///
    /// # Errors
    /// It could not be started: no other message would fare better.
    fn take(&self, message: File) -> Result<Receipt> {
        let context = || format!("could not deliver a message through `{}`", program(&self.line));
        let started = process::shell(&self.line)
            // A file, not a pipe: a program that reads nothing, or late, blocks nobody.
            .stdin(Stdio::from(message))
            // Standard output is for data, and this is none.
            .stdout(Stdio::from(std::io::stderr()))
            // Ctrl-C at the terminal is ours to answer: the message in hand is finished.
            .process_group(0)
            .spawn()
            .and_then(|child| process::wait(child, self.limit, &self.stop));
        let refused = |kind, cause: String, is_later, advice: Option<Run>| {
            let error = Error::new(kind, context()).because(cause);
            Receipt::Refused(Refusal { error: advice.into_iter().fold(error, Error::advise), is_later })
        };
        Ok(match started {
            Ok(Ended::ByItself(status)) if status.success() => Receipt::Delivered,
            Ok(Ended::ByItself(status)) if matches!(status.code(), Some(126 | 127)) => {
                let is_missing = status.code() == Some(127);
                let advice = if is_missing { Run::CommandNotFound } else { Run::CommandNotExecutable };
                return Err(Error::new(Kind::Create, context()).because(outcome(status)).advise(advice));
            }
            Ok(Ended::ByItself(status)) => {
                let is_later = status.code() == Some(TRY_LATER);
                refused(Kind::Io, outcome(status), is_later, is_later.then_some(Run::DeliveryDeferred))
            }
            Ok(Ended::TooLong) => {
                let seconds = self.limit.as_secs();
                let cause = format!("it ran for more than {seconds} s and was killed");
                refused(Kind::Io, cause, true, Some(Run::DeliveryTimeout))
            }
            Ok(Ended::Stopped) => {
                refused(Kind::Interrupted, "it was killed to stop at once".to_owned(), true, None)
            }
            Err(source) => return Err(Error::new(Kind::Create, context()).because(source)),
        })
    }
}

fn outcome(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(TRY_LATER), _) => "it exited with 75 (try again later)".to_owned(),
        (Some(code), _) => format!("it exited with {code}"),
        (None, Some(signal)) => format!("it was killed by signal {signal}"),
        (None, None) => "it ended in an unknown way".to_owned(),
    }
}

impl Store for Command {
    /// What waits is in memory, or in a file that stays open. Few messages: while they are handed over one by
    /// one the server waits, and closes the connection after some minutes.
    fn limits(&self) -> Limits {
        Limits { octets: 8 << 20, messages: 100, early_flush: false }
    }

    fn batch(&self) -> Box<dyn Batch> {
        let (messages, prepared) = (Vec::new(), Vec::new());
        Box::new(CommandBatch { command: self.clone(), current: None, messages, prepared })
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }

    /// Messages are gathered in the temporary folder.
    fn room(&self) -> Option<u64> {
        durable::room(&std::env::temp_dir())
    }
}

/// Messages that wait for their program.
#[derive(Debug)]
struct CommandBatch {
    command: Command,
    /// The message that was begun.
    current: Option<Writing>,
    /// Those that are whole; `None` where one was discarded.
    messages: Vec<Option<Spool>>,
    /// What is to be handed over.
    prepared: Vec<Spool>,
}

/// The message that is being written.
#[derive(Debug)]
struct Writing {
    spool: Spool,
    line_ends: LineEnds,
}

impl Batch for CommandBatch {
    fn begin(&mut self) -> Result<()> {
        let spool = Spool::new(std::env::temp_dir());
        self.current = Some(Writing { spool, line_ends: LineEnds::default() });
        Ok(())
    }

    fn write(&mut self, chunk: &[u8]) -> Result<()> {
        let Writing { spool, line_ends } = self.current.as_mut().ok_or_else(nothing_begun)?;
        let written = chunk.chunks(IN_MEMORY).try_for_each(|piece| {
            line_ends.push(piece, spool.text());
            spool.spill()
        });
        written.inspect_err(|_| self.abandon())
    }

    fn finish(&mut self) -> Result<()> {
        let Writing { mut spool, mut line_ends } = self.current.take().ok_or_else(nothing_begun)?;
        line_ends.finish(spool.text());
        self.messages.push(Some(spool));
        Ok(())
    }

    fn abandon(&mut self) {
        self.current = None;
    }

    fn discard(&mut self, index: usize) {
        if let Some(message) = self.messages.get_mut(index) {
            *message = None;
        }
    }

    fn len(&self) -> usize {
        self.messages.len()
    }

    /// Nothing to do: what the program did not take is fetched again.
    fn make_durable(&mut self) -> Result<()> {
        Ok(())
    }

    fn prepare(&mut self) -> Result<Vec<Place>> {
        self.abandon();
        self.prepared = self.messages.iter_mut().filter_map(Option::take).collect();
        Ok(vec![Place::Handed; self.prepared.len()])
    }

    /// One run of the program for each message, one after the other, each with its receipt before the next.
    /// Once a stop was requested no further message is handed over. Where the program cannot be started, the
    /// next message is tried too before all others are given up: a script may fail so for one message alone,
    /// which must not hold up the others.
    fn publish(self: Box<Self>, each: &mut dyn FnMut(usize, Receipt) -> Result<()>) -> Result<()> {
        let CommandBatch { command, prepared, .. } = *self;
        let mut ended = None;
        let mut has_run = false;
        // The message before, when its program could not be started, and nobody knows yet whose fault that is.
        let mut held: Option<(usize, Error)> = None;
        for (position, spool) in prepared.into_iter().enumerate() {
            if ended.is_none() && command.stop.is_requested() {
                let says = format!("no further message was given to `{}`", program(&command.line));
                ended = Some(Error::new(Kind::Interrupted, says));
            }
            if ended.is_some() {
                held.take().map_or(Ok(()), |(at, _)| each(at, Receipt::NotTried))?;
                each(position, Receipt::NotTried)?;
                continue;
            }
            let taken = match spool.into_file() {
                Ok(file) => command.take(file),
                Err(error) => Ok(try_later(error)),
            };
            match (taken, held.take()) {
                (Ok(receipt), before) => {
                    has_run = true;
                    let told = before.map_or(Ok(()), |(at, error)| each(at, try_later(error)));
                    // Where that was one refusal too many, this one has been handed over all the same: without
                    // a receipt it would be once more.
                    each(position, receipt).and(told)?;
                }
                (Err(error), None) => held = Some((position, error)),
                (Err(error), Some((before, _))) => {
                    ended = Some(error);
                    each(before, Receipt::NotTried)?;
                    each(position, Receipt::NotTried)?;
                }
            }
        }
        match held {
            Some((at, error)) if has_run => each(at, try_later(error))?,
            Some((at, error)) => {
                each(at, Receipt::NotTried)?;
                ended = Some(error);
            }
            None => {}
        }
        ended.map_or(Ok(()), Err)
    }
}

fn try_later(error: Error) -> Receipt {
    Receipt::Refused(Refusal { error, is_later: true })
}

#[cfg(test)]
mod tests;
