//! Parses and formats what RFC 1939 and its extensions define. Pure: no I/O, no clock, no environment, so
//! that all of it can be unit-tested and fuzzed.
//!
//! Framing ([`multiline`]) comes before parsing. Each workaround for a server that violates the RFCs is a
//! small function whose comment names the server.

pub mod capability;
pub mod command;
mod decimal;
pub mod listing;
pub mod maildrop;
pub mod multiline;
pub mod reply;

pub use capability::Capabilities;
pub use command::Command;
pub(crate) use decimal::decimal;
pub use maildrop::{Maildrop, Message};
pub use reply::{Greeting, Reply, ResponseCode, Status};
