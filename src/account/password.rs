//! Reads a password from its source, which [`resolve`](super::resolve) has chosen: a command, a file, standard
//! input, the keyring, `~/.netrc`, or a prompt on the terminal. What is read is bounded, a password is never an
//! argument, and no error repeats it.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use super::environment::Netrc;
use super::kept::Owner;
use super::{Environment, netrc};
use crate::advice::SignIn;
use crate::auth::Secret;
use crate::error::{Error, Kind, Result};
use crate::sys::access::{is_absent, refuse_if_others_may_read};
use crate::sys::program::{self, Printed};

/// The most that is read from a source: no password is longer.
const LIMIT: usize = 64 * 1024;

/// The longest that a password command may take, whatever the timeout: a run waits for it.
pub(super) const LONGEST: Duration = Duration::from_secs(60);

/// U+FEFF in UTF-8, at the beginning of a file that says nothing but its encoding.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Where an account's password comes from.
#[derive(Debug, Clone)]
pub enum PasswordSource {
    /// It is known already: from `POP3_PASSWORD`, or the config file's `password`.
    Given(Secret),
    /// The first line that a shell command prints.
    Command(String),
    /// The first line of a file that only its owner may read.
    File(PathBuf),
    /// The first line of standard input.
    Stdin,
    /// The default: the keyring (or the file in its place), `~/.netrc`, then a prompt on the terminal.
    Search,
}

/// Whose password is wanted, and what for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) owner: Owner<'a>,
    /// Whether the connection is not encrypted.
    pub(super) in_the_clear: bool,
    /// How long a command may take.
    pub(super) timeout: Duration,
}

impl Wanted<'_> {
    /// `~/.netrc` is shared by all programs: its passwords are not sent in the clear beyond this computer.
    fn may_take_netrc(&self) -> bool {
        !self.in_the_clear || self.owner.is_local()
    }
}

impl PasswordSource {
    /// Its description for users; never the secret, nor the command, which may contain one.
    pub fn describe(&self) -> &'static str {
        match self {
            PasswordSource::Given(_) => "given",
            PasswordSource::Command(_) => "command",
            PasswordSource::File(_) => "file",
            PasswordSource::Stdin => "standard input",
            PasswordSource::Search => "keyring, netrc or prompt",
        }
    }

    /// Reads from a source that needs neither a prompt nor a user name: for a secret that is no password.
    ///
    /// # Errors
    /// As [`PasswordSource::obtain`].
    pub(super) fn secret(&self) -> Result<Secret> {
        match self {
            PasswordSource::Given(secret) => Ok(secret.clone()),
            PasswordSource::Command(command) => from_command(command, LONGEST),
            PasswordSource::File(path) => from_file(path, "client secret"),
            PasswordSource::Stdin | PasswordSource::Search => {
                Err(Error::new(Kind::NoCredentials, "no source of it was named"))
            }
        }
    }

    /// Reads the password that is `wanted` from the source.
    ///
    /// # Errors
    /// [`Kind::NoCredentials`] if it has none; [`Kind::Config`] if others may read the file;
    /// [`Kind::Io`] if it cannot be read.
    pub(super) fn obtain(
        &self,
        wanted: Wanted<'_>,
        environment: &Environment,
        ask: impl FnOnce(&str) -> io::Result<Option<String>>,
    ) -> Result<Secret> {
        let owner = wanted.owner;
        let (user, host) = (owner.user, owner.host());
        let about = |error: Error| error.in_context(format!("could not get the password of {user}@{host}"));
        match self {
            PasswordSource::Given(secret) => Ok(secret.clone()),
            PasswordSource::Command(command) => from_command(command, wanted.timeout).map_err(about),
            PasswordSource::File(path) => from_file(path, "password").map_err(about),
            PasswordSource::Stdin => from_input(io::stdin().lock()).map_err(about),
            PasswordSource::Search => {
                let untold = match owner.kept(environment) {
                    Ok(Some(secret)) => return Ok(secret),
                    Ok(None) => None,
                    // If the keyring is locked, or has a password for another server, the next source is tried.
                    Err(error) if error.kind() == Kind::NoCredentials => Some(error),
                    Err(error) => return Err(about(error)),
                };
                let mut untold = untold;
                if let Some(netrc) = environment.netrc()
                    && let Some(secret) = from_netrc(&netrc, host, user).map_err(about)?
                {
                    if wanted.may_take_netrc() {
                        return Ok(secret);
                    }
                    untold.get_or_insert_with(|| not_in_the_clear(&netrc.path));
                }
                match ask(&format!("Password of {user}@{host}: ")) {
                    Ok(Some(typed)) if !typed.is_empty() => Ok(Secret::new(typed)),
                    Ok(Some(_)) => Err(about(nobody_to_ask(true))),
                    Ok(None) => Err(about(untold.unwrap_or_else(|| nobody_to_ask(false)))),
                    Err(error) => Err(about(Error::io("could not read from the terminal", error))),
                }
            }
        }
    }
}

fn nobody_to_ask(asked: bool) -> Error {
    let (what, advice) = match asked {
        true => ("none was typed", SignIn::TypePassword),
        false => {
            ("no password source is configured, and there is no terminal to ask on", SignIn::GivePassword)
        }
    };
    Error::new(Kind::NoCredentials, what).advise(advice)
}

/// Whether there is a user who can be asked.
pub(super) fn is_watched() -> bool {
    io::stdin().is_terminal() || io::stderr().is_terminal()
}

/// Asks on the terminal without an echo; `None` if there is no terminal.
pub(super) fn prompt(question: &str) -> io::Result<Option<String>> {
    // The controlling terminal alone is not enough: a job in the background of one, with all its
    // streams redirected, would wait for ever.
    if !is_watched() || File::open("/dev/tty").is_err() {
        return Ok(None);
    }
    rpassword::prompt_password(question).map(Some)
}

/// What the command prints first. It may take as long as `timeout`, and no longer than [`LONGEST`].
fn from_command(command: &str, timeout: Duration) -> Result<Secret> {
    let limit = timeout.min(LONGEST);
    let failed = |what: String| Error::new(Kind::NoCredentials, what);
    let printed = program::first_line(command, limit, LIMIT);
    let printed = printed.map_err(|error| unreadable("the password command", error))?;
    match printed {
        Printed::Line(line) => {
            first_line(&line).ok_or_else(|| failed("the password command printed nothing".to_owned()))
        }
        Printed::Failed(status) => Err(failed(format!("the password command ended with {status}"))),
        Printed::TooLate => Err(failed(format!("the password command printed nothing within {limit:?}"))
            .advise(SignIn::PasswordCommandTooSlow { may_extend: limit < LONGEST })),
    }
}

fn from_file(path: &Path, what: &str) -> Result<Secret> {
    let name = path.display();
    let open = |error: io::Error| Error::io(format!("could not read {name}"), error);
    let file = File::open(path).map_err(open)?;
    refuse_if_others_may_read(&file, path, what)?;
    let text = read_bounded(file).map_err(|error| unreadable(&name.to_string(), error))?;
    first_line(&text).ok_or_else(|| Error::new(Kind::NoCredentials, format!("{name} contains no {what}")))
}

/// Reads byte by byte: what follows the first line is left for the next reader of the input.
fn from_input(mut input: impl Read) -> Result<Secret> {
    let mut line = Zeroizing::new(Vec::with_capacity(LIMIT));
    let mut byte = Zeroizing::new([0]);
    loop {
        match input.read(&mut *byte) {
            Ok(0) => break,
            Ok(_) if byte[0] == b'\n' => break,
            Ok(_) if line.len() == LIMIT => {
                return Err(unreadable("standard input", io::ErrorKind::FileTooLarge.into()));
            }
            Ok(_) => line.push(byte[0]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable("standard input", error)),
        }
    }
    first_line(&line).ok_or_else(|| Error::new(Kind::NoCredentials, "standard input contains no password"))
}

fn from_netrc(netrc: &Netrc, host: &str, user: &str) -> Result<Option<Secret>> {
    let Netrc { path, is_named } = netrc;
    let name = path.display();
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if !is_named && is_absent(path, &error) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io(format!("could not read {name}"), error)),
    };
    let text = read_bounded(&file).map_err(|error| unreadable(&name.to_string(), error))?;
    let found = netrc::password(&text, host, user.as_bytes()).map_err(|line| {
        Error::new(Kind::Config, format!("the entry of {host} in {name} is broken off in line {line}"))
            .advise(SignIn::WriteNetrcEntry)
    })?;
    if found.is_some() {
        refuse_if_others_may_read(&file, path, "password")?;
    }
    Ok(found)
}

fn not_in_the_clear(netrc: &Path) -> Error {
    Error::new(
        Kind::NoCredentials,
        format!("the one in {} is not sent in the clear to another computer", netrc.display()),
    )
    .advise(SignIn::NetrcNeedsTls)
}

fn unreadable(what: &str, error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::FileTooLarge {
        Error::new(Kind::Data, format!("{what} contains more than {LIMIT} bytes, which is not a password"))
    } else {
        Error::io(format!("could not read {what}"), error)
    }
}

fn read_bounded(source: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    // Allocated at once, so that growing leaves no copies of a secret behind.
    let mut text = Zeroizing::new(Vec::with_capacity(LIMIT + 1));
    source.take(LIMIT as u64 + 1).read_to_end(&mut text)?;
    if text.len() > LIMIT { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(text) }
}

/// The first line without its end, LF or CR LF, and without the byte order mark that editors on Windows put in
/// front; `None` when it is empty.
fn first_line(text: &[u8]) -> Option<Secret> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    (!line.is_empty()).then(|| Secret::new(line))
}

#[cfg(test)]
#[path = "password_tests.rs"]
mod tests;
