//! The sender of a message, as people know it.

use mailparse::MailAddr;

use super::{unfold, words};

/// The octets of a From field that are searched for mailboxes.
const LONGEST: usize = 8192;

/// Where the private use area of Unicode begins.
const MOVED: u32 = 0xe000;

/// The name in the first mailbox of a From field (RFC 5322 section 3.4), decoded, without quotes and address; the
/// address where there is no name, and the field as it stands where there is no mailbox.
pub fn name(body: &[u8]) -> String {
    let text = unfold(body);
    let found = if text.len() <= LONGEST { first_mailbox(&text) } else { None };
    let (name, address) = found.unwrap_or_else(|| before_bracket(&text));
    let name = words::decode(&name);
    match name.trim() {
        "" => words::decode(&address),
        name => name.to_owned(),
    }
}

/// Name and address of the first mailbox, or of the first group, if the field is what RFC 5322 allows. Encoded-words
/// are still encoded: what they hold is no syntax (RFC 2047 section 5).
fn first_mailbox(text: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    // The parser wants characters: each byte is one. Those that are not ASCII are moved to where no character is a
    // blank, since the parser takes blanks off: U+00A0 would be the end of `à` in UTF-8.
    let moved = |byte: u8| match byte {
        0..=0x7f => char::from(byte),
        _ => char::from_u32(MOVED + u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER),
    };
    let characters: String = text.iter().map(|&byte| moved(byte)).collect();
    let back = |c: char| {
        let code = u32::from(c);
        u8::try_from(code.checked_sub(MOVED).unwrap_or(code)).ok()
    };
    let bytes = |text: &str| text.chars().filter_map(back).collect();
    match mailparse::addrparse(&characters).ok()?.first()? {
        MailAddr::Single(mailbox) => {
            Some((bytes(mailbox.display_name.as_deref().unwrap_or_default()), bytes(&mailbox.addr)))
        }
        MailAddr::Group(group) => Some((bytes(&group.group_name), text.to_vec())),
    }
}

/// What is before an address in angle brackets, without quotes, for a field that RFC 5322 does not allow, such as
/// `Last, First <address>`; and the whole of the field.
fn before_bracket(text: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let bracket = text.iter().position(|byte| *byte == b'<').unwrap_or(0);
    let name = text[..bracket].iter().copied().filter(|byte| *byte != b'"').collect();
    (name, text.to_vec())
}
