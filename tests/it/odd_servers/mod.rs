//! Servers that speak POP3 in odd ways, as real ones do: one test a case.
//!
//! `loss`: a cut text with a proper end; `one_bad`: one bad message among good ones; `questions`: questions
//! answered oddly; `sessions`: sessions that end and sign-ins that must wait; `quit`: the end of a session;
//! `line_ends`, `time` and `own_side`: what their names say; `torn`: texts that are not what was asked for;
//! `progress`: failures that come back in every run; `alternating`: two oddities in turn; `soak`: a server
//! that picks one at random for each run. Each line "runs: …" of the output says how many runs a case took:
//!
//! ```text
//! cargo test --test it -- odd_servers:: --nocapture
//! ```

mod alternating;
mod line_ends;
mod loss;
mod names;
mod one_bad;
mod own_side;
mod progress;
mod questions;
mod quit;
mod sessions;
mod soak;
mod time;
mod torn;
