//! What an [`Output`] says on stderr: notes, warnings, the trace and errors, as lines for people or, with `--json`, as
//! objects.

use std::borrow::Cow;

use super::json::{self, Talk};
use super::{BAD, DIM, GOOD, Output, STRONG, human, lock, paint, sanitize, wrap};
use crate::cli::report::{self, ErrorText};

impl Output {
    /// A message that a person may want to read, unless `--quiet`.
    pub(crate) fn note(&self, text: &str) {
        if !self.settings.quiet {
            self.inform(text, &self.fitted(&self.guarded(text)));
        }
    }

    /// A message that somebody has to act on, also with `--quiet`. An address in it stays on its line.
    pub(crate) fn urge(&self, text: &str) {
        self.inform(text, &self.guarded(text));
    }

    fn inform(&self, message: &str, shown: &str) {
        match self.is_json() {
            true => self.talk_object(&Talk::Note { message }),
            false => self.say(shown),
        }
    }

    /// A message for `--verbose` only.
    pub(crate) fn detail(&self, text: &str) {
        if self.is_verbose() {
            self.note(text);
        }
    }

    /// A warning: something is not as it should be, but work goes on. Silent with `--quiet`.
    pub(crate) fn warn(&self, text: &str) {
        self.warn_with(lock(&self.account).as_deref(), text, text);
    }

    /// The same for an account, whose name is put in front.
    pub(crate) fn warn_of(&self, account: &str, text: &str) {
        self.warn_with(Some(account), &format!("{account}: {text}"), text);
    }

    fn warn_with(&self, account: Option<&str>, text: &str, message: &str) {
        if self.settings.quiet {
            return;
        }
        if self.is_json() {
            let warning = Talk::Warning { account, kind: None, exit: None, message, hint: None };
            return self.talk_object(&warning);
        }
        let text = format!("warning: {}", self.guarded(text));
        let label = paint(STRONG, "warning:", self.ends.err_has_color);
        self.say(&self.fitted(&text).replacen("warning:", &label, 1));
    }

    /// A line of `--trace`, also with `--quiet`: it was requested explicitly.
    pub(crate) fn trace(&self, time: &str, line: &[u8]) {
        if self.is_json() {
            return self.talk_object(&Talk::Trace { message: &String::from_utf8_lossy(line) });
        }
        let time = paint(DIM, time, self.ends.err_has_color);
        let shown = self.ends.err_is_terminal.then(|| sanitize::line(line));
        let line = shown.as_ref().map_or(line, |shown| shown.as_bytes());
        self.say_bytes(&[time.as_bytes(), b" ", line, b"\n"]);
    }

    /// An error with its hint. Always printed, unless it is only that stdout has no reader any more.
    pub(crate) fn error(&self, error: &anyhow::Error) {
        let account = lock(&self.account).clone();
        self.error_with(account.as_deref(), "", error);
    }

    /// The same for an account; where it is one of `several`, its name is put in front.
    pub(crate) fn error_of(&self, account: &str, several: bool, error: &anyhow::Error) {
        let name = if several { format!("{account}: ") } else { String::new() };
        self.error_with(Some(account), &name, error);
    }

    fn error_with(&self, account: Option<&str>, name: &str, error: &anyhow::Error) {
        let Some(told) = report::tell(error) else { return };
        if self.is_json() {
            let exit = self.exit_code(report::exit_code(error)) as u8;
            return self.talk_object(&Talk::error(account, &told, exit));
        }
        let ErrorText { sentence, certificate, hint, .. } = told;
        let label = paint(BAD, "pop3:", self.ends.err_has_color);
        self.say(&format!("{label} {}", self.guarded(&format!("{name}{sentence}"))));
        if let Some(certificate) = certificate {
            for (label, value) in human::certificate(&certificate) {
                self.say(&self.guarded(&format!("  {label:<7} {value}")));
            }
        }
        if let Some(hint) = hint {
            let label = paint(GOOD, "hint:", self.ends.err_has_color);
            self.say(&format!("{label} {}", self.guarded(&hint)));
        }
    }

    pub(super) fn guarded<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.ends.err_is_terminal { sanitize::text(text.as_bytes()) } else { Cow::Borrowed(text) }
    }

    /// An object of `--json`, on stderr.
    fn talk_object(&self, object: &Talk<'_>) {
        // Text can always be serialised, and there is no other place to report that it cannot.
        if let Ok(line) = json::line(object) {
            self.say(&line);
        }
    }

    /// The text with line ends where a terminal would break it in the middle of a word.
    fn fitted<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.ends.err_is_terminal { wrap::wrap(text, self.ends.err_width) } else { Cow::Borrowed(text) }
    }
}
