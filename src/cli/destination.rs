//! `--to PATH` where nothing exists yet: on a terminal the user is asked whether to create a Maildir or an mbox.

use anyhow::Result;
use pop3::account::Overrides;
use pop3::error::Error;
use pop3::store::Spec;

use super::args::FetchArgs;
use super::context::Context;
use super::output::Output;

impl Context {
    /// The flags of `fetch` as a layer of settings.
    pub(crate) fn overrides_of_fetch(&self, args: &FetchArgs) -> Result<Overrides> {
        let output = self.output();
        Ok(args.overrides(self.environment().home(), |text, path| {
            // Without an answer the path stays ambiguous.
            Ok(match ask(output, text)? {
                Some(Answer::Maildir) => Spec::Maildir(path),
                Some(Answer::Mbox) => Spec::Mbox(path),
                None => return Err(Spec::ambiguous(text)),
            })
        })?)
    }
}

enum Answer {
    Maildir,
    Mbox,
}

/// The answer of the user at the terminal; `None` if there is no terminal, or no answer.
fn ask(output: &Output, text: &str) -> Result<Option<Answer>, Error> {
    let failed = |error| Error::io("could not ask what to make of the destination", error);
    if !output.can_ask() {
        return Ok(None);
    }
    if output.ask(&format!("{text} is not there yet: make it a Maildir (a folder)?")).map_err(failed)? {
        return Ok(Some(Answer::Maildir));
    }
    let is_mbox = output.ask(&format!("make {text} an mbox (a file)?")).map_err(failed)?;
    Ok(is_mbox.then_some(Answer::Mbox))
}
