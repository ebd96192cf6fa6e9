//! What a Maildir holds after each way a delivery can go.

use super::*;
use crate::delivery::conditions::on_a_small_disk;
use proptest::prelude::*;
use std::os::unix::fs::PermissionsExt;

fn maildir() -> (tempfile::TempDir, Maildir) {
    let home = tempfile::tempdir().unwrap();
    let maildir = Maildir::open(&home.path().join("mail/inbox"), "0badcafe").unwrap();
    (home, maildir)
}

fn begun(maildir: &Maildir, chunks: &[&[u8]]) -> MaildirDelivery {
    let mut delivery = maildir.begin().unwrap();
    chunks.iter().for_each(|chunk| delivery.write(chunk).unwrap());
    delivery
}

fn count(maildir: &Maildir, part: &str) -> usize {
    fs::read_dir(maildir.directory.join(part)).unwrap().count()
}

fn delivered(maildir: &Maildir, chunks: &[&[u8]]) -> Vec<u8> {
    let batch = maildir.prepare(vec![begun(maildir, chunks)]).unwrap();
    let [Place::Maildir { name, .. }] = batch.places() else { panic!("one place") };
    let file = maildir.directory.join("new").join(name);
    assert!(matches!(batch.publish().unwrap().as_slice(), [Receipt::Delivered]));
    fs::read(file).unwrap()
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
        assert!(delivered(&maildir, &[wire]) == text, "{:?}", &wire[..wire.len().min(40)]);
    }
    assert_eq!((count(&maildir, "tmp"), count(&maildir, "new")), (0, cases.len()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn any_chunking_gives_the_same_file(wire in proptest::collection::vec(any::<u8>(), 0..2000), size in 1_usize..500) {
        let (_home, maildir) = maildir();
        let wire = [&wire[..], b"\r\n\r\n", &wire].concat();
        let chunks: Vec<&[u8]> = wire.chunks(size).collect();
        prop_assert_eq!(delivered(&maildir, &chunks), delivered(&maildir, &[&wire]));
    }
}

#[test]
fn counts_the_bytes_of_the_wire() {
    let (_home, maildir) = maildir();
    assert_eq!(begun(&maildir, &[b"a\r\n", b"b\r\n"]).bytes(), 6);
}

#[test]
fn a_dropped_delivery_leaves_nothing() {
    let (_home, maildir) = maildir();
    let delivery = begun(&maildir, &[&[b'x'; 3 * BUFFER]]);
    assert_eq!(count(&maildir, "tmp"), 1);
    drop(delivery);
    assert_eq!(count(&maildir, "tmp"), 0);
}

#[test]
fn a_dropped_batch_leaves_its_files_to_speak() {
    let (_home, maildir) = maildir();
    drop(maildir.prepare(vec![begun(&maildir, &[b"x"]), begun(&maildir, &[b"y"])]).unwrap());
    assert_eq!((count(&maildir, "tmp"), count(&maildir, "new")), (2, 0));
}

#[test]
fn a_message_cleared_from_tmp_is_refused_alone() {
    let (_home, maildir) = maildir();
    let batch = maildir.prepare(vec![begun(&maildir, &[b"x"]), begun(&maildir, &[b"y"])]).unwrap();
    let [Place::Maildir { name, .. }, _] = batch.places() else { panic!("two places") };
    fs::remove_file(maildir.directory.join("tmp").join(name)).unwrap();
    let receipts = batch.publish().unwrap();
    assert!(matches!(receipts.as_slice(), [Receipt::Refused(_), Receipt::Delivered]), "{receipts:?}");
}

#[test]
fn a_missing_new_is_an_error_and_loses_nothing() {
    let (_home, maildir) = maildir();
    let batch = maildir.prepare(vec![begun(&maildir, &[b"x"])]).unwrap();
    fs::remove_dir(maildir.directory.join("new")).unwrap();
    let error = batch.publish().unwrap_err();
    assert!(error.to_string().starts_with("could not move "), "{error}");
    assert_eq!(count(&maildir, "tmp"), 1);
}

#[test]
fn creates_a_maildir_for_its_owner_only() {
    let (home, maildir) = maildir();
    for part in ["", "cur", "new", "tmp"] {
        let mode = fs::metadata(maildir.directory.join(part)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{part}");
    }
    let delivery = begun(&maildir, &[b"x"]);
    assert_eq!(delivery.file.as_ref().unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
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
    assert!(error.own_hint().is_some());
    assert!(!home.path().join("cur").exists());
    let error = Maildir::open(&home.path().join("letter.txt/inbox"), "0badcafe").unwrap_err();
    assert_eq!(error.kind(), Kind::Create);
}

#[test]
fn a_tmp_one_cannot_write_into_is_named() {
    let (_home, maildir) = maildir();
    let tmp = maildir.directory.join("tmp");
    fs::remove_dir(&tmp).unwrap();
    fs::write(&tmp, "in the way").unwrap();
    let error = maildir.begin().unwrap_err();
    assert_eq!(error.kind(), Kind::Create);
    assert!(error.to_string().contains(tmp.to_str().unwrap()), "{error}");
}

#[test]
fn a_full_disk_undoes_the_message() {
    on_a_small_disk("delivery::maildir::tests::a_full_disk_undoes_the_message", |disk| {
        let maildir = Maildir::open(&disk.join("inbox"), "0badcafe").unwrap();
        assert_eq!(delivered(&maildir, &[b"before\r\n"]), b"before\n");
        let mut delivery = maildir.begin().unwrap();
        let error = (0..100).find_map(|_| delivery.write(&[b'x'; 8192]).err()).unwrap();
        assert_eq!(error.kind(), Kind::DiskFull);
        assert!(error.to_string().starts_with("could not write "), "{error}");
        drop(delivery);
        assert_eq!((count(&maildir, "tmp"), count(&maildir, "new")), (0, 1));
        assert_eq!(delivered(&maildir, &[b"after\r\n"]), b"after\n");
    });
}
