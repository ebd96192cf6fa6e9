//! A POP3 client and mail fetcher that never loses a message and never delivers one twice, whatever
//! happens at whatever moment.
//!
//! # The way of a message
//!
//! ```text
//!  TCP / TLS / Unix socket ─▶ connection ─▶ reply · multiline · listing ─▶ Session<Transaction>
//!                                                                              │  maildrop (numbers, octets, unique-ids)
//!                        journal ──▶ plan (pure: what to do, and why) ◀── policy ─┤
//!                                      │ steps                                 │
//!                                      ▼                                       ▼
//!     retrieve n ── chunks ──▶ store: write … commit a batch ──▶ journal ──▶ DELE … QUIT ──▶ journal
//!                                      └────────── Event ──▶ observer
//! ```
//!
//! Bytes go right, decisions come from the middle, nothing flows back but [`fetch::Event`]s.
//!
//! # The modules
//!
//! | module | its job | may import |
//! |---|---|---|
//! | [`error`] | what went wrong, in types | nothing |
//! | [`sys`] | what the operating system owes us: durable and private files, processes, how a run is asked to stop | `error` |
//! | [`identity`] | recognises a message by its headers | `error` |
//! | [`protocol`] | bytes to values and back: no I/O, no clock | `error` |
//! | [`auth`] | SASL and APOP: mechanisms, their order of choice, challenge to response | `error`, `protocol` |
//! | [`transport`] | TCP, Unix sockets, proxies, tunnels, TLS, each wait with a deadline | `error`, `sys`, `auth::Secret` |
//! | [`connection`] | one conversation: lines, bodies, deadlines, transcript | `error`, `sys`, `auth::Secret`, `transport`, `protocol` |
//! | [`session`] | the states of RFC 1939 as types, one method a command | `error`, `sys`, `connection`, `auth`, `protocol`, `transport` |
//! | [`store`] | where mail goes: Maildir, mbox, a command; knows nothing of POP3 | `error`, `sys`, `identity` |
//! | [`fetch`] | journal, plan and the run itself | `error`, `sys`, `identity`, `session`, `store`, `protocol` |
//! | [`safe`] | where secrets are stored: the keyring, or a file | `error`, `sys`, `auth::Secret` |
//! | [`oauth`] | access tokens: obtained, stored, renewed, revoked | `error`, `sys`, `auth`, `safe`, `transport` |
//! | [`account`] | what the user configured | `error`, `sys`, `auth`, `oauth`, `safe`, `store`, `fetch::maildrop`, `fetch::policy`, `session::Pipelining`, `transport` |
//! | [`server`] | an embedded server, for the demonstration and the tests | `error` |
//!
//! The command line is not part of the library: it is in the binary. A test reads this table, and compares it
//! with what the files of each module import.
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
//! // Cleartext is for loopback: `Security::Implicit` is what a real server wants.
//! let (way, stop, patience) = (Way::default(), Stop::new(), Duration::from_secs(10));
//! let dial =
//!     Dial { target: &target, way: &way, security: Security::None, tls: &tls, patience, stop: &stop };
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
pub mod auth;
pub mod connection;
pub mod error;
pub mod fetch;
pub mod identity;
pub mod oauth;
pub mod protocol;
pub mod safe;
pub mod server;
pub mod session;
pub mod store;
pub mod sys;
pub mod transport;
