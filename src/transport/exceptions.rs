//! Which hosts are reached without a proxy: this computer itself, for which a proxy elsewhere would take its
//! own, and the hosts that `NO_PROXY` lists.

use std::net::IpAddr;

/// Whether a host is reached without a proxy. `no_proxy` is the value of `NO_PROXY`: names of hosts and
/// domains with commas between, or `*`. An IPv6 address may be in brackets.
pub fn goes_straight(no_proxy: &str, host: &str) -> bool {
    is_here(host) || is_listed(no_proxy, host)
}

fn is_here(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    match bare.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => is_within(host, "localhost"),
    }
}

fn is_listed(list: &str, host: &str) -> bool {
    list.split([',', ' '])
        .filter(|entry| !entry.is_empty())
        .any(|entry| entry == "*" || is_within(host, entry.strip_prefix('.').unwrap_or(entry)))
}

/// Whether it is that domain, or a host in it.
fn is_within(host: &str, domain: &str) -> bool {
    let (host, domain) = (host.to_ascii_lowercase(), domain.to_ascii_lowercase());
    host.strip_suffix(&domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_computer_and_the_exceptions_are_reached_without_a_proxy() {
        for host in ["localhost", "LOCALHOST", "127.0.0.9", "::1", "[::1]", "pop.localhost"] {
            assert!(goes_straight("", host), "{host}");
        }
        for none in
            ["*", "example.com", ".example.com", "x,pop.EXAMPLE.com", "a b example.com", "x, example.com"]
        {
            assert!(goes_straight(none, "pop.example.com"), "{none}");
        }
        for none in ["", "example.org, ample.com", "imap.example.com"] {
            assert!(!goes_straight(none, "pop.example.com"), "{none}");
        }
    }
}
