//! Where messages go, as the user writes it: `maildir:PATH`, `mbox:PATH`, `command:CMD` or a bare path.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::advice::Settings;
use crate::error::{Error, Kind, Result};
use crate::quote;
use crate::sys::durable::{absolute, resolved};

/// A store by name; nothing is opened yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spec {
    /// A Maildir folder.
    Maildir(PathBuf),
    /// An mbox file.
    Mbox(PathBuf),
    /// A shell command that takes one message on its standard input.
    Command(String),
}

/// What the text of a destination says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// This destination.
    Clear(Spec),
    /// A bare path where nothing stands yet: it could become a Maildir or an mbox.
    Either(PathBuf),
}

impl Spec {
    /// Reads a destination. `~` at the start of a path is `home`. A bare path with a trailing `/`, or one of an
    /// existing folder, is a Maildir; one of an existing file is an mbox.
    ///
    /// # Errors
    /// [`Kind::Usage`]: no such kind of destination, nothing behind the colon, `~` without a home.
    pub fn parse(text: &str, home: Option<&Path>) -> Result<Written> {
        Spec::parse_with(text, |path| expand(path, home))
    }

    /// The same, each path being read by `path`.
    ///
    /// # Errors
    /// As [`Spec::parse`], and those of `path`.
    pub fn parse_with(text: &str, path: impl Fn(&str) -> Result<PathBuf>) -> Result<Written> {
        let path = |written: &str| path(written).map_err(|error| error.in_context(refusal(text)));
        let (scheme, rest) = match text.split_once(':') {
            // A colon behind a slash belongs to a path.
            Some((scheme, rest)) if !scheme.contains('/') => (Some(scheme), rest),
            _ => (None, text),
        };
        match scheme {
            _ if rest.trim().is_empty() => {
                let error = Error::new(Kind::Usage, refusal(text)).because("it is empty");
                Err(error.advise(Settings::EmptyDestination))
            }
            Some("maildir") => Ok(Written::Clear(Spec::Maildir(path(rest)?))),
            Some("mbox") => Ok(Written::Clear(Spec::Mbox(path(rest)?))),
            Some("command") => Ok(Written::Clear(Spec::Command(rest.to_owned()))),
            Some(other) => Err(Error::new(Kind::Usage, refusal(text))
                .because(format!("there is no destination `{}:`", quote::short(other)))
                .advise(Settings::DestinationKinds { in_file: false })),
            None => {
                let path = path(rest)?;
                Ok(match path.exists() {
                    _ if rest.ends_with('/') || path.is_dir() => Written::Clear(Spec::Maildir(path)),
                    true => Written::Clear(Spec::Mbox(path)),
                    false => Written::Either(path),
                })
            }
        }
    }

    /// The error for a text that is [`Written::Either`], where nobody can be asked.
    pub fn ambiguous(text: &str) -> Error {
        Error::new(Kind::Usage, refusal(text))
            .because("nothing exists there yet, so it could become a Maildir or an mbox")
            .advise(Settings::MaildirOrMbox(quote::path(text)))
    }

    /// The one spelling of this store, as [`Place::store`](super::Place::store) has it: an absolute path; of a
    /// command its program alone, because arguments may hold a secret.
    pub fn canonical(&self) -> String {
        match self {
            Spec::Maildir(path) => format!("maildir:{}", self.absolute(path).display()),
            Spec::Mbox(path) => format!("mbox:{}", self.absolute(path).display()),
            Spec::Command(line) => format!("command:{}", program(line)),
        }
    }

    /// What it is, for people: `the Maildir /path`, `the mbox /path`, ``the command `procmail` ``.
    pub fn described(&self) -> String {
        match self {
            Spec::Maildir(path) => format!("the Maildir {}", self.absolute(path).display()),
            Spec::Mbox(path) => format!("the mbox {}", self.absolute(path).display()),
            Spec::Command(line) => format!("the command `{}`", program(line)),
        }
    }

    /// The path as a place in this store has it. An mbox is locked where its links lead to, so its name is
    /// that one too.
    fn absolute(&self, path: &Path) -> PathBuf {
        let resolved = match self {
            Spec::Mbox(_) => resolved(path),
            _ => absolute(path),
        };
        resolved.or_else(|_| absolute(path)).unwrap_or_else(|_| path.to_owned())
    }
}

/// The program that a command line starts: the first word that is no assignment to a variable, which may hold
/// a secret too.
pub(super) fn program(line: &str) -> &str {
    line.split_whitespace().find(|word| !word.contains('=')).unwrap_or_default()
}

fn refusal(text: &str) -> String {
    // What follows `command:` may hold a secret, and is never wrong; of a URL only the scheme is shown.
    let shown = match text.split_once("://") {
        Some((scheme, _)) => format!("{}://…", quote::short(scheme)),
        None => quote::short(text),
    };
    format!("could not use the destination `{shown}`")
}

fn expand(path: &str, home: Option<&Path>) -> Result<PathBuf> {
    let below = match path.strip_prefix('~') {
        Some("") => "",
        Some(rest) if rest.starts_with('/') => rest.trim_start_matches('/'),
        _ => return Ok(path.into()),
    };
    home.map(|home| home.join(below))
        .ok_or_else(|| Error::new(Kind::Usage, "there is no home folder for `~`").advise(Settings::NoHome))
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Spec::Maildir(path) => write!(f, "maildir:{}", path.display()),
            Spec::Mbox(path) => write!(f, "mbox:{}", path.display()),
            Spec::Command(command) => write!(f, "command:{command}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;

    fn written(text: &str) -> Written {
        Spec::parse(text, Some(Path::new("/home/me"))).unwrap()
    }

    #[track_caller]
    fn parsed(text: &str) -> Spec {
        match written(text) {
            Written::Clear(spec) => spec,
            Written::Either(_) => panic!("{text} is not clear"),
        }
    }

    #[test]
    fn every_spelling_has_its_meaning() {
        let folder = tempfile::tempdir().unwrap();
        let existing = folder.path().to_str().unwrap();
        let maildir = |path: &str| Spec::Maildir(path.into());
        let mbox = |path: &str| Spec::Mbox(path.into());
        assert_eq!(parsed("maildir:/m"), maildir("/m"));
        assert_eq!(parsed("maildir:~/Mail/inbox"), maildir("/home/me/Mail/inbox"));
        assert_eq!(parsed("mbox:~"), mbox("/home/me"));
        assert_eq!(parsed("mbox:~you/m"), mbox("~you/m"));
        assert_eq!(parsed("command:procmail -d me"), Spec::Command("procmail -d me".to_owned()));
        assert_eq!(parsed("new/"), maildir("new/"));
        assert_eq!(parsed(existing), maildir(existing));
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let file = file.to_str().unwrap();
        assert_eq!(parsed(file), mbox(file));
        assert_eq!(parsed("mbox:a:b"), mbox("a:b"));
    }

    #[test]
    fn people_and_records_get_one_spelling_each_without_arguments() {
        for (text, canonical, described) in [
            ("maildir:/m/in/", "maildir:/m/in", "the Maildir /m/in"),
            ("mbox:~/no/such/mbox", "mbox:/home/me/no/such/mbox", "the mbox /home/me/no/such/mbox"),
            ("command:KEY=hunter2 procmail -d hunter2", "command:procmail", "the command `procmail`"),
        ] {
            assert_eq!(parsed(text).canonical(), canonical);
            assert_eq!(parsed(text).described(), described);
        }
        let here = std::env::current_dir().unwrap();
        assert_eq!(parsed("maildir:in").canonical(), format!("maildir:{}/in", here.display()));
    }

    #[test]
    fn a_bare_path_to_nothing_could_become_either() {
        assert_eq!(written("~/inbox"), Written::Either("/home/me/inbox".into()));
        assert_eq!(written("./a:b"), Written::Either("./a:b".into()));
        let error = Spec::ambiguous("~/inbox");
        assert_eq!(error.kind(), Kind::Usage);
        assert_eq!(error.advice(), Some(&Settings::MaildirOrMbox("~/inbox".to_owned()).into()));
    }

    #[test]
    fn what_is_shown_reads_back() {
        for text in ["maildir:/m", "mbox:/a b", "command:cat > /dev/null"] {
            assert_eq!(parsed(text).to_string(), text);
        }
    }

    #[test]
    fn unknown_and_empty_destinations_are_refused() {
        let unknown = Settings::DestinationKinds { in_file: false };
        for (text, advice) in [
            ("lmtp:host:24", unknown.clone()),
            ("imaps://me@host/INBOX", unknown.clone()),
            ("Maildir:/m", unknown),
            ("", Settings::EmptyDestination),
            ("mbox:", Settings::EmptyDestination),
            ("command: ", Settings::EmptyDestination),
        ] {
            let error = Spec::parse(text, None).unwrap_err();
            assert_eq!((error.kind(), error.advice()), (Kind::Usage, Some(&advice.into())), "{text}");
        }
        let error = Spec::parse("lmtp:host:24", None).unwrap_err();
        assert_eq!(error.source().unwrap().to_string(), "there is no destination `lmtp:`");
    }

    #[test]
    fn a_tilde_needs_a_home() {
        let error = Spec::parse("~/m", None).unwrap_err();
        assert_eq!(error.kind(), Kind::Usage);
        assert_eq!(error.advice(), Some(&Settings::NoHome.into()));
    }
}
