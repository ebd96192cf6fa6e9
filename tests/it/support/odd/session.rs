//! One session by the rules of RFC 1939, and the places where an oddity takes over.

use super::connection::{Connection, Gone, Input, Line};
use super::mail::Mail;
use super::oddity::{Command, Oddity, Step};
use super::{PASSWORD, Shared, USER};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A drip ends after so many pieces, whatever the client does.
const MOST_PIECES: usize = 200;

const DONE: &[u8] = b"+OK\r\n";
const REFUSED: &[u8] = b"-ERR unknown command\r\n";
const NO_SUCH_MESSAGE: &[u8] = b"-ERR no such message\r\n";

/// A message as this session has it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) mail: Mail,
    pub(crate) is_deleted: bool,
}

/// What a session has come to.
pub(crate) struct Session {
    /// Sessions are counted from 1.
    pub(crate) number: usize,
    /// How many RETR it has heard, this one included.
    pub(crate) retrieves: usize,
    pub(crate) has_signed_in: bool,
    pub(crate) is_utf8: bool,
    pub(crate) entries: Vec<Entry>,
    user: String,
    connection: Connection,
    shared: Arc<Shared>,
}

impl Session {
    /// The message that the command names.
    pub(crate) fn target(&self, command: &Command) -> Option<&Mail> {
        self.entry(command).map(|entry| &entry.mail)
    }

    fn entry(&self, command: &Command) -> Option<&Entry> {
        let at = command.number()?.checked_sub(1)?;
        self.entries.get(at).filter(|entry| !entry.is_deleted)
    }

    /// The messages that are not marked as deleted, with their message-numbers.
    pub(crate) fn listed(&self) -> Vec<(usize, &Mail)> {
        let numbered = self.entries.iter().enumerate().filter(|(_, entry)| !entry.is_deleted);
        numbered.map(|(at, entry)| (at + 1, &entry.mail)).collect()
    }

    /// Whether the client has sent more, not knowing this command's answer.
    pub(crate) fn has_more_behind(&self) -> bool {
        self.connection.has_more(Duration::from_millis(8))
    }

    /// How long ago a client last signed in.
    pub(crate) fn since_sign_in(&self) -> Option<Duration> {
        self.shared.lock().sign_ins.last().map(Instant::elapsed)
    }

    /// How long ago a session that had signed in ended without QUIT.
    pub(crate) fn since_loss(&self) -> Option<Duration> {
        self.shared.lock().lost_at.map(|at| at.elapsed())
    }

    /// The server takes a message away by itself.
    pub(crate) fn expunge(&self, number: u32) {
        let mut state = self.shared.lock();
        state.mails.retain(|mail| mail.number != number);
        state.known.retain(|mail| mail.number != number);
    }

    /// The answer by the rules; what the command asks for is done.
    pub(crate) fn answer_by_the_rules(&mut self, command: &Command, oddity: &dyn Oddity) -> Vec<u8> {
        match command.verb.as_str() {
            "CAPA" => self.capabilities(oddity),
            "QUIT" => self.quit(),
            "USER" if !self.has_signed_in => {
                self.user = command.arguments.join(" ");
                DONE.to_vec()
            }
            "PASS" if !self.has_signed_in => self.sign_in(&command.arguments.join(" "), oddity),
            _ if !self.has_signed_in => REFUSED.to_vec(),
            _ => self.transaction(command),
        }
    }

    fn capabilities(&self, oddity: &dyn Oddity) -> Vec<u8> {
        let mut lines: Vec<String> = ["TOP", "UIDL", "USER"].map(str::to_owned).into();
        if self.shared.lock().has_pipelining {
            lines.push("PIPELINING".into());
        }
        oddity.change_capabilities(&mut lines);
        multi_line(lines)
    }

    fn sign_in(&mut self, password: &str, oddity: &dyn Oddity) -> Vec<u8> {
        if (self.user.as_str(), password) != (USER, PASSWORD) {
            return b"-ERR [AUTH] no such user, or a wrong password\r\n".to_vec();
        }
        let mut state = self.shared.lock();
        state.sign_ins.push(Instant::now());
        let mut mails = state.mails.clone();
        drop(state);
        oddity.change_maildrop(self.number, &mut mails);
        self.entries = mails.into_iter().map(|mail| Entry { mail, is_deleted: false }).collect();
        self.has_signed_in = true;
        DONE.to_vec()
    }

    fn quit(&mut self) -> Vec<u8> {
        let mut state = self.shared.lock();
        let deleted = |mail: &Mail| {
            let is_it = |entry: &&Entry| entry.is_deleted && entry.mail.unique_id == mail.unique_id;
            self.entries.iter().any(|entry| is_it(&entry))
        };
        state.mails.retain(|mail| !deleted(mail));
        DONE.to_vec()
    }

    fn transaction(&mut self, command: &Command) -> Vec<u8> {
        let octets = |mail: &Mail| mail.bytes.len();
        match (command.verb.as_str(), command.arguments.is_empty()) {
            ("STAT", _) => {
                let listed = self.listed();
                let total: usize = listed.iter().map(|(_, mail)| octets(mail)).sum();
                format!("+OK {} {total}\r\n", listed.len()).into_bytes()
            }
            ("LIST", true) => {
                multi_line(self.listed().iter().map(|(number, mail)| format!("{number} {}", octets(mail))))
            }
            ("UIDL", true) => {
                multi_line(self.listed().iter().map(|(number, mail)| format!("{number} {}", mail.unique_id)))
            }
            ("NOOP", _) => DONE.to_vec(),
            ("RSET", _) => {
                self.entries.iter_mut().for_each(|entry| entry.is_deleted = false);
                DONE.to_vec()
            }
            ("LIST" | "UIDL" | "RETR" | "TOP" | "DELE", _) => self.about_one(command),
            _ => REFUSED.to_vec(),
        }
    }

    fn about_one(&mut self, command: &Command) -> Vec<u8> {
        let Some(number) = command.number() else { return NO_SUCH_MESSAGE.to_vec() };
        let Some(Entry { mail, .. }) = self.entry(command) else { return NO_SUCH_MESSAGE.to_vec() };
        match command.verb.as_str() {
            "LIST" => format!("+OK {number} {}\r\n", mail.bytes.len()).into_bytes(),
            "UIDL" => format!("+OK {number} {}\r\n", mail.unique_id).into_bytes(),
            "RETR" => {
                let status = format!("+OK {} bytes follows\r\n", mail.bytes.len()).into_bytes();
                [status, mail.stuffed(), b".\r\n".to_vec()].concat()
            }
            "TOP" => {
                let lines = command.arguments.get(1).and_then(|lines| lines.parse().ok()).unwrap_or(0);
                [DONE.to_vec(), mail.top(lines), b".\r\n".to_vec()].concat()
            }
            _ => {
                self.entries[number - 1].is_deleted = true;
                DONE.to_vec()
            }
        }
    }
}

/// A multi-line reply of these lines, none of which begins with a dot.
pub(crate) fn multi_line(lines: impl IntoIterator<Item = String>) -> Vec<u8> {
    let lines: String = lines.into_iter().map(|line| format!("{line}\r\n")).collect();
    format!("+OK\r\n{lines}.\r\n").into_bytes()
}

/// What becomes of the session.
enum Next {
    GoesOn,
    Ends,
    IsReset,
}

/// Speaks with one client until the connection ends.
pub(super) fn converse(stream: Arc<TcpStream>, number: usize, oddity: Arc<dyn Oddity>, shared: Arc<Shared>) {
    let Some(connection) = Connection::new(stream, Arc::clone(&shared), oddity.delivery()) else { return };
    let mut session = Session {
        number,
        retrieves: 0,
        has_signed_in: false,
        is_utf8: false,
        entries: Vec::new(),
        user: String::new(),
        connection,
        shared,
    };
    let mut has_quit = false;
    let mut next = match session.connection.send(b"+OK ready\r\n") {
        Ok(()) => Next::GoesOn,
        Err(Gone) => Next::Ends,
    };
    while matches!(next, Next::GoesOn) {
        let idle = oddity.when_idle().filter(|_| session.has_signed_in);
        next = match (session.connection.next(idle.as_ref().map(|(time, _)| *time)), idle) {
            (Input::Line(line), _) => {
                has_quit = line.text.eq_ignore_ascii_case("QUIT");
                session.hear(&line, &*oddity).unwrap_or(Next::Ends)
            }
            (Input::Idle, Some((_, steps))) => {
                session.perform(steps, &Command::parse(""), &*oddity).unwrap_or(Next::Ends)
            }
            (Input::Idle | Input::End, _) => Next::Ends,
        };
    }
    if session.has_signed_in && !has_quit {
        session.shared.lock().lost_at = Some(Instant::now());
    }
    if matches!(next, Next::IsReset) {
        session.connection.reset();
    }
}

impl Session {
    fn hear(&mut self, line: &Line, oddity: &dyn Oddity) -> Result<Next, Gone> {
        let has_secret = line.text.to_ascii_uppercase().starts_with("PASS");
        self.shared.hear(self.number, if has_secret { "PASS ***" } else { &line.text });
        let command = Command::parse(&line.text);
        self.retrieves += usize::from(command.is("RETR"));
        let due = line.at + oddity.delivery().round_trip;
        self.connection.pause(due.saturating_duration_since(Instant::now()))?;
        let steps = oddity.answer(&command, self).unwrap_or_else(|| vec![Step::Answer]);
        match self.perform(steps, &command, oddity)? {
            Next::GoesOn if command.is("QUIT") => Ok(Next::Ends),
            next => Ok(next),
        }
    }

    fn perform(&mut self, steps: Vec<Step>, command: &Command, oddity: &dyn Oddity) -> Result<Next, Gone> {
        for step in steps {
            match step {
                Step::Answer => {
                    let answer = self.answer_by_the_rules(command, oddity);
                    self.connection.send(&answer)?;
                }
                Step::Act => drop(self.answer_by_the_rules(command, oddity)),
                Step::Send(bytes) => self.connection.send(&bytes)?,
                Step::Wait(time) => self.connection.pause(time)?,
                Step::Drip(every, piece) => {
                    for count in 0..MOST_PIECES {
                        self.connection.pause(every)?;
                        self.connection.send(&piece(count))?;
                    }
                }
                Step::Swallow => {
                    for line in self.connection.swallow() {
                        self.shared.hear(self.number, &format!("(lost) {line}"));
                    }
                }
                Step::Close => return Ok(Next::Ends),
                Step::Reset => return Ok(Next::IsReset),
                Step::Silence => {
                    self.connection.wait_for_end();
                    return Ok(Next::Ends);
                }
            }
        }
        Ok(Next::GoesOn)
    }
}
