//! The options of `pop3 auth`, which stores passwords and OAuth tokens.

use clap::{Args, Subcommand};

use super::server::{ServerArgs, WhichArgs};

/// Store passwords and OAuth tokens in the keyring, or in a file that only you may read
#[derive(Debug, Args)]
pub(crate) struct AuthArgs {
    #[command(subcommand)]
    pub(crate) command: AuthCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuthCommand {
    /// Sign in once, by OAuth or with a password, and store the secret
    ///
    /// An account with oauth in the configuration file signs in with its provider. With --device you enter a
    /// short code in any browser, on any computer; with --browser a browser on this computer returns the result
    /// automatically, or you paste its last address here. Without either option a browser is used if there is a
    /// graphical desktop, otherwise a code if the provider supports it. Afterwards access tokens are renewed
    /// automatically.
    ///
    /// For any other account the password is asked for on the terminal, or read from the source that an option names.
    ///
    /// Password and token are verified at the mail server before they are stored, and are not stored if it refuses them.
    /// If the mail server cannot be reached, an OAuth token is stored anyway.
    ///
    /// The secret is stored in the desktop's keyring; if there is none, or it is locked, in a file below
    /// $XDG_STATE_HOME/pop3 that only you may read. Other commands find it there by the account's name. A
    /// password is sent only to the user and the server that it was verified with.
    #[command(after_help = "\
Examples:
  pop3 auth login -a work
  pop3 auth login -a work --device           by OAuth, on a computer without a desktop
  pass show mail/work | pop3 auth login -a work --password-stdin
  POP3_KEYRING=off pop3 auth login -a work   into a file, for cron on a computer without a desktop")]
    Login(Box<LoginArgs>),
    /// Show what is stored for which account, where, and until when it is valid
    ///
    /// Without --account it also shows what is stored for accounts that are not configured. A locked keyring is not
    /// unlocked.
    #[command(after_help = "Example:\n  pop3 auth status")]
    Status(KeptArgs),
    /// Remove what is stored for an account, and revoke its OAuth token if the provider supports that
    ///
    /// With --account it also works for an account that is no longer configured.
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
    /// By OAuth: enter a code in any browser, on any computer
    #[arg(long, conflicts_with = "browser")]
    pub(crate) device: bool,
    /// By OAuth: open an address in a browser, preferably on this computer
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
