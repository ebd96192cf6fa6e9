//! The objects of the commands that ask a server about its mail, and of `pop3 check`.

use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{KindName, Line, Time, UniqueId};

/// An object of `list`, `stat`, `uidl`, `capa`, `last`, `noop`, `dele`, `retr` or `check`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(deny_unknown_fields)]
pub(crate) enum Mail<'a> {
    /// `pop3 list`: a message.
    List {
        /// The account.
        account: &'a str,
        /// Its message-number in this session.
        number: u32,
        /// Its size as the server declares it.
        octets: Option<u64>,
        #[serde(flatten)]
        unique_id: UniqueId<'a>,
        /// When it was written, as its header says.
        date: Option<Time>,
        /// `new`, or `fetched` by an earlier run.
        state: &'a str,
        /// The sender: name and address. Empty if unknown.
        from: &'a str,
        /// The subject. Empty if there is none, or if it is unknown.
        subject: &'a str,
    },
    /// `pop3 stat`: the figures of the maildrop.
    Stat {
        /// The account.
        account: &'a str,
        /// How many messages there are.
        messages: u32,
        /// Their size together, as the server declares it.
        octets: Option<u64>,
    },
    /// `pop3 uidl`: the unique-id of a message.
    Uidl {
        /// The account.
        account: &'a str,
        /// Its message-number in this session.
        number: u32,
        #[serde(flatten)]
        unique_id: UniqueId<'a>,
    },
    /// `pop3 capa`: what the server can do.
    Capa {
        /// The account.
        account: &'a str,
        /// Asked before the sign-in, or after it.
        when: When,
        /// The lines of its answer. Empty where it refuses the command.
        capabilities: Vec<String>,
    },
    /// `pop3 last`: the highest message-number accessed.
    Last {
        /// The account.
        account: &'a str,
        /// That number; 0 if there is none.
        last: u32,
    },
    /// `pop3 noop`: signing in works.
    Noop {
        /// The account.
        account: &'a str,
        /// The server: host and port, or the path of a socket.
        server: String,
        /// The user name.
        user: &'a str,
        /// Whether the connection is encrypted.
        encrypted: bool,
    },
    /// `pop3 dele`: the server has confirmed these deletions.
    Dele {
        /// The account.
        account: &'a str,
        /// Their message-numbers in this session.
        numbers: &'a [u32],
    },
    /// `pop3 retr -o`: a message was written.
    Retr {
        /// The account.
        account: &'a str,
        /// Its message-number in this session.
        number: u32,
        /// The file.
        file: String,
    },
    /// `pop3 check`: a finding.
    Check {
        /// The account.
        account: &'a str,
        /// What was checked: `dns`, `connect`, `tls`, `sign-in`, `destination` …
        check: &'a str,
        /// `ok`, `note`, `warning` or `failed`.
        verdict: &'a str,
        /// What was found.
        message: &'a str,
        /// What to do about it.
        hint: Option<&'a str>,
        #[serde(flatten)]
        #[schemars(with = "Facts")]
        facts: &'a Map<String, Value>,
    },
}

impl Line for Mail<'_> {}

/// Before the sign-in or after it.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum When {
    /// Before the sign-in.
    BeforeSignIn,
    /// After it.
    AfterSignIn,
}

fn make_optional(schema: &mut Schema) {
    schema.remove("required");
}

/// The members of [`Mail::Check`] that not every finding has: [`Finding::fact`](crate::cli::check) puts them there by
/// their names.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, transform = make_optional)]
#[expect(dead_code, reason = "describes what is put together by names")]
struct Facts {
    /// The address that was tried.
    address: String,
    /// The addresses of the host.
    addresses: Vec<String>,
    /// Whether the greeting has a timestamp for APOP.
    apop: bool,
    /// The lines of the answer to CAPA.
    capabilities: Vec<String>,
    /// After how many days the server may delete mail.
    days: u64,
    /// Days until the certificate expires; negative once it has.
    days_left: i64,
    /// Who issued the certificate.
    issuer: String,
    /// What failed, in a word.
    kind: KindName,
    /// The mechanism of the sign-in.
    mechanism: String,
    /// Mechanisms that were not tried.
    mechanisms: Vec<String>,
    /// How many messages it is about.
    messages: u64,
    /// How long the connection took.
    milliseconds: u64,
    /// The names of the certificate.
    names: Vec<String>,
    /// When the certificate expires.
    not_after: Time,
    /// The size of the messages together, as the server declares it.
    octets: u64,
    /// The value of `--pin` that trusts exactly this certificate, or this key.
    pin: String,
    /// The pause that the server wants between two sign-ins.
    seconds: u64,
    /// An account for the configuration file.
    toml: String,
    /// The version of TLS: `1.2`, `1.3`.
    tls: String,
    /// When the server was asked.
    when: String,
}
