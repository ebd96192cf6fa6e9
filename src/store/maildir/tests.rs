//! What a Maildir holds after each way a delivery can go.

use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;

use super::batch::BUFFER;
use super::*;
use crate::store::conditions::on_a_small_disk;
use crate::store::tests::{deliver, filled, published};
use crate::store::{Place, Receipt};

fn maildir() -> (tempfile::TempDir, Maildir) {
    let home = tempfile::tempdir().unwrap();
    let maildir = Maildir::open(&home.path().join("mail/inbox"), "0badcafe").unwrap();
    (home, maildir)
}

fn count(maildir: &Maildir, part: &str) -> usize {
    fs::read_dir(maildir.folders.directory.join(part)).unwrap().count()
}

fn file_of(maildir: &Maildir, part: &str, place: &Place) -> PathBuf {
    let Place::Maildir { name, .. } = place else { panic!("a Maildir") };
    maildir.folders.directory.join(part).join(name)
}

/// What the message's file holds when it is delivered.
fn delivered(maildir: &Maildir, message: &[u8], size: usize) -> Vec<u8> {
    let mut batch = filled(maildir, &[message], size);
    let places = batch.prepare().unwrap();
    let (receipts, ended) = published(batch);
    ended.unwrap();
    assert!(matches!(&receipts[..], [(0, Receipt::Delivered)]), "{receipts:?}");
    fs::read(file_of(maildir, "new", &places[0])).unwrap()
}

#[test]
fn every_byte_arrives() {
    let (_home, maildir) = maildir();
    let long = [b"Subject: long\r\n\r\n".as_slice(), &vec![b'x'; 3_000_000], b"\r\n"].concat();
    let long_text = [b"Subject: long\n\n".as_slice(), &vec![b'x'; 3_000_000], b"\n"].concat();
    let cases: [(&[u8], &[u8]); 7] = [
        (b"", b""),
        (b"a: b\r\n\r\n\xe4\xff\x80\r\n", b"a: b\n\n\xe4\xff\x80\n"),
        (b"nul \0 nul\r\n", b"nul \0 nul\n"),
        (b"bare \r cr\rend\r", b"bare \r cr\rend\r"),
        (b"bare \n lf\r\n", b"bare \n lf\n"),
        (b"From me\r\n.\r\nno final line end", b"From me\n.\nno final line end"),
        (&long, &long_text),
    ];
    for (wire, text) in cases {
        assert!(delivered(&maildir, wire, 4096) == text, "{:?}", &wire[..wire.len().min(40)]);
    }
    assert_eq!((count(&maildir, "tmp"), count(&maildir, "new")), (0, cases.len()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn any_chunking_gives_the_same_file(wire in proptest::collection::vec(any::<u8>(), 0..2000), size in 1_usize..500) {
        let (_home, maildir) = maildir();
        let wire = [&wire[..], b"\r\n\r\n", &wire].concat();
        prop_assert_eq!(delivered(&maildir, &wire, size), delivered(&maildir, &wire, 100_000));
    }
}

#[test]
fn a_message_that_is_dropped_before_its_batch_is_prepared_leaves_nothing() {
    let (_home, maildir) = maildir();
    let mut batch = filled(&maildir, &[b"x", b"y"], 9);
    batch.begin().unwrap();
    batch.write(&[b'x'; 3 * BUFFER]).unwrap();
    assert_eq!(count(&maildir, "tmp"), 3);
    batch.begin().unwrap();
    assert_eq!(count(&maildir, "tmp"), 3, "the one that was not finished is gone");
    batch.abandon();
    batch.make_durable().unwrap();
    batch.discard(0);
    assert_eq!(count(&maildir, "tmp"), 1);
    drop(batch);
    assert_eq!(count(&maildir, "tmp"), 0);
}

#[test]
fn a_batch_that_is_dropped_after_it_was_prepared_leaves_its_files_to_settling() {
    let (_home, maildir) = maildir();
    let mut batch = filled(&maildir, &[b"x", b"y"], 9);
    batch.prepare().unwrap();
    batch.discard(0);
    drop(batch);
    assert_eq!((count(&maildir, "tmp"), count(&maildir, "new")), (2, 0));
}

/// The kernel reports a lost write to whoever flushes next, and to nobody after that.
#[test]
fn a_flush_that_failed_is_remembered_for_all_that_was_written_before_it() {
    let (_home, maildir) = maildir();
    let mut before = filled(&maildir, &[b"x"], 9);
    let failed: Result<()> = Err(Error::new(Kind::Io, "could not flush the disk"));
    assert!(maildir.folders.note(failed).is_err());
    for _ in 0..2 {
        assert!(before.make_durable().is_err() && before.prepare().is_err());
    }
    drop(before);
    assert_eq!(count(&maildir, "tmp"), 0);
    deliver(&maildir, &[b"y"]);
}

#[test]
fn a_message_cleared_from_tmp_is_refused_alone() {
    let (_home, maildir) = maildir();
    let mut batch = filled(&maildir, &[b"x", b"y"], 9);
    let places = batch.prepare().unwrap();
    fs::remove_file(file_of(&maildir, "tmp", &places[0])).unwrap();
    let (receipts, ended) = published(batch);
    ended.unwrap();
    assert!(matches!(&receipts[..], [(0, Receipt::Refused(_)), (1, Receipt::Delivered)]), "{receipts:?}");
}

#[test]
fn a_missing_new_is_an_error_and_loses_nothing() {
    let (_home, maildir) = maildir();
    let mut batch = filled(&maildir, &[b"x"], 9);
    batch.prepare().unwrap();
    fs::remove_dir(maildir.folders.new_path()).unwrap();
    let (receipts, ended) = published(batch);
    let error = ended.unwrap_err();
    assert!(error.to_string().starts_with("could not move "), "{error}");
    assert!(receipts.is_empty(), "{receipts:?}");
    assert_eq!(count(&maildir, "tmp"), 1);
}

/// The error of one move must not take the receipts of those before it along.
#[test]
fn what_was_moved_before_a_failure_has_its_receipt() {
    let (_home, maildir) = maildir();
    let mut batch = filled(&maildir, &[b"x", b"y", b"z"], 9);
    let places = batch.prepare().unwrap();
    // Something else of the second's name, which is never replaced.
    fs::create_dir(file_of(&maildir, "new", &places[1])).unwrap();
    let (receipts, ended) = published(batch);
    assert!(ended.unwrap_err().to_string().starts_with("could not move "));
    assert!(matches!(&receipts[..], [(0, Receipt::Delivered)]), "{receipts:?}");
    assert_eq!(count(&maildir, "tmp"), 2);
}

#[test]
fn creates_a_maildir_for_its_owner_only() {
    let (home, maildir) = maildir();
    for part in ["", "cur", "new", "tmp"] {
        let mode = fs::metadata(maildir.folders.directory.join(part)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{part}");
    }
    let place = &deliver(&maildir, &[b"x"])[0];
    assert_eq!(fs::metadata(file_of(&maildir, "new", place)).unwrap().permissions().mode() & 0o777, 0o600);
    let empty = home.path().join("empty");
    fs::create_dir_all(empty.join("cur")).unwrap();
    Maildir::open(&empty, "0badcafe").unwrap();
    assert!(empty.join("new").is_dir() && empty.join("tmp").is_dir());
}

#[test]
fn refuses_a_folder_that_is_no_maildir() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("letter.txt"), "x").unwrap();
    let error = Maildir::open(home.path(), "0badcafe").unwrap_err();
    assert_eq!(error.kind(), Kind::Create);
    assert_eq!(error.advice(), Some(&Run::NotAMaildir.into()));
    assert!(!home.path().join("cur").exists());
    let error = Maildir::open(&home.path().join("letter.txt/inbox"), "0badcafe").unwrap_err();
    assert_eq!(error.kind(), Kind::Create);
}

#[test]
fn a_tmp_one_cannot_write_into_is_named() {
    let (_home, maildir) = maildir();
    let tmp = maildir.folders.directory.join("tmp");
    fs::remove_dir(&tmp).unwrap();
    fs::write(&tmp, "in the way").unwrap();
    let error = maildir.batch().begin().unwrap_err();
    assert_eq!(error.kind(), Kind::Create);
    assert!(error.to_string().contains(tmp.to_str().unwrap()), "{error}");
}

#[test]
fn a_message_too_large_for_the_disk_leaves_its_space_to_the_others_of_its_batch() {
    let name =
        "store::maildir::tests::a_message_too_large_for_the_disk_leaves_its_space_to_the_others_of_its_batch";
    on_a_small_disk(name, |disk| {
        let maildir = Maildir::open(&disk.join("inbox"), "0badcafe").unwrap();
        let mut batch = filled(&maildir, &[b"before\r\n"], 9);
        batch.begin().unwrap();
        let error = (0..100).find_map(|_| batch.write(&[b'x'; 8192]).err()).unwrap();
        assert_eq!(error.kind(), Kind::DiskFull);
        assert!(error.to_string().starts_with("could not write "), "{error}");
        assert_eq!(count(&maildir, "tmp"), 1);
        batch.abandon();
        batch.begin().unwrap();
        batch.write(&[b'y'; 100_000]).unwrap();
        batch.finish().unwrap();
        assert_eq!(batch.prepare().unwrap().len(), 2);
        published(batch).1.unwrap();
        assert_eq!((count(&maildir, "tmp"), count(&maildir, "new")), (0, 2));
    });
}

#[test]
fn opening_removes_what_an_interrupted_run_left_in_tmp() {
    let (home, maildir) = maildir();
    let left =
        maildir.folders.tmp_path().join(format!("1000000000.M1P1Q1_0badcafe.{}", crate::sys::host::name()));
    fs::write(&left, "x").unwrap();
    crate::store::tests::opened(&crate::store::Spec::Maildir(home.path().join("mail/inbox")));
    assert!(!left.exists());
}
