//! A POP3 client of a few lines, for looking at the servers with other eyes than the program's.

use native_tls::{Certificate, TlsConnector};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

pub(crate) struct Raw {
    stream: BufReader<Box<dyn Stream>>,
    /// The server's first line.
    pub(crate) greeting: String,
}

impl Raw {
    /// Connects in the clear.
    pub(crate) fn plain(address: SocketAddr) -> Raw {
        Raw::greeted(Box::new(connect(address)))
    }

    /// Connects with TLS from the start, trusting that authority alone.
    pub(crate) fn tls(address: SocketAddr, authority: &Path) -> Raw {
        let stream = secure(connect(address), authority);
        Raw::greeted(Box::new(stream))
    }

    /// Connects in the clear and asks for TLS (RFC 2595).
    pub(crate) fn stls(address: SocketAddr, authority: &Path) -> Raw {
        let socket = connect(address);
        let mut raw = Raw::greeted(Box::new(socket.try_clone().unwrap()));
        assert!(raw.ask("STLS").starts_with("+OK"));
        assert!(raw.stream.buffer().is_empty());
        raw.stream = BufReader::new(Box::new(secure(socket, authority)));
        raw
    }

    fn greeted(stream: Box<dyn Stream>) -> Raw {
        let mut raw = Raw { stream: BufReader::with_capacity(1 << 16, stream), greeting: String::new() };
        raw.greeting = raw.line();
        assert!(raw.greeting.starts_with("+OK"), "{}", raw.greeting);
        raw
    }

    /// Sends a command and gives back the status line.
    pub(crate) fn ask(&mut self, command: &str) -> String {
        self.stream.get_mut().write_all(format!("{command}\r\n").as_bytes()).unwrap();
        self.line()
    }

    /// Sends a command that must succeed.
    pub(crate) fn say(&mut self, command: &str) -> String {
        let status = self.ask(command);
        assert!(status.starts_with("+OK"), "{command}: {status}");
        status
    }

    /// Sends a command that must succeed with a multi-line reply: its octets, dots unstuffed.
    pub(crate) fn fetch(&mut self, command: &str) -> Vec<u8> {
        self.say(command);
        let mut all = Vec::new();
        loop {
            let mut line = Vec::new();
            self.stream.read_until(b'\n', &mut line).unwrap();
            match line.as_slice() {
                b".\r\n" => return all,
                [b'.', rest @ ..] => all.extend(rest),
                [] => panic!("the connection ended in the reply to {command}"),
                line => all.extend(line),
            }
        }
    }

    /// Like [`Raw::fetch`], in lines of text.
    pub(crate) fn lines(&mut self, command: &str) -> Vec<String> {
        String::from_utf8(self.fetch(command)).unwrap().lines().map(str::to_owned).collect()
    }

    pub(crate) fn sign_in(&mut self, user: &str, password: &str) {
        self.say(&format!("USER {user}"));
        self.say(&format!("PASS {password}"));
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        assert!(line.ends_with("\r\n"), "no whole line: {line:?}");
        line.trim_end().to_owned()
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

fn secure(stream: TcpStream, authority: &Path) -> native_tls::TlsStream<TcpStream> {
    let authority = Certificate::from_pem(&fs::read(authority).unwrap()).unwrap();
    TlsConnector::builder()
        .disable_built_in_roots(true)
        .add_root_certificate(authority)
        .build()
        .unwrap()
        .connect("localhost", stream)
        .unwrap()
}
