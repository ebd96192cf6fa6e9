//! The shell's line editor: prompt, history of this session, completion of verbs.

use anyhow::Result;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{CompletionType, Config, Context, Helper, Highlighter, Hinter, Validator};

/// Reads lines from a person.
pub(super) struct Editor(rustyline::Editor<Verbs, MemHistory>);

impl Editor {
    pub(super) fn new() -> Result<Self> {
        let config = Config::builder().auto_add_history(true).completion_type(CompletionType::List).build();
        let mut editor = rustyline::Editor::with_history(config, MemHistory::new())?;
        editor.set_helper(Some(Verbs));
        Ok(Editor(editor))
    }

    /// The next line; `None` at the end of input. Ctrl-C clears the line.
    pub(super) fn line(&mut self) -> Result<Option<String>> {
        loop {
            match self.0.readline("pop3> ") {
                Ok(line) => return Ok(Some(line)),
                Err(ReadlineError::Interrupted) => {}
                Err(ReadlineError::Eof) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
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
        let fits = |name: &&str| name.starts_with(&typed);
        Ok((0, super::names().filter(fits).map(|name| format!("{name} ")).collect()))
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
