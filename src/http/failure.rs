//! Converts failures of an exchange into our errors: those of the HTTP library, and our own from dialling,
//! which it passes on. Text of an answer is never quoted.

use std::io::ErrorKind;

use ureq::Timeout;

use crate::advice::{Reach, Tls};
use crate::error::{Error, Kind, Phase};
use crate::sys::Stop;
use crate::transport;

/// Converts the failure of an exchange with `host`. If a requested stop ended the wait, the error says so.
pub(super) fn failure(error: ureq::Error, context: &str, host: &str, stop: &Stop) -> Error {
    let new = |kind| Error::new(kind, context);
    let error = match dialling(error) {
        Ok(error) => {
            let kind = error.kind();
            let error = error.in_context(context);
            // The advice from dialling is about a mail server's ports and options.
            return match kind {
                Kind::HostNotFound => error.advise(Reach::CheckProviderAddress),
                Kind::Connect => error.advise(Reach::CheckNetworkAndProxy),
                _ => error,
            };
        }
        Err(error) => error,
    };
    match error {
        ureq::Error::Timeout(_) if stop.is_requested() => {
            new(Kind::Interrupted).because("it did not answer before the requested stop")
        }
        ureq::Error::HostNotFound => new(Kind::HostNotFound)
            .because(format!("the host {host} was not found"))
            .advise(Reach::CheckProviderAddress),
        ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            new(Kind::Timeout(Phase::Connect)).because("it did not answer in time")
        }
        ureq::Error::Timeout(_) => new(Kind::Timeout(Phase::Reply)).because("it did not answer in time"),
        ureq::Error::NativeTls(error) => distrust(&error.to_string(), context, host),
        ureq::Error::Tls(text) => distrust(text, context, host),
        ureq::Error::BodyExceedsLimit(_) | ureq::Error::LargeResponseHeader(..) => {
            new(Kind::Protocol).because("its answer is larger than 1 MiB")
        }
        ureq::Error::Io(error) => match error.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
                new(Kind::ConnectionLost).because("it hung up").advise(Reach::TryLater)
            }
            ErrorKind::TimedOut | ErrorKind::WouldBlock => {
                new(Kind::Timeout(Phase::Reply)).because("it did not answer in time")
            }
            _ => new(Kind::Connect).because(error).advise(Reach::CheckNetworkAndProxy),
        },
        ureq::Error::ConnectionFailed => {
            new(Kind::Connect).because("it cannot be reached").advise(Reach::CheckNetworkAndProxy)
        }
        ureq::Error::ConnectProxyFailed(_) => new(Kind::Connect)
            .because("the proxy refused to connect to it")
            .advise(Reach::CheckNetworkAndProxy),
        // The others are about the answer, which their text may quote, so it is omitted.
        _ => new(Kind::Protocol).because("its answer is not HTTP"),
    }
}

/// Our own error that the HTTP library passed on.
fn dialling(error: ureq::Error) -> Result<Error, ureq::Error> {
    match error {
        ureq::Error::Other(inner) => match inner.downcast::<Error>() {
            Ok(error) => Ok(*error),
            Err(inner) => Err(ureq::Error::Other(inner)),
        },
        error => Err(error),
    }
}

fn distrust(text: &str, context: &str, host: &str) -> Error {
    // The original advice applies to the mail server only.
    transport::handshake_failed(host, text).in_context(context).advise(Tls::CheckProviderAuthority)
}
