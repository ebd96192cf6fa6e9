//! Maintains the OAuth sign-in of an account: returns the access token while it is valid, and renews it when
//! it expires or was refused. A rotated refresh token is stored durably before the new access token is used.
//! So that this is not interrupted, the program checks first that the safe is writable, and other runs and
//! signals have to wait. Only SIGKILL, a power failure or a lost answer at that moment can lose the new
//! token; then the user has to sign in again.

use std::any::Any;
use std::path::PathBuf;

use super::client::{Client, Refreshed, Settings, Tokens};
use super::document::Document;
use super::lock::Lock;
use super::provider::Endpoints;
use crate::advice::{Advice, OAuth, SignIn};
use crate::auth::Secret;
use crate::error::{Error, Kind, Result};
use crate::http::Reach;
use crate::safe::{Safe, SecretKind, StoredIn};

/// One account's sign-in and where it is stored.
pub struct Keeper<'a> {
    /// Where it is stored.
    pub safe: Safe,
    /// The account's name, under which it is stored.
    pub account: &'a str,
    /// The file whose lock lets one run at a time change it.
    pub lock: PathBuf,
    /// What is configured.
    pub settings: &'a Settings,
    /// The account's mail server, as [`Document::server`] has it; empty where only what is stored matters.
    pub server: String,
    /// How the provider is reached.
    pub reach: Reach,
    /// Gets the client's secret: only when it is needed, since a password manager may ask the user.
    pub client_secret: Box<dyn Fn() -> Result<Option<Secret>> + 'a>,
    /// Whether the account is in the configuration, where it is found by its name alone.
    pub is_configured: bool,
    /// Makes signals wait until the returned guard is dropped: called before the provider may use up the old
    /// refresh token. What is done meanwhile is limited by the timeouts of `reach` and of the safe.
    pub hold: Box<dyn Fn() -> Box<dyn Any> + 'a>,
}

/// The result of removing a sign-in.
#[derive(Debug)]
pub struct Forgotten {
    /// Where it was stored: nowhere if there was none.
    pub removed: Vec<StoredIn>,
    /// Whether the provider has revoked it: `None` if it does not support revocation.
    pub revoked: Option<Result<()>>,
}

/// The stored sign-in of the account, even if the configuration has changed, and where it is stored.
///
/// # Errors
/// The error of the safe; [`Kind::Data`] for a document that cannot be parsed.
pub fn stored(safe: &Safe, account: &str) -> Result<Option<(Document, StoredIn)>> {
    let Some((stored, stored_in)) = safe.get(account, SecretKind::RefreshToken)? else { return Ok(None) };
    let document = Document::read(&stored);
    let document =
        document.map_err(|error| error.in_context(format!("could not use what is in {stored_in}")))?;
    Ok(Some((document, stored_in)))
}

impl Keeper<'_> {
    /// The account's name, if it is configured.
    pub fn configured(&self) -> Option<&str> {
        self.is_configured.then_some(self.account)
    }

    /// The access token to sign in with at `now` (seconds of Unix time). A token that the server
    /// `refused` is not returned again, but renewed.
    ///
    /// # Errors
    /// [`Kind::NoCredentials`] if the user has not signed in, or with other settings than those configured now;
    /// [`Kind::SignIn`] if the provider no longer accepts the sign-in; otherwise the error of the safe, or of
    /// the exchange with the provider.
    pub fn token(&self, refused: Option<&Secret>, now: i64) -> Result<Secret> {
        let is_good = |document: &Document| {
            document.is_fresh(now)
                && refused.is_none_or(|refused| refused.expose() != document.access.expose())
        };
        let (document, _) = self.document()?;
        if is_good(&document) && document.server.is_some() {
            return Ok(document.access);
        }
        let _lock = Lock::take(&self.lock, self.reach.timeout, &self.reach.stop)?;
        // Another run may have renewed it while this one waited.
        let (mut document, found) = self.document()?;
        if document.server.is_none() {
            // What 0.1 stored belongs to this server from now on. A good token is used even if that cannot be written.
            document.server = Some(self.server.clone());
            let _ = self.put_back(&document, &found);
        }
        if is_good(&document) {
            return Ok(document.access);
        }
        let Some(refresh) = &document.refresh else {
            return Err(Error::new(Kind::NoCredentials, "could not renew the sign-in")
                .because("the provider gave no refresh token with it, and the access token has run out")
                .advise(self.sign_in_again(OAuth::RequestOfflineAccess)));
        };
        let client = Client::new(self.settings, (self.client_secret)()?, &self.reach)?;
        let _held = (self.hold)();
        // A safe that cannot be written to has to be noticed while the old token is still valid.
        self.put_back(&document, &found)?;
        let Refreshed { rotated, tokens } =
            client.refresh(&document.token_endpoint, document.secret_in_body, refresh);
        let tokens = match tokens {
            Ok(tokens) => tokens,
            Err(error) => {
                // The answer has replaced the refresh token, but is otherwise unusable.
                if rotated.is_some() {
                    self.put_back(&Document { refresh: rotated, ..document }, &found)?;
                }
                return Err(self.advise(error));
            }
        };
        let renewed = document.renewed(tokens, now);
        self.put_back(&renewed, &found)?;
        Ok(renewed.access)
    }

    /// Stores a new sign-in in place of any other.
    ///
    /// # Errors
    /// The error of the safe.
    pub fn keep(&self, endpoints: &Endpoints, tokens: Tokens, now: i64) -> Result<(Document, StoredIn)> {
        let _lock = Lock::take(&self.lock, self.reach.timeout, &self.reach.stop)?;
        let document = Document::new(self.settings, &self.server, endpoints, tokens, now);
        let stored_in = self.safe.put(self.account, SecretKind::RefreshToken, &document.write()?)?;
        Ok((document, stored_in))
    }

    /// The stored sign-in, if there is one.
    ///
    /// # Errors
    /// The error of the safe; [`Kind::Data`] for a document that cannot be parsed.
    pub fn stored(&self) -> Result<Option<Document>> {
        Ok(self.found()?.map(|(document, _)| document))
    }

    /// The same, and where it was found.
    fn found(&self) -> Result<Option<(Document, StoredIn)>> {
        stored(&self.safe, self.account).map_err(|error| match error.kind() {
            Kind::Data => error.advise(self.store_sign_in()),
            _ => error,
        })
    }

    /// Stores it where it was found: only a login chooses the place.
    fn put_back(&self, document: &Document, found: &StoredIn) -> Result<()> {
        self.safe.put_back(self.account, SecretKind::RefreshToken, &document.write()?, found)
    }

    /// Revokes the sign-in if the provider supports that, and removes it here in any case.
    ///
    /// # Errors
    /// The error of the safe.
    pub fn forget(&self) -> Result<Forgotten> {
        let _lock = Lock::take(&self.lock, self.reach.timeout, &self.reach.stop)?;
        // What cannot be parsed cannot be revoked, and is removed only.
        let document = self.stored().ok().flatten();
        let revoked = document.and_then(|document| self.revoke(&document));
        Ok(Forgotten { removed: self.safe.remove(self.account, SecretKind::RefreshToken)?, revoked })
    }

    fn revoke(&self, document: &Document) -> Option<Result<()>> {
        let endpoint = document.revocation_endpoint.as_ref()?;
        if !document.belongs_to(self.settings) {
            let error = Error::new(Kind::Config, "could not revoke the sign-in");
            return Some(Err(error.because("it belongs to another provider or client than is configured")));
        }
        let (token, is_refresh) = match &document.refresh {
            Some(refresh) => (refresh, true),
            None => (&document.access, false),
        };
        let client =
            (self.client_secret)().and_then(|secret| Client::new(self.settings, secret, &self.reach));
        Some(client.and_then(|client| client.revoke(endpoint, document.secret_in_body, token, is_refresh)))
    }

    fn document(&self) -> Result<(Document, StoredIn)> {
        match self.found()? {
            Some((document, stored_in)) if document.belongs_to(self.settings) => {
                if document.is_for(&self.server) {
                    return Ok((document, stored_in));
                }
                Err(Error::new(Kind::NoCredentials, "could not use the stored sign-in")
                    .because("it was made for another mail server than is configured")
                    .advise(self.store_sign_in()))
            }
            Some(_) => Err(Error::new(Kind::NoCredentials, "could not use the stored sign-in")
                .because("it was made with another provider or client id than is configured")
                .advise(self.store_sign_in())),
            None => Err(Error::new(Kind::NoCredentials, "could not find a sign-in of this account")
                .because("nobody has signed in yet")
                .advise(self.store_sign_in())),
        }
    }

    /// The advice on a refusal that a new sign-in can fix, with anything else that has to be done.
    fn advise(&self, error: Error) -> Error {
        if error.kind() != Kind::SignIn {
            return error;
        }
        match error.advice().cloned() {
            Some(Advice::OAuth(also)) => error.advise(self.sign_in_again(also)),
            _ => error.advise(self.store_sign_in()),
        }
    }

    fn store_sign_in(&self) -> SignIn {
        SignIn::StoreSignIn { account: self.configured().map(str::to_owned) }
    }

    fn sign_in_again(&self, also: OAuth) -> OAuth {
        OAuth::SignInAgain { account: self.configured().map(str::to_owned), also: Box::new(also) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::document::tests::{document, settings, tokens};
    use super::super::refusal::{Doing, refusal};
    use super::*;
    use std::time::Duration;

    /// A keeper with a provider that does not exist, so that requests to it fail.
    fn with_keeper(test: impl FnOnce(&Keeper<'_>, &Safe)) {
        let folder = tempfile::tempdir().unwrap();
        let store = Safe::new(folder.path(), None);
        let mut settings = settings();
        settings.named.token = crate::oauth::endpoint("http://127.0.0.1:9/token").ok();
        let keeper = Keeper {
            safe: store.clone(),
            account: "work",
            lock: folder.path().join("work.token.lock"),
            settings: &settings,
            server: "pop.example.org:995".to_owned(),
            reach: Reach {
                ca_files: Vec::new(),
                proxy: crate::http::WebProxy::None,
                family: None,
                timeout: Duration::from_secs(5),
                stop: crate::sys::Stop::new(),
                watch: None,
            },
            client_secret: Box::new(|| Ok(None)),
            is_configured: true,
            hold: Box::new(|| Box::new(())),
        };
        test(&keeper, &store);
    }

    fn store_sign_in() -> Advice {
        SignIn::StoreSignIn { account: Some("work".into()) }.into()
    }

    fn put(safe: &Safe, secret: &Secret) {
        safe.put("work", SecretKind::RefreshToken, secret).unwrap();
    }

    fn keep(store: &Safe, access: &str, refresh: Option<&str>) {
        let mut document = document(access, refresh, 3600, 1000);
        document.token_endpoint = crate::oauth::endpoint("http://127.0.0.1:9/token").unwrap();
        put(store, &document.write().unwrap());
    }

    #[test]
    fn without_a_sign_in_it_says_how_to_get_one() {
        with_keeper(|keeper, _| {
            let error = keeper.token(None, 0).unwrap_err();
            assert_eq!((error.kind(), error.advice()), (Kind::NoCredentials, Some(&store_sign_in())));
            assert!(keeper.stored().unwrap().is_none());
            let forgotten = keeper.forget().unwrap();
            assert!(forgotten.removed.is_empty() && forgotten.revoked.is_none());
        });
    }

    #[test]
    fn a_valid_token_is_returned_without_the_provider() {
        with_keeper(|keeper, store| {
            keep(store, "a", Some("r"));
            assert_eq!(keeper.token(None, 2000).unwrap().expose(), b"a");
            assert_eq!(keeper.token(Some(&Secret::new("older")), 2000).unwrap().expose(), b"a");
        });
    }

    #[test]
    fn renewal_needs_the_provider_and_its_failure_loses_nothing() {
        with_keeper(|keeper, store| {
            keep(store, "a", Some("r"));
            for (refused, now) in [(None, 9000), (Some(Secret::new("a")), 2000)] {
                let error = keeper.token(refused.as_ref(), now).unwrap_err();
                assert_eq!(error.kind(), Kind::Connect, "{error:?}");
            }
            assert_eq!(keeper.stored().unwrap().unwrap().refresh.unwrap().expose(), b"r");
            keep(store, "a", None);
            let error = keeper.token(None, 9000).unwrap_err();
            assert_eq!(error.kind(), Kind::NoCredentials);
            let (account, also) = (Some("work".into()), Box::new(OAuth::RequestOfflineAccess));
            assert_eq!(error.advice(), Some(&OAuth::SignInAgain { account, also }.into()));
        });
    }

    #[test]
    fn a_sign_in_of_another_client_is_not_used() {
        with_keeper(|keeper, store| {
            let mut other = document("a", Some("r"), 3600, 1000);
            other.client_id = "other".into();
            put(store, &other.write().unwrap());
            let error = keeper.token(None, 2000).unwrap_err();
            assert_eq!((error.kind(), error.advice()), (Kind::NoCredentials, Some(&store_sign_in())));
        });
    }

    #[test]
    fn a_refusal_is_told_with_a_new_sign_in_and_what_else_it_needs() {
        with_keeper(|keeper, _| {
            let refused = |code: &str, description: &str| {
                let error = refusal(Doing::Refresh, code, Some(description), &|_| false);
                keeper.advise(error).advice().cloned()
            };
            assert_eq!(refused("invalid_grant", ""), Some(store_sign_in()));
            let (account, also) = (Some("work".into()), Box::new(OAuth::PublishClient));
            assert_eq!(
                refused("invalid_grant", "Token has been expired or revoked."),
                Some(OAuth::SignInAgain { account, also }.into())
            );
            // No sign-in helps against these.
            assert_eq!(refused("invalid_scope", ""), Some(OAuth::CheckScope.into()));
            assert_eq!(refused("server_error", ""), None);
        });
        with_keeper(|keeper, _| {
            let stranger = Keeper {
                safe: keeper.safe.clone(),
                account: "me@h",
                lock: keeper.lock.clone(),
                settings: keeper.settings,
                server: keeper.server.clone(),
                reach: keeper.reach.clone(),
                client_secret: Box::new(|| Ok(None)),
                is_configured: false,
                hold: Box::new(|| Box::new(())),
            };
            let error = stranger.token(None, 0).unwrap_err();
            assert_eq!(error.advice(), Some(&SignIn::StoreSignIn { account: None }.into()));
        });
    }

    #[test]
    fn a_damaged_sign_in_is_reported_and_can_be_removed() {
        with_keeper(|keeper, store| {
            put(store, &Secret::new("rubbish"));
            let error = keeper.token(None, 0).unwrap_err();
            assert_eq!((error.kind(), error.advice()), (Kind::Data, Some(&store_sign_in())));
            assert!(!keeper.forget().unwrap().removed.is_empty());
        });
    }

    #[test]
    fn a_new_sign_in_replaces_the_old_one() {
        with_keeper(|keeper, store| {
            keep(store, "a", Some("r"));
            let endpoints = Client::new(keeper.settings, None, &keeper.reach).unwrap().endpoints().unwrap();
            keeper.keep(&endpoints, tokens("b", Some("s"), 3600), 5000).unwrap();
            assert_eq!(keeper.token(None, 5000).unwrap().expose(), b"b");
        });
    }
}
