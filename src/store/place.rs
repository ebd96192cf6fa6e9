//! Where a message is going to stand: what the journal remembers before anything becomes visible,
//! so that after a crash one look tells whether the message arrived.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};

/// The future position of one message, found again by [`settle`](super::settle()).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file in a Maildir.
    Maildir {
        /// The Maildir, absolute. Shared by all that stand there.
        directory: Arc<Path>,
        /// The name in `tmp/`, later in `new/`.
        name: String,
        /// The inode of `tmp/` itself: only this very folder's silence says that the message has
        /// been delivered, not that of one made anew (on an empty mount point, from a backup).
        tmp_inode: u64,
    },
    /// A range of an mbox.
    Mbox {
        /// The mbox, absolute.
        file: PathBuf,
        /// Where the range begins, in bytes.
        offset: u64,
        /// Its bytes: all of `from_line`, the quoted message, the blank line that ends it.
        length: u64,
        /// Eight bytes of SHA-256 over the header, eight over the body, as they stand in the file.
        /// Two halves, because mail readers write into headers (`Status`) but not into bodies.
        checksum: [u8; 16],
        /// What the range begins with: line ends that the file lacked before it, the `From ` line.
        from_line: Vec<u8>,
    },
    /// Handed to a program: there is nowhere to look.
    Handed,
}

impl Place {
    /// Whether nobody can look there afterwards: a program has it, or has it not.
    pub fn is_handed(&self) -> bool {
        matches!(self, Place::Handed)
    }

    /// The store that it belongs to, in the spelling of [`Spec::canonical`](super::Spec::canonical):
    /// `maildir:/path`, `mbox:/path`; of all programs `command:`, since nobody can look for a message there.
    pub fn store(&self) -> String {
        match self {
            Place::Maildir { directory, .. } => {
                format!("maildir:{}", directory.components().collect::<PathBuf>().display())
            }
            Place::Mbox { file, .. } => format!("mbox:{}", file.display()),
            Place::Handed => "command:".to_owned(),
        }
    }

    /// The place as byte strings, handed to `each` in order, for a journal (which does its own escaping).
    pub fn fields(&self, mut each: impl FnMut(&[u8])) {
        match self {
            Place::Maildir { directory, name, tmp_inode } => {
                each(b"maildir");
                each(directory.as_os_str().as_bytes());
                each(name.as_bytes());
                each(tmp_inode.to_string().as_bytes());
            }
            Place::Mbox { file, offset, length, checksum, from_line } => {
                each(b"mbox");
                each(file.as_os_str().as_bytes());
                each(offset.to_string().as_bytes());
                each(length.to_string().as_bytes());
                each(HEXLOWER.encode(checksum).as_bytes());
                each(from_line);
            }
            Place::Handed => each(b"handed"),
        }
    }

    /// The place that [`fields`](Self::fields) described; `None` when they describe none.
    pub fn from_fields(fields: &[Vec<u8>]) -> Option<Place> {
        let fields: Vec<&[u8]> = fields.iter().map(Vec::as_slice).collect();
        match fields.as_slice() {
            [b"maildir", directory, name, tmp_inode] => Some(Place::Maildir {
                directory: path(directory).into(),
                name: file_name(name)?,
                tmp_inode: number(tmp_inode)?,
            }),
            [b"mbox", file, offset, length, checksum, from_line] => Some(Place::Mbox {
                file: path(file),
                offset: number(offset)?,
                length: number(length)?,
                checksum: HEXLOWER_PERMISSIVE.decode(checksum).ok()?.try_into().ok()?,
                from_line: from_line.to_vec(),
            }),
            [b"handed"] => Some(Place::Handed),
            _ => None,
        }
    }
}

fn path(bytes: &[u8]) -> PathBuf {
    OsString::from_vec(bytes.to_vec()).into()
}

/// A name that cannot lead out of its folder, whatever somebody wrote into the journal.
fn file_name(bytes: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(bytes).ok()?;
    (!name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\0'])).then(|| name.to_owned())
}

fn digits(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn number(bytes: &[u8]) -> Option<u64> {
    digits(bytes)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(texts: &[&str]) -> Vec<Vec<u8>> {
        texts.iter().map(|text| text.as_bytes().to_vec()).collect()
    }

    #[test]
    fn fields_bring_every_place_back() {
        let places = [
            Place::Maildir {
                directory: path(b"/mail/\xff\t\n").into(),
                name: "1.M2P3Q4_ab.host".to_owned(),
                tmp_inode: u64::MAX,
            },
            Place::Mbox {
                file: "/m".into(),
                offset: 0,
                length: u64::MAX,
                checksum: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255],
                from_line: b"\n\nFrom \xff\n".to_vec(),
            },
            Place::Handed,
        ];
        for place in places {
            let mut fields = Vec::new();
            place.fields(|field| fields.push(field.to_vec()));
            assert_eq!(Place::from_fields(&fields), Some(place));
        }
    }

    #[test]
    fn fields_that_describe_nothing_are_refused() {
        let sum = "0".repeat(32);
        let cases: [&[&str]; 12] = [
            &[],
            &["lmtp"],
            &["handed", ""],
            &["maildir", "/m", "name"],
            &["maildir", "/m", "../name", "1"],
            &["maildir", "/m", "", "1"],
            &["maildir", "/m", "name", "+1"],
            &["maildir", "/m", "name", "18446744073709551616"],
            &["mbox", "/m", "1", "2", &sum],
            &["mbox", "/m", "-1", "2", &sum, "From x\n"],
            &["mbox", "/m", "1", "2", "00", "From x\n"],
            &["mbox", "/m", "1", "2", &"z".repeat(32), "From x\n"],
        ];
        for case in cases {
            assert_eq!(Place::from_fields(&fields(case)), None, "{case:?}");
        }
        assert_eq!(Place::from_fields(&[b"maildir".to_vec(), vec![], vec![0xff], b"1".to_vec()]), None);
    }
}
