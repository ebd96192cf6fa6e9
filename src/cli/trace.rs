//! `--trace`: conversations as `C:` and `S:` lines with the time, on stderr or in a file. Secrets were replaced before
//! the lines get here; on a terminal the output sanitises them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use pop3::account::{Account, TraceTo};
use pop3::connection::Transcript;
use pop3::error::{Error, Kind};
use rustix::fs::OFlags;

use super::output::{Output, sanitize};

/// The traces of one run of the program.
pub(crate) struct Traces {
    output: Arc<Output>,
    /// What `--trace` says: takes precedence over the accounts' settings.
    option: Option<TraceTo>,
    /// Open files, which several accounts may share.
    files: Mutex<HashMap<PathBuf, Arc<TraceFile>>>,
    /// Whether each line has the name of its account.
    names_accounts: AtomicBool,
}

impl Traces {
    /// Opens the file of `--trace` at once, so that nothing is done without the trace that was asked for.
    ///
    /// # Errors
    /// [`Kind::Create`] if the file cannot be opened or created.
    pub(crate) fn new(output: Arc<Output>, option: Option<TraceTo>) -> Result<Self, Error> {
        let (files, names_accounts) = (Mutex::default(), AtomicBool::new(false));
        let traces = Traces { output, option, files, names_accounts };
        if let Some(TraceTo::File(path)) = &traces.option {
            traces.file(path)?;
        }
        Ok(traces)
    }

    /// What `--trace` says.
    pub(crate) fn option(&self) -> Option<&TraceTo> {
        self.option.as_ref()
    }

    /// From now on each line has the name of its account.
    pub(crate) fn name_accounts(&self) {
        self.names_accounts.store(true, Ordering::Relaxed);
    }

    /// The trace of an account's conversations; `None` if it is off.
    ///
    /// # Errors
    /// [`Kind::Create`] if its file cannot be opened or created.
    pub(crate) fn of_account(&self, account: &Account) -> Result<Option<Trace>, Error> {
        let target = match self.option.as_ref().unwrap_or(&account.trace) {
            TraceTo::Nowhere => return Ok(None),
            TraceTo::StandardError => Target::StandardError(Arc::clone(&self.output)),
            TraceTo::File(path) => Target::File(self.file(path)?),
        };
        let name = self.names_accounts.load(Ordering::Relaxed).then(|| format!("{} ", account.name));
        Ok(Some(Trace { target, name: name.unwrap_or_default() }))
    }

    /// Whether the dialogue of that account is shown on standard error.
    pub(crate) fn are_on_standard_error(&self, account: &Account) -> bool {
        matches!(self.option.as_ref().unwrap_or(&account.trace), TraceTo::StandardError)
    }

    /// The trace of an account's conversation, asked for while it is open: to where it is written otherwise, else to
    /// standard error.
    ///
    /// # Errors
    /// As [`Traces::of_account`].
    pub(crate) fn on_demand(&self, account: &Account) -> Result<Trace, Error> {
        let standard_error =
            || Trace { target: Target::StandardError(Arc::clone(&self.output)), name: String::new() };
        Ok(self.of_account(account)?.unwrap_or_else(standard_error))
    }

    fn file(&self, path: &Path) -> Result<Arc<TraceFile>, Error> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        match files.entry(path.to_owned()) {
            Entry::Occupied(open) => Ok(Arc::clone(open.get())),
            Entry::Vacant(place) => {
                let file = TraceFile::open(path, Arc::clone(&self.output))?;
                Ok(Arc::clone(place.insert(Arc::new(file))))
            }
        }
    }
}

/// One account's trace, and what it is written to.
#[derive(Clone)]
pub(crate) struct Trace {
    target: Target,
    /// The account's name and a blank, or nothing.
    name: String,
}

#[derive(Clone)]
enum Target {
    StandardError(Arc<Output>),
    File(Arc<TraceFile>),
}

impl Trace {
    /// Writes a line, without its line end.
    pub(crate) fn line(&self, line: &[u8]) {
        let time = now("%H:%M:%S%.3f");
        let line = [self.name.as_bytes(), line].concat();
        match &self.target {
            Target::StandardError(output) => output.trace(&time, &line),
            Target::File(file) => file.line(&time, &line),
        }
    }
}

impl Transcript for Trace {
    fn client(&mut self, shown: &str) {
        self.line(format!("C: {shown}").as_bytes());
    }

    fn server(&mut self, line: &[u8]) {
        self.line(&[b"S: ", line].concat());
    }

    fn body(&mut self, octets: u64) {
        self.line(format!("S: ({octets} octets of message)").as_bytes());
    }

    fn encrypted(&mut self) {
        self.line(b"-- TLS begins");
    }
}

/// A file that is appended to, each line in one write: several processes may share it.
struct TraceFile {
    file: File,
    /// Whether what the server sends has to be made harmless.
    is_terminal: bool,
    path: PathBuf,
    output: Arc<Output>,
    /// Whether a line was lost, which is said once.
    is_incomplete: AtomicBool,
}

impl TraceFile {
    fn open(path: &Path, output: Arc<Output>) -> Result<Self, Error> {
        // A FIFO that nobody reads is an error: it would wait for ever.
        let without_waiting = OFlags::NONBLOCK.bits().cast_signed();
        let file =
            OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(without_waiting).open(path);
        let file = file.and_then(|file| {
            let flags = rustix::fs::fcntl_getfl(&file)?;
            rustix::fs::fcntl_setfl(&file, flags - OFlags::NONBLOCK)?;
            Ok(file)
        });
        let file = file.map_err(|error| {
            Error::new(Kind::Create, format!("could not open {} for the trace", path.display()))
                .because(error)
                .hint("--trace=FILE, POP3_TRACE or the key trace names it: it must be a writable file")
        })?;
        let is_terminal = file.is_terminal();
        let file = TraceFile {
            file,
            is_terminal,
            path: path.to_owned(),
            output,
            is_incomplete: AtomicBool::new(false),
        };
        // The lines have no date, and an older trace may stand before them.
        let (time, process) = (now("%F %T %Z"), std::process::id());
        file.put(format!("-- {time}, pop3 {}, process {process}\n", env!("CARGO_PKG_VERSION")).as_bytes());
        Ok(file)
    }

    fn line(&self, time: &str, line: &[u8]) {
        let harmless = self.is_terminal.then(|| sanitize::line(line).into_owned().into_bytes());
        self.put(&[time.as_bytes(), b" ", harmless.as_deref().unwrap_or(line), b"\n"].concat());
    }

    fn put(&self, line: &[u8]) {
        if let Err(error) = (&self.file).write_all(line) {
            self.warn(&error);
        }
    }

    fn warn(&self, error: &io::Error) {
        if !self.is_incomplete.swap(true, Ordering::Relaxed) {
            self.output.warn(&format!("the trace in {} is incomplete: {error}", self.path.display()));
        }
    }
}

/// The time in the reader's time zone.
fn now(format: &str) -> String {
    Timestamp::now().to_zoned_datetime(TimeZone::system()).strftime(format).to_string()
}
