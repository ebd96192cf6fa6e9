//! What a user can do after a failure, as values. The library only says which advice fits; whoever shows the
//! error makes a sentence of it, with the names of its own options (`cli/advice` for the command line). Depends
//! on no other module.

mod elsewhere;
mod oauth;
mod reach;
mod run;
mod settings;
mod sign_in;
mod tls;

pub use elsewhere::Elsewhere;
pub use oauth::OAuth;
pub use reach::Reach;
pub use run::Run;
pub use settings::Settings;
pub use sign_in::SignIn;
pub use tls::Tls;

/// What a user can do after a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advice {
    /// On the way to a server.
    Reach(Reach),
    /// On TLS and certificates.
    Tls(Tls),
    /// On passwords, mechanisms, and what else a server wants to sign in with.
    SignIn(SignIn),
    /// On the provider of OAuth tokens.
    OAuth(OAuth),
    /// On the configuration.
    Settings(Settings),
    /// On a run: its store, its journal, the files it needs.
    Run(Run),
    /// A sentence of the program that uses the library; the library itself gives none.
    Text(String),
}

impl From<Reach> for Advice {
    fn from(advice: Reach) -> Advice {
        Advice::Reach(advice)
    }
}

impl From<Tls> for Advice {
    fn from(advice: Tls) -> Advice {
        Advice::Tls(advice)
    }
}

impl From<SignIn> for Advice {
    fn from(advice: SignIn) -> Advice {
        Advice::SignIn(advice)
    }
}

impl From<OAuth> for Advice {
    fn from(advice: OAuth) -> Advice {
        Advice::OAuth(advice)
    }
}

impl From<Settings> for Advice {
    fn from(advice: Settings) -> Advice {
        Advice::Settings(advice)
    }
}

impl From<Run> for Advice {
    fn from(advice: Run) -> Advice {
        Advice::Run(advice)
    }
}
