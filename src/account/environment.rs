//! What surrounds the program: the home folder, the XDG folders, the `POP3_…` variables. Read once
//! and passed on, so that nothing below asks the process, and tests bring their own.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::overrides::{KEYS, Overrides, Value};
use super::proxy;
use crate::auth::Secret;
use crate::error::{Error, Kind, Result};
use crate::transport::Proxy;

/// The variables that are heard beside the `POP3_…` ones.
const OTHERS: [&str; 9] = [
    "NETRC",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "DISPLAY",
    "WAYLAND_DISPLAY",
];

/// The longest file name that is made of an account's name, in bytes; file systems allow 255.
const LONGEST_NAME: usize = 180;

/// Home folder and variables.
#[derive(Clone)]
pub struct Environment {
    home: Option<PathBuf>,
    variables: BTreeMap<String, OsString>,
}

impl Environment {
    /// That of this process.
    pub fn current() -> Environment {
        let heard = |name: &str| name.starts_with("POP3_") || OTHERS.contains(&name);
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .filter(|(name, value)| heard(name) && !value.is_empty())
            .collect();
        Environment { home: dirs::home_dir(), variables }
    }

    /// One made up: for tests, and for a demonstration that must not touch the user's own.
    pub fn of<'a>(
        home: Option<&Path>,
        variables: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Environment {
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        Environment { home: home.map(Path::to_owned), variables }
    }

    /// The user's home folder.
    pub fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// Where the configuration file stands when nothing else was said: `$XDG_CONFIG_HOME/pop3/config.toml`.
    pub fn config_path(&self) -> Option<PathBuf> {
        Some(self.xdg("XDG_CONFIG_HOME", ".config")?.join("pop3/config.toml"))
    }

    /// The journal of an account: `$XDG_STATE_HOME/pop3/<account>.journal`. Two names never share a file.
    ///
    /// # Errors
    /// [`Kind::Config`] when there is neither an `XDG_STATE_HOME` nor a home folder.
    pub fn state_path(&self, account: &str) -> Result<PathBuf> {
        let Some(folder) = self.xdg("XDG_STATE_HOME", ".local/state") else {
            return Err(Error::new(Kind::Config, "could not find a folder for the journal")
                .because("there is no home folder")
                .hint("set HOME or XDG_STATE_HOME"));
        };
        Ok(folder.join("pop3").join(format!("{}.journal", file_name(account))))
    }

    /// Whether there is a screen on which a browser can be opened.
    pub fn has_display(&self) -> bool {
        self.variables.contains_key("DISPLAY") || self.variables.contains_key("WAYLAND_DISPLAY")
    }

    /// The netrc file: `$NETRC`, else `~/.netrc`.
    pub(super) fn netrc(&self) -> Option<PathBuf> {
        match self.variables.get("NETRC") {
            Some(path) => Some(PathBuf::from(path)),
            None => Some(self.home.as_ref()?.join(".netrc")),
        }
    }

    /// The account named by `POP3_ACCOUNT`.
    pub(super) fn account(&self) -> Result<Option<&str>> {
        self.text("POP3_ACCOUNT")
    }

    /// The password in `POP3_PASSWORD`.
    pub(super) fn password(&self) -> Option<Secret> {
        let password = self.variables.get("POP3_PASSWORD").filter(|password| !password.is_empty())?;
        Some(Secret::new(password.clone().into_vec()))
    }

    /// The proxy's password in `POP3_PROXY_PASSWORD`.
    pub(super) fn proxy_password(&self) -> Option<Secret> {
        let password = self.variables.get("POP3_PROXY_PASSWORD")?;
        Some(Secret::new(password.clone().into_vec()))
    }

    /// The SOCKS5 proxy that `ALL_PROXY` names for that host; a variable in small letters counts before
    /// one in capitals, as with curl.
    ///
    /// # Errors
    /// [`Kind::Usage`] for one that cannot be understood.
    pub(super) fn system_proxy(&self, host: &str) -> Result<Option<Proxy>> {
        let first = |names: [&'static str; 2]| {
            let said = names.into_iter().map(|name| Ok((name, self.text(name)?)));
            said.collect::<Result<Vec<_>>>()
                .map(|said| said.into_iter().find_map(|(name, text)| text.map(|text| (name, text))))
        };
        let Some((name, all)) = first(["all_proxy", "ALL_PROXY"])? else { return Ok(None) };
        let none = first(["no_proxy", "NO_PROXY"])?.map_or("", |(_, none)| none);
        proxy::of_the_system(all, none, host).map_err(|error| error.within(format!("could not use {name}")))
    }

    /// All that the `POP3_…` variables say, but `POP3_PASSWORD`. Each key of the configuration file
    /// has one: `POP3_MAX_SIZE` for `max-size`. Unknown ones belong to others and are let be.
    ///
    /// # Errors
    /// [`Kind::Usage`] for a value that is none.
    pub(super) fn overrides(&self) -> Result<Overrides> {
        let mut said = Overrides::default();
        for key in KEYS.iter().filter(|key| **key != "password") {
            let variable = format!("POP3_{}", key.to_ascii_uppercase().replace('-', "_"));
            let Some(text) = self.text(&variable)? else { continue };
            let value = match *key {
                "ca-file" => Value::Several(text.split(':').collect()),
                // A pin has a colon in it.
                "pin" => Value::Several(text.split([',', ' ']).filter(|pin| !pin.is_empty()).collect()),
                _ => Value::Text(text),
            };
            said.set(key, &value, self.home()).map_err(|error| {
                let hint = error.own_hint().map(str::to_owned);
                let outer = Error::new(Kind::Usage, format!("could not use {variable}")).because(error);
                hint.into_iter().fold(outer, Error::hint)
            })?;
        }
        Ok(said)
    }

    fn text(&self, variable: &str) -> Result<Option<&str>> {
        match self.variables.get(variable).map(|value| value.to_str()) {
            None | Some(Some("")) => Ok(None),
            Some(Some(text)) => Ok(Some(text)),
            Some(None) => {
                Err(Error::new(Kind::Usage, format!("could not use {variable}")).because("it is not UTF-8"))
            }
        }
    }

    fn xdg(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        // The XDG base directory specification: a relative path is invalid and ignored.
        let named = self.variables.get(variable).map(PathBuf::from).filter(|path| path.is_absolute());
        named.or_else(|| Some(self.home.as_ref()?.join(below_home)))
    }
}

impl fmt::Debug for Environment {
    /// Names only: among the values is a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.variables.keys().collect();
        f.debug_struct("Environment").field("home", &self.home).field("variables", &names).finish()
    }
}

/// An account's name as a file name: readable, without a way out of the folder, different for
/// different names.
fn file_name(account: &str) -> String {
    let mut name = String::with_capacity(account.len());
    for (at, byte) in account.bytes().enumerate() {
        match byte {
            b'.' if at == 0 => name.push_str("%2E"),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b'@' | b'+' => {
                name.push(byte as char);
            }
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    if name.len() > LONGEST_NAME {
        name.truncate(LONGEST_NAME);
        let digest = Sha256::digest(account.as_bytes());
        name.extend(digest.iter().take(16).map(|byte| format!("{byte:02x}")));
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folders_are_those_of_xdg_and_relative_ones_are_ignored() {
        let home = Environment::of(Some(Path::new("/home/me")), [("XDG_STATE_HOME", "relative")]);
        assert_eq!(home.config_path().as_deref(), Some(Path::new("/home/me/.config/pop3/config.toml")));
        let journal = home.state_path("work").expect("a home");
        assert_eq!(journal, Path::new("/home/me/.local/state/pop3/work.journal"));
        let xdg = Environment::of(None, [("XDG_CONFIG_HOME", "/c"), ("XDG_STATE_HOME", "/s")]);
        assert_eq!(xdg.config_path().as_deref(), Some(Path::new("/c/pop3/config.toml")));
        let journal = xdg.state_path("me@example.com").expect("a state folder");
        assert_eq!(journal, Path::new("/s/pop3/me@example.com.journal"));
        let nowhere = Environment::of(None, []).state_path("work").expect_err("no home");
        assert_eq!(nowhere.kind(), Kind::Config);
    }

    #[test]
    fn no_account_name_leaves_the_folder_or_meets_another() {
        assert_eq!(file_name("../../etc/passwd"), "%2E.%2F..%2Fetc%2Fpasswd");
        assert_eq!(file_name("me@h/run\0ü"), "me@h%2Frun%00%C3%BC");
        assert_ne!(file_name("a/b"), file_name("a%2Fb"));
        let long = |last: &str| file_name(&format!("{}{last}", "ü".repeat(300)));
        assert!(long("a").len() < 240);
        assert_ne!(long("a"), long("b"));
    }

    #[test]
    fn each_variable_sets_its_key_and_empty_ones_say_nothing() {
        let environment = Environment::of(
            None,
            [
                ("POP3_KEEP", "14d"),
                ("POP3_MAX_SIZE", "1k"),
                ("POP3_USER", ""),
                ("POP3_TRACE", "yes"),
                ("POP3_CA_FILE", "/a.pem:/b.pem"),
                ("POP3_PASSWORD", "hunter2"),
                ("POP3_PORT", "tcp://1.2.3.4"),
            ],
        );
        let said = environment.overrides().expect("all fine");
        assert_eq!(said.keep, "14d".parse().ok());
        assert_eq!((said.max_size, said.user, said.trace), (Some(1024), None, Some(true)));
        assert_eq!(said.ca_files.expect("two").len(), 2);
        assert!(said.password.is_none());
        assert_eq!(environment.password().expect("given").expose(), b"hunter2");
        assert!(!format!("{environment:?}").contains("hunter2"));
    }

    #[test]
    fn a_bad_value_names_its_variable() {
        let error = Environment::of(None, [("POP3_LIMIT", "many")]).overrides().expect_err("no number");
        assert_eq!((error.kind(), error.to_string().as_str()), (Kind::Usage, "could not use POP3_LIMIT"));
    }
}
