//! Chooses mechanisms: those that the server offers and the credentials allow, the strongest first.

use super::{Binding, Credentials, Mechanism, Proof, scram};
use crate::advice::SignIn;
use crate::error::{Error, Kind, Result};

/// What the server and the connection offer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Offer<'a> {
    /// The names of the server's SASL mechanisms (RFC 5034 section 3), in upper case; `None` where it
    /// could not be asked.
    pub sasl: Option<&'a [Vec<u8>]>,
    /// Whether its greeting contains a timestamp (RFC 1939 section 7).
    pub apop: bool,
    /// Whether it announces USER, or has no CAPA to announce anything with.
    pub user: bool,
    /// The channel binding of the TLS connection (`tls-server-end-point`, RFC 5929 section 4).
    pub end_point: Option<&'a [u8]>,
    /// Whether the server is known to announce another kind of channel binding: then ours is used only if the
    /// user requires it.
    pub binds_otherwise: bool,
    /// Whether the connection is encrypted.
    pub is_encrypted: bool,
}

impl Offer<'_> {
    /// The channel binding for an exchange of `mechanism` (RFC 5802 section 6).
    pub fn binding(&self, mechanism: Mechanism) -> Binding {
        let binds = |mechanism: Mechanism| mechanism.is_bound() && self.announces(mechanism);
        match self.end_point {
            Some(end_point) if mechanism.is_bound() => Binding::EndPoint(end_point.to_vec()),
            // "The server did not announce channel binding": if it did, and an attacker removed it from the
            // list, the server notices by this flag. Without a list there is nothing to claim.
            Some(_) if self.sasl.is_some() && !Mechanism::ALL.into_iter().any(binds) => Binding::Unoffered,
            _ => Binding::None,
        }
    }

    fn announces(&self, mechanism: Mechanism) -> bool {
        match mechanism.sasl_name() {
            Some(name) => self.sasl.unwrap_or_default().iter().any(|offered| offered == name.as_bytes()),
            None if mechanism == Mechanism::Apop => self.apop,
            None => self.user,
        }
    }

    fn can_bind(&self, mechanism: Mechanism) -> bool {
        self.end_point.is_some() && !self.binds_otherwise && self.announces(mechanism)
    }
}

/// The mechanisms to try, in this order. One that the user `wanted` is tried even if the server does not
/// announce it (some servers forget to), after its own variant with channel binding if the server has that.
/// Without a timestamp there is no APOP, though.
///
/// # Errors
/// [`Kind::SignIn`] when nothing is left to try, [`Kind::NoCredentials`] when the wanted mechanism
/// needs a proof of another kind.
pub fn candidates(
    wanted: Option<Mechanism>,
    credentials: &Credentials,
    offer: &Offer<'_>,
) -> Result<Vec<Mechanism>> {
    let Some(wanted) = wanted else { return chosen(credentials, offer) };
    if !wanted.takes(&credentials.proof) {
        return Err(wrong_proof(wanted, &credentials.proof));
    }
    let failed = || Error::new(Kind::SignIn, format!("could not sign in with {wanted}"));
    if wanted == Mechanism::Apop && !offer.apop {
        return Err(failed()
            .because("the server's greeting has no timestamp for it")
            .advise(SignIn::NameOtherMechanism));
    }
    if wanted.is_bound() && offer.end_point.is_none() {
        return Err(failed()
            .because("the connection has nothing it could be bound to")
            .advise(SignIn::ChannelBindingNeedsTls));
    }
    let bound = wanted.bound().filter(|bound| offer.can_bind(*bound));
    Ok(bound.into_iter().chain([wanted]).collect())
}

fn chosen(credentials: &Credentials, offer: &Offer<'_>) -> Result<Vec<Mechanism>> {
    let fits = |mechanism: &Mechanism| {
        mechanism.takes(&credentials.proof)
            && offer.announces(*mechanism)
            && (!mechanism.is_bound() || offer.can_bind(*mechanism))
            && can_carry(*mechanism, credentials)
    };
    let fitting: Vec<_> = Mechanism::ALL.into_iter().filter(fits).collect();
    match (fitting.is_empty(), &credentials.proof) {
        (false, _) => Ok(fitting),
        // Several servers support XOAUTH2 and do not list it (Thunderbird found that). Trying it is safe:
        // the token is sent only if the server knows the name.
        (true, Proof::Token(_)) => Ok(vec![Mechanism::XOAuth2]),
        (true, _) => Err(nothing_in_common(&credentials.proof, offer)),
    }
}

/// Whether it can represent this name and this password: a mechanism that must fail is not chosen.
fn can_carry(mechanism: Mechanism, credentials: &Credentials) -> bool {
    match mechanism {
        Mechanism::ScramSha256Plus
        | Mechanism::ScramSha1Plus
        | Mechanism::ScramSha256
        | Mechanism::ScramSha1 => scram::can_carry(credentials),
        Mechanism::Plain => !credentials.user.contains(&0) && !credentials.secret().contains(&0),
        _ => true,
    }
}

fn wrong_proof(wanted: Mechanism, proof: &Proof) -> Error {
    let (is, advice) = match (proof, wanted) {
        (_, Mechanism::OAuthBearer | Mechanism::XOAuth2) => {
            ("it takes an OAuth token, and there is none", SignIn::GiveToken)
        }
        (Proof::Token(_), Mechanism::External) => {
            ("it takes a client certificate, and the account has an OAuth token", SignIn::NameTokenMechanism)
        }
        (_, Mechanism::External) => {
            ("it takes a client certificate, and there is none", SignIn::GiveCertificate)
        }
        (Proof::Token(_), _) => {
            ("it takes a password, and the account has an OAuth token", SignIn::NameTokenMechanism)
        }
        (Proof::Certificate | Proof::Password(_), _) => {
            ("it takes a password, and the account has a client certificate", SignIn::NameExternal)
        }
    };
    Error::new(Kind::NoCredentials, format!("could not sign in with {wanted}")).because(is).advise(advice)
}

fn nothing_in_common(proof: &Proof, offer: &Offer<'_>) -> Error {
    /// Enough to see what kind of server it is.
    const SHOWN: usize = 10;

    // Names are the server's bytes: RFC 4422 section 3.1 allows only these in them.
    let is_name = |name: &&Vec<u8>| {
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=20).contains(&name.len()) && name.iter().all(allowed)
    };
    let names = offer.sasl.unwrap_or_default().iter().filter(is_name).take(SHOWN);
    let names: Vec<_> = names.map(|name| String::from_utf8_lossy(name)).collect();
    let for_tokens =
        [Mechanism::OAuthBearer, Mechanism::XOAuth2].into_iter().find(|token| offer.announces(*token));
    let more = match offer.is_encrypted {
        true => SignIn::NameUnofferedMechanism,
        false => SignIn::EncryptForMore,
    };
    let (cause, advice) = match (proof, for_tokens, names.as_slice()) {
        (Proof::Password(_), Some(mechanism), _) => (
            "the server takes OAuth tokens only, no passwords".to_owned(),
            SignIn::ServerTakesTokens { mechanism: mechanism.to_string() },
        ),
        (Proof::Password(_), _, [only]) if only == "EXTERNAL" => {
            ("the server takes client certificates only, no passwords".to_owned(), SignIn::ShowCertificate)
        }
        (Proof::Certificate, ..) => (
            "the server does not offer to sign in by a client certificate".to_owned(),
            SignIn::GivePasswordBesideCertificate,
        ),
        (.., []) => ("the server offers no sign-in mechanism".to_owned(), more),
        (.., names) => {
            (format!("the server offers only ways that are not known here: {}", names.join(" ")), more)
        }
    };
    Error::new(Kind::SignIn, "could not sign in").because(cause).advise(advice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Secret;
    use Mechanism::*;
    use std::error::Error as _;

    fn sasl(names: &[&str]) -> Vec<Vec<u8>> {
        names.iter().map(|name| name.as_bytes().to_vec()).collect()
    }

    fn from_proof(proof: Proof) -> Credentials {
        Credentials { user: b"tim".to_vec(), proof }
    }

    fn password() -> Credentials {
        from_proof(Proof::Password(Secret::new("sesame")))
    }

    fn token() -> Credentials {
        from_proof(Proof::Token(Secret::new("ya29")))
    }

    #[test]
    fn the_strongest_offered_comes_first() {
        let table: [(&[&str], bool, bool, &[Mechanism]); 5] = [
            (&["LOGIN", "PLAIN", "CRAM-MD5"], true, true, &[CramMd5, Apop, Plain, Login, User]),
            (&["PLAIN", "XOAUTH2", "EXTERNAL"], false, true, &[Plain, User]),
            (&["LOGIN"], true, false, &[Apop, Login]),
            (&[], false, true, &[User]),
            (&["SCRAM-SHA-1", "SCRAM-SHA-256"], true, false, &[ScramSha256, ScramSha1, Apop]),
        ];
        for (names, apop, user, expected) in table {
            let sasl = sasl(names);
            let offer = Offer { sasl: Some(&sasl), apop, user, ..Offer::default() };
            assert_eq!(candidates(None, &password(), &offer).unwrap(), expected, "{names:?}");
        }
    }

    #[test]
    fn each_proof_has_its_own_mechanisms() {
        let all = sasl(&["PLAIN", "XOAUTH2", "OAUTHBEARER", "EXTERNAL", "SCRAM-SHA-1"]);
        let offer = Offer { sasl: Some(&all), apop: true, user: true, ..Offer::default() };
        assert_eq!(candidates(None, &token(), &offer).unwrap(), [OAuthBearer, XOAuth2]);
        assert_eq!(candidates(None, &from_proof(Proof::Certificate), &offer).unwrap(), [External]);
        assert_eq!(candidates(None, &password(), &offer).unwrap(), [ScramSha1, Apop, Plain, User]);
        let forgetful = Offer { user: true, ..Offer::default() };
        assert_eq!(candidates(None, &token(), &forgetful).unwrap(), [XOAuth2]);
    }

    #[test]
    fn the_bound_forms_come_before_all_others_where_both_sides_can() {
        let all = sasl(&["SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"]);
        let offer = Offer { sasl: Some(&all), end_point: Some(b"digest"), ..Offer::default() };
        let order = [ScramSha256Plus, ScramSha1Plus, ScramSha256, ScramSha1];
        assert_eq!(candidates(None, &password(), &offer).unwrap(), order);
        let named = |wanted| candidates(Some(wanted), &password(), &offer).unwrap();
        assert_eq!(named(ScramSha256), [ScramSha256Plus, ScramSha256]);
        assert_eq!(named(ScramSha1Plus), [ScramSha1Plus], "who names it wants nothing less");
        let other = Offer { binds_otherwise: true, ..offer };
        assert_eq!(candidates(None, &password(), &other).unwrap(), [ScramSha256, ScramSha1]);
        assert_eq!(candidates(Some(ScramSha256), &password(), &other).unwrap(), [ScramSha256]);
        assert_eq!(candidates(Some(ScramSha256Plus), &password(), &other).unwrap(), [ScramSha256Plus]);
        assert_eq!(other.binding(ScramSha256), Binding::None);
        let clear = Offer { end_point: None, ..offer };
        assert_eq!(candidates(None, &password(), &clear).unwrap(), [ScramSha256, ScramSha1]);
        assert_eq!(candidates(Some(ScramSha1), &password(), &clear).unwrap(), [ScramSha1]);
        let error = candidates(Some(ScramSha1Plus), &password(), &clear).unwrap_err();
        assert_eq!(error.source().unwrap().to_string(), "the connection has nothing it could be bound to");
        assert_eq!(error.advice(), Some(&SignIn::ChannelBindingNeedsTls.into()));
    }

    #[test]
    fn the_word_on_binding_is_the_one_that_a_downgrade_cannot_survive() {
        let (with, without) = (sasl(&["SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"]), sasl(&["SCRAM-SHA-1"]));
        let offer = |sasl, end_point| Offer { sasl, end_point, ..Offer::default() };
        let end = Some(&b"digest"[..]);
        assert_eq!(offer(Some(&with), end).binding(ScramSha1Plus), Binding::EndPoint(b"digest".to_vec()));
        assert_eq!(offer(Some(&with), end).binding(ScramSha1), Binding::None);
        assert_eq!(offer(Some(&without), end).binding(ScramSha1), Binding::Unoffered);
        assert_eq!(offer(None, end).binding(ScramSha1), Binding::None);
        assert_eq!(offer(Some(&without), None).binding(ScramSha1), Binding::None);
    }

    #[test]
    fn what_cannot_carry_the_password_is_not_chosen_but_may_be_named() {
        let names = sasl(&["SCRAM-SHA-256", "PLAIN", "LOGIN"]);
        let offer = Offer { sasl: Some(&names), ..Offer::default() };
        let odd = |password: &[u8]| from_proof(Proof::Password(Secret::new(password)));
        assert_eq!(candidates(None, &odd(b"p\xe4ss"), &offer).unwrap(), [Plain, Login]);
        assert_eq!(candidates(None, &odd(b"a\0b"), &offer).unwrap(), [Login]);
        assert_eq!(candidates(Some(ScramSha256), &odd(b"p\xe4ss"), &offer).unwrap(), [ScramSha256]);
    }

    #[test]
    fn what_is_wanted_is_tried_even_when_not_announced() {
        let poor = Offer { apop: true, end_point: Some(b"digest"), ..Offer::default() };
        for wanted in Mechanism::ALL {
            let credentials = [password(), token(), from_proof(Proof::Certificate)];
            let fitting = credentials.iter().find(|these| wanted.takes(&these.proof)).unwrap();
            assert_eq!(candidates(Some(wanted), fitting, &poor).unwrap(), [wanted]);
        }
    }

    #[test]
    fn a_proof_of_another_kind_is_told_with_what_to_do() {
        let table = [
            (XOAuth2, password(), "OAuth token", SignIn::GiveToken),
            (OAuthBearer, from_proof(Proof::Certificate), "OAuth token", SignIn::GiveToken),
            (External, password(), "client certificate", SignIn::GiveCertificate),
            (External, token(), "client certificate", SignIn::NameTokenMechanism),
            (Plain, token(), "password", SignIn::NameTokenMechanism),
            (ScramSha256, from_proof(Proof::Certificate), "password", SignIn::NameExternal),
        ];
        for (wanted, credentials, cause, advice) in table {
            let error = candidates(Some(wanted), &credentials, &Offer::default()).unwrap_err();
            assert_eq!(error.kind(), Kind::NoCredentials, "{wanted}");
            assert!(error.source().unwrap().to_string().contains(cause), "{wanted}");
            assert_eq!(error.advice(), Some(&advice.into()), "{wanted}");
        }
    }

    #[test]
    fn apop_without_a_timestamp_is_an_error() {
        let error = candidates(Some(Apop), &password(), &Offer::default()).unwrap_err();
        assert_eq!(error.kind(), Kind::SignIn);
        assert_eq!(error.to_string(), "could not sign in with apop");
        assert_eq!(error.advice(), Some(&SignIn::NameOtherMechanism.into()));
    }

    #[test]
    fn nothing_in_common_names_what_is_offered_and_no_control_characters() {
        let takes = |mechanism: &str| SignIn::ServerTakesTokens { mechanism: mechanism.to_owned() };
        let table: [(&[&str], Credentials, bool, &str, SignIn); 8] = [
            (
                &["EXTERNAL"],
                password(),
                true,
                "the server takes client certificates only, no passwords",
                SignIn::ShowCertificate,
            ),
            (
                &["GSSAPI", "\x1b[2J", "NTLM"],
                password(),
                true,
                "the server offers only ways that are not known here: GSSAPI NTLM",
                SignIn::NameUnofferedMechanism,
            ),
            (
                &["GSSAPI"],
                password(),
                false,
                "the server offers only ways that are not known here: GSSAPI",
                SignIn::EncryptForMore,
            ),
            (&[], password(), true, "the server offers no sign-in mechanism", SignIn::NameUnofferedMechanism),
            (&[], password(), false, "the server offers no sign-in mechanism", SignIn::EncryptForMore),
            (
                &["XOAUTH2"],
                password(),
                true,
                "the server takes OAuth tokens only, no passwords",
                takes("xoauth2"),
            ),
            (
                &["OAUTHBEARER"],
                password(),
                true,
                "the server takes OAuth tokens only, no passwords",
                takes("oauthbearer"),
            ),
            (
                &["PLAIN"],
                from_proof(Proof::Certificate),
                true,
                "the server does not offer to sign in by a client certificate",
                SignIn::GivePasswordBesideCertificate,
            ),
        ];
        for (names, credentials, is_encrypted, cause, advice) in table {
            let names = sasl(names);
            let offer = Offer { sasl: Some(&names), is_encrypted, ..Offer::default() };
            let error = candidates(None, &credentials, &offer).unwrap_err();
            assert_eq!(error.kind(), Kind::SignIn);
            assert_eq!(error.source().unwrap().to_string(), cause);
            assert_eq!(error.advice(), Some(&advice.into()), "{cause}");
        }
    }
}
