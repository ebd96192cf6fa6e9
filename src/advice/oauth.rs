//! Advice on the provider of OAuth tokens.

/// Advice on the provider of OAuth tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OAuth {}
