//! The binary in a box: a home of its own, no terminal, nothing of the machine's environment.

use super::{Maildrop, open_to_all, schema, tool};
use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Longer than any run of these tests takes, even on a slow machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// The user and the group `nobody`, everywhere.
pub(crate) const NOBODY: u32 = 65534;
const SIGKILL: i32 = rustix::process::Signal::KILL.as_raw();

/// A user's home folder: configuration, state and mail of one test.
pub(crate) struct Home(tempfile::TempDir);

impl Home {
    pub(crate) fn new() -> Home {
        Home(tempfile::Builder::new().prefix("pop3-home-").tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// A path in it.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file with these permissions and gives its path.
    pub(crate) fn write(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    /// Writes the configuration, readable by its owner alone.
    pub(crate) fn configure(&self, text: &str) -> PathBuf {
        self.write(".config/pop3/config.toml", text, 0o600)
    }

    /// The binary at this maildrop, in the clear, with its password in the environment.
    pub(crate) fn at(&self, maildrop: &dyn Maildrop, command: &str) -> Pop3 {
        Pop3::new(self).args([command]).args(maildrop.plain()).env("POP3_PASSWORD", maildrop.password())
    }
}

/// One run, being prepared.
pub(crate) struct Pop3 {
    command: Command,
    stdin: Vec<u8>,
    keeps_stdin: bool,
    read: u64,
}

impl Pop3 {
    pub(crate) fn new(home: &Home) -> Pop3 {
        Pop3::under::<&str>(home, &[])
    }

    /// The binary as another program runs it: `wrapper` is that program and its arguments.
    pub(crate) fn under<T: AsRef<OsStr>>(home: &Home, wrapper: &[T]) -> Pop3 {
        Pop3::of(home, wrapper, Path::new(env!("CARGO_BIN_EXE_pop3")))
    }

    /// The binary as nobody runs it, who may write only where everybody may, or what is given to that user. It is a
    /// copy in the home, which is open to all: the clone may stand in a folder that is not. `before` is a program
    /// that runs it with its arguments, `more` what else is to be changed along with the user.
    pub(crate) fn by_nobody(home: &Home, before: &[String], more: &[&str]) -> Pop3 {
        let binary = home.join("pop3-for-all");
        if !binary.exists() {
            fs::copy(env!("CARGO_BIN_EXE_pop3"), &binary).unwrap();
            open_to_all(&binary);
            open_to_all(home.path());
        }
        let user = NOBODY.to_string();
        let setpriv = [&["setpriv", "--reuid", &user, "--regid", &user], more].concat();
        let wrapper: Vec<&str> = before.iter().map(String::as_str).chain(setpriv).collect();
        Pop3::of(home, &wrapper, &binary)
    }

    fn of<T: AsRef<OsStr>>(home: &Home, wrapper: &[T], binary: &Path) -> Pop3 {
        // setsid: without a terminal of its own a program cannot ask the one who runs the tests.
        let mut command = Command::new("setsid");
        command
            .args(wrapper)
            .arg(binary)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home.path())
            .env("XDG_CONFIG_HOME", home.join(".config"))
            .env("XDG_STATE_HOME", home.join(".local/state"))
            .env("POP3_KEYRING", "off") // that of whoever runs the tests
            .current_dir(home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Pop3 { command, stdin: Vec::new(), keeps_stdin: false, read: u64::MAX }
    }

    pub(crate) fn args<T: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = T>) -> Pop3 {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &(impl AsRef<OsStr> + ?Sized)) -> Pop3 {
        self.command.env(name, value);
        self
    }

    /// Runs it without that variable.
    pub(crate) fn without(mut self, name: &str) -> Pop3 {
        self.command.env_remove(name);
        self
    }

    /// What its standard input holds; nothing without.
    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Pop3 {
        self.stdin = bytes.into();
        self
    }

    /// Leaves its standard input open, for [`Running::type_in`].
    pub(crate) fn keeping_stdin(mut self) -> Pop3 {
        self.keeps_stdin = true;
        self
    }

    /// Closes its standard output after so many octets, as `head` does.
    pub(crate) fn reading_only(mut self, octets: u64) -> Pop3 {
        self.read = octets;
        self
    }

    /// Runs it to its end.
    pub(crate) fn run(self) -> Outcome {
        self.start().wait()
    }

    /// Runs it to its end; `None` where that was SIGKILL.
    pub(crate) fn run_until_killed(self) -> Option<Outcome> {
        self.start().wait_until_killed()
    }

    /// Starts it and goes on.
    pub(crate) fn start(mut self) -> Running {
        let is_json = self.read == u64::MAX && self.wants_json();
        let mut child = self.command.spawn().unwrap();
        let stdin = self.stdin;
        let kept = self.keeps_stdin.then(|| child.stdin.take().unwrap());
        if let Some(mut input) = child.stdin.take() {
            // A program that ends without reading all of it is not at fault.
            std::thread::spawn(move || drop(input.write_all(&stdin)));
        }
        Running {
            stdin: kept,
            stdout: drain(child.stdout.take().unwrap().take(self.read)),
            stderr: drain(child.stderr.take().unwrap()),
            child,
            is_json,
        }
    }

    fn wants_json(&self) -> bool {
        self.command.get_args().take_while(|argument| *argument != "--").any(|argument| argument == "--json")
            || self
                .command
                .get_envs()
                .any(|(name, value)| name == "POP3_JSON" && value == Some("yes".as_ref()))
    }
}

/// A stream of the program, read by a thread of its own as it comes.
struct Drained {
    all: Arc<Mutex<Vec<u8>>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

fn drain(mut from: impl Read + Send + 'static) -> Drained {
    let all = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&all);
    let reader = std::thread::spawn(move || {
        let mut chunk = vec![0; 1 << 16];
        while let Ok(count @ 1..) = from.read(&mut chunk) {
            into.lock().unwrap().extend_from_slice(&chunk[..count]);
        }
    });
    Drained { all, reader: Some(reader) }
}

impl Drained {
    /// What has come so far.
    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.all.lock().unwrap()).into_owned()
    }

    /// All of it, to its end.
    fn take(&mut self) -> Vec<u8> {
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        std::mem::take(&mut *self.all.lock().unwrap())
    }
}

/// A run under way; killed, by its process id, where it is dropped.
pub(crate) struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Drained,
    stderr: Drained,
    /// Whether each line is compared with the schema.
    is_json: bool,
}

impl Running {
    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal by that name.
    pub(crate) fn signal(&self, name: &str) {
        tool(Command::new("kill").args(["-s", name, &self.id().to_string()]));
    }

    /// Types a line into the standard input that was kept.
    pub(crate) fn type_in(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Waits until its standard output has a line with these words in it, and gives the line.
    pub(crate) fn line_with(&mut self, words: &str) -> String {
        let patience = Instant::now() + PATIENCE;
        loop {
            let has_ended = !self.is_alive();
            let text = self.stdout.so_far();
            if let Some(line) =
                text.split_inclusive('\n').find(|line| line.contains(words) && line.ends_with('\n'))
            {
                return line.to_owned();
            }
            let went_wrong = has_ended || Instant::now() > patience;
            assert!(!went_wrong, "no {words:?} in {text:?}, nor in {:?}", self.stderr.so_far());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The most memory the process had at any time (the kernel keeps count), in KiB, once it ends. What it does in its
    /// last milliseconds is not seen.
    pub(crate) fn peak(&mut self) -> u64 {
        let path = format!("/proc/{}/status", self.id());
        let mut peak = 0;
        while self.is_alive() {
            let status = fs::read_to_string(&path).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let figure = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            peak = figure.unwrap_or(peak);
            std::thread::sleep(Duration::from_millis(5));
        }
        peak
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub(crate) fn wait(self) -> Outcome {
        self.wait_until_killed().unwrap_or_else(|| panic!("ended by SIGKILL"))
    }

    fn wait_until_killed(mut self) -> Option<Outcome> {
        let patience = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break Some(status);
            }
            if Instant::now() > patience {
                let _ = self.child.kill();
                break None;
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let (stdout, stderr) = (self.stdout.take(), self.stderr.take());
        let stderr = String::from_utf8_lossy(&stderr).into_owned();
        let status = status.unwrap_or_else(|| panic!("still running after {PATIENCE:?}: {stderr}"));
        if status.signal() == Some(SIGKILL) {
            return None;
        }
        let code = status.code().unwrap_or_else(|| panic!("ended by {status}: {stderr}"));
        assert!(code != 101 && !stderr.contains("panicked"), "it panicked: {stderr}");
        let outcome = Outcome { code, stdout, stderr };
        if self.is_json {
            // A tunnel writes to the same place, and the question for a password stands on a terminal.
            let of_others = |line: &&str| line.contains(" socat[") || line.starts_with("Password of ");
            for text in [&outcome.text(), &outcome.stderr] {
                let lines: Vec<_> = text.lines().filter(|line| !of_others(line)).collect();
                schema::objects(&lines.join("\n"));
            }
        }
        Some(outcome)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Fails unless it ended with that code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Outcome {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.text(), self.stderr);
        self
    }

    /// Fails unless what it said for people names this, in any case.
    #[track_caller]
    pub(crate) fn says(self, word: &str) -> Outcome {
        assert!(self.stderr.to_lowercase().contains(&word.to_lowercase()), "no {word:?} in: {}", self.stderr);
        self
    }

    /// Fails if what it said for people names this, in any case.
    #[track_caller]
    pub(crate) fn says_not(self, word: &str) -> Outcome {
        assert!(!self.stderr.to_lowercase().contains(&word.to_lowercase()), "{word:?} in: {}", self.stderr);
        self
    }

    /// Standard output as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The objects of `--json` on standard output, each as the schema says.
    #[track_caller]
    pub(crate) fn objects(&self) -> Vec<Value> {
        schema::objects(&self.text())
    }

    /// The same on standard error.
    #[track_caller]
    pub(crate) fn talk(&self) -> Vec<Value> {
        schema::objects(&self.stderr)
    }

    /// The lines of standard output, each in words.
    pub(crate) fn words(&self) -> Vec<Vec<String>> {
        self.text().lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
    }

    /// Fails unless a line of standard output has all these words.
    #[track_caller]
    pub(crate) fn has_line(&self, words: &[&str]) {
        let lines = self.words();
        let has = |line: &Vec<String>| words.iter().all(|word| line.iter().any(|other| other == word));
        assert!(lines.iter().any(has), "no line with {words:?} in:\n{}", self.text());
    }
}
