//! What an mbox holds after each way a delivery can go.

use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;

use super::checksum::Checksum;
use super::*;
use crate::error::Phase;
use crate::store::conditions::{on_a_small_disk, without_privileges};
use crate::store::tests::{deliver, filled, published};
use crate::store::{Place, Receipt, Refusal, Settled, Spec, Unsettled};

fn opened(path: &Path) -> Mbox {
    Mbox::open(path, &Stop::new()).unwrap()
}

fn mbox() -> (tempfile::TempDir, Mbox) {
    let home = tempfile::tempdir().unwrap();
    let mbox = opened(&home.path().join("mail/inbox"));
    (home, Mbox { lock_timeout: Duration::from_millis(30), ..mbox })
}

fn prepared(mbox: &Mbox, messages: &[&[u8]], size: usize) -> Result<(Box<dyn Batch>, Vec<Place>)> {
    let mut batch = filled(mbox, messages, size);
    batch.prepare().map(|places| (batch, places))
}

/// Publishes a batch that goes well.
#[track_caller]
fn publish(batch: Box<dyn Batch>) {
    let (receipts, ended) = published(batch);
    ended.unwrap();
    assert!(receipts.iter().all(|(_, receipt)| matches!(receipt, Receipt::Delivered)), "{receipts:?}");
}

/// The messages as another program reads them: split before `From ` lines, unquoted, without the
/// blank line that separates.
fn read_back(file: &[u8]) -> Vec<Vec<u8>> {
    let mut messages: Vec<Vec<u8>> = Vec::new();
    for line in file.split_inclusive(|byte| *byte == b'\n') {
        let quotes = line.iter().take_while(|byte| **byte == b'>').count();
        if line.starts_with(b"From ") {
            messages.push(Vec::new());
        } else {
            let quoted = quotes > 0 && line[quotes..].starts_with(b"From ");
            messages.last_mut().expect("a From_ line first").extend_from_slice(&line[usize::from(quoted)..]);
        }
    }
    for message in &mut messages {
        assert_eq!(message.pop(), Some(b'\n'), "a blank line ends each");
    }
    messages
}

#[test]
fn looks_like_an_mbox() {
    let (_home, mbox) = mbox();
    let first =
        b"From: Me <me@x>\r\nDate: Fri, 21 Nov 1997 09:55:06 -0600\r\n\r\nFrom here\r\n>From there\r\n";
    deliver(&mbox, &[first]);
    deliver(&mbox, &[b"Return-Path: <you@y>\r\nDate: 1 Feb 2025 12:00 GMT\r\n\r\n"]);
    let expected = "From me@x Fri Nov 21 15:55:06 1997\n\
        From: Me <me@x>\nDate: Fri, 21 Nov 1997 09:55:06 -0600\n\n>From here\n>>From there\n\n\
        From you@y Sat Feb  1 12:00:00 2025\n\
        Return-Path: <you@y>\nDate: 1 Feb 2025 12:00 GMT\n\n\n";
    assert_eq!(fs::read_to_string(&mbox.file).unwrap(), expected);
    assert_eq!(fs::read_dir(&mbox.folder).unwrap().count(), 1, "no lock, no temporary file");
}

#[test]
fn every_byte_comes_back() {
    let (_home, mbox) = mbox();
    let long = [b"Subject: long\r\n\r\n".as_slice(), &vec![b'>'; 3_000_000], b"\r\n"].concat();
    let long_text = [b"Subject: long\n\n".as_slice(), &vec![b'>'; 3_000_000], b"\n"].concat();
    let cases: [(&[u8], &[u8]); 10] = [
        (b"", b""),
        (b"a: b\r\n\r\n\xe4\xff\x80\r\n", b"a: b\n\n\xe4\xff\x80\n"),
        (b"\r\nnul \0 nul\r\n", b"\nnul \0 nul\n"),
        (b"bare \r cr\rend\r\r\n", b"bare \r cr\rend\r\n"),
        (b"bare \nFrom lf\r\n", b"bare \nFrom lf\n"),
        (b"From me\r\n\r\n>>>From you\r\n", b"From me\n\n>>>From you\n"),
        (b"no final line end", b"no final line end\n"),
        (b"a: b\r\n\r\nFrom", b"a: b\n\nFrom\n"),
        (b"a: b\r\n\r\n\r\n\r\n", b"a: b\n\n\n\n"),
        (&long, &long_text),
    ];
    let wires: Vec<&[u8]> = cases.iter().map(|(wire, _)| *wire).collect();
    deliver(&mbox, &wires);
    let back = read_back(&fs::read(&mbox.file).unwrap());
    assert_eq!(back.len(), cases.len());
    for ((wire, text), back) in cases.iter().zip(back) {
        assert!(back == *text, "{:?}", &wire[..wire.len().min(40)]);
    }
}

const PIECES: &[&[u8]] = &[b"From ", b">", b"\r\n", b"\r", b"\n", b"\0x", b"a: b\r\n"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn any_chunking_gives_the_same_range(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..60),
        size in 1_usize..20,
    ) {
        let (_home, mbox) = mbox();
        let wire = [b"Date: 1 Feb 2025 12:00 GMT\r\n", &pieces.concat()[..]].concat();
        let place = |size: usize| prepared(&mbox, &[&wire], size).unwrap().1;
        prop_assert_eq!(place(size), place(100_000));
        deliver(&mbox, &[&wire]);
        let mut text = wire.clone();
        while let Some(at) = text.windows(2).position(|pair| pair == b"\r\n") {
            // Marked first, so that the CR before a pair does not make another with its LF.
            text.splice(at..at + 2, *b"\xff");
        }
        text.iter_mut().filter(|byte| **byte == 0xff).for_each(|byte| *byte = b'\n');
        if text.last() != Some(&b'\n') {
            text.push(b'\n');
        }
        prop_assert_eq!(read_back(&fs::read(&mbox.file).unwrap()), [text]);
    }
}

#[test]
fn places_are_where_the_bytes_are() {
    let (_home, mbox) = mbox();
    fs::write(&mbox.file, "From old\nx\n").unwrap();
    let (batch, places) = prepared(&mbox, &[b"a: 1\r\n\r\nFrom x\r\n", b"a: 2\r\n\r\n"], 3).unwrap();
    publish(batch);
    let file = fs::read(&mbox.file).unwrap();
    let mut end = b"From old\nx\n".len();
    for (place, text) in places.iter().zip([&b"a: 1\n\n>From x\n\n"[..], b"a: 2\n\n\n"]) {
        let Place::Mbox { offset, length, checksum, from_line, .. } = place else { panic!("an mbox") };
        assert_eq!(*offset, end as u64);
        end += *length as usize;
        let range = &file[*offset as usize..end];
        assert_eq!(range.strip_prefix(from_line.as_slice()), Some(text));
        let mut sum = Checksum::default();
        sum.push(text);
        assert_eq!(sum.finish(), *checksum);
    }
    assert_eq!(end, file.len());
}

#[test]
fn mends_what_others_left_out() {
    for (before, mended) in
        [("", ""), ("\n", "\n"), ("From x\n", "\n"), ("From x\ny", "\n\n"), ("From x\n\n", "")]
    {
        let (_home, mbox) = mbox();
        fs::write(&mbox.file, before).unwrap();
        deliver(&mbox, &[b"a: b\r\n"]);
        let file = fs::read_to_string(&mbox.file).unwrap();
        assert!(file.starts_with(&format!("{before}{mended}From MAILER-DAEMON ")), "{before:?} {file:?}");
    }
}

#[test]
fn what_is_dropped_leaves_nothing() {
    let (_home, mbox) = mbox();
    deliver(&mbox, &[b"before\r\n"]);
    let before = fs::read(&mbox.file).unwrap();
    let mut batch = filled(&mbox, &[b"a\r\n"], 10);
    batch.begin().unwrap();
    batch.write(&[b'x'; 100_000]).unwrap();
    drop(batch);
    drop(prepared(&mbox, &[b"a\r\n", b"b\r\n"], 10).unwrap());
    assert_eq!(fs::read(&mbox.file).unwrap(), before);
    assert_eq!(fs::read_dir(&mbox.folder).unwrap().count(), 1, "no lock, no temporary file");
    deliver(&mbox, &[b"after\r\n"]);
}

#[test]
fn a_batch_holds_the_lock() {
    let (_home, mbox) = mbox();
    let (held, _) = prepared(&mbox, &[b"a\r\n"], 10).unwrap();
    let mut waiting = filled(&mbox, &[b"c\r\n"], 10);
    assert_eq!(waiting.prepare().unwrap_err().kind(), Kind::Timeout(Phase::Lock));
    publish(held);
    // What could not be prepared is still there.
    assert_eq!(waiting.prepare().unwrap().len(), 1);
    drop(waiting);
    deliver(&mbox, &[b"b\r\n"]);
    assert_eq!(read_back(&fs::read(&mbox.file).unwrap()), [b"a\n", b"b\n"]);
}

#[test]
fn locks_where_a_link_leads() {
    let (home, mbox) = mbox();
    fs::write(&mbox.file, "").unwrap();
    let link = home.path().join("link");
    std::os::unix::fs::symlink(&*mbox.file, &link).unwrap();
    let (held, _) = prepared(&opened(&link), &[b"a\r\n"], 10).unwrap();
    assert!(mbox.folder.join("inbox.lock").exists());
    publish(held);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}

#[test]
fn refuses_what_is_no_mbox() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("letter.txt"), "Dear reader").unwrap();
    let device = Path::new("/dev/null");
    for (path, advice) in [
        (home.path(), Some(Run::FolderForMbox)),
        (&home.path().join("letter.txt"), Some(Run::NotAnMbox)),
        (&home.path().join("letter.txt/inbox"), None),
        (device, None),
    ] {
        let error = Mbox::open(path, &Stop::new()).unwrap_err();
        assert_eq!(error.kind(), Kind::Create, "{}", path.display());
        assert_eq!(error.advice().cloned(), advice.map(Into::into), "{}", path.display());
        assert!(std::error::Error::source(&error).is_some());
    }
    for start in ["", "\n", "\n\nFrom x\n", "Fro"] {
        fs::write(home.path().join("inbox"), start).unwrap();
        opened(&home.path().join("inbox"));
    }
}

/// What finds room stays; only the first that does not has failed, and what was to follow has not been tried.
#[test]
fn a_full_disk_cuts_the_mbox_back_to_the_last_whole_message() {
    let name = "store::mbox::tests::a_full_disk_cuts_the_mbox_back_to_the_last_whole_message";
    on_a_small_disk(name, |disk| {
        let mbox = opened(&disk.join("inbox"));
        deliver(&mbox, &[b"before\r\n", &[b'x'; 10_000]]);
        // Small messages spool in memory: it is the append that finds no room.
        let message = [b'y'; 15_000];
        let (batch, places) = prepared(&mbox, &[&message[..]; 30], 4096).unwrap();
        let (receipts, ended) = published(batch);
        ended.unwrap();
        let whole = receipts.iter().take_while(|(_, receipt)| matches!(receipt, Receipt::Delivered)).count();
        assert!((5..25).contains(&whole), "{whole}");
        let (_, Receipt::Refused(Refusal { error, is_later: false })) = &receipts[whole] else {
            panic!("{receipts:?}")
        };
        assert_eq!(error.kind(), Kind::DiskFull);
        assert_eq!(error.to_string(), format!("could not append to {}", mbox.file.display()));
        assert!(receipts[whole + 1..].iter().all(|(_, receipt)| matches!(receipt, Receipt::NotTried)));
        assert!(receipts.iter().map(|(position, _)| *position).eq(0..30));
        assert_eq!(read_back(&fs::read(&mbox.file).unwrap()).len(), 2 + whole);
        assert_eq!(fs::read_dir(&mbox.folder).unwrap().count(), 1, "unlocked");

        // Settling says the same.
        let unsettled = |place| Unsettled { place, age: Duration::ZERO, identity: None };
        let items: Vec<Unsettled<'_>> = places.iter().map(unsettled).collect();
        let settled = Spec::Mbox(mbox.file.to_path_buf()).settle(&items, &Stop::new()).unwrap();
        assert!(settled[..whole].iter().all(|answer| *answer == Settled::Delivered));
        assert!(settled[whole..].iter().all(|answer| *answer == Settled::Again));
        deliver(&mbox, &[b"after\r\n"]);
        assert_eq!(read_back(&fs::read(&mbox.file).unwrap()).last().unwrap(), b"after\n");
    });
}

#[test]
fn a_message_too_large_for_the_disk_leaves_its_space_to_the_others_of_its_batch() {
    let name =
        "store::mbox::tests::a_message_too_large_for_the_disk_leaves_its_space_to_the_others_of_its_batch";
    on_a_small_disk(name, |disk| {
        let mbox = opened(&disk.join("inbox"));
        let mut batch = filled(&mbox, &[b"before\r\n"], 9);
        batch.begin().unwrap();
        let error = (0..100).find_map(|_| batch.write(&[b'x'; 8192]).err()).unwrap();
        assert_eq!(error.kind(), Kind::DiskFull);
        assert!(error.to_string().starts_with("could not write to a temporary file in "), "{error}");
        batch.abandon();
        batch.begin().unwrap();
        batch.write(&[b'y'; 100_000]).unwrap();
        batch.finish().unwrap();
        batch.prepare().unwrap();
        publish(batch);
        assert_eq!(read_back(&fs::read(&mbox.file).unwrap()).len(), 2);
    });
}

/// As in /var/mail: the folder takes no new files, the mbox in it may be written.
#[test]
fn delivers_in_a_folder_closed_to_new_files() {
    without_privileges("store::mbox::tests::delivers_in_a_folder_closed_to_new_files", || {
        let (_home, mbox) = mbox();
        fs::write(&mbox.file, "").unwrap();
        fs::set_permissions(&mbox.folder, fs::Permissions::from_mode(0o500)).unwrap();
        assert!(File::create(mbox.folder.join("new")).is_err());
        let long = [&[b'x'; 100_000], b"\r\n".as_slice()].concat();
        let (batch, _) = prepared(&mbox, &[&long], 4096).unwrap();
        assert_eq!(prepared(&mbox, &[b"a\r\n"], 10).unwrap_err().kind(), Kind::Timeout(Phase::Lock));
        publish(batch);
        assert_eq!(read_back(&fs::read(&mbox.file).unwrap())[0].len(), 100_001);
        // And where the mbox may not be written either, it is named.
        fs::set_permissions(&mbox.file, fs::Permissions::from_mode(0o400)).unwrap();
        let error = prepared(&mbox, &[b"a\r\n"], 10).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string()),
            (Kind::Create, format!("could not open {}", mbox.file.display()))
        );
        fs::set_permissions(&mbox.folder, fs::Permissions::from_mode(0o700)).unwrap();
    });
}
