//! What became of messages in a Maildir, after an interruption: the files themselves tell.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::store::Settled;
use crate::store::settle::is_gone;
use crate::sys::durable::{move_to_free_name, sync_folder};

/// For so long a file's absence from `tmp/` says that it was moved. Mail readers clear `tmp/` after 36 hours.
const BELIEVED: Duration = Duration::from_secs(24 * 3600);

/// A message that was about to be delivered here.
#[derive(Debug)]
pub(in crate::store) struct InDoubt<'a> {
    pub(in crate::store) name: &'a str,
    pub(in crate::store) tmp_inode: u64,
    pub(in crate::store) age: Duration,
}

/// Finishes deliveries whose file is still in `tmp/` (it is whole: it was announced only after its
/// flush) and tells delivered ones from lost ones. `None`: the Maildir is not there.
///
/// # Errors
/// The Maildir cannot be read or written.
pub(in crate::store) fn settle(directory: &Path, intents: &[InDoubt<'_>]) -> Result<Option<Vec<Settled>>> {
    let (tmp, new) = (directory.join("tmp"), directory.join("new"));
    let folders = fs::metadata(&tmp).and_then(|tmp| fs::metadata(&new).map(|_| tmp.ino()));
    let tmp_inode = match folders {
        Ok(inode) => inode,
        Err(source) if is_gone(&source) => return Ok(None),
        Err(source) => {
            let context = format!("could not look for unfinished deliveries in {}", directory.display());
            return Err(Error::io(context, source));
        }
    };
    let mut settled = Vec::with_capacity(intents.len());
    let mut doubtful = HashSet::new();
    for intent in intents {
        let (from, to) = (tmp.join(intent.name), new.join(intent.name));
        settled.push(match move_to_free_name(&from, &to) {
            Ok(()) => Some(Settled::Delivered),
            // A file system without a journal may show both after a power cut. Names are unique: it is ours.
            Err(source) if source.kind() == io::ErrorKind::AlreadyExists => Some(Settled::Delivered),
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                let context = format!("could not move {} to {}", from.display(), to.display());
                return Err(Error::io(context, source));
            }
            Err(_) if intent.age < BELIEVED && intent.tmp_inode == tmp_inode => Some(Settled::Delivered),
            Err(_) => {
                doubtful.insert(intent.name);
                None
            }
        });
    }
    let found = if doubtful.is_empty() { HashSet::new() } else { find(directory, &doubtful)? };
    // An earlier run may have moved a file and not lived to flush the folder.
    sync_folder(&new)?;
    let answer = |(intent, known): (&InDoubt<'_>, Option<Settled>)| match known {
        Some(answer) => answer,
        None if found.contains(intent.name) => Settled::Delivered,
        None => Settled::Again,
    };
    Ok(Some(intents.iter().zip(settled).map(answer).collect()))
}

/// Which of `names` stand in `new/` or `cur/`.
fn find<'a>(directory: &Path, names: &HashSet<&'a str>) -> Result<HashSet<&'a str>> {
    let mut found = HashSet::new();
    // A reader moves from new/ to cur/: looked at in this order, a file that moves meanwhile is seen.
    for part in ["new", "cur"] {
        let folder = directory.join(part);
        let unreadable = |source| Error::io(format!("could not read {}", folder.display()), source);
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let name = entry.map_err(unreadable)?.file_name();
            found.extend(name.to_str().and_then(|name| original(name, names)));
        }
    }
    Ok(found)
}

/// The one of `names` that a file bore before readers added to it: flags behind `:2,` (on file systems without
/// colons `;2,` or `!2,`), and before those `,S=…` and `,W=…` (Maildir++, Dovecot) or `,U=…` (mbsync, OfflineIMAP).
fn original<'a>(name: &str, names: &HashSet<&'a str>) -> Option<&'a str> {
    let ends = name.match_indices([',', ':', ';', '!']).map(|(at, _)| at);
    ends.chain([name.len()]).find_map(|end| names.get(&name[..end]).copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{filled, opened};
    use crate::store::{Place, Spec};
    use Settled::{Again, Delivered};

    const HOUR: Duration = Duration::from_secs(3600);

    /// What settling a Maildir that is there says.
    fn settled(directory: &Path, intents: &[InDoubt<'_>]) -> Vec<Settled> {
        settle(directory, intents).unwrap().unwrap()
    }

    /// A Maildir with one message in `tmp/`, as a crash before `publish` leaves it.
    fn interrupted() -> (tempfile::TempDir, String, u64) {
        let home = tempfile::tempdir().unwrap();
        let maildir = opened(&Spec::Maildir(home.path().to_owned()));
        let places = filled(&*maildir, &[b"Subject: x\r\n\r\n"], 5).prepare().unwrap();
        let [Place::Maildir { name, tmp_inode, .. }] = &places[..] else { panic!("one place") };
        (home, name.clone(), *tmp_inode)
    }

    #[test]
    fn a_file_in_tmp_is_delivered_whatever_its_age() {
        for age in [Duration::ZERO, 1000 * HOUR] {
            let (home, name, tmp_inode) = interrupted();
            let intents = [InDoubt { name: &name, tmp_inode, age }];
            assert_eq!(settled(home.path(), &intents), [Delivered]);
            assert_eq!(fs::read(home.path().join("new").join(&name)).unwrap(), b"Subject: x\n\n");
            assert!(!home.path().join("tmp").join(&name).exists());
            // Asked once more, the answer is the same.
            assert_eq!(settled(home.path(), &intents), [Delivered]);
        }
    }

    #[test]
    fn absence_from_tmp_is_believed_for_a_day() {
        let (home, name, tmp_inode) = interrupted();
        fs::remove_file(home.path().join("tmp").join(&name)).unwrap();
        let ask = |age| settled(home.path(), &[InDoubt { name: &name, tmp_inode, age }]);
        assert_eq!(ask(23 * HOUR), [Delivered]);
        assert_eq!(ask(25 * HOUR), [Again]);
    }

    #[test]
    fn after_a_day_the_message_is_looked_for() {
        for there in [
            "new/NAME",
            "cur/NAME",
            "cur/NAME:2,RS",
            "cur/NAME,U=7:2,S",
            "cur/NAME,S=127:2,",
            "cur/NAME,S=127,W=130:2,Sab",
            "new/NAME,S=127",
            "cur/NAME;2,S",
            "cur/NAME!2,S",
            "cur/NAME,U=7;2,",
        ] {
            let (home, name, tmp_inode) = interrupted();
            let to = home.path().join(there.replace("NAME", &name));
            fs::rename(home.path().join("tmp").join(&name), to).unwrap();
            fs::write(home.path().join("cur").join(format!("{name}x:2,")), "another").unwrap();
            let absent = format!("1{name}");
            let age = 25 * HOUR;
            let intents =
                [InDoubt { name: &absent, tmp_inode, age }, InDoubt { name: &name, tmp_inode, age }];
            assert_eq!(settled(home.path(), &intents), [Again, Delivered], "{there}");
        }
    }

    #[test]
    fn absence_from_another_tmp_is_not_believed() {
        let (home, name, tmp_inode) = interrupted();
        let age = HOUR;
        fs::remove_file(home.path().join("tmp").join(&name)).unwrap();
        let ask = |tmp_inode| settled(home.path(), &[InDoubt { name: &name, tmp_inode, age }]);
        assert_eq!(ask(tmp_inode), [Delivered]);
        assert_eq!(ask(tmp_inode + 1), [Again]);
        fs::write(home.path().join("cur").join(format!("{name}:2,S")), "read").unwrap();
        assert_eq!(ask(tmp_inode + 1), [Delivered]);
    }

    #[test]
    fn a_maildir_that_is_not_there_is_no_answer() {
        for missing in ["tmp", "new", ""] {
            let (home, name, tmp_inode) = interrupted();
            fs::remove_dir_all(home.path().join(missing)).unwrap();
            let intents = [InDoubt { name: &name, tmp_inode, age: HOUR }];
            assert_eq!(settle(home.path(), &intents).unwrap(), None, "{missing}");
        }
    }
}
