//! Processes: starting programs without our secrets, ending those that run too long, and telling whether
//! the process that left a file behind still runs.
//!
//! Programs run because the user configured them: a command that knows a password, a tunnel, a delivery
//! command, a browser. They are started here so that none inherits our secrets: whatever they start in turn
//! would have them too, for as long as it runs.

use std::fs;
use std::io;
use std::process::{Child, Command, ExitStatus};
use std::sync::LazyLock;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};

use super::stop::{LOOK_EVERY, Stop};

/// The variables that hold a secret of ours.
const SECRETS: [&str; 4] =
    ["POP3_PASSWORD", "POP3_PROXY_PASSWORD", "POP3_CLIENT_CERT_PASSWORD", "POP3_OAUTH_CLIENT_SECRET"];

/// How long a program may take to end by itself once it was sent SIGTERM, and to be gone after SIGKILL.
const TO_END: Duration = Duration::from_secs(1);

/// A line for the shell.
pub fn shell(line: &str) -> Command {
    let mut shell = program("sh");
    shell.args(["-c", line]);
    shell
}

/// A program by its name.
pub fn program(name: &str) -> Command {
    let mut program = Command::new(name);
    for variable in SECRETS {
        program.env_remove(variable);
    }
    program
}

/// How a program ended that was waited for.
#[derive(Debug)]
pub(crate) enum Ended {
    /// By itself.
    ByItself(ExitStatus),
    /// It was killed: it ran for longer than it may.
    TooLong,
    /// It was killed: the user wants everything in flight to be dropped.
    Stopped,
}

/// Waits until a program ends that leads a process group of its own. One that runs for longer than `limit`,
/// or still runs when the stop is urgent, is killed together with its group: first by SIGTERM, then by SIGKILL.
///
/// # Errors
/// Nobody can tell how it ended.
pub(crate) fn wait(mut child: Child, limit: Duration, stop: &Stop) -> io::Result<Ended> {
    let deadline = Instant::now() + limit;
    let Some(pid) = Pid::from_raw(child.id().cast_signed()) else {
        return Ok(Ended::ByItself(child.wait()?));
    };
    // Another thread sees the end at once, and leaves the process for `Child` to reap: until then its id
    // belongs to nobody else, so that the signals below meet no other process.
    let (sender, end) = mpsc::channel();
    let watch = thread::Builder::new().spawn(move || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(rustix::process::waitid(WaitId::Pid(pid), options), Err(Errno::INTR)) {}
        let _ = sender.send(());
    });
    if let Err(error) = watch {
        let _ = rustix::process::kill_process_group(pid, Signal::KILL);
        child.wait()?;
        return Err(error);
    }
    let ended = loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match end.recv_timeout(left.min(LOOK_EVERY)) {
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return Ok(Ended::ByItself(child.wait()?)),
            Err(RecvTimeoutError::Timeout) if stop.is_urgent() => break Ended::Stopped,
            Err(RecvTimeoutError::Timeout) if left.is_zero() => break Ended::TooLong,
            Err(RecvTimeoutError::Timeout) => {}
        }
    };
    let mut is_gone = false;
    for signal in [Signal::TERM, Signal::KILL] {
        let _ = rustix::process::kill_process_group(pid, signal);
        is_gone = is_gone || end.recv_timeout(TO_END).is_ok();
    }
    // One that the kernel cannot kill now (it waits for a disk) is left behind: nothing else waits for it.
    if is_gone {
        let _ = child.wait();
    }
    Ok(ended)
}

/// Whether a process with that id runs on this machine, whoever owns it.
pub fn is_alive(process: i32) -> bool {
    // A negative number would mean a process group.
    let pid = Pid::from_raw(process.max(0));
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid) != Err(Errno::SRCH))
}

/// When a process started, in clock ticks since the boot (`/proc/PID/stat`, field 22): together with its id
/// it names one process of one boot. `None` where the kernel does not tell, or there is no such process.
pub fn start_ticks(process: i32) -> Option<u64> {
    let stat = fs::read(format!("/proc/{process}/stat")).ok()?;
    // The second field is the program's name in parentheses, and may itself hold spaces and parentheses.
    let behind_name = &stat[stat.iter().rposition(|byte| *byte == b')')? + 1..];
    let fields = std::str::from_utf8(behind_name).ok()?;
    // The first of these is field 3.
    fields.split_ascii_whitespace().nth(22 - 3)?.parse().ok()
}

/// When a process started, by the clock.
pub fn start_time(process: i32) -> Option<SystemTime> {
    static BOOT: LazyLock<Option<u64>> = LazyLock::new(|| {
        let stat = fs::read_to_string("/proc/stat").ok()?;
        stat.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok())
    });
    let per_second = rustix::param::clock_ticks_per_second().max(1);
    let since_boot = Duration::from_secs(start_ticks(process)? / per_second);
    UNIX_EPOCH.checked_add(Duration::from_secs((*BOOT)?))?.checked_add(since_boot)
}

/// What a process calls itself, for people.
pub(crate) fn name(process: i32) -> Option<String> {
    let name = fs::read(format!("/proc/{process}/comm")).ok()?;
    let name: String = String::from_utf8_lossy(&name).chars().filter(|letter| !letter.is_control()).collect();
    Some(name).filter(|name| !name.is_empty())
}

/// A process that one has to know of, for people: `process 123 (mutt)`.
pub(crate) fn described(process: i32) -> String {
    match name(process) {
        Some(name) => format!("process {process} ({name})"),
        None => format!("process {process}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::CommandExt;

    #[test]
    fn secrets_are_taken_out_and_the_rest_is_inherited() {
        let line = shell("x");
        let taken: Vec<_> = line.get_envs().filter(|(_, value)| value.is_none()).collect();
        assert_eq!(taken.len(), SECRETS.len());
        assert!(taken.iter().all(|(name, _)| name.to_str().is_some_and(|name| SECRETS.contains(&name))));
    }

    #[test]
    fn tells_the_living_from_the_dead() {
        let me = std::process::id().cast_signed();
        assert!(is_alive(me));
        let mut child = Command::new("true").spawn().unwrap();
        let id = child.id().cast_signed();
        child.wait().unwrap();
        assert!(!is_alive(id));
        assert!(!is_alive(0) && !is_alive(-1));
        assert_eq!((start_ticks(id), start_time(id), name(id)), (None, None, None));
        assert_eq!(described(id), format!("process {id}"));
    }

    #[test]
    fn a_process_is_known_by_when_it_started() {
        let me = std::process::id().cast_signed();
        assert_eq!(start_ticks(me), start_ticks(me));
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let id = child.id().cast_signed();
        assert!(start_ticks(id).unwrap() >= start_ticks(me).unwrap());
        let now = SystemTime::now();
        let apart = |time: SystemTime| match now.duration_since(time) {
            Ok(age) => age,
            Err(error) => error.duration(),
        };
        assert!(apart(start_time(id).unwrap()) < Duration::from_secs(5));
        child.kill().unwrap();
        child.wait().unwrap();
    }

    fn started(line: &str) -> Child {
        shell(line).process_group(0).spawn().unwrap()
    }

    #[test]
    fn a_program_is_killed_with_its_group_when_it_runs_too_long_or_everything_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let limit = Duration::from_secs(60);
        let ended = wait(started("exit 3"), limit, &Stop::new()).unwrap();
        assert!(matches!(ended, Ended::ByItself(status) if status.code() == Some(3)), "{ended:?}");

        // SIGTERM does not impress this one, and what it started would outlive it.
        let pid = folder.path().join("pid");
        let line = format!("trap '' TERM; sleep 50 & echo $! > '{}'; wait; sleep 50", pid.display());
        let ended = wait(started(&line), Duration::from_millis(700), &Stop::new()).unwrap();
        assert!(matches!(ended, Ended::TooLong), "{ended:?}");
        let left: i32 = fs::read_to_string(pid).unwrap().trim().parse().unwrap();
        let began = Instant::now();
        // Whoever adopts it may take a moment to reap it.
        while is_alive(left) && !is_zombie(left) && began.elapsed() < Duration::from_secs(20) {
            thread::sleep(Duration::from_millis(10));
        }
        assert!(!is_alive(left) || is_zombie(left));

        let stop = Stop::new();
        stop.request();
        let ended = wait(started("sleep 0.5; exit 4"), limit, &stop).unwrap();
        assert!(matches!(ended, Ended::ByItself(status) if status.code() == Some(4)), "{ended:?}");
        stop.request();
        let ended = wait(started("sleep 50"), limit, &stop).unwrap();
        assert!(matches!(ended, Ended::Stopped), "{ended:?}");
    }

    fn is_zombie(process: i32) -> bool {
        fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| stat.contains(") Z "))
    }
}
