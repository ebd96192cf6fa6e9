//! A maildrop whose key is new, at all or to its account, and journals that may be its: is one of them? It is
//! where the headers of up to ten of its delivered messages agree with what the server shows; without headers,
//! where long unique-ids and octets do. Small servers count from 1, so that unique-ids alone say nothing. What a
//! header disproves is forgotten: the message that has the unique-id here is another one, and is fetched.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Owner, remember};
use crate::error::Result;
use crate::fetch::journal::{Entry, EntryId, Fact, Journal, Lock, State, View};
use crate::fetch::plan::Listed;
use crate::identity::Identity;

/// How many headers are asked for at most for each journal.
const SAMPLES: usize = 10;

/// A unique-id that says something by itself is longer than this: small servers count from 1.
const SHORT: usize = 8;

/// Where a maildrop's journal came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It is what these files held, which are its own under other names.
    TookOver {
        /// The names of the files.
        from: Vec<String>,
        /// How many delivered messages it knows now.
        messages: u32,
    },
    /// It is a new one: these files are another maildrop's.
    BeganAnew {
        /// The names of the files.
        instead_of: Vec<String>,
    },
}

impl fmt::Display for Origin {
    /// As a person reads it: lower case, without a full stop.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::TookOver { from, messages } => {
                let what = if *messages == 1 { "message" } else { "messages" };
                write!(f, "took over {}: {messages} {what} fetched before", from.join(" and "))
            }
            Origin::BeganAnew { instead_of } => {
                let files = instead_of.join(" and ");
                write!(
                    f,
                    "this is not the maildrop of {files}: starting a new journal, with nothing fetched before"
                )
            }
        }
    }
}

/// What there is under the key.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one for a run")]
pub(super) enum Own {
    /// Nothing but its lock.
    New(Lock),
    /// A journal, of which the account's name knew nothing yet.
    There(Journal),
}

/// A maildrop whose key is new, at all or to its account, and settled journals that may be its.
#[derive(Debug)]
pub struct Takeover {
    folder: PathBuf,
    owner: Owner,
    path: PathBuf,
    own: Own,
    /// With each, whether 0.1 named it after an account, so that it is no other maildrop's by its name.
    candidates: Vec<(Journal, bool)>,
    now: i64,
}

impl Takeover {
    pub(super) fn new(
        folder: &Path,
        owner: &Owner,
        path: PathBuf,
        own: Own,
        candidates: Vec<(Journal, bool)>,
        now: i64,
    ) -> Takeover {
        Takeover { folder: folder.to_owned(), owner: owner.clone(), path, own, candidates, now }
    }

    /// What is known of the maildrop, if it is the one that it most likely is.
    pub fn view(&self) -> Option<&View> {
        match &self.own {
            Own::There(journal) => Some(journal.view()),
            Own::New(_) => self.candidates.first().map(|(journal, _)| journal.view()),
        }
    }

    /// Notes, in all journals that may be its, what was learned of the server: the next run begins with it.
    ///
    /// # Errors
    /// As [`Journal::learn`].
    pub fn learn(&mut self, fact: &Fact) -> Result<()> {
        if let Own::There(journal) = &mut self.own {
            journal.learn(fact.clone())?;
        }
        self.candidates.iter_mut().try_for_each(|(journal, _)| journal.learn(fact.clone()))
    }

    /// The message-numbers whose headers must be asked for (TOP) before it can be decided. `listed` is in the
    /// order of the numbers.
    pub fn questions(&self, listed: &[Listed<'_>]) -> Vec<u32> {
        let samples = |(journal, _): &(Journal, bool)| Samples::choose(journal.view(), listed);
        let mut numbers: Vec<u32> =
            self.candidates.iter().flat_map(samples).map(|sample| sample.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// Takes over the journals that are this maildrop's, or begins a new one. `answers` has the identities that
    /// [`Takeover::questions`] asked for: `None` where a header could not be had. Where nothing was known that
    /// could have been taken over, there is nothing to tell.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn decide(
        self,
        listed: &[Listed<'_>],
        answers: &HashMap<u32, Option<Identity>>,
    ) -> Result<(Journal, Option<Origin>)> {
        let Takeover { folder, owner, path, own, candidates, now } = self;
        let (mut fitting, mut others) = (Vec::new(), Vec::new());
        for (mut journal, is_of_0_1) in candidates {
            // Where nothing could be mistaken there is nothing to compare: tombstones are recognised by their
            // headers whenever they count.
            let is_harmless = is_of_0_1 && !knows_live_ones(journal.view());
            if is_harmless || is_of(journal.view(), listed, answers) {
                journal.forget(&disproved(journal.view(), listed, answers))?;
                fitting.push(journal);
            } else {
                others.push(journal);
            }
        }
        fitting.sort_by_key(|journal| std::cmp::Reverse(journal.view().delivered()));
        let is_worth_telling = |journal: &&Journal| knows_live_ones(journal.view());
        let from: Vec<String> = fitting.iter().filter(is_worth_telling).map(name).collect();
        let (journal, origin) = match own {
            Own::New(lock) if fitting.is_empty() => {
                let instead_of: Vec<String> = others.iter().filter(is_worth_telling).map(name).collect();
                let origin = (!instead_of.is_empty()).then_some(Origin::BeganAnew { instead_of });
                (Journal::open_locked(&path, lock, now)?.settled(&[], &[])?, origin)
            }
            own => {
                let journal = match own {
                    Own::New(lock) => merge(fitting, &path, lock, now)?,
                    Own::There(journal) => absorb(journal, fitting)?,
                };
                let messages = journal.view().delivered();
                (journal, (!from.is_empty()).then_some(Origin::TookOver { from, messages }))
            }
        };
        remember(&folder, &owner);
        Ok((journal, origin))
    }
}

fn name(journal: &Journal) -> String {
    journal.path().file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Makes one journal under that path of several. The first takes over the others, then gets the path as its
/// name: until that last step the key is new, and whatever interrupts it, the next run does it again.
fn merge(journals: Vec<Journal>, path: &Path, lock: Lock, now: i64) -> Result<Journal> {
    let mut journals = journals.into_iter();
    let Some(mut first) = journals.next() else {
        return Journal::open_locked(path, lock, now)?.settled(&[], &[]);
    };
    let others: Vec<Journal> = journals.collect();
    for other in &others {
        first.take_over(other.view())?;
    }
    let Err(lock) = first.rename(path, lock) else {
        remove(others);
        return Ok(first);
    };
    // A mounted file has its name for good: the new one is a copy, which gets its name when it is whole.
    let whole = path.with_extension("journal.copy");
    let _ = fs::remove_file(&whole);
    let mut copy = Journal::open_locked(&whole, lock, now)?.settled(&[], &[])?;
    copy.take_over(first.view())?;
    copy.rename_in_place(path)?;
    Ok(copy)
}

/// Has a journal that stands under its key take over the others. Whatever interrupts it, the next run does it again.
fn absorb(mut own: Journal, others: Vec<Journal>) -> Result<Journal> {
    for other in &others {
        own.take_over(other.view())?;
    }
    remove(others);
    Ok(own)
}

/// Removes what was taken over. What is left of it could only be taken over once more.
fn remove(journals: Vec<Journal>) {
    for journal in journals {
        let _ = fs::remove_file(journal.path());
    }
}

/// Whether a message counts for recognising a maildrop: what is gone cannot be listed.
fn is_live(entry: &Entry<'_>) -> bool {
    matches!(entry.state, State::Delivered | State::Skipped)
}

fn knows_live_ones(view: &View) -> bool {
    view.iter().any(|entry| is_live(&entry))
}

/// A listed message that tells something of a journal.
struct Sample {
    number: u32,
    /// Its place in the listing.
    index: usize,
    /// Whether its unique-id is known, and not only its octets.
    is_named: bool,
}

struct Samples;

impl Samples {
    /// Up to ten messages, from all over the listing: those whose unique-id the journal knows as delivered;
    /// where there is none, those of the same octets as delivered ones, since a server that moved may have
    /// renumbered its messages.
    fn choose(view: &View, listed: &[Listed<'_>]) -> Vec<Sample> {
        let is_named = |message: &Listed<'_>| {
            let unique_id = message.unique_id.filter(|unique_id| !unique_id.is_empty());
            unique_id.is_some_and(|unique_id| view.find(unique_id).any(|entry| is_live(&entry)))
        };
        let named = Samples::spread(listed, is_named, true);
        if !named.is_empty() {
            return named;
        }
        let recognisable = view.iter().filter(|entry| is_live(entry) && entry.identity.is_some());
        let octets: HashSet<u64> = recognisable.filter_map(|entry| entry.octets).collect();
        let is_as_large = |message: &Listed<'_>| message.octets.is_some_and(|own| octets.contains(&own));
        Samples::spread(listed, is_as_large, false)
    }

    fn spread(listed: &[Listed<'_>], is_sample: impl Fn(&Listed<'_>) -> bool, is_named: bool) -> Vec<Sample> {
        let all: Vec<usize> = (0..listed.len()).filter(|index| is_sample(&listed[*index])).collect();
        let count = all.len().min(SAMPLES);
        let at = |nth: usize| all[nth * all.len() / count];
        (0..count).map(at).map(|index| Sample { number: listed[index].number, index, is_named }).collect()
    }
}

/// Whether a journal is that of the maildrop that lists those messages and answered so.
fn is_of(view: &View, listed: &[Listed<'_>], answers: &HashMap<u32, Option<Identity>>) -> bool {
    let samples = Samples::choose(view, listed);
    let mut count = Count::default();
    let identities: HashSet<Identity> = match samples.first() {
        Some(sample) if !sample.is_named => view.iter().filter_map(|entry| entry.identity).collect(),
        _ => HashSet::new(),
    };
    for sample in &samples {
        let Some(identity) = answers.get(&sample.number).copied().flatten() else { continue };
        if !sample.is_named {
            count.add(identities.contains(&identity));
            continue;
        }
        let known = |entry: Entry<'_>| entry.identity.filter(|_| is_live(&entry));
        let unique_id = listed[sample.index].unique_id.unwrap_or_default();
        let mut known = view.find(unique_id).filter_map(known).peekable();
        if known.peek().is_some() {
            count.add(known.any(|known| known == identity));
        }
    }
    if count.agree + count.differ == 0 {
        for sample in samples.iter().filter(|sample| sample.is_named) {
            let Listed { octets: Some(octets), unique_id: Some(unique_id), .. } = listed[sample.index] else {
                continue;
            };
            let mut known = view.find(unique_id).filter(is_live).filter_map(|entry| entry.octets).peekable();
            if unique_id.len() > SHORT && known.peek().is_some() {
                count.add(known.any(|known| known == octets));
            }
        }
    }
    count.agree > count.differ
}

/// The entries whose message is another one here, by its header. Those of other octets are asked for anyway when the
/// plan is made.
fn disproved(view: &View, listed: &[Listed<'_>], answers: &HashMap<u32, Option<Identity>>) -> Vec<EntryId> {
    let mut disproved = Vec::new();
    for sample in Samples::choose(view, listed).iter().filter(|sample| sample.is_named) {
        let Some(identity) = answers.get(&sample.number).copied().flatten() else { continue };
        let Listed { octets, unique_id, .. } = listed[sample.index];
        let is_known = |entry: &Entry<'_>| is_live(entry) && entry.identity.is_some();
        let known: Vec<Entry<'_>> = view.find(unique_id.unwrap_or_default()).filter(is_known).collect();
        if known.iter().all(|entry| entry.identity != Some(identity)) {
            let is_mistaken =
                |entry: &&Entry<'_>| entry.octets.is_none() || octets.is_none() || entry.octets == octets;
            disproved.extend(known.iter().filter(is_mistaken).map(|entry| entry.id));
        }
    }
    disproved
}

/// How many samples speak for it, and how many against it. One that differs among many is a unique-id that
/// the server gave to another message.
#[derive(Default)]
struct Count {
    agree: usize,
    differ: usize,
}

impl Count {
    fn add(&mut self, agrees: bool) {
        match agrees {
            true => self.agree += 1,
            false => self.differ += 1,
        }
    }
}
