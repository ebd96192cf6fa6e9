//! The environment of the program: the home folder, the XDG folders, the `POP3_…` variables. Read once and
//! passed on, so that no other code reads the process's variables, and tests can have their own.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::fs::Access;
use zeroize::Zeroizing;

use super::overrides::Overrides;
use super::password::is_watched;
use super::paths::Paths;
use super::setting::Value;
use super::{proxy, values};
use crate::advice::Run;
use crate::auth::Secret;
use crate::error::{Error, Kind, Result};
use crate::safe::Safe;
use crate::sys::access::is_absent;
use crate::sys::private::file_name;
use crate::transport::Proxy;

/// Home folder and variables.
#[derive(Clone)]
pub struct Environment {
    home: Option<PathBuf>,
    variables: BTreeMap<String, OsString>,
}

impl Environment {
    /// The variables that are honoured besides the `POP3_…` ones.
    pub const OTHER_VARIABLES: [&'static str; 12] = [
        "CREDENTIALS_DIRECTORY",
        "NETRC",
        "XDG_CONFIG_HOME",
        "XDG_STATE_HOME",
        "XDG_RUNTIME_DIR",
        "DBUS_SESSION_BUS_ADDRESS",
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "ALL_PROXY",
        "all_proxy",
        "NO_PROXY",
        "no_proxy",
    ];

    /// That of this process.
    pub fn current() -> Environment {
        let heard = |name: &str| name.starts_with("POP3_") || Environment::OTHER_VARIABLES.contains(&name);
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .map(|(name, value)| named(name, value))
            .filter(|(name, value)| heard(name) && !value.is_empty())
            .collect();
        let mut environment = Environment { home: dirs::home_dir(), variables };
        // cron does not set the address of the user's session bus.
        let runtime = format!("/run/user/{}", rustix::process::getuid().as_raw());
        environment.variables.entry("XDG_RUNTIME_DIR".to_owned()).or_insert_with(|| runtime.into());
        environment
    }

    /// An artificial one: for tests, and for `demo`, which must not use the user's own.
    pub fn artificial<'a>(
        home: Option<&Path>,
        variables: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Environment {
        let variables = variables.into_iter().map(|(name, value)| named(name.to_owned(), value.into()));
        let variables = variables.filter(|(_, value)| !value.is_empty()).collect();
        Environment { home: home.map(Path::to_owned), variables }
    }

    /// The user's home folder.
    pub fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// How the paths of the configuration file are read.
    pub(super) fn paths_of_file(&self) -> Paths<'_> {
        let credentials = self.variables.get("CREDENTIALS_DIRECTORY").map(Path::new);
        Paths::of_file(self.home(), credentials.filter(|folder| folder.is_absolute()))
    }

    /// The default path of the configuration file: `$XDG_CONFIG_HOME/pop3/config.toml`.
    pub fn config_path(&self) -> Option<PathBuf> {
        Some(self.xdg("XDG_CONFIG_HOME", ".config")?.join("pop3/config.toml"))
    }

    /// The file beside which the other files of an account are: `$XDG_STATE_HOME/pop3/<account>.journal`. Two names
    /// never share a file. In 0.1 it was the account's journal; [`Account::journal_owner`](super::Account) tells
    /// today's.
    ///
    /// # Errors
    /// [`Kind::Config`] when there is neither an `XDG_STATE_HOME` nor a home folder.
    pub fn state_path(&self, account: &str) -> Result<PathBuf> {
        Ok(self.state_folder()?.join(format!("{}.journal", file_name(account))))
    }

    /// The folder of all journals: `$XDG_STATE_HOME/pop3`.
    ///
    /// # Errors
    /// [`Kind::Config`] when there is neither an `XDG_STATE_HOME` nor a home folder.
    pub fn state_folder(&self) -> Result<PathBuf> {
        let Some(folder) = self.xdg("XDG_STATE_HOME", ".local/state") else {
            return Err(Error::new(Kind::Config, "could not find a folder for the journal")
                .because("there is no home folder")
                .advise(Run::StateFolder));
        };
        Ok(folder.join("pop3"))
    }

    /// Fails where the folder of the journals is not there and could not be made, or cannot be written to: said
    /// before anything is asked or fetched, with what helps. Makes nothing.
    ///
    /// # Errors
    /// [`Kind::Io`] for such a folder; else as [`Environment::state_folder`].
    pub fn check_state_folder(&self) -> Result<()> {
        let folder = self.state_folder()?;
        let mut there = folder.as_path();
        // The nearest folder that is there is where the others would be made.
        let error = loop {
            match there.metadata() {
                Ok(found) if !found.is_dir() => break io::ErrorKind::NotADirectory.into(),
                Ok(_) => match rustix::fs::access(there, Access::WRITE_OK | Access::EXEC_OK) {
                    Ok(()) => return Ok(()),
                    Err(error) => break io::Error::from(error),
                },
                Err(error) => match there.parent() {
                    Some(parent) if is_absent(there, &error) => there = parent,
                    _ => break error,
                },
            }
        };
        let failed = format!("could not keep a journal in {}: {}", folder.display(), there.display());
        Err(Error::io(failed, error).advise(Run::StateFolder))
    }

    /// Where secrets are stored: in the keyring of the session's D-Bus, unless `POP3_KEYRING` switches it off,
    /// and in files beside the journals. The user at a terminal may be asked to unlock the keyring if there is a
    /// screen for its prompt; without one we would wait in vain.
    ///
    /// # Errors
    /// [`Kind::Config`] when there is neither an `XDG_STATE_HOME` nor a home folder, [`Kind::Usage`]
    /// for a `POP3_KEYRING` that is neither on nor off.
    pub fn safe(&self) -> Result<Safe> {
        Ok(Safe::new(self.state_folder()?, self.bus()?).asking(self.has_screen() && is_watched()))
    }

    /// Sets what the configuration file says about the keyring; `POP3_KEYRING` takes precedence.
    pub fn set_keyring(&mut self, is_used: bool) {
        let word = if is_used { "on" } else { "off" };
        self.variables.entry("POP3_KEYRING".to_owned()).or_insert_with(|| word.into());
    }

    /// The address of the session's D-Bus, if there is one and it may be used.
    fn bus(&self) -> Result<Option<String>> {
        if let Some(text) = self.text("POP3_KEYRING")? {
            let is_used = values::truth(text)
                .map_err(|what| Error::new(Kind::Usage, "could not use POP3_KEYRING").because(what))?;
            if !is_used {
                return Ok(None);
            }
        }
        if let Some(address) = self.text("DBUS_SESSION_BUS_ADDRESS")? {
            return Ok(Some(address.to_owned()));
        }
        let socket = self.text("XDG_RUNTIME_DIR")?.map(|folder| Path::new(folder).join("bus"));
        Ok(socket.filter(|socket| socket.exists()).map(|socket| format!("unix:path={}", socket.display())))
    }

    /// Whether there is a screen: for a browser, or for the keyring's prompt.
    pub fn has_screen(&self) -> bool {
        self.variables.contains_key("DISPLAY") || self.variables.contains_key("WAYLAND_DISPLAY")
    }

    /// The netrc file: `$NETRC`, else `~/.netrc`.
    pub(super) fn netrc(&self) -> Option<Netrc> {
        match self.variables.get("NETRC") {
            Some(path) => Some(Netrc { path: PathBuf::from(path), is_named: true }),
            None => Some(Netrc { path: self.home.as_ref()?.join(".netrc"), is_named: false }),
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

    /// The password of the client certificate's key, from `POP3_CLIENT_CERT_PASSWORD`.
    pub(super) fn client_certificate_password(&self) -> Result<Option<Zeroizing<String>>> {
        let password = self.text("POP3_CLIENT_CERT_PASSWORD")?;
        Ok(password.map(|password| Zeroizing::new(password.to_owned())))
    }

    /// The proxy's password in `POP3_PROXY_PASSWORD`.
    pub(super) fn proxy_password(&self) -> Option<Secret> {
        let password = self.variables.get("POP3_PROXY_PASSWORD")?;
        Some(Secret::new(password.clone().into_vec()))
    }

    /// The SOCKS5 proxy that `ALL_PROXY` names for that host and port; a variable in lower case takes precedence
    /// over one in upper case, as with curl.
    ///
    /// # Errors
    /// [`Kind::Usage`] for one that cannot be parsed.
    pub(super) fn system_proxy(&self, host: &str, port: u16) -> Result<Option<Proxy>> {
        let Some((name, all)) = self.first(["all_proxy", "ALL_PROXY"])? else { return Ok(None) };
        proxy::of_the_system(all, self.no_proxy()?, host, port)
            .map_err(|error| error.in_context(format!("could not use {name}")))
    }

    /// The hosts that `NO_PROXY` lists.
    ///
    /// # Errors
    /// [`Kind::Usage`] if it is not UTF-8.
    pub(super) fn no_proxy(&self) -> Result<&str> {
        Ok(self.first(["no_proxy", "NO_PROXY"])?.map_or("", |(_, none)| none))
    }

    /// The first of two variables that is set, with its name.
    fn first(&self, names: [&'static str; 2]) -> Result<Option<(&'static str, &str)>> {
        let said = names.into_iter().map(|name| Ok((name, self.text(name)?)));
        let said = said.collect::<Result<Vec<_>>>()?;
        Ok(said.into_iter().find_map(|(name, text)| text.map(|text| (name, text))))
    }

    /// The settings of the `POP3_…` variables, except `POP3_PASSWORD`. Each key of the configuration file
    /// has one: `POP3_MAX_SIZE` for `max-size`. Unknown ones are ignored.
    ///
    /// # Errors
    /// [`Kind::Usage`] for a value that cannot be parsed.
    pub(super) fn overrides(&self) -> Result<Overrides> {
        let mut said = Overrides::default();
        for key in Overrides::keys().filter(|key| key.name != "password") {
            let variable = key.variable();
            let Some(text) = self.text(&variable)? else { continue };
            let value = match key.list {
                Some(between) => {
                    Value::Several(text.split(between).filter(|part| !part.is_empty()).collect())
                }
                None => Value::Text(text),
            };
            said.set(key.name, &value, Paths::of_run(self.home())).map_err(|error| {
                let advice = error.advice().cloned();
                let outer = Error::new(Kind::Usage, format!("could not use {variable}")).because(error);
                advice.into_iter().fold(outer, Error::advise)
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

/// A variable as it is used: of ours without a line end, which is none of its text.
fn named(name: String, value: OsString) -> (String, OsString) {
    let value = if name.starts_with("POP3_") { values::without_line_end(value) } else { value };
    (name, value)
}

/// Where passwords for all programs are.
#[derive(Debug)]
pub(super) struct Netrc {
    pub(super) path: PathBuf,
    /// Whether somebody said where: then it is wanted.
    pub(super) is_named: bool,
}

impl fmt::Debug for Environment {
    /// Names only: among the values is a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.variables.keys().collect();
        f.debug_struct("Environment").field("home", &self.home).field("variables", &names).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::TraceTo;
    use crate::advice::Settings;

    #[test]
    fn the_folders_are_those_of_xdg_and_relative_ones_are_ignored() {
        let home = Environment::artificial(Some(Path::new("/home/me")), [("XDG_STATE_HOME", "relative")]);
        assert_eq!(home.config_path().as_deref(), Some(Path::new("/home/me/.config/pop3/config.toml")));
        let journal = home.state_path("work").expect("a home");
        assert_eq!(journal, Path::new("/home/me/.local/state/pop3/work.journal"));
        let xdg = Environment::artificial(None, [("XDG_CONFIG_HOME", "/c"), ("XDG_STATE_HOME", "/s")]);
        assert_eq!(xdg.config_path().as_deref(), Some(Path::new("/c/pop3/config.toml")));
        let journal = xdg.state_path("me@example.com").expect("a state folder");
        assert_eq!(journal, Path::new("/s/pop3/me@example.com.journal"));
        let nowhere = Environment::artificial(None, []).state_path("work").expect_err("no home");
        assert_eq!((nowhere.kind(), nowhere.advice()), (Kind::Config, Some(&Run::StateFolder.into())));
    }

    #[test]
    fn each_variable_sets_its_key_and_empty_ones_say_nothing() {
        let environment = Environment::artificial(
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
        assert_eq!((said.max_size, said.user, said.trace), (Some(1024), None, Some(TraceTo::StandardError)));
        assert_eq!(said.ca_files.expect("two").len(), 2);
        assert!(said.password.is_none());
        assert_eq!(environment.password().expect("given").expose(), b"hunter2");
        assert!(!format!("{environment:?}").contains("hunter2"));
    }

    #[test]
    fn a_bad_value_names_its_variable() {
        let error =
            Environment::artificial(None, [("POP3_LIMIT", "many")]).overrides().expect_err("no number");
        assert_eq!((error.kind(), error.to_string().as_str()), (Kind::Usage, "could not use POP3_LIMIT"));
        let error = Environment::artificial(None, [("POP3_KEEP", "15m")]).overrides().expect_err("either");
        let advice = Settings::UnitToKeep("15".to_owned());
        assert_eq!(error.advice(), Some(&advice.into()), "what is wrong with the value");
    }

    #[test]
    fn one_line_end_comes_off_every_value_of_ours_and_no_more() {
        for end in ["\n", "\r\n", "\r"] {
            let with_end = |text: &str| format!("{text}{end}");
            let (user, password, account) = (with_end("me"), with_end(" secret "), with_end("work"));
            let (empty, path) = (with_end(""), with_end("/netrc"));
            let environment = Environment::artificial(
                None,
                [
                    ("POP3_USER", user.as_str()),
                    ("POP3_PASSWORD", &password),
                    ("POP3_PROXY_PASSWORD", &password),
                    ("POP3_CLIENT_CERT_PASSWORD", &password),
                    ("POP3_ACCOUNT", &account),
                    ("POP3_LIMIT", &empty),
                    ("NETRC", &path),
                ],
            );
            let said = environment.overrides().expect("all fine");
            assert_eq!((said.user.as_deref(), said.limit), (Some("me"), None), "{end:?}");
            assert_eq!(environment.password().expect("given").expose(), b" secret ");
            assert_eq!(environment.proxy_password().expect("given").expose(), b" secret ");
            let certificate = environment.client_certificate_password().expect("text").expect("given");
            assert_eq!(certificate.as_str(), " secret ");
            assert_eq!(environment.account().expect("text"), Some("work"));
            assert_eq!(environment.netrc().expect("named").path, Path::new(&path), "not ours to change");
        }
        let two = Environment::artificial(None, [("POP3_PASSWORD", "secret\n\n"), ("POP3_USER", "me\n\n")]);
        assert_eq!(two.password().expect("given").expose(), b"secret\n");
        let error = two.overrides().expect_err("a line end is left");
        assert_eq!((error.kind(), error.to_string().as_str()), (Kind::Usage, "could not use POP3_USER"));
    }

    #[test]
    fn a_state_folder_that_cannot_be_made_is_told_with_what_helps() {
        let folder = tempfile::tempdir().expect("a folder");
        let check = |home: &Path| Environment::artificial(Some(home), []).check_state_folder();
        assert!(check(folder.path()).is_ok() && check(&folder.path().join("new/home")).is_ok());
        assert_eq!(std::fs::read_dir(folder.path()).expect("readable").count(), 0, "nothing is made");
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("written");
        for home in [Path::new("/dev/null"), &file] {
            let error = check(home).expect_err("no folder");
            assert_eq!(error.advice(), Some(&Run::StateFolder.into()));
        }
    }
}
