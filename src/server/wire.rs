//! The server's end of a connection: reads whole lines, buffers output, and ends the connection early for
//! faults.
//!
//! Every wait is bounded by the server's patience, and ends when the server is dropped, because that shuts
//! down the socket.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use native_tls::{Identity, TlsAcceptor, TlsStream};

use super::fault::End;

/// The longest line that a client may send.
const LINE_LIMIT: usize = 64 * 1024;
/// Output is buffered up to this size, or until the client's next line is read.
const OUTPUT_LIMIT: usize = 64 * 1024;
/// How long to wait for the client's end of file when closing, so that no data is lost to a reset.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// A line from the client, without its line end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ClientLine {
    pub(super) bytes: Vec<u8>,
    /// It ended in CRLF, not in a bare LF.
    pub(super) crlf: bool,
}

/// One connection.
pub(super) struct Wire {
    tcp: TcpStream,
    tls: Option<TlsStream<TcpStream>>,
    input: Vec<u8>,
    output: Vec<u8>,
    limits: Vec<(u64, End)>,
    bare_lf: bool,
    patience: Duration,
}

impl Wire {
    /// The server's end of that socket; `bare_lf` sends LF instead of CRLF.
    pub(super) fn new(tcp: TcpStream, patience: Duration, bare_lf: bool) -> io::Result<Wire> {
        tcp.set_nodelay(true)?;
        let wire = Wire {
            tcp,
            tls: None,
            input: Vec::new(),
            output: Vec::new(),
            limits: Vec::new(),
            bare_lf,
            patience,
        };
        wire.wait_for(patience)?;
        Ok(wire)
    }

    /// Performs the TLS handshake as the server.
    pub(super) fn secure(&mut self, identity: &Identity) -> io::Result<()> {
        self.flush()?;
        let acceptor = TlsAcceptor::new(identity.clone()).map_err(io::Error::other)?;
        let tls =
            acceptor.accept(self.tcp.try_clone()?).map_err(|error| io::Error::other(error.to_string()))?;
        self.tls = Some(tls);
        Ok(())
    }

    /// Whether the connection is encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        self.tls.is_some()
    }

    /// Sends buffered output, then reads the next line; `None` if the client has closed its end.
    pub(super) fn line(&mut self) -> io::Result<Option<ClientLine>> {
        let mut looked_at = 0;
        loop {
            if let Some(at) = self.input[looked_at..].iter().position(|&byte| byte == b'\n') {
                let end = looked_at + at;
                let mut bytes: Vec<u8> = self.input.drain(..=end).collect();
                bytes.pop();
                let crlf = bytes.last() == Some(&b'\r');
                if crlf {
                    bytes.pop();
                }
                return Ok(Some(ClientLine { bytes, crlf }));
            }
            looked_at = self.input.len();
            if looked_at > LINE_LIMIT {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a line without an end"));
            }
            self.flush()?;
            let mut buffer = [0; 8192];
            match self.read(&mut buffer)? {
                0 => return Ok(None),
                count => self.input.extend_from_slice(&buffer[..count]),
            }
        }
    }

    /// Whether more input has arrived.
    pub(super) fn has_input(&self) -> bool {
        !self.input.is_empty()
    }

    /// Discards the input that has arrived.
    pub(super) fn discard_input(&mut self) -> io::Result<()> {
        self.input.clear();
        if self.tls.is_none() {
            self.tcp.set_nonblocking(true)?;
            let mut buffer = [0; 8192];
            while matches!(self.tcp.read(&mut buffer), Ok(1..)) {}
            self.tcp.set_nonblocking(false)?;
        }
        Ok(())
    }

    /// From now on, only this many octets may be sent before the session ends.
    pub(super) fn limit(&mut self, limit: (u64, End)) {
        self.limits.push(limit);
    }

    /// Removes the latest limit.
    pub(super) fn lift_limit(&mut self) {
        self.limits.pop();
    }

    /// Buffers output; it is sent before the next line is read. Fails after a limit is reached.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.bare_lf {
            let mut rest = bytes;
            while let Some(at) = memchr::memmem::find(rest, b"\r\n") {
                self.put(&rest[..at])?;
                self.put(b"\n")?;
                rest = &rest[at + 2..];
            }
            return self.put(rest);
        }
        self.put(bytes)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let count = bytes.len() as u64;
        if let Some(&(left, end)) = self.limits.iter().min_by_key(|limit| limit.0) {
            if left <= count {
                let fits = usize::try_from(left).unwrap_or(bytes.len());
                self.output.extend_from_slice(&bytes[..fits]);
                return Err(self.end(end));
            }
            for limit in &mut self.limits {
                limit.0 -= count;
            }
        }
        if self.output.len() + bytes.len() > OUTPUT_LIMIT {
            self.flush()?;
        }
        if bytes.len() >= OUTPUT_LIMIT { self.send(bytes) } else { self.output.write_all(bytes) }
    }

    /// Sends the buffered output.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.output.is_empty() {
            return Ok(());
        }
        let mut output = std::mem::take(&mut self.output);
        let sent = self.send(&output);
        output.clear();
        self.output = output;
        sent
    }

    /// Ends the session early: sends buffered output, and returns the error that stops the dialogue.
    pub(super) fn end(&mut self, end: End) -> io::Error {
        if let Err(error) = self.flush() {
            return error;
        }
        match end {
            End::HangUp => io::ErrorKind::ConnectionAborted.into(),
            End::Stall => {
                self.drain(self.patience);
                io::ErrorKind::TimedOut.into()
            }
        }
    }

    /// Closes the connection: if `properly`, sends buffered output and close_notify.
    pub(super) fn close(mut self, properly: bool) {
        if properly
            && self.flush().is_ok()
            && let Some(tls) = &mut self.tls
        {
            // The client may have closed the connection already.
            let _ = tls.shutdown();
        }
        if self.tcp.shutdown(Shutdown::Write).is_ok() {
            self.tls = None;
            self.drain(CLOSE_TIMEOUT);
        }
        let _ = self.tcp.shutdown(Shutdown::Both);
    }

    /// Discards input until the client closes its end or the time is over.
    fn drain(&mut self, time: Duration) {
        let until = Instant::now() + time;
        let mut buffer = [0; 8192];
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || self.wait_for(left).is_err() {
                return;
            }
            if !matches!(self.tcp.read(&mut buffer), Ok(1..)) {
                return;
            }
        }
    }

    fn wait_for(&self, time: Duration) -> io::Result<()> {
        // The system takes a timeout of zero as no limit.
        let time = Some(time.max(Duration::from_millis(1)));
        self.tcp.set_read_timeout(time)?;
        self.tcp.set_write_timeout(time)
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = match &mut self.tls {
                Some(tls) => tls.read(buffer),
                None => self.tcp.read(buffer),
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.tls {
            Some(tls) => tls.write_all(bytes),
            None => self.tcp.write_all(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn pair(bare_lf: bool) -> (Wire, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        (Wire::new(server, Duration::from_secs(5), bare_lf).unwrap(), client)
    }

    fn rest(mut client: TcpStream) -> String {
        let mut text = String::new();
        client.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn tells_crlf_from_a_bare_lf_and_sees_what_follows() {
        let (mut wire, mut client) = pair(false);
        client.write_all(b"STAT\r\nLIST\n").unwrap();
        assert_eq!(wire.line().unwrap(), Some(ClientLine { bytes: b"STAT".to_vec(), crlf: true }));
        assert!(wire.has_input());
        assert_eq!(wire.line().unwrap(), Some(ClientLine { bytes: b"LIST".to_vec(), crlf: false }));
        drop(client);
        assert_eq!(wire.line().unwrap(), None);
    }

    #[test]
    fn stops_at_the_octet_where_the_limit_is() {
        let (mut wire, client) = pair(false);
        wire.limit((7, End::HangUp));
        wire.write(b"+OK\r\n").unwrap();
        assert!(wire.write(b"12345").is_err());
        wire.close(false);
        assert_eq!(rest(client), "+OK\r\n12");
    }

    #[test]
    fn sends_bare_line_feeds_when_told_to() {
        let (mut wire, client) = pair(true);
        wire.write(b"+OK\r\na\rb\r\n.\r\n").unwrap();
        let reader = std::thread::spawn(move || rest(client));
        wire.close(true);
        assert_eq!(reader.join().unwrap(), "+OK\na\rb\n.\n");
    }

    #[test]
    fn gives_up_on_a_line_that_never_ends() {
        let (mut wire, mut client) = pair(false);
        client.write_all(&vec![b'x'; 2 * LINE_LIMIT]).unwrap();
        assert_eq!(wire.line().unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
