//! Every mechanism at every server on every line, with the right credentials and with wrong ones: one table,
//! printed with `--nocapture`.

use crate::support::dovecot;
use crate::support::is_root;
use crate::support::peers::{self, LINES, Peer, Proof};
use crate::support::pop3::{Outcome, Pop3};
use crate::support::popa3d::Popa3d;
use crate::support::stage::at_once;
use std::fmt::Write as _;
use std::sync::Mutex;

/// How a sign-in ended, for a reader of the table: the server refused what it was shown, or there was no
/// sense in showing it.
fn cell(outcome: &Outcome) -> String {
    match outcome.code {
        0 => "in".to_owned(),
        77 if outcome.stderr.contains("the server says") => "refused".to_owned(),
        77 if outcome.stderr.contains("the server gave no reason") => "refused".to_owned(),
        77 => "not tried".to_owned(),
        code => format!("exit {code}"),
    }
}

/// A line of the table, and what in it is not as it must be.
fn row(peer: &Peer, mechanism: &str, proof: &Proof) -> (String, Vec<String>) {
    let credentials = format!("{} / {}", proof.is, proof.wrong_is);
    let mut row = format!("{:<8} {mechanism:<19} {credentials:<29}", peer.name);
    let mut amiss = Vec::new();
    for line in LINES {
        let Some(flags) = peer.flags(line) else {
            let _ = write!(row, " {:<22}", "-");
            continue;
        };
        let sign_in = |run: Pop3| run.args(["--auth", mechanism]).args(flags).run();
        let (right, wrong) = (sign_in((proof.right)()), sign_in((proof.wrong)()));
        let (with_right, with_wrong) = (cell(&right), cell(&wrong));
        let _ = write!(row, " {:<22}", format!("{with_right} / {with_wrong}"));
        let is_as_it_must_be = match (&with_right[..], &with_wrong[..]) {
            ("in", "refused") => (proof.works)(mechanism, line),
            ("refused", "refused") | ("not tried", "not tried") => !(proof.works)(mechanism, line),
            _ => false,
        };
        if !is_as_it_must_be {
            amiss.push(format!("{} {mechanism} {credentials} {line:?}: {right:?} {wrong:?}", peer.name));
        }
    }
    (row.trim_end().to_owned(), amiss)
}

#[test]
fn every_mechanism_on_every_line_with_right_and_with_wrong_credentials() {
    let on_dovecot = dovecot::maildrop();
    let on_popa3d = is_root().then(Popa3d::start);
    let peers = peers::all(&on_dovecot, on_popa3d.as_ref());

    let mut table = format!(
        "{:<8} {:<19} {:<29} {:<22} {:<22} {}\n",
        "server", "mechanism", "credentials: right / wrong", "cleartext", "STLS", "TLS"
    );
    let mut amiss = Vec::new();
    for peer in &peers {
        let cases =
            peer.proofs.iter().flat_map(|proof| proof.mechanisms.iter().map(move |name| (name, proof)));
        let rows = Mutex::new(Vec::new());
        at_once(cases.enumerate(), |(at, (mechanism, proof))| {
            let row = row(peer, mechanism, proof);
            rows.lock().unwrap().push((at, row));
        });
        let mut rows = rows.into_inner().unwrap();
        rows.sort();
        for (_, (row, wrong)) in rows {
            let _ = writeln!(table, "{row}");
            amiss.extend(wrong);
        }
    }
    #[allow(clippy::print_stdout, reason = "the table is what this test is for")]
    {
        println!("{table}");
    }
    assert!(amiss.is_empty(), "{}", amiss.join("\n"));
}
