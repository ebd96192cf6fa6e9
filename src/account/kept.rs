//! A password as `pop3 auth login` stores it: together with the protocol, the server, its port and the user that
//! it was verified with. The account's name, by which it is found, does not say where it may be sent:
//! configurations are edited, a flag names another server, and two configurations may use one name.
//!
//! The password and a line feed, then `pop3 TAB user TAB host:port`, escaped, so that whatever the password is,
//! the last line feed ends it. Version 0.1 wrote `user TAB host`: that counts for the two usual ports.

use std::net::IpAddr;

use zeroize::Zeroizing;

use super::Environment;
use super::maildrop::plain_name;
use crate::advice::SignIn;
use crate::auth::Secret;
use crate::error::{Error, Kind, Result};
use crate::safe::{Safe, SecretKind, StoredIn};
use crate::transport::Target;

/// Whose password it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner<'a> {
    /// The account, by whose name it is found.
    pub(super) account: &'a str,
    pub(super) user: &'a str,
    pub(super) server: &'a Target,
}

impl<'a> Owner<'a> {
    /// The host's name, as a certificate and a netrc would have it; `localhost` for a socket.
    pub(super) fn host(&self) -> &'a str {
        match self.server {
            Target::Tcp { host, .. } => host,
            Target::Unix(_) => "localhost",
        }
    }

    /// Whether the server is this computer.
    pub(super) fn is_local(&self) -> bool {
        match self.server {
            Target::Unix(_) => true,
            Target::Tcp { host, .. } => {
                let is_loopback = |address: IpAddr| address.to_canonical().is_loopback();
                host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(is_loopback)
            }
        }
    }

    /// Where it may be sent, and nowhere else.
    fn label(&self) -> String {
        let server = match self.server {
            Target::Tcp { host, port } => format!("{}:{port}", host.to_ascii_lowercase()),
            Target::Unix(path) => path.display().to_string(),
        };
        format!("pop3\t{}\t{}", self.user.escape_debug(), server.escape_debug())
    }

    /// The label of version 0.1.
    fn old_label(&self) -> Option<String> {
        let server = match self.server {
            Target::Tcp { host, port: 110 | 995 } => host.to_ascii_lowercase(),
            Target::Tcp { .. } => return None,
            Target::Unix(path) => path.display().to_string(),
        };
        Some(format!("{}\t{}", self.user.escape_debug(), server.escape_debug()))
    }

    fn store_sign_in(&self) -> SignIn {
        let is_configured = self.account != plain_name(self.user, self.server);
        SignIn::StoreSignIn { account: is_configured.then(|| self.account.to_owned()) }
    }

    /// Stores it in place of an older one.
    ///
    /// # Errors
    /// As [`Safe::put`].
    pub(super) fn keep(&self, safe: &Safe, password: &Secret) -> Result<StoredIn> {
        let document = Zeroizing::new([password.expose(), b"\n", self.label().as_bytes()].concat());
        safe.put(self.account, SecretKind::Password, &Secret::new(document.as_slice()))
    }

    /// The stored password, if there is one.
    ///
    /// # Errors
    /// [`Kind::NoCredentials`] if it is for another user or another server; [`Kind::Data`] if it cannot be
    /// parsed; otherwise as [`Safe::get`].
    pub(super) fn kept(&self, environment: &Environment) -> Result<Option<Secret>> {
        let safe = match environment.safe() {
            Ok(safe) => safe,
            // Without a state folder nothing was ever stored.
            Err(error) if error.kind() == Kind::Config => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some((document, stored_in)) = safe.get(self.account, SecretKind::Password)? else {
            return Ok(None);
        };
        let damaged = || {
            Error::new(Kind::Data, format!("could not use the password in {stored_in}"))
                .because("it is damaged")
                .advise(self.store_sign_in())
        };
        let end = memchr::memrchr(b'\n', document.expose()).ok_or_else(damaged)?;
        let (password, label) = (&document.expose()[..end], &document.expose()[end + 1..]);
        let is_ours = |own: String| own.as_bytes() == label;
        if is_ours(self.label()) || self.old_label().is_some_and(is_ours) {
            return Ok(Some(Secret::new(password)));
        }
        let label = std::str::from_utf8(label).map_err(|_| damaged())?;
        let label = label.strip_prefix("pop3\t").unwrap_or(label);
        let (user, server) = label.split_once('\t').ok_or_else(damaged)?;
        Err(Error::new(Kind::NoCredentials, format!("the password that is kept is for {user}@{server}"))
            .advise(self.store_sign_in()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const PASSWORD: &[u8] = b"two\nlines\tand \xff";

    fn tcp(host: &str, port: u16) -> Target {
        Target::Tcp { host: host.to_owned(), port }
    }

    fn with_environment(test: impl FnOnce(&Environment)) {
        let home = tempfile::tempdir().expect("a folder");
        test(&Environment::artificial(Some(home.path()), []));
    }

    #[test]
    fn a_stored_password_goes_to_the_user_server_and_port_it_was_verified_with_and_nowhere_else() {
        with_environment(|environment| {
            let (server, elsewhere) = (tcp("A.example.org", 995), tcp("b.example.org", 995));
            let owner = Owner { account: "work", user: "me", server: &server };
            assert!(owner.kept(environment).expect("nothing is no error").is_none());
            owner.keep(&environment.safe().expect("a folder"), &Secret::new(PASSWORD)).expect("kept");
            let same = tcp("a.example.org", 995);
            for server in [&server, &same] {
                let kept = Owner { server, ..owner }.kept(environment).expect("ours").expect("kept");
                assert_eq!(kept.expose(), PASSWORD);
            }
            let socket = Target::Unix(Path::new("/run/pop3").to_owned());
            let by_stls = tcp("a.example.org", 110);
            for other in [
                Owner { user: "you", ..owner },
                Owner { server: &elsewhere, ..owner },
                Owner { server: &by_stls, ..owner },
                Owner { server: &socket, ..owner },
            ] {
                let error = other.kept(environment).expect_err("another's");
                assert_eq!(error.kind(), Kind::NoCredentials);
                assert_eq!(error.to_string(), "the password that is kept is for me@a.example.org:995");
                let account = Some("work".to_owned());
                assert_eq!(error.advice(), Some(&SignIn::StoreSignIn { account }.into()));
            }
            // It is not configured: it is found by user and server.
            let plain = Owner { account: "me@a.example.org", ..owner };
            let safe = environment.safe().expect("a folder");
            safe.put("me@a.example.org", SecretKind::Password, &Secret::new("x")).expect("put");
            let lower = tcp("a.example.org", 995);
            let error = Owner { server: &lower, ..plain }.kept(environment).expect_err("damaged");
            assert_eq!(error.advice(), Some(&SignIn::StoreSignIn { account: None }.into()));
        });
    }

    #[test]
    fn a_password_that_version_0_1_stored_counts_for_its_host_at_the_usual_ports() {
        with_environment(|environment| {
            let safe = environment.safe().expect("a folder");
            safe.put("work", SecretKind::Password, &Secret::new("old\nme\ta.example.org")).expect("put");
            let kept = |host: &str, port| {
                let server = tcp(host, port);
                let kept = Owner { account: "work", user: "me", server: &server }.kept(environment);
                kept.map(|secret| secret.expect("there").expose().to_vec())
            };
            assert_eq!(kept("a.example.org", 995).expect("ours"), b"old");
            assert_eq!(kept("a.example.org", 110).expect("ours"), b"old");
            assert_eq!(kept("a.example.org", 1110).expect_err("another's").kind(), Kind::NoCredentials);
            assert_eq!(kept("b.example.org", 995).expect_err("another's").kind(), Kind::NoCredentials);
        });
    }

    #[test]
    fn this_computer_is_told_from_others() {
        let is_local = |server: &Target| Owner { account: "", user: "", server }.is_local();
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert!(is_local(&tcp(host, 110)), "{host}");
        }
        for host in ["localhost.example.org", "127.0.0.1.example.org", "10.0.0.1", "::", "0.0.0.0"] {
            assert!(!is_local(&tcp(host, 110)), "{host}");
        }
        assert!(is_local(&Target::Unix("/run/pop3".into())));
    }

    #[test]
    fn what_nobody_kept_like_that_is_damaged_and_not_repeated() {
        with_environment(|environment| {
            let server = tcp("a.example.org", 995);
            let owner = Owner { account: "work", user: "me", server: &server };
            for text in ["", "hunter2", "hunter2\n", "hunter2\nhunter2", "x\nhunter2\u{0}"] {
                let secret = Secret::new(text);
                environment
                    .safe()
                    .expect("a folder")
                    .put("work", SecretKind::Password, &secret)
                    .expect("put");
                let error = owner.kept(environment).expect_err("damaged");
                let account = Some("work".to_owned());
                let advice = SignIn::StoreSignIn { account }.into();
                assert_eq!((error.kind(), error.advice()), (Kind::Data, Some(&advice)), "{text}");
                assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
            }
        });
    }
}
