//! How a setting is written down, once: a row of a table says its key, its type, how it is read and how it is shown.
//! The macro makes of the rows the layer of settings, the list of keys, the reader and what `pop3 config show` says.
//! Whoever uses a layer takes it apart field by field, so that a setting that is forgotten there does not compile.

use super::paths::Paths;
use super::values;
use crate::error::{Error, Kind, Result};

/// A key of the configuration file, as far as its value does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// As the file spells it; the variable of the environment is `POP3_` and the same in upper case.
    pub name: &'static str,
    /// Where it may be written.
    pub(super) scope: KeyScope,
    /// Between which characters a variable has several values.
    pub(super) list: Option<&'static [char]>,
    /// Whether its value is a secret.
    pub(super) is_secret: bool,
}

/// Where a key may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyScope {
    /// In an account's table and in `[defaults]`.
    Account,
    /// In an account's table only.
    OneAccount,
}

impl Key {
    /// A key of one value, for accounts and defaults.
    pub(super) const fn new(name: &'static str) -> Key {
        Key { name, scope: KeyScope::Account, list: None, is_secret: false }
    }

    /// The same, whose value is a secret.
    pub(super) const fn secret(self) -> Key {
        Key { is_secret: true, ..self }
    }

    /// The same, for one account alone.
    pub(super) const fn of_one_account(self) -> Key {
        Key { scope: KeyScope::OneAccount, ..self }
    }

    /// The same, of several values; in a variable these stand between those characters.
    pub(super) const fn several(self, between: &'static [char]) -> Key {
        Key { list: Some(between), ..self }
    }

    /// Whether it is for one account alone, and not for `[defaults]`.
    pub fn is_of_one_account(&self) -> bool {
        self.scope == KeyScope::OneAccount
    }

    /// Between which characters its variable has several values; `None` if it has one value.
    pub fn separators(&self) -> Option<&'static [char]> {
        self.list
    }

    /// The variable of the environment.
    pub fn variable(&self) -> String {
        format!("POP3_{}", self.name.to_ascii_uppercase().replace('-', "_"))
    }
}

/// Takes the higher layer's value, where it has one.
pub(super) fn take<T: Clone>(field: &mut Option<T>, higher: &Option<T>) {
    if higher.is_some() {
        field.clone_from(higher);
    }
}

/// A value before it is parsed: of its own type from TOML, always text from the environment.
#[derive(Debug)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Whole(i64),
    Truth(bool),
    Several(Vec<&'a str>),
    /// Its type, for the error.
    Other(&'static str),
}

/// Makes a layer of settings of a table. A row is `field: Type, [keys], reader, shown;` where the reader is a function
/// of the key, the field, the value and how paths are read, and `shown` gives the key and the text of a value. Behind
/// the rows may stand other such layers that are part of this one: `.. field: Type;`.
macro_rules! settings {
    (
        $(#[$meta:meta])*
        $visibility:vis struct $layer:ident {
            $( $(#[$field_meta:meta])* $field:ident: $type:ty, [$($key:expr),* $(,)?], $read:expr, $shown:expr; )*
            $( .. $(#[$part_meta:meta])* $part:ident: $part_type:ty; )*
        }
    ) => {
        $(#[$meta])*
        $visibility struct $layer {
            $( $(#[$field_meta])* pub $field: $type, )*
            $( $(#[$part_meta])* pub $part: $part_type, )*
        }

        impl $layer {
            /// Every key of these settings, in the order of the table.
            pub fn keys() -> impl Iterator<Item = &'static $crate::account::setting::Key> + Clone {
                const OWN: &[$crate::account::setting::Key] = &[ $( $( $key, )* )* ];
                OWN.iter() $( .chain(<$part_type>::keys()) )*
            }

            #[allow(dead_code, reason = "not every kind of setting has layers")]
            /// Takes every setting of the `higher` layer, whatever the others say.
            fn take_each(&mut self, higher: &$layer) {
                $( $crate::account::setting::take(&mut self.$field, &higher.$field); )*
                $( self.$part.take(&higher.$part); )*
            }

            /// Parses `value` as that of `key`; `false` where the key is none of these settings.
            pub(super) fn read(
                &mut self,
                key: &str,
                value: &$crate::account::setting::Value<'_>,
                paths: $crate::account::paths::Paths<'_>,
            ) -> $crate::error::Result<bool> {
                $( $( if key == $key.name {
                    $crate::account::setting::check_texts(value)?;
                    let read: fn(
                        &str,
                        &mut $type,
                        &$crate::account::setting::Value<'_>,
                        $crate::account::paths::Paths<'_>,
                    ) -> $crate::error::Result<()> = $read;
                    return read(key, &mut self.$field, value, paths).map(|()| true);
                } )* )*
                $( if self.$part.read(key, value, paths)? {
                    return Ok(true);
                } )*
                Ok(false)
            }

            /// What this layer says, key by key.
            #[allow(dead_code, reason = "not every kind of setting is shown by itself")]
            pub(super) fn said(&self) -> Vec<$crate::account::setting::Said> {
                let mut said = Vec::new();
                $({
                    const KEYS: &[$crate::account::setting::Key] = &[$($key),*];
                    let shown: fn(&'static str, &$type) -> Option<$crate::account::setting::Said> = $shown;
                    said.extend(KEYS.first().and_then(|key| shown(key.name, &self.$field)));
                })*
                $( said.extend(self.$part.said()); )*
                said
            }
        }
    };
}
pub(super) use settings;

/// A key, and its value as it would be written; `None` where that is a secret, or may contain one.
pub(super) type Said = (&'static str, Option<String>);

/// Shows a value as it displays itself.
pub(super) fn displayed<T: ToString>(key: &'static str, value: &Option<T>) -> Option<Said> {
    value.as_ref().map(|value| (key, Some(value.to_string())))
}

/// Shows a value as it displays itself, and the explicit absence of one as `none`.
pub(super) fn or<T: ToString>(key: &'static str, value: &Option<Option<T>>, none: &str) -> Option<Said> {
    value.as_ref().map(|value| (key, Some(value.as_ref().map_or_else(|| none.to_owned(), T::to_string))))
}

pub(super) fn wrong(what: impl Into<String>) -> Error {
    Error::new(Kind::Usage, what)
}

pub(super) fn wanted(what: &str, value: &Value<'_>) -> Error {
    let is = match value {
        Value::Text(_) => "text",
        Value::Whole(_) => "a number",
        Value::Truth(_) => "true or false",
        Value::Several(_) => "a list",
        Value::Other(name) => name,
    };
    wrong(format!("it wants {what}, not {is}"))
}

/// The most bytes in the texts of one value. A command is one argument of the shell, which Linux limits to 128 KiB; a
/// password may be an access token of several KiB.
const LONGEST: usize = 64 << 10;

/// The most values of a list.
const MOST_VALUES: usize = 1000;

/// Refuses what is meant for no setting, whatever its type: a text that is too long for any use of it, and one with
/// a NUL, where the system's calls and many servers would end it.
pub(super) fn check_texts(value: &Value<'_>) -> Result<()> {
    let texts = match value {
        Value::Text(text) => std::slice::from_ref(text),
        Value::Several(texts) => texts.as_slice(),
        Value::Whole(_) | Value::Truth(_) | Value::Other(_) => &[],
    };
    let octets: usize = texts.iter().map(|text| text.len()).sum();
    if octets > LONGEST {
        return Err(wrong(format!("it has {octets} octets, and the most are {LONGEST}")));
    }
    if texts.len() > MOST_VALUES {
        return Err(wrong(format!("it has {} values, and the most are {MOST_VALUES}", texts.len())));
    }
    match texts.iter().any(|text| text.contains('\0')) {
        true => Err(wrong("it contains a NUL (\\0)")),
        false => Ok(()),
    }
}

/// Puts what was parsed into its field.
pub(super) fn put<T>(field: &mut Option<T>, value: Result<T>) -> Result<()> {
    *field = Some(value?);
    Ok(())
}

pub(super) fn text<'a>(value: &Value<'a>) -> Result<&'a str> {
    if let Value::Text(text) = value { Ok(text) } else { Err(wanted("text in quotes", value)) }
}

/// Text that is not empty.
pub(super) fn word<'a>(value: &Value<'a>) -> Result<&'a str> {
    text(value).and_then(|text| if text.is_empty() { Err(wrong("it is empty")) } else { Ok(text) })
}

/// A name that is sent to a server as it stands.
pub(super) fn name(value: &Value<'_>) -> Result<String> {
    values::name(word(value)?).map_err(wrong)
}

/// The path of a file that is only read.
pub(super) fn path(value: &Value<'_>, paths: Paths<'_>) -> Result<std::path::PathBuf> {
    paths.read(word(value)?)
}

pub(super) fn several<'a>(value: &Value<'a>) -> Result<Vec<&'a str>> {
    match value {
        Value::Text(text) => Ok(vec![text]),
        Value::Several(texts) => Ok(texts.clone()),
        _ => Err(wanted("text in quotes, or a list of such", value)),
    }
}

pub(super) fn text_or_number(value: &Value<'_>) -> Result<String> {
    match value {
        Value::Text(text) => Ok((*text).to_owned()),
        Value::Whole(number) => Ok(number.to_string()),
        _ => Err(wanted("text in quotes, or a number", value)),
    }
}

pub(super) fn count(value: &Value<'_>) -> Result<u32> {
    let number = match value {
        Value::Text(text) => text.parse().ok(),
        Value::Whole(number) => u32::try_from(*number).ok(),
        _ => return Err(wanted("a number", value)),
    };
    number.ok_or_else(|| wrong("it wants a whole number from 0 to 4294967295"))
}

pub(super) fn truth(value: &Value<'_>) -> Result<bool> {
    match value {
        Value::Truth(truth) => Ok(*truth),
        // In a variable that is no; in the file more likely a text that was to be filled in.
        Value::Text("") => Err(wrong("it is empty")),
        Value::Text(text) => values::truth(text).map_err(wrong),
        _ => Err(wanted("true or false", value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_no_setting_has_is_refused_whatever_the_type() {
        let long = "a".repeat(LONGEST + 1);
        for value in [
            Value::Text(&long),
            Value::Several(vec![&long[1..], "b"]),
            Value::Several(vec![""; MOST_VALUES + 1]),
            Value::Text("a\0"),
            Value::Several(vec!["a", "\0"]),
        ] {
            let told = check_texts(&value).expect_err("refused").to_string();
            assert!(told.len() < 100 && !told.contains('\0'), "{told:?}");
        }
        for value in [
            Value::Text(&long[1..]),
            Value::Several(vec![""; MOST_VALUES]),
            Value::Text("\u{1b}"),
            Value::Whole(i64::MAX),
            Value::Truth(true),
            Value::Other("a date"),
        ] {
            assert!(check_texts(&value).is_ok(), "{value:?}");
        }
    }
}
