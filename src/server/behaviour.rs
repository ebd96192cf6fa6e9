//! How the embedded server behaves: what it offers, whom it lets in, and which of the oddities seen at
//! real servers it plays. The default is a modern server that keeps to RFC 1939, 2449 and 5034.
//!
//! A [`Behaviour`] is read by every part of a dialogue and changed by none. Oddities that are not a
//! lasting habit, but strike at one moment, are [`Fault`]s.

use std::fmt;
use std::time::Duration;

use super::fault::Fault;
use super::message::Message;

/// Everything a test or the demo can say about the server. Use `Behaviour { …, ..Behaviour::default() }`.
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// The only user there is. Default `demo`.
    pub user: Vec<u8>,
    /// That user's password. Default `tanstaaf`.
    pub password: Vec<u8>,
    /// What the greeting says behind `+OK `.
    pub greeting: Vec<u8>,
    /// Whether the greeting carries an APOP timestamp (and the command is known).
    pub apop: Apop,
    /// USER and PASS are known and announced.
    pub user_pass: bool,
    /// The mechanisms of AUTH, announced in this order.
    pub mechanisms: Vec<Sasl>,
    /// What AUTH makes of a response on the command's own line (RFC 5034 section 4).
    pub initial_response: InitialResponse,
    /// What stands before a challenge's base64: `+ ` by RFC 5034, `+OK ` or `+` elsewhere.
    pub challenge: Vec<u8>,
    /// The status line (without CRLF) that ends every complete sign-in, whatever the password was:
    /// `-ERR [IN-USE] …`, `-ERR [LOGIN-DELAY 60] …`, `-ERR [SYS/TEMP] …`.
    pub verdict: Option<Vec<u8>>,
    /// Closes the line when a sign-in was refused.
    pub hangs_up_when_refused: bool,
    /// What the client sent behind the last line of its sign-in is lost (a hand-over to another process).
    pub loses_input_at_sign_in: bool,
    /// Closes the line at an unknown command (Gmail, before the sign-in).
    pub hangs_up_on_unknown: bool,
    /// Encryption.
    pub tls: Tls,
    /// Sent in the clear in one write with the `+OK` to STLS: an injection that a client must not believe.
    pub injected: Vec<u8>,
    /// CAPA (RFC 2449).
    pub capa: Capa,
    /// RESP-CODES and AUTH-RESP-CODE are announced and used.
    pub response_codes: bool,
    /// PIPELINING.
    pub pipelining: Pipelining,
    /// UIDL is known and announced.
    pub uidl: bool,
    /// TOP.
    pub top: Top,
    /// LAST is known (RFC 1460; RFC 1939 dropped it).
    pub last: bool,
    /// One session at a time (RFC 1939 section 4); a second one is told `[IN-USE]` after two seconds.
    pub exclusive: bool,
    /// A session sees only the first so many messages (Gmail: about 250).
    pub window: Option<usize>,
    /// Messages that were retrieved leave with QUIT as if DELE had been said (Gmail).
    pub pops: bool,
    /// The sizes that STAT, LIST and the reply to RETR tell.
    pub sizes: Sizes,
    /// The form of LIST's and UIDL's replies.
    pub listing: Listing,
    /// Line ends and dots on the wire.
    pub framing: Framing,
    /// What QUIT does in the TRANSACTION state.
    pub farewell: Farewell,
    /// Mail that joins a running session (RFC 1939 forbids it; busy servers do it).
    pub arrivals: Vec<Arrival>,
    /// What goes wrong, and when.
    pub faults: Vec<Fault>,
    /// Faults strike in the first so many sessions of the server only; `None`: in all.
    pub faulty_sessions: Option<usize>,
    /// How long the server waits for the client to say or to take anything before it closes the line
    /// (and how long any stall lasts), so that no test can hang. Default 60 seconds.
    pub patience: Duration,
}

impl Default for Behaviour {
    fn default() -> Behaviour {
        Behaviour {
            user: b"demo".to_vec(),
            password: b"tanstaaf".to_vec(),
            greeting: b"POP3 server ready".to_vec(),
            apop: Apop::Unique,
            user_pass: true,
            mechanisms: vec![Sasl::CramMd5, Sasl::Plain, Sasl::Login],
            initial_response: InitialResponse::Accepted,
            challenge: b"+ ".to_vec(),
            verdict: None,
            hangs_up_when_refused: false,
            loses_input_at_sign_in: false,
            hangs_up_on_unknown: false,
            tls: Tls::None,
            injected: Vec::new(),
            capa: Capa::Honest,
            response_codes: true,
            pipelining: Pipelining::Announced,
            uidl: true,
            top: Top::Honest,
            last: false,
            exclusive: true,
            window: None,
            pops: false,
            sizes: Sizes::Honest,
            listing: Listing::default(),
            framing: Framing::default(),
            farewell: Farewell::default(),
            arrivals: Vec::new(),
            faults: Vec::new(),
            faulty_sessions: None,
            patience: Duration::from_secs(60),
        }
    }
}

impl Behaviour {
    /// A server of RFC 1939's first days: no CAPA, no AUTH, no APOP, no UIDL, no TOP, no pipelining.
    pub fn ancient() -> Behaviour {
        Behaviour {
            apop: Apop::Absent,
            mechanisms: Vec::new(),
            capa: Capa::Absent,
            response_codes: false,
            pipelining: Pipelining::Unannounced,
            uidl: false,
            top: Top::Absent,
            last: true,
            ..Behaviour::default()
        }
    }

    /// The same with one more fault; the first that fits a moment strikes.
    #[must_use]
    pub fn with(mut self, fault: Fault) -> Behaviour {
        self.faults.push(fault);
        self
    }
}

/// APOP (RFC 1939 section 7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Apop {
    /// No timestamp, no command.
    Absent,
    /// A new timestamp for each session, as the RFC wants it.
    Unique,
    /// This timestamp, with its angle brackets.
    Stamp(String),
}

/// A mechanism of AUTH that the server has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sasl {
    /// RFC 4616.
    Plain,
    /// The old two-question mechanism, never standardised.
    Login,
    /// RFC 2195.
    CramMd5,
}

impl Sasl {
    /// Its name in CAPA and AUTH.
    pub fn name(self) -> &'static str {
        match self {
            Sasl::Plain => "PLAIN",
            Sasl::Login => "LOGIN",
            Sasl::CramMd5 => "CRAM-MD5",
        }
    }
}

/// What AUTH makes of an initial response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitialResponse {
    /// Takes it, and asks where it is missing (RFC 5034).
    Accepted,
    /// Refuses a command that has one: the client must say it in two lines.
    Refused,
    /// Refuses a command that lacks one.
    Required,
}

/// Encryption of the line.
#[derive(Clone, Default)]
pub enum Tls {
    /// None, and no STLS.
    #[default]
    None,
    /// From the first octet.
    Implicit(native_tls::Identity),
    /// On STLS (RFC 2595).
    Stls(native_tls::Identity),
}

impl fmt::Debug for Tls {
    /// Names the kind and keeps the private key to itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tls::None => "None",
            Tls::Implicit(_) => "Implicit",
            Tls::Stls(_) => "Stls",
        })
    }
}

/// CAPA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Capa {
    /// Unknown, as at many old servers.
    Absent,
    /// Tells what the server really has, state by state.
    Honest,
    /// These lines, always.
    Lines(Vec<Vec<u8>>),
}

/// What becomes of commands that were sent before the reply to an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pipelining {
    /// Announced, and they are carried out in turn (RFC 2449 section 6.6).
    Announced,
    /// Announced only after the sign-in (Gmail).
    AfterSignIn,
    /// Carried out, but never announced.
    Unannounced,
    /// Not announced, and lost: the server empties its input before it replies.
    Lost,
}

/// TOP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Top {
    /// Unknown.
    Absent,
    /// As RFC 1939 section 7 has it.
    Honest,
    /// Sends the whole message, whatever the count.
    Whole,
    /// Says `+OK` twice.
    SaysOkTwice,
}

/// The sizes that are told, true or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sizes {
    /// What RETR will send.
    Honest,
    /// This number for every message; may be negative.
    Always(i64),
    /// Rounded up to a multiple of this number (1024 at some servers).
    RoundedUp(u64),
    /// Every line end counted as one octet: as the file is on the server's disk.
    LineEndsAsOne,
}

/// The form of the many-line replies to LIST and UIDL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Blanks between the message-number and what follows; one by the RFC, three seen.
    pub blanks: usize,
    /// The last message comes first.
    pub reversed: bool,
    /// The reply to `UIDL n` lacks the message-number (Twisted).
    pub numberless: bool,
    /// Only so many messages are listed, whatever STAT says.
    pub limit: Option<usize>,
    /// How it ends.
    pub end: ListingEnd,
}

impl Default for Listing {
    fn default() -> Listing {
        Listing { blanks: 1, reversed: false, numberless: false, limit: None, end: ListingEnd::Proper }
    }
}

/// How a listing ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListingEnd {
    /// With the line of a single dot.
    Proper,
    /// With a line of so many octets, then properly.
    LongLine(usize),
    /// Never: lines with ever higher message-numbers until the client hangs up or the patience is over.
    Never,
}

/// Line ends and dots on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framing {
    /// Leading dots are doubled, as RFC 1939 section 3 wants it.
    pub stuffs: bool,
    /// The last line's CRLF is missing, so that the terminating dot is glued to it: the message has no end.
    pub glues_the_dot: bool,
    /// Every CRLF that is sent becomes a bare LF.
    pub bare_lf: bool,
}

impl Default for Framing {
    fn default() -> Framing {
        Framing { stuffs: true, glues_the_dot: false, bare_lf: false }
    }
}

/// QUIT in the TRANSACTION state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Farewell {
    /// The messages marked as deleted are removed. `false` with a good reply: they come back later.
    pub removes: bool,
    /// The reply.
    pub reply: FarewellReply,
}

impl Default for Farewell {
    fn default() -> Farewell {
        Farewell { removes: true, reply: FarewellReply::Ok }
    }
}

/// The reply to QUIT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FarewellReply {
    /// `+OK`.
    Ok,
    /// `-ERR` (RFC 1939 section 6: some deleted messages not removed).
    Err,
    /// None: the line closes at once.
    HangUp,
    /// None: the line stays open, silent.
    Stall,
}

/// A message that joins the maildrop, and the running session, behind the reply to a command.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The command, as in [`Fault::OnCommand`]; the first time it is said.
    pub after: String,
    /// The message.
    pub message: Message,
}
