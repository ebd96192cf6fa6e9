//! A password as `pop3 auth login` stores it: together with the user and the server that it was verified with.
//! The account's name, by which it is found, does not say where it may be sent: configurations are edited, a
//! flag names another server, and two configurations may use one name.
//!
//! The password and a line feed, then `user TAB server`, escaped, so that whatever the password is, the
//! last line feed ends it.

use zeroize::Zeroizing;

use super::Environment;
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

    /// Where it may be sent. Without the port: one server listens on two, and the password is valid on both.
    fn label(&self) -> String {
        let server = match self.server {
            Target::Tcp { host, .. } => host.to_ascii_lowercase(),
            Target::Unix(path) => path.display().to_string(),
        };
        format!("{}\t{}", self.user.escape_debug(), server.escape_debug())
    }

    fn login(&self) -> String {
        format!("run `pop3 auth login -a {}`", self.account)
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
                .hint(self.login())
        };
        let end = memchr::memrchr(b'\n', document.expose()).ok_or_else(damaged)?;
        let (password, label) = (&document.expose()[..end], &document.expose()[end + 1..]);
        if label == self.label().as_bytes() {
            return Ok(Some(Secret::new(password)));
        }
        let (user, server) =
            std::str::from_utf8(label).ok().and_then(|label| label.split_once('\t')).ok_or_else(damaged)?;
        Err(Error::new(Kind::NoCredentials, format!("the password that is kept is for {user}@{server}"))
            .hint(self.login()))
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
        test(&Environment::of(Some(home.path()), []));
    }

    #[test]
    fn a_kept_password_goes_to_the_user_and_the_server_it_was_proven_at_and_to_nobody_else() {
        with_environment(|environment| {
            let (server, elsewhere) = (tcp("A.example.org", 995), tcp("b.example.org", 995));
            let owner = Owner { account: "work", user: "me", server: &server };
            assert!(owner.kept(environment).expect("nothing is no error").is_none());
            owner.keep(&environment.safe().expect("a folder"), &Secret::new(PASSWORD)).expect("kept");
            let by_stls = tcp("a.example.org", 110);
            for server in [&server, &by_stls] {
                let kept = Owner { server, ..owner }.kept(environment).expect("ours").expect("kept");
                assert_eq!(kept.expose(), PASSWORD);
            }
            let socket = Target::Unix(Path::new("/run/pop3").to_owned());
            for other in [
                Owner { user: "you", ..owner },
                Owner { server: &elsewhere, ..owner },
                Owner { server: &socket, ..owner },
            ] {
                let error = other.kept(environment).expect_err("another's");
                assert_eq!(error.kind(), Kind::NoCredentials);
                assert_eq!(error.to_string(), "the password that is kept is for me@a.example.org");
                assert_eq!(error.own_hint(), Some("run `pop3 auth login -a work`"));
            }
        });
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
                assert_eq!(error.kind(), Kind::Data, "{text}");
                assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
            }
        });
    }
}
