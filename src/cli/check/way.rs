//! The server's name, its addresses, and whether each of them answers.

use std::net::{IpAddr, SocketAddr};
use std::thread;
use std::time::{Duration, Instant};

use pop3::account::Account;
use pop3::error::Error;
use pop3::transport::{self, Names, Target, Way};

use super::super::report;
use super::finding::{Finding, Verdict};

/// The time limit of one address if there are others.
const ONE_OF_MANY: Duration = Duration::from_secs(5);

/// The most addresses that are tried.
const MOST: usize = 16;

/// Looks the name up, and tries every address.
///
/// # Errors
/// The name has no address. If it has some and none answers, that is a finding: the connection of the account
/// is tried next, and its error tells more.
pub(super) fn examine(account: &Account) -> Result<Vec<Finding>, Error> {
    let Target::Tcp { host, port } = &account.server else { return Ok(Vec::new()) };
    if let Some(says) = leads_elsewhere(&account.way) {
        return Ok(vec![Finding::note("dns", says)]);
    }
    let addresses = transport::addresses(host, *port, &account.way, account.timeout)?;
    let shown: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
    let says = match host.parse::<IpAddr>() {
        Ok(_) => format!("{host} is an address"),
        Err(_) => format!("{host} is {}", shown.join(", ")),
    };
    let mut findings = vec![Finding::good("dns", says).fact("addresses", shown)];
    let timeout = if addresses.len() > 1 { account.timeout.min(ONE_OF_MANY) } else { account.timeout };
    let (tried, rest) = addresses.split_at(addresses.len().min(MOST));
    // All at once: a name with many silent addresses takes no longer than one with one.
    findings.extend(thread::scope(|scope| {
        let reached: Vec<_> =
            tried.iter().map(|address| scope.spawn(|| reach(*address, &account.way, timeout))).collect();
        reached.into_iter().filter_map(|one| one.join().ok()).collect::<Vec<_>>()
    }));
    if !rest.is_empty() {
        findings.push(Finding::note("connect", format!("{} more addresses are not tried", rest.len())));
    }
    Ok(findings)
}

/// Why the addresses are not examined: who connects instead.
fn leads_elsewhere(way: &Way) -> Option<String> {
    match (&way.proxy, &way.tunnel) {
        (_, Some(_)) => Some("the tunnel's command finds the server".to_owned()),
        (Some(proxy), _) if proxy.names == Names::AtProxy => {
            Some(format!("the proxy {proxy} finds the server"))
        }
        (Some(proxy), _) => Some(format!("the proxy {proxy} connects to the server")),
        (None, None) => None,
    }
}

fn reach(address: SocketAddr, way: &Way, timeout: Duration) -> Finding {
    let begun = Instant::now();
    let outcome = transport::reach(address, way, timeout);
    let milliseconds = begun.elapsed().as_millis() as u64;
    let finding = match outcome {
        Ok(_) => Finding::good("connect", format!("{address} answers in {milliseconds} ms")),
        Err(error) => {
            let why = report::sentence(&error);
            Finding::new("connect", Verdict::Warning, format!("{address} does not answer: {why}"))
        }
    };
    finding.fact("address", address.to_string()).fact("milliseconds", milliseconds)
}
