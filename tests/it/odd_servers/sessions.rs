//! Sessions that end, and sign-ins that must wait: each run goes on where the last one stopped.

use crate::support::odd::catalogue::{
    Odd, ahead, bytewise, idle_err, in_use, login_delay, pipelining_cut, session_cut,
};
use crate::support::odd::{Account, Mail, Step, at_both, letters};
use crate::support::stage::at_once;
use std::time::Duration;

/// A delivery command that puts each message behind a From_ line into the file `in`, in one write, where
/// `judge` (a shell command that may look at `part`) lets it.
pub(super) fn collecting(judge: &str) -> String {
    format!(
        "command:{{ echo 'From x'; sed 's/^>*From />&/'; echo; }} >part.$$; \
         if {judge}; then cat part.$$ >>in; rm part.$$; else rm part.$$; exit 75; fi"
    )
}

/// `session-cut`.
#[test]
fn a_server_that_ends_each_session_at_the_sixth_message_is_emptied() {
    at_both(|has_pipelining| {
        let account = Account::new("session-cut", letters(16), has_pipelining, session_cut(6));
        account.brings(8, 1..=16);
        account.fetch().outcome.exits(0);
    });
}

/// `session-cut-delay` (zone-eu/wildduck#709).
#[test]
fn a_server_that_also_refuses_sign_ins_too_soon_is_emptied() {
    at_both(|has_pipelining| {
        let oddity = vec![session_cut(6), login_delay(Duration::from_millis(1500))];
        let account = Account::new("session-cut-delay", letters(16), has_pipelining, oddity).apart(1800);
        account.brings(10, 1..=16);
    });
}

/// A run that is cautious from its beginning learns nothing new of pipelining, however many sessions it has: here a
/// second one for deletions, since the program refuses a message.
#[test]
fn that_pipelining_is_broken_is_not_forgotten_by_a_run_that_does_not_try_it() {
    let to = collecting("! grep -q '^Subject: letter 0005' part.$$");
    let account = Account::new("pipelining-cut, refused", letters(4), true, pipelining_cut()).into(&to);
    let mut sign_ins = 0;
    let mut fetch = |code| {
        account.fetch().outcome.exits(code);
        let before = std::mem::replace(&mut sign_ins, account.server.count("PASS"));
        sign_ins - before
    };
    assert_eq!(fetch(0), 2, "the first session was lost");
    [5, 6].into_iter().for_each(|number| account.server.add(Mail::new(number, "")));
    assert_eq!(fetch(75), 2, "cautious from its beginning, and then the deletion");
    account.server.add(Mail::new(7, ""));
    assert_eq!(fetch(75), 2, "nothing was sent ahead, and the refused one was tried again");
}

/// `pipelining-cut` (jstedfast/MailKit#174): alone, with IN-USE after a lost connection, with a login delay.
#[test]
fn a_server_that_announces_pipelining_and_breaks_on_it_is_emptied() {
    at_once(["alone", "IN-USE", "LOGIN-DELAY"], |with| {
        let mut oddity = vec![pipelining_cut()];
        match with {
            "IN-USE" => oddity.push(in_use(Duration::from_secs(2))),
            "LOGIN-DELAY" => oddity.push(login_delay(Duration::from_secs(2))),
            _ => {}
        }
        let name = format!("pipelining-cut {with}");
        let account = Account::new(&name, letters(12), true, oddity).apart(2400);
        account.brings(5, 1..=12);
    });
}

/// `owed-delay` (jens-maus/yam#305), and the same without the delay.
#[test]
fn a_message_that_the_command_refuses_keeps_no_other_on_the_server() {
    let cases = [true, false].map(|has_delay| [(has_delay, true), (has_delay, false)]);
    at_once(cases.into_iter().flatten(), |(has_delay, has_pipelining)| {
        let oddity: Vec<Odd> = if has_delay { vec![login_delay(Duration::from_secs(2))] } else { Vec::new() };
        let account = Account::new(&format!("owed-delay {has_delay}"), letters(4), has_pipelining, oddity)
            .into(&collecting("! grep -q 'letter 0002' part.$$"))
            .apart(if has_delay { 2400 } else { 0 });
        let runs = account.brings(6, [1, 3, 4]);
        account.still_waits(2);
        account.is_named(2, &runs);
        let account = account.into(&collecting("true"));
        account.ends_well();
        assert_eq!(account.counts().into_values().collect::<Vec<_>>(), [1; 4]);
    });
}

/// `looking-pipelining`: what only looks works too, or names pipelining.
#[test]
fn commands_that_only_look_do_so_where_pipelining_is_broken() {
    at_once([Step::Close, Step::Swallow], |becomes| {
        let account = Account::new("looking-pipelining", letters(4), true, ahead(becomes));
        let all = ["1", "2", "3", "4"];
        for command in ["list", "uidl", "check", "fetch"] {
            let run = match command {
                "fetch" => account.fetching().args(["--dry-run"]),
                _ => account.pop3(command),
            };
            let outcome = run.run();
            let works = outcome.code == 0
                && (command == "check" || all.iter().all(|number| outcome.text().contains(number)));
            let said = format!("{}{}", outcome.text(), outcome.stderr).to_lowercase();
            let is_named = said.contains("pipelin") || said.contains("one at a time");
            assert!(works || is_named, "{command}: {outcome:?}\n{}", account.server.told());
        }
        assert_eq!((account.server.count("RETR"), account.server.count("DELE")), (0, 0));
        account.brings(5, 1..=4);
    });
}

/// `idle-err` (node-pop3/node-pop3#18): the command takes longer than the server likes to wait.
#[test]
fn a_server_that_leaves_while_the_command_works_is_emptied_and_nothing_handed_over_twice() {
    at_both(|has_pipelining| {
        let account =
            Account::new("idle-err", letters(4), has_pipelining, idle_err(Duration::from_millis(1500)))
                .into(&collecting("sleep 1"));
        account.brings(4, 1..=4);
        account.fetch().outcome.exits(0);
    });
}

/// `bytewise` (kazu-yamamoto/Mew#188).
#[test]
fn a_server_whose_octets_come_one_by_one_makes_no_difference() {
    at_both(|has_pipelining| {
        let account = Account::new("bytewise", letters(5), has_pipelining, bytewise());
        account.brings(1, 1..=5);
        assert_eq!(account.server.sessions(), 1);
        account.fetch().outcome.exits(0);
    });
}
