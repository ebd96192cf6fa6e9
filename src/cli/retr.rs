//! `pop3 retr`: messages byte for byte, to standard output or to the file of `-o`. A file appears when it is
//! complete; a pipe or a device is written into; a symbolic link is followed and not replaced.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use pop3::account::Account;
use pop3::error::{Error, Kind};
use pop3::session::{Session, Transaction};
use rustix::io::Errno;
use tempfile::NamedTempFile;

use super::args::MessageArg;
use super::context::Context;
use super::messages;

/// The most symbolic links that are followed: as many as Linux follows.
const MOST_LINKS: usize = 40;

/// Where the messages go.
enum Place {
    Stdout,
    /// A pipe, a device or the like, which is written into.
    Stream(File),
    /// A regular file, or nothing yet. The permissions are those of the file that is replaced.
    File(PathBuf, Option<Permissions>),
}

/// Writes the messages to `output`, or to standard output.
pub(crate) fn run(
    context: &Context,
    account: &Account,
    named: &[MessageArg],
    output: Option<&Path>,
) -> Result<()> {
    // Before the sign-in: opening a FIFO waits for its reader, and the server would not.
    let place = output.filter(|path| *path != Path::new("-")).map_or(Ok(Place::Stdout), Place::find)?;
    let (mut session, numbers) = messages::open(context, account, named)?;
    if numbers.is_empty() {
        session.leave();
        context.output().note("there is no such message: nothing was written");
        return Ok(());
    }
    match place {
        Place::Stdout => {
            let mut shown = context.output().message();
            write_all(&mut session, &numbers, &mut shown)??;
            shown.finish()?;
        }
        Place::Stream(mut stream) => {
            let name = output.unwrap_or(Path::new("-")).display();
            write_all(&mut session, &numbers, &mut stream)?
                .map_err(|error| Error::io(format!("could not write to {name}"), error))?;
        }
        Place::File(path, permissions) => {
            // A signal lets it remove what it has begun to write.
            let _in_flight = context.signals().finish_first();
            replace(&mut session, &numbers, &path, permissions)?;
        }
    }
    session.leave();
    Ok(())
}

impl Place {
    fn find(path: &Path) -> Result<Place, Error> {
        let failed = |error| create_failed(path, error);
        let permissions = match fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                return Err(create_failed(path, Errno::ISDIR.into()).hint("name a file in it"));
            }
            Ok(found) if found.is_file() => Some(found.permissions()),
            Ok(_) => {
                return OpenOptions::new().write(true).open(path).map(Place::Stream).map_err(failed);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        Ok(Place::File(follow_links(path).map_err(failed)?, permissions))
    }
}

fn create_failed(path: &Path, error: io::Error) -> Error {
    Error::new(Kind::Create, format!("could not create {}", path.display())).because(error)
}

/// The path after every symbolic link at its end was followed; it need not exist.
fn follow_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            // The target of a relative link is relative to the folder of the link.
            Ok(target) => path = folder_of(&path).join(target),
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotFound) => {
                return Ok(path);
            }
            Err(error) => return Err(error),
        }
    }
    Err(Errno::LOOP.into())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes the messages into a temporary file beside `path`, which is renamed to it when it is complete.
fn replace(
    session: &mut Session<Transaction>,
    numbers: &[u32],
    path: &Path,
    permissions: Option<Permissions>,
) -> Result<()> {
    let mut file = NamedTempFile::new_in(folder_of(path)).map_err(|error| create_failed(path, error))?;
    write_all(session, numbers, &mut file)?
        .and_then(|()| permissions.map_or(Ok(()), |kept| file.as_file().set_permissions(kept)))
        .and_then(|()| file.as_file().sync_all())
        .map_err(|error| Error::io(format!("could not write {}", path.display()), error))?;
    file.persist(path).map_err(|error| create_failed(path, error.error))?;
    Ok(())
}

/// Retrieves the messages one after another. The outer error is the session's, the inner one the writer's:
/// after that the session still reads the rest, which is dropped.
fn write_all(
    session: &mut Session<Transaction>,
    numbers: &[u32],
    to: &mut impl Write,
) -> Result<io::Result<()>> {
    let mut written = Ok(());
    for number in numbers {
        session.retrieve(*number, |chunk| {
            if written.is_ok() {
                written = to.write_all(chunk);
            }
        })?;
        if written.is_err() {
            break;
        }
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_followed_to_what_need_not_be_there() {
        let home = tempfile::tempdir().expect("a folder");
        let path = |name: &str| home.path().join(name);
        fs::create_dir(path("below")).expect("a folder");
        symlink("below/second", path("first")).expect("a link");
        symlink("../file", path("below/second")).expect("a link");
        assert_eq!(follow_links(&path("first")).expect("no circle"), path("below/../file"));
        assert_eq!(follow_links(&path("file")).expect("no link"), path("file"));
        symlink("circle", path("circle")).expect("a link");
        assert_eq!(follow_links(&path("circle")).expect_err("a circle").raw_os_error(), Some(40));
    }

    #[test]
    fn a_folder_is_no_place_for_a_message() {
        let home = tempfile::tempdir().expect("a folder");
        let refused = Place::find(home.path()).err().expect("a folder");
        assert_eq!(refused.kind(), Kind::Create);
    }
}
