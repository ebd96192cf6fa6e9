//! Whether the settings of an account contradict each other. Used by `pop3 config check` for the file alone, and
//! by [`resolve`](super::resolve) for all layers: a contradiction within the file is a mistake in the file,
//! whatever the other layers say.

use std::error::Error as _;

use super::Overrides;
use crate::advice::{Advice, Settings};
use crate::transport::{Target, Way};

/// Settings that contradict each other.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Contradiction {
    /// As the cause of an error: lower case, no full stop.
    pub(super) what: String,
    /// What to do about it where the options or the variables have it.
    pub(super) advice: Option<Advice>,
    /// The same where the file alone has it.
    pub(super) advice_in_file: Option<Advice>,
}

impl Contradiction {
    fn new(what: impl Into<String>, advice: impl Fn(bool) -> Settings) -> Contradiction {
        let [advice, advice_in_file] = [false, true].map(|in_file| Some(advice(in_file).into()));
        Contradiction { what: what.into(), advice, advice_in_file }
    }
}

/// The first contradiction in these settings, for that target if it is known yet.
pub(super) fn find(said: &Overrides, target: Option<&Target>) -> Option<Contradiction> {
    if said.client_key.is_some() && said.client_cert.is_none() {
        let what = "it has a client key, and no client certificate";
        return Some(Contradiction::new(what, |in_file| Settings::ClientCertificate { in_file }));
    }
    let way = Way {
        proxy: said.proxy.clone().flatten(),
        tunnel: said.tunnel.clone(),
        source: said.source,
        family: said.family.flatten(),
    };
    if let Some((target, Err(error))) = target.map(|target| (target, way.check(target))) {
        let what = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        let advice_in_file = Some(advice_on_keys(&way, target).into());
        return Some(Contradiction { what, advice: error.advice().cloned(), advice_in_file });
    }
    if let Err(error) = said.oauth.clone().settle() {
        let advice = error.advice().cloned();
        return Some(Contradiction { what: error.to_string(), advice_in_file: advice.clone(), advice });
    }
    if said.oauth.is_wanted() && said.password.is_some() {
        let what = "it has a password, and OAuth to sign in by";
        return Some(Contradiction::new(what, |in_file| Settings::PasswordOrOAuth { in_file }));
    }
    let mechanism = said.auth.flatten().filter(|mechanism| !mechanism.takes_tokens())?;
    said.oauth.is_wanted().then(|| {
        let what = format!("it signs in by OAuth, and {mechanism} takes no token");
        Contradiction::new(what, |in_file| Settings::MechanismOrOAuth { in_file })
    })
}

/// What to do about the keys of a way that is not possible.
fn advice_on_keys(way: &Way, target: &Target) -> Settings {
    let keys = [
        ("tunnel", way.tunnel.is_some()),
        ("proxy", way.proxy.is_some()),
        ("source-ip", way.source.is_some()),
        ("ip-version", way.family.is_some()),
    ];
    let keys = keys.into_iter().filter(|(_, is_set)| *is_set).map(|(key, _)| key.to_owned()).collect();
    match target {
        Target::Unix(_) => Settings::LeaveOutForSocket(keys),
        Target::Tcp { .. } => Settings::LeaveOutOneOf(keys),
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
        let found = |pairs: &[(&str, &str)], target: &Target| {
            let mut said = Overrides::default();
            pairs
                .iter()
                .for_each(|(key, text)| said.set(key, &Value::Text(text), Paths::of_run(None)).expect(key));
            find(&said, Some(target))
        };
        let tunnel = ("tunnel", "nc %h %p");
        for (pairs, what, advice) in [
            (
                &[("client-key", "/k")][..],
                "no client certificate",
                (|in_file| Settings::ClientCertificate { in_file }) as fn(bool) -> Settings,
            ),
            (&[GOOGLE, CLIENT, ("password-command", "pass")], "a password, and OAuth", |in_file| {
                Settings::PasswordOrOAuth { in_file }
            }),
            (&[GOOGLE, CLIENT, ("auth", "plain")], "plain takes no token", |in_file| {
                Settings::MechanismOrOAuth { in_file }
            }),
        ] {
            let found = found(pairs, &target).expect(what);
            assert!(found.what.contains(what), "{found:?}");
            assert_eq!(found, Contradiction::new(found.what.clone(), advice));
        }
        let one_of = |keys: &[&str]| Settings::LeaveOutOneOf(keys.iter().map(ToString::to_string).collect());
        let socket = Target::Unix("/run/pop3.sock".into());
        for (pairs, target, what, in_file) in [
            (
                &[tunnel, ("proxy", "socks5h://p")][..],
                &target,
                "two different ways",
                one_of(&["tunnel", "proxy"]),
            ),
            (&[tunnel, ("ip-version", "4")], &target, "no IP version", one_of(&["tunnel", "ip-version"])),
            (&[tunnel, ("source-ip", "::1")], &target, "no source", one_of(&["tunnel", "source-ip"])),
            (
                &[("source-ip", "::1"), ("ip-version", "4")],
                &target,
                "the other IP version",
                one_of(&["source-ip", "ip-version"]),
            ),
            (&[tunnel], &socket, "a socket", Settings::LeaveOutForSocket(vec!["tunnel".to_owned()])),
        ] {
            let found = found(pairs, target).expect(what);
            assert!(found.what.contains(what) && found.advice.is_some(), "{found:?}");
            assert_eq!(found.advice_in_file, Some(in_file.into()));
        }
        let without_client = found(&[GOOGLE], &target).expect("no client");
        assert!(without_client.what.contains("oauth-client-id") && without_client.advice.is_some());
        assert_eq!(without_client.advice, without_client.advice_in_file);
        for pairs in [
            &[("client-cert", "/c"), ("client-key", "/k")][..],
            &[("tunnel", "nc %h %p"), ("proxy", "none")],
            &[GOOGLE, CLIENT, ("auth", "xoauth2")],
            &[("oauth", "none"), CLIENT, ("password-command", "pass"), ("auth", "plain")],
        ] {
            assert_eq!(found(pairs, &target), None);
        }
    }
}
