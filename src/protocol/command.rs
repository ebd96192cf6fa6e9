//! Commands: their form on the wire, and the redacted form for traces (RFC 1939, 2449, 2595, 5034; LAST from
//! RFC 1460).

use std::fmt;

use crate::error::{Error, Kind, Result};

/// The longest command line, CRLF included (RFC 2449 section 4). A longer AUTH must send its initial response
/// on a line of its own (RFC 5034 section 4).
pub const MAX_COMMAND: usize = 255;

/// One command line, with borrowed arguments. Its `Debug` form and [`Command::shown`] contain no secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Command<'a> {
    /// Asks for the capabilities (RFC 2449 section 5).
    Capa,
    /// Starts TLS (RFC 2595 section 4).
    Stls,
    /// Switches to UTF-8 mode, before sign-in (RFC 6856 section 2).
    Utf8,
    /// Names the user (RFC 1939 section 7).
    User(&'a [u8]),
    /// Sends the password.
    Pass(&'a [u8]),
    /// Signs in with a digest of the greeting's timestamp and the password (RFC 1939 section 7).
    Apop {
        /// The user's name.
        user: &'a [u8],
        /// 32 lower-case hexadecimal digits.
        digest: &'a str,
    },
    /// Starts a SASL exchange (RFC 5034).
    Auth {
        /// The mechanism's registered name.
        mechanism: &'a str,
        /// The initial response in base64; an empty one is sent as `=`.
        initial: Option<&'a str>,
    },
    /// Answers a SASL challenge, in base64.
    Response(&'a str),
    /// Cancels a SASL exchange (RFC 5034 section 4).
    Cancel,
    /// Asks for the number and total size of the messages.
    Stat,
    /// Asks for the scan listing of all messages or of one.
    List(Option<u32>),
    /// Asks for the unique-id listing of all messages or of one.
    Uidl(Option<u32>),
    /// Retrieves a message.
    Retr(u32),
    /// Retrieves the header and the first lines of the body.
    Top {
        /// The message-number.
        number: u32,
        /// How many lines of the body.
        lines: u32,
    },
    /// Marks a message as deleted; QUIT removes it.
    Dele(u32),
    /// Does nothing; shows that the connection works.
    Noop,
    /// Unmarks all messages that this session has marked as deleted.
    Rset,
    /// Asks for the highest message-number accessed (RFC 1460; removed in RFC 1725).
    Last,
    /// A line as a person wrote it.
    Raw(&'a str),
    /// Ends the session; in the TRANSACTION state it also removes the marked messages.
    Quit,
}

impl Command<'_> {
    /// The line to send, CRLF included.
    ///
    /// # Errors
    /// [`Kind::Usage`] if an argument contains CR, LF or NUL, which could inject a second command.
    pub fn wire(&self) -> Result<Vec<u8>> {
        let mut line = Vec::with_capacity(64);
        let mut put = |parts: &[&[u8]]| parts.iter().for_each(|part| line.extend_from_slice(part));
        match self {
            Command::User(name) => put(&[b"USER ", guard("the user name", name)?]),
            Command::Pass(secret) => put(&[b"PASS ", guard("the password", secret)?]),
            Command::Apop { user, digest } => {
                put(&[b"APOP ", guard("the user name", user)?, b" ", digest.as_bytes()]);
            }
            Command::Auth { mechanism, initial: None } => put(&[b"AUTH ", mechanism.as_bytes()]),
            Command::Auth { mechanism, initial: Some(initial) } => {
                let initial = if initial.is_empty() { "=" } else { initial };
                put(&[b"AUTH ", mechanism.as_bytes(), b" ", initial.as_bytes()]);
            }
            Command::Response(base64) => put(&[base64.as_bytes()]),
            Command::Raw(text) => put(&[guard("the line", text.as_bytes())?]),
            _ => put(&[self.shown().as_bytes()]),
        }
        line.extend_from_slice(b"\r\n");
        Ok(line)
    }

    /// Its verb alone, for people.
    pub fn verb(&self) -> &'static str {
        match self {
            Command::Capa => "CAPA",
            Command::Stls => "STLS",
            Command::Utf8 => "UTF8",
            Command::User(_) => "USER",
            Command::Pass(_) => "PASS",
            Command::Apop { .. } => "APOP",
            Command::Auth { .. } | Command::Response(_) | Command::Cancel => "AUTH",
            Command::Stat => "STAT",
            Command::List(_) => "LIST",
            Command::Uidl(_) => "UIDL",
            Command::Retr(_) => "RETR",
            Command::Top { .. } => "TOP",
            Command::Dele(_) => "DELE",
            Command::Noop => "NOOP",
            Command::Rset => "RSET",
            Command::Last => "LAST",
            Command::Quit => "QUIT",
            // Its text may be a secret.
            Command::Raw(_) => "a line",
        }
    }

    /// The message-number in it.
    pub fn number(&self) -> Option<u32> {
        match *self {
            Command::List(number) | Command::Uidl(number) => number,
            Command::Retr(number) | Command::Top { number, .. } | Command::Dele(number) => Some(number),
            _ => None,
        }
    }

    /// The line for a trace: no secret, nothing derived from one, no CRLF.
    pub fn shown(&self) -> String {
        match self {
            Command::Capa => "CAPA".into(),
            Command::Stls => "STLS".into(),
            Command::Utf8 => "UTF8".into(),
            Command::User(name) => format!("USER {}", String::from_utf8_lossy(name)),
            Command::Pass(_) => "PASS [hidden]".into(),
            Command::Apop { user, .. } => format!("APOP {} [hidden]", String::from_utf8_lossy(user)),
            Command::Auth { mechanism, initial: None } => format!("AUTH {mechanism}"),
            Command::Auth { mechanism, .. } => format!("AUTH {mechanism} [hidden]"),
            Command::Response(_) => "[hidden]".into(),
            Command::Cancel => "*".into(),
            Command::Stat => "STAT".into(),
            Command::List(None) => "LIST".into(),
            Command::List(Some(number)) => format!("LIST {number}"),
            Command::Uidl(None) => "UIDL".into(),
            Command::Uidl(Some(number)) => format!("UIDL {number}"),
            Command::Retr(number) => format!("RETR {number}"),
            Command::Top { number, lines } => format!("TOP {number} {lines}"),
            Command::Dele(number) => format!("DELE {number}"),
            Command::Noop => "NOOP".into(),
            Command::Rset => "RSET".into(),
            Command::Last => "LAST".into(),
            Command::Raw(text) => hidden_secrets(text),
            Command::Quit => "QUIT".into(),
        }
    }
}

/// A line without what follows a verb that takes a secret.
fn hidden_secrets(line: &str) -> String {
    let verb = line.split_ascii_whitespace().next().unwrap_or_default();
    match ["PASS", "APOP", "AUTH"].iter().any(|known| verb.eq_ignore_ascii_case(known)) {
        true => format!("{verb} [hidden]"),
        false => line.to_owned(),
    }
}

impl fmt::Debug for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

/// Refuses an argument that would end the line early. The error names the argument, but not its value.
fn guard<'a>(what: &str, argument: &'a [u8]) -> Result<&'a [u8]> {
    if argument.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        return Err(Error::new(Kind::Usage, format!("{what} contains a line end or a NUL")));
    }
    Ok(argument)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_each_verb_as_the_rfc_does() {
        let table: &[(Command, &[u8])] = &[
            (Command::Capa, b"CAPA\r\n"),
            (Command::Utf8, b"UTF8\r\n"),
            (Command::User(b"mrose"), b"USER mrose\r\n"),
            (Command::Pass(b"tan staaf"), b"PASS tan staaf\r\n"),
            (Command::Apop { user: b"mrose", digest: "c4c9" }, b"APOP mrose c4c9\r\n"),
            (Command::Auth { mechanism: "PLAIN", initial: None }, b"AUTH PLAIN\r\n"),
            (Command::Auth { mechanism: "PLAIN", initial: Some("dA==") }, b"AUTH PLAIN dA==\r\n"),
            (Command::Auth { mechanism: "EXTERNAL", initial: Some("") }, b"AUTH EXTERNAL =\r\n"),
            (Command::Response(""), b"\r\n"),
            (Command::Cancel, b"*\r\n"),
            (Command::List(None), b"LIST\r\n"),
            (Command::List(Some(2)), b"LIST 2\r\n"),
            (Command::Uidl(Some(4_294_967_295)), b"UIDL 4294967295\r\n"),
            (Command::Top { number: 1, lines: 10 }, b"TOP 1 10\r\n"),
            (Command::Dele(3), b"DELE 3\r\n"),
            (Command::Quit, b"QUIT\r\n"),
        ];
        for (command, wire) in table {
            assert_eq!(command.wire().unwrap(), *wire, "{command:?}");
        }
    }

    #[test]
    fn refuses_arguments_that_could_inject_a_second_command() {
        for bad in [&b"x\r\nDELE 1"[..], b"x\n", b"x\r", b"x\0"] {
            let raw = std::str::from_utf8(bad).unwrap();
            let apop = Command::Apop { user: bad, digest: "0" };
            for command in [Command::User(bad), Command::Pass(bad), apop, Command::Raw(raw)] {
                assert_eq!(command.wire().unwrap_err().kind(), Kind::Usage, "{command:?}");
            }
        }
    }

    #[test]
    fn shows_no_secret() {
        for command in [
            Command::Pass(b"s3cret"),
            Command::Apop { user: b"me", digest: "s3cret" },
            Command::Auth { mechanism: "PLAIN", initial: Some("s3cret") },
            Command::Response("s3cret"),
            Command::Raw("pass s3cret"),
        ] {
            assert!(!format!("{command:?}{}", command.shown()).contains("s3cret"));
        }
    }
}
