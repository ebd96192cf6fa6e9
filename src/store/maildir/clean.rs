//! What interrupted runs left in a Maildir's `tmp/`.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::name::Origin;
use crate::error::{Error, Result};
use crate::sys::{host, process};

/// After so many seconds nobody writes a file in `tmp/` any more (the Maildir convention).
const ABANDONED: u64 = 36 * 3600;

/// How much later than its file a process must have started to be another one than its writer: the clock's
/// and the kernel's seconds are rounded.
const LATER: Duration = Duration::from_secs(2);

/// Removes from that `tmp/` what earlier runs for the account `tag` left behind: files that carry the tag and
/// come from this machine and from no living process. Says how many. All intents must be settled: what is
/// whole and announced lies there too.
///
/// # Errors
/// `tmp/` cannot be read, or a file in it not removed.
pub(super) fn clean(tmp: &Path, tag: &str) -> Result<usize> {
    let unreadable = |source| Error::io(format!("could not read {}", tmp.display()), source);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    let mut removed = 0;
    for entry in fs::read_dir(tmp).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        let Some(name) = name.to_str().filter(|name| is_leftover(name, tag, now)) else { continue };
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
    let Some(origin) = Origin::parse(name).filter(|origin| origin.tag == tag && origin.host == host::name())
    else {
        return false;
    };
    let is_abandoned = origin.seconds.saturating_add(ABANDONED) < now;
    is_abandoned || !process::is_alive(origin.process) || is_another_process(&origin)
}

/// Whether the process of that number started after the file was named: a number is used again, in a container
/// by each run.
fn is_another_process(origin: &Origin<'_>) -> bool {
    let named = UNIX_EPOCH.checked_add(Duration::from_secs(origin.seconds));
    let started = process::start_time(origin.process);
    named
        .and_then(|named| named.checked_add(LATER))
        .zip(started)
        .is_some_and(|(named, started)| started > named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::maildir::name;

    #[test]
    fn cleans_the_leftovers_of_the_dead_only() {
        let home = tempfile::tempdir().unwrap();
        let tmp = home.path();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let dead = child.id();
        child.wait().unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let (me, host) = (std::process::id(), host::name());
        let gone = [
            format!("{now}.M1P{dead}Q1_0badcafe.{host}"),
            format!("1000000000.M1P{me}Q1_0badcafe.{host}"),
            // Ten minutes ago, when this process was not there: in a container it has the same number each time.
            format!("{}.M1P{me}Q1_0badcafe.{host}", now - 600),
        ];
        let others = [
            format!("{now}.M1P{dead}Q1_0badcafe.x{host}"),
            format!("{now}.M1P{dead}Q1_deadbeef.{host}"),
            "1000000000.12345.host".to_owned(),
            name::fresh("0badcafe"),
        ];
        for name in gone.iter().chain(&others) {
            fs::write(tmp.join(name), "").unwrap();
        }
        assert_eq!(clean(tmp, "0badcafe").unwrap(), gone.len());
        let mut left: Vec<_> = fs::read_dir(tmp)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        let mut expected = others.to_vec();
        expected.sort();
        assert_eq!(left, expected);
        assert!(clean(Path::new("/nowhere/at/all"), "0badcafe").is_err());
    }
}
