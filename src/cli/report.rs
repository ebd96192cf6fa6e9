//! Errors as users see them: the sentence, the hint, the exit code. The library says what it was doing and of
//! which [`Kind`] the failure is; only this file knows sysexits(3) and what the user can do about it.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use pop3::error::{Error, Kind, Phase};
use pop3::transport::{Certificate, TlsFailure};

use super::advice;

/// The exit codes, after sysexits(3), which mail tools commonly use; [`ExitCode::TABLE`] says when each is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum ExitCode {
    Done = 0,
    /// EX_USAGE
    Usage = 64,
    /// EX_DATAERR
    Data = 65,
    /// EX_NOINPUT
    NoMessage = 66,
    /// EX_NOHOST
    NoHost = 68,
    /// EX_UNAVAILABLE
    Unavailable = 69,
    /// EX_CANTCREAT
    CannotCreate = 73,
    /// EX_IOERR
    Io = 74,
    /// EX_TEMPFAIL
    TryAgain = 75,
    /// EX_PROTOCOL
    Protocol = 76,
    /// EX_NOPERM
    NoPermission = 77,
    /// EX_CONFIG
    Config = 78,
    /// Ctrl-C, as shells count it: 128 and the signal's number.
    Interrupted = 130,
    /// SIGTERM, likewise.
    Terminated = 143,
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        std::process::ExitCode::from(code as u8)
    }
}

impl ExitCode {
    /// Every code and when it is given, for help and manual pages.
    pub(crate) const TABLE: [(ExitCode, &str); 14] = [
        (ExitCode::Done, "done, also when nothing was new"),
        (ExitCode::Usage, "wrong usage"),
        (ExitCode::Data, "a message or a file contains data that cannot be used"),
        (ExitCode::NoMessage, "no such message"),
        (ExitCode::NoHost, "host not found"),
        (
            ExitCode::Unavailable,
            "cannot connect, the connection was lost, or the server refuses or lacks what was asked for",
        ),
        (ExitCode::CannotCreate, "cannot create the destination, or cannot run its command"),
        (ExitCode::Io, "input or output failed, or the disk is full"),
        (
            ExitCode::TryAgain,
            "try again later: maildrop in use, timeout, already running, or some messages failed",
        ),
        (ExitCode::Protocol, "the server broke the protocol, or TLS could not be trusted"),
        (ExitCode::NoPermission, "sign-in refused, or no credentials"),
        (ExitCode::Config, "the configuration is wrong"),
        (ExitCode::Interrupted, "interrupted by Ctrl-C"),
        (ExitCode::Terminated, "interrupted by SIGTERM"),
    ];

    /// The code of a kind of failure.
    pub(crate) fn for_kind(kind: Kind) -> Self {
        match kind {
            Kind::Usage => ExitCode::Usage,
            Kind::Data => ExitCode::Data,
            Kind::NoSuchMessage => ExitCode::NoMessage,
            Kind::HostNotFound => ExitCode::NoHost,
            Kind::Connect
            | Kind::ConnectionLost
            | Kind::Unsupported
            | Kind::NeedsUtf8
            | Kind::ServerPermanent
            | Kind::Refused => ExitCode::Unavailable,
            Kind::Create => ExitCode::CannotCreate,
            Kind::Timeout(_)
            | Kind::InUse
            | Kind::LoginDelay
            | Kind::ServerTemporary
            | Kind::AlreadyRunning
            | Kind::Partial => ExitCode::TryAgain,
            Kind::Protocol | Kind::Tls => ExitCode::Protocol,
            Kind::SignIn | Kind::NoCredentials => ExitCode::NoPermission,
            Kind::Config => ExitCode::Config,
            Kind::Interrupted => ExitCode::Interrupted,
            // Io and DiskFull, and any kind that was added since.
            _ => ExitCode::Io,
        }
    }

    /// The code of several accounts together: that of their failures if they are alike; otherwise that of the
    /// first permanent failure. An interruption takes precedence.
    pub(crate) fn merge(codes: impl IntoIterator<Item = ExitCode>) -> Self {
        let worse = |worst: ExitCode, code: ExitCode| match (worst, code) {
            (ExitCode::Interrupted, _) | (_, ExitCode::Interrupted) => ExitCode::Interrupted,
            (ExitCode::Done, code) => code,
            (ExitCode::TryAgain, code) if code != ExitCode::Done => code,
            (worst, _) => worst,
        };
        codes.into_iter().fold(ExitCode::Done, worse)
    }
}

/// What is printed for an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ErrorText {
    pub(crate) kind: Kind,
    /// `could not <verb> <thing>: <cause>: <cause>`, as the parts were given.
    pub(crate) sentence: String,
    /// The certificate that the error is about.
    pub(crate) certificate: Option<Certificate>,
    /// What to do about it, if there is something.
    pub(crate) hint: Option<String>,
}

/// The sentence and the hint of an error; `None` if the error is that stdout has no reader any more
/// (`pop3 list | head`), or if it was [`Reported`].
pub(crate) fn tell(error: &anyhow::Error) -> Option<ErrorText> {
    if is_unread(error) || error.chain().any(|link| link.is::<Reported>()) {
        return None;
    }
    let cause = known(error);
    let hint =
        cause.and_then(own_hint).or_else(|| cause.and_then(|error| hint(error.kind())).map(str::to_owned));
    let certificate = cause.and_then(TlsFailure::find_in).and_then(TlsFailure::certificate).cloned();
    Some(ErrorText { kind: kind(error), sentence: sentence(error.as_ref()), certificate, hint })
}

/// What the code that failed advises.
pub(crate) fn own_hint(error: &Error) -> Option<String> {
    error.advice().map(advice::sentence)
}

/// The exit code of an error.
pub(crate) fn exit_code(error: &anyhow::Error) -> ExitCode {
    if is_unread(error) { ExitCode::Done } else { ExitCode::for_kind(kind(error)) }
}

/// The kind of an error. Without one in its chain it is that of I/O if the chain has an I/O error, otherwise wrong
/// usage: only the command line's own code makes errors without a kind.
fn kind(error: &anyhow::Error) -> Kind {
    match known(error) {
        Some(error) => error.kind(),
        None if error.chain().any(<dyn StdError>::is::<io::Error>) => Kind::Io,
        None => Kind::Usage,
    }
}

/// An error and its causes, in one sentence. A cause that its context already repeats is not printed twice.
pub(crate) fn sentence(error: &(dyn StdError + 'static)) -> String {
    let mut sentence = plain(error);
    let mut next = error.source();
    while let Some(cause) = next {
        let text = plain(cause);
        if !sentence.ends_with(&text) {
            sentence.extend([": ", &text]);
        }
        next = cause.source();
    }
    sentence
}

/// The text of one error of a chain. The system's own ("Connection refused (os error 111)") lose
/// their number and their capital letter.
fn plain(error: &(dyn StdError + 'static)) -> String {
    let text = error.to_string();
    let number = error.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error);
    let Some(text) = number.and_then(|n| text.strip_suffix(&format!(" (os error {n})"))) else {
        return text;
    };
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

/// The outermost error of the library: those around it only add context.
fn known(error: &anyhow::Error) -> Option<&Error> {
    error.chain().find_map(|link| link.downcast_ref::<Error>())
}

/// The hint for a kind of failure, if the error has no hint of its own: only where it fits every error of the kind.
/// Hosts, connections and TLS fail in ways that have nothing in common; there each place has a hint of its own.
fn hint(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::Usage => "`pop3 help COMMAND` explains its options and arguments",
        Kind::NoCredentials => {
            "give --password-command or --password-file, set POP3_PASSWORD, or run it on a terminal to be asked"
        }
        Kind::ConnectionLost => "run it again: nothing is lost, and nothing is fetched twice",
        Kind::Timeout(Phase::Lock) => "another program holds the lock: try again later",
        Kind::Timeout(_) => "try again later, or give a slow server more time with --timeout",
        Kind::Protocol => "--trace shows what the server said",
        Kind::Unsupported => "`pop3 capa` shows what the server offers",
        Kind::NeedsUtf8 => {
            "the message has 8-bit characters in its header, and the server sends such messages only in UTF-8 mode"
        }
        Kind::SignIn => {
            "check user and password; some providers require an app password (one made for this program), \
             or POP3 switched on in their settings"
        }
        Kind::InUse => "another program is reading this maildrop: try again in a few minutes",
        Kind::LoginDelay => "the server requires a pause between two sign-ins: try again later",
        Kind::ServerTemporary => "the server has a temporary problem: try again later",
        Kind::ServerPermanent => "the server has a permanent problem: tell its administrator",
        Kind::NoSuchMessage => "`pop3 list` shows the messages and their numbers",
        Kind::AlreadyRunning => "another run is fetching this account: wait until it ends",
        Kind::DiskFull => "free some space, then run it again: nothing is lost",
        Kind::Partial => "run it again later: what failed is retried",
        _ => return None,
    })
}

/// Marks an error, whose cause it is, that an earlier run has printed: now the exit code alone tells of it.
#[derive(Debug)]
pub(crate) struct Reported(pub(crate) String);

impl fmt::Display for Reported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Reported {}

/// Marks a failure of stdout that has no reader. Only this is not reported: a broken pipe may also mean that
/// a server closed the connection, or that a delivery command ended, which must be reported.
#[derive(Debug)]
struct Unread;

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody reads stdout")
    }
}

impl StdError for Unread {}

/// An error of writing to stdout, marked as such if it is a broken pipe.
pub(crate) fn on_stdout(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe => io::Error::new(io::ErrorKind::BrokenPipe, Unread),
        _ => error,
    }
}

/// Whether the chain says that stdout has no reader. A broken pipe without an error of the library around it
/// can only be that of stdout: the library wraps all its own.
fn is_unread(error: &anyhow::Error) -> bool {
    let io_errors = || error.chain().filter_map(|link| link.downcast_ref::<io::Error>());
    io_errors().any(|error| error.get_ref().is_some_and(<dyn StdError + Send + Sync>::is::<Unread>))
        || known(error).is_none() && io_errors().any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn every_kind_has_the_exit_code_of_the_manual() {
        let table = [
            (Kind::Usage, 64),
            (Kind::Data, 65),
            (Kind::NoSuchMessage, 66),
            (Kind::HostNotFound, 68),
            (Kind::Connect, 69),
            (Kind::ConnectionLost, 69),
            (Kind::Unsupported, 69),
            (Kind::NeedsUtf8, 69),
            (Kind::ServerPermanent, 69),
            (Kind::Refused, 69),
            (Kind::Create, 73),
            (Kind::Io, 74),
            (Kind::DiskFull, 74),
            (Kind::Timeout(Phase::Body), 75),
            (Kind::InUse, 75),
            (Kind::LoginDelay, 75),
            (Kind::ServerTemporary, 75),
            (Kind::AlreadyRunning, 75),
            (Kind::Partial, 75),
            (Kind::Protocol, 76),
            (Kind::Tls, 76),
            (Kind::SignIn, 77),
            (Kind::NoCredentials, 77),
            (Kind::Config, 78),
            (Kind::Interrupted, 130),
        ];
        for (kind, code) in table {
            let error = anyhow::Error::from(Error::new(kind, "could not do it"));
            assert_eq!(exit_code(&error) as u8, code, "{kind:?}");
            assert_eq!(exit_code(&error.context("above")) as u8, code, "{kind:?} under a context");
        }
    }

    #[test]
    fn what_is_temporary_to_the_library_is_75_to_scripts() {
        for kind in [Kind::InUse, Kind::LoginDelay, Kind::Timeout(Phase::Tls), Kind::Partial] {
            assert!(Error::new(kind, "x").is_temporary());
            assert_eq!(ExitCode::for_kind(kind), ExitCode::TryAgain);
        }
    }

    #[test]
    fn accounts_are_merged_into_one_code() {
        use ExitCode::{Config, Done, Interrupted, NoHost, NoPermission, TryAgain, Unavailable};
        let table: &[(&[ExitCode], ExitCode)] = &[
            (&[], Done),
            (&[Done, Done], Done),
            (&[Done, NoPermission, Done], NoPermission),
            (&[NoPermission, NoPermission], NoPermission),
            (&[TryAgain, Done, TryAgain], TryAgain),
            (&[TryAgain, NoPermission, Unavailable], NoPermission),
            (&[NoHost, TryAgain, Config], NoHost),
            (&[NoPermission, Interrupted, Config], Interrupted),
        ];
        for (codes, merged) in table {
            assert_eq!(ExitCode::merge(codes.iter().copied()), *merged, "{codes:?}");
        }
    }

    #[test]
    fn the_sentence_walks_the_chain_and_says_nothing_twice() {
        let refused = io::Error::from_raw_os_error(111);
        let error = Error::new(Kind::Connect, "could not connect to h:995").because(refused);
        let told = tell(&anyhow::Error::from(error).context("could not fetch work")).expect("stdout is open");
        assert_eq!(told.sentence, "could not fetch work: could not connect to h:995: connection refused");
        assert_eq!(told.hint, None, "no hint that may not fit");

        let doubled = Error::new(Kind::Tls, "handshake: bad certificate").because("bad certificate");
        assert_eq!(sentence(&doubled), "handshake: bad certificate");
    }

    #[test]
    fn a_hint_from_the_place_goes_before_the_hint_of_the_kind() {
        let error = Error::new(Kind::Tls, "x").hint("renew it").in_context("could not trust h");
        assert_eq!(tell(&error.into()).and_then(|told| told.hint).as_deref(), Some("renew it"));
    }

    #[test]
    fn kinds_whose_failures_have_nothing_in_common_have_no_hint() {
        for kind in [Kind::Tls, Kind::Connect, Kind::HostNotFound] {
            assert_eq!(tell(&Error::new(kind, "x").into()).and_then(|told| told.hint), None, "{kind:?}");
        }
        let locked = tell(&Error::new(Kind::Timeout(Phase::Lock), "x").into()).and_then(|told| told.hint);
        assert!(!locked.expect("there is one").contains("--timeout"), "no server is slow");
    }

    #[test]
    fn a_reader_that_has_gone_is_no_error_wherever_it_is_noticed() {
        let gone = || on_stdout(io::ErrorKind::BrokenPipe.into());
        let wrapped = Error::io("could not write message 3", gone()).in_context("could not show message 3");
        for error in [anyhow::Error::from(gone()), anyhow::Error::from(wrapped).context("above")] {
            assert_eq!(exit_code(&error), ExitCode::Done);
            assert_eq!(tell(&error), None);
        }
        let bare: Result<(), io::Error> = Err(io::ErrorKind::BrokenPipe.into());
        assert_eq!(exit_code(&bare.context("could not write").expect_err("it failed")), ExitCode::Done);
    }

    #[test]
    fn a_server_that_hung_up_is_not_mistaken_for_a_reader_that_has_gone() {
        let lost = Error::new(Kind::ConnectionLost, "could not send a command")
            .because(io::Error::from(io::ErrorKind::BrokenPipe));
        let error = anyhow::Error::from(lost);
        assert_eq!(exit_code(&error), ExitCode::Unavailable);
        assert!(tell(&error).is_some());
    }

    #[test]
    fn errors_without_a_kind_are_judged_by_what_lies_beneath() {
        let denied = anyhow::Error::from(io::Error::from(io::ErrorKind::PermissionDenied));
        assert_eq!(exit_code(&denied.context("could not read x")), ExitCode::Io);
        assert_eq!(exit_code(&anyhow::anyhow!("no such verb")), ExitCode::Usage);
    }
}
