//! `pop3 retr -o` where something stands already: a pipe is written into, a link is followed.

use crate::support::stage::{STORES, Stage, letter, letters};
use crate::support::{is_root, tool};
use pop3::server::Behaviour;
use std::fs;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::process::{Command, Stdio};

fn stage() -> Stage {
    Stage::new(STORES[0], letters(2), Behaviour::default())
}

/// Case 4.6.
#[test]
fn a_message_goes_into_a_fifo_which_stays_one() {
    let stage = stage();
    let fifo = stage.home.join("f");
    tool(Command::new("mkfifo").arg(&fifo));
    let reader =
        Command::new("timeout").args(["30", "cat"]).arg(&fifo).stdout(Stdio::piped()).spawn().unwrap();
    stage.pop3("retr").args(["1", "-o", "f"]).run().exits(0);
    let read = reader.wait_with_output().unwrap();
    assert!(read.stdout == letter(1).bytes(), "{}", read.stdout.escape_ascii());
    assert!(fifo.symlink_metadata().unwrap().file_type().is_fifo());
}

/// Devices of the test's own: a failure must not cost the machine its /dev/null.
#[test]
fn a_message_goes_into_a_device_which_stays_one() {
    if !is_root() {
        return; // only root makes devices
    }
    let stage = stage();
    for (name, minor, code) in [("null", "3", 0), ("full", "7", 74)] {
        let device = stage.home.join(name);
        tool(Command::new("mknod").arg(&device).args(["c", "1", minor]));
        let outcome = stage.pop3("retr").args(["1", "-o", name]).run().exits(code);
        assert!(code == 0 || outcome.stderr.contains("full"), "{}", outcome.stderr);
        assert!(device.symlink_metadata().unwrap().file_type().is_char_device(), "{name}");
    }
}

/// Case 4.7.
#[test]
fn a_message_goes_where_a_link_points_and_the_link_stays() {
    for (target, holds) in [("real/file", None), ("real/file", Some("old")), ("../real/file", None)] {
        let stage = stage();
        fs::create_dir(stage.home.join("real")).unwrap();
        fs::create_dir(stage.home.join("links")).unwrap();
        let file = stage.home.join("real/file");
        holds.iter().for_each(|old| fs::write(&file, old).unwrap());
        let link = if target.starts_with("..") { "links/l" } else { "l" };
        symlink(target, stage.home.join(link)).unwrap();
        stage.pop3("retr").args(["1", "-o", link]).run().exits(0);
        assert_eq!(fs::read(&file).unwrap(), letter(1).bytes(), "{target}");
        assert_eq!(fs::read_link(stage.home.join(link)).unwrap(), std::path::Path::new(target));
        assert_eq!(fs::read_dir(stage.home.join("real")).unwrap().count(), 1, "nothing is left beside it");
    }
}

#[test]
fn links_that_lead_in_a_circle_are_refused() {
    let stage = stage();
    symlink("b", stage.home.join("a")).unwrap();
    symlink("a", stage.home.join("b")).unwrap();
    stage.pop3("retr").args(["1", "-o", "a"]).run().exits(73);
    assert!(stage.home.join("a").symlink_metadata().unwrap().is_symlink());
}
