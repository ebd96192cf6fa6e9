//! `pop3 fetch`: new messages of one or several accounts into their destinations.

use std::path::Path;

use anyhow::Result;
use jiff::Timestamp;
use pop3::account::Account;
use pop3::delivery::{Command, Destination, Maildir, Mbox, Spec, maildir};
use pop3::error::{Error, Kind};
use pop3::fetch::journal::View;
use pop3::fetch::maildrop::{self, Claim};
use pop3::fetch::{self, Event, Job, Journal, Observer as _, Survey, settle};
use sha2::{Digest, Sha256};

use super::args::FetchArgs;
use super::context::Context;
use super::output::observer::Report;
use super::proof::Proof;
use super::report::{self, ExitCode};
use super::signals::Signals;
use super::steps;

/// Fetches account after account. The trouble of one does not keep the others waiting; the exit
/// code speaks for all.
pub(crate) fn run(context: &Context, args: &FetchArgs) -> Result<ExitCode> {
    let accounts =
        context.accounts(&args.server.which.accounts, &args.overrides(context.environment().home())?)?;
    pop3::account::refuse_shared(&accounts)?;
    if accounts.iter().all(|account| account.dry_run) {
        accounts.iter().try_for_each(|account| preview(context, account))?;
        return Ok(ExitCode::Done);
    }
    let signals = Signals::take()?;
    let mut codes = Vec::with_capacity(accounts.len());
    for account in &accounts {
        let mut told = context.output().report(&account.name);
        let outcome = one(context, account, signals, &mut told);
        signals.at_once();
        codes.push(match outcome {
            Ok(()) => ExitCode::Done,
            Err(error) => {
                told.ended_by(&error);
                report::exit_code(&error)
            }
        });
        told.finish()?;
        if signals.has_stopped() {
            codes.push(ExitCode::Interrupted);
            break;
        }
    }
    Ok(ExitCode::merge(codes))
}

/// Fetches one account: lock, settle, get the password, open the destination, sign in, fetch.
pub(crate) fn one(
    context: &Context,
    account: &Account,
    signals: Signals,
    told: &mut Report<'_>,
) -> Result<()> {
    let spec = destination(account)?;
    let (folder, owner) = (context.environment().state_folder()?, account.journal_owner());
    let path = maildrop::path_of(&folder, &owner);
    let mut recovered = 0;
    // Before anything is opened: opening makes what is missing, and a folder made anew would look
    // like one that a mail reader has emptied.
    let mut settle_each = |opened| {
        let (journal, count) = settle::settle(opened, told)?;
        recovered += count;
        Ok(journal)
    };
    let claim = maildrop::open(&folder, &owner, Timestamp::now().as_second(), &mut settle_each)?;
    // Once, for a second session too, and before the first run of a new account makes any folder.
    let proof = context.output().aside(|| context.proof(account))?;
    let journal = match claim {
        Claim::Known(journal) => journal,
        Claim::Open(takeover) => {
            let mut session = context.sign_in_with(account, &proof)?;
            let survey = Survey::of(&mut session, &account.policy)?;
            let (journal, origin) = takeover.ask(&mut session, &survey.listed())?;
            session.leave();
            if let Some(origin) = origin {
                told.event(&Event::Warning { text: &origin.to_string() });
            }
            journal
        }
    };
    let run = Run { context, account, proof, journal, recovered, signals, told };
    match spec {
        Spec::Maildir(folder) => {
            let tag = tag(&path);
            let maildir = Maildir::open(folder, &tag)?;
            // All intents are settled, so nothing that is left in tmp/ is needed any more.
            maildir::clean(folder, &tag, &|_| false)?;
            run.fetch_into(&maildir)
        }
        Spec::Mbox(file) => run.fetch_into(&Mbox::open(file)?),
        Spec::Command(command) => run.fetch_into(&Command::new(command)),
    }
}

/// A run that is ready to sign in.
struct Run<'a, 'o> {
    context: &'a Context,
    account: &'a Account,
    proof: Proof<'a>,
    journal: Journal,
    recovered: u32,
    signals: Signals,
    told: &'a mut Report<'o>,
}

impl Run<'_, '_> {
    fn fetch_into<D: Destination>(self, destination: &D) -> Result<()> {
        let Run { context, account, proof, mut journal, recovered, signals, told } = self;
        let server = account.server.to_string();
        let job = Job {
            journal: &mut journal,
            destination,
            policy: &account.policy,
            observer: told,
            stop: signals.stop(),
            server: &server,
            now: Timestamp::now().as_second(),
        };
        let mut sign_in = || {
            // Nothing is in flight before the session stands.
            signals.at_once();
            let session = context.sign_in_with(account, &proof)?;
            signals.finish_first();
            Ok(session)
        };
        let (_, outcome) = fetch::run(job, recovered, &mut sign_in);
        Ok(outcome?)
    }
}

/// Says what a run would do, with the reasons, and does nothing.
fn preview(context: &Context, account: &Account) -> Result<()> {
    destination(account)?;
    let folder = context.environment().state_folder()?;
    let view = Journal::peek(&maildrop::journal_of(&folder, &account.journal_owner()))?;
    let mut session = context.sign_in(account)?;
    let survey = Survey::of(&mut session, &account.policy)?;
    let listed = survey.listed();
    let now = Timestamp::now().as_second();
    let view = view.unwrap_or_else(View::default);
    let plan = survey.plan(&mut session, &listed, &view, &account.policy, now)?;
    session.quit()?;
    steps::show(context.output(), account, &listed, &plan)
}

fn destination(account: &Account) -> Result<&Spec, Error> {
    account.deliver.as_ref().ok_or_else(|| {
        Error::new(Kind::Usage, format!("could not fetch {}", account.name))
            .because("nothing says where its messages go")
            .hint("give --to maildir:PATH, or write deliver = \"maildir:PATH\" into the config")
    })
}

/// What marks this account's files in a Maildir's `tmp/`: eight hexadecimal digits of its journal's path.
fn tag(journal: &Path) -> String {
    let digest = Sha256::digest(journal.as_os_str().as_encoded_bytes());
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}
