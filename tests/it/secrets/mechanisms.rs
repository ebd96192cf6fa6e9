//! Every way of signing in, as the trace shows it: neither the password nor what is made from it.

use crate::support::Maildrop;
use crate::support::dovecot::{self, Line};
use crate::support::pop3::{Home, Pop3};
use crate::support::search::hides;

#[test]
fn neither_the_trace_nor_any_error_shows_a_password() {
    let maildrop = dovecot::maildrop();
    for mechanism in ["scram-sha-256", "scram-sha-1", "cram-md5", "apop", "plain", "login", "user"] {
        for (password, code) in [(maildrop.password(), 0), ("a password that is not the right one", 77)] {
            for line in [Line::Plain, Line::Tls] {
                let outcome = Pop3::new(&Home::new())
                    .args(["stat", "--trace", "--auth", mechanism])
                    .args(maildrop.flags(line))
                    .env("POP3_PASSWORD", password)
                    .run()
                    .exits(code);
                hides(&outcome, password);
                // What is made from it, and tells a password that is easily guessed, stays hidden as well.
                let said: Vec<_> =
                    outcome.stderr.lines().filter_map(|line| line.split_once(" C: ")).collect();
                let said: Vec<_> = said.into_iter().map(|(_, said)| said).collect();
                let is_known = |line: &&str| {
                    ["CAPA", "STAT", "QUIT", "USER ", "[hidden]", "*"]
                        .iter()
                        .any(|verb| line.starts_with(verb))
                        || line.ends_with(" [hidden]")
                        || matches!(*line, "AUTH LOGIN" | "AUTH CRAM-MD5")
                };
                assert!(said.len() > 1 && said.iter().all(is_known), "{mechanism}: {said:?}");
            }
        }
    }
}
