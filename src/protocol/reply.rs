//! The status line of a reply: status indicator and response code (RFC 1939 section 3, RFC 2449 section 8,
//! RFC 3206), and the greeting with its APOP timestamp (RFC 1939 section 7).

use memchr::{memchr, memmem};

use crate::error::{Error, Kind, Result};

/// The status indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// `+OK`.
    Ok,
    /// `-ERR`.
    Err,
}

/// An extended response code (RFC 2449 section 8.1.1, RFC 3206, RFC 6856).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResponseCode {
    /// `[AUTH]`: the credentials are wrong; retrying does not help.
    Auth,
    /// `[IN-USE]`: another session holds the maildrop.
    InUse,
    /// `[LOGIN-DELAY]`: too soon after the last sign-in.
    LoginDelay,
    /// `[SYS/TEMP]`: a temporary problem of the server.
    SysTemp,
    /// `[SYS/PERM]`: a permanent problem of the server.
    SysPerm,
    /// `[UTF8]`: the message is available only in UTF-8 mode.
    Utf8,
    /// Any other, in upper case.
    Other(Vec<u8>),
}

/// A parsed status line. The text stays bytes, because it comes from the server and is untrusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// `+OK` or `-ERR`.
    pub status: Status,
    /// The response code, if any.
    pub code: Option<ResponseCode>,
    /// The text after the status indicator, including the response code.
    pub text: Vec<u8>,
}

impl Reply {
    /// Parses a status line, without its line end.
    ///
    /// # Errors
    /// [`Kind::Protocol`] for anything but `+OK` and `-ERR`. hMailServer reports a failure as `+ERR`, so `+`
    /// alone does not mean success.
    pub fn parse(line: &[u8]) -> Result<Reply> {
        let (status, rest) = if let Some(rest) = line.strip_prefix(b"+OK") {
            (Status::Ok, rest)
        } else if let Some(rest) = line.strip_prefix(b"-ERR") {
            (Status::Err, rest)
        } else {
            return Err(not_a_status_line(line));
        };
        if status == Status::Ok && rest.first().is_some_and(u8::is_ascii_alphanumeric) {
            return Err(not_a_status_line(line));
        }
        let text = rest.trim_ascii();
        Ok(Reply { status, code: response_code(text), text: text.to_vec() })
    }

    /// Whether it is `+OK`.
    pub fn is_ok(&self) -> bool {
        self.status == Status::Ok
    }

    /// The meaning of an `-ERR` about one message, by its response code; [`Kind::Refused`] without a known
    /// one.
    pub fn refusal(&self) -> Kind {
        match self.code {
            Some(ResponseCode::Auth) => Kind::SignIn,
            Some(ResponseCode::InUse) => Kind::InUse,
            Some(ResponseCode::LoginDelay) => Kind::LoginDelay,
            Some(ResponseCode::SysTemp) => Kind::ServerTemporary,
            Some(ResponseCode::SysPerm) => Kind::ServerPermanent,
            Some(ResponseCode::Utf8) => Kind::NeedsUtf8,
            Some(ResponseCode::Other(_)) | None => Kind::Refused,
        }
    }

    /// The meaning of an `-ERR` about the maildrop or the session as a whole (greeting, sign-in, STAT, UIDL,
    /// LIST): by its response code, otherwise by the text, since many servers have no response codes.
    pub fn refusal_of_service(&self) -> Kind {
        match self.refusal() {
            Kind::Refused => meaning(&self.text),
            kind => kind,
        }
    }

    /// The meaning of an `-ERR` to a sign-in: [`Kind::SignIn`] unless response code or text say otherwise.
    pub fn sign_in_refusal(&self) -> Kind {
        match self.refusal_of_service() {
            Kind::Refused => Kind::SignIn,
            kind => kind,
        }
    }

    /// Whether an `-ERR` during sign-in says that the server does not know the command or the mechanism. Then
    /// it has not checked the password that was sent.
    pub fn is_about_the_command(&self) -> bool {
        let text = self.text.to_ascii_lowercase();
        let has_code = !matches!(self.code, Some(ResponseCode::Other(_)) | None);
        !self.is_ok()
            && !has_code
            && !contains_any(&text, ABOUT_PASSWORDS)
            && contains_any(&text, UNKNOWN_COMMAND)
    }

    /// Whether such a reply is about the command itself, not about one of its mechanisms.
    pub fn knows_no_mechanism(&self) -> bool {
        self.is_about_the_command() && !contains_any(&self.text.to_ascii_lowercase(), &[&["mechanism"]])
    }

    /// The server's text as the cause of an error; at most 200 octets of it.
    pub fn words(&self) -> String {
        match excerpt(&self.text) {
            words if words.is_empty() => "the server gave no reason".into(),
            words => format!("the server says: {words}"),
        }
    }
}

/// Shortens text for an error message. It is sanitised for the terminal when printed.
pub(crate) fn excerpt(text: &[u8]) -> String {
    const MOST: usize = 200;
    let shown = String::from_utf8_lossy(&text[..text.len().min(MOST)]).into_owned();
    if text.len() > MOST { shown + "…" } else { shown }
}

/// The error for a line that is not a status line: client and server are out of step.
fn not_a_status_line(line: &[u8]) -> Error {
    Error::new(Kind::Protocol, format!("expected +OK or -ERR, got \"{}\"", excerpt(line)))
}

/// The response code in brackets at the start of the text (RFC 2449 section 8), without its arguments.
fn response_code(text: &[u8]) -> Option<ResponseCode> {
    let inside = text.strip_prefix(b"[")?;
    let inside = &inside[..memchr(b']', inside)?];
    let name = inside.split(|byte| *byte == b' ').next()?.to_ascii_uppercase();
    Some(match name.as_slice() {
        b"AUTH" => ResponseCode::Auth,
        b"IN-USE" => ResponseCode::InUse,
        b"LOGIN-DELAY" => ResponseCode::LoginDelay,
        b"SYS/TEMP" => ResponseCode::SysTemp,
        b"SYS/PERM" => ResponseCode::SysPerm,
        b"UTF8" => ResponseCode::Utf8,
        _ => ResponseCode::Other(name),
    })
}

/// Alternatives, each of which is a set of words that must all occur.
type Words = &'static [&'static [&'static str]];

/// Whether all words of one alternative occur in the text, which must be in lower case.
fn contains_any(text: &[u8], words: Words) -> bool {
    words.iter().any(|all| all.iter().all(|word| memmem::find(text, word.as_bytes()).is_some()))
}

/// Texts of servers that do not know a command or a mechanism. They send these before they check a password.
const UNKNOWN_COMMAND: Words = &[
    &["unknown", "command"],
    &["unrecogni", "command"],
    &["invalid command"],
    &["illegal command"],
    &["bad command"],
    &["no such command"],
    &["command not"],
    &["command is not"],
    &["syntax error"],
    &["unknown auth"],
    &["unknown", "mechanism"],
    &["unrecogni", "mechanism"],
    &["invalid", "mechanism"],
    &["mechanism not"],
    &["mechanism is not"],
    &["mechanism", "unavailable"],
    &["not implemented"],
    &["unimplemented"],
    &["not supported"],
    &["unsupported"],
];

/// Words that show that the server has checked a password, whatever else it says.
const ABOUT_PASSWORDS: Words = &[&["password"], &["credential"]];

/// Words about wrong credentials, or about an account that cannot be used. They take precedence over all
/// others: QQ answers a wrong password with "password is incorrect, login frequency limited, or system is
/// busy".
const ABOUT_CREDENTIALS: Words = &[
    &["password"],
    &["credential"],
    &["authentication failed"],
    &["authorization failed"],
    &["login fail"],
    &["login incorrect"],
    &["invalid login"],
    &["invalid user"],
    &["unknown user"],
    &["no such user"],
    &["logon"],
    &["log on"],
    &["access is disabled"],
];

/// Words for a maildrop that another session has locked: qpopper, InterMail and others have no `[IN-USE]`
/// ("maildrop lock busy", "mailbox is locked by another session"). "Your account is locked" means something
/// else.
const IN_USE: Words = &[
    &["lock", "maildrop"],
    &["lock", "mailbox"],
    &["lock", "session"],
    &["busy", "maildrop"],
    &["busy", "mailbox"],
    &["in use"],
];

/// Words for too many sign-ins, from servers without `[LOGIN-DELAY]` (Hotmail: "Exceeded the login limit for
/// a 15 minute period").
const TOO_OFTEN: Words =
    &[&["login limit"], &["too many login"], &["too frequent"], &["frequency", "limit"], &["frequency of"]];

/// Words for a temporary problem (Outlook: "Server Unavailable. 21").
const TEMPORARY: Words = &[
    &["unavailable"],
    &["temporar"],
    &["too many"],
    &["busy"],
    &["try again"],
    &["later"],
    &["limit"],
    &["overload"],
    &["throttl"],
    &["maintenance"],
];

/// The meaning of an `-ERR` without a response code, by its text; [`Kind::Refused`] for an unknown text.
fn meaning(text: &[u8]) -> Kind {
    let text = text.to_ascii_lowercase();
    if contains_any(&text, ABOUT_CREDENTIALS) {
        Kind::SignIn
    } else if contains_any(&text, IN_USE) {
        Kind::InUse
    } else if contains_any(&text, TOO_OFTEN) {
        Kind::LoginDelay
    } else if contains_any(&text, TEMPORARY) {
        Kind::ServerTemporary
    } else {
        Kind::Refused
    }
}

/// The server's first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    /// The text after `+OK`.
    pub text: Vec<u8>,
    /// The APOP timestamp including its angle brackets, if the line contains one (RFC 1939 section 7).
    pub timestamp: Option<Vec<u8>>,
}

impl Greeting {
    /// Parses the first reply as the greeting.
    pub fn from_reply(reply: &Reply) -> Greeting {
        Greeting { text: reply.text.clone(), timestamp: timestamp(&reply.text) }
    }
}

/// The first `<local@domain>` in printable ASCII. Greetings may have text before it and several brackets.
/// Many servers send brackets without a msg-id; these do not support APOP.
fn timestamp(text: &[u8]) -> Option<Vec<u8>> {
    let mut rest = text;
    while let Some(open) = memchr(b'<', rest) {
        rest = &rest[open..];
        let close = memchr(b'>', rest)?;
        let stamp = &rest[..=close];
        let inside = &stamp[1..close];
        let at = memchr(b'@', inside);
        let sound = inside.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'<');
        if sound && at.is_some_and(|at| at > 0 && at + 1 < inside.len()) {
            return Some(stamp.to_vec());
        }
        rest = &rest[1..];
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_status_lines() {
        let table: &[(&[u8], Status, Option<ResponseCode>, &[u8])] = &[
            (b"+OK", Status::Ok, None, b""),
            (b"+OK 2 320", Status::Ok, None, b"2 320"),
            (b"+OK\t2 320 ", Status::Ok, None, b"2 320"),
            (b"-ERR no such message", Status::Err, None, b"no such message"),
            (b"-ERR[no space", Status::Err, None, b"[no space"),
            (b"-ERR [AUTH] bad", Status::Err, Some(ResponseCode::Auth), b"[AUTH] bad"),
            (b"-ERR [in-use] x", Status::Err, Some(ResponseCode::InUse), b"[in-use] x"),
            (b"-ERR [LOGIN-DELAY 60]", Status::Err, Some(ResponseCode::LoginDelay), b"[LOGIN-DELAY 60]"),
            (b"-ERR [SYS/TEMP] x", Status::Err, Some(ResponseCode::SysTemp), b"[SYS/TEMP] x"),
            (b"-ERR [SYS/PERM] x", Status::Err, Some(ResponseCode::SysPerm), b"[SYS/PERM] x"),
            (b"-ERR [X-NEW] x", Status::Err, Some(ResponseCode::Other(b"X-NEW".to_vec())), b"[X-NEW] x"),
            (b"+OK \xff\xfe", Status::Ok, None, b"\xff\xfe"),
        ];
        for (line, status, code, text) in table {
            let reply = Reply::parse(line).unwrap();
            assert_eq!((reply.status, &reply.code, reply.text.as_slice()), (*status, code, *text));
        }
    }

    #[test]
    fn only_ok_means_success() {
        for line in [&b"+ERR failed"[..], b"+", b"+OKAY", b"-", b"", b"OK", b"* OK", b"+ok", b"From: me"] {
            assert_eq!(Reply::parse(line).unwrap_err().kind(), Kind::Protocol, "{line:?}");
        }
    }

    #[test]
    fn the_kind_of_a_refused_sign_in_comes_from_code_or_text() {
        let table: &[(&[u8], Kind)] = &[
            (b"-ERR [AUTH] Authentication failed.", Kind::SignIn),
            (b"-ERR authorization failed", Kind::SignIn),
            (b"-ERR [IN-USE] held", Kind::InUse),
            (b"-ERR maildrop already locked", Kind::InUse),
            (b"-ERR Mailbox lock busy", Kind::InUse),
            (b"-ERR your account is locked", Kind::SignIn),
            (b"-ERR Exceeded the login limit for a 15 minute period.", Kind::LoginDelay),
            (b"-ERR [SYS/TEMP] try later", Kind::ServerTemporary),
            (b"-ERR [SYS/PERM] call us", Kind::ServerPermanent),
            (b"-ERR login frequency limited", Kind::LoginDelay),
            (b"-ERR Too many connections", Kind::ServerTemporary),
            (b"-ERR Server temporarily unavailable", Kind::ServerTemporary),
            (b"-ERR Mailbox locked", Kind::InUse),
            (
                b"-ERR Exceeded the login limit for a 15 minute period. Reduce the frequency of requests to \
                the POP3 server.",
                Kind::LoginDelay,
            ),
            (
                b"-ERR Login fail. Account is abnormal, service is not open, password is incorrect, login \
                frequency limited, or system is busy. More information at https://example.org",
                Kind::SignIn,
            ),
            (b"-ERR Unable to log on", Kind::SignIn),
            (b"-ERR Logon failure: unknown user name or bad password.", Kind::SignIn),
            (b"-ERR POP3 access is disabled for this account", Kind::SignIn),
            (b"-ERR [SYS/TEMP] password database is down", Kind::ServerTemporary),
            (b"-ERR invalid login, try again", Kind::SignIn),
            (b"-ERR Down for maintenance", Kind::ServerTemporary),
            (b"-ERR Temporary authentication failure", Kind::ServerTemporary),
        ];
        for (line, kind) in table {
            assert_eq!(Reply::parse(line).unwrap().sign_in_refusal(), *kind);
        }
    }

    #[test]
    fn an_unknown_command_or_mechanism_is_not_a_refused_password() {
        let table: &[(&[u8], bool, bool)] = &[
            (b"-ERR Unknown command", true, true),
            (b"-ERR unknown command: AUTH", true, true),
            (b"-ERR unimplemented", true, true),
            (b"-ERR Command not recognized", true, true),
            (b"-ERR [X-NEW] unsupported", true, true),
            (b"-ERR authentication mechanism not supported", true, false),
            (b"-ERR Authentication failed: unknown mechanism", true, false),
            (b"-ERR [AUTH] unsupported user", false, false),
            (b"-ERR [SYS/TEMP] not supported now", false, false),
            (b"-ERR Unknown user", false, false),
            (b"-ERR this password is not supported", false, false),
            (b"-ERR authentication failed", false, false),
            (b"-ERR", false, false),
            (b"+OK unknown command", false, false),
        ];
        for (line, is_about_the_command, is_about_all) in table {
            let reply = Reply::parse(line).unwrap();
            let found = (reply.is_about_the_command(), reply.knows_no_mechanism());
            assert_eq!(found, (*is_about_the_command, *is_about_all), "{}", line.escape_ascii());
        }
    }

    #[test]
    fn the_kind_of_a_refused_listing_comes_from_code_or_text() {
        let table: &[(&[u8], Kind)] = &[
            (b"-ERR Server Unavailable. 21", Kind::ServerTemporary),
            (b"-ERR Exceeded the login limit for a 15 minute period.", Kind::LoginDelay),
            (b"-ERR maildrop lock busy", Kind::InUse),
            (b"-ERR [SYS/TEMP] x", Kind::ServerTemporary),
            (b"-ERR [UTF8] message requires UTF8 mode", Kind::NeedsUtf8),
            (b"-ERR unknown command", Kind::Refused),
            (b"-ERR", Kind::Refused),
        ];
        for (line, kind) in table {
            assert_eq!(Reply::parse(line).unwrap().refusal_of_service(), *kind);
        }
    }

    #[test]
    fn finds_the_first_valid_timestamp() {
        let table: &[(&[u8], Option<&[u8]>)] = &[
            (
                b"POP3 server ready <1896.697170952@dbc.mtview.ca.us>",
                Some(b"<1896.697170952@dbc.mtview.ca.us>"),
            ),
            (b"<hello> there <a@b> more <c@d>", Some(b"<a@b>")),
            (b"<<a@b>", Some(b"<a@b>")),
            (b"ready <no stamp@host>", None),
            (b"ready <@host>", None),
            (b"ready <x@>", None),
            (b"ready <unclosed@host", None),
            (b"ready", None),
        ];
        for (line, stamp) in table {
            assert_eq!(timestamp(line).as_deref(), *stamp);
        }
    }

    #[test]
    fn quotes_are_bounded() {
        let reply = Reply::parse(&[b"-ERR ".to_vec(), vec![b'x'; 5000]].concat()).unwrap();
        assert!(reply.words().len() < 300);
    }
}
