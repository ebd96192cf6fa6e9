//! Signing in without a password: how an access token is got from the provider, kept, renewed and
//! given back (RFC 6749 and its kin). The mail server sees nothing of it but the token, which
//! `auth` carries to it; this module knows no POP3 and no terminal.
//!
//! ```text
//! Settings ─▶ Client ─▶ endpoints (provider │ metadata)
//!               │  └──▶ http ─▶ answer (read leniently) │ refusal (what it means, and what helps)
//!               │
//!               ├─▶ device flow: code ─ person ─▶ Tokens ─┐
//!               ├─▶ browser flow: URL ─▶ listener ─▶ ─────┤
//!               │                                         ▼
//!               └─◀─ refresh, revoke ◀────────────── Keeper ◀─▶ safe (keyring, file)
//!                                                         │
//!                                       access token ◀────┘ while fresh; else renewed, stored, given out
//! ```

mod answer;
mod browser;
mod client;
mod device;
mod document;
mod keeper;
mod listener;
mod lock;
mod metadata;
mod provider;
mod refusal;

pub use self::browser::{Typed, Visit};
pub use self::client::{Client, Refreshed, Settings, Tokens};
pub use self::device::DeviceCode;
pub use self::document::Document;
pub use self::keeper::{Forgotten, Keeper, stored};
pub use self::provider::{Endpoints, Named, Provider, endpoint};
pub use crate::http::WebProxy as ProviderProxy;
