//! The journal's file: lines are appended, replayed, and at times replaced by fewer ([`replace`]).
//! It knows what a line is, but of what stands in one only the first, which names the version of those that
//! follow. A file of version 1 goes on as one of version 2 behind a second such line.
//!
//! What is written is at the known end of the file, never behind a half-written line: a failed write is cut
//! off again, and after a failed flush nothing more is written, because nobody can say what the disk holds.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use memchr::memchr;

use super::replace;
use crate::advice::Run;
use crate::error::{Error, Kind, Result};

/// The first line of what is written now.
pub(super) const HEADER: &[u8] = b"pop3-journal 2\n";

/// The first line of what 0.1 wrote.
const HEADER_1: &[u8] = b"pop3-journal 1\n";

/// The first line of any version.
const HEADER_OF_ANY: &[u8] = b"pop3-journal ";

/// How much is read at once.
pub(super) const BUFFER: usize = 256 * 1024;

/// No line is this long, its end included: a unique-id and a place are a few hundred octets.
pub(super) const MAX_LINE: usize = BUFFER;

/// In which version a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// That of 0.1.
    One,
    Two,
}

/// A journal's file, open to append.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) file: File,
    pub(super) path: PathBuf,
    /// Where the last whole line ends.
    pub(super) length: u64,
    /// Lines behind the first.
    pub(super) lines: u64,
    /// The version of the last line.
    pub(super) version: Version,
    /// Whether something may not be on the disk yet.
    pub(super) is_dirty: bool,
    /// Whether the file's name may not be on the disk yet.
    pub(super) is_name_dirty: bool,
    /// Whether a failure left the file in a state that nobody knows.
    is_broken: bool,
}

impl Log {
    /// Opens the file, makes it where there is none, and hands each line to `each`. A torn last line is cut off.
    pub(super) fn open(
        path: &Path,
        each: impl FnMut(Version, &[u8]) -> Result<(), &'static str>,
    ) -> Result<Log> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(path).map_err(|source| failed("open", path, source))?;
        let Replayed { length, lines, version } = replay(&file, path, each)?;
        let mut log = Log {
            file,
            path: path.to_owned(),
            length,
            lines,
            version,
            // What an earlier run wrote may be in memory only: the next flush is for it too.
            is_dirty: true,
            is_name_dirty: length == 0,
            is_broken: false,
        };
        log.file.set_len(length).map_err(|source| failed("mend", path, source))?;
        if length == 0 {
            log.write(HEADER)?;
            log.version = Version::Two;
            log.sync()?;
        }
        Ok(log)
    }

    /// Hands each line of the file to `each`, changing nothing; `false` when there is no file.
    pub(super) fn peek(
        path: &Path,
        each: impl FnMut(Version, &[u8]) -> Result<(), &'static str>,
    ) -> Result<bool> {
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

    /// Appends whole lines of version 2; on failure none of them stays. They outlive the process at once, and
    /// a power cut after the next [`Log::sync`].
    pub(super) fn append(&mut self, text: &[u8], lines: u64) -> Result<()> {
        match self.version {
            Version::Two => self.write(text)?,
            // In one write: a kill in between leaves a line of version 1 as the last one, or this one.
            Version::One => {
                self.write(&[HEADER, text].concat())?;
                (self.version, self.lines) = (Version::Two, self.lines + 1);
            }
        }
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
        if self.is_name_dirty {
            replace::sync_folder_of(&self.path)?;
            self.is_name_dirty = false;
        }
        Ok(())
    }
}

/// What a file holds.
struct Replayed {
    /// Where its last whole line ends.
    length: u64,
    lines: u64,
    version: Version,
}

/// Hands each whole line behind the first to `each`.
fn replay(
    mut file: &File,
    path: &Path,
    mut each: impl FnMut(Version, &[u8]) -> Result<(), &'static str>,
) -> Result<Replayed> {
    let mut buffer = vec![0; BUFFER];
    let (mut filled, mut length, mut number) = (0, 0, 0u64);
    let mut version = Version::Two;
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
            let result = if number == 1 {
                header(line).map(|named| version = named)
            } else if version == Version::One && HEADER.strip_suffix(b"\n") == Some(line) {
                version = Version::Two;
                Ok(())
            } else {
                each(version, line)
            };
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
    let is_ours =
        torn.iter().all(|byte| *byte == 0) || HEADER.starts_with(torn) || HEADER_1.starts_with(torn);
    if number == 0 && !is_ours {
        return Err(bad_line(path, 1, NO_JOURNAL));
    }
    Ok(Replayed { length, lines: number.saturating_sub(1), version })
}

const NO_JOURNAL: &str = "the file is not a journal of pop3";

fn header(line: &[u8]) -> Result<Version, &'static str> {
    if HEADER.strip_suffix(b"\n") == Some(line) {
        Ok(Version::Two)
    } else if HEADER_1.strip_suffix(b"\n") == Some(line) {
        Ok(Version::One)
    } else if line.starts_with(HEADER_OF_ANY) {
        Err(OTHER_VERSION)
    } else {
        Err(NO_JOURNAL)
    }
}

const OTHER_VERSION: &str = "another version of pop3 wrote it";

fn bad_line(path: &Path, number: u64, cause: &'static str) -> Error {
    let advice = match cause {
        NO_JOURNAL => Run::NotAJournal,
        OTHER_VERSION => Run::OtherVersion,
        _ => Run::InvalidRecord,
    };
    Error::new(Kind::Data, format!("could not read line {number} of {}", path.display()))
        .because(cause)
        .advise(advice)
}

pub(super) fn failed(verb: &str, path: &Path, source: io::Error) -> Error {
    Error::io(format!("could not {verb} {}", path.display()), source)
}

/// Makes the folder of that file, and those above it, for its owner alone and durably.
pub(super) fn make_folder(path: &Path) -> Result<()> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    let missing: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
    for folder in missing.into_iter().rev() {
        match DirBuilder::new().mode(0o700).create(folder) {
            Ok(()) => replace::sync_folder_of(folder)?,
            // Another run made it in the meantime.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(failed("create", folder, source)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn open(path: &Path) -> Result<(Log, Vec<String>)> {
        let mut lines = Vec::new();
        let log = Log::open(path, |version, line| {
            let mark = if version == Version::One { "1:" } else { "" };
            lines.push(format!("{mark}{}", String::from_utf8_lossy(line)));
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
        for torn in [&b""[..], b"pop3", b"pop3-journal 1", b"pop3-journal 2", b"\0\0\0"] {
            std::fs::write(&path, torn).expect("written");
            open(&path).expect("mended");
            assert_eq!(std::fs::read(&path).expect("readable"), HEADER);
        }
        for foreign in [&b"pop3-journal 3\n"[..], b"set daemon", b"uid1\nuid2\n", b"pop3-journal 11"] {
            std::fs::write(&path, foreign).expect("written");
            let error = open(&path).expect_err("not ours");
            assert_eq!(error.kind(), Kind::Data);
            assert_eq!(std::fs::read(&path).expect("readable"), foreign);
        }
    }

    #[test]
    fn a_file_of_version_1_goes_on_as_one_of_version_2() {
        let top = tempfile::tempdir().expect("a folder");
        let path = top.path().join("a.journal");
        std::fs::write(&path, "pop3-journal 1\none\ntorn").expect("written");
        drop(open(&path).expect("of 0.1"));
        assert_eq!(
            std::fs::read(&path).expect("readable"),
            b"pop3-journal 1\none\n",
            "opening changes little"
        );
        let (mut log, _) = open(&path).expect("of 0.1");
        log.append(b"two\n", 1).expect("room");
        log.append(b"three\n", 1).expect("room");
        assert_eq!(log.lines(), 4);
        let (log, lines) = open(&path).expect("of both");
        assert_eq!((lines, log.lines()), (vec!["1:one".to_owned(), "two".to_owned(), "three".to_owned()], 4));
        std::fs::write(&path, "pop3-journal 2\nbad").expect("written");
        assert!(open(&path).is_ok(), "torn");
    }

    #[test]
    fn a_bad_line_has_its_number_and_an_endless_one_an_end() {
        let top = tempfile::tempdir().expect("a folder");
        let path = top.path().join("a.journal");
        std::fs::write(&path, "pop3-journal 1\ngood\nbad\n").expect("written");
        let error = open(&path).expect_err("a bad line");
        assert_eq!(error.to_string(), format!("could not read line 3 of {}", path.display()));
        assert_eq!(error.advice(), Some(&Run::InvalidRecord.into()));
        for (text, advice) in [
            ("Subject: a letter\n", Run::NotAJournal),
            ("a letter", Run::NotAJournal),
            ("pop3-journal 9\n", Run::OtherVersion),
        ] {
            std::fs::write(&path, text).expect("written");
            assert_eq!(open(&path).expect_err(text).advice(), Some(&advice.into()), "{text}");
        }
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
}
