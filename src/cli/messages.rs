//! Resolves what a person types (`3`, `3-7`, `last:10`, `new`, `uid:…`) to message-numbers of an open maildrop.

use std::collections::HashSet;
use std::path::Path;
use std::slice;

use pop3::account::Account;
use pop3::error::{Error, Kind, Result};
use pop3::fetch::journal::View;
use pop3::fetch::policy::Keep;
use pop3::fetch::{Journal, Policy, Survey};
use pop3::protocol::maildrop::MAX_MESSAGES;
use pop3::protocol::{Maildrop, Message};
use pop3::session::{Session, Transaction};

use super::args::{MessageArg, Position};
use super::context::Context;

/// A session that is signed in, and the numbers of the named messages, in the order they were named.
///
/// # Errors
/// [`Kind::NoSuchMessage`] for a message that is not there; what signing in and the session fail with.
pub(crate) fn open(
    context: &Context,
    account: &Account,
    named: &[MessageArg],
) -> Result<(Session<Transaction>, Vec<u32>)> {
    let journal = context.journal_of(account)?;
    if named.iter().any(MessageArg::needs_listing) {
        let (mut session, maildrop) = context.look(account)?;
        let (_, numbers) = choose(&mut session, maildrop, named, &journal)?;
        return Ok((session, numbers));
    }
    let mut session = context.sign_in(account)?;
    let there = There::counted(session.stat()?.messages)?;
    Ok((session, numbers(named, &there)?))
}

/// The numbers of the named messages, each once, in a maildrop that was listed just now and is handed back. `journal`
/// is that of the maildrop, read only for `new`.
///
/// # Errors
/// [`Kind::NoSuchMessage`] for a message that is not there; what the session fails with.
pub(crate) fn choose(
    session: &mut Session<Transaction>,
    maildrop: Maildrop,
    named: &[MessageArg],
    journal: &Path,
) -> Result<(Survey, Vec<u32>)> {
    let mut survey = Survey::new(maildrop, true);
    let mut new = Vec::new();
    if named.iter().any(MessageArg::needs_journal) {
        let view = Journal::peek(journal)?.unwrap_or_else(View::default);
        // Nothing is fetched or deleted here, so a message may stay unidentified.
        survey.name(session, &Policy { keep: Keep::None, ..Policy::default() })?;
        let listed = survey.listed();
        let fetched = survey.known(session, &listed, &view)?;
        let all = listed.iter().zip(fetched);
        new.extend(all.filter(|(_, fetched)| !fetched).map(|(message, _)| message.number));
    }
    let numbers = find(named, survey.maildrop(), &new)?;
    Ok((survey, numbers))
}

/// The same where it is known which messages are `new`: their numbers, in order.
///
/// # Errors
/// [`Kind::NoSuchMessage`] for a message that is not there.
pub(crate) fn find(named: &[MessageArg], maildrop: &Maildrop, new: &[u32]) -> Result<Vec<u32>> {
    numbers(named, &There::listed(maildrop, new))
}

/// What there is to choose from.
struct There<'a> {
    /// The highest message-number; 0 where there is none.
    highest: u32,
    /// Every message-number, in order.
    all: Vec<u32>,
    /// What was listed. `None`: only the number of messages is known, and all up to the highest are there.
    listed: Option<&'a Maildrop>,
    new: &'a [u32],
}

impl<'a> There<'a> {
    fn counted(messages: u32) -> Result<There<'a>> {
        if messages as usize > MAX_MESSAGES {
            let says = format!("the server says that the maildrop has {messages} messages, which cannot be");
            return Err(Error::new(Kind::Protocol, says));
        }
        Ok(There { highest: messages, all: (1..=messages).collect(), listed: None, new: &[] })
    }

    fn listed(maildrop: &'a Maildrop, new: &'a [u32]) -> There<'a> {
        let all: Vec<u32> = maildrop.messages().map(|message| message.number).collect();
        let last = all.last().copied().unwrap_or(0);
        There { highest: last.max(maildrop.counted()), all, listed: Some(maildrop), new }
    }

    /// The message-numbers from the first to the second.
    fn between(&self, from: u32, to: u32) -> &[u32] {
        let begin = self.all.partition_point(|number| *number < from);
        let end = self.all.partition_point(|number| *number <= to);
        self.all.get(begin..end).unwrap_or_default()
    }

    /// Whether that number is a message. Where the server lists fewer than it counts, any number may be one.
    fn has(&self, number: u32) -> bool {
        self.listed.is_none_or(|maildrop| {
            maildrop.message(number).is_some() || maildrop.len() < maildrop.counted() as usize
        })
    }

    fn with_unique_id(&self, wanted: &[u8]) -> Vec<u32> {
        let has_it = |message: &Message<'_>| message.unique_id == Some(wanted);
        let all = self.listed.into_iter().flat_map(Maildrop::messages);
        all.filter(has_it).map(|message| message.number).collect()
    }

    fn place(&self, position: Position) -> Result<u32> {
        let number = match position {
            Position::Number(number) => number,
            Position::First => self.all.first().copied().unwrap_or(1),
            Position::Last => self.all.last().copied().unwrap_or(self.highest),
        };
        let says = match self.highest {
            0 => "there is no message: the maildrop is empty".to_owned(),
            highest if number > highest => {
                format!("there is no message {number}: the maildrop has {highest}")
            }
            _ => return Ok(number),
        };
        Err(missing(says))
    }
}

fn numbers(named: &[MessageArg], there: &There<'_>) -> Result<Vec<u32>> {
    let mut numbers = Vec::new();
    let mut seen = HashSet::new();
    for name in named {
        let parts = if let MessageArg::List(parts) = name { parts } else { slice::from_ref(name) };
        for part in parts {
            let found = named_by(part, there)?;
            numbers.extend(found.into_iter().filter(|number| seen.insert(*number)));
        }
    }
    Ok(numbers)
}

fn named_by(name: &MessageArg, there: &There<'_>) -> Result<Vec<u32>> {
    let (found, missed) = match name {
        MessageArg::One(position) => {
            let number = there.place(*position)?;
            let found = Some(number).filter(|number| there.has(*number));
            (found.into_iter().collect(), format!("there is no message {number}"))
        }
        MessageArg::Range(from, to) => {
            let (from, to) = (there.place(*from)?, there.place(*to)?);
            (there.between(from, to).to_vec(), format!("there are no messages {from}-{to}"))
        }
        MessageArg::UniqueId(wanted) => {
            let shown = String::from_utf8_lossy(wanted);
            (there.with_unique_id(wanted), format!("no message has the unique-id {shown}"))
        }
        // These name what is there, which may be nothing. The parser puts no list into a list.
        MessageArg::Newest(count) => {
            return Ok(there.all[there.all.len().saturating_sub(*count as usize)..].to_vec());
        }
        MessageArg::All => return Ok(there.all.clone()),
        MessageArg::New => return Ok(there.new.to_vec()),
        MessageArg::List(_) => return Ok(Vec::new()),
    };
    if found.is_empty() { Err(missing(missed)) } else { Ok(found) }
}

fn missing(says: String) -> Error {
    Error::new(Kind::NoSuchMessage, says)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pop3::protocol::maildrop::Collector;
    use std::time::{Duration, Instant};

    fn named(words: &[&str]) -> Vec<MessageArg> {
        words.iter().map(|word| MessageArg::parse(word.as_bytes()).expect(word)).collect()
    }

    fn resolved(count: u32, words: &[&str]) -> Result<Vec<u32>, String> {
        let there = There { new: &[2, 5], ..There::counted(count).expect("few") };
        numbers(&named(words), &there).map_err(|error| {
            assert_eq!(error.kind(), Kind::NoSuchMessage);
            error.to_string()
        })
    }

    #[test]
    fn messages_come_as_they_are_named_and_each_once() {
        let table: [(&[&str], &[u32]); 16] = [
            (&["7"], &[7]),
            (&["3-7"], &[3, 4, 5, 6, 7]),
            (&["18-"], &[18, 19, 20]),
            (&["18-last"], &[18, 19, 20]),
            (&["first-2"], &[1, 2]),
            (&["last"], &[20]),
            (&["first"], &[1]),
            (&["last:3"], &[18, 19, 20]),
            (&["5,1,3"], &[5, 1, 3]),
            (&["5,1-3,2"], &[5, 1, 2, 3]),
            (&["4", "3-5", "4"], &[4, 3, 5]),
            (&["new"], &[2, 5]),
            (&["last,new,2", "first"], &[20, 2, 5, 1]),
            (&["20-last", "last-"], &[20]),
            (&["last:99", "all"], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]),
            (&[], &[]),
        ];
        for (words, found) in table {
            assert_eq!(resolved(20, words).as_deref(), Ok(found), "{words:?}");
        }
    }

    #[test]
    fn what_is_not_there_is_an_error_and_a_set_of_nothing_is_none() {
        for (count, word, says) in [
            (20, "21", "there is no message 21: the maildrop has 20"),
            (20, "3-21", "there is no message 21: the maildrop has 20"),
            (20, "21-", "there is no message 21: the maildrop has 20"),
            (20, "1,21", "there is no message 21: the maildrop has 20"),
            (1, "2", "there is no message 2: the maildrop has 1"),
            (0, "1", "there is no message: the maildrop is empty"),
            (0, "first", "there is no message: the maildrop is empty"),
            (0, "last", "there is no message: the maildrop is empty"),
            (0, "1-last", "there is no message: the maildrop is empty"),
        ] {
            assert_eq!(resolved(count, &[word]), Err(says.to_owned()), "{word} of {count}");
        }
        for word in ["all", "last:10", "all,last:3"] {
            assert_eq!(resolved(0, &[word]), Ok(Vec::new()), "{word}");
        }
    }

    /// With a look at all of them for each part it would take minutes.
    #[test]
    fn very_many_parts_are_found_in_a_very_large_maildrop_at_once() {
        let mut collector = Collector::new();
        for number in 1..=100_000 {
            collector.scan(format!("{number} 1000").as_bytes()).expect("a scan listing");
        }
        let maildrop = collector.finish(Some(100_000)).expect("a maildrop");
        let parts: Vec<String> = (1..20_000).map(|number| format!("{number}-{},first", number + 1)).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let named = named(&parts);
        let begun = Instant::now();
        assert_eq!(find(&named, &maildrop, &[]).expect("all are there"), (1..=20_000).collect::<Vec<u32>>());
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }

    #[test]
    fn more_messages_than_any_maildrop_has_are_not_counted_out() {
        assert_eq!(There::counted(u32::MAX).err().map(|error| error.kind()), Some(Kind::Protocol));
    }
}
