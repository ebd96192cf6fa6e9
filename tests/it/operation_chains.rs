//! Certificates as authorities really issue them: cross-signed by an older root, for addresses, for all names of one
//! level.

use crate::support::authority::{Authority, USUAL, Wanted, bundle};
use crate::support::pop3::{Home, Outcome, Pop3};
use crate::support::trust::{self, PASSWORD};
use std::net::SocketAddr;
use std::path::Path;

fn stat(address: SocketAddr, authorities: &Path, more: &[&str]) -> Outcome {
    let home = Home::new();
    Pop3::new(&home)
        .args([
            "stat",
            "--server",
            &format!("pop3s://me@{address}"),
            "--ca-file",
            authorities.to_str().unwrap(),
        ])
        .args(more)
        .env("POP3_PASSWORD", PASSWORD)
        .run()
}

/// As with Let's Encrypt in 2021: the chain ends in the old root's signature, and the old root has expired.
#[test]
fn a_chain_that_ends_in_an_expired_roots_signature_is_trusted_by_the_new_root() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (Authority::root(folder.path(), "Old root"), Authority::root(folder.path(), "New root"));
    let cross_signed = new.cross_signed_by(&old);
    let old = old.expired();
    let wanted = Wanted { common_name: "127.0.0.1", names: "IP:127.0.0.1", dates: USUAL, rsa: None };
    let own = new.issue("server", &wanted);
    let address = trust::serving(&[own.certificate, cross_signed], &own.key);
    let both = folder.path().join("both.pem");
    for order in [[&old, &new.certificate], [&new.certificate, &old]] {
        bundle(&order.map(|path| path.as_path()), &both);
        stat(address, &both, &[]).exits(0);
    }
    stat(address, &new.certificate, &[]).exits(0);
    stat(address, &old, &[]).exits(76);
}

#[test]
fn a_star_stands_for_one_label_and_an_address_for_itself() {
    let trust = trust::shared();
    let [_, tls] = trust.showing("wrong-name");
    for (name, code) in [
        ("imap.example.org", 0),
        ("pop.example.org", 0),
        ("a.b.example.org", 76),
        ("example.org", 76),
        ("pop.example.net", 76),
    ] {
        stat(tls, &trust.authority, &["--tls-host", name]).exits(code);
    }
    // Elliptic keys, and the address among the names.
    let [_, tls] = trust.showing("good");
    stat(tls, &trust.authority, &[]).exits(0);
    stat(tls, &trust.authority, &["--tls-host", "127.0.0.99"]).exits(76);
}
