//! A secret in a file of its own: mode 0600 in a folder of 0700, written whole or not at all, refused
//! when others may read it.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

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

/// Writes the secret in place of what the file held: after a crash it is the old one or the new one.
pub(super) fn write(path: &Path, secret: &Secret) -> Result<()> {
    let failed = |error| Error::io(format!("could not write {}", path.display()), error);
    let folder = path.parent().unwrap_or(Path::new("."));
    close_to_others(folder).map_err(failed)?;
    // Made with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(secret.expose()).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// Makes the folder, with those above it, or takes from others what they might do in it.
fn close_to_others(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    match fs::metadata(folder)?.mode() & 0o077 {
        0 => Ok(()),
        _ => fs::set_permissions(folder, Permissions::from_mode(0o700)),
    }
}

/// Removes the file; whether there was one.
pub(super) fn remove(path: &Path) -> Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::io(format!("could not remove {}", path.display()), error)),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_account_name_leaves_the_folder_or_meets_another() {
        assert_eq!(file_name("../../etc/passwd"), "%2E.%2F..%2Fetc%2Fpasswd");
        assert_eq!(file_name("me@h/run\0ü"), "me@h%2Frun%00%C3%BC");
        assert_ne!(file_name("a/b"), file_name("a%2Fb"));
        let long = |last: &str| file_name(&format!("{}{last}", "ü".repeat(300)));
        assert!(long("a").len() < 240);
        assert_ne!(long("a"), long("b"));
    }
}
