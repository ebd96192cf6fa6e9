//! The journal's file: lines are appended, replayed, and at times replaced by fewer. It knows what a line is,
//! but of what stands in one only the first: `pop3-journal 1`.
//!
//! What is written is at the known end of the file, never behind a half-written line: a failed write is cut
//! off again, and after a failed flush nothing more is written, because nobody can say what the disk holds.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use memchr::memchr;

use crate::error::{Error, Kind, Result};

/// The first line, with the version of the format.
const HEADER: &[u8] = b"pop3-journal 1\n";

/// The first line of any version.
const HEADER_OF_ANY: &[u8] = b"pop3-journal ";

/// How much is read at once.
const BUFFER: usize = 256 * 1024;

/// No line is this long, its end included: a unique-id and a place are a few hundred octets.
pub(super) const MAX_LINE: usize = BUFFER;

/// A journal's file, open to append.
#[derive(Debug)]
pub(super) struct Log {
    file: File,
    path: PathBuf,
    /// Where the last whole line ends.
    length: u64,
    /// Lines behind the first.
    lines: u64,
    /// Whether something may not be on the disk yet.
    is_dirty: bool,
    /// Whether a failure left the file in a state that nobody knows.
    is_broken: bool,
}

impl Log {
    /// Opens the file, makes it where there is none, and hands each line to `each`. A torn last line is cut off.
    pub(super) fn open(path: &Path, each: impl FnMut(&[u8]) -> Result<(), &'static str>) -> Result<Log> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(path).map_err(|source| failed("open", path, source))?;
        let (length, lines) = replay(&file, path, each)?;
        // What an earlier run wrote may be in memory only: the next flush is for it too.
        let mut log = Log { file, path: path.to_owned(), length, lines, is_dirty: true, is_broken: false };
        log.file.set_len(length).map_err(|source| failed("mend", path, source))?;
        if length == 0 {
            log.write(HEADER)?;
            log.sync()?;
            sync_folder(path)?;
        }
        Ok(log)
    }

    /// Hands each line of the file to `each`, changing nothing; `false` when there is no file.
    pub(super) fn peek(path: &Path, each: impl FnMut(&[u8]) -> Result<(), &'static str>) -> Result<bool> {
        match File::open(path) {
            Ok(file) => replay(&file, path, each).map(|_| true),
            Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(failed("open", path, source)),
        }
    }

    /// How many lines there are, without the first.
    pub(super) fn lines(&self) -> u64 {
        self.lines
    }

    /// Appends whole lines; on failure none of them stays. They outlive the process at once, and a power cut
    /// after the next [`Log::sync`].
    pub(super) fn append(&mut self, text: &[u8], lines: u64) -> Result<()> {
        self.write(text)?;
        self.lines += lines;
        Ok(())
    }

    fn write(&mut self, text: &[u8]) -> Result<()> {
        if self.is_broken {
            return Err(Error::new(Kind::Io, format!("could not write to {}", self.path.display()))
                .because("an earlier write failed and could not be undone"));
        }
        if let Err(source) = self.file.write_all_at(text, self.length) {
            self.is_broken = self.file.set_len(self.length).is_err();
            return Err(failed("write to", &self.path, source));
        }
        self.length += text.len() as u64;
        self.is_dirty = true;
        Ok(())
    }

    /// Makes all that was written durable.
    pub(super) fn sync(&mut self) -> Result<()> {
        if self.is_dirty {
            self.file.sync_data().map_err(|source| {
                self.is_broken = true;
                failed("flush", &self.path, source)
            })?;
            self.is_dirty = false;
        }
        Ok(())
    }

    /// Puts other lines in the place of all there are, at once and durably: whatever interrupts it, the file
    /// holds the old lines or the new ones. `write` calls what it is given once for a line.
    pub(super) fn replace(&mut self, write: impl FnOnce(&mut dyn FnMut(&[u8]))) -> Result<()> {
        let mut new = self.path.as_os_str().to_owned();
        new.push(".new");
        let new = PathBuf::from(new);
        let (file, length, lines) = write_new(&new, write).map_err(|source| {
            // What is left of it would only be overwritten next time; on a full disk its room matters.
            let _ = std::fs::remove_file(&new);
            failed("write", &new, source)
        })?;
        std::fs::rename(&new, &self.path).map_err(|source| failed("replace", &self.path, source))?;
        (self.file, self.length, self.lines, self.is_dirty) = (file, length, lines, false);
        sync_folder(&self.path).inspect_err(|_| self.is_broken = true)
    }
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

/// Hands each whole line behind the first to `each`: where the last one ends, and how many there were.
fn replay(
    mut file: &File,
    path: &Path,
    mut each: impl FnMut(&[u8]) -> Result<(), &'static str>,
) -> Result<(u64, u64)> {
    let mut buffer = vec![0; BUFFER];
    let (mut filled, mut length, mut number) = (0, 0, 0);
    loop {
        let read = match file.read(&mut buffer[filled..]) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(source) => return Err(failed("read", path, source)),
        };
        if read == 0 {
            break;
        }
        filled += read;
        let mut start = 0;
        while let Some(end) = memchr(b'\n', &buffer[start..filled]) {
            let line = &buffer[start..start + end];
            number += 1;
            let result = if number == 1 { header(line) } else { each(line) };
            result.map_err(|cause| bad_line(path, number, cause))?;
            start += end + 1;
        }
        length += start as u64;
        buffer.copy_within(start..filled, 0);
        filled -= start;
        if filled == buffer.len() {
            return Err(bad_line(path, number + 1, "it does not end"));
        }
    }
    // Without a first line only what a crash leaves of one may be overwritten: anything else is no journal of ours.
    let torn = &buffer[..filled];
    let is_ours = torn.iter().all(|byte| *byte == 0) || HEADER.starts_with(torn);
    if number == 0 && !is_ours {
        return Err(bad_line(path, 1, NO_JOURNAL));
    }
    Ok((length, u64::saturating_sub(number, 1)))
}

const NO_JOURNAL: &str = "the file is not a journal of pop3";

fn header(line: &[u8]) -> Result<(), &'static str> {
    if HEADER.strip_suffix(b"\n") == Some(line) {
        Ok(())
    } else if line.starts_with(HEADER_OF_ANY) {
        Err("another version of pop3 wrote it")
    } else {
        Err(NO_JOURNAL)
    }
}

fn bad_line(path: &Path, number: u64, cause: &'static str) -> Error {
    Error::new(Kind::Data, format!("could not read line {number} of {}", path.display())).because(cause).hint(
        "remove that line to go on without it, or move the file away to start anew: \
         what is still on the server is then fetched again",
    )
}

fn failed(verb: &str, path: &Path, source: io::Error) -> Error {
    Error::io(format!("could not {verb} {}", path.display()), source)
}

/// Makes the folder of that file, and those above it, for its owner alone and durably.
pub(super) fn make_folder(path: &Path) -> Result<()> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    let missing: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
    for folder in missing.into_iter().rev() {
        match DirBuilder::new().mode(0o700).create(folder) {
            Ok(()) => sync_folder(folder)?,
            // Another run made it in the meantime.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(failed("create", folder, source)),
        }
    }
    Ok(())
}

/// Makes a file's name durable.
fn sync_folder(path: &Path) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder).and_then(|file| file.sync_all()).map_err(|source| failed("flush", folder, source))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn open(path: &Path) -> Result<(Log, Vec<String>)> {
        let mut lines = Vec::new();
        let log = Log::open(path, |line| {
            lines.push(String::from_utf8_lossy(line).into_owned());
            if line == b"bad" { Err("it is bad") } else { Ok(()) }
        })?;
        Ok((log, lines))
    }

    #[test]
    fn makes_folders_and_files_for_their_owner_alone() {
        let top = tempfile::tempdir().expect("a folder");
        let path = top.path().join("state/pop3/a.journal");
        make_folder(&path).expect("made");
        make_folder(&path).expect("there already");
        open(&path).expect("made");
        let mode = |path: &Path| path.metadata().expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&top.path().join("state"))), (0o600, 0o700));
        assert_eq!(std::fs::read(&path).expect("readable"), HEADER);
        let below_a_file = path.join("b.journal");
        let error = make_folder(&below_a_file.join("c")).expect_err("a file is in the way");
        assert!(error.to_string().starts_with("could not create "), "{error}");
    }

    #[test]
    fn a_torn_first_line_is_written_again_but_foreign_files_are_left_alone() {
        let top = tempfile::tempdir().expect("a folder");
        let path = top.path().join("a.journal");
        for torn in [&b""[..], b"pop3", b"pop3-journal 1", b"\0\0\0"] {
            std::fs::write(&path, torn).expect("written");
            open(&path).expect("mended");
            assert_eq!(std::fs::read(&path).expect("readable"), HEADER);
        }
        for foreign in [&b"pop3-journal 2\n"[..], b"set daemon", b"uid1\nuid2\n", b"pop3-journal 11"] {
            std::fs::write(&path, foreign).expect("written");
            let error = open(&path).expect_err("not ours");
            assert_eq!(error.kind(), Kind::Data);
            assert_eq!(std::fs::read(&path).expect("readable"), foreign);
        }
    }

    #[test]
    fn a_bad_line_has_its_number_and_an_endless_one_an_end() {
        let top = tempfile::tempdir().expect("a folder");
        let path = top.path().join("a.journal");
        std::fs::write(&path, "pop3-journal 1\ngood\nbad\n").expect("written");
        let error = open(&path).expect_err("a bad line");
        assert_eq!(error.to_string(), format!("could not read line 3 of {}", path.display()));
        std::fs::write(&path, [HEADER, &vec![b'x'; 3 * BUFFER]].concat()).expect("written");
        assert!(open(&path).expect_err("endless").to_string().starts_with("could not read line 2 of "));
    }

    #[test]
    fn a_write_that_fails_leaves_nothing_behind() {
        let top = tempfile::tempdir().expect("a folder");
        let path = top.path().join("a.journal");
        let (mut log, _) = open(&path).expect("made");
        log.append(b"one\n", 1).expect("room");
        log.file = File::open(&path).expect("read only, so that nothing can be written or cut");
        assert!(log.append(b"two\n", 1).is_err());
        let error = log.append(b"three\n", 1).expect_err("broken for good");
        assert_eq!(error.to_string(), format!("could not write to {}", path.display()));
        assert_eq!(open(&path).expect("whole").1, ["one"]);
        let mut full = Log { path: "/dev/full".into(), ..open(&path).expect("whole").0 };
        full.file = OpenOptions::new().write(true).open("/dev/full").expect("Linux has one");
        let error = full.append(b"two\n", 1).expect_err("no room");
        assert_eq!((error.kind(), full.lines(), full.length), (Kind::DiskFull, 1, HEADER.len() as u64 + 4));
    }

    #[test]
    fn replacing_is_all_or_nothing() {
        let top = tempfile::tempdir().expect("a folder");
        let path = top.path().join("a.journal");
        let (mut log, _) = open(&path).expect("made");
        log.append(b"one\ntwo\n", 2).expect("room");
        let in_the_way = top.path().join("a.journal.new");
        std::fs::create_dir(&in_the_way).expect("made");
        assert!(log.replace(|line| line(b"three\n")).is_err());
        assert_eq!(open(&path).expect("the old lines").1, ["one", "two"]);
        std::fs::remove_dir(&in_the_way).expect("removed");
        log.replace(|line| line(b"three\n")).expect("replaced");
        log.append(b"four\n", 1).expect("behind it");
        assert_eq!(open(&path).expect("the new lines").1, ["three", "four"]);
        assert!(!in_the_way.exists());
    }
}
