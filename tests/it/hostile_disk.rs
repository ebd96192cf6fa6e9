//! Disks that are full, folders one may not write: a clear end, nothing lost, nothing twice, and nothing half.

use crate::support::pop3::NOBODY;
use crate::support::stage::{STORES, Stage, Store, letters, padded};
use crate::support::{is_root, tool};
use pop3::server::{Behaviour, Message};
use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A disk of a few hundred KiB, mounted on a folder; and something on it that leaves only so much room.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn on(folder: PathBuf, size: &str) -> SmallDisk {
        assert!(is_root(), "these tests mount a small disk: tests/run skips them for others than root");
        fs::create_dir_all(&folder).unwrap();
        tool(
            Command::new("mount")
                .args(["-t", "tmpfs", "-o", &format!("size={size},mode=755"), "tmpfs"])
                .arg(&folder),
        );
        SmallDisk(folder)
    }

    fn make_it(&self, options: &str) {
        tool(Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.0));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// 20 messages of 20 KB.
fn heavy() -> Vec<Message> {
    (1..=20).map(|number| padded(number, 20_000)).collect()
}

/// A stage whose destination stands on a disk of that size.
fn on_a_disk(store: Store, size: &str, messages: Vec<Message>) -> (Stage, SmallDisk) {
    let stage = Stage::new(store, messages, Behaviour::default());
    let disk = SmallDisk::on(stage.home.join("disk"), size);
    std::os::unix::fs::symlink("disk/in", stage.home.join("in")).unwrap();
    if store == Store::Maildir {
        ["cur", "new", "tmp"]
            .iter()
            .for_each(|part| fs::create_dir_all(disk.0.join("in").join(part)).unwrap());
    }
    (stage, disk)
}

#[test]
fn a_disk_that_fills_in_delivery_is_74_and_the_rest_comes_later() {
    for store in STORES {
        for keep in ["all", "none"] {
            let (stage, disk) = on_a_disk(store, "200k", heavy());
            for _ in 0..2 {
                stage.fetch(&["--keep", keep]).exits(74);
                assert!(
                    stage
                        .read()
                        .iter()
                        .all(|message| heavy().iter().any(|one| message.len() as u64 <= one.octets()))
                );
                // Nothing is deleted that does not stand there.
                let there = stage.read().len();
                assert!(there + stage.server.maildrop().len() >= 20, "{there} there");
            }
            disk.make_it("size=2m");
            stage.ends_well(&heavy());
        }
    }
}

/// Gmail does so once a session has ended well. What came and found no room would be lost.
#[test]
fn a_server_that_takes_away_what_was_retrieved_still_has_what_a_full_disk_refused() {
    for store in STORES {
        let (stage, disk) = on_a_disk(store, "200k", heavy());
        stage.server.set_behaviour(Behaviour { pops: true, ..Behaviour::default() });
        stage.fetch(&[]).exits(74);
        let there = stage.read().len();
        assert!(there + stage.server.maildrop().len() >= 20, "{there} there: {:?}", stage.said());
        disk.make_it("size=2m");
        stage.fetch(&[]).exits(0);
        stage.ends_well(&heavy());
    }
}

#[test]
fn a_message_larger_than_the_disk_is_74_until_there_is_room() {
    for store in STORES {
        let all = [padded(1, 0), padded(2, 900_000), padded(3, 0)];
        let (stage, disk) = on_a_disk(store, "300k", all.to_vec());
        stage.fetch(&["--keep", "none"]).exits(74).says("no space left");
        disk.make_it("size=4m");
        stage.ends_well(&all);
    }
}

#[test]
fn a_disk_that_fills_under_the_journal_is_74_and_nothing_comes_twice() {
    let every = |stage: &Stage, disk: &SmallDisk, keep: &str| {
        let run = || {
            let state = disk.0.to_str().unwrap().to_owned();
            stage.fetching(&["--keep", keep]).env("XDG_STATE_HOME", &state).run()
        };
        // Room for so few records as to fail at the lock, the header, the intents, what follows.
        for room in [0_usize, 4, 8, 12, 16, 24] {
            let filling = disk.0.join("filling");
            fill(&filling, room * 1024);
            let outcome = run();
            assert!(outcome.code == 74 || outcome.code == 0, "{outcome:?}");
            fs::remove_file(&filling).unwrap();
        }
        run().exits(0);
        stage.holds_messages(&letters(100));
        run().exits(0);
        stage.holds_messages(&letters(100));
        assert_eq!(stage.server.maildrop().len(), if keep == "none" { 0 } else { 100 });
    };
    for store in STORES {
        for keep in ["all", "none"] {
            let stage = Stage::new(store, letters(100), Behaviour::default());
            let disk = SmallDisk::on(stage.home.join("state"), "200k");
            every(&stage, &disk, keep);
        }
    }
}

/// Fills a disk up to so many octets.
fn fill(path: &Path, leave: usize) {
    use std::io::Write;
    let mut file = fs::File::create(path).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    let length = file.metadata().unwrap().len();
    file.set_len(length.saturating_sub(leave as u64)).unwrap();
}

#[test]
fn a_destination_on_a_disk_that_is_read_only_is_73_or_74() {
    for store in STORES {
        let (stage, disk) = on_a_disk(store, "1m", letters(3));
        stage.fetch(&["--limit", "1"]).exits(0);
        disk.make_it("ro");
        let code = stage.fetch(&["--keep", "none"]).code;
        assert!(code == 73 || code == 74, "{code}");
        stage.holds([1]);
        // What an earlier run delivered may go; no other.
        assert!(stage.server.maildrop().len() >= 2);
        disk.make_it("rw");
        stage.ends_well(&letters(3));
    }
}

#[test]
fn a_journal_on_a_disk_that_is_read_only_delivers_nothing() {
    for store in STORES {
        let stage = Stage::new(store, letters(3), Behaviour::default());
        let disk = SmallDisk::on(stage.home.join(".local/state"), "1m");
        stage.fetch(&["--limit", "1"]).exits(0);
        disk.make_it("ro");
        stage.fetch(&["--keep", "none"]).exits(74).says("journal");
        stage.holds([1]);
        assert_eq!(
            (stage.server.sessions(), stage.server.maildrop().len()),
            (1, 3),
            "it did not even connect"
        );
        disk.make_it("rw");
        stage.ends_well(&letters(3));
    }
}

#[test]
fn a_destination_one_may_not_write_is_73_and_nothing_is_deleted() {
    for store in STORES {
        let stage = Stage::new(store, letters(3), Behaviour::default());
        // Root's folder in nobody's home.
        chown(stage.home.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        let place = stage.home.join("in");
        match store {
            Store::Maildir => {
                ["cur", "new", "tmp"].iter().for_each(|part| fs::create_dir_all(place.join(part)).unwrap())
            }
            Store::Mbox => fs::write(&place, "").unwrap(),
        }
        let outcome = stage.fetching_by_nobody(&["--keep", "none"]).run().exits(73);
        assert!(outcome.stderr.to_lowercase().contains("permission denied"), "{}", outcome.stderr);
        assert_eq!((stage.server.count("DELE"), stage.server.maildrop().len()), (0, 3));
        tool(Command::new("chown").args(["-R", &NOBODY.to_string()]).arg(stage.home.path()));
        stage.fetching_by_nobody(&["--keep", "none"]).run().exits(0);
        stage.holds(1..=3);
        assert_eq!(stage.server.maildrop().len(), 0);
    }
}
