//! How a maildrop is looked at: capabilities, drop, unique-id and scan listing, in one burst where
//! the server takes one.

use super::{Pipelining, Session, Transaction};
use crate::error::{Error, Kind, Phase, Result};
use crate::protocol::maildrop::Collector;
use crate::protocol::{Capabilities, Command, Maildrop, Reply, listing};

impl Session<Transaction> {
    /// Says whether commands may be sent ahead.
    pub fn set_pipelining(&mut self, pipelining: Pipelining) {
        self.state.pipelining = pipelining;
    }

    /// Whether commands are sent ahead, by what is known of the server so far.
    pub fn pipelines(&self) -> bool {
        match self.state.pipelining {
            Pipelining::On => true,
            Pipelining::Off => false,
            Pipelining::Auto => self.capabilities().is_some_and(Capabilities::pipelining),
        }
    }

    /// The maildrop: STAT, UIDL and LIST put together. The capabilities are asked with them, since
    /// some servers announce more after sign-in (Gmail: PIPELINING). A server without UIDL gives a
    /// maildrop without unique-ids.
    ///
    /// # Errors
    /// As [`Session::stat`]. A server that announces UIDL and refuses it has passing trouble
    /// ([`Kind::ServerTemporary`]): taken for one without, all mail would look new.
    pub fn maildrop(&mut self) -> Result<Maildrop> {
        let maildrop = self.look();
        self.read(maildrop)
    }

    fn look(&mut self) -> Result<Maildrop> {
        let asks_capa = !self.state.asked && self.state.before_sign_in.is_some();
        self.state.asked = true;
        if self.pipelines() {
            let burst = [Command::Capa, Command::Stat, Command::Uidl(None), Command::List(None)];
            self.send_all(&burst[usize::from(!asks_capa)..])?;
            if asks_capa {
                self.read_capabilities()?;
            }
            return self.read_burst();
        }
        if asks_capa {
            self.ask_capabilities()?;
            if self.pipelines() {
                self.send_all(&[Command::Stat, Command::Uidl(None), Command::List(None)])?;
                return self.read_burst();
            }
        }
        self.one_by_one()
    }

    /// Reads the answers to STAT, UIDL and LIST, all of which are on their way: none may be left
    /// behind, whatever the others say.
    fn read_burst(&mut self) -> Result<Maildrop> {
        let mut collector = Collector::new();
        let stat = self.reply(Phase::Reply)?;
        let uidl = self.reply(Phase::Reply)?;
        if uidl.is_ok() {
            self.connection.listing(|line| collector.unique_id(line))?;
        }
        let list = self.reply(Phase::Reply)?;
        if list.is_ok() {
            self.connection.listing(|line| collector.scan(line))?;
        }
        let counted = listing::drop_listing(&ok(stat, "ask for the size of the maildrop")?.text)?.messages;
        self.note_unique_ids(&mut collector, &uidl, counted)?;
        if counted > 0 {
            ok(list, "list the maildrop")?;
        }
        collector.finish(counted)
    }

    fn one_by_one(&mut self) -> Result<Maildrop> {
        let counted = self.stat()?.messages;
        let mut collector = Collector::new();
        if counted == 0 {
            collector.unique_ids_listed();
            return collector.finish(0);
        }
        let uidl = self.converse(&Command::Uidl(None))?;
        if uidl.is_ok() {
            self.connection.listing(|line| collector.unique_id(line))?;
        }
        self.note_unique_ids(&mut collector, &uidl, counted)?;
        self.ask(&Command::List(None), "list the maildrop")?;
        self.connection.listing(|line| collector.scan(line))?;
        collector.finish(counted)
    }

    /// Decides what a refused UIDL means. In an empty maildrop nothing: there is nothing to list.
    fn note_unique_ids(&self, collector: &mut Collector, uidl: &Reply, counted: u32) -> Result<()> {
        if uidl.is_ok() || counted == 0 {
            collector.unique_ids_listed();
        } else if self.capabilities().is_some_and(Capabilities::uidl) {
            let error = Error::new(Kind::ServerTemporary, "the server announces UIDL and refuses it");
            return Err(error.because(uidl.words()));
        }
        Ok(())
    }
}

fn ok(reply: Reply, doing: &str) -> Result<Reply> {
    if reply.is_ok() {
        return Ok(reply);
    }
    Err(Error::new(reply.refusal(), format!("could not {doing}")).because(reply.words()))
}
