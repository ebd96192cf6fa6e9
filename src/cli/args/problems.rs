//! The options of `problems`.

use std::path::Path;

use clap::Args;
use pop3::account::Overrides;
use pop3::error::{Error, Result};
use pop3::store::{Spec, Written};

use super::server::ServerArgs;

/// Show the messages that could not be fetched
///
/// A message that cannot be fetched does not delay the others: it is recorded and retried at growing intervals,
/// in the next run, then after 1 hour, 6 hours, and every 24 hours. This command lists such messages of all
/// accounts: account, unique-id, sender, subject, size, first failure, next attempt, and the reason. It connects
/// to a server only with --retry.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pop3 problems                          of all accounts
  pop3 problems -a work --retry all      retry them now
  pop3 problems -a work --skip uid:0000a1b2
                                         never fetch this one")]
pub(crate) struct ProblemsArgs {
    /// Retry messages now: uid:UNIQUE-ID, or all
    ///
    /// May be repeated. Nothing else is fetched or deleted.
    #[arg(long, value_name = "MSG", value_parser = named, conflicts_with = "skip")]
    pub(crate) retry: Vec<Named>,
    /// Give up on messages for good: uid:UNIQUE-ID, or all
    ///
    /// Such a message is neither fetched nor deleted from now on; `pop3 state forget` undoes it. May be
    /// repeated.
    #[arg(long, value_name = "MSG", value_parser = named)]
    pub(crate) skip: Vec<Named>,
    /// Deliver the retried messages into DEST instead of the account's destination
    #[arg(long, value_name = "DEST", requires = "retry")]
    pub(crate) to: Option<String>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

impl ProblemsArgs {
    /// All of it as a layer of settings; `home` is what a `~` at the front of a path stands for.
    ///
    /// # Errors
    /// A server or a destination that cannot be parsed.
    pub(crate) fn overrides(&self, home: Option<&Path>) -> Result<Overrides> {
        let parse = |text: &String| match Spec::parse(text, home)? {
            Written::Clear(spec) => Ok(spec),
            Written::Either(_) => Err(Spec::ambiguous(text)),
        };
        let deliver = self.to.as_ref().map(parse).transpose();
        let deliver = deliver.map_err(|error: Error| error.in_context("--to"))?;
        Ok(Overrides { deliver, ..self.server.overrides(home)? })
    }
}

/// Which of the messages are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    All,
    UniqueId(Vec<u8>),
}

fn named(text: &str) -> std::result::Result<Named, String> {
    match text.strip_prefix("uid:") {
        Some("") | None if text != "all" => Err("expected uid:UNIQUE-ID, or all".to_owned()),
        Some(unique_id) => Ok(Named::UniqueId(unique_id.as_bytes().to_vec())),
        None => Ok(Named::All),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_named_by_its_unique_id_or_all_are_meant() {
        assert_eq!(named("all"), Ok(Named::All));
        assert_eq!(named("uid:a b"), Ok(Named::UniqueId(b"a b".to_vec())));
        assert_eq!(named("uid:all"), Ok(Named::UniqueId(b"all".to_vec())));
        for bad in ["", "uid:", "3", "ALL"] {
            assert!(named(bad).is_err(), "{bad}");
        }
    }
}
