//! The reason of a failed TLS handshake, in words that users can act on: incomprehensible certificate errors
//! make people switch verification off. [`distrust`](super::distrust) finds the reason in the TLS library's
//! errors, [`examine`](super::examine) gets the server's certificates; this module makes a sentence of
//! both, and gives advice.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use jiff::Timestamp;

use super::distrust::Failed;
use super::{Certificate, Pin, Shown, TlsSettings, TlsVersion, authorities};
use crate::advice::Tls;
use crate::error::{Error, Kind};

/// How many names a sentence lists; the rest is counted.
const MOST_NAMES: usize = 3;

/// The reason of a failed handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// A certificate has expired.
    Expired,
    /// A certificate is not valid yet.
    NotYetValid,
    /// The certificate is for other names.
    WrongName,
    /// The certificate is self-signed.
    SelfSigned,
    /// The chain ends at an authority that is not trusted.
    UnknownIssuer,
    /// The chain is incomplete: the issuer is neither trusted nor sent along.
    MissingIssuer,
    /// There are no authorities on this computer, so that no chain can be trusted.
    NoAuthorities,
    /// A weak key.
    WeakKey,
    /// A weak signature algorithm.
    WeakSignature,
    /// The certificate was revoked.
    Revoked,
    /// The certificate is not one of the pinned ones.
    Unpinned,
    /// Another problem with the certificate, in the library's text.
    Distrusted,
    /// A weak key exchange.
    WeakExchange,
    /// The server supports only versions of TLS that are not allowed.
    OldProtocol,
    /// The server lacks secure renegotiation (RFC 5746), without which TLS 1.2 is not safe.
    NoSecureRenegotiation,
    /// The server does not know the name that was asked for (RFC 6066 section 3).
    UnknownName,
    /// The server reports an internal error of its own (RFC 8446 section 6.2).
    InternalError,
    /// The server's answer was not TLS.
    NotTls,
    /// The server requires a client certificate and got none.
    IdentityDemanded,
    /// The server refused the client certificate.
    IdentityRefused,
    /// The server ended the handshake without a reason.
    Refused,
    /// The connection was lost.
    HungUp,
    /// Anything else, in the library's text.
    Other,
}

impl Reason {
    /// Whether it is about the server's certificate.
    fn is_about_the_certificate(self) -> bool {
        matches!(
            self,
            Reason::Expired
                | Reason::NotYetValid
                | Reason::WrongName
                | Reason::SelfSigned
                | Reason::UnknownIssuer
                | Reason::MissingIssuer
                | Reason::NoAuthorities
                | Reason::WeakKey
                | Reason::WeakSignature
                | Reason::Revoked
                | Reason::Unpinned
                | Reason::Distrusted
        )
    }
}

/// A handshake that failed: the cause inside an [`Error`] of [`Kind::Tls`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFailure {
    reason: Reason,
    /// The library's text.
    words: String,
    /// The host that was dialled.
    host: String,
    /// The name that the certificate had to contain.
    asked: String,
    min: TlsVersion,
    has_identity: bool,
    /// Whether some pin was that of a key.
    pins_keys: bool,
    shown: Shown,
    now: Timestamp,
}

impl TlsFailure {
    /// The failed handshake among the causes of `error`, if any.
    pub fn find_in(error: &Error) -> Option<&TlsFailure> {
        error.find_cause()
    }

    /// The failed handshake behind an error of an encrypted connection: a server may check our certificate only
    /// when the handshake is complete on our side.
    pub(crate) fn of_io_error(error: &io::Error) -> Option<TlsFailure> {
        error.get_ref()?.downcast_ref().cloned()
    }

    /// The failure for OpenSSL's error.
    pub(super) fn read(failed: Failed, tls: &TlsSettings, host: &str) -> TlsFailure {
        let (reason, words) = failed.reason(tls.identity.is_some());
        let reason = match reason {
            Reason::UnknownIssuer if tls.ca_files.is_empty() && authorities::system_has_no_authorities() => {
                Reason::NoAuthorities
            }
            other => other,
        };
        TlsFailure::new(reason, words, tls, host)
    }

    pub(super) fn new(reason: Reason, words: String, tls: &TlsSettings, host: &str) -> TlsFailure {
        TlsFailure {
            reason,
            words,
            host: host.to_owned(),
            asked: super::tls::name(tls, host).to_owned(),
            min: tls.min,
            has_identity: tls.identity.is_some(),
            pins_keys: tls.pins.iter().any(Pin::is_of_a_key),
            shown: Shown::default(),
            now: Timestamp::now(),
        }
    }

    /// A certificate that is not one of the pinned ones.
    pub(super) fn unpinned(certificate: Certificate, tls: &TlsSettings, host: &str) -> TlsFailure {
        let mut failure = TlsFailure::new(Reason::Unpinned, String::new(), tls, host);
        failure.shown.chain.push(certificate);
        failure
    }

    /// The reason.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The certificate that was not trusted, if it is known and the failure is about it.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.shown.certificate().filter(|_| self.reason.is_about_the_certificate())
    }

    /// Whether [`Transport::examine`](super::Transport::examine) would tell more.
    pub fn wants_a_look(&self) -> bool {
        let may_be_ours = matches!(self.reason, Reason::OldProtocol | Reason::Refused | Reason::HungUp);
        self.shown.chain.is_empty() && (self.reason.is_about_the_certificate() || may_be_ours)
    }

    /// The same failure, made more precise by the server's certificates.
    #[must_use]
    pub fn seen(mut self, shown: Shown) -> TlsFailure {
        self.reason = match self.reason {
            // If the chain contains the issuer, but not the issuer's issuer, then the latter is unknown.
            // Otherwise the chain is incomplete after the server's own certificate.
            Reason::UnknownIssuer
                if shown.chain.len() < 2 && shown.certificate().is_some_and(|own| !own.is_self_signed()) =>
            {
                Reason::MissingIssuer
            }
            Reason::Refused | Reason::HungUp if shown.broke_off && self.has_identity => {
                Reason::IdentityRefused
            }
            Reason::Refused | Reason::HungUp if shown.broke_off => Reason::IdentityDemanded,
            same => same,
        };
        self.shown = shown;
        self
    }

    /// The error for it: `could not trust HOST` or `could not negotiate TLS with HOST`, this failure as
    /// its cause, and the advice that fits.
    pub fn into_error(self) -> Error {
        let host = &self.host;
        let context = if !self.reason.is_about_the_certificate() {
            format!("could not negotiate TLS with {host}")
        } else if self.asked == host.strip_suffix('.').unwrap_or(host) {
            format!("could not trust {host}")
        } else {
            format!("could not trust {host} as {}", self.asked)
        };
        let advice = self.advice();
        let error = Error::new(Kind::Tls, context).because(self);
        advice.into_iter().fold(error, Error::advise)
    }

    /// What the user can do.
    pub fn advice(&self) -> Option<Tls> {
        let pin = self.shown.certificate().map(|certificate| certificate.pin().to_string());
        Some(match self.reason {
            Reason::Expired => Tls::HaveItRenewed { pin },
            Reason::NotYetValid => Tls::CheckClock { pin },
            Reason::WrongName => {
                let known = self.shown.certificate().into_iter().flat_map(Certificate::names);
                Tls::ExpectOtherName { name: known.into_iter().find(|name| is_plain(name)).cloned(), pin }
            }
            Reason::SelfSigned => Tls::TrustThisCertificate { pin },
            Reason::UnknownIssuer | Reason::Distrusted => Tls::NameAuthority { pin },
            Reason::NoAuthorities => Tls::InstallAuthorities,
            Reason::MissingIssuer => Tls::HaveIssuerSent { pin },
            Reason::WeakKey | Reason::WeakSignature => Tls::HaveItReplaced { pin },
            Reason::Revoked => Tls::DoNotTrust,
            Reason::Unpinned => Tls::TrustNewPin { pin: self.new_pin() },
            Reason::WeakExchange => Tls::HaveEncryptionStrengthened,
            Reason::OldProtocol if self.min == TlsVersion::V1_3 && self.may_support("1.2") => Tls::AllowTls12,
            Reason::OldProtocol => Tls::HaveTls12SwitchedOn,
            Reason::NoSecureRenegotiation => Tls::HaveTlsUpdated,
            Reason::UnknownName => Tls::AskForOtherName,
            Reason::InternalError => Tls::TryLater,
            Reason::NotTls => Tls::TryStls,
            Reason::IdentityDemanded => Tls::ShowClientCertificate,
            Reason::IdentityRefused => Tls::ShowOtherClientCertificate,
            Reason::Refused => Tls::AskServerOwner,
            Reason::HungUp => Tls::CheckThatPortUsesTls,
            Reason::Other => return None,
        })
    }

    /// The pin of the server's certificate, of the kind that was given.
    fn new_pin(&self) -> Option<String> {
        let shown = self.shown.certificate();
        let pin = match self.pins_keys {
            true => shown.and_then(Certificate::key_pin),
            false => shown.map(Certificate::pin),
        };
        pin.map(|pin| pin.to_string())
    }

    /// Whether the server may support that version.
    fn may_support(&self, version: &str) -> bool {
        self.shown.version.as_deref().is_none_or(|known| known == version)
    }

    /// The first certificate of the chain that fulfils the condition, and what to call it.
    fn first_failing(&self, is_it: impl Fn(&Certificate) -> bool) -> Option<(&Certificate, String)> {
        let chain = self.shown.chain.iter().enumerate();
        let (depth, found) = chain.into_iter().find(|(_, certificate)| is_it(certificate))?;
        let name = match depth {
            0 => "its certificate".to_owned(),
            _ => format!("the certificate of {}, which stands behind it,", found.subject()),
        };
        Some((found, name))
    }

    fn issuer(&self) -> String {
        let last = self.shown.last_known().map(Certificate::issuer);
        last.filter(|name| !name.is_empty()).map_or_else(String::new, |name| format!(", \"{name}\","))
    }
}

impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = self.now;
        match self.reason {
            Reason::Expired => match self.first_failing(|one| one.is_expired(now)) {
                Some((one, name)) => write!(f, "{name} has been expired since {}", shown(one.not_after())),
                None => f.write_str("a certificate that it needs has expired"),
            },
            Reason::NotYetValid => match self.first_failing(|one| one.is_not_yet_valid(now)) {
                Some((one, name)) => {
                    let (start, now) = (shown(one.not_before()), shown(Some(now)));
                    write!(f, "{name} is not valid until {start}, and this computer's clock says {now}")
                }
                None => f.write_str("a certificate that it needs is not yet valid"),
            },
            Reason::WrongName => {
                let names = self.shown.certificate().map(Certificate::names).unwrap_or_default();
                let asked = &self.asked;
                match listed(names) {
                    Some(names) => write!(f, "its certificate is for {names}, but {asked} was asked for"),
                    None => write!(f, "its certificate does not contain the name {asked} that was asked for"),
                }
            }
            Reason::SelfSigned => f.write_str("its certificate is self-signed: no authority vouches for it"),
            Reason::UnknownIssuer => {
                let issuer = self.issuer();
                write!(f, "the authority behind its certificate{issuer} is not known here")
            }
            Reason::NoAuthorities => f.write_str(
                "no authorities at all were found on this computer, so that no certificate can be trusted",
            ),
            Reason::MissingIssuer => {
                let issuer = self.issuer();
                write!(
                    f,
                    "the issuer of its certificate{issuer} is not among the authorities trusted here, and the server does not send its certificate"
                )
            }
            Reason::WeakKey => match self.shown.certificate().and_then(Certificate::rsa_bits) {
                Some(bits) if bits < 2048 => {
                    write!(f, "the key of its certificate is too weak: RSA of {bits} bits")
                }
                _ => write!(f, "a key behind its certificate is too weak ({})", self.words),
            },
            Reason::WeakSignature => {
                write!(f, "the signature of its certificate is too weak ({})", self.words)
            }
            Reason::Revoked => f.write_str("its certificate was revoked by its issuer"),
            Reason::Unpinned if self.pins_keys => {
                write!(
                    f,
                    "the key of its certificate is {}, which is not pinned",
                    self.new_pin().as_deref().unwrap_or("unknown")
                )
            }
            Reason::Unpinned => write!(
                f,
                "its certificate is {}, which is not pinned",
                self.new_pin().as_deref().unwrap_or("unknown")
            ),
            Reason::WeakExchange => {
                write!(f, "the server's key exchange is too weak ({})", self.words)
            }
            Reason::OldProtocol => match &self.shown.version {
                // The version it chooses is allowed: something else is wrong.
                Some(known) if known.as_str() >= "1.2" && self.min == TlsVersion::V1_2 => {
                    f.write_str(&self.words)
                }
                Some(known) => write!(f, "the server speaks only TLS {known}, which is too old"),
                None => write!(f, "the server speaks only versions of TLS older than {}", self.min),
            },
            Reason::NoSecureRenegotiation => f.write_str(
                "the server lacks secure renegotiation (RFC 5746), without which TLS 1.2 is not safe",
            ),
            Reason::UnknownName => {
                write!(f, "the name {} is not known to the server (alert unrecognized_name)", self.asked)
            }
            Reason::InternalError => {
                f.write_str("the server reports an internal error of its own (alert internal_error)")
            }
            Reason::NotTls => f.write_str("the server answered in the clear, not in TLS"),
            Reason::IdentityDemanded => f.write_str("the server demands a client certificate"),
            Reason::IdentityRefused => {
                write!(f, "the server does not take the client certificate ({})", self.words)
            }
            Reason::Refused => write!(f, "the server ended the handshake ({})", self.words),
            Reason::HungUp => f.write_str("the server hung up"),
            Reason::Distrusted | Reason::Other => f.write_str(&self.words),
        }
    }
}

impl StdError for TlsFailure {}

/// Whether a name from the server is safe in a command that users copy into a shell.
fn is_plain(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || ".:-_".contains(letter))
}

/// `2026-01-31 12:00 UTC`.
fn shown(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "an unknown time".to_owned(), |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

/// `a`, `a and b`, `a, b, c and 4 more`; `None` for nothing.
fn listed(names: &[String]) -> Option<String> {
    let (last, before) = names.get(..names.len().min(MOST_NAMES))?.split_last()?;
    if names.len() > MOST_NAMES {
        return Some(format!("{}, {last} and {} more", before.join(", "), names.len() - MOST_NAMES));
    }
    Some(if before.is_empty() { last.clone() } else { format!("{} and {last}", before.join(", ")) })
}

#[cfg(test)]
#[path = "failure_tests.rs"]
mod tests;
