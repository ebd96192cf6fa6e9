//! How the embedded server behaves: the commands and mechanisms it supports, the user it accepts, and which
//! oddities of real servers it imitates. The default is a modern server that conforms to RFC 1939, 2449 and
//! 5034.
//!
//! A [`Behaviour`] does not change during a session. Faults at one moment of a session are [`Fault`]s.

use std::fmt;
use std::time::Duration;

use super::fault::Fault;
use super::message::Message;

/// Everything that a test or the demo can configure. Use `Behaviour { …, ..Behaviour::default() }`.
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// The name of the only user. Default `demo`.
    pub user: Vec<u8>,
    /// That user's password. Default `tanstaaf`.
    pub password: Vec<u8>,
    /// The text of the greeting after `+OK `.
    pub greeting: Vec<u8>,
    /// Whether the greeting contains an APOP timestamp (and the command is supported).
    pub apop: Apop,
    /// USER and PASS are supported and announced.
    pub user_pass: bool,
    /// The mechanisms of AUTH, announced in this order.
    pub mechanisms: Vec<Sasl>,
    /// How AUTH treats an initial response (RFC 5034 section 4).
    pub initial_response: InitialResponse,
    /// What precedes the base64 of a challenge: `+ ` in RFC 5034, `+OK ` or `+` in other servers.
    pub challenge: Vec<u8>,
    /// The status line (without CRLF) that ends every sign-in, whether or not the password is right: `-ERR
    /// [IN-USE] …`, `-ERR [LOGIN-DELAY 60] …`, `-ERR [SYS/TEMP] …`.
    pub verdict: Option<Vec<u8>>,
    /// Closes the connection after a failed sign-in.
    pub hangs_up_when_refused: bool,
    /// Drops what the client sent after the last line of its sign-in (as when another process takes over).
    pub loses_input_at_sign_in: bool,
    /// Closes the connection after an unknown command (Gmail, before the sign-in).
    pub hangs_up_on_unknown: bool,
    /// Encryption.
    pub tls: Tls,
    /// Sent in one write with the `+OK` to STLS, without TLS: an injection that a client must not accept.
    pub injected: Vec<u8>,
    /// CAPA (RFC 2449).
    pub capa: Capa,
    /// RESP-CODES and AUTH-RESP-CODE are announced, and response codes are sent.
    pub response_codes: bool,
    /// PIPELINING.
    pub pipelining: Pipelining,
    /// UIDL is supported and announced.
    pub uidl: bool,
    /// TOP.
    pub top: Top,
    /// LAST is supported (RFC 1460; removed in RFC 1725).
    pub last: bool,
    /// One session at a time (RFC 1939 section 4); a second one gets `[IN-USE]` after two seconds.
    pub exclusive: bool,
    /// A session sees only this many messages (Gmail: about 250).
    pub window: Option<usize>,
    /// QUIT also removes retrieved messages, as if they were marked as deleted (Gmail).
    pub pops: bool,
    /// The sizes in the replies to STAT, LIST and RETR.
    pub sizes: Sizes,
    /// The form of the replies to LIST and UIDL.
    pub listing: Listing,
    /// Line ends and dots on the wire.
    pub framing: Framing,
    /// The effect of QUIT in the TRANSACTION state.
    pub farewell: Farewell,
    /// Mail that appears in a running session (RFC 1939 forbids it, but busy servers do it).
    pub arrivals: Vec<Arrival>,
    /// What goes wrong, and when.
    pub faults: Vec<Fault>,
    /// Faults occur only in the first sessions of the server, this many; `None`: in all.
    pub faulty_sessions: Option<usize>,
    /// How long the server waits for the client to send or to read before it closes the connection, and how
    /// long a stall lasts, so that no test can hang. Default 60 seconds.
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
    /// A server like those of RFC 1939's time: no CAPA, AUTH, APOP, UIDL, TOP or pipelining.
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

    /// Adds a fault. If several apply at one moment, the first one occurs.
    #[must_use]
    pub fn with_fault(mut self, fault: Fault) -> Behaviour {
        self.faults.push(fault);
        self
    }
}

/// APOP (RFC 1939 section 7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Apop {
    /// No timestamp, and the command is unknown.
    Absent,
    /// A new timestamp for each session, as in RFC 1939.
    Unique,
    /// This timestamp, with its angle brackets.
    Stamp(String),
}

/// A SASL mechanism that the server supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sasl {
    /// RFC 4616.
    Plain,
    /// The old mechanism with two prompts, never standardised.
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

/// How AUTH treats an initial response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitialResponse {
    /// Accepts it, and sends a challenge if it is missing (RFC 5034).
    Accepted,
    /// Refuses it: the client must send it on a line of its own.
    Refused,
    /// Requires it.
    Required,
}

/// Encryption of the connection.
#[derive(Clone, Default)]
pub enum Tls {
    /// None, and no STLS.
    #[default]
    None,
    /// From the first byte.
    Implicit(native_tls::Identity),
    /// After STLS (RFC 2595).
    Stls(native_tls::Identity),
}

impl fmt::Debug for Tls {
    /// Shows the kind, but not the private key.
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
    /// Unknown, as in many old servers.
    Absent,
    /// Announces what the server supports in the current state.
    Honest,
    /// Always these lines.
    Lines(Vec<Vec<u8>>),
}

/// How the server treats commands that arrive before it has replied to an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pipelining {
    /// Announced, and executed in order (RFC 2449 section 6.6).
    Announced,
    /// Announced only after the sign-in (Gmail).
    AfterSignIn,
    /// Executed in order, but never announced.
    Unannounced,
    /// Not announced, and such commands are lost: the server discards its input before it replies.
    Lost,
}

/// TOP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Top {
    /// Unknown.
    Absent,
    /// As in RFC 1939 section 7.
    Honest,
    /// Sends the whole message, whatever the number of lines.
    Whole,
    /// Sends `+OK` twice.
    SaysOkTwice,
}

/// The declared sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sizes {
    /// The size that RETR will send.
    Honest,
    /// This number for every message; may be negative.
    Always(i64),
    /// Rounded up to a multiple of this number (1024 in some servers).
    RoundedUp(u64),
    /// Each line end counted as one octet: the size of the file on the server's disk.
    LineEndsAsOne,
}

/// The form of the multi-line replies to LIST and UIDL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Spaces after the message-number; one in RFC 1939, three in some servers.
    pub blanks: usize,
    /// The last message comes first.
    pub reversed: bool,
    /// The reply to `UIDL n` lacks the message-number (Twisted).
    pub numberless: bool,
    /// Only this many messages are listed, whatever STAT says.
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
    /// With a terminating line.
    Proper,
    /// With a line of this many octets, then a terminating line.
    LongLine(usize),
    /// Never: lines with increasing message-numbers until the client closes the connection or the patience is
    /// over.
    Never,
}

/// Line ends and dots on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framing {
    /// Leading dots are doubled, as required by RFC 1939 section 3.
    pub stuffs: bool,
    /// The last line's CRLF is missing, so that the terminating dot is appended to that line and the message
    /// has no end.
    pub glues_the_dot: bool,
    /// Every CRLF is sent as a bare LF.
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
    /// Messages marked as deleted are removed. `false` with a good reply: they reappear in later sessions.
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
    /// None: the connection is closed at once.
    HangUp,
    /// None: the connection stays open, but silent.
    Stall,
}

/// A message that appears in the maildrop and in the running session after the reply to a command.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The command, as in [`Fault::OnCommand`]; the first time it is received.
    pub after: String,
    /// The message.
    pub message: Message,
}
