//! Servers that want to see a certificate of the client.

use crate::support::authority::{Pair, bundle};
use crate::support::pop3::{Home, Outcome, Pop3};
use crate::support::tool;
use crate::support::trust::{self, PASSWORD};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

fn stat(server: &str, more: &[&Path]) -> Outcome {
    stat_opening(server, more, "")
}

/// The same with a password for the key.
fn stat_opening(server: &str, more: &[&Path], password: &str) -> Outcome {
    let (trust, home) = (trust::shared(), Home::new());
    Pop3::new(&home)
        .args(["stat", "--server", server, "--ca-file"])
        .args([&trust.authority])
        .args(more)
        .env("POP3_PASSWORD", PASSWORD)
        .env("POP3_CLIENT_CERT_PASSWORD", password)
        .run()
}

fn with(server: &str, pair: &Pair) -> Outcome {
    stat(server, &["--client-cert".as_ref(), &pair.certificate, "--client-key".as_ref(), &pair.key])
}

fn urls([stls, tls]: [SocketAddr; 2]) -> [String; 2] {
    [format!("pop3://me@{stls}"), format!("pop3s://me@{tls}")]
}

#[test]
fn a_server_that_breaks_the_handshake_off_demands_one_and_accepts_it() {
    let trust = trust::shared();
    let [twelve, thirteen, stls] = trust.demanding;
    let [good, stranger, ..] = &trust.clients;
    for url in [format!("pop3s://me@{twelve}"), format!("pop3s://me@{thirteen}"), format!("pop3://me@{stls}")]
    {
        let refused = stat(&url, &[]).exits(76).says("the server demands a client certificate");
        assert!(
            refused.stderr.contains("hint: present a client certificate with --client-cert FILE"),
            "{}",
            refused.stderr
        );
        with(&url, good).exits(0);
        with(&url, stranger).exits(76).says("the server does not take the client certificate");
    }
}

#[test]
fn dovecot_lets_nobody_sign_in_without_one() {
    let trust = trust::shared();
    let [good, stranger, late, _] = &trust.clients;
    for url in urls(trust.dovecot) {
        stat(&url, &[]).exits(77).says("hint: present a client certificate with --client-cert FILE");
        with(&url, good).exits(0);
        for bad in [stranger, late] {
            with(&url, bad).exits(77).says("hint: the server does not take this client certificate");
        }
    }
}

#[test]
fn every_form_of_a_pair_is_shown_to_the_server() {
    let trust = trust::shared();
    let [url, _] = urls(trust.dovecot);
    let good = &trust.clients[0];
    let home = Home::new();
    let (both, locked) = (home.write("both.pem", "", 0o600), home.write("locked.p12", "", 0o600));
    bundle(&[&good.key, &good.certificate], &both);
    tool(
        Command::new("openssl")
            .args(["pkcs12", "-export", "-passout", "pass:tanstaaf", "-inkey"])
            .arg(&good.key)
            .arg("-in")
            .arg(&good.certificate)
            .arg("-out")
            .arg(&locked),
    );
    stat(&url, &["--client-cert".as_ref(), &both]).exits(0);
    let opening = |password| stat_opening(&url, &["--client-cert".as_ref(), &locked], password);
    opening("tanstaaf").exits(0);
    opening("").exits(77).says("POP3_CLIENT_CERT_PASSWORD");
    let wrong = opening("not this").exits(77).says("wrong");
    assert!(!wrong.stderr.contains("not this"), "{}", wrong.stderr);
}

#[test]
fn what_is_of_no_use_is_refused_with_its_exit_code() {
    let trust = trust::shared();
    let [url, _] = urls(trust.dovecot);
    let [good, stranger, ..] = &trust.clients;
    let home = Home::new();
    let open = home.write("open.key", &std::fs::read_to_string(&good.key).unwrap(), 0o644);
    let garbage = home.write("garbage", "neither this nor that", 0o600);
    let pair = |certificate: &Path, key: &Path| Pair { certificate: certificate.into(), key: key.into() };
    with(&url, &pair(&good.certificate, &open)).exits(78).says("chmod 600");
    with(&url, &pair(&good.certificate, &stranger.key)).exits(65).says("belongs to another certificate");
    with(&url, &pair(&good.certificate, &garbage)).exits(65).says("no private key");
    with(&url, &pair(&home.join("missing"), &good.key)).exits(74).says("missing");
    stat(&url, &["--client-cert".as_ref(), &garbage]).exits(65).says("neither PEM nor PKCS#12");
    stat(&url, &["--client-cert".as_ref(), &good.certificate]).exits(65).says("--client-key FILE");
    stat(&url, &["--client-key".as_ref(), &good.key]).exits(64).says("--client-cert FILE");
}

#[test]
fn an_account_of_the_configuration_has_one() {
    let trust = trust::shared();
    let good = &trust.clients[0];
    let home = Home::new();
    home.configure(&format!(
        "[account.work]\nserver = \"pop3s://me@{}\"\nca-file = \"{}\"\npassword = \"{PASSWORD}\"\n\
         client-cert = \"{}\"\nclient-key = \"{}\"\n",
        trust.dovecot[1],
        trust.authority.display(),
        good.certificate.display(),
        good.key.display()
    ));
    Pop3::new(&home).args(["stat"]).run().exits(0);
    Pop3::new(&home).args(["config", "check"]).run().exits(0);
}
