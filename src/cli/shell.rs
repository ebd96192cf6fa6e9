//! `pop3 shell`: an interactive session with every verb. On a terminal with history and completion,
//! in a pipe line by line.

mod editor;
mod verbs;

use std::io::{self, BufRead, IsTerminal};

use anyhow::Result;
use pop3::error::{Error, Kind};

use self::verbs::{After, Shell, Verb};
use super::context::Context;

/// Signs in and runs verbs until `quit`, or until the input ends. Input that ends without `quit`
/// deletes nothing: the script may have been interrupted.
pub(crate) fn run(context: &Context, account: &pop3::account::Account) -> Result<()> {
    let session = context.sign_in(account)?;
    let mut shell = Shell::new(session, context.output());
    let on_terminal = io::stdin().is_terminal();
    let failed = if on_terminal { by_hand(&mut shell, context)? } else { by_script(&mut shell)? };
    shell.end()?;
    match failed {
        Some(error) if !on_terminal => Err(error.into()),
        _ => Ok(()),
    }
}

fn by_hand(shell: &mut Shell<'_>, context: &Context) -> Result<Option<Error>> {
    context.output().note("type help for the verbs, quit to end the session and delete what is marked");
    let mut editor = editor::Editor::new()?;
    while let Some(line) = editor.line()? {
        if let After::Done = shell.step(&line, &mut None)? {
            break;
        }
    }
    Ok(None)
}

/// Goes on after an `-ERR`; the first one decides the exit code.
fn by_script(shell: &mut Shell<'_>) -> Result<Option<Error>> {
    let mut failed = None;
    for line in io::stdin().lock().lines() {
        let line = line
            .map_err(|error| Error::new(Kind::Data, "could not read a line of the input").because(error))?;
        if let After::Done = shell.step(&line, &mut failed)? {
            break;
        }
    }
    Ok(failed)
}

/// The names of all verbs, for completion.
fn names() -> impl Iterator<Item = &'static str> {
    Verb::TABLE.iter().map(|(name, ..)| *name)
}
