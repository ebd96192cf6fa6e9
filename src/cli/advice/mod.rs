//! The sentences for the library's [`Advice`], with the names of the options, variables and commands of this
//! program. Each fits the one case that it is given for.

mod oauth;
mod reach;
mod run;
mod settings;
mod sign_in;
mod tls;

use pop3::advice::Advice;

/// What to do, in one line: lower case, no full stop.
pub(crate) fn sentence(advice: &Advice) -> String {
    match advice {
        Advice::Reach(advice) => reach::sentence(advice),
        Advice::Tls(advice) => tls::sentence(advice),
        Advice::SignIn(advice) => sign_in::sentence(advice),
        Advice::OAuth(advice) => oauth::sentence(advice),
        Advice::Settings(advice) => settings::sentence(advice),
        Advice::Run(advice) => run::sentence(advice),
        Advice::Text(text) => text.clone(),
    }
}
