//! One message on its way into an mbox: through the filters, into its spool.

use jiff::Timestamp;

use super::checksum::Checksum;
use super::envelope::Envelope;
use super::quote::Quote;
use crate::error::Result;
use crate::store::line_ends::LineEnds;
use crate::store::spool::Spool;

/// The largest piece filtered at once.
const PIECE: usize = 8 * 1024;

/// A message that is being written.
#[derive(Debug)]
pub(super) struct Writing {
    line_ends: LineEnds,
    text: Vec<u8>,
    quote: Quote,
    ends_line: bool,
    spooled: Spooled,
}

/// A message as it will stand in the file, but for its `From ` line.
#[derive(Debug)]
pub(super) struct Spooled {
    envelope: Envelope,
    checksum: Checksum,
    spool: Spool,
}

impl Writing {
    /// An empty message.
    pub(super) fn new(spool: Spool) -> Self {
        let (envelope, checksum) = (Envelope::default(), Checksum::default());
        Writing {
            line_ends: LineEnds::default(),
            text: Vec::new(),
            quote: Quote::new(),
            ends_line: true,
            spooled: Spooled { envelope, checksum, spool },
        }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// They could not be spooled.
    pub(super) fn write(&mut self, chunk: &[u8]) -> Result<()> {
        chunk.chunks(PIECE).try_for_each(|piece| {
            self.line_ends.push(piece, &mut self.text);
            self.pass_on(false);
            self.spooled.spool.spill()
        })
    }

    /// The message is whole.
    pub(super) fn finish(mut self) -> Spooled {
        self.line_ends.finish(&mut self.text);
        self.pass_on(true);
        self.spooled
    }

    /// Moves what the first filter gave through all that follow.
    fn pass_on(&mut self, is_last: bool) {
        let Spooled { envelope, checksum, spool } = &mut self.spooled;
        let out = spool.text();
        let begin = out.len();
        envelope.push(&self.text);
        self.quote.push(&self.text, out);
        if is_last {
            self.quote.finish(out);
            let ends_line = out[begin..].last().map_or(self.ends_line, |byte| *byte == b'\n');
            // The blank line that separates messages; a last line without its end cannot be kept so.
            out.extend_from_slice(if ends_line { b"\n" } else { b"\n\n" });
        }
        let new = &out[begin..];
        checksum.push(new);
        self.ends_line = new.last().map_or(self.ends_line, |byte| *byte == b'\n');
        self.text.clear();
    }
}

impl Spooled {
    /// The `From ` line, the checksum of what follows it, and that itself.
    pub(super) fn into_parts(self, now: Timestamp) -> (Vec<u8>, [u8; 16], Spool) {
        (self.envelope.into_line(now), self.checksum.finish(), self.spool)
    }
}
