//! One session from greeting to QUIT: reads each command, lets a fault occur or has the command executed, and
//! handles the commands that do not belong to a single state: CAPA, STLS, QUIT (RFC 1939 sections 4 to 6, RFC
//! 2449, RFC 2595).

use std::collections::HashSet;
use std::io;

use memchr::memmem;

use super::behaviour::{Apop, Behaviour, Capa, FarewellReply, Pipelining, Tls, Top};
use super::fault::{self, Act, End, Fault};
use super::shared::Shared;
use super::transaction::Transaction;
use super::wire::{ClientLine, Wire};

/// The longest command, CRLF included (RFC 2449 section 4).
const COMMAND_LIMIT: usize = 255;
/// The name of the host in RFC 1939 section 10.
const HOST: &str = "dewey";

/// What follows a command.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// The next command.
    GoOn,
    /// The end of the connection.
    Close,
}

/// One session.
pub(super) struct Dialogue<'a> {
    pub(super) wire: &'a mut Wire,
    pub(super) shared: &'a Shared,
    pub(super) behaviour: &'a Behaviour,
    pub(super) faults: &'a [Fault],
    /// The APOP timestamp of this session's greeting.
    pub(super) stamp: Option<String>,
    /// The name in the last USER command; the next command must be PASS.
    pub(super) named: Option<Vec<u8>>,
    /// The maildrop, after the sign-in.
    pub(super) transaction: Option<Transaction<'a>>,
    /// The client has received PIPELINING in a reply to CAPA (since STLS, if that was used).
    told_pipelining: bool,
}

impl<'a> Dialogue<'a> {
    /// A session with this number.
    pub(super) fn new(
        wire: &'a mut Wire,
        shared: &'a Shared,
        behaviour: &'a Behaviour,
        session: usize,
    ) -> Dialogue<'a> {
        let faulty = behaviour.faulty_sessions.is_none_or(|sessions| session < sessions);
        let stamp = match &behaviour.apop {
            Apop::Absent => None,
            Apop::Unique => Some(format!("<{}.{session}.{}@{HOST}>", std::process::id(), nanoseconds())),
            Apop::Stamp(stamp) => Some(stamp.clone()),
        };
        let faults = if faulty { &behaviour.faults[..] } else { &[] };
        let (named, transaction) = (None, None);
        Dialogue { wire, shared, behaviour, faults, stamp, named, transaction, told_pipelining: false }
    }

    /// Runs the session. An error means that the connection was closed or lost, maybe by a fault.
    pub(super) fn run(mut self) -> io::Result<()> {
        if let Some(limit) = fault::in_session(self.faults) {
            self.wire.limit(limit);
        }
        if self.inject_fault(b"")?.is_none() {
            let mut greeting = self.behaviour.greeting.clone();
            if let Some(stamp) = &self.stamp {
                greeting.push(b' ');
                greeting.extend_from_slice(stamp.as_bytes());
            }
            self.ok(greeting)?;
        }
        while let Some(line) = self.wire.line()? {
            self.shared.note(&line.bytes);
            self.check_line(&line)?;
            let flow = match self.inject_fault(&line.bytes)? {
                Some(flow) => flow,
                None => self.execute(&line.bytes)?,
            };
            if flow == Flow::Close {
                break;
            }
            for message in self.shared.arrivals(&line.bytes) {
                if let Some(transaction) = &mut self.transaction {
                    transaction.push(message);
                }
            }
        }
        Ok(())
    }

    /// Records violations by the client, even if the server accepts them.
    fn check_line(&mut self, line: &ClientLine) -> io::Result<()> {
        let verb = String::from_utf8_lossy(verb(&line.bytes)).into_owned();
        if !line.crlf {
            self.shared.complain(format!("{verb}: ends in a bare LF"));
        }
        if line.bytes.len() + 2 > COMMAND_LIMIT {
            self.shared.complain(format!("{verb}: longer than {COMMAND_LIMIT} octets"));
        }
        if self.wire.has_input() && !self.told_pipelining {
            self.shared.complain(format!("{verb}: more was sent before its reply, without PIPELINING"));
        }
        if self.behaviour.pipelining == Pipelining::Lost { self.wire.discard_input() } else { Ok(()) }
    }

    /// Lets the fault for this command occur; `None`: the command has to be executed.
    fn inject_fault(&mut self, line: &[u8]) -> io::Result<Option<Flow>> {
        match fault::at_command(self.faults, line) {
            None => Ok(None),
            Some(Act::Delay(time)) => {
                self.wire.flush()?;
                self.shared.pause(*time);
                Ok(None)
            }
            Some(Act::Reply(bytes)) => {
                // A configured reply to CAPA announces capabilities, too.
                self.told_pipelining |= verb(line).eq_ignore_ascii_case(b"CAPA")
                    && memmem::find(bytes, b"\nPIPELINING").is_some();
                self.wire.write(bytes)?;
                Ok(Some(Flow::GoOn))
            }
            Some(Act::ReplyAndEnd(bytes, end)) => {
                self.wire.write(bytes)?;
                Err(self.wire.end(*end))
            }
        }
    }

    fn execute(&mut self, line: &[u8]) -> io::Result<Flow> {
        let verb = verb(line).to_ascii_uppercase();
        let argument = line.get(verb.len() + 1..);
        let named = self.named.take();
        match (&verb[..], argument) {
            (b"QUIT", None) => self.quit(),
            (b"CAPA", None) if self.behaviour.capa != Capa::Absent => self.capa(),
            (b"STLS", None) if self.transaction.is_none() => self.stls(),
            _ => {
                let known = match self.transaction {
                    None => self.authorization_command(&verb, argument, named)?,
                    Some(_) => self.transaction_command(&verb, argument)?,
                };
                match known {
                    Some(flow) => Ok(flow),
                    None => {
                        self.err(None, "unknown command, or not in this state")?;
                        Ok(if self.behaviour.hangs_up_on_unknown { Flow::Close } else { Flow::GoOn })
                    }
                }
            }
        }
    }

    fn capa(&mut self) -> io::Result<Flow> {
        let lines = match &self.behaviour.capa {
            Capa::Lines(lines) => lines.clone(),
            _ => self.capabilities(),
        };
        self.ok("Capability list follows")?;
        for line in lines {
            self.told_pipelining |= line.eq_ignore_ascii_case(b"PIPELINING");
            self.wire.write(&line)?;
            self.wire.write(b"\r\n")?;
        }
        self.wire.write(b".\r\n")?;
        Ok(Flow::GoOn)
    }

    /// What the server supports in this state.
    fn capabilities(&self) -> Vec<Vec<u8>> {
        let behaviour = self.behaviour;
        let signed_in = self.transaction.is_some();
        let mut sasl = String::from("SASL");
        for mechanism in &behaviour.mechanisms {
            sasl.push(' ');
            sasl.push_str(mechanism.name());
        }
        let pipelining = match behaviour.pipelining {
            Pipelining::Announced => true,
            Pipelining::AfterSignIn => signed_in,
            Pipelining::Unannounced | Pipelining::Lost => false,
        };
        let stls = matches!(behaviour.tls, Tls::Stls(_)) && !self.wire.is_encrypted() && !signed_in;
        let all = [
            (behaviour.top != Top::Absent, "TOP"),
            (behaviour.uidl, "UIDL"),
            (behaviour.user_pass, "USER"),
            (!behaviour.mechanisms.is_empty(), &sasl),
            (behaviour.response_codes, "RESP-CODES"),
            (behaviour.response_codes, "AUTH-RESP-CODE"),
            (pipelining, "PIPELINING"),
            (stls, "STLS"),
            (signed_in, "IMPLEMENTATION pop3-demo"),
        ];
        all.iter().filter(|line| line.0).map(|line| line.1.as_bytes().to_vec()).collect()
    }

    fn stls(&mut self) -> io::Result<Flow> {
        let Tls::Stls(identity) = &self.behaviour.tls else {
            self.err(None, "TLS is not available")?;
            return Ok(Flow::GoOn);
        };
        if self.wire.is_encrypted() {
            self.err(None, "command not permitted when TLS active")?;
            return Ok(Flow::GoOn);
        }
        if self.wire.has_input() {
            self.shared.complain("STLS: more was sent before its reply".to_owned());
            return Ok(Flow::Close);
        }
        self.ok("Begin TLS negotiation")?;
        self.wire.write(&self.behaviour.injected)?;
        self.wire.secure(identity)?;
        self.told_pipelining = false;
        Ok(Flow::GoOn)
    }

    fn quit(&mut self) -> io::Result<Flow> {
        let Some(transaction) = self.transaction.take() else {
            self.ok(format!("{HOST} POP3 server signing off"))?;
            return Ok(Flow::Close);
        };
        if self.behaviour.farewell.removes {
            let to_be_removed: HashSet<u64> = transaction.to_be_removed(self.behaviour.pops);
            if !to_be_removed.is_empty() {
                self.shared.remove(&to_be_removed);
            }
        }
        let left = transaction.present().count();
        // The lock is released first: a client that has read the reply may sign in again at once.
        drop(transaction);
        match self.behaviour.farewell.reply {
            FarewellReply::Ok if left == 0 => {
                self.ok(format!("{HOST} POP3 server signing off (maildrop empty)"))?;
            }
            FarewellReply::Ok => self.ok(format!("{HOST} POP3 server signing off ({left} messages left)"))?,
            FarewellReply::Err => self.err(None, "some deleted messages not removed")?,
            FarewellReply::HangUp => return Err(self.wire.end(End::HangUp)),
            FarewellReply::Stall => return Err(self.wire.end(End::Stall)),
        }
        Ok(Flow::Close)
    }

    /// Sends `+OK`.
    pub(super) fn ok(&mut self, text: impl AsRef<[u8]>) -> io::Result<()> {
        self.wire.write(b"+OK ")?;
        self.wire.write(text.as_ref())?;
        self.wire.write(b"\r\n")
    }

    /// Sends `-ERR`, with the response code if the server supports them.
    pub(super) fn err(&mut self, code: Option<&str>, text: &str) -> io::Result<()> {
        let line = match code {
            Some(code) if self.behaviour.response_codes => format!("-ERR [{code}] {text}\r\n"),
            _ => format!("-ERR {text}\r\n"),
        };
        self.wire.write(line.as_bytes())
    }
}

/// The keyword of a command.
fn verb(line: &[u8]) -> &[u8] {
    line.split(|&byte| byte == b' ').next().unwrap_or_default()
}

fn nanoseconds() -> u128 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map(|time| time.as_nanos()).unwrap_or_default()
}
