//! No DELE leaves before its message is safe, and where none is sent no QUIT before all are, since a server
//! may take away by itself what was retrieved: read from a trace of one run's system calls.
//!
//! For each message the calls must follow each other, each begun when the one before it had returned:
//!
//! - Maildir: its file written, the file flushed, `tmp/` flushed, its intent written, the journal
//!   flushed, the file renamed into `new/`, `new/` flushed;
//! - mbox: its intent written, the journal flushed, its last octet appended, the mbox flushed, the
//!   folder flushed, which holds a new file's name;
//! - both: `delivered` written, the journal flushed, DELE or QUIT.
//!
//! A power cut loses what is not flushed, so this order is what survives one.

use super::trace::Call;
use super::{Embedded, MESSAGES, ORDERS, Order, Scene, Store, in_rounds, unique_id};
use crate::support::Maildrop as _;
use crate::support::pop3::{Home, Pop3};
use crate::support::stage::padded;
use pop3::server::{Behaviour, Server};
use std::path::{Path, PathBuf};

/// What runs do with this order of things, seen from outside.
#[derive(Clone)]
struct Trace {
    calls: Vec<Call>,
    order: Order,
    inbox: PathBuf,
}

/// What the journal says of a message that is about to be delivered.
struct Intent {
    entry: String,
    written: usize,
    /// `maildir`, folder, name …; or `mbox`, file, offset, length …
    place: Vec<String>,
}

impl Trace {
    fn of(order: Order, behaviour: Behaviour) -> Trace {
        let scene = Scene::new(order, behaviour);
        let calls = scene.traced().0;
        scene.goes_on("not interrupted", &[]);
        Trace { calls, order, inbox: scene.inbox() }
    }

    /// What is wrong with the way of the message with that number.
    fn trouble_with(&self, number: usize) -> Result<(), String> {
        let gives_up = if self.deletes() { format!("DELE {number}") } else { "QUIT".to_owned() };
        let command = format!("{gives_up}\\r\\n");
        let sends = |call: &&Call| call.name.starts_with("send") || call.name.contains("write");
        let said = |call: &&Call| {
            let at = call.arguments.find(&command);
            at.is_some_and(|at| call.arguments[..at].ends_with(['"', 'n']))
        };
        let given_up =
            self.calls.iter().filter(sends).find(said).ok_or(format!("no {gives_up} was sent"))?.entered;
        let intent = self.intent(&unique_id(number)).ok_or("no intent was written")?;
        let visible = match self.order.store {
            Store::Maildir => self.in_maildir(&intent)?,
            Store::Mbox => self.in_mbox(&intent)?,
        };
        let delivered = format!("delivered\\te={}\\t", intent.entry);
        let written = self.next(visible, "delivered", |call| self.journals(call, &delivered))?;
        let durable = self.journal_flushed(written)?;
        if given_up <= durable {
            return Err(format!("{gives_up} was sent in line {given_up}, all was safe in line {durable}"));
        }
        Ok(())
    }

    fn deletes(&self) -> bool {
        self.order.keep == "none"
    }

    fn in_maildir(&self, intent: &Intent) -> Result<usize, String> {
        let name = intent.place.get(2).ok_or("the place has no name")?;
        let (tmp, new) = (self.inbox.join("tmp"), self.inbox.join("new"));
        let file = tmp.join(name);
        let writes = self.calls.iter().filter(|call| call.name.contains("write") && on(call, &file));
        let written = writes.map(|call| call.left).max().ok_or("the file was never written")?;
        let file_safe = self.next(written, "a flush of the file", |call| flushes(call, &file))?;
        // Its name came into being before it was written.
        let name_safe = self.next(written, "a flush of tmp/", |call| flushes(call, &tmp))?;
        let begun = self.calls[..].iter().find(|call| call.left == intent.written).map(|call| call.entered);
        if begun.is_none_or(|begun| begun <= file_safe.max(name_safe)) {
            return Err("the intent was written before the file and its name were safe".to_owned());
        }
        let announced = self.journal_flushed(intent.written)?;
        let renamed = self.next(announced, "the rename", |call| {
            // By name within the two folders, which are open.
            let names =
                |folder: &Path| call.arguments.contains(&format!("<{}>, \"{name}\"", folder.display()));
            call.name.starts_with("rename") && names(&tmp) && names(&new)
        })?;
        self.next(renamed, "a flush of new/", |call| flushes(call, &new))
    }

    fn in_mbox(&self, intent: &Intent) -> Result<usize, String> {
        let number = |field: usize| intent.place.get(field).and_then(|text| text.parse::<u64>().ok());
        let (offset, length) = number(2).zip(number(3)).ok_or("the place has no range")?;
        let announced = self.journal_flushed(intent.written)?;
        // The mbox is a new one: its writes add up to its length.
        let mut end = 0;
        let mut appended = None;
        for call in self.calls.iter().filter(|call| call.name.contains("write") && on(call, &self.inbox)) {
            let begin = end;
            end += call.result.as_ref().and_then(|count| count.parse::<u64>().ok()).unwrap_or(0);
            if end > offset && begin < offset + length && call.entered <= announced {
                return Err("it was appended before its intent was safe".to_owned());
            }
            if begin < offset + length && end >= offset + length {
                appended = Some(call.left);
            }
        }
        let appended = appended.ok_or("its last octet was never appended")?;
        let safe = self.next(appended, "a flush of the mbox", |call| flushes(call, &self.inbox))?;
        let folder = self.inbox.parent().ok_or("the mbox has no folder")?;
        // Its name came into being with the first round, and is safe since then.
        let first = self.calls.iter().find(|call| call.name.contains("write") && on(call, &self.inbox));
        let begun = first.map_or(0, |call| call.left);
        let name_safe = self.next(begun, "a flush of the folder", |call| flushes(call, folder))?;
        Ok(safe.max(name_safe))
    }

    /// The first call entered behind that line which is the one; where it returned.
    fn next(&self, behind: usize, what: &str, is_it: impl Fn(&Call) -> bool) -> Result<usize, String> {
        let mut calls = self.calls.iter().filter(|call| call.entered > behind && call.succeeded());
        calls
            .find(|call| is_it(call))
            .map(|call| call.left)
            .ok_or(format!("{what} is missing behind line {behind}"))
    }

    fn journal_flushed(&self, behind: usize) -> Result<usize, String> {
        self.next(behind, "a flush of the journal", |call| {
            is_flush(call) && (call.name == "syncfs" || call.arguments.contains(".journal>"))
        })
    }

    fn journals(&self, call: &Call, record: &str) -> bool {
        call.name.contains("write") && call.arguments.contains(".journal>") && call.arguments.contains(record)
    }

    fn intent(&self, unique_id: &str) -> Option<Intent> {
        let named = format!("\\tu={unique_id}\\t");
        let call = self.calls.iter().find(|call| {
            call.succeeded() && self.journals(call, "intent\\t") && call.arguments.contains(&named)
        })?;
        let text = call.arguments.split_once('"')?.1;
        let record = text.split("\\n").find(|record| record.contains(&named))?;
        let field = |name: &str| record.split("\\t").find_map(|field| field.strip_prefix(name));
        let entry = field("e=")?.to_owned();
        let place = field("p=")?.split('|').map(str::to_owned).collect();
        Some(Intent { entry, written: call.left, place })
    }
}

fn is_flush(call: &Call) -> bool {
    ["fsync", "fdatasync", "syncfs"].contains(&call.name.as_str())
}

/// Whether its first argument is a descriptor of that path.
fn on(call: &Call, path: &Path) -> bool {
    let descriptor = call.arguments.split_once('<').map_or("", |(_, rest)| rest);
    descriptor.split_once('>').is_some_and(|(name, _)| Path::new(name) == path)
}

/// Flushes it, or the whole file system.
fn flushes(call: &Call, path: &Path) -> bool {
    is_flush(call) && (call.name == "syncfs" || on(call, path))
}

fn trouble(trace: &Trace) -> Vec<String> {
    let of = |number| trace.trouble_with(number).err().map(|trouble| format!("message {number}: {trouble}"));
    (1..=MESSAGES).filter_map(of).collect()
}

#[test]
fn nothing_is_deleted_and_no_session_ended_before_all_is_safe() {
    for order in ORDERS {
        for behaviour in [Behaviour::default(), in_rounds()] {
            let trace = Trace::of(order, behaviour);
            let trouble = trouble(&trace);
            assert!(trouble.is_empty(), "{order:?}:\n{}", trouble.join("\n"));
            each_step_is_missed(&trace);
        }
    }
}

/// The check is no formality: with any one of the steps missing, it finds trouble.
fn each_step_is_missed(trace: &Trace) {
    let inbox = trace.inbox.as_path();
    let (tmp, new) = (inbox.join("tmp"), inbox.join("new"));
    let folder = inbox.parent().unwrap().to_owned();
    let is_file = |call: &Call| call.arguments.contains(&format!("<{}/", tmp.display()));
    type Step<'a> = (&'a str, Box<dyn Fn(&Call) -> bool + 'a>);
    let mut steps: Vec<Step> = vec![
        ("flushes of the journal", Box::new(|call| is_flush(call) && call.arguments.contains(".journal>"))),
        ("intents", Box::new(|call| trace.journals(call, "intent\\t"))),
        ("delivered", Box::new(|call| trace.journals(call, "delivered\\t"))),
    ];
    match trace.order.store {
        Store::Maildir => {
            steps.push(("flushes of files", Box::new(|call| is_flush(call) && is_file(call))));
            steps.push(("flushes of tmp/", Box::new(|call| is_flush(call) && on(call, &tmp))));
            steps.push(("flushes of new/", Box::new(|call| is_flush(call) && on(call, &new))));
            steps.push(("renames", Box::new(|call| call.name.starts_with("rename"))));
        }
        Store::Mbox => {
            steps.push(("flushes of the mbox", Box::new(|call| is_flush(call) && on(call, inbox))));
            steps.push(("flushes of the folder", Box::new(|call| is_flush(call) && on(call, &folder))));
        }
    }
    for (what, step) in steps {
        // Where one call flushes a whole file system, there are none for single files.
        if what == "flushes of files" && !trace.calls.iter().any(&step) {
            continue;
        }
        let calls = trace.calls.iter().filter(|call| !step(call)).cloned().collect();
        let without = Trace { calls, ..trace.clone() };
        assert!(!trouble(&without).is_empty(), "without {what}");
    }
    let mut early = trace.clone();
    let gives_up = if trace.deletes() { "DELE 3" } else { "QUIT" };
    for call in early.calls.iter_mut().filter(|call| call.arguments.contains(&format!("{gives_up}\\r\\n"))) {
        (call.entered, call.left) = (0, 0);
    }
    let (told, expected) = (trouble(&early), format!("message 3: {gives_up}"));
    assert!(told.iter().any(|trouble| trouble.starts_with(&expected)), "{told:?}");
}

/// What is there of a round is flushed while the rest streams in, also where commands wait for their answers;
/// a handful of files is never worth a flush of the whole file system.
#[test]
fn a_large_round_is_flushed_before_it_ends_and_a_small_one_file_by_file() {
    let flushes_of = |count: u32, pipelining: &str| {
        let letters = (1..=count).map(|number| padded(number, 900_000));
        let embedded = Embedded { server: Server::start(letters, Behaviour::default()).unwrap() };
        let home = Home::new();
        let log = home.join("strace.log").display().to_string();
        Pop3::under(&home, &["strace", "-f", "-qq", "-e", "trace=syncfs", "-o", &log])
            .args(["fetch"])
            .args(embedded.plain())
            .args(["--to", "maildir:in"])
            .env("POP3_PASSWORD", embedded.password())
            .env("POP3_PIPELINING", pipelining)
            .run()
            .exits(0);
        std::fs::read_to_string(&log).unwrap().matches("syncfs(").count()
    };
    for pipelining in ["auto", "off"] {
        assert_eq!(flushes_of(9, pipelining), 2, "{pipelining}: after eight messages, and at the end");
        assert_eq!(flushes_of(7, pipelining), 0, "{pipelining}");
    }
}
