//! From an address to a session that is ready for sign-in: connect, TLS as the user wants it,
//! greeting, capabilities.

use std::time::Duration;

use super::{Authorization, Session};
use crate::connection::{Connection, Transcript};
use crate::error::{Kind, Phase, Result};
use crate::protocol::Command;
use crate::transport::{Pin, Security, Target, TlsSettings, Transport};

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
        .map_err(|error| match error.kind() {
            // These name the server themselves.
            Kind::Connect | Kind::HostNotFound => error,
            _ => error.within(format!("could not begin a session with {}", self.target)),
        })?;
        session.set_host(self.host());
        if self.security == Security::None {
            session.allow_cleartext();
        }
        Ok(session)
    }

    /// The SHA-256 of the certificate that the server shows, trusted or not, for the user to compare
    /// and pin. Nothing is sent behind the handshake.
    ///
    /// # Errors
    /// As [`Dial::dial`].
    pub fn fingerprint(&self) -> Result<Pin> {
        let mut transport = Transport::connect(self.target, self.patience)?;
        if self.security == Security::Stls {
            let mut connection = Connection::new(transport, self.patience, None);
            connection.reply(Phase::Greeting)?;
            connection.send(&Command::Stls)?;
            connection.reply(Phase::Reply)?;
            transport = connection.into_transport();
        }
        transport.fingerprint(self.tls, self.host(), self.patience)
    }

    fn host(&self) -> &str {
        match self.target {
            Target::Tcp { host, .. } => host,
            Target::Unix(_) => "localhost",
        }
    }

    fn open(&self, transcript: Option<Box<dyn Transcript>>, ask: bool) -> Result<Session<Authorization>> {
        let host = self.host();
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
