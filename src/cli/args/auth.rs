//! `pop3 auth`: keeping what is needed to sign in.

use clap::{Args, Subcommand};

use super::server::{ServerArgs, WhichArgs};

/// Keep what is needed to sign in: in the keyring, or in a file only you may read
#[derive(Debug, Args)]
pub(crate) struct AuthArgs {
    #[command(subcommand)]
    pub(crate) command: AuthCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuthCommand {
    /// Sign in once, by OAuth or with a password, and keep it
    ///
    /// An account with oauth in the configuration file signs in with its provider. With --device a short
    /// code is entered in any browser, on any machine; with --browser a browser on this machine comes back by
    /// itself, or its last address is pasted here. Without either a browser is used where there is a screen,
    /// else a code where the provider has such a thing. From then on access tokens are renewed without you.
    ///
    /// Any other account is asked for its password on the terminal, or by what an option says.
    ///
    /// Either is tried at the mail server, and what that refuses is not kept. A sign-in by OAuth is kept also
    /// where the server cannot be reached.
    ///
    /// What is got is put into the desktop's keyring; where there is none, or it is locked, into a file
    /// below $XDG_STATE_HOME/pop3 that only you may read. Other commands find it there by the account's
    /// name. A password is sent to no other user or server than those it was proven with.
    #[command(after_help = "\
Examples:
  pop3 auth login -a work
  pop3 auth login -a work --device           by OAuth, on a machine without a screen
  pass show mail/work | pop3 auth login -a work --password-stdin
  POP3_KEYRING=off pop3 auth login -a work   into a file, for cron on a machine without a desktop")]
    Login(Box<LoginArgs>),
    /// Show what is kept for which account, where, and for how long
    ///
    /// Without --account also what is kept for accounts that are not configured. Nothing is unlocked for it.
    #[command(after_help = "Example:\n  pop3 auth status")]
    Status(KeptArgs),
    /// Forget what is kept for an account, at its OAuth provider too
    ///
    /// By its name also for one that is not configured any more.
    #[command(after_help = "Example:\n  pop3 auth logout -a work")]
    Logout(Box<LogoutArgs>),
}

/// How to sign in with an OAuth provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AuthFlow {
    Device,
    Browser,
}

#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    /// By OAuth: enter a code in any browser, on any machine
    #[arg(long, conflicts_with = "browser")]
    pub(crate) device: bool,
    /// By OAuth: open an address in a browser, best on this machine
    #[arg(long)]
    pub(crate) browser: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

impl LoginArgs {
    /// The flow that was asked for.
    pub(crate) fn flow(&self) -> Option<AuthFlow> {
        match (self.device, self.browser) {
            (true, _) => Some(AuthFlow::Device),
            (_, true) => Some(AuthFlow::Browser),
            _ => None,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct KeptArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,
}

#[derive(Debug, Args)]
pub(crate) struct LogoutArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}
