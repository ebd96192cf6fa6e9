//! How to reach the server: directly, from one local address, over one version of IP, through a SOCKS proxy, or
//! through a command that carries the bytes. Values, and which of them can be combined.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::Target;
use crate::advice::Reach;
use crate::auth::Secret;
use crate::error::{Error, Kind, Result};

/// The way to a server; by default a direct connection to the first address that answers.
#[derive(Debug, Clone, Default)]
pub struct Way {
    /// The proxy that makes the connection for us.
    pub proxy: Option<Proxy>,
    /// A shell command whose standard input and output are the connection. `%h` and `%p` in it stand for
    /// the server's host and port, `%%` for a percent sign.
    pub tunnel: Option<String>,
    /// The local address that the connection comes from.
    pub source: Option<IpAddr>,
    /// The only version of IP to use; `None`: both.
    pub family: Option<Family>,
}

/// A version of IP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// A SOCKS5 proxy (RFC 1928).
#[derive(Debug, Clone)]
pub struct Proxy {
    /// Its name or address (IPv6 without brackets).
    pub host: String,
    /// Its port, usually 1080.
    pub port: u16,
    /// Who resolves the server's name.
    pub names: Names,
    /// The user name for the proxy (RFC 1929); `None`: no authentication.
    pub user: Option<String>,
    /// The password that goes with the user.
    pub password: Option<Secret>,
}

/// Who resolves the server's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// The proxy (`socks5h://`): the name is not resolved here.
    AtProxy,
    /// This computer (`socks5://`).
    Here,
}

impl Way {
    /// Checks that the parts can be combined, and can reach that target.
    ///
    /// # Errors
    /// [`Kind::Usage`] if they cannot.
    pub fn check(&self, target: &Target) -> Result<()> {
        let (why, advice) = if self.tunnel.is_some() && self.proxy.is_some() {
            ("a tunnel and a proxy are two different ways", Reach::ChooseTunnelOrProxy)
        } else if self.tunnel.is_some() && self.source.is_some() {
            (
                "the tunnel's command makes the connection, so no source address can be chosen for it",
                Reach::LeaveSourceToTunnel,
            )
        } else if self.tunnel.is_some() && self.family.is_some() {
            (
                "the tunnel's command makes the connection, so no IP version can be chosen for it",
                Reach::LeaveIpVersionToTunnel,
            )
        } else if matches!(target, Target::Unix(_)) && !self.is_direct() {
            (
                "the server is a socket on this computer, which needs no proxy, tunnel or address",
                Reach::LeaveOutTheWay,
            )
        } else if self.source.is_some_and(|source| !self.allows(source)) {
            ("the source address is of the other IP version", Reach::LeaveOutVersionOrSource)
        } else {
            return Ok(());
        };
        Err(Error::new(Kind::Usage, format!("could not choose how to reach {target}"))
            .because(why)
            .advise(advice))
    }

    /// Whether an address may be used: it is of the version of IP that was asked for.
    pub(super) fn allows(&self, address: IpAddr) -> bool {
        self.family.is_none_or(|family| family == Family::of_address(address))
    }

    /// Whether it is of the version that was asked for, and can be reached from the source address.
    pub(super) fn reaches(&self, address: IpAddr) -> bool {
        self.allows(address)
            && self.source.is_none_or(|source| Family::of_address(source) == Family::of_address(address))
    }

    fn is_direct(&self) -> bool {
        matches!(self, Way { proxy: None, tunnel: None, source: None, family: None })
    }
}

impl Family {
    /// The version that an address is of.
    pub fn of_address(address: IpAddr) -> Family {
        if address.is_ipv4() { Family::V4 } else { Family::V6 }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Family::V4 => "IPv4",
            Family::V6 => "IPv6",
        })
    }
}

impl FromStr for Family {
    type Err = Error;

    /// Reads `4` or `6`; anything else is [`Kind::Usage`].
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "4" => Ok(Family::V4),
            "6" => Ok(Family::V6),
            _ => Err(Error::new(Kind::Usage, "could not understand the IP version")
                .advise(Reach::SayWhichIpVersion)),
        }
    }
}

impl fmt::Display for Proxy {
    /// Host and port, never the user.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Target::Tcp { host: self.host.clone(), port: self.port }.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy() -> Option<Proxy> {
        let (user, password) = (Some("me".to_owned()), Some(Secret::new("hunter2")));
        Some(Proxy { host: "::1".into(), port: 1080, names: Names::AtProxy, user, password })
    }

    fn tunnel() -> Option<String> {
        Some("nc %h %p".to_owned())
    }

    #[test]
    fn contradictory_options_are_refused() {
        let tcp = Target::Tcp { host: "pop.example".into(), port: 995 };
        let unix = Target::Unix("/run/pop3".into());
        let (here, there) = (Some(IpAddr::from([127, 0, 0, 1])), Some(IpAddr::from([0; 16])));
        let (v4, v6) = (Some(Family::V4), Some(Family::V6));
        let way = |proxy, tunnel, source, family| Way { proxy, tunnel, source, family };
        for (way, target) in [
            (way(proxy(), tunnel(), None, None), &tcp),
            (way(None, tunnel(), here, None), &tcp),
            (way(None, tunnel(), None, v6), &tcp),
            (way(None, None, here, v6), &tcp),
            (way(proxy(), None, None, None), &unix),
            (way(None, tunnel(), None, None), &unix),
            (way(None, None, there, None), &unix),
            (way(None, None, None, v4), &unix),
        ] {
            let error = way.check(target).expect_err("a contradiction");
            assert_eq!(error.kind(), Kind::Usage);
            assert!(error.advice().is_some(), "{error}");
        }
        for way in [
            Way::default(),
            way(proxy(), None, here, v4),
            way(None, tunnel(), None, None),
            way(None, None, there, v6),
        ] {
            assert!(way.check(&tcp).is_ok(), "{way:?}");
        }
        assert!(Way::default().check(&unix).is_ok());
    }

    #[test]
    fn a_proxy_is_shown_without_its_user_and_never_with_its_password() {
        let proxy = proxy().expect("one");
        assert_eq!(proxy.to_string(), "[::1]:1080");
        assert!(!format!("{proxy:?}").contains("hunter2"));
    }
}
