//! Texts that are not what was asked for, with nothing behind them that says so.

use crate::support::odd::catalogue::{Odd, Which, on, poison_empty, without};
use crate::support::odd::{Account, Command, Mail, Session, Step, at_both, equal, letters};
use crate::support::stage::at_once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// RETR of that message, by its own number, is answered so; the function is also given how often it was asked.
fn retrieving(number: u32, steps: impl Fn(&Mail, usize) -> Vec<Step> + Send + Sync + 'static) -> Odd {
    let times = AtomicUsize::new(0);
    on("RETR", move |command: &Command, session: &mut Session| {
        let mail = session.target(command).filter(|mail| mail.number == number)?;
        Some(steps(mail, times.fetch_add(1, Ordering::SeqCst)))
    })
}

/// So much of the text, up to the end of a line, properly ended.
fn part(mail: &Mail, most: usize) -> Step {
    let text = mail.stuffed();
    let end = text[..most].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    Step::Send([format!("+OK {} octets\r\n", mail.bytes.len()).as_bytes(), &text[..end], b".\r\n"].concat())
}

/// A status line too many: what follows it looks like the beginning of the text.
#[test]
fn a_stray_ok_before_an_answer_does_not_become_part_of_a_message() {
    let cases = [1, 2, 4].map(|number| [(number, true), (number, false)]);
    at_once(cases.into_iter().flatten(), |(number, has_pipelining)| {
        for mails in [letters(4), equal(4)] {
            for lacks in [None, Some("LIST")] {
                let mut oddity =
                    vec![retrieving(number, |_, _| vec![Step::say("+OK still here\r\n"), Step::Answer])];
                oddity.extend(lacks.map(without));
                let account = Account::new("stray +OK", mails.clone(), has_pipelining, oddity);
                account.runs(3);
                account.ends_well();
            }
        }
    });
}

/// The same before the answer to TOP, on a server without unique-ids.
#[test]
fn a_stray_ok_before_a_header_does_not_name_a_message() {
    at_both(|has_pipelining| {
        let stray = on("TOP", |command, session| {
            session.target(command).filter(|mail| mail.number == 2 && session.number % 2 == 1)?;
            Some(vec![Step::say("+OK still here\r\n"), Step::Answer])
        });
        let account =
            Account::new("stray +OK, TOP", letters(4), has_pipelining, vec![without("UIDL"), stray])
                .keeping("all");
        account.runs(4);
        account.ends_well();
    });
}

/// A text that is cut elsewhere each time is never whole.
#[test]
fn a_text_that_is_cut_elsewhere_each_time_is_not_delivered() {
    at_both(|has_pipelining| {
        let account = Account::new("cut elsewhere", letters(24), has_pipelining, Vec::<Odd>::new());
        account.brings(1, 1..=24);
        account.server.become_odd(retrieving(26, |mail, times| vec![part(mail, 320 - 40 * (times % 4))]));
        for number in 25..=27 {
            account.server.add(Mail::new(number, &"x\n".repeat(number as usize)));
        }
        let runs = account.brings(4, [25, 27]);
        account.still_waits(26);
        account.is_named(26, &runs);
        account.ends_well();
    });
}

/// Nothing is known of this server's sizes but what comes in the same moment.
#[test]
fn a_text_that_was_cut_once_is_retrieved_again_where_all_others_have_their_sizes() {
    let cases = [1, 2, 6].map(|number| [(number, true), (number, false)]);
    at_once(cases.into_iter().flatten(), |(number, has_pipelining)| {
        let oddity = retrieving(number, |mail, times| match times {
            0 => vec![part(mail, 250)],
            _ => vec![Step::Answer],
        });
        let account = Account::new(&format!("cut once, {number}"), letters(6), has_pipelining, oddity);
        account.brings(3, 1..=6);
    });
}

/// Where the server declares no octets, an empty text may be anything.
#[test]
fn an_empty_text_is_not_delivered_where_no_octets_were_declared() {
    at_both(|has_pipelining| {
        let oddity = vec![without("LIST"), poison_empty(Which::Only(2))];
        let account = Account::new("empty, no LIST", letters(4), has_pipelining, oddity);
        let runs = account.brings(3, [1, 3, 4]);
        account.still_waits(2);
        account.is_named(2, &runs);
        account.ends_well();
    });
}

/// The server takes away by QUIT what was retrieved (Gmail, `EXPIRE 0`), and the user stops the run while a text
/// that was cut is still to come once more.
#[test]
fn a_text_that_is_to_come_once_more_is_not_lost_by_a_stop() {
    at_both(|has_pipelining| {
        let cut = retrieving(3, |mail, times| match times {
            0 => vec![part(mail, 250)],
            _ => vec![Step::Answer],
        });
        let slow = on("UIDL", |command, _| {
            command.number().map(|_| vec![Step::Wait(Duration::from_millis(900)), Step::Answer])
        });
        let takes_away = on("QUIT", |_, session| {
            let count = session.retrieves.min(session.entries.len());
            session.entries[..count].iter_mut().for_each(|entry| entry.is_deleted = true);
            None
        });
        let oddity = vec![cut, slow, takes_away];
        let account = Account::new("cut, stopped", letters(4), has_pipelining, oddity).keeping("all");
        let running = account.fetching().start();
        let patience = Instant::now() + Duration::from_secs(20);
        while account.server.count("UIDL ") == 0 && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(2));
        }
        running.signal("INT");
        let outcome = running.wait();
        assert_eq!(outcome.code, 130, "{outcome:?}");
        account.keeps_the_promise(&outcome.stderr);
        account.ends_well();
    });
}
