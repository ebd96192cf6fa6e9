//! A secret in a file of its own: mode 0600 in a folder of 0700, written whole or not at all, refused
//! when others may read it.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Rests, What};
use crate::auth::Secret;
use crate::error::{Error, Kind, Result};

/// The most that is read: no password, and no token, is longer.
const LIMIT: usize = 64 * 1024;

/// The longest file name that is made of an account's name, in bytes; file systems allow 255.
const LONGEST_NAME: usize = 180;

/// The secret in the file; `None` where there is no file.
pub(super) fn read(path: &Path) -> Result<Option<Secret>> {
    let unreadable = |error| Error::io(format!("could not read {}", path.display()), error);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    refuse_if_others_may_read(&file, path)?;
    // All the room at once, so that growing leaves no copies of the secret behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LIMIT + 1));
    file.take(LIMIT as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > LIMIT {
        let what = format!("{} holds more than {LIMIT} bytes, which is no secret", path.display());
        return Err(Error::new(Kind::Data, what));
    }
    Ok(Some(Secret::new(bytes.as_slice())))
}

/// Whether there is one, whatever it is.
pub(super) fn is_there(path: &Path) -> Result<bool> {
    path.try_exists().map_err(|error| Error::io(format!("could not look for {}", path.display()), error))
}

/// Writes the secret in place of what the file held: after a crash it is the old one or the new one. What a
/// crash leaves behind has one name, and the next write, or a removal, takes it away.
///
/// Two that write at once are two people at two logins: a renewal has a lock. One of them may fail, but
/// what stands there in the end is whole.
pub(super) fn write(path: &Path, secret: &Secret) -> Result<()> {
    let failed = |error| Error::io(format!("could not write {}", path.display()), error);
    let folder = path.parent().unwrap_or(Path::new("."));
    close_to_others(folder).map_err(failed)?;
    let new = unfinished(path);
    take_away(&new).map_err(failed)?;
    // A new file or none: whatever has that name now, a link say, is not followed.
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

/// Where a secret stands until it is whole.
fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

/// Makes the folder, with those above it, or takes from others what they might do in it.
fn close_to_others(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    match fs::metadata(folder)?.mode() & 0o077 {
        0 => Ok(()),
        _ => fs::set_permissions(folder, Permissions::from_mode(0o700)),
    }
}

/// Removes the file, and what a crash may have left of another; whether there was any.
pub(super) fn remove(path: &Path) -> Result<bool> {
    let take_away = |path: &Path| {
        take_away(path).map_err(|error| Error::io(format!("could not remove {}", path.display()), error))
    };
    Ok(take_away(&unfinished(path))? | take_away(path)?)
}

fn take_away(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// The secrets that rest in files of this folder.
pub(super) fn all(folder: &Path) -> Result<Vec<(String, What, Rests)>> {
    let unreadable = |error| Error::io(format!("could not read {}", folder.display()), error);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut all = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        let suffix = path.extension().unwrap_or_default();
        let what = What::ALL.into_iter().find(|what| suffix == what.suffix());
        if let (Some(what), Some(name)) = (what, path.file_stem().and_then(|stem| stem.to_str())) {
            all.push((account(name), what, Rests::File(path)));
        }
    }
    Ok(all)
}

/// Refuses a regular file that more than its owner may read. Pipes and devices have no keepers.
pub(crate) fn refuse_if_others_may_read(file: &File, path: &Path) -> Result<()> {
    let name = path.display();
    let metadata = file.metadata().map_err(|error| Error::io(format!("could not read {name}"), error))?;
    if metadata.is_file() && metadata.mode() & 0o077 != 0 {
        let what =
            format!("{name} holds a password and others may read it (mode {:04o})", metadata.mode() & 0o7777);
        return Err(Error::new(Kind::Config, what).hint(format!("chmod 600 {name}")));
    }
    Ok(())
}

/// An account's name as a file name: readable, without a way out of the folder, different for
/// different names.
pub(crate) fn file_name(account: &str) -> String {
    let mut name = String::with_capacity(account.len());
    for (at, byte) in account.bytes().enumerate() {
        match byte {
            b'.' if at == 0 => name.push_str("%2E"),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b'@' | b'+' => {
                name.push(byte as char);
            }
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    if name.len() > LONGEST_NAME {
        name.truncate(LONGEST_NAME);
        let digest = Sha256::digest(account.as_bytes());
        name.extend(digest.iter().take(16).map(|byte| format!("{byte:02x}")));
    }
    name
}

/// The account's name of a file's name; one that [`file_name`] did not make, or shortened, stays as it is.
fn account(name: &str) -> String {
    decoded(name).filter(|account| file_name(account) == name).unwrap_or_else(|| name.to_owned())
}

fn decoded(name: &str) -> Option<String> {
    let mut parts = name.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).ok()
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

    #[test]
    fn no_account_name_leaves_the_folder_or_meets_another() {
        assert_eq!(file_name("../../etc/passwd"), "%2E.%2F..%2Fetc%2Fpasswd");
        assert_eq!(file_name("me@h/run\0ü"), "me@h%2Frun%00%C3%BC");
        assert_ne!(file_name("a/b"), file_name("a%2Fb"));
        let long = |last: &str| file_name(&format!("{}{last}", "ü".repeat(300)));
        assert!(long("a").len() < 240);
        assert_ne!(long("a"), long("b"));
        for name in ["work", "../../etc/passwd", "me@h/run\0ü", "a%2Fb", ".x", "100%"] {
            assert_eq!(account(&file_name(name)), name);
        }
        for name in ["a%", "a%2", "a%zz", "a%2fb", "%FF", "ü%2", &long("a")] {
            assert_eq!(account(name), name, "not of our making");
        }
    }
}
