//! An HTTP server that answers as a test tells it, for what no real provider can be brought to do.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a request gets.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Status, type and body; `ISSUER` in it becomes the server's own address.
    Page(u16, &'static str, String),
    /// These octets, whatever they are.
    Raw(Vec<u8>),
    /// Nothing, for ever.
    Silence,
    /// Octets that come at a pace, and do not end soon.
    Flow(Flow),
}

/// An answer in pieces: what it begins with in one, then the same ones again and again.
#[derive(Clone)]
pub(crate) struct Flow {
    pub(crate) head: String,
    /// What follows, cyclically.
    pub(crate) body: String,
    /// How many octets of it come at once.
    pub(crate) piece: usize,
    pub(crate) pause: Duration,
    /// How many come in all, if the client stays for so long.
    pub(crate) octets: u64,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &str) -> Reply {
        Reply::Page(status, "application/json", body.to_owned())
    }

    /// A refusal by that code (RFC 6749 section 5.2).
    pub(crate) fn error(code: &str) -> Reply {
        Reply::json(400, &format!("{{\"error\":\"{code}\",\"error_description\":\"that is how it is\"}}"))
    }
}

/// Listens until the test process ends.
pub(crate) struct Web {
    pub(crate) address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
    /// How many octets of a flow a client has been sent.
    sent: Arc<AtomicU64>,
}

impl Web {
    /// `answer` gets the path and the body of each request, and how many came before.
    pub(crate) fn start(answer: impl Fn(&str, &str, usize) -> Reply + Send + Sync + 'static) -> Web {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (Arc::clone(&heard), Arc::new(answer));
        let sent = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&sent);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answer, count) = (Arc::clone(&log), Arc::clone(&answer), Arc::clone(&count));
                std::thread::spawn(move || serve(stream, &*answer, &log, &count));
            }
        });
        Web { address, heard, sent }
    }

    /// How many octets of [`Reply::Flow`] have been sent so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Path and body of each request so far.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// One request, one answer.
fn serve(
    mut stream: TcpStream,
    answer: &dyn Fn(&str, &str, usize) -> Reply,
    log: &Mutex<Vec<String>>,
    sent: &AtomicU64,
) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut line, mut length) = (String::new(), 0);
    if reader.read_line(&mut line).is_err() {
        return;
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    loop {
        let mut field = String::new();
        if reader.read_line(&mut field).is_err() || field.trim().is_empty() {
            break;
        }
        if let Some(value) = field.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let body = String::from_utf8(body).unwrap();
    let before = {
        let mut log = log.lock().unwrap();
        log.push(format!("{path} {body}"));
        log.len() - 1
    };
    // Who has heard enough hangs up: then there is nobody to write to.
    match answer(&path, &body, before) {
        Reply::Page(status, kind, body) => {
            let body = body.replace("ISSUER", &format!("http://{}", stream.local_addr().unwrap()));
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            let _ = stream.write_all(&[head.as_bytes(), body.as_bytes()].concat());
        }
        Reply::Raw(bytes) => {
            let _ = stream.write_all(&bytes);
        }
        Reply::Silence => std::thread::sleep(Duration::from_secs(600)),
        Reply::Flow(flow) => {
            let _ = flow.run(&mut stream, sent);
        }
    }
}

impl Flow {
    /// Sends it until its end, or until the client hangs up.
    fn run(&self, stream: &mut TcpStream, sent: &AtomicU64) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        stream.write_all(self.head.as_bytes())?;
        let body = self.body.as_bytes();
        // Each piece is taken out of this at the place where the last one has ended.
        let cycle: Vec<u8> = body.iter().cycle().take(body.len() + self.piece).copied().collect();
        let (mut at, mut left) = (0, self.octets);
        while left > 0 {
            let count = usize::try_from(left).map_or(self.piece, |left| left.min(self.piece));
            stream.write_all(&cycle[at..at + count])?;
            sent.fetch_add(count as u64, Ordering::SeqCst);
            at = (at + count) % body.len();
            left -= count as u64;
            std::thread::sleep(self.pause);
        }
        Ok(())
    }
}
