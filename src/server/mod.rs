//! An embedded POP3 server on loopback, for `pop3 demo`, and for tests, which can make it misbehave.
//!
//! ```text
//! Server ── a thread a connection ─▶ wire ─▶ dialogue ─▶ sign_in │ transaction · listing │ script
//!   │                                  ▲ limits   ▲ faults            │
//!   └── shared: maildrop, its lock, the log ◀──────┴── behaviour ─────┘   message: stored, or made as it is sent
//! ```
//!
//! It is an independent implementation of RFC 1939, 2449, 2595 and 5034: it shares no code with the client,
//! so that each checks the other. It records violations by the client ([`Server::complaints`]). Each wait is
//! bounded by [`Behaviour::patience`], and all threads end when the [`Server`] is dropped.
//!
//! ```
//! use pop3::server::{Behaviour, Fault, Message, Server};
//!
//! let letters = [Message::text("Subject: one\n\nHello.\n"), Message::text("Subject: two\n\nBye.\n")];
//! let server = Server::start(letters, Behaviour::default().with_fault(Fault::cut_in(2, 10)))?;
//! let address = server.addr(); // sign in here as `demo` with `tanstaaf`
//! # let _ = address;
//! // … then check what was sent, and what is left:
//! assert_eq!(server.count("DELE"), 0);
//! assert_eq!(server.maildrop().len(), 2);
//! assert!(server.complaints().is_empty());
//! # Ok::<(), std::io::Error>(())
//! ```

mod behaviour;
mod dialogue;
mod fault;
mod listing;
mod message;
mod samples;
mod script;
mod shared;
mod sign_in;
mod transaction;
mod wire;

#[cfg(test)]
mod tests;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

pub use behaviour::{
    Apop, Arrival, Behaviour, Capa, Farewell, FarewellReply, Framing, InitialResponse, Listing, ListingEnd,
    Pipelining, Sasl, Sizes, Tls, Top,
};
pub use fault::{Act, End, Fault};
pub use message::{Content, Message};
pub use samples::samples;
pub use script::Script;

use dialogue::Dialogue;
use shared::Shared;
use wire::Wire;

/// Further connections are closed without a greeting.
const MOST_CONNECTIONS: usize = 64;

/// A running server. Dropping it closes all connections and ends all threads.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server with these messages on a free port of 127.0.0.1.
    pub fn start(messages: impl IntoIterator<Item = Message>, behaviour: Behaviour) -> io::Result<Server> {
        Server::open(messages, behaviour, Vec::new())
    }

    /// Starts a server that runs a script on each connection, in order. The last one is repeated for all
    /// further connections. Without scripts, connections are closed at once.
    pub fn play(mut scripts: Vec<Script>) -> io::Result<Server> {
        if scripts.is_empty() {
            scripts.push(Script::new());
        }
        Server::open([], Behaviour::default(), scripts)
    }

    fn open(
        messages: impl IntoIterator<Item = Message>,
        behaviour: Behaviour,
        scripts: Vec<Script>,
    ) -> io::Result<Server> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(messages, behaviour));
        let theirs = Arc::clone(&shared);
        let accepting = std::thread::Builder::new()
            .name("pop3 server".to_owned())
            .spawn(move || accept(&listener, &theirs, &Arc::new(scripts)))?;
        Ok(Server { address, shared, accepting: Some(accepting) })
    }

    /// Its address.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Every line that clients have sent, in order and unchanged, including passwords; invalid UTF-8 is
    /// replaced.
    pub fn log(&self) -> Vec<String> {
        self.shared.log()
    }

    /// How often clients have sent a command: its first words, in any case (`RETR`, or `RETR 1`).
    pub fn count(&self, command: &str) -> usize {
        let log = self.shared.log();
        log.iter().filter(|line| fault::matches_command(line.as_bytes(), command.as_bytes())).count()
    }

    /// Violations of the RFCs by clients: commands sent before a reply although PIPELINING was not announced
    /// to them, any data sent after STLS, overlong commands, bare LF; also deviations from a script.
    pub fn complaints(&self) -> Vec<String> {
        self.shared.complaints()
    }

    /// The number of connections so far.
    pub fn sessions(&self) -> usize {
        self.shared.sessions()
    }

    /// The current messages; deleted ones are missing once QUIT was received.
    pub fn maildrop(&self) -> Vec<Message> {
        self.shared.messages()
    }

    /// Changes the maildrop: new mail, other unique-ids, another order. Running sessions keep their snapshot.
    pub fn edit(&self, change: impl FnOnce(&mut Vec<Message>)) {
        self.shared.edit(change);
    }

    /// Restores all messages that QUIT has removed, in the order of their arrival.
    pub fn bring_back(&self) {
        self.shared.bring_back();
    }

    /// Changes the behaviour from the next connection on. Arrivals start again.
    pub fn set_behaviour(&self, behaviour: Behaviour) {
        self.shared.set_behaviour(behaviour);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop();
        // The thread waits for a connection, so connect. If that fails, the thread is not waited for.
        if TcpStream::connect_timeout(&self.address, Duration::from_secs(1)).is_ok()
            && let Some(accepting) = self.accepting.take()
        {
            // A panic in the thread was already printed to stderr.
            let _ = accepting.join();
        }
    }
}

/// Accepts connections, with a thread for each, until the server stops; then waits for those threads.
fn accept(listener: &TcpListener, shared: &Arc<Shared>, scripts: &Arc<Vec<Script>>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    while !shared.is_stopped() {
        let Ok((line, _)) = listener.accept() else {
            // Most likely there are too many open files: wait until some are closed.
            shared.pause(Duration::from_millis(10));
            continue;
        };
        threads.retain(|thread| !thread.is_finished());
        let Some(session) = line.try_clone().ok().and_then(|line| shared.register(line)) else { continue };
        if threads.len() >= MOST_CONNECTIONS {
            shared.unregister(session);
            continue;
        }
        let (theirs, scripts) = (Arc::clone(shared), Arc::clone(scripts));
        let spawned = std::thread::Builder::new().name(format!("pop3 session {session}")).spawn(move || {
            // The client notices a lost connection, which is often the purpose of a test.
            let _ = serve(line, &theirs, &scripts, session);
            theirs.unregister(session);
        });
        match spawned {
            Ok(thread) => threads.push(thread),
            Err(_) => shared.unregister(session),
        }
    }
    for thread in threads {
        let _ = thread.join();
    }
}

/// Serves one connection.
fn serve(line: TcpStream, shared: &Shared, scripts: &[Script], session: usize) -> io::Result<()> {
    let behaviour = shared.behaviour();
    let mut wire = Wire::new(line, behaviour.patience, behaviour.framing.bare_lf)?;
    let outcome = match scripts.get(session).or(scripts.last()) {
        Some(script) => script.run(&mut wire, shared),
        None => {
            let secured = match &behaviour.tls {
                Tls::Implicit(identity) => wire.secure(identity),
                Tls::None | Tls::Stls(_) => Ok(()),
            };
            // The dialogue, with the maildrop's lock, is dropped before the client sees the connection close.
            secured.and_then(|()| Dialogue::new(&mut wire, shared, &behaviour, session).run())
        }
    };
    wire.close(outcome.is_ok());
    outcome
}
