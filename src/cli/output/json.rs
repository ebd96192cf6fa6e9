//! `--json`: one object a line, for programs; results on stdout, [`Talk`] on stderr. What can be printed stands in the
//! enums of the files below, whose comments are the descriptions in the schema ([`schema`]): a new object is a new
//! variant. Names are stable.

mod local;
mod mail;
mod run;
pub(crate) mod schema;
mod talk;

use std::borrow::Cow;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use pop3::transport;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use super::sanitize;

pub(crate) use self::local::{Local, PlaceName};
pub(crate) use self::mail::{Mail, When};
pub(crate) use self::run::Run;
pub(super) use self::run::{RECEIVED_EVERY, event_object};
pub(crate) use self::talk::{KindName, Talk};

/// What becomes a line: an enum whose `type` names the variant.
pub(crate) trait Line: Serialize + JsonSchema {}

/// The line, without its end: `time` is put before the members. Characters that act on a terminal are escaped, as JSON
/// allows, so that it may be looked at there.
pub(super) fn line(object: &impl Line) -> io::Result<String> {
    #[derive(Serialize)]
    struct Timed<'a, T> {
        time: String,
        #[serde(flatten)]
        object: &'a T,
    }
    let line = serde_json::to_string(&Timed { time: format!("{:.3}", Timestamp::now()), object })?;
    if line.chars().all(|c| sanitize::is_harmless(c, false)) {
        return Ok(line);
    }
    let mut shown = String::with_capacity(line.len() + 16);
    for c in line.chars() {
        match sanitize::is_harmless(c, false) {
            true => shown.push(c),
            // Outside of texts JSON has none of them.
            false => {
                c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| shown.push_str(&format!("\\u{unit:04x}")))
            }
        }
    }
    Ok(shown)
}

/// A point in time: RFC 3339, UTC.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Time(pub(crate) Timestamp);

impl Time {
    /// Of seconds since 1970, if the calendar has them.
    pub(crate) fn from_seconds(seconds: i64) -> Option<Time> {
        Timestamp::from_second(seconds).ok().map(Time)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl JsonSchema for Time {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// A unique-id, without loss: RFC 1939 has printable ASCII, some servers other bytes. Neither member is there where
/// the server has no unique-ids.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct UniqueId<'a> {
    /// The unique-id, if it is UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    unique_id: Option<Cow<'a, str>>,
    /// The unique-id in base64, if it is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    unique_id_base64: Option<String>,
}

impl<'a> UniqueId<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => UniqueId { unique_id: Some(text.into()), unique_id_base64: None },
            Err(_) => UniqueId { unique_id: None, unique_id_base64: Some(STANDARD.encode(bytes)) },
        }
    }

    /// Of a message that may have none.
    pub(crate) fn from_option(bytes: Option<&'a [u8]>) -> Self {
        bytes.map(UniqueId::new).unwrap_or_default()
    }
}

/// What an error about a certificate shows of it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Certificate {
    /// The names that it is for.
    names: Vec<String>,
    /// Who issued it.
    issuer: String,
    /// Whether that is itself.
    self_signed: bool,
    /// Valid from.
    not_before: Option<Time>,
    /// Valid until.
    not_after: Option<Time>,
    /// The value of `--pin` that trusts exactly this certificate.
    pin: String,
}

impl From<&transport::Certificate> for Certificate {
    fn from(certificate: &transport::Certificate) -> Self {
        Certificate {
            names: certificate.names().to_vec(),
            issuer: certificate.issuer().to_owned(),
            self_signed: certificate.is_self_signed(),
            not_before: certificate.not_before().map(Time),
            not_after: certificate.not_after().map(Time),
            pin: certificate.pin().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line without its time, which is the first member.
    pub(super) fn shown(object: &impl Line) -> String {
        let line = line(object).expect("it is serialised");
        let time = line.strip_prefix("{\"time\":\"").and_then(|rest| rest.get(..24)).expect("a time");
        let parsed: Timestamp = time.parse().expect("RFC 3339");
        assert!(time.ends_with('Z') && parsed.as_second() > 1_700_000_000, "{time}");
        format!("{{{}", &line["{\"time\":\"\",".len() + 24..])
    }

    #[test]
    fn unique_ids_that_look_alike_stay_apart() {
        let line =
            |bytes: &[u8]| shown(&Mail::Uidl { account: "a", number: 1, unique_id: UniqueId::new(bytes) });
        let expected = |member: &str| format!(r#"{{"type":"uidl","account":"a","number":1,{member}}}"#);
        assert_eq!(line(b"%FF"), expected(r#""unique_id":"%FF""#));
        assert_eq!(line(b"\xff"), expected(r#""unique_id_base64":"/w==""#));
        assert_eq!(line("\u{fffd}".as_bytes()), expected("\"unique_id\":\"\u{fffd}\""));
        assert_eq!(serde_json::to_string(&UniqueId::from_option(None)).expect("it is serialised"), "{}");
    }

    #[test]
    fn what_acts_on_a_terminal_is_escaped_and_comes_back() {
        let message = "\u{9b}31m \u{202e}\u{7f}\u{e0001} gr\u{fc}n \u{1f600}";
        let line = line(&Talk::Note { message }).expect("it is serialised");
        assert!(line.contains("\\u009b31m \\u202e\\u007f\\udb40\\udc01 gr\u{fc}n \u{1f600}"), "{line}");
        let parsed: serde_json::Value = serde_json::from_str(&line).expect("it is JSON");
        assert_eq!(parsed["message"], message);
    }

    #[test]
    fn no_text_breaks_the_line() {
        let object = Talk::Note { message: "a\nb\u{2028}\r\n\"" };
        assert!(!shown(&object).contains(['\n', '\u{2028}']), "{}", shown(&object));
    }
}
