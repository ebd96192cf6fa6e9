//! The sentences for advice on the configuration.

use pop3::advice::Settings;

/// What to do, as the command line says it.
pub(super) fn sentence(advice: &Settings) -> String {
    match *advice {}
}
