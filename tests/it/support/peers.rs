//! The servers of the table of sign-ins, and what somebody proves there who he is with: in its right form,
//! and in a wrong one.

use super::authority::Pair;
use super::dovecot::{Line, OnDovecot};
use super::pop3::{Home, Pop3};
use super::popa3d::Popa3d;
use super::{Maildrop, cyrus, oidc, trust};
use std::sync::Arc;

pub(crate) const LINES: [Line; 3] = [Line::Plain, Line::Stls, Line::Tls];

const BY_PASSWORD: [&str; 10] = [
    "auto",
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
const BY_TOKEN: [&str; 3] = ["auto", "oauthbearer", "xoauth2"];
const BY_CERTIFICATE: [&str; 2] = ["auto", "external"];

/// A server to try at.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    /// The flags that lead there, for each line it has.
    pub(crate) lines: Vec<(Line, Vec<String>)>,
    pub(crate) proofs: Vec<Proof>,
}

/// One kind of proof, and one way in which it is wrong.
#[derive(Clone)]
pub(crate) struct Proof {
    pub(crate) is: &'static str,
    pub(crate) wrong_is: &'static str,
    pub(crate) mechanisms: &'static [&'static str],
    /// Whether the right one gets in.
    pub(crate) works: fn(mechanism: &str, line: Line) -> bool,
    pub(crate) right: SignIn,
    pub(crate) wrong: SignIn,
}

/// `stat` with that proof; the flags of a line complete it.
type SignIn = Arc<dyn Fn() -> Pop3 + Send + Sync>;

impl Proof {
    /// The same where nobody is let in by it.
    fn in_vain(self) -> Proof {
        Proof { works: |_, _| false, ..self }
    }
}

impl Peer {
    pub(crate) fn flags(&self, line: Line) -> Option<&[String]> {
        let found = self.lines.iter().find(|(other, _)| *other as u8 == line as u8);
        found.map(|(_, flags)| &flags[..])
    }
}

fn by_password(right: &str, works: fn(&str, Line) -> bool) -> Proof {
    let with = |password: &str| -> SignIn {
        let (home, password) = (Home::new(), password.to_owned());
        Arc::new(move || Pop3::new(&home).args(["stat"]).env("POP3_PASSWORD", &password))
    };
    Proof {
        is: "password",
        wrong_is: "wrong",
        mechanisms: &BY_PASSWORD,
        works,
        right: with(right),
        wrong: with("not the password"),
    }
}

/// A token of this account, and those that are of no use to it. There is a provider to renew each that can be.
fn by_token(account: oidc::Account) -> [Proof; 3] {
    account.login();
    let old = account.kept("access_token");
    account.spoil_access_token();
    account.pop3(&["noop"]).run().exits(0);
    let somebody_else = oidc::shared().account("public", "");
    somebody_else.login();
    let wrongs = [
        ("garbage", account.stuck_with("neither-this-nor-that")),
        ("run out", account.stuck_with(&old)),
        ("another's", somebody_else),
    ];
    let with = |account: oidc::Account| -> SignIn { Arc::new(move || account.pop3(&["stat", "-a", "work"])) };
    let right = with(account);
    wrongs.map(|(wrong_is, wrong)| Proof {
        is: "token",
        wrong_is,
        mechanisms: &BY_TOKEN,
        // A token goes to the account's own server alone, which is the TLS port: another port is another server.
        works: |_, line| matches!(line, Line::Tls),
        right: Arc::clone(&right),
        wrong: with(wrong),
    })
}

fn by_certificate() -> [Proof; 3] {
    let with = |pair: &Pair| -> SignIn {
        let (home, pair) = (Home::new(), pair.clone());
        Arc::new(move || {
            let run = Pop3::new(&home).args(["stat"]);
            run.args(["--client-cert"]).args([&pair.certificate]).args(["--client-key"]).args([&pair.key])
        })
    };
    let [good, stranger, late, other] = &trust::shared().clients;
    [("unknown issuer", stranger), ("expired", late), ("another's", other)].map(|(wrong_is, wrong)| Proof {
        is: "certificate",
        wrong_is,
        mechanisms: &BY_CERTIFICATE,
        // Nothing shows one on a line without TLS.
        works: |_, line| !matches!(line, Line::Plain),
        right: with(good),
        wrong: with(wrong),
    })
}

/// Every server there is. Those that only root can start are left out for anybody else.
pub(crate) fn all(on_dovecot: &OnDovecot, on_popa3d: Option<&Popa3d>) -> Vec<Peer> {
    let account = oidc::shared().account("public", "");
    let flags = LINES.map(|line| (line, account.maildrop.flags(line))).to_vec();
    let (tokens, certificates) = (by_token(account), by_certificate());
    let mut peers = vec![
        at_dovecot(on_dovecot),
        Peer { name: "Dovecot", lines: flags, proofs: tokens.to_vec() },
        at_dovecot_by_certificate(certificates.to_vec()),
    ];
    // One of each will do where none is of use.
    let [token, ..] = tokens;
    let [certificate, ..] = certificates;
    let in_vain = [token.in_vain(), certificate.in_vain()];
    if let Some(maildrop) = on_popa3d {
        peers.extend([at_popa3d(maildrop, &in_vain), at_cyrus(&in_vain)]);
    }
    peers
}

fn at_dovecot(maildrop: &OnDovecot) -> Peer {
    Peer {
        name: "Dovecot",
        lines: LINES.map(|line| (line, maildrop.flags(line))).to_vec(),
        proofs: vec![by_password(maildrop.password(), |mechanism, _| !mechanism.ends_with("-plus"))],
    }
}

fn at_dovecot_by_certificate(proofs: Vec<Proof>) -> Peer {
    let trust = trust::shared();
    let [stls, tls] = trust.asking;
    let authority = trust.authority.display().to_string();
    let lines = vec![
        (Line::Plain, reached(format!("pop3://me@{stls}"), &[])),
        (Line::Stls, reached(format!("pop3://me@{stls}"), &[&authority])),
        (Line::Tls, reached(format!("pop3s://me@{tls}"), &[&authority])),
    ];
    Peer { name: "Dovecot", lines, proofs }
}

/// The flags to a server: in the clear where nobody vouches for it.
fn reached(url: String, authorities: &[&str]) -> Vec<String> {
    let how = match authorities {
        [] => vec!["--tls", "none"],
        _ => authorities.iter().flat_map(|file| ["--ca-file", file]).collect(),
    };
    ["--server", &url].into_iter().chain(how).map(str::to_owned).collect()
}

fn at_popa3d(maildrop: &Popa3d, in_vain: &[Proof]) -> Peer {
    let by_password = by_password(maildrop.password(), |mechanism, _| matches!(mechanism, "auto" | "user"));
    Peer {
        name: "popa3d",
        lines: vec![(Line::Plain, maildrop.plain())],
        proofs: [&[by_password], in_vain].concat(),
    }
}

fn at_cyrus(in_vain: &[Proof]) -> Peer {
    let server = cyrus::shared();
    let user = cyrus::USER;
    // The second is for the provider, who renews what Cyrus does not take.
    let files = [&server.certificates.authority, oidc::shared().authority()];
    let files = files.map(|file| file.display().to_string());
    let authorities = [&files[0][..], &files[1]];
    let lines = vec![
        (Line::Plain, reached(format!("pop3://{user}@{}", server.plain), &[])),
        (Line::Stls, reached(format!("pop3://{user}@{}", server.plain), &authorities)),
        (Line::Tls, reached(format!("pop3s://{user}@{}", server.tls), &authorities)),
    ];
    // Its PLUS is bound by another mark of the line than ours.
    let by_password = by_password(cyrus::PASSWORD, |mechanism, _| !mechanism.ends_with("-plus"));
    Peer { name: "Cyrus", lines, proofs: [&[by_password], in_vain].concat() }
}
