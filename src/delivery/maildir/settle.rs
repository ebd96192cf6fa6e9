//! What became of messages in a Maildir, after an interruption: the files themselves tell.

use super::name::Origin;
use crate::delivery::Settled;
use crate::delivery::files::{host, is_alive, move_to_free_name, sync_folder};
use crate::error::{Error, Result};
use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// So long is the silence of `tmp/` believed. Mail readers clear it after 36 hours.
const BELIEVED: Duration = Duration::from_secs(24 * 3600);
/// After that nobody writes a file any more (the Maildir convention).
const ABANDONED: u64 = 36 * 3600;

/// A message that was about to be delivered here.
#[derive(Debug)]
pub(in crate::delivery) struct Intent<'a> {
    pub(in crate::delivery) name: &'a str,
    pub(in crate::delivery) tmp_inode: u64,
    pub(in crate::delivery) age: Duration,
}

/// Finishes deliveries whose file is still in `tmp/` (it is whole: it was announced only after its
/// flush) and tells delivered ones from lost ones.
///
/// # Errors
/// The Maildir is not there or cannot be read.
pub(in crate::delivery) fn settle(directory: &Path, intents: &[Intent<'_>]) -> Result<Vec<Settled>> {
    let (tmp, new) = (directory.join("tmp"), directory.join("new"));
    let not_there = |source| {
        Error::io(format!("could not look for unfinished deliveries in {}", directory.display()), source)
            .hint("is its disk mounted? until the folder is back nobody can say what was delivered")
    };
    let tmp_inode = fs::metadata(&tmp).map_err(not_there)?.ino();
    fs::metadata(&new).map_err(not_there)?;

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
    let answer = |(intent, known): (&Intent<'_>, Option<Settled>)| match known {
        Some(answer) => answer,
        None if found.contains(intent.name) => Settled::Delivered,
        None => Settled::Again,
    };
    Ok(intents.iter().zip(settled).map(answer).collect())
}

/// Which of `names` stand in `new/` or `cur/`, there with flags behind a colon.
fn find<'a>(directory: &Path, names: &HashSet<&'a str>) -> Result<HashSet<&'a str>> {
    let mut found = HashSet::new();
    // A reader moves from new/ to cur/: looked at in this order, a file that moves meanwhile is seen.
    for part in ["new", "cur"] {
        let folder = directory.join(part);
        let unreadable = |source| Error::io(format!("could not read {}", folder.display()), source);
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let name = entry.map_err(unreadable)?.file_name();
            let Some(name) = name.to_str() else { continue };
            let name = name.split_once(':').map_or(name, |(name, _flags)| name);
            found.extend(names.get(name));
        }
    }
    Ok(found)
}

/// Removes from `tmp/` what earlier runs for the account `tag` left behind: files that carry the
/// tag, come from this machine and from no living process, and are not kept. Says how many.
/// To be called after [`settle`](crate::delivery::settle); `keep` names what is still unsettled.
///
/// # Errors
/// `tmp/` cannot be read, or a file in it not removed.
pub fn clean(directory: &Path, tag: &str, keep: &dyn Fn(&str) -> bool) -> Result<usize> {
    let tmp = directory.join("tmp");
    let unreadable = |source| Error::io(format!("could not read {}", tmp.display()), source);
    let entries = match fs::read_dir(&tmp) {
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(0),
        other => other.map_err(unreadable)?,
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    let mut removed = 0;
    for entry in entries {
        let name = entry.map_err(unreadable)?.file_name();
        let Some(name) = name.to_str() else { continue };
        if !is_leftover(name, tag, now) || keep(name) {
            continue;
        }
        let path = tmp.join(name);
        match fs::remove_file(&path) {
            Ok(()) => removed += 1,
            Err(source) if source.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(Error::io(format!("could not remove {}", path.display()), source)),
        }
    }
    Ok(removed)
}

/// Another machine, or another user with an account of the same name, may share the Maildir: a file
/// that a living process may still be writing is left alone.
fn is_leftover(name: &str, tag: &str, now: u64) -> bool {
    Origin::of(name).is_some_and(|origin| {
        let abandoned = origin.seconds.saturating_add(ABANDONED) < now;
        origin.tag == tag && origin.host == host() && (abandoned || !is_alive(origin.process))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::{Batch, Delivery, Destination, Maildir, Place};
    use Settled::{Again, Delivered};

    const HOUR: Duration = Duration::from_secs(3600);

    /// A Maildir with one message in `tmp/`, as a crash before `publish` leaves it.
    fn interrupted() -> (tempfile::TempDir, String, u64) {
        let home = tempfile::tempdir().unwrap();
        let maildir = Maildir::open(home.path(), "0badcafe").unwrap();
        let mut delivery = maildir.begin().unwrap();
        delivery.write(b"Subject: x\r\n\r\n").unwrap();
        let batch = maildir.prepare(vec![delivery]).unwrap();
        let [Place::Maildir { name, tmp_inode, .. }] = batch.places() else { panic!("one place") };
        let (name, tmp_inode) = (name.clone(), *tmp_inode);
        (home, name, tmp_inode)
    }

    #[test]
    fn a_file_in_tmp_is_delivered_whatever_its_age() {
        for age in [Duration::ZERO, 1000 * HOUR] {
            let (home, name, tmp_inode) = interrupted();
            let intents = [Intent { name: &name, tmp_inode, age }];
            assert_eq!(settle(home.path(), &intents).unwrap(), [Delivered]);
            assert_eq!(fs::read(home.path().join("new").join(&name)).unwrap(), b"Subject: x\n\n");
            assert!(!home.path().join("tmp").join(&name).exists());
            // Asked once more, the answer is the same.
            assert_eq!(settle(home.path(), &intents).unwrap(), [Delivered]);
        }
    }

    #[test]
    fn silence_is_believed_for_a_day() {
        let (home, name, tmp_inode) = interrupted();
        fs::remove_file(home.path().join("tmp").join(&name)).unwrap();
        let ask = |age| settle(home.path(), &[Intent { name: &name, tmp_inode, age }]).unwrap();
        assert_eq!(ask(23 * HOUR), [Delivered]);
        assert_eq!(ask(25 * HOUR), [Again]);
    }

    #[test]
    fn after_a_day_the_message_is_looked_for() {
        for there in ["new/NAME", "cur/NAME", "cur/NAME:2,RS"] {
            let (home, name, tmp_inode) = interrupted();
            let to = home.path().join(there.replace("NAME", &name));
            fs::rename(home.path().join("tmp").join(&name), to).unwrap();
            fs::write(home.path().join("cur").join(format!("{name}x:2,")), "another").unwrap();
            let absent = format!("1{name}");
            let age = 25 * HOUR;
            let intents = [Intent { name: &absent, tmp_inode, age }, Intent { name: &name, tmp_inode, age }];
            assert_eq!(settle(home.path(), &intents).unwrap(), [Again, Delivered], "{there}");
        }
    }

    #[test]
    fn the_silence_of_another_tmp_is_not_believed() {
        let (home, name, tmp_inode) = interrupted();
        let age = HOUR;
        fs::remove_file(home.path().join("tmp").join(&name)).unwrap();
        let ask = |tmp_inode| settle(home.path(), &[Intent { name: &name, tmp_inode, age }]).unwrap();
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
            let error = settle(home.path(), &[Intent { name: &name, tmp_inode, age: HOUR }]).unwrap_err();
            assert!(error.own_hint().unwrap().contains("mounted"), "{missing}");
        }
    }

    #[test]
    fn cleans_the_leftovers_of_the_dead_only() {
        let (home, living, _) = interrupted();
        let tmp = home.path().join("tmp");
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let dead = child.id();
        child.wait().unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let (me, host) = (std::process::id(), host());
        let gone =
            [format!("{now}.M1P{dead}Q1_0badcafe.{host}"), format!("1000000000.M1P{me}Q1_0badcafe.{host}")];
        let kept = format!("{now}.M1P{dead}Q2_0badcafe.{host}");
        let others = [
            format!("{now}.M1P{dead}Q1_0badcafe.x{host}"),
            format!("{now}.M1P{dead}Q1_deadbeef.{host}"),
            "1000000000.12345.host".to_owned(),
        ];
        for name in gone.iter().chain([&kept]).chain(&others) {
            fs::write(tmp.join(name), "").unwrap();
        }
        assert_eq!(clean(home.path(), "0badcafe", &|name| name == kept).unwrap(), 2);
        let mut left: Vec<_> = fs::read_dir(&tmp)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        let mut expected = [others.to_vec(), vec![kept, living]].concat();
        expected.sort();
        assert_eq!(left, expected);
    }

    #[test]
    fn there_is_nothing_to_clean_where_there_is_no_maildir() {
        assert_eq!(clean(Path::new("/nowhere/at/all"), "0badcafe", &|_| false).unwrap(), 0);
    }
}
