//! `pop3 retr`: messages byte for byte, to standard output or to the place that `-o` names.

mod place;
mod progress;

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Result;
use pop3::account::Account;
use pop3::error::{Error, Kind};
use pop3::session::{Session, Transaction};

use self::place::{NewFile, Place};
use self::progress::Progress;
use super::args::RetrArgs;
use super::context::Context;
use super::messages;
use super::output::human;
use super::output::json::Mail;

/// Writes the messages to where `-o` says, or to standard output.
pub(crate) fn run(context: &Context, account: &Account, args: &RetrArgs) -> Result<()> {
    // Before the sign-in: opening a FIFO waits for its reader, and the server would not. What exists already is
    // refused before anything is retrieved.
    let output = args.output.as_deref().filter(|path| *path != Path::new("-"));
    let place = output.map(|path| Place::find(path, args.force)).transpose()?;
    let (mut session, numbers) = messages::open(context, account, &args.messages)?;
    if numbers.is_empty() {
        session.leave();
        context.output().note("there is no such message: nothing was written");
        return Ok(());
    }
    let stopped = match place {
        None => {
            let mut shown = context.output().message();
            for number in numbers {
                copy(&mut session, number, &mut shown, |_| ())??;
            }
            shown.finish()?;
            None
        }
        Some(Place::Stream(mut stream)) => {
            let mut progress = Progress::new(context.output(), account, &mut session, &numbers)?;
            let name = output.unwrap_or(Path::new("-")).display();
            for number in numbers {
                progress
                    .copy(&mut session, number, &mut stream)?
                    .map_err(|error| Error::io(format!("could not write to {name}"), error))?;
                tell(context, account, number, name.to_string())?;
            }
            None
        }
        Some(Place::File(file)) => {
            save(context, account, &mut session, vec![(only(&numbers, &file)?, file)])?
        }
        Some(Place::Folder(folder)) => {
            let files = folder.files(&numbers)?;
            folder.create()?;
            save(context, account, &mut session, files)?
        }
    };
    session.leave();
    stopped.map_or(Ok(()), |error| Err(error.into()))
}

/// Retrieves messages of an open session into a new file, or into a folder with one file a message: for the shell.
pub(super) fn save_to(
    context: &Context,
    account: &Account,
    session: &mut Session<Transaction>,
    numbers: &[u32],
    path: &Path,
) -> Result<()> {
    let not_regular = || {
        let says = format!("could not create {}", path.display());
        Error::new(Kind::Create, says)
            .because("it exists, and is not a file")
            .hint("name a new file, or a folder")
    };
    // Opening a FIFO would wait for its reader.
    if fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        return Err(not_regular().into());
    }
    // Nothing is overwritten from the shell.
    if path.is_file() {
        let exists = Error::new(Kind::Create, format!("could not create {}", path.display()));
        return Err(exists.because("it exists already").hint("name another file").into());
    }
    let stopped = match Place::find(path, false)? {
        Place::File(file) => {
            let number = only(numbers, &file).map_err(|error| error.hint("name a folder: FOLDER/"))?;
            save(context, account, session, vec![(number, file)])?
        }
        Place::Folder(folder) => {
            let files = folder.files(numbers).map_err(|error| error.hint("name another folder"))?;
            folder.create()?;
            save(context, account, session, files)?
        }
        Place::Stream(_) => return Err(not_regular().into()),
    };
    stopped.map_or(Ok(()), |error| Err(error.into()))
}

/// The one message that goes into a file.
fn only(numbers: &[u32], file: &NewFile) -> Result<u32, Error> {
    match numbers {
        [number] => Ok(*number),
        _ => {
            let messages = human::count(numbers.len() as u64, "message");
            Err(Error::new(Kind::Usage, format!("could not write {messages} to {}", file.name()))
                .because("a file takes one message")
                .hint("name a folder, which gets one file a message: -o FOLDER/"))
        }
    }
}

/// Retrieves each message into its file, which appears when it is complete. After a signal no further message is begun:
/// then it returns what to end with, and the session can still be ended properly.
fn save(
    context: &Context,
    account: &Account,
    session: &mut Session<Transaction>,
    files: Vec<(u32, NewFile)>,
) -> Result<Option<Error>> {
    // A signal lets it remove what it has begun to write.
    let _in_flight = context.signals().finish_first();
    let numbers: Vec<u32> = files.iter().map(|(number, _)| *number).collect();
    let all = human::count(numbers.len() as u64, "message");
    let interrupted = |saved: usize| format!("interrupted: {saved} of {all} written");
    let mut progress = Progress::new(context.output(), account, session, &numbers)?;
    for (saved, (number, file)) in files.into_iter().enumerate() {
        if context.stop().is_requested() {
            return Ok(Some(Error::new(Kind::Interrupted, interrupted(saved))));
        }
        let mut begun = file.begin()?;
        let written = progress.copy(session, number, begun.writer());
        let written = written.map_err(|error| match context.stop().is_requested() {
            true => error.context(interrupted(saved)),
            false => error,
        })?;
        let name = begun.finish(written)?;
        tell(context, account, number, name)?;
    }
    Ok(None)
}

/// Says where a message was written.
fn tell(context: &Context, account: &Account, number: u32, file: String) -> io::Result<()> {
    let output = context.output();
    if output.is_json() {
        return output.object(&Mail::Retr { account: &account.name, number, file });
    }
    output.detail(&format!("message {number} is in {file}"));
    Ok(())
}

/// Retrieves a message; `seen` is told of each chunk's octets. The outer error is the session's, the inner one the
/// writer's: after that the session still reads the rest, which is dropped.
fn copy(
    session: &mut Session<Transaction>,
    number: u32,
    to: &mut impl Write,
    mut seen: impl FnMut(u64),
) -> Result<io::Result<()>> {
    let mut written = Ok(());
    let octets = session.retrieve(number, |chunk| {
        seen(chunk.len() as u64);
        if written.is_ok() {
            written = to.write_all(chunk);
        }
    })?;
    // An empty text is no message if the server declares one.
    if octets == 0
        && let Some(declared @ 1..) = session.list_one(number)?
    {
        return Err(Error::new(
            Kind::Protocol,
            format!("the server sent an empty text for message {number}"),
        )
        .because(format!("it declared {declared} octets"))
        .into());
    }
    Ok(written)
}
