//! The program under strace: which system calls it makes, and a SIGKILL at one of them.
//!
//! strace injects the signal where a call is entered, and the kernel then does not carry the call out.
//! What a kill behind a call would leave is what one at the entry of the next leaves: between two calls
//! of the set nothing changes that outlives the process.
//!
//! strace counts each kind of call, in each thread, by itself: a point to strike is a kind of call and how
//! manieth it is, in whichever thread gets that far first. Where two threads make calls of one kind, some
//! of those of the thread that makes fewer are hidden behind the other's.

use super::Scene;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Every call that changes a file, a lock or a folder, or that talks to the server. A name behind a
/// question mark does not exist on each machine.
pub(super) const CALLS: &[&str] = &[
    "?open",
    "?creat",
    "openat",
    "?openat2",
    "read",
    "?readv",
    "pread64",
    "preadv",
    "write",
    "writev",
    "pwrite64",
    "pwritev",
    "?pwritev2",
    "?copy_file_range",
    "?sendfile",
    "splice",
    "fsync",
    "fdatasync",
    "syncfs",
    "sync",
    "?sync_file_range",
    "msync",
    "?rename",
    "?renameat",
    "renameat2",
    "?link",
    "linkat",
    "?unlink",
    "unlinkat",
    "?symlink",
    "symlinkat",
    "ftruncate",
    "truncate",
    "fallocate",
    "?mkdir",
    "mkdirat",
    "?rmdir",
    "?chmod",
    "fchmod",
    "fchmodat",
    "utimensat",
    "fcntl",
    "flock",
    "socket",
    "connect",
    "sendto",
    "sendmsg",
    "sendmmsg",
    "recvfrom",
    "recvmsg",
    "recvmmsg",
    "shutdown",
    "close",
    "?io_uring_enter",
];

/// What of each string strace shows: enough for a journal's batch.
const WHOLE_STRINGS: &str = "1000000";

/// A call as strace shows it.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// The thread that made it.
    pub(super) thread: String,
    pub(super) name: String,
    /// Its arguments, as strace writes them.
    pub(super) arguments: String,
    /// What it gave; `None` where it never returned.
    pub(super) result: Option<String>,
    /// The lines of the log where it was entered and left.
    pub(super) entered: usize,
    pub(super) left: usize,
}

impl Call {
    pub(super) fn succeeded(&self) -> bool {
        self.result.as_ref().is_some_and(|result| !result.starts_with('-') && !result.starts_with('?'))
    }
}

/// The calls of a log, in the order in which they were entered.
pub(super) fn read(log: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut open: BTreeMap<String, usize> = BTreeMap::new();
    for (at, line) in log.lines().enumerate() {
        let Some((thread, what)) = line.split_once(' ') else { continue };
        let what = what.trim_start();
        if what.starts_with("+++") || what.starts_with("---") {
            continue;
        }
        if let Some(rest) = what.strip_prefix("<... ") {
            let Some(call) = open.remove(thread).map(|index| &mut calls[index]) else { continue };
            let rest = rest.split_once(" resumed>").map_or("", |(_, rest)| rest);
            let (arguments, result) = taken_apart(rest);
            call.arguments.truncate(call.arguments.trim_end().len());
            call.arguments.push_str(arguments);
            (call.result, call.left) = (result, at);
            continue;
        }
        let Some((name, rest)) = what.split_once('(') else { continue };
        let is_open = rest.ends_with("<unfinished ...>");
        let (arguments, result) = taken_apart(rest.trim_end_matches("<unfinished ...>"));
        if is_open {
            open.insert(thread.to_owned(), calls.len());
        }
        calls.push(Call {
            thread: thread.to_owned(),
            name: name.to_owned(),
            arguments: arguments.to_owned(),
            result: if is_open { None } else { result },
            entered: at,
            left: if is_open { usize::MAX } else { at },
        });
    }
    calls
}

/// Arguments and result of what follows the bracket.
fn taken_apart(rest: &str) -> (&str, Option<String>) {
    match rest.rfind(" = ") {
        Some(at) if rest[..at].trim_end().ends_with(')') => {
            let result = rest[at + 3..].to_owned();
            (rest[..at].trim_end().trim_end_matches(')'), Some(result).filter(|text| text != "?"))
        }
        _ => (rest, None),
    }
}

/// A kind of call, and the how manieth.
pub(super) type Point = (String, usize);

/// The calls of one run.
pub(super) struct Run(pub(super) Vec<Call>);

impl Run {
    fn of(log: &Path) -> Run {
        Run(read(&fs::read_to_string(log).unwrap_or_default()))
    }

    /// Each point once, in the order in which the run came by, from the first call that concerns the
    /// user's home: what comes before it loads the program.
    pub(super) fn points(&self, home: &Path) -> Vec<Point> {
        let home = home.display().to_string();
        self.points_from(|call| call.arguments.contains(&home))
    }

    /// The same from the first call that `begins`.
    pub(super) fn points_from(&self, begins: impl Fn(&Call) -> bool) -> Vec<Point> {
        let begin = self.0.iter().position(begins).expect("a call to begin with");
        let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let mut points = Vec::new();
        for (at, call) in self.0.iter().enumerate() {
            let count = counts.entry((&call.thread, &call.name)).or_default();
            *count += 1;
            if at >= begin && seen.insert((&call.name, *count)) {
                points.push((call.name.clone(), *count));
            }
        }
        points
    }
}

impl Scene {
    /// Lets a fetch run to its end, and gives what it called. Strings are shown whole, and descriptors
    /// with their paths.
    pub(super) fn traced(&self) -> Run {
        let log = self.home.join("strace.log");
        let set = format!("trace={}", CALLS.join(","));
        let wrapper =
            ["strace", "-f", "-qq", "-y", "-s", WHOLE_STRINGS, "-e", &set, "-e", "signal=none", "-o"];
        self.fetch_under(&with_log(&wrapper, &log)).run().exits(0);
        Run::of(&log)
    }

    /// Lets a fetch run until one of its threads enters this call. `false` where it came to its end
    /// before, because its threads took turns otherwise.
    pub(super) fn is_killed_at(&self, point: &Point) -> bool {
        let (name, number) = point;
        let (set, kill) = (format!("trace={name}"), format!("inject={name}:signal=KILL:when={number}"));
        let wrapper = ["strace", "-f", "-qq", "-e", &set, "-e", &kill, "-e", "signal=none", "-o"];
        let log = self.home.join("strace.log");
        let survivor = self.fetch_under(&with_log(&wrapper, &log)).run_until_killed();
        survivor.map(|outcome| outcome.exits(0)).is_none()
    }
}

fn with_log(wrapper: &[&str], log: &Path) -> Vec<String> {
    let mut wrapper: Vec<String> = wrapper.iter().map(|word| (*word).to_owned()).collect();
    wrapper.push(log.display().to_string());
    wrapper
}

#[test]
fn a_log_is_read_with_calls_that_overlap_and_calls_that_never_return() {
    let log = "7  openat(AT_FDCWD, \"/a (b) = c\", O_RDONLY) = 3</a (b) = c>\n\
               7 fsync(3</a> <unfinished ...>\n\
               8 write(4</j>, \"x\", 1)  = -1 ENOSPC (No space)\n\
               7 <... fsync resumed>) = 0\n\
               8 sendto(5, \"DELE 1\\r\\n\", 8, 0, NULL, 0) = ?\n\
               7 +++ killed by SIGKILL +++\n";
    let run = Run(read(log));
    let shown: Vec<_> =
        run.0.iter().map(|call| (call.name.as_str(), call.succeeded(), call.entered, call.left)).collect();
    let expected =
        [("openat", true, 0, 0), ("fsync", true, 1, 3), ("write", false, 2, 2), ("sendto", false, 4, 4)];
    assert_eq!(shown, expected);
    assert_eq!(run.0[1].arguments, "3</a>");
    let points = run.points(Path::new("</j>"));
    assert_eq!(points, [("write".to_owned(), 1), ("sendto".to_owned(), 1)]);
}
