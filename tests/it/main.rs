//! Black-box tests: the binary as a user runs it, against real servers.
//!
//! Where to look: `support/` starts the servers (Dovecot, popa3d, a scripted peer), makes the mail
//! and runs the binary in a home of its own; the modules here ask the questions. Nothing is shared
//! between tests but the Dovecot instance, in which each has a maildrop of its own.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper of a test fails the test by panicking, like the test itself"
)]

mod check;
mod client_certificate;
mod commands;
mod configuration;
mod content_accounts;
mod content_clock;
mod content_disk;
mod content_files;
mod content_output;
mod content_rounds;
mod fetch;
mod generated;
mod hostile_command;
mod hostile_disk;
mod hostile_endings;
mod hostile_identity;
mod hostile_listings;
mod hostile_messages;
mod hostile_oauth;
mod hostile_pipelining;
mod hostile_policy;
mod hostile_quirks;
mod hostile_scale;
mod hostile_sign_in;
mod hostile_signals;
mod hostile_store;
mod hostile_stuffing;
mod imports;
mod journal;
mod keyring;
mod kill;
mod looking;
mod looking_quit;
mod oauth;
mod odd_servers;
mod refusals;
mod secrets;
mod servers;
mod shell;
mod sign_in;
mod sign_in_bound;
mod sign_in_external;
mod sign_in_table;
mod support;
mod takeover;
mod trust;
mod way;
