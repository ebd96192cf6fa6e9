//! Every mechanism at every server on every line, with the right credentials and with wrong ones: one table,
//! printed with `--nocapture`.

use crate::support::dovecot::{self, Line, OnDovecot};
use crate::support::pop3::{Home, Pop3};
use crate::support::popa3d::Popa3d;
use crate::support::stage::at_once;
use crate::support::{Maildrop, cyrus, is_root};
use std::fmt::Write as _;
use std::sync::Mutex;

const LINES: [Line; 3] = [Line::Plain, Line::Stls, Line::Tls];

/// A server to try at.
struct Peer {
    name: &'static str,
    password: String,
    lines: Vec<(Line, Vec<String>)>,
    /// What works there, on whichever line.
    works: fn(&str) -> bool,
}

const MECHANISMS: [&str; 13] = [
    "auto",
    "oauthbearer",
    "xoauth2",
    "external",
    "scram-sha-256-plus",
    "scram-sha-1-plus",
    "scram-sha-256",
    "scram-sha-1",
    "cram-md5",
    "apop",
    "plain",
    "login",
    "user",
];

/// With a password alone there is no token and no certificate; and a line without TLS cannot be bound.
const BY_PASSWORD: [&str; 8] =
    ["auto", "scram-sha-256", "scram-sha-1", "cram-md5", "apop", "plain", "login", "user"];

fn at_dovecot(maildrop: &OnDovecot) -> Peer {
    Peer {
        name: "Dovecot",
        password: maildrop.password().to_owned(),
        lines: LINES.map(|line| (line, maildrop.flags(line))).to_vec(),
        works: |mechanism| BY_PASSWORD.contains(&mechanism),
    }
}

fn at_popa3d(maildrop: &Popa3d) -> Peer {
    Peer {
        name: "popa3d",
        password: maildrop.password().to_owned(),
        lines: vec![(Line::Plain, maildrop.plain())],
        works: |mechanism| matches!(mechanism, "auto" | "user"),
    }
}

fn at_cyrus() -> Peer {
    let server = cyrus::shared();
    let (user, authority) = (cyrus::USER, server.certificates.authority.display().to_string());
    let flags = |line| {
        let (url, how, value) = match line {
            Line::Plain => (format!("pop3://{user}@{}", server.plain), "--tls", "none"),
            Line::Stls => (format!("pop3://{user}@{}", server.plain), "--ca-file", &authority[..]),
            Line::Tls => (format!("pop3s://{user}@{}", server.tls), "--ca-file", &authority[..]),
        };
        ["--server", &url, how, value].map(str::to_owned).to_vec()
    };
    Peer {
        name: "Cyrus",
        password: cyrus::PASSWORD.to_owned(),
        lines: LINES.map(|line| (line, flags(line))).to_vec(),
        // Its PLUS is bound by another mark of the line than ours.
        works: |mechanism| BY_PASSWORD.contains(&mechanism),
    }
}

/// How a sign-in ended, for a reader of the table.
fn cell(code: i32) -> String {
    match code {
        0 => "in".to_owned(),
        77 => "refused".to_owned(),
        code => format!("exit {code}"),
    }
}

#[test]
fn every_mechanism_on_every_line_with_right_and_with_wrong_credentials() {
    let on_dovecot = dovecot::maildrop();
    let on_popa3d = is_root().then(Popa3d::start);
    let mut peers = vec![at_dovecot(&on_dovecot)];
    peers.extend(on_popa3d.as_ref().map(at_popa3d));
    peers.extend(is_root().then(at_cyrus));

    let table = Mutex::new(String::new());
    let wrong = Mutex::new(Vec::new());
    for peer in &peers {
        let rows: Mutex<Vec<(usize, String)>> = Mutex::new(Vec::new());
        at_once(MECHANISMS.iter().enumerate(), |(at, mechanism)| {
            let home = Home::new();
            let mut row = format!("{:<8} {mechanism:<19}", peer.name);
            for line in LINES {
                let Some((_, flags)) = peer.lines.iter().find(|(other, _)| *other as u8 == line as u8) else {
                    row += &format!(" {:<20}", "-");
                    continue;
                };
                let sign_in = |password: &str| {
                    let run = Pop3::new(&home).args(["stat", "--auth", mechanism]).args(flags);
                    run.env("POP3_PASSWORD", password).run()
                };
                let (right, refused) = (sign_in(&peer.password), sign_in("not the password"));
                let _ = write!(row, " {:<20}", format!("{} / {}", cell(right.code), cell(refused.code)));
                let expected = if (peer.works)(mechanism) { 0 } else { 77 };
                if right.code != expected || refused.code != 77 {
                    let said = format!("{} {mechanism} {line:?}: {right:?} {refused:?}", peer.name);
                    wrong.lock().unwrap().push(said);
                }
            }
            rows.lock().unwrap().push((at, row));
        });
        let mut rows = rows.into_inner().unwrap();
        rows.sort();
        for (_, row) in rows {
            let _ = writeln!(table.lock().unwrap(), "{}", row.trim_end());
        }
    }
    let head = format!("{:<8} {:<19} {:<20} {:<20} {}", "server", "mechanism", "cleartext", "STLS", "TLS");
    #[allow(clippy::print_stdout, reason = "the table is what this test is for")]
    {
        println!("with the right password / with a wrong one\n{head}\n{}", table.into_inner().unwrap());
    }
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
