//! The transport to the server: bytes out, bytes in; each wait has a deadline and ends when a stop is requested
//! ([`crate::sys::Stop`]). Connects by TCP, directly or through a SOCKS proxy, by a Unix socket, or by a
//! command that carries the bytes; turns a plain transport into an encrypted one (TLS from the start, or
//! STLS of RFC 2595), and has an in-memory form for tests. What the bytes mean is left to `connection` and
//! `protocol`; this module knows no protocol.
//!
//! ```text
//! Target ─┬▶ dial ─▶ Raw (socket) ─▶ Wire (deadlines) ─▶ Transport::Plain ─▶ connection
//! Way ────┘   ├ resolve, socks                             │ secure()
//!             └ tunnel  authorities,                       │
//!                          identity ─▶ tls ── pin ─────────▼
//!                   failure ◀─ distrust ◀─┘           Transport::Tls   ─▶ connection
//!                      └────── examine ◀── a second connection: certificate
//! ```

mod authorities;
mod certificate;
mod dial;
mod distrust;
mod examine;
mod exceptions;
mod failure;
mod identity;
pub mod memory;
mod pin;
mod resolve;
mod socks;
mod target;
mod tls;
#[cfg(test)]
mod tls_tests;
mod tunnel;
mod way;
mod wire;

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use openssl::ssl::{self, SslStream};

pub(crate) use authorities::authorities;
pub use certificate::Certificate;
pub use dial::{addresses, reach};
pub use examine::Shown;
pub use exceptions::goes_straight;
pub use failure::{Reason, TlsFailure};
pub use identity::ClientCertificate;
pub use pin::Pin;
pub use target::{Security, Target};
pub use tls::{TlsSettings, TlsVersion};
pub use tunnel::Ending;
pub use way::{Family, Names, Proxy, Way};

use crate::error::{Error, Kind, Phase, Result};
use crate::sys::{Awaited, Stop};
use wire::Wire;
pub(crate) use wire::deadline_after;

/// How long TLS's close_notify, or the last bytes of a server that has closed the connection, may take before
/// the connection is dropped.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(250);

/// What carries the bytes: a socket, or something that behaves like one.
///
/// `read` and `write` block for at most the time limit set last, then fail with
/// [`ErrorKind::WouldBlock`] or [`ErrorKind::TimedOut`] and may be called again.
pub trait Raw: Read + Write + Send + fmt::Debug {
    /// Sets how long each single `read` and `write` may block; never zero.
    fn set_timeout(&self, timeout: Duration) -> io::Result<()>;

    /// Closes both directions at once; the peer, and a read that is waiting, see the end.
    fn hang_up(&self);

    /// What is known about its end, also after it was closed.
    fn ending(&self) -> Ending {
        Ending::default()
    }
}

impl Raw for TcpStream {
    fn set_timeout(&self, timeout: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(timeout))?;
        self.set_write_timeout(Some(timeout))
    }

    fn hang_up(&self) {
        // Fails only when the peer has closed it already: the same end.
        let _ = self.shutdown(Shutdown::Both);
    }
}

impl Raw for UnixStream {
    fn set_timeout(&self, timeout: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(timeout))?;
        self.set_write_timeout(Some(timeout))
    }

    fn hang_up(&self) {
        let _ = self.shutdown(Shutdown::Both);
    }
}

/// The error kind of a read or write that was ended by a requested stop.
pub(crate) const STOPPED: ErrorKind = ErrorKind::Interrupted;

/// The failure of a wait that was ended by a requested stop.
pub(crate) fn stopped(phase: Phase) -> Error {
    Error::new(Kind::Interrupted, format!("stopped while {}", phase.doing()))
}

/// One transport to a server, plain or encrypted.
#[derive(Debug)]
pub struct Transport(Stream);

#[derive(Debug)]
enum Stream {
    Plain(Wire),
    Tls(Box<Secured>),
}

/// An encrypted connection, and the settings of its handshake: a server may still refuse afterwards.
#[derive(Debug)]
struct Secured {
    stream: SslStream<Wire>,
    tls: TlsSettings,
    host: String,
}

impl Transport {
    /// Connects to `target` by that way: name resolution, every address and a proxy share the time limit, and an
    /// address that does not answer is soon tried in parallel with the next one, so that a dead first address
    /// costs little. Every wait of the transport, now and later, ends soon after `stop` is requested.
    ///
    /// # Errors
    /// [`Kind::HostNotFound`], [`Kind::Connect`], or [`Kind::Timeout`] of the phase `Connect`;
    /// [`Kind::Usage`] for a way that cannot reach it; [`Kind::Interrupted`].
    pub fn connect(target: &Target, way: &Way, timeout: Duration, stop: &Stop) -> Result<Transport> {
        way.check(target)?;
        let _waiting = stop.waiting(Awaited::Doing(Phase::Connect.doing()), timeout);
        let mut transport =
            dial::dial(target, way, deadline_after(timeout), stop).map(Transport::from_raw)?;
        transport.set_stop(stop.clone());
        Ok(transport)
    }

    /// A plain transport over something already connected: a socket pair, a tunnel, a test's pipe.
    pub fn from_raw(raw: Box<dyn Raw>) -> Transport {
        Transport(Stream::Plain(Wire::new(raw, Stop::new())))
    }

    /// Makes waits end soon after `stop` is requested, from now on.
    pub fn set_stop(&mut self, stop: Stop) {
        self.wire().set_stop(stop);
    }

    /// The request to stop that ends its waits.
    pub fn stop(&self) -> &Stop {
        match &self.0 {
            Stream::Plain(wire) => wire.stop(),
            Stream::Tls(secured) => secured.stream.get_ref().stop(),
        }
    }

    /// Encrypts the connection: handshake with SNI, chain and name verified against `host` (or
    /// [`TlsSettings::host`]); with pins, the certificate must be one of them instead.
    ///
    /// The caller makes sure that no byte read before is still unused: after STLS such bytes are
    /// an attack (RFC 2595 section 2.4).
    ///
    /// # Errors
    /// [`Kind::Tls`] when the server is not trusted or no TLS could be agreed on ([`TlsFailure::find_in`]
    /// finds the reason), [`Kind::Timeout`] of the phase `Tls`, [`Kind::Io`] or [`Kind::Data`] for a CA
    /// file or a client certificate that cannot be used, [`Kind::Config`] for a key that others may read,
    /// and [`Kind::NoCredentials`] for one that cannot be decrypted.
    pub fn secure(self, tls: &TlsSettings, host: &str, timeout: Duration) -> Result<Transport> {
        let wire = self.plain_wire(host)?;
        let _waiting = wire.stop().waiting(Awaited::Doing(Phase::Tls.doing()), timeout);
        let stream = tls::secure(wire, tls, host, deadline_after(timeout))?;
        Ok(Transport(Stream::Tls(Box::new(Secured { stream, tls: tls.clone(), host: host.to_owned() }))))
    }

    /// Makes a handshake that trusts any certificate, and closes the connection; nothing is ever sent over it. To
    /// tell the user what could be trusted, and why something was not.
    ///
    /// # Errors
    /// [`Kind::Tls`] if the server sent no certificate, or [`Kind::Timeout`] of the phase `Tls`.
    pub fn examine(self, tls: &TlsSettings, host: &str, timeout: Duration) -> Result<Shown> {
        let wire = self.plain_wire(host)?;
        examine::examine(wire, tls, host, deadline_after(timeout))
    }

    /// The server's certificate; `None` on a plain connection.
    pub fn certificate(&self) -> Option<Certificate> {
        match &self.0 {
            Stream::Plain(_) => None,
            Stream::Tls(secured) => tls::certificate(&secured.stream),
        }
    }

    /// What is known about the connection's end, also after it was closed.
    pub fn ending(&self) -> Ending {
        match &self.0 {
            Stream::Plain(wire) => wire.ending(),
            Stream::Tls(secured) => secured.stream.get_ref().ending(),
        }
    }

    /// Whether what is written now is encrypted, for a server that was verified.
    pub fn is_encrypted(&self) -> bool {
        matches!(self.0, Stream::Tls(_))
    }

    /// The channel binding of this TLS connection: a digest of the server's certificate (`tls-server-end-point`,
    /// RFC 5929 section 4). `None` without TLS, and for a certificate whose signature names no hash.
    pub fn end_point(&self) -> Option<Vec<u8>> {
        match &self.0 {
            Stream::Plain(_) => None,
            Stream::Tls(secured) => tls::end_point(&secured.stream),
        }
    }

    /// Reads what has arrived, at least one byte; 0 is the end of the connection (also of a TLS connection without
    /// close_notify: POP3 marks the end of everything itself, so a lost connection cannot pass for one).
    ///
    /// # Errors
    /// [`ErrorKind::TimedOut`] once `deadline` has passed, [`ErrorKind::Interrupted`] once a requested stop
    /// allows no more waiting; otherwise the error of the socket or of TLS. Never `WouldBlock`.
    pub fn read(&mut self, buffer: &mut [u8], deadline: Instant) -> io::Result<usize> {
        self.wire().set_deadline(deadline);
        match &mut self.0 {
            Stream::Plain(wire) => wire.read(buffer).map_err(|error| describe_error(error, wire)),
            Stream::Tls(secured) => match secured.stream.read(buffer) {
                Err(error) => {
                    let wire = secured.stream.get_ref();
                    match secured.refused(&error) {
                        Some(refused) => Err(refused),
                        None if wire.has_ended() => Ok(0),
                        None => Err(describe_error(error, wire)),
                    }
                }
                outcome => outcome,
            },
        }
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// [`ErrorKind::TimedOut`] once `deadline` has passed and [`ErrorKind::Interrupted`] once a requested stop
    /// allows no more waiting (part of the bytes may have been sent); otherwise the error of the socket or of TLS.
    pub fn write_all(&mut self, bytes: &[u8], deadline: Instant) -> io::Result<()> {
        self.wire().set_deadline(deadline);
        let line: &mut dyn Write = match &mut self.0 {
            Stream::Plain(wire) => wire,
            Stream::Tls(secured) => &mut secured.stream,
        };
        let outcome = line.write_all(bytes).and_then(|()| line.flush());
        outcome.map_err(|error| match error.kind() {
            // The connection is still open.
            ErrorKind::WouldBlock => describe_error(error, self.wire()),
            _ => self.read_refusal().unwrap_or_else(|| describe_error(error, self.wire())),
        })
    }

    /// What the server sent before it closed a connection that can no longer be written to. It may have
    /// refused something while the client was only writing.
    fn read_refusal(&mut self) -> Option<io::Error> {
        let Stream::Tls(secured) = &mut self.0 else { return None };
        secured.stream.get_mut().set_deadline(deadline_after(CLOSE_TIMEOUT));
        let error = secured.stream.read_exact(&mut [0; 1]).err()?;
        secured.refused(&error)
    }

    /// Closes the connection, under TLS with close_notify if that does not take long. Later reads see the end.
    pub fn hang_up(&mut self) {
        self.wire().set_deadline(deadline_after(CLOSE_TIMEOUT));
        if let Stream::Tls(secured) = &mut self.0 {
            // The connection is closed in any case.
            let _ = secured.stream.shutdown();
        }
        self.wire().hang_up();
    }

    fn wire(&mut self) -> &mut Wire {
        match &mut self.0 {
            Stream::Plain(wire) => wire,
            Stream::Tls(secured) => secured.stream.get_mut(),
        }
    }

    fn plain_wire(self, host: &str) -> Result<Wire> {
        match self.0 {
            Stream::Plain(wire) => Ok(wire),
            Stream::Tls(_) => {
                Err(Error::new(Kind::Usage, format!("could not encrypt the connection to {host} twice")))
            }
        }
    }
}

impl Secured {
    /// The error if the server refuses our certificate, or requires one, after the handshake.
    fn refused(&self, error: &io::Error) -> Option<io::Error> {
        let error = error.get_ref()?.downcast_ref::<ssl::Error>()?;
        let (reason, words) = distrust::read_late(error, self.tls.identity.is_some())?;
        Some(io::Error::other(TlsFailure::new(reason, words, &self.tls, &self.host)))
    }
}

/// The error for a failed handshake of another connection (HTTPS to an OAuth provider), in the same words.
pub(crate) fn handshake_failed(host: &str, text: &str) -> Error {
    let (reason, words) = distrust::read_text(text);
    TlsFailure::new(reason, words, &TlsSettings::default(), host).into_error()
}

/// Replaces the `WouldBlock` of a wire whose wait has ended (the only error after which a TLS library may be
/// resumed) with the reason. Other failures of TLS keep the library's text.
fn describe_error(error: io::Error, wire: &Wire) -> io::Error {
    match error.kind() {
        ErrorKind::WouldBlock if wire.was_stopped() => STOPPED.into(),
        ErrorKind::WouldBlock => ErrorKind::TimedOut.into(),
        kind => match error.get_ref().and_then(|inner| inner.downcast_ref::<ssl::Error>()) {
            Some(inner) => io::Error::new(kind, distrust::words_of(inner)),
            None => error,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;
    use std::thread;

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(40)
    }

    fn sockets() -> (Transport, UnixStream) {
        let (near, far) = UnixStream::pair().expect("a socket pair");
        (Transport::from_raw(Box::new(near)), far)
    }

    #[test]
    fn reads_what_is_there_then_the_end() {
        let (mut transport, mut far) = sockets();
        far.write_all(b"+OK\r\n").unwrap();
        drop(far);
        let mut buffer = [0; 64];
        assert_eq!(transport.read(&mut buffer, soon()).unwrap(), 5);
        assert_eq!(&buffer[..5], b"+OK\r\n");
        assert_eq!(transport.read(&mut buffer, soon()).unwrap(), 0);
        assert!(!transport.is_encrypted());
    }

    #[test]
    fn a_silent_peer_ends_the_read_at_the_deadline_as_timed_out() {
        let (mut transport, _far) = sockets();
        let start = Instant::now();
        let error = transport.read(&mut [0; 8], soon()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(start.elapsed() >= Duration::from_millis(39), "not before its time");
        assert!(start.elapsed() < Duration::from_secs(1), "and not long after");
    }

    #[test]
    fn a_stop_during_a_wait_ends_it_within_seconds_and_a_second_one_at_once() {
        let (mut transport, _far) = sockets();
        let stop = Stop::new();
        transport.set_stop(stop.clone());
        let far_away = Instant::now() + Duration::from_secs(60);
        let signal = thread::spawn(move || {
            thread::sleep(Duration::from_millis(50));
            stop.request();
            stop.request();
        });
        let start = Instant::now();
        assert_eq!(transport.read(&mut [0; 8], far_away).unwrap_err().kind(), STOPPED);
        assert!(start.elapsed() < Duration::from_secs(5), "looked soon");
        assert_eq!(transport.write_all(b"QUIT\r\n", far_away).unwrap_err().kind(), STOPPED);
        signal.join().unwrap();
    }

    #[test]
    fn a_peer_that_reads_nothing_ends_the_write_at_the_deadline() {
        let (mut transport, _far) = sockets();
        let error = transport.write_all(&vec![b'x'; 4 << 20], soon()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }

    #[test]
    fn a_connection_may_be_used_again_after_a_deadline() {
        let (mut transport, mut far) = sockets();
        transport.read(&mut [0; 8], soon()).unwrap_err();
        far.write_all(b"late").unwrap();
        let mut buffer = [0; 8];
        assert_eq!(transport.read(&mut buffer, soon()).unwrap(), 4);
    }

    #[test]
    fn hanging_up_ends_both_directions() {
        let (mut transport, mut far) = sockets();
        transport.hang_up();
        transport.hang_up();
        assert_eq!(far.read(&mut [0; 8]).unwrap(), 0);
        assert_eq!(transport.read(&mut [0; 8], soon()).unwrap(), 0);
        assert!(transport.write_all(b"NOOP\r\n", soon()).is_err());
    }

    #[test]
    fn speaks_over_a_unix_socket() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("pop3");
        let listener = UnixListener::bind(&path).unwrap();
        let server = thread::spawn(move || {
            let (mut peer, _) = listener.accept().unwrap();
            peer.write_all(b"+OK\r\n").unwrap();
            let mut command = [0; 6];
            peer.read_exact(&mut command).unwrap();
            command
        });
        let mut transport =
            Transport::connect(&Target::Unix(path), &Way::default(), Duration::from_secs(5), &Stop::new())
                .unwrap();
        let mut buffer = [0; 16];
        let far = Instant::now() + Duration::from_secs(5);
        assert_eq!(transport.read(&mut buffer, far).unwrap(), 5);
        transport.write_all(b"QUIT\r\n", far).unwrap();
        assert_eq!(&server.join().unwrap(), b"QUIT\r\n");
    }
}
