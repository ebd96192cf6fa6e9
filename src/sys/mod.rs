//! What the rest of the crate needs from the operating system, written once: files and folders that survive a power
//! cut, files that only their owner may read, processes, this machine's name, and how a run is asked to stop.

pub(crate) mod access;
pub mod durable;
pub mod host;
pub(crate) mod private;
pub mod process;
pub mod program;
pub mod stop;

pub use stop::Stop;
