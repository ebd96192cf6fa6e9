//! The `pop3` binary: parse, run, say what went wrong, exit.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main().into()
}
