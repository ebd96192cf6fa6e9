//! A journal belongs to a maildrop, wherever its account's name comes from; and its file may stand on odd
//! file systems, and be written under odd clocks.

use std::fs;
use std::path::{Path, PathBuf};

use pop3::server::{Behaviour, Server};

use crate::support::pop3::{Home, Pop3};
use crate::support::stage::{Stage, Store, letter, letters};

/// `pop3 fetch` of the account `name`, at that place.
fn fetch_account(home: &Home, name: &str, place: &str) -> Pop3 {
    let server = format!("server = \"pop3://{place}\"\nuser = \"demo\"\ntls = \"none\"");
    let deliver = format!("deliver = \"maildir:{}\"", home.join("in").display());
    home.configure(&format!("[account.{name}]\n{server}\n{deliver}\npassword = \"tanstaaf\"\n"));
    Pop3::new(home).args(["fetch"])
}

/// How many files stand in the Maildir.
fn delivered(home: &Home) -> usize {
    fs::read_dir(home.join("in/new")).map_or(0, Iterator::count)
}

fn journals(home: &Home) -> Vec<String> {
    let files = fs::read_dir(home.join(".local/state/pop3")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut journals: Vec<String> = names.filter(|name| name.ends_with(".journal")).collect();
    journals.sort();
    journals
}

#[test]
fn an_account_that_gets_a_name_and_then_another_one_fetches_nothing_twice() {
    let stage = Stage::new(Store::Maildir, letters(3), Behaviour::default());
    stage.fetch(&[]).exits(0);
    let place = stage.server.addr().to_string();
    for name in ["work", "office"] {
        fetch_account(&stage.home, name, &place).run().exits(0);
        assert_eq!((stage.server.count("RETR"), delivered(&stage.home)), (3, 3), "{name}");
    }
    stage.server.edit(|maildrop| maildrop.push(letter(4)));
    fetch_account(&stage.home, "office", &place).run().exits(0);
    stage.holds(1..=4);
}

/// Servers that count from 1 give equal unique-ids, and these messages have equal octets.
#[test]
fn an_account_that_is_pointed_at_another_maildrop_loses_nothing() {
    let numbered = |first: u32| (1..=3).map(move |at| letter(first + at).with_unique_id(at.to_string()));
    let home = Home::new();
    let (one, two) = (
        Server::start(numbered(0), Behaviour::default()).unwrap(),
        Server::start(numbered(3), Behaviour::default()).unwrap(),
    );
    fetch_account(&home, "work", &one.addr().to_string()).run().exits(0);
    assert_eq!(delivered(&home), 3);
    fetch_account(&home, "work", &two.addr().to_string()).run().exits(0).says("starting a new journal");
    assert_eq!((two.count("RETR"), delivered(&home)), (3, 6));
    fetch_account(&home, "work", &one.addr().to_string()).run().exits(0);
    assert_eq!((one.count("RETR"), delivered(&home)), (3, 6), "it is known still");
}

#[test]
fn a_host_that_gets_another_name_brings_nothing_twice() {
    let stage = Stage::new(Store::Maildir, letters(12), Behaviour::default());
    let port = stage.server.addr().port();
    fetch_account(&stage.home, "work", &format!("127.0.0.1:{port}")).run().exits(0);
    fetch_account(&stage.home, "work", &format!("localhost:{port}")).run().exits(0).says("took over");
    assert_eq!((stage.server.count("RETR"), stage.server.count("TOP")), (12, 10));
    assert_eq!(journals(&stage.home), [format!("demo@localhost%3A{port}.journal")]);
    fetch_account(&stage.home, "work", &format!("127.0.0.1:{port}")).run().exits(0).says("took over");
    assert_eq!(stage.server.count("RETR"), 12);
}

#[test]
fn the_journal_that_0_1_named_after_the_account_is_taken_over() {
    let stage = Stage::new(Store::Maildir, letters(3), Behaviour::default());
    stage.fetch(&[]).exits(0);
    let state = stage.home.join(".local/state/pop3");
    fs::rename(stage.journal(), state.join("work.journal")).unwrap();
    fs::remove_file(state.join("names")).unwrap();
    let place = stage.server.addr().to_string();
    let known = || Pop3::new(&stage.home).args(["state", "show"]).run().exits(0).text();
    fetch_account(&stage.home, "work", &place);
    assert_eq!(known().matches("delivered").count(), 3, "it is shown before the server was asked");
    fetch_account(&stage.home, "work", &place).run().exits(0).says("took over");
    assert_eq!((stage.server.count("RETR"), known().matches("delivered").count()), (3, 3));
}

#[test]
fn two_accounts_of_one_maildrop_are_78_and_both_are_named() {
    let home = Home::new();
    let account = |name: &str, more: &str| {
        format!(
            "[account.{name}]\nserver = \"pop3://127.0.0.1:9\"\nuser = \"me\"\ntls = \"none\"\n\
             password = \"x\"\ndeliver = \"maildir:{}\"\n{more}\n",
            home.join("in").display()
        )
    };
    home.configure(&[account("one", ""), account("two", "")].concat());
    Pop3::new(&home).args(["fetch"]).run().exits(78).says("one").says("two").says("me@127.0.0.1:9");
    home.configure(&[account("one", ""), account("two", "maildrop = \"second\"")].concat());
    Pop3::new(&home).args(["fetch"]).run().exits(69);
}

#[test]
fn a_journal_behind_a_symbolic_link_stays_there() {
    let stage = Stage::new(Store::Maildir, letters(1), Behaviour::default());
    stage.fetch(&[]).exits(0);
    let real = stage.home.join("elsewhere/journal");
    fs::create_dir(stage.home.join("elsewhere")).unwrap();
    fs::rename(stage.journal(), &real).unwrap();
    std::os::unix::fs::symlink(&real, stage.journal()).unwrap();
    for run in 0..3 {
        stage.server.edit(|maildrop| maildrop.extend((1..900).map(|at| letter(run * 1000 + at))));
        stage.fetch(&["--keep", "none"]).exits(0);
        assert!(stage.journal().is_symlink(), "run {run}");
    }
    let text = fs::read_to_string(&real).unwrap();
    let compacted = text.lines().filter(|line| line.starts_with("known\t")).count();
    assert!(compacted >= 900, "it was written anew there: {compacted} of {}", text.lines().count());
}

/// As FUSE and network file systems answer.
#[test]
fn folders_that_cannot_be_flushed_stop_nothing() {
    let stage = Stage::new(Store::Maildir, letters(2), Behaviour::default());
    let state = stage.home.join(".local/state");
    fs::create_dir_all(&state).unwrap();
    let paths = [state.clone(), state.join("pop3"), stage.home.join(".local")];
    let mut wrapper = vec!["strace".to_owned(), "-f".to_owned(), "-qq".to_owned()];
    wrapper.extend(paths.iter().flat_map(|path| ["-P".to_owned(), path.display().to_string()]));
    wrapper.extend(["-e", "inject=fsync,fdatasync:error=EINVAL", "-o", "/dev/null"].map(str::to_owned));
    let run = || {
        Pop3::under(&stage.home, &wrapper)
            .args(["fetch", "--tls", "none", "--to", "maildir:in", "--server"])
            .args([format!("pop3://demo@{}", stage.server.addr())])
            .env("POP3_PASSWORD", "tanstaaf")
            .run()
            .exits(0)
    };
    run();
    run();
    stage.holds(1..=2);
    assert_eq!(stage.server.count("RETR"), 2);
}

#[test]
fn a_clock_that_was_not_set_when_messages_came_deletes_none_of_them() {
    let stage = Stage::new(Store::Maildir, letters(2), Behaviour::default());
    let at = |time: &str| {
        Pop3::under(&stage.home, &["faketime", "-m", time])
            .args(["fetch", "--keep", "14d", "--tls", "none", "--to", "maildir:in", "--server"])
            .args([format!("pop3://demo@{}", stage.server.addr())])
            .env("POP3_PASSWORD", "tanstaaf")
            .run()
            .exits(0);
        stage.server.maildrop().len()
    };
    assert_eq!(at("1970-01-01 00:01:00"), 2);
    assert_eq!(at("2026-03-01 12:00:00"), 2, "with a clock");
    assert_eq!(at("2026-03-03 12:00:00"), 2);
    assert_eq!(at("2026-03-15 13:00:00"), 0, "two weeks after the first run with a clock");
    stage.holds(1..=2);
}

#[test]
fn a_journal_that_is_mounted_by_itself_goes_on_as_it_is() {
    if !crate::support::is_root() {
        return;
    }
    let stage = Stage::new(Store::Maildir, letters(1), Behaviour::default());
    stage.fetch(&[]).exits(0);
    let real = stage.home.join("real");
    fs::copy(stage.journal(), &real).unwrap();
    let _mounted = Mounted::bind(&real, &stage.journal());
    for run in 0..2 {
        stage.server.edit(|maildrop| maildrop.extend((1..900).map(|at| letter(run * 1000 + at))));
        stage.fetch(&["--keep", "none"]).exits(0);
    }
    stage.fetch(&[]).exits(0);
    assert_eq!(stage.server.count("RETR"), 1 + 2 * 899);
}

/// A file mounted over another, as long as it lives.
struct Mounted(PathBuf);

impl Mounted {
    fn bind(from: &Path, over: &Path) -> Mounted {
        let status = std::process::Command::new("mount").arg("--bind").args([from, over]).status().unwrap();
        assert!(status.success());
        Mounted(over.to_owned())
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(&self.0).status();
    }
}
