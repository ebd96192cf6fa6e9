//! Shows data page by page: while an [`Output`] is paged, its stdout goes through the program in `$PAGER`.
//!
//! A thread of its own writes to the pager, which reads no more than it shows: whoever prints need not wait for the
//! reader, and a session with a server can go on. What waits in between is a line of the screen's width a message.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use super::{Output, lock};

/// Characters for which the shell has to read `$PAGER`.
const FOR_THE_SHELL: &[char] =
    &['"', '\'', '\\', '$', '`', ';', '&', '|', '<', '>', '(', ')', '*', '?', '[', '~', '=', '#', '\n'];

impl Output {
    /// Sends stdout through a pager, if a person reads it: stdin and stdout are terminals, and `lines` do not fit
    /// on the screen. `is_sure`: so many will come; else the pager starts once the screen is full. `None`: nothing
    /// has changed, and no pager is wanted or needed.
    pub(crate) fn page(&self, lines: usize, is_sure: bool) -> Option<Paging<'_>> {
        let is_for_a_person = self.ends.out_is_terminal && io::stdin().is_terminal();
        // What is told on stderr meanwhile would be shown on top of the page.
        let is_undisturbed = !self.settings.json && !self.settings.verbose;
        if !is_for_a_person || !is_undisturbed {
            return None;
        }
        let height = rustix::termios::tcgetwinsize(io::stdout()).map_or(0, |size| usize::from(size.ws_row));
        if height == 0 || lines < height {
            return None;
        }
        let command = pager(std::env::var("PAGER").ok().as_deref())?;
        let held = if is_sure { 0 } else { height - 1 };
        let screen = Arc::new(Mutex::new(Screen::Held { bytes: Vec::new(), lines: held, command }));
        *lock(&self.out) = Box::new(Paged(Arc::clone(&screen)));
        Some(Paging { output: self, screen })
    }
}

/// The command that `$PAGER` names; `None`: it says that there is to be none.
fn pager(named: Option<&str>) -> Option<Command> {
    let named = named.map_or("less", str::trim);
    if named.is_empty() || named == "cat" {
        return None;
    }
    let mut command = match named.contains(FOR_THE_SHELL) {
        true => {
            let mut shell = Command::new("sh");
            shell.args(["-c", named]);
            shell
        }
        // Run by itself, so that it is noticed if it is not there.
        false => {
            let mut words = named.split_whitespace();
            let mut command = Command::new(words.next()?);
            command.args(words);
            command
        }
    };
    if std::env::var_os("LESS").is_none() {
        // Ends if all fits on the screen, shows colours, leaves the text on the screen: as git has it.
        command.env("LESS", "FRX");
    }
    command.stdin(Stdio::piped());
    Some(command)
}

/// As long as it lives, stdout is paged.
pub(crate) struct Paging<'o> {
    output: &'o Output,
    screen: Arc<Mutex<Screen>>,
}

impl Paging<'_> {
    /// Waits until the reader has quit the pager. From then on stdout is what it was. Fails when stdout does.
    pub(crate) fn finish(self) -> io::Result<()> {
        self.end()
    }

    fn end(&self) -> io::Result<()> {
        *lock(&self.output.out) = Box::new(BufWriter::new(io::stdout()));
        let screen = std::mem::replace(&mut *lock(&self.screen), Screen::Plain);
        match screen {
            Screen::Held { bytes, .. } => self.output.put(&[&bytes]).and_then(|()| self.output.flush()),
            Screen::Pager(pager) => {
                pager.wait();
                Ok(())
            }
            Screen::Plain => Ok(()),
        }
    }
}

impl Drop for Paging<'_> {
    /// An error is on its way up: it is told once the pager is gone, and nothing is to be added to it.
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// Where a paged stdout goes.
enum Screen {
    /// Nowhere yet: with more than so many lines the pager is started.
    Held {
        bytes: Vec<u8>,
        lines: usize,
        command: Command,
    },
    Pager(Pager),
    /// There is no pager.
    Plain,
}

impl Screen {
    fn write(&mut self, chunk: &[u8]) -> io::Result<()> {
        match self {
            Screen::Pager(pager) => pager.send(chunk.to_vec()),
            Screen::Plain => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(chunk).and_then(|()| stdout.flush())
            }
            Screen::Held { bytes, lines, command } => {
                bytes.extend_from_slice(chunk);
                if memchr::memchr_iter(b'\n', bytes).count() <= *lines {
                    return Ok(());
                }
                let held = std::mem::take(bytes);
                *self = Pager::start(command).map_or(Screen::Plain, Screen::Pager);
                self.write(&held)
            }
        }
    }
}

/// A pager that was started.
struct Pager {
    child: Child,
    lines: Sender<Vec<u8>>,
    writer: JoinHandle<()>,
}

impl Pager {
    /// `None`: it cannot be run, and what it was to show is shown without it.
    fn start(command: &mut Command) -> Option<Pager> {
        let mut child = command.spawn().ok()?;
        let mut to = child.stdin.take()?;
        let (lines, waiting) = mpsc::channel::<Vec<u8>>();
        let write = move || {
            // It ends when the reader quits the pager, which closes its input, and when all is written.
            let _ = waiting.iter().try_for_each(|line| to.write_all(&line));
        };
        let writer = thread::Builder::new().name("pager".to_owned()).spawn(write).ok()?;
        Some(Pager { child, lines, writer })
    }

    fn send(&self, chunk: Vec<u8>) -> io::Result<()> {
        self.lines.send(chunk).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn wait(mut self) {
        drop(self.lines);
        // What the pager ends with is the reader's affair.
        let _ = self.writer.join();
        let _ = self.child.wait();
    }
}

/// The writer in an [`Output`] that is paged.
struct Paged(Arc<Mutex<Screen>>);

impl Write for Paged {
    fn write(&mut self, chunk: &[u8]) -> io::Result<usize> {
        lock(&self.0).write(chunk).map(|()| chunk.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pager_is_what_the_variable_names() {
        let words = |named| {
            let command = pager(named)?;
            let words = std::iter::once(command.get_program()).chain(command.get_args());
            Some(words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" "))
        };
        for (named, runs) in [
            (None, Some("less")),
            (Some(""), None),
            (Some(" "), None),
            (Some("cat"), None),
            (Some("more"), Some("more")),
            (Some("less -S"), Some("less -S")),
            (Some("LESS=R less"), Some("sh -c LESS=R less")),
            (Some("sed 's/a/b/' | less"), Some("sh -c sed 's/a/b/' | less")),
        ] {
            assert_eq!(words(named).as_deref(), runs, "{named:?}");
        }
    }
}
