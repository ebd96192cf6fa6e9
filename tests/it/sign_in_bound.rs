//! SCRAM bound to the TLS line, with the Cyrus SASL library at the other end; and what becomes of it where a
//! server binds in another way.

use crate::support::bound::{Bound, PASSWORD};
use crate::support::cyrus;
use crate::support::pop3::{Home, Outcome, Pop3};

const ALL: &str = "SCRAM-SHA-256-PLUS SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-1";

fn stat(server: &Bound, mechanism: &str, password: &str) -> Outcome {
    Pop3::new(&Home::new())
        .args(["stat", "--trace", "--auth", mechanism])
        .args(server.flags())
        .env("POP3_PASSWORD", password)
        .run()
}

#[test]
fn the_sign_in_is_bound_to_the_line_under_either_tls() {
    for tls in ["1.2", "1.3"] {
        let server = Bound::start(tls, ALL, false);
        for (mechanism, sent) in [
            ("auto", "SCRAM-SHA-256-PLUS"),
            ("scram-sha-256", "SCRAM-SHA-256-PLUS"),
            ("scram-sha-1", "SCRAM-SHA-1-PLUS"),
            ("scram-sha-1-plus", "SCRAM-SHA-1-PLUS"),
        ] {
            stat(&server, mechanism, PASSWORD).exits(0).says(&format!("C: AUTH {sent} "));
            let refused = stat(&server, mechanism, "wrong").exits(77);
            assert_eq!(refused.stderr.matches("C: AUTH").count(), 1, "once is enough: {}", refused.stderr);
        }
    }
}

#[test]
fn check_tells_of_each_mechanism_that_it_has_really_tried() {
    let server = Bound::start("1.3", ALL, false);
    let home = Home::new();
    let check = Pop3::new(&home).args(["check", "--trace"]).args(server.flags());
    let report = check.env("POP3_PASSWORD", PASSWORD).run().exits(0);
    for name in ALL.split(' ') {
        let told = format!("by {}\n", name.to_ascii_lowercase());
        assert!(report.text().contains(&told), "{told} in {}", report.text());
        assert_eq!(report.stderr.matches(&format!("C: AUTH {name} ")).count(), 1, "{}", report.stderr);
    }
}

#[test]
fn a_sign_in_that_arrives_over_another_line_is_refused_and_no_weaker_one_follows() {
    let server = Bound::start("1.3", &format!("{ALL} PLAIN LOGIN"), true);
    for mechanism in ["auto", "scram-sha-1"] {
        let outcome = stat(&server, mechanism, PASSWORD).exits(77).says("TLS ends elsewhere");
        assert_eq!(outcome.stderr.matches("C: AUTH").count(), 1, "{}", outcome.stderr);
    }
}

#[test]
fn a_list_of_mechanisms_shortened_on_the_way_is_found_out_by_the_server() {
    // libsasl2 can bind, and reads in our first message that we saw no offer of it.
    let server = Bound::start("1.3", "SCRAM-SHA-256", false);
    stat(&server, "auto", PASSWORD).exits(77).says("C: AUTH SCRAM-SHA-256 ");
}

#[test]
fn cyrus_gets_scram_unbound_since_it_knows_the_line_by_another_mark() {
    let server = cyrus::shared();
    let url = format!("pop3s://{}@{}", cyrus::USER, server.tls);
    let authority = server.certificates.authority.display().to_string();
    let run = |mechanism: &str| {
        Pop3::new(&Home::new())
            .args(["stat", "--trace", "--server", &url, "--ca-file", &authority, "--auth", mechanism])
            .env("POP3_PASSWORD", cyrus::PASSWORD)
            .run()
    };
    run("auto").exits(0).says("C: AUTH SCRAM-SHA-256 [hidden]");
    run("scram-sha-1").exits(0).says("C: AUTH SCRAM-SHA-1 [hidden]");
    run("scram-sha-1-plus").exits(77).says("channel binding");
}
