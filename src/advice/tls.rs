//! Advice on TLS and certificates. A `pin` is that of the server's certificate, as it is configured; `None` where
//! the certificate could not be seen.

use std::path::PathBuf;

/// Advice on TLS and certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// The server's certificate has expired.
    HaveItRenewed {
        /// The certificate's pin.
        pin: Option<String>,
    },
    /// The server's certificate is not valid yet.
    CheckClock {
        /// The certificate's pin.
        pin: Option<String>,
    },
    /// The certificate is for other names.
    ExpectOtherName {
        /// One of them.
        name: Option<String>,
        /// The certificate's pin.
        pin: Option<String>,
    },
    /// The certificate is self-signed.
    TrustThisCertificate {
        /// The certificate's pin.
        pin: Option<String>,
    },
    /// The chain ends at an unknown authority.
    NameAuthority {
        /// The certificate's pin.
        pin: Option<String>,
    },
    /// No authorities are installed.
    InstallAuthorities,
    /// The server does not send the issuer's certificate.
    HaveIssuerSent {
        /// The certificate's pin.
        pin: Option<String>,
    },
    /// A weak key or signature.
    HaveItReplaced {
        /// The certificate's pin.
        pin: Option<String>,
    },
    /// The certificate was revoked.
    DoNotTrust,
    /// The certificate is another than the pinned ones.
    TrustNewPin {
        /// The pin of the new one, of the kind that was given.
        pin: Option<String>,
    },
    /// A weak key exchange.
    HaveEncryptionStrengthened,
    /// The server speaks TLS 1.2, and only 1.3 is allowed.
    AllowTls12,
    /// The server speaks versions before TLS 1.2.
    HaveTls12SwitchedOn,
    /// The server lacks secure renegotiation.
    HaveTlsUpdated,
    /// The server does not know the name that was asked for.
    AskForOtherName,
    /// The server has an internal error.
    TryLater,
    /// The server does not begin with TLS.
    TryStls,
    /// The server demands a client certificate.
    ShowClientCertificate,
    /// The server refused the client certificate.
    ShowOtherClientCertificate,
    /// The server refused the handshake without a reason.
    AskServerOwner,
    /// The server closed the connection in the handshake.
    CheckThatPortUsesTls,
    /// The server sent no certificate at all.
    HaveCertificateInstalled,
    /// An OAuth provider's certificate is not trusted.
    CheckProviderAuthority,
    /// The server expects TLS from the start.
    BeginWithTls,
    /// The server does not speak TLS after STLS.
    TryTlsFromStart,
    /// The server does not offer STLS, or refuses it.
    TryTlsFromStartOrClear,
    /// The server sent data after its reply to STLS.
    SuspectTampering,
    /// A PKCS#12 file has its own key, and another was named.
    LeaveOutKey,
    /// The file of the client certificate has no key.
    NameKeyFile,
    /// The file of the key has no key in PEM form.
    UseKeyInPem,
    /// The file has no certificate in PEM form.
    UseCertificatesInPem,
    /// The key belongs to another certificate.
    NameKeyOfThisCertificate,
    /// The certificate is neither PEM nor PKCS#12.
    ConvertFromDer,
    /// A PKCS#12 file with outdated encryption.
    ConvertPkcs12 {
        /// The file.
        path: PathBuf,
    },
    /// The client's key is encrypted, and its password is unknown or wrong.
    GiveKeyPassword,
    /// A pin is not understood.
    WritePin,
    /// A TLS mode is not understood.
    SayWhichMode,
    /// A TLS version is not understood.
    SayWhichVersion,
}
