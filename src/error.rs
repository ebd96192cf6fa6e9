//! The error type: an [`Error`] has a [`Kind`], what was being done, a cause, and sometimes [`Advice`]. It depends
//! on no other module but that of advice. The sentences for users and the exit status are in `cli/`.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use crate::advice::Advice;

/// The result type of the library.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What the program was waiting for when a deadline passed, for the error message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Resolving the host's name and connecting to one of its addresses.
    Connect,
    /// The TLS handshake.
    Tls,
    /// The greeting (RFC 1939 section 3).
    Greeting,
    /// The status line of a reply, or a listing.
    Reply,
    /// The rest of a message.
    Body,
    /// Sending a command: the server has stopped reading.
    Send,
    /// A lock on an mbox that another program holds.
    Lock,
}

impl Phase {
    /// What is being done in this phase: `connecting`, `waiting for a reply`.
    pub(crate) fn doing(self) -> &'static str {
        match self {
            Phase::Connect => "connecting",
            Phase::Tls => "negotiating TLS",
            Phase::Greeting => "waiting for the greeting",
            Phase::Reply => "waiting for a reply",
            Phase::Body => "waiting for more of a message",
            Phase::Send => "sending a command",
            Phase::Lock => "waiting for a lock",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.doing())
    }
}

/// The kind of a failure, on which callers decide what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A value that the user typed or the caller passed is not valid.
    Usage,
    /// The configuration is wrong.
    Config,
    /// There is no password to sign in with, and no way to ask the user for one.
    NoCredentials,
    /// The host's name cannot be resolved.
    HostNotFound,
    /// No address of the host accepted the connection.
    Connect,
    /// The connection was lost before everything was received.
    ConnectionLost,
    /// A phase took longer than its timeout.
    Timeout(Phase),
    /// The server's identity or the encryption could not be trusted.
    Tls,
    /// The server violated the protocol.
    Protocol,
    /// The server does not support what was requested.
    Unsupported,
    /// An `-ERR` without a response code that is more specific.
    Refused,
    /// The credentials were refused (`[AUTH]`, RFC 3206, or an `-ERR` to a sign-in).
    SignIn,
    /// Another session holds the maildrop (`[IN-USE]`, RFC 2449).
    InUse,
    /// Signed in too soon after the last sign-in (`[LOGIN-DELAY]`, RFC 2449).
    LoginDelay,
    /// A temporary problem of the server (`[SYS/TEMP]`, RFC 3206).
    ServerTemporary,
    /// A permanent problem of the server (`[SYS/PERM]`, RFC 3206).
    ServerPermanent,
    /// The message is available only in UTF-8 mode (`[UTF8]`, RFC 6856).
    NeedsUtf8,
    /// No message has that number or unique-id.
    NoSuchMessage,
    /// Another run holds the journal.
    AlreadyRunning,
    /// The destination cannot be created or opened.
    Create,
    /// Reading or writing a file failed.
    Io,
    /// The disk or the quota is full.
    DiskFull,
    /// A file or a message contains data that cannot be used.
    Data,
    /// Some messages could not be fetched and will be tried again.
    Partial,
    /// The user asked to stop.
    Interrupted,
}

/// A failure: its [`Kind`], what was being done (`could not <verb> <thing>`), its cause, and sometimes advice
/// for the user. Never contains a secret.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    context: String,
    /// Boxed, since few errors have one and all are returned by value.
    advice: Option<Box<Advice>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// A failure of this kind. `context` is lower case, without a full stop.
    pub fn new(kind: Kind, context: impl Into<String>) -> Self {
        Error { kind, context: context.into(), advice: None, source: None }
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds what the user can do about it.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<Advice>) -> Self {
        self.advice = Some(Box::new(advice.into()));
        self
    }

    /// The same in the words of the program that uses the library.
    #[must_use]
    pub fn hint(self, text: impl Into<String>) -> Self {
        self.advise(Advice::Text(text.into()))
    }

    /// A failed file operation: [`Kind::DiskFull`] for a full disk, otherwise [`Kind::Io`].
    pub fn io(context: impl Into<String>, source: io::Error) -> Self {
        let kind = match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Kind::DiskFull
            }
            _ => Kind::Io,
        };
        Error::new(kind, context).because(source)
    }

    /// Wraps the error in a new context: kind and advice stay, and the old error becomes the cause.
    #[must_use]
    pub fn in_context(self, context: impl Into<String>) -> Self {
        let (kind, advice) = (self.kind, self.advice.clone());
        Error { kind, context: context.into(), advice, source: Some(Box::new(self)) }
    }

    /// Rewrites the context.
    #[must_use]
    pub(crate) fn map_context(mut self, change: impl FnOnce(&str) -> String) -> Self {
        self.context = change(&self.context);
        self
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What the user can do about it, if the code that failed knows more than the kind says.
    pub fn advice(&self) -> Option<&Advice> {
        self.advice.as_deref()
    }

    /// The first cause of that type, at any depth.
    pub fn find_cause<T: StdError + 'static>(&self) -> Option<&T> {
        let mut next = self.source();
        while let Some(cause) = next {
            if let Some(found) = cause.downcast_ref() {
                return Some(found);
            }
            next = cause.source();
        }
        None
    }

    /// Whether the connection cannot be used any more, so that further commands would fail, too.
    pub fn ends_the_session(&self) -> bool {
        matches!(
            self.kind,
            Kind::ConnectionLost
                | Kind::Timeout(_)
                | Kind::Protocol
                | Kind::Tls
                | Kind::Connect
                | Kind::HostNotFound
        )
    }

    /// Whether retrying later, without any change, may help.
    pub fn is_temporary(&self) -> bool {
        matches!(
            self.kind,
            Kind::InUse
                | Kind::LoginDelay
                | Kind::ServerTemporary
                | Kind::Timeout(_)
                | Kind::AlreadyRunning
                | Kind::Partial
        )
    }
}

impl fmt::Display for Error {
    /// Only the context; a reporter prints the causes by walking `source()`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.context)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::Tls;

    #[test]
    fn a_full_disk_has_its_own_kind() {
        let full = Error::io("could not write x", io::ErrorKind::StorageFull.into());
        assert_eq!(full.kind(), Kind::DiskFull);
        let other = Error::io("could not write x", io::ErrorKind::PermissionDenied.into());
        assert_eq!(other.kind(), Kind::Io);
    }

    #[test]
    fn a_new_context_keeps_kind_and_advice() {
        let advice = Tls::HaveItRenewed { pin: None };
        let inner = Error::new(Kind::Tls, "certificate expired").advise(advice.clone());
        let outer = inner.in_context("could not connect to h");
        assert_eq!(outer.kind(), Kind::Tls);
        assert_eq!(outer.advice(), Some(&advice.into()));
        assert_eq!(outer.source().map(ToString::to_string).as_deref(), Some("certificate expired"));
    }

    #[test]
    fn a_cause_is_found_by_its_type_at_any_depth() {
        let cause = "x".parse::<u8>().expect_err("no number");
        let error =
            Error::new(Kind::Data, "could not read it").because(cause.clone()).in_context("could not go on");
        assert_eq!(error.find_cause::<std::num::ParseIntError>(), Some(&cause));
        assert!(error.find_cause::<io::Error>().is_none());
    }
}
