//! A message kept aside until it is whole: a few kilobytes in memory, more in a file without a
//! name, which vanishes with the process however that ends.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::sys::durable::create_failed;

/// What stays in memory of each message. Batches hold many spools, and their sum must stay small.
pub(super) const IN_MEMORY: usize = 16 * 1024;

/// The spool: append to [`text`](Self::text), then [`spill`](Self::spill).
#[derive(Debug)]
pub(super) struct Spool {
    folder: PathBuf,
    memory: Vec<u8>,
    file: Option<File>,
    written: u64,
}

impl Spool {
    /// An empty spool whose file, should it need one, is made in `folder`.
    pub(super) fn new(folder: PathBuf) -> Self {
        Spool { folder, memory: Vec::new(), file: None, written: 0 }
    }

    /// The newest bytes, to append to.
    pub(super) fn text(&mut self) -> &mut Vec<u8> {
        &mut self.memory
    }

    /// Bytes in all.
    pub(super) fn len(&self) -> u64 {
        self.written + self.memory.len() as u64
    }

    /// Writes the newest bytes to the file when they have become many.
    ///
    /// # Errors
    /// The file cannot be created or written: full disk.
    pub(super) fn spill(&mut self) -> Result<()> {
        if self.memory.len() >= IN_MEMORY {
            self.file = Some(self.write_out()?);
        }
        Ok(())
    }

    /// Writes the newest bytes to the file and takes it out.
    fn write_out(&mut self) -> Result<File> {
        let folder = self.folder.as_path();
        let mut file = match self.file.take() {
            Some(file) => file,
            None => match tempfile::tempfile_in(folder) {
                // A spool folder like /var/mail takes mail, but no other files.
                Err(source) if is_closed(&source) => tempfile::tempfile(),
                other => other,
            }
            .map_err(|source| create_failed(&folder.join("(temporary file)"), source))?,
        };
        file.write_all(&self.memory).map_err(|source| {
            Error::io(format!("could not write to a temporary file in {}", folder.display()), source)
        })?;
        self.written += self.memory.len() as u64;
        self.memory = Vec::new();
        Ok(file)
    }

    /// The whole message as an open file, to be read from its start.
    ///
    /// # Errors
    /// The rest of it cannot be written.
    pub(super) fn into_file(mut self) -> Result<File> {
        let mut file = self.write_out()?;
        file.rewind().map_err(|source| Error::io("could not rewind a temporary file", source))?;
        Ok(file)
    }

    /// Hands the whole message on, piece by piece.
    ///
    /// # Errors
    /// It cannot be read back, or `sink` fails.
    pub(super) fn copy(mut self, mut sink: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        if self.file.is_none() {
            return sink(&self.memory);
        }
        let unreadable = |source| Error::io("could not read a temporary file back", source);
        let last = std::mem::take(&mut self.memory);
        let mut file = self.into_file()?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => return sink(&last),
                Ok(count) => sink(&buffer[..count])?,
                Err(source) if source.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(unreadable(source)),
            }
        }
    }
}

fn is_closed(source: &io::Error) -> bool {
    matches!(source.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(folder: PathBuf, bytes: &[u8]) -> Spool {
        let mut spool = Spool::new(folder);
        for chunk in bytes.chunks(1000) {
            spool.text().extend_from_slice(chunk);
            spool.spill().unwrap();
        }
        spool
    }

    #[test]
    fn gives_back_what_it_took_from_memory_and_from_disk() {
        let folder = tempfile::tempdir().unwrap();
        for size in [0, 1, IN_MEMORY - 1, IN_MEMORY, 5 * IN_MEMORY + 7] {
            let bytes: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            let spool = filled(folder.path().into(), &bytes);
            assert_eq!(spool.len(), size as u64);
            assert!(spool.memory.len() < IN_MEMORY);
            let mut copy = Vec::new();
            let collect = |piece: &[u8]| {
                copy.extend_from_slice(piece);
                Ok(())
            };
            spool.copy(collect).unwrap();
            assert_eq!(copy, bytes, "{size}");
            let mut read = Vec::new();
            filled(folder.path().into(), &bytes).into_file().unwrap().read_to_end(&mut read).unwrap();
            assert_eq!(read, bytes, "{size}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no name in the folder");
    }

    #[test]
    fn small_messages_touch_no_disk() {
        let spool = filled("/nowhere/at/all".into(), &[b'x'; IN_MEMORY - 1]);
        assert!(spool.copy(|_| Ok(())).is_ok());
    }

    #[test]
    fn a_folder_that_is_missing_is_named() {
        let mut spool = Spool::new("/nowhere/at/all".into());
        spool.text().resize(IN_MEMORY, 0);
        let error = spool.spill().unwrap_err();
        assert_eq!(error.to_string(), "could not create /nowhere/at/all/(temporary file)");
    }
}
