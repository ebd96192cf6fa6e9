//! The parts of a certificate that users need (RFC 5280): names, issuer, dates, fingerprint. Only for
//! display: whether to trust it is decided by the TLS library. Therefore nothing here fails: fields that
//! cannot be parsed are omitted, and texts are bounded and sanitised.

use std::net::{Ipv4Addr, Ipv6Addr};

use jiff::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::X509Name;

use super::Pin;

/// The most names that are read; real certificates have fewer.
const MOST_NAMES: usize = 100;
/// A host's name has at most 253 characters (RFC 1035 section 2.3.4); names of issuers are shorter.
const LONGEST_TEXT: usize = 253;

/// A certificate, trusted or not. Its texts come from the server, and are escaped if they are not printable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    pin: Pin,
    key_pin: Option<Pin>,
    names: Vec<String>,
    subject: String,
    issuer: String,
    not_before: Option<Timestamp>,
    not_after: Option<Timestamp>,
    self_signed: bool,
    rsa_bits: Option<usize>,
    subject_der: Vec<u8>,
    issuer_der: Vec<u8>,
}

impl Certificate {
    /// Reads a certificate in DER form. One that cannot be read still has its [`Pin`].
    pub fn from_der(der: &[u8]) -> Certificate {
        let mut certificate = Certificate {
            pin: Pin::of_certificate(der),
            key_pin: None,
            names: Vec::new(),
            subject: String::new(),
            issuer: String::new(),
            not_before: None,
            not_after: None,
            self_signed: false,
            rsa_bits: None,
            subject_der: Vec::new(),
            issuer_der: Vec::new(),
        };
        if let Ok((_, read)) = X509Certificate::from_der(der) {
            certificate.take(&read);
        }
        certificate
    }

    fn take(&mut self, read: &X509Certificate<'_>) {
        self.key_pin = Some(Pin::of_key(read.public_key().raw));
        self.names = names(read);
        self.subject = title(read.subject());
        self.issuer = title(read.issuer());
        self.not_before = Timestamp::from_second(read.validity().not_before.timestamp()).ok();
        self.not_after = Timestamp::from_second(read.validity().not_after.timestamp()).ok();
        self.subject_der = read.subject().as_raw().to_vec();
        self.issuer_der = read.issuer().as_raw().to_vec();
        self.self_signed = self.issuer_der == self.subject_der && signs_with_its_own_key(read);
        if let Ok(PublicKey::RSA(key)) = read.public_key().parsed() {
            self.rsa_bits = Some(key.key_size());
        }
    }

    /// Its SHA-256.
    pub fn pin(&self) -> Pin {
        self.pin
    }

    /// The SHA-256 of its public key, which a renewed certificate of that key has, too; `None` where it cannot be
    /// read.
    pub fn key_pin(&self) -> Option<Pin> {
        self.key_pin
    }

    /// Whether one of the pins is that of this certificate, or of its public key.
    pub fn is_pinned_by(&self, pins: &[Pin]) -> bool {
        pins.iter().any(|pin| *pin == self.pin || Some(*pin) == self.key_pin)
    }

    /// The names and addresses it is for; where it has none (no subjectAltName), its subject's common
    /// name, as RFC 6125 section 6.4.4 has it. At most a hundred.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Its subject, in one line; empty if it has none.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Its issuer, in one line; empty if it has none.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The moment from which it is valid.
    pub fn not_before(&self) -> Option<Timestamp> {
        self.not_before
    }

    /// The last moment at which it is valid.
    pub fn not_after(&self) -> Option<Timestamp> {
        self.not_after
    }

    /// Whether it is self-signed.
    pub fn is_self_signed(&self) -> bool {
        self.self_signed
    }

    /// The length of its key, if that is an RSA key.
    pub fn rsa_bits(&self) -> Option<usize> {
        self.rsa_bits
    }

    /// Whether it has expired.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.not_after.is_some_and(|end| end < now)
    }

    /// Whether it is not valid yet.
    pub fn is_not_yet_valid(&self, now: Timestamp) -> bool {
        self.not_before.is_some_and(|start| now < start)
    }

    /// Whether the subject of `authority` is the issuer of this one.
    pub(super) fn names_as_issuer(&self, authority: &Certificate) -> bool {
        !self.issuer_der.is_empty() && self.issuer_der == authority.subject_der
    }
}

/// A certificate that is its own issuer by name may still be signed by an older key of that name; then
/// its key identifiers differ (RFC 5280 section 4.2.1.1).
fn signs_with_its_own_key(read: &X509Certificate<'_>) -> bool {
    let mut own = None;
    let mut issuers = None;
    for extension in read.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => own = Some(id.0),
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                issuers = id.key_identifier.as_ref().map(|id| id.0);
            }
            _ => {}
        }
    }
    issuers.is_none() || own == issuers
}

fn names(read: &X509Certificate<'_>) -> Vec<String> {
    let alternatives = read.subject_alternative_name().ok().flatten();
    let names: Vec<String> = alternatives
        .iter()
        .flat_map(|extension| &extension.value.general_names)
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(sanitised(name)),
            GeneralName::IPAddress(octets) => address(octets),
            _ => None,
        })
        .take(MOST_NAMES)
        .collect();
    if !names.is_empty() {
        return names;
    }
    let common = read.subject().iter_common_name().filter_map(|name| name.as_str().ok());
    common.take(1).map(sanitised).filter(|name| !name.is_empty()).collect()
}

fn address(octets: &[u8]) -> Option<String> {
    match octets.len() {
        4 => Some(Ipv4Addr::from(<[u8; 4]>::try_from(octets).ok()?).to_string()),
        16 => Some(Ipv6Addr::from(<[u8; 16]>::try_from(octets).ok()?).to_string()),
        _ => None,
    }
}

/// A distinguished name in short form: the common name, then the organisation.
fn title(name: &X509Name<'_>) -> String {
    let common = name.iter_common_name().find_map(|part| part.as_str().ok());
    let organisation = name.iter_organization().find_map(|part| part.as_str().ok());
    match (common, organisation) {
        (Some(common), Some(organisation)) if !common.contains(organisation) => {
            sanitised(&format!("{common}, {organisation}"))
        }
        (Some(known), _) | (None, Some(known)) => sanitised(known),
        (None, None) => sanitised(&name.to_string()),
    }
}

/// Sanitised text of bounded length: it cannot move the cursor or change the text direction.
fn sanitised(text: &str) -> String {
    let mut shown = String::new();
    for (at, letter) in text.chars().enumerate() {
        if at == LONGEST_TEXT {
            shown.push('…');
            break;
        }
        match letter {
            '"' | '\'' | '\\' => shown.push(letter),
            _ => shown.extend(letter.escape_debug()),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use proptest::prelude::*;

    use super::*;

    /// A certificate that signs itself, made by the `openssl` program.
    fn made(subject: &str, more: &[&str]) -> Vec<u8> {
        let key = ["-newkey", "rsa:1024", "-nodes", "-keyout", "/dev/null", "-days", "30"];
        let output = Command::new("openssl")
            .args(["req", "-x509", "-utf8", "-outform", "DER", "-subj", subject])
            .args(key)
            .args(more)
            .stdin(Stdio::null())
            .output()
            .expect("the openssl program (Debian: openssl)");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    #[test]
    fn parses_the_displayed_fields() {
        let names = "subjectAltName=DNS:pop.example.com,DNS:*.example.com,IP:192.0.2.1,IP:2001:db8::1";
        let der = made("/O=Example Ltd/CN=pop", &["-addext", names]);
        let read = Certificate::from_der(&der);
        assert_eq!(read.names(), ["pop.example.com", "*.example.com", "192.0.2.1", "2001:db8::1"]);
        assert_eq!((read.subject(), read.issuer()), ("pop, Example Ltd", "pop, Example Ltd"));
        assert_eq!(
            (read.pin(), read.is_self_signed(), read.rsa_bits()),
            (Pin::of_certificate(&der), true, Some(1024))
        );
        let (from, to) = (read.not_before().unwrap(), read.not_after().unwrap());
        assert_eq!(to.as_second() - from.as_second(), 30 * 24 * 3600);
        let day = jiff::SignedDuration::from_hours(24);
        assert!(!read.is_expired(from + day) && !read.is_not_yet_valid(from + day));
        assert!(read.is_expired(to + day) && read.is_not_yet_valid(from - day));
        assert!(read.names_as_issuer(&read));
    }

    #[test]
    fn without_other_names_the_common_name_counts() {
        assert_eq!(Certificate::from_der(&made("/CN=pop.example.com", &[])).names(), ["pop.example.com"]);
        let nameless = Certificate::from_der(&made("/O=Example", &[]));
        assert_eq!((nameless.names().len(), nameless.subject()), (0, "Example"));
    }

    #[test]
    fn its_texts_are_sanitised() {
        let evil = Certificate::from_der(&made("/CN=\u{1b}[2J\u{202e}moc.knab\u{200b}", &[]));
        assert_eq!(evil.subject(), "\\u{1b}[2J\\u{202e}moc.knab\\u{200b}");
        assert_eq!(sanitised(&"x".repeat(10_000)).chars().count(), LONGEST_TEXT + 1);
        let many = (0..3000).map(|n| format!("DNS:h{n}.example.com")).collect::<Vec<_>>().join(",");
        let many = made("/CN=many", &["-addext", &format!("subjectAltName={many}")]);
        assert_eq!(Certificate::from_der(&many).names().len(), MOST_NAMES);
    }

    proptest! {
        #[test]
        fn garbage_has_a_pin_and_nothing_else(der in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(Certificate::from_der(&der).pin(), Pin::of_certificate(&der));
        }
    }

    #[test]
    fn a_damaged_certificate_is_read_as_far_as_it_goes() {
        let whole =
            made("/CN=pop.example.com", &["-addext", "subjectAltName=DNS:pop.example.com,IP:192.0.2.1"]);
        for at in 0..whole.len() {
            for damage in [0x00, 0x7f, 0x80, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = damage;
                assert!(Certificate::from_der(&damaged).names().len() <= 3);
            }
            assert_eq!(Certificate::from_der(&whole[..at]).names().len(), 0);
        }
    }
}
