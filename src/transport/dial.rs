//! Reaching the server, or the proxy: name resolution and every address under one deadline. An address that
//! stays silent is raced by the next one after a short head start (RFC 8305 section 5), so that a
//! host with a dead IPv6 route costs a blink, not half the patience.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use super::socks::{self, Trouble};
use super::tunnel::Tunnel;
use super::wire::Wire;
use super::{Family, Names, Proxy, Raw, Target, Way};
use crate::error::{Error, Kind, Phase, Result};

/// How long one address is tried alone (RFC 8305 section 8: "Connection Attempt Delay").
const HEAD_START: Duration = Duration::from_millis(250);

/// Connects to `target` on that way before `deadline`.
pub(super) fn dial(target: &Target, way: &Way, deadline: Instant) -> Result<Box<dyn Raw>> {
    match (target, &way.tunnel, &way.proxy) {
        (_, Some(command), _) => Ok(Box::new(Tunnel::start(command, target)?)),
        (Target::Unix(path), ..) => {
            let path = path.clone();
            let stream = within(deadline, move || UnixStream::connect(path));
            Ok(Box::new(stream.map_err(|error| failed(target, way, error))?))
        }
        (Target::Tcp { host, port }, _, Some(proxy)) => through(proxy, host, *port, way, deadline),
        (Target::Tcp { host, port }, ..) => Ok(Box::new(straight(host, *port, way, deadline)?)),
    }
}

fn straight(host: &str, port: u16, way: &Way, deadline: Instant) -> Result<TcpStream> {
    let addresses = resolve(host, port, way, deadline)?;
    let source = way.source;
    let stream = race(addresses, deadline, move |address, patience| {
        let stream = match source {
            None => TcpStream::connect_timeout(&address, patience)?,
            Some(source) => connect_from(source, address, patience)?,
        };
        // A command leaves in one write: waiting for more to send would only cost time.
        stream.set_nodelay(true)?;
        Ok(stream)
    });
    let target = Target::Tcp { host: host.to_owned(), port };
    stream.map_err(|error| failed(&target, way, error))
}

/// A connection from one address of ours; the standard library has none.
fn connect_from(source: IpAddr, address: SocketAddr, patience: Duration) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.bind(&SocketAddr::new(source, 0).into())?;
    socket.connect_timeout(&address.into(), patience)?;
    Ok(socket.into())
}

/// Has the proxy connect, to the name or to one address of the server after the other.
fn through(proxy: &Proxy, host: &str, port: u16, way: &Way, deadline: Instant) -> Result<Box<dyn Raw>> {
    let server = Target::Tcp { host: host.to_owned(), port };
    let context = || format!("could not connect to {server} through the proxy {proxy}");
    let hosts = match proxy.names {
        Names::AtProxy => vec![host.to_owned()],
        // How we reach the proxy says nothing about how the proxy reaches the server.
        Names::Here => resolve(host, port, &Way { source: None, ..way.clone() }, deadline)?
            .iter()
            .map(|address| address.ip().to_string())
            .collect(),
    };
    let mut failure = None;
    for host in hosts {
        let line = straight(&proxy.host, proxy.port, way, deadline).map_err(|error| {
            // The usual hint is about the server's ports.
            error.within(context()).hint("check the proxy's host and port, and whether it runs")
        })?;
        let mut wire = Wire::new(Box::new(line));
        wire.set_deadline(deadline);
        let (error, hint) = match socks::connect(&mut wire, proxy, &host, port) {
            Ok(()) => return Ok(wire.into_raw()),
            Err(Trouble::Line(error)) if error.kind() == ErrorKind::TimedOut => {
                return Err(Error::new(Kind::Timeout(Phase::Connect), context())
                    .because("the proxy did not answer in time"));
            }
            Err(Trouble::Line(error)) => (Error::new(Kind::Connect, context()).because(error), None),
            Err(Trouble::Said(words, hint)) => (Error::new(Kind::Connect, context()).because(words), hint),
        };
        failure = Some(match hint {
            Some(hint) => error.hint(hint),
            // The usual one is about the server's ports.
            None => error.hint("check with --proxy none whether it is the proxy or the server"),
        });
    }
    Err(failure.unwrap_or_else(|| Error::new(Kind::Connect, context())))
}

fn resolve(host: &str, port: u16, way: &Way, deadline: Instant) -> Result<Vec<SocketAddr>> {
    let name = host.to_owned();
    let outcome = within(deadline, move || Ok((name.as_str(), port).to_socket_addrs()?.collect::<Vec<_>>()));
    let not_found = || Error::new(Kind::HostNotFound, format!("could not find the host {host}"));
    match outcome {
        Ok(mut addresses) => {
            let any = addresses.len();
            addresses.retain(|address| way.reaches(address.ip()));
            addresses.dedup();
            match (addresses.is_empty(), way.family.or(way.source.map(Family::of))) {
                (false, _) => Ok(addresses),
                (true, Some(family)) if any > 0 => Err(not_found()
                    .because(format!("it has no {family} address"))
                    .hint("leave out -4, -6 and --source-ip to use what it has")),
                (true, _) => Err(not_found().because("its name has no address")),
            }
        }
        Err(error) if error.kind() == ErrorKind::TimedOut => {
            Err(Error::new(Kind::Timeout(Phase::Connect), format!("could not find the host {host}"))
                .because("the name servers did not answer in time"))
        }
        Err(error) => Err(not_found().because(error).hint("check its spelling and this computer's network")),
    }
}

/// Tries the addresses in order, each with what is left of the time; the next one starts as soon as
/// one fails, or when the latest has had its head start. The first to connect wins.
fn race<T: Send + 'static>(
    addresses: Vec<SocketAddr>,
    deadline: Instant,
    attempt: impl Fn(SocketAddr, Duration) -> io::Result<T> + Clone + Send + 'static,
) -> io::Result<T> {
    let (report, outcomes) = mpsc::channel();
    let mut untried = addresses.into_iter();
    let mut under_way = 0_usize;
    let mut failure = io::Error::from(ErrorKind::AddrNotAvailable);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        if let Some(address) = untried.next() {
            let (report, attempt) = (report.clone(), attempt.clone());
            // A loser finds nobody listening, and drops what it connected.
            thread::Builder::new().spawn(move || drop(report.send(attempt(address, left))))?;
            under_way += 1;
        } else if under_way == 0 {
            return Err(failure);
        }
        let wait = if untried.len() == 0 { left } else { left.min(HEAD_START) };
        match outcomes.recv_timeout(wait) {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => {
                under_way -= 1;
                failure = error;
            }
            // The head start, or the whole time, is over: the top of the loop knows which.
            Err(_) => {}
        }
    }
}

/// Runs what the system offers without a time limit (name resolution, a Unix socket whose queue is
/// full) in a thread that is left behind when the deadline passes.
fn within<T: Send + 'static>(
    deadline: Instant,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (report, outcome) = mpsc::channel();
    thread::Builder::new().spawn(move || drop(report.send(work())))?;
    match outcome.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => Err(ErrorKind::TimedOut.into()),
        Err(RecvTimeoutError::Disconnected) => Err(io::Error::other("the attempt broke off")),
    }
}

fn failed(target: &Target, way: &Way, error: io::Error) -> Error {
    let context = format!("could not connect to {target}");
    match error.kind() {
        ErrorKind::TimedOut => {
            Error::new(Kind::Timeout(Phase::Connect), context).because("no address answered in time")
        }
        ErrorKind::ConnectionRefused => Error::new(Kind::Connect, context)
            .because(error)
            .hint("nothing listens there: check the port (usually 995 for pop3s://, 110 for pop3://)"),
        ErrorKind::AddrNotAvailable if way.source.is_some() => Error::new(Kind::Connect, context)
            .because(error)
            .hint("--source-ip takes an address that this computer has"),
        _ => Error::new(Kind::Connect, context).because(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;
    use std::net::TcpListener;

    fn in_time() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    /// Stands in for the network: port 1 is a black hole, 2 refuses, others connect.
    fn network(address: SocketAddr, patience: Duration) -> io::Result<u16> {
        match address.port() {
            1 => {
                thread::sleep(patience);
                Err(ErrorKind::TimedOut.into())
            }
            2 => Err(ErrorKind::ConnectionRefused.into()),
            port => Ok(port),
        }
    }

    #[test]
    fn a_dead_first_address_leaves_time_for_the_second() {
        let start = Instant::now();
        assert_eq!(race(vec![address(1), address(7)], in_time(), network).unwrap(), 7);
        assert!(start.elapsed() >= HEAD_START);
        assert!(start.elapsed() < Duration::from_secs(2), "time was left");
    }

    #[test]
    fn a_refusal_moves_on_at_once_and_the_last_one_is_told() {
        let start = Instant::now();
        assert_eq!(race(vec![address(2), address(2), address(9)], in_time(), network).unwrap(), 9);
        assert!(start.elapsed() < 2 * HEAD_START, "nothing to wait for after a refusal");
        let error = race(vec![address(2), address(2)], in_time(), network).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }

    #[test]
    fn only_dead_addresses_end_at_the_deadline() {
        let start = Instant::now();
        let deadline = start + Duration::from_millis(60);
        let error = race(vec![address(1), address(1)], deadline, network).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(start.elapsed() < Duration::from_secs(1));
    }

    #[test]
    fn connects_to_a_real_listener_without_delay() {
        let listener = TcpListener::bind(address(0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = Target::Tcp { host: "127.0.0.1".into(), port };
        let raw = dial(&target, &Way::default(), in_time()).unwrap();
        drop(raw);
        assert!(listener.accept().is_ok());
    }

    #[test]
    fn a_closed_port_is_a_refusal_with_a_hint() {
        let port = TcpListener::bind(address(0)).unwrap().local_addr().unwrap().port();
        let error =
            dial(&Target::Tcp { host: "127.0.0.1".into(), port }, &Way::default(), in_time()).unwrap_err();
        assert_eq!(error.kind(), Kind::Connect);
        assert_eq!(error.to_string(), format!("could not connect to 127.0.0.1:{port}"));
        assert!(error.own_hint().is_some_and(|hint| hint.contains("995")));
    }

    #[test]
    fn an_address_of_the_other_kind_is_not_used() {
        let listener = TcpListener::bind(address(0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = Target::Tcp { host: "127.0.0.1".into(), port };
        let v6 = Way { family: Some(Family::V6), ..Way::default() };
        let error = dial(&target, &v6, in_time()).unwrap_err();
        assert_eq!(error.kind(), Kind::HostNotFound);
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("it has no IPv6 address"));
        let source = Way { source: Some(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])), ..Way::default() };
        assert_eq!(dial(&target, &source, in_time()).unwrap_err().kind(), Kind::HostNotFound);
        let v4 = Way { family: Some(Family::V4), ..Way::default() };
        assert!(dial(&target, &v4, in_time()).is_ok());
    }

    #[test]
    fn an_address_that_is_not_ours_is_no_source() {
        let port = TcpListener::bind(address(0)).unwrap().local_addr().unwrap().port();
        let way = Way { source: Some(IpAddr::from([192, 0, 2, 1])), ..Way::default() };
        let error = dial(&Target::Tcp { host: "127.0.0.1".into(), port }, &way, in_time()).unwrap_err();
        assert_eq!(error.kind(), Kind::Connect);
        assert!(error.own_hint().is_some_and(|hint| hint.contains("--source-ip")));
    }

    #[test]
    fn a_socket_that_is_not_there_cannot_be_connected_to() {
        let error = dial(&Target::Unix("/nonexistent/pop3".into()), &Way::default(), in_time()).unwrap_err();
        assert_eq!(error.kind(), Kind::Connect);
        assert_eq!(error.to_string(), "could not connect to /nonexistent/pop3");
    }

    #[test]
    fn a_name_that_cannot_exist_is_not_found() {
        // A NUL is refused before any name server is asked.
        let error =
            dial(&Target::Tcp { host: "pop\0.example".into(), port: 110 }, &Way::default(), in_time())
                .unwrap_err();
        assert_eq!(error.kind(), Kind::HostNotFound);
    }

    #[test]
    fn a_wait_without_limit_of_its_own_ends_at_the_deadline() {
        let deadline = Instant::now() + Duration::from_millis(20);
        let error = within(deadline, || {
            thread::sleep(Duration::from_millis(500));
            Ok(())
        });
        assert_eq!(error.unwrap_err().kind(), ErrorKind::TimedOut);
    }
}
