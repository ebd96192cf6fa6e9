//! What is said on stderr with `--json`: errors, warnings, notes and the trace.

use pop3::error::Kind;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Certificate, Line};
use crate::cli::report::ErrorText;

/// A line of stderr.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(deny_unknown_fields)]
pub(crate) enum Talk<'a> {
    /// Something failed. On stderr, with every command.
    Error {
        /// The account that it is about, where it is about one.
        account: Option<&'a str>,
        /// What failed, in a word.
        kind: KindName,
        /// The exit code that it stands for.
        exit: u8,
        /// What could not be done, and why.
        message: &'a str,
        /// What to do about it.
        hint: Option<&'a str>,
        /// The certificate that it is about.
        #[serde(skip_serializing_if = "Option::is_none")]
        certificate: Option<Certificate>,
    },
    /// Something is not as it should be, but the work goes on. On stderr, with every command; not with --quiet.
    Warning {
        /// The account that it is about, where it is about one.
        account: Option<&'a str>,
        /// What failed, in a word, if an error is the cause.
        kind: Option<KindName>,
        /// The exit code that it stands for, if an error is the cause.
        exit: Option<u8>,
        /// What is not as it should be.
        message: &'a str,
        /// What to do about it.
        hint: Option<&'a str>,
    },
    /// Something worth knowing, for people. On stderr, with every command; not with --quiet.
    Note {
        /// A sentence, which may change from version to version.
        message: &'a str,
    },
    /// A line of --trace. On stderr.
    Trace {
        /// The line.
        message: &'a str,
    },
}

impl Line for Talk<'_> {}

impl<'a> Talk<'a> {
    /// An error.
    pub(crate) fn error(account: Option<&'a str>, told: &'a ErrorText, exit: u8) -> Self {
        Talk::Error {
            account,
            kind: told.kind.into(),
            exit,
            message: &told.sentence,
            hint: told.hint.as_deref(),
            certificate: told.certificate.as_ref().map(Into::into),
        }
    }
}

/// What failed, in a word that stays the same from version to version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KindName {
    /// Wrong usage: an option, an argument, an account that is not there.
    Usage,
    /// The configuration is wrong.
    Config,
    /// There is no password, and nobody to ask for one.
    NoCredentials,
    /// The host's name cannot be resolved.
    HostNotFound,
    /// No address of the host accepted the connection.
    Connect,
    /// The connection was lost.
    ConnectionLost,
    /// The server, or whoever holds a lock, took too long.
    Timeout,
    /// The server's certificate, or the encryption, could not be trusted.
    Tls,
    /// The server violated the protocol.
    Protocol,
    /// The server does not support what was requested.
    Unsupported,
    /// The server refused a command.
    Refused,
    /// The server, or the OAuth provider, refused the sign-in.
    SignIn,
    /// Another session holds the maildrop.
    InUse,
    /// Signed in too soon after the last sign-in.
    LoginDelay,
    /// A temporary problem of the server.
    ServerTemporary,
    /// A permanent problem of the server.
    ServerPermanent,
    /// The server gives this message in UTF-8 mode only.
    NeedsUtf8,
    /// No message has that number or unique-id.
    NoSuchMessage,
    /// Another run is at work on the account.
    AlreadyRunning,
    /// The destination, or a file, cannot be created or opened.
    Create,
    /// Reading or writing failed.
    Io,
    /// The disk or the quota is full.
    DiskFull,
    /// A file or a message contains data that cannot be used.
    Data,
    /// Some messages could not be fetched, and will be retried.
    Partial,
    /// Ctrl-C or SIGTERM.
    Interrupted,
}

impl From<Kind> for KindName {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Usage => KindName::Usage,
            Kind::Config => KindName::Config,
            Kind::NoCredentials => KindName::NoCredentials,
            Kind::HostNotFound => KindName::HostNotFound,
            Kind::Connect => KindName::Connect,
            Kind::ConnectionLost => KindName::ConnectionLost,
            Kind::Timeout(_) => KindName::Timeout,
            Kind::Tls => KindName::Tls,
            Kind::Protocol => KindName::Protocol,
            Kind::Unsupported => KindName::Unsupported,
            Kind::Refused => KindName::Refused,
            Kind::SignIn => KindName::SignIn,
            Kind::InUse => KindName::InUse,
            Kind::LoginDelay => KindName::LoginDelay,
            Kind::ServerTemporary => KindName::ServerTemporary,
            Kind::ServerPermanent => KindName::ServerPermanent,
            Kind::NeedsUtf8 => KindName::NeedsUtf8,
            Kind::NoSuchMessage => KindName::NoSuchMessage,
            Kind::AlreadyRunning => KindName::AlreadyRunning,
            Kind::Create => KindName::Create,
            Kind::DiskFull => KindName::DiskFull,
            Kind::Data => KindName::Data,
            Kind::Partial => KindName::Partial,
            Kind::Interrupted => KindName::Interrupted,
            // Io, and any kind that was added since: as its exit code.
            _ => KindName::Io,
        }
    }
}
