//! Failures that come back in every run: the rest comes and goes all the same, each run ends, and says what
//! failed.

use crate::support::odd::catalogue::{Odd, Which, ahead, on, on_verb, poison_cut, refused, without};
use crate::support::odd::{Account, Mail, PASSWORD, Step, USER, at_both, letters};
use crate::support::pop3::{Outcome, Pop3};
use crate::support::stage::at_once;

const OTHERS: [u32; 5] = [1, 3, 4, 5, 6];

/// RETR of that message is answered so.
fn retrieving(number: u32, steps: Vec<Step>) -> Odd {
    on("RETR", move |command, session| {
        session.target(command).filter(|mail| mail.number == number)?;
        Some(steps.clone())
    })
}

/// A server that has trouble with a file says so and ends the session (Dovecot does).
#[test]
fn a_message_that_is_refused_before_the_connection_is_closed_blocks_no_other() {
    let cases = ["-ERR [SYS/TEMP] internal error\r\n", "-ERR internal error\r\n"];
    at_once(cases.into_iter().flat_map(|line| [(line, true), (line, false)]), |(line, has_pipelining)| {
        let oddity = retrieving(2, vec![Step::say(line), Step::Close]);
        let account = Account::new("refused, closed", letters(6), has_pipelining, oddity);
        let runs = account.brings(4, OTHERS);
        account.still_waits(2);
        account.is_named(2, &runs);
        account.ends_well();
    });
}

/// A text that was cut, properly ended, and then nothing more.
#[test]
fn a_first_message_that_is_cut_before_the_connection_is_closed_blocks_no_other() {
    at_once([(1, true), (1, false), (3, true), (3, false)], |(number, has_pipelining)| {
        let cut = Step::say("+OK\r\nFrom: x\r\n\r\ncut\r\n.\r\n");
        let oddity = retrieving(number, vec![cut, Step::Close]);
        let account = Account::new("cut, closed", letters(6), has_pipelining, oddity);
        let runs = account.brings(4, (1..=6).filter(|other| *other != number));
        account.still_waits(number);
        account.is_named(number, &runs);
        account.ends_well();
    });
}

/// The sizes of LIST are wrong, so that each message needs a question, and one question ends the session.
#[test]
fn a_server_that_hangs_up_on_a_question_is_asked_another() {
    for verb in ["UIDL", "LIST"] {
        at_both(|has_pipelining| {
            let closes = on(verb, |command, _| command.number().map(|_| vec![Step::Close]));
            let account = Account::new(
                &format!("hangs up on {verb} n"),
                letters(6),
                has_pipelining,
                vec![closes, too_small()],
            );
            account.brings(4, 1..=6);
        });
    }
}

/// No UIDL, and no question that proves anything: headers tell nothing, but the run ends.
#[test]
fn a_server_that_refuses_all_questions_behind_headers_does_not_keep_a_run_for_ever() {
    at_both(|has_pipelining| {
        let refusal = || vec![Step::say("-ERR unknown command\r\n")];
        let one = on("LIST", |command, _| command.number().map(|_| vec![Step::say("-ERR no\r\n")]));
        let oddity = vec![without("UIDL"), on_verb("STAT", refusal()), on_verb("NOOP", refusal()), one];
        let account = Account::new("no questions", letters(4), has_pipelining, oddity);
        let outcome = account.fetching().run();
        assert!(account.server.count("NOOP") < 20, "{outcome:?}");
    });
}

/// Sizes say nothing, and no question is answered: messages are delivered, and never deleted, also when the server
/// is mended later.
#[test]
fn what_nothing_proves_to_be_its_message_is_delivered_and_not_deleted() {
    at_both(|has_pipelining| {
        let refusal = || vec![Step::say("-ERR unknown command\r\n")];
        let no = |verb| on(verb, |command, _| command.number().map(|_| vec![Step::say("-ERR no\r\n")]));
        let oddity =
            vec![no("UIDL"), no("LIST"), too_small(), on_verb("STAT", refusal()), on_verb("NOOP", refusal())];
        let account = Account::new("nothing proves anything", letters(4), has_pipelining, oddity);
        let runs = account.within(4, |_| account.has_all(&[1, 2, 3, 4]));
        account.server.mend();
        let last = account.fetch();
        assert_eq!(account.server.mails().len(), 4, "{}", account.told(&runs));
        let said = last.outcome.exits(0).stderr;
        assert!(said.contains("4 fetched messages are not deleted: the server answered nothing"), "{said}");
    });
}

/// LIST declares seven octets too few.
fn too_small() -> Odd {
    on("LIST", |command, session| {
        let line = |(number, mail): &(usize, &Mail)| format!("{number} {}\r\n", mail.bytes.len() - 7);
        let listed = session.listed();
        Some(vec![Step::say(&match command.number() {
            None => format!("+OK\r\n{}.\r\n", listed.iter().map(line).collect::<String>()),
            Some(number) => format!("+OK {}", line(&listed[number - 1])),
        })])
    })
}

/// Neither UIDL nor TOP: nothing is remembered of a message from one run to the next.
#[test]
fn a_message_without_a_name_that_breaks_each_session_blocks_no_other() {
    at_both(|has_pipelining| {
        let oddity = vec![without("UIDL"), without("TOP"), poison_cut(Which::Only(2))];
        let account = Account::new("nameless, poison-cut", letters(6), has_pipelining, oddity);
        let runs = account.brings(4, OTHERS);
        account.still_waits(2);
        account.is_named(2, &runs);
        account.ends_well();
    });
}

/// The deletion is refused in the first session; the second one, for what was refused before, goes well.
#[test]
fn a_refused_deletion_fails_the_run_whatever_comes_after_it() {
    at_both(|has_pipelining| {
        let account =
            Account::new("DELE refused", letters(2), has_pipelining, refused(Which::Only(1), "-ERR no\r\n"));
        account.fetch();
        account.server.add(letters(3).remove(2));
        account.server.become_odd(on("DELE", |command, session| {
            session.target(command).filter(|mail| mail.number == 3)?;
            Some(vec![Step::say("-ERR not this one\r\n")])
        }));
        let run = account.fetch();
        assert!(account.has_all(&[1, 2, 3]) && account.server.has(3), "{}", account.told(&[]));
        let code = run.outcome.code;
        assert_ne!(code, 0, "{}", account.told(&[run]));
        account.ends_well();
    });
}

/// One deletion ends each session before QUIT, so that none would ever happen.
#[test]
fn a_deletion_that_breaks_the_connection_blocks_no_other() {
    at_both(|has_pipelining| {
        let oddity = on("DELE", |command, session| {
            session.target(command).filter(|mail| mail.number == 2)?;
            Some(vec![Step::Close])
        });
        let account = Account::new("DELE closes", letters(6), has_pipelining, oddity);
        let runs = account.brings(2, OTHERS);
        assert!(account.has_all(&[2]) && account.server.has(2), "{}", account.told(&runs));
        let failed = runs.iter().all(|run| run.outcome.code != 0);
        assert!(failed, "a deletion fails in silence: {}", account.told(&runs));
        account.ends_well();
    });
}

/// A size that no message has is no size to reckon with.
#[test]
fn octets_beyond_all_bounds_are_no_trouble() {
    at_both(|has_pipelining| {
        let oddity = on("LIST", |command, _| {
            let lines = "1 18446744073709551614\r\n2 18446744073709551000\r\n3 500\r\n4 500\r\n";
            command.arguments.is_empty().then(|| vec![Step::say(&format!("+OK\r\n{lines}.\r\n"))])
        });
        let account = Account::new("huge sizes", letters(4), has_pipelining, oddity);
        account.brings(3, 1..=4);
    });
}

/// `fetch` of an account whose server has that name, all mail kept.
fn fetch_at(account: &Account, host: &str) -> Outcome {
    let (port, to) = (account.server.address().port(), account.home.join("in"));
    let server = format!("server = \"pop3://{host}:{port}\"\nuser = \"{USER}\"\ntls = \"none\"");
    let deliver = format!("deliver = \"maildir:{}\"\nkeep = \"all\"", to.display());
    account.home.configure(&format!("[account.work]\n{server}\n{deliver}\npassword = \"{PASSWORD}\"\n"));
    Pop3::new(&account.home).args(["fetch"]).env("POP3_TIMEOUT", account.timeout).run()
}

/// The maildrop is reached under another name, and its server breaks on commands sent ahead.
#[test]
fn a_maildrop_under_a_new_name_is_taken_over_where_pipelining_is_broken() {
    at_once([Step::Close, Step::Swallow], |becomes| {
        let account = Account::new("takeover", letters(4), true, Vec::<Odd>::new());
        fetch_at(&account, "127.0.0.1").exits(0);
        account.server.become_odd(ahead(becomes));
        let outcomes: Vec<_> = (0..2).map(|_| fetch_at(&account, "localhost")).collect();
        assert!(outcomes.iter().any(|outcome| outcome.code == 0), "{outcomes:?}\n{}", account.told(&[]));
        assert_eq!(account.counts().into_values().collect::<Vec<_>>(), [1; 4], "{}", account.told(&[]));
    });
}

/// The same where unique-ids say nothing by themselves, and the connection is lost once among the headers.
#[test]
fn a_connection_that_is_lost_during_a_takeover_brings_nothing_twice() {
    at_both(|has_pipelining| {
        let mut mails = letters(4);
        for mail in &mut mails {
            mail.unique_id = mail.number.to_string();
        }
        let account = Account::new("takeover, cut", mails, has_pipelining, Vec::<Odd>::new());
        fetch_at(&account, "127.0.0.1").exits(0);
        account.server.become_odd(on("TOP", |_, session| (session.number == 2).then(|| vec![Step::Close])));
        let outcomes: Vec<_> = (0..2).map(|_| fetch_at(&account, "localhost")).collect();
        assert!(outcomes.iter().any(|outcome| outcome.code == 0), "{outcomes:?}\n{}", account.told(&[]));
        assert_eq!(account.counts().into_values().collect::<Vec<_>>(), [1; 4], "{}", account.told(&[]));
    });
}
