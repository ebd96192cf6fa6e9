//! Bytes to values and back: what RFC 1939 and its extensions put on the wire. Pure: no I/O, no
//! clock, no environment, so that every line of it can be tested and fuzzed in a box.
//!
//! Framing comes first ([`multiline`]), parsing after; each tolerance for a server that bends the
//! rules is a small function whose comment names the server.

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
