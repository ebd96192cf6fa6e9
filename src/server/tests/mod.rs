//! Dialogues with the server over a plain socket, compared word for word.

mod commands;
mod misbehaviour;
mod signing_in;
mod tls;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::*;

/// A client that only sends and receives lines.
struct Peer {
    line: TcpStream,
}

impl Peer {
    fn connect(server: &Server) -> Peer {
        let line = TcpStream::connect(server.addr()).unwrap();
        line.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        line.set_nodelay(true).unwrap();
        Peer { line }
    }

    fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.line.write_all(bytes.as_ref()).unwrap();
    }

    fn hear_line(&mut self) -> String {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            let mut byte = [0];
            if self.line.read(&mut byte).unwrap() == 0 {
                break;
            }
            line.push(byte[0]);
        }
        String::from_utf8_lossy(&line).into_owned()
    }

    /// Reads to the end of the connection.
    fn hear_the_rest(&mut self) -> String {
        let mut rest = Vec::new();
        self.line.read_to_end(&mut rest).unwrap();
        String::from_utf8_lossy(&rest).into_owned()
    }

    /// Sends a command and reads one line.
    fn ask(&mut self, command: &str) -> String {
        self.say(format!("{command}\r\n"));
        self.hear_line()
    }

    /// Runs a transcript; each `S:` line must arrive unchanged.
    fn play(&mut self, transcript: &str) {
        for line in transcript.lines().map(str::trim_start) {
            if let Some(said) = line.strip_prefix("C: ") {
                self.say(format!("{said}\r\n"));
            } else if let Some(expected) = line.strip_prefix("S: ") {
                assert_eq!(self.hear_line(), format!("{expected}\r\n"), "in {transcript}");
            }
        }
    }

    /// Connects and signs in.
    fn signed_in(server: &Server) -> Peer {
        let mut peer = Peer::connect(server);
        assert!(peer.hear_line().starts_with("+OK"));
        assert!(peer.ask("USER demo").starts_with("+OK"));
        assert!(peer.ask("PASS tanstaaf").starts_with("+OK"));
        peer
    }
}

/// Two messages of 120 and 200 octets, as in RFC 1939 section 10.
fn two() -> [Message; 2] {
    let of = |octets: usize, subject: &str| {
        let head = format!("Subject: {subject}\r\n\r\n");
        let body = "x".repeat(octets - head.len() - 2);
        Message::new(format!("{head}{body}\r\n")).with_unique_id(format!("uid-{subject}"))
    };
    [of(120, "one"), of(200, "two")]
}

fn start(behaviour: Behaviour) -> Server {
    Server::start(two(), behaviour).unwrap()
}

fn of(default: impl FnOnce(&mut Behaviour)) -> Server {
    let mut behaviour = Behaviour::default();
    default(&mut behaviour);
    start(behaviour)
}
