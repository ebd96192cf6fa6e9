//! What the crate needs from the operating system: files and folders that survive a power failure, files that
//! only their owner may read, processes, the host name, and requests to stop.

pub(crate) mod access;
pub mod durable;
pub mod host;
pub(crate) mod private;
pub mod process;
pub mod program;
pub mod stop;

pub use stop::Stop;
