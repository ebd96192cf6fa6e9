//! Paths as users write them. In the configuration file they may not depend on where the program is run; on
//! the command line and in a variable a relative path is taken from the current folder.

use std::path::{Path, PathBuf};

use super::setting::wrong;
use super::values;
use crate::advice::Settings;
use crate::error::Result;
use crate::store::{Spec, Written};

/// The one variable that a path of the file may begin with: systemd puts a service's credentials there.
const CREDENTIALS: &str = "$CREDENTIALS_DIRECTORY";

/// How the paths of one layer of settings are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paths<'a> {
    /// What `~` stands for.
    home: Option<&'a Path>,
    written: WrittenIn<'a>,
}

/// Where a path was written.
#[derive(Debug, Clone, Copy)]
enum WrittenIn<'a> {
    /// On the command line, or in a variable of the environment.
    Run,
    /// In the configuration file; with what [`CREDENTIALS`] stands for, where it is set.
    File { credentials: Option<&'a Path> },
}

impl<'a> Paths<'a> {
    /// For what was written for one run: flags and variables.
    pub(super) const fn of_run(home: Option<&'a Path>) -> Paths<'a> {
        Paths { home, written: WrittenIn::Run }
    }

    /// For the configuration file; `credentials` is the value of `CREDENTIALS_DIRECTORY`.
    pub(super) const fn of_file(home: Option<&'a Path>, credentials: Option<&'a Path>) -> Paths<'a> {
        Paths { home, written: WrittenIn::File { credentials } }
    }

    /// Reads the path of a file that is only read. Where `$CREDENTIALS_DIRECTORY` is not set, such a path stays
    /// as it is, and the account that needs the file fails when it is read: the other accounts do not.
    ///
    /// # Errors
    /// It is longer than the system's paths. In the configuration file: it is relative, or begins with another
    /// variable or with `~user`.
    pub(super) fn read(self, text: &str) -> Result<PathBuf> {
        refuse_too_long(text)?;
        let WrittenIn::File { credentials } = self.written else { return Ok(values::path(text, self.home)) };
        let below_credentials = text.strip_prefix(CREDENTIALS).and_then(|rest| rest.strip_prefix('/'));
        match (below_credentials, credentials) {
            (Some(below), Some(credentials)) => Ok(credentials.join(below.trim_start_matches('/'))),
            (Some(_), None) => Ok(PathBuf::from(text)),
            (None, _) => self.absolute(text),
        }
    }

    /// Reads a destination.
    ///
    /// # Errors
    /// As [`Spec::parse`] and [`Paths::read`]; also a bare path that could become a Maildir or an mbox.
    pub(super) fn destination(self, text: &str) -> Result<Spec> {
        if !text.starts_with("command:") {
            refuse_too_long(text)?;
        }
        let written = match self.written {
            WrittenIn::Run => Spec::parse(text, self.home)?,
            WrittenIn::File { .. } => Spec::parse_with(text, |path| self.absolute(path))?,
        };
        match written {
            Written::Clear(spec) => Ok(spec),
            Written::Either(_) => Err(Spec::ambiguous(text)),
        }
    }

    /// A path that means the same wherever the program is run.
    fn absolute(self, text: &str) -> Result<PathBuf> {
        let no_path = |what: &str| Err(wrong(what).advise(Settings::AbsolutePath));
        if text.split('/').any(begins_with_a_variable) {
            return no_path("no variable but $CREDENTIALS_DIRECTORY is understood in a path");
        }
        match text.strip_prefix('~') {
            Some("") => {}
            Some(rest) if rest.starts_with('/') => {}
            Some(_) => {
                return no_path("the home folder of another user is not understood in a path");
            }
            None if text.starts_with('/') => return Ok(PathBuf::from(text)),
            None => {
                return no_path("a relative path would depend on the folder that pop3 is run in");
            }
        }
        match self.home {
            Some(home) => Ok(values::path(text, Some(home))),
            None => Err(wrong("there is no home folder for `~`").advise(Settings::NoHome)),
        }
    }
}

/// The most octets of a path (Linux's PATH_MAX, without the NUL at its end).
const LONGEST: usize = 4095;

fn refuse_too_long(text: &str) -> Result<()> {
    match text.len() {
        0..=LONGEST => Ok(()),
        octets => Err(wrong(format!("it has {octets} octets, and a path has {LONGEST} at most"))),
    }
}

/// Whether a part of a path looks like what a shell would replace: `$NAME`, `${NAME}`, `$(command)`.
fn begins_with_a_variable(part: &str) -> bool {
    let mut characters = part.chars();
    characters.next() == Some('$')
        && characters.next().is_some_and(|next| next.is_ascii_alphabetic() || "_{(".contains(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: &str = "/home/me";

    fn file() -> Paths<'static> {
        Paths::of_file(Some(Path::new(HOME)), Some(Path::new("/run/credentials/pop3")))
    }

    #[test]
    fn a_path_of_the_file_is_absolute_or_begins_with_the_home_or_the_credentials() {
        for (text, path) in [
            ("/a/b", "/a/b"),
            ("~", "/home/me"),
            ("~/a", "/home/me/a"),
            ("/a/~/b", "/a/~/b"),
            ("/a/price-in-$", "/a/price-in-$"),
            ("/a/$5", "/a/$5"),
            ("$CREDENTIALS_DIRECTORY/secret", "/run/credentials/pop3/secret"),
        ] {
            assert_eq!(file().read(text).unwrap(), Path::new(path), "{text}");
        }
        let wrong = [
            "a",
            "./a",
            "../a",
            "",
            "~you/a",
            "$HOME/a",
            "${HOME}/a",
            "$(pwd)/a",
            "/home/$USER/a",
            "$CREDENTIALS_DIRECTORYS/a",
            "/x/$CREDENTIALS_DIRECTORY/a",
        ];
        for text in wrong {
            let error = file().read(text).unwrap_err();
            assert_eq!(error.advice(), Some(&Settings::AbsolutePath.into()), "{text}");
        }
        let homeless = Paths::of_file(None, None);
        assert_eq!(homeless.read("~/a").unwrap_err().advice(), Some(&Settings::NoHome.into()));
        assert_eq!(homeless.read("/a").unwrap(), Path::new("/a"));
    }

    #[test]
    fn credentials_that_are_not_there_are_missed_when_they_are_read() {
        let path = Paths::of_file(None, None).read("$CREDENTIALS_DIRECTORY/secret").unwrap();
        assert_eq!(path, Path::new("$CREDENTIALS_DIRECTORY/secret"));
    }

    #[test]
    fn a_destination_of_the_file_follows_the_same_rules() {
        assert_eq!(file().destination("maildir:~/m").unwrap(), Spec::Maildir("/home/me/m".into()));
        assert_eq!(file().destination("~/m/").unwrap(), Spec::Maildir("/home/me/m".into()));
        assert_eq!(file().destination("mbox:/m").unwrap(), Spec::Mbox("/m".into()));
        let command = "command:cd ~/x && $HOME/bin/take";
        assert_eq!(file().destination(command).unwrap().to_string(), command, "the shell reads it");
        for text in
            ["maildir:m", "mbox:m", "m/", "mbox:$HOME/m", "maildir:~you/m", "$CREDENTIALS_DIRECTORY/m/"]
        {
            assert!(file().destination(text).is_err(), "{text}");
        }
        let error = file().destination("/nowhere/at/all").unwrap_err();
        assert_eq!(error.advice(), Some(&Settings::MaildirOrMbox("/nowhere/at/all".to_owned()).into()));
    }

    #[test]
    fn what_is_written_for_one_run_counts_from_the_current_folder() {
        let run = Paths::of_run(Some(Path::new(HOME)));
        for (text, path) in [("a", "a"), ("~/a", "/home/me/a"), ("$HOME/a", "$HOME/a"), ("~you", "~you")] {
            assert_eq!(run.read(text).unwrap(), Path::new(path));
        }
        assert_eq!(run.destination("maildir:m").unwrap(), Spec::Maildir("m".into()));
    }
}
