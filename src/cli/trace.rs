//! `--trace` (and `-vv`): the dialogue on stderr as `C:` and `S:` lines. Secrets were replaced before it gets
//! here; the output sanitises it for a terminal.

use std::sync::Arc;

use pop3::connection::Transcript;

use super::output::Output;

/// Writes a conversation to the output's stderr.
pub(crate) struct Trace(Arc<Output>);

impl Trace {
    pub(crate) fn new(output: Arc<Output>) -> Self {
        Trace(output)
    }
}

impl Transcript for Trace {
    fn client(&mut self, shown: &str) {
        self.0.trace(format!("C: {shown}").as_bytes());
    }

    fn server(&mut self, line: &[u8]) {
        self.0.trace(&[b"S: ", line].concat());
    }

    fn body(&mut self, octets: u64) {
        self.0.trace(format!("S: ({octets} octets of message)").as_bytes());
    }

    fn encrypted(&mut self) {
        self.0.trace(b"-- TLS begins");
    }
}
