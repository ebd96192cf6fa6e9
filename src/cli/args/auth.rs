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
    /// Sign in once, and keep the password
    ///
    /// Asks for the password on the terminal, or takes it from where an option says, proves it by signing in
    /// to the server, and puts it into the desktop's keyring; where there is none, or it is locked, into a
    /// file below $XDG_STATE_HOME/pop3 that only you may read. Other commands find it there by the account's
    /// name.
    #[command(after_help = "\
Examples:
  pop3 auth login -a work
  pass show mail/work | pop3 auth login -a work --password-stdin
  POP3_KEYRING=off pop3 auth login -a work   into a file, for cron on a machine without a desktop")]
    Login(Box<LoginArgs>),
    /// Show what is kept for which account, and where
    #[command(after_help = "Example:\n  pop3 auth status")]
    Status(KeptArgs),
    /// Remove what is kept for an account
    #[command(after_help = "Example:\n  pop3 auth logout -a work")]
    Logout(KeptArgs),
}

#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

#[derive(Debug, Args)]
pub(crate) struct KeptArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,
}
