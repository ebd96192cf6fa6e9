//! A journal that is taken over under a new key, while the server, or the user, is in its way: nothing may come
//! twice, and nothing may hold it up for ever.

use std::fs;
use std::path::Path;
use std::time::Duration;

use pop3::server::{Behaviour, Fault};

use crate::support::odd::catalogue::{Odd, ahead, capa_after, login_delay};
use crate::support::odd::{Account, PASSWORD, Step, USER, letters as mails};
use crate::support::pop3::{Home, Pop3};
use crate::support::stage::{Stage, Store, letter, letters};

/// Makes the only journal that of 0.1's account `work`, and configures that account.
fn become_former(home: &Home, user: &str, place: &str, password: &str) {
    let state = home.join(".local/state/pop3");
    let is_journal = |path: &Path| path.extension().is_some_and(|ending| ending == "journal");
    let mut files = fs::read_dir(&state).unwrap().map(|file| file.unwrap().path());
    fs::rename(files.find(|path| is_journal(path)).unwrap(), state.join("work.journal")).unwrap();
    fs::remove_file(state.join("names")).unwrap();
    home.configure(&format!(
        "[account.work]\nserver = \"pop3://{place}\"\nuser = \"{user}\"\ntls = \"none\"\ntimeout = \"2s\"\n\
         password = \"{password}\"\ndeliver = \"maildir:~/in\"\n"
    ));
}

fn fetch(home: &Home) -> Pop3 {
    Pop3::new(home).args(["fetch"])
}

/// A stage whose three messages were fetched by 0.1.
fn former(behaviour: Behaviour) -> Stage {
    // Unique-ids so short that they say nothing by themselves.
    let messages = (1..=3).map(|number| letter(number).with_unique_id(number.to_string()));
    let stage = Stage::new(Store::Maildir, messages, Behaviour::default());
    stage.fetch(&[]).exits(0);
    become_former(&stage.home, "demo", &stage.server.addr().to_string(), "tanstaaf");
    stage.server.set_behaviour(behaviour);
    stage
}

fn brings_nothing_twice(stage: &Stage) {
    stage.heal();
    fetch(&stage.home).run().exits(0);
    assert_eq!(stage.server.count("RETR"), 3, "{:?}", stage.said());
    stage.holds(1..=3);
}

#[test]
fn a_stop_while_headers_are_asked_for_decides_nothing() {
    let stage = former(Behaviour::default().with_fault(Fault::stall_at("TOP")));
    let running = fetch(&stage.home).start();
    while stage.server.count("TOP") == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    running.signal("TERM");
    running.wait().exits(143);
    brings_nothing_twice(&stage);
}

/// One cut is no reason to decide without headers.
#[test]
fn a_connection_that_is_lost_while_headers_are_asked_for_decides_nothing() {
    let stage = former(
        Behaviour { faulty_sessions: Some(2), ..Behaviour::default() }.with_fault(Fault::hang_up_at("TOP 2")),
    );
    fetch(&stage.home).run();
    brings_nothing_twice(&stage);
}

#[test]
fn a_server_that_breaks_at_what_is_sent_ahead_is_asked_one_command_at_a_time() {
    let oddities: [(&str, fn() -> Odd); 3] = [
        ("ahead", || ahead(Step::Close)),
        ("capa", || capa_after(vec![Step::Close])),
        ("ahead, and one session in a while", || {
            Box::new(vec![ahead(Step::Close), login_delay(Duration::from_millis(1500))])
        }),
    ];
    for (name, oddity) in oddities {
        let account = Account::new(name, mails(3), true, Vec::<Odd>::new()).keeping("all");
        assert_eq!(account.fetch().outcome.code, 0);
        become_former(&account.home, USER, &account.server.address().to_string(), PASSWORD);
        account.server.become_odd(oddity());
        let mut codes = Vec::new();
        while codes.last() != Some(&0) && codes.len() < 3 {
            std::thread::sleep(Duration::from_millis(1600));
            codes.push(fetch(&account.home).run().code);
        }
        assert_eq!(codes.last(), Some(&0), "{name}: {codes:?}");
        assert_eq!(fs::read_dir(account.home.join("in/new")).unwrap().count(), 3, "{name}");
    }
}

/// 0.1: the first command of its README, then an account in the configuration, which got a journal of its own.
#[test]
fn an_account_of_0_1_that_began_as_a_single_command_brings_nothing_twice() {
    let stage = Stage::new(Store::Maildir, letters(3), Behaviour::default());
    stage.fetch(&[]).exits(0);
    let own = stage.journal();
    become_former(&stage.home, "demo", &stage.server.addr().to_string(), "tanstaaf");
    fs::write(&own, "pop3-journal 1\n").unwrap();
    fetch(&stage.home).run().exits(0).says("took over work.journal");
    brings_nothing_twice(&stage);
}
