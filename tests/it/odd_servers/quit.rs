//! The end of a session that does not come as it should.

use crate::support::odd::catalogue::{Odd, Which, numbered, on_quit, poison_cut, without};
use crate::support::odd::{Account, Run, Step, at_both, equal, letters};
use crate::support::stage::at_once;
use std::time::Duration;

/// Whether an error of that run speaks of QUIT, or of deletions.
fn speaks_of_it(run: &Run) -> bool {
    let said = run.outcome.stderr.to_lowercase();
    said.contains("quit") || said.contains("delet")
}

/// `quit-fetch` (PHPMailer/PHPMailer#2488, jens-maus/yam#210).
#[test]
fn a_session_that_does_not_end_properly_delivers_once_and_tells_what_is_in_doubt() {
    let close = |is_done| if is_done { vec![Step::Act, Step::Close] } else { vec![Step::Close] };
    let reset = |is_done| if is_done { vec![Step::Act, Step::Reset] } else { vec![Step::Reset] };
    let late = || vec![Step::Act, Step::Wait(Duration::from_secs(4)), Step::say("+OK\r\n")];
    let endings = || {
        [
            ("closes, done", true, close(true)),
            ("closes, not done", false, close(false)),
            ("resets, done", true, reset(true)),
            ("resets, not done", false, reset(false)),
            ("late, done", true, late()),
        ]
    };
    let cases: Vec<_> =
        [true, false].into_iter().flat_map(|ahead| endings().map(|ending| (ahead, ending))).collect();
    at_once(cases, |(has_pipelining, (name, is_done, steps))| {
        let name = format!("quit-fetch: {name}");
        let account = Account::new(&name, letters(4), has_pipelining, on_quit(steps));
        let runs = match is_done {
            true => account.brings(3, 1..=4),
            false => account.runs(3),
        };
        assert!(account.has_all(&[1, 2, 3, 4]), "{}", account.told(&runs));
        for run in &runs {
            let is_told = run.outcome.code != 0;
            assert!(is_done || is_told, "no exit code tells: {}", account.told(&runs));
            assert!(!is_told || speaks_of_it(run), "another error: {}", account.told(&runs));
        }
        account.ends_well();
        assert_eq!(account.server.count("RETR"), 4, "{}", account.told(&runs));
    });
}

/// A small server whose unique-ids are the message-numbers: the new message has number and octets of the old one.
#[test]
fn a_new_message_under_the_unique_id_of_one_whose_deletion_was_in_doubt_is_not_deleted_unfetched() {
    let endings =
        || [vec![Step::Act, Step::Close], vec![Step::Act, Step::say("-ERR some were not removed\r\n")]];
    let cases = [true, false].into_iter().flat_map(|has_top| endings().map(|ending| (has_top, ending)));
    at_once(cases.collect::<Vec<_>>(), |(has_top, ending)| {
        let usual = || match has_top {
            true => vec![numbered()],
            false => vec![numbered(), without("TOP")],
        };
        let mut odd = usual();
        odd.push(on_quit(ending));
        let mails = equal(2);
        let account =
            Account::new(&format!("reused after doubt, TOP {has_top}"), [mails[0].clone()], true, odd);
        account.fetch();
        assert!(account.server.mails().is_empty(), "it was deleted: {}", account.told(&[]));
        account.server.add(mails[1].clone());
        account.server.become_odd(usual());
        let run = account.fetch();
        assert!(account.has_all(&[1, 2]), "{}", account.told(&[run]));
    });
}

/// The same where the run itself ends, by SIGKILL, after the server has deleted and before it has answered.
#[test]
fn a_new_message_under_the_unique_id_of_one_that_a_killed_run_deleted_is_not_deleted_unfetched() {
    at_once([true, false], |has_top| {
        let usual = || match has_top {
            true => vec![numbered()],
            false => vec![numbered(), without("TOP")],
        };
        let mut odd = usual();
        odd.push(on_quit(vec![Step::Act, Step::Wait(Duration::from_secs(60))]));
        let mails = equal(2);
        let name = format!("reused after a kill, TOP {has_top}");
        let account = Account::new(&name, [mails[0].clone()], true, odd);
        let run = account.fetching().start();
        let began = std::time::Instant::now();
        while !account.server.mails().is_empty() {
            assert!(began.elapsed() < Duration::from_secs(30), "not deleted: {}", account.told(&[]));
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(run); // which kills it
        account.server.add(mails[1].clone());
        account.server.become_odd(usual());
        let run = account.fetch();
        assert!(account.has_all(&[1, 2]), "{}", account.told(&[run]));
    });
}

/// A run over four messages that is killed after QUIT was sent, and a server that never acts on it.
fn killed_before_the_deletion(name: &str, mut odd: Vec<Odd>) -> Account {
    odd.push(on_quit(vec![Step::Wait(Duration::from_secs(60)), Step::Close]));
    let account = Account::new(name, letters(4), true, odd);
    let run = account.fetching().start();
    let began = std::time::Instant::now();
    while account.server.count("QUIT") == 0 {
        assert!(began.elapsed() < Duration::from_secs(30), "no QUIT: {}", account.told(&[]));
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(run); // which kills it
    assert_eq!((account.server.mails().len(), account.counts().len()), (4, 4));
    account
}

#[test]
fn what_a_killed_run_did_not_delete_after_all_does_not_come_again() {
    let cases = ["TOP", "no TOP", "limit", "retr breaks", "renumbered"];
    at_once(cases, |case| {
        let usual = || match case {
            "TOP" | "renumbered" => Vec::new(),
            _ => vec![without("TOP")],
        };
        let account = killed_before_the_deletion(&format!("killed before the deletion, {case}"), usual());
        account.server.become_odd(usual());
        match case {
            "limit" => {
                for _ in 0..4 {
                    let outcome = account.fetching().args(["--limit", "1"]).run();
                    account.keeps_the_promise(&outcome.stderr);
                }
            }
            "retr breaks" => {
                account.server.become_odd(vec![without("TOP"), poison_cut(Which::Only(2))]);
                account.runs(2);
                account.server.become_odd(usual());
                account.retry();
            }
            "renumbered" => account.server.become_odd(vec![numbered()]),
            _ => {}
        }
        account.runs(2);
        assert!(account.server.mails().is_empty(), "not deleted: {}", account.told(&[]));
        let counts = account.counts();
        assert!(counts.len() == 4 && counts.values().all(|count| *count == 1), "{}", account.told(&[]));
    });
}

/// `quit-looking`: where nothing is deleted, the end of a session is of no consequence.
#[test]
fn what_only_looks_prints_everything_and_succeeds_without_an_answer_to_quit() {
    at_both(|has_pipelining| {
        let oddity = on_quit(vec![Step::Close]);
        let account = Account::new("quit-looking", letters(3), has_pipelining, oddity);
        let runs: [(&str, &[&str], &str); 7] = [
            ("stat", &[], "3"),
            ("list", &[], "letter 0003"),
            ("uidl", &[], "uid0003"),
            ("capa", &[], "UIDL"),
            ("retr", &["2"], "end of 0002"),
            ("top", &["2"], "letter 0002"),
            ("fetch", &["--to", "maildir:in", "--keep", "none", "--dry-run"], "3"),
        ];
        for (command, arguments, printed) in runs {
            let outcome = account.pop3(command).args(arguments).run();
            let is_right = outcome.code == 0 && outcome.text().contains(printed);
            assert!(is_right, "{command}: {outcome:?}\n{}", account.server.told());
        }
        assert!(account.server.count("QUIT") > 0, "nobody said QUIT: {}", account.server.told());
        assert_eq!(account.server.mails().len(), 3);
    });
}
