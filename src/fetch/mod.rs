//! (being written)
pub mod event;
