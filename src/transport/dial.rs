//! Connects to the server, or to the proxy: name resolution and every address share one deadline, which a
//! requested stop brings forward. If an address does not answer at once, the next one is tried in parallel after
//! a short delay (RFC 8305 section 5), so that a dead IPv6 route costs a fraction of a second.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use super::resolve::resolve;
use super::socks::{self, SocksError};
use super::tunnel::Tunnel;
use super::wire::{Wire, deadline_after};
use super::{Names, Proxy, Raw, STOPPED, Target, Way};
use crate::advice::Reach;
use crate::error::{Error, Kind, Phase, Result};
use crate::sys::Stop;
use crate::sys::stop::LOOK_EVERY;

/// How long one address is tried alone (RFC 8305 section 8: "Connection Attempt Delay").
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// How long a wait may last: until a deadline, or until a requested stop allows no more.
#[derive(Debug, Clone)]
pub(super) struct Limit {
    begun: Instant,
    deadline: Instant,
    stop: Stop,
}

impl Limit {
    fn new(deadline: Instant, stop: &Stop) -> Limit {
        Limit { begun: Instant::now(), deadline, stop: stop.clone() }
    }

    /// The remaining time; never zero.
    ///
    /// # Errors
    /// [`ErrorKind::TimedOut`] if none is left, [`STOPPED`] if a stop is the reason.
    fn left(&self) -> io::Result<Duration> {
        let now = Instant::now();
        let until = self.stop.bound(self.deadline, self.begun);
        match until.saturating_duration_since(now) {
            Duration::ZERO if now < self.deadline => Err(STOPPED.into()),
            Duration::ZERO => Err(ErrorKind::TimedOut.into()),
            left => Ok(left),
        }
    }

    /// Waits for a report of another thread, at most `most`; `None` after that.
    fn receive<T>(
        &self,
        reports: &Receiver<io::Result<T>>,
        most: Duration,
    ) -> io::Result<Option<io::Result<T>>> {
        let begun = Instant::now();
        loop {
            let Some(most) = most.checked_sub(begun.elapsed()) else { return Ok(None) };
            match reports.recv_timeout(self.left()?.min(most).min(LOOK_EVERY)) {
                Ok(report) => return Ok(Some(report)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(io::Error::other("the attempt was aborted"));
                }
            }
        }
    }
}

/// Connects to `target` by `way` before `deadline`, or until a requested stop allows no more waiting.
pub(super) fn dial(target: &Target, way: &Way, deadline: Instant, stop: &Stop) -> Result<Box<dyn Raw>> {
    let limit = &Limit::new(deadline, stop);
    match (target, &way.tunnel, &way.proxy) {
        (_, Some(command), _) => Ok(Box::new(Tunnel::start(command, target)?)),
        (Target::Unix(path), ..) => {
            let path = path.clone();
            let stream = run_with_limit(limit, move || UnixStream::connect(path));
            Ok(Box::new(stream.map_err(|error| failed(target, way, error))?))
        }
        (Target::Tcp { host, port }, _, Some(proxy)) => connect_through_proxy(proxy, host, *port, way, limit),
        (Target::Tcp { host, port }, ..) => Ok(Box::new(connect_directly(host, *port, way, limit)?)),
    }
}

/// All addresses of a host that `way` allows, to try them one by one ([`reach`]).
///
/// # Errors
/// [`Kind::HostNotFound`], or [`Kind::Timeout`] of the phase `Connect`.
pub fn addresses(host: &str, port: u16, way: &Way, timeout: Duration) -> Result<Vec<SocketAddr>> {
    resolve(host, port, way, &Limit::new(deadline_after(timeout), &Stop::new()))
}

/// Connects to one address, from the way's source address, and closes the connection.
///
/// # Errors
/// The reason why it cannot be reached; [`ErrorKind::TimedOut`] after `timeout`.
pub fn reach(address: SocketAddr, way: &Way, timeout: Duration) -> io::Result<()> {
    connect(address, way.source, timeout).map(drop)
}

fn connect(address: SocketAddr, source: Option<IpAddr>, timeout: Duration) -> io::Result<TcpStream> {
    match source {
        None => TcpStream::connect_timeout(&address, timeout),
        Some(source) => connect_from(source, address, timeout),
    }
}

fn connect_directly(host: &str, port: u16, way: &Way, limit: &Limit) -> Result<TcpStream> {
    let addresses = resolve(host, port, way, limit)?;
    let source = way.source;
    let stream = race(addresses, limit, move |address, timeout| {
        let stream = connect(address, source, timeout)?;
        // A command is sent in one write: waiting for more to send would only cost time.
        stream.set_nodelay(true)?;
        Ok(stream)
    });
    let target = Target::Tcp { host: host.to_owned(), port };
    stream.map_err(|error| failed(&target, way, error))
}

/// A connection from one local address, which the standard library does not offer.
fn connect_from(source: IpAddr, address: SocketAddr, timeout: Duration) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.bind(&SocketAddr::new(source, 0).into())?;
    socket.connect_timeout(&address.into(), timeout)?;
    Ok(socket.into())
}

/// Connects through the proxy, to the server's name or to its addresses one after the other.
fn connect_through_proxy(
    proxy: &Proxy,
    host: &str,
    port: u16,
    way: &Way,
    limit: &Limit,
) -> Result<Box<dyn Raw>> {
    let server = Target::Tcp { host: host.to_owned(), port };
    let context = || format!("could not connect to {server} through the proxy {proxy}");
    let hosts = match proxy.names {
        Names::AtProxy => vec![host.to_owned()],
        // The version of IP is for our connection to the proxy, not for that of the proxy to the server.
        Names::Here => resolve(host, port, &Way { source: None, ..way.clone() }, limit)?
            .iter()
            .map(|address| address.ip().to_string())
            .collect(),
    };
    let mut failure = None;
    for host in hosts {
        let line = connect_directly(&proxy.host, proxy.port, way, limit).map_err(|error| {
            // The usual advice is about the server's ports.
            error.in_context(context()).advise(Reach::CheckProxy)
        })?;
        let mut wire = Wire::new(Box::new(line), limit.stop.clone());
        wire.set_deadline(limit.deadline);
        let (error, advice) = match socks::connect(&mut wire, proxy, &host, port) {
            Ok(()) => return Ok(wire.into_raw()),
            Err(SocksError::Connection(_)) if wire.was_stopped() => {
                return Err(Error::new(Kind::Interrupted, context()).because(stopped_meanwhile()));
            }
            Err(SocksError::Connection(error)) if error.kind() == ErrorKind::TimedOut => {
                return Err(Error::new(Kind::Timeout(Phase::Connect), context())
                    .because("the proxy did not answer in time")
                    .advise(Reach::WaitLongerForProxy));
            }
            Err(SocksError::Connection(error)) => (Error::new(Kind::Connect, context()).because(error), None),
            Err(SocksError::Refused(words, advice)) => {
                (Error::new(Kind::Connect, context()).because(words), advice)
            }
        };
        failure = Some(match advice {
            Some(advice) => error.advise(advice),
            // The usual advice is about the server's ports.
            None => error.advise(Reach::TryWithoutProxy),
        });
    }
    Err(failure.unwrap_or_else(|| Error::new(Kind::Connect, context())))
}

/// Tries the addresses in order, each with the remaining time; the next one starts as soon as one fails, or
/// after the delay. The first to connect is used.
fn race<T: Send + 'static>(
    addresses: Vec<SocketAddr>,
    limit: &Limit,
    attempt: impl Fn(SocketAddr, Duration) -> io::Result<T> + Clone + Send + 'static,
) -> io::Result<T> {
    let (report, outcomes) = mpsc::channel();
    let mut untried = addresses.into_iter();
    let mut under_way = 0_usize;
    let mut failure = io::Error::from(ErrorKind::AddrNotAvailable);
    loop {
        let left = limit.left()?;
        if let Some(address) = untried.next() {
            let (report, attempt) = (report.clone(), attempt.clone());
            // Nobody receives from a later one, which then closes its connection.
            thread::Builder::new().spawn(move || drop(report.send(attempt(address, left))))?;
            under_way += 1;
        } else if under_way == 0 {
            return Err(failure);
        }
        let most = if untried.len() == 0 { Duration::MAX } else { ATTEMPT_DELAY };
        match limit.receive(&outcomes, most)? {
            Some(Ok(stream)) => return Ok(stream),
            Some(Err(error)) => {
                under_way -= 1;
                failure = error;
            }
            // The delay is over.
            None => {}
        }
    }
}

/// Runs an operation without a time limit of its own (name resolution, a Unix socket whose queue is full) in a
/// thread that is abandoned when the time is over.
pub(super) fn run_with_limit<T: Send + 'static>(
    limit: &Limit,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (report, outcome) = mpsc::channel();
    thread::Builder::new().spawn(move || drop(report.send(work())))?;
    limit.receive(&outcome, Duration::MAX)?.unwrap_or_else(|| Err(ErrorKind::TimedOut.into()))
}

/// The cause of a failure that a requested stop has led to.
pub(super) fn stopped_meanwhile() -> Error {
    super::stopped(Phase::Connect)
}

fn failed(target: &Target, way: &Way, error: io::Error) -> Error {
    let context = format!("could not connect to {target}");
    let is_local = matches!(target, Target::Unix(_));
    match error.kind() {
        STOPPED => Error::new(Kind::Interrupted, context).because(stopped_meanwhile()),
        ErrorKind::TimedOut => Error::new(Kind::Timeout(Phase::Connect), context)
            .because("no address answered in time")
            .advise(Reach::WaitLongerForNetwork),
        _ if is_local => Error::new(Kind::Connect, context).because(error).advise(Reach::CheckSocket),
        ErrorKind::ConnectionRefused => {
            Error::new(Kind::Connect, context).because(error).advise(Reach::CheckPort)
        }
        ErrorKind::AddrNotAvailable if way.source.is_some() => {
            Error::new(Kind::Connect, context).because(error).advise(Reach::UseOwnSource)
        }
        _ => Error::new(Kind::Connect, context).because(error).advise(Reach::CheckNetwork),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Family;
    use super::*;
    use std::error::Error as _;
    use std::net::TcpListener;

    fn in_time() -> Limit {
        Limit::new(Instant::now() + Duration::from_secs(5), &Stop::new())
    }

    fn dial(target: &Target, way: &Way) -> Result<Box<dyn Raw>> {
        super::dial(target, way, in_time().deadline, &Stop::new())
    }

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    /// Stands in for the network: port 1 is a black hole, 2 refuses, others connect.
    fn network(address: SocketAddr, timeout: Duration) -> io::Result<u16> {
        match address.port() {
            1 => {
                thread::sleep(timeout);
                Err(ErrorKind::TimedOut.into())
            }
            2 => Err(ErrorKind::ConnectionRefused.into()),
            port => Ok(port),
        }
    }

    #[test]
    fn a_dead_first_address_leaves_time_for_the_second() {
        let start = Instant::now();
        assert_eq!(race(vec![address(1), address(7)], &in_time(), network).unwrap(), 7);
        assert!(start.elapsed() >= ATTEMPT_DELAY);
        assert!(start.elapsed() < Duration::from_secs(2), "time was left");
    }

    #[test]
    fn a_refusal_moves_on_at_once_and_the_last_one_is_told() {
        let start = Instant::now();
        assert_eq!(race(vec![address(2), address(2), address(9)], &in_time(), network).unwrap(), 9);
        assert!(start.elapsed() < 2 * ATTEMPT_DELAY, "nothing to wait for after a refusal");
        let error = race(vec![address(2), address(2)], &in_time(), network).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }

    #[test]
    fn only_dead_addresses_end_at_the_deadline() {
        let start = Instant::now();
        let deadline = start + Duration::from_millis(60);
        let error =
            race(vec![address(1), address(1)], &Limit::new(deadline, &Stop::new()), network).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(start.elapsed() < Duration::from_secs(1));
    }

    #[test]
    fn connects_to_a_real_listener_without_delay() {
        let listener = TcpListener::bind(address(0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = Target::Tcp { host: "127.0.0.1".into(), port };
        let raw = dial(&target, &Way::default()).unwrap();
        drop(raw);
        assert!(listener.accept().is_ok());
    }

    #[test]
    fn a_closed_port_is_a_refusal_with_advice() {
        let port = TcpListener::bind(address(0)).unwrap().local_addr().unwrap().port();
        let error = dial(&Target::Tcp { host: "127.0.0.1".into(), port }, &Way::default()).unwrap_err();
        assert_eq!(error.kind(), Kind::Connect);
        assert_eq!(error.to_string(), format!("could not connect to 127.0.0.1:{port}"));
        assert_eq!(error.advice(), Some(&Reach::CheckPort.into()));
    }

    #[test]
    fn a_missing_socket_has_no_advice_about_ports() {
        let error = dial(&Target::Unix("/nonexistent/pop3".into()), &Way::default()).unwrap_err();
        assert_eq!(error.kind(), Kind::Connect);
        assert_eq!(error.advice(), Some(&Reach::CheckSocket.into()));
    }

    #[test]
    fn an_address_of_the_other_kind_is_not_used() {
        let listener = TcpListener::bind(address(0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = Target::Tcp { host: "127.0.0.1".into(), port };
        let v6 = Way { family: Some(Family::V6), ..Way::default() };
        let error = dial(&target, &v6).unwrap_err();
        assert_eq!(error.kind(), Kind::HostNotFound);
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("it has no IPv6 address"));
        let source = Way { source: Some(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])), ..Way::default() };
        assert_eq!(dial(&target, &source).unwrap_err().kind(), Kind::HostNotFound);
        let v4 = Way { family: Some(Family::V4), ..Way::default() };
        assert!(dial(&target, &v4).is_ok());
    }

    #[test]
    fn a_source_address_of_another_computer_is_refused() {
        let port = TcpListener::bind(address(0)).unwrap().local_addr().unwrap().port();
        let way = Way { source: Some(IpAddr::from([192, 0, 2, 1])), ..Way::default() };
        let error = dial(&Target::Tcp { host: "127.0.0.1".into(), port }, &way).unwrap_err();
        assert_eq!(error.kind(), Kind::Connect);
        assert_eq!(error.advice(), Some(&Reach::UseOwnSource.into()));
    }

    #[test]
    fn a_socket_that_is_not_there_cannot_be_connected_to() {
        let error = dial(&Target::Unix("/nonexistent/pop3".into()), &Way::default()).unwrap_err();
        assert_eq!(error.kind(), Kind::Connect);
        assert_eq!(error.to_string(), "could not connect to /nonexistent/pop3");
    }

    #[test]
    fn a_name_that_cannot_exist_is_not_found() {
        // A NUL is refused before any name server is asked.
        let error =
            dial(&Target::Tcp { host: "pop\0.example".into(), port: 110 }, &Way::default()).unwrap_err();
        assert_eq!(error.kind(), Kind::HostNotFound);
    }

    #[test]
    fn a_wait_without_limit_of_its_own_ends_at_the_deadline() {
        let deadline = Instant::now() + Duration::from_millis(20);
        let error = run_with_limit(&Limit::new(deadline, &Stop::new()), || {
            thread::sleep(Duration::from_millis(500));
            Ok(())
        });
        assert_eq!(error.unwrap_err().kind(), ErrorKind::TimedOut);
    }

    #[test]
    fn a_stop_ends_name_resolution_and_every_attempt_to_connect() {
        let stop = Stop::new();
        let limit = Limit::new(Instant::now() + Duration::from_secs(60), &stop);
        let signal = thread::spawn(move || {
            thread::sleep(Duration::from_millis(50));
            stop.request();
            stop.request();
        });
        let start = Instant::now();
        let forever = || {
            thread::sleep(Duration::from_secs(60));
            Ok(())
        };
        assert_eq!(run_with_limit(&limit, forever).unwrap_err().kind(), STOPPED);
        assert_eq!(race(vec![address(1), address(1)], &limit, network).unwrap_err().kind(), STOPPED);
        assert!(start.elapsed() < Duration::from_secs(5));
        signal.join().unwrap();
        let target = Target::Tcp { host: "127.0.0.1".into(), port: 1 };
        let error = failed(&target, &Way::default(), STOPPED.into());
        assert_eq!(error.kind(), Kind::Interrupted);
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("stopped while connecting"));
    }
}
