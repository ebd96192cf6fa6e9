//! The target of the redirect (RFC 8252 section 7.3): a listener on the loopback interface with as much HTTP as
//! one browser needs to deliver one answer. It serves several connections at a time, because browsers open some
//! that they never use; each is bounded, and none is reused.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// The longest request that is read, in bytes: a code may have some thousands.
const MAX_REQUEST: usize = 32 * 1024;
/// The most connections that are open at a time; for another one the oldest is closed.
const MAX_CONNECTIONS: usize = 16;
/// How long a connection may take to send its request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long sending a response may take.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(1);

/// The page for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    /// The request contained the expected answer.
    Welcome,
    /// The request contained a refusal.
    Refused,
    /// The request was not the expected one.
    Unknown,
}

impl Page {
    fn response(self) -> String {
        let (status, text) = match self {
            Page::Welcome => (
                "200 OK",
                "The browser has done its part, and you can close this page. See the terminal for the result.",
            ),
            Page::Refused => {
                ("200 OK", "Not signed in. See the terminal for the reason; you can close this page.")
            }
            Page::Unknown => ("404 Not Found", "Not found. Open the address that the terminal shows."),
        };
        let body = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>pop3</title>\
             <body style=\"font-family: sans-serif; margin: 4em\"><p>{text}</p></body></html>\n"
        );
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
             Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
    }
}

/// Listens until it is dropped.
#[derive(Debug)]
pub(super) struct Listener {
    socket: TcpListener,
    port: u16,
    connections: Vec<Connection>,
}

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    request: Zeroizing<Vec<u8>>,
    since: Instant,
}

impl Listener {
    /// Listens on the port, or on any if it is 0; only this machine can reach it.
    ///
    /// # Errors
    /// [`Kind::Io`](crate::error::Kind::Io) when the port is taken.
    pub(super) fn bind(port: u16) -> Result<Listener> {
        let failed =
            |error| Error::io(format!("could not listen on 127.0.0.1:{port} for the browser"), error);
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(failed)?;
        socket.set_nonblocking(true).map_err(failed)?;
        let port = socket.local_addr().map_err(failed)?.port();
        Ok(Listener { socket, port, connections: Vec::new() })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Does what can be done without waiting: accepts connections, reads requests, and answers each complete one
    /// with the page that `choose_page` chooses for its target.
    pub(super) fn step(&mut self, choose_page: &mut dyn FnMut(&str) -> Page) {
        // A failure to accept concerns one connection, which the browser opens again.
        while let Ok((stream, _)) = self.socket.accept() {
            if stream.set_nonblocking(true).is_err() {
                continue;
            }
            if self.connections.len() == MAX_CONNECTIONS {
                self.connections.remove(0);
            }
            self.connections.push(Connection {
                stream,
                request: Zeroizing::new(Vec::new()),
                since: Instant::now(),
            });
        }
        self.connections.retain_mut(|connection| connection.keeps_waiting(choose_page));
    }
}

impl Connection {
    /// Reads more; answers and closes when the request is complete, or cannot be.
    fn keeps_waiting(&mut self, choose_page: &mut dyn FnMut(&str) -> Page) -> bool {
        let mut buffer = Zeroizing::new([0; 4096]);
        let mut has_ended = false;
        loop {
            match self.stream.read(buffer.as_mut_slice()) {
                // A client that has closed its sending side may still read.
                Ok(0) => {
                    has_ended = true;
                    break;
                }
                Ok(count) => self.request.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
            if self.request.len() > MAX_REQUEST {
                return false;
            }
        }
        if memchr::memmem::find(&self.request, b"\r\n\r\n").is_none() {
            return !has_ended && self.since.elapsed() < REQUEST_TIMEOUT;
        }
        let page = target(&self.request).map_or(Page::Unknown, choose_page);
        // The page is optional: the answer was received, whether or not the browser reads it.
        let _ = self
            .stream
            .set_nonblocking(false)
            .and_then(|()| self.stream.set_write_timeout(Some(RESPONSE_TIMEOUT)))
            .and_then(|()| self.stream.write_all(page.response().as_bytes()));
        false
    }
}

/// The target of a GET request (RFC 9112 section 3).
fn target(request: &[u8]) -> Option<&str> {
    let line = request.split(|&byte| byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    (method == "GET" && target.starts_with('/') && version.starts_with("HTTP/1.")).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    /// Sends a request and returns the page; only `/ours` is expected.
    fn visit(said: &[u8], listener: &mut Listener) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", listener.port())).expect("it listens");
        stream.write_all(said).expect("said");
        stream.shutdown(std::net::Shutdown::Write).ok();
        let reader = thread::spawn(move || {
            let mut all = Vec::new();
            let _ = stream.read_to_end(&mut all);
            String::from_utf8_lossy(&all).into_owned()
        });
        while !reader.is_finished() {
            listener.step(&mut |target| if target == "/ours" { Page::Welcome } else { Page::Unknown });
            thread::sleep(Duration::from_millis(1));
        }
        reader.join().expect("read")
    }

    #[test]
    fn invalid_requests_are_survived_and_the_right_one_is_accepted() {
        let mut listener = Listener::bind(0).expect("a port");
        let long = [b"GET /".as_slice(), &vec![b'x'; 3 * MAX_REQUEST]].concat();
        for said in [&b""[..], b"\0\xff\xfe", b"GET /ours", b"\x16\x03\x01\x02\x00\x01", &long] {
            assert_eq!(visit(said, &mut listener), "", "{} octets", said.len());
        }
        for said in [
            "POST /ours HTTP/1.1\r\n\r\n",
            "GET ours HTTP/1.1\r\n\r\n",
            "GET /ours\r\n\r\n",
            "\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
        ] {
            assert!(visit(said.as_bytes(), &mut listener).starts_with("HTTP/1.1 404 "), "{said}");
        }
        let page = visit(b"GET /ours HTTP/1.1\r\nHost: x\r\n\r\n", &mut listener);
        assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("has done its part"), "{page}");
    }

    #[test]
    fn silent_connections_do_not_block_others() {
        let mut listener = Listener::bind(0).expect("a port");
        let idle: Vec<_> = (0..3 * MAX_CONNECTIONS)
            .map(|_| TcpStream::connect(("127.0.0.1", listener.port())).expect("in"))
            .collect();
        listener.step(&mut |_| Page::Unknown);
        assert!(listener.connections.len() <= MAX_CONNECTIONS);
        assert!(visit(b"GET /ours HTTP/1.1\r\n\r\n", &mut listener).contains("has done its part"));
        drop(idle);
    }

    #[test]
    fn a_port_in_use_is_reported() {
        let taken = Listener::bind(0).expect("a port");
        let error = Listener::bind(taken.port()).expect_err("taken");
        assert!(error.to_string().contains(&taken.port().to_string()));
    }
}
