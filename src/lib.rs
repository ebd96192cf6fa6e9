//! A POP3 client and mail fetcher that never loses a message and never delivers one twice, whatever
//! happens at whatever moment.
//!
//! # One way through the house
//!
//! ```text
//!  TCP / TLS / socket ─▶ connection ─▶ reply · multiline · listing ─▶ Session<Transaction>
//!                                                                         │  Maildrop (numbers, octets, unique-ids)
//!                      journal ──▶ plan (pure: what, and why) ◀── policy ─┤
//!                                    │ Vec<Step>                          │
//!                                    ▼                                    ▼
//!           retrieve n ── chunks ──▶ delivery ── commit a batch ──▶ journal ──▶ DELE … QUIT ──▶ journal settles
//!                                    └────────── Event ──▶ observer
//! ```
//!
//! Bytes go right, decisions come from the middle, nothing flows back but [`fetch::Event`]s.
//!
//! # The rooms
//!
//! | room | its job | may import |
//! |---|---|---|
//! | [`error`] | what went wrong, in types | nothing |
//! | [`sys`] | how a run is asked to stop | nothing |
//! | `files` | names of an account's files, and that others do not read them | `error` |
//! | [`identity`] | recognises a message by its headers | `error` |
//! | [`program`] | starts what the user wants run, without our secrets | nothing |
//! | [`protocol`] | bytes to values and back: no I/O, no clock | `error` |
//! | [`auth`] | mechanisms, their order of choice, challenge to response | `error`, `protocol` |
//! | [`transport`] | TCP, Unix sockets, proxies, tunnels, TLS, each wait with a deadline | `auth::Secret` |
//! | [`connection`] | one conversation: lines, bodies, deadlines, transcript | `auth::Secret`, `transport`, `protocol` |
//! | [`session`] | the states of RFC 1939 as types, one method a verb | `connection`, `auth`, `protocol`, `transport` |
//! | [`delivery`] | Maildir, mbox, a command; knows nothing of POP3 | `identity` |
//! | [`fetch`] | journal, plan and the run itself | `session`, `delivery`, `protocol`, `identity` |
//! | [`safe`] | where secrets rest: the keyring, or a file | `auth::Secret` |
//! | [`oauth`] | access tokens: got, kept, renewed, given back | `auth`, `safe`, `transport` |
//! | [`account`] | what the user configured | `auth`, `oauth`, `safe`, `delivery`, `fetch::maildrop`, `fetch::policy`, `session::Pipelining`, `transport` |
//! | [`server`] | an embedded server, for the demonstration and the tests | `error` |
//!
//! The command line stands outside, in the binary. A test reads the `use crate::` lines and keeps
//! this table true.
//!
//! # A session by hand
//!
//! ```
//! use std::time::Duration;
//!
//! use pop3::auth::{Credentials, Secret};
//! use pop3::server::{Behaviour, Server, samples};
//! use pop3::session::Dial;
//! use pop3::transport::{Security, Target, TlsSettings, Way};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::start(samples(), Behaviour::default())?;
//! let target = Target::Tcp { host: "127.0.0.1".into(), port: server.addr().port() };
//! let tls = TlsSettings::default();
//! // Cleartext is for loopback: `Security::Implicit` is what a real server wants.
//! let (way, patience) = (Way::default(), Duration::from_secs(10));
//! let dial = Dial { target: &target, way: &way, security: Security::None, tls: &tls, patience };
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
pub mod delivery;
pub mod error;
pub mod fetch;
mod files;
pub mod identity;
pub mod oauth;
pub mod program;
pub mod protocol;
pub mod safe;
pub mod server;
pub mod session;
pub mod sys;
pub mod transport;
