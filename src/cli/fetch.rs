//! `pop3 fetch`: new messages of one or several accounts into their stores.

use anyhow::Result;
use jiff::Timestamp;
use pop3::account::{self, Account, Resolved};
use pop3::error::{Error, Kind};
use pop3::fetch::policy::Keep;
use pop3::fetch::{Access, Manner, Preview, Run};
use pop3::session::{Session, Transaction};
use pop3::store::Spec;

use super::args::FetchArgs;
use super::context::Context;
use super::output::human;
use super::output::observer::Report;
use super::proof::Proof;
use super::report::{self, ExitCode};
use super::signals::InFlight;
use super::steps;

/// Fetches account after account. A failure of one does not affect the others; the exit code covers all.
pub(crate) fn run(context: &Context, args: &FetchArgs) -> Result<ExitCode> {
    let accounts = context.accounts(&args.accounts()?, &context.overrides_of_fetch(args)?)?;
    let accounts = refuse_shared(accounts);
    explain_count(context, args, &accounts);
    let mut codes = Vec::with_capacity(accounts.len());
    let several = accounts.len() > 1;
    if several {
        context.traces().name_accounts();
    }
    for (name, account) in accounts {
        let mut told =
            context.output().report(&name).watching(context.stop().waits()).one_of_several(several);
        let outcome = match account {
            Ok(mut account) => {
                account.at_once |= args.what.now;
                match account.dry_run {
                    true => preview(context, &account, several),
                    false => one(context, &account, &mut told),
                }
            }
            Err(error) => Err(error.into()),
        };
        codes.push(match outcome {
            Ok(()) => ExitCode::Done,
            Err(error) => {
                told.ended_by(&error);
                report::exit_code(&error)
            }
        });
        told.finish()?;
        if context.signals().stop().is_requested() {
            codes.push(ExitCode::Interrupted);
            break;
        }
    }
    Ok(ExitCode::merge(codes))
}

/// Says once that a bare number to keep is one of messages, since other programs mean days: in a dry run, and to a
/// person who has given it as an option.
fn explain_count(context: &Context, args: &FetchArgs, accounts: &[Resolved]) {
    let is_to_be_told = |account: &Account| {
        account.dry_run || args.what.keep == Some(account.policy.keep) && context.output().can_ask()
    };
    let told =
        accounts.iter().filter_map(|(_, account)| account.as_ref().ok().filter(|one| is_to_be_told(one)));
    let count = told.map(|account| account.policy.keep).find_map(|keep| match keep {
        Keep::Newest(count) => Some(count),
        _ => None,
    });
    if let Some(count) = count {
        let messages = human::count(u64::from(count), "message");
        context
            .output()
            .note(&format!("--keep {count} keeps the newest {messages}; {count} days are {count}d"));
    }
}

/// Refuses the accounts that are one maildrop with another; it is no mistake of the rest.
fn refuse_shared(accounts: Vec<Resolved>) -> Vec<Resolved> {
    let shared = |at: usize| {
        let (_, Ok(account)) = &accounts[at] else { return None };
        let others = accounts.iter().enumerate().filter(|(other, _)| *other != at);
        let refused = |(other, (_, one)): (usize, &Resolved)| {
            let one = one.as_ref().ok()?;
            account::refuse_shared(if other < at { [one, account] } else { [account, one] }).err()
        };
        others.filter_map(refused).next()
    };
    let refused: Vec<Option<Error>> = (0..accounts.len()).map(shared).collect();
    let with_refusal =
        |((name, account), refused): (Resolved, Option<Error>)| (name, refused.map_or(account, Err));
    accounts.into_iter().zip(refused).map(with_refusal).collect()
}

/// Fetches one account.
pub(crate) fn one(context: &Context, account: &Account, told: &mut Report<'_>) -> Result<()> {
    let mut access = MaildropAccess::new(context, account);
    with_run(context, account, |run| {
        access.prepare_unlocked()?;
        let (_, outcome) = run.carry_out(&mut access, told);
        Ok(outcome?)
    })
}

/// The most headers that a dry run asks for without `--verbose`.
const MOST_HEADERS: usize = 200;

/// Prints what a run would do, with the reasons, and changes nothing.
fn preview(context: &Context, account: &Account, is_one_of_several: bool) -> Result<()> {
    let mut access = MaildropAccess::new(context, account);
    let most = (!context.output().is_verbose()).then_some(MOST_HEADERS);
    with_run(context, account, |run| {
        let show = |preview: &Preview<'_>| steps::show(context.output(), account, is_one_of_several, preview);
        run.preview(&mut access, most, show)?
    })
}

/// Calls `carry_out` with the account's run.
pub(crate) fn with_run<T>(
    context: &Context,
    account: &Account,
    carry_out: impl FnOnce(&Run<'_>) -> Result<T>,
) -> Result<T> {
    let (state, owner) = (context.environment().state_folder()?, account.journal_owner());
    carry_out(&Run {
        account: &account.name,
        server: &account.server.to_string(),
        state: &state,
        owner: &owner,
        deliver: destination(account)?,
        policy: &account.policy,
        pipelining: account.pipelining,
        timeout: account.timeout,
        stop: context.signals().stop(),
        now: Timestamp::now().as_second(),
    })
}

fn destination(account: &Account) -> Result<&Spec, Error> {
    account.deliver.as_ref().ok_or_else(|| {
        Error::new(Kind::Usage, format!("could not fetch {}", account.name))
            .because("no destination is configured")
            .hint("give --to maildir:PATH, or add deliver = \"maildir:PATH\" to the configuration")
    })
}

/// Access to an account's maildrop: credentials and sign-in.
pub(crate) struct MaildropAccess<'a> {
    context: &'a Context,
    account: &'a Account,
    /// Obtained once, for all sessions.
    proof: Option<Proof<'a>>,
    /// While a session is open, a signal does not end the program at once.
    in_flight: Option<InFlight>,
}

impl<'a> MaildropAccess<'a> {
    pub(crate) fn new(context: &'a Context, account: &'a Account) -> Self {
        MaildropAccess { context, account, proof: None, in_flight: None }
    }

    /// Obtains the credentials before the journal is locked: a password command, or a person, may take long, and
    /// another run of the account need not wait for them. Where no journal can be written, nothing is asked.
    pub(crate) fn prepare_unlocked(&mut self) -> Result<(), Error> {
        self.context.environment().check_state_folder()?;
        self.prepare()
    }

    fn proof(&mut self) -> Result<&Proof<'a>, Error> {
        let proof = match self.proof.take() {
            Some(proof) => proof,
            None => self.context.proof(self.account)?,
        };
        Ok(self.proof.insert(proof))
    }
}

impl Access for MaildropAccess<'_> {
    fn prepare(&mut self) -> Result<(), Error> {
        self.proof().map(drop)
    }

    fn sign_in(&mut self, manner: Manner) -> Result<Session<Transaction>, Error> {
        let (context, account) = (self.context, self.account);
        // Between two sessions nothing is in flight, so that a signal may end the program.
        self.in_flight = None;
        let mut session = context.sign_in_with(account, self.proof()?, manner.utf8)?;
        session.set_manner(manner.of_session());
        self.in_flight = Some(context.signals().finish_first());
        Ok(session)
    }
}
