//! Advice on a run: its store, its journal, the files it needs.

use std::path::PathBuf;

/// Advice on a run: its store, its journal, the files it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Run {
    /// The user stopped the run.
    GoOn,
    /// Another run holds the lock of the journal.
    AwaitOtherRun,
    /// Two accounts are one maildrop.
    SharedMaildrop,
    /// The server has nothing by which new messages can be told from old ones.
    KeepNone,
    /// More deletions are due than are allowed.
    MoreDeletions,
    /// Messages could not be fetched.
    ShowProblems,
    /// There is no folder for journals and secrets, or this user may not write to it.
    StateFolder,

    /// A line of the journal is not valid.
    InvalidRecord,
    /// The file in place of the journal is none.
    NotAJournal,
    /// The journal is of another version of this program.
    OtherVersion,

    /// The destination has put off several messages in a row.
    DeliveryDeferred,
    /// The delivery command took longer than it may.
    DeliveryTimeout,
    /// The shell did not find the delivery command, or not all of what it needs.
    CommandNotFound,
    /// The shell found the delivery command, and could not execute it.
    CommandNotExecutable,
    /// The folder of a store with unfinished deliveries is gone, in a run that delivers.
    MissingStore,
    /// The same for a command that delivers nothing.
    MissingStoreOfAccount,
    /// A folder for a Maildir has other files.
    NotAMaildir,
    /// The path of an mbox is a folder.
    FolderForMbox,
    /// The file for an mbox has other content.
    NotAnMbox,
    /// Another program has an mbox open and locked.
    CloseProgram,
    /// Another program holds, or has left, this dot-lock.
    RemoveDotLock(PathBuf),
    /// Another account of the same run holds the lock of an mbox.
    OneAccountAtATime,

    /// Others may read this file with a secret, and this user can change that.
    CloseFile(PathBuf),
    /// Others may read a file with a secret, and it is on a read-only file system.
    ProvidePrivately {
        /// The file, if it contains a password, which a command may read.
        password_file: Option<PathBuf>,
    },
    /// Others may read a file with a secret, and it belongs to another user.
    AskOwner {
        /// The file.
        path: PathBuf,
        /// The user id of its owner.
        owner: u32,
        /// Whether it contains a password, which a command may read.
        is_password: bool,
    },
    /// The keyring does not answer.
    RestartKeyring,
    /// The keyring is locked, and a secret is wanted from it.
    UnlockKeyring,
    /// The keyring is locked, and a secret is to be removed from it.
    UnlockKeyringToRemove,
    /// The keyring fails in another way.
    WithoutKeyring,
}
