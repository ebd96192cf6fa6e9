//! The configuration as a whole: what the user configured, and every mistake in it.

use std::path::{Path, PathBuf};

use super::document::{self, Document, Entry, Mistake};
use super::globals::Globals;
use super::overrides::Overrides;
use super::url::ServerUrl;
use super::{Environment, contradiction, include};
use crate::advice::{Advice, Settings};
use crate::error::{Error, Kind, Result};
use crate::sys::access::refuse_if_others_may_read;

/// What the user configured. The default is that of a user without a file.
#[derive(Debug, Clone, Default)]
pub struct Config {
    path: Option<PathBuf>,
    document: Document,
    /// The mistakes in the accounts' own tables; any other is an error.
    mistakes: Vec<Mistake>,
}

impl Config {
    /// Reads the named file, or the one in its usual place, which may be missing, and the files that it includes. A
    /// mistake in an account's own table is an error only if that account is used ([`Config::mistake_of`]).
    ///
    /// # Errors
    /// [`Kind::Config`] if the file cannot be read, may be read by others although it contains a password,
    /// or has mistakes that concern all of it: the error contains the first one.
    pub fn find(named: Option<&Path>, environment: &Environment) -> Result<Config> {
        let Some(loaded) = include::load(named, environment)? else { return Ok(Config::default()) };
        let include::Loaded { path, document, mistakes, secrets } = loaded;
        if let Some(first) = mistakes.iter().find(|mistake| mistake.account.is_none()) {
            return Err(unusable(&path, first, mistakes.len() - 1));
        }
        for (file, path, _) in &secrets {
            refuse_if_others_may_read(file, path, "secret")?;
        }
        Ok(Config { path: Some(path), document, mistakes })
    }

    /// The first mistake in an account's own table, as the error of using that account.
    pub fn mistake_of(&self, account: &str) -> Option<Error> {
        let mut own = self.mistakes.iter().filter(|mistake| mistake.account.as_deref() == Some(account));
        let first = own.next()?;
        Some(unusable(self.path.as_deref().unwrap_or(Path::new("config.toml")), first, own.count()))
    }

    /// Every mistake of the file and of those that it includes, also those without consequences yet: an account
    /// without server or user, or whose settings contradict each other. `None` if no file was named and none is in
    /// the usual place.
    ///
    /// # Errors
    /// [`Kind::Config`] when the file cannot be read at all.
    pub fn check(named: Option<&Path>, environment: &Environment) -> Result<Option<(PathBuf, Vec<Mistake>)>> {
        let Some(loaded) = include::load(named, environment)? else { return Ok(None) };
        let include::Loaded { path, document, mut mistakes, secrets } = loaded;
        // A setting that could not be parsed is reported already, and missing for that reason.
        if mistakes.is_empty() {
            mistakes = unusable_accounts(&document);
        }
        for (file, path_of_file, at) in secrets {
            if let Err(error) = refuse_if_others_may_read(&file, &path_of_file, "secret") {
                let included = (path_of_file != path).then_some(path_of_file);
                let mistake = document::mistake(at, error.to_string(), error.advice().cloned());
                mistakes.push(Mistake { file: included, ..mistake });
            }
        }
        mistakes.sort_by(|one, other| {
            (&one.file, one.line, one.column).cmp(&(&other.file, other.line, other.column))
        });
        Ok(Some((path, mistakes)))
    }

    /// The file this comes from, if there is one.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Its global settings.
    pub fn globals(&self) -> &Globals {
        &self.document.globals
    }

    /// The account that is used if none is named.
    pub fn default_account(&self) -> Option<&str> {
        self.document.globals.default_account.as_deref()
    }

    /// The names of its accounts, in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.document.accounts.iter().map(|entry| entry.name.as_str())
    }

    /// What its `[defaults]` say.
    pub fn defaults(&self) -> &Overrides {
        &self.document.defaults
    }

    /// What an account's own table says; `None` where there is no such account.
    pub fn own(&self, account: &str) -> Option<&Overrides> {
        let entry = self.document.accounts.iter().find(|entry| entry.name == account)?;
        Some(&entry.settings)
    }
}

/// What is missing in accounts, or contradicts itself.
fn unusable_accounts(document: &Document) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    if document.defaults.tls.is_some() && document.defaults.server.is_none() {
        let what = "tls has no effect here: the URL of each server says how its connection is encrypted";
        let advice = Settings::EncryptionOfServer.into();
        mistakes.push(document::mistake(document.defaults_at, what.to_owned(), Some(advice)));
    }
    for Entry { name, settings, at, file } in &document.accounts {
        let mut complain = |message: String, advice: Option<Advice>| {
            let mistake = document::mistake(*at, message, advice);
            mistakes.push(Mistake { file: file.clone(), ..mistake });
        };
        let whole = document.defaults.clone().overlaid_by(settings);
        if whole.server.is_none() {
            complain(format!("account {name} has no server"), Some(Settings::AddServer.into()));
        }
        if whole.user.is_none() {
            complain(format!("account {name} has no user"), Some(Settings::AddUser.into()));
        }
        let target = whole.server.as_ref().map(ServerUrl::target);
        if let Some(found) = contradiction::find(&whole, target) {
            complain(format!("account {name}: {}", found.what), found.advice_in_file);
        }
    }
    mistakes
}

/// The error for a file with that mistake, and that many more.
fn unusable(path: &Path, mistake: &Mistake, more: usize) -> Error {
    let path = mistake.file.as_deref().unwrap_or(path);
    let error = Error::new(Kind::Config, format!("could not use {}", path.display()));
    let advice = mistake.advice.clone();
    match more {
        0 => advice.into_iter().fold(error.because(mistake.to_string()), Error::advise),
        more => error
            .because(format!("{mistake} ({more} more)"))
            .advise(Settings::MoreMistakes(advice.map(Box::new))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::Run;
    use std::error::Error as _;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    /// A home folder with that configuration in it.
    fn home(config: impl AsRef<[u8]>, mode: u32) -> (tempfile::TempDir, Environment) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".config/pop3/config.toml");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, config).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let environment = Environment::artificial(Some(folder.path()), []);
        (folder, environment)
    }

    #[test]
    fn finds_the_file_in_its_place_and_lives_without_one() {
        let (_folder, environment) = home("[account.work]\n", 0o644);
        let config = Config::find(None, &environment).unwrap();
        assert_eq!(config.names().collect::<Vec<_>>(), ["work"]);
        assert_eq!(config.path(), environment.config_path().as_deref());
        let nobody = Environment::artificial(Some(Path::new("/nonexistent")), []);
        assert_eq!(Config::find(None, &nobody).unwrap().path(), None);
        assert_eq!(Config::check(None, &nobody).unwrap(), None);
        let error = Config::find(Some(Path::new("/nonexistent/c.toml")), &environment).unwrap_err();
        assert_eq!(error.kind(), Kind::Config, "a file that was named must be there");
        assert_eq!(error.advice(), Some(&Settings::MissingFile.into()));
        let error = Config::find(Some(Path::new("/")), &environment).unwrap_err();
        assert_eq!(error.advice(), Some(&Settings::OtherFile.into()), "a folder");
    }

    #[test]
    fn the_first_mistake_stands_in_the_error_and_the_rest_is_counted() {
        let (_folder, environment) = home("[defaults]\nsever = ''\nusr = ''\n", 0o644);
        let error = Config::find(None, &environment).unwrap_err();
        let advice = Settings::MistypedKey("server".to_owned()).into();
        let advice = Settings::MoreMistakes(Some(Box::new(advice))).into();
        assert_eq!((error.kind(), error.advice()), (Kind::Config, Some(&advice)));
        assert_eq!(error.source().unwrap().to_string(), "line 2, column 1: unknown key \"sever\" (1 more)");
        let (_, mistakes) = Config::check(None, &environment).unwrap().unwrap();
        assert_eq!(mistakes.len(), 2);
    }

    #[test]
    fn the_advice_on_the_only_mistake_is_its_own() {
        for (text, advice) in [
            ("sever = ''", Some(Settings::MistypedKey("server".to_owned()))),
            ("limit = -1", None),
            ("limit = -1\nkeep = -1", Some(Settings::MoreMistakes(None))),
        ] {
            let (_folder, environment) = home(format!("[defaults]\n{text}\n"), 0o644);
            let error = Config::find(None, &environment).unwrap_err();
            assert_eq!(error.advice().cloned(), advice.map(Advice::from), "{text}");
        }
    }

    #[test]
    fn a_mistake_in_an_accounts_table_is_an_error_for_that_account_alone() {
        let text = "[account.work]\nserver = 'pop3s://me@h'\n[account.home]\nsever = ''\nusr = ''\n";
        let (_folder, environment) = home(text, 0o644);
        let config = Config::find(None, &environment).unwrap();
        assert!(config.mistake_of("work").is_none());
        let error = config.mistake_of("home").unwrap();
        assert_eq!(error.kind(), Kind::Config);
        assert_eq!(error.source().unwrap().to_string(), "line 4, column 1: unknown key \"sever\" (1 more)");
        assert_eq!(Config::check(None, &environment).unwrap().unwrap().1.len(), 2);
    }

    #[test]
    fn a_password_that_others_may_read_is_refused_with_the_cure() {
        let text = "[account.work]\nserver = 'pop3s://me@h'\npassword = 'hunter2'\n";
        for mode in [0o644, 0o640, 0o666] {
            let (_folder, environment) = home(text, mode);
            let error = Config::find(None, &environment).unwrap_err();
            assert_eq!(error.kind(), Kind::Config);
            let advice = Run::CloseFile(environment.config_path().unwrap()).into();
            assert_eq!(error.advice(), Some(&advice));
            let (_, mistakes) = Config::check(None, &environment).unwrap().unwrap();
            assert_eq!((mistakes.len(), mistakes[0].line), (1, 3));
            assert_eq!(mistakes[0].advice, Some(advice));
        }
        let (_folder, environment) = home(text, 0o600);
        assert!(Config::find(None, &environment).is_ok());
        assert_eq!(Config::check(None, &environment).unwrap().unwrap().1, []);
    }

    #[test]
    fn check_finds_accounts_that_could_not_work() {
        let (_folder, environment) = home("[account.a]\n[account.b]\nserver = 'pop3s://me@h'\n", 0o644);
        assert!(Config::find(None, &environment).is_ok(), "flags may still say the rest");
        let (_, mistakes) = Config::check(None, &environment).unwrap().unwrap();
        let told: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            ["line 1, column 10: account a has no server", "line 1, column 10: account a has no user"]
        );
        let advice = [Settings::AddServer, Settings::AddUser].map(|advice| Some(advice.into()));
        assert_eq!(mistakes.into_iter().map(|mistake| mistake.advice).collect::<Vec<_>>(), advice);
    }

    #[test]
    fn check_finds_what_does_not_go_together_and_what_counts_for_nobody() {
        let (_folder, environment) = home(
            "[defaults]\ntls = 'none'\n[account.a]\nserver = 'pop3s://me@h'\nclient-key = '/k'\n\
             [account.b]\nserver = 'pop3s://me@h'\ntunnel = 'nc %h %p'\nproxy = 'socks5h://p'\n\
             [account.c]\nserver = 'pop3s://me@h'\noauth = 'google'\n",
            0o644,
        );
        let (_, mistakes) = Config::check(None, &environment).unwrap().unwrap();
        let lines: Vec<_> = mistakes.iter().map(|mistake| mistake.line).collect();
        assert_eq!(lines, [1, 3, 6, 10], "{mistakes:?}");
        let keys = ["tunnel", "proxy"].map(str::to_owned).to_vec();
        let advice = [
            Settings::EncryptionOfServer,
            Settings::ClientCertificate { in_file: true },
            Settings::LeaveOutOneOf(keys),
        ];
        for (mistake, advice) in mistakes.iter().zip(advice) {
            assert_eq!(mistake.advice, Some(advice.into()), "{mistake:?}");
        }
        for (mistake, wanted) in mistakes.iter().zip(["tls", "client key", "tunnel", "oauth-client-id"]) {
            assert!(mistake.message.contains(wanted) && mistake.advice.is_some(), "{mistake:?}");
        }
    }

    #[test]
    fn what_is_no_text_is_told_by_its_line_and_a_giant_is_not_read() {
        let (_folder, environment) = home(b"# fine\n# \xff\n", 0o644);
        let error = Config::find(None, &environment).unwrap_err();
        assert_eq!(error.source().unwrap().to_string(), "line 2 is not UTF-8");
        assert_eq!(error.advice(), Some(&Settings::Utf8.into()));
        let (_folder, environment) = home(vec![b'#'; (1 << 20) + 1], 0o644);
        let error = Config::find(None, &environment).unwrap_err();
        assert_eq!((error.kind(), error.advice()), (Kind::Config, Some(&Settings::OversizedFile.into())));
    }

    #[test]
    fn an_account_stands_on_the_defaults() {
        let (_folder, environment) =
            home("[defaults]\nlimit = 1\nkeep = 5\n[account.work]\nlimit = 2\n", 0o644);
        let config = Config::find(None, &environment).unwrap();
        let work = config.defaults().clone().overlaid_by(config.own("work").unwrap());
        assert_eq!((work.limit, work.keep.is_some()), (Some(2), true));
        assert_eq!(config.defaults().limit, Some(1));
        assert!(config.own("home").is_none());
    }
}
