//! Processes: starts programs without this program's secrets, kills those that run too long, and determines
//! whether the process that left a file behind is still running.
//!
//! The user configures these programs: a password command, a tunnel, a delivery command, a browser. They must
//! not inherit secrets in the environment, which would be passed on to every program that they start.

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

/// The environment variables that contain secrets.
const SECRETS: [&str; 4] =
    ["POP3_PASSWORD", "POP3_PROXY_PASSWORD", "POP3_CLIENT_CERT_PASSWORD", "POP3_OAUTH_CLIENT_SECRET"];

/// How long a program may take to exit after SIGTERM, and again after SIGKILL.
const EXIT_TIMEOUT: Duration = Duration::from_secs(1);

/// Runs a command line in the shell.
pub fn shell(line: &str) -> Command {
    let mut shell = program("sh");
    shell.args(["-c", line]);
    shell
}

/// Runs a program.
pub fn program(name: &str) -> Command {
    let mut program = Command::new(name);
    for variable in SECRETS {
        program.env_remove(variable);
    }
    program
}

/// How a program ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// It exited.
    ByItself(ExitStatus),
    /// It was killed because it ran too long.
    TooLong,
    /// It was killed because an urgent stop was requested.
    Stopped,
}

/// Waits for a program that leads its own process group. If it runs longer than `limit`, or is still running
/// when the stop becomes urgent, it is killed together with its group, first with SIGTERM, then with SIGKILL.
///
/// # Errors
/// The exit status cannot be determined.
pub(crate) fn wait(mut child: Child, limit: Duration, stop: &Stop) -> io::Result<Ended> {
    let deadline = Instant::now() + limit;
    let Some(pid) = Pid::from_raw(child.id().cast_signed()) else {
        return Ok(Ended::ByItself(child.wait()?));
    };
    // The other thread notices the exit without reaping the process. Until `Child` reaps it, its ID cannot be
    // reused, so that the signals below cannot reach another process.
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
        is_gone = is_gone || end.recv_timeout(EXIT_TIMEOUT).is_ok();
    }
    // If the kernel cannot kill it now (it waits for a disk), it is not waited for any longer.
    if is_gone {
        let _ = child.wait();
    }
    Ok(ended)
}

/// Whether a process with that ID is running on this machine, whatever its owner.
pub fn is_alive(process: i32) -> bool {
    // A negative number would mean a process group.
    let pid = Pid::from_raw(process.max(0));
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid) != Err(Errno::SRCH))
}

/// The start time of a process, in clock ticks since boot (`/proc/PID/stat`, field 22). Together with the ID
/// it identifies a process of one boot. `None` if there is no such process, or the kernel does not provide
/// it.
pub fn start_ticks(process: i32) -> Option<u64> {
    let stat = fs::read(format!("/proc/{process}/stat")).ok()?;
    // The second field is the program's name in parentheses, which may contain spaces and parentheses.
    let behind_name = &stat[stat.iter().rposition(|byte| *byte == b')')? + 1..];
    let fields = std::str::from_utf8(behind_name).ok()?;
    // The first of these is field 3.
    fields.split_ascii_whitespace().nth(22 - 3)?.parse().ok()
}

/// The start time of a process, by the clock.
pub fn start_time(process: i32) -> Option<SystemTime> {
    static BOOT: LazyLock<Option<u64>> = LazyLock::new(|| {
        let stat = fs::read_to_string("/proc/stat").ok()?;
        stat.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok())
    });
    let per_second = rustix::param::clock_ticks_per_second().max(1);
    let since_boot = Duration::from_secs(start_ticks(process)? / per_second);
    UNIX_EPOCH.checked_add(Duration::from_secs((*BOOT)?))?.checked_add(since_boot)
}

/// The name of a process, for display.
pub(crate) fn name(process: i32) -> Option<String> {
    let name = fs::read(format!("/proc/{process}/comm")).ok()?;
    let name: String = String::from_utf8_lossy(&name).chars().filter(|letter| !letter.is_control()).collect();
    Some(name).filter(|name| !name.is_empty())
}

/// A process, for display: `process 123 (mutt)`.
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
    fn detects_running_and_exited_processes() {
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
    fn a_process_is_identified_by_its_start_time() {
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

        // This one ignores SIGTERM, and its child would outlive it.
        let pid = folder.path().join("pid");
        let line = format!("trap '' TERM; sleep 50 & echo $! > '{}'; wait; sleep 50", pid.display());
        let ended = wait(started(&line), Duration::from_millis(700), &Stop::new()).unwrap();
        assert!(matches!(ended, Ended::TooLong), "{ended:?}");
        let left: i32 = fs::read_to_string(pid).unwrap().trim().parse().unwrap();
        let began = Instant::now();
        // The process that adopts it may need a moment to reap it.
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
