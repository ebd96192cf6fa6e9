//! Questions that are answered oddly.

use crate::support::odd::catalogue::{
    Odd, UidlN, Which, capa_after, from_zero, maildrop_is_empty, switched, uidl_empty, uidl_line_lacks,
    uidl_n, without,
};
use crate::support::odd::{Account, Step, at_both, equal, letters};
use crate::support::stage::at_once;

/// Each of these with PIPELINING announced and without.
fn both<T: Copy>(cases: impl IntoIterator<Item = T>) -> Vec<(T, bool)> {
    cases.into_iter().flat_map(|case| [(case, true), (case, false)]).collect()
}

/// `uidl-n-odd` (axllent/mailpit#552, jstedfast/MailKit#560).
#[test]
fn a_server_that_does_not_understand_the_question_for_one_unique_id_is_fetched_from() {
    let cases = both([UidlN::Listing, UidlN::Bare, UidlN::Number]);
    at_once(cases, |(how, has_pipelining)| {
        for mails in [letters(6), equal(6)] {
            let account = Account::new(&format!("uidl-n-odd {how:?}"), mails, has_pipelining, uidl_n(how));
            account.brings(3, 1..=6);
            account.fetch().outcome.exits(0);
        }
    });
}

/// `uidl-line-lacks` (jstedfast/MailKit#560).
#[test]
fn a_unique_id_that_is_missing_in_the_listing_holds_up_no_other_and_is_told() {
    at_once(both([true, false]), |(has_blank, has_pipelining)| {
        let oddity = uidl_line_lacks(Which::Only(2), has_blank);
        let account = Account::new("uidl-line-lacks", letters(4), has_pipelining, oddity);
        let runs = account.brings(4, [1, 3, 4]);
        let is_told = runs.iter().any(|run| run.outcome.code != 0 || run.names(2));
        assert!(account.has_all(&[2]) || is_told, "2 is passed over in silence: {}", account.told(&runs));
        account.ends_well();
    });
}

/// `uidl-empty`: STAT says 4, UIDL lists nothing.
#[test]
fn a_maildrop_whose_unique_ids_are_not_listed_is_not_called_empty() {
    at_both(|has_pipelining| {
        let account = Account::new("uidl-empty", letters(4), has_pipelining, uidl_empty());
        let run = account.fetch();
        // The server's address may hold that figure as well.
        let said = run.outcome.stderr.replace(&account.server.address().to_string(), "");
        let is_told = run.outcome.code != 0 || said.contains('4');
        assert!(account.has_all(&[1, 2, 3, 4]) || is_told, "{}", account.told(&[run]));
        account.runs(2);
        account.ends_well();
    });
}

/// `numbers-from-0` (hivesolutions/netius#97): nothing is deleted for another, which `fetch` looks for after each run.
#[test]
fn listings_that_count_from_zero_delete_nothing_that_was_not_fetched() {
    at_once(both(["UIDL", "LIST"]), |(verb, has_pipelining)| {
        let name = format!("numbers-from-0 {verb}");
        let account = Account::new(&name, letters(4), has_pipelining, from_zero(verb));
        let run = account.fetch();
        let is_refused = run.outcome.code == 76 && account.server.mails().len() == 4;
        let is_right = run.outcome.code == 0 && account.has_all(&[1, 2, 3, 4]);
        assert!(is_refused || is_right, "{}", account.told(&[run]));
        account.runs(2);
        account.ends_well();
    });
}

/// `glitch-empty` (jstedfast/MailKit#337).
#[test]
fn a_maildrop_that_was_empty_for_a_moment_is_not_delivered_again() {
    let cases = [("all", true), ("all", false), ("14d", true), ("14d", false)];
    at_once(both(cases), |((keep, has_top), has_pipelining)| {
        let usual = || if has_top { Vec::new() } else { vec![without("TOP")] };
        let name = format!("glitch-empty, keep {keep}, TOP {has_top}");
        let account = Account::new(&name, letters(4), has_pipelining, usual()).keeping(keep);
        account.fetch().outcome.exits(0);
        account.server.become_odd(vec![Box::new(usual()) as Odd, maildrop_is_empty()]);
        account.fetch().outcome.exits(0);
        account.server.become_odd(usual());
        for _ in 0..2 {
            account.fetch().outcome.exits(0);
        }
        assert_eq!(account.counts().len(), 4);
        assert_eq!(account.server.mails().len(), 4);
    });
}

/// `capa-after`: nobody needs the answer.
#[test]
fn capabilities_that_are_not_told_after_sign_in_hold_up_nothing() {
    at_once(both(["-ERR", "close", "silence"]), |(how, has_pipelining)| {
        let step = match how {
            "-ERR" => Step::say("-ERR command not valid in this state\r\n"),
            "close" => Step::Close,
            _ => Step::Silence,
        };
        let oddity = capa_after(vec![step]);
        let account = Account::new(&format!("capa-after {how}"), letters(4), has_pipelining, oddity);
        account.brings(4, 1..=4);
        account.fetch().outcome.exits(0);
    });
}

/// What a server says when it is only busy.
const LATER: [&str; 3] = [
    "-ERR Server Unavailable. 21\r\n",
    "-ERR Exceeded the login limit for a 15 minute period. Reduce the frequency of requests to the POP3 server.\r\n",
    "-ERR maildrop lock busy\r\n",
];

/// `words-later` (Outlook, Hotmail: jstedfast/MailKit#88): 75 and a hint; or everything comes.
#[test]
fn a_server_that_says_later_in_answer_to_a_listing_is_asked_later() {
    let cases: Vec<_> =
        ["STAT", "UIDL", "LIST"].into_iter().flat_map(|verb| LATER.map(|words| (verb, words))).collect();
    at_once(both(cases), |((verb, words), has_pipelining)| {
        let is_on = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
        let oddity = switched(verb, is_on, vec![Step::say(words)]);
        let account = Account::new(&format!("words-later {verb}"), letters(3), has_pipelining, oddity);
        let run = account.fetch();
        let has_hint = run.outcome.stderr.contains("hint:");
        let all = account.has_all(&[1, 2, 3]) && account.server.mails().is_empty();
        assert!(all || run.outcome.code == 75 && has_hint, "{words}{}", account.told(&[run]));
        account.ends_well();
    });
}

/// `list-fetched`: no UIDL, with CAPA and without; the messages fetched are known by what TOP shows.
#[test]
fn list_knows_what_was_fetched_where_there_are_no_unique_ids() {
    at_once(both([true, false]), |(has_capa, has_pipelining)| {
        let mut oddity = vec![without("UIDL")];
        if !has_capa {
            oddity.push(without("CAPA"));
        }
        let account = Account::new("list-fetched", letters(4).into_iter().take(3), has_pipelining, oddity)
            .keeping("all");
        account.within(3, |_| account.has_all(&[1, 2, 3]));
        account.server.add(letters(4).remove(3));
        let listed = account.pop3("list").run().exits(0);
        let text = listed.text();
        let states: Vec<&str> = text
            .lines()
            .filter_map(|line| line.split('\t').find(|field| ["fetched", "new"].contains(field)))
            .collect();
        assert_eq!(states, ["fetched", "fetched", "fetched", "new"], "{text}");
    });
}
