//! Lists a maildrop: capabilities, drop, unique-id and scan listing, in one write if the server supports
//! that. UIDL or LIST is enough; STAT, the other of the two and CAPA are optional.

use std::error::Error as StdError;
use std::fmt;

use super::{Pipelining, Session, Transaction};
use crate::error::{Error, Kind, Phase, Result};
use crate::protocol::maildrop::Collector;
use crate::protocol::{Capabilities, Command, Maildrop, Reply, listing};

/// Optional requests, which may break a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// Whether commands are sent ahead of the answers to earlier ones.
    pub ahead: Pipelining,
    /// Whether the capabilities are requested after sign-in.
    pub asks_capa: bool,
}

impl Manner {
    /// One command after the other, and no CAPA: nothing that is not in RFC 1939.
    pub const CAUTIOUS: Manner = Manner { ahead: Pipelining::Off, asks_capa: false };
}

impl Default for Manner {
    fn default() -> Self {
        Manner { ahead: Pipelining::Auto, asks_capa: true }
    }
}

const ASKED_CAPA: &str = "CAPA was asked after sign-in";
const SENT_AHEAD: &str = "commands were sent ahead of the answers to others (pipelining)";

/// The cause of an error that broke a session while the maildrop was listed: the optional requests that were
/// sent. In a new session, in [`Manner::CAUTIOUS`], it may work.
#[derive(Debug)]
pub struct NotCautious {
    /// What was asked.
    asked: &'static str,
    broken: Error,
}

impl NotCautious {
    /// The optional requests, if they may have broken the session.
    pub fn find_in(error: &Error) -> Option<&NotCautious> {
        error.find_cause()
    }
}

impl fmt::Display for NotCautious {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the session broke after {}", self.asked)
    }
}

impl StdError for NotCautious {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.broken)
    }
}

/// STAT, UIDL and LIST, as far as they were answered.
struct Answers {
    stat: Reply,
    uidl: Reply,
    /// `None` where it was not asked: the maildrop is empty.
    list: Option<Reply>,
    collector: Collector,
}

impl Session<Transaction> {
    /// Sets whether commands may be sent ahead.
    pub fn set_pipelining(&mut self, pipelining: Pipelining) {
        self.state.manner.ahead = pipelining;
    }

    /// Sets which optional requests are sent.
    pub fn set_manner(&mut self, manner: Manner) {
        self.state.manner = manner;
    }

    /// Whether commands are sent ahead, by what is known of the server so far.
    pub fn pipelines(&self) -> bool {
        match self.state.manner.ahead {
            Pipelining::On => true,
            Pipelining::Off => false,
            Pipelining::Auto => self.capabilities().is_some_and(Capabilities::pipelining),
        }
    }

    /// The maildrop: STAT, UIDL and LIST put together. The capabilities are asked with them, since
    /// some servers announce more after sign-in (Gmail: PIPELINING). A server without UIDL gives a
    /// maildrop without unique-ids, one without LIST gives no octets, and STAT is optional.
    ///
    /// # Errors
    /// What an `-ERR` to STAT or UIDL means by its code or text, if it is temporary; the same if a server
    /// announces UIDL and refuses it ([`Kind::ServerTemporary`]: without unique-ids all mail would look new);
    /// what an `-ERR` to LIST means if there is no UIDL either. Otherwise as [`Session::stat`], with
    /// [`NotCautious`] as its cause if the session broke after an optional request.
    pub fn maildrop(&mut self) -> Result<Maildrop> {
        let maildrop = self.look();
        self.read(maildrop)
    }

    fn look(&mut self) -> Result<Maildrop> {
        let asks_capa =
            self.state.manner.asks_capa && !self.state.asked && self.state.before_sign_in.is_some();
        self.state.asked = true;
        let burst = [Command::Capa, Command::Stat, Command::Uidl(None), Command::List(None)];
        let answers = if self.pipelines() {
            self.send_all(&burst[usize::from(!asks_capa)..]).map_err(broken_ahead)?;
            if asks_capa {
                self.read_capabilities().map_err(broken_ahead)?;
            }
            self.read_burst()?
        } else {
            if asks_capa {
                self.ask_capabilities().map_err(|error| not_cautious(ASKED_CAPA, error))?;
            }
            if self.pipelines() {
                self.send_all(&burst[1..]).map_err(broken_ahead)?;
                self.read_burst()?
            } else {
                self.ask_one_by_one()?
            }
        };
        self.put_together(answers)
    }

    /// Reads the answers to STAT, UIDL and LIST, all of which are outstanding: all have to be read, whatever the
    /// others say.
    fn read_burst(&mut self) -> Result<Answers> {
        // A wrong listing would be wrong again.
        let broken_in_listing = |error: Error| match error.kind() {
            Kind::Protocol => error,
            _ => broken_ahead(error),
        };
        let mut collector = Collector::new();
        let stat = self.reply(Phase::Reply).map_err(broken_ahead)?;
        let uidl = self.reply(Phase::Reply).map_err(broken_ahead)?;
        if uidl.is_ok() {
            self.connection.listing(|line| collector.unique_id(line)).map_err(broken_in_listing)?;
        }
        let list = self.reply(Phase::Reply).map_err(broken_ahead)?;
        if list.is_ok() {
            self.connection.listing(|line| collector.scan(line)).map_err(broken_in_listing)?;
        }
        Ok(Answers { stat, uidl, list: Some(list), collector })
    }

    fn ask_one_by_one(&mut self) -> Result<Answers> {
        let mut collector = Collector::new();
        let stat = self.converse(&Command::Stat)?;
        if counted(&stat)? == Some(0) {
            return Ok(Answers { uidl: stat.clone(), stat, list: None, collector });
        }
        let uidl = self.converse(&Command::Uidl(None))?;
        if uidl.is_ok() {
            self.connection.listing(|line| collector.unique_id(line))?;
        }
        self.judge_refused_uidl(&uidl)?;
        let list = self.converse(&Command::List(None))?;
        if list.is_ok() {
            self.connection.listing(|line| collector.scan(line))?;
        }
        Ok(Answers { stat, uidl, list: Some(list), collector })
    }

    /// Decides what refusals mean: nothing in an empty maildrop, where there is nothing to list.
    fn put_together(&self, answers: Answers) -> Result<Maildrop> {
        let Answers { stat, uidl, list, mut collector } = answers;
        let counted = counted(&stat)?;
        let figures = if stat.is_ok() { listing::drop_listing(&stat.text).ok() } else { None };
        if uidl.is_ok() || counted == Some(0) {
            collector.unique_ids_listed();
        } else {
            self.judge_refused_uidl(&uidl)?;
            if let Some(list) = list.filter(|list| !list.is_ok()) {
                return Err(refused(&list, "list the maildrop"));
            }
        }
        Ok(collector.finish(counted)?.with_drop_listing(figures))
    }

    /// Decides whether a refused UIDL means that the server has none, or that it is not available now.
    fn judge_refused_uidl(&self, uidl: &Reply) -> Result<()> {
        if refused_for_now(uidl) {
            return Err(refused(uidl, "ask for the unique-ids"));
        }
        if !uidl.is_ok() && self.capabilities().is_some_and(Capabilities::uidl) {
            let error = Error::new(Kind::ServerTemporary, "the server announces UIDL and refuses it");
            return Err(error.because(uidl.words()));
        }
        Ok(())
    }
}

/// The count of STAT; `None` if it was refused permanently, which says nothing about the maildrop.
fn counted(stat: &Reply) -> Result<Option<u32>> {
    if stat.is_ok() {
        return listing::drop_listing(&stat.text).map(|listing| Some(listing.messages));
    }
    if refused_for_now(stat) { Err(refused(stat, "ask for the size of the maildrop")) } else { Ok(None) }
}

/// Whether the server says that it cannot answer now.
fn refused_for_now(reply: &Reply) -> bool {
    let passes = |kind| matches!(kind, Kind::InUse | Kind::LoginDelay | Kind::ServerTemporary);
    !reply.is_ok() && passes(reply.refusal_of_service())
}

fn refused(reply: &Reply, doing: &str) -> Error {
    Error::new(reply.refusal_of_service(), format!("could not {doing}")).because(reply.words())
}

fn broken_ahead(broken: Error) -> Error {
    not_cautious(SENT_AHEAD, broken)
}

/// Adds the optional requests to an error that broke the session.
fn not_cautious(asked: &'static str, broken: Error) -> Error {
    if !broken.ends_the_session() {
        return broken;
    }
    Error::new(broken.kind(), "could not look at the maildrop").because(NotCautious { asked, broken })
}
