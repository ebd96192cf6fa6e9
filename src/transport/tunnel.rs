//! A command as the connection to the server: it reads what we write, and we read what it writes (`ssh
//! gateway nc pop.example.com 110`). Its standard input and output are one end of a socket pair, so that
//! the other end has deadlines like any socket; its standard error is ours.
//!
//! It runs in a process group of its own, so that Ctrl-C at the terminal does not end it before our QUIT is
//! answered. Therefore it cannot ask on the terminal.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus};

use super::{Raw, Target};
use crate::advice::Reach;
use crate::error::{Error, Kind, Result};

/// How long a command may take to exit after it has closed its side, or after its input was closed.
const GRACE: Duration = Duration::from_millis(500);
/// How often to check whether it has exited.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// A running command.
pub(super) struct Tunnel {
    line: UnixStream,
    /// `None` once it is reaped.
    child: Mutex<Option<Child>>,
    program: String,
    notes: Arc<Notes>,
}

/// What is known about the beginning and the end of a connection, to explain a failure after it was closed.
/// Only used for tunnels.
#[derive(Debug, Clone, Default)]
pub struct Ending(Arc<Notes>);

#[derive(Debug, Default)]
struct Notes {
    is_tunnel: bool,
    first: OnceLock<u8>,
    end: OnceLock<String>,
}

impl Ending {
    /// Whether the connection is a tunnel.
    pub fn is_of_a_tunnel(&self) -> bool {
        self.0.is_tunnel
    }

    /// Whether the first byte can belong neither to a greeting nor to TLS (a handshake or an alert, RFC 8446
    /// section 5.1).
    pub fn began_with_invalid_data(&self) -> bool {
        self.0.first.get().is_some_and(|first| !matches!(first, b'+' | b'-' | 0x15 | 0x16))
    }

    /// How the command exited, if it did before it was ended: `the tunnel command ssh ended with exit status:
    /// 255`.
    pub fn words(&self) -> Option<&str> {
        self.0.end.get().map(String::as_str)
    }
}

impl Tunnel {
    /// Starts `command`, a line for the shell.
    pub(super) fn start(command: &str, target: &Target) -> Result<Tunnel> {
        let line = filled_in(command, target);
        let program = program(&line);
        let failed = |error: io::Error| {
            Error::new(Kind::Connect, format!("could not start the tunnel command {program}"))
                .because(error)
                .advise(Reach::TryTunnelByHand)
        };
        let (near, far) = UnixStream::pair().map_err(failed)?;
        let input = far.try_clone().map_err(failed)?;
        let child = crate::sys::process::shell(&line)
            .stdin(Stdio::from(OwnedFd::from(input)))
            .stdout(Stdio::from(OwnedFd::from(far)))
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        let notes = Arc::new(Notes { is_tunnel: true, ..Notes::default() });
        Ok(Tunnel { line: near, child: Mutex::new(Some(child)), program, notes })
    }

    /// The command has closed its output. If it has sent data and exited with 0, the server closed the
    /// connection; otherwise the error says how the command ended.
    fn end_of_output(&self) -> io::Result<usize> {
        self.record_exit(GRACE);
        match self.notes.end.get() {
            Some(words) => Err(io::Error::new(ErrorKind::ConnectionAborted, words.clone())),
            None => Ok(0),
        }
    }

    /// Waits at most `timeout` for the command to exit, and records its exit status. It is not reaped: its
    /// process ID must not be reused before its group is killed.
    fn record_exit(&self, timeout: Duration) {
        let child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(state) = child.as_ref().and_then(|child| wait(child, timeout)) else { return };
        let program = &self.program;
        let has_replied = self.notes.first.get().is_some() && !self.ending().began_with_invalid_data();
        let words = if state.stopped() {
            format!("the tunnel command {program} was stopped because it wanted to ask on the terminal")
        } else if state.exit_status() == Some(0) && has_replied {
            return;
        } else {
            format!("the tunnel command {program} ended with {}", status(&state))
        };
        // Only the first end counts.
        let _ = self.notes.end.set(words);
    }

    /// Closes its input, lets the command exit, kills it if it does not, and reaps it.
    fn end(&self) {
        // A command that failed at once has probably exited by now, so its exit status is recorded.
        let is_invalid = self.ending().began_with_invalid_data();
        self.record_exit(if is_invalid { GRACE } else { Duration::ZERO });
        // Fails only if the command has closed it already.
        let _ = self.line.shutdown(Shutdown::Both);
        let Some(mut child) = self.child.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return;
        };
        wait(&child, GRACE);
        // The group may outlive its leader if the shell started several processes. Until the leader is
        // reaped, its ID cannot be reused.
        if let Some(group) = pid(&child) {
            let _ = rustix::process::kill_process_group(group, Signal::KILL);
        }
        let _ = child.wait();
    }
}

impl Read for Tunnel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.line.read(buffer) {
            Ok(0) if !buffer.is_empty() => self.end_of_output(),
            // A command that ends with our bytes unread resets the connection.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => self.end_of_output(),
            Ok(count) => {
                if let Some(first) = buffer.first() {
                    self.notes.first.get_or_init(|| *first);
                }
                Ok(count)
            }
            Err(error) => Err(error),
        }
    }
}

impl Write for Tunnel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.write(bytes).or_else(|error| match error.kind() {
            ErrorKind::BrokenPipe => self.end_of_output().and(Err(error)),
            _ => Err(error),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Raw for Tunnel {
    fn set_timeout(&self, timeout: Duration) -> io::Result<()> {
        self.line.set_timeout(timeout)
    }

    fn hang_up(&self) {
        self.end();
    }

    fn ending(&self) -> Ending {
        Ending(Arc::clone(&self.notes))
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Tunnel {
    /// The program alone: its arguments may contain a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tunnel").field(&self.program).finish()
    }
}

fn pid(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

/// How the command ended, or that it was stopped, after waiting that long; `None` while it runs.
fn wait(child: &Child, timeout: Duration) -> Option<WaitIdStatus> {
    let looks =
        WaitIdOptions::EXITED | WaitIdOptions::STOPPED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let deadline = Instant::now() + timeout;
    loop {
        match rustix::process::waitid(WaitId::Pid(pid(child)?), looks) {
            Ok(Some(state)) => return Some(state),
            Ok(None) | Err(rustix::io::Errno::INTR) if Instant::now() < deadline => {
                thread::sleep(POLL_INTERVAL)
            }
            _ => return None,
        }
    }
}

/// As the standard library's type, for its texts.
fn status(state: &WaitIdStatus) -> ExitStatus {
    match (state.exit_status(), state.terminating_signal()) {
        (Some(code), _) => ExitStatus::from_raw(code << 8),
        (None, signal) => ExitStatus::from_raw(signal.unwrap_or_default()),
    }
}

/// The first word of the command, without its folder: enough to recognise it, and not secret.
fn program(command: &str) -> String {
    let word = command.split_whitespace().next().unwrap_or_default();
    word.rsplit('/').next().unwrap_or_default().to_owned()
}

/// The command with the server's host and port in it. Both need no quoting: the parser of the server's URL
/// allows only harmless characters.
fn filled_in(command: &str, target: &Target) -> String {
    let Target::Tcp { host, port } = target else { return command.to_owned() };
    let mut line = String::with_capacity(command.len() + host.len());
    let mut rest = command;
    while let Some(at) = rest.find('%') {
        line.push_str(&rest[..at]);
        let (stands_for, length) = match rest.as_bytes().get(at + 1) {
            Some(b'h') => (host.clone(), 2),
            Some(b'p') => (port.to_string(), 2),
            Some(b'%') => ("%".to_owned(), 2),
            _ => ("%".to_owned(), 1),
        };
        line.push_str(&stands_for);
        rest = &rest[at + length..];
    }
    line + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        Target::Tcp { host: "pop.example".into(), port: 110 }
    }

    fn tunnel(command: &str) -> Tunnel {
        Tunnel::start(command, &target()).expect("a shell")
    }

    fn line(tunnel: &mut Tunnel) -> String {
        let mut line = Vec::new();
        let mut byte = [0];
        while !line.ends_with(b"\n") && tunnel.read(&mut byte).expect("a line") == 1 {
            line.push(byte[0]);
        }
        String::from_utf8(line).expect("text")
    }

    fn is_alive(id: &str) -> bool {
        std::fs::read_to_string(format!("/proc/{}/stat", id.trim())).is_ok_and(|stat| !stat.contains(") Z "))
    }

    #[test]
    fn carries_bytes_both_ways_and_knows_the_server() {
        let mut tunnel = tunnel("echo +OK %h %p 100%% %x; exec cat");
        assert_eq!(line(&mut tunnel), "+OK pop.example 110 100% %x\n");
        tunnel.write_all(b"QUIT\r\n").expect("it reads");
        assert_eq!(line(&mut tunnel), "QUIT\r\n");
        let ending = tunnel.ending();
        assert!(ending.is_of_a_tunnel() && !ending.began_with_invalid_data());
        assert_eq!(format!("{tunnel:?}"), "Tunnel(\"echo\")");
        drop(tunnel);
        assert_eq!(ending.words(), None, "we ended it");
    }

    #[test]
    fn silence_ends_at_the_timeout() {
        let mut tunnel = tunnel("exec sleep 30");
        tunnel.set_timeout(Duration::from_millis(20)).expect("a socket");
        assert_eq!(tunnel.read(&mut [0; 8]).expect_err("silence").kind(), ErrorKind::WouldBlock);
    }

    #[test]
    fn all_its_processes_end_with_the_connection() {
        let mut tunnel = tunnel("trap '' TERM HUP; sleep 300 & echo $!; echo $$; wait");
        let (below, shell) = (line(&mut tunnel), line(&mut tunnel));
        assert!(is_alive(&below) && is_alive(&shell));
        drop(tunnel);
        let deadline = Instant::now() + Duration::from_secs(10);
        while is_alive(&below) {
            assert!(Instant::now() < deadline, "a process outlives its tunnel");
            thread::sleep(POLL_INTERVAL);
        }
        assert!(!std::path::Path::new(&format!("/proc/{}", shell.trim())).exists(), "not reaped");
    }

    #[test]
    fn its_exit_status_is_reported() {
        for (command, words) in [
            ("exit 3", "the tunnel command exit ended with exit status: 3"),
            ("true", "the tunnel command true ended with exit status: 0"),
            ("kill -9 $$", "the tunnel command kill ended with signal: 9 (SIGKILL)"),
            ("/nonexistent/hunter2/nc --key x", "the tunnel command nc ended with exit status: 127"),
        ] {
            let mut tunnel = tunnel(&format!("{command} 2>/dev/null"));
            let ending = tunnel.ending();
            let error = tunnel.read(&mut [0; 8]).expect_err(command);
            assert_eq!((error.to_string().as_str(), ending.words()), (words, Some(words)));
        }
    }

    #[test]
    fn a_successful_exit_after_a_dialogue_counts_as_closed_by_the_server() {
        let mut tunnel = tunnel("echo +OK");
        assert_eq!(line(&mut tunnel), "+OK\n");
        assert_eq!(tunnel.read(&mut [0; 8]).expect("the end"), 0);
        assert_eq!(tunnel.ending().words(), None);
    }

    #[test]
    fn invalid_data_is_recognised_by_its_first_octet() {
        for (said, is_invalid) in [("hello", true), ("+OK", false), ("-ERR", false), ("\\0026\\0003", false)]
        {
            let mut tunnel = tunnel(&format!("printf %b '{said}'"));
            assert!(tunnel.read(&mut [0; 64]).expect("some") > 0);
            assert_eq!(tunnel.ending().began_with_invalid_data(), is_invalid, "{said}");
        }
    }
}
