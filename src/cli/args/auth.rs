//! The options of `pop3 auth`.

use clap::{Args, Subcommand};

use super::server::{ServerArgs, WhichArgs};

/// Sign in by OAuth, see what is kept of it, sign out
///
/// For accounts with oauth and oauth-client-id in the configuration file. What the provider gives is
/// kept where only you can read it, and renewed by itself.
#[derive(Debug, Args)]
pub(crate) struct AuthArgs {
    #[command(subcommand)]
    pub(crate) command: AuthCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuthCommand {
    /// Sign in with the provider, in a browser or with a code
    ///
    /// With --device a short code is entered in any browser, on any machine; with --browser a browser on
    /// this machine comes back by itself, or its last address is pasted here. Without either, a browser is
    /// used where there is a screen, else a code where the provider has such a thing.
    #[command(after_help = "Examples:\n  pop3 auth login -a work\n  pop3 auth login -a work --device")]
    Login(Box<LoginArgs>),
    /// Show who is signed in, and for how long
    #[command(after_help = "Example:\n  pop3 auth status --json")]
    Status(StatusArgs),
    /// Forget a sign-in, here and at the provider
    #[command(after_help = "Example:\n  pop3 auth logout -a work")]
    Logout(Box<LogoutArgs>),
}

/// How to sign in with the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AuthFlow {
    Device,
    Browser,
}

#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    /// Enter a code in any browser, on any machine
    #[arg(long, conflicts_with = "browser")]
    pub(crate) device: bool,
    /// Open an address in a browser, best on this machine
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
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,
}

#[derive(Debug, Args)]
pub(crate) struct LogoutArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}
