//! What the operating system owes the rest of the crate, written once: how a run is asked to stop.

pub mod stop;

pub use stop::Stop;
