//! Finds the [`Reason`] of a failed handshake by the numbers of OpenSSL's errors (`openssl/sslerr.h`) and of
//! its results of certificate verification (`openssl/x509_vfy.h`). Unlike the texts, they are the same in all
//! versions. The sentences for users are in [`failure`](super::failure).

use openssl::error::ErrorStack;
use openssl::ssl::{self, SslRef};

use super::Reason;

/// The number of the library (ERR_LIB_SSL) among OpenSSL's libraries.
const SSL: i32 = 20;

/// "certificate verify failed": the verification result says why.
const VERIFY_FAILED: i32 = 134;

/// "unexpected eof while reading", since OpenSSL 3.
const UNEXPECTED_EOF: i32 = 294;

/// The number of an alert of the server is this plus its number in RFC 8446 section 6.
const ALERT: i32 = 1000;

/// The result of a failed handshake, from OpenSSL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Failed {
    /// The numbers of the errors of that library, in order.
    pub(super) errors: Vec<i32>,
    /// The text of the first error.
    pub(super) words: String,
    /// The verification result of the certificate, number and text. It is also set for failures that it did
    /// not cause.
    pub(super) verdict: (i32, String),
}

impl Failed {
    /// Reads an error of a connection.
    pub(super) fn new(error: &ssl::Error, ssl: &SslRef) -> Failed {
        let verdict = ssl.verify_result();
        Failed { verdict: (verdict.as_raw(), verdict.error_string().to_owned()), ..Failed::later(error) }
    }

    /// Reads an error that came after the handshake.
    fn later(error: &ssl::Error) -> Failed {
        let stack = error.ssl_error().into_iter().flat_map(ErrorStack::errors);
        let errors = stack.filter(|one| one.library_code() == SSL).map(|one| one.reason_code()).collect();
        Failed { errors, words: words_of(error), verdict: Default::default() }
    }

    /// Parses an error text of OpenSSL, as passed on by another library:
    /// `error:CODE:LIBRARY:FUNCTION:REASON:FILE:LINE: (VERIFICATION RESULT)`, several separated by commas.
    /// Only the text of the verification result is known, not its number.
    fn from_text(text: &str) -> Failed {
        let code = text.strip_prefix("error:").and_then(|rest| rest.split(':').next());
        let code = code.and_then(|code| u32::from_str_radix(code, 16).ok());
        // The library is in the upper bits, the reason in the lower bits, and before OpenSSL 3 the function
        // is in between.
        let reason = code.map(|code| (code & 0xfff) as i32);
        let verdict = text.rsplit_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
        Failed {
            errors: reason.into_iter().collect(),
            words: text.split(':').nth(4).filter(|_| code.is_some()).unwrap_or(text).to_owned(),
            verdict: (-1, verdict.unwrap_or_default().to_owned()),
        }
    }

    /// The reason, and the library's text for a reason without words of its own. `has_identity` says whether a
    /// client certificate was presented.
    pub(super) fn reason(self, has_identity: bool) -> (Reason, String) {
        if self.errors.contains(&VERIFY_FAILED) {
            let (number, words) = self.verdict;
            return (verification_reason(number), if words.is_empty() { self.words } else { words });
        }
        let found = self.errors.iter().find_map(|number| handshake_reason(*number, has_identity));
        // OpenSSL has no error for a connection that was closed.
        let reason = found.unwrap_or(if self.words == HUNG_UP { Reason::HungUp } else { Reason::Other });
        (reason, self.words)
    }
}

/// The reason of an error after the handshake: in TLS 1.3 a server checks our certificate only then.
pub(super) fn read_late(error: &ssl::Error, has_identity: bool) -> Option<(Reason, String)> {
    let (reason, words) = Failed::later(error).reason(has_identity);
    matches!(reason, Reason::IdentityRefused | Reason::IdentityDemanded).then_some((reason, words))
}

/// The reason that a text of OpenSSL tells, for connections that are not ours.
pub(super) fn read_text(text: &str) -> (Reason, String) {
    Failed::from_text(text).reason(false)
}

/// The reason of a verification result (`X509_V_ERR_…`).
fn verification_reason(verdict: i32) -> Reason {
    match verdict {
        10 => Reason::Expired,
        9 => Reason::NotYetValid,
        62 | 64 => Reason::WrongName, // of a host, of an address
        18 => Reason::SelfSigned,
        // No issuer, no issuer locally, only untrusted ones, and an untrusted root among them.
        2 | 20 | 21 | 19 => Reason::UnknownIssuer,
        66 | 67 => Reason::WeakKey, // its own, an authority's
        68 => Reason::WeakSignature,
        23 => Reason::Revoked,
        _ => Reason::Distrusted,
    }
}

/// The reason of an error of the handshake itself (`SSL_R_…`).
fn handshake_reason(error: i32, has_identity: bool) -> Option<Reason> {
    // Alerts of a server about our certificate, or about its absence: no_certificate, bad_certificate, unsupported,
    // revoked, expired, unknown, unknown_ca, access_denied, certificate_required.
    if matches!(error - ALERT, 41..=46 | 48 | 49 | 116) {
        return Some(if has_identity { Reason::IdentityRefused } else { Reason::IdentityDemanded });
    }
    Some(match error {
        399 | 397 => Reason::WeakKey,       // ee key too small, ca key too small
        398 | 370 => Reason::WeakSignature, // ca md too weak, wrong signature type
        394 | 102 => Reason::WeakExchange,  // dh key too small, bad dh value
        1070 | 258 | 191 | 396 => Reason::OldProtocol, // protocol_version, unsupported protocol, none available, too low
        338 => Reason::NoSecureRenegotiation,          // unsafe legacy renegotiation disabled
        1112 => Reason::UnknownName,                   // unrecognized_name
        1080 => Reason::InternalError,                 // internal_error
        // Wrong version number, packet length too long, http request, https proxy request, record layer failure.
        267 | 198 | 156 | 155 | 313 => Reason::NotTls,
        1040 | 1047 | 1071 => Reason::Refused, // handshake_failure, illegal_parameter, insufficient_security
        UNEXPECTED_EOF => Reason::HungUp,
        _ => return None,
    })
}

/// The text for a connection that has ended.
const HUNG_UP: &str = "the server hung up";

/// The text of a connection's error, without code, function, file and line.
pub(super) fn words_of(error: &ssl::Error) -> String {
    match (error.ssl_error(), error.io_error()) {
        (Some(stack), _) => words_of_stack(stack),
        (None, Some(error)) => error.to_string(),
        (None, None) => HUNG_UP.to_owned(),
    }
}

/// The text of the first of the library's errors.
pub(super) fn words_of_stack(errors: &ErrorStack) -> String {
    let first = errors.errors().first();
    if first.is_some_and(|error| error.library_code() == SSL && error.reason_code() == UNEXPECTED_EOF) {
        return HUNG_UP.to_owned();
    }
    first.and_then(|error| error.reason()).unwrap_or("TLS failed without a reason").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(errors: &[i32], verdict: (i32, &str)) -> Failed {
        Failed { errors: errors.into(), words: "words".into(), verdict: (verdict.0, verdict.1.into()) }
    }

    #[test]
    fn the_number_of_the_verdict_decides_whatever_its_text_is() {
        let table = [
            (18, Reason::SelfSigned),
            (19, Reason::UnknownIssuer),
            (20, Reason::UnknownIssuer),
            (62, Reason::WrongName),
            (64, Reason::WrongName),
            (10, Reason::Expired),
            (9, Reason::NotYetValid),
            (66, Reason::WeakKey),
            (68, Reason::WeakSignature),
            (23, Reason::Revoked),
            (26, Reason::Distrusted),
        ];
        for (number, reason) in table {
            let told = failed(&[VERIFY_FAILED], (number, "text in any language")).reason(false);
            assert_eq!(told, (reason, "text in any language".to_owned()));
        }
    }

    #[test]
    fn a_verdict_that_did_not_cause_the_failure_is_not_its_reason() {
        assert_eq!(failed(&[1040], (18, "self-signed")).reason(false).0, Reason::Refused);
    }

    #[test]
    fn the_number_of_the_error_tells_what_broke_the_handshake() {
        let table = [
            (&[267][..], Reason::NotTls),
            (&[1070], Reason::OldProtocol),
            (&[258], Reason::OldProtocol),
            (&[338], Reason::NoSecureRenegotiation),
            (&[1112], Reason::UnknownName),
            (&[1080], Reason::InternalError),
            (&[399], Reason::WeakKey),
            (&[398], Reason::WeakSignature),
            (&[394], Reason::WeakExchange),
            (&[1040], Reason::Refused),
            (&[294], Reason::HungUp),
            (&[7, 294], Reason::HungUp),
            (&[7], Reason::Other),
            (&[], Reason::Other),
        ];
        for (errors, reason) in table {
            assert_eq!(failed(errors, (0, "")).reason(false).0, reason, "{errors:?}");
        }
    }

    #[test]
    fn an_alert_about_certificates_speaks_of_ours() {
        for alert in [41, 42, 43, 44, 45, 46, 48, 49, 116] {
            let read = |has_identity| failed(&[ALERT + alert], (0, "")).reason(has_identity).0;
            assert_eq!((read(false), read(true)), (Reason::IdentityDemanded, Reason::IdentityRefused));
        }
    }

    #[test]
    fn the_number_is_found_in_a_text_of_any_version() {
        let text = "error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../ssl/record.c:354:";
        assert_eq!(read_text(text), (Reason::NotTls, "wrong version number".to_owned()));
        let old = "error:1408F10B:SSL routines:ssl3_get_record:wrong version number:../ssl/record.c:332:";
        assert_eq!(read_text(old).0, Reason::NotTls);
        let verdict =
            "error:0A000086:SSL routines:f:certificate verify failed:f.c:1890: (certificate has expired)";
        assert_eq!(read_text(verdict), (Reason::Distrusted, "certificate has expired".to_owned()));
        assert_eq!(read_text("Connection reset by peer").0, Reason::Other);
        assert_eq!(read_text("error:odd"), (Reason::Other, "error:odd".to_owned()));
    }
}
