//! Reaching the server: name resolution and every address under one deadline. An address that
//! stays silent is raced by the next one after a short head start (RFC 8305 section 5), so that a
//! host with a dead IPv6 route costs a blink, not half the patience.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::{Raw, Target};
use crate::error::{Error, Kind, Phase, Result};

/// How long one address is tried alone (RFC 8305 section 8: "Connection Attempt Delay").
const HEAD_START: Duration = Duration::from_millis(250);

/// Connects to `target` before `deadline`.
pub(super) fn dial(target: &Target, deadline: Instant) -> Result<Box<dyn Raw>> {
    match target {
        Target::Tcp { host, port } => {
            let addresses = resolve(host, *port, deadline)?;
            let stream = race(addresses, deadline, |address, patience| {
                let stream = TcpStream::connect_timeout(&address, patience)?;
                // A command leaves in one write: waiting for more to send would only cost time.
                stream.set_nodelay(true)?;
                Ok(stream)
            });
            Ok(Box::new(stream.map_err(|error| failed(target, error))?))
        }
        Target::Unix(path) => {
            let path = path.clone();
            let stream = within(deadline, move || UnixStream::connect(path));
            Ok(Box::new(stream.map_err(|error| failed(target, error))?))
        }
    }
}

fn resolve(host: &str, port: u16, deadline: Instant) -> Result<Vec<SocketAddr>> {
    let name = host.to_owned();
    let outcome = within(deadline, move || Ok((name.as_str(), port).to_socket_addrs()?.collect::<Vec<_>>()));
    let not_found = || Error::new(Kind::HostNotFound, format!("could not find the host {host}"));
    match outcome {
        Ok(mut addresses) => {
            addresses.dedup();
            if addresses.is_empty() {
                Err(not_found().because("its name has no address"))
            } else {
                Ok(addresses)
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
    attempt: fn(SocketAddr, Duration) -> io::Result<T>,
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
            let report = report.clone();
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

fn failed(target: &Target, error: io::Error) -> Error {
    let context = format!("could not connect to {target}");
    match error.kind() {
        ErrorKind::TimedOut => {
            Error::new(Kind::Timeout(Phase::Connect), context).because("no address answered in time")
        }
        ErrorKind::ConnectionRefused => Error::new(Kind::Connect, context)
            .because(error)
            .hint("nothing listens there: check the port (usually 995 for pop3s://, 110 for pop3://)"),
        _ => Error::new(Kind::Connect, context).because(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let raw = dial(&target, in_time()).unwrap();
        drop(raw);
        assert!(listener.accept().is_ok());
    }

    #[test]
    fn a_closed_port_is_a_refusal_with_a_hint() {
        let port = TcpListener::bind(address(0)).unwrap().local_addr().unwrap().port();
        let error = dial(&Target::Tcp { host: "127.0.0.1".into(), port }, in_time()).unwrap_err();
        assert_eq!(error.kind(), Kind::Connect);
        assert_eq!(error.to_string(), format!("could not connect to 127.0.0.1:{port}"));
        assert!(error.own_hint().is_some_and(|hint| hint.contains("995")));
    }

    #[test]
    fn a_socket_that_is_not_there_cannot_be_connected_to() {
        let error = dial(&Target::Unix("/nonexistent/pop3".into()), in_time()).unwrap_err();
        assert_eq!(error.kind(), Kind::Connect);
        assert_eq!(error.to_string(), "could not connect to /nonexistent/pop3");
    }

    #[test]
    fn a_name_that_cannot_exist_is_not_found() {
        // A NUL is refused before any name server is asked.
        let error = dial(&Target::Tcp { host: "pop\0.example".into(), port: 110 }, in_time()).unwrap_err();
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
