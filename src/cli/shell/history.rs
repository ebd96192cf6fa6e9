//! The lines typed in earlier sessions of the shell: a file beside the journals, for its owner alone, with a bounded
//! number of lines and without secrets. Only a convenience: where it cannot be read or written, nothing is said.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use pop3::sys::durable::create_folder;
use tempfile::NamedTempFile;

use super::line::may_be_kept;

/// The most lines that are kept.
const MOST_LINES: usize = 1000;

/// The most bytes that are read: more than so many lines of commands have.
const MOST_BYTES: u64 = 256 * 1024;

/// The longest line that is kept, in bytes.
const LONGEST_LINE: usize = 1000;

/// The file.
pub(super) struct History {
    path: Option<PathBuf>,
}

impl History {
    /// That of the journals' folder; `None` keeps nothing.
    pub(super) fn in_folder(folder: Option<&Path>) -> History {
        History { path: folder.map(|folder| folder.join("shell-history")) }
    }

    /// The lines of earlier sessions, the oldest first. A file that has grown too long is cut to the newest.
    pub(super) fn load(&self) -> Vec<String> {
        let Some(path) = &self.path else { return Vec::new() };
        let mut lines = read(path).unwrap_or_default();
        if lines.len() > MOST_LINES {
            lines.drain(..lines.len() - MOST_LINES);
            // A longer file is only longer.
            let _ = replace(path, &lines);
        }
        lines
    }

    /// Keeps a line, unless it may contain a secret; returns whether it may be recalled.
    pub(super) fn keep(&self, line: &str) -> bool {
        let line = line.trim();
        if !may_be_kept(line) || line.len() > LONGEST_LINE || line.contains(char::is_control) {
            return false;
        }
        if let Some(path) = &self.path {
            let _ = append(path, line);
        }
        true
    }
}

fn read(path: &Path) -> io::Result<Vec<String>> {
    let mut file = File::open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Ok(Vec::new());
    }
    let is_cut = found.len() > MOST_BYTES;
    if is_cut {
        file.seek(SeekFrom::Start(found.len() - MOST_BYTES))?;
    }
    let mut bytes = Vec::new();
    file.take(MOST_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    // The first line of the rest may be half of one.
    Ok(text.lines().skip(usize::from(is_cut)).filter(|line| may_be_kept(line)).map(str::to_owned).collect())
}

fn append(path: &Path, line: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        create_folder(folder).map_err(io::Error::other)?;
    }
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    file.write_all(format!("{line}\n").as_bytes())
}

fn replace(path: &Path, lines: &[String]) -> io::Result<()> {
    let mut file = NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all((lines.join("\n") + "\n").as_bytes())?;
    file.as_file().set_permissions(fs::Permissions::from_mode(0o600))?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_kept_for_the_next_session_for_the_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let history = History::in_folder(Some(&folder.path().join("new")));
        assert!(history.load().is_empty());
        assert!(history.keep(" dele 3 ") && history.keep("raw XTND"));
        for secret in ["raw PASS hunter2", "hunter2", "pass hunter2", "", "retr 1\u{1b}[2J"] {
            assert!(!history.keep(secret), "{secret:?}");
        }
        assert_eq!(history.load(), ["dele 3", "raw XTND"]);
        let path = folder.path().join("new/shell-history");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        assert!(!fs::read_to_string(path).expect("text").contains("hunter2"));
    }

    #[test]
    fn only_the_newest_lines_are_kept_and_a_huge_file_is_not_read_as_a_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("shell-history");
        let lines: String = (0..50_000).map(|number| format!("retr {number}\n")).collect();
        fs::write(&path, lines).expect("written");
        let history = History::in_folder(Some(folder.path()));
        let loaded = history.load();
        assert_eq!((loaded.len(), loaded.last().map(String::as_str)), (MOST_LINES, Some("retr 49999")));
        assert_eq!(fs::read_to_string(&path).expect("text").lines().count(), MOST_LINES);
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        fs::remove_file(&path).expect("removed");
        fs::create_dir(&path).expect("a folder in its place");
        assert!(history.load().is_empty() && history.keep("stat"));
        assert!(History::in_folder(None).load().is_empty() && History::in_folder(None).keep("stat"));
    }
}
