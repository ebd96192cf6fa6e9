//! The open connection: its encryption, the greeting, the capabilities.

use pop3::account::Account;
use pop3::protocol::Capabilities;
use pop3::session::{Authorization, Session};
use pop3::sys::Stop;
use pop3::transport::{Certificate, Security, Target};

use super::super::context::dialling;
use super::finding::{Finding, days_left};

/// A certificate that expires sooner is a warning.
const SOON: i64 = 21;

/// Describes the connection of a session before sign-in.
pub(super) fn examine(account: &Account, stop: &Stop, session: &Session<Authorization>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let capabilities_now = session.capabilities();
    match session.certificate() {
        Some(certificate) => {
            // A second connection, since the first one does not tell its TLS version.
            let version = dialling(account, stop).examine().ok().and_then(|shown| shown.version);
            findings.extend(of_certificate(account, &certificate, version));
        }
        None => findings.push(in_the_clear(account, capabilities_now)),
    }
    findings.push(greeting(session));
    match capabilities_now {
        Some(announced) => findings.push(capabilities("before sign-in", announced)),
        None => findings.push(Finding::note("capabilities", "the server has no CAPA")),
    }
    findings
}

fn in_the_clear(account: &Account, capabilities: Option<&Capabilities>) -> Finding {
    if account.security == Security::None && matches!(account.server, Target::Unix(_)) {
        return Finding::good("tls", "none is needed: the server is on this machine's own socket");
    }
    let finding = Finding::warning("tls", "the connection is not encrypted");
    match capabilities.is_some_and(Capabilities::stls) {
        true => finding.hint("the server offers STLS: leave --tls none out"),
        false => finding.hint("try --tls implicit (port 995)"),
    }
}

fn greeting(session: &Session<Authorization>) -> Finding {
    let text = String::from_utf8_lossy(&session.greeting().text).into_owned();
    Finding::good("greeting", text).fact("apop", session.greeting().timestamp.is_some())
}

/// The server's capabilities, in one line.
pub(super) fn capabilities(when: &'static str, capabilities: &Capabilities) -> Finding {
    let lines: Vec<String> =
        capabilities.lines().iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    let finding = Finding::good("capabilities", format!("{when}: {}", lines.join(", ")));
    finding.fact("when", when).fact("capabilities", lines)
}

fn of_certificate(account: &Account, certificate: &Certificate, version: Option<String>) -> Vec<Finding> {
    let believed = if account.tls.pins.is_empty() { "trusted" } else { "pinned" };
    let version_said = version.as_ref().map(|version| format!("TLS {version}, ")).unwrap_or_default();
    let (names, issuer) = (certificate.names().join(", "), certificate.issuer());
    let what = format!("{version_said}{believed} certificate for {names}, signed by {issuer}");
    let until = certificate.not_after().map(|end| end.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
    let finding = match days_left(certificate) {
        None => Finding::good("tls", what),
        Some(..0) => Finding::warning("tls", format!("{what}, expired since {until}")),
        Some(days @ 0..SOON) => {
            Finding::warning("tls", format!("{what}, valid until {until}, {days} days more"))
        }
        Some(days) => Finding::good("tls", format!("{what}, valid until {until}, {days} days more")),
    };
    let pin = certificate.pin().to_string();
    let mut findings = vec![
        finding.certificate(certificate).fact("tls", version),
        Finding::good("pin", format!("--pin {pin}")).fact("pin", pin),
    ];
    if let Some(pin) = certificate.key_pin().map(|pin| pin.to_string()) {
        let says = format!("--pin {pin} (of its key: also fits renewed certificates of the same key)");
        findings.push(Finding::good("key-pin", says).fact("pin", pin));
    }
    findings
}
