//! What the crate needs from the operating system: files and folders that survive a power failure, files that
//! only their owner may read, processes, the host name, locks, requests to stop, and what is waited for.

pub(crate) mod access;
pub mod durable;
pub mod host;
pub(crate) mod lock_file;
pub(crate) mod private;
pub mod process;
pub mod program;
pub mod stop;
pub mod waits;

pub use stop::Stop;
pub use waits::{Awaited, Wait, Waiting, Waits};
