//! The `pop3` binary.

mod cli;

fn main() {}
