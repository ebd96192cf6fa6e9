//! `pop3 shell`: a session with every verb. On a terminal with history, completion and a question before anything is
//! deleted; in a pipe line by line.

mod editor;
mod history;
mod line;
mod marks;
mod verbs;

use std::io::{self, BufRead, IsTerminal};

use anyhow::Result;
use pop3::account::Account;
use pop3::error::{Error, Kind};

use self::editor::Editor;
use self::history::History;
use self::verbs::{After, Shell};
use super::context::Context;
use super::report::Reported;

/// Signs in and executes lines until `quit` or `abort`, or until the input ends. Input that ends without `quit`
/// deletes nothing: the script may have been interrupted.
pub(crate) fn run(context: &Context, account: &Account) -> Result<()> {
    let session = context.sign_in(account)?;
    let mut shell = Shell::new(context, account, session);
    let outcome = match io::stdin().is_terminal() {
        true => by_hand(&mut shell, context).map(|()| None),
        false => by_script(&mut shell),
    };
    let failed = outcome.inspect_err(|_| shell.broke())?;
    shell.end();
    match failed {
        // It was told when it happened; the exit code is still owed.
        Some(error) => {
            Err(Error::new(error.kind(), "a line failed").because(Reported(error.to_string())).into())
        }
        None => Ok(()),
    }
}

fn by_hand(shell: &mut Shell<'_>, context: &Context) -> Result<()> {
    shell.greet()?;
    let folder = context.environment().state_folder().ok();
    let mut editor = Editor::new(History::in_folder(folder.as_deref()))?;
    while let Some(line) = editor.line()? {
        if shell.step(&line, &mut None, &mut |question| editor.ask(question))? == After::Done {
            break;
        }
    }
    Ok(())
}

/// Goes on after an `-ERR`; the first one decides the exit code.
fn by_script(shell: &mut Shell<'_>) -> Result<Option<Error>> {
    let mut failed = None;
    for line in io::stdin().lock().lines() {
        let line = line
            .map_err(|error| Error::new(Kind::Data, "could not read a line of the input").because(error))?;
        if shell.step(&line, &mut failed, &mut |_| Ok(true))? == After::Done {
            break;
        }
    }
    Ok(failed)
}
