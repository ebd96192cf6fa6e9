//! Charsets of seven bits that shift between sets of characters, as far as the Encoding Standard leaves them out
//! (ISO-2022-KR, HZ) or takes them more strictly than mail needs (ISO-2022-JP). Each becomes the same text in a
//! charset that the standard has.

const ESCAPE: u8 = 0x1b;
const SHIFT_OUT: u8 = 0x0e;
const SHIFT_IN: u8 = 0x0f;

/// ISO-2022-KR (RFC 1557) as EUC-KR.
pub(super) fn euc_of_iso_2022_kr(text: &[u8]) -> Vec<u8> {
    let mut euc = Vec::with_capacity(text.len());
    let mut is_shifted = false;
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            ESCAPE if rest.starts_with(b"$)C") => rest = &rest[3..],
            SHIFT_OUT => is_shifted = true,
            SHIFT_IN => is_shifted = false,
            0x21..=0x7e if is_shifted => euc.push(byte | 0x80),
            _ => euc.push(byte),
        }
    }
    euc
}

/// HZ (RFC 1843) as GB 2312 of eight bits.
pub(super) fn gb2312_of_hz(text: &[u8]) -> Vec<u8> {
    let mut gb = Vec::with_capacity(text.len());
    let mut is_shifted = false;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let next = text.get(at + 1).copied();
        at += 2;
        match (is_shifted, byte, next) {
            (false, b'~', Some(b'~')) => gb.push(b'~'),
            (false, b'~', Some(b'\n')) => {}
            (false, b'~', Some(b'{')) => is_shifted = true,
            (true, b'~', Some(b'}')) => is_shifted = false,
            (true, 0x21..=0x77, Some(second @ 0x21..=0x7e)) => gb.extend([byte | 0x80, second | 0x80]),
            _ => {
                gb.push(byte);
                at -= 1;
            }
        }
    }
    gb
}

/// ISO-2022-JP (RFC 1468) without the escape sequences behind which nothing stands: where two words are joined,
/// one ends with such a sequence and the next begins with another, and the Encoding Standard takes the second for
/// an error.
pub(super) fn plain_iso_2022_jp(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        let sequence = match (byte, behind) {
            (ESCAPE, [b'$', b'(', _, ..]) => 4,
            (ESCAPE, [b'$' | b'(', _, ..]) => 3,
            _ => 1,
        };
        let (sequence, behind) = rest.split_at(sequence);
        if sequence.len() == 1 || behind.first() != Some(&ESCAPE) {
            plain.extend_from_slice(sequence);
        }
        rest = behind;
    }
    plain
}
