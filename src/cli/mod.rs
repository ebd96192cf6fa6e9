//! (being written)
mod output;
mod report;
