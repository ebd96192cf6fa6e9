//! The line once it stands: its encryption, the server's first words, what it announces.

use jiff::Timestamp;
use pop3::account::Account;
use pop3::protocol::Capabilities;
use pop3::session::{Authorization, Session};
use pop3::transport::{Certificate, Pin, Security, Target};

use super::finding::Finding;

/// A certificate that ends sooner is worth a warning.
const SOON: i64 = 21;

/// What is known of it.
pub(super) struct Line {
    pub(super) findings: Vec<Finding>,
    /// The certificate's pin, where only a pin makes it trusted.
    pub(super) pin: Option<Pin>,
}

/// Describes the line of a session that waits for sign-in.
pub(super) fn of(account: &Account, session: &Session<Authorization>) -> Line {
    let mut findings = Vec::new();
    let mut pin = None;
    let capabilities_now = session.capabilities();
    match session.certificate() {
        Some(certificate) => {
            findings.extend(of_certificate(account, &certificate));
            pin = (!account.tls.pins.is_empty()).then(|| certificate.pin());
        }
        None => findings.push(in_the_clear(account, capabilities_now)),
    }
    findings.push(greeting(session));
    match capabilities_now {
        Some(announced) => findings.push(capabilities("before sign-in", announced)),
        None => findings.push(Finding::note("capabilities", "the server has no CAPA")),
    }
    Line { findings, pin }
}

fn in_the_clear(account: &Account, capabilities: Option<&Capabilities>) -> Finding {
    if account.security == Security::None && matches!(account.server, Target::Unix(_)) {
        return Finding::good("tls", "none is needed: the server is on this machine's own socket");
    }
    let finding = Finding::warning("tls", "the line is not encrypted");
    match capabilities.is_some_and(Capabilities::stls) {
        true => finding.hint("the server offers STLS: leave --tls none out"),
        false => finding.hint("try --tls implicit (port 995)"),
    }
}

fn greeting(session: &Session<Authorization>) -> Finding {
    let text = String::from_utf8_lossy(&session.greeting().text).into_owned();
    Finding::good("greeting", text).fact("apop", session.greeting().timestamp.is_some())
}

/// What a server announces, in one line.
pub(super) fn capabilities(when: &'static str, capabilities: &Capabilities) -> Finding {
    let lines: Vec<String> =
        capabilities.lines().iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    let finding = Finding::good("capabilities", format!("{when}: {}", lines.join(", ")));
    finding.fact("when", when).fact("capabilities", lines)
}

fn of_certificate(account: &Account, certificate: &Certificate) -> [Finding; 2] {
    let names = certificate.names().to_vec();
    let issuer = certificate.issuer();
    let believed = if account.tls.pins.is_empty() { "trusted" } else { "pinned" };
    let what = format!("{believed} certificate for {}, signed by {issuer}", names.join(", "));
    let finding = match days_left(certificate) {
        None => Finding::good("tls", what),
        Some(days) => {
            let until =
                certificate.not_after().map(|end| end.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
            let finding = match days {
                ..0 => Finding::warning("tls", format!("{what}, expired since {until}")),
                0..SOON => Finding::warning("tls", format!("{what}, valid until {until}, {days} days more")),
                _ => Finding::good("tls", format!("{what}, valid until {until}, {days} days more")),
            };
            finding
                .fact("days_left", days)
                .fact("not_after", certificate.not_after().map(|end| end.to_string()))
        }
    };
    let pin = certificate.pin().to_string();
    [
        finding.fact("names", names).fact("issuer", issuer),
        Finding::good("pin", format!("--pin {pin}")).fact("pin", pin),
    ]
}

/// Whole days until it expires; negative once it has.
fn days_left(certificate: &Certificate) -> Option<i64> {
    let left = certificate.not_after()?.as_second() - Timestamp::now().as_second();
    Some(left.div_euclid(86_400))
}
