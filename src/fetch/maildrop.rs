//! Which journal is a maildrop's. It belongs to the maildrop, `user@host`, and not to the account's name, so
//! that an account that is renamed, or moves from the command line into the configuration, fetches nothing
//! twice, and one that is pointed at another maildrop loses nothing.
//!
//! Place in the flow: [`open`] comes first of all. Usually it has the journal. Where a maildrop's key is new, at
//! all or to the account's name, and there are other files that may be its (the last one of the account's name,
//! those of 0.1), these are locked and settled, and what the server lists decides: [`Takeover`].
//!
//! The file `names` in the state folder remembers which journal each account's name had last.

mod ask;
mod takeover;

use std::fmt;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use self::takeover::Own;
pub use self::takeover::{Origin, Takeover};
use super::journal::{self, Journal, Opened};
use crate::advice::Run;
use crate::error::{Error, Kind, Result};
use crate::sys::private::file_name;

/// How the names of all journals end.
const ENDING: &str = ".journal";

/// Which journal each account's name had last.
const NAMES: &str = "names";

/// The largest file of names that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// The ports of RFC 1939 and RFC 8314: both lead to one maildrop.
const USUAL_PORTS: [u16; 2] = [110, 995];

/// What a maildrop is known by, whatever the account is called.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// What the user calls it (`maildrop = "NAME"`).
    Named(String),
    /// `user@host`, `user@host:port`, and the command of a tunnel.
    Address(String),
}

impl Key {
    /// The key of that user's maildrop at that host (a name, an address, or a socket's path), through that
    /// tunnel. The port counts where it is not one of the usual two.
    pub fn address(user: &str, host: &str, port: Option<u16>, tunnel: Option<&str>) -> Key {
        let is_path = host.starts_with('/');
        let host = match is_path {
            true => host.to_owned(),
            false => host.strip_suffix('.').unwrap_or(host).to_lowercase(),
        };
        let host = if host.contains(':') && !is_path { format!("[{host}]") } else { host };
        let mut key = format!("{user}@{host}");
        if let Some(port) = port.filter(|port| !USUAL_PORTS.contains(port)) {
            key.push_str(&format!(":{port}"));
        }
        if let Some(command) = tunnel {
            key.push_str(&format!(" through {command}"));
        }
        Key::Address(key)
    }

    /// The file that such a maildrop's journal stands in.
    fn file_name(&self) -> String {
        match self {
            Key::Named(name) => file_name(&format!("maildrop:{name}")) + ENDING,
            Key::Address(address) => file_name(address) + ENDING,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Key::Named(text) | Key::Address(text)) = self;
        f.write_str(text)
    }
}

/// Whose journal is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The account's name.
    pub name: String,
    /// The maildrop's key.
    pub key: Key,
    /// What 0.1 called an account of this user and server that has no name of its own.
    pub formerly: String,
}

/// The journal of a maildrop.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one for a run")]
pub enum Claim {
    /// The one that it has, or a new one where there is no other.
    Known(Journal),
    /// The key is new, at all or to the account's name, and other files may be this maildrop's: the server must
    /// be asked.
    Open(Takeover),
}

/// Opens the journal of a maildrop in that state folder at `now` (seconds since 1970). `settle` settles each
/// journal that is opened.
///
/// # Errors
/// As [`Journal::open`], and what `settle` fails with.
pub fn open(
    folder: &Path,
    owner: &Owner,
    now: i64,
    settle: &mut dyn FnMut(Opened) -> Result<Journal>,
) -> Result<Claim> {
    let path = path_of(folder, owner);
    let lock = journal::lock(&path)?;
    let is_there = fs::symlink_metadata(&path).is_ok();
    // Once the name had this journal, all others were compared with it. Before, one being there says nothing: 0.1
    // gave a journal of the key's name to a command without an account, and another one to the account.
    if !is_there || !is_remembered(folder, owner) {
        let mut candidates = Vec::new();
        for Candidate { path, is_of_0_1 } in candidates_of(folder, owner) {
            candidates.push((settle(Journal::open(&path, now)?)?, is_of_0_1));
        }
        if !candidates.is_empty() {
            let own = match is_there {
                true => Own::There(settle(Journal::open_locked(&path, lock, now)?)?),
                false => Own::New(lock),
            };
            return Ok(Claim::Open(Takeover::new(folder, owner, path, own, candidates, now)));
        }
    }
    let journal = settle(Journal::open_locked(&path, lock, now)?)?;
    remember(folder, owner);
    Ok(Claim::Known(journal))
}

/// The file that a maildrop's journal has, or will have once it is opened.
pub fn path_of(folder: &Path, owner: &Owner) -> PathBuf {
    folder.join(owner.key.file_name())
}

/// The file that most likely is the journal of a maildrop, without asking the server: the key's own, else the
/// last one of the account's name, else one of 0.1's. Where there is none it is the one that will be made.
pub fn journal_of(folder: &Path, owner: &Owner) -> PathBuf {
    let path = path_of(folder, owner);
    match path.exists() {
        true => path,
        false => candidates_of(folder, owner).into_iter().next().map_or(path, |candidate| candidate.path),
    }
}

/// Refuses two accounts of one maildrop: each would take what the other one has fetched for its own.
///
/// # Errors
/// [`Kind::Config`], with both names.
pub fn refuse_shared(owners: &[Owner]) -> Result<()> {
    for (at, owner) in owners.iter().enumerate() {
        if let Some(other) = owners[..at].iter().find(|other| other.key == owner.key) {
            let says = format!("could not use the accounts {} and {}", other.name, owner.name);
            return Err(Error::new(Kind::Config, says)
                .because(format!("both are the maildrop {}", owner.key))
                .advise(Run::SharedMaildrop));
        }
    }
    Ok(())
}

/// A file that may be a maildrop's journal.
struct Candidate {
    path: PathBuf,
    /// Whether its name is that of an account of 0.1, and not the key of a maildrop.
    is_of_0_1: bool,
}

/// The files that may be the maildrop's where its key is new, each once.
fn candidates_of(folder: &Path, owner: &Owner) -> Vec<Candidate> {
    let own = owner.key.file_name();
    let last = read_names(folder).into_iter().find(|(name, _)| *name == file_name(&owner.name));
    let last = last.map(|(_, file)| (file, false));
    let former = [&owner.name, &owner.formerly].map(|name| (file_name(name) + ENDING, true));
    let (mut candidates, mut files) = (Vec::new(), Vec::new());
    for (name, is_of_0_1) in last.into_iter().chain(former).filter(|(name, _)| *name != own) {
        let path = folder.join(name);
        // Behind two names there may be one file.
        if let Ok(file) = fs::canonicalize(&path)
            && file.is_file()
            && !files.contains(&file)
        {
            files.push(file);
            candidates.push(Candidate { path, is_of_0_1 });
        }
    }
    candidates
}

/// Which journal each name had last: both as file names.
fn read_names(folder: &Path) -> Vec<(String, String)> {
    let mut text = String::new();
    // Without it less can be recognised, and nothing is wrong: so it is for whoever has just updated.
    let read = File::open(folder.join(NAMES)).and_then(|file| file.take(LARGEST).read_to_string(&mut text));
    if read.is_err() {
        return Vec::new();
    }
    let is_journal = |file: &str| file.ends_with(ENDING) && !file.starts_with('.') && !file.contains('/');
    let names = text.lines().filter_map(|line| line.split_once('\t'));
    let names = names.filter(|(name, file)| !name.is_empty() && is_journal(file));
    names.map(|(name, file)| (name.to_owned(), file.to_owned())).collect()
}

/// Remembers which journal the account's name has now. It is for the day on which a key changes: a failure
/// stops nothing.
fn remember(folder: &Path, owner: &Owner) {
    if !is_remembered(folder, owner) {
        let _ = write_names(folder, &file_name(&owner.name), &owner.key.file_name());
    }
}

fn is_remembered(folder: &Path, owner: &Owner) -> bool {
    read_names(folder).contains(&(file_name(&owner.name), owner.key.file_name()))
}

fn write_names(folder: &Path, name: &str, file: &str) -> std::io::Result<()> {
    // Other accounts are fetched at the same time: what one remembers, another may not overwrite.
    let lock = File::options().create(true).truncate(false).write(true).open(folder.join("names.lock"))?;
    flock(&lock, FlockOperation::LockExclusive)?;
    let mut names = read_names(folder);
    names.retain(|(known, _)| known != name);
    names.push((name.to_owned(), file.to_owned()));
    names.sort();
    let mut new = tempfile::Builder::new().prefix(".names").tempfile_in(folder)?;
    for (name, file) in names {
        writeln!(new, "{name}\t{file}")?;
    }
    new.as_file().sync_all()?;
    new.persist(folder.join(NAMES))?;
    Ok(())
}

#[cfg(test)]
mod tests;
