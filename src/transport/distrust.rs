//! What a failed handshake means, in words: TLS libraries answer in their own dialect, and
//! certificate errors that nobody understands make people switch the check off. Knows the texts
//! of OpenSSL; those of other libraries come through as they are.

use std::error::Error as StdError;
use std::fmt;

use super::{Pin, TlsVersion};
use crate::error::Error;

/// Why a server's certificate was not believed: the cause inside the [`Error`] of a handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untrusted {
    reason: String,
    remedy: Remedy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remedy {
    Vouch,
    Rename,
    Renew,
    SetClock,
    Repin,
}

impl Untrusted {
    /// The doubt about the certificate, if that is what `error` is about: the moment to fetch a
    /// [`Transport::fingerprint`](super::Transport::fingerprint) and show it with [`Untrusted::hint`].
    pub fn of(error: &Error) -> Option<&Untrusted> {
        error.source()?.downcast_ref()
    }

    /// A certificate that is none of the pinned ones.
    pub(super) fn unpinned(certificate: &Pin) -> Untrusted {
        Untrusted {
            reason: format!("its certificate is {certificate}, which is not pinned"),
            remedy: Remedy::Repin,
        }
    }

    /// The doubt that a failed handshake's text expresses; `None` when it failed for another reason.
    pub(super) fn read(text: &str) -> Option<Untrusted> {
        let reason = verdict(text)?.to_owned();
        let remedy = if reason.contains("mismatch") {
            Remedy::Rename
        } else if reason.contains("expired") {
            Remedy::Renew
        } else if reason.contains("not yet valid") {
            Remedy::SetClock
        } else {
            Remedy::Vouch
        };
        Some(Untrusted { reason, remedy })
    }

    /// What the user can do; with the certificate's own pin where it is known.
    pub fn hint(&self, certificate: Option<&Pin>) -> String {
        let pin = certificate.map_or_else(|| "sha256:HEX".to_owned(), Pin::to_string);
        match self.remedy {
            Remedy::Vouch => format!(
                "name the authority that signed it with --ca-file PEM, or trust exactly this certificate with --pin {pin}"
            ),
            Remedy::Rename => format!(
                "the certificate is for another host: if you know that name is right, give it with --tls-host NAME, or trust exactly this certificate with --pin {pin}"
            ),
            Remedy::Renew => format!(
                "the server's owner must renew it (is this computer's clock right?); until then --pin {pin} trusts exactly this certificate"
            ),
            Remedy::SetClock => "check this computer's clock".to_owned(),
            Remedy::Repin => {
                format!("if you know that the server has a new certificate, trust it with --pin {pin}")
            }
        }
    }
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl StdError for Untrusted {}

/// The part of a handshake's failure that speaks about the server's certificate.
fn verdict(text: &str) -> Option<&str> {
    // OpenSSL: `error:0A000086:…:certificate verify failed:FILE:LINE: (REASON)`.
    if text.contains("certificate verify failed") {
        let reason = text.rsplit_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
        return Some(reason.unwrap_or("its certificate could not be verified"));
    }
    // Other libraries; an alert is the server's doubt about us.
    let lower = text.to_ascii_lowercase();
    let ours = !lower.contains("alert") && ["certificat", "trust"].iter().any(|word| lower.contains(word));
    ours.then_some(text)
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

/// What to try when no TLS could be agreed on.
pub(super) fn hint(reason: &str, min: TlsVersion) -> Option<&'static str> {
    let says = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    if says(&["wrong version number", "packet length too long", "http request", "record layer failure"]) {
        Some("the server did not answer in TLS: if it wants STLS, use --tls stls (usually port 110)")
    } else if says(&["protocol version", "unsupported protocol", "no protocols available"]) {
        Some(match min {
            TlsVersion::V1_3 => "the server may know only older versions: --tls-min 1.2 allows one more",
            TlsVersion::V1_2 => {
                "the server knows only versions older than 1.2, which protect nothing: ask its owner"
            }
        })
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFY: &str = "error:0A000086:SSL routines:tls_post_process_server_certificate:certificate verify failed:../ssl/statem/statem_clnt.c:1890:";

    #[test]
    fn finds_the_reason_and_the_remedy_in_the_librarys_text() {
        let pin = Pin::of(b"certificate");
        let table = [
            ("self-signed certificate", "--ca-file PEM"),
            ("unable to get local issuer certificate", "--ca-file PEM"),
            ("hostname mismatch", "--tls-host NAME"),
            ("IP address mismatch", "--tls-host NAME"),
            ("certificate has expired", "renew"),
            ("certificate is not yet valid", "clock"),
        ];
        for (reason, remedy) in table {
            let untrusted = Untrusted::read(&format!("{VERIFY} ({reason})")).expect(reason);
            assert_eq!(untrusted.to_string(), reason);
            assert!(untrusted.hint(None).contains(remedy), "{reason}");
            let with_pin = untrusted.hint(Some(&pin));
            assert!(with_pin.contains(&pin.to_string()) || remedy == "clock", "{reason}");
        }
    }

    #[test]
    fn other_failures_are_no_distrust() {
        let version = "error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../ssl/record/ssl3_record.c:354:";
        let refused_by_server = "error:0A000412:SSL routines:ssl3_read_bytes:sslv3 alert bad certificate:../ssl/record/rec_layer_s3.c:1605:SSL alert number 42";
        for text in [version, refused_by_server, "unexpected EOF", "Connection reset by peer (os error 104)"]
        {
            assert_eq!(Untrusted::read(text), None, "{text}");
        }
        assert_eq!(plain(version), "wrong version number");
        assert_eq!(plain(refused_by_server), "sslv3 alert bad certificate");
        assert_eq!(plain("unexpected EOF"), "the server hung up");
        assert_eq!(plain("Connection reset by peer"), "Connection reset by peer");
        assert_eq!(plain("error:odd"), "error:odd");
    }

    #[test]
    fn another_librarys_distrust_is_told_in_its_words() {
        let untrusted = Untrusted::read("The certificate was not trusted.").expect("distrust");
        assert_eq!(untrusted.to_string(), "The certificate was not trusted.");
    }

    #[test]
    fn an_old_server_is_told_from_a_strict_user() {
        assert!(hint("tlsv1 alert protocol version", TlsVersion::V1_3).unwrap().contains("--tls-min 1.2"));
        assert!(hint("unsupported protocol", TlsVersion::V1_2).unwrap().contains("ask its owner"));
        assert!(hint("wrong version number", TlsVersion::V1_2).unwrap().contains("--tls stls"));
        assert_eq!(hint("Connection reset by peer", TlsVersion::V1_2), None);
    }
}
