//! Which hosts are reached without a proxy: this computer itself, since a proxy would take it for its own
//! computer, and the hosts in `NO_PROXY`.

use std::net::IpAddr;

/// Whether a host is reached without a proxy. `no_proxy` is the value of `NO_PROXY`, separated by commas or
/// spaces:
///
/// - `*`: every host
/// - `example.com` or `.example.com`: that host and all in that domain; `*.example.com`: only those in it
/// - an address, or a network such as `10.0.0.0/8` or `fd00::/8`: hosts that are given by their address
/// - any of these followed by `:PORT` (an IPv6 address then in brackets): only for that port
///
/// An IPv6 address may be in brackets.
pub fn goes_straight(no_proxy: &str, host: &str, port: u16) -> bool {
    let host = bare(host).strip_suffix('.').unwrap_or(bare(host));
    is_this_computer(host) || no_proxy.split([',', ' ']).any(|entry| matches_entry(entry, host, port))
}

fn is_this_computer(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => is_domain_of(host, "localhost"),
    }
}

/// Whether one entry of the list matches that host and port.
fn matches_entry(entry: &str, host: &str, port: u16) -> bool {
    let (place, only) = split_port(entry);
    if place.is_empty() || only.is_some_and(|only| only != port) {
        return false;
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        return place == "*" || is_in_network(address, place);
    }
    match place.strip_prefix("*.") {
        Some(domain) => is_inside(host, domain),
        None => place == "*" || is_domain_of(host, place.strip_prefix('.').unwrap_or(place)),
    }
}

/// An entry without its port. A second colon means an IPv6 address, whose port would follow a bracket.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    match entry.rsplit_once(':') {
        Some((place, port)) if !place.contains(':') || place.ends_with(']') => match port.parse() {
            Ok(port) => (place, Some(port)),
            // An entry with an invalid port matches nothing.
            Err(_) => ("", None),
        },
        _ => (entry, None),
    }
}

/// Whether an address is equal to an entry, or in its network (RFC 4632 section 3.1).
fn is_in_network(address: IpAddr, network: &str) -> bool {
    let (network, length) = match network.split_once('/') {
        Some((network, length)) => (network, Some(length)),
        None => (network, None),
    };
    let Ok(network) = bare(network).parse::<IpAddr>() else { return false };
    let (address, network) = (address.to_canonical(), network.to_canonical());
    let (ours, theirs, bits) = match (address, network) {
        (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
            (u128::from(ours.to_bits()) << 96, u128::from(theirs.to_bits()) << 96, 32)
        }
        (IpAddr::V6(ours), IpAddr::V6(theirs)) => (ours.to_bits(), theirs.to_bits(), 128),
        _ => return false,
    };
    let length = match length.map(str::parse::<u32>) {
        None => bits,
        Some(Ok(length)) if length <= bits => length,
        Some(_) => return false,
    };
    // A shift by all 128 bits: the network contains every address.
    (ours ^ theirs).checked_shr(128 - length).unwrap_or(0) == 0
}

fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host)
}

/// Whether it is that domain, or a host in it.
fn is_domain_of(host: &str, domain: &str) -> bool {
    host.eq_ignore_ascii_case(domain) || is_inside(host, domain)
}

fn is_inside(host: &str, domain: &str) -> bool {
    let (host, domain) = (host.to_ascii_lowercase(), domain.to_ascii_lowercase());
    !domain.is_empty() && host.strip_suffix(&domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_computer_and_the_exceptions_are_reached_without_a_proxy() {
        for host in ["localhost", "LOCALHOST", "127.0.0.9", "::1", "[::1]", "pop.localhost"] {
            assert!(goes_straight("", host, 995), "{host}");
        }
        for none in
            ["*", "example.com", ".example.com", "x,pop.EXAMPLE.com", "a b example.com", "x, example.com"]
        {
            assert!(goes_straight(none, "pop.example.com", 995), "{none}");
        }
        for none in ["", "example.org, ample.com", "imap.example.com"] {
            assert!(!goes_straight(none, "pop.example.com", 995), "{none}");
        }
    }

    #[test]
    fn a_port_behind_an_exception_limits_it_to_that_port() {
        for none in ["pop.example.com:995", ".example.com:995", "*:995", "x:1,*.example.com:995"] {
            assert!(goes_straight(none, "pop.example.com", 995), "{none}");
            assert!(!goes_straight(none, "pop.example.com", 110), "{none}");
        }
        assert!(goes_straight("[2001:db8::1]:995", "2001:db8::1", 995));
        assert!(!goes_straight("[2001:db8::1]:995", "[2001:db8::1]", 110));
        for none in ["pop.example.com:pop3s", "pop.example.com:", ":995", "pop.example.com:99999"] {
            assert!(!goes_straight(none, "pop.example.com", 995), "{none}");
        }
    }

    #[test]
    fn an_exception_may_be_a_network() {
        for (none, host) in [
            ("10.0.0.0/8", "10.200.3.4"),
            ("192.0.2.7", "192.0.2.7"),
            ("192.0.2.7/32", "192.0.2.7"),
            ("0.0.0.0/0", "192.0.2.7"),
            ("::/0", "2001:db8::1"),
            ("fd00::/8", "fd12::1"),
            ("[2001:db8::]/32", "[2001:db8:1::2]"),
            ("2001:db8::1", "2001:db8::1"),
            ("10.0.0.0/8:995", "10.1.2.3"),
        ] {
            assert!(goes_straight(none, host, 995), "{none} {host}");
        }
        for (none, host) in [
            ("10.0.0.0/8", "11.0.0.1"),
            ("10.0.0.0/33", "10.0.0.1"),
            ("10.0.0.0/x", "10.0.0.1"),
            ("::/0", "10.0.0.1"),
            ("10.0.0.0/8", "10.example.com"),
            ("0.0.0.0/0", "pop.example.com"),
        ] {
            assert!(!goes_straight(none, host, 995), "{none} {host}");
        }
    }

    #[test]
    fn a_wildcard_matches_the_hosts_in_its_domain() {
        assert!(goes_straight("*.example.com", "pop.example.com", 995));
        assert!(goes_straight("*.EXAMPLE.com", "a.b.example.com.", 995));
        assert!(!goes_straight("*.example.com", "example.com", 995));
        assert!(!goes_straight("*.example.com", "badexample.com", 995));
    }
}
