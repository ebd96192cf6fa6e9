//! The sentences for advice on passwords, mechanisms, and what else a server wants to sign in with.

use pop3::advice::SignIn;

/// What to do, as the command line says it.
pub(super) fn sentence(advice: &SignIn) -> String {
    match *advice {}
}
