//! The URL of a proxy: `socks5h://[user@]host[:port]`, the server's name resolved by the proxy, or
//! `socks5://…`, resolved here, as curl defines the two. Also `ALL_PROXY` and `NO_PROXY`, which name one for
//! all programs.

use super::url;
use crate::advice::Settings;
use crate::auth::Secret;
use crate::error::{Error, Kind, Result};
use crate::transport::{Names, Proxy, goes_straight};

/// The usual port (RFC 1928 section 3).
const PORT: u16 = 1080;

/// Parses a `--proxy`; `None` is `none`, a direct connection. Errors never repeat the text, since it may contain
/// a password.
///
/// # Errors
/// [`Kind::Usage`] for a text that is no URL of a proxy, for a proxy that is not SOCKS5, or for a password in it.
pub fn parse(text: &str) -> Result<Option<Proxy>> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    let proxy = read(text, Settings::ProxySchemes)?;
    if proxy.password.is_some() {
        return Err(wrong("a password does not belong in a URL, where every process may read it")
            .advise(Settings::PasswordInProxyUrl));
    }
    Ok(Some(proxy))
}

/// The proxy that `all` (the value of `ALL_PROXY`) names for `host`: none if it is an HTTP proxy, if the host
/// is this computer itself, or if `none` (the value of `NO_PROXY`, see [`goes_straight`]) lists it.
///
/// # Errors
/// [`Kind::Usage`] for a SOCKS proxy of another version, or one that cannot be parsed: to connect without it
/// may not be allowed.
pub(super) fn of_the_system(all: &str, none: &str, host: &str, port: u16) -> Result<Option<Proxy>> {
    // Desktops (GNOME) use socks:// for both versions.
    let is_socks = scheme(all).is_some_and(|(scheme, _)| scheme.starts_with("socks"));
    if !is_socks || goes_straight(none, host, port) {
        return Ok(None);
    }
    // A password is allowed here: the variable is as private as POP3_PROXY_PASSWORD.
    read(all, Settings::ProxySchemesOfSystem).map(Some)
}

fn wrong(what: impl Into<String>) -> Error {
    Error::new(Kind::Usage, what)
}

fn scheme(text: &str) -> Option<(String, &str)> {
    text.split_once("://").map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest))
}

fn names(scheme: &str) -> Option<Names> {
    match scheme {
        "socks5h" => Some(Names::AtProxy),
        "socks5" => Some(Names::Here),
        _ => None,
    }
}

/// Reads the URL; `schemes` is the advice where it is none of a SOCKS5 proxy.
fn read(text: &str, schemes: Settings) -> Result<Proxy> {
    let malformed = |what: &str| wrong(what).advise(Settings::ProxyForm);
    let (scheme, rest) = scheme(text).ok_or_else(|| malformed("the proxy has no scheme"))?;
    let names = names(&scheme).ok_or_else(|| wrong("only SOCKS5 proxies can be used").advise(schemes))?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (sign_in, place) = match rest.rfind('@') {
        Some(at) => (Some(&rest[..at]), &rest[at + 1..]),
        None => (None, rest),
    };
    let (user, password) = match sign_in.map(|text| text.split_once(':').unwrap_or((text, ""))) {
        None => (None, None),
        Some((user, password)) => {
            let escapes = || malformed("the user name before the @ is empty or wrongly escaped");
            let user = url::decode(user).filter(|user| !user.is_empty()).ok_or_else(escapes)?;
            let password = url::decode(password).ok_or_else(escapes)?;
            (Some(user), (!password.is_empty()).then(|| Secret::new(password)))
        }
    };
    let (host, port) =
        url::host_and_port(place).map_err(|_| malformed("the proxy has no proper host and port"))?;
    Ok(Proxy { host, port: port.unwrap_or(PORT), names, user, password })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(proxy: Option<Proxy>) -> (String, u16, Names, Option<String>) {
        let proxy = proxy.expect("a proxy");
        (proxy.host, proxy.port, proxy.names, proxy.user)
    }

    #[test]
    fn reads_host_port_user_and_who_resolves_names() {
        for (text, host, port, names, user) in [
            ("socks5h://proxy.example:9050", "proxy.example", 9050, Names::AtProxy, None),
            ("socks5://127.0.0.1", "127.0.0.1", 1080, Names::Here, None),
            ("SOCKS5H://[::1]:1/", "::1", 1, Names::AtProxy, None),
            ("socks5h://me%40work@h:2", "h", 2, Names::AtProxy, Some("me@work")),
        ] {
            let read = parts(parse(text).expect(text));
            assert_eq!(read, (host.to_owned(), port, names, user.map(str::to_owned)), "{text}");
        }
        assert!(parse("none").expect("a word").is_none());
    }

    #[test]
    fn a_password_in_it_and_what_is_no_socks_proxy_are_refused_without_repeating_it() {
        for (text, advice) in [
            ("socks5h://me:hunter2@h:1080", Settings::PasswordInProxyUrl),
            ("http://me:hunter2@h:3128", Settings::ProxySchemes),
            ("hunter2", Settings::ProxyForm),
            ("socks4://hunter2", Settings::ProxySchemes),
            ("socks5h://", Settings::ProxyForm),
            ("socks5h://h:hunter2", Settings::ProxyForm),
            ("socks5h://h/hunter2", Settings::ProxyForm),
            ("socks5h://@h", Settings::ProxyForm),
            ("socks5h://%zz@h", Settings::ProxyForm),
            ("socks5h://h:0", Settings::ProxyForm),
        ] {
            let error = parse(text).expect_err(text);
            assert_eq!((error.kind(), error.advice()), (Kind::Usage, Some(&advice.into())), "{text}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn the_systems_proxy_counts_for_others_than_this_computer_and_the_exceptions() {
        let used =
            |all: &str, none: &str, host: &str| of_the_system(all, none, host, 995).expect(all).is_some();
        assert!(used("socks5h://h:1", "", "pop.example.com"));
        assert!(used("socks5://h:1", "example.org, ample.com", "pop.example.com"));
        for host in ["localhost", "LOCALHOST", "127.0.0.9", "::1", "pop.localhost"] {
            assert!(!used("socks5h://h:1", "", host), "{host}");
        }
        for none in ["*", "example.com", ".example.com", "x,pop.EXAMPLE.com", "a b example.com"] {
            assert!(!used("socks5h://h:1", none, "pop.example.com"), "{none}");
        }
        for all in ["http://h:3128", "h:3128", ""] {
            assert!(!used(all, "", "pop.example.com"), "{all}");
        }
        let proxy =
            of_the_system("socks5h://me:hunter2@h", "", "pop.example.com", 995).expect("fine").expect("used");
        assert_eq!(proxy.password.expect("given").expose(), b"hunter2");
    }

    #[test]
    fn there_is_no_silent_way_past_a_socks_proxy_that_cannot_be_used() {
        for (all, advice) in [
            ("socks5h://", Settings::ProxyForm),
            ("socks://h:1080/", Settings::ProxySchemesOfSystem),
            ("SOCKS4://h:1", Settings::ProxySchemesOfSystem),
            ("socks4a://me:hunter2@h:1", Settings::ProxySchemesOfSystem),
        ] {
            let error = of_the_system(all, "", "pop.example.com", 995).expect_err(all);
            assert_eq!((error.kind(), error.advice()), (Kind::Usage, Some(&advice.into())), "{all}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{all}");
            assert!(
                of_the_system(all, "example.com", "pop.example.com", 995).expect("an exception").is_none()
            );
            assert!(of_the_system(all, "", "localhost", 995).expect("it is here").is_none());
        }
    }
}
