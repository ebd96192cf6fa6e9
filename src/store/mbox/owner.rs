//! What a dot-lock's file says of the process that made it, and whether that one still holds it.
//!
//! Ours reads `PID:HOST`, as Dovecot writes it, and liblockfile reads the number; a second line names the
//! process beyond doubt: when it started, in clock ticks since the boot, and the boot's id. Process ids are
//! used again, in a container by each run.

use std::time::{Duration, SystemTime};

use crate::sys::{host, process};

/// A lock of this age whose owner is not known to live was forgotten.
const FORGOTTEN: Duration = Duration::from_secs(300);

/// How much later than the lock a process must have started to be another one than its owner: the clock's
/// and the kernel's seconds are rounded.
const LATER: Duration = Duration::from_secs(2);

/// The owner that a lock names; all that it does not say is `None`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Owner {
    process: Option<i32>,
    host: Option<String>,
    /// In clock ticks since the boot.
    start: Option<u64>,
    boot: Option<String>,
}

impl Owner {
    /// This process.
    pub(super) fn this() -> Owner {
        let process = std::process::id().cast_signed();
        Owner {
            process: Some(process),
            host: Some(host::name().to_owned()),
            start: process::start_ticks(process),
            boot: host::boot_id().map(str::to_owned),
        }
    }

    /// Reads a lock's text.
    pub(super) fn parse(text: &[u8]) -> Owner {
        let text = String::from_utf8_lossy(text);
        let mut lines = text.trim().lines();
        let first = lines.next().unwrap_or_default().trim();
        let (process, host) = match first.split_once(':') {
            Some((process, host)) => (process, Some(host.to_owned())),
            None => (first, None),
        };
        let (start, boot) = lines.next().and_then(|second| second.trim().split_once(' ')).unzip();
        Owner {
            process: process.trim().parse().ok().filter(|process| *process > 0),
            host,
            start: start.and_then(|start| start.parse().ok()),
            boot: boot.map(str::to_owned),
        }
    }

    /// What [`Owner::parse`] reads.
    pub(super) fn text(&self) -> String {
        let (process, host) = (self.process.unwrap_or(0), self.host.as_deref().unwrap_or_default());
        match (self.start, &self.boot) {
            (Some(start), Some(boot)) => format!("{process}:{host}\n{start} {boot}\n"),
            _ => format!("{process}:{host}\n"),
        }
    }

    /// Whether the lock is held no more; `made` says when its file was written last.
    pub(super) fn is_gone(&self, made: Option<SystemTime>) -> bool {
        let is_old = made.is_some_and(|made| made.elapsed().is_ok_and(|age| age > FORGOTTEN));
        match self.process.filter(|_| self.is_here()) {
            Some(process) if self.lives(process, made) => false,
            // It says that it is from this machine, and its process is gone: no need to wait.
            Some(_) if self.host.is_some() => true,
            _ => is_old,
        }
    }

    fn is_here(&self) -> bool {
        self.host.as_deref().is_none_or(|name| name == host::name())
    }

    /// Whether the process with that number is the owner.
    fn lives(&self, process: i32, made: Option<SystemTime>) -> bool {
        let is_other_boot = self.boot.as_deref().zip(host::boot_id()).is_some_and(|(then, now)| then != now);
        if is_other_boot || !process::is_alive(process) {
            return false;
        }
        if let Some(start) = self.start {
            // Ours, and no thread of this process holds it: whoever asks has made sure of that.
            let is_this = process == std::process::id().cast_signed();
            return !is_this && process::start_ticks(process).is_none_or(|ticks| ticks == start);
        }
        let latest = made.and_then(|made| made.checked_add(LATER));
        latest.zip(process::start_time(process)).is_none_or(|(latest, started)| started <= latest)
    }

    /// Who that is, for people.
    pub(super) fn described(&self) -> String {
        match (self.process, &self.host) {
            (Some(process), _) if self.is_here() => process::described(process),
            (Some(process), Some(host)) => format!("process {process} on {host}"),
            _ => "another program".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use super::*;

    fn owner(text: &str) -> Owner {
        Owner::parse(text.as_bytes())
    }

    #[test]
    fn ours_reads_back_and_begins_as_other_programs_read_it() {
        let this = Owner::this();
        let text = this.text();
        assert_eq!(owner(&text), this);
        let mut lines = text.lines();
        assert_eq!(lines.next().unwrap(), format!("{}:{}", std::process::id(), host::name()));
        let (start, boot) = lines.next().unwrap().split_once(' ').unwrap();
        assert_eq!(start.parse().ok(), process::start_ticks(std::process::id().cast_signed()));
        assert_eq!(Some(boot), host::boot_id());
        assert_eq!(lines.next(), None);
    }

    #[test]
    fn anything_is_read_and_what_it_does_not_say_is_nothing() {
        for (text, process, host) in [
            ("", None, None),
            ("0", None, None),
            ("-5\n", None, None),
            ("nonsense", None, None),
            ("42", Some(42), None),
            (" 42 \n", Some(42), None),
            ("42:h\n", Some(42), Some("h")),
            ("42:h:1700000000\n", Some(42), Some("h:1700000000")),
            (":h", None, Some("h")),
            ("99999999999:h", None, Some("h")),
        ] {
            let host = host.map(str::to_owned);
            assert_eq!(owner(text), Owner { process, host, start: None, boot: None }, "{text:?}");
        }
        assert_eq!(Owner::parse(b"\xff\xfe\0").process, None);
    }

    struct Sleeping(Child);

    impl Drop for Sleeping {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    #[test]
    fn only_forgotten_locks_are_gone() {
        let (now, young, old) = (Duration::ZERO, Duration::from_secs(10), Duration::from_secs(400));
        let sleeping = Sleeping(Command::new("sleep").arg("300").spawn().unwrap());
        let lives = sleeping.0.id();
        let start = process::start_ticks(lives.cast_signed()).unwrap();
        let mut child = Command::new("true").spawn().unwrap();
        let dead = child.id();
        child.wait().unwrap();
        let (host, boot) = (host::name(), host::boot_id().unwrap());
        let (other, other_boot) = ("elsewhere.example", "00000000-0000-4000-8000-000000000000");
        for (text, age, expected) in [
            // Theirs.
            (format!("{lives}\n"), now, false),
            (format!("{lives}:{host}\n"), now, false),
            (format!("{dead}\n"), young, false),
            (format!("{dead}\n"), old, true),
            (format!("{dead}:{host}\n"), young, true),
            (format!("{dead}:{other}\n"), young, false),
            (format!("{lives}:{other}\n"), old, true),
            (String::new(), young, false),
            (String::new(), old, true),
            ("0".to_owned(), young, false),
            ("0".to_owned(), old, true),
            ("nonsense".to_owned(), old, true),
            // The number belongs to a process that started after the lock was made.
            (format!("{lives}:{host}\n"), young, true),
            (format!("{lives}\n"), young, false),
            (format!("{lives}\n"), old, true),
            // Ours.
            (format!("{lives}:{host}\n{start} {boot}\n"), now, false),
            (format!("{lives}:{host}\n{start} {boot}\n"), old, false),
            (format!("{lives}:{host}\n{} {boot}\n", start + 1), now, true),
            (format!("{lives}:{host}\n{start} {other_boot}\n"), now, true),
            (format!("{dead}:{host}\n{start} {boot}\n"), now, true),
            (format!("{lives}:{other}\n{start} {other_boot}\n"), young, false),
            (format!("{dead}:{other}\n{start} {other_boot}\n"), old, true),
            (Owner::this().text(), now, true),
        ] {
            let made = SystemTime::now().checked_sub(age);
            assert_eq!(owner(&text).is_gone(made), expected, "{text:?} {age:?}");
        }
    }

    #[test]
    fn the_holder_is_named_where_it_is_known() {
        let me = std::process::id();
        assert!(owner(&format!("{me}:{}", host::name())).described().starts_with(&format!("process {me} (")));
        assert_eq!(owner("7:elsewhere.example").described(), "process 7 on elsewhere.example");
        assert_eq!(owner("").described(), "another program");
    }
}
