//! `--json`: one object a line, for programs. Names are stable; members keep the order in which
//! they were put. Unique-ids are lossless: `unique_id` holds them where they are UTF-8 (as RFC 1939
//! wants them, printable ASCII), `unique_id_base64` where a server sends other bytes.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pop3::fetch::event::{Event, Source};
use pop3::fetch::maildrop::Origin;
use pop3::transport::Certificate;
use serde::Serialize;

/// The shortest interval between two `received` objects.
pub(super) const RECEIVED_EVERY: Duration = Duration::from_millis(250);

/// An object, which becomes one line.
#[derive(Debug, Clone)]
pub(crate) struct Object(String);

impl Object {
    /// An object without members.
    pub(crate) fn new() -> Self {
        Object("{".into())
    }

    /// The object of one event of a run: its first members are `event` and `account`.
    pub(crate) fn event(name: &str, account: &str) -> Self {
        Object::new().put("event", name).put("account", account)
    }

    /// The same object with one more member. `name` needs no escaping.
    #[must_use]
    pub(crate) fn put(mut self, name: &str, value: impl Serialize) -> Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        // Numbers, texts and lists of them can always be serialised.
        let value = serde_json::to_string(&value).unwrap_or_else(|_| "null".into());
        self.0.extend(["\"", name, "\":", &value]);
        self
    }

    /// The same object with the certificate that it is about, where there is one.
    #[must_use]
    pub(crate) fn put_certificate(self, certificate: Option<&Certificate>) -> Self {
        let Some(certificate) = certificate else { return self };
        let object = Object::new()
            .put("names", certificate.names())
            .put("issuer", certificate.issuer())
            .put("self_signed", certificate.is_self_signed())
            .put("not_before", certificate.not_before().map(|time| time.to_string()))
            .put("not_after", certificate.not_after().map(|time| time.to_string()))
            .put("pin", certificate.pin().to_string());
        self.put_object("certificate", object)
    }

    fn put_object(mut self, name: &str, object: Object) -> Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.extend(["\"", name, "\":", &object.0, "}"]);
        self
    }

    /// The same object with a unique-id, where there is one.
    #[must_use]
    pub(crate) fn put_unique_id(self, unique_id: Option<&[u8]>) -> Self {
        match unique_id.map(|bytes| (bytes, std::str::from_utf8(bytes))) {
            None => self,
            Some((_, Ok(text))) => self.put("unique_id", text),
            Some((bytes, Err(_))) => self.put("unique_id_base64", STANDARD.encode(bytes)),
        }
    }

    /// The line, with its end.
    pub(super) fn line(self) -> String {
        self.0 + "}\n"
    }
}

/// The object of an event; `None` for `Received`, which is too frequent and is reported at intervals.
pub(super) fn of_event(event: &Event, source: Source<'_>) -> Option<Object> {
    let named = |name| Object::event(name, source.account);
    Some(match *event {
        Event::Connected { server } => named("connected").put("server", server),
        Event::SignedIn { messages, octets } => {
            named("signed_in").put("messages", messages).put("octets", octets)
        }
        Event::Settled { delivered, again } => {
            named("settled").put("delivered", delivered).put("again", again)
        }
        Event::Planned { to_fetch, octets, to_delete, known } => named("planned")
            .put("to_fetch", to_fetch)
            .put("octets", octets)
            .put("to_delete", to_delete)
            .put("known", known),
        Event::Started { number, octets, unique_id } => {
            named("started").put("number", number).put("octets", octets).put_unique_id(unique_id)
        }
        Event::Fetched { number, bytes } => named("fetched").put("number", number).put("bytes", bytes),
        Event::Failed { number, unique_id, reason } => named("failed")
            .put("number", number)
            .put_unique_id(unique_id)
            .put("reason", crate::cli::report::sentence(reason)),
        Event::Committed { messages } => {
            named("committed").put("store", source.store).put("messages", messages)
        }
        Event::Reconnecting { reason, cautious } => named("reconnecting")
            .put("reason", crate::cli::report::sentence(reason))
            .put("cautious", cautious),
        Event::Adopted { origin: Origin::TookOver { from, messages } } => {
            named("adopted").put("from", from).put("messages", messages)
        }
        Event::Adopted { origin: Origin::BeganAnew { instead_of } } => {
            named("began_anew").put("instead_of", instead_of)
        }
        Event::Elsewhere { messages, store } => {
            named("elsewhere").put("messages", messages).put("store", store)
        }
        Event::Deleted { messages } => named("deleted").put("messages", messages),
        Event::Warning { text } => named("warning").put("text", text),
        Event::Finished(summary) => {
            let counts = summary.counts();
            let named = named("finished").put("store", source.store);
            let object = counts.into_iter().fold(named, |object, (name, n)| object.put(name, n));
            object.put("elapsed", seconds(summary.elapsed))
        }
        _ => return None,
    })
}

/// Seconds, to the millisecond.
fn seconds(elapsed: Duration) -> f64 {
    (elapsed.as_secs_f64() * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use pop3::error::{Error, Kind};
    use pop3::fetch::event::Summary;

    use super::*;

    fn line(event: &Event) -> String {
        of_event(event, Source { account: "work", store: "the Maildir /in" })
            .map(Object::line)
            .expect("this event has an object")
    }

    #[test]
    fn every_event_has_its_stable_names() {
        let failed =
            Error::new(Kind::Refused, "could not fetch message 3").because("the server said: \"no\"");
        let summary =
            Summary { fetched: 2, bytes: 3, elapsed: Duration::from_micros(1_234_567), ..Summary::default() };
        let table = [
            (
                Event::Connected { server: "h:995" },
                r#"{"event":"connected","account":"work","server":"h:995"}"#,
            ),
            (
                Event::SignedIn { messages: 2, octets: 320 },
                r#"{"event":"signed_in","account":"work","messages":2,"octets":320}"#,
            ),
            (
                Event::Settled { delivered: 1, again: 2 },
                r#"{"event":"settled","account":"work","delivered":1,"again":2}"#,
            ),
            (
                Event::Planned { to_fetch: 1, octets: 120, to_delete: 0, known: 1 },
                r#"{"event":"planned","account":"work","to_fetch":1,"octets":120,"to_delete":0,"known":1}"#,
            ),
            (
                Event::Started { number: 1, octets: None, unique_id: Some(b"a b%\"") },
                r#"{"event":"started","account":"work","number":1,"octets":null,"unique_id":"a b%\""}"#,
            ),
            (
                Event::Fetched { number: 1, bytes: 121 },
                r#"{"event":"fetched","account":"work","number":1,"bytes":121}"#,
            ),
            (
                Event::Failed { number: 3, unique_id: Some(b"\xff\x00"), reason: &failed },
                r#"{"event":"failed","account":"work","number":3,"unique_id_base64":"/wA=","reason":"could not fetch message 3: the server said: \"no\""}"#,
            ),
            (
                Event::Committed { messages: 1 },
                r#"{"event":"committed","account":"work","store":"the Maildir /in","messages":1}"#,
            ),
            (Event::Deleted { messages: 1 }, r#"{"event":"deleted","account":"work","messages":1}"#),
            (Event::Warning { text: "x" }, r#"{"event":"warning","account":"work","text":"x"}"#),
            (
                Event::Finished(&summary),
                r#"{"event":"finished","account":"work","store":"the Maildir /in","fetched":2,"bytes":3,"deleted":0,"known":0,"skipped_too_large":0,"over_limit":0,"failed":0,"put_off":0,"recovered":0,"held_back":0,"elapsed":1.235}"#,
            ),
        ];
        for (event, object) in table {
            assert_eq!(line(&event), format!("{object}\n"));
            serde_json::from_str::<serde_json::Value>(object).expect("valid JSON");
        }
        assert!(of_event(&Event::Received { bytes: 1 }, Source { account: "work", store: "" }).is_none());
    }

    #[test]
    fn unique_ids_that_look_alike_stay_apart() {
        let line = |bytes: &[u8]| Object::new().put_unique_id(Some(bytes)).line();
        assert_eq!(line(b"%FF"), "{\"unique_id\":\"%FF\"}\n");
        assert_eq!(line(b"\xff"), "{\"unique_id_base64\":\"/w==\"}\n");
        assert_eq!(line("\u{fffd}".as_bytes()), "{\"unique_id\":\"\u{fffd}\"}\n");
        assert_eq!(Object::new().put_unique_id(None).line(), "{}\n");
    }

    #[test]
    fn no_text_breaks_the_line() {
        let object = Object::event("warning", "a\nb").put("text", "\u{2028}\r\n\"").line();
        assert_eq!(object.matches('\n').count(), 1);
    }
}
