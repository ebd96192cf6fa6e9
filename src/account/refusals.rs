//! Passwords that a server has refused: a run that nobody watches does not offer the same one again and again,
//! since that locks accounts. After three refusals in a row it waits, an hour at first, at most a day.
//!
//! Each user of each server has a small file of its own beside the journals, which any command may need before
//! there is a journal. It does not help anybody to guess the password: it holds 16 bits of a salted hash, enough
//! to notice that the password was changed. All of this is only a precaution: where the file cannot be read or
//! written, sign-in goes on as if nothing were known.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::Account;
use crate::auth::Secret;
use crate::sys::durable::create_folder;
use crate::sys::private::file_name;

/// So many refusals in a row are met without a wait.
const TOLERATED: u32 = 3;

/// The wait after these, in seconds; it doubles with each further refusal.
const FIRST_WAIT: i64 = 60 * 60;

/// The longest wait, and the time between two reports of it, in seconds.
const DAY: i64 = 24 * 60 * 60;

/// The most that is read of a file, in bytes: it holds one line.
const LARGEST: u64 = 256;

/// The first words of the file: what it is, and the version of its form.
const BEGINNING: &str = "pop3-refusals 1";

/// What is known of the passwords that one server has refused to one user.
#[derive(Debug, Clone)]
pub struct Refusals {
    path: PathBuf,
}

/// Why a password should not be offered now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// How often in a row it was refused.
    pub refusals: u32,
    /// When it may be offered again, in seconds since 1970.
    pub until: i64,
    /// Whether a run has reported the wait within the last day.
    pub is_reported: bool,
}

/// The contents of the file. Times are in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Record {
    salt: [u8; 16],
    mark: u16,
    count: u32,
    last: i64,
    reported: i64,
}

impl Refusals {
    /// Those of the account's user at its server; `state` is the folder of the journals.
    pub fn for_account(account: &Account, state: &Path) -> Refusals {
        let whose = format!("{}@{}", account.user, account.server.to_string().to_ascii_lowercase());
        Refusals { path: state.join(format!("{}.refused", file_name(&whose))) }
    }

    /// Whether to wait before this password is offered again.
    pub fn wait(&self, password: &Secret, now: i64) -> Option<Wait> {
        let record = self.read().filter(|record| record.is_of(password))?;
        let until = record.last.saturating_add(wait_after(record.count)?);
        // A clock that was set back must not make the wait longer.
        let is_due = now >= until || now < record.last;
        let is_reported = (0..DAY).contains(&now.saturating_sub(record.reported));
        (!is_due).then_some(Wait { refusals: record.count, until, is_reported })
    }

    /// The server has refused this password now.
    pub fn note_refusal(&self, password: &Secret, now: i64) {
        let record = match self.read().filter(|record| record.is_of(password)) {
            Some(record) => Record { count: record.count.saturating_add(1), last: now, ..record },
            None => {
                let mut salt = [0; 16];
                if getrandom::fill(&mut salt).is_err() {
                    return;
                }
                Record { salt, mark: mark(&salt, password), count: 1, last: now, reported: 0 }
            }
        };
        self.write(&record);
    }

    /// The wait is reported to the user now.
    pub fn note_report(&self, now: i64) {
        if let Some(record) = self.read() {
            self.write(&Record { reported: now, ..record });
        }
    }

    /// The server has taken a password: all refusals are forgotten.
    pub fn forget(&self) {
        let _ = fs::remove_file(&self.path);
    }

    fn read(&self) -> Option<Record> {
        // A pipe in its place would let us wait.
        if !fs::metadata(&self.path).ok()?.is_file() {
            return None;
        }
        let mut text = String::new();
        File::open(&self.path).ok()?.take(LARGEST).read_to_string(&mut text).ok()?;
        Record::parse(&text)
    }

    /// Writes the file anew, whole or not at all.
    fn write(&self, record: &Record) {
        let _ = self.try_write(record);
    }

    fn try_write(&self, record: &Record) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            create_folder(folder).map_err(io::Error::other)?;
        }
        let mut new = self.path.clone().into_os_string();
        new.push(".new");
        // What an interrupted run left.
        let _ = fs::remove_file(&new);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        file.write_all(record.line().as_bytes())?;
        fs::rename(&new, &self.path)
    }
}

impl Record {
    fn is_of(&self, password: &Secret) -> bool {
        self.mark == mark(&self.salt, password)
    }

    fn line(&self) -> String {
        let salt = HEXLOWER.encode(&self.salt);
        format!("{BEGINNING} {salt} {:04x} {} {} {}\n", self.mark, self.count, self.last, self.reported)
    }

    fn parse(text: &str) -> Option<Record> {
        let fields = text.strip_prefix(BEGINNING)?.strip_suffix('\n')?;
        let mut fields = fields.split_ascii_whitespace();
        let salt = HEXLOWER.decode(fields.next()?.as_bytes()).ok()?.try_into().ok()?;
        let record = Record {
            salt,
            mark: u16::from_str_radix(fields.next()?, 16).ok()?,
            count: fields.next()?.parse().ok()?,
            last: fields.next()?.parse().ok()?,
            reported: fields.next()?.parse().ok()?,
        };
        fields.next().is_none().then_some(record)
    }
}

/// The wait after so many refusals in a row, in seconds.
fn wait_after(count: u32) -> Option<i64> {
    let doubled = count.checked_sub(TOLERATED)?;
    Some((FIRST_WAIT << doubled.min(8)).min(DAY))
}

/// 16 bits of a salted hash: a guess fits by chance once in 65,536, so they confirm none.
fn mark(salt: &[u8], password: &Secret) -> u16 {
    let digest = Sha256::new().chain_update(salt).chain_update(password.expose()).finalize();
    u16::from_be_bytes([digest[0], digest[1]])
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const NOW: i64 = 1_800_000_000;
    const HOUR: i64 = 3600;

    /// Calls `test` with a file in a folder that is not there yet.
    fn with_file(test: impl FnOnce(&Refusals)) {
        let home = tempfile::tempdir().expect("a folder");
        test(&Refusals { path: home.path().join("pop3/me@h%3A995.refused") });
    }

    #[test]
    fn waits_from_the_third_refusal_on_for_ever_longer_up_to_a_day() {
        with_file(|refusals| {
            let password = Secret::new("wrong");
            for expected in [None, None, Some(1), Some(2), Some(4), Some(8), Some(16), Some(24), Some(24)] {
                assert_eq!(refusals.wait(&password, NOW), None, "due");
                refusals.note_refusal(&password, NOW - 24 * HOUR);
                let wait = refusals.wait(&password, NOW - 24 * HOUR).map(|wait| wait.until - NOW + 24 * HOUR);
                assert_eq!(wait, expected.map(|hours| hours * HOUR));
            }
            let mode = fs::metadata(&refusals.path).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            assert_eq!(wait_after(u32::MAX), Some(DAY));
        });
    }

    #[test]
    fn another_password_or_a_success_begins_anew() {
        with_file(|refusals| {
            let (wrong, corrected) = (Secret::new("wrong"), Secret::new("corrected"));
            let refuse_often = || (0..5).for_each(|_| refusals.note_refusal(&wrong, NOW));
            refuse_often();
            assert!(refusals.wait(&wrong, NOW + 1).is_some());
            assert_eq!(refusals.wait(&corrected, NOW + 1), None);
            refusals.note_refusal(&corrected, NOW + 1);
            assert_eq!(refusals.wait(&corrected, NOW + 2), None, "its first refusal");
            refuse_often();
            refusals.forget();
            assert_eq!(refusals.wait(&wrong, NOW + 1), None);
        });
    }

    #[test]
    fn a_wait_is_reported_once_a_day() {
        with_file(|refusals| {
            let password = Secret::new("wrong");
            (0..9).for_each(|_| refusals.note_refusal(&password, NOW));
            let is_reported = |now| refusals.wait(&password, now).map(|wait| wait.is_reported);
            assert_eq!(is_reported(NOW + 1), Some(false));
            refusals.note_report(NOW + 1);
            assert_eq!(is_reported(NOW + 2), Some(true));
            refusals.note_refusal(&password, NOW + DAY);
            assert_eq!(is_reported(NOW + DAY), Some(true));
            assert_eq!(is_reported(NOW + DAY + 1), Some(false));
        });
    }

    #[test]
    fn a_clock_that_was_set_back_or_a_damaged_file_never_delays() {
        with_file(|refusals| {
            let password = Secret::new("wrong");
            (0..9).for_each(|_| refusals.note_refusal(&password, NOW));
            assert_eq!(refusals.wait(&password, NOW - 1), None);
            let whole = fs::read_to_string(&refusals.path).expect("there");
            for damaged in
                ["", "x", &whole[..whole.len() - 1], &whole.replace(" 1 ", " 2 "), &"x".repeat(9999)]
            {
                fs::write(&refusals.path, damaged).expect("written");
                assert_eq!(refusals.wait(&password, NOW), None, "{damaged}");
            }
            fs::remove_file(&refusals.path).expect("removed");
            fs::create_dir(&refusals.path).expect("a folder in its place");
            refusals.note_refusal(&password, NOW);
            assert_eq!(refusals.wait(&password, NOW), None);
        });
    }

    #[test]
    fn the_file_holds_16_bits_of_a_salted_hash_and_no_more() {
        with_file(|refusals| {
            let password = Secret::new("wrong");
            refusals.note_refusal(&password, NOW);
            let first = refusals.read().expect("there");
            refusals.forget();
            refusals.note_refusal(&password, NOW);
            let second = refusals.read().expect("there");
            assert_ne!(first.salt, second.salt);
            let text = fs::read_to_string(&refusals.path).expect("there");
            assert_eq!(text.split(' ').nth(3).map(str::len), Some(4));
            assert!(!text.contains("wrong"));
        });
    }
}
