//! The objects of a fetch run: its events, and the steps of `--dry-run`.

use std::time::Duration;

use pop3::fetch::event::{Event, Source};
use pop3::fetch::maildrop::Origin;
use schemars::JsonSchema;
use serde::Serialize;

use super::{KindName, Line, Time, UniqueId};
use crate::cli::report::sentence;

/// The shortest interval between two `received` objects.
pub(in crate::cli::output) const RECEIVED_EVERY: Duration = Duration::from_millis(250);

/// An object of `pop3 fetch` and `pop3 problems --retry`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(deny_unknown_fields)]
pub(crate) enum Run<'a> {
    /// The journal of this maildrop is new, and was made from older ones.
    Adopted {
        /// The account.
        account: &'a str,
        /// The journals that were taken over.
        from: &'a [String],
        /// How many messages they record.
        messages: u32,
    },
    /// The journal of this maildrop is new, and older ones belong to another maildrop.
    BeganAnew {
        /// The account.
        account: &'a str,
        /// Those journals.
        instead_of: &'a [String],
    },
    /// The connection is established, as secure as the account requires, and the account is signed in.
    Connected {
        /// The account.
        account: &'a str,
        /// The server: host and port, or the path of a socket.
        server: &'a str,
    },
    /// The maildrop is open.
    SignedIn {
        /// The account.
        account: &'a str,
        /// Messages in the maildrop.
        messages: u32,
        /// Their size together, as the server declares it.
        octets: u64,
    },
    /// The deliveries that an interrupted run had begun are settled.
    Settled {
        /// The account.
        account: &'a str,
        /// Deliveries that were found complete, or were completed now.
        delivered: u32,
        /// Messages that have to be fetched again.
        again: u32,
    },
    /// Messages that were fetched before are not in this run's destination.
    Elsewhere {
        /// The account.
        account: &'a str,
        /// How many.
        messages: u32,
        /// Where they went.
        store: &'a str,
    },
    /// What the session is going to do.
    Planned {
        /// The account.
        account: &'a str,
        /// Messages to fetch.
        to_fetch: u32,
        /// Their size together, as the server declares it.
        octets: u64,
        /// Messages to delete on the server.
        to_delete: u32,
        /// Messages that an earlier run has fetched.
        known: u32,
    },
    /// A message begins to arrive.
    Started {
        /// The account.
        account: &'a str,
        /// Its message-number in this session.
        number: u32,
        /// Its size as the server declares it.
        octets: Option<u64>,
        #[serde(flatten)]
        unique_id: UniqueId<'a>,
    },
    /// More of a message has arrived; a few times a second at most.
    Received {
        /// The account.
        account: &'a str,
        /// Its message-number in this session.
        number: u32,
        /// Bytes of it so far.
        bytes: u64,
    },
    /// A message has arrived whole. It is not delivered before `committed`.
    Fetched {
        /// The account.
        account: &'a str,
        /// Its message-number in this session.
        number: u32,
        /// Its size, as counted.
        bytes: u64,
    },
    /// A message could not be fetched; it will be retried, and the run goes on.
    Failed {
        /// The account.
        account: &'a str,
        /// Its message-number in this session.
        number: u32,
        #[serde(flatten)]
        unique_id: UniqueId<'a>,
        /// Why, in a word.
        kind: KindName,
        /// Why, in a sentence.
        reason: String,
    },
    /// Messages are in the destination, durably, and are recorded.
    Committed {
        /// The account.
        account: &'a str,
        /// The destination.
        store: &'a str,
        /// How many.
        messages: u32,
    },
    /// The server has confirmed deletions.
    Deleted {
        /// The account.
        account: &'a str,
        /// How many messages.
        messages: u32,
    },
    /// The connection was lost, and the run goes on in a new session.
    Reconnecting {
        /// The account.
        account: &'a str,
        /// What happened, in a word.
        kind: KindName,
        /// What happened, in a sentence.
        reason: String,
        /// Whether the new session sends one command at a time.
        cautious: bool,
    },
    /// The run of an account is over, and these are its results. A run that failed early has only an `error`,
    /// on stderr.
    Finished {
        /// The account.
        account: &'a str,
        /// The destination.
        store: &'a str,
        /// Messages fetched and delivered.
        fetched: u32,
        /// Their size together, as counted.
        bytes: u64,
        /// Messages deleted on the server.
        deleted: u32,
        /// Messages that an earlier run has fetched.
        known: u32,
        /// New messages that are larger than --max-size.
        skipped_too_large: u32,
        /// New messages that --limit leaves for the next run.
        over_limit: u32,
        /// Messages that could not be fetched, and will be retried.
        failed: u32,
        /// Messages that failed before, and were not tried in this run.
        put_off: u32,
        /// Deliveries of an interrupted run that were found complete, or were completed.
        recovered: u32,
        /// Deletions that were due and not done: more than --max-delete allows.
        held_back: u32,
        /// How long the run took, in seconds.
        elapsed: f64,
    },
    /// What a run would do with a message (--dry-run).
    Step {
        /// The account.
        account: &'a str,
        /// Its message-number in this session.
        number: u32,
        /// Its size as the server declares it.
        octets: Option<u64>,
        #[serde(flatten)]
        unique_id: UniqueId<'a>,
        /// When it was written, as its header says; `null` if the header is not known.
        date: Option<Time>,
        /// The sender: name and address; `null` if the header is not known.
        from: Option<&'a str>,
        /// The subject; `null` if the header is not known.
        subject: Option<&'a str>,
        /// What would be done.
        action: String,
        /// Why.
        reason: String,
    },
}

impl Line for Run<'_> {}

/// The object of an event; `None` for `Received`, which is too frequent and is reported at intervals, and for
/// `Warning`, which goes to stderr.
pub(in crate::cli::output) fn event_object<'a>(event: &Event<'a>, source: Source<'a>) -> Option<Run<'a>> {
    let Source { account, store } = source;
    Some(match *event {
        Event::Connected { server } => Run::Connected { account, server },
        Event::SignedIn { messages, octets } => Run::SignedIn { account, messages, octets },
        Event::Settled { delivered, again } => Run::Settled { account, delivered, again },
        Event::Planned { to_fetch, octets, to_delete, known } => {
            Run::Planned { account, to_fetch, octets, to_delete, known }
        }
        Event::Started { number, octets, unique_id } => {
            Run::Started { account, number, octets, unique_id: UniqueId::from_option(unique_id) }
        }
        Event::Fetched { number, bytes } => Run::Fetched { account, number, bytes },
        Event::Failed { number, unique_id, reason } => Run::Failed {
            account,
            number,
            unique_id: UniqueId::from_option(unique_id),
            kind: reason.kind().into(),
            reason: sentence(reason),
        },
        Event::Committed { messages } => Run::Committed { account, store, messages },
        Event::Reconnecting { reason, cautious } => {
            Run::Reconnecting { account, kind: reason.kind().into(), reason: sentence(reason), cautious }
        }
        Event::Adopted { origin: Origin::TookOver { from, messages } } => {
            Run::Adopted { account, from, messages: *messages }
        }
        Event::Adopted { origin: Origin::BeganAnew { instead_of } } => Run::BeganAnew { account, instead_of },
        Event::Elsewhere { messages, store } => Run::Elsewhere { account, messages, store },
        Event::Deleted { messages } => Run::Deleted { account, messages },
        Event::Finished(summary) => Run::Finished {
            account,
            store,
            fetched: summary.fetched,
            bytes: summary.bytes,
            deleted: summary.deleted,
            known: summary.known,
            skipped_too_large: summary.skipped_too_large,
            over_limit: summary.over_limit,
            failed: summary.failed,
            put_off: summary.put_off,
            recovered: summary.recovered,
            held_back: summary.held_back,
            elapsed: seconds(summary.elapsed),
        },
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

    use super::super::tests::shown;
    use super::*;

    const WORK: Source<'_> = Source { account: "work", store: "the Maildir /in" };

    #[test]
    fn every_event_has_its_stable_names() {
        let failed =
            Error::new(Kind::Refused, "could not fetch message 3").because("the server said: \"no\"");
        let summary =
            Summary { fetched: 2, bytes: 3, elapsed: Duration::from_micros(1_234_567), ..Summary::default() };
        let table = [
            (
                Event::Connected { server: "h:995" },
                r#"{"type":"connected","account":"work","server":"h:995"}"#,
            ),
            (
                Event::SignedIn { messages: 2, octets: 320 },
                r#"{"type":"signed_in","account":"work","messages":2,"octets":320}"#,
            ),
            (
                Event::Settled { delivered: 1, again: 2 },
                r#"{"type":"settled","account":"work","delivered":1,"again":2}"#,
            ),
            (
                Event::Planned { to_fetch: 1, octets: 120, to_delete: 0, known: 1 },
                r#"{"type":"planned","account":"work","to_fetch":1,"octets":120,"to_delete":0,"known":1}"#,
            ),
            (
                Event::Started { number: 1, octets: None, unique_id: Some(b"a b%\"") },
                r#"{"type":"started","account":"work","number":1,"octets":null,"unique_id":"a b%\""}"#,
            ),
            (
                Event::Fetched { number: 1, bytes: 121 },
                r#"{"type":"fetched","account":"work","number":1,"bytes":121}"#,
            ),
            (
                Event::Failed { number: 3, unique_id: Some(b"\xff\x00"), reason: &failed },
                r#"{"type":"failed","account":"work","number":3,"unique_id_base64":"/wA=","kind":"refused","reason":"could not fetch message 3: the server said: \"no\""}"#,
            ),
            (
                Event::Committed { messages: 1 },
                r#"{"type":"committed","account":"work","store":"the Maildir /in","messages":1}"#,
            ),
            (Event::Deleted { messages: 1 }, r#"{"type":"deleted","account":"work","messages":1}"#),
            (
                Event::Finished(&summary),
                r#"{"type":"finished","account":"work","store":"the Maildir /in","fetched":2,"bytes":3,"deleted":0,"known":0,"skipped_too_large":0,"over_limit":0,"failed":0,"put_off":0,"recovered":0,"held_back":0,"elapsed":1.235}"#,
            ),
        ];
        for (event, object) in table {
            assert_eq!(shown(&event_object(&event, WORK).expect("it has an object")), object);
        }
        for event in [Event::Received { bytes: 1 }, Event::Warning { text: "x" }] {
            assert!(event_object(&event, WORK).is_none());
        }
    }
}
