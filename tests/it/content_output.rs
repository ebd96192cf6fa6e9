//! `pop3 retr -o`: what exists is not overwritten, a folder gets one file a message, a pipe is written into, a link is
//! followed, and a file appears when it is complete.

use crate::support::stage::{STORES, Stage, letter, letters, padded};
use crate::support::{is_root, tool};
use pop3::server::{Behaviour, Fault};
use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

fn stage() -> Stage {
    stage_with(Behaviour::default())
}

fn stage_with(behaviour: Behaviour) -> Stage {
    Stage::new(STORES[0], letters(3), behaviour)
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
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
        let outcome = stage.pop3("retr").args(["1-2", "-o", name]).run().exits(code);
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
        if holds.is_some() {
            stage.pop3("retr").args(["1", "-o", link]).run().exits(73);
        }
        let force = holds.map(|_| "--force");
        stage.pop3("retr").args(["1", "-o", link]).args(force).run().exits(0);
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

#[test]
fn a_file_that_exists_stays_without_force_and_nothing_is_even_asked() {
    let stage = stage();
    let file = stage.home.write("one.eml", "mine", 0o640);
    let outcome = stage.pop3("retr").args(["1", "-o", "one.eml"]).run().exits(73);
    outcome.says("could not create one.eml: it exists already").says("hint: --force overwrites it");
    assert!(stage.server.log().is_empty(), "{:?}", stage.server.log());
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    stage.pop3("retr").args(["1", "-o", "one.eml", "--force"]).run().exits(0);
    assert_eq!(fs::read(&file).unwrap(), letter(1).bytes());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640, "the permissions stay");
    stage.pop3("retr").args(["1", "--force"]).run().exits(64).says("--output");
}

#[test]
fn a_folder_gets_one_file_a_message_named_by_its_number() {
    let stage = stage();
    stage.pop3("retr").args(["1-3", "1", "-o", "new/"]).run().exits(0);
    fs::create_dir(stage.home.join("old")).unwrap();
    stage.pop3("retr").args(["2", "-o", "old"]).run().exits(0);
    assert_eq!(names(&stage.home.join("new")), ["1.eml", "2.eml", "3.eml"]);
    assert_eq!(names(&stage.home.join("old")), ["2.eml"]);
    for number in 1..=3 {
        let file = stage.home.join(&format!("new/{number}.eml"));
        assert_eq!(fs::read(file).unwrap(), letter(number).bytes());
    }
    let retrieved = stage.server.count("RETR");
    assert_eq!(retrieved, 4, "a message that is named twice is retrieved once");
    let refused = stage.pop3("retr").args(["1-2", "-o", "old/"]).run().exits(73);
    refused
        .says("old/2.eml: it exists already")
        .says("hint: name another folder (--force overwrites what may be another message)");
    assert_eq!(
        (stage.server.count("RETR"), names(&stage.home.join("old"))),
        (retrieved, vec!["2.eml".into()])
    );
    stage.pop3("retr").args(["1-2", "-o", "old/", "--force"]).run().exits(0);
    assert_eq!(names(&stage.home.join("old")), ["1.eml", "2.eml"]);
    // One level is made; what is a file is no folder.
    for wrong in ["no/such/folder/", "old/1.eml/"] {
        stage.pop3("retr").args(["1", "-o", wrong]).run().exits(73).says("could not create");
    }
    assert!(!stage.home.join("no").exists());
}

#[test]
fn a_folder_is_not_made_for_a_message_that_is_not_there() {
    let stage = stage();
    stage.pop3("retr").args(["9", "-o", "new/"]).run().exits(66);
    assert!(!stage.home.join("new").exists());
}

#[test]
fn several_messages_do_not_fit_into_one_file_and_the_error_says_what_to_do() {
    let stage = stage();
    let outcome = stage.pop3("retr").args(["1-2", "-o", "both"]).run().exits(64);
    outcome.says("could not write 2 messages to both: a file takes one message").says("-o FOLDER/");
    assert_eq!((stage.server.count("RETR"), stage.home.join("both").exists()), (0, false));
    let both = [letter(1).bytes(), letter(2).bytes()].concat();
    assert_eq!(stage.pop3("retr").args(["1-2", "-o", "-"]).run().exits(0).stdout, both, "as without -o");
}

#[test]
fn a_unique_id_is_no_part_of_a_files_name() {
    let message = letter(1).with_unique_id("../../evil\x1b[2J");
    let stage = Stage::new(STORES[0], [message], Behaviour::default());
    stage.pop3("retr").args(["uid:../../evil\x1b[2J", "-o", "in/"]).run().exits(0);
    assert_eq!(names(&stage.home.join("in")), ["1.eml"]);
}

#[test]
fn a_message_that_is_cut_off_leaves_no_file_and_those_before_it_stay() {
    let stage = stage_with(Behaviour::default().with_fault(Fault::cut_in(2, 50)));
    fs::create_dir(stage.home.join("in")).unwrap();
    stage.pop3("retr").args(["2", "-o", "in/two"]).run().exits(69);
    assert_eq!(names(&stage.home.join("in")), [""; 0]);
    stage.pop3("retr").args(["1-3", "-o", "in"]).run().exits(69);
    assert_eq!(names(&stage.home.join("in")), ["1.eml"]);
    fs::write(stage.home.join("two"), "older").unwrap();
    stage.pop3("retr").args(["2", "-o", "two", "--force"]).run().exits(69);
    assert_eq!(fs::read_to_string(stage.home.join("two")).unwrap(), "older", "not even with --force");
}

#[test]
fn an_empty_text_is_no_message() {
    let stage = stage_with(Behaviour::default().with_fault(Fault::answer("RETR 1", "+OK\r\n.\r\n")));
    stage.pop3("retr").args(["1", "-o", "one"]).run().exits(76).says("an empty text for message 1");
    assert!(!stage.home.join("one").exists());
}

#[test]
fn a_bar_shows_a_long_message_on_a_terminal_and_is_cleared_at_the_end() {
    let message = padded(1, 100_000);
    let stage = Stage::new(STORES[0], [message], Behaviour::default().with_fault(Fault::stall_in(1, 50_000)));
    let terminal = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/screen.py");
    let run = |args: &[&str]| {
        let run = stage.pop3_under(&["python3", terminal, "100", "40"], "retr").env("TERM", "xterm");
        run.args(["1", "--timeout", "1s"]).args(args).run()
    };
    let shown = run(&["-o", "one"]).exits(75).text();
    assert!(shown.contains("0 of 1") && shown.contains("of 99.2 KiB"), "{}", shown.escape_debug());
    let behind = shown.rsplit("0 of 1").next().unwrap();
    assert!(behind.contains("\r\x1b[2K"), "{}", behind.escape_debug());
    let quiet = run(&["-o", "one", "--progress", "never"]).exits(75).text();
    assert!(!quiet.contains("0 of 1"), "{}", quiet.escape_debug());
}

#[test]
fn a_run_that_is_killed_leaves_nothing_under_the_final_name() {
    let stage = stage_with(Behaviour::default().with_fault(Fault::stall_in(1, 50)));
    fs::create_dir(stage.home.join("in")).unwrap();
    let running = stage.pop3("retr").args(["1", "-o", "in/"]).start();
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while names(&stage.home.join("in")).is_empty() {
        assert!(std::time::Instant::now() < patience, "it has not begun to write");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    running.signal("KILL");
    drop(running);
    assert!(!stage.home.join("in/1.eml").exists());
}
