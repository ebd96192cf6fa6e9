//! Between the interrupted run and the next a mail reader has been at the mail: it moved what was
//! new, set flags, deleted, or wrote the mbox anew.

use super::trace::Call;
use super::{Order, Scene, Store, is_exhaustive};
use pop3::server::Behaviour;
use std::fs;
use std::time::Instant;

/// What a reader writes into the header of a message that was seen.
const STATUS: &[u8] = b"Status: RO\n";

/// Kills runs from the first call that makes something visible, lets `reader` at the mail, and goes on.
/// What the reader gives back it has taken away.
fn interfered(order: Order, visible: fn(&Call) -> bool, reader: fn(&Scene, usize) -> Vec<Vec<u8>>) {
    let began = Instant::now();
    let scene = Scene::new(order, Behaviour::default());
    let points = scene.traced().points_from(visible);
    let step = if is_exhaustive() { 1 } else { 3 };
    let mut kills = 0;
    for (round, point) in points.iter().enumerate().step_by(step) {
        let scene = Scene::new(order, Behaviour::default());
        kills += usize::from(scene.is_killed_at(point));
        let read = reader(&scene, round);
        scene.goes_on(&format!("killed at {point:?}, then read"), &read);
    }
    println!(
        "{order:?}: {kills} kills with a reader in between: lost 0, repeated 0, broken 0 ({:.0?})",
        began.elapsed()
    );
    assert!(kills > 3, "{kills} kills");
}

/// Leaves some messages in `new/`, moves some to `cur/`, some elsewhere, and deletes some.
fn reads_a_maildir(scene: &Scene, round: usize) -> Vec<Vec<u8>> {
    let inbox = scene.inbox();
    let Ok(entries) = fs::read_dir(inbox.join("new")) else { return Vec::new() };
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let mut taken = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let path = inbox.join("new").join(name);
        let to_cur = |flags: &str| {
            fs::rename(&path, inbox.join("cur").join(format!("{name}{flags}"))).unwrap();
        };
        match (at + round) % 5 {
            0 => {}
            1 => to_cur(":2,S"),
            2 => to_cur(":2,FRS"),
            3 => {
                taken.push(fs::read(&path).unwrap());
                let archive = scene.home.join("archive");
                fs::create_dir_all(&archive).unwrap();
                fs::rename(&path, archive.join(format!("{name}:2,S"))).unwrap();
            }
            _ => {
                taken.push(fs::read(&path).unwrap());
                fs::remove_file(&path).unwrap();
            }
        }
    }
    taken
}

/// Marks each message as seen: in place, or in a new file that takes the old one's place.
fn reads_an_mbox(scene: &Scene, round: usize) -> Vec<Vec<u8>> {
    let Ok(mbox) = fs::read(scene.inbox()) else { return Vec::new() };
    let mut rewritten = Vec::new();
    let mut in_header = false;
    for line in mbox.split_inclusive(|&byte| byte == b'\n') {
        if line.starts_with(b"From ") {
            in_header = true;
        } else if in_header && line == b"\n" {
            in_header = false;
            rewritten.extend_from_slice(STATUS);
        }
        rewritten.extend_from_slice(line);
    }
    if round.is_multiple_of(2) {
        fs::write(scene.inbox(), rewritten).unwrap();
    } else {
        let new = scene.home.join("inbox.new");
        fs::write(&new, rewritten).unwrap();
        fs::rename(new, scene.inbox()).unwrap();
    }
    Vec::new()
}

/// A message as it was before a reader marked it.
pub(super) fn without_status(message: &[u8]) -> Vec<u8> {
    match memchr::memmem::find(message, STATUS) {
        Some(at) if at == 0 || message[at - 1] == b'\n' => {
            [&message[..at], &message[at + STATUS.len()..]].concat()
        }
        _ => message.to_vec(),
    }
}

fn moves_into_new(call: &Call) -> bool {
    call.name.starts_with("rename")
}

fn appends_to_the_mbox(call: &Call) -> bool {
    call.name.contains("write") && call.arguments.contains("/mail/inbox>")
}

#[test]
fn a_reader_at_the_maildir_before_the_next_run_settles_it_keeping_all() {
    interfered(Order { store: Store::Maildir, keep: "all" }, moves_into_new, reads_a_maildir);
}

#[test]
fn a_reader_at_the_maildir_before_the_next_run_settles_it_keeping_none() {
    interfered(Order { store: Store::Maildir, keep: "none" }, moves_into_new, reads_a_maildir);
}

#[test]
fn a_reader_at_the_mbox_before_the_next_run_settles_it_keeping_all() {
    interfered(Order { store: Store::Mbox, keep: "all" }, appends_to_the_mbox, reads_an_mbox);
}

#[test]
fn a_reader_at_the_mbox_before_the_next_run_settles_it_keeping_none() {
    interfered(Order { store: Store::Mbox, keep: "none" }, appends_to_the_mbox, reads_an_mbox);
}
