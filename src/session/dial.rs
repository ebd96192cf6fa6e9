//! From an address to a session that is ready for sign-in: connect, TLS as the user wants it,
//! greeting, capabilities.

use std::time::Duration;

use super::{Authorization, Session, dialogue};
use crate::advice::{Reach, Tls};
use crate::connection::{Connection, Transcript};
use crate::error::{Error, Kind, Phase, Result};
use crate::protocol::Command;
use crate::sys::Stop;
use crate::transport::{Ending, Reason, Security, Shown, Target, TlsFailure, TlsSettings, Transport, Way};

/// How long each phase of [`Dial::examine`] may take: it only serves to explain an error.
const PATIENCE_TO_LOOK: Duration = Duration::from_secs(5);

/// How to reach a server.
#[derive(Debug, Clone, Copy)]
pub struct Dial<'a> {
    /// Where it is.
    pub target: &'a Target,
    /// Proxy, tunnel or addresses to use.
    pub way: &'a Way,
    /// When encryption begins.
    pub security: Security,
    /// What is trusted.
    pub tls: &'a TlsSettings,
    /// How long each phase may take.
    pub timeout: Duration,
    /// The request to stop, which ends every wait, those of the session too.
    pub stop: &'a Stop,
}

impl Dial<'_> {
    /// Connects and gets ready for sign-in. `transcript` makes the transcript of each connection: there are two
    /// if the server closes the first one on CAPA and is tried again without it.
    ///
    /// A server that is not trusted is examined in a second connection, to explain why ([`Dial::examine`]).
    ///
    /// # Errors
    /// [`Kind::HostNotFound`], [`Kind::Connect`], [`Kind::Tls`] ([`TlsFailure::find_in`] knows more),
    /// [`Kind::Timeout`], [`Kind::Protocol`], what [`Transport::secure`] says of the files it needs, and
    /// what an `-ERR` greeting means.
    pub fn dial(
        &self,
        transcript: &dyn Fn() -> Option<Box<dyn Transcript>>,
    ) -> Result<Session<Authorization>> {
        let mut session = match self.open(transcript(), true) {
            Err(error) if matches!(error.kind(), Kind::ConnectionLost | Kind::Timeout(Phase::Reply)) => {
                self.open(transcript(), false)
            }
            other => other,
        }
        .map_err(|error| self.explained(self.heard_nothing(error)))
        .map_err(|error| match error.kind() {
            // These errors name the server already.
            Kind::Connect | Kind::HostNotFound => error,
            _ => error.in_context(format!("could not begin a session with {}", self.target)),
        })?;
        session.set_host(self.host());
        if self.security == Security::None {
            session.allow_cleartext();
        }
        Ok(session)
    }

    /// What the server shows in a handshake, trusted or not: certificates, version. Nothing is sent after it, and
    /// no client certificate is presented.
    ///
    /// # Errors
    /// As [`Dial::dial`].
    pub fn examine(&self) -> Result<Shown> {
        let timeout = self.timeout.min(PATIENCE_TO_LOOK);
        let mut transport = Transport::connect(self.target, self.way, timeout, self.stop)?;
        if self.security == Security::Stls {
            let mut connection = Connection::new(transport, timeout, None);
            dialogue::reply(&mut connection, Phase::Greeting)?;
            dialogue::send_all(&mut connection, &[Command::Stls])?;
            dialogue::reply(&mut connection, Phase::Reply)?;
            transport = connection.into_transport();
        }
        transport.examine(self.tls, self.host(), timeout)
    }

    /// Whether a silent server waits for a TLS handshake: then a longer timeout would not help.
    fn heard_nothing(&self, error: Error) -> Error {
        let is_plain = self.security != Security::Implicit && matches!(self.target, Target::Tcp { .. });
        if !is_plain || error.kind() != Kind::Timeout(Phase::Greeting) {
            return error;
        }
        match (Dial { security: Security::Implicit, ..*self }).examine() {
            Ok(_) => Error::new(Kind::Tls, "the server expects TLS from the start").advise(Tls::BeginWithTls),
            Err(_) => error,
        }
    }

    /// A failed handshake with the reason that [`Dial::examine`] finds.
    fn explained(&self, error: Error) -> Error {
        let Some(failure) = TlsFailure::find_in(&error) else { return error };
        if self.security == Security::Stls && failure.reason() == Reason::NotTls {
            return error.advise(Tls::TryTlsFromStart);
        }
        match failure.wants_a_look().then(|| self.examine()) {
            Some(Ok(shown)) => failure.clone().seen(shown).into_error(),
            _ => error,
        }
    }

    fn host(&self) -> &str {
        match self.target {
            Target::Tcp { host, .. } => host,
            Target::Unix(_) => "localhost",
        }
    }

    fn open(&self, transcript: Option<Box<dyn Transcript>>, ask: bool) -> Result<Session<Authorization>> {
        let transport = Transport::connect(self.target, self.way, self.timeout, self.stop)?;
        let ending = transport.ending();
        self.begin(transport, transcript, ask).map_err(|error| self.explain(error, &ending))
    }

    fn begin(
        &self,
        mut transport: Transport,
        transcript: Option<Box<dyn Transcript>>,
        ask: bool,
    ) -> Result<Session<Authorization>> {
        let host = self.host();
        if self.security == Security::Implicit {
            transport = transport.secure(self.tls, host, self.timeout)?;
        }
        let session = Session::open(Connection::new(transport, self.timeout, transcript), ask)?;
        match self.security {
            Security::Stls => session.stls(self.tls, host),
            Security::Implicit | Security::None => Ok(session),
        }
    }

    /// A tunnel command that ends, or prints what no server sends, has not connected: that is another failure than
    /// one of the server.
    fn explain(&self, error: Error, ending: &Ending) -> Error {
        if !ending.is_of_a_tunnel() {
            return error;
        }
        let context = || format!("could not connect to {} through the tunnel", self.target);
        let advice = Reach::TunnelCarriesServerAlone;
        match ending.words() {
            Some(words) => Error::new(Kind::Connect, context()).because(words.to_owned()).advise(advice),
            None if ending.began_with_invalid_data() => {
                Error::new(Kind::Connect, context()).because("what it says is no greeting").advise(advice)
            }
            None if matches!(error.kind(), Kind::Timeout(_)) => error.advise(advice),
            None => error,
        }
    }
}
