//! Never lost, never twice: `pop3 fetch` is interrupted wherever it can be, runs again, and then each
//! message must stand there once, octet for octet.
//!
//! `calls` kills it at each system call, `cuts` ends the line behind each octet of the server's,
//! `order` reads from a trace that nothing is deleted before it is safe, `readers` lets a mail reader
//! at the mail before the next run settles it, `together` starts several runs at once. Each takes
//! samples; with `POP3_TEST_EXHAUSTIVE=1` in the environment it leaves out nothing:
//!
//! ```text
//! POP3_TEST_EXHAUSTIVE=1 cargo test --test it -- kill:: --nocapture
//! ```

#![allow(clippy::print_stdout, reason = "the long form tells how many kills and cuts there were")]

mod calls;
mod cuts;
mod order;
mod readers;
mod together;
mod trace;

use crate::support::delivered::differences;
use crate::support::pop3::{Home, Pop3};
use crate::support::{Maildrop, corpus};
use pop3::server::{Behaviour, Message, Server, Sizes};
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Whether every call and octet is to be tried, not samples.
pub(crate) fn is_exhaustive() -> bool {
    std::env::var_os("POP3_TEST_EXHAUSTIVE").is_some_and(|value| !value.is_empty() && value != "0")
}

/// What a run is told: where to, and what stays on the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Order {
    store: Store,
    keep: &'static str,
}

/// The four combinations that the promise is about.
const ORDERS: [Order; 4] = [
    Order { store: Store::Maildir, keep: "all" },
    Order { store: Store::Maildir, keep: "none" },
    Order { store: Store::Mbox, keep: "all" },
    Order { store: Store::Mbox, keep: "none" },
];

/// What it is delivered into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Store {
    Maildir,
    Mbox,
}

impl Store {
    fn flag(self) -> &'static str {
        match self {
            Store::Maildir => "maildir:mail/inbox",
            Store::Mbox => "mbox:mail/inbox",
        }
    }
}

/// A server whose listing makes every message look so large that few of them, or one alone, are
/// committed together: while one round is committed, the next streams in.
fn in_rounds() -> Behaviour {
    Behaviour { sizes: Sizes::Always(20 << 20), ..Behaviour::default() }
}

/// How many messages the maildrop holds.
const MESSAGES: usize = 12;

/// A server with a maildrop and a user's home, for one interrupted fetch and those that follow.
struct Scene {
    order: Order,
    embedded: Embedded,
    home: Home,
    expected: Vec<Vec<u8>>,
    /// Whether the server takes away by itself what was retrieved.
    pops: bool,
}

impl Scene {
    fn new(order: Order, behaviour: Behaviour) -> Scene {
        let (mail, pops) = (mail(), behaviour.pops);
        let named = |(at, bytes): (usize, &Vec<u8>)| Message::text(bytes).with_unique_id(unique_id(at + 1));
        let server = Server::start(mail.iter().enumerate().map(named), behaviour).unwrap();
        let expected = mail.iter().map(|bytes| corpus::with_line_feeds(bytes)).collect();
        let home = Home::new();
        fs::create_dir(home.join("mail")).unwrap();
        Scene { order, embedded: Embedded { server }, home, expected, pops }
    }

    /// A run that is left alone.
    fn fetch(&self) -> Pop3 {
        self.told(self.home.at(&self.embedded, "fetch"))
    }

    /// A run under another program, which gets its command line.
    fn fetch_under(&self, wrapper: &[String]) -> Pop3 {
        let server = self.embedded.plain();
        let run = Pop3::under(&self.home, wrapper).args(["fetch"]).args(server);
        self.told(run.env("POP3_PASSWORD", self.embedded.password()))
    }

    fn told(&self, run: Pop3) -> Pop3 {
        run.args(["--to", self.order.store.flag(), "--keep", self.order.keep, "--timeout", "20s"])
    }

    fn inbox(&self) -> PathBuf {
        self.home.join("mail/inbox")
    }

    /// What stands there now.
    fn delivered(&self) -> Vec<Vec<u8>> {
        match self.order.store {
            Store::Maildir => ["new", "cur"].iter().flat_map(|part| self.files(part)).collect(),
            Store::Mbox => messages_of(&fs::read(self.inbox()).unwrap_or_default()),
        }
    }

    /// The contents of a Maildir's part; nothing where it is not there.
    fn files(&self, part: &str) -> Vec<Vec<u8>> {
        let Ok(entries) = fs::read_dir(self.inbox().join(part)) else { return Vec::new() };
        entries.map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect()
    }

    /// Two more runs, which must come to their end: the first brings what is missing, the second finds nothing to fetch. `read` are
    /// messages that a mail reader took away in the meantime.
    #[track_caller]
    fn goes_on(&self, interrupted: &str, read: &[Vec<u8>]) {
        let Scene { order, embedded: Embedded { server }, .. } = self;
        let told = |outcome: &crate::support::pop3::Outcome| {
            format!("{order:?}, {interrupted}: {outcome:?}\n{}", server.log().join("\n"))
        };
        let second = self.fetch().run();
        assert_eq!(second.code, 0, "the run after it failed: {}", told(&second));
        let retrieved = server.count("RETR");
        let third = self.fetch().run();
        assert_eq!(third.code, 0, "the third run failed: {}", told(&third));
        assert_eq!(server.count("RETR"), retrieved, "the third run fetched: {}", told(&second));
        let trouble = differences(&[self.delivered(), read.to_vec()].concat(), &self.expected);
        assert!(trouble.is_empty(), "{}\nthe run after it: {}", trouble.join("\n"), told(&second));
        let left = if order.keep == "none" { 0 } else { MESSAGES };
        // What an interrupted run brought and a later one did not retrieve again is still there.
        assert!(self.pops || self.embedded.left() == left, "left on the server: {}", told(&third));
        assert_eq!(server.complaints(), [""; 0], "{}", told(&third));
        let strays = self.strays();
        assert!(strays.is_empty(), "left behind: {strays:?} {}", told(&third));
    }

    /// Files that are no mail.
    fn strays(&self) -> Vec<PathBuf> {
        let beside = fs::read_dir(self.home.join("mail")).unwrap().map(|entry| entry.unwrap().path());
        let mut strays: Vec<PathBuf> = beside.filter(|path| *path != self.inbox()).collect();
        if let Ok(unfinished) = fs::read_dir(self.inbox().join("tmp")) {
            strays.extend(unfinished.map(|entry| entry.unwrap().path()));
        }
        strays
    }
}

/// The place of the message that is longer than a buffer: it reaches a file in several writes.
const LONG: usize = 5;

/// Mail of hard kinds.
fn mail() -> Vec<Vec<u8>> {
    let mut mail: Vec<Vec<u8>> =
        corpus::messages(MESSAGES).into_iter().map(|message| message.bytes).collect();
    for line in 0..1300 {
        mail[LONG]
            .extend_from_slice(format!("line {line} of a message that is longer than a buffer\n").as_bytes());
    }
    mail
}

/// What the message of that number is called.
fn unique_id(number: usize) -> String {
    format!("uid-{number:02}")
}

/// The messages of an mbox. Unlike Python's module, which the other tests ask, it costs no process.
fn messages_of(mbox: &[u8]) -> Vec<Vec<u8>> {
    let mut messages: Vec<Vec<u8>> = Vec::new();
    for line in mbox.split_inclusive(|&byte| byte == b'\n') {
        match messages.last_mut() {
            _ if line.starts_with(b"From ") => messages.push(Vec::new()),
            Some(message) => message.extend_from_slice(line),
            None => messages.push(line.to_vec()), // a message without a From_ line is one too many
        }
    }
    for message in &mut messages {
        // The blank line that separates messages; where it is missing, so is the message's end.
        if message.pop() != Some(b'\n') || message.last().is_some_and(|&last| last != b'\n') {
            message.extend_from_slice(b"<no blank line>");
        }
        *message = corpus::unquoted(&readers::without_status(message));
    }
    messages
}

/// The embedded server as a maildrop: it starts in no time, and can be cut and asked what was said.
struct Embedded {
    server: Server,
}

impl Maildrop for Embedded {
    fn address(&self) -> SocketAddr {
        self.server.addr()
    }

    fn user(&self) -> &str {
        "demo"
    }

    fn password(&self) -> &str {
        "tanstaaf"
    }

    fn put(&mut self, message: &[u8]) {
        self.server.edit(|messages| messages.push(Message::text(message)));
    }

    fn left(&self) -> usize {
        self.server.maildrop().len()
    }
}
