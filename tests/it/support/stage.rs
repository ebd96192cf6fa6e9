//! A fetch on a stage: the embedded server with its moods, a home, a destination, and exact answers to
//! what stands there, and what was said.

use super::delivered::in_maildir;
use super::pop3::{Home, Outcome, Pop3};
use pop3::server::{Behaviour, Message, Server};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;

/// Where a run delivers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    Maildir,
    Mbox,
}

/// Both: whatever goes wrong on the wire must come out the same in either.
pub(crate) const STORES: [Store; 2] = [Store::Maildir, Store::Mbox];

/// A message like no other, with the things in it that are easily spoilt: a line that begins with a
/// dot, and one that begins with From.
pub(crate) fn letter(number: u32) -> Message {
    padded(number, 0)
}

/// The same with so many octets of text more.
pub(crate) fn padded(number: u32, octets: usize) -> Message {
    Message::text(format!(
        "From: a@example.org\nTo: b@example.org\nSubject: letter {number}\n\
         Date: Mon, 05 Feb 2024 10:00:00 +0000\nMessage-ID: <{number}@letters.example.org>\n\n\
         This is letter {number}.\n.a dot\nFrom the start\n{}end of {number}\n",
        format!("{}\n", "x".repeat(70)).repeat(octets / 71)
    ))
}

pub(crate) fn letters(count: u32) -> Vec<Message> {
    (1..=count).map(letter).collect()
}

/// A message as it has to stand in a destination: LF for CRLF, all else as it was.
pub(crate) fn delivered(message: &Message) -> Vec<u8> {
    let (bytes, mut out) = (message.bytes(), Vec::new());
    for (at, byte) in bytes.iter().enumerate() {
        if *byte != b'\r' || bytes.get(at + 1) != Some(&b'\n') {
            out.push(*byte);
        }
    }
    out
}

/// Plays all these cases side by side: most of their time is spent waiting.
pub(crate) fn at_once<T: Send>(cases: impl IntoIterator<Item = T>, play: impl Fn(T) + Sync) {
    let play = &play;
    std::thread::scope(|scope| {
        for case in cases {
            scope.spawn(move || play(case));
        }
    });
}

/// One server, one user, one destination.
pub(crate) struct Stage {
    pub(crate) home: Home,
    pub(crate) server: Server,
    store: Store,
}

impl Stage {
    pub(crate) fn new(
        store: Store,
        messages: impl IntoIterator<Item = Message>,
        behaviour: Behaviour,
    ) -> Stage {
        let server = Server::start(messages, behaviour).unwrap();
        Stage { home: Home::new(), server, store }
    }

    /// The binary at this server.
    pub(crate) fn pop3(&self, command: &str) -> Pop3 {
        self.pop3_under::<&str>(&[], command)
    }

    /// The binary at this server with a command of several words.
    pub(crate) fn asks(&self, words: &[&str]) -> Pop3 {
        let server = format!("pop3://demo@{}", self.server.addr());
        let run = Pop3::new(&self.home).args(words).args(["--tls", "none", "--server", &server]);
        run.env("POP3_PASSWORD", "tanstaaf")
    }

    /// The binary at this server as another program runs it: `wrapper` is that program and its arguments.
    pub(crate) fn pop3_under<T: AsRef<OsStr>>(&self, wrapper: &[T], command: &str) -> Pop3 {
        self.here(Pop3::under(&self.home, wrapper), command)
    }

    fn here(&self, run: Pop3, command: &str) -> Pop3 {
        run.args([command, "--tls", "none", "--server"])
            .args([format!("pop3://demo@{}", self.server.addr())])
            .env("POP3_PASSWORD", "tanstaaf")
    }

    /// `fetch` into the destination, ready to run.
    pub(crate) fn fetching(&self, more: &[&str]) -> Pop3 {
        self.pop3("fetch").args(["--to", self.destination()]).args(more)
    }

    /// The same for nobody.
    pub(crate) fn fetching_by_nobody(&self, more: &[&str]) -> Pop3 {
        let run = Pop3::by_nobody(&self.home, &[], &["--clear-groups"]);
        self.here(run, "fetch").args(["--to", self.destination()]).args(more)
    }

    fn destination(&self) -> &'static str {
        match self.store {
            Store::Maildir => "maildir:in",
            Store::Mbox => "mbox:in",
        }
    }

    /// `fetch` into the destination.
    pub(crate) fn fetch(&self, more: &[&str]) -> Outcome {
        self.fetching(more).run()
    }

    /// From now on the server is the best one can wish for.
    pub(crate) fn heal(&self) {
        self.server.set_behaviour(Behaviour::default());
    }

    /// The messages that stand in the destination, octet for octet.
    pub(crate) fn read(&self) -> Vec<Vec<u8>> {
        let place = self.home.join("in");
        match self.store {
            _ if !place.exists() => Vec::new(),
            Store::Maildir => in_maildir(&place),
            Store::Mbox => split(&fs::read(place).unwrap()),
        }
    }

    /// Fails unless exactly these letters stand there, each once and whole.
    #[track_caller]
    pub(crate) fn holds(&self, numbers: impl IntoIterator<Item = u32>) {
        self.holds_messages(&numbers.into_iter().map(letter).collect::<Vec<_>>());
    }

    /// Fails unless exactly these messages stand there, octet for octet.
    #[track_caller]
    pub(crate) fn holds_messages(&self, messages: &[Message]) {
        let mut counts: BTreeMap<Vec<u8>, (usize, usize)> = BTreeMap::new();
        self.read().into_iter().for_each(|found| counts.entry(found).or_default().0 += 1);
        messages.iter().for_each(|wanted| counts.entry(delivered(wanted)).or_default().1 += 1);
        let wrong: Vec<String> = counts
            .iter()
            .filter(|(_, (found, wanted))| found != wanted)
            .map(|(bytes, (found, wanted))| {
                let start = bytes[..bytes.len().min(300)].escape_ascii();
                format!("{found} times instead of {wanted}, {} octets: {start}", bytes.len())
            })
            .collect();
        assert!(wrong.is_empty(), "in {:?} stand {}\nsaid: {:?}", self.store, wrong.join("\n"), self.said());
    }

    /// The server is healed: the next run brings exactly what is missing, and the one after it deletes
    /// everything without a download.
    #[track_caller]
    pub(crate) fn ends_well(&self, messages: &[Message]) {
        self.heal();
        // What failed more than once waits for its next try.
        let to = self.destination();
        self.pop3("problems").args(["--retry", "all", "--to", to]).run();
        self.fetch(&[]).exits(0);
        self.holds_messages(messages);
        let retrieved = self.server.count("RETR");
        self.fetch(&["--keep", "none"]).exits(0);
        assert_eq!(self.server.count("RETR"), retrieved, "something was fetched again: {:?}", self.said());
        assert_eq!(self.server.maildrop().len(), 0);
        self.holds_messages(messages);
        assert_eq!(self.server.complaints(), Vec::<String>::new());
    }

    /// What clients said, without the sign-ins.
    pub(crate) fn said(&self) -> Vec<String> {
        let is_sign_in = |line: &String| {
            ["AUTH", "APOP", "USER", "PASS", "CAPA"].iter().any(|verb| line.starts_with(verb))
                || !line.contains(' ') && line.len() > 5
        };
        let mut log = self.server.log();
        log.retain(|line| !is_sign_in(line));
        log.truncate(60);
        log
    }

    /// The account's journal.
    pub(crate) fn journal(&self) -> PathBuf {
        let port = self.server.addr().port();
        self.home.join(&format!(".local/state/pop3/demo@127.0.0.1%3A{port}.journal"))
    }
}

/// The messages of an mbox in the mboxrd quoting, by the rules alone.
fn split(mbox: &[u8]) -> Vec<Vec<u8>> {
    let mut messages: Vec<Vec<u8>> = Vec::new();
    for line in mbox.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b"From ") {
            messages.push(Vec::new());
            continue;
        }
        let message = messages.last_mut().expect("an mbox begins with From_");
        let quotes = line.iter().take_while(|byte| **byte == b'>').count();
        let is_quoted = quotes > 0 && line[quotes..].starts_with(b"From ");
        message.extend_from_slice(if is_quoted { &line[1..] } else { line });
    }
    for message in &mut messages {
        assert!(message.ends_with(b"\n"), "no blank line behind a message: {}", message.escape_ascii());
        message.pop();
    }
    messages
}
