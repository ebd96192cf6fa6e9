//! Advice on the configuration.

/// Advice on the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settings {}
