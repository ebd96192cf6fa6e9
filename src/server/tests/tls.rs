//! TLS with another client than ours: that of the TLS library, without certificate checks.

use std::process::Command;

use native_tls::{Identity, TlsConnector, TlsStream};

use super::*;

/// A self-signed certificate for localhost, made by the `openssl` command.
fn identity() -> Identity {
    let folder = tempfile::tempdir().unwrap();
    let (key, certificate) = (folder.path().join("key.pem"), folder.path().join("certificate.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .expect("these tests need the openssl command");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Identity::from_pkcs8(&std::fs::read(certificate).unwrap(), &std::fs::read(key).unwrap()).unwrap()
}

fn secure(peer: Peer) -> TlsStream<TcpStream> {
    let connector = TlsConnector::builder().danger_accept_invalid_certs(true).build().unwrap();
    connector.connect("localhost", peer.line).unwrap()
}

fn converse(mut line: TlsStream<TcpStream>, said: &str) -> String {
    line.write_all(said.as_bytes()).unwrap();
    let mut heard = String::new();
    line.read_to_string(&mut heard).unwrap();
    heard
}

#[test]
fn speaks_tls_from_the_first_octet() {
    let server = of(|server| server.tls = Tls::Implicit(identity()));
    let heard = converse(secure(Peer::connect(&server)), "CAPA\r\nQUIT\r\n");
    assert!(heard.starts_with("+OK POP3 server ready") && heard.ends_with("signing off\r\n"), "{heard}");
    assert!(!heard.contains("STLS"), "{heard}");
}

#[test]
fn begins_tls_on_stls_and_forgets_what_it_announced() {
    let server = of(|server| server.tls = Tls::Stls(identity()));
    let mut peer = Peer::connect(&server);
    peer.hear_line();
    peer.say("CAPA\r\n");
    let mut announced = String::new();
    while !announced.ends_with("\r\n.\r\n") {
        announced.push_str(&peer.hear_line());
    }
    assert!(announced.contains("\r\nSTLS\r\n"), "{announced}");
    assert_eq!(peer.ask("STLS"), "+OK Begin TLS negotiation\r\n");
    let heard = converse(secure(peer), "STLS\r\nUSER demo\r\nPASS tanstaaf\r\nSTAT\r\nQUIT\r\n");
    assert!(heard.starts_with("-ERR command not permitted when TLS active\r\n"), "{heard}");
    assert!(heard.contains("+OK 2 320\r\n"), "{heard}");
    assert!(server.complaints()[0].starts_with("STLS: more was sent"), "{:?}", server.complaints());
}

#[test]
fn injects_behind_the_reply_to_stls() {
    let server = of(|server| {
        server.tls = Tls::Stls(identity());
        server.injected = b"+OK forged\r\n".to_vec();
    });
    let mut peer = Peer::connect(&server);
    peer.hear_line();
    assert_eq!(peer.ask("STLS"), "+OK Begin TLS negotiation\r\n");
    assert_eq!(peer.hear_line(), "+OK forged\r\n");
}

#[test]
fn closes_the_connection_when_bytes_follow_stls() {
    let server = of(|server| server.tls = Tls::Stls(identity()));
    let mut peer = Peer::connect(&server);
    peer.hear_line();
    peer.say("STLS\r\nUSER demo\r\n");
    assert_eq!(peer.hear_the_rest(), "");
    assert!(server.complaints().iter().any(|complaint| complaint.starts_with("STLS: ")));
}
