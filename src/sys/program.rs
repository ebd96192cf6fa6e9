//! Reads the first line that a program prints, with a deadline: a password manager may start an agent that
//! keeps its standard output open for hours, or wait for a user who is not there.

use std::io::{self, IsTerminal, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, ExitStatus, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::process::{Pid, Signal};
use zeroize::Zeroizing;

use super::Stop;
use super::process::{self, shell};

/// How long a program may continue after it has printed its line; then it is no longer waited for.
const GRACE_PERIOD: Duration = Duration::from_secs(5);

/// How often to check whether the program has exited.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The leaders of the process groups that are being waited for.
static RUNNING: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// What a program did before the deadline.
#[derive(Debug)]
pub(crate) enum Printed {
    /// It printed at least one line, or exited with success.
    Line(Zeroizing<Vec<u8>>),
    /// It failed.
    Failed(ExitStatus),
    /// It printed no line in time, and was killed together with its children.
    TooLate,
}

/// Runs a shell command and returns its output, once the first line is complete and the command has exited.
/// Processes that it leaves in the background are not waited for. It inherits the standard input only if that
/// is a terminal: a password manager may prompt there, but must not consume data that is piped into this
/// program.
///
/// # Errors
/// The command cannot be started or read, or prints more than `most` bytes ([`io::ErrorKind::FileTooLarge`]).
pub(crate) fn first_line(line: &str, limit: Duration, most: usize) -> io::Result<Printed> {
    let has_terminal = io::stdin().is_terminal();
    let mut command = shell(line);
    command.stdin(if has_terminal { Stdio::inherit() } else { Stdio::null() }).stdout(Stdio::piped());
    // With a terminal it stays in this program's process group: other groups cannot read from the terminal,
    // and Ctrl-C would not reach them.
    if !has_terminal {
        command.process_group(0);
    }
    let mut running = Running::new(command.spawn()?, !has_terminal);
    let printed = running.read(Instant::now() + limit, most);
    match printed {
        Ok(Printed::Line(_)) => running.detach(),
        Ok(Printed::Failed(_)) => {}
        Ok(Printed::TooLate) | Err(_) => running.kill(),
    }
    printed
}

/// Kills the programs that are being waited for, with their children, because this program exits.
pub fn kill_running() {
    let running = RUNNING.lock().map_or_else(|poisoned| poisoned.into_inner().clone(), |list| list.clone());
    for leader in running {
        let _ = rustix::process::kill_process_group(leader, Signal::TERM);
    }
}

/// A program that was started. [`kill_running`] knows of it while it is waited for.
struct Running {
    child: Option<Child>,
    /// The process group that it leads, if it has one of its own.
    group: Option<Pid>,
}

impl Running {
    fn new(child: Child, leads_a_group: bool) -> Running {
        let group = Pid::from_raw(child.id().cast_signed()).filter(|_| leads_a_group);
        if let Ok(mut running) = RUNNING.lock() {
            running.extend(group);
        }
        Running { child: Some(child), group }
    }

    fn read(&mut self, deadline: Instant, most: usize) -> io::Result<Printed> {
        let child = self.child.as_mut().ok_or(io::ErrorKind::NotFound)?;
        let mut stdout = child.stdout.take();
        if let Some(stdout) = &stdout {
            rustix::fs::fcntl_setfl(stdout, OFlags::NONBLOCK)?;
        }
        // Allocated at once, so that growing leaves no copies of a secret behind.
        let mut text = Zeroizing::new(Vec::with_capacity(most + 1));
        let (mut ended, mut line_since) = (None, None);
        loop {
            // Checked before reading, so that everything printed before the exit is read.
            if ended.is_none() {
                ended = child.try_wait()?;
            }
            if let Some(open) = &mut stdout
                && !read_available(open, &mut text, most)?
            {
                stdout = None;
            }
            let now = Instant::now();
            if text.contains(&b'\n') {
                line_since.get_or_insert(now);
            }
            match ended {
                Some(status) if !status.success() => return Ok(Printed::Failed(status)),
                // The only line may lack its line end.
                Some(_) if !text.is_empty() || stdout.is_none() => return Ok(Printed::Line(text)),
                _ => {}
            }
            if line_since.is_some_and(|since| now >= since + GRACE_PERIOD || now >= deadline) {
                return Ok(Printed::Line(text));
            }
            if now >= deadline {
                return Ok(Printed::TooLate);
            }
            match &stdout {
                Some(stdout) => wait_for_more(stdout),
                None => thread::sleep(POLL_INTERVAL),
            }
        }
    }

    /// Stops waiting for a program that is still running.
    fn detach(&mut self) {
        if let Some(mut child) = self.child.take()
            && matches!(child.try_wait(), Ok(None))
        {
            // The thread reaps it, so that it does not stay a zombie; nothing depends on that.
            let _ = thread::Builder::new().spawn(move || child.wait());
        }
    }

    fn kill(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        if self.group.is_some() {
            // With no time left, this sends SIGTERM and then SIGKILL to the whole group.
            let _ = process::wait(child, Duration::ZERO, &Stop::new());
        } else if child.kill().is_ok() {
            let _ = child.wait();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(mut running) = RUNNING.lock() {
            running.retain(|leader| Some(*leader) != self.group);
        }
    }
}

/// Reads what is available without waiting; returns whether there may be more.
fn read_available(from: &mut ChildStdout, text: &mut Vec<u8>, most: usize) -> io::Result<bool> {
    let mut chunk = Zeroizing::new([0; 4096]);
    loop {
        match from.read(&mut *chunk) {
            Ok(0) => return Ok(false),
            Ok(count) if text.len() + count > most => return Err(io::ErrorKind::FileTooLarge.into()),
            Ok(count) => text.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn wait_for_more(stdout: &ChildStdout) {
    let mut wanted = [PollFd::new(stdout, PollFlags::IN)];
    let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(POLL_INTERVAL.subsec_nanos()) };
    // A signal or a failure only means that the next check is made earlier.
    if poll(&mut wanted, Some(&timeout)).is_err() {
        thread::sleep(POLL_INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn text(line: &str, limit: Duration) -> Vec<u8> {
        match first_line(line, limit, 1024).expect("read") {
            Printed::Line(text) => text.to_vec(),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn an_agent_that_keeps_standard_output_open_is_not_waited_for_and_not_killed() {
        let folder = tempfile::tempdir().expect("a folder");
        let pid = folder.path().join("pid");
        let began = Instant::now();
        assert_eq!(
            text(&format!("sleep 45 & echo $! > '{}'; echo secret", pid.display()), LONG),
            b"secret\n"
        );
        assert_eq!(text("sleep 45 & printf secret", LONG), b"secret");
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
        let agent = fs::read_to_string(pid).expect("written").trim().parse().expect("a number");
        assert!(process::is_alive(agent));
        rustix::process::kill_process(Pid::from_raw(agent).expect("an id"), Signal::KILL).expect("killed");
    }

    #[test]
    fn a_slow_or_long_running_command_still_returns_its_first_line() {
        assert_eq!(text("echo secret; sleep 0.3; echo more", LONG), b"secret\nmore\n");
        assert_eq!(text("(sleep 0.3; echo secret) &", LONG), b"secret\n");
        assert_eq!(text("exec >&-; sleep 0.3", LONG), b"");
        let began = Instant::now();
        assert_eq!(text("echo secret; exec sleep 30", LONG), b"secret\n");
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    }

    #[test]
    fn a_command_that_hangs_is_killed_with_its_children() {
        let folder = tempfile::tempdir().expect("a folder");
        let pid = folder.path().join("pid");
        let line = format!("sleep 50 & echo $! > '{}'; wait", pid.display());
        let printed = first_line(&line, Duration::from_millis(700), 1024).expect("read");
        assert!(matches!(printed, Printed::TooLate), "{printed:?}");
        let child: i32 = fs::read_to_string(pid).expect("written").trim().parse().expect("a number");
        let is_zombie =
            || fs::read_to_string(format!("/proc/{child}/stat")).is_ok_and(|stat| stat.contains(") Z "));
        let began = Instant::now();
        while process::is_alive(child) && !is_zombie() && began.elapsed() < Duration::from_secs(20) {
            thread::sleep(Duration::from_millis(10));
        }
        assert!(!process::is_alive(child) || is_zombie());
    }

    #[test]
    fn failures_and_endless_output_are_reported() {
        let printed = first_line("echo x; exit 3", LONG, 1024).expect("read");
        assert!(matches!(printed, Printed::Failed(status) if status.code() == Some(3)), "{printed:?}");
        let error = first_line("yes", LONG, 1024).expect_err("too much");
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }
}
