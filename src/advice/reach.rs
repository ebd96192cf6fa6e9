//! Advice on the way to a server.

/// Advice on the way to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {}
