//! One message that the disk has no room for: its failure is its own. The others come, and it comes as soon as
//! there is room.

use crate::support::delivered::{all_of_maildir, times};
use crate::support::mounts::PrivateDisk;
use crate::support::pop3::Pop3;
use crate::support::stage::{STORES, Stage, padded};
use pop3::server::{Behaviour, Message};
use std::fs;

/// Message 2 is larger than the disk of 1 MiB.
fn mail() -> Vec<Message> {
    [(1, 0), (2, 2_800_000), (3, 0), (4, 0)].map(|(number, octets)| padded(number, octets)).to_vec()
}

/// Fetches until the small messages are there (three runs at most), gives the disk room, and fetches the large one.
/// `told` says where to, `read` gives all that stands there.
fn the_others_come(
    keep: &str,
    told: impl Fn(&Stage, &PrivateDisk, Pop3) -> Pop3,
    read: impl Fn(&Stage, &PrivateDisk) -> Vec<u8>,
) {
    let stage = Stage::new(STORES[0], mail(), Behaviour::default());
    let disk = PrivateDisk::on(stage.home.join("disk"), "1m");
    let fetch =
        || told(&stage, &disk, stage.pop3_under(&disk.wrapper(), "fetch")).args(["--keep", keep]).run();
    let counts = || {
        let all = read(&stage, &disk);
        [1, 2, 3, 4].map(|number| times(&all, number))
    };
    for run in 1..=3 {
        let outcome = fetch();
        assert_ne!(outcome.code, 0, "run {run}: message 2 is missing: {outcome:?}");
        let counts = counts();
        assert!(counts.iter().all(|count| *count <= 1), "run {run}: {counts:?}");
        assert!(
            stage.server.maildrop().iter().any(|message| message.octets() > 1 << 20),
            "it is still there"
        );
    }
    assert_eq!(counts(), [1, 0, 1, 1], "{:?}", stage.said());

    disk.resize("16m");
    fetch().exits(0);
    assert_eq!(counts(), [1; 4], "{:?}", stage.said());
    assert_eq!(stage.server.maildrop().len(), if keep == "none" { 0 } else { 4 });
    let retrieved = stage.server.count("RETR");
    fetch().exits(0);
    assert_eq!((counts(), stage.server.count("RETR")), ([1; 4], retrieved));
    let all = read(&stage, &disk);
    for number in 1..=4 {
        let end = format!("\nend of {number}\n");
        let ends = memchr::memmem::find_iter(&all, end.as_bytes()).count();
        assert_eq!(ends, 1, "message {number} stands there to its end");
    }
}

/// Case 3.1.
#[test]
fn a_message_larger_than_the_disk_of_a_maildir_holds_up_no_other() {
    for keep in ["all", "none"] {
        the_others_come(
            keep,
            |_, disk, run| run.args(["--to", &format!("maildir:{}", disk.folder().join("md").display())]),
            |_, disk| all_of_maildir(&disk.seen("md")),
        );
    }
}

/// Case 3.2.
#[test]
fn a_message_larger_than_the_disk_of_an_mbox_holds_up_no_other() {
    for keep in ["all", "none"] {
        the_others_come(
            keep,
            |_, disk, run| run.args(["--to", &format!("mbox:{}", disk.folder().join("mb").display())]),
            |_, disk| fs::read(disk.seen("mb")).unwrap_or_default(),
        );
    }
}

/// Case 3.3: the disk is that of the temporary files, in which a message waits for its command.
#[test]
fn a_message_larger_than_the_disk_of_temporary_files_holds_up_no_other() {
    for keep in ["all", "none"] {
        the_others_come(
            keep,
            |stage, disk, run| {
                let command = format!("command:cat >> {}", stage.home.join("out").display());
                run.args(["--to", &command]).env("TMPDIR", disk.folder().to_str().unwrap())
            },
            |stage, _| fs::read(stage.home.join("out")).unwrap_or_default(),
        );
    }
}
