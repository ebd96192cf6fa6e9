//! The cases of what people see, and that nothing of what can stand in a header breaks the reader.

use std::time::Duration;

use proptest::prelude::*;
use rustix::time::{ClockId, clock_gettime};

use super::*;

/// The bytes of a field as it is written in the table: `␤` is CRLF, `\xNN` is one byte.
fn wire(written: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = written;
    while let Some(c) = rest.chars().next() {
        let byte = rest.strip_prefix("\\x").and_then(|hex| u8::from_str_radix(hex.get(..2)?, 16).ok());
        match byte {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[4..];
                continue;
            }
            None if c == '␤' => bytes.extend_from_slice(b"\r\n"),
            None => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        rest = &rest[c.len_utf8()..];
    }
    bytes
}

const SUBJECTS: &[(&str, &str, &str)] = &[
    ("1.1", "=?UTF-8?Q?=C5?=␤ =?UTF-8?Q?=BD=C4=85s=C5=B3?=", "Žąsų"),
    ("1.1", "=?utf-8?B?8J8=?=␤ =?utf-8?B?mIA=?=", "😀"),
    ("1.1, of both encodings", "=?utf-8?B?8J8=?= =?UTF-8?q?=98=80?=", "😀"),
    ("1.1, with and without language", "=?utf-8*en?B?8J8=?= =?utf-8?Q?=98=80?=", "😀"),
    ("1.2", "=?gb2312?B?u+HS?=␤ =?gb2312?B?6Q==?=", "会议"),
    ("1.2, Shift_JIS", "=?Shift_JIS?B?ie+L?=␤ =?Shift_JIS?B?Yw==?=", "会議"),
    ("1.2, Big5", "=?Big5?Q?=B7|=C4?=␤ =?Big5?Q?=B3?=", "會議"),
    ("1.2, EUC-KR", "=?EUC-KR?B?yLjA?=␤ =?EUC-KR?B?xw==?=", "회의"),
    ("1.3", "=?utf-8?Q?gr=C3=BCne?==?utf-8?Q?_=C3=84pfel?=", "grüne Äpfel"),
    ("1.3", "=?utf-8?Q?one_?==?utf-8?Q?two?=", "one two"),
    ("1.3, padded base64", "=?utf-8?B?w5w=?==?utf-8?Q?bung?=", "Übung"),
    ("1.3, beside text", "Re:=?utf-8?Q?=C3=84pfel?=(2)", "Re:Äpfel(2)"),
    ("1.4", "=?iso-8859-1?Q?Fr\\xf6sche?=", "Frösche"),
    ("1.4", "=?utf-8?Q?f=C3=B6=C3=B6 b\\xc3\\xa4r?=", "föö bär"),
    ("1.4, KOI8-R", "=?koi8-r?Q?\\xf0\\xf2\\xe9\\xf7=E5=F4?=", "ПРИВЕТ"),
    ("1.5", "=?cp932?B?ie+LYw==?=", "会議"),
    ("1.5", "=?cp949?B?yLjAxw==?=", "회의"),
    ("1.5", "=?cp936?B?u+HS6Q==?=", "会议"),
    ("1.6", "=?cp850?Q?=9Abung?=", "Übung"),
    ("1.6", "=?IBM437?Q?=9Abung?=", "Übung"),
    ("1.6, cp858", "=?cp858?Q?5_=D5?=", "5 €"),
    ("1.7", "=?iso-2022-kr?B?GyQpQw5IOEBHDw==?=", "회의"),
    ("1.7", "=?hz-gb-2312?B?fns7YVJpfn0=?=", "会议"),
    ("1.7, with text around it", "=?hz-gb-2312?Q?a_~~_~{;aRi~}_b?=", "a ~ 会议 b"),
    (
        "1.7, ISO-2022-JP in two words",
        "=?iso-2022-jp?B?GyRCMnEbKEI=?= =?iso-2022-jp?B?GyRCNUQbKEI=?=",
        "会議",
    ),
    ("1.8", "=?unknown-8bit?B?w5xidW5n?=", "Übung"),
    ("1.8", "=?x-unknown?Q?=C3=9Cbung?=", "Übung"),
    ("1.8, that is no UTF-8", "=?x-unknown?Q?=DCbung?=", "Übung"),
    ("1.8, ASCII of eight bits", "=?us-ascii?Q?=C3=9Cbung?=", "Übung"),
    ("1.8, without a name", "=??Q?=C3=9Cbung?=", "Übung"),
    ("1.9", "=?UTF-8?B?0JfQsNC/0LjRgtCy=?=", "Запитв"),
    ("1.9", "=?UTF-8?B?w5xidW5nIQ?=", "Übung!"),
    ("1.9", "=?UTF-8?B?w5xi dW5n?=", "Übung"),
    ("1.9", "=?UTF-8?B?w5xi␤ dW5n?=", "Übung"),
    ("language", "=?utf-8*en?Q?caf=C3=A9?=", "café"),
    ("UTF-7", "=?utf-7?Q?+ANw-bung?=", "Übung"),
    ("UTF-16 that says its order", "=?utf-16?B?/v8A3ABi?=", "Üb"),
    ("raw UTF-8", "Übung", "Übung"),
    ("raw Latin-1", "\\xdcbung", "Übung"),
    ("raw UTF-8, cut", "会\\xe8\\xad", "会\u{fffd}"),
    ("blanks at the ends", "  =?utf-8?Q?x?=␤ ", "x"),
    ("folds and tabs", "a␤\tb\tc␤ ␤  d", "a b c d"),
    ("words between text", "a =?utf-8?Q?b?= =?utf-8?Q?c?= d =?utf-8?Q?e?=", "a bc d e"),
    ("a word of nothing", "a =?utf-8?Q??= b", "a  b"),
    ("a question", "=?utf-8?Q?really??=", "really?"),
    ("no words", "=? =?= =?utf-8?X?a?= =?utf-8?Q =?utf-8", "=? =?= =?utf-8?X?a?= =?utf-8?Q =?utf-8"),
    ("a word in a word", "=?utf-8?Q?a =?utf-8?Q?b?=", "=?utf-8?Q?a b"),
    ("a word that was cut", "=?utf-8?Q?caf=C3=A9?= =?utf-8?B?w5xidW5", "caféÜbun"),
    ("a text about words", "=?utf-8?Q? begins one", "=?utf-8?Q? begins one"),
    ("an equals sign that is itself", "=?utf-8?Q?a=b=?=", "a=b="),
];

#[test]
fn subjects_are_shown_as_they_were_meant() {
    for (case, written, shown) in SUBJECTS {
        assert_eq!(text(&wire(written)), *shown, "{case}: {written}");
    }
}

#[test]
fn charsets_are_known_by_all_their_names() {
    for (names, encoded, shown) in [
        ("shift_jis Shift-JIS sjis x-sjis ms932 cp932 CP-932 windows-31j ibm943", "=89=EF", "会"),
        ("euc-kr ks_c_5601-1987 cp949 ms949 windows-949 x-windows-949", "=C8=B8", "회"),
        ("gb2312 gbk gb18030 GB18030-2005 cp936 ms936 x-gbk euc_cn windows-936", "=BB=E1", "会"),
        ("big5 Big5-HKSCS big5-2003 cp950 ms950 windows-950", "=B7=7C", "會"),
        ("iso-2022-jp ISO-2022-JP-MS iso2022jp iso-2022-jp-2 cp50220 csISO2022JP", "=1B$B2q=1B(B", "会"),
        ("iso-8859-1 latin1 latin-1 iso8859_1 ISO_8859-1 windows-1252 cp1252 \"iso-8859-1\"", "=FC", "ü"),
        ("iso-8859-15 latin9 latin-9 iso8859_15 cp28605", "=A4", "€"),
        ("windows-1251 cp1251 CP-1251 win-1251 x-cp1251 windows1251", "=FF", "я"),
        ("koi8-r koi8_r KOI8R cp20866", "=D1", "я"),
        ("cp437 IBM437 ibm-437 csPC8CodePage437 437 x-ibm437", "=81", "ü"),
        ("utf-8 UTF8 utf_8 cp65001 utf8mb4 unicode-1-1-utf-8", "=C3=BC", "ü"),
        ("hz hz-gb-2312", "~{;a~}", "会"),
    ] {
        for name in names.split(' ') {
            assert_eq!(text(format!("=?{name}?Q?{encoded}?=").as_bytes()), shown, "{name}");
        }
    }
}

fn names_and_texts(header: &str) -> Vec<(String, String)> {
    let header = wire(header);
    let field = |field: Field<'_>| (String::from_utf8_lossy(field.name).into_owned(), text(field.body));
    fields(&header).map(field).collect()
}

/// Cases 1.10 and 1.11.
#[test]
fn an_odd_line_costs_that_line() {
    let expected = [("From", "a@x"), ("Date", "d"), ("Subject", "one two")];
    let expected = expected.map(|(name, body)| (name.to_owned(), body.to_owned()));
    for header in [
        "From: a@x␤Date: d␤Subject: one␤ two␤␤Subject: body",
        " stray folded line␤From: a@x␤Date: d␤Subject: one␤ two",
        "\tstray folded line␤ and more␤From: a@x␤Date: d␤Subject: one␤\ttwo␤",
        "From : a@x␤Date\t: d␤Subject \t : one␤ two␤␤",
        "no colon␤ folded: line␤From: a@x␤: no name␤Date: d␤Two words: no name␤\\xff: none␤Subject: one␤ two␤␤",
        "From a@x Mon Jan  1 10:00:00 2024␤>From x: y␤From: a@x␤Date: d␤Subject: one␤ ␤ two␤\r␤Subject: body",
        "From: a@x\nDate: d\nSubject: one\n two\n\nSubject: body\n",
    ] {
        assert_eq!(names_and_texts(header), expected, "{header}");
    }
    assert_eq!(names_and_texts("X-Odd : y␤Subject : plain")[1], ("Subject".into(), "plain".into()));
    for nothing in ["", "␤", "␤Subject: body", " ", "Subject", "\\xff\\xfe\0"] {
        assert_eq!(names_and_texts(nothing), [], "{nothing:?}");
    }
}

#[test]
fn dates_are_right_or_none() {
    let table = [
        ("2026-03-03T08:33:00Z", "Tue, 3 Mar 2026 10:33:00 +0200"),
        ("2026-03-03T08:33:00Z", "Tue, 3 Mar 2026 10:33:00 +02:00"), // case 1.12
        ("2026-03-03T16:03:00Z", "Tue, 3 Mar 2026 10:33:00 -05:30"),
        ("2026-03-03T04:48:00Z", "Tue, 3 Mar 2026 10:33:00 +05:45"),
        ("2026-03-03T08:33:00Z", "Fri, 03 March 2026 10:33 +02"),
        ("2026-03-03T08:33:00Z", " 3 Mar 26␤ 10:33:00 (a \\) comment (twice)) +0200 (EET)"),
        ("2026-03-03T08:33:00Z", "Di, 3 Mar 2026 08:33:00 GMT"),
        ("2026-03-03T08:33:00Z", "Tue, 03-Mar-2026 08:33:00 UT"),
        ("2026-03-03T08:33:00Z", "Tue Mar  3 03:33:00 EST 2026"),
        ("2026-03-03T08:33:00Z", "Tue Mar 3 08:33:00 2026 -0000"),
        ("2026-03-03T08:33:00Z", "March 3, 2026 10:33 AM +0200"),
        ("2026-03-03T08:33:00Z", "Tue, 3 Mar 2026 10:33:00 GMT+0200"),
        ("2026-03-03T08:33:00Z", "Tue, 3 Mar 2026 09:33:00 CET"),
        ("2026-03-03T08:33:00Z", "Tue, 3 Mar 2026 09:33:00 +0100 XYZ"),
        ("2026-03-03T08:33:00Z", "2026-03-03T10:33:00.125+02:00"),
        ("2026-03-03T08:33:00Z", "2026-03-03 10:33:00 +0200"),
        ("2026-03-03T08:33:59Z", "3 Mar 2026 08:33:60 Z"),
        ("1970-01-01T00:00:00Z", "Thu, 1 Jan 1970 00:00:00 +0000"),
        ("1999-12-31T12:00:00Z", "31 Dec 99 12:00:00 +0000"),
        ("2003-12-31T12:00:00Z", "31 Dec 103 12:00:00 +0000"),
        ("none", ""),
        ("none", "now"),
        ("none", "0"),
        ("none", "Tue, 3 Mar 2026"),
        ("none", "Tue, 3 Mar 2026 10:33:00"),
        ("none", "Tue, 3 Mar 2026 10:33:00 IST"),
        ("none", "Tue, 3 Mar 2026 10:33:00 A"),
        ("none", "Tue, 3 Mar 2026 10:33:00 +200"),
        ("none", "Tue, 3 Mar 2026 10:33:00 +0260"),
        ("none", "Tue, 3 Mar 2026 10:33:00 +9900"),
        ("none", "Tue, 31 Feb 2026 10:33:00 +0000"),
        ("none", "Tue, 3 Mar 2026 25:33:00 +0000"),
        ("none", "Tue, 3 Mar 2026 13:33:00 PM +0000"),
        ("none", "Tue, 3 Mar 2026 4 10:33:00 +0000"),
        ("none", "Tue, 3 Mrz 2026 10:33:00 +0000"),
        ("none", "Tue, 3 Mar 20260 10:33:00 +0000"),
        ("none", "03/04/2026 10:33:00 +0000"),
    ];
    for (time, written) in table {
        let found = date::parse(&wire(written)).map_or("none".to_owned(), |time| time.to_string());
        assert_eq!(found, time, "{written}");
    }
}

#[test]
fn senders_are_known_by_name() {
    for (written, shown) in [
        ("Ann <a@x>", "Ann"),
        ("\"Last, First\" <a@x>", "Last, First"),
        ("\"The \\\"Boss\\\"\" <a@x>", "The \"Boss\""),
        ("Last, First <a@x>", "Last, First"),
        ("a@x", "a@x"),
        ("<a@x>", "a@x"),
        ("\"\" <a@x>", "a@x"),
        ("=?utf-8?Q?J=C3=BCrgen?= <a@x>", "Jürgen"),
        ("\"=?utf-8?Q?J=C3=BCrgen=3Cb=40x=3E?=\"␤ <a@x>", "Jürgen<b@x>"),
        ("Jürgen <a@x>", "Jürgen"),
        ("J\\xfcrgen <a@x>", "Jürgen"),
        ("Nicolò Libertà <a@x>", "Nicolò Libertà"),
        ("Петр <a@x>", "Петр"),
        ("РАДАР <a@x>", "РАДАР"),
        ("A <a@x>, B <b@x>", "A"),
        ("Friends: a@x, b@x;", "Friends"),
        ("nobody", "nobody"),
        ("", ""),
    ] {
        assert_eq!(address::name(&wire(written)), shown, "{written}");
    }
}

/// How much time on the processor the whole reader takes for a header of this alone, the least of a few: what else the
/// machine does is not counted.
fn time_of(header: &[u8]) -> Duration {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec.cast_unsigned(), u32::try_from(time.tv_nsec).unwrap())
    };
    let once = || {
        let start = now();
        fields(header).for_each(|field| assert!(text(field.body).len() <= 3 * header.len()));
        std::hint::black_box((text(header), address::name(header)));
        std::hint::black_box(date::parse(header));
        now() - start
    };
    (0..3).map(|_| once()).min().unwrap_or_default()
}

/// Case 1.13: four times the length takes about four times as long, not sixteen times.
#[test]
fn the_time_is_linear_in_the_length() {
    for piece in [
        "x =?",
        "=?utf-8?Q?",
        "=?utf-8?B?x ",
        "=?utf-8?Q?a?= ",
        "=?utf-7?Q?+?= =?hz?Q?~{?=",
        "=?iso-2022-jp?Q?=1B$B?= ",
        "=?",
        "?=",
        "=?utf-8?Q?=?=?",
        "=?a?b?c\n ",
        "a:\n",
        "a: b\n c\n",
        "no colon\n",
        "((\"",
        "a@x, <",
        "\u{202e}",
    ] {
        let [short, long] = [3_000, 12_000].map(|times| time_of(piece.repeat(times).as_bytes()));
        assert!(long < short * 10 + Duration::from_millis(5), "{piece:?}: {short:?}, then {long:?}");
    }
}

const PIECES: [&[u8]; 32] = [
    b"=?",
    b"?=",
    b"utf-8",
    b"?Q?",
    b"?B?",
    b"=",
    b"?",
    b" ",
    b"\r\n",
    b"\n",
    b"\t",
    b":",
    b"Subject",
    b"From",
    b"Date",
    b"=C3",
    b"w5w",
    b"\xc3",
    b"\xff",
    b"\"",
    b"<",
    b">",
    b"(",
    b")",
    b"\\",
    b",",
    b";",
    b"@",
    b"hz",
    b"iso-2022-kr",
    b"~{",
    b"\x1b$B\x0e",
];

proptest! {
    #[test]
    fn nothing_breaks_it(pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..60)) {
        let bytes = pieces.concat();
        for body in fields(&bytes).map(|field| field.body).chain([&bytes[..]]) {
            // U+FFFD, the longest that a byte can become, has three bytes; a piece of HZ or UTF-7 has no more.
            prop_assert!(text(body).len() <= 3 * body.len() + 3);
            date::parse(body);
            address::name(body);
        }
    }

    #[test]
    fn no_charset_breaks_it(
        name in "[a-zA-Z0-9_.:-]{0,20}|cp[0-9]{1,5}|(hz|iso-2022-(kr|jp|jp-2)|utf-(7|8|16)|x-cp858|gb18030|big5)",
        bytes in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let encoded: String = bytes.iter().map(|byte| format!("={byte:02X}")).collect();
        text(format!("=?{name}?Q?{encoded}?= =?{name}?Q?{encoded}?=").as_bytes());
    }

    #[test]
    fn dates_break_nothing(
        date in "(Mon, )?[0-9]{1,4}[ -](Jan|Feb|12|may)[ -][0-9]{1,5}[ T][0-9:.]{0,9}( ?[+-][0-9:]{0,6}| [A-Z]{1,4})?",
    ) {
        date::parse(date.as_bytes());
    }

    #[test]
    fn dates_that_are_as_they_should_be_are_read(seconds in 0_i64..4_102_444_800, minutes in -840_i32..=840) {
        let time = jiff::Timestamp::from_second(seconds).expect("in range");
        let zone = jiff::tz::TimeZone::fixed(jiff::tz::Offset::from_seconds(minutes * 60).expect("in range"));
        let written = jiff::fmt::rfc2822::to_string(&time.to_zoned_datetime(zone)).expect("a date");
        prop_assert_eq!(date::parse(written.as_bytes()), Some(time), "{}", written);
    }
}
