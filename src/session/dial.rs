//! From an address to a session that is ready for sign-in: connect, TLS as the user wants it,
//! greeting, capabilities.

use std::time::Duration;

use super::{Authorization, Session};
use crate::connection::{Connection, Transcript};
use crate::error::{Kind, Phase, Result};
use crate::transport::{Security, Target, TlsSettings, Transport};

/// How to reach a server.
#[derive(Debug, Clone, Copy)]
pub struct Dial<'a> {
    /// Where it is.
    pub target: &'a Target,
    /// When encryption begins.
    pub security: Security,
    /// What is trusted.
    pub tls: &'a TlsSettings,
    /// How long each phase may take.
    pub patience: Duration,
}

impl Dial<'_> {
    /// Connects and gets ready for sign-in. `transcript` makes the watcher of each conversation:
    /// there are two where the server hung up on CAPA and is asked again without it.
    ///
    /// # Errors
    /// [`Kind::HostNotFound`], [`Kind::Connect`], [`Kind::Tls`], [`Kind::Timeout`],
    /// [`Kind::Protocol`], and what an `-ERR` greeting means.
    pub fn dial(
        &self,
        transcript: &dyn Fn() -> Option<Box<dyn Transcript>>,
    ) -> Result<Session<Authorization>> {
        let mut session = match self.open(transcript(), true) {
            Err(error) if matches!(error.kind(), Kind::LineLost | Kind::Timeout(Phase::Reply)) => {
                self.open(transcript(), false)
            }
            other => other,
        }
        .map_err(|error| error.within(format!("could not begin a session with {}", self.target)))?;
        if self.security == Security::None {
            session.allow_cleartext();
        }
        Ok(session)
    }

    fn open(&self, transcript: Option<Box<dyn Transcript>>, ask: bool) -> Result<Session<Authorization>> {
        let host = match self.target {
            Target::Tcp { host, .. } => host.as_str(),
            Target::Unix(_) => "localhost",
        };
        let mut transport = Transport::connect(self.target, self.patience)?;
        if self.security == Security::Implicit {
            transport = transport.secure(self.tls, host, self.patience)?;
        }
        let session = Session::open(Connection::new(transport, self.patience, transcript), ask)?;
        match self.security {
            Security::Stls => session.stls(self.tls, host),
            Security::Implicit | Security::None => Ok(session),
        }
    }
}
