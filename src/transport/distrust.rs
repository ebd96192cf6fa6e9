//! Finds the [`Reason`] of a failed handshake in the text of the TLS library. Knows the texts of OpenSSL, which
//! native-tls uses on most systems; those of other libraries are passed on as they are. The sentences for users
//! are in [`failure`](super::failure).

use super::Reason;

/// The texts of OpenSSL, in the part after the last colon or in the brackets at the end. The first match is
/// taken: our "certificate has expired" comes before the server's alert.
const VERDICTS: [(&str, Reason); 14] = [
    ("certificate has expired", Reason::Expired),
    ("certificate is not yet valid", Reason::NotYetValid),
    ("hostname mismatch", Reason::WrongName),
    ("ip address mismatch", Reason::WrongName),
    ("self-signed certificate in certificate chain", Reason::UnknownIssuer),
    ("self signed certificate in certificate chain", Reason::UnknownIssuer), // before OpenSSL 3
    ("self-signed certificate", Reason::SelfSigned),
    ("self signed certificate", Reason::SelfSigned),
    ("unable to get local issuer certificate", Reason::UnknownIssuer),
    ("unable to get issuer certificate", Reason::UnknownIssuer),
    ("unable to verify the first certificate", Reason::UnknownIssuer),
    ("key too weak", Reason::WeakKey),
    ("digest algorithm too weak", Reason::WeakSignature),
    ("revoked", Reason::Revoked),
];

/// Failures of the handshake itself.
const QUARRELS: [(&str, Reason); 19] = [
    ("ee key too small", Reason::WeakKey),
    ("ca key too small", Reason::WeakKey),
    ("ca md too weak", Reason::WeakSignature),
    ("wrong signature type", Reason::WeakSignature),
    ("dh key too small", Reason::WeakExchange),
    ("bad dh value", Reason::WeakExchange),
    ("protocol version", Reason::OldProtocol),
    ("unsupported protocol", Reason::OldProtocol),
    ("no protocols available", Reason::OldProtocol),
    ("unsafe legacy renegotiation", Reason::OldProtocol),
    ("wrong version number", Reason::NotTls),
    ("packet length too long", Reason::NotTls),
    ("http request", Reason::NotTls),
    ("record layer failure", Reason::NotTls),
    ("alert handshake failure", Reason::Refused),
    ("alert illegal parameter", Reason::Refused),
    ("alert insufficient security", Reason::Refused),
    ("unexpected eof", Reason::HungUp),
    ("hung up", Reason::HungUp),
];

/// Alerts of a server about our certificate, or about its absence (RFC 8446 section 6.2).
const ALERTS: [&str; 9] = [
    "bad certificate",
    "no certificate",
    "certificate required",
    "certificate unknown",
    "unsupported certificate",
    "certificate expired",
    "certificate revoked",
    "unknown ca",
    "access denied",
];

/// The reason of a failed handshake, and the library's text for a reason without words of its own.
/// `has_identity` says whether a client certificate was presented.
pub(super) fn read(text: &str, has_identity: bool) -> (Reason, String) {
    // OpenSSL: `error:0A000086:…:certificate verify failed:FILE:LINE: (VERDICT)`. The verdict is also
    // appended to failures that it did not cause.
    if text.contains("certificate verify failed") {
        let verdict = text.rsplit_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
        let words = verdict.unwrap_or("its certificate could not be verified");
        return (find(&VERDICTS, words).unwrap_or(Reason::Distrusted), words.to_owned());
    }
    let words = plain(text);
    let lower = words.to_ascii_lowercase();
    let reason = if lower.contains("alert") && ALERTS.iter().any(|alert| lower.contains(alert)) {
        if has_identity { Reason::IdentityRefused } else { Reason::IdentityDemanded }
    } else if let Some(reason) = find(&QUARRELS, &lower) {
        reason
    } else if !lower.contains("alert") && ["certificat", "trust"].iter().any(|word| lower.contains(word)) {
        Reason::Distrusted // in another library's words
    } else {
        Reason::Other
    };
    (reason, words)
}

/// The reason of an error after the handshake: in TLS 1.3 a server checks our certificate only then.
pub(super) fn read_late(text: &str, has_identity: bool) -> Option<(Reason, String)> {
    let (reason, words) = read(text, has_identity);
    matches!(reason, Reason::IdentityRefused | Reason::IdentityDemanded).then_some((reason, words))
}

fn find(table: &[(&str, Reason)], words: &str) -> Option<Reason> {
    let words = words.to_ascii_lowercase();
    table.iter().find(|(text, _)| words.contains(text)).map(|(_, reason)| *reason)
}

/// A library's text without its code, function, file and line.
pub(super) fn plain(text: &str) -> String {
    // OpenSSL: `error:CODE:LIBRARY:FUNCTION:REASON:FILE:LINE:DATA`, several with commas between.
    let reason = match text.strip_prefix("error:") {
        Some(fields) => fields.split(':').nth(3).unwrap_or(text),
        None => text,
    };
    if reason.to_ascii_lowercase().contains("unexpected eof") {
        return "the server hung up".to_owned();
    }
    reason.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFY: &str = "error:0A000086:SSL routines:tls_post_process_server_certificate:certificate verify failed:../ssl/statem/statem_clnt.c:1890:";
    const VERSION: &str =
        "error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../ssl/record/ssl3_record.c:354:";
    const ALERT: &str = "error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:../ssl/record/rec_layer_s3.c:1605:SSL alert number 116";

    #[test]
    fn finds_the_verdict_on_a_certificate() {
        let table = [
            ("self-signed certificate", Reason::SelfSigned),
            ("self-signed certificate in certificate chain", Reason::UnknownIssuer),
            ("unable to get local issuer certificate", Reason::UnknownIssuer),
            ("hostname mismatch", Reason::WrongName),
            ("IP address mismatch", Reason::WrongName),
            ("certificate has expired", Reason::Expired),
            ("certificate is not yet valid", Reason::NotYetValid),
            ("EE certificate key too weak", Reason::WeakKey),
            ("CA signature digest algorithm too weak", Reason::WeakSignature),
            ("certificate revoked", Reason::Revoked),
            ("unsuitable certificate purpose", Reason::Distrusted),
        ];
        for (words, reason) in table {
            assert_eq!(read(&format!("{VERIFY} ({words})"), false), (reason, words.to_owned()));
        }
    }

    #[test]
    fn finds_what_broke_the_handshake() {
        let openssl = |reason: &str| format!("error:0A000000:SSL routines:f:{reason}:../ssl/f.c:1:");
        let table = [
            (VERSION.to_owned(), Reason::NotTls),
            (openssl("tlsv1 alert protocol version"), Reason::OldProtocol),
            (openssl("unsupported protocol"), Reason::OldProtocol),
            (openssl("ee key too small"), Reason::WeakKey),
            (openssl("ca md too weak"), Reason::WeakSignature),
            (openssl("dh key too small"), Reason::WeakExchange),
            (openssl("sslv3 alert handshake failure"), Reason::Refused),
            ("unexpected EOF".to_owned(), Reason::HungUp),
            ("Connection reset by peer (os error 104)".to_owned(), Reason::Other),
            ("The certificate was not trusted.".to_owned(), Reason::Distrusted),
        ];
        for (text, reason) in table {
            assert_eq!(read(&text, false).0, reason, "{text}");
            assert_eq!(read_late(&text, false), None, "{text}");
        }
    }

    #[test]
    fn an_alert_about_certificates_speaks_of_ours() {
        let words = "tlsv13 alert certificate required".to_owned();
        assert_eq!(read(ALERT, false), (Reason::IdentityDemanded, words.clone()));
        assert_eq!(read_late(ALERT, true), Some((Reason::IdentityRefused, words)));
    }

    #[test]
    fn the_librarys_words_lose_what_only_its_makers_need() {
        assert_eq!(plain(VERSION), "wrong version number");
        assert_eq!(plain("unexpected EOF"), "the server hung up");
        assert_eq!(plain("Connection reset by peer"), "Connection reset by peer");
        assert_eq!(plain("error:odd"), "error:odd");
    }
}
