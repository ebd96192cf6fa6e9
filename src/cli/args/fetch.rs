//! The options of `fetch`: where messages go, which of them, and what stays on the server.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueHint};
use pop3::account::{Overrides, values};
use pop3::error::{Error, Kind, Result};
use pop3::fetch::policy::{Keep, Order};
use pop3::quote;
use pop3::store::{Spec, Written};

use super::server::ServerArgs;

/// Fetch new messages into a Maildir, an mbox or a command
///
/// Fetches new messages into DEST and records them in the maildrop's journal, so that none is delivered twice.
/// If the run is interrupted, the next one goes on where it stopped.
///
/// A message that cannot be fetched blocks neither the other messages nor any deletion. It is retried last, in
/// a session without other mail, at growing intervals; `pop3 problems` lists such messages. A delivery command
/// gets each message at least once: after a kill it may get one message again.
///
/// After the first Ctrl-C or SIGTERM the messages that are on their way are completed, and the session ends
/// properly; that takes at most 10 seconds, or 5 if the server is silent. The second one drops the connection;
/// what is complete is still delivered. The exit code is then 130 or 143.
///
/// Without a terminal a successful run prints nothing, so it can be run from cron; -v prints the steps, a
/// summary, and in a long run its progress every ten seconds; -vv also prints a line for each message. If
/// another run is fetching the same maildrop, this one ends at once, with exit code 75.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pop3 fetch                             all accounts of the configuration file
  pop3 fetch work home                   two of them
  pop3 fetch -s pop3s://me@pop.example.com --to maildir:~/Mail/inbox
  pop3 fetch -a work --keep 14d --dry-run
                                         what would be fetched and deleted, and why")]
pub(crate) struct FetchArgs {
    /// The accounts to fetch, as with --account [default: all that are enabled]
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) what: WhatArgs,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// What `fetch` fetches, and where to.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "What and where")]
pub(crate) struct WhatArgs {
    /// Deliver into DEST: maildir:PATH, mbox:PATH, command:CMD, or a path
    ///
    /// A command gets each message on its standard input; exit code 0 means delivered. A bare path is a
    /// Maildir if it ends in a slash or is a folder, and an mbox if it is a file. If nothing is there yet,
    /// write maildir:PATH or mbox:PATH: for a bare path you are asked which one to create, and without a terminal
    /// it is an error.
    #[arg(long, value_name = "DEST", value_hint = ValueHint::AnyPath)]
    pub(crate) to: Option<String>,
    /// Keep on the server: all, none, 14d (an age), 500 (the newest), or 800MB (the newest) [default: all]
    ///
    /// What is not kept is deleted once it has been delivered, never before. An age (in h, d or w) counts from the time
    /// a message was first seen on the server. A number keeps so many of the newest messages: 14 keeps 14 messages, and
    /// 14d those of the last 14 days. A total size ends in B and keeps the newest messages that fit into it.
    #[arg(long, value_name = "POLICY", value_parser = Keep::from_str)]
    pub(crate) keep: Option<Keep>,
    /// Leave messages larger than SIZE on the server: 500k, 10M
    #[arg(long, value_name = "SIZE", value_parser = values::size)]
    pub(crate) max_size: Option<u64>,
    /// Fetch at most N messages in this run
    ///
    /// This is a number of messages, not a size: fetchmail's --limit is called --max-size here.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u32>,
    /// Fetch the oldest or the newest first [default: oldest]
    #[arg(long, value_name = "WHICH", value_parser = order(), hide_possible_values = true)]
    pub(crate) order: Option<Order>,
    /// Print what would be fetched, deleted and kept, and why; change nothing
    ///
    /// On a terminal the messages are grouped and counted: each one that would be fetched or deleted has a line,
    /// and the others are summed up by reason (with -v each of them has a line, too). In a pipe there is one line for
    /// each message, with tabs between number, octets, date, from, subject, action, reason and unique-id. Date, from
    /// and subject are requested with TOP, only for messages that would be fetched or deleted, and for at most 200
    /// unless -v is given.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Fetch again what was fetched before and is still on the server
    ///
    /// Delivers all of it once more, for example into a new destination.
    #[arg(long)]
    pub(crate) refetch: bool,
    /// Sign in now, even if the password was refused before
    ///
    /// If the server has refused a password three times in a row, runs without a terminal do not send it again for
    /// an hour, then two, up to a day, because servers lock accounts after many failures. This option ends that wait;
    /// so does a new password, or --server.
    #[arg(long)]
    pub(crate) now: bool,
    /// Delete nothing at all if more than N messages would be deleted
    ///
    /// A safeguard against a mistake in --keep. It is not a limit as in rclone, which deletes that many and stops.
    #[arg(long, value_name = "N")]
    pub(crate) max_delete: Option<u32>,
}

impl FetchArgs {
    /// The names of the accounts, whichever way they are given; none for all.
    ///
    /// # Errors
    /// [`Kind::Usage`] where both ways name different accounts, and for a server in place of a name.
    pub(crate) fn accounts(&self) -> Result<Vec<String>> {
        let by_option = &self.server.which.accounts;
        let is_url = |name: &&String| name.contains("://");
        if self.names.iter().chain(by_option).any(|name| is_url(&name)) {
            // Not repeated: it may contain a password.
            return Err(Error::new(Kind::Usage, "could not use a URL as the name of an account")
                .hint("name a server with --server URL"));
        }
        if self.names.is_empty() {
            return Ok(by_option.clone());
        }
        let is_same = self.names.iter().all(|name| by_option.contains(name))
            && by_option.iter().all(|name| self.names.contains(name));
        if !by_option.is_empty() && !is_same {
            let [named, optional] = [&self.names, by_option].map(|names| quote::short(&names.join(", ")));
            let says = format!("the command names the account {named}, and --account {optional}");
            return Err(Error::new(Kind::Usage, says).hint("name all accounts one way"));
        }
        Ok(self.names.clone())
    }

    /// All of it as a layer of settings; `home` is what a `~` at the front of a path stands for. A destination
    /// that could be a Maildir or an mbox is left to `choose`, by its text and its path.
    ///
    /// # Errors
    /// A server or a destination that cannot be parsed; those of `choose`.
    pub(crate) fn overrides(
        &self,
        home: Option<&Path>,
        choose: impl FnOnce(&str, PathBuf) -> Result<Spec>,
    ) -> Result<Overrides> {
        let what = &self.what;
        let read = |text: &String| match Spec::parse(text, home)? {
            Written::Clear(spec) => Ok(spec),
            Written::Either(path) => choose(text, path),
        };
        let deliver = what.to.as_ref().map(read).transpose();
        Ok(Overrides {
            deliver: deliver.map_err(|error| error.in_context("--to"))?,
            keep: what.keep,
            max_size: what.max_size,
            limit: what.limit,
            order: what.order,
            dry_run: what.dry_run.then_some(true),
            refetch: what.refetch.then_some(true),
            max_delete: what.max_delete,
            ..self.server.overrides(home)?
        })
    }
}

fn order() -> impl TypedValueParser<Value = Order> {
    PossibleValuesParser::new(["oldest", "newest"]).try_map(|text| text.parse::<Order>())
}
