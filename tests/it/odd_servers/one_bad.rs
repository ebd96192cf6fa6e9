//! One bad message among good ones: the others come and go, whatever it does.

use crate::support::odd::catalogue::{
    Odd, Which, expunged, poison_cut, poison_empty, poison_late_err, poison_reset, poison_silent,
    top_refused, unstuffed, utf8_needed, without,
};
use crate::support::odd::{Account, Mail, at_both, letters};
use crate::support::stage::at_once;

const BAD: u32 = 2;
const OTHERS: [u32; 5] = [1, 3, 4, 5, 6];

/// Six messages, the second of which may be a dotted one.
fn six() -> Vec<Mail> {
    let mut mails = letters(6);
    mails[BAD as usize - 1] = Mail::dotted(BAD);
    mails
}

/// The others come and go; with `--keep 2` the older of them go; then the server is mended.
fn blocks_nothing(name: &str, poison: impl Fn(Which) -> Odd + Sync) {
    let cases = [true, false].into_iter().flat_map(|ahead| [(ahead, "none"), (ahead, "2")]);
    at_once(cases, |(has_pipelining, keep)| {
        let named = format!("{name}, keep {keep}");
        let account = Account::new(&named, six(), has_pipelining, poison(Which::Only(BAD))).keeping(keep);
        let runs = match keep {
            "none" => account.brings(6, OTHERS),
            _ => account.within(6, |_| {
                account.has_all(&OTHERS) && [1, 3, 4].iter().all(|number| !account.server.has(*number))
            }),
        };
        account.still_waits(BAD);
        account.is_named(BAD, &runs);
        if keep == "2" {
            assert!(account.server.has(5) && account.server.has(6), "{}", account.told(&runs));
        }
        account.ends_well();
    });
}

/// `poison-cut` (mysociety/alaveteli#7562).
#[test]
fn a_message_at_which_the_connection_is_closed_blocks_no_other() {
    blocks_nothing("poison-cut", poison_cut);
}

/// `poison-cut`, by a reset.
#[test]
fn a_message_at_which_the_connection_is_reset_blocks_no_other() {
    blocks_nothing("poison-reset", poison_reset);
}

/// `poison-silent`.
#[test]
fn a_message_at_which_the_server_falls_silent_blocks_no_other() {
    blocks_nothing("poison-silent", poison_silent);
}

/// `poison-late-err` (apache/james-project#868).
#[test]
fn an_error_behind_the_status_line_of_a_message_blocks_no_other() {
    blocks_nothing("poison-late-err", poison_late_err);
}

/// `poison-unstuffed`.
#[test]
fn a_message_whose_dots_are_not_doubled_blocks_no_other() {
    blocks_nothing("poison-unstuffed", unstuffed);
}

/// Kin to the above: an empty text where octets were declared.
#[test]
fn a_message_that_comes_empty_blocks_no_other_and_is_not_delivered() {
    blocks_nothing("poison-empty", poison_empty);
}

/// `utf8-needed` (IndySockets/Indy#450): fetched in UTF8 mode, or a hint says why it never will be.
#[test]
fn a_message_that_needs_utf8_mode_is_fetched_in_it_or_explained() {
    at_both(|has_pipelining| {
        let mut mails = letters(4);
        mails[1] = Mail::utf8(2);
        let account = Account::new("utf8-needed", mails, has_pipelining, utf8_needed(Which::Only(2)));
        let runs = account.brings(6, [1, 3, 4]);
        let is_told =
            runs.iter().any(|run| run.outcome.code != 0 && run.outcome.stderr.contains("UTF8 mode"));
        let is_fetched = account.has_all(&[2]) && !account.server.has(2);
        assert!(is_fetched || is_told, "{}", account.told(&runs));
        if !is_fetched {
            let words = |run: &crate::support::odd::Run| {
                let text = run.outcome.stderr.to_lowercase();
                text.lines().any(|line| line.contains("hint") && line.contains("utf"))
            };
            assert!(runs.iter().any(words), "no hint: {}", account.told(&runs));
        }
        account.ends_well();
    });
}

/// `expunged` (mysociety/alaveteli#5697).
#[test]
fn a_message_that_somebody_expunged_is_named_once_and_then_forgotten() {
    at_both(|has_pipelining| {
        let account = Account::new("expunged", letters(4), has_pipelining, expunged(2));
        let first = account.fetch();
        assert!(first.names(2), "{}", account.told(&[first]));
        let runs = account.brings(3, [1, 3, 4]);
        let last = account.fetch();
        assert_eq!(last.outcome.code, 0, "{}", account.told(&runs));
        assert_eq!(account.counts().len(), 3);
    });
}

/// `top-refused` (zhangyunhao116/zmail#22): no UIDL, and TOP of one message is refused.
#[test]
fn a_message_whose_headers_are_refused_blocks_no_other_and_none_comes_twice() {
    at_both(|has_pipelining| {
        let oddity = vec![without("UIDL"), top_refused(Which::Only(2))];
        let account = Account::new("top-refused", letters(4), has_pipelining, oddity).keeping("all");
        account.within(4, |_| account.has_all(&[1, 3, 4]));
        account.runs(3);
        let last = account.fetch();
        assert!(
            account.has_all(&[2]) || last.outcome.code != 0 || last.names(2),
            "{}",
            account.told(&[last])
        );
        assert_eq!(account.server.mails().len(), 4);
    });
}

/// The same where the server names no message at all: nothing of it can be remembered but in the run itself.
#[test]
fn a_message_without_a_name_at_which_the_connection_is_closed_blocks_no_other() {
    at_both(|has_pipelining| {
        let odd: Vec<Odd> = vec![without("UIDL"), without("TOP"), poison_cut(Which::Only(BAD))];
        let account = Account::new("poison-cut, without names", six(), has_pipelining, odd);
        account.brings(4, OTHERS);
        account.still_waits(BAD);
    });
}
