//! The parts whose speed decides the whole: taking byte-stuffing off, delivering into a Maildir,
//! replaying a journal, planning a run. `cargo bench --bench parts`; `benches/peers` measures the whole
//! beside other programs.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use pop3::fetch::Policy;
use pop3::fetch::journal::{Intent, Journal, View};
use pop3::fetch::plan::{Draft, Listed};
use pop3::identity::Identity;
use pop3::protocol::multiline::{LineEnd, Unstuffer};
use pop3::store::{self, Opening, Place, Receipt, Spec};
use pop3::sys::Stop;

/// When all of this happens, in seconds since 1970.
const NOW: i64 = 1_700_000_000;

fn main() {
    divan::main();
}

/// What mail looks like on the wire, by what matters for unstuffing.
#[derive(Debug, Clone, Copy)]
enum Content {
    /// Lines of 76 characters: an attachment.
    Base64,
    /// Lines of 30 to 78 characters, a dot in front of few.
    Prose,
    /// Every line begins with a dot, which is stuffed.
    Dots,
    /// Nothing but line ends.
    Empty,
    /// One line without an end.
    Endless,
}

const CONTENTS: [Content; 5] =
    [Content::Base64, Content::Prose, Content::Dots, Content::Empty, Content::Endless];

/// Four MiB of content as the server sends it, with the terminating line.
fn wire(content: Content) -> Vec<u8> {
    const SIZE: usize = 4 << 20;
    let mut wire = Vec::with_capacity(SIZE + 128);
    for number in 0.. {
        if wire.len() >= SIZE {
            break;
        }
        let (stuffing, length) = match content {
            Content::Base64 => ("", 76),
            Content::Prose => (if number % 40 == 0 { "." } else { "" }, 30 + number * 37 % 49),
            Content::Dots => ("..", 30),
            Content::Empty => ("", 0),
            Content::Endless => ("", SIZE),
        };
        wire.extend_from_slice(stuffing.as_bytes());
        wire.extend((0..length).map(|at| b'a' + (at % 26) as u8));
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

/// In chunks of 64 KiB, as they come from a socket that is kept full.
#[divan::bench(args = CONTENTS)]
fn unstuff(bencher: Bencher<'_, '_>, content: Content) {
    let wire = wire(content);
    bencher.counter(BytesCount::of_slice(&wire)).bench_local(|| {
        let mut unstuffer = Unstuffer::new(LineEnd::Crlf);
        let mut octets = 0;
        for chunk in wire.chunks(64 << 10) {
            unstuffer.push(chunk, |content| octets += black_box(content).len());
        }
        assert!(unstuffer.is_done());
        octets
    });
}

/// How many messages are delivered, each of 4 KiB.
const DELIVERED: usize = 10_000;

/// A Maildir that is not there yet, on a tmpfs: what flushing costs, the disk decides.
fn maildir() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir_in("/dev/shm").expect("a folder on a tmpfs");
    let path = folder.path().join("inbox");
    (folder, path)
}

/// What no program can do without that delivers into a Maildir as one should: make a file in `tmp/`,
/// write it, close it, move it into `new/`.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn four_system_calls_a_message(bencher: Bencher<'_, '_>) {
    let text = [b'x'; 4000];
    bencher.counter(ItemsCount::new(DELIVERED)).with_inputs(maildir).bench_local_refs(|(_folder, path)| {
        let (tmp, new) = (path.join("tmp"), path.join("new"));
        [&tmp, &new].into_iter().for_each(|part| fs::create_dir_all(part).expect("a folder"));
        for number in 0..DELIVERED {
            let name = format!("{NOW}.M{number:06}P4242Q{number}_0123abcd.host.example.org");
            let mut file = File::create_new(tmp.join(&name)).expect("a new file");
            file.write_all(&text).expect("room");
            drop(file);
            fs::rename(tmp.join(&name), new.join(&name)).expect("moved");
        }
    });
}

/// The same with everything that is done for it here, from the octets of the wire on.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn delivery_into_a_maildir(bencher: Bencher<'_, '_>) {
    let line = [&[b'x'; 62][..], b"\r\n"].concat();
    let wire = line.repeat(63);
    bencher.counter(ItemsCount::new(DELIVERED)).with_inputs(maildir).bench_local_refs(|(_folder, path)| {
        let opening =
            Opening { tag: "0123abcd".to_owned(), stop: Stop::new(), timeout: Duration::from_secs(60) };
        let maildir = store::open(&Spec::Maildir(path.clone()), &opening).expect("a Maildir");
        let mut batch = maildir.batch();
        for _ in 0..DELIVERED {
            batch.begin().expect("a new file");
            batch.write(&wire).expect("room");
            batch.finish().expect("room");
        }
        batch.make_durable().expect("flushed");
        batch.prepare().expect("prepared");
        let mut delivered = 0;
        let count = &mut |_, receipt| {
            delivered += usize::from(matches!(receipt, Receipt::Delivered));
            Ok(())
        };
        batch.publish(count).expect("moved");
        assert_eq!(delivered, DELIVERED);
    });
}

/// A journal of `messages` delivered messages: two records each, as a run writes them.
fn journal(messages: usize) -> (tempfile::TempDir, PathBuf) {
    const BATCH: usize = 1000;
    let folder = tempfile::tempdir().expect("a folder for the journal");
    let path = folder.path().join("bench.journal");
    let opened = Journal::open(&path, NOW).expect("a new journal");
    let mut journal = opened.settled(&[], &[]).expect("nothing to settle");
    for first in (0..messages).step_by(BATCH) {
        let intents: Vec<Intent> = (first..(first + BATCH).min(messages)).map(intent).collect();
        let entries = journal.intend(&intents).expect("intents noted");
        journal.delivered(&entries).expect("deliveries noted");
    }
    journal.sync().expect("a durable journal");
    drop(journal);
    (folder, path)
}

fn intent(number: usize) -> Intent<'static> {
    let identity = (number as u128).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    Intent {
        unique_id: unique_id(number).into(),
        octets: Some(octets(number)),
        identity: Some(Identity::from_bytes(identity.to_be_bytes())),
        place: Cow::Owned(Place::Maildir {
            directory: Path::new("/home/somebody/Mail/inbox").into(),
            name: format!("{NOW}.M{number:06}P4242Q{number}_0123abcd.host.example.org"),
            tmp_inode: 4_711_000,
        }),
        again: None,
        is_proven: true,
    }
}

/// As Dovecot makes them.
fn unique_id(number: usize) -> Vec<u8> {
    format!("{number:08x}655dd480").into_bytes()
}

fn octets(number: usize) -> u64 {
    4096 + (number % 1000) as u64
}

/// The whole opening: lock, read, replay, index, and look for what is unsettled.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn replay_of_1_000_000_records(bencher: Bencher<'_, '_>) {
    let (_folder, path) = journal(500_000);
    bencher.counter(ItemsCount::new(1_000_000usize)).bench_local(|| {
        let journal = Journal::open(&path, NOW).expect("the journal");
        assert_eq!(journal.view().len(), 500_000);
        journal
    });
}

/// How much of the maildrop is known already.
#[derive(Debug, Clone, Copy)]
enum Known {
    Nothing,
    Everything,
    /// All of it, but under other unique-ids: the server renumbered, and each message is in doubt.
    Renumbered,
}

#[divan::bench(args = [Known::Nothing, Known::Everything, Known::Renumbered], sample_count = 20, sample_size = 1)]
fn doubts_and_plan_of_100_000_messages(bencher: Bencher<'_, '_>, known: Known) {
    const MESSAGES: usize = 100_000;
    let (_folder, path) = journal(if matches!(known, Known::Nothing) { 0 } else { MESSAGES });
    let journal = Journal::open(&path, NOW).expect("the journal");
    let view: &View = journal.view();
    let offset = if matches!(known, Known::Renumbered) { MESSAGES } else { 0 };
    let unique_ids: Vec<Vec<u8>> = (0..MESSAGES).map(|number| unique_id(number + offset)).collect();
    let listed: Vec<Listed<'_>> = (0..MESSAGES)
        .map(|number| Listed {
            number: number as u32 + 1,
            octets: Some(octets(number)),
            unique_id: Some(&unique_ids[number]),
            identity: None,
            named_by_text: false,
        })
        .collect();
    let answers: HashMap<u32, Option<Identity>> = Draft::new(&listed, true, view)
        .doubts()
        .iter()
        .map(|number| (*number, intent(*number as usize - 1).identity))
        .collect();
    let policy = Policy::default();
    bencher.counter(ItemsCount::new(MESSAGES)).bench_local(|| {
        let draft = Draft::new(&listed, true, view);
        assert_eq!(draft.doubts().len(), answers.len());
        let plan = draft.plan(&answers, &policy, NOW);
        assert_eq!(plan.steps.len(), MESSAGES);
        plan
    });
}
