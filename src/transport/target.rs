//! Where the server is, and how the connection to it is encrypted: values, parsed and shown.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::advice::Tls;
use crate::error::{Error, Kind};
use crate::quote;

/// Where to reach the server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// A host, by name or address (IPv6 without brackets), and a port.
    Tcp {
        /// Name or address.
        host: String,
        /// Port number.
        port: u16,
    },
    /// A Unix socket.
    Unix(PathBuf),
}

impl fmt::Display for Target {
    /// `host:port`, `[address]:port` for IPv6, or the socket's path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Target::Tcp { host, port } => write!(f, "{host}:{port}"),
            Target::Unix(path) => path.display().fmt(f),
        }
    }
}

/// How the connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Security {
    /// TLS from the first byte (RFC 8314 section 3.3), usually port 995.
    Implicit,
    /// A plain connection that must switch to TLS before anything else (RFC 2595), usually port 110.
    Stls,
    /// In the clear; only if the user requests it.
    None,
}

impl fmt::Display for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Security::Implicit => "implicit",
            Security::Stls => "stls",
            Security::None => "none",
        })
    }
}

impl FromStr for Security {
    type Err = Error;

    /// Reads `implicit`, `stls` or `none`; anything else is [`Kind::Usage`].
    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "implicit" => Ok(Security::Implicit),
            "stls" => Ok(Security::Stls),
            "none" => Ok(Security::None),
            _ => Err(Error::new(
                Kind::Usage,
                format!("could not understand the TLS mode `{}`", quote::short(text)),
            )
            .advise(Tls::SayWhichMode)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str) -> Target {
        Target::Tcp { host: host.into(), port: 995 }
    }

    #[test]
    fn shows_each_target_as_a_person_writes_it() {
        assert_eq!(tcp("pop.example.com").to_string(), "pop.example.com:995");
        assert_eq!(tcp("192.0.2.1").to_string(), "192.0.2.1:995");
        assert_eq!(tcp("2001:db8::1").to_string(), "[2001:db8::1]:995");
        assert_eq!(Target::Unix("/run/pop3".into()).to_string(), "/run/pop3");
    }

    #[test]
    fn every_tls_mode_reads_back_as_it_is_shown() {
        for security in [Security::Implicit, Security::Stls, Security::None] {
            assert_eq!(security.to_string().parse::<Security>().unwrap(), security);
        }
        let error = "starttls".parse::<Security>().unwrap_err();
        assert_eq!(error.kind(), Kind::Usage);
        assert_eq!(error.advice(), Some(&Tls::SayWhichMode.into()));
    }
}
