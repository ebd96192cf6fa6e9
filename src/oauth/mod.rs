//! Signing in by OAuth: how an access token is obtained from the provider, stored, renewed and revoked
//! (RFC 6749 and related ones). The mail server gets only the token, which `auth` sends; this module knows
//! neither POP3 nor a terminal.
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
//!                                       access token ◀────┘ while valid; else renewed, stored, returned
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
