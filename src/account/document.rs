//! Parses the text of a configuration file into settings, and every mistake in it with its line and column.
//! Pure: no file is opened here. Walks the TOML tree by hand, because a derived deserialiser would stop at
//! the first mistake and quote the line, which may contain a password.

use std::cell::Cell;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::globals::Globals;
use super::overrides::Overrides;
use super::paths::Paths;
use super::setting::{KeyScope, Value};
use super::values::{self, LONGEST_NAME, nearest};
use crate::advice::{Advice, Elsewhere, Settings};
use crate::error::Error;
use crate::quote;

/// The most mistakes that are told: with more it is another file than is meant, and the list would help nobody.
const MOST_MISTAKES: usize = 1000;

/// The tables at the top level.
const TABLES: [&str; 2] = ["defaults", "account"];

/// Every key at the top level, the tables last.
fn top() -> impl Iterator<Item = &'static str> + Clone {
    Globals::keys().map(|key| key.name).chain(TABLES)
}

/// A mistake in the configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The line, from 1.
    pub line: usize,
    /// The character in that line, from 1.
    pub column: usize,
    /// What is wrong: lower case, no full stop, never a value that may be secret.
    pub message: String,
    /// What to do about it.
    pub advice: Option<Advice>,
    /// The account whose table it is in: it concerns no other. `None` if it concerns the whole file.
    pub account: Option<String>,
    /// The included file that it is in; `None` for the configuration file itself.
    pub file: Option<PathBuf>,
}

/// A place in a file: line and character in it, both from 1.
pub(super) type Place = (usize, usize);

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

/// One `[account.NAME]`.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) settings: Overrides,
    /// Where its name occurs first.
    pub(super) at: Place,
    /// The included file that it is in; `None` for the configuration file itself.
    pub(super) file: Option<PathBuf>,
}

/// A parsed configuration file.
#[derive(Debug, Clone, Default)]
pub(super) struct Document {
    pub(super) globals: Globals,
    pub(super) defaults: Overrides,
    /// Where they begin.
    pub(super) defaults_at: Place,
    /// Where `default-account` and `include` have their values.
    pub(super) default_account_at: Place,
    pub(super) include_at: Place,
    /// The first key at the top that is no table of accounts, and where it is.
    pub(super) first_at_top: Option<(String, Place)>,
    /// In the order of the file.
    pub(super) accounts: Vec<Entry>,
    /// Where the first `password`, or other secret, is.
    pub(super) password_at: Option<Place>,
}

/// Parses as much of `text` as possible, its paths as `paths` says.
pub(super) fn read(text: &str, paths: Paths<'_>) -> (Document, Vec<Mistake>) {
    let (root, errors) = DeTable::parse_recoverable(text);
    let document = Document::default();
    let (places, mistakes) = (Places::new(text), Vec::new());
    let mut reader = Reader { places, paths, document, account: None, mistakes, has_more: false };
    for error in errors {
        if reader.is_full() {
            break;
        }
        let at = error.span().map_or(text.len(), |span| span.start);
        let message = error.message().replace('\n', ", ");
        let message = match key_before(text, at) {
            Some(key) => format!("{key}: {message}"),
            None => message,
        };
        reader.complain(at, message, None);
    }
    let unreadable: Vec<usize> = reader.mistakes.iter().map(|mistake| mistake.line).collect();
    reader.top(root.get_ref());
    let Reader { document, mut mistakes, has_more, .. } = reader;
    // After a syntax error the settings are guesses, and so are mistakes in them.
    let mut seen = 0;
    mistakes.retain(|mistake| {
        seen += 1;
        seen <= unreadable.len() || !unreadable.contains(&mistake.line)
    });
    mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
    if has_more {
        // Of the whole file, since those that are left out may be of any account.
        let what = "there are more mistakes than these".to_owned();
        let at = mistakes.last().map_or((1, 1), |last| (last.line, last.column));
        mistakes.push(mistake(at, what, Some(Settings::OversizedFile.into())));
    }
    (document, mistakes)
}

/// A mistake that concerns all of the configuration file.
pub(super) fn mistake((line, column): Place, message: String, advice: Option<Advice>) -> Mistake {
    Mistake { line, column, message, advice, account: None, file: None }
}

/// The key of the value that begins in the same line before that byte. Only a known one is told: anything else could
/// be a part of a secret.
fn key_before(text: &str, at: usize) -> Option<&'static str> {
    let before = text.get(..at)?;
    let line = &before[before.rfind('\n').map_or(0, |newline| newline + 1)..];
    let (key, _) = line.split_once('=')?;
    let mut known = Overrides::keys().chain(Globals::keys());
    known.find(|known| known.name == key.trim()).map(|known| known.name)
}

/// Finds the places of bytes in a text, each in a moment if they are asked for in their order: a file may have
/// hundreds of thousands.
struct Places<'t> {
    text: &'t str,
    /// Where each line begins.
    lines: Vec<usize>,
    /// The byte that was asked for last, and its place.
    last: Cell<(usize, Place)>,
}

impl<'t> Places<'t> {
    fn new(text: &'t str) -> Places<'t> {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Places { text, lines: std::iter::once(0).chain(ends).collect(), last: Cell::new((0, (1, 1))) }
    }

    fn place(&self, at: usize) -> Place {
        // A byte within a character, or behind the end, is shown at the end, as nothing asks for one.
        let at = if self.text.is_char_boundary(at) { at } else { self.text.len() };
        let line = self.lines.partition_point(|&begin| begin <= at);
        let (from, column) = match self.last.get() {
            (last, (of_last, column)) if of_last == line && last <= at => (last, column),
            _ => (self.lines[line - 1], 1),
        };
        let place = (line, column + self.text[from..at].chars().count());
        self.last.set((at, place));
        place
    }
}

struct Reader<'t> {
    places: Places<'t>,
    paths: Paths<'t>,
    document: Document,
    /// The account whose table is being read.
    account: Option<String>,
    mistakes: Vec<Mistake>,
    /// Whether there are more mistakes than are told.
    has_more: bool,
}

type Pair<'a, 'i> = (&'a str, Range<usize>, &'a Spanned<DeValue<'i>>);

/// The pairs of a table in the order of the file.
fn pairs<'a, 'i>(table: &'a DeTable<'i>) -> Vec<Pair<'a, 'i>> {
    let mut pairs: Vec<_> =
        table.iter().map(|(key, value)| (key.get_ref().as_ref(), key.span(), value)).collect();
    pairs.sort_by_key(|(_, span, _)| span.start);
    pairs
}

impl Reader<'_> {
    /// Whether the mistake that was found now is one too many to be told: then its advice is not looked for either.
    fn is_full(&mut self) -> bool {
        self.has_more |= self.mistakes.len() == MOST_MISTAKES;
        self.has_more
    }

    fn complain(&mut self, at: usize, message: impl Into<String>, advice: Option<Advice>) {
        if self.is_full() {
            return;
        }
        let account = self.account.clone();
        self.mistakes.push(Mistake { account, ..mistake(self.places.place(at), message.into(), advice) });
    }

    fn top(&mut self, root: &DeTable<'_>) {
        for (key, span, value) in pairs(root) {
            if key != "account" {
                let at = self.places.place(span.start);
                self.document.first_at_top.get_or_insert_with(|| (quote::short(key), at));
            }
            match (key, value.get_ref()) {
                ("defaults", DeValue::Table(table)) => {
                    self.document.defaults = self.settings(table);
                    self.document.defaults_at = self.places.place(span.start);
                }
                ("account", DeValue::Table(table)) => self.accounts(table),
                ("defaults" | "account", _) => {
                    self.complain(
                        value.span().start,
                        format!("{key} is a table"),
                        Some(place_of(key).into()),
                    );
                }
                _ => {
                    match key {
                        "default-account" => {
                            self.document.default_account_at = self.places.place(value.span().start);
                        }
                        "include" => self.document.include_at = self.places.place(value.span().start),
                        _ => {}
                    }
                    match self.document.globals.read(key, &plain(value.get_ref()), self.paths) {
                        Ok(true) => {}
                        Ok(false) => self.unknown_at_top(key, span.start),
                        Err(error) => {
                            let what = format!("{key}: {}", values::causes(&error));
                            self.complain(value.span().start, what, advice_in_file(&error));
                        }
                    }
                }
            }
        }
    }

    fn unknown_at_top(&mut self, key: &str, at: usize) {
        if self.is_full() {
            return;
        }
        let is_of_accounts = |key: &str| Overrides::key(key).is_some();
        let advice = advice_on_unknown(key, top(), is_of_accounts);
        self.complain(at, format!("unknown key \"{}\"", quote::short(key)), Some(advice.into()));
    }

    fn accounts(&mut self, table: &DeTable<'_>) {
        for (name, span, value) in pairs(table) {
            let DeValue::Table(table) = value.get_ref() else {
                self.complain(
                    span.start,
                    "an account is a table with a name",
                    Some(Settings::AccountTable.into()),
                );
                continue;
            };
            if name.is_empty() || name.contains(char::is_control) {
                self.complain(span.start, "an account's name is empty or contains a control character", None);
            } else if name.len() > LONGEST_NAME {
                // Not kept: each message about the account would repeat it.
                let octets = name.len();
                let what = format!("an account's name has {octets} octets, and the most are {LONGEST_NAME}");
                self.complain(span.start, what, None);
                continue;
            }
            let at = self.places.place(span.start);
            self.account = Some(name.to_owned());
            let settings = self.settings(table);
            self.account = None;
            self.document.accounts.push(Entry { name: name.to_owned(), settings, at, file: None });
        }
    }

    fn settings(&mut self, table: &DeTable<'_>) -> Overrides {
        let mut settings = Overrides::default();
        for (key, span, value) in pairs(table) {
            let Some(known) = Overrides::key(key) else {
                if self.is_full() {
                    continue;
                }
                let names = Overrides::keys().map(|key| key.name);
                let advice = advice_on_unknown(key, names, |key| top().any(|other| other == key));
                let what = format!("unknown key \"{}\"", quote::short(key));
                self.complain(span.start, what, Some(advice.into()));
                continue;
            };
            if known.scope == KeyScope::OneAccount && self.account.is_none() {
                let what = format!("{key} is a setting of one account");
                self.complain(span.start, what, Some(place_of(key).into()));
                continue;
            }
            if known.is_secret {
                self.document.password_at.get_or_insert(self.places.place(span.start));
            }
            if let Err(error) = settings.set(key, &plain(value.get_ref()), self.paths) {
                let advice = advice_in_file(&error).or_else(|| self.advice_on_escape(value));
                self.complain(value.span().start, format!("{key}: {}", values::causes(&error)), advice);
            }
        }
        settings
    }

    /// The advice for text with a control character in it: in TOML's double quotes `\t` is a TAB.
    fn advice_on_escape(&self, value: &Spanned<DeValue<'_>>) -> Option<Advice> {
        let DeValue::String(text) = value.get_ref() else { return None };
        let written = self.places.text.get(value.span())?;
        let is_escaped =
            text.contains(char::is_control) && written.starts_with('"') && written.contains('\\');
        is_escaped.then(|| Settings::EscapeInQuotes.into())
    }
}

/// The advice for a key that is none of the `known` ones; `is_misplaced` says whether it is one in another place.
fn advice_on_unknown(
    key: &str,
    known: impl Iterator<Item = &'static str> + Clone,
    is_misplaced: impl Fn(&str) -> bool,
) -> Settings {
    if let Some(word) = Elsewhere::of(key) {
        return Settings::KeyOfElsewhere(word);
    }
    match nearest(key, known.clone()) {
        Some(near) => Settings::MistypedKey(near.to_owned()),
        None if is_misplaced(key) => place_of(key),
        None => Settings::KnownKeys(known.map(str::to_owned).collect()),
    }
}

/// The advice for a key, or a table, that is in the wrong place.
fn place_of(key: &str) -> Settings {
    match key {
        "defaults" => Settings::DefaultsTable,
        "account" => Settings::AccountTable,
        _ => match Overrides::key(key).map(|key| key.scope) {
            Some(KeyScope::OneAccount) => Settings::KeyOfOneAccount,
            Some(KeyScope::Account) => Settings::KeyOfAccounts(key.to_owned()),
            None => Settings::KeyOfTop(key.to_owned()),
        },
    }
}

/// The advice of the error of a value in the file.
fn advice_in_file(error: &Error) -> Option<Advice> {
    Some(match error.advice()?.clone() {
        Advice::Settings(advice) => advice.in_file().into(),
        other => other,
    })
}

fn plain<'a>(value: &'a DeValue<'_>) -> Value<'a> {
    match value {
        DeValue::String(text) => Value::Text(text),
        DeValue::Boolean(truth) => Value::Truth(*truth),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::Whole(number),
            Err(_) => Value::Other("so large a number"),
        },
        DeValue::Float(_) => Value::Other("a number with a fraction"),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Table(_) => Value::Other("a table"),
        DeValue::Array(items) => {
            let texts = items.iter().map(|item| match item.get_ref() {
                DeValue::String(text) => Some(text.as_ref()),
                _ => None,
            });
            texts.collect::<Option<_>>().map_or(Value::Other("a list of other things"), Value::Several)
        }
    }
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
