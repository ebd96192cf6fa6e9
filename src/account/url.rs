//! The URL of a maildrop: `pop3s://me@pop.example.com`, `pop3://host:1110`, `pop3+unix:///run/pop3.sock`.
//! The scheme says how the connection is encrypted; the ports are those of RFC 1939 (110) and RFC 8314 (995).
//! It never contains a password.

use std::borrow::Cow;
use std::fmt;
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::percent_decode_str;

use crate::advice::Settings;
use crate::error::{Error, Kind};
use crate::transport::{Security, Target};

/// A parsed `--server` URL.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl {
    user: Option<String>,
    target: Target,
    security: Security,
    port_given: bool,
}

impl fmt::Display for ServerUrl {
    /// Without the user name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match (&self.target, self.security) {
            (Target::Unix(_), _) => "pop3+unix",
            (_, Security::Implicit) => "pop3s",
            (_, Security::Stls | Security::None) => "pop3",
        };
        write!(f, "{scheme}://{}", self.target)
    }
}

impl ServerUrl {
    /// The user name before the `@`, percent-decoded.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// What to connect to.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// How the connection is encrypted, from the scheme.
    pub fn security(&self) -> Security {
        self.security
    }

    /// The same server, encrypted as `tls` says, if it says anything.
    #[must_use]
    pub(super) fn overlaid_by(self, tls: Option<Security>) -> ServerUrl {
        match tls {
            Some(security) => self.with_security(security),
            None => self,
        }
    }

    /// Whether the two lead to one host and port, or to one socket.
    pub(super) fn is_same_server(&self, other: &ServerUrl) -> bool {
        match (&self.target, &other.target) {
            (Target::Tcp { host, port }, Target::Tcp { host: other, port: other_port }) => {
                port == other_port && host.eq_ignore_ascii_case(other)
            }
            (one, other) => one == other,
        }
    }

    /// The same server with another encryption (`--tls`), and its usual port unless the URL names one.
    #[must_use]
    pub fn with_security(mut self, security: Security) -> ServerUrl {
        self.security = security;
        if let (Target::Tcp { port, .. }, false) = (&mut self.target, self.port_given) {
            *port = usual_port(security);
        }
        self
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerUrl({:?}, {}, {:?})", self.user, self.target, self.security)
    }
}

fn usual_port(security: Security) -> u16 {
    if security == Security::Implicit { 995 } else { 110 }
}

impl FromStr for ServerUrl {
    type Err = Error;

    /// Errors never repeat the text, since it may contain a password.
    fn from_str(text: &str) -> Result<ServerUrl, Error> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(wrong("the server has no scheme").advise(match host_and_port(text) {
                Ok((host, _)) if host.contains(':') => Settings::SchemeForHost(format!("[{host}]")),
                Ok((host, _)) => Settings::SchemeForHost(host),
                Err(_) => Settings::ServerForm,
            }));
        };
        let security = match scheme.to_ascii_lowercase().as_str() {
            "pop3s" => Security::Implicit,
            "pop3" => Security::Stls,
            "pop3+unix" => Security::None,
            unknown => {
                // A scheme is no secret.
                let looks_like_one =
                    unknown.len() <= 12 && unknown.bytes().all(|byte| byte.is_ascii_alphabetic());
                let name = if looks_like_one { format!("{unknown} ") } else { String::new() };
                return Err(
                    wrong(format!("the server's scheme {name}is unknown")).advise(Settings::ServerSchemes)
                );
            }
        };
        // The last @: user names are often addresses whose @ is not escaped.
        let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (user, place) = match rest[..authority_end].rfind('@') {
            Some(at) => (Some(user_name(&rest[..at])?), &rest[at + 1..]),
            None => (None, rest),
        };
        if scheme.eq_ignore_ascii_case("pop3+unix") {
            let path = decode(place).ok_or_else(|| wrong("the socket's path is wrongly escaped"))?;
            if !path.starts_with('/') || path.contains('\0') {
                return Err(wrong("the socket has no path from the root on").advise(Settings::SocketForm));
            }
            let target = Target::Unix(PathBuf::from(path));
            return Ok(ServerUrl { user, target, security, port_given: true });
        }
        let (host, port) = host_and_port(place.strip_suffix('/').unwrap_or(place))?;
        let port_given = port.is_some();
        let target = Target::Tcp { host, port: port.unwrap_or(usual_port(security)) };
        Ok(ServerUrl { user, target, security, port_given })
    }
}

fn wrong(what: impl Into<String>) -> Error {
    Error::new(Kind::Usage, what)
}

fn user_name(text: &str) -> Result<String, Error> {
    if text.contains(':') {
        return Err(wrong("a password does not belong in a URL, where every process may read it")
            .advise(Settings::PasswordInUrl { in_file: false }));
    }
    match decode(text) {
        Some(user) if !user.is_empty() && !user.contains(char::is_control) => Ok(user),
        _ => Err(wrong("the user name before the @ is empty or wrongly escaped")
            .advise(Settings::UserInUrl { in_file: false })),
    }
}

/// `host`, `host:port`, or the same with an IPv6 address in brackets, which are removed.
pub(super) fn host_and_port(text: &str) -> Result<(String, Option<u16>), Error> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (address, after) =
            rest.split_once(']').ok_or_else(|| wrong("the IPv6 address has no closing bracket"))?;
        // A zone is %25eth0 in a URL (RFC 6874), %eth0 for the resolver.
        let address = address.replacen("%25", "%", 1);
        let (digits, zone) = address.split_once('%').unwrap_or((&address, "0"));
        if digits.parse::<Ipv6Addr>().is_err() || !is_host(zone) {
            return Err(wrong("the text in brackets is not an IPv6 address"));
        }
        match after.strip_prefix(':') {
            Some(port) => (address, Some(port)),
            None if after.is_empty() => (address, None),
            None => return Err(wrong("only a port may follow the IPv6 address")),
        }
    } else {
        let (host, port) = match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        };
        if port.is_some_and(|port| port.contains(':')) {
            return Err(wrong("the server has several colons").advise(Settings::Ipv6Brackets));
        }
        if !host.is_ascii() {
            return Err(wrong("the host's name is not ASCII").advise(Settings::AsciiHost));
        }
        if !is_host(host) {
            return Err(wrong("the server has no proper host name").advise(Settings::ServerForm));
        }
        (host.to_owned(), port)
    };
    let port = match port.map(str::parse::<u16>) {
        None => None,
        Some(Ok(port)) if port > 0 => Some(port),
        Some(_) => return Err(wrong("the port is not a number from 1 to 65535")),
    };
    Ok((host, port))
}

/// The most characters of a host's name (RFC 1035 section 2.3.4), written with a dot at its end.
const LONGEST_HOST: usize = 254;

fn is_host(text: &str) -> bool {
    (1..=LONGEST_HOST).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

/// Decodes percent-encoding; `None` for an invalid escape, which the crate would leave as it is, or for bytes that
/// are not UTF-8.
pub(super) fn decode(text: &str) -> Option<String> {
    let is_escape = |(at, _): (usize, &str)| {
        let digits = text.as_bytes().get(at + 1..at + 3);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if !text.match_indices('%').all(is_escape) {
        return None;
    }
    percent_decode_str(text).decode_utf8().ok().map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str, port: u16) -> Target {
        Target::Tcp { host: host.to_owned(), port }
    }

    #[test]
    fn reads_every_form() {
        use Security::{Implicit, None as Clear, Stls};
        for (text, user, target, security) in [
            ("pop3s://pop.example.com", None, tcp("pop.example.com", 995), Implicit),
            ("pop3://pop.example.com", None, tcp("pop.example.com", 110), Stls),
            ("POP3S://Pop.Example.Com/", None, tcp("Pop.Example.Com", 995), Implicit),
            ("pop3://me@host:1110", Some("me"), tcp("host", 1110), Stls),
            ("pop3s://me%40example.com@host", Some("me@example.com"), tcp("host", 995), Implicit),
            ("pop3s://me@example.com@host", Some("me@example.com"), tcp("host", 995), Implicit),
            ("pop3s://j%C3%BCrgen%3A%25@host", Some("jürgen:%"), tcp("host", 995), Implicit),
            ("pop3s://127.0.0.1:9950", None, tcp("127.0.0.1", 9950), Implicit),
            ("pop3s://[::1]", None, tcp("::1", 995), Implicit),
            ("pop3://me@[2001:db8::1]:1110/", Some("me"), tcp("2001:db8::1", 1110), Stls),
            ("pop3://[fe80::1%25eth0]", None, tcp("fe80::1%eth0", 110), Stls),
            ("pop3+unix:///run/pop3.sock", None, Target::Unix("/run/pop3.sock".into()), Clear),
            ("pop3+unix://me@/run/a%20b@c", Some("me"), Target::Unix("/run/a b@c".into()), Clear),
        ] {
            let url: ServerUrl = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((url.user(), url.target(), url.security()), (user, &target, security), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_server_and_says_why() {
        for (text, why) in [
            ("", "no scheme"),
            ("pop.example.com", "no scheme"),
            ("https://host", "scheme https is unknown"),
            ("imaps://host", "scheme imaps is unknown"),
            ("pop3s://", "no proper host"),
            ("pop3s:///path", "no proper host"),
            ("pop3s://host/folder", "no proper host"),
            ("pop3s://host?x=1", "no proper host"),
            ("pop3s://ho st", "no proper host"),
            ("pop3s://host:", "port"),
            ("pop3s://host:0", "port"),
            ("pop3s://host:65536", "port"),
            ("pop3s://host:pop", "port"),
            ("pop3s://::1", "several colons"),
            ("pop3s://[::1", "bracket"),
            ("pop3s://[host]", "IPv6"),
            ("pop3s://[::1]995", "only a port"),
            ("pop3s://@host", "user name"),
            ("pop3s://a%4@host", "user name"),
            ("pop3s://a%0d%0ab@host", "user name"),
            ("pop3s://%ff@host", "user name"),
            ("pop3s://bücher.example", "not ASCII"),
            ("pop3+unix://relative", "no path"),
            ("pop3+unix://", "no path"),
        ] {
            let error = text.parse::<ServerUrl>().expect_err(text);
            assert!(error.to_string().contains(why), "{text}: {error}");
            assert_eq!(error.kind(), Kind::Usage);
        }
    }

    #[test]
    fn a_password_in_it_is_refused_and_not_repeated() {
        for text in ["pop3s://me:hunter2@host", "pop3s://me:@host", "pop3+unix://me:hunter2@/sock"] {
            let error = text.parse::<ServerUrl>().expect_err(text);
            assert_eq!(error.advice(), Some(&Settings::PasswordInUrl { in_file: false }.into()));
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
    }

    #[test]
    fn a_bare_host_is_led_to_the_two_schemes() {
        for (text, host) in [("pop.example.com:995", "pop.example.com"), ("[::1]:995", "[::1]")] {
            let error = text.parse::<ServerUrl>().expect_err("no scheme");
            assert_eq!(error.advice(), Some(&Settings::SchemeForHost(host.to_owned()).into()));
        }
    }

    #[test]
    fn what_is_no_url_is_led_to_its_form() {
        for (text, advice) in [
            ("me@pop.example.com", Settings::ServerForm),
            ("pop3s://", Settings::ServerForm),
            ("imaps://host", Settings::ServerSchemes),
            ("pop3+unix://relative", Settings::SocketForm),
            ("pop3s://a%4@host", Settings::UserInUrl { in_file: false }),
            ("pop3s://::1", Settings::Ipv6Brackets),
            ("pop3s://bücher.example", Settings::AsciiHost),
        ] {
            let error = text.parse::<ServerUrl>().expect_err(text);
            assert_eq!(error.advice(), Some(&advice.into()), "{text}");
        }
    }

    #[test]
    fn the_port_follows_the_encryption_unless_it_was_named() {
        let url = |text: &str| text.parse::<ServerUrl>().expect(text);
        assert_eq!(url("pop3://h").with_security(Security::Implicit).target(), &tcp("h", 995));
        assert_eq!(url("pop3s://h").with_security(Security::None).target(), &tcp("h", 110));
        assert_eq!(url("pop3s://h:995").with_security(Security::Stls).target(), &tcp("h", 995));
    }

    #[test]
    fn a_server_is_its_host_and_port() {
        let url = |text: &str| text.parse::<ServerUrl>().expect(text);
        for (one, other, is_same) in [
            ("pop3s://me@h", "pop3s://you@H:995", true),
            ("pop3s://h", "pop3://h:995", true),
            ("pop3s://h", "pop3://h", false),
            ("pop3s://h", "pop3s://h2", false),
            ("pop3+unix:///a", "pop3+unix:///a", true),
            ("pop3+unix:///a", "pop3+unix:///A", false),
            ("pop3+unix:///a", "pop3s://a", false),
        ] {
            assert_eq!(url(one).is_same_server(&url(other)), is_same, "{one} {other}");
        }
    }
}
