//! A server that answers as a test tells it, for what no real server can be brought to do.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// Between two pieces of an answer.
const PAUSE: Duration = Duration::from_millis(100);

/// What happens after a command.
pub(crate) enum Answer {
    /// These octets, line ends included.
    Say(&'static str),
    /// These, with a pause between them, so that they come in packets of their own.
    InPieces(&'static [&'static str]),
    /// Nothing, for ever.
    Silence,
}

/// Listens until the test process ends.
pub(crate) struct Scripted {
    pub(crate) address: SocketAddr,
    heard: Arc<Heard>,
}

#[derive(Default)]
struct Heard {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

impl Scripted {
    /// `answer` is asked with each line a client sends, on any connection.
    pub(crate) fn start(greeting: &'static str, answer: fn(&str) -> Answer) -> Scripted {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Heard::default());
        let log = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let log = Arc::clone(&log);
                std::thread::spawn(move || converse(stream, greeting, answer, &log));
            }
        });
        Scripted { address, heard }
    }

    /// The lines received so far.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lines.lock().unwrap().clone()
    }

    /// Waits until a client has sent a line.
    pub(crate) fn wait_for_a_line(&self) {
        let lines = self.heard.lines.lock().unwrap();
        let patience = Duration::from_secs(20);
        let waited = self.heard.more.wait_timeout_while(lines, patience, |lines| lines.is_empty()).unwrap();
        assert!(!waited.1.timed_out(), "no client came");
    }
}

fn converse(mut stream: TcpStream, greeting: &str, answer: fn(&str) -> Answer, log: &Heard) {
    let reader = BufReader::new(stream.try_clone().unwrap());
    if stream.write_all(greeting.as_bytes()).is_err() {
        return;
    }
    for line in reader.lines().map_while(Result::ok) {
        let reply = answer(&line);
        log.lines.lock().unwrap().push(line);
        log.more.notify_all();
        match reply {
            Answer::Say(reply) if stream.write_all(reply.as_bytes()).is_err() => return,
            Answer::InPieces(pieces) => {
                for piece in pieces {
                    if stream.write_all(piece.as_bytes()).is_err() {
                        return;
                    }
                    std::thread::sleep(PAUSE);
                }
            }
            Answer::Say(_) | Answer::Silence => {}
        }
    }
}
