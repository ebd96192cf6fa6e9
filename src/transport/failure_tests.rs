//! Sentences and advice, with certificates made by the `openssl` program.

use std::process::{Command, Stdio};

use super::*;

const HOST: &str = "pop.example.com";

/// The certificate of a server, signed by itself, valid for thirty days from now.
fn certificate(subject: &str, names: &str) -> Certificate {
    certificate_for("30", subject, names)
}

fn certificate_for(days: &str, subject: &str, names: &str) -> Certificate {
    let output = Command::new("openssl")
        .args(["req", "-x509", "-outform", "DER", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
        .args(["-nodes", "-keyout", "/dev/null", "-days", days, "-subj", subject, "-addext"])
        .arg(format!("subjectAltName={names}"))
        .stdin(Stdio::null())
        .output()
        .expect("the openssl program (Debian: openssl)");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Certificate::from_der(&output.stdout)
}

/// A verdict on the certificate, by its number.
fn verify(verdict: i32, tls: &TlsSettings) -> TlsFailure {
    let words = "certificate verify failed".to_owned();
    TlsFailure::read(Failed { errors: vec![134], words, verdict: (verdict, "words".to_owned()) }, tls, HOST)
}

/// An error of the handshake, by its number.
fn broken(error: i32, words: &str, tls: &TlsSettings) -> TlsFailure {
    TlsFailure::read(Failed { errors: vec![error], words: words.to_owned(), ..Failed::default() }, tls, HOST)
}

fn shown(certificate: Certificate) -> Shown {
    Shown { chain: vec![certificate], version: Some("1.3".to_owned()), broke_off: false }
}

#[test]
fn a_wrong_name_is_told_with_the_right_ones_and_the_flag_for_it() {
    let many = "DNS:*.example.org,DNS:mx.example.org,IP:192.0.2.1,DNS:a.example.org,DNS:b.example.org";
    let failure = verify(62, &TlsSettings::default()).seen(shown(certificate("/CN=x", many)));
    assert_eq!(
        failure.to_string(),
        "its certificate is for *.example.org, mx.example.org, 192.0.2.1 and 2 more, but pop.example.com was asked for"
    );
    let advice = failure.advice();
    let Some(Tls::ExpectOtherName { name: Some(name), pin: Some(pin) }) = &advice else {
        panic!("{advice:?}")
    };
    assert!(name == "mx.example.org" && pin.starts_with("sha256:"), "{advice:?}");
    assert_eq!(failure.into_error().to_string(), "could not trust pop.example.com");
}

#[test]
fn unsafe_names_are_not_put_into_suggested_commands() {
    for name in [
        "$(reboot)",
        "`reboot`",
        "a;reboot",
        "a|reboot",
        "--pin",
        "-x",
        "a b",
        "",
        "*.example.org",
        "x\u{202e}",
    ] {
        assert!(!is_plain(name), "{name}");
    }
    let evil = certificate("/CN=x", "DNS:a|reboot");
    let failure = verify(62, &TlsSettings::default()).seen(shown(evil));
    assert!(
        matches!(failure.advice(), Some(Tls::ExpectOtherName { name: None, .. })),
        "{:?}",
        failure.advice()
    );
}

#[test]
fn expired_and_future_dates_are_named() {
    let one = certificate("/CN=x", "DNS:x");
    let day = jiff::SignedDuration::from_hours(24);
    let mut failure = verify(10, &TlsSettings::default());
    assert_eq!(failure.to_string(), "a certificate that it needs has expired", "before a second look");
    failure.now = one.not_after().unwrap() + day;
    failure = failure.seen(shown(one.clone()));
    let end = one.not_after().unwrap().strftime("%Y-%m-%d %H:%M UTC");
    assert_eq!(failure.to_string(), format!("its certificate has been expired since {end}"));
    assert_eq!(failure.advice(), Some(Tls::HaveItRenewed { pin: Some(one.pin().to_string()) }));

    let mut failure = verify(9, &TlsSettings::default());
    failure.now = one.not_before().unwrap() - day;
    let failure = failure.seen(shown(one.clone()));
    let start = one.not_before().unwrap().strftime("%Y-%m-%d %H:%M UTC");
    assert!(failure.to_string().contains(&format!("is not valid until {start}")), "{failure}");
    assert!(matches!(failure.advice(), Some(Tls::CheckClock { .. })), "{failure:?}");
}

#[test]
fn an_authority_that_has_expired_is_told_from_the_servers_own_certificate() {
    let (own, behind) = (certificate_for("60", "/CN=x", "DNS:x"), certificate("/CN=Old authority", "DNS:y"));
    let mut failure = verify(10, &TlsSettings::default());
    failure.now = behind.not_after().unwrap() + jiff::SignedDuration::from_hours(24);
    let failure = failure.seen(Shown { chain: vec![own, behind], ..Shown::default() });
    let told = failure.to_string();
    assert!(
        told.starts_with("the certificate of Old authority, which stands behind it, has been expired since "),
        "{told}"
    );
}

#[test]
fn dates_of_a_different_second_certificate_are_not_reported() {
    let failure = verify(10, &TlsSettings::default());
    let failure = failure.seen(shown(certificate("/CN=x", "DNS:x")));
    assert_eq!(failure.to_string(), "a certificate that it needs has expired");
}

#[test]
fn the_versions_that_a_server_speaks_decide_the_advice() {
    let fails = |min, version: Option<&str>| {
        let tls = TlsSettings { min, ..TlsSettings::default() };
        let mut failure = broken(1070, "tlsv1 alert protocol version", &tls);
        assert!(failure.wants_a_look());
        failure.shown.version = version.map(str::to_owned);
        (failure.to_string(), failure.advice())
    };
    let (sentence, advice) = fails(TlsVersion::V1_2, Some("1.1"));
    assert_eq!(sentence, "the server speaks only TLS 1.1, which is too old");
    assert_eq!(advice, Some(Tls::HaveTls12SwitchedOn));
    let (sentence, advice) = fails(TlsVersion::V1_3, Some("1.2"));
    assert_eq!(sentence, "the server speaks only TLS 1.2, which is too old");
    assert_eq!(advice, Some(Tls::AllowTls12));
    assert_eq!(fails(TlsVersion::V1_3, Some("1.0")).1, Some(Tls::HaveTls12SwitchedOn));
    assert_eq!(fails(TlsVersion::V1_2, None).0, "the server speaks only versions of TLS older than 1.2");
    assert_eq!(fails(TlsVersion::V1_2, Some("1.2")).0, "tlsv1 alert protocol version");
}

#[test]
fn a_server_that_ends_the_handshake_after_its_certificate_requires_ours() {
    let refused = |tls: &TlsSettings| broken(1040, "sslv3 alert handshake failure", tls);
    let broken_off = || Shown { broke_off: true, ..shown(certificate("/CN=x", "DNS:x")) };
    let failure = refused(&TlsSettings::default());
    assert_eq!(failure.to_string(), "the server ended the handshake (sslv3 alert handshake failure)");
    let failure = failure.seen(broken_off());
    assert_eq!(failure.to_string(), "the server demands a client certificate");
    assert_eq!(failure.advice(), Some(Tls::ShowClientCertificate));
    assert_eq!(failure.certificate(), None, "the server's own is not in doubt");
    let own = super::super::ClientCertificate { certificate: "/x".into(), key: None, password: None };
    let tls = TlsSettings { identity: Some(own), ..TlsSettings::default() };
    let failure = refused(&tls).seen(broken_off());
    assert_eq!(failure.reason(), Reason::IdentityRefused);
}

#[test]
fn failures_unrelated_to_trust_have_no_advice_about_trust() {
    for (error, sentence, advice) in [
        (338, "lacks secure renegotiation (RFC 5746)", Tls::HaveTlsUpdated),
        (1112, "the name pop.example.com is not known to the server", Tls::AskForOtherName),
        (1080, "internal error", Tls::TryLater),
    ] {
        let failure = broken(error, "words", &TlsSettings::default());
        assert!(failure.to_string().contains(sentence), "{failure}");
        assert_eq!(failure.advice(), Some(advice));
        assert!(!failure.wants_a_look());
    }
}

#[test]
fn every_reason_has_a_sentence_of_its_own() {
    let all = [
        Reason::Expired,
        Reason::NotYetValid,
        Reason::WrongName,
        Reason::SelfSigned,
        Reason::UnknownIssuer,
        Reason::MissingIssuer,
        Reason::NoAuthorities,
        Reason::WeakKey,
        Reason::WeakSignature,
        Reason::Revoked,
        Reason::Unpinned,
        Reason::WeakExchange,
        Reason::OldProtocol,
        Reason::NoSecureRenegotiation,
        Reason::UnknownName,
        Reason::InternalError,
        Reason::NotTls,
        Reason::IdentityDemanded,
        Reason::IdentityRefused,
        Reason::Refused,
        Reason::HungUp,
        Reason::Other,
    ];
    let mut sentences = Vec::new();
    for reason in all {
        let failure = TlsFailure::new(reason, "words".to_owned(), &TlsSettings::default(), HOST);
        let sentence = failure.to_string();
        assert!(!sentence.ends_with('.') && !sentence.starts_with(char::is_uppercase), "{sentence}");
        assert!(!sentences.contains(&sentence), "{sentence}");
        sentences.push(sentence);
        let failure = failure.seen(shown(certificate("/CN=x", "DNS:x")));
        assert_eq!(failure.certificate().is_some(), failure.into_error().to_string().contains("trust"));
    }
}
