//! Advice on passwords, mechanisms, and what else a server wants to sign in with.

/// Advice on passwords, mechanisms, and what else a server wants to sign in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {}
