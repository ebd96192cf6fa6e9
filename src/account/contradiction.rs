//! Whether the settings of an account contradict each other. Used by `pop3 config check` for the file alone, and
//! by [`resolve`](super::resolve) for all layers: a contradiction within the file is a mistake in the file,
//! whatever the other layers say.

use std::error::Error as _;

use super::Overrides;
use crate::transport::{Target, Way};

/// Settings that contradict each other.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Contradiction {
    /// As the cause of an error: lower case, no full stop.
    pub(super) what: String,
    /// What to do about it.
    pub(super) hint: String,
}

/// The first contradiction in these settings, for that target if it is known yet.
pub(super) fn find(said: &Overrides, target: Option<&Target>) -> Option<Contradiction> {
    let found = |what: &str, hint: &str| Some(Contradiction { what: what.to_owned(), hint: hint.to_owned() });
    if said.client_key.is_some() && said.client_cert.is_none() {
        return found(
            "it has a client key, and no client certificate",
            "name the certificate too: --client-cert FILE",
        );
    }
    let way = Way {
        proxy: said.proxy.clone().flatten(),
        tunnel: said.tunnel.clone(),
        source: said.source,
        family: said.family.flatten(),
    };
    if let Some(Err(error)) = target.map(|target| way.check(target)) {
        let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        return found(&why, error.own_hint().unwrap_or_default());
    }
    if let Err(error) = said.oauth.clone().settle() {
        return found(&error.to_string(), error.own_hint().unwrap_or_default());
    }
    if said.oauth.is_wanted() && said.password.is_some() {
        return found(
            "it has a password, and OAuth to sign in by",
            "name one of the two, or say oauth = \"none\"",
        );
    }
    match said.auth.flatten().filter(|mechanism| said.oauth.is_wanted() && !mechanism.takes_tokens()) {
        Some(mechanism) => found(
            &format!("it signs in by OAuth, and {mechanism} takes no token"),
            "leave auth out, or say oauth = \"none\"",
        ),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::paths::Paths;
    use super::super::setting::Value;
    use super::*;

    const GOOGLE: (&str, &str) = ("oauth", "google");
    const CLIENT: (&str, &str) = ("oauth-client-id", "x");

    #[test]
    fn what_does_not_go_together_is_told_with_what_to_do() {
        let target = Target::Tcp { host: "h".into(), port: 995 };
        let found = |pairs: &[(&str, &str)]| {
            let mut said = Overrides::default();
            pairs
                .iter()
                .for_each(|(key, text)| said.set(key, &Value::Text(text), Paths::of_run(None)).expect(key));
            find(&said, Some(&target))
        };
        for (pairs, what, hint) in [
            (&[("client-key", "/k")][..], "no client certificate", "--client-cert FILE"),
            (
                &[("tunnel", "nc %h %p"), ("proxy", "socks5h://p")],
                "two different ways",
                "--tunnel and --proxy",
            ),
            (&[("tunnel", "nc %h %p"), ("ip-version", "4")], "no IP version", "-4 and -6"),
            (&[("oauth", "google")], "oauth-client-id", "register"),
            (&[GOOGLE, CLIENT, ("password-command", "pass")], "a password, and OAuth", "oauth = \"none\""),
            (&[GOOGLE, CLIENT, ("auth", "plain")], "plain takes no token", "leave auth out"),
        ] {
            let contradiction = found(pairs).expect(what);
            assert!(contradiction.what.contains(what), "{contradiction:?}");
            assert!(contradiction.hint.contains(hint), "{contradiction:?}");
        }
        for pairs in [
            &[("client-cert", "/c"), ("client-key", "/k")][..],
            &[("tunnel", "nc %h %p"), ("proxy", "none")],
            &[GOOGLE, CLIENT, ("auth", "xoauth2")],
            &[("oauth", "none"), CLIENT, ("password-command", "pass"), ("auth", "plain")],
        ] {
            assert_eq!(found(pairs), None);
        }
    }
}
