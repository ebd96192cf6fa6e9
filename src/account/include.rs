//! The configuration file on disk, and the files that it includes: found, read, parsed, and put together.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::document::{self, Document, Entry, Mistake, Place};
use super::{Environment, values};
use crate::advice::{Advice, Settings};
use crate::error::{Error, Kind, Result};
use crate::quote;
use crate::sys::access::is_absent;

/// The largest configuration file that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// The most files that are included.
const MOST_FILES: usize = 10_000;

/// A configuration that was read.
#[derive(Debug)]
pub(super) struct Loaded {
    /// The configuration file.
    pub(super) path: PathBuf,
    pub(super) document: Document,
    pub(super) mistakes: Vec<Mistake>,
    /// The files that hold a secret, and where.
    pub(super) secrets: Vec<(File, PathBuf, Place)>,
}

/// Reads the named file, or the one in its usual place, and what it includes. `None` if none was named and there is
/// none.
///
/// # Errors
/// [`Kind::Config`] if it cannot be read. An included file that cannot be read is a mistake among the others.
pub(super) fn load(named: Option<&Path>, environment: &Environment) -> Result<Option<Loaded>> {
    let Some(path) = named.map(Path::to_owned).or_else(|| environment.config_path()) else { return Ok(None) };
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if named.is_none() && is_absent(&path, &error) => return Ok(None),
        Err(error) => return Err(unreadable(&path, error)),
    };
    let text = read(&file).map_err(|error| unreadable(&path, error))?;
    let (document, mistakes) = document::read(&text, environment.paths_of_file());
    let mut loaded = Loaded { path, document, mistakes, secrets: Vec::new() };
    if let Some(at) = loaded.document.password_at {
        loaded.secrets.push((file, loaded.path.clone(), at));
    }
    for pattern in loaded.document.globals.include.clone().unwrap_or_default() {
        loaded.include(&pattern, environment);
    }
    loaded.check_default_account();
    Ok(Some(loaded))
}

impl Loaded {
    /// Takes in the accounts of the files that a pattern names, in the order of their names.
    fn include(&mut self, pattern: &str, environment: &Environment) {
        let written = quote::short(pattern);
        let is_of_another = pattern.starts_with('~') && !pattern.starts_with("~/");
        if is_of_another || pattern.split('/').any(|part| part.starts_with('$')) {
            let what =
                format!("include: \"{written}\": neither a variable nor another user's home is understood");
            return self.complain(what, Some(Settings::IncludePattern.into()));
        }
        // Only what is written in the pattern is one.
        let literally = |folder: &Path| PathBuf::from(glob::Pattern::escape(&folder.to_string_lossy()));
        let whole = match pattern.strip_prefix('~') {
            Some(_) => values::path(pattern, environment.home().map(literally).as_deref()),
            None => literally(self.path.parent().unwrap_or(Path::new(""))).join(pattern),
        };
        let found = match glob::glob(&whole.to_string_lossy()) {
            Ok(found) => found.take(MOST_FILES + 1).collect::<std::result::Result<Vec<_>, _>>(),
            Err(error) => return self.complain(format!("include: \"{written}\": {}", error.msg), None),
        };
        match found {
            Err(error) => self.complain(
                format!(
                    "include: could not read {}: {}",
                    quote::path(&error.path().to_string_lossy()),
                    error.error()
                ),
                None,
            ),
            Ok(files) if files.len() > MOST_FILES => {
                self.complain(format!("include: \"{written}\" names more than {MOST_FILES} files"), None);
            }
            Ok(files) if files.is_empty() && !pattern.contains(['*', '?', '[']) => {
                self.complain(
                    format!("include: there is no {}", quote::path(&whole.to_string_lossy())),
                    None,
                );
            }
            Ok(files) => {
                // `*.toml` beside the configuration names that as well.
                let own = self.path.canonicalize().ok();
                let others =
                    files.into_iter().filter(|path| own.is_none() || path.canonicalize().ok() != own);
                others.for_each(|path| self.include_file(path, environment));
            }
        }
    }

    fn include_file(&mut self, path: PathBuf, environment: &Environment) {
        let opened = File::open(&path).and_then(|file| read(&file).map(|text| (file, text)));
        let (file, text) = match opened {
            Ok(read) => read,
            Err(error) => {
                let advice = advice_on_included(error.kind()).into();
                return self.complain(values::causes(&unreadable(&path, error)), Some(advice));
            }
        };
        let (document, mistakes) = document::read(&text, environment.paths_of_file());
        let here = |mistake: Mistake| {
            let is_about_the_file = mistake.advice == Some(Settings::OversizedFile.into());
            let advice = if is_about_the_file { Some(Settings::OtherInclude.into()) } else { mistake.advice };
            Mistake { file: Some(path.clone()), advice, ..mistake }
        };
        self.mistakes.extend(mistakes.into_iter().map(here));
        if let Some((key, at)) = document.first_at_top {
            let what = format!("{key} is not taken from an included file: it has [account.NAME] tables only");
            let advice = Settings::MoveKeyTo(self.path.clone()).into();
            self.mistakes.push(here(document::mistake(at, what, Some(advice))));
        }
        for Entry { name, settings, at, .. } in document.accounts {
            let before = self.document.accounts.iter().find(|entry| entry.name == name);
            if let Some(before) = before {
                let other = before.file.as_deref().unwrap_or(&self.path).display();
                let what = format!("the account {name} is in {other} already");
                let advice = Settings::RenameAccount.into();
                self.mistakes.push(here(document::mistake(at, what, Some(advice))));
            } else {
                self.document.accounts.push(Entry { name, settings, at, file: Some(path.clone()) });
            }
        }
        if let Some(at) = document.password_at {
            self.secrets.push((file, path, at));
        }
    }

    /// The default account may be in any of the files.
    fn check_default_account(&mut self) {
        let names = || self.document.accounts.iter().map(|entry| entry.name.as_str());
        let Some(default) = &self.document.globals.default_account else { return };
        if names().all(|name| name != default) {
            let nearest = values::nearest(default, names());
            let advice = nearest.map(|known| Settings::MistypedAccount(known.to_owned()).into());
            let what = "default-account names no account of the configuration".to_owned();
            self.mistakes.push(document::mistake(self.document.default_account_at, what, advice));
        }
    }

    fn complain(&mut self, message: String, advice: Option<Advice>) {
        self.mistakes.push(document::mistake(self.document.include_at, message, advice));
    }
}

/// The error of a file that is not understood at all; `pop3 config check` says no more of it than this.
fn unreadable(path: &Path, error: io::Error) -> Error {
    let advice = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Settings::MissingFile,
        io::ErrorKind::PermissionDenied => Settings::UnreadableFile,
        io::ErrorKind::InvalidData => Settings::Utf8,
        io::ErrorKind::FileTooLarge => Settings::OversizedFile,
        _ => Settings::OtherFile,
    };
    Error::new(
        Kind::Config,
        format!("could not read the configuration {}", quote::path(&path.to_string_lossy())),
    )
    .because(error)
    .advise(advice)
}

/// The advice for an included file that is not understood at all.
fn advice_on_included(failure: io::ErrorKind) -> Settings {
    match failure {
        io::ErrorKind::PermissionDenied => Settings::UnreadableInclude,
        io::ErrorKind::InvalidData => Settings::Utf8,
        _ => Settings::OtherInclude,
    }
}

fn read(file: &File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 1 MiB"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.iter().filter(|&&byte| byte == b'\n').count() + 1;
        io::Error::new(io::ErrorKind::InvalidData, format!("line {line} is not UTF-8"))
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::super::Config;
    use super::*;
    use crate::advice::Run;

    /// A folder with those files, and what is wrong with its configuration; places without the folder's name.
    fn mistakes(files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(&path, text).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
        }
        let environment = Environment::artificial(Some(folder.path()), []);
        let main = folder.path().join("config.toml");
        let (_, mistakes) = Config::check(Some(&main), &environment).expect("readable").expect("there");
        let short = |text: String| text.replace(&format!("{}/", folder.path().display()), "");
        let told = mistakes.into_iter().map(|mistake| {
            let file = mistake.file.as_ref().map_or("config.toml".into(), |file| file.display().to_string());
            short(format!("{file}, {mistake}"))
        });
        let names = match Config::find(Some(&main), &environment) {
            Ok(config) => config.names().map(str::to_owned).collect(),
            Err(error) => vec![short(values::causes(&error))],
        };
        (told.collect(), names)
    }

    const ONE: &str = "[account.one]\nserver = 'pop3s://me@one.example'\n";

    #[test]
    fn accounts_are_taken_from_files_beside_the_configuration_in_the_order_of_their_names() {
        let other = ONE.replace("one", "other");
        let files = [
            (
                "config.toml",
                "default-account = 'one'\ninclude = ['accounts.d/*.toml', 'none.d/*']\n[account.own]\n\
              server = 'pop3s://me@h'\n",
            ),
            ("accounts.d/b.toml", ONE),
            ("accounts.d/a.toml", &other),
            ("accounts.d/c.txt", "no TOML"),
        ];
        assert_eq!(mistakes(&files), (vec![], vec!["own".to_owned(), "other".to_owned(), "one".to_owned()]));
    }

    #[test]
    fn the_configuration_does_not_include_itself() {
        let main = format!("include = ['*.toml']\n{}", ONE.replace("one", "own"));
        let (told, names) = mistakes(&[("config.toml", &main), ("more.toml", ONE)]);
        assert_eq!((told, names), (vec![], vec!["own".to_owned(), "one".to_owned()]));
    }

    #[test]
    fn a_folder_whose_name_looks_like_a_pattern_is_none() {
        let outer = tempfile::tempdir().expect("a folder");
        let folder = outer.path().join("a[b]*");
        fs::create_dir(&folder).expect("made");
        let main = folder.join("config.toml");
        fs::write(folder.join("one.toml"), ONE).expect("written");
        for pattern in ["o*.toml", "~/one.toml"] {
            fs::write(&main, format!("include = ['{pattern}']\n")).expect("written");
            let config =
                Config::find(Some(&main), &Environment::artificial(Some(&folder), [])).expect("readable");
            assert_eq!(config.names().collect::<Vec<_>>(), ["one"], "{pattern}");
        }
    }

    #[test]
    fn a_mistake_in_an_included_file_names_that_file_and_concerns_that_account_alone() {
        let files = [
            ("config.toml", "include = 'a.toml'\n[account.own]\nserver = 'pop3s://me@h'\n"),
            ("a.toml", "[account.one]\nsever = 'pop3s://me@one.example'\n"),
        ];
        let (told, names) = mistakes(&files);
        assert_eq!(told, ["a.toml, line 2, column 1: unknown key \"sever\""]);
        assert_eq!(names, ["own", "one"]);
        let (told, _) = mistakes(&[("config.toml", "include = ['a.toml']\n"), ("a.toml", "[account.one]\n")]);
        assert_eq!(told.len(), 2, "neither server nor user: {told:?}");
        assert!(
            told.iter().all(|told| told.starts_with("a.toml, line 1, column 10: account one has no")),
            "{told:?}"
        );
    }

    #[test]
    fn an_included_file_has_accounts_only_and_each_name_once() {
        let main = format!("include = ['*.d/x']\n{ONE}");
        for (text, told) in [
            ("[defaults]\nkeep = 'none'\n", "line 1, column 2: defaults is not taken from an included file"),
            ("include = ['b']\n", "line 1, column 1: include is not taken from an included file"),
            ("colour = 'x'\n", "line 1, column 1: unknown key \"colour\""),
            (ONE, "line 1, column 10: the account one is in config.toml already"),
        ] {
            let (found, names) = mistakes(&[("config.toml", &main), ("a.d/x", text)]);
            assert!(found[0].contains(&format!("a.d/x, {told}")), "{found:?}");
            assert_eq!(names.len(), 1);
            assert!(names[0].contains("could not use a.d/x"), "{names:?}");
        }
    }

    #[test]
    fn what_is_not_there_or_not_readable_is_told_where_it_is_included() {
        for (pattern, told) in [
            ("'gone.toml'", "include: there is no gone.toml"),
            ("'a.d'", "could not read the configuration a.d"),
            ("'['", "include: \"[\": "),
            ("3", "include: it wants text in quotes"),
            ("'~you/x'", "include: \"~you/x\": neither a variable"),
            ("'$HOME/x'", "include: \"$HOME/x\": neither a variable"),
        ] {
            let main = format!("# first\ninclude = {pattern}\n{ONE}");
            let (found, _) = mistakes(&[("config.toml", &main), ("a.d/x", "")]);
            assert!(found[0].contains(&format!("config.toml, line 2, column 11: {told}")), "{found:?}");
        }
        let (found, _) = mistakes(&[("config.toml", &format!("default-account = 'noe'\n{ONE}"))]);
        assert_eq!(
            found,
            ["config.toml, line 1, column 19: default-account names no account of the configuration"]
        );
    }

    #[test]
    fn a_secret_in_an_included_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("config.toml"), "include = ['a']\n").expect("written");
        fs::write(folder.path().join("a"), format!("{ONE}password = 'hunter2'\n")).expect("written");
        fs::set_permissions(folder.path().join("a"), fs::Permissions::from_mode(0o644)).expect("set");
        let environment = Environment::artificial(None, []);
        let main = folder.path().join("config.toml");
        let error = Config::find(Some(&main), &environment).expect_err("open to others");
        assert_eq!(error.advice(), Some(&Run::CloseFile(folder.path().join("a")).into()));
        let (_, mistakes) = Config::check(Some(&main), &environment).expect("readable").expect("there");
        assert_eq!((mistakes.len(), mistakes[0].line, mistakes[0].file.is_some()), (1, 3, true));
    }

    #[test]
    fn a_file_that_this_user_may_not_read_is_told_as_such() {
        let denied = io::ErrorKind::PermissionDenied;
        let error = unreadable(Path::new("/c"), denied.into());
        assert_eq!(error.advice(), Some(&Settings::UnreadableFile.into()));
        assert_eq!(advice_on_included(denied), Settings::UnreadableInclude);
    }

    #[test]
    fn each_mistake_in_an_include_has_its_own_advice() {
        let folder = tempfile::tempdir().expect("a folder");
        let main = folder.path().join("config.toml");
        fs::create_dir(folder.path().join("a.d")).expect("made");
        fs::write(folder.path().join("latin"), b"# \xfc\n").expect("written");
        fs::write(folder.path().join("large"), vec![b'#'; (1 << 20) + 1]).expect("written");
        fs::write(folder.path().join("top"), "quiet = true\n").expect("written");
        fs::write(folder.path().join("twice"), ONE).expect("written");
        for (text, advice) in [
            ("include = '~you/x'\n", Some(Settings::IncludePattern)),
            ("include = 'gone'\n", None),
            ("include = 'a.d'\n", Some(Settings::OtherInclude)),
            ("include = 'large'\n", Some(Settings::OtherInclude)),
            ("include = 'latin'\n", Some(Settings::Utf8)),
            ("include = 'top'\n", Some(Settings::MoveKeyTo(main.clone()))),
            ("include = 'twice'\n", Some(Settings::RenameAccount)),
            ("default-account = 'noe'\n", Some(Settings::MistypedAccount("one".to_owned()))),
            ("default-account = 'xylophone'\n", None),
        ] {
            fs::write(&main, format!("{text}{ONE}")).expect("written");
            let checked = Config::check(Some(&main), &Environment::artificial(None, []));
            let (_, mistakes) = checked.expect("readable").expect("there");
            assert_eq!(mistakes.len(), 1, "{text}: {mistakes:?}");
            assert_eq!(mistakes[0].advice, advice.map(Advice::from), "{text}");
        }
    }
}
