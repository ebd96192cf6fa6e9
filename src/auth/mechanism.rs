//! The mechanisms and their names.

use std::fmt;
use std::str::FromStr;

use super::Proof;
use crate::advice::SignIn;
use crate::error::{Error, Kind, Result};
use crate::quote;

/// A mechanism; they are ordered by preference, the strongest one last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mechanism {
    /// SASL OAUTHBEARER (RFC 7628): an OAuth access token.
    OAuthBearer,
    /// SASL XOAUTH2 (Google's and Microsoft's forerunner of OAUTHBEARER): an OAuth access token.
    XOAuth2,
    /// SASL EXTERNAL (RFC 4422 appendix A): the client certificate of the TLS connection.
    External,
    /// SASL SCRAM-SHA-256-PLUS (RFC 7677): with channel binding, so that an attacker in the middle cannot use
    /// it.
    ScramSha256Plus,
    /// SASL SCRAM-SHA-1-PLUS (RFC 5802).
    ScramSha1Plus,
    /// SASL SCRAM-SHA-256 (RFC 7677): both sides prove that they know the password, and neither sends it.
    ScramSha256,
    /// SASL SCRAM-SHA-1 (RFC 5802).
    ScramSha1,
    /// SASL CRAM-MD5 (RFC 2195): sends a keyed digest instead of the password.
    CramMd5,
    /// APOP (RFC 1939 section 7): sends a weaker digest instead of the password.
    Apop,
    /// SASL PLAIN (RFC 4616): the password itself, in any encoding.
    Plain,
    /// SASL LOGIN (never standardised): the password itself.
    Login,
    /// USER and PASS (RFC 1939 section 7): the password itself, as the argument of a command.
    User,
}

impl Mechanism {
    /// All of them, the strongest first.
    pub const ALL: [Mechanism; 12] = [
        Mechanism::OAuthBearer,
        Mechanism::XOAuth2,
        Mechanism::External,
        Mechanism::ScramSha256Plus,
        Mechanism::ScramSha1Plus,
        Mechanism::ScramSha256,
        Mechanism::ScramSha1,
        Mechanism::CramMd5,
        Mechanism::Apop,
        Mechanism::Plain,
        Mechanism::Login,
        Mechanism::User,
    ];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Mechanism::OAuthBearer => "oauthbearer",
            Mechanism::XOAuth2 => "xoauth2",
            Mechanism::External => "external",
            Mechanism::ScramSha256Plus => "scram-sha-256-plus",
            Mechanism::ScramSha1Plus => "scram-sha-1-plus",
            Mechanism::ScramSha256 => "scram-sha-256",
            Mechanism::ScramSha1 => "scram-sha-1",
            Mechanism::CramMd5 => "cram-md5",
            Mechanism::Apop => "apop",
            Mechanism::Plain => "plain",
            Mechanism::Login => "login",
            Mechanism::User => "user",
        }
    }

    /// Its name in `AUTH`; `None` for APOP and USER/PASS, which have commands of their own.
    pub const fn sasl_name(self) -> Option<&'static str> {
        match self {
            Mechanism::OAuthBearer => Some("OAUTHBEARER"),
            Mechanism::XOAuth2 => Some("XOAUTH2"),
            Mechanism::External => Some("EXTERNAL"),
            Mechanism::ScramSha256Plus => Some("SCRAM-SHA-256-PLUS"),
            Mechanism::ScramSha1Plus => Some("SCRAM-SHA-1-PLUS"),
            Mechanism::ScramSha256 => Some("SCRAM-SHA-256"),
            Mechanism::ScramSha1 => Some("SCRAM-SHA-1"),
            Mechanism::CramMd5 => Some("CRAM-MD5"),
            Mechanism::Plain => Some("PLAIN"),
            Mechanism::Login => Some("LOGIN"),
            Mechanism::Apop | Mechanism::User => None,
        }
    }

    /// Whether the password itself is sent.
    pub fn sends_the_password(self) -> bool {
        matches!(self, Mechanism::Plain | Mechanism::Login | Mechanism::User)
    }

    /// Whether it uses channel binding (RFC 5802 section 6).
    pub fn is_bound(self) -> bool {
        matches!(self, Mechanism::ScramSha256Plus | Mechanism::ScramSha1Plus)
    }

    /// Its variant with channel binding, if it has one besides itself.
    pub fn bound(self) -> Option<Mechanism> {
        match self {
            Mechanism::ScramSha256 => Some(Mechanism::ScramSha256Plus),
            Mechanism::ScramSha1 => Some(Mechanism::ScramSha1Plus),
            _ => None,
        }
    }

    /// Whether it takes an OAuth token.
    pub fn takes_tokens(self) -> bool {
        matches!(self, Mechanism::OAuthBearer | Mechanism::XOAuth2)
    }

    /// Whether it takes that kind of credentials.
    pub fn takes(self, proof: &Proof) -> bool {
        match self {
            token if token.takes_tokens() => matches!(proof, Proof::Token(_)),
            Mechanism::External => matches!(proof, Proof::Certificate),
            _ => matches!(proof, Proof::Password(_)),
        }
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Mechanism {
    type Err = Error;

    /// Reads the names as they are displayed; anything else is [`Kind::Usage`].
    fn from_str(text: &str) -> Result<Self> {
        Mechanism::ALL.into_iter().find(|mechanism| mechanism.name() == text).ok_or_else(|| {
            let known = Mechanism::ALL.map(|mechanism| mechanism.name().to_owned()).to_vec();
            Error::new(Kind::Usage, format!("could not find a mechanism named `{}`", quote::short(text)))
                .advise(SignIn::NoSuchMechanism { known })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Secret;

    #[test]
    fn the_order_of_choice_is_the_order_of_the_type() {
        assert!(Mechanism::ALL.is_sorted());
        let sending = Mechanism::ALL.into_iter().filter(|mechanism| mechanism.sends_the_password());
        assert_eq!(sending.collect::<Vec<_>>(), Mechanism::ALL[9..], "those that show it come last");
    }

    #[test]
    fn each_takes_one_kind_of_proof() {
        let proofs = [Proof::Password(Secret::new("p")), Proof::Token(Secret::new("t")), Proof::Certificate];
        for mechanism in Mechanism::ALL {
            let taken = proofs.iter().filter(|proof| mechanism.takes(proof)).count();
            assert_eq!(taken, 1, "{mechanism}");
        }
    }

    #[test]
    fn what_is_bound_says_so_in_its_name() {
        for mechanism in Mechanism::ALL {
            assert_eq!(mechanism.is_bound(), mechanism.name().ends_with("-plus"), "{mechanism}");
            if let Some(bound) = mechanism.bound() {
                assert_eq!(bound.name(), format!("{mechanism}-plus"));
            }
        }
    }

    #[test]
    fn every_name_reads_back_as_it_is_shown() {
        for mechanism in Mechanism::ALL {
            assert_eq!(mechanism.to_string().parse::<Mechanism>().unwrap(), mechanism);
            if let Some(name) = mechanism.sasl_name() {
                assert_eq!(name.to_ascii_lowercase(), mechanism.name());
            }
        }
        let error = "cram_md5".parse::<Mechanism>().unwrap_err();
        assert_eq!(error.kind(), Kind::Usage);
        let known = Mechanism::ALL.map(|mechanism| mechanism.to_string()).to_vec();
        assert_eq!(error.advice(), Some(&SignIn::NoSuchMechanism { known }.into()));
    }
}
