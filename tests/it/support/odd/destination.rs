//! What stands in a destination: a Maildir, an mbox, or a file that a command appends to.

use std::fs;
use std::path::Path;

/// The messages that stand there, whole or not; `to` is the DEST that was delivered into.
pub(super) fn read(to: &str, place: &Path) -> Vec<Vec<u8>> {
    match to.split(':').next() {
        _ if !place.exists() => Vec::new(),
        Some("maildir") => ["new", "cur"].iter().flat_map(|part| files_of(&place.join(part))).collect(),
        _ => separated(&fs::read(place).unwrap()),
    }
}

fn files_of(folder: &Path) -> Vec<Vec<u8>> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect()
}

/// The messages of an mbox, or of a file to which a command appended each behind a From_ line.
fn separated(file: &[u8]) -> Vec<Vec<u8>> {
    let mut messages: Vec<Vec<u8>> = Vec::new();
    for line in file.split_inclusive(|byte| *byte == b'\n') {
        match messages.last_mut() {
            _ if line.starts_with(b"From ") => messages.push(Vec::new()),
            Some(message) => {
                let quotes = line.iter().take_while(|byte| **byte == b'>').count();
                let is_quoted = quotes > 0 && line[quotes..].starts_with(b"From ");
                message.extend_from_slice(&line[usize::from(is_quoted)..]);
            }
            None => messages.push(line.to_vec()),
        }
    }
    for message in &mut messages {
        // The blank line behind each; where it is missing, so is the end of the message.
        if message.pop() != Some(b'\n') {
            message.extend_from_slice(b"<no blank line>");
        }
    }
    messages
}
