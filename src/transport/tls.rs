//! The handshake: OpenSSL with our settings, its result as our errors (RFC 8314 for what is required, RFC 2595 for
//! STLS, RFC 6066 section 3 for the name sent along).

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Instant;

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::ssl::{
    HandshakeError, SslConnector, SslConnectorBuilder, SslMethod, SslStream, SslVerifyMode, SslVersion,
};
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::X509VerifyFlags;

use super::distrust::{Failed, words_of_stack};
use super::wire::Wire;
use super::{Certificate, ClientCertificate, Pin, TlsFailure, authorities};
use crate::advice;
use crate::error::{Error, Kind, Phase, Result};
use crate::quote;

/// Which servers to trust, and which versions of TLS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// PEM files with the authorities to trust instead of the system's. What they contain is trusted as it is, as
    /// with curl: a root, an intermediate authority, or a server's own certificate.
    pub ca_files: Vec<PathBuf>,
    /// If not empty: only certificates that match one of these are trusted, whoever signed them and whatever their
    /// names are.
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
            _ => Err(Error::new(
                Kind::Usage,
                format!("could not understand the TLS version `{}`", quote::short(text)),
            )
            .advise(advice::Tls::SayWhichVersion)),
        }
    }
}

/// Makes a handshake with a server that has to be trusted.
pub(super) fn secure(
    wire: Wire,
    tls: &TlsSettings,
    host: &str,
    deadline: Instant,
) -> Result<SslStream<Wire>> {
    let stream = handshake(&prepare(tls)?, wire, tls, host, deadline)?;
    if tls.pins.is_empty() {
        return Ok(stream);
    }
    // Only the handshake was sent so far, and it proves that the server has the certificate's private key.
    let Some(certificate) = certificate(&stream) else {
        return Err(Error::new(Kind::Tls, handshake_context(host))
            .because("the server sent no certificate")
            .advise(advice::Tls::HaveCertificateInstalled));
    };
    if certificate.is_pinned_by(&tls.pins) {
        Ok(stream)
    } else {
        Err(TlsFailure::unpinned(certificate, tls, host).into_error())
    }
}

/// The certificate of the server at the other end.
pub(super) fn certificate(stream: &SslStream<Wire>) -> Option<Certificate> {
    let der = stream.ssl().peer_certificate()?.to_der().ok()?;
    Some(Certificate::from_der(&der))
}

/// The digest of the server's certificate for channel binding (`tls-server-end-point`, RFC 5929 section 4);
/// `None` for a certificate whose signature algorithm has no hash.
pub(super) fn end_point(stream: &SslStream<Wire>) -> Option<Vec<u8>> {
    let certificate = stream.ssl().peer_certificate()?;
    let signature = certificate.signature_algorithm().object().nid().signature_algorithms()?;
    let hash = match signature.digest {
        Nid::MD5 | Nid::SHA1 => MessageDigest::sha256(),
        other => MessageDigest::from_nid(other)?,
    };
    certificate.digest(hash).ok().map(|digest| digest.to_vec())
}

/// The name to request. The final dot of a fully qualified `host.` is neither in certificates nor sent
/// (RFC 6066 section 3).
pub(super) fn name<'a>(tls: &'a TlsSettings, host: &'a str) -> &'a str {
    let name = tls.host.as_deref().unwrap_or(host);
    name.strip_suffix('.').unwrap_or(name)
}

/// A client with those settings. With pins it accepts every certificate: the pins are compared afterwards.
fn prepare(tls: &TlsSettings) -> Result<SslConnector> {
    let unprepared =
        |error: ErrorStack| Error::new(Kind::Tls, "could not prepare TLS").because(words_of_stack(&error));
    let mut builder = SslConnector::builder(SslMethod::tls()).map_err(unprepared)?;
    builder.set_min_proto_version(Some(oldest(tls))).map_err(unprepared)?;
    if tls.pins.is_empty() {
        trust(&mut builder, tls, unprepared)?;
    } else {
        builder.set_verify(SslVerifyMode::NONE);
    }
    if let Some(own) = &tls.identity {
        own.load()?.add_to(&mut builder).map_err(|error| {
            let path = own.certificate.display();
            Error::new(Kind::Data, format!("could not use the client certificate {path}"))
                .because(words_of_stack(&error))
        })?;
    }
    Ok(builder.build())
}

fn trust(
    builder: &mut SslConnectorBuilder,
    tls: &TlsSettings,
    unprepared: impl Fn(ErrorStack) -> Error,
) -> Result<()> {
    if tls.ca_files.is_empty() {
        authorities::add_system_authorities(builder);
    } else {
        // The named authorities replace the system's, as with curl and mpop.
        builder.set_cert_store(X509StoreBuilder::new().map_err(&unprepared)?.build());
        for path in &tls.ca_files {
            for certificate in authorities(path)? {
                builder.cert_store_mut().add_cert(certificate).map_err(&unprepared)?;
            }
        }
    }
    // Any certificate in the store is trusted, even if it is not self-signed.
    builder.cert_store_mut().set_flags(X509VerifyFlags::PARTIAL_CHAIN).map_err(&unprepared)
}

fn oldest(tls: &TlsSettings) -> SslVersion {
    match tls.min {
        TlsVersion::V1_2 => SslVersion::TLS1_2,
        TlsVersion::V1_3 => SslVersion::TLS1_3,
    }
}

fn handshake(
    connector: &SslConnector,
    mut wire: Wire,
    tls: &TlsSettings,
    host: &str,
    deadline: Instant,
) -> Result<SslStream<Wire>> {
    wire.set_deadline(deadline);
    let setup =
        |error: ErrorStack| Error::new(Kind::Tls, handshake_context(host)).because(words_of_stack(&error));
    let configuration = connector.configure().map_err(setup)?.verify_hostname(tls.pins.is_empty());
    configuration.connect(name(tls, host), wire).map_err(|error| match error {
        // The wire returns this only when its wait has ended.
        HandshakeError::WouldBlock(unfinished) if unfinished.get_ref().was_stopped() => {
            Error::new(Kind::Interrupted, handshake_context(host)).because(super::stopped(Phase::Tls))
        }
        HandshakeError::WouldBlock(_) => Error::new(Kind::Timeout(Phase::Tls), handshake_context(host))
            .because("the server did not answer in time"),
        HandshakeError::SetupFailure(error) => setup(error),
        HandshakeError::Failure(failed) => {
            let failed = Failed::new(failed.error(), failed.ssl());
            TlsFailure::read(failed, tls, host).into_error()
        }
    })
}

fn handshake_context(host: &str) -> String {
    format!("could not negotiate TLS with {host}")
}
