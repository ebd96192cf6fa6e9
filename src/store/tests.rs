//! What holds for every store: batches one after the other, and settling them together.

use std::fs;
use std::path::Path;

use super::*;
use crate::advice::Run;

/// Opens a store as a run does.
pub(super) fn opened(spec: &Spec) -> Box<dyn Store> {
    let opening = Opening { tag: "0badcafe".to_owned(), stop: Stop::new(), timeout: Duration::from_secs(60) };
    open(spec, &opening).unwrap()
}

/// A batch with those messages, each written in pieces of that size.
pub(super) fn filled(store: &dyn Store, messages: &[&[u8]], size: usize) -> Box<dyn Batch> {
    let mut batch = store.batch();
    for message in messages {
        batch.begin().unwrap();
        message.chunks(size).for_each(|chunk| batch.write(chunk).unwrap());
        batch.finish().unwrap();
    }
    assert_eq!(batch.len(), messages.len());
    batch
}

/// Publishes a prepared batch: the receipts by position, in the order they came in, and how it ended.
pub(super) fn published(batch: Box<dyn Batch>) -> (Vec<(usize, Receipt)>, Result<()>) {
    let mut receipts = Vec::new();
    let ended = batch.publish(&mut |position, receipt| {
        receipts.push((position, receipt));
        Ok(())
    });
    (receipts, ended)
}

/// Takes messages all the way in, and says where they stand.
#[track_caller]
pub(super) fn deliver(store: &dyn Store, messages: &[&[u8]]) -> Vec<Place> {
    let mut batch = filled(store, messages, 4096);
    let places = batch.prepare().unwrap();
    assert_eq!(places.len(), messages.len());
    let (receipts, ended) = published(batch);
    ended.unwrap();
    assert_eq!(receipts.len(), messages.len());
    assert!(receipts.iter().all(|(_, receipt)| matches!(receipt, Receipt::Delivered)), "{receipts:?}");
    places
}

/// One store of each sort in that folder.
fn stores(home: &Path) -> [Spec; 3] {
    let command = format!("cat >> '{}'", home.join("out").display());
    [Spec::Maildir(home.join("maildir")), Spec::Mbox(home.join("mbox")), Spec::Command(command)]
}

/// All that the store holds.
fn held(home: &Path, spec: &Spec) -> String {
    match spec {
        Spec::Maildir(path) => {
            let mut files: Vec<_> =
                fs::read_dir(path.join("new")).unwrap().map(|entry| entry.unwrap().path()).collect();
            files.sort();
            files.iter().map(|file| fs::read_to_string(file).unwrap()).collect()
        }
        Spec::Mbox(path) => fs::read_to_string(path).unwrap_or_default(),
        Spec::Command(_) => fs::read_to_string(home.join("out")).unwrap_or_default(),
    }
}

#[test]
fn abandoned_and_discarded_messages_take_no_other_with_them() {
    let home = tempfile::tempdir().unwrap();
    for spec in stores(home.path()) {
        let store = opened(&spec);
        let mut batch = filled(&*store, &[b"a: 1\r\n", b"a: 2\r\n"], 3);
        batch.begin().unwrap();
        batch.write(&[b'x'; 100_000]).unwrap();
        batch.abandon();
        batch.abandon();
        assert!(batch.write(b"x").is_err() && batch.finish().is_err(), "{spec}: none was begun");
        for text in [b"a: 3\r\n", b"a: 4\r\n"] {
            batch.begin().unwrap();
            batch.write(text).unwrap();
            batch.finish().unwrap();
        }
        assert_eq!(batch.len(), 4);
        batch.discard(1);
        batch.make_durable().unwrap();
        batch.discard(2);
        batch.discard(99);
        assert_eq!(batch.len(), 4);
        assert_eq!(batch.prepare().unwrap().len(), 2, "{spec}");
        let (receipts, ended) = published(batch);
        ended.unwrap();
        assert_eq!(receipts.iter().map(|(position, _)| *position).collect::<Vec<_>>(), [0, 1], "{spec}");
        let held = held(home.path(), &spec);
        assert!(held.contains("a: 1\n") && held.contains("a: 4\n"), "{spec}: {held}");
        assert!(!held.contains("a: 2") && !held.contains("a: 3") && !held.contains("xxx"), "{spec}: {held}");
    }
}

#[test]
fn an_empty_batch_delivers_nothing() {
    let home = tempfile::tempdir().unwrap();
    for spec in stores(home.path()) {
        let store = opened(&spec);
        let mut batch = store.batch();
        assert!(batch.is_empty());
        batch.make_durable().unwrap();
        assert_eq!(batch.prepare().unwrap(), []);
        let (receipts, ended) = published(batch);
        assert!(receipts.is_empty() && ended.is_ok());
        assert_eq!(held(home.path(), &spec), "");
    }
}

#[test]
fn what_each_fails_with_ends_the_batch() {
    let home = tempfile::tempdir().unwrap();
    for spec in stores(home.path()) {
        let store = opened(&spec);
        let mut batch = filled(&*store, &[b"a: 1\r\n", b"a: 2\r\n", b"a: 3\r\n"], 100);
        batch.prepare().unwrap();
        let mut told = Vec::new();
        let ended = batch.publish(&mut |position, _| {
            told.push(position);
            if position == 1 { Err(Error::new(Kind::Io, "the journal is full")) } else { Ok(()) }
        });
        assert_eq!(ended.unwrap_err().to_string(), "the journal is full");
        assert_eq!(told, [0, 1], "{spec}");
        if let Spec::Command(_) = spec {
            assert!(!held(home.path(), &spec).contains("a: 3"), "handed over behind a receipt that was lost");
        }
    }
}

#[test]
fn answers_come_in_the_order_of_the_questions() {
    let home = tempfile::tempdir().unwrap();
    let [maildir, mbox, _] = stores(home.path());
    let (maildir, mbox) = (opened(&maildir), opened(&mbox));
    let in_mbox = deliver(&*mbox, &[b"Subject: 1\r\n\r\nbody\r\n"]);
    let in_maildir = filled(&*maildir, &[b"Subject: 2\r\n\r\n", b"Subject: 3\r\n\r\n"], 9).prepare().unwrap();
    let absent = filled(&*mbox, &[b"Subject: 4\r\n\r\n"], 9).prepare().unwrap();

    let places = [&Place::Handed, &in_maildir[1], &in_mbox[0], &absent[0], &in_maildir[0]];
    let items: Vec<Unsettled<'_>> = places.iter().map(|place| unsettled(place)).collect();
    use Settled::{Again, Delivered};
    assert_eq!(settle(&items, None, &Stop::new()).unwrap(), [Again, Delivered, Delivered, Again, Delivered]);
    assert_eq!(fs::read_dir(home.path().join("maildir/new")).unwrap().count(), 2);
    assert_eq!(settle(&[], None, &Stop::new()).unwrap(), []);
}

fn unsettled(place: &Place) -> Unsettled<'_> {
    Unsettled { place, age: Duration::from_secs(60), identity: None }
}

/// A destination that was given up must not block the account for ever; one that is in use may only be unmounted.
#[test]
fn a_store_that_is_gone_is_an_error_only_where_the_run_delivers_to_it() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("disk");
    for spec in [Spec::Maildir(folder.join("in")), Spec::Mbox(folder.join("mbox"))] {
        let store = opened(&spec);
        let places = filled(&*store, &[b"Subject: 1\r\n\r\n"], 9).prepare().unwrap();
        drop(store);
        fs::remove_dir_all(&folder).unwrap();
        let items = [unsettled(&places[0])];
        let other = Spec::Maildir(home.path().join("other"));
        for own in [None, Some(&other)] {
            assert_eq!(settle(&items, own, &Stop::new()).unwrap(), [Settled::Again], "{spec}");
        }
        for result in [settle(&items, Some(&spec), &Stop::new()), spec.settle(&items, &Stop::new())] {
            let error = result.unwrap_err();
            assert_eq!(error.kind(), Kind::Io);
            assert!(error.to_string().contains(folder.to_str().unwrap()), "{error}");
            assert_eq!(error.advice(), Some(&Run::MissingStore.into()));
        }
        assert!(!folder.exists(), "looking creates nothing");
    }
}

#[test]
fn a_place_names_the_store_that_its_spec_does() {
    let home = tempfile::tempdir().unwrap();
    let home = fs::canonicalize(home.path()).unwrap();
    fs::create_dir(home.join("disk")).unwrap();
    std::os::unix::fs::symlink("disk", home.join("link")).unwrap();
    for spec in [
        Spec::Maildir(home.join("in/")),
        Spec::Mbox(home.join("mbox")),
        Spec::Mbox(home.join("link/mbox")),
        Spec::Command("true".to_owned()),
    ] {
        let store = opened(&spec);
        // Before the file is there, and after.
        for _ in 0..2 {
            let place = &deliver(&*store, &[b"a: b\r\n"])[0];
            if let Spec::Command(_) = spec {
                assert_eq!(place.store(), "command:");
                continue;
            }
            assert_eq!(place.store(), spec.canonical());
        }
    }
    let (link, file) = (Spec::Mbox(home.join("link/mbox")), home.join("disk/mbox"));
    assert_eq!(link.canonical(), format!("mbox:{}", file.display()));
    // Not mounted: still the same.
    fs::remove_dir_all(home.join("disk")).unwrap();
    assert_eq!(link.canonical(), format!("mbox:{}", file.display()));
}
