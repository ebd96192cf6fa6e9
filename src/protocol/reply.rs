//! The first line of an answer: status indicator and response code (RFC 1939 section 3, RFC 2449
//! section 8, RFC 3206), and the greeting with its APOP timestamp (RFC 1939 section 7).

use memchr::{memchr, memmem};

use crate::error::{Error, Kind, Result};

/// Whether the server did what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// `+OK`.
    Ok,
    /// `-ERR`.
    Err,
}

/// What an extended response code says (RFC 2449 section 8.1.1, RFC 3206, RFC 6856).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResponseCode {
    /// `[AUTH]`: the credentials are wrong, trying again will not help.
    Auth,
    /// `[IN-USE]`: another session holds the maildrop.
    InUse,
    /// `[LOGIN-DELAY]`: too soon after the last sign-in.
    LoginDelay,
    /// `[SYS/TEMP]`: the server's passing trouble.
    SysTemp,
    /// `[SYS/PERM]`: the server's lasting trouble.
    SysPerm,
    /// `[UTF8]`: it can only be had in UTF-8 mode.
    Utf8,
    /// Any other, in upper case.
    Other(Vec<u8>),
}

/// A status line, taken apart. The text stays bytes: it is the server's, and untrusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// `+OK` or `-ERR`.
    pub status: Status,
    /// The code in brackets, where there is one.
    pub code: Option<ResponseCode>,
    /// What follows the status indicator, the code included.
    pub text: Vec<u8>,
}

impl Reply {
    /// Takes a status line (without its line end) apart.
    ///
    /// # Errors
    /// [`Kind::Protocol`] for anything but `+OK` and `-ERR`. hMailServer says `+ERR` and means a
    /// failure, so a lone `+` is no success.
    pub fn parse(line: &[u8]) -> Result<Reply> {
        let (status, rest) = if let Some(rest) = line.strip_prefix(b"+OK") {
            (Status::Ok, rest)
        } else if let Some(rest) = line.strip_prefix(b"-ERR") {
            (Status::Err, rest)
        } else {
            return Err(out_of_step(line));
        };
        if status == Status::Ok && rest.first().is_some_and(u8::is_ascii_alphanumeric) {
            return Err(out_of_step(line));
        }
        let text = rest.trim_ascii();
        Ok(Reply { status, code: response_code(text), text: text.to_vec() })
    }

    /// Whether it is `+OK`.
    pub fn is_ok(&self) -> bool {
        self.status == Status::Ok
    }

    /// What an `-ERR` about one message means, by its response code; [`Kind::Refused`] where it has none that
    /// says more.
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

    /// What an `-ERR` means that is about the maildrop or the session as a whole (greeting, sign-in, STAT, UIDL,
    /// LIST): the response code, else the words of servers that have none.
    pub fn refusal_of_service(&self) -> Kind {
        match self.refusal() {
            Kind::Refused => meaning(&self.text),
            kind => kind,
        }
    }

    /// What an `-ERR` to a sign-in means: [`Kind::SignIn`] where neither code nor words say more.
    pub fn sign_in_refusal(&self) -> Kind {
        match self.refusal_of_service() {
            Kind::Refused => Kind::SignIn,
            kind => kind,
        }
    }

    /// Whether an `-ERR` to a command of the sign-in says that the server knows neither the command nor the
    /// mechanism: then it has not judged a password, whatever was sent along.
    pub fn is_about_the_command(&self) -> bool {
        let text = self.text.to_ascii_lowercase();
        let has_code = !matches!(self.code, Some(ResponseCode::Other(_)) | None);
        !self.is_ok() && !has_code && !speaks(&text, ABOUT_PASSWORDS) && speaks(&text, NOT_KNOWN)
    }

    /// Whether such an answer is about the command as a whole, and not about one of its mechanisms.
    pub fn knows_no_mechanism(&self) -> bool {
        self.is_about_the_command() && !speaks(&self.text.to_ascii_lowercase(), &[&["mechanism"]])
    }

    /// The server's words as the cause of an error: at most 200 octets of them.
    pub fn words(&self) -> String {
        match excerpt(&self.text) {
            words if words.is_empty() => "the server gave no reason".into(),
            words => format!("the server says: {words}"),
        }
    }
}

/// Bounds what goes into an error message; sanitising for a terminal is the printer's part.
pub(crate) fn excerpt(text: &[u8]) -> String {
    const MOST: usize = 200;
    let shown = String::from_utf8_lossy(&text[..text.len().min(MOST)]).into_owned();
    if text.len() > MOST { shown + "…" } else { shown }
}

/// The error for a line that is no status line: the conversation is out of step.
fn out_of_step(line: &[u8]) -> Error {
    Error::new(Kind::Protocol, format!("expected +OK or -ERR, got \"{}\"", excerpt(line)))
}

/// The code in brackets at the start of the text (RFC 2449 section 8). What follows a space in the
/// brackets is an argument.
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

/// Words of several alternatives, each of which is a set of words that all occur.
type Words = &'static [&'static [&'static str]];

/// Whether all words of one of the alternatives occur in the text, which is in lower case.
fn speaks(text: &[u8], words: Words) -> bool {
    words.iter().any(|all| all.iter().all(|word| memmem::find(text, word.as_bytes()).is_some()))
}

/// Words of a server that does not know a command or a mechanism. It says so before it looks at any password.
const NOT_KNOWN: Words = &[
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

/// Words that show that a password was looked at, whatever else is said.
const ABOUT_PASSWORDS: Words = &[&["password"], &["credential"]];

/// Words that speak of the secret, or of an account that it does not open. They outweigh all others: QQ
/// answers a wrong password with "password is incorrect, login frequency limited, or system is busy".
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

/// Words of a maildrop that another session holds: qpopper, InterMail and others have no `[IN-USE]` ("maildrop
/// lock busy", "mailbox is locked by another session"). "Your account is locked" is not that.
const IN_USE: Words = &[
    &["lock", "maildrop"],
    &["lock", "mailbox"],
    &["lock", "session"],
    &["busy", "maildrop"],
    &["busy", "mailbox"],
    &["in use"],
];

/// Words of servers that limit how often one may sign in and have no `[LOGIN-DELAY]` (Hotmail: "Exceeded the
/// login limit for a 15 minute period").
const TOO_OFTEN: Words =
    &[&["login limit"], &["too many login"], &["too frequent"], &["frequency", "limit"], &["frequency of"]];

/// Words of trouble that passes (Outlook: "Server Unavailable. 21").
const LATER: Words = &[
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

/// What the words of an `-ERR` mean that has no response code; [`Kind::Refused`] where they say nothing that
/// is known.
fn meaning(text: &[u8]) -> Kind {
    let text = text.to_ascii_lowercase();
    if speaks(&text, ABOUT_CREDENTIALS) {
        Kind::SignIn
    } else if speaks(&text, IN_USE) {
        Kind::InUse
    } else if speaks(&text, TOO_OFTEN) {
        Kind::LoginDelay
    } else if speaks(&text, LATER) {
        Kind::ServerTemporary
    } else {
        Kind::Refused
    }
}

/// The server's first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    /// The line's text behind `+OK`.
    pub text: Vec<u8>,
    /// The APOP timestamp with its angle brackets, where the line holds one (RFC 1939 section 7).
    pub timestamp: Option<Vec<u8>>,
}

impl Greeting {
    /// Reads the greeting out of the first reply.
    pub fn of(reply: &Reply) -> Greeting {
        Greeting { text: reply.text.clone(), timestamp: timestamp(&reply.text) }
    }
}

/// The first `<local@domain>` in printable ASCII. Greetings hold text before it, several brackets,
/// or brackets that are no msg-id at all (many servers); those offer no APOP.
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
    fn takes_status_lines_apart() {
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
    fn success_is_ok_and_nothing_else() {
        for line in [&b"+ERR failed"[..], b"+", b"+OKAY", b"-", b"", b"OK", b"* OK", b"+ok", b"From: me"] {
            assert_eq!(Reply::parse(line).unwrap_err().kind(), Kind::Protocol, "{line:?}");
        }
    }

    #[test]
    fn a_refused_sign_in_is_understood_from_code_or_words() {
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
    fn an_unknown_command_or_mechanism_is_told_from_a_refused_password() {
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
    fn a_refused_question_about_the_maildrop_is_understood_from_code_or_words() {
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
    fn finds_the_timestamp_that_is_one() {
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
    fn bounds_what_it_quotes() {
        let reply = Reply::parse(&[b"-ERR ".to_vec(), vec![b'x'; 5000]].concat()).unwrap();
        assert!(reply.words().len() < 300);
    }
}
