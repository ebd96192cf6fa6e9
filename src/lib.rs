//! POP3 client and mail fetcher.

pub mod account;
pub mod auth;
pub mod connection;
pub mod delivery;
pub mod error;
pub mod fetch;
pub mod identity;
pub mod protocol;
pub mod server;
pub mod session;
pub mod transport;
