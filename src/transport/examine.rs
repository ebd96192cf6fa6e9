//! Examines a server that is not trusted: makes a second handshake that accepts everything, only to get the
//! server's certificates for the user. Nothing is sent over it. (TLS libraries do not return the certificate
//! of a failed handshake.)

use std::time::Instant;

use openssl::error::ErrorStack;
use openssl::ssl::{
    ConnectConfiguration, HandshakeError, SslConnector, SslMethod, SslRef, SslVerifyMode, SslVersion,
};

use super::{Certificate, TlsSettings, wire::Wire};
use crate::error::{Error, Kind, Phase, Result};

/// The most certificates that are read; real chains are far shorter.
const LONGEST_CHAIN: usize = 20;

/// What a server sends in a handshake.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// The certificates it sends, its own first.
    pub chain: Vec<Certificate>,
    /// The version of TLS that it chooses from all, for example `1.1`; `None` if it is not known.
    pub version: Option<String>,
    /// Whether it ended the handshake after it had sent its certificate, because it requires a client
    /// certificate.
    pub broke_off: bool,
}

impl Shown {
    /// The server's own certificate.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.chain.first()
    }

    /// The last certificate that can be reached from the server's own: its issuer, and so on.
    pub(super) fn last_known(&self) -> Option<&Certificate> {
        let mut last = self.chain.first()?;
        // Each step removes one certificate, so that a cycle ends, too.
        for _ in 1..self.chain.len() {
            if last.is_self_signed() {
                break;
            }
            match self.chain.iter().find(|other| last.names_as_issuer(other)) {
                Some(issuer) => last = issuer,
                None => break,
            }
        }
        Some(last)
    }
}

/// Examines the server; the connection ends with the call.
pub(super) fn examine(mut wire: Wire, tls: &TlsSettings, host: &str, deadline: Instant) -> Result<Shown> {
    let seen = |ssl: &SslRef, broke_off| {
        let chain = ssl.peer_cert_chain().into_iter().flatten().take(LONGEST_CHAIN);
        let chain: Vec<Certificate> =
            chain.filter_map(|one| one.to_der().ok()).map(|der| Certificate::from_der(&der)).collect();
        let version = ssl.version_str().strip_prefix("TLSv").map(|version| match version {
            "1" => "1.0".to_owned(),
            known => known.to_owned(),
        });
        let version = version.filter(|_| !chain.is_empty());
        Shown { broke_off: broke_off && !chain.is_empty(), chain, version }
    };
    wire.set_deadline(deadline);
    let connection = accept_all().map_err(|error| cannot_examine(host).because(error))?;
    match connection.connect(super::tls::name(tls, host), wire) {
        Ok(stream) => Ok(seen(stream.ssl(), false)),
        Err(HandshakeError::Failure(failed)) => {
            let shown = seen(failed.ssl(), true);
            if shown.chain.is_empty() {
                return Err(cannot_examine(host).because(super::distrust::words_of(failed.error())));
            }
            Ok(shown)
        }
        Err(HandshakeError::WouldBlock(unfinished)) if unfinished.get_ref().was_stopped() => {
            let says = format!("could not examine {host}");
            Err(Error::new(Kind::Interrupted, says).because(super::stopped(Phase::Tls)))
        }
        Err(HandshakeError::WouldBlock(_)) => {
            Err(Error::new(Kind::Timeout(Phase::Tls), format!("could not examine {host}")))
        }
        Err(HandshakeError::SetupFailure(error)) => Err(cannot_examine(host).because(error)),
    }
}

/// A client that accepts any certificate, any key and any version since TLS 1.0.
fn accept_all() -> Result<ConnectConfiguration, ErrorStack> {
    let mut builder = SslConnector::builder(SslMethod::tls())?;
    builder.set_security_level(0);
    // The level in the list takes precedence over that of the system's configuration.
    builder.set_cipher_list("ALL:@SECLEVEL=0")?;
    builder.set_min_proto_version(Some(SslVersion::TLS1))?;
    builder.set_verify(SslVerifyMode::NONE);
    Ok(builder.build().configure()?.verify_hostname(false))
}

fn cannot_examine(host: &str) -> Error {
    Error::new(Kind::Tls, format!("could not examine the certificate of {host}"))
}
