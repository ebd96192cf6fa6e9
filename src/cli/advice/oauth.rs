//! The sentences for advice on the provider of OAuth tokens.

use pop3::advice::OAuth;

/// What to do, as the command line says it.
pub(super) fn sentence(advice: &OAuth) -> String {
    match *advice {}
}
