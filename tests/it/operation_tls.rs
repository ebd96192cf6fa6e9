//! TLS as people meet it: what a handshake fails of is said, no cause is guessed, and what is in `--ca-file` or pinned
//! is trusted.

use crate::support::pop3::{Home, Outcome, Pop3};
use crate::support::tool;
use crate::support::trust::{self, PASSWORD, Trust};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A server that answers each ClientHello with these bytes.
fn answering(bytes: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut header = [0; 5];
            if stream.read_exact(&mut header).is_ok() {
                let mut hello = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
                let _ = stream.read_exact(&mut hello);
                let _ = stream.write_all(&bytes);
                // The client ends it.
                let _ = stream.read_to_end(&mut Vec::new());
            }
        }
    });
    address
}

/// A fatal alert of that number (RFC 8446 section 6).
fn alert(number: u8) -> Vec<u8> {
    vec![21, 3, 3, 0, 2, 2, number]
}

/// A ServerHello of TLS 1.2 without any extension, so without renegotiation_info (RFC 5746 section 3.4).
fn hello_without_renegotiation_info() -> Vec<u8> {
    let mut hello = vec![3, 3];
    hello.extend([7; 32]); // random
    hello.extend([0, 0xc0, 0x2f, 0]); // no session, ECDHE-RSA-AES128-GCM-SHA256, no compression
    let length = u8::try_from(hello.len()).unwrap();
    [&[22, 3, 3, 0, length + 4, 2, 0, 0, length], &hello[..]].concat()
}

fn run(command: &str, url: &str, more: &[&str], environment: &[(&str, &str)]) -> Outcome {
    let home = Home::new();
    let mut run = Pop3::new(&home).args([command, "--server", url]).args(more).env("POP3_PASSWORD", PASSWORD);
    for (name, value) in environment {
        run = run.env(name, value);
    }
    run.run()
}

/// What both `stat` and `check` print about a server that cannot be used.
fn told(address: SocketAddr) -> [String; 2] {
    ["stat", "check"].map(|command| {
        let outcome = run(command, &format!("pop3s://me@{address}"), &[], &[]).exits(76);
        outcome.text() + &outcome.stderr
    })
}

#[test]
fn a_server_without_secure_renegotiation_is_not_called_old() {
    for told in told(answering(hello_without_renegotiation_info())) {
        assert!(told.contains("lacks secure renegotiation (RFC 5746)"), "{told}");
        for wrong in ["only versions of TLS", "too old", "--pin", "--ca-file", "--tls-min"] {
            assert!(!told.contains(wrong), "{wrong}: {told}");
        }
    }
}

#[test]
fn a_name_that_the_server_does_not_know_is_told_with_the_flag_for_another_one() {
    for told in told(answering(alert(112))) {
        assert!(told.contains("is not known to the server") && told.contains("--tls-host NAME"), "{told}");
        assert!(!told.contains("--pin") && !told.contains("--ca-file"), "{told}");
    }
}

#[test]
fn a_servers_internal_error_is_the_servers() {
    for told in told(answering(alert(80))) {
        assert!(told.contains("reports an internal error of its own"), "{told}");
        assert!(!told.contains("--pin") && !told.contains("--ca-file"), "{told}");
    }
}

#[test]
fn a_computer_without_authorities_is_told_from_one_that_lacks_this_authority() {
    let trust = trust::shared();
    let url = format!("pop3s://me@{}", trust.showing("good")[1]);
    let with = |file: &str| {
        run("stat", &url, &[], &[("SSL_CERT_FILE", file), ("SSL_CERT_DIR", "/nonexistent/certs")])
    };
    with("/nonexistent/ca.pem")
        .exits(76)
        .says("no authorities at all were found")
        .says("check that it names authorities");
    with("/dev/null").exits(76).says("no authorities at all were found");
    with(trust.unknown.to_str().unwrap())
        .exits(76)
        .says("\"Authority of the tests\"")
        .says_not("no authorities at all");
    with(trust.authority.to_str().unwrap()).exits(0);
}

/// A file beside those of an authority.
fn made(trust: &Trust, authority: &str, name: &str) -> PathBuf {
    trust.whole_chain.parent().unwrap().join(authority).join(name)
}

/// A server that shows its certificate and the one behind it.
fn showing_both(trust: &Trust) -> SocketAddr {
    let chain = [made(trust, "Between-them", "gap.pem"), made(trust, "Between-them", "ca.pem")];
    trust::serving(&chain, &made(trust, "Between-them", "gap.key"))
}

#[test]
fn an_intermediate_authority_in_the_ca_file_is_trusted_as_curl_does() {
    let trust = trust::shared();
    let intermediate = made(trust, "Between-them", "ca.pem");
    let known = ["--ca-file", intermediate.to_str().unwrap()];
    let both = format!("pop3s://me@{}", showing_both(trust));
    run("stat", &both, &known, &[]).exits(0);
    run("stat", &format!("pop3s://me@{}", trust.showing("gap")[1]), &known, &[]).exits(0);
    // Another authority's certificates are as unknown as before, and so is the name.
    run("stat", &format!("pop3s://me@{}", trust.showing("unknown")[1]), &known, &[]).exits(76);
    run("stat", &both, &[&known[..], &["--tls-host", "other.example"]].concat(), &[])
        .exits(76)
        .says("but other.example was asked for");
}

#[test]
fn a_servers_own_certificate_in_the_ca_file_is_trusted_as_curl_does() {
    let trust = trust::shared();
    let own = made(trust, "Authority-of-the-tests", "good.pem");
    let known = ["--ca-file", own.to_str().unwrap()];
    run("stat", &format!("pop3s://me@{}", trust.showing("good")[1]), &known, &[]).exits(0);
    run("stat", &format!("pop3s://me@{}", trust.showing("unknown")[1]), &known, &[]).exits(76);
}

/// The digest of a certificate's public key in base64, as curl's manual has it made.
fn curls_pin(certificate: &Path) -> String {
    let script = "openssl x509 -in \"$0\" -pubkey -noout | openssl pkey -pubin -outform der \
                  | openssl dgst -sha256 -binary | openssl enc -base64";
    let said = tool(Command::new("sh").args(["-c", script]).arg(certificate));
    format!("sha256//{}", String::from_utf8(said).unwrap().trim())
}

#[test]
fn a_pin_of_the_key_is_shown_by_check_and_trusted_in_either_form() {
    let trust = trust::shared();
    let url = format!("pop3s://me@{}", trust.showing("good")[1]);
    let shown = run("check", &url, &["--ca-file", trust.authority.to_str().unwrap()], &[]).text();
    let pin =
        shown.split_whitespace().find(|word| word.starts_with("spki-sha256:")).expect(&shown).to_owned();
    run("stat", &url, &["--pin", &pin], &[]).exits(0);
    run("stat", &url, &["--pin", &curls_pin(&made(trust, "Authority-of-the-tests", "good.pem"))], &[])
        .exits(0);
    let other = format!("pop3s://me@{}", trust.showing("self-signed")[1]);
    let refused = run("stat", &other, &["--pin", &pin], &[])
        .exits(76)
        .says("the key of its certificate is spki-sha256:");
    let hint = refused.stderr.split_whitespace().rfind(|word| word.starts_with("spki-sha256:")).unwrap();
    run("stat", &other, &["--pin", hint], &[]).exits(0);
}
