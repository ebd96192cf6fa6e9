//! The sentences for advice on TLS and certificates.

use pop3::advice::Tls;

/// What to do, as the command line says it.
pub(super) fn sentence(advice: &Tls) -> String {
    let text = match advice {
        Tls::HaveItRenewed { pin } => {
            return format!(
                "the server's administrator must renew it (is this computer's clock right?); until then {} trusts exactly this certificate",
                option(pin)
            );
        }
        Tls::CheckClock { pin } => {
            return format!(
                "check this computer's clock; if it is right, {} trusts exactly this certificate nevertheless",
                option(pin)
            );
        }
        Tls::ExpectOtherName { name: Some(name), pin } => {
            return format!(
                "only if you know that {name} is this server: --tls-host {name} expects that name, {} trusts exactly this certificate",
                option(pin)
            );
        }
        Tls::ExpectOtherName { name: None, pin } => {
            return format!(
                "only if you know that it is this server's: --tls-host NAME expects another name, {} trusts exactly this certificate",
                option(pin)
            );
        }
        Tls::TrustThisCertificate { pin } => {
            return format!(
                "if you know that it is this server's, trust exactly this certificate with {}, or name a file that contains it with --ca-file PEM",
                option(pin)
            );
        }
        Tls::NameAuthority { pin } => {
            return format!(
                "name the authority that signed it with --ca-file PEM, or trust exactly this certificate with {}",
                option(pin)
            );
        }
        Tls::HaveIssuerSent { pin } => {
            return format!(
                "the server's administrator must configure it to send the issuer's certificate, too; until then {} trusts exactly this certificate, or, if the authorities are your own, --ca-file PEM names a file with all of them",
                option(pin)
            );
        }
        Tls::HaveItReplaced { pin } => {
            return format!(
                "the server's administrator must replace it by a stronger one; until then {} trusts exactly this certificate although it is weak",
                option(pin)
            );
        }
        Tls::TrustNewPin { pin } => {
            return format!(
                "if you know that the server has a new certificate, trust it with {}",
                option(pin)
            );
        }
        Tls::ConvertPkcs12 { path } => {
            return format!(
                "convert it: openssl pkcs12 -legacy -in {} -nodes -out NEW.pem, then chmod 600 NEW.pem",
                path.display()
            );
        }
        Tls::InstallAuthorities => {
            "install the package ca-certificates, and if SSL_CERT_FILE or SSL_CERT_DIR is set, check that it names \
             authorities; --ca-file PEM names a file with them"
        }
        Tls::DoNotTrust => "do not trust it: ask the server's administrator what has happened",
        Tls::HaveEncryptionStrengthened => {
            "no option makes that safe: the server's administrator must allow stronger encryption"
        }
        Tls::AllowTls12 => "--tls-min 1.2 allows one version more",
        Tls::HaveTls12SwitchedOn => {
            "no option makes that safe: the server's administrator must switch on TLS 1.2 or later"
        }
        Tls::HaveTlsUpdated => {
            "no option makes that safe: the server's administrator must update its TLS software"
        }
        Tls::AskForOtherName => {
            "--tls-host NAME asks for another name: use the one in the server's certificate"
        }
        Tls::TryLater => "try again later; if the error persists, only the server's administrator can fix it",
        Tls::TryStls => "if the server wants STLS, use --tls stls (usually port 110)",
        Tls::ShowClientCertificate => {
            "present a client certificate with --client-cert FILE, and --client-key FILE if its key is in another file"
        }
        Tls::ShowOtherClientCertificate => {
            "ask the server's administrator which client certificates it accepts, and name one with --client-cert FILE"
        }
        Tls::AskServerOwner => {
            "the server may support only encryption that is too weak: ask its administrator"
        }
        Tls::CheckThatPortUsesTls => {
            "check that this port uses TLS: usually 995 starts with TLS, and 110 with STLS (--tls stls)"
        }
        Tls::HaveCertificateInstalled => {
            "no option makes that safe: the server's administrator must give it a certificate"
        }
        Tls::CheckProviderAuthority => {
            "if an authority of your own signed the certificate, name it with --ca-file PEM; otherwise another \
             machine may be intercepting the connection, or this computer's clock is wrong"
        }
        Tls::BeginWithTls => "write pop3s:// for pop3://, or say --tls implicit",
        Tls::TryTlsFromStart => "try --tls implicit (usually port 995)",
        Tls::TryTlsFromStartOrClear => {
            "try --tls implicit (port 995); --tls none sends everything in the clear"
        }
        Tls::SuspectTampering => "someone may be tampering with the connection; try --tls implicit",
        Tls::LeaveOutKey => "a PKCS#12 file contains its own key: leave out --client-key",
        Tls::NameKeyFile => "name the file that holds its key with --client-key FILE",
        Tls::UseKeyInPem => "it must contain a key in PEM form: -----BEGIN PRIVATE KEY-----",
        Tls::UseCertificatesInPem => "it must contain certificates in PEM form: -----BEGIN CERTIFICATE-----",
        Tls::NameKeyOfThisCertificate => "name the key of this certificate with --client-key FILE",
        Tls::ConvertFromDer => "`openssl x509 -inform DER` turns a certificate in DER form into PEM",
        Tls::GiveKeyPassword => {
            "set POP3_CLIENT_CERT_PASSWORD, or remove the password: openssl pkey -in KEY -out NEW, then chmod 600 NEW"
        }
        Tls::WritePin => {
            "a pin is sha256: and the 64 hexadecimal digits of the certificate's SHA-256, or spki-sha256: and those of \
             its public key (curl's sha256//BASE64 is understood)"
        }
        Tls::SayWhichMode => "say implicit, stls or none",
        Tls::SayWhichVersion => "say 1.2 or 1.3: older versions are not safe",
    };
    text.to_owned()
}

/// The option that trusts exactly the certificate with this pin.
fn option(pin: &Option<String>) -> String {
    format!("--pin {}", pin.as_deref().unwrap_or("sha256:HEX"))
}
