//! Putting other lines in the place of all that a journal's file has: compaction. Whatever interrupts it, the
//! file holds the old lines or the new ones. It is housekeeping: where it fails, the old file goes on.
//!
//! A symbolic link stays one: the file that it points to is replaced, by one made beside it. A file that
//! cannot be replaced (bind-mounted: EBUSY) stays as it is.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::log::{BUFFER, HEADER, Log, Version, failed};
use crate::error::Result;
use crate::sys::durable::sync_folder;

impl Log {
    /// Puts other lines in the place of all there are, at once and durably. `write` calls what it is given
    /// once for a line.
    ///
    /// # Errors
    /// The old file, and this log with it, is as it was.
    pub(super) fn replace(&mut self, write: impl FnOnce(&mut dyn FnMut(&[u8]))) -> Result<()> {
        let real = fs::canonicalize(&self.path).map_err(|source| failed("replace", &self.path, source))?;
        let new = temporary_path(&real);
        let replaced = write_new(&new, write)
            .map_err(|source| failed("write", &new, source))
            .and_then(|written| {
                fs::rename(&new, &real).map_err(|source| failed("replace", &real, source))?;
                Ok(written)
            })
            // What is left of it would only be overwritten next time; on a full disk its space matters.
            .inspect_err(|_| drop(fs::remove_file(&new)))?;
        let (file, length, lines) = replaced;
        (self.file, self.length, self.lines) = (file, length, lines);
        (self.version, self.is_dirty) = (Version::Two, false);
        // Until its name is on the disk a power cut brings the old file back, and takes what is written now:
        // where this fails, the next flush must do it.
        self.is_name_dirty = sync_folder_of(&real).is_err();
        Ok(())
    }

    /// Gives the file another name in the same folder, durably.
    ///
    /// # Errors
    /// It has its old name still.
    pub(super) fn rename(&mut self, path: &Path) -> Result<()> {
        fs::rename(&self.path, path).map_err(|source| failed("rename", &self.path, source))?;
        self.path = path.to_owned();
        self.is_name_dirty = sync_folder_of(path).is_err();
        Ok(())
    }
}

fn temporary_path(real: &Path) -> PathBuf {
    let mut new = real.as_os_str().to_owned();
    new.push(".new");
    PathBuf::from(new)
}

fn write_new(path: &Path, write: impl FnOnce(&mut dyn FnMut(&[u8]))) -> io::Result<(File, u64, u64)> {
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(true).mode(0o600).open(path)?;
    let mut writer = BufWriter::with_capacity(BUFFER, &file);
    let (mut result, mut length, mut lines) = (writer.write_all(HEADER), HEADER.len() as u64, 0);
    write(&mut |line| {
        if result.is_ok() {
            result = writer.write_all(line);
            length += line.len() as u64;
            lines += 1;
        }
    });
    result?;
    writer.flush()?;
    drop(writer);
    file.sync_all()?;
    Ok((file, length, lines))
}

/// Makes a file's name durable: flushes the folder that it stands in.
///
/// # Errors
/// As [`sync_folder`].
pub(super) fn sync_folder_of(path: &Path) -> Result<()> {
    sync_folder(path.parent().unwrap_or(Path::new("")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &Path) -> (Log, Vec<String>) {
        let mut lines = Vec::new();
        let log = Log::open(path, |_, line| {
            lines.push(String::from_utf8_lossy(line).into_owned());
            Ok(())
        });
        (log.expect("a journal"), lines)
    }

    #[test]
    fn replacing_is_all_or_nothing() {
        let top = tempfile::tempdir().expect("a folder");
        let path = top.path().join("a.journal");
        let (mut log, _) = open(&path);
        log.append(b"one\ntwo\n", 2).expect("room");
        let in_the_way = top.path().join("a.journal.new");
        fs::create_dir(&in_the_way).expect("made");
        assert!(log.replace(|line| line(b"three\n")).is_err());
        assert_eq!(open(&path).1, ["one", "two"]);
        log.append(b"and\n", 1).expect("the old file goes on");
        fs::remove_dir(&in_the_way).expect("removed");
        log.replace(|line| line(b"three\n")).expect("replaced");
        log.append(b"four\n", 1).expect("behind it");
        assert_eq!(open(&path).1, ["three", "four"]);
        assert!(!in_the_way.exists());
    }

    #[test]
    fn a_symbolic_link_stays_one_and_what_it_points_to_is_replaced() {
        let top = tempfile::tempdir().expect("a folder");
        let (link, real) = (top.path().join("a.journal"), top.path().join("disk/real"));
        fs::create_dir(top.path().join("disk")).expect("made");
        std::os::unix::fs::symlink("disk/real", &link).expect("linked");
        let (mut log, _) = open(&link);
        log.append(b"one\n", 1).expect("room");
        log.replace(|line| line(b"two\n")).expect("replaced");
        log.append(b"three\n", 1).expect("room");
        assert!(link.is_symlink());
        assert_eq!(fs::read(&real).expect("readable"), [HEADER, b"two\nthree\n"].concat());
        assert_eq!(fs::read_dir(top.path()).expect("readable").count(), 2, "nothing beside the link");
    }

    #[test]
    fn a_folder_that_cannot_be_flushed_is_no_trouble_and_a_broken_disk_is() {
        assert!(sync_folder_of(Path::new("/proc/self/status")).is_ok(), "/proc cannot be flushed");
        assert!(sync_folder_of(Path::new("/nonexistent/file")).is_err());
    }
}
