//! The settings that belong to no account: the keys at the top of the configuration file.

use super::setting::{Key, displayed, name, put, settings, several, text, truth, wrong};
use super::values::When;

settings! {
    /// The settings at the top of the file.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    #[allow(missing_docs, reason = "each field is the key of its name")]
    pub struct Globals {
        /// The account of commands that work on one, where none is named.
        default_account: Option<String>, [Key::new("default-account")],
            |_, at, value, _| put(at, name(value)), displayed;
        /// Further files with accounts: patterns, from the file's folder.
        include: Option<Vec<String>>, [Key::new("include").several(&[])], |_, at, value, _| {
            // An empty one would name the folder of the file.
            let pattern = |text: &str| if text.is_empty() { Err(wrong("it is empty")) } else { Ok(text.to_owned()) };
            put(at, several(value)?.into_iter().map(pattern).collect())
        }, |key, patterns| Some((key, Some(patterns.as_ref()?.join(", "))));
        quiet: Option<bool>, [Key::new("quiet")], |_, at, value, _| put(at, truth(value)), displayed;
        verbose: Option<bool>, [Key::new("verbose")], |_, at, value, _| put(at, truth(value)), displayed;
        json: Option<bool>, [Key::new("json")], |_, at, value, _| put(at, truth(value)), displayed;
        color: Option<When>, [Key::new("color")],
            |_, at, value, _| put(at, text(value)?.parse().map_err(wrong)), displayed;
        progress: Option<When>, [Key::new("progress")],
            |_, at, value, _| put(at, text(value)?.parse().map_err(wrong)), displayed;
        /// Whether the desktop's keyring is used; its variable is `POP3_KEYRING`.
        keyring: Option<bool>, [Key::new("keyring")], |_, at, value, _| put(at, truth(value)), displayed;
    }
}
