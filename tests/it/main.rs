//! Black-box tests: the binary as a user runs it, against real and scripted servers.
//!
//! `support/` starts the servers (Dovecot, Cyrus, popa3d, a scripted peer, one that speaks POP3 in odd ways), makes
//! the mail, and runs the binary in a home folder of its own. Tests share nothing but the Dovecot instance, in
//! which each has a maildrop of its own. Where to look:
//!
//! | modules | what they test |
//! |---|---|
//! | `fetch`, `dry_run`, `screens`, `refetch`, `commands`, `check`, `shell`, `configuration`, `journal`, `tracing`, `trust`, `way`, `sign_in…`, `oauth`, `oauth_provider`, `keyring` | what each command does when all is well, and its mistakes |
//! | `kill` | a run killed at every system call, and its connection cut everywhere: nothing lost, nothing twice |
//! | `odd_servers` | servers that speak POP3 in the odd ways of real ones, one test a case |
//! | `operation_…` | daily operation: odd words at sign-in, refused passwords, names and TLS told true, OAuth providers with odd answers, and what the machine around a run does to it (secrets, homes, variables, containers) |
//! | `hostile_…` | servers and destinations that misbehave on purpose, or are full, slow or locked |
//! | `wrong_…` | settings, variables, options and configuration files with values that cannot be: refused with their place, soon, in few words |
//! | `content_…` | disks, links, renamed files, clocks, several accounts, and what is printed |
//! | `listing`, `looking…`, `message_sets`, `refusals`, `secrets` | commands that only look; what names messages; refused messages; that no secret is printed |
//! | `servers` | each real server, with everything it offers |
//! | `generated`, `imports` | manual pages and completions are fresh; modules import only what `lib.rs` allows |

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
mod content_headers;
mod content_output;
mod content_rounds;
mod deleting;
mod dry_run;
mod familiar;
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
mod hostile_web;
mod imports;
mod journal;
mod json;
mod keyring;
mod kill;
mod listing;
mod looking;
mod looking_quit;
mod message_sets;
mod oauth;
mod oauth_provider;
mod odd_servers;
mod operation_chains;
mod operation_names;
mod operation_oauth;
mod operation_passwords;
mod operation_secrets;
mod operation_sign_in;
mod operation_surroundings;
mod operation_tls;
mod refetch;
mod refusals;
mod screens;
mod secrets;
mod servers;
mod shell;
mod sign_in;
mod sign_in_bound;
mod sign_in_external;
mod sign_in_table;
mod snapshots;
mod support;
mod takeover;
mod tracing;
mod trust;
mod way;
mod wrong_files;
mod wrong_settings;
mod wrong_variables;
