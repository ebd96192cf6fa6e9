//! The sentences for advice on the way to a server.

use pop3::advice::Reach;

/// What to do, as the command line says it.
pub(super) fn sentence(advice: &Reach) -> String {
    match *advice {}
}
