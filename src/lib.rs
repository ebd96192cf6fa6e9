//! A POP3 client and mail fetcher that never loses a message and never delivers one twice, whatever
//! happens at whatever moment.
//!
//! # From the server to the store
//!
//! ```text
//!  TCP / TLS / tunnel ─▶ connection ─▶ reply · multiline · listing ─▶ Session<Transaction>
//!                                                                       │ survey: numbers, octets, unique-ids
//!                    journal ─▶ plan (pure: what to do, and why) ◀──────┴── policy
//!                                 │ steps
//!                                 ▼
//!   retrieve n ─ chunks ─▶ batch ─ round, proven ─▶ commit ─▶ journal ─▶ DELE … ─▶ journal ─▶ QUIT
//!       │                (store)    (network thread │ committer's thread)          │
//!       └── Event ─▶ observer                                   Outcome ─▶ next: what the run does now
//! ```
//!
//! Bytes go right, decisions come from the plan, and after each session from the owner of its failure; nothing
//! flows back but [`fetch::Event`]s and outcomes.
//!
//! # The modules
//!
//! | module | its job | may import |
//! |---|---|---|
//! | [`advice`] | what a user can do after a failure, in types | nothing |
//! | [`error`] | what went wrong, in types | `advice` |
//! | [`sys`] | the operating system: durable and private files, processes, locks, the request to stop a run, what is waited for | `advice`, `error` |
//! | `units` | durations and sizes as people write them | nothing |
//! | [`quote`] | text of others in an error: cut short, and harmless to a terminal | nothing |
//! | [`header`] | header fields as they were meant: unfolded, decoded, dated; lenient, pure and linear | nothing |
//! | [`identity`] | recognises a message by its header | `error`, `header` |
//! | [`protocol`] | bytes to values and back: no I/O, no clock | `error` |
//! | [`auth`] | SASL and APOP: mechanisms, their order of choice, challenge to response | `advice`, `error`, `quote`, `protocol` |
//! | [`transport`] | TCP, Unix sockets, proxies, tunnels, TLS, each wait with a deadline | `advice`, `error`, `quote`, `sys`, `auth::Secret` |
//! | [`connection`] | one conversation: lines, listings, bodies, limits of time, transcript | `advice`, `error`, `sys`, `auth::Secret`, `transport`, `protocol` |
//! | [`session`] | the states of RFC 1939 as types, one method a command; commands sent ahead; questions that prove a conversation in step | `advice`, `error`, `quote`, `sys`, `connection`, `auth`, `protocol`, `transport` |
//! | [`store`] | where mail goes: Maildir, mbox, a command; settles what an interrupted run left; knows nothing of POP3 | `advice`, `error`, `quote`, `sys`, `header`, `identity` |
//! | [`fetch`] | one account's run: maildrop, journal, survey, plan, sessions, and what follows a failure | `advice`, `error`, `quote`, `sys`, `units`, `identity`, `session`, `store`, `protocol` |
//! | [`safe`] | where secrets are stored: the keyring, or a file | `advice`, `error`, `sys`, `auth::Secret` |
//! | [`http`] | one HTTP exchange at a time, by the same dialling as the mail server | `advice`, `error`, `sys`, `auth::Secret`, `transport` |
//! | [`oauth`] | access tokens: obtained, stored, renewed, revoked | `advice`, `error`, `quote`, `sys`, `auth`, `safe`, `http` |
//! | [`account`] | what the user configured | `advice`, `error`, `quote`, `sys`, `units`, `auth`, `oauth`, `safe`, `store`, `fetch::maildrop`, `fetch::policy`, `session::Pipelining`, `transport` |
//! | [`server`] | an embedded server, for the demonstration and the tests | `error` |
//!
//! The command line is not part of the library: it is in the binary. A test reads this table, and compares it
//! with what the files of each module import.
//!
//! # One run
//!
//! The files of [`fetch`], in the order in which a run uses them:
//!
//! | file | its job |
//! |---|---|
//! | `mod` | the run: journal, credentials, store, sessions, and the summary |
//! | `maildrop` | which journal is the maildrop's, and whether an older one is taken over |
//! | `claim` | comes to the maildrop's journal where the server must be asked which it is |
//! | `journal` | what is known of each message and of the server, durably |
//! | `settle` | what an interrupted run left: complete or to be fetched again |
//! | `manner` | how to treat this server: what was learned of it, and how carefully to proceed |
//! | `sessions` | as many sessions as it takes, and what each one's end means for the next one and for the run |
//! | `attempt` | one session, from the listings to QUIT |
//! | `survey`, `headers` | what is on the server; headers where the listing does not tell which message it is |
//! | `policy`, `plan` | what the user wants, and what to do with each message, and why |
//! | `retries` | which messages that failed before are due, and which failed now |
//! | `retrieve`, `arrival`, `recognise` | messages come in, and are recognised if they are known |
//! | `round`, `commit` | what is proven to be whole is delivered, on a thread of its own |
//! | `blame`, `results` | what is whole after a break, and which message caused it; what came of each |
//! | `delete` | DELE and QUIT for what is delivered |
//! | `outcome`, `next` | what came of a session, whose failure ended it, and what the run does now |
//! | `preview` | what a run would do, for `--dry-run` |
//! | `event`, `verdict` | what an observer is told, and the error that a run ends with |
//!
//! # A session by hand
//!
//! ```
//! use std::time::Duration;
//!
//! use pop3::auth::{Credentials, Secret};
//! use pop3::server::{Behaviour, Server, samples};
//! use pop3::session::Dial;
//! use pop3::sys::Stop;
//! use pop3::transport::{Security, Target, TlsSettings, Way};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::start(samples(), Behaviour::default())?;
//! let target = Target::Tcp { host: "127.0.0.1".into(), port: server.addr().port() };
//! let tls = TlsSettings::default();
//! // Cleartext is for loopback only; a real server needs `Security::Implicit` or `Security::Stls`.
//! let (way, stop, timeout) = (Way::default(), Stop::new(), Duration::from_secs(10));
//! let dial =
//!     Dial { target: &target, way: &way, security: Security::None, tls: &tls, timeout, stop: &stop };
//! let session = dial.dial(&|| None)?;
//! let credentials = Credentials::with_password("demo", Secret::new("tanstaaf"));
//! let mut session = session.sign_in(&credentials, None).map_err(|refused| refused.error)?;
//! let mut message = Vec::new();
//! session.retrieve(1, |chunk| message.extend_from_slice(chunk))?;
//! assert!(message.starts_with(b"Return-Path: "));
//! session.quit()?;
//! # Ok(())
//! # }
//! ```

pub mod account;
pub mod advice;
pub mod auth;
pub mod connection;
pub mod error;
pub mod fetch;
pub mod header;
pub mod http;
pub mod identity;
pub mod oauth;
pub mod protocol;
pub mod quote;
pub mod safe;
pub mod server;
pub mod session;
pub mod store;
pub mod sys;
pub mod transport;
mod units;
