//! LIST and UIDL (RFC 1939 sections 5 and 7) for one message or for all, in the form that the behaviour
//! configures.

use std::io;
use std::time::Instant;

use super::behaviour::{ListingEnd, Sizes};
use super::dialogue::Dialogue;
use super::message::Message;
use super::transaction::{declared, number};

impl Dialogue<'_> {
    pub(super) fn list(&mut self, argument: Option<&[u8]>) -> io::Result<()> {
        let sizes = self.behaviour.sizes;
        match argument {
            Some(argument) => self.one(argument, false, |message| scan(message, sizes)),
            None => {
                let Some(transaction) = &self.transaction else { return Ok(()) };
                let (count, octets) = transaction.size(sizes);
                self.ok(format!("{count} messages ({octets} octets)"))?;
                self.all(|message| scan(message, sizes))
            }
        }
    }

    pub(super) fn uidl(&mut self, argument: Option<&[u8]>) -> io::Result<()> {
        match argument {
            Some(argument) => self.one(argument, self.behaviour.listing.numberless, unique_id),
            None => {
                self.ok("unique-id listing follows")?;
                self.all(unique_id)
            }
        }
    }

    /// The reply for one message.
    fn one(
        &mut self,
        argument: &[u8],
        numberless: bool,
        what: impl Fn(&Message) -> Vec<u8>,
    ) -> io::Result<()> {
        let Some(transaction) = &mut self.transaction else { return Ok(()) };
        let Some((number, message)) = number(argument).and_then(|n| Some((n, transaction.message(n)?)))
        else {
            return self.no_such_message();
        };
        let mut text = Vec::new();
        if !numberless {
            text.extend_from_slice(number.to_string().as_bytes());
            text.resize(text.len() + self.behaviour.listing.blanks, b' ');
        }
        text.extend_from_slice(&what(&message));
        self.ok(text)
    }

    /// The lines for all messages that are not marked as deleted, and the end of the listing.
    fn all(&mut self, what: impl Fn(&Message) -> Vec<u8>) -> io::Result<()> {
        let Some(transaction) = &self.transaction else { return Ok(()) };
        let listing = &self.behaviour.listing;
        let limit = listing.limit.unwrap_or(usize::MAX);
        let mut line = Vec::new();
        let mut write = |(number, message): (usize, &Message)| {
            line.clear();
            line.extend_from_slice(number.to_string().as_bytes());
            line.resize(line.len() + listing.blanks, b' ');
            line.extend_from_slice(&what(message));
            line.extend_from_slice(b"\r\n");
            self.wire.write(&line)
        };
        if listing.reversed {
            transaction.present().rev().take(limit).try_for_each(&mut write)?;
        } else {
            transaction.present().take(limit).try_for_each(&mut write)?;
        }
        match listing.end {
            ListingEnd::Proper => {}
            ListingEnd::LongLine(octets) => {
                self.wire.write(&vec![b'x'; octets])?;
                self.wire.write(b"\r\n")?;
            }
            ListingEnd::Never => return self.list_without_end(),
        }
        self.wire.write(b".\r\n")
    }

    /// Lists messages that do not exist until the client closes the connection, or the patience is over.
    fn list_without_end(&mut self) -> io::Result<()> {
        let until = Instant::now() + self.behaviour.patience;
        for number in 1_000_001_u64.. {
            self.wire.write(format!("{number} {number}\r\n").as_bytes())?;
            if Instant::now() > until {
                break;
            }
        }
        Err(io::ErrorKind::TimedOut.into())
    }
}

fn scan(message: &Message, sizes: Sizes) -> Vec<u8> {
    declared(message, sizes).to_string().into_bytes()
}

fn unique_id(message: &Message) -> Vec<u8> {
    message.unique_id().unwrap_or_default().to_vec()
}
