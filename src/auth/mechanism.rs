//! The mechanisms, their names and their order of choice.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Kind, Result};

/// A way to sign in; the order is that of choice, the strongest least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mechanism {
    /// SASL CRAM-MD5 (RFC 2195): the password stays here; what leaves is a keyed digest.
    CramMd5,
    /// APOP (RFC 1939 section 7): the password stays here; the digest is a weaker one.
    Apop,
    /// SASL PLAIN (RFC 4616): the password itself, in any encoding.
    Plain,
    /// SASL LOGIN (never standardised): the password itself.
    Login,
    /// USER and PASS (RFC 1939 section 7): the password itself, as the argument of a command.
    User,
}

/// What the server offers.
#[derive(Debug, Clone, Copy)]
pub struct Offer<'a> {
    /// The names of its SASL mechanisms (RFC 5034 section 3), in upper case.
    pub sasl: &'a [Vec<u8>],
    /// Whether its greeting bears a timestamp (RFC 1939 section 7).
    pub apop: bool,
    /// Whether it announces USER, or has no CAPA to announce anything with.
    pub user: bool,
}

impl Mechanism {
    /// All of them, the strongest first.
    pub const ALL: [Mechanism; 5] =
        [Mechanism::CramMd5, Mechanism::Apop, Mechanism::Plain, Mechanism::Login, Mechanism::User];

    /// Its name in `AUTH`; `None` for APOP and USER/PASS, which have commands of their own.
    pub fn sasl_name(self) -> Option<&'static str> {
        match self {
            Mechanism::CramMd5 => Some("CRAM-MD5"),
            Mechanism::Plain => Some("PLAIN"),
            Mechanism::Login => Some("LOGIN"),
            Mechanism::Apop | Mechanism::User => None,
        }
    }

    /// Whether the password itself goes over the line.
    pub fn sends_the_password(self) -> bool {
        matches!(self, Mechanism::Plain | Mechanism::Login | Mechanism::User)
    }

    fn is_offered(self, offer: &Offer) -> bool {
        match self.sasl_name() {
            Some(name) => offer.sasl.iter().any(|offered| offered == name.as_bytes()),
            None if self == Mechanism::Apop => offer.apop,
            None => offer.user,
        }
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mechanism::CramMd5 => "cram-md5",
            Mechanism::Apop => "apop",
            Mechanism::Plain => "plain",
            Mechanism::Login => "login",
            Mechanism::User => "user",
        })
    }
}

impl FromStr for Mechanism {
    type Err = Error;

    /// Reads the names as they are displayed; anything else is [`Kind::Usage`].
    fn from_str(text: &str) -> Result<Self> {
        Mechanism::ALL.into_iter().find(|mechanism| mechanism.to_string() == text).ok_or_else(|| {
            let known = Mechanism::ALL.map(|mechanism| mechanism.to_string()).join(", ");
            Error::new(Kind::Usage, format!("could not find a way to sign in named `{text}`"))
                .hint(format!("the known ones are {known}"))
        })
    }
}

/// What to try, in this order. A mechanism that the user `wanted` is tried alone, and even if the
/// server does not announce it (servers forget to); without a timestamp there is no APOP, though.
///
/// # Errors
/// [`Kind::SignIn`] when nothing is left to try.
pub fn candidates(wanted: Option<Mechanism>, offer: &Offer) -> Result<Vec<Mechanism>> {
    match wanted {
        Some(Mechanism::Apop) if !offer.apop => Err(Error::new(Kind::SignIn, "could not sign in with apop")
            .because("the server's greeting has no timestamp for it")
            .hint("leave --auth out, or name another mechanism")),
        Some(wanted) => Ok(vec![wanted]),
        None => {
            let offered: Vec<_> =
                Mechanism::ALL.into_iter().filter(|mechanism| mechanism.is_offered(offer)).collect();
            if offered.is_empty() { Err(nothing_in_common(offer)) } else { Ok(offered) }
        }
    }
}

fn nothing_in_common(offer: &Offer) -> Error {
    /// Enough to see what kind of server it is.
    const SHOWN: usize = 10;

    // Names are the server's bytes: RFC 4422 section 3.1 allows only these in them.
    let is_name = |name: &&Vec<u8>| {
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=20).contains(&name.len()) && name.iter().all(allowed)
    };
    let names = offer.sasl.iter().filter(is_name).take(SHOWN);
    let names: Vec<_> = names.map(|name| String::from_utf8_lossy(name)).collect();
    let cause = match names.as_slice() {
        [] => "the server offers no way to sign in".to_owned(),
        names => format!("the server offers only ways that are not known here: {}", names.join(" ")),
    };
    Error::new(Kind::SignIn, "could not sign in")
        .because(cause)
        .hint("servers often offer more once the line is encrypted (--tls stls); --auth NAME tries a mechanism that is not offered")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;

    fn sasl(names: &[&str]) -> Vec<Vec<u8>> {
        names.iter().map(|name| name.as_bytes().to_vec()).collect()
    }

    #[test]
    fn the_strongest_offered_comes_first() {
        use Mechanism::*;
        let table: [(&[&str], bool, bool, &[Mechanism]); 5] = [
            (&["LOGIN", "PLAIN", "CRAM-MD5"], true, true, &[CramMd5, Apop, Plain, Login, User]),
            (&["PLAIN", "XOAUTH2"], false, true, &[Plain, User]),
            (&["LOGIN"], true, false, &[Apop, Login]),
            (&[], false, true, &[User]),
            (&["SCRAM-SHA-256"], true, false, &[Apop]),
        ];
        for (names, apop, user, expected) in table {
            let sasl = sasl(names);
            assert_eq!(candidates(None, &Offer { sasl: &sasl, apop, user }).unwrap(), expected, "{names:?}");
        }
    }

    #[test]
    fn the_order_of_choice_is_the_order_of_the_type() {
        assert!(Mechanism::ALL.is_sorted());
        let sending = Mechanism::ALL.map(Mechanism::sends_the_password);
        assert_eq!(sending, [false, false, true, true, true]);
    }

    #[test]
    fn what_is_wanted_is_tried_alone_even_when_not_announced() {
        let everything = sasl(&["CRAM-MD5", "PLAIN"]);
        let rich = Offer { sasl: &everything, apop: true, user: true };
        let poor = Offer { sasl: &[], apop: true, user: false };
        for wanted in Mechanism::ALL {
            assert_eq!(candidates(Some(wanted), &rich).unwrap(), [wanted]);
            assert_eq!(candidates(Some(wanted), &poor).unwrap(), [wanted]);
        }
    }

    #[test]
    fn apop_without_a_timestamp_is_an_error() {
        let error =
            candidates(Some(Mechanism::Apop), &Offer { sasl: &[], apop: false, user: true }).unwrap_err();
        assert_eq!(error.kind(), Kind::SignIn);
        assert_eq!(error.to_string(), "could not sign in with apop");
    }

    #[test]
    fn nothing_in_common_names_what_is_offered_and_no_control_characters() {
        let names = sasl(&["GSSAPI", "\x1b[2J", "NTLM"]);
        let error = candidates(None, &Offer { sasl: &names, apop: false, user: false }).unwrap_err();
        assert_eq!(error.kind(), Kind::SignIn);
        let cause = error.source().unwrap().to_string();
        assert_eq!(cause, "the server offers only ways that are not known here: GSSAPI NTLM");
        let error = candidates(None, &Offer { sasl: &[], apop: false, user: false }).unwrap_err();
        assert_eq!(error.source().unwrap().to_string(), "the server offers no way to sign in");
    }

    #[test]
    fn every_name_reads_back_as_it_is_shown() {
        for mechanism in Mechanism::ALL {
            assert_eq!(mechanism.to_string().parse::<Mechanism>().unwrap(), mechanism);
        }
        let error = "cram_md5".parse::<Mechanism>().unwrap_err();
        assert_eq!(error.kind(), Kind::Usage);
        assert_eq!(error.own_hint(), Some("the known ones are cram-md5, apop, plain, login, user"));
    }
}
