//! The shell's line editor: prompt, history, completion of verbs.

use anyhow::Result;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{CompletionType, Config, Context, Helper, Highlighter, Hinter, Validator};

use super::history::History;
use super::line;

/// Reads lines from a person.
pub(super) struct Editor {
    editor: rustyline::Editor<Verbs, MemHistory>,
    history: History,
}

impl Editor {
    /// With the lines of earlier sessions.
    pub(super) fn new(history: History) -> Result<Self> {
        let config = Config::builder().auto_add_history(false).completion_type(CompletionType::List).build();
        let mut editor = rustyline::Editor::with_history(config, MemHistory::new())?;
        editor.set_helper(Some(Verbs));
        for line in history.load() {
            editor.add_history_entry(line)?;
        }
        Ok(Editor { editor, history })
    }

    /// The next line; `None` at the end of input. Ctrl-C clears the line.
    pub(super) fn line(&mut self) -> Result<Option<String>> {
        loop {
            match self.editor.readline("pop3> ") {
                Ok(line) => {
                    if self.history.keep(&line) {
                        self.editor.add_history_entry(&line)?;
                    }
                    return Ok(Some(line));
                }
                Err(ReadlineError::Interrupted) => {}
                Err(ReadlineError::Eof) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The answer to a question; anything but yes is no.
    pub(super) fn ask(&mut self, question: &str) -> Result<bool> {
        match self.editor.readline(&format!("{question} [y/N] ")) {
            Ok(answer) => Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes")),
            Err(ReadlineError::Interrupted | ReadlineError::Eof) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// Completes the first word of a line.
#[derive(Helper, Hinter, Highlighter, Validator)]
struct Verbs;

impl Completer for Verbs {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let typed = line[..at].to_ascii_lowercase();
        let names = line::TABLE.iter().map(|(name, ..)| *name);
        Ok((0, names.filter(|name| name.starts_with(&typed)).map(|name| format!("{name} ")).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completes_verbs_in_any_letter_case_and_nothing_behind_them() {
        let history = MemHistory::new();
        let context = Context::new(&history);
        let complete = |line: &str| Verbs.complete(line, line.len(), &context).expect("no error").1;
        assert_eq!(complete("re"), ["retr "]);
        assert_eq!(complete("RS"), ["rset "]);
        assert!(complete("").len() > 10);
        assert!(complete("retr 1").is_empty());
    }
}
