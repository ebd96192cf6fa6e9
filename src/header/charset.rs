//! The names of charsets in mail, which are more than those of the Encoding Standard: code pages by number, each
//! with many prefixes, names with other punctuation, and names that say that nothing is known.

use std::borrow::Cow;

use charset::Charset;
use yore::CodePage;
use yore::code_pages as oem;

use super::shifts;

/// How a charset is decoded.
#[derive(Clone, Copy)]
enum Decoder {
    /// One of the Encoding Standard, or UTF-7.
    Standard(Charset),
    /// A code page of DOS.
    CodePage(&'static dyn CodePage),
    /// Code page 850 with the sign of the euro.
    CodePage858,
    Iso2022Jp(Charset),
    Iso2022Kr,
    Hz,
}

/// Names with which a sender says that it does not know: ASCII of eight bits has no meaning (RFC 1428 for
/// unknown-8bit). The Encoding Standard knows some of them, for pages of the web.
const UNKNOWN: [&str; 10] = [
    "ascii",
    "ansix341968",
    "ansix341986",
    "csascii",
    "iso646us",
    "usascii",
    "us",
    "xuserdefined",
    "unknown8bit",
    "xunknown",
];

/// Decodes bytes of the charset with that name. What it does not have becomes U+FFFD. For a name that is not known the
/// bytes are read as by [`guess`].
pub(super) fn decode(name: &[u8], bytes: &[u8]) -> String {
    let Some(decoder) = find(name) else { return guess(bytes).into_owned() };
    match decoder {
        Decoder::Standard(charset) if charset.name().starts_with("UTF-16") => {
            charset.decode(bytes).0.into_owned()
        }
        Decoder::Standard(charset) => charset.decode_with_bom_removal(bytes).0.into_owned(),
        Decoder::CodePage(page) => page.decode_lossy(bytes).into_owned(),
        // 0xd5, a dotless i in code page 850, is the only difference.
        Decoder::CodePage858 => oem::CP850.decode(bytes).replace('\u{131}', "\u{20ac}"),
        Decoder::Iso2022Jp(charset) => {
            charset.decode_without_bom_handling(&shifts::plain_iso_2022_jp(bytes)).0.into_owned()
        }
        Decoder::Iso2022Kr => standard_text("euc-kr", &shifts::euc_of_iso_2022_kr(bytes)),
        Decoder::Hz => standard_text("gb18030", &shifts::gb2312_of_hz(bytes)),
    }
}

/// Reads bytes of which nobody says what they are: as UTF-8 if they can be, with U+FFFD where there is UTF-8 in them
/// and something else as well, and otherwise as windows-1252, in which any byte has a meaning.
pub(super) fn guess(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let has_utf8 = bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii());
    // A character that was cut off at the end says nothing against UTF-8.
    let is_cut = std::str::from_utf8(bytes)
        .is_err_and(|error| error.error_len().is_none() && error.valid_up_to() + 1 < bytes.len());
    match (has_utf8 || is_cut, standard("windows-1252")) {
        (false, Some(charset)) => charset.decode_without_bom_handling(bytes).0,
        _ => String::from_utf8_lossy(bytes),
    }
}

fn standard(name: &str) -> Option<Charset> {
    Charset::for_label_no_replacement(name.as_bytes())
}

fn standard_text(name: &str, bytes: &[u8]) -> String {
    standard(name).map_or_else(
        || guess(bytes).into_owned(),
        |charset| charset.decode_without_bom_handling(bytes).0.into_owned(),
    )
}

/// How the charset with that name is decoded; `None` if nothing is known of it.
fn find(name: &[u8]) -> Option<Decoder> {
    // Punctuation differs from sender to sender: `iso_8859_1`, `"utf-8"`, `cp-1251`.
    let key: String =
        name.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(|&byte| char::from(byte)).collect();
    let key = key.to_ascii_lowercase();
    if UNKNOWN.contains(&&*key) {
        return None;
    }
    match &*key {
        "iso2022kr" | "csiso2022kr" => return Some(Decoder::Iso2022Kr),
        "hz" | "hzgb2312" => return Some(Decoder::Hz),
        _ if key.trim_start_matches("cs").starts_with("iso2022jp") => {
            return standard("iso-2022-jp").map(Decoder::Iso2022Jp);
        }
        _ => {}
    }
    let spelt = Charset::for_label_no_replacement(name).or_else(|| standard(&key));
    if let Some(charset) = spelt {
        return Some(Decoder::Standard(charset));
    }
    let number = key.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    let prefix = &key[..key.len() - number.len()];
    // The 8 of `csPC8CodePage437` is none of the number.
    let (prefix, number) =
        number.strip_prefix("8codepage").map_or((prefix, number), |number| ("codepage", number));
    match prefix.strip_prefix('x').unwrap_or(prefix) {
        "cp" | "ibm" | "csibm" | "windows" | "win" | "ms" | "msdos" | "dos" | "oem" | "codepage" | "" => {
            code_page(number.parse().ok()?)
        }
        "iso" => standard(&format!("iso-8859-{}", number.strip_prefix("8859")?)).map(Decoder::Standard),
        "utf" if number.starts_with('8') => standard("utf-8").map(Decoder::Standard),
        "eucjp" | "eucjpms" | "eucjpwin" => standard("euc-jp").map(Decoder::Standard),
        "koi" => standard(if number.starts_with("8u") { "koi8-u" } else { "koi8-r" }).map(Decoder::Standard),
        "gb" if number.starts_with("18030") => standard("gb18030").map(Decoder::Standard),
        "big" if number.starts_with('5') => standard("big5").map(Decoder::Standard),
        // ISO 8859 counts its Latin alphabets in another way than its parts.
        "latin" => {
            let part = [("0", 15), ("7", 13), ("8", 14), ("9", 15), ("10", 16)];
            let (_, part) = part.into_iter().find(|(latin, _)| *latin == number)?;
            standard(&format!("iso-8859-{part}")).map(Decoder::Standard)
        }
        "macroman" => standard("macintosh").map(Decoder::Standard),
        _ => None,
    }
}

/// The code page with that number, as IBM and Microsoft count them.
fn code_page(number: u16) -> Option<Decoder> {
    let name = match number {
        437 => return Some(Decoder::CodePage(&oem::CP437)),
        737 => return Some(Decoder::CodePage(&oem::CP737)),
        850 => return Some(Decoder::CodePage(&oem::CP850)),
        852 => return Some(Decoder::CodePage(&oem::CP852)),
        855 => return Some(Decoder::CodePage(&oem::CP855)),
        857 => return Some(Decoder::CodePage(&oem::CP857)),
        858 => return Some(Decoder::CodePage858),
        860 => return Some(Decoder::CodePage(&oem::CP860)),
        861 => return Some(Decoder::CodePage(&oem::CP861)),
        862 => return Some(Decoder::CodePage(&oem::CP862)),
        863 => return Some(Decoder::CodePage(&oem::CP863)),
        864 => return Some(Decoder::CodePage(&oem::CP864)),
        865 => return Some(Decoder::CodePage(&oem::CP865)),
        869 => return Some(Decoder::CodePage(&oem::CP869)),
        50220..=50222 => return standard("iso-2022-jp").map(Decoder::Iso2022Jp),
        50225 => return Some(Decoder::Iso2022Kr),
        52936 => return Some(Decoder::Hz),
        819 => "windows-1252",
        866 => "ibm866",
        874 => "windows-874",
        932 | 942 | 943 => "shift_jis",
        936 | 1386 | 20936 | 51936 | 54936 => "gb18030",
        949 | 970 | 51949 => "euc-kr",
        950 | 951 => "big5",
        1200 => "utf-16le",
        1201 => "utf-16be",
        1250..=1258 => return standard(&format!("windows-{number}")).map(Decoder::Standard),
        10000 => "macintosh",
        10007 => "x-mac-cyrillic",
        20866 => "koi8-r",
        20932 | 51932 => "euc-jp",
        21866 => "koi8-u",
        28591..=28606 => return standard(&format!("iso-8859-{}", number - 28590)).map(Decoder::Standard),
        65000 => "utf-7",
        65001 => "utf-8",
        _ => return None,
    };
    standard(name).map(Decoder::Standard)
}
