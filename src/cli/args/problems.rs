//! The options of `problems`.

use std::path::Path;

use clap::Args;
use pop3::account::Overrides;
use pop3::error::{Error, Result};
use pop3::store::{Spec, Written};

use super::server::ServerArgs;

/// Show the messages that could not be brought in
///
/// A message that cannot be brought in does not keep the others waiting: it is noted and tried again
/// later, at growing intervals. This lists them for all accounts: account, unique-id, sender, subject,
/// size, since when, why, and when the next try is due. Without --retry or --skip it talks to no server.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pop3 problems                          of all accounts
  pop3 problems -a work --retry all      try them again now
  pop3 problems -a work --skip uid:0000a1b2
                                         never fetch this one")]
pub(crate) struct ProblemsArgs {
    /// Try again now: uid:UNIQUE-ID, or all
    #[arg(long, value_name = "MSG", value_parser = named, conflicts_with = "skip")]
    pub(crate) retry: Vec<Named>,
    /// Give up for good, so that it is neither fetched nor deleted: uid:UNIQUE-ID, or all
    #[arg(long, value_name = "MSG", value_parser = named)]
    pub(crate) skip: Vec<Named>,
    /// Deliver what is tried again into DEST instead of the account's destination
    #[arg(long, value_name = "DEST", requires = "retry")]
    pub(crate) to: Option<String>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

impl ProblemsArgs {
    /// All of it as a layer of settings; `home` is what a `~` at the front of a path stands for.
    ///
    /// # Errors
    /// A server or a destination that is none.
    pub(crate) fn overrides(&self, home: Option<&Path>) -> Result<Overrides> {
        let parse = |text: &String| match Spec::parse(text, home)? {
            Written::Clear(spec) => Ok(spec),
            Written::Either(_) => Err(Spec::ambiguous(text)),
        };
        let deliver = self.to.as_ref().map(parse).transpose();
        let deliver = deliver.map_err(|error: Error| error.within("could not use --to"))?;
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
