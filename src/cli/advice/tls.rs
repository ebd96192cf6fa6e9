//! The sentences for advice on TLS and certificates.

use pop3::advice::Tls;

/// What to do, as the command line says it.
pub(super) fn sentence(advice: &Tls) -> String {
    match *advice {}
}
