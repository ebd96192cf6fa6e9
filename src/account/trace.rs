//! Where the dialogue with a server is written: the `trace` key, `POP3_TRACE` and `--trace`.

use std::fmt;
use std::path::{Path, PathBuf};

use super::paths::Paths;
use super::setting::{Value, wanted, wrong};
use super::values;
use crate::error::Result;

/// Where the dialogue with a server is written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TraceTo {
    /// Nowhere.
    #[default]
    Nowhere,
    /// To standard error.
    StandardError,
    /// To this file, behind what it contains.
    File(PathBuf),
}

impl TraceTo {
    /// Parses the argument of `--trace`: a word for yes or no, else a path, with `home` for a `~` in front.
    pub fn parse(text: &str, home: Option<&Path>) -> TraceTo {
        match values::truth(text) {
            Ok(true) => TraceTo::StandardError,
            Ok(false) => TraceTo::Nowhere,
            Err(_) => TraceTo::File(values::path(text, home)),
        }
    }

    /// Parses a key or a variable. A path has a `/` in it here, so that a mistyped `true` makes no file.
    pub(super) fn read(value: &Value<'_>, paths: Paths<'_>) -> Result<TraceTo> {
        match value {
            Value::Truth(true) => Ok(TraceTo::StandardError),
            Value::Truth(false) => Ok(TraceTo::Nowhere),
            Value::Text("") => Err(wrong("it is empty")),
            Value::Text(text) if text.contains('/') => Ok(TraceTo::File(paths.read(text)?)),
            Value::Text(text) => match values::truth(text) {
                Ok(is_on) => TraceTo::read(&Value::Truth(is_on), paths),
                Err(_) => Err(wrong("it is true, false or the path of a file, with a / in it")),
            },
            _ => Err(wanted("true, false or a path in quotes", value)),
        }
    }
}

impl fmt::Display for TraceTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TraceTo::Nowhere => f.write_str("false"),
            TraceTo::StandardError => f.write_str("true"),
            TraceTo::File(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_yes_or_no_and_a_path_is_a_file() {
        let home = Some(Path::new("/home/me"));
        let file = |path: &str| TraceTo::File(PathBuf::from(path));
        for (text, meant) in [
            ("yes", TraceTo::StandardError),
            ("0", TraceTo::Nowhere),
            ("~/t", file("/home/me/t")),
            ("./yes", file("./yes")),
        ] {
            assert_eq!(TraceTo::parse(text, home), meant, "{text}");
            let read = TraceTo::read(&Value::Text(text), Paths::of_run(home));
            assert_eq!(read.expect(text), meant, "{text}");
        }
        assert_eq!(TraceTo::parse("trace.log", home), file("trace.log"));
        let of_file = Paths::of_file(home, None);
        for value in [Value::Text("ture"), Value::Text(""), Value::Text("a/relative/one"), Value::Whole(1)] {
            assert!(TraceTo::read(&value, of_file).is_err(), "{value:?}");
        }
        assert_eq!(TraceTo::read(&Value::Truth(true), of_file).ok(), Some(TraceTo::StandardError));
    }
}
