//! Keys, names, and takeovers on real files.

use std::borrow::Cow;
use std::collections::HashMap;

use tempfile::TempDir;

use super::*;
use crate::fetch::journal::{Intent, State};
use crate::fetch::plan::Listed;
use crate::identity::Identity;
use crate::store::Place;

const NOW: i64 = 1_700_000_000;

fn owner(name: &str, host: &str) -> Owner {
    let key = Key::address("me", host, Some(995), None);
    Owner { name: name.to_owned(), key, formerly: format!("me@{host}") }
}

fn again(opened: Opened) -> Result<Journal> {
    let again: Vec<_> = opened.unsettled().into_iter().map(|(id, ..)| id).collect();
    opened.settled(&[], &again)
}

fn claim(folder: &Path, owner: &Owner) -> Claim {
    open(folder, owner, NOW, &mut again).expect("opened")
}

#[track_caller]
fn known(folder: &Path, owner: &Owner) -> Journal {
    match claim(folder, owner) {
        Claim::Known(journal) => journal,
        Claim::Open(_) => panic!("its journal is known"),
    }
}

#[track_caller]
fn takeover(folder: &Path, owner: &Owner) -> Takeover {
    match claim(folder, owner) {
        Claim::Open(takeover) => takeover,
        Claim::Known(_) => panic!("it is not known"),
    }
}

fn identity(of: u8) -> Identity {
    Identity::from_bytes([of; 16])
}

/// Delivers a message of those octets and that identity.
fn deliver(journal: &mut Journal, unique_id: &str, octets: u64, of: u8) {
    let place = Cow::Owned(Place::Handed);
    let unique_id = unique_id.as_bytes().to_vec().into();
    let intent = Intent {
        unique_id,
        octets: Some(octets),
        identity: (of > 0).then(|| identity(of)),
        place,
        again: None,
        is_proven: true,
    };
    let ids = journal.intend(&[intent]).expect("noted");
    journal.delivered(&ids).expect("noted");
}

/// A folder with 0.1's journal of the account `work`, which delivered those messages.
fn former(messages: &[(&str, u64, u8)]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pop3");
    write(&path.join("work.journal"), messages);
    (folder, path)
}

fn write(path: &Path, messages: &[(&str, u64, u8)]) {
    let mut journal = Journal::open(path, NOW).and_then(again).expect("a new journal");
    messages.iter().for_each(|(unique_id, octets, of)| deliver(&mut journal, unique_id, *octets, *of));
    journal.sync().expect("flushed");
}

fn listing<'a>(messages: &[(&'a str, u64)]) -> Vec<Listed<'a>> {
    let listed = |(number, (unique_id, octets)): (u32, &(&'a str, u64))| Listed {
        number,
        octets: Some(*octets),
        unique_id: Some(unique_id.as_bytes()),
        identity: None,
        named_by_text: false,
    };
    (1..).zip(messages).map(listed).collect()
}

/// What the server shows of the messages it is asked for: those identities, in the order of the numbers.
fn answers(numbers: &[u32], identities: &[u8]) -> HashMap<u32, Option<Identity>> {
    let answer = |number: &u32| {
        let of = identities.get(*number as usize - 1).copied().filter(|of| *of > 0);
        (*number, of.map(identity))
    };
    numbers.iter().map(answer).collect()
}

/// Decides by a listing and the identities of its messages; the journal's delivered messages, and what is said.
fn decided(takeover: Takeover, messages: &[(&str, u64)], identities: &[u8]) -> (u32, Option<Origin>) {
    let listed = listing(messages);
    let answers = answers(&takeover.questions(&listed), identities);
    let (journal, origin) = takeover.decide(&listed, &answers).expect("decided");
    (journal.view().delivered(), origin)
}

fn took_over(from: &[&str], messages: u32) -> Option<Origin> {
    Some(Origin::TookOver { from: from.iter().map(|name| (*name).to_owned()).collect(), messages })
}

fn began_anew(instead_of: &[&str]) -> Option<Origin> {
    Some(Origin::BeganAnew { instead_of: instead_of.iter().map(|name| (*name).to_owned()).collect() })
}

#[test]
fn a_key_is_user_and_host_and_what_else_tells_maildrops_apart() {
    for (host, port, tunnel, key) in [
        ("pop.example.com", Some(995), None, "me@pop.example.com"),
        ("POP.Example.COM.", Some(110), None, "me@pop.example.com"),
        ("127.0.0.1", Some(1110), None, "me@127.0.0.1:1110"),
        ("::1", Some(1110), None, "me@[::1]:1110"),
        ("h", Some(995), Some("ssh a nc h 110"), "me@h through ssh a nc h 110"),
        ("/run/POP.sock", None, None, "me@/run/POP.sock"),
    ] {
        assert_eq!(Key::address("me", host, port, tunnel).to_string(), key);
    }
    assert_eq!(Key::address("me", "h", Some(110), None).file_name(), "me@h.journal", "as 0.1 called it");
    assert_ne!(Key::Named("work".to_owned()).file_name(), "work.journal", "an account of 0.1 has that one");
}

#[test]
fn two_accounts_of_one_maildrop_are_a_mistake_that_names_both() {
    let mut owners = vec![owner("work", "h"), owner("home", "i"), owner("old", "H.")];
    let error = refuse_shared(&owners).expect_err("one maildrop");
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (Kind::Config, "could not use the accounts work and old")
    );
    assert_eq!(error.advice(), Some(&Run::SharedMaildrop.into()));
    owners[2].key = Key::Named("second".to_owned());
    refuse_shared(&owners).expect("two maildrops");
}

#[test]
fn an_account_that_is_renamed_or_gets_a_name_keeps_its_journal() {
    let folder = tempfile::tempdir().expect("a folder");
    deliver(&mut known(folder.path(), &owner("me@h", "h")), "u", 1, 1);
    assert_eq!(known(folder.path(), &owner("work", "h")).view().delivered(), 1);
    assert_eq!(known(folder.path(), &owner("office", "h.")).view().delivered(), 1);
    let names = std::fs::read_to_string(folder.path().join("names")).expect("there");
    assert_eq!(names, "me@h\tme@h.journal\noffice\tme@h.journal\nwork\tme@h.journal\n");
    assert_eq!(journal_of(folder.path(), &owner("x", "h")), folder.path().join("me@h.journal"));
}

#[test]
fn the_journal_of_0_1_is_taken_over_where_the_headers_agree() {
    let (_folder, path) = former(&[("1", 10, 1), ("2", 20, 2), ("3", 30, 3)]);
    assert_eq!(journal_of(&path, &owner("work", "h")), path.join("work.journal"));
    let (delivered, origin) = decided(takeover(&path, &owner("work", "h")), &[("1", 10), ("2", 20)], &[1, 2]);
    assert_eq!((delivered, origin), (3, took_over(&["work.journal"], 3)));
    assert!(!path.join("work.journal").exists());
    assert_eq!(journal_of(&path, &owner("work", "h")), path.join("me@h.journal"));
    assert_eq!(known(&path, &owner("work", "h")).view().delivered(), 3);
}

#[test]
fn another_maildrop_that_counts_alike_is_begun_anew_and_the_old_journal_stays() {
    let (_folder, path) = former(&[("1", 10, 1), ("2", 20, 2)]);
    let (delivered, origin) = decided(takeover(&path, &owner("work", "h")), &[("1", 10), ("2", 20)], &[8, 9]);
    assert_eq!((delivered, origin), (0, began_anew(&["work.journal"])));
    assert!(path.join("work.journal").exists());
    assert_eq!(known(&path, &owner("work", "h")).view().len(), 0, "that was decided once and for all");
}

#[test]
fn a_host_that_is_renamed_and_renamed_back_brings_nothing_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    deliver(&mut known(path, &owner("work", "old")), "u1", 10, 1);
    for (host, from) in [("new", "me@old.journal"), ("old", "me@new.journal")] {
        let (delivered, origin) = decided(takeover(path, &owner("work", host)), &[("u1", 10)], &[1]);
        assert_eq!((delivered, origin), (1, took_over(&[from], 1)));
        assert!(!path.join(from).exists(), "or it would be believed when the host is renamed back");
    }
}

#[test]
fn a_server_that_moved_and_renumbered_is_recognised_by_octets_and_headers() {
    let (_folder, path) = former(&[("1", 10, 1), ("2", 20, 2)]);
    let takeover = takeover(&path, &owner("work", "h"));
    assert_eq!(takeover.questions(&listing(&[("a", 20), ("b", 11), ("c", 10)])), [1, 3]);
    let (delivered, origin) = decided(takeover, &[("a", 20), ("b", 11), ("c", 10)], &[2, 9, 1]);
    assert_eq!((delivered, origin), (2, took_over(&["work.journal"], 2)));
}

#[test]
fn without_headers_only_long_unique_ids_with_the_same_octets_tell() {
    for (unique_id, octets, is_same) in
        [("000000001", 10, true), ("00000001", 10, false), ("000000001", 11, false)]
    {
        let (_folder, path) = former(&[(unique_id, 10, 1)]);
        let (_, origin) = decided(takeover(&path, &owner("work", "h")), &[(unique_id, octets)], &[]);
        assert_eq!(matches!(origin, Some(Origin::TookOver { .. })), is_same, "{unique_id}, {octets}");
    }
    // Noted without an identity: the header, though it can be had, tells nothing.
    let (_folder, path) = former(&[("000000001", 10, 0)]);
    let (_, origin) = decided(takeover(&path, &owner("work", "h")), &[("000000001", 10)], &[7]);
    assert_eq!(origin, took_over(&["work.journal"], 1));
}

#[test]
fn ten_headers_from_all_over_the_listing_are_enough() {
    let unique_ids: Vec<String> = (1..=100).map(|number| number.to_string()).collect();
    let messages: Vec<_> = unique_ids.iter().map(|unique_id| (unique_id.as_str(), 10, 1)).collect();
    let (_folder, path) = former(&messages);
    let takeover = takeover(&path, &owner("work", "h"));
    let listed: Vec<_> = messages.iter().map(|(unique_id, octets, _)| (*unique_id, *octets)).collect();
    let questions = takeover.questions(&listing(&listed));
    assert_eq!(questions, [1, 11, 21, 31, 41, 51, 61, 71, 81, 91]);
    // One unique-id was given to another message since: that one is not known.
    let mut identities = [1; 100];
    identities[50] = 9;
    assert_eq!(decided(takeover, &listed, &identities), (99, took_over(&["work.journal"], 99)));
}

#[test]
fn all_journals_that_fit_become_one() {
    let (_folder, path) = former(&[("1", 10, 1), ("2", 20, 2)]);
    write(&path.join("me@H.journal"), &[("2", 20, 2), ("3", 30, 3), ("4", 40, 4)]);
    let owner = Owner { formerly: "me@H".to_owned(), ..owner("work", "h") };
    let mut first = Journal::open(&path.join("work.journal"), NOW + 100).and_then(again).expect("there");
    first.give_up(&[]).expect("nothing");
    first.deliver_to("store:x").expect("noted");
    deliver(&mut first, "5", 50, 5);
    drop(first);
    let messages = [("1", 10), ("2", 20), ("3", 30), ("4", 40), ("5", 50)];
    let (delivered, origin) = decided(takeover(&path, &owner), &messages, &[1, 2, 3, 4, 5]);
    assert_eq!(delivered, 5, "each once");
    assert_eq!(origin, took_over(&["work.journal", "me@H.journal"], 5));
    assert!(!path.join("work.journal").exists() && !path.join("me@H.journal").exists());
    let journal = known(&path, &owner);
    let mut unique_ids: Vec<_> = journal.view().iter().map(|entry| entry.unique_id.to_vec()).collect();
    unique_ids.sort();
    assert_eq!(unique_ids, [b"1", b"2", b"3", b"4", b"5"]);
    assert_eq!(journal.view().delivered_into("store:x"), 1);
    assert!(journal.view().iter().all(|entry| entry.state == State::Delivered));
}

/// Killed before the last step, which gives the first file its name: everything is done again.
#[test]
fn a_takeover_that_was_interrupted_is_done_again() {
    for is_other_removed in [false, true] {
        let (_folder, path) = former(&[("1", 10, 1), ("2", 20, 2)]);
        write(&path.join("me@H.journal"), &[("2", 20, 2), ("3", 30, 3)]);
        let other = Journal::peek(&path.join("me@H.journal")).expect("readable").expect("there");
        let mut first = Journal::open(&path.join("work.journal"), NOW).and_then(again).expect("there");
        assert_eq!(first.take_over(&other).expect("taken over"), 1);
        drop(first);
        if is_other_removed {
            std::fs::remove_file(path.join("me@H.journal")).expect("removed");
        }
        let owner = Owner { formerly: "me@H".to_owned(), ..owner("work", "h") };
        let messages = [("1", 10), ("2", 20), ("3", 30)];
        assert_eq!(decided(takeover(&path, &owner), &messages, &[1, 2, 3]).0, 3, "each once");
        assert_eq!(known(&path, &owner).view().len(), 3);
    }
}

#[test]
fn what_is_taken_over_keeps_the_earlier_time_and_the_more_certain_state() {
    let (_folder, path) = former(&[]);
    let at = |name: &str, now: i64| Journal::open(&path.join(name), now).and_then(again).expect("a journal");
    let mut first = at("first.journal", NOW);
    first.seen(&[(b"a", Some(1)), (b"b", Some(2)), (b"d", Some(4))]).expect("noted");
    let mut other = at("other.journal", NOW - 500);
    other.seen(&[(b"b", Some(2)), (b"c", Some(3))]).expect("noted");
    deliver(&mut other, "a", 1, 1);
    first.take_over(other.view()).expect("taken over");
    let mut known: Vec<_> = first
        .view()
        .iter()
        .map(|entry| {
            (entry.unique_id.to_vec(), entry.state == State::Delivered, entry.first_seen < NOW - 400)
        })
        .collect();
    known.sort();
    let expected = [(b"a", true, true), (b"b", false, true), (b"c", false, true), (b"d", false, false)];
    assert_eq!(known, expected.map(|(unique_id, is, early)| (unique_id.to_vec(), is, early)));
}

#[test]
fn a_link_and_the_file_behind_it_are_one_journal() {
    let (_folder, path) = former(&[("1", 10, 1)]);
    std::os::unix::fs::symlink("work.journal", path.join("me@H.journal")).expect("linked");
    let owner = Owner { formerly: "me@H".to_owned(), ..owner("work", "h") };
    let (delivered, origin) = decided(takeover(&path, &owner), &[("1", 10)], &[1]);
    assert_eq!((delivered, origin), (1, took_over(&["work.journal"], 1)));
}

#[test]
fn a_linked_journal_is_taken_over_with_its_link() {
    let (_folder, path) = former(&[("1", 10, 1)]);
    std::fs::rename(path.join("work.journal"), path.join("elsewhere")).expect("moved");
    std::os::unix::fs::symlink("elsewhere", path.join("work.journal")).expect("linked");
    assert_eq!(decided(takeover(&path, &owner("work", "h")), &[("1", 10)], &[1]).0, 1);
    assert!(path.join("me@h.journal").is_symlink());
    assert_eq!(known(&path, &owner("work", "h")).view().delivered(), 1);
}

#[test]
fn a_journal_of_0_1_that_knows_only_what_is_gone_is_taken_over_silently() {
    let (_folder, path) = former(&[("1", 10, 1)]);
    let mut journal = Journal::open(&path.join("work.journal"), NOW).and_then(again).expect("there");
    let ids: Vec<_> = journal.view().iter().map(|entry| entry.id).collect();
    journal.gone(&ids).expect("noted");
    drop(journal);
    assert_eq!(decided(takeover(&path, &owner("work", "h")), &[("1", 10)], &[9]), (0, None));
    assert_eq!(known(&path, &owner("work", "h")).view().len(), 1, "the tombstone");
}

#[test]
fn another_run_that_holds_a_candidate_is_waited_for() {
    let (_folder, path) = former(&[("1", 10, 1)]);
    let held = Journal::open(&path.join("work.journal"), NOW).expect("free");
    let error = open(&path, &owner("work", "h"), NOW, &mut again).expect_err("held");
    assert_eq!(error.kind(), Kind::AlreadyRunning);
    assert!(!path.join("me@h.journal").exists(), "the key stays new");
    drop(held);
    drop(takeover(&path, &owner("work", "h")));
}

#[test]
fn names_that_cannot_be_read_or_written_stop_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("names")).expect("made");
    deliver(&mut known(folder.path(), &owner("work", "h")), "u", 1, 1);
    std::fs::remove_dir(folder.path().join("names")).expect("removed");
    std::fs::write(folder.path().join("names"), "work\t../../etc/x.journal\nwork\nx\t.y.journal\n")
        .expect("written");
    assert_eq!(candidates_of(folder.path(), &owner("work", "new")).len(), 0);
    assert_eq!(known(folder.path(), &owner("work", "h")).view().delivered(), 1);
}

/// With 0.1 the first command of the README made a journal of the key's name, and a configured account another.
#[test]
fn a_journal_under_the_key_takes_over_what_the_account_of_0_1_knows() {
    let (_folder, path) = former(&[("1", 10, 1), ("2", 20, 2)]);
    write(&path.join("me@h.journal"), &[("2", 20, 2), ("3", 30, 3)]);
    let messages = [("1", 10), ("2", 20), ("3", 30)];
    let (delivered, origin) = decided(takeover(&path, &owner("work", "h")), &messages, &[1, 2, 3]);
    assert_eq!((delivered, origin), (3, took_over(&["work.journal"], 3)));
    assert!(!path.join("work.journal").exists());
    assert_eq!(known(&path, &owner("work", "h")).view().len(), 3);
}

#[test]
fn a_journal_under_the_key_stays_alone_where_the_other_is_another_maildrop() {
    let (_folder, path) = former(&[("1", 10, 1)]);
    write(&path.join("me@h.journal"), &[("1", 10, 2)]);
    assert_eq!(decided(takeover(&path, &owner("work", "h")), &[("1", 10)], &[2]), (1, None));
    assert!(path.join("work.journal").exists());
    assert_eq!(known(&path, &owner("work", "h")).view().len(), 1, "that was decided once and for all");
}

/// A unique-id that stands for a message once gone and for one that is there: both are known to the other
/// journal, and this one has only seen the unique-id.
#[test]
fn several_messages_of_one_unique_id_are_taken_over_and_the_file_stays_readable() {
    let (_folder, path) = former(&[]);
    let mut first = Journal::open(&path.join("work.journal"), NOW).and_then(again).expect("there");
    first.seen(&[(b"u", Some(10))]).expect("noted");
    let mut other = Journal::open(&path.join("other.journal"), NOW).and_then(again).expect("there");
    deliver(&mut other, "u", 10, 1);
    let ids: Vec<_> = other.view().iter().map(|entry| entry.id).collect();
    other.gone(&ids).expect("noted");
    deliver(&mut other, "u", 10, 2);
    first.take_over(other.view()).expect("taken over");
    drop(first);
    let journal = Journal::open(&path.join("work.journal"), NOW).and_then(again).expect("readable");
    let states: Vec<State> = journal.view().iter().map(|entry| entry.state).collect();
    assert_eq!((states.len(), states.contains(&State::Delivered)), (2, true), "{states:?}");
}

/// Two maildrops that share most of their mail: what the headers disprove is not known.
#[test]
fn what_a_header_disproves_is_not_taken_for_known() {
    let (_folder, path) = former(&[("1", 10, 1), ("2", 10, 2), ("3", 10, 3)]);
    let takeover = takeover(&path, &owner("work", "h"));
    let messages = [("1", 10), ("2", 10), ("3", 10)];
    let (delivered, origin) = decided(takeover, &messages, &[1, 2, 9]);
    assert_eq!(delivered, 2, "the message that is called 3 here is another one");
    assert!(matches!(origin, Some(Origin::TookOver { .. })));
}

/// Killed behind that last step, before the others were removed and the name was remembered.
#[test]
fn a_takeover_that_was_interrupted_at_its_end_is_done_again() {
    let (_folder, path) = former(&[("1", 10, 1), ("2", 20, 2)]);
    write(&path.join("me@H.journal"), &[("2", 20, 2), ("3", 30, 3), ("4", 40, 4)]);
    std::fs::copy(path.join("work.journal"), path.join("saved")).expect("copied");
    let owner = Owner { formerly: "me@H".to_owned(), ..owner("work", "h") };
    let messages = [("1", 10), ("2", 20), ("3", 30)];
    assert_eq!(decided(takeover(&path, &owner), &messages, &[1, 2, 3]).0, 4);
    std::fs::rename(path.join("saved"), path.join("work.journal")).expect("renamed");
    std::fs::remove_file(path.join("names")).expect("removed");
    assert_eq!(decided(takeover(&path, &owner), &messages, &[1, 2, 3]).0, 4);
    assert_eq!(known(&path, &owner).view().len(), 4, "each once");
}
