//! What stands in a Maildir or an mbox after a run, and whether it is what was put in.

use super::{corpus, tool};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

/// The messages of a Maildir. Nothing may be left in its `tmp/`.
pub(crate) fn in_maildir(maildir: &Path) -> Vec<Vec<u8>> {
    let unfinished = fs::read_dir(maildir.join("tmp")).unwrap().count();
    assert_eq!(unfinished, 0, "left in {}", maildir.join("tmp").display());
    ["new", "cur"].iter().flat_map(|folder| files_of(&maildir.join(folder))).collect()
}

/// The messages of an mbox, as Python's `mailbox` module splits it, with the From_ quoting undone.
pub(crate) fn in_mbox(mbox: &Path) -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    tool(Command::new("python3").args(["-c", READ_MBOX]).args([mbox, folder.path()]));
    files_of(folder.path()).iter().map(|message| corpus::unquoted(message)).collect()
}

/// Writes each message of an mbox into a file of its own.
const READ_MBOX: &str = r#"
import mailbox, os, sys
mbox = mailbox.mbox(sys.argv[1], create=False)
for key in mbox.keys():
    with open(os.path.join(sys.argv[2], "%06d" % key), "wb") as file:
        file.write(mbox.get_bytes(key))
"#;

/// How often a letter of the stage stands among these octets, by its Message-ID.
pub(crate) fn times(octets: &[u8], number: u32) -> usize {
    let wanted = format!("Message-ID: <{number}@letters.example.org>");
    octets.split(|octet| *octet == b'\n').filter(|line| line.trim_ascii_end() == wanted.as_bytes()).count()
}

/// The files of a Maildir's `new/` and `cur/` behind each other, whatever is left in `tmp/`; nothing where
/// there is no Maildir.
pub(crate) fn all_of_maildir(maildir: &Path) -> Vec<u8> {
    let parts = ["new", "cur"].map(|part| maildir.join(part));
    parts.iter().filter(|part| part.is_dir()).flat_map(|part| files_of(part)).flatten().collect()
}

fn files_of(folder: &Path) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Fails unless each message of the corpus stands there once, octet for octet, and nothing else.
#[track_caller]
pub(crate) fn assert_whole(delivered: &[Vec<u8>], expected: &[Vec<u8>]) {
    let trouble = differences(delivered, expected);
    assert!(trouble.is_empty(), "{} of {}:\n{}", trouble.len(), expected.len(), trouble.join("\n"));
}

/// What is lost, repeated, changed or strange among what was delivered.
pub(crate) fn differences(delivered: &[Vec<u8>], expected: &[Vec<u8>]) -> Vec<String> {
    let mut trouble = Vec::new();
    let mut found: BTreeMap<usize, Vec<&Vec<u8>>> = BTreeMap::new();
    for message in delivered {
        match corpus::number(message) {
            Some(number) => found.entry(number).or_default().push(message),
            None => trouble.push(format!("a strange message: {}", String::from_utf8_lossy(message))),
        }
    }
    for wanted in expected {
        let number = corpus::number(wanted).unwrap();
        match found.remove(&number).as_deref() {
            None => trouble.push(format!("message {number} is lost")),
            Some([one]) if *one == wanted => {}
            Some([one]) => trouble.push(difference(number, one, wanted)),
            Some(several) => trouble.push(format!("message {number} stands there {} times", several.len())),
        }
    }
    trouble.extend(found.keys().map(|number| format!("message {number} should not be there")));
    trouble
}

fn difference(number: usize, found: &[u8], wanted: &[u8]) -> String {
    let at = found.iter().zip(wanted).take_while(|(one, other)| one == other).count();
    let around = |bytes: &[u8]| {
        let near = &bytes[at.saturating_sub(20)..bytes.len().min(at + 20)];
        near.escape_ascii().to_string()
    };
    format!(
        "message {number} differs at octet {at} ({} octets for {}): \"{}\" for \"{}\"",
        found.len(),
        wanted.len(),
        around(found),
        around(wanted)
    )
}

#[test]
fn every_kind_of_message_comes_out_of_an_mbox_as_it_went_in() {
    let messages = corpus::messages(400);
    let expected: Vec<_> = messages.iter().map(|message| corpus::with_line_feeds(&message.bytes)).collect();
    let mut mbox = tempfile::NamedTempFile::new().unwrap();
    for message in &expected {
        let from_line = b"From sender@example.org Mon Jan  1 00:00:00 2024\n";
        mbox.write_all(&[from_line, corpus::quoted(message).as_slice(), b"\n"].concat()).unwrap();
    }
    assert_whole(&in_mbox(mbox.path()), &expected);
}

#[test]
fn loss_repetition_and_change_are_told_apart() {
    let messages: Vec<_> = corpus::messages(5).into_iter().map(|message| message.bytes).collect();
    let mut delivered = messages.clone();
    delivered.remove(0);
    delivered.push(messages[3].clone());
    delivered[0].push(b'!');
    delivered.push(b"not of the corpus".to_vec());
    let told = differences(&delivered, &messages[..4]);
    let about = |word: &str| told.iter().filter(|line| line.contains(word)).count();
    assert_eq!(told.len(), 5, "{told:?}");
    for word in ["0 is lost", "1 differs", "3 stands there 2 times", "4 should not", "strange"] {
        assert_eq!(about(word), 1, "{word} in {told:?}");
    }
}
