//! The system calls that all destinations share, each with the sentence for its failure: folders
//! that are made and flushed, a file moved without ever covering another.

use crate::error::{Error, Kind, Result};
use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;
use rustix::process::Pid;
use std::fs::{DirBuilder, File};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// A file or folder that could not come into being: [`Kind::Create`], but a full disk stays one.
pub(super) fn create_failed(path: &Path, source: io::Error) -> Error {
    unusable(format!("could not create {}", path.display()), source)
}

/// A destination that is there and does not let us in: the same.
pub(super) fn open_failed(path: &Path, source: io::Error) -> Error {
    unusable(format!("could not open {}", path.display()), source)
}

fn unusable(context: String, source: io::Error) -> Error {
    match Error::io("", io::Error::from(source.kind())).kind() {
        Kind::DiskFull => Error::io(context, source),
        _ => Error::new(Kind::Create, context).because(source),
    }
}

/// `path` from the root, so that a journal entry means the same from every working folder.
pub(super) fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|source| create_failed(path, source))
}

/// Makes a folder's entries durable: what was created in it or moved into it survives a power cut.
pub(super) fn sync_folder(folder: &Path) -> Result<()> {
    let flushed = File::open(folder).and_then(|opened| opened.sync_all());
    match flushed.map_err(|source| (source.raw_os_error(), source)) {
        Ok(()) => Ok(()),
        // Some network and FUSE file systems cannot flush a folder at all: there is no more to be had.
        Err((Some(code), _)) if code == Errno::INVAL.raw_os_error() => Ok(()),
        Err((Some(code), _)) if code == Errno::OPNOTSUPP.raw_os_error() => Ok(()),
        Err((_, source)) => Err(Error::io(format!("could not flush {}", folder.display()), source)),
    }
}

/// From so many files on, flushing their whole file system at once is cheaper than one by one.
const MANY: usize = 8;

/// Makes files that were just written to `folder` durable, and that they stand there. Many are
/// flushed with one call. `open` is the folder, opened before any of them was.
pub(super) fn sync_all(
    open: &File,
    folder: &Path,
    files: impl ExactSizeIterator<Item = PathBuf>,
) -> Result<()> {
    if files.len() >= MANY && flush_file_system(open, folder)? {
        return Ok(());
    }
    for file in files {
        let flushed = File::open(&file).and_then(|opened| opened.sync_data());
        flushed.map_err(|source| Error::io(format!("could not flush {}", file.display()), source))?;
    }
    sync_folder(folder)
}

/// Flushes all of the file system that `folder` is on. Tells once of every write that failed since it was
/// opened, whoever else was told of it, and of those before that nobody was told of. `false`: this kernel
/// or sandbox cannot do it.
pub(super) fn flush_file_system(open: &File, folder: &Path) -> Result<bool> {
    if !*KERNEL_REPORTS_SYNCFS_ERRORS {
        return Ok(false);
    }
    match rustix::fs::syncfs(open) {
        Ok(()) => Ok(true),
        Err(Errno::NOSYS | Errno::PERM) => Ok(false),
        Err(errno) => Err(Error::io(format!("could not flush {}", folder.display()), errno.into())),
    }
}

/// syncfs(2) tells of failed writes since Linux 5.8; before, its silence says nothing.
static KERNEL_REPORTS_SYNCFS_ERRORS: LazyLock<bool> = LazyLock::new(|| {
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let mut parts = release.split(|character: char| !character.is_ascii_digit());
    let mut next = || parts.next().and_then(|part| part.parse::<u32>().ok()).unwrap_or(0);
    (next(), next()) >= (5, 8)
});

/// Creates a folder and those above it, for its owner's eyes only, durably. One that is there stays as it is.
pub(super) fn create_folder(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        create_folder(above)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(source) if source.kind() != io::ErrorKind::AlreadyExists => Err(create_failed(folder, source)),
        // Made by another process meanwhile, or something that is no folder stands there.
        Err(source) if !folder.is_dir() => Err(create_failed(folder, source)),
        _ => folder.parent().map_or(Ok(()), sync_folder),
    }
}

/// Moves a file to a name that nothing bears: where the file system can, an existing file there is
/// an error (`AlreadyExists`) and never covered.
pub(super) fn move_to_free_name(from: &Path, to: &Path) -> io::Result<()> {
    move_between(CWD, from, CWD, to)
}

/// The same between two open folders, which spares the kernel the walk along their paths.
pub(super) fn move_between(
    from: impl AsFd,
    old: impl AsRef<Path>,
    to: impl AsFd,
    new: impl AsRef<Path>,
) -> io::Result<()> {
    let (old, new) = (old.as_ref(), new.as_ref());
    match rustix::fs::renameat_with(&from, old, &to, new, RenameFlags::NOREPLACE) {
        // NFS and old kernels have no such flag; the names are unique anyway.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            rustix::fs::renameat(from, old, to, new).map_err(io::Error::from)
        }
        other => other.map_err(io::Error::from),
    }
}

/// Whether a process with that id runs on this machine, whoever owns it.
pub(super) fn is_alive(process: i32) -> bool {
    Pid::from_raw(process).is_some_and(|pid| rustix::process::test_kill_process(pid) != Err(Errno::SRCH))
}

/// This machine's name, fit for a file name: `/` and `:` in the octal form that Maildir prescribes.
pub(super) fn host() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let safe: String = name
        .chars()
        .map(|character| match character {
            '/' => "\\057".to_owned(),
            ':' => "\\072".to_owned(),
            other if other.is_ascii_graphic() => other.to_string(),
            _ => "_".to_owned(),
        })
        .collect();
    if safe.is_empty() { "localhost".to_owned() } else { safe }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn creates_folders_for_the_owner_only() {
        let home = tempfile::tempdir().unwrap();
        let deep = home.path().join("a/b");
        create_folder(&deep).unwrap();
        create_folder(&deep).unwrap();
        for made in [deep.clone(), home.path().join("a")] {
            assert_eq!(fs::metadata(made).unwrap().permissions().mode() & 0o777, 0o700);
        }
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        fs::write(&file, "x").unwrap();
        let error = create_folder(&file.join("below")).unwrap_err();
        assert_eq!(error.kind(), Kind::Create);
        assert_eq!(error.to_string(), format!("could not create {}", file.display()));
        assert_eq!(sync_folder(&file.join("below")).unwrap_err().kind(), Kind::Io);
    }

    #[test]
    fn never_moves_a_file_onto_another() {
        let home = tempfile::tempdir().unwrap();
        let (from, to) = (home.path().join("from"), home.path().join("to"));
        fs::write(&from, "new").unwrap();
        fs::write(&to, "old").unwrap();
        assert_eq!(move_to_free_name(&from, &to).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&to).unwrap(), b"old");
        fs::remove_file(&to).unwrap();
        move_to_free_name(&from, &to).unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"new");
    }

    #[test]
    fn tells_the_living_from_the_dead() {
        assert!(is_alive(std::process::id().cast_signed()));
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let id = child.id().cast_signed();
        child.wait().unwrap();
        assert!(!is_alive(id));
        assert!(!is_alive(0));
    }

    #[test]
    fn the_host_fits_into_a_file_name() {
        let host = host();
        assert!(!host.is_empty() && !host.contains(['/', ':', '\n', ' ']));
    }
}
