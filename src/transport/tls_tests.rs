//! Handshakes with a real acceptor in a thread, over a socket pair; certificates made afresh.

use std::error::Error as _;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use native_tls::{Identity, Protocol, TlsAcceptor};

use super::{Pin, Reason, TlsFailure, TlsSettings, TlsVersion, Transport};
use crate::advice::{self, Advice};
use crate::error::{Error, Kind, Phase};

const HOST: &str = "pop.example.com";
const PATIENCE: Duration = Duration::from_secs(5);

/// A CA (`ca`), what it signed (`good`, for `HOST`), and a stranger (`self`, also for `HOST`).
struct Certificates {
    files: Vec<(&'static str, Vec<u8>)>,
    /// The CA again, nameless on the disk so that it vanishes with the process.
    ca: File,
}

fn certificates() -> &'static Certificates {
    static MADE: OnceLock<Certificates> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder for certificates");
        let folder = folder.path();
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -batch -days 2";
        let name = format!("-subj /CN={HOST} -addext subjectAltName=DNS:{HOST}");
        openssl(folder, &format!("req -x509 {key} -subj /CN=Test-CA -keyout ca.key -out ca.pem"));
        openssl(folder, &format!("req -x509 {key} {name} -keyout self.key -out self.pem"));
        openssl(folder, &format!("req {key} {name} -keyout good.key -out good.csr"));
        fs::write(folder.join("names"), format!("subjectAltName=DNS:{HOST}\n")).expect("names");
        let signed = "-CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out good.pem";
        openssl(folder, &format!("x509 -req -in good.csr {signed}"));
        let read = |name: &'static str| (name, fs::read(folder.join(name)).expect("a file made before"));
        let mut ca = tempfile::tempfile().expect("a nameless file");
        ca.write_all(&read("ca.pem").1).expect("room for a certificate");
        Certificates { files: ["good.pem", "good.key", "self.pem", "self.key"].map(read).into(), ca }
    })
}

fn openssl(directory: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .expect("the openssl program (Debian: openssl)");
    assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Certificates {
    fn read(&self, name: &str) -> Vec<u8> {
        self.files.iter().find(|(known, _)| *known == name).expect("a known name").1.clone()
    }

    fn pin(&self, name: &str) -> Pin {
        let pem = self.read(&format!("{name}.pem"));
        Pin::of_certificate(&native_tls::Certificate::from_pem(&pem).unwrap().to_der().unwrap())
    }

    /// Settings that believe the test CA alone.
    fn settings(&self) -> TlsSettings {
        let ca = format!("/dev/fd/{}", self.ca.as_raw_fd()).into();
        TlsSettings { ca_files: vec![ca], ..TlsSettings::default() }
    }
}

/// A server that makes a handshake as `name`, sends a greeting, and returns what it receives until the end.
fn server(name: &'static str, newest: Option<Protocol>) -> (Transport, JoinHandle<Vec<u8>>) {
    let (near, far) = UnixStream::pair().expect("a socket pair");
    let made = certificates();
    let (chain, key) = (made.read(&format!("{name}.pem")), made.read(&format!("{name}.key")));
    let heard = thread::spawn(move || {
        let identity = Identity::from_pkcs8(&chain, &key).expect("an identity");
        let acceptor =
            TlsAcceptor::builder(identity).max_protocol_version(newest).build().expect("an acceptor");
        let mut heard = Vec::new();
        if let Ok(mut stream) = acceptor.accept(far) {
            // A client that distrusts us is gone by now.
            let _ = stream.write_all(b"+OK ready\r\n");
            let _ = stream.read_to_end(&mut heard);
        }
        heard
    });
    (Transport::from_raw(Box::new(near)), heard)
}

fn secure(name: &'static str, settings: &TlsSettings, host: &str) -> Result<Transport, Error> {
    server(name, None).0.secure(settings, host, PATIENCE)
}

fn soon() -> Instant {
    Instant::now() + PATIENCE
}

fn cause(error: &Error) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}

fn reason(error: &Error) -> Reason {
    TlsFailure::find_in(error).expect("a failed handshake").reason()
}

#[test]
fn a_trusted_authority_makes_an_encrypted_connection() {
    let (plain, heard) = server("good", None);
    assert!(!plain.is_encrypted());
    let mut line = plain.secure(&certificates().settings(), HOST, PATIENCE).unwrap();
    assert!(line.is_encrypted());
    let mut buffer = [0; 64];
    let count = line.read(&mut buffer, soon()).unwrap();
    assert_eq!(&buffer[..count], b"+OK ready\r\n");
    line.write_all(b"QUIT\r\n", soon()).unwrap();
    line.hang_up();
    assert_eq!(heard.join().unwrap(), b"QUIT\r\n");
    assert_eq!(line.read(&mut buffer, soon()).unwrap(), 0);
}

#[test]
fn a_trailing_dot_of_the_host_is_no_other_name() {
    assert!(secure("good", &certificates().settings(), "pop.example.com.").is_ok());
}

#[test]
fn refuses_a_certificate_for_another_name() {
    let error = secure("good", &certificates().settings(), "imap.example.com").unwrap_err();
    assert_eq!(error.kind(), Kind::Tls);
    assert_eq!(error.to_string(), "could not trust imap.example.com");
    assert_eq!(reason(&error), Reason::WrongName);
    assert!(matches!(error.advice(), Some(Advice::Tls(advice::Tls::ExpectOtherName { .. }))), "{error:?}");
    let error = secure("good", &certificates().settings(), "192.0.2.1").unwrap_err();
    assert_eq!(reason(&error), Reason::WrongName);
}

#[test]
fn another_name_may_be_asked_for() {
    let settings = TlsSettings { host: Some(HOST.into()), ..certificates().settings() };
    assert!(secure("good", &settings, "192.0.2.1").unwrap().is_encrypted());
    let wrong = TlsSettings { host: Some("other.example.com".into()), ..certificates().settings() };
    let error = secure("good", &wrong, HOST).unwrap_err();
    assert_eq!(error.to_string(), "could not trust pop.example.com as other.example.com");
}

#[test]
fn refuses_a_self_signed_certificate() {
    let error = secure("self", &certificates().settings(), HOST).unwrap_err();
    assert_eq!(error.kind(), Kind::Tls);
    assert_eq!(error.to_string(), "could not trust pop.example.com");
    assert_eq!(reason(&error), Reason::SelfSigned);
    let unseen = advice::Tls::TrustThisCertificate { pin: None };
    assert_eq!(error.advice(), Some(&unseen.into()), "only a second look shows the certificate");
}

#[test]
fn the_systems_authorities_do_not_know_the_test_ca() {
    let error = secure("good", &TlsSettings::default(), HOST).unwrap_err();
    assert_eq!(reason(&error), Reason::UnknownIssuer);
}

#[test]
fn a_pin_replaces_chain_and_name() {
    let settings = TlsSettings {
        pins: vec![Pin::of_certificate(b"another"), certificates().pin("self")],
        ..TlsSettings::default()
    };
    assert!(secure("self", &settings, "whatever.example.com").unwrap().is_encrypted());
}

#[test]
fn a_pin_of_the_key_replaces_chain_and_name_too_and_a_wrong_one_tells_the_right_one() {
    let key_pin = {
        let pem = certificates().read("self.pem");
        super::Certificate::from_der(&native_tls::Certificate::from_pem(&pem).unwrap().to_der().unwrap())
            .key_pin()
    };
    let pinned = |pin| TlsSettings { pins: vec![pin], ..TlsSettings::default() };
    assert!(secure("self", &pinned(key_pin.unwrap()), "whatever.example.com").unwrap().is_encrypted());
    let error = secure("self", &pinned(Pin::of_key(b"another")), HOST).unwrap_err();
    let pin = key_pin.map(|pin| pin.to_string());
    assert_eq!(error.advice(), Some(&advice::Tls::TrustNewPin { pin }.into()));
    assert!(cause(&error).contains("the key of its certificate"), "{}", cause(&error));
}

#[test]
fn a_servers_own_certificate_in_the_ca_file_is_trusted_for_its_name_alone() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("own.pem");
    fs::write(&path, certificates().read("good.pem")).unwrap();
    let settings = TlsSettings { ca_files: vec![path], ..TlsSettings::default() };
    assert!(secure("good", &settings, HOST).unwrap().is_encrypted());
    assert_eq!(reason(&secure("good", &settings, "imap.example.com").unwrap_err()), Reason::WrongName);
    assert_eq!(reason(&secure("self", &settings, HOST).unwrap_err()), Reason::SelfSigned);
}

#[test]
fn a_wrong_pin_refuses_even_a_certificate_in_order_and_tells_its_pin() {
    let settings = TlsSettings { pins: vec![certificates().pin("self")], ..certificates().settings() };
    let (line, heard) = server("good", None);
    let error = line.secure(&settings, HOST, PATIENCE).unwrap_err();
    assert_eq!(error.kind(), Kind::Tls);
    let pin = Some(certificates().pin("good").to_string());
    assert_eq!(error.advice(), Some(&advice::Tls::TrustNewPin { pin }.into()));
    assert_eq!(heard.join().unwrap(), b"", "nothing was said to it");
}

#[test]
fn an_untrusted_server_can_be_examined() {
    let (line, heard) = server("self", Some(Protocol::Tlsv12));
    let settings = TlsSettings { min: TlsVersion::V1_3, ..certificates().settings() };
    let shown = line.examine(&settings, HOST, PATIENCE).unwrap();
    assert_eq!(shown.certificate().unwrap().pin(), certificates().pin("self"));
    assert_eq!((shown.chain.len(), shown.version.as_deref()), (1, Some("1.2")));
    assert!(!shown.broke_off);
    assert_eq!(heard.join().unwrap(), b"");
}

#[test]
fn the_certificate_of_a_connection_is_known() {
    let (line, _heard) = server("good", None);
    assert_eq!(line.certificate(), None);
    let line = line.secure(&certificates().settings(), HOST, PATIENCE).unwrap();
    let certificate = line.certificate().unwrap();
    assert_eq!((certificate.names(), certificate.issuer()), (&[HOST.to_owned()][..], "Test-CA"));
    assert_eq!(certificate.pin(), certificates().pin("good"));
}

#[test]
fn a_server_below_the_least_version_is_refused() {
    let settings = TlsSettings { min: TlsVersion::V1_3, ..certificates().settings() };
    let error = server("good", Some(Protocol::Tlsv12)).0.secure(&settings, HOST, PATIENCE).unwrap_err();
    assert_eq!(error.kind(), Kind::Tls);
    assert_eq!(error.to_string(), "could not negotiate TLS with pop.example.com");
    assert_eq!(error.advice(), Some(&advice::Tls::AllowTls12.into()), "{}", cause(&error));
    let settings = certificates().settings();
    assert!(server("good", Some(Protocol::Tlsv12)).0.secure(&settings, HOST, PATIENCE).is_ok());
}

#[test]
fn a_handshake_that_stalls_ends_at_its_deadline() {
    let (near, _far) = UnixStream::pair().unwrap();
    let line = Transport::from_raw(Box::new(near));
    let start = Instant::now();
    let error = line.secure(&TlsSettings::default(), HOST, Duration::from_millis(50)).unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout(Phase::Tls));
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_handshake_that_trickles_ends_at_its_deadline_too() {
    let (near, mut far) = UnixStream::pair().unwrap();
    let line = Transport::from_raw(Box::new(near));
    // The start of a handshake record of 64 KiB that never comes whole.
    let server = thread::spawn(move || {
        let promise = [&[22, 3, 3, 64, 0][..], &[2; 500]].concat();
        promise
            .iter()
            .take_while(|byte| {
                thread::sleep(Duration::from_millis(5));
                far.write_all(&[**byte]).is_ok()
            })
            .count()
    });
    let error = line.secure(&TlsSettings::default(), HOST, Duration::from_millis(100)).unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout(Phase::Tls));
    assert!(server.join().unwrap() < 400);
}

#[test]
fn a_server_that_speaks_no_tls_is_told_from_one_that_hangs_up() {
    let (near, mut far) = UnixStream::pair().unwrap();
    far.write_all(b"+OK POP3 server ready\r\n").unwrap();
    let error =
        Transport::from_raw(Box::new(near)).secure(&TlsSettings::default(), HOST, PATIENCE).unwrap_err();
    assert_eq!(error.advice(), Some(&advice::Tls::TryStls.into()), "{}", cause(&error));
    let (near, far) = UnixStream::pair().unwrap();
    drop(far);
    let error =
        Transport::from_raw(Box::new(near)).secure(&TlsSettings::default(), HOST, PATIENCE).unwrap_err();
    assert_eq!(error.kind(), Kind::Tls);
}

#[test]
fn a_connection_closed_without_close_notify_is_an_end() {
    let (near, far) = UnixStream::pair().unwrap();
    let cut = far.try_clone().unwrap();
    let made = certificates();
    let identity = Identity::from_pkcs8(&made.read("good.pem"), &made.read("good.key")).unwrap();
    let server = thread::spawn(move || {
        let mut stream = TlsAcceptor::new(identity).unwrap().accept(far).expect("a handshake");
        stream.write_all(b"+OK half").unwrap();
        cut.shutdown(std::net::Shutdown::Both).unwrap();
    });
    let line = Transport::from_raw(Box::new(near));
    let mut line = line.secure(&made.settings(), HOST, PATIENCE).unwrap();
    let mut buffer = [0; 64];
    assert_eq!(line.read(&mut buffer, soon()).unwrap(), 8);
    assert_eq!(line.read(&mut buffer, soon()).unwrap(), 0);
    server.join().unwrap();
}

#[test]
fn an_encrypted_connection_may_be_used_again_after_a_deadline() {
    let (line, _heard) = server("good", None);
    let mut line = line.secure(&certificates().settings(), HOST, PATIENCE).unwrap();
    let mut buffer = [0; 64];
    line.read(&mut buffer, soon()).unwrap();
    let brief = Instant::now() + Duration::from_millis(20);
    assert_eq!(line.read(&mut buffer, brief).unwrap_err().kind(), std::io::ErrorKind::TimedOut);
    line.write_all(b"NOOP\r\n", soon()).unwrap();
    let error = line.secure(&TlsSettings::default(), HOST, PATIENCE).unwrap_err();
    assert_eq!(error.kind(), Kind::Usage, "an encrypted line is not encrypted twice");
}

#[test]
fn a_ca_file_of_no_use_is_named() {
    let missing = TlsSettings { ca_files: vec!["/nonexistent/ca.pem".into()], ..TlsSettings::default() };
    let error = secure("good", &missing, HOST).unwrap_err();
    assert_eq!(error.kind(), Kind::Io);
    assert_eq!(error.to_string(), "could not read the CA file /nonexistent/ca.pem");
    let empty = TlsSettings { ca_files: vec!["/dev/null".into()], ..TlsSettings::default() };
    let error = secure("good", &empty, HOST).unwrap_err();
    assert_eq!(error.kind(), Kind::Data);
    assert_eq!(error.advice(), Some(&advice::Tls::UseCertificatesInPem.into()));
}

#[test]
fn tls_versions_read_back_as_they_are_shown() {
    for version in [TlsVersion::V1_2, TlsVersion::V1_3] {
        assert_eq!(version.to_string().parse::<TlsVersion>().unwrap(), version);
    }
    assert_eq!("1.1".parse::<TlsVersion>().unwrap_err().kind(), Kind::Usage);
    assert!(TlsVersion::V1_2 < TlsVersion::V1_3);
}
