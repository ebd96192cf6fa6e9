//! The desktop's keyring: the Secret Service on the session's D-Bus (GNOME's keyring, KDE's wallet,
//! KeePassXC). Each request has a connection of its own in a thread that is abandoned if no answer comes; a
//! locked keyring is unlocked only if there is a user to ask.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::SecretKind;
use crate::auth::Secret;

/// How long a keyring may take if it does not ask the user.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the user may take to unlock it.
const TO_UNLOCK: Duration = Duration::from_secs(60);

/// A keyring on that bus.
#[derive(Debug, Clone)]
pub(super) struct Keyring {
    address: String,
    pub(super) may_ask: bool,
    pub(super) timeout: Duration,
}

/// Why it cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// There is no bus, no service on it, or no collection to put something into.
    Absent,
    /// It does not answer.
    Silent,
    /// It is locked: the secret is there, or could be stored there.
    Locked,
    /// Any other error, in its own words.
    Failed(String),
}

impl Keyring {
    pub(super) fn new(address: String) -> Keyring {
        Keyring { address, may_ask: false, timeout: PATIENCE }
    }

    pub(super) fn get(&self, account: &str, what: SecretKind) -> Result<Option<Secret>, Trouble> {
        self.ask(account, what, |service| service.get())
    }

    pub(super) fn has(&self, account: &str, what: SecretKind) -> Result<bool, Trouble> {
        self.ask(account, what, |service| service.has())
    }

    pub(super) fn put(&self, account: &str, what: SecretKind, secret: &Secret) -> Result<(), Trouble> {
        let secret = secret.clone();
        self.ask(account, what, move |service| service.put(&secret))
    }

    pub(super) fn remove(&self, account: &str, what: SecretKind) -> Result<bool, Trouble> {
        self.ask(account, what, |service| service.remove())
    }

    /// Our secrets in it: accounts and kinds.
    pub(super) fn all(&self) -> Result<Vec<(String, SecretKind)>, Trouble> {
        self.ask("", SecretKind::Password, |service| service.all())
    }

    /// Runs the request in a thread, and waits no longer than an answer may take.
    fn ask<T: Send + 'static>(
        &self,
        account: &str,
        what: SecretKind,
        work: impl FnOnce(&service::Conversation) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, Trouble> {
        let (address, may_ask, account) = (self.address.clone(), self.may_ask, account.to_owned());
        let (reached, has_begun) = mpsc::channel();
        let (report, outcome) = mpsc::channel();
        // If nobody receives it any more, it was too late.
        thread::Builder::new()
            .spawn(move || match service::Conversation::begin(&address, account, what, may_ask) {
                Ok(conversation) => {
                    drop(reached.send(Ok(())));
                    drop(report.send(work(&conversation)));
                }
                Err(trouble) => drop(reached.send(Err(trouble))),
            })
            .map_err(|error| Trouble::Failed(error.to_string()))?;
        has_begun.recv_timeout(self.timeout).unwrap_or(Err(Trouble::Silent))?;
        let timeout = if self.may_ask { TO_UNLOCK } else { self.timeout };
        outcome.recv_timeout(timeout).unwrap_or(Err(Trouble::Silent))
    }
}

#[cfg(all(unix, not(target_vendor = "apple")))]
mod service {
    use std::collections::HashMap;

    use secret_service::blocking::{Item, SecretService};
    use secret_service::{EncryptionType, Error};
    use zbus::blocking::connection::Builder;

    use super::{SecretKind, Trouble};
    use crate::auth::Secret;

    /// The attribute of all our secrets.
    const APPLICATION: (&str, &str) = ("application", "pop3");

    impl From<Error> for Trouble {
        fn from(error: Error) -> Trouble {
            match error {
                // The user was asked to unlock it and did not.
                Error::Locked | Error::Prompt | Error::PromptDisconnected => Trouble::Locked,
                Error::Unavailable => Trouble::Absent,
                other => Trouble::Failed(other.to_string()),
            }
        }
    }

    /// One request about one secret.
    pub(super) struct Conversation {
        service: SecretService<'static>,
        account: String,
        what: SecretKind,
        may_ask: bool,
    }

    impl Conversation {
        /// A failure here means that there is no service.
        pub(super) fn begin(
            address: &str,
            account: String,
            what: SecretKind,
            may_ask: bool,
        ) -> Result<Conversation, Trouble> {
            let bus = Builder::address(address).and_then(Builder::build).map_err(|_| Trouble::Absent)?;
            // Encrypted, so that a monitor of the bus cannot read it.
            let service =
                SecretService::connect_with_existing(EncryptionType::Dh, bus).map_err(|_| Trouble::Absent)?;
            Ok(Conversation { service, account, what, may_ask })
        }

        pub(super) fn get(&self) -> Result<Option<Secret>, Trouble> {
            let Some(item) = self.items()?.into_iter().next() else { return Ok(None) };
            self.unlock(&item)?;
            Ok(Some(Secret::new(item.get_secret()?)))
        }

        pub(super) fn has(&self) -> Result<bool, Trouble> {
            Ok(!self.items()?.is_empty())
        }

        pub(super) fn put(&self, secret: &Secret) -> Result<(), Trouble> {
            let collection = match self.service.get_default_collection() {
                Err(Error::NoResult) => return Err(Trouble::Absent),
                other => other?,
            };
            if collection.is_locked()? {
                if !self.may_ask {
                    return Err(Trouble::Locked);
                }
                collection.unlock()?;
            }
            let label = format!("pop3: {} of {}", self.what, self.account);
            let kind =
                if self.what == SecretKind::Password { "text/plain" } else { "application/octet-stream" };
            let made = collection.create_item(&label, self.attributes(), secret.expose(), true, kind)?;
            // An older one in another collection might be found before it.
            for item in self.items()?.iter().filter(|item| item.item_path != made.item_path) {
                self.unlock(item)?;
                item.delete()?;
            }
            Ok(())
        }

        pub(super) fn remove(&self) -> Result<bool, Trouble> {
            let items = self.items()?;
            for item in &items {
                self.unlock(item)?;
                item.delete()?;
            }
            Ok(!items.is_empty())
        }

        /// Attributes can be read while the keyring is locked.
        pub(super) fn all(&self) -> Result<Vec<(String, SecretKind)>, Trouble> {
            let found = self.service.search_items(HashMap::from([APPLICATION]))?;
            let mut all = Vec::new();
            for item in found.unlocked.iter().chain(&found.locked) {
                let mut attributes = item.get_attributes()?;
                let what = SecretKind::ALL.into_iter().find(|what| {
                    attributes.get("secret").is_some_and(|attribute| attribute == what.attribute())
                });
                if let (Some(account), Some(what)) = (attributes.remove("account"), what) {
                    all.push((account, what));
                }
            }
            Ok(all)
        }

        /// Its attributes, also for other tools: `secret-tool lookup application pop3 account NAME`.
        fn attributes(&self) -> HashMap<&str, &str> {
            HashMap::from([
                APPLICATION,
                ("account", self.account.as_str()),
                ("secret", self.what.attribute()),
            ])
        }

        /// Those that can be read first.
        fn items(&self) -> Result<Vec<Item<'_>>, Trouble> {
            let mut found = self.service.search_items(self.attributes())?;
            found.unlocked.append(&mut found.locked);
            Ok(found.unlocked)
        }

        fn unlock(&self, item: &Item<'_>) -> Result<(), Trouble> {
            match item.is_locked()? {
                false => Ok(()),
                true if self.may_ask => Ok(item.unlock()?),
                true => Err(Trouble::Locked),
            }
        }
    }
}

/// Where there is no Secret Service.
#[cfg(not(all(unix, not(target_vendor = "apple"))))]
mod service {
    use super::{SecretKind, Trouble};
    use crate::auth::Secret;

    pub(super) enum Conversation {}

    impl Conversation {
        pub(super) fn begin(_: &str, _: String, _: SecretKind, _: bool) -> Result<Conversation, Trouble> {
            Err(Trouble::Absent)
        }

        pub(super) fn get(&self) -> Result<Option<Secret>, Trouble> {
            match *self {}
        }

        pub(super) fn has(&self) -> Result<bool, Trouble> {
            match *self {}
        }

        pub(super) fn put(&self, _: &Secret) -> Result<(), Trouble> {
            match *self {}
        }

        pub(super) fn remove(&self) -> Result<bool, Trouble> {
            match *self {}
        }

        pub(super) fn all(&self) -> Result<Vec<(String, SecretKind)>, Trouble> {
            match *self {}
        }
    }
}
