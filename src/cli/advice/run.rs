//! The sentences for advice on a run: its store, its journal, the files it needs.

use pop3::advice::Run;

/// What to do, as the command line says it.
pub(super) fn sentence(advice: &Run) -> String {
    match *advice {}
}
