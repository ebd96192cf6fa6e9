//! SOCKS5 (RFC 1928) with user and password (RFC 1929): asks a proxy to connect us, over a connection to the
//! proxy that is already open.
//!
//! Written here, because the existing crates have no time limit for a proxy's answer. It reads exactly the
//! octets of each answer, so that memory is bounded, and what the server sends after them is untouched.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::IpAddr;

use zeroize::Zeroizing;

use super::Proxy;
use super::wire::Wire;
use crate::advice::Reach;
use crate::error::{Error, Kind, Result};

const VERSION: u8 = 5;
const WITHOUT_SIGN_IN: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const NO_METHOD: u8 = 0xff;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// An error at the proxy; the context names the proxy and the server.
#[derive(Debug)]
pub(super) enum SocksError {
    /// The connection to the proxy failed: `TimedOut`, or the proxy closed it.
    Connection(io::Error),
    /// The proxy's answer, and what can be done about it.
    Refused(String, Option<Reach>),
}

impl From<io::Error> for SocksError {
    fn from(error: io::Error) -> SocksError {
        match error.kind() {
            ErrorKind::WouldBlock => SocksError::Connection(ErrorKind::TimedOut.into()),
            ErrorKind::UnexpectedEof => refused("the proxy hung up", Some(Reach::CheckThatItIsSocks5)),
            _ => SocksError::Connection(error),
        }
    }
}

impl fmt::Display for SocksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SocksError::Connection(error) => error.fmt(f),
            SocksError::Refused(words, _) => f.write_str(words),
        }
    }
}

fn refused(words: impl Into<String>, advice: Option<Reach>) -> SocksError {
    SocksError::Refused(words.into(), advice)
}

/// Signs in to the proxy and lets it connect to `host` (a name that it resolves, or an address) and
/// `port`. The wire's deadline limits all of it.
pub(super) fn connect(wire: &mut Wire, proxy: &Proxy, host: &str, port: u16) -> Result<(), SocksError> {
    let methods: &[u8] = match proxy.user {
        Some(_) => &[WITHOUT_SIGN_IN, USER_AND_PASSWORD],
        None => &[WITHOUT_SIGN_IN],
    };
    let request = request(host, port).map_err(|error| refused(error.to_string(), None))?;
    wire.write_all(&[&[VERSION, methods.len() as u8], methods].concat())?;
    let [version, method] = answer(wire)?;
    match (version, method) {
        (VERSION, WITHOUT_SIGN_IN) => {}
        (VERSION, USER_AND_PASSWORD) if proxy.user.is_some() => sign_in(wire, proxy)?,
        (VERSION, NO_METHOD) if proxy.user.is_none() => {
            return Err(refused("the proxy requires a user name and a password", Some(Reach::GiveProxyUser)));
        }
        (VERSION, NO_METHOD) => {
            return Err(refused(
                "the proxy accepts neither anonymous access nor a user name and password",
                None,
            ));
        }
        _ => return Err(refused("the answer is not SOCKS5", Some(Reach::CheckThatItIsSocks5))),
    }
    wire.write_all(&request)?;
    let [version, code, _, kind] = answer(wire)?;
    if version != VERSION {
        return Err(refused("the answer is not SOCKS5", Some(Reach::CheckThatItIsSocks5)));
    }
    if code != 0 {
        return Err(refusal(code));
    }
    // The address that the proxy connects from, which is not used.
    let length = match kind {
        IPV4 => 4,
        IPV6 => 16,
        NAME => {
            let [length] = answer(wire)?;
            usize::from(length)
        }
        _ => return Err(refused("the proxy's answer makes no sense", Some(Reach::CheckThatItIsSocks5))),
    };
    let mut bound = [0; 255 + 2];
    wire.read_exact(&mut bound[..length + 2])?;
    Ok(())
}

fn answer<const N: usize>(wire: &mut Wire) -> Result<[u8; N], SocksError> {
    let mut octets = [0; N];
    wire.read_exact(&mut octets)?;
    Ok(octets)
}

/// RFC 1929. The version in the answer is ignored: some proxies repeat the 5 of RFC 1928 there.
fn sign_in(wire: &mut Wire, proxy: &Proxy) -> Result<(), SocksError> {
    let user = proxy.user.as_deref().unwrap_or_default().as_bytes();
    let password = proxy.password.as_ref().map(|password| password.expose()).unwrap_or_default();
    let (Ok(user_length), Ok(password_length)) = (u8::try_from(user.len()), u8::try_from(password.len()))
    else {
        return Err(refused(
            "the user name and the password for a proxy may have at most 255 octets each",
            None,
        ));
    };
    let parts: [&[u8]; 4] = [&[1, user_length], user, &[password_length], password];
    wire.write_all(&Zeroizing::new(parts.concat()))?;
    match answer(wire)? {
        [_, 0] => Ok(()),
        _ if password.is_empty() => {
            Err(refused("the proxy refused the user without a password", Some(Reach::GiveProxyPassword)))
        }
        _ => Err(refused("the proxy refused user and password", Some(Reach::CheckProxyUser))),
    }
}

/// RFC 1928 section 4.
fn request(host: &str, port: u16) -> Result<Vec<u8>> {
    let mut request = vec![VERSION, CONNECT, 0];
    match host.parse() {
        Ok(IpAddr::V4(address)) => {
            request.push(IPV4);
            request.extend(address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            request.push(IPV6);
            request.extend(address.octets());
        }
        Err(_) => {
            let length = u8::try_from(host.len())
                .map_err(|_| Error::new(Kind::Usage, "a host name cannot be longer than 255 octets"))?;
            request.extend([NAME, length]);
            request.extend(host.as_bytes());
        }
    }
    request.extend(port.to_be_bytes());
    Ok(request)
}

/// The codes of RFC 1928 section 6.
fn refusal(code: u8) -> SocksError {
    match code {
        // The answer of microsocks for a name that it cannot resolve, and of others for anything.
        1 => refused("the proxy could not connect, and does not say why", Some(Reach::CheckSpellingForProxy)),
        2 => refused("the proxy's rules do not allow it", Some(Reach::AskProxyOwner)),
        3 => refused("the proxy cannot reach the server's network", None),
        4 => refused("the proxy cannot reach the host, or does not know its name", Some(Reach::ResolveHere)),
        5 => refused("the server refused the proxy's connection", Some(Reach::CheckPort)),
        6 => refused("the proxy's connection did not get through in time", None),
        7 => refused("the proxy does not support outgoing connections", None),
        8 => refused("the proxy does not know that kind of address", Some(Reach::TryOtherKindOfAddress)),
        code => refused(format!("the proxy refused with an unknown code, {code}"), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Secret;
    use crate::transport::{Names, wire::deadline_after};
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    fn proxy(user: Option<&str>) -> Proxy {
        Proxy {
            host: "p".into(),
            port: 1080,
            names: Names::AtProxy,
            user: user.map(Into::into),
            password: user.map(|_| Secret::new("hunter2")),
        }
    }

    /// Sends a request to a proxy that sends `says` at once; returns what it received, and what was left to
    /// read.
    fn asked(user: Option<&str>, host: &str, says: &[u8]) -> (Result<(), SocksError>, Vec<u8>, Vec<u8>) {
        let (near, mut far) = UnixStream::pair().expect("a pair");
        far.write_all(says).expect("room");
        far.shutdown(std::net::Shutdown::Write).expect("open");
        let mut wire = Wire::new(Box::new(near), crate::sys::Stop::new());
        wire.set_deadline(deadline_after(Duration::from_secs(5)));
        let outcome = connect(&mut wire, &proxy(user), host, 995);
        let (mut left, mut heard) = (Vec::new(), Vec::new());
        wire.read_to_end(&mut left).expect("the rest");
        drop(wire);
        far.read_to_end(&mut heard).expect("all");
        (outcome, heard, left)
    }

    #[test]
    fn requests_names_and_addresses_and_leaves_following_data() {
        for (host, address, bound) in [
            ("pop.example", &b"\x03\x0bpop.example"[..], &b"\x01\0\0\0\0\0\0"[..]),
            ("192.0.2.1", b"\x01\xc0\0\x02\x01", b"\x03\x02ab\0\x01"),
            ("::1", b"\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", b"\x04abcdefghijklmnop\0\0"),
        ] {
            let says = [b"\x05\0", &b"\x05\0\0"[..], bound, b"+OK hi\r\n"].concat();
            let (outcome, heard, left) = asked(None, host, &says);
            outcome.expect(host);
            assert_eq!(heard, [b"\x05\x01\0", &b"\x05\x01\0"[..], address, b"\x03\xe3"].concat());
            assert_eq!(left, b"+OK hi\r\n");
        }
    }

    #[test]
    fn signs_in_if_the_proxy_requires_it() {
        let (outcome, heard, _) = asked(Some("me"), "h", b"\x05\x02\x01\0\x05\0\0\x01\0\0\0\0\0\0");
        outcome.expect("signed in");
        assert!(heard.starts_with(b"\x05\x02\0\x02\x01\x02me\x07hunter2\x05\x01\0\x03"), "{heard:?}");
        let (outcome, heard, _) = asked(Some("me"), "h", b"\x05\0\x05\0\0\x01\0\0\0\0\0\0");
        outcome.expect("anybody may");
        assert!(!heard.windows(7).any(|part| part == b"hunter2"), "sent although not requested");
    }

    #[test]
    fn every_refusal_has_its_message() {
        let refused = |user, says: &[u8]| asked(user, "h", says).0.expect_err("refused").to_string();
        for (code, words) in [
            (1, "does not say why"),
            (2, "rules do not allow"),
            (3, "network"),
            (4, "cannot reach the host"),
            (5, "refused the proxy's connection"),
            (6, "in time"),
            (7, "support outgoing"),
            (8, "kind of address"),
            (99, "unknown code, 99"),
        ] {
            let told = refused(None, &[5, 0, 5, code, 0, 1, 0, 0, 0, 0, 0, 0]);
            assert!(told.contains(words), "{code}: {told}");
        }
        for (user, says, words) in [
            (None, &b"\x05\xff"[..], "requires a user"),
            (Some("me"), b"\x05\xff", "accepts neither"),
            (Some("me"), b"\x05\x02\x01\x01", "refused user and password"),
            (None, b"\x05\x02\x01\0", "not SOCKS5"),
            (None, b"\x04\0", "not SOCKS5"),
            (None, b"HTTP/1.1 400 Bad Request\r\n\r\n", "not SOCKS5"),
            (None, b"+OK POP3 ready\r\n", "not SOCKS5"),
            (None, b"\x05\0\x04\0\0\x01", "not SOCKS5"),
            (None, b"\x05\0\x05\0\0\x07", "no sense"),
            (None, b"", "hung up"),
            (None, b"\x05", "hung up"),
            (None, b"\x05\0\x05\0\0\x03\xffabc", "hung up"),
        ] {
            let told = refused(user, says);
            assert!(told.contains(words) && !told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn values_too_long_for_the_protocol_are_refused_before_sending() {
        let (outcome, heard, _) = asked(None, &"x".repeat(256), b"\x05\0");
        assert!(outcome.expect_err("too long").to_string().contains("255"));
        assert_eq!(heard, b"");
        let (outcome, ..) = asked(Some(&"x".repeat(256)), "h", b"\x05\x02");
        assert!(outcome.expect_err("too long").to_string().contains("255"));
    }
}
