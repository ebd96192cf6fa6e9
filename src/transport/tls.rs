//! The handshake: the platform's TLS library with our settings, its result as our errors
//! (RFC 8314 for what is required, RFC 2595 for STLS, RFC 6066 section 3 for the name sent along).

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Instant;

use native_tls::{
    Certificate as Authority, HandshakeError, Protocol, TlsConnector, TlsConnectorBuilder, TlsStream,
};

use super::wire::Wire;
use super::{Certificate, ClientCertificate, Pin, TlsFailure, distrust};
use crate::error::{Error, Kind, Phase, Result};

/// Which servers to trust, and which versions of TLS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// PEM files with the authorities to trust instead of the system's.
    pub ca_files: Vec<PathBuf>,
    /// If not empty: only these certificates are trusted, whoever signed them and whatever their names are.
    pub pins: Vec<Pin>,
    /// The oldest version that is still acceptable.
    pub min: TlsVersion,
    /// The name to ask for and to find in the certificate, if it is not the host that was dialled.
    pub host: Option<String>,
    /// The client certificate, for a server that requests one.
    pub identity: Option<ClientCertificate>,
}

/// A version of TLS that is still safe (RFC 8996 forbids the older ones).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TlsVersion {
    /// RFC 5246.
    #[default]
    V1_2,
    /// RFC 8446.
    V1_3,
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TlsVersion::V1_2 => "1.2",
            TlsVersion::V1_3 => "1.3",
        })
    }
}

impl FromStr for TlsVersion {
    type Err = Error;

    /// Reads `1.2` or `1.3`; anything else is [`Kind::Usage`].
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "1.2" => Ok(TlsVersion::V1_2),
            "1.3" => Ok(TlsVersion::V1_3),
            _ => Err(Error::new(Kind::Usage, format!("could not understand the TLS version `{text}`"))
                .hint("say 1.2 or 1.3: older versions are not safe")),
        }
    }
}

/// Makes a handshake with a server that has to be trusted.
pub(super) fn secure(
    wire: Wire,
    tls: &TlsSettings,
    host: &str,
    deadline: Instant,
) -> Result<TlsStream<Wire>> {
    if tls.pins.is_empty() {
        return handshake(&verifying(tls)?, wire, tls, host, deadline);
    }
    let stream = handshake(&trusting_anybody(tls)?, wire, tls, host, deadline)?;
    // Nothing but the handshake was sent so far.
    let Some(certificate) = certificate(&stream) else {
        return Err(Error::new(Kind::Tls, disagreement(host)).because("the server showed no certificate"));
    };
    if tls.pins.contains(&certificate.pin()) {
        Ok(stream)
    } else {
        Err(TlsFailure::unpinned(certificate, tls, host).into_error())
    }
}

/// The certificate of the server, trusted or not; the connection ends with the call.
#[cfg(target_vendor = "apple")]
pub(super) fn leaf(
    wire: Wire,
    tls: &TlsSettings,
    host: &str,
    deadline: Instant,
) -> Result<Option<Certificate>> {
    let anonymous = TlsSettings { identity: None, ..tls.clone() };
    let stream = handshake(&trusting_anybody(&anonymous)?, wire, tls, host, deadline)?;
    Ok(certificate(&stream))
}

/// The certificate of the server at the other end.
pub(super) fn certificate(stream: &TlsStream<Wire>) -> Option<Certificate> {
    let certificate = stream.peer_certificate().ok().flatten()?;
    certificate.to_der().ok().map(|der| Certificate::of(&der))
}

/// The name to request. The final dot of a fully qualified `host.` is neither in certificates nor sent
/// (RFC 6066 section 3).
pub(super) fn name<'a>(tls: &'a TlsSettings, host: &'a str) -> &'a str {
    let name = tls.host.as_deref().unwrap_or(host);
    name.strip_suffix('.').unwrap_or(name)
}

fn verifying(tls: &TlsSettings) -> Result<TlsConnector> {
    let mut builder = TlsConnector::builder();
    builder.min_protocol_version(Some(oldest(tls)));
    for path in &tls.ca_files {
        // The named authorities replace the system's, as with curl and mpop.
        builder.disable_built_in_roots(true);
        for certificate in authorities(path)? {
            builder.add_root_certificate(certificate);
        }
    }
    build(builder, tls)
}

/// For pins, which are compared afterwards. The handshake still proves that the server has the certificate's
/// key.
fn trusting_anybody(tls: &TlsSettings) -> Result<TlsConnector> {
    let mut builder = TlsConnector::builder();
    builder
        .min_protocol_version(Some(oldest(tls)))
        .danger_accept_invalid_certs(true)
        .danger_accept_invalid_hostnames(true);
    build(builder, tls)
}

fn build(mut builder: TlsConnectorBuilder, tls: &TlsSettings) -> Result<TlsConnector> {
    if let Some(own) = &tls.identity {
        builder.identity(own.load()?);
    }
    builder.build().map_err(|error| {
        let reason = distrust::plain(&error.to_string());
        match &tls.identity {
            // With a client certificate it is that one which is at fault: the other settings always work.
            Some(own) => {
                let path = own.certificate.display();
                Error::new(Kind::Data, format!("could not use the client certificate {path}")).because(reason)
            }
            None => Error::new(Kind::Tls, "could not prepare TLS").because(reason),
        }
    })
}

fn oldest(tls: &TlsSettings) -> Protocol {
    match tls.min {
        TlsVersion::V1_2 => Protocol::Tlsv12,
        TlsVersion::V1_3 => Protocol::Tlsv13,
    }
}

/// The certificates of a CA file, at least one.
///
/// # Errors
/// [`Kind::Io`] if it cannot be read, [`Kind::Data`] if it contains none.
pub(crate) fn authorities(path: &Path) -> Result<Vec<Authority>> {
    let shown = path.display();
    let pem =
        fs::read(path).map_err(|error| Error::io(format!("could not read the CA file {shown}"), error))?;
    let unusable = || {
        Error::new(Kind::Data, format!("could not use the CA file {shown}"))
            .hint("it must hold certificates in PEM form: -----BEGIN CERTIFICATE-----")
    };
    match Authority::stack_from_pem(&pem) {
        Ok(certificates) if certificates.is_empty() => {
            Err(unusable().because("there is no certificate in it"))
        }
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(unusable().because(distrust::plain(&error.to_string()))),
    }
}

fn handshake(
    connector: &TlsConnector,
    mut wire: Wire,
    tls: &TlsSettings,
    host: &str,
    deadline: Instant,
) -> Result<TlsStream<Wire>> {
    wire.set_deadline(deadline);
    connector.connect(name(tls, host), wire).map_err(|error| match error {
        // The wire returns this only when its wait has ended.
        HandshakeError::WouldBlock(unfinished) if unfinished.get_ref().was_stopped() => {
            Error::new(Kind::Interrupted, disagreement(host)).because(super::stopped(Phase::Tls))
        }
        HandshakeError::WouldBlock(_) => Error::new(Kind::Timeout(Phase::Tls), disagreement(host))
            .because("the server did not answer in time"),
        HandshakeError::Failure(error) => TlsFailure::read(&error.to_string(), tls, host).into_error(),
    })
}

fn disagreement(host: &str) -> String {
    format!("could not agree on TLS with {host}")
}
