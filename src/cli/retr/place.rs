//! Where `pop3 retr -o` writes: a file appears under its name when it is complete, and takes the place of another only
//! with `--force`; a folder gets one file a message; a pipe or a device is written into; a symbolic link is followed
//! and not replaced.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::path::{Path, PathBuf};

use pop3::error::{Error, Kind, Result};
use rustix::io::Errno;
use tempfile::NamedTempFile;

/// The most symbolic links that are followed: as many as Linux follows.
const MOST_LINKS: usize = 40;

/// Where the messages go.
pub(super) enum Place {
    /// A pipe, a device or the like.
    Stream(File),
    /// A regular file.
    File(NewFile),
    /// A folder.
    Folder(Folder),
}

impl Place {
    /// Looks at what `path` is.
    ///
    /// # Errors
    /// [`Kind::Create`] if it cannot be written to, or exists and may not be overwritten.
    pub(super) fn find(path: &Path, overwrites: bool) -> Result<Place> {
        let names_a_folder = path.as_os_str().as_encoded_bytes().ends_with(b"/");
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                Ok(Place::Folder(Folder { path: path.to_owned(), exists: true, overwrites }))
            }
            Ok(found) if !found.is_file() => {
                let stream = OpenOptions::new().write(true).open(path);
                stream.map(Place::Stream).map_err(|error| create_failed(path, error))
            }
            Err(error) if names_a_folder && error.kind() == io::ErrorKind::NotFound => {
                // Only this folder is made: in a longer path that does not exist something is mistyped.
                let above = folder_of(path);
                fs::metadata(above).map_err(|error| create_failed(above, error))?;
                Ok(Place::Folder(Folder { path: path.to_owned(), exists: false, overwrites }))
            }
            _ => NewFile::find(path, overwrites, false).map(Place::File),
        }
    }
}

/// A folder, which may have to be made.
pub(super) struct Folder {
    path: PathBuf,
    exists: bool,
    overwrites: bool,
}

impl Folder {
    /// The file of each message. Its name is made from the number alone: what a server says is no file's name.
    ///
    /// # Errors
    /// [`Kind::Create`] as [`Place::find`].
    pub(super) fn files(&self, numbers: &[u32]) -> Result<Vec<(u32, NewFile)>> {
        let file = |number: &u32| {
            let path = self.path.join(format!("{number}.eml"));
            let file = NewFile::find(&path, self.overwrites, true)?;
            Ok((*number, file))
        };
        numbers.iter().map(file).collect()
    }

    /// Makes the folder if it does not exist.
    ///
    /// # Errors
    /// [`Kind::Create`].
    pub(super) fn create(&self) -> Result<()> {
        if self.exists {
            return Ok(());
        }
        fs::create_dir(&self.path).map_err(|error| create_failed(&self.path, error))
    }
}

/// A file that does not exist yet, or may be overwritten.
pub(super) struct NewFile {
    /// As the user named it.
    named: PathBuf,
    /// After symbolic links.
    path: PathBuf,
    /// Those of the file that is overwritten.
    permissions: Option<Permissions>,
    overwrites: bool,
    /// Whether its name was made from a message-number.
    is_numbered: bool,
}

impl NewFile {
    fn find(named: &Path, overwrites: bool, is_numbered: bool) -> Result<NewFile> {
        let failed = |error| create_failed(named, error);
        let permissions = match fs::metadata(named) {
            Ok(found) if !found.is_file() => {
                let why = if found.is_dir() { Errno::ISDIR } else { Errno::EXIST };
                return Err(failed(why.into()));
            }
            Ok(_) if !overwrites => return Err(exists(named, is_numbered)),
            Ok(found) => Some(found.permissions()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        let path = follow_links(named).map_err(failed)?;
        Ok(NewFile { named: named.to_owned(), path, permissions, overwrites, is_numbered })
    }

    /// Its name, as the user gave it.
    pub(super) fn name(&self) -> String {
        self.named.display().to_string()
    }

    /// A temporary file in its folder.
    ///
    /// # Errors
    /// [`Kind::Create`].
    pub(super) fn begin(self) -> Result<Begun> {
        let file = NamedTempFile::new_in(folder_of(&self.path));
        let file = file.map_err(|error| create_failed(&self.named, error))?;
        Ok(Begun { place: self, file })
    }
}

/// A file under its temporary name, which goes if this is dropped.
pub(super) struct Begun {
    place: NewFile,
    file: NamedTempFile,
}

impl Begun {
    pub(super) fn writer(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Gives the complete file its name, and returns that; `written` is how writing it ended.
    ///
    /// # Errors
    /// [`Kind::Io`] or [`Kind::DiskFull`] if it could not be written; [`Kind::Create`] if something of that name was
    /// made meanwhile.
    pub(super) fn finish(self, written: io::Result<()>) -> Result<String> {
        let Begun { place, file } = self;
        let kept = place.permissions.clone();
        written
            .and_then(|()| kept.map_or(Ok(()), |kept| file.as_file().set_permissions(kept)))
            .and_then(|()| file.as_file().sync_all())
            .map_err(|error| Error::io(format!("could not write {}", place.name()), error))?;
        let named = match place.overwrites {
            true => file.persist(&place.path),
            false => file.persist_noclobber(&place.path),
        };
        match named {
            Ok(_) => Ok(place.name()),
            Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(exists(&place.named, place.is_numbered))
            }
            Err(refused) => Err(create_failed(&place.named, refused.error)),
        }
    }
}

/// Servers give the numbers of deleted messages to others: what has the name of a numbered file may be another message.
fn exists(path: &Path, is_numbered: bool) -> Error {
    let hint = match is_numbered {
        true => "name another folder (--force overwrites what may be another message)",
        false => "--force overwrites it",
    };
    Error::new(Kind::Create, format!("could not create {}", path.display()))
        .because("it exists already")
        .hint(hint)
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
    fn what_was_made_meanwhile_is_not_overwritten() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("7.eml");
        let mut begun = NewFile::find(&path, false, true).and_then(NewFile::begin).expect("nothing is there");
        io::Write::write_all(begun.writer(), b"new").expect("written");
        fs::write(&path, "somebody else's").expect("written");
        let error = begun.finish(Ok(())).expect_err("it exists by now");
        assert_eq!(error.kind(), Kind::Create);
        assert_eq!(fs::read_to_string(&path).expect("there"), "somebody else's");
        assert_eq!(fs::read_dir(home.path()).expect("a folder").count(), 1, "no temporary file is left");
    }
}
