//! What stays on the server, and how much is fetched: exactly as the policy says, over several runs.

use crate::support::stage::{STORES, Stage, Store, letter, letters, padded};
use pop3::server::{Behaviour, Message};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

#[test]
fn more_deletions_than_max_delete_allows_are_none() {
    for store in STORES {
        let stage = Stage::new(store, letters(5), Behaviour::default());
        let fetch = |most: &str| stage.fetch(&["--keep", "none", "--max-delete", most]);
        fetch("4").exits(75).says("5 deletions");
        stage.holds(1..=5);
        assert_eq!((stage.server.count("DELE"), stage.server.maildrop().len()), (0, 5));
        fetch("4").exits(75);
        fetch("5").exits(0);
        assert_eq!((stage.server.count("RETR"), stage.server.maildrop().len()), (5, 0));
        stage.holds(1..=5);
    }
}

#[test]
fn keeping_two_weeks_deletes_what_was_first_seen_before() {
    for store in STORES {
        let stage = Stage::new(store, letters(2), Behaviour::default());
        stage.fetch(&["--keep", "14d"]).exits(0);
        age(&stage.journal(), 13 * 86_400);
        stage.server.edit(|maildrop| maildrop.push(letter(3)));
        stage.fetch(&["--keep", "14d"]).exits(0);
        assert_eq!(stage.server.maildrop().len(), 3);
        age(&stage.journal(), 2 * 86_400);
        stage.fetch(&["--keep", "14d"]).exits(0);
        assert_eq!(stage.server.maildrop().len(), 1, "the first two are 15 days old, the third 2");
        stage.holds(1..=3);
        assert_eq!(stage.server.count("RETR"), 3);
        stage.ends_well(&letters(3));
    }
}

#[test]
fn a_message_that_waited_long_is_not_deleted_before_it_is_delivered() {
    for store in STORES {
        let stage = Stage::new(store, [padded(1, 5000), letter(2)], Behaviour::default());
        stage.fetch(&["--keep", "14d", "--max-size", "2k"]).exits(0);
        age(&stage.journal(), 20 * 86_400);
        stage.fetch(&["--keep", "14d", "--max-size", "2k"]).exits(0);
        assert_eq!(stage.server.maildrop().len(), 1, "the one that was not fetched stays");
        stage.fetch(&["--keep", "14d"]).exits(0);
        stage.holds_messages(&[padded(1, 5000), letter(2)]);
        stage.fetch(&["--keep", "14d"]).exits(0);
        assert_eq!(stage.server.maildrop().len(), 0);
    }
}

/// Makes the journal older: every time in it by so many seconds.
fn age(journal: &Path, seconds: i64) {
    let text = fs::read_to_string(journal).unwrap();
    let older = |line: &str| -> String {
        let field = |word: &str| match word.split_once('=') {
            Some((name @ ("t" | "f"), time)) => format!("{name}={}", time.parse::<i64>().unwrap() - seconds),
            _ => word.to_owned(),
        };
        line.split('\t').map(field).collect::<Vec<_>>().join("\t") + "\n"
    };
    fs::write(journal, text.lines().map(older).collect::<String>()).unwrap();
}

#[test]
fn keeping_a_number_keeps_the_newest() {
    for store in STORES {
        let stage = Stage::new(store, letters(5), Behaviour::default());
        for _ in 0..2 {
            stage.fetch(&["--keep", "2"]).exits(0);
            let left: Vec<_> = stage.server.maildrop().iter().map(Message::bytes).collect();
            assert_eq!(left, [letter(4).bytes(), letter(5).bytes()]);
            stage.holds(1..=5);
        }
        stage.server.edit(|maildrop| maildrop.extend([letter(6)]));
        stage.fetch(&["--keep", "2"]).exits(0);
        assert_eq!(stage.server.maildrop()[0].bytes(), letter(5).bytes());
        stage.fetch(&["--keep", "500"]).exits(0);
        assert_eq!(stage.server.maildrop().len(), 2);
        stage.ends_well(&letters(6));
    }
}

#[test]
fn too_large_ones_wait_until_they_may_come() {
    for store in STORES {
        let all = [letter(1), padded(2, 5000), letter(3)];
        let stage = Stage::new(store, all.clone(), Behaviour::default());
        for _ in 0..2 {
            stage.fetch(&["--keep", "none", "--max-size", "2k"]).exits(0);
            stage.holds([1, 3]);
            assert_eq!(stage.server.maildrop().len(), 1);
        }
        stage.ends_well(&all);
    }
}

#[test]
fn a_limit_fetches_so_many_from_the_end_that_is_asked_for() {
    for store in STORES {
        let stage = Stage::new(store, letters(5), Behaviour::default());
        stage.fetch(&["--limit", "2"]).exits(0);
        stage.holds([1, 2]);
        stage.fetch(&["--limit", "2", "--order", "newest"]).exits(0);
        stage.holds([1, 2, 4, 5]);
        let retrieved: Vec<_> = stage.said().into_iter().filter(|line| line.starts_with("RETR")).collect();
        assert_eq!(retrieved, ["RETR 1", "RETR 2", "RETR 5", "RETR 4"]);
        stage.fetch(&["--limit", "0"]).exits(0);
        stage.ends_well(&letters(5));
    }
}

#[test]
fn a_dry_run_tells_everything_and_changes_nothing() {
    let stage = Stage::new(Store::Maildir, letters(2), Behaviour::default());
    let told = stage.fetch(&["--keep", "none", "--dry-run"]).exits(0).text();
    assert_eq!(told.matches("fetch, then delete").count(), 2, "{told}");
    assert_eq!(everything_in(stage.home.path()), BTreeMap::new(), "neither files nor journal");
    stage.fetch(&[]).exits(0);
    stage.server.edit(|maildrop| maildrop.push(padded(3, 5000)));
    let before = everything_in(stage.home.path());
    let told = stage.fetch(&["--keep", "none", "--dry-run", "--max-size", "2k"]).exits(0).text();
    assert!(told.contains("too large") && told.matches("delete").count() == 2, "{told}");
    assert_eq!(everything_in(stage.home.path()), before);
    assert_eq!((stage.server.count("DELE"), stage.server.maildrop().len()), (0, 3));
    assert_eq!(stage.server.count("RETR"), 2);
}

/// Every file below a folder, with its content.
fn everything_in(folder: &Path) -> BTreeMap<std::path::PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            all.insert(entry.clone(), Vec::new());
            all.extend(everything_in(&entry));
        } else {
            all.insert(entry.clone(), fs::read(&entry).unwrap());
        }
    }
    all
}
