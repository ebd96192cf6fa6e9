//! What can be typed into the shell: a line becomes a verb with its arguments. Nothing is done here.

use pop3::error::{Error, Kind, Result};
use pop3::quote;

use crate::cli::args::MessageArg;

/// A verb with its arguments.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Stat,
    List(Vec<MessageArg>),
    Uidl(Vec<MessageArg>),
    Headers(Vec<MessageArg>),
    Top(MessageArg, u32),
    Retr(Vec<MessageArg>),
    Save(MessageArg, String),
    Dele(Vec<MessageArg>),
    Rset,
    Last,
    Noop,
    Capa,
    Raw(String),
    Trace(bool),
    Help,
    Quit,
    Abort,
}

/// A verb of the table: its name, its arguments, what it does.
pub(super) type Row = (&'static str, &'static str, &'static str);

/// The verbs in the order of `help`.
pub(super) const TABLE: [Row; 17] = [
    ("stat", "", "how many messages there are, and their octets"),
    ("list", "[MSG…]", "number and octets of all messages, or of some"),
    ("uidl", "[MSG…]", "number and unique-id of all messages, or of some"),
    ("headers", "MSG…", "the headers of messages"),
    ("top", "MSG [LINES]", "the header and the first LINES lines of a message"),
    ("retr", "MSG…", "messages, shown as they are"),
    ("save", "MSG FILE", "a message, byte for byte, into a new file"),
    ("dele", "MSG…", "mark messages for deletion by quit"),
    ("rset", "", "unmark all messages"),
    ("last", "", "the highest message-number accessed (RFC 1460)"),
    ("noop", "", "keep the connection alive"),
    ("capa", "", "the capabilities of the server"),
    ("raw", "COMMAND", "send a line unchanged, and show the answer"),
    ("trace", "on|off", "show the dialogue with the server, or not"),
    ("help", "", "this list"),
    ("quit", "", "delete the marked messages, and end the session"),
    ("abort", "", "end the session, and delete nothing"),
];

/// What a message may be, below the table of verbs.
pub(super) const MESSAGES: &str =
    "MSG is 7, 3-7, 195-, last:10, 1,3,5, first, last, all, new or uid:UNIQUE-ID";

/// Verbs of the protocol that are not sent, and why.
const NOT_SENT: [(&[&str], &str); 3] = [
    (
        &["USER", "PASS", "APOP", "AUTH"],
        "you are signed in already, and what is typed here may be kept in the history",
    ),
    (&["QUIT"], "quit ends the session and deletes the marked messages; abort deletes nothing"),
    (&["STLS"], "encryption begins before the sign-in: see --tls"),
];

impl Verb {
    /// Parses a line; `None` for an empty one or a comment.
    ///
    /// # Errors
    /// [`Kind::Usage`], with the right usage as its hint.
    pub(super) fn parse(line: &str) -> Result<Option<Verb>> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return Ok(None);
        }
        let (typed, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let (name, rest) = (typed.to_ascii_lowercase(), rest.trim());
        let name = match name.as_str() {
            "?" => "help",
            "exit" | "bye" => "quit",
            name => name,
        };
        let Some(row) = TABLE.iter().find(|(known, ..)| *known == name) else { return Err(unknown(typed)) };
        Verb::from_row(row, rest).map(Some)
    }

    fn from_row(row: &Row, rest: &str) -> Result<Verb> {
        let (name, arguments, _) = row;
        let words: Vec<&str> = rest.split_whitespace().collect();
        if arguments.is_empty() && !words.is_empty() {
            return Err(wrong(row, format!("{name} takes no argument")));
        }
        let message = |word: &str| {
            MessageArg::parse(word.as_bytes())
                .map_err(|why| wrong(row, format!("could not use \"{}\": {why}", quote::short(word))))
        };
        let messages = || words.iter().map(|word| message(word)).collect::<Result<Vec<_>>>();
        let some = || match words.is_empty() {
            true => Err(wrong(row, format!("{name} needs a message"))),
            false => messages(),
        };
        Ok(match *name {
            "stat" => Verb::Stat,
            "list" => Verb::List(messages()?),
            "uidl" => Verb::Uidl(messages()?),
            "headers" => Verb::Headers(some()?),
            "retr" => Verb::Retr(some()?),
            "dele" => Verb::Dele(some()?),
            "top" => match words.as_slice() {
                [] => return Err(wrong(row, "top needs a message")),
                [one] => Verb::Top(message(one)?, 0),
                [one, lines] => {
                    let lines = lines.parse().map_err(|_| wrong(row, "LINES is a number of lines"))?;
                    Verb::Top(message(one)?, lines)
                }
                _ => return Err(wrong(row, "top takes a message and a number of lines")),
            },
            "save" => match rest.split_once(char::is_whitespace) {
                Some((one, file)) => Verb::Save(message(one)?, file.trim().to_owned()),
                None => return Err(wrong(row, "save needs a message and the name of a new file")),
            },
            "rset" => Verb::Rset,
            "last" => Verb::Last,
            "noop" => Verb::Noop,
            "capa" => Verb::Capa,
            "raw" => raw(row, rest)?,
            "trace" => match words.as_slice() {
                [word] if word.eq_ignore_ascii_case("on") => Verb::Trace(true),
                [word] if word.eq_ignore_ascii_case("off") => Verb::Trace(false),
                _ => return Err(wrong(row, "trace needs on or off")),
            },
            "quit" => Verb::Quit,
            "abort" => Verb::Abort,
            _ => Verb::Help,
        })
    }
}

fn raw(row: &Row, rest: &str) -> Result<Verb> {
    let Some(verb) = rest.split_whitespace().next() else {
        return Err(wrong(row, "raw needs a command of the protocol"));
    };
    let refused =
        NOT_SENT.iter().find(|(verbs, _)| verbs.iter().any(|known| verb.eq_ignore_ascii_case(known)));
    match refused {
        // What follows the verb may be a secret: not repeated.
        Some((_, why)) => {
            let says = format!("raw does not send {}", verb.to_ascii_uppercase());
            Err(Error::new(Kind::Usage, says).hint(*why))
        }
        None => Ok(Verb::Raw(rest.to_owned())),
    }
}

/// Whether a line may be kept in the history: only what begins with a verb, since anything else may be a password that
/// was typed at the wrong prompt; and no command of the protocol that takes one.
pub(super) fn may_be_kept(line: &str) -> bool {
    let mut words = line.split_whitespace().map(str::to_ascii_lowercase);
    let Some(name) = words.next() else { return false };
    let is_verb = TABLE.iter().any(|(known, ..)| *known == name);
    let is_sent =
        |verb: String| !NOT_SENT.iter().any(|(verbs, _)| verbs.contains(&&*verb.to_ascii_uppercase()));
    is_verb && (name != "raw" || words.next().is_some_and(is_sent))
}

fn wrong((name, arguments, _): &Row, what: impl Into<String>) -> Error {
    Error::new(Kind::Usage, what).hint(format!("usage: {name} {arguments}").trim_end())
}

fn unknown(typed: &str) -> Error {
    let is_of_sign_in = ["user", "pass", "apop", "auth"].iter().any(|verb| typed.eq_ignore_ascii_case(verb));
    let hint = match typed.to_ascii_lowercase().as_str() {
        _ if is_of_sign_in => "you are signed in already",
        "delete" | "del" | "rm" => "dele marks messages, which quit deletes",
        "ls" | "dir" => "list shows the messages",
        "get" | "show" | "cat" | "read" => "retr shows a message, save writes it into a file",
        "undo" => "rset takes all marks back",
        _ => "help shows the verbs; raw sends any other command as it stands",
    };
    Error::new(Kind::Usage, format!("there is no verb \"{}\"", quote::short(typed))).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Position;
    use crate::cli::report;

    fn number(number: u32) -> MessageArg {
        MessageArg::One(Position::Number(number))
    }

    #[test]
    fn understands_every_verb_in_any_letter_case() {
        let last = MessageArg::One(Position::Last);
        let table = [
            ("CAPA", Verb::Capa),
            (" list ", Verb::List(Vec::new())),
            ("List 3 new", Verb::List(vec![number(3), MessageArg::New])),
            ("uidl last:2", Verb::Uidl(vec![MessageArg::Newest(2)])),
            ("headers 3-last", Verb::Headers(vec![MessageArg::Range(Position::Number(3), Position::Last)])),
            ("top 3", Verb::Top(number(3), 0)),
            ("top last 10", Verb::Top(last, 10)),
            ("retr 3", Verb::Retr(vec![number(3)])),
            ("save 3  a letter.eml ", Verb::Save(number(3), "a letter.eml".into())),
            ("dele 1 3", Verb::Dele(vec![number(1), number(3)])),
            ("raw  XTND  xmit ", Verb::Raw("XTND  xmit".into())),
            ("trace ON", Verb::Trace(true)),
            ("exit", Verb::Quit),
            ("abort", Verb::Abort),
            ("?", Verb::Help),
        ];
        for (line, verb) in table {
            assert_eq!(Verb::parse(line).expect(line), Some(verb));
        }
        for line in ["", "   ", "# a comment"] {
            assert_eq!(Verb::parse(line).expect(line), None);
        }
        for (name, ..) in TABLE {
            let with = [name.to_owned(), format!("{name} 1"), format!("{name} 1 f"), format!("{name} on")];
            assert!(with.iter().any(|line| Verb::parse(line).is_ok()), "{name}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_line_is_told_with_the_right_usage() {
        for (line, says, hint) in [
            ("retr", "retr needs a message", "usage: retr MSG…"),
            ("dele -1", "could not use \"-1\": ", "usage: dele MSG…"),
            ("stat 1", "stat takes no argument", "usage: stat"),
            ("top 1 x", "LINES is a number of lines", "usage: top MSG [LINES]"),
            ("top 1 2 3", "top takes a message", "usage: top MSG [LINES]"),
            ("save 1", "save needs a message and the name of a new file", "usage: save MSG FILE"),
            ("retr 99999999999", "could not use \"99999999999\": ", "usage: retr MSG…"),
            ("trace", "trace needs on or off", "usage: trace on|off"),
            ("raw", "raw needs a command", "usage: raw COMMAND"),
            (
                "hello",
                "there is no verb \"hello\"",
                "help shows the verbs; raw sends any other command as it stands",
            ),
            ("delete 1", "there is no verb \"delete\"", "dele marks messages, which quit deletes"),
        ] {
            let error = Verb::parse(line).expect_err(line);
            assert_eq!(error.kind(), Kind::Usage);
            assert!(error.to_string().starts_with(says), "{line}: {error}");
            assert_eq!(report::own_hint(&error).as_deref(), Some(hint), "{line}");
        }
    }

    #[test]
    fn a_secret_is_neither_sent_nor_repeated_nor_kept() {
        for line in [
            "raw PASS hunter2",
            "raw auth PLAIN hunter2",
            "RAW Apop me hunter2",
            "raw USER hunter2",
            "pass hunter2",
        ] {
            let error = Verb::parse(line).expect_err(line);
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
            assert!(!may_be_kept(line), "{line}");
        }
        for line in ["hunter2", "", "raw", "raw quit"] {
            assert!(!may_be_kept(line), "{line}");
        }
        for line in ["dele 3", "RETR 1 x", "raw XTND XMIT", "  list"] {
            assert!(may_be_kept(line), "{line}");
        }
    }
}
