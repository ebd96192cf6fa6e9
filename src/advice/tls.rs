//! Advice on TLS and certificates.

/// Advice on TLS and certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {}
