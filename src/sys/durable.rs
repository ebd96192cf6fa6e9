//! Files and folders that survive a power failure: the system calls, their error messages, and what a file
//! system may refuse without harm.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;

use crate::error::{Error, Kind, Result};

/// A file or folder that could not be created: [`Kind::Create`], or [`Kind::DiskFull`].
pub(crate) fn create_failed(path: &Path, source: io::Error) -> Error {
    unusable(format!("could not create {}", path.display()), source)
}

/// An existing file or folder that could not be opened: the same kinds.
pub(crate) fn open_failed(path: &Path, source: io::Error) -> Error {
    unusable(format!("could not open {}", path.display()), source)
}

fn unusable(context: String, source: io::Error) -> Error {
    match Error::io("", io::Error::from(source.kind())).kind() {
        Kind::DiskFull => Error::io(context, source),
        _ => Error::new(Kind::Create, context).because(source),
    }
}

/// Makes `path` absolute, without a `/` at its end, so that a journal entry means the same in every working
/// directory. Symbolic links and `..` are not resolved.
///
/// # Errors
/// The path is empty, or the working directory does not exist.
pub fn absolute(path: &Path) -> Result<PathBuf> {
    let path = std::path::absolute(path).map_err(|source| create_failed(path, source))?;
    Ok(path.components().collect())
}

/// Makes `path` absolute and resolves all symbolic links, even if their target does not exist (yet).
///
/// # Errors
/// The path is empty, or a folder in it cannot be read.
pub fn resolved(path: &Path) -> Result<PathBuf> {
    /// The kernel's limit.
    const MAX_LINKS: usize = 40;
    let mut path = absolute(path)?;
    let mut behind: Vec<PathBuf> = Vec::new();
    for _ in 0..MAX_LINKS + path.components().count() {
        match std::fs::canonicalize(&path) {
            Ok(resolved) => {
                return Ok(behind.iter().rev().fold(resolved, |path, name| path.join(name)));
            }
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(open_failed(&path, source));
            }
            Err(_) => {}
        }
        let above = path.parent().unwrap_or(Path::new("/")).to_owned();
        if let Ok(target) = std::fs::read_link(&path) {
            path = above.join(target);
        } else {
            match path.components().next_back() {
                Some(Component::Normal(name)) => behind.push(name.into()),
                // `..` after a folder that does not exist: the result is unknown.
                _ => return absolute(&behind.iter().rev().fold(path, |path, name| path.join(name))),
            }
            path = above;
        }
    }
    Err(open_failed(&path, Errno::LOOP.into()))
}

/// Whether the error says that the file system does not support flushing this kind of file, as some network
/// and FUSE file systems do not support flushing folders. Nothing more can be done, and nothing was lost.
fn cannot_flush(source: &io::Error) -> bool {
    const CANNOT: [Errno; 7] = [
        Errno::INVAL,
        Errno::OPNOTSUPP,
        Errno::NOTSUP,
        Errno::ROFS,
        Errno::NOSYS,
        Errno::ACCESS,
        Errno::PERM,
    ];
    source.raw_os_error().is_some_and(|code| CANNOT.iter().any(|errno| errno.raw_os_error() == code))
}

/// Makes a folder's entries durable: files created in it or moved into it survive a power failure. The empty
/// path is the working directory. It is not an error if the file system cannot flush folders, or if the
/// folder may be written but not opened: nothing more can be done.
///
/// # Errors
/// The folder does not exist, or the flush failed.
pub fn sync_folder(folder: &Path) -> Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let flushed = match File::open(folder) {
        Err(source) if source.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        opened => opened.and_then(|opened| opened.sync_all()),
    };
    match flushed {
        Err(source) if !cannot_flush(&source) => {
            Err(Error::io(format!("could not flush {}", folder.display()), source))
        }
        _ => Ok(()),
    }
}

/// Makes a file durable if its file system supports that; for files that contain no mail.
pub(crate) fn sync_if_possible(file: &File) -> io::Result<()> {
    match file.sync_all() {
        Err(source) if cannot_flush(&source) => Ok(()),
        other => other,
    }
}

/// From this number of files on, flushing the whole file system is faster than flushing each file.
const SYNCFS_FROM: usize = 8;

/// Makes files that were just written to `folder`, and their entries in it, durable. Many files are flushed
/// with one call. `open` is the folder, opened before any of the files was.
pub(crate) fn sync_files(
    open: &File,
    folder: &Path,
    files: impl ExactSizeIterator<Item = PathBuf>,
) -> Result<()> {
    if files.len() >= SYNCFS_FROM && flush_file_system(open, folder)? {
        return Ok(());
    }
    for file in files {
        let flushed = File::open(&file).and_then(|opened| opened.sync_data());
        flushed.map_err(|source| Error::io(format!("could not flush {}", file.display()), source))?;
    }
    sync_folder(folder)
}

/// Flushes the file system of `folder`. Reports each failed write since it was opened once, even if the error
/// was reported elsewhere, and earlier failed writes that were never reported. `false` if this is not
/// possible here, or if the file system is not known to do it reliably.
pub(crate) fn flush_file_system(open: &File, folder: &Path) -> Result<bool> {
    if !can_flush_file_system(open) {
        return Ok(false);
    }
    match rustix::fs::syncfs(open) {
        Ok(()) => Ok(true),
        Err(Errno::NOSYS | Errno::PERM) => Ok(false),
        Err(errno) => Err(Error::io(format!("could not flush {}", folder.display()), errno.into())),
    }
}

/// Whether syncfs(2) is known to write all data of this file system to the disk and to report failed writes.
/// Network file systems, FUSE and overlays may do neither.
pub(crate) fn can_flush_file_system(open: &File) -> bool {
    *KERNEL_REPORTS_SYNCFS_ERRORS
        && rustix::fs::fstatfs(open).is_ok_and(|found| is_known(found.f_type as u32))
}

/// The file systems (`statfs(2)`) on a local disk or in memory whose `syncfs` writes everything.
fn is_known(magic: u32) -> bool {
    const KNOWN: [u32; 11] = [
        0xEF53,      // ext2, ext3, ext4
        0x5846_5342, // XFS
        0x9123_683E, // Btrfs
        0xF2F5_2010, // F2FS
        0x2FC1_2FC1, // ZFS
        0xCA45_1A4E, // bcachefs
        0x3153_464A, // JFS
        0x5265_4973, // ReiserFS
        0x3434,      // NILFS2
        0x0102_1994, // tmpfs: nothing to write, nothing to lose
        0x8584_58F6, // ramfs: the same
    ];
    KNOWN.contains(&magic)
}

/// syncfs(2) reports failed writes only since Linux 5.8.
static KERNEL_REPORTS_SYNCFS_ERRORS: LazyLock<bool> = LazyLock::new(|| {
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let mut parts = release.split(|character: char| !character.is_ascii_digit());
    let mut next = || parts.next().and_then(|part| part.parse::<u32>().ok()).unwrap_or(0);
    (next(), next()) >= (5, 8)
});

/// The free space for this user on the file system of that folder, in octets; `None` if unknown.
pub(crate) fn room(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    // File systems that do not count free space report a size of 0 blocks.
    (found.f_blocks > 0).then(|| found.f_bavail.saturating_mul(found.f_frsize))
}

/// Creates a folder and its parents durably, accessible to the owner only. An existing folder is not changed.
/// The empty path is the working directory.
///
/// # Errors
/// [`Kind::Create`] if it cannot be created, or is not a folder; [`Kind::DiskFull`]; the error of flushing
/// the parent folder.
pub fn create_folder(folder: &Path) -> Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        create_folder(above)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(source) if source.kind() != io::ErrorKind::AlreadyExists => Err(create_failed(folder, source)),
        // Another process has created it meanwhile, or it is not a folder.
        Err(source) if !folder.is_dir() => Err(create_failed(folder, source)),
        _ => folder.parent().map_or(Ok(()), sync_folder),
    }
}

/// Moves a file to a name that does not exist yet. If the file system supports it, an existing file is an
/// error (`AlreadyExists`) and never replaced.
pub(crate) fn move_to_free_name(from: &Path, to: &Path) -> io::Result<()> {
    move_between(CWD, from, CWD, to)
}

/// The same between two open folders, which saves the kernel from resolving their paths.
pub(crate) fn move_between(
    from: impl AsFd,
    old: impl AsRef<Path>,
    to: impl AsFd,
    new: impl AsRef<Path>,
) -> io::Result<()> {
    let (old, new) = (old.as_ref(), new.as_ref());
    match rustix::fs::renameat_with(&from, old, &to, new, RenameFlags::NOREPLACE) {
        // NFS and old kernels do not support this flag; the names are unique anyway.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            rustix::fs::renameat(from, old, to, new).map_err(io::Error::from)
        }
        other => other.map_err(io::Error::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn creates_folders_for_the_owner_only() {
        let home = tempfile::tempdir().unwrap();
        let deep = home.path().join("a/b");
        create_folder(&deep).unwrap();
        create_folder(&deep).unwrap();
        for made in [deep.clone(), home.path().join("a")] {
            assert_eq!(fs::metadata(made).unwrap().permissions().mode() & 0o777, 0o700);
        }
        create_folder(Path::new("")).unwrap();
        sync_folder(Path::new("")).unwrap();
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
    fn unsupported_flushes_are_distinguished_from_failed_ones() {
        for (errno, expected) in [
            (Errno::INVAL, true),
            (Errno::OPNOTSUPP, true),
            (Errno::ROFS, true),
            (Errno::NOSYS, true),
            (Errno::ACCESS, true),
            (Errno::PERM, true),
            (Errno::IO, false),
            (Errno::NOSPC, false),
            (Errno::DQUOT, false),
            (Errno::NOENT, false),
        ] {
            assert_eq!(cannot_flush(&errno.into()), expected, "{errno:?}");
        }
        // A real case: procfs does not support fsync of folders.
        assert!(File::open("/proc").and_then(|folder| folder.sync_all()).is_err());
        sync_folder(Path::new("/proc")).unwrap();
        sync_if_possible(&File::open("/proc/uptime").unwrap()).unwrap();
    }

    #[test]
    fn only_known_file_systems_are_flushed_as_a_whole() {
        let proc = File::open("/proc").unwrap();
        assert!(!can_flush_file_system(&proc));
        assert!(!flush_file_system(&proc, Path::new("/proc")).unwrap());
        let (nfs, fuse, overlay, cifs) = (0x6969, 0x6573_5546, 0x794C_7630, 0xFF53_4D42);
        assert!(![nfs, fuse, overlay, cifs].into_iter().any(is_known));
        let memory = File::open("/dev/shm").unwrap();
        assert_eq!(can_flush_file_system(&memory), *KERNEL_REPORTS_SYNCFS_ERRORS);
    }

    #[test]
    fn links_to_missing_targets_are_resolved() {
        let home = tempfile::tempdir().unwrap();
        let home = fs::canonicalize(home.path()).unwrap();
        fs::create_dir(home.join("disk")).unwrap();
        symlink("disk", home.join("mail")).unwrap();
        symlink("mail/inbox", home.join("link")).unwrap();
        symlink("nowhere/mail", home.join("dangling")).unwrap();
        symlink("round", home.join("round")).unwrap();
        for (path, expected) in [
            ("disk/inbox", "disk/inbox"),
            ("mail/inbox", "disk/inbox"),
            ("mail/a/b/", "disk/a/b"),
            ("link", "disk/inbox"),
            ("dangling/inbox", "nowhere/mail/inbox"),
        ] {
            assert_eq!(resolved(&home.join(path)).unwrap(), home.join(expected), "{path}");
        }
        assert!(resolved(&home.join("round")).is_err());
        assert!(resolved(Path::new("")).is_err());
        assert_eq!(absolute(Path::new("/a/b/")).unwrap().as_os_str(), "/a/b");
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
}
