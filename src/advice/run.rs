//! Advice on a run: its store, its journal, the files it needs.

/// Advice on a run: its store, its journal, the files it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Run {}
