//! A cut text with a proper end, from a server that is one answer behind.

use crate::support::odd::catalogue::{Odd, Which, cut_then_err, round_trip};
use crate::support::odd::{Account, Mail, equal, letters};
use crate::support::stage::at_once;
use std::time::Duration;

fn cut(number: u32, later: u64, far: u64) -> Vec<Odd> {
    vec![cut_then_err(Which::Only(number), Duration::from_millis(later)), round_trip(far)]
}

/// The cut message is never delivered nor deleted, the others come and go, and once the server is mended
/// everything is there.
fn plays(account: &Account, cut: u32) {
    let others = account.server.known().into_iter().map(|mail| mail.number).filter(|number| *number != cut);
    let others: Vec<u32> = others.collect();
    let mut runs = if others.is_empty() { account.runs(3) } else { account.brings(6, others) };
    account.still_waits(cut);
    account.is_named(cut, &runs);
    runs.extend(account.runs(2));
    account.still_waits(cut);
    account.ends_well();
}

/// With `--keep all` the others are delivered, the cut one is not.
fn keeps(account: Account, cut: u32) {
    let account = account.keeping("all");
    let others = account.server.known().into_iter().map(|mail| mail.number).filter(|number| *number != cut);
    let others: Vec<u32> = others.collect();
    let runs = account.within(6, |runs| account.has_all(&others) && runs.len() >= 2);
    account.still_waits(cut);
    account.is_named(cut, &runs);
    account.ends_well();
}

/// Each count of messages, each place of the cut one, sizes all different or all the same.
fn maildrops(counts: &[u32]) -> Vec<(Vec<Mail>, u32, bool)> {
    let mut all = Vec::new();
    for &count in counts {
        for has_pipelining in [true, false] {
            for mails in [letters(count), equal(count)] {
                for cut in if count == 1 { vec![1] } else { vec![1, count] } {
                    all.push((mails.clone(), cut, has_pipelining));
                }
            }
        }
    }
    all
}

/// `cut-then-err` (inbucket): 162 octets, a proper end, and 5 ms later `-ERR` unasked.
#[test]
fn a_text_that_was_cut_and_properly_ended_is_not_delivered_when_an_error_follows() {
    at_once(maildrops(&[3]), |(mails, number, has_pipelining)| {
        plays(&Account::new("cut-then-err", mails, has_pipelining, cut(number, 5, 30)), number);
    });
}

/// `cut-then-err` with `--keep all`.
#[test]
fn a_text_that_was_cut_is_not_delivered_where_everything_is_kept_either() {
    at_once(maildrops(&[3]), |(mails, number, has_pipelining)| {
        let account = Account::new("cut-then-err, keep all", mails, has_pipelining, cut(number, 5, 30));
        keeps(account, number);
    });
}

/// `cut-then-err-race`: 0 or 1 ms between the dot and the error, one message or three.
#[test]
fn a_text_that_was_cut_is_not_delivered_however_soon_the_error_follows() {
    for later in [0, 1] {
        at_once(maildrops(&[1, 3]), |(mails, number, has_pipelining)| {
            let name = format!("cut-then-err-race, {later} ms");
            plays(&Account::new(&name, mails, has_pipelining, cut(number, later, 20)), number);
        });
    }
}
