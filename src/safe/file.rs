//! A secret in a file of its own: mode 0600 in a folder of 0700, written whole or not at all, refused
//! when others may read it.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{SecretKind, StoredIn};
use crate::advice::Run;
use crate::auth::Secret;
use crate::error::{Error, Kind, Result};
use crate::sys::access::{is_absent, refuse_if_others_may_read};
use crate::sys::private::account_of;

/// The most that is read: no password, and no token, is longer.
const LIMIT: usize = 64 * 1024;

/// The secret in the file; `None` where there is no file.
pub(super) fn read(path: &Path, what: SecretKind) -> Result<Option<Secret>> {
    let unreadable = |error| Error::io(format!("could not read {}", path.display()), error);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if is_absent(path, &error) => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    refuse_if_others_may_read(&file, path, &what.to_string())?;
    // Allocated at once, so that growing leaves no copies of the secret behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LIMIT + 1));
    file.take(LIMIT as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > LIMIT {
        let what = format!("{} contains more than {LIMIT} bytes, which is not a secret", path.display());
        return Err(Error::new(Kind::Data, what));
    }
    Ok(Some(Secret::new(bytes.as_slice())))
}

/// Whether there is one, whatever it is.
pub(super) fn is_there(path: &Path) -> Result<bool> {
    match fs::metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if is_absent(path, &error) => Ok(false),
        Err(error) => Err(Error::io(format!("could not look for {}", path.display()), error)),
    }
}

/// Replaces the content of the file: after a crash it has the old secret or the new one. What a crash leaves
/// behind always has the same name, and the next write, or a removal, deletes it.
///
/// Only two logins can write at the same time, since a renewal has a lock. One of them may fail, but the file
/// is complete in the end.
pub(super) fn write(path: &Path, secret: &Secret) -> Result<()> {
    let failed = |error| Error::io(format!("could not write {}", path.display()), error);
    let folder = path.parent().unwrap_or(Path::new("."));
    close_to_others(folder).map_err(|error| match failed(error) {
        full if full.kind() == Kind::DiskFull => full,
        other => other.advise(Run::StateFolder),
    })?;
    let new = unfinished(path);
    take_away(&new).map_err(failed)?;
    // Only a new file: an existing one of that name, a link for example, is not followed.
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new).map_err(failed)?;
    let written = put_into(file, secret).and_then(|()| fs::rename(&new, path));
    if let Err(error) = written {
        // The next one would do it, too.
        let _ = take_away(&new);
        return Err(failed(error));
    }
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

fn put_into(mut file: File, secret: &Secret) -> io::Result<()> {
    file.write_all(secret.expose())?;
    file.sync_all()
}

/// The temporary file for a secret that is being written.
fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

/// Creates the folder, with those above it, or removes others' permissions on it.
fn close_to_others(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    match fs::metadata(folder)?.mode() & 0o077 {
        0 => Ok(()),
        _ => fs::set_permissions(folder, Permissions::from_mode(0o700)),
    }
}

/// Removes the file, and what a crash may have left of another; returns whether there was one.
pub(super) fn remove(path: &Path) -> Result<bool> {
    let take_away = |path: &Path| {
        take_away(path).map_err(|error| Error::io(format!("could not remove {}", path.display()), error))
    };
    Ok(take_away(&unfinished(path))? | take_away(path)?)
}

fn take_away(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if is_absent(path, &error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The secrets in files of this folder.
pub(super) fn all(folder: &Path) -> Result<Vec<(String, SecretKind, StoredIn)>> {
    let unreadable = |error| Error::io(format!("could not read {}", folder.display()), error);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if is_absent(folder, &error) => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut all = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        let suffix = path.extension().unwrap_or_default();
        let what = SecretKind::ALL.into_iter().find(|what| suffix == what.suffix());
        if let (Some(what), Some(name)) = (what, path.file_stem().and_then(|stem| stem.to_str())) {
            all.push((account_of(name), what, StoredIn::File(path)));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_crash_left_of_a_secret_is_gone_with_the_next_write_and_with_a_removal() {
        let folder = tempfile::tempdir().expect("a folder");
        let elsewhere = folder.path().join("elsewhere");
        let (path, left) = (folder.path().join("work.secret"), folder.path().join("work.secret.new"));
        let names = || fs::read_dir(folder.path()).expect("readable").count();
        fs::write(&left, "half of hunt").expect("written");
        write(&path, &Secret::new("hunter2")).expect("written");
        assert_eq!((fs::read(&path).expect("there"), names()), (b"hunter2".to_vec(), 1));
        assert_eq!(fs::metadata(&path).expect("there").mode() & 0o777, 0o600);
        // A link in the way leads nowhere.
        std::os::unix::fs::symlink(&elsewhere, &left).expect("linked");
        write(&path, &Secret::new("hunter3")).expect("written");
        assert!(!elsewhere.exists() && names() == 1);
        fs::write(&left, "half of hunt").expect("written");
        assert!(remove(&path).expect("removed"));
        assert_eq!(names(), 0);
        fs::write(&left, "half of hunt").expect("written");
        assert!(remove(&path).expect("removed"), "that alone is something, too");
        assert!(!remove(&path).expect("nothing is fine"));
        assert_eq!(names(), 0);
    }

    #[test]
    fn a_write_that_fails_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("work.secret");
        fs::create_dir(&path).expect("made");
        assert!(write(&path, &Secret::new("hunter2")).is_err());
        assert!(!unfinished(&path).exists());
    }
}
