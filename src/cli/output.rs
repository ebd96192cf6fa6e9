//! The only place that prints. stdout is for data, stderr for messages to people: an [`Output`] knows which
//! of them is a terminal, sanitises what servers send to a terminal, and keeps lines and bars from
//! overwriting each other. Every write to stdout can fail (a closed pipe is ordinary) and returns its error; a
//! failure to write to stderr is ignored.

pub(crate) mod bar;
pub(crate) mod finding;
pub(crate) mod human;
pub(crate) mod json;
mod lines;
pub(crate) mod observer;
pub(crate) mod pager;
mod progress;
pub(crate) mod sanitize;
pub(crate) mod table;
mod talk;
mod wrap;

use std::cell::Cell as Flag;
use std::fmt;
use std::io::{self, BufRead, BufWriter, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use anstream::{AutoStream, ColorChoice};
use clap::builder::styling::{AnsiColor, Style};
use indicatif::MultiProgress;
use pop3::account::When;

use super::report::{self, ExitCode};
use super::signals::Signals;
use json::Line;
use table::{Cell, Table};

/// The width of a terminal that does not tell its width.
const USUAL_WIDTH: usize = 80;

const BAD: Style = AnsiColor::Red.on_default().bold();
const GOOD: Style = AnsiColor::Cyan.on_default();
const STRONG: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// How much a row of a table stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Emphasis {
    /// As any text.
    None,
    /// More than the others.
    Bold,
    /// Less than the others.
    Dim,
}

/// What the global options ask of the output.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Settings {
    /// Print only errors.
    pub(crate) quiet: bool,
    /// Print every step.
    pub(crate) verbose: bool,
    /// Print a line for each message that is fetched.
    pub(crate) each_message: bool,
    /// Data as JSON, one object a line.
    pub(crate) json: bool,
    /// Colours.
    pub(crate) color: When,
    /// Bars.
    pub(crate) progress: When,
}

/// What stdout and stderr are connected to.
#[derive(Debug, Clone, Copy)]
struct Ends {
    out_is_terminal: bool,
    err_is_terminal: bool,
    out_has_color: bool,
    err_has_color: bool,
    /// Columns of the terminal that shows stdout.
    width: usize,
    /// Columns of the terminal that shows stderr.
    err_width: usize,
}

impl Ends {
    fn look(color: When) -> Self {
        let wants = |choice: ColorChoice| match color {
            When::Auto => choice != ColorChoice::Never,
            When::Always => true,
            When::Never => false,
        };
        Ends {
            out_is_terminal: io::stdout().is_terminal(),
            err_is_terminal: io::stderr().is_terminal(),
            out_has_color: wants(AutoStream::choice(&io::stdout())),
            err_has_color: wants(AutoStream::choice(&io::stderr())),
            width: width_of(io::stdout()),
            err_width: width_of(io::stderr()),
        }
    }
}

/// Columns of a terminal.
fn width_of(terminal: impl AsFd) -> usize {
    let told = rustix::termios::tcgetwinsize(terminal).map(|size| usize::from(size.ws_col));
    told.ok().filter(|width| *width > 0).unwrap_or(USUAL_WIDTH)
}

thread_local! {
    /// Whether this thread has hidden the bars ([`Output::aside`]): to hide them once more would wait for ever.
    static ASIDE: Flag<bool> = const { Flag::new(false) };
}

/// stdout and stderr. All methods take `&self`, so that a trace, a bar and a report can share it.
pub(crate) struct Output {
    settings: Settings,
    ends: Ends,
    out: Mutex<Box<dyn Write + Send>>,
    err: bar::Talk,
    bars: MultiProgress,
    shows: bar::Shows,
    /// The account that the command is about, if it is about one.
    account: Mutex<Option<String>>,
    /// What decides the exit code of an interruption; empty until signals are taken over.
    signals: OnceLock<Signals>,
}

impl Output {
    /// The process's own stdout and stderr.
    pub(crate) fn new(settings: Settings) -> Self {
        let ends = Ends::look(settings.color);
        let shows = bar::Shows::new(&settings, ends.out_is_terminal, ends.err_is_terminal);
        Output {
            settings,
            ends,
            out: Mutex::new(Box::new(BufWriter::new(io::stdout()))),
            err: Arc::new(Mutex::new(Box::new(io::stderr()))),
            bars: bar::stage(shows),
            shows,
            account: Mutex::default(),
            signals: OnceLock::new(),
        }
    }

    /// Whether data is wanted as JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.settings.json
    }

    /// Whether the steps are wanted.
    pub(crate) fn is_verbose(&self) -> bool {
        self.settings.verbose && !self.settings.quiet
    }

    /// Whether stdout is a terminal: then what is printed there is for a person.
    pub(crate) fn is_for_people(&self) -> bool {
        self.ends.out_is_terminal
    }

    /// Whether there is a person to ask: stdin and stderr are terminals.
    pub(crate) fn can_ask(&self) -> bool {
        self.ends.err_is_terminal && io::stdin().is_terminal()
    }

    /// Columns of the terminal that shows stdout.
    pub(crate) fn width(&self) -> usize {
        self.ends.width
    }

    /// A line of data: sanitised on a terminal, verbatim in a pipe. Fails when stdout does.
    pub(crate) fn line(&self, line: impl AsRef<[u8]>) -> io::Result<()> {
        let line = line.as_ref();
        if self.ends.out_is_terminal {
            self.put(&[sanitize::line(line).as_bytes(), b"\n"])
        } else {
            self.put(&[line, b"\n"])
        }
    }

    /// Fields of a line of data: blanks between them on a terminal, tabs in a pipe. Fails when stdout does.
    pub(crate) fn fields(&self, fields: &[&[u8]]) -> io::Result<()> {
        self.line(fields.join(if self.ends.out_is_terminal { &b" "[..] } else { b"\t" }))
    }

    /// Data of any length, in chunks of any size: a message. Sanitised on a terminal, byte for byte in
    /// a pipe. `write` fails when stdout does; so does [`Message::finish`], which must be called.
    pub(crate) fn message(&self) -> Message<'_> {
        match self.ends.out_is_terminal {
            true => Message::Guarded(sanitize::Guard::new(Stdout(self))),
            false => Message::Verbatim(Stdout(self)),
        }
    }

    /// Shows how far a transfer of this account is; `None` if nothing is shown.
    pub(crate) fn bar(&self, account: &str) -> Option<bar::Bar> {
        (self.shows != bar::Shows::Nothing).then(|| bar::Bar::new(&self.bars, self.shows, &self.err, account))
    }

    /// An object of `--json`. Fails when stdout does.
    pub(crate) fn object(&self, object: &impl Line) -> io::Result<()> {
        self.put(&[json::line(object)?.as_bytes(), b"\n"])
    }

    /// From now on the command is about this account alone.
    pub(crate) fn set_account(&self, name: &str) {
        *lock(&self.account) = Some(name.to_owned());
    }

    /// From now on the exit code of an interruption depends on the signal.
    pub(crate) fn set_signals(&self, signals: &Signals) {
        self.signals.get_or_init(|| signals.clone());
    }

    /// The exit code that the process ends with, and tells in objects.
    pub(crate) fn exit_code(&self, code: ExitCode) -> ExitCode {
        self.signals.get().map_or(code, |signals| signals.exit_code(code))
    }

    /// The headings of a table: only on a terminal. Fails when stdout does.
    pub(crate) fn heading(&self, table: &Table) -> io::Result<()> {
        if !self.ends.out_is_terminal {
            return Ok(());
        }
        let heading = paint(STRONG, &table.heading(), self.ends.out_has_color);
        self.put(&[heading.as_bytes(), b"\n"])
    }

    /// The title of a part of the output: only on a terminal. Fails when stdout does.
    pub(crate) fn title(&self, title: &str) -> io::Result<()> {
        if !self.ends.out_is_terminal {
            return Ok(());
        }
        let title = sanitize::text(title.as_bytes());
        let title = paint(STRONG, &wrap::wrap(&title, self.ends.width), self.ends.out_has_color);
        self.put(&[title.as_bytes(), b"\n"])
    }

    /// A row of a table: columns on a terminal, tabs in a pipe. Fails when stdout does.
    pub(crate) fn row(&self, table: &Table, cells: &[Cell]) -> io::Result<()> {
        self.row_in(Emphasis::None, table, cells)
    }

    /// The same with an emphasis, which a terminal with colours shows.
    pub(crate) fn row_in(&self, emphasis: Emphasis, table: &Table, cells: &[Cell]) -> io::Result<()> {
        if self.ends.out_is_terminal {
            let style = match emphasis {
                Emphasis::None => Style::new(),
                Emphasis::Bold => STRONG,
                Emphasis::Dim => DIM,
            };
            self.put(&[paint(style, &table.shown(cells), self.ends.out_has_color).as_bytes(), b"\n"])
        } else {
            self.put(&[&Table::plain(cells), b"\n"])
        }
    }

    /// The line that ends a table: only on a terminal, and not with `--quiet`. Fails when stdout does.
    pub(crate) fn closing(&self, line: &str) -> io::Result<()> {
        if !self.ends.out_is_terminal || self.settings.quiet {
            return Ok(());
        }
        self.line(line)
    }

    /// Writes what is still buffered; must be called before the process ends. Fails when stdout does.
    pub(crate) fn flush(&self) -> io::Result<()> {
        lock(&self.out).flush().map_err(report::on_stdout)
    }

    /// Asks a question that is answered by `y` or `n`; anything but yes is no. Only sensible if
    /// [`Output::can_ask`]. Fails when stdin does.
    pub(crate) fn ask(&self, question: &str) -> io::Result<bool> {
        let prompt = format!("{} [y/N] ", self.guarded(question));
        let mut answer = String::new();
        self.bars.suspend(|| {
            self.talk(&[prompt.as_bytes()]);
            io::stdin().lock().read_line(&mut answer)
        })?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes"))
    }

    /// Runs something that uses the terminal by itself (a password prompt) while the bars are hidden.
    pub(crate) fn aside<T>(&self, talk: impl FnOnce() -> T) -> T {
        if ASIDE.get() {
            return talk();
        }
        self.bars.suspend(|| {
            ASIDE.set(true);
            let outcome = talk();
            ASIDE.set(false);
            outcome
        })
    }

    /// A line on stderr, above the bars.
    fn say(&self, line: &str) {
        self.say_bytes(&[line.as_bytes(), b"\n"]);
    }

    fn say_bytes(&self, parts: &[&[u8]]) {
        let talk = || self.talk(parts);
        match ASIDE.get() {
            true => talk(),
            false => self.bars.suspend(talk),
        }
    }

    fn talk(&self, parts: &[&[u8]]) {
        if self.ends.out_is_terminal {
            // On one terminal the two have to appear in the right order.
            let _ = lock(&self.out).flush();
        }
        let mut err = lock(&self.err);
        // stderr is closed: there is no place to report that.
        let _ = err.write_all(&parts.concat()).and_then(|()| err.flush());
    }

    fn put(&self, parts: &[&[u8]]) -> io::Result<()> {
        let write = || {
            let mut out = lock(&self.out);
            parts.iter().try_for_each(|part| out.write_all(part)).map_err(report::on_stdout)
        };
        if self.ends.out_is_terminal && self.ends.err_is_terminal {
            return self.bars.suspend(|| write().and_then(|()| self.flush()));
        }
        write()
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("settings", &self.settings)
            .field("ends", &self.ends)
            .finish_non_exhaustive()
    }
}

/// See [`Output::message`].
pub(crate) enum Message<'a> {
    /// On a terminal.
    Guarded(sanitize::Guard<Stdout<'a>>),
    /// In a pipe.
    Verbatim(Stdout<'a>),
}

impl Message<'_> {
    /// Writes what was held back. Fails when stdout does.
    pub(crate) fn finish(self) -> io::Result<()> {
        match self {
            Message::Guarded(mut guard) => guard.finish(),
            Message::Verbatim(mut stdout) => stdout.flush(),
        }
    }
}

impl Write for Message<'_> {
    fn write(&mut self, chunk: &[u8]) -> io::Result<usize> {
        match self {
            Message::Guarded(guard) => guard.write(chunk),
            Message::Verbatim(stdout) => stdout.write(chunk),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Message::Guarded(guard) => guard.flush(),
            Message::Verbatim(stdout) => stdout.flush(),
        }
    }
}

/// An [`Output`]'s stdout as a writer.
#[derive(Debug)]
pub(crate) struct Stdout<'a>(&'a Output);

impl Write for Stdout<'_> {
    fn write(&mut self, chunk: &[u8]) -> io::Result<usize> {
        self.0.put(&[chunk]).map(|()| chunk.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn paint(style: Style, text: &str, has_color: bool) -> String {
    if has_color { format!("{style}{text}{style:#}") } else { text.to_owned() }
}

/// Locks; a panic of another thread while it printed leaves no state behind that would be inconsistent.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
pub(crate) mod tests;
