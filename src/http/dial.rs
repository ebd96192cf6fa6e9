//! Makes the connections of the HTTP client in the same way as those to the mail server: all addresses of the
//! host are tried, with the next one started in parallel if one is slow, and name resolution, SOCKS proxy,
//! `-4`/`-6`, deadline and requested stop are handled by [`crate::transport`]. The HTTP library adds TLS and
//! the tunnel through an HTTP proxy.

use std::io::ErrorKind;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport as HttpTransport,
};

use super::{WebProxy, port_of};
use crate::sys::Stop;
use crate::sys::stop::LOOK_EVERY;
use crate::transport::{Target, Transport, Way, deadline_after};

/// How long an exchange in progress may take after a stop was requested. Its answer may contain a new refresh
/// token that replaces the old one, and would be lost.
const AFTER_STOP: Duration = Duration::from_secs(10);

/// Leaves name resolution to the [`Dialler`], which tries the addresses in parallel and knows the proxy.
#[derive(Debug)]
pub(super) struct NoResolver;

impl Resolver for NoResolver {
    fn resolve(
        &self,
        _: &Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}

/// Makes the connections.
#[derive(Debug)]
pub(super) struct Dialler {
    /// The way to hosts that are not reached directly.
    pub(super) way: Way,
    /// Determines which hosts are reached directly.
    pub(super) proxy: WebProxy,
    /// The request to stop.
    pub(super) stop: Stop,
}

impl<In: HttpTransport> Connector<In> for Dialler {
    type Out = Either<In, Connection>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        // An HTTP proxy has connected already.
        if let Some(tunnel) = chained {
            return Ok(Some(Either::A(tunnel)));
        }
        let host = bare(details.uri.host().unwrap_or_default());
        let port = port_of(details.uri);
        let target = Target::Tcp { host: host.to_owned(), port };
        let way = match self.proxy.is_direct(host, port) {
            true => Way { proxy: None, ..self.way.clone() },
            false => self.way.clone(),
        };
        let transport = Transport::connect(&target, &way, *details.timeout.after, &self.stop)
            .map_err(|error| ureq::Error::Other(Box::new(error)))?;
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        Ok(Some(Either::B(Connection::new(transport, buffers, self.stop.clone()))))
    }
}

/// The host of an address, IPv6 without the brackets.
pub(super) fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host)
}

/// A connection, as required by the HTTP library.
#[derive(Debug)]
pub(super) struct Connection {
    /// Never locked: the library requires a type that threads may share.
    transport: Mutex<Transport>,
    buffers: LazyBuffers,
    stop: Stop,
    /// When the requested stop was first noticed.
    stopped: Option<Instant>,
}

impl Connection {
    fn new(mut transport: Transport, buffers: LazyBuffers, stop: Stop) -> Connection {
        // From here on `wait` checks the stop, to give the exchange more time.
        transport.set_stop(Stop::new());
        Connection { transport: Mutex::new(transport), buffers, stop, stopped: None }
    }

    /// How long to wait before checking the stop again.
    ///
    /// # Errors
    /// [`ureq::Error::Timeout`] when no time is left.
    fn wait(&mut self, deadline: Instant, timeout: NextTimeout) -> Result<Instant, ureq::Error> {
        let now = Instant::now();
        if self.stop.is_requested() {
            self.stopped.get_or_insert(now);
        }
        let end = self.stopped.map_or(deadline, |stopped| deadline.min(stopped + AFTER_STOP));
        if now >= end {
            return Err(ureq::Error::Timeout(timeout.reason));
        }
        Ok(end.min(now + LOOK_EVERY))
    }
}

/// A failure for the HTTP library. Its helper functions retry after `Interrupted`, so that kind must not
/// reach them.
fn failed(error: std::io::Error, timeout: NextTimeout) -> ureq::Error {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock | ErrorKind::Interrupted => {
            ureq::Error::Timeout(timeout.reason)
        }
        _ => ureq::Error::Io(error),
    }
}

impl HttpTransport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let timeout = timeout.for_write();
        // Requests are short, so that checking the stop before sending is enough.
        let deadline = deadline_after(*timeout.after);
        self.wait(deadline, timeout)?;
        let end = self.stopped.map_or(deadline, |stopped| deadline.min(stopped + AFTER_STOP));
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        let transport = self.transport.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner());
        transport.write_all(output, end).map_err(|error| failed(error, timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let timeout = timeout.for_read();
        let deadline = deadline_after(*timeout.after);
        loop {
            let until = self.wait(deadline, timeout)?;
            let transport = self.transport.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner());
            match transport.read(self.buffers.input_append_buf(), until) {
                Ok(count) => {
                    self.buffers.input_appended(count);
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == ErrorKind::TimedOut => {}
                Err(error) => return Err(failed(error, timeout)),
            }
        }
    }

    /// A connection is used for one exchange only.
    fn is_open(&mut self) -> bool {
        false
    }
}
