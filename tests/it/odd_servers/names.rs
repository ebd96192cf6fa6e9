//! Servers whose listings change what messages are known by from run to run: a unique-id that is there, missing,
//! or all messages gone for a while.

use crate::kill::is_exhaustive;
use crate::support::odd::catalogue::{Odd, Which, maildrop_is_empty, uidl_line_lacks, without};
use crate::support::odd::{Account, equal, letters};
use crate::support::stage::at_once;

/// What the server lists in one run.
#[derive(Clone, Copy, Debug)]
enum Listing {
    /// Everything.
    Whole,
    /// Everything but the unique-ids of the messages 1 and 2.
    Lacks,
    /// The same, and no TOP to know these messages by.
    LacksWithoutTop,
    /// No unique-id at all.
    NoUidl,
    /// No message.
    Empty,
}

impl Listing {
    const ALL: [Listing; 5] =
        [Listing::Whole, Listing::Lacks, Listing::LacksWithoutTop, Listing::NoUidl, Listing::Empty];

    fn behaves(self) -> Odd {
        let lacks = || uidl_line_lacks(Which::UpTo(2), false);
        match self {
            Listing::Whole => Box::new(Vec::<Odd>::new()),
            Listing::Lacks => lacks(),
            Listing::LacksWithoutTop => Box::new(vec![lacks(), without("TOP")]),
            Listing::NoUidl => without("UIDL"),
            Listing::Empty => maildrop_is_empty(),
        }
    }
}

/// Every history of three such runs, each followed by runs with a server that follows the rules.
/// `POP3_TEST_EXHAUSTIVE=1` also takes messages of one size, and keeps none.
#[test]
fn a_message_whose_unique_id_comes_and_goes_is_delivered_once_whatever_was_listed_before() {
    let mut histories = Vec::new();
    for one in Listing::ALL {
        for two in Listing::ALL {
            histories.extend(Listing::ALL.map(|three| [one, two, three]));
        }
    }
    let cases = [("all", letters(4)), ("all", equal(4)), ("none", letters(4)), ("none", equal(4))];
    for (keep, mails) in cases.into_iter().take(if is_exhaustive() { 4 } else { 1 }) {
        at_once(histories.clone(), |history| {
            let name = format!("{history:?}, keep {keep}");
            let account = Account::new(&name, mails.clone(), true, history[0].behaves()).keeping(keep);
            account.fetch();
            for listing in &history[1..] {
                account.server.become_odd(listing.behaves());
                account.fetch();
            }
            account.ends_well();
            account.fetch().outcome.exits(0);
        });
    }
}
