//! What a person sees, whole: the screens and the errors of the program against files in `snapshots/`, so that no
//! change of words, columns or exit statuses goes unnoticed. After a change that is wanted, run the tests once with
//! `SNAPSHOTS=overwrite` and read the difference.

mod errors;
mod help;
mod views;

use crate::support::pop3::{Home, Pop3};
use snapbox::{Assert, Data, RedactedValue, Redactions};
use std::fmt::Write;
use std::path::Path;

/// The columns of the terminals.
const WIDTHS: [&str; 2] = ["100", "60"];

/// Runs of the program and what they showed, one after another.
struct Record {
    text: String,
    redactions: Redactions,
}

impl Record {
    fn new() -> Record {
        let mut redactions = Redactions::new();
        let patterns = [
            ("[TIME]", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"),
            ("[NOW]", r"\b20(2[6-9]|[3-9]\d)-\d\d-\d\d \d\d:\d\d\b"),
            ("[SECONDS]", r"\b\d+\.\d s\b"),
            ("[MS]", r"\b\d+ ms\b"),
            ("[DATE]", r"\b\d{4}-\d\d-\d\d \d\d:\d\d UTC"),
            ("[DIGEST]", r"\b[0-9a-f]{64}\b"),
            ("[PID]", r"\b(process|pid) \d+\b"),
        ];
        for (name, pattern) in patterns {
            redactions.insert(name, RedactedValue::from(regex(pattern))).unwrap();
        }
        Record { text: String::new(), redactions }
    }

    /// Runs it and adds the command as a person types it, standard output, standard error and the exit status.
    /// `hidden` is what stands there only this time, each with what stands in its place in the file.
    fn add(&mut self, typed: &str, run: Pop3, hidden: &[(&str, &str)]) {
        let outcome = run.run();
        let mut text = format!("$ pop3 {typed}\n{}", outcome.text());
        if !outcome.stderr.is_empty() {
            write!(text, "--- stderr\n{}", outcome.stderr).unwrap();
        }
        write!(text, "--- exit {}\n\n", outcome.code).unwrap();
        self.text += &hidden.iter().fold(text, |text, (value, name)| text.replace(value, name));
    }

    /// Fails if it differs from the file of that name.
    #[track_caller]
    fn is(self, name: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/snapshots").join(name);
        let expected = Data::read_from(&path, Some(snapbox::data::DataFormat::Text));
        Assert::new()
            .action_env("SNAPSHOTS")
            .normalize_paths(false)
            .redact_with(self.redactions)
            .eq(self.text, expected);
    }
}

fn regex(pattern: &str) -> regex::Regex {
    regex::Regex::new(pattern).unwrap()
}

/// The program with each of its outputs on a terminal of that many columns; nobody is there to be asked.
fn on_terminals(home: &Home, columns: &str) -> Pop3 {
    let screens = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/screens.py");
    Pop3::under(home, &["python3", screens, columns])
        .env("TERM", "xterm")
        .env("TZ", "UTC")
        .env("PAGER", "cat")
}
