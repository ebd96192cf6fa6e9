//! Delivery into an mbox (RFC 4155, mboxrd quoting): messages are spooled until they are whole, then
//! appended under the lock. Whatever fails, the file is cut back to the end of the last whole message.

mod batch;
mod checksum;
mod dot_lock;
mod envelope;
mod lock;
mod message;
mod owner;
mod quote;
mod settle;
mod walk;

pub(super) use settle::{InDoubt, settle};

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use self::batch::MboxBatch;
use self::lock::{Claim, Wait};
use super::{Batch, Limits, Store};
use crate::advice::Run;
use crate::error::{Error, Kind, Result};
use crate::sys::Stop;
use crate::sys::durable::{self, create_folder, resolved};

/// For so long other programs may hold the lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// An mbox to append to. Clones share its paths.
#[derive(Debug, Clone)]
pub(super) struct Mbox {
    file: Arc<Path>,
    folder: Arc<Path>,
    lock_timeout: Duration,
    stop: Stop,
}

impl Mbox {
    /// Opens the mbox at `path`; where nothing is, the first delivery creates it, and this its folder.
    ///
    /// # Errors
    /// [`Kind::Create`]: the folder cannot be created, or something stands there that is no mbox.
    pub(super) fn open(path: &Path, stop: &Stop) -> Result<Mbox> {
        // Through symbolic links to the file itself: its locks must be where other programs put them.
        let file = resolved(path)?;
        let folder = file.parent().unwrap_or(Path::new("/")).to_owned();
        create_folder(&folder)?;
        if file.exists() {
            check_is_mbox(&file, stop)?;
        }
        Ok(Mbox { file: file.into(), folder: folder.into(), lock_timeout: LOCK_TIMEOUT, stop: stop.clone() })
    }

    fn wait(&self) -> Wait {
        Wait::new(self.lock_timeout, &self.stop)
    }
}

/// Appending mail to a file of another kind would spoil it.
fn check_is_mbox(path: &Path, stop: &Stop) -> Result<()> {
    let refusal = || Error::new(Kind::Create, format!("could not use {} as an mbox", path.display()));
    let unreadable = |source: io::Error| refusal().because(source);
    let found = fs::metadata(path).map_err(unreadable)?;
    if found.is_dir() {
        return Err(refusal().because("it is a folder").advise(Run::FolderForMbox));
    }
    if !found.is_file() {
        return Err(refusal().because("it is not a regular file"));
    }
    // Closing the file would take the lock away from a thread that is appending to it.
    let _claim = Claim::take(path, &mut Wait::new(LOCK_TIMEOUT, stop))?;
    let mut start = Vec::new();
    File::open(path).and_then(|file| file.take(64).read_to_end(&mut start)).map_err(unreadable)?;
    let text = start.trim_ascii_start();
    if text.starts_with(b"From ") || b"From ".starts_with(text) {
        return Ok(());
    }
    Err(refusal().because("it does not begin with a `From ` line").advise(Run::NotAnMbox))
}

impl Store for Mbox {
    /// What waits is in memory, or in a file that stays open.
    fn limits(&self) -> Limits {
        Limits { octets: 8 << 20, messages: 4000, early_flush: false }
    }

    fn batch(&self) -> Box<dyn Batch> {
        Box::new(MboxBatch::new(self.clone()))
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }

    fn room(&self) -> Option<u64> {
        durable::room(&self.folder)
    }
}

/// Makes what was written to the mbox durable.
fn flush(file: &File, path: &Path) -> Result<()> {
    file.sync_data().map_err(|source| Error::io(format!("could not flush {}", path.display()), source))
}

#[cfg(test)]
mod tests;
