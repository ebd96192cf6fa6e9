//! SASL EXTERNAL (RFC 4422 appendix A), end to end: the client certificate is the proof, at a Dovecot that
//! reads the user's name from it.

use crate::support::authority::Pair;
use crate::support::pop3::{Home, Outcome, Pop3};
use crate::support::trust::{self, PASSWORD, Trust};
use std::net::SocketAddr;

/// Both Dovecots on both lines: the one that lets nobody in without a certificate, and the one that does.
fn places(trust: &Trust, user: &str) -> Vec<String> {
    let urls =
        |[stls, tls]: [SocketAddr; 2]| [format!("pop3://{user}@{stls}"), format!("pop3s://{user}@{tls}")];
    [urls(trust.dovecot), urls(trust.asking)].concat()
}

fn showing(pair: &Pair, home: &Home, arguments: &[&str]) -> Pop3 {
    Pop3::new(home)
        .args(arguments)
        .args(["--ca-file"])
        .args([&trust::shared().authority])
        .args(["--client-cert"])
        .args([&pair.certificate])
        .args(["--client-key"])
        .args([&pair.key])
}

fn stat(pair: &Pair, url: &str, more: &[&str]) -> Outcome {
    showing(pair, &Home::new(), &[&["stat", "--trace", "--server", url], more].concat()).run()
}

/// By name, and as what is chosen where there is no password.
const WAYS: [&[&str]; 2] = [&["--auth", "external"], &[]];

#[test]
fn the_certificate_signs_its_user_in() {
    let trust = trust::shared();
    let [me, .., other] = &trust.clients;
    for (pair, user) in [(me, "me"), (other, "other")] {
        for url in places(trust, user) {
            for way in WAYS {
                stat(pair, &url, way).exits(0).says("C: AUTH EXTERNAL [hidden]");
            }
        }
    }
}

#[test]
fn an_empty_name_leaves_it_to_the_certificate() {
    let trust = trust::shared();
    for way in WAYS {
        let url = format!("pop3s://{}", trust.asking[1]);
        let more = [&["--user", ""], way].concat();
        stat(&trust.clients[0], &url, &more).exits(0).says("C: AUTH EXTERNAL [hidden]");
        stat(&trust.clients[1], &url, &more).exits(77).says("could not sign in by external: the server says");
    }
}

#[test]
fn no_certificate_signs_in_whom_it_does_not_name() {
    let trust = trust::shared();
    let [me, stranger, late, other] = &trust.clients;
    for (pair, user) in [(stranger, "me"), (late, "me"), (other, "me"), (me, "other")] {
        for url in places(trust, user) {
            for way in WAYS {
                stat(pair, &url, way).exits(77).says("by external: the server says: [AUTH]");
            }
        }
    }
}

#[test]
fn a_server_that_does_not_trust_the_certificate_is_told_from_one_that_knows_another_name() {
    let trust = trust::shared();
    let [me, stranger, ..] = &trust.clients;
    let url = |user: &str| format!("pop3s://{user}@{}", trust.dovecot[1]);
    stat(stranger, &url("me"), &[]).exits(77).says("hint: the server does not take this client certificate");
    stat(me, &url("other"), &[]).exits(77).says("hint: check that the server knows the client certificate");
    // It has no EXTERNAL, and asks nobody for a certificate.
    let [_, elsewhere] = trust.showing("good");
    let elsewhere = format!("pop3s://me@{elsewhere}");
    stat(me, &elsewhere, &["--auth", "external"]).exits(77).says("hint: the server does not offer");
    let hint = "or type it with --auth plain";
    stat(me, &elsewhere, &[]).exits(77).says("does not offer to sign in by a client certificate").says(hint);
}

#[test]
fn a_password_that_is_named_goes_before_the_certificate_but_not_before_external() {
    let trust = trust::shared();
    let [me, ..] = &trust.clients;
    let home = Home::new();
    for url in places(trust, "me") {
        let run = showing(me, &home, &["stat", "--trace", "--server", &url]);
        run.env("POP3_PASSWORD", PASSWORD).run().exits(0).says("C: AUTH PLAIN");
        let run = showing(me, &home, &["stat", "--trace", "--auth", "external", "--server", &url]);
        run.env("POP3_PASSWORD", "of no use").run().exits(0).says("C: AUTH EXTERNAL");
    }
}

#[test]
fn without_tls_nothing_shows_it_and_nothing_is_sent() {
    let trust = trust::shared();
    let url = format!("pop3://me@{}", trust.asking[0]);
    for way in WAYS {
        let refused = stat(&trust.clients[0], &url, &[way, &["--tls", "none"]].concat()).exits(77);
        assert!(!refused.stderr.contains("C: "), "{}", refused.stderr);
    }
    let named = stat(&trust.clients[0], &url, &["--auth", "external", "--tls", "none"]);
    named.says("a client certificate is shown in TLS alone").says("hint: leave --tls none out");
}
